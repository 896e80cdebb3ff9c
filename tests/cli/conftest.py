"""The command line, run in this process as the console script runs it, and files to run it on."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from resynchro.cli import main
from resynchro.ecg.synthetic import synthetic_ecg
from resynchro.formats.csv_ecg import write_csv_ecg


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a command gave back."""

    status: int
    out: str
    err: str


def run_command(*arguments: str | Path) -> Outcome:
    """Run ``resynchro`` with arguments; what `main` raises besides its exit is a failure of the test."""
    out, err = io.StringIO(), io.StringIO()
    before = sys.argv
    sys.argv = ["resynchro", *map(str, arguments)]
    status = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
            except SystemExit as stop:
                status = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    finally:
        sys.argv = before
    return Outcome(status=status, out=out.getvalue(), err=err.getvalue())


@pytest.fixture(scope="session")
def resynchro() -> Callable[..., Outcome]:
    """Return the runner of commands."""
    return run_command


@pytest.fixture(scope="session")
def ecg_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return CSV files by kind of ECG, and files that are none."""
    folder = tmp_path_factory.mktemp("ecg files")
    files = {}
    for kind in ("normal", "lbbb", "rv-paced", "biventricular-paced"):
        files[kind] = folder / f"{kind}.csv"
        write_csv_ecg(synthetic_ecg(kind=kind, rng=np.random.default_rng(1)).record, files[kind])
    record = synthetic_ecg(kind="normal", rng=np.random.default_rng(1)).record
    files["flat"] = folder / "flat.csv"
    leads = dict.fromkeys(("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"), np.zeros(5000))
    write_csv_ecg(leads, files["flat"], sampling_rate_hz=record.sampling_rate_hz)
    files["empty"] = folder / "empty.csv"
    files["empty"].touch()
    files["text"] = folder / "letter.txt"
    files["text"].write_text("Dear colleague,\nthank you for referring this patient.\n")
    files["folder"] = folder / "a folder"
    files["folder"].mkdir()
    files["missing"] = folder / "missing.xml"
    return files


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """Return the folder of the demonstration case, planned, and what the command said."""
    folder = tmp_path_factory.mktemp("demo") / "case"
    return folder, run_command("demo", "--out", folder)
