"""Laplace's equation on the tetrahedra of a heart: smooth fields between surfaces whose values are known.

Linear elements. The unknowns are solved for by conjugate gradients with the diagonal as preconditioner: between
endocardium and epicardium lie a few elements only, so that few iterations suffice, and from apex to base a few hundred.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from resynchro.errors import MeasurementError
from resynchro.heart.mesh import FloatArray, IndexArray

#: Residual relative to the right-hand side at which an iteration stops: four digits more than a fibre angle needs.
RELATIVE_RESIDUAL = 1e-8
#: Far more than a heart of 1 mm edges takes (about 400); reached only when parts of the mesh touch no known node.
MOST_ITERATIONS = 5000


def shape_gradients(points_mm: FloatArray, tetrahedra: IndexArray) -> tuple[FloatArray, FloatArray]:
    """Return the gradients of the four linear shape functions of every tetrahedron, and the volumes.

    Parameters
    ----------
    points_mm
        Shape (n, 3) [mm].
    tetrahedra
        Shape (m, 4).

    Returns
    -------
    tuple
        Gradients, shape (m, 4, 3) [1/mm], and volumes, shape (m,) [mm3]; negative where inverted.

    Raises
    ------
    MeasurementError
        When a tetrahedron is flat.
    """
    corner = points_mm[tetrahedra]
    a, b, c = (corner[:, k] - corner[:, 0] for k in (1, 2, 3))
    across = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=1)
    six_volumes = np.einsum("ij,ij->i", a, across[:, 0])
    flat = np.flatnonzero(six_volumes == 0.0)
    if flat.size:
        raise MeasurementError(f"{flat.size} tetrahedra have no volume (the first is number {flat[0]}): mesh again")
    gradients = np.empty((len(tetrahedra), 4, 3))
    gradients[:, 1:] = across / six_volumes[:, None, None]
    gradients[:, 0] = -gradients[:, 1:].sum(axis=1)
    return gradients, six_volumes / 6.0


def stiffness_matrix(points_mm: FloatArray, tetrahedra: IndexArray) -> sparse.csr_array:
    """Assemble the stiffness matrix of Laplace's operator with linear elements.

    Returns
    -------
    csr_array
        Symmetric, positive semidefinite, shape (n, n) [mm]; rows sum to 0.
    """
    gradients, volumes = shape_gradients(points_mm, tetrahedra)
    local = np.matmul(gradients, gradients.transpose(0, 2, 1)) * np.abs(volumes)[:, None, None]
    rows = np.repeat(tetrahedra, 4, axis=1).ravel()
    columns = np.tile(tetrahedra, (1, 4)).ravel()
    size = len(points_mm)
    return sparse.csr_array(sparse.coo_array((local.ravel(), (rows, columns)), shape=(size, size)))


def laplace_solution(stiffness: sparse.csr_array, nodes: NDArray[np.integer], values: FloatArray) -> FloatArray:
    """Return the field without sources that takes given values at given nodes; elsewhere nothing flows out.

    Parameters
    ----------
    stiffness
        Of `stiffness_matrix`, shape (n, n).
    nodes
        Nodes with known values, without repetition, shape (k,).
    values
        Their values, shape (k,), or (k, c) for c fields at once.

    Returns
    -------
    ndarray
        Shape (n,) or (n, c).

    Raises
    ------
    MeasurementError
        When no node is known, or parts of the mesh are not joined to a known node.
    """
    if len(nodes) == 0:
        raise MeasurementError(
            "Laplace's equation needs known nodes, none were given: check the labels of the surfaces"
        )
    size = stiffness.shape[0]
    known = np.zeros(size, dtype=bool)
    known[nodes] = True
    free = np.flatnonzero(~known)
    field = np.zeros((size, 1 if values.ndim == 1 else values.shape[1]))
    field[nodes] = values.reshape(len(nodes), -1)
    if free.size:
        rows = stiffness[free]
        inside, right_side = rows[:, free], -(rows @ field)
        for column in range(field.shape[1]):
            field[free, column] = _conjugate_gradients(inside, np.ascontiguousarray(right_side[:, column]))
    return field[:, 0] if values.ndim == 1 else field


def _conjugate_gradients(matrix: sparse.csr_array, right_side: FloatArray) -> FloatArray:
    diagonal = matrix.diagonal()
    if np.any(diagonal <= 0.0):
        raise MeasurementError(f"{int(np.sum(diagonal <= 0.0))} nodes belong to no tetrahedron: remove them")
    solution = np.zeros_like(right_side)
    residual = right_side.copy()
    conditioned = residual / diagonal
    direction = conditioned.copy()
    energy = float(residual @ conditioned)
    enough = RELATIVE_RESIDUAL**2 * energy
    for _ in range(MOST_ITERATIONS):
        if energy <= enough:
            return solution
        image = matrix @ direction
        step = energy / float(direction @ image)
        solution += step * direction
        residual -= step * image
        conditioned = residual / diagonal
        following = float(residual @ conditioned)
        direction *= following / energy
        direction += conditioned
        energy = following
    raise MeasurementError(
        "Laplace's equation was not solved: part of the mesh is joined to no surface with known values; "
        "keep the largest connected part and check the labels of the surfaces"
    )


def element_gradients(gradients: FloatArray, tetrahedra: IndexArray, field: FloatArray) -> FloatArray:
    """Return the gradient of a nodal field in every tetrahedron.

    Parameters
    ----------
    gradients
        Of `shape_gradients`, shape (m, 4, 3) [1/mm].
    field
        Shape (n,).

    Returns
    -------
    ndarray
        Shape (m, 3) [unit of the field per mm].
    """
    return np.asarray(np.einsum("mk,mkd->md", field[tetrahedra], gradients))


def nodal_means(tetrahedra: IndexArray, volumes_mm3: FloatArray, values: FloatArray, nodes: int) -> FloatArray:
    """Return the volume-weighted mean over the tetrahedra around every node.

    Parameters
    ----------
    values
        Per tetrahedron, shape (m, c).
    nodes
        How many nodes there are; those in no tetrahedron get 0.

    Returns
    -------
    ndarray
        Shape (nodes, c).
    """
    weights = np.repeat(np.abs(volumes_mm3), 4)
    corners = tetrahedra.ravel()
    total = np.bincount(corners, weights, nodes)
    summed = [np.bincount(corners, weights * np.repeat(column, 4), nodes) for column in values.T]
    return np.stack(summed, axis=1) / np.where(total > 0.0, total, 1.0)[:, None]
