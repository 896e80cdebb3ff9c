"""EchoPAC local traces: the public file against rows read in it by hand, and files that do not fit their header."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from resynchro.errors import InputError
from resynchro.formats.echopac_txt import is_echopac_txt, read_echopac_txt
from resynchro.formats.strain_file import read_strain
from resynchro.record.strain import CardiacEvents

SAMPLE = "strain/echopac/images/txt example.txt"
COLOURS: dict[str, int | str] = {
    "YELLOW": "basal septal",
    "cyan": 9,
    "GREEN": "apical septal",
    "MAGENTA": "apical lateral",
    "BLUE": 12,
    "RED": "Basal Lateral",
}


def text(rows: int = 30, left: int = 4, right: int = 24, title: str = "Local Traces SL in %") -> str:
    """Write a loop at 50 per second with marker rows of zeros."""
    lines = [
        title,
        f"Number of Frames {rows}",
        f"FR= 50 Left Marker Time={left / 50:.6f} Right Marker Time={right / 50:.6f} ES Time=0.300000",
        "Time (s)   YELLOW   RED   GLOBAL   ECG :",
    ]
    for row in range(rows):
        depth = 0.0 if row in (left, right) else -5.0 - row / 10
        lines.append(f"{row / 50:g}   {depth:.4E}   {1.5 * depth:g}   {1.2 * depth:g}   80")
    return "\n".join(lines) + "\n"


TWO: dict[str, int | str] = {"YELLOW": 3, "RED": 6}


def test_the_sample_gives_the_beat_between_its_marker_rows(shared_data: Callable[[str], Path]) -> None:
    # 0.145 s x 63 = row 9.1; row 9 (printed 0.17 s) is all zero. 0.896 x 63 = row 56.4, but row 55 (0.936 s) is zero.
    study = read_strain([shared_data(SAMPLE)], colours=COLOURS)
    (view,) = study.views
    assert (view.name, view.segments) == ("4CH", (3, 9, 15, 18, 12, 6))
    assert len(view.time_s) == 55 - 9 + 1
    assert view.strain_pct[:, 0].tolist() == [0.0] * 6
    # Row 10, printed 0.187 s: YELLOW -0.1754789, CYAN 1.359518, RED 0.07149275.
    assert view.strain_pct[:, 1].tolist() == [-0.1754789, 1.359518, 3.933839, 3.570795, 0.7203195, 0.07149275]
    # Row 30 is the end-systolic marker (0.475 x 63 = 29.9), printed 0.52 s: GREEN -23.37868.
    assert view.strain_pct[2, 30 - 9] == -23.37868
    assert view.strain_pct[:, -1].tolist() == [0.0] * 6
    # The markers are 0.896 - 0.145 s apart.
    assert view.rr_s == pytest.approx(0.751)
    assert view.time_s[-1] == pytest.approx(0.751)
    assert view.events == CardiacEvents()


def test_what_the_sample_contradicts_or_loses_is_said(shared_data: Callable[[str], Path]) -> None:
    said = {finding.code: finding.message for finding in read_strain([shared_data(SAMPLE)], colours=COLOURS).findings}
    assert "751 ms by the marker times, 730 by the frame rate and 766 by the time column" in said["rr-contradiction"]
    assert "the right marker in row 56; the curves are 0 in row 55" in said["marker-row"]
    assert "330 ms after the left marker, is not used as aortic valve closure" in said["es-time-not-avc"]
    assert "18 frames before and after" in said["other-beats"]


def test_without_colours_the_error_says_how_to_state_them(shared_data: Callable[[str], Path]) -> None:
    with pytest.raises(InputError) as caught:
        read_strain([shared_data(SAMPLE)])
    for words in ("YELLOW, CYAN, GREEN, MAGENTA, BLUE, RED", "not in the file", "YELLOW=basal inferoseptal"):
        assert words in str(caught.value)


def test_a_given_beat_length_spreads_the_rows() -> None:
    view = read_echopac_txt(text().encode(), colours=TWO, rr_s=0.5).views[0]
    assert len(view.time_s) == 21
    assert view.time_s[-1] == pytest.approx(0.5)


def test_decimal_commas_and_utf16_are_read() -> None:
    plain = read_echopac_txt(text().encode(), colours=TWO).views[0]
    other = read_echopac_txt(text().replace(".", ",").encode("utf-16"), colours=TWO).views[0]
    assert other.strain_pct.tolist() == plain.strain_pct.tolist()
    assert is_echopac_txt(text().encode("utf-16"))


def test_a_marker_row_that_is_not_zero_is_said() -> None:
    content = text().replace("0.0000E+00   0   0   80", "-1.0000E+00   1   0   80").encode()
    study = read_echopac_txt(content, colours=TWO)
    assert any(finding.code == "marker-row" and "no row near it is 0" in finding.message for finding in study.findings)
    assert any(finding.code == "strain-offset" for finding in study.findings)


@pytest.mark.parametrize(
    ("content", "colours", "view", "words"),
    [
        (text(), {"YELLOW": 3}, None, "RED have no segment"),
        (text(), {**TWO, "PINK": 1}, None, "colours PINK are not in the file"),
        (text(), {"YELLOW": 3, "RED": "basal septal"}, None, "is there twice"),
        (text(), {"YELLOW": 3, "RED": "left atrium"}, None, "names no segment"),
        (text(), TWO, "2CH", "view 2CH does not show segments 3, 6"),
        (text(), TWO, "PLAX", "'PLAX' is no view"),
        (text(title="Local Traces SrL in 1/s"), TWO, None, "strain in % is needed"),
        (text().replace("Frames 30", "Frames 31"), TWO, None, "the header states 31 frames, 30 rows"),
        (text().replace("FR= 50", "FR= 500"), TWO, None, "marker lies at row"),
        (text().replace("FR= 50", "FR= 0"), TWO, None, "frame rate must lie in"),
        (text().replace("Left Marker", "Middle Marker"), TWO, None, "marker times are missing"),
        (text(left=20, right=10), TWO, None, "must lie before the right one"),
        (text().replace("-5.1000E+00", "five"), TWO, None, "does not hold 5 numbers"),
        (text().replace("Time (s)", "Zeit (s)"), TWO, None, "'Time (s) YELLOW ...' is missing"),
    ],
)
def test_wrong_files_are_refused_in_words(
    content: str, colours: dict[str, int | str], view: str | None, words: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_echopac_txt(content.encode(), colours=colours, view=view)
    assert words in str(caught.value)


def test_mutated_files_raise_input_errors_only() -> None:
    content, chance, read = text().encode(), random.Random(5), 0
    for _ in range(500):
        mutated = bytearray(content)
        for _ in range(chance.randint(1, 4)):
            mutated[chance.randrange(len(mutated))] = chance.choice(b"0123456789.-= E\n\r\x00\xff%")
        try:
            read_echopac_txt(bytes(mutated), colours=TWO)
            read += 1
        except InputError:
            pass
    assert read > 20
