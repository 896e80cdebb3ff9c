"""Branches of the coronary sinus from a file: centrelines (CSV or VTK), a drawing on a bullseye, or a table."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.file_bytes import read_bytes, sha256_of
from resynchro.formats.vtk_lines import read_vtk_lines
from resynchro.record.segments import segment_from_name
from resynchro.record.veins import FloatArray, LvLandmarks, VeinBranch, VeinTree

#: What one examination can plausibly hold.
_MOST_BRANCHES, _MOST_POINTS = 50, 100_000
#: No point of a patient lies farther from the scanner's origin [mm].
_FARTHEST_MM = 2000.0
_LANDMARKS = ("base_mm", "apex_mm", "anterior_insertion_mm")
_KINDS = {
    ("branch", "x_mm", "y_mm", "z_mm"): "centreline",
    ("branch", "x_mm", "y_mm", "z_mm", "diameter_mm"): "centreline",
    ("branch", "radius", "angle_deg"): "drawing",
    ("branch", "segments"): "table",
}


def read_veins(file: str | Path) -> VeinTree:
    """Read the branches of the coronary sinus.

    Parameters
    ----------
    file
        CSV, told by its header line: ``branch,x_mm,y_mm,z_mm[,diameter_mm]`` (centrelines from the coronary sinus
        outwards), ``branch,radius,angle_deg`` (points drawn on a bullseye, radius 0 apex to 1 base), or
        ``branch,segments`` (segments of the 17-segment model, separated by spaces). Comment lines ``# key: value``
        before it give ``frame`` (``lps``, the default, or ``ras``), ``base_mm``, ``apex_mm`` and
        ``anterior_insertion_mm`` (three numbers each). Or a legacy VTK file of lines in text form.

    Returns
    -------
    VeinTree
        In LPS millimetres.

    Raises
    ------
    InputError
        When the file is none of these, or holds a branch without length, a point outside of a patient, or a segment
        that does not exist.
    """
    path = Path(file)
    content = read_bytes(path)
    try:
        if content.startswith(b"# vtk DataFile"):
            branches, landmarks = read_vtk_lines(content), None
        else:
            branches, landmarks = _from_csv(_text(content))
        _check(branches)
    except InputError as error:
        raise InputError(f"{file}: {error}") from error
    return VeinTree(branches=branches, file=str(file), sha256=sha256_of(content), landmarks=landmarks)


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("is neither UTF-8 text nor a VTK file; export the veins as CSV") from error


def _from_csv(text: str) -> tuple[tuple[VeinBranch, ...], LvLandmarks | None]:
    keys: dict[str, str] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("#") and not lines:
            key, colon, value = line[1:].partition(":")
            if colon and " " not in key.strip():  # anything else is a remark
                keys[key.strip().lower()] = value.strip()
        elif line.strip():
            lines.append(line)
    if not lines:
        raise InputError("holds no header line; allowed are: " + "; ".join(",".join(names) for names in _KINDS))
    header = tuple(name.strip().lower() for name in lines[0].split(","))
    kind = _KINDS.get(header)
    if kind is None:
        raise InputError(
            f"the header is {lines[0][:80]!r}; allowed are: " + "; ".join(",".join(names) for names in _KINDS)
        )
    unknown = set(keys) - {"frame", *_LANDMARKS}
    if unknown:
        raise InputError(
            f"unknown key {sorted(unknown)[0]!r} in a comment line; allowed are frame, {', '.join(_LANDMARKS)}"
        )
    flip = _to_lps(keys.get("frame", "lps"))
    rows = _rows(lines[1:], header)
    if kind == "table":
        return tuple(_table_branch(name, cells) for name, cells in rows), _landmarks(keys, flip)
    grouped: dict[str, list[list[float]]] = {}
    for number, (name, cells) in enumerate(rows, start=1):
        grouped.setdefault(name, []).append([_number(cell, number) for cell in cells])
    build = _drawn_branch if kind == "drawing" else _centreline_branch
    return tuple(build(name, np.array(points), flip) for name, points in grouped.items()), _landmarks(keys, flip)


def _rows(lines: Sequence[str], header: Sequence[str]) -> list[tuple[str, list[str]]]:
    if len(lines) > _MOST_POINTS:
        raise InputError(f"holds {len(lines)} rows, at most {_MOST_POINTS} are read; thin out the centrelines")
    rows = []
    for number, cells in enumerate(csv.reader(lines), start=1):
        if len(cells) != len(header):
            raise InputError(f"row {number} has {len(cells)} cells, the header has {len(header)}; mend the row")
        name = cells[0].strip()
        if not name or not name.isprintable() or len(name) > 60:
            raise InputError(f"row {number} names no branch (1 to 60 printable letters); write its name")
        rows.append((name, cells[1:]))
    if not rows:
        raise InputError("holds no branch; add a row per point or branch")
    return rows


def _number(cell: str, row: int) -> float:
    try:
        value = float(cell)
    except ValueError as error:
        raise InputError(f"row {row}: {cell[:20]!r} is no number; write a decimal point") from error
    if not math.isfinite(value):
        raise InputError(f"row {row}: {cell[:20]!r} is not finite; leave the point out")
    return value


def _to_lps(frame: str) -> FloatArray:
    if frame.lower() == "lps":
        return np.ones(3)
    if frame.lower() == "ras":
        return np.array([-1.0, -1.0, 1.0])
    raise InputError(f"frame is {frame[:20]!r}, allowed are lps (DICOM) and ras (NIfTI)")


def _landmarks(keys: Mapping[str, str], flip: FloatArray) -> LvLandmarks | None:
    given = [name for name in _LANDMARKS if name in keys]
    if not given:
        return None
    if len(given) < len(_LANDMARKS):
        missing = sorted(set(_LANDMARKS) - set(given))
        raise InputError(f"{', '.join(given)} is given without {', '.join(missing)}; all three are needed")
    points = {name: _point(keys[name], name) * flip for name in _LANDMARKS}
    return LvLandmarks(**points)


def _point(text: str, name: str) -> FloatArray:
    cells = re.split(r"[\s,;]+", text.strip())
    if len(cells) != 3:
        raise InputError(f"{name} is {text[:40]!r}; three numbers in mm are needed")
    return np.array([_number(cell, 0) for cell in cells])


def _table_branch(name: str, cells: Sequence[str]) -> VeinBranch:
    words = [word for word in re.split(r"[\s;]+", cells[0].strip()) if word]
    if not words:
        raise InputError(f"branch {name!r} has no segments; leave it out or write them, for example 5 11")
    return VeinBranch(name=name, segments=tuple(sorted({segment_from_name(word, "aha17") for word in words})))


def _drawn_branch(name: str, points: FloatArray, _flip: FloatArray) -> VeinBranch:
    if points[:, 0].min() < 0.0 or points[:, 0].max() > 1.2:
        raise InputError(f"branch {name!r}: radius must lie in [0, 1.2] (0 apex, 1 base, beyond 1 above the base)")
    points.setflags(write=False)
    return VeinBranch(name=name, bullseye=points)


def _centreline_branch(name: str, points: FloatArray, flip: FloatArray) -> VeinBranch:
    places = points[:, :3] * flip
    places.setflags(write=False)
    diameters = points[:, 3].copy() if points.shape[1] > 3 else None
    if diameters is not None:
        if diameters.min() < 0.0 or diameters.max() > 40.0:
            raise InputError(f"branch {name!r}: diameters must lie in [0, 40] mm; check the unit")
        diameters.setflags(write=False)
    return VeinBranch(name=name, points_mm=places, diameters_mm=diameters)


def _check(branches: Sequence[VeinBranch]) -> None:
    if len(branches) > _MOST_BRANCHES:
        raise InputError(
            f"holds {len(branches)} branches, at most {_MOST_BRANCHES} are read; name side branches as one"
        )
    names = [branch.name for branch in branches]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"branch {twice[0]!r} stands twice; join the rows or name them apart")
    for branch in branches:
        for points in (branch.points_mm, branch.bullseye):
            if points is not None and len(points) < 2:
                raise InputError(f"branch {branch.name!r} has one point; at least two are needed")
        if branch.points_mm is not None:
            far = float(np.abs(branch.points_mm).max())
            if far > _FARTHEST_MM:
                raise InputError(
                    f"branch {branch.name!r} has a point {far:.0f} mm from the origin, at most {_FARTHEST_MM:.0f} are "
                    "plausible; check the unit (mm)"
                )
            if float(np.linalg.norm(np.diff(branch.points_mm, axis=0), axis=1).sum()) <= 0.0:
                raise InputError(f"branch {branch.name!r} has no length: all its points are the same")
