"""Balls of exact times around a source."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from resynchro.electrics.travel_times import medium, retimed, source_ball, source_nodes, travel_time_mesh
from resynchro.errors import InputError, MeasurementError


def test_times_are_exact_where_fibres_are_straight(jittered_cube: Callable):
    points, cells, centre = jittered_cube(16)
    mesh = travel_time_mesh(points, cells)
    fibre = np.tile([0.0, 1.0, 0.0], (len(cells), 1))
    block = medium(mesh, fibre=fibre, v_fibre_m_per_s=0.6, v_transverse_m_per_s=0.3)
    ball = source_ball(mesh, block, centre)
    step = points[ball.nodes] - points[centre]
    assert ball.nodes[0] == centre
    assert ball.radius_mm == 6.0
    assert (np.linalg.norm(step, axis=1) <= 6.0).all()
    assert ball.nodes.size > 8
    exact = np.sqrt((step[:, 1] / 0.6) ** 2 + (step[:, 0] ** 2 + step[:, 2] ** 2) / 0.09)
    assert_allclose(ball.times_ms, exact)
    # T has degree -1 in both velocities together.
    assert_allclose((ball.by_log_v_fibre + ball.by_log_v_transverse).sum(axis=1), -ball.times_ms, atol=1e-12)


def test_line_integral_through_turning_fibres(jittered_cube: Callable):
    points, cells, centre = jittered_cube(25, 30.0)
    mesh = travel_time_mesh(points, cells)
    angle = np.radians(12.0 * (points[cells].mean(axis=1)[:, 2] - 15.0))  # 12 degrees a millimetre
    fibre = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=1)
    block = medium(mesh, fibre=fibre, v_fibre_m_per_s=0.6, v_transverse_m_per_s=0.3)
    ball = source_ball(mesh, block, centre)
    step = points[ball.nodes] - points[centre]
    places = (np.arange(400) + 0.5) / 400.0
    turned = np.radians(12.0 * step[:, 2, None] * places)
    along = (step[:, :1] * np.cos(turned) + step[:, 1:2] * np.sin(turned)) ** 2
    square = (step**2).sum(axis=1)[:, None]
    exact = np.sqrt(along / 0.36 + (square - along) / 0.09).mean(axis=1)
    assert np.abs(ball.times_ms - exact).max() < 0.6  # elements of 1.3 mm hold the angle to 8 degrees
    assert np.abs(ball.times_ms - exact).mean() < 0.15


def test_radius_follows_the_wall(jittered_cube: Callable):
    points, cells, centre = jittered_cube(8)
    mesh = travel_time_mesh(points, cells)
    block = medium(mesh, fibre=np.tile([1.0, 0, 0], (len(cells), 1)), v_fibre_m_per_s=0.6, v_transverse_m_per_s=0.3)
    assert source_ball(mesh, block, centre, wall_thickness_mm=5.0).radius_mm == 3.0
    assert source_ball(mesh, block, centre, wall_thickness_mm=20.0).radius_mm == 6.0
    assert source_ball(mesh, block, centre, radius_mm=0.0).nodes.tolist() == [centre]
    faster = medium(mesh, fibre=np.tile([1.0, 0, 0], (len(cells), 1)), v_fibre_m_per_s=1.2, v_transverse_m_per_s=0.6)
    ball = source_ball(mesh, block, centre, radius_mm=15.0)
    again = retimed(ball, faster)
    assert_array_equal(again.nodes, ball.nodes)
    assert_allclose(again.times_ms, ball.times_ms / 2.0)
    assert_allclose(again.times_ms, source_ball(mesh, faster, centre, radius_mm=15.0).times_ms)


def test_ball_stays_on_its_side_of_a_scar(jittered_cube: Callable):
    # A sheet that does not conduct, with an open edge above z = 36: nodes behind it are reached only round the edge.
    points, cells, centre = jittered_cube(31)
    middle = points[cells].mean(axis=1)
    sheet = (np.abs(middle[:, 0] - 34.0) < 2.0) & (middle[:, 2] < 36.0)
    mesh = travel_time_mesh(points, cells)
    fibre = np.tile([1.0, 0, 0], (len(cells), 1))
    block = medium(mesh, fibre=fibre, v_fibre_m_per_s=0.6, v_transverse_m_per_s=0.6, conducting=~sheet)
    ball = source_ball(mesh, block, centre, radius_mm=10.0)
    behind = (points[ball.nodes, 0] > 36.0) & (points[ball.nodes, 2] < 33.0)
    assert not behind.any()
    open_block = medium(mesh, fibre=fibre, v_fibre_m_per_s=0.6, v_transverse_m_per_s=0.6)
    free = source_ball(mesh, open_block, centre, radius_mm=10.0)
    assert ((points[free.nodes, 0] > 36.0) & (points[free.nodes, 2] < 33.0)).sum() > 10


def test_no_capture_in_a_scar(jittered_cube: Callable):
    points, cells, centre = jittered_cube(8)
    mesh = travel_time_mesh(points, cells)
    core = np.linalg.norm(points[cells].mean(axis=1) - 30.0, axis=1) < 15.0
    fibre = np.tile([1.0, 0, 0], (len(cells), 1))
    block = medium(mesh, fibre=fibre, v_fibre_m_per_s=0.6, v_transverse_m_per_s=0.3, conducting=~core)
    with pytest.raises(MeasurementError, match="no capture"):
        source_ball(mesh, block, centre)
    assert source_ball(mesh, block, 0).nodes[0] == 0


def test_a_root_on_a_cable_starts_alone():
    points = np.array([[0, 0, 0], [6, 0, 0], [0, 6, 0], [0, 0, 6], [9, 9, 9]], dtype=float)
    mesh = travel_time_mesh(points, [[0, 1, 2, 3]], cables=[[4, 1]])
    block = medium(mesh, fibre=[[1.0, 0, 0]], v_fibre_m_per_s=0.6, v_transverse_m_per_s=0.3, cable_ms=2.0)
    assert source_ball(mesh, block, 4).nodes.tolist() == [4]


def test_sources_that_make_no_sense_are_refused(jittered_cube: Callable):
    points, cells, centre = jittered_cube(4)
    mesh = travel_time_mesh(points, cells)
    block = medium(mesh, fibre=np.tile([1.0, 0, 0], (len(cells), 1)), v_fibre_m_per_s=0.6, v_transverse_m_per_s=0.3)
    with pytest.raises(InputError, match="nodes 0 to 63"):
        source_ball(mesh, block, 64)
    with pytest.raises(InputError, match="radius"):
        source_ball(mesh, block, centre, radius_mm=-1.0)
    with pytest.raises(InputError, match="thickness"):
        source_ball(mesh, block, centre, wall_thickness_mm=0.0)
    for nodes, times in (([], 0.0), ([64], 0.0), ([0.5], 0.0), ([0, 1], [0.0]), ([0], np.nan)):
        with pytest.raises(InputError):
            source_nodes(mesh, nodes, times)
