"""What noise alone makes of an index: repeats of a synchronous ventricle with the noise of the curves at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.strain.smoothed_curves import smoothed
from resynchro.imaging.strain.strain_noise import NOISE_UNKNOWN
from resynchro.record.strain import SegmentCurves

FloatArray = NDArray[np.float64]

DRAWS = 200
SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseFloor:
    """Values of an index on synchronous curves.

    Attributes
    ----------
    mean, upper
        Mean and 95th percentile over the noisy repeats; None when the noise is unknown.
    clean
        The same curve in every segment without noise; None when it cannot be computed.
    note
        Sentence for people.
    """

    mean: float | None
    upper: float | None
    clean: float | None
    note: str


def synchronous_strain(curves: SegmentCurves) -> FloatArray:
    """Return the mean curve of all segments in every segment, shape (n, T), own sign of the strain type [%]."""
    whole = smoothed(curves)
    mean = whole.shortening_pct.mean(axis=-2)
    mean = np.interp(curves.time_s, whole.time_s, mean)
    mean = -mean if curves.strain_type == "radial" else mean
    return np.broadcast_to(mean, curves.strain_pct.shape).copy()


def noisy_repeats(strain_pct: FloatArray, noise_pct: FloatArray, *, draws: int = DRAWS, seed: int = SEED) -> FloatArray:
    """Add white noise to curves many times and set each again to zero in its first frame.

    Parameters
    ----------
    strain_pct
        Shape (n, T) [%].
    noise_pct
        Shape (n,): noise of one frame [%].

    Returns
    -------
    FloatArray
        Shape (draws, n, T) [%]; the same bytes for the same seed.
    """
    generator = np.random.default_rng(seed)
    noisy = strain_pct + noise_pct[:, None] * generator.standard_normal((draws, *strain_pct.shape))
    return np.asarray(noisy - noisy[..., :1], dtype=np.float64)


def synchronous_floor(
    curves: SegmentCurves,
    index_of: Callable[[FloatArray], FloatArray],
    unit: str,
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> NoiseFloor:
    """Measure an index on synchronous curves of this shape, length and noise.

    Parameters
    ----------
    curves
        Whose mean curve, length and noise are taken.
    index_of
        The index as a function of strain, shape (..., n, T) to (...); not a number where it has no value.
    unit
        For the note.

    Returns
    -------
    NoiseFloor
        Mean and 95th percentile over the repeats.

    Notes
    -----
    White noise is assumed. Exports and trackers smooth in time: their true floor is higher.
    """
    if curves.noise_pct is None:
        return NoiseFloor(mean=None, upper=None, clean=None, note=NOISE_UNKNOWN)
    strain = synchronous_strain(curves)
    try:
        clean = float(index_of(strain))
        values = np.asarray(index_of(noisy_repeats(strain, curves.noise_pct, draws=draws, seed=seed)))
    except MeasurementError as error:
        return NoiseFloor(mean=None, upper=None, clean=None, note=f"no floor: {error}")
    values = values[np.isfinite(values)]
    if not len(values):
        return NoiseFloor(mean=None, upper=None, clean=None, note="no floor: the mean curve gives no value")
    mean, upper = float(values.mean()), float(np.percentile(values, 95.0))
    space = f" {unit}" if unit else ""
    without = f"; without noise {clean:.3g}{space}" if np.isfinite(clean) else ""
    return NoiseFloor(
        mean=mean,
        upper=upper,
        clean=clean if np.isfinite(clean) else None,
        note=f"synchronous curves of this mean shape with {float(np.median(curves.noise_pct)):.2g} % white noise: "
        f"mean {mean:.3g}, 95th percentile {upper:.3g}{space} ({draws} repeats){without}",
    )
