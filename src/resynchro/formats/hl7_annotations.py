"""What an HL7 annotated ECG says beside the waveforms: measurements, statements, filters, patient, device."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final
from xml.etree.ElementTree import Element

from resynchro.formats.safe_xml import (
    attribute_of,
    child,
    children,
    descendant,
    descendants,
    finite_number,
    text_of,
)
from resynchro.record.ecg import EcgFilters, Sex

_NAMES: Final[Mapping[str, str]] = {
    "MDC_ECG_HEART_RATE": "heart_rate_bpm",
    "MDC_ECG_TIME_PD_RR": "rr_ms",
    "MDC_ECG_TIME_PD_P": "p_ms",
    "MDC_ECG_TIME_PD_PR": "pr_ms",
    "MDC_ECG_TIME_PD_PQ": "pr_ms",
    "MDC_ECG_TIME_PD_QRS": "qrs_ms",
    "MDC_ECG_TIME_PD_QT": "qt_ms",
    "MDC_ECG_TIME_PD_QTC": "qtc_ms",
    "MDC_ECG_TIME_PD_QTCB": "qtcb_ms",
    "MDC_ECG_TIME_PD_QTC_BAZETT": "qtcb_ms",
    "MDC_ECG_TIME_PD_QTCF": "qtcf_ms",
    "MDC_ECG_TIME_PD_QTC_FRIDERICIA": "qtcf_ms",
    "MDC_ECG_ANGLE_P_FRONT": "p_axis_deg",
    "MDC_ECG_ANGLE_QRS_FRONT": "qrs_axis_deg",
    "MDC_ECG_ANGLE_T_FRONT": "t_axis_deg",
}
_MILLISECONDS: Final = {"s": 1000.0, "sec": 1000.0, "ms": 1.0, "us": 1e-3}
_FILTER: Final = "MDC_ECG_CTL_VBL_ATTR_FILTER_"
_STAMP: Final = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\.\d{1,9})?([+-]\d{4})?$")
_PACE_MARK: Final = re.compile(r"PACE.*(SPIKE|PULSE|STIM|MARK|ARTIFACT|ARTEFACT)|(SPIKE|PULSE|STIM).*PACE")
_DAYS_PER_YEAR: Final = 365.2425
_REPORTED_AGE: Final = "21612-7"  # LOINC


@dataclass(frozen=True, slots=True, kw_only=True)
class AecgAnnotations:
    """Measurements by our names, interpretation, stimuli from the start of the record [s]."""

    measurements: Mapping[str, float]
    statements: tuple[str, ...]
    pace_marks_s: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Annotation:
    code: str
    element: Element
    of_one_lead: bool


def aecg_annotations(series: Element, beat_series: Element | None) -> AecgAnnotations:
    """Collect the global annotations of a rhythm series and of its representative beat.

    Parameters
    ----------
    series
        The rhythm series.
    beat_series
        The derived series of the representative beat, or None.

    Notes
    -----
    A measurement of the representative beat wins over those of single beats; of several, the median is taken.
    Annotations of one lead only (their region of interest names a lead) are left out.
    """
    rhythm = _annotations(series)
    beat = _annotations(beat_series)
    measurements = {**_measurements(rhythm), **_measurements(beat)}
    if "rr_ms" in measurements and "heart_rate_bpm" not in measurements:
        measurements["heart_rate_bpm"] = 60000.0 / measurements["rr_ms"]
    measurements.update(_qrs_marks_ms(beat, beat_series))
    return AecgAnnotations(
        measurements=measurements, statements=_statements(rhythm), pace_marks_s=_pace_marks_s(rhythm, series)
    )


def aecg_filters(series: Element) -> EcgFilters:
    """Read the filter settings among the control variables of a series."""
    cutoffs: dict[str, float] = {}
    descriptions = []
    for outer in children(series, "controlVariable"):
        for variable in descendants(outer, "controlVariable"):
            kind = (attribute_of(variable, "code", "code") or "").removeprefix(_FILTER)
            if kind not in ("LOW_PASS", "HIGH_PASS", "NOTCH"):
                continue
            for detail in children(variable, "component", "controlVariable"):
                code = attribute_of(detail, "code", "code") or ""
                hertz = finite_number(attribute_of(detail, "value", "value"))
                if code.endswith("_FREQ") and hertz is not None and hertz > 0:
                    cutoffs.setdefault(kind, hertz)
                elif code.endswith("_DESCRIPTION") and (text := text_of(detail, "value")) is not None:
                    descriptions.append(f"{kind.lower().replace('_', '-')}: {text}")
    return EcgFilters(
        high_pass_hz=cutoffs.get("HIGH_PASS"),
        low_pass_hz=cutoffs.get("LOW_PASS"),
        notch_hz=cutoffs.get("NOTCH"),
        description="; ".join(descriptions) or None,
    )


def aecg_sex(root: Element) -> Sex | None:
    """Return the administrative sex of the subject, as far as the file states it."""
    sexes: Mapping[str, Sex] = {"M": "male", "F": "female"}
    return sexes.get(attribute_of(descendant(root, "administrativeGenderCode"), "code") or "")


def aecg_age_years(root: Element, recorded_at: datetime | None) -> float | None:
    """Return the age at recording from the date of birth, else the reported age [years]."""
    born_at = hl7_datetime(attribute_of(descendant(root, "birthTime"), "value"))
    if born_at is not None and recorded_at is not None:
        days = (recorded_at - born_at).total_seconds() / 86400.0
        if 0 <= days < 150 * 366:
            return days / _DAYS_PER_YEAR
    for observation in descendants(root, "relatedObservation"):
        if attribute_of(observation, "code", "code") == _REPORTED_AGE:
            age = finite_number(attribute_of(observation, "value", "value"))
            years = attribute_of(observation, "unit", "value") in ("a", "y", "yr", "year", "years", None)
            return age if age is not None and years and 0 < age < 150 else None
    return None


def aecg_device(series: Element) -> str | None:
    """Return maker and model of the recorder."""
    author = child(series, "author", "seriesAuthor")
    maker = text_of(author, "manufacturerOrganization", "name")
    model = text_of(author, "manufacturedSeriesDevice", "manufacturerModelName")
    return " ".join(text for text in (maker, model) if text) or None


def hl7_datetime(stamp: str | None) -> datetime | None:
    """Read an HL7 time stamp of any precision (``20021122091000.000+0100``) as local time."""
    match = _STAMP.match(stamp or "")
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) if part else None for part in match.groups()[:6])
    try:
        moment = datetime(year or 0, month or 1, day or 1, hour or 0, minute or 0, second or 0)
    except ValueError:
        return None
    return moment + timedelta(seconds=float(match.group(7) or 0.0))


def _annotations(series: Element | None) -> list[_Annotation]:
    """Return all annotations of a series with their codes, outer ones before the ones inside them."""
    found: list[_Annotation] = []
    # A list of work instead of recursion: annotations nest as deep as the file likes.
    outermost = children(series, "subjectOf", "annotationSet", "component", "annotation")
    waiting = [(element, False) for element in reversed(outermost)]
    while waiting:
        element, inside_lead = waiting.pop()
        of_one_lead = inside_lead or _names_a_lead(element)
        code = (attribute_of(element, "code", "code") or "").upper()
        found.append(_Annotation(code=code, element=element, of_one_lead=of_one_lead))
        waiting += [(inner, of_one_lead) for inner in reversed(children(element, "component", "annotation"))]
    return found


def _names_a_lead(annotation: Element) -> bool:
    codes = (
        attribute_of(boundary, "code", "code") or ""
        for boundary in children(annotation, "support", "supportingROI", "component", "boundary")
    )
    return any(code.upper().startswith("MDC_ECG_LEAD") for code in codes)


def _measurements(annotations: list[_Annotation]) -> dict[str, float]:
    values: defaultdict[str, list[float]] = defaultdict(list)
    for annotation in annotations:
        name = _NAMES.get(annotation.code)
        number = finite_number(attribute_of(annotation.element, "value", "value"))
        if name is None or number is None or annotation.of_one_lead:
            continue
        unit = attribute_of(annotation.element, "unit", "value")
        if name.endswith("_ms"):
            number *= _MILLISECONDS.get(unit or "ms", 0.0)
        if number > 0 or name.endswith("_deg"):
            values[name].append(number)
    return {name: median(numbers) for name, numbers in values.items()}


def _qrs_marks_ms(annotations: list[_Annotation], series: Element | None) -> dict[str, float]:
    """Return the vendor's QRS limits from the start of the representative beat [ms]."""
    start = _time_head(series)
    for annotation in annotations:
        wave = attribute_of(annotation.element, "code", "value") or ""
        if annotation.of_one_lead or not wave.upper().endswith("_QRSWAVE"):
            continue
        onset, end = (_after_ms(_limit(annotation.element, part), start) for part in ("low", "high"))
        if onset is not None and end is not None and 0 <= onset < end:
            return {"qrs_onset_ms": onset, "qrs_end_ms": end}
    return {}


def _pace_marks_s(annotations: list[_Annotation], series: Element) -> tuple[float, ...]:
    """Return the times of stimulus marks; the standard has no single code, so their names decide."""
    start = _time_head(series)
    marks_ms = []
    for annotation in annotations:
        code = f"{annotation.code} {attribute_of(annotation.element, 'code', 'value') or ''}".upper()
        if _PACE_MARK.search(code):
            time_ms = _after_ms(_limit(annotation.element, "low"), start)
            marks_ms += [time_ms] if time_ms is not None and time_ms >= 0 else []
    return tuple(sorted({mark / 1000.0 for mark in marks_ms}))


def _statements(annotations: list[_Annotation]) -> tuple[str, ...]:
    """Return the texts of the interpretation, and the rhythm as it is called."""
    statements: dict[str, None] = {}
    for annotation in annotations:
        text = None
        if annotation.code.startswith("MDC_ECG_INTERPRETATION"):
            text = text_of(annotation.element, "value") or attribute_of(annotation.element, "displayName", "value")
        elif annotation.code == "MDC_ECG_RHY":
            text = attribute_of(annotation.element, "displayName", "value") or attribute_of(
                annotation.element, "code", "value"
            )
        if text:
            statements.setdefault(" ".join(text.split()))
    return tuple(statements)


def _limit(annotation: Element, part: str) -> Element | None:
    """Return the low or high limit of an annotation's region of interest in time."""
    for boundary in children(annotation, "support", "supportingROI", "component", "boundary"):
        if (attribute_of(boundary, "code", "code") or "").startswith("TIME_"):
            return child(boundary, "value", part)
    return None


def _time_head(series: Element | None) -> Element | None:
    """Return the head (time of the first sample) of a series' first time sequence."""
    for sequence in children(series, "component", "sequenceSet", "component", "sequence"):
        if (attribute_of(sequence, "code", "code") or "").startswith("TIME_"):
            return child(sequence, "value", "head")
    return None


def _after_ms(moment: Element | None, start: Element | None) -> float | None:
    """Return the time from `start` to `moment` [ms], both with a unit or both time stamps."""
    relative, begin = _relative_ms(moment), _relative_ms(start)
    if relative is not None:
        return relative - (begin or 0.0)
    at = hl7_datetime(attribute_of(moment, "value"))
    since = hl7_datetime(attribute_of(start, "value")) if start is not None else None
    return None if at is None or since is None else (at - since) / timedelta(milliseconds=1)


def _relative_ms(element: Element | None) -> float | None:
    unit = _MILLISECONDS.get(attribute_of(element, "unit") or "")
    number = finite_number(attribute_of(element, "value"))
    return None if unit is None or number is None else number * unit
