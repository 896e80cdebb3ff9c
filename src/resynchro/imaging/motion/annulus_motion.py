"""An analytic beating annulus: the motion of a short-axis slice, exactly known at every point of the wall.

Tissue is named by its polar coordinates (R, Theta) at end-diastole, its place in a later frame by (r, theta); angles
are display angles, counter-clockwise from the lateral wall, the anterior insertion at 120 degrees. The circumferential
strain at mid-wall is prescribed per angle, and everything else follows from it by incompressibility.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

#: Angles of the grid on which the motion is tabulated; values between them are interpolated linearly.
_GRID = 1440
#: Activation to onset, rise and fall of the shortening [ms].
ONSET_MS, RISE_MS, FALL_MS = 30.0, 330.0, 220.0
#: Share of the harmonics 1 and 2 of the strain that moves the mid-wall radius.
_RADIUS_SHARE = 0.5
#: Shortening of the long axis when the whole ring is fully contracted.
_LONGITUDINAL = 0.12
#: The transmural twist ends so far from mid-wall, in wall thicknesses.
_TWIST_REACH = 1.5
#: Soft border of a scar on either side [deg].
_SCAR_BORDER_DEG = 15.0
#: Points along each segment for the exact arc length.
_ARC_POINTS = 121


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnulusScar:
    """A stretch of the ring that contracts less.

    Attributes
    ----------
    centre_deg, width_deg
        Display angle and full width at half depth [deg].
    depth
        1 is akinetic.
    """

    centre_deg: float
    width_deg: float
    depth: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnulusMotion:
    """Parameters of the beating annulus.

    Attributes
    ----------
    endo_mm, wall_mm
        Endocardial radius and wall thickness at end-diastole [mm].
    rr_ms
        Length of the beat [ms].
    peak_pct
        Shortening of an unscarred segment without coupling [%].
    delay_ms, late_deg
        Largest delay of contraction [ms] and where it is [deg]; 0 is a synchronous ring.
    coupling
        How much a segment is stretched by the others' contraction.
    scar
        A stretch of less contraction, or None.
    rotation_deg, twist_deg
        Rotation of the ring and of its outer against its inner wall at full contraction [deg].
    shift_mm
        Translation at full contraction, (to the right, upwards) [mm].
    """

    endo_mm: float = 26.0
    wall_mm: float = 9.0
    rr_ms: float = 900.0
    peak_pct: float = 16.0
    delay_ms: float = 126.0
    late_deg: float = -30.0
    coupling: float = 0.4
    scar: AnnulusScar | None = None
    rotation_deg: float = 8.0
    twist_deg: float = 4.0
    shift_mm: tuple[float, float] = (3.0, 2.0)

    @property
    def epi_mm(self) -> float:
        """Epicardial radius at end-diastole [mm]."""
        return self.endo_mm + self.wall_mm

    @property
    def mid_mm(self) -> float:
        """Radius that halves the area of the wall at end-diastole [mm]."""
        return float(np.sqrt((self.endo_mm**2 + self.epi_mm**2) / 2.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnulusState:
    """The annulus at one moment, tabulated over angle.

    Attributes
    ----------
    strain
        Prescribed circumferential strain at mid-wall, shape (1440,), as a fraction.
    contraction
        a: 0 at rest, 1 when the whole ring is fully contracted.
    mid_mm, stretch, angle
        Mid-wall radius [mm], 1 + g' and the rotated angle theta_0 [rad], shape (1440,).
    axial
        Stretch of the long axis.
    """

    motion: AnnulusMotion
    strain: FloatArray
    contraction: float
    mid_mm: FloatArray
    stretch: FloatArray
    angle: FloatArray
    axial: float

    def forward(self, radius_mm: FloatArray, angle_rad: FloatArray) -> FloatArray:
        """Return where tissue is.

        Parameters
        ----------
        radius_mm, angle_rad
            Polar coordinates of the tissue at end-diastole, same shape [mm], [rad].

        Returns
        -------
        ndarray
            Shape (..., 2): x to the right, y upwards, from the centre of the image [mm].
        """
        motion = self.motion
        mid = _at(self.mid_mm, angle_rad)
        radius = np.sqrt(mid**2 + (radius_mm**2 - motion.mid_mm**2) / (self.axial * _at(self.stretch, angle_rad)))
        turned = angle_rad + _at(self.angle - _grid_rad(), angle_rad) + self._rotation(radius)
        shift = np.asarray(motion.shift_mm) * self.contraction
        return np.stack((radius * np.cos(turned), radius * np.sin(turned)), axis=-1) + shift

    def inverse(self, points_mm: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return which tissue is at points.

        Parameters
        ----------
        points_mm
            Shape (..., 2), x to the right, y upwards, from the centre of the image [mm].

        Returns
        -------
        tuple of ndarray
            Squared radius at end-diastole [mm²], negative or small in the blood, and angle [rad].
        """
        centred = points_mm - np.asarray(self.motion.shift_mm) * self.contraction
        radius = np.hypot(centred[..., 0], centred[..., 1])
        turned = np.arctan2(centred[..., 1], centred[..., 0]) - self._rotation(radius)
        wrapped = (turned - self.angle[0]) % (2.0 * np.pi) + self.angle[0]
        nodes = np.append(self.angle, self.angle[0] + 2.0 * np.pi)
        angle = np.interp(wrapped, nodes, 2.0 * np.pi * np.arange(_GRID + 1) / _GRID)
        mid, stretch = _at(self.mid_mm, angle), _at(self.stretch, angle)
        return self.motion.mid_mm**2 + self.axial * stretch * (radius**2 - mid**2), angle

    def _rotation(self, radius_mm: FloatArray) -> FloatArray:
        motion = self.motion
        depth = np.clip((radius_mm - motion.mid_mm) / motion.wall_mm, -_TWIST_REACH, _TWIST_REACH)
        return np.radians((motion.rotation_deg + motion.twist_deg * depth) * self.contraction)


def shortening_course(time_ms: FloatArray) -> FloatArray:
    """Return S: the shortening of an activated segment over time, 0 to 1."""
    rise = np.clip((time_ms - ONSET_MS) / RISE_MS, 0.0, 1.0)
    fall = np.clip((time_ms - ONSET_MS - RISE_MS) / FALL_MS, 0.0, 1.0)
    return 0.5 * (np.cos(np.pi * fall) - np.cos(np.pi * rise))


def annulus_state(motion: AnnulusMotion, time_ms: float) -> AnnulusState:
    """Compute the annulus at one moment.

    Parameters
    ----------
    time_ms
        From end-diastole [ms].

    Notes
    -----
    With q the shortening of each angle alone, the strain is ``e = -((1 + c) q - c mean(q))``: segments that do not yet
    or no longer contract are stretched by the others. The wall keeps its volume, ``det F = 1`` with the long axis.
    """
    grid = _grid_rad()
    shortening = _amplitude(motion) * shortening_course(time_ms - activation_delay_ms(motion, grid))
    strain = -((1.0 + motion.coupling) * shortening - motion.coupling * shortening.mean())
    contraction = float(shortening.mean() / (motion.peak_pct / 100.0))
    spectrum = np.fft.rfft(strain)
    low = np.zeros_like(spectrum)
    low[1:3] = spectrum[1:3]
    mid = motion.mid_mm * (1.0 + strain.mean() + _RADIUS_SHARE * np.fft.irfft(low, n=_GRID))
    stretch = (1.0 + strain) * motion.mid_mm / mid
    stretch /= stretch.mean()
    steps = 0.5 * (stretch + np.roll(stretch, -1)) * 2.0 * np.pi / _GRID
    angle = np.concatenate(([0.0], np.cumsum(steps)[:-1]))
    angle -= np.mean(angle - grid)
    return AnnulusState(
        motion=motion,
        strain=strain,
        contraction=contraction,
        mid_mm=mid,
        stretch=stretch,
        angle=angle,
        axial=1.0 - _LONGITUDINAL * contraction,
    )


def activation_delay_ms(motion: AnnulusMotion, angle_rad: FloatArray) -> FloatArray:
    """Return the prescribed delay of contraction at angles [ms]."""
    return np.asarray(motion.delay_ms * (1.0 + np.cos(angle_rad - np.radians(motion.late_deg))) / 2.0)


def true_segment_strains(motion: AnnulusMotion, time_ms: FloatArray, count: int = 6) -> tuple[FloatArray, FloatArray]:
    """Compute the exact strain of the segments from the deformed wall.

    Parameters
    ----------
    time_ms
        Shape (T,) [ms].
    count
        6 (anterior first: AHA 7 to 12) or 4.

    Returns
    -------
    tuple of ndarray
        Circumferential strain from the arc length at mid-wall and radial strain from the distance between the
        endocardial and the epicardial point of equal angle, each (count, T) [%].
    """
    starts = 60.0 + 60.0 * np.arange(6) if count == 6 else 45.0 + 90.0 * np.arange(4)
    angles = np.radians(starts[:, None] + np.linspace(0.0, 360.0 / count, _ARC_POINTS)[None, :])
    lengths, widths = np.empty((count, len(time_ms))), np.empty((count, len(time_ms)))
    for frame, moment in enumerate(time_ms):
        state = annulus_state(motion, float(moment))
        arc = state.forward(np.full_like(angles, motion.mid_mm), angles)
        lengths[:, frame] = np.linalg.norm(np.diff(arc, axis=1), axis=-1).sum(axis=1)
        endo = state.forward(np.full_like(angles, motion.endo_mm), angles)
        epi = state.forward(np.full_like(angles, motion.epi_mm), angles)
        widths[:, frame] = np.linalg.norm(epi - endo, axis=-1).mean(axis=1)
    rest = annulus_state(motion, 0.0).forward(np.full_like(angles, motion.mid_mm), angles)
    rest_length = np.linalg.norm(np.diff(rest, axis=1), axis=-1).sum(axis=1)
    return 100.0 * (lengths / rest_length[:, None] - 1.0), 100.0 * (widths / motion.wall_mm - 1.0)


def _amplitude(motion: AnnulusMotion) -> FloatArray:
    amplitude = np.full(_GRID, motion.peak_pct / 100.0)
    scar = motion.scar
    if scar is None:
        return amplitude
    away = np.abs((np.degrees(_grid_rad()) - scar.centre_deg + 180.0) % 360.0 - 180.0)
    inner = scar.width_deg / 2.0 - _SCAR_BORDER_DEG
    border = np.clip((away - inner) / (2.0 * _SCAR_BORDER_DEG), 0.0, 1.0)
    return np.asarray(amplitude * (1.0 - scar.depth * 0.5 * (1.0 + np.cos(np.pi * border))))


def _grid_rad() -> FloatArray:
    return np.asarray(2.0 * np.pi * np.arange(_GRID) / _GRID)


def _at(values: FloatArray, angle_rad: FloatArray) -> FloatArray:
    """Interpolate a periodic table linearly."""
    return np.asarray(np.interp(angle_rad, _grid_rad(), values, period=2.0 * np.pi))
