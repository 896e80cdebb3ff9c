"""Apical rocking: the apex swings to the septum before ejection and to the lateral wall during it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.strain.septal_flash import MOTION_HARMONICS, judged, smooth_displacement

FloatArray = NDArray[np.float64]

#: The swing to the septum must peak until then. Our definition.
SWING_AFTER_AVO_S = 0.060


@dataclass(frozen=True, slots=True, kw_only=True)
class ApicalRocking:
    """Sideways motion of the apex against the base in an apical view.

    Attributes
    ----------
    rocking_mm
        Swing to the septum plus the swing to the lateral wall that follows [mm].
    septal_mm
        Largest swing to the septum between QRS onset and AVO + 60 ms [mm].
    lateral_mm
        From there to the furthest lateral position before AVC [mm].
    peak_s
        Time of the septal peak [s].
    noise_mm
        Noise of one frame; None when unknown [mm].
    rocking
        True when both swings exceed 1 mm and twice the noise; None when both exceed 1 mm and the noise is unknown.
    swing_mm
        Shape (T,): low-passed position of the apex across the long axis, septum positive, 0 at time 0 [mm].
    """

    rocking_mm: float
    septal_mm: float
    lateral_mm: float
    peak_s: float
    noise_mm: float | None
    rocking: bool | None
    swing_mm: FloatArray


def apical_rocking(
    time_s: FloatArray,
    base_mm: FloatArray,
    apex_mm: FloatArray,
    septal_base_mm: FloatArray,
    *,
    avo_s: float,
    avc_s: float,
    noise_mm: float | None = None,
    harmonics: int | None = MOTION_HARMONICS,
) -> ApicalRocking:
    """Measure the rocking of the apex.

    Parameters
    ----------
    time_s
        Shape (T,), one beat from QRS onset [s].
    base_mm, apex_mm
        Shape (T, 2): midpoint of the base, and the apex as a material point [mm].
    septal_base_mm
        Shape (2,): a point of the septum near the base in the first frame; it tells where the septum is [mm].
    avo_s, avc_s
        Aortic valve opening and closure [s].
    noise_mm
        Noise of one frame of the swing; None estimates it [mm].
    harmonics
        Low-pass before measuring; None for none.

    Returns
    -------
    ApicalRocking

    Raises
    ------
    MeasurementError
        When AVC does not follow AVO + 60 ms within the beat, or base and apex coincide.
    """
    axis = apex_mm[0] - base_mm[0]
    length = float(np.hypot(*axis))
    if length <= 0.0:
        raise MeasurementError("base and apex fall together in the first frame; the contour must be open")
    last_s = avo_s + SWING_AFTER_AVO_S
    if not last_s < avc_s <= float(time_s[-1]) + 1e-9:
        raise MeasurementError(
            f"AVC must follow AVO + 60 ms within the beat, got AVO {1000 * avo_s:.0f} and AVC {1000 * avc_s:.0f} ms"
        )
    across = np.array([-axis[1], axis[0]]) / length
    across *= np.sign((septal_base_mm - base_mm[0]) @ across) or 1.0
    smooth, estimated = smooth_displacement((apex_mm - base_mm - axis) @ across, harmonics)
    noise = estimated if noise_mm is None else noise_mm
    early = np.flatnonzero(time_s <= last_s + 1e-9)
    peak = int(early[np.argmax(smooth[early])])
    septal = float(smooth[peak])
    lateral = septal - float(smooth[peak : int(np.searchsorted(time_s, avc_s + 1e-9, side="right"))].min())
    return ApicalRocking(
        rocking_mm=septal + lateral,
        septal_mm=septal,
        lateral_mm=lateral,
        peak_s=float(time_s[peak]),
        noise_mm=noise,
        rocking=judged(min(septal, lateral), noise),
        swing_mm=smooth,
    )


def apex_knot(knots_mm: FloatArray) -> int:
    """Return the knot of an open contour, shape (T, K, 2), farthest from the base midpoint in the first frame."""
    base = (knots_mm[0, 0] + knots_mm[0, -1]) / 2.0
    return int(np.argmax(np.hypot(*(knots_mm[0] - base).T)))
