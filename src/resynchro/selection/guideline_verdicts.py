"""What each guideline says about one patient: rules evaluated, the strongest row of every document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from resynchro.selection.candidate import FACT_NAMES
from resynchro.selection.criterion import CriterionCheck
from resynchro.selection.guideline_criteria import Situation, check_criteria
from resynchro.selection.guideline_rules import GuidelineRule, guideline_rules

RuleOutcome = Literal["hit", "not hit", "not assessable"]
Position = Literal["for", "against", "contradictory", "no row fits", "not assessable"]

#: Facts that a row takes from the other rows of its guideline.
DERIVED_FACTS = ("crt_indicated", "crt_criteria_met_but_for_rhythm")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """One rule held against one patient.

    Attributes
    ----------
    outcome
        ``hit`` when all criteria are met at the measured values, ``not hit`` when at least one is not met,
        else ``not assessable``.
    criteria
        Every criterion with its value and limit.
    missing
        Facts that are needed to decide and not known; empty unless ``not assessable``.
    borderline
        Criteria that hold or fail only narrowly, or only by some definitions.
    sentence
        The result in words.
    """

    rule: GuidelineRule
    outcome: RuleOutcome
    criteria: tuple[CriterionCheck, ...]
    missing: tuple[str, ...]
    borderline: tuple[str, ...]
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidelineVerdict:
    """What one document says about CRT for one patient.

    Attributes
    ----------
    position
        ``contradictory`` when rows for and against CRT both fit: the table contradicts itself there.
        ``not assessable`` when none fits and a row for CRT is still open; with only rows against CRT open it
        is ``no row fits``, and `missing` tells what they wait for.
    rule_id, recommendation_class, level, reading, unverified, level_unverified
        Of the strongest fitting row for CRT, else of the row against it; None without either.
    for_rule_ids, against_rule_ids, other_rule_ids
        All fitting rows, strongest first; "other" rows speak of something else than CRT itself.
    missing
        Facts that could still change the verdict.
    closest
        For ``no row fits``: the row that fails on one criterion only, and on which; empty if there is none.
    """

    guideline: str
    short_name: str
    year: str
    superseded_by: str
    position: Position
    rule_id: str | None
    recommendation_class: str | None
    level: str | None
    rank: int | None
    reading: str | None
    unverified: bool
    level_unverified: bool
    for_rule_ids: tuple[str, ...]
    against_rule_ids: tuple[str, ...]
    other_rule_ids: tuple[str, ...]
    missing: tuple[str, ...]
    closest: str
    sentence: str


def evaluate_rules(situation: Situation) -> tuple[RuleResult, ...]:
    """Hold all rules against one patient, in the order of the table.

    Rows that refer to "a CRT indication" or "otherwise meets CRT criteria" are evaluated after the other
    rows of the same guideline.
    """
    rules = guideline_rules()
    direct = {
        rule.rule_id: _evaluate(rule, situation, {})
        for rule in rules
        if not any(name in rule.on_facts for name in DERIVED_FACTS)
    }
    by_guideline: dict[str, list[RuleResult]] = {}
    for result in direct.values():
        if result.rule.direction == "for":
            by_guideline.setdefault(result.rule.guideline, []).append(result)
    derived = {
        guideline: {
            "crt_indicated": any_of(all_of(check.met for check in result.criteria) for result in results),
            "crt_criteria_met_but_for_rhythm": any_of(
                all_of(check.met for check in result.criteria if check.criterion != "rhythm") for result in results
            ),
        }
        for guideline, results in by_guideline.items()
    }
    return tuple(direct.get(rule.rule_id) or _evaluate(rule, situation, derived[rule.guideline]) for rule in rules)


def all_of(answers: Iterable[bool | None]) -> bool | None:
    """Return False if one answer is False, else None if one is None, else True."""
    found = set(answers)
    return False if False in found else None if None in found else True


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """Return True if one answer is True, else None if one is None, else False."""
    found = set(answers)
    return True if True in found else None if None in found else False


def _evaluate(rule: GuidelineRule, situation: Situation, derived: Mapping[str, bool | None]) -> RuleResult:
    criteria = check_criteria(rule, situation, derived)
    met = all_of(check.met for check in criteria)
    outcome: RuleOutcome = "not assessable" if met is None else "hit" if met else "not hit"
    missing = tuple(dict.fromkeys(c.missing for c in criteria if c.missing)) if met is None else ()
    borderline = tuple(check.criterion for check in criteria if check.status == "borderline")
    return RuleResult(
        rule=rule,
        outcome=outcome,
        criteria=criteria,
        missing=missing,
        borderline=borderline,
        sentence=_sentence(rule, outcome, criteria, missing),
    )


def _sentence(
    rule: GuidelineRule, outcome: RuleOutcome, criteria: tuple[CriterionCheck, ...], missing: tuple[str, ...]
) -> str:
    if outcome == "hit":
        return f"{rule.rule_id} fits: {recommendation_in_words(rule)}."
    if outcome == "not hit":
        failed = "; ".join(f"{c.criterion} {c.value}, needs {c.limit}" for c in criteria if c.met is False)
        return f"{rule.rule_id} does not fit: {failed}."
    open_reasons = [c.reason for c in criteria if c.met is None and not c.missing and c.reason]
    needed = [f"not known: {fact_name(name)}" for name in missing] + open_reasons
    return f"{rule.rule_id} cannot be decided: {'; '.join(needed)}."


def fact_name(name: str) -> str:
    """Return the name of a missing fact as used in a sentence."""
    special = {
        "qrs_ms": "QRS duration",
        "nyha": "NYHA class",
        "nyha_iv_ambulatory": "whether class IV is ambulatory",
    }
    special |= {"af_permanent": "whether atrial fibrillation is permanent"}
    return FACT_NAMES.get(name) or special.get(name, name)


def class_in_words(recommendation_class: str) -> str:
    """Return ``class IIa`` for lettered and numbered scales, words such as ``strong`` as they are."""
    return f"class {recommendation_class}" if recommendation_class[0] in "I123" else recommendation_class


def recommendation_in_words(rule: GuidelineRule) -> str:
    """Return what a rule recommends, with class, level and how well the row was read."""
    klass = class_in_words(rule.recommendation_class)
    level = f", level {rule.level}" if rule.level else ""
    against = "against " if rule.direction == "against" else ""
    return f"{against}{rule.therapy}, {klass.removesuffix(' against')}{level} ({rule.reading})"


def verdicts_by_guideline(results: tuple[RuleResult, ...]) -> tuple[GuidelineVerdict, ...]:
    """Sum up each guideline, the strongest fitting row first; current documents before superseded ones."""
    grouped: dict[str, list[RuleResult]] = {}
    for result in results:
        grouped.setdefault(result.rule.guideline, []).append(result)
    verdicts = [_verdict(group) for group in grouped.values()]
    return tuple(sorted(verdicts, key=lambda v: (bool(v.superseded_by), -int(v.year[:4]), v.guideline)))


def _verdict(group: list[RuleResult]) -> GuidelineVerdict:
    hits = [result.rule for result in group if result.outcome == "hit"]
    in_favour = sorted((rule for rule in hits if rule.direction == "for"), key=lambda rule: rule.rank)
    against = [rule for rule in hits if rule.direction == "against"]
    undecided = [r for r in group if r.outcome == "not assessable" and r.rule.direction != "other"]
    if in_favour:
        # A weaker row for CRT that is still open cannot change the strongest class.
        best = in_favour[0].rank
        undecided = [r for r in undecided if r.rule.direction == "against" or r.rule.rank < best]
    strongest = in_favour[0] if in_favour else against[0] if against else None
    position: Position = "no row fits"
    if in_favour and against:
        position = "contradictory"
    elif strongest is not None:
        position = "for" if in_favour else "against"
    elif any(result.rule.direction == "for" for result in undecided):
        position = "not assessable"
    missing = tuple(dict.fromkeys(name for result in undecided for name in result.missing))
    closest = _closest_row(group) if position == "no row fits" else ""
    any_rule = group[0].rule
    return GuidelineVerdict(
        guideline=any_rule.guideline,
        short_name=any_rule.short_name,
        year=max(result.rule.year for result in group),
        superseded_by=any_rule.superseded_by,
        position=position,
        rule_id=strongest.rule_id if strongest else None,
        recommendation_class=strongest.recommendation_class if strongest else None,
        level=strongest.level if strongest else None,
        rank=strongest.rank if strongest else None,
        reading=strongest.reading if strongest else None,
        unverified=bool(strongest and strongest.unverified),
        level_unverified=bool(strongest and strongest.level_unverified),
        for_rule_ids=tuple(rule.rule_id for rule in in_favour),
        against_rule_ids=tuple(rule.rule_id for rule in against),
        other_rule_ids=tuple(rule.rule_id for rule in hits if rule.direction == "other"),
        missing=missing,
        closest=closest,
        sentence=_verdict_sentence(any_rule.short_name, position, strongest, against, missing, closest),
    )


def _closest_row(group: list[RuleResult]) -> str:
    """Name the row for CRT that fails on one criterion only; the strongest if there are several."""
    near = []
    for result in group:
        failed = [check for check in result.criteria if check.met is False]
        if result.rule.direction == "for" and len(failed) == 1:
            unknown = sum(check.met is None for check in result.criteria)
            near.append((unknown, result.rule.rank, result.rule.rule_id, failed[0]))
    if not near:
        return ""
    _, _, rule_id, check = min(near, key=lambda entry: entry[:3])
    return f"{rule_id} fails only on {check.criterion} ({check.value}, needs {check.limit})"


def _verdict_sentence(
    name: str,
    position: Position,
    strongest: GuidelineRule | None,
    against: list[GuidelineRule],
    missing: tuple[str, ...],
    closest: str,
) -> str:
    still_open = f" Still open: {', '.join(fact_name(m) for m in missing)}." if missing else ""
    if position == "not assessable":
        return f"{name}: cannot be decided.{still_open or ' The recorded values leave every fitting row open.'}"
    if strongest is None:
        return f"{name}: no row for CRT fits{'; ' + closest if closest else ''}.{still_open}"
    text = f"{name}: {recommendation_in_words(strongest)}, by {strongest.rule_id}."
    if position == "contradictory":
        rows = ", ".join(f"{rule.rule_id} ({recommendation_in_words(rule)})" for rule in against)
        text += f" The table contradicts itself here: {rows} also fits."
    return text + still_open
