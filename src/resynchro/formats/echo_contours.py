"""Echo contours as a table: ``view,phase,x_mm,y_mm``, one row per point.

Points of one contour stand in order from one side of the annulus over the apex to the other side; the annulus itself
is left open. ``view`` is ``4CH``, ``2CH`` or ``RV``, ``phase`` is ``ED`` or ``ES``. Lines that begin with ``#`` are
comments; ``# software: NAME`` says what drew the contours::

    # software: our workstation 2.1
    view,phase,x_mm,y_mm
    4CH,ED,-18.2,90.0
    4CH,ED,-20.6,84.1
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.file_bytes import read_bytes, sha256_of
from resynchro.formats.table_text import cell_number, table_rows
from resynchro.record.echo_contours import ContourPhase, ContourView, EchoContour, EchoContours

Word = TypeVar("Word", bound=str)

_COLUMNS: Final = ("view", "phase", "x_mm", "y_mm")
_VIEWS: Final[dict[str, ContourView]] = {
    "4ch": "4CH",
    "a4c": "4CH",
    "ap4": "4CH",
    "2ch": "2CH",
    "a2c": "2CH",
    "ap2": "2CH",
    "rv": "RV",
}
_PHASES: Final[dict[str, ContourPhase]] = {"ed": "ED", "es": "ES"}
_MOST_ROWS: Final = 20_000
FEWEST_POINTS: Final = 7
#: Screen coordinates of an examination fit; pixels of a large picture or micrometres do not [mm].
_LARGEST_MM: Final = 1000.0


def read_echo_contours(path: str | Path) -> EchoContours:
    """Read the contours of one examination.

    Parameters
    ----------
    path
        Table as described at the head of this module.

    Returns
    -------
    EchoContours

    Raises
    ------
    InputError
        When columns are missing, a view or phase is unknown, a coordinate is no number, a contour has fewer than 7
        different points, or rows of one contour are torn apart by another.
    """
    path = Path(path)
    try:
        content = read_bytes(path)
        software, contours = _contours(content)
    except InputError as error:
        message = str(error)
        raise InputError(message if str(path) in message else f"{path}: {message}") from error
    return EchoContours(file=str(path), sha256=sha256_of(content), software=software, contours=contours)


def _contours(content: bytes) -> tuple[str, tuple[EchoContour, ...]]:
    rows = table_rows(content, most_rows=_MOST_ROWS)
    comments = [",".join(row) for row in rows if row[0].startswith("#")]
    header, *body = [row for row in rows if not row[0].startswith("#")] or [[]]
    names = [name.lower() for name in header]
    missing = [name for name in _COLUMNS if name not in names]
    if missing:
        raise InputError(
            f"a table of contours needs the columns {', '.join(_COLUMNS)}; missing: {', '.join(missing)} "
            f"(found {', '.join(names)[:200]!r})"
        )
    columns = [names.index(name) for name in _COLUMNS]
    points: dict[tuple[ContourView, ContourPhase], list[tuple[float, float]]] = {}
    last: tuple[ContourView, ContourPhase] | None = None
    for number, row in enumerate(body, start=2):
        if len(row) <= max(columns):
            raise InputError(f"row {number} of the table of contours has {len(row)} cells, {len(names)} are needed")
        view, phase, x, y = (row[column] for column in columns)
        key = (_known(view, _VIEWS, number), _known(phase, _PHASES, number))
        if key != last and key in points:
            raise InputError(
                f"row {number}: contour {key[0]} {key[1]} begins again; the points of one contour must stand together"
            )
        points.setdefault(key, []).append((_coordinate(x, number), _coordinate(y, number)))
        last = key
    if not points:
        raise InputError("the table of contours has a header but no points; add one row per point")
    return _software(comments), tuple(_contour(key, found) for key, found in points.items())


def _contour(key: tuple[ContourView, ContourPhase], found: list[tuple[float, float]]) -> EchoContour:
    different = [point for point, before in zip(found, [None, *found[:-1]], strict=True) if point != before]
    if len(different) > 1 and different[0] == different[-1]:
        raise InputError(
            f"contour {key[0]} {key[1]} ends where it began: leave it open at the annulus, so that the annulus and "
            "the long axis are known"
        )
    if len(different) < FEWEST_POINTS:
        raise InputError(
            f"contour {key[0]} {key[1]} has {len(different)} different points, at least {FEWEST_POINTS} are needed"
        )
    points_mm = np.array(different, dtype=np.float64)
    points_mm.setflags(write=False)
    return EchoContour(view=key[0], phase=key[1], points_mm=points_mm)


def _known(cell: str, words: dict[str, Word], number: int) -> Word:
    found = words.get(cell.lower())
    if found is None:
        raise InputError(f"row {number}: {cell[:40]!r} is not one of {', '.join(dict.fromkeys(words.values()))}")
    return found


def _coordinate(cell: str, number: int) -> float:
    value = cell_number(cell)
    if value is None or abs(value) > _LARGEST_MM:
        raise InputError(
            f"row {number}: a coordinate must be a number within {_LARGEST_MM:g} mm, got {cell[:40]!r}; "
            "is it in millimetres?"
        )
    return value


def _software(comments: list[str]) -> str:
    for comment in comments:
        key, colon, value = comment.lstrip("# ").partition(":")
        if colon and key.strip().lower() == "software" and value.strip():
            return value.strip()[:100]
    return "unknown"
