"""What would change: guideline classes within the uncertainty of the QRS and between definitions of LBBB."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from resynchro.selection.guideline_criteria import Situation
from resynchro.selection.guideline_rules import guideline_rules
from resynchro.selection.guideline_verdicts import (
    GuidelineVerdict,
    class_in_words,
    evaluate_rules,
    verdicts_by_guideline,
)
from resynchro.selection.limits import parse_limits

Within = Literal["measurement interval", "±10 ms", "definition"]
FlipCause = Literal["QRS duration", "LBBB definition"]
#: Manual and automatic QRS durations commonly differ by this much; used beside the measurement's own
#: interval [ms].
QRS_TOLERANCE_MS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """One change of a guideline's verdict under another reading of the ECG.

    Attributes
    ----------
    cause
        ``QRS duration`` or ``LBBB definition``.
    within
        ``measurement interval``, ``±10 ms`` (further than the interval) or ``definition``.
    condition
        The other reading, for example ``QRS below 150 ms``.
    position, recommendation_class, rule_id
        What the guideline says at the measured values.
    other_position, other_class, other_rule_id
        What it would say under the other reading.
    """

    cause: FlipCause
    within: Within
    condition: str
    guideline: str
    short_name: str
    position: str
    recommendation_class: str | None
    rule_id: str | None
    other_position: str
    other_class: str | None
    other_rule_id: str | None
    sentence: str


def find_flips(situation: Situation, verdicts: tuple[GuidelineVerdict, ...]) -> tuple[Flip, ...]:
    """List every guideline verdict that another plausible reading of the ECG would change.

    Parameters
    ----------
    situation
        The patient at the measured values.
    verdicts
        What each guideline says at the measured values.

    Returns
    -------
    tuple of Flip
        First those within the QRS interval or ±10 ms, with the morphology held; then those under another
        definition of LBBB, with the QRS duration held.

    Notes
    -----
    Only one reading is changed at a time. The definitions of LBBB contain QRS limits of their own (120, 130
    or 140 ms); whether the morphology flips with the duration is shown with the morphology criteria.
    """
    return (*_qrs_flips(situation, verdicts), *_definition_flips(situation, verdicts))


def qrs_readings(
    qrs_ms: float, interval_ms: tuple[float, float] | None, thresholds: tuple[float, ...]
) -> tuple[tuple[float, str, bool], ...]:
    """Return one QRS duration for every band between thresholds that the uncertainty reaches.

    Parameters
    ----------
    qrs_ms, interval_ms
        Measured duration and its interval [ms].
    thresholds
        Limits between the bands [ms], ascending.

    Returns
    -------
    tuple of (float, str, bool)
        A duration inside the band [ms], the band in words, and whether the measurement's interval (not only
        ±10 ms) reaches it. The measured band itself is left out.
    """
    low, high = interval_ms or (qrs_ms, qrs_ms)
    edges = (float("-inf"), *thresholds, float("inf"))
    readings = []
    for start, stop in pairwise(edges):
        measured_here = start <= qrs_ms < stop
        by_interval = low < stop and high >= start
        by_tolerance = qrs_ms - QRS_TOLERANCE_MS < stop and qrs_ms + QRS_TOLERANCE_MS >= start
        if measured_here or not (by_interval or by_tolerance):
            continue
        if start == float("-inf"):
            readings.append((stop - 1.0, f"QRS below {stop:g} ms", by_interval))
        elif stop == float("inf"):
            readings.append((start + 1.0, f"QRS of {start:g} ms or more", by_interval))
        else:
            readings.append(((start + stop) / 2, f"QRS from {start:g} to below {stop:g} ms", by_interval))
    return tuple(readings)


def _qrs_flips(situation: Situation, verdicts: tuple[GuidelineVerdict, ...]) -> list[Flip]:
    if situation.qrs_ms is None or situation.paced:
        return []
    limits = {edge for rule in guideline_rules() for _, edge in parse_limits(rule.on_qrs_ms)}
    flips: list[Flip] = []
    readings = qrs_readings(situation.qrs_ms, situation.qrs_interval_ms, tuple(sorted(limits)))
    for qrs_ms, words, by_interval in readings:
        other = replace(situation, qrs_ms=qrs_ms, qrs_interval_ms=None)
        within: Within = "measurement interval" if by_interval else "±10 ms"
        flips += _changes(verdicts, other, "QRS duration", within, words)
    return flips


def _definition_flips(situation: Situation, verdicts: tuple[GuidelineVerdict, ...]) -> list[Flip]:
    if situation.paced:
        return []
    flips: list[Flip] = []
    for answer in (True, False):
        names = [name for name, lbbb in situation.lbbb_by_definition if lbbb is answer]
        if not names or answer is situation.lbbb:
            continue
        other = replace(situation, lbbb=answer, lbbb_definition=names[0])
        words = f"{'LBBB' if answer else 'not LBBB'}, as by {'; '.join(names)}"
        flips += _changes(verdicts, other, "LBBB definition", "definition", words)
    return flips


def _changes(
    verdicts: tuple[GuidelineVerdict, ...],
    other: Situation,
    cause: FlipCause,
    within: Within,
    condition: str,
) -> list[Flip]:
    now = {verdict.guideline: verdict for verdict in verdicts}
    flips = []
    for then in verdicts_by_guideline(evaluate_rules(other)):
        before = now[then.guideline]
        if (before.position, before.recommendation_class) == (then.position, then.recommendation_class):
            continue
        flips.append(
            Flip(
                cause=cause,
                within=within,
                condition=condition,
                guideline=then.guideline,
                short_name=then.short_name,
                position=before.position,
                recommendation_class=before.recommendation_class,
                rule_id=before.rule_id,
                other_position=then.position,
                other_class=then.recommendation_class,
                other_rule_id=then.rule_id,
                sentence=f"{condition} ({within}): {then.short_name} would change from {_brief(before)} "
                f"to {_brief(then)}.",
            )
        )
    return flips


def _brief(verdict: GuidelineVerdict) -> str:
    if verdict.rule_id is None or verdict.recommendation_class is None:
        return {"no row fits": "no fitting row", "not assessable": "not assessable"}[verdict.position]
    side = {"for": "for CRT", "against": "against CRT"}.get(verdict.position, "rows for and against CRT")
    return f"{side}, {class_in_words(verdict.recommendation_class)} ({verdict.rule_id})"
