"""Transmurality: how much of the wall's thickness is scar, along chords from endocardium to epicardium."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.imaging.mask_contours import outline, polygon_centre, radii_mm
from resynchro.record.slices import FloatArray, SliceGeometry

BoolArray = NDArray[np.bool_]

#: Chords per slice; the least that is allowed is 60.
CHORDS, FEWEST_CHORDS = 120, 60
#: Samples along a chord are at most this far apart [pixels].
_STEP_PIXELS = 0.25
#: Contours of masks are staircases; they are smoothed by this before they are divided [pixels].
_SMOOTHING_PIXELS = 2.0
#: Chords shorter than this cross no wall: the ring is open there [pixels].
_SHORTEST_PIXELS = 1.0
#: Classes of transmurality [%].
TRANSMURALITY_CLASSES: tuple[str, ...] = ("0", "1-25", "26-50", "51-75", "76-100")
#: Wall with at most this share of scar counts as viable [%].
VIABLE_PCT = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WallChords:
    """Chords across the wall of one slice.

    Attributes
    ----------
    inner, outer
        Ends on endocardium and epicardium, shape (n, 2) as (row, column).
    radial
        True when chords of equal arc length would have crossed and rays from the centre were taken instead.
    """

    inner: FloatArray
    outer: FloatArray
    radial: bool

    @property
    def middle(self) -> FloatArray:
        """Middle of every chord, shape (n, 2) as (row, column)."""
        return (self.inner + self.outer) / 2.0


def wall_chords(
    wall: BoolArray, cavity: BoolArray, geometry: SliceGeometry, *, count: int = CHORDS
) -> WallChords | None:
    """Lay chords across the wall of one slice.

    Parameters
    ----------
    wall, cavity
        Masks, shape (rows, columns).
    geometry
        For lengths in millimetres.
    count
        Number of chords, 60 or more.

    Returns
    -------
    WallChords or None
        None without cavity or wall. Chords shorter than one pixel (an open ring) are left out.

    Raises
    ------
    InputError
        For fewer than 60 chords.

    Notes
    -----
    Both contours, smoothed by 2 pixels along their length, are divided into `count` pieces of equal arc length; the
    epicardial division is turned to where the sum of squared chord lengths is least, so that the result does not depend
    on where a contour begins. When two chords cross, rays from the centre of the cavity replace them all.
    """
    if count < FEWEST_CHORDS:
        raise InputError(f"transmurality needs at least {FEWEST_CHORDS} chords per slice, got {count}")
    endo, epi = outline(cavity), outline(cavity | wall)
    if endo is None or epi is None or len(endo) < 4 or not wall.any():
        return None
    scale = np.array([geometry.row_spacing_mm, geometry.column_spacing_mm])
    smooth_mm = _SMOOTHING_PIXELS * float(scale.mean())
    inner = _equal_arcs(_smooth(_counter_clockwise(endo * scale), smooth_mm), count)
    fine = _equal_arcs(_smooth(_counter_clockwise(epi * scale), smooth_mm), 4 * count)
    squared = ((inner[:, None, :] - fine[None, :, :]) ** 2).sum(axis=2)
    stride = 4 * np.arange(count)
    sums = [float(squared[np.arange(count), (stride + turn) % (4 * count)].sum()) for turn in range(4 * count)]
    outer = fine[(stride + int(np.argmin(sums))) % (4 * count)]
    radial = _cross(inner, outer)
    if radial:
        inner, outer = _rays(endo, epi, geometry, count)
    long_enough = np.hypot(*((outer - inner) / scale).T) >= _SHORTEST_PIXELS
    if not long_enough.any():
        return None
    return WallChords(inner=inner[long_enough] / scale, outer=outer[long_enough] / scale, radial=radial)


def chord_scar_pct(chords: WallChords, scar: BoolArray, wall: BoolArray) -> FloatArray:
    """Return the share of every chord that is scar.

    Parameters
    ----------
    chords
        From `wall_chords`.
    scar, wall
        Masks, shape (rows, columns); scar lies within the wall.

    Returns
    -------
    ndarray, shape (n,)
        Samples in scar over samples in wall, sampled every quarter of a pixel or denser [%]; NaN for a chord of which
        less than half runs through wall (inside this room only: the caller leaves it out).
    """
    length = float(np.hypot(*(chords.outer - chords.inner).T).max())
    steps = int(np.ceil(length / _STEP_PIXELS)) + 1
    along = (np.arange(steps) + 0.5) / steps
    points = chords.inner[:, None, :] + along[None, :, None] * (chords.outer - chords.inner)[:, None, :]
    row = np.clip(np.rint(points[..., 0]).astype(int), 0, wall.shape[0] - 1)
    column = np.clip(np.rint(points[..., 1]).astype(int), 0, wall.shape[1] - 1)
    in_wall = wall[row, column].sum(axis=1)
    in_scar = (scar & wall)[row, column].sum(axis=1)
    return np.where(in_wall >= steps / 2.0, 100.0 * in_scar / np.maximum(in_wall, 1), np.nan)


def transmurality_class(transmurality_pct: float) -> str:
    """Return the class of a transmurality: 0, 1-25, 26-50, 51-75 or 76-100 %.

    Examples
    --------
    >>> [transmurality_class(value) for value in (0.0, 0.4, 25.0, 25.1, 50.0, 75.5)]
    ['0', '1-25', '1-25', '26-50', '26-50', '76-100']
    """
    if transmurality_pct <= 0.0:
        return TRANSMURALITY_CLASSES[0]
    return TRANSMURALITY_CLASSES[1 + int(np.searchsorted([25.0, 50.0, 75.0], transmurality_pct, side="left"))]


def class_shares_pct(transmurality_pct: FloatArray) -> dict[str, float]:
    """Return the share of chords in every class [%]."""
    names = [transmurality_class(float(value)) for value in transmurality_pct]
    return {name: 100.0 * names.count(name) / len(names) for name in TRANSMURALITY_CLASSES} if names else {}


def _counter_clockwise(polygon: FloatArray) -> FloatArray:
    following = np.roll(polygon, -1, axis=0)
    area = float(np.sum(polygon[:, 0] * following[:, 1] - following[:, 0] * polygon[:, 1]))
    return polygon if area > 0.0 else polygon[::-1]


def _equal_arcs(polygon: FloatArray, count: int) -> FloatArray:
    """Return points on a closed polygon at equal steps of arc length, shape (count, 2)."""
    closed = np.vstack([polygon, polygon[:1]])
    arc = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    wanted = arc[-1] * np.arange(count) / count
    return np.column_stack([np.interp(wanted, arc, closed[:, axis]) for axis in (0, 1)])


def _smooth(polygon: FloatArray, sd_mm: float) -> FloatArray:
    """Return a closed polygon smoothed by a Gaussian along its length; a short one is smoothed less."""
    closed = np.vstack([polygon, polygon[:1]])
    length = float(np.hypot(*np.diff(closed, axis=0).T).sum())
    even = _equal_arcs(polygon, 512)
    wave = np.fft.rfftfreq(512, d=length / 512.0)
    damping = np.exp(-2.0 * (np.pi * min(sd_mm, length / 40.0) * wave) ** 2)
    return np.asarray(np.fft.irfft(np.fft.rfft(even, axis=0) * damping[:, None], n=512, axis=0))


def _cross(inner: FloatArray, outer: FloatArray) -> bool:
    """Tell whether any two chords cross."""

    def side(a: FloatArray, b: FloatArray, c: FloatArray) -> FloatArray:
        return (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])

    a, b = inner[:, None, :], outer[:, None, :]
    c, d = inner[None, :, :], outer[None, :, :]
    crossing = (side(a, b, c) * side(a, b, d) < 0.0) & (side(c, d, a) * side(c, d, b) < 0.0)
    return bool(crossing.any())


def _rays(endo: FloatArray, epi: FloatArray, geometry: SliceGeometry, count: int) -> tuple[FloatArray, FloatArray]:
    """Return chord ends [mm] along rays from the centre of the endocardium."""
    centre = polygon_centre(endo)
    angles = 2.0 * np.pi * np.arange(count) / count
    scale = np.array([geometry.row_spacing_mm, geometry.column_spacing_mm])
    direction = np.column_stack([-np.sin(angles), np.cos(angles)])
    ends = [
        centre * scale + radii_mm(polygon, centre, angles, geometry)[:, None] * direction for polygon in (endo, epi)
    ]
    return ends[0], ends[1]
