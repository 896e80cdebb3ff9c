"""GE EchoPAC "store full trace" export: the knots of the tracked contour in every frame, in mm.

Lines end in CR only. Ten header lines, padded with commas (names, view, frame rate and markers, number of frames and
knots), then one line per frame: x1,y1,x2,y2,... Short-axis rings repeat their first knot. A loop holds more than one
beat; the beat is what lies between the markers, or between the QRS onsets of an events table.

Which arc of a contour is which segment is not in the file. It is taken from how contours are usually drawn (six arcs
of the same number of knots, from the base of the wall on the left of the image; in the short axis the septum first),
and only where the geometry of the knots agrees with that; else the user states it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.formats.contour_knots import arc_strain_pct, runs_clockwise
from resynchro.formats.echo_views import VIEW_NAMES, EchoView, echo_view, is_short_axis
from resynchro.formats.echopac_markers import BeatMarkers, beat_markers, es_finding
from resynchro.formats.file_bytes import sha256_of
from resynchro.formats.strain_drift import drift_findings
from resynchro.formats.strain_events import EventsRow, events_of_row, events_row_for
from resynchro.formats.strain_view_checks import MOST_FRAMES, checked_view
from resynchro.formats.table_text import cell_number, decoded, table_lines
from resynchro.record.finding import Finding
from resynchro.record.segments import checked_segment, segment_from_name, segment_name
from resynchro.record.strain import CardiacEvents, StrainStudy

NAME: Final = "EchoPAC full trace"
_TITLE: Final = "Knot positions (X:Y) in mm"
_HEADER_LINES: Final = 40
_KNOTS: Final = (12, 2000)
_ARCS: Final = 6
#: A contour of the heart lies within this distance of the probe [mm].
_FURTHEST_MM: Final = 500.0


def is_echopac_fulltrace(content: bytes) -> bool:
    """Tell whether a file announces knot positions."""
    text = decoded(content[:65536])
    return text is not None and _TITLE in text


def read_echopac_fulltrace(
    content: bytes,
    *,
    view: str | None = None,
    colours: Mapping[str, int | str] | None = None,
    events_rows: tuple[EventsRow, ...] = (),
    file: str = "",
    rr_s: float | None = None,
) -> StrainStudy:
    """Read one beat of a tracked contour and its strain in six segments.

    Parameters
    ----------
    content
        The bytes of the file.
    view
        View, where the file states none that is known.
    colours
        Segment by arc, ``{"ARC1": ..., "ARC6": ...}`` along the contour as drawn; replaces the usual order.
    events_rows
        Events table: frames from 1 (``qrs_on_frame`` and ``qrs_next_frame`` replace the markers) or times.
    file
        Name of the file, to find its row in the table.
    rr_s
        Beat length [s]; by default the frames of the beat over the frame rate.

    Returns
    -------
    StrainStudy
        One view with `knots_mm`; a ring without its repeated knot. Longitudinal strain from apical views,
        circumferential from short axes.

    Raises
    ------
    InputError
        For a damaged table, a beat outside the loop, or a contour that was not drawn in the usual way.

    Notes
    -----
    Curves are not compensated for drift; what is left at the end of the beat becomes the finding ``drift``.
    """
    lines = table_lines(content)
    markers = beat_markers(" ".join(line[:300] for line in lines[:_HEADER_LINES]), NAME)
    shown = _view(lines, view)
    knots = _knots(lines)
    row = events_row_for(events_rows, file, shown.name) if events_rows else None
    start, end, findings = _beat(markers, row, len(knots))
    beat = knots[start : end + 1]
    closed = is_short_axis(shown)
    if closed and np.abs(knots[:, 0] - knots[:, -1]).max() > 0.5:
        beat = np.concatenate([beat, beat[:, :1]], axis=1)
    segments, remark = _arc_segments(shown, beat[0], colours)
    findings.append(remark)
    rate = markers.frame_rate_per_s
    made, remarks = checked_view(
        name=shown.name,
        segments=segments,
        model="aha18",
        strain_type=shown.strain_type,
        kind="lagrangian",
        time_s=np.arange(len(beat)) / rate,
        strain_pct=arc_strain_pct(beat, _ARCS),
        rr_s=(end - start) / rate if rr_s is None else rr_s,
        events=_events(row, start, rate),
        knots_mm=beat[:, :-1] if closed else beat,
        knots_closed=closed,
    )
    if events_rows and row is None:
        findings.append(
            Finding(code="events-row-missing", message=f"the events table has no row for {file}, view {shown.name}")
        )
    findings.append(
        Finding(
            code="other-beats",
            message=f"view {shown.name}: {len(knots) - len(beat)} of {len(knots)} frames are of other beats",
        )
    )
    return StrainStudy(
        file="",
        format=NAME,
        sha256=sha256_of(content),
        views=(made,),
        model="aha18",
        strain_type=shown.strain_type,
        modality="echo",
        engine="GE EchoPAC",
        findings=(*findings, *es_finding(markers, f"view {shown.name}"), *remarks, *drift_findings((made,))),
    )


def _view(lines: list[str], given: str | None) -> EchoView:
    stated = next(
        (match for line in lines[:_HEADER_LINES] if (match := re.match(r"\s*View\s*=\s*([^,]*)", line))), None
    )
    text = "" if stated is None else stated.group(1).strip()
    own, chosen = echo_view(text), echo_view(given or "")
    if own is not None and chosen is not None and own != chosen:
        raise InputError(f"{NAME}: the file states view {own.name}, {chosen.name} was given; leave the view out")
    found = own or chosen
    if found is None:
        raise InputError(
            f"{NAME}: the view {(given or text)[:40]!r} is not known; state one of {', '.join(VIEW_NAMES)}"
        )
    return found


def _knots(lines: list[str]) -> NDArray[np.float64]:
    """Return all frames, shape (frames, knots, 2) [mm]."""
    title = next((place for place, line in enumerate(lines[:_HEADER_LINES]) if _TITLE in line), 0)
    counts = next(
        (
            (place, match)
            for place, line in enumerate(lines[title:_HEADER_LINES], start=title)
            if (match := re.fullmatch(r"\s*(\d{1,6})\s+(\d{1,6})[\s,]*", line))
        ),
        None,
    )
    if counts is None:
        raise InputError(f"{NAME}: the line with the number of frames and knots is missing; export the trace again")
    frames, knots = int(counts[1].group(1)), int(counts[1].group(2))
    if not (2 <= frames <= MOST_FRAMES and _KNOTS[0] <= knots <= _KNOTS[1]):
        raise InputError(
            f"{NAME}: {frames} frames of {knots} knots; allowed are 2 to {MOST_FRAMES} frames and {_KNOTS[0]} to "
            f"{_KNOTS[1]} knots"
        )
    body = [line for line in lines[counts[0] + 1 :] if line.strip(" ,")]
    if len(body) != frames:
        raise InputError(
            f"{NAME}: the header states {frames} frames, {len(body)} lines are there; the file is cut off: export again"
        )
    table = np.empty((frames, 2 * knots))
    for number, line in enumerate(body):
        cells = line.rstrip(" ,").split(",", 2 * knots)
        values = [cell_number(cell) for cell in cells]
        if len(values) != 2 * knots or any(value is None for value in values):
            raise InputError(f"{NAME}: frame {number + 1} does not hold {2 * knots} numbers; export the trace again")
        table[number] = [0.0 if value is None else value for value in values]
    if np.abs(table).max() > _FURTHEST_MM:
        raise InputError(f"{NAME}: a knot lies {np.abs(table).max():g} mm from the probe; is the file damaged?")
    return table.reshape(frames, knots, 2)


def _beat(markers: BeatMarkers, row: EventsRow | None, frames: int) -> tuple[int, int, list[Finding]]:
    """Return the first and the last row of the beat: QRS onset and the next one."""
    start, end = markers.rows
    findings = []
    if row is not None and {"qrs_on", "qrs_next"} <= row.frames.keys():
        stated = row.frames["qrs_on"] - 1, row.frames["qrs_next"] - 1
        if max(abs(stated[0] - start), abs(stated[1] - end)) > 1:
            findings.append(
                Finding(
                    code="marker-row",
                    message=f"the events table puts QRS onset in frames {stated[0] + 1} and {stated[1] + 1}, the "
                    f"markers of the file in {start + 1} and {end + 1}; the table is used",
                )
            )
        start, end = stated
    if not 0 <= start < end < frames:
        raise InputError(
            f"{NAME}: the beat reaches from frame {start + 1} to {end + 1}, the loop has {frames}; "
            "correct the events table or set the markers again"
        )
    return start, end, findings


def _events(row: EventsRow | None, start: int, rate: float) -> CardiacEvents:
    if row is None:
        return CardiacEvents()
    times = events_of_row(row, "events table")
    if times is not None:
        return times
    at = {
        valve: (row.frames[valve] - 1 - start) / rate for valve in ("mvc", "avo", "avc", "mvo") if valve in row.frames
    }
    return CardiacEvents(
        mvc_s=at.get("mvc"),
        avo_s=at.get("avo"),
        avc_s=at.get("avc"),
        mvo_s=at.get("mvo"),
        origin="events table" if at else "unknown",
    )


def _arc_segments(
    view: EchoView, contour: NDArray[np.float64], stated: Mapping[str, int | str] | None
) -> tuple[tuple[int, ...], Finding]:
    """Return the segment of each arc along the contour as drawn, and how that was settled."""
    if stated:
        return _stated_arcs(view, stated)
    how = "six arcs of the same number of knots"
    segments: tuple[int, ...] = view.segments
    if is_short_axis(view):
        if runs_clockwise(contour):
            # Septum first but clockwise: from the inferior insertion up the septum.
            segments = (segments[1], segments[0], segments[5], segments[4], segments[3], segments[2])
            how += ", drawn clockwise from the inferior insertion"
        else:
            how += ", drawn counter-clockwise from the anterior insertion"
    elif contour[0, 0] >= contour[-1, 0]:
        raise InputError(
            f"{NAME}: the contour of view {view.name} starts on the right of the image, where it usually ends: either "
            "drawn the other way or shown mirrored. State the segment of each arc: ARC1=..., to ARC6=... (colours=...)"
        )
    else:
        how += f", from the {segment_name(segments[0], 'aha18')} end"
    return segments, Finding(
        code="segments-assumed",
        message=f"view {view.name}: the file does not say which part is which segment; {how}, as contours are usually "
        f"drawn (segments {', '.join(map(str, segments))}); check one of them",
    )


def _stated_arcs(view: EchoView, stated: Mapping[str, int | str]) -> tuple[tuple[int, ...], Finding]:
    arcs = {name.strip().upper(): value for name, value in stated.items()}
    wanted = [f"ARC{number}" for number in range(1, _ARCS + 1)]
    if sorted(arcs) != wanted:
        raise InputError(
            f"{NAME}: state {', '.join(wanted)}, the arcs of the contour as drawn; got {', '.join(sorted(arcs))[:120]}"
        )
    segments = tuple(
        checked_segment(value, "aha18") if isinstance(value := arcs[arc], int) else segment_from_name(value, "aha18")
        for arc in wanted
    )
    if set(segments) != set(view.segments):
        raise InputError(
            f"{NAME}: view {view.name} shows segments {', '.join(map(str, sorted(view.segments)))}, stated were "
            f"{', '.join(map(str, segments))}; correct the arcs"
        )
    return segments, Finding(
        code="segments-given", message=f"view {view.name}: segments along the contour as given: {segments}"
    )
