"""``resynchro twin``: one fit on a real ECG, its table, JSON, pictures and files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from resynchro.cli.twin import command
from resynchro.electrics import fit_start, twin_fit


@pytest.fixture(autouse=True)
def short_search() -> Iterator[None]:
    """Search as little as possible: this is about the command."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit_start, "TRIALS", 60)
        patch.setattr(fit_start, "POSES", 6)
        patch.setattr(twin_fit, "STARTS", 2)
        patch.setattr(twin_fit, "FIRST_ITERATIONS", 3)
        patch.setattr(twin_fit, "JUMPS", 0)
        patch.setattr(twin_fit, "KEPT", 1)
        patch.setattr(twin_fit, "LAST_ITERATIONS", 6)
        yield


def test_fit_prints_json_and_writes_files(shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    record = shared_data("ecg/ludb/data/45.hea")
    arguments = [str(record), "--uv-per-count", "1", "--edge", "4", "--members", "8", "--conduction", "rv_paced"]
    arguments += ["--json", "--out", str(tmp_path), "--picture", str(tmp_path / "pictures")]
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    summary = json.loads(result.stdout.strip().splitlines()[-1])
    assert summary["rhythm"] == "rv_paced"
    assert summary["verdict"] in ("good", "poor")
    assert summary["members"] >= 1
    assert (tmp_path / "45_twin.vtu").stat().st_size > 10_000
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 5
    assert summary["written"] == [str(tmp_path / "45_twin.vtu"), str(tmp_path / "45_twin.vtp")]


def test_help_names_the_options() -> None:
    result = CliRunner().invoke(command, ["--help"])
    assert result.exit_code == 0
    for option in ("--conduction", "--edge", "--members", "--seed", "--out", "--picture", "--json"):
        assert option in result.output
