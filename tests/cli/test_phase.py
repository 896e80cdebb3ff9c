"""``resynchro phase``: tables, JSON, CSV, pictures, and files that fail."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from resynchro.cli.phase import _CSV_COLUMNS, _ORIENTATIONS, command
from resynchro.imaging.spect.spect_phantom import sample_phantom, spect_phantom
from resynchro.record.gated_spect import SLICE_ORIENTATIONS

_SPEC = importlib.util.spec_from_file_location(
    "gated_spect_writer", Path(__file__).parents[1] / "formats" / "gated_spect_writer.py"
)
assert _SPEC is not None and _SPEC.loader is not None
w = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(w)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("spect")
    spect = spect_phantom({5: 60.0, 11: 60.0}, gates=8, pixel_mm=6.0, size=24)
    found = {"dicom": folder / "study.dcm", "table": folder / "map.csv", "letter": folder / "letter.txt"}
    found["dicom"].write_bytes(w.dicom_bytes(w.nm_dataset(spect)))
    polar = sample_phantom(90.0, 0.1, noise=0.05, gates=16, rng=np.random.default_rng(1))
    found["table"].write_text(w.polar_csv(polar))
    found["letter"].write_text("Dear colleague,\n")
    return found


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_json_line_per_file_and_failures_at_the_end(files: dict[str, Path]) -> None:
    done = _run(files["dicom"], files["letter"], files["table"], "--json")
    assert done.exit_code == 2
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["format"] for line in lines] == ["DICOM NM", "polar CSV"]
    assert lines[0]["latest_segment"] in (5, 11)
    assert lines[1]["noise"]["floor_sd_deg"] == pytest.approx(10.1, abs=1.0)  # reference table, 16 gates
    assert "format is not known" in done.stderr and "1 of 3 files could not be measured" in done.stderr
    assert "Traceback" not in done.stderr


def test_csv_has_one_row_per_file(files: dict[str, Path]) -> None:
    done = _run(files["dicom"], files["table"], "--csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert done.exit_code == 0 and len(rows) == 2
    assert list(rows[0]) == list(_CSV_COLUMNS)
    assert float(rows[0]["delay_11_rr_pct"]) > 5.0 and float(rows[0]["perfusion_1_pct"]) > 60.0
    assert float(rows[1]["floor_sd_deg"]) > 5.0 and "noise alone" in rows[1]["warnings"]


def test_the_table_shows_the_floor_and_what_was_assumed(files: dict[str, Path]) -> None:
    done = _run(files["dicom"], files["table"])
    assert done.exit_code == 0
    assert "phase SD" in done.stdout and "floor" in done.stdout
    assert "anterior at the top and septum at the left of the slices, by convention" in done.stdout


def test_pictures_are_written(files: dict[str, Path], tmp_path: Path) -> None:
    assert _run(files["dicom"], "--picture", tmp_path, "--orientation", "patient").exit_code == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    assert [name.split("_", 1)[1] for name in names] == [
        "phase.png",
        "phase.svg",
        "phase_slices.png",
        "phase_slices.svg",
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--json", "--csv"], "exclude each other"),
        (["--centre", "middle"], "is not ROW,COLUMN"),
        (["--orientation", "up"], "Invalid value for '--orientation'"),
        (["--rr-ms", "9"], "Invalid value for '--rr-ms'"),
    ],
)
def test_wrong_options_are_usage_errors(files: dict[str, Path], arguments: list[str], words: str) -> None:
    done = _run(files["dicom"], *arguments)
    assert done.exit_code == 2 and words in done.stderr


def test_corrections_by_hand_reach_the_measurement(files: dict[str, Path]) -> None:
    given = ["--centre", "11,12", "--base-slice", "4", "--apex-slice", "16", "--apex", "last", "--harmonics", "2"]
    done = _run(files["dicom"], "--json", "--rr-ms", "1000", "--viable", "40", *given)
    line = json.loads(done.stdout)
    assert (line["axis"]["base_slice"], line["axis"]["apex_slice"]) == (4.0, 16.0)
    assert (line["rr_ms"], line["harmonics"], line["viability_limit_pct"]) == (1000.0, 2, 40.0)


def test_orientations_are_those_of_the_record() -> None:
    assert _ORIENTATIONS == SLICE_ORIENTATIONS
