"""Polar coordinates of the end-diastolic wall of one short-axis slice: the frame in which its motion is described."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError

FloatArray = NDArray[np.float64]

#: Harmonics that describe the shape of a contour; more would follow trabeculae.
_CONTOUR_HARMONICS = 8
_RESAMPLED = 360
#: Thinner walls are no wall but a mistake of the contours [mm].
_THINNEST_MM = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PolarFrame:
    """Centre, radii and direction of the wall at end-diastole.

    A point of the wall is named by its display angle Theta and its depth s, -1 on the endocardium and +1 on the
    epicardium; it lies at the radius ``(A + B)/2 + s (B - A)/2`` with A(Theta) and B(Theta) the radii of the
    contours. The slice needs not be round.

    Attributes
    ----------
    centre_mm
        Mean of the centroids of both contours, (row, column) [mm].
    display_deg
        Shape (angles,), equally spaced from 0 [deg].
    outward, sideways
        Unit vectors (row, column) of growing radius and growing angle, shape (angles, 2).
    endo_mm, epi_mm
        Radii A and B, shape (angles,) [mm].
    endo_slope_mm, epi_slope_mm
        Their derivatives by angle, shape (angles,) [mm/rad].
    """

    centre_mm: FloatArray
    display_deg: FloatArray
    outward: FloatArray
    sideways: FloatArray
    endo_mm: FloatArray
    epi_mm: FloatArray
    endo_slope_mm: FloatArray
    epi_slope_mm: FloatArray

    @property
    def angles_rad(self) -> FloatArray:
        """Display angles, shape (angles,) [rad]."""
        return np.radians(self.display_deg)

    @property
    def half_mm(self) -> FloatArray:
        """Half of the wall thickness along the ray, shape (angles,) [mm]."""
        return 0.5 * (self.epi_mm - self.endo_mm)

    @property
    def mid_depth(self) -> FloatArray:
        """Depth s that halves the area of the wall, shape (angles,): here circumferential strain is measured."""
        halving = np.sqrt(0.5 * (self.endo_mm**2 + self.epi_mm**2))
        return (halving - 0.5 * (self.endo_mm + self.epi_mm)) / self.half_mm

    def radius_mm(self, depth: FloatArray) -> FloatArray:
        """Return the radius at depths s, shape (..., angles) [mm]."""
        return 0.5 * (self.endo_mm + self.epi_mm) + depth * self.half_mm

    def points_mm(self, radius_mm: FloatArray) -> FloatArray:
        """Return (row, column) of radii on the frame's angles, shape (..., angles, 2) [mm]."""
        return self.centre_mm + radius_mm[..., None] * self.outward

    def polar(self, points_mm: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return radius [mm] and display angle [rad] of points, shape (..., 2) as (row, column) [mm]."""
        offset = points_mm - self.centre_mm
        x, y = offset @ self.outward[0], offset @ self.sideways[0]
        return np.hypot(x, y), np.arctan2(y, x)


def polar_frame(
    endo_mm: FloatArray,
    epi_mm: FloatArray,
    *,
    anterior_rad: float = np.radians(120.0),
    sense: int = 1,
    angles: int = 120,
) -> PolarFrame:
    """Lay polar coordinates into the wall between two contours.

    Parameters
    ----------
    endo_mm, epi_mm
        Closed polygons, shape (n, 2) as (row, column) [mm].
    anterior_rad
        Angle of the anterior insertion on the screen, counter-clockwise from the columns' direction; it becomes the
        display angle 120 [rad].
    sense
        +1 when the slice as stored is seen from the apex, -1 when from the base: then display angles run clockwise.

    Raises
    ------
    InputError
        When a contour has fewer than 8 points, or the wall between them is somewhere thinner than 1 mm.
    """
    for name, polygon in (("endocardial", endo_mm), ("epicardial", epi_mm)):
        if polygon.ndim != 2 or polygon.shape[1] != 2 or len(polygon) < 8 or not np.isfinite(polygon).all():
            raise InputError(
                f"the {name} contour needs at least 8 finite points of (row, column), got shape {polygon.shape}"
            )
    endo, epi = resampled(endo_mm), resampled(epi_mm)
    centre = 0.5 * (_centroid(endo) + _centroid(epi))
    display = 360.0 * np.arange(angles) / angles
    screen_rad = anterior_rad + sense * np.radians(display - 120.0)
    outward = np.stack((-np.sin(screen_rad), np.cos(screen_rad)), axis=-1)
    sideways = sense * np.stack((-np.cos(screen_rad), -np.sin(screen_rad)), axis=-1)
    inner, inner_slope = _radii(endo, centre, outward[0], sideways[0], np.radians(display))
    outer, outer_slope = _radii(epi, centre, outward[0], sideways[0], np.radians(display))
    if np.min(outer - inner) < _THINNEST_MM or np.min(inner) <= 0.0:
        raise InputError(
            f"the wall between the contours is {np.min(outer - inner):.1f} mm thin at its thinnest, "
            f"at least {_THINNEST_MM:g} mm is needed: check that endo- and epicardium are not swapped"
        )
    return PolarFrame(
        centre_mm=centre,
        display_deg=display,
        outward=outward,
        sideways=sideways,
        endo_mm=inner,
        epi_mm=outer,
        endo_slope_mm=inner_slope,
        epi_slope_mm=outer_slope,
    )


def resampled(polygon: FloatArray, points: int = _RESAMPLED) -> FloatArray:
    """Return points at equal distance along a closed polygon."""
    closed = np.vstack((polygon, polygon[:1]))
    steps = np.linalg.norm(np.diff(closed, axis=0), axis=1)
    way = np.concatenate(([0.0], np.cumsum(steps)))
    where = way[-1] * np.arange(points) / points
    return np.stack([np.interp(where, way, closed[:, axis]) for axis in range(2)], axis=-1)


def fourier_matrix(angles_rad: FloatArray, harmonics: int) -> FloatArray:
    """Return columns 1, cos, sin, cos 2, sin 2 ..., shape (angles, 2 harmonics + 1)."""
    columns = [np.ones_like(angles_rad)]
    for order in range(1, harmonics + 1):
        columns += [np.cos(order * angles_rad), np.sin(order * angles_rad)]
    return np.stack(columns, axis=-1)


def fourier_slope(angles_rad: FloatArray, harmonics: int) -> FloatArray:
    """Return the derivatives by angle of the columns of `fourier_matrix`."""
    columns = [np.zeros_like(angles_rad)]
    for order in range(1, harmonics + 1):
        columns += [-order * np.sin(order * angles_rad), order * np.cos(order * angles_rad)]
    return np.stack(columns, axis=-1)


def _centroid(polygon: FloatArray) -> FloatArray:
    following = np.roll(polygon, -1, axis=0)
    cross = polygon[:, 0] * following[:, 1] - polygon[:, 1] * following[:, 0]
    area = cross.sum() / 2.0
    if abs(area) < 1.0:
        raise InputError(f"a contour encloses {abs(area):.2f} mm², a ventricle more than 1: is it a closed polygon?")
    return np.asarray(((polygon + following) * cross[:, None]).sum(axis=0) / (6.0 * area))


def _radii(
    polygon: FloatArray, centre: FloatArray, east: FloatArray, north: FloatArray, angles_rad: FloatArray
) -> tuple[FloatArray, FloatArray]:
    offset = polygon - centre
    x, y = offset @ east, offset @ north
    angle = np.arctan2(y, x)
    coefficients = np.linalg.lstsq(fourier_matrix(angle, _CONTOUR_HARMONICS), np.hypot(x, y), rcond=None)[0]
    return (
        fourier_matrix(angles_rad, _CONTOUR_HARMONICS) @ coefficients,
        fourier_slope(angles_rad, _CONTOUR_HARMONICS) @ coefficients,
    )
