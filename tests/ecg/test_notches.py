"""Notches and slurs, on waves made with a known one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.ecg.lead_waves import Notch, Wave
from resynchro.ecg.notches import early_notches, find_notches, mid_qrs_notches

TIME_MS = np.arange(200) * 2.0


def drawn(*points: tuple[float, float]) -> np.ndarray:
    """A wave through (ms, mV) points, lightly rounded like a recorded one (Gaussian of 3 ms)."""
    x, y = zip(*points, strict=True)
    kernel = np.exp(-0.5 * (np.arange(-6, 7) * 2.0 / 3.0) ** 2)
    return np.convolve(np.interp(TIME_MS, x, y), kernel / kernel.sum(), mode="same")


def whole_wave(signal: np.ndarray, start_ms: float = 100.0, end_ms: float = 200.0) -> Wave:
    peak = int(np.argmax(np.abs(signal)))
    return Wave(name="R", onset_ms=start_ms, peak_ms=2.0 * peak, end_ms=end_ms, amplitude_mv=float(signal[peak]))


SMOOTH = ((100.0, 0.0), (150.0, 1.0), (200.0, 0.0))
NOTCHED = ((100.0, 0.0), (130.0, 1.0), (145.0, 0.6), (160.0, 0.9), (200.0, 0.0))
SLURRED = ((100.0, 0.0), (120.0, 0.6), (140.0, 0.62), (155.0, 1.0), (200.0, 0.0))
FLAT_TOP = ((100.0, 0.0), (125.0, 0.97), (160.0, 1.0), (200.0, 0.0))


def test_smooth_wave_has_neither() -> None:
    signal = drawn(*SMOOTH)
    assert find_notches(signal, [whole_wave(signal)]) == ()


def test_notch_reaches_from_summit_to_summit() -> None:
    signal = drawn(*NOTCHED)
    (notch,) = find_notches(signal, [whole_wave(signal)])
    assert notch.kind == "notch"
    assert (notch.start_ms, notch.time_ms, notch.end_ms) == pytest.approx((130.0, 145.0, 160.0), abs=2.0)
    # Lower summit 0.9, dip 0.6: 0.3 mV before rounding takes a little off both.
    assert notch.depth_mv == pytest.approx(0.3, abs=0.12)


@pytest.mark.parametrize("points", [SLURRED, FLAT_TOP])
def test_slur_is_found_without_a_change_of_slope_sign(points: tuple[tuple[float, float], ...]) -> None:
    signal = drawn(*points)
    (slur,) = find_notches(signal, [whole_wave(signal)])
    assert slur.kind == "slur" and slur.depth_mv == 0.0
    assert 118.0 <= slur.start_ms < slur.time_ms < slur.end_ms <= 164.0


def test_notch_of_a_downward_wave_is_the_same() -> None:
    signal = drawn(*NOTCHED)
    assert find_notches(-signal, [whole_wave(-signal)]) == find_notches(signal, [whole_wave(signal)])


def test_depth_width_and_noise_limits() -> None:
    signal = drawn(*NOTCHED)
    wave = whole_wave(signal)
    assert not any(n.kind == "notch" for n in find_notches(signal, [wave], minimum_depth_mv=0.5))
    assert not any(n.kind == "notch" for n in find_notches(signal, [wave], minimum_width_ms=40.0))
    assert not any(n.kind == "notch" for n in find_notches(signal, [wave], noise_mv=0.1))


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_noise_of_the_stated_size_makes_no_notch(seed: int) -> None:
    noise_mv = 0.008
    signal = drawn(*SMOOTH) + np.random.default_rng(seed).normal(0.0, noise_mv, TIME_MS.size)
    assert find_notches(signal, [whole_wave(signal)], noise_mv=noise_mv) == ()


def _notch(start_ms: float, time_ms: float, end_ms: float) -> Notch:
    return Notch(kind="notch", start_ms=start_ms, time_ms=time_ms, end_ms=end_ms, depth_mv=0.1)


@pytest.mark.parametrize(
    ("start_ms", "end_ms", "is_mid"),
    [
        (45.0, 90.0, True),
        (40.0, 90.0, False),  # not after the first 40 ms
        (75.0, 90.0, False),  # 75 = 50 % of 150, not before
        (74.0, 90.0, True),
        (60.0, 100.0, False),  # 100 = two thirds of 150, not before
        (60.0, 99.0, True),
    ],
)
def test_mid_qrs_limits(start_ms: float, end_ms: float, is_mid: bool) -> None:
    notch = _notch(200.0 + start_ms, 200.0 + (start_ms + end_ms) / 2, 200.0 + end_ms)
    assert bool(mid_qrs_notches([notch], qrs_onset_ms=200.0, qrs_ms=150.0)) is is_mid


def test_mid_qrs_limits_are_parameters() -> None:
    notch = _notch(230.0, 270.0, 320.0)
    assert mid_qrs_notches([notch], 200.0, 150.0) == ()
    assert mid_qrs_notches([notch], 200.0, 150.0, earliest_ms=20.0, end_share=0.9) == (notch,)


def test_early_notches_lie_in_the_first_40_ms() -> None:
    early, late = _notch(210.0, 238.0, 245.0), _notch(240.0, 245.0, 260.0)
    assert early_notches([early, late], 200.0) == (early,)
