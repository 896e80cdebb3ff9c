"""What the judging of conduction returns, and the logic that joins uncertain criteria."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["met", "not met", "borderline", "not assessable"]
Morphology = Literal["normal", "lbbb", "incomplete_lbbb", "rbbb", "incomplete_rbbb", "ivcd", "paced"]
#: Provenance tags of the reference: read in the publication, read in a text about it, unverified.
Provenance = Literal["published", "secondary", "unverified"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadReading:
    """One measured number against its limit, in one lead.

    Attributes
    ----------
    lead
        Name of the lead; None for a global measure.
    value, low, high
        The number and the ends of its uncertainty; None where it could not be measured.
    limit
        The limit in words, for example ``> 60 ms``.
    sentence
        The reading in words.
    """

    lead: str | None
    outcome: Outcome
    value: float | None
    low: float | None
    high: float | None
    unit: str
    limit: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionVerdict:
    """One criterion of a definition.

    Attributes
    ----------
    key, text
        Short stable key, and the criterion in the definition's words.
    required
        False for a supportive criterion ("usually"), which does not decide.
    outcome
        Met, not met, borderline (nearer to the limit than the uncertainty) or not assessable.
    lead, value, unit, limit
        The reading that decided.
    sentence
        All readings in words.
    readings
        One for every lead and measure.
    """

    key: str
    text: str
    required: bool
    outcome: Outcome
    lead: str | None
    value: float | None
    unit: str
    limit: str
    sentence: str
    readings: tuple[LeadReading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionVerdict:
    """One published definition applied to one QRS.

    Attributes
    ----------
    key, title, source, provenance
        Which definition, where it stands, and how well that source was read.
    outcome
        All required criteria joined, with the measurement's uncertainty.
    best_estimate
        The same with every number taken at its best value: never borderline.
    criteria
        Every criterion.
    """

    key: str
    title: str
    source: str
    provenance: Provenance
    outcome: Outcome
    best_estimate: Outcome
    criteria: tuple[CriterionVerdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductionVerdict:
    """Ventricular conduction judged by every definition.

    Attributes
    ----------
    morphology
        The headline (see `judge_conduction` for the rule that sets it).
    reason
        The headline's reason in words.
    definitions
        Every definition with its criteria.
    flips
        Sentences: what changes within the measurement's uncertainty, or between definitions.
    """

    morphology: Morphology
    reason: str
    definitions: tuple[DefinitionVerdict, ...]
    flips: tuple[str, ...]

    def definition(self, key: str) -> DefinitionVerdict | None:
        """Return the definition of that key, or None."""
        return next((definition for definition in self.definitions if definition.key == key), None)


def all_of(outcomes: Iterable[Outcome]) -> Outcome:
    """Join outcomes that must all be met: not met dominates, then borderline, then not assessable."""
    seen = set(outcomes)
    order: tuple[Outcome, ...] = ("not met", "borderline", "not assessable")
    return next((outcome for outcome in order if outcome in seen), "met")


def any_of(outcomes: Iterable[Outcome]) -> Outcome:
    """Join outcomes of which one suffices: met dominates, then borderline, then not assessable."""
    return at_least(1, outcomes)


def at_least(needed: int, outcomes: Iterable[Outcome]) -> Outcome:
    """Join outcomes of which a number must be met."""
    listed = list(outcomes)
    met = listed.count("met")
    possible = met + listed.count("borderline")
    if met >= needed:
        return "met"
    if possible >= needed:
        return "borderline"
    if possible + listed.count("not assessable") >= needed:
        return "not assessable"
    return "not met"


def negated(outcome: Outcome) -> Outcome:
    """Return the outcome of the opposite statement."""
    opposite: dict[Outcome, Outcome] = {"met": "not met", "not met": "met"}
    return opposite.get(outcome, outcome)
