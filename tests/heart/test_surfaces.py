"""Surfaces found without labels are those of the template; what is no open biventricular heart is refused."""

from __future__ import annotations

import numpy as np
import pytest

from resynchro.errors import InputError, MeasurementError
from resynchro.heart.heart import Heart
from resynchro.heart.lines_of_sight import open_cavities
from resynchro.heart.mesh import SURFACES, FloatArray, IndexArray
from resynchro.heart.surfaces import (
    boundary_triangles,
    connected_parts,
    labelled_surfaces,
    matched_surfaces,
    neighbours_over_edges,
)
from resynchro.heart.template import template_heart

#: Two tetrahedra on one face: six of eight faces remain.
_TWO = np.array([[0, 1, 2, 3], [1, 2, 3, 4]], dtype=np.int32)


@pytest.fixture(scope="module")
def heart() -> Heart:
    return template_heart(edge_mm=4.0)


def as_set(triangles: IndexArray) -> set[tuple[int, ...]]:
    return {tuple(sorted(row)) for row in triangles.tolist()}


def random_turn(seed: int) -> FloatArray:
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    return np.asarray(turn * np.sign(np.linalg.det(turn)))


def test_a_face_of_two_tetrahedra_is_not_on_the_boundary() -> None:
    triangles = boundary_triangles(_TWO)
    assert len(triangles) == 6
    assert (1, 2, 3) not in as_set(triangles)
    assert len(neighbours_over_edges(triangles)) == 9  # 6 triangles x 3 sides / 2
    np.testing.assert_array_equal(connected_parts(4, np.array([[0, 1], [3, 1]], dtype=np.int32)), [0, 0, 1, 0])


def test_the_boundary_looks_out_of_the_muscle(heart: Heart) -> None:
    """The divergence theorem: a third of the flux of the position through the boundary is the volume."""
    corner = heart.mesh.points_mm[boundary_triangles(heart.mesh.tetrahedra)]
    flux = np.einsum("ij,ij->i", np.cross(corner[:, 0], corner[:, 1]), corner[:, 2]).sum() / 6
    assert flux == pytest.approx(heart.mesh.volumes_mm3.sum())


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_unlabelled_surfaces_are_found_in_any_position(heart: Heart, seed: int | None) -> None:
    turn = np.eye(3) if seed is None else random_turn(seed)
    found = labelled_surfaces(heart.mesh.points_mm @ turn.T + 30.0, heart.mesh.tetrahedra)
    for name in SURFACES:
        assert as_set(found[name]) == as_set(heart.mesh.surfaces[name]), name


def test_a_dilated_thin_heart_is_found_too() -> None:
    mesh = template_heart("dilated", edge_mm=4.0).mesh
    found = labelled_surfaces(mesh.points_mm, mesh.tetrahedra)
    for name in SURFACES:
        assert as_set(found[name]) == as_set(mesh.surfaces[name]), name


def test_cavities_hold_about_their_volume_and_open_at_the_base(heart: Heart) -> None:
    """130 mL each, less voxels of 2 mm that hold some muscle, more where they reach past the base."""
    cavities = open_cavities(heart.mesh.points_mm, heart.mesh.tetrahedra)
    np.testing.assert_allclose(cavities.volumes_ml[:2], [130.0, 130.0], rtol=0.25)
    up = heart.landmarks.base_mm - heart.landmarks.apex_mm
    assert cavities.open_direction @ up / np.linalg.norm(up) > 0.97


def test_a_left_ventricle_alone_is_refused(heart: Heart) -> None:
    alone = heart.mesh.tetrahedra[heart.wall != 2]
    with pytest.raises(MeasurementError, match=r"two ventricular cavities .* found 1"):
        labelled_surfaces(heart.mesh.points_mm, alone)


def test_a_solid_is_refused(heart: Heart) -> None:
    with pytest.raises(MeasurementError, match=r"found 0 \(volumes in mL: none\)"):
        labelled_surfaces(heart.mesh.points_mm, heart.mesh.tetrahedra[:1])


def test_a_closed_cavity_is_refused() -> None:
    """A hollow ball: cubes of a lattice between two radii, each cut into six."""
    size = 12
    nodes = np.stack(np.meshgrid(*[np.arange(size + 1.0)] * 3, indexing="ij"), axis=-1).reshape(-1, 3) * 8.0
    number = np.arange(len(nodes)).reshape([size + 1] * 3)
    i, j, k = (a.ravel() for a in np.meshgrid(*[np.arange(size)] * 3, indexing="ij"))
    corner = np.stack([number[i + (c & 1), j + (c >> 1 & 1), k + (c >> 2 & 1)] for c in range(8)], axis=1)
    far = np.linalg.norm(nodes[corner].mean(axis=1) - 48.0, axis=1)
    walls = corner[(far > 25) & (far < 45)]
    kuhn = ((0, 1, 3, 7), (0, 5, 1, 7), (0, 3, 2, 7), (0, 2, 6, 7), (0, 4, 5, 7), (0, 6, 4, 7))
    cells = np.concatenate([walls[:, list(tetrahedron)] for tetrahedron in kuhn]).astype(np.int32)
    with pytest.raises(MeasurementError, match="2 separate parts: a cavity is closed"):
        labelled_surfaces(nodes, cells)


def test_given_surfaces_are_taken_and_the_missing_one_is_what_remains(heart: Heart) -> None:
    boundary = boundary_triangles(heart.mesh.tetrahedra)
    given = {name: part[:, ::-1] for name, part in heart.mesh.surfaces.items() if name != "base"}  # turned inside out
    found = matched_surfaces(boundary, given)
    for name in SURFACES:
        assert as_set(found[name]) == as_set(heart.mesh.surfaces[name]), name
    # Oriented as the boundary again.
    assert {tuple(row) for row in found["epicardium"].tolist()} <= {tuple(row) for row in boundary.tolist()}


def test_given_surfaces_that_do_not_fit_are_refused(heart: Heart) -> None:
    boundary = boundary_triangles(heart.mesh.tetrahedra)
    parts = dict(heart.mesh.surfaces)
    with pytest.raises(InputError, match="needed are lv_endocardium"):
        matched_surfaces(boundary, {"epicardium": parts["epicardium"]})
    with pytest.raises(InputError, match="1 of 1 triangles of base are not on the boundary"):
        matched_surfaces(boundary, {**parts, "base": heart.mesh.tetrahedra[:1, :3] * 0})
    with pytest.raises(InputError, match="belong to another surface too"):
        matched_surfaces(boundary, {**parts, "base": parts["epicardium"]})
    with pytest.raises(InputError, match=r"1 of .* belong to no given surface"):
        matched_surfaces(boundary, {**parts, "base": parts["base"][1:]})
    others = {name: part for name, part in parts.items() if name != "base"}
    with pytest.raises(InputError, match="no triangles remain for base"):
        matched_surfaces(np.concatenate(list(others.values())), others)
