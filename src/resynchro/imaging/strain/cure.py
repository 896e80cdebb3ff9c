"""Uniformity ratio estimates: how much of the strain of a ring is common to all its segments (CURE, RURE, LURE).

1 is uniform, 0 discoordinate. Circumferential strain gives CURE, radial RURE, longitudinal LURE. They are blind to
alternation around the ring (except ``all``) and need no valve event unless the window is systole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.published_values import published_values
from resynchro.imaging.strain.synchronous_noise import synchronous_floor
from resynchro.record.index_value import IndexValue
from resynchro.record.segments import level_of, segments_of
from resynchro.record.strain import SegmentCurves, StrainType

FloatArray = NDArray[np.float64]
CureVariant = Literal["power2", "power1", "modulus", "svd", "all"]
CureTime = Literal["pooled", "mean_cycle", "mean_systole"]

VARIANTS: Mapping[CureVariant, str] = {
    "power2": "power2: sqrt(S0/(S0 + 2 S1)), as in the study code of a CMR feature-tracking cohort",
    "power1": "power1: sqrt(S0/(S0 + S1)), as printed in the methods of that cohort",
    "modulus": "modulus: |F0|/(|F0| + |F1|), as in the R package straindys",
    "svd": "svd: modulus form of the first spatial singular vector, as in the R package straindys",
    "all": "all: sqrt(S0/sum of S over every harmonic), ours",
}
TIMES: Mapping[CureTime, str] = {
    "pooled": "sums over time before the ratio, ours",
    "mean_cycle": "mean of the ratio over all frames of the beat, as published",
    "mean_systole": "mean of the ratio over the frames from QRS onset to AVC",
}
_NAME: Mapping[StrainType, str] = {"circumferential": "CURE", "radial": "RURE", "longitudinal": "LURE"}
#: Powers below this share of all power are what rounding leaves, not harmonics 0 and 1.
_ROUNDING = 1e-24


def uniformity_ratio(
    rings: Sequence[FloatArray],
    *,
    variant: CureVariant = "power2",
    over_time: Literal["pooled", "mean"] = "pooled",
    min_power: float = 0.0,
) -> FloatArray:
    """Return the uniformity ratio of rings of equally spaced segments.

    Parameters
    ----------
    rings
        One array per slice, shape (..., n, T): n >= 3 segments in order around the ring [%]. n may
        differ between slices.
    variant
        See `VARIANTS`.
    over_time
        ``pooled``: powers are added over time before the ratio. ``mean``: mean of the ratios of single frames. The
        variant ``svd`` has one spatial vector for all frames and ignores it.
    min_power
        With ``mean``: frames holding less than this share of the largest S0 + 2 S1 are skipped.

    Returns
    -------
    FloatArray
        Shape (...): 0 to 1; not a number where harmonics 0 and 1 are both empty.

    Raises
    ------
    MeasurementError
        Without a ring, or for a ring of fewer than 3 segments.

    Notes
    -----
    F_m = (1/n) sum_j E_j exp(-2 pi i m j/n), S_m = |F_m|^2. Division by n gives rings of 6 and of 4 the same weight.

    Examples
    --------
    >>> lbbb = np.array([[4.0], [4.0], [-12.0], [-12.0], [-12.0], [-12.0]])
    >>> [round(float(uniformity_ratio([lbbb], variant=one)), 3) for one in ("power2", "power1", "modulus", "all")]
    [0.714, 0.822, 0.591, 0.662]
    """
    if not rings:
        raise MeasurementError("a uniformity ratio needs at least one complete ring of segments")
    if min(ring.shape[-2] for ring in rings) < 3:
        raise MeasurementError("a ring needs at least 3 segments for its first harmonic")
    if variant == "svd":
        return _spatial_vector_ratio(rings)
    spectra = [np.abs(np.fft.fft(ring, axis=-2)) / ring.shape[-2] for ring in rings]
    power = 1.0 if variant == "modulus" else 2.0
    zero = _summed(spectrum[..., 0, :] ** power for spectrum in spectra)
    first = _summed(spectrum[..., 1, :] ** power for spectrum in spectra)
    whole = _summed((spectrum**2).sum(axis=-2) for spectrum in spectra)
    other = {"power2": 2.0 * first, "power1": first, "modulus": first, "all": whole - zero}[variant]
    if over_time == "pooled":
        zero, first, other, whole = (item.sum(axis=-1) for item in (zero, first, other, whole))
    seen = whole if variant == "all" else (zero + first) ** (2.0 / power)
    empty = seen <= _ROUNDING * whole if variant != "all" else whole <= 0.0
    empty |= whole <= 0.0
    if variant == "all":
        other = np.maximum(other, 0.0)
    ratio = np.where(empty, np.nan, zero / np.where(empty, 1.0, zero + other))
    ratio = ratio if variant == "modulus" else np.sqrt(ratio)
    if over_time == "pooled":
        return np.asarray(ratio, dtype=np.float64)
    strength = _summed(spectrum[..., 0, :] ** 2 + 2.0 * spectrum[..., 1, :] ** 2 for spectrum in spectra)
    counted = ~empty & (strength >= min_power * strength.max(axis=-1, keepdims=True))
    counts = counted.sum(axis=-1)
    total = np.where(counted, ratio, 0.0).sum(axis=-1)
    return np.asarray(np.where(counts > 0, total / np.maximum(counts, 1), np.nan), dtype=np.float64)


def uniformity_indices(curves: SegmentCurves) -> tuple[IndexValue, ...]:
    """Return every variant of CURE, RURE or LURE, whichever the type of strain gives.

    Parameters
    ----------
    curves
        Every level with all its segments is a ring; the others are left out.

    Returns
    -------
    tuple of IndexValue
        First the default (``power2``, pooled over the beat), then the other variants pooled, then ``power2`` by the two
        means over time. Absent without a complete ring, without AVC (systole), or where the ratio is 0/0.

    References
    ----------
    Bilchick KC, et al. JACC Cardiovasc Imaging 2008 (tagging); dillacs-study and straindys (variants).
    """
    wanted: list[tuple[CureVariant, CureTime]] = [
        ("power2", "pooled"),
        ("power1", "pooled"),
        ("modulus", "pooled"),
        ("svd", "pooled"),
        ("all", "pooled"),
        ("power2", "mean_cycle"),
        ("power2", "mean_systole"),
    ]
    return tuple(uniformity_index(curves, variant=variant, time=time) for variant, time in wanted)


def uniformity_index(
    curves: SegmentCurves,
    *,
    variant: CureVariant = "power2",
    time: CureTime = "pooled",
    min_power: float = 0.0,
) -> IndexValue:
    """Return one variant of the uniformity ratio.

    Parameters
    ----------
    curves
        Strain of whole rings.
    variant, time
        See `VARIANTS` and `TIMES`.
    min_power
        See `uniformity_ratio`; 0 as published.

    Returns
    -------
    IndexValue
        Key ``cure``, ``rure`` or ``lure``, with the variant and the time treatment when they are not the default.
    """
    name = _NAME[curves.strain_type]
    key = name.lower() + ("" if variant == "power2" else f"_{variant}") + ("" if time == "pooled" else f"_{time}")
    rings = complete_rings(curves)
    segments = tuple(segment for ring in rings for segment in ring)
    frames = _frames(curves, time)
    how = VARIANTS[variant] + ("" if variant == "svd" else f"; {TIMES[time]}")
    if not rings:
        return IndexValue(key=key, name=name, unit="", variant=how, absent="needs all segments of at least one ring")
    if frames is None:
        return IndexValue(key=key, name=name, unit="", variant=how, absent="needs AVC")

    def of(strain_pct: FloatArray) -> FloatArray:
        parts = [strain_pct[..., [_row(curves, segment) for segment in ring], :][..., frames] for ring in rings]
        over_time: Literal["pooled", "mean"] = "pooled" if time == "pooled" else "mean"
        return uniformity_ratio(parts, variant=variant, over_time=over_time, min_power=min_power)

    value = float(of(curves.strain_pct))
    absent = "" if np.isfinite(value) else "0/0: the rings hold neither a mean nor a first harmonic"
    floor = synchronous_floor(curves, of, "")
    last_ms = 1000.0 * float(curves.time_s[frames][-1])
    notes = ["Blind to alternation around the ring."] if variant != "all" else []
    notes += ["Blind to pure delay between segments."] if variant == "svd" else []
    notes += ["Diastolic frames vote: noise alone brings it to 0.72 to 0.78."] if time == "mean_cycle" else []
    published = (
        published_values(name.lower()) if (variant, time) in (("power2", "pooled"), ("power2", "mean_cycle")) else ()
    )
    if published:
        notes.append("The published values were measured by tagging in its own variant and do not transfer.")
    return IndexValue(
        key=key,
        name=name,
        unit="",
        value=None if absent else value,
        absent=absent or None,
        window=("QRS onset to AVC" if time == "mean_systole" else "whole beat") + f" (0 to {last_ms:.0f} ms)",
        variant=how,
        n_segments=len(segments),
        segments=segments,
        noise_floor=floor.mean,
        noise_note=floor.note,
        published=published,
        notes=tuple(notes),
    )


def complete_rings(curves: SegmentCurves) -> tuple[tuple[int, ...], ...]:
    """Return the levels of which every segment is there, each in order around the ring."""
    rings = []
    for level in ("basal", "mid", "apical"):
        ring = tuple(segment for segment in segments_of(curves.model) if level_of(segment, curves.model) == level)
        if set(ring) <= set(curves.segments):
            rings.append(ring)
    return tuple(rings)


def _row(curves: SegmentCurves, segment: int) -> int:
    return curves.segments.index(segment)


def _frames(curves: SegmentCurves, time: CureTime) -> slice | None:
    """Return the frames of the window; None when it needs an event that is missing."""
    if time != "mean_systole":
        return slice(None)
    if curves.events.avc_s is None:
        return None
    return slice(0, int(np.searchsorted(curves.time_s, curves.events.avc_s + 1e-9, side="right")))


def _summed(parts: Iterable[FloatArray]) -> FloatArray:
    """Return the sum over slices."""
    return np.asarray(np.sum(list(parts), axis=0), dtype=np.float64)


def _spatial_vector_ratio(rings: Sequence[FloatArray]) -> FloatArray:
    """Return the modulus form of the first spatial singular vector of each ring, weighted by its singular value."""
    zero, first, whole = [], [], []
    for ring in rings:
        vectors, strengths, _ = np.linalg.svd(ring, full_matrices=False)
        weighted = vectors[..., 0] * strengths[..., :1]
        spectrum = np.abs(np.fft.fft(weighted, axis=-1)) / ring.shape[-2]
        zero.append(spectrum[..., 0])
        first.append(spectrum[..., 1])
        whole.append(np.sqrt((spectrum**2).sum(axis=-1)))
    top, bottom, power = np.sum(zero, axis=0), np.sum(zero, axis=0) + np.sum(first, axis=0), np.sum(whole, axis=0)
    empty = bottom <= np.sqrt(_ROUNDING) * power
    empty = empty | (power <= 0.0)
    return np.asarray(np.where(empty, np.nan, top / np.where(empty, 1.0, bottom)), dtype=np.float64)
