"""The sheet that the template is built on: the LV wall unrolled like a bullseye, the septum marked, triangulated.

The same sheet carries every heart of one edge length, so node numbers mean the same place in all of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import reverse_cuthill_mckee
from scipy.spatial import Delaunay, cKDTree

from resynchro.errors import InputError
from resynchro.heart.mesh import FloatArray, IndexArray
from resynchro.heart.prisms import triangles_of_quads

#: Middle of the septum, and its half-width at the base [deg]: the insertions lie at 120 and 240.
SEPTUM_CENTRE_DEG, SEPTUM_HALF_WIDTH_DEG = 180.0, 60.0
#: The right ventricle ends this far up the LV meridian (0 apex, 1 base).
RV_APEX = 0.22
#: Form of the line where the right ventricle is inserted: |s|^p + v^p = 1, s across and v down the septum.
_INSERTION_POWER = 2.6
#: The sheet's own lengths: middle of the wall of the normal template [mm].
_MERIDIAN_MM, _WIDEST_MM = 105.0, 30.5
_RV_WALL_MM, _LV_WALL_MM = 3.5, 8.0
#: The RV free wall is the septum's triangulation, stretched over the bulge: there the sheet is finer by this factor.
_SEPTUM_REFINEMENT = 0.8
EDGE_RANGE_MM = (0.9, 4.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSheet:
    """Triangulated sheet of the left ventricle.

    Attributes
    ----------
    u
        Along the meridian: 0 apex, 1 base, shape (c,).
    rotation_deg
        Display angle, shape (c,) [deg]; 0 at the apex by convention.
    triangles
        Shape (t, 3), counter-clockwise seen from outside the heart.
    septal
        Shape (t,), bool: triangles under the right ventricle's cavity.
    insertion
        Shape (r + 1, j): columns along the line of insertion from the anterior to the inferior base; row 0 bounds the
        septum, the last row is the outer side of the RV wall.
    base_rim
        Columns of the base in order of their angle, shape (b,).
    lv_layers, rv_layers
        Number of prisms across each wall.
    """

    u: FloatArray
    rotation_deg: FloatArray
    triangles: IndexArray
    septal: NDArray[np.bool_]
    insertion: IndexArray
    base_rim: IndexArray
    lv_layers: int
    rv_layers: int


def insertion_level(u: FloatArray, rotation_deg: FloatArray) -> FloatArray:
    """Return how far inside the septum a place lies: 1 amid its base, 0 on the insertion, below 0 outside."""
    across = np.abs(rotation_deg - SEPTUM_CENTRE_DEG) / SEPTUM_HALF_WIDTH_DEG
    down = np.maximum(1.0 - u, 0.0) / (1.0 - RV_APEX)
    return np.asarray(1.0 - across**_INSERTION_POWER - down**_INSERTION_POWER)


def insertion_half_width_deg(u: FloatArray) -> FloatArray:
    """Return the angle from the middle of the septum to either insertion at heights above the RV's apex [deg]."""
    down = np.maximum(1.0 - u, 0.0) / (1.0 - RV_APEX)
    return np.asarray(
        SEPTUM_HALF_WIDTH_DEG * np.maximum(1.0 - down**_INSERTION_POWER, 1e-6) ** (1.0 / _INSERTION_POWER)
    )


def _radius_mm(u: FloatArray) -> FloatArray:
    """Distance of the middle of the wall from the axis: an ellipse that narrows a little at the base."""
    return np.asarray(_WIDEST_MM * np.sin(np.pi * (0.5 + 0.07) * u) ** 0.86)


class _ConformalPlane:
    """The plane in which angles and small triangles look as they do on the wall."""

    def __init__(self) -> None:
        self._u = np.concatenate([np.geomspace(1e-4, 0.02, 200), np.linspace(0.02, 1.0, 4000)[1:]])
        slope = _MERIDIAN_MM / _radius_mm(self._u)
        steps = 0.5 * (slope[1:] + slope[:-1]) * np.diff(self._u)
        self._log = np.concatenate([[0.0], np.cumsum(steps)])
        self._log -= self._log[-1]

    def place(self, u: FloatArray, rotation_deg: FloatArray) -> FloatArray:
        rho = np.where(u <= 0.0, 0.0, np.exp(np.interp(u, self._u, self._log)))
        angle = np.radians(rotation_deg)
        return np.stack([rho * np.cos(angle), rho * np.sin(angle)], axis=-1)

    def where(self, point: FloatArray) -> tuple[FloatArray, FloatArray]:
        rho = np.hypot(point[:, 0], point[:, 1])
        u = np.where(rho < 1e-9, 0.0, np.interp(np.log(np.maximum(rho, 1e-12)), self._log, self._u))
        return u, np.degrees(np.arctan2(point[:, 1], point[:, 0])) % 360.0

    def scale(self, point: FloatArray) -> FloatArray:
        """Plane units per millimetre on the wall, shape (n,)."""
        u, _ = self.where(point)
        rho = np.hypot(point[:, 0], point[:, 1])
        return np.asarray(np.maximum(rho, 1e-6) / _radius_mm(np.maximum(u, 1e-4)))


def _insertion_rows(plane: _ConformalPlane, edge_mm: float, rows: int) -> list[FloatArray]:
    """Points of the line of insertion and of its copies outwards across the RV wall, in the plane."""
    turn = np.linspace(-np.pi / 2, np.pi / 2, 4001)
    across = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** (2 / _INSERTION_POWER)
    down = np.cos(turn) ** (2 / _INSERTION_POWER)
    u = 1.0 - down * (1.0 - RV_APEX)
    angle = SEPTUM_CENTRE_DEG + across * SEPTUM_HALF_WIDTH_DEG
    fine = plane.place(u, angle)
    length = np.hypot(*np.diff(fine, axis=0).T) / plane.scale(0.5 * (fine[1:] + fine[:-1]))
    along = np.concatenate([[0.0], np.cumsum(length)])
    count = 2 * max(4, round(along[-1] / edge_mm / 2))
    at = np.linspace(0.0, along[-1], count + 1)
    line = np.stack([np.interp(at, along, fine[:, 0]), np.interp(at, along, fine[:, 1])], axis=1)
    tangent = np.gradient(line, axis=0)
    tangent[0], tangent[-1] = -line[0], line[-1]  # it leaves and reaches the base at a right angle
    # Out of the septum: to the right of the way from the anterior base over the RV apex to the inferior base.
    outwards = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    middle = count // 2
    if outwards[middle] @ line[middle] > 0:
        outwards = -outwards
    outwards /= np.hypot(*outwards.T)[:, None]
    result = [line]
    for _ in range(rows):
        moved = result[-1] + outwards * (plane.scale(result[-1]) * _RV_WALL_MM / rows)[:, None]
        for end in (0, -1):
            moved[end] /= np.hypot(*moved[end])
        result.append(moved)
    return result


def _ring_points(plane: _ConformalPlane, edge_mm: float) -> FloatArray:
    """Staggered rings of points below the base rim, about one edge length apart, with the apex last."""
    count = round(_MERIDIAN_MM / (edge_mm * 0.866))
    points = []
    for ring in range(count - 1, 0, -1):
        u = np.array([ring / count])
        n = max(6, round(2 * np.pi * float(_radius_mm(u)[0]) / edge_mm))
        angle = (np.arange(n) + 0.5 * (ring % 2)) * 360.0 / n
        points.append(plane.place(np.full(n, u[0]), angle))
    points.append(np.zeros((1, 2)))
    return np.concatenate(points)


def _rim_points(start_deg: float, end_deg: float, edge_mm: float) -> FloatArray:
    """Points of the base strictly between two angles."""
    arc = (end_deg - start_deg) % 360.0
    n = max(2, round(math.radians(arc) * float(_radius_mm(np.array([1.0]))[0]) / edge_mm))
    angle = np.radians(start_deg + arc * np.arange(1, n) / n)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _angle_deg(point: FloatArray) -> float:
    return math.degrees(math.atan2(point[1], point[0])) % 360.0


def _inside(points: FloatArray, polygon: FloatArray) -> NDArray[np.bool_]:
    """Tell which points lie in a closed polygon, by counting crossings."""
    x, y = points[:, :1], points[:, 1:]
    x0, y0 = polygon.T
    x1, y1 = np.roll(polygon, -1, axis=0).T
    crosses = (y0 > y) != (y1 > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
    return np.asarray((crosses & (x < at)).sum(axis=1) % 2 == 1)


def _turn(corner: FloatArray) -> FloatArray:
    """Twice the area of triangles in the plane, negative where they run clockwise, shape (t,)."""
    (ax, ay), (bx, by) = (corner[:, 1] - corner[:, 0]).T, (corner[:, 2] - corner[:, 0]).T
    return np.asarray(ax * by - ay * bx)


def _region(
    plane: _ConformalPlane, fixed: FloatArray, polygon: FloatArray, within: bool, edge_mm: float
) -> tuple[FloatArray, IndexArray]:
    """Fill one side of the insertion with points and triangles; the first points are the fixed ones."""
    free = _ring_points(plane, edge_mm)
    free = free[_inside(free, polygon) == within]
    gap = cKDTree(fixed).query(free)[0] / plane.scale(free)
    free = free[gap > 0.72 * edge_mm]
    points = np.concatenate([fixed, free])
    triangles = np.empty((0, 3), dtype=np.int32)
    for _ in range(6):
        triangles = Delaunay(points).simplices.astype(np.int32)
        middle = points[triangles].mean(axis=1)
        area = _turn(points[triangles])
        keep = (_inside(middle, polygon) == within) & (np.abs(area) > 1e-9 * plane.scale(middle) ** 2)
        triangles = triangles[keep]
        edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
        edges = np.concatenate([edges, edges[:, ::-1]])
        total = np.zeros_like(points)
        np.add.at(total, edges[:, 0], points[edges[:, 1]])
        degree = np.bincount(edges[:, 0], minlength=len(points))[:, None]
        moved = total / np.maximum(degree, 1)
        points = points.copy()
        points[len(fixed) : -1 if not within else None] += (
            0.5 * (moved - points)[len(fixed) : -1 if not within else None]
        )
    return points, triangles


@lru_cache(maxsize=4)
def template_sheet(edge_mm: float) -> TemplateSheet:
    """Triangulate the sheet for one edge length.

    Parameters
    ----------
    edge_mm
        Wanted mean edge on the normal heart [mm].

    Raises
    ------
    InputError
        When the edge lies outside of `EDGE_RANGE_MM`.
    """
    low, high = EDGE_RANGE_MM
    if not low <= edge_mm <= high:
        raise InputError(f"the edge length must lie in [{low:g}, {high:g}] mm, got {edge_mm:g}")
    plane = _ConformalPlane()
    rv_layers = max(2, round(_RV_WALL_MM / edge_mm))
    rows = _insertion_rows(plane, edge_mm, rv_layers)
    inner, outer = rows[0], rows[-1]
    # The rim closes the polygon of the septum; a chord would cut off what lies between it and the circle.
    septal_rim = _rim_points(_angle_deg(inner[0]), _angle_deg(inner[-1]), _SEPTUM_REFINEMENT * edge_mm)
    free_rim = _rim_points(_angle_deg(outer[-1]), _angle_deg(outer[0]), edge_mm)
    inner_polygon = np.concatenate([inner, 1.05 * inner[-1:], 1.3 * septal_rim[::-1], 1.05 * inner[:1]])
    outer_polygon = np.concatenate([outer, 1.05 * outer[-1:], 1.3 * septal_rim[::-1], 1.05 * outer[:1]])
    septum, septal_triangles = _region(
        plane, np.concatenate([inner, septal_rim]), inner_polygon, True, _SEPTUM_REFINEMENT * edge_mm
    )
    free, free_triangles = _region(plane, np.concatenate([outer, free_rim]), outer_polygon, False, edge_mm)
    return _joined(plane, rows, septum, septal_triangles, free, free_triangles, edge_mm)


def _joined(
    plane: _ConformalPlane,
    rows: list[FloatArray],
    septum: FloatArray,
    septal_triangles: IndexArray,
    free: FloatArray,
    free_triangles: IndexArray,
    edge_mm: float,
) -> TemplateSheet:
    """Put septum, strip of insertion and free wall together under one numbering."""
    n_line = len(rows[0])
    strip = np.concatenate(rows)
    septum_number = np.concatenate([np.arange(n_line), len(strip) + np.arange(len(septum) - n_line)])
    offset = len(strip) + len(septum) - n_line
    free_number = np.concatenate([(len(rows) - 1) * n_line + np.arange(n_line), offset + np.arange(len(free) - n_line)])
    points = np.concatenate([strip, septum[n_line:], free[n_line:]])
    septal_triangles, free_triangles = septum_number[septal_triangles], free_number[free_triangles]
    linked = np.concatenate([septal_triangles, free_triangles, _strip_quads(len(rows), n_line)[:, :3]])
    pairs = np.concatenate([linked[:, [0, 1]], linked[:, [1, 2]], linked[:, [2, 0]]])
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(points),) * 2).tocsr()
    order = reverse_cuthill_mckee((graph + graph.T).tocsr(), symmetric_mode=True)
    number = np.empty(len(points), dtype=np.int32)
    number[order] = np.arange(len(points), dtype=np.int32)
    points = points[order]
    insertion = number[np.arange(len(rows) * n_line).reshape(len(rows), n_line)]
    strip_triangles = triangles_of_quads(number[_strip_quads(len(rows), n_line)])
    triangles = np.concatenate([number[septal_triangles], strip_triangles, number[free_triangles]])
    clockwise = _turn(points[triangles]) < 0.0
    triangles[clockwise] = triangles[clockwise][:, ::-1]
    u, rotation = plane.where(points)
    rim = np.flatnonzero(np.abs(np.hypot(*points.T) - 1.0) < 1e-9)
    u[rim] = 1.0
    return TemplateSheet(
        u=u,
        rotation_deg=np.where(u < 1e-6, 0.0, rotation),
        triangles=triangles.astype(np.int32),
        septal=np.arange(len(triangles)) < len(septal_triangles),
        insertion=insertion.astype(np.int32),
        base_rim=rim[np.argsort(rotation[rim])].astype(np.int32),
        lv_layers=max(3, round(_LV_WALL_MM / edge_mm)),
        rv_layers=len(rows) - 1,
    )


def _strip_quads(rows: int, n_line: int) -> IndexArray:
    row, at = np.meshgrid(np.arange(rows - 1), np.arange(n_line - 1), indexing="ij")
    first = (row * n_line + at).ravel()
    return np.stack([first, first + 1, first + n_line + 1, first + n_line], axis=1).astype(np.int32)
