"""Hearts from other people's meshes: numbering, axes, fibres, and what is said about them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from resynchro.errors import InputError
from resynchro.formats.heart_mesh_file import read_heart_mesh
from resynchro.heart.fibres import rule_based_fibres
from resynchro.heart.heart import BORDER_ZONE, SCAR_CORE, Heart
from resynchro.heart.heart_of_mesh import heart_of_mesh
from resynchro.heart.template import template_heart


@pytest.fixture(scope="module")
def template() -> Heart:
    return template_heart(edge_mm=4.0)


def codes(heart: Heart) -> set[str]:
    return {finding.code for finding in heart.findings}


def turn_of(seed: int) -> np.ndarray:
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    return np.asarray(turn * np.sign(np.linalg.det(turn)))


def aligned(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.abs(np.einsum("ij,ij->i", one, other))


def test_the_template_without_its_labels_is_the_template(template: Heart) -> None:
    heart = heart_of_mesh(template.mesh.points_mm, template.mesh.tetrahedra)
    assert heart.geometry_source == "mesh file"
    assert not heart.findings
    np.testing.assert_array_equal(heart.mesh.points_mm, template.mesh.points_mm)
    assert (heart.segment == template.segment).mean() > 0.96
    assert np.percentile(aligned(heart.fibre, template.fibre), 1) > 0.999
    assert not heart.fibre.flags.writeable
    assert heart.veins is None


def test_unknown_axes_are_replaced_by_the_usual_position(template: Heart) -> None:
    turn = turn_of(7)
    heart = heart_of_mesh(template.mesh.points_mm @ turn.T + 100.0, template.mesh.tetrahedra, axes="unknown")
    assert codes(heart) == {"heart-position-assumed"}
    np.testing.assert_allclose(heart.mesh.points_mm, template.mesh.points_mm, atol=0.05)
    np.testing.assert_allclose(heart.landmarks.apex_mm, template.landmarks.apex_mm, atol=0.05)


def test_a_given_rotation_brings_it_into_the_body(template: Heart) -> None:
    turn = turn_of(8)
    heart = heart_of_mesh(
        template.mesh.points_mm @ turn,
        template.mesh.tetrahedra,
        to_body=turn,
        surfaces={name: part for name, part in template.mesh.surfaces.items() if name != "base"},
        fibre=template.fibre @ turn,
    )
    assert not heart.findings
    np.testing.assert_allclose(heart.mesh.points_mm, template.mesh.points_mm, atol=1e-9)
    np.testing.assert_allclose(aligned(heart.fibre, template.fibre), 1.0, atol=1e-9)
    with pytest.raises(InputError, match="to_body must be a rotation"):
        heart_of_mesh(template.mesh.points_mm, template.mesh.tetrahedra, to_body=np.diag([1.0, 1.0, -1.0]))
    with pytest.raises(InputError, match="allowed are lps, ras, unknown"):
        heart_of_mesh(template.mesh.points_mm, template.mesh.tetrahedra, axes="xyz")  # type: ignore[arg-type]


def test_ras_is_turned_and_a_wrong_frame_is_doubted(template: Heart) -> None:
    flip = np.array([-1.0, -1.0, 1.0])
    heart = heart_of_mesh(template.mesh.points_mm * flip, template.mesh.tetrahedra, axes="ras")
    assert not heart.findings
    np.testing.assert_allclose(heart.mesh.points_mm, template.mesh.points_mm)
    doubted = heart_of_mesh(template.mesh.points_mm * flip, template.mesh.tetrahedra)
    assert codes(doubted) == {"heart-axes-unusual"}
    # One axis turned round by a wrong export mirrors the heart: its apex points to the right.
    mirrored = heart_of_mesh(template.mesh.points_mm * [-1.0, 1.0, 1.0], template.mesh.tetrahedra)
    assert codes(mirrored) == {"heart-axes-unusual", "mesh-mirrored"}


def test_numbers_follow_nodes_and_tetrahedra_that_are_kept(template: Heart) -> None:
    """Nodes in another order with two that nothing uses, tetrahedra in another order: the same heart, reordered."""
    rng = np.random.default_rng(2)
    count, cells = len(template.mesh.points_mm), template.mesh.tetrahedra
    place = rng.permutation(count + 2)[:count]  # where each node goes
    points = np.zeros((count + 2, 3))
    points[place] = template.mesh.points_mm
    order = rng.permutation(len(cells))
    tissue = np.zeros(len(cells), dtype=int)
    tissue[:10], tissue[10:15] = SCAR_CORE, BORDER_ZONE
    heart = heart_of_mesh(points, place[cells[order]], fibre=template.fibre[order], tissue=tissue[order])
    assert codes(heart) == {"mesh-unused-nodes"}
    assert len(heart.mesh.points_mm) == count
    np.testing.assert_allclose(aligned(heart.fibre, template.fibre[order]), 1.0)
    np.testing.assert_array_equal(heart.tissue, tissue[order])
    middle = heart.mesh.points_mm[heart.mesh.tetrahedra].mean(axis=1)
    np.testing.assert_allclose(middle, template.mesh.points_mm[cells[order]].mean(axis=1))


def test_fibres_at_nodes_become_axes_of_elements(template: Heart) -> None:
    """Signs are chosen at random: an axis has none, and a mean of arrows would be wrong."""
    mesh = template.mesh
    fibre = np.zeros_like(mesh.points_mm)
    for corner in range(4):
        fibre[mesh.tetrahedra[:, corner]] = template.fibre
    fibre *= np.random.default_rng(4).choice([-3.0, 3.0], len(fibre))[:, None]
    heart = heart_of_mesh(mesh.points_mm, mesh.tetrahedra, fibre=fibre)
    assert np.median(aligned(heart.fibre, template.fibre)) > 0.95
    np.testing.assert_allclose(np.linalg.norm(heart.fibre, axis=1), 1.0)
    np.testing.assert_allclose(np.einsum("ij,ij->i", heart.fibre, heart.sheet_normal), 0.0, atol=1e-9)


def test_missing_fibres_are_filled_or_refused(template: Heart) -> None:
    mesh = template.mesh
    fibre = template.fibre.copy()
    fibre[:7], fibre[7] = 0.0, np.nan
    heart = heart_of_mesh(mesh.points_mm, mesh.tetrahedra, fibre=fibre)
    assert codes(heart) == {"fibres-by-rule"}
    assert any(finding.message.startswith("8 of") for finding in heart.findings)
    assert np.isfinite(heart.fibre).all()
    fibre[: len(fibre) // 2] = 0.0
    with pytest.raises(InputError, match="no fibre direction"):
        heart_of_mesh(mesh.points_mm, mesh.tetrahedra, fibre=fibre)
    with pytest.raises(InputError, match="fibres have shape"):
        heart_of_mesh(mesh.points_mm, mesh.tetrahedra, fibre=fibre[:-1])
    with pytest.raises(InputError, match="tissue must hold 0, 1 or 2"):
        heart_of_mesh(mesh.points_mm, mesh.tetrahedra, tissue=np.full(len(mesh.tetrahedra), 3))


def test_fibres_that_turn_the_other_way_are_kept_and_said(template: Heart) -> None:
    mesh = template.mesh
    reverse = rule_based_fibres(mesh, endocardial_deg=-60.0, epicardial_deg=60.0).fibre
    heart = heart_of_mesh(mesh.points_mm, mesh.tetrahedra, fibre=reverse)
    assert codes(heart) == {"fibres-handedness"}
    np.testing.assert_allclose(aligned(heart.fibre, reverse), 1.0)


def test_surfaces_of_other_nodes_are_refused(template: Heart) -> None:
    mesh = template.mesh
    with pytest.raises(InputError, match="epicardium must be triangles"):
        heart_of_mesh(
            mesh.points_mm, mesh.tetrahedra, surfaces={**mesh.surfaces, "epicardium": np.array([[0, 1, 10**6]])}
        )


def test_a_heart_of_somebody_else(shared_data: Callable[[str], Path]) -> None:
    """4569 nodes and 17866 tetrahedra in LPS, base cut flat, with a true apex to the left, front and down."""
    file = read_heart_mesh(shared_data("mesh/crtdemo/data/crtdemo/crtdemo_mesh_oriented.vtk"))
    heart = heart_of_mesh(file.points_mm, file.tetrahedra)
    assert len(heart.mesh.points_mm) == 4569
    assert "heart-axes-unusual" not in codes(heart)
    # Its own files of both endocardia, without the rim: 848 and 1582 triangles.
    assert len(heart.mesh.lv_endocardium) == 848
    assert len(heart.mesh.rv_endocardium) == 1582
    volume = heart.mesh.volumes_mm3
    assert set(np.unique(heart.segment)) == set(range(18))
    shares = np.array([volume[heart.segment == segment].sum() for segment in range(1, 17)]) / volume.sum()
    assert shares.min() > 0.01
    assert shares.max() < 0.12
