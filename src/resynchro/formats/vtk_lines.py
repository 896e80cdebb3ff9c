"""Lines of a legacy VTK file in text form, as segmentation tools write vessel centrelines."""

from __future__ import annotations

import numpy as np

from resynchro.errors import InputError
from resynchro.record.veins import FloatArray, VeinBranch

_MOST_TOKENS = 2_000_000
_MOST_POINTS = 100_000
_RADIUS_WORDS = {"radius": 2.0, "maximuminscribedsphereradius": 2.0, "diameter": 1.0, "diameter_mm": 1.0}


def read_vtk_lines(content: bytes) -> tuple[VeinBranch, ...]:
    """Read every line of a VTK file (legacy, ASCII, POLYDATA) as a branch.

    Parameters
    ----------
    content
        The bytes of the file. Its second line may say ``SPACE=RAS`` or ``SPACE=LPS``; without it LPS is taken.

    Returns
    -------
    tuple of VeinBranch
        ``vein 1``, ``vein 2`` in the order of the file, in LPS; diameters from a point array named ``Diameter`` or
        ``Radius``.

    Raises
    ------
    InputError
        For binary files, other data sets, and indices of points that do not exist.
    """
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError as error:
        raise InputError("is a binary VTK file; save it as legacy VTK in ASCII, or as CSV") from error
    head = text.splitlines()[:4]
    if len(head) < 4 or head[2].strip().upper() != "ASCII" or head[3].split()[:2] != ["DATASET", "POLYDATA"]:
        raise InputError("is no legacy VTK file of ASCII POLYDATA; save the centrelines in that form, or as CSV")
    flip = np.array([-1.0, -1.0, 1.0]) if "SPACE=RAS" in head[1].upper().replace(" ", "") else np.ones(3)
    tokens = text.split(None, _MOST_TOKENS)
    if len(tokens) > _MOST_TOKENS:
        raise InputError(f"holds more than {_MOST_TOKENS} words; thin out the centrelines")
    points = _array(tokens, "POINTS", 3) * flip
    lines = _lines(tokens, len(points))
    diameters = _diameters(tokens, len(points))
    found = []
    for number, line in enumerate(lines, start=1):
        places = points[line]
        places.setflags(write=False)
        wide = None if diameters is None else diameters[line]
        found.append(VeinBranch(name=f"vein {number}", points_mm=places, diameters_mm=wide))
    return tuple(found)


def _array(tokens: list[str], word: str, width: int) -> FloatArray:
    """Return the numbers after ``word count type``, shape (count, width)."""
    if word not in tokens:
        raise InputError(f"has no {word}; is it a file of centrelines?")
    at = tokens.index(word)
    count = _whole(tokens, at + 1)
    if not 2 <= count <= _MOST_POINTS:
        raise InputError(f"holds {count} points, allowed are 2 to {_MOST_POINTS}")
    return _floats(tokens, at + 3, count * width).reshape(count, width)


def _floats(tokens: list[str], start: int, count: int) -> FloatArray:
    cells = tokens[start : start + count]
    if len(cells) < count:
        raise InputError("ends before its last point; the file is cut off")
    try:
        values = np.array(cells, dtype=np.float64)
    except ValueError as error:
        raise InputError(f"holds words where numbers should be ({error})") from error
    if not np.isfinite(values).all():
        raise InputError("holds points that are not finite; export the centrelines again")
    return values


def _whole(tokens: list[str], at: int) -> int:
    try:
        return int(tokens[at])
    except (IndexError, ValueError) as error:
        raise InputError("is damaged: a count is missing; export the centrelines again") from error


def _lines(tokens: list[str], points: int) -> list[list[int]]:
    if "LINES" not in tokens:
        raise InputError("has no LINES; is it a surface? Save the centrelines")
    at = tokens.index("LINES")
    count, place = _whole(tokens, at + 1), at + 3
    lines: list[list[int]] = []
    if tokens[place : place + 1] == ["OFFSETS"]:
        raise InputError("is written as VTK 5.1; save it as VTK 4.2 legacy, or as CSV")
    for _ in range(min(count, len(tokens))):
        length = _whole(tokens, place)
        line = [_whole(tokens, place + 1 + index) for index in range(max(0, min(length, points)))]
        if len(line) < 2 or min(line) < 0 or max(line) >= points:
            raise InputError(f"line {len(lines) + 1} names points that do not exist, or fewer than two")
        lines.append(line)
        place += 1 + length
    if not lines:
        raise InputError("holds no line")
    return lines


def _diameters(tokens: list[str], points: int) -> FloatArray | None:
    """Return diameters from a field array or scalars of a known name, shape (points,), or None."""
    lowered = [token.lower() for token in tokens]
    for word, factor in _RADIUS_WORDS.items():
        if word not in lowered:
            continue
        at = lowered.index(word)
        if tokens[at - 1] == "SCALARS":  # SCALARS name type [count] LOOKUP_TABLE default
            start = at + 2 + (1 if tokens[at + 2 : at + 3] == ["1"] else 0)
            start += 2 if tokens[start : start + 1] == ["LOOKUP_TABLE"] else 0
        else:  # FIELD ... name components tuples type
            start = at + 4
        return factor * _floats(tokens, start, points)
    return None
