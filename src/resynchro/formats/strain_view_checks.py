"""What every strain reader asks of one view: growing times, plausible numbers, each segment once, a beat length."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.record.finding import Finding
from resynchro.record.segments import SegmentModel, checked_segment, segment_name
from resynchro.record.strain import CardiacEvents, FloatArray, StrainKind, StrainType, StrainView

#: Heart rates from 20 to 300 per minute.
RR_RANGE_S: Final = (0.2, 3.0)
#: Walls shorten by 5 to 40 percent; beyond these limits a number is in another unit or from another quantity.
#: Thickening has no natural bound, so the limit for radial strain is wide.
LARGEST_STRAIN_PCT: Final[dict[StrainType, float]] = {"longitudinal": 100.0, "circumferential": 100.0, "radial": 300.0}
FEWEST_FRAMES: Final = 8
MOST_FRAMES: Final = 20_000
#: Below this every curve of a view is suspected to be a fraction of 1, not percent.
_FRACTION_PCT: Final = 1.5
#: A curve that starts further from 0 than rounding is referred to its own first frame.
_ZERO_PCT: Final = 0.005
#: First sample: at QRS onset or the first cine frame, which may lie some milliseconds after the R wave.
_LATEST_START_S: Final = 0.05
#: Share of the beat that may lie after the last sample before the coverage is remarked on.
_COVERAGE: Final = 0.95


def checked_rr(rr_s: float, where: str) -> float:
    """Return the beat length [s], or raise InputError outside `RR_RANGE_S`."""
    low, high = RR_RANGE_S
    if not low <= rr_s <= high:
        raise InputError(
            f"{where}: a beat must last {low:g} to {high:g} s, got {rr_s:g}: is it in ms? "
            "State the RR interval of this recording"
        )
    return rr_s


def checked_view(
    *,
    name: str,
    segments: Sequence[int],
    model: SegmentModel,
    strain_type: StrainType,
    kind: StrainKind,
    time_s: NDArray[np.floating[Any]],
    strain_pct: NDArray[np.floating[Any]],
    rr_s: float,
    events: CardiacEvents,
    knots_mm: FloatArray | None = None,
    knots_closed: bool = False,
) -> tuple[StrainView, tuple[Finding, ...]]:
    """Make a view of a table of numbers, or say what is wrong with them.

    Parameters
    ----------
    time_s
        Shape (T,) [s].
    strain_pct
        Shape (segments, T) [%]; a segment with a missing value is left out and a finding says so.
    rr_s
        Beat length [s]; samples after it are left out, with a finding.

    Returns
    -------
    StrainView, tuple of Finding

    Raises
    ------
    InputError
        For times that do not grow, too few or too many frames, strain beyond `LARGEST_STRAIN_PCT`, a segment
        named twice, or no usable segment.
    """
    where = f"view {name}"
    times: FloatArray = np.asarray(time_s, dtype=np.float64)
    strain: FloatArray = np.asarray(strain_pct, dtype=np.float64)
    _check_times(times, where)
    _check_segments(segments, model, where)
    checked_rr(rr_s, where)
    findings: list[Finding] = []
    inside = times <= rr_s * (1 + 1e-9)
    if not inside.all():
        findings.append(
            Finding(
                code="after-the-beat",
                message=f"{where}: {int((~inside).sum())} frames after the end of the beat at {1000 * rr_s:.0f} ms "
                "were left out",
            )
        )
        times, strain = times[inside], strain[:, inside]
        knots_mm = None if knots_mm is None else knots_mm[inside]
        _check_times(times, where)
    strain, segments, lost_segments = _complete_segments(strain, segments, model, where)
    findings += lost_segments
    findings += _size_findings(strain, strain_type, where)
    strain, moved = _referred_to_first_frame(strain, kind)
    if moved > _ZERO_PCT:
        findings.append(
            Finding(
                code="strain-offset",
                message=f"{where}: curves start up to {moved:.2g} % away from 0; they were referred to their "
                "first frame, which is taken as end-diastole",
            )
        )
    if times[-1] < _COVERAGE * rr_s:
        findings.append(
            Finding(
                code="beat-not-covered",
                message=f"{where}: the curves end at {1000 * times[-1]:.0f} ms of a beat of {1000 * rr_s:.0f} ms; "
                "methods that need the whole beat are refused",
            )
        )
    findings += _event_findings(events, rr_s, where)
    return (
        StrainView(
            name=name,
            segments=tuple(segments),
            time_s=read_only(times),
            strain_pct=read_only(strain),
            rr_s=float(rr_s),
            events=events,
            knots_mm=None if knots_mm is None else read_only(knots_mm),
            knots_closed=knots_closed,
        ),
        tuple(findings),
    )


def read_only(values: NDArray[np.float64]) -> FloatArray:
    """Return a copy that cannot be written to."""
    values = np.array(values, dtype=np.float64)
    values.setflags(write=False)
    return values


def _check_times(time_s: NDArray[np.float64], where: str) -> None:
    if not FEWEST_FRAMES <= len(time_s) <= MOST_FRAMES:
        raise InputError(
            f"{where}: {len(time_s)} frames in the beat, allowed are {FEWEST_FRAMES} to {MOST_FRAMES}; "
            "export one whole beat"
        )
    if not np.isfinite(time_s).all():
        raise InputError(f"{where}: a time is missing or not a number; export the table again")
    steps = np.diff(time_s)
    if steps.min() <= 0:
        row = int(np.argmax(steps <= 0))
        raise InputError(
            f"{where}: times must grow from row to row, but {time_s[row]:g} s is followed by {time_s[row + 1]:g} s; "
            "one beat per view, sorted by time"
        )
    if not 0.0 <= time_s[0] <= _LATEST_START_S:
        raise InputError(
            f"{where}: the first time must lie in [0, {_LATEST_START_S:g}] s, got {time_s[0]:g}; "
            "count time from QRS onset (or from the end-diastolic frame) and leave earlier frames out"
        )


def _check_segments(segments: Sequence[int], model: SegmentModel, where: str) -> None:
    seen: set[int] = set()
    for segment in segments:
        checked_segment(segment, model)
        if segment in seen:
            raise InputError(
                f"{where}: segment {segment} ({segment_name(segment, model)}) is there twice; "
                "each segment may have one curve"
            )
        seen.add(segment)


def _size_findings(strain_pct: FloatArray, strain_type: StrainType, where: str) -> list[Finding]:
    """Refuse what is too large to be strain, remark on what is suspiciously small."""
    limit = LARGEST_STRAIN_PCT[strain_type]
    largest = float(np.abs(strain_pct).max())
    if largest > limit:
        raise InputError(
            f"{where}: {strain_type} strain must lie within {limit:g} %, got {largest:g}: "
            "is it strain, and is it in percent? Export strain in percent"
        )
    if strain_type != "radial" and float(strain_pct.min()) <= -100.0:
        raise InputError(f"{where}: strain of -100 % means a length of 0; export the curves again")
    if largest >= _FRACTION_PCT:
        return []
    return [
        Finding(
            code="strain-small",
            message=f"{where}: no segment strains by more than {largest:.2g} %; is it written as a fraction of 1? "
            "Then multiply it by 100",
        )
    ]


def _complete_segments(
    strain_pct: NDArray[np.float64], segments: Sequence[int], model: SegmentModel, where: str
) -> tuple[NDArray[np.float64], tuple[int, ...], list[Finding]]:
    complete = [bool(np.isfinite(row).all()) for row in strain_pct]
    if not any(complete):
        raise InputError(f"{where}: no segment has a number in every frame; export the curves again")
    findings = [
        Finding(
            code="segment-incomplete",
            message=f"{where}: segment {segment} ({segment_name(segment, model)}) has no number in "
            f"{int((~np.isfinite(row)).sum())} of {len(row)} frames and was left out",
        )
        for segment, row, whole in zip(segments, strain_pct, complete, strict=True)
        if not whole
    ]
    kept = tuple(segment for segment, whole in zip(segments, complete, strict=True) if whole)
    return strain_pct[np.array(complete)], kept, findings


def _referred_to_first_frame(strain_pct: NDArray[np.float64], kind: StrainKind) -> tuple[NDArray[np.float64], float]:
    """Return strain with respect to the first frame and how far from 0 it began [%]."""
    start = strain_pct[:, :1]
    moved = float(np.abs(start).max())
    if moved == 0.0:
        return strain_pct, 0.0
    if kind == "natural":  # ln(L/L0) - ln(L1/L0)
        return strain_pct - start, moved
    if kind == "lagrangian":
        return 100.0 * ((1.0 + strain_pct / 100.0) / (1.0 + start / 100.0) - 1.0), moved
    return 50.0 * ((1.0 + strain_pct / 50.0) / (1.0 + start / 50.0) - 1.0), moved


def _event_findings(events: CardiacEvents, rr_s: float, where: str) -> list[Finding]:
    named = [("MVC", events.mvc_s), ("AVO", events.avo_s), ("AVC", events.avc_s), ("MVO", events.mvo_s)]
    known = [(name, at) for name, at in named if at is not None]
    for (before, early), (after, late) in pairwise(known):
        if late <= early:
            raise InputError(
                f"{where}: valve events must come in the order MVC, AVO, AVC, MVO, but {before} is at "
                f"{1000 * early:.0f} ms and {after} at {1000 * late:.0f} ms; correct the times"
            )
    for name, at in known:
        if not 0.0 <= at < rr_s:
            raise InputError(
                f"{where}: {name} must lie in [0, {1000 * rr_s:.0f}) ms of its beat, got {1000 * at:.0f}; "
                "count from QRS onset, in the beat that the curves show"
            )
    missing = [name for name, at in named if at is None]
    if not missing:
        return []
    return [
        Finding(
            code="events-missing",
            message=f"{where}: {', '.join(missing)} unknown; what needs {'it' if len(missing) == 1 else 'them'} is "
            "left out. Give the times if you have them",
        )
    ]
