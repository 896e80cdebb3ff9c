"""What the Strauss-Selvester criteria ask of one lead: sizes, durations and ratios of its waves."""

from __future__ import annotations

import math
from dataclasses import dataclass

from resynchro.ecg.lead_waves import LeadWaves, Notch, Wave
from resynchro.ecg.representative import RepresentativeBeat

#: Notches of the score lie in the first 40 ms of the QRS [ms].
EARLY_NOTCH_MS = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SelvesterMeasures:
    """Waves of one lead as the score counts them.

    Attributes
    ----------
    present
        Waves that are there, of ``Q`` and ``R``; ``notch`` for a notch in the first 40 ms.
    amplitude_mv, duration_ms
        By wave (``Q``, ``R``, ``S``, ``initial R``); 0 for an absent wave, None where it cannot be told
        [mV], [ms].
    ratio
        By name (``R/Q``, ``R/S``, ``R/R'``, ``S/S'``); infinite over an absent Q or S, None where it has no
        meaning.
    """

    present: frozenset[str]
    amplitude_mv: dict[str, float | None]
    duration_ms: dict[str, float | None]
    ratio: dict[str, float | None]


def selvester_measures(waves: LeadWaves, beat: RepresentativeBeat, *, pure_r_scores: bool = False) -> SelvesterMeasures:
    """Measure one lead for the score.

    Parameters
    ----------
    waves
        Waves of the lead.
    beat
        The representative beat they were found in; gives the two summits of a notched wave.
    pure_r_scores
        See `resynchro.ecg.selvester_points.SelvesterVariant`.

    Returns
    -------
    The measures.

    Notes
    -----
    Choices that the sources leave open. A QS counts as Q, and as S in S/S'. R is the first R wave in V1 to
    V3, where the score asks for the early septal or posterior vector, and the larger of R and R' elsewhere.
    S is the larger of S and S' except in S/S'. R' and S' are waves of that name or the second summit of a
    notched wave. The initial R is the R before an S, or the part of a notched R before its notch; a qR has
    none, and in a smooth pure R it cannot be told apart.
    """
    right_sided = waves.lead in ("V1", "V2", "V3")
    q = waves.wave("Q") or waves.wave("QS")
    r_name = "R" if right_sided else max(("R", "R'"), key=waves.amplitude_mv)
    s_name = max(("S", "S'"), key=waves.amplitude_mv)
    initial_mv, initial_ms = _initial_r(waves, beat)
    present = {name for name, wave in (("Q", q), ("R", waves.wave("R"))) if wave is not None}
    if any(notch.kind == "notch" and notch.time_ms - waves.qrs_onset_ms <= EARLY_NOTCH_MS for notch in waves.notches):
        present.add("notch")
    q_mv = 0.0 if q is None else abs(q.amplitude_mv)
    r_mv, s_mv = waves.amplitude_mv(r_name), waves.amplitude_mv(s_name)
    r_over_s: float | None = r_mv / s_mv if s_mv > 0.0 else math.inf
    if s_mv == 0.0 and waves.lead in ("V1", "V2") and (not pure_r_scores or r_mv == 0.0):
        r_over_s = None
    s_wave = waves.wave("S") or waves.wave("QS")
    return SelvesterMeasures(
        present=frozenset(present),
        amplitude_mv={"Q": q_mv, "R": r_mv, "S": s_mv, "initial R": initial_mv},
        duration_ms={
            "Q": 0.0 if q is None else q.duration_ms,
            "R": waves.duration_ms(r_name),
            "S": waves.duration_ms(s_name),
            "initial R": initial_ms,
        },
        ratio={
            "R/Q": r_mv / q_mv if q_mv > 0.0 else math.inf,
            "R/S": r_over_s,
            "R/R'": _summit_ratio(waves, beat, waves.wave("R"), "R'"),
            "S/S'": _summit_ratio(waves, beat, s_wave, "S'"),
        },
    )


def _initial_r(waves: LeadWaves, beat: RepresentativeBeat) -> tuple[float | None, float | None]:
    """Return size [mV] and duration [ms] of the R before the terminal forces of right bundle branch block."""
    first = waves.wave("R")
    if first is None:
        return 0.0, 0.0
    if waves.wave("S") is not None:
        return abs(first.amplitude_mv), first.duration_ms
    notch = _deepest_notch(waves, first)
    if notch is not None:
        return _summits_mv(waves, beat, first, notch)[0], notch.time_ms - first.onset_ms
    # In a qR the initial r is lost and the R is the terminal one; a smooth pure R hides both in one.
    return (0.0, 0.0) if waves.wave("Q") is not None else (None, None)


def _summit_ratio(waves: LeadWaves, beat: RepresentativeBeat, wave: Wave | None, second_name: str) -> float | None:
    """Return the ratio of the first summit to the second: of two waves, or inside one notched wave."""
    if wave is None:
        return None
    second_mv = waves.amplitude_mv(second_name)
    if second_mv > 0.0:
        return abs(wave.amplitude_mv) / second_mv
    notch = _deepest_notch(waves, wave)
    if notch is None:
        return None
    before_mv, after_mv = _summits_mv(waves, beat, wave, notch)
    return before_mv / after_mv if after_mv > 0.0 else None


def _deepest_notch(waves: LeadWaves, wave: Wave) -> Notch | None:
    inside = [n for n in waves.notches if n.kind == "notch" and wave.onset_ms < n.time_ms < wave.end_ms]
    return max(inside, key=lambda notch: notch.depth_mv, default=None)


def _summits_mv(waves: LeadWaves, beat: RepresentativeBeat, wave: Wave, notch: Notch) -> tuple[float, float]:
    """Return the sizes of a wave before and after a notch [mV], from the zero level of its amplitude."""
    sign = math.copysign(1.0, wave.amplitude_mv)
    lead_mv = beat.lead_mv(waves.lead)
    zero_mv = float(lead_mv[beat.sample(wave.peak_ms)]) - wave.amplitude_mv
    onset, cut, end = (beat.sample(time) for time in (wave.onset_ms, notch.time_ms, wave.end_ms))
    size_mv = sign * (lead_mv - zero_mv)
    return float(size_mv[onset : cut + 1].max()), float(size_mv[cut : end + 1].max())
