"""Which frame is end-diastole and which end-systole, from areas or volumes: frame 0 need not be end-diastole."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from resynchro.errors import MeasurementError
from resynchro.record.slices import FloatArray


def end_diastole(volume: FloatArray) -> int:
    """Return the frame with the largest volume (or area), the first of equals."""
    return int(np.argmax(volume))


def end_systole(volume: FloatArray) -> int:
    """Return the frame with the smallest volume (or area), the first of equals."""
    return int(np.argmin(volume))


def from_end_diastole(values: FloatArray, ed_frame: int) -> FloatArray:
    """Return values over the beat, time on the last axis, wrapped so that end-diastole comes first."""
    return np.roll(values, -ed_frame, axis=-1)


def phases_told_apart(areas_mm2: Mapping[int, Mapping[int, float]]) -> tuple[int, int]:
    """Tell end-diastole from end-systole when contours exist at two (or a few) phases only.

    Parameters
    ----------
    areas_mm2
        Phase to slice to cavity area, any unit; a slice may be missing at a phase.

    Returns
    -------
    tuple
        The phases of end-diastole and end-systole.

    Raises
    ------
    MeasurementError
        With fewer than two phases, no slice that all of them share, or equal areas.

    Notes
    -----
    Areas are summed over the slices that all phases share, so an apical slice that is empty at end-systole, or a basal
    one drawn at one phase only, does not decide.
    """
    if len(areas_mm2) < 2:
        raise MeasurementError(f"{len(areas_mm2)} phases have contours; end-diastole and end-systole need two")
    shared = set.intersection(*(set(slices) for slices in areas_mm2.values()))
    if not shared:
        raise MeasurementError("no slice has contours at all phases, so their areas cannot be compared")
    sums = {phase: float(sum(slices[number] for number in sorted(shared))) for phase, slices in areas_mm2.items()}
    largest, smallest = max(sums, key=lambda phase: (sums[phase], -phase)), min(sums, key=lambda p: (sums[p], p))
    if sums[largest] <= sums[smallest]:
        raise MeasurementError("all phases have the same area, so end-diastole cannot be told from end-systole")
    return largest, smallest
