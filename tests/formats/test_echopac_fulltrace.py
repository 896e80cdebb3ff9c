"""EchoPAC full traces: global strain of the four public loops, events, and which arc becomes which segment."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from resynchro.errors import InputError
from resynchro.formats.contour_knots import arc_strain_pct
from resynchro.formats.echopac_fulltrace import is_echopac_fulltrace, read_echopac_fulltrace
from resynchro.formats.strain_file import read_strain

FOLDER = "strain/echopac_fulltrace/Data"
#: Frame numbers (from 1) read in the table that goes with the files.
EVENTS = """file,qrs_on_frame,mvc_frame,avo_frame,avc_frame,mvo_frame,qrs_next_frame
VOL_0001_OFF_4CH.CSV,13,14,17,28,31,44
VOL_0002_OFF_4CH.CSV,27,29,33,53,57,109
SUB_0014_POST_SAX.CSV,36,39,44,74,89,121
SUB_0015_POST_SAX.CSV,31,34,38,65,74,105
"""
FILES = {
    "SUB_0014": "SUB_0014/SUB_0014_POST_SAX.CSV",
    "SUB_0015": "SUB_0015/SUB_0015_POST_SAX.CSV",
    "VOL_0001": "VOL_0001/VOL_0001_OFF_4CH.CSV",
    "VOL_0002": "VOL_0002/VOL_0002_OFF_4CH.CSV",
}


def loop(
    view: str = "4CH", *, frames: int = 30, knots: int = 13, mirrored: bool = False, backwards: bool = False
) -> bytes:
    """Write a loop at 25 per second: an arch (or a ring) that shrinks by 20 % at frame 14 and comes back."""
    start, end = (np.pi, 2 * np.pi) if view.startswith(("4", "2", "A")) else (0.0, 2 * np.pi)
    angle = np.linspace(start, end, knots)
    if backwards:
        angle = angle[::-1]
    base = np.stack([30 * np.cos(angle), 60 + 40 * np.sin(angle)], axis=1)
    if mirrored:
        base[:, 0] *= -1
    header = [
        "FName=JANE",
        "LName=DOE",
        "ID=4711",
        "Exam.Date=.",
        f"View={view}",
        "2DS Date=.",
        "Knot positions (X:Y) in mm (relative to probe position)",
        "FR= 25 Left Marker Time=0.160000 Right Marker Time=0.960000 ES Time=0.300000",
        "Num Frames:  Knots:",
        f"     {frames}       {knots}",
    ]
    lines = [line + "," * 5 for line in header]
    for frame in range(frames):
        size = 1.0 - 0.2 * max(0.0, np.sin(np.pi * (frame - 4) / 20))
        lines.append(",".join(f"{value:.4f}" for value in (base * size).ravel()))
    return "\r".join(lines).encode() + b"\r"


@pytest.mark.parametrize(
    ("name", "view", "peak_pct", "end_pct", "rows"),
    [
        # Published with the files' description: strain of the whole contour, its end and its peak.
        ("SUB_0014", "SAX-PM", -11.3, 1.6, (35, 120)),
        ("SUB_0015", "SAX-PM", -9.3, -0.3, (30, 104)),
        ("VOL_0001", "4CH", -11.2, 4.7, (12, 43)),
        ("VOL_0002", "4CH", -9.7, 2.9, (26, 108)),
    ],
)
def test_global_strain_of_the_loops(
    shared_data: Callable[[str], Path], name: str, view: str, peak_pct: float, end_pct: float, rows: tuple[int, int]
) -> None:
    (shown,) = read_strain([shared_data(f"{FOLDER}/{FILES[name]}")]).views
    assert shown.name == view
    assert shown.knots_mm is not None
    assert len(shown.time_s) == rows[1] - rows[0] + 1
    knots = shown.knots_mm
    if shown.knots_closed:
        knots = np.concatenate([knots, knots[:, :1]], axis=1)
    whole = arc_strain_pct(knots, 1)[0]
    assert whole.min() == pytest.approx(peak_pct, abs=0.05)
    assert whole[-1] == pytest.approx(end_pct, abs=0.05)


def test_events_come_from_the_table_and_not_from_the_header(shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    table = tmp_path / "events.csv"
    table.write_text(EVENTS)
    study = read_strain([shared_data(f"{FOLDER}/{FILES['SUB_0014']}")], events_file=table)
    # AVC in frame 74, QRS onset in frame 36, 79 per second: 38/79 s; the header's ES time lies 63 ms after the marker.
    assert study.views[0].events.avc_s == pytest.approx(38 / 79)
    assert study.views[0].rr_s == pytest.approx(85 / 79)
    assert any("63 ms after the left marker, is not used" in finding.message for finding in study.findings)
    assert read_strain([shared_data(f"{FOLDER}/{FILES['SUB_0014']}")]).views[0].events.avc_s is None


def test_drift_is_reported_and_taken_away_on_request(shared_data: Callable[[str], Path]) -> None:
    path = shared_data(f"{FOLDER}/{FILES['VOL_0002']}")
    raw, flat = read_strain([path]), read_strain([path], compensate_drift=True)
    assert any(finding.code == "drift" for finding in raw.findings)
    assert np.abs(flat.views[0].strain_pct[:, -1]).max() == pytest.approx(0.0, abs=1e-12)
    assert {finding.code for finding in flat.findings} & {"drift", "drift-compensated"} == {"drift-compensated"}
    # Half-way through the beat half of what was left at the end is gone.
    middle = 41
    view, other = raw.views[0], flat.views[0]
    assert view.time_s[middle] == pytest.approx(view.rr_s / 2)
    gone = view.strain_pct[:, middle] - other.strain_pct[:, middle]
    assert gone == pytest.approx(view.strain_pct[:, -1] / 2)


def test_names_are_not_kept(shared_data: Callable[[str], Path]) -> None:
    study = read_strain([shared_data(f"{FOLDER}/{FILES['VOL_0001']}")])
    assert "VOL01" not in repr(study).replace(study.file, "")


def test_a_loop_that_shrinks_evenly_strains_evenly() -> None:
    # Every length falls to 0.8 at frame 14 = row 10 of the beat (rows 4 to 24).
    view = read_echopac_fulltrace(loop()).views[0]
    assert view.strain_pct[:, 10] == pytest.approx([-20.0] * 6, abs=0.01)
    assert (view.rr_s, len(view.time_s)) == (0.8, 21)
    assert view.knots_mm is not None
    assert view.knots_mm.shape == (21, 13, 2)


def test_knots_that_do_not_divide_by_six_are_cut_between_knots() -> None:
    # 8 knots, 7 pieces of length 1: a sixth is 7/6 pieces long. The last piece doubles: last arc 7/6 -> 13/6.
    knots = np.zeros((2, 8, 2))
    knots[:, :, 0] = np.arange(8.0)
    knots[1, 7, 0] = 8.0
    assert arc_strain_pct(knots, 6)[:, 1] == pytest.approx([0, 0, 0, 0, 0, 100 * (13 / 7 - 1)])


@pytest.mark.parametrize(
    ("view", "segments", "strain_type"),
    [
        ("4CH", (3, 9, 15, 18, 12, 6), "longitudinal"),
        ("2CH", (4, 10, 16, 13, 7, 1), "longitudinal"),
        ("APLAX", (5, 11, 17, 14, 8, 2), "longitudinal"),
        # y grows away from the probe: growing angle runs clockwise on the screen, up the septum first.
        ("SAX-B", (3, 2, 1, 6, 5, 4), "circumferential"),
        ("SAX-AP", (15, 14, 13, 18, 17, 16), "circumferential"),
    ],
)
def test_segments_along_the_contour(view: str, segments: tuple[int, ...], strain_type: str) -> None:
    study = read_echopac_fulltrace(loop(view))
    assert study.views[0].segments == segments
    assert study.strain_type == strain_type
    assert any(finding.code == "segments-assumed" for finding in study.findings)


def test_a_ring_drawn_the_other_way_gets_the_other_order() -> None:
    assert read_echopac_fulltrace(loop("SAX-PM", backwards=True)).views[0].segments == (8, 9, 10, 11, 12, 7)


@pytest.mark.parametrize("how", [{"mirrored": True}, {"backwards": True}])
def test_an_apical_contour_from_the_right_must_be_stated(how: dict[str, bool]) -> None:
    content = loop("4CH", **how)
    with pytest.raises(InputError, match="starts on the right"):
        read_echopac_fulltrace(content)
    arcs: dict[str, int | str] = {f"ARC{k + 1}": segment for k, segment in enumerate((6, 12, 18, 15, 9, 3))}
    assert read_echopac_fulltrace(content, colours=arcs).views[0].segments == (6, 12, 18, 15, 9, 3)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (loop().replace(b"View=4CH", b"View=PLAX"), "'PLAX' is not known"),
        (loop().replace(b"     30       13", b"     31       13"), "states 31 frames, 30 lines"),
        (loop().replace(b"     30       13", b"     30       14"), "frame 1 does not hold 28 numbers"),
        (loop().replace(b"     30       13", b"     30       3"), "30 frames of 3 knots"),
        (loop().replace(b"     30       13", b""), "number of frames and knots is missing"),
        (loop().replace(b"=0.960000", b"=1.960000"), "the loop has 30"),
        (loop().replace(b"-30.0000", b"thirty"), "frame 1 does not hold 26 numbers"),
        (loop().replace(b"-30.0000", b"-3000.0"), "is the file damaged?"),
        (loop().replace(b"FR= 25", b"FR= "), "frame rate or marker times are missing"),
    ],
)
def test_wrong_loops_are_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_echopac_fulltrace(content)
    assert words in str(caught.value)


def test_mutated_loops_raise_input_errors_only() -> None:
    content, chance, read = loop(), random.Random(7), 0
    assert is_echopac_fulltrace(content)
    for _ in range(400):
        mutated = bytearray(content)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(600) if chance.random() < 0.5 else chance.randrange(len(mutated))
            mutated[place] = chance.choice(b"0123456789.-=, E\n\r\x00\xff")
        try:
            read_echopac_fulltrace(bytes(mutated))
            read += 1
        except InputError:
            pass
    assert read > 20
