"""One phase analysis as indices with their noise floors, and as plain data: the JSON line of ``resynchro phase``."""

from __future__ import annotations

from typing import Any

import numpy as np

from resynchro.imaging.published_values import published_values
from resynchro.imaging.spect.lv_axis import LvAxis
from resynchro.imaging.spect.phase_measurement import PhaseMeasurement
from resynchro.imaging.spect.phase_statistics import PhaseStatistics
from resynchro.record.index_value import IndexValue
from resynchro.record.plain import plain
from resynchro.record.segment_map import SegmentMap
from resynchro.record.segments import segment_name

#: Key without weighting, name, unit, attribute of the statistics.
_INDICES = (
    ("phase_sd", "Phase standard deviation", "deg", "sd_deg"),
    ("phase_bandwidth", "Phase bandwidth, 95 %", "deg", "bandwidth_deg"),
    ("phase_entropy", "Phase entropy", "%", "entropy_pct"),
    ("phase_skewness", "Phase skewness", "", "skewness"),
    ("phase_kurtosis", "Phase kurtosis, excess", "", "kurtosis"),
)
_UNIT_TOKEN = {"deg": "_deg", "%": "_pct", "": ""}
_OWN_DEFINITION = (
    "moments of the delays from the mean; published values of the vendors' skewness and kurtosis are another "
    "statistic and do not apply"
)


def phase_indices(measurement: PhaseMeasurement) -> tuple[IndexValue, ...]:
    """Return the statistics as indices, weighted by amplitude first, then unweighted, each with its noise floor.

    No verdict is drawn from published cut-offs: the same normals score 5 to 12 degrees by four programs.
    """
    m = measurement
    found = []
    for weighting, values, floor in (
        ("", m.weighted, m.noise.weighted),
        ("_unweighted", m.unweighted, m.noise.unweighted),
    ):
        for key, name, unit, attribute in _INDICES:
            value, floor_value = getattr(values, attribute), getattr(floor, attribute)
            if attribute == "sd_deg" and not weighting:
                floor_value = m.noise.floor_deg
            bare = attribute in ("skewness", "kurtosis")
            found.append(
                IndexValue(
                    key=f"{key}{weighting}{_UNIT_TOKEN[unit]}",
                    name=name,
                    unit=unit,
                    value=value,
                    absent=None if value is not None else "all phases are equal",
                    window="whole beat",
                    reference_event="circular mean phase",
                    variant="unweighted" if weighting else "weighted by amplitude squared",
                    n_segments=len(m.segments),
                    segments=tuple(sorted(m.segments)),
                    noise_floor=None if bare else floor_value,
                    noise_note=_OWN_DEFINITION if bare else _floor_words(m, attribute, weighting),
                    published=published_values(f"{key}{_UNIT_TOKEN[unit]}"),
                    notes=(_OWN_DEFINITION,) if bare else (),
                )
            )
    return tuple(found)


def phase_summary(measurement: PhaseMeasurement) -> dict[str, Any]:
    """Collect the results under stable names with units.

    Returns
    -------
    dict
        Plain data for JSON. What could not be measured is None or absent, with the reason in ``absent``.
    """
    m = measurement
    return {
        "file": m.polar.file,
        "format": m.polar.format,
        "sha256": m.polar.sha256,
        "gates": m.polar.gates,
        "rr_ms": None if m.rr_s is None else _rounded(1e3 * m.rr_s),
        "harmonics": m.phases.harmonics,
        "sampling": m.polar.source,
        "samples": len(m.segment),
        "viable_pct": _rounded(m.viable_share_pct),
        "viability_limit_pct": plain(m.viable_pct),
        "axis": None if m.axis is None else _axis(m.axis),
        "weighted": _statistics(m.weighted),
        "unweighted": _statistics(m.unweighted),
        "noise": {
            "noise_pct": _rounded(m.noise.noise_pct),
            "amplitude_pct": _rounded(m.noise.amplitude_pct),
            "floor_sd_deg": _rounded(m.noise.floor_deg),
            "floor_bandwidth_deg": _rounded(m.noise.bandwidth_floor_deg),
            "floor_entropy_pct": _rounded(m.noise.weighted.entropy_pct),
            "floor_sd_unweighted_deg": _rounded(m.noise.unweighted.sd_deg),
            "floor_bandwidth_unweighted_deg": _rounded(m.noise.unweighted.bandwidth_deg),
            "closed_form_deg": _rounded(m.noise.closed_form_deg),
            "closed_form_valid": m.noise.closed_form_valid,
        },
        "latest_segment": m.latest,
        "latest_free_wall_segment": m.latest_free_wall,
        "segments": [_segment(m, number) for number in range(1, 18)],
        "warnings": [{"code": finding.code, "message": finding.message} for finding in m.warnings],
    }


def _segment(m: PhaseMeasurement, number: int) -> dict[str, Any]:
    phase = m.segments.get(number)
    return {
        "segment": number,
        "name": segment_name(number),
        "delay_deg": None if phase is None else _rounded(phase.delay_deg),
        "error_deg": None if phase is None else _rounded(phase.error_deg),
        "delay_rr_pct": _of(m.delay, number),
        "delay_ms": None if m.delay_ms is None else _of(m.delay_ms, number),
        "thickening_pct": _of(m.thickening, number),
        "perfusion_pct": _of(m.perfusion, number),
        "absent": m.delay.absent.get(number),
    }


def _axis(axis: LvAxis) -> dict[str, Any]:
    row, column = (float(value) for value in axis.centre_at(np.array((axis.base_slice + axis.apex_slice) / 2.0)))
    return {
        "base_slice": _rounded(axis.base_slice),
        "apex_slice": _rounded(axis.apex_slice),
        "centre_row": _rounded(row),
        "centre_column": _rounded(column),
    }


def _statistics(found: PhaseStatistics) -> dict[str, Any]:
    return {
        "sd_deg": _rounded(found.sd_deg),
        "bandwidth_deg": _rounded(found.bandwidth_deg),
        "entropy_pct": _rounded(found.entropy_pct),
        "skewness": plain(found.skewness),
        "kurtosis": plain(found.kurtosis),
        "mean_deg": _rounded(found.mean_deg),
        "peak_deg": _rounded(found.peak_deg),
    }


def _floor_words(m: PhaseMeasurement, attribute: str, weighting: str) -> str:
    head = f"a synchronous ventricle with {m.noise.noise_pct:.1f} % noise at {m.polar.gates} gates"
    closed = attribute == "sd_deg" and not weighting and m.noise.closed_form_valid
    return f"{head}, " + ("closed form sqrt(2/G) sigma/A1" if closed else "simulated")


def _of(values: SegmentMap, number: int) -> float | None:
    return _rounded(values.values.get(number))


def _rounded(value: float | None) -> float | None:
    """Round to a tenth: below that nothing here means anything."""
    return None if value is None else round(float(value), 1)
