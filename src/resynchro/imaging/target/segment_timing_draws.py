"""Delays of the segments with all that is uncertain about them: many draws over beats, engines and noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.strain.cross_correlation import (
    HARMONICS,
    LARGEST_DELAY_OF_RR,
    LEAST_RHO,
    cross_correlation_delays,
    least_amplitude_pct,
    usable_delays,
)
from resynchro.imaging.strain.fourier import low_passed
from resynchro.imaging.strain.open_beat import open_beat_reasons
from resynchro.record.segments import SegmentModel, converted, segments_of
from resynchro.record.strain import SegmentCurves

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

DRAWS = 1000
#: Noise of one frame when a smoothed export hides it, and the least that is believed of an estimate [%]: ours. Vendor
#: and tracker curves were smoothed before we see them, so that the residual is a lower bound.
ASSUMED_NOISE_PCT, LEAST_NOISE_PCT = 1.0, 0.5
AMPLITUDE_NOTE = (
    "Segments count as moving too little at 10 % radial strain or less (TARGET), or below the larger of 3 % and three "
    "times the noise for the other strains."
)
#: Radial strain of at most this is scar (TARGET, doi:10.1016/j.jacc.2011.12.030) [%].
LEAST_RADIAL_PCT = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentTiming:
    """Delays of the segments of the 17-segment model.

    Attributes
    ----------
    segments
        Segment of each column.
    best_ms
        Shape (segments,): delay against the mean without added noise, averaged over the sources that time the segment;
        later is positive.
    delay_ms
        Shape (draws, segments).
    usable
        Shape (draws, segments): whether the segment could be timed in the draw.
    timed
        Shape (segments,): whether `best_ms` is a number that may be shown.
    reasons
        Why a segment may not be the target for its motion alone; empty where there is no such reason.
    rr_s
        Beat that the delays belong to [s]; None when unknown.
    words
        What was timed, in a sentence.
    notes
        What a reader must know.
    absent
        Why a segment that is not among `segments` was not timed, where that is known.
    """

    segments: tuple[int, ...]
    best_ms: FloatArray
    delay_ms: FloatArray
    usable: BoolArray
    timed: BoolArray
    reasons: tuple[str, ...]
    rr_s: float | None
    words: str
    notes: tuple[str, ...] = ()
    absent: Mapping[int, str] = field(default_factory=dict)


def strain_timing(sources: Sequence[SegmentCurves], *, draws: int = DRAWS, seed: int = 0) -> SegmentTiming:
    """Draw delays from strain curves by a parametric bootstrap.

    Parameters
    ----------
    sources
        Curves of the same patient and strain type: one beat, several beats, or several engines; each draw takes one of
        them at random. Segments are those that every source has, in the 17-segment model.
    draws
        Number of draws.
    seed
        Same sources and seed, same draws.

    Returns
    -------
    SegmentTiming
        Cross-correlation delays of the low-passed curves plus white noise of each segment's own size.

    Raises
    ------
    MeasurementError
        Without sources, for curves that do not cover the beat, or fewer than three common segments.

    Notes
    -----
    On simulated rings with white noise of 1 and 2 % the top probability is right as often as it says; with more noise,
    or noise that lasts over frames, it is over-confident.
    """
    if not sources:
        raise MeasurementError("no strain curves: a target needs at least one beat")
    rng = np.random.default_rng(seed)
    in17 = [_in_17_segments(curves) for curves in sources]
    common = tuple(s for s in segments_of("aha17") if all(s in curves.segments for curves in in17))
    if len(common) < 3:
        raise MeasurementError(
            f"only {len(common)} segments are in every source; at least 3 are needed to tell which is late"
        )
    rr_s = float(np.mean([curves.rr_s for curves in in17]))
    choice = rng.integers(len(sources), size=draws)
    delay = np.empty((draws, len(common)))
    usable = np.empty((draws, len(common)), dtype=bool)
    best, reasons = [], []
    for number, curves in enumerate(in17):
        beat = _timed_beat(_only(curves, common))
        scale_ms = 1000.0 * rr_s / curves.rr_s
        mine = np.flatnonzero(choice == number)
        noisy = beat.smooth[None] + rng.normal(size=(len(mine), *beat.smooth.shape)) * beat.sigma[None, :, None]
        if len(mine):
            drawn = cross_correlation_delays(noisy, curves.rr_s, counted=beat.closed)
            delay[mine] = drawn.delay_s * scale_ms
            usable[mine] = usable_delays(drawn, curves.rr_s, beat.least_pct) & beat.closed
        best.append(beat.delay_s * scale_ms)
        reasons.append(beat.reasons)
    return SegmentTiming(
        segments=common,
        best_ms=_mean_where_timed(np.array(best), reasons),
        delay_ms=delay,
        usable=usable,
        timed=np.array([not reason for reason in _merged(reasons)]),
        reasons=tuple(_merged(reasons)),
        rr_s=rr_s,
        words=_words(sources, in17),
        notes=_notes(sources, common),
    )


def phase_timing(
    phase_deg: dict[int, float],
    se_deg: dict[int, float],
    rr_s: float | None,
    *,
    words: str,
    absent: Mapping[int, str] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> SegmentTiming:
    """Draw delays from phases of gated SPECT.

    Parameters
    ----------
    phase_deg
        Phase of peak thickening by segment of the 17-segment model [deg], later is larger; wrapped around their mean.
    se_deg
        Standard error of each [deg].
    rr_s
        Length of the beat [s]; without one a beat of 1 s is written, so that 1 % RR is 10 ms, and a note says so.
    words
        What was timed, in a sentence.
    absent
        Why the other segments have no phase.

    Raises
    ------
    MeasurementError
        For fewer than three segments.
    """
    segments = tuple(sorted(phase_deg))
    if len(segments) < 3:
        raise MeasurementError(f"phases of only {len(segments)} segments; at least 3 are needed to tell which is late")
    rng = np.random.default_rng(seed)
    angle = np.radians([phase_deg[segment] for segment in segments])
    mean = np.angle(np.mean(np.exp(1j * angle)))
    turned = np.degrees(np.angle(np.exp(1j * (angle - mean))))
    beat_s = 1.0 if rr_s is None else rr_s
    best = turned / 360.0 * beat_s * 1000.0
    error = np.array([se_deg[segment] for segment in segments]) / 360.0 * beat_s * 1000.0
    notes = () if rr_s is not None else ("The beat is unknown: delays are written as if it lasted 1 s.",)
    return SegmentTiming(
        segments=segments,
        best_ms=best,
        delay_ms=best[None] + rng.normal(size=(draws, len(segments))) * error[None],
        usable=np.ones((draws, len(segments)), dtype=bool),
        timed=np.ones(len(segments), dtype=bool),
        reasons=("",) * len(segments),
        rr_s=rr_s,
        words=words,
        notes=notes,
        absent=absent or {},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _TimedBeat:
    """One beat: low-passed curves, their noise, the delays without added noise, and why a segment has none."""

    smooth: FloatArray
    sigma: FloatArray
    least_pct: FloatArray
    closed: BoolArray
    delay_s: FloatArray
    reasons: tuple[str, ...]


def _timed_beat(curves: SegmentCurves) -> _TimedBeat:
    if not curves.periodic:
        raise MeasurementError(
            f"{curves.source or 'the curves'}: the frames do not cover the whole beat, so delays by cross-correlation "
            "are refused; use a retrospectively gated recording"
        )
    assert curves.noise_pct is not None and curves.timing_noise_pct is not None  # _in_17_segments fills both
    smooth = low_passed(curves.strain_pct, HARMONICS)
    least = least_amplitude_pct(curves.noise_pct, len(curves.segments))
    if curves.strain_type == "radial":
        least = np.maximum(least, LEAST_RADIAL_PCT)
    drifting = open_beat_reasons(curves)
    closed = np.array([reason is None for reason in drifting])
    found = cross_correlation_delays(smooth, curves.rr_s, counted=closed)
    numbers = zip(found.rho, found.delay_s, found.amplitude_pct, least, strict=True)
    reasons = tuple(
        drift or _why_not(float(rho), float(delay_s), float(amplitude), float(limit), curves)
        for drift, (rho, delay_s, amplitude, limit) in zip(drifting, numbers, strict=True)
    )
    return _TimedBeat(
        smooth=smooth,
        sigma=curves.timing_noise_pct,
        least_pct=least,
        closed=closed,
        delay_s=found.delay_s,
        reasons=reasons,
    )


def _in_17_segments(curves: SegmentCurves) -> SegmentCurves:
    """Return the curves in the 17-segment model with both noises for each; averaged segments have less of them."""
    assumed = np.full(len(curves.segments), ASSUMED_NOISE_PCT)
    sigma = np.maximum(assumed if curves.noise_pct is None else curves.noise_pct, LEAST_NOISE_PCT)
    drawn = np.maximum(sigma if curves.timing_noise_pct is None else curves.timing_noise_pct, LEAST_NOISE_PCT)
    if curves.model != "aha18":
        return replace(curves, noise_pct=sigma, timing_noise_pct=drawn)
    share = _shares(curves.model, curves.segments)
    weight = np.array(list(share.values()))
    return replace(
        curves,
        model="aha17",
        segments=tuple(share),
        strain_pct=weight @ curves.strain_pct,
        noise_pct=np.sqrt(weight**2 @ sigma**2),
        timing_noise_pct=np.sqrt(weight**2 @ drawn**2),
    )


def _only(curves: SegmentCurves, segments: Sequence[int]) -> SegmentCurves:
    rows = [curves.segments.index(segment) for segment in segments]
    assert curves.noise_pct is not None and curves.timing_noise_pct is not None  # _in_17_segments fills both
    return replace(
        curves,
        segments=tuple(segments),
        strain_pct=curves.strain_pct[rows],
        noise_pct=curves.noise_pct[rows],
        timing_noise_pct=curves.timing_noise_pct[rows],
    )


def _shares(model: SegmentModel, segments: Sequence[int]) -> dict[int, list[float]]:
    """Return the weight of every row in each segment of the 17-segment model that has all its parts."""
    # one unit curve after the other
    columns = [converted({s: float(s == row) for s in segments}, model, "aha17") for row in segments]
    return {segment: [column[segment] for column in columns] for segment in columns[0]}


def _why_not(rho: float, delay_s: float, amplitude_pct: float, least_pct: float, curves: SegmentCurves) -> str:
    """Return why a segment cannot be timed; empty when it can."""
    if amplitude_pct < least_pct:
        return f"moves too little: {amplitude_pct:.1f} % {curves.strain_type} strain, at least {least_pct:.1f} % needed"
    if rho < LEAST_RHO:
        return f"its curve does not follow the others (correlation {rho:.2f}, at least {LEAST_RHO} needed)"
    if abs(delay_s) > LARGEST_DELAY_OF_RR * curves.rr_s:
        return (
            f"runs against the others (best match at {1000.0 * delay_s:+.0f} ms, more than "
            f"{100.0 * LARGEST_DELAY_OF_RR:.0f} % of the beat): discordant, not late"
        )
    return ""


def _mean_where_timed(best_ms: FloatArray, reasons: Sequence[Sequence[str]]) -> FloatArray:
    """Average the delays, shape (sources, segments), over the sources that have no reason against the segment."""
    good = np.array([[not reason for reason in of_source] for of_source in reasons])
    good |= ~good.any(axis=0)  # timed by none: the number is not shown
    return np.asarray((best_ms * good).sum(axis=0) / good.sum(axis=0))


def _merged(reasons: Sequence[Sequence[str]]) -> list[str]:
    """Return the reason of each segment: one that holds in every source, else none."""
    return [of_segment[0] if all(of_segment) else "" for of_segment in zip(*reasons, strict=True)]


def _words(sources: Sequence[SegmentCurves], in17: Sequence[SegmentCurves]) -> str:
    first = sources[0]
    engines = ", ".join(dict.fromkeys(curves.engine for curves in sources))
    hidden = any(curves.noise_pct is None and curves.timing_noise_pct is None for curves in sources)
    beats = "one set of curves" if len(sources) == 1 else f"{len(sources)} sets of curves"
    drawn = [curves.timing_noise_pct for curves in in17 if curves.timing_noise_pct is not None]
    sigma = max(float(np.median(noise)) for noise in drawn)
    noise = f"{sigma:.1f} % per frame" + (" (assumed: a smoothed export hides it)" if hidden else "")
    return f"{first.strain_type} strain, {engines}, {beats}, noise {noise}"


def _notes(sources: Sequence[SegmentCurves], common: Sequence[int]) -> tuple[str, ...]:
    notes = [AMPLITUDE_NOTE]
    missing = [str(s) for s in range(1, 17) if s not in common]
    if missing:
        notes.append(f"Segments {', '.join(missing)} were not seen.")
    spread = max(curves.rr_spread for curves in sources)
    if spread > 0.15:
        notes.append(
            f"RR intervals of the views differ by {100.0 * spread:.0f} %; they were rescaled before comparison."
        )
    return tuple(notes)
