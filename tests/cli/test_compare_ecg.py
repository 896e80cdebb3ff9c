"""``resynchro compare-ecg``: a follow-up ECG against the patient's reference."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Files = dict[str, Path]


def test_the_same_ecg_is_unchanged(resynchro: Run, ecg_files: Files) -> None:
    file = ecg_files["biventricular-paced"]
    outcome = resynchro("compare-ecg", file, file)
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.startswith(f"{file}: unchanged")


def test_loss_of_lv_capture_is_told_with_references(resynchro: Run, ecg_files: Files) -> None:
    outcome = resynchro(
        "compare-ecg",
        ecg_files["biventricular-paced"],
        ecg_files["rv-paced"],
        "--reference-pacing",
        "biventricular",
        "--intrinsic",
        ecg_files["normal"],
        "--json",
    )
    assert (outcome.status, outcome.err) == (0, "")
    document = json.loads(outcome.out)
    assert document["verdict"] == "loss of LV capture likely"
    assert document["baseline"] == "biventricular"
    assert [entry["label"] for entry in document["references"]] == ["biventricular", "intrinsic"]


@pytest.mark.parametrize("bad", ["missing", "empty", "text", "flat"])
def test_a_bad_file_is_status_2(resynchro: Run, ecg_files: Files, bad: str) -> None:
    for files in ((ecg_files[bad], ecg_files["lbbb"]), (ecg_files["lbbb"], ecg_files[bad])):
        outcome = resynchro("compare-ecg", *files)
        assert outcome.status == 2
        assert str(ecg_files[bad]) in outcome.err and "Traceback" not in outcome.err
        assert outcome.out == ""


def test_the_same_kind_twice_is_wrong_usage(resynchro: Run, ecg_files: Files) -> None:
    file = ecg_files["rv-paced"]
    outcome = resynchro("compare-ecg", file, file, "--reference-pacing", "rv-only", "--rv-only", file)
    assert outcome.status == 2
    assert "give each kind once" in outcome.err


def test_the_picture_is_written(resynchro: Run, ecg_files: Files, tmp_path: Path) -> None:
    file = ecg_files["biventricular-paced"]
    outcome = resynchro("compare-ecg", file, ecg_files["rv-paced"], "--picture", tmp_path)
    assert outcome.status == 0, outcome.err
    assert (tmp_path / "comparison.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "comparison.svg").read_text()
