"""The door for strain curves: one function that reads every format, told apart by content."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from resynchro.errors import InputError
from resynchro.formats.file_bytes import read_bytes
from resynchro.formats.strain_events import EventsRow, events_of_row, events_row_for, read_events_table, with_events
from resynchro.formats.strain_joining import joined_strain
from resynchro.formats.strain_view_checks import checked_rr
from resynchro.record.finding import Finding
from resynchro.record.strain import CardiacEvents, StrainStudy


@dataclass(frozen=True, slots=True, kw_only=True)
class _Format:
    """A format: its module, "is it?" (given the bytes), reader, and the options its reader understands."""

    name: str
    module: str
    is_format: str
    reader: str
    options: tuple[str, ...] = ()


#: The order matters only among text files: the vendors' titles are looked for before the plain table.
_FORMATS: Final = (
    _Format(name="EchoPAC XML", module="echopac_xml", is_format="is_echopac_xml", reader="read_echopac_xml"),
    _Format(
        name="EchoPAC local traces",
        module="echopac_txt",
        is_format="is_echopac_txt",
        reader="read_echopac_txt",
        options=("view", "colours"),
    ),
    _Format(
        name="EchoPAC full trace",
        module="echopac_fulltrace",
        is_format="is_echopac_fulltrace",
        reader="read_echopac_fulltrace",
        options=("view", "colours", "events_rows"),
    ),
    _Format(name="cvi42 report", module="cvi42_strain", is_format="is_cvi42_strain", reader="read_cvi42_strain"),
    _Format(name="Segment MAT", module="segment_mat", is_format="is_segment_mat", reader="read_segment_mat"),
    _Format(
        name="TomTec full data",
        module="tomtec_strain",
        is_format="is_tomtec_strain",
        reader="read_tomtec_strain",
        options=("view",),
    ),
    _Format(name="strain CSV", module="strain_csv", is_format="is_strain_csv", reader="read_strain_csv"),
)
_MOST_FILES: Final = 32


def read_strain(
    files: Sequence[str | Path],
    *,
    view: str | None = None,
    colours: Mapping[str, int | str] | None = None,
    events: CardiacEvents | None = None,
    events_file: str | Path | None = None,
    rr_s: float | None = None,
    compensate_drift: bool = False,
) -> StrainStudy:
    """Read the strain curves of one examination from one file or several.

    The format is told by the content of each file, never by its name. Formats: EchoPAC XML, EchoPAC local traces
    (TXT), EchoPAC full trace (CSV), cvi42 report, Segment (Medviso) MAT, TomTec full data, and the project's own CSV.

    Parameters
    ----------
    files
        One file, or one per view.
    view
        View of a file that does not state its own (EchoPAC TXT): ``4CH``, ``2CH``, ``APLAX``, ``SAX-PM`` ...
    colours
        Segment by colour for EchoPAC TXT, which holds colours only: ``{"YELLOW": "basal inferoseptal", ...}``.
    events
        Valve events from QRS onset; each one given replaces that of the files.
    events_file
        Table of events, see `strain_events`.
    rr_s
        Beat length of every view [s]; replaces that of the files.
    compensate_drift
        Take away, from every curve, the straight line that leads to its value at the end of the beat.

    Returns
    -------
    StrainStudy
        Views of different beats, not yet brought to one time base. What was lost or contradictory is in `findings`.

    Raises
    ------
    InputError
        When a file cannot be read, or the files do not fit together; the message names the file.

    Notes
    -----
    Names and numbers of patients are not kept, so that nobody checks whether several files are of one patient.
    """
    paths = [Path(file) for file in ([files] if isinstance(files, str | Path) else files)]
    if not 1 <= len(paths) <= _MOST_FILES:
        raise InputError(f"1 to {_MOST_FILES} strain files make one examination, got {len(paths)}")
    if rr_s is not None:
        checked_rr(rr_s if math.isfinite(rr_s) else 0.0, "given RR")
    rows = () if events_file is None else read_events_table(Path(events_file))
    given: dict[str, Any] = {"view": view, "colours": colours}
    studies = [_read_one(path, given=given, rows=rows, rr_s=rr_s) for path in paths]
    study = joined_strain(studies)
    study = with_events(study, events)
    if compensate_drift:
        from resynchro.formats.strain_drift import drift_compensated

        study = drift_compensated(study)
    return study


def _read_one(path: Path, *, given: Mapping[str, Any], rows: tuple[EventsRow, ...], rr_s: float | None) -> StrainStudy:
    name = "a strain file"
    try:
        content = read_bytes(path)
        known = _format_of(content)
        name = known.name
        options = {option: given[option] for option in known.options if option in given}
        if "events_rows" in known.options:
            options["events_rows"], options["file"] = rows, path.name
        study: StrainStudy = _function(known.module, known.reader)(content, rr_s=rr_s, **options)
        if "events_rows" not in known.options:
            study = _with_table(study, rows, path.name)
        unused = [option for option in ("view", "colours") if given[option] is not None and option not in known.options]
        if unused:
            study = _with_finding(study, "option-unused", f"{name} states this itself; not used: {', '.join(unused)}")
    except InputError as error:
        message = str(error)
        raise InputError(message if str(path) in message else f"{path}: {message}") from error
    except Exception as error:
        # Readers meet files of unknown origin, libraries raise what they like; only InputError leaves here.
        raise InputError(
            f"{path}: could not be read as {name}: {type(error).__name__}: {error}; the file may be damaged "
            "or use a part of the format that is not supported: export it again, or as CSV"
        ) from error
    return replace(study, file=str(path))


def _format_of(content: bytes) -> _Format:
    for known in _FORMATS:
        if _function(known.module, known.is_format)(content):
            return known
    raise InputError(
        f"is none of the strain formats that are read ({', '.join(known.name for known in _FORMATS)}); export the "
        "curves in one of them, or write a table time_s,<segment>,... with '# strain_type:' and '# rr_ms:' above"
    )


def _function(module: str, name: str) -> Callable[..., Any]:
    """Import a reader only when it is needed."""
    function: Callable[..., Any] = getattr(import_module(f"resynchro.formats.{module}"), name)
    return function


def _with_table(study: StrainStudy, rows: tuple[EventsRow, ...], file: str) -> StrainStudy:
    """Take events and beat length that a table states as times; frames have a meaning in full traces only."""
    if not rows:
        return study
    for view in study.views:
        row = events_row_for(rows, file, view.name)
        if row is None:
            study = _with_finding(
                study, "events-row-missing", f"the events table has no row for {file}, view {view.name}"
            )
            continue
        if row.frames:
            raise InputError(
                f"the events table gives frame numbers for view {view.name}, but {study.format} states times; "
                "give mvc_ms, avo_ms, avc_ms, mvo_ms"
            )
        study = with_events(study, events_of_row(row, "events table"), view=view.name, rr_s=row.times_s.get("rr"))
    return study


def _with_finding(study: StrainStudy, code: str, message: str) -> StrainStudy:
    return replace(study, findings=(*study.findings, Finding(code=code, message=message)))
