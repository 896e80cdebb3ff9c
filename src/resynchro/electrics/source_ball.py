"""Where an activation starts: a node with a ball of exact times around it, or a set of nodes with given times.

The front is most curved at a point source, and there a first-order scheme loses most: all later arrivals inherit a
delay. So the nodes around the source start with times of their own, integrated along the straight line from the
source. The fibres may turn on the way; a straight line is an upper bound with an error of second order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from resynchro.electrics.eikonal_medium import BoolArray, Medium
from resynchro.electrics.eikonal_mesh import FloatArray, IndexArray, TravelTimeMesh, frozen
from resynchro.errors import InputError, MeasurementError

#: Largest radius of a ball [mm] and its largest part of the wall. Along straight lines of 6 mm the time is right to
#: 0.5 ms even where fibres turn by 120 degrees within 10 mm; see validation/electrics/travel_times.md.
LARGEST_RADIUS_MM = 6.0
LARGEST_PART_OF_WALL = 0.6

#: A node whose way along the edges is longer than this many times the straight line lies behind a block or round a
#: corner: it gets no time. Ways along edges of a mesh are up to about 1.2 times as long as the line they follow.
_DETOUR = 1.35

#: Gauss-Legendre points on (0, 1).
_PLACES, _WEIGHTS = (0.5 * (np.polynomial.legendre.leggauss(5)[0] + 1.0), 0.5 * np.polynomial.legendre.leggauss(5)[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBall:
    """Nodes that start an activation, with their times relative to its release.

    Attributes
    ----------
    nodes
        Nodes, the source itself first, shape (b,).
    times_ms
        Time after the release at each of them, shape (b,) [ms].
    elements
        Tetrahedra that the straight line from the source to each node was integrated in, shape (b, q). q is 0 when the
        times were given and do not depend on the medium.
    by_log_v_fibre, by_log_v_transverse
        Parts of the derivative of each time with respect to the logarithm of the velocities in those elements, shape
        (b, q) [ms].
    radius_mm
        Radius that was used [mm], None when times were given.
    """

    nodes: IndexArray
    times_ms: FloatArray
    elements: IndexArray
    by_log_v_fibre: FloatArray
    by_log_v_transverse: FloatArray
    radius_mm: float | None


def source_ball(
    mesh: TravelTimeMesh,
    medium: Medium,
    node: int,
    *,
    radius_mm: float | None = None,
    wall_thickness_mm: float | None = None,
) -> SourceBall:
    """Start an activation at a node, with exact times around it.

    Parameters
    ----------
    mesh, medium
        Where, and what conducts there.
    node
        The source.
    radius_mm
        Radius of the ball [mm]; 0 for the node alone. Default: 6 mm, but at most 0.6 of the wall.
    wall_thickness_mm
        Thickness of the wall at the source [mm], when known.

    Raises
    ------
    MeasurementError
        No tissue that conducts touches the node: a stimulus there does not capture.
    InputError
        A node that does not exist, or a radius or thickness that is not a positive length.

    Notes
    -----
    The ball is searched from the source through conducting tetrahedra that lie within the radius. It thus stays on
    one side of a scar or a line of block; nodes that can only be reached around one are left out. The times enter a
    solution as first guesses: a fast surface layer or a cable may be earlier. A node that only cables or surface
    elements touch starts alone.
    """
    if not 0 <= node < mesh.node_count:
        raise InputError(f"the source must be one of the nodes 0 to {mesh.node_count - 1}, got {node}")
    radius = _checked_radius(radius_mm, wall_thickness_mm)
    if not _captures(mesh, medium, node):
        raise MeasurementError(
            f"no capture: nothing that conducts touches the source at node {node} (scar core, block or outside the "
            "muscle); choose another site"
        )
    nodes, cells = _search(
        mesh.points_mm,
        mesh.tetrahedra,
        mesh.tetrahedra_inside,
        mesh.tetrahedron_starts,
        mesh.tetrahedron_corners,
        mesh.tetrahedron_order,
        mesh.node_order,
        medium.conducting,
        int(mesh.node_rank[node]),
        radius,
    )
    elements = _elements_on_lines(mesh.points_mm, mesh.tetrahedra, nodes, cells, _PLACES)
    return _timed(mesh, medium, nodes, elements, radius)


def retimed(ball: SourceBall, medium: Medium) -> SourceBall:
    """Return the same ball with the times of another medium on the same mesh.

    Parameters
    ----------
    ball
        From `source_ball` on this mesh, with the same tissue conducting.
    medium
        The medium with other velocities.

    Notes
    -----
    Costs a few microseconds, where `source_ball` searches the ball anew. Given times (`source_nodes`) are kept.
    """
    if ball.radius_mm is None:
        return ball
    return _timed(medium.mesh, medium, ball.nodes, ball.elements, ball.radius_mm)


def source_nodes(mesh: TravelTimeMesh, nodes: ArrayLike, times_ms: ArrayLike = 0.0) -> SourceBall:
    """Start an activation at several nodes with given times, such as a line, a plane or the ends of a Purkinje tree.

    Parameters
    ----------
    mesh
        Where.
    nodes
        Shape (b,).
    times_ms
        Time of each after the release, one number or shape (b,) [ms].

    Raises
    ------
    InputError
        No nodes, nodes that do not exist, times that are not finite.
    """
    given = np.atleast_1d(np.asarray(nodes))
    if given.ndim != 1 or not given.size or given.dtype.kind not in "iu":
        raise InputError(
            f"source nodes must be whole numbers of shape (b,) with b > 0, got {given.dtype} {given.shape}"
        )
    if given.min() < 0 or given.max() >= mesh.node_count:
        raise InputError(f"source nodes must lie in [0, {mesh.node_count - 1}], got {given.min()} to {given.max()}")
    times = np.asarray(times_ms, dtype=np.float64)
    if times.shape not in ((), given.shape) or not np.isfinite(times).all():
        raise InputError(f"times of source nodes must be finite and of shape {given.shape}, got {times.shape}")
    none = np.empty((given.size, 0))
    return SourceBall(
        nodes=frozen(given.astype(np.int32)),
        times_ms=frozen(np.array(np.broadcast_to(times, given.shape))),
        elements=frozen(none.astype(np.int32)),
        by_log_v_fibre=frozen(none),
        by_log_v_transverse=frozen(none),
        radius_mm=None,
    )


def _checked_radius(radius_mm: float | None, wall_thickness_mm: float | None) -> float:
    if wall_thickness_mm is not None and not 0.0 < wall_thickness_mm < np.inf:
        raise InputError(f"the wall thickness must be a positive length in mm, got {wall_thickness_mm}")
    if radius_mm is not None:
        if not 0.0 <= radius_mm < np.inf:
            raise InputError(f"the radius of a source ball must be a length in mm, got {radius_mm}")
        return float(radius_mm)
    if wall_thickness_mm is None:
        return LARGEST_RADIUS_MM
    return min(LARGEST_RADIUS_MM, LARGEST_PART_OF_WALL * wall_thickness_mm)


def _captures(mesh: TravelTimeMesh, medium: Medium, node: int) -> bool:
    """Return whether anything that conducts leads away from the node."""
    inside = int(mesh.node_rank[node])
    corners = mesh.tetrahedron_corners[mesh.tetrahedron_starts[inside] : mesh.tetrahedron_starts[inside + 1]]
    if medium.conducting[mesh.tetrahedron_order[corners >> 2]].any():
        return True
    layer = mesh.triangle_corners[mesh.triangle_starts[inside] : mesh.triangle_starts[inside + 1]]
    if (medium.v_triangle_m_per_s[layer // 3] > 0.0).any():
        return True
    return bool(mesh.cable_starts[inside + 1] > mesh.cable_starts[inside])


def _timed(
    mesh: TravelTimeMesh, medium: Medium, nodes: IndexArray, elements: IndexArray, radius_mm: float
) -> SourceBall:
    times, by_fibre, by_transverse = _integrate(
        mesh.points_mm,
        frozen(nodes),
        frozen(elements),
        medium.fibre,
        medium.v_fibre_m_per_s,
        medium.v_transverse_m_per_s,
        _WEIGHTS,
    )
    return SourceBall(
        nodes=frozen(nodes),
        times_ms=frozen(times),
        elements=frozen(elements),
        by_log_v_fibre=frozen(by_fibre),
        by_log_v_transverse=frozen(by_transverse),
        radius_mm=radius_mm,
    )


@njit(cache=True)
def _distance(points: FloatArray, i: int, j: int) -> float:
    x, y, z = points[i, 0] - points[j, 0], points[i, 1] - points[j, 1], points[i, 2] - points[j, 2]
    return float(np.sqrt(x * x + y * y + z * z))


@njit(cache=True)
def _search(
    points: FloatArray,
    cells: IndexArray,
    cells_inside: IndexArray,
    starts: IndexArray,
    corners: IndexArray,
    cell_order: IndexArray,
    node_order: IndexArray,
    conducting: BoolArray,
    source: int,
    radius: float,
) -> tuple[IndexArray, IndexArray]:
    """Return the ball's nodes (the source first) and the tetrahedra around them, in the caller's numbers.

    Ways along edges are shortened until none changes (a queue, Bellman-Ford): balls hold a few hundred nodes.
    """
    start = node_order[source]
    way = {np.int32(source): 0.0}
    queue = [np.int32(source)]
    found = {np.int32(-1): True}
    head = 0
    while head < len(queue):
        i = queue[head]
        head += 1
        for c in range(starts[i], starts[i + 1]):
            inside = corners[c] >> 2
            e = cell_order[inside]
            if not conducting[e]:
                continue
            within = 0
            for a in range(4):
                within += _distance(points, cells[e, a], start) <= radius
            if i == source or within == 4:
                found[e] = True
            if within < 4:
                continue
            for a in range(4):
                j = cells_inside[inside, a]
                step = way[i] + _distance(points, node_order[i], cells[e, a])
                if j not in way or step < way[j] - 1e-9:
                    way[j] = step
                    queue.append(j)
    kept = [np.int32(start)]
    for j in way:
        straight = _distance(points, node_order[j], start)
        if j != source and way[j] <= _DETOUR * straight:
            kept.append(node_order[j])
    around = [e for e in found if e >= 0]
    return np.array(kept, dtype=np.int32), np.array(around, dtype=np.int32)


@njit(cache=True)
def _elements_on_lines(
    points: FloatArray, cells: IndexArray, nodes: IndexArray, around: IndexArray, places: FloatArray
) -> IndexArray:
    """Return for every node the tetrahedra whose centres are nearest to places on the line from the first node."""
    centres = np.zeros((around.size, 3))
    for k in range(around.size):
        for a in range(4):
            for axis in range(3):
                centres[k, axis] += 0.25 * points[cells[around[k], a], axis]
    elements = np.zeros((nodes.size, places.size if around.size else 0), np.int32)
    for b in range(elements.shape[0]):
        for q in range(elements.shape[1]):
            best = np.inf
            x = (1.0 - places[q]) * points[nodes[0], 0] + places[q] * points[nodes[b], 0]
            y = (1.0 - places[q]) * points[nodes[0], 1] + places[q] * points[nodes[b], 1]
            z = (1.0 - places[q]) * points[nodes[0], 2] + places[q] * points[nodes[b], 2]
            for k in range(around.size):
                square = (centres[k, 0] - x) ** 2 + (centres[k, 1] - y) ** 2 + (centres[k, 2] - z) ** 2
                if square < best:
                    best = square
                    elements[b, q] = around[k]
    return elements


@njit(cache=True)
def _integrate(
    points: FloatArray,
    nodes: IndexArray,
    elements: IndexArray,
    fibre: FloatArray,
    v_fibre: FloatArray,
    v_transverse: FloatArray,
    weights: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    times = np.zeros(nodes.size)
    by_fibre, by_transverse = np.zeros(elements.shape), np.zeros(elements.shape)
    for b in range(1, nodes.size):
        x = points[nodes[b], 0] - points[nodes[0], 0]
        y = points[nodes[b], 1] - points[nodes[0], 1]
        z = points[nodes[b], 2] - points[nodes[0], 2]
        whole = x * x + y * y + z * z
        for q in range(elements.shape[1]):
            e = elements[b, q]
            part = (x * fibre[e, 0] + y * fibre[e, 1] + z * fibre[e, 2]) ** 2
            along, across = part / v_fibre[e] ** 2, (whole - part) / v_transverse[e] ** 2
            slowness = np.sqrt(along + across)
            times[b] += weights[q] * slowness
            by_fibre[b, q] = -weights[q] * along / slowness
            by_transverse[b, q] = -weights[q] * across / slowness
    return times, by_fibre, by_transverse
