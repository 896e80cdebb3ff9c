"""Systolic stretch index: pre-stretch of the lateral wall plus rebound stretch of the septum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from resynchro.imaging.published_values import published_values
from resynchro.imaging.strain.smoothed_curves import HARMONICS, SmoothedCurves, least_turn_pct, smoothed
from resynchro.imaging.strain.synchronous_noise import synchronous_floor
from resynchro.record.index_value import IndexValue, PublishedValue
from resynchro.record.segments import Level, level_of, segment_name, segments_of, wall_of
from resynchro.record.strain import SegmentCurves

FloatArray = NDArray[np.float64]


def pre_stretch(shortening_pct: FloatArray, avo_sample: int) -> FloatArray:
    """Return the systolic pre-stretch: the sum of positive increments from the first sample to AVO.

    Parameters
    ----------
    shortening_pct
        Shape (..., M), contraction negative [%].
    avo_sample
        Sample of aortic valve opening, included.

    Returns
    -------
    FloatArray
        Shape (...) [%].

    Examples
    --------
    >>> float(pre_stretch(np.array([0, 1, 0.5, 1, 1, 0, -2.0]), 4))
    1.5
    """
    rises = np.clip(np.diff(shortening_pct[..., : avo_sample + 1], axis=-1), 0.0, None)
    return np.asarray(rises.sum(axis=-1), dtype=np.float64)


def rebound_stretch(
    shortening_pct: FloatArray, avo_sample: int, avc_sample: int, tolerance_pct: FloatArray | float = 0.0
) -> FloatArray:
    """Return the systolic rebound stretch: the sum of positive increments from the first minimum to AVC.

    Parameters
    ----------
    shortening_pct
        Shape (..., M), contraction negative [%].
    avo_sample, avc_sample
        Samples of aortic valve opening and closure; the latter is included.
    tolerance_pct
        Shape (...) or one number: minima shallower than this are passed over [%].

    Returns
    -------
    FloatArray
        Shape (...): 0 where there is no shortening before AVO, or no minimum before AVC [%].

    Examples
    --------
    >>> float(rebound_stretch(np.array([0, -1, -3, -5, -4, -3, -1, -1.5, -3, -4.0]), 4, 9))
    4.0
    """
    curve = shortening_pct[..., : avc_sample + 1]
    before, here, after = curve[..., :-2], curve[..., 1:-1], curve[..., 2:]
    depth = -np.asarray(tolerance_pct, dtype=np.float64)[..., None]
    turns = (here < before) & (here <= after) & (here <= depth)
    first = turns.argmax(axis=-1) + 1
    rises = np.clip(np.diff(curve, axis=-1), 0.0, None)
    rebound = np.where(np.arange(rises.shape[-1]) >= first[..., None], rises, 0.0).sum(axis=-1)
    early = np.any(curve[..., : avo_sample + 1] < 0.0, axis=-1)
    return np.asarray(np.where(turns.any(axis=-1) & early, rebound, 0.0), dtype=np.float64)


def systolic_stretch_index(
    curves: SegmentCurves,
    *,
    levels: Sequence[Level] = ("mid",),
    harmonics: int | None = HARMONICS,
    tolerance_pct: float | None = None,
) -> IndexValue:
    """Return the systolic stretch index, SSI = SPS of the lateral wall + SRS of the septum.

    Parameters
    ----------
    curves
        Strain of any type; radial strain is turned round. AVO and AVC must be known.
    levels
        Whose septal and lateral segments are averaged.
    harmonics
        Low-pass before stretch is added up; None reproduces the raw index, whose noise grows with the frame rate.
    tolerance_pct
        Depth below which a septal minimum is passed over; None takes max(0.5 %, 2 sigma), 0 reproduces the raw
        index [%].

    Returns
    -------
    IndexValue
        Key ``ssi_pct`` (``ssi_raw_pct`` unfiltered). `per_segment` holds the SPS of lateral and the SRS of septal
        segments.

    Notes
    -----
    The sample of AVC is included; the study code of a CMR cohort stops one frame earlier. Cut-offs do not transfer
    between engines or types of strain: regularised tracking shrinks the index by a quarter to a half and more.

    References
    ----------
    Gorcsan J, et al. JACC Cardiovasc Imaging 2019 (442 patients of the Adaptive CRT trial); the definition by segment
    is that of the published study code dillacs-study.
    """
    key, name, unit = ("ssi_pct" if harmonics is not None else "ssi_raw_pct"), "systolic stretch index (SSI)", "%"
    avo_s, avc_s = curves.events.avo_s, curves.events.avc_s
    if avo_s is None or avc_s is None:
        return IndexValue(key=key, name=name, unit=unit, absent=missing_events(curves, ("avo", "avc")))
    septal, lateral = wall_rows(curves, "septal", levels), wall_rows(curves, "lateral", levels)
    if not septal or not lateral:
        reason = f"needs septal and lateral segments at the level {' or '.join(levels)}"
        return IndexValue(key=key, name=name, unit=unit, absent=reason)
    least = least_turn_pct(curves) if tolerance_pct is None else np.full(len(curves.segments), tolerance_pct)

    def stretches(curve: SmoothedCurves) -> tuple[FloatArray, FloatArray]:
        values, avo, avc = curve.shortening_pct, curve.sample(avo_s), curve.sample(avc_s)
        return (
            pre_stretch(values[..., lateral, :], avo),
            rebound_stretch(values[..., septal, :], avo, avc, least[septal]),
        )

    def of(strain_pct: FloatArray) -> FloatArray:
        pre, rebound = stretches(smoothed(curves, harmonics=harmonics, values_pct=strain_pct))
        return np.asarray(pre.mean(axis=-1) + rebound.mean(axis=-1))

    curve = smoothed(curves, harmonics=harmonics)
    pre, rebound = stretches(curve)
    floor = synchronous_floor(curves, of, unit)
    used = tuple(curves.segments[row] for row in (*lateral, *septal))
    notes = [
        f"Pre-stretch of the lateral wall {pre.mean():.2f} % + rebound stretch of the septum {rebound.mean():.2f} %.",
        f"Engine: {curves.engine}. Cut-offs do not transfer between engines.",
        *_missing_segments(curves, levels, used),
    ]
    return IndexValue(
        key=key,
        name=name,
        unit=unit,
        value=float(pre.mean() + rebound.mean()),
        window=f"QRS onset to AVO ({1000 * avo_s:.0f} ms) and first minimum to AVC ({1000 * avc_s:.0f} ms), "
        "both included",
        variant=f"{curves.strain_type}, {'+'.join(levels)} level, {curve.treatment}, "
        f"septal minima from {stated_tolerance(least[septal])}",
        n_segments=len(used),
        segments=used,
        noise_floor=floor.mean,
        noise_note=floor.note,
        per_segment=tuple((segment, float(value)) for segment, value in zip(used, (*pre, *rebound), strict=True)),
        published=published_of_type(curves, "ssi_pct"),
        notes=tuple(notes),
    )


def wall_rows(curves: SegmentCurves, wall: str, levels: Sequence[Level]) -> list[int]:
    """Return the rows of the segments of a wall at some levels, in the order of their numbers."""
    return [
        curves.segments.index(segment)
        for segment in segments_of(curves.model)
        if segment in curves.segments
        and wall_of(segment, curves.model) == wall
        and level_of(segment, curves.model) in levels
    ]


def missing_events(curves: SegmentCurves, needed: Sequence[str]) -> str:
    """Return which of the needed events are unknown, as a reason."""
    at = {
        "avo": curves.events.avo_s,
        "avc": curves.events.avc_s,
        "mvc": curves.events.mvc_s,
        "mvo": curves.events.mvo_s,
    }
    return "needs " + " and ".join(name.upper() for name in needed if at[name] is None)


def published_of_type(curves: SegmentCurves, index: str) -> tuple[PublishedValue, ...]:
    """Return the published values of an index that belong to this type of strain, or to none in particular."""
    return tuple(value for value in published_values(index) if value.strain_type in ("", curves.strain_type))


def stated_tolerance(least_pct: FloatArray) -> str:
    """Return a tolerance per segment in words."""
    low, high = float(np.min(least_pct)), float(np.max(least_pct))
    return f"{low:.2g} %" if high - low < 0.005 else f"{low:.2g} to {high:.2g} %"


def _missing_segments(curves: SegmentCurves, levels: Sequence[Level], used: Sequence[int]) -> list[str]:
    wanted = [
        segment
        for segment in segments_of(curves.model)
        if level_of(segment, curves.model) in levels and wall_of(segment, curves.model) in ("septal", "lateral")
    ]
    lost = [segment_name(segment, curves.model) for segment in wanted if segment not in used]
    return [f"Without {', '.join(lost)}, which the index is defined with."] if lost else []
