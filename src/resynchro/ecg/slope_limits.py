"""Where the slopes of a QRS begin and end: compiled searches on the normalised slopes of all leads."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import ndimage

from resynchro.record.ecg import FloatArray

#: Around the fiducial point the core of the QRS is looked for from here to there [s].
_CORE_BEFORE_S, _CORE_AFTER_S = 0.12, 0.16
#: Activity must stay below a threshold for this long to count as over [s]. Results hardly move between 8 and
#: 20 ms.
_HOLD_S = 0.010
#: Quiet stretches from which the noise floor is read: before the core from .. to, after it from .. to [s].
_QUIET_S = (0.25, 0.08, 0.12, 0.30)
#: A split wide QRS goes on behind a slow zone when this share of the peak slope follows within this time [s]. With it
#: the ends of the odd LUDB records scatter by 6.8 instead of 7.1 ms; shares of 0.10 to 0.25 and gaps of 24 to 80 ms do
#: alike there. Longer gaps or smaller shares reach the T wave of fast wide rhythms (synthetic RV pacing at 100/min).
_STRONG_SHARE, _GAP_S = 0.20, 0.030
_JOINT_FLOOR_SHARE, _LEAD_FLOOR_SHARE = 0.10, 0.20

MEAN_SHARES = np.array([0.03, 0.05, 0.08, 0.12])
RMS_SHARES = np.array([0.05, 0.08, 0.12])
LEAD_SHARES = np.array([0.03, 0.06, 0.10])


def normalised_slopes(signal_mv: FloatArray, sampling_rate_hz: float, fiducial: int) -> FloatArray:
    """Return the slope of every lead divided by its own peak in the QRS.

    Parameters
    ----------
    signal_mv
        Shape (n_leads, n_samples) [mV].
    sampling_rate_hz
        [Hz].
    fiducial
        Sample near the middle of the QRS.

    Returns
    -------
    FloatArray
        Shape (n_leads, n_samples), from 0 to about 1 inside the QRS. Equal weight for every lead: with true
        voltages V2 and V3 decide alone, and a notched left bundle branch block splits.
    """
    slopes = np.abs(np.gradient(ndimage.uniform_filter1d(signal_mv, 3, axis=1), axis=1))
    slopes = ndimage.uniform_filter1d(slopes, max(1, int(0.010 * sampling_rate_hz)), axis=1)
    start, stop = _core_window(signal_mv.shape[1], sampling_rate_hz, fiducial)
    peak = slopes[:, start:stop].max(axis=1, keepdims=True)
    return np.ascontiguousarray(slopes / np.maximum(peak, 1e-9))


def lead_limits(slopes: FloatArray, sampling_rate_hz: float, fiducial: int) -> tuple[FloatArray, FloatArray]:
    """Find first and last sample of the QRS in every lead for each of `LEAD_SHARES`.

    Parameters
    ----------
    slopes
        Shape (n_leads, n_samples) from `normalised_slopes`.
    sampling_rate_hz
        [Hz].
    fiducial
        Sample near the middle of the QRS.

    Returns
    -------
    tuple of FloatArray
        First and last samples, each of shape (n_leads, 3).
    """
    start, stop = _core_window(slopes.shape[1], sampling_rate_hz, fiducial)
    calm = ndimage.uniform_filter1d(slopes, max(1, int(0.030 * sampling_rate_hz)), axis=1)
    cores = start + np.argmax(calm[:, start:stop], axis=1)
    quiet, hold, gap = _search_lengths(sampling_rate_hz)
    first = np.empty((len(slopes), LEAD_SHARES.size))
    last = np.empty_like(first)
    for lead in range(len(slopes)):
        first[lead], last[lead] = _limits_at(
            slopes[lead], int(cores[lead]), LEAD_SHARES, quiet, hold, gap, _LEAD_FLOOR_SHARE
        )
    return first, last


def joint_limits(
    slopes: FloatArray, weights: FloatArray, sampling_rate_hz: float, fiducial: int
) -> tuple[FloatArray, FloatArray]:
    """Find first and last sample of the QRS on the joint slope of all leads.

    Parameters
    ----------
    slopes
        Shape (n_leads, n_samples) from `normalised_slopes`.
    weights
        Shape (n_leads,), how often each lead counts.
    sampling_rate_hz
        [Hz].
    fiducial
        Sample near the middle of the QRS.

    Returns
    -------
    tuple of FloatArray
        First and last samples for `MEAN_SHARES` of the mean slope and `RMS_SHARES` of its root mean square,
        each of shape (7,).
    """
    start, stop = _core_window(slopes.shape[1], sampling_rate_hz, fiducial)
    share = weights / weights.sum()
    quiet, hold, gap = _search_lengths(sampling_rate_hz)
    firsts, lasts = [], []
    mean = share @ slopes
    calm = ndimage.uniform_filter1d(mean, max(1, int(0.050 * sampling_rate_hz)))
    core = start + int(np.argmax(calm[start:stop]))
    for activity, shares in ((mean, MEAN_SHARES), (np.sqrt(share @ slopes**2), RMS_SHARES)):
        scaled = activity / max(float(activity[start:stop].max()), 1e-9)
        first, last = _limits_at(scaled, core, shares, quiet, hold, gap, _JOINT_FLOOR_SHARE)
        firsts.append(first)
        lasts.append(last)
    return np.concatenate(firsts), np.concatenate(lasts)


def _core_window(samples: int, sampling_rate_hz: float, fiducial: int) -> tuple[int, int]:
    start = max(0, fiducial - int(_CORE_BEFORE_S * sampling_rate_hz))
    stop = min(samples, fiducial + int(_CORE_AFTER_S * sampling_rate_hz))
    return start, stop


def _search_lengths(sampling_rate_hz: float) -> tuple[NDArray[np.int64], int, int]:
    """Return the quiet stretches, the hold and the gap in samples."""
    quiet = np.array([int(s * sampling_rate_hz) for s in _QUIET_S], dtype=np.int64)
    return quiet, max(1, int(_HOLD_S * sampling_rate_hz)), max(1, int(_GAP_S * sampling_rate_hz))


@njit(cache=True)
def _first_above(activity: FloatArray, core: int, threshold: float, hold: int) -> int:
    """Go back from the core and return the first sample of the activity that reaches it unbroken."""
    run = 0
    for sample in range(core, -1, -1):
        if activity[sample] < threshold:
            run += 1
            if run >= hold:
                return sample + hold
        else:
            run = 0
    return 0


@njit(cache=True)
def _last_above(activity: FloatArray, core: int, threshold: float, strong: float, hold: int, gap: int) -> int:
    """Go on from the core and return the last sample of the activity that leaves it unbroken.

    A slow zone is crossed when strong activity follows within the gap: the later part of a split wide QRS.
    """
    run = 0
    crossed = core
    for sample in range(core, activity.size):
        if activity[sample] < threshold:
            run += 1
            if run >= hold and sample >= crossed:
                end = sample - hold
                for later in range(sample + 1, min(end + gap, activity.size)):
                    if activity[later] > strong:
                        crossed = later
                if crossed <= sample:
                    return end
                run = 0
        else:
            run = 0
    return activity.size - 1


@njit(cache=True)
def _percentile_between(activity: FloatArray, start: int, stop: int, share: float) -> float:
    """Return a low percentile of a stretch, clipped to the beat."""
    start = max(0, start)
    stop = min(activity.size, stop)
    if stop - start < 5:
        return 0.0
    ordered = np.sort(activity[start:stop])
    return float(ordered[int(share * (ordered.size - 1))])


@njit(cache=True)
def _limits_at(
    activity: FloatArray,
    core: int,
    shares: FloatArray,
    quiet: NDArray[np.int64],
    hold: int,
    gap: int,
    floor_share: float,
) -> tuple[FloatArray, FloatArray]:
    """Return first and last samples of an activity with peak one, for shares of the peak above its floor."""
    before = _percentile_between(activity, core - quiet[0], core - quiet[1], floor_share)
    after = _percentile_between(activity, core + quiet[2], core + quiet[3], floor_share)
    first = np.empty(shares.size)
    last = np.empty(shares.size)
    for k in range(shares.size):
        first[k] = _first_above(activity, core, before + shares[k] * (1.0 - before), hold)
        strong = after + max(_STRONG_SHARE, shares[k]) * (1.0 - after)
        last[k] = _last_above(activity, core, after + shares[k] * (1.0 - after), strong, hold, gap)
    return first, last
