"""From label images to contours and back, and what can be read off a polygon."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resynchro.imaging.segment_geometry import apex_direction, insertions_from_labels, wall_mask
from resynchro.record.slices import (
    ContourStack,
    FloatArray,
    LabelConvention,
    LabelSlice,
    LabelStack,
    LvContours,
    SliceGeometry,
)


def contours_from_labels(stack: LabelStack, *, end_diastole: int = 0) -> ContourStack:
    """Draw the contours of a label stack.

    Parameters
    ----------
    stack
        Labels with at least cavity and myocardium.
    end_diastole
        Frame in which the right-ventricular insertions are looked for.

    Returns
    -------
    ContourStack
        Endocardium around the cavity, epicardium around cavity and wall together, right ventricle around its blood;
        sub-pixel polygons at the half level between pixel centres. Nothing is smoothed.
    """
    convention = stack.convention
    geometries = [item.geometry for item in stack.slices]
    areas = [
        float((item.labels[_frame(item, end_diastole)] == convention.cavity).sum()) * item.geometry.pixel_area_mm2
        for item in stack.slices
    ]
    towards_apex = apex_direction(geometries, areas)
    return ContourStack(
        slices=tuple(_slice_contours(item, convention, end_diastole, towards_apex) for item in stack.slices),
        file=stack.file,
        sha256=stack.sha256,
        findings=stack.findings,
    )


def _frame(item: LabelSlice, frame: int) -> int:
    return min(frame, int(item.labels.shape[0]) - 1)


def _slice_contours(
    item: LabelSlice, convention: LabelConvention, end_diastole: int, towards_apex: FloatArray
) -> LvContours:
    endo, epi, rv = [], [], []
    for labels in item.labels:
        cavity = labels == convention.cavity
        wall = wall_mask(labels, convention)
        endo.append(outline(cavity))
        epi.append(outline(cavity | wall) if wall.any() else None)
        rv.append(None if convention.rv is None else outline(labels == convention.rv))
    found = insertions_from_labels(item.labels[_frame(item, end_diastole)], convention, item.geometry, towards_apex)
    return LvContours(
        geometry=item.geometry,
        endo=tuple(endo),
        epi=tuple(epi),
        anterior_insertion=None if found is None else found[0],
        inferior_insertion=None if found is None else found[1],
        rv=tuple(rv) if convention.rv is not None else (),
    )


def outline(mask: NDArray[np.bool_]) -> FloatArray | None:
    """Return the outline of the largest part of a mask.

    Parameters
    ----------
    mask
        Shape (rows, columns).

    Returns
    -------
    ndarray or None
        Shape (n, 2) as (row, column), the first point not repeated, read-only; None for an empty mask. The outline
        runs half-way between pixel centres inside and outside, so a single pixel is a diamond of half its area.
    """
    if not mask.any():
        return None
    from contourpy import LineType, contour_generator

    padded = np.pad(mask, 1).astype(float)
    lines = contour_generator(z=padded, line_type=LineType.Separate).lines(0.5)
    polygons = [np.asarray(line, dtype=float)[:-1, ::-1] - 1.0 for line in lines if len(line) > 3]
    largest = max(polygons, key=lambda polygon: abs(_signed_area(polygon)))
    largest.setflags(write=False)
    return largest


def polygon_area_mm2(polygon: FloatArray, geometry: SliceGeometry) -> float:
    """Return the area inside a polygon of (row, column) points [mm²]."""
    return abs(_signed_area(polygon)) * geometry.pixel_area_mm2


def polygon_centre(polygon: FloatArray) -> FloatArray:
    """Return the centre of gravity of the area inside a polygon, (row, column).

    For a polygon without area (a line) the mean of its points.
    """
    area = _signed_area(polygon)
    if abs(area) < 1e-12:
        return np.asarray(polygon.mean(axis=0), dtype=float)
    following = np.roll(polygon, -1, axis=0)
    cross = polygon[:, 0] * following[:, 1] - following[:, 0] * polygon[:, 1]
    return np.asarray(((polygon + following) * cross[:, None]).sum(axis=0) / (6.0 * area), dtype=float)


def mask_from_polygon(polygon: FloatArray, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which pixel centres lie inside a polygon (even-odd rule).

    Parameters
    ----------
    polygon
        Shape (n, 2) as (row, column).
    shape
        (rows, columns) of the mask.
    """
    mask = np.zeros(shape, dtype=bool)
    start, end = polygon, np.roll(polygon, -1, axis=0)
    columns = np.arange(shape[1])
    for row in range(max(0, int(np.floor(polygon[:, 0].min()))), min(shape[0], int(np.ceil(polygon[:, 0].max())) + 1)):
        crossing = (start[:, 0] <= row) != (end[:, 0] <= row)
        if not crossing.any():
            continue
        one, other = start[crossing], end[crossing]
        at = one[:, 1] + (row - one[:, 0]) / (other[:, 0] - one[:, 0]) * (other[:, 1] - one[:, 1])
        mask[row] = (np.sum(columns[:, None] < at[None, :], axis=1) % 2) == 1
    return mask


def radii_mm(polygon: FloatArray, centre: FloatArray, screen_rad: FloatArray, geometry: SliceGeometry) -> FloatArray:
    """Return the distance from a centre to a polygon along rays.

    Parameters
    ----------
    polygon
        Shape (n, 2) as (row, column), around `centre`.
    centre
        (row, column).
    screen_rad
        Shape (rays,), counter-clockwise from the columns' direction as on the screen [rad].

    Returns
    -------
    ndarray, shape (rays,)
        The outermost crossing of each ray [mm]; 0 where a ray meets none (the centre lies outside).
    """
    up = -(polygon[:, 0] - centre[0]) * geometry.row_spacing_mm
    right = (polygon[:, 1] - centre[1]) * geometry.column_spacing_mm
    start = np.column_stack([right, up])
    edge = np.roll(start, -1, axis=0) - start
    direction = np.column_stack([np.cos(screen_rad), np.sin(screen_rad)])
    # ray t d meets start + s edge: cross products give t and s
    denominator = direction[:, None, 0] * edge[None, :, 1] - direction[:, None, 1] * edge[None, :, 0]
    safe = np.where(np.abs(denominator) < 1e-12, 1.0, denominator)
    along = (start[None, :, 0] * edge[None, :, 1] - start[None, :, 1] * edge[None, :, 0]) / safe
    share = (start[None, :, 0] * direction[:, None, 1] - start[None, :, 1] * direction[:, None, 0]) / safe
    hit = (np.abs(denominator) >= 1e-12) & (along > 0.0) & (share >= -1e-9) & (share <= 1.0 + 1e-9)
    return np.asarray(np.where(hit, along, 0.0).max(axis=1, initial=0.0))


def _signed_area(polygon: FloatArray) -> float:
    following = np.roll(polygon, -1, axis=0)
    return 0.5 * float(np.sum(polygon[:, 0] * following[:, 1] - following[:, 0] * polygon[:, 1]))
