"""Systolic dyssynchrony index from regional volume curves (3D echo, CMR): not the index of strain delay."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.published_values import published_values
from resynchro.imaging.strain.time_to_peak import PEAK_HARMONICS, times_to_peak
from resynchro.record.index_value import IndexValue

FloatArray = NDArray[np.float64]

_KEY, _NAME = "sdi_volume_pct", "Systolic dyssynchrony index (volumes)"
_VARIANT = f"100 SD(time to minimum regional volume)/RR, sample SD, low-pass {PEAK_HARMONICS} harmonics"
#: A regional volume that changes by less than this share has no time of its minimum.
_LEAST_CHANGE = 0.03
_LEAST_SEGMENTS = 12


def sdi_volume(volume_ml: FloatArray, rr_s: float, segments: Sequence[int]) -> IndexValue:
    """Compute the systolic dyssynchrony index of regional volumes.

    Parameters
    ----------
    volume_ml
        Shape (n, T): regional volumes over one whole beat, equally spaced [ml].
    rr_s
        Length of the beat [s].
    segments
        Segment of each row; 16 as published.

    Returns
    -------
    IndexValue
        ``sdi_volume_pct`` [% RR]. Regions whose volume changes by less than 3 % do not count.

    Raises
    ------
    MeasurementError
        When rows and segments do not match, or a volume is not positive.

    Notes
    -----
    One published open tool pads the list of times with as many zeros and so reports ``sqrt(m^2/4 + s^2/2)`` for a true
    mean m and SD s; its numbers cannot be compared with these.
    """
    volumes = np.asarray(volume_ml, dtype=np.float64)
    if volumes.ndim != 2 or len(volumes) != len(segments):
        raise MeasurementError(f"{len(segments)} segments need as many rows of volumes, got shape {volumes.shape}")
    if not np.all(np.isfinite(volumes)) or np.any(volumes <= 0.0):
        raise MeasurementError("regional volumes must be positive numbers in ml")
    moving = np.ptp(volumes, axis=-1) >= _LEAST_CHANGE * volumes.max(axis=-1)
    kept = tuple(segment for segment, moves in zip(segments, moving, strict=True) if moves)
    if len(kept) < _LEAST_SEGMENTS:
        return absent_sdi_volume(f"{len(kept)} of at least {_LEAST_SEGMENTS} regional volumes change")
    time_s, _ = times_to_peak(volumes[moving], rr_s)
    share_pct = 100.0 * time_s / rr_s
    return IndexValue(
        key=_KEY,
        name=_NAME,
        unit="% RR",
        value=float(share_pct.std(ddof=1)),
        window=f"QRS onset to the next QRS (0 to {1000 * rr_s:.0f} ms)",
        variant=_VARIANT,
        n_segments=len(kept),
        segments=kept,
        noise_note="the noise of regional volumes is not known here",
        per_segment=tuple(zip(kept, map(float, share_pct), strict=True)),
        published=published_values(_KEY),
    )


def absent_sdi_volume(reason: str) -> IndexValue:
    """Return the index without a value, and why."""
    return IndexValue(
        key=_KEY, name=_NAME, unit="% RR", absent=reason, variant=_VARIANT, published=published_values(_KEY)
    )
