"""Guideline classes: every rule held against one patient, all hits side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from resynchro.errors import InputError
from resynchro.record.finding import Finding
from resynchro.selection.candidate import CandidateFacts
from resynchro.selection.guideline_clashes import Clash, find_clashes
from resynchro.selection.guideline_criteria import Situation
from resynchro.selection.guideline_flips import Flip, find_flips
from resynchro.selection.guideline_verdicts import (
    GuidelineVerdict,
    RuleResult,
    evaluate_rules,
    verdicts_by_guideline,
)
from resynchro.selection.guideline_warnings import guideline_warnings
from resynchro.selection.lbbb_definition import choose_lbbb


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidelineAssessment:
    """What all guidelines say about one patient.

    Attributes
    ----------
    qrs_ms, qrs_interval_ms
        The QRS duration the rules were held against and its 95 % interval [ms].
    morphology
        Label of the ECG, if one was given.
    lbbb, lbbb_definition, lbbb_by_definition
        Whether LBBB was assumed, by which definition, and what the other definitions say.
    results
        Every rule of the table with its criteria, in the order of the table.
    verdicts
        Each guideline summed up, current documents first.
    clashes
        Disagreements between guidelines, and inside one.
    flips
        What would change within the uncertainty of the QRS and between definitions of LBBB.
    warnings
        What a reader must know first: narrow QRS, paced QRS, unverified rows, an existing device.
    """

    qrs_ms: float | None
    qrs_interval_ms: tuple[float, float] | None
    morphology: str | None
    lbbb: bool | None
    lbbb_definition: str | None
    lbbb_by_definition: dict[str, bool | None]
    results: tuple[RuleResult, ...]
    verdicts: tuple[GuidelineVerdict, ...]
    clashes: tuple[Clash, ...]
    flips: tuple[Flip, ...]
    warnings: tuple[Finding, ...]

    @property
    def hits(self) -> tuple[RuleResult, ...]:
        """The rules that fit, all guidelines side by side."""
        return tuple(result for result in self.results if result.outcome == "hit")

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the facts that could still change a verdict."""
        return tuple(dict.fromkeys(name for verdict in self.verdicts for name in verdict.missing))


def evaluate_guidelines(
    candidate: CandidateFacts,
    *,
    lbbb_by_definition: Mapping[str, bool | None],
    qrs_ms: float | None,
    qrs_interval_ms: tuple[float, float] | None,
    morphology: str | None = None,
    definition: str | None = None,
) -> GuidelineAssessment:
    """Hold every guideline rule against one patient.

    Parameters
    ----------
    candidate
        Clinical facts; what is None makes rules "not assessable", never "no".
    lbbb_by_definition
        Answer of each definition of left bundle branch block by its name; None where not assessable.
    qrs_ms, qrs_interval_ms
        Global QRS duration and its 95 % interval [ms]; None where not measured.
    morphology
        Label of the ECG (``normal``, ``lbbb``, ``incomplete_lbbb``, ``rbbb``, ``incomplete_rbbb``, ``ivcd``
        or ``paced``). A paced QRS leaves all rules about the intrinsic QRS open.
    definition
        The definition of LBBB to rest on; None takes the first assessable one in the order ESC 2013, ESC
        2021, MADIT-CRT, Strauss, AHA/ACCF/HRS. The others appear among the flips.

    Returns
    -------
    GuidelineAssessment
        All rules, verdict per guideline, clashes, flips and warnings.

    Raises
    ------
    InputError
        When `definition` is unknown or `qrs_interval_ms` does not contain `qrs_ms`.

    Notes
    -----
    The table is a working copy of eight documents and one statement of a review; several rows have not been
    checked against the documents themselves, and every result says so. QRS 129.5 ms lies below 130 ms and
    LVEF 35.5 % above 35 %: no value falls between two rows.

    References
    ----------
    The source of each rule stands in its row.
    """
    if qrs_interval_ms is not None and qrs_ms is not None:
        low, high = qrs_interval_ms
        if not low <= qrs_ms <= high:
            raise InputError(f"QRS duration must lie in its interval, got {qrs_ms:g} and {low:g} to {high:g} ms")
    lbbb, used = choose_lbbb(lbbb_by_definition, definition, morphology)
    situation = Situation(
        candidate=candidate,
        lbbb=lbbb,
        lbbb_definition=used,
        lbbb_by_definition=tuple(lbbb_by_definition.items()),
        morphology=morphology,
        qrs_ms=qrs_ms,
        qrs_interval_ms=qrs_interval_ms,
    )
    results = evaluate_rules(situation)
    verdicts = verdicts_by_guideline(results)
    return GuidelineAssessment(
        qrs_ms=qrs_ms,
        qrs_interval_ms=qrs_interval_ms,
        morphology=morphology,
        lbbb=lbbb,
        lbbb_definition=used,
        lbbb_by_definition=dict(lbbb_by_definition),
        results=results,
        verdicts=verdicts,
        clashes=find_clashes(verdicts, results),
        flips=find_flips(situation, verdicts),
        warnings=guideline_warnings(situation, results, verdicts),
    )
