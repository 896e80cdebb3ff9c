"""Roots between the nodes of the mesh: where they lie and how their times change."""

from __future__ import annotations

import numpy as np
import pytest

from resynchro.electrics.heart_of_fit import HeartOfFit
from resynchro.electrics.movable_root import BALL_RADIUS_MM, RootPlace, root_surface, root_times
from resynchro.errors import InputError
from resynchro.heart.template import template_heart
from resynchro.heart.ventricular_place import depth_and_rotation


@pytest.fixture(scope="module")
def prepared() -> HeartOfFit:
    return HeartOfFit(template_heart("normal", edge_mm=4.0))


def test_point_lies_at_its_coordinates(prepared: HeartOfFit) -> None:
    point = prepared.surface("lv_endocardium").point_at(0.5, 200.0)
    depth, rotation = depth_and_rotation(point[None], prepared.heart.landmarks)
    assert depth[0] == pytest.approx(0.5, abs=0.01)
    assert rotation[0] == pytest.approx(200.0, abs=1.0)


def test_offsets_lead_along_and_around(prepared: HeartOfFit) -> None:
    surface, heart = prepared.surface("lv_endocardium"), prepared.heart
    start = surface.point_at(0.5, 0.0)
    basal = surface.place(start, np.array([8.0, 0.0])).position_mm
    around = surface.place(start, np.array([0.0, 8.0])).position_mm
    depth, rotation = depth_and_rotation(np.stack([start, basal, around]), heart.landmarks)
    assert depth[1] < depth[0] - 0.05  # towards the base
    assert 5.0 < np.linalg.norm(basal - start) < 8.5
    assert abs((rotation[2] - rotation[0] + 180.0) % 360.0 - 180.0) > 5.0
    assert depth[2] == pytest.approx(depth[0], abs=0.05)


def test_place_changes_with_its_offset_as_said(prepared: HeartOfFit) -> None:
    surface = prepared.surface("rv_septum")
    start = surface.point_at(0.5, 180.0)
    offset, step = np.array([1.3, -0.7]), 1e-6
    place = surface.place(start, offset)
    for axis in range(2):
        moved = offset.copy()
        moved[axis] += step
        change = (surface.place(start, moved).position_mm - place.position_mm) / step
        np.testing.assert_allclose(change, place.by_offset[axis], atol=1e-5)


def test_times_are_exact_in_uniform_muscle_and_change_as_said(prepared: HeartOfFit) -> None:
    # One velocity in all directions: the time is distance over velocity.
    from resynchro.electrics.eikonal_medium import with_velocities

    muscle = with_velocities(prepared.medium, v_fibre_m_per_s=0.5, v_transverse_m_per_s=0.5)
    place = prepared.surface("lv_endocardium").place(prepared.surface("lv_endocardium").point_at(0.4, 30.0), np.ones(2))
    given = {"group": prepared.group, "n_groups": 2, "layer_nodes": np.zeros(len(prepared.alive), dtype=bool),
             "v_layer_m_per_s": 0.0, "balls": {}}  # fmt: skip
    found = root_times(muscle, place, **given)
    distance = np.linalg.norm(prepared.heart.mesh.points_mm[found.nodes] - place.position_mm, axis=1)
    np.testing.assert_allclose(found.times_ms, distance / 0.5, rtol=1e-6)
    assert distance.max() < 2.0 * BALL_RADIUS_MM
    far = distance > 2.0  # at the root itself the derivative has a cone
    np.testing.assert_allclose(np.linalg.norm(found.by_position[far], axis=1), 1.0 / 0.5, rtol=1e-6)
    # Both logarithms of the velocity together scale the time.
    np.testing.assert_allclose(
        (found.by_log_v_fibre + found.by_log_v_transverse).sum(axis=1), -found.times_ms, rtol=1e-6
    )


def test_layer_carries_the_root_faster(prepared: HeartOfFit) -> None:
    surface = prepared.surface("lv_endocardium")
    place: RootPlace = surface.place(surface.point_at(0.4, 30.0), np.zeros(2))
    given = {"group": prepared.group, "n_groups": 2, "layer_nodes": prepared.layer_nodes["lv"], "balls": {}}
    in_layer = root_times(prepared.medium, place, v_layer_m_per_s=2.0, **given)
    in_muscle = root_times(prepared.medium, place, v_layer_m_per_s=0.0, **given)
    on_surface = prepared.layer_nodes["lv"][in_layer.nodes]
    distance = np.linalg.norm(prepared.heart.mesh.points_mm[in_layer.nodes] - place.position_mm, axis=1)
    np.testing.assert_allclose(in_layer.times_ms[on_surface], distance[on_surface] / 2.0, atol=1e-5)
    np.testing.assert_array_equal(in_layer.times_ms[~on_surface], in_muscle.times_ms[~on_surface])


def test_unknown_surface_is_refused() -> None:
    with pytest.raises(InputError, match="no surface 'apex'"):
        root_surface("apex")
