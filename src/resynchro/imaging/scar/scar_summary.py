"""A scar measurement as plain data: the same for the command line, the plan and a notebook."""

from __future__ import annotations

from typing import Any

from resynchro.imaging.scar.scar_measurement import ScarMeasurement, ScarSlice
from resynchro.imaging.scar.scar_thresholds import RULE_WORDS
from resynchro.imaging.scar.transmurality import VIABLE_PCT, transmurality_class
from resynchro.record.plain import plain
from resynchro.record.segments import segment_name


def scar_summary(measurement: ScarMeasurement) -> dict[str, Any]:
    """Return a measurement as dictionaries, lists, numbers and text.

    Parameters
    ----------
    measurement
        From `measure_scar`, `scar_from_labels` or `given_scar`.

    Returns
    -------
    dict
        Ready for `json.dumps(..., allow_nan=False)`; docs/scar.md names every key.
    """
    scar = measurement.scar_map
    posterolateral = measurement.posterolateral
    summary = {
        "file": scar.source,
        "model": scar.model,
        "method": scar.method,
        "method_words": RULE_WORDS.get(scar.method, scar.method),  # type: ignore[call-overload]
        "scar_present": scar.scar_present,
        "scar_pct_lvm": scar.scar_pct_lvm,
        "by_rule_pct_lvm": scar.by_rule_pct_lvm,
        "refused_rules": measurement.refused,
        "gate": None
        if measurement.gate is None
        else {
            "island_pct": measurement.gate.island_pct,
            "limit_pct": measurement.gate.limit_pct,
            "slices_pct": measurement.gate.slices_pct,
        },
        "scales": measurement.scales,
        "chord_classes_pct": measurement.chord_classes_pct,
        "segments": [
            {
                "segment": segment,
                "name": segment_name(segment, scar.model),
                **plain(values),
                "class": transmurality_class(values.transmurality_mean_pct),
                "viable": values.transmurality_mean_pct <= VIABLE_PCT,
            }
            for segment, values in sorted(scar.segments.items())
        ],
        "absent": [
            {"segment": segment, "name": segment_name(segment, scar.model), "reason": reason}
            for segment, reason in sorted(scar.absent.items())
        ],
        "posterolateral": {
            "transmural_scar": posterolateral.flag,
            "segments": posterolateral.segments,
            "neighbours": posterolateral.neighbours,
            "only_in_places": posterolateral.only_in_places,
            "message": posterolateral.message,
            "sources": [value.source for value in posterolateral.published],
        },
        "slices": [_slice(item) for item in measurement.slices],
        "warnings": [{"code": finding.code, "message": finding.message} for finding in scar.findings],
    }
    return plain(summary)  # type: ignore[no-any-return]


def _slice(item: ScarSlice) -> dict[str, Any]:
    masked, remote = item.masked, item.remote
    return {
        "slice": masked.number + 1,
        "level": masked.level,
        "wall_pixels": int(masked.wall.sum()),
        "scar_pct": 100.0 * float((item.scar & masked.wall).sum()) / float(masked.wall.sum()),
        "scar_pct_by_rule": item.scar_pct_by_rule,
        "thresholds": item.thresholds,
        "remote": None
        if remote is None
        else {
            "centre_deg": remote.centre_deg,
            "mean": remote.mean,
            "sd": remote.sd,
            "used_mean": remote.used_mean,
            "pixels": remote.pixels,
            "chosen": remote.chosen,
        },
        "septum_arc_deg": None if masked.frame is None else masked.frame.septum_arc_deg,
        "insertion": None if masked.frame is None else masked.frame.origin,
    }
