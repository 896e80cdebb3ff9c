"""ECGs measured visit by visit; which one selection rests on; what a follow-up is compared with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from resynchro.ecg.summary import ecg_summary
from resynchro.planning.measured_visits import compare_follow_ups, measure_visits, selection_ecg
from resynchro.planning.plan import Plan

Planned = Callable[..., Plan]


def test_every_ecg_is_measured_in_order(full_plan: Plan) -> None:
    files = [ecg.file for visit in full_plan.case.visits for ecg in visit.ecgs]
    assert [item.ecg.file for item in full_plan.ecgs] == files
    assert all(item.measurement is not None and item.failure is None for item in full_plan.ecgs)


def test_adding_a_visit_moves_no_number_of_another(planned: Planned, full_plan: Plan) -> None:
    alone = planned(("intrinsic",))
    assert ecg_summary(alone.ecgs[0].measurement) == ecg_summary(full_plan.ecgs[0].measurement)


def test_another_seed_moves_intervals_only(planned: Planned) -> None:
    first, second = planned(("intrinsic",), seed=0).measurement, planned(("intrinsic",), seed=1).measurement
    assert first.qrs_ms == second.qrs_ms
    assert first.limits.duration_interval_ms != second.limits.duration_interval_ms


def test_sex_and_age_of_the_patient_reach_the_measurement(full_plan: Plan) -> None:
    assert {(item.measurement.sex, item.measurement.age_years) for item in full_plan.ecgs} == {("female", 64.0)}


def test_an_ecg_that_cannot_be_measured_keeps_its_reason(case_parts: Any) -> None:
    make_case, make_visit, visit_ecg, flat_ecg = case_parts
    case = make_case(make_visit("baseline", flat_ecg(), visit_ecg("intrinsic")))
    flat, good = measure_visits(case, seed=0)
    assert flat.measurement is None and "no heart beats" in flat.failure
    assert good.measurement is not None
    # The flat one stands for the visit in the case, but cannot be what selection rests on.
    assert selection_ecg((flat, good), case) is good


def test_selection_rests_on_the_baseline(planned: Planned, full_plan: Plan) -> None:
    assert full_plan.selection_ecg.ecg.file == "ecg/intrinsic.csv"
    without_baseline = planned((), ("biventricular",), ("lv lost",))
    assert without_baseline.selection_ecg.ecg.file == "ecg/biventricular.csv"
    assert planned().selection_ecg is None


def test_a_follow_up_is_compared_with_all_references_before_it(full_plan: Plan) -> None:
    (found,) = full_plan.comparisons
    assert found.follow_up.ecg.file == "ecg/lv_lost.csv"
    assert dict(found.references) == {
        "intrinsic": "ecg/intrinsic.csv",
        "biventricular": "ecg/biventricular.csv",
        "rv-only": "ecg/rv-only.csv",
        "lv-only": "ecg/lv-only.csv",
    }
    assert found.comparison.baseline == "biventricular"
    assert found.reference_template.label == "biventricular"


def test_one_reference_of_unknown_programming_is_enough(planned: Planned) -> None:
    plan = planned((), ("as implanted",), ("lv lost",))
    (found,) = plan.comparisons
    assert found.comparison.baseline == "reference"
    assert found.comparison.verdict != "unchanged"


def test_recordings_made_on_purpose_are_no_follow_up(planned: Planned) -> None:
    plan = planned(("intrinsic",), ("biventricular",), ("rv-only", "lv lost"))
    assert [item.follow_up.ecg.file for item in plan.comparisons] == ["ecg/lv_lost.csv"]


@pytest.mark.parametrize(("implant", "follow_up"), [((), ("lv lost",)), (("biventricular",), ())])
def test_without_reference_or_follow_up_nothing_is_compared(
    planned: Planned, implant: tuple[str, ...], follow_up: tuple[str, ...]
) -> None:
    assert compare_follow_ups(planned(("intrinsic",), implant, follow_up).ecgs) == ()


def test_a_paced_baseline_is_no_intrinsic_reference(planned: Planned) -> None:
    # Upgrade from a pacemaker: the baseline ECG is paced and must not stand for the patient's own conduction.
    plan = planned(("lv lost",), ("biventricular",), ("as implanted",))
    (found,) = plan.comparisons
    assert [label for label, _ in found.references] == ["biventricular"]
