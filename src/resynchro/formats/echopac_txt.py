"""GE EchoPAC text export of one view: "Local Traces SL in %", six curves named by colour only.

Which segment a colour stands for depends on the view and is not in the file: the user states it. The marker times of
the header and the time column of the rows do not share a time base (frame rate 63 beside rows at 60 per second in the
known file), so markers become rows by time x frame rate; curves are 0 in the marker rows, which settles the last row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.formats.echo_views import VIEW_NAMES, EchoView, echo_view, view_of_segments
from resynchro.formats.echopac_markers import BeatMarkers, beat_markers, es_finding
from resynchro.formats.file_bytes import sha256_of
from resynchro.formats.strain_view_checks import MOST_FRAMES, checked_view
from resynchro.formats.table_text import cell_number, decoded, table_lines
from resynchro.record.finding import Finding
from resynchro.record.segments import checked_segment, segment_from_name
from resynchro.record.strain import CardiacEvents, StrainStudy, StrainType

NAME: Final = "EchoPAC local traces"
_TITLE: Final = re.compile(r"\s*Local Traces\s+(\S+)\s+in\s+(\S+)", re.IGNORECASE)
#: SL was seen in a file; the two others follow the same scheme and were not.
_STRAIN_TYPE: Final[dict[str, StrainType]] = {"SL": "longitudinal", "SC": "circumferential", "SR": "radial"}
_NOT_SEGMENTS: Final = ("GLOBAL", "ECG")
#: A marker row is looked for this far from where time x frame rate puts it.
_ROWS_AROUND: Final = 2


def is_echopac_txt(content: bytes) -> bool:
    """Tell whether a file starts with the title of a local trace export."""
    text = decoded(content[:4096])
    return text is not None and _TITLE.match(text) is not None


def read_echopac_txt(
    content: bytes,
    *,
    view: str | None = None,
    colours: Mapping[str, int | str] | None = None,
    rr_s: float | None = None,
) -> StrainStudy:
    """Read the beat between the markers.

    Parameters
    ----------
    content
        The bytes of the file.
    view
        Name of the view; found from the segments where it is None.
    colours
        Segment (number or name, 18-segment model) by colour: ``{"YELLOW": "basal inferoseptal", ...}``.
    rr_s
        Beat length [s]; by default the time between the markers. The rows between them are spread over it.

    Returns
    -------
    StrainStudy
        One view, 18-segment model.

    Raises
    ------
    InputError
        Without `colours`, for rows that do not fit the header, or markers outside the rows.
    """
    lines = [line for line in table_lines(content) if line.strip()]
    strain_type = _strain_type(lines[0])
    markers = beat_markers(" ".join(lines[1:6]), NAME)
    names, table = _rows(lines)
    segments, columns = _segments(names, colours)
    shown = _view(view, segments)
    start, end, findings = _beat_rows(table[:, columns], markers)
    count = end - start
    beat_s = markers.beat_s if rr_s is None else rr_s
    stated_s, printed_s = count / markers.frame_rate_per_s, float(table[end, 0] - table[start, 0])
    if max(abs(stated_s / beat_s - 1), abs(printed_s / beat_s - 1)) > 0.01:
        findings.append(
            Finding(
                code="rr-contradiction",
                message=f"the beat of {count} frames lasts {1000 * markers.beat_s:.0f} ms by the marker times, "
                f"{1000 * stated_s:.0f} by the frame rate and {1000 * printed_s:.0f} by the time column; "
                f"{1000 * beat_s:.0f} ms is used",
            )
        )
    named = shown.name if shown is not None else (view or "view 1")
    made, remarks = checked_view(
        name=named,
        segments=segments,
        model="aha18",
        strain_type=strain_type,
        kind="lagrangian",
        time_s=np.arange(count + 1) * (beat_s / count),
        strain_pct=table[start : end + 1, columns].T,
        rr_s=beat_s,
        events=CardiacEvents(),
    )
    lost = len(table) - count - 1
    findings.append(
        Finding(
            code="other-beats", message=f"view {named}: {lost} frames before and after the markers are of other beats"
        )
    )
    return StrainStudy(
        file="",
        format=NAME,
        sha256=sha256_of(content),
        views=(made,),
        model="aha18",
        strain_type=strain_type,
        modality="echo",
        engine="GE EchoPAC",
        findings=(*findings, *es_finding(markers, f"view {named}"), *remarks),
    )


def _strain_type(title: str) -> StrainType:
    match = _TITLE.match(title)
    kind, unit = ("?", "?") if match is None else (match.group(1).upper(), match.group(2))
    if kind not in _STRAIN_TYPE or unit != "%":
        raise InputError(
            f"{NAME}: the traces are {kind[:20]} in {unit[:20]}, strain in % is needed ({', '.join(_STRAIN_TYPE)}); "
            "export strain, not velocity or strain rate"
        )
    return _STRAIN_TYPE[kind]


def _rows(lines: list[str]) -> tuple[list[str], NDArray[np.float64]]:
    """Return the names of the columns after time and all rows, shape (rows, 1 + columns)."""
    place = next((number for number, line in enumerate(lines[:20]) if line.lstrip().lower().startswith("time")), None)
    if place is None:
        raise InputError(f"{NAME}: the row 'Time (s) YELLOW ...' is missing; export the traces again")
    names = [word.upper() for word in re.findall(r"[A-Za-z]+", lines[place].split(")", 1)[-1])]
    rows = []
    for number, line in enumerate(lines[place + 1 :], start=place + 2):
        values = [cell_number(word, decimal_comma=True) for word in line.split()]
        if len(values) != len(names) + 1 or any(value is None for value in values):
            raise InputError(
                f"{NAME}: row {number} does not hold {len(names) + 1} numbers ({line[:60]!r}); export the traces again"
            )
        rows.append([0.0 if value is None else value for value in values])
        if len(rows) > MOST_FRAMES:
            raise InputError(f"{NAME}: more than {MOST_FRAMES} frames; export one loop")
    if not rows or not names:
        raise InputError(f"{NAME}: no rows of numbers; export the traces again")
    stated = next((found for line in lines[:6] if (found := re.match(r"\s*Number of Frames\s+(\d{1,9})", line))), None)
    if stated is not None and int(stated.group(1)) != len(rows):
        raise InputError(
            f"{NAME}: the header states {stated.group(1)} frames, {len(rows)} rows are there; the file is cut off, "
            "export it again"
        )
    return names, np.array(rows)


def _segments(names: list[str], colours: Mapping[str, int | str] | None) -> tuple[tuple[int, ...], list[int]]:
    """Return segments and their columns in the table."""
    found = [name for name in names if name not in _NOT_SEGMENTS]
    if len(set(found)) < len(found):
        raise InputError(f"{NAME}: a colour is there twice ({', '.join(found)}); export the traces again")
    if not colours:
        raise InputError(
            f"{NAME}: the curves are named by colour only ({', '.join(found)}), and which segment a colour means "
            "is not in the file; read it from the vendor's screen and state it, for example "
            f"{found[0]}=basal inferoseptal, {found[-1]}=basal anterolateral (colours=... in Python)"
        )
    stated = {colour.strip().upper(): segment for colour, segment in colours.items()}
    unknown = sorted(set(stated) - set(found))
    missing = [colour for colour in found if colour not in stated]
    if unknown or missing:
        raise InputError(
            f"{NAME}: colours {', '.join(unknown) or 'none'} are not in the file and {', '.join(missing) or 'none'} "
            f"have no segment; state one segment for each of {', '.join(found)}"
        )
    segments = tuple(
        checked_segment(value, "aha18")
        if isinstance(value := stated[colour], int)
        else segment_from_name(value, "aha18")
        for colour in found
    )
    return segments, [1 + names.index(colour) for colour in found]


def _view(name: str | None, segments: tuple[int, ...]) -> EchoView | None:
    """Return the view and check that it shows the segments."""
    if name is None:
        return view_of_segments(segments)
    view = echo_view(name)
    if view is None:
        raise InputError(f"{NAME}: {name[:40]!r} is no view; allowed are {', '.join(VIEW_NAMES)}")
    strange = sorted(set(segments) - set(view.segments))
    if strange:
        raise InputError(
            f"{NAME}: view {view.name} does not show segments {', '.join(map(str, strange))}; it shows "
            f"{', '.join(map(str, view.segments))} of the 18-segment model: correct the colours or the view"
        )
    return view


def _beat_rows(curves: NDArray[np.float64], markers: BeatMarkers) -> tuple[int, int, list[Finding]]:
    """Return the rows of both markers: where all curves are 0, near time x frame rate."""
    findings = []
    settled = []
    for name, row in zip(("left", "right"), markers.rows, strict=True):
        around = range(max(0, row - _ROWS_AROUND), min(len(curves), row + _ROWS_AROUND + 1))
        zero = sorted((at for at in around if not curves[at].any()), key=lambda at: abs(at - row))
        if not zero and row >= len(curves):
            raise InputError(f"{NAME}: the {name} marker lies at row {row}, of {len(curves)}; export the whole loop")
        if not zero or zero[0] != row:
            at = f"the curves are 0 in row {zero[0]}, which is used" if zero else "no row near it is 0; it is used"
            findings.append(
                Finding(code="marker-row", message=f"time x frame rate puts the {name} marker in row {row}; {at}")
            )
        settled.append(zero[0] if zero else row)
    if settled[1] <= settled[0]:
        raise InputError(f"{NAME}: the markers are in rows {settled[0]} and {settled[1]}; set them a beat apart")
    return settled[0], settled[1], findings
