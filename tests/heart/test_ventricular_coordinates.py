"""Coordinates, walls and segments found from the surfaces alone, against those the template was built from."""

from __future__ import annotations

import numpy as np
import pytest

from resynchro.errors import MeasurementError
from resynchro.heart.heart import LV_FREE_WALL, RV_FREE_WALL, SEPTUM, Heart
from resynchro.heart.laplace import stiffness_matrix
from resynchro.heart.long_axis import long_axis_of
from resynchro.heart.mesh import HeartMesh
from resynchro.heart.septum import septal_triangles
from resynchro.heart.template import template_heart
from resynchro.heart.ventricular_coordinates import VentricularPlaces, ventricular_coordinates


@pytest.fixture(scope="module")
def heart() -> Heart:
    return template_heart(edge_mm=3.0)


@pytest.fixture(scope="module")
def places(heart: Heart) -> VentricularPlaces:
    return ventricular_coordinates(heart.mesh)


def test_the_septal_side_is_told_exactly(heart: Heart) -> None:
    """Every triangle of the right endocardium belongs to one tetrahedron, whose wall the template knows."""
    mesh = heart.mesh
    septal = septal_triangles(mesh, stiffness_matrix(mesh.points_mm, mesh.tetrahedra))
    faces = np.sort(mesh.tetrahedra[:, [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]], axis=2).reshape(-1, 3)
    owner = {tuple(face): number // 4 for number, face in enumerate(faces.tolist())}
    truth = [heart.wall[owner[tuple(sorted(row))]] == SEPTUM for row in mesh.rv_endocardium.tolist()]
    np.testing.assert_array_equal(septal, truth)


def test_walls_hold_the_volume_they_were_built_with(heart: Heart, places: VentricularPlaces) -> None:
    volume = heart.mesh.volumes_mm3
    for wall in (LV_FREE_WALL, SEPTUM, RV_FREE_WALL):
        assert volume[places.wall == wall].sum() == pytest.approx(volume[heart.wall == wall].sum(), rel=0.05)
    assert volume[places.wall == heart.wall].sum() > 0.97 * volume.sum()


def test_apicobasal_is_the_share_of_the_meridian(heart: Heart, places: VentricularPlaces) -> None:
    left = ~heart.coordinates.rv & ~places.coordinates.rv
    off = places.coordinates.apicobasal - heart.coordinates.apicobasal
    assert np.abs(off[left]).max() < 0.05
    assert np.percentile(np.abs(off[left]), 95) < 0.02
    assert np.abs(off).max() < 0.12  # the RV free wall is continued from its insertion, the template's is not


def test_rotation_counts_from_the_insertions(heart: Heart, places: VentricularPlaces) -> None:
    """The template inserts at 120 and 240 at the base, a little nearer together below."""
    anterior, inferior = places.insertions_deg
    assert anterior == pytest.approx(120.0, abs=2.0)
    assert inferior == pytest.approx(240.0, abs=2.0)
    off = (places.coordinates.rotation_deg - heart.coordinates.rotation_deg + 180.0) % 360.0 - 180.0
    clear = heart.coordinates.apicobasal > 0.1  # at the apex angles mean nothing
    left = clear & ~heart.coordinates.rv & ~places.coordinates.rv
    right = clear & heart.coordinates.rv & places.coordinates.rv
    assert np.abs(off[left]).max() < 2.0
    assert np.abs(off[right]).max() < 10.0
    assert places.coordinates.rotation_deg[places.coordinates.rv].min() >= 120.0 - 1e-6
    assert places.coordinates.rotation_deg[places.coordinates.rv].max() <= 240.0 + 1e-6


def test_transmural_runs_across_each_wall(heart: Heart, places: VentricularPlaces) -> None:
    transmural = places.coordinates.transmural
    assert transmural.min() >= -1e-9
    assert transmural.max() <= 1 + 1e-9
    np.testing.assert_allclose(transmural[np.unique(heart.mesh.lv_endocardium)], 0.0)
    alike = heart.coordinates.rv == places.coordinates.rv
    # In a thick ring Laplace's equation is logarithmic: up to 0.04 more than the depth in the middle of the wall; where
    # the RV inserts the outer side of the LV is a row of elements beside the template's.
    assert np.abs(transmural - heart.coordinates.transmural)[alike].max() < 0.12
    assert np.median(np.abs(transmural - heart.coordinates.transmural)[alike]) < 0.02


def test_segments_are_those_of_the_template(heart: Heart, places: VentricularPlaces) -> None:
    volume = heart.mesh.volumes_mm3
    assert volume[places.segment == heart.segment].sum() > 0.97 * volume.sum()
    assert set(np.unique(places.segment)) == set(range(18))
    assert np.all((places.segment == 0) == (places.wall == RV_FREE_WALL))
    for segment in range(1, 18):
        share = volume[places.segment == segment].sum() / volume[heart.segment == segment].sum()
        assert share == pytest.approx(1.0, abs=0.10), segment


def test_landmarks_and_axes(heart: Heart, places: VentricularPlaces) -> None:
    np.testing.assert_allclose(places.landmarks.base_mm, heart.landmarks.base_mm, atol=0.5)
    np.testing.assert_allclose(places.landmarks.apex_mm, heart.landmarks.apex_mm, atol=0.5)
    np.testing.assert_allclose(places.heart_axes @ places.heart_axes.T, np.eye(3), atol=1e-12)
    # Rows: to the apex, to the septum, to the anterior wall; in body axes left-front-down, right, front-and-up.
    assert places.heart_axes[0] @ [0.5, -0.6, -0.6] > 0.9
    assert places.heart_axes[1][0] < -0.5
    assert places.heart_axes[2] @ [0.0, -0.7, 0.7] > 0.8


def test_turning_the_heart_changes_nothing(heart: Heart, places: VentricularPlaces) -> None:
    turn = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    mesh = heart.mesh
    moved = HeartMesh(points_mm=mesh.points_mm @ turn.T - 20.0, tetrahedra=mesh.tetrahedra, **mesh.surfaces)
    again = ventricular_coordinates(moved)
    assert (again.segment == places.segment).mean() > 0.999
    np.testing.assert_array_equal(again.wall, places.wall)
    np.testing.assert_allclose(again.coordinates.apicobasal, places.coordinates.apicobasal, atol=1e-4)
    np.testing.assert_allclose(again.heart_axes @ turn, places.heart_axes, atol=1e-9)


def test_wrong_labels_are_said(heart: Heart) -> None:
    mesh = heart.mesh
    parts = mesh.surfaces
    cases = (
        ({**parts, "rv_endocardium": parts["epicardium"], "epicardium": parts["rv_endocardium"]}, "check the labels"),
        ({**parts, "base": parts["epicardium"][:50]}, "a ring is needed"),
    )
    for labels, words in cases:
        wrong = HeartMesh(points_mm=mesh.points_mm, tetrahedra=mesh.tetrahedra, **labels)
        with pytest.raises(MeasurementError, match=words):
            ventricular_coordinates(wrong)


def test_a_septum_of_a_few_triangles_is_no_septum(heart: Heart) -> None:
    """Insertions 20 degrees apart cannot be: the septum is said to be implausible, not halved in silence."""
    mesh = heart.mesh
    septal = np.zeros(len(mesh.rv_endocardium), dtype=bool)
    rotation = heart.coordinates.rotation_deg[mesh.rv_endocardium].mean(axis=1)
    on_septum = (~heart.coordinates.rv[mesh.rv_endocardium]).all(axis=1)
    septal[on_septum & (np.abs(rotation - 180) < 10)] = True
    with pytest.raises(MeasurementError, match="the septum spans 2"):
        long_axis_of(mesh, septal)
