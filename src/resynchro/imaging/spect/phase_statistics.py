"""How widely phases are spread: standard deviation, bandwidth, entropy, skewness, kurtosis."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from resynchro.errors import MeasurementError
from resynchro.imaging.spect.phase_analysis import delay_deg
from resynchro.record.slices import FloatArray

ENTROPY_BINS = 64
BANDWIDTH_SHARE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseStatistics:
    """Spread of phases around their circular mean.

    Attributes
    ----------
    mean_deg
        Circular mean, in [0, 360) [deg].
    peak_deg
        Middle of the fullest of 64 bins of the histogram [deg].
    sd_deg
        Phase standard deviation: sqrt(sum w d2/sum w), d the delay from the mean in (-180, 180] [deg]. Phases without
        any order give 104 deg.
    bandwidth_deg
        Smallest arc that holds 95 % of the weight [deg].
    entropy_pct
        -sum p ln p/ln 64 over 64 bins of 5.6 deg that begin opposite the mean [% of the largest possible].
    skewness, kurtosis
        Third and fourth standardised moments of d, the latter less 3 (0 for a Gaussian); None when the SD is 0.
    samples
        Number of samples.
    """

    mean_deg: float
    peak_deg: float
    sd_deg: float
    bandwidth_deg: float
    entropy_pct: float
    skewness: float | None
    kurtosis: float | None
    samples: int


def phase_statistics(phase_deg: FloatArray, weight: FloatArray | None = None) -> PhaseStatistics:
    """Compute the spread of phases.

    Parameters
    ----------
    phase_deg
        Shape (samples,) [deg].
    weight
        Shape (samples,), not negative; None weighs all alike. The square of the amplitude keeps samples without
        motion, whose phase is noise, from deciding.

    Returns
    -------
    PhaseStatistics

    Raises
    ------
    MeasurementError
        When there are no samples, or all weights are 0.

    Notes
    -----
    Skewness and kurtosis are those of the delays. Published values near 4.6 and 20 for normal ventricles are
    another statistic, whose definition its vendor has not published: they must not be compared with these.

    Examples
    --------
    >>> import numpy as np
    >>> found = phase_statistics(np.array([350.0, 10.0, 350.0, 10.0]))
    >>> round(found.mean_deg) % 360, round(found.sd_deg, 6), round(found.bandwidth_deg, 6)
    (0, 10.0, 20.0)
    """
    weight = np.ones(len(phase_deg)) if weight is None else np.asarray(weight, dtype=float)
    total = float(weight.sum())
    if len(phase_deg) == 0 or not total > 0.0:
        raise MeasurementError(
            "no sample moves or is viable, so there is no phase to measure; look at the perfusion map"
        )
    share = weight / total
    mean_deg = circular_mean_deg(phase_deg, weight)
    delay = delay_deg(phase_deg, mean_deg)
    second = float(share @ delay**2)
    sd = math.sqrt(second)
    heights, edges = np.histogram(delay, bins=ENTROPY_BINS, range=(-180.0, 180.0), weights=share)
    filled = heights[heights > 0.0]
    middle = (edges[:-1] + edges[1:]) / 2.0
    centred = delay - float(share @ delay)
    spread = math.sqrt(float(share @ centred**2))
    steady = spread < 1e-9
    return PhaseStatistics(
        mean_deg=mean_deg,
        peak_deg=float(middle[int(heights.argmax())] + mean_deg) % 360.0,
        sd_deg=sd,
        bandwidth_deg=_bandwidth_deg(phase_deg, share),
        entropy_pct=abs(100.0 * float(-(filled @ np.log(filled))) / math.log(ENTROPY_BINS)),
        skewness=None if steady else float(share @ centred**3) / spread**3,
        kurtosis=None if steady else float(share @ centred**4) / spread**4 - 3.0,
        samples=len(phase_deg),
    )


def circular_mean_deg(phase_deg: FloatArray, weight: FloatArray) -> float:
    """Return the direction of the weighted sum of unit vectors, in [0, 360) [deg]."""
    return math.degrees(float(np.angle(weight @ np.exp(1j * np.radians(phase_deg))))) % 360.0


def _bandwidth_deg(phase_deg: FloatArray, share: FloatArray) -> float:
    """Return the smallest arc that holds 95 % of the weight, by two pointers around the circle."""
    order = np.argsort(phase_deg % 360.0, kind="stable")
    phase = (phase_deg % 360.0)[order]
    turned = np.append(phase, phase + 360.0)
    held = np.append(0.0, np.cumsum(np.tile(share[order], 2)))
    # A hair less than 95 %, so that rounding of the sum cannot ask for one sample more.
    needed = held[: len(phase)] + BANDWIDTH_SHARE - 1e-9
    last = np.searchsorted(held, needed) - 1
    return float(np.min(turned[last] - phase))
