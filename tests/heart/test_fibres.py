"""Fibres by rule: a half sphere with known truth, and continuity where rules tear, in the template heart."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from resynchro.errors import MeasurementError
from resynchro.heart.fibres import neighbour_alignment, rule_based_fibres
from resynchro.heart.heart import LV_FREE_WALL, RV_FREE_WALL, SEPTUM, Heart
from resynchro.heart.mesh import FloatArray, HeartMesh, IndexArray
from resynchro.heart.surfaces import boundary_triangles
from resynchro.heart.template import template_heart

INNER_MM, OUTER_MM = 20.0, 30.0
_CUBE = ((0, 1, 3, 7), (0, 5, 1, 7), (0, 3, 2, 7), (0, 2, 6, 7), (0, 4, 5, 7), (0, 6, 4, 7))


@lru_cache(maxsize=4)
def half_sphere(around: int = 60, meridian: int = 20, layers: int = 8) -> HeartMesh:
    """A ventricle alone: a thick half sphere, apex down, base in the plane z = 0."""
    i, j, k = (a.ravel() for a in np.meshgrid(np.arange(around), np.arange(meridian), np.arange(layers), indexing="ij"))
    # The first ring of nodes is one column, the apex.

    def node(turn: IndexArray, row: IndexArray, layer: IndexArray) -> IndexArray:
        column = np.where(row == 0, 0, 1 + (turn % around) * meridian + row - 1)
        return column * (layers + 1) + layer

    corner = np.stack([node(i + (c & 1), j + (c >> 1 & 1), k + (c >> 2 & 1)) for c in range(8)], axis=1)
    cells = np.concatenate([corner[:, list(tetrahedron)] for tetrahedron in _CUBE]).astype(np.int32)
    cells = cells[[len(set(cell)) == 4 for cell in cells.tolist()]]
    column, layer = np.divmod(np.arange((1 + around * meridian) * (layers + 1)), layers + 1)
    turn, row = np.divmod(np.maximum(column - 1, 0), meridian)
    polar = np.where(column == 0, 0.0, np.pi / 2 * (row + 1) / meridian)
    angle = 2 * np.pi * turn / around
    radius = INNER_MM + (OUTER_MM - INNER_MM) * layer / layers
    points = radius[:, None] * np.stack(
        [np.sin(polar) * np.cos(angle), np.sin(polar) * np.sin(angle), -np.cos(polar)], axis=1
    )
    edge = points[cells[:, 1:]] - points[cells[:, :1]]
    inverted = np.linalg.det(edge) < 0
    cells[inverted] = cells[inverted][:, [0, 1, 3, 2]]
    triangles = boundary_triangles(cells)
    inside, outside = (layer[triangles] == 0).all(axis=1), (layer[triangles] == layers).all(axis=1)
    return HeartMesh(
        points_mm=points,
        tetrahedra=cells,
        lv_endocardium=triangles[inside],
        rv_endocardium=np.zeros((0, 3), dtype=np.int32),
        epicardium=triangles[outside],
        base=triangles[~inside & ~outside],
    )


def middles(mesh: HeartMesh) -> FloatArray:
    return np.asarray(mesh.points_mm[mesh.tetrahedra].mean(axis=1))


@pytest.fixture(scope="module")
def heart() -> Heart:
    return template_heart(edge_mm=3.0)


def away_from_apex(heart: Heart, points: FloatArray) -> FloatArray:
    """Outside of 10 mm around the long axis below the cavity's tip, where the circumference has no direction."""
    up = heart.landmarks.base_mm - heart.landmarks.apex_mm
    up = up / np.linalg.norm(up)
    offset = points - heart.landmarks.apex_mm
    return np.asarray((np.linalg.norm(np.cross(offset, up), axis=1) > 10) | (offset @ up > 15))


def test_a_half_sphere_has_the_fibres_of_the_exact_solution() -> None:
    """Between two spheres Laplace's equation is solved by A + B / r. With 60 at r = 20 and -60 at r = 30:
    angle = -60 + 120 (1/r - 1/30) / (1/20 - 1/30). Across is radial, the circumference at (x, y) is (-y, x) / |(x, y)|
    (counter-clockwise from above, to the right for who looks at the outside), up is along the meridian."""
    mesh = half_sphere()
    field = rule_based_fibres(mesh)
    at = middles(mesh)
    radius = np.linalg.norm(at, axis=1)
    degrees = -60 + 120 * (1 / radius - 1 / 30) / (1 / 20 - 1 / 30)
    radial = at / radius[:, None]
    around = np.stack([-at[:, 1], at[:, 0], np.zeros(len(at))], axis=1) / np.hypot(at[:, 0], at[:, 1])[:, None]
    upward = np.cross(radial, around)
    assert np.all(upward[:, 2] > 0)
    angle = np.radians(degrees)[:, None]
    truth = np.cos(angle) * around + np.sin(angle) * upward
    body = np.hypot(at[:, 0], at[:, 1]) > 10
    off = np.degrees(np.arccos(np.clip(np.abs(np.einsum("ij,ij->i", truth, field.fibre)), 0, 1)))[body]
    assert np.median(off) < 1.5
    assert off.max() < 6.0
    assert np.abs(field.helix_deg - degrees)[body].max() < 3.0
    # Seen from outside, right-handed inside and left-handed outside: where it runs up, it runs to the right inside.
    rising = field.fibre * np.sign(field.fibre[:, 2])[:, None]
    to_right = np.einsum("ij,ij->i", rising, around)
    assert np.all(to_right[body & (radius < 22)] > 0)
    assert np.all(to_right[body & (radius > 28)] < 0)


def test_directions_are_unit_vectors_at_right_angles(heart: Heart) -> None:
    field = rule_based_fibres(heart.mesh)
    for vectors in (field.fibre, field.sheet_normal, field.longitudinal):
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-12)
    assert np.abs(np.einsum("ij,ij->i", field.fibre, field.sheet_normal)).max() < 1e-12
    assert np.abs(np.einsum("ij,ij->i", field.longitudinal, field.sheet_normal)).max() < 1e-12


def test_fibres_run_on_everywhere_but_at_the_apex(heart: Heart) -> None:
    """With two tetrahedra's layers across the RV wall of 3.5 mm, one step is 30 degrees: cos 30 = 0.866, less a little
    where the wall bends. A flip in the middle of the septum or a tear at an insertion would be near 0."""
    field = rule_based_fibres(heart.mesh)
    pairs, cosine = neighbour_alignment(heart.mesh.tetrahedra, field.fibre)
    between = middles(heart.mesh)[pairs].mean(axis=1)
    body = away_from_apex(heart, between)
    assert body.mean() > 0.97
    assert np.median(cosine) > 0.98
    assert cosine[body].min() > 0.80
    septum = body & (heart.wall[pairs] == SEPTUM).all(axis=1)
    assert cosine[septum].min() > 0.90
    across_insertion = body & (heart.wall[pairs[:, 0]] != heart.wall[pairs[:, 1]])
    assert across_insertion.sum() > 100
    assert cosine[across_insertion].min() > 0.80


def test_every_pair_of_neighbours_is_found() -> None:
    mesh = half_sphere()
    pairs, cosine = neighbour_alignment(mesh.tetrahedra, np.tile([1.0, 0, 0], (len(mesh.tetrahedra), 1)))
    # Four faces a tetrahedron: those of the boundary once, all others twice.
    assert 2 * len(pairs) + len(boundary_triangles(mesh.tetrahedra)) == 4 * len(mesh.tetrahedra)
    np.testing.assert_array_equal(cosine, 1.0)
    shared = [len(np.intersect1d(mesh.tetrahedra[a], mesh.tetrahedra[b])) for a, b in pairs[::500]]
    assert set(shared) == {3}


def helix_beside(heart: Heart, triangles: IndexArray, helix_deg: FloatArray, wall: int) -> float:
    nodes = np.zeros(len(heart.mesh.points_mm), dtype=bool)
    nodes[np.unique(triangles)] = True
    on = (nodes[heart.mesh.tetrahedra].sum(axis=1) == 3) & (heart.wall == wall)
    return float(np.median(helix_deg[on]))


def test_the_septum_is_a_wall_of_the_left_ventricle(heart: Heart) -> None:
    """Positive on its left side, negative on its right; the free wall of the right ventricle has its own angles."""
    mesh = heart.mesh
    field = rule_based_fibres(mesh, rv_endocardial_deg=80.0, rv_epicardial_deg=-20.0)
    assert helix_beside(heart, mesh.lv_endocardium, field.helix_deg, SEPTUM) == pytest.approx(60, abs=15)
    assert helix_beside(heart, mesh.rv_endocardium, field.helix_deg, SEPTUM) == pytest.approx(-60, abs=15)
    assert helix_beside(heart, mesh.epicardium, field.helix_deg, LV_FREE_WALL) == pytest.approx(-60, abs=15)
    # Two layers in the RV wall: the middle of the inner tetrahedra lies 1/8 to 3/8 across, of the outer 5/8 to 7/8.
    assert helix_beside(heart, mesh.rv_endocardium, field.helix_deg, RV_FREE_WALL) == pytest.approx(67, abs=15)
    assert helix_beside(heart, mesh.epicardium, field.helix_deg, RV_FREE_WALL) == pytest.approx(-7, abs=15)


def test_angles_stay_within_those_asked_for(heart: Heart) -> None:
    field = rule_based_fibres(heart.mesh, endocardial_deg=75.0, epicardial_deg=-45.0)
    assert field.helix_deg.max() <= 75.0 + 1e-6
    assert field.helix_deg.min() >= -45.0 - 1e-6


def test_a_turned_heart_has_turned_fibres(heart: Heart) -> None:
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    mesh = heart.mesh
    turned = HeartMesh(points_mm=mesh.points_mm @ turn.T + 50.0, tetrahedra=mesh.tetrahedra, **mesh.surfaces)
    one, other = rule_based_fibres(mesh), rule_based_fibres(turned)
    cosine = np.abs(np.einsum("ij,ij->i", one.fibre @ turn.T, other.fibre))
    # The tip of the cavity may be another of two equally far nodes; elsewhere nothing changes.
    assert cosine[away_from_apex(heart, middles(mesh))].min() > 1 - 1e-5


def test_what_cannot_have_fibres_is_said() -> None:
    mesh = half_sphere()
    nothing = np.zeros((0, 3), dtype=np.int32)
    with pytest.raises(MeasurementError, match=r"\[-90, 90\]"):
        rule_based_fibres(mesh, endocardial_deg=120.0)
    parts = mesh.surfaces
    for name, words in (("lv_endocardium", "no triangles"), ("epicardium", "no triangles"), ("base", "base")):
        without = {**parts, name: nothing}
        with pytest.raises(MeasurementError, match=words):
            rule_based_fibres(HeartMesh(points_mm=mesh.points_mm, tetrahedra=mesh.tetrahedra, **without))


def test_fibres_are_defined_amid_an_apex_of_many_small_elements(monkeypatch: pytest.MonkeyPatch) -> None:
    # On fine meshes whole elements lie in the apex, where the direction from apex to base has no slope.
    monkeypatch.setattr("resynchro.heart.fibres.APEX_SHARE", 0.12)
    heart = template_heart("normal", edge_mm=3.0)
    assert np.linalg.norm(heart.fibre, axis=1) == pytest.approx(1.0)
