"""Electrodes on the wrong place: exchanged arm, leg and precordial cables.

The rules here favour specificity: a false alarm on every tenth ECG teaches people to ignore all of them. They
look at one coarse average beat of their own and measure nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from resynchro.formats.lead_laws import without_drift
from resynchro.record.ecg import INDEPENDENT_ROWS, LEADS, PRECORDIAL_LEADS, FloatArray
from resynchro.record.finding import Finding

_BEFORE_S: Final = 0.32
_AFTER_S: Final = 0.40
#: The P wave is sought from here to there before the middle of the QRS; the upper end leaves room for half of
#: a QRS of 180 ms.
_P_FROM_S: Final = 0.28
_P_TO_S: Final = 0.09
_QRS_HALF_S: Final = 0.09
FEWEST_BEATS: Final = 4
#: Electrodes stay where they are: the first minute tells.
LOOKED_AT_S: Final = 60.0

#: Smallest P wave that counts, in I (inverted) and in V6 (upright) [mV].
P_INVERTED_MV: Final = 0.035
P_UPRIGHT_MV: Final = 0.02
#: A lead II (or III) this much smaller than the other limb leads is no projection of a heart vector but the
#: potential between two legs.
LEG_SHARE: Final = 0.06
#: By what share an exchange of two precordial leads must shorten the way V1 to V6 (the sum over neighbours of
#: 1 - correlation) to be reported. Largest share in 147 presumably correct recordings: 0.37.
ORDER_GAIN: Final = 0.40


@dataclass(frozen=True, slots=True, kw_only=True)
class CoarseBeat:
    """Average beat around the middle of the QRS, shape (12, n) [mV], and the averages of every other beat."""

    signal_mv: FloatArray
    odd_mv: FloatArray
    even_mv: FloatArray
    middle: int
    sampling_rate_hz: float

    def window(self, from_s: float, to_s: float) -> slice:
        """Return the samples between two times relative to the middle of the QRS."""
        return slice(
            self.middle + round(from_s * self.sampling_rate_hz),
            self.middle + round(to_s * self.sampling_rate_hz) + 1,
        )


def electrode_placement_findings(signal_mv: FloatArray, *, sampling_rate_hz: float) -> tuple[Finding, ...]:
    """Look for exchanged electrodes.

    Parameters
    ----------
    signal_mv
        Shape (12, n) [mV], rows in `LEADS` order.
    sampling_rate_hz
        Sampling rate [Hz].

    Returns
    -------
    tuple of Finding
        Codes ``arm-electrodes-exchanged``, ``leg-electrode-exchanged``, ``precordial-order``; empty as well
        when fewer than `FEWEST_BEATS` beats are found.

    Notes
    -----
    Exchanged arm electrodes turn lead I upside down and exchange II with III and aVR with aVL. A negative QRS
    in I alone also belongs to right axis deviation and biventricular pacing, a negative P and QRS in I with
    shrinking precordial R waves to dextrocardia; so the rule asks for an inverted P *and* QRS in I while both
    are upright in V6. Without a P wave (atrial fibrillation) an exchange is not found.
    """
    beat = coarse_beat(signal_mv[:, : round(LOOKED_AT_S * sampling_rate_hz)], sampling_rate_hz=sampling_rate_hz)
    if beat is None:
        return ()
    limb = _leg_exchange(beat) or _arm_exchange(beat)
    return tuple(finding for finding in (limb, _precordial_order(beat)) if finding is not None)


def coarse_beat(signal_mv: FloatArray, *, sampling_rate_hz: float) -> CoarseBeat | None:
    """Average the beats that look alike, aligned at the middle of the QRS.

    Parameters
    ----------
    signal_mv
        Shape (12, n) [mV].
    sampling_rate_hz
        Sampling rate [Hz].

    Returns
    -------
    CoarseBeat or None
        None with fewer than `FEWEST_BEATS` beats.
    """
    steady = without_drift(_smoothed(signal_mv, sampling_rate_hz, 0.010), sampling_rate_hz)
    middles = _qrs_middles(steady, sampling_rate_hz)
    before, after = round(_BEFORE_S * sampling_rate_hz), round(_AFTER_S * sampling_rate_hz)
    middles = middles[(middles >= before) & (middles + after < signal_mv.shape[1])]
    if middles.size < FEWEST_BEATS:
        return None
    beats = np.stack([steady[:, middle - before : middle + after + 1] for middle in middles])
    rows = list(INDEPENDENT_ROWS)
    template = np.median(beats, axis=0)[rows].ravel()
    likeness = np.array([_correlation(beat[rows].ravel(), template) for beat in beats])
    beats = beats[likeness > 0.85]
    if len(beats) < FEWEST_BEATS:
        return None
    return CoarseBeat(
        signal_mv=np.median(beats, axis=0),
        odd_mv=np.median(beats[1::2], axis=0),
        even_mv=np.median(beats[::2], axis=0),
        middle=before,
        sampling_rate_hz=sampling_rate_hz,
    )


def _qrs_middles(steady_mv: FloatArray, sampling_rate_hz: float) -> NDArray[np.intp]:
    """Find the QRS complexes by their slope in all leads together."""
    slope = np.abs(np.diff(steady_mv[list(INDEPENDENT_ROWS)], axis=1))
    scale = np.quantile(slope, 0.98, axis=1, keepdims=True)
    activity = np.mean(np.minimum(slope / np.where(scale > 0.0, scale, 1.0), 3.0), axis=0)
    activity = _smoothed(activity, sampling_rate_hz, 0.080)
    threshold = 0.4 * float(np.quantile(activity, 0.98))
    refractory = round(0.25 * sampling_rate_hz)
    middles: list[int] = []
    above = np.flatnonzero(activity > threshold)
    while above.size:
        end = above[0] + refractory
        stretch = above[above < end]
        weights = activity[stretch]
        middles.append(round(float(np.sum(stretch * weights) / np.sum(weights))))
        above = above[above >= end]
    return np.array(middles, dtype=np.intp)


def _arm_exchange(beat: CoarseBeat) -> Finding | None:
    qrs = beat.window(-_QRS_HALF_S, _QRS_HALF_S)
    lead_i, lead_v6 = beat.signal_mv[LEADS.index("I")], beat.signal_mv[LEADS.index("V6")]
    level_i, level_v6 = (float(np.median(lead[: beat.middle // 2])) for lead in (lead_i, lead_v6))
    i_up, i_down = float(np.max(lead_i[qrs])) - level_i, level_i - float(np.min(lead_i[qrs]))
    v6_up, v6_down = float(np.max(lead_v6[qrs])) - level_v6, level_v6 - float(np.min(lead_v6[qrs]))
    if not (i_down > 2.0 * i_up and i_down > 0.15 and v6_up > 2.0 * v6_down and v6_up > 0.3):
        return None
    for half in (beat.signal_mv, beat.odd_mv, beat.even_mv):
        p_i, p_v6 = (_p_wave_mv(half[LEADS.index(lead)], half, beat) for lead in ("I", "V6"))
        if p_i > -P_INVERTED_MV or p_v6 < P_UPRIGHT_MV:
            return None
    return Finding(
        code="arm-electrodes-exchanged",
        message=(
            "lead I is upside down (P and QRS) while V6 is upright: the arm electrodes were probably "
            "exchanged; axis, limb leads, QRS area and score are wrong if so: record again, or look for an "
            "earlier ECG to compare"
        ),
        leads=("I", "II", "III", "aVR", "aVL"),
    )


def _p_wave_mv(lead_mv: FloatArray, all_leads_mv: FloatArray, beat: CoarseBeat) -> float:
    """Return the signed height of the P wave of one lead, at the time at which all leads together peak.

    Heights are measured from the straight line through the ends of the window.
    """
    window = beat.window(-_P_FROM_S, -_P_TO_S)
    levelled = _levelled(all_leads_mv[:, window])
    time = int(np.argmax(np.sum(np.square(levelled), axis=0)))
    return float(_levelled(lead_mv[window][None, :])[0, time])


def _leg_exchange(beat: CoarseBeat) -> Finding | None:
    swing = np.ptp(beat.signal_mv, axis=1)
    largest = float(np.max(swing[:3]))
    for lead, arm in (("II", "right"), ("III", "left")):
        if largest > 0.3 and swing[LEADS.index(lead)] < LEG_SHARE * largest:
            return Finding(
                code="leg-electrode-exchanged",
                message=(
                    f"lead {lead} is almost flat ({1000 * swing[LEADS.index(lead)]:.0f} µV against "
                    f"{largest:.2f} mV in the other limb leads): the {arm} arm and right leg electrodes were "
                    "probably exchanged; limb leads, axis and QRS area are wrong if so: record again"
                ),
                leads=LEADS[:6],
            )
    return None


def _precordial_order(beat: CoarseBeat) -> Finding | None:
    """Compare the recorded order of V1 to V6 with every exchange of two of them."""
    rows = beat.signal_mv[6:]
    if np.min(np.ptp(rows, axis=1)) < 0.1:
        return None
    length, best, pair = order_lengths(rows)
    if length <= 0.0 or (length - best) / length < ORDER_GAIN:
        return None
    first, second = PRECORDIAL_LEADS[pair[0]], PRECORDIAL_LEADS[pair[1]]
    return Finding(
        code="precordial-order",
        message=(
            f"the precordial leads do not follow one another: with {first} and {second} exchanged neighbours "
            f"would be much more alike; check the cables of {first} and {second} on the picture"
        ),
        leads=(first, second),
    )


def order_lengths(precordial_mv: FloatArray) -> tuple[float, float, tuple[int, int]]:
    """Measure how unlike neighbouring precordial leads are, as recorded and with two of them exchanged.

    Parameters
    ----------
    precordial_mv
        Average beat in V1 to V6, shape (6, n) [mV].
    """
    unlike = np.array([[1.0 - _correlation(one, other) for other in precordial_mv] for one in precordial_mv])

    def length(order: list[int]) -> float:
        return float(sum(unlike[left, right] for left, right in pairwise(order)))

    recorded = length(list(range(6)))
    best, best_pair = recorded, (0, 0)
    for first, second in combinations(range(6), 2):
        order = list(range(6))
        order[first], order[second] = second, first
        exchanged = length(order)
        if exchanged < best:
            best, best_pair = exchanged, (first, second)
    return recorded, best, best_pair


def _levelled(rows_mv: FloatArray) -> FloatArray:
    """Subtract the straight line through both ends."""
    share = np.linspace(0.0, 1.0, rows_mv.shape[1])
    return np.asarray(rows_mv - rows_mv[:, :1] * (1.0 - share) - rows_mv[:, -1:] * share, dtype=np.float64)


def _smoothed(samples: FloatArray, sampling_rate_hz: float, window_s: float) -> FloatArray:
    """Return the running mean."""
    return np.asarray(samples - without_drift(samples, sampling_rate_hz, window_s=window_s), dtype=np.float64)


def _correlation(one: FloatArray, other: FloatArray) -> float:
    one, other = one - np.mean(one), other - np.mean(other)
    scale = float(np.sqrt(np.sum(np.square(one)) * np.sum(np.square(other))))
    return float(np.sum(one * other)) / scale if scale > 0.0 else 0.0
