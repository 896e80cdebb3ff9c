"""Segmentation of the QRS into waves, on beats whose waves are known by construction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.ecg.lead_waves import LeadWaves
from resynchro.ecg.representative import QrsLimits, RepresentativeBeat
from resynchro.ecg.waves import r_peak_time_from_lead_onset_ms, segment_waves

ONSET_MS, N_SAMPLES = 200.0, 400
TIME_MS = np.arange(N_SAMPLES) * 2.0 - ONSET_MS


def half_sines(*waves: tuple[float, float, float]) -> np.ndarray:
    """One lead of half-sine waves (start ms after QRS onset, duration ms, amplitude mV)."""
    signal = np.zeros(N_SAMPLES)
    for start, duration, amplitude in waves:
        inside = (start <= TIME_MS) & (start + duration >= TIME_MS)
        signal[inside] += amplitude * np.sin(np.pi * (TIME_MS[inside] - start) / duration)
    return signal


def segmented(
    signal: np.ndarray,
    qrs_ms: float = 100.0,
    noise_mv: float = 0.0,
    lead_onset_ms: float = np.nan,
    stimulus_ms: tuple[float, ...] = (),
) -> tuple[LeadWaves, QrsLimits]:
    beat = RepresentativeBeat(
        signal_mv=np.tile(signal, (12, 1)),
        sampling_rate_hz=500.0,
        kind="intrinsic",
        n_beats=8,
        noise_mv=np.full(12, noise_mv),
        stimulus_ms=stimulus_ms,
    )
    limits = QrsLimits(
        onset_ms=ONSET_MS,
        end_ms=ONSET_MS + qrs_ms,
        onset_interval_ms=(ONSET_MS, ONSET_MS),
        end_interval_ms=(ONSET_MS + qrs_ms, ONSET_MS + qrs_ms),
        duration_interval_ms=(qrs_ms, qrs_ms),
        lead_onset_ms=np.full(12, lead_onset_ms),
        lead_end_ms=np.full(12, np.nan),
    )
    return segment_waves(beat, limits)[0], limits


@pytest.mark.parametrize(
    ("waves", "label"),
    [
        (((0, 100, 1.0),), "R"),
        (((0, 100, -1.0),), "QS"),
        (((0, 20, 0.2), (20, 80, -1.0)), "rS"),
        (((0, 20, -0.2), (20, 80, 1.0)), "qR"),
        (((0, 20, -0.2), (20, 40, 1.0), (60, 40, -0.3)), "qRs"),
        (((0, 20, 0.3), (20, 20, -0.3), (40, 60, 1.0)), "rsR'"),
        (((0, 20, 0.7), (20, 40, -1.0), (60, 20, 0.2), (80, 20, -0.1)), "RSr's'"),
    ],
)
def test_label(waves: tuple[tuple[float, float, float], ...], label: str) -> None:
    assert segmented(half_sines(*waves))[0].label == label


def test_times_and_amplitudes_of_qrs() -> None:
    lead, _ = segmented(half_sines((0, 20, -0.2), (20, 40, 1.0), (60, 40, -0.3)))
    q, r, s = lead.waves
    # Half-sines peak in their middle and meet at 20 and 60 ms after the onset.
    assert (q.name, r.name, s.name) == ("Q", "R", "S")
    assert (q.peak_ms, r.peak_ms, s.peak_ms) == pytest.approx((210.0, 240.0, 280.0))
    assert r.onset_ms == pytest.approx(220.0, abs=1.0)
    assert r.end_ms == pytest.approx(260.0, abs=1.0)
    assert (q.amplitude_mv, r.amplitude_mv, s.amplitude_mv) == pytest.approx((-0.2, 1.0, -0.3))
    assert lead.r_peak_time_ms == pytest.approx(40.0)


def test_small_q_counts_only_above_floor_and_noise() -> None:
    signal = half_sines((0, 20, -0.03), (20, 80, 1.0))
    assert segmented(signal)[0].label == "qR"
    assert segmented(half_sines((0, 20, -0.015), (20, 80, 1.0)))[0].label == "R"  # below 20 µV
    assert segmented(signal, noise_mv=0.02)[0].label == "R"  # below twice the noise
    assert segmented(half_sines((0, 4, -0.1), (4, 96, 1.0)))[0].label == "R"  # shorter than 6 ms


def test_zero_level_is_taken_before_the_onset_not_from_the_p_wave() -> None:
    # P wave of 0.15 mV that ends 40 ms before the QRS, on a shifted baseline of 0.3 mV.
    signal = half_sines((-150, 110, 0.15), (0, 100, 1.0)) + 0.3
    lead, _ = segmented(signal)
    assert lead.label == "R"
    assert lead.amplitude_mv("R") == pytest.approx(1.0)


def test_zero_level_of_a_paced_beat_lies_before_the_stimulus() -> None:
    # The tail of a stimulus lifts the 16 ms before the onset by 0.5 mV.
    signal = half_sines((0, 100, -1.0)) + np.where((TIME_MS >= -16) & (TIME_MS < 0), 0.5, 0.0)
    assert segmented(signal, stimulus_ms=(ONSET_MS - 18.0,))[0].amplitude_mv("QS") == pytest.approx(1.0)


def test_shifted_st_segment_is_not_a_wave() -> None:
    # S to 80 ms, then a rise into an elevated ST of 0.3 mV that is still under way at the QRS end.
    ramp = np.clip((TIME_MS - 80.0) / 20.0, 0.0, 1.0) * 0.3
    lead, _ = segmented(half_sines((0, 20, 0.2), (20, 60, -1.0)) + ramp)
    assert lead.label == "rS"
    assert lead.wave("S").end_ms == pytest.approx(280.0, abs=2.0)  # type: ignore[union-attr]


def test_r_that_ends_in_an_elevated_st_segment_runs_to_the_qrs_end() -> None:
    plateau = np.where(TIME_MS >= 50.0, 0.3, 0.0)
    lead, _ = segmented(np.maximum(half_sines((0, 100, 1.0)), plateau))
    assert lead.label == "R"
    assert lead.waves[0].end_ms == pytest.approx(300.0)


def test_s_that_merges_with_a_depressed_st_segment_is_kept() -> None:
    depression = np.where(TIME_MS >= 80.0, -0.2, 0.0)
    waves = half_sines((0, 50, 1.0), (50, 50, -0.8))
    lead, _ = segmented(np.minimum(waves, depression + half_sines((0, 50, 1.0))))
    assert lead.label == "RS"
    assert lead.waves[1].end_ms == pytest.approx(300.0)


def test_dip_to_the_baseline_leaves_one_notched_wave() -> None:
    lead, _ = segmented(half_sines((0, 50, 1.0), (50, 50, 0.9)) - 0.005)
    assert lead.label == "R"
    assert [notch.kind for notch in lead.notches] == ["notch"]
    # The latest summit of the notched R is the second half-sine's, at 75 ms.
    assert lead.r_peak_time_ms == pytest.approx(75.0, abs=1.0)


def test_r_peak_time_takes_the_last_dominant_r() -> None:
    dominant, _ = segmented(half_sines((0, 30, 0.5), (30, 30, -0.5), (60, 40, 0.4)))
    small, _ = segmented(half_sines((0, 30, 0.5), (30, 30, -0.5), (60, 40, 0.2)))
    assert dominant.r_peak_time_ms == pytest.approx(80.0, abs=1.0)  # r' of 80 % of R: last dominant
    assert small.r_peak_time_ms == pytest.approx(15.0, abs=1.0)  # r' of 40 % of R: not dominant


def test_r_peak_time_from_the_leads_own_onset_leaves_out_the_isoelectric_part() -> None:
    lead, limits = segmented(half_sines((20, 80, 1.0)), lead_onset_ms=ONSET_MS + 20.0)
    assert lead.r_peak_time_ms == pytest.approx(60.0)
    assert r_peak_time_from_lead_onset_ms(lead, limits) == pytest.approx(40.0)
    without, limits = segmented(half_sines((20, 80, 1.0)))
    assert r_peak_time_from_lead_onset_ms(without, limits) == pytest.approx(60.0)


def test_flat_lead_has_no_waves() -> None:
    lead, limits = segmented(np.zeros(N_SAMPLES))
    assert lead.waves == () and lead.label == "" and lead.r_peak_time_ms is None
    assert r_peak_time_from_lead_onset_ms(lead, limits) is None


amplitudes = st.floats(0.1, 3.0)


@settings(deadline=None, max_examples=30)
@given(q=amplitudes, r=amplitudes, s=amplitudes, gain=st.floats(0.5, 3.0))
def test_waves_tile_the_qrs_and_scale_with_the_gain(q: float, r: float, s: float, gain: float) -> None:
    signal = half_sines((0, 30, -q), (30, 40, r), (70, 30, -s))
    lead, _ = segmented(signal)
    louder, _ = segmented(gain * signal)
    assert [wave.name for wave in lead.waves] == ["Q", "R", "S"]
    assert louder.label == lead.label
    for wave, loud, following in zip(lead.waves, louder.waves, (*lead.waves[1:], None), strict=True):
        assert loud.amplitude_mv == pytest.approx(gain * wave.amplitude_mv)
        assert loud.peak_ms == pytest.approx(wave.peak_ms, abs=2.0)  # two equal samples beside the summit
        if following is not None:
            assert wave.end_ms == pytest.approx(following.onset_ms)


@settings(deadline=None, max_examples=20)
@given(r=amplitudes, s=amplitudes)
def test_inverting_a_lead_exchanges_upright_and_downward_waves(r: float, s: float) -> None:
    signal = half_sines((0, 40, r), (40, 60, -s))
    upright, inverted = segmented(signal)[0], segmented(-signal)[0]
    assert [wave.name for wave in inverted.waves] == ["Q", "R"]
    assert [w.amplitude_mv for w in inverted.waves] == pytest.approx([-w.amplitude_mv for w in upright.waves])
