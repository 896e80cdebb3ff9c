"""Loops behind the body-surface ECG: weighted histograms of activation times and their derivatives.

Layout: weights are (n, leads), histograms (bins, leads), so that one node touches neighbouring memory for all leads.
A batch runs over activation maps only; nothing is parallel inside one.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from resynchro.heart.mesh import FloatArray


@njit(cache=True)
def fill_histogram(
    times_ms: FloatArray, weights: FloatArray, first_ms: float, step_ms: float, histogram: FloatArray
) -> None:
    """Add each node's weights to the two bins beside its time; earlier nodes to the first bin, later ones to none."""
    bins, leads = histogram.shape
    for i in range(times_ms.size):
        at = (times_ms[i] - first_ms) / step_ms
        if at >= bins - 1:
            continue
        at = max(at, 0.0)
        k = int(at)
        share = at - k
        for lead in range(leads):
            late = share * weights[i, lead]
            histogram[k, lead] += weights[i, lead] - late
            histogram[k + 1, lead] += late


@njit(cache=True)
def add_steps(histogram: FloatArray, step: FloatArray, signal: FloatArray, pad: int) -> None:
    """Add, for each bin, an upstroke of its height: signal (leads, samples), sample k at bin k + pad.

    ``step`` holds the upstroke at -pad to pad bins from its middle; before it is 0, after it 1.
    """
    leads, samples = signal.shape
    for lead in range(leads):
        done = 0.0
        for k in range(samples):
            done_now = done + histogram[k, lead]
            total = done
            for offset in range(2 * pad + 1):
                total += histogram[k + offset, lead] * step[2 * pad - offset]
            signal[lead, k] = total
            done = done_now


@njit(cache=True)
def qrs_of_times(
    times_ms: FloatArray, weights: FloatArray, start_ms: float, step_ms: float, step: FloatArray, signal: FloatArray
) -> None:
    """Compute the signal of one activation map, shape (leads, samples)."""
    pad = step.size // 2
    histogram = np.zeros((signal.shape[1] + 2 * pad, weights.shape[1]))
    fill_histogram(times_ms, weights, start_ms - pad * step_ms, step_ms, histogram)
    add_steps(histogram, step, signal, pad)


@njit(cache=True, parallel=True)
def qrs_of_batch(
    times_ms: FloatArray, weights: FloatArray, start_ms: float, step_ms: float, step: FloatArray, signals: FloatArray
) -> None:
    """Compute the signals of many activation maps, times (b, n), signals (b, leads, samples)."""
    for b in prange(times_ms.shape[0]):
        qrs_of_times(times_ms[b], weights, start_ms, step_ms, step, signals[b])


@njit(cache=True)
def gradient_by_times(
    times_ms: FloatArray,
    weights: FloatArray,
    residual: FloatArray,
    start_ms: float,
    step_ms: float,
    step: FloatArray,
    gradient: FloatArray,
) -> None:
    """Compute sum over leads and samples of residual times d signal / d time of each node."""
    leads, samples = residual.shape
    pad = step.size // 2
    bins = samples + 2 * pad
    # What a unit in each bin adds to sum(residual * signal).
    value = np.zeros((bins, leads))
    for lead in range(leads):
        later = 0.0
        for b in range(bins - 1, -1, -1):
            # Samples k with k + pad >= b + pad + 1 are past the whole upstroke.
            past = b + 1
            if past < samples:
                later += residual[lead, past]
            total = later
            for offset in range(2 * pad + 1):
                k = b - offset
                if 0 <= k < samples:
                    total += residual[lead, k] * step[2 * pad - offset]
            value[b, lead] = total
    first_ms = start_ms - pad * step_ms
    for i in range(times_ms.size):
        at = (times_ms[i] - first_ms) / step_ms
        gradient[i] = 0.0
        if 0.0 <= at < bins - 1:
            k = int(at)
            for lead in range(leads):
                gradient[i] += weights[i, lead] * (value[k + 1, lead] - value[k, lead])
            gradient[i] /= step_ms


@njit(cache=True)
def tangent_by_times(
    times_ms: FloatArray,
    weights: FloatArray,
    changes_ms: FloatArray,
    start_ms: float,
    step_ms: float,
    step: FloatArray,
    tangents: FloatArray,
) -> None:
    """Compute d signal for each row of changes of the times, changes (p, n), tangents (p, leads, samples)."""
    parameters, leads, samples = tangents.shape
    pad = step.size // 2
    bins = samples + 2 * pad
    first_ms = start_ms - pad * step_ms
    for p in range(parameters):
        moved = np.zeros((bins, leads))
        for i in range(times_ms.size):
            change = changes_ms[p, i] / step_ms
            if change == 0.0:
                continue
            at = (times_ms[i] - first_ms) / step_ms
            if 0.0 <= at < bins - 1:
                k = int(at)
                for lead in range(leads):
                    moved[k, lead] += change * weights[i, lead]
        # A later time takes weight out of its bin and puts it into the next.
        for b in range(bins - 1, 0, -1):
            for lead in range(leads):
                moved[b, lead] = moved[b - 1, lead] - moved[b, lead]
        for lead in range(leads):
            moved[0, lead] = -moved[0, lead]
        add_steps(moved, step, tangents[p], pad)
