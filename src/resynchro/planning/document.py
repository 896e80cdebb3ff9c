"""``plan.json``: the plan as plain data under a versioned schema."""

from __future__ import annotations

from typing import Any

from resynchro.ecg.summary import ecg_summary
from resynchro.planning.examination_sources import EXAMINATION_FIELDS, examination_sources
from resynchro.planning.imaging_document import imaging_document
from resynchro.planning.measured_visits import FollowUpComparison, MeasuredEcg
from resynchro.planning.plan import Plan
from resynchro.record.plain import plain

#: Raised when a name changes its meaning or goes; new names do not raise it. Described in ``docs/plan.md``.
SCHEMA_VERSION = 1
RESEARCH_USE = "For research. Not a medical device. Not for decisions about the care of a patient."


def plan_document(plan: Plan, *, version: str) -> dict[str, Any]:
    """Collect a plan as plain data.

    Parameters
    ----------
    plan
        From `make_plan`.
    version
        Version of Resynchro.

    Returns
    -------
    dict
        Plain data for JSON without any time stamp: the same case, seed and version give the same bytes.
    """
    case = plan.case
    return {
        "schema_version": SCHEMA_VERSION,
        "resynchro_version": version,
        "research_use": RESEARCH_USE,
        "seed": plan.seed,
        "case": {
            "id": case.id,
            "patient": plain(case.patient),
            "visits": [_visit(plan, visit) for visit in case.visits],
        },
        "inputs": _inputs(plan),
        "answers": [
            {"key": answer.key, "question": answer.question}
            | {
                "state": answer.state,
                "headline": answer.headline,
                "points": list(answer.points),
                "missing": list(answer.missing),
            }
            for answer in plan.answers
        ],
        "warnings": [plain(finding) for finding in plan.warnings],
        "selection_ecg": None if plan.selection_ecg is None else plan.selection_ecg.ecg.file,
        "ecgs": [_ecg(item) for item in plan.ecgs],
        "guidelines": plain(plan.guidelines),
        "quality_quantity": plain(plan.quality_quantity),
        "imaging": imaging_document(plan.imaging),
        "comparisons": [_comparison(item) for item in plan.comparisons],
    }


def _inputs(plan: Plan) -> list[dict[str, Any]]:
    """List every recording and examination that was read, with its format and digest."""
    found: list[dict[str, Any]] = [
        {"file": item.ecg.file, "format": item.ecg.record.source.format, "sha256": item.ecg.record.source.sha256}
        for item in plan.ecgs
    ]
    for visit in plan.case.visits:
        found += [{"file": file, "format": form, "sha256": digest} for file, form, digest in examination_sources(visit)]
    return found


def _visit(plan: Plan, visit: Any) -> dict[str, Any]:
    values = {
        name: plain(getattr(visit, name))
        for name in visit.__dataclass_fields__
        if name not in ("ecgs", "date", "role", *EXAMINATION_FIELDS)
    }
    files = {name: [item.file for item in getattr(visit, name)] for name in EXAMINATION_FIELDS}
    return (
        {
            "date": visit.date.isoformat(),
            "role": visit.role,
            "ecgs": [{"file": ecg.file, "pacing": ecg.kind} for ecg in visit.ecgs],
        }
        | {name: value for name, value in files.items() if value}
        | {name: value for name, value in values.items() if value not in (None, [])}
    )


def _ecg(item: MeasuredEcg) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "visit": item.visit.date.isoformat(),
        "role": item.visit.role,
        "pacing": item.ecg.kind,
    }
    if item.measurement is None:
        return entry | {"file": item.ecg.file, "failure": item.failure}
    return entry | ecg_summary(item.measurement) | {"file": item.ecg.file}


def _comparison(item: FollowUpComparison) -> dict[str, Any]:
    return {
        "visit": item.follow_up.visit.date.isoformat(),
        "file": item.follow_up.ecg.file,
        "references": [{"label": label, "file": file} for label, file in item.references],
    } | {str(key): value for key, value in plain(item.comparison).items()}
