"""HL7 Annotated ECG (aECG): rhythm waveforms, representative beat, annotations, filters.

References
----------
HL7 Version 3 Standard: Regulated Studies; Annotated ECG, Release 1 (ANSI/HL7 V3 ECG R1-2004);
lead and measurement codes (MDC_ECG_...) from ISO/IEEE 11073-10102.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.calibration_pulse import length_without_calibration
from resynchro.formats.file_bytes import read_bytes, sha256_of
from resynchro.formats.hl7_annotations import (
    aecg_age_years,
    aecg_annotations,
    aecg_device,
    aecg_filters,
    aecg_sex,
    hl7_datetime,
)
from resynchro.formats.safe_xml import (
    attribute_of,
    child,
    children,
    finite_number,
    local_name,
    parse_xml,
    root_name,
    text_of,
)
from resynchro.formats.twelve_leads import canonical_lead, order_leads, twelve_leads
from resynchro.record.ecg import INDEPENDENT_LEADS, LEADS, EcgRecord, EcgSource, FloatArray, VendorReading
from resynchro.record.finding import Finding

FORMAT: Final = "HL7 aECG"

_MICROVOLTS: Final = {"nV": 1e-3, "uV": 1.0, "µV": 1.0, "μV": 1.0, "mV": 1e3, "V": 1e6}
_SECONDS: Final = {"s": 1.0, "sec": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
#: Six leads follow from two, so any two of them stand for all.
_LIMB_NAMES: Final = frozenset(("I", "II", "III", "aVR", "aVL", "aVF"))
_LONGEST_LEAD: Final = 1_000_000
#: No recorder has numbers beyond 32 bits, nor a step or an offset of more than a volt.
_LARGEST_DIGIT: Final = 2.0**31
_LARGEST_UV: Final = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class _SequenceSet:
    """Simultaneous sequences: the leads by our names, their counts and what one count means."""

    counts: dict[str, FloatArray]
    origin_mv: dict[str, float]
    scale_uv: dict[str, float]
    sampling_rate_hz: float

    @property
    def duration_s(self) -> float:
        return max(samples.size for samples in self.counts.values()) / self.sampling_rate_hz

    def leads_mv(self, uv_per_count: float | None) -> dict[str, FloatArray]:
        """Return the leads [mV] with the file's own scale and origin, or with the user's scale alone."""
        if uv_per_count is not None:
            return {lead: counts * uv_per_count / 1000.0 for lead, counts in self.counts.items()}
        return {
            lead: counts * self.scale_uv[lead] / 1000.0 + self.origin_mv[lead] for lead, counts in self.counts.items()
        }


def is_hl7_aecg(head: bytes) -> bool:
    """Tell from the first bytes of a file whether it is an HL7 annotated ECG.

    Parameters
    ----------
    head
        The first 4096 bytes.

    Returns
    -------
    bool
        True when the root element is ``AnnotatedECG``.
    """
    return root_name(head) == "AnnotatedECG"


def read_hl7_aecg(path: Path, *, uv_per_count: float | None = None) -> EcgRecord:
    """Read an HL7 annotated ECG.

    Parameters
    ----------
    path
        The file.
    uv_per_count
        Microvolts per stored digit, to replace the file's own scale and origin [uV].

    Returns
    -------
    EcgRecord
        The longest rhythm recording that holds a 12-lead ECG (of equally long ones the first), with the
        representative beat as the vendor's median beat.

    Raises
    ------
    InputError
        When the file is missing, is not an aECG, holds no rhythm waveforms, states no time increment or
        voltage unit, or lacks leads.
    """
    content = read_bytes(path)
    root = parse_xml(content, what=FORMAT)
    if local_name(root) != "AnnotatedECG":
        raise InputError(f"{FORMAT} has the root element AnnotatedECG, found {local_name(root)[:60]!r}")
    series, rhythm, findings = _rhythm(root, needs_unit=uv_per_count is None)
    beat_series = next(
        (s for s in children(series, "derivation", "derivedSeries") if _code(s) == "REPRESENTATIVE_BEAT"),
        None,
    )
    median_mv, median_rate_hz, beat_findings = _representative_beat(beat_series)
    annotations = aecg_annotations(series, beat_series if median_mv is not None else None)
    recorded_at = hl7_datetime(_begin(series) or _begin(root))
    scales = set(rhythm.scale_uv.values())
    leads_mv, raw_counts, pulse_findings = _without_calibration(
        rhythm.leads_mv(uv_per_count), rhythm.counts, rhythm.sampling_rate_hz
    )
    return twelve_leads(
        leads_mv,
        sampling_rate_hz=rhythm.sampling_rate_hz,
        source=EcgSource(
            file=str(path),
            format=FORMAT,
            sha256=sha256_of(content),
            recorded_at=recorded_at,
            device=aecg_device(series),
            uv_per_count=uv_per_count if uv_per_count is not None else scales.pop() if len(scales) == 1 else None,
            uv_per_count_overridden=uv_per_count is not None,
        ),
        filters=aecg_filters(series),
        vendor=VendorReading(
            measurements=annotations.measurements,
            statements=annotations.statements,
            pace_marks_s=annotations.pace_marks_s,
            median_mv=median_mv,
            median_sampling_rate_hz=median_rate_hz,
        ),
        sex=aecg_sex(root),
        age_years=aecg_age_years(root, recorded_at),
        raw_counts=raw_counts,
        findings=(*findings, *beat_findings, *pulse_findings),
    )


def _without_calibration(
    leads_mv: dict[str, FloatArray], counts: dict[str, FloatArray], sampling_rate_hz: float
) -> tuple[dict[str, FloatArray], dict[str, FloatArray], tuple[Finding, ...]]:
    """Cut off a calibration pulse that a Philips recording keeps when it is converted to aECG."""
    if not all(lead in leads_mv for lead in LEADS):
        return leads_mv, counts, ()
    n_samples, findings = length_without_calibration(leads_mv, sampling_rate_hz=sampling_rate_hz)
    cut_mv = {lead: samples[:n_samples] for lead, samples in leads_mv.items()}
    return cut_mv, {lead: samples[:n_samples] for lead, samples in counts.items()}, findings


def _rhythm(root: Element, *, needs_unit: bool) -> tuple[Element, _SequenceSet, tuple[Finding, ...]]:
    """Choose the recording to read among the sequence sets of all rhythm series."""
    all_series = children(root, "component", "series")
    if not all_series:
        raise InputError(
            f"{FORMAT}: the file holds no series (component/series), so there is no waveform; export the "
            "recording with its waveforms"
        )
    found = [
        (series, sequence_set)
        for series in all_series
        if _code(series) != "REPRESENTATIVE_BEAT"
        for sequence_set in children(series, "component", "sequenceSet")
    ]
    if not found:
        raise InputError(
            f"{FORMAT}: the series holds no rhythm waveform (component/sequenceSet); export the recording "
            "with its waveforms"
        )
    complete = [(series, item) for series, item in found if _is_complete(item)]
    if not complete:
        named = "; ".join(", ".join(_lead_names(item)) or "none" for _, item in found[:6])
        raise InputError(
            f"{FORMAT}: none of {len(found)} rhythm recordings holds a 12-lead ECG (V1 to V6 and two limb "
            f"leads at once); leads found: {named}; export the simultaneous recording"
        )
    read = [(series, _sequence_set(item, needs_unit=needs_unit)) for series, item in complete]
    chosen = max(range(len(read)), key=lambda number: read[number][1].duration_s)
    if len(found) == 1:
        return *read[chosen], ()
    message = (
        f"the file holds {len(found)} rhythm recordings, {len(complete)} of them with 12 leads; the longest "
        f"of these was read ({read[chosen][1].duration_s:.1f} s)"
    )
    return *read[chosen], (Finding(code="several-recordings", message=message),)


def _representative_beat(
    series: Element | None,
) -> tuple[FloatArray | None, float | None, tuple[Finding, ...]]:
    """Read the derived beat; a beat that cannot be read is a finding, the rhythm counts without it."""
    sequence_set = child(series, "component", "sequenceSet")
    if sequence_set is None:
        return None, None, ()
    try:
        beat = _sequence_set(sequence_set, needs_unit=True)
        return order_leads(beat.leads_mv(None)), beat.sampling_rate_hz, ()
    except InputError as error:
        message = f"the vendor's representative beat is not shown: {error}"
        return None, None, (Finding(code="median-beat", message=message),)


def _sequence_set(sequence_set: Element, *, needs_unit: bool) -> _SequenceSet:
    """Read one set of simultaneous sequences."""
    rate_hz: float | None = None
    counts: dict[str, FloatArray] = {}
    origin_mv: dict[str, float] = {}
    scale_uv: dict[str, float] = {}
    for sequence in children(sequence_set, "component", "sequence"):
        code, value = _code(sequence), child(sequence, "value")
        if code.startswith("TIME_"):
            rate_hz = rate_hz or _rate_hz(value)
            continue
        lead = _lead(code)
        if lead is None or value is None:
            continue
        if lead in counts:
            raise InputError(f"{FORMAT}: lead {lead} is there twice in one recording; export the file again")
        counts[lead] = _digits(value, lead)
        origin_mv[lead] = (_in_microvolts(value, "origin", lead, needs_unit=False) or 0.0) / 1000.0
        scale = _in_microvolts(value, "scale", lead, needs_unit=needs_unit)
        if scale is not None:
            scale_uv[lead] = scale
    if rate_hz is None:
        raise InputError(
            f"{FORMAT}: the recording states no time between samples (increment of a TIME_ABSOLUTE or "
            "TIME_RELATIVE sequence); export it again"
        )
    if not counts:
        raise InputError(f"{FORMAT}: the recording holds no ECG lead; export it again with its leads")
    return _SequenceSet(counts=counts, origin_mv=origin_mv, scale_uv=scale_uv, sampling_rate_hz=rate_hz)


def _rate_hz(value: Element | None) -> float | None:
    """Return the sampling rate from the increment of a GLIST_TS or GLIST_PQ [Hz]."""
    increment = finite_number(attribute_of(value, "value", "increment"))
    unit = attribute_of(value, "unit", "increment") or "s"
    if increment is None or unit not in _SECONDS or not 1e-7 < increment * _SECONDS[unit] < 1.0:
        return None
    # A rate is a rounder number than an interval in decimal seconds.
    return round(1.0 / (increment * _SECONDS[unit]), 6)


def _in_microvolts(value: Element, name: str, lead: str, *, needs_unit: bool) -> float | None:
    """Return origin or scale of an SLIST_PQ [uV]; None where it is absent or has no unit and needs none."""
    number = finite_number(attribute_of(value, "value", name))
    unit = attribute_of(value, "unit", name)
    if number is not None and unit in _MICROVOLTS:
        voltage_uv = number * _MICROVOLTS[unit]
        if abs(voltage_uv) <= _LARGEST_UV and (name == "origin" or voltage_uv != 0):
            return voltage_uv
    if needs_unit:
        stated = f"{attribute_of(value, 'value', name)} {unit}"
        raise InputError(
            f"{FORMAT}: the {name} of lead {lead} is no voltage ({stated}); allowed are numbers up to 1 V in "
            f"{', '.join(_MICROVOLTS)}: state the microvolts per count (--uv-per-count)"
        )
    return None


def _digits(value: Element, lead: str) -> FloatArray:
    """Return the sample numbers of one lead; a word that is no number is refused."""
    words = (text_of(value, "digits") or "").split(None, _LONGEST_LEAD)
    if not words:
        raise InputError(f"{FORMAT}: lead {lead} has no samples (digits); export the file again")
    if len(words) > _LONGEST_LEAD:
        raise InputError(
            f"{FORMAT}: lead {lead} has more than {_LONGEST_LEAD} samples, the most that is read; cut out "
            "the part to be measured"
        )
    try:
        digits = np.array(words, dtype=np.float64)
    except ValueError as error:
        raise InputError(f"{FORMAT}: the samples of lead {lead} are not all numbers ({error})") from error
    if np.any(np.abs(digits) > _LARGEST_DIGIT):
        raise InputError(
            f"{FORMAT}: lead {lead} holds digits beyond {_LARGEST_DIGIT:g}, which no recorder writes; the "
            "file is damaged"
        )
    return digits


def _is_complete(sequence_set: Element) -> bool:
    names = set(_lead_names(sequence_set))
    precordial = set(INDEPENDENT_LEADS) - _LIMB_NAMES
    return precordial <= names and len(names & _LIMB_NAMES) >= 2


def _lead_names(sequence_set: Element) -> list[str]:
    leads = (_lead(_code(sequence)) for sequence in children(sequence_set, "component", "sequence"))
    return [lead for lead in leads if lead is not None]


def _lead(code: str) -> str | None:
    """Return our name for an MDC lead code.

    Codes of leads that the recorder computed carry a small d (MDC_ECG_LEAD_dIII); some writers spell
    augmented leads out (MDC_ECG_LEAD_AUGMENTED_VR).
    """
    bare = re.sub(r"^MDC_ECG_LEAD_", "", code)
    bare = re.sub(r"^d(?=[IVaXYZ])", "", bare)
    return canonical_lead(re.sub(r"^AUGMENTED_?V?_?(?=[RLF]$)", "AV", bare, flags=re.IGNORECASE))


def _code(element: Element) -> str:
    return attribute_of(element, "code", "code") or ""


def _begin(element: Element) -> str | None:
    """Return the begin (else centre, else end) of an element's effective time as it is written."""
    for part in ("low", "center", "high"):
        if (stamp := attribute_of(element, "value", "effectiveTime", part)) is not None:
            return stamp
    return attribute_of(element, "value", "effectiveTime")
