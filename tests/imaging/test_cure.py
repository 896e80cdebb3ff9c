"""Uniformity ratios: the table of rings, its traps, and the invariances the ratio must have."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.errors import MeasurementError
from resynchro.imaging.strain.cure import complete_rings, uniformity_index, uniformity_indices, uniformity_ratio
from resynchro.imaging.strain.strain_phantom import shortening_course, strain_phantom

VARIANTS = ("power2", "power1", "modulus", "all")
ANGLES = 2.0 * np.pi * np.arange(6) / 6.0

#: By hand, e.g. two neighbours +4 and four -12: F0 = 8 - 48 = -40, S0 = 1600. F1 = 16 (1 + w), w = exp(-i 60 deg),
#: because a constant has no F1: |1 + w|^2 = 3, S1 = 768. power2 = sqrt(1600/3136) = 0.714; power1 = sqrt(1600/2368) =
#: 0.822; modulus = 40/(40 + 27.71) = 0.591; all: sum of S = 6 (2 16 + 4 144) = 3648, sqrt(1600/3648) = 0.662.
RINGS = {
    "six times -18": (np.full(6, -18.0), (1.0, 1.0, 1.0, 1.0)),
    "cosine": (np.cos(ANGLES), (0.0, 0.0, 0.0, 0.0)),
    "three against three": (np.array([10.0, 10, 10, -10, -10, -10]), (0.0, 0.0, 0.0, 0.0)),
    "two stretched": (np.array([4.0, 4, -12, -12, -12, -12]), (0.714, 0.822, 0.591, 0.662)),
    "two still": (np.array([0.0, 0, -15, -15, -15, -15]), (0.853, 0.918, 0.698, 0.816)),
    "one still": (np.array([0.0, -18, -18, -18, -18, -18]), (0.962, 0.981, 0.833, 0.913)),
    "alternating about -10": (np.array([-5.0, -15] * 3), (1.0, 1.0, 1.0, 0.894)),
    "alternating about 0": (np.array([10.0, -10] * 3), (None, None, None, 0.0)),
}


@pytest.mark.parametrize("name", RINGS)
@pytest.mark.parametrize("over_time", ["pooled", "mean"])
def test_table_of_rings(name: str, over_time: str) -> None:
    ring, expected = RINGS[name]
    for variant, wanted in zip(VARIANTS, expected, strict=True):
        found = float(uniformity_ratio([ring[:, None]], variant=variant, over_time=over_time))  # type: ignore[arg-type]
        if wanted is None:
            assert np.isnan(found), variant
        else:
            assert found == pytest.approx(wanted, abs=1e-3), variant


def test_ring_of_higher_harmonics_is_absent_not_rounding() -> None:
    # cos(2 theta) on six segments: harmonics 0 and 1 are empty, what is left of them is rounding.
    ring = np.cos(2.0 * ANGLES)[:, None] * np.array([[1.0, 7.3, 0.1]])
    for variant in ("power2", "power1", "modulus", "svd"):
        assert np.isnan(uniformity_ratio([ring], variant=variant))
    curves = dataclasses.replace(
        strain_phantom(dict.fromkeys(range(7, 13), 0.0)), strain_pct=10.0 * np.cos(2.0 * ANGLES)[:, None] * np.ones(30)
    )
    index = uniformity_index(curves)
    assert index.value is None
    assert index.absent is not None
    assert index.absent.startswith("0/0")


@pytest.mark.parametrize("count", [3, 4, 5, 6, 7, 24])
def test_odd_and_even_rings_find_harmonic_zero(count: int) -> None:
    # A published study code takes the wrong bin as harmonic 0 when the number of sectors is odd.
    assert float(uniformity_ratio([np.full((count, 1), -18.0)])) == pytest.approx(1.0)


def test_slices_of_four_and_six_weigh_the_same() -> None:
    # One uniform ring and one that only has harmonic 1 (mean of squares 0.5, S1 = 1/4 per side):
    # F0 = 1 and 0, F1 = 0 and 1/2: power2 = sqrt(1/(1 + 2/4)) = 0.8165 whichever ring has six segments.
    four = 2.0 * np.pi * np.arange(4) / 4.0
    one = uniformity_ratio([np.ones((6, 1)), np.cos(four)[:, None]])
    other = uniformity_ratio([np.ones((4, 1)), np.cos(ANGLES)[:, None]])
    assert float(one) == pytest.approx(float(other), abs=1e-12)
    assert float(one) == pytest.approx(np.sqrt(1.0 / 1.5))


@pytest.mark.parametrize(
    ("peak", "sigma", "expected"),
    [(18, 1, (0.779, 0.997, 0.998)), (8, 1, (0.754, 0.986, 0.990)), (8, 2, (0.721, 0.951, 0.961))],
)
def test_diastole_votes_in_the_mean_over_the_cycle(
    peak: float, sigma: float, expected: tuple[float, float, float]
) -> None:
    # Synchronous ring with noise: mean over the cycle, over 120 to 480 ms, and pooled.
    time_ms = np.arange(30) * 30.0
    noise = np.random.default_rng(3).standard_normal((1000, 6, 30))
    strain = -peak * shortening_course(time_ms) + sigma * noise
    inside = (time_ms >= 120.0) & (time_ms <= 480.0)
    found = (
        uniformity_ratio([strain], over_time="mean").mean(),
        uniformity_ratio([strain[..., inside]], over_time="mean").mean(),
        uniformity_ratio([strain]).mean(),
    )
    assert found == pytest.approx(expected, abs=0.004)


def test_least_power_keeps_diastole_from_voting() -> None:
    strain = -18.0 * shortening_course(np.arange(30) * 30.0) + np.random.default_rng(4).standard_normal((200, 6, 30))
    assert uniformity_ratio([strain], over_time="mean", min_power=0.01).mean() > 0.97


def test_singular_vector_is_blind_to_pure_delay() -> None:
    delayed = strain_phantom({7: 30.0, 8: 0.0, 9: 0.0, 10: 60.0, 11: 120.0, 12: 90.0}, coupling=0.4)
    values = {index.key: index.value for index in uniformity_indices(delayed)}
    assert values["cure"] is not None
    assert values["cure_svd"] is not None
    assert values["cure"] < 0.97 < values["cure_svd"]


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.floats(-30.0, 30.0), min_size=24, max_size=24).filter(lambda values: abs(sum(values)) > 1.0),
    st.floats(0.01, 50.0),
    st.integers(0, 5),
)
def test_scale_rotation_and_reflection_do_not_matter(values: list[float], scale: float, turn: int) -> None:
    ring = np.array(values).reshape(6, 4)
    for variant in ("power2", "power1", "modulus", "all", "svd"):
        found = float(uniformity_ratio([ring], variant=variant))
        for same in (scale * ring, np.roll(ring, turn, axis=0), ring[::-1]):
            again = float(uniformity_ratio([same], variant=variant))
            assert (np.isnan(found) and np.isnan(again)) or again == pytest.approx(found, abs=1e-6)


def test_offset_and_permutation_do_matter() -> None:
    ring = np.array([4.0, 4, -12, -12, -12, -12])[:, None]
    assert abs(float(uniformity_ratio([ring + 5.0])) - 0.714) > 0.1
    apart = np.array([4.0, -12, -12, 4, -12, -12])[:, None]  # the same values, no longer neighbours
    assert float(uniformity_ratio([apart])) == pytest.approx(1.0)


def test_indices_state_what_they_are() -> None:
    ring = strain_phantom(dict.fromkeys(range(7, 13), 0.0), noise_pct=1.0, rng=np.random.default_rng(0))
    keys = [index.key for index in uniformity_indices(ring)]
    assert keys == [
        "cure",
        "cure_power1",
        "cure_modulus",
        "cure_svd",
        "cure_all",
        "cure_mean_cycle",
        "cure_mean_systole",
    ]
    first = uniformity_indices(ring)[0]
    assert first.n_segments == 6
    assert first.variant.startswith("power2")
    assert first.value == pytest.approx(0.998, abs=0.002)
    # Below the 0.998 of the table: each repeat is set to zero in its first frame, whose noise then stays in all.
    assert first.noise_floor == pytest.approx(0.996, abs=0.001)
    assert {value.threshold for value in first.published} >= {0.75}
    assert any("do not transfer" in note for note in first.notes)
    radial = strain_phantom(dict.fromkeys(range(1, 19), 0.0), model="aha18", strain_type="radial")
    assert [uniformity_index(radial).key, len(complete_rings(radial))] == ["rure", 3]
    assert not uniformity_index(radial).published


def test_what_is_missing_is_absent_with_a_reason() -> None:
    five = strain_phantom(dict.fromkeys(range(7, 12), 0.0))
    assert uniformity_index(five).absent == "needs all segments of at least one ring"
    ring = strain_phantom(dict.fromkeys(range(7, 13), 0.0))
    blind = dataclasses.replace(ring, events=dataclasses.replace(ring.events, avc_s=None), noise_pct=None)
    assert uniformity_index(blind, time="mean_systole").absent == "needs AVC"
    assert uniformity_index(blind).noise_note == "noise unknown (smoothed export)"
    with pytest.raises(MeasurementError, match="at least one complete ring"):
        uniformity_ratio([])
    with pytest.raises(MeasurementError, match="3 segments"):
        uniformity_ratio([np.zeros((2, 5))])
