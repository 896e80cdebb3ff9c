"""Philips Sierra XML (``restingecgdata``), versions 1.03, 1.04, 1.04.01 and 1.04.02.

Versions 1.03 (``SierraECG``) and 1.04 (``PhilipsECG``) differ in where attributes stand, not in the signal.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.calibration_pulse import length_without_calibration
from resynchro.formats.file_bytes import read_bytes, sha256_of
from resynchro.formats.safe_xml import (
    attribute_of,
    child,
    children,
    descendant,
    finite_number,
    local_name,
    number_of,
    parse_xml,
    root_name,
    text_of,
)
from resynchro.formats.sierra_reading import (
    qrs_disagreement,
    sierra_age_years,
    sierra_device,
    sierra_measurements,
    sierra_pace_marks_s,
    sierra_recorded_at,
    sierra_sex,
    sierra_statements,
)
from resynchro.formats.sierra_signal import FORMAT, base64_samples, sierra_counts
from resynchro.formats.twelve_leads import order_leads, twelve_leads
from resynchro.record.ecg import EcgFilters, EcgRecord, EcgSource, FloatArray, VendorReading

_TYPES: Final = ("SierraECG", "PhilipsECG")
_VERSIONS: Final = ("1.03", "1.04", "1.04.01", "1.04.02")
#: Stands for "no sample" at the end of a representative beat.
_FILL: Final = 32767


def is_sierra_xml(head: bytes) -> bool:
    """Tell from the first bytes of a file whether it is Philips Sierra XML.

    Parameters
    ----------
    head
        The first 4096 bytes.

    Returns
    -------
    bool
        True when the root element is ``restingecgdata``.
    """
    return root_name(head) == "restingecgdata"


def read_sierra_xml(path: Path, *, uv_per_count: float | None = None) -> EcgRecord:
    """Read a Philips Sierra XML file.

    Parameters
    ----------
    path
        The file, in any encoding (recorders write UTF-8 and UTF-16).
    uv_per_count
        Replaces the gain in the file [µV]; the vendor's representative beat keeps the file's own gain.

    Returns
    -------
    EcgRecord
        The recording in millivolt without the calibration pulse; the representative beat and the measurements
        of the Philips program in `vendor`.

    Raises
    ------
    InputError
        When type or version are unknown, or the signal is damaged or not 12-lead.

    Notes
    -----
    See `sierra_counts` for the limb leads: in compressed files they follow from I and II.
    """
    content = read_bytes(path)
    root = parse_xml(content, what=FORMAT)
    _check_document(root)
    signal = child(root, "dataacquisition", "signalcharacteristics")
    waveforms = descendant(root, "parsedwaveforms")
    if waveforms is None:
        raise InputError(f"{FORMAT}: there is no signal (parsedwaveforms) in the file; export the recording")
    sampling_rate_hz = _stated(
        "sampling rate", attribute_of(waveforms, "samplespersecond"), text_of(signal, "samplingrate")
    )
    gain_uv = _gain_uv(waveforms, signal) if uv_per_count is None else uv_per_count
    counts = sierra_counts(waveforms, signal, sampling_rate_hz=sampling_rate_hz)
    leads_mv = {lead: samples * (gain_uv / 1e3) for lead, samples in counts.items()}
    n_samples, findings = length_without_calibration(leads_mv, sampling_rate_hz=sampling_rate_hz)
    measurements = sierra_measurements(root)
    beat_mv, beat_rate_hz = _representative_beat(descendant(root, "repbeats"))
    return twelve_leads(
        {lead: samples[:n_samples] for lead, samples in leads_mv.items()},
        sampling_rate_hz=sampling_rate_hz,
        source=EcgSource(
            file=str(path),
            format=FORMAT,
            sha256=sha256_of(content),
            recorded_at=sierra_recorded_at(root),
            device=sierra_device(root),
            uv_per_count=gain_uv,
            uv_per_count_overridden=uv_per_count is not None,
        ),
        filters=_filters(root, waveforms, signal),
        vendor=VendorReading(
            measurements=measurements,
            statements=sierra_statements(root),
            pace_marks_s=sierra_pace_marks_s(root, duration_s=n_samples / sampling_rate_hz),
            median_mv=beat_mv,
            median_sampling_rate_hz=beat_rate_hz,
        ),
        sex=sierra_sex(root),
        age_years=sierra_age_years(root),
        raw_counts={lead: samples[:n_samples] for lead, samples in counts.items()},
        findings=(*findings, *qrs_disagreement(measurements)),
    )


def _check_document(root: Element) -> None:
    if local_name(root) != "restingecgdata":
        raise InputError(f"{FORMAT} has the root element restingecgdata, found {local_name(root)[:60]!r}")
    kind = text_of(root, "documentinfo", "documenttype") or "none"
    version = text_of(root, "documentinfo", "documentversion") or "none"
    if kind not in _TYPES or version not in _VERSIONS:
        raise InputError(
            f"{FORMAT}: found document type {kind[:40]!r} version {version[:40]!r}; readable are "
            f"{' and '.join(_TYPES)} in versions {', '.join(_VERSIONS)}"
        )


def _gain_uv(waveforms: Element, signal: Element | None) -> float:
    texts = [text_of(signal, name) for name in ("resolution", "signalresolution")]
    return _stated("resolution (--uv-per-count)", attribute_of(waveforms, "resolution"), *texts)


def _stated(what: str, *texts: str | None) -> float:
    """Return the first positive number of several places that may hold it."""
    value = _first_above_zero(*texts)
    if value is None or value > 1e6:
        found = ", ".join(repr(text[:40]) for text in texts if text) or "nothing"
        raise InputError(f"{FORMAT}: the file states no usable {what}, found {found}")
    return value


def _first_above_zero(*texts: str | None) -> float | None:
    values = (finite_number(text) for text in texts)
    return next((value for value in values if value is not None and value > 0), None)


def _filters(root: Element, waveforms: Element, signal: Element | None) -> EcgFilters:
    """Return the filters of the stored signal; those of the printed report stand in the description."""
    band = (text_of(signal, "signalbandwidth") or "").split("-")  # 1.03: "0.05-150"
    low, high = band if len(band) == 2 else ("", "")
    notch_hz = None
    filtered = attribute_of(waveforms, "notchfiltered") or text_of(signal, "notchfiltered") or ""
    if filtered.lower() == "true":
        notch_hz = _first_above_zero(attribute_of(waveforms, "notchfilterfreqs"), text_of(signal, "acsetting"))
    report = child(root, "reportinfo", "reportbandwidth")
    settings = {
        "high-pass": number_of(report, "highpassfiltersetting"),
        "low-pass": number_of(report, "lowpassfiltersetting"),
        "notch": number_of(report, "notchfiltersetting"),
    }
    printed = ", ".join(f"{name} {value:g} Hz" for name, value in settings.items() if value is not None)
    return EcgFilters(
        high_pass_hz=_first_above_zero(attribute_of(waveforms, "hipass"), text_of(signal, "hipass"), low),
        low_pass_hz=_first_above_zero(attribute_of(waveforms, "lowpass"), text_of(signal, "lowpass"), high),
        notch_hz=notch_hz,
        description=f"on the printed report: {printed}" if printed else None,
    )


def _representative_beat(beats: Element | None) -> tuple[FloatArray | None, float | None]:
    """Return the representative beat and its rate, or nothing: the recording itself does not depend on it."""
    gain_uv = _first_above_zero(attribute_of(beats, "resolution"))
    rate_hz = _first_above_zero(attribute_of(beats, "samplespersec"))
    if beats is None or gain_uv is None or rate_hz is None:
        return None, None
    leads: dict[str, FloatArray] = {}
    try:
        for beat in children(beats, "repbeat"):
            holder = child(beat, "waveform")  # 1.04; in 1.03 the samples stand in the element itself
            packed = base64_samples(beats, (beat if holder is None else holder).text or "")
            samples = np.frombuffer(packed[: len(packed) // 2 * 2], dtype="<i2")
            leads[attribute_of(beat, "leadname") or ""] = samples.astype(np.float64)
        table = order_leads(leads)
    except InputError:
        return None, None
    filled = np.flatnonzero((table == _FILL).any(axis=0))
    end = int(filled[0]) if filled.size else table.shape[1]
    return (table[:, :end] * (gain_uv / 1e3), rate_hz) if end else (None, None)
