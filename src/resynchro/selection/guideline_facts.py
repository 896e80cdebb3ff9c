"""Conditions of guideline rules on clinical facts: pacing need, AV block, device, therapy, prognosis."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from resynchro.selection.candidate import FACT_NAMES, CandidateFacts
from resynchro.selection.criterion import CriterionCheck, CriterionStatus, status_of, unknown_check
from resynchro.selection.limits import COMPARE, SIGNS, number_in_words

#: ``not name``, ``name``, ``name=value/value``, ``name>40``, ``name>=20..40`` (a zone that stays open).
FACT_TERM = re.compile(r"(?P<not>not )?(?P<name>\w+)(?:(?P<sign>>=|<=|>|<|=)(?P<limit>\S+))?")


def check_fact(term: str, facts: CandidateFacts, derived: Mapping[str, bool | None]) -> CriterionCheck:
    """Check one condition, such as ``not high_degree_av_block``, ``sex=female`` or ``rv_pacing_pct>=20..40``.

    Parameters
    ----------
    term
        The condition.
    facts
        What is known about the patient.
    derived
        Facts that follow from other rows of the same guideline; they take precedence.
    """
    name = term.removeprefix("not ").replace("<", "=").replace(">", "=").split("=")[0]
    value = derived[name] if name in derived else facts.fact(name)
    return _compare_fact(term, value)


@lru_cache(maxsize=4096)
def _compare_fact(term: str, value: bool | float | str | None) -> CriterionCheck:
    found = FACT_TERM.fullmatch(term)
    if found is None:
        raise ValueError(f"cannot read the condition {term!r} of a guideline rule")
    name, sign, limit = found["name"], found["sign"], found["limit"]
    label = FACT_NAMES[name]
    if sign is None:
        wanted = found["not"] is None
        text = "yes" if wanted else "no"
        if value is None:
            return unknown_check(label, text, name)
        met = bool(value) == wanted
        return CriterionCheck(
            criterion=label, met=met, status=status_of(met), value="yes" if value else "no", limit=text
        )
    if sign == "=":
        choices = limit.split("/")
        if value is None:
            return unknown_check(label, " or ".join(choices), name)
        met = value in choices
        return CriterionCheck(
            criterion=label, met=met, status=status_of(met), value=str(value), limit=" or ".join(choices)
        )
    return _compare_share(label, name, sign, limit, value)


def _compare_share(label: str, name: str, sign: str, limit: str, value: bool | float | str | None) -> CriterionCheck:
    """Compare a percentage with a limit, or with a zone ``low..high`` that the source leaves open."""
    low, _, high = limit.partition("..")
    words = f"{SIGNS[sign]} {low}" + (f" to {high} %" if high else " %")
    if value is None:
        return unknown_check(label, words, name)
    share = float(value)
    at_low, at_high = (COMPARE[sign](share, float(edge)) for edge in (low, high or low))
    met = at_low if at_low == at_high else None
    reason = "" if met is not None else f"the source leaves {low} to {high} % open"
    status: CriterionStatus = "borderline" if reason else status_of(met)
    return CriterionCheck(
        criterion=label,
        met=met,
        status=status,
        value=f"{number_in_words(share)} %",
        limit=words,
        reason=reason,
    )


def one_of(alternatives: list[CriterionCheck]) -> CriterionCheck:
    """Join alternatives: met if one is met, not met if all fail, else unknown."""
    if len(alternatives) == 1:
        return alternatives[0]
    answers = [check.met for check in alternatives]
    met = True if True in answers else None if None in answers else False
    missing = [check.missing for check in alternatives if check.missing]
    return CriterionCheck(
        criterion=" or ".join(check.criterion for check in alternatives),
        met=met,
        status=status_of(met),
        value=" / ".join(check.value for check in alternatives),
        limit=" / ".join(check.limit for check in alternatives),
        missing=missing[0] if met is None and missing else None,
    )
