"""One measured cine as plain data with stable names: the JSON line of ``resynchro cine``."""

from __future__ import annotations

from typing import Any

import numpy as np

from resynchro.imaging.cine.cine_measurement import CineMeasurement
from resynchro.imaging.cine.cine_strain import peak_strain
from resynchro.imaging.cine.lv_volumes import METHOD_WORDS, LvVolumes
from resynchro.imaging.strain.strain_summary import index_summary
from resynchro.record.plain import plain
from resynchro.record.segment_map import SegmentMap
from resynchro.record.slices import CineStack
from resynchro.record.strain import StrainStudy


def cine_summary(measurement: CineMeasurement) -> dict[str, Any]:
    """Collect the results of one cine examination under stable names with units.

    Parameters
    ----------
    measurement
        From `measure_cine`.

    Returns
    -------
    dict
        Plain data for JSON. A value that could not be measured is None, with the reason under ``absent``.
    """
    m = measurement
    beats = [item.rr_s for item in m.stack.slices if item.rr_s is not None] if m.stack is not None else []
    return {
        "file": m.stack.file if m.stack is not None else None if m.contours is None else m.contours.file,
        "format": m.stack.format if m.stack is not None else "contours only",
        "sha256": m.stack.sha256 if m.stack is not None else None if m.contours is None else m.contours.sha256,
        "contours": None if m.contours is None else m.contours.file,
        "plane": None if m.stack is None else m.stack.plane,
        "rr_ms": _tenth(1000.0 * float(np.mean(beats))) if beats else None,
        "rr_range_ms": [_tenth(1000.0 * min(beats)), _tenth(1000.0 * max(beats))] if beats else None,
        "slices": _slices(m.stack),
        **_left(m.volumes),
        "lv_counted_ml": None if m.counted_ml is None else [_tenth(value) for value in m.counted_ml],
        "rv_edv_ml": None if m.rv is None else _tenth(m.rv.edv_ml),
        "rv_esv_ml": None if m.rv is None else _tenth(m.rv.esv_ml),
        "rvef_pct": None if m.rv is None else _tenth(m.rv.ejection_fraction_pct),
        "levels": [{"slice": item.index + 1, "level": item.level} for item in m.placed],
        "septum_arc_deg": [_tenth(item.frame.septum_arc_deg) for item in m.placed],
        "wall_thickness_ed_mm": _map(None if m.thickness is None else m.thickness.end_diastole),
        "wall_thickness_es_mm": _map(
            None if m.thickness is None or "thickening" in m.absent else m.thickness.end_systole
        ),
        "wall_thickening_pct": _map(
            None if m.thickness is None or "thickening" in m.absent else m.thickness.thickening
        ),
        "circumferential_strain": _study(m.circumferential),
        "radial_strain": _study(m.radial),
        "sdi_volume": index_summary(m.sdi),
        "engine_disagreement_pct": _map(m.disagreement),
        "absent": dict(m.absent),
        "warnings": [plain(finding) for finding in m.findings],
    }


def _slices(stack: CineStack | None) -> list[dict[str, Any]]:
    if stack is None:
        return []
    normal = stack.slices[0].geometry.normal
    return [
        {
            "slice": number,
            "name": item.name,
            "position_mm": _tenth(float(item.geometry.origin_mm @ normal)),
            "frames": len(item.time_s),
            "rr_ms": None if item.rr_s is None else _tenth(1000.0 * item.rr_s),
            "covers_cycle": item.covers_cycle,
            "rows": int(item.frames.shape[1]),
            "columns": int(item.frames.shape[2]),
            "spacing_mm": [plain(item.geometry.row_spacing_mm), plain(item.geometry.column_spacing_mm)],
        }
        for number, item in enumerate(stack.slices, 1)
    ]


def _left(volumes: LvVolumes | None) -> dict[str, Any]:
    names = ("lv_edv_ml", "lv_esv_ml", "lv_stroke_volume_ml", "lvef_pct", "lv_mass_g", "ed_frame", "es_frame")
    if volumes is None:
        return dict.fromkeys((*names, "papillary", "volume_method", "volumes_by_method"))
    ef, stroke = volumes.ejection_fraction_pct, volumes.stroke_volume_ml
    values = (volumes.edv_ml, volumes.esv_ml, stroke, ef, volumes.mass_g)
    return {
        **dict(zip(names, (None if value is None else _tenth(value) for value in values), strict=False)),
        "ed_frame": volumes.ed_frame + 1,
        "es_frame": volumes.es_frame + 1,
        "papillary": volumes.papillary,
        "volume_method": volumes.curves[0].method,
        "volumes_by_method": {
            curve.method: {
                "meaning": METHOD_WORDS[curve.method],
                "cavity_ml": [_tenth(value) for value in curve.cavity_ml],
                "wall_ml": None if curve.wall_ml is None else [_tenth(value) for value in curve.wall_ml],
                "residual_mm": None if curve.residual_mm is None else _tenth(curve.residual_mm),
            }
            for curve in volumes.curves
        },
    }


def _map(found: SegmentMap | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "model": found.model,
        "method": found.method,
        "values": {str(segment): _tenth(value) for segment, value in found.values.items()},
        "absent": {str(segment): reason for segment, reason in found.absent.items()},
    }


def _study(study: StrainStudy | None) -> dict[str, Any] | None:
    if study is None:
        return None
    return {
        "engine": study.engine,
        "kind": study.kind,
        "peak_pct": _map(peak_strain(study)),
        "views": [
            {
                "name": view.name,
                "segments": list(view.segments),
                "rr_ms": _tenth(1000.0 * view.rr_s),
                "time_ms": [_tenth(1000.0 * at) for at in view.time_s],
                "strain_pct": [[round(float(value), 2) for value in row] for row in view.strain_pct],
            }
            for view in study.views
        ],
    }


def _tenth(value: float | None) -> float | None:
    """Round to a tenth: below that nothing here means anything."""
    return None if value is None else round(float(value), 1)
