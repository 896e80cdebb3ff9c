"""Smooth displacements on the template's sheet: polynomials on the bullseye, and how much they bend."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial.legendre import legder, legvander
from numpy.typing import NDArray

from resynchro.heart.mesh import FloatArray
from resynchro.heart.template_sheet import (
    RV_APEX,
    SEPTUM_CENTRE_DEG,
    SEPTUM_HALF_WIDTH_DEG,
    insertion_level,
)

#: Lengths of the normal heart that turn derivatives on the bullseye into derivatives along the wall [mm].
_MERIDIAN_MM, _WIDEST_MM = 105.0, 30.5
#: The same for the free wall of the right ventricle: half its arc, and its height.
_FREE_HALF_ARC_MM, _FREE_HEIGHT_MM = 70.0, 80.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SmoothFields:
    """A basis of scalar fields on (part of) the sheet.

    Attributes
    ----------
    degree
        Of the polynomials, in both directions together.
    stretch, bend
        Quadratic forms, shape (k, k): mean square of the first derivatives [1/mm2], and of the second derivatives
        [1/mm4], along the wall of the normal heart.
    """

    degree: int
    stretch: FloatArray
    bend: FloatArray


def _exponents(degree: int) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    first, second = np.meshgrid(np.arange(degree + 1), np.arange(degree + 1), indexing="ij")
    kept = (first + second) <= degree
    return first[kept], second[kept]


def _products(x: FloatArray, y: FloatArray, degree: int, order: tuple[int, int] = (0, 0)) -> FloatArray:
    """Products of Legendre polynomials (or their derivatives of an order in x and y), shape (n, k)."""
    tables = []
    for values, derivative in ((x, order[0]), (y, order[1])):
        if derivative == 0:
            tables.append(legvander(values, degree))
            continue
        coefficients = legder(np.eye(degree + 1), derivative, axis=0)
        tables.append(legvander(values, coefficients.shape[0] - 1) @ coefficients)
    first, second = _exponents(degree)
    return np.asarray(tables[0][:, first] * tables[1][:, second])


def wall_values(u: FloatArray, rotation_deg: FloatArray, degree: int) -> FloatArray:
    """Return the fields of the LV wall at places of the sheet, shape (n, k)."""
    angle = np.radians(rotation_deg)
    return _products(u * np.cos(angle), u * np.sin(angle), degree)


def free_wall_values(u: FloatArray, rotation_deg: FloatArray, degree: int) -> FloatArray:
    """Return the fields of the RV free wall at places of the septum; 0 on the line of insertion, shape (n, k)."""
    level = np.maximum(insertion_level(u, rotation_deg), 0.0)
    across, down = _on_septum(u, rotation_deg)
    return np.asarray(level[:, None] * _products(across, down, degree))


def _on_septum(u: FloatArray, rotation_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
    across = (rotation_deg - SEPTUM_CENTRE_DEG) / SEPTUM_HALF_WIDTH_DEG
    down = 1.0 - 2.0 * (1.0 - u) / (1.0 - RV_APEX)
    return np.clip(across, -1.05, 1.05), np.clip(down, -1.05, 1.05)


@lru_cache(maxsize=4)
def wall_fields(degree: int) -> SmoothFields:
    """Prepare the fields of the LV wall."""
    nodes, weights = np.polynomial.legendre.leggauss(degree + 8)
    radius = 0.5 * (nodes + 1.0)
    turns = 2 * degree + 17
    u, angle = (grid.ravel() for grid in np.meshgrid(radius, 2.0 * np.pi * np.arange(turns) / turns, indexing="ij"))
    around_mm = _WIDEST_MM * np.sin(np.pi * 0.57 * u) ** 0.86
    narrow = np.minimum(np.maximum(_MERIDIAN_MM * u / np.maximum(around_mm, 1e-9), 1.0), 4.0)
    area = np.repeat(weights, turns) * u / narrow
    area /= area.sum()
    x, y = u * np.cos(angle), u * np.sin(angle)
    cosine, sine = np.cos(angle)[:, None], np.sin(angle)[:, None]
    fx, fy = (_products(x, y, degree, order) / _MERIDIAN_MM for order in ((1, 0), (0, 1)))
    fxx, fxy, fyy = (_products(x, y, degree, order) / _MERIDIAN_MM**2 for order in ((2, 0), (1, 1), (0, 2)))
    # Along the meridian and around: a step around on the bullseye is `narrow` times shorter on the wall.
    outward, around = cosine * fx + sine * fy, (cosine * fy - sine * fx) * narrow[:, None]
    second = (
        (cosine**2 * fxx + 2.0 * cosine * sine * fxy + sine**2 * fyy, 1.0),
        ((cosine * sine * (fyy - fxx) + (cosine**2 - sine**2) * fxy) * narrow[:, None], 2.0),
        ((sine**2 * fxx - 2.0 * cosine * sine * fxy + cosine**2 * fyy) * narrow[:, None] ** 2, 1.0),
    )
    return SmoothFields(
        degree=degree,
        stretch=_form(((outward, 1.0), (around, 1.0)), area),
        bend=_form(second, area),
    )


@lru_cache(maxsize=4)
def free_wall_fields(degree: int) -> SmoothFields:
    """Prepare the fields of the RV free wall; the forms are those of the factor before the level of insertion."""
    nodes, weights = np.polynomial.legendre.leggauss(degree + 6)
    across, down = (grid.ravel() for grid in np.meshgrid(nodes, nodes, indexing="ij"))
    u = 1.0 - 0.5 * (1.0 - down) * (1.0 - RV_APEX)
    inside = insertion_level(u, SEPTUM_CENTRE_DEG + SEPTUM_HALF_WIDTH_DEG * across) > 0.0
    area = (weights[:, None] * weights[None, :]).ravel() * inside
    area /= area.sum()
    a, b = _FREE_HALF_ARC_MM, 0.5 * _FREE_HEIGHT_MM
    first = [(_products(across, down, degree, order) / scale, 1.0) for order, scale in (((1, 0), a), ((0, 1), b))]
    second = [
        (_products(across, down, degree, order) / scale, times)
        for order, scale, times in (((2, 0), a * a, 1.0), ((1, 1), a * b, 2.0), ((0, 2), b * b, 1.0))
    ]
    return SmoothFields(degree=degree, stretch=_form(first, area), bend=_form(second, area))


def _form(parts: tuple[tuple[FloatArray, float], ...] | list[tuple[FloatArray, float]], area: FloatArray) -> FloatArray:
    form = sum(times * (values * area[:, None]).T @ values for values, times in parts)
    result = np.asarray(form)
    result.setflags(write=False)
    return result
