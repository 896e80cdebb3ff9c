"""Configurations made of pre-solved fields."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from resynchro.electrics.superposition import superposed, superposed_each
from resynchro.electrics.travel_times import medium, solve, solve_each, source_ball, travel_time_mesh
from resynchro.errors import InputError


def test_earliest_of_all_by_hand():
    fields = np.array([[0.0, 10.0, 20.0, np.inf], [15.0, 5.0, 0.0, np.inf]])
    arrival, winner = superposed(fields, [0.0, 8.0])
    assert arrival.tolist() == [0.0, 10.0, 8.0, np.inf]
    assert winner.tolist() == [0, 0, 1, -1]
    # The first does not fire.
    arrival, winner = superposed(fields.astype(np.float32), [np.inf, -5.0])
    assert arrival.tolist() == [10.0, 0.0, -5.0, np.inf]
    assert winner.tolist() == [1, 1, 1, -1]
    each = superposed_each(fields, [[0.0, 8.0], [np.inf, -5.0], [np.inf, np.inf]])
    assert_array_equal(each[0], [0.0, 10.0, 8.0, np.inf])
    assert_array_equal(each[1], [10.0, 0.0, -5.0, np.inf])
    assert np.isinf(each[2]).all()


def test_superposition_agrees_with_direct_solutions(jittered_cube: Callable):
    points, cells, _ = jittered_cube(24)
    angle = np.radians(60.0 - 2.0 * points[cells].mean(axis=1)[:, 2])
    fibre = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=1)
    mesh = travel_time_mesh(points, cells)
    block = medium(mesh, fibre=fibre, v_fibre_m_per_s=0.6, v_transverse_m_per_s=0.25)
    rng = np.random.default_rng(11)
    balls = [source_ball(mesh, block, int(node)) for node in rng.choice(mesh.node_count, 8, replace=False)]
    fields = solve_each(block, balls)
    differences = []
    for _ in range(6):
        chosen = rng.choice(8, rng.integers(2, 4), replace=False)
        delays = np.full(8, np.inf)
        delays[chosen] = rng.uniform(0.0, 60.0, chosen.size)
        direct = solve(block, [(balls[k], float(delays[k])) for k in chosen]).times_ms
        together, winner = superposed(fields, delays)
        assert np.isin(winner, chosen).all()
        assert_allclose(together, superposed_each(fields, delays[None])[0], atol=1e-4)
        differences.append(np.abs(together - direct))
    assert np.mean(differences) < 0.06
    assert np.percentile(differences, 99) < 2.0  # edges of 3 mm; on hearts at 2 mm below 1, see validation


@pytest.mark.parametrize(
    ("fields", "delays"),
    [
        (np.zeros(3), [0.0]),
        (np.zeros((2, 3), int), [0.0, 0.0]),
        (np.zeros((2, 3)), [0.0]),
        (np.zeros((2, 3)), [0.0, np.nan]),
        (np.zeros((2, 3)), [0.0, -np.inf]),
    ],
)
def test_inputs_that_make_no_sense_are_refused(fields: np.ndarray, delays: list[float]):
    with pytest.raises(InputError):
        superposed(fields, delays)
