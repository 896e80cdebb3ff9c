"""What SCP-ECG says beside the signal: patient and device (section 1), measurements (7), statements (8).

EN 1064:2005+A1:2007, clauses 5.4, 5.10 and 5.11. Everything here may be missing or damaged without harm to
the signal, so nothing raises.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from resynchro.record.ecg import EcgFilters, Sex

#: Not computed; rejected; wave not present.
_NO_VALUE = frozenset((29999, 29998, 19999))
_DAYS_PER_YEAR = 365.2425
#: Tag 4 counts years, months, weeks, days or hours.
_YEARS_PER_AGE_UNIT: Mapping[int, float] = {
    1: 1.0,
    2: 1.0 / 12.0,
    3: 7.0 / _DAYS_PER_YEAR,
    4: 1.0 / _DAYS_PER_YEAR,
    5: 1.0 / (24.0 * _DAYS_PER_YEAR),
}
_ENCODINGS: Mapping[int, str] = {
    0x03: "iso-8859-2",
    0x0B: "iso-8859-4",
    0x13: "iso-8859-5",
    0x1B: "iso-8859-6",
    0x23: "iso-8859-7",
    0x2B: "iso-8859-8",
    0x33: "iso-8859-11",
    0x3B: "iso-8859-15",
    0x07: "utf-16-le",
    0x0F: "euc-jp",
    0x17: "euc-jp",
    0x1F: "euc-jp",
    0x27: "gb2312",
    0x2F: "euc-kr",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScpHeader:
    """Section 1, as far as it concerns us."""

    sex: Sex | None
    age_years: float | None
    recorded_at: datetime | None
    device: str | None
    filters: EcgFilters
    encoding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScpMeasurements:
    """Section 7: numbers by our names, the vendor's marks in the reference beat, stimuli [s]."""

    measurements: Mapping[str, float]
    beat_marks_ms: Mapping[str, float]
    pace_marks_s: tuple[float, ...]


def read_header(payload: bytes) -> ScpHeader:
    """Read section 1.

    Parameters
    ----------
    payload
        The section without its header; empty when the file does not hold it.
    """
    tags = _tags(payload)
    device_tag = tags.get(14, b"")
    encoding = _encoding(device_tag)
    recorded_on = _date(tags.get(25, b""))
    recorded_at = None
    if recorded_on is not None:
        recorded_at = datetime(recorded_on.year, recorded_on.month, recorded_on.day)
        clock = tags.get(26, b"")
        if len(clock) >= 3 and clock[0] < 24 and clock[1] < 60 and clock[2] < 60:
            recorded_at = recorded_at.replace(hour=clock[0], minute=clock[1], second=clock[2])
    sexes: Mapping[bytes, Sex] = {b"\x01": "male", b"\x02": "female"}
    return ScpHeader(
        sex=sexes.get(tags.get(8, b"")[:1]),
        age_years=_age_years(tags, recorded_on),
        recorded_at=recorded_at,
        device=_device(device_tag, encoding),
        filters=_filters(tags),
        encoding=encoding,
    )


def read_measurements(payload: bytes) -> ScpMeasurements:
    """Read section 7: the measurements of the first reference beat, and the rates of the whole record.

    Parameters
    ----------
    payload
        The section without its header; empty when the file does not hold it.

    Notes
    -----
    Durations are differences of the vendor's own marks; the heart rate is the vendor's ventricular rate, or
    60000 / mean RR interval where it states only that.
    """
    measurements: dict[str, float] = {}
    marks: dict[str, float] = {}
    pace_marks_s: tuple[float, ...] = ()
    if len(payload) >= 6:
        n_beats, n_spikes, rr_ms = struct.unpack_from("<BBH", payload)
        _put(measurements, "rr_ms", rr_ms)
        if "rr_ms" in measurements:
            measurements["heart_rate_bpm"] = 60000.0 / measurements["rr_ms"]
        if n_beats and len(payload) >= 22:
            p_on, p_end, qrs_on, qrs_end, t_end, *axes = struct.unpack_from("<5H3h", payload, 6)
            _span(measurements, "p_ms", p_on, p_end)
            _span(measurements, "pr_ms", p_on, qrs_on)
            _span(measurements, "qrs_ms", qrs_on, qrs_end)
            _span(measurements, "qt_ms", qrs_on, t_end)
            for name, axis in zip(("p_axis_deg", "qrs_axis_deg", "t_axis_deg"), axes, strict=True):
                if -360 <= axis <= 360:
                    measurements[name] = float(axis)
            if "qrs_ms" in measurements:
                marks = {"qrs_onset_ms": float(qrs_on), "qrs_end_ms": float(qrs_end)}
        spikes = 6 + 16 * n_beats
        if n_spikes not in _NO_VALUE and len(payload) >= spikes + 4 * n_spikes:
            times_ms = [struct.unpack_from("<H", payload, spikes + 4 * k)[0] for k in range(n_spikes)]
            pace_marks_s = tuple(time / 1000.0 for time in times_ms if time not in _NO_VALUE)
            _rates(measurements, payload, spikes + 10 * n_spikes)
    return ScpMeasurements(measurements=measurements, beat_marks_ms=marks, pace_marks_s=pace_marks_s)


def read_statements(payload: bytes, encoding: str) -> tuple[str, ...]:
    """Read section 8: the interpretation, one text per statement, empty ones left out."""
    statements = []
    offset = 9
    for _ in range(payload[8] if len(payload) > 8 else 0):
        if offset + 3 > len(payload):
            break
        (length,) = struct.unpack_from("<H", payload, offset + 1)
        statements.append(_text(payload[offset + 3 : offset + 3 + length], encoding))
        offset += 3 + length
    return tuple(statement for statement in statements if statement)


def _tags(payload: bytes) -> dict[int, bytes]:
    """Read the tagged fields of section 1 (tag, length, content); of a repeated tag the first one counts."""
    tags: dict[int, bytes] = {}
    offset = 0
    while offset + 3 <= len(payload) and payload[offset] != 255:
        (length,) = struct.unpack_from("<H", payload, offset + 1)
        tags.setdefault(payload[offset], payload[offset + 3 : offset + 3 + length])
        offset += 3 + length
    return tags


def _encoding(device_tag: bytes) -> str:
    """Return the Python name of the text encoding that tag 14 announces; Latin 1 contains ASCII."""
    return _ENCODINGS.get(device_tag[16], "latin-1") if len(device_tag) > 16 else "latin-1"


def _text(stored: bytes, encoding: str) -> str:
    text = stored.decode(encoding, errors="replace")
    return "".join(c for c in text.partition("\x00")[0] if c.isprintable()).strip()


def _date(stored: bytes) -> date | None:
    if len(stored) < 4:
        return None
    try:
        return date(*struct.unpack_from("<HBB", stored))
    except ValueError:
        return None


def _age_years(tags: Mapping[int, bytes], recorded_on: date | None) -> float | None:
    """Return the stated age, else the age from the dates of birth and recording."""
    if len(stated := tags.get(4, b"")) >= 3:
        value, unit = struct.unpack_from("<HB", stated)
        if value and unit in _YEARS_PER_AGE_UNIT:
            years = float(value * _YEARS_PER_AGE_UNIT[unit])
            return years if years < 150 else None
    born_on = _date(tags.get(5, b""))
    if born_on is None or recorded_on is None or not 0 <= (recorded_on - born_on).days < 150 * 366:
        return None
    return (recorded_on - born_on).days / _DAYS_PER_YEAR


def _device(device_tag: bytes, encoding: str) -> str | None:
    """Return model and manufacturer from tag 14."""
    model = _text(device_tag[8:14], "latin-1")
    # Behind a length byte: program revision, serial number, system software, SCP software, manufacturer.
    texts = device_tag[36:].split(b"\x00")
    maker = _text(texts[4], encoding) if len(texts) > 4 else ""
    known = [text for text in (maker, model) if text and text.lower() != "unknown"]
    return " ".join(known) or None


def _filters(tags: Mapping[int, bytes]) -> EcgFilters:
    """Read tags 27 (high-pass, 0.01 Hz), 28 (low-pass, Hz) and 29 (bits); 0 means not stated."""
    high_pass = int.from_bytes(tags.get(27, b"")[:2], "little")
    low_pass = int.from_bytes(tags.get(28, b"")[:2], "little")
    bits = tags.get(29, b"\x00")[0] if tags.get(29) else 0
    further = [text for bit, text in ((4, "artefact filter"), (8, "baseline filter")) if bits & bit]
    return EcgFilters(
        high_pass_hz=high_pass / 100.0 or None,
        low_pass_hz=float(low_pass) or None,
        notch_hz=60.0 if bits & 1 else 50.0 if bits & 2 else None,
        description=", ".join(further) or None,
    )


def _put(measurements: dict[str, float], name: str, value: int) -> None:
    if value and value not in _NO_VALUE:
        measurements[name] = float(value)


def _span(measurements: dict[str, float], name: str, begin: int, end: int) -> None:
    if begin not in _NO_VALUE and end not in _NO_VALUE and end > begin:
        measurements[name] = float(end - begin)


def _rates(measurements: dict[str, float], payload: bytes, offset: int) -> None:
    """Read ventricular rate and QTc, which follow the list of QRS types."""
    if offset + 2 > len(payload):
        return
    (n_qrs,) = struct.unpack_from("<H", payload, offset)
    offset += 2 + n_qrs
    if offset + 6 <= len(payload):
        rate_bpm, _, qtc_ms = struct.unpack_from("<3H", payload, offset)
        _put(measurements, "heart_rate_bpm", rate_bpm)
        _put(measurements, "qtc_ms", qtc_ms)
