"""Microvascular obstruction: the dark core of an infarct, which is scar although it does not enhance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]


def obstruction_filled(scar: BoolArray, wall: BoolArray, cavity: BoolArray) -> BoolArray:
    """Add the dark cores to a scar: wall that scar shuts in against the cavity.

    Parameters
    ----------
    scar, wall, cavity
        Masks of one slice, shape (rows, columns); scar lies within the wall.

    Returns
    -------
    ndarray of bool
        Scar with every part of the wall that cannot reach the epicardium without crossing scar or cavity.

    Notes
    -----
    No contrast reaches the core of an acute infarct whose small vessels are obstructed; it stays dark between the
    bright rim and the endocardium. Wall is left alone when it touches the outside: healthy wall beside a scar, and the
    inner layer over a mid-wall stripe, which opens into healthy wall at its ends. Scar all around the circumference
    in the outer layers would shut in the whole inner layer: such patterns are not ischaemic and are filled wrongly.
    """
    from scipy import ndimage

    healthy = np.pad(wall & ~scar, 1)
    outside = ~np.pad(wall | cavity, 1)
    parts, _ = ndimage.label(healthy | outside)  # joined over edges, not over corners: a scar may touch by corners
    shut_in = healthy & ~np.isin(parts, np.unique(parts[outside]))
    return np.asarray(scar | shut_in[1:-1, 1:-1], dtype=bool)
