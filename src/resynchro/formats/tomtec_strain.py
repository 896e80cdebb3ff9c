"""TomTec / VevoStrain "full data" text: named blocks of numbers. Not yet tried on a real file.

As far as its layout is documented by a program that reads it: lines ``Name=value`` or ``Name,value`` (``Bpm``), and
blocks that begin with a line naming them (``FrameTime``, ``TimeProgr``, ``Strain ...``, ``RadialStrain ...``,
``TracePointsEndoXYmm`` ...) and end with a blank line; tab- or comma-separated, one row per point of the contour and
one column per frame. Which points are which segment is not documented: the user states the view, and the points are
cut into six equal shares as in `echo_views`.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.formats.echo_views import VIEW_NAMES, EchoView, echo_view
from resynchro.formats.file_bytes import sha256_of
from resynchro.formats.strain_view_checks import MOST_FRAMES, checked_view
from resynchro.formats.table_text import cell_number, cells, decoded, separator_of, table_lines
from resynchro.record.finding import Finding
from resynchro.record.strain import CardiacEvents, StrainStudy

NAME: Final = "TomTec full data"
_HEADER: Final = re.compile(r"(Bpm|TimeProgr|FrameTime|RadialStrain(?!Rate)|Strain(?!Rate))(?![A-Za-z])(.*)", re.DOTALL)
_POINTS: Final = (6, 2000)
_SHARES: Final = 6


def is_tomtec_strain(content: bytes) -> bool:
    """Tell whether a file has a block of frame times and a block of strain."""
    text = decoded(content)
    if text is None:
        return False
    names = {match.group(1) for line in text.split("\n") if (match := _HEADER.match(line))}
    return {"FrameTime", "Strain"} <= names or {"TimeProgr", "Strain"} <= names


def read_tomtec_strain(content: bytes, *, view: str | None = None, rr_s: float | None = None) -> StrainStudy:
    """Read the strain along the contour (not the radial one) as six segments.

    Parameters
    ----------
    content
        The bytes of the file.
    view
        Which view it is, ``4CH`` and the like; the file does not say.
    rr_s
        Beat length [s]; by default 60/Bpm.

    Returns
    -------
    StrainStudy
        One view, 18-segment model, mean over the points of each sixth. The first beat of the loop.

    Raises
    ------
    InputError
        Without `view`, without a beat length, or when blocks do not fit together.
    """
    shown = _view(view)
    values, blocks = _blocks(table_lines(content))
    if "Strain" not in blocks:
        raise InputError(f"{NAME}: no block Strain with numbers; export the full data again")
    strain = blocks["Strain"]
    if not _POINTS[0] <= len(strain) <= _POINTS[1] or strain.shape[1] > MOST_FRAMES:
        raise InputError(
            f"{NAME}: the block Strain has {strain.shape[0]} points and {strain.shape[1]} frames; allowed are "
            f"{_POINTS[0]} to {_POINTS[1]} points and {MOST_FRAMES} frames"
        )
    time_s = _time_s(blocks, strain.shape[1])
    beat_s = rr_s if rr_s is not None else _beat_s(values)
    shares = np.array_split(strain, _SHARES)
    made, remarks = checked_view(
        name=shown.name,
        segments=shown.segments,
        model="aha18",
        strain_type=shown.strain_type,
        kind="lagrangian",
        time_s=time_s,
        strain_pct=np.array([share.mean(axis=0) for share in shares]),
        rr_s=beat_s,
        events=CardiacEvents(),
    )
    findings = (
        Finding(code="format-untried", message=f"the reader of {NAME} was not tried on a real file; check the curves"),
        Finding(
            code="segments-assumed",
            message=f"view {shown.name}: the file does not say which point is which segment; six equal shares in the "
            f"order {', '.join(map(str, shown.segments))}; check one of them",
        ),
        Finding(
            code="beat-assumed",
            message="the file does not say where the beat begins; the first frame is taken as QRS onset and the beat "
            f"as {1000 * beat_s:.0f} ms",
        ),
        Finding(code="kind-assumed", message="kind of strain not stated; taken as lagrangian, 100 (L/L0 - 1)"),
    )
    return StrainStudy(
        file="",
        format=NAME,
        sha256=sha256_of(content),
        views=(made,),
        model="aha18",
        strain_type=shown.strain_type,
        modality="echo",
        engine="TomTec",
        findings=(*findings, *remarks),
    )


def _view(name: str | None) -> EchoView:
    view = echo_view(name or "")
    if view is None:
        raise InputError(f"{NAME}: the file does not say its view; state one of {', '.join(VIEW_NAMES)}")
    return view


def _blocks(lines: list[str]) -> tuple[dict[str, float], dict[str, NDArray[np.float64]]]:
    """Return single values and blocks by name; the first of each name counts."""
    values: dict[str, float] = {}
    blocks: dict[str, NDArray[np.float64]] = {}
    number = 0
    while number < len(lines):
        match = _HEADER.match(lines[number])
        number += 1
        if match is None:
            continue
        name, rest = match.group(1), match.group(2)
        single = cell_number(rest.strip(" =,;\t"))
        if single is not None:
            values.setdefault(name, single)
            continue
        rows = []
        while number < len(lines) and lines[number].strip(" ,;\t"):
            separator = separator_of(lines[number])
            found = [cell_number(cell) for cell in cells(lines[number], separator)]
            row = [value for value in found if value is not None]
            if row:
                rows.append(row)
            number += 1
        if not rows or name in blocks:
            continue
        if len({len(row) for row in rows}) != 1:
            raise InputError(f"{NAME}: the rows of block {name} differ in length; export the full data again")
        blocks[name] = np.array(rows, dtype=np.float64)
    return values, blocks


def _time_s(blocks: dict[str, NDArray[np.float64]], frames: int) -> NDArray[np.float64]:
    """Return the time of each frame: progressive time, else the running sum of frame durations, both in ms."""
    if "TimeProgr" in blocks and blocks["TimeProgr"].size == frames:
        time_ms = blocks["TimeProgr"].ravel()
    elif "FrameTime" in blocks and blocks["FrameTime"].size == frames:
        time_ms = np.concatenate([[0.0], np.cumsum(blocks["FrameTime"].ravel())[:-1]])
    else:
        sizes = {name: block.size for name, block in blocks.items() if name != "Strain"}
        raise InputError(f"{NAME}: no times for {frames} frames (blocks found: {sizes}); export the full data again")
    return np.asarray((time_ms - time_ms[0]) / 1000.0, dtype=np.float64)


def _beat_s(values: dict[str, float]) -> float:
    rate = values.get("Bpm")
    if rate is None or not 20.0 <= rate <= 300.0:
        found = "is missing" if rate is None else f"is {rate:g}"
        raise InputError(f"{NAME}: the heart rate Bpm {found}, 20 to 300 is allowed; give the RR interval")
    return 60.0 / rate
