"""The slices of a late-enhancement examination with their masks, checked and brought together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError, MeasurementError
from resynchro.imaging.segment_geometry import (
    ShortAxisFrame,
    apex_direction,
    circumference_share,
    insertions_from_labels,
    mask_centre,
    short_axis_frames,
    slice_levels,
    wall_mask,
)
from resynchro.record.finding import Finding
from resynchro.record.segments import Level
from resynchro.record.slices import CineStack, FloatArray, LabelSlice, LabelStack, SliceGeometry

BoolArray = NDArray[np.bool_]
#: One angle on the screen for all slices [deg], or (row, column) by number of the slice, counted from 0.
AnteriorInsertion = float | Mapping[int, tuple[float, float]]

#: Image and mask belong together when their planes are this close [mm] and their directions this alike (cosine).
_SAME_PLACE_MM, _SAME_DIRECTION = 1.0, 0.999
#: Share of the circumference that must have wall for a closed ring; at the base half is enough for a level.
_CLOSED_RING, _LEAST_RING = 0.95, 0.5
_FEWEST_WALL_PIXELS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedSlice:
    """One slice with wall.

    Attributes
    ----------
    number
        Position in the label stack, counted from 0.
    wall, cavity
        Shape (rows, columns). Wall holds healthy myocardium, scar and no-reflow.
    labelled_scar
        Scar and no-reflow as labelled, or None when the convention has no label for them.
    image
        Late-enhancement image as stored, or None.
    frame
        Where angles count from, or None when the insertions are not known.
    level
        None for slices outside of the ventricle's length.
    """

    number: int
    geometry: SliceGeometry
    wall: BoolArray
    cavity: BoolArray
    labelled_scar: BoolArray | None
    image: FloatArray | None
    frame: ShortAxisFrame | None
    level: Level | None

    @property
    def centre(self) -> FloatArray:
        """Centre of the cavity, or of the wall where there is none, (row, column)."""
        return mask_centre(self.cavity if self.cavity.any() else self.wall)

    def screen_angles_deg(self) -> FloatArray:
        """Return the angles of the wall's pixels as seen on the screen, counter-clockwise from the right [deg]."""
        rows, columns = np.nonzero(self.wall)
        centre = self.centre
        up = -(rows - centre[0]) * self.geometry.row_spacing_mm
        right = (columns - centre[1]) * self.geometry.column_spacing_mm
        return np.asarray(np.degrees(np.arctan2(up, right)) % 360.0)


def masked_slices(
    labels: LabelStack, images: CineStack | None, anterior_insertion: AnteriorInsertion | None
) -> tuple[tuple[MaskedSlice, ...], str | None, list[Finding]]:
    """Bring labels, images and insertions together.

    Parameters
    ----------
    labels
        One phase per slice.
    images
        Still images of the same slices, or None to use the labels alone.
    anterior_insertion
        Used instead of the right ventricle's label when given.

    Returns
    -------
    tuple
        Slices with wall in order of position; why there are no frames (None when there are); findings.

    Raises
    ------
    InputError
        When labels and images do not belong together, cavity and wall are swapped, or there is no wall or no cavity.
    """
    _check_phases(labels, images)
    planes = [item.labels[0] for item in labels.slices]
    walls = [wall_mask(plane, labels.convention) for plane in planes]
    cavities = [plane == labels.convention.cavity for plane in planes]
    _check_masks(walls, cavities, labels)
    kept = [index for index, wall in enumerate(walls) if int(wall.sum()) >= _FEWEST_WALL_PIXELS]
    geometries = [item.geometry for item in labels.slices]
    towards_apex = apex_direction(
        geometries,
        [float(cavity.sum()) * geometry.pixel_area_mm2 for cavity, geometry in zip(cavities, geometries, strict=True)],
    )
    frames, reason = _frames(labels, kept, anterior_insertion, towards_apex)
    ring = [circumference_share(planes[index], labels.convention, geometries[index]) for index in kept]
    levels = slice_levels(
        [geometries[index] for index in kept],
        [share >= _LEAST_RING for share in ring],
        [True] * len(kept),
        towards_apex,
    )
    findings = _ring_findings(kept, ring, [cavities[index] for index in kept])
    slices = tuple(
        MaskedSlice(
            number=index,
            geometry=geometries[index],
            wall=walls[index],
            cavity=cavities[index],
            labelled_scar=_labelled_scar(labels, planes[index]),
            image=None if images is None else _image_of(labels.slices[index], index, images),
            frame=None if frames is None else frames[place],
            level=levels[place],
        )
        for place, index in enumerate(kept)
    )
    if frames is not None and any(frame.borrowed for frame in frames):
        findings.append(
            Finding(
                code="insertion-borrowed",
                message="some slices show no right-ventricular insertion and take it from the nearest slice",
            )
        )
    return slices, reason, findings


def _check_phases(labels: LabelStack, images: CineStack | None) -> None:
    for item in labels.slices:
        if item.labels.shape[0] != 1:
            raise InputError(
                f"the masks hold {item.labels.shape[0]} phases, late enhancement has one: choose the masks drawn on it"
            )
    for plane in () if images is None else images.slices:
        if plane.frames.shape[0] != 1:
            raise InputError(
                f"the images hold {plane.frames.shape[0]} frames per slice, late enhancement has one: is this the cine?"
            )


def _check_masks(walls: list[BoolArray], cavities: list[BoolArray], labels: LabelStack) -> None:
    if not any(int(wall.sum()) >= _FEWEST_WALL_PIXELS for wall in walls):
        raise InputError(
            f"the masks hold no slice with {_FEWEST_WALL_PIXELS} pixels of myocardium (label "
            f"{labels.convention.myocardium}); check the label map"
        )
    if not any(cavity.any() for cavity in cavities):
        raise InputError(
            f"the masks hold no cavity (label {labels.convention.cavity}); thickness and blood need it: check the "
            "label map, for example cavity=1,myocardium=2,scar=3"
        )
    outside = inside = 0
    for wall, cavity in zip(walls, cavities, strict=True):
        if wall.any() and cavity.any():
            centre = mask_centre(wall | cavity)
            far_wall, far_cavity = (float(np.hypot(*(np.argwhere(mask) - centre).T).mean()) for mask in (wall, cavity))
            inside, outside = inside + (far_cavity < far_wall), outside + (far_cavity >= far_wall)
    if outside > inside:
        raise InputError(
            "the cavity lies outside of the myocardium in most slices: are their labels swapped? check the label map"
        )


def _labelled_scar(labels: LabelStack, plane: NDArray[np.uint8]) -> BoolArray | None:
    convention = labels.convention
    numbers = [number for number in (convention.scar, convention.no_reflow) if number is not None]
    return np.isin(plane, numbers) if numbers else None


def _image_of(item: LabelSlice, index: int, images: CineStack) -> FloatArray:
    """Return the image in the plane of a label slice."""
    for plane in images.slices:
        one, other = item.geometry, plane.geometry
        shift = float(np.abs(one.origin_mm - other.origin_mm).max())
        alike = min(
            float(one.row_direction @ other.row_direction), float(one.column_direction @ other.column_direction)
        )
        if shift <= _SAME_PLACE_MM and alike >= _SAME_DIRECTION:
            _check_grid(item, plane.frames.shape[1:], other, index)
            image = np.asarray(plane.frames[0], dtype=float)
            if not np.all(np.isfinite(image)):
                raise InputError(f"slice {index + 1} of the images holds values that are no numbers; export it again")
            return image
    raise InputError(
        f"slice {index + 1} of the masks lies in the plane of no image ({len(images.slices)} images): the masks belong "
        "to another series, or their geometry was lost when they were saved"
    )


def _check_grid(item: LabelSlice, shape: tuple[int, ...], geometry: SliceGeometry, index: int) -> None:
    own = item.labels.shape[1:]
    if own != shape:
        raise InputError(
            f"slice {index + 1}: the mask has {own[0]} x {own[1]} pixels, the image {shape[0]} x {shape[1]}; draw or "
            "resample the masks on the late-enhancement images"
        )
    spacing = (item.geometry.row_spacing_mm, item.geometry.column_spacing_mm)
    if not np.allclose(spacing, (geometry.row_spacing_mm, geometry.column_spacing_mm), rtol=0.01):
        raise InputError(
            f"slice {index + 1}: the pixels of the mask are {spacing[0]:.3g} x {spacing[1]:.3g} mm, those of the image "
            f"{geometry.row_spacing_mm:.3g} x {geometry.column_spacing_mm:.3g} mm; they belong to other series"
        )


def _frames(
    labels: LabelStack, kept: list[int], given: AnteriorInsertion | None, towards_apex: FloatArray
) -> tuple[tuple[ShortAxisFrame, ...] | None, str | None]:
    geometries = [labels.slices[index].geometry for index in kept]
    planes = [labels.slices[index].labels[0] for index in kept]
    centres = []
    for plane in planes:
        cavity = plane == labels.convention.cavity
        centres.append(mask_centre(cavity if cavity.any() else wall_mask(plane, labels.convention)))
    pairs: list[tuple[FloatArray, FloatArray | None] | None]
    if given is None:
        pairs = [
            insertions_from_labels(plane, labels.convention, geometry, towards_apex)
            for plane, geometry in zip(planes, geometries, strict=True)
        ]
    elif isinstance(given, Mapping):
        pairs = _given_points(given, kept, [plane.shape for plane in planes], len(labels.slices))
    else:
        if not -360.0 <= given <= 360.0:
            raise InputError(f"the angle of the anterior insertion must lie in [-360, 360] degrees, got {given:g}")
        pairs = [
            (centre + _step(float(given), geometry), None) for centre, geometry in zip(centres, geometries, strict=True)
        ]
    try:
        return short_axis_frames(geometries, centres, pairs, towards_apex), None
    except MeasurementError:
        return None, (
            "the masks hold no right ventricle, so nobody knows where the segments begin; give the anterior "
            "right-ventricular insertion (--anterior-insertion)"
        )


def _step(screen_deg: float, geometry: SliceGeometry) -> FloatArray:
    """Return the step of 30 mm in a direction on the screen, (row, column)."""
    angle = np.radians(screen_deg)
    return np.array(
        [-30.0 * np.sin(angle) / geometry.row_spacing_mm, 30.0 * np.cos(angle) / geometry.column_spacing_mm]
    )


def _given_points(
    given: Mapping[int, tuple[float, float]], kept: list[int], shapes: list[tuple[int, ...]], count: int
) -> list[tuple[FloatArray, FloatArray | None] | None]:
    pairs: list[tuple[FloatArray, FloatArray | None] | None] = [None] * len(kept)
    for number, (row, column) in given.items():
        if number not in kept:
            raise InputError(
                f"an insertion is given for slice {number + 1}, which has no wall; the masks hold {count} slices, with "
                f"wall: {', '.join(str(index + 1) for index in kept)}"
            )
        place = kept.index(number)
        rows, columns = shapes[place]
        if not (0.0 <= row < rows and 0.0 <= column < columns):
            raise InputError(
                f"the insertion ({row:g}, {column:g}) lies outside of slice {number + 1} ({rows} x {columns} pixels)"
            )
        pairs[place] = (np.array([row, column], dtype=float), None)
    return pairs


def _ring_findings(kept: list[int], ring: list[float], cavities: list[BoolArray]) -> list[Finding]:
    open_at = [
        str(index + 1)
        for index, share, cavity in zip(kept, ring, cavities, strict=True)
        if cavity.any() and share < _CLOSED_RING
    ]
    if not open_at:
        return []
    return [
        Finding(
            code="open-ring",
            message=(
                f"the wall is not closed around the cavity in slice {', '.join(open_at)}: chords are left out where "
                "there is no wall"
            ),
        )
    ]
