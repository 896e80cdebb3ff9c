"""Contours of every frame as a weak guide of the tracker: smoothed over the beat, robust against single bad ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.imaging.motion.beat_basis import beat_basis
from resynchro.imaging.motion.polar_basis import powers
from resynchro.imaging.motion.polar_frame import PolarFrame, fourier_matrix, fourier_slope, resampled

FloatArray = NDArray[np.float64]

#: Harmonics of the beat that a contour may move with: contours drawn frame by frame jump by about a pixel.
BEAT_HARMONICS = 5
_ANGLE_HARMONICS = 6
#: Contours further away than this count little [px].
_SCALE_PX = 2.0
_ROBUST_ROUNDS = 3
#: Frames with both contours that the fit over the beat needs.
LEAST_FRAMES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ContourGuide:
    """Radius of both contours over angle and time.

    Attributes
    ----------
    coefficients
        Harmonics of the radius about the centre of the polar frame, shape (T, 2, 13): endo- and epicardium [mm].
    pixel_mm
        Geometric mean of the pixel spacing [mm].
    weight
        Weight of the term.
    """

    frame: PolarFrame
    coefficients: FloatArray
    pixel_mm: float
    weight: float

    def residuals(self, index: int, edges_mm: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Compare tracked edges with the contours of a frame.

        Parameters
        ----------
        index
            Frame.
        edges_mm
            Tracked endocardium and epicardium, shape (2, angles, 2) as (row, column) [mm].

        Returns
        -------
        tuple of ndarray
            Weight, residual [px] and its derivatives by radial and tangential displacement [px/mm], shape (2, angles).
        """
        radius, angle = self.frame.polar(edges_mm)
        residual, slope = np.empty_like(radius), np.empty_like(radius)
        for edge in range(2):
            course = self.coefficients[index, edge]
            residual[edge] = radius[edge] - fourier_matrix(angle[edge], _ANGLE_HARMONICS) @ course
            slope[edge] = fourier_slope(angle[edge], _ANGLE_HARMONICS) @ course / radius[edge]
        residual /= self.pixel_mm
        turned = angle - self.frame.angles_rad
        radial = (np.cos(turned) + slope * np.sin(turned)) / self.pixel_mm
        sideways = (np.sin(turned) - slope * np.cos(turned)) / self.pixel_mm
        weight = self.weight / residual.size / (1.0 + (residual / _SCALE_PX) ** 2)
        return weight, residual, radial, sideways


def edge_powers(frame: PolarFrame) -> FloatArray:
    """Return the powers of the depth on both edges of the wall, shape (3, 2, angles)."""
    ones = np.ones_like(frame.endo_mm)
    return powers(np.stack((-ones, ones)))


def contour_guide(
    frame: PolarFrame,
    endo_mm: Sequence[FloatArray | None],
    epi_mm: Sequence[FloatArray | None],
    phase: FloatArray,
    *,
    periodic: bool,
    pixel_mm: float,
    weight: float,
) -> ContourGuide | None:
    """Fit the course of both contours over the beat.

    Parameters
    ----------
    endo_mm, epi_mm
        One closed polygon per frame as (row, column) [mm], None where the frame has none.
    phase
        Time of each frame as a share of the beat (of the recording when it is not periodic), shape (T,).
    weight
        Weight of the term in the cost.

    Returns
    -------
    ContourGuide or None
        None when fewer than five frames have both contours: too few to smooth.

    Notes
    -----
    Contours as drawn, with errors of a pixel independent from frame to frame, make strain worse, not better; low-passed
    over the beat they help. Frames far from the common course are weighted down.
    """
    drawn = [i for i, (a, b) in enumerate(zip(endo_mm, epi_mm, strict=True)) if a is not None and b is not None]
    if len(drawn) < LEAST_FRAMES:
        return None
    shapes = np.array([[_shape(frame, contours[i]) for contours in (endo_mm, epi_mm)] for i in drawn])
    harmonics = min(BEAT_HARMONICS, (len(drawn) - 1) // 2 - 1)
    course = beat_basis(phase, harmonics, periodic=periodic)
    flat = shapes.reshape(len(drawn), -1)
    importance = np.ones(len(drawn))
    fitted = np.zeros((course.shape[1], flat.shape[1]))
    for _ in range(_ROBUST_ROUNDS):
        root = np.sqrt(importance)[:, None]
        fitted = np.linalg.lstsq(root * course[drawn], root * flat, rcond=None)[0]
        # Mean square of a Fourier series: the constant counts fully, every other coefficient by half.
        square = (flat - course[drawn] @ fitted).reshape(shapes.shape) ** 2
        away = np.sqrt(square[..., 0].sum(axis=1) + 0.5 * square[..., 1:].sum(axis=(1, 2)))
        importance = 1.0 / (1.0 + (away / (2.0 * max(float(np.median(away)), 1e-6))) ** 2)
    coefficients = (course @ fitted).reshape(len(phase), 2, -1)
    return ContourGuide(frame=frame, coefficients=coefficients, pixel_mm=pixel_mm, weight=weight)


def _shape(frame: PolarFrame, polygon: FloatArray | None) -> FloatArray:
    assert polygon is not None  # by the choice of `drawn`
    radius, angle = frame.polar(resampled(np.asarray(polygon, dtype=float)))
    return np.asarray(np.linalg.lstsq(fourier_matrix(angle, _ANGLE_HARMONICS), radius, rcond=None)[0])
