"""Exact derivatives of travel times: backwards for one objective (adjoint), forwards for a few parameters (tangent).

Every label is T_j = sum(w_k T_k) + d_j, with d_j the metric length of the segment from the point of the side to node
j. The weights minimise it, so their own derivatives drop out (envelope theorem), and every parent was accepted before
its child: one sweep through the order of acceptance gives the derivative of the discrete solution itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from resynchro.electrics.eikonal_mesh import FloatArray, IndexArray, frozen
from resynchro.electrics.eikonal_times import ArrivalTree, TravelTimes
from resynchro.electrics.source_ball import SourceBall
from resynchro.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelTimeGradient:
    """Derivatives of one objective J; source balls that depend on the velocities are included everywhere.

    Attributes
    ----------
    v_fibre, v_transverse
        dJ/dv when the velocity of all elements of a group rises by the same amount, shape (g,) [J per m/s].
    log_v_fibre, log_v_transverse
        dJ/d(ln v) when it rises by the same factor, shape (g,) [J].
    log_slowness
        dJ/d(ln slowness) of each tetrahedron, both velocities together, shape (m,) [J].
    v_triangle, log_v_triangle
        The same for groups of surface elements, shape (h,).
    cable_ms
        dJ by the travel time of each cable, shape (c,) [J per ms].
    release_ms
        dJ by the release time of each source, shape (s,) [J per ms].
    """

    v_fibre: FloatArray
    v_transverse: FloatArray
    log_v_fibre: FloatArray
    log_v_transverse: FloatArray
    log_slowness: FloatArray
    v_triangle: FloatArray
    log_v_triangle: FloatArray
    cable_ms: FloatArray
    release_ms: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Directions:
    """k directions in the space of parameters, for `tangent`. What is None does not change.

    Attributes
    ----------
    log_v_fibre, log_v_transverse
        Change of ln(velocity) of each group of tetrahedra along each direction, shape (k, g).
    group
        Group of each tetrahedron, -1 for none, shape (m,). Default: all in group 0.
    log_v_triangle
        Change of ln(velocity) of each group of surface elements, shape (k, h).
    triangle_group
        Group of each surface element, -1 for none, shape (t,). Default: all in group 0.
    cable_ms
        Change of the cables' travel times, shape (k, c) [ms].
    release_ms
        Change of the sources' release times, shape (k, s) [ms].
    """

    log_v_fibre: FloatArray | None = None
    log_v_transverse: FloatArray | None = None
    group: IndexArray | NDArray[np.int64] | None = None
    log_v_triangle: FloatArray | None = None
    triangle_group: IndexArray | NDArray[np.int64] | None = None
    cable_ms: FloatArray | None = None
    release_ms: FloatArray | None = None


def adjoint(
    travel_times: TravelTimes,
    dj_dt: ArrayLike,
    *,
    group: ArrayLike | None = None,
    triangle_group: ArrayLike | None = None,
) -> TravelTimeGradient:
    """Return the derivatives of an objective by every parameter, from its derivatives by the arrival times.

    Parameters
    ----------
    travel_times
        From `solve` with `keep_tree=True`.
    dj_dt
        Derivative of the objective by the arrival at each node, shape (n,); of no account at nodes never reached.
    group, triangle_group
        Group of each tetrahedron, shape (m,), and surface element, shape (t,): 0, 1, ..., or -1 for none. Default: all
        in one.

    Raises
    ------
    InputError
        The tree was not kept, or shapes or values do not fit.

    Notes
    -----
    The derivative is that of the discrete solution. It is piecewise continuous: where a change of parameters makes a
    node prefer another simplex, the times have a kink, and differences across it do not equal the derivative.
    """
    tree = _kept(travel_times)
    given = travel_times.medium
    cells, surface, cables = (
        part.shape[0] for part in (given.mesh.tetrahedra, given.mesh.triangles, given.mesh.cables)
    )
    values = np.array(dj_dt, dtype=np.float64)
    if values.shape != travel_times.times_ms.shape or not np.isfinite(values[tree.order]).all():
        raise InputError(f"dj_dt must be finite at every node reached and have shape {travel_times.times_ms.shape}")
    groups = _checked_groups(group, cells, None, "group")
    surface_groups = _checked_groups(triangle_group, surface, None, "triangle_group")
    along, across = _local_parts(travel_times, tree)
    owner, starts, elements, by_fibre, by_transverse = _ball_parts(travel_times.balls)
    d_fibre, d_transverse, d_triangle = np.zeros(cells), np.zeros(cells), np.zeros(surface)
    d_cable, d_release = np.zeros(cables), np.zeros(len(travel_times.balls))
    _sweep_back(
        tree.order, tree.parents, tree.weights, tree.winner, along, across,
        owner, starts, elements, by_fibre, by_transverse,
        values, d_fibre, d_transverse, d_triangle, d_cable, d_release,
    )  # fmt: skip
    per_v_triangle = np.divide(
        d_triangle, given.v_triangle_m_per_s, out=np.zeros(surface), where=given.v_triangle_m_per_s > 0.0
    )
    return TravelTimeGradient(
        v_fibre=_summed(d_fibre / given.v_fibre_m_per_s, groups),
        v_transverse=_summed(d_transverse / given.v_transverse_m_per_s, groups),
        log_v_fibre=_summed(d_fibre, groups),
        log_v_transverse=_summed(d_transverse, groups),
        log_slowness=frozen(-d_fibre - d_transverse),
        v_triangle=_summed(per_v_triangle, surface_groups),
        log_v_triangle=_summed(d_triangle, surface_groups),
        cable_ms=frozen(d_cable),
        release_ms=frozen(d_release),
    )


def tangent(travel_times: TravelTimes, directions: Directions) -> FloatArray:
    """Return the derivatives of all arrival times along a few directions, in one sweep for all of them.

    Parameters
    ----------
    travel_times
        From `solve` with `keep_tree=True`.
    directions
        The k directions.

    Returns
    -------
    ndarray
        Derivative of every arrival along every direction, shape (k, n) [ms per unit of the direction]; 0 at nodes
        never reached.

    Raises
    ------
    InputError
        The tree was not kept, or shapes do not fit.
    """
    tree = _kept(travel_times)
    mesh = travel_times.medium.mesh
    given = (
        directions.log_v_fibre,
        directions.log_v_transverse,
        directions.log_v_triangle,
        directions.cable_ms,
        directions.release_ms,
    )
    counts = {np.atleast_2d(part).shape[0] for part in given if part is not None}
    if len(counts) != 1:
        raise InputError(f"all parts of the directions must have the same first length, got {sorted(counts)}")
    k = counts.pop()
    wide = max([np.atleast_2d(part).shape[1] for part in given[:2] if part is not None], default=1)
    fibre = _checked_direction(directions.log_v_fibre, k, wide, "log_v_fibre")
    transverse = _checked_direction(directions.log_v_transverse, k, wide, "log_v_transverse")
    layer_wide = 1 if directions.log_v_triangle is None else np.atleast_2d(directions.log_v_triangle).shape[1]
    layer = _checked_direction(directions.log_v_triangle, k, layer_wide, "log_v_triangle")
    cable = _checked_direction(directions.cable_ms, k, mesh.cables.shape[0], "cable_ms")
    release = _checked_direction(directions.release_ms, k, len(travel_times.balls), "release_ms")
    group = _checked_groups(directions.group, mesh.tetrahedra.shape[0], wide, "group")
    layer_group = _checked_groups(directions.triangle_group, mesh.triangles.shape[0], layer_wide, "triangle_group")
    along, across = _local_parts(travel_times, tree)
    changes = np.zeros((travel_times.times_ms.size, k))
    _sweep_forward(
        tree.order, tree.parents, tree.weights, tree.winner, along, across, *_ball_parts(travel_times.balls),
        group, layer_group, fibre, transverse, layer, cable, release, changes,
    )  # fmt: skip
    return frozen(changes.T)


def _kept(travel_times: TravelTimes) -> ArrivalTree:
    if travel_times.tree is None:
        raise InputError("derivatives need the tree of arrivals: solve with keep_tree=True")
    return travel_times.tree


def _checked_groups(given: ArrayLike | None, count: int, groups: int | None, name: str) -> IndexArray:
    if given is None:
        return frozen(np.zeros(count, np.int32))
    group = np.asarray(given)
    if group.shape != (count,) or group.dtype.kind not in "iu":
        raise InputError(f"{name} must be whole numbers of shape ({count},), got {group.dtype} of {group.shape}")
    if group.size and (group.min() < -1 or (groups is not None and group.max() >= groups)):
        raise InputError(f"{name} must lie in [-1, {groups}), got {group.min()} to {group.max()}")
    return frozen(group.astype(np.int32))


def _checked_direction(given: FloatArray | None, k: int, wide: int, name: str) -> FloatArray:
    """Return the direction as (parameters, k), for sweeps that read all directions of one parameter."""
    if given is None:
        return np.zeros((wide, k))
    values: FloatArray = np.atleast_2d(np.asarray(given, dtype=np.float64))
    if values.shape != (k, wide) or not np.isfinite(values).all():
        raise InputError(f"{name} must be finite and have shape ({k}, {wide}), got {values.shape}")
    return np.array(values.T, order="C")


def _summed(values: FloatArray, group: IndexArray) -> FloatArray:
    member = group >= 0
    sums = np.bincount(group[member], weights=values[member], minlength=1)
    return frozen(np.asarray(sums, dtype=np.float64))


def _ball_parts(
    balls: tuple[SourceBall, ...],
) -> tuple[IndexArray, IndexArray, IndexArray, FloatArray, FloatArray]:
    """Return the source of every entry, where its parts start, and the parts of all entries one after the other."""
    owner = np.repeat(np.arange(len(balls), dtype=np.int32), [ball.nodes.size for ball in balls])
    parts = np.concatenate([np.full(ball.nodes.size, ball.elements.shape[1], np.int32) for ball in balls])
    starts = np.zeros(parts.size + 1, np.int32)
    np.cumsum(parts, out=starts[1:])
    return (
        owner,
        starts,
        np.concatenate([ball.elements.ravel() for ball in balls]),
        np.concatenate([ball.by_log_v_fibre.ravel() for ball in balls]),
        np.concatenate([ball.by_log_v_transverse.ravel() for ball in balls]),
    )


def _local_parts(travel_times: TravelTimes, tree: ArrivalTree) -> tuple[FloatArray, FloatArray]:
    given = travel_times.medium
    return _local_derivatives(
        given.mesh.points_mm, given.fibre, given.v_fibre_m_per_s, given.v_transverse_m_per_s,
        travel_times.times_ms, tree.order, tree.parents, tree.weights, tree.winner, given.mesh.triangles.shape[0],
    )  # fmt: skip


@njit(cache=True)
def _local_derivatives(
    points: FloatArray,
    fibre: FloatArray,
    v_fibre: FloatArray,
    v_transverse: FloatArray,
    times: FloatArray,
    order: IndexArray,
    parents: IndexArray,
    weights: FloatArray,
    winner: NDArray[np.int64],
    triangles: int,
) -> tuple[FloatArray, FloatArray]:
    """Return the derivative of each node's last segment by ln(v) along and across; along alone on surface elements."""
    cells = fibre.shape[0]
    along, across = np.zeros(times.size), np.zeros(times.size)
    for j in order:
        e = winner[j]
        if e < 0 or e >= cells + triangles:
            continue
        x, y, z, before = points[j, 0], points[j, 1], points[j, 2], 0.0
        for k in range(3):
            parent, weight = parents[j, k], weights[j, k]
            x -= weight * points[parent, 0]
            y -= weight * points[parent, 1]
            z -= weight * points[parent, 2]
            before += weight * times[parent]
        segment = times[j] - before
        if e >= cells:
            along[j] = -segment
        elif segment > 0.0:
            part = (x * fibre[e, 0] + y * fibre[e, 1] + z * fibre[e, 2]) ** 2
            along[j] = -part / (segment * v_fibre[e] ** 2)
            across[j] = -(x * x + y * y + z * z - part) / (segment * v_transverse[e] ** 2)
    return along, across


@njit(cache=True)
def _sweep_back(
    order: IndexArray,
    parents: IndexArray,
    weights: FloatArray,
    winner: NDArray[np.int64],
    along: FloatArray,
    across: FloatArray,
    owner: IndexArray,
    starts: IndexArray,
    elements: IndexArray,
    by_fibre: FloatArray,
    by_transverse: FloatArray,
    values: FloatArray,
    d_fibre: FloatArray,
    d_transverse: FloatArray,
    d_triangle: FloatArray,
    d_cable: FloatArray,
    d_release: FloatArray,
) -> None:
    cells, triangles = d_fibre.size, d_triangle.size
    for turn in range(order.size - 1, -1, -1):
        j = order[turn]
        e, value = winner[j], values[j]
        if value == 0.0:
            continue
        if e < 0:
            entry = -2 - e
            d_release[owner[entry]] += value
            for part in range(starts[entry], starts[entry + 1]):
                d_fibre[elements[part]] += value * by_fibre[part]
                d_transverse[elements[part]] += value * by_transverse[part]
            continue
        for k in range(3):
            values[parents[j, k]] += weights[j, k] * value
        if e < cells:
            d_fibre[e] += value * along[j]
            d_transverse[e] += value * across[j]
        elif e < cells + triangles:
            d_triangle[e - cells] += value * along[j]
        else:
            d_cable[e - cells - triangles] += value


@njit(cache=True)
def _sweep_forward(
    order: IndexArray,
    parents: IndexArray,
    weights: FloatArray,
    winner: NDArray[np.int64],
    along: FloatArray,
    across: FloatArray,
    owner: IndexArray,
    starts: IndexArray,
    elements: IndexArray,
    by_fibre: FloatArray,
    by_transverse: FloatArray,
    group: IndexArray,
    layer_group: IndexArray,
    fibre: FloatArray,
    transverse: FloatArray,
    layer: FloatArray,
    cable: FloatArray,
    release: FloatArray,
    changes: FloatArray,
) -> None:
    cells, triangles, width = group.size, layer_group.size, changes.shape[1]
    for j in order:
        e = winner[j]
        if e < 0:
            entry = -2 - e
            for p in range(width):
                changes[j, p] = release[owner[entry], p]
            for part in range(starts[entry], starts[entry + 1]):
                g = group[elements[part]]
                if g >= 0:
                    for p in range(width):
                        changes[j, p] += by_fibre[part] * fibre[g, p] + by_transverse[part] * transverse[g, p]
            continue
        for k in range(3):
            parent, weight = parents[j, k], weights[j, k]
            if weight != 0.0:
                for p in range(width):
                    changes[j, p] += weight * changes[parent, p]
        if e < cells:
            g = group[e]
            if g >= 0:
                for p in range(width):
                    changes[j, p] += along[j] * fibre[g, p] + across[j] * transverse[g, p]
        elif e < cells + triangles:
            g = layer_group[e - cells]
            if g >= 0:
                for p in range(width):
                    changes[j, p] += along[j] * layer[g, p]
        else:
            for p in range(width):
                changes[j, p] += cable[e - cells - triangles, p]
