"""What a report says about a heart, measured on its mesh: cavities, muscle, length, thickness of the walls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from resynchro.errors import MeasurementError
from resynchro.heart.heart import RV_FREE_WALL, SEPTUM, Heart
from resynchro.heart.mesh import FloatArray, HeartMesh, IndexArray
from resynchro.heart.surface_elements import elements_under
from resynchro.record.segments import segments_of

#: Density of heart muscle [g/mL], as in the recommendations for LV mass. Lang RM, et al. J Am Soc Echocardiogr
#: 2015;28:1-39, doi:10.1016/j.echo.2014.10.003.
MUSCLE_G_PER_ML = 1.05
#: Triangles of the outer surface that are tried for the nearest point.
_NEIGHBOURS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartSize:
    """Sizes of both ventricles as the mesh has them.

    Attributes
    ----------
    lv_cavity_ml, rv_cavity_ml
        Up to flat lids over the openings at the base [mL].
    lv_mass_g, septum_mass_g, rv_mass_g
        Muscle of the LV with the septum, of the septum alone, and of the RV free wall [g], 1.05 g/mL.
    lv_length_mm
        From the base to the apex of the landmarks [mm].
    segment_ml
        Muscle of each segment of the 17-segment model [mL]; segments without elements are absent.
    segment_wall_mm
        Mean thickness over the endocardium of each segment [mm]; segment 17 only where endocardium belongs to it.
    rv_wall_mm
        Mean thickness of the RV free wall [mm]; None without one.
    """

    lv_cavity_ml: float
    rv_cavity_ml: float
    lv_mass_g: float
    septum_mass_g: float
    rv_mass_g: float
    lv_length_mm: float
    segment_ml: Mapping[int, float]
    segment_wall_mm: Mapping[int, float]
    rv_wall_mm: float | None


def heart_size(heart: Heart) -> HeartSize:
    """Measure cavities, muscle and walls of a heart.

    Raises
    ------
    MeasurementError
        When the endocardium of a ventricle is missing or its edge is no closed line.
    """
    mesh = heart.mesh
    ml = mesh.volumes_mm3 / 1000.0
    by_segment = np.bincount(heart.segment, weights=ml, minlength=18)
    segment_wall, rv_wall = wall_thickness_mm(heart)
    return HeartSize(
        lv_cavity_ml=cavity_ml(mesh.points_mm, mesh.lv_endocardium),
        rv_cavity_ml=cavity_ml(mesh.points_mm, mesh.rv_endocardium),
        lv_mass_g=MUSCLE_G_PER_ML * float(ml[heart.wall != RV_FREE_WALL].sum()),
        septum_mass_g=MUSCLE_G_PER_ML * float(ml[heart.wall == SEPTUM].sum()),
        rv_mass_g=MUSCLE_G_PER_ML * float(ml[heart.wall == RV_FREE_WALL].sum()),
        lv_length_mm=float(np.linalg.norm(heart.landmarks.apex_mm - heart.landmarks.base_mm)),
        segment_ml={segment: float(by_segment[segment]) for segment in segments_of("aha17") if by_segment[segment] > 0},
        segment_wall_mm=segment_wall,
        rv_wall_mm=rv_wall,
    )


def cavity_ml(points_mm: FloatArray, endocardium: IndexArray) -> float:
    """Return the volume that an endocardial surface encloses with lids over its openings.

    Parameters
    ----------
    points_mm
        Shape (n, 3) [mm].
    endocardium
        Triangles that all turn the same way, shape (k, 3).

    Returns
    -------
    float
        [mL]. Each opening is closed by triangles from its edge to the middle of the edge.

    Raises
    ------
    MeasurementError
        When there is no surface or its edge is no closed line.

    Notes
    -----
    By the divergence theorem: a sixth of the sum of the determinants of all triangles, lids included. Exact for the
    surface; how far a lid reaches into the outflow tract is a matter of where the mesh was cut.
    """
    if len(endocardium) == 0:
        raise MeasurementError(
            "the volume of a cavity needs its endocardium, which has no triangles: label the surface"
        )
    lids = [points_mm[edge] for edge in _openings(endocardium)]
    origin = points_mm[endocardium].mean(axis=(0, 1))
    total = _cone_mm3(*np.moveaxis(points_mm[endocardium] - origin, 1, 0))
    for edge in lids:
        middle = edge.mean(axis=0) - origin
        # The lid's triangles turn like the surface: along its edge the other way round than the surface does.
        total += _cone_mm3(np.roll(edge, -1, axis=0) - origin, edge - origin, np.broadcast_to(middle, edge.shape))
    return abs(total) / 1000.0


def _cone_mm3(one: FloatArray, two: FloatArray, three: FloatArray) -> float:
    return float(np.einsum("ij,ij->", np.cross(one, two), three)) / 6.0


def _openings(triangles: IndexArray) -> list[IndexArray]:
    """Return the nodes of each edge line of a surface, in the direction in which its triangles run along it."""
    directed = triangles[:, [(0, 1), (1, 2), (2, 0)]].reshape(-1, 2).astype(np.int64)
    size = int(directed.max()) + 1
    code, reverse = directed[:, 0] * size + directed[:, 1], directed[:, 1] * size + directed[:, 0]
    edge = directed[~np.isin(code, reverse)]
    following = dict(edge.tolist())
    if len(following) != len(edge) or sorted(following) != sorted(following.values()):
        raise MeasurementError(
            "the edge of an endocardial surface is no closed line, or two of them touch: check the labels of the "
            "surfaces and that their triangles turn the same way"
        )
    lines = []
    while following:
        start, node = following.popitem()
        line = [start]
        while node != start:
            line.append(node)
            node = following.pop(node)
        lines.append(np.array(line, dtype=np.int32))
    return lines


def wall_thickness_mm(heart: Heart) -> tuple[dict[int, float], float | None]:
    """Return the thickness of the LV wall per segment and that of the RV free wall.

    Returns
    -------
    tuple
        Mean by segment of the 17-segment model, weighted by area [mm]; mean of the RV free wall, None without one.

    Notes
    -----
    From the middle of each endocardial triangle straight to the nearest point of the outer side: the epicardium, and
    for the septum its right side. Where walls curve or meet this is the shortest way, never a slanting one.
    """
    mesh = heart.mesh
    right_wall = heart.wall[elements_under(mesh.tetrahedra, mesh.rv_endocardium)]
    lv_outer = np.concatenate([mesh.epicardium, mesh.rv_endocardium[right_wall != RV_FREE_WALL]])
    lv_under = elements_under(mesh.tetrahedra, mesh.lv_endocardium)
    lv_mm = _distances_mm(mesh, mesh.lv_endocardium, lv_outer)
    area = _areas_mm2(mesh, mesh.lv_endocardium)
    segment = np.where(lv_under >= 0, heart.segment[lv_under], 0)
    found = {
        number: float(np.average(lv_mm[segment == number], weights=area[segment == number]))
        for number in segments_of("aha17")
        if (segment == number).any()
    }
    rv_inner = mesh.rv_endocardium[right_wall == RV_FREE_WALL]
    if not len(rv_inner):
        return found, None
    rv_mm = _distances_mm(mesh, rv_inner, mesh.epicardium)
    return found, float(np.average(rv_mm, weights=_areas_mm2(mesh, rv_inner)))


def _areas_mm2(mesh: HeartMesh, triangles: IndexArray) -> FloatArray:
    corner = mesh.points_mm[triangles]
    return np.asarray(0.5 * np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1))


def _distances_mm(mesh: HeartMesh, inner: IndexArray, outer: IndexArray) -> FloatArray:
    """Return the distance from the middle of each inner triangle to the outer surface, shape (k,) [mm]."""
    if len(outer) == 0:
        raise MeasurementError("the thickness of a wall needs its outer side, which has no triangles: label it")
    start, corner = mesh.points_mm[inner].mean(axis=1), mesh.points_mm[outer]
    _, near = cKDTree(corner.mean(axis=1)).query(start, k=min(_NEIGHBOURS, len(outer)))
    near = near.reshape(len(start), -1)
    best = np.full(len(start), np.inf)
    for column in near.T:
        best = np.minimum(best, np.linalg.norm(start - _nearest_on(start, corner[column]), axis=1))
    return best


def _nearest_on(point: FloatArray, corner: FloatArray) -> FloatArray:
    """Return the nearest point of each triangle to each point, shape (k, 3)."""
    a, ab, ac = corner[:, 0], corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    ap = point - a
    gram = [np.einsum("ij,ij->i", one, two) for one, two in ((ab, ab), (ab, ac), (ac, ac), (ap, ab), (ap, ac))]
    determinant = np.maximum(gram[0] * gram[2] - gram[1] ** 2, 1e-30)
    v = (gram[2] * gram[3] - gram[1] * gram[4]) / determinant
    w = (gram[0] * gram[4] - gram[1] * gram[3]) / determinant
    best = a + v[:, None] * ab + w[:, None] * ac
    outside = (v < 0.0) | (w < 0.0) | (v + w > 1.0)
    least = np.where(outside, np.inf, 0.0)
    for one, other in ((0, 1), (1, 2), (2, 0)):  # the nearest point of a triangle's edges, where the foot lies outside
        start, along = corner[:, one], corner[:, other] - corner[:, one]
        share = np.einsum("ij,ij->i", point - start, along) / np.maximum(np.einsum("ij,ij->i", along, along), 1e-30)
        foot = start + np.clip(share, 0.0, 1.0)[:, None] * along
        away = np.linalg.norm(point - foot, axis=1)
        nearer = outside & (away < least)
        best[nearer], least[nearer] = foot[nearer], away[nearer]
    return np.asarray(best)
