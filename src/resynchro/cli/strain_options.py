"""What the user says about strain recordings: view, segments of colours, valve events, and times read by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from resynchro.cli.measuring import options_in_order
from resynchro.errors import InputError, ResynchroError

if TYPE_CHECKING:
    from resynchro.imaging.strain.doppler_times import DopplerTimes
    from resynchro.record.strain import CardiacEvents

#: Option of a time per segment, and the field it fills.
_BY_SEGMENT = {"ts": "ts_ms", "ts_onset": "ts_onset_ms", "ts_displacement": "ts_displacement_ms"}
_NUMBERS = (
    "septal_peak_inward_ms",
    "posterior_peak_inward_ms",
    "qrs_to_aortic_flow_ms",
    "qrs_to_pulmonary_flow_ms",
    "filling_time_ms",
    "rr_ms",
    "lateral_contraction_end_ms",
    "filling_onset_ms",
)


def recording_options(views: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the options that `given_recording` takes; the help of ``--view`` names these views."""
    return options_in_order(
        click.option("--view", metavar="NAME", help=f"View of a file that does not state its own: {views}."),
        click.option(
            "--segments",
            "colours",
            metavar="COLOUR=SEGMENT,...",
            help="Segments of an EchoPAC TXT, which holds colours only.",
        ),
        click.option("--mvc-ms", type=float, metavar="MS", help="Mitral valve closure from QRS onset."),
        click.option("--avo-ms", type=float, metavar="MS", help="Aortic valve opening from QRS onset."),
        click.option("--avc-ms", type=float, metavar="MS", help="Aortic valve closure from QRS onset."),
        click.option("--mvo-ms", type=float, metavar="MS", help="Mitral valve opening from QRS onset."),
        click.option(
            "--events-file", metavar="FILE", type=click.Path(path_type=Path), help="Table of events by file and view."
        ),
        click.option("--rr-ms", type=float, metavar="MS", help="Length of the beat of every view."),
        click.option(
            "--compensate-drift", is_flag=True, help="Take away the straight line by which a beat ends off zero."
        ),
    )


def given_recording(
    *,
    view: str | None,
    colours: str | None,
    mvc_ms: float | None,
    avo_ms: float | None,
    avc_ms: float | None,
    mvo_ms: float | None,
    events_file: Path | None,
    rr_ms: float | None,
    compensate_drift: bool,
) -> dict[str, Any]:
    """Return what `recording_options` gave as `read_strain` takes it.

    Raises
    ------
    click.UsageError
        When colours or events cannot be what they say.
    """
    try:
        segments, events = given_colours(colours), _given_events(mvc_ms, avo_ms, avc_ms, mvo_ms)
    except ResynchroError as error:
        raise click.UsageError(str(error)) from error
    return {
        "view": view,
        "colours": segments,
        "events": events,
        "events_file": events_file,
        "rr_s": None if rr_ms is None else rr_ms / 1000.0,
        "compensate_drift": compensate_drift,
    }


def _given_events(mvc: float | None, avo: float | None, avc: float | None, mvo: float | None) -> CardiacEvents | None:
    """Return the events given on the command line [s], or None when there is none."""
    if mvc is None and avo is None and avc is None and mvo is None:
        return None
    from resynchro.record.strain import CardiacEvents

    seconds = [None if at is None else at / 1000.0 for at in (mvc, avo, avc, mvo)]
    return CardiacEvents(mvc_s=seconds[0], avo_s=seconds[1], avc_s=seconds[2], mvo_s=seconds[3], origin="given")


def given_colours(text: str | None) -> dict[str, int | str] | None:
    """Read ``YELLOW=3,CYAN=basal inferolateral,...``.

    Parameters
    ----------
    text
        Colour and segment number or name, separated by commas.

    Returns
    -------
    dict or None
        Segment by colour in capitals; None when nothing was given.

    Raises
    ------
    InputError
        When a part is not COLOUR=SEGMENT.

    Examples
    --------
    >>> given_colours("yellow=3, CYAN=apical septal")
    {'YELLOW': 3, 'CYAN': 'apical septal'}
    """
    if text is None:
        return None
    found: dict[str, int | str] = {}
    for part in text.split(","):
        colour, equals, segment = (piece.strip() for piece in part.partition("="))
        if not (colour and equals and segment):
            raise InputError(f"--segments: {part.strip()!r} is not COLOUR=SEGMENT; write for example YELLOW=3,CYAN=9")
        found[colour.upper()] = int(segment) if segment.isdigit() else segment
    return found


def given_doppler(entries: Sequence[str]) -> DopplerTimes | None:
    """Read ``NAME=VALUE`` entries of times from Doppler, tissue Doppler and M-mode.

    Parameters
    ----------
    entries
        Names of `DopplerTimes`; for a time per segment ``ts.5=310``, ``ts_onset.5=120`` or ``ts_displacement.5=350``.

    Returns
    -------
    DopplerTimes or None
        None when nothing was given.

    Raises
    ------
    InputError
        For an unknown name, a segment that is not 1 to 12, or a value that is not a number of 0 to 3000.

    Examples
    --------
    >>> given_doppler(["qrs_to_aortic_flow_ms=150", "ts.6=310"]).ts_ms
    {6: 310.0}
    """
    if not entries:
        return None
    from resynchro.imaging.strain.doppler_times import DopplerTimes

    fields: dict[str, Any] = {}
    for entry in entries:
        name, _, text = (piece.strip() for piece in entry.partition("="))
        value = _number(entry, text)
        stem, _, segment = name.partition(".")
        if stem in _BY_SEGMENT:
            if not segment.isdigit() or not 1 <= int(segment) <= 12:
                raise InputError(f"--doppler {entry}: give the segment, 1 to 12, as in {stem}.5=310")
            fields.setdefault(_BY_SEGMENT[stem], {})[int(segment)] = value
        elif name == "dlc_count":
            if value != int(value) or value > 6:
                raise InputError(f"--doppler {entry}: dlc_count is a whole number of 0 to 6 basal segments")
            fields[name] = int(value)
        elif name in _NUMBERS:
            fields[name] = value
        else:
            allowed = ", ".join((*_NUMBERS, "dlc_count", *(f"{key}.SEGMENT" for key in _BY_SEGMENT)))
            raise InputError(f"--doppler {entry}: unknown name; allowed are {allowed}")
    return DopplerTimes(**fields)


def _number(entry: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 3000.0:
        raise InputError(f"--doppler {entry}: write NAME=VALUE with a time of 0 to 3000 ms")
    return value
