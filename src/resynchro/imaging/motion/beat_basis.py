"""Slow courses over a beat: what a contour or a displacement may do from frame to frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def beat_basis(phase: FloatArray, harmonics: int, *, periodic: bool) -> FloatArray:
    """Return the courses that sums are made of.

    Parameters
    ----------
    phase
        Shape (T,): time of each frame as a share of the beat; when it is not periodic, as a share of the time between
        the first and the last frame, 0 to 1.
    harmonics
        Highest harmonic of the beat.
    periodic
        False gives cosines of half cycles, which need not end where they began.

    Returns
    -------
    ndarray
        Shape (T, 2 harmonics + 1), the constant first.
    """
    if periodic:
        columns = [np.ones_like(phase)]
        for order in range(1, harmonics + 1):
            columns += [np.cos(2.0 * np.pi * order * phase), np.sin(2.0 * np.pi * order * phase)]
        return np.stack(columns, axis=-1)
    return np.stack([np.cos(np.pi * order * phase) for order in range(2 * harmonics + 1)], axis=-1)
