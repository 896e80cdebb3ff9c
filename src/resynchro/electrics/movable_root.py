"""A place where an activation starts and that can be moved along the surface of the heart by any distance.

A mesh has nodes every few millimetres; a fit needs places between them and the derivative of every arrival by the
place. The times around the root are exact for its true position, so they change smoothly when it moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from resynchro.electrics.eikonal_medium import Medium
from resynchro.electrics.sites import SiteFinder
from resynchro.electrics.source_ball import source_ball
from resynchro.errors import InputError, MeasurementError
from resynchro.heart.heart import Heart
from resynchro.heart.ventricular_place import depth_and_rotation

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int32]

#: Surfaces that roots and electrodes lie on; the right side of the septum and the RV free wall are told apart.
RootSurface = Literal["lv_endocardium", "rv_septum", "rv_free_wall", "epicardium"]
#: Radius of the ball of exact times [mm]: two to three edges of a 3 mm mesh.
BALL_RADIUS_MM = 6.0
#: Gauss-Legendre weights of the elements that `source_ball` found along each line.
_GAUSS = 0.5 * np.polynomial.legendre.leggauss(5)[1]
#: Nearest triangles that are searched for the nearest point of the surface.
_NEAR_TRIANGLES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class RootPlace:
    """A point on a surface.

    Attributes
    ----------
    position_mm
        Shape (3,), axes of the mesh.
    node
        The nearest node of the surface that captures.
    by_offset
        Derivative of the position by the offset along and around, shape (2, 3).
    """

    position_mm: FloatArray
    node: int
    by_offset: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class RootTimes:
    """Nodes around a root with their times after its release, and how these change.

    Attributes
    ----------
    nodes
        Shape (b,).
    times_ms
        Shape (b,) [ms].
    by_position
        By the position, shape (b, 3) [ms/mm].
    by_log_v_fibre, by_log_v_transverse
        By the logarithm of the velocity of each group of tetrahedra, shape (b, g) [ms].
    by_log_v_layer
        By the logarithm of the velocity of the layer the root lies in, shape (b,) [ms].
    """

    nodes: IndexArray
    times_ms: FloatArray
    by_position: FloatArray
    by_log_v_fibre: FloatArray
    by_log_v_transverse: FloatArray
    by_log_v_layer: FloatArray


class SurfaceOfRoots:
    """One surface of a heart, with the nearest point on it for any point.

    Parameters
    ----------
    heart
        Whose surface.
    surface
        Which one.
    """

    def __init__(self, heart: Heart, surface: RootSurface) -> None:
        mesh = heart.mesh
        self.surface, self._heart = surface, heart
        self._points = mesh.points_mm
        if surface in ("rv_septum", "rv_free_wall"):
            free = heart.coordinates.rv[mesh.rv_endocardium].sum(axis=1) >= 2
            self._triangles = mesh.rv_endocardium[free == (surface == "rv_free_wall")]
        else:
            self._triangles = mesh.lv_endocardium if surface == "lv_endocardium" else mesh.epicardium
        self.nodes = np.unique(self._triangles)
        self._centres = cKDTree(self._points[self._triangles].mean(axis=1))
        self._of_nodes = cKDTree(self._points[self.nodes])
        self._axis = (heart.landmarks.base_mm - heart.landmarks.apex_mm) / np.linalg.norm(
            heart.landmarks.base_mm - heart.landmarks.apex_mm
        )

    def point_at(self, depth: float, rotation_deg: float) -> FloatArray:
        """Return the point of the surface at a depth along and an angle around the long axis, shape (3,) [mm]."""
        landmarks = self._heart.landmarks
        point = self._points[SiteFinder(self._heart).nearest(self.nodes, depth, rotation_deg)]
        axis = landmarks.apex_mm - landmarks.base_mm
        length = float(np.linalg.norm(axis))
        axis = axis / length
        for _ in range(3):
            here, angle = depth_and_rotation(point[None], landmarks)
            radius = point - landmarks.base_mm - axis * float((point - landmarks.base_mm) @ axis)
            turn = np.radians((rotation_deg - float(angle[0]) + 180.0) % 360.0 - 180.0)
            wanted = point + axis * length * (depth - float(here[0])) + np.cross(axis, radius) * turn
            point = self._nearest(wanted)[0]
        return np.asarray(point)

    def place(self, start_mm: FloatArray, offset_mm: FloatArray) -> RootPlace:
        """Return the point of the surface an offset away from another.

        Parameters
        ----------
        start_mm
            A point of the surface, shape (3,) [mm].
        offset_mm
            Towards the base and around (counter-clockwise seen from the apex), shape (2,) [mm].
        """
        along, around = self._tangents(start_mm)
        position, projector = self._nearest(start_mm + offset_mm[0] * along + offset_mm[1] * around)
        return RootPlace(
            position_mm=position,
            node=int(self.nodes[self._of_nodes.query(position)[1]]),
            by_offset=np.stack([along, around]) @ projector,
        )

    def _nearest(self, wanted: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the nearest point of the surface, and its derivative by the wanted one."""
        near = self._centres.query(wanted, k=min(_NEAR_TRIANGLES, len(self._triangles)))[1]
        corners = self._points[self._triangles[np.atleast_1d(near)]]
        nearest, projectors = _nearest_on_triangles(wanted, np.ascontiguousarray(corners))
        best = int(np.argmin(((nearest - wanted) ** 2).sum(axis=1)))
        return nearest[best], projectors[best]

    def nearest_alive(self, node: int, alive: NDArray[np.bool_]) -> int:
        """Return the nearest node of the surface that conducting tissue touches."""
        usable = self.nodes[alive[self.nodes]]
        if not usable.size:
            raise MeasurementError(f"no tissue on the surface {self.surface} conducts: the scar covers all of it")
        apart = ((self._points[usable] - self._points[node]) ** 2).sum(axis=1)
        return int(usable[np.argmin(apart)])

    def _tangents(self, start: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return directions towards the base and around, tangential to the surface near a point."""
        near = self._centres.query(start, k=min(12, len(self._triangles)))[1]
        corner = self._points[self._triangles[np.atleast_1d(near)]]
        normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]).sum(axis=0)
        normal /= np.linalg.norm(normal)
        along = self._axis - normal * float(normal @ self._axis)
        length = float(np.linalg.norm(along))
        if length < 0.1:  # At the apex the axis is normal to the wall: any direction will do.
            along = np.cross(normal, [1.0, 0.0, 0.0])
            length = float(np.linalg.norm(along))
        along /= length
        return along, np.cross(self._axis, along) if length < 0.1 else np.cross(normal, along)


def root_times(
    medium: Medium,
    place: RootPlace,
    *,
    group: NDArray[np.integer],
    n_groups: int,
    layer_nodes: NDArray[np.bool_],
    v_layer_m_per_s: float,
    balls: dict[int, tuple[IndexArray, IndexArray]],
) -> RootTimes:
    """Return the times around a root at its true position.

    Parameters
    ----------
    medium
        What conducts.
    place
        Where the root lies.
    group, n_groups
        Group of each tetrahedron, shape (m,).
    layer_nodes
        True at nodes of the fast layer the root lies in, shape (n,); all False for a root in muscle.
    v_layer_m_per_s
        Velocity of that layer [m/s]; 0 when it is off.
    balls
        Balls found before by node; filled here. They hold for one mesh and one choice of conducting tissue.

    Raises
    ------
    MeasurementError
        Nothing conducts at the nearest node.
    """
    if place.node not in balls:
        found = source_ball(medium.mesh, medium, place.node, radius_mm=BALL_RADIUS_MM)
        balls[place.node] = (found.nodes, found.elements)
    nodes, elements = balls[place.node]
    times, by_position, by_fibre, by_transverse, by_layer = _times_from(
        medium.mesh.points_mm,
        place.position_mm,
        nodes,
        elements,
        medium.fibre,
        medium.v_fibre_m_per_s,
        medium.v_transverse_m_per_s,
        np.ascontiguousarray(group, dtype=np.int32),
        n_groups,
        layer_nodes,
        v_layer_m_per_s,
        _GAUSS,
    )
    return RootTimes(
        nodes=nodes,
        times_ms=times,
        by_position=by_position,
        by_log_v_fibre=by_fibre,
        by_log_v_transverse=by_transverse,
        by_log_v_layer=by_layer,
    )


def root_surface(text: str) -> RootSurface:
    """Return the surface of that name."""
    if text not in ("lv_endocardium", "rv_septum", "rv_free_wall", "epicardium"):
        raise InputError(f"no surface {text!r}: choose lv_endocardium, rv_septum, rv_free_wall or epicardium")
    return text  # type: ignore[return-value]


@njit(cache=True)
def _times_from(
    points: FloatArray,
    position: FloatArray,
    nodes: IndexArray,
    elements: IndexArray,
    fibre: FloatArray,
    v_fibre: FloatArray,
    v_transverse: FloatArray,
    group: IndexArray,
    n_groups: int,
    layer_nodes: NDArray[np.bool_],
    v_layer: float,
    gauss: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Integrate the slowness along the straight line from the root to each node; the layer may be earlier."""
    count = nodes.size
    times, by_position = np.zeros(count), np.zeros((count, 3))
    by_fibre, by_transverse = np.zeros((count, n_groups)), np.zeros((count, n_groups))
    by_layer = np.zeros(count)
    for b in range(count):
        r = points[nodes[b]] - position
        whole = r[0] * r[0] + r[1] * r[1] + r[2] * r[2] + 1e-12
        for q in range(elements.shape[1]):
            e = elements[b, q]
            part = r[0] * fibre[e, 0] + r[1] * fibre[e, 1] + r[2] * fibre[e, 2]
            across = 1.0 / (v_transverse[e] * v_transverse[e])
            along = 1.0 / (v_fibre[e] * v_fibre[e])
            slowness = np.sqrt(across * (whole - part * part) + along * part * part)
            times[b] += gauss[q] * slowness
            g = group[e]
            by_fibre[b, g] -= gauss[q] * along * part * part / slowness
            by_transverse[b, g] -= gauss[q] * across * (whole - part * part) / slowness
            for axis in range(3):
                pull = across * r[axis] + (along - across) * part * fibre[e, axis]
                by_position[b, axis] -= gauss[q] * pull / slowness
        if v_layer > 0.0 and layer_nodes[nodes[b]]:
            on_layer = np.sqrt(whole) / v_layer
            if on_layer < times[b]:
                times[b], by_layer[b] = on_layer, -on_layer
                by_fibre[b, :] = 0.0
                by_transverse[b, :] = 0.0
                for axis in range(3):
                    by_position[b, axis] = -r[axis] / (np.sqrt(whole) * v_layer)
    return times, by_position, by_fibre, by_transverse, by_layer


@njit(cache=True)
def _nearest_on_triangles(point: FloatArray, corners: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the nearest point on each triangle and the derivative of that point by the given one.

    The nearest point lies inside (the derivative projects on the plane), on a side (on its line) or on a corner (0).
    """
    count = corners.shape[0]
    nearest, projector = np.empty((count, 3)), np.zeros((count, 3, 3))
    for t in range(count):
        a, b, c = corners[t, 0], corners[t, 1], corners[t, 2]
        u, v, w = b - a, c - a, point - a
        uu, uv, vv, uw, vw = (u * u).sum(), (u * v).sum(), (v * v).sum(), (u * w).sum(), (v * w).sum()
        det = uu * vv - uv * uv
        s, r = (vv * uw - uv * vw) / det, (uu * vw - uv * uw) / det
        if s >= 0.0 and r >= 0.0 and s + r <= 1.0:
            nearest[t] = a + s * u + r * v
            for i in range(3):
                for j in range(3):
                    projector[t, i, j] = (vv * u[i] * u[j] - uv * (u[i] * v[j] + v[i] * u[j]) + uu * v[i] * v[j]) / det
            continue
        best = np.inf
        for k in range(3):
            p, q = corners[t, k], corners[t, (k + 1) % 3]
            side = q - p
            length = (side * side).sum()
            share = ((point - p) * side).sum() / length
            held = min(max(share, 0.0), 1.0)
            there = p + held * side
            far = ((point - there) ** 2).sum()
            if far < best:
                best = far
                nearest[t] = there
                for i in range(3):
                    for j in range(3):
                        projector[t, i, j] = side[i] * side[j] / length if held == share else 0.0
    return nearest, projector
