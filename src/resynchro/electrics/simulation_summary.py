"""A simulated beat as plain data with stable names: the JSON of ``resynchro simulate``."""

from __future__ import annotations

from typing import Any

import numpy as np

from resynchro.electrics.electrical_heart import ElectricalHeart
from resynchro.electrics.simulated_ecg import SimulatedQrs
from resynchro.electrics.simulation import Simulation, qlv_ms
from resynchro.record.ecg import LEADS
from resynchro.record.plain import plain
from resynchro.record.segments import segment_name

DISCLAIMER = "research use, not a medical device"


def simulation_summary(
    electrical: ElectricalHeart, simulation: Simulation, qrs: SimulatedQrs, *, baseline: Simulation | None = None
) -> dict[str, Any]:
    """Collect the results of one beat under stable names with units.

    Parameters
    ----------
    electrical, simulation
        The heart and the beat.
    qrs
        The QRS measured as a real one, from `resynchro.electrics.simulation.measured`.
    baseline
        The intrinsic beat of the same conduction: QLV at the sites of the stimuli is read on it. None leaves QLV out.

    Returns
    -------
    dict
        Plain data for JSON. Times count from the activation of the right atrium, except durations; those of segments
        from the first ventricular activation. What could not be computed is None.
    """
    heart, s = electrical.heart, simulation
    first_ms = s.indices.first_ms
    return {
        "note": DISCLAIMER,
        "heart": {
            "geometry": heart.geometry_source,
            "nodes": electrical.node_count,
            "tetrahedra": len(heart.mesh.tetrahedra),
            "mean_edge_mm": plain(round(heart.mesh.mean_edge_mm, 2)),
        },
        "conduction": s.programme.conduction.rhythm,
        "programme": plain(
            {
                name: getattr(s.programme, name)
                for name in ("pr_ms", "atrial", "av_ms", "vv_ms", "trigger_ms", "stimuli")
            }
        ),
        "sensed_ms": _tenth(s.sensed_ms),
        "inhibited": s.inhibited,
        "stimuli": [
            plain(outcome)
            | {
                "segment": electrical.site(outcome.site).segment,
                "position_mm": plain(np.round(electrical.site(outcome.site).position_mm, 1)),
                "qlv_ms": None if baseline is None else _tenth(qlv_ms(electrical, baseline, outcome.site)),
            }
            for outcome in s.outcomes
        ],
        "intrinsic_share": round(s.intrinsic_share, 4),
        "activation": {name: _tenth(value) for name, value in plain(s.indices).items()},
        "qrs": {
            "qrs_ms": _tenth(qrs.qrs_ms),
            "onset_ms": _tenth(qrs.onset_ms),
            "end_ms": _tenth(qrs.end_ms),
            "axis_deg": _tenth(qrs.axis_deg),
            "area_uvs": _tenth(qrs.area_uvs),
            "morphology": qrs.morphology,
            "morphology_reason": qrs.conduction.reason,
            "qrs_by_3pct_ms": _tenth(s.qrs_ms),
            "leads": {lead: wave.label for lead, wave in zip(LEADS, qrs.waves, strict=True)},
        },
        "segments": [
            {
                "segment": number,
                "name": segment_name(number) if number else "RV free wall",
                "mean_ms": _tenth(float(s.segments.mean_ms[number]) - first_ms),
                "earliest_ms": _tenth(float(s.segments.earliest_ms[number]) - first_ms),
                "spread_ms": _tenth(float(s.segments.spread_ms[number])),
                "activated_pct": _tenth(float(s.segments.reached_pct[number])),
            }
            for number in (*range(1, 18), 0)
        ],
        "signal": {
            "first_sample_ms": _tenth(s.qrs_start_ms),
            "step_ms": 1.0,
            "leads_mv": {lead: plain(np.round(s.qrs_mv[k], 4)) for k, lead in enumerate(LEADS)},
        },
        "findings": [plain(finding) for finding in heart.findings],
    }


def _tenth(value: float | None) -> float | None:
    """Round to a tenth; None for what is not a finite number."""
    return None if value is None or not np.isfinite(value) else round(float(value), 1)
