"""One DICOM file as frames with their place and time: single-frame and enhanced multi-frame MR."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.dicom_content import FORMAT, number, number_list, sequence, text
from resynchro.formats.dicom_pixels import dicom_pixels, image_size
from resynchro.formats.slice_geometry import checked_geometry
from resynchro.record.slices import ImageArray, SliceGeometry

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomFrame:
    """One frame.

    Attributes
    ----------
    frame_of_reference, series
        UIDs; only frames of one frame of reference can be put together in space.
    kind
        What must be equal for frames to belong to one acquisition: matrix, spacing, echo time, magnitude or phase,
        inversion.
    pixels
        Shape (rows, columns).
    trigger_ms
        Time after the R wave [ms]; None where not stated.
    order
        Temporal position, instance number and acquisition time: fall-backs for the order in time.
    rr_nominal_ms
        RR interval that the scanner states [ms].
    name
        Series description.
    """

    frame_of_reference: str
    series: str
    kind: tuple[str | int | float, ...]
    geometry: SliceGeometry
    pixels: ImageArray
    trigger_ms: float | None
    order: tuple[float | None, float | None, float | None]
    rr_nominal_ms: float | None
    name: str
    digest: str


def dicom_frames(dataset: Dataset, digest: str) -> tuple[DicomFrame, ...]:
    """Return the frames of one file.

    Parameters
    ----------
    dataset
        From `open_dicom`.
    digest
        SHA-256 of the file.

    Raises
    ------
    InputError
        When the file is no image, or place, orientation or pixel spacing are missing (the message says which).
    """
    count, rows, columns = image_size(dataset)
    shared = sequence(dataset, "SharedFunctionalGroupsSequence")[:1]
    per_frame = sequence(dataset, "PerFrameFunctionalGroupsSequence")
    if count > 1 and len(per_frame) != count:
        raise InputError(
            f"{FORMAT}: the file holds {count} frames but states the place of {len(per_frame)} (an old multi-frame "
            "image without PixelSpacing, position and times per frame?); export enhanced MR or one file per frame"
        )
    groups = per_frame if count == len(per_frame) else []
    # Everything that can be refused is refused before the pixels are unpacked.
    places = [_geometry([*groups[index : index + 1], *shared, dataset]) for index in range(count)]
    pixels = dicom_pixels(dataset)
    frames = []
    for index, geometry in enumerate(places):
        nested = groups[index : index + 1]
        frames.append(
            DicomFrame(
                frame_of_reference=text(dataset, "FrameOfReferenceUID") or "",
                series=text(dataset, "SeriesInstanceUID") or "",
                kind=_kind(dataset, geometry, (rows, columns)),
                geometry=geometry,
                pixels=_rescaled(pixels[index], [*nested, *shared, dataset]),
                trigger_ms=_trigger_ms([*nested, *shared, dataset]),
                order=_order(dataset, nested, index if count > 1 else None),
                rr_nominal_ms=_rr_nominal_ms([*nested, *shared, dataset]),
                name=text(dataset, "SeriesDescription") or "",
                digest=digest,
            )
        )
    return tuple(frames)


def _first(groups: list[Dataset], keyword: str, macro: str | None = None) -> tuple[float, ...]:
    """Return numbers of an element from the first place that has it: the frame's groups, the shared ones, the top."""
    for group in groups:
        for place in (*(sequence(group, macro) if macro else ()), group):
            found = number_list(place, keyword)
            if found:
                return found
    return ()


def _geometry(groups: list[Dataset]) -> SliceGeometry:
    position = _first(groups, "ImagePositionPatient", "PlanePositionSequence")
    orientation = _first(groups, "ImageOrientationPatient", "PlaneOrientationSequence")
    spacing = _first(groups, "PixelSpacing", "PixelMeasuresSequence")
    found = {
        "PixelSpacing (0028,0030)": len(spacing) == 2 and min(spacing) > 0,
        "ImagePositionPatient (0020,0032)": len(position) == 3,
        "ImageOrientationPatient (0020,0037)": len(orientation) == 6,
    }
    if not all(found.values()):
        lacking = ", ".join(name for name, there in found.items() if not there)
        raise InputError(
            f"{FORMAT}: the image lacks {lacking}: without it no length, area or volume can be measured; export the "
            "original series from the scanner or the archive"
        )
    return checked_geometry(
        np.array(position), np.array(orientation[:3]), np.array(orientation[3:]), (spacing[0], spacing[1])
    )


def _kind(dataset: Dataset, geometry: SliceGeometry, size: tuple[int, int]) -> tuple[str | int | float, ...]:
    image_type = (text(dataset, "ImageType") or "").split("'")
    phase = "P" if "P" in image_type or "VELOCITY" in image_type or "PHASE" in image_type else "M"
    echo = number(dataset, "EchoTime")
    return (
        *size,
        round(geometry.row_spacing_mm, 3),
        round(geometry.column_spacing_mm, 3),
        -1.0 if echo is None else round(echo, 1),
        phase,
        "inversion" if number(dataset, "InversionTime") else "",
    )


def _rescaled(pixels: ImageArray, groups: list[Dataset]) -> ImageArray:
    slope = (_first(groups, "RescaleSlope", "PixelValueTransformationSequence") or (1.0,))[0]
    intercept = (_first(groups, "RescaleIntercept", "PixelValueTransformationSequence") or (0.0,))[0]
    if slope == 0.0 or not (math.isfinite(float(np.float32(slope))) and math.isfinite(float(np.float32(intercept)))):
        slope, intercept = 1.0, 0.0
    return (pixels * np.float32(slope) + np.float32(intercept)).astype(np.float32)


def _trigger_ms(groups: list[Dataset]) -> float | None:
    stated = _first(groups, "TriggerTime") or _first(
        groups, "NominalCardiacTriggerDelayTime", "CardiacSynchronizationSequence"
    )
    return stated[0] if stated else None


def _rr_nominal_ms(groups: list[Dataset]) -> float | None:
    stated = _first(groups, "NominalInterval") or _first(
        groups, "RRIntervalTimeNominal", "CardiacSynchronizationSequence"
    )
    if stated and stated[0] > 0:
        return stated[0]
    rate = _first(groups, "HeartRate")
    return 60_000.0 / rate[0] if rate and rate[0] > 0 else None


def _order(
    dataset: Dataset, nested: list[Dataset], index: int | None
) -> tuple[float | None, float | None, float | None]:
    temporal = _first(nested, "TemporalPositionIndex", "FrameContentSequence") or number_list(
        dataset, "TemporalPositionIdentifier"
    )
    instance = number(dataset, "InstanceNumber") if index is None else float(index)
    return (temporal[0] if temporal else None, instance, number(dataset, "AcquisitionTime"))
