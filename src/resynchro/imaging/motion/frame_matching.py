"""How well a displacement field explains a frame and which way it should change: the image side of the tracker."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.imaging.motion.contour_guidance import ContourGuide, edge_powers
from resynchro.imaging.motion.polar_basis import PolarBasis, powers
from resynchro.imaging.motion.spline_sampling import angular_sums, spline_samples

FloatArray = NDArray[np.float64]

#: Samples reach so far inside the endocardium and outside the epicardium, one per step: the right ventricle and its
#: insertions hold the angle of the ring where the wall has no texture [mm].
INSIDE_MM, OUTSIDE_MM, STEP_MM = 2.0, 12.0, 1.0
#: Residuals beyond so many robust standard deviations count little.
_ROBUST = 2.5
#: Tissue around the samples that a shift may bring into view [mm].
_MARGIN_MM = 25.0
#: At least this share of the samples must lie in the image.
_LEAST_INSIDE = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalEquations:
    """Second-order picture of the cost of one frame around a field.

    Attributes
    ----------
    matrix, gradient
        Shape (n, n) and (n,), data and contours; the penalty is not in them.
    weight
        Robust weight of every sample, for the next step.
    cost
        Mean of the weighted squared residual.
    """

    matrix: FloatArray
    gradient: FloatArray
    weight: FloatArray
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What the tissue looks like: one value per sample.

    Attributes
    ----------
    value, inside, spread
        Shape (depths, angles) twice, 1 inside the image, and the SD of the values.
    """

    value: FloatArray
    inside: FloatArray
    spread: float


class FrameMatcher:
    """The images of one slice, ready to be compared with the end-diastolic one.

    Parameters
    ----------
    frames
        Shape (T, rows, columns), the end-diastolic frame first.
    pixel_mm
        Row and column spacing [mm].
    sigmas_px
        Gaussian smoothing of the levels, coarse first [px].
    guide
        Contours over time, in the order of the frames, or None.
    """

    def __init__(
        self,
        frames: FloatArray,
        pixel_mm: tuple[float, float],
        basis: PolarBasis,
        sigmas_px: tuple[float, ...],
        guide: ContourGuide | None,
    ) -> None:
        frame = basis.frame
        self.basis, self.guide = basis, guide
        steps = round((float(np.mean(2.0 * frame.half_mm)) + INSIDE_MM + OUTSIDE_MM) / STEP_MM)
        inner, outer = frame.endo_mm - INSIDE_MM, frame.epi_mm + OUTSIDE_MM
        radius = inner + np.linspace(0.0, 1.0, steps + 1)[:, None] * (outer - inner)
        self._through = powers((radius - frame.radius_mm(np.zeros_like(inner))) / frame.half_mm)
        self._edge_through = edge_powers(frame)
        self._edge_rest = frame.points_mm(np.stack((frame.endo_mm, frame.epi_mm)))
        self._rest = frame.points_mm(radius)
        self._pixel = np.asarray(pixel_mm, dtype=float)
        self._pairs = (basis.around[:, :, None] * basis.around[:, None, :]).reshape(len(inner), -1)
        self._levels = self._smoothed(frames, sigmas_px)
        self.references = [self._first_reference(level) for level in range(len(sigmas_px))]

    def normal_equations(
        self, level: int, index: int, coefficients: FloatArray, weight: FloatArray | None
    ) -> NormalEquations:
        """Linearise the cost of a frame around a field.

        Parameters
        ----------
        level
            Which smoothing.
        coefficients
            The field, shape (n,) [mm].
        weight
            Robust weights of the step before, or None.
        """
        reference = self.references[level]
        value, by_row, by_column, inside = self._sampled(level, index, coefficients)
        used = inside * reference.inside
        gain, offset = _gain_and_offset(reference.value, value, used if weight is None else weight * used)
        residual = (value - gain * reference.value - offset) / reference.spread
        spread = 1.4826 * float(np.median(np.abs(residual[used > 0.0])))
        robust = used / (1.0 + (residual / (_ROBUST * max(spread, 1e-9))) ** 2)
        frame = self.basis.frame
        radial = (by_row * frame.outward[:, 0] + by_column * frame.outward[:, 1]) / reference.spread
        sideways = (by_row * frame.sideways[:, 0] + by_column * frame.sideways[:, 1]) / reference.spread
        share = robust / used.sum()
        second, first = angular_sums(share, residual, radial, sideways, self._through)
        if self.guide is not None:
            edges = self._edge_rest + self.basis.displacement_mm(coefficients, self._edge_through)
            guiding = angular_sums(*self.guide.residuals(index, edges), self._edge_through)
            second, first = second + guiding[0], first + guiding[1]
        matrix, gradient = self._over_harmonics(second, first)
        return NormalEquations(matrix=matrix, gradient=gradient, weight=robust, cost=float((share * residual**2).sum()))

    def average_reference(self, coefficients: FloatArray, weights: list[FloatArray | None]) -> Reference:
        """Average all frames in the place of the tissue, at the finest level: less noise than one frame.

        Parameters
        ----------
        coefficients
            The fields of all frames, shape (T, n) [mm].
        weights
            Robust weights per frame; they only steer gain and offset.
        """
        old = self.references[-1]
        total, count = np.zeros_like(old.value), np.zeros_like(old.value)
        for index, (field, weight) in enumerate(zip(coefficients, weights, strict=True)):
            value, _, _, inside = self._sampled(-1, index, field)
            used = inside * old.inside
            gain, offset = _gain_and_offset(old.value, value, used if weight is None else weight * used)
            total += used * (value - offset) / gain
            count += used
        seen = count > 0.0
        value = np.where(seen, total / np.where(seen, count, 1.0), old.value)
        return Reference(value=value, inside=old.inside, spread=old.spread)

    def _sampled(
        self, level: int, index: int, coefficients: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return values, derivatives [1/mm] and inside of the samples of a frame, each shape (depths, angles)."""
        place = (self._rest + self.basis.displacement_mm(coefficients, self._through)) / self._pixel - self._corner
        shape = place.shape[:-1]
        value, by_row, by_column, inside = spline_samples(
            self._levels[level][index], place[..., 0].ravel(), place[..., 1].ravel()
        )
        return (
            value.reshape(shape),
            by_row.reshape(shape) / self._pixel[0],
            by_column.reshape(shape) / self._pixel[1],
            inside.reshape(shape),
        )

    def _over_harmonics(self, second: FloatArray, first: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Turn sums per angle into the equations of the coefficients."""
        n, harmonics = second.shape[1], self.basis.around.shape[1]
        blocks = (second.reshape(3 * n * n, -1) @ self._pairs).reshape(3, n, n, harmonics, harmonics)
        matrix = np.empty((2, n, harmonics, 2, n, harmonics))
        for row, column, part in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
            matrix[row, :, :, column] = blocks[part].transpose(0, 2, 1, 3)
        size = self.basis.size
        return matrix.reshape(size, size), (first.reshape(2 * n, -1) @ self.basis.around).reshape(-1)

    def _smoothed(self, frames: FloatArray, sigmas_px: tuple[float, ...]) -> list[list[FloatArray]]:
        from scipy.ndimage import gaussian_filter, spline_filter

        reach = np.ceil(_MARGIN_MM / self._pixel).astype(int)
        low = np.maximum(np.floor(self._rest.min(axis=(0, 1)) / self._pixel).astype(int) - reach, 0)
        high = np.ceil(self._rest.max(axis=(0, 1)) / self._pixel).astype(int) + reach + 1
        self._corner = low.astype(float)
        part = np.asarray(frames[:, low[0] : high[0], low[1] : high[1]], dtype=float)
        if min(part.shape[1:]) < 8:
            raise InputError("the contours lie outside the image: are they given as (row, column) in pixels?")
        isotropic = np.sqrt(self._pixel[0] * self._pixel[1]) / self._pixel
        return [
            [np.asarray(spline_filter(gaussian_filter(image, sigma * isotropic), order=3)) for image in part]
            for sigma in sigmas_px
        ]

    def _first_reference(self, level: int) -> Reference:
        value, _, _, inside = self._sampled(level, 0, np.zeros(self.basis.size))
        if inside.mean() < _LEAST_INSIDE:
            raise InputError(
                f"only {100.0 * inside.mean():.0f} % of the wall and its surroundings lie in the image, at least "
                f"{100.0 * _LEAST_INSIDE:.0f} % are needed: use the uncropped images"
            )
        spread = float(value[inside > 0.0].std())
        if not spread > 0.0:
            raise InputError("the end-diastolic frame is flat around the contours: nothing can be followed there")
        return Reference(value=value, inside=inside, spread=spread)


def _gain_and_offset(reference: FloatArray, value: FloatArray, weight: FloatArray) -> tuple[float, float]:
    """Fit value = gain x reference + offset by least squares; a gain below 0.1 is no picture of the same slice."""
    total = float(weight.sum())
    mean_r, mean_v = float((weight * reference).sum()) / total, float((weight * value).sum()) / total
    spread = float((weight * (reference - mean_r) ** 2).sum())
    gain = float((weight * (reference - mean_r) * (value - mean_v)).sum()) / max(spread, 1e-12)
    gain = max(gain, 0.1)
    return gain, mean_v - gain * mean_r
