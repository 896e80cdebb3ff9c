"""Circle cvi42 strain report as text: strain of 16 segments over time. Not yet tried on a real file.

As far as its layout is documented by programs that read it: tab-separated, often UTF-16; a line titled "Left Ventricle"
and "AHA Diagram Data - 2D Short Axis Results -  Circumferential Strain (%)"; below it a row of times in ms and one row
per segment, its number first. Known variants put a pair of time and value per frame, which are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.file_bytes import sha256_of
from resynchro.formats.strain_view_checks import FEWEST_FRAMES, MOST_FRAMES, checked_view
from resynchro.formats.table_text import cell_number, cells, decoded, table_lines
from resynchro.record.finding import Finding
from resynchro.record.strain import CardiacEvents, StrainStudy, StrainType

NAME: Final = "cvi42 report"
_TITLE: Final = re.compile(
    r"AHA Diagram Data\s*-\s*2D (Short|Long) Axis Results\s*-\s*(Circumferential|Longitudinal|Radial) Strain \(%\)",
    re.IGNORECASE,
)
_SEGMENTS: Final = 16
#: Rows between the title and the row of times.
_ROWS_TO_TIMES: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    title: str
    strain_type: StrainType
    line: int


def is_cvi42_strain(content: bytes) -> bool:
    """Tell whether a file holds a strain table over AHA segments."""
    text = decoded(content)
    return text is not None and "AHA Diagram Data" in text and _TITLE.search(text) is not None


def read_cvi42_strain(content: bytes, *, rr_s: float | None = None) -> StrainStudy:
    """Read the first strain table of the left ventricle: circumferential, else longitudinal, else radial.

    Parameters
    ----------
    content
        The bytes of the file.
    rr_s
        Beat length [s]; the tables hold none, so it must be given.

    Returns
    -------
    StrainStudy
        One view, 16-segment model; that the strain is Lagrangian is assumed and a finding says so.

    Raises
    ------
    InputError
        Without `rr_s`, or when the table is laid out differently.
    """
    lines = table_lines(content)
    tables = [table for number, line in enumerate(lines) if (table := _table(line, number, lines)) is not None]
    order: tuple[StrainType, ...] = ("circumferential", "longitudinal", "radial")
    chosen = next((table for wanted in order for table in tables if table.strain_type == wanted), None)
    if chosen is None:
        raise InputError(f"{NAME}: no table 'AHA Diagram Data - 2D ... Strain (%)' of the left ventricle; export it")
    if rr_s is None:
        raise InputError(f"{NAME}: the table holds no beat length; give the RR interval of the cine (rr_s)")
    time_ms, rows = _rows(lines, chosen)
    view, remarks = checked_view(
        name="SAX" if chosen.strain_type != "longitudinal" else "LAX",
        segments=tuple(rows),
        model="aha16",
        strain_type=chosen.strain_type,
        kind="lagrangian",
        time_s=np.array(time_ms) / 1000.0,
        strain_pct=np.array(list(rows.values())),
        rr_s=rr_s,
        events=CardiacEvents(),
    )
    findings = [
        Finding(code="format-untried", message=f"the reader of {NAME} was not tried on a real file; check the curves"),
        Finding(code="kind-assumed", message="kind of strain not stated; taken as lagrangian, 100 (L/L0 - 1)"),
    ]
    others = [table.title for table in tables if table is not chosen]
    if others:
        findings.append(Finding(code="tables-not-read", message=f"tables not read: {'; '.join(others)[:300]}"))
    missing = sorted(set(range(1, _SEGMENTS + 1)) - set(rows))
    if missing:
        findings.append(
            Finding(code="segments-missing", message=f"no curve for segments {', '.join(map(str, missing))} of 16")
        )
    return StrainStudy(
        file="",
        format=NAME,
        sha256=sha256_of(content),
        views=(view,),
        model="aha16",
        strain_type=chosen.strain_type,
        modality="cmr",
        engine="Circle cvi42",
        findings=(*findings, *remarks),
    )


def _table(line: str, number: int, lines: list[str]) -> _Table | None:
    match = _TITLE.search(line)
    if match is None:
        return None
    around = " ".join(lines[max(0, number - 1) : number + 1]).lower()
    if "right ventric" in around and "left ventric" not in around:
        return None
    kind: Any = match.group(2).lower()
    return _Table(title=" ".join(match.group(0).split()), strain_type=kind, line=number)


def _rows(lines: list[str], table: _Table) -> tuple[list[float], dict[int, list[float]]]:
    """Return times [ms] and values by segment."""
    place, times = next(
        (
            (number, numbers)
            for number in range(table.line + 1, min(table.line + 1 + _ROWS_TO_TIMES, len(lines)))
            if len(numbers := _numbers(cells(lines[number], "\t"))) >= FEWEST_FRAMES
        ),
        (0, []),
    )
    if not FEWEST_FRAMES <= len(times) <= MOST_FRAMES:
        raise InputError(f"{NAME}: no row of times in ms below {table.title!r}; export the report again")
    rows: dict[int, list[float]] = {}
    for line in lines[place + 1 : place + 1 + 4 * _SEGMENTS]:
        filled = [cell for cell in cells(line, "\t") if cell]
        if not filled:
            if rows:
                break
            continue
        found = re.fullmatch(r"(?:AHA )?(?:Segment )?(\d{1,2})", filled[0], re.IGNORECASE)
        if found is None or not 1 <= int(found.group(1)) <= _SEGMENTS:
            break
        segment, values = int(found.group(1)), _numbers(filled[1:])
        if segment in rows:
            raise InputError(f"{NAME}: segment {segment} is there twice below {table.title!r}; export the report again")
        if len(values) != len(times) or len(filled) != len(times) + 1:
            raise InputError(
                f"{NAME}: segment {segment} has {len(filled) - 1} cells for {len(times)} times; the layout is another "
                "one than known, write the curves as CSV"
            )
        rows[segment] = values
    if not rows:
        raise InputError(f"{NAME}: no segment rows below {table.title!r}; export the report again")
    return times, rows


def _numbers(texts: list[str]) -> list[float]:
    found = (cell_number(text, decimal_comma=True) for text in texts if text)
    return [number for number in found if number is not None]
