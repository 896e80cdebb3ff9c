"""Volumes and areas that turn activation times at nodes into numbers, made once per heart, and the loops over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from resynchro.heart.heart import LV_FREE_WALL, RV_FREE_WALL, SCAR_CORE, SEPTUM, Heart
from resynchro.heart.mesh import FloatArray, IndexArray

#: Segments 1 to 17, and 0 for the free wall of the right ventricle.
PATCHES = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationWeights:
    """What the conducting muscle of a heart weighs.

    Attributes
    ----------
    tetrahedra
        Conducting elements, shape (m, 4).
    patch
        Segment of each, 0 for the RV free wall, shape (m,).
    volumes_mm3
        Of each, shape (m,).
    patch_volumes_mm3
        Of each patch with its scar core, shape (18,).
    all_mm3, lv_mm3
        Share of the conducting volume of the heart and of the left ventricle (septum included) that each node stands
        for, a quarter of each element around it, shape (n,).
    parts
        Shares that each node stands for of: LV epicardium, RV epicardium (a third of each triangle around it) [mm2],
        septum, LV free wall [mm3], shape (4, n).
    """

    tetrahedra: IndexArray
    patch: NDArray[np.int8]
    volumes_mm3: FloatArray
    patch_volumes_mm3: FloatArray
    all_mm3: FloatArray
    lv_mm3: FloatArray
    parts: FloatArray


def activation_weights(heart: Heart) -> ActivationWeights:
    """Weigh the conducting muscle of a heart."""
    mesh = heart.mesh
    n = len(mesh.points_mm)
    volumes = mesh.volumes_mm3
    conducting = np.asarray(heart.tissue != SCAR_CORE)
    in_rv = np.asarray(heart.wall == RV_FREE_WALL)
    septal = np.asarray(conducting & (heart.wall == SEPTUM))
    free = np.asarray(conducting & (heart.wall == LV_FREE_WALL))
    left = np.asarray(conducting & ~in_rv)

    def per_node(cells: IndexArray, sizes: FloatArray, chosen: NDArray[np.bool_]) -> FloatArray:
        corners = cells.shape[1]
        shared = np.bincount(cells[chosen].ravel(), np.repeat(sizes[chosen] / corners, corners), n).astype(np.float64)
        shared.setflags(write=False)
        return shared

    outer = mesh.epicardium
    corner = mesh.points_mm[outer]
    areas = 0.5 * np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1)
    right = np.asarray(heart.coordinates.rv[outer].any(axis=1), dtype=np.bool_)
    used = np.flatnonzero(conducting)
    parts = np.stack(
        [
            per_node(outer, areas, ~right),
            per_node(outer, areas, right),
            per_node(mesh.tetrahedra, volumes, septal),
            per_node(mesh.tetrahedra, volumes, free),
        ]
    )
    parts.setflags(write=False)
    return ActivationWeights(
        tetrahedra=np.ascontiguousarray(mesh.tetrahedra[used]),
        patch=np.where(in_rv, 0, heart.segment)[used].astype(np.int8),
        volumes_mm3=np.ascontiguousarray(volumes[used]),
        patch_volumes_mm3=np.bincount(np.where(in_rv, 0, heart.segment), volumes, PATCHES).astype(np.float64),
        all_mm3=per_node(mesh.tetrahedra, volumes, conducting),
        lv_mm3=per_node(mesh.tetrahedra, volumes, left),
        parts=parts,
    )


@njit(cache=True)
def patch_moments(
    times_ms: FloatArray,
    tetrahedra: IndexArray,
    patch: NDArray[np.int8],
    volumes_mm3: FloatArray,
    sums: FloatArray,
) -> None:
    """Add up each patch: volume reached, first and second moment of time, earliest, latest; sums (patches, 5).

    Exact for times that are linear in each tetrahedron: the mean of T is that of its vertices, the mean of T^2 is
    ((sum T)^2 + sum T^2) / 20. Elements with a vertex that is never activated are left out.
    """
    sums[:, :3] = 0.0
    sums[:, 3] = np.inf
    sums[:, 4] = -np.inf
    for e in range(tetrahedra.shape[0]):
        a, b = times_ms[tetrahedra[e, 0]], times_ms[tetrahedra[e, 1]]
        c, d = times_ms[tetrahedra[e, 2]], times_ms[tetrahedra[e, 3]]
        total = a + b + c + d
        if total == np.inf:
            continue
        p = patch[e]
        sums[p, 0] += volumes_mm3[e]
        sums[p, 1] += volumes_mm3[e] * 0.25 * total
        sums[p, 2] += volumes_mm3[e] * 0.05 * (total * total + a * a + b * b + c * c + d * d)
        sums[p, 3] = min(sums[p, 3], min(min(a, b), min(c, d)))
        sums[p, 4] = max(sums[p, 4], max(max(a, b), max(c, d)))


@njit(cache=True)
def weighted_means(times_ms: FloatArray, weights: FloatArray, means: FloatArray) -> None:
    """Return the mean time of each row of weights (k, n) over the nodes that are activated; NaN without any."""
    for k in range(weights.shape[0]):
        total, weight = 0.0, 0.0
        for i in range(times_ms.size):
            if weights[k, i] > 0.0 and times_ms[i] < np.inf:
                total += weights[k, i] * times_ms[i]
                weight += weights[k, i]
        means[k] = total / weight if weight > 0.0 else np.nan


@njit(cache=True)
def time_of_share(times_ms: FloatArray, weights: FloatArray, share: float, first_ms: float, last_ms: float) -> float:
    """Return when a share of the activated weight has been activated, by a histogram of 0.25 ms, linear within."""
    bins = int(np.ceil((last_ms - first_ms) / 0.25)) + 1
    histogram = np.zeros(bins)
    total = 0.0
    for i in range(times_ms.size):
        if weights[i] > 0.0 and times_ms[i] < np.inf:
            k = min(bins - 1, max(0, int((times_ms[i] - first_ms) / 0.25)))
            histogram[k] += weights[i]
            total += weights[i]
    reached = 0.0
    for k in range(bins):
        if reached + histogram[k] >= share * total and histogram[k] > 0.0:
            return float(first_ms + 0.25 * (k + (share * total - reached) / histogram[k]))
        reached += histogram[k]
    return last_ms


@njit(cache=True)
def superpose_rows(
    fields: NDArray[np.float32],
    rows: NDArray[np.int64],
    delays_ms: FloatArray,
    times_ms: FloatArray,
    winner: NDArray[np.int16],
) -> None:
    """Fill in the earliest of delay + field over the chosen rows at the heart's nodes, and which it was (-1: none)."""
    times_ms[:] = np.inf
    winner[:] = -1
    for s in range(rows.size):
        if delays_ms[s] == np.inf:
            continue
        for i in range(times_ms.size):
            time = fields[rows[s], i] + delays_ms[s]
            if time < times_ms[i]:
                times_ms[i] = time
                winner[i] = s
