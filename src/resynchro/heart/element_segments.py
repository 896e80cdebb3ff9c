"""The AHA segment of every element."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resynchro.heart.mesh import FloatArray
from resynchro.record.segments import ANTERIOR_INSERTION_DEG


def segments_at(depth: FloatArray, rotation_deg: FloatArray) -> NDArray[np.int8]:
    """Return segments of the 17-segment model for many places at once.

    The same rule as `resynchro.record.segments.segment_at` (``rigid60``): thirds of the long axis, past its end the
    apex.

    Parameters
    ----------
    depth
        Along the long axis, 0 at the base, 1 at the end of the cavity, shape (n,).
    rotation_deg
        Display angle, anterior insertion at 120, shape (n,) [deg].

    Returns
    -------
    ndarray
        Shape (n,), int8, 1 to 17. Places above the base count as basal.
    """
    sector = np.floor_divide(np.mod(rotation_deg - ANTERIOR_INSERTION_DEG, 360.0), 60.0).astype(np.int64) % 6
    six = (sector + 1) % 6
    four = np.floor_divide(np.mod(rotation_deg - 45.0, 360.0), 90.0).astype(np.int64) % 4
    level = np.clip(np.floor(3.0 * np.maximum(depth, 0.0)).astype(np.int64), 0, 2)
    segment = np.choose(level, [1 + six, 7 + six, 13 + four])
    return np.where(depth >= 1.0, 17, segment).astype(np.int8)
