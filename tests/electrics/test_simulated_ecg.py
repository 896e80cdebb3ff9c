"""A simulated recording is measured like a real one, and the short way agrees with the long one."""

from __future__ import annotations

import numpy as np
import pytest

from resynchro.ecg.measurement import measure_ecg
from resynchro.electrics.electrodes import lead_matrix
from resynchro.electrics.simulated_beat import beat_mv
from resynchro.electrics.simulated_ecg import measured_qrs
from resynchro.electrics.simulated_recording import simulated_record
from resynchro.errors import InputError


def travelling_dipole() -> tuple[np.ndarray, np.ndarray]:
    """Return activation times over 100 ms and weights of I, II, V1 to V6 that make a wide upright left QRS.

    Weight -g(T) at time T sums to the primitive of g: the lead rises and falls like a bump over the 100 ms.
    """
    times_ms = np.linspace(0.0, 100.0, 2001)
    slope = np.cos(np.pi * times_ms / 100.0)
    height = np.array([0.8, 0.5, -1.0, -1.6, -0.8, 0.7, 1.1, 0.9])
    return times_ms, np.outer(height, slope) * np.pi / 2001.0


def test_short_way_agrees_with_the_whole_recording() -> None:
    times_ms, weights = travelling_dipole()
    record = simulated_record(times_ms, weights, heart_rate_bpm=65.0, pr_ms=170.0, sex="male")
    long_way, short_way = measure_ecg(record), measured_qrs(times_ms, weights, sex="male")
    assert long_way.qrs_ms == pytest.approx(short_way.qrs_ms, abs=4.0)
    assert long_way.axis_deg == pytest.approx(short_way.axis_deg, abs=1.0)
    assert long_way.qrs_area_uvs == pytest.approx(short_way.area_uvs, rel=0.03)
    assert long_way.morphology == short_way.morphology
    assert long_way.heart_rate_bpm == pytest.approx(65.0, abs=0.5)
    assert long_way.pr_ms == pytest.approx(170.0, abs=15.0)


def test_axis_by_hand() -> None:
    # Net areas I : II = 0.8 : 0.5 make aVF = II - I/2 = 0.1, and atan2(2/sqrt(3) aVF, I) = 8.2 degrees.
    times_ms, weights = travelling_dipole()
    assert measured_qrs(times_ms, weights).axis_deg == pytest.approx(8.2, abs=1.0)


def test_record_obeys_einthoven_and_repeats_its_bytes() -> None:
    times_ms, weights = travelling_dipole()
    first = simulated_record(times_ms, weights, noise_mv=0.02, wander_mv=0.05, rng=np.random.default_rng(7))
    again = simulated_record(times_ms, weights, noise_mv=0.02, wander_mv=0.05, rng=np.random.default_rng(7))
    assert first.source.sha256 == again.source.sha256
    np.testing.assert_allclose(first.lead_mv("I") + first.lead_mv("III"), first.lead_mv("II"), atol=1e-12)
    np.testing.assert_allclose(first.signal_mv[3:6].sum(axis=0), 0.0, atol=1e-12)


def test_amplitude_scales_qrs_but_not_p() -> None:
    times_ms, weights = travelling_dipole()
    window = {"start_ms": -200.0, "end_ms": 500.0, "pr_ms": 160.0}
    single, double = (beat_mv(times_ms, weights, amplitude=factor, **window) for factor in (1.0, 2.0))
    np.testing.assert_allclose(double[:, 130:], 2.0 * single[:, 130:], atol=1e-9)
    np.testing.assert_allclose(double[:, :95], single[:, :95], atol=1e-9)


def test_t_wave_is_discordant_without_and_concordant_with_adaptation() -> None:
    times_ms, weights = travelling_dipole()
    window = {"start_ms": -200.0, "end_ms": 600.0}
    new = beat_mv(times_ms, weights, adapted_to_ms=np.zeros_like(times_ms), **window)
    own = beat_mv(times_ms, weights, adapted_to_ms=times_ms, **window)
    assert new[0, 200:].sum() < 0.0 < own[0, 200:].sum()


def test_paced_beat_is_measured_as_paced() -> None:
    times_ms, weights = travelling_dipole()
    paced = measured_qrs(times_ms, weights, stimulus_ms=(-10.0,))
    assert paced.morphology == "paced"
    assert paced.limits.stimulus_to_end_ms == pytest.approx(paced.end_ms + 10.0, abs=1e-6)
    record = simulated_record(times_ms, weights, stimulus_ms=(-10.0,), pr_ms=None)
    assert measure_ecg(record).morphology == "paced"


def test_qrs_of_the_beat_is_the_sum_over_nodes() -> None:
    # With equal weights of opposite sign at 0 and 80 ms lead I is a plateau of 0.5 mV between them.
    weights = np.zeros((8, 2))
    weights[0] = 0.5, -0.5
    beat = beat_mv(np.array([0.0, 80.0]), weights, start_ms=-20.0, end_ms=120.0)
    assert beat[0, 30] == pytest.approx(0.5, abs=1e-3)
    assert beat[0, 0] == pytest.approx(0.0, abs=1e-6)
    assert lead_matrix().shape[0] == beat.shape[0]


def test_bad_input_is_named() -> None:
    times_ms, weights = travelling_dipole()
    with pytest.raises(InputError, match="no node"):
        measured_qrs(np.full(2001, np.inf), weights)
    with pytest.raises(InputError, match="generator"):
        simulated_record(times_ms, weights, noise_mv=0.1)
    with pytest.raises(InputError, match="heart rate"):
        simulated_record(times_ms, weights, heart_rate_bpm=400.0)
