"""The template heart: a closed mesh of the wanted size, the same nodes whatever the size."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.errors import InputError
from resynchro.heart.heart import LV_FREE_WALL, RV_FREE_WALL, SEPTUM, Heart
from resynchro.heart.mesh import FloatArray, HeartMesh, IndexArray
from resynchro.heart.template import template_heart
from resynchro.heart.template_parameters import PRESETS, TemplateParameters
from resynchro.heart.template_shape import template_walls
from resynchro.heart.template_sheet import template_sheet
from resynchro.heart.wall_sheets import mesh_of, topology
from resynchro.record.segments import segment_at

EDGE_MM = 3.0


@pytest.fixture(scope="module")
def normal() -> Heart:
    return template_heart("normal", edge_mm=EDGE_MM)


def _faces(mesh: HeartMesh) -> tuple[IndexArray, FloatArray]:
    every = mesh.tetrahedra[:, [(0, 2, 1), (0, 1, 3), (1, 2, 3), (0, 3, 2)]].reshape(-1, 3)
    unique, count = np.unique(np.sort(every, axis=1), axis=0, return_counts=True)
    return unique, count


def _enclosed_ml(points: FloatArray, triangles: IndexArray) -> float:
    """Volume between an open surface and the fan from the middle of its rim; sign as the normals."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    _, first, count = np.unique(np.sort(edges, axis=1), axis=0, return_index=True, return_counts=True)
    rim = edges[first[count == 1]]
    middle = points[np.unique(rim)].mean(axis=0)
    corner = points[triangles] - middle
    return float(np.linalg.det(corner).sum() / 6000.0)


def test_the_boundary_is_closed_and_every_inner_face_joins_two_tetrahedra(normal: Heart) -> None:
    faces, count = _faces(normal.mesh)
    assert count.max() == 2
    outer = {tuple(face) for face in faces[count == 1]}
    named = [tuple(sorted(triangle)) for surface in normal.mesh.surfaces.values() for triangle in surface]
    assert len(named) == len(set(named))
    assert set(named) == outer
    # A closed surface: every edge borders two of its triangles.
    triangles = np.concatenate(list(normal.mesh.surfaces.values()))
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()


def test_all_normals_point_out_of_the_muscle(normal: Heart) -> None:
    triangles = np.concatenate(list(normal.mesh.surfaces.values()))
    corner = normal.mesh.points_mm[triangles]
    enclosed = np.linalg.det(corner).sum() / 6.0  # divergence theorem over the closed surface
    assert enclosed == pytest.approx(normal.mesh.volumes_mm3.sum(), rel=1e-9)


@pytest.mark.parametrize("preset", list(PRESETS))
def test_cavities_length_and_walls_have_the_wanted_size(preset: str) -> None:
    size = PRESETS[preset]  # type: ignore[index]
    heart = template_heart(size, edge_mm=EDGE_MM)
    mesh = heart.mesh
    assert -_enclosed_ml(mesh.points_mm, mesh.lv_endocardium) == pytest.approx(size.lv_edv_ml, rel=1e-3)
    # The base of the RV cavity is flat too, at the same height: its rim's own middle serves.
    assert -_enclosed_ml(mesh.points_mm, mesh.rv_endocardium) == pytest.approx(size.rv_edv_ml, rel=2e-3)
    axis = heart.landmarks.apex_mm - heart.landmarks.base_mm
    assert np.linalg.norm(axis) == pytest.approx(size.lv_length_mm)
    lateral = (np.abs((heart.coordinates.rotation_deg + 180) % 360 - 180) < 5) & (heart.coordinates.apicobasal > 0.6)
    inner = mesh.points_mm[lateral & (heart.coordinates.transmural == 0) & ~heart.coordinates.rv]
    outer = mesh.points_mm[lateral & (heart.coordinates.transmural == 1) & ~heart.coordinates.rv]
    thickness = np.linalg.norm(outer - inner, axis=1)
    assert thickness == pytest.approx(size.lateral_wall_mm, rel=0.05)


@settings(max_examples=12, deadline=None)
@given(
    volume_ml=st.floats(80, 400),
    roundness=st.floats(0.85, 1.15),
    wall_mm=st.floats(6, 16),
    rv_share=st.floats(0.5, 1.5),
)
def test_no_tetrahedron_is_inverted_in_hearts_of_any_size(
    volume_ml: float, roundness: float, wall_mm: float, rv_share: float
) -> None:
    size = TemplateParameters(
        lv_edv_ml=volume_ml,
        lv_length_mm=min(139.0, 85.0 * (volume_ml / 130.0) ** (1 / 3) * roundness),
        septal_wall_mm=wall_mm,
        anterior_wall_mm=wall_mm,
        lateral_wall_mm=wall_mm,
        inferior_wall_mm=wall_mm,
        rv_edv_ml=min(400.0, max(60.0, volume_ml * rv_share)),
    )
    mesh = mesh_of(topology(EDGE_MM), template_walls(size, template_sheet(EDGE_MM), topology(EDGE_MM)))
    # The walls' own axes are left-handed, so all volumes are negative there.
    assert mesh.volumes_mm3.max() < 0.0


def test_no_tetrahedron_folds_where_the_right_ventricle_is_inserted_on_a_fine_mesh() -> None:
    # A wall of three layers of 1.2 mm turns by a right angle there.
    for size in PRESETS.values():
        mesh = mesh_of(topology(1.2), template_walls(size, template_sheet(1.2), topology(1.2)))
        assert mesh.volumes_mm3.max() < 0.0


def test_hearts_of_all_sizes_share_nodes_elements_and_coordinates(normal: Heart) -> None:
    dilated = template_heart("dilated", edge_mm=EDGE_MM)
    assert np.array_equal(normal.mesh.tetrahedra, dilated.mesh.tetrahedra)
    assert np.array_equal(normal.wall, dilated.wall)
    assert np.array_equal(normal.coordinates.apicobasal, dilated.coordinates.apicobasal)
    assert not np.array_equal(normal.mesh.points_mm, dilated.mesh.points_mm)


def test_the_same_call_gives_the_same_bytes() -> None:
    template_sheet.cache_clear()
    one = template_heart("normal", edge_mm=4.0)
    template_sheet.cache_clear()
    other = template_heart("normal", edge_mm=4.0)
    assert one.mesh.points_mm.tobytes() == other.mesh.points_mm.tobytes()
    assert one.fibre.tobytes() == other.fibre.tobytes()


def test_segments_follow_the_rule_of_the_bullseye(normal: Heart) -> None:
    volume = normal.mesh.volumes_mm3
    left = normal.wall != RV_FREE_WALL
    assert set(np.unique(normal.segment[left])) == set(range(1, 18))
    assert not normal.segment[~left].any()
    # The septum's elements lie in septal segments, up to the strip where the RV inserts.
    septal = np.isin(normal.segment, (2, 3, 8, 9, 14, 13, 15))
    assert volume[(normal.wall == SEPTUM) & septal].sum() > 0.97 * volume[normal.wall == SEPTUM].sum()
    centre = normal.mesh.points_mm[normal.mesh.tetrahedra].mean(axis=1)
    from resynchro.heart.ventricular_place import depth_and_rotation

    depth, angle = depth_and_rotation(centre, normal.landmarks)
    for element in np.flatnonzero(left)[::997]:
        level = "apex" if depth[element] >= 1 else ("basal", "mid", "apical")[min(2, int(3 * max(0.0, depth[element])))]
        assert normal.segment[element] == segment_at(level, float(angle[element]))  # type: ignore[arg-type]


def test_the_septum_is_about_three_tenths_of_the_left_ventricle(normal: Heart) -> None:
    # 29 % of the volume in the idealised heart of the reference; mechanics depend on it.
    volume = normal.mesh.volumes_mm3
    share = volume[normal.wall == SEPTUM].sum() / volume[normal.wall != RV_FREE_WALL].sum()
    assert 0.26 < share < 0.34
    assert volume[normal.wall == LV_FREE_WALL].sum() > volume[normal.wall == SEPTUM].sum()


def test_the_right_ventricle_lies_in_front_and_to_the_right(normal: Heart) -> None:
    volume = normal.mesh.volumes_mm3[:, None]
    centre = normal.mesh.points_mm[normal.mesh.tetrahedra].mean(axis=1)
    right, left = normal.wall == RV_FREE_WALL, normal.wall == LV_FREE_WALL
    way = (volume * centre)[right].sum(0) / volume[right].sum() - (volume * centre)[left].sum(0) / volume[left].sum()
    assert way[0] < 0  # to the patient's right
    assert way[1] < 0  # to the front
    axis = normal.landmarks.apex_mm - normal.landmarks.base_mm
    assert axis[0] > 0 and axis[1] < 0 and axis[2] < 0  # the apex: left, front, down


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"lv_edv_ml": 0.13}, "lv_edv_ml"),
        ({"lv_length_mm": 8.5}, "lv_length_mm"),
        ({"lv_edv_ml": 450.0, "lv_length_mm": 60.0}, "length"),
        ({"septal_wall_mm": float("nan")}, "septal_wall_mm"),
    ],
)
def test_sizes_that_no_heart_has_are_refused(change: dict[str, float], word: str) -> None:
    with pytest.raises(InputError, match=word):
        dataclasses.replace(PRESETS["normal"], **change)


def test_unknown_presets_and_edge_lengths_are_refused() -> None:
    with pytest.raises(InputError, match="normal or dilated"):
        template_heart("huge")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="edge length"):
        template_heart("normal", edge_mm=0.3)
