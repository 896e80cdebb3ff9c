"""Fit of the template's surfaces to points: smooth displacements by least squares, nearest places found anew."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.spatial import ConvexHull, QhullError, cKDTree

from resynchro.heart.mesh import FloatArray, IndexArray
from resynchro.heart.patient_fields import (
    SmoothFields,
    free_wall_fields,
    free_wall_values,
    wall_fields,
    wall_values,
)
from resynchro.heart.patient_points import PatientPoints
from resynchro.heart.septum import node_normals
from resynchro.heart.template_sheet import TemplateSheet
from resynchro.heart.wall_sheets import Topology, WallSheets

#: Degrees of the displacement of the LV and of the RV free wall: finer than slices 10 mm apart can show.
WALL_DEGREE, FREE_WALL_DEGREE = 12, 9
#: Rounds of finding the nearest place and solving; smoothness falls from the first to the last factor.
_ROUNDS = (30.0, 8.0, 2.0, 1.0, 1.0, 1.0)
#: Weight of the mean square bending [mm4] and stretching [mm2] against the mean square distance of the points.
_BEND, _STRETCH = 1.0e3, 2.0
#: The thickness of the wall is known worse than its middle from few contours, and changes more slowly.
_THICKNESS_FACTOR = 3.0
#: Of points nearer than about this one is used [mm].
_THINNED_MM = 3.0
#: Distances beyond this count less and less: a contour that contradicts the others [mm].
_OUTLIER_MM = 5.0
#: Points further above the rim than this do not count [mm].
_ABOVE_RIM_MM = 2.0
#: Share of that weight at right angles to the long axis: valves are narrower than the muscle around them.
_SIDEWAYS = 0.1
#: Weight of sliding of one side of the wall against the other.
_SHEAR_WEIGHT = 0.3
#: Weight of the thickness at the rim, which stays near the start's.
_RIM_THICKNESS_WEIGHT = 0.1
#: Weight of all rim points, and of all insertions, against all points of a surface.
_RIM_WEIGHT, _INSERTION_WEIGHT, _APEX_WEIGHT = 0.15, 0.02, 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Displacement:
    """Smooth displacements of the template's surfaces, in its own axes.

    Attributes
    ----------
    inner, thickening
        Coefficients of the LV endocardium's displacement and of the outer side's beyond that, shape (k, 3).
    free_wall
        Of the RV free wall's beyond the septum's outer side, shape (g, 3).
    """

    inner: FloatArray
    thickening: FloatArray
    free_wall: FloatArray

    def at(
        self, sheet: TemplateSheet, topology: Topology, start: WallSheets
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the displaced LV inner, LV outer and RV inner surfaces over any sheet."""
        values = wall_values(sheet.u, sheet.rotation_deg, WALL_DEGREE)
        columns = topology.septal_columns
        free = free_wall_values(sheet.u[columns], sheet.rotation_deg[columns], FREE_WALL_DEGREE)
        outwards = values @ (self.inner + self.thickening)
        return (
            start.lv_inner + values @ self.inner,
            start.lv_outer + outwards,
            start.rv_inner + outwards[columns] + free @ self.free_wall,
        )


class SurfaceFit:
    """Least squares for one patient: the normal equations of all three surfaces over one sheet."""

    def __init__(self, sheet: TemplateSheet, topology: Topology, start: WallSheets, points: PatientPoints) -> None:
        self._sheet, self._topology, self._start = sheet, topology, start
        names = ("lv_endo", "lv_outer", "rv_free", "rv_either")
        self._points = replace(points, **{name: _thinned(getattr(points, name)) for name in names})
        columns = topology.septal_columns
        self._wall = wall_values(sheet.u, sheet.rotation_deg, WALL_DEGREE)
        self._free = free_wall_values(sheet.u[columns], sheet.rotation_deg[columns], FREE_WALL_DEGREE)
        self._k, self._g = self._wall.shape[1], self._free.shape[1]
        self._position = np.full(len(sheet.u), -1)
        self._position[columns] = np.arange(len(columns))
        self._on_rim = np.zeros(len(sheet.u), dtype=bool)
        self._on_rim[sheet.base_rim] = True
        self._sheared = self._shear()

    def solved(self, smoothness: float) -> Displacement:
        """Return the displacement; `smoothness` multiplies bending and stretching."""
        found = Displacement(
            inner=np.zeros((self._k, 3)), thickening=np.zeros((self._k, 3)), free_wall=np.zeros((self._g, 3))
        )
        for factor in _ROUNDS:
            found = self._round(found, smoothness * factor)
        return found

    def _round(self, before: Displacement, smoothness: float) -> Displacement:
        inner, outer, free = before.at(self._sheet, self._topology, self._start)
        size = 3 * (2 * self._k + self._g)
        self._matrix, self._right = self._penalty(smoothness), np.zeros(size)
        self._to_surface("inner", inner, self._start.lv_inner, self._sheet.triangles, self._points.lv_endo)
        self._to_surface("outer", outer, self._start.lv_outer, self._sheet.triangles, self._points.lv_outer)
        right, right_start = outer.copy(), self._start.lv_outer.copy()
        right[self._topology.septal_columns] = free
        right_start[self._topology.septal_columns] = self._start.rv_inner
        septal = self._sheet.triangles[self._sheet.septal]
        self._to_surface("free", right, right_start, septal, self._points.rv_free)
        self._to_either(outer, right, right_start, septal)
        self._to_rims(inner, outer, right, right_start)
        self._to_insertions(outer)
        if self._points.apex_mm is not None:
            apex = np.array([int(np.argmin(self._sheet.u))])
            self._rows(
                "inner", apex, self._start.lv_inner[apex], self._points.apex_mm[None], None, np.array([_APEX_WEIGHT])
            )
        coefficients = cho_solve(cho_factor(self._matrix, overwrite_a=True, check_finite=False), self._right)
        parts = coefficients.reshape(-1, 3)
        return Displacement(
            inner=parts[: self._k], thickening=parts[self._k : 2 * self._k], free_wall=parts[2 * self._k :]
        )

    def _penalty(self, smoothness: float) -> FloatArray:
        wall, free = wall_fields(WALL_DEGREE), free_wall_fields(FREE_WALL_DEGREE)

        def form(fields: SmoothFields, times: float) -> FloatArray:
            full = smoothness * times * (_BEND * fields.bend + _STRETCH * fields.stretch)
            # Whatever moves a field as a whole costs a little, so that surfaces without points stay put.
            return np.asarray(full + 1e-6 * np.eye(len(full)), dtype=np.float64)

        size = 2 * self._k + self._g
        small = np.zeros((size, size))
        small[: self._k, : self._k] = form(wall, 1.0)
        small[self._k : 2 * self._k, self._k : 2 * self._k] = form(wall, _THICKNESS_FACTOR)
        small[2 * self._k :, 2 * self._k :] = form(free, 1.0)
        full = np.kron(small, np.eye(3))
        thickening = slice(3 * self._k, 6 * self._k)
        full[thickening, thickening] += self._sheared
        return np.asarray(full, dtype=np.float64)

    def _basis(self, surface: str, columns: IndexArray) -> FloatArray:
        """Fields of a surface at columns of the sheet, shape (n, 2 k + g)."""
        values = self._wall[columns]
        rows = np.zeros((len(columns), 2 * self._k + self._g))
        rows[:, : self._k] = values
        if surface != "inner":
            rows[:, self._k : 2 * self._k] = values
        if surface == "free":
            at = self._position[columns]
            rows[at >= 0, 2 * self._k :] = self._free[at[at >= 0]]
        return rows

    def _rows(
        self,
        surface: str,
        columns: IndexArray,
        start: FloatArray,
        targets: FloatArray,
        normals: FloatArray | None,
        weights: FloatArray,
    ) -> None:
        """Add equations: along normals, or in all three directions without them."""
        basis = self._basis(surface, columns)
        if normals is None:
            gram = (basis * weights[:, None]).T @ basis
            self._matrix += np.kron(gram, np.eye(3))
            self._right += (basis.T @ (weights[:, None] * (targets - start))).ravel()
            return
        root = np.sqrt(weights)[:, None]
        rows = ((root * basis)[:, :, None] * normals[:, None, :]).reshape(len(basis), -1)
        gap = root[:, 0] * np.einsum("ij,ij->i", targets - start, normals)
        self._matrix += rows.T @ rows
        self._right += rows.T @ gap

    def _to_surface(
        self, surface: str, now: FloatArray, start: FloatArray, triangles: IndexArray, targets: FloatArray
    ) -> None:
        if not len(targets):
            return
        columns, normals, distance = nearest_places(now, triangles, targets)
        weights = 1.0 / (1.0 + (distance / _OUTLIER_MM) ** 2)
        # Above the rim there is no wall of this ventricle any more (a basal slice through atrium or aorta).
        above = self._on_rim[columns] & (targets[:, 2] > now[columns, 2] + _ABOVE_RIM_MM)
        weights[above] = 0.0
        self._rows(surface, columns, start[columns], targets, normals[columns], weights / len(targets))

    def _to_either(self, outer: FloatArray, right: FloatArray, right_start: FloatArray, septal: IndexArray) -> None:
        """Give points of the RV of unknown side to the nearer one of septum and free wall."""
        targets = self._points.rv_either
        if not len(targets):
            return
        to_septum, to_free = (nearest_places(side, septal, targets)[2] for side in (outer, right))
        nearer = to_septum < to_free
        self._to_surface("outer", outer, self._start.lv_outer, septal, targets[nearer])
        self._to_surface("free", right, right_start, septal, targets[~nearer])

    def _to_rims(self, inner: FloatArray, outer: FloatArray, right: FloatArray, right_start: FloatArray) -> None:
        """Pull the rims to the valves; valve points on the septum's right side have no rim of their own to pull."""
        rim = self._sheet.base_rim
        left_targets = _outermost(np.concatenate([self._points.mitral, self._points.aortic]))
        self._pull("inner", rim, inner, self._start.lv_inner, left_targets)
        if not len(left_targets):  # where no valve is known the rim stays at the height that was assumed
            start = self._start.lv_inner[rim]
            up = np.tile([0.0, 0.0, 1.0], (len(rim), 1))
            self._rows("inner", rim, start, start, up, np.full(len(rim), _RIM_WEIGHT / len(rim)))
        of_right = rim[self._position[rim] >= 0]
        targets = np.concatenate([self._points.tricuspid, self._points.pulmonary])
        if len(targets):
            to_free, to_septum = (cKDTree(side[of_right]).query(targets)[0] for side in (right, outer))
            self._pull("free", of_right, right, right_start, targets[to_free < to_septum])

    def _pull(self, surface: str, columns: IndexArray, now: FloatArray, start: FloatArray, targets: FloatArray) -> None:
        """Pull the nearest of some columns to targets."""
        if len(targets):
            gap, nearest = cKDTree(now[columns]).query(targets)
            weights = np.asarray(_RIM_WEIGHT / len(targets) / (1.0 + (gap / (3.0 * _OUTLIER_MM)) ** 2))
            self._rows(surface, columns[nearest], start[columns[nearest]], targets, None, _SIDEWAYS * weights)
            up = np.tile([0.0, 0.0, 1.0], (len(targets), 1))
            self._rows(surface, columns[nearest], start[columns[nearest]], targets, up, weights)

    def _shear(self) -> FloatArray:
        """Quadratic form of the thickening along the wall: where one side slides, the other has to follow."""
        normals = node_normals(self._start.lv_outer, self._sheet.triangles)
        some = np.argsort(self._sheet.u, kind="stable")[::2]
        along = np.eye(3) - normals[some][:, :, None] * normals[some][:, None, :]
        values = self._wall[some]
        rows = (values[:, None, :, None] * along[:, :, None, :]).reshape(3 * len(some), -1)
        form = np.asarray(rows.T @ rows / len(some))
        rim = self._wall[self._sheet.base_rim]
        at_rim = np.kron(rim.T @ rim / len(rim), np.eye(3))
        return _SHEAR_WEIGHT * form + _RIM_THICKNESS_WEIGHT * at_rim

    def _to_insertions(self, outer: FloatArray) -> None:
        line = self._sheet.insertion[0]
        half = len(line) // 2
        for columns, targets in (
            (line[: half + 1], self._points.anterior_insertions),
            (line[half:], self._points.inferior_insertions),
        ):
            if not len(targets):
                continue
            # The nearest place of the line at the height of the target.
            at = outer[columns]
            scale = np.array([1.0, 1.0, 4.0])
            chosen = columns[cKDTree(at * scale).query(targets * scale)[1]]
            gap = np.hypot(*(targets - outer[chosen])[:, :2].T)
            weights = _INSERTION_WEIGHT / len(targets) / (1.0 + (gap / (1.5 * _OUTLIER_MM)) ** 2)
            for direction in ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]):
                normals = np.tile(direction, (len(targets), 1))
                self._rows("outer", chosen, self._start.lv_outer[chosen], targets, normals, weights)


def nearest_places(
    surface: FloatArray, triangles: IndexArray, targets: FloatArray
) -> tuple[IndexArray, FloatArray, FloatArray]:
    """Return the nearest used node of a surface for every target, the nodes' normals, and distances along them."""
    used = np.unique(triangles)
    normals = node_normals(surface, triangles)
    columns = used[cKDTree(surface[used]).query(targets)[1]]
    distance = np.einsum("ij,ij->i", targets - surface[columns], normals[columns])
    return columns.astype(np.int32), normals, np.abs(distance)


def _thinned(points: FloatArray) -> FloatArray:
    """Keep one point in every cube of the size `_THINNED_MM`: crowds of points count no more than others."""
    cube = np.floor(points / _THINNED_MM).astype(np.int64)
    return np.asarray(points[np.sort(np.unique(cube, axis=0, return_index=True)[1])]) if len(points) else points


def _outermost(targets: FloatArray) -> FloatArray:
    """Leave out valve points within the others as seen from the apex: the curtain between two valves is no wall."""
    if len(targets) < 4:
        return targets
    try:
        hull = ConvexHull(targets[:, :2])
    except QhullError:  # all on one line
        return targets
    return np.asarray(targets[np.sort(hull.vertices)])
