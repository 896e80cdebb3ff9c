"""Warnings beside guideline classes: narrow QRS, paced QRS, unread sources, a patient who has CRT."""

from __future__ import annotations

from resynchro.record.finding import Finding
from resynchro.selection.guideline_criteria import Situation
from resynchro.selection.guideline_verdicts import GuidelineVerdict, RuleResult
from resynchro.selection.limits import number_in_words

#: EchoCRT enrolled QRS below this (Ruschitzka 2013, N Engl J Med; 809 patients) [ms].
ECHOCRT_QRS_MS = 130.0
ECHOCRT_SENTENCE = (
    "EchoCRT (2013; 809 patients, NYHA III-IV, LVEF ≤ 35 %, QRS below 130 ms, mechanical dyssynchrony on "
    "echocardiography) was stopped for futility: with CRT switched on 45 of 404 patients died against 26 of "
    "405 with CRT off, hazard ratio 1.81 (95 % interval 1.11 to 2.93); death or heart-failure "
    "hospitalisation 116 against 102, hazard ratio 1.20 (0.92 to 1.57). Mechanical dyssynchrony on imaging "
    "does not make a narrow QRS an indication. Source: published abstract, read."
)
ECHOCRT_120_SENTENCE = (
    " In its 139 patients with QRS 120 to 130 ms the hazard ratio of the primary outcome was 2.18 (1.02 to "
    "4.65; P for interaction 0.160)."
)


def guideline_warnings(
    situation: Situation, results: tuple[RuleResult, ...], verdicts: tuple[GuidelineVerdict, ...]
) -> tuple[Finding, ...]:
    """Collect what a reader must know before trusting the guideline classes of one patient."""
    found = [
        narrow_qrs_warning(situation.qrs_ms, situation.qrs_interval_ms, situation.paced),
        _paced_warning(situation),
        _definition_warning(situation),
        _device_warning(situation),
        _unverified_warning(results, verdicts),
    ]
    return tuple(finding for finding in found if finding is not None)


def narrow_qrs_warning(qrs_ms: float | None, interval_ms: tuple[float, float] | None, paced: bool) -> Finding | None:
    """Return the EchoCRT warning for an intrinsic QRS that is, or may be, below 130 ms; else None."""
    if qrs_ms is None or paced:
        return None
    low, high = interval_ms or (qrs_ms, qrs_ms)
    if qrs_ms >= ECHOCRT_QRS_MS and low >= ECHOCRT_QRS_MS:
        return None
    if qrs_ms < ECHOCRT_QRS_MS:
        start = f"Narrow QRS ({number_in_words(qrs_ms)} ms, below 130 ms): CRT may do harm. "
    else:
        start = (
            f"The QRS ({number_in_words(qrs_ms)} ms) may be below 130 ms "
            f"(interval {number_in_words(low)} to {number_in_words(high)} ms); "
            "for a narrow QRS CRT may do harm. "
        )
    extra = ECHOCRT_120_SENTENCE if high >= 120.0 else ""
    return Finding(code="narrow-qrs", message=start + ECHOCRT_SENTENCE + extra)


def _paced_warning(situation: Situation) -> Finding | None:
    if not situation.paced:
        return None
    return Finding(
        code="paced-qrs",
        message="The measured QRS is paced: its duration and shape say nothing about the intrinsic "
        "conduction that the rules ask for, so those criteria are left open. Record an intrinsic ECG if "
        "pacing can be paused; rows for patients with pacing (upgrade, AV block) are evaluated.",
    )


def _definition_warning(situation: Situation) -> Finding | None:
    answers = {answer for _, answer in situation.lbbb_by_definition if answer is not None}
    if situation.paced or len(answers) < 2:
        return None
    yes = "; ".join(name for name, answer in situation.lbbb_by_definition if answer is True)
    no = "; ".join(name for name, answer in situation.lbbb_by_definition if answer is False)
    return Finding(
        code="lbbb-definitions-disagree",
        message=f"Definitions of LBBB disagree: yes by {yes}. No by {no}. The classes shown rest on "
        f"{situation.lbbb_definition}.",
    )


def _device_warning(situation: Situation) -> Finding | None:
    device = situation.candidate.existing_device
    if device not in ("CRT-P", "CRT-D", "CSP"):
        return None
    return Finding(
        code="has-resynchronisation",
        message=f"The patient already has a {device} device: rules about a new CRT device describe the "
        "indication, not the decision that is due now.",
    )


def _unverified_warning(results: tuple[RuleResult, ...], verdicts: tuple[GuidelineVerdict, ...]) -> Finding | None:
    hits = [result.rule for result in results if result.outcome == "hit"]
    whole = [rule.rule_id for rule in hits if rule.unverified]
    level = [rule.rule_id for rule in hits if rule.level_unverified and not rule.unverified]
    if not whole and not level:
        return None
    parts = [f"unverified as a whole: {', '.join(whole)}"] if whole else []
    parts += [f"level unverified: {', '.join(level)}"] if level else []
    deciding = [v.short_name for v in verdicts if v.unverified]
    text = f"Some fitting rows have not been checked against the document ({'; '.join(parts)})."
    if deciding:
        text += f" The verdict rests on such a row in: {', '.join(deciding)}."
    return Finding(code="unverified-rules", message=text + " Check them before use.")
