"""``resynchro cine`` on files of a beating ring."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from click.testing import CliRunner, Result

from resynchro.cli.cine import command
from resynchro.errors import InputError
from resynchro.formats.strain_file import read_strain

AFFINE = np.array([[-1.5, 0, 0, 54], [0, -1.5, 0, 54], [0, 0, 8.0, 0], [0, 0, 0, 1.0]])


def _load(path: str) -> ModuleType:
    file = Path(__file__).parents[1] / path
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


w, ring = _load("formats/cine_writer.py"), _load("imaging/test_cine_measurement.py")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the ring as NIfTI: cine.nii.gz, masks.nii.gz, ed.nii.gz and es.nii.gz."""
    folder = tmp_path_factory.mktemp("cine")
    stack, labels = ring.phantom()
    frames = np.stack([item.frames for item in stack.slices]).transpose(3, 2, 0, 1)
    masks = np.stack([item.labels for item in labels.slices]).transpose(3, 2, 0, 1)
    w.write_nifti(folder / "cine.nii.gz", frames, AFFINE, frame_s=0.8 / ring.FRAMES)
    w.write_nifti(folder / "masks.nii.gz", masks, AFFINE)
    w.write_nifti(folder / "ed.nii.gz", np.ascontiguousarray(masks[..., 0]), AFFINE)
    w.write_nifti(folder / "es.nii.gz", np.ascontiguousarray(masks[..., 4]), AFFINE)
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments], catch_exceptions=False)


def test_json_with_masks_and_pictures(files: Path, tmp_path: Path) -> None:
    done = run(files / "cine.nii.gz", "--labels", files / "masks.nii.gz", "--json", "--picture", tmp_path)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["lvef_pct"] == pytest.approx(51.0, abs=1.0) and found["volume_method"] == "slices"
    assert set(found["circumferential_strain"]["peak_pct"]["values"]) == {str(n) for n in range(1, 17)}
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".png", ".png", ".svg", ".svg"]


def test_tracked_strain_goes_out_as_tables_that_can_be_read(files: Path, tmp_path: Path) -> None:
    done = run(files / "cine.nii.gz", "--labels", files / "masks.nii.gz", "--strain-tables", tmp_path)
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cine_circumferential.csv", "cine_radial.csv"]
    study = read_strain([tmp_path / "cine_circumferential.csv"])
    assert study.strain_type == "circumferential" and study.modality == "cmr"
    assert {segment for view in study.views for segment in view.segments} == set(range(1, 17))


def test_masks_of_two_phases(files: Path) -> None:
    masks = ("--labels", files / "ed.nii.gz", "--labels", files / "es.nii.gz")
    found = json.loads(run(files / "cine.nii.gz", *masks, "--json").stdout)
    assert found["lvef_pct"] == pytest.approx(51.0, abs=1.0) and "strain" in found["absent"]
    found = json.loads(run(files / "cine.nii.gz", *masks, "--contour-frames", "1,5", "--json").stdout)
    assert found["circumferential_strain"]["engine"].endswith("image only")


def test_table_without_contours_says_what_is_needed(files: Path) -> None:
    done = run(files / "cine.nii.gz")
    assert done.exit_code == 0
    assert "needs contours or masks" in done.stdout and "800" in done.stdout


def test_table_and_csv_with_masks(files: Path) -> None:
    done = run(files / "cine.nii.gz", "--labels", files / "ed.nii.gz")
    assert "Left ventricle" in done.stdout and "7 mid anterior" in done.stdout
    rows = list(
        csv.DictReader(io.StringIO(run(files / "cine.nii.gz", "--labels", files / "ed.nii.gz", "--csv").stdout))
    )
    assert len(rows) == 1 and float(rows[0]["lv_edv_ml"]) == pytest.approx(30.4, rel=0.02)
    assert rows[0]["lv_esv_ml"] == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--labels", "masks.nii.gz", "--label-map", "biv-me"), "outside of label"),
        (("--labels", "cine.nii.gz"), "image"),
        (("--labels", "masks.nii.gz", "--contour-frames", "0"), "counted from 1"),
        (("--labels", "masks.nii.gz", "--contour-frames", "1,2"), "2 frames are named"),
        (("--labels", "masks.nii.gz", "--guide-points", "."), "exclude each other"),
        (("--rr-ms", "0.8"), "seconds"),
    ],
)
def test_what_does_not_fit_is_one_message(files: Path, arguments: tuple[str, ...], message: str) -> None:
    given = [files / word if word.endswith(".gz") else word for word in arguments]
    done = run(files / "cine.nii.gz", *given)
    assert done.exit_code == 2 and message in done.stderr
    assert "1 of 1 paths could not be measured" in done.stderr


def test_failing_paths_are_listed_and_the_others_measured(files: Path, tmp_path: Path) -> None:
    (tmp_path / "no.txt").write_text("no image")
    done = run(files / "cine.nii.gz", tmp_path / "no.txt", "--json")
    assert done.exit_code == 2 and len(done.stdout.splitlines()) == 1
    assert "no DICOM file" in done.stderr
    done = run(files / "cine.nii.gz", files / "cine.nii.gz", "--labels", files / "masks.nii.gz")
    assert "one examination" in done.stderr


def test_errors_are_ours() -> None:
    with pytest.raises(InputError):
        from resynchro.formats.label_stack import read_label_stack

        read_label_stack("absent.nii.gz", "acdc")
