"""Derived numbers of an activation against hand calculations and quadrature."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from resynchro.electrics.activation_indices import activation_indices, quantile_bins, segment_activation
from resynchro.electrics.activation_weights import activation_weights, patch_moments, time_of_share
from resynchro.errors import InputError
from resynchro.heart.heart import HEALTHY, LV_FREE_WALL, RV_FREE_WALL, SCAR_CORE, SEPTUM, Heart
from resynchro.heart.template import template_heart


@pytest.fixture(scope="module")
def heart() -> Heart:
    return template_heart(edge_mm=4.0)


def test_moments_of_one_tetrahedron() -> None:
    # T = (0, 0, 0, 4): mean 1; mean of T^2 over a tetrahedron is (16 + 16) / 20 = 1.6; variance 0.6.
    sums = np.empty((18, 5))
    patch_moments(
        np.array([0.0, 0.0, 0.0, 4.0]),
        np.array([[0, 1, 2, 3]], np.int32),
        np.array([5], np.int8),
        np.array([2.0]),
        sums,
    )
    assert sums[5].tolist() == [2.0, 2.0, 3.2, 0.0, 4.0]
    assert sums[4, 0] == 0.0


def test_moments_agree_with_quadrature() -> None:
    rng = np.random.default_rng(3)
    times = rng.uniform(0.0, 100.0, 4)
    sums = np.empty((18, 5))
    patch_moments(times, np.array([[0, 1, 2, 3]], np.int32), np.array([1], np.int8), np.array([1.0]), sums)
    # Degree 2 rule with four points: barycentric (a, b, b, b), a = (5 + 3 sqrt 5) / 20.
    a = (5.0 + 3.0 * np.sqrt(5.0)) / 20.0
    points = np.full((4, 4), (1.0 - a) / 3.0) + np.eye(4) * (a - (1.0 - a) / 3.0)
    values = points @ times
    assert sums[1, 1] == pytest.approx(values.mean(), rel=1e-12)
    assert sums[1, 2] == pytest.approx((values**2).mean(), rel=1e-12)


def test_a_uniform_activation(heart: Heart) -> None:
    weights = activation_weights(heart)
    times = np.full(len(heart.mesh.points_mm), 50.0)
    segments, sums = segment_activation(times, weights)
    assert np.allclose(segments.mean_ms, 50.0) and np.allclose(segments.spread_ms, 0.0, atol=1e-5)
    assert np.allclose(segments.reached_pct, 100.0)
    indices = activation_indices(times, weights, sums)
    assert indices.total_ms == 0.0 and indices.vv_ms == pytest.approx(0.0, abs=1e-9)


def test_a_step_between_the_ventricles(heart: Heart) -> None:
    # RV free wall at 10, everything else at 70 ms: mean LV - mean RV is 60 except for the border elements.
    weights = activation_weights(heart)
    times = np.where(heart.coordinates.rv, 10.0, 70.0)
    segments, sums = segment_activation(times, weights)
    indices = activation_indices(times, weights, sums)
    assert indices.total_ms == 60.0 and indices.lv_ms == 0.0
    assert np.allclose(segments.mean_ms[1:], 70.0)
    assert 40.0 < indices.vv_ms < 60.0
    assert indices.septum_mean_ms == pytest.approx(60.0)


def test_a_plane_wave_has_the_moments_of_the_coordinates(heart: Heart) -> None:
    # T = x: mean over the LV is the mean of x over its volume, spread that of x, exactly (T is linear).
    weights = activation_weights(heart)
    times = heart.mesh.points_mm[:, 0] - heart.mesh.points_mm[:, 0].min()
    _, sums = segment_activation(times, weights)
    indices = activation_indices(times, weights, sums)
    left = heart.wall != RV_FREE_WALL
    corner = times[heart.mesh.tetrahedra[left]]
    volume = heart.mesh.volumes_mm3[left]
    rng = np.random.default_rng(0)
    drawn = rng.dirichlet(np.ones(4), 400)
    values = corner @ drawn.T
    mean = np.average(values.mean(axis=1), weights=volume)
    variance = np.average((values**2).mean(axis=1), weights=volume) - mean**2
    assert indices.lv_dispersion_ms == pytest.approx(np.sqrt(variance), rel=0.01)
    assert indices.lv95_ms < indices.total_ms
    assert indices.lv_ms < indices.total_ms


def test_time_of_a_share() -> None:
    times = np.arange(101, dtype=float)
    weights = np.ones(101)
    assert time_of_share(times, weights, 0.5, 0.0, 100.0) == pytest.approx(50.0, abs=0.3)
    assert time_of_share(times, weights, 0.95, 0.0, 100.0) == pytest.approx(95.0, abs=0.3)
    assert time_of_share(np.where(times > 60, np.inf, times), weights, 1.0, 0.0, 60.0) == pytest.approx(60.0, abs=0.3)


def test_scar_drops_out_and_a_dead_segment_has_no_time(heart: Heart) -> None:
    scarred = replace(heart, tissue=np.where(heart.segment == 5, SCAR_CORE, HEALTHY).astype(np.int8))
    weights = activation_weights(scarred)
    times = np.full(len(heart.mesh.points_mm), 20.0)
    alive = np.zeros(times.size, bool)
    alive[heart.mesh.tetrahedra[scarred.tissue != SCAR_CORE]] = True
    times[~alive] = np.inf
    segments, sums = segment_activation(times, weights)
    assert np.isnan(segments.mean_ms[5]) and segments.reached_pct[5] == 0.0
    assert segments.mean_ms[6] == pytest.approx(20.0)
    assert activation_indices(times, weights, sums).total_ms == 0.0


def test_a_ventricle_without_activation_is_an_error(heart: Heart) -> None:
    weights = activation_weights(heart)
    times = np.where(heart.coordinates.rv, np.inf, 3.0)
    times[np.unique(heart.mesh.tetrahedra[heart.wall == RV_FREE_WALL])] = np.inf
    _, sums = segment_activation(times, weights)
    with pytest.raises(InputError, match="never activated"):
        activation_indices(times, weights, sums)


def test_quantile_bins_keep_volume_and_mean(heart: Heart) -> None:
    rng = np.random.default_rng(5)
    times = rng.uniform(0.0, 120.0, len(heart.mesh.points_mm))
    found = quantile_bins(heart, times)
    element = times[heart.mesh.tetrahedra].mean(axis=1)
    volume = heart.mesh.volumes_mm3
    for wall, count in ((LV_FREE_WALL, 8), (SEPTUM, 4), (RV_FREE_WALL, 4)):
        inside = found.wall == wall
        assert inside.sum() == count
        assert found.share[inside].sum() == pytest.approx(1.0)
        assert np.all(np.diff(found.mean_ms[inside]) > 0)
        mean = np.average(element[heart.wall == wall], weights=volume[heart.wall == wall])
        assert found.mean_ms[inside] @ found.share[inside] == pytest.approx(mean, rel=1e-10)


def test_scar_forms_bins_of_its_own(heart: Heart) -> None:
    scarred = replace(heart, tissue=np.where(heart.segment == 11, SCAR_CORE, HEALTHY).astype(np.int8))
    found = quantile_bins(scarred, np.zeros(len(heart.mesh.points_mm)))
    free = found.wall == LV_FREE_WALL
    assert found.passive.sum() == 1 and free.sum() == 9
    volume = heart.mesh.volumes_mm3
    whole = volume[heart.wall == LV_FREE_WALL].sum()
    assert found.share[free & found.passive][0] == pytest.approx(volume[heart.segment == 11].sum() / whole)
    assert found.share[free].sum() == pytest.approx(1.0)
