"""Reading and writing scar per segment as a table.

::

    # model: aha17
    # method: 5 SD, drawn by hand
    segment,transmurality_mean_pct,transmurality_max_pct,area_pct,low_pct,high_pct
    1,0,0,0,,
    basal inferolateral,62.5,100,58,40,75

The first row without ``#`` names the columns: ``segment`` and ``transmurality_mean_pct`` are needed, the others are
not. Segments are numbers or names of the model (``# model:`` aha17, aha16 or aha18; aha17 when not stated). A segment
that is left out, or whose mean is empty, was not measured. Further comments: ``# scar_present: yes`` or ``no``, and
``# scar_pct_lvm:`` the share of the whole wall. Columns are parted by comma, semicolon or tab; with semicolon or tab
the decimal sign may be a comma.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from resynchro.errors import InputError
from resynchro.formats.file_bytes import read_bytes
from resynchro.formats.output_file import write_file
from resynchro.formats.table_text import cell_number, table_rows
from resynchro.record.finding import Finding
from resynchro.record.scar import ScarMap, SegmentScar
from resynchro.record.segments import SEGMENT_COUNT, SegmentModel, segment_from_name, segments_of

_MEAN = "transmurality_mean_pct"
_COLUMNS = ("segment", _MEAN, "transmurality_max_pct", "area_pct", "low_pct", "high_pct")
_MODELS: tuple[str, ...] = get_args(SegmentModel)
#: More rows than segments and comments can need.
_MOST_ROWS = 200
#: Rounding that is forgiven where one number may not exceed another [%].
_ROUNDING_PCT = 0.5
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")


def is_scar_csv(head: bytes) -> bool:
    """Tell whether the first bytes of a file are a table of scar per segment."""
    try:
        rows = [row for row in table_rows(head[:4096]) if row and not row[0].startswith("#")]
    except InputError:
        return False
    return bool(rows) and "segment" in [cell.lower() for cell in rows[0]] and _MEAN in [c.lower() for c in rows[0]]


def read_scar_csv(path: str | Path) -> ScarMap:
    """Read scar per segment from a table as described at the head of this module.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    ScarMap
        ``scar_present`` follows from the segments when the table does not state it.

    Raises
    ------
    InputError
        When columns are missing, a segment is unknown or there twice, or a value is no percentage.
    """
    path = Path(path)
    try:
        return _scar_map(read_bytes(path), str(path))
    except InputError as error:
        message = str(error)
        raise InputError(message if message.startswith(str(path)) else f"{path}: {message}") from None


def write_scar_csv(scar: ScarMap, path: str | Path) -> Path:
    """Write scar per segment as a table that `read_scar_csv` reads.

    Parameters
    ----------
    scar
        Segments without scar values are left out.
    path
        File to write; replaced in one step.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        When it cannot be written.
    """
    lines = [f"# model: {scar.model}", f"# method: {' '.join(scar.method.split())}"]
    if scar.scar_present is not None:
        lines.append(f"# scar_present: {'yes' if scar.scar_present else 'no'}")
    if scar.scar_pct_lvm is not None:
        lines.append(f"# scar_pct_lvm: {scar.scar_pct_lvm:.6g}")
    lines.append(",".join(_COLUMNS))
    for segment, values in sorted(scar.segments.items()):
        cells = (getattr(values, column) for column in _COLUMNS[1:])
        lines.append(",".join([str(segment), *("" if cell is None else f"{cell:.6g}" for cell in cells)]))
    return write_file(path, "\n".join(lines) + "\n")


def _scar_map(content: bytes, source: str) -> ScarMap:
    rows = table_rows(content, most_rows=_MOST_ROWS)
    comments = dict(_comment(row) for row in rows if row[0].startswith("#"))
    table = [row for row in rows if not row[0].startswith("#")]
    if len(table) < 2:
        raise InputError("holds no table; a row of column names and one row per segment are needed: " + _example())
    names = [cell.lower() for cell in table[0]]
    for needed in ("segment", _MEAN):
        if needed not in names:
            raise InputError(f"the first row names {', '.join(names)[:200]}; {needed} is missing: " + _example())
    repeated = {name for name in names if names.count(name) > 1 and name}
    if repeated:
        raise InputError(f"column {sorted(repeated)[0]} is there twice; each may appear once")
    model = _model(comments.get("model"))
    segments: dict[int, SegmentScar] = {}
    absent: dict[int, str] = {}
    for number, row in enumerate(table[1:], start=2):
        cells = dict(zip(names, row, strict=False))
        segment = segment_from_name(cells.get("segment", ""), model)
        if segment in segments or segment in absent:
            raise InputError(f"segment {segment} is there twice; each may appear once")
        values = _values(cells, segment, number)
        if values is None:
            absent[segment] = "left empty in the table"
        else:
            segments[segment] = values
    for segment in segments_of(model):
        if segment not in segments:
            absent.setdefault(segment, "not in the table")
    if not segments:
        raise InputError(f"no segment has a {_MEAN}; give at least one")
    return ScarMap(
        model=model,
        segments=segments,
        method=comments.get("method") or "as given",
        source=source,
        absent=absent,
        scar_present=_present(comments.get("scar_present"), segments),
        scar_pct_lvm=_share(comments.get("scar_pct_lvm")),
        findings=_findings(names, segments),
    )


def _comment(row: list[str]) -> tuple[str, str]:
    # a comment may hold the separator of the table
    key, _, value = ", ".join(row).lstrip("#").partition(":")
    return key.strip().lower().replace(" ", "_"), value.strip().rstrip(",;").strip()


def _model(text: str | None) -> SegmentModel:
    for model in get_args(SegmentModel):
        if text is None or text.lower() == model:
            return "aha17" if text is None else model
    raise InputError(f"the comment '# model:' must hold {', '.join(_MODELS)}, got {text!r}")


def _values(cells: Mapping[str, str], segment: int, row: int) -> SegmentScar | None:
    numbers = {column: _percentage(cells.get(column, ""), column, segment, row) for column in _COLUMNS[1:]}
    mean = numbers[_MEAN]
    if mean is None:
        return None
    largest, low, high = numbers["transmurality_max_pct"], numbers["low_pct"], numbers["high_pct"]
    if largest is not None and largest < mean - _ROUNDING_PCT:
        raise InputError(
            f"segment {segment}: the largest transmurality ({largest:g} %) is below the mean ({mean:g} %): are the "
            "columns swapped?"
        )
    if low is not None and high is not None and low > high + _ROUNDING_PCT:
        raise InputError(f"segment {segment}: low_pct ({low:g}) is above high_pct ({high:g}): are the columns swapped?")
    return SegmentScar(
        transmurality_mean_pct=mean,
        transmurality_max_pct=largest,
        area_pct=numbers["area_pct"],
        low_pct=low,
        high_pct=high,
    )


def _percentage(cell: str, column: str, segment: int, row: int) -> float | None:
    text = cell.removesuffix("%").strip()
    if not text:
        return None
    number = cell_number(text, decimal_comma="," in text)
    if number is None or not 0.0 <= number <= 100.0:
        raise InputError(f"row {row}, segment {segment}: {column} must be a percentage in [0, 100], got {cell[:40]!r}")
    return number


def _share(text: str | None) -> float | None:
    if not text:
        return None
    number = cell_number(text.removesuffix("%").strip(), decimal_comma=True)
    if number is None or not 0.0 <= number <= 100.0:
        raise InputError(f"the comment '# scar_pct_lvm:' must hold a percentage in [0, 100], got {text[:40]!r}")
    return number


def _present(text: str | None, segments: Mapping[int, SegmentScar]) -> bool:
    if not text:
        return any(values.transmurality_mean_pct > 0.0 for values in segments.values())
    if text.lower() in _YES + _NO:
        return text.lower() in _YES
    raise InputError(f"the comment '# scar_present:' must hold yes or no, got {text[:40]!r}")


def _findings(names: list[str], segments: Mapping[int, SegmentScar]) -> tuple[Finding, ...]:
    findings = []
    unknown = [name for name in names if name and name not in _COLUMNS]
    if unknown:
        findings.append(
            Finding(
                code="unknown-columns", message=f"columns {', '.join(unknown)[:200]} are not known and were left out"
            )
        )
    means = [values.transmurality_mean_pct for values in segments.values()]
    if 0.0 < max(means) <= 1.0:
        findings.append(
            Finding(
                code="fractions",
                message="no transmurality exceeds 1 %: percentages are read, are these fractions of 1?",
            )
        )
    return tuple(findings)


def _example() -> str:
    return f"segment,{_MEAN} and rows such as 5,62.5 (segments 1 to {SEGMENT_COUNT['aha17']})"
