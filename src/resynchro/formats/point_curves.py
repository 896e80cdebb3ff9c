"""Curves from points without an order: closed by angle, or from neighbour to neighbour."""

from __future__ import annotations

import numpy as np

from resynchro.record.slices import FloatArray

#: Fewer points enclose no area that could be trusted.
_FEWEST = 6


def closed_by_angle(points: FloatArray | None) -> FloatArray | None:
    """Return a polygon through points around their middle, shape (n, 2), read-only; None for fewer than six points.

    Right for outlines that every ray from the middle meets once, such as the short axis of the left ventricle.
    """
    if points is None or len(points) < _FEWEST:
        return None
    low, high = points.min(axis=0), points.max(axis=0)
    angle = np.arctan2(*(points - (low + high) / 2.0).T)
    polygon = points[np.argsort(angle, kind="stable")]
    polygon.setflags(write=False)
    return polygon


def closed_from_arcs(free_wall: FloatArray | None, septum: FloatArray | None) -> FloatArray | None:
    """Return a polygon along the septum and back along the free wall, which meet at their ends; None without both."""
    if free_wall is None or septum is None or len(free_wall) < 3 or len(septum) < 3:
        return None
    distance = np.linalg.norm(septum[:, None] - septum[None, :], axis=2)
    there = _chain(septum, int(np.unravel_index(np.argmax(distance), distance.shape)[0]))
    back = _chain(free_wall, int(np.argmin(np.linalg.norm(free_wall - there[-1], axis=1))))
    polygon = np.concatenate([there, back])
    polygon.setflags(write=False)
    return polygon


def _chain(points: FloatArray, here: int) -> FloatArray:
    """Put the points of an open arc in order: from one of its ends on to the nearest one left."""
    left = np.ones(len(points), dtype=bool)
    order = []
    for _ in range(len(points)):
        order.append(here)
        left[here] = False
        here = int(np.argmin(np.where(left, np.linalg.norm(points - points[here], axis=1), np.inf)))
    return points[order]


def septum_ends(septum: FloatArray | None, centre: FloatArray) -> FloatArray | None:
    """Return the two points of the septum furthest apart in angle around a centre, shape (2, 2), or None."""
    if septum is None or len(septum) < 3:
        return None
    angle = np.arctan2(*(septum - centre).T)
    middle = np.arctan2(np.sin(angle).sum(), np.cos(angle).sum())
    off = (angle - middle + np.pi) % (2.0 * np.pi) - np.pi
    return septum[[int(np.argmin(off)), int(np.argmax(off))]]
