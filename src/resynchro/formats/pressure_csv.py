"""A measured left-ventricular pressure curve of one beat as a table: ``time_s,pressure_mmhg`` (or ``time_ms,...``).

Time counts from the QRS onset of the beat; rows before it are allowed. Lines that begin with ``#`` are comments.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.file_bytes import read_bytes
from resynchro.formats.table_text import cell_number, table_rows
from resynchro.record.strain import PressureTrace

_TIME_UNITS: Final = {"time_s": 1.0, "time_ms": 0.001}
_PRESSURES: Final = ("pressure_mmhg", "lv_pressure_mmhg")
_FEWEST_ROWS: Final = 20
_MOST_ROWS: Final = 20_000
_RANGE_MMHG: Final = (-50.0, 400.0)
#: A ventricle that never reaches this is no left ventricle, or kilopascal.
_LEAST_PEAK_MMHG: Final = 40.0
_LONGEST_S: Final = 3.0


def read_pressure_csv(path: str | Path) -> PressureTrace:
    """Read a measured pressure curve.

    Parameters
    ----------
    path
        Table with the columns ``time_s`` or ``time_ms``, and ``pressure_mmhg`` (or ``lv_pressure_mmhg``, as in strain
        tables); others are ignored.

    Returns
    -------
    PressureTrace
        Origin ``measured``.

    Raises
    ------
    InputError
        When columns are missing, a cell is no number, times do not increase, or pressures cannot be in mmHg.
    """
    path = Path(path)
    try:
        return _pressure(read_bytes(path))
    except InputError as error:
        message = str(error)
        raise InputError(message if str(path) in message else f"{path}: {message}") from error


def _pressure(content: bytes) -> PressureTrace:
    header, *body = [row for row in table_rows(content, most_rows=_MOST_ROWS) if not row[0].startswith("#")] or [[]]
    names = [name.lower() for name in header]
    time = next((name for name in _TIME_UNITS if name in names), None)
    pressure = next((name for name in _PRESSURES if name in names), None)
    if time is None or pressure is None:
        raise InputError(
            "a pressure table needs the columns time_s (or time_ms) and pressure_mmhg, found "
            f"{', '.join(names)[:200]!r}"
        )
    columns = (names.index(time), names.index(pressure))
    rows = []
    for number, row in enumerate(body, start=2):
        cells = [cell_number(row[column]) if column < len(row) else None for column in columns]
        if None in cells:
            raise InputError(f"row {number} of the pressure table holds no number for {time} and {pressure}")
        rows.append(cells)
    if len(rows) < _FEWEST_ROWS:
        raise InputError(f"the pressure table has {len(rows)} rows; one beat with at least {_FEWEST_ROWS} is needed")
    table = np.array(rows, dtype=np.float64)
    time_s, pressure_mmhg = table[:, 0] * _TIME_UNITS[time], table[:, 1].copy()
    if np.any(np.diff(time_s) <= 0.0) or time_s[-1] - time_s[0] > _LONGEST_S:
        raise InputError(
            f"times of the pressure table must increase over one beat of at most {_LONGEST_S:g} s: give one beat only"
        )
    low, high = _RANGE_MMHG
    if pressure_mmhg.min() < low or not _LEAST_PEAK_MMHG <= pressure_mmhg.max() <= high:
        raise InputError(
            f"left-ventricular pressure must lie in [{low:g}, {high:g}] with a peak of at least {_LEAST_PEAK_MMHG:g} "
            f"mmHg, got {pressure_mmhg.min():g} to {pressure_mmhg.max():g}: is it in another unit?"
        )
    for array in (time_s, pressure_mmhg):
        array.setflags(write=False)
    return PressureTrace(time_s=time_s, pressure_mmhg=pressure_mmhg, origin="measured")
