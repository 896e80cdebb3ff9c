"""Time from QRS onset to the peak of each segment's curve.

The classical way of timing, and mostly noise when the extreme sample is taken. Here the curve is low-passed, sampled at
about 1 ms and the extreme refined by a parabola; numbers made from it stand beside what synchronous curves give.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.strain.cross_correlation import least_amplitude_pct
from resynchro.imaging.strain.fourier import low_passed, upsampled
from resynchro.imaging.strain.open_beat import open_beat_reasons
from resynchro.record.strain import CardiacEvents, SegmentCurves

FloatArray = NDArray[np.float64]
#: ``ejection``: AVO to AVC. ``systole``: QRS onset to AVC. ``cycle``: QRS onset to the next one.
Window = Literal["ejection", "systole", "cycle"]

PEAK_HARMONICS = 5
_STEP_S = 0.001
#: Curves sampled at 1 ms at once; bounds the memory at about 40 MB.
_CHUNK_ROWS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentPeak:
    """The peak of one segment.

    Attributes
    ----------
    time_ms, time_pct_rr
        From QRS onset [ms, % RR]; None when the segment is excluded.
    peak_pct
        Strain of the low-passed curve there, with its sign [%].
    at_edge
        True when the extreme lies at an edge of the window, so that the curve has no peak inside it.
    reason
        Why the segment is excluded; None when it is used.
    """

    segment: int
    time_ms: float | None
    time_pct_rr: float | None
    peak_pct: float
    at_edge: bool
    reason: str | None


def window_s(window: Window, events: CardiacEvents, rr_s: float) -> tuple[float, float] | None:
    """Return start and end of a window [s], or None when an event that limits it is unknown."""
    if window == "cycle":
        return 0.0, rr_s
    start = 0.0 if window == "systole" else events.avo_s
    end = events.avc_s
    return None if start is None or end is None or end <= start else (start, end)


def window_words(window: Window, events: CardiacEvents, rr_s: float) -> str:
    """Return a window in words with its limits, or which event it needs."""
    names = {"ejection": "AVO to AVC", "systole": "QRS onset to AVC", "cycle": "QRS onset to the next QRS"}
    limits = window_s(window, events, rr_s)
    if limits is None:
        missing = [name for name, at in (("AVO", events.avo_s), ("AVC", events.avc_s)) if at is None]
        needed = [name for name in missing if window == "ejection" or name == "AVC"]
        return f"needs {' and '.join(needed)}" if needed else "AVC must follow AVO"
    return f"{names[window]} ({1000 * limits[0]:.0f} to {1000 * limits[1]:.0f} ms)"


def times_to_peak(
    values: FloatArray,
    rr_s: float,
    *,
    limits_s: tuple[float, float] | None = None,
    maximum: bool = False,
    harmonics: int = PEAK_HARMONICS,
) -> tuple[FloatArray, FloatArray]:
    """Find when each curve is extreme.

    Parameters
    ----------
    values
        Shape (..., T): whole beats, equally spaced from 0, any unit.
    rr_s
        Length of the beat [s].
    limits_s
        First and last moment that may be the peak [s]; None for the whole beat.
    maximum
        Look for the maximum (radial strain, velocity) instead of the minimum (shortening, volume).
    harmonics
        Low-pass before looking.

    Returns
    -------
    time_s, peak
        Shape (...) each: time of the extreme [s] and the low-passed value there.

    Raises
    ------
    MeasurementError
        When the window holds fewer than 3 ms.

    Examples
    --------
    >>> t = np.arange(30) / 30
    >>> time_s, peak = times_to_peak(-9 + 9 * np.cos(2 * np.pi * (t - 0.037 / 0.9)), 0.9)
    >>> round(float(time_s), 4), round(float(peak), 3)
    (0.487, -18.0)
    """
    curves = np.asarray(values, dtype=np.float64)
    rows = (curves if maximum else -curves).reshape(-1, curves.shape[-1])
    samples = max(curves.shape[-1], round(rr_s / _STEP_S))
    step_s = rr_s / samples
    start_s, end_s = limits_s if limits_s is not None else (0.0, rr_s)
    first, last = int(np.ceil(start_s / step_s - 1e-9)), min(int(np.floor(end_s / step_s + 1e-9)), samples - 1)
    if last - first < 2:
        raise MeasurementError(
            f"the window from {1000 * start_s:.0f} to {1000 * end_s:.0f} ms is too short for a peak; check the events"
        )
    time_s, peak = np.empty(len(rows)), np.empty(len(rows))
    for begin in range(0, len(rows), _CHUNK_ROWS):
        part = slice(begin, begin + _CHUNK_ROWS)
        fine = upsampled(low_passed(rows[part], harmonics), samples)[:, first : last + 1]
        best = fine.argmax(axis=-1)
        inside = np.clip(best, 1, fine.shape[-1] - 2)
        row = np.arange(len(fine))
        before, at, after = (fine[row, inside + shift] for shift in (-1, 0, 1))
        bend = before - 2.0 * at + after
        parabola = (best == inside) & (bend < 0.0)
        shift = np.where(parabola, 0.5 * (before - after) / np.where(parabola, bend, -1.0), 0.0)
        time_s[part] = (first + best + shift) * step_s
        peak[part] = fine[row, best] - 0.25 * np.where(parabola, (before - after) * shift, 0.0)
    shape = curves.shape[:-1]
    return time_s.reshape(shape), (peak if maximum else -peak).reshape(shape)


def segment_peaks(
    curves: SegmentCurves, window: Window = "cycle", *, harmonics: int = PEAK_HARMONICS
) -> tuple[SegmentPeak, ...]:
    """Find the peak of contraction of every segment.

    Parameters
    ----------
    curves
        Periodic curves; radial strain peaks upwards, the others downwards.
    window
        Where the peak may lie.
    harmonics
        Low-pass before looking.

    Returns
    -------
    tuple of SegmentPeak
        One per segment, in order. Segments whose peak is less than max(3 %, 3 sigma), or whose beat does not close,
        are excluded with the reason.

    Raises
    ------
    MeasurementError
        When the curves do not cover the beat, or the window needs an event that is unknown.
    """
    if not curves.periodic:
        raise MeasurementError("the curves do not cover the whole beat, so they cannot be low-passed by harmonics")
    limits = window_s(window, curves.events, curves.rr_s)
    if limits is None:
        raise MeasurementError(f"time to peak: {window_words(window, curves.events, curves.rr_s)}")
    time_s, peak = times_to_peak(curves.shortening, curves.rr_s, limits_s=limits, harmonics=harmonics)
    smooth_start = low_passed(curves.shortening, harmonics)[:, 0]
    least = least_amplitude_pct(curves.noise_pct, len(curves.segments))
    sign = -1.0 if curves.strain_type == "radial" else 1.0
    opened = open_beat_reasons(curves)
    edge_s = 1.5 * _STEP_S
    found = []
    for row, segment in enumerate(curves.segments):
        depth = float(smooth_start[row] - peak[row])
        at = float(time_s[row])
        reason = opened[row]
        if reason is None and depth < least[row]:
            reason = f"contracts by {max(depth, 0.0):.1f} % only, less than {least[row]:.1f} %"
        found.append(
            SegmentPeak(
                segment=segment,
                time_ms=1000.0 * at if reason is None else None,
                time_pct_rr=100.0 * at / curves.rr_s if reason is None else None,
                peak_pct=sign * float(peak[row]),
                at_edge=at - limits[0] < edge_s or (window != "cycle" and limits[1] - at < edge_s),
                reason=reason,
            )
        )
    return tuple(found)
