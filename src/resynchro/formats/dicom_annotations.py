"""The annotations of a DICOM waveform: the recorder's measurements, marks and statements."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.dicom_content import number, number_list, sequence, text
from resynchro.formats.dicom_groups import MultiplexGroup
from resynchro.formats.twelve_leads import order_leads
from resynchro.record.ecg import FloatArray, VendorReading

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

#: Measurements by code: SCP-ECG (as recorders use it) and MDC (PS3.16, context groups 3227 to 3229).
_CODES: Final = {
    "5.13.5-7": "pr_ms",
    "5.13.5-9": "qrs_ms",
    "5.13.5-11": "qt_ms",
    "5.10.2.5-5": "qtc_ms",
    "5.10.2.1-3": "rr_ms",
    "5.10.3-11": "p_axis_deg",
    "5.10.3-13": "qrs_axis_deg",
    "5.10.3-15": "t_axis_deg",
    "2:15872": "pr_ms",
    "2:16156": "qrs_ms",
    "2:16160": "qt_ms",
    "2:15876": "qtc_ms",
    "2:15880": "qtc_ms",
    "2:15892": "qtcf_ms",
    "2:16168": "rr_ms",
    "2:16184": "p_ms",
    "2:16128": "p_axis_deg",
    "2:16132": "qrs_axis_deg",
    "2:16136": "t_axis_deg",
    "2:16770": "heart_rate_bpm",
}
#: Measurements by name (letters and digits only), for codes of other schemes.
_NAMES: Final = {
    "printerval": "pr_ms",
    "qrsduration": "qrs_ms",
    "qtinterval": "qt_ms",
    "qtcinterval": "qtc_ms",
    "rrinterval": "rr_ms",
    "pduration": "p_ms",
    "paxis": "p_axis_deg",
    "qrsaxis": "qrs_axis_deg",
    "raxis": "qrs_axis_deg",
    "taxis": "t_axis_deg",
    "heartrate": "heart_rate_bpm",
    "ventricularrate": "heart_rate_bpm",
    "ventricularheartrate": "heart_rate_bpm",
    "vrate": "heart_rate_bpm",
    "atrialrate": "atrial_rate_bpm",
    "atrialheartrate": "atrial_rate_bpm",
}
#: Single marks by SCP-ECG code and by name.
_MARK_CODES: Final = {
    "5.10.3-1": "p_onset_ms",
    "5.10.3-2": "p_end_ms",
    "5.10.3-3": "qrs_onset_ms",
    "5.10.3-4": "qrs_end_ms",
    "5.10.3-5": "t_end_ms",
}
_MARK_NAMES: Final = {
    f"{wave}{name}": f"{wave}_{ours}_ms"
    for wave in ("p", "qrs", "t")
    for name, ours in (("onset", "onset"), ("offset", "end"), ("end", "end"))
}
#: Marks of a whole wave (two positions) by MDC code: P wave, entire QRS, T wave.
_WAVE_CODES: Final = {"10:256": "p", "10:1600": "qrs", "10:1024": "t"}
#: Anti-bradycardia and anti-tachycardia stimuli in any chamber (PS3.16, context group 3335).
_PACE_CODES: Final = frozenset(f"10:{code}" for code in (*range(4096, 5889, 256), *range(6144, 6913, 256)))
_PACE_NAME: Final = re.compile(r"pac(e|er|emaker|ing)\s*(spike|stimul|pulse)", re.IGNORECASE)
#: Marks are believed to be the beat's when its steepest point lies this near to the marked QRS [ms].
_NEAR_QRS_MS: Final = 40.0


@dataclass(frozen=True, slots=True)
class _Annotation:
    code: str
    name: str
    value: float | None
    unit: str
    words: str | None
    group: int
    channel: int
    set_number: float
    positions: tuple[float, ...]
    times_ms: tuple[float, ...]

    @property
    def bare_name(self) -> str:
        return re.sub(r"[^a-z0-9]", "", self.name.lower())


def dicom_vendor_reading(dataset: Dataset, rhythm: MultiplexGroup, beat: MultiplexGroup | None) -> VendorReading:
    """Collect what the recorder measured and said.

    Parameters
    ----------
    dataset
        The data set with its annotations.
    rhythm
        The recording that was read; stimulus marks are those of this group.
    beat
        The representative beat, if the file has one.

    Returns
    -------
    VendorReading
        Marks (``qrs_onset_ms`` and its kin) lie within the representative beat and are left out without one.

    Notes
    -----
    Recorders refer marks of the representative beat to the first group although it is the second. They are
    told from marks on the recording by lying within the beat around its steepest point.
    """
    annotations = [_annotation(item) for item in sequence(dataset, "WaveformAnnotationSequence")]
    measurements = _measurements(annotations)
    beat_mv = None if beat is None else _beat_mv(beat)
    if beat is not None and beat_mv is not None:
        measurements |= _marks(annotations, beat, beat_mv)
    return VendorReading(
        measurements=measurements,
        statements=tuple(annotation.words for annotation in annotations if annotation.words),
        pace_marks_s=_pace_marks_s(annotations, rhythm),
        median_mv=beat_mv,
        median_sampling_rate_hz=beat.sampling_rate_hz if beat is not None and beat_mv is not None else None,
    )


def _annotation(item: Dataset) -> _Annotation:
    concept = next(iter(sequence(item, "ConceptNameCodeSequence")), None)
    unit = next(iter(sequence(item, "MeasurementUnitsCodeSequence")), None)
    channels = number_list(item, "ReferencedWaveformChannels")
    return _Annotation(
        code=(text(concept, "CodeValue") or "").replace(" ", "") if concept is not None else "",
        name=(text(concept, "CodeMeaning") or "") if concept is not None else "",
        value=number(item, "NumericValue"),
        unit=(text(unit, "CodeValue") or "") if unit is not None else "",
        words=text(item, "UnformattedTextValue"),
        group=int(channels[0]) if channels else 1,
        channel=int(channels[1]) if len(channels) > 1 else 0,
        set_number=number(item, "AnnotationGroupNumber") or 0.0,
        positions=number_list(item, "ReferencedSamplePositions"),
        times_ms=number_list(item, "ReferencedTimeOffsets"),
    )


def _measurements(annotations: list[_Annotation]) -> dict[str, float]:
    """Return the global measurements; the first of several counts."""
    measurements: dict[str, float] = {}
    for annotation in annotations:
        ours = _CODES.get(annotation.code) or _NAMES.get(annotation.bare_name)
        of_one_lead = annotation.channel > 0 and not annotation.code.startswith("2:")
        value = annotation.value
        if ours is None or value is None or of_one_lead or ours in measurements:
            continue
        if ours.endswith("_ms") and annotation.unit == "s":
            value *= 1e3
        if value > 0 or ours.endswith("_deg"):  # zero means "not measured" except for an axis
            measurements[ours] = value
    if "rr_ms" in measurements and "heart_rate_bpm" not in measurements:
        measurements["heart_rate_bpm"] = 60e3 / measurements["rr_ms"]
    return measurements


def _beat_mv(beat: MultiplexGroup) -> FloatArray | None:
    """Return the beat in the order of the leads, or None: the recording itself does not depend on it."""
    try:
        beat_mv = order_leads(beat.leads_mv())
    except InputError:
        return None
    missing = np.flatnonzero(~np.isfinite(beat_mv).all(axis=0))  # recorders fill up the end of a beat
    beat_mv = beat_mv[:, : missing[0]] if missing.size else beat_mv
    return beat_mv if beat_mv.shape[1] > 1 else None


def _marks(annotations: list[_Annotation], beat: MultiplexGroup, beat_mv: FloatArray) -> dict[str, float]:
    """Return the first set of marks that can belong to the representative beat."""
    sets: dict[tuple[bool, float], dict[str, float]] = {}
    for annotation in annotations:
        marks = sets.setdefault((annotation.group not in beat.numbers, annotation.set_number), {})
        for ours, position in _named_positions(annotation):
            # PS3.3 C.10.10.1.1: the first sample has the position 1.
            marks.setdefault(ours, (position - 1.0) * 1e3 / beat.sampling_rate_hz)
    steepest_ms = float(np.argmax(np.abs(np.diff(beat_mv, axis=1)).sum(axis=0))) * 1e3 / beat.sampling_rate_hz
    for key in sorted(sets):  # marks that name the beat's own group come first
        marks = sets[key]
        within = all(0 <= time_ms <= beat.duration_s * 1e3 for time_ms in marks.values())
        onset_ms, end_ms = marks.get("qrs_onset_ms"), marks.get("qrs_end_ms")
        if onset_ms is None or end_ms is None or not within:
            continue
        if onset_ms - _NEAR_QRS_MS <= steepest_ms <= end_ms + _NEAR_QRS_MS:
            return marks
    return {}


def _named_positions(annotation: _Annotation) -> list[tuple[str, float]]:
    wave = _WAVE_CODES.get(annotation.code)
    if wave is not None and len(annotation.positions) == 2:
        return [(f"{wave}_onset_ms", annotation.positions[0]), (f"{wave}_end_ms", annotation.positions[1])]
    ours = _MARK_CODES.get(annotation.code) or _MARK_NAMES.get(annotation.bare_name)
    return [(ours, annotation.positions[0])] if ours is not None and annotation.positions else []


def _pace_marks_s(annotations: list[_Annotation], rhythm: MultiplexGroup) -> tuple[float, ...]:
    marks_s: set[float] = set()
    for annotation in annotations:
        is_pace = annotation.code in _PACE_CODES or _PACE_NAME.search(annotation.name) is not None
        if not is_pace or annotation.group not in rhythm.numbers:
            continue
        marks_s.update((position - 1.0) / rhythm.sampling_rate_hz for position in annotation.positions)
        marks_s.update(time_ms / 1e3 for time_ms in annotation.times_ms)
    return tuple(sorted(mark for mark in marks_s if 0 <= mark <= rhythm.duration_s))
