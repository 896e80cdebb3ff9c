"""plan.json: plain, complete, the same bytes every time."""

from __future__ import annotations

import json
from typing import Any

from resynchro.planning.document import SCHEMA_VERSION, plan_document
from resynchro.planning.plan import Plan, make_plan


def written(plan: Plan) -> str:
    return json.dumps(plan_document(plan, version="1.2.3"), allow_nan=False, ensure_ascii=False)


def test_the_document_is_plain_json(full_plan: Plan) -> None:
    document = json.loads(written(full_plan))
    assert document["schema_version"] == SCHEMA_VERSION == 1
    assert document["resynchro_version"] == "1.2.3"
    assert "Not a medical device" in document["research_use"]
    assert document["seed"] == 0
    assert document["selection_ecg"] == "ecg/intrinsic.csv"


def test_the_same_case_and_seed_give_the_same_bytes(full_plan: Plan) -> None:
    assert written(make_plan(full_plan.case, seed=0)) == written(full_plan)
    assert written(make_plan(full_plan.case, seed=1)) != written(full_plan)


def test_inputs_are_named_with_their_digest(full_plan: Plan) -> None:
    inputs = plan_document(full_plan, version="")["inputs"]
    assert [entry["file"] for entry in inputs] == [item.ecg.file for item in full_plan.ecgs]
    assert all(len(entry["sha256"]) == 64 for entry in inputs)


def test_answers_ecgs_and_comparisons_are_there(full_plan: Plan) -> None:
    document = plan_document(full_plan, version="")
    assert [entry["key"] for entry in document["answers"]] == [
        "candidate",
        "target",
        "programming",
        "response",
        "evidence",
    ]
    assert all(entry["question"].endswith("?") for entry in document["answers"])
    assert [entry["file"] for entry in document["ecgs"]] == [item.ecg.file for item in full_plan.ecgs]
    assert document["ecgs"][0]["qrs_ms"] == round(full_plan.measurement.qrs_ms, 1)
    assert document["ecgs"][1]["pacing"] == "biventricular"
    (comparison,) = document["comparisons"]
    assert comparison["verdict"] == "loss of LV capture likely"
    assert {entry["label"] for entry in comparison["references"]} == {
        "intrinsic",
        "biventricular",
        "rv-only",
        "lv-only",
    }


def test_visits_keep_what_is_known_and_nothing_else(full_plan: Plan) -> None:
    baseline, implant, _ = plan_document(full_plan, version="")["case"]["visits"]
    assert set(baseline) == {"date", "role", "ecgs"}
    assert implant["device"]["av_sensed_ms"] == 120.0
    assert implant["device"]["vv_ms"] == -20.0


def test_a_failed_ecg_is_there_with_its_reason(case_parts: Any) -> None:
    make_case, make_visit, _, flat_ecg = case_parts
    document = plan_document(make_plan(make_case(make_visit("baseline", flat_ecg()))), version="")
    json.dumps(document, allow_nan=False)
    (entry,) = document["ecgs"]
    assert entry["file"] == "ecg/flat.csv" and "no heart beats" in entry["failure"]
    assert document["selection_ecg"] is None


def test_a_case_without_anything_is_a_document_too(case_parts: Any) -> None:
    make_case, *_ = case_parts
    document = plan_document(make_plan(make_case()), version="")
    json.dumps(document, allow_nan=False)
    assert document["ecgs"] == document["comparisons"] == document["inputs"] == []
