"""A smooth closed surface through contour points of short- and long-axis images, and the volume it encloses.

Slices 8 to 18 mm apart leave the base and the apex to guesswork; long-axis images show both. All points of one frame
are brought together: seen from a point inside the ventricle, the distance of its wall is a smooth function of
direction, written in spherical harmonics and fitted with a penalty on curvature. The lid through the valve points
closes it. The area of a short-axis contour does not change when breath-holding moves its slice; that of a surface
fitted through slices that do not quite match does, so the surface gives the shape and the short-axis areas the scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy.special import sph_harm_y_all

from resynchro.errors import MeasurementError
from resynchro.imaging.cine.valve_plane import ValvePlane, distance_to_lid, seen_through_valves
from resynchro.record.slices import FloatArray

#: Highest degree of the spherical harmonics, and weight of the penalty on curvature. Both were chosen on analytic
#: ventricles with and without noise (docs/cine-mri.md), not on patients.
DEGREE = 6
SMOOTHNESS = 1e-6
#: Where the surface is seen from: this share of the length below the valve plane, on the axis.
_DEPTH = 0.35
#: Short-axis points this close below the valve plane may follow the valve and not the wall [mm].
_VALVE_MARGIN_MM = 5.0
#: Smaller short-axis contours do not scale the surface: their area is mostly error [mm²].
_LEAST_AREA_MM2 = 100.0
#: Areas of short-axis contours beyond these multiples of the surface's contradict it.
_PLAUSIBLE_RATIO = (2.0 / 3.0, 1.5)
#: Fewer points do not fix a surface.
_FEWEST_POINTS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class VentricleSurface:
    """A surface seen from inside.

    Attributes
    ----------
    origin_mm
        Where it is seen from, shape (3,), LPS [mm].
    axes
        Rows are two transverse unit vectors and the one from apex to base, shape (3, 3).
    scale_mm
        Transverse and axial unit of length, shape (3,): a half ellipsoid becomes a half sphere [mm].
    coefficients
        Of the spherical harmonics of the distance, in those units.
    residual_mm
        Root mean square distance of the points from the surface [mm].
    area_ratio
        Rows (height over the origin along the axis [mm], area of the short-axis contour over that of the surface).
    left_out
        Number of short-axis contours that were not used.
    """

    origin_mm: FloatArray
    axes: FloatArray
    scale_mm: FloatArray
    coefficients: FloatArray
    residual_mm: float
    area_ratio: FloatArray
    left_out: int = 0

    def outside_by(self, points_mm: FloatArray) -> FloatArray:
        """Return how far points lie outside, in units of the distance scale; negative inside."""
        seen = (points_mm - self.origin_mm) @ self.axes.T / self.scale_mm
        return np.asarray(np.linalg.norm(seen, axis=1) - _harmonics(seen)[0] @ self.coefficients)


def fitted_surface(
    short_axis_mm: Sequence[FloatArray], long_axis_mm: FloatArray, plane: ValvePlane, apex_mm: FloatArray
) -> VentricleSurface:
    """Fit a smooth surface through the points of one wall in one frame.

    Parameters
    ----------
    short_axis_mm
        One closed contour per short-axis slice, each shape (n, 3), LPS [mm].
    long_axis_mm
        Points on long-axis images, shape (m, 3), LPS [mm].
    plane
        The valves.
    apex_mm
        Apex of the ventricle, shape (3,), LPS [mm]; only fixes the axis.

    Raises
    ------
    MeasurementError
        With fewer than 30 points, or when the apex lies in the plane.

    Notes
    -----
    A short-axis contour whose area is below two thirds or above three halves of the surface's contradicts the long-axis
    images (a basal slice that the valve plane cuts): it is left out and the surface is fitted again.
    """
    length = float(np.linalg.norm(plane.centre_mm - apex_mm))
    below = [contour[plane.height_mm(contour) < -_VALVE_MARGIN_MM] for contour in short_axis_mm]
    whole = [len(kept) == len(contour) for contour, kept in zip(short_axis_mm, below, strict=True)]
    used = [index for index, kept in enumerate(below) if len(kept)]
    for _ in range(2):
        points = np.concatenate([*(below[index] for index in used), long_axis_mm])
        if len(points) < _FEWEST_POINTS or length < 10.0:
            raise MeasurementError(
                f"{len(points)} points and a length of {length:.0f} mm do not make a surface; at least "
                f"{_FEWEST_POINTS} points and 10 mm are needed"
            )
        surface = _fit(points, plane, apex_mm)
        ratios = {index: _area_ratio(surface, short_axis_mm[index]) for index in used if whole[index]}
        low, high = _PLAUSIBLE_RATIO
        against = {index for index, ratio in ratios.items() if ratio is not None and not low <= ratio[1] <= high}
        used = [index for index in used if index not in against]
        if not against:
            break
    kept_ratios = [ratio for index in used if (ratio := ratios.get(index)) is not None]
    return replace(
        surface,
        area_ratio=np.array(sorted(kept_ratios)).T if kept_ratios else surface.area_ratio,
        left_out=len(short_axis_mm) - len(used),
    )


def _fit(points_mm: FloatArray, plane: ValvePlane, apex_mm: FloatArray) -> VentricleSurface:
    length = float(np.linalg.norm(plane.centre_mm - apex_mm))
    along = (plane.centre_mm - apex_mm) / length
    across = np.cross(along, [1.0, 0.0, 0.0] if abs(along[0]) < 0.7 else [0.0, 1.0, 0.0])
    across = across / np.linalg.norm(across)
    axes = np.stack([across, np.cross(along, across), along])
    origin = plane.centre_mm - _DEPTH * length * along
    points_mm = points_mm[~seen_through_valves(plane, origin, points_mm)]
    offset = points_mm - apex_mm
    width = float(np.quantile(np.linalg.norm(offset - np.outer(offset @ along, along), axis=1), 0.9))
    scale = np.array([width, width, length])
    seen = (points_mm - origin) @ axes.T / scale
    distance = np.linalg.norm(seen, axis=1)
    basis, degree = _harmonics(seen)
    weight = _weights(seen / distance[:, None])
    penalty = np.diag(SMOOTHNESS * (degree * (degree + 1.0)) ** 2)
    coefficients = np.linalg.solve((basis * weight[:, None]).T @ basis + penalty, basis.T @ (weight * distance))
    error_mm = (basis @ coefficients - distance) * np.linalg.norm(points_mm - origin, axis=1) / distance
    return VentricleSurface(
        origin_mm=origin,
        axes=axes,
        scale_mm=scale,
        coefficients=coefficients,
        residual_mm=float(np.sqrt(np.sum(weight * error_mm**2))),
        area_ratio=np.array([[0.0], [1.0]]),
    )


def enclosed_volume_ml(surface: VentricleSurface, plane: ValvePlane) -> float:
    """Return the volume between the surface and the lid of the valves, scaled to the short-axis areas [ml]."""
    directions, weights, basis = _sphere()
    rays_mm = (directions * surface.scale_mm) @ surface.axes
    nearer = np.minimum(
        np.maximum(basis @ surface.coefficients, 0.0), distance_to_lid(plane, surface.origin_mm, rays_mm)
    )
    climb_mm = rays_mm @ surface.axes[2]
    nodes, node_weights = np.polynomial.legendre.leggauss(8)
    total = 0.0
    for share, node_weight in zip((nodes + 1.0) / 2.0, node_weights / 2.0, strict=True):
        ratio = np.interp(share * nearer * climb_mm, *surface.area_ratio)
        total += float(np.sum(weights * node_weight * share**2 * nearer**3 * ratio))
    return total * float(np.prod(surface.scale_mm)) / 1000.0


def _area_ratio(surface: VentricleSurface, contour_mm: FloatArray) -> tuple[float, float] | None:
    """Return height and ratio of the contour's area to that of the surface in the contour's plane; None if small."""
    centre = contour_mm.mean(axis=0)
    area = _area_mm2(contour_mm)
    if area < _LEAST_AREA_MM2 or float(surface.outside_by(centre[None, :])[0]) > 0.0:
        return None
    spokes = contour_mm - centre
    # Where each spoke meets the surface, in lengths of the spoke, to a thousandth; beyond these limits the contour
    # contradicts the surface anyway.
    inner, outer = np.full(len(spokes), 0.3), np.full(len(spokes), 2.0)
    for _ in range(11):
        middle = (inner + outer) / 2.0
        inside = surface.outside_by(centre + spokes * middle[:, None]) < 0.0
        inner, outer = np.where(inside, middle, inner), np.where(inside, outer, middle)
    section = _area_mm2(centre + spokes * inner[:, None])
    if section < 0.5 * _LEAST_AREA_MM2:
        return None
    return float((centre - surface.origin_mm) @ surface.axes[2]), area / section


def _area_mm2(polygon_mm: FloatArray) -> float:
    """Return the area of a plane polygon in space [mm²]."""
    spokes = polygon_mm - polygon_mm.mean(axis=0)
    return float(np.linalg.norm(np.cross(spokes, np.roll(spokes, -1, axis=0)).sum(axis=0))) / 2.0


def _weights(directions: FloatArray) -> FloatArray:
    """Return weights that sum to 1; a crowd of points in one direction counts like the root of its number."""
    z = np.clip(((directions[:, 2] + 1.0) * 8.0).astype(int), 0, 15)
    turn = (np.arctan2(directions[:, 1], directions[:, 0]) / (2.0 * np.pi)) % 1.0
    cell = z * 32 + np.minimum((turn * 32.0).astype(int), 31)
    _, index, count = np.unique(cell, return_inverse=True, return_counts=True)
    weight = 1.0 / np.sqrt(count[index])
    return np.asarray(weight / weight.sum())


def _harmonics(vectors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return real spherical harmonics up to `DEGREE` of directions, shape (n, (L + 1)²), and their degrees."""
    length = np.maximum(np.linalg.norm(vectors, axis=1), 1e-12)
    polar = np.arccos(np.clip(vectors[:, 2] / length, -1.0, 1.0))
    turn = np.arctan2(vectors[:, 1], vectors[:, 0])
    value = sph_harm_y_all(DEGREE, DEGREE, polar, turn)
    columns, degrees = [], []
    for degree in range(DEGREE + 1):
        for order in range(degree + 1):
            columns.append(value[degree, order].real * (1.0 if order == 0 else np.sqrt(2.0)))
            degrees.append(degree)
            if order:
                columns.append(np.sqrt(2.0) * value[degree, order].imag)
                degrees.append(degree)
    return np.stack(columns, axis=1), np.array(degrees, dtype=float)


@lru_cache(maxsize=1)
def _sphere() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return directions, quadrature weights and harmonics on a grid of the sphere: Gauss-Legendre x equal angles."""
    z, weight = np.polynomial.legendre.leggauss(64)
    turn = 2.0 * np.pi * (np.arange(96) + 0.5) / 96
    radius = np.sqrt(1.0 - z**2)
    directions = np.stack(
        [np.outer(radius, np.cos(turn)), np.outer(radius, np.sin(turn)), np.outer(z, np.ones(96))], axis=-1
    ).reshape(-1, 3)
    weights = np.repeat(weight, 96) * 2.0 * np.pi / 96
    return directions, weights, _harmonics(directions)[0]
