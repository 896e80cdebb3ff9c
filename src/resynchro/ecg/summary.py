"""One measured ECG as plain data with stable names: the JSON line of ``resynchro ecg``."""

from __future__ import annotations

from typing import Any

from resynchro.ecg.conduction_verdict import DefinitionVerdict
from resynchro.ecg.delineation import QrsConvention
from resynchro.ecg.measurement import EcgMeasurement
from resynchro.record.ecg import LEADS
from resynchro.record.plain import plain

QRS_CONVENTIONS: dict[QrsConvention, str] = {
    "manual": "manual marks of LUDB, second earliest onset to second latest end over 12 leads",
    "recorder": "recorders' marks: the manual convention, 6 ms narrower at either end",
}


def ecg_summary(measurement: EcgMeasurement) -> dict[str, Any]:
    """Collect the results of one ECG under stable names with units.

    Parameters
    ----------
    measurement
        From `measure_ecg`.

    Returns
    -------
    dict
        Plain data for JSON. Values that could not be computed are None, with the reason under ``absent``.
    """
    m = measurement
    beat = m.beat
    total = sum(len(cluster.times_s) for cluster in m.clusters)
    return {
        "file": m.record.source.file,
        "format": m.record.source.format,
        "sha256": m.record.source.sha256,
        "sampling_rate_hz": plain(m.record.sampling_rate_hz),
        "duration_s": plain(m.record.duration_s),
        "sex": m.sex,
        "age_years": plain(m.age_years),
        "heart_rate_bpm": _rounded(m.heart_rate_bpm),
        "paced": m.paced,
        "paced_reason": m.stimulation.reason,
        "measured_beats": f"{len(m.clusters[0].times_s)} of {total} beats, {beat.kind}",
        "beats": [{"kind": cluster.kind, "times_s": plain(cluster.times_s)} for cluster in m.clusters],
        "qrs_onset_ms": _rounded(m.limits.onset_ms),
        "qrs_end_ms": _rounded(m.limits.end_ms),
        "qrs_ms": _rounded(m.qrs_ms),
        "qrs_interval_ms": [_rounded(limit) for limit in m.limits.duration_interval_ms],
        "qrs_convention": QRS_CONVENTIONS[m.qrs_convention],
        "stimulus_to_qrs_end_ms": _rounded(m.limits.stimulus_to_end_ms),
        "pr_ms": _rounded(m.pr_ms),
        "qt_ms": _rounded(m.qt_ms),
        "axis_deg": _rounded(m.axis_deg),
        "axis_class": None if m.axis is None else m.axis.axis_class,
        "axis_by_amplitude_deg": None if m.axis_by_amplitude is None else _rounded(m.axis_by_amplitude.axis_deg),
        "qrs_area_uvs": _rounded(m.qrs_area_uvs),
        "qrs_area": plain(m.area),
        "qrs_area_interval_uvs": None
        if m.area_interval is None
        else [_rounded(m.area_interval.low_uvs), _rounded(m.area_interval.high_uvs)],
        "qrs_area_zero_before_p_uvs": None if m.area_before_p is None else _rounded(m.area_before_p.magnitude_uvs),
        "qrs_area_inverse_dower_uvs": None if m.area_interval is None else _rounded(m.area_interval.inverse_dower_uvs),
        "morphology": m.morphology,
        "morphology_reason": m.conduction.reason,
        "criteria": {definition.key: _definition(definition) for definition in m.conduction.definitions},
        "flips": list(m.conduction.flips),
        "selvester": plain(m.selvester),
        "leads": {
            lead: {
                "label": waves.label,
                "waves": plain(waves.waves),
                "notches": plain(waves.notches),
                "r_peak_time_ms": _rounded(waves.r_peak_time_ms),
                "derived": lead in m.record.derived_leads,
            }
            for lead, waves in zip(LEADS, m.waves, strict=True)
        },
        "vendor": {
            "measurements": plain(m.record.vendor.measurements),
            "statements": list(m.record.vendor.statements),
        },
        "filters": plain(m.record.filters),
        "warnings": [plain(finding) for finding in m.warnings],
        "absent": dict(m.absent),
    }


def _definition(definition: DefinitionVerdict) -> dict[str, Any]:
    """Return one definition of a conduction disturbance with its criteria."""
    names = ("key", "text", "required", "outcome", "lead", "value", "unit", "limit", "sentence")
    return {
        "title": definition.title,
        "outcome": definition.outcome,
        "best_estimate": definition.best_estimate,
        "source": definition.source,
        "provenance": definition.provenance,
        "criteria": [{name: plain(getattr(criterion, name)) for name in names} for criterion in definition.criteria],
    }


def _rounded(value: float | None) -> float | None:
    """Round to a tenth: below that nothing here means anything."""
    return None if value is None else round(float(value), 1)
