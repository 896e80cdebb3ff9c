"""Apply tables of criteria to the measured facts of one QRS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from resynchro.ecg.conduction_criteria import (
    CONTIGUOUS_LEADS,
    Criterion,
    Definition,
    Quantifier,
    Relation,
    Test,
)
from resynchro.ecg.conduction_readings import MEASURES, QrsFacts, Reading
from resynchro.ecg.conduction_verdict import (
    CriterionVerdict,
    DefinitionVerdict,
    LeadReading,
    Outcome,
    all_of,
    any_of,
    at_least,
    negated,
)


def judge_definitions(table: Sequence[Definition], facts: QrsFacts) -> tuple[DefinitionVerdict, ...]:
    """Apply every definition of a table to one QRS.

    Parameters
    ----------
    table
        In an order in which every excluded definition comes before the one that excludes it.
    facts
        What was measured.

    Returns
    -------
    tuple of DefinitionVerdict
        In the order of the table.
    """
    verdicts: dict[str, DefinitionVerdict] = {}
    best = best_estimates(table, facts)
    for definition in table:
        criteria = [_judge_criterion(criterion, facts) for criterion in definition.criteria]
        excluded = [verdicts[key] for key in definition.excludes]
        required = [criterion.outcome for criterion in criteria if criterion.required]
        verdicts[definition.key] = DefinitionVerdict(
            key=definition.key,
            title=definition.title,
            source=definition.source,
            provenance=definition.provenance,
            outcome=all_of(required + [negated(other.outcome) for other in excluded]),
            best_estimate=best[definition.key],
            criteria=(*criteria, *(_exclusion(other) for other in excluded)),
        )
    return tuple(verdicts.values())


def best_estimates(table: Sequence[Definition], facts: QrsFacts) -> dict[str, Outcome]:
    """Return the outcome of every definition with every number taken at its best value, by key."""
    best: dict[str, Outcome] = {}
    for definition in table:
        required = [
            _quantified(criterion, _outcomes(criterion, facts, exact=True))
            for criterion in definition.criteria
            if criterion.required
        ]
        best[definition.key] = all_of(required + [negated(best[key]) for key in definition.excludes])
    return best


def _exclusion(other: DefinitionVerdict) -> CriterionVerdict:
    outcome = negated(other.outcome)
    return CriterionVerdict(
        key=f"not_{other.key}",
        text=f"Not {other.title}",
        required=True,
        outcome=outcome,
        lead=None,
        value=None,
        unit="",
        limit="not met",
        sentence=f"{other.title} is {other.outcome}",
        readings=(),
    )


def _judge_criterion(criterion: Criterion, facts: QrsFacts) -> CriterionVerdict:
    outcomes = _outcomes(criterion, facts, exact=False)
    outcome = _quantified(criterion, outcomes)
    readings = tuple(
        reading
        for lead in criterion.leads or ("",)
        for row in criterion.rows
        for reading in (_lead_reading(test, facts, lead) for test in row)
    )
    deciding_lead = next((lead for lead, value in outcomes.items() if value == outcome), None)
    in_lead = [reading for reading in readings if (reading.lead or "") == deciding_lead] or list(readings)
    deciding = next((reading for reading in in_lead if reading.outcome == outcome), in_lead[0])
    return CriterionVerdict(
        key=criterion.key,
        text=criterion.text,
        required=criterion.required,
        outcome=outcome,
        lead=deciding.lead,
        value=deciding.value,
        unit=deciding.unit,
        limit=deciding.limit,
        sentence="; ".join(reading.sentence for reading in readings),
        readings=readings,
    )


def _outcomes(criterion: Criterion, facts: QrsFacts, *, exact: bool) -> dict[str, Outcome]:
    """Return the outcome of a criterion in each of its leads ('' for a global one)."""
    return {
        lead: any_of(all_of(_test_outcome(test, facts, lead, exact=exact) for test in row) for row in criterion.rows)
        for lead in criterion.leads or ("",)
    }


def _quantified(criterion: Criterion, outcomes: Mapping[str, Outcome]) -> Outcome:
    join: Mapping[Quantifier, Outcome] = {
        "all": all_of(outcomes.values()),
        "any": any_of(outcomes.values()),
        "two": at_least(2, outcomes.values()),
        "two contiguous": any_of(
            all_of((outcomes[one], outcomes[other]))
            for one, other in CONTIGUOUS_LEADS
            if one in outcomes and other in outcomes
        ),
    }
    return join[criterion.quantifier]


def _read(test: Test, facts: QrsFacts, lead: str) -> Reading:
    if lead and not facts.waves[lead].waves:
        return Reading(None, missing="no QRS wave above the noise in this lead")
    return MEASURES[test.measure].read(facts, lead)


def _test_outcome(test: Test, facts: QrsFacts, lead: str, *, exact: bool) -> Outcome:
    reading = _read(test, facts, lead)
    if reading.value is None:
        return test.absent if reading.absent else "not assessable"
    holds = _holds(reading.value, test.relation, test.limit)
    ends = (reading.low, reading.high)
    if not exact and any(_holds(end, test.relation, test.limit) != holds for end in ends):
        return "borderline"
    return "met" if holds else "not met"


def _holds(value: float, relation: Relation, limit: float) -> bool:
    match relation:
        case ">":
            return value > limit
        case ">=":
            return value >= limit
        case "<":
            return value < limit
        case "<=":
            return value <= limit


def _lead_reading(test: Test, facts: QrsFacts, lead: str) -> LeadReading:
    measure, reading = MEASURES[test.measure], _read(test, facts, lead)
    outcome = _test_outcome(test, facts, lead, exact=False)
    unit = f" {measure.unit}" if measure.unit else ""
    digits = measure.decimals
    limit = f"{test.relation} {test.limit:.{digits}f}{unit}"
    if reading.value is None:
        number = reading.missing
    elif reading.low == reading.high:
        number = f"{measure.title} {reading.value:.{digits}f}{unit}"
    else:
        interval = f"{reading.low:.{digits}f} to {reading.high:.{digits}f}"
        number = f"{measure.title} {reading.value:.{digits}f} ({interval}){unit}"
    where = f"{lead}: " if lead else ""
    return LeadReading(
        lead=lead or None,
        outcome=outcome,
        value=reading.value,
        low=None if reading.value is None else reading.low,
        high=None if reading.value is None else reading.high,
        unit=measure.unit,
        limit=limit,
        sentence=f"{where}{number}, limit {limit}: {outcome}",
    )
