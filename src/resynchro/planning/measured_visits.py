"""The ECGs of a case, measured visit by visit, and follow-ups held against the patient's references."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from resynchro.ecg.comparison import EcgComparison, compare_ecg
from resynchro.ecg.measurement import EcgMeasurement, measure_ecg
from resynchro.ecg.template import EcgTemplate, TemplateLabel, template_from_measurement
from resynchro.errors import MeasurementError
from resynchro.record.case import Case
from resynchro.record.visit import EcgKind, Visit, VisitEcg

#: Reference labels for the kinds of ECG that a case folder names. His and left bundle area pacing give a
#: reference of "as programmed": the capture rules for two ventricular leads do not apply to them.
_LABELS: Mapping[EcgKind, TemplateLabel] = {
    "intrinsic": "intrinsic",
    "biventricular": "biventricular",
    "rv-only": "rv-only",
    "lv-only": "lv-only",
    "his": "reference",
    "left-bundle-area": "reference",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredEcg:
    """One ECG of a visit with its measurement, or the reason why there is none."""

    visit: Visit
    ecg: VisitEcg
    measurement: EcgMeasurement | None
    failure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpComparison:
    """A follow-up ECG held against the references that were recorded before it.

    Attributes
    ----------
    follow_up
        The follow-up ECG.
    references
        (label, file) of each reference.
    template, reference_template
        The two beats that pictures overlay: follow-up and the reference the changes count from.
    """

    follow_up: MeasuredEcg
    references: tuple[tuple[str, str], ...]
    comparison: EcgComparison
    template: EcgTemplate
    reference_template: EcgTemplate


def measure_visits(case: Case, *, seed: int) -> tuple[MeasuredEcg, ...]:
    """Measure every ECG of a case.

    Parameters
    ----------
    case
        The case, visits in order of date.
    seed
        Each ECG is measured with a generator of its own from this seed, so that adding a visit moves no
        number of another.

    Returns
    -------
    tuple of MeasuredEcg
        In order of visits; an ECG that cannot be measured keeps its reason.
    """
    measured = []
    for visit in case.visits:
        for ecg in visit.ecgs:
            try:
                measurement = measure_ecg(
                    ecg.record,
                    sex=case.patient.sex,
                    age_years=case.patient.age_years,
                    rng=np.random.default_rng(seed),
                )
            except MeasurementError as error:
                measured.append(MeasuredEcg(visit=visit, ecg=ecg, measurement=None, failure=str(error)))
            else:
                measured.append(MeasuredEcg(visit=visit, ecg=ecg, measurement=measurement, failure=None))
    return tuple(measured)


def selection_ecg(measured: tuple[MeasuredEcg, ...], case: Case) -> MeasuredEcg | None:
    """Return the ECG that selection rests on: the baseline's, else an intrinsic one, else the first."""
    usable = [ecg for ecg in measured if ecg.measurement is not None]
    baseline = case.baseline
    if baseline is not None and baseline.ecg is not None:
        for ecg in usable:
            if ecg.ecg is baseline.ecg:
                return ecg
    for ecg in usable:
        if ecg.ecg.kind == "intrinsic":
            return ecg
    return usable[0] if usable else None


def compare_follow_ups(measured: tuple[MeasuredEcg, ...]) -> tuple[FollowUpComparison, ...]:
    """Compare each follow-up ECG with the references recorded before it.

    Parameters
    ----------
    measured
        From `measure_visits`.

    Returns
    -------
    tuple of FollowUpComparison
        References are the ECGs of the baseline (intrinsic) and of the implant; the last one of each kind
        counts. ECGs of follow-up visits that are named ``intrinsic``, ``rv-only`` or ``lv-only`` were
        recorded on purpose and are compared with nothing. Empty when there is no follow-up or no paced
        reference.
    """
    references: dict[TemplateLabel, tuple[EcgTemplate, str]] = {}
    found = []
    for item in measured:
        if item.measurement is None:
            continue
        if item.visit.role != "follow-up":
            label = _reference_label(item)
            if label is not None:
                references[label] = (
                    template_from_measurement(item.measurement, label=label, name=item.ecg.file),
                    item.ecg.file,
                )
            continue
        if item.ecg.kind in ("intrinsic", "rv-only", "lv-only") or not set(references) - {"intrinsic"}:
            continue
        follow_up = template_from_measurement(item.measurement, name=item.ecg.file)
        comparison = compare_ecg(follow_up, [template for template, _ in references.values()])
        found.append(
            FollowUpComparison(
                follow_up=item,
                references=tuple((label, file) for label, (_, file) in references.items()),
                comparison=comparison,
                template=follow_up,
                reference_template=references[comparison.baseline][0],
            )
        )
    return tuple(found)


def _reference_label(item: MeasuredEcg) -> TemplateLabel | None:
    """Return what a baseline or implant ECG is a reference for."""
    if item.ecg.kind in _LABELS:
        return _LABELS[item.ecg.kind]
    if item.visit.role == "baseline":
        return "intrinsic" if item.measurement is not None and item.measurement.paced == "no evidence" else None
    return "reference"
