"""Gated counts of a polar map as a table, for maps exported from other programs.

::

    # rr_ms: 857
    sample,level,angle,g0,g1,g2,g3,g4,g5,g6,g7
    1,0.02,3.75,212,220,241,260,262,248,229,216

One row per sample. ``level`` runs along the long axis from 0 (valve plane) to 1 (tip of the apex), ``angle`` is in
degrees counter-clockwise from the lateral wall as seen from the apex (anterior 90, septum 180, inferior 270); ``g0``
to the last gate are the counts, at least six gates. The beat, where known, stands in the comment ``# rr_ms:``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.file_bytes import read_bytes, sha256_of
from resynchro.formats.gated_stack import GATES_RANGE
from resynchro.formats.table_text import cell_number, cells, decoded, separator_of, table_rows
from resynchro.record.gated_spect import PolarCounts

_COLUMNS: Final = ("sample", "level", "angle")
_LEAST_SAMPLES, _MOST_SAMPLES = 50, 20_000
_BEAT: Final = re.compile(r"#\s*rr_ms\s*[:=]\s*([\d.]+)", re.IGNORECASE)


def is_polar_counts_csv(head: bytes) -> bool:
    """Tell from the first 4096 bytes whether a file is such a table."""
    text = decoded(head)
    lines = [] if text is None else [line for line in text.split("\n") if line.strip() and not line.startswith("#")]
    return bool(lines) and _names(lines[0])[:3] == list(_COLUMNS)


def read_polar_counts_csv(path: Path) -> PolarCounts:
    """Read a table of gated counts per polar sample as described at the head of this module.

    Raises
    ------
    InputError
        When columns are missing, a cell is no number, a place is out of range, or there are too few samples or gates.
    """
    content = read_bytes(path)
    try:
        rows = table_rows(content, most_rows=_MOST_SAMPLES + 100)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    comments = [" ".join(row) for row in rows if row[0].startswith("#")]
    table = [row for row in rows if not row[0].startswith("#")]
    names = [] if not table else [name.lower() for name in table[0]]
    gates = len(names) - len(_COLUMNS)
    if names[:3] != list(_COLUMNS) or names[3:] != [f"g{gate}" for gate in range(gates)]:
        raise InputError(
            f"{path}: the first row reads {', '.join(names)[:120]!r}; it must read sample,level,angle,g0,g1,... "
            "without gaps"
        )
    low, high = GATES_RANGE
    if not low <= gates <= high:
        raise InputError(f"{path}: {gates} gates; {low} to {high} are read, 8 or 16 are usual")
    if not _LEAST_SAMPLES <= len(table) - 1 <= _MOST_SAMPLES:
        raise InputError(f"{path}: {len(table) - 1} samples; {_LEAST_SAMPLES} to {_MOST_SAMPLES} are read")
    values = np.array([_numbers(path, number, row, len(names)) for number, row in enumerate(table[1:], start=1)])
    level, angle_deg, counts = values[:, 0], values[:, 1], values[:, 2:]
    if (level < 0.0).any() or (level > 1.0).any() or (np.abs(angle_deg) > 720.0).any():
        raise InputError(f"{path}: level must lie in 0 (valve plane) to 1 (apex) and angle in degrees")
    if (counts < 0.0).any() or not 0.0 < counts.sum() < 1e30:
        raise InputError(f"{path}: counts must not be negative, and not all zero")
    angle_deg = angle_deg % 360.0
    for array in (level, angle_deg, counts):
        array.setflags(write=False)
    return PolarCounts(
        counts=counts,
        level=level,
        angle_deg=angle_deg,
        file=str(path),
        format="polar CSV",
        sha256=sha256_of(content),
        source="as given in the table",
        rr_s=_rr_s(path, comments),
    )


def _names(line: str) -> list[str]:
    return [name.lower() for name in cells(line, separator_of(line))]


def _numbers(path: Path, row_number: int, row: list[str], width: int) -> list[float]:
    found = [cell_number(cell) for cell in row[1:]]
    if len(row) != width or any(value is None for value in found):
        raise InputError(f"{path}: sample row {row_number} needs {width} cells with a number in each, got {row[:6]}")
    return [float(value) for value in found if value is not None]


def _rr_s(path: Path, comments: list[str]) -> float | None:
    for comment in comments:
        if found := _BEAT.match(comment):
            rr_ms = cell_number(found[1])
            if rr_ms is None or not 250.0 <= rr_ms <= 3000.0:
                raise InputError(
                    f"{path}: rr_ms is {found[1][:20]}, allowed are 250 to 3000: is the beat in milliseconds?"
                )
            return rr_ms / 1e3
    return None
