"""Periodic curves by their harmonics: low-pass, finer sampling, slope; one whole beat, equally spaced, is assumed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError

FloatArray = NDArray[np.float64]


def low_passed(values: FloatArray, harmonics: int) -> FloatArray:
    """Keep the mean and the first harmonics of periodic curves.

    Parameters
    ----------
    values
        Shape (..., T): T equally spaced samples of one whole beat, any unit.
    harmonics
        Highest harmonic of the beat that is kept, at least 1. With ``2 harmonics >= T`` nothing is removed.

    Returns
    -------
    FloatArray
        Shape (..., T).

    Raises
    ------
    MeasurementError
        For fewer than 4 samples or fewer than 1 harmonic.

    Examples
    --------
    >>> t = np.arange(16) / 16
    >>> slow, fast = np.cos(2 * np.pi * t), np.cos(2 * np.pi * 5 * t)
    >>> bool(np.allclose(low_passed(3 + slow + fast, 2), 3 + slow))
    True
    """
    curves = _checked(values, harmonics)
    spectrum = np.fft.rfft(curves, axis=-1)
    spectrum[..., harmonics + 1 :] = 0.0
    return np.asarray(np.fft.irfft(spectrum, n=curves.shape[-1], axis=-1), dtype=np.float64)


def upsampled(values: FloatArray, samples: int) -> FloatArray:
    """Sample periodic curves more finely by padding their spectrum with zeros.

    Parameters
    ----------
    values
        Shape (..., T), one whole beat.
    samples
        Number of samples wanted for the same beat, at least T.

    Returns
    -------
    FloatArray
        Shape (..., samples); passes through the given samples where they coincide, adds no new frequency.
    """
    curves = _checked(values, 1)
    given = curves.shape[-1]
    if samples < given:
        raise MeasurementError(f"{samples} samples are fewer than the {given} given; ask for at least as many")
    spectrum = np.fft.rfft(curves, axis=-1)
    if given % 2 == 0 and samples > given:  # the highest frequency stands for a pair that shares its energy
        spectrum[..., -1] *= 0.5
    finer = np.fft.irfft(spectrum, n=samples, axis=-1) * (samples / given)
    return np.asarray(finer, dtype=np.float64)


def mean_square_slope(values: FloatArray, rr_s: float, harmonics: int) -> FloatArray:
    """Return the mean over the beat of the squared slope of the low-passed curve.

    Parameters
    ----------
    values
        Shape (..., T), one whole beat [unit].
    rr_s
        Length of the beat [s].
    harmonics
        Highest harmonic that counts.

    Returns
    -------
    FloatArray
        Shape (...): ``2 sum_k (2 pi k / RR |F_k| / T)^2`` [unit^2/s^2].
    """
    curves = _checked(values, harmonics)
    count = curves.shape[-1]
    kept = min(harmonics, (count - 1) // 2)
    spectrum = np.abs(np.fft.rfft(curves, axis=-1)[..., 1 : kept + 1]) / count
    rate = 2.0 * np.pi * np.arange(1, kept + 1) / rr_s
    return np.asarray(2.0 * ((rate * spectrum) ** 2).sum(axis=-1), dtype=np.float64)


def _checked(values: FloatArray, harmonics: int) -> FloatArray:
    curves = np.asarray(values, dtype=np.float64)
    if curves.shape[-1] < 4:
        raise MeasurementError(f"{curves.shape[-1]} samples per beat are too few for harmonics; at least 4 are needed")
    if harmonics < 1:
        raise MeasurementError(f"the number of harmonics must be at least 1, got {harmonics}")
    return curves
