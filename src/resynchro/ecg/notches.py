"""Notches and slurs inside the waves of one lead, and which of them lie in the middle of the QRS.

A notch is a local extremum inside a wave: the slope changes sign. A slur is a dip of the slope that does
not change its sign: on a flank the steepness falls and rises again, at a summit two corners enclose a flat
top. The sources that ask for a notch or a slur give no depth or width for either, so every limit here is a
parameter or a named constant.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Literal

import numpy as np

from resynchro.ecg.lead_waves import Notch, Wave
from resynchro.ecg.representative import MEASUREMENT_RATE_HZ
from resynchro.record.ecg import FloatArray

#: Width of the Gaussian that the signal is smoothed with before slopes and curvatures are taken [ms].
SMOOTHING_MS = 4.0
#: A multiple of the noise that a notch's depth, a dip of the slope and a corner must exceed.
NOISE_FACTOR = 4.0
#: A dip of the slope is a slur when it is this deep, as a share of the steepest slope of the wave ...
DIP_SHARE = 0.08
#: ... and leaves at most this share of the steepness on its flatter side.
REMAINING_SHARE = 0.75
#: A flat top: two corners at least this sharp, as a share of the sharpest corner of the wave, ...
CORNER_SHARE = 0.3
#: ... both at least this high, as a share of the wave's summit, ...
TOP_SHARE = 0.6
#: ... and between them a curvature of at most this share of the blunter corner's.
STRAIGHT_SHARE = 0.3
#: Slurs are sought only in waves at least this large [mV]: in smaller ones the curvature is noise.
SMALLEST_SLURRED_WAVE_MV = 0.1

#: Mid-QRS limits of Strauss's criterion. The start limit is published (first 40 ms = right ventricle); the
#: other two (before half, before two thirds of the QRS) are unverified: recalled from the 2018 ISCE
#: protocol.
MID_QRS_EARLIEST_MS = 40.0
MID_QRS_START_SHARE = 1.0 / 2.0
MID_QRS_END_SHARE = 2.0 / 3.0


def find_notches(
    deflection_mv: FloatArray,
    waves: Iterable[Wave],
    *,
    noise_mv: float = 0.0,
    minimum_depth_mv: float = 0.02,
    minimum_width_ms: float = 8.0,
    sampling_rate_hz: float = MEASUREMENT_RATE_HZ,
) -> tuple[Notch, ...]:
    """Find notches and slurs inside the given waves of one lead.

    Parameters
    ----------
    deflection_mv
        Shape (n_samples,) [mV]: the lead's representative beat, measured from the zero level before the QRS.
    waves
        The waves of the lead, as `segment_waves` finds them.
    noise_mv
        Standard deviation of the lead's isoelectric part [mV].
    minimum_depth_mv
        Least depth of a notch [mV]; raised to `NOISE_FACTOR` times the noise.
    minimum_width_ms
        Least distance between the start and the end of a notch or slur [ms].
    sampling_rate_hz
        Samples per second [Hz].

    Returns
    -------
    tuple of Notch
        In order of time. A notch reaches from summit to summit, a slur from where the steepness has
        fallen by half of its dip to where it has risen by half again, a flat top from corner to corner.

    Notes
    -----
    Slurs depend on the low-pass filter of the recording: below about 40 Hz they vanish.
    """
    step_ms = 1000.0 / sampling_rate_hz
    sigma = SMOOTHING_MS / step_ms
    slope = _smoothed_slope(deflection_mv, sigma)
    curvature = np.gradient(slope)
    # Standard deviations of the derivatives of Gaussian-smoothed white noise, per sample and per sample².
    slope_noise = NOISE_FACTOR * noise_mv * np.sqrt(1.0 / (4.0 * np.sqrt(np.pi) * sigma**3))
    curvature_noise = NOISE_FACTOR * noise_mv * np.sqrt(3.0 / (8.0 * np.sqrt(np.pi) * sigma**5))
    depth_mv = max(minimum_depth_mv, NOISE_FACTOR * noise_mv)
    found: list[Notch] = []
    for wave in waves:
        first, last = int(np.ceil(wave.onset_ms / step_ms)), int(np.floor(wave.end_ms / step_ms))
        if last - first < 3:
            continue
        inside = slice(first, last + 1)
        sign = 1.0 if wave.amplitude_mv > 0 else -1.0
        height = sign * deflection_mv[inside]
        notches = _placed("notch", _dips(height, depth_mv), height, first, step_ms, minimum_width_ms)
        found += notches
        if abs(wave.amplitude_mv) < SMALLEST_SLURRED_WAVE_MV:
            continue
        places = _slope_dips(sign * slope[inside], slope_noise)
        places += _flat_tops(height, -sign * curvature[inside], curvature_noise)
        taken = list(notches)
        for slur in _placed("slur", places, height, first, step_ms, minimum_width_ms):
            if not any(other.start_ms < slur.end_ms and slur.start_ms < other.end_ms for other in taken):
                taken.append(slur)
                found.append(slur)
    return tuple(sorted(found, key=lambda notch: notch.start_ms))


def _placed(
    kind: Literal["notch", "slur"],
    places: Iterable[tuple[int, int, int]],
    height: FloatArray,
    first: int,
    step_ms: float,
    minimum_width_ms: float,
) -> list[Notch]:
    """Turn (start, centre, end) samples of a wave that begins at sample `first` into notches or slurs."""
    return [
        Notch(
            kind=kind,
            start_ms=(first + start) * step_ms,
            time_ms=(first + centre) * step_ms,
            end_ms=(first + end) * step_ms,
            depth_mv=float(min(height[start], height[end]) - height[centre]) if kind == "notch" else 0.0,
        )
        for start, centre, end in places
        if (end - start) * step_ms >= minimum_width_ms
    ]


def mid_qrs_notches(
    notches: Iterable[Notch],
    qrs_onset_ms: float,
    qrs_ms: float,
    *,
    earliest_ms: float = MID_QRS_EARLIEST_MS,
    start_share: float = MID_QRS_START_SHARE,
    end_share: float = MID_QRS_END_SHARE,
) -> tuple[Notch, ...]:
    """Return the notches and slurs in the middle of the QRS, as Strauss's definition of LBBB asks for.

    Parameters
    ----------
    notches
        Notches and slurs of one lead.
    qrs_onset_ms
        Global QRS onset within the representative beat [ms].
    qrs_ms
        QRS duration [ms].
    earliest_ms
        Begins after this time from QRS onset [ms].
    start_share, end_share
        Begins before, and ends before, this share of the QRS duration. Both unverified.

    References
    ----------
    Strauss DG, Selvester RH, Wagner GS. Defining left bundle branch block in the era of cardiac
    resynchronization therapy. Am J Cardiol 2011;107:927. doi:10.1016/j.amjcard.2010.11.010
    """
    return tuple(
        notch
        for notch in notches
        if earliest_ms < notch.start_ms - qrs_onset_ms < start_share * qrs_ms
        and notch.end_ms - qrs_onset_ms < end_share * qrs_ms
    )


def early_notches(notches: Iterable[Notch], qrs_onset_ms: float, *, before_ms: float = 40.0) -> tuple[Notch, ...]:
    """Return the notches (not slurs) whose dip lies in the first 40 ms of the QRS (Selvester's score)."""
    return tuple(notch for notch in notches if notch.kind == "notch" and notch.time_ms - qrs_onset_ms <= before_ms)


def _smoothed_slope(signal_mv: FloatArray, sigma_samples: float) -> FloatArray:
    """Return the first derivative of the Gaussian-smoothed signal [mV per sample]."""
    reach = int(np.ceil(4.0 * sigma_samples))
    offset = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (offset / sigma_samples) ** 2)
    kernel /= kernel.sum()
    smooth = np.convolve(np.pad(signal_mv, reach, mode="edge"), kernel, mode="valid")
    slope: FloatArray = np.gradient(smooth)
    return slope


def _turns(values: FloatArray, depth: float) -> list[int]:
    """Return the alternating extrema of a curve, a highest point first, that differ by at least `depth`.

    Walks once along the curve and turns round only after a fall or a rise of `depth`, so ripples never count.
    """
    turns: list[int] = []
    candidate, rising = 0, True
    for i in range(1, values.size):
        gain = values[i] - values[candidate] if rising else values[candidate] - values[i]
        if gain > 0:
            candidate = i
        elif gain <= -depth:
            turns.append(candidate)
            candidate, rising = i, not rising
    turns.append(candidate)
    return turns


def _dips(height: FloatArray, depth: float) -> list[tuple[int, int, int]]:
    """Return (summit, dip, summit) for every dip at least `depth` below both of its summits."""
    turns = _turns(height, depth)
    return [(turns[k], turns[k + 1], turns[k + 2]) for k in range(0, len(turns) - 2, 2)]


def _slope_dips(slope: FloatArray, noise: float) -> list[tuple[int, int, int]]:
    """Return (start, dip, end) of every dip of the steepness on a rising or falling flank.

    The slur reaches from where the steepness has fallen by half of its dip to where it has risen by half
    again.
    """
    found: list[tuple[int, int, int]] = []
    steepest = float(np.abs(slope).max())
    side = np.sign(slope)
    bounds = [0, *(np.flatnonzero(np.diff(side)) + 1).tolist(), slope.size]
    for begin, end in pairwise(bounds):
        steepness = np.abs(slope[begin:end])
        for left, dip, right in _dips(steepness, max(DIP_SHARE * steepest, noise)):
            before, least, after = (float(steepness[i]) for i in (left, dip, right))
            if least > REMAINING_SHARE * min(before, after):
                continue
            start = left + int(np.flatnonzero(steepness[left : dip + 1] > (before + least) / 2.0)[-1])
            stop = dip + int(np.flatnonzero(steepness[dip : right + 1] > (after + least) / 2.0)[0])
            found.append((begin + start, begin + dip, begin + stop))
    return found


def _flat_tops(height: FloatArray, bend: FloatArray, noise: float) -> list[tuple[int, int, int]]:
    """Return (corner, middle, corner) where two corners near the summit enclose a nearly straight top."""
    inner = bend[1:-1]
    peaks = np.flatnonzero((inner > bend[:-2]) & (inner >= bend[2:])) + 1
    if peaks.size == 0:
        return []
    floor = max(CORNER_SHARE * float(bend[peaks].max()), noise)
    top = TOP_SHARE * float(height.max())
    corners = [int(i) for i in peaks if bend[i] > floor and height[i] >= top]
    found = []
    for left, right in pairwise(corners):
        middle = left + int(np.argmin(bend[left : right + 1]))
        if bend[middle] <= STRAIGHT_SHARE * min(bend[left], bend[right]):
            found.append((left, middle, right))
    return found
