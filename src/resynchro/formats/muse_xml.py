"""GE MUSE XML (``RestingECG``): rhythm strip, median beat, measurements of the 12SL program, statements.

MUSE stores the eight independent leads as little-endian integers in Base64; III, aVR, aVL and aVF follow from
I and II. The field names are those of GE's own exports; what is inferred about them says so.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.file_bytes import read_bytes, sha256_of
from resynchro.formats.muse_reading import (
    muse_age_years,
    muse_measurements,
    muse_pace_marks_s,
    muse_recorded_at,
    muse_sex,
    muse_statements,
    rate_with_exponent_hz,
)
from resynchro.formats.safe_xml import (
    children,
    finite_number,
    local_name,
    number_of,
    parse_xml,
    root_name,
    text_of,
)
from resynchro.formats.twelve_leads import canonical_lead, order_leads, twelve_leads
from resynchro.record.ecg import EcgFilters, EcgRecord, EcgSource, FloatArray, VendorReading
from resynchro.record.finding import Finding

FORMAT: Final = "GE MUSE XML"

_MILLIVOLTS: Final = {"MICROVOLTS": 1e-3, "MILLIVOLTS": 1.0, "NANOVOLTS": 1e-6, "VOLTS": 1e3}


def is_muse_xml(head: bytes) -> bool:
    """Tell from the first bytes of a file whether it is GE MUSE XML.

    Parameters
    ----------
    head
        The first 4096 bytes.

    Returns
    -------
    bool
        True when the root element is ``RestingECG``.
    """
    return root_name(head) == "RestingECG"


def read_muse_xml(path: Path, *, uv_per_count: float | None = None) -> EcgRecord:
    """Read a GE MUSE XML file.

    Parameters
    ----------
    path
        The file.
    uv_per_count
        Replaces the gain in the file [µV]; the vendor's median beat keeps the file's own gain.

    Returns
    -------
    EcgRecord
        The rhythm strip in millivolt; the median beat and the 12SL measurements in `vendor`.

    Raises
    ------
    InputError
        When the file is no MUSE XML, holds no rhythm strip, or its samples cannot be decoded.

    Notes
    -----
    ``HighPassFilter`` without a decimal point counts hundredths of Hz (GE's carts offer 0.05, 0.16, 0.32 and
    0.56 Hz, the files say 5, 16, 32, 56): inferred, so the text itself is kept in `filters.description`.
    """
    content = read_bytes(path)
    root = parse_xml(content, what=FORMAT)
    if local_name(root) != "RestingECG":
        raise InputError(f"{FORMAT} has the root element RestingECG, found {local_name(root)[:60]!r}")
    rhythm = _longest_waveform(root, "RHYTHM")
    if rhythm is None:
        found = sorted({_waveform_type(waveform) or "unnamed" for waveform in children(root, "Waveform")})
        raise InputError(
            f"{FORMAT}: there is no rhythm waveform (found: {', '.join(found) or 'no waveform at all'}); "
            "export the whole recording"
        )
    sampling_rate_hz = _sampling_rate_hz(rhythm)
    counts, mv_per_count, findings = _leads(rhythm, uv_per_count=uv_per_count)
    gains_uv = {1e3 * gain for gain in mv_per_count.values()}
    duration_s = max((samples.size for samples in counts.values()), default=0) / sampling_rate_hz
    median_mv, median_rate_hz = _median_beat(root)
    return twelve_leads(
        {lead: samples * mv_per_count[lead] for lead, samples in counts.items()},
        sampling_rate_hz=sampling_rate_hz,
        source=EcgSource(
            file=str(path),
            format=FORMAT,
            sha256=sha256_of(content),
            recorded_at=muse_recorded_at(root),
            device=text_of(root, "TestDemographics", "AcquisitionDevice"),
            uv_per_count=gains_uv.pop() if len(gains_uv) == 1 else None,
            uv_per_count_overridden=uv_per_count is not None,
        ),
        filters=_filters(rhythm),
        vendor=VendorReading(
            measurements=muse_measurements(root),
            statements=muse_statements(root),
            pace_marks_s=muse_pace_marks_s(root, duration_s=duration_s),
            median_mv=median_mv,
            median_sampling_rate_hz=median_rate_hz,
        ),
        sex=muse_sex(root),
        age_years=muse_age_years(root),
        raw_counts=counts,
        findings=findings,
    )


def _waveform_type(waveform: Element) -> str:
    return (text_of(waveform, "WaveformType") or "").upper()


def _longest_waveform(root: Element, kind: str) -> Element | None:
    """Return the waveform of a kind with the most samples in its first lead."""
    waveforms = [waveform for waveform in children(root, "Waveform") if _waveform_type(waveform) == kind]
    return max(waveforms, key=lambda waveform: len(text_of(waveform, "LeadData", "WaveFormData") or ""), default=None)


def _sampling_rate_hz(waveform: Element) -> float:
    rate_hz = rate_with_exponent_hz(number_of(waveform, "SampleBase"), number_of(waveform, "SampleExponent"))
    if rate_hz is None:
        raise InputError(f"{FORMAT}: the waveform states no usable sampling rate (SampleBase)")
    return rate_hz


def _leads(
    waveform: Element, *, uv_per_count: float | None = None
) -> tuple[dict[str, FloatArray], dict[str, float], tuple[Finding, ...]]:
    """Return the counts and the gain [mV] of every lead that is one of ours, and what was odd."""
    counts: dict[str, FloatArray] = {}
    mv_per_count: dict[str, float] = {}
    damaged: list[str] = []
    shifted: list[str] = []
    for lead_data in children(waveform, "LeadData"):
        lead = canonical_lead(text_of(lead_data, "LeadID") or "")
        if lead is None:
            continue
        if lead in counts:
            raise InputError(f"{FORMAT}: lead {lead} is there twice in one waveform; export the file again")
        counts[lead], intact = _samples(lead_data, lead)
        mv_per_count[lead] = _mv_per_count(lead_data, lead) if uv_per_count is None else uv_per_count / 1e3
        if not intact:
            damaged.append(lead)
        if number_of(lead_data, "LeadTimeOffset"):
            shifted.append(lead)
    findings = []
    if damaged:
        message = (
            f"the samples of {', '.join(damaged)} do not match the checksum in the file: they were changed "
            "or damaged after the recorder wrote them; look at the picture before trusting any number"
        )
        findings.append(Finding(code="checksum", message=message, leads=tuple(damaged)))
    if shifted:
        message = (
            f"the file states a time offset for {', '.join(shifted)}; the leads are taken as simultaneous, "
            "which may be wrong"
        )
        findings.append(Finding(code="lead-time-offset", message=message, leads=tuple(shifted)))
    return counts, mv_per_count, tuple(findings)


def _samples(lead_data: Element, lead: str) -> tuple[FloatArray, bool]:
    """Decode one lead; also say whether its CRC-32 agrees (True where the file states none)."""
    text = text_of(lead_data, "WaveFormData")
    if text is None:
        raise InputError(f"{FORMAT}: lead {lead} has no samples (WaveFormData); export the file again")
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(f"{FORMAT}: the samples of lead {lead} are no valid Base64 ({error})") from error
    stated_size = number_of(lead_data, "LeadSampleSize")
    size = 2 if stated_size is None else stated_size
    if size not in (2, 4):
        raise InputError(f"{FORMAT}: lead {lead} has samples of {size:g} bytes; 2 and 4 are known")
    announced = number_of(lead_data, "LeadSampleCountTotal")
    if len(content) % int(size) or (announced is not None and announced * size != len(content)):
        expected = "whole samples" if announced is None else f"{announced:g} samples"
        raise InputError(
            f"{FORMAT}: lead {lead} holds {len(content)} bytes where {expected} of {size:g} bytes are "
            "announced; the file may be cut off"
        )
    checksum = number_of(lead_data, "LeadDataCRC32")
    intact = checksum is None or checksum == zlib.crc32(content)
    return np.frombuffer(content, dtype="<i2" if size == 2 else "<i4").astype(np.float64), intact


def _mv_per_count(lead_data: Element, lead: str) -> float:
    unit = (text_of(lead_data, "LeadAmplitudeUnits") or "MICROVOLTS").upper()
    gain = number_of(lead_data, "LeadAmplitudeUnitsPerBit")
    if unit not in _MILLIVOLTS or gain is None or gain <= 0:
        raise InputError(
            f"{FORMAT}: lead {lead} states the gain {text_of(lead_data, 'LeadAmplitudeUnitsPerBit')!r} "
            f"{unit[:40]} per count; a positive number of {', '.join(_MILLIVOLTS)} is needed (--uv-per-count)"
        )
    return gain * _MILLIVOLTS[unit]


def _filters(waveform: Element) -> EcgFilters:
    names = ("HighPassFilter", "LowPassFilter", "ACFilter")
    stated = {name: text for name in names if (text := text_of(waveform, name)) is not None}
    high_pass = finite_number(stated.get("HighPassFilter"))
    if high_pass is not None and "." not in stated["HighPassFilter"]:
        high_pass /= 100.0
    return EcgFilters(
        high_pass_hz=_above_zero(high_pass),
        low_pass_hz=_above_zero(finite_number(stated.get("LowPassFilter"))),
        notch_hz=_above_zero(finite_number(stated.get("ACFilter"))),
        description=", ".join(f"{name} {text}" for name, text in stated.items()) or None,
    )


def _above_zero(value: float | None) -> float | None:
    return value if value is not None and value > 0 else None


def _median_beat(root: Element) -> tuple[FloatArray | None, float | None]:
    """Return the median beat and its rate, or nothing: the recording itself does not depend on it."""
    waveform = _longest_waveform(root, "MEDIAN")
    if waveform is None:
        return None, None
    try:
        counts, mv_per_count, _ = _leads(waveform)
        beat_mv = order_leads({lead: samples * mv_per_count[lead] for lead, samples in counts.items()})
        return beat_mv, _sampling_rate_hz(waveform)
    except InputError:
        return None, None
