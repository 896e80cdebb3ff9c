"""Myocardial work of one strain examination: from curves, pressure and valve events to numbers that can be judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError, MeasurementError
from resynchro.imaging.strain.strain_curves import curves_from_study
from resynchro.imaging.strain.strain_noise import NOISE_UNKNOWN
from resynchro.imaging.work.beat_pressure import BeatPressure
from resynchro.imaging.work.myocardial_work import WINDOW_EVENTS, WorkLoops, work_loops
from resynchro.imaging.work.pressure_template import ESTIMATED, PressureScale, ordered_events_s
from resynchro.imaging.work.work_index_values import work_index_values
from resynchro.imaging.work.work_numbers import joined_parts, work_numbers
from resynchro.imaging.work.work_uncertainty import (
    WorkNoise,
    WorkShift,
    combined_uncertainty,
    work_noise,
    work_sensitivity,
)
from resynchro.imaging.work.work_vendor import VendorDifference, vendor_differences
from resynchro.record.finding import Finding
from resynchro.record.index_value import IndexValue
from resynchro.record.segments import segment_name, segments_of
from resynchro.record.strain import CardiacEvents, PressureTrace, StrainStudy, StrainView

FloatArray = NDArray[np.float64]
PressureChoice = Literal["auto", "measured", "estimated"]

#: RR intervals of views that differ by more than this were hardly the same state of the heart.
_RR_SPREAD = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentWork:
    """Work of one segment from MVC to MVO [mmHg %]; efficiency [%] is None when no work was done at all."""

    segment: int
    name: str
    view: str
    index_mmhg_pct: float
    constructive_mmhg_pct: float
    wasted_mmhg_pct: float
    positive_mmhg_pct: float
    negative_mmhg_pct: float
    efficiency_pct: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewWork:
    """The loops of the segments of one view in its own beat.

    Attributes
    ----------
    view
        The strain with the events that were used.
    loops
        Rows as in ``view.segments``.
    """

    view: StrainView
    loops: WorkLoops


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkMeasurement:
    """Myocardial work of one examination.

    Attributes
    ----------
    study
        What was measured, unchanged.
    pressure_origin
        ``measured``, ``exported by the vendor`` or ``estimated from cuff pressure and valve events``.
    systolic_mmhg
        Cuff pressure used or, with a curve, its peak [mmHg].
    pressure_scale
        Of the template; None with a curve.
    views
        Loops per view.
    segments
        Work per segment, by segment number.
    absent_segments
        (segment, reason) of segments of the model without work.
    indices
        The numbers of the ventricle and its walls.
    sensitivity
        What another cuff pressure and other valve times would give.
    uncertainty
        Key of an index to the root of the sum of squares of the larger shift of each source, in its unit.
    noise
        What strain noise does; None when the noise is unknown.
    vendor
        The vendor's own numbers beside ours, never mixed.
    findings
        Warnings.
    """

    study: StrainStudy
    pressure_origin: str
    systolic_mmhg: float
    pressure_scale: PressureScale | None
    views: tuple[ViewWork, ...]
    segments: tuple[SegmentWork, ...]
    absent_segments: tuple[tuple[int, str], ...]
    indices: tuple[IndexValue, ...]
    sensitivity: tuple[WorkShift, ...]
    uncertainty: Mapping[str, float]
    noise: WorkNoise | None
    vendor: tuple[VendorDifference, ...]
    findings: tuple[Finding, ...]

    def index(self, key: str) -> IndexValue:
        """Return an index by its key; KeyError for an unknown one."""
        return {value.key: value for value in self.indices}[key]

    def segment(self, number: int) -> SegmentWork | None:
        """Return the work of a segment, or None when there is none."""
        return next((work for work in self.segments if work.segment == number), None)


def measure_work(
    study: StrainStudy,
    *,
    systolic_mmhg: float | None = None,
    events: CardiacEvents | None = None,
    pressure: PressureChoice = "auto",
    pressure_trace: PressureTrace | None = None,
    scale: PressureScale = "sbp",
    noise_pct: float | None = None,
    rng: np.random.Generator | None = None,
) -> WorkMeasurement:
    """Measure myocardial work per segment, of the ventricle, and of the septal against the lateral wall.

    Parameters
    ----------
    study
        From `resynchro.formats.strain_file.read_strain`.
    systolic_mmhg
        Cuff pressure; overrides that of the file [mmHg].
    events
        Valve events from QRS onset; each one given overrides those of all views [s].
    pressure
        ``auto`` takes a pressure curve where there is one and the template else; ``measured`` and ``estimated``
        insist on one of them.
    pressure_trace
        A measured curve; overrides that of the study. Its time must count from the QRS onset of a beat whose events
        are those of the first view.
    scale
        Of the template, see `estimated_pressure`.
    noise_pct
        Noise of a strain frame [%]; None estimates it from the curves.
    rng
        Draws the noise. None takes a generator of fixed seed: the same file gives the same numbers.

    Returns
    -------
    WorkMeasurement

    Raises
    ------
    MeasurementError
        When no segment can be measured: radial strain, no pressure, missing events. The message says which.
    InputError
        For a cuff pressure or noise that cannot be.

    Notes
    -----
    Every view is integrated in its own beat with its own events; numbers, not curves, are brought together. Method,
    validity and measured errors: ``docs/myocardial-work.md``.
    """
    if study.strain_type == "radial":
        raise MeasurementError(
            f"{study.file}: work needs longitudinal or circumferential strain, this is radial: give another export"
        )
    if noise_pct is not None and not 0.0 <= noise_pct <= 20.0:
        raise InputError(f"strain noise must lie in [0, 20] %, got {noise_pct:g}")
    views = _views(study, events)
    source = _pressure_source(study, views, systolic_mmhg, pressure, pressure_trace, scale)
    measured, reasons, findings = _measured_views(study, views, source)
    used = [work.view for work in measured]
    numbers = [segment for view in used for segment in view.segments]
    parts = joined_parts([work.loops.parts for work in measured])
    values = {key: float(value) for key, value in work_numbers(parts, numbers, study.model).items()}
    sensitivity = work_sensitivity(used, source, kind=study.kind, model=study.model)
    uncertainty = combined_uncertainty(sensitivity)
    noise, noise_note = _noise(study, measured, noise_pct, np.random.default_rng(0) if rng is None else rng)
    segments = _segment_work(measured, study)
    trace = source.trace
    return WorkMeasurement(
        study=study,
        pressure_origin=ESTIMATED if trace is None else trace.origin,
        systolic_mmhg=_systolic_mmhg(source),
        pressure_scale=scale if trace is None else None,
        views=tuple(measured),
        segments=segments,
        absent_segments=tuple(
            (number, reasons.get(number, "no strain curve"))
            for number in segments_of(study.model)
            if number not in numbers
        ),
        indices=work_index_values(values, numbers, used, study, uncertainty, noise, noise_note),
        sensitivity=sensitivity,
        uncertainty=uncertainty,
        noise=noise,
        vendor=vendor_differences(study, measured, values),
        findings=(*study.findings, *findings, *_findings(source, used)),
    )


def _views(study: StrainStudy, events: CardiacEvents | None) -> list[StrainView]:
    """Return the views with the events given by the caller in place of their own, one by one."""
    if events is None:
        return list(study.views)
    views = []
    for view in study.views:
        own = view.events
        merged = CardiacEvents(
            mvc_s=own.mvc_s if events.mvc_s is None else events.mvc_s,
            avo_s=own.avo_s if events.avo_s is None else events.avo_s,
            avc_s=own.avc_s if events.avc_s is None else events.avc_s,
            mvo_s=own.mvo_s if events.mvo_s is None else events.mvo_s,
            origin="given, the rest " + own.origin,
        )
        views.append(replace(view, events=merged))
    return views


def _pressure_source(
    study: StrainStudy,
    views: Sequence[StrainView],
    systolic_mmhg: float | None,
    choice: PressureChoice,
    trace: PressureTrace | None,
    scale: PressureScale,
) -> BeatPressure:
    curve = trace if trace is not None else study.pressure
    if choice == "measured" and curve is None:
        raise MeasurementError(
            f"{study.file}: holds no pressure curve: give one, or let it be estimated from the cuff pressure"
        )
    if choice == "estimated" or curve is None:
        cuff = systolic_mmhg if systolic_mmhg is not None else study.systolic_mmhg
        if cuff is None:
            raise MeasurementError(
                f"{study.file}: needs the systolic cuff pressure or a pressure curve: give one of them"
            )
        return BeatPressure(systolic_mmhg=cuff, scale=scale)
    if not views:
        raise MeasurementError(f"{study.file}: holds no view")
    return BeatPressure(trace=curve, trace_events=views[0].events, trace_rr_s=views[0].rr_s)


def _measured_views(
    study: StrainStudy, views: Sequence[StrainView], source: BeatPressure
) -> tuple[list[ViewWork], dict[int, str], list[Finding]]:
    """Integrate every view that can be, and note for the segments of the others why not."""
    measured: list[ViewWork] = []
    reasons: dict[int, str] = {}
    findings: list[Finding] = []
    seen: set[int] = set()
    for view in views:
        kept = [row for row, segment in enumerate(view.segments) if segment not in seen]
        twice = [segment for segment in view.segments if segment in seen]
        if twice:
            findings.append(
                Finding(
                    code="segment-in-two-views",
                    message=f"segments {', '.join(map(str, twice))} of {view.name} were seen in a view before, "
                    "which was used",
                )
            )
        if not kept:
            continue
        own = replace(
            view, segments=tuple(view.segments[row] for row in kept), strain_pct=np.asarray(view.strain_pct)[kept]
        )
        try:
            ordered_events_s(own.events, own.rr_s, WINDOW_EVENTS)
            trace = source.in_beat(own.events, own.rr_s)
            loops = work_loops(own.time_s, own.strain_pct, trace, own.events, own.rr_s, kind=study.kind)
        except MeasurementError as error:
            reasons |= dict.fromkeys(own.segments, f"{view.name}: {error}")
            continue
        measured.append(ViewWork(view=own, loops=loops))
        seen.update(own.segments)
    if not measured:
        why = "; ".join(dict.fromkeys(reasons.values())) or "it holds no strain curve"
        raise MeasurementError(f"{study.file}: no segment's work can be computed: {why}")
    return measured, reasons, findings


def _noise(
    study: StrainStudy, measured: Sequence[ViewWork], noise_pct: float | None, rng: np.random.Generator
) -> tuple[WorkNoise | None, str]:
    """Return what noise does, and the sentence on how large it was taken."""
    if noise_pct is not None:
        sigma = [np.full(len(work.view.segments), noise_pct) for work in measured]
        note = f"white strain noise of {noise_pct:g} % per frame, as given"
    else:
        try:
            curves = curves_from_study(study)
        except MeasurementError as error:
            return None, f"noise unknown ({error})"
        if curves.noise_pct is None:
            return None, NOISE_UNKNOWN
        frames = curves.rr_s / curves.frame_s
        sigma = []
        for work in measured:
            rows = [curves.segments.index(segment) for segment in work.view.segments]
            own_frames = work.view.rr_s / float(np.median(np.diff(work.view.time_s)))
            sigma.append(curves.noise_pct[rows] * np.sqrt(own_frames / frames))
        middle = float(np.median(np.concatenate(sigma)))
        note = f"white strain noise of {middle:.2g} % per frame in the middle segment, estimated from the curves"
    noise = work_noise(
        [work.view for work in measured], [work.loops for work in measured], sigma, model=study.model, rng=rng
    )
    return noise, note


def _segment_work(measured: Sequence[ViewWork], study: StrainStudy) -> tuple[SegmentWork, ...]:
    found = []
    for work in measured:
        parts = work.loops.parts
        for row, segment in enumerate(work.view.segments):
            efficiency = float(parts.efficiency_pct[row])
            found.append(
                SegmentWork(
                    segment=segment,
                    name=segment_name(segment, study.model),
                    view=work.view.name,
                    index_mmhg_pct=float(parts.index_mmhg_pct[row]),
                    constructive_mmhg_pct=float(parts.constructive_mmhg_pct[row]),
                    wasted_mmhg_pct=float(parts.wasted_mmhg_pct[row]),
                    positive_mmhg_pct=float(parts.positive_mmhg_pct[row]),
                    negative_mmhg_pct=float(parts.negative_mmhg_pct[row]),
                    efficiency_pct=efficiency if np.isfinite(efficiency) else None,
                )
            )
    return tuple(sorted(found, key=lambda work: work.segment))


def _systolic_mmhg(source: BeatPressure) -> float:
    if source.trace is not None:
        return float(source.trace.pressure_mmhg.max())
    assert source.systolic_mmhg is not None  # _pressure_source refused it
    return source.systolic_mmhg


def _findings(source: BeatPressure, views: Sequence[StrainView]) -> list[Finding]:
    findings = []
    if source.trace is None:
        findings.append(
            Finding(
                code="pressure-estimated",
                message="pressure was estimated from cuff pressure and valve events: not valid in aortic stenosis or "
                "outflow obstruction, and extrapolated in left bundle branch block with its long isovolumic phases",
            )
        )
    elif source.trace.origin == "exported by the vendor":
        findings.append(
            Finding(
                code="pressure-of-the-vendor",
                message="the pressure curve of the file is the vendor's, itself made from cuff pressure unless a "
                "catheter was used: its limits are those of an estimated pressure",
            )
        )
    rr_s = [view.rr_s for view in views]
    spread = (max(rr_s) - min(rr_s)) / float(np.mean(rr_s))
    if spread > _RR_SPREAD:
        findings.append(
            Finding(
                code="rr-spread",
                message=f"the beats of the views differ by {100 * spread:.0f} % in length: septal and lateral work "
                "may come from different states of the heart",
            )
        )
    return findings
