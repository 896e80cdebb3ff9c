"""Segment (Medviso) .mat files with feature tracking in the short axis. Not yet tried on a real file.

As far as the layout is documented by a program that reads it: variable ``setstruct``, one element per image stack;
the stack with ``ImageType`` "Feature tracking" and ``ImageViewPlane`` "Short-axis" has ``TimeVector`` [s],
``HeartRate`` and ``StrainTagging`` with ``segmentcirc`` (frames x 6 x slices, in percent; anterior, anteroseptal,
inferoseptal, inferior, inferolateral, anterolateral) and ``saslices`` (basal, mid). AVO and AVC are points of any
stack (``Point``: frame number ``T`` from 1, ``Label``).
"""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.formats.file_bytes import sha256_of
from resynchro.formats.mat5 import is_mat, mat_variable
from resynchro.formats.strain_view_checks import checked_view
from resynchro.record.finding import Finding
from resynchro.record.segments import segment_from_name
from resynchro.record.strain import CardiacEvents, StrainStudy, StrainView

NAME: Final = "Segment MAT"
_WALLS: Final = ("anterior", "anteroseptal", "inferoseptal", "inferior", "inferolateral", "anterolateral")


def is_segment_mat(content: bytes) -> bool:
    """Tell whether a file is a MATLAB file (5 or 7.3)."""
    return is_mat(content)


def read_segment_mat(content: bytes, *, rr_s: float | None = None) -> StrainStudy:
    """Read circumferential strain per slice level.

    Parameters
    ----------
    content
        The bytes of the file, MATLAB 5 to 7.2.
    rr_s
        Beat length [s]; by default from the file's heart rate.

    Returns
    -------
    StrainStudy
        One view per slice level, 16-segment model, basal and mid.

    Raises
    ------
    InputError
        For MATLAB 7.3 files, files that unpack to more than 512 MiB, or a layout that is not the documented one.
    """
    stacks = mat_variable(content, "setstruct")
    if not isinstance(stacks, list) or not all(isinstance(stack, dict) for stack in stacks):
        raise InputError(f"{NAME}: setstruct is no structure; save the analysis from Segment")
    tracked = [
        stack
        for stack in stacks
        if _plain(stack.get("imagetype")) == "featuretracking" and _plain(stack.get("imageviewplane")) == "shortaxis"
    ]
    if len(tracked) != 1:
        raise InputError(
            f"{NAME}: {len(tracked)} stacks with feature tracking in the short axis, exactly one is read; "
            "export one analysis per file"
        )
    stack = tracked[0]
    tagging = _first(stack.get("straintagging"))
    time_s = _array(stack.get("timevector"), "TimeVector").ravel()
    circ = _array(tagging.get("segmentcirc"), "StrainTagging.segmentcirc")
    circ = circ[:, :, None] if circ.ndim == 2 else circ
    levels = [level.lower() for level in _texts(tagging.get("saslices"))]
    if circ.ndim != 3 or circ.shape[:2] != (len(time_s), len(_WALLS)):
        raise InputError(
            f"{NAME}: segmental strain has the shape {circ.shape}, {len(time_s)} frames x 6 x slices is needed; "
            "the layout is another one than known, write the curves as CSV"
        )
    beat_s, rate = _beat(stack, rr_s)
    views, findings = _views(time_s, circ, levels, beat_s, _events(stacks, time_s))
    return StrainStudy(
        file="",
        format=NAME,
        sha256=sha256_of(content),
        views=views,
        model="aha16",
        strain_type="circumferential",
        modality="cmr",
        engine="Segment (Medviso)",
        heart_rate_bpm=rate,
        findings=(
            Finding(
                code="format-untried", message=f"the reader of {NAME} was not tried on a real file; check the curves"
            ),
            Finding(code="kind-assumed", message="kind of strain not stated; taken as lagrangian, 100 (L/L0 - 1)"),
            *findings,
        ),
    )


def _views(
    time_s: NDArray[np.float64], circ: NDArray[np.float64], levels: list[str], beat_s: float, events: CardiacEvents
) -> tuple[tuple[StrainView, ...], list[Finding]]:
    """Make one view per level; several slices of a level are averaged."""
    if len(levels) != circ.shape[2]:
        raise InputError(f"{NAME}: {len(levels)} slice names for {circ.shape[2]} slices; track the slices again")
    views, findings = [], []
    for level in dict.fromkeys(levels):
        slices = [number for number, name in enumerate(levels) if name == level]
        if level not in ("basal", "mid"):
            # How six sectors stand for the four apical segments is not documented.
            findings.append(
                Finding(code="slices-not-read", message=f"{len(slices)} slices named {level[:20]!r} are not read")
            )
            continue
        if len(slices) > 1:
            findings.append(
                Finding(code="slices-averaged", message=f"the curves of {len(slices)} {level} slices were averaged")
            )
        view, remarks = checked_view(
            name=f"SAX {level}",
            segments=[segment_from_name(f"{level} {wall}", "aha16") for wall in _WALLS],
            model="aha16",
            strain_type="circumferential",
            kind="lagrangian",
            time_s=time_s - time_s[0],
            strain_pct=circ[:, :, slices].mean(axis=2).T,
            rr_s=beat_s,
            events=events,
        )
        views.append(view)
        findings += remarks
    if not views:
        raise InputError(f"{NAME}: no slice is named basal or mid ({', '.join(levels)[:80]}); name the slices")
    return tuple(views), findings


def _beat(stack: dict[str, Any], rr_s: float | None) -> tuple[float, float | None]:
    rate = _number(stack.get("heartrate"))
    rate = rate if rate is not None and 20.0 <= rate <= 300.0 else None
    if rr_s is not None:
        return rr_s, rate
    if rate is None:
        raise InputError(f"{NAME}: no plausible heart rate in the file; give the RR interval")
    return 60.0 / rate, rate


def _events(stacks: list[dict[str, Any]], time_s: NDArray[np.float64]) -> CardiacEvents:
    """Return AVO and AVC from labelled points."""
    found: dict[str, float] = {}
    for stack in stacks:
        point = _first(stack.get("point"))
        frames = point.get("t")
        if not isinstance(frames, np.ndarray):
            continue
        for label, frame in zip(_texts(point.get("label")), frames.ravel(order="F"), strict=False):
            for valve in ("avo", "avc"):
                # A comparison with NaN is false: a point in all frames has no frame.
                if valve in label.lower() and 1 <= frame <= len(time_s):
                    found.setdefault(valve, float(time_s[int(frame) - 1] - time_s[0]))
    return CardiacEvents(
        avo_s=found.get("avo"), avc_s=found.get("avc"), origin="read from the file" if found else "unknown"
    )


def _first(value: Any) -> dict[str, Any]:
    """Return the first element of a structure; an empty one where there is none."""
    return value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else {}


def _array(value: Any, what: str) -> NDArray[np.float64]:
    if not isinstance(value, np.ndarray) or value.size == 0:
        raise InputError(f"{NAME}: {what} is missing or holds no numbers; track the short axis and save again")
    return np.asarray(value, dtype=np.float64)


def _number(value: Any) -> float | None:
    if not isinstance(value, np.ndarray) or value.size == 0:
        return None
    number = float(value.ravel()[0])
    return number if np.isfinite(number) else None


def _plain(value: Any) -> str:
    return re.sub(r"[\s-]", "", value).lower() if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    """Return the texts of a cell array, or one text as the only one."""
    items = value if isinstance(value, list) else [value]
    return [item.strip() if isinstance(item, str) else "" for item in items]
