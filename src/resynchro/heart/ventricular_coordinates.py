"""Ventricular coordinates, walls and segments of any biventricular mesh, from its four surfaces alone.

In the spirit of consistent biventricular coordinates (Schuler S, et al. Med Image Anal 2021;74:102247,
doi:10.1016/j.media.2021.102247): every coordinate is in proportion to a length, so that thirds are thirds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from resynchro.errors import MeasurementError
from resynchro.heart.element_segments import segments_at
from resynchro.heart.heart import RV_FREE_WALL, VentricularCoordinates
from resynchro.heart.laplace import stiffness_matrix
from resynchro.heart.long_axis import LongAxis, long_axis_of
from resynchro.heart.mesh import FloatArray, HeartMesh, IndexArray
from resynchro.heart.septum import septal_triangles
from resynchro.heart.walls import MeshPart, mesh_part, outer_nodes, walls_of
from resynchro.record.segments import ANTERIOR_INSERTION_DEG, INFERIOR_INSERTION_DEG
from resynchro.record.veins import LvLandmarks


@dataclass(frozen=True, slots=True, kw_only=True)
class VentricularPlaces:
    """Where every node and every tetrahedron of a heart lies.

    Attributes
    ----------
    coordinates
        Per node.
    wall
        Per tetrahedron, shape (m,), int8, of `resynchro.heart.heart`.
    segment
        Per tetrahedron, shape (m,), int8: 1 to 17, 0 in the free wall of the right ventricle.
    landmarks
        Of the left ventricle: middle of the mitral ring, tip of the cavity, anterior insertion.
    insertions_deg
        Angles around the long axis at which the right ventricle was found to insert in front and behind, with the
        middle of the septum at 180 [deg]. They become 120 and 240.
    heart_axes
        Rows of unit length at right angles to each other, shape (3, 3): base to apex; long axis to the middle of the
        septum; long axis to the anterior wall, as in `standard_heart_axes`.
    """

    coordinates: VentricularCoordinates
    wall: NDArray[np.int8]
    segment: NDArray[np.int8]
    landmarks: LvLandmarks
    insertions_deg: tuple[float, float]
    heart_axes: FloatArray


def ventricular_coordinates(mesh: HeartMesh, *, stiffness: sparse.csr_array | None = None) -> VentricularPlaces:
    """Find coordinates, walls, segments and landmarks of a biventricular mesh.

    Parameters
    ----------
    mesh
        Both ventricles with labelled surfaces, in any position, not mirrored.
    stiffness
        Of its tetrahedra, when it is at hand.

    Returns
    -------
    VentricularPlaces
        See there.

    Raises
    ------
    MeasurementError
        When surfaces are missing, or the right ventricle's insertions cannot be found.

    Notes
    -----
    Apicobasal: on the left endocardium the way to the apex over the way to the apex plus the way to the base, along
    the surface; from there by Laplace's equation. Transmural: Laplace's equation between both sides of each wall (in a
    thick ring it is logarithmic: 0.54 in the middle of a wall of 8 mm around a cavity of 22 mm radius). Rotation: angle
    around the long axis, from the anterior to the inferior insertion in proportion, and so in the free wall; the
    insertions are those of the basal half, and hold for all levels as in the 17-segment model. In the free wall of the
    right ventricle apicobasal and rotation are continued from where it meets the left one. Segments go by thirds of
    the long axis from the mitral ring to the tip of the cavity, beyond it 17.
    The septum tells front from back by the handedness of hearts: a mirrored mesh gets both exchanged.
    """
    matrix = stiffness_matrix(mesh.points_mm, mesh.tetrahedra) if stiffness is None else stiffness
    septal = septal_triangles(mesh, matrix)
    wall = walls_of(mesh, matrix, septal)
    axis = long_axis_of(mesh, septal)
    coordinates = _coordinates(mesh, wall, septal, axis)
    middle = mesh.points_mm[mesh.tetrahedra].mean(axis=1)
    segment = segments_at(axis.depth(middle), axis.rotation_deg(middle)).astype(np.int8)
    segment[wall == RV_FREE_WALL] = 0
    heart_axes = np.stack([axis.apical, -axis.lateral, axis.anterior])
    for array in (wall, segment, heart_axes):
        array.setflags(write=False)
    return VentricularPlaces(
        coordinates=coordinates,
        wall=wall,
        segment=segment,
        landmarks=axis.landmarks,
        insertions_deg=axis.insertions_deg,
        heart_axes=heart_axes,
    )


def _coordinates(
    mesh: HeartMesh, wall: NDArray[np.int8], septal: NDArray[np.bool_], axis: LongAxis
) -> VentricularCoordinates:
    right = wall == RV_FREE_WALL
    left_part, right_part = mesh_part(mesh, ~right), mesh_part(mesh, right)
    in_left = left_part.number >= 0
    meeting = np.flatnonzero(in_left & (right_part.number >= 0)).astype(np.int32)
    apicobasal = _apicobasal(mesh, left_part, right_part, meeting, axis)
    rotation = axis.rotation_deg(mesh.points_mm)
    edge = np.clip(rotation[meeting], ANTERIOR_INSERTION_DEG, INFERIOR_INSERTION_DEG)
    # Linear elements with obtuse angles overshoot the values on the edge by a hundredth of a degree.
    solved = np.clip(right_part.solution(meeting, edge), ANTERIOR_INSERTION_DEG, INFERIOR_INSERTION_DEG)
    rotation[~in_left] = solved[~in_left]
    inner = np.unique(mesh.lv_endocardium)
    outer = np.setdiff1d(np.union1d(outer_nodes(mesh, wall), np.unique(mesh.rv_endocardium[septal])), inner)
    transmural = left_part.solution(*_zero_one(inner, outer))
    free = np.unique(mesh.rv_endocardium[~septal])
    transmural_right = right_part.solution(*_zero_one(free, np.setdiff1d(np.unique(mesh.epicardium), free)))
    transmural[~in_left] = transmural_right[~in_left]
    rv = ~in_left
    for array in (apicobasal, rotation, transmural, rv):
        array.setflags(write=False)
    return VentricularCoordinates(apicobasal=apicobasal, rotation_deg=rotation, transmural=transmural, rv=rv)


def _zero_one(zero: IndexArray, one: IndexArray) -> tuple[IndexArray, FloatArray]:
    return np.concatenate([zero, one]), np.repeat([0.0, 1.0], [len(zero), len(one)])


def _apicobasal(
    mesh: HeartMesh, left_part: MeshPart, right_part: MeshPart, meeting: IndexArray, axis: LongAxis
) -> FloatArray:
    """Shape (n,): from the left endocardium through its wall, then over the free wall of the right ventricle."""
    inner, base = np.unique(mesh.lv_endocardium), np.unique(mesh.base)
    distance = _distances_on_surface(
        mesh.points_mm, mesh.lv_endocardium, [np.array([axis.apex_node]), np.intersect1d(inner, base)]
    )
    share = distance[0, inner] / (distance[0, inner] + distance[1, inner])
    # Under the tip of the cavity the muscle is apex through and through.
    nodes, index = np.unique(np.concatenate([inner, base, [axis.outer_apex_node]]), return_index=True)
    values = np.concatenate([share, np.ones(len(base)), [0.0]])[index]
    left = left_part.solution(nodes, values)
    edge, edge_index = np.unique(np.concatenate([base, meeting]), return_index=True)
    edge_values = np.concatenate([np.ones(len(base)), left[meeting]])[edge_index]
    whole = right_part.solution(edge, edge_values)
    whole[left_part.inside] = left[left_part.inside]
    return whole


def _distances_on_surface(points_mm: FloatArray, triangles: IndexArray, starts: list[IndexArray]) -> FloatArray:
    """Return shortest ways along a surface from each set of nodes, shape (sets, n) [mm]; infinite off the surface.

    Ways lead along edges and straight over pairs of triangles: exact along rows of nodes, up to 11 % longer than the
    shortest across them on even meshes. The share of two such ways is nearer to the truth than either.
    """
    sides = np.concatenate([triangles[:, [0, 1, 2]], triangles[:, [1, 2, 0]], triangles[:, [2, 0, 1]]])
    side = np.sort(sides[:, :2], axis=1).astype(np.int64)
    order = np.lexsort((side[:, 1], side[:, 0]))
    same = np.flatnonzero((np.diff(side[order], axis=0) == 0).all(axis=1))
    over = np.column_stack([sides[order[same], 2], sides[order[same + 1], 2]])
    edges = np.unique(np.sort(np.concatenate([side, over]), axis=1), axis=0)
    length = np.linalg.norm(points_mm[edges[:, 0]] - points_mm[edges[:, 1]], axis=1)
    size = len(points_mm)
    graph = sparse.csr_array((length, (edges[:, 0], edges[:, 1])), shape=(size, size))
    found = []
    for start in starts:
        if len(start) == 0:
            raise MeasurementError("the left endocardium does not meet the base: check the labels of the surfaces")
        found.append(dijkstra(graph, directed=False, indices=start, min_only=True))
    distances = np.stack(found)
    if not np.isfinite(distances[:, np.unique(triangles)]).all():
        raise MeasurementError("the left endocardium is not one connected surface: label it again")
    return distances
