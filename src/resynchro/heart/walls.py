"""What every tetrahedron belongs to: free wall of the left ventricle, septum, or free wall of the right ventricle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from resynchro.errors import MeasurementError
from resynchro.heart.heart import LV_FREE_WALL, RV_FREE_WALL, SEPTUM
from resynchro.heart.laplace import laplace_solution, stiffness_matrix
from resynchro.heart.mesh import FloatArray, HeartMesh, IndexArray
from resynchro.heart.septum import septal_triangles


def walls_of(mesh: HeartMesh, stiffness: sparse.csr_array, septal: NDArray[np.bool_] | None = None) -> NDArray[np.int8]:
    """Tell free wall of the left ventricle, septum and free wall of the right ventricle apart.

    Parameters
    ----------
    mesh
        Both ventricles.
    stiffness
        Of its tetrahedra.
    septal
        Of `septal_triangles`, when it is at hand.

    Returns
    -------
    ndarray
        Per tetrahedron, int8, of `resynchro.heart.heart`.

    Raises
    ------
    MeasurementError
        When the right-ventricular endocardium has no septal side or no free wall.

    Notes
    -----
    Free wall of the right ventricle: nearer (by Laplace's equation) to its own endocardium than to the septum's right
    side and the left endocardium. Septum: of the rest, what is nearer to the septum's right side than to the outer
    side of the left ventricle. Both borders start on the line of insertion.
    """
    if septal is None:
        septal = septal_triangles(mesh, stiffness)
    right_side, free_wall = np.unique(mesh.rv_endocardium[septal]), np.unique(mesh.rv_endocardium[~septal])
    if right_side.size == 0 or free_wall.size == 0:
        raise MeasurementError(
            f"of {len(septal)} triangles of the right-ventricular endocardium {int(septal.sum())} have the left "
            "ventricle behind them: check the labels of the surfaces"
        )
    left = np.union1d(np.unique(mesh.lv_endocardium), np.setdiff1d(right_side, free_wall))
    free = np.setdiff1d(free_wall, right_side)
    nodes, values = _two_sides(left, free)
    wall = np.full(len(mesh.tetrahedra), LV_FREE_WALL, dtype=np.int8)
    wall[laplace_solution(stiffness, nodes, values)[mesh.tetrahedra].mean(axis=1) >= 0.5] = RV_FREE_WALL
    outer = np.setdiff1d(outer_nodes(mesh, wall), right_side)
    part = mesh_part(mesh, wall != RV_FREE_WALL).solution(*_two_sides(outer, right_side))
    wall[(wall != RV_FREE_WALL) & (part[mesh.tetrahedra].mean(axis=1) >= 0.5)] = SEPTUM
    return wall


def _two_sides(zero: IndexArray, one: IndexArray) -> tuple[IndexArray, FloatArray]:
    zero = np.setdiff1d(zero, one)
    return np.concatenate([zero, one]), np.repeat([0.0, 1.0], [len(zero), len(one)])


def outer_nodes(mesh: HeartMesh, wall: NDArray[np.int8]) -> IndexArray:
    """Return the nodes on the outer side of the left ventricle without septum: epicardium and under the right one."""
    sides = np.zeros((3, len(mesh.points_mm)), dtype=bool)
    sides[0, mesh.tetrahedra[wall != RV_FREE_WALL]] = True
    sides[1, mesh.tetrahedra[wall == RV_FREE_WALL]] = True
    sides[2, mesh.epicardium] = True
    return np.flatnonzero(sides[0] & (sides[1] | sides[2])).astype(np.int32)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshPart:
    """Some of the tetrahedra, through whose border nothing flows.

    Attributes
    ----------
    inside
        Nodes of the part, shape (p,).
    number
        For every node of the mesh its place in `inside`, -1 outside, shape (n,).
    stiffness
        Of the part, shape (p, p).
    """

    inside: IndexArray
    number: NDArray[np.int64]
    stiffness: sparse.csr_array

    def solution(self, nodes: NDArray[np.integer], values: FloatArray) -> FloatArray:
        """Solve Laplace's equation in the part only.

        Parameters
        ----------
        nodes, values
            Known values; nodes outside of the part are left out.

        Returns
        -------
        ndarray
            Shape (n,); 0 on nodes outside of the part.
        """
        known = self.number[nodes] >= 0
        field = np.zeros(len(self.number))
        field[self.inside] = laplace_solution(self.stiffness, self.number[nodes[known]], values[known])
        return field


def mesh_part(mesh: HeartMesh, part: NDArray[np.bool_]) -> MeshPart:
    """Return the part of a mesh that some of its tetrahedra make, given as a mask of shape (m,)."""
    chosen = mesh.tetrahedra[part]
    used = np.zeros(len(mesh.points_mm), dtype=bool)
    used[chosen] = True
    inside = np.flatnonzero(used).astype(np.int32)
    number = np.full(len(mesh.points_mm), -1, dtype=np.int64)
    number[inside] = np.arange(len(inside))
    stiffness = stiffness_matrix(mesh.points_mm[inside], number[chosen].astype(np.int32))
    return MeshPart(inside=inside, number=number, stiffness=stiffness)
