"""One measured strain examination as plain data with stable names: the JSON line of ``resynchro strain``."""

from __future__ import annotations

from typing import Any

from resynchro.imaging.strain.prospect import PROSPECT_CAVEAT
from resynchro.imaging.strain.strain_measurement import StrainMeasurement
from resynchro.imaging.strain.timing_indices import NOT_TISSUE_DOPPLER
from resynchro.record.index_value import IndexValue, PublishedValue
from resynchro.record.plain import plain
from resynchro.record.segments import segment_name


def strain_summary(measurement: StrainMeasurement) -> dict[str, Any]:
    """Collect the results of one strain examination under stable names with units.

    Parameters
    ----------
    measurement
        From `measure_strain`.

    Returns
    -------
    dict
        Plain data for JSON. A value that could not be computed is None, with the reason under ``absent``.
    """
    m = measurement
    curves = m.curves
    return {
        "file": m.study.file,
        "format": m.study.format,
        "sha256": m.study.sha256,
        "engine": m.study.engine,
        "modality": m.study.modality,
        "strain_type": curves.strain_type,
        "kind": curves.kind,
        "model": curves.model,
        "rr_ms": _tenth(1000.0 * curves.rr_s),
        "rr_spread_pct": _tenth(100.0 * curves.rr_spread),
        "frames": len(curves.time_s),
        "periodic": curves.periodic,
        "events_ms": {
            name: _tenth(None if at is None else 1000.0 * at)
            for name, at in (
                ("mvc", curves.events.mvc_s),
                ("avo", curves.events.avo_s),
                ("avc", curves.events.avc_s),
                ("mvo", curves.events.mvo_s),
            )
        },
        "events_origin": curves.events.origin,
        "views": [
            {
                "name": view.name,
                "rr_ms": _tenth(1000.0 * view.rr_s),
                "frames": len(view.time_s),
                "segments": list(view.segments),
            }
            for view in m.study.views
        ],
        "segments": _segments(m),
        "indices": {index.key: index_summary(index) for index in m.indices},
        "prospect": {
            "parameters": {index.key: index_summary(index) for index in m.prospect},
            "caveat": PROSPECT_CAVEAT,
        },
        "quality": [plain(item) for item in m.quality],
        "warnings": [plain(finding) for finding in m.findings],
    }


def index_summary(index: IndexValue) -> dict[str, Any]:
    """Return one index as plain data.

    Parameters
    ----------
    index
        Any index of this room.

    Returns
    -------
    dict
        With ``beyond`` in each published cut-off that can be compared: whether the value lies beyond it. A number from
        memory says ``unverified`` in its statement.
    """
    found = {
        name: plain(getattr(index, name))
        for name in (
            "name",
            "value",
            "flag",
            "text",
            "absent",
            "unit",
            "window",
            "reference_event",
            "variant",
            "n_segments",
            "segments",
            "noise_floor",
            "noise_note",
        )
    }
    found["per_segment"] = {str(segment): plain(value) for segment, value in index.per_segment}
    found["published"] = [_published(index, value) for value in index.published]
    found["notes"] = list(index.notes)
    return found


def _published(index: IndexValue, published: PublishedValue) -> dict[str, Any]:
    data: dict[str, Any] = plain(published)
    del data["index"]
    if not published.verified:
        data["statement"] = f"{published.statement} (unverified)"
    data["beyond"] = beyond(index, published)
    return data


def beyond(index: IndexValue, published: PublishedValue) -> bool | None:
    """Tell whether a value lies beyond a published cut-off.

    Parameters
    ----------
    index
        The index that was measured.
    published
        One of its published values.

    Returns
    -------
    bool or None
        None where there is nothing to compare: no value, no threshold, an unverified one, or a cut-off of tissue
        Doppler beside an index made from strain peaks.
    """
    if not published.verified or NOT_TISSUE_DOPPLER in index.notes:
        return None
    value, limit = index.value, published.threshold
    if value is None or limit is None or published.role != "cutoff" or published.comparison is None:
        return None
    return {">": value > limit, ">=": value >= limit, "<": value < limit, "<=": value <= limit}[published.comparison]


def _segments(m: StrainMeasurement) -> dict[str, Any]:
    delays = {delay.segment: delay for delay in m.delays}
    peaks = {peak.segment: peak for peak in m.peaks}
    noise = m.curves.noise_pct
    found = {}
    for row, segment in enumerate(m.curves.segments):
        delay, peak = delays.get(segment), peaks.get(segment)
        found[str(segment)] = {
            "name": segment_name(segment, m.curves.model),
            "delay_ms": None if delay is None else _tenth(delay.delay_ms),
            "delay_pct_rr": None if delay is None else _tenth(delay.delay_pct_rr),
            "from_earliest_ms": None if delay is None else _tenth(delay.from_earliest_ms),
            "from_earliest_pct_rr": None if delay is None else _tenth(delay.from_earliest_pct_rr),
            "rho": None if delay is None else plain(round(delay.rho, 3)),
            "delay_se_ms": None if delay is None else _tenth(delay.se_ms),
            "delay_absent": "delays could not be measured" if delay is None else delay.reason,
            "time_to_peak_ms": None if peak is None else _tenth(peak.time_ms),
            "time_to_peak_pct_rr": None if peak is None else _tenth(peak.time_pct_rr),
            "peak_pct": None if peak is None else plain(round(peak.peak_pct, 2)),
            "time_to_peak_absent": "times to peak could not be measured" if peak is None else peak.reason,
            "noise_pct": None if noise is None else plain(round(float(noise[row]), 3)),
        }
    return found


def _tenth(value: float | None) -> float | None:
    """Round to a tenth: below that nothing here means anything."""
    return None if value is None else round(float(value), 1)
