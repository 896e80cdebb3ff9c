"""The summary sheets of an EchoPAC workbook: ``General`` (patient level) and ``Segments`` (18 columns)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from resynchro.errors import InputError
from resynchro.formats.safe_xml import finite_number
from resynchro.formats.spreadsheet_xml import Row
from resynchro.record.finding import Finding
from resynchro.record.segments import segment_from_name
from resynchro.record.strain import CardiacEvents

#: Vendor's row name in ``Segments`` to ours. PSS is exported without a unit or definition.
_SEGMENT_ROWS: Final = {
    "mw": "work_index_mmhg_pct",
    "mwe": "work_efficiency_pct",
    "consw": "constructive_work_mmhg_pct",
    "wastedw": "wasted_work_mmhg_pct",
    "positivew": "positive_work_mmhg_pct",
    "negativew": "negative_work_mmhg_pct",
    "sysconsw": "systolic_constructive_work_mmhg_pct",
    "syswastedw": "systolic_wasted_work_mmhg_pct",
    "pss": "pss_pct",
}
_GENERAL_ROWS: Final = {
    "gwi": "work_index_mmhg_pct",
    "gwe": "work_efficiency_pct",
    "gcw": "constructive_work_mmhg_pct",
    "gww": "wasted_work_mmhg_pct",
    "gpw": "positive_work_mmhg_pct",
    "gnw": "negative_work_mmhg_pct",
    "gscw": "systolic_constructive_work_mmhg_pct",
    "gsww": "systolic_wasted_work_mmhg_pct",
    "ef": "ejection_fraction_pct",
}
#: Written as fractions of 1 in the sample.
_FRACTIONS: Final = ("gwe", "ef")
#: Identify the patient or carry nothing to keep.
_NOT_KEPT: Final = ("id", "name", "")
_HEART_RATE_RANGE_BPM: Final = (20.0, 300.0)
_CUFF_RANGE_MMHG: Final = (20.0, 300.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralTable:
    """What the sheet ``General`` says, without name and number of the patient.

    Attributes
    ----------
    quantities
        The vendor's global numbers by our name, percentages as percent.
    """

    events: CardiacEvents
    systolic_mmhg: float | None
    diastolic_mmhg: float | None
    heart_rate_bpm: float | None
    quantities: dict[str, float]
    findings: tuple[Finding, ...]


def general_table(rows: list[Row]) -> GeneralTable:
    """Read the sheet ``General``: one key per row, then its value or two, then perhaps a unit.

    Raises
    ------
    InputError
        For an event that is not in ms, or heart rate or cuff pressure beyond what lives.
    """
    cells: dict[str, list[str]] = {}
    for row in rows:
        key, *values = [row[column] for column in sorted(row)]
        cells.setdefault(key.strip().lower(), values)
    findings = []
    quantities: dict[str, float] = {}
    for key, name in _GENERAL_ROWS.items():
        value = finite_number(next(iter(cells.get(key, [])), None))
        if value is not None:
            quantities[name] = 100.0 * value if key in _FRACTIONS and value <= 1.5 else value + 0.0
    known = {*_GENERAL_ROWS, *_NOT_KEPT, "hr", "bp", "mvc", "avo", "avc", "mvo"}
    # Only short words can be names of quantities; anything longer may be a remark about a person.
    unread = sorted(key for key in cells if key not in known and key.isalpha() and len(key) <= 6)
    if unread:
        findings.append(
            Finding(code="rows-not-read", message=f"rows of the sheet General not read: {', '.join(unread)[:200]}")
        )
    pressures = [_number(cells, "bp", place, "cuff pressure", _CUFF_RANGE_MMHG, "mmHg") for place in (0, 1)]
    return GeneralTable(
        events=CardiacEvents(
            mvc_s=_event_s(cells, "mvc"),
            avo_s=_event_s(cells, "avo"),
            avc_s=_event_s(cells, "avc"),
            mvo_s=_event_s(cells, "mvo"),
            origin="read from the file" if {"mvc", "avo", "avc", "mvo"} & cells.keys() else "unknown",
        ),
        systolic_mmhg=pressures[0],
        diastolic_mmhg=pressures[1],
        heart_rate_bpm=_number(cells, "hr", 0, "heart rate", _HEART_RATE_RANGE_BPM, "per minute"),
        quantities=quantities,
        findings=tuple(findings),
    )


def segment_table(rows: list[Row], findings: list[Finding]) -> dict[str, dict[str, float]]:
    """Read the sheet ``Segments``: quantity to segment number (as text) to value.

    Raises
    ------
    InputError
        For a column that names no segment, or one that comes twice.
    """
    if not rows:
        return {}
    columns: dict[int, str] = {}
    for column, name in rows[0].items():
        segment = str(segment_from_name(name, "aha18"))
        if segment in columns.values():
            raise InputError(f"EchoPAC XML, sheet 'Segments': {name[:40]} is there twice; export the file again")
        columns[column] = segment
    tables: dict[str, dict[str, float]] = {}
    unread = []
    for row in rows[1:]:
        first = min(row)
        quantity = _SEGMENT_ROWS.get(row[first].strip().lower())
        if quantity is None or first in columns:
            unread.append(row[first][:20])
            continue
        values = {segment: finite_number(row.get(column)) for column, segment in columns.items()}
        # "-0" occurs; adding 0.0 makes it 0.
        tables[quantity] = {segment: value + 0.0 for segment, value in values.items() if value is not None}
    if unread:
        findings.append(
            Finding(code="rows-not-read", message=f"rows of the sheet Segments not read: {', '.join(unread)[:200]}")
        )
    return tables


def _event_s(cells: dict[str, list[str]], key: str) -> float | None:
    values = cells.get(key, [])
    value = finite_number(values[0]) if values else None
    if value is None:
        return None
    unit = values[1].strip().lower() if len(values) > 1 else "ms"
    if unit != "ms":
        raise InputError(f"EchoPAC XML: {key.upper()} is in {unit[:10]!r}, ms is needed; export the file again")
    return value / 1000.0


def _number(
    cells: dict[str, list[str]], key: str, place: int, what: str, limits: tuple[float, float], unit: str
) -> float | None:
    values = cells.get(key, [])
    value = finite_number(values[place]) if len(values) > place else None
    if value is None or value == 0.0:  # 0 stands for "not entered"
        return None
    low, high = limits
    if not low <= value <= high:
        raise InputError(f"EchoPAC XML: {what} must lie in [{low:g}, {high:g}] {unit}, got {value:g}; correct the file")
    return value
