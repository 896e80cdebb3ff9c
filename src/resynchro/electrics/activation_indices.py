"""Derived numbers of an activation: how long, how dispersed, which segment when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.electrics.activation_weights import (
    PATCHES,
    ActivationWeights,
    patch_moments,
    time_of_share,
    weighted_means,
)
from resynchro.errors import InputError
from resynchro.heart.heart import LV_FREE_WALL, RV_FREE_WALL, SCAR_CORE, SEPTUM, Heart
from resynchro.heart.mesh import FloatArray

#: A segment of which more than this share is never activated has no activation time.
LARGEST_UNREACHED_SHARE = 0.5
#: Bins of equal volume per wall for the mechanics: free wall of the LV, septum, free wall of the RV.
QUANTILE_BINS = {LV_FREE_WALL: 8, SEPTUM: 4, RV_FREE_WALL: 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentActivation:
    """When each segment is activated.

    Attributes
    ----------
    mean_ms
        Volume-weighted mean, shape (18,): the RV free wall first, then segments 1 to 17 [ms]; NaN where more than half
        of the segment is never activated or the segment holds no muscle.
    earliest_ms, latest_ms
        Shape (18,) [ms].
    spread_ms
        Volume-weighted standard deviation within the segment, shape (18,) [ms].
    reached_pct
        Share of the segment's volume that is activated, shape (18,) [%].
    """

    mean_ms: FloatArray
    earliest_ms: FloatArray
    latest_ms: FloatArray
    spread_ms: FloatArray
    reached_pct: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationIndices:
    """Numbers that sum up one activation. The left ventricle includes the septum; the right is its free wall.

    Attributes
    ----------
    first_ms, last_ms
        First and last activation of all muscle, on the time axis of the beat [ms].
    total_ms
        Total activation time: last minus first [ms].
    lv_ms, rv_ms
        Last minus first activation of either ventricle [ms].
    lv95_ms
        From the first activation of either ventricle until 95 % of the volume of the LV is activated [ms].
    lv_dispersion_ms
        Volume-weighted standard deviation of LV activation times [ms].
    vv_ms
        Mean activation of the LV minus that of the RV, over volume [ms]; positive: LV later.
    epicardial_vv_ms
        The same over the epicardia: ventricular electrical uncoupling (Ploux S et al. J Am Coll Cardiol
        2013;61:2435-2443, doi:10.1016/j.jacc.2013.01.093) [ms].
    septum_mean_ms, lv_free_wall_mean_ms
        Volume-weighted means after the first activation [ms].
    """

    first_ms: float
    last_ms: float
    total_ms: float
    lv_ms: float
    rv_ms: float
    lv95_ms: float
    lv_dispersion_ms: float
    vv_ms: float
    epicardial_vv_ms: float
    septum_mean_ms: float
    lv_free_wall_mean_ms: float


def segment_activation(times_ms: FloatArray, weights: ActivationWeights) -> tuple[SegmentActivation, FloatArray]:
    """Compute when each segment is activated, and the sums of its moments (for `activation_indices`).

    Parameters
    ----------
    times_ms
        Of each node, shape (n,) [ms]; inf where never.
    weights
        Of the same heart.
    """
    sums = np.empty((PATCHES, 5))
    patch_moments(times_ms, weights.tetrahedra, weights.patch, weights.volumes_mm3, sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, second = sums[:, 1] / sums[:, 0], sums[:, 2] / sums[:, 0]
        spread = np.sqrt(np.maximum(second - mean * mean, 0.0))
        reached = np.where(weights.patch_volumes_mm3 > 0.0, sums[:, 0] / weights.patch_volumes_mm3, 0.0)
    known = reached > LARGEST_UNREACHED_SHARE
    return (
        SegmentActivation(
            mean_ms=np.where(known, mean, np.nan),
            earliest_ms=np.where(known, sums[:, 3], np.nan),
            latest_ms=np.where(known, sums[:, 4], np.nan),
            spread_ms=np.where(known, spread, np.nan),
            reached_pct=100.0 * reached,
        ),
        sums,
    )


def activation_indices(times_ms: FloatArray, weights: ActivationWeights, sums: FloatArray) -> ActivationIndices:
    """Compute the derived numbers of an activation.

    Parameters
    ----------
    times_ms
        Of each node, shape (n,) [ms]; inf where never.
    weights
        Of the same heart.
    sums
        From `segment_activation`.

    Raises
    ------
    InputError
        When one of the ventricles is never activated.
    """
    lv, rv = sums[1:], sums[:1]
    volume = float(lv[:, 0].sum())
    if volume <= 0.0 or rv[0, 0] <= 0.0:
        raise InputError("a whole ventricle is never activated: give a source in conducting muscle, or check the scar")
    first, last = float(sums[:, 3].min()), float(sums[:, 4].max())
    lv_first, lv_last = float(lv[:, 3].min()), float(lv[:, 4].max())
    lv_mean = float(lv[:, 1].sum()) / volume
    variance = float(lv[:, 2].sum()) / volume - lv_mean**2
    means = np.empty(4)
    weighted_means(times_ms, weights.parts, means)
    return ActivationIndices(
        first_ms=first,
        last_ms=last,
        total_ms=last - first,
        lv_ms=lv_last - lv_first,
        rv_ms=float(rv[0, 4] - rv[0, 3]),
        lv95_ms=float(time_of_share(times_ms, weights.lv_mm3, 0.95, lv_first, lv_last)) - first,
        lv_dispersion_ms=float(np.sqrt(max(variance, 0.0))),
        vv_ms=lv_mean - float(rv[0, 1] / rv[0, 0]),
        epicardial_vv_ms=float(means[0] - means[1]),
        septum_mean_ms=float(means[2]) - first,
        lv_free_wall_mean_ms=float(means[3]) - first,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileBins:
    """Activation of a heart as a few patches of equal volume per wall, for the mechanics.

    Attributes
    ----------
    wall
        LV_FREE_WALL, SEPTUM or RV_FREE_WALL of each bin, shape (k,).
    mean_ms
        Mean activation of each bin, rising within a wall, shape (k,) [ms]; inf for a bin that is never activated.
    share
        Volume of each bin over that of its wall, shape (k,); the shares of a wall add up to 1.
    passive
        True for scar, which is never activated and forms a bin of its own, shape (k,).
    """

    wall: NDArray[np.int8]
    mean_ms: FloatArray
    share: FloatArray
    passive: NDArray[np.bool_]


def quantile_bins(heart: Heart, times_ms: FloatArray, *, bins: dict[int, int] | None = None) -> QuantileBins:
    """Sort each wall by activation and cut it into bins of equal volume.

    Parameters
    ----------
    heart
        Geometry and tissue.
    times_ms
        Of each node, shape (n,) [ms]; inf where never.
    bins
        Number of bins per wall; None takes 8 for the LV free wall, 4 each for septum and RV.

    Returns
    -------
    QuantileBins
        Elements that are never activated (scar core) form one more bin of their wall. An element that straddles a cut
        is shared between both bins.
    """
    counts = QUANTILE_BINS if bins is None else bins
    element_ms = times_ms[heart.mesh.tetrahedra].mean(axis=1)
    dead = (heart.tissue == SCAR_CORE) | ~np.isfinite(element_ms)
    volumes = heart.mesh.volumes_mm3
    walls, means, shares, passive = [], [], [], []
    for wall, count in counts.items():
        whole = float(volumes[heart.wall == wall].sum())
        alive = np.flatnonzero((heart.wall == wall) & ~dead)
        order = alive[np.argsort(element_ms[alive], kind="stable")]
        volume = np.concatenate([[0.0], np.cumsum(volumes[order])])
        moment = np.concatenate([[0.0], np.cumsum(volumes[order] * element_ms[order])])
        if order.size:
            cuts = np.linspace(0.0, volume[-1], count + 1)
            walls += [wall] * count
            means += list(np.diff(np.interp(cuts, volume, moment)) / np.diff(cuts))
            shares += [volume[-1] / whole / count] * count
            passive += [False] * count
        if volume[-1] < whole * (1.0 - 1e-9):
            walls.append(wall)
            means.append(np.inf)
            shares.append(1.0 - volume[-1] / whole)
            passive.append(True)
    return QuantileBins(
        wall=np.array(walls, dtype=np.int8),
        mean_ms=np.array(means),
        share=np.array(shares),
        passive=np.array(passive, dtype=np.bool_),
    )
