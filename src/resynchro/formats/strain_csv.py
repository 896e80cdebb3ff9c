"""Strain curves as a plain table, the project's own interchange: one column per segment, one row per frame.

::

    # strain_type: longitudinal
    # kind: lagrangian
    # model: aha18
    # modality: echo
    # systolic_mmhg: 118
    # view: 4CH
    # rr_ms: 905
    # avo_ms: 92
    # avc_ms: 371
    time_s,3,9,15,18,12,6
    0,0,0,0,0,0,0
    0.0167,-0.2,-0.4,-0.3,0.1,0.2,0.1
    ...
    # view: 2CH
    # rr_ms: 896
    time_s,basal inferior,mid inferior
    ...

A line ``# view:`` after the rows of a view starts the next one, with its own ``rr_ms``, events and header.
Columns are segment numbers or names; parted by comma, semicolon or tab; with semicolon or tab the decimal sign
may be a comma. The block ``# view: pressure`` holds ``time_s,lv_pressure_mmhg``. Nothing is guessed: the type of
strain must be stated, the number of segments where apical ones occur, and the beat length.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.formats.file_bytes import sha256_of
from resynchro.formats.strain_view_checks import checked_view, read_only
from resynchro.formats.table_text import cell_number, cells, decoded, separator_of, table_lines
from resynchro.record.finding import Finding
from resynchro.record.segments import SEGMENT_COUNT, SegmentModel, segment_from_name
from resynchro.record.strain import (
    CardiacEvents,
    Modality,
    PressureTrace,
    StrainKind,
    StrainStudy,
    StrainType,
    StrainView,
)

NAME: Final = "strain CSV"
_COMMENT: Final = re.compile(r"#+\s*([A-Za-z_ ]+?)\s*[:=]\s*(.*?)[\s,;]*")
_PRESSURE_COLUMN: Final = "lv_pressure_mmhg"
_STUDY_KEYS: Final = (
    "strain_type",
    "kind",
    "model",
    "modality",
    "engine",
    "systolic_mmhg",
    "diastolic_mmhg",
    "heart_rate_bpm",
    "finding",
)
_EVENT_KEYS: Final = ("mvc_ms", "avo_ms", "avc_ms", "mvo_ms")
_VIEW_KEYS: Final = ("view", "rr_ms", "rr_s", "events_origin", "pressure_origin", *_EVENT_KEYS)
_MOST_VIEWS: Final = 64


@dataclass(slots=True)
class _Block:
    """One view as it stands in the text."""

    keys: dict[str, str] = field(default_factory=dict)
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    first_line: int = 0
    decimal_comma: bool = False


def is_strain_csv(content: bytes) -> bool:
    """Tell whether a file is a table whose first row that is no comment starts with a time column."""
    text = decoded(content[:65536])
    if text is None or text.lstrip().startswith("<"):
        return False
    rows = (line for line in text.split("\n") if line.strip(" ,;\t") and not line.lstrip().startswith("#"))
    first = next(rows, "")
    columns = cells(first[:10_000], separator_of(first))
    return len(columns) >= 2 and columns[0].lower() in ("time_s", "time_ms")


def read_strain_csv(content: bytes, *, rr_s: float | None = None) -> StrainStudy:
    """Read a strain table as described at the head of this module.

    Parameters
    ----------
    content
        The bytes of the file: UTF-8, UTF-16 or Windows-1252, any line ends.
    rr_s
        Beat length of every view [s]; replaces the one in the file.

    Returns
    -------
    StrainStudy

    Raises
    ------
    InputError
        For a missing type, model or beat length, unknown segments, times that do not grow, or cells that are no
        number.
    """
    study_keys, blocks, findings = _blocks(table_lines(content))
    strain_type: StrainType = _choice(study_keys, "strain_type", get_args(StrainType), None)
    kind: StrainKind = _choice(study_keys, "kind", get_args(StrainKind), "lagrangian")
    if "kind" not in study_keys:
        findings.append(
            Finding(code="kind-assumed", message="kind of strain not stated; taken as lagrangian, 100 (L/L0 - 1)")
        )
    model = _model(study_keys, blocks)
    views: list[StrainView] = []
    pressure: PressureTrace | None = None
    for number, block in enumerate(blocks, start=1):
        name = block.keys.get("view", f"view {number}")
        values = _values(block)
        if block.header[1].lower() == _PRESSURE_COLUMN:
            pressure = _pressure(block, values)
            continue
        view, remarks = checked_view(
            name=name,
            segments=[_segment(column, model) for column in block.header[1:]],
            model=model,
            strain_type=strain_type,
            kind=kind,
            time_s=values[0],
            strain_pct=values[1:],
            rr_s=_rr_s(block, name, rr_s),
            events=_events(block, name),
        )
        views.append(view)
        findings += remarks
    if not views:
        raise InputError(f"{NAME}: no view with segments; add a header time_s,<segment>,... and its rows")
    return StrainStudy(
        file="",
        format=NAME,
        sha256=sha256_of(content),
        views=tuple(views),
        model=model,
        strain_type=strain_type,
        kind=kind,
        modality=_choice(study_keys, "modality", get_args(Modality), "unknown"),
        engine=study_keys.get("engine") or "unknown",
        systolic_mmhg=_key_number(study_keys, "systolic_mmhg", 20.0, 300.0),
        diastolic_mmhg=_key_number(study_keys, "diastolic_mmhg", 10.0, 250.0),
        heart_rate_bpm=_key_number(study_keys, "heart_rate_bpm", 20.0, 300.0),
        pressure=pressure,
        findings=tuple(findings),
    )


def _blocks(lines: list[str]) -> tuple[dict[str, str], list[_Block], list[Finding]]:
    """Cut the text into views; a comment after rows starts the next view."""
    study_keys: dict[str, str] = {}
    findings: list[Finding] = []
    blocks = [_Block()]
    separator = ","
    for number, line in enumerate(lines, start=1):
        if not line.strip(" ,;\t"):
            continue
        if line.lstrip().startswith("#"):
            if blocks[-1].rows:
                if len(blocks) >= _MOST_VIEWS:
                    raise InputError(f"{NAME}: more than {_MOST_VIEWS} views; write one examination per file")
                blocks.append(_Block())
            _take_comment(line, study_keys, blocks[-1], findings)
            continue
        block = blocks[-1]
        if not block.header:
            separator = separator_of(line)
            block.header, block.first_line = cells(line, separator), number
            block.decimal_comma = separator != ","
            if block.header[0].lower() not in ("time_s", "time_ms") or len(block.header) < 2:
                raise InputError(
                    f"{NAME}, line {number}: a header time_s,<segment>,... is needed, got {line[:60]!r}; "
                    "each view has its own header"
                )
            continue
        row = cells(line, separator)
        if len(row) != len(block.header):
            raise InputError(
                f"{NAME}, line {number}: {len(row)} cells, but the header has {len(block.header)}; fill every cell"
            )
        block.rows.append(row)
    blocks = [block for block in blocks if block.header]
    if any(not block.rows for block in blocks):
        raise InputError(f"{NAME}: a header without rows; each view needs its rows below its header")
    return study_keys, blocks, findings


def _take_comment(line: str, study_keys: dict[str, str], block: _Block, findings: list[Finding]) -> None:
    match = _COMMENT.fullmatch(line.strip())
    if match is None:
        return
    key, value = match.group(1).strip().lower().replace(" ", "_"), match.group(2)
    if key == "finding":
        code, _, message = value.partition(" ")
        findings.append(Finding(code=code, message=message or code))
        return
    known = study_keys if key in _STUDY_KEYS else block.keys if key in _VIEW_KEYS else None
    if known is None:
        return
    if known.setdefault(key, value) != value:
        raise InputError(
            f"{NAME}: {key} is stated as {known[key][:40]!r} and as {value[:40]!r}; state it once"
            + ("" if key in _STUDY_KEYS else " per view")
        )


def _choice(keys: Mapping[str, str], key: str, allowed: tuple[str, ...], default: str | None) -> Any:
    value = keys.get(key, "").strip().lower() or default
    if value not in allowed:
        found = "is missing" if value is None else f"is {value[:40]!r}"
        raise InputError(f"{NAME}: {key} {found}, allowed are {', '.join(allowed)}; add a line '# {key}: {allowed[0]}'")
    return value


def _model(keys: Mapping[str, str], blocks: list[_Block]) -> SegmentModel:
    stated: SegmentModel | None = _choice(keys, "model", tuple(SEGMENT_COUNT), None) if keys.get("model") else None
    if stated is not None:
        return stated
    columns = [name.lower() for block in blocks for name in block.header[1:]]
    if any((name.isdigit() and int(name[:9]) > 12) or "ap" in name for name in columns):
        raise InputError(
            f"{NAME}: model is missing, and apical segments mean different walls in each; add a line '# model: aha17' "
            "(four apical segments), aha16 or aha18 (six)"
        )
    return "aha17"


def _segment(column: str, model: SegmentModel) -> int:
    try:
        return segment_from_name(column, model)
    except InputError as error:
        raise InputError(f"{NAME}: column {error}") from error


def _values(block: _Block) -> NDArray[np.float64]:
    """Return the numbers of a block, shape (columns, rows); time in s, blank cells NaN."""
    values = np.full((len(block.header), len(block.rows)), np.nan)
    for place, row in enumerate(block.rows):
        for column, cell in enumerate(row):
            if not cell:
                continue
            number = cell_number(cell, decimal_comma=block.decimal_comma)
            if number is None and cell.lower() not in ("nan", "na", "-"):
                raise InputError(
                    f"{NAME}, row {place + 1} below the header in line {block.first_line}: {cell[:30]!r} in column "
                    f"{block.header[column][:30]!r} is no number; leave missing values blank"
                )
            values[column, place] = np.nan if number is None else number
    if block.header[0].lower() == "time_ms":
        values[0] /= 1000.0
    return values


def _pressure(block: _Block, values: NDArray[np.float64]) -> PressureTrace:
    if len(values) != 2 or not np.isfinite(values).all() or values.shape[1] < 2 or np.diff(values[0]).min() <= 0:
        raise InputError(f"{NAME}: the pressure needs two columns without gaps and times that grow")
    if values[1].min() < -50 or values[1].max() > 400:
        raise InputError(
            f"{NAME}: pressure must lie in [-50, 400] mmHg, got {values[1].min():g} to {values[1].max():g}: is it mmHg?"
        )
    return PressureTrace(
        time_s=read_only(values[0]),
        pressure_mmhg=read_only(values[1]),
        origin=block.keys.get("pressure_origin") or "read from the file",
    )


def _rr_s(block: _Block, name: str, given_s: float | None) -> float:
    if given_s is not None:
        return given_s
    in_ms = _key_number(block.keys, "rr_ms", 0.0, 1e5)
    in_s = _key_number(block.keys, "rr_s", 0.0, 100.0)
    if in_ms is not None and in_s is not None:
        raise InputError(f"{NAME}, {name}: rr_ms and rr_s are both stated; keep one")
    if in_ms is None and in_s is None:
        raise InputError(
            f"{NAME}, {name}: the beat length is missing; add a line '# rr_ms: 850' (RR interval of this view)"
        )
    return in_ms / 1000.0 if in_ms is not None else float(in_s or 0.0)


def _events(block: _Block, name: str) -> CardiacEvents:
    ms = {key: _key_number(block.keys, key, -1e4, 1e4) for key in _EVENT_KEYS}
    seconds = [None if ms[key] is None else float(ms[key] or 0.0) / 1000.0 for key in _EVENT_KEYS]
    stated = any(value is not None for value in seconds)
    return CardiacEvents(
        mvc_s=seconds[0],
        avo_s=seconds[1],
        avc_s=seconds[2],
        mvo_s=seconds[3],
        origin=block.keys.get("events_origin") or ("read from the file" if stated else "unknown"),
    )


def _key_number(keys: Mapping[str, str], key: str, low: float, high: float) -> float | None:
    text = keys.get(key)
    if not text:
        return None
    number = cell_number(text, decimal_comma="," in text)
    if number is None or not low <= number <= high:
        raise InputError(f"{NAME}: {key} must be a number in [{low:g}, {high:g}], got {text[:40]!r}")
    return number
