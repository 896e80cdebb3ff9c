"""Reading EDF, EDF+ and BDF (24 bits): a text header of fixed widths, then records of integers."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.formats.edf_annotations import Annotation, annotations_of
from resynchro.formats.file_bytes import read_bytes, sha256_of
from resynchro.formats.twelve_leads import canonical_lead, twelve_leads
from resynchro.record.ecg import EcgFilters, EcgRecord, EcgSource, FloatArray, Sex, VendorReading

MOST_SIGNALS: Final = 512
#: A whole day in records of 1 s.
MOST_ANNOTATION_BLOCKS: Final = 86_400
_BDF_MAGIC: Final = b"\xffBIOSEMI"
_EDF_MAGIC: Final = b"0       "
#: Widths of the per-signal header fields, in order.
_SIGNAL_FIELDS: Final = (
    ("label", 16),
    ("transducer", 80),
    ("unit", 8),
    ("physical_min", 8),
    ("physical_max", 8),
    ("digital_min", 8),
    ("digital_max", 8),
    ("prefilter", 80),
    ("samples", 8),
    ("reserved", 32),
)
_MILLIVOLTS: Final = {"V": 1e3, "MV": 1.0, "UV": 1e-3, "µV": 1e-3, "ΜV": 1e-3, "NV": 1e-6}
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_PACE_WORDS: Final = re.compile(r"\b(pace|pacing|pacer|paced|pacemaker|stimulus|spike)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signal:
    label: str
    unit: str
    prefilter: str
    physical_min: float
    physical_max: float
    digital_min: float
    digital_max: float
    samples: int
    first: int  # position of its first sample within a data record

    @property
    def is_annotations(self) -> bool:
        return self.label.upper() in ("EDF ANNOTATIONS", "BDF ANNOTATIONS")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    patient: str
    recording: str
    start: datetime | None
    discontinuous: bool
    n_records: int
    record_s: float
    bytes_per_sample: int
    data_start: int
    signals: tuple[_Signal, ...]

    @property
    def samples_per_record(self) -> int:
        return sum(signal.samples for signal in self.signals)


def is_edf(head: bytes) -> bool:
    """Tell whether the first bytes of a file are an EDF, EDF+ or BDF header."""
    return len(head) >= 256 and head[:8] in (_EDF_MAGIC, _BDF_MAGIC) and head[252:256].strip().isdigit()


def read_edf(path: Path, *, uv_per_count: float | None = None) -> EcgRecord:
    """Read an EDF, EDF+ or BDF recording.

    Parameters
    ----------
    path
        The file.
    uv_per_count
        Microvolts per stored count for all leads [µV]; replaces the physical ranges of the header.

    Returns
    -------
    EcgRecord
        Leads by label (``I``, ``ECG V1``, ``EKG II``); stimulus annotations as pace marks; sex and age from
        the EDF+ patient field.

    Raises
    ------
    InputError
        When the header is damaged or contradicts the size of the file, the leads differ in sampling rate, the
        unit is no voltage, or an EDF+D recording has gaps.

    References
    ----------
    Kemp B, Olivan J. European data format 'plus' (EDF+). Clin Neurophysiol 2003;114:1755.
    doi:10.1016/S1388-2457(03)00123-8
    """
    content = read_bytes(path)
    header = _header(content)
    chosen = {
        signal.label: signal
        for signal in header.signals
        if not signal.is_annotations and canonical_lead(signal.label) is not None
    }
    _check_leads(header, chosen)
    notes = _annotations(content, header)
    counts = {label: _counts(content, header, signal) for label, signal in chosen.items()}
    if uv_per_count is None:
        leads_mv = {label: _millivolts(counts[label], signal) for label, signal in chosen.items()}
    else:
        leads_mv = {label: samples * uv_per_count / 1000.0 for label, samples in counts.items()}
    rate_hz = next(iter(chosen.values())).samples / header.record_s
    sex, age_years = _sex_and_age(header)
    return twelve_leads(
        leads_mv,
        sampling_rate_hz=rate_hz,
        source=EcgSource(
            file=str(path),
            format="BDF" if header.bytes_per_sample == 3 else "EDF",
            sha256=sha256_of(content),
            recorded_at=header.start,
            uv_per_count=uv_per_count,
            uv_per_count_overridden=uv_per_count is not None,
        ),
        filters=_filters(chosen),
        vendor=VendorReading(
            statements=tuple(note.text for note in notes if not _PACE_WORDS.search(note.text)),
            pace_marks_s=tuple(sorted(note.onset_s for note in notes if _PACE_WORDS.search(note.text))),
        ),
        sex=sex,
        age_years=age_years,
        raw_counts=counts,
    )


def _header(content: bytes) -> _Header:
    """Parse the header and check it against the size of the file."""
    bytes_per_sample = 3 if content[:8] == _BDF_MAGIC else 2
    text = content[:256].decode("latin-1")
    n_signals = _whole(text[252:256], "number of signals", low=1, high=MOST_SIGNALS)
    data_start = 256 * (n_signals + 1)
    if len(content) < data_start or _whole(text[184:192], "header size", low=0, high=10**8) != data_start:
        raise InputError(
            f"the header must take {data_start} bytes for {n_signals} signals, it states "
            f"{text[184:192].strip()!r} and the file holds {len(content)}; the file is damaged or cut off"
        )
    record_s = _number(text[244:252], "duration of a data record")
    if record_s <= 0.0:
        raise InputError(f"the duration of a data record must be positive, got {record_s:g} s")
    signals = _signals(content[256:data_start].decode("latin-1"), n_signals)
    record_bytes = bytes_per_sample * sum(signal.samples for signal in signals)
    held = (len(content) - data_start) // record_bytes
    n_records = _whole(text[236:244], "number of data records", low=-1, high=10**8)
    if n_records == -1:  # "unknown", allowed while recording
        n_records = held
    if not 1 <= n_records <= held:
        raise InputError(
            f"the header states {n_records} data records, the file holds {held}; it was cut off: copy or "
            "export it again"
        )
    return _Header(
        patient=text[8:88].strip(),
        recording=text[88:168].strip(),
        start=_start(text[168:176], text[176:184]),
        discontinuous=text[192:236].upper().startswith(("EDF+D", "BDF+D")),
        n_records=n_records,
        record_s=record_s,
        bytes_per_sample=bytes_per_sample,
        data_start=data_start,
        signals=signals,
    )


def _signals(text: str, n_signals: int) -> tuple[_Signal, ...]:
    columns: dict[str, list[str]] = {}
    position = 0
    for name, width in _SIGNAL_FIELDS:
        columns[name] = [
            text[position + width * row : position + width * (row + 1)].strip() for row in range(n_signals)
        ]
        position += width * n_signals
    signals: list[_Signal] = []
    first = 0
    for row, label in enumerate(columns["label"]):
        samples = _whole(columns["samples"][row], f"samples per record of {label!r}", low=1, high=10**7)
        numbers = {
            name: _number(columns[name][row], f"{name.replace('_', ' ')} of {label!r}")
            for name in ("physical_min", "physical_max", "digital_min", "digital_max")
        }
        signal = _Signal(
            label=label,
            unit=columns["unit"][row],
            prefilter=columns["prefilter"][row],
            physical_min=numbers["physical_min"],
            physical_max=numbers["physical_max"],
            digital_min=numbers["digital_min"],
            digital_max=numbers["digital_max"],
            samples=samples,
            first=first,
        )
        signals.append(signal)
        first += samples
    return tuple(signals)


def _check_leads(header: _Header, chosen: dict[str, _Signal]) -> None:
    labels = [signal.label for signal in header.signals if signal.label in chosen and not signal.is_annotations]
    if not chosen:
        found = ", ".join(signal.label for signal in header.signals)
        raise InputError(f"holds no lead of the 12-lead ECG (signals: {found}); at least I, II and V1 to V6 are needed")
    if len(labels) != len(chosen):
        raise InputError(f"a lead is there twice (signals: {', '.join(labels)}); each lead may appear once")
    if len({signal.samples for signal in chosen.values()}) > 1:
        rates = ", ".join(f"{label} {signal.samples / header.record_s:g} Hz" for label, signal in chosen.items())
        raise InputError(f"the ECG leads have different sampling rates ({rates}); export them at one rate")


def _integers(content: bytes, header: _Header, signal: _Signal) -> NDArray[np.uint8]:
    """Return the bytes of one signal, shape (n_records, samples, bytes_per_sample)."""
    width = header.bytes_per_sample
    size = header.n_records * header.samples_per_record * width
    stored = np.frombuffer(content, dtype=np.uint8, count=size, offset=header.data_start)
    records = stored.reshape(header.n_records, header.samples_per_record, width)
    return records[:, signal.first : signal.first + signal.samples]


def _counts(content: bytes, header: _Header, signal: _Signal) -> FloatArray:
    """Return the stored little-endian integers of one signal."""
    stored = _integers(content, header, signal).reshape(-1, header.bytes_per_sample).astype(np.int32)
    value = stored[:, 0] | stored[:, 1] << 8
    if header.bytes_per_sample == 3:
        value |= stored[:, 2] << 16
    sign = 1 << (8 * header.bytes_per_sample - 1)
    return ((value ^ sign) - sign).astype(np.float64)


def _millivolts(counts: FloatArray, signal: _Signal) -> FloatArray:
    factor = _MILLIVOLTS.get(signal.unit.upper())
    if factor is None:
        raise InputError(
            f"lead {signal.label!r} has the unit {signal.unit!r}, allowed are V, mV, uV and nV; state the "
            "microvolts per count (--uv-per-count)"
        )
    span = signal.digital_max - signal.digital_min
    if span <= 0.0 or signal.physical_max == signal.physical_min:
        raise InputError(
            f"lead {signal.label!r} has the digital range {signal.digital_min:g} to {signal.digital_max:g} "
            f"and the physical range {signal.physical_min:g} to {signal.physical_max:g}; neither may be "
            "empty: state the microvolts per count (--uv-per-count)"
        )
    gain = (signal.physical_max - signal.physical_min) / span
    with np.errstate(over="ignore", invalid="ignore"):  # absurd ranges end as missing samples
        return np.asarray((signal.physical_min + (counts - signal.digital_min) * gain) * factor, dtype=np.float64)


def _annotations(content: bytes, header: _Header) -> tuple[Annotation, ...]:
    """Read the EDF+ annotations; refuse a discontinuous recording whose records do not follow one another."""
    channels = [signal for signal in header.signals if signal.is_annotations]
    if not channels:
        if header.discontinuous:
            raise InputError("is a discontinuous EDF+D recording without annotations; export it as EDF+C")
        return ()
    if header.n_records * len(channels) > MOST_ANNOTATION_BLOCKS:
        raise InputError(
            f"holds {header.n_records} data records with annotations, at most {MOST_ANNOTATION_BLOCKS} are "
            "read; cut out a shorter part"
        )
    blocks = [_integers(content, header, channel) for channel in channels]
    record_starts: list[float] = []
    notes: list[Annotation] = []
    for record in range(header.n_records):
        for channel, block in enumerate(blocks):
            of_record = annotations_of(block[record].tobytes())
            if channel == 0 and of_record and not of_record[0].text:
                record_starts.append(of_record[0].onset_s)
            notes.extend(note for note in of_record if note.text)
    if header.discontinuous:
        gaps = np.abs(np.diff(record_starts) - header.record_s)
        if len(record_starts) != header.n_records or np.any(gaps > 1e-3):
            raise InputError(
                "is a discontinuous EDF+D recording with gaps between its records; export a continuous part as EDF+C"
            )
    start_s = record_starts[0] if record_starts else 0.0
    return tuple(Annotation(onset_s=note.onset_s - start_s, text=note.text) for note in notes)


def _filters(chosen: dict[str, _Signal]) -> EcgFilters:
    """Read ``HP:0.05Hz LP:150Hz N:50Hz``; the harshest setting of all leads counts."""
    description = "; ".join(dict.fromkeys(signal.prefilter for signal in chosen.values() if signal.prefilter))

    def settings(key: str) -> list[float]:
        found = re.findall(rf"\b{key}\s*:?\s*(\d+(?:\.\d+)?)\s*(m?)Hz", description, re.IGNORECASE)
        return [float(value) * (0.001 if milli else 1.0) for value, milli in found]

    return EcgFilters(
        high_pass_hz=max(settings("HP"), default=None),
        low_pass_hz=min(settings("LP"), default=None),
        notch_hz=max(settings("N"), default=None),
        description=description or None,
    )


def _sex_and_age(header: _Header) -> tuple[Sex | None, float | None]:
    """Read sex and birthdate of the EDF+ patient field ``code sex dd-MMM-yyyy name``."""
    fields = header.patient.split()
    sex: Sex | None = None
    if len(fields) >= 3 and fields[1] in ("F", "M"):
        sex = "female" if fields[1] == "F" else "male"
    born = re.fullmatch(r"(\d{2})-([A-Z]{3})-(\d{4})", fields[2].upper()) if len(fields) >= 3 else None
    if sex is None or born is None or header.start is None or born.group(2) not in _MONTHS:
        return sex, None
    month = _MONTHS.index(born.group(2)) + 1
    years = header.start.year - int(born.group(3))
    years -= (header.start.month, header.start.day) < (month, int(born.group(1)))
    return sex, float(years) if 0 <= years <= 120 else None


def _start(date: str, time: str) -> datetime | None:
    """Read ``dd.mm.yy`` and ``hh.mm.ss``; 1 January 1985 stands for "removed"."""
    match = re.fullmatch(r"(\d\d)\.(\d\d)\.(\d\d) (\d\d)\.(\d\d)\.(\d\d)", f"{date} {time}")
    if match is None:
        return None
    day, month, year, hour, minute, second = (int(group) for group in match.groups())
    try:
        start = datetime(1900 + year if year >= 85 else 2000 + year, month, day, hour, minute, second)
    except ValueError:
        return None
    return None if start == datetime(1985, 1, 1) else start


def _number(text: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"the {what} is {text.strip()!r}, a number is needed; the header is damaged")
    return value


def _whole(text: str, what: str, *, low: int, high: int) -> int:
    value = _number(text, what)
    if value != int(value) or not low <= value <= high:
        raise InputError(
            f"the {what} is {text.strip()!r}, a whole number in [{low}, {high}] is needed; the header is damaged"
        )
    return int(value)
