"""The nine electrodes of a 12-lead ECG and what the leads make of their potentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.record.ecg import INDEPENDENT_ROWS, LEADS

FloatArray = NDArray[np.float64]

#: The order of every row of electrode potentials or weights. The right leg is the recorder's ground and has no part.
ELECTRODES: tuple[str, ...] = ("RA", "LA", "LL", "V1", "V2", "V3", "V4", "V5", "V6")
RA, LA, LL = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Electrodes:
    """Where the nine electrodes lie.

    Attributes
    ----------
    positions_mm
        Shape (9, 3), body axes (LPS) [mm], rows in `ELECTRODES` order, read-only.
    """

    positions_mm: FloatArray

    def __post_init__(self) -> None:
        positions_mm = np.array(self.positions_mm, dtype=np.float64)
        if positions_mm.shape != (len(ELECTRODES), 3):
            raise InputError(f"electrode positions must have shape (9, 3), got {positions_mm.shape}")
        if not np.isfinite(positions_mm).all():
            raise InputError("electrode positions must be finite numbers [mm]: give all nine or use the template torso")
        positions_mm.setflags(write=False)
        object.__setattr__(self, "positions_mm", positions_mm)

    @classmethod
    def from_mapping(cls, positions_mm: Mapping[str, tuple[float, float, float]]) -> Electrodes:
        """Take the nine positions by name.

        Parameters
        ----------
        positions_mm
            Position of RA, LA, LL, V1 to V6, body axes (LPS) [mm].

        Returns
        -------
        Electrodes

        Raises
        ------
        InputError
            When a name is missing or unknown.
        """
        missing = [name for name in ELECTRODES if name not in positions_mm]
        unknown = [name for name in positions_mm if name not in ELECTRODES]
        if missing or unknown:
            raise InputError(
                f"electrodes must be {', '.join(ELECTRODES)}; missing: {', '.join(missing) or 'none'}, "
                f"unknown: {', '.join(unknown) or 'none'}"
            )
        return cls(positions_mm=np.array([positions_mm[name] for name in ELECTRODES], dtype=np.float64))

    def position_mm(self, name: str) -> FloatArray:
        """Return one position, shape (3,) [mm]."""
        position_mm: FloatArray = self.positions_mm[ELECTRODES.index(name)]
        return position_mm

    def moved(self, offsets_mm: FloatArray) -> Electrodes:
        """Return electrodes shifted by offsets, shape (9, 3) or (3,) for all alike [mm]."""
        return Electrodes(positions_mm=self.positions_mm + np.asarray(offsets_mm, dtype=np.float64))


@lru_cache(maxsize=1)
def lead_matrix() -> FloatArray:
    """Return the matrix that makes the twelve leads from nine electrode potentials.

    Returns
    -------
    ndarray
        Shape (12, 9), rows in the order of `resynchro.record.ecg.LEADS`, read-only. Each row sums to zero: a potential
        that all electrodes share drops out.

    Notes
    -----
    I = LA - RA, II = LL - RA, III = LL - LA; aVR, aVL, aVF against the mean of the other two limbs (Goldberger);
    V1 to V6 against the mean of the three limbs (Wilson).
    """
    matrix = np.zeros((len(LEADS), len(ELECTRODES)))
    matrix[0, [LA, RA]] = 1.0, -1.0
    matrix[1, [LL, RA]] = 1.0, -1.0
    matrix[2, [LL, LA]] = 1.0, -1.0
    for row, limb in ((3, RA), (4, LA), (5, LL)):
        matrix[row, :3] = -0.5
        matrix[row, limb] = 1.0
    matrix[6:, :3] = -1.0 / 3.0
    matrix[6:, 3:] = np.eye(6)
    matrix.setflags(write=False)
    return matrix


def independent_lead_matrix() -> FloatArray:
    """Return the rows I, II, V1 to V6 of `lead_matrix`, shape (8, 9)."""
    return lead_matrix()[list(INDEPENDENT_ROWS)]


@lru_cache(maxsize=1)
def lead_completion() -> FloatArray:
    """Return the matrix that makes twelve leads from I, II, V1 to V6, shape (12, 8), read-only."""
    completion = np.zeros((len(LEADS), len(INDEPENDENT_ROWS)))
    completion[list(INDEPENDENT_ROWS), np.arange(len(INDEPENDENT_ROWS))] = 1.0
    completion[2:6, :2] = [(-1.0, 1.0), (-0.5, -0.5), (1.0, -0.5), (-0.5, 1.0)]
    completion.setflags(write=False)
    return completion
