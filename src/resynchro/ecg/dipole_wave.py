"""Heart vectors of the synthetic ECG: which way the heart's dipole points while the ventricles activate.

Vectors are (X left, Y inferior, Z posterior positive) in millivolt at the Frank scale. Every vector loop is a
sum of bumps with compact support, so that the QRS begins and ends exactly where it is said to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from resynchro.record.ecg import FloatArray

SyntheticKind = Literal["normal", "lbbb", "rbbb", "ivcd", "rv-paced", "lv-paced", "biventricular-paced", "ectopic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bump:
    """One smooth deflection of the heart vector between two instants, exactly zero outside them.

    Attributes
    ----------
    start, peak, end
        Fractions of the QRS duration (or of the P or T wave).
    vector_mv
        Heart vector (X, Y, Z) at the peak [mV].
    sharpness
        Sum of the two exponents of u^a (1 - u)^b. Both exponents stay above 1, so the slope is continuous at
        the ends; a larger sum makes a narrower bump.
    """

    start: float
    peak: float
    end: float
    vector_mv: tuple[float, float, float]
    sharpness: float = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartVector:
    """The loops of one kind of beat.

    Attributes
    ----------
    qrs
        Bumps of the QRS, in fractions of the QRS duration.
    st_t
        Bumps of ST and T, in fractions of the time from QRS end to T end.
    near_field_mv
        Peak of the non-dipolar part of V1 to V6 inside the QRS [mV].
    usual_qrs_ms
        QRS duration for which the amplitudes were drawn [ms].
    """

    qrs: tuple[Bump, ...]
    st_t: tuple[Bump, ...]
    near_field_mv: tuple[float, float, float, float, float, float]
    usual_qrs_ms: float


def bump(time_ms: FloatArray, start_ms: float, peak_ms: float, end_ms: float, sharpness: float) -> FloatArray:
    """Return a smooth bump of height 1 that is exactly zero outside its limits.

    Parameters
    ----------
    time_ms
        Shape (n,) [ms].
    start_ms, peak_ms, end_ms
        Limits and summit [ms], in rising order.
    sharpness
        Sum of the two exponents; each is kept at 1.25 or more: the slope is continuous at the limits.

    Returns
    -------
    ndarray
        Shape (n,), values in [0, 1].
    """
    u = np.clip((time_ms - start_ms) / (end_ms - start_ms), 0.0, 1.0)
    summit = (peak_ms - start_ms) / (end_ms - start_ms)
    total = max(sharpness, 1.25 / min(summit, 1.0 - summit))
    rise, fall = total * summit, total * (1.0 - summit)
    height: FloatArray = (u / summit) ** rise * ((1.0 - u) / (1.0 - summit)) ** fall
    return height


def loop(time_ms: FloatArray, bumps: tuple[Bump, ...], duration_ms: float) -> FloatArray:
    """Return the heart vector of a sum of bumps that spans a duration.

    Parameters
    ----------
    time_ms
        Shape (n,), from the onset of the wave [ms].
    bumps
        In fractions of the duration.
    duration_ms
        Length of the wave [ms].

    Returns
    -------
    ndarray
        Shape (3, n), X left, Y inferior, Z posterior [mV]; zero before 0 and after the duration.
    """
    vector = np.zeros((3, time_ms.size))
    for b in bumps:
        shape = bump(time_ms, b.start * duration_ms, b.peak * duration_ms, b.end * duration_ms, b.sharpness)
        vector += np.asarray(b.vector_mv)[:, np.newaxis] * shape
    return vector


#: P wave: the right atrium points forward and down, then the left atrium left and back (biphasic in V1).
P_WAVE: tuple[Bump, ...] = (
    Bump(start=0.0, peak=0.35, end=0.75, vector_mv=(0.04, 0.11, -0.06)),
    Bump(start=0.25, peak=0.62, end=1.0, vector_mv=(0.09, 0.07, 0.06)),
)

#: Loops by kind. Directions follow the textbook sequence of each kind (septum, free walls, base); amplitudes
#: were drawn so that a representative patient results. They are nobody's data.
HEART_VECTORS: dict[SyntheticKind, HeartVector] = {
    "normal": HeartVector(
        qrs=(
            Bump(start=0.0, peak=0.20, end=0.50, vector_mv=(-0.24, -0.06, -0.34)),
            Bump(start=0.08, peak=0.45, end=0.85, vector_mv=(1.15, 0.85, 0.12), sharpness=8.0),
            Bump(start=0.40, peak=0.68, end=1.0, vector_mv=(-0.12, -0.12, 0.62), sharpness=3.2),
        ),
        st_t=(Bump(start=0.0, peak=0.62, end=1.0, vector_mv=(0.32, 0.22, -0.20), sharpness=11.0),),
        near_field_mv=(0.03, 0.08, 0.20, 0.10, -0.05, 0.0),
        usual_qrs_ms=90.0,
    ),
    "lbbb": HeartVector(
        qrs=(
            Bump(start=0.0, peak=0.10, end=0.30, vector_mv=(0.26, 0.10, -0.28)),
            Bump(start=0.0, peak=0.33, end=0.62, vector_mv=(0.95, 0.28, 0.66), sharpness=6.0),
            Bump(start=0.20, peak=0.52, end=0.85, vector_mv=(0.18, 0.0, 0.52)),
            Bump(start=0.40, peak=0.72, end=1.0, vector_mv=(1.00, -0.06, 0.54), sharpness=3.8),
        ),
        st_t=(
            Bump(start=0.0, peak=0.35, end=0.9, vector_mv=(-0.07, -0.02, -0.12), sharpness=6.0),
            Bump(start=0.0, peak=0.62, end=1.0, vector_mv=(-0.34, 0.02, -0.40), sharpness=9.0),
        ),
        near_field_mv=(-0.05, -0.30, -0.75, -0.40, -0.08, 0.05),
        usual_qrs_ms=160.0,
    ),
    "rbbb": HeartVector(
        qrs=(
            Bump(start=0.0, peak=0.12, end=0.30, vector_mv=(-0.20, -0.05, -0.36)),
            Bump(start=0.05, peak=0.29, end=0.56, vector_mv=(1.10, 0.66, 0.42), sharpness=6.0),
            Bump(start=0.38, peak=0.66, end=1.0, vector_mv=(-0.40, -0.12, -0.62), sharpness=3.4),
        ),
        st_t=(Bump(start=0.0, peak=0.60, end=1.0, vector_mv=(0.30, 0.16, 0.12), sharpness=10.0),),
        near_field_mv=(0.05, 0.05, 0.15, 0.10, 0.0, 0.0),
        usual_qrs_ms=145.0,
    ),
    "ivcd": HeartVector(
        qrs=(
            Bump(start=0.0, peak=0.15, end=0.40, vector_mv=(-0.16, -0.08, -0.32)),
            Bump(start=0.06, peak=0.36, end=0.70, vector_mv=(0.85, 0.60, 0.0), sharpness=7.0),
            Bump(start=0.10, peak=0.52, end=0.95, vector_mv=(0.10, -0.10, 0.72)),
            Bump(start=0.35, peak=0.60, end=0.85, vector_mv=(0.26, -0.26, 0.0), sharpness=6.0),
            Bump(start=0.50, peak=0.78, end=1.0, vector_mv=(-0.30, -0.12, 0.10), sharpness=3.0),
        ),
        st_t=(Bump(start=0.0, peak=0.60, end=1.0, vector_mv=(0.05, 0.14, -0.18), sharpness=9.0),),
        near_field_mv=(-0.03, -0.08, 0.10, -0.10, -0.08, 0.0),
        usual_qrs_ms=130.0,
    ),
    # Right ventricular apex: spreads up, left and back from the apex; QS in V1 and the inferior leads.
    "rv-paced": HeartVector(
        qrs=(
            Bump(start=0.0, peak=0.16, end=0.45, vector_mv=(0.22, -0.20, 0.10)),
            Bump(start=0.05, peak=0.45, end=0.85, vector_mv=(0.55, -0.85, 0.68)),
            Bump(start=0.35, peak=0.68, end=1.0, vector_mv=(0.42, -0.42, 0.55), sharpness=3.4),
        ),
        st_t=(
            Bump(start=0.0, peak=0.35, end=0.9, vector_mv=(-0.05, 0.08, -0.08), sharpness=6.0),
            Bump(start=0.0, peak=0.60, end=1.0, vector_mv=(-0.24, 0.42, -0.36), sharpness=9.0),
        ),
        near_field_mv=(0.0, -0.10, -0.25, -0.45, -0.40, -0.15),
        usual_qrs_ms=170.0,
    ),
    # Left ventricular lateral wall: spreads right and forward; dominant R in V1, QS in I and aVL.
    "lv-paced": HeartVector(
        qrs=(
            Bump(start=0.0, peak=0.20, end=0.50, vector_mv=(-0.25, 0.06, -0.22)),
            Bump(start=0.05, peak=0.46, end=0.88, vector_mv=(-0.85, 0.25, -0.66)),
            Bump(start=0.40, peak=0.72, end=1.0, vector_mv=(-0.35, 0.20, -0.42), sharpness=3.4),
        ),
        st_t=(
            Bump(start=0.0, peak=0.35, end=0.9, vector_mv=(0.08, -0.02, 0.06), sharpness=6.0),
            Bump(start=0.0, peak=0.60, end=1.0, vector_mv=(0.38, -0.08, 0.28), sharpness=9.0),
        ),
        near_field_mv=(0.10, 0.15, 0.10, 0.0, -0.10, -0.10),
        usual_qrs_ms=185.0,
    ),
    # Both: right superior axis, R in V1, q or QS in I, narrower than either alone.
    "biventricular-paced": HeartVector(
        qrs=(
            Bump(start=0.0, peak=0.20, end=0.48, vector_mv=(-0.28, -0.22, -0.14)),
            Bump(start=0.05, peak=0.42, end=0.80, vector_mv=(-0.42, -0.66, -0.40), sharpness=5.0),
            Bump(start=0.45, peak=0.74, end=1.0, vector_mv=(0.20, -0.20, 0.02), sharpness=3.4),
        ),
        st_t=(Bump(start=0.0, peak=0.60, end=1.0, vector_mv=(0.16, 0.26, 0.02), sharpness=9.0),),
        near_field_mv=(0.06, 0.05, -0.05, -0.15, -0.15, -0.05),
        usual_qrs_ms=135.0,
    ),
    # A premature beat from the left ventricular outflow: wide, tall, inferior axis.
    "ectopic": HeartVector(
        qrs=(
            Bump(start=0.0, peak=0.42, end=0.80, vector_mv=(-0.45, 1.30, -0.55)),
            Bump(start=0.35, peak=0.68, end=1.0, vector_mv=(-0.20, 0.75, 0.15), sharpness=3.4),
        ),
        st_t=(Bump(start=0.0, peak=0.58, end=1.0, vector_mv=(0.20, -0.55, 0.20), sharpness=9.0),),
        near_field_mv=(0.0, 0.10, 0.10, 0.10, 0.0, 0.0),
        usual_qrs_ms=150.0,
    ),
}
