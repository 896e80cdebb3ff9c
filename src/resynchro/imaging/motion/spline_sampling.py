"""Compiled kernels of the polar tracker: image values between pixels, and sums over samples."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@numba.njit(cache=True)
def spline_samples(
    coefficients: FloatArray, row: FloatArray, column: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Evaluate a cubic spline image and its derivatives.

    Parameters
    ----------
    coefficients
        Cubic B-spline coefficients of an image (``scipy.ndimage.spline_filter``), shape (rows, columns).
    row, column
        Where, shape (n,) [px].

    Returns
    -------
    tuple of ndarray
        Value, derivative by row, derivative by column and 1 (inside the image) or 0 (outside, all zero), shape (n,).
    """
    count = row.size
    rows, columns = coefficients.shape
    value, by_row, by_column, inside = np.zeros(count), np.zeros(count), np.zeros(count), np.zeros(count)
    weight_r, weight_c, slope_r, slope_c = np.empty(4), np.empty(4), np.empty(4), np.empty(4)
    for k in range(count):
        y, x = row[k], column[k]
        if not (1.0 <= y < rows - 2.0 and 1.0 <= x < columns - 2.0):
            continue
        i, j = int(y), int(x)
        _cubic(y - i, weight_r, slope_r)
        _cubic(x - j, weight_c, slope_c)
        for a in range(4):
            line, slope = 0.0, 0.0
            for b in range(4):
                coefficient = coefficients[i - 1 + a, j - 1 + b]
                line += weight_c[b] * coefficient
                slope += slope_c[b] * coefficient
            value[k] += weight_r[a] * line
            by_row[k] += slope_r[a] * line
            by_column[k] += weight_r[a] * slope
        inside[k] = 1.0
    return value, by_row, by_column, inside


@numba.njit(cache=True)
def _cubic(t: float, weight: FloatArray, slope: FloatArray) -> None:
    """Write weights and slopes of the four cubic B-splines around a position."""
    u = 1.0 - t
    weight[0] = u * u * u / 6.0
    weight[1] = (4.0 - 6.0 * t * t + 3.0 * t * t * t) / 6.0
    weight[2] = (4.0 - 6.0 * u * u + 3.0 * u * u * u) / 6.0
    weight[3] = t * t * t / 6.0
    slope[0] = -0.5 * u * u
    slope[1] = -2.0 * t + 1.5 * t * t
    slope[2] = 2.0 * u - 1.5 * u * u
    slope[3] = 0.5 * t * t


@numba.njit(cache=True)
def angular_sums(
    weight: FloatArray, residual: FloatArray, radial: FloatArray, sideways: FloatArray, through: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Sum products of derivatives over the depth, angle by angle.

    Parameters
    ----------
    weight, residual
        Shape (depths, angles).
    radial, sideways
        Derivative of the residual by radial and tangential displacement, shape (depths, angles).
    through
        Powers of the depth, shape (3, depths, angles).

    Returns
    -------
    tuple of ndarray
        Second-order sums, shape (3, 3, 3, angles) for radial-radial, radial-tangential and tangential-tangential by two
        powers, and first-order sums, shape (2, 3, angles).
    """
    n_powers, depths, angles = through.shape
    second = np.zeros((3, n_powers, n_powers, angles))
    first = np.zeros((2, n_powers, angles))
    for i in range(depths):
        for j in range(angles):
            w = weight[i, j]
            if w == 0.0:
                continue
            wr, wt = w * radial[i, j], w * sideways[i, j]
            rr, rt, tt = wr * radial[i, j], wr * sideways[i, j], wt * sideways[i, j]
            for p in range(n_powers):
                f = through[p, i, j]
                first[0, p, j] += wr * residual[i, j] * f
                first[1, p, j] += wt * residual[i, j] * f
                for q in range(p + 1):
                    g = f * through[q, i, j]
                    second[0, p, q, j] += rr * g
                    second[1, p, q, j] += rt * g
                    second[2, p, q, j] += tt * g
    for p in range(n_powers):
        for q in range(p):
            for part in range(3):
                for j in range(angles):
                    second[part, q, p, j] = second[part, p, q, j]
    return second, first
