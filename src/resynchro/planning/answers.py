"""The five answers in words."""

from __future__ import annotations

from resynchro.ecg.delineation import RECORDER_INSET_MS
from resynchro.planning.answer import Answer, AnswerState
from resynchro.planning.measured_visits import FollowUpComparison, MeasuredEcg
from resynchro.record.case import Case
from resynchro.selection.guideline_verdicts import GuidelineVerdict, fact_name
from resynchro.selection.guidelines import GuidelineAssessment
from resynchro.selection.quality_quantity import QualityQuantity

MORPHOLOGY_WORDS = {
    "normal": "normal ventricular conduction",
    "lbbb": "left bundle branch block",
    "incomplete_lbbb": "incomplete left bundle branch block",
    "rbbb": "right bundle branch block",
    "incomplete_rbbb": "incomplete right bundle branch block",
    "ivcd": "nonspecific intraventricular conduction delay",
    "paced": "a ventricularly paced rhythm",
}


def candidate_answer(
    case: Case,
    chosen: MeasuredEcg | None,
    ecgs: tuple[MeasuredEcg, ...],
    guidelines: GuidelineAssessment,
    grid: QualityQuantity,
    mechanics: tuple[str, ...] = (),
) -> Answer:
    """Answer "Is the patient a candidate?" from the ECG and the guideline rules.

    Parameters
    ----------
    case, chosen, ecgs
        The case, the ECG that selection rests on, and all its ECGs.
    guidelines, grid
        What the rules and the trials' subgroups say.
    mechanics
        What imaging says of mechanical dyssynchrony, volumes and scar, sentence by sentence; it moves no rule.

    Returns
    -------
    Answer
        Guidelines are counted, never merged into one verdict.
    """
    missing = [f"{item.ecg.file} could not be measured: {item.failure}" for item in ecgs if item.failure]
    if chosen is None or chosen.measurement is None:
        missing.append(
            "No ECG: add a 12-lead ECG of the intrinsic rhythm to the baseline visit in case.yaml (key ecg)."
        )
        return Answer(
            key="candidate",
            state="not answered",
            headline="Not answered: the case has no measurable ECG.",
            points=mechanics,
            missing=tuple(missing),
        )
    m = chosen.measurement
    low, high = m.limits.duration_interval_ms
    points = [
        f"ECG of {chosen.visit.date.isoformat()} ({chosen.ecg.file}): {MORPHOLOGY_WORDS[m.morphology]}, "
        f"QRS {m.qrs_ms:.0f} ms "
        f"(95 % interval {low:.0f} to {high:.0f})"
        + ("" if m.qrs_area_uvs is None else f", QRS area {m.qrs_area_uvs:.0f} µVs")
        + "."
    ]
    points.append(
        "QRS limits follow the marks of cardiologists; "
        f"recorders mark about {2 * RECORDER_INSET_MS:.0f} ms narrower "
        f"({m.qrs_ms - 2 * RECORDER_INSET_MS:.0f} ms here)."
    )
    current = [verdict for verdict in guidelines.verdicts if not verdict.superseded_by]
    points += [verdict.sentence for verdict in current if verdict.position != "no row fits"]
    points += [clash.sentence for clash in guidelines.clashes]
    points.append(grid.summary)
    points += mechanics
    if chosen.visit.qrs_ms is not None:
        points.append(
            f"A reader gave a QRS duration of {chosen.visit.qrs_ms:.0f} ms for this visit; it is shown "
            f"beside the measured {m.qrs_ms:.0f} ms and was not used."
        )
    facts = sorted({fact for verdict in current for fact in verdict.missing})
    if facts:
        missing.append(
            "Rules that could not be decided wait for: " + ", ".join(fact_name(fact) for fact in facts) + "."
        )
    in_favour = [v for v in current if v.position == "for"]
    against = [v for v in current if v.position == "against"]
    open_still = [v for v in current if v.position in ("not assessable", "contradictory")]
    if not (in_favour or against or open_still):
        headline = "No current guideline row fits this patient."
    else:
        parts = [
            _named("in favour of CRT", in_favour),
            _named("against", against),
            _named("undecided", open_still),
        ]
        headline = "Current guidelines: " + "; ".join(part for part in parts if part) + "."
    if m.paced != "no evidence" and m.morphology == "paced":
        headline += " The ECG is ventricularly paced, so rules about intrinsic conduction do not apply to it."
    state: AnswerState = "partly answered" if missing or open_still else "answered"
    return Answer(key="candidate", state=state, headline=headline, points=tuple(points), missing=tuple(missing))


def _named(word: str, verdicts: list[GuidelineVerdict]) -> str:
    """Return ``in favour of CRT: ESC 2021 (class I), ...``; empty without verdicts."""
    if not verdicts:
        return ""
    return f"{word}: {', '.join(_with_class(verdict) for verdict in verdicts)}"


def _with_class(verdict: GuidelineVerdict) -> str:
    """Return ``ESC 2021 (class I, unverified)``; classes that are words stand without the word class."""
    grade = verdict.recommendation_class
    if not grade:
        return verdict.short_name
    graded = f"class {grade}" if grade[0] in "I123" else grade
    return f"{verdict.short_name} ({graded}{', unverified' if verdict.unverified else ''})"


def programming_answer(case: Case) -> Answer:
    """Answer "How should the device be programmed?": show the settings; there is no mechanical twin to optimise."""
    points = []
    for visit in case.visits:
        device = visit.device
        if device is None or device.type == "none":
            continue
        settings = [
            f"{name} {value:+.0f} ms" if name == "VV" else f"{name} {value:.0f} ms"
            for name, value in (
                ("sensed AV", device.av_sensed_ms),
                ("paced AV", device.av_paced_ms),
                ("VV", device.vv_ms),
            )
            if value is not None
        ]
        points.append(f"{visit.date.isoformat()}: {device.type}, {', '.join(settings) or 'no delays given'}.")
    return Answer(
        key="programming",
        state="not answered",
        headline="Not answered: optimising delays needs the mechanical twin, which this version does not have "
        "(the electrical one is fitted by `resynchro twin`).",
        points=tuple(points),
        missing=("Cuff pressure, volumes and strain per segment will be needed to fit the twin.",),
    )


def response_answer(case: Case, comparisons: tuple[FollowUpComparison, ...]) -> Answer:
    """Answer "Did it work?" as far as the ECG tells: is the reference's resynchronisation still there?"""
    if not comparisons:
        has_follow_up = any(visit.role == "follow-up" and visit.ecgs for visit in case.visits)
        return Answer(
            key="response",
            state="not answered",
            headline="Not answered: "
            + (
                "there is no reference ECG recorded after implantation to compare with."
                if has_follow_up
                else "there is no follow-up visit with an ECG."
            ),
            missing=(
                "Add the ECG recorded right after implantation (best: intrinsic, biventricular, RV only, LV "
                "only) and the ECG of the follow-up visit.",
            ),
        )
    last = comparisons[-1]
    points = []
    for item in comparisons:
        points.append(
            f"{item.follow_up.visit.date.isoformat()} ({item.follow_up.ecg.file}) against "
            + ", ".join(f"{label} ({file})" for label, file in item.references)
            + f": {item.comparison.verdict}. "
            + " ".join(item.comparison.reasons)
        )
    return Answer(
        key="response",
        state="partly answered",
        headline=f"Resynchronisation on the ECG of {last.follow_up.visit.date.isoformat()}: {last.comparison.verdict}.",
        points=tuple(points),
        missing=("Response of volumes, symptoms and events is not judged by this version.",),
    )


def evidence_answer(grid: QualityQuantity) -> Answer:
    """Answer "What is the evidence?" with the trials' subgroups for the patient's cell."""
    if not grid.effects:
        return Answer(
            key="evidence",
            state="not answered",
            headline="Not answered: no trial subgroup speaks of this patient's cell of the grid.",
            points=grid.notes,
        )
    return Answer(
        key="evidence",
        state="partly answered",
        headline=f"{len(grid.effects)} published effects speak of patients like this one; they are shown, not pooled.",
        points=tuple(effect.sentence for effect in grid.effects) + grid.conflicts + grid.notes,
        missing=("Pooling, individual absolute benefit and newer trials are not part of this version.",),
    )
