"""Phases, their spread and what noise makes of them: known answers and the tables of the reference."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.errors import MeasurementError
from resynchro.imaging.spect.phase_analysis import delay_deg, gate_phases, residual_after_three_harmonics
from resynchro.imaging.spect.phase_noise import closed_form_floor_deg, phase_noise
from resynchro.imaging.spect.phase_statistics import phase_statistics
from resynchro.imaging.spect.polar_sampling import sample_segments
from resynchro.imaging.spect.spect_phantom import sample_phantom, sample_places
from resynchro.record.slices import FloatArray


def _course(gates: int, *harmonics: tuple[float, float]) -> FloatArray:
    """Return counts 100 + sum of a cos(k (wt - phase)) over the middles of the gates, shape (1, gates)."""
    at = 2.0 * np.pi * (np.arange(gates) + 0.5) / gates
    parts = [a * np.cos(k * (at - math.radians(phase))) for k, (a, phase) in enumerate(harmonics, start=1)]
    return np.array([100.0 + np.sum(parts, axis=0)])


@pytest.mark.parametrize("gates", [8, 16])
def test_the_half_gate_shift_makes_phase_independent_of_the_gates(gates: int) -> None:
    found = gate_phases(_course(gates, (12.0, 200.0)))
    assert found.phase_deg[0] == pytest.approx(200.0)
    assert found.amplitude[0] == pytest.approx(12.0)
    assert found.mean[0] == pytest.approx(100.0)


@given(phase=st.floats(0.0, 359.0), harmonics=st.sampled_from([1, 2, 3]))
@settings(deadline=None, max_examples=20)
def test_a_pure_cosine_has_one_phase_by_any_number_of_harmonics(phase: float, harmonics: int) -> None:
    found = gate_phases(_course(16, (10.0, phase)), harmonics=harmonics)  # type: ignore[arg-type]
    assert abs(delay_deg(found.phase_deg, phase)[0]) < 0.02


def test_a_second_harmonic_moves_the_onset_where_it_belongs() -> None:
    # cos(x) + 0.25 cos(2 (x - 45 deg)) = cos x + 0.25 sin 2x = cos x (1 + 0.5 sin x): zero where cos x is, -90 and 90.
    straight = gate_phases(_course(16, (10.0, 0.0), (2.5, 45.0)), harmonics=2)
    assert abs(delay_deg(straight.phase_deg, 0.0)[0]) < 0.02
    # cos x + 0.25 cos 2x = cos x + 0.5 cos2 x - 0.25 = 0: cos x = -1 + sqrt(1.5) = 0.22474, x = -77.01; onset + 90.
    late = gate_phases(_course(16, (10.0, 0.0), (2.5, 0.0)), harmonics=2)
    assert delay_deg(late.phase_deg, 0.0)[0] == pytest.approx(90.0 - 77.01, abs=0.03)


def test_delays_wrap_to_the_shorter_way() -> None:
    assert delay_deg(np.array([350.0, 5.0, 190.0]), 10.0).tolist() == [-20.0, -5.0, 180.0]


@pytest.mark.parametrize(("gates", "freedom"), [(6, 1), (8, 1), (16, 9)])
def test_three_harmonics_leave_the_stated_degrees_of_freedom(gates: int, freedom: int) -> None:
    noise = np.random.default_rng(2).normal(0.0, 1.0, (20000, gates))
    residual, found = residual_after_three_harmonics(noise)
    assert found == freedom
    assert (residual**2).sum() / (len(noise) * freedom) == pytest.approx(1.0, abs=0.03)


# ---------------------------------------------------------------- spread


def test_hand_made_spread() -> None:
    # Phases 350 and 10, twice each: mean 0, every delay 10 in size; 2 of 64 bins, ln 2/ln 64 = 1/6.
    found = phase_statistics(np.array([350.0, 10.0, 350.0, 10.0]))
    assert (found.sd_deg, found.bandwidth_deg) == (pytest.approx(10.0), pytest.approx(20.0))
    assert found.entropy_pct == pytest.approx(100.0 / 6.0)
    assert found.skewness == pytest.approx(0.0, abs=1e-9)
    assert found.kurtosis == pytest.approx(-2.0)  # m4/m2 squared is 1 for two equal points


def test_weights_decide() -> None:
    # 3 x 0 and 1 x 90 by weight: mean = atan2(1, 3) = 18.435; SD = sqrt((3 x 18.435^2 + 71.565^2)/4) = 39.18.
    found = phase_statistics(np.array([0.0, 90.0]), np.array([3.0, 1.0]))
    assert found.mean_deg == pytest.approx(18.435, abs=1e-3)
    assert found.sd_deg == pytest.approx(math.sqrt((3 * 18.4349**2 + 71.5651**2) / 4), abs=1e-3)
    assert found.bandwidth_deg == pytest.approx(90.0)
    # 96 % of the weight in one place: that is an arc of nothing.
    assert phase_statistics(np.array([0.0, 90.0]), np.array([96.0, 4.0])).bandwidth_deg == pytest.approx(0.0)


def test_phases_without_order_have_the_spread_of_a_circle() -> None:
    found = phase_statistics(np.arange(0.0, 360.0, 0.05))
    # Uniform: the mean direction is arbitrary, the SD is 180/sqrt 3 from any; the arc is 95 % of the circle.
    assert found.sd_deg == pytest.approx(180.0 / math.sqrt(3.0), rel=0.01)
    assert found.bandwidth_deg == pytest.approx(342.0, abs=0.2)
    assert found.entropy_pct == pytest.approx(100.0, abs=0.1)


@given(shift=st.floats(-400.0, 400.0), scale=st.floats(0.01, 100.0), seed=st.integers(0, 20))
@settings(deadline=None, max_examples=20)
def test_turning_all_phases_or_scaling_all_weights_changes_no_spread(shift: float, scale: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    phase, weight = rng.normal(100.0, 20.0, 200), rng.uniform(0.2, 1.0, 200)
    one, other = phase_statistics(phase, weight), phase_statistics(phase + shift, scale * weight)
    assert other.sd_deg == pytest.approx(one.sd_deg)
    assert other.bandwidth_deg == pytest.approx(one.bandwidth_deg, abs=1e-6)
    assert other.skewness == pytest.approx(one.skewness, abs=1e-6)


def test_no_spread_is_zero_and_has_no_shape() -> None:
    found = phase_statistics(np.full(10, 77.0))
    assert (found.sd_deg, found.bandwidth_deg, found.entropy_pct) == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)
    assert found.skewness is None and found.kurtosis is None
    with pytest.raises(MeasurementError, match="no sample moves"):
        phase_statistics(np.array([1.0]), np.array([0.0]))


# ---------------------------------------------------------------- noise

#: Gates, peak-to-peak amplitude, noise; phase SD, bandwidth, weighted SD, closed form (reference, computed tables).
FLOORS = [
    (16, 0.20, 0.05, 10.3, 40.0, 10.0, 10.1),
    (16, 0.10, 0.05, 22.3, 86.0, 19.4, 20.3),
    (16, 0.10, 0.10, 50.0, 211.0, 37.4, 40.5),
    (8, 0.20, 0.05, 14.9, 58.0, 13.9, 14.3),
    (8, 0.10, 0.05, 34.9, 136.0, 26.9, 28.6),
]


@pytest.mark.parametrize(("gates", "peak_to_peak", "noise", "sd", "bandwidth", "weighted", "closed"), FLOORS)
def test_a_synchronous_ventricle_scores_the_floor_that_is_told(
    gates: int, peak_to_peak: float, noise: float, sd: float, bandwidth: float, weighted: float, closed: float
) -> None:
    """The statistics of noisy synchronous data, and the floor estimated from the data alone: within 10 %."""
    found = []
    for seed in range(3):
        counts = sample_phantom(
            80.0, peak_to_peak / 2, noise=noise, gates=gates, rng=np.random.default_rng(seed)
        ).counts
        phases = gate_phases(counts)
        segment = sample_segments(*sample_places())
        floor = phase_noise(counts, segment, harmonics=1, rng=np.random.default_rng(9))
        plain = phase_statistics(phases.phase_deg)
        heavy = phase_statistics(phases.phase_deg, phases.amplitude**2)
        assert floor.closed_form_deg is not None
        told = floor.unweighted
        found.append(
            [
                *(plain.sd_deg, plain.bandwidth_deg, heavy.sd_deg),
                *(told.sd_deg, told.bandwidth_deg, floor.weighted.sd_deg, floor.closed_form_deg),
                floor.noise_pct,
            ]
        )
    means = np.mean(found, axis=0)
    assert means[:3] == pytest.approx([sd, bandwidth, weighted], rel=0.10)
    assert means[3:7] == pytest.approx([sd, bandwidth, weighted, closed], rel=0.10)
    assert means[7] == pytest.approx(100.0 * noise, rel=0.05)
    assert closed_form_floor_deg(noise, peak_to_peak / 2, gates) == pytest.approx(closed, abs=0.06)


def test_which_floor_is_told_depends_on_where_the_closed_form_holds() -> None:
    segment = sample_segments(*sample_places())
    quiet = sample_phantom(0.0, 0.10, noise=0.05, gates=16, rng=np.random.default_rng(0)).counts
    loud = sample_phantom(0.0, 0.05, noise=0.10, gates=16, rng=np.random.default_rng(0)).counts
    rng = np.random.default_rng(1)
    floor = phase_noise(quiet, segment, harmonics=1, rng=rng)
    assert floor.closed_form_valid and floor.floor_deg == floor.closed_form_deg
    floor = phase_noise(loud, segment, harmonics=1, rng=rng)
    assert not floor.closed_form_valid and floor.floor_deg == floor.weighted.sd_deg


def test_gates_smoothed_in_time_are_noticed() -> None:
    segment = sample_segments(*sample_places())
    counts = np.asarray(sample_phantom(0.0, 0.10, noise=0.05, gates=16, rng=np.random.default_rng(0)).counts)
    rng = np.random.default_rng(1)
    assert not phase_noise(counts, segment, harmonics=1, rng=rng).smoothed
    smooth = 0.5 * counts + 0.25 * (np.roll(counts, 1, axis=1) + np.roll(counts, -1, axis=1))
    assert phase_noise(smooth, segment, harmonics=1, rng=rng).smoothed


def test_too_few_samples_leave_the_noise_unknown() -> None:
    with pytest.raises(MeasurementError, match="too few to know the noise"):
        phase_noise(np.ones((5, 8)), np.ones(5, dtype=np.int64), harmonics=1, rng=np.random.default_rng(0))
