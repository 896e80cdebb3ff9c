"""The shape of the template for given sizes, in the heart's own axes: lateral, anterior, from the apex to the base."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.sparse import coo_array, csr_array

from resynchro.errors import InputError
from resynchro.heart.mesh import FloatArray, IndexArray
from resynchro.heart.septum import node_normals
from resynchro.heart.template_parameters import TemplateParameters
from resynchro.heart.template_sheet import (
    SEPTUM_CENTRE_DEG,
    TemplateSheet,
    insertion_half_width_deg,
    insertion_level,
)
from resynchro.heart.wall_sheets import Topology, WallSheets

#: The endocardium is an ellipse cut a little above its widest place [rad].
_CUT_RAD = 0.57 * math.pi
#: Above this part of the meridian the wall turns to stand on a flat base.
_FLAT_FROM = 0.75
#: Thinning towards the apex starts here.
_THIN_BELOW = 0.35
#: Below 1 the right ventricle is wide up to its insertions, a crescent; 1 makes it a cone.
_FULLNESS = 0.8
#: How far the direction across the RV wall is smoothed from its insertion, as a share of its thickness squared.
_TURNING = 2.0


def _smooth_step(x: FloatArray) -> FloatArray:
    x = np.clip(x, 0.0, 1.0)
    return np.asarray(x * x * (3.0 - 2.0 * x))


def _meridian(u: FloatArray, radius_mm: float, length_mm: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Radius, height and outward normal (radial, axial) of the endocardium at parts u of its arc length."""
    half_axis = length_mm / (1.0 - math.cos(_CUT_RAD))
    turn = np.linspace(0.0, _CUT_RAD, 2001)
    speed = np.hypot(radius_mm * np.cos(turn), half_axis * np.sin(turn))
    arc = np.concatenate([[0.0], np.cumsum(0.5 * (speed[1:] + speed[:-1]) * np.diff(turn))])
    at = np.interp(u * arc[-1], arc, turn)
    normal = np.stack([np.sin(at) * half_axis, -np.cos(at) * radius_mm], axis=-1)
    normal[..., 1] *= 1.0 - _smooth_step((u - _FLAT_FROM) / (1.0 - _FLAT_FROM))
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return radius_mm * np.sin(at), half_axis * (1.0 - np.cos(at)), normal


def wall_thickness_mm(parameters: TemplateParameters, u: FloatArray, rotation_deg: FloatArray) -> FloatArray:
    """Return the thickness of the LV wall: four walls blended around, thinner towards the apex, shape (c,) [mm]."""
    angle = np.radians(rotation_deg)
    across, up = np.cos(angle), np.sin(angle)
    side = np.where(across > 0, parameters.lateral_wall_mm, parameters.septal_wall_mm)
    front = np.where(up > 0, parameters.anterior_wall_mm, parameters.inferior_wall_mm)
    full = side * across**2 + front * up**2
    return np.asarray(parameters.apical_wall_mm + (full - parameters.apical_wall_mm) * _smooth_step(u / _THIN_BELOW))


def enclosed_ml(points_mm: FloatArray, triangles: IndexArray, centre_mm: FloatArray) -> float:
    """Return the volume of the cones from a centre to the triangles [mL]; the sign tells their orientation.

    With the centre in the plane of the base that is the cavity under an open surface; the difference between two
    surfaces with a common edge is the volume between them.
    """
    corner = points_mm[triangles] - centre_mm
    return float(np.einsum("ij,ij->i", np.cross(corner[:, 0], corner[:, 1]), corner[:, 2]).sum() / 6000.0)


def template_walls(parameters: TemplateParameters, sheet: TemplateSheet, topology: Topology) -> WallSheets:
    """Build the four surfaces so that both cavities have the wanted volume.

    Parameters
    ----------
    parameters
        Sizes.
    sheet, topology
        Of the wanted edge length.

    Returns
    -------
    WallSheets
        In the heart's axes: x to the lateral wall, y to the anterior wall, z from the endocardial apex (0) to the
        base; x cross y points to the apex, so the axes are left-handed until they are turned into the body.

    Raises
    ------
    InputError
        When no right ventricle of the wanted volume fits on this left ventricle.
    """

    base = np.array([0.0, 0.0, parameters.lv_length_mm])

    def lv_excess_ml(radius_mm: float) -> float:
        inner = _endocardium(sheet.u, sheet.rotation_deg, radius_mm, parameters.lv_length_mm)[0]
        return abs(enclosed_ml(inner, sheet.triangles, base)) - parameters.lv_edv_ml

    radius_mm = float(brentq(lv_excess_ml, 3.0, 120.0, xtol=1e-6))
    inner, _ = _endocardium(sheet.u, sheet.rotation_deg, radius_mm, parameters.lv_length_mm)
    outer, _ = _outer_side(parameters, radius_mm, sheet.u, sheet.rotation_deg)
    rv_inner = _right_ventricle(parameters, sheet, topology, radius_mm, outer)
    rv_outer = rv_inner + parameters.rv_wall_mm * rv_wall_directions(
        sheet, topology, outer, rv_inner, parameters.rv_wall_mm
    )
    return WallSheets(lv_inner=inner, lv_outer=outer, rv_inner=rv_inner, rv_outer=rv_outer)


def _endocardium(
    u: FloatArray, rotation_deg: FloatArray, radius_mm: float, length_mm: float
) -> tuple[FloatArray, FloatArray]:
    """Points of the LV endocardium and unit vectors across the wall there, shape (..., 3) each."""
    radius, height, normal = _meridian(u, radius_mm, length_mm)
    angle = np.radians(rotation_deg)
    direction = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    points = np.concatenate([radius[..., None] * direction, height[..., None]], axis=-1)
    return points, np.concatenate([normal[..., :1] * direction, normal[..., 1:]], axis=-1)


def _outer_side(
    parameters: TemplateParameters, radius_mm: float, u: FloatArray, rotation_deg: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Points of the outer side of the LV wall and unit vectors out of it, shape (..., 3) each."""
    inner, outwards = _endocardium(u, rotation_deg, radius_mm, parameters.lv_length_mm)
    return inner + wall_thickness_mm(parameters, u, rotation_deg)[..., None] * outwards, outwards


def _rv_surface(sheet: TemplateSheet, topology: Topology, outer: FloatArray, rv_inner: FloatArray) -> FloatArray:
    """RV free wall's endocardium with the insertion as its edge, by column of the sheet, shape (c, 3)."""
    surface = outer.copy()
    surface[topology.septal_columns] = rv_inner
    return surface


def _right_ventricle(
    parameters: TemplateParameters, sheet: TemplateSheet, topology: Topology, radius_mm: float, outer: FloatArray
) -> FloatArray:
    """Bulge the RV free wall from the septum until the cavity has its volume."""
    columns = topology.septal_columns
    u, rotation_deg = sheet.u[columns], sheet.rotation_deg[columns]
    under = sheet.triangles[sheet.septal]
    base = np.array([0.0, 0.0, parameters.lv_length_mm])

    def bulged(depth_mm: float) -> FloatArray:
        return _spread_bulge(parameters, radius_mm, depth_mm, u, rotation_deg)

    def excess_ml(depth_mm: float) -> float:
        free_wall = enclosed_ml(_rv_surface(sheet, topology, outer, bulged(depth_mm)), under, base)
        return abs(free_wall - enclosed_ml(outer, under, base)) - parameters.rv_edv_ml

    if excess_ml(5.0) > 0 or excess_ml(120.0) < 0:
        raise InputError(
            f"no right ventricle of {parameters.rv_edv_ml:g} mL fits on this left ventricle: check rv_edv_ml, "
            "lv_edv_ml and lv_length_mm"
        )
    return bulged(float(brentq(excess_ml, 5.0, 120.0, xtol=1e-4)))


def _spread_bulge(
    parameters: TemplateParameters, radius_mm: float, depth_mm: float, u: FloatArray, rotation_deg: FloatArray
) -> FloatArray:
    """RV endocardium of the free wall over places of the septum, spread evenly along each arc, shape (s, 3)."""
    edge_deg = insertion_half_width_deg(u)
    part = np.clip((rotation_deg - SEPTUM_CENTRE_DEG) / edge_deg, -1.0, 1.0)
    arc_deg = SEPTUM_CENTRE_DEG + edge_deg[:, None] * np.linspace(-1.0, 1.0, 61)
    along_u = np.broadcast_to(u[:, None], arc_deg.shape)
    on_septum, outwards = _outer_side(parameters, radius_mm, along_u, arc_deg)
    level = np.maximum(insertion_level(along_u, arc_deg), 0.0) ** _FULLNESS
    arc = on_septum + depth_mm * level[..., None] * outwards
    length = np.linalg.norm(np.diff(arc, axis=1), axis=2)
    along = np.concatenate([np.zeros((len(u), 1)), np.cumsum(length, axis=1)], axis=1)
    wanted = 0.5 * (part + 1.0) * along[:, -1]
    right = np.clip((along < wanted[:, None]).sum(axis=1), 1, 60)
    row = np.arange(len(u))
    share = (wanted - along[row, right - 1]) / np.maximum(along[row, right] - along[row, right - 1], 1e-9)
    return np.asarray(arc[row, right - 1] + share[:, None] * (arc[row, right] - arc[row, right - 1]))


def rv_wall_directions(
    sheet: TemplateSheet, topology: Topology, outer: FloatArray, rv_inner: FloatArray, wall_mm: float
) -> FloatArray:
    """Return the directions across the RV free wall at the septal columns.

    Parameters
    ----------
    sheet, topology
        Of one edge length.
    outer, rv_inner
        As in `WallSheets`, in the heart's left-handed axes [mm].
    wall_mm
        Thickness of the wall [mm].

    Returns
    -------
    ndarray
        Unit vectors, shape (s, 3): normals of the endocardium, level with the base at its rim. Over one thickness of
        the wall from the insertion they turn to where the wall stands on the left ventricle, or elements would fold.
    """
    surface = _rv_surface(sheet, topology, outer, rv_inner)
    triangles = sheet.triangles[sheet.septal]
    # The sheet is counter-clockwise from outside the heart, in left-handed axes.
    normal = -node_normals(surface, triangles)
    normal[:, 2] *= 1.0 - _smooth_step((sheet.u - _FLAT_FROM) / (1.0 - _FLAT_FROM))
    normal[sheet.insertion[0]] = outer[sheet.insertion[-1]] - outer[sheet.insertion[0]]
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    pairs = np.concatenate([pairs, pairs[:, ::-1]])
    edge_mm = float(np.median(np.linalg.norm(surface[pairs[:, 0]] - surface[pairs[:, 1]], axis=1)))
    share = 1.0 / np.maximum(np.bincount(pairs[:, 0], minlength=len(surface)), 1)[pairs[:, 0]]
    mean = csr_array(coo_array((share, (pairs[:, 0], pairs[:, 1])), shape=(len(surface),) * 2))
    free = topology.septal_columns
    # Averaging with the neighbours n times spreads what holds at the insertion over about sqrt(n) edges.
    for _ in range(max(2, round(_TURNING * (wall_mm / edge_mm) ** 2))):
        normal[free] = (mean @ normal)[free]
    return np.asarray(normal[free] / np.linalg.norm(normal[free], axis=1)[:, None])
