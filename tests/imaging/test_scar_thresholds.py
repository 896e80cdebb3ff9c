"""Threshold rules on numbers that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.errors import MeasurementError
from resynchro.imaging.scar import scar_thresholds as rules


def test_the_robust_maximum_is_the_99th_percentile() -> None:
    # 0, 1, ..., 100: the 99th percentile lies on 99
    assert rules.robust_maximum(np.arange(101.0)) == pytest.approx(99.0)


def test_nsd_counts_standard_deviations_from_the_remote_mean() -> None:
    # remote 90, 100, 110: mean 100, sample SD sqrt((100 + 0 + 100) / 2) = 10
    remote = np.array([90.0, 100.0, 110.0])
    mean, sd = float(remote.mean()), float(remote.std(ddof=1))
    assert [rules.threshold_nsd(mean, sd, n) for n in (2, 3, 5, 6)] == [120.0, 130.0, 150.0, 160.0]


def test_half_maximum_rules_by_hand() -> None:
    assert rules.threshold_fwhm_raw(300.0) == 150.0
    assert rules.threshold_fwhm_minmax(50.0, 300.0) == 175.0
    assert rules.threshold_fwhm_remote(100.0, 300.0) == 200.0
    # 100 + 0.6 (200 - 100)
    assert rules.threshold_blood60(100.0, 200.0) == 160.0


def test_otsu_parts_two_groups_in_the_middle_of_the_gap() -> None:
    # between-class variance w0 w1 (m1 - m0)^2 over the cuts of 1 2 2 9 10:
    # 1|.. 4 (5.75 - 1)^2 = 90; 1 2 2|9 10: 6 (9.5 - 1.667)^2 = 368; .. 9|10: 4 (10 - 3.5)^2 = 169
    assert rules.threshold_otsu([1, 2, 2, 9, 10]) == 5.5


def test_gmm2_finds_the_middle_of_two_equal_gaussians() -> None:
    rng = np.random.default_rng(3)
    values = np.concatenate([rng.normal(100.0, 10.0, 4000), rng.normal(200.0, 10.0, 4000)])
    # equal weights and spreads: the boundary is the middle of the means
    assert rules.threshold_gmm2(values) == pytest.approx(150.0, abs=3.0)


@pytest.mark.parametrize("wall", [[], [5.0], [7.0, 7.0, 7.0]])
def test_a_wall_without_contrast_has_no_threshold(wall: list[float]) -> None:
    with pytest.raises(MeasurementError, match="two different intensities"):
        rules.threshold_otsu(wall)


@settings(deadline=None, max_examples=20)
@given(gain=st.floats(0.01, 100.0), offset=st.floats(-1000.0, 1000.0), seed=st.integers(0, 5))
def test_thresholds_follow_gain_and_offset(gain: float, offset: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    wall = np.concatenate([rng.normal(100.0, 10.0, 200), rng.normal(180.0, 12.0, 80)])
    for rule in (rules.threshold_otsu, rules.threshold_gmm2, rules.robust_maximum):
        assert rule(gain * wall + offset) == pytest.approx(gain * rule(wall) + offset, abs=1e-4 * gain)
    remote, maximum = 100.0, rules.robust_maximum(wall)
    moved = rules.threshold_fwhm_remote(gain * remote + offset, gain * maximum + offset)
    assert moved == pytest.approx(gain * rules.threshold_fwhm_remote(remote, maximum) + offset, abs=1e-6 * gain + 1e-9)


def test_half_of_the_raw_maximum_does_not_follow_an_offset() -> None:
    # 300 / 2 = 150, but (300 + 100) / 2 = 200 and not 250
    assert rules.threshold_fwhm_raw(300.0 + 100.0) != rules.threshold_fwhm_raw(300.0) + 100.0
