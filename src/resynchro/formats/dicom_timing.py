"""The frames of one slice in order of time, and the length of its beat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.dicom_frames import DicomFrame
from resynchro.record.finding import Finding
from resynchro.record.slices import CineSlice, FloatArray

#: Frames that reach less of the beat than this were gated prospectively and are not periodic.
PERIODIC_COVERAGE = 0.95
#: RR intervals of adults at rest and far beyond [ms]; others are damage or another unit.
PLAUSIBLE_RR_MS = (200.0, 3000.0)


def slice_over_time(
    frames: Sequence[DicomFrame], *, rr_ms: float | None, label: str
) -> tuple[CineSlice, tuple[Finding, ...]]:
    """Put the frames of one slice in order.

    Parameters
    ----------
    frames
        Of one place, in any order.
    rr_ms
        RR interval to use where the files state none [ms].
    label
        How messages call the slice.

    Returns
    -------
    CineSlice, tuple of Finding

    Raises
    ------
    InputError
        When several frames lie at one place and neither their times nor an RR interval are stated.

    Notes
    -----
    With retrospective gating RR is the number of frames times the median step of TriggerTime; the scanner's own
    interval (NominalInterval, HeartRate) tells whether the frames reach the end of the beat.
    """
    ordered, by_time = _in_order(frames)
    low, high = PLAUSIBLE_RR_MS
    stated = [rr for frame in ordered if (rr := frame.rr_nominal_ms) is not None and low <= rr <= high]
    nominal_ms = float(np.median(stated)) if stated else None
    findings: list[Finding] = []
    rr_s: float | None = None
    covers = True
    time_s = np.zeros(1)
    if len(ordered) > 1:
        if by_time:
            time_s = np.array([frame.trigger_ms for frame in ordered], dtype=float) / 1000.0
            rr_s, covers, found = _beat(time_s, nominal_ms, label)
        else:
            rr_s, found = _beat_without_times(nominal_ms, rr_ms, len(ordered), label)
            time_s = rr_s * np.arange(len(ordered)) / len(ordered)
        findings += found
    pixels = np.stack([frame.pixels for frame in ordered])
    for array in (pixels, time_s):
        array.setflags(write=False)
    made = CineSlice(
        geometry=ordered[0].geometry,
        frames=pixels,
        time_s=time_s,
        rr_s=rr_s,
        covers_cycle=covers,
        name=ordered[0].name,
    )
    return made, tuple(findings)


def _in_order(frames: Sequence[DicomFrame]) -> tuple[list[DicomFrame], bool]:
    """Sort by trigger time, else by the first of the fall-backs that tells all frames apart."""
    times = [frame.trigger_ms for frame in frames]
    known = [time for time in times if time is not None]
    if len(set(known)) == len(frames):
        return sorted(frames, key=lambda frame: frame.trigger_ms or 0.0), True
    for index in range(3):
        keys = [frame.order[index] for frame in frames]
        if None not in keys and len(set(keys)) == len(frames):
            return sorted(frames, key=lambda frame: frame.order[index] or 0.0), False
    return list(frames), False


def _beat(time_s: FloatArray, nominal_ms: float | None, label: str) -> tuple[float, bool, list[Finding]]:
    steps = np.diff(time_s)
    step = float(np.median(steps))
    span_ms = 1000.0 * step * len(time_s)
    findings = []
    if not PLAUSIBLE_RR_MS[0] <= span_ms <= PLAUSIBLE_RR_MS[1]:
        raise InputError(
            f"{label}: {len(time_s)} frames at steps of {1000 * step:.3g} ms make a beat of {span_ms:.0f} ms, allowed "
            f"are {PLAUSIBLE_RR_MS[0]:.0f} to {PLAUSIBLE_RR_MS[1]:.0f} ms: TriggerTime is damaged or in another unit"
        )
    if float(np.max(np.abs(steps - step))) > 0.5 * step:
        findings.append(
            Finding(code="uneven-times", message=f"{label}: the steps in time are uneven; a frame may be missing")
        )
    if nominal_ms is None:
        findings.append(
            Finding(
                code="rr-unchecked",
                message=f"{label}: the files state no RR interval; RR {span_ms:.0f} ms is from the times of the frames",
            )
        )
        return span_ms / 1000.0, True, findings
    if span_ms < PERIODIC_COVERAGE * nominal_ms:
        findings.append(
            Finding(
                code="part-of-cycle",
                message=(
                    f"{label}: the frames reach {100 * span_ms / nominal_ms:.0f} % of the RR interval of "
                    f"{nominal_ms:.0f} ms (prospective gating): late diastole is missing, periodic methods are refused"
                ),
            )
        )
        return nominal_ms / 1000.0, False, findings
    if span_ms > 1.1 * nominal_ms:
        findings.append(
            Finding(
                code="rr-mismatch",
                message=(
                    f"{label}: the frames span {span_ms:.0f} ms, the stated RR interval is {nominal_ms:.0f} ms; the "
                    "times of the frames are used"
                ),
            )
        )
    return span_ms / 1000.0, True, findings


def _beat_without_times(
    nominal_ms: float | None, rr_ms: float | None, count: int, label: str
) -> tuple[float, list[Finding]]:
    interval = nominal_ms if nominal_ms is not None else rr_ms
    if interval is None:
        raise InputError(
            f"{label}: {count} frames lie at one place, but TriggerTime, NominalInterval and HeartRate are missing or "
            "the same: export the original series, or give the RR interval (--rr-ms)"
        )
    if not PLAUSIBLE_RR_MS[0] <= interval <= PLAUSIBLE_RR_MS[1]:
        raise InputError(
            f"{label}: an RR interval of {interval:.4g} ms, allowed are {PLAUSIBLE_RR_MS[0]:.0f} to "
            f"{PLAUSIBLE_RR_MS[1]:.0f} ms"
        )
    message = f"{label}: the files state no times; {count} frames were spread evenly over RR {interval:.0f} ms"
    return interval / 1000.0, [Finding(code="times-assumed", message=message)]
