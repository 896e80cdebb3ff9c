"""Local updates of the anisotropic eikonal equation: the earliest arrival at one vertex from the others' times.

With target b, known vertices k with times t_k and A_kl = e_k' G e_l (e_k = x_k - x_b), the arrival is the minimum of
sum(l_k t_k) + sqrt(l' A l) over weights l >= 0 with sum 1. Its stationary point solves a quadratic equation,
alpha tau^2 - 2 beta tau + gamma = 0 (the larger root); it is used when all weights are positive (the ray comes from
inside the simplex) and the arrival is not before any of the times it is made of (causality). Otherwise the minimum
lies on a side.

The stationary point is the minimum over all weights of sum 1, so no side can be earlier. Whether it can beat the label
that is there already shows in the sign of the quadratic, before any root or division: most updates end there.

References
----------
Sethian JA, Vladimirsky A (2000). Fast methods for the eikonal and related Hamilton-Jacobi equations on unstructured
meshes. PNAS 97:5699-5703. doi:10.1073/pnas.090060097
"""

from __future__ import annotations

import numpy as np
from numba import njit

#: Simplices flatter than this, relative to the product of their squared edges, are left to their sides.
_FLAT = 1e-14

#: What an update found: nothing earlier than the label, an earlier arrival, or that only the sides can tell; of a
#: triple k, l, m perhaps only the side k, l or the side k, m.
NOT_EARLIER, EARLIER, ASK_SIDES, ASK_FIRST_SIDE, ASK_SECOND_SIDE = 0, 1, 2, 3, 4

#: Position of edge (a, b) among the six of a tetrahedron and the three of a triangle, and each vertex's three others.
EDGE_OF_TETRAHEDRON = np.array([[-1, 0, 1, 2], [0, -1, 3, 4], [1, 3, -1, 5], [2, 4, 5, -1]], dtype=np.int64)
OTHERS_OF_TETRAHEDRON = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]], dtype=np.int64)
EDGE_OF_TRIANGLE = np.array([[-1, 0, 1], [0, -1, 2], [1, 2, -1]], dtype=np.int64)


@njit(cache=True, inline="always")
def pair_update(
    label: float, tk: float, tl: float, gkk: float, gll: float, gkl: float
) -> tuple[int, float, float, float]:
    """Return what was found, the arrival through the side between two vertices, and their weights.

    Vertex k is the last accepted: vertex l by itself has been tried before and is not asked for.
    """
    det = gkk * gll - gkl * gkl
    if det <= _FLAT * gkk * gll:
        return ASK_SIDES, np.inf, 0.0, 0.0
    low = min(tk, tl)
    uk, ul, aim = tk - low, tl - low, label - low
    alpha = gkk + gll - 2.0 * gkl
    beta = (gll - gkl) * uk + (gkk - gkl) * ul
    gamma = gll * uk * uk - 2.0 * gkl * uk * ul + gkk * ul * ul - det
    disc = beta * beta - alpha * gamma
    if alpha <= 0.0 or disc < 0.0:
        return ASK_SIDES, np.inf, 0.0, 0.0
    if aim < np.inf and (alpha * aim <= beta or (alpha * aim - 2.0 * beta) * aim + gamma <= 0.0):
        return NOT_EARLIER, np.inf, 0.0, 0.0
    tau = (beta + np.sqrt(disc)) / alpha
    vk, vl = tau - uk, tau - ul
    nk, nl = gll * vk - gkl * vl, gkk * vl - gkl * vk
    if nk < 0.0:
        return NOT_EARLIER, np.inf, 0.0, 0.0
    if nl < 0.0 or vk < 0.0 or vl < 0.0:
        return ASK_SIDES, np.inf, 0.0, 0.0
    wk = nk / (nk + nl)
    wl = 1.0 - wk
    # The label is the value at the weights, so that it belongs to its stored simplex even where tau lost digits.
    along = wk * uk + wl * ul
    return EARLIER, low + along + np.sqrt(wk * wk * gkk + 2.0 * wk * wl * gkl + wl * wl * gll), wk, wl


@njit(cache=True, inline="always")
def triple_update(
    label: float,
    tk: float,
    tl: float,
    tm: float,
    gkk: float,
    gll: float,
    gmm: float,
    gkl: float,
    gkm: float,
    glm: float,
) -> tuple[int, float, float, float, float]:
    """Return what was found, the arrival through the face of three vertices, and their weights.

    Vertex k is the last accepted: the side l, m has been tried before and is not asked for.
    """
    pkk = gll * gmm - glm * glm
    pkl = gkm * glm - gkl * gmm
    pkm = gkl * glm - gkm * gll
    det = gkk * pkk + gkl * pkl + gkm * pkm
    if det <= _FLAT * gkk * gll * gmm:
        return ASK_SIDES, np.inf, 0.0, 0.0, 0.0
    pll = gkk * gmm - gkm * gkm
    plm = gkl * gkm - gkk * glm
    pmm = gkk * gll - gkl * gkl
    low = min(tk, tl, tm)
    uk, ul, um, aim = tk - low, tl - low, tm - low, label - low
    rk, rl, rm = pkk + pkl + pkm, pkl + pll + plm, pkm + plm + pmm
    sk, sl, sm = pkk * uk + pkl * ul + pkm * um, pkl * uk + pll * ul + plm * um, pkm * uk + plm * ul + pmm * um
    alpha = rk + rl + rm
    beta = sk + sl + sm
    gamma = uk * sk + ul * sl + um * sm - det
    disc = beta * beta - alpha * gamma
    if alpha <= 0.0 or disc < 0.0:
        return ASK_SIDES, np.inf, 0.0, 0.0, 0.0
    if aim < np.inf and (alpha * aim <= beta or (alpha * aim - 2.0 * beta) * aim + gamma <= 0.0):
        return NOT_EARLIER, np.inf, 0.0, 0.0, 0.0
    tau = (beta + np.sqrt(disc)) / alpha
    nk, nl, nm = rk * tau - sk, rl * tau - sl, rm * tau - sm
    if nk < 0.0 or nl < 0.0 or nm < 0.0:
        # The minimum lies on a side beyond which the stationary point lies. Where an angle is obtuse in the metric,
        # causality may forbid it there, so all sides are tried.
        if gkl < 0.0 or gkm < 0.0 or glm < 0.0 or (nl < 0.0 and nm < 0.0):
            return ASK_SIDES, np.inf, 0.0, 0.0, 0.0
        if nm < 0.0:
            return ASK_FIRST_SIDE, np.inf, 0.0, 0.0, 0.0
        return (ASK_SECOND_SIDE if nl < 0.0 else NOT_EARLIER), np.inf, 0.0, 0.0, 0.0
    if tau < uk or tau < ul or tau < um:
        return ASK_SIDES, np.inf, 0.0, 0.0, 0.0
    whole = nk + nl + nm
    wk, wl = nk / whole, nl / whole
    wm = 1.0 - wk - wl
    square = wk * wk * gkk + wl * wl * gll + wm * wm * gmm
    square += 2.0 * (wk * wl * gkl + wk * wm * gkm + wl * wm * glm)
    return EARLIER, low + wk * uk + wl * ul + wm * um + np.sqrt(square), wk, wl, wm
