"""Lines of equal time over triangles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int32]

#: Step between isochrones, and between the heavy ones [ms].
STEP_MS, HEAVY_STEP_MS = 10.0, 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Isochrones:
    """Straight pieces of lines of equal time, each within one triangle.

    Attributes
    ----------
    start, end
        Shape (k, d), in the coordinates of the nodes.
    level_ms
        Time of each piece, shape (k,) [ms].
    triangle
        Which triangle it lies in, shape (k,).
    """

    start: FloatArray
    end: FloatArray
    level_ms: FloatArray
    triangle: NDArray[np.int64]


def isochrones(
    points: FloatArray, triangles: IndexArray, times_ms: FloatArray, *, step_ms: float = STEP_MS
) -> Isochrones:
    """Return lines of equal time, exact for times that are linear within each triangle.

    Parameters
    ----------
    points
        Shape (n, d).
    triangles
        Shape (t, 3).
    times_ms
        Per node, shape (n,) [ms]. Triangles with an infinite node carry no line.
    step_ms
        Lines are drawn at whole multiples of this.

    Returns
    -------
    Isochrones
        Neighbouring triangles share the ends of their pieces.
    """
    at = times_ms[triangles]
    usable = np.flatnonzero(np.isfinite(at).all(axis=1))
    order = np.argsort(at[usable], axis=1, kind="stable")
    nodes = np.take_along_axis(triangles[usable], order, axis=1)
    low, middle, high = times_ms[nodes].T
    first = np.floor(low / step_ms).astype(np.int64) + 1
    count = np.maximum(np.ceil(high / step_ms).astype(np.int64) - first, 0)
    owner = np.repeat(np.arange(len(usable)), count)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    level = step_ms * (first[owner] + within)
    a, b, c = nodes[owner].T
    below = level < middle[owner]
    start = _crossing(points, times_ms, a, c, level)
    end = _crossing(points, times_ms, np.where(below, a, b), np.where(below, b, c), level)
    return Isochrones(start=start, end=end, level_ms=level, triangle=usable[owner])


def is_heavy(level_ms: FloatArray) -> NDArray[np.bool_]:
    """Tell which lines are drawn heavy: whole multiples of 50 ms."""
    return np.asarray(np.abs(level_ms / HEAVY_STEP_MS - np.rint(level_ms / HEAVY_STEP_MS)) < 1e-6)


def _crossing(
    points: FloatArray, times_ms: FloatArray, one: IndexArray, other: IndexArray, level: FloatArray
) -> FloatArray:
    rise = times_ms[other] - times_ms[one]
    share = (level - times_ms[one]) / np.where(rise > 0.0, rise, 1.0)
    return np.asarray(points[one] + share[:, None] * (points[other] - points[one]))
