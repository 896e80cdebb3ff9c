"""Where guidelines disagree about one patient, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from resynchro.selection.criterion import CriterionCheck
from resynchro.selection.guideline_verdicts import GuidelineVerdict, RuleResult, recommendation_in_words

ClashKind = Literal["direction", "strength", "coverage", "within one guideline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """One disagreement.

    Attributes
    ----------
    kind
        ``direction``: one document is for CRT, another against it; ``strength``: the classes differ;
        ``coverage``: one document has a row for the patient, another none; ``within one guideline``: rows of
        one document contradict each other.
    rule_ids
        The rows concerned.
    sentence
        The disagreement and its cause.
    """

    kind: ClashKind
    rule_ids: tuple[str, ...]
    sentence: str


def find_clashes(verdicts: tuple[GuidelineVerdict, ...], results: tuple[RuleResult, ...]) -> tuple[Clash, ...]:
    """List the disagreements between guidelines, and inside one, for one patient.

    Parameters
    ----------
    verdicts
        What each guideline says.
    results
        All rules as evaluated for the same patient.

    Returns
    -------
    tuple of Clash
        Opposite directions first, then different strengths, then documents without a fitting row. Superseded
        documents are named as such.
    """
    by_id = {result.rule.rule_id: result for result in results}
    inside = [_inside(verdict, by_id) for verdict in verdicts if verdict.position == "contradictory"]
    in_favour = [v for v in verdicts if v.position in ("for", "contradictory")]
    against = [v for v in verdicts if v.position == "against"]
    opposite = [_direction(against, in_favour, by_id)] if against and in_favour else []
    return (*opposite, *_strength(in_favour), *_coverage(verdicts, in_favour), *inside)


def _named(verdict: GuidelineVerdict) -> str:
    return verdict.short_name + (" (superseded)" if verdict.superseded_by else "")


def _inside(verdict: GuidelineVerdict, by_id: dict[str, RuleResult]) -> Clash:
    rows = (*verdict.for_rule_ids, *verdict.against_rule_ids)
    words = "; ".join(f"{row}: {recommendation_in_words(by_id[row].rule)}" for row in rows)
    return Clash(
        kind="within one guideline",
        rule_ids=rows,
        sentence=f"Rows of {_named(verdict)} contradict each other for this patient ({words}). "
        "The table does not say which one goes first: read the document.",
    )


def _direction(
    against: list[GuidelineVerdict], in_favour: list[GuidelineVerdict], by_id: dict[str, RuleResult]
) -> Clash:
    supporters = ", ".join(f"{_named(v)} ({v.rule_id}, {v.recommendation_class})" for v in in_favour)
    opponents = ", ".join(f"{_named(v)} ({v.rule_id}, {v.recommendation_class})" for v in against)
    sentence = (
        f"{opponents} {'advises' if len(against) == 1 else 'advise'} against CRT, where a row for CRT fits "
        "in "
        f"{supporters}."
    )
    upper = _qrs_limits(against, by_id)
    lower = _qrs_limits(in_favour, by_id)
    if upper:
        value = next(check.value for v in against if (check := _qrs_criterion(v, by_id)))
        wanted = f"for CRT {' or '.join(lower)}" if lower else "the rows for CRT set no QRS limit"
        sentence += f" The QRS limits differ: {value} falls under {' or '.join(upper)}; {wanted}."
    rows = tuple(v.rule_id for v in (*against, *in_favour) if v.rule_id)
    return Clash(kind="direction", rule_ids=rows, sentence=sentence)


def _qrs_criterion(verdict: GuidelineVerdict, by_id: dict[str, RuleResult]) -> CriterionCheck | None:
    criteria = by_id[verdict.rule_id].criteria if verdict.rule_id else ()
    return next((check for check in criteria if check.criterion == "QRS duration"), None)


def _qrs_limits(verdicts: list[GuidelineVerdict], by_id: dict[str, RuleResult]) -> list[str]:
    return sorted({check.limit for v in verdicts if (check := _qrs_criterion(v, by_id))})


def _strength(in_favour: list[GuidelineVerdict]) -> tuple[Clash, ...]:
    """Compare classes of documents in words: a rank only orders one document's own scale."""
    ungraded = ("recommended option", "stated, without class")
    graded = [v for v in in_favour if v.rule_id and v.recommendation_class not in ungraded]
    if len({v.rank for v in graded}) < 2:
        return ()
    rows = tuple(v.rule_id for v in graded if v.rule_id)
    words = "; ".join(f"{_named(v)} {v.recommendation_class} ({v.rule_id})" for v in graded)
    return (
        Clash(
            kind="strength",
            rule_ids=rows,
            sentence=f"The strength of the recommendation differs between documents: {words}.",
        ),
    )


def _coverage(verdicts: tuple[GuidelineVerdict, ...], in_favour: list[GuidelineVerdict]) -> tuple[Clash, ...]:
    if not in_favour:
        return ()
    rows = tuple(v.rule_id for v in in_favour if v.rule_id)
    names = ", ".join(_named(v) for v in in_favour)
    return tuple(
        Clash(
            kind="coverage",
            rule_ids=rows,
            sentence=f"{_named(v)} has no fitting row{' (' + v.closest + ')' if v.closest else ''}, "
            f"while one fits in {names}.",
        )
        for v in verdicts
        if v.position == "no row fits"
    )
