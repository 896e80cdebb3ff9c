"""Global strain with the weights of the levels, and the mean strain of each wall."""

from __future__ import annotations

from typing import get_args

import numpy as np
from numpy.typing import NDArray

from resynchro.imaging.strain.strain_noise import NOISE_UNKNOWN
from resynchro.imaging.strain.systolic_stretch import published_of_type
from resynchro.record.index_value import IndexValue
from resynchro.record.segments import LEVEL_WEIGHT, Level, Wall, level_of, wall_of
from resynchro.record.strain import SegmentCurves, StrainType

FloatArray = NDArray[np.float64]

_SHORT: dict[StrainType, str] = {"longitudinal": "gls", "circumferential": "gcs", "radial": "grs"}
_LEVELS: tuple[Level, ...] = ("basal", "mid", "apical")


def global_curve(curves: SegmentCurves) -> tuple[FloatArray, FloatArray, tuple[Level, ...]]:
    """Return the mean curve of the ventricle.

    Parameters
    ----------
    curves
        At least one segment.

    Returns
    -------
    FloatArray, FloatArray, tuple
        Curve, shape (T,) [%]; weight of each segment, shape (n,), sum 1; levels that entered. Each level is the mean of
        its segments (the apex counts to the apical level) and the levels weigh 6, 6 and 5; weights of missing levels
        are spread over the others.
    """
    levels: list[Level] = [
        "apical" if level_of(segment, curves.model) in ("apical", "apex") else level_of(segment, curves.model)
        for segment in curves.segments
    ]
    weights = np.array([LEVEL_WEIGHT[level] / levels.count(level) for level in levels])
    weights /= weights.sum()
    return weights @ curves.strain_pct, weights, tuple(level for level in _LEVELS if level in levels)


def global_strain_indices(curves: SegmentCurves) -> tuple[IndexValue, ...]:
    """Return global strain (peak systolic and peak of the beat) and the peak systolic strain of each wall.

    Parameters
    ----------
    curves
        Strain of one type. Peak systolic values need AVC.

    Returns
    -------
    tuple of IndexValue
        ``gls_``, ``gcs_`` or ``grs_`` + ``peak_systolic_pct`` and ``peak_pct``; then ``<wall>_peak_systolic_pct`` of
        the four walls. Signed: shortening negative, thickening positive. Curves are not filtered: averaging over
        segments takes the noise down. `per_segment` holds the extreme of each segment's own curve in the same window.
    """
    curve, weights, levels = global_curve(curves)
    lost = [level for level in _LEVELS if level not in levels]
    notes = (f"Levels without a segment: {', '.join(lost)}.",) if lost else ()
    short = _SHORT[curves.strain_type]
    how = "level weights 6/17, 6/17, 5/17"
    found = [
        _peak(
            curves, f"{short}_peak_systolic_pct", f"{short.upper()}, peak systolic", curve, weights, how, notes, True
        ),
        _peak(curves, f"{short}_peak_pct", f"{short.upper()}, peak", curve, weights, how, notes, False),
    ]
    for wall in get_args(Wall):
        rows = [row for row, segment in enumerate(curves.segments) if wall_of(segment, curves.model) == wall]
        key, name = f"{wall}_peak_systolic_pct", f"{wall} wall, peak systolic strain"
        if not rows:
            found.append(IndexValue(key=key, name=name, unit="%", absent=f"no segment of the {wall} wall is there"))
            continue
        share = np.zeros(len(curves.segments))
        share[rows] = 1.0 / len(rows)
        found.append(
            _peak(curves, key, name, share @ curves.strain_pct, share, "mean of the wall's segments", (), True)
        )
    return tuple(found)


def _peak(
    curves: SegmentCurves,
    key: str,
    name: str,
    curve: FloatArray,
    weights: FloatArray,
    how: str,
    notes: tuple[str, ...],
    systolic: bool,
) -> IndexValue:
    avc_s = curves.events.avc_s
    if systolic and avc_s is None:
        return IndexValue(key=key, name=name, unit="%", absent="needs AVC")
    inside = curves.time_s <= avc_s + 1e-9 if systolic and avc_s is not None else np.full(len(curve), True)
    end_s = float(curves.time_s[inside][-1])
    value = float(curve[inside].max() if curves.strain_type == "radial" else curve[inside].min())
    rows = [row for row, weight in enumerate(weights) if weight > 0.0]
    segments = tuple(curves.segments[row] for row in rows)
    each = curves.strain_pct[:, inside]
    extremes = each.max(axis=1) if curves.strain_type == "radial" else each.min(axis=1)
    error, note = _standard_error(curves, weights)
    return IndexValue(
        key=key,
        name=name,
        unit="%",
        value=value,
        window=("QRS onset to AVC" if systolic else "whole beat") + f" (0 to {1000 * end_s:.0f} ms)",
        variant=f"{curves.strain_type}, extreme of the mean curve, {how}, unfiltered",
        n_segments=len(segments),
        segments=segments,
        noise_floor=error,
        noise_note=note,
        per_segment=tuple((curves.segments[row], float(extremes[row])) for row in rows),
        published=published_of_type(curves, key),
        notes=notes,
    )


def _standard_error(curves: SegmentCurves, weights: FloatArray) -> tuple[float | None, str]:
    """Return the standard error of one frame of the mean curve against its first frame, closed form."""
    if curves.noise_pct is None:
        return None, NOISE_UNKNOWN
    error = float(np.sqrt(2.0 * np.sum((weights * curves.noise_pct) ** 2)))
    return error, f"standard error of one frame against the first, sqrt(2 sum w^2 sigma^2): {error:.2g} %"
