"""The numbers that the conduction criteria are tested on, each with its uncertainty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from resynchro.ecg.lead_waves import LeadWaves, Wave
from resynchro.ecg.notches import (
    MID_QRS_EARLIEST_MS,
    MID_QRS_END_SHARE,
    MID_QRS_START_SHARE,
    mid_qrs_notches,
)
from resynchro.ecg.representative import QrsLimits, RepresentativeBeat
from resynchro.ecg.waves import r_peak_time_from_lead_onset_ms, zeroed_lead
from resynchro.record.ecg import LEADS

#: Uncertainty of a time read in the representative beat: two samples at 500 Hz [ms].
TIME_UNCERTAINTY_MS = 4.0
#: Least uncertainty of an amplitude [mV]; raised to twice the lead's noise.
AMPLITUDE_UNCERTAINTY_MV = 0.01
#: Uncertainty of the frontal axis [degrees]; own choice.
AXIS_UNCERTAINTY_DEG = 3.0
#: The T wave is sought from this time to that time after the QRS end [ms].
T_WINDOW_MS = (80.0, 320.0)
#: Least signal after the QRS end in which a T wave can be told [ms].
T_LEAST_MS = 160.0
#: An S of at least this share of the R makes the pattern RS [%].
RS_SHARE_PCT = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QrsFacts:
    """All that the criteria may look at, of one QRS."""

    waves: Mapping[str, LeadWaves]
    limits: QrsLimits
    beat: RepresentativeBeat
    axis_deg: float | None
    qrs_ms: float
    qrs_interval_ms: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Reading:
    """A number with its uncertainty; `missing` says why there is none."""

    value: float | None
    low: float = 0.0
    high: float = 0.0
    missing: str = ""
    #: True when the wave that the measure needs does not exist, False when the lead cannot be judged.
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """How a number is read, named and printed."""

    read: Callable[[QrsFacts, str], Reading]
    title: str
    unit: str
    decimals: int


def _absent(what: str) -> Reading:
    return Reading(None, missing=f"no {what}", absent=True)


def _plus_minus(value: float, spread: float) -> Reading:
    return Reading(value, value - spread, value + spread)


def _amplitude_spread(facts: QrsFacts, lead: str) -> float:
    return max(AMPLITUDE_UNCERTAINTY_MV, 2.0 * float(facts.beat.noise_mv[LEADS.index(lead)]))


def _upright(waves: LeadWaves) -> list[Wave]:
    return [wave for wave in waves.waves if wave.amplitude_mv > 0]


def _downward(waves: LeadWaves) -> list[Wave]:
    """Return S waves and QS; not Q."""
    return [wave for wave in waves.waves if wave.amplitude_mv < 0 and wave.name != "Q"]


def _main_r(waves: LeadWaves) -> Wave | None:
    return max(_upright(waves), key=lambda wave: wave.amplitude_mv, default=None)


def _main_s(waves: LeadWaves) -> Wave | None:
    return min(_downward(waves), key=lambda wave: wave.amplitude_mv, default=None)


def _qrs_ms(facts: QrsFacts, lead: str) -> Reading:
    return Reading(facts.qrs_ms, *facts.qrs_interval_ms)


def _axis_deg(facts: QrsFacts, lead: str) -> Reading:
    if facts.axis_deg is None:
        return Reading(None, missing="frontal axis indeterminate or not measured")
    return _plus_minus(facts.axis_deg, AXIS_UNCERTAINTY_DEG)


def _q_mv(facts: QrsFacts, lead: str) -> Reading:
    waves = facts.waves[lead]
    wave = waves.wave("Q") or waves.wave("QS")
    return _absent("Q") if wave is None else _plus_minus(abs(wave.amplitude_mv), _amplitude_spread(facts, lead))


def _r_mv(facts: QrsFacts, lead: str) -> Reading:
    wave = _main_r(facts.waves[lead])
    return _absent("R") if wave is None else _plus_minus(wave.amplitude_mv, _amplitude_spread(facts, lead))


def _is_qs_with_late_r(waves: LeadWaves) -> bool:
    """Tell whether a lead is Qr: a QS in all but name, whose r is a late r'."""
    q_wave, first_r = waves.wave("Q"), waves.wave("R")
    return (
        q_wave is not None
        and first_r is not None
        and waves.wave("S") is None
        and abs(q_wave.amplitude_mv) > first_r.amplitude_mv
    )


def _s_minus_r_mv(facts: QrsFacts, lead: str) -> Reading:
    """S or QS minus the first R; the later r' has a measure of its own."""
    waves = facts.waves[lead]
    if _is_qs_with_late_r(waves):
        return _plus_minus(waves.amplitude_mv("Q"), _amplitude_spread(facts, lead))
    deepest = _main_s(waves)
    depth = 0.0 if deepest is None else abs(deepest.amplitude_mv)
    return _plus_minus(depth - waves.amplitude_mv("R"), _amplitude_spread(facts, lead))


def _late_r(waves: LeadWaves) -> Wave | None:
    """Return the largest R', or the r that follows a QS."""
    late = [wave for wave in _upright(waves) if wave.name != "R" or _is_qs_with_late_r(waves)]
    return max(late, key=lambda wave: wave.amplitude_mv, default=None)


def _late_r_pct(facts: QrsFacts, lead: str) -> Reading:
    waves = facts.waves[lead]
    late = _late_r(waves)
    deepest = waves.wave("Q") if _is_qs_with_late_r(waves) else _main_s(waves)
    if late is None:
        return _absent("r'")
    if deepest is None:
        return Reading(100.0, 100.0, 100.0)
    depth, spread = abs(deepest.amplitude_mv), _amplitude_spread(facts, lead)
    return _plus_minus(100.0 * late.amplitude_mv / depth, 100.0 * spread / depth)


def _second_r_mv(facts: QrsFacts, lead: str) -> Reading:
    wave = _late_r(facts.waves[lead])
    return _absent("R'") if wave is None else _plus_minus(wave.amplitude_mv, _amplitude_spread(facts, lead))


def _r_half_width_ms(facts: QrsFacts, lead: str) -> Reading:
    """Width of the main R at half of its height, notches included."""
    wave = _main_r(facts.waves[lead])
    if wave is None:
        return _absent("R")
    deflection = zeroed_lead(facts.beat, facts.limits, LEADS.index(lead))
    step_ms = 1000.0 / facts.beat.sampling_rate_hz
    first, last = int(np.ceil(wave.onset_ms / step_ms)), int(np.floor(wave.end_ms / step_ms))
    upper = np.flatnonzero(deflection[first : last + 1] >= wave.amplitude_mv / 2.0)
    return _plus_minus(float(upper[-1] - upper[0] + 1) * step_ms, TIME_UNCERTAINTY_MS)


def _s_ms(facts: QrsFacts, lead: str) -> Reading:
    wave = _main_s(facts.waves[lead])
    return _absent("S") if wave is None else _plus_minus(wave.duration_ms, TIME_UNCERTAINTY_MS)


def _s_minus_r_ms(facts: QrsFacts, lead: str) -> Reading:
    wave, main = _main_s(facts.waves[lead]), _main_r(facts.waves[lead])
    if wave is None:
        return _absent("S")
    r_ms = 0.0 if main is None else main.duration_ms
    return _plus_minus(wave.duration_ms - r_ms, TIME_UNCERTAINTY_MS)


def _r_peak_time_ms(facts: QrsFacts, lead: str) -> Reading:
    value = r_peak_time_from_lead_onset_ms(facts.waves[lead], facts.limits)
    return _absent("R") if value is None else _plus_minus(value, TIME_UNCERTAINTY_MS)


def _first_r_peak_time_ms(facts: QrsFacts, lead: str) -> Reading:
    """R-peak time of the first r, as the rule on V1 to V3 means it: a late r' is not the r it speaks of."""
    wave = facts.waves[lead].wave("R")
    if wave is None:
        return _absent("r")
    own_ms = float(facts.limits.lead_onset_ms[LEADS.index(lead)])
    onset_ms = max(own_ms, facts.limits.onset_ms) if np.isfinite(own_ms) else facts.limits.onset_ms
    return _plus_minus(max(0.0, wave.peak_ms - onset_ms), TIME_UNCERTAINTY_MS)


def _r_notches(facts: QrsFacts, lead: str) -> Reading:
    waves = facts.waves[lead]
    inside = [
        notch
        for notch in waves.notches
        if any(wave.onset_ms <= notch.time_ms <= wave.end_ms for wave in _upright(waves))
    ]
    return Reading(float(len(inside)), float(len(inside)), float(len(inside)))


def _rs_in_v5_v6(facts: QrsFacts, lead: str) -> Reading:
    """1 for an RS pattern in V5 or V6, which the AHA text lets pass; 0 in every other lead."""
    main, wave = _main_r(facts.waves[lead]), _main_s(facts.waves[lead])
    if lead not in ("V5", "V6") or main is None or wave is None:
        return Reading(0.0)
    is_rs = 100.0 * abs(wave.amplitude_mv) >= RS_SHARE_PCT * main.amplitude_mv
    return Reading(float(is_rs), float(is_rs), float(is_rs))


def _window_cases(facts: QrsFacts) -> tuple[tuple[float, float], ...]:
    """Return (QRS duration, slack at both ends) for the best, the strictest and the loosest time window."""
    shortest, longest = facts.qrs_interval_ms
    return ((facts.qrs_ms, 0.0), (shortest, -TIME_UNCERTAINTY_MS), (longest, TIME_UNCERTAINTY_MS))


def _mid_qrs_notches(facts: QrsFacts, lead: str) -> Reading:
    counts = [
        len(
            mid_qrs_notches(
                facts.waves[lead].notches,
                facts.limits.onset_ms,
                qrs_ms,
                earliest_ms=MID_QRS_EARLIEST_MS - slack,
                start_share=MID_QRS_START_SHARE + slack / qrs_ms,
                end_share=MID_QRS_END_SHARE + slack / qrs_ms,
            )
        )
        for qrs_ms, slack in _window_cases(facts)
    ]
    value, low, high = (float(count) for count in counts)
    return Reading(value, low, high)


def _middle_third_notches(facts: QrsFacts, lead: str) -> Reading:
    """Count notches and slurs whose centre lies in the middle third of the QRS."""
    centres = [notch.time_ms - facts.limits.onset_ms for notch in facts.waves[lead].notches]
    counts = [
        sum(qrs_ms / 3.0 - slack <= centre <= 2.0 * qrs_ms / 3.0 + slack for centre in centres)
        for qrs_ms, slack in ((facts.qrs_ms, case_slack) for _, case_slack in _window_cases(facts))
    ]
    value, low, high = (float(count) for count in counts)
    return Reading(value, low, high)


def _t_discordance_mv(facts: QrsFacts, lead: str) -> Reading:
    """Return the T wave's height, positive when opposite to the QRS area of the lead."""
    row = LEADS.index(lead)
    deflection = zeroed_lead(facts.beat, facts.limits, row)
    end_ms = facts.limits.end_ms
    first, last = facts.beat.sample(end_ms + T_WINDOW_MS[0]), facts.beat.sample(end_ms + T_WINDOW_MS[1])
    if facts.beat.sample(end_ms + T_LEAST_MS) > deflection.size:
        return Reading(None, missing="the representative beat ends before the T wave")
    t_wave = deflection[first:last]
    peak = float(t_wave[np.argmax(np.abs(t_wave))])
    qrs = deflection[facts.beat.sample(facts.limits.onset_ms) : facts.beat.sample(end_ms) + 1]
    return _plus_minus(-float(np.sign(qrs.sum())) * peak, 2.0 * _amplitude_spread(facts, lead))


#: Every measure that the tables of `conduction_criteria` name.
MEASURES: Mapping[str, Measure] = {
    "qrs_ms": Measure(_qrs_ms, "QRS duration", "ms", 0),
    "axis_deg": Measure(_axis_deg, "frontal axis", "degrees", 0),
    "q_mv": Measure(_q_mv, "Q amplitude", "mV", 2),
    "r_mv": Measure(_r_mv, "R amplitude", "mV", 2),
    "s_minus_r_mv": Measure(_s_minus_r_mv, "S minus first R", "mV", 2),
    "late_r_pct": Measure(_late_r_pct, "last r' relative to S", "%", 0),
    "second_r_mv": Measure(_second_r_mv, "R' amplitude", "mV", 2),
    "r_half_width_ms": Measure(_r_half_width_ms, "R width at half height", "ms", 0),
    "s_ms": Measure(_s_ms, "S duration", "ms", 0),
    "s_minus_r_ms": Measure(_s_minus_r_ms, "S duration minus R duration", "ms", 0),
    "r_peak_time_ms": Measure(_r_peak_time_ms, "R-peak time", "ms", 0),
    "first_r_peak_time_ms": Measure(_first_r_peak_time_ms, "R-peak time of the first r", "ms", 0),
    "r_notches": Measure(_r_notches, "notches and slurs in the R", "", 0),
    "rs_in_v5_v6": Measure(_rs_in_v5_v6, "RS pattern", "", 0),
    "mid_qrs_notches": Measure(_mid_qrs_notches, "notches and slurs in mid-QRS", "", 0),
    "middle_third_notches": Measure(_middle_third_notches, "notches and slurs in the middle third of the QRS", "", 0),
    "t_discordance_mv": Measure(_t_discordance_mv, "T wave opposite to QRS", "mV", 2),
}
