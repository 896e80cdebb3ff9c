"""Phase analysis of one gated perfusion study: spread, noise floor, delay and viability per segment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from resynchro.errors import MeasurementError
from resynchro.imaging.spect.lv_axis import LvAxis, find_lv_axis
from resynchro.imaging.spect.perfusion import VIABLE_PCT, perfusion_map, segment_means, uptake_pct
from resynchro.imaging.spect.phase_analysis import (
    GatePhases,
    Harmonics,
    delay_deg,
    gate_phases,
)
from resynchro.imaging.spect.phase_noise import PhaseNoise, phase_noise
from resynchro.imaging.spect.phase_statistics import PhaseStatistics, phase_statistics
from resynchro.imaging.spect.polar_sampling import polar_counts, sample_segments
from resynchro.imaging.spect.segment_phase import SegmentPhase, latest_segment, segment_phases
from resynchro.imaging.spect.slice_orientation import display_orientation
from resynchro.record.finding import Finding
from resynchro.record.gated_spect import ApexEnd, BoolArray, GatedSpect, IntArray, PolarCounts, SliceOrientation
from resynchro.record.segment_map import SegmentMap
from resynchro.record.segments import APICAL_FREE_WALL, FREE_WALL
from resynchro.record.slices import FloatArray

#: Gates must cover this share of the beat, else the course over it is not periodic. Ours.
LEAST_COVERAGE = 0.95
#: A last gate with fewer counts than this share of its neighbours' mean shows beats that were cut off. Ours.
_DROPPED_GATE = 0.90


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseMeasurement:
    """Phase analysis of one study.

    Attributes
    ----------
    spect
        The slices; None for samples from another program.
    polar
        The samples with their counts.
    axis
        Where the left ventricle was found; None for samples from another program.
    phases
        Phase and amplitude per sample.
    segment
        Segment of the 17-segment model per sample, shape (samples,).
    uptake
        Shape (samples,) [% of the maximum].
    viable
        Which samples have at least `viable_pct` of the maximum, shape (samples,).
    weighted, unweighted
        Spread over the viable samples, weighted by amplitude squared (the default) and not.
    noise
        Noise, and the same statistics of synchronous ventricles with it.
    segments
        Phase per segment; `delay.absent` says why the others have none.
    delay
        Delay against the mean phase as a map [% RR]; positive is later.
    delay_ms
        The same in ms; None where the length of the beat is not known.
    perfusion, thickening
        Mean uptake [% of maximum], and peak-to-peak count change [%], per segment.
    latest, latest_free_wall
        Segment with the largest delay, of all and of the free wall; None where none is later than twice its error.
    rr_s
        Length of the beat [s], or None.
    warnings
        What a reader must know.
    """

    spect: GatedSpect | None
    polar: PolarCounts
    axis: LvAxis | None
    phases: GatePhases
    segment: IntArray
    uptake: FloatArray
    viable: BoolArray
    viable_pct: float
    weighted: PhaseStatistics
    unweighted: PhaseStatistics
    noise: PhaseNoise
    segments: dict[int, SegmentPhase]
    delay: SegmentMap
    delay_ms: SegmentMap | None
    perfusion: SegmentMap
    thickening: SegmentMap
    latest: int | None
    latest_free_wall: int | None
    rr_s: float | None
    warnings: tuple[Finding, ...]

    @property
    def sample_delay_deg(self) -> FloatArray:
        """Delay of every sample against the weighted mean phase, in (-180, 180] [deg]."""
        return delay_deg(self.phases.phase_deg, self.weighted.mean_deg)

    @property
    def viable_share_pct(self) -> float:
        """Share of the wall that is viable [%]."""
        return 100.0 * float(self.viable.mean())


def measure_phase(
    spect: GatedSpect | PolarCounts,
    *,
    orientation: SliceOrientation = "AS",
    centre: tuple[float, float] | None = None,
    base_slice: float | None = None,
    apex_slice: float | None = None,
    apex_end: ApexEnd | None = None,
    harmonics: Harmonics = 1,
    viable_pct: float = VIABLE_PCT,
    rr_ms: float | None = None,
    rng: np.random.Generator | None = None,
) -> PhaseMeasurement:
    """Measure when the wall thickens, per sample and segment, how widely that is spread, and what noise alone gives.

    Parameters
    ----------
    spect
        Gated short-axis slices, or samples of a polar map.
    orientation
        What lies at the top and the left of the slices; ignored for samples.
    centre, base_slice, apex_slice, apex_end
        Corrections by hand of the long axis, see `find_lv_axis`.
    harmonics
        1 (default), or 2 or 3 for the onset of thickening.
    viable_pct
        Samples below this uptake [% of the maximum] are left out of the phases.
    rr_ms
        Length of the beat [ms], where the file does not state it or is wrong.
    rng
        Draws the synchronous ventricles of the noise floor. None takes a fixed seed.

    Returns
    -------
    PhaseMeasurement

    Raises
    ------
    MeasurementError
        When no ventricle is found, the gates do not cover the beat, or too little of the wall is viable.

    Notes
    -----
    Counts follow thickness through the partial-volume effect. Absolute phases depend on the trigger and on conventions:
    only their spread and differences between segments are given. Phantoms only were available for testing.
    """
    if not 0.0 <= viable_pct <= 90.0:
        raise MeasurementError(f"the viability limit must lie in 0 to 90 % of the maximum uptake, got {viable_pct:g}")
    if spect.coverage is not None and spect.coverage < LEAST_COVERAGE:
        raise MeasurementError(
            f"the gates cover {100 * spect.coverage:.0f} % of the beat, at least {100 * LEAST_COVERAGE:.0f} % are "
            "needed: the end of the beat is missing, and a phase over part of it means nothing"
        )
    axis: LvAxis | None = None
    if isinstance(spect, GatedSpect):
        axis = find_lv_axis(spect, centre=centre, base_slice=base_slice, apex_slice=apex_slice, apex_end=apex_end)
        towards_apex = 1 if axis.apex_slice > axis.base_slice else -1
        polar = polar_counts(spect, axis, display_orientation(spect, orientation, towards_apex=towards_apex))
        totals = spect.counts.sum(axis=(1, 2, 3), dtype=np.float64)
    else:
        polar = spect
        totals = spect.counts.sum(axis=0)
    return _measured(
        spect if isinstance(spect, GatedSpect) else None,
        polar,
        axis,
        last_gate_share=_last_gate_share(totals),
        harmonics=harmonics,
        viable_pct=viable_pct,
        rr_s=polar.rr_s if rr_ms is None else rr_ms / 1e3,
        rng=np.random.default_rng(0) if rng is None else rng,
    )


def _measured(
    spect: GatedSpect | None,
    polar: PolarCounts,
    axis: LvAxis | None,
    *,
    last_gate_share: float,
    harmonics: Harmonics,
    viable_pct: float,
    rr_s: float | None,
    rng: np.random.Generator,
) -> PhaseMeasurement:
    counts = np.asarray(polar.counts, dtype=float)
    segment = sample_segments(polar.level, polar.angle_deg)
    phases = gate_phases(counts, harmonics=harmonics)
    uptake = uptake_pct(phases.mean)
    viable = uptake >= viable_pct
    power = phases.amplitude**2
    weighted = phase_statistics(phases.phase_deg[viable], power[viable])
    noise = phase_noise(counts[viable], segment[viable], harmonics=harmonics, rng=rng)
    segments, absent = segment_phases(counts, phases, segment, viable, weighted.mean_deg)
    delay = SegmentMap(
        name="Delay of thickening",
        unit="% RR",
        method=_method(harmonics),
        model="aha17",
        values={number: one.delay_deg / 3.6 for number, one in segments.items()},
        absent=absent,
    )
    return PhaseMeasurement(
        spect=spect,
        polar=polar,
        axis=axis,
        phases=phases,
        segment=segment,
        uptake=uptake,
        viable=viable,
        viable_pct=viable_pct,
        weighted=weighted,
        unweighted=phase_statistics(phases.phase_deg[viable]),
        noise=noise,
        segments=segments,
        delay=delay,
        delay_ms=None if rr_s is None else _in_ms(delay, rr_s),
        perfusion=perfusion_map(uptake, segment),
        thickening=segment_means(
            200.0 * phases.amplitude / np.maximum(phases.mean, 1e-9),
            segment,
            name="Thickening",
            unit="%",
            method="peak-to-peak change of the counts, first harmonic, over their mean",
        ),
        latest=latest_segment(segments, tuple(segments)),
        latest_free_wall=latest_segment(segments, (*FREE_WALL, *APICAL_FREE_WALL)),
        rr_s=rr_s,
        warnings=(*polar.findings, *_warnings(last_gate_share, viable, noise, weighted)),
    )


def _method(harmonics: Harmonics) -> str:
    if harmonics == 1:
        return "first-harmonic phase, circular mean weighted by amplitude squared, against that of the ventricle"
    return (
        f"onset from {harmonics} harmonics, circular mean weighted by amplitude squared, against that of the ventricle"
    )


def _in_ms(delay: SegmentMap, rr_s: float) -> SegmentMap:
    return SegmentMap(
        name=delay.name,
        unit="ms",
        method=delay.method,
        model=delay.model,
        values={number: 10.0 * rr_s * value for number, value in delay.values.items()},
        absent=delay.absent,
    )


def _last_gate_share(totals: FloatArray) -> float:
    """Return the counts of the last gate over the mean of its neighbours in the cycle; shape (gates,)."""
    return float(2.0 * totals[-1] / max(float(totals[-2] + totals[0]), 1e-9))


def _warnings(
    last_gate_share: float, viable: BoolArray, noise: PhaseNoise, weighted: PhaseStatistics
) -> tuple[Finding, ...]:
    found: list[Finding] = []
    if last_gate_share < _DROPPED_GATE:
        message = (
            f"the last gate holds {100 * last_gate_share:.0f} % of the counts of its neighbours: beats of unequal "
            "length were cut off, which draws all phases to one value and hides dyssynchrony"
        )
        found.append(Finding(code="gate-drop-off", message=message))
    if noise.smoothed:
        message = (
            "the gates seem smoothed in time (the highest harmonics are nearly empty): the noise, and with it the "
            "floor, is underestimated"
        )
        found.append(Finding(code="gates-smoothed", message=message))
    if weighted.sd_deg < 1.25 * noise.floor_deg:
        message = (
            f"the phase SD ({weighted.sd_deg:.0f} degrees) is hardly above what noise alone gives a synchronous "
            f"ventricle ({noise.floor_deg:.0f} degrees): nothing can be said about dyssynchrony"
        )
        found.append(Finding(code="at-the-noise-floor", message=message))
    if viable.mean() < 0.5:
        message = f"only {100 * float(viable.mean()):.0f} % of the wall is viable; phases speak for that part alone"
        found.append(Finding(code="little-viable", message=message))
    return tuple(found)
