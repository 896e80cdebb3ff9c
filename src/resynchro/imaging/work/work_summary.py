"""Myocardial work as plain data with stable names: the JSON line of ``resynchro work``."""

from __future__ import annotations

from typing import Any

from resynchro.imaging.work.work_measurement import WorkMeasurement
from resynchro.record.index_value import IndexValue
from resynchro.record.plain import plain


def work_summary(measurement: WorkMeasurement) -> dict[str, Any]:
    """Collect the results under stable names with units.

    Parameters
    ----------
    measurement
        From `measure_work`.

    Returns
    -------
    dict
        Plain data for JSON. Values that could not be computed are None, with the reason under ``absent``.
    """
    m = measurement
    return {
        "file": m.study.file,
        "format": m.study.format,
        "sha256": m.study.sha256,
        "engine": m.study.engine,
        "modality": m.study.modality,
        "strain_type": m.study.strain_type,
        "model": m.study.model,
        "pressure_origin": m.pressure_origin,
        "pressure_scale": m.pressure_scale,
        "systolic_mmhg": round(m.systolic_mmhg, 1),
        "views": [
            {
                "view": work.view.name,
                "segments": list(work.view.segments),
                "rr_ms": _milliseconds(work.view.rr_s),
                "mvc_ms": _milliseconds(work.view.events.mvc_s),
                "avo_ms": _milliseconds(work.view.events.avo_s),
                "avc_ms": _milliseconds(work.view.events.avc_s),
                "mvo_ms": _milliseconds(work.view.events.mvo_s),
                "events_origin": work.view.events.origin,
            }
            for work in m.views
        ],
        "indices": {value.key: _index(value, m) for value in m.indices},
        "segments": [{key: _rounded(value) for key, value in plain(work).items()} for work in m.segments],
        "sensitivity": [
            {
                "change": shift.change,
                "source": shift.source,
                "differences": {key: _rounded(value) for key, value in shift.differences.items()},
                "absent": shift.absent,
            }
            for shift in m.sensitivity
        ],
        "vendor": [{key: _rounded(value) for key, value in plain(one).items()} for one in m.vendor],
        "warnings": [plain(finding) for finding in m.findings],
        "absent": {f"segment_{segment}": reason for segment, reason in m.absent_segments}
        | {value.key: value.absent for value in m.indices if value.absent is not None},
    }


def _index(value: IndexValue, measurement: WorkMeasurement) -> dict[str, Any]:
    """Return one index; what never applies here (flags, classes, values per segment) is left out."""
    return {
        "name": value.name,
        "value": _rounded(value.value),
        "unit": value.unit,
        "uncertainty": _rounded(measurement.uncertainty.get(value.key)) if value.value is not None else None,
        "window": value.window,
        "variant": value.variant,
        "n_segments": value.n_segments,
        "noise_floor": _rounded(value.noise_floor),
        "noise_note": value.noise_note,
        "published": [plain(published) for published in value.published],
        "notes": list(value.notes),
    }


def _rounded(value: Any) -> Any:
    """Round to a tenth of a mmHg % or of a percent; what is no decimal number stays."""
    return round(value, 1) + 0.0 if isinstance(value, float) else value


def _milliseconds(time_s: float | None) -> float | None:
    return None if time_s is None else round(1000.0 * float(time_s), 1)
