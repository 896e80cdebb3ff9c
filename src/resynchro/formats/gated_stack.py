"""What every reader of gated slices checks before it hands them out."""

from __future__ import annotations

from typing import Final

import numpy as np

from resynchro.errors import InputError
from resynchro.record.finding import Finding
from resynchro.record.slices import ImageArray

#: Fewer gates cannot carry a first harmonic with anything left to judge the noise by; more are not recorded.
GATES_RANGE: Final = (6, 64)
#: A left ventricle spans at least this many slices and pixels at the coarsest sampling in use (some 7 mm).
_LEAST_SLICES, _LEAST_PIXELS = 6, 12


def checked_counts(counts: ImageArray) -> tuple[ImageArray, tuple[Finding, ...]]:
    """Check the counts of gated slices and make them read-only.

    Parameters
    ----------
    counts
        Shape (gates, slices, rows, columns).

    Returns
    -------
    ndarray
        Negative values, which reconstruction filters leave, are set to 0.
    tuple of Finding
        When that changed more than a thousandth of the sum.

    Raises
    ------
    InputError
        When the stack is too small or too large to be a gated heart, or holds no counts or values that are no numbers.
    """
    gates, slices, rows, columns = counts.shape
    low, high = GATES_RANGE
    if not low <= gates <= high:
        raise InputError(f"{gates} gates; {low} to {high} are read, 8 or 16 are usual: is the time axis the last one?")
    if slices < _LEAST_SLICES or min(rows, columns) < _LEAST_PIXELS:
        raise InputError(
            f"{slices} slices of {rows} x {columns} pixels; at least {_LEAST_SLICES} slices of {_LEAST_PIXELS} x "
            f"{_LEAST_PIXELS} are needed: export all short-axis slices from base to apex"
        )
    if not np.isfinite(counts).all():
        raise InputError("the image holds values that are no numbers; export it again")
    positive = np.maximum(counts, np.float32(0.0))
    total = float(positive.sum(dtype=np.float64))
    if not 0.0 < total < 1e30:
        raise InputError("the image holds no counts; export the gated short-axis slices again")
    findings: tuple[Finding, ...] = ()
    negative_share = (total - float(counts.sum(dtype=np.float64))) / total
    if negative_share > 1e-3:
        message = f"negative values ({100 * negative_share:.1f} % of the counts) were set to 0"
        findings = (Finding(code="negative-counts", message=message),)
    positive.setflags(write=False)
    return positive, findings
