"""Post-systolic index: the share of a segment's peak shortening that comes after aortic valve closure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resynchro.imaging.strain.cross_correlation import least_amplitude_pct
from resynchro.imaging.strain.smoothed_curves import HARMONICS, SmoothedCurves, smoothed
from resynchro.imaging.strain.synchronous_noise import synchronous_floor
from resynchro.imaging.strain.systolic_stretch import missing_events, published_of_type
from resynchro.record.index_value import IndexValue
from resynchro.record.segments import segment_name
from resynchro.record.strain import SegmentCurves

FloatArray = NDArray[np.float64]


def post_systolic_share(shortening_pct: FloatArray, avc_sample: int) -> FloatArray:
    """Return 100 (E_peak - E_AVC)/E_peak where the peak follows AVC, else 0.

    Parameters
    ----------
    shortening_pct
        Shape (..., M), contraction negative [%].
    avc_sample
        Sample of aortic valve closure.

    Returns
    -------
    FloatArray
        Shape (...) [%]; above 100 where the segment is longer than at the start at AVC; 0 without any shortening.

    Examples
    --------
    >>> float(post_systolic_share(np.array([0, -5, -12, -16, -20, -3.0]), 3))
    20.0
    """
    peak = shortening_pct.min(axis=-1)
    late = (shortening_pct.argmin(axis=-1) > avc_sample) & (peak < 0.0)
    share = 100.0 * (peak - shortening_pct[..., avc_sample]) / np.where(late, peak, 1.0)
    return np.asarray(np.where(late, share, 0.0), dtype=np.float64)


def post_systolic_indices(curves: SegmentCurves, *, harmonics: int | None = HARMONICS) -> tuple[IndexValue, ...]:
    """Return the mean post-systolic index and, under its own name, the ratio that some readers export instead.

    Parameters
    ----------
    curves
        AVC must be known. Segments that shorten by less than max(3 %, 3 sigma) are left out.
    harmonics
        Low-pass before; None for raw curves.

    Returns
    -------
    tuple of IndexValue
        ``post_systolic_index_pct``: mean of 100 (peak - AVC)/peak. ``avc_to_peak_ratio``: mean of E_AVC/E_peak, 1 when
        all shortening is done at AVC.
    """
    keys = ("post_systolic_index_pct", "avc_to_peak_ratio")
    names = ("post-systolic index, mean", "ratio of strain at AVC to peak strain, mean")
    units = ("%", "")
    avc_s = curves.events.avc_s
    reason = missing_events(curves, ("avc",)) if avc_s is None else ""
    least = least_amplitude_pct(curves.noise_pct, len(curves.segments))
    curve = smoothed(curves, harmonics=harmonics)
    rows = np.flatnonzero(-curve.shortening_pct.min(axis=-1) >= least)
    if not reason and not len(rows):
        reason = "no segment shortens by max(3 %, 3 sigma)"
    if reason or avc_s is None:
        return tuple(
            IndexValue(key=key, name=name, unit=unit, absent=reason)
            for key, name, unit in zip(keys, names, units, strict=True)
        )

    def shares(item: SmoothedCurves) -> FloatArray:
        return post_systolic_share(item.shortening_pct[..., rows, :], item.sample(avc_s))

    def ratios(item: SmoothedCurves) -> FloatArray:
        chosen = item.shortening_pct[..., rows, :]
        peak = chosen.min(axis=-1)
        return np.asarray(chosen[..., item.sample(avc_s)] / np.where(peak < 0.0, peak, np.nan))

    segments = tuple(curves.segments[row] for row in rows)
    weak = [segment_name(curves.segments[row], curves.model) for row in range(len(least)) if row not in rows]
    notes = (f"Too weak to count: {', '.join(weak)}.",) if weak else ()
    found = []
    for key, name, unit, each in zip(keys, names, units, (shares, ratios), strict=True):
        values = each(curve)
        floor = synchronous_floor(
            curves,
            lambda strain, each=each: np.asarray(  # type: ignore[misc]
                each(smoothed(curves, harmonics=harmonics, values_pct=strain)).mean(axis=-1)
            ),
            unit,
        )
        found.append(
            IndexValue(
                key=key,
                name=name,
                unit=unit,
                value=float(values.mean()),
                window=f"peak of the whole beat against AVC ({1000 * avc_s:.0f} ms)",
                variant=("100 (peak - AVC)/peak where the peak follows AVC, else 0" if unit else "E_AVC/E_peak")
                + f", {curves.strain_type}, {curve.treatment}",
                n_segments=len(segments),
                segments=segments,
                noise_floor=floor.mean,
                noise_note=floor.note,
                per_segment=tuple((segment, float(value)) for segment, value in zip(segments, values, strict=True)),
                published=published_of_type(curves, key),
                notes=notes,
            )
        )
    return tuple(found)
