"""The label-setting march: every node is accepted once, in the order of arrival, from accepted neighbours only.

References
----------
Sethian JA, Vladimirsky A (2000). Fast methods for the eikonal and related Hamilton-Jacobi equations on unstructured
meshes. PNAS 97:5699-5703. doi:10.1073/pnas.090060097
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from resynchro.electrics.eikonal_update import (
    ASK_FIRST_SIDE,
    ASK_SECOND_SIDE,
    ASK_SIDES,
    EARLIER,
    EDGE_OF_TETRAHEDRON,
    EDGE_OF_TRIANGLE,
    OTHERS_OF_TETRAHEDRON,
    pair_update,
    triple_update,
)

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int32]
CodeArray = NDArray[np.int64]

#: Winner codes of nodes that no element reached: never reached at all, and entry k of the sources (-2 - k).
UNREACHED = -1
FIRST_ENTRY = -2

#: Value of `place` in the heap for nodes that have not been in it yet.
_OUTSIDE = -1


class Layout(NamedTuple):
    """What the march reads of a mesh and a medium, all in inside numbers."""

    cells: IndexArray
    cell_starts: IndexArray
    cell_corners: IndexArray
    squares: FloatArray
    surface: IndexArray
    surface_starts: IndexArray
    surface_corners: IndexArray
    surface_squares: FloatArray
    cable_starts: IndexArray
    cable_numbers: IndexArray
    cable_heads: IndexArray
    cable_ms: FloatArray


class Labels(NamedTuple):
    """State of a march: labels, accepted labels (inf before), heap and, when kept, the simplex of each label."""

    times: FloatArray
    settled: FloatArray
    heap: IndexArray
    place: IndexArray
    parents: IndexArray
    weights: FloatArray
    winner: CodeArray


@njit(cache=True)
def new_labels(nodes: int, keep_tree: bool) -> Labels:
    """Return the state before a march."""
    kept = nodes if keep_tree else 0
    return Labels(
        np.full(nodes, np.inf),
        np.full(nodes, np.inf),
        np.empty(nodes, np.int32),
        np.full(nodes, _OUTSIDE, np.int32),
        np.zeros((kept, 3), np.int32),
        np.zeros((kept, 3)),
        np.full(kept, UNREACHED, np.int64),
    )


@njit(cache=True)
def march(layout: Layout, labels: Labels, entry_nodes: IndexArray, entry_times: FloatArray, order: IndexArray) -> int:
    """Run a march: fill in the labels and the order of acceptance, and return how many nodes were reached."""
    keep_tree = labels.winner.size > 0
    heap, place, times = labels.heap, labels.place, labels.times
    size = 0
    for k in range(entry_nodes.size):
        i = entry_nodes[k]
        if entry_times[k] < times[i]:
            times[i] = entry_times[k]
            size = _enter(heap, place, times, size, i)
            if keep_tree:
                labels.winner[i] = FIRST_ENTRY - k
    reached = 0
    while size > 0:
        i = heap[0]
        _sink_last(heap, place, times, size)
        size -= 1
        labels.settled[i] = times[i]
        order[reached] = i
        reached += 1
        size = _along_cables(layout, labels, i, size, keep_tree)
        size = _over_surface(layout, labels, i, size, keep_tree)
        size = _through_cells(layout, labels, i, size, keep_tree)
    return reached


@njit(cache=True)
def _along_cables(layout: Layout, labels: Labels, i: int, size: int, keep_tree: bool) -> int:
    """Update the heads of the cables that leave an accepted node."""
    times, settled = labels.times, labels.settled
    for c in range(layout.cable_starts[i], layout.cable_starts[i + 1]):
        j, number = layout.cable_heads[c], layout.cable_numbers[c]
        arrival = settled[i] + layout.cable_ms[number]
        if settled[j] == np.inf and arrival < times[j]:
            times[j] = arrival
            size = _enter(labels.heap, labels.place, times, size, j)
            if keep_tree:
                code = layout.cells.shape[0] + layout.surface.shape[0] + number
                _keep(labels.parents, labels.weights, labels.winner, j, code, i, i, i, 1.0, 0.0, 0.0)
    return size


@njit(cache=True)
def _over_surface(layout: Layout, labels: Labels, i: int, size: int, keep_tree: bool) -> int:
    """Update the other vertices of the surface elements around an accepted node."""
    times, settled = labels.times, labels.settled
    surface, squares = layout.surface, layout.surface_squares
    ti = settled[i]
    for c in range(layout.surface_starts[i], layout.surface_starts[i + 1]):
        e = layout.surface_corners[c] // 3
        if squares[e, 0] == 0.0:
            continue
        a = layout.surface_corners[c] - 3 * e
        for b in range(3):
            j = surface[e, b]
            if b == a or settled[j] < np.inf:
                continue
            p = 3 - a - b
            gaa, gpp = squares[e, EDGE_OF_TRIANGLE[b, a]], squares[e, EDGE_OF_TRIANGLE[b, p]]
            found, arrival, wa, wp = ASK_SIDES, np.inf, 1.0, 0.0
            tp = settled[surface[e, p]]
            if tp < np.inf:
                gap = 0.5 * (gaa + gpp - squares[e, EDGE_OF_TRIANGLE[a, p]])
                found, arrival, wa, wp = pair_update(times[j], ti, tp, gaa, gpp, gap)
            if found == ASK_SIDES:
                arrival, wa, wp = ti + np.sqrt(gaa), 1.0, 0.0
            if arrival < times[j]:
                times[j] = arrival
                size = _enter(labels.heap, labels.place, times, size, j)
                if keep_tree:
                    code = layout.cells.shape[0] + e
                    _keep(labels.parents, labels.weights, labels.winner, j, code, i, surface[e, p], i, wa, wp, 0.0)
    return size


@njit(cache=True)
def _through_cells(layout: Layout, labels: Labels, i: int, size: int, keep_tree: bool) -> int:
    """Update the other vertices of the tetrahedra around an accepted node."""
    times, settled = labels.times, labels.settled
    cells, squares, corners = layout.cells, layout.squares, layout.cell_corners
    ti = settled[i]
    for c in range(layout.cell_starts[i], layout.cell_starts[i + 1]):
        e = corners[c] >> 2
        if squares[e, 0] == 0.0:
            continue
        a = corners[c] & 3
        b0, b1, b2 = OTHERS_OF_TETRAHEDRON[a, 0], OTHERS_OF_TETRAHEDRON[a, 1], OTHERS_OF_TETRAHEDRON[a, 2]
        for _ in range(3):
            b, p, q = b0, b1, b2
            b0, b1, b2 = b1, b2, b0
            j = cells[e, b]
            if settled[j] < np.inf:
                continue
            ip, iq = cells[e, p], cells[e, q]
            arrival, wa, wp, wq = _from_cell(squares, e, times[j], b, a, p, q, ti, settled[ip], settled[iq])
            if arrival < times[j]:
                times[j] = arrival
                size = _enter(labels.heap, labels.place, times, size, j)
                if keep_tree:
                    _keep(labels.parents, labels.weights, labels.winner, j, e, i, ip, iq, wa, wp, wq)
    return size


@njit(cache=True)
def _from_cell(
    squares: FloatArray, e: int, label: float, b: int, a: int, p: int, q: int, ta: float, tp: float, tq: float
) -> tuple[float, float, float, float]:
    """Return the arrival at vertex b of a tetrahedron and the weights of a, p, q; inf when the label is not beaten.

    Vertex a has just been accepted; p and q are not used while their time is inf. Sides without a were tried when the
    later of their two vertices was accepted.
    """
    gaa = squares[e, EDGE_OF_TETRAHEDRON[b, a]]
    if tp == np.inf and tq == np.inf:
        aim = label - ta
        if aim * aim <= gaa:
            return np.inf, 1.0, 0.0, 0.0
        return ta + np.sqrt(gaa), 1.0, 0.0, 0.0
    gpp, gqq = squares[e, EDGE_OF_TETRAHEDRON[b, p]], squares[e, EDGE_OF_TETRAHEDRON[b, q]]
    gap = 0.5 * (gaa + gpp - squares[e, EDGE_OF_TETRAHEDRON[a, p]])
    gaq = 0.5 * (gaa + gqq - squares[e, EDGE_OF_TETRAHEDRON[a, q]])
    by_p, by_q = tp < np.inf, tq < np.inf
    if by_p and by_q:
        gpq = 0.5 * (gpp + gqq - squares[e, EDGE_OF_TETRAHEDRON[p, q]])
        found, arrival, wa, wp, wq = triple_update(label, ta, tp, tq, gaa, gpp, gqq, gap, gaq, gpq)
        if found <= EARLIER:
            return arrival, wa, wp, wq
        by_p, by_q = found != ASK_SECOND_SIDE, found != ASK_FIRST_SIDE
    best, ba, bp, bq = np.inf, 1.0, 0.0, 0.0
    vertex = False
    if by_p:
        found, arrival, wa, wp = pair_update(label, ta, tp, gaa, gpp, gap)
        vertex = found == ASK_SIDES
        if found == EARLIER:
            best, ba, bp, bq = arrival, wa, wp, 0.0
    if by_q:
        found, arrival, wa, wq = pair_update(label, ta, tq, gaa, gqq, gaq)
        vertex = vertex or found == ASK_SIDES
        if found == EARLIER and arrival < best:
            best, ba, bp, bq = arrival, wa, 0.0, wq
    if vertex and ta + np.sqrt(gaa) < best:
        return ta + np.sqrt(gaa), 1.0, 0.0, 0.0
    return best, ba, bp, bq


@njit(cache=True, inline="always")
def _keep(
    parents: IndexArray,
    weights: FloatArray,
    winner: CodeArray,
    j: int,
    code: int,
    i: int,
    p: int,
    q: int,
    wi: float,
    wp: float,
    wq: float,
) -> None:
    """Write the simplex that set a label; a vertex without weight is replaced by the first."""
    winner[j] = code
    parents[j, 0], weights[j, 0] = i, wi
    parents[j, 1], weights[j, 1] = (p, wp) if wp > 0.0 else (i, 0.0)
    parents[j, 2], weights[j, 2] = (q, wq) if wq > 0.0 else (i, 0.0)


@njit(cache=True)
def _enter(heap: IndexArray, place: IndexArray, times: FloatArray, size: int, node: int) -> int:
    """Enter a node whose time was set or lowered, or move it up (four children a node); return the heap's new size."""
    slot = place[node]
    if slot == _OUTSIDE:
        slot = size
        size += 1
    key = times[node]
    while slot > 0:
        parent = (slot - 1) >> 2
        other = heap[parent]
        if times[other] <= key:
            break
        heap[slot] = other
        place[other] = slot
        slot = parent
    heap[slot] = node
    place[node] = slot
    return size


@njit(cache=True)
def _sink_last(heap: IndexArray, place: IndexArray, times: FloatArray, size: int) -> None:
    """Put the last of `size` nodes at the top, where one was taken, and let it sink."""
    node = heap[size - 1]
    size -= 1
    if size == 0:
        return
    key = times[node]
    slot = 0
    while True:
        child = 4 * slot + 1
        if child >= size:
            break
        best = child
        earliest = times[heap[child]]
        for other in range(child + 1, min(child + 4, size)):
            if times[heap[other]] < earliest:
                earliest = times[heap[other]]
                best = other
        if earliest >= key:
            break
        heap[slot] = heap[best]
        place[heap[slot]] = slot
        slot = best
    heap[slot] = node
    place[node] = slot


@njit(cache=True, parallel=True)
def march_each(
    layout: Layout,
    entry_starts: IndexArray,
    entry_nodes: IndexArray,
    entry_times: FloatArray,
    node_order: IndexArray,
    fields: NDArray[np.float32],
) -> None:
    """March from every source by itself, sources in parallel, into fields (s, n) in the caller's numbering."""
    for s in prange(fields.shape[0]):
        labels = new_labels(node_order.size, False)
        first, last = entry_starts[s], entry_starts[s + 1]
        march(layout, labels, entry_nodes[first:last], entry_times[first:last], np.empty(node_order.size, np.int32))
        for i in range(node_order.size):
            fields[s, node_order[i]] = labels.times[i]
