"""Indices of timing made from times to peak strain: spread and differences.

Indices that were defined on tissue Doppler velocity are offered on strain peaks under names that say so: peak strain is
not peak velocity, and the published cut-offs do not transfer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.published_values import published_values
from resynchro.imaging.strain.strain_noise import NOISE_UNKNOWN
from resynchro.imaging.strain.time_to_peak import Window, segment_peaks, times_to_peak, window_s, window_words
from resynchro.imaging.strain.timing_noise import NOISE_DRAWS, above_noise, synchronous_draws
from resynchro.record.index_value import IndexValue
from resynchro.record.segments import segment_name
from resynchro.record.strain import SegmentCurves, StrainType

FloatArray = NDArray[np.float64]
_Statistic = Callable[[FloatArray], FloatArray]

NOT_TISSUE_DOPPLER = (
    "made from strain peaks, not from tissue Doppler velocities: the published cut-offs belong to the latter"
)
#: Of the segments an index asks for, so many must be usable for a spread.
_LEAST_SHARE = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class _PeakIndex:
    """What defines an index made from times to peak."""

    key: str
    name: str
    segments: tuple[int, ...]  # empty: all
    statistic: str
    variant: str
    tissue_doppler: str = ""  # index on tissue Doppler whose published values are quoted; empty: its own
    window: Window = "cycle"
    strain_types: tuple[StrainType, ...] = ("longitudinal", "circumferential", "radial")
    least: int = 0
    notes: tuple[str, ...] = ()


_STATISTICS: dict[str, _Statistic] = {
    "sd": lambda times: np.asarray(times.std(axis=-1, ddof=1)),
    "range": lambda times: np.asarray(np.ptp(times, axis=-1)),
    "difference": lambda times: np.asarray(times[..., 1] - times[..., 0]),
}
_TWELVE, _BASAL = tuple(range(1, 13)), tuple(range(1, 7))
_PEAK_INDICES = (
    _PeakIndex(
        key="ts_sd_strain_ms",
        name="SD of time to peak strain, 12 segments (after Yu)",
        segments=_TWELVE,
        statistic="sd",
        variant="sample SD, 6 basal and 6 mid segments, strain peaks",
        tissue_doppler="ts_sd_ms",
    ),
    _PeakIndex(
        key="ts_sd_strain_systole_ms",
        name="SD of time to peak systolic strain, 12 segments",
        segments=_TWELVE,
        statistic="sd",
        variant="sample SD, 6 basal and 6 mid segments, strain peaks before AVC",
        tissue_doppler="ts_sd_ms",
        window="systole",
        notes=("a segment that still shortens at AVC counts with AVC",),
    ),
    _PeakIndex(
        key="ts_diff_12_strain_ms",
        name="Largest difference of time to peak strain, 12 segments",
        segments=_TWELVE,
        statistic="range",
        variant="latest minus earliest, 6 basal and 6 mid segments, strain peaks",
        tissue_doppler="ts_diff_12_ms",
    ),
    _PeakIndex(
        key="pvd_strain_ms",
        name="Largest difference of time to peak strain, 6 basal segments (after PVD)",
        segments=_BASAL,
        statistic="range",
        variant="latest minus earliest, 6 basal segments, strain peaks",
        tissue_doppler="pvd_ms",
    ),
    _PeakIndex(
        key="ts_4_basal_strain_ms",
        name="Largest difference of time to peak strain, 4 basal segments",
        segments=(1, 3, 4, 6),
        statistic="range",
        variant="latest minus earliest of basal anterior, inferoseptal, inferior and anterolateral, strain peaks",
        tissue_doppler="ts_4_basal_ms",
        least=4,
    ),
    _PeakIndex(
        key="septal_to_lateral_delay_ms",
        name="Septal-to-lateral delay of peak strain",
        segments=(3, 6),
        statistic="difference",
        variant="basal anterolateral minus basal inferoseptal, strain peaks; positive = lateral later",
        tissue_doppler="ts_lateral_septal_ms",
    ),
    _PeakIndex(
        key="septal_to_posterior_delay_ms",
        name="Septal-to-posterior delay of peak strain",
        segments=(8, 11),
        statistic="difference",
        variant="mid inferolateral minus mid anteroseptal, strain peaks; positive = posterior later",
        strain_types=("longitudinal", "circumferential"),
        notes=("published cut-offs exist for radial strain only",),
    ),
    _PeakIndex(
        key="radial_as_post_delay_ms",
        name="Radial anteroseptal-to-posterior delay",
        segments=(8, 11),
        statistic="difference",
        variant="mid inferolateral (posterior) minus mid anteroseptal, radial strain; positive = posterior later",
        strain_types=("radial",),
    ),
    _PeakIndex(
        key="mechanical_dispersion_ms",
        name="Mechanical dispersion",
        segments=(),
        statistic="sd",
        variant="sample SD of time to peak longitudinal strain, all segments",
        strain_types=("longitudinal",),
        least=12,
    ),
    _PeakIndex(
        key="elsd_ms",
        name="Earliest to latest segment delay (ELSD)",
        segments=(),
        statistic="range",
        variant="latest minus earliest time to peak, all segments",
        least=4,
    ),
)


def peak_indices(curves: SegmentCurves, rng: np.random.Generator) -> tuple[IndexValue, ...]:
    """Compute every index made from times to peak strain.

    Parameters
    ----------
    curves
        Strain on one time base.
    rng
        Source of the noise for the noise floors.

    Returns
    -------
    tuple of IndexValue
        The noise floor is the mean of the index (its absolute value for a difference) over 400 draws of synchronous
        curves with this ventricle's shape, amplitudes and noise.
    """
    usable = [spec for spec in _PEAK_INDICES if curves.strain_type in spec.strain_types]
    try:
        draws = synchronous_draws(curves, rng) if curves.periodic else None
    except MeasurementError:
        draws = None
    floors = {}
    for window in dict.fromkeys(spec.window for spec in usable):
        limits = window_s(window, curves.events, curves.rr_s)
        if draws is not None and limits is not None:
            sign = -1.0 if curves.strain_type == "radial" else 1.0
            floors[window] = times_to_peak(sign * draws, curves.rr_s, limits_s=limits)[0]
    return tuple(_peak_index(spec, curves, floors.get(spec.window)) for spec in usable)


def _peak_index(spec: _PeakIndex, curves: SegmentCurves, draws_s: FloatArray | None) -> IndexValue:
    words = window_words(spec.window, curves.events, curves.rr_s)
    try:
        peaks = {peak.segment: peak for peak in segment_peaks(curves, spec.window)}
    except MeasurementError as error:
        return _index_value(spec, words, absent=str(error))
    wanted = spec.segments or curves.segments
    found = tuple(segment for segment in wanted if segment in peaks and peaks[segment].time_ms is not None)
    least = 2 if spec.statistic == "difference" else max(spec.least, int(np.ceil(_LEAST_SHARE * len(spec.segments))))
    if len(found) < least:
        lacking = [segment for segment in wanted if segment not in found]
        reasons = [
            f"{segment_name(segment, curves.model)} "
            + ("is missing" if segment not in peaks else str(peaks[segment].reason))
            for segment in lacking[:3]
        ]
        more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
        absent = f"{len(found)} of at least {least} segments usable: {'; '.join(reasons)}{more}"
        return _index_value(spec, words, absent=absent)
    times_ms = np.array([peaks[segment].time_ms for segment in found], dtype=np.float64)
    value = float(_STATISTICS[spec.statistic](times_ms))
    floor, note = None, NOISE_UNKNOWN
    if draws_s is not None:
        rows = [curves.segments.index(segment) for segment in found]
        floor = float(np.abs(1000.0 * _STATISTICS[spec.statistic](draws_s[:, rows])).mean())
        note = f"mean over {NOISE_DRAWS} draws of synchronous curves of this shape and noise"
    edges = [segment for segment in found if peaks[segment].at_edge]
    notes = [f"{100.0 * value / (1000.0 * curves.rr_s):.1f} % of RR"]
    if edges:
        notes.append(f"no peak inside the window in segments {', '.join(map(str, edges))}: the edge counts")
    if floor is not None and spec.statistic == "sd":
        notes.append(above_noise(value, floor))
    if floor is not None and spec.statistic != "sd" and abs(value) <= floor:
        notes.append("not above what noise alone gives")
    return _index_value(
        spec,
        words,
        notes,
        value=value,
        n_segments=len(found),
        segments=found,
        noise_floor=floor,
        noise_note=note,
        per_segment=tuple(zip(found, map(float, times_ms), strict=True)),
    )


def _index_value(spec: _PeakIndex, words: str, notes: Sequence[str] = (), **found: Any) -> IndexValue:
    """Return the value, or why it is absent, with what the definition says."""
    not_comparable = (NOT_TISSUE_DOPPLER,) if spec.tissue_doppler else ()
    return IndexValue(
        key=spec.key,
        name=spec.name,
        unit="ms",
        window=words,
        variant=spec.variant,
        published=published_values(spec.tissue_doppler or spec.key),
        notes=(*not_comparable, *spec.notes, *notes),
        **found,
    )
