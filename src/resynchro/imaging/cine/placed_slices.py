"""Short-axis slices with their place in the ventricle: level, direction of the septum, ring of wall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from resynchro.errors import MeasurementError
from resynchro.imaging.cine.area_curves import LEAST_WALL_SHARE, wall_share
from resynchro.imaging.mask_contours import polygon_area_mm2, polygon_centre
from resynchro.imaging.segment_geometry import ShortAxisFrame, apex_direction, short_axis_frames, slice_levels
from resynchro.record.finding import Finding
from resynchro.record.segments import Level
from resynchro.record.slices import ContourStack, FloatArray, LvContours


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedSlice:
    """One short-axis slice in its place.

    Attributes
    ----------
    index
        Number in the stack of contours, from 0.
    contours
        Its contours.
    level
        ``basal``, ``mid``, ``apical``; None for slices without a ring of wall at end-diastole.
    frame
        Where angles count from.
    """

    index: int
    contours: LvContours
    level: Level | None
    frame: ShortAxisFrame


def placed_slices(contours: ContourStack, ed_frame: int) -> tuple[tuple[PlacedSlice, ...], tuple[Finding, ...]]:
    """Find the level of every slice and the directions of its segments.

    Parameters
    ----------
    contours
        With insertions of the right ventricle in at least one slice.
    ed_frame
        End-diastolic frame.

    Returns
    -------
    tuple of PlacedSlice, tuple of Finding
        Slices with a left-ventricular contour at end-diastole, in the order of the stack.

    Raises
    ------
    MeasurementError
        When no slice has insertions, or no contour is drawn at end-diastole.
    """
    there = [
        (index, item)
        for index, item in enumerate(contours.slices)
        if item.endo[ed_frame] is not None or item.epi[ed_frame] is not None
    ]
    if not there:
        raise MeasurementError(f"no contour is drawn in the end-diastolic frame {ed_frame + 1}")
    geometries = [item.geometry for _, item in there]
    centres = [_centre(item, ed_frame) for _, item in there]
    cavity = [_area(item.endo[ed_frame], item) for _, item in there]
    towards_apex = _towards_apex(contours, ed_frame, apex_direction(geometries, cavity))
    insertions = [
        None if item.anterior_insertion is None else (item.anterior_insertion, item.inferior_insertion)
        for _, item in there
    ]
    frames = short_axis_frames(geometries, centres, insertions, towards_apex)
    has_wall = [item.epi[ed_frame] is not None for _, item in there]
    ring = [
        wall and area > 0.0 and wall_share(item, ed_frame) >= LEAST_WALL_SHARE
        for (_, item), wall, area in zip(there, has_wall, cavity, strict=True)
    ]
    levels = slice_levels(geometries, ring, has_wall, towards_apex)
    borrowed = [str(index + 1) for (index, _), frame in zip(there, frames, strict=True) if frame.borrowed]
    findings: tuple[Finding, ...] = ()
    if borrowed:
        message = (
            f"slices {', '.join(borrowed)} show no right ventricle; their segments count from the nearest slice that "
            "does"
        )
        findings = (Finding(code="insertions-borrowed", message=message),)
    placed = tuple(
        PlacedSlice(index=index, contours=item, level=level, frame=frame)
        for (index, item), level, frame in zip(there, levels, frames, strict=True)
    )
    return placed, findings


def _centre(item: LvContours, frame: int) -> FloatArray:
    polygon = item.endo[frame] if item.endo[frame] is not None else item.epi[frame]
    assert polygon is not None  # by the choice of the slices
    return polygon_centre(polygon)


def _area(polygon: FloatArray | None, item: LvContours) -> float:
    return 0.0 if polygon is None else polygon_area_mm2(polygon, item.geometry)


def _towards_apex(contours: ContourStack, frame: int, by_areas: FloatArray) -> FloatArray:
    """Return the direction along the normal from valve points to apex where both are known, else that of the areas."""
    if frame < len(contours.base_points_mm) and frame < len(contours.apex_mm):
        base, apex = contours.base_points_mm[frame], contours.apex_mm[frame]
        if apex is not None and len(base):
            return np.asarray(by_areas * np.sign(float((apex - base.mean(axis=0)) @ by_areas)))
    return by_areas
