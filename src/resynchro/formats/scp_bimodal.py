"""Bimodal compression of SCP-ECG: full sampling in the protected stretches (the QRS), decimation outside.

The recorder smooths and decimates what lies outside; the smoothing is for good, the samples between are
restored on straight lines. EN 1064:2005+A1:2007, clauses 5.7 and 5.9.
"""

from __future__ import annotations

import numpy as np

from resynchro.formats.scp_sections import LeadDefinition
from resynchro.record.ecg import FloatArray


def interpolated(decimated: FloatArray, factor: int) -> FloatArray:
    """Restore the samples between decimated ones on straight lines.

    Parameters
    ----------
    decimated
        Shape (m,): one sample for every `factor` original ones, standing in the middle of them.
    factor
        Original samples per decimated one.

    Returns
    -------
    FloatArray
        Shape (m * factor,); the half groups at both ends hold the first and the last value.
    """
    middle = np.arange(decimated.size) * factor + factor // 2
    return np.interp(np.arange(decimated.size * factor), middle, decimated).astype(np.float64)


def stretches_of(lead: LeadDefinition, protected: tuple[tuple[int, int], ...]) -> list[tuple[int, bool]]:
    """Cut a lead into stretches that are protected or not.

    Parameters
    ----------
    lead
        With its first and last sample.
    protected
        First and last sample of each protected stretch, in any order; what lies outside the lead or inside an
        earlier stretch is left out.

    Returns
    -------
    list of (int, bool)
        Number of samples, and whether they are protected, in order of time; together the whole lead.
    """
    stretches: list[tuple[int, bool]] = []
    position = lead.first
    for first, last in sorted(protected):
        first, last = max(first, position), min(last, lead.last)
        if first > last:
            continue
        stretches += [(first - position, False), (last - first + 1, True)]
        position = last + 1
    return [*stretches, (lead.last - position + 1, False)]


def stored_samples(stretches: list[tuple[int, bool]], factor: int) -> int:
    """Return how many samples are stored for a lead that is cut into these stretches.

    What an unprotected stretch has over a multiple of the factor is stored as it is.
    """
    return sum(size if protected else size // factor + size % factor for size, protected in stretches)


def bimodal_restored(stored: FloatArray, stretches: list[tuple[int, bool]], factor: int) -> FloatArray:
    """Put protected samples through and interpolate the others.

    Parameters
    ----------
    stored
        Shape (`stored_samples`,): of each unprotected stretch first the decimated samples, then what it has
        over a multiple of the factor.
    stretches
        From `stretches_of`.
    factor
        Original samples per decimated one.

    Returns
    -------
    FloatArray
        Shape (n,), all samples of the lead.
    """
    pieces: list[FloatArray] = []
    position = 0
    for size, is_protected in stretches:
        groups = 0 if is_protected else size // factor
        plain = size - groups * factor
        if groups:
            pieces.append(interpolated(stored[position : position + groups], factor))
        pieces.append(stored[position + groups : position + groups + plain])
        position += groups + plain
    return np.concatenate(pieces)
