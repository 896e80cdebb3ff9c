"""Delay of every segment against the whole ventricle, with its correlation, standard error and reason if unusable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from resynchro.errors import MeasurementError
from resynchro.imaging.strain.cross_correlation import (
    HARMONICS,
    LARGEST_DELAY_OF_RR,
    LEAST_RHO,
    CrossCorrelation,
    Reference,
    cross_correlation_delays,
    least_amplitude_pct,
    measured_standard_errors,
    usable_delays,
)
from resynchro.imaging.strain.fourier import low_passed
from resynchro.imaging.strain.open_beat import open_beat_reasons
from resynchro.record.strain import SegmentCurves


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentDelay:
    """Cross-correlation delay of one segment.

    Attributes
    ----------
    delay_ms, delay_pct_rr
        Later than the reference when positive [ms, % RR]; None when not valid.
    from_earliest_ms, from_earliest_pct_rr
        Later than the earliest valid segment [ms, % RR]; None when not valid.
    rho
        Correlation with the reference at that delay.
    se_ms
        Standard error predicted from the noise of a frame [ms]; None when that noise is unknown.
    amplitude_pct
        Largest excursion of the low-passed curve [%].
    valid, reason
        Whether the delay may be used, and why not.
    """

    segment: int
    delay_ms: float | None
    delay_pct_rr: float | None
    from_earliest_ms: float | None
    from_earliest_pct_rr: float | None
    rho: float
    se_ms: float | None
    amplitude_pct: float
    valid: bool
    reason: str | None


def segment_delays(
    curves: SegmentCurves,
    *,
    harmonics: int = HARMONICS,
    reference: Reference = "mean",
    nearest_zero: bool = False,
) -> tuple[SegmentDelay, ...]:
    """Measure the delay of every segment.

    Parameters
    ----------
    curves
        Periodic curves of at least two segments.
    harmonics, reference, nearest_zero
        As for `cross_correlation_delays`. Segments that move less than max(3 %, 3 sigma), or whose beat does not
        close, do not enter the reference.

    Returns
    -------
    tuple of SegmentDelay
        One per segment, in order.

    Raises
    ------
    MeasurementError
        When the curves do not cover the beat, or no segment moves enough.
    """
    if not curves.periodic:
        raise MeasurementError("the curves do not cover the whole beat, so delays cannot be measured by harmonics")
    strain = curves.strain_pct
    least = least_amplitude_pct(curves.noise_pct, len(curves.segments))
    smooth = low_passed(strain, harmonics)
    opened = open_beat_reasons(curves)
    closed = np.array([reason is None for reason in opened])
    counted = closed & (np.abs(smooth - smooth[:, :1]).max(axis=-1) >= least)
    found = cross_correlation_delays(
        strain, curves.rr_s, harmonics=harmonics, reference=reference, counted=counted, nearest_zero=nearest_zero
    )
    valid = usable_delays(found, curves.rr_s, least) & closed
    earliest_s = float(found.delay_s[valid].min()) if valid.any() else 0.0
    errors = None
    noise_pct = curves.noise_pct if curves.timing_noise_pct is None else curves.timing_noise_pct
    if noise_pct is not None:
        averaged = int(counted.sum()) if reference == "mean" else 0
        errors = measured_standard_errors(
            strain, curves.rr_s, noise_pct, found, harmonics=harmonics, reference_curves=averaged
        )
    known: list[float | None] = [None] * len(valid) if errors is None else [float(error) for error in errors]
    return tuple(
        _delay(
            curves,
            row,
            found,
            None if valid[row] else opened[row] or _reason(found, row, curves.rr_s, float(least[row])),
            earliest_s,
            known[row],
        )
        for row in range(len(curves.segments))
    )


def _delay(
    curves: SegmentCurves,
    row: int,
    found: CrossCorrelation,
    reason: str | None,
    earliest_s: float,
    error_s: float | None,
) -> SegmentDelay:
    valid = reason is None
    delay_s = float(found.delay_s[row])
    later_s = delay_s - earliest_s
    return SegmentDelay(
        segment=curves.segments[row],
        delay_ms=1000.0 * delay_s if valid else None,
        delay_pct_rr=100.0 * delay_s / curves.rr_s if valid else None,
        from_earliest_ms=1000.0 * later_s if valid else None,
        from_earliest_pct_rr=100.0 * later_s / curves.rr_s if valid else None,
        rho=float(found.rho[row]),
        se_ms=None if error_s is None or not np.isfinite(error_s) else 1000.0 * error_s,
        amplitude_pct=float(found.amplitude_pct[row]),
        valid=valid,
        reason=reason,
    )


def _reason(found: CrossCorrelation, row: int, rr_s: float, least_pct: float) -> str:
    amplitude, rho, delay_s = float(found.amplitude_pct[row]), float(found.rho[row]), float(found.delay_s[row])
    if amplitude < least_pct:
        return f"moves by {amplitude:.1f} % only, less than {least_pct:.1f} %"
    if abs(delay_s) > LARGEST_DELAY_OF_RR * rr_s:
        share = 100.0 * delay_s / rr_s
        return (
            f"correlates best {share:+.0f} % of RR away, more than {100 * LARGEST_DELAY_OF_RR:.0f} %: discordant, not "
            "early or late"
        )
    return f"correlation with the reference {rho:.2f}, less than {LEAST_RHO}"
