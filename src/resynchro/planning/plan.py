"""The plan: everything that the case allows to be said, in the order of the five questions."""

from __future__ import annotations

from dataclasses import dataclass

from resynchro.ecg.measurement import EcgMeasurement
from resynchro.planning.answer import Answer
from resynchro.planning.answers import (
    candidate_answer,
    evidence_answer,
    programming_answer,
    response_answer,
)
from resynchro.planning.measured_imaging import MeasuredImaging, measure_imaging
from resynchro.planning.measured_visits import (
    FollowUpComparison,
    MeasuredEcg,
    compare_follow_ups,
    measure_visits,
    selection_ecg,
)
from resynchro.planning.target_answer import dyssynchrony_points, target_answer, volume_points
from resynchro.record.case import Case
from resynchro.record.finding import Finding
from resynchro.selection.candidate import candidate_from_patient
from resynchro.selection.guidelines import GuidelineAssessment, evaluate_guidelines
from resynchro.selection.lbbb_definition import lbbb_answers
from resynchro.selection.quality_quantity import QualityQuantity, place_quality_quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The plan of one patient.

    Attributes
    ----------
    case
        What was planned from.
    seed
        Seed of every random draw.
    ecgs
        All ECGs of the case with their measurements.
    selection_ecg
        The ECG that selection rests on; None when none could be measured.
    guidelines, quality_quantity
        Guideline rules and the grid of dyssynchrony quality and quantity.
    imaging
        Examinations by imaging with their measurements, and the target.
    comparisons
        Follow-up ECGs held against the patient's references.
    answers
        Five answers in the order of the questions.
    warnings
        What a reader must know first: findings of the case and of the ECG that selection rests on.
    """

    case: Case
    seed: int
    ecgs: tuple[MeasuredEcg, ...]
    selection_ecg: MeasuredEcg | None
    guidelines: GuidelineAssessment
    quality_quantity: QualityQuantity
    imaging: MeasuredImaging
    comparisons: tuple[FollowUpComparison, ...]
    answers: tuple[Answer, ...]
    warnings: tuple[Finding, ...]

    @property
    def measurement(self) -> EcgMeasurement | None:
        """Measurement of the ECG that selection rests on."""
        return None if self.selection_ecg is None else self.selection_ecg.measurement


def make_plan(case: Case, *, seed: int = 0) -> Plan:
    """Plan one patient from what the case holds.

    Parameters
    ----------
    case
        From `resynchro.read_case`.
    seed
        Seed of every random draw: the same case and seed give the same plan.

    Returns
    -------
    Plan
        Questions that the case does not allow to be answered say why and what to add.

    Notes
    -----
    Research use. Guideline rows that were not read in the document itself are marked unverified in every
    output.
    """
    ecgs = measure_visits(case, seed=seed)
    chosen = selection_ecg(ecgs, case)
    measurement = None if chosen is None else chosen.measurement
    candidate = candidate_from_patient(
        case.patient, case.existing_device, nyha=case.baseline_nyha, lvef_pct=case.baseline_lvef_pct
    )
    by_definition = {} if measurement is None else lbbb_answers(measurement.conduction.definitions)
    morphology = None if measurement is None else measurement.morphology
    qrs_ms = None if measurement is None else measurement.qrs_ms
    interval_ms = None if measurement is None else measurement.limits.duration_interval_ms
    guidelines = evaluate_guidelines(
        candidate,
        lbbb_by_definition=by_definition,
        qrs_ms=qrs_ms,
        qrs_interval_ms=interval_ms,
        morphology=morphology,
    )
    area_interval = None if measurement is None or measurement.area_interval is None else measurement.area_interval
    grid = place_quality_quantity(
        morphology,
        by_definition,
        qrs_ms,
        interval_ms,
        None if measurement is None else measurement.qrs_area_uvs,
        None if area_interval is None else (area_interval.low_uvs, area_interval.high_uvs),
    )
    imaging = measure_imaging(case, seed=seed)
    seen = dyssynchrony_points(measurement, imaging) + volume_points(case, imaging)
    comparisons = compare_follow_ups(ecgs)
    return Plan(
        case=case,
        seed=seed,
        ecgs=ecgs,
        selection_ecg=chosen,
        guidelines=guidelines,
        quality_quantity=grid,
        imaging=imaging,
        comparisons=comparisons,
        answers=(
            candidate_answer(case, chosen, ecgs, guidelines, grid, seen),
            target_answer(case, imaging),
            programming_answer(case),
            response_answer(case, comparisons),
            evidence_answer(grid),
        ),
        warnings=case.findings
        + guidelines.warnings
        + (() if measurement is None else measurement.warnings)
        + imaging.findings,
    )
