"""Where the segments lie in short-axis slices: centre, right-ventricular insertions, levels, angles.

Angles are display angles (`resynchro.record.segments`): counter-clockwise as seen from the apex, the anterior
right-ventricular insertion at 120 degrees. They follow from anatomy and from the direction to the apex alone, so they
do not change when an image is stored flipped, transposed or left-handed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resynchro.errors import MeasurementError
from resynchro.record.segments import (
    ANTERIOR_INSERTION_DEG,
    INFERIOR_INSERTION_DEG,
    AngleRule,
    Level,
    SegmentModel,
    segment_at,
)
from resynchro.record.slices import FloatArray, LabelArray, LabelConvention, SliceGeometry

#: Where the apex usually lies from the base: to the left, the front and the feet. Only used when a stack does not show
#: it by itself (a single slice, or areas without a trend).
_USUAL_APEX = np.array([0.62, -0.51, -0.60])
#: Right ventricle this close to the epicardium touches the septum: some masks leave a gap for its wall [mm].
_CONTACT_MM = 6.0
#: Rays for the search of the insertions.
_RAYS = 360
#: Gaps in the contact of the right ventricle with the septum that are bridged [deg].
_BRIDGED_DEG = 25
#: The least arc of contact that is a septum and not a stray label [deg].
_LEAST_CONTACT_DEG = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortAxisFrame:
    """Where angles count from in one short-axis slice.

    Attributes
    ----------
    geometry
        The slice.
    centre
        Centre of the left ventricle, (row, column).
    anterior_rad
        Angle of the anterior insertion on the screen, counter-clockwise from the columns' direction, rows down [rad].
    sense
        +1 when the slice as stored is seen from the apex, -1 when it is seen from the base.
    inferior_insertion_deg
        Display angle of the inferior insertion [deg]; 240 where it is not known.
    origin
        Where the insertions come from, in words.
    borrowed
        True when they were taken from another slice.
    """

    geometry: SliceGeometry
    centre: FloatArray
    anterior_rad: float
    sense: int
    inferior_insertion_deg: float = INFERIOR_INSERTION_DEG
    origin: str = "this slice"
    borrowed: bool = False

    @property
    def septum_arc_deg(self) -> float:
        """Angle between the insertions across the septum [deg]; 120 by definition of the model, less when dilated."""
        return (self.inferior_insertion_deg - ANTERIOR_INSERTION_DEG) % 360.0

    def display_angles_deg(self, row: ArrayLike, column: ArrayLike) -> FloatArray:
        """Return display angles in [0, 360) of pixel positions [deg]."""
        screen = screen_angles_rad(self.geometry, self.centre, row, column)
        return np.asarray((ANTERIOR_INSERTION_DEG + self.sense * np.degrees(screen - self.anterior_rad)) % 360.0)

    def screen_rad(self, display_angle_deg: FloatArray) -> FloatArray:
        """Return the angles on the screen of display angles [rad]: the inverse of `display_angles_deg`."""
        turned = np.radians(np.asarray(display_angle_deg, dtype=float) - ANTERIOR_INSERTION_DEG)
        return np.asarray(self.anterior_rad + self.sense * turned)

    def point_at(self, display_angle_deg: float, radius_mm: float) -> FloatArray:
        """Return (row, column) of the point at a display angle [deg] and a distance from the centre [mm]."""
        angle = float(self.screen_rad(np.asarray(display_angle_deg)))
        return np.array(
            [
                self.centre[0] - radius_mm * math.sin(angle) / self.geometry.row_spacing_mm,
                self.centre[1] + radius_mm * math.cos(angle) / self.geometry.column_spacing_mm,
            ]
        )


def screen_angles_rad(geometry: SliceGeometry, centre: FloatArray, row: ArrayLike, column: ArrayLike) -> FloatArray:
    """Return angles around a centre as on a screen: counter-clockwise from the columns' direction [rad]."""
    up_mm = -(np.asarray(row, dtype=float) - centre[0]) * geometry.row_spacing_mm
    right_mm = (np.asarray(column, dtype=float) - centre[1]) * geometry.column_spacing_mm
    return np.asarray(np.arctan2(up_mm, right_mm))


def apex_direction(geometries: Sequence[SliceGeometry], areas_mm2: Sequence[float]) -> FloatArray:
    """Return the unit vector from base to apex along the common normal of a stack.

    Parameters
    ----------
    geometries
        Parallel slices in order of position.
    areas_mm2
        Area of the cavity in each at one phase; 0 where there is none [mm²].

    Returns
    -------
    ndarray, shape (3,)
        Towards the end where the cavity is small (least-squares slope of the radius over position); for a stack without
        a trend towards the usual place of the apex: left, front, feet.
    """
    normal = geometries[0].normal
    position = np.array([float(geometry.origin_mm @ normal) for geometry in geometries])
    radius = np.sqrt(np.asarray(areas_mm2, dtype=float))
    if len(position) >= 2 and float(np.ptp(position)) > 0.0:
        slope = float(np.polyfit(position - position.mean(), radius, 1)[0])
        change = abs(slope) * float(np.ptp(position))
        if change > 0.1 * float(radius.max(initial=0.0)):
            return normal if slope < 0.0 else -normal
    return normal if float(normal @ _USUAL_APEX) > 0.0 else -normal


def seen_from_apex(geometry: SliceGeometry, towards_apex: FloatArray) -> int:
    """Return +1 when the slice as stored (rows down) is seen from the apex, -1 when from the base.

    The screen's viewer looks along columns x rows; seen from the apex is to look from apex to base.
    """
    return 1 if float(geometry.normal @ towards_apex) < 0.0 else -1


def short_axis_frames(
    geometries: Sequence[SliceGeometry],
    centres: Sequence[FloatArray],
    insertions: Sequence[tuple[FloatArray, FloatArray | None] | None],
    towards_apex: FloatArray,
) -> tuple[ShortAxisFrame, ...]:
    """Fix where angles count from in every slice of a stack.

    Parameters
    ----------
    geometries, centres
        Slices in order of position and the centre of the left ventricle in each, (row, column).
    insertions
        Per slice the anterior and inferior insertion as (row, column), the inferior one None when unknown; None for a
        slice without right ventricle.
    towards_apex
        From `apex_direction`.

    Returns
    -------
    tuple of ShortAxisFrame
        A slice without insertions takes its directions from the nearest slice that has them; `borrowed` says so.

    Raises
    ------
    MeasurementError
        When no slice has insertions.
    """
    own = [index for index, pair in enumerate(insertions) if pair is not None]
    if not own:
        raise MeasurementError(
            "no slice shows where the right ventricle meets the septum, so segments cannot be told apart; label the "
            "right ventricle or give the anterior insertion"
        )
    normal = geometries[0].normal
    frames = []
    for index, (geometry, centre) in enumerate(zip(geometries, centres, strict=True)):
        source = min(
            own, key=lambda other: (abs(float((geometries[other].origin_mm - geometry.origin_mm) @ normal)), other)
        )
        pair = insertions[source]
        assert pair is not None  # by the choice of `own`
        directions = [
            None if point is None else _direction(geometries[source], centres[source], point) for point in pair
        ]
        frames.append(_frame(geometry, centre, directions, towards_apex, source, index))
    return tuple(frames)


def _direction(geometry: SliceGeometry, centre: FloatArray, point: FloatArray) -> FloatArray:
    ends = geometry.to_patient(np.array([centre[0], point[0]]), np.array([centre[1], point[1]]))
    return np.asarray(ends[1] - ends[0], dtype=float)


def _frame(
    geometry: SliceGeometry,
    centre: FloatArray,
    directions: Sequence[FloatArray | None],
    towards_apex: FloatArray,
    source: int,
    index: int,
) -> ShortAxisFrame:
    angles = [
        None
        if direction is None
        else math.atan2(-float(direction @ geometry.row_direction), float(direction @ geometry.column_direction))
        for direction in directions
    ]
    sense = seen_from_apex(geometry, towards_apex)
    assert angles[0] is not None  # a pair of insertions always has the anterior one
    inferior = INFERIOR_INSERTION_DEG
    if angles[1] is not None:
        inferior = (ANTERIOR_INSERTION_DEG + sense * math.degrees(angles[1] - angles[0])) % 360.0
    return ShortAxisFrame(
        geometry=geometry,
        centre=np.asarray(centre, dtype=float),
        anterior_rad=angles[0],
        sense=sense,
        inferior_insertion_deg=inferior,
        origin="this slice" if source == index else f"slice {source + 1}, the nearest one with a right ventricle",
        borrowed=source != index,
    )


def insertions_from_labels(
    labels: LabelArray, convention: LabelConvention, geometry: SliceGeometry, towards_apex: FloatArray
) -> tuple[FloatArray, FloatArray] | None:
    """Find where the right ventricle meets the septum in one labelled slice.

    Parameters
    ----------
    labels
        Shape (rows, columns).
    convention
        Must have a label for the right ventricle, else there is nothing to find.
    towards_apex
        From `apex_direction`: it tells which end of the contact is the anterior one.

    Returns
    -------
    tuple of ndarray or None
        Anterior and inferior insertion, each (row, column) on the epicardium; None without right ventricle, or when it
        touches less than 20 degrees of the left one.

    Notes
    -----
    The contact is the set of rays from the centre of the left ventricle that meet right ventricle within 6 mm outside
    of the left ventricle's epicardium. Seen from the apex and counter-clockwise the anterior end comes first.
    """
    wall = wall_mask(labels, convention)
    inside = wall | (labels == convention.cavity)
    if convention.rv is None or not inside.any() or not (labels == convention.rv).any():
        return None
    outside = labels == convention.rv
    if convention.rv_wall is not None:
        outside |= labels == convention.rv_wall
    centre = mask_centre(labels == convention.cavity if (labels == convention.cavity).any() else inside)
    sense = seen_from_apex(geometry, towards_apex)
    # Half a step off the axes: rays along rows of pixels would round differently in a flipped image.
    angles = sense * np.radians((np.arange(_RAYS) + 0.5) * 360.0 / _RAYS)
    touching, epi = _contact(inside, outside, centre, angles, geometry)
    arc = _longest_arc(touching)
    if arc is None:
        return None
    first, last = arc
    frame = ShortAxisFrame(geometry=geometry, centre=centre, anterior_rad=0.0, sense=1)
    ends = []
    for ray in (first, last):
        degrees = ANTERIOR_INSERTION_DEG + math.degrees(float(angles[ray % _RAYS]))
        ends.append(frame.point_at(degrees, float(epi[ray % _RAYS])))
    return ends[0], ends[1]


def _contact(
    inside: NDArray[np.bool_],
    outside: NDArray[np.bool_],
    centre: FloatArray,
    angles: FloatArray,
    geometry: SliceGeometry,
) -> tuple[NDArray[np.bool_], FloatArray]:
    """Return per ray whether it meets the right ventricle beside the wall, and the radius of the epicardium [mm]."""
    step = 0.25 * min(geometry.row_spacing_mm, geometry.column_spacing_mm)
    reach = math.hypot(inside.shape[0] * geometry.row_spacing_mm, inside.shape[1] * geometry.column_spacing_mm)
    radius = np.arange(0.0, reach, step)
    row = np.rint(centre[0] - np.outer(np.sin(angles), radius) / geometry.row_spacing_mm).astype(int)
    column = np.rint(centre[1] + np.outer(np.cos(angles), radius) / geometry.column_spacing_mm).astype(int)
    there = (row >= 0) & (row < inside.shape[0]) & (column >= 0) & (column < inside.shape[1])
    row, column = np.where(there, row, 0), np.where(there, column, 0)
    wall = inside[row, column] & there
    right = outside[row, column] & there
    epi = np.where(wall.any(axis=1), radius[wall.shape[1] - 1 - np.argmax(wall[:, ::-1], axis=1)], 0.0)
    near = (radius[None, :] > epi[:, None]) & (radius[None, :] <= epi[:, None] + _CONTACT_MM)
    return (right & near).any(axis=1) & (epi > 0.0), epi


def _longest_arc(touching: NDArray[np.bool_]) -> tuple[int, int] | None:
    """Return first and last ray of the longest run around the circle, small gaps bridged; None when too short."""
    rays = np.flatnonzero(touching)
    if not rays.size:
        return None
    gaps = np.diff(np.append(rays, rays[0] + _RAYS))
    cuts = np.flatnonzero(gaps > _BRIDGED_DEG)
    if not cuts.size:
        return None  # right ventricle all around: no insertions to be found
    runs = []
    for index, cut in enumerate(cuts):
        start = int(rays[(cuts[index - 1] + 1) % rays.size])
        end = int(rays[cut])
        runs.append((start, end if end >= start else end + _RAYS))
    start, end = max(runs, key=lambda run: run[1] - run[0])
    return (start, end) if end - start >= _LEAST_CONTACT_DEG else None


def wall_mask(labels: LabelArray, convention: LabelConvention) -> NDArray[np.bool_]:
    """Return where the left ventricle's wall is: myocardium, scar and no-reflow, same shape as `labels`."""
    wall: NDArray[np.bool_] = labels == convention.myocardium
    for other in (convention.scar, convention.no_reflow):
        if other is not None:
            wall = wall | (labels == other)
    return wall


def mask_centre(mask: NDArray[np.bool_]) -> FloatArray:
    """Return the centre of gravity of a mask as (row, column).

    Raises
    ------
    MeasurementError
        For an empty mask.
    """
    rows, columns = np.nonzero(mask)
    if not rows.size:
        raise MeasurementError("the mask is empty, so it has no centre; check the label map")
    return np.array([float(rows.mean()), float(columns.mean())])


def circumference_share(labels: LabelArray, convention: LabelConvention, geometry: SliceGeometry) -> float:
    """Return the share of the circle around the cavity that has wall, 0 to 1; 0 without a cavity."""
    cavity = labels == convention.cavity
    if not cavity.any():
        return 0.0
    centre = mask_centre(cavity)
    rows, columns = np.nonzero(wall_mask(labels, convention))
    angles = np.degrees(screen_angles_rad(geometry, centre, rows, columns)) % 360.0
    return len(np.unique((angles // 5.0).astype(int))) / 72.0


def slice_levels(
    geometries: Sequence[SliceGeometry],
    full_ring: Sequence[bool],
    has_wall: Sequence[bool],
    towards_apex: FloatArray,
) -> tuple[Level | None, ...]:
    """Give every slice its level: thirds of the length that the slices with a full ring of wall span.

    Parameters
    ----------
    full_ring
        Per slice whether wall surrounds the cavity (at least half of the circumference at the base).
    has_wall
        Per slice whether it shows any wall.
    towards_apex
        From `apex_direction`.

    Returns
    -------
    tuple
        ``basal``, ``mid``, ``apical``; ``apex`` for wall without cavity past the apical end; None for the others. Each
        slice stands for its thickness, so the length is from half a spacing before the first to half after the last.
    """
    depth = np.array([float(geometry.origin_mm @ towards_apex) for geometry in geometries])
    ringed = np.asarray(full_ring, dtype=bool)
    if not ringed.any():
        return (None,) * len(depth)
    inside = np.sort(depth[ringed])
    spacing = float(np.median(np.diff(inside))) if inside.size > 1 else 1.0
    start, length = inside[0] - spacing / 2.0, inside[-1] - inside[0] + spacing
    levels: list[Level | None] = []
    for position, ring, wall in zip(depth, ringed, has_wall, strict=True):
        if ring:
            third = int(min(2.0, max(0.0, math.floor(3.0 * (position - start) / length))))
            levels.append(("basal", "mid", "apical")[third])
        elif wall and position > inside[-1]:
            levels.append("apex")
        else:
            levels.append(None)
    return tuple(levels)


def segments_of_pixels(
    mask: NDArray[np.bool_],
    frame: ShortAxisFrame,
    level: Level,
    *,
    model: SegmentModel = "aha17",
    rule: AngleRule = "rigid60",
) -> LabelArray:
    """Number every pixel of a mask with its segment.

    Parameters
    ----------
    mask
        Shape (rows, columns), usually the wall.
    frame, level
        From `short_axis_frames` and `slice_levels`.

    Returns
    -------
    ndarray of uint8
        Same shape; 0 outside of the mask, and everywhere for the apex in a model without segment 17.
    """
    numbers = np.zeros(mask.shape, dtype=np.uint8)
    if level == "apex" and model != "aha17":
        return numbers
    rows, columns = np.nonzero(mask)
    angles = frame.display_angles_deg(rows.astype(float), columns.astype(float))
    numbers[rows, columns] = segments_at_angles(angles, frame, level, model=model, rule=rule)
    return numbers


def segments_at_angles(
    display_angles_deg: FloatArray,
    frame: ShortAxisFrame,
    level: Level,
    *,
    model: SegmentModel = "aha17",
    rule: AngleRule = "rigid60",
) -> NDArray[np.uint8]:
    """Return the segment at each display angle [deg] of one slice, same shape."""
    angles = np.asarray(display_angles_deg, dtype=float)
    flat = [
        segment_at(level, float(angle), model=model, rule=rule, inferior_insertion_deg=frame.inferior_insertion_deg)
        for angle in angles.ravel()
    ]
    return np.array(flat, dtype=np.uint8).reshape(angles.shape)
