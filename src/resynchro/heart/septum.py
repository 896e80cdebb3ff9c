"""The right side of the septum: which part of the right-ventricular endocardium has the left ventricle behind it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from resynchro.heart.laplace import laplace_solution
from resynchro.heart.mesh import FloatArray, HeartMesh, IndexArray

#: What a point feels of the left endocardium rather than of the epicardium. Above the first it is septum, below the
#: second free wall, whatever its direction; on the line of insertion it is 0.21 to 0.54 (template and crtdemo hearts).
SURELY_SEPTUM, SURELY_FREE_WALL = 0.85, 0.08


def septal_triangles(mesh: HeartMesh, stiffness: sparse.csr_array) -> NDArray[np.bool_]:
    """Tell which triangles of ``mesh.rv_endocardium`` are the right side of the septum.

    Parameters
    ----------
    mesh
        Both ventricles.
    stiffness
        Of its tetrahedra.

    Returns
    -------
    ndarray
        Shape (k,), bool.

    Notes
    -----
    Directions outwards through the wall are known on the left endocardium and on the epicardium; Laplace's equation
    carries them to the right endocardium. On the septum they lead out of the muscle into the right cavity, in the free
    wall out of the cavity into the muscle: the line between lies where the surface turns back, sharp or rounded.
    """
    left, outer = np.unique(mesh.lv_endocardium), np.unique(mesh.epicardium)
    left = np.setdiff1d(left, outer)
    nodes = np.concatenate([left, outer])
    share = np.repeat([1.0, 0.0], [len(left), len(outer)])
    outwards = node_normals(mesh.points_mm, mesh.epicardium)
    outwards[left] = -node_normals(mesh.points_mm, mesh.lv_endocardium)[left]
    solved = laplace_solution(stiffness, nodes, np.column_stack([outwards[nodes], share]))
    at = solved[mesh.rv_endocardium].mean(axis=1)
    into_cavity = triangle_normals(mesh.points_mm, mesh.rv_endocardium)
    septal = np.einsum("ij,ij->i", into_cavity, at[:, :3]) > 0.0
    return np.asarray((septal | (at[:, 3] > SURELY_SEPTUM)) & (at[:, 3] > SURELY_FREE_WALL))


def triangle_normals(points_mm: FloatArray, triangles: IndexArray) -> FloatArray:
    """Return the normals of triangles times twice their areas, shape (k, 3) [mm2]."""
    corner = points_mm[triangles]
    return np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])


def node_normals(points_mm: FloatArray, triangles: IndexArray) -> FloatArray:
    """Return unit normals at nodes: of the triangles around, weighted by area; 0 elsewhere, shape (n, 3)."""
    normals = np.repeat(triangle_normals(points_mm, triangles), 3, axis=0)
    summed = np.stack([np.bincount(triangles.ravel(), column, len(points_mm)) for column in normals.T], axis=1)
    length = np.linalg.norm(summed, axis=1, keepdims=True)
    return np.asarray(summed / np.where(length > 0.0, length, 1.0))
