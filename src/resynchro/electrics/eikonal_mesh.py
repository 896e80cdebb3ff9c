"""The mesh of a travel-time computation: renumbered tetrahedra, surface elements, cables and their node lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from resynchro.errors import InputError

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int32]
Scalar = TypeVar("Scalar", bound=np.generic)

#: The six edges of a tetrahedron and the three of a triangle, in the order of all edge lengths of this package.
TETRAHEDRON_EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
TRIANGLE_EDGES = ((0, 1), (0, 2), (1, 2))

#: A heart or a block of tissue in millimetres has a bounding box with a diagonal between these. A heart in metres has
#: 0.15, one in micrometres 150,000.
_DIAGONAL_MM = (2.0, 2000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelTimeMesh:
    """Tetrahedra, fast surface elements and cables, with all that a travel-time computation needs of their topology.

    Attributes ending in ``_inside`` use a numbering of nodes and elements along a space-filling curve, which keeps
    neighbours close in memory. Nobody outside meets it: all results come in the caller's numbering.

    Attributes
    ----------
    points_mm
        Nodes, shape (n, 3) [mm].
    tetrahedra
        Shape (m, 4). Orientation does not matter.
    triangles
        Surface elements that may conduct faster than the muscle below them, shape (t, 3).
    cables
        Directed edges from the first to the second node, shape (c, 2).
    node_order
        Caller's number of each inside node, shape (n,).
    node_rank
        Inside number of each of the caller's nodes, shape (n,).
    tetrahedron_order
        Caller's number of each inside tetrahedron, shape (m,).
    tetrahedra_inside, triangles_inside
        Vertices in inside numbers, shapes (m, 4) and (t, 3).
    tetrahedron_starts, tetrahedron_corners
        Tetrahedra of inside node i: ``corners[starts[i]:starts[i + 1]]``, each 4 * tetrahedron + position of i in it.
    triangle_starts, triangle_corners
        The same for triangles: 3 * triangle + position.
    cable_starts, cable_numbers, cable_heads
        Cables that leave inside node i, with their numbers and the inside nodes they lead to.
    """

    points_mm: FloatArray
    tetrahedra: IndexArray
    triangles: IndexArray
    cables: IndexArray
    node_order: IndexArray
    node_rank: IndexArray
    tetrahedron_order: IndexArray
    tetrahedra_inside: IndexArray
    triangles_inside: IndexArray
    tetrahedron_starts: IndexArray
    tetrahedron_corners: IndexArray
    triangle_starts: IndexArray
    triangle_corners: IndexArray
    cable_starts: IndexArray
    cable_numbers: IndexArray
    cable_heads: IndexArray

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return int(self.points_mm.shape[0])


def travel_time_mesh(
    points_mm: ArrayLike,
    tetrahedra: ArrayLike,
    *,
    triangles: ArrayLike | None = None,
    cables: ArrayLike | None = None,
) -> TravelTimeMesh:
    """Prepare a mesh for travel times.

    Parameters
    ----------
    points_mm
        Nodes, shape (n, 3) [mm]. Nodes in no element are allowed and are never reached, except as ends of cables.
    tetrahedra
        Shape (m, 4), numbers of nodes.
    triangles
        Surface elements on nodes of the tetrahedra, shape (t, 3), such as the fast endocardium.
    cables
        Directed edges, shape (c, 2), such as Purkinje branches and their junctions with muscle. A branch that
        conducts both ways is two edges.

    Raises
    ------
    InputError
        Shapes that do not fit, numbers of nodes that do not exist, points that are not finite, or a size that no
        heart in millimetres has.

    Notes
    -----
    A line of functional block is made in one of two ways: by elements that do not conduct (`conducting` of
    `resynchro.electrics.travel_times.medium`), or by doubling the nodes of a surface in the mesh, so that the elements
    on its two sides share none of them.
    """
    points = _checked_points(points_mm)
    cells = _checked_cells(tetrahedra, 4, points.shape[0], "tetrahedra")
    surface = _checked_cells(triangles, 3, points.shape[0], "triangles")
    edges = _checked_cells(cables, 2, points.shape[0], "cables")
    if not (cells.size or surface.size or edges.size):
        raise InputError("the mesh holds no tetrahedra, no triangles and no cables: give at least one kind")
    order = np.argsort(_curve_keys(points, points.min(axis=0), np.ptp(points, axis=0)), kind="stable").astype(np.int32)
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size, dtype=np.int32)
    cell_order, cells_inside = _sorted_by_lowest(cells, rank)
    surface_inside = np.ascontiguousarray(rank[surface])
    starts, corners = _corners_of_nodes(cells_inside, order.size)
    surface_starts, surface_corners = _corners_of_nodes(surface_inside, order.size)
    tails = rank[edges[:, 0]]
    numbers = np.argsort(tails, kind="stable").astype(np.int32)
    cable_starts = np.zeros(order.size + 1, np.int32)
    np.cumsum(np.bincount(tails, minlength=order.size), out=cable_starts[1:])
    return TravelTimeMesh(
        points_mm=frozen(points),
        tetrahedra=frozen(cells),
        triangles=frozen(surface),
        cables=frozen(edges),
        node_order=frozen(order),
        node_rank=frozen(rank),
        tetrahedron_order=frozen(cell_order),
        tetrahedra_inside=frozen(cells_inside),
        triangles_inside=frozen(surface_inside),
        tetrahedron_starts=frozen(starts),
        tetrahedron_corners=frozen(corners),
        triangle_starts=frozen(surface_starts),
        triangle_corners=frozen(surface_corners),
        cable_starts=frozen(cable_starts),
        cable_numbers=frozen(numbers),
        cable_heads=frozen(rank[edges[numbers, 1]]),
    )


def frozen(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return the array in C order and read-only, so that every compiled kernel meets one type only."""
    kept = np.ascontiguousarray(array).view()
    kept.setflags(write=False)
    return kept


def _checked_points(points_mm: ArrayLike) -> FloatArray:
    points = np.array(points_mm, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 3 or not points.shape[0]:
        raise InputError(f"points must have shape (n, 3) with n > 0, got {points.shape}")
    if not np.isfinite(points).all():
        raise InputError(f"{int((~np.isfinite(points)).any(axis=1).sum())} points are not finite: mend the mesh")
    diagonal = float(np.linalg.norm(np.ptp(points, axis=0)))
    if not _DIAGONAL_MM[0] <= diagonal <= _DIAGONAL_MM[1]:
        raise InputError(
            f"the box around the mesh must have a diagonal in [{_DIAGONAL_MM[0]:g}, {_DIAGONAL_MM[1]:g}] mm, "
            f"got {diagonal:.4g}: are the points in millimetres?"
        )
    return points


def _checked_cells(cells: ArrayLike | None, corners: int, nodes: int, name: str) -> IndexArray:
    if cells is None:
        return np.empty((0, corners), np.int32)
    given = np.asarray(cells)
    if given.size == 0:
        return np.empty((0, corners), np.int32)
    if given.ndim != 2 or given.shape[1] != corners or given.dtype.kind not in "iu":
        raise InputError(f"{name} must be whole numbers of shape (k, {corners}), got {given.dtype} of {given.shape}")
    if given.min() < 0 or given.max() >= nodes:
        raise InputError(f"{name} must name nodes in [0, {nodes - 1}], got {given.min()} to {given.max()}")
    if given.shape[0] > np.iinfo(np.int32).max // 4:
        raise InputError(f"at most {np.iinfo(np.int32).max // 4} {name} are supported, got {given.shape[0]}")
    return np.array(given, dtype=np.int32)


@njit(cache=True)
def _curve_keys(points: FloatArray, low: FloatArray, extent: FloatArray) -> NDArray[np.int64]:
    """Return each point's place on the Z-order curve (Morton 1966), 20 bits an axis."""
    largest = max(extent[0], extent[1], extent[2])
    keys = np.zeros(points.shape[0], np.int64)
    for i in range(points.shape[0]):
        for axis in range(3):
            place = np.int64((points[i, axis] - low[axis]) / largest * 1048575.0)
            for bit in range(20):
                keys[i] |= ((place >> bit) & 1) << (3 * bit + axis)
    return keys


@njit(cache=True)
def _sorted_by_lowest(cells: IndexArray, rank: IndexArray) -> tuple[IndexArray, IndexArray]:
    """Renumber vertices and sort elements by their lowest vertex (counting sort, stable)."""
    lowest = np.empty(cells.shape[0], np.int32)
    places = np.zeros(rank.size + 1, np.int32)
    for e in range(cells.shape[0]):
        low = rank[cells[e, 0]]
        for a in range(1, cells.shape[1]):
            low = min(low, rank[cells[e, a]])
        lowest[e] = low
        places[low + 1] += 1
    for i in range(rank.size):
        places[i + 1] += places[i]
    order = np.empty(cells.shape[0], np.int32)
    inside = np.empty_like(cells)
    for e in range(cells.shape[0]):
        place = places[lowest[e]]
        places[lowest[e]] += 1
        order[place] = e
        for a in range(cells.shape[1]):
            inside[place, a] = rank[cells[e, a]]
    return order, inside


@njit(cache=True)
def _corners_of_nodes(cells: IndexArray, nodes: int) -> tuple[IndexArray, IndexArray]:
    """List for every node the corners of elements that lie on it: vertices per element * element + position."""
    width = cells.shape[1]
    starts = np.zeros(nodes + 1, np.int32)
    for e in range(cells.shape[0]):
        for a in range(width):
            starts[cells[e, a] + 1] += 1
    for i in range(nodes):
        starts[i + 1] += starts[i]
    fill = starts[:-1].copy()
    corners = np.empty(cells.size, np.int32)
    for e in range(cells.shape[0]):
        for a in range(width):
            node = cells[e, a]
            corners[fill[node]] = width * e + a
            fill[node] += 1
    return starts, corners
