"""Reading WFDB records (PhysioNet): a text header ``.hea`` that names one or more signal files beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.file_bytes import read_bytes, sha256_of
from resynchro.formats.twelve_leads import canonical_lead, twelve_leads
from resynchro.record.ecg import EcgRecord, EcgSource, FloatArray, Sex, VendorReading
from resynchro.record.finding import Finding

if TYPE_CHECKING:
    from wfdb import Record

FORMAT_NAME: Final = "WFDB"
LARGEST_HEADER_BYTES: Final = 1024 * 1024
MOST_SIGNALS: Final = 64

_RECORD_LINE: Final = re.compile(
    rb"[ \t]*[-\w]+(?:/\d+)?[ \t]+\d+(?:[ \t]+[\d.]+(?:[/(][^\s]*)?)?(?:[ \t]+\d+.*)?[ \t]*"
)
#: A signal or segment line: a name that is no mere number, then a number (the storage format or a length).
_SIGNAL_LINE: Final = re.compile(rb"[ \t]*(?=\S*[^\d\s+-])\S+[ \t]+\d+\S*(?:[ \t].*)?")
_PLAIN_NAME: Final = re.compile(r"[-\w]+(\.\w+)?")
#: Bits that one sample takes in the signal file, and the stored number that means "no sample"
#: (https://physionet.org/physiotools/wag/signal-5.htm).
_BITS: Final = {
    "8": 8,
    "16": 16,
    "24": 24,
    "32": 32,
    "61": 16,
    "80": 8,
    "160": 16,
    "212": 12,
    "310": 10,
    "311": 10,
}
_MILLIVOLTS: Final = {"V": 1e3, "MV": 1.0, "UV": 1e-3, "µV": 1e-3, "NV": 1e-6}
_COMMENT: Final = re.compile(r"<?([A-Za-z][^:<>]*)>?\s*:\s*(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comments:
    sex: Sex | None
    age_years: float | None
    statements: tuple[str, ...]


def is_wfdb_header(head: bytes) -> bool:
    """Tell whether the first bytes of a file are a WFDB header.

    Parameters
    ----------
    head
        First bytes of the file (4096 are plenty).

    Returns
    -------
    bool
        True for a text whose first line that is no comment is a record line (``name signals rate samples
        ...``).
    """
    if b"\x00" in head:
        return False
    lines = [line for line in head.splitlines() if line.strip() and not line.lstrip().startswith(b"#")]
    if len(lines) < 2:
        return False
    return _RECORD_LINE.fullmatch(lines[0]) is not None and _SIGNAL_LINE.fullmatch(lines[1]) is not None


def wfdb_header_beside(path: Path) -> Path | None:
    """Find the WFDB header that belongs to a signal file or to a record name without ending.

    Parameters
    ----------
    path
        What the user named, for example ``s0010_re.dat`` or ``s0010_re``.

    Returns
    -------
    Path or None
        ``s0010_re.hea`` when it exists and, for an existing file, names that file; else None.
    """
    for header in (path.with_suffix(".hea"), path.with_name(path.name + ".hea")) if path.name else ():
        try:
            if header == path or not header.is_file() or path.is_dir():
                continue
            with header.open("rb") as stream:
                content = stream.read(LARGEST_HEADER_BYTES)
            named = re.search(rb"(?m)^[ \t]*" + re.escape(path.name.encode()) + rb"[ \t]", content)
            if named or not path.exists():
                return header
        except (OSError, ValueError):
            continue
    return None


def read_wfdb_ecg(path: Path, *, uv_per_count: float | None = None) -> EcgRecord:
    """Read a single-segment WFDB record.

    Parameters
    ----------
    path
        The header file (``.hea``).
    uv_per_count
        Microvolts per stored count for all leads [µV]; replaces gain and baseline of the header.

    Returns
    -------
    EcgRecord
        With Frank leads where ``vx``, ``vy``, ``vz`` are there; age, sex and diagnoses from the comments.

    Raises
    ------
    InputError
        When the header or a signal file is damaged, missing, in another folder, compressed (FLAC) or in
        segments.

    Notes
    -----
    Stored values that mean "invalid sample" become missing samples. LUDB 1.0.1 states a wrong gain per lead;
    its true scale is reached with ``uv_per_count=1`` (inferred, not documented by its authors).
    """
    import wfdb

    header_bytes = read_bytes(path)
    if len(header_bytes) > LARGEST_HEADER_BYTES:
        raise InputError(f"the WFDB header holds {len(header_bytes)} bytes, no real one exceeds 1 MiB")
    if path.suffix != ".hea":
        raise InputError(f"is a WFDB header but its name ends in {path.suffix!r}; rename it to {path.stem}.hea")
    _refuse_segments(header_bytes)
    record_name = str(path.resolve().with_suffix(""))
    header = wfdb.rdheader(record_name)
    signal_files = _checked_signal_files(header, path)
    record = wfdb.rdrecord(record_name, physical=False, smooth_frames=False)
    counts, samples_per_frame = _counts(record)
    leads_mv, gain_findings = _leads_mv(record, counts, header_bytes, uv_per_count)
    comments = _comments(record.comments)
    return twelve_leads(
        leads_mv,
        sampling_rate_hz=float(record.fs) * samples_per_frame,
        source=EcgSource(
            file=str(path),
            format=FORMAT_NAME,
            sha256=sha256_of(header_bytes, *signal_files),
            recorded_at=record.base_datetime,
            uv_per_count=uv_per_count if uv_per_count is not None else _common_uv_per_count(record, counts),
            uv_per_count_overridden=uv_per_count is not None,
        ),
        vendor=VendorReading(statements=comments.statements),
        sex=comments.sex,
        age_years=comments.age_years,
        raw_counts=counts,
        findings=(*gain_findings, *_checksum_findings(record)),
    )


def _refuse_segments(header_bytes: bytes) -> None:
    lines = (line.split() for line in header_bytes.splitlines() if not line.lstrip().startswith(b"#"))
    name = next((fields[0] for fields in lines if fields), b"")
    if b"/" in name:
        raise InputError(
            f"is a WFDB record in segments ({name.decode('latin-1')}); name the header of one segment, or "
            "join them first (xform)"
        )


def _checked_signal_files(header: Record, path: Path) -> list[bytes]:
    """Check what the header claims against the bytes that are there; return the signal files."""
    if not 1 <= header.n_sig <= MOST_SIGNALS or not header.file_name:
        raise InputError(f"a WFDB record holds 1 to {MOST_SIGNALS} signals, this header states {header.n_sig}")
    if len(header.file_name) != header.n_sig:
        raise InputError(f"the WFDB header states {header.n_sig} signals but describes {len(header.file_name)}")
    contents = []
    for name in dict.fromkeys(header.file_name):
        if name is None or _PLAIN_NAME.fullmatch(name) is None:
            raise InputError(
                f"the WFDB header names the signal file {name!r}; a plain name in the same folder is allowed"
            )
        content = read_bytes(path.parent / name)
        contents.append(content)
        rows = [row for row, of_row in enumerate(header.file_name) if of_row == name]
        formats = sorted({header.fmt[row] for row in rows})
        if len(formats) > 1 or formats[0] not in _BITS:
            raise InputError(
                f"signal file {name} has format {', '.join(formats)}; one of {', '.join(_BITS)} is read "
                "(convert compressed files with xform first)"
            )
        samples_per_frame = sum(header.samps_per_frame[row] or 1 for row in rows)
        _check_size(content, name, header, rows[0], samples_per_frame)
        if any((header.skew[row] or 0) > 10_000 for row in rows):
            raise InputError(f"signal file {name} has a skew of more than 10,000 samples, which no recorder has")
    return contents


def _check_size(content: bytes, name: str, header: Record, row: int, samples_per_frame: int) -> None:
    held = (len(content) - (header.byte_offset[row] or 0)) * 8 // _BITS[header.fmt[row]]
    frames = header.sig_len
    if held < max(frames or 1, 1) * samples_per_frame:
        raise InputError(
            f"signal file {name} holds {max(held, 0)} samples, the header states {frames} x "
            f"{samples_per_frame}; the file was cut off or belongs to another header: copy both again"
        )


def _counts(record: Record) -> tuple[dict[str, FloatArray], int]:
    """Return the stored numbers of the leads, invalid samples as NaN, and their common samples per frame."""
    counts: dict[str, FloatArray] = {}
    per_frame: set[int] = set()
    for row, name in enumerate(record.sig_name):
        if canonical_lead(name or "") is None:
            continue
        if name in counts:
            raise InputError(f"lead {name} is there twice; each lead may appear once")
        samples = np.asarray(record.e_d_signal[row], dtype=np.float64)
        if record.fmt[row] != "8":
            samples[samples == -(2 ** (_BITS[record.fmt[row]] - 1))] = np.nan
        counts[name] = samples
        per_frame.add(record.samps_per_frame[row] or 1)
    if not counts:
        names = ", ".join(str(name) for name in record.sig_name)
        raise InputError(f"holds no lead of the 12-lead ECG (signals: {names}); at least I, II and V1 to V6 are needed")
    if len(per_frame) > 1:
        raise InputError(f"the ECG leads have different sampling rates ({sorted(per_frame)} samples per frame)")
    return counts, per_frame.pop()


def _leads_mv(
    record: Record, counts: dict[str, FloatArray], header_bytes: bytes, uv_per_count: float | None
) -> tuple[dict[str, FloatArray], tuple[Finding, ...]]:
    """Scale counts to millivolts by the header or by the user's factor."""
    if uv_per_count is not None:
        return {name: samples * uv_per_count / 1000.0 for name, samples in counts.items()}, ()
    leads_mv: dict[str, FloatArray] = {}
    for row, name in enumerate(record.sig_name):
        if name not in counts:
            continue
        factor = _MILLIVOLTS.get((record.units[row] or "mV").upper())
        if factor is None:
            raise InputError(
                f"lead {name} has the unit {record.units[row]!r}, allowed are V, mV, uV and nV; state the "
                "microvolts per count (--uv-per-count)"
            )
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # absurd gains end as missing samples
            leads_mv[name] = (counts[name] - record.baseline[row]) / record.adc_gain[row] * factor
    uncalibrated = _uncalibrated_leads(record, header_bytes)
    if not uncalibrated:
        return leads_mv, ()
    message = (
        f"the header gives no gain for {', '.join(uncalibrated)}; 200 counts per mV were assumed (the WFDB "
        "default): state the true microvolts per count (--uv-per-count)"
    )
    return leads_mv, (Finding(code="gain-assumed", message=message, leads=uncalibrated),)


def _uncalibrated_leads(record: Record, header_bytes: bytes) -> tuple[str, ...]:
    """Return the leads whose header line states no gain or a gain of 0; `wfdb` puts 200 for both."""
    lines = [line.split() for line in header_bytes.decode("latin-1").splitlines()]
    lines = [fields for fields in lines if fields and not fields[0].startswith("#")][1:]
    leads = []
    for fields, name in zip(lines, record.sig_name, strict=False):
        lead = canonical_lead(name or "")
        stated = re.match(r"[-+]?[\d.]+(e[-+]?\d+)?", fields[2]) if len(fields) > 2 else None
        if lead is not None and (stated is None or float(stated.group()) == 0.0):
            leads.append(lead)
    return tuple(leads)


def _common_uv_per_count(record: Record, counts: dict[str, FloatArray]) -> float | None:
    factors = {
        _MILLIVOLTS[(record.units[row] or "mV").upper()] * 1000.0 / record.adc_gain[row]
        for row, name in enumerate(record.sig_name)
        if name in counts
    }
    return factors.pop() if len(factors) == 1 else None


def _checksum_findings(record: Record) -> tuple[Finding, ...]:
    """Compare the 16-bit sum of the samples with the header's; a difference means that a file was changed."""
    damaged = []
    for row, name in enumerate(record.sig_name):
        stated, lead = record.checksum[row], canonical_lead(name or "")
        if stated is None or lead is None:
            continue
        if (int(np.sum(record.e_d_signal[row], dtype=np.int64)) - stated) % 65536 != 0:
            damaged.append(lead)
    if not damaged:
        return ()
    message = (
        f"the checksum of {', '.join(damaged)} in the header does not fit the signal file; one of the two "
        "was changed or damaged: copy the record again from its source"
    )
    return (Finding(code="checksum", message=message, leads=tuple(damaged)),)


def _comments(comments: list[str]) -> _Comments:
    """Read age, sex and diagnoses as LUDB, the PhysioNet Challenge and PTB write them."""
    sex: Sex | None = None
    age_years: float | None = None
    statements: list[str] = []
    in_diagnoses = False  # LUDB: every line after "<diagnoses>:" is one
    for comment in comments:
        text = comment.strip()
        match = _COMMENT.fullmatch(text)
        key, value = (match.group(1).strip().lower(), match.group(2).strip()) if match else ("", "")
        if in_diagnoses and text:
            statements.append(text)
        elif key in ("sex", "gender"):
            initial = value[:1].lower()
            sex = "female" if initial == "f" else "male" if initial == "m" else None
        elif key == "age" and re.fullmatch(r"\d{1,3}(\.\d+)?", value) and float(value) <= 120.0:
            age_years = float(value)
        elif key == "dx":
            statements.extend(code.strip() for code in value.split(",") if code.strip())
        elif key in ("reason for admission", "additional diagnoses") and value.lower() not in (
            "",
            "n/a",
            "no",
        ):
            statements.append(text)
        elif key == "diagnoses" and not value:
            in_diagnoses = True
    return _Comments(sex=sex, age_years=age_years, statements=tuple(statements))
