"""The template torso, its electrodes, and the lead field in bounded conductors."""

from __future__ import annotations

import numpy as np
import pytest

from resynchro.electrics.electrodes import ELECTRODES, Electrodes, lead_matrix
from resynchro.electrics.heart_pose import HeartPose
from resynchro.electrics.lead_field import intracellular_stiffness
from resynchro.electrics.torso import heart_centre_mm, template_torso, torso_electrodes
from resynchro.electrics.torso_lead_field import organ_conductivities, torso_lead_field, torso_pose_derivatives
from resynchro.electrics.torso_mesh import TorsoMesh, ball_mesh, disc_of_triangles, torso_mesh
from resynchro.errors import InputError
from resynchro.heart.mesh import HeartMesh
from resynchro.record.ecg import Sex

RADIUS_MM, BODY_S_PER_M = 100.0, 0.2


@pytest.fixture(scope="module")
def coarse() -> TorsoMesh:
    return torso_mesh(template_torso(np.zeros(3), sex="male"), edge_mm=25.0)


def by_name(electrodes: Electrodes) -> dict[str, np.ndarray]:
    return dict(zip(ELECTRODES, electrodes.positions_mm, strict=True))


@pytest.mark.parametrize("sex", ["female", "male", None])
def test_electrodes_lie_where_the_standard_puts_them(sex: Sex | None) -> None:
    torso = template_torso(np.zeros(3), sex=sex)
    place = {name: point - torso.origin_mm for name, point in by_name(torso.electrodes()).items()}
    np.testing.assert_allclose(torso.contains(torso.electrodes().positions_mm), 1.0, atol=0.02)
    # V1 and V2 mirror each other in the fourth space; V4 to V6 share one lower height and go round to the side.
    np.testing.assert_allclose(place["V1"], place["V2"] * [-1.0, 1.0, 1.0])
    assert place["V1"][2] == 0.0
    assert place["V4"][2] == place["V5"][2] == place["V6"][2] < -25.0
    assert place["V2"][0] < place["V3"][0] < place["V4"][0] < place["V5"][0] < place["V6"][0]
    assert place["V4"][1] < place["V5"][1] < place["V6"][1] == 0.0
    np.testing.assert_allclose(place["RA"], place["LA"] * [-1.0, 1.0, 1.0])
    assert place["LL"][2] < -250.0 < 100.0 < place["LA"][2]


def test_heart_lies_left_of_the_midline_behind_the_sternum() -> None:
    torso = template_torso(np.zeros(3), sex="male")
    centre = -torso.origin_mm
    assert 35.0 < centre[0] < 55.0
    skin = torso.front_of_skin_mm(float(centre[0]), float(centre[2])) - torso.origin_mm
    assert 60.0 < centre[1] - skin[1] < 80.0


def test_bodies_grow_with_height_and_weight() -> None:
    usual = template_torso(np.zeros(3), sex="female")
    heavy = template_torso(np.zeros(3), sex="female", weight_kg=110.0)
    tall = template_torso(np.zeros(3), sex="female", height_cm=185.0)
    assert heavy.half_width_mm > usual.half_width_mm * 1.1
    assert heavy.height_scale == usual.height_scale
    assert tall.highest_mm > usual.highest_mm
    girth = template_torso(np.zeros(3), chest_girth_mm=1000.0)
    outline = girth.sections_mm(np.zeros(1), points=2001)[0]
    assert np.linalg.norm(np.diff(outline, axis=0), axis=1).sum() == pytest.approx(1000.0, rel=1e-3)


def test_electrodes_move_against_the_heart_offset() -> None:
    usual = torso_electrodes(np.array([1.0, 2.0, 3.0]))
    shifted = torso_electrodes(np.array([1.0, 2.0, 3.0]), heart_offset_mm=(10.0, 0.0, -5.0))
    np.testing.assert_allclose(shifted.positions_mm - usual.positions_mm, np.tile([-10.0, 0.0, 5.0], (9, 1)))


@pytest.mark.parametrize(
    ("size", "named"),
    [({"height_cm": 1.76}, "height"), ({"weight_kg": 800.0}, "weight"), ({"chest_girth_mm": 100.0}, "centimetres")],
)
def test_sizes_out_of_range_are_named(size: dict[str, float], named: str) -> None:
    with pytest.raises(InputError, match=named):
        template_torso(np.zeros(3), **size)


def test_centre_of_the_muscle_weighs_by_volume() -> None:
    # Two tetrahedra, volumes 1/6 and 8/6 mm3, centres 1/4 and 10 + 1/2 along x.
    points = np.array(
        [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (10, 0, 0), (12, 0, 0), (10, 2, 0), (10, 0, 2)], float
    )
    none = np.zeros((0, 3), np.int32)
    mesh = HeartMesh(
        points_mm=points,
        tetrahedra=np.array([(0, 1, 2, 3), (4, 5, 6, 7)], np.int32),
        lv_endocardium=none,
        rv_endocardium=none,
        epicardium=none,
        base=none,
    )
    assert heart_centre_mm(mesh)[0] == pytest.approx((0.25 + 8 * 10.5) / 9)


def test_disc_and_torso_fill_without_gaps(coarse: TorsoMesh) -> None:
    nodes, triangles = disc_of_triangles(6)
    corner = nodes[triangles]
    first, second = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    area = (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / 2.0
    # The regular polygon of 36 sides: 18 sin(2 pi / 36).
    assert (area > 0.0).all()
    assert area.sum() == pytest.approx(18.0 * np.sin(2.0 * np.pi / 36.0))
    _, volumes_mm3 = coarse.gradients
    assert (volumes_mm3 > 0.0).all()
    # Divergence theorem: the volume inside the skin.
    a, b, c = (coarse.points_mm[coarse.skin[:, i]] for i in range(3))
    assert np.einsum("ij,ij->", np.cross(a, b), c) / 6.0 == pytest.approx(volumes_mm3.sum())


def sphere_potential_kohm(points_mm: np.ndarray, electrodes_mm: np.ndarray) -> np.ndarray:
    """Return the potential of a unit current into an insulated ball at its skin, leaving evenly through the skin.

    1 / (4 pi sigma) (2 / d - ln((R - r cos(g) + d) / 2R) / R): harmonic, and with the normal current -1 / (4 pi R2) on
    the skin but at the electrode. An outflow from the whole volume differs by a field common to all electrodes.
    """
    distance = np.linalg.norm(points_mm[:, None] - electrodes_mm[None], axis=2)
    along = points_mm @ (electrodes_mm / RADIUS_MM).T
    logarithm = np.log((RADIUS_MM - along + distance) / (2.0 * RADIUS_MM))
    return (2.0 / distance - logarithm / RADIUS_MM) / (4.0 * np.pi * BODY_S_PER_M)


def test_insulated_sphere_and_order_of_convergence() -> None:
    rng = np.random.default_rng(0)
    direction = rng.normal(size=(9, 3))
    electrodes = Electrodes(positions_mm=RADIUS_MM * direction / np.linalg.norm(direction, axis=1)[:, None])
    points = rng.normal(size=(300, 3))
    points *= 60.0 * (rng.uniform(size=300) ** (1 / 3) / np.linalg.norm(points, axis=1))[:, None]
    exact = sphere_potential_kohm(points, electrodes.positions_mm) @ lead_matrix().T
    errors = []
    for rings in (5, 10):
        field = torso_lead_field(ball_mesh(RADIUS_MM, rings=rings), electrodes, body_s_per_m=BODY_S_PER_M)
        errors.append(np.linalg.norm(field.at(points) @ lead_matrix().T - exact) / np.linalg.norm(exact))
    assert errors[1] < 0.01
    assert np.log2(errors[0] / errors[1]) > 1.4


def test_field_is_inverse_to_conductivity(coarse: TorsoMesh) -> None:
    electrodes = template_torso(np.zeros(3), sex="male").electrodes()
    points = np.array([(0.0, 0.0, 0.0), (10.0, -20.0, 5.0), (-40.0, 10.0, 30.0)])
    good = torso_lead_field(coarse, electrodes, body_s_per_m=0.4).at(points)
    poor = torso_lead_field(coarse, electrodes, body_s_per_m=0.2).at(points)
    np.testing.assert_allclose(poor, 2.0 * good, rtol=1e-6, atol=1e-6)


def test_insulating_lungs_change_the_field(coarse: TorsoMesh) -> None:
    electrodes = template_torso(np.zeros(3), sex="male").electrodes()
    centre = coarse.points_mm[coarse.tetrahedra].mean(axis=1)
    lungs = (np.abs(centre[:, 0] + 43.0) > 90.0) & (np.abs(centre[:, 2]) < 100.0)
    sigma = organ_conductivities(coarse, lungs=lungs)
    assert set(np.unique(sigma)) == {0.05, 0.2}
    points = np.array([(0.0, 0.0, 0.0), (30.0, -20.0, -10.0)])
    with_lungs = lead_matrix() @ torso_lead_field(coarse, electrodes, element_s_per_m=sigma).at(points).T
    without = lead_matrix() @ torso_lead_field(coarse, electrodes).at(points).T
    assert np.abs(with_lungs - without).max() > 0.02 * np.abs(without).max()


def test_derivatives_by_pose_in_the_torso(coarse: TorsoMesh) -> None:
    field = torso_lead_field(coarse, template_torso(np.zeros(3), sex="male").electrodes())
    none = np.zeros((0, 3), np.int32)
    points = np.array([(0, 0, 0), (3, 0, 0), (0, 3, 0), (0, 0, 3), (3, 3, 3)], float)
    mesh = HeartMesh(
        points_mm=points,
        tetrahedra=np.array([(0, 1, 2, 3), (1, 2, 3, 4)], np.int32)[:, [0, 1, 2, 3]],
        lv_endocardium=none,
        rv_endocardium=none,
        epicardium=none,
        base=none,
    )
    stiffness = intracellular_stiffness(mesh, np.tile([0.0, 0.0, 1.0], (2, 1)))
    start = np.array([1.3, -2.1, 0.7, 0.05, -0.1, 0.2])

    def weights(values: np.ndarray) -> np.ndarray:
        pose = HeartPose(shift_mm=values[:3], turn_rad=values[3:], centre_mm=np.array([1.0, 1.0, 1.0]))
        return stiffness.node_weights_mv(field.at(pose.placed(points)))

    pose = HeartPose(shift_mm=start[:3], turn_rad=start[3:], centre_mm=np.array([1.0, 1.0, 1.0]))
    by_pose = torso_pose_derivatives(stiffness, points, field, pose)
    for p in range(6):
        step = 1e-5 * np.eye(6)[p]
        difference = (weights(start + step) - weights(start - step)) / 2e-5
        np.testing.assert_allclose(by_pose[p], difference, atol=1e-4 * np.abs(difference).max())


def test_small_moves_of_electrodes_follow_the_near_field(coarse: TorsoMesh) -> None:
    torso = template_torso(np.zeros(3), sex="male")
    electrodes = torso.electrodes()
    moved_mm = electrodes.positions_mm.copy()
    v3 = electrodes.position_mm("V3") - torso.origin_mm
    moved_mm[5] = torso.front_of_skin_mm(v3[0] + 8.0, v3[2] - 5.0)
    moved = Electrodes(positions_mm=moved_mm)
    points = np.random.default_rng(0).uniform(-25.0, 25.0, (200, 3))
    field = torso_lead_field(coarse, electrodes)

    def varying(values: np.ndarray) -> np.ndarray:
        return values[:, 5] - values[:, 5].mean()

    true = varying(torso_lead_field(coarse, moved).at(points))
    unmoved, followed = varying(field.at(points)), varying(field.at(points, moved=moved))
    assert np.linalg.norm(followed - true) < 0.5 * np.linalg.norm(unmoved - true)


def test_points_and_electrodes_outside_are_refused(coarse: TorsoMesh) -> None:
    electrodes = template_torso(np.zeros(3), sex="male").electrodes()
    with pytest.raises(InputError, match="off the skin"):
        torso_lead_field(coarse, electrodes.moved(np.array([0.0, -300.0, 0.0])))
    with pytest.raises(InputError, match="outside the torso"):
        coarse.located(np.array([[900.0, 0.0, 0.0]]))
    with pytest.raises(InputError, match="positive"):
        torso_lead_field(coarse, electrodes, element_s_per_m=np.zeros(3))
