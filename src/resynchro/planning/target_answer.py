"""The answer to "Where should the left-ventricular lead go?", and what imaging adds to that on the candidate."""

from __future__ import annotations

from resynchro.ecg.measurement import EcgMeasurement
from resynchro.planning.answer import Answer, AnswerState
from resynchro.planning.measured_imaging import MeasuredImaging
from resynchro.record.case import Case
from resynchro.record.segments import segment_name, steps_between

#: Wide in the sense of the trials of resynchronisation, narrow in the sense of EchoCRT.
WIDE_QRS_MS = 130.0
_ECHOCRT = (
    "EchoCRT treated such patients (QRS below 130 ms, dyssynchrony on echo) and found harm: death HR 1.81 "
    "(1.11 to 2.93), doi:10.1056/NEJMoa1306687"
)


def target_answer(case: Case, imaging: MeasuredImaging) -> Answer:
    """Answer "Where should the left-ventricular lead go?" from timing, scar and veins.

    Parameters
    ----------
    case
        As read.
    imaging
        From `measure_imaging`.

    Returns
    -------
    Answer
        "No segment stands out" and "no segment qualifies" are answers too. Without timing the question stays open.
    """
    target = imaging.target
    missing = _missing(imaging)
    points = _points(imaging)
    if target is None:
        failures = tuple(f"{timed.label}: {timed.failure}" for timed in imaging.targets if timed.failure)
        headline = (
            "Not answered: an ECG alone does not tell which segment is activated last and free of scar."
            if imaging.is_empty
            else "Not answered: the imaging of the case does not tell which segment is activated last."
        )
        return Answer(
            key="target", state="not answered", headline=headline, points=points, missing=(*failures, *missing)
        )
    state: AnswerState = "answered" if imaging.scar is not None and imaging.veins is not None else "partly answered"
    return Answer(key="target", state=state, headline=target.sentence, points=(*points, *target.notes), missing=missing)


def _missing(imaging: MeasuredImaging) -> tuple[str, ...]:
    missing = []
    if not imaging.targets:
        missing.append(
            "Add strain curves (key strain), cine MRI with contours (cine) or gated SPECT (spect): the latest segment "
            "needs timing."
        )
    if imaging.scar is None:
        missing.append("Add scar per segment or a late-enhancement study (key scar): a lead on scar does harm.")
    elif imaging.scar.failure:
        missing.append(f"{imaging.scar.file}: {imaging.scar.failure}")
    if imaging.veins is None:
        missing.append("Add the branches of the coronary sinus (key veins) to know which segments can be reached.")
    elif imaging.veins.failure:
        missing.append(f"{imaging.veins.file}: {imaging.veins.failure}")
    for group in (imaging.strain, imaging.cine, imaging.phase):
        missing += [f"{item.file} could not be measured: {item.failure}" for item in group if item.failure]
    return tuple(missing)


def _points(imaging: MeasuredImaging) -> tuple[str, ...]:
    points = []
    for timed in imaging.targets:
        if timed.target is not None:
            points.append(f"By {timed.label} ({' + '.join(timed.files)}): {timed.target.sentence}")
    agreement = _agreement(imaging)
    if agreement:
        points.append(agreement)
    scar = None if imaging.scar is None else imaging.scar.measurement
    if scar is not None:
        points.append(_sentence(scar.posterolateral.message))
    if imaging.concordance is not None:
        points.append(imaging.concordance.sentence)
    target = imaging.target
    if target is not None:
        for entry in target.beside_excluded:
            points.append(
                f"Segment {entry.instead_of} is excluded; beside it {', '.join(entry.branches)} reaches segment "
                f"{entry.segment} ({segment_name(entry.segment)})."
            )
    return tuple(points)


def _sentence(text: str) -> str:
    """Return a remark as a sentence."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _agreement(imaging: MeasuredImaging) -> str | None:
    """Say whether the kinds of timing that have a target point at the same place."""
    leading = [
        (timed.label, timed.target.segment)
        for timed in imaging.targets
        if timed.target is not None and timed.target.segment is not None
    ]
    if len(leading) < 2:
        return None
    (first, one), *others = leading
    words = []
    for label, other in others:
        assert one is not None and other is not None  # by the choice above
        steps = steps_between(one, other)
        words.append(
            f"{label} agrees with {first}"
            if steps == 0
            else f"{label} points one segment away from {first} (within reading error)"
            if steps == 1
            else f"{label} conflicts with {first}: segments {other} and {one} lie {steps} apart"
        )
    return "; ".join(words) + "."


#: LVEF of the case and of the cine that differ by more than this are worth a word [points].
_LVEF_APART_PCT = 10.0


def volume_points(case: Case, imaging: MeasuredImaging) -> tuple[str, ...]:
    """Say what cine MRI and late enhancement measured, beside what the case states.

    Parameters
    ----------
    case
        As read; its LVEF is what the guideline rules were held against, whatever the cine says.
    imaging
        From `measure_imaging`.

    Returns
    -------
    tuple of str
        A sentence per cine with volumes, and one on scar.
    """
    points = []
    for item in imaging.cine:
        volumes = None if item.measurement is None else item.measurement.volumes
        if volumes is None or volumes.ejection_fraction_pct is None or volumes.esv_ml is None:
            continue
        text = (
            f"Cine MRI of {item.visit.date.isoformat()} ({item.file}): LV {volumes.edv_ml:.0f} to "
            f"{volumes.esv_ml:.0f} ml, LVEF {volumes.ejection_fraction_pct:.0f} % ({volumes.curves[0].method})."
        )
        stated = case.baseline_lvef_pct if item.visit.lvef_pct is None else item.visit.lvef_pct
        if stated is not None and abs(stated - volumes.ejection_fraction_pct) > _LVEF_APART_PCT:
            text += f" The case states {stated:.0f} %, which the rules were held against: check which is right."
        points.append(text)
    scar = None if imaging.scar is None or imaging.scar.measurement is None else imaging.scar.measurement.scar_map
    if scar is not None and scar.scar_pct_lvm is not None:
        spread = sorted(scar.by_rule_pct_lvm.values())
        between = f" ({spread[0]:.0f} to {spread[-1]:.0f} % over all rules)" if len(spread) > 1 else ""
        points.append(f"Scar: {scar.scar_pct_lvm:.0f} % of the wall by {scar.method}{between}.")
    return tuple(points)


def dyssynchrony_points(measurement: EcgMeasurement | None, imaging: MeasuredImaging) -> tuple[str, ...]:
    """Say whether electrical and mechanical dyssynchrony agree.

    Parameters
    ----------
    measurement
        The ECG that selection rests on.
    imaging
        From `measure_imaging`.

    Returns
    -------
    tuple of str
        The signs of the strain examination that selection rests on, then the discordance in words where there is one.
        Empty without strain.
    """
    chosen = imaging.selection_strain
    if chosen is None or chosen.dyssynchrony is None:
        return ()
    found = chosen.dyssynchrony
    points = [f"{found.sentence} ({chosen.file}.)".replace(". (", " (")]
    if measurement is None or measurement.morphology == "paced":
        return tuple(points)
    wide = measurement.qrs_ms >= WIDE_QRS_MS
    low, high = measurement.limits.duration_interval_ms
    unsure = " (its 95 % interval holds the limit of 130 ms)" if low < WIDE_QRS_MS <= high else ""
    if wide and found.verdict == "absent":
        points.append(
            f"Discordance: the QRS is wide ({measurement.qrs_ms:.0f} ms){unsure} without a sign of mechanical "
            "dyssynchrony. Little systolic stretch went with more deaths and heart-failure admissions after CRT "
            "(HR 2.17, 1.45 to 3.24, Gorcsan 2019); the trials selected by the QRS alone, so this does not exclude CRT."
        )
    elif not wide and found.verdict == "present":
        points.append(
            f"Discordance: the QRS is narrow ({measurement.qrs_ms:.0f} ms){unsure} with mechanical dyssynchrony. "
            f"{_ECHOCRT}."
        )
    elif found.verdict != "unclear":
        points.append(
            f"QRS duration and mechanics agree: {'wide with' if wide else 'narrow without'} mechanical "
            f"dyssynchrony{unsure}."
        )
    return tuple(points)
