"""Prisms cut to tetrahedra: volume, orientation, and sides that neighbours cut alike."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from resynchro.heart.prisms import tetrahedra_of_prisms, triangles_of_quads

_CORNERS = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (0, 1, 1)], dtype=float)


@pytest.mark.parametrize("numbers", list(itertools.permutations(range(6)))[::7])
def test_any_numbering_gives_three_upright_tetrahedra_and_sides_cut_from_their_lowest_vertex(
    numbers: tuple[int, ...],
) -> None:
    place = np.empty((6, 3))
    place[list(numbers)] = _CORNERS
    cut = tetrahedra_of_prisms(np.array([numbers], dtype=np.int32))
    corner = place[cut]
    edges = corner[:, 1:] - corner[:, :1]
    # The prism has volume 1/2; three tetrahedra of 1/6 each.
    assert np.linalg.det(edges) / 6.0 == pytest.approx(1.0 / 6.0)
    faces = {tuple(sorted(face)) for each in cut for face in itertools.combinations(each, 3)}
    for side in ((0, 1, 4, 3), (1, 2, 5, 4), (2, 0, 3, 5)):
        quad = np.array([[numbers[vertex] for vertex in side]], dtype=np.int32)
        assert all(tuple(sorted(triangle)) in faces for triangle in triangles_of_quads(quad))


def test_a_quadrilateral_is_cut_from_its_lowest_vertex() -> None:
    assert triangles_of_quads(np.array([[5, 2, 7, 4]], dtype=np.int32)).tolist() == [[2, 7, 4], [2, 4, 5]]
