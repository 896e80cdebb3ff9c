"""The case, its visits and what it answers about the baseline."""

from __future__ import annotations

import dataclasses
from datetime import date

import numpy as np
import pytest

from resynchro.record.case import Case
from resynchro.record.device import Device
from resynchro.record.ecg import EcgRecord, EcgSource
from resynchro.record.patient import Patient
from resynchro.record.visit import EcgKind, Visit, VisitEcg


def ecg(kind: EcgKind, file: str) -> VisitEcg:
    source = EcgSource(file=file, format="made here", sha256=file)
    record = EcgRecord(signal_mv=np.zeros((12, 10)), sampling_rate_hz=500.0, source=source)
    return VisitEcg(record=record, file=file, kind=kind)


NOTHING_KNOWN = Patient()


def case(*visits: Visit, patient: Patient = NOTHING_KNOWN) -> Case:
    return Case(id="C-1", patient=patient, visits=visits, folder="C-1")


def test_a_visit_is_represented_by_its_intrinsic_ecg_then_unknown_then_the_first():
    paced, unknown, intrinsic = ecg("rv-only", "a"), ecg("unknown", "b"), ecg("intrinsic", "c")
    day = date(2026, 3, 2)
    assert Visit(date=day, role="baseline").ecg is None
    assert Visit(date=day, role="baseline", ecgs=(paced,)).ecg is paced
    assert Visit(date=day, role="baseline", ecgs=(paced, unknown)).ecg is unknown
    assert Visit(date=day, role="baseline", ecgs=(paced, unknown, intrinsic)).ecg is intrinsic


def test_the_reference_ecg_of_a_kind_is_found():
    paced, intrinsic = ecg("biventricular", "a"), ecg("intrinsic", "b")
    visit = Visit(date=date(2026, 3, 20), role="implant", ecgs=(paced, intrinsic))
    assert visit.ecg_of_kind("biventricular") is paced
    assert visit.ecg_of_kind("lv-only") is None


def test_the_last_baseline_counts_and_its_values_go_before_those_of_the_patient():
    first = Visit(date=date(2026, 1, 5), role="baseline", lvef_pct=35, nyha=2)
    second = Visit(date=date(2026, 3, 2), role="baseline", lvef_pct=27, device=Device(type="PM", rv_pacing_pct=60))
    implant = Visit(date=date(2026, 3, 20), role="implant")
    told = case(first, second, implant, patient=Patient(lvef_pct=30, nyha=3))
    assert told.baseline is second
    assert told.implant is implant
    assert told.baseline_lvef_pct == 27
    assert told.baseline_nyha == 3  # the second baseline says nothing about it
    assert told.existing_device == Device(type="PM", rv_pacing_pct=60)


def test_without_a_baseline_the_patient_answers():
    told = case(Visit(date=date(2026, 3, 20), role="follow-up", lvef_pct=44), patient=Patient(lvef_pct=30))
    assert told.baseline is None
    assert told.baseline_lvef_pct == 30
    assert told.baseline_nyha is None
    assert told.existing_device is None


def test_a_case_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        case(Visit(date=date(2026, 3, 2), role="baseline")).id = "other"  # type: ignore[misc]
