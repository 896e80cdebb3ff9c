"""Reference curve from the largest group of alike curves (quality-threshold clustering)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

#: Largest root-mean-square difference inside a cluster of curves scaled to 0..1: the value of the open
#: implementation ``suever/regionalDyssynchrony``.
CLUSTER_DIAMETER = 0.3265


def cluster_reference(curves: FloatArray) -> FloatArray:
    """Return the mean of the largest cluster of curves.

    Parameters
    ----------
    curves
        Shape (n, T), n at least 1, each with some variation [%].

    Returns
    -------
    FloatArray
        Shape (T,): mean of the curves scaled to 0..1 of the largest cluster.
    """
    low, high = curves.min(axis=-1, keepdims=True), curves.max(axis=-1, keepdims=True)
    scaled = (curves - low) / (high - low)
    return np.asarray(scaled[list(largest_cluster(scaled))].mean(axis=0), dtype=np.float64)


def largest_cluster(scaled: FloatArray, diameter: float = CLUSTER_DIAMETER) -> tuple[int, ...]:
    """Return the rows of the largest cluster.

    Parameters
    ----------
    scaled
        Shape (n, T), each curve scaled to 0..1.
    diameter
        Largest root-mean-square difference between two members.

    Returns
    -------
    tuple of int
        Rows in increasing order; of clusters of the same size the one with the smaller diameter, then the first.

    Notes
    -----
    From each curve a cluster grows by the curve that least increases the largest pairwise difference, until that
    exceeds the diameter. (Repeating on the rest would give further, smaller clusters, which nothing here needs.)
    """
    distance = np.sqrt(((scaled[:, None, :] - scaled[None, :, :]) ** 2).mean(axis=-1))
    best: tuple[int, float, tuple[int, ...]] | None = None
    for seed in range(len(scaled)):
        members, width = [seed], 0.0
        while len(members) < len(scaled):
            reach = np.maximum(distance[members].max(axis=0), width)
            reach[members] = np.inf
            nearest = int(reach.argmin())
            if reach[nearest] > diameter:
                break
            members.append(nearest)
            width = float(reach[nearest])
        if best is None or (-len(members), width) < best[:2]:
            best = (-len(members), width, tuple(sorted(members)))
    return best[2] if best is not None else ()
