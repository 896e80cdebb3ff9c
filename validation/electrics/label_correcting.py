"""A slow iterative solution of the same discrete equations, without the test of causality.

Every node takes the smallest arrival that any of its tetrahedra offers, from whatever labels there are, again and again
until nothing changes. That is what the fast iterative method converges to. Written apart from the package, to tell
what the order of acceptance and the causality test cost.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from resynchro.electrics.travel_times import Medium

_EDGE = np.array([[-1, 0, 1, 2], [0, -1, 3, 4], [1, 3, -1, 5], [2, 4, 5, -1]])


def corrected_times(block: Medium, times_ms: np.ndarray, fixed: np.ndarray) -> tuple[np.ndarray, int]:
    """Return times that no tetrahedron can lower any more, and the rounds that took; fixed nodes keep theirs."""
    mesh = block.mesh
    labels = times_ms[mesh.node_order].copy()
    held = np.zeros(labels.size, np.bool_)
    held[mesh.node_rank[fixed]] = True
    rounds = _correct(
        mesh.tetrahedra_inside, mesh.tetrahedron_starts, mesh.tetrahedron_corners, block.tetrahedron_squares_ms2,
        labels, held,
    )  # fmt: skip
    return labels[mesh.node_rank], rounds


@njit(cache=True)
def _root(alpha: float, beta: float, gamma: float) -> float:
    disc = beta * beta - alpha * gamma
    return (beta + np.sqrt(disc)) / alpha if alpha > 0.0 and disc >= 0.0 else np.inf


@njit(cache=True)
def _by_side(s: float, t: float, a: float, b: float, c: float) -> float:
    """Return the arrival through a side of two vertices, A = [[a, c], [c, b]]; inf unless the weights are positive."""
    det = a * b - c * c
    if det <= 1e-12 * a * b:
        return np.inf
    low = min(s, t)
    s, t = s - low, t - low
    x, y = (b * s - c * t) / det, (a * t - c * s) / det  # A^-1 u
    p, q = (b - c) / det, (a - c) / det  # A^-1 1
    tau = _root(p + q, x + y, s * x + t * y - 1.0)
    return low + tau if tau < np.inf and p * tau >= x and q * tau >= y else np.inf


@njit(cache=True)
def _by_face(s: float, t: float, r: float, a: float, b: float, c: float, ab: float, ac: float, bc: float) -> float:
    """Return the arrival through the face of three vertices; inf unless all weights are positive."""
    i11, i12, i13 = b * c - bc * bc, ac * bc - ab * c, ab * bc - ac * b
    i22, i23, i33 = a * c - ac * ac, ab * ac - a * bc, a * b - ab * ab
    det = a * i11 + ab * i12 + ac * i13
    if det <= 1e-12 * a * b * c:
        return np.inf
    low = min(s, t, r)
    s, t, r = s - low, t - low, r - low
    x, y, z = i11 * s + i12 * t + i13 * r, i12 * s + i22 * t + i23 * r, i13 * s + i23 * t + i33 * r
    p, q, w = i11 + i12 + i13, i12 + i22 + i23, i13 + i23 + i33
    tau = _root(p + q + w, x + y + z, s * x + t * y + r * z - det)
    return low + tau if tau < np.inf and p * tau >= x and q * tau >= y and w * tau >= z else np.inf


@njit(cache=True)
def _offer(cells: np.ndarray, squares: np.ndarray, labels: np.ndarray, e: int, v: int) -> float:
    """Return the smallest arrival at vertex v over the face and all its sides and corners."""
    k, m, n = (v + 1) & 3, (v + 2) & 3, (v + 3) & 3
    s, t, r = labels[cells[e, k]], labels[cells[e, m]], labels[cells[e, n]]
    a, b, c = squares[e, _EDGE[v, k]], squares[e, _EDGE[v, m]], squares[e, _EDGE[v, n]]
    ab = 0.5 * (a + b - squares[e, _EDGE[k, m]])
    ac = 0.5 * (a + c - squares[e, _EDGE[k, n]])
    bc = 0.5 * (b + c - squares[e, _EDGE[m, n]])
    best = min(s + np.sqrt(a), t + np.sqrt(b), r + np.sqrt(c))
    if best == np.inf:
        return best
    if s < np.inf and t < np.inf and r < np.inf:
        face = _by_face(s, t, r, a, b, c, ab, ac, bc)
        if face < np.inf:
            return face
    for first, second, x, y, z in ((s, t, a, b, ab), (s, r, a, c, ac), (t, r, b, c, bc)):
        if first < np.inf and second < np.inf:
            best = min(best, _by_side(first, second, x, y, z))
    return best


@njit(cache=True)
def _correct(
    cells: np.ndarray,
    starts: np.ndarray,
    corners: np.ndarray,
    squares: np.ndarray,
    labels: np.ndarray,
    held: np.ndarray,
) -> int:
    active = ~held
    for turn in range(200):
        order = np.argsort(labels)
        largest = 0.0
        following = np.zeros_like(active)
        for j in order:
            if not active[j]:
                continue
            best = labels[j]
            for c in range(starts[j], starts[j + 1]):
                e = corners[c] >> 2
                if squares[e, 0] > 0.0:
                    best = min(best, _offer(cells, squares, labels, e, corners[c] & 3))
            if best < labels[j] - 1e-7:
                largest = max(largest, labels[j] - best)
                labels[j] = best
                for c in range(starts[j], starts[j + 1]):
                    for k in range(4):
                        node = cells[corners[c] >> 2, k]
                        following[node] = not held[node]
        active = following
        if largest == 0.0:
            return turn + 1
    return 200
