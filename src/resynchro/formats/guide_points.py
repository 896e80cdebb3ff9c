"""Guide points of the biv-me pipeline: contours of both ventricles as clouds of labelled points, one file per frame.

A folder holds ``GPFile_NNN.txt`` (x, y, z, kind, slice, weight, frame; LPS millimetres) and ``SliceInfoFile.txt``
(position, orientation and spacing of each slice). Layout: Dillon JR, et al. FIMH 2025 (the biv-me example data).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.file_bytes import read_bytes, sha256_of
from resynchro.formats.point_curves import closed_by_angle, closed_from_arcs, septum_ends
from resynchro.formats.slice_geometry import ROUNDING, checked_geometry
from resynchro.record.finding import Finding
from resynchro.record.slices import ContourStack, FloatArray, LvContours, SliceGeometry

FORMAT: Final = "biv-me guide points"
_SLICES: Final = "SliceInfoFile.txt"
#: More frames, slices and points than any examination has.
_MOST_FILES, _MOST_SLICES, _MOST_POINTS = 200, 500, 2_000_000
#: Points further than this from the plane of their slice belong to other images [mm].
_OFF_PLANE_MM = 3.0
#: Names in the file to names in the record. The septum is the left ventricle's outer wall, too: the epicardium is drawn
#: on the free wall only.
_LONG_AXIS: Final = {
    "long_axis_endo": ("LAX_LV_ENDOCARDIAL",),
    "long_axis_epi": ("LAX_LV_EPICARDIAL", "LAX_RV_SEPTUM"),
    "long_axis_rv": ("LAX_RV_FREEWALL", "LAX_RV_SEPTUM", "LAX_RV_ENDOCARDIAL"),
    "rv_epicardium": ("LAX_RV_EPICARDIAL", "SAX_RV_EPICARDIAL"),
    "aortic_valve": ("AORTA_VALVE",),
    "tricuspid_valve": ("TRICUSPID_VALVE",),
    "pulmonary_valve": ("PULMONARY_VALVE",),
}

_SHORT_AXIS: Final = ("SAX_LV_ENDOCARDIAL", "SAX_LV_EPICARDIAL")

#: Points of one frame by (kind, slice).
_Frame = dict[tuple[str, int], FloatArray]


def read_guide_points(folder: str | Path) -> ContourStack:
    """Read the contours of a folder of guide points.

    Parameters
    ----------
    folder
        With ``GPFile_*.txt`` and ``SliceInfoFile.txt``.

    Returns
    -------
    ContourStack
        Short-axis slices that have a contour in any frame, in order of position. Points are put in order by their
        angle around their middle (left ventricle) or from neighbour to neighbour (right ventricle). Insertions are the
        marked ones of the first frame that has them, else the ends of the septum.

    Raises
    ------
    InputError
        When files are missing, damaged, or the points do not lie in the slices.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: is no folder; name the folder with GPFile_*.txt and {_SLICES}")
    files = sorted(folder.glob("GPFile_*.txt"))
    if not files or len(files) > _MOST_FILES:
        raise InputError(f"{folder}: holds {len(files)} files GPFile_*.txt, 1 to {_MOST_FILES} are needed")
    contents = [read_bytes(file) for file in files]
    slices_content = read_bytes(folder / _SLICES)
    geometries = _geometries(slices_content)
    frames, slipped = _frames(files, contents)
    numbers = tuple(sorted(frames))
    parallel, findings = _short_axis(geometries, frames)
    mitral = tuple(_of_kinds(frames[number], ("MITRAL_VALVE",)) for number in numbers)
    apexes = tuple(_apex(frames[number]) for number in numbers)
    if slipped:
        message = "some points are stamped with another frame than their file; the file's name was believed"
        findings += (Finding(code="frame-stamps", message=message),)
    if numbers != tuple(range(len(numbers))):
        listed = ", ".join(map(str, numbers))
        message = f"contours are there for frames {listed} only, not for the whole beat"
        findings += (Finding(code="some-frames", message=message),)
    points = {name: tuple(_of_kinds(frames[number], kinds) for number in numbers) for name, kinds in _LONG_AXIS.items()}
    return ContourStack(
        slices=tuple(
            _contours(identity, geometries, frames, numbers, _towards_apex(frames, numbers, geometries, parallel))
            for identity in parallel
        ),
        file=str(folder),
        sha256=sha256_of(slices_content, *contents),
        base_points_mm=mitral,
        apex_mm=apexes,
        points_mm={name: arrays for name, arrays in points.items() if any(len(array) for array in arrays)},
        frame_numbers=numbers,
        findings=findings,
    )


def _text(content: bytes, name: str) -> list[str]:
    try:
        return content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{FORMAT}: {name} is no text file ({error.reason} at byte {error.start})") from error


def _numbers(words: list[str], where: str) -> FloatArray:
    try:
        values = np.array([float(word) for word in words])
    except ValueError as error:
        raise InputError(f"{FORMAT}: {where}: {str(error)[:80]}; a number is needed there") from error
    if not np.all(np.abs(values) < 1e5):
        raise InputError(f"{FORMAT}: {where}: values beyond 100 m or no numbers; the file is damaged")
    return values


def _geometries(content: bytes) -> dict[int, SliceGeometry]:
    found: dict[int, SliceGeometry] = {}
    for line, row in enumerate(_text(content, _SLICES), 1):
        words = row.split()
        if not words:
            continue
        where = f"{_SLICES} line {line}"
        try:
            position = words.index("ImagePositionPatient")
            orientation = words.index("ImageOrientationPatient")
            spacing = words.index("PixelSpacing")
            identity = int(words[next(i for i, word in enumerate(words) if word in ("sliceID:", "frameID:")) + 1])
        except (ValueError, StopIteration, IndexError) as error:
            raise InputError(
                f"{FORMAT}: {where} lacks sliceID:, ImagePositionPatient, ImageOrientationPatient or PixelSpacing"
            ) from error
        values = _numbers(
            words[position + 1 : position + 4]
            + words[orientation + 1 : orientation + 7]
            + words[spacing + 1 : spacing + 3],
            where,
        )
        if len(values) != 11:
            raise InputError(f"{FORMAT}: {where} has {len(values)} numbers, 3 + 6 + 2 are needed")
        found[identity] = checked_geometry(values[:3], values[3:6], values[6:9], (values[9], values[10]))
        if len(found) > _MOST_SLICES:
            raise InputError(f"{FORMAT}: {_SLICES} names more than {_MOST_SLICES} slices; it is damaged")
    return found


def _frames(files: list[Path], contents: list[bytes]) -> tuple[dict[int, _Frame], bool]:
    """Read all points, and whether any was stamped with another frame than its file.

    The number in the file's name is the frame. Some files also carry the points of another frame that has a file of its
    own: those copies are left out. A stamp that names another frame without being a copy is a slip of the writer (the
    example data stamp every point of one view with frame 1).
    """
    rows = {_file_number(file): _rows(file, content) for file, content in zip(files, contents, strict=True)}
    if not any(rows.values()):
        raise InputError(f"{FORMAT}: the files hold no points")
    own = {number: {row for row, stamp in stamped.items() if stamp == number} for number, stamped in rows.items()}
    slipped = False
    frames: dict[int, _Frame] = {}
    for number, stamped in rows.items():
        parts: dict[tuple[str, int], list[tuple[str, ...]]] = defaultdict(list)
        for row, stamp in stamped.items():
            if stamp != number and row in own.get(stamp, ()):
                continue
            slipped |= stamp != number
            parts[row[3], int(row[4])].append(row[:3])
        frames[number] = {
            key: _numbers([word for point in points for word in point], f"frame {number}").reshape(-1, 3)
            for key, points in parts.items()
        }
    return frames, slipped


def _file_number(file: Path) -> int:
    digits = file.stem.removeprefix("GPFile_")
    if not digits.isdecimal() or len(digits) > 6:
        raise InputError(f"{FORMAT}: {file.name} names no frame; GPFile_000.txt is the form")
    return int(digits)


def _rows(file: Path, content: bytes) -> dict[tuple[str, str, str, str, str], int]:
    """Return the points of a file, each (x, y, z, kind, slice) with the frame it is stamped with."""
    rows: dict[tuple[str, str, str, str, str], int] = {}
    number = _file_number(file)
    for line, text in enumerate(_text(content, file.name), 1):
        words = text.split()
        if not words or words[0] == "x":
            continue
        if len(words) != 7:
            raise InputError(
                f"{FORMAT}: {file.name} line {line} has {len(words)} columns, needed are x, y, z, kind, slice, "
                "weight and frame"
            )
        row = words[0], words[1], words[2], words[3], str(_whole(words[4], file, line))
        stamp = _whole(words[6], file, line)
        if row not in rows or stamp == number:
            rows[row] = stamp
        if len(rows) > _MOST_POINTS:
            raise InputError(f"{FORMAT}: {file.name} holds more than {_MOST_POINTS} points; is it damaged?")
    return rows


def _whole(word: str, file: Path, line: int) -> int:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not 0 <= value < 1e6 or value != int(value):
        raise InputError(f"{FORMAT}: {file.name} line {line}: {word[:20]!r} is no slice or frame number")
    return int(value)


def _of_kinds(frame: Mapping[tuple[str, int], FloatArray], kinds: tuple[str, ...]) -> FloatArray:
    found = [points for (kind, _), points in frame.items() if kind in kinds]
    points = np.concatenate(found) if found else np.empty((0, 3))
    points.setflags(write=False)
    return points


def _apex(frame: _Frame) -> FloatArray | None:
    points = _of_kinds(frame, ("APEX_POINT",))
    return points.mean(axis=0) if len(points) else None


def _short_axis(
    geometries: Mapping[int, SliceGeometry], frames: Mapping[int, _Frame]
) -> tuple[list[int], tuple[Finding, ...]]:
    """Return the slices with short-axis contours in order of position: the largest parallel group of them."""
    named = sorted({identity for frame in frames.values() for kind, identity in frame if kind in _SHORT_AXIS})
    if not named:
        raise InputError(f"{FORMAT}: no short-axis contour of the left ventricle is there")
    if not set(named) <= set(geometries):
        raise InputError(f"{FORMAT}: slices {sorted(set(named) - set(geometries))} are missing in {_SLICES}")
    groups = [
        [one for one in named if np.max(np.abs(geometries[one].normal - geometries[other].normal)) < 20 * ROUNDING]
        for other in named
    ]
    parallel = max(groups, key=len)
    normal = geometries[parallel[0]].normal
    findings = []
    if len(parallel) < len(named):
        others = ", ".join(str(one) for one in named if one not in parallel)
        findings.append(
            Finding(code="slice-not-parallel", message=f"slices {others} are not parallel to the others; left out")
        )
    return sorted(parallel, key=lambda one: float(geometries[one].origin_mm @ normal)), tuple(findings)


def _towards_apex(
    frames: Mapping[int, _Frame], numbers: tuple[int, ...], geometries: Mapping[int, SliceGeometry], parallel: list[int]
) -> FloatArray:
    """Return the vector from base to apex: from the valve to the apex, else towards the smaller contours."""
    for number in numbers:
        valve, apex = _of_kinds(frames[number], ("MITRAL_VALVE",)), _apex(frames[number])
        if len(valve) and apex is not None:
            return np.asarray(apex - valve.mean(axis=0), dtype=float)
    normal = geometries[parallel[0]].normal
    sizes = [
        float(np.ptp(points, axis=0).max()) if len(points) else 0.0
        for identity in (parallel[0], parallel[-1])
        for points in (frames[numbers[0]].get(("SAX_LV_ENDOCARDIAL", identity), np.empty((0, 3))),)
    ]
    return normal if sizes[0] >= sizes[1] else -normal


def _contours(
    identity: int,
    geometries: Mapping[int, SliceGeometry],
    frames: Mapping[int, _Frame],
    numbers: tuple[int, ...],
    towards_apex: FloatArray,
) -> LvContours:
    geometry = geometries[identity]
    endo, epi, rv = [], [], []
    insertions: tuple[FloatArray, FloatArray] | None = None
    for number in numbers:
        frame = frames[number]
        free, septum = (_pixels(frame.get((f"SAX_RV_{part}", identity)), geometry) for part in ("FREEWALL", "SEPTUM"))
        inner = _pixels(frame.get(("SAX_LV_ENDOCARDIAL", identity)), geometry)
        free_wall = _pixels(frame.get(("SAX_LV_EPICARDIAL", identity)), geometry)
        outer = np.concatenate([free_wall, septum]) if free_wall is not None and septum is not None else free_wall
        endo.append(closed_by_angle(inner))
        epi.append(closed_by_angle(outer))
        rv.append(closed_from_arcs(free, septum))
        if insertions is None:
            marked = _pixels(frame.get(("RV_INSERT", identity)), geometry)
            insertions = _insertions(
                marked, septum, free, outer if outer is not None else inner, geometry, towards_apex
            )
    return LvContours(
        geometry=geometry,
        endo=tuple(endo),
        epi=tuple(epi),
        anterior_insertion=None if insertions is None else insertions[0],
        inferior_insertion=None if insertions is None else insertions[1],
        rv=tuple(rv) if any(polygon is not None for polygon in rv) else (),
    )


def _pixels(points_mm: FloatArray | None, geometry: SliceGeometry) -> FloatArray | None:
    if points_mm is None or not len(points_mm):
        return None
    off_mm = np.abs((points_mm - geometry.origin_mm) @ geometry.normal)
    if float(np.median(off_mm)) > _OFF_PLANE_MM:
        raise InputError(
            f"{FORMAT}: points lie {np.median(off_mm):.1f} mm from the plane of their slice, allowed are "
            f"{_OFF_PLANE_MM:.0f} mm: {_SLICES} belongs to other images"
        )
    row, column = geometry.to_pixel(points_mm)
    return np.column_stack([row, column])


def _insertions(
    marked: FloatArray | None,
    septum: FloatArray | None,
    free: FloatArray | None,
    left: FloatArray | None,
    geometry: SliceGeometry,
    towards_apex: FloatArray,
) -> tuple[FloatArray, FloatArray] | None:
    """Return anterior and inferior insertion: seen from the apex, the septum follows the anterior one.

    Counter-clockwise as seen from the apex come the anterior insertion, the septum, the inferior insertion.
    """
    right = next((points for points in (free, septum) if points is not None and len(points) >= 3), None)
    if left is None or right is None:
        return None
    ends = marked if marked is not None and len(marked) == 2 else septum_ends(septum, left.mean(axis=0))
    if ends is None:
        return None
    centre = left.mean(axis=0)
    centre_mm, *at_mm = geometry.to_patient(
        np.array([centre[0], right[:, 0].mean(), ends[0, 0]]), np.array([centre[1], right[:, 1].mean(), ends[0, 1]])
    )
    turn = float(np.cross(at_mm[1] - centre_mm, at_mm[0] - centre_mm) @ towards_apex)
    pair = (ends[0].copy(), ends[1].copy()) if turn > 0 else (ends[1].copy(), ends[0].copy())
    for point in pair:
        point.setflags(write=False)
    return pair
