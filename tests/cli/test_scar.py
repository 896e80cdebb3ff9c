"""``resynchro scar`` on tables, labels and images with masks."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
from click.testing import CliRunner

from resynchro.cli.scar import command
from resynchro.imaging.scar.scar_phantom import ScarPatch, ScarPhantom, scar_phantom

MAP = "cavity=1,myocardium=2,scar=3,no_reflow=4,rv=5"
TABLE = "segment,transmurality_mean_pct\n5,62.5\n11,10\n"


@pytest.fixture(scope="module")
def phantom() -> ScarPhantom:
    patch = ScarPatch(centre_deg=330.0, width_deg=60.0, transmurality_pct=75.0)
    return scar_phantom([patch], rng=np.random.default_rng(1), size=96, slice_count=4)


@pytest.fixture(scope="module")
def files(phantom: ScarPhantom, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the phantom as NIfTI image and masks, and a table."""
    folder = tmp_path_factory.mktemp("scar")
    # voxel axes: column, row, slice; LPS to RAS turns the first two over
    affine = np.diag([-1.4, -1.4, 8.0, 1.0])
    image = np.stack([item.frames[0].T for item in phantom.images.slices], axis=2)
    labels = np.stack([item.labels[0].T for item in phantom.labels.slices], axis=2)
    paths = {name: folder / f"{name}.nii.gz" for name in ("lge", "mask", "healthy")}
    nibabel.save(nibabel.Nifti1Image(image, affine), paths["lge"])
    nibabel.save(nibabel.Nifti1Image(labels, affine), paths["mask"])
    nibabel.save(nibabel.Nifti1Image(np.where(labels == 5, 0, labels).astype(np.uint8), affine), paths["healthy"])
    paths["table"] = folder / "given.csv"
    paths["table"].write_text(TABLE)
    return paths


def _run(*arguments: object) -> tuple[int, str, str]:
    outcome = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert outcome.exception is None or isinstance(outcome.exception, SystemExit), outcome.exception
    return outcome.exit_code, outcome.stdout, outcome.stderr


def test_image_with_masks(files: dict[str, Path]) -> None:
    status, out, _ = _run(files["lge"], "--mask", files["mask"], "--label-map", MAP, "--json")
    assert status == 0
    found = json.loads(out)
    assert found["method"] == "fwhm_remote" and found["scar_present"] is True
    assert found["posterolateral"]["segments"] == [5, 11]
    means = {item["segment"]: item["transmurality_mean_pct"] for item in found["segments"]}
    assert means[11] == pytest.approx(75.0, abs=6.0) and means[8] < 2.0
    assert set(found["by_rule_pct_lvm"]) == {
        "nsd2", "nsd3", "nsd5", "nsd6", "fwhm_raw", "fwhm_minmax", "fwhm_remote", "otsu", "blood60", "gmm2"
    }  # fmt: skip


def test_labels_alone_and_table_in_words_and_as_csv(files: dict[str, Path]) -> None:
    status, out, _ = _run(files["mask"], "--label-map", MAP)
    assert status == 0 and "mid inferolateral" in out and "transmural" in out and "research use" in out
    status, out, _ = _run(files["table"], "--csv")
    header, row = out.splitlines()
    assert status == 0 and dict(zip(header.split(","), row.split(","), strict=True))["transmurality_5_pct"] == "62.5"


def test_masks_without_right_ventricle_need_an_insertion(files: dict[str, Path]) -> None:
    status, out, _ = _run(files["healthy"], "--label-map", MAP, "--json")
    found = json.loads(out)
    assert status == 0 and found["segments"] == [] and len(found["absent"]) == 17
    assert found["scar_pct_lvm"] > 5.0
    for given in ("120", "2:30,35"):
        status, out, _ = _run(files["healthy"], "--label-map", MAP, "--anterior-insertion", given, "--json")
        assert status == 0 and len(json.loads(out)["segments"]) == 16


def test_pictures_and_table_are_written(files: dict[str, Path], tmp_path: Path) -> None:
    status, _, err = _run(
        files["lge"], "--mask", files["mask"], "--label-map", MAP, "--picture", tmp_path, "--table", tmp_path
    )
    assert status == 0, err
    assert {path.name for path in tmp_path.iterdir()} == {
        "lge_scar.csv",
        "lge_scar_slices.png",
        "lge_scar_bullseye.svg",
        "lge_scar_bullseye.png",
        "lge_scar_rules.svg",
        "lge_scar_rules.png",
    }
    status, out, _ = _run(tmp_path / "lge_scar.csv", "--json")
    assert status == 0 and json.loads(out)["method"] == "fwhm_remote"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("table", "--anterior-insertion", "left"), None),
        (("mask", "--label-map", MAP, "--anterior-insertion", "left"), "--anterior-insertion"),
        (("mask", "--label-map", MAP, "--anterior-insertion", "0:3,4"), "counted from 1"),
        (("mask", "--label-map", "acdc"), "label"),
        (("mask", "--label-map", "cavity=2,myocardium=1,scar=3"), "does not fit these masks"),
        (("lge", "--label-map", MAP), "is this the image"),
        (("lge", "--mask", "lge", "--label-map", MAP), "is this the image"),
    ],
)
def test_what_cannot_be_used_is_told(files: dict[str, Path], arguments: tuple[str, ...], words: str | None) -> None:
    status, _, err = _run(*(files.get(argument, argument) for argument in arguments))
    assert status == 2 and "1 of 1 paths could not be measured" in err
    assert words is None or words in err


def test_one_bad_path_does_not_stop_the_others(files: dict[str, Path], tmp_path: Path) -> None:
    status, out, err = _run(tmp_path / "missing.csv", files["table"], tmp_path, "--json")
    assert status == 2 and len(out.splitlines()) == 1
    assert "missing.csv" in err and "--mask FILE" in err and "2 of 3 paths" in err
    status, _, err = _run(files["lge"], files["lge"], "--mask", files["mask"])
    assert status == 2 and "one PATH" in err
