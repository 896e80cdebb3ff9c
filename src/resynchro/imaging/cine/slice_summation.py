"""Volumes from areas of slices: by summation of discs, and with base and apex known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resynchro.record.slices import FloatArray


def slice_heights_mm(position_mm: FloatArray, usual_mm: float) -> FloatArray:
    """Return the height that each slice stands for.

    Parameters
    ----------
    position_mm
        Slices along their normal, increasing [mm].
    usual_mm
        Height of a single slice, and twice what the outer slices reach beyond the stack [mm].

    Returns
    -------
    ndarray
        Half of the distance to either neighbour, half of the usual distance at the ends [mm]: thickness plus gap, from
        positions and never from the stated slice thickness.
    """
    if len(position_mm) < 2:
        return np.full(len(position_mm), usual_mm)
    half = np.diff(position_mm) / 2.0
    return np.asarray(np.append(half, usual_mm / 2.0) + np.insert(half, 0, usual_mm / 2.0))


def usual_spacing_mm(position_mm: FloatArray) -> float:
    """Return the median distance of neighbouring slices [mm]; 0 for a single slice."""
    return float(np.median(np.diff(position_mm))) if len(position_mm) > 1 else 0.0


def summed_volume_ml(
    position_mm: FloatArray, area_mm2: FloatArray, counts: NDArray[np.bool_], usual_mm: float
) -> float:
    """Sum areas times heights over the slices that count; a slice missing in between is bridged [ml].

    Notes
    -----
    V = sum of A_k h_k. For a half ellipsoid of 90 x 28 mm at a random place of the stack the error has an SD of 3 % at
    6 mm spacing and 8 % at 17.7 mm.
    """
    if not counts.any():
        return 0.0
    return float(area_mm2[counts] @ slice_heights_mm(position_mm[counts], usual_mm)) / 1000.0


def volume_between_ml(depth_mm: FloatArray, area_mm2: FloatArray, length_mm: float) -> float:
    """Return the volume between a known base and a known apex.

    Parameters
    ----------
    depth_mm
        Slices from base (0) towards the apex, in any order [mm].
    area_mm2
        Their areas [mm²].
    length_mm
        Depth of the apex [mm].

    Returns
    -------
    float
        [ml]; slices beyond base or apex do not count.

    Notes
    -----
    Frusta between slices (h/3 (A + B + sqrt(A B))), a paraboloid to the apex (A h/2, because near the tip of a rounded
    body the area grows with depth) and a cylinder to the base.
    """
    inside = (depth_mm >= 0.0) & (depth_mm < length_mm)
    order = np.argsort(depth_mm[inside])
    depth, area = depth_mm[inside][order], area_mm2[inside][order]
    if not len(depth):
        return 0.0
    step = np.diff(depth)
    frusta = step / 3.0 * (area[:-1] + area[1:] + np.sqrt(area[:-1] * area[1:]))
    return float(area[0] * depth[0] + frusta.sum() + area[-1] * (length_mm - depth[-1]) / 2.0) / 1000.0
