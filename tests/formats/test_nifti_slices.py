"""NIfTI images and masks: RAS to LPS, slice axis, times, labels checked against the anatomy."""

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resynchro.errors import InputError
from resynchro.formats.image_stack import read_image_stacks
from resynchro.formats.label_stack import joined_phases, label_convention, read_label_stack
from resynchro.formats.nifti_image import read_nifti


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


w = _load("cine_writer")

#: Voxels of 1.25 x 1.5 x 8 mm, RAS.
AFFINE = np.array([[1.25, 0, 0, -60], [0, 1.5, 0, -70], [0, 0, 8.0, 20], [0, 0, 0, 1.0]])


def ring(shape: tuple[int, int, int] = (32, 40, 5)) -> np.ndarray:
    """Return ACDC masks: right ventricle 1, myocardium 2, cavity 3."""
    x, y, _ = np.mgrid[: shape[0], : shape[1], : shape[2]]
    away = np.hypot(x - 18, y - 20)
    labels = np.zeros(shape, np.uint8)
    labels[(np.hypot(x - 7, y - 20) < 7) & (away >= 10)] = 1
    labels[away < 10] = 2
    labels[away < 6] = 3
    return labels


def test_voxels_keep_their_place(tmp_path: Path) -> None:
    values = np.arange(32 * 40 * 5, dtype=np.int16).reshape(32, 40, 5)
    volume = read_nifti(w.write_nifti(tmp_path / "a.nii.gz", values, AFFINE))
    i, j, k = 3, 7, 2
    # RAS (x, y, z) = (-60 + 3.75, -70 + 10.5, 20 + 16); LPS turns the signs of x and y.
    ras = AFFINE @ [i, j, k, 1]
    spot = next(
        (geometry, number)
        for number, geometry in enumerate(volume.geometries)
        if abs((geometry.origin_mm - ras[:3] * [-1, -1, 1]) @ geometry.normal) < 1e-9
    )
    row, column = spot[0].to_pixel(ras[:3] * [-1, -1, 1])
    assert (round(float(row), 6), round(float(column), 6)) == (j, i)
    assert volume.values[spot[1], 0, j, i] == values[i, j, k]


@settings(max_examples=24, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations([0, 1, 2]), flips=st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_any_axis_order_and_flip_gives_the_same_points(
    tmp_path: Path, order: list[int], flips: tuple[bool, ...]
) -> None:
    """The same image stored in another order, with the affine to match, has every voxel where it was."""
    values = np.arange(6 * 7 * 4, dtype=np.int16).reshape(6, 7, 4)
    stored, affine = values.transpose(order), AFFINE[:, [*order, 3]].copy()
    for axis, flip in enumerate(flips):
        if flip:
            stored = np.flip(stored, axis)
            affine[:, 3] += affine[:, axis] * (stored.shape[axis] - 1)
            affine[:, axis] *= -1
    volume = read_nifti(w.write_nifti(tmp_path / "a.nii", np.ascontiguousarray(stored), affine))
    found = {}
    for geometry, slice_ in zip(volume.geometries, volume.values[:, 0], strict=True):
        rows, columns = np.indices(slice_.shape)
        points = geometry.to_patient(rows.astype(float), columns.astype(float))
        found |= {int(v): tuple(p) for v, p in zip(slice_.ravel(), points.reshape(-1, 3).round(6), strict=True)}
    for value in (0, 17, 101, 167):
        i, j, k = np.unravel_index(value, values.shape)
        np.testing.assert_allclose(found[value], (AFFINE @ [i, j, k, 1])[:3] * [-1, -1, 1], atol=1e-4)
    along = [float(geometry.origin_mm @ volume.geometries[0].normal) for geometry in volume.geometries]
    assert along == sorted(along)


def test_cine_times_come_from_the_fourth_spacing(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 100, (32, 40, 5, 20)).astype(np.int16)
    (stack,) = read_image_stacks(w.write_nifti(tmp_path / "a.nii.gz", values, AFFINE, frame_s=0.04))
    assert stack.plane == "SAX" and len(stack.slices) == 5
    assert stack.slices[0].rr_s == pytest.approx(0.8)  # 20 x 40 ms
    assert stack.slices[0].frames.shape == (20, 40, 32)
    assert {finding.code for finding in stack.findings} == {"rr-unchecked"}


def test_cine_without_a_time_unit_needs_the_interval(tmp_path: Path) -> None:
    file = w.write_nifti(tmp_path / "a.nii.gz", np.zeros((8, 8, 5, 20), np.int16), AFFINE)
    with pytest.raises(InputError, match="--rr-ms"):
        read_image_stacks(file)
    assert read_image_stacks(file, rr_ms=850.0)[0].slices[0].rr_s == pytest.approx(0.85)


def test_the_slice_axis_can_be_given(tmp_path: Path) -> None:
    file = w.write_nifti(tmp_path / "a.nii.gz", np.zeros((8, 9, 5), np.int16), np.diag([1.0, 1.0, 1.0, 1.0]))
    assert len(read_nifti(file).geometries) == 5  # equal spacing: the third axis
    assert len(read_nifti(file, slice_axis=0).geometries) == 8
    with pytest.raises(InputError, match="0, 1 or 2"):
        read_nifti(file, slice_axis=3)


def test_a_file_without_orientation_says_so(tmp_path: Path) -> None:
    file = w.write_nifti(tmp_path / "a.nii", np.zeros((8, 8, 5), np.int16), AFFINE)
    content = bytearray(file.read_bytes())
    content[252:256] = bytes(4)  # qform_code and sform_code
    file.write_bytes(bytes(content))
    assert "no-orientation" in {finding.code for finding in read_nifti(tmp_path / "a.nii").findings}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c[:200], "damaged|no DICOM"),
        (lambda c: c[:2000], "cut off"),
        (lambda c: c[:42] + (30000).to_bytes(2, "little") * 3 + c[48:], "voxels"),
        (lambda c: c[:70] + (32).to_bytes(2, "little") + c[72:], "real numbers|cut off"),  # complex numbers
        (lambda c: c[:344] + b"ni1\0" + c[348:], "another file"),
        (
            lambda c: c[:76] + np.array([1, 1e-9, 1e-9, 1e-9], "<f4").tobytes() + c[92:280] + bytes(48) + c[328:],
            "mm|axis",
        ),
    ],
)
def test_damage_is_an_input_error(tmp_path: Path, change, message: str) -> None:
    file = w.write_nifti(tmp_path / "a.nii", ring(), AFFINE)
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(InputError, match=message):
        read_image_stacks(file)


def test_a_bomb_is_not_inflated(tmp_path: Path) -> None:
    content = bytearray(w.write_nifti(tmp_path / "a.nii", ring(), AFFINE).read_bytes())
    content[40:56] = np.array([3, 30000, 30000, 300, 1, 1, 1, 1], "<i2").tobytes()
    (tmp_path / "bomb.nii.gz").write_bytes(gzip.compress(bytes(content) + bytes(20_000_000)))
    with pytest.raises(InputError, match="claims 270000000000 voxels"):
        read_image_stacks(tmp_path / "bomb.nii.gz")


# ---------------------------------------------------------------- masks


def test_masks_are_read_with_their_meaning(tmp_path: Path) -> None:
    stack = read_label_stack(w.write_nifti(tmp_path / "a.nii.gz", ring(), AFFINE), "acdc")
    assert len(stack.slices) == 5 and stack.findings == () and stack.convention.cavity == 3
    assert int((stack.slices[0].labels == 3).sum()) == int((ring()[..., 0] == 3).sum())


def test_swapped_labels_are_refused(tmp_path: Path) -> None:
    file = w.write_nifti(tmp_path / "a.nii.gz", ring(), AFFINE)
    for wrong in ("cavity=2,myocardium=3,rv=1", "cavity=1,myocardium=2,rv=3"):
        with pytest.raises(InputError, match="outside of label"):
            read_label_stack(file, wrong)


def test_masks_without_right_ventricle_and_with_unknown_numbers_say_so(tmp_path: Path) -> None:
    labels = ring()
    labels[labels == 1] = 7
    stack = read_label_stack(w.write_nifti(tmp_path / "a.nii.gz", labels, AFFINE), "acdc")
    assert {finding.code for finding in stack.findings} == {"unknown-labels", "no-right-ventricle"}


def test_an_image_is_no_mask(tmp_path: Path) -> None:
    for values in (np.full((8, 8, 5), 0.5, np.float32), np.full((8, 8, 5), 900, np.int16)):
        with pytest.raises(InputError, match="image"):
            read_label_stack(w.write_nifti(tmp_path / "a.nii.gz", values, AFFINE), "acdc")
    with pytest.raises(InputError, match="no voxel has the label of cavity and myocardium"):
        read_label_stack(w.write_nifti(tmp_path / "a.nii.gz", np.zeros((8, 8, 5), np.uint8), AFFINE), "acdc")
    (tmp_path / "a.txt").write_text("no image at all")
    with pytest.raises(InputError, match="no NIfTI"):
        read_label_stack(tmp_path / "a.txt", "acdc")


@pytest.mark.parametrize(
    "text", ["", "acd", "cavity=1", "cavity=1,cavity=2", "cavity=1,myocardium=1", "cavity=0,myocardium=2"]
)
def test_maps_that_are_not_understood(text: str) -> None:
    with pytest.raises(InputError, match="label map"):
        label_convention(text)


def test_single_phases_are_joined(tmp_path: Path) -> None:
    one = read_label_stack(w.write_nifti(tmp_path / "ed.nii.gz", ring(), AFFINE), "acdc")
    two = read_label_stack(w.write_nifti(tmp_path / "es.nii.gz", ring(), AFFINE), "acdc")
    assert joined_phases([one, two]).slices[0].labels.shape == (2, 40, 32)
    moved = AFFINE.copy()
    moved[2, 3] += 5
    far = read_label_stack(w.write_nifti(tmp_path / "far.nii.gz", ring(), moved), "acdc")
    with pytest.raises(InputError, match="one heart"):
        joined_phases([one, far])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_mutated_heads_end_in_an_input_error_or_slices(tmp_path: Path, seed: int) -> None:
    source = tmp_path / "source.nii"
    if not source.exists():
        w.write_nifti(source, ring(), AFFINE)
    content = bytearray(source.read_bytes())
    rng = np.random.default_rng(seed)
    for place in rng.integers(0, 348, size=int(rng.integers(1, 5))):
        content[place] = int(rng.integers(0, 256))
    file = tmp_path / ("m.nii.gz" if seed % 2 else "m.nii")
    file.write_bytes(gzip.compress(bytes(content)) if seed % 2 else bytes(content))
    for read in (read_image_stacks, lambda path: read_label_stack(path, "acdc")):
        try:
            found = read(file)
        except InputError:
            continue
        stacks = found if isinstance(found, tuple) else (found,)
        assert all(np.isfinite(item.geometry.origin_mm).all() for stack in stacks for item in stack.slices)


def test_real_masks(shared_data) -> None:
    file = shared_data("mri/biv-me/tests/test_data/contouring_data/patient1/segmentations/SAX/SAX_3d_1.nii.gz")
    assert len(read_label_stack(file, "biv-me").slices) == 27
    with pytest.raises(InputError, match="outside of label"):
        read_label_stack(file, "acdc")
