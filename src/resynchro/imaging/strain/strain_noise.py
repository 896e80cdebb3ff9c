"""Noise of one frame of a strain curve, from what the curve holds above its harmonics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resynchro.imaging.strain.fourier import low_passed

FloatArray = NDArray[np.float64]

NOISE_HARMONICS = 6
#: A residual below this is implausibly small: the export was smoothed in time [%].
LEAST_PLAUSIBLE_NOISE_PCT = 0.1
#: Fewer degrees of freedom give no usable estimate.
_LEAST_FREEDOM = 4
NOISE_UNKNOWN = "noise unknown (smoothed export)"


def noise_per_frame(strain_pct: FloatArray, harmonics: int = NOISE_HARMONICS) -> FloatArray | None:
    """Estimate the noise of one frame of each curve.

    Parameters
    ----------
    strain_pct
        Shape (..., T): whole beats, equally spaced [%].
    harmonics
        What lies above them counts as noise.

    Returns
    -------
    FloatArray or None
        Shape (...): ``sqrt(sum r^2/(T - 2 H - 1))`` of the residual r [%]; None with fewer than 2 H + 5 frames.

    Notes
    -----
    A lower bound: smoothing in time by the tracking software hides noise from this estimate without taking its effect
    on timing away. Corners of the true curve sharper than the harmonics count as noise.
    """
    freedom = strain_pct.shape[-1] - 2 * harmonics - 1
    if freedom < _LEAST_FREEDOM:
        return None
    residual = strain_pct - low_passed(strain_pct, harmonics)
    return np.asarray(np.sqrt((residual**2).sum(axis=-1) / freedom), dtype=np.float64)
