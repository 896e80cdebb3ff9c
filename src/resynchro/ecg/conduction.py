"""Judge ventricular conduction: bundle branch block, left or right, and its kin, by every definition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from resynchro.ecg.conduction_criteria import (
    INCOMPLETE_LBBB,
    INCOMPLETE_RBBB,
    IVCD,
    RBBB,
    Criterion,
    Definition,
    definitions_for,
)
from resynchro.ecg.conduction_judging import best_estimates, judge_definitions
from resynchro.ecg.conduction_readings import QrsFacts
from resynchro.ecg.conduction_verdict import (
    ConductionVerdict,
    CriterionVerdict,
    DefinitionVerdict,
    Morphology,
    Outcome,
)
from resynchro.ecg.lead_waves import LeadWaves
from resynchro.ecg.representative import QrsLimits, RepresentativeBeat
from resynchro.record.ecg import Sex

#: The definitions of complete LBBB whose agreement or disagreement is reported: key prefix.
LBBB_PREFIX = "lbbb_"
#: Durations at which a definition or a guideline class changes [ms].
DURATION_LIMITS_MS = (110.0, 120.0, 130.0, 140.0, 150.0)


def judge_conduction(
    waves: Sequence[LeadWaves],
    limits: QrsLimits,
    *,
    beat: RepresentativeBeat,
    sex: Sex | None,
    axis_deg: float | None,
    paced: Literal["yes", "probable", "no evidence"],
    duration_uncertainty_ms: tuple[float, float] | None = None,
) -> ConductionVerdict:
    """Judge the ventricular conduction of one representative beat.

    Parameters
    ----------
    waves
        Of all twelve leads, from `segment_waves`.
    limits
        Global QRS limits.
    beat
        The representative beat (its noise and its T waves are read).
    sex
        Needed by Strauss's definition; None shows that definition for both sexes.
    axis_deg
        Frontal QRS axis [degrees]; None where indeterminate.
    paced
        What the search for stimuli says.
    duration_uncertainty_ms
        (low, high) of the QRS duration [ms]; default `limits.duration_interval_ms`.

    Returns
    -------
    ConductionVerdict

    Notes
    -----
    Every criterion is met, not met, borderline (its distance to the limit is smaller than the uncertainty)
    or not assessable. The headline `morphology` uses best values, in this order: paced; RBBB (AHA/ACCF/HRS
    2009); LBBB when at least one of the definitions of complete LBBB is met whose text was read (unverified
    ones never decide), because each selected patients for resynchronisation and which one is right is open;
    incomplete RBBB and LBBB; nonspecific delay above 110 ms; normal. How many definitions agree is in
    `reason` and `flips`.
    """
    interval_ms = duration_uncertainty_ms or limits.duration_interval_ms
    facts = QrsFacts(
        waves={lead_waves.lead: lead_waves for lead_waves in waves},
        limits=limits,
        beat=beat,
        axis_deg=axis_deg,
        qrs_ms=limits.duration_ms,
        qrs_interval_ms=interval_ms,
    )
    table = definitions_for(sex)
    if paced == "yes":
        return _paced_verdict(table)
    definitions = judge_definitions(table, facts)
    best = {definition.key: definition.best_estimate for definition in definitions}
    morphology, reason = _headline(table, best)
    flips = [
        *_flips_of_duration(table, facts, best, morphology),
        *_flips_between_definitions(definitions, sex),
    ]
    if paced == "probable":
        flips.append(
            f"Stimuli are probable: if the beat is paced, its morphology is paced and not {morphology},"
            " and no definition of bundle branch block applies."
        )
    return ConductionVerdict(morphology=morphology, reason=reason, definitions=definitions, flips=tuple(flips))


def _headline(table: Sequence[Definition], best: Mapping[str, Outcome]) -> tuple[Morphology, str]:
    """Return the morphology by the best estimates, and why."""
    complete_lbbb = [definition for definition in table if definition.key.startswith(LBBB_PREFIX)]
    agreeing = [definition for definition in complete_lbbb if best[definition.key] == "met"]
    if best[RBBB.key] == "met":
        return "rbbb", f"{RBBB.title} is met."
    if any(definition.provenance != "unverified" for definition in agreeing):
        titles = "; ".join(definition.title for definition in agreeing)
        return "lbbb", f"{len(agreeing)} of {len(complete_lbbb)} definitions of LBBB are met: {titles}."
    if best[INCOMPLETE_RBBB.key] == "met":
        return "incomplete_rbbb", f"{INCOMPLETE_RBBB.title} is met."
    if best[INCOMPLETE_LBBB.key] == "met":
        return "incomplete_lbbb", f"{INCOMPLETE_LBBB.title} is met."
    if best[IVCD.key] == "met":
        return "ivcd", "The QRS lasts more than 110 ms and no definition of bundle branch block decides."
    return "normal", "The QRS lasts at most 110 ms."


def _flips_of_duration(
    table: Sequence[Definition], facts: QrsFacts, best: Mapping[str, Outcome], morphology: Morphology
) -> list[str]:
    """Judge again at both ends of the duration's interval; say what changes."""
    sentences = []
    low, high = facts.qrs_interval_ms
    inside = [limit for limit in DURATION_LIMITS_MS if low < limit <= high]
    if inside:
        crossed = ", ".join(f"{limit:.0f}" for limit in inside)
        sentences.append(
            f"The QRS duration of {facts.qrs_ms:.0f} ({low:.0f} to {high:.0f}) ms may lie on either side of"
            f" {crossed} ms."
        )
    for end_ms in (low, high):
        again = best_estimates(table, replace(facts, qrs_ms=end_ms, qrs_interval_ms=(end_ms, end_ms)))
        other, _ = _headline(table, again)
        if other != morphology:
            sentences.append(f"At a QRS duration of {end_ms:.0f} ms the morphology is {other} instead of {morphology}.")
        changed = [
            f"{definition.title} becomes {again[definition.key]}"
            for definition in table
            if again[definition.key] != best[definition.key]
        ]
        if changed:
            sentences.append(f"At a QRS duration of {end_ms:.0f} ms {'; '.join(changed)}.")
    return sentences


def _flips_between_definitions(definitions: Sequence[DefinitionVerdict], sex: Sex | None) -> list[str]:
    sentences = []
    for definition in definitions:
        if definition.outcome != "borderline":
            continue
        doubtful = [
            criterion.text
            for criterion in definition.criteria
            if criterion.required and criterion.outcome == "borderline"
        ]
        sentences.append(
            f"{definition.title} is {definition.best_estimate} at best values, but within the uncertainty of:"
            f" {'; '.join(doubtful)}."
        )
    complete_lbbb = [d for d in definitions if d.key.startswith(LBBB_PREFIX)]
    met = [d.title for d in complete_lbbb if d.best_estimate == "met"]
    unmet = [d.title for d in complete_lbbb if d.best_estimate == "not met"]
    if met and unmet:
        sentences.append(f"The definitions disagree: met are {'; '.join(met)}; not met are {'; '.join(unmet)}.")
    sentences += _near_misses(complete_lbbb)
    if sex is None:
        by_key = {definition.key: definition.best_estimate for definition in definitions}
        for key in ("lbbb_strauss_2011", "lbbb_strauss_2011_contiguous"):
            if by_key[f"{key}_if_female"] != by_key[f"{key}_if_male"]:
                sentences.append(
                    "The sex is not known: Strauss's definition is met in a woman (130 ms) and not in a man (140 ms)."
                )
                break
    return sentences


def _near_misses(definitions: Sequence[DefinitionVerdict]) -> list[str]:
    """Say which definitions fail by a single criterion other than the duration."""
    sentences = []
    for definition in definitions:
        unmet = [c for c in definition.criteria if c.required and c.outcome == "not met"]
        if len(unmet) == 1 and unmet[0].key != "qrs_duration":
            failing = [reading.sentence for reading in unmet[0].readings if reading.outcome == "not met"]
            detail = f" ({'; '.join(failing)})" if len(failing) <= 2 else ""
            sentences.append(f"{definition.title} fails by one criterion only: {unmet[0].text}{detail}.")
    return sentences


def _paced_verdict(table: Sequence[Definition]) -> ConductionVerdict:
    """Report every definition as not assessable: they are made for intrinsic conduction."""
    reason = "The beat is paced: definitions of bundle branch block apply to intrinsic conduction only"

    def unmeasured(criterion: Criterion) -> CriterionVerdict:
        return CriterionVerdict(
            key=criterion.key,
            text=criterion.text,
            required=criterion.required,
            outcome="not assessable",
            lead=None,
            value=None,
            unit="",
            limit="",
            sentence=reason,
            readings=(),
        )

    definitions = tuple(
        DefinitionVerdict(
            key=definition.key,
            title=definition.title,
            source=definition.source,
            provenance=definition.provenance,
            outcome="not assessable",
            best_estimate="not assessable",
            criteria=tuple(unmeasured(criterion) for criterion in definition.criteria),
        )
        for definition in table
    )
    return ConductionVerdict(morphology="paced", reason=f"{reason}.", definitions=definitions, flips=())
