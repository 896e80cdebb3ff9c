"""Fibre directions by rule: an angle that turns across the wall, measured in a frame that follows the wall.

The idea of a rule on solutions of Laplace's equation is that of Bayer JD, et al. Ann Biomed Eng 2012;40:2243-2254,
doi:10.1007/s10439-012-0593-5. There two frames are blended, which can flip in the middle of the septum and jumps where
the right ventricle inserts. Here the *angle itself* and the *direction across the wall* are the fields without sources
that take their values on the surfaces, so that both are continuous by construction everywhere but on the line of
insertion, and the septum is a wall of the left ventricle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from resynchro.errors import MeasurementError
from resynchro.heart.laplace import (
    element_gradients,
    laplace_solution,
    nodal_means,
    shape_gradients,
    stiffness_matrix,
)
from resynchro.heart.long_axis import ends_of_long_axis
from resynchro.heart.mesh import FloatArray, HeartMesh, IndexArray
from resynchro.heart.septum import node_normals, septal_triangles

#: Nodes this near to the apex, as a share of the heart's length, are the apex of the direction from apex to base.
APEX_SHARE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class FibreField:
    """Fibre directions of a heart, per tetrahedron.

    Attributes
    ----------
    fibre
        Unit vectors, shape (m, 3). Their sign means nothing.
    sheet_normal
        Unit vectors across the wall, from endocardium to epicardium and in the septum from left to right, at right
        angles to the fibre, shape (m, 3).
    longitudinal
        Unit vectors along the wall from apex to base, at right angles to `sheet_normal`, shape (m, 3).
    helix_deg
        Angle of the fibre with the circumference, shape (m,) [deg]; see `rule_based_fibres` for its sign.
    """

    fibre: FloatArray
    sheet_normal: FloatArray
    longitudinal: FloatArray
    helix_deg: FloatArray


def rule_based_fibres(
    mesh: HeartMesh,
    *,
    endocardial_deg: float = 60.0,
    epicardial_deg: float = -60.0,
    rv_endocardial_deg: float | None = None,
    rv_epicardial_deg: float | None = None,
    stiffness: sparse.csr_array | None = None,
) -> FibreField:
    """Give every tetrahedron a fibre direction by rule.

    Parameters
    ----------
    mesh
        One or both ventricles, surfaces labelled; without right ventricle its surface is empty.
    endocardial_deg, epicardial_deg
        Helix angle on the left-ventricular endocardium and epicardium [deg]: positive when the fibre, seen from
        outside with the base up, rises to the right (a right-handed helix). The right side of the septum takes the
        epicardial angle, as the septum is a wall of the left ventricle.
    rv_endocardial_deg, rv_epicardial_deg
        The same on the free wall of the right ventricle; those of the left when None [deg].
    stiffness
        Of the tetrahedra, when it is at hand.

    Returns
    -------
    FibreField
        Per tetrahedron, in the middle of it.

    Raises
    ------
    MeasurementError
        When a surface is missing or an angle lies outside of [-90, 90].

    Notes
    -----
    With e_t across the wall (outwards, in the septum from left to right), e_l from apex to base and e_c = e_l x e_t,
    the fibre is cos(a) e_c + sin(a) e_l. The angle a and e_t solve Laplace's equation between the surfaces; e_l is the
    gradient of Laplace's equation between apex and base, less its part along e_t. On the line where the right
    ventricle inserts, a is the mean of both sides; over the elements around it turns from one to the other.
    At the apex the circumference has no direction, and fibres turn within a few elements.
    """
    angles = _checked_angles(endocardial_deg, epicardial_deg, rv_endocardial_deg, rv_epicardial_deg)
    matrix = stiffness_matrix(mesh.points_mm, mesh.tetrahedra) if stiffness is None else stiffness
    gradients, volumes = shape_gradients(mesh.points_mm, mesh.tetrahedra)
    nodes, values = _surface_values(mesh, matrix, angles)
    solved = laplace_solution(matrix, nodes, values)[mesh.tetrahedra].mean(axis=1)
    across = _unit(solved[:, :3], "across the wall")
    upward = element_gradients(gradients, mesh.tetrahedra, apex_to_base(mesh, matrix))
    # A tetrahedron with all corners on the base has no gradient: it takes its neighbours'.
    length = np.linalg.norm(upward, axis=1, keepdims=True)
    upward = upward / np.where(length > 1e-12, length, 1.0)
    upward = nodal_means(mesh.tetrahedra, volumes, upward, len(mesh.points_mm))
    upward = upward[mesh.tetrahedra].mean(axis=1)
    # Amid the apex there is none at all on fine meshes: there it leads away from the long axis.
    lost = np.linalg.norm(upward, axis=1) <= 1e-9
    upward[lost] = mesh.points_mm[mesh.tetrahedra[lost]].mean(axis=1) - mesh.points_mm[ends_of_long_axis(mesh)[1]]
    upward -= across * np.einsum("ij,ij->i", upward, across)[:, None]
    upward = _unit(upward, "from apex to base")
    angle = np.radians(solved[:, 3])[:, None]
    fibre = np.cos(angle) * np.cross(upward, across) + np.sin(angle) * upward
    found = FibreField(fibre=fibre, sheet_normal=across, longitudinal=upward, helix_deg=solved[:, 3].copy())
    for array in (found.fibre, found.sheet_normal, found.longitudinal, found.helix_deg):
        array.setflags(write=False)
    return found


def _checked_angles(
    endocardial: float, epicardial: float, rv_endocardial: float | None, rv_epicardial: float | None
) -> tuple[float, float, float, float]:
    angles = (
        endocardial,
        epicardial,
        endocardial if rv_endocardial is None else rv_endocardial,
        epicardial if rv_epicardial is None else rv_epicardial,
    )
    if not all(-90.0 <= angle <= 90.0 for angle in angles):
        raise MeasurementError(f"helix angles must lie in [-90, 90] degrees, got {angles}")
    return angles


def _surface_values(
    mesh: HeartMesh, stiffness: sparse.csr_array, angles: tuple[float, float, float, float]
) -> tuple[IndexArray, FloatArray]:
    """Return the nodes of endo- and epicardium, and there the outward direction and the angle, shape (k, 4).

    Directions and angles are means over the triangles around a node, so that a node on the line of insertion stands
    between the septum and the free wall.
    """
    if len(mesh.lv_endocardium) == 0 or len(mesh.epicardium) == 0:
        raise MeasurementError("fibres need the left endocardium and the epicardium, one has no triangles: label them")
    endocardial, epicardial, rv_endocardial, rv_epicardial = angles
    septal = septal_triangles(mesh, stiffness) if len(mesh.rv_endocardium) else np.zeros(0, dtype=bool)
    right = _beside_right_cavity(mesh, stiffness, septal)
    parts = (  # triangles, sign that makes the normal point outwards through the wall, angle
        (mesh.lv_endocardium, -1.0, endocardial),
        (mesh.rv_endocardium[septal], 1.0, epicardial),
        (mesh.rv_endocardium[~septal], -1.0, rv_endocardial),
        (mesh.epicardium[~right], 1.0, epicardial),
        (mesh.epicardium[right], 1.0, rv_epicardial),
    )
    size = len(mesh.points_mm)
    direction, angle, count = np.zeros((size, 3)), np.zeros(size), np.zeros(size)
    for triangles, sign, degrees in parts:
        direction += sign * node_normals(mesh.points_mm, triangles)
        met = np.unique(triangles)
        angle[met] += degrees
        count[met] += 1.0
    nodes = np.flatnonzero((count > 0.0) & (np.linalg.norm(direction, axis=1) > 1e-6))
    values = np.column_stack([_unit(direction[nodes], "on the surfaces"), angle[nodes] / count[nodes]])
    return nodes.astype(np.int32), values


def _beside_right_cavity(mesh: HeartMesh, stiffness: sparse.csr_array, septal: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which triangles of the epicardium have the free wall of the right ventricle behind them."""
    free = np.unique(mesh.rv_endocardium[~septal])
    if free.size == 0:
        return np.zeros(len(mesh.epicardium), dtype=bool)
    left = np.setdiff1d(np.concatenate([mesh.lv_endocardium.ravel(), mesh.rv_endocardium[septal].ravel()]), free)
    nodes = np.concatenate([left, free])
    share = laplace_solution(stiffness, nodes, np.repeat([0.0, 1.0], [len(left), len(free)]))
    return np.asarray(share[mesh.epicardium].mean(axis=1) >= 0.5)


def apex_to_base(mesh: HeartMesh, stiffness: sparse.csr_array) -> FloatArray:
    """Return Laplace's equation between the apex of the left ventricle (0) and the base (1), shape (n,).

    The apex is the muscle along the long axis, from the tip of the cavity to the epicardium.
    """
    if len(mesh.base) == 0:
        raise MeasurementError("fibres need the base, it has no triangles: label the surfaces")
    base = np.unique(mesh.base)
    base_mm, inner, outer = ends_of_long_axis(mesh)
    tip = mesh.points_mm[inner]
    edge_mm = float(np.mean(mesh.volumes_mm3) * 6.0 * 2.0**0.5) ** (1.0 / 3.0)  # as of regular tetrahedra
    reach = max(APEX_SHARE * float(np.linalg.norm(tip - base_mm)), 0.6 * edge_mm)
    apex = _near_segment(mesh.points_mm, tip, mesh.points_mm[outer], reach)
    apex = np.setdiff1d(np.union1d(apex, [inner, outer]), base)
    nodes = np.concatenate([apex, base])
    return laplace_solution(stiffness, nodes, np.repeat([0.0, 1.0], [len(apex), len(base)]))


def _near_segment(points_mm: FloatArray, start: FloatArray, end: FloatArray, reach_mm: float) -> IndexArray:
    """Return the points within a distance of a straight line between two points."""
    along = end - start
    share = np.clip((points_mm - start) @ along / max(float(along @ along), 1e-12), 0.0, 1.0)
    distance = np.linalg.norm(points_mm - start - share[:, None] * along, axis=1)
    return np.flatnonzero(distance <= reach_mm).astype(np.int32)


def _unit(vectors: FloatArray, what: str) -> FloatArray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    if np.any(length <= 1e-12):
        raise MeasurementError(
            f"the direction {what} is not defined in {int(np.sum(length <= 1e-12))} places: "
            "check that walls are at least one element thick and surfaces are labelled rightly"
        )
    return np.asarray(vectors / length)


def neighbour_alignment(tetrahedra: IndexArray, fibre: FloatArray) -> tuple[IndexArray, FloatArray]:
    """Return |f . f'| of every two tetrahedra that share a face: 1 where the fibre runs on, 0 at right angles.

    Returns
    -------
    tuple
        Pairs of tetrahedra, shape (p, 2), and the cosines, shape (p,).
    """
    corners = ((1, 2, 3), (0, 3, 2), (0, 1, 3), (0, 2, 1))
    faces = np.sort(np.concatenate([tetrahedra[:, corner] for corner in corners]), axis=1).astype(np.int64)
    size = int(tetrahedra.max()) + 1
    key = (faces[:, 0] * size + faces[:, 1]) * size + faces[:, 2]
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero(np.diff(key[order]) == 0)
    owner = np.tile(np.arange(len(tetrahedra), dtype=np.int32), 4)[order]
    pairs = np.column_stack([owner[same], owner[same + 1]])
    return pairs, np.abs(np.einsum("ij,ij->i", fibre[pairs[:, 0]], fibre[pairs[:, 1]]))
