"""The frame of the command line: help at once, one message and the right status for every error."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from resynchro import __version__
from resynchro.errors import InputError, MeasurementError

Run = Callable[..., Any]
COMMANDS = ("demo", "plan", "new", "ecg", "compare-ecg")


def test_help_lists_the_commands(resynchro: Run) -> None:
    outcome = resynchro("--help")
    assert outcome.status == 0
    assert all(name in outcome.out for name in COMMANDS)
    assert "Not a medical device" in outcome.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(resynchro: Run, name: str) -> None:
    outcome = resynchro(name, "--help")
    assert outcome.status == 0
    assert outcome.out.startswith(f"Usage: resynchro {name}")
    assert resynchro(name, "-h").out == outcome.out


def test_the_version(resynchro: Run) -> None:
    outcome = resynchro("--version")
    assert outcome.status == 0
    assert __version__ in outcome.out


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from resynchro.cli import main; sys.argv = ['resynchro', '--help']; main();"
        "print('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split("LOADED")[1].split())
    assert not loaded & {"numpy", "scipy", "numba", "matplotlib", "pydicom", "wfdb", "pydantic", "rich"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["measure"],
        ["ecg"],
        ["ecg", "--colour", "x.csv"],
        ["ecg", "x.csv", "--sex", "unknown"],
        ["ecg", "x.csv", "--age", "old"],
        ["ecg", "x.csv", "--age", "-3"],
        ["ecg", "x.csv", "--uv-per-count", "many"],
        ["ecg", "x.csv", "--json", "--csv"],
        ["plan"],
        ["plan", "case", "--seed", "one"],
        ["new"],
        ["demo", "too", "much"],
        ["compare-ecg", "one.csv"],
    ],
)
def test_wrong_usage_is_status_2_with_a_message(resynchro: Run, arguments: list[str]) -> None:
    outcome = resynchro(*arguments)
    assert outcome.status == 2
    assert "Error" in outcome.err
    assert outcome.out == ""
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (InputError("case.yaml: line 3: what to do"), 2, "resynchro: case.yaml: line 3: what to do\n"),
        (MeasurementError("no beats"), 2, "resynchro: no beats\n"),
        (click.UsageError("wrong"), 2, "wrong"),
        (PermissionError(13, "Permission denied", "/x/case.yaml"), 2, "resynchro: /x/case.yaml: Permission denied\n"),
        (OSError("the disk is gone"), 2, "resynchro: a file: the disk is gone\n"),
        (KeyboardInterrupt(), 130, "resynchro: stopped\n"),
        (click.Abort(), 130, "resynchro: stopped\n"),
        (ZeroDivisionError("float division"), 1, "internal error (ZeroDivisionError: float division)"),
        (AssertionError(), 1, "internal error (AssertionError: )"),
    ],
)
def test_every_error_is_one_message_and_a_status(
    resynchro: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, message: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("resynchro.cli.new.command.callback", fail)
    monkeypatch.delenv("RESYNCHRO_TRACEBACK", raising=False)
    outcome = resynchro("new", "case")
    assert outcome.status == status
    assert message in outcome.err
    assert "Traceback" not in outcome.err
    assert len(outcome.err.strip().splitlines()) <= 4


def test_a_defect_says_how_to_report_it(resynchro: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("resynchro.cli.new.command.callback", fail)
    monkeypatch.delenv("RESYNCHRO_TRACEBACK", raising=False)
    assert "RESYNCHRO_TRACEBACK=1" in resynchro("new", "case").err
    monkeypatch.setenv("RESYNCHRO_TRACEBACK", "1")
    with pytest.raises(RuntimeError, match="broken"):
        resynchro("new", "case")


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
@pytest.mark.parametrize("option", ["--json", "--csv", "--sex=male"])
def test_a_reader_that_goes_away_is_no_error(ecg_files: dict[str, Path], option: str) -> None:
    # As in `resynchro ecg ... | head -0`: nobody reads what is printed.
    arguments = ["ecg", option, *[str(ecg_files["lbbb"])] * 3]
    code = f"import sys; from resynchro.cli import main; sys.argv = ['resynchro', *{arguments!r}]; main()"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    message = process.stderr.read().decode()
    process.stderr.close()
    status = process.wait(timeout=120)
    assert message == ""
    # The library that prints the table leaves with status 1, as quietly.
    assert status == 0 or option.startswith("--sex")
