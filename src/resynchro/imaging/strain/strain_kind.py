"""The three ways of writing a length as a strain, and how they turn into each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.record.strain import StrainKind

FloatArray = NDArray[np.float64]


def to_lagrangian(strain_pct: FloatArray, kind: StrainKind) -> FloatArray:
    """Turn strain of any kind into Lagrangian strain ``100 (L/L0 - 1)``.

    Parameters
    ----------
    strain_pct
        Any shape [%].
    kind
        ``natural`` is ``100 ln(L/L0)``, ``green-lagrange`` is ``50 ((L/L0)^2 - 1)``.

    Returns
    -------
    FloatArray
        Same shape [%].

    Raises
    ------
    MeasurementError
        For Green-Lagrange strain below -50 %, which no length has.

    Examples
    --------
    >>> [round(float(to_lagrangian(np.array(value), kind)), 6)
    ...  for value, kind in ((-22.314355131420976, "natural"), (-18.0, "green-lagrange"))]
    [-20.0, -20.0]
    """
    strain = np.asarray(strain_pct, dtype=np.float64)
    if kind == "lagrangian":
        return strain
    if kind == "natural":
        return np.asarray(100.0 * np.expm1(strain / 100.0))
    if np.any(strain < -50.0):
        raise MeasurementError("Green-Lagrange strain cannot lie below -50 %; check the kind of strain of the file")
    return np.asarray(100.0 * (np.sqrt(1.0 + strain / 50.0) - 1.0))


def from_lagrangian(strain_pct: FloatArray, kind: StrainKind) -> FloatArray:
    """Turn Lagrangian strain into another kind; the inverse of `to_lagrangian`.

    Parameters
    ----------
    strain_pct
        Any shape, above -100 [%].
    kind
        Kind wanted.

    Returns
    -------
    FloatArray
        Same shape [%].

    Raises
    ------
    MeasurementError
        For strain of -100 % or less.
    """
    strain = np.asarray(strain_pct, dtype=np.float64)
    if np.any(strain <= -100.0):
        raise MeasurementError("Lagrangian strain must lie above -100 %: a length cannot vanish")
    if kind == "lagrangian":
        return strain
    if kind == "natural":
        return np.asarray(100.0 * np.log1p(strain / 100.0))
    return np.asarray(50.0 * ((1.0 + strain / 100.0) ** 2 - 1.0))


def rezeroed(strain_pct: FloatArray, at_zero_pct: FloatArray) -> FloatArray:
    """Refer Lagrangian strain to the length at another moment.

    Parameters
    ----------
    strain_pct
        Shape (..., T) [%].
    at_zero_pct
        Shape (...): strain at the moment that becomes zero [%].

    Returns
    -------
    FloatArray
        Shape (..., T): ``100 ((1 + E)/(1 + E0) - 1)``, the strain that a file with that moment as its start would hold.
    """
    return np.asarray(100.0 * ((1.0 + strain_pct / 100.0) / (1.0 + at_zero_pct[..., None] / 100.0) - 1.0))
