"""Node weights against exact solutions in blocks of muscle."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray

from resynchro.electrics.body_surface_ecg import qrs_mv
from resynchro.electrics.electrodes import Electrodes
from resynchro.electrics.heart_pose import HeartPose, pose_derivatives, rotation_matrix
from resynchro.electrics.lead_field import (
    heart_vector_weights,
    independent_lead_weights,
    intracellular_stiffness,
    node_weights,
    unbounded_lead_field_kohm,
    weight_derivatives,
)
from resynchro.electrics.tissue_conductivity import Conductivities
from resynchro.errors import InputError
from resynchro.heart.mesh import HeartMesh

ISOTROPIC = Conductivities(intracellular_fibre_s_per_m=0.3, intracellular_cross_s_per_m=0.3, body_s_per_m=0.2)
AROUND = Electrodes(
    positions_mm=np.array(
        [
            (60.0, 0.0, 0.0),
            (100.0, 0.0, 0.0),
            (-40.0, 30.0, 10.0),
            (20.0, -60.0, 5.0),
            (70.0, 40.0, -20.0),
            (0.0, 50.0, 60.0),
            (45.0, 5.0, -55.0),
            (90.0, -30.0, 30.0),
            (-30.0, -30.0, -30.0),
        ]
    )
)


def block_of_muscle(size_mm: tuple[float, float, float], edge_mm: float) -> HeartMesh:
    """Return a block from (0, -b/2, -c/2) to (a, b/2, c/2): six tetrahedra around the diagonal of each cube."""
    counts = [round(length / edge_mm) for length in size_mm]
    axes = [np.linspace(0.0, length, count + 1) for length, count in zip(size_mm, counts, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    grid[:, 1:] -= np.array(size_mm[1:]) / 2.0
    number = np.arange(len(grid)).reshape([count + 1 for count in counts])
    cells = []
    for order in permutations(range(3)):
        corner = np.zeros((4, 3), dtype=int)
        for step, axis in enumerate(order):
            corner[step + 1 :, axis] += 1
        if np.linalg.det(corner[1:] - corner[0]) < 0:
            corner[[1, 2]] = corner[[2, 1]]
        cells.append(
            np.stack(
                [
                    number[
                        i : number.shape[0] - 1 + i, j : number.shape[1] - 1 + j, k : number.shape[2] - 1 + k
                    ].ravel()
                    for i, j, k in corner
                ],
                axis=1,
            )
        )
    none: NDArray[np.int32] = np.zeros((0, 3), dtype=np.int32)
    tetrahedra = np.concatenate(cells).astype(np.int32)
    return HeartMesh(
        points_mm=grid, tetrahedra=tetrahedra, lv_endocardium=none, rv_endocardium=none, epicardium=none, base=none
    )


def fibres_along_x(mesh: HeartMesh) -> NDArray[np.float64]:
    """Return the x direction for every tetrahedron."""
    return np.tile([1.0, 0.0, 0.0], (len(mesh.tetrahedra), 1))


def plane_front_mv(conductivities: Conductivities, edge_mm: float) -> np.ndarray:
    """Return the potentials of a plane front at x = 18 mm, on the axis 60 and 100 mm from the origin."""
    block = block_of_muscle((40.0, 30.0, 30.0), edge_mm)
    weights = node_weights(block, fibres_along_x(block), AROUND, conductivities=conductivities)
    times_ms = block.points_mm[:, 0] / 0.5
    return qrs_mv(times_ms, weights, start_ms=36.0, end_ms=37.0, step_ms=0.5, upstroke_sd_ms=0.5)[:2, 0]


def test_plane_front_sees_its_solid_angle() -> None:
    # phi = sigma_i / sigma_b dV Omega / 4 pi; Omega = 4 atan(a b / (d sqrt(a2 + b2 + d2))), a = b = 15, d = 42, 82 mm:
    # 1.5 * 100 mV * 0.453464 / (4 pi) = 5.4128 mV and 1.54624 mV.
    distance_mm = np.array([42.0, 82.0])
    angle = 4.0 * np.arctan(225.0 / (distance_mm * np.sqrt(450.0 + distance_mm**2)))
    exact_mv = 0.3 / 0.2 * 100.0 * angle / (4.0 * np.pi)
    np.testing.assert_allclose(exact_mv, [5.4128, 1.54624], rtol=1e-5)
    np.testing.assert_allclose(plane_front_mv(ISOTROPIC, 2.0), exact_mv, rtol=0.002)


def test_swapped_conductivities_do_not_pass_for_right() -> None:
    swapped = Conductivities(intracellular_fibre_s_per_m=0.2, intracellular_cross_s_per_m=0.2, body_s_per_m=0.3)
    # (0.2 / 0.3) / (0.3 / 0.2) = 0.444.
    np.testing.assert_allclose(plane_front_mv(swapped, 3.0) / plane_front_mv(ISOTROPIC, 3.0), 4.0 / 9.0, rtol=1e-12)


def test_front_along_the_fibre_counts_its_own_conductivity() -> None:
    along = Conductivities(intracellular_fibre_s_per_m=0.3, intracellular_cross_s_per_m=1e-9, body_s_per_m=0.2)
    np.testing.assert_allclose(plane_front_mv(along, 3.0), plane_front_mv(ISOTROPIC, 3.0), rtol=0.03)


def test_closed_front_is_silent_until_it_breaks_through() -> None:
    # A spherical front from the middle of the block (nearest side 15 mm away, reached after 30 ms) is silent outside.
    before_mv = []
    for edge_mm in (3.0, 1.5):
        block = block_of_muscle((40.0, 30.0, 30.0), edge_mm)
        weights = node_weights(block, fibres_along_x(block), AROUND, conductivities=ISOTROPIC)
        times_ms = np.linalg.norm(block.points_mm - np.array([20.0, 0.0, 0.0]), axis=1) / 0.5
        signal_mv = qrs_mv(times_ms, weights, start_ms=-5.0, end_ms=70.0)
        before_mv.append(np.abs(signal_mv[1, : 22 + 5]).max())
        assert np.abs(signal_mv[1]).max() > 0.6
        assert before_mv[-1] < 1e-3
    assert before_mv[1] < before_mv[0] / 2.5


def test_weights_of_each_electrode_sum_to_zero() -> None:
    block = block_of_muscle((20.0, 12.0, 16.0), 2.0)
    fibre = np.random.default_rng(0).normal(size=(len(block.tetrahedra), 3))
    fibre /= np.linalg.norm(fibre, axis=1)[:, None]
    weights = node_weights(block, fibre, AROUND)
    assert np.abs(weights.sum(axis=1)).max() < 1e-10 * np.abs(weights).sum(axis=1).min()


def test_heart_and_electrodes_turned_together_give_the_same_weights() -> None:
    block = block_of_muscle((20.0, 12.0, 16.0), 4.0)
    fibre = fibres_along_x(block)
    turn, shift = rotation_matrix(np.array([0.3, -0.7, 1.1])), np.array([5.0, -8.0, 30.0])
    turned = type(block)(
        points_mm=block.points_mm @ turn.T + shift,
        tetrahedra=block.tetrahedra,
        **{name: block.surfaces[name] for name in block.surfaces},
    )
    there = Electrodes(positions_mm=AROUND.positions_mm @ turn.T + shift)
    np.testing.assert_allclose(
        node_weights(turned, fibre @ turn.T, there), node_weights(block, fibre, AROUND), atol=1e-12
    )


def test_scar_core_weighs_nothing() -> None:
    block = block_of_muscle((20.0, 12.0, 16.0), 4.0)
    healthy = block.points_mm[block.tetrahedra].mean(axis=1)[:, 0] < 8.0
    weights = node_weights(block, fibres_along_x(block), AROUND, conducting=healthy)
    inside_core = block.points_mm[:, 0] > 8.5
    assert np.abs(weights[:, inside_core]).max() == 0.0
    assert np.abs(weights.sum(axis=1)).max() < 1e-10 * np.abs(weights).sum(axis=1).min()
    with pytest.raises(InputError, match="no element conducts"):
        node_weights(block, fibres_along_x(block), AROUND, conducting=np.zeros_like(healthy))


def test_far_electrodes_see_the_heart_vector() -> None:
    # phi of a dipole p at distance r: p . e / (4 pi sigma r2). uA m / (S/m m2) = uV = 1e-3 mV.
    block = block_of_muscle((20.0, 12.0, 16.0), 4.0)
    stiffness = intracellular_stiffness(block, fibres_along_x(block))
    direction = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    distance_mm = 20000.0
    positions_mm = np.tile(direction * distance_mm, (3, 1)) + block.points_mm.mean(axis=0)
    far = stiffness.node_weights_mv(
        unbounded_lead_field_kohm(block.points_mm, Electrodes(positions_mm=positions_mm), body_s_per_m=0.2)
    )
    vector_uam = heart_vector_weights(stiffness, block.points_mm)
    expected_mv = 1e-3 * vector_uam / (4.0 * np.pi * 0.2 * 20.0**2)
    np.testing.assert_allclose(far[:3], expected_mv, rtol=0.01, atol=0.01 * np.abs(expected_mv).max())


def test_weight_derivatives_by_electrode_and_by_pose() -> None:
    block = block_of_muscle((20.0, 12.0, 16.0), 4.0)
    stiffness = intracellular_stiffness(block, fibres_along_x(block))

    def weights(electrodes: Electrodes) -> np.ndarray:
        return stiffness.node_weights_mv(unbounded_lead_field_kohm(block.points_mm, electrodes))

    by_electrode = weight_derivatives(stiffness, block.points_mm, AROUND)
    for axis in range(3):
        step = 0.01 * np.eye(3)[axis]
        difference = (weights(AROUND.moved(step)) - weights(AROUND.moved(-step))) / 0.02
        np.testing.assert_allclose(by_electrode[:, axis], difference, rtol=1e-5, atol=1e-9)

    start = np.array([2.0, -1.0, 3.0, 0.2, -0.4, 0.1])
    centre_mm = np.array([10.0, 0.0, 0.0])

    def pose(values: np.ndarray) -> HeartPose:
        return HeartPose(shift_mm=values[:3], turn_rad=values[3:], centre_mm=centre_mm)

    seen = pose(start).electrodes_seen_from_heart(AROUND)
    by_pose = pose_derivatives(weight_derivatives(stiffness, block.points_mm, seen), AROUND, pose(start))
    for p in range(6):
        step = 1e-4 * np.eye(6)[p]
        later = weights(pose(start + step).electrodes_seen_from_heart(AROUND))
        before = weights(pose(start - step).electrodes_seen_from_heart(AROUND))
        difference = (later - before) / 2e-4
        np.testing.assert_allclose(by_pose[p], difference, rtol=1e-4, atol=1e-5 * np.abs(difference).max())


def test_moved_heart_equals_electrodes_seen_from_it() -> None:
    block = block_of_muscle((20.0, 12.0, 16.0), 4.0)
    pose = HeartPose(
        shift_mm=np.array([3.0, 4.0, -5.0]), turn_rad=np.array([0.1, 0.2, -0.3]), centre_mm=np.array([10.0, 0.0, 0.0])
    )
    moved = unbounded_lead_field_kohm(pose.placed(block.points_mm), AROUND)
    seen = unbounded_lead_field_kohm(block.points_mm, pose.electrodes_seen_from_heart(AROUND))
    np.testing.assert_allclose(moved, seen, rtol=1e-12)


def test_eight_leads_lie_in_memory_as_the_histogram_reads_them() -> None:
    block = block_of_muscle((8.0, 8.0, 8.0), 4.0)
    weights = independent_lead_weights(node_weights(block, fibres_along_x(block), AROUND))
    assert weights.shape == (8, len(block.points_mm))
    assert weights.T.flags.c_contiguous


def test_bad_input_is_named() -> None:
    block = block_of_muscle((8.0, 8.0, 8.0), 4.0)
    with pytest.raises(InputError, match="one direction per tetrahedron"):
        node_weights(block, np.ones((3, 3)), AROUND)
    with pytest.raises(InputError, match="same axes"):
        node_weights(block, fibres_along_x(block), AROUND.moved(np.array([-60.0, 0.0, 0.0])))
    with pytest.raises(InputError, match="mS/cm"):
        Conductivities(intracellular_fibre_s_per_m=30.0)
    with pytest.raises(InputError, match="lead field"):
        intracellular_stiffness(block, fibres_along_x(block)).node_weights_mv(np.zeros((3, 9)))
