"""Positions of electrodes from a table: name, x_mm, y_mm, z_mm."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.file_bytes import read_bytes
from resynchro.formats.table_text import cell_number, table_lines
from resynchro.record.mesh_file import FloatArray

#: Electrodes of the 12-lead ECG. RL carries no lead and may be missing.
ELECTRODES: Final = ("RA", "LA", "LL", "V1", "V2", "V3", "V4", "V5", "V6")
_SYNONYMS: Final = {"R": "RA", "L": "LA", "F": "LL", "N": "RL", "C1": "V1", "C2": "V2", "C3": "V3", "C4": "V4"} | {
    "C5": "V5",
    "C6": "V6",
}
_COLUMNS: Final = ("name", "x_mm", "y_mm", "z_mm")
_FARTHEST_MM: Final = 2000.0
_MOST_ROWS: Final = 300


def read_electrode_positions(file: str | Path) -> dict[str, FloatArray]:
    """Read where electrodes were.

    Parameters
    ----------
    file
        CSV with the header ``name,x_mm,y_mm,z_mm``, one electrode a row; ``# frame: ras`` before it says that x grows
        to the right and y to the front (``lps`` without it). Names are RA, LA, LL, RL, V1 to V6 (R, L, F, N, C1 to C6
        mean the same) or any other word, in the same frame as the heart.

    Returns
    -------
    dict
        Position by name, shape (3,), LPS [mm], at least the nine that carry the 12 leads.

    Raises
    ------
    InputError
        When the table is none, an electrode is missing, stands twice, lies outside of a patient or on another one.
    """
    try:
        return _checked(_rows(table_lines(read_bytes(Path(file)))))
    except InputError as error:
        raise InputError(str(error) if str(error).startswith(str(file)) else f"{file}: {error}") from error


def _rows(lines: list[str]) -> dict[str, FloatArray]:
    frame = "lps"
    while lines and (not lines[0].strip() or lines[0].startswith("#")):
        key, _, value = lines.pop(0)[1:].partition(":")
        frame = value.strip().lower() if key.strip().lower() == "frame" else frame
    if frame not in ("lps", "ras"):
        raise InputError(f"frame is {frame[:20]!r}, allowed are lps (DICOM) and ras (NIfTI)")
    flip = np.array([-1.0, -1.0, 1.0]) if frame == "ras" else np.ones(3)
    header = tuple(cell.strip().lower() for cell in lines[0].split(",")) if lines else ()
    if header != _COLUMNS:
        raise InputError(f"the header is {','.join(header)[:80]!r}, needed is {','.join(_COLUMNS)!r}")
    found: dict[str, FloatArray] = {}
    try:
        rows = [cells for cells in csv.reader(lines[1 : _MOST_ROWS + 2]) if cells]
    except csv.Error as error:
        raise InputError(f"is no table ({error}); save it as CSV") from error
    if len(rows) > _MOST_ROWS:
        raise InputError(f"holds more than {_MOST_ROWS} electrodes; leave some out")
    for number, cells in enumerate(rows, start=1):
        if len(cells) != len(_COLUMNS):
            raise InputError(f"row {number} has {len(cells)} cells, needed are {len(_COLUMNS)}")
        word = cells[0].strip()
        name = _SYNONYMS.get(word.upper(), word.upper() if word.upper() in (*ELECTRODES, "RL") else word)
        if not name or not name.isprintable() or len(name) > 40:
            raise InputError(f"row {number} names no electrode (1 to 40 printable letters)")
        if name in found:
            raise InputError(f"electrode {name} stands twice; leave one out")
        numbers = [cell_number(cell.strip()) for cell in cells[1:]]
        values = [value for value in numbers if value is not None and abs(value) <= _FARTHEST_MM]
        if len(values) != 3:
            raise InputError(f"row {number} ({name}): three numbers within {_FARTHEST_MM:.0f} mm are needed, in mm")
        found[name] = np.array(values) * flip
        found[name].setflags(write=False)
    return found


def _checked(found: dict[str, FloatArray]) -> dict[str, FloatArray]:
    missing = [name for name in ELECTRODES if name not in found]
    if missing:
        raise InputError(f"lacks {', '.join(missing)}; the 12 leads need {', '.join(ELECTRODES)}")
    names = [*ELECTRODES]
    places = np.array([found[name] for name in names])
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(len(names)) * 1e9
    if apart.min() < 5.0:
        one, other = divmod(int(np.argmin(apart)), len(names))
        raise InputError(
            f"{names[one]} and {names[other]} are {apart.min():.2g} mm apart, at least 5 mm are plausible; is the "
            "table in mm?"
        )
    if apart[apart < 1e8].max() < 150.0:
        raise InputError("all electrodes lie within 150 mm; a chest is wider: is the table in mm?")
    return found
