"""Cine images of the beating annulus: blood, papillary muscles, textured wall, surroundings, blur and noise.

Nothing here is taken from a patient. The surroundings follow the epicardium and come to rest 25 mm outside it, as they
do in a chest, because a tracker sees them too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from resynchro.imaging.motion.annulus_motion import AnnulusMotion, AnnulusState, annulus_state

FloatArray = NDArray[np.float64]

_BLOOD, _WALL, _FAT, _LUNG, _DIAPHRAGM, _REST, _RV, _RV_WALL = 0.90, 0.35, 0.95, 0.12, 0.55, 0.45, 0.85, 0.38
_BLOOD_NOISE, _BLOOD_FWHM_MM = 0.05, 6.0
_WALL_FWHM_MM, _MATERIAL_STEP_MM, _MATERIAL_HALF_MM = 3.0, 0.5, 90.0
#: Share of the texture that is exchanged at full contraction: the wall moves through the plane.
_THROUGH_PLANE = 0.35
_PAPILLARY_DEG, _PAPILLARY_MM, _PAPILLARY_INSIDE_MM = (40.0, -80.0), 4.0, 6.0
#: The surroundings are at rest so far outside the epicardium [mm].
_REST_MM = 25.0
_STATIC_TEXTURE = 0.06
_SUPERSAMPLING, _BLUR_PX = 2, 0.42
_FWHM = 2.0 * np.sqrt(2.0 * np.log(2.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnulusPhantom:
    """A cine of the beating annulus.

    Attributes
    ----------
    motion
        How it moves.
    size_px, pixel_mm
        Rows and columns of the square image, and pixel spacing [mm].
    frames
        Number of frames over the whole beat.
    noise
        SD of the Rician noise; blood is 0.9.
    texture
        Strength of the texture of the wall; 0 is a flat wall.
    """

    motion: AnnulusMotion = field(default_factory=AnnulusMotion)
    size_px: int = 128
    pixel_mm: float = 1.4
    frames: int = 30
    noise: float = 0.03
    texture: float = 0.10

    @property
    def time_ms(self) -> FloatArray:
        """Times of the frames from end-diastole, shape (frames,) [ms]."""
        return np.arange(self.frames) * self.motion.rr_ms / self.frames

    def contour_px(self, frame: int, *, outer: bool, points: int = 120) -> FloatArray:
        """Return the exact endo- or epicardial contour of a frame.

        Returns
        -------
        ndarray
            Shape (points, 2) as (row, column) [px].
        """
        motion = self.motion
        angle = 2.0 * np.pi * np.arange(points) / points
        radius = np.full(points, motion.epi_mm if outer else motion.endo_mm)
        return self.to_pixel(annulus_state(motion, float(self.time_ms[frame])).forward(radius, angle))

    def to_pixel(self, points_mm: FloatArray) -> FloatArray:
        """Turn (x to the right, y upwards) from the image centre [mm] into (row, column) [px]."""
        middle = (self.size_px - 1) / 2.0
        return np.stack(
            (middle - points_mm[..., 1] / self.pixel_mm, middle + points_mm[..., 0] / self.pixel_mm), axis=-1
        )


def annulus_frames(phantom: AnnulusPhantom, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw the images.

    Parameters
    ----------
    rng
        Source of textures and noise.

    Returns
    -------
    ndarray
        Shape (frames, size, size).
    """
    material = _Material(rng)
    fine = phantom.size_px * _SUPERSAMPLING
    frames = np.empty((phantom.frames, phantom.size_px, phantom.size_px), dtype=np.float32)
    blood_px = _BLOOD_FWHM_MM / phantom.pixel_mm * _SUPERSAMPLING
    for index, moment in enumerate(phantom.time_ms):
        state = annulus_state(phantom.motion, float(moment))
        blood = _BLOOD + _BLOOD_NOISE * _smooth_field(rng, fine, blood_px)
        clean = _recorded(_scene(phantom, state, material, blood))
        noise = phantom.noise * rng.standard_normal((2, *clean.shape))
        frames[index] = np.hypot(clean + noise[0], noise[1])
    return frames


class _Material:
    """Random fields fixed to the tissue."""

    def __init__(self, rng: np.random.Generator) -> None:
        points = int(2.0 * _MATERIAL_HALF_MM / _MATERIAL_STEP_MM) + 1
        fwhm = _WALL_FWHM_MM / _MATERIAL_STEP_MM
        self.first, self.second, self.static = (_smooth_field(rng, points, fwhm) for _ in range(3))

    def at(self, field_values: FloatArray, x_mm: FloatArray, y_mm: FloatArray) -> FloatArray:
        from scipy.ndimage import map_coordinates

        where = (np.stack((y_mm, x_mm)) + _MATERIAL_HALF_MM) / _MATERIAL_STEP_MM
        return np.asarray(map_coordinates(field_values, where, order=1, mode="reflect"), dtype=float)


def _scene(phantom: AnnulusPhantom, state: AnnulusState, material: _Material, blood: FloatArray) -> FloatArray:
    """Draw one moment without blur and noise on the fine grid."""
    motion = phantom.motion
    fine = phantom.size_px * _SUPERSAMPLING
    axis = (np.arange(fine) - (fine - 1) / 2.0) * phantom.pixel_mm / _SUPERSAMPLING
    points = np.stack(np.broadcast_arrays(axis[None, :], -axis[:, None]), axis=-1)
    squared, angle = state.inverse(points)
    cavity, wall = squared < motion.endo_mm**2, (squared >= motion.endo_mm**2) & (squared <= motion.epi_mm**2)

    image = np.where(cavity, blood, 0.0)
    for place in _papillary_centres(state):
        disc = cavity & (np.hypot(points[..., 0] - place[0], points[..., 1] - place[1]) < _PAPILLARY_MM)
        image[disc] = _WALL

    radius = np.sqrt(squared[wall])
    x, y = radius * np.cos(angle[wall]), radius * np.sin(angle[wall])
    exchanged = _THROUGH_PLANE * state.contraction
    texture = np.sqrt(1.0 - exchanged**2) * material.at(material.first, x, y) + exchanged * material.at(
        material.second, x, y
    )
    image[wall] = _WALL * (1.0 + phantom.texture * texture)

    outside = ~(cavity | wall)
    x, y = _static_place(state, points[outside], angle[outside])
    image[outside] = _surroundings(motion, x, y) * (1.0 + _STATIC_TEXTURE * material.at(material.static, x, y))
    return image


def _papillary_centres(state: AnnulusState) -> list[FloatArray]:
    shift = np.asarray(state.motion.shift_mm) * state.contraction
    centres = []
    for degrees in _PAPILLARY_DEG:
        point = state.forward(np.asarray(state.motion.endo_mm), np.asarray(np.radians(degrees))) - shift
        centres.append(point * (1.0 - _PAPILLARY_INSIDE_MM / np.hypot(*point)) + shift)
    return centres


def _static_place(state: AnnulusState, points: FloatArray, material_angle: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return where the surroundings seen at points are at rest, x and y [mm]."""
    motion = state.motion
    shift = np.asarray(motion.shift_mm) * state.contraction
    centred = points - shift
    radius, angle = np.hypot(centred[:, 0], centred[:, 1]), np.arctan2(centred[:, 1], centred[:, 0])
    rim_points = state.forward(np.full_like(material_angle, motion.epi_mm), material_angle) - shift
    rim = np.hypot(rim_points[:, 0], rim_points[:, 1])
    follow = np.clip(1.0 - (radius - rim) / _REST_MM, 0.0, 1.0)
    at_rest = radius - follow * (rim - motion.epi_mm)
    turned = angle - follow * ((angle - material_angle + np.pi) % (2.0 * np.pi) - np.pi)
    return (
        at_rest * np.cos(turned) + (1.0 - follow) * shift[0],
        at_rest * np.sin(turned) + (1.0 - follow) * shift[1],
    )


def _surroundings(motion: AnnulusMotion, x: FloatArray, y: FloatArray) -> FloatArray:
    """Paint the tissue around the ventricle: lung, diaphragm, right ventricle and fat at the insertions."""
    degrees = np.degrees(np.arctan2(y, x))
    image = np.full_like(x, _REST)
    image[np.abs(degrees) < 75.0] = _LUNG
    image[np.abs((degrees - 290.0 + 180.0) % 360.0 - 180.0) < 35.0] = _DIAPHRAGM
    rv_x = x + motion.epi_mm + 14.0
    image[(rv_x / 24.0) ** 2 + (y / 38.0) ** 2 < 1.0] = _RV_WALL
    image[(rv_x / 20.0) ** 2 + (y / 34.0) ** 2 < 1.0] = _RV
    for insertion in np.radians((120.0, 240.0)):
        reach = motion.epi_mm + 5.0
        image[np.hypot(x - reach * np.cos(insertion), y - reach * np.sin(insertion)) < 5.0] = _FAT
    return image


def _recorded(scene: FloatArray) -> FloatArray:
    from scipy.ndimage import gaussian_filter

    blurred = np.asarray(gaussian_filter(scene, _BLUR_PX * _SUPERSAMPLING, mode="nearest"), dtype=float)
    size = blurred.shape[0] // _SUPERSAMPLING
    return np.asarray(blurred.reshape(size, _SUPERSAMPLING, size, _SUPERSAMPLING).mean(axis=(1, 3)))


def _smooth_field(rng: np.random.Generator, size: int, fwhm: float) -> FloatArray:
    """Return a square Gaussian random field of unit variance; ``fwhm`` in samples."""
    from scipy.ndimage import gaussian_filter

    smooth = np.asarray(gaussian_filter(rng.standard_normal((size, size)), fwhm / _FWHM, mode="wrap"), dtype=float)
    return np.asarray((smooth - smooth.mean()) / smooth.std())
