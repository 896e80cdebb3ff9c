"""Volumes, masses and wall thickness: bodies with known sizes, and the template against its own parameters."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from resynchro.errors import MeasurementError
from resynchro.heart.cavities import cavity_ml, heart_size
from resynchro.heart.heart import Heart
from resynchro.heart.heart_arrays import element_arrays, node_arrays, surface_arrays
from resynchro.heart.heart_summary import heart_summary, helix_deg
from resynchro.heart.mesh import FloatArray, IndexArray
from resynchro.heart.surface_elements import elements_under
from resynchro.heart.template import template_heart
from resynchro.heart.template_parameters import TemplateParameters


def _bowl(radius_mm: float, rings: int = 40, sectors: int = 80) -> tuple[FloatArray, IndexArray]:
    """Lower half of a sphere, open at the top, normals inwards (out of the muscle around it)."""
    down = np.linspace(math.pi, math.pi / 2, rings + 1)[1:]
    polar, turn = np.meshgrid(down, np.arange(sectors) * 2 * math.pi / sectors, indexing="ij")
    points = radius_mm * np.stack([np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar)], axis=-1)
    nodes = np.arange(rings * sectors).reshape(rings, sectors) + 1
    along = np.roll(nodes, -1, axis=1)
    triangles = [np.stack([np.zeros(sectors), nodes[0], along[0]], axis=1)]
    for one, two, over, beyond in zip(nodes[:-1], along[:-1], nodes[1:], along[1:], strict=True):
        triangles += [np.stack([one, over, two], axis=1), np.stack([two, over, beyond], axis=1)]
    tip = np.array([[0.0, 0.0, -radius_mm]])
    return np.concatenate([tip, points.reshape(-1, 3)]), np.concatenate(triangles).astype(np.int32)


@pytest.fixture(scope="module")
def heart() -> Heart:
    return template_heart(TemplateParameters(lv_edv_ml=180.0, septal_wall_mm=11.0, rv_edv_ml=120.0), edge_mm=4.0)


def test_half_a_sphere_wherever_it_lies() -> None:
    # 2/3 pi 25^3 mm3 = 32.72 mL; 40 rings of flat facets lose 0.3 % at most.
    points, triangles = _bowl(25.0)
    expected = 2.0 / 3.0 * math.pi * 25.0**3 / 1000.0
    assert cavity_ml(points, triangles) == pytest.approx(expected, rel=3e-3)
    assert cavity_ml(points + np.array([300.0, -200.0, 1000.0]), triangles) == pytest.approx(
        cavity_ml(points, triangles)
    )
    assert cavity_ml(points, triangles[:, ::-1]) == pytest.approx(cavity_ml(points, triangles))


def test_two_openings_get_a_lid_each() -> None:
    # A tube from z = -10 to 10 mm with 8 corners of radius 5 mm: an octagon of the area 2 sqrt(2) r^2.
    turn = np.arange(8) * math.pi / 4.0
    ring = 5.0 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    points = np.concatenate([np.column_stack([ring, np.full(8, z)]) for z in (-10.0, 10.0)])
    low = np.arange(8)
    high, after = low + 8, np.roll(low, -1)
    triangles = np.concatenate([np.stack([low, after, high], 1), np.stack([after, after + 8, high], 1)]).astype(
        np.int32
    )
    assert cavity_ml(points, triangles) == pytest.approx(2.0 * math.sqrt(2.0) * 25.0 * 20.0 / 1000.0)


def test_surfaces_that_enclose_nothing_are_said() -> None:
    points, triangles = _bowl(25.0)
    with pytest.raises(MeasurementError, match="no triangles"):
        cavity_ml(points, triangles[:0])
    turned = triangles.copy()
    turned[100] = turned[100, ::-1]
    with pytest.raises(MeasurementError, match="turn the same way"):
        cavity_ml(points, turned)


def test_the_template_has_the_sizes_it_was_asked_for(heart: Heart) -> None:
    size = heart_size(heart)
    assert size.lv_cavity_ml == pytest.approx(180.0, rel=1e-3)
    assert size.rv_cavity_ml == pytest.approx(120.0, rel=1e-3)
    assert size.lv_length_mm == pytest.approx(85.0)
    for segment in (5, 6, 11, 12):  # lateral, 8 mm; the shortest way is never longer than along the normal
        assert size.segment_wall_mm[segment] == pytest.approx(8.0, abs=0.4)
    for segment in (2, 3, 8, 9):  # the septum of 11 mm thins towards the insertions
        assert size.segment_wall_mm[segment] == pytest.approx(11.0, abs=1.2)
    assert size.rv_wall_mm == pytest.approx(3.5, abs=0.2)
    assert size.lv_mass_g + size.rv_mass_g == pytest.approx(1.05e-3 * heart.mesh.volumes_mm3.sum())
    assert sum(size.segment_ml.values()) * 1.05 == pytest.approx(size.lv_mass_g)


def test_every_boundary_triangle_has_its_element(heart: Heart) -> None:
    mesh = heart.mesh
    under = elements_under(mesh.tetrahedra, mesh.epicardium)
    assert (under >= 0).all()
    assert all(
        np.isin(triangle, mesh.tetrahedra[one]).all() for triangle, one in zip(mesh.epicardium, under, strict=True)
    )
    assert elements_under(mesh.tetrahedra, np.array([[0, 1, len(mesh.points_mm) - 1]], dtype=np.int32))[0] == -1


def test_arrays_for_other_programs_are_complete_and_the_surface_is_closed(heart: Heart) -> None:
    assert {len(values) for values in node_arrays(heart).values()} == {len(heart.mesh.points_mm)}
    assert {len(values) for values in element_arrays(heart).values()} == {len(heart.mesh.tetrahedra)}
    triangles, surface = surface_arrays(heart)
    assert set(surface.tolist()) == {0, 1, 2, 3}
    # A closed surface encloses the muscle: the divergence theorem gives the volume of all tetrahedra.
    corner = heart.mesh.points_mm[triangles]
    enclosed = np.einsum("ij,ij->", np.cross(corner[:, 0], corner[:, 1]), corner[:, 2]) / 6.0
    assert enclosed == pytest.approx(heart.mesh.volumes_mm3.sum())


def test_the_summary_says_what_was_built(heart: Heart) -> None:
    summary = heart_summary(heart)
    assert summary["lv_cavity_ml"] == pytest.approx(180.0, abs=0.2)
    assert summary["walls_mm"]["lateral"] == pytest.approx(8.0, abs=0.3)
    assert summary["mesh"]["inverted"] == 0 and summary["mesh"]["quality"]["worst"] > 0.0
    assert summary["mesh"]["edge_mm"]["mean"] == pytest.approx(heart.mesh.mean_edge_mm, abs=0.01)
    assert summary["fibres"]["inner_helix_deg"] == pytest.approx(60.0, abs=6.0)
    assert summary["fibres"]["outer_helix_deg"] == pytest.approx(-60.0, abs=6.0)
    assert summary["tissue"] == {"core_pct": 0.0, "border_pct": 0.0}
    assert summary["position"]["frontal_axis_deg"] == pytest.approx(47.6, abs=0.5)  # atan2(0.595, 0.544)
    assert [entry["segment"] for entry in summary["segments"]] == list(range(1, 18))


def test_the_helix_does_not_depend_on_the_sign_of_a_fibre(heart: Heart) -> None:
    turned = replace(heart, fibre=-heart.fibre)
    assert helix_deg(turned) == pytest.approx(helix_deg(heart))
