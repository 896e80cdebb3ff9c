"""The criteria of one guideline rule, ticked one by one: met, not met, borderline, unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from resynchro.selection.candidate import CandidateFacts
from resynchro.selection.criterion import CriterionCheck, CriterionStatus, status_of, unknown_check
from resynchro.selection.guideline_facts import check_fact, one_of
from resynchro.selection.guideline_rules import GuidelineRule
from resynchro.selection.limits import limits_in_words, number_in_words, parse_limits, within_limits

_NYHA_WORDS = {"1": "I", "2": "II", "3": "III", "4a": "ambulatory IV", "4b": "IV"}
_RHYTHM_WORDS = {
    "sinus": "sinus rhythm",
    "af": "atrial fibrillation",
    "af_permanent": "permanent atrial fibrillation",
}
_KIND_WORDS = {True: "permanent", False: "not permanent", None: "kind unknown"}
_PACED = "the recorded QRS is paced; the rule is about the intrinsic QRS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that rules look at: the clinical facts and what the ECG showed.

    Attributes
    ----------
    lbbb, lbbb_definition
        Is it left bundle branch block, and by which definition; None where not assessable.
    lbbb_by_definition
        The answers of all definitions as (name, answer).
    morphology
        ``normal``, ``lbbb``, ``incomplete_lbbb``, ``rbbb``, ``incomplete_rbbb``, ``ivcd``, ``paced``, or
        None.
    qrs_ms, qrs_interval_ms
        QRS duration and its 95 % interval [ms].
    """

    candidate: CandidateFacts
    lbbb: bool | None
    lbbb_definition: str | None
    lbbb_by_definition: tuple[tuple[str, bool | None], ...]
    morphology: str | None
    qrs_ms: float | None
    qrs_interval_ms: tuple[float, float] | None

    @property
    def paced(self) -> bool:
        """True when the measured QRS is a paced one."""
        return self.morphology == "paced"


def check_criteria(
    rule: GuidelineRule, situation: Situation, derived: Mapping[str, bool | None]
) -> tuple[CriterionCheck, ...]:
    """Hold every criterion of a rule against a patient.

    Parameters
    ----------
    rule
        The rule.
    situation
        Clinical facts and ECG results.
    derived
        Facts that follow from other rows of the same guideline (``crt_indicated`` and
        ``crt_criteria_met_but_for_rhythm``).

    Returns
    -------
    tuple of CriterionCheck
        In the order rhythm, morphology, QRS duration, LVEF, NYHA class, further facts; one per criterion the
        rule sets.
    """
    facts = situation.candidate
    checks: list[CriterionCheck] = []
    if rule.on_rhythm != "any":
        checks.append(check_rhythm(rule.on_rhythm, facts.rhythm, facts.af_permanent))
    if rule.on_morphology != "any":
        checks.append(
            _check_morphology(
                rule.on_morphology,
                situation.morphology,
                situation.lbbb,
                situation.lbbb_definition,
                situation.lbbb_by_definition,
            )
        )
    if rule.on_qrs_ms:
        checks.append(check_qrs(rule.on_qrs_ms, situation.qrs_ms, situation.qrs_interval_ms, situation.paced))
    if rule.on_lvef_pct:
        checks.append(check_lvef(rule.on_lvef_pct, facts.lvef_pct, rule.lvef_open_at_pct))
    if rule.on_nyha:
        checks.append(check_nyha(rule.on_nyha, facts.nyha, facts.nyha_iv_ambulatory))
    for requirement in filter(None, rule.on_facts.split("; ")):
        alternatives = [check_fact(term, facts, derived) for term in requirement.split(" | ")]
        checks.append(one_of(alternatives))
    return tuple(checks)


@lru_cache(maxsize=256)
def check_rhythm(asked: str, rhythm: str | None, af_permanent: bool | None) -> CriterionCheck:
    """Check the atrial rhythm; an atrially paced rhythm is left open."""
    limit = _RHYTHM_WORDS[asked]
    if rhythm is None:
        return unknown_check("rhythm", limit, "rhythm")
    if rhythm == "paced":
        return unknown_check("rhythm", limit, None, "the atrium is paced; the rule names the intrinsic rhythm")
    fibrillation = rhythm == "atrial-fibrillation"
    value = rhythm.replace("-", " ") + (" rhythm" if rhythm in ("sinus", "other") else "")
    if asked == "sinus":
        met: bool | None = rhythm == "sinus"
    elif asked == "af" or not fibrillation:
        met = fibrillation
    else:
        met = af_permanent
        value = "atrial fibrillation, " + _KIND_WORDS[met]
    missing = "af_permanent" if met is None else None
    return CriterionCheck(criterion="rhythm", met=met, status=status_of(met), value=value, limit=limit, missing=missing)


@lru_cache(maxsize=1024)
def _check_morphology(
    asked: str,
    morphology: str | None,
    lbbb: bool | None,
    definition: str | None,
    by_definition: tuple[tuple[str, bool | None], ...],
) -> CriterionCheck:
    name = "QRS morphology"
    limit = {"not-RBBB": "not RBBB", "paced": "paced QRS"}.get(asked, asked)
    if asked == "paced":
        if morphology is None:
            return unknown_check(name, limit, "morphology")
        met = morphology == "paced"
        return CriterionCheck(
            criterion=name, met=met, status=status_of(met), value="paced" if met else "not paced", limit=limit
        )
    if morphology == "paced":
        return unknown_check(name, limit, "intrinsic ECG", _PACED)
    if asked == "not-RBBB":
        if morphology is None and not lbbb:
            return unknown_check(name, limit, "morphology")
        met = morphology != "rbbb"
        value = "RBBB" if not met else "not RBBB"
        return CriterionCheck(criterion=name, met=met, status=status_of(met), value=value, limit=limit)
    if lbbb is None:
        return unknown_check(name, limit, "LBBB by definition", "no definition of LBBB could be assessed")
    return _check_lbbb(limit, lbbb == (asked == "LBBB"), lbbb, definition, by_definition)


def _check_lbbb(
    limit: str,
    met: bool,
    lbbb: bool,
    definition: str | None,
    by_definition: tuple[tuple[str, bool | None], ...],
) -> CriterionCheck:
    others = [name for name, answer in by_definition if answer is not None and answer != lbbb]
    value = ("LBBB" if lbbb else "not LBBB") + (f" by {definition}" if definition else "")
    reason = f"{'not LBBB' if lbbb else 'LBBB'} by {'; '.join(others)}" if others else ""
    return CriterionCheck(
        criterion="QRS morphology",
        met=met,
        status="borderline" if others else status_of(met),
        value=value,
        limit=limit,
        reason=reason,
    )


@lru_cache(maxsize=4096)
def check_qrs(
    limits: str, qrs_ms: float | None, interval_ms: tuple[float, float] | None, paced: bool
) -> CriterionCheck:
    """Check the QRS duration; borderline when the measurement's interval reaches over a limit."""
    limit = limits_in_words(limits, "ms")
    if paced:
        return unknown_check("QRS duration", limit, "intrinsic ECG", _PACED)
    if qrs_ms is None:
        return unknown_check("QRS duration", limit, "qrs_ms", "not measured")
    met = within_limits(limits, qrs_ms)
    reason, value = "", f"{number_in_words(qrs_ms)} ms"
    if interval_ms is not None:
        value += f" ({number_in_words(interval_ms[0])} to {number_in_words(interval_ms[1])})"
        ends = {within_limits(limits, end) for end in interval_ms}
        crossed = any(interval_ms[0] < edge <= interval_ms[1] for _, edge in parse_limits(limits))
        if ends != {met} or crossed:
            reason = "the interval of the measurement reaches over the limit"
    status: CriterionStatus = "borderline" if reason else status_of(met)
    return CriterionCheck(criterion="QRS duration", met=met, status=status, value=value, limit=limit, reason=reason)


@lru_cache(maxsize=1024)
def check_lvef(limits: str, lvef_pct: float | None, open_at_pct: float | None) -> CriterionCheck:
    """Check the ejection fraction; open at the one value where table and printed criterion disagree."""
    limit = limits_in_words(limits, "%")
    if lvef_pct is None:
        return unknown_check("LVEF", limit, "lvef_pct")
    met: bool | None = within_limits(limits, lvef_pct)
    reason = ""
    if open_at_pct is not None and lvef_pct == open_at_pct:
        met = None
        reason = f"sources disagree whether exactly {open_at_pct:g} % is included: read the document"
    status: CriterionStatus = "borderline" if reason else status_of(met)
    return CriterionCheck(
        criterion="LVEF",
        met=met,
        status=status,
        value=f"{number_in_words(lvef_pct)} %",
        limit=limit,
        reason=reason,
    )


@lru_cache(maxsize=256)
def check_nyha(asked: str, nyha: int | None, ambulatory: bool | None) -> CriterionCheck:
    """Check the NYHA class; class IV is split into ambulatory (4a) and not (4b)."""
    allowed = asked.split(";")
    words = [_NYHA_WORDS[key] for key in allowed if not (key == "4a" and "4b" in allowed)]
    limit = ", ".join(words[:-1]) + " or " + words[-1] if len(words) > 1 else words[0]
    if nyha is None:
        return unknown_check("NYHA class", limit, "nyha")
    met: bool | None
    if nyha < 4:
        met, value = str(nyha) in allowed, _NYHA_WORDS[str(nyha)]
    else:
        value = {True: "ambulatory IV", False: "IV, not ambulatory", None: "IV"}[ambulatory]
        answers = {key in allowed for key in ({True: ["4a"], False: ["4b"], None: ["4a", "4b"]}[ambulatory])}
        met = answers.pop() if len(answers) == 1 else None
    missing = "nyha_iv_ambulatory" if met is None else None
    return CriterionCheck(
        criterion="NYHA class", met=met, status=status_of(met), value=value, limit=limit, missing=missing
    )
