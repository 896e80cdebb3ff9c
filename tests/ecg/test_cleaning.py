"""The measurement path: nothing moves in time, only what does not belong to the heart goes away."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.ecg.cleaning import clean, mains_lines_hz, resample_to
from resynchro.ecg.synthetic import synthetic_ecg

RATE_HZ = 500.0
TIME_S = np.arange(5000) / RATE_HZ
MIDDLE = slice(1500, 3500)


def amplitude(signal: np.ndarray) -> float:
    """Amplitude of a sine wave from its root mean square, away from the ends."""
    return float(np.sqrt(2.0) * signal[..., MIDDLE].std())


def tone(frequency_hz: float) -> np.ndarray:
    return np.tile(np.sin(2.0 * np.pi * frequency_hz * TIME_S), (12, 1))


@pytest.mark.parametrize("width_s", [0.006, 0.02, 0.05])
def test_a_symmetric_pulse_stays_where_it_is(width_s: float) -> None:
    centre = 2500
    pulse = np.exp(-0.5 * ((TIME_S - centre / RATE_HZ) / width_s) ** 2)
    cleaned = clean(np.tile(pulse, (12, 1)), RATE_HZ)
    assert np.all(np.argmax(cleaned, axis=1) == centre)
    left, right = cleaned[:, centre - 200 : centre][:, ::-1], cleaned[:, centre + 1 : centre + 201]
    assert np.abs(left - right).max() < 1e-3


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_time_reversal_does_not_matter(seed: int) -> None:
    # The definition of zero phase. The ends differ, because the high-pass looks two seconds around.
    kind = ("normal", "lbbb", "rbbb", "rv-paced")[seed % 4]
    signal = synthetic_ecg(kind=kind, rng=np.random.default_rng(seed)).record.signal_mv
    forwards, backwards = clean(signal, RATE_HZ), clean(signal[:, ::-1], RATE_HZ)[:, ::-1]
    assert np.abs(forwards - backwards)[:, 1000:-1000].max() < 2e-3


def test_wander_goes_and_waves_stay() -> None:
    # Butterworth, second order, twice: |H|^2 = 1 / (1 + (0.5 / f)^4). At 0.2 Hz 1 / 40.06 = 0.0250.
    assert amplitude(clean(tone(0.2), RATE_HZ)) == pytest.approx(0.0250, rel=0.2)
    # At 10 Hz 1 / (1 + 6e-6), and the low-pass 1 / (1 + 0.1^4) = 0.9999.
    assert amplitude(clean(tone(10.0), RATE_HZ)) == pytest.approx(1.0, abs=2e-3)
    # A constant goes altogether.
    assert np.abs(clean(np.full((12, 5000), 3.0), RATE_HZ)).max() < 1e-9


@pytest.mark.parametrize("rate_hz", [500.0, 1000.0])
def test_the_low_pass_halves_the_amplitude_at_its_cut_off(rate_hz: float) -> None:
    # |H|^2 = 1 / 2 at the cut-off of 100 Hz, and the filter runs twice.
    time_s = np.arange(round(10 * rate_hz)) / rate_hz
    cleaned = clean(np.tile(np.sin(2 * np.pi * 100.0 * time_s), (12, 1)), rate_hz)
    middle = cleaned[:, cleaned.shape[1] // 3 : 2 * cleaned.shape[1] // 3]
    assert np.sqrt(2.0) * middle.std() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("rate_hz", [500.0, 1000.0])
@pytest.mark.parametrize(("hum_hz", "expected"), [(None, ()), (50.0, (50.0,)), (60.0, (60.0,))])
def test_the_mains_line_is_seen_only_when_it_is_there(
    rate_hz: float, hum_hz: float | None, expected: tuple[float, ...]
) -> None:
    for kind in ("normal", "lbbb", "rv-paced"):
        ecg = synthetic_ecg(
            kind=kind,
            rng=np.random.default_rng(5),
            sampling_rate_hz=rate_hz,
            stimulus_mv=0.0,
            powerline_mv=0.0 if hum_hz is None else 0.02,
            powerline_hz=hum_hz or 50.0,
        )
        assert mains_lines_hz(ecg.record.signal_mv, rate_hz) == expected


def test_hum_is_removed_and_the_qrs_is_not() -> None:
    options = {"kind": "normal", "wander_mv": 0.0, "noise_mv": 0.0}
    quiet = synthetic_ecg(rng=np.random.default_rng(2), **options).record.signal_mv
    humming = synthetic_ecg(rng=np.random.default_rng(2), powerline_mv=0.05, **options).record.signal_mv
    difference = (clean(humming, RATE_HZ) - clean(quiet, RATE_HZ))[:, MIDDLE]
    # 0.05 mV of hum has a standard deviation of 0.035 mV; less than a tenth may stay, the notch's own trace included.
    assert difference.std() < 0.0035
    assert np.abs(difference).max() < 0.03 * np.abs(quiet).max()


def test_the_input_stays_as_it_is_and_scales() -> None:
    signal = synthetic_ecg(kind="lbbb", rng=np.random.default_rng(1)).record.signal_mv
    before = signal.copy()
    cleaned = clean(signal, RATE_HZ)
    assert np.array_equal(signal, before)
    assert cleaned.shape == signal.shape
    assert np.allclose(clean(3.0 * signal, RATE_HZ), 3.0 * cleaned, atol=1e-9)


def test_a_short_record_can_be_cleaned() -> None:
    signal = synthetic_ecg(kind="normal", rng=np.random.default_rng(1)).record.signal_mv[:, :500]
    assert np.isfinite(clean(signal, RATE_HZ)).all()


@pytest.mark.parametrize("rate_hz", [250.0, 360.0, 1000.0, 257.0])
def test_resampling_keeps_offset_and_waves(rate_hz: float) -> None:
    time_s = np.arange(round(10 * rate_hz)) / rate_hz
    offset_mv = np.linspace(-4.0, 4.0, 12)[:, None]
    moved = resample_to(offset_mv + np.sin(2 * np.pi * 10.0 * time_s), rate_hz)
    assert moved.shape[1] == pytest.approx(5000, abs=2)
    expected = offset_mv + np.sin(2 * np.pi * 10.0 * np.arange(moved.shape[1]) / RATE_HZ)
    assert np.abs(moved - expected)[:, 100:-100].max() < 0.01
    # No step at the ends of a constant lead: the filter takes what lies outside the record for the offset.
    assert np.allclose(resample_to(np.tile(offset_mv, 2000), rate_hz), offset_mv, atol=1e-9)


def test_resampling_to_the_same_rate_changes_nothing() -> None:
    signal = np.arange(24.0).reshape(12, 2)
    assert resample_to(signal, RATE_HZ) is signal
