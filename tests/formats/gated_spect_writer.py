"""Writers of gated SPECT for the tests: DICOM NM, NIfTI and the polar table, independent of the readers."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence

from resynchro.record.gated_spect import GatedSpect, PolarCounts

NM_IMAGE = "1.2.840.10008.5.1.4.1.1.20"


def nm_dataset(spect: GatedSpect, *, shuffled: bool = True, rng: np.random.Generator | None = None) -> Any:
    """Return a RECON GATED TOMO data set of the slices, frames in any order, in 60000 steps of the maximum."""
    counts = np.asarray(spect.counts, dtype=np.float64)
    gates, slices, rows, columns = counts.shape
    slot = np.repeat(np.arange(gates), slices)
    place = np.tile(np.arange(slices), gates)
    if shuffled:
        order = (rng or np.random.default_rng(3)).permutation(gates * slices)
        slot, place = slot[order], place[order]
    ds = Dataset()
    ds.SOPClassUID, ds.Modality = NM_IMAGE, "NM"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "RECON GATED TOMO", "EMISSION"]
    ds.NumberOfFrames, ds.Rows, ds.Columns = gates * slices, rows, columns
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.FrameIncrementPointer = [0x00540060, 0x00540070, 0x00540080]
    ds.RRIntervalVector = [1] * (gates * slices)
    ds.TimeSlotVector = [int(value) + 1 for value in slot]
    ds.SliceVector = [int(value) + 1 for value in place]
    ds.NumberOfRRIntervals, ds.NumberOfTimeSlots, ds.NumberOfSlices = 1, gates, slices
    ds.PixelSpacing = [spect.row_spacing_mm, spect.column_spacing_mm]
    ds.SliceThickness = ds.SpacingBetweenSlices = spect.slice_spacing_mm
    data = Dataset()
    if spect.rr_s is not None:
        data.FrameTime = 1e3 * spect.rr_s / gates
        data.NominalInterval = round(1e3 * spect.rr_s)
    gated = Dataset()
    gated.DataInformationSequence = Sequence([data])
    ds.GatedInformationSequence = Sequence([gated])
    detector = Dataset()
    if spect.geometry is not None and spect.slice_step_mm is not None:
        g = spect.geometry
        detector.ImagePositionPatient = [float(f"{value:.8g}") for value in g.origin_mm]
        detector.ImageOrientationPatient = [float(f"{value:.10g}") for value in (*g.column_direction, *g.row_direction)]
        if g.normal @ spect.slice_step_mm < 0.0:
            ds.SpacingBetweenSlices = -spect.slice_spacing_mm
    ds.DetectorInformationSequence = Sequence([detector])
    if spect.apex_end is not None:
        ds.SliceProgressionDirection = "BASE_TO_APEX" if spect.apex_end == "last" else "APEX_TO_BASE"
    ds.RescaleSlope, ds.RescaleIntercept = counts.max() / 60000.0, 0.0
    ds.RescaleSlope = float(f"{float(ds.RescaleSlope):.8g}")
    stored = np.round(counts[slot, place] / float(ds.RescaleSlope)).astype("<u2")
    ds.PixelData = stored.tobytes()
    ds["PixelData"].VR = "OW"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    ds.file_meta.MediaStorageSOPClassUID = NM_IMAGE
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = "1.2.3.4"
    return ds


def dicom_bytes(ds: Any) -> bytes:
    """Return the bytes of a file with preamble."""
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


def write_nifti(spect: GatedSpect, path: Path, *, unit: str = "msec") -> None:
    """Write the slices as 4-D NIfTI with their place (RAS) and the duration of a gate."""
    voxels = np.asarray(spect.counts, dtype=np.float32).transpose(3, 2, 1, 0)
    affine = np.eye(4)
    if spect.geometry is not None and spect.slice_step_mm is not None:
        g = spect.geometry
        affine[:3, 0] = g.column_direction * g.column_spacing_mm
        affine[:3, 1] = g.row_direction * g.row_spacing_mm
        affine[:3, 2] = spect.slice_step_mm
        affine[:3, 3] = g.origin_mm
        affine[:2] *= -1.0
    else:
        affine[:3, :3] = np.diag([spect.column_spacing_mm, spect.row_spacing_mm, spect.slice_spacing_mm])
    image = nibabel.nifti1.Nifti1Image(voxels, affine)
    image.header.set_xyzt_units("mm", unit)
    step = 0.0 if spect.rr_s is None else spect.rr_s / spect.gates * {"sec": 1.0, "msec": 1e3}[unit]
    image.header.set_zooms((*image.header.get_zooms()[:3], step))
    nibabel.save(image, path)


def polar_csv(polar: PolarCounts) -> str:
    """Return the samples as a table."""
    lines = [] if polar.rr_s is None else [f"# rr_ms: {1e3 * polar.rr_s:g}"]
    lines.append(",".join(["sample", "level", "angle", *(f"g{gate}" for gate in range(polar.gates))]))
    for number, (level, angle, row) in enumerate(zip(polar.level, polar.angle_deg, polar.counts, strict=True), 1):
        lines.append(",".join([str(number), f"{level:.5f}", f"{angle:.3f}", *(f"{value:.4f}" for value in row)]))
    return "\n".join(lines) + "\n"
