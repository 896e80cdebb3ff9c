"""Perfusion at rest as a sign of life: uptake per sample and per segment."""

from __future__ import annotations

import numpy as np

from resynchro.errors import MeasurementError
from resynchro.record.gated_spect import IntArray
from resynchro.record.segment_map import SegmentMap
from resynchro.record.slices import FloatArray

#: Uptake below this share of the maximum is taken for not viable [%].
VIABLE_PCT = 50.0
#: "Maximum" is this percentile of the samples, so that one hot spot (the bowel beside the inferior wall) does not
#: declare the rest a scar. Ours.
_MAXIMUM_PERCENTILE = 99.0


def uptake_pct(mean_counts: FloatArray) -> FloatArray:
    """Return the uptake of every sample [% of the maximum].

    Parameters
    ----------
    mean_counts
        Counts averaged over the gates, shape (samples,).

    Raises
    ------
    MeasurementError
        When there are no counts.

    Notes
    -----
    The maximum is the 99th percentile of the samples; values above it stay above 100.
    """
    top = float(np.percentile(mean_counts, _MAXIMUM_PERCENTILE))
    if not top > 0.0:
        raise MeasurementError(
            "the wall holds no counts; check the centre and the limits of the ventricle in the pictures"
        )
    return np.asarray(100.0 * mean_counts / top)


def perfusion_map(uptake: FloatArray, segment: IntArray) -> SegmentMap:
    """Average the uptake over the samples of each segment.

    Parameters
    ----------
    uptake
        Shape (samples,) [% of the maximum].
    segment
        Segment of the 17-segment model, shape (samples,).
    """
    return segment_means(
        uptake,
        segment,
        name="Perfusion",
        unit="% of maximum",
        method="mean of the samples; maximum is their 99th percentile",
    )


def segment_means(values: FloatArray, segment: IntArray, *, name: str, unit: str, method: str) -> SegmentMap:
    """Average values of samples over segments; a segment without samples is absent with its reason."""
    means: dict[int, float] = {}
    absent: dict[int, str] = {}
    for number in range(1, 18):
        here = segment == number
        if here.any():
            means[number] = float(values[here].mean())
        else:
            absent[number] = "no samples lie here"
    return SegmentMap(name=name, unit=unit, method=method, model="aha17", values=means, absent=absent)
