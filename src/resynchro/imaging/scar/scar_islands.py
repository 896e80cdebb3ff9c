"""Islands: stray bright spots too small to be called scar."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]


def without_islands(scar: BoolArray, wall: BoolArray, least_share: float) -> BoolArray:
    """Remove the connected parts of a scar that are smaller than a share of the wall of the slice.

    Parameters
    ----------
    scar, wall
        Masks of one slice, shape (rows, columns).
    least_share
        Smallest part that stays, as a share of the pixels of the wall (0 keeps all).

    Returns
    -------
    ndarray of bool
        Parts touch over edges and corners.
    """
    parts, sizes = scar_parts(scar)
    keep = np.flatnonzero(sizes >= least_share * float(wall.sum())) + 1
    return np.asarray(np.isin(parts, keep) & scar, dtype=bool)


def scar_parts(scar: BoolArray) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number the connected parts of a mask.

    Returns
    -------
    tuple
        Number of the part per pixel, 0 outside; pixels in each part, from part 1 on.
    """
    from scipy import ndimage

    parts, _ = ndimage.label(scar, structure=np.ones((3, 3), dtype=int))
    return np.asarray(parts, dtype=np.int32), np.bincount(parts.ravel())[1:].astype(np.int64)
