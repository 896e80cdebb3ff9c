"""The vectorcardiogram computed from the 12-lead electrocardiogram, and its QRS loop.

Axes: X to the left, Y to the feet (inferior), Z to the back (posterior positive). Other packages count Z to
the front: convert at the border.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from resynchro.errors import MeasurementError
from resynchro.record.ecg import INDEPENDENT_ROWS, LEADS, FloatArray

#: Rows X, Y, Z; columns I, II, V1..V6 (`INDEPENDENT_LEADS`). Regression of measured Frank leads on 12 leads.
#: Kors et al. Eur Heart J 1990;11:1083-1092, doi:10.1093/oxfordjournals.eurheartj.a059647.
KORS_1990: FloatArray = np.array(
    [
        [0.38, -0.07, -0.13, 0.05, -0.01, 0.14, 0.06, 0.54],
        [-0.07, 0.93, 0.06, -0.02, -0.05, 0.06, -0.17, 0.13],
        [0.11, -0.23, -0.43, -0.06, -0.14, -0.20, -0.11, 0.31],
    ]
)
#: Same layout. Pseudo-inverse of Dower's lead vectors. Edenbrandt, Pahlm. J Electrocardiol 1988;21:361-367.
INVERSE_DOWER_1988: FloatArray = np.array(
    [
        [0.156, -0.010, -0.172, -0.074, 0.122, 0.231, 0.239, 0.194],
        [-0.227, 0.887, 0.057, -0.019, -0.106, -0.022, 0.041, 0.048],
        [0.022, 0.102, -0.229, -0.310, -0.246, -0.063, 0.055, 0.108],
    ]
)
#: Rows I, II, V1..V6; columns X, Y, Z: Dower's lead vectors, from which `INVERSE_DOWER_1988` was derived.
FORWARD_DOWER: FloatArray = np.array(
    [
        [0.632, -0.235, 0.059],
        [0.235, 1.066, -0.132],
        [-0.515, 0.157, -0.917],
        [0.044, 0.164, -1.387],
        [0.882, 0.098, -1.277],
        [1.213, 0.127, -0.601],
        [1.125, 0.127, -0.086],
        [0.831, 0.076, 0.230],
    ]
)
for _matrix in (KORS_1990, INVERSE_DOWER_1988, FORWARD_DOWER):
    _matrix.setflags(write=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorLoop:
    """The QRS loop of the heart vector, drawn from its zero level.

    Attributes
    ----------
    time_ms
        Shape (n,), within the representative beat [ms].
    xyz_mv
        Shape (3, n): X left, Y inferior, Z posterior [mV], read-only.
    largest_mv
        Magnitude of the largest vector [mV].
    largest_time_ms
        Its time within the representative beat [ms].
    azimuth_deg, elevation_deg
        Its direction, see `direction_deg` [degrees]; None for a loop of zero size.
    """

    time_ms: FloatArray
    xyz_mv: FloatArray
    largest_mv: float
    largest_time_ms: float
    azimuth_deg: float | None
    elevation_deg: float | None

    def __post_init__(self) -> None:
        self.time_ms.setflags(write=False)
        self.xyz_mv.setflags(write=False)


def vectorcardiogram_kors(signal_mv: FloatArray) -> FloatArray:
    """Compute the Frank leads X, Y, Z from twelve leads by the regression of Kors.

    Parameters
    ----------
    signal_mv
        Shape (12, n), rows in `LEADS` order [mV].

    Returns
    -------
    Shape (3, n): X left, Y inferior, Z posterior [mV].

    Raises
    ------
    ValueError
        When the array has not twelve rows.

    Notes
    -----
    The published cut-offs of QRS area hold for this transform or for measured Frank leads, never for Dower's.

    References
    ----------
    Kors et al. Eur Heart J 1990;11:1083-1092. doi:10.1093/oxfordjournals.eurheartj.a059647.
    """
    return _transform(KORS_1990, signal_mv)


def vectorcardiogram_inverse_dower(signal_mv: FloatArray) -> FloatArray:
    """Compute the Frank leads X, Y, Z from twelve leads by the inverse Dower matrix.

    Parameters
    ----------
    signal_mv
        Shape (12, n), rows in `LEADS` order [mV].

    Returns
    -------
    Shape (3, n): X left, Y inferior, Z posterior [mV].

    Raises
    ------
    ValueError
        When the array has not twelve rows.

    Notes
    -----
    Not interchangeable with `vectorcardiogram_kors`: areas of one beat differ by several µVs.

    References
    ----------
    Edenbrandt L, Pahlm O. Vectorcardiogram synthesized from a 12-lead ECG: superiority of the inverse Dower
    matrix. J Electrocardiol 1988;21:361-367.
    """
    return _transform(INVERSE_DOWER_1988, signal_mv)


#: The recommended transform.
vectorcardiogram = vectorcardiogram_kors


def vector_loop(
    vcg_mv: FloatArray, sampling_rate_hz: float, *, onset_ms: float, end_ms: float, zero_mv: FloatArray
) -> VectorLoop:
    """Cut the QRS loop out of the vectorcardiogram of a beat.

    Parameters
    ----------
    vcg_mv
        Shape (3, n) [mV].
    sampling_rate_hz
        Samples per second of `vcg_mv` [Hz].
    onset_ms, end_ms
        QRS limits within the beat [ms], rounded to samples.
    zero_mv
        Shape (3,) [mV]: the origin of the loop, see `resynchro.ecg.qrs_area.zero_level_mv`.

    Returns
    -------
    The loop, both limits included.

    Raises
    ------
    MeasurementError
        When fewer than three samples lie inside the limits.
    """
    first = max(round(onset_ms * sampling_rate_hz / 1000.0), 0)
    last = min(round(end_ms * sampling_rate_hz / 1000.0), vcg_mv.shape[1] - 1)
    if last - first < 2:
        raise MeasurementError(
            f"QRS limits {onset_ms:.0f}-{end_ms:.0f} ms hold fewer than three samples of the beat: no loop."
        )
    xyz_mv = vcg_mv[:, first : last + 1] - zero_mv[:, np.newaxis]
    time_ms = np.arange(first, last + 1) * 1000.0 / sampling_rate_hz
    size_mv = np.linalg.norm(xyz_mv, axis=0)
    largest = int(np.argmax(size_mv))
    azimuth_deg, elevation_deg = direction_deg(*(float(value) for value in xyz_mv[:, largest]))
    return VectorLoop(
        time_ms=time_ms,
        xyz_mv=xyz_mv,
        largest_mv=float(size_mv[largest]),
        largest_time_ms=float(time_ms[largest]),
        azimuth_deg=azimuth_deg,
        elevation_deg=elevation_deg,
    )


def direction_deg(x: float, y: float, z: float) -> tuple[float | None, float | None]:
    """Return azimuth and elevation of a vector.

    Parameters
    ----------
    x, y, z
        Components to the left, to the feet and to the back, in any one unit.

    Returns
    -------
    Azimuth in the horizontal plane, 0 to the left and positive to the back, in (-180, 180], and elevation,
    the angle from the axis to the feet, in [0, 180] [degrees]. Both None for the zero vector; azimuth None
    for a vector along Y.
    """
    size = math.sqrt(x * x + y * y + z * z)
    if size == 0.0:
        return None, None
    azimuth_deg = None if x == 0.0 and z == 0.0 else _wrapped(math.degrees(math.atan2(z, x)))
    return azimuth_deg, math.degrees(math.acos(max(-1.0, min(1.0, y / size))))


def angle_between_deg(first: FloatArray, second: FloatArray) -> float | None:
    """Return the angle between two heart vectors.

    Parameters
    ----------
    first, second
        Shape (3,), components in one unit and frame.

    Returns
    -------
    Angle in [0, 180] [degrees]; None when one of the vectors is zero.
    """
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    if size == 0.0:
        return None
    # atan2 of cross and dot stays exact for nearly parallel vectors, where acos loses half of the digits.
    cross = float(np.linalg.norm(np.cross(first, second)))
    return math.degrees(math.atan2(cross, float(np.dot(first, second))))


def _transform(matrix: FloatArray, signal_mv: FloatArray) -> FloatArray:
    if signal_mv.ndim != 2 or signal_mv.shape[0] != len(LEADS):
        raise ValueError(f"signal_mv must have shape (12, n), got {signal_mv.shape}")
    vcg_mv: FloatArray = matrix @ signal_mv[INDEPENDENT_ROWS, :]
    return vcg_mv


def _wrapped(angle_deg: float) -> float:
    """Return -180 as 180, so that the range is half open."""
    return 180.0 if angle_deg == -180.0 else angle_deg
