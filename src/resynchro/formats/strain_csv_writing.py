"""Writing strain curves as the table that `strain_csv` reads."""

from __future__ import annotations

from pathlib import Path

from resynchro.errors import InputError
from resynchro.formats.output_file import write_file
from resynchro.record.strain import StrainStudy, StrainView


def strain_csv_text(study: StrainStudy) -> str:
    """Return a study as text: reading it gives the same curves, events, pressure and findings.

    The vendor's own tables and traces and the contour knots are not part of the table.
    """
    lines = [
        f"# strain_type: {study.strain_type}",
        f"# kind: {study.kind}",
        f"# model: {study.model}",
        f"# modality: {study.modality}",
        f"# engine: {_one_line(study.engine)}",
    ]
    for key in ("systolic_mmhg", "diastolic_mmhg", "heart_rate_bpm"):
        value = getattr(study, key)
        if value is not None:
            lines.append(f"# {key}: {_number(value)}")
    lines += [f"# finding: {_one_line(found.code)} {_one_line(found.message)}" for found in study.findings]
    for view in study.views:
        lines += _view_lines(view)
    if study.pressure is not None:
        lines += ["# view: pressure", f"# pressure_origin: {_one_line(study.pressure.origin)}"]
        lines.append("time_s,lv_pressure_mmhg")
        pairs = zip(study.pressure.time_s, study.pressure.pressure_mmhg, strict=True)
        lines += [f"{_number(time)},{_number(value)}" for time, value in pairs]
    return "\n".join(lines) + "\n"


def write_strain_csv(study: StrainStudy, path: str | Path) -> Path:
    """Write a study as a table.

    Parameters
    ----------
    study
        Vendor tables, vendor traces and knots are not written.
    path
        File to write.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        When it cannot be written.
    """
    if not study.views:
        raise InputError("the study has no view; nothing to write")
    return write_file(path, strain_csv_text(study))


def _view_lines(view: StrainView) -> list[str]:
    lines = [f"# view: {_one_line(view.name)}", f"# rr_s: {_number(view.rr_s)}"]
    for key in ("mvc", "avo", "avc", "mvo"):
        value = getattr(view.events, f"{key}_s")
        if value is not None:
            lines.append(f"# {key}_ms: {_number(1000.0 * value)}")
    lines.append(f"# events_origin: {_one_line(view.events.origin)}")
    lines.append(",".join(["time_s", *(str(segment) for segment in view.segments)]))
    for frame, time in enumerate(view.time_s):
        lines.append(",".join([_number(time), *(_number(value) for value in view.strain_pct[:, frame])]))
    return lines


def _number(value: float) -> str:
    return repr(float(value)).removesuffix(".0")


def _one_line(text: str) -> str:
    return " ".join(text.split())
