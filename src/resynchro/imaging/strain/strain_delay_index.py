"""Strain delay index: shortening that comes before or after aortic valve closure and so does not eject."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resynchro.imaging.strain.smoothed_curves import HARMONICS, SmoothedCurves, smoothed
from resynchro.imaging.strain.synchronous_noise import synchronous_floor
from resynchro.imaging.strain.systolic_stretch import missing_events, published_of_type
from resynchro.record.index_value import IndexValue
from resynchro.record.segments import SegmentModel, converted
from resynchro.record.strain import SegmentCurves

FloatArray = NDArray[np.float64]


def wasted_shortening(shortening_pct: FloatArray, avc_sample: int) -> FloatArray:
    """Return |E_peak - E_AVC| of each curve, the peak being that of the whole beat.

    Parameters
    ----------
    shortening_pct
        Shape (..., M), contraction negative [%].
    avc_sample
        Sample of aortic valve closure.

    Returns
    -------
    FloatArray
        Shape (...) [%].

    Examples
    --------
    >>> float(wasted_shortening(np.array([0, -5, -12, -16, -18, -3.0]), 3))
    2.0
    """
    return np.asarray(np.abs(shortening_pct.min(axis=-1) - shortening_pct[..., avc_sample]), dtype=np.float64)


def strain_delay_indices(curves: SegmentCurves, *, harmonics: int | None = HARMONICS) -> tuple[IndexValue, ...]:
    """Return the strain delay index as the sum over 16 segments and as the mean over those there are.

    Parameters
    ----------
    curves
        AVC must be known. Of 18 segments the apical ones are averaged to four, of 17 the apex is dropped.
    harmonics
        Low-pass before; None gives the raw index, which noise alone brings to 9 to 20 %.

    Returns
    -------
    tuple of IndexValue
        ``strain_delay_index_pct`` (sum; absent unless all 16 are there) and ``strain_delay_mean_pct``.

    Notes
    -----
    Not to be confused with the SD of times to minimum volume, also called SDI.

    References
    ----------
    Lim P, et al. 2008 (from memory). Tatsumi K, et al. 2011 (mean of area strain).
    """
    name, unit = "strain delay index", "%"
    avc_s = curves.events.avc_s
    if avc_s is None:
        reason = missing_events(curves, ("avc",))
        return (
            IndexValue(key="strain_delay_index_pct", name=name, unit=unit, absent=reason),
            IndexValue(key="strain_delay_mean_pct", name=f"{name}, mean", unit=unit, absent=reason),
        )
    matrix, segments = _to_16(curves)

    def each(curve: SmoothedCurves) -> FloatArray:
        return wasted_shortening(curve.shortening_pct, curve.sample(avc_s)) @ matrix.T

    curve = smoothed(curves, harmonics=harmonics)
    values = each(curve)
    found = []
    for key, kind in (("strain_delay_index_pct", "sum over 16 segments"), ("strain_delay_mean_pct", "mean")):
        summed = key == "strain_delay_index_pct"
        label = name if summed else f"{name}, mean"
        if (summed and len(segments) < 16) or not segments:
            reason = f"needs all 16 segments, {len(segments)} are there" if summed else "no segment of 16 is there"
            found.append(IndexValue(key=key, name=label, unit=unit, absent=reason))
            continue
        add = np.sum if summed else np.mean
        floor = synchronous_floor(
            curves,
            lambda strain, add=add: np.asarray(  # type: ignore[misc]
                add(each(smoothed(curves, harmonics=harmonics, values_pct=strain)), axis=-1)
            ),
            unit,
        )
        found.append(
            IndexValue(
                key=key,
                name=label,
                unit=unit,
                value=float(add(values)),
                window=f"peak of the whole beat against AVC ({1000 * avc_s:.0f} ms)",
                variant=f"{kind} of |peak - AVC|, {curves.strain_type}, {curve.treatment}",
                n_segments=len(segments),
                segments=segments,
                noise_floor=floor.mean,
                noise_note=floor.note,
                per_segment=tuple((segment, float(value)) for segment, value in zip(segments, values, strict=True)),
                published=published_of_type(curves, key),
            )
        )
    return tuple(found)


def _to_16(curves: SegmentCurves) -> tuple[FloatArray, tuple[int, ...]]:
    """Return the matrix that averages the rows to the 16-segment model, and the segments it gives."""
    model: SegmentModel = curves.model
    rows: dict[int, FloatArray] = {}
    for row, segment in enumerate(curves.segments):
        unit = dict.fromkeys(curves.segments, 0.0) | {segment: 1.0}
        for target, share in converted(unit, model, "aha16").items():
            rows.setdefault(target, np.zeros(len(curves.segments)))[row] = share
    segments = tuple(sorted(rows))
    return (np.stack([rows[segment] for segment in segments]) if segments else np.zeros((0, 0))), segments
