"""What timing indices give on a synchronous ventricle with the shape, amplitudes and noise of this one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resynchro.imaging.strain.cross_correlation import HARMONICS, cross_correlation_delays, least_amplitude_pct
from resynchro.imaging.strain.fourier import low_passed
from resynchro.imaging.strain.open_beat import open_beat_reasons
from resynchro.record.strain import SegmentCurves

FloatArray = NDArray[np.float64]

NOISE_DRAWS = 400


def synchronous_curves(curves: SegmentCurves) -> FloatArray:
    """Return what the segments would look like if all contracted together.

    Parameters
    ----------
    curves
        Periodic curves.

    Returns
    -------
    FloatArray
        Shape (segments, T): the mean of the low-passed curves after moving each by its own delay, in every segment
        with that segment's own amplitude [%].
    """
    smooth = low_passed(curves.strain_pct, HARMONICS)
    excursion = np.abs(smooth - smooth[:, :1]).max(axis=-1)
    closed = np.array([reason is None for reason in open_beat_reasons(curves)])
    counted = closed & (excursion >= least_amplitude_pct(curves.noise_pct, len(curves.segments)))
    delay_s = cross_correlation_delays(smooth, curves.rr_s, counted=counted).delay_s
    spectrum = np.fft.rfft(smooth[counted], axis=-1)
    turns = np.arange(spectrum.shape[-1])[None, :] * (delay_s[counted] / curves.rr_s)[:, None]
    moved = np.fft.irfft(spectrum * np.exp(2j * np.pi * turns), n=smooth.shape[-1], axis=-1)
    shape = moved.mean(axis=0)
    shape = shape - shape[0]
    return np.asarray(excursion[:, None] * shape / np.abs(shape).max(), dtype=np.float64)


def synchronous_draws(curves: SegmentCurves, rng: np.random.Generator, draws: int = NOISE_DRAWS) -> FloatArray | None:
    """Draw noisy copies of the synchronous curves.

    Parameters
    ----------
    curves
        Periodic curves.
    rng
        Source of the noise.
    draws
        How many.

    Returns
    -------
    FloatArray or None
        Shape (draws, segments, T), white noise of each segment's own size added [%]; None when the noise is unknown.
    """
    if curves.noise_pct is None:
        return None
    clean = synchronous_curves(curves)
    noise = rng.normal(0.0, 1.0, (draws, *clean.shape)) * curves.noise_pct[None, :, None]
    return np.asarray(clean[None] + noise, dtype=np.float64)


def above_noise(value: float, floor: float) -> str:
    """Say how much of a standard deviation is left when the noise floor is taken out in squares [ms]."""
    excess = float(np.sqrt(max(0.0, value**2 - floor**2)))
    return f"above noise: {excess:.1f} ms" if excess > 0.0 else "not above what noise alone gives"
