"""Smooth displacement fields on the wall of a slice, and what makes one of them implausible.

Radial and tangential displacement are sums over (1, s, s²) times (1, cos m Theta, sin m Theta), with the depth s -1 at
the endocardium and +1 at the epicardium. Rigid translation and small rotation lie in this space and cost nothing:
a penalty on the coefficients themselves would hold the heart in place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.imaging.motion.polar_frame import PolarFrame, fourier_matrix, fourier_slope

FloatArray = NDArray[np.float64]

HARMONICS, DEGREE = 5, 2
#: Depths and every second angle at which a field is judged.
_DEPTHS = np.linspace(-1.0, 1.0, 5)
_ANGLE_STEP = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PolarBasis:
    """The displacement fields of one slice.

    A field is a vector of coefficients, shape (n,): radial part, then tangential, each by power of s and harmonic.

    Attributes
    ----------
    frame
        The wall at end-diastole.
    harmonics
        Highest harmonic of the angle.
    around
        Values of the harmonics on the frame's angles, shape (angles, 2 harmonics + 1).
    """

    frame: PolarFrame
    harmonics: int
    around: FloatArray

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return 2 * (DEGREE + 1) * int(self.around.shape[1])

    def displacement_mm(self, coefficients: FloatArray, through: FloatArray) -> FloatArray:
        """Return displacements.

        Parameters
        ----------
        coefficients
            Shape (n,) [mm].
        through
            Powers of the depth from `powers`, shape (3, depths, angles).

        Returns
        -------
        ndarray
            (row, column), shape (depths, angles, 2) [mm].
        """
        parts = coefficients.reshape(2, DEGREE + 1, -1) @ self.around.T
        radial, sideways = np.einsum("apj,pij->aij", parts, through)
        return np.asarray(radial[..., None] * self.frame.outward + sideways[..., None] * self.frame.sideways)


def polar_basis(frame: PolarFrame, harmonics: int = HARMONICS) -> PolarBasis:
    """Lay the displacement fields over the wall of a slice."""
    return PolarBasis(frame=frame, harmonics=harmonics, around=fourier_matrix(frame.angles_rad, harmonics))


def powers(depth: FloatArray) -> FloatArray:
    """Return 1, s, s² along a new first axis."""
    return np.stack([depth**power for power in range(DEGREE + 1)])


def smoothness_penalty(basis: PolarBasis, strain_weight: float, area_weight: float) -> FloatArray:
    """Return the matrix P of the cost ``c' P c`` of a field.

    Parameters
    ----------
    strain_weight
        Weight of the mean over the wall of (dEcc/dTheta)², neighbours contract alike.
    area_weight
        Weight of the mean over the wall of (div u - mean div u)², the wall thickens evenly.

    Returns
    -------
    ndarray
        Shape (n, n).

    Notes
    -----
    Ecc is the linearised strain along lines of equal depth, ``((u_r' - u_t) R' + (u_t' + u_r) R)/(R² + R'²)`` with '
    the derivative by angle at equal depth, which is ``(u_r + du_t/dTheta)/R`` in a round wall.
    """
    frame = basis.frame
    slopes = fourier_slope(frame.angles_rad, basis.harmonics)
    order = np.arange(len(frame.display_deg) // 2 + 1)
    strain_rows, area_rows = [], []
    for depth in _DEPTHS:
        radius = frame.radius_mm(np.full_like(frame.endo_mm, depth))
        lean = 0.5 * (frame.endo_slope_mm + frame.epi_slope_mm) + 0.5 * depth * (
            frame.epi_slope_mm - frame.endo_slope_mm
        )
        value = depth ** np.arange(DEGREE + 1)
        steep = np.arange(DEGREE + 1) * depth ** np.maximum(np.arange(DEGREE + 1) - 1, 0)
        here, changing = _products(value, basis.around), _products(value, slopes)
        outwards = _products(steep, basis.around) / frame.half_mm[:, None]
        square = (radius**2 + lean**2)[:, None]
        strain = np.hstack(
            (
                (lean[:, None] * changing + radius[:, None] * here) / square,
                (radius[:, None] * changing - lean[:, None] * here) / square,
            )
        )
        spectrum = np.fft.rfft(strain, axis=0) * (1j * order)[:, None]
        spectrum[-1] = 0.0  # the highest frequency has no derivative on this grid
        strain_rows.append(np.fft.irfft(spectrum, n=len(strain), axis=0)[::_ANGLE_STEP])
        across = (changing - lean[:, None] * outwards) / radius[:, None]
        area_rows.append(np.hstack((outwards + here / radius[:, None], across))[::_ANGLE_STEP])
    strain, area = np.concatenate(strain_rows), np.concatenate(area_rows)
    area = area - area.mean(axis=0)
    return np.asarray(strain_weight * strain.T @ strain / len(strain) + area_weight * area.T @ area / len(area))


def _products(through: FloatArray, around: FloatArray) -> FloatArray:
    """Return every power times every harmonic, shape (angles, powers x harmonics)."""
    return np.asarray((through[None, :, None] * around[:, None, :]).reshape(len(around), -1))
