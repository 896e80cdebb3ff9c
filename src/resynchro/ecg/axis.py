"""The QRS axis in the frontal plane."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from resynchro.ecg.qrs_area import integral_uvs, zero_level_mv
from resynchro.ecg.representative import QrsLimits, RepresentativeBeat
from resynchro.record.ecg import LEADS

AxisClass = Literal[
    "normal",
    "moderate left axis deviation",
    "marked left axis deviation",
    "moderate right axis deviation",
    "marked right axis deviation",
    "extreme axis deviation",
]

#: Below this length of the frontal vector the direction is that of noise: a baseline error of 10 µV over a
#: QRS of 100 ms is 1 µVs.
MIN_FRONTAL_AREA_UVS = 1.0
#: The same for net amplitudes: twice the smallest deflection that counts as a wave (20 µV) [mV].
MIN_FRONTAL_AMPLITUDE_MV = 0.04

#: aVF is recorded at 2/√3 of the strength of lead I (augmented against bipolar lead).
_AVF_SCALE = 2.0 / math.sqrt(3.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontalAxis:
    """QRS axis in the frontal plane.

    Attributes
    ----------
    axis_deg
        0 to the left, positive to the feet, in (-180, 180] [degrees]; None when indeterminate.
    axis_class
        Class by AHA/ACCF/HRS 2009; None when indeterminate.
    reason
        Why it is indeterminate, else None.
    method
        ``net-area`` or ``net-amplitude``.
    net_i, net_avf
        Net QRS of leads I and aVF: areas [µVs] or amplitudes [mV] by `method`.
    """

    axis_deg: float | None
    axis_class: AxisClass | None
    reason: str | None
    method: Literal["net-area", "net-amplitude"]
    net_i: float
    net_avf: float


def frontal_axis_from_areas(
    beat: RepresentativeBeat,
    limits: QrsLimits,
    *,
    min_area_uvs: float = MIN_FRONTAL_AREA_UVS,
    zero_until_ms: float | None = None,
) -> FrontalAxis:
    """Measure the frontal QRS axis from the net areas of leads I and aVF (the recommended way).

    Parameters
    ----------
    beat
        Representative beat.
    limits
        Its global QRS limits.
    min_area_uvs
        Frontal vectors shorter than this are indeterminate [µVs].
    zero_until_ms
        End of the piece that gives the zero level: the stimulus of a paced beat [ms].

    Returns
    -------
    The axis with its class, or the reason why there is none.

    Raises
    ------
    MeasurementError
        When the limits leave the beat, or nothing lies before the QRS.

    References
    ----------
    Classes: Surawicz et al. AHA/ACCF/HRS recommendations for the standardization and interpretation of the
    electrocardiogram, part III. J Am Coll Cardiol 2009;53:976-981. doi:10.1016/j.jacc.2008.12.013.
    """
    signal_mv = beat.signal_mv[[LEADS.index("I"), LEADS.index("aVF")]]
    level_mv = zero_level_mv(signal_mv, beat.sampling_rate_hz, limits.onset_ms, until_ms=zero_until_ms)
    net_i, net_avf = integral_uvs(
        signal_mv - level_mv[:, np.newaxis], beat.sampling_rate_hz, limits.onset_ms, limits.end_ms
    )
    return _frontal_axis(float(net_i), float(net_avf), min_area_uvs, "net-area", "µVs")


def frontal_axis_from_amplitudes(
    beat: RepresentativeBeat,
    limits: QrsLimits,
    *,
    min_amplitude_mv: float = MIN_FRONTAL_AMPLITUDE_MV,
    zero_until_ms: float | None = None,
) -> FrontalAxis:
    """Measure the frontal QRS axis from the sum of the largest and the most negative deflection in I and aVF.

    Parameters
    ----------
    beat, limits, zero_until_ms
        As for `frontal_axis_from_areas`.
    min_amplitude_mv
        Frontal vectors shorter than this are indeterminate [mV].

    Returns
    -------
    The axis with its class, or the reason why there is none.

    Raises
    ------
    MeasurementError
        When nothing lies before the QRS.

    Notes
    -----
    Second choice, close to what some electrocardiographs print: a tall narrow peak counts as much as a
    broad wave.
    """
    signal_mv = beat.signal_mv[[LEADS.index("I"), LEADS.index("aVF")]]
    level_mv = zero_level_mv(signal_mv, beat.sampling_rate_hz, limits.onset_ms, until_ms=zero_until_ms)
    qrs_mv = signal_mv[:, beat.sample(limits.onset_ms) : beat.sample(limits.end_ms) + 1]
    qrs_mv = qrs_mv - level_mv[:, np.newaxis]
    net_i, net_avf = np.maximum(qrs_mv.max(axis=1), 0.0) + np.minimum(qrs_mv.min(axis=1), 0.0)
    return _frontal_axis(float(net_i), float(net_avf), min_amplitude_mv, "net-amplitude", "mV")


#: The recommended axis.
frontal_axis = frontal_axis_from_areas


def axis_class(axis_deg: float) -> AxisClass:
    """Name the class of a frontal axis.

    Parameters
    ----------
    axis_deg
        Frontal axis, any turn of the circle [degrees].

    Returns
    -------
    Class by AHA/ACCF/HRS 2009; the quadrant from -90 to -180, which it leaves open, is named extreme.
    """
    axis_deg = wrapped_deg(axis_deg)
    if axis_deg < -90.0:
        return "extreme axis deviation"
    if axis_deg <= -45.0:
        return "marked left axis deviation"
    if axis_deg < -30.0:
        return "moderate left axis deviation"
    if axis_deg <= 90.0:
        return "normal"
    return "moderate right axis deviation" if axis_deg <= 120.0 else "marked right axis deviation"


def axis_difference_deg(from_deg: float, to_deg: float) -> float:
    """Return the shortest turn from one axis to another.

    Parameters
    ----------
    from_deg, to_deg
        Two axes in the same plane [degrees].

    Returns
    -------
    Turn in (-180, 180] [degrees]; positive is clockwise, to the right, in the frontal plane.
    """
    return wrapped_deg(to_deg - from_deg)


def wrapped_deg(angle_deg: float) -> float:
    """Return an angle as its equal in (-180, 180] [degrees]."""
    wrapped = math.remainder(angle_deg, 360.0)
    return 180.0 if wrapped == -180.0 else wrapped


def _frontal_axis(
    net_i: float,
    net_avf: float,
    smallest: float,
    method: Literal["net-area", "net-amplitude"],
    unit: str,
) -> FrontalAxis:
    inferior = _AVF_SCALE * net_avf
    size = math.hypot(net_i, inferior)
    if size < smallest or size == 0.0:
        reason = (
            f"net QRS of leads I and aVF is {net_i:.2f} and {net_avf:.2f} {unit}: a frontal vector below"
            f" {smallest:g} {unit} has no reliable direction"
        )
        return FrontalAxis(axis_deg=None, axis_class=None, reason=reason, method=method, net_i=net_i, net_avf=net_avf)
    axis_deg = wrapped_deg(math.degrees(math.atan2(inferior, net_i)))
    return FrontalAxis(
        axis_deg=axis_deg,
        axis_class=axis_class(axis_deg),
        reason=None,
        method=method,
        net_i=net_i,
        net_avf=net_avf,
    )
