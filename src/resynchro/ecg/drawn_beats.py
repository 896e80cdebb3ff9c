"""Median beats of beats drawn with replacement, fast enough to draw them many times for one interval."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from resynchro.record.ecg import FloatArray


class DrawnBeats:
    """Aligned beats, ordered once at every sample so that each draw only counts.

    Parameters
    ----------
    aligned_mv
        Shape (n_beats, n_leads, n_samples) [mV].
    """

    def __init__(self, aligned_mv: FloatArray) -> None:
        self._order = np.argsort(aligned_mv, axis=0).astype(np.int32)
        self._ordered_mv = np.take_along_axis(aligned_mv, self._order.astype(np.intp), axis=0)

    def median_mv(self, counts: NDArray[np.int64]) -> FloatArray:
        """Return the median beat when each beat counts so many times.

        Parameters
        ----------
        counts
            Shape (n_beats,), whole numbers with a sum above zero.

        Returns
        -------
        FloatArray
            Shape (n_leads, n_samples) [mV]; the same as `numpy.median` over the repeated beats.
        """
        return _counted_median(self._ordered_mv, self._order, counts)


@njit(cache=True)
def _counted_median(ordered: FloatArray, order: NDArray[np.int32], counts: NDArray[np.int64]) -> FloatArray:
    beats, leads, samples = ordered.shape
    total = counts.sum()
    low, high = (total - 1) // 2, total // 2
    median = np.empty((leads, samples))
    for lead in range(leads):
        for sample in range(samples):
            passed, first, found = 0, 0.0, False
            for rank in range(beats):
                passed += counts[order[rank, lead, sample]]
                if not found and passed > low:
                    first, found = ordered[rank, lead, sample], True
                if passed > high:
                    median[lead, sample] = 0.5 * (first + ordered[rank, lead, sample])
                    break
    return median
