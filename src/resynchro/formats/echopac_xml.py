"""GE EchoPAC "XML" export: 18 segments of longitudinal strain in three apical views with pressure and work.

An Excel workbook in XML (`spreadsheet_xml`): sheets ``General``, ``Segments``, ``Strain Traces - 4CH`` and the
like, ``Work Traces - ...``, ``Fibre Stress Traces - ...``, ``Pressure Trace``, ``Global Traces``. The layout was
learnt from one public export. Segments are mapped by name, never by position: the sheets order them differently.
Patient name and number are not kept.

Each view is one beat with its own frame interval and length; its last sample, where every curve is back at 0, is
the end of that beat.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.formats.echopac_tables import general_table, segment_table
from resynchro.formats.file_bytes import sha256_of
from resynchro.formats.safe_xml import finite_number
from resynchro.formats.spreadsheet_xml import Row, is_spreadsheet_xml, spreadsheet_sheets
from resynchro.formats.strain_view_checks import MOST_FRAMES, checked_view, read_only
from resynchro.record.finding import Finding
from resynchro.record.segments import segment_from_name, segments_of
from resynchro.record.strain import CardiacEvents, FloatArray, PressureTrace, StrainStudy, StrainView

NAME: Final = "EchoPAC XML"
_SHEET: Final = re.compile(r"(strain|work|fibre stress|fiber stress) traces\s*-\s*(\S.*)", re.IGNORECASE)
_TRACE_NAME: Final = {"work": "work_mmhg_pct", "fibre stress": "fibre_stress", "fiber stress": "fibre_stress"}
_GLOBAL_NAME: Final = {"strain": "global_strain_pct", "work": "global_work_mmhg_pct", "stres": "global_fibre_stress"}
#: A heart rate and a trace length that differ by more than this contradict each other.
_RR_TOLERANCE: Final = 0.05
#: Left ventricular pressure beyond this is in another unit [mmHg].
_PRESSURE_RANGE_MMHG: Final = (-50.0, 400.0)


def is_echopac_xml(content: bytes) -> bool:
    """Tell whether a file is a workbook with strain traces."""
    if not is_spreadsheet_xml(content):
        return False
    return any("Strain Traces".encode(encoding) in content for encoding in ("utf-8", "utf-16-le", "utf-16-be"))


def read_echopac_xml(content: bytes, *, rr_s: float | None = None) -> StrainStudy:
    """Read an EchoPAC workbook.

    Parameters
    ----------
    content
        The bytes of the file.
    rr_s
        Beat length for every view [s]; replaces the length of the traces.

    Returns
    -------
    StrainStudy
        Longitudinal Lagrangian strain, 18-segment model, views as named in the file. The vendor's work and fibre
        stress traces are in ``vendor_traces`` (``work_mmhg_pct``, ``fibre_stress`` in the unit of the export; the
        global curves under segment 0 of ``global_...``), its numbers in ``vendor_tables``.

    Raises
    ------
    InputError
        When strain sheets are missing, a segment is unknown, or numbers are not plausible.

    Notes
    -----
    Heart rate and trace lengths may contradict each other (in the public sample 53 per minute stands beside
    traces of 1.00 to 1.05 s). The trace length is used, because the curves return to 0 at its end; the
    contradiction becomes the finding ``rr-contradiction``.
    """
    sheets = spreadsheet_sheets(content, what=NAME)
    general = general_table(sheets.get("General", []))
    findings = list(general.findings)
    views: list[StrainView] = []
    traces: dict[str, dict[int, FloatArray]] = {}
    for sheet, rows in sheets.items():
        match = _SHEET.fullmatch(sheet.strip())
        if match is None:
            continue
        quantity, view = match.group(1).lower(), match.group(2).strip()
        time_s, curves = _segment_traces(rows, sheet, findings)
        if quantity == "strain":
            length = float(time_s[-1]) if rr_s is None else rr_s
            made, remarks = _view(view, time_s, curves, general.events, length)
            views.append(made)
            findings += remarks
        else:
            _add_traces(traces, _TRACE_NAME[quantity], time_s, curves, sheet)
    if not views:
        raise InputError(
            f"{NAME}: no sheet 'Strain Traces - ...' with curves (sheets: {', '.join(sheets)[:300]}); "
            "export with strain traces"
        )
    _add_global_traces(traces, sheets.get("Global Traces", []))
    findings += _rate_findings(general.heart_rate_bpm, views, rr_s)
    present = {segment for view in views for segment in view.segments}
    missing = sorted(set(segments_of("aha18")) - present)
    if missing:
        numbers = ", ".join(str(segment) for segment in missing)
        findings.append(Finding(code="segments-missing", message=f"no curve for segments {numbers} of 18"))
    tables = segment_table(sheets.get("Segments", []), findings)
    for quantity, value in general.quantities.items():
        tables.setdefault(quantity, {})["global"] = value
    return StrainStudy(
        file="",
        format=NAME,
        sha256=sha256_of(content),
        views=tuple(views),
        model="aha18",
        strain_type="longitudinal",
        kind="lagrangian",
        modality="echo",
        engine="GE EchoPAC",
        systolic_mmhg=general.systolic_mmhg,
        diastolic_mmhg=general.diastolic_mmhg,
        heart_rate_bpm=general.heart_rate_bpm,
        pressure=_pressure(sheets.get("Pressure Trace")),
        vendor_tables=tables,
        vendor_traces=traces,
        findings=tuple(findings),
    )


def _view(
    view: str,
    time_s: NDArray[np.float64],
    curves: Mapping[int, NDArray[np.float64]],
    events: CardiacEvents,
    rr_s: float,
) -> tuple[StrainView, list[Finding]]:
    made, findings = checked_view(
        name=view,
        segments=tuple(curves),
        model="aha18",
        strain_type="longitudinal",
        kind="lagrangian",
        time_s=time_s,
        strain_pct=np.stack(list(curves.values())),
        rr_s=rr_s,
        events=events,
    )
    return made, list(findings)


def _segment_traces(
    rows: list[Row], sheet: str, findings: list[Finding]
) -> tuple[NDArray[np.float64], dict[int, NDArray[np.float64]]]:
    """Return times [s] and values by segment of a sheet whose first row names them."""
    names, body = _header(rows, f"{NAME}, sheet {sheet!r}")
    time_column, *columns = sorted(names)
    if names[time_column].lower() != "time":
        raise InputError(
            f"{NAME}, sheet {sheet!r}: the first column must be Time, got {names[time_column][:40]!r}; "
            "export the traces again"
        )
    if len(body) > MOST_FRAMES:
        raise InputError(f"{NAME}, sheet {sheet!r}: {len(body)} rows, at most {MOST_FRAMES} are read")
    time_s = _numbers(body, time_column)
    curves: dict[int, NDArray[np.float64]] = {}
    for column in columns:
        name = names[column]
        if name.lower() in ("global", "ecg"):
            findings.append(
                Finding(code="column-not-read", message=f"sheet {sheet}: the column {name} is not a segment")
            )
            continue
        segment = segment_from_name(name, "aha18")
        if segment in curves:
            raise InputError(f"{NAME}, sheet {sheet!r}: {name[:40]} is there twice; export the traces again")
        curves[segment] = _numbers(body, column)
    if not curves:
        raise InputError(f"{NAME}, sheet {sheet!r}: no column names a segment; export the traces again")
    return time_s, curves


def _header(rows: list[Row], what: str) -> tuple[Row, list[Row]]:
    if len(rows) < 2:
        raise InputError(f"{what}: no rows below the header; export the traces again")
    return rows[0], rows[1:]


def _numbers(rows: list[Row], column: int) -> NDArray[np.float64]:
    """Return a column; what is no finite number is NaN."""
    values = [finite_number(row.get(column)) for row in rows]
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _add_traces(
    traces: dict[str, dict[int, FloatArray]],
    quantity: str,
    time_s: NDArray[np.float64],
    curves: Mapping[int, NDArray[np.float64]],
    sheet: str,
) -> None:
    for segment, values in curves.items():
        known = traces.setdefault(quantity, {})
        if segment in known:
            raise InputError(f"{NAME}: segment {segment} has a second curve in sheet {sheet!r}; export the file again")
        present = np.isfinite(time_s) & np.isfinite(values)
        if present.any():
            known[segment] = read_only(np.stack([time_s[present], values[present]]))


def _add_global_traces(traces: dict[str, dict[int, FloatArray]], rows: list[Row]) -> None:
    """Add the tables of the sheet "Global Traces": several side by side, each a Time column and the next one."""
    if len(rows) < 2:
        return
    header, body = rows[0], rows[1:]
    for column, name in header.items():
        if name.lower() != "time" or column + 1 not in header:
            continue
        title = header[column + 1].lower()
        quantity = next((to for word, to in _GLOBAL_NAME.items() if word in title), None)
        if quantity is not None and quantity not in traces:
            _add_traces(traces, quantity, _numbers(body, column), {0: _numbers(body, column + 1)}, "Global Traces")


def _pressure(rows: list[Row] | None) -> PressureTrace | None:
    """Return the left ventricular pressure; it is sampled unevenly and starts before QRS onset."""
    if not rows:
        return None
    what = f"{NAME}, sheet 'Pressure Trace'"
    names, body = _header(rows, what)
    columns = sorted(names)
    if len(columns) < 2 or names[columns[0]].lower() != "time":
        raise InputError(f"{what}: columns Time and LVP are needed, found {', '.join(names.values())[:80]}")
    time_s, pressure = _numbers(body, columns[0]), _numbers(body, columns[1])
    low, high = _PRESSURE_RANGE_MMHG
    if len(time_s) > MOST_FRAMES or not (np.isfinite(time_s).all() and np.isfinite(pressure).all()):
        raise InputError(f"{what}: a cell holds no number, or there are too many rows; export the file again")
    if len(time_s) < 2 or np.diff(time_s).min() <= 0:
        raise InputError(f"{what}: times must grow from row to row; export the file again")
    if pressure.min() < low or pressure.max() > high:
        raise InputError(
            f"{what}: pressure must lie in [{low:g}, {high:g}] mmHg, "
            f"got {pressure.min():g} to {pressure.max():g}: is it in mmHg?"
        )
    return PressureTrace(time_s=read_only(time_s), pressure_mmhg=read_only(pressure), origin="exported by the vendor")


def _rate_findings(heart_rate_bpm: float | None, views: list[StrainView], rr_s: float | None) -> list[Finding]:
    if rr_s is not None:
        return [
            Finding(code="rr-given", message=f"the given RR of {1000 * rr_s:.0f} ms replaces the length of the traces")
        ]
    findings = []
    lengths = ", ".join(f"{view.name} {1000 * view.rr_s:.0f}" for view in views)
    if heart_rate_bpm is not None:
        stated = 60.0 / heart_rate_bpm
        if any(abs(view.rr_s / stated - 1.0) > _RR_TOLERANCE for view in views):
            findings.append(
                Finding(
                    code="rr-contradiction",
                    message=f"the heart rate of {heart_rate_bpm:g} per minute means an RR of {1000 * stated:.0f} ms, "
                    f"but the curves last {lengths} ms; the length of the curves is used",
                )
            )
    open_views = [view.name for view in views if float(np.abs(view.strain_pct[:, -1]).max()) > 1.0]
    if open_views:
        findings.append(
            Finding(
                code="beat-open",
                message=f"the curves of {', '.join(open_views)} do not return to 0 at their end, so that their "
                "length may not be one beat; give the RR interval if you know it",
            )
        )
    return findings
