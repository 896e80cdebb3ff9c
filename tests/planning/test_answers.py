"""The five answers in words: what they rest on, what is missing, and what they must never claim."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from resynchro.planning.answer import QUESTIONS, Answer
from resynchro.planning.plan import Plan, make_plan

Planned = Callable[..., Plan]


def answer(plan: Plan, key: str) -> Answer:
    return next(item for item in plan.answers if item.key == key)


def text(item: Answer) -> str:
    return " ".join((item.headline, *item.points, *item.missing))


def test_five_questions_are_answered_in_their_order(full_plan: Plan) -> None:
    assert [item.key for item in full_plan.answers] == list(QUESTIONS)
    assert [item.question for item in full_plan.answers] == list(QUESTIONS.values())


def test_every_unanswered_question_says_what_to_add(planned: Planned) -> None:
    for plan in (planned(), planned(("intrinsic",))):
        for item in plan.answers:
            if item.state != "answered":
                assert item.missing or item.points, item.key
            assert item.headline.endswith((".", "!"))


def test_the_candidate_answer_gives_duration_interval_and_guidelines(full_plan: Plan) -> None:
    item = answer(full_plan, "candidate")
    m = full_plan.measurement
    assert item.state in {"answered", "partly answered"}
    assert "left bundle branch block" in item.points[0]
    assert f"QRS {m.qrs_ms:.0f} ms" in item.points[0]
    low, high = m.limits.duration_interval_ms
    assert f"{low:.0f} to {high:.0f}" in item.points[0]
    assert f"({m.qrs_ms - 12:.0f} ms here)" in item.points[1]
    assert item.headline.startswith("Current guidelines: in favour of CRT: ")
    assert "unverified" in item.headline or "class" in item.headline


def test_guidelines_are_counted_and_not_merged(full_plan: Plan) -> None:
    current = [v for v in full_plan.guidelines.verdicts if not v.superseded_by and v.position == "for"]
    headline = answer(full_plan, "candidate").headline
    assert len(current) >= 2
    assert all(verdict.short_name in headline for verdict in current)


def test_a_reading_of_the_case_is_shown_beside_and_not_used(case_parts: Any, full_plan: Plan) -> None:
    make_case, make_visit, visit_ecg, _ = case_parts
    plan = make_plan(make_case(make_visit("baseline", visit_ecg("intrinsic"), qrs_ms=121.0)))
    assert "QRS duration of 121 ms" in text(answer(plan, "candidate"))
    assert plan.measurement.qrs_ms == full_plan.measurement.qrs_ms
    assert answer(plan, "candidate").headline == answer(full_plan, "candidate").headline


def test_unknown_facts_are_named(case_parts: Any) -> None:
    make_case, make_visit, visit_ecg, _ = case_parts
    visit = make_visit("baseline", visit_ecg("intrinsic"))
    plan = make_plan(make_case(visit, lvef_pct=None, nyha=None, optimal_medical_therapy=None))
    item = answer(plan, "candidate")
    assert item.state == "partly answered"
    assert "Rules that could not be decided wait for: " in text(item)
    assert "in favour" not in item.headline


def test_a_paced_ecg_is_not_judged_as_intrinsic(planned: Planned) -> None:
    item = answer(planned(("lv lost",)), "candidate")
    assert "ventricularly paced" in item.headline
    assert "a ventricularly paced rhythm" in item.points[0]


@pytest.mark.parametrize("ecgs", [(), ("flat",)])
def test_a_case_without_a_measurable_ecg_is_still_answered(case_parts: Any, ecgs: tuple[str, ...]) -> None:
    make_case, make_visit, _, flat_ecg = case_parts
    plan = make_plan(make_case(make_visit("baseline", *(flat_ecg() for _ in ecgs))))
    item = answer(plan, "candidate")
    assert item.state == "not answered"
    assert item.headline == "Not answered: the case has no measurable ECG."
    assert any("add a 12-lead ECG" in sentence for sentence in item.missing)
    assert plan.selection_ecg is None and plan.measurement is None
    assert len(plan.answers) == 5
    assert any("ecg/flat.csv could not be measured" in sentence for sentence in item.missing) == bool(ecgs)


def test_programming_shows_the_settings(full_plan: Plan) -> None:
    item = answer(full_plan, "programming")
    assert item.state == "not answered"
    assert any("CRT-P, sensed AV 120 ms, VV -20 ms" in point for point in item.points)


def test_loss_of_lv_capture_is_said(full_plan: Plan) -> None:
    item = answer(full_plan, "response")
    assert item.headline == "Resynchronisation on the ECG of 2024-09-23: loss of LV capture likely."
    assert "biventricular (ecg/biventricular.csv)" in item.points[0]
    assert item.state == "partly answered"


def test_unchanged_pacing_is_said(planned: Planned) -> None:
    plan = planned(("intrinsic",), ("biventricular", "rv-only", "lv-only"), ("as implanted",))
    assert answer(plan, "response").headline.endswith(": unchanged.")


def test_without_reference_or_follow_up_the_response_says_which(planned: Planned) -> None:
    assert "no follow-up visit" in answer(planned(("intrinsic",), ("biventricular",)), "response").headline
    assert "no reference ECG" in answer(planned(("intrinsic",), (), ("lv lost",)), "response").headline


def test_the_evidence_is_shown_and_not_pooled(full_plan: Plan, planned: Planned) -> None:
    item = answer(full_plan, "evidence")
    assert item.state == "partly answered"
    assert "not pooled" in item.headline
    assert len(item.points) >= len(full_plan.quality_quantity.effects) > 0
    assert answer(planned(), "evidence").state == "not answered"
