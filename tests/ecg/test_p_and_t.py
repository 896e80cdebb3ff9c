"""PR and QT on synthetic ECGs with known truth, and the reasons where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from resynchro.ecg.measurement import EcgMeasurement
from resynchro.ecg.p_and_t import measure_p_and_t
from resynchro.ecg.synthetic import SyntheticEcg
from resynchro.record.ecg import LEADS

Measured = Callable[..., tuple[SyntheticEcg, EcgMeasurement]]
KINDS = ("normal", "lbbb", "rbbb", "ivcd")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pr_ms", [120.0, 160.0, 200.0, 260.0])
def test_pr_is_near_the_truth(measured_synthetic: Measured, kind: str, pr_ms: float) -> None:
    # QRS onset follows manual marks, 13 ms before the sharp onset: PR is about 11 ms short of the truth.
    _, measurement = measured_synthetic(kind, pr_ms=pr_ms)
    assert measurement.pr_ms == pytest.approx(pr_ms - 11.0, abs=8.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("heart_rate_bpm", [45.0, 70.0, 90.0])
def test_qt_is_near_the_truth(measured_synthetic: Measured, kind: str, heart_rate_bpm: float) -> None:
    ecg, measurement = measured_synthetic(kind, heart_rate_bpm=heart_rate_bpm)
    true_ms = 1000.0 * float(np.median(ecg.t_end_s - ecg.qrs_onset_s))
    assert measurement.qt_ms == pytest.approx(true_ms, abs=30.0)


def test_a_slower_rhythm_has_a_longer_qt(measured_synthetic: Measured) -> None:
    qt_ms = [measured_synthetic("normal", heart_rate_bpm=rate)[1].qt_ms for rate in (45.0, 60.0, 75.0, 90.0)]
    assert all(first > second + 10.0 for first, second in pairwise(qt_ms))


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_there_is_no_p_wave_in_atrial_fibrillation(measured_synthetic: Measured, seed: int) -> None:
    _, measurement = measured_synthetic("lbbb", rhythm="atrial fibrillation", seed=seed)
    assert measurement.pr_ms is None
    assert measurement.p_and_t.p_onset_ms is None and measurement.p_and_t.p_amplitude_mv is None
    assert dict(measurement.absent)["pr_ms"] == measurement.p_and_t.p_reason


@pytest.mark.parametrize("noise_mv", [0.01, 0.03])
def test_noise_changes_pr_and_qt_little(measured_synthetic: Measured, noise_mv: float) -> None:
    _, quiet = measured_synthetic("lbbb", noise_mv=0.0)
    _, noisy = measured_synthetic("lbbb", noise_mv=noise_mv)
    assert noisy.pr_ms == pytest.approx(quiet.pr_ms, abs=12.0)
    assert noisy.qt_ms == pytest.approx(quiet.qt_ms, abs=12.0)


def test_the_p_wave_points_left_and_down(measured_synthetic: Measured) -> None:
    _, measurement = measured_synthetic("lbbb")
    p_mv = dict(zip(LEADS, measurement.p_and_t.p_amplitude_mv, strict=True))
    assert p_mv["I"] > 0.02 and p_mv["II"] > 0.02 and p_mv["aVF"] > 0.0
    assert p_mv["aVR"] < -0.02
    assert 0.0 < measurement.p_and_t.p_onset_ms < measurement.p_and_t.p_end_ms < measurement.limits.onset_ms


def test_limits_of_p_and_t_do_not_depend_on_gain(measured_synthetic: Measured) -> None:
    _, measurement = measured_synthetic("lbbb")
    beat = measurement.beat
    rr_ms = 60000.0 / measurement.heart_rate_bpm
    doubled = measure_p_and_t(replace(beat, signal_mv=2.0 * beat.signal_mv), measurement.limits, rr_ms)
    assert doubled.p_onset_ms == measurement.p_and_t.p_onset_ms
    assert doubled.t_end_ms == pytest.approx(measurement.p_and_t.t_end_ms, abs=4.0)


def test_small_waves_are_absent_with_a_reason(measured_synthetic: Measured) -> None:
    _, measurement = measured_synthetic("lbbb")
    tiny = replace(measurement.beat, signal_mv=0.02 * measurement.beat.signal_mv)
    waves = measure_p_and_t(tiny, measurement.limits, 860.0)
    assert waves.p_onset_ms is None and waves.p_reason == "no P wave of measurable size before the QRS"
    assert waves.t_end_ms is None and waves.t_reason == "fewer than three leads have a T wave of measurable size"


def test_a_beat_that_begins_with_its_qrs_has_no_p_wave(measured_synthetic: Measured) -> None:
    _, measurement = measured_synthetic("lbbb")
    beat, limits = measurement.beat, measurement.limits
    late_ms = limits.onset_ms - 60.0
    late = replace(beat, signal_mv=beat.signal_mv[:, beat.sample(late_ms) :].copy())
    moved = replace(limits, onset_ms=60.0, end_ms=limits.end_ms - late_ms)
    waves = measure_p_and_t(late, moved, 860.0)
    assert waves.p_onset_ms is None
    assert waves.p_reason == "the QRS begins too early in the beat for a P wave to be seen"


def test_a_beat_that_follows_too_soon_has_no_t_end(measured_synthetic: Measured) -> None:
    _, measurement = measured_synthetic("lbbb")
    waves = measure_p_and_t(measurement.beat, measurement.limits, 300.0)
    assert waves.t_end_ms is None
    assert waves.t_reason == "the next beat follows too soon for a T end"


def test_a_p_wave_that_began_before_the_beat_has_no_onset(measured_synthetic: Measured) -> None:
    # Cut the beat in the middle of its P wave.
    _, measurement = measured_synthetic("lbbb", pr_ms=240.0)
    beat, limits, p = measurement.beat, measurement.limits, measurement.p_and_t
    cut_ms = 0.5 * (p.p_onset_ms + p.p_end_ms)
    cut = replace(beat, signal_mv=beat.signal_mv[:, beat.sample(cut_ms) :].copy())
    moved = replace(limits, onset_ms=limits.onset_ms - cut_ms, end_ms=limits.end_ms - cut_ms)
    assert measure_p_and_t(cut, moved, 860.0).p_onset_ms is None
