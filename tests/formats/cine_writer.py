"""Synthetic cine examinations as DICOM and NIfTI files: a beating disc per slice, with any defect a test asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

#: Oblique short-axis directions: columns and rows of the image.
COLUMN = np.array([0.8, 0.0, 0.6])
ROW = np.array([0.0, 1.0, 0.0])
NORMAL = np.cross(COLUMN, ROW)
ORIGIN = np.array([-60.0, -70.0, 20.0])
FRAME_OF_REFERENCE = "1.2.826.0.1.3680043.8.498.7"


def disc_frames(frames: int = 8, rows: int = 32, columns: int = 40, seed: int = 0) -> np.ndarray:
    """Return 16-bit images of a disc that shrinks and grows, shape (frames, rows, columns)."""
    y, x = np.mgrid[:rows, :columns]
    away = np.hypot(y - rows / 2, x - columns / 2)
    radius = 8.0 + 3.0 * np.cos(2.0 * np.pi * np.arange(frames) / frames)
    rng = np.random.default_rng(seed)
    return (1000.0 * (away[None] < radius[:, None, None]) + rng.integers(0, 50, (frames, rows, columns))).astype("u2")


def write_frame(path: Path, pixels: np.ndarray, *, leave_out: tuple[str, ...] = (), **elements: Any) -> Path:
    """Write one MR image; `elements` replace or add, `leave_out` removes."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = elements.pop("TransferSyntaxUID", ExplicitVRLittleEndian)
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[str(path)])
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = MRImageStorage, meta.MediaStorageSOPInstanceUID
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = "Secret^Name", "ID-4711", "19500101"
    dataset.Modality, dataset.SeriesDescription = "MR", "cine"
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 0
    dataset.FrameOfReferenceUID = FRAME_OF_REFERENCE
    dataset.PixelSpacing = [1.5, 1.25]
    dataset.ImageOrientationPatient = [*COLUMN, *ROW]
    dataset.PixelData = pixels.astype("<u2").tobytes()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    for keyword in leave_out:
        if keyword in dataset:
            delattr(dataset, keyword)
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def write_cine(
    folder: Path,
    *,
    slices: int = 4,
    frames: int = 8,
    spacing_mm: float = 8.0,
    rr_ms: tuple[float, ...] = (800.0, 820.0, 790.0, 810.0),
    one_series: bool = False,
    coverage: float = 1.0,
    leave_out: tuple[str, ...] = (),
    **elements: Any,
) -> Path:
    """Write a stack: file names say nothing, trigger times differ between slices."""
    rng = np.random.default_rng(1)
    names = rng.permutation(slices * frames)
    for number in range(slices):
        pixels = disc_frames(frames, seed=number)
        rr = rr_ms[number % len(rr_ms)]
        step = coverage * rr / frames
        for frame in range(frames):
            given = {
                "SeriesInstanceUID": "1.2.3" if one_series else f"1.2.3.{number + 1}",
                "ImagePositionPatient": [round(float(v), 4) for v in ORIGIN + number * spacing_mm * NORMAL],
                "TriggerTime": f"{frame * step:.3f}",
                "InstanceNumber": frame + 1,
                "NominalInterval": round(rr),
            } | elements
            write_frame(folder / f"IM{names[number * frames + frame]:04d}", pixels[frame], leave_out=leave_out, **given)
    return folder


def write_enhanced(path: Path, *, slices: int = 3, frames: int = 8, rr_ms: float = 800.0, **shared: Any) -> Path:
    """Write one enhanced multi-frame MR file; frames of all slices in mixed order."""
    order = np.random.default_rng(2).permutation(slices * frames)
    images = {number: disc_frames(frames, seed=number) for number in range(slices)}
    stacked, groups = [], []
    for item in order:
        number, frame = divmod(int(item), frames)
        stacked.append(images[number][frame])
        group, position, cardiac = Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = [float(v) for v in ORIGIN + number * 10.0 * NORMAL]
        cardiac.NominalCardiacTriggerDelayTime = frame * rr_ms / frames
        cardiac.RRIntervalTimeNominal = rr_ms
        group.PlanePositionSequence, group.CardiacSynchronizationSequence = [position], [cardiac]
        groups.append(group)
    common, orientation, measures = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = [*COLUMN, *ROW]
    measures.PixelSpacing = [1.5, 1.25]
    common.PlaneOrientationSequence, common.PixelMeasuresSequence = [orientation], [measures]
    given = {
        "NumberOfFrames": len(order),
        "SharedFunctionalGroupsSequence": [common],
        "PerFrameFunctionalGroupsSequence": groups,
        "SeriesInstanceUID": "1.2.9",
        "InstanceNumber": 1,
    } | shared
    return write_frame(path, np.stack(stacked), leave_out=("PixelSpacing", "ImageOrientationPatient"), **given)


def write_nifti(path: Path, values: np.ndarray, affine: np.ndarray, *, frame_s: float | None = None) -> Path:
    """Write a NIfTI file with millimetres and, for 4-D, seconds."""
    image = nib.Nifti1Image(values, affine)
    image.header.set_xyzt_units("mm", "sec" if frame_s is not None else None)
    if frame_s is not None:
        zooms = [*image.header.get_zooms()[:3], frame_s]
        image.header.set_zooms(zooms)
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(image, path)
    return path
