"""How well a twin reproduces the measured QRS, and whether that is good enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resynchro.electrics.body_surface_ecg import twelve_leads_mv
from resynchro.electrics.fit_data import MeasuredQrs
from resynchro.record.ecg import INDEPENDENT_ROWS, LEADS

FloatArray = NDArray[np.float64]
Verdict = Literal["good", "poor"]

#: A good fit: mean correlation over I, II, V1 to V6, and the most that root mean square errors may be, relative to the
#: QRS. 0.90 is what two observers would call the same QRS and what bundle branch block reaches with a generic body
#: (docs/twin.md); an error of 0.45 leaves 80 % of the energy explained.
LEAST_CORRELATION, LARGEST_RELATIVE_ERROR = 0.90, 0.45
#: No independent lead that carries weight may be missed altogether.
LEAST_LEAD_CORRELATION = 0.50
#: Leads with less than this part of the largest lead's root mean square carry no weight in that rule.
_SMALL_LEAD = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class FitQuality:
    """Agreement of a simulated with a measured QRS between its onset and end.

    Attributes
    ----------
    correlation
        Of each of the twelve leads, shape (12,); NaN where a lead is flat.
    rms_error_mv
        Root mean square error of each lead, shape (12,) [mV].
    mean_correlation
        Over I, II, V1 to V6.
    relative_error
        Root mean square error over root mean square of the measured QRS, all independent leads together.
    verdict, reason
        Whether the twin may be used for planning, and why not.
    """

    correlation: FloatArray
    rms_error_mv: FloatArray
    mean_correlation: float
    relative_error: float
    verdict: Verdict
    reason: str


def fit_quality(measured: MeasuredQrs, simulated_mv: FloatArray) -> FitQuality:
    """Compare a simulated QRS, shape (8, k) [mV], with the measured one."""
    inside = measured.within_qrs
    truth, made = measured.signal_mv[:, inside], simulated_mv[:, inside]
    truth12, made12 = twelve_leads_mv(truth), twelve_leads_mv(made)
    correlation = np.array([_correlation(a, b) for a, b in zip(truth12, made12, strict=True)])
    error = np.sqrt(((truth12 - made12) ** 2).mean(axis=1))
    independent = correlation[list(INDEPENDENT_ROWS)]
    mean = float(np.nan_to_num(independent).mean())
    relative = float(np.sqrt(((truth - made) ** 2).mean() / (truth**2).mean()))
    size = np.sqrt((truth**2).mean(axis=1))
    heavy = size >= _SMALL_LEAD * size.max()
    reasons = []
    if mean < LEAST_CORRELATION:
        reasons.append(f"mean correlation {mean:.2f} is below {LEAST_CORRELATION:.2f}")
    if relative > LARGEST_RELATIVE_ERROR:
        reasons.append(
            f"the error is {100 * relative:.0f} % of the QRS, more than {100 * LARGEST_RELATIVE_ERROR:.0f} %"
        )
    missed = [
        f"{LEADS[row]} ({value:.2f})"
        for row, value, counts in zip(INDEPENDENT_ROWS, independent, heavy, strict=True)
        if counts and not value >= LEAST_LEAD_CORRELATION
    ]
    if missed:
        reasons.append(f"correlation below {LEAST_LEAD_CORRELATION:.2f} in {', '.join(missed)}")
    passed = f"mean correlation {mean:.2f}, error {100 * relative:.0f} % of the QRS"
    return FitQuality(
        correlation=_frozen(correlation),
        rms_error_mv=_frozen(error),
        mean_correlation=mean,
        relative_error=relative,
        verdict="poor" if reasons else "good",
        reason="; ".join(reasons) if reasons else passed,
    )


def _correlation(a: FloatArray, b: FloatArray) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 1e-12 else float("nan")


def _frozen(values: FloatArray) -> FloatArray:
    values.setflags(write=False)
    return values
