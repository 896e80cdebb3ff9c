"""Cases of the planning room, made of synthetic ECGs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import date

import numpy as np
import pytest

from resynchro.ecg.synthetic import synthetic_ecg
from resynchro.planning.plan import Plan, make_plan
from resynchro.record.case import Case
from resynchro.record.device import Device
from resynchro.record.ecg import EcgRecord, EcgSource
from resynchro.record.patient import Patient
from resynchro.record.visit import EcgKind, Visit, VisitEcg, VisitRole

DAYS = {"baseline": date(2024, 3, 4), "implant": date(2024, 3, 20), "follow-up": date(2024, 9, 23)}


@functools.cache
def recorded(kind: str, qrs_ms: float, seed: int) -> EcgRecord:
    return synthetic_ecg(kind=kind, qrs_ms=qrs_ms, rng=np.random.default_rng(seed)).record


#: The ECGs of one synthetic patient: what the case says of each, and how the ventricles were activated.
ECGS: dict[str, tuple[EcgKind, str, float]] = {
    "intrinsic": ("unknown", "lbbb", 166.0),
    "biventricular": ("biventricular", "biventricular-paced", 138.0),
    "rv-only": ("rv-only", "rv-paced", 176.0),
    "lv-only": ("lv-only", "lv-paced", 180.0),
    "as implanted": ("unknown", "biventricular-paced", 139.0),
    "lv lost": ("unknown", "rv-paced", 178.0),
}


def visit_ecg(name: str) -> VisitEcg:
    kind, activation, qrs_ms = ECGS[name]
    record = recorded(activation, qrs_ms, list(ECGS).index(name) + 1)
    return VisitEcg(record=record, file=f"ecg/{name.replace(' ', '_')}.csv", kind=kind)


def flat_ecg() -> VisitEcg:
    record = EcgRecord(
        signal_mv=np.zeros((12, 5000)),
        sampling_rate_hz=500.0,
        source=EcgSource(file="ecg/flat.csv", format="CSV", sha256="0" * 64),
    )
    return VisitEcg(record=record, file="ecg/flat.csv")


def make_visit(role: VisitRole, *ecgs: VisitEcg, **values: object) -> Visit:
    return Visit(date=DAYS[role], role=role, ecgs=ecgs, **values)


def make_case(*visits: Visit, **patient: object) -> Case:
    known: dict[str, object] = {
        "sex": "female",
        "age_years": 64.0,
        "nyha": 3,
        "rhythm": "sinus",
        "lvef_pct": 27.0,
        "optimal_medical_therapy": True,
        "aetiology": "non-ischaemic",
    }
    return Case(id="P-1", patient=Patient(**{**known, **patient}), visits=visits, folder="case")


@pytest.fixture(scope="session")
def planned() -> Callable[..., Plan]:
    """Return a function that plans a case of ECGs by name: baseline, implant, follow-up; each once a session."""

    @functools.cache
    def plan(
        baseline: tuple[str, ...] = (),
        implant: tuple[str, ...] = (),
        follow_up: tuple[str, ...] = (),
        seed: int = 0,
    ) -> Plan:
        visits = []
        if baseline:
            visits.append(make_visit("baseline", *map(visit_ecg, baseline)))
        if implant:
            device = Device(type="CRT-P", av_sensed_ms=120.0, vv_ms=-20.0)
            visits.append(make_visit("implant", *map(visit_ecg, implant), device=device))
        if follow_up:
            visits.append(make_visit("follow-up", *map(visit_ecg, follow_up)))
        return make_plan(make_case(*visits), seed=seed)

    return plan


@pytest.fixture(scope="session")
def full_plan(planned: Callable[..., Plan]) -> Plan:
    """Return the plan of a patient with a baseline, four implant references and a follow-up without LV capture."""
    return planned(("intrinsic",), ("biventricular", "rv-only", "lv-only"), ("lv lost",))


@pytest.fixture(scope="session")
def case_parts() -> tuple[Callable[..., Case], Callable[..., Visit], Callable[[str], VisitEcg], Callable[[], VisitEcg]]:
    """Return the makers of a case, a visit, an ECG by name and a flat ECG."""
    return make_case, make_visit, visit_ecg, flat_ecg
