"""Strain from the knots of a tracked contour: change of length of six arcs with the same number of knots."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError

FloatArray = NDArray[np.float64]


def arc_strain_pct(knots_mm: FloatArray, arcs: int) -> FloatArray:
    """Return the strain of equal shares of a contour.

    Parameters
    ----------
    knots_mm
        Points over time along an open contour (a ring repeats its first knot at the end), shape (T, knots, 2) [mm].
    arcs
        Number of shares; where the number of knots does not divide, a share ends between two knots.

    Returns
    -------
    FloatArray
        ``100 (L/L(first frame) - 1)``, shape (arcs, T) [%].

    Raises
    ------
    InputError
        When an arc has no length in the first frame.

    Notes
    -----
    A knot is material: the same knot is the same tissue in every frame, so that an arc is bounded by knots, not by
    places. One arc over all is the global strain.
    """
    pieces = np.linalg.norm(np.diff(knots_mm, axis=1), axis=2)
    along = np.concatenate([np.zeros((len(pieces), 1)), np.cumsum(pieces, axis=1)], axis=1)
    bounds = np.linspace(0.0, pieces.shape[1], arcs + 1)
    before = np.minimum(bounds.astype(int), pieces.shape[1] - 1)
    share = bounds - before
    at_bounds = along[:, before] + share * (along[:, before + 1] - along[:, before])
    lengths = np.diff(at_bounds, axis=1).T
    if not (lengths[:, 0] > 0.0).all():
        raise InputError("an arc of the contour has no length in the first frame; track the contour again")
    return np.asarray(100.0 * (lengths / lengths[:, :1] - 1.0), dtype=np.float64)


def runs_clockwise(ring_mm: FloatArray) -> bool:
    """Tell whether a ring runs clockwise on a screen with x to the right and y down; shape (knots, 2)."""
    x, y = ring_mm[:, 0], ring_mm[:, 1]
    return bool((x[:-1] * y[1:] - x[1:] * y[:-1]).sum() > 0.0)
