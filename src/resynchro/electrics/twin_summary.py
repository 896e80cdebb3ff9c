"""A fitted twin as plain data with stable names: the JSON of ``resynchro twin``."""

from __future__ import annotations

from typing import Any

import numpy as np

from resynchro.electrics.twin import TwinFit
from resynchro.record.ecg import LEADS
from resynchro.record.plain import plain
from resynchro.record.segments import segment_name

#: Said with every twin.
NOTE = (
    "Different activations make the same ECG: read intervals, not single values. They hold what this model leaves "
    "open, not what is wrong with it. Research use, not a medical device."
)


def twin_summary(twin: TwinFit) -> dict[str, Any]:
    """Collect the results of a fit.

    Parameters
    ----------
    twin
        From `resynchro.electrics.twin_fit.fit_twin`.

    Returns
    -------
    dict
        Plain data for JSON: verdict, agreement of each lead, parameters with prior and posterior, derived numbers,
        activation of each segment after the first activation. Values that cannot be given are None.
    """
    quality = twin.quality
    return {
        "verdict": quality.verdict,
        "reason": quality.reason,
        "rhythm": twin.rhythm,
        "hypotheses": [{"name": name, "probability": round(weight, 3)} for name, weight in twin.hypotheses],
        "geometry_source": twin.heart.geometry_source,
        "qrs_ms": plain(twin.measured.qrs_ms),
        "mean_correlation": round(quality.mean_correlation, 4),
        "relative_error": round(quality.relative_error, 4),
        "leads": {
            lead: {
                "correlation": _rounded(quality.correlation[k], 4),
                "rms_error_mv": _rounded(quality.rms_error_mv[k], 4),
            }
            for k, lead in enumerate(LEADS)
        },
        "model_error": round(twin.discrepancy, 3),
        "effective_samples": round(twin.effective_samples),
        "parameters": [plain(parameter) for parameter in twin.parameters],
        "not_identifiable": [p.name for p in twin.parameters if p.identifiable == "no"],
        "activation": {name: _estimate(value) for name, value in twin.indices.items()},
        "segments": [
            {
                "segment": number,
                "name": "RV free wall" if number == 0 else segment_name(number),
                "mean_ms": None if value is None else _estimate(value),
            }
            for number, value in enumerate(twin.segments)
        ],
        "spread_ms": {
            "median": _rounded(float(np.median(twin.sd_ms[np.isfinite(twin.mean_ms)])), 1),
            "largest": _rounded(float(twin.sd_ms[np.isfinite(twin.mean_ms)].max()), 1),
        },
        "members": int(twin.members.shape[0]),
        "seed": twin.seed,
        "method": twin.method,
        "findings": [plain(finding) for finding in twin.heart.findings],
        "note": NOTE,
    }


def _estimate(value: Any) -> dict[str, float]:
    return {name: round(getattr(value, name), 1) for name in ("median", "low", "high")}


def _rounded(value: float, digits: int) -> float | None:
    return round(float(value), digits) if np.isfinite(value) else None
