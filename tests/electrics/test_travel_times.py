"""Travel times against exact solutions, their own invariants, and two public activation maps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from resynchro.electrics.travel_times import (
    Medium,
    medium,
    solve,
    solve_each,
    source_ball,
    source_nodes,
    travel_time_mesh,
    with_velocities,
)
from resynchro.errors import InputError

ONE_TETRAHEDRON = np.array([[0, 0, 0], [6, 0, 0], [0, 6, 0], [0, 0, 6]], dtype=float)


def homogeneous(points: np.ndarray, cells: np.ndarray, *, v_fibre: float = 0.6, v_transverse: float = 0.3) -> Medium:
    fibre = np.tile([1.0, 0.0, 0.0], (cells.shape[0], 1))
    mesh = travel_time_mesh(points, cells)
    return medium(mesh, fibre=fibre, v_fibre_m_per_s=v_fibre, v_transverse_m_per_s=v_transverse)


def exact_from(points: np.ndarray, source: int, v_fibre: float = 0.6, v_transverse: float = 0.3) -> np.ndarray:
    step = points - points[source]
    return np.sqrt((step[:, 0] / v_fibre) ** 2 + (step[:, 1] ** 2 + step[:, 2] ** 2) / v_transverse**2)


def turning(points: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Fibres that turn by 120 degrees from bottom to top."""
    height = points[cells][:, :, 2].mean(axis=1)
    angle = np.radians(60.0 - 120.0 * height / points[:, 2].max())
    return np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=1)


@pytest.fixture(scope="module")
def turning_block(jittered_cube: Callable) -> Medium:
    points, cells, _ = jittered_cube(10)
    mesh = travel_time_mesh(points, cells)
    return medium(mesh, fibre=turning(points, cells), v_fibre_m_per_s=0.6, v_transverse_m_per_s=0.3)


def test_one_tetrahedron_by_hand():
    # From the corner: 6 mm along the fibre at 0.6 m/s are 10 ms, 6 mm across at 0.3 m/s are 20 ms.
    block = homogeneous(ONE_TETRAHEDRON, np.array([[0, 1, 2, 3]]))
    assert_allclose(solve(block, [(source_ball(block.mesh, block, 0), 5.0)]).times_ms, [5.0, 15.0, 25.0, 25.0])


def test_plane_front_through_a_face_by_hand():
    # Three corners of the face x = 0 at 0 ms: the front reaches (6, 0, 0) after 6 / 0.6 = 10 ms, by the face's foot.
    block = homogeneous(ONE_TETRAHEDRON, np.array([[0, 1, 2, 3]]))
    found = solve(block, [(source_nodes(block.mesh, [0, 2, 3]), 0.0)], keep_tree=True)
    assert found.times_ms[1] == pytest.approx(10.0)
    # A front that comes in obliquely: with times 0, 6 and 0 at (0,0,0), (0,6,0), (0,0,6) the slowness along y is
    # 1 ms/mm, so along x it is sqrt(1 - (0.3 * 1)^2) / 0.6 = 1.58990 ms/mm: 9.53939 ms at (6, 0, 0), but its foot
    # lies at y < 0: the front along the edge y = 0 is what remains, 10 ms.
    oblique = solve(block, [(source_nodes(block.mesh, [0, 2, 3], [0.0, 6.0, 0.0]), 0.0)])
    assert oblique.times_ms[1] == pytest.approx(10.0)


def test_oblique_plane_front_is_exact(jittered_cube: Callable):
    # The scheme is exact for linear times: a plane front given on three sides of a cube goes on as it came.
    points, cells, _ = jittered_cube(8)
    block = homogeneous(points, cells)
    direction = np.array([2.0, 3.0, 1.0]) / np.sqrt(14.0)
    slowness = direction / np.sqrt((0.6 * direction[0]) ** 2 + 0.09 * (direction[1] ** 2 + direction[2] ** 2))
    plane = points @ slowness
    start = np.flatnonzero((points == 0.0).any(axis=1))
    found = solve(block, [(source_nodes(block.mesh, start, plane[start]), 0.0)]).times_ms
    reached = found - plane
    assert np.median(np.abs(reached)) < 1e-9
    assert reached.min() > -1e-9  # never before the true front


def test_point_source_converges_and_beats_graph_distances(jittered_cube: Callable):
    errors, edge_errors = [], []
    for per_side in (9, 17):
        points, cells, centre = jittered_cube(per_side)
        block = homogeneous(points, cells)
        exact = exact_from(points, centre)
        found = solve(block, [(source_ball(block.mesh, block, centre, radius_mm=12.0), 0.0)]).times_ms
        errors.append(np.abs(found - exact).mean() / exact.mean())
        assert (found - exact).mean() >= 0.0  # late, never early on average
        pairs = np.array([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)])
        edges = np.unique(np.sort(cells[:, pairs].reshape(-1, 2), axis=1), axis=0)
        step = points[edges[:, 0]] - points[edges[:, 1]]
        length = np.sqrt((step[:, 0] / 0.6) ** 2 + (step[:, 1] ** 2 + step[:, 2] ** 2) / 0.09)
        graph = coo_array((length, (edges[:, 0], edges[:, 1])), shape=(len(points), len(points))).tocsr()
        along_edges = dijkstra(graph, directed=False, indices=centre)
        edge_errors.append(np.abs(along_edges - exact).mean() / exact.mean())
    assert errors[1] < 0.65 * errors[0]
    assert errors[1] < 0.025
    # Distances along edges hardly converge, and are far off: a guard against falling back to them.
    assert edge_errors[1] > 0.06
    assert edge_errors[1] > 2.5 * errors[1]


def test_ball_lowers_the_error_of_a_point_source(jittered_cube: Callable):
    points, cells, centre = jittered_cube(14)
    block = homogeneous(points, cells)
    exact = exact_from(points, centre)
    error = [
        np.abs(solve(block, [(source_ball(block.mesh, block, centre, radius_mm=radius), 0.0)]).times_ms - exact).mean()
        for radius in (0.0, 6.0, 12.0)
    ]
    assert error[2] < 0.85 * error[1] < 0.85 * error[0]


def test_stored_simplices_give_the_labels(turning_block: Medium):
    found = solve(turning_block, [(source_ball(turning_block.mesh, turning_block, 444), 3.0)], keep_tree=True)
    tree, points = found.tree, turning_block.mesh.points_mm
    assert tree is not None
    assert sorted(tree.order.tolist()) == list(range(points.shape[0]))  # each accepted once
    assert (np.diff(found.times_ms[tree.order]) >= 0.0).all()
    rank = np.empty(points.shape[0], int)
    rank[tree.order] = np.arange(points.shape[0])
    by_element = np.flatnonzero(tree.winner >= 0)
    assert by_element.size > 0.8 * points.shape[0]
    parents, weights = tree.parents[by_element], tree.weights[by_element]
    assert (rank[parents] < rank[by_element, None]).all()
    assert_allclose(weights.sum(axis=1), 1.0)
    cells = turning_block.mesh.tetrahedra[tree.winner[by_element]]
    assert all(
        set(p) | {j} <= set(c) for p, j, c in zip(parents.tolist(), by_element.tolist(), cells.tolist(), strict=True)
    )
    step = points[by_element] - np.einsum("ik,ikx->ix", weights, points[parents])
    along = np.einsum("ix,ix->i", step, turning_block.fibre[tree.winner[by_element]]) ** 2
    last = np.sqrt(along / 0.36 + (np.einsum("ix,ix->i", step, step) - along) / 0.09)
    assert_allclose(found.times_ms[by_element], (weights * found.times_ms[parents]).sum(axis=1) + last, atol=1e-10)


@settings(deadline=None, max_examples=10)
@given(shift=st.floats(-200.0, 200.0), node=st.integers(0, 999))
def test_later_release_shifts_all_times(turning_block: Medium, shift: float, node: int):
    ball, other = (source_ball(turning_block.mesh, turning_block, n) for n in (node, (node * 7 + 13) % 1000))
    first = solve(turning_block, [(ball, 0.0), (other, 5.0)]).times_ms
    later = solve(turning_block, [(ball, shift), (other, 5.0 + shift)]).times_ms
    assert_allclose(later - shift, first, atol=1e-11)


@settings(deadline=None, max_examples=10)
@given(factor=st.floats(1.01, 1.3), node=st.integers(0, 999))
def test_more_sources_and_faster_tissue_are_not_later(turning_block: Medium, factor: float, node: int):
    ball = source_ball(turning_block.mesh, turning_block, 444)
    base = solve(turning_block, [(ball, 0.0)]).times_ms
    more = solve(turning_block, [(ball, 0.0), (source_ball(turning_block.mesh, turning_block, node), 10.0)]).times_ms
    faster = with_velocities(turning_block, v_fibre_m_per_s=0.6 * factor, v_transverse_m_per_s=0.3 * factor)
    quick = solve(faster, [(source_ball(faster.mesh, faster, 444), 0.0)]).times_ms
    for changed in (more, quick):
        late = changed - base
        # The test of causality is a switch, so exact monotony is not to be had in elements obtuse in the metric: up to
        # 0.3 ms at 1 of 1000 nodes at 3.7 mm (see validation); the edges here are twice as long, the nodes few.
        assert late.max() <= 0.9
        assert (late > 1e-9).sum() <= 4
    assert_allclose(quick * factor, base, rtol=1e-9)  # all velocities by one factor: all times by its inverse


def test_numbering_does_not_matter(turning_block: Medium):
    mesh = turning_block.mesh
    rng = np.random.default_rng(3)
    nodes, cells = rng.permutation(mesh.node_count), rng.permutation(mesh.tetrahedra.shape[0])
    rank = np.argsort(nodes)
    shuffled = travel_time_mesh(mesh.points_mm[nodes], rank[mesh.tetrahedra[cells]])
    other = medium(shuffled, fibre=-2.0 * turning_block.fibre[cells], v_fibre_m_per_s=0.6, v_transverse_m_per_s=0.3)
    first = solve(turning_block, [(source_ball(mesh, turning_block, 444), 0.0)]).times_ms
    second = solve(other, [(source_ball(shuffled, other, int(rank[444])), 0.0)]).times_ms
    assert_allclose(second[rank], first, atol=1e-9)


def test_each_source_by_itself(turning_block: Medium):
    balls = [source_ball(turning_block.mesh, turning_block, node) for node in (0, 444, 999)]
    fields = solve_each(turning_block, balls)
    assert fields.dtype == np.float32
    for ball, field in zip(balls, fields, strict=True):
        assert_array_equal(field, solve(turning_block, [(ball, 0.0)]).times_ms.astype(np.float32))


def test_scar_core_is_never_reached_and_delays_what_lies_behind(jittered_cube: Callable):
    points, cells, _ = jittered_cube(9)
    wall = np.abs(points[cells].mean(axis=1)[:, 0] - 30.0) < 8.0
    gap = points[cells].mean(axis=1)[:, 2] > 40.0
    fibre = np.tile([1.0, 0.0, 0.0], (cells.shape[0], 1))
    mesh = travel_time_mesh(points, cells)
    start = int(np.argmin(np.linalg.norm(points - [5.0, 30.0, 5.0], axis=1)))
    times = []
    for conducting in (np.ones(cells.shape[0], bool), ~wall | gap, ~wall):
        block = medium(mesh, fibre=fibre, v_fibre_m_per_s=0.6, v_transverse_m_per_s=0.6, conducting=conducting)
        times.append(solve(block, [(source_ball(mesh, block, start), 0.0)]).times_ms)
    behind = int(np.argmin(np.linalg.norm(points - [55.0, 30.0, 5.0], axis=1)))
    assert times[0][behind] == pytest.approx(50.0 / 0.6, rel=0.05)
    # Through the gap at z = 40: at least sqrt(25^2 + 35^2) twice, 86 mm.
    assert times[1][behind] > 86.0 / 0.6
    assert np.isinf(times[2][behind])
    inside = np.setdiff1d(np.unique(cells[wall]), np.unique(cells[~wall]))
    assert inside.size > 0
    assert np.isinf(times[2][inside]).all()


def test_doubled_nodes_block(jittered_cube: Callable):
    # Two blocks that touch but share no node: the line of block between them is complete.
    points, cells, _ = jittered_cube(6)
    double = np.concatenate([points, points + np.array([60.0, 0.0, 0.0])])
    both = np.concatenate([cells, cells + points.shape[0]])
    mesh = travel_time_mesh(double, both)
    block = medium(mesh, fibre=np.tile([1.0, 0, 0], (len(both), 1)), v_fibre_m_per_s=0.6, v_transverse_m_per_s=0.3)
    found = solve(block, [(source_ball(mesh, block, 0), 0.0)]).times_ms
    assert np.isfinite(found[: len(points)]).all()
    assert np.isinf(found[len(points) :]).all()


def test_fast_surface_layer_carries_the_front(jittered_cube: Callable):
    points, cells, _ = jittered_cube(9)
    faces = np.concatenate([np.delete(cells, k, axis=1) for k in range(4)])
    bottom = faces[(points[faces][:, :, 2] == 0.0).all(axis=1)]
    fibre = np.tile([1.0, 0.0, 0.0], (cells.shape[0], 1))
    mesh = travel_time_mesh(points, cells, triangles=bottom)
    speeds = {"v_fibre_m_per_s": 0.6, "v_transverse_m_per_s": 0.3}
    off, on = (medium(mesh, fibre=fibre, v_triangle_m_per_s=v, **speeds) for v in (0.0, 3.0))
    without = medium(travel_time_mesh(points, cells), fibre=fibre, **speeds)
    corner = int(np.argmin(np.linalg.norm(points, axis=1)))
    across = int(np.argmin(np.linalg.norm(points - [60.0, 60.0, 0.0], axis=1)))
    far = int(np.argmin(np.linalg.norm(points - [60.0, 60.0, 60.0], axis=1)))
    times = [solve(block, [(source_ball(block.mesh, block, corner), 0.0)]).times_ms for block in (off, on, without)]
    assert_array_equal(times[0], times[2])
    assert times[1][across] == pytest.approx(np.hypot(60.0, 60.0) / 3.0, rel=0.06)
    # The corner above: along the layer, then 60 mm up at the critical angle, 60 / 0.3 * sqrt(1 - (0.3 / 3)^2) at least.
    assert times[1][far] < np.hypot(60.0, 60.0) / 3.0 + 60.0 / 0.3
    assert times[1][far] > 60.0 / 0.3 * 0.99


def test_cables_conduct_one_way_with_their_own_time():
    # Two tetrahedra far apart; a cable of 4 ms leads from node 1 to a tree node 8, 3 ms on from there to node 4.
    points = np.concatenate([ONE_TETRAHEDRON, ONE_TETRAHEDRON + np.array([50.0, 0, 0]), [[20.0, 9.0, 0.0]]])
    cells = np.array([[0, 1, 2, 3], [4, 5, 6, 7]])
    mesh = travel_time_mesh(points, cells, cables=np.array([[1, 8], [8, 4]]))
    block = medium(mesh, fibre=[[1.0, 0, 0]] * 2, v_fibre_m_per_s=0.6, v_transverse_m_per_s=0.3, cable_ms=[4.0, 3.0])
    there = solve(block, [(source_nodes(mesh, [0]), 0.0)], keep_tree=True)
    assert_allclose(there.times_ms, [0, 10, 20, 20, 17, 27, 37, 37, 14])
    assert there.tree is not None
    assert there.tree.winner[[8, 4]].tolist() == [2, 3]  # two tetrahedra, no triangles: cables 0 and 1
    back = solve(block, [(source_nodes(mesh, [4]), 0.0)]).times_ms
    assert np.isinf(back[[0, 1, 2, 3, 8]]).all()


def test_source_overtaken_by_another_front_has_no_effect(turning_block: Medium):
    mesh = turning_block.mesh
    first = source_ball(mesh, turning_block, 444)
    alone = solve(turning_block, [(first, 0.0)]).times_ms
    late = source_ball(mesh, turning_block, 999, radius_mm=0.0)
    assert_array_equal(solve(turning_block, [(first, 0.0), (late, alone[999] + 1.0)]).times_ms, alone)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"v_fibre_m_per_s": 60.0}, "m/s"),
        ({"v_transverse_m_per_s": 0.0}, "v_transverse_m_per_s must lie in"),
        ({"v_fibre_m_per_s": np.nan}, "v_fibre_m_per_s must lie in"),
        ({"v_fibre_m_per_s": [0.6, 0.6]}, "one number"),
        ({"fibre": [[0.0, 0.0, 0.0]]}, "no length"),
        ({"fibre": [[np.nan, 0.0, 1.0]]}, "no length or are not finite"),
        ({"fibre": [[1.0, 0.0, 0.0]] * 2}, "one per tetrahedron"),
        ({"conducting": [True, False]}, "true or false"),
        ({"v_triangle_m_per_s": 200.0}, "fast layer"),
        ({"cable_ms": [-1.0]}, "cable_ms"),
        ({"cable_ms": None}, "1 cables"),
    ],
)
def test_media_that_make_no_sense_are_refused(changed: dict, words: str):
    mesh = travel_time_mesh(ONE_TETRAHEDRON, [[0, 1, 2, 3]], triangles=[[0, 1, 2]], cables=[[0, 1]])
    values = {"fibre": [[1.0, 0, 0]], "v_fibre_m_per_s": 0.6, "v_transverse_m_per_s": 0.3, "cable_ms": [1.0]}
    with pytest.raises(InputError, match=words):
        medium(mesh, **{**values, **changed})


@pytest.mark.parametrize(
    ("points", "cells", "words"),
    [
        (ONE_TETRAHEDRON / 1000.0, [[0, 1, 2, 3]], "millimetres"),
        (ONE_TETRAHEDRON * 1000.0, [[0, 1, 2, 3]], "millimetres"),
        (ONE_TETRAHEDRON[:, :2], [[0, 1, 2, 3]], "shape"),
        (np.full((4, 3), np.nan), [[0, 1, 2, 3]], "not finite"),
        (ONE_TETRAHEDRON, [[0, 1, 2, 4]], r"nodes in \[0, 3\]"),
        (ONE_TETRAHEDRON, [[0, 1, 2]], "shape"),
        (ONE_TETRAHEDRON, [[0.0, 1.0, 2.0, 3.0]], "whole numbers"),
        (ONE_TETRAHEDRON, np.empty((0, 4), int), "no tetrahedra"),
    ],
)
def test_meshes_that_make_no_sense_are_refused(points: np.ndarray, cells: object, words: str):
    with pytest.raises(InputError, match=words):
        travel_time_mesh(points, cells)


def test_sources_that_make_no_sense_are_refused(turning_block: Medium):
    mesh = turning_block.mesh
    ball = source_ball(mesh, turning_block, 0)
    with pytest.raises(InputError, match="at least one source"):
        solve(turning_block, [])
    with pytest.raises(InputError, match="at least one source"):
        solve_each(turning_block, [])
    with pytest.raises(InputError, match="finite"):
        solve(turning_block, [(ball, np.nan)])


def test_box_of_an_independent_solver(shared_data: Callable[[str], Path]):
    """KIT's solver on 196,608 tetrahedra: fibres by angles, anisotropy 3 (found from its times; not stated)."""
    meshio = pytest.importorskip("meshio")
    folder = shared_data("activation/fim_eikonal/example")
    box, theirs = meshio.read(folder / "box.vtu"), meshio.read(folder / "result.vtu")
    phi, theta = (np.asarray(box.cell_data[name][0], dtype=float) for name in ("Phi", "Theta"))
    fibre = np.stack([np.cos(phi) * np.sin(theta), np.sin(phi) * np.sin(theta), np.cos(theta)], axis=1)
    seeds = np.array((folder / "seeds.txt").read_text().splitlines()[1].split(), dtype=int)
    mesh = travel_time_mesh(box.points, box.cells[0].data)
    block = medium(mesh, fibre=fibre, v_fibre_m_per_s=3.0, v_transverse_m_per_s=1.0)
    late = solve(block, [(source_nodes(mesh, seeds), 0.0)]).times_ms - theirs.point_data["seed2"]
    assert np.median(np.abs(late)) < 0.1
    assert np.percentile(np.abs(late), 95) < 5.0
