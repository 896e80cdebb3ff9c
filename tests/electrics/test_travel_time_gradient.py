"""Derivatives of travel times against central differences, and adjoint against tangent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_allclose

from resynchro.electrics.travel_times import (
    Directions,
    Medium,
    SourceBall,
    TravelTimes,
    adjoint,
    medium,
    retimed,
    solve,
    source_ball,
    source_nodes,
    tangent,
    travel_time_mesh,
    with_velocities,
)
from resynchro.errors import InputError


@dataclass(frozen=True)
class Setting:
    """A block with turning fibres, three groups of tissue, a fast floor in two groups, a cable, three sources."""

    base: Medium
    balls: list[SourceBall]
    group: np.ndarray
    triangle_group: np.ndarray

    def times(self, parameter: str | None = None, which: int = 0, change: float = 0.0) -> TravelTimes:
        """Solve with one parameter changed: velocities by a factor of exp(change), times by adding it."""
        scale = {
            name: np.exp(change * (group == which)) if name == parameter else 1.0
            for name, group in (
                ("log_v_fibre", self.group),
                ("log_v_transverse", self.group),
                ("log_v_triangle", self.triangle_group),
            )
        }
        changed = with_velocities(
            self.base,
            v_fibre_m_per_s=self.base.v_fibre_m_per_s * scale["log_v_fibre"],
            v_transverse_m_per_s=self.base.v_transverse_m_per_s * scale["log_v_transverse"],
            v_triangle_m_per_s=self.base.v_triangle_m_per_s * scale["log_v_triangle"],
            cable_ms=self.base.cable_ms + (change if parameter == "cable_ms" else 0.0) * (np.arange(2) == which),
        )
        release = np.array([0.0, 7.0, 20.0])
        if parameter == "release_ms":
            release[which] += change
        sources = [(retimed(ball, changed), float(when)) for ball, when in zip(self.balls, release, strict=True)]
        return solve(changed, sources, keep_tree=True)


@pytest.fixture(scope="module")
def setting(jittered_cube: Callable) -> Setting:
    points, cells, _ = jittered_cube(11)
    middle = points[cells].mean(axis=1)
    angle = np.radians(60.0 - 2.0 * middle[:, 2])
    fibre = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=1)
    faces = np.concatenate([np.delete(cells, k, axis=1) for k in range(4)])
    floor = faces[(points[faces][:, :, 2] == 0.0).all(axis=1)]
    near, far = (int(np.argmin(np.linalg.norm(points - place, axis=1))) for place in ([9, 9, 9], [50, 50, 50]))
    mesh = travel_time_mesh(points, cells, triangles=floor, cables=np.array([[near, far], [far, near]]))
    group = (middle[:, 0] > 20.0).astype(int) + (middle[:, 0] > 40.0)
    triangle_group = (points[floor].mean(axis=1)[:, 1] > 30.0).astype(int)
    base = medium(
        mesh,
        fibre=fibre,
        v_fibre_m_per_s=0.6 + 0.02 * group,
        v_transverse_m_per_s=0.3,
        # Different in the two groups: an edge they share would belong to both, and the times would have a kink there.
        v_triangle_m_per_s=1.5 + 0.2 * triangle_group,
        cable_ms=[5.0, 6.0],
    )
    where = ([5, 30, 5], [55, 20, 40])
    balls = [
        source_ball(mesh, base, int(np.argmin(np.linalg.norm(points - place, axis=1))), radius_mm=12.0)
        for place in where
    ]
    line = np.flatnonzero((points[:, 0] == 60.0) & (points[:, 2] == 60.0))
    balls.append(source_nodes(mesh, line, np.linspace(0.0, 3.0, line.size)))
    return Setting(base=base, balls=balls, group=group, triangle_group=triangle_group)


PARAMETERS = [
    *(("log_v_fibre", k) for k in range(3)),
    *(("log_v_transverse", k) for k in range(3)),
    *(("log_v_triangle", k) for k in range(2)),
    ("cable_ms", 0),
    *(("release_ms", k) for k in range(3)),
]


@pytest.mark.parametrize(("parameter", "which"), PARAMETERS)
def test_adjoint_against_central_differences(setting: Setting, parameter: str, which: int):
    weights = np.random.default_rng(5).normal(size=setting.base.mesh.node_count)
    centre = setting.times()
    gradient = adjoint(centre, weights * centre.times_ms, group=setting.group, triangle_group=setting.triangle_group)
    step = 1e-5
    # J = sum(w T^2) / 2; summed by difference to keep digits.
    more, less = (setting.times(parameter, which, sign * step).times_ms for sign in (1.0, -1.0))
    difference = 0.5 * (weights * (more - less) * (more + less)).sum() / (2.0 * step)
    assert getattr(gradient, parameter)[which] == pytest.approx(difference, rel=1e-6, abs=1e-4)
    assert abs(difference) > 1.0  # the parameter matters


def test_sums_of_the_gradient_agree(setting: Setting):
    times = setting.times()
    slope = np.random.default_rng(6).normal(size=times.times_ms.size)
    found = adjoint(times, slope, group=setting.group, triangle_group=setting.triangle_group)
    assert_allclose(found.log_slowness.sum(), -(found.log_v_fibre + found.log_v_transverse).sum())
    # All releases together shift all times by the same amount.
    assert_allclose(found.release_ms.sum(), slope.sum())
    # v_fibre is uniform within each group: dJ/d(ln v) = v dJ/dv.
    assert_allclose(found.v_fibre * [0.6, 0.62, 0.64], found.log_v_fibre)
    assert_allclose(found.v_triangle * [1.5, 1.7], found.log_v_triangle)
    # Scaling all velocities and all given times scales T: sum of all derivatives = -J for J = sum(slope * T).
    given = found.cable_ms @ [5.0, 6.0] + found.release_ms @ [0.0, 7.0, 20.0]
    line = sum(slope_at_line(times, slope))
    homogeneous = found.log_slowness.sum() - found.log_v_triangle.sum() + given + line
    assert_allclose(homogeneous, slope @ times.times_ms, rtol=1e-10)


def slope_at_line(times: TravelTimes, slope: np.ndarray) -> list[float]:
    """Return what the given times within the line source add: their own adjoint, one source a node."""
    ball = times.balls[2]
    single = [source_nodes(times.medium.mesh, [int(node)]) for node in ball.nodes]
    releases = [float(time) + 20.0 for time in ball.times_ms]
    split = solve(
        times.medium,
        [(times.balls[0], 0.0), (times.balls[1], 7.0), *zip(single, releases, strict=True)],
        keep_tree=True,
    )
    return [float(d * t) for d, t in zip(adjoint(split, slope).release_ms[2:], ball.times_ms, strict=True)]


def test_tangent_is_the_transpose_of_the_adjoint(setting: Setting):
    rng = np.random.default_rng(7)
    times = setting.times()
    k = 5
    directions = Directions(
        log_v_fibre=rng.normal(size=(k, 3)),
        log_v_transverse=rng.normal(size=(k, 3)),
        group=setting.group,
        log_v_triangle=rng.normal(size=(k, 2)),
        triangle_group=setting.triangle_group,
        cable_ms=rng.normal(size=(k, 2)),
        release_ms=rng.normal(size=(k, 3)),
    )
    slope = rng.normal(size=times.times_ms.size)
    found = adjoint(times, slope, group=setting.group, triangle_group=setting.triangle_group)
    names = ("log_v_fibre", "log_v_transverse", "log_v_triangle", "cable_ms", "release_ms")
    expected = sum(getattr(directions, name) @ getattr(found, name) for name in names)
    changes = tangent(times, directions)
    assert changes.shape == (k, slope.size)
    assert_allclose(changes @ slope, expected, rtol=1e-10)


def test_elements_in_no_group_do_not_count(setting: Setting):
    times = setting.times()
    slope = np.ones(times.times_ms.size)
    everything = adjoint(times, slope, group=setting.group)
    without = np.where(setting.group == 2, -1, setting.group)
    assert_allclose(adjoint(times, slope, group=without).log_v_fibre, everything.log_v_fibre[:2])
    changes = tangent(times, Directions(log_v_fibre=np.array([[1.0, 1.0]]), group=without))
    assert_allclose(changes.sum(), everything.log_v_fibre[:2].sum())


def test_unreached_nodes_do_not_count():
    points = np.array([[0, 0, 0], [6, 0, 0], [0, 6, 0], [0, 0, 6], [50, 0, 0]], dtype=float)
    mesh = travel_time_mesh(points, [[0, 1, 2, 3]])
    block = medium(mesh, fibre=[[1.0, 0, 0]], v_fibre_m_per_s=0.6, v_transverse_m_per_s=0.3)
    times = solve(block, [(source_nodes(mesh, [0]), 0.0)], keep_tree=True)
    found = adjoint(times, [1.0, 1.0, 1.0, 1.0, np.nan])
    # T = 6 / v_f at node 1 and 6 / v_t at nodes 2 and 3: dT/dv = -6 / 0.36 and twice -6 / 0.09.
    assert_allclose(found.v_fibre, [-6.0 / 0.36])
    assert_allclose(found.v_transverse, [-12.0 / 0.09])
    assert found.release_ms.tolist() == [4.0]
    assert tangent(times, Directions(release_ms=np.ones((1, 1)))).tolist() == [[1.0, 1.0, 1.0, 1.0, 0.0]]


def test_questions_that_make_no_sense_are_refused(setting: Setting):
    times = setting.times()
    bare = solve(setting.base, [(setting.balls[0], 0.0)])
    with pytest.raises(InputError, match="keep_tree"):
        adjoint(bare, np.zeros(times.times_ms.size))
    with pytest.raises(InputError, match="dj_dt"):
        adjoint(times, np.zeros(3))
    with pytest.raises(InputError, match="dj_dt"):
        adjoint(times, np.full(times.times_ms.size, np.nan))
    with pytest.raises(InputError, match="group"):
        adjoint(times, np.zeros(times.times_ms.size), group=np.zeros(3, int))
    with pytest.raises(InputError, match="first length"):
        tangent(times, Directions())
    with pytest.raises(InputError, match="release_ms"):
        tangent(times, Directions(release_ms=np.zeros((1, 2))))
    with pytest.raises(InputError, match="group"):
        tangent(times, Directions(log_v_fibre=np.zeros((1, 2)), group=setting.group))
