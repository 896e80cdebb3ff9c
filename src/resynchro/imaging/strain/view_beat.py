"""The one beat inside a view's samples: how many frames, how much of it they cover, whether it ends where it began."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resynchro.record.strain import StrainView

FloatArray = NDArray[np.float64]

#: A view must cover this share of its beat to count as periodic: prospectively gated series stop at 80 to 90 %.
LEAST_COVERAGE = 0.95
#: A beat that ends further than this from where it began has drifted [%].
LARGEST_DRIFT_PCT = 2.0


def frame_interval_s(view: StrainView) -> float:
    """Return the median time between frames [s]."""
    return float(np.median(np.diff(view.time_s)))


def frames_per_beat(view: StrainView) -> float:
    """Return how many frames fit the beat."""
    return view.rr_s / frame_interval_s(view)


def own_beat(view: StrainView) -> tuple[int, float]:
    """Tell which samples belong to the beat.

    Parameters
    ----------
    view
        Its samples may go on into the next beat.

    Returns
    -------
    count, covered
        Number of samples before the next beat starts (a sample at the end is the next start), and the share of the
        beat that they cover, each frame standing for one interval.
    """
    frame_s = frame_interval_s(view)
    count = int(np.searchsorted(view.time_s, view.rr_s - 0.5 * frame_s, side="right"))
    covered = (min(float(view.time_s[-1]) + frame_s, view.rr_s) - max(float(view.time_s[0]), 0.0)) / view.rr_s
    return max(count, 1), covered


def end_drift(strain_pct: FloatArray, count: int) -> FloatArray:
    """Return how far each curve ends from where it began.

    Parameters
    ----------
    strain_pct
        Shape (segments, T) [%].
    count
        From `own_beat`; the sample after the beat is its end where there is one, else the last sample.

    Returns
    -------
    FloatArray
        Shape (segments,) [%].
    """
    return np.asarray(strain_pct[:, min(count, strain_pct.shape[1] - 1)] - strain_pct[:, 0])


def drift_limit_pct(noise_pct: float) -> float:
    """Return the drift that counts as such [%]: 2 %, or three SD of the difference of two noisy frames if more."""
    return float(max(LARGEST_DRIFT_PCT, 3.0 * np.sqrt(2.0) * noise_pct))
