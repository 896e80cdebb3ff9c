"""Gated perfusion phantoms with known phases: samples of a polar map, and slices of a thickening left ventricle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from resynchro.errors import InputError
from resynchro.imaging.spect.polar_sampling import even_rays, sample_segments
from resynchro.record.gated_spect import BoolArray, GatedSpect, PolarCounts
from resynchro.record.slices import FloatArray, SliceGeometry

#: Edge of the fine grid on which the wall is drawn before it is blurred [mm].
_FINE_MM = 2.0
#: From Gaussian width at half maximum to standard deviation.
_SD_PER_FWHM = 1.0 / (2.0 * math.sqrt(2.0 * math.log(2.0)))
#: The long axis of an ordinary heart points to the left, the front and the feet (LPS).
_APEX = np.array([0.62, -0.51, -0.60])


@dataclass(frozen=True, slots=True, kw_only=True)
class PhantomVentricle:
    """Shape and counts of the left ventricle of `spect_phantom`; lengths in mm.

    Attributes
    ----------
    length_mm
        From the valve plane to the middle of the wall at the apex.
    radius_mm
        Radius of the middle of the wall, mean over the beat.
    wall_mm
        Mean thickness of the wall.
    motion_mm
        How far the middle of the wall moves inward when the wall is thickest.
    blood, body
        Activity of the cavity and of what lies around the heart, relative to healthy wall.
    liver
        Activity of a ball below the inferior wall, as the liver or the bowel make it; 0 for none.
    septum_short_mm
        How much earlier the septum ends at the base than the free wall.
    """

    length_mm: float = 85.0
    radius_mm: float = 28.0
    wall_mm: float = 9.0
    motion_mm: float = 3.0
    blood: float = 0.10
    body: float = 0.05
    liver: float = 0.0
    septum_short_mm: float = 0.0


def sample_phantom(
    phase_deg: float | FloatArray,
    amplitude: float | FloatArray,
    *,
    noise: float,
    gates: int,
    rng: np.random.Generator,
    counts: float = 100.0,
) -> PolarCounts:
    """Draw samples 1 + A1 cos(wt - phase) + noise spread evenly over a wall.

    Parameters
    ----------
    phase_deg, amplitude
        Phase [deg] and A1 relative to the mean (half of peak to peak), one number or shape (samples,); the samples are
        those of `sample_places`.
    noise
        Standard deviation at one gate, relative to the mean.
    counts
        Mean counts of a sample.

    Returns
    -------
    PolarCounts
    """
    level, angle_deg = sample_places()
    course = 2.0 * np.pi * (np.arange(gates) + 0.5) / gates
    phase = np.broadcast_to(np.radians(phase_deg), level.shape)
    a1 = np.broadcast_to(np.asarray(amplitude, dtype=float), level.shape)
    drawn = 1.0 + a1[:, None] * np.cos(course - phase[:, None]) + rng.normal(0.0, noise, (len(level), gates))
    return PolarCounts(
        counts=counts * drawn,
        level=level,
        angle_deg=angle_deg,
        file="phantom",
        format="phantom",
        sha256="",
        source="samples with prescribed phases",
        rr_s=0.9,
    )


def sample_places() -> tuple[FloatArray, FloatArray]:
    """Return level and display angle [deg] of the samples of `sample_phantom`, about 800 of equal area."""
    shape = PhantomVentricle()
    rays = even_rays(shape.length_mm, lambda depth: np.full(np.shape(depth), shape.radius_mm))
    return rays.level, rays.angle_deg


def spect_phantom(
    phases_deg: Mapping[int, float],
    *,
    thickening: float | Mapping[int, float] = 0.4,
    uptake: Mapping[int, float] | None = None,
    counts: float | None = None,
    gates: int = 16,
    fwhm_mm: float = 13.0,
    filter_fwhm_mm: float = 0.0,
    pixel_mm: float = 4.0,
    size: int = 48,
    ventricle: PhantomVentricle | None = None,
    rr_s: float = 0.9,
    rng: np.random.Generator | None = None,
) -> GatedSpect:
    """Draw gated short-axis slices of a ventricle whose wall thickens with a known phase in every segment.

    Parameters
    ----------
    phases_deg
        Phase of greatest thickness per segment of the 17-segment model [deg of the beat]; segments left out have 0.
    thickening
        Peak-to-peak change of thickness over its mean, for all or per segment; 0 is akinetic.
    uptake
        Activity per segment relative to healthy wall; segments left out have 1.
    counts
        Mean counts of the brightest voxel in one gate. Poisson noise follows from it; None leaves noise out.
    gates, fwhm_mm, pixel_mm, size
        Gates, resolution of the scanner [mm], edge of the cubic voxels [mm], rows and columns.
    filter_fwhm_mm
        Smoothing after the noise [mm], as reconstruction programs do; 0 for none.
    ventricle
        Shape; None for the ordinary one.
    rng
        Draws the noise; needed with `counts`.

    Returns
    -------
    GatedSpect
        Slices from base to apex, anterior at the top, septum at the left, placed obliquely in the patient.

    Raises
    ------
    InputError
        When `counts` is given without `rng`.

    Notes
    -----
    The wall is a shell around a cylinder with a hemisphere at its end. Its thickness follows wall (1 + T/2 cos(wt -
    phase)) at the middle of each gate, its middle moves inward with it. The blur turns thickness into brightness, as in
    a patient. Phases are sharp at the borders of segments; blur mixes neighbours there, so a segment's phase is
    recovered less its mixing.
    """
    if counts is not None and rng is None:
        raise InputError("a phantom with noise needs a random generator: give rng")
    shape = ventricle or PhantomVentricle()
    fold = max(1, round(pixel_mm / _FINE_MM))
    fine_mm = pixel_mm / fold
    n_slices = math.ceil((shape.length_mm + 50.0) / pixel_mm)
    grid = _Grid.of(n_slices * fold, size * fold, fine_mm, shape, thickening, phases_deg, uptake or {})
    images = np.empty((gates, n_slices, size, size), dtype=np.float64)
    for gate in range(gates):
        activity = _activity(grid, shape, 2.0 * math.pi * (gate + 0.5) / gates)
        blurred = ndimage.gaussian_filter(activity, fwhm_mm * _SD_PER_FWHM / fine_mm, mode="nearest", truncate=3.0)
        images[gate] = blurred.reshape(n_slices, fold, size, fold, size, fold).mean(axis=(1, 3, 5))
    if counts is not None and rng is not None:
        images = rng.poisson(images * (counts / images.mean(axis=0).max())).astype(np.float64)
    else:
        images *= 1000.0 / images.mean(axis=0).max()
    if filter_fwhm_mm > 0.0:
        width = filter_fwhm_mm * _SD_PER_FWHM / pixel_mm
        images = np.stack([ndimage.gaussian_filter(image, width, mode="nearest") for image in images])
    final = images.astype(np.float32)
    final.setflags(write=False)
    geometry, step_mm = _oblique(pixel_mm)
    return GatedSpect(
        counts=final,
        slice_spacing_mm=pixel_mm,
        row_spacing_mm=pixel_mm,
        column_spacing_mm=pixel_mm,
        file="phantom",
        format="phantom",
        sha256="",
        rr_s=rr_s,
        coverage=1.0,
        geometry=geometry,
        slice_step_mm=step_mm,
        apex_end="last",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """Place of every fine voxel relative to the wall, and what its segment does."""

    distance_mm: FloatArray  # from the axis of the cylinder or the centre of the hemisphere
    wall: BoolArray  # whether it lies between valve plane and beyond
    phase: FloatArray
    thickening: FloatArray
    uptake: FloatArray
    cavity: BoolArray
    liver: BoolArray

    @classmethod
    def of(
        cls,
        slices: int,
        pixels: int,
        fine_mm: float,
        shape: PhantomVentricle,
        thickening: float | Mapping[int, float],
        phases_deg: Mapping[int, float],
        uptake: Mapping[int, float],
    ) -> _Grid:
        depth = ((np.arange(slices) + 0.5) * fine_mm - 20.0)[:, None, None]
        across = (np.arange(pixels) - (pixels - 1) / 2.0) * fine_mm
        up, right = -across[None, :, None], across[None, None, :]
        body_mm = shape.length_mm - shape.radius_mm
        beyond = np.maximum(depth - body_mm, 0.0)
        distance = np.sqrt(beyond**2 + up**2 + right**2)
        angle = np.degrees(np.arctan2(up, right)) % 360.0 + 0.0 * depth
        # The level of the middle of the wall in the direction of the voxel, as the sampler counts it.
        with np.errstate(invalid="ignore", divide="ignore"):
            slope = np.where(distance > 0.0, beyond / distance, 0.0)
        level = np.clip((np.minimum(depth, body_mm) + shape.radius_mm * slope) / shape.length_mm, 0.0, 1.0)
        segment = sample_segments(level.ravel(), angle.ravel()).reshape(angle.shape)
        septal = np.clip(-np.cos(np.radians(angle)), 0.0, 1.0)
        starts = shape.septum_short_mm * septal
        ball = np.sqrt((depth - 0.4 * shape.length_mm) ** 2 + (up + shape.radius_mm + 48.0) ** 2 + (right + 15.0) ** 2)

        def per_segment(values: Mapping[int, float], other: float) -> FloatArray:
            table = np.full(18, other)
            for number, value in values.items():
                table[number] = value
            return np.asarray(table[segment])

        return cls(
            distance_mm=distance,
            wall=depth >= starts,
            phase=np.radians(per_segment(phases_deg, 0.0)),
            thickening=per_segment(
                thickening if isinstance(thickening, Mapping) else {},
                0.4 if isinstance(thickening, Mapping) else thickening,
            ),
            uptake=per_segment(uptake, 1.0),
            cavity=np.asarray(depth >= 0.0),
            liver=np.asarray(ball < 30.0),
        )


def _activity(grid: _Grid, shape: PhantomVentricle, course: float) -> FloatArray:
    """Return the activity of every fine voxel at one time of the beat; the edge of the wall is shared by a voxel."""
    swing = np.cos(course - grid.phase)
    thickness = shape.wall_mm * (1.0 + 0.5 * grid.thickening * swing)
    moved = np.where(grid.thickening > 0.0, 0.5 * shape.motion_mm * swing, 0.0)
    off = np.abs(grid.distance_mm - (shape.radius_mm - moved))
    share = np.clip((thickness / 2.0 - off) / _FINE_MM + 0.5, 0.0, 1.0) * grid.wall
    inside = (grid.distance_mm < shape.radius_mm - moved) & grid.cavity
    other = np.where(inside, shape.blood, np.where(grid.liver, max(shape.liver, shape.body), shape.body))
    return np.asarray(share * grid.uptake + (1.0 - share) * other)


def _oblique(pixel_mm: float) -> tuple[SliceGeometry, FloatArray]:
    """Return a geometry with the apex to the left, front and feet, anterior up and the septum at the left."""
    apex = _APEX / np.linalg.norm(_APEX)
    head = np.array([0.0, 0.0, 1.0])
    anterior = head - (head @ apex) * apex
    anterior /= np.linalg.norm(anterior)
    geometry = SliceGeometry(
        origin_mm=np.array([-60.0, -40.0, 120.0]),
        column_direction=np.cross(-apex, anterior),
        row_direction=-anterior,
        row_spacing_mm=pixel_mm,
        column_spacing_mm=pixel_mm,
    )
    return geometry, apex * pixel_mm
