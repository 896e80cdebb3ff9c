"""Strain delay index and post-systolic index."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from resynchro.imaging.strain.post_systolic import post_systolic_indices, post_systolic_share
from resynchro.imaging.strain.strain_delay_index import strain_delay_indices, wasted_shortening
from resynchro.imaging.strain.strain_phantom import shortening_course, strain_phantom
from resynchro.record.strain import CardiacEvents


def test_wasted_shortening_by_hand() -> None:
    # Peak -18 against -16 at AVC; peak -12 before AVC against -9 there.
    curves = np.array([[0.0, -5, -12, -16, -18, -3], [0.0, -8, -12, -9, -6, -1]])
    assert wasted_shortening(curves, 3).tolist() == [2.0, 3.0]


@pytest.mark.parametrize(("frames", "peak", "expected"), [(30, 18, 9.5), (30, 8, 13.5), (60, 18, 15.9), (60, 8, 19.8)])
def test_floor_of_the_raw_index(frames: int, peak: float, expected: float) -> None:
    # 16 synchronous curves, 1 % noise, within 10 % of the table.
    time_ms = np.arange(frames) * 900.0 / frames
    noise = np.random.default_rng(6).standard_normal((1000, 16, frames))
    values = wasted_shortening(-peak * shortening_course(time_ms) + noise, round(0.4 * frames)).sum(axis=-1)
    assert float(values.mean()) == pytest.approx(expected, rel=0.1)


def test_low_pass_takes_most_of_the_floor_away() -> None:
    curves = dataclasses.replace(strain_phantom(dict.fromkeys(range(1, 17), 0.0), model="aha16"), noise_pct=np.ones(16))
    raw = strain_delay_indices(curves, harmonics=None)[0].noise_floor
    filtered = strain_delay_indices(curves)[0].noise_floor
    assert raw is not None
    assert filtered is not None
    assert filtered < 0.5 * raw


def test_synchronous_without_noise_is_zero() -> None:
    curves = strain_phantom(dict.fromkeys(range(1, 17), 0.0), model="aha16")
    assert strain_delay_indices(curves, harmonics=None)[0].value == pytest.approx(0.0, abs=1e-12)
    # The corners of the phantom's half cosines are rounded by the low-pass: 0.24 % in the sum of 16.
    assert strain_delay_indices(curves)[0].value == pytest.approx(0.0, abs=0.3)


@pytest.mark.parametrize(("model", "count"), [("aha16", 16), ("aha17", 17), ("aha18", 18)])
def test_sum_of_16_segments_in_every_model(model: str, count: int) -> None:
    # Each segment wastes the same: peak 50 ms after AVC. 16 times that, whatever the model.
    curves = strain_phantom(dict.fromkeys(range(1, count + 1), 50.0), model=model)  # type: ignore[arg-type]
    total, mean = strain_delay_indices(curves)
    assert total.segments == tuple(range(1, 17))
    assert total.value is not None
    assert mean.value is not None
    assert total.value == pytest.approx(16.0 * mean.value)
    # E_AVC = -18 S(360 - 50): the rise lacks 50 of 330 ms, 18 (1 - (1 - cos(pi 280/330))/2) = 1.00.
    assert mean.value == pytest.approx(1.0, abs=0.1)


def test_sum_needs_16_segments_and_the_mean_does_not() -> None:
    ring = strain_phantom(dict.fromkeys(range(7, 13), 0.0))
    total, mean = strain_delay_indices(ring)
    assert total.absent == "needs all 16 segments, 6 are there"
    assert mean.n_segments == 6
    for index in strain_delay_indices(dataclasses.replace(ring, events=CardiacEvents())):
        assert index.absent == "needs AVC"


def test_unverified_cut_off_is_marked() -> None:
    curves = strain_phantom(dict.fromkeys(range(1, 17), 0.0), model="aha16", strain_type="longitudinal")
    published = strain_delay_indices(curves)[0].published
    assert [(value.threshold, value.verified) for value in published] == [(25.0, False)]


def test_post_systolic_share_by_hand() -> None:
    # (-20 - -16)/-20 = 20 %; peak before AVC 0; stretched at AVC (-10 - 2)/-10 = 120 %; never shorter 0.
    curves = np.array(
        [[0.0, -5, -12, -16, -20, -3], [0.0, -8, -12, -9, -6, -1], [0.0, 1, 2, 2, -10, -3], [0.0, 1, 2, 3, 2, 1]]
    )
    assert post_systolic_share(curves, 3).tolist() == [20.0, 0.0, 120.0, 0.0]


def test_post_systolic_index_and_the_ratio_have_their_own_names() -> None:
    curves = strain_phantom(
        dict.fromkeys(range(7, 13), 50.0) | {9: 0.0}, peak_pct={8: 2.0} | dict.fromkeys((7, 9, 10, 11, 12), 18.0)
    )
    index, ratio = post_systolic_indices(curves)
    assert index.key == "post_systolic_index_pct"
    assert ratio.key == "avc_to_peak_ratio"
    assert index.segments == (7, 9, 10, 11, 12)
    assert "mid anteroseptal" in index.notes[0]  # 2 % is too weak to count
    # 1.00/18 = 5.6 % in four segments, 0 in segment 9.
    assert dict(index.per_segment)[9] == pytest.approx(0.0, abs=0.3)
    assert dict(index.per_segment)[7] == pytest.approx(5.6, abs=0.6)
    assert dict(ratio.per_segment)[7] == pytest.approx(1.0 - 0.056, abs=0.006)
    assert ratio.unit == ""


def test_post_systolic_index_is_absent_with_a_reason() -> None:
    ring = strain_phantom(dict.fromkeys(range(7, 13), 0.0))
    assert post_systolic_indices(dataclasses.replace(ring, events=CardiacEvents()))[0].absent == "needs AVC"
    still = strain_phantom(dict.fromkeys(range(7, 13), 0.0), peak_pct=2.0)
    assert "no segment shortens" in (post_systolic_indices(still)[0].absent or "")
