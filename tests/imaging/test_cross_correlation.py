"""Cross-correlation delay: exact shifts, noise floors, closed form, validity, invariances, the cluster reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.strain.cross_correlation import (
    cross_correlation_delays,
    delay_standard_errors,
    least_amplitude_pct,
    measured_standard_errors,
    usable_delays,
)
from resynchro.imaging.strain.curve_clusters import largest_cluster
from resynchro.imaging.strain.strain_noise import noise_per_frame

FloatArray = NDArray[np.float64]
RR_S = 0.9


def canonical(frames: int, peak_pct: float, shift_ms: float = 0.0) -> FloatArray:
    """The curve of the noise floors: half cosine 30 to 360 ms, half cosine back 360 to 610 ms, RR 900 ms."""
    time_ms = (np.arange(frames) * 900.0 / frames - shift_ms) % 900.0
    rise = np.interp(time_ms, [30.0, 360.0], [0.0, np.pi])
    fall = np.interp(time_ms, [360.0, 610.0], [np.pi, 2.0 * np.pi])
    return -peak_pct * 0.5 * (1.0 - np.cos(np.where(time_ms <= 360.0, rise, fall)))


def smooth(frames: int, shift_ms: float) -> FloatArray:
    """A curve of four harmonics, so that a shift is exact on any number of frames."""
    turn = 2.0 * np.pi * (np.arange(frames) / frames - shift_ms / 900.0)
    return -9.0 + 8.0 * np.cos(turn - 2.5) + 3.0 * np.cos(2 * turn + 1.0) + np.cos(3 * turn) + 0.4 * np.sin(4 * turn)


@pytest.mark.parametrize("shift_ms", [10.0, 47.0, 90.0, -35.0])
@pytest.mark.parametrize("curve", [smooth, lambda frames, shift: canonical(frames, 18.0, shift)])
def test_pure_shifts_come_back(shift_ms: float, curve: object) -> None:
    # One curve shifted against 11 equal ones: their difference is the shift, whatever the reference is.
    curves = np.stack([curve(30, 0.0)] * 11 + [curve(30, shift_ms)])  # type: ignore[operator]
    found = cross_correlation_delays(curves, RR_S)
    difference = 1000.0 * (found.delay_s[11] - found.delay_s[0])
    # The spectrum of the corners of the canonical curve lies above the Nyquist frequency too: 0.2 ms for those.
    assert difference == pytest.approx(shift_ms, abs=0.2)


def test_a_later_curve_has_a_positive_delay() -> None:
    found = cross_correlation_delays(np.stack([smooth(30, 0.0), smooth(30, 60.0)]), RR_S)
    assert found.delay_s[0] == pytest.approx(-0.030, abs=1e-4)
    assert found.delay_s[1] == pytest.approx(+0.030, abs=1e-4)


def test_synchronous_curves_have_no_delay_and_full_correlation() -> None:
    amplitudes = np.linspace(5.0, 20.0, 12)
    found = cross_correlation_delays(np.stack([canonical(30, size) for size in amplitudes]), RR_S)
    np.testing.assert_allclose(found.delay_s, 0.0, atol=1e-9)
    np.testing.assert_allclose(found.rho, 1.0, atol=1e-9)


@pytest.mark.parametrize(
    ("frames", "peak_pct", "sigma_pct", "table_ms"),
    [(30, 18.0, 1.0, 3.2), (30, 18.0, 2.0, 6.3), (30, 8.0, 1.0, 7.1), (30, 8.0, 2.0, 14.1), (60, 8.0, 1.0, 5.1)],
)
def test_noise_floor_and_closed_form(frames: int, peak_pct: float, sigma_pct: float, table_ms: float) -> None:
    rng = np.random.default_rng(1)
    clean = canonical(frames, peak_pct)
    draws = clean + rng.normal(0.0, sigma_pct, (400, 12, frames))
    simulated_ms = 1000.0 * cross_correlation_delays(draws, RR_S).delay_s.std(axis=-1, ddof=1).mean()
    assert simulated_ms == pytest.approx(table_ms, rel=0.10)
    predicted = delay_standard_errors(clean, RR_S, np.array(sigma_pct), reference_curves=12)
    assert 1000.0 * float(predicted) == pytest.approx(simulated_ms, rel=0.10)


@pytest.mark.parametrize(("peak_pct", "sigma_pct", "table_ms"), [(18.0, 1.0, 3.2), (8.0, 1.0, 7.1), (8.0, 2.0, 14.1)])
def test_the_error_is_not_made_small_by_the_noise_itself(peak_pct: float, sigma_pct: float, table_ms: float) -> None:
    rng = np.random.default_rng(8)
    noise = np.full(12, sigma_pct)
    errors = []
    for _ in range(60):
        curves = canonical(30, peak_pct) + rng.normal(0.0, sigma_pct, (12, 30))
        found = cross_correlation_delays(curves, RR_S)
        errors.append(np.median(measured_standard_errors(curves, RR_S, noise, found, reference_curves=12)))
    assert 1000.0 * float(np.mean(errors)) == pytest.approx(table_ms, rel=0.10)


def test_without_noise_in_the_curves_both_errors_are_the_same() -> None:
    curves = np.stack([smooth(30, shift) * size for shift, size in ((0.0, 1.0), (40.0, 0.5), (-60.0, 2.0))])
    found = cross_correlation_delays(curves, RR_S, counted=np.array([True, False, False]))
    plain = delay_standard_errors(curves, RR_S, np.ones(3))
    np.testing.assert_allclose(measured_standard_errors(curves, RR_S, np.ones(3), found), plain, rtol=1e-3)


def test_the_closed_form_by_hand() -> None:
    # E = -9 + 9 cos(w t), RR 0.9 s, T = 30, sigma 1 %: D = (9 w)^2/2, SE = 1/sqrt(30 D) = 1/(9 w sqrt(15))
    curve = -9.0 + 9.0 * np.cos(2.0 * np.pi * np.arange(30) / 30.0)
    expected = 1.0 / (9.0 * (2.0 * np.pi / 0.9) * np.sqrt(15.0))
    assert float(delay_standard_errors(curve, 0.9, np.array(1.0))) == pytest.approx(expected)
    assert float(delay_standard_errors(np.zeros(30), 0.9, np.array(1.0))) == np.inf


def test_noise_of_a_frame_is_found_in_white_noise() -> None:
    rng = np.random.default_rng(2)
    noise = noise_per_frame(canonical(30, 18.0) + rng.normal(0.0, 1.0, (2000, 30)))
    assert noise is not None
    assert noise.mean() == pytest.approx(0.98, rel=0.02)  # 0.98 on unit noise, from the reference
    assert noise_per_frame(np.zeros((2, 16))) is None


def test_a_stretched_and_a_still_segment_are_not_late() -> None:
    ring = np.stack([canonical(30, 18.0)] * 10 + [-0.5 * canonical(30, 18.0), canonical(30, 1.0)])
    found = cross_correlation_delays(ring, RR_S)
    usable = usable_delays(found, RR_S, least_amplitude_pct(None, 12))
    assert usable.tolist() == [True] * 10 + [False, False]
    # the least amplitude follows the noise: 3 sigma, at least 3 %
    assert least_amplitude_pct(np.array([0.5, 2.0]), 2).tolist() == [3.0, 6.0]


def test_pure_noise_rarely_reaches_the_least_correlation() -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(0.0, 5.0, (300, 1, 30))
    ring = np.concatenate([np.broadcast_to(canonical(30, 18.0), (300, 11, 30)), noise], axis=1)
    rho = cross_correlation_delays(ring, RR_S, counted=np.array([True] * 11 + [False])).rho[:, 11]
    assert np.median(rho) == pytest.approx(0.39, abs=0.06)
    assert np.quantile(rho, 0.95) == pytest.approx(0.68, abs=0.06)


def test_draws_are_the_same_as_one_by_one() -> None:
    rng = np.random.default_rng(4)
    draws = canonical(30, 15.0) + rng.normal(0.0, 2.0, (5, 7, 30))
    together = cross_correlation_delays(draws, RR_S)
    for index in range(5):
        alone = cross_correlation_delays(draws[index], RR_S)
        np.testing.assert_allclose(together.delay_s[index], alone.delay_s, atol=1e-12)
        np.testing.assert_allclose(together.rho[index], alone.rho, atol=1e-12)


def test_the_maximum_nearest_zero_is_another_variant() -> None:
    # Two humps half a beat apart: the higher correlation lies at half a beat, a lower maximum at zero lag.
    turn = 2.0 * np.pi * np.arange(32) / 32.0
    reference = np.cos(2.0 * turn) + 0.5 * np.cos(turn)
    moved = np.cos(2.0 * turn) - 0.5 * np.cos(turn)
    curves, counted = np.stack([reference, moved]), np.array([True, False])
    highest = cross_correlation_delays(curves, RR_S, counted=counted).delay_s[1]
    nearest = cross_correlation_delays(curves, RR_S, counted=counted, nearest_zero=True).delay_s[1]
    assert abs(abs(highest) - 0.45) < 0.01
    assert abs(nearest) < 0.01


def test_the_cluster_reference_leaves_the_odd_curve_out() -> None:
    # Ten alike at 0 ms, two at 250 ms: the mean is pulled, the largest cluster is not.
    curves = np.stack([canonical(30, 18.0)] * 10 + [canonical(30, 18.0, 250.0)] * 2)
    by_mean = cross_correlation_delays(curves, RR_S).delay_s
    by_cluster = cross_correlation_delays(curves, RR_S, reference="cluster").delay_s
    assert by_mean[0] < -0.005
    assert by_cluster[0] == pytest.approx(0.0, abs=1e-6)
    assert by_cluster[11] == pytest.approx(0.250, abs=2e-4)


def test_clusters_by_hand() -> None:
    # RMS differences: constants 0, 0.1, 0.2 | 0.8, 0.9 with diameter 0.25 -> the first three
    rows = np.array([[0.0] * 4, [0.8] * 4, [0.1] * 4, [0.9] * 4, [0.2] * 4])
    assert largest_cluster(rows, 0.25) == (0, 2, 4)
    assert largest_cluster(rows, 1.0) == (0, 1, 2, 3, 4)


def test_nothing_that_moves_is_an_error() -> None:
    with pytest.raises(MeasurementError, match="no segment moves"):
        cross_correlation_delays(np.zeros((6, 30)), RR_S)
    with pytest.raises(MeasurementError, match="at least two"):
        cross_correlation_delays(canonical(30, 18.0)[None], RR_S)


@settings(deadline=None, max_examples=25)
@given(
    offset=st.floats(-30.0, 30.0),
    scale=st.floats(0.1, 10.0),
    seed=st.integers(0, 1000),
    frames=st.integers(20, 64),
)
def test_offset_scale_order_and_time_unit_do_not_matter(offset: float, scale: float, seed: int, frames: int) -> None:
    rng = np.random.default_rng(seed)
    curves = np.stack([smooth(frames, shift) for shift in rng.uniform(-80.0, 80.0, 6)])
    base = cross_correlation_delays(curves, RR_S)
    np.testing.assert_allclose(cross_correlation_delays(scale * curves + offset, RR_S).delay_s, base.delay_s, atol=1e-9)
    order = rng.permutation(6)
    np.testing.assert_allclose(cross_correlation_delays(curves[order], RR_S).delay_s, base.delay_s[order], atol=1e-9)
    np.testing.assert_allclose(
        cross_correlation_delays(curves, 1000.0 * RR_S).delay_s, 1000.0 * base.delay_s, rtol=1e-9, atol=1e-6
    )


@settings(deadline=None, max_examples=25)
@given(shift=st.floats(-250.0, 250.0), frames=st.integers(20, 64))
def test_any_shift_of_one_curve_is_found(shift: float, frames: int) -> None:
    curves = np.stack([smooth(frames, 0.0)] * 3 + [smooth(frames, shift)])
    counted = np.array([True, True, True, False])
    found = cross_correlation_delays(curves, RR_S, counted=counted)
    assert 1000.0 * found.delay_s[3] == pytest.approx(shift, abs=0.2)
