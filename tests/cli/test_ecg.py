"""``resynchro ecg``: table, JSON and CSV; what fails is listed at the end and stops nothing else."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Files = dict[str, Path]
DEMANDED = {
    "file",
    "heart_rate_bpm",
    "paced",
    "qrs_onset_ms",
    "qrs_end_ms",
    "qrs_ms",
    "qrs_interval_ms",
    "qrs_area_uvs",
    "axis_deg",
    "morphology",
    "criteria",
    "selvester",
    "warnings",
}


def no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def lines(text: str) -> list[dict[str, Any]]:
    """Parse one object per line, strictly."""
    return [json.loads(line, parse_constant=no_constant) for line in text.splitlines()]


def test_json_is_one_object_per_line_and_file(resynchro: Run, ecg_files: Files) -> None:
    wanted = [ecg_files[kind] for kind in ("lbbb", "rv-paced", "normal")]
    outcome = resynchro("ecg", "--json", *wanted)
    assert (outcome.status, outcome.err) == (0, "")
    found = lines(outcome.out)
    assert [entry["file"] for entry in found] == [str(file) for file in wanted]
    for entry in found:
        assert set(entry) >= DEMANDED
        low, high = entry["qrs_interval_ms"]
        assert low < entry["qrs_ms"] < high
    assert [entry["morphology"] for entry in found][:2] == ["lbbb", "paced"]
    assert [entry["paced"] for entry in found] == ["no evidence", "yes", "no evidence"]


def test_the_same_file_gives_the_same_line(resynchro: Run, ecg_files: Files) -> None:
    once = resynchro("ecg", "--json", ecg_files["lbbb"]).out
    assert resynchro("ecg", "--json", ecg_files["normal"], ecg_files["lbbb"]).out.splitlines()[1] == once.strip()


def test_csv_parses_and_agrees_with_json(resynchro: Run, ecg_files: Files) -> None:
    files = (ecg_files["lbbb"], ecg_files["rv-paced"])
    outcome = resynchro("ecg", "--csv", *files)
    assert (outcome.status, outcome.err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(outcome.out)))
    summaries = lines(resynchro("ecg", "--json", *files).out)
    assert len(rows) == len(summaries) == 2
    for row, summary in zip(rows, summaries, strict=True):
        assert None not in row and None not in row.values()
        for name in ("qrs_ms", "qrs_onset_ms", "qrs_end_ms", "heart_rate_bpm", "qrs_area_uvs", "axis_deg"):
            assert float(row[name]) == summary[name]
        assert [float(row["qrs_low_ms"]), float(row["qrs_high_ms"])] == summary["qrs_interval_ms"]
        assert row["morphology"] == summary["morphology"] and row["paced"] == summary["paced"]
    # What cannot be computed is empty, not "None".
    assert rows[1]["pr_ms"] == "" and rows[0]["pr_ms"] != ""


def test_the_table_is_for_people(resynchro: Run, ecg_files: Files) -> None:
    outcome = resynchro("ecg", ecg_files["lbbb"], ecg_files["rv-paced"])
    assert (outcome.status, outcome.err) == (0, "")
    for text in ("lbbb.csv", "rv-paced.csv", "QRS", "µVs", "no evidence", "not a medical device"):
        assert text in outcome.out
    assert "not paced" not in outcome.out


def test_files_that_fail_are_listed_at_the_end(resynchro: Run, ecg_files: Files) -> None:
    order = ("missing", "lbbb", "empty", "text", "folder", "flat", "normal")
    outcome = resynchro("ecg", "--json", *(ecg_files[name] for name in order))
    assert outcome.status == 2
    assert [Path(entry["file"]).name for entry in lines(outcome.out)] == ["lbbb.csv", "normal.csv"]
    messages = outcome.err.splitlines()
    assert len(messages) == 6
    for message, name in zip(messages, ("missing", "empty", "text", "folder", "flat"), strict=False):
        assert message.startswith("resynchro: ")
        assert str(ecg_files[name]) in message
    assert messages[-1] == "resynchro: 5 of 7 files could not be measured"


@pytest.mark.parametrize("name", ["missing", "empty", "text", "folder", "flat"])
@pytest.mark.parametrize("option", [[], ["--json"], ["--csv"]])
def test_a_bad_file_alone_is_status_2(resynchro: Run, ecg_files: Files, name: str, option: list[str]) -> None:
    outcome = resynchro("ecg", *option, ecg_files[name])
    assert outcome.status == 2
    assert str(ecg_files[name]) in outcome.err
    assert "1 of 1 files could not be measured" in outcome.err
    assert "Traceback" not in outcome.err and "internal error" not in outcome.err
    # A header line at most: there is nothing to print.
    assert len(outcome.out.splitlines()) <= 1


def test_sex_and_age_are_used_where_the_file_says_nothing(resynchro: Run, ecg_files: Files) -> None:
    unknown, known = (
        lines(resynchro("ecg", "--json", *options, ecg_files["lbbb"]).out)[0]
        for options in ([], ["--sex", "female", "--age", "64"])
    )
    assert (unknown["sex"], unknown["age_years"]) == (None, None)
    assert (known["sex"], known["age_years"]) == ("female", 64.0)
    assert known["qrs_ms"] == unknown["qrs_ms"]


def test_the_convention_of_recorders_is_12_ms_narrower(resynchro: Run, ecg_files: Files) -> None:
    manual, recorder = (
        lines(resynchro("ecg", "--json", "--qrs-convention", name, ecg_files["lbbb"]).out)[0]
        for name in ("manual", "recorder")
    )
    assert manual["qrs_ms"] - recorder["qrs_ms"] == pytest.approx(12.0, abs=0.11)


def test_a_rate_the_file_does_not_give(resynchro: Run, ecg_files: Files, tmp_path: Path) -> None:
    table = [line for line in ecg_files["lbbb"].read_text().splitlines() if "sampling_rate" not in line]
    bare = tmp_path / "bare.csv"
    bare.write_text("\n".join(table) + "\n")
    refused = resynchro("ecg", "--json", bare)
    assert refused.status == 2 and "sampling rate" in refused.err
    given = resynchro("ecg", "--json", "--sampling-rate-hz", "500", bare)
    assert given.status == 0
    expected = lines(resynchro("ecg", "--json", ecg_files["lbbb"]).out)[0]
    assert lines(given.out)[0]["qrs_ms"] == expected["qrs_ms"]


def test_an_impossible_gain_is_a_message(resynchro: Run, ecg_files: Files) -> None:
    outcome = resynchro("ecg", "--uv-per-count", "0", ecg_files["lbbb"])
    assert outcome.status == 2
    assert "microvolts per count must lie in" in outcome.err


def test_pictures_are_written(resynchro: Run, ecg_files: Files, tmp_path: Path) -> None:
    outcome = resynchro("ecg", "--json", "--picture", tmp_path / "pictures", ecg_files["lbbb"])
    assert outcome.status == 0, outcome.err
    written = sorted((tmp_path / "pictures").iterdir())
    assert {path.suffix for path in written} == {".svg", ".png"}
    for path in written:
        assert path.name.startswith("lbbb")
        head = path.read_bytes()[:512]
        assert head.startswith(b"\x89PNG") if path.suffix == ".png" else b"<svg" in path.read_bytes()[:2000]


def test_pictures_that_cannot_be_written_are_a_message(resynchro: Run, ecg_files: Files) -> None:
    outcome = resynchro("ecg", "--json", "--picture", ecg_files["text"] / "below", ecg_files["lbbb"])
    assert outcome.status == 2
    assert "cannot be written" in outcome.err and "Traceback" not in outcome.err


def test_a_defect_in_one_file_is_status_1(resynchro: Run, ecg_files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise IndexError("index 7 is out of bounds")

    monkeypatch.setattr("resynchro.ecg.measurement.measure_ecg", fail)
    monkeypatch.delenv("RESYNCHRO_TRACEBACK", raising=False)
    outcome = resynchro("ecg", ecg_files["lbbb"])
    assert outcome.status == 1
    assert "internal error (IndexError" in outcome.err and "Traceback" not in outcome.err


def test_ludb_with_its_own_gain_gives_times_and_no_voltages(resynchro: Run, shared_data: Callable[[str], Path]) -> None:
    # Through its header every lead of LUDB is 1 mV high and Einthoven's law is broken; at 1 µV per count it holds.
    path = shared_data("ecg/ludb/data/51.hea")
    (header,) = lines(resynchro("ecg", "--json", path).out)
    (true,) = lines(resynchro("ecg", "--json", "--uv-per-count", "1", path).out)
    assert header["axis_deg"] is None and header["qrs_area_uvs"] is None and header["absent"]["axis_deg"]
    assert header["warnings"]
    assert true["qrs_area_uvs"] == pytest.approx(148.8, rel=0.05)
    # Leads count equally, so the duration does not care.
    assert header["qrs_ms"] == pytest.approx(true["qrs_ms"], abs=4.0)
