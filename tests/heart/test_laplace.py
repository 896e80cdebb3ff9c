"""Laplace's equation: what linear elements must reproduce, and a field with a known solution."""

from __future__ import annotations

import numpy as np
import pytest

from resynchro.errors import MeasurementError
from resynchro.heart.laplace import (
    element_gradients,
    laplace_solution,
    nodal_means,
    shape_gradients,
    stiffness_matrix,
)
from resynchro.heart.mesh import FloatArray, IndexArray

#: Six tetrahedra of a cube by the order of steps along its axes (Kuhn), all positively oriented.
_CUBE = ((0, 1, 3, 7), (0, 5, 1, 7), (0, 3, 2, 7), (0, 2, 6, 7), (0, 4, 5, 7), (0, 6, 4, 7))


def lattice(shape: tuple[int, int, int]) -> tuple[FloatArray, IndexArray]:
    """Nodes and tetrahedra of a block of unit cubes."""
    nodes = np.stack(np.meshgrid(*[np.arange(size + 1) for size in shape], indexing="ij"), axis=-1).reshape(-1, 3)
    number = np.arange(len(nodes)).reshape([size + 1 for size in shape])
    i, j, k = (a.ravel() for a in np.meshgrid(*[np.arange(size) for size in shape], indexing="ij"))
    corner = np.stack([number[i + (c & 1), j + (c >> 1 & 1), k + (c >> 2 & 1)] for c in range(8)], axis=1)
    cells = np.concatenate([corner[:, list(tetrahedron)] for tetrahedron in _CUBE])
    return nodes.astype(float), cells.astype(np.int32)


def test_the_lattice_is_positively_oriented_and_fills_the_block() -> None:
    points, cells = lattice((2, 3, 4))
    _, volumes = shape_gradients(points, cells)
    assert volumes.min() > 0
    assert volumes.sum() == pytest.approx(24.0)


def test_a_linear_field_is_exact() -> None:
    """Known on two opposite faces and nothing through the others: x / 4 everywhere; its gradient is (1/4, 0, 0)."""
    points, cells = lattice((4, 3, 2))
    ends = np.flatnonzero((points[:, 0] == 0) | (points[:, 0] == 4))
    field = laplace_solution(stiffness_matrix(points, cells), ends, points[ends, 0] / 4)
    np.testing.assert_allclose(field, points[:, 0] / 4, atol=1e-7)
    gradients, volumes = shape_gradients(points, cells)
    found = element_gradients(gradients, cells, field)
    np.testing.assert_allclose(found, np.tile([0.25, 0, 0], (len(cells), 1)), atol=1e-6)
    np.testing.assert_allclose(nodal_means(cells, volumes, found, len(points)), found[: len(points)], atol=1e-6)


def test_several_fields_at_once_are_the_fields_one_by_one() -> None:
    points, cells = lattice((4, 4, 4))
    matrix = stiffness_matrix(points, cells)
    nodes = np.flatnonzero((points == 0).any(axis=1))
    values = np.random.default_rng(1).normal(size=(len(nodes), 3))
    together = laplace_solution(matrix, nodes, values)
    for column in range(3):
        np.testing.assert_array_equal(together[:, column], laplace_solution(matrix, nodes, values[:, column]))
    # Discrete harmonic functions take their largest value on the known nodes only on meshes without obtuse angles,
    # as this one; the residual is 0 elsewhere.
    free = np.setdiff1d(np.arange(len(points)), nodes)
    assert np.abs((matrix @ together)[free]).max() < 1e-6
    assert together.max() <= values.max() + 1e-9


def test_a_thick_ring_is_logarithmic_with_second_order() -> None:
    """A quarter of a ring of height 1 between radius 2 (0) and 6 (1): u = ln(r / 2) / ln 3, and the integral of
    |grad u|^2 is (pi / 2) / ln 3 = 1.42981. Halving the edges quarters its error."""
    errors = []
    for count in (6, 12):
        points, cells = lattice((count, count, 1))
        radius, angle = 2 + 4 * points[:, 0] / count, np.pi / 2 * points[:, 1] / count
        bent = np.stack([radius * np.cos(angle), radius * np.sin(angle), points[:, 2]], axis=1)
        ends = np.flatnonzero((points[:, 0] == 0) | (points[:, 0] == count))
        matrix = stiffness_matrix(bent, cells)
        field = laplace_solution(matrix, ends, (points[ends, 0] > 0).astype(float))
        assert np.abs(field - np.log(radius / 2) / np.log(3)).max() < 0.006
        errors.append(float(field @ (matrix @ field)) - np.pi / 2 / np.log(3))
    assert errors[0] < 0.03
    assert 3.5 < errors[0] / errors[1] < 4.5


def test_what_cannot_be_solved_is_said() -> None:
    points, cells = lattice((2, 2, 2))
    matrix = stiffness_matrix(points, cells)
    with pytest.raises(MeasurementError, match="known nodes"):
        laplace_solution(matrix, np.array([], dtype=int), np.array([]))
    lonely = stiffness_matrix(np.concatenate([points, [[9.0, 9.0, 9.0]]]), cells)
    with pytest.raises(MeasurementError, match="1 nodes belong to no tetrahedron"):
        laplace_solution(lonely, np.array([0]), np.array([1.0]))
    flat = points.copy()
    flat[:, 2] = 0.0
    with pytest.raises(MeasurementError, match="have no volume"):
        shape_gradients(flat, cells)
