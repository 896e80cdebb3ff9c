"""Valve events of a strain recording, given by the user or in a table beside the recording.

The table has a header row; each further row is one recording::

    file,view,qrs_on_frame,mvc_frame,avo_frame,avc_frame,mvo_frame,qrs_next_frame
    VOL_0001_OFF_4CH.CSV,4CH,13,14,17,28,31,44

or, in time from QRS onset, ``view,mvc_ms,avo_ms,avc_ms,mvo_ms,rr_ms``. Frames count from 1, as the vendor's
screen does. ``file`` (the name without folders) and ``view`` pick the recording; a table of one row needs neither.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from resynchro.errors import InputError
from resynchro.formats.file_bytes import read_bytes
from resynchro.formats.strain_view_checks import checked_view
from resynchro.formats.table_text import cell_number, table_rows
from resynchro.record.finding import Finding
from resynchro.record.strain import CardiacEvents, StrainStudy

_VALVES: Final = ("mvc", "avo", "avc", "mvo")
_MOST_ROWS: Final = 10_000
#: Differences below this between a given event and the file's own are not worth a remark [s].
_SAME_S: Final = 0.0015


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsRow:
    """One row of an events table.

    Attributes
    ----------
    file, view
        Which recording it belongs to; None where the table does not say.
    frames
        Frame number, counted from 1, by event name (``qrs_on``, ``mvc``, ..., ``qrs_next``).
    times_s
        Time from QRS onset by event name (``mvc``, ..., ``rr``) [s].
    """

    file: str | None
    view: str | None
    frames: dict[str, int]
    times_s: dict[str, float]


def read_events_table(path: Path) -> tuple[EventsRow, ...]:
    """Read an events table.

    Parameters
    ----------
    path
        Text table as described at the head of this module.

    Returns
    -------
    tuple of EventsRow

    Raises
    ------
    InputError
        When the table has no event column, or a cell is no number.
    """
    try:
        return _events_rows(read_bytes(path))
    except InputError as error:
        message = str(error)
        raise InputError(message if str(path) in message else f"{path}: {message}") from error


def _events_rows(content: bytes) -> tuple[EventsRow, ...]:
    header, *body = [row for row in table_rows(content, most_rows=_MOST_ROWS) if not row[0].startswith("#")] or [[]]
    names = [cell.lower() for cell in header]
    allowed = {f"{name}_frame" for name in ("qrs_on", *_VALVES, "qrs_next")} | {
        f"{name}_ms" for name in (*_VALVES, "rr")
    }
    if not allowed & set(names):
        raise InputError(
            f"the events table names no event in its first row (found {', '.join(header)[:200]!r}); allowed are "
            f"file, view and {', '.join(sorted(allowed))}"
        )
    found = []
    for number, row in enumerate(body, start=2):
        cells = dict(zip(names, row, strict=False))
        frames: dict[str, int] = {}
        times_s: dict[str, float] = {}
        for name in allowed & cells.keys():
            if not cells[name]:
                continue
            value = cell_number(cells[name])
            if value is None:
                raise InputError(f"the events table has {cells[name][:40]!r} in row {number}, column {name}: no number")
            event, _, unit = name.rpartition("_")
            if unit == "ms":
                times_s[event] = value / 1000.0
            elif value == int(value) and value >= 1:
                frames[event] = int(value)
            else:
                raise InputError(
                    f"the events table has frame {value:g} in row {number}, column {name}; "
                    "frames are whole numbers from 1"
                )
        found.append(
            EventsRow(file=cells.get("file") or None, view=cells.get("view") or None, frames=frames, times_s=times_s)
        )
    if not found:
        raise InputError("the events table has a header but no row; add one row per recording")
    return tuple(found)


def events_row_for(rows: tuple[EventsRow, ...], file: str, view: str | None) -> EventsRow | None:
    """Return the row of a recording: by file name, then by view, then the only row; None when none fits.

    Raises
    ------
    InputError
        When several rows fit.
    """
    for key, wanted in (("file", file), ("view", view)):
        fitting = [
            row
            for row in rows
            if (value := getattr(row, key)) is not None and wanted is not None and value.lower() == wanted.lower()
        ]
        if len(fitting) > 1 and key == "file" and view is not None:
            fitting = [row for row in fitting if row.view is None or row.view.lower() == view.lower()]
        if len(fitting) > 1:
            raise InputError(
                f"the events table has {len(fitting)} rows for {key} {wanted}; keep one, or name the file in each row"
            )
        if fitting:
            return fitting[0]
    only = rows[0]
    return only if len(rows) == 1 and only.file is None and only.view is None else None


def with_given_events(
    own: CardiacEvents, given: CardiacEvents | None, where: str
) -> tuple[CardiacEvents, tuple[Finding, ...]]:
    """Replace the file's events by those the user gives, one by one.

    Returns
    -------
    CardiacEvents, tuple of Finding
        A finding for each event where both are known and differ by more than 1.5 ms.
    """
    if given is None:
        return own, ()
    findings = []
    changed: dict[str, float] = {}
    for valve in _VALVES:
        new, old = getattr(given, f"{valve}_s"), getattr(own, f"{valve}_s")
        if new is None:
            continue
        changed[f"{valve}_s"] = new
        if old is not None and abs(new - old) > _SAME_S:
            findings.append(
                Finding(
                    code="event-replaced",
                    message=f"{where}: {valve.upper()} given as {1000 * new:.0f} ms replaces "
                    f"{1000 * old:.0f} ms of the file",
                )
            )
    if not changed:
        return own, ()
    kept = any(getattr(own, f"{valve}_s") is not None and f"{valve}_s" not in changed for valve in _VALVES)
    origin = f"{own.origin}, in part given" if kept else (given.origin if given.origin != "unknown" else "given")
    events: CardiacEvents = replace(own, origin=origin)
    for name, value in changed.items():
        events = replace(events, **{name: value})  # type: ignore[arg-type]
    return events, tuple(findings)


def with_events(
    study: StrainStudy, given: CardiacEvents | None, *, view: str | None = None, rr_s: float | None = None
) -> StrainStudy:
    """Return the study with events (and beat length) that the user gives in place of the file's own.

    Parameters
    ----------
    given
        Events from QRS onset; only those that are known replace.
    view
        Name of the view to change; every view by default.
    rr_s
        Beat length of that view [s].

    Raises
    ------
    InputError
        When the events are out of order or outside the beat.
    """
    if given is None and rr_s is None:
        return study
    views, findings = [], list(study.findings)
    for old in study.views:
        if view is not None and old.name != view:
            views.append(old)
            continue
        where = f"view {old.name}"
        events, remarks = with_given_events(old.events, given, where)
        changed, checks = checked_view(
            name=old.name,
            segments=old.segments,
            model=study.model,
            strain_type=study.strain_type,
            kind=study.kind,
            time_s=old.time_s,
            strain_pct=old.strain_pct,
            rr_s=old.rr_s if rr_s is None else rr_s,
            events=events,
            knots_mm=old.knots_mm,
            knots_closed=old.knots_closed,
        )
        views.append(changed)
        # What was said of the old events and the old beat length is said anew where it still holds.
        told_anew = {"events-missing", "beat-not-covered", "strain-small"}
        findings = [item for item in findings if item.code not in told_anew or not item.message.startswith(where + ":")]
        findings += [*remarks, *checks]
    return replace(study, views=tuple(views), findings=tuple(findings))


def events_of_row(row: EventsRow, origin: str) -> CardiacEvents | None:
    """Return the events a row states as times; None when it states none as time."""
    times = {f"{valve}_s": row.times_s[valve] for valve in _VALVES if valve in row.times_s}
    if not times:
        return None
    return CardiacEvents(
        mvc_s=times.get("mvc_s"),
        avo_s=times.get("avo_s"),
        avc_s=times.get("avc_s"),
        mvo_s=times.get("mvo_s"),
        origin=origin,
    )
