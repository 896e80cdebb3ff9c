"""Gated SPECT: files written by an independent writer come back; wrong, damaged and hostile ones are refused."""

from __future__ import annotations

import gzip
import importlib.util
import struct
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import nibabel
import numpy as np
import pytest

from resynchro.errors import InputError
from resynchro.formats.gated_spect_file import read_gated_spect
from resynchro.imaging.spect.spect_phantom import sample_phantom, spect_phantom
from resynchro.record.gated_spect import GatedSpect, PolarCounts


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


w = _load("gated_spect_writer")


@pytest.fixture(scope="module")
def phantom() -> GatedSpect:
    """Return a small phantom: 8 gates, 23 slices of 24 x 24 pixels of 6 mm."""
    return spect_phantom({5: 40.0, 11: 40.0}, gates=8, pixel_mm=6.0, size=24)


@pytest.fixture(scope="module")
def dicom(phantom: GatedSpect) -> bytes:
    return w.dicom_bytes(w.nm_dataset(phantom))


def _write(folder: Path, content: bytes, name: str = "study.dcm") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def _changed(phantom: GatedSpect, **elements: Any) -> bytes:
    ds = w.nm_dataset(phantom)
    for keyword, value in elements.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    return bytes(w.dicom_bytes(ds))


# ---------------------------------------------------------------- round trips


def test_dicom_comes_back_whatever_the_order_of_its_frames(phantom: GatedSpect, tmp_path: Path, dicom: bytes) -> None:
    read = read_gated_spect(_write(tmp_path, dicom))
    assert isinstance(read, GatedSpect)
    # Stored as 60000 steps of the maximum: half a step is the error.
    assert np.abs(read.counts - phantom.counts).max() <= 0.51 * phantom.counts.max() / 60000.0
    assert not read.counts.flags.writeable
    assert (read.rr_s, read.coverage) == (pytest.approx(0.9), pytest.approx(1.0))
    assert (read.slice_spacing_mm, read.row_spacing_mm, read.apex_end) == (6.0, 6.0, "last")
    assert read.geometry is not None and phantom.geometry is not None and read.slice_step_mm is not None
    assert read.geometry.origin_mm == pytest.approx(phantom.geometry.origin_mm)
    assert read.slice_step_mm == pytest.approx(phantom.slice_step_mm)
    assert read.findings == ()


def test_nifti_comes_back_plain_and_gzipped(phantom: GatedSpect, tmp_path: Path) -> None:
    for name, unit in (("study.nii", "sec"), ("study.nii.gz", "msec")):
        w.write_nifti(phantom, tmp_path / name, unit=unit)
        read = read_gated_spect(tmp_path / name)
        assert isinstance(read, GatedSpect) and read.format == "NIfTI"
        assert np.array_equal(read.counts, phantom.counts)
        assert read.rr_s == pytest.approx(0.9)
        assert read.geometry is not None and read.slice_step_mm is not None and phantom.geometry is not None
        assert read.geometry.column_direction == pytest.approx(phantom.geometry.column_direction, abs=1e-5)
        assert read.slice_step_mm == pytest.approx(phantom.slice_step_mm, abs=1e-4)


def test_nifti_along_the_axes_of_the_patient_is_turned_to_the_usual_display(
    phantom: GatedSpect, tmp_path: Path
) -> None:
    # Identity in RAS: columns run to the right, rows to the front; as on a screen both are turned.
    w.write_nifti(replace(phantom, geometry=None, slice_step_mm=None), tmp_path / "study.nii")
    read = read_gated_spect(tmp_path / "study.nii")
    assert isinstance(read, GatedSpect) and read.geometry is not None
    assert np.array_equal(read.counts, phantom.counts[:, :, ::-1, ::-1])
    assert read.geometry.column_direction == pytest.approx([1.0, 0.0, 0.0])
    assert read.geometry.row_direction == pytest.approx([0.0, 1.0, 0.0])


def test_a_folder_of_gates_is_read_in_the_order_of_numbers(phantom: GatedSpect, tmp_path: Path) -> None:
    for gate in range(8):
        image = nibabel.nifti1.Nifti1Image(phantom.counts[gate].transpose(2, 1, 0), np.diag([-6.0, -6.0, 6.0, 1.0]))
        nibabel.save(image, tmp_path / f"gate{gate + 3}.nii.gz")  # 3 to 10: as text, 10 would come first
    read = read_gated_spect(tmp_path)
    assert isinstance(read, GatedSpect)
    assert np.array_equal(read.counts, phantom.counts)
    assert [finding.code for finding in read.findings] == ["gates-by-name"]


def test_the_polar_table_comes_back(tmp_path: Path) -> None:
    polar = sample_phantom(100.0, 0.1, noise=0.05, gates=8, rng=np.random.default_rng(1))
    read = read_gated_spect(_write(tmp_path, w.polar_csv(polar).encode(), "map.csv"))
    assert isinstance(read, PolarCounts)
    assert read.counts == pytest.approx(polar.counts, abs=1e-4)
    assert read.level == pytest.approx(polar.level, abs=1e-5)
    assert (read.rr_s, read.format) == (0.9, "polar CSV")


# ---------------------------------------------------------------- what is odd but read


def test_slices_without_vectors_are_taken_gate_by_gate(phantom: GatedSpect, tmp_path: Path) -> None:
    ds = w.nm_dataset(phantom, shuffled=False)
    for keyword in ("TimeSlotVector", "SliceVector", "RRIntervalVector"):
        delattr(ds, keyword)
    read = read_gated_spect(_write(tmp_path, w.dicom_bytes(ds)))
    assert isinstance(read, GatedSpect)
    assert read.counts == pytest.approx(phantom.counts, abs=0.02)
    assert [finding.code for finding in read.findings] == ["frame-order-assumed"]


def test_of_two_ranges_of_beats_the_fuller_is_read(phantom: GatedSpect, tmp_path: Path) -> None:
    ds = w.nm_dataset(phantom, shuffled=False)
    frames = int(ds.NumberOfFrames)
    ds.NumberOfFrames, ds.NumberOfRRIntervals = 2 * frames, 2
    ds.TimeSlotVector, ds.SliceVector = list(ds.TimeSlotVector) * 2, list(ds.SliceVector) * 2
    ds.RRIntervalVector = [1] * frames + [2] * frames
    half = (np.frombuffer(ds.PixelData, "<u2") // 2).astype("<u2").tobytes()
    ds.PixelData = half + ds.PixelData
    read = read_gated_spect(_write(tmp_path, w.dicom_bytes(ds)))
    assert isinstance(read, GatedSpect)
    assert read.counts == pytest.approx(phantom.counts, abs=0.02)
    assert [finding.code for finding in read.findings] == ["several-rr-windows"]


def test_negative_spacing_runs_against_the_normal(phantom: GatedSpect, tmp_path: Path) -> None:
    read = read_gated_spect(_write(tmp_path, _changed(phantom, SpacingBetweenSlices=-6.0)))
    straight = read_gated_spect(_write(tmp_path, _changed(phantom, SpacingBetweenSlices=6.0)))
    assert isinstance(read, GatedSpect) and isinstance(straight, GatedSpect)
    assert read.slice_step_mm is not None and straight.slice_step_mm is not None
    assert read.slice_step_mm == pytest.approx(-straight.slice_step_mm)
    assert read.slice_spacing_mm == 6.0


def test_gates_that_stop_early_are_noted(phantom: GatedSpect, tmp_path: Path) -> None:
    ds = w.nm_dataset(phantom)
    ds.GatedInformationSequence[0].DataInformationSequence[0].NominalInterval = 1125
    read = read_gated_spect(_write(tmp_path, w.dicom_bytes(ds)))
    assert read.coverage == pytest.approx(0.8)  # 8 x 112.5 ms of 1125 ms


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "GATED TOMO", "EMISSION"]}, "gated projections"),
        ({"FrameIncrementPointer": [0x00540050, 0x00540090], "ImageType": None}, "gated projections"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]}, "not gated"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "GATED", "EMISSION"]}, "not tomographic"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.4", "Modality": "MR"}, "modality MR"),
        ({"TimeSlotVector": [1, 2, 3]}, "3 values for 184 frames"),
        ({"TimeSlotVector": [1] * 184}, "1"),
        ({"SliceVector": [0] * 184}, "outside 1 to 184"),
        ({"NumberOfTimeSlots": 16}, "NumberOfTimeSlots says 16"),
        ({"NumberOfFrames": 65535, "Rows": 65535, "Columns": 65535}, "more than"),
        ({"Rows": 48}, "it is damaged or cut off"),
        ({"PixelSpacing": None}, "PixelSpacing"),
        ({"SpacingBetweenSlices": 500.0}, "slices lie 500 mm apart"),
        ({"FrameIncrementPointer": None, "TimeSlotVector": None, "SliceVector": None}, "which frame is which gate"),
    ],
)
def test_wrong_dicom_is_refused_in_words(
    phantom: GatedSpect, tmp_path: Path, elements: dict[str, Any], words: str
) -> None:
    path = _write(tmp_path, _changed(phantom, **elements))
    with pytest.raises(InputError, match=words) as caught:
        read_gated_spect(path)
    assert "study.dcm" in str(caught.value)


def test_a_sparse_vector_does_not_claim_memory(phantom: GatedSpect, tmp_path: Path) -> None:
    ds = w.nm_dataset(phantom, shuffled=False)
    slots = list(ds.TimeSlotVector)
    ds.SliceVector = [*list(ds.SliceVector)[:-1], 184]
    ds.TimeSlotVector, ds.NumberOfSlices = slots, 184
    with pytest.raises(InputError, match="more than the 184 frames"):
        read_gated_spect(_write(tmp_path, w.dicom_bytes(ds)))


def test_hostile_nifti_is_refused(phantom: GatedSpect, tmp_path: Path) -> None:
    w.write_nifti(phantom, tmp_path / "good.nii")
    good = (tmp_path / "good.nii").read_bytes()
    huge = bytearray(good)
    struct.pack_into("<8h", huge, 40, 4, 32767, 32767, 32767, 32767, 1, 1, 1)
    still = bytearray(good)
    struct.pack_into("<8h", still, 40, 3, 24, 24, 23, 1, 1, 1, 1)
    tiny = bytearray(good)
    struct.pack_into("<4f", tiny, 76, 1.0, 0.006, 0.006, 0.006)
    bomb = gzip.compress(good[:352] + bytes(600 * 1024 * 1024), 1)
    for content, words in (
        (bytes(huge), "at most"),
        (bytes(still), "one 3-D image without gates"),
        (bytes(tiny), "unit millimetres"),
        (good[:2000], "cut off"),
        (good[:300], "format is not known"),
        (bomb, "unpacks to more than"),
    ):
        with pytest.raises(InputError, match=words):
            read_gated_spect(_write(tmp_path, content, "study.nii"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("g3", "g9"), "without gaps"),
        (lambda text: "\n".join(text.split("\n")[:20]), "samples"),
        (lambda text: text.replace("\n5,", "\n5,9"), "level must lie"),
        (lambda text: text.replace("\n5,", "\n5,x"), "a number in each"),
        (lambda text: text.replace("900", "9"), "milliseconds"),
    ],
)
def test_wrong_tables_are_refused(tmp_path: Path, change: Any, words: str) -> None:
    polar = sample_phantom(100.0, 0.1, noise=0.05, gates=8, rng=np.random.default_rng(1))
    with pytest.raises(InputError, match=words):
        read_gated_spect(_write(tmp_path, change(w.polar_csv(polar)).encode(), "map.csv"))


def test_other_files_are_named_as_unknown(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="format is not known"):
        read_gated_spect(_write(tmp_path, b"Dear colleague,\n", "letter.txt"))
    with pytest.raises(InputError, match="holds 0 NIfTI files"):
        read_gated_spect(tmp_path / ".")


def test_mutated_files_give_input_errors_only(phantom: GatedSpect, tmp_path: Path, dicom: bytes) -> None:
    rng = np.random.default_rng(7)
    w.write_nifti(phantom, tmp_path / "a.nii")
    w.write_nifti(phantom, tmp_path / "a.nii.gz")
    table = w.polar_csv(sample_phantom(100.0, 0.1, noise=0.05, gates=8, rng=rng)).encode()
    refused = 0
    for content in (dicom, (tmp_path / "a.nii").read_bytes(), (tmp_path / "a.nii.gz").read_bytes(), table):
        for _ in range(60):
            mutated = bytearray(content)
            for place in rng.integers(0, min(len(content), 2500), rng.integers(1, 12)):
                mutated[place] = rng.integers(0, 256)
            if rng.random() < 0.2:
                del mutated[int(rng.integers(1, len(mutated))) :]
            try:
                read_gated_spect(_write(tmp_path, bytes(mutated), "mutated"))
            except InputError:
                refused += 1
    assert refused > 50
