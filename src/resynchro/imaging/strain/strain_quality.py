"""How far the data behind a strain measurement carry: one line per thing that can spoil timing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from resynchro.imaging.strain.beat_alignment import LARGEST_RR_SPREAD
from resynchro.imaging.strain.segment_delay import SegmentDelay
from resynchro.imaging.strain.strain_kind import to_lagrangian
from resynchro.imaging.strain.view_beat import LEAST_COVERAGE, drift_limit_pct, end_drift, frames_per_beat, own_beat
from resynchro.record.segments import SEGMENT_COUNT, segments_of
from resynchro.record.strain import EVENT_WORDS, EventName, SegmentCurves, StrainStudy

Verdict = Literal["good", "caution", "poor"]

#: Our limits between good, caution and poor; the second of each is where a rule of this room bites, if there is one.
_RR_SPREAD = (0.05, LARGEST_RR_SPREAD)
_FRAMES = (30.0, 20.0)
_NOISE_PCT = (1.0, 2.0)
_SHARE_OF_SEGMENTS = (1.0, 0.75)
_EVENTS: tuple[EventName, ...] = ("mvc", "avo", "avc", "mvo")


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityItem:
    """One property of the data.

    Attributes
    ----------
    key, name
        Stable name for programs, and name for people.
    value
        What was found, in words with units.
    verdict
        ``good``, ``caution`` or ``poor``.
    meaning
        What follows from it; empty when good.
    """

    key: str
    name: str
    value: str
    verdict: Verdict
    meaning: str = ""


def strain_quality(
    study: StrainStudy, curves: SegmentCurves, delays: Sequence[SegmentDelay]
) -> tuple[QualityItem, ...]:
    """Judge the data behind a measurement.

    Parameters
    ----------
    study
        As read.
    curves
        From `curves_from_study`.
    delays
        From `segment_delays`; empty when delays could not be measured.

    Returns
    -------
    tuple of QualityItem
        Events, RR spread, frames per beat, coverage, drift, noise, segments present, low amplitude, usable segments.
    """
    return (
        _events(curves),
        _rr_spread(study, curves),
        _frames(study),
        _coverage(study),
        _drift(study, curves),
        _noise(curves),
        _segments(curves),
        _amplitude(curves, delays),
        _usable(curves, delays),
    )


def _graded(value: float, limits: tuple[float, float]) -> Verdict:
    """Grade a number; limits in falling order mean that more is better."""
    good, caution = limits
    if good > caution:
        return "good" if value >= good else "caution" if value >= caution else "poor"
    return "good" if value <= good else "caution" if value <= caution else "poor"


def _events(curves: SegmentCurves) -> QualityItem:
    missing = [name for name in _EVENTS if curves.events.at(name) is None]
    known = [f"{name.upper()} {1000 * at:.0f}" for name in _EVENTS if (at := curves.events.at(name)) is not None]
    words = ", ".join(EVENT_WORDS[name] for name in missing)
    return QualityItem(
        key="events",
        name="Valve events",
        value=(", ".join(known) + " ms" if known else "none") + (f"; no {words}" if missing else ""),
        verdict="poor" if "avc" in missing else "caution" if missing else "good",
        meaning="" if not missing else "indices that need a missing event are absent",
    )


def _rr_spread(study: StrainStudy, curves: SegmentCurves) -> QualityItem:
    lengths = sorted(1000 * view.rr_s for view in study.views)
    verdict = _graded(curves.rr_spread, _RR_SPREAD)
    value = (
        f"{lengths[0]:.0f} ms, one beat"
        if len(lengths) == 1
        else (f"{100 * curves.rr_spread:.1f} % ({lengths[0]:.0f} to {lengths[-1]:.0f} ms, {len(lengths)} beats)")
    )
    meaning = "" if verdict == "good" else "views come from beats of different length"
    return QualityItem(key="rr_spread", name="RR spread", value=value, verdict=verdict, meaning=meaning)


def _frames(study: StrainStudy) -> QualityItem:
    frames = [frames_per_beat(view) for view in study.views]
    rates = [count / view.rr_s for count, view in zip(frames, study.views, strict=True)]
    verdict = _graded(min(frames), _FRAMES)
    return QualityItem(
        key="frame_rate",
        name="Frames",
        value=f"{_span(frames)} per beat, {_span(rates)} Hz",
        verdict=verdict,
        meaning="" if verdict == "good" else "short events fall between frames",
    )


def _coverage(study: StrainStudy) -> QualityItem:
    least = min(own_beat(view)[1] for view in study.views)
    verdict: Verdict = "good" if least >= LEAST_COVERAGE else "poor"
    return QualityItem(
        key="coverage",
        name="Coverage of the beat",
        value=f"{100 * least:.0f} %",
        verdict=verdict,
        meaning="" if verdict == "good" else "not periodic: no delays, no times to peak",
    )


def _drift(study: StrainStudy, curves: SegmentCurves) -> QualityItem:
    worst, where = 0.0, ""
    for view in study.views:
        count, covered = own_beat(view)
        if covered < LEAST_COVERAGE:
            continue
        drift = end_drift(to_lagrangian(view.strain_pct, study.kind), count)
        row = int(np.abs(drift).argmax())
        if abs(drift[row]) > abs(worst):
            worst, where = float(drift[row]), f" (segment {view.segments[row]}, {view.name})"
    limit = drift_limit_pct(0.0 if curves.noise_pct is None else float(np.median(curves.noise_pct)))
    verdict = _graded(abs(worst), (limit / 2.0, limit))
    return QualityItem(
        key="drift",
        name="Largest drift",
        value=f"{worst:+.1f} %{where}" if where else "none",
        verdict=verdict,
        meaning="" if verdict == "good" else "the beat does not end where it began",
    )


def _noise(curves: SegmentCurves) -> QualityItem:
    if curves.noise_pct is None:
        return QualityItem(
            key="noise",
            name="Noise of a frame",
            value="unknown",
            verdict="caution",
            meaning="smoothed export or few frames: no noise floors",
        )
    noise = float(np.median(curves.noise_pct))
    verdict = _graded(noise, _NOISE_PCT)
    return QualityItem(
        key="noise",
        name="Noise of a frame",
        value=f"at least {noise:.2f} % (median; largest {float(curves.noise_pct.max()):.2f} %)",
        verdict=verdict,
        meaning="" if verdict == "good" else "see the noise floor beside each index",
    )


def _segments(curves: SegmentCurves) -> QualityItem:
    wanted = segments_of("aha16" if curves.model == "aha17" else curves.model)
    missing = [segment for segment in wanted if segment not in curves.segments]
    verdict = _graded(1.0 - len(missing) / len(wanted), _SHARE_OF_SEGMENTS)
    total = SEGMENT_COUNT[curves.model]
    return QualityItem(
        key="segments",
        name="Segments present",
        value=f"{len(curves.segments)} of {total}" + (f"; without {_listed(missing)}" if missing else ""),
        verdict=verdict,
        meaning="" if verdict == "good" else "whole-ventricle indices rest on fewer",
    )


def _amplitude(curves: SegmentCurves, delays: Sequence[SegmentDelay]) -> QualityItem:
    low = [delay.segment for delay in delays if delay.reason is not None and delay.reason.startswith("moves by")]
    verdict: Verdict = "good" if delays and not low else "caution" if len(low) <= len(curves.segments) / 4 else "poor"
    return QualityItem(
        key="amplitude",
        name="Low amplitude",
        value="not judged" if not delays else f"segment{'s' if len(low) > 1 else ''} {_listed(low)}" if low else "none",
        verdict=verdict,
        meaning="" if not low else "scar or poor tracking: not timed",
    )


def _usable(curves: SegmentCurves, delays: Sequence[SegmentDelay]) -> QualityItem:
    usable = sum(delay.valid for delay in delays)
    verdict = _graded(usable / len(curves.segments), _SHARE_OF_SEGMENTS)
    left = [delay.segment for delay in delays if not delay.valid]
    return QualityItem(
        key="usable_segments",
        name="Usable for timing",
        value=f"{usable} of {len(curves.segments)}" + (f"; not {_listed(left)}" if left else ""),
        verdict=verdict,
        meaning="" if verdict == "good" else "the reason stands beside each segment",
    )


def _listed(segments: Sequence[int]) -> str:
    return ", ".join(map(str, segments))


def _span(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:.0f}" if round(low) == round(high) else f"{low:.0f} to {high:.0f}"
