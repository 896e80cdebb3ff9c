"""Phase of each segment, with its error from noise, or why it has none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from resynchro.imaging.spect.phase_analysis import GatePhases, delay_deg, residual_after_three_harmonics
from resynchro.imaging.spect.phase_statistics import circular_mean_deg
from resynchro.record.gated_spect import BoolArray, IntArray
from resynchro.record.slices import FloatArray

#: A segment with fewer viable samples than this, or less than half of its samples viable, has no phase.
_LEAST_SAMPLES = 5
#: A segment moves when the sum of its squared amplitudes exceeds what noise gives by this many standard deviations.
#: Ours.
_LEAST_MOTION = 3.0
#: The latest segment is named when its delay exceeds this many of its errors. Ours.
_STANDS_OUT = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentPhase:
    """Phase of one segment.

    Attributes
    ----------
    delay_deg
        Circular mean of its viable samples less that of the whole ventricle, weighted by amplitude squared; positive is
        later [deg of the beat].
    error_deg
        Standard error of that from noise alone [deg].
    samples
        Viable samples.
    amplitude_pct
        Peak-to-peak change of the counts over the beat, 2 A1, mean over the samples [% of their mean counts].
    """

    delay_deg: float
    error_deg: float
    samples: int
    amplitude_pct: float


def segment_phases(
    counts: FloatArray, phases: GatePhases, segment: IntArray, viable: BoolArray, mean_deg: float
) -> tuple[dict[int, SegmentPhase], dict[int, str]]:
    """Return the phase of every segment that has one, and why the others have none.

    The standard error is that of sum A1 noise/sum A1 squared. Neighbouring samples share noise: how much more the sum
    scatters than for independent samples is read from what three harmonics leave of it, pooled over the segments.
    """
    residual, freedom = residual_after_three_harmonics(counts)
    amplitude = phases.amplitude
    absent: dict[int, str] = {}
    places: dict[int, BoolArray] = {}
    for number in range(1, 18):
        here = (segment == number) & viable
        n_all = int((segment == number).sum())
        if n_all == 0:
            absent[number] = "no samples lie here"
        elif here.sum() < max(_LEAST_SAMPLES, 0.5 * n_all):
            absent[number] = (
                f"not viable: {100 * (1 - here.sum() / n_all):.0f} % of the segment lies below the uptake limit"
            )
        elif not float((amplitude[here] ** 2).sum()) > 0.0:
            absent[number] = "the counts do not change over the beat"
        else:
            places[number] = here
    excess, gates = [], counts.shape[1]
    independent = {}
    for number, here in places.items():
        power = float((amplitude[here] ** 2).sum())
        shared = amplitude[here] @ residual[here] / power
        variance = float((residual[here] ** 2).sum()) / (here.sum() * freedom)
        independent[number] = variance / power
        if independent[number] > 0.0:
            excess.append(float((shared**2).sum()) / freedom / independent[number])
    common = max(1.0, float(np.mean(excess))) if excess else 1.0
    segments: dict[int, SegmentPhase] = {}
    for number, here in places.items():
        power, count = float((amplitude[here] ** 2).sum()), int(here.sum())
        # Noise alone gives every sample a squared amplitude of 4 sigma2/G in the mean, spread like an exponential.
        from_noise = 4.0 / gates * independent[number] * power
        moving = power - count * from_noise
        if moving <= _LEAST_MOTION * math.sqrt(count * common) * from_noise:
            absent[number] = (
                "hardly any thickening: the change of its counts over the beat does not stand out of the noise"
            )
            continue
        error = math.degrees(math.sqrt(2.0 / gates * independent[number] * common * power / moving))
        phase = circular_mean_deg(phases.phase_deg[here], amplitude[here] ** 2)
        segments[number] = SegmentPhase(
            delay_deg=float(delay_deg(np.array(phase), mean_deg)),
            error_deg=error,
            samples=count,
            amplitude_pct=float((200.0 * amplitude[here] / phases.mean[here]).mean()),
        )
    return segments, absent


def latest_segment(segments: Mapping[int, SegmentPhase], allowed: tuple[int, ...]) -> int | None:
    """Return the segment with the largest delay among those allowed; None where it is not later than twice its error.

    So a synchronous ventricle has no latest segment.
    """
    candidates = [number for number in allowed if number in segments]
    if not candidates:
        return None
    latest = max(candidates, key=lambda number: segments[number].delay_deg)
    return latest if segments[latest].delay_deg > _STANDS_OUT * segments[latest].error_deg else None
