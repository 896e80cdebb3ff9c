"""Segments whose beat does not close: harmonics of a curve that jumps between its end and its start mean nothing."""

from __future__ import annotations

import numpy as np

from resynchro.imaging.strain.view_beat import drift_limit_pct
from resynchro.record.strain import SegmentCurves

#: Our limit: a jump of this share of the whole excursion, beyond what counts as drift at all.
_LARGEST_JUMP = 0.5


def open_beat_reasons(curves: SegmentCurves) -> tuple[str | None, ...]:
    """Tell which segments cannot be timed because they end far from where they began.

    Parameters
    ----------
    curves
        Periodic curves.

    Returns
    -------
    tuple of str or None
        Per segment the reason, or None. A jump counts when it is more than half of the curve's excursion and more than
        the drift limit (2 %, or three SD of the difference of two noisy frames).
    """
    strain = curves.strain_pct
    jump = strain[:, -1] - strain[:, 0]
    excursion = np.ptp(strain, axis=1)
    noise = np.zeros(len(strain)) if curves.noise_pct is None else curves.noise_pct
    return tuple(
        f"ends {ends:+.1f} % from where it began: drift, not motion"
        if abs(ends) > max(_LARGEST_JUMP * size, drift_limit_pct(float(sigma)))
        else None
        for ends, size, sigma in zip(jump, excursion, noise, strict=True)
    )
