"""P onset and T end on the representative beat, for PR and QT."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage, signal

from resynchro.ecg.representative import QrsLimits, RepresentativeBeat
from resynchro.record.ecg import FloatArray

#: The P wave is looked for from here to there before the QRS onset [ms].
_P_SEARCH_MS = (300.0, 40.0)
#: A P wave stands out from the slopes around it by this factor and has at least this size [mV, rms over
#: leads].
_P_STANDS_OUT = 3.0
_P_SMALLEST_MV = 0.02
#: The P wave begins where the slope falls to this share of its peak (on the odd LUDB records the mean
#: difference from the median manual mark is then 0 ms, standard deviation 8 ms).
_P_SHARE = 0.20
#: A P wave that begins closer than this to the start of the beat began before it: its onset was not seen [s].
_BEFORE_P_S = 0.014
#: The T peak is looked for from here after the QRS end [ms].
_T_EARLIEST_MS = 60.0
#: Smallest T wave that allows a T end [mV].
_T_SMALLEST_MV = 0.05
#: The trapezium ends this much later than the median manual mark of the odd LUDB records [ms].
_T_LATENESS_MS = 17.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PAndT:
    """Limits of P and T within the representative beat.

    Attributes
    ----------
    p_onset_ms, p_end_ms
        [ms]; None with `p_reason` when no P wave was found.
    t_end_ms
        Global T end [ms]; None with `t_reason`.
    p_amplitude_mv
        Signed P amplitude per lead, shape (12,) [mV]; None without a P wave.
    """

    p_onset_ms: float | None
    p_end_ms: float | None
    p_reason: str | None
    t_end_ms: float | None
    t_reason: str | None
    p_amplitude_mv: FloatArray | None


def measure_p_and_t(beat: RepresentativeBeat, limits: QrsLimits, rr_ms: float | None) -> PAndT:
    """Find P onset, P end and T end.

    Parameters
    ----------
    beat
        Representative beat.
    limits
        Its QRS limits.
    rr_ms
        Median interval between beats [ms]: the T wave must end before the next P wave. None when unknown.

    Returns
    -------
    PAndT
        Times with reasons where a wave could not be found.

    Notes
    -----
    Averaging cancels atrial fibrillation waves, so "no P wave" is the expected answer there.
    """
    p_onset, p_end, p_reason, p_amplitude = _p_wave(beat, limits)
    t_end, t_reason = _t_end(beat, limits, rr_ms)
    return PAndT(
        p_onset_ms=p_onset,
        p_end_ms=p_end,
        p_reason=p_reason,
        t_end_ms=t_end,
        t_reason=t_reason,
        p_amplitude_mv=p_amplitude,
    )


def _p_wave(
    beat: RepresentativeBeat, limits: QrsLimits
) -> tuple[float | None, float | None, str | None, FloatArray | None]:
    rate = beat.sampling_rate_hz
    start = max(0, beat.sample(limits.onset_ms - _P_SEARCH_MS[0]))
    stop = beat.sample(limits.onset_ms - _P_SEARCH_MS[1])
    edge = beat.sample(limits.onset_ms - 10.0)
    smooth = ndimage.gaussian_filter1d(beat.signal_mv, 0.008 * rate, axis=1)
    slope = np.sqrt((np.gradient(smooth, axis=1) ** 2).mean(axis=0)) * rate
    energy = ndimage.uniform_filter1d(slope, int(0.060 * rate))
    if stop - start < int(0.1 * rate):
        return None, None, "the QRS begins too early in the beat for a P wave to be seen", None
    centre = start + int(np.argmax(energy[start:stop]))
    floor = float(np.percentile(slope[start:edge], 15))
    if centre in (start, stop - 1) or energy[centre] < _P_STANDS_OUT * floor:
        return None, None, "no P wave stands out before the QRS", None
    peak = float(slope[max(start, centre - int(0.06 * rate)) : centre + int(0.06 * rate)].max())
    level = floor + _P_SHARE * (peak - floor)
    first = _edge(slope, centre, -1, level, int(0.014 * rate), max(0, start - int(0.06 * rate)))
    if first < int(_BEFORE_P_S * rate):
        return None, None, "the P wave begins before the representative beat", None
    last = _edge(slope, centre, 1, level, int(0.014 * rate), edge)
    base = smooth[:, [first]] + (smooth[:, [last]] - smooth[:, [first]]) * np.linspace(0.0, 1.0, last - first + 1)
    deviation = smooth[:, first : last + 1] - base
    amplitude = deviation[np.arange(12), np.argmax(np.abs(deviation), axis=1)]
    if np.sqrt((amplitude**2).mean()) < _P_SMALLEST_MV:
        return None, None, "no P wave of measurable size before the QRS", None
    step_ms = 1000.0 / rate
    return first * step_ms, last * step_ms, None, amplitude


def _edge(slope: FloatArray, centre: int, step: int, level: float, hold: int, limit: int) -> int:
    """Go from the centre until the slope stays below a level; return the last sample above it."""
    sample, run = centre, 0
    while sample != limit:
        run = run + 1 if slope[sample] < level else 0
        if run >= hold:
            return sample - step * hold
        sample += step
    return sample


def _t_end(beat: RepresentativeBeat, limits: QrsLimits, rr_ms: float | None) -> tuple[float | None, str | None]:
    """Return the median over leads of the T end by the largest trapezium (Vazquez-Seisdedos 2011)."""
    rate = beat.sampling_rate_hz
    low = signal.butter(2, 15.0, "lowpass", fs=rate, output="sos")
    smooth = signal.sosfiltfilt(low, beat.signal_mv, axis=1)
    start = beat.sample(limits.end_ms + _T_EARLIEST_MS)
    latest_ms = limits.onset_ms + min(0.75 * rr_ms if rr_ms else 600.0, 620.0)
    stop = min(beat.signal_mv.shape[1] - 1, beat.sample(latest_ms))
    if stop - start < int(0.12 * rate):
        return None, "the next beat follows too soon for a T end"
    ends, sizes = [], []
    for lead in smooth:
        window = lead[start:stop]
        line = np.linspace(window[0], window[-1], window.size)
        peak = start + int(np.argmax(np.abs(window - line)))
        size = abs(float(lead[peak] - line[peak - start]))
        if size < _T_SMALLEST_MV or stop - peak < int(0.06 * rate):
            continue
        ends.append(_trapezium_end(lead, peak, stop))
        sizes.append(size)
    if len(ends) < 3:
        return None, "fewer than three leads have a T wave of measurable size"
    return float(np.median(ends)) * 1000.0 / rate - _T_LATENESS_MS, None


def _trapezium_end(lead: FloatArray, peak: int, stop: int) -> int:
    """Return the T end of one lead: the point that makes the trapezium behind the steepest fall largest."""
    slope = np.gradient(lead[peak:stop])
    towards_base = -np.sign(lead[peak] - lead[stop - 1])
    steepest = peak + int(np.argmax(towards_base * slope))
    if stop - steepest < 4:
        return stop - 1
    candidates = np.arange(steepest + 1, stop)
    area = 0.5 * np.abs(lead[steepest] - lead[candidates]) * (2.0 * (stop - 1) - candidates - steepest)
    return int(candidates[int(np.argmax(area))])
