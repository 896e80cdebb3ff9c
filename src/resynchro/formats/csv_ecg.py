"""Reading and writing ECGs as plain tables: one column per lead, one row per sample.

::

    # sampling_rate_hz: 500
    # unit: uV
    # sex: female
    # age_years: 64
    I,II,V1,V2,V3,V4,V5,V6
    -5,12,3,7,11,9,4,2

The first row without ``#`` names the columns: leads in any order and spelling, with the unit of the voltage
in the name (``I [uV]``, ``II (mV)``) or in the comment ``# unit:``; a time column (``time_s``, ``time_ms``,
``t``) may stand in for the sampling rate. Columns are parted by comma, semicolon or tab; with semicolon or
tab the decimal sign may be a comma. Empty cells are missing samples. Nothing is guessed about units.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.file_bytes import read_bytes, sha256_of
from resynchro.formats.output_file import write_file
from resynchro.formats.twelve_leads import SAMPLING_RATE_RANGE_HZ, canonical_lead, twelve_leads
from resynchro.record.ecg import LEADS, EcgFilters, EcgRecord, EcgSource, FloatArray, Sex

_MILLIVOLTS: Final = {"v": 1e3, "mv": 1.0, "uv": 1e-3, "µv": 1e-3, "μv": 1e-3}
_COLUMN: Final = re.compile(r"(.*?)\s*(?:[\[(]\s*([^\])]*?)\s*[\])]|_([uµμm]?v|s|ms))?", re.IGNORECASE)
_COMMENT: Final = re.compile(r"#+\s*([A-Za-z_ ]+?)\s*[:=]\s*(.*?)\s*")
_TIME_NAMES: Final = ("time", "t", "zeit")
_FEWEST_COLUMNS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    comments: dict[str, str]
    names: list[str]
    units: list[str | None]
    values: FloatArray  # shape (n_columns, n_rows)


def is_csv_ecg(head: bytes) -> bool:
    """Tell whether the first bytes of a file are a table.

    That is text whose first row that is no comment has `_FEWEST_COLUMNS` columns or more.

    Parameters
    ----------
    head
        First bytes of the file (4096 are plenty).
    """
    text = _text(head)
    if text is None or text.lstrip().startswith("<"):
        return False
    rows = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return bool(rows) and len(rows[0].split(_separator(rows[0]))) >= _FEWEST_COLUMNS


def read_csv_ecg(path: Path, *, uv_per_count: float | None = None, sampling_rate_hz: float | None = None) -> EcgRecord:
    """Read an ECG from a table as described at the head of this module.

    Parameters
    ----------
    path
        The file, UTF-8 or UTF-16 with byte order mark or Latin-1.
    uv_per_count
        Microvolts for a table value of 1 [µV]; replaces the unit.
    sampling_rate_hz
        Sampling rate [Hz] for a table without time column and comment.

    Returns
    -------
    EcgRecord

    Raises
    ------
    InputError
        When the unit or the sampling rate is not stated, times are not evenly spaced, or a cell is no number.
    """
    content = read_bytes(path)
    table = _table(content)
    leads_mv: dict[str, FloatArray] = {}
    counts: dict[str, FloatArray] = {}
    for name, unit, values in zip(table.names, table.units, table.values, strict=True):
        if canonical_lead(name) is None:
            continue
        if name in leads_mv:
            raise InputError(f"column {name} is there twice; each lead may appear once")
        with np.errstate(over="ignore"):  # absurd values end as missing samples
            if uv_per_count is None:
                leads_mv[name] = values * _millivolts(name, unit or table.comments.get("unit"))
            else:
                leads_mv[name] = values * (uv_per_count / 1000.0)
        counts[name] = values
    if not leads_mv:
        raise InputError(
            f"the first row names no lead of the 12-lead ECG (it reads {', '.join(table.names)[:200]}); "
            "write a first row with lead names, for example: I,II,V1,V2,V3,V4,V5,V6"
        )
    return twelve_leads(
        leads_mv,
        sampling_rate_hz=_sampling_rate_hz(table, sampling_rate_hz),
        source=EcgSource(
            file=str(path),
            format="CSV",
            sha256=sha256_of(content),
            recorded_at=_recorded_at(table.comments.get("recorded_at")),
            device=table.comments.get("device"),
            uv_per_count=uv_per_count,
            uv_per_count_overridden=uv_per_count is not None,
        ),
        filters=EcgFilters(
            high_pass_hz=_comment_number(table, "high_pass_hz", low=0.0, high=100.0),
            low_pass_hz=_comment_number(table, "low_pass_hz", low=1.0, high=1e5),
            notch_hz=_comment_number(table, "notch_hz", low=1.0, high=1e3),
        ),
        sex=_sex(table.comments.get("sex")),
        age_years=_comment_number(table, "age_years", low=0.0, high=120.0),
        raw_counts=counts,
    )


def write_csv_ecg(
    ecg: EcgRecord | Mapping[str, FloatArray],
    path: str | Path,
    *,
    sampling_rate_hz: float | None = None,
    sex: Sex | None = None,
    age_years: float | None = None,
    remark: str | None = None,
) -> None:
    """Write an ECG as a table that `read_csv_ecg` reads: microvolts, rounded to 0.1 µV.

    Parameters
    ----------
    ecg
        A record, of which the derived leads are left out so that they stay marked as derived when read again;
        or leads by name, shape (n,) [mV].
    path
        File to write; replaced in one step, so that nobody ever meets half a file.
    sampling_rate_hz, sex, age_years
        Needed (the rate) or possible when leads are given; a record brings its own.
    remark
        Free text put above the table.

    Raises
    ------
    InputError
        When leads come without a sampling rate, or the file cannot be written.
    """
    path = Path(path)
    if isinstance(ecg, EcgRecord):
        leads = {lead: ecg.lead_mv(lead) for lead in LEADS if lead not in ecg.derived_leads}
        sampling_rate_hz, sex, age_years = ecg.sampling_rate_hz, ecg.sex, ecg.age_years
    else:
        leads = dict(ecg)
    if sampling_rate_hz is None:
        raise InputError("leads without a record need a sampling rate in Hz to be written")
    head = [f"# {line}" for line in (remark or "").splitlines()]
    head.append(f"# sampling_rate_hz: {sampling_rate_hz:.10g}")
    head.append("# unit: uV")
    head.extend([f"# sex: {sex}"] if sex is not None else [])
    head.extend([f"# age_years: {age_years:g}"] if age_years is not None else [])
    head.append(",".join(leads))
    table = io.StringIO()
    np.savetxt(table, 1000.0 * np.stack(list(leads.values()), axis=1), fmt="%.1f", delimiter=",")
    write_file(path, "\n".join(head) + "\n" + table.getvalue())


def _table(content: bytes) -> _Table:
    text = _text(content)
    if text is None:
        raise InputError("is not plain text; save the table as UTF-8")
    lines = text.splitlines()
    comments: dict[str, str] = {}
    rows: list[str] = []
    for line in lines:
        if line.lstrip().startswith("#"):
            match = _COMMENT.fullmatch(line.strip())
            if match:
                comments[match.group(1).lower().replace(" ", "_")] = match.group(2)
        elif line.strip(" \t,;"):
            rows.append(line)
    if len(rows) < 2:
        raise InputError(f"the table has {len(rows)} rows; a row of lead names and one row per sample are needed")
    separator = _separator(rows[0])
    cells = [cell.strip().strip('"').strip() for cell in rows[0].split(separator)]
    if all(re.fullmatch(r"[-+]?[\d.,]*(?:e[-+]?\d+)?", cell, re.IGNORECASE) for cell in cells):
        raise InputError(
            f"the first row holds numbers ({rows[0][:60]}), lead names are needed there, for example: "
            "I,II,V1,V2,V3,V4,V5,V6"
        )
    names, units = zip(*(_name_and_unit(cell) for cell in cells), strict=True)
    return _Table(
        comments=comments,
        names=list(names),
        units=list(units),
        values=_values(rows[1:], separator, cells),
    )


def _values(rows: list[str], separator: str, cells: list[str]) -> FloatArray:
    body = "\n".join(rows)
    if separator != "," and "," in body:
        body = body.replace(",", ".")
    body = body.replace('"', "").replace(" ", "")
    mark = re.escape(separator)
    body = re.sub(rf"(?m)(^|{mark})(?={mark}|$)", r"\1nan", body)  # empty cells
    try:
        values = np.loadtxt(io.StringIO(body), delimiter=separator, ndmin=2, comments=None)
    except ValueError as error:
        raise InputError(
            f"the table holds something that is no number, or rows of different length ({error}); every row "
            f"needs {len(cells)} numbers: {', '.join(cells)[:200]}"
        ) from error
    if values.shape[1] != len(cells):
        raise InputError(
            f"the first row names {len(cells)} columns, the rows below hold {values.shape[1]}; name every column once"
        )
    return np.ascontiguousarray(values.T)


def _name_and_unit(cell: str) -> tuple[str, str | None]:
    match = _COLUMN.fullmatch(cell)
    if match is None:
        return cell, None
    return match.group(1).strip(), match.group(2) or match.group(3)


def _millivolts(name: str, unit: str | None) -> float:
    if unit is None:
        raise InputError(
            f"the unit of column {name} is not stated; put the line '# unit: uV' (or mV) above the first "
            f"row, or the unit into the name: '{name} [uV]'"
        )
    factor = _MILLIVOLTS.get(unit.strip().lower())
    if factor is None:
        raise InputError(
            f"column {name} has the unit {unit!r}, allowed are uV, mV and V; for plain counts state the "
            "microvolts per count (--uv-per-count)"
        )
    return factor


def _sampling_rate_hz(table: _Table, given_hz: float | None) -> float:
    """Take the rate from the time column, the comment or the caller; they must not contradict each other."""
    stated = {
        "the time column": _rate_of_times_hz(table),
        "the comment sampling_rate_hz": _comment_number(
            table, "sampling_rate_hz", low=SAMPLING_RATE_RANGE_HZ[0], high=SAMPLING_RATE_RANGE_HZ[1]
        ),
        "the sampling rate given with the command": given_hz,
    }
    known = {where: rate for where, rate in stated.items() if rate is not None}
    if not known:
        raise InputError(
            "the sampling rate is not stated; put the line '# sampling_rate_hz: 500' (with the true rate) "
            "above the first row, add a column time_s, or give the rate with the command "
            "(--sampling-rate-hz)"
        )
    if max(known.values()) > 1.01 * min(known.values()):
        contradiction = ", ".join(f"{where} says {rate:g} Hz" for where, rate in known.items())
        raise InputError(f"the sampling rate is stated differently: {contradiction}; leave the wrong one out")
    return known.get("the comment sampling_rate_hz", next(iter(known.values())))


def _rate_of_times_hz(table: _Table) -> float | None:
    columns = [row for row, name in enumerate(table.names) if name.lower() in _TIME_NAMES]
    if not columns:
        return None
    row = columns[0]
    times, unit = table.values[row], (table.units[row] or "").lower()
    if times.size < 3 or not np.all(np.isfinite(times)) or times[-1] <= times[0]:
        raise InputError(f"column {table.names[row]} must hold increasing times in every row")
    step = float(times[-1] - times[0]) / (times.size - 1)
    even = times[0] + step * np.arange(times.size)
    if np.max(np.abs(times - even)) > 0.6 * step:  # room for times rounded to whole milliseconds
        late = int(np.argmax(np.abs(times - even))) + 1
        raise InputError(
            f"the times in column {table.names[row]} are not evenly spaced (largest deviation at sample "
            f"{late}); ECGs with gaps cannot be read: cut out an even part"
        )
    # Without a unit: seconds and milliseconds cannot be confused, since rates lie in [100, 32000] Hz.
    in_seconds = unit == "s" or (unit == "" and step < 0.02)
    if unit not in ("", "s", "ms"):
        raise InputError(f"column {table.names[row]} has the unit {unit!r}, allowed are s and ms")
    rate_hz = (1.0 if in_seconds else 1000.0) / step
    return float(round(rate_hz)) if abs(rate_hz - round(rate_hz)) < 1e-4 * rate_hz else rate_hz


def _comment_number(table: _Table, key: str, *, low: float, high: float) -> float | None:
    text = table.comments.get(key)
    if text is None or text == "":
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise InputError(f"the comment '# {key}:' must hold a number in [{low:g}, {high:g}], got {text!r}")
    return value


def _sex(text: str | None) -> Sex | None:
    if text is None or text == "":
        return None
    if text.lower() in ("female", "f"):
        return "female"
    if text.lower() in ("male", "m"):
        return "male"
    raise InputError(f"the comment '# sex:' must hold female or male, got {text!r}")


def _recorded_at(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"the comment '# recorded_at:' must hold an ISO date, for example 2026-03-02T09:30, got {text!r}"
        ) from None


def _separator(row: str) -> str:
    return max("\t;,", key=row.count)


def _text(content: bytes) -> str | None:
    """Decode UTF-16 with byte order mark, UTF-8 or Latin-1; None for bytes that are no text."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace").removeprefix("\ufeff")
    if b"\x00" in content:
        return None
    try:
        return content.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")
