"""Where slopes begin and end, on signals whose limits are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.ecg.slope_limits import (
    LEAD_SHARES,
    MEAN_SHARES,
    RMS_SHARES,
    joint_limits,
    lead_limits,
    normalised_slopes,
)

RATE_HZ = 500.0
FIDUCIAL = 200
N_SAMPLES = 500


def trapezia(starts: list[int], stops: list[int], height: float = 1.0) -> np.ndarray:
    """Activity of `height` between two samples in each lead, zero elsewhere."""
    activity = np.zeros((len(starts), N_SAMPLES))
    for lead, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        activity[lead, start : stop + 1] = height
    return activity


def test_slopes_have_peak_one_whatever_the_gain() -> None:
    time = np.arange(N_SAMPLES)
    wave = np.exp(-0.5 * ((time - FIDUCIAL) / 12.0) ** 2)
    slopes = normalised_slopes(np.stack([wave, -3.0 * wave, 0.01 * wave + 5.0]), RATE_HZ, FIDUCIAL)
    assert slopes.max(axis=1) == pytest.approx([1.0, 1.0, 1.0])
    assert np.allclose(slopes[0], slopes[1], atol=1e-9) and np.allclose(slopes[0], slopes[2], atol=1e-9)


def test_a_flat_lead_has_no_slope() -> None:
    assert normalised_slopes(np.full((1, N_SAMPLES), 2.0), RATE_HZ, FIDUCIAL).max() == 0.0


@pytest.mark.parametrize(("start", "stop"), [(180, 225), (160, 240), (150, 260)])
def test_the_limits_of_one_lead_are_those_of_its_activity(start: int, stop: int) -> None:
    first, last = lead_limits(trapezia([start], [stop]), RATE_HZ, FIDUCIAL)
    assert first[0] == pytest.approx([start] * LEAD_SHARES.size, abs=1)
    assert last[0] == pytest.approx([stop] * LEAD_SHARES.size, abs=1)


@pytest.mark.parametrize(
    ("pause", "height", "bridged"),
    [
        (3, 0.12, True),  # less than 10 ms: not over, whatever follows
        (10, 0.9, True),  # 20 ms, and steep again: the slow zone of a split wide QRS
        (10, 0.12, False),  # 20 ms, and hardly anything follows: the ST segment
        (30, 0.9, False),  # 60 ms: something else
    ],
)
def test_short_pauses_and_slow_zones_are_bridged(pause: int, height: float, bridged: bool) -> None:
    activity = trapezia([170], [205])
    activity[0, 206 + pause : 230 + pause] = height
    _, last = lead_limits(activity, RATE_HZ, FIDUCIAL)
    assert last[0, 0] == pytest.approx(229 + pause if bridged else 205, abs=1)
    # Before the QRS there is no slow zone to cross: a pause of 10 ms is its onset.
    first, _ = lead_limits(np.ascontiguousarray(activity[:, ::-1]), RATE_HZ, N_SAMPLES - 1 - FIDUCIAL)
    assert first[0, 0] == pytest.approx(N_SAMPLES - 1 - (229 + pause if pause < 5 else 205), abs=1)


def test_noise_before_and_after_lifts_the_thresholds() -> None:
    # A floor of 0.2 runs through the beat: a threshold of 3 % above zero would never be reached.
    activity = np.maximum(trapezia([170], [230]), 0.2)
    first, last = lead_limits(activity, RATE_HZ, FIDUCIAL)
    assert first[0] == pytest.approx([170] * 3, abs=1)
    assert last[0] == pytest.approx([230] * 3, abs=1)


def test_joint_limits_begin_with_the_first_lead_and_end_with_the_last() -> None:
    slopes = trapezia([170, 180, 180, 190], [220, 230, 230, 240])
    first, last = joint_limits(slopes, np.ones(4), RATE_HZ, FIDUCIAL)
    assert first.shape == last.shape == (MEAN_SHARES.size + RMS_SHARES.size,)
    # One lead of four is 25 % of the joint slope: above every share that is asked.
    assert first == pytest.approx([170] * 7, abs=1)
    assert last == pytest.approx([240] * 7, abs=1)


def test_weights_count_leads() -> None:
    slopes = trapezia([170, 180, 180, 190], [220, 230, 230, 240])
    without_outer = joint_limits(slopes, np.array([0.0, 1.0, 1.0, 0.0]), RATE_HZ, FIDUCIAL)
    alone = joint_limits(slopes[1:3], np.ones(2), RATE_HZ, FIDUCIAL)
    assert np.array_equal(without_outer[0], alone[0]) and np.array_equal(without_outer[1], alone[1])
    twice = joint_limits(slopes, np.full(4, 2.0), RATE_HZ, FIDUCIAL)
    once = joint_limits(slopes, np.ones(4), RATE_HZ, FIDUCIAL)
    assert np.array_equal(twice[0], once[0]) and np.array_equal(twice[1], once[1])


@settings(max_examples=25, deadline=None)
@given(width=st.floats(8.0, 30.0), seed=st.integers(0, 1000))
def test_a_lower_share_is_reached_earlier_and_left_later(width: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    time = np.arange(N_SAMPLES)
    centres = FIDUCIAL + rng.integers(-10, 11, 12)
    leads = rng.uniform(-1.0, 1.0, (12, 1)) * np.exp(-0.5 * ((time - centres[:, None]) / width) ** 2)
    slopes = normalised_slopes(leads, RATE_HZ, FIDUCIAL)
    first, last = lead_limits(slopes, RATE_HZ, FIDUCIAL)
    assert (np.diff(first, axis=1) >= 0).all() and (np.diff(last, axis=1) <= 0).all()
    joint_first, joint_last = joint_limits(slopes, np.ones(12), RATE_HZ, FIDUCIAL)
    for group in (slice(0, 4), slice(4, 7)):
        assert (np.diff(joint_first[group]) >= 0).all() and (np.diff(joint_last[group]) <= 0).all()
    assert (joint_first < joint_last).all()
