"""The QRS by histogram against the sum over nodes, and its derivatives against differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import ndtr

from resynchro.electrics.body_surface_ecg import (
    qrs_gradient,
    qrs_mv,
    qrs_tangent,
    qrs_window_ms,
    sample_times_ms,
    twelve_leads_mv,
)
from resynchro.errors import InputError
from resynchro.record.ecg import LEADS

WINDOW = {"start_ms": -10.0, "end_ms": 130.0}


def activation() -> tuple[np.ndarray, np.ndarray]:
    """Return times and weights of a smooth wave over 3000 nodes, two of them never reached."""
    rng = np.random.default_rng(1)
    place = rng.uniform(0.0, 1.0, (3000, 3))
    times_ms = 20.0 + 90.0 * place[:, 0] + 10.0 * np.sin(6.0 * place[:, 1])
    weights = np.stack([place[:, 0] - 0.5, np.cos(4.0 * place[:, 2]), place[:, 1] * place[:, 0] - 0.25])
    weights -= weights.mean(axis=1, keepdims=True)
    times_ms[[17, 401]] = np.inf
    return times_ms, weights / 100.0


def direct_sum_mv(times_ms: np.ndarray, weights: np.ndarray, sample_ms: np.ndarray, sd_ms: float) -> np.ndarray:
    reached = np.isfinite(times_ms)
    return weights[:, reached] @ ndtr((sample_ms[None] - times_ms[reached, None]) / sd_ms)


@pytest.mark.parametrize(("step_ms", "tolerance"), [(1.0, 1e-3), (0.5, 2.5e-4)])
def test_histogram_equals_direct_sum(step_ms: float, tolerance: float) -> None:
    times_ms, weights = activation()
    exact_mv = direct_sum_mv(times_ms, weights, sample_times_ms(**WINDOW, step_ms=step_ms), 1.5)
    signal_mv = qrs_mv(times_ms, weights, step_ms=step_ms, upstroke_sd_ms=1.5, **WINDOW)
    assert np.abs(signal_mv - exact_mv).max() < tolerance * np.abs(exact_mv).max()


def test_times_on_whole_bins_are_exact_but_for_the_narrowed_step() -> None:
    # Nothing is shared between bins: the step is narrower than asked for by the variance step2 / 6.
    times_ms, weights = np.array([40.0, 55.0, 70.0]), np.array([[1.0, -3.0, 2.0]])
    exact_mv = direct_sum_mv(times_ms, weights, sample_times_ms(**WINDOW), np.sqrt(1.5**2 - 1.0 / 6.0))
    np.testing.assert_allclose(qrs_mv(times_ms, weights, upstroke_sd_ms=1.5, **WINDOW), exact_mv, atol=1e-12)


def test_signal_does_not_depend_on_the_window() -> None:
    times_ms, weights = activation()
    whole_mv = qrs_mv(times_ms, weights, **WINDOW)
    part_mv = qrs_mv(times_ms, weights, start_ms=40.0, end_ms=60.0)
    np.testing.assert_allclose(part_mv, whole_mv[:, 50:71], atol=1e-12)


def test_later_activation_only_shifts_the_signal() -> None:
    times_ms, weights = activation()
    first_mv = qrs_mv(times_ms, weights, **WINDOW)
    later_mv = qrs_mv(times_ms + 3.0, weights, start_ms=-7.0, end_ms=133.0)
    np.testing.assert_allclose(later_mv, first_mv, atol=1e-12)


def test_unreached_nodes_stay_at_rest() -> None:
    times_ms, weights = activation()
    reached = np.isfinite(times_ms)
    np.testing.assert_allclose(
        qrs_mv(times_ms, weights, **WINDOW), qrs_mv(times_ms[reached], weights[:, reached], **WINDOW), atol=1e-15
    )


def test_batch_equals_single_maps() -> None:
    times_ms, weights = activation()
    maps_ms = np.stack([times_ms, times_ms + 5.5, 0.8 * times_ms])
    batch_mv = qrs_mv(maps_ms, weights, **WINDOW)
    for one_ms, signal_mv in zip(maps_ms, batch_mv, strict=True):
        np.testing.assert_array_equal(signal_mv, qrs_mv(one_ms, weights, **WINDOW))


def test_gradient_equals_differences() -> None:
    times_ms, weights = activation()
    observed_mv = qrs_mv(times_ms + 4.0, weights, **WINDOW)

    def misfit(at_ms: np.ndarray) -> float:
        return 0.5 * float(((qrs_mv(at_ms, weights, **WINDOW) - observed_mv) ** 2).sum())

    residual = qrs_mv(times_ms, weights, **WINDOW) - observed_mv
    gradient = qrs_gradient(times_ms, weights, residual, **WINDOW)
    assert gradient[17] == 0.0
    direction = np.random.default_rng(2).normal(size=times_ms.size)
    # Nodes near the edge of a bin would cross it within the step of the difference, where the signal has a kink.
    fraction = np.where(np.isfinite(times_ms), times_ms, 0.0) % 1.0
    direction[(fraction < 0.01) | (fraction > 0.99)] = 0.0
    step = 1e-3
    difference = (misfit_at(times_ms, direction, step, misfit) - misfit_at(times_ms, direction, -step, misfit)) / (
        2 * step
    )
    assert np.where(direction != 0.0, gradient, 0.0) @ direction == pytest.approx(difference, rel=1e-6)


def misfit_at(times_ms: np.ndarray, direction: np.ndarray, step: float, misfit: Callable[[np.ndarray], float]) -> float:
    return misfit(np.where(np.isfinite(times_ms), times_ms + step * direction, np.inf))


def test_tangent_is_the_adjoint_of_the_gradient() -> None:
    times_ms, weights = activation()
    rng = np.random.default_rng(3)
    changes_ms = rng.normal(size=(4, times_ms.size))
    changes_ms[:, 17] = np.nan
    residual = rng.normal(size=(3, sample_times_ms(**WINDOW).size))
    tangents = qrs_tangent(times_ms, weights, changes_ms, **WINDOW)
    gradient = qrs_gradient(times_ms, weights, residual, **WINDOW)
    np.testing.assert_allclose(
        (tangents * residual).sum(axis=(1, 2)), np.nansum(gradient * changes_ms, axis=1), rtol=1e-10
    )


def test_twelve_leads_of_eight_obey_einthoven() -> None:
    lead = dict(zip(LEADS, twelve_leads_mv(np.random.default_rng(4).normal(size=(8, 20))), strict=True))
    np.testing.assert_allclose(lead["I"] + lead["III"], lead["II"], atol=1e-12)
    np.testing.assert_allclose(lead["aVR"] + lead["aVL"] + lead["aVF"], 0.0, atol=1e-12)


def test_window_encloses_the_activation() -> None:
    assert qrs_window_ms(np.array([3.2, 80.7, np.inf]), upstroke_sd_ms=1.0) == (-3.0, 87.0)
    with pytest.raises(InputError, match="no node"):
        qrs_window_ms(np.array([np.inf]))


def test_bad_input_is_named() -> None:
    times_ms, weights = activation()
    with pytest.raises(InputError, match="NaN"):
        qrs_mv(np.full(3000, np.nan), weights, **WINDOW)
    with pytest.raises(InputError, match="times must have shape"):
        qrs_mv(times_ms[:-1], weights, **WINDOW)
    with pytest.raises(InputError, match="smaller steps"):
        qrs_mv(times_ms, weights, upstroke_sd_ms=0.4, **WINDOW)
    with pytest.raises(InputError, match="run forwards"):
        qrs_mv(times_ms, weights, start_ms=10.0, end_ms=0.0)
    with pytest.raises(InputError, match="in ms"):
        qrs_mv(times_ms, weights, start_ms=0.0, end_ms=1e7)
    with pytest.raises(InputError, match="residual"):
        qrs_gradient(times_ms, weights, np.zeros((3, 4)), **WINDOW)
    with pytest.raises(InputError, match="changes"):
        qrs_tangent(times_ms, weights, np.zeros((3, 4)), **WINDOW)
