"""Imaging in the plan: the target, what is missing, and electrical against mechanical dyssynchrony in words."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest

from resynchro.errors import MeasurementError
from resynchro.imaging.strain.mechanical_dyssynchrony import MechanicalDyssynchrony
from resynchro.imaging.strain.strain_demonstration import demonstration_strain_study
from resynchro.planning import measured_imaging
from resynchro.planning.imaging_document import imaging_document
from resynchro.planning.measured_imaging import MeasuredImaging, measure_imaging
from resynchro.planning.target_answer import dyssynchrony_points, target_answer
from resynchro.record.case import Case
from resynchro.record.device import Device, LvLead
from resynchro.record.patient import Patient
from resynchro.record.scar import ScarMap, SegmentScar
from resynchro.record.veins import VeinBranch, VeinTree
from resynchro.record.visit import Visit, VisitScar, VisitStrain, VisitVeins

BASELINE, IMPLANT, LATER = date(2024, 3, 4), date(2024, 3, 20), date(2024, 9, 23)
STRAIN = VisitStrain(study=demonstration_strain_study(), file="echo/strain.csv")


def scar(**transmurality: float) -> VisitScar:
    segments = {s: SegmentScar(transmurality_mean_pct=transmurality.get(f"s{s}", 0.0)) for s in range(1, 18)}
    return VisitScar(
        file="cmr/scar.csv", scar=ScarMap(model="aha17", segments=segments, method="as given", source="cmr/scar.csv")
    )


VEINS = VisitVeins(
    file="ct/veins.csv",
    tree=VeinTree(branches=(VeinBranch(name="lateral", segments=(6, 12)),), file="ct/veins.csv", sha256="0"),
)


def case(*visits: Visit) -> Case:
    return Case(id="P-1", patient=Patient(), visits=visits, folder="case")


def measured(*visits: Visit) -> tuple[Case, MeasuredImaging]:
    made = case(*visits)
    return made, measure_imaging(made, seed=0)


def lead(segment: int, day: date = IMPLANT) -> Visit:
    return Visit(date=day, role="implant", device=Device(type="CRT-P", lv_lead=LvLead(segment=segment)))


def test_without_imaging_the_answer_says_what_to_add() -> None:
    made, imaging = measured(Visit(date=BASELINE, role="baseline"))
    answer = target_answer(made, imaging)
    assert imaging.is_empty and answer.state == "not answered"
    assert "an ECG alone does not tell" in answer.headline
    assert [key for key in ("strain", "scar", "veins") if any(f"key {key}" in text for text in answer.missing)]


def test_timing_scar_and_veins_answer_the_question() -> None:
    made, imaging = measured(
        Visit(date=BASELINE, role="baseline", strain=(STRAIN,), scar=(scar(s4=80.0),), veins=(VEINS,)), lead(11)
    )
    answer = target_answer(made, imaging)
    assert answer.state == "answered" and not answer.missing
    assert imaging.target is not None and imaging.target.segment == 11
    assert answer.headline == imaging.target.sentence
    assert "best segment with one is 12" in answer.headline
    assert any("concordant" in point for point in answer.points)
    assert any("osterolateral" in point for point in answer.points)


def test_scar_in_the_latest_segment_moves_the_target_and_the_lead_is_adjacent() -> None:
    made, imaging = measured(Visit(date=BASELINE, role="baseline", strain=(STRAIN,), scar=(scar(s11=90.0),)), lead(11))
    assert imaging.target is not None and imaging.target.segment == 5
    assert imaging.concordance is not None and imaging.concordance.word == "adjacent"
    answer = target_answer(made, imaging)
    assert answer.state == "partly answered"  # the veins are missing
    assert any("key veins" in text for text in answer.missing)
    assert any("posterolateral" in point for point in answer.points)


def test_strain_of_a_follow_up_is_measured_but_is_no_target() -> None:
    _, imaging = measured(Visit(date=LATER, role="follow-up", strain=(STRAIN,)))
    assert imaging.strain[0].measurement is not None
    assert imaging.target is None and imaging.selection_strain is None


def test_an_examination_that_cannot_be_measured_keeps_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise MeasurementError("12 frames per beat are too few")

    monkeypatch.setattr(measured_imaging, "measure_strain", fails)
    made, imaging = measured(Visit(date=BASELINE, role="baseline", strain=(STRAIN,)))
    assert imaging.strain[0].failure == "12 frames per beat are too few"
    assert any("too few" in text for text in target_answer(made, imaging).missing)
    document = imaging_document(imaging)
    assert (
        document["strain"][0]["failure"] == "12 frames per beat are too few" and "strain" not in document["strain"][0]
    )


def with_verdict(imaging: MeasuredImaging, verdict: str) -> MeasuredImaging:
    found = MechanicalDyssynchrony(verdict=verdict, signs=(), sentence="Made here.")  # type: ignore[arg-type]
    return dataclasses.replace(imaging, strain=(dataclasses.replace(imaging.strain[0], dyssynchrony=found),))


class _Limits:
    duration_interval_ms = (150.0, 170.0)


class _Ecg:
    """Only what the sentence needs of a measured ECG."""

    morphology = "lbbb"
    limits = _Limits()

    def __init__(self, qrs_ms: float) -> None:
        self.qrs_ms = qrs_ms


@pytest.mark.parametrize(
    ("qrs_ms", "verdict", "says"),
    [
        (160.0, "absent", "Discordance: the QRS is wide (160 ms)"),
        (110.0, "present", "EchoCRT"),
        (160.0, "present", "agree: wide with"),
        (110.0, "absent", "agree: narrow without"),
    ],
)
def test_electrical_and_mechanical_dyssynchrony_in_words(qrs_ms: float, verdict: str, says: str) -> None:
    _, imaging = measured(Visit(date=BASELINE, role="baseline", strain=(STRAIN,)))
    points = dyssynchrony_points(_Ecg(qrs_ms), with_verdict(imaging, verdict))  # type: ignore[arg-type]
    assert says in points[-1]
    if says == "EchoCRT":
        assert "1.81" in points[-1] and "harm" in points[-1]


def test_nothing_is_said_where_mechanics_are_unclear_or_unknown() -> None:
    _, imaging = measured(Visit(date=BASELINE, role="baseline", strain=(STRAIN,)))
    assert len(dyssynchrony_points(_Ecg(160.0), with_verdict(imaging, "unclear"))) == 1  # type: ignore[arg-type]
    _, nothing = measured(Visit(date=BASELINE, role="baseline"))
    assert dyssynchrony_points(_Ecg(160.0), nothing) == ()  # type: ignore[arg-type]


def test_same_seed_same_document() -> None:
    visit = Visit(date=BASELINE, role="baseline", strain=(STRAIN,), scar=(scar(),))
    assert imaging_document(measured(visit)[1]) == imaging_document(measured(visit)[1])


class _Volumes:
    edv_ml, esv_ml, ejection_fraction_pct = 180.0, 72.0, 60.0
    curves = (type("Curve", (), {"method": "surface"}),)


def test_volumes_of_the_cine_stand_beside_what_the_case_states() -> None:
    from resynchro.planning.measured_imaging import MeasuredCine
    from resynchro.planning.target_answer import volume_points

    visit = Visit(date=BASELINE, role="baseline", lvef_pct=27.0)
    made, imaging = measured(visit)
    cine = MeasuredCine(
        visit=visit,
        file="cmr/cine",
        measurement=type("Cine", (), {"volumes": _Volumes()}),  # type: ignore[arg-type]
        failure=None,
    )
    (text,) = volume_points(made, dataclasses.replace(imaging, cine=(cine,)))
    assert "LV 180 to 72 ml, LVEF 60 % (surface)" in text
    assert "The case states 27 %" in text  # 33 points apart
    assert volume_points(made, imaging) == ()


def test_kinds_of_timing_that_point_elsewhere_are_a_conflict_in_words() -> None:
    made, imaging = measured(Visit(date=BASELINE, role="baseline", strain=(STRAIN,)))
    (first,) = imaging.targets
    assert first.target is not None and first.target.segment == 11

    def beside(segment: int | None) -> str:
        other = dataclasses.replace(
            first, label="SPECT phase", target=dataclasses.replace(first.target, segment=segment)
        )
        both = dataclasses.replace(imaging, targets=(first, other))
        return " ".join(target_answer(made, both).points)

    assert "SPECT phase agrees with longitudinal strain" in beside(11)
    assert "one segment away" in beside(5)
    assert "conflicts with longitudinal strain: segments 1 and 11 lie 3 apart" in beside(1)
    assert "SPECT phase conflicts" not in beside(None)  # nothing stands out: no conflict


def test_curves_of_a_second_engine_take_part_in_the_target() -> None:
    other = dataclasses.replace(STRAIN.study, engine="another engine")
    visit = Visit(date=BASELINE, role="baseline", strain=(STRAIN, VisitStrain(study=other, file="echo/other.csv")))
    _, imaging = measured(visit)
    (timed,) = imaging.targets
    assert timed.files == ("echo/strain.csv", "echo/other.csv")
    assert timed.target is not None and "2 sets of curves" in timed.target.timing
    assert "another engine" in timed.target.timing
