"""Gated short-axis slices of the heart in a multi-frame DICOM nuclear-medicine image."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.dicom_content import FORMAT, number, number_list, open_dicom, sequence, text
from resynchro.formats.dicom_pixels import dicom_pixels, image_size
from resynchro.formats.file_bytes import read_bytes, sha256_of
from resynchro.formats.gated_stack import GATES_RANGE, checked_counts
from resynchro.record.finding import Finding
from resynchro.record.gated_spect import ApexEnd, BoolArray, GatedSpect, IntArray
from resynchro.record.slices import FloatArray, ImageArray, SliceGeometry

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_NM_IMAGE: Final = "1.2.840.10008.5.1.4.1.1.20"
#: What each vector of a reconstructed gated image counts (DICOM PS3.3, NM Multi-frame module).
_VECTORS: Final = {"slot": "TimeSlotVector", "slice": "SliceVector", "rr": "RRIntervalVector"}
#: Vectors that only projections have: RotationVector and AngularViewVector.
_OF_PROJECTIONS: Final = frozenset({0x00540050, 0x00540090})


def read_dicom_nm(path: Path) -> GatedSpect:
    """Read reconstructed gated short-axis slices.

    Parameters
    ----------
    path
        A DICOM nuclear-medicine image of type ``RECON GATED TOMO``.

    Returns
    -------
    GatedSpect
        Slices in the order of the file. The frames are ordered by the time-slot and slice vectors, never by their
        place.

    Raises
    ------
    InputError
        When it is no such image (projections, ungated, another modality), when vectors, sizes or spacings are missing
        or contradict each other, or when the pixels are damaged or claim more than is unpacked.
    """
    content = read_bytes(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom remarks on every UID and text that bends the standard
        dataset = open_dicom(content)
        _check_kind(dataset)
        frames, _, _ = image_size(dataset)
        slots, slices, windows, findings = _order(dataset, frames)
        gates, n_slices = int(slots.max()), int(slices.max())
        pixels = _rescaled(dataset, dicom_pixels(dataset))
        chosen = _fullest_window(windows, pixels)
        if gates * n_slices > frames:
            raise InputError(
                f"{FORMAT}: {gates} gates x {n_slices} slices are more than the {frames} frames; the vectors are "
                "damaged"
            )
        counts = np.full((gates, n_slices, *pixels.shape[1:]), np.nan, dtype=np.float32)
        counts[slots[chosen] - 1, slices[chosen] - 1] = pixels[chosen]
        if np.isnan(counts[:, :, 0, 0]).any():
            raise InputError(
                f"{FORMAT}: the time-slot and slice vectors do not name every one of {gates} gates x {n_slices} "
                "slices; the file is damaged, export it again"
            )
        spacing_mm = _spacing_mm(dataset)
        geometry, step_mm = _geometry(dataset, spacing_mm)
        rr_s, coverage = _beat(dataset, gates)
        counts, more = checked_counts(counts)
        return GatedSpect(
            counts=counts,
            slice_spacing_mm=abs(spacing_mm[0]),
            row_spacing_mm=spacing_mm[1],
            column_spacing_mm=spacing_mm[2],
            file=str(path),
            format="DICOM NM",
            sha256=sha256_of(content),
            rr_s=rr_s,
            coverage=coverage,
            geometry=geometry,
            slice_step_mm=step_mm,
            apex_end=_apex_end(dataset),
            findings=(*findings, *more),
        )


def _check_kind(dataset: Dataset) -> None:
    """Refuse what is no reconstructed gated tomogram, in words that say what it is."""
    modality = (text(dataset, "Modality") or "not stated")[:16]
    if text(dataset, "SOPClassUID") != _NM_IMAGE and modality != "NM":
        raise InputError(
            f"{FORMAT}: modality {modality}; a nuclear-medicine image (NM) with gated short-axis slices is needed"
        )
    image_type = _image_type(dataset)
    pointer = _pointer(dataset)
    if image_type == "GATED TOMO" or _OF_PROJECTIONS & pointer:
        raise InputError(
            f"{FORMAT}: the file holds gated projections (type {image_type or 'not stated'}), not slices; "
            "reconstruct them "
            "and reorient to the short axis on the workstation, then export the gated short-axis slices"
        )
    if image_type and image_type != "RECON GATED TOMO":
        gated = "not gated" if "GATED" not in image_type else "not tomographic"
        raise InputError(
            f"{FORMAT}: the image type is {image_type[:32]} ({gated}); gated short-axis slices (RECON GATED TOMO) "
            "are needed"
        )
    if not pointer and not number_list(dataset, "TimeSlotVector"):
        raise InputError(
            f"{FORMAT}: nothing says which frame is which gate (no FrameIncrementPointer, no TimeSlotVector); export "
            "the gated short-axis slices as one multi-frame file"
        )


def _image_type(dataset: Dataset) -> str:
    try:
        parts = [str(part).strip().upper() for part in dataset.ImageType] if "ImageType" in dataset else []
    except Exception:  # damaged elements raise errors of many kinds, see dicom_content
        parts = []
    return parts[2] if len(parts) >= 3 else ""


def _pointer(dataset: Dataset) -> frozenset[int]:
    """Return the tags that count the frames; empty where they are missing or damaged."""
    try:
        found = dataset.FrameIncrementPointer if "FrameIncrementPointer" in dataset else None
        return frozenset(
            int(tag) for tag in (found if isinstance(found, Iterable) else () if found is None else (found,))
        )
    except Exception:  # damaged elements raise errors of many kinds, see dicom_content
        return frozenset()


def _order(dataset: Dataset, frames: int) -> tuple[IntArray, IntArray, IntArray, tuple[Finding, ...]]:
    """Return time slot and slice of every frame (from 1), the RR window of every frame, and what was assumed."""
    vectors = {name: number_list(dataset, keyword) for name, keyword in _VECTORS.items()}
    findings: tuple[Finding, ...] = ()
    if not vectors["slot"] and not vectors["slice"]:
        gates, slices = number(dataset, "NumberOfTimeSlots") or 0.0, number(dataset, "NumberOfSlices") or 0.0
        if not gates or gates * slices != frames or gates != int(gates):
            raise InputError(
                f"{FORMAT}: the file has no time-slot and slice vectors, and {gates:g} gates x {slices:g} slices are "
                f"not its {frames} frames; export it again"
            )
        vectors["slot"] = tuple(1.0 + frame // int(slices) for frame in range(frames))
        vectors["slice"] = tuple(1.0 + frame % int(slices) for frame in range(frames))
        message = "the file has no time-slot and slice vectors; frames were taken gate by gate, slices running fastest"
        findings = (Finding(code="frame-order-assumed", message=message),)
    vectors["rr"] = vectors["rr"] or (1.0,) * frames
    ordered = {}
    for name, values in vectors.items():
        if len(values) != frames:
            raise InputError(
                f"{FORMAT}: {_VECTORS[name]} has {len(values)} values for {frames} frames; the file is damaged, "
                "export it again"
            )
        array = np.array(values)
        if (array < 1).any() or (array > frames).any() or (array != np.round(array)).any():
            raise InputError(f"{FORMAT}: {_VECTORS[name]} holds numbers outside 1 to {frames}; the file is damaged")
        ordered[name] = array.astype(np.int64)
    slots, slices_of, windows = ordered["slot"], ordered["slice"], ordered["rr"]
    for keyword, found in (("NumberOfTimeSlots", slots.max()), ("NumberOfSlices", slices_of.max())):
        stated = number(dataset, keyword)
        if stated is not None and stated != found:
            raise InputError(
                f"{FORMAT}: {keyword} says {stated:g} and the vectors count to {found}; the file is damaged, export "
                "it again"
            )
    low, high = GATES_RANGE
    if not low <= slots.max() <= high:
        raise InputError(f"{FORMAT}: {slots.max()} gates; {low} to {high} are read, 8 or 16 are usual")
    places = np.stack([windows, slots, slices_of])
    if np.unique(places, axis=1).shape[1] != frames:
        raise InputError(f"{FORMAT}: the vectors name a gate and slice twice; the file is damaged, export it again")
    if len(np.unique(windows)) > 1:
        message = (
            f"the file holds {len(np.unique(windows))} ranges of beat lengths; the one with the most counts was read"
        )
        findings += (Finding(code="several-rr-windows", message=message),)
    return slots, slices_of, windows, findings


def _fullest_window(windows: IntArray, pixels: ImageArray) -> BoolArray:
    """Return which frames belong to the range of beat lengths with the most counts."""
    totals = pixels.sum(axis=(1, 2), dtype=np.float64)
    fullest = max(np.unique(windows), key=lambda window: float(totals[windows == window].sum()))
    return np.asarray(windows == fullest)


def _rescaled(dataset: Dataset, pixels: ImageArray) -> ImageArray:
    slope, intercept = number(dataset, "RescaleSlope"), number(dataset, "RescaleIntercept")
    if slope is None or slope <= 0.0:
        return pixels
    with np.errstate(over="ignore"):
        return np.asarray(pixels * np.float32(slope) + np.float32(intercept or 0.0), dtype=np.float32)


def _spacing_mm(dataset: Dataset) -> tuple[float, float, float]:
    """Return the spacing of slices (signed as stated), rows and columns [mm]."""
    in_plane = number_list(dataset, "PixelSpacing")
    between = number(dataset, "SpacingBetweenSlices")
    if between is None or between == 0.0:
        between = number(dataset, "SliceThickness")
    if len(in_plane) != 2 or between is None:
        raise InputError(
            f"{FORMAT}: PixelSpacing or SpacingBetweenSlices is missing; without them nothing can be measured"
        )
    for name, value in (("rows", in_plane[0]), ("columns", in_plane[1]), ("slices", abs(between))):
        if not 0.5 <= value <= 20.0:
            raise InputError(f"{FORMAT}: {name} lie {value:g} mm apart, allowed are 0.5 to 20: the file is damaged")
    return between, in_plane[0], in_plane[1]


def _geometry(
    dataset: Dataset, spacing_mm: tuple[float, float, float]
) -> tuple[SliceGeometry | None, FloatArray | None]:
    """Return the place of the first slice and the step to the next; None where the file does not state them."""
    places = [*sequence(dataset, "DetectorInformationSequence")[:1], dataset]
    cosines = next((found for place in places if len(found := number_list(place, "ImageOrientationPatient")) == 6), ())
    origin = next((found for place in places if len(found := number_list(place, "ImagePositionPatient")) == 3), ())
    if not cosines:
        return None, None
    column, row = np.array(cosines[:3]), np.array(cosines[3:])
    if abs(np.linalg.norm(column) - 1) > 0.02 or abs(np.linalg.norm(row) - 1) > 0.02 or abs(column @ row) > 0.02:
        return None, None
    geometry = SliceGeometry(
        origin_mm=np.array(origin if origin else (0.0, 0.0, 0.0)),
        column_direction=column,
        row_direction=row,
        row_spacing_mm=spacing_mm[1],
        column_spacing_mm=spacing_mm[2],
    )
    # The spacing between slices of nuclear-medicine images may be negative: then they run against the normal.
    return geometry, geometry.normal * spacing_mm[0]


def _apex_end(dataset: Dataset) -> ApexEnd | None:
    for place in (dataset, *sequence(dataset, "DetectorInformationSequence")[:1]):
        direction = (text(place, "SliceProgressionDirection") or "").upper()
        if direction in ("APEX_TO_BASE", "BASE_TO_APEX"):
            return "first" if direction == "APEX_TO_BASE" else "last"
    return None


def _beat(dataset: Dataset, gates: int) -> tuple[float | None, float | None]:
    """Return the length of the beat [s] and the share of it that the gates cover, as far as the file says."""
    data = [
        item
        for gated in sequence(dataset, "GatedInformationSequence")
        for item in sequence(gated, "DataInformationSequence")
    ]
    places = [*data[:1], dataset]
    frame_ms = next((found for place in places if (found := number(place, "FrameTime"))), None)
    rr_ms = next((found for place in places if (found := number(place, "NominalInterval"))), None)
    if rr_ms is None:
        rate = number(dataset, "HeartRate")
        rr_ms = 60e3 / rate if rate else None
    gated_ms = None if frame_ms is None else frame_ms * gates
    if rr_ms is None:
        rr_ms = gated_ms
    if rr_ms is None or not 250.0 <= rr_ms <= 3000.0:
        return None, None
    coverage = None if gated_ms is None or not 0.3 <= gated_ms / rr_ms <= 1.5 else gated_ms / rr_ms
    return rr_ms / 1e3, coverage
