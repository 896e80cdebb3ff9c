"""The project's own strain table: what it reads, what it refuses, and that writing and reading agree."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.errors import InputError
from resynchro.formats.strain_csv import is_strain_csv, read_strain_csv
from resynchro.formats.strain_csv_writing import strain_csv_text, write_strain_csv
from resynchro.formats.strain_file import read_strain
from resynchro.imaging.strain.strain_demonstration import demonstration_strain_study

HEADER = "# strain_type: longitudinal\n# kind: lagrangian\n# model: aha18\n# rr_ms: 900\n"
ROWS = "".join(f"{0.1 * frame:.1f},{-frame},{-2 * frame}\n" for frame in range(9))


def _table(header: str = HEADER, columns: str = "time_s,3,basal anterolateral\n", rows: str = ROWS) -> bytes:
    return (header + columns + rows).encode()


def test_reads_numbers_and_names_of_segments() -> None:
    study = read_strain_csv(_table())
    (view,) = study.views
    assert (study.strain_type, study.kind, study.model) == ("longitudinal", "lagrangian", "aha18")
    assert view.segments == (3, 6)
    assert view.rr_s == 0.9
    assert view.time_s.tolist() == pytest.approx([0.1 * frame for frame in range(9)])
    assert view.strain_pct[1, 4] == -8.0
    assert not view.strain_pct.flags.writeable
    assert view.events.avc_s is None


def test_reads_events_cuff_pressure_and_heart_rate() -> None:
    header = (
        HEADER + "# avo_ms: 90\n# avc_ms: 371.5\n# systolic_mmhg: 118\n# diastolic_mmhg: 70\n# heart_rate_bpm: 66\n"
    )
    study = read_strain_csv(_table(header))
    assert study.views[0].events.avc_s == pytest.approx(0.3715)
    assert study.views[0].events.origin == "read from the file"
    assert (study.systolic_mmhg, study.diastolic_mmhg, study.heart_rate_bpm) == (118.0, 70.0, 66.0)


def test_reads_semicolons_with_decimal_commas_and_milliseconds() -> None:
    rows = "".join(f"{100 * frame};-{frame},5;{frame}\n" for frame in range(9)).replace("0;-0,5;0", "0;0;0")
    view = read_strain_csv(_table(columns="time_ms;1;2\n", rows=rows)).views[0]
    assert view.time_s[3] == pytest.approx(0.3)
    assert view.strain_pct[0, 3] == -3.5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_make_no_difference(encoding: str, newline: str) -> None:
    content = _table().decode().replace("\n", newline).encode(encoding)
    assert is_strain_csv(content)
    assert (
        read_strain_csv(content).views[0].strain_pct.tolist() == read_strain_csv(_table()).views[0].strain_pct.tolist()
    )


def test_two_views_keep_their_own_beat_and_times() -> None:
    second = "# view: 2CH\n# rr_ms: 880\n# avc_ms: 360\ntime_s,4\n" + "".join(
        f"{0.11 * k:.2f},{-k}\n" for k in range(9)
    )
    study = read_strain_csv(_table("# view: 4CH\n" + HEADER) + second.encode())
    assert [view.name for view in study.views] == ["4CH", "2CH"]
    assert [view.rr_s for view in study.views] == [0.9, 0.88]
    assert study.views[0].events.avc_s is None
    assert study.views[1].events.avc_s == 0.36


def test_a_segment_with_a_gap_is_left_out_with_a_finding() -> None:
    study = read_strain_csv(_table(rows=ROWS.replace("0.3,-3,-6", "0.3,,-6")))
    assert study.views[0].segments == (6,)
    assert any(
        found.code == "segment-incomplete"
        and "segment 3 (basal inferoseptal) has no number in 1 of 9 frames" in found.message
        for found in study.findings
    )


def test_frames_after_the_beat_are_left_out_with_a_finding() -> None:
    study = read_strain_csv(_table(rows=ROWS + "1.0,-2,-2\n1.1,-1,-1\n"))
    assert len(study.views[0].time_s) == 9
    assert any(found.code == "after-the-beat" and "2 frames after" in found.message for found in study.findings)


def test_curves_are_referred_to_their_first_frame() -> None:
    # L/L0 = 1.25 at the first frame and 1.0 at the last: referred to the first 100 (1.0/1.25 - 1) = -20 %.
    rows = "".join(f"{0.1 * k:.1f},{25 * (1 - k / 8)}\n" for k in range(9))
    study = read_strain_csv(_table(columns="time_s,3\n", rows=rows))
    assert study.views[0].strain_pct[0, 0] == 0.0
    assert study.views[0].strain_pct[0, -1] == pytest.approx(-20.0)
    assert any(found.code == "strain-offset" for found in study.findings)


def test_fractions_are_suspected() -> None:
    rows = "".join(f"{0.1 * k:.1f},{-0.02 * k}\n" for k in range(9))
    study = read_strain_csv(_table(columns="time_s,3\n", rows=rows))
    assert any(found.code == "strain-small" for found in study.findings)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (_table(HEADER.replace("# strain_type: longitudinal\n", "")), "strain_type is missing"),
        (_table(HEADER.replace("longitudinal", "lateral")), "strain_type is 'lateral', allowed are longitudinal"),
        (_table(HEADER.replace("# rr_ms: 900\n", "")), "beat length is missing"),
        (_table(HEADER.replace("900", "900\n# rr_s: 0.9")), "rr_ms and rr_s"),
        (_table(HEADER.replace("900", "90000")), "a beat must last 0.2 to 3 s"),
        (_table(HEADER.replace("# model: aha18\n", ""), columns="time_s,3,13\n"), "model is missing"),
        (_table(columns="time_s,3,apical elbow\n"), "names no segment"),
        (_table(columns="time_s,3,19\n"), "segment 19"),
        (_table(columns="time_s,3,basal inferoseptal\n"), "segment 3 (basal inferoseptal) is there twice"),
        (_table(rows=ROWS.replace("0.4,", "0.2,")), "times must grow"),
        (_table(rows=ROWS.replace("0.4,-4", "0.4,minus four")), "'minus four' in column '3' is no number"),
        (_table(rows=ROWS.replace("0.4,-4,-8", "0.4,-4")), "2 cells, but the header has 3"),
        (_table(rows=ROWS.replace("-16", "-1600")), "longitudinal strain must lie within 100 %"),
        (_table(rows=ROWS.replace("-16", "inf")), "'inf' in column"),
        (_table(rows="".join(ROWS.splitlines(keepends=True)[:5])), "frames in the beat, allowed are 8 to"),
        (_table(rows="".join(f"{0.1 * k + 0.2:.1f},0,0\n" for k in range(9))), "first time must lie in"),
        (_table(HEADER + "# avo_ms: 300\n# avc_ms: 100\n"), "order MVC, AVO, AVC, MVO"),
        (_table(HEADER + "# avc_ms: 1200\n"), "AVC must lie in"),
        (_table(HEADER + "# strain_type: radial\n"), "state it once"),
        (_table(HEADER + "# systolic_mmhg: high\n"), "systolic_mmhg must be a number"),
        (_table(rows=""), "a header without rows"),
    ],
)
def test_wrong_tables_are_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_strain_csv(content)
    assert words in str(caught.value)


def test_writing_and_reading_agree(tmp_path: Path) -> None:
    study = demonstration_strain_study()
    path = write_strain_csv(study, tmp_path / "demonstration.txt")
    again = read_strain([path])
    assert again.format == "strain CSV"
    for one, other in zip(study.views, again.views, strict=True):
        assert (one.name, one.segments, one.rr_s, one.events) == (other.name, other.segments, other.rr_s, other.events)
        assert np.array_equal(one.time_s, other.time_s)
        assert np.array_equal(one.strain_pct, other.strain_pct)
    for what in ("model", "strain_type", "kind", "modality", "engine", "systolic_mmhg", "diastolic_mmhg"):
        assert getattr(again, what) == getattr(study, what)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_mutated_tables_raise_input_errors_only(data: st.DataObject) -> None:
    content = bytearray(strain_csv_text(demonstration_strain_study()).encode()[:6000])
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InputError):
        assert all(np.isfinite(view.strain_pct).all() for view in read_strain_csv(bytes(content)).views)
