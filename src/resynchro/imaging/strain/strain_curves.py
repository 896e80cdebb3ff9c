"""Strain of all segments on one time base, from views that were recorded in different beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.strain.beat_alignment import CommonBeat, Rescale, common_beat, common_time
from resynchro.imaging.strain.strain_kind import rezeroed, to_lagrangian
from resynchro.imaging.strain.strain_noise import (
    LEAST_PLAUSIBLE_NOISE_PCT,
    NOISE_HARMONICS,
    NOISE_UNKNOWN,
    noise_per_frame,
)
from resynchro.imaging.strain.view_beat import LEAST_COVERAGE, drift_limit_pct, end_drift, frames_per_beat, own_beat
from resynchro.record.finding import Finding
from resynchro.record.segments import segment_name
from resynchro.record.strain import CardiacEvents, EventName, SegmentCurves, StrainStudy, StrainView

FloatArray = NDArray[np.float64]

#: Fewer frames per beat hold no six harmonics.
LEAST_FRAMES = 13
#: Frame intervals that differ by less than this share count as equal.
_EQUAL = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedView:
    """One view on the common time base: curves (segments, T), noise (segments,) or None, drift and length."""

    view: StrainView
    strain_pct: FloatArray
    noise_pct: FloatArray | None
    drift_pct: FloatArray
    resampled: bool


def curves_from_study(
    study: StrainStudy,
    *,
    events: CardiacEvents | None = None,
    harmonics: int = NOISE_HARMONICS,
    rescale: Rescale = "auto",
) -> SegmentCurves:
    """Bring the views of a study to one beat.

    Parameters
    ----------
    study
        As read; its views may be of different beats, frame rates and lengths.
    events
        Valve events given by the user; each one that is not None replaces that of every view.
    harmonics
        What lies above them counts as noise.
    rescale
        ``auto`` maps systole and diastole linearly each, by the AVC of every view; without AVC, or with ``rr``, the
        whole beat is scaled.

    Returns
    -------
    SegmentCurves
        Lagrangian strain, zero at time 0, equally spaced; RR is the mean of the views' beats. `periodic` is False when
        a view covers less than 95 % of its beat; the time then ends where the shortest view ends.

    Raises
    ------
    MeasurementError
        With fewer than 13 frames per beat, or values that are not finite.

    Notes
    -----
    Curves that are not equally spaced already are resampled by a periodic cubic spline. A segment seen in two views is
    the mean of both, with a finding.
    """
    _checked(study.views)
    study = study_with_events(study, events)
    beat = common_beat(study.views, rescale=rescale)
    own = [own_beat(view) for view in study.views]
    covered = [share for _, share in own]
    periodic = min(covered) >= LEAST_COVERAGE
    frames = round(float(np.median([frames_per_beat(view) for view in study.views])))
    if frames < LEAST_FRAMES:
        raise MeasurementError(
            f"{frames} frames per beat are too few for {NOISE_HARMONICS} harmonics; at least {LEAST_FRAMES} are needed"
        )
    time_s: FloatArray = np.arange(frames, dtype=np.float64) * (beat.rr_s / frames)
    if not periodic:
        ends = [
            float(common_time(view.time_s[count - 1], view, beat, index))
            for index, (view, (count, _)) in enumerate(zip(study.views, own, strict=True))
        ]
        time_s = time_s[time_s <= min(ends) + 1e-9]
    aligned = [
        _aligned(study, index, count, beat, time_s, (harmonics, periodic)) for index, (count, _) in enumerate(own)
    ]
    findings = list(beat.findings) + _coverage_findings(study.views, covered)
    findings += _drift_findings(aligned) if periodic else []
    segments, strain_pct, noise_pct, doubled = _merged(aligned, study)
    noise_pct, noise_findings = _judged_noise(noise_pct, periodic)
    strain_pct.setflags(write=False)
    time_s.setflags(write=False)
    return SegmentCurves(
        time_s=time_s,
        rr_s=beat.rr_s,
        segments=segments,
        model=study.model,
        strain_pct=strain_pct,
        strain_type=study.strain_type,
        kind="lagrangian",
        events=beat.events,
        modality=study.modality,
        engine=study.engine,
        noise_pct=noise_pct,
        timing_noise_pct=_timing_noise(aligned, segments),
        periodic=periodic,
        rr_spread=beat.rr_spread,
        source=study.file,
        findings=tuple(findings + doubled + noise_findings),
    )


def study_with_events(study: StrainStudy, events: CardiacEvents | None) -> StrainStudy:
    """Return the study with each event that was given put into every view."""
    if events is None:
        return study
    names: tuple[EventName, ...] = ("mvc", "avo", "avc", "mvo")
    given = {f"{name}_s": at for name in names if (at := events.at(name)) is not None}
    if not given:
        return study
    views = tuple(replace(view, events=replace(view.events, origin=events.origin, **given)) for view in study.views)
    return replace(study, views=views)


def _checked(views: Sequence[StrainView]) -> None:
    if not views:
        raise MeasurementError("the study holds no view with strain curves; nothing can be measured")
    for view in views:
        if not (np.all(np.isfinite(view.strain_pct)) and np.all(np.isfinite(view.time_s))):
            raise MeasurementError(f"{view.name}: the strain curves hold values that are not numbers")
        if view.rr_s <= 0.0 or len(view.time_s) < 4 or np.any(np.diff(view.time_s) <= 0.0):
            raise MeasurementError(f"{view.name}: a positive RR interval and at least 4 increasing times are needed")


def _aligned(
    study: StrainStudy,
    index: int,
    count: int,
    beat: CommonBeat,
    time_s: FloatArray,
    how: tuple[int, bool],
) -> AlignedView:
    """Return one view on the common time base."""
    harmonics, periodic = how
    view = study.views[index]
    own_s = view.time_s[:count]
    strain = to_lagrangian(np.asarray(view.strain_pct, dtype=np.float64), study.kind)
    drift = end_drift(strain, count)
    strain = strain[:, :count]
    level = strain - drift[:, None] * (own_s - own_s[0]) / (view.time_s[min(count, len(view.time_s) - 1)] - own_s[0])
    noise = None
    if view.noise_pct is not None:
        noise = view.noise_pct * np.sqrt(len(time_s) / len(own_s))
    elif periodic:
        noise = _own_noise(own_s, np.stack([strain, level]), view, harmonics, len(time_s))
    at_s = common_time(own_s, view, beat, index)
    same = len(at_s) == len(time_s) and bool(np.all(np.abs(at_s - time_s) < _EQUAL * (time_s[1] - time_s[0])))
    if not same:
        strain = _sampled(at_s, strain, time_s, beat.rr_s if periodic else None)
    return AlignedView(
        view=view, strain_pct=rezeroed(strain, strain[:, 0]), noise_pct=noise, drift_pct=drift, resampled=not same
    )


def _own_noise(
    own_s: FloatArray, versions: FloatArray, view: StrainView, harmonics: int, samples: int
) -> FloatArray | None:
    """Return the noise of a frame as if the view had the common number of frames, from its own frames.

    `versions`, shape (2, segments, T), are the curves as they are and without drift: a jump between the end of the
    beat and its start is no noise, nor is the ramp that removes a noisy end; the smaller estimate counts.
    """
    steps = np.diff(own_s)
    equal = bool(np.all(np.abs(steps - steps.mean()) < 5.0 * _EQUAL * steps.mean()))
    if not equal:
        grid: FloatArray = np.arange(len(own_s), dtype=np.float64) * (view.rr_s / len(own_s))
        versions = _sampled(own_s, versions, grid, view.rr_s)
    noise = noise_per_frame(versions, harmonics)
    return None if noise is None else noise.min(axis=0) * np.sqrt(samples / len(own_s))


def _sampled(at_s: FloatArray, strain: FloatArray, time_s: FloatArray, rr_s: float | None) -> FloatArray:
    """Interpolate by a cubic spline, periodic when the length of the beat is given."""
    from scipy.interpolate import CubicSpline

    if rr_s is None:
        return np.asarray(CubicSpline(at_s, strain, axis=-1)(time_s))
    closed_s = np.append(at_s, at_s[0] + rr_s)
    closed = np.concatenate([strain, strain[..., :1]], axis=-1)
    return np.asarray(CubicSpline(closed_s, closed, axis=-1, bc_type="periodic")(time_s))


def _merged(
    aligned: Sequence[AlignedView], study: StrainStudy
) -> tuple[tuple[int, ...], FloatArray, FloatArray | None, list[Finding]]:
    """Put the views together, segments in increasing order; the mean where a segment was seen twice."""
    segments = tuple(sorted({segment for item in aligned for segment in item.view.segments}))
    strain, noise = [], []
    twice: dict[str, list[tuple[int, float]]] = {}
    for segment in segments:
        seen = [(item, item.view.segments.index(segment)) for item in aligned if segment in item.view.segments]
        rows = np.stack([item.strain_pct[row] for item, row in seen])
        strain.append(rows.mean(axis=0))
        noises = [item.noise_pct[row] for item, row in seen if item.noise_pct is not None]
        noise.append(np.sqrt(np.sum(np.square(noises))) / len(seen) if len(noises) == len(seen) else np.nan)
        if len(seen) > 1:
            views = " and ".join(item.view.name for item, _ in seen)
            twice.setdefault(views, []).append((segment, float(np.ptp(rows, axis=0).max())))
    findings = [_twice_seen(views, found, study) for views, found in twice.items()]
    known = np.asarray(noise)
    return segments, np.stack(strain), None if np.any(np.isnan(known)) else known, findings


def _twice_seen(views: str, found: Sequence[tuple[int, float]], study: StrainStudy) -> Finding:
    names = ", ".join(segment_name(segment, study.model) for segment, _ in found)
    apart = max(difference for _, difference in found)
    message = (
        f"{names} {'is' if len(found) == 1 else 'are'} in {views}; the mean is used, they differ by up to {apart:.1f} %"
    )
    return Finding(code="segment-twice", message=message)


def _timing_noise(aligned: Sequence[AlignedView], segments: Sequence[int]) -> FloatArray | None:
    """Return what scatters delays per segment where every view's engine knows it, else None."""
    found = []
    for segment in segments:
        seen = [item for item in aligned if segment in item.view.segments]
        known = [
            float(item.view.timing_noise_pct[item.view.segments.index(segment)])
            * np.sqrt(item.strain_pct.shape[1] / len(item.view.time_s))
            for item in seen
            if item.view.timing_noise_pct is not None
        ]
        if len(known) < len(seen):
            return None
        found.append(np.sqrt(np.sum(np.square(known))) / len(seen))
    noise = np.asarray(found, dtype=np.float64)
    noise.setflags(write=False)
    return noise


def _judged_noise(noise_pct: FloatArray | None, periodic: bool) -> tuple[FloatArray | None, list[Finding]]:
    if not periodic:
        return None, []
    if noise_pct is None:
        text = "noise unknown: too few frames per beat to tell noise from motion"
        return None, [Finding(code="noise-unknown", message=text)]
    typical = float(np.median(noise_pct))
    if typical < LEAST_PLAUSIBLE_NOISE_PCT:
        text = (
            f"{NOISE_UNKNOWN}: {typical:.3f} % is left above the harmonics, less than {LEAST_PLAUSIBLE_NOISE_PCT} %; "
            "no standard errors and noise floors can be given"
        )
        return None, [Finding(code="noise-unknown", message=text)]
    noise_pct.setflags(write=False)
    return noise_pct, []


def _coverage_findings(views: Sequence[StrainView], covered: Sequence[float]) -> list[Finding]:
    return [
        Finding(
            code="coverage",
            message=f"{view.name} covers {100 * share:.0f} % of its beat, less than {100 * LEAST_COVERAGE:.0f} %: the "
            "curves are not periodic, so delays and times to peak are not measured",
        )
        for view, share in zip(views, covered, strict=True)
        if share < LEAST_COVERAGE
    ]


def _drift_findings(aligned: Sequence[AlignedView]) -> list[Finding]:
    findings = []
    for item in aligned:
        worst = int(np.abs(item.drift_pct).argmax())
        drift = float(item.drift_pct[worst])
        noise = 0.0 if item.noise_pct is None else float(np.median(item.noise_pct))
        if abs(drift) > drift_limit_pct(noise):
            findings.append(
                Finding(
                    code="drift",
                    message=f"{item.view.name}: the beat ends {drift:+.1f} % from where it began in segment "
                    f"{item.view.segments[worst]}; the drift is left in unless it is compensated on reading",
                )
            )
    return findings
