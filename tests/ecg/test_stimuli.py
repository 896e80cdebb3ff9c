"""Stimulus artefacts: found and timed at 500 and 1000 Hz, not invented, blanked by straight lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from resynchro.ecg.measurement import EcgMeasurement, measure_ecg
from resynchro.ecg.stimuli import Spike, blank_stimuli, find_spikes, judge_stimulation
from resynchro.ecg.synthetic import SyntheticEcg, synthetic_ecg, twelve_leads
from resynchro.ecg.synthetic_disturbance import STIMULUS_PATTERN, stimulus_pulses
from resynchro.record.ecg import EcgRecord, VendorReading

Measured = Callable[..., tuple[SyntheticEcg, EcgMeasurement]]
PACED_KINDS = ("rv-paced", "lv-paced", "biventricular-paced")
#: An atrial lead's artefact points elsewhere than a ventricular one's.
ATRIAL_PATTERN = np.array([0.5, 0.7, -0.1, 0.1, 0.2, 0.3, 0.2, 0.2])


def with_stimuli(record: EcgRecord, times_s: tuple[float, ...], height_mv: float, pattern: np.ndarray) -> EcgRecord:
    """Add stimulus artefacts to a record."""
    time_s = np.arange(record.signal_mv.shape[1]) / record.sampling_rate_hz
    artefact_mv = twelve_leads(height_mv * np.outer(pattern, stimulus_pulses(time_s, times_s)))
    return replace(record, signal_mv=record.signal_mv + artefact_mv)


def whole(times_s: tuple[float, ...], record: EcgRecord) -> np.ndarray:
    """Times that lie 40 ms or more from the ends of the record."""
    times = np.array(times_s)
    return times[(times > 0.04) & (times < record.duration_s - 0.04)]


def farthest_s(found_s: tuple[float, ...], true_s: np.ndarray) -> float:
    """Largest distance of a true time to the nearest found one."""
    return float(np.abs(np.array(found_s)[:, None] - true_s).min(axis=0).max())


@pytest.mark.parametrize("rate_hz", [500.0, 1000.0])
@pytest.mark.parametrize("kind", PACED_KINDS)
def test_ventricular_stimuli_are_found_where_they_are(measured_synthetic: Measured, kind: str, rate_hz: float) -> None:
    ecg, measurement = measured_synthetic(kind, sampling_rate_hz=rate_hz)
    true_s = whole(ecg.stimulus_s, ecg.record)
    assert measurement.paced == "yes"
    assert measurement.beat.kind == "paced"
    assert measurement.stimulation.atrial_s == ()
    # A pulse of 1 ms may fall between two samples of 2 ms.
    assert farthest_s(measurement.stimulation.ventricular_s, true_s) <= 0.004
    assert len(measurement.stimulation.ventricular_s) <= len(ecg.stimulus_s)


@pytest.mark.parametrize("disturbance", [{"noise_mv": 0.03}, {"powerline_mv": 0.03}, {"wander_mv": 0.5}])
def test_stimuli_are_found_in_noise_and_hum(measured_synthetic: Measured, disturbance: dict[str, float]) -> None:
    # A slow paced QRS is hardly steeper than noise: "out of quiet" must then mean "out of noise".
    ecg, measurement = measured_synthetic("rv-paced", **disturbance)
    assert measurement.paced == "yes"
    assert farthest_s(measurement.stimulation.ventricular_s, whole(ecg.stimulus_s, ecg.record)) <= 0.004


@pytest.mark.parametrize("rate_hz", [500.0, 1000.0])
def test_atrial_stimuli_are_told_from_ventricular_ones(rate_hz: float) -> None:
    ecg = synthetic_ecg(kind="rv-paced", rng=np.random.default_rng(2), sampling_rate_hz=rate_hz)
    atrial_s = tuple(t - 0.150 for t in ecg.stimulus_s)
    measurement = measure_ecg(with_stimuli(ecg.record, atrial_s, 0.6, ATRIAL_PATTERN))
    assert measurement.paced == "yes"
    true_s = whole(ecg.stimulus_s, ecg.record)
    assert farthest_s(measurement.stimulation.ventricular_s, true_s) <= 0.004
    assert farthest_s(measurement.stimulation.atrial_s, true_s - 0.150) <= 0.004
    assert measurement.beat.stimulus_ms[0] - measurement.beat.atrial_stimulus_ms[0] == pytest.approx(150.0, abs=4.0)


@pytest.mark.parametrize("rate_hz", [500.0, 1000.0])
def test_two_stimuli_40_ms_apart_are_one_paced_beat(measured_synthetic: Measured, rate_hz: float) -> None:
    ecg, alone = measured_synthetic("biventricular-paced", sampling_rate_hz=rate_hz)
    second_s = tuple(t + 0.040 for t in ecg.stimulus_s)
    pattern = STIMULUS_PATTERN * np.array([-1, 1, 1, 1, 1, -1, 1, 1])
    measurement = measure_ecg(with_stimuli(ecg.record, second_s, 0.8, pattern))
    assert measurement.paced == "yes"
    assert farthest_s(measurement.stimulation.ventricular_s, whole(ecg.stimulus_s, ecg.record)) <= 0.004
    assert measurement.qrs_ms == pytest.approx(alone.qrs_ms, abs=10.0)
    # The time to the QRS end counts from the first of the two.
    assert measurement.limits.stimulus_to_end_ms == pytest.approx(alone.limits.stimulus_to_end_ms, abs=10.0)


@pytest.mark.parametrize("rate_hz", [500.0, 1000.0])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("normal", {}),
        ("lbbb", {}),
        ("rbbb", {}),
        ("ivcd", {}),
        ("normal", {"noise_mv": 0.05}),
        ("normal", {"powerline_mv": 0.1}),
        ("normal", {"qrs_ms": 60.0, "amplitude": 3.0}),
        ("normal", {"ectopic_every": 3}),
        ("normal", {"rhythm": "atrial fibrillation"}),
    ],
)
def test_nothing_is_found_without_stimuli(
    measured_synthetic: Measured, kind: str, options: dict[str, object], rate_hz: float
) -> None:
    _, measurement = measured_synthetic(kind, sampling_rate_hz=rate_hz, **options)
    assert measurement.paced == "no evidence"
    assert measurement.stimulation.all_s == ()
    assert {cluster.kind for cluster in measurement.clusters} <= {"intrinsic", "ectopic"}


def test_a_stimulus_that_leaves_no_trace_is_no_evidence_and_never_not_paced(measured_synthetic: Measured) -> None:
    _, measurement = measured_synthetic("rv-paced", stimulus_mv=0.0)
    assert measurement.paced == "no evidence"
    assert "does not exclude pacing" in measurement.stimulation.reason


def test_marks_of_the_recorder_decide(measured_synthetic: Measured) -> None:
    ecg, _ = measured_synthetic("rv-paced", stimulus_mv=0.0)
    marks_s = tuple(sorted(ecg.stimulus_s + tuple(t - 0.150 for t in ecg.stimulus_s)))
    record = replace(ecg.record, vendor=VendorReading(pace_marks_s=marks_s))
    measurement = measure_ecg(record)
    assert measurement.paced == "yes"
    assert measurement.stimulation.reason == f"the recorder set {len(marks_s)} pace marks"
    true_s = np.array(ecg.stimulus_s[:-1])
    assert farthest_s(measurement.stimulation.ventricular_s, true_s) == 0.0
    assert farthest_s(measurement.stimulation.atrial_s, true_s - 0.150) == 0.0
    assert measurement.beat.kind == "paced"
    assert measurement.limits.stimulus_to_end_ms is not None


ONSETS_S = np.arange(0.5, 10.0, 1.0)


def spikes_before(
    beats: list[int], lead_s: float, height_mv: float = 1.0, slope_ratio: float = 10.0
) -> tuple[Spike, ...]:
    return tuple(Spike(float(ONSETS_S[i]) - lead_s, height_mv, slope_ratio) for i in beats)


@pytest.mark.parametrize(
    ("beats", "expected"),
    [(list(range(10)), "yes"), ([1, 4, 7], "yes"), ([2, 6], "probable"), ([3], "no evidence"), ([], "no evidence")],
)
def test_the_verdict_follows_the_share_of_beats(beats: list[int], expected: str) -> None:
    stimulation = judge_stimulation(spikes_before(beats, 0.02), ONSETS_S, 10.0)
    assert stimulation.verdict == expected
    assert stimulation.ventricular_s == (() if expected == "no evidence" else tuple(ONSETS_S[beats] - 0.02))
    assert "not paced" not in stimulation.reason


def test_weak_spikes_alone_are_no_evidence() -> None:
    # Lenient limits 0.04 mV and 4, strict limits 0.05 mV and 5: two lenient spikes do not make "probable".
    stimulation = judge_stimulation(spikes_before([2, 6], 0.02, 0.045, 4.5), ONSETS_S, 10.0)
    assert stimulation.verdict == "no evidence"


def test_spikes_at_any_time_are_no_evidence() -> None:
    # Far from the QRS that follows (0.35 s and more), or at leads that scatter by 0.1 s.
    assert judge_stimulation(spikes_before([1, 3, 5, 7], 0.40), ONSETS_S, 10.0).verdict == "no evidence"
    scattered = tuple(
        spike
        for i, lead in zip((1, 3, 5, 7), (0.07, 0.14, 0.22, 0.31), strict=True)
        for spike in spikes_before([i], lead)
    )
    assert judge_stimulation(scattered, ONSETS_S, 10.0).verdict == "no evidence"


def test_spikes_without_beats_are_no_evidence() -> None:
    stimulation = judge_stimulation(spikes_before([1, 2, 3], 0.02), np.zeros(0), 10.0)
    assert stimulation.verdict == "no evidence"
    assert stimulation.all_s == ()


def test_every_stimulus_is_listed_in_order_of_time() -> None:
    spikes = tuple(
        sorted(spikes_before(list(range(10)), 0.02) + spikes_before(list(range(10)), 0.17), key=lambda s: s.time_s)
    )
    stimulation = judge_stimulation(spikes, ONSETS_S, 10.0)
    assert len(stimulation.ventricular_s) == len(stimulation.atrial_s) == 10
    assert stimulation.all_s == tuple(spike.time_s for spike in spikes)


def test_blanking_puts_a_straight_line_through_the_artefact() -> None:
    # On a ramp the straight line is the ramp itself, so that nothing of the artefact is left and nothing else moves.
    ramp_mv = np.outer(np.arange(1.0, 13.0), np.arange(2000) / 500.0)
    spiked_mv = ramp_mv.copy()
    spiked_mv[:, 1000:1006] += 5.0
    before = spiked_mv.copy()
    blanked_mv = blank_stimuli(spiked_mv, 500.0, (2.0,))
    assert np.allclose(blanked_mv, ramp_mv, atol=1e-12)
    assert np.array_equal(spiked_mv, before)


def test_blanking_joins_stimuli_that_touch() -> None:
    # 20 ms apart: what lies between is artefact too.
    ramp_mv = np.outer(np.ones(12), np.arange(2000) / 500.0)
    spiked_mv = ramp_mv.copy()
    spiked_mv[:, 998:1018] += 5.0
    assert np.allclose(blank_stimuli(spiked_mv, 500.0, (2.0, 2.02)), ramp_mv, atol=1e-12)


@pytest.mark.parametrize("times_s", [(), (0.0,), (3.999,), (-1.0,), (99.0,)])
def test_blanking_at_the_ends_is_harmless(times_s: tuple[float, ...]) -> None:
    signal_mv = np.ones((12, 2000))
    assert np.array_equal(blank_stimuli(signal_mv, 500.0, times_s), signal_mv)


@pytest.mark.parametrize("n_samples", [1, 10, 40])
def test_a_snippet_has_no_spikes(n_samples: int) -> None:
    assert find_spikes(np.ones((12, n_samples)), 500.0) == ()


def test_the_paced_ludb_records_and_no_others(measured_ludb: Callable[[int], EcgMeasurement]) -> None:
    # 45, 93, 95 and 111 are labelled as ventricularly paced; the others are a sample of the rest.
    assert {n: measured_ludb(n).paced for n in (45, 93, 95, 111)} == dict.fromkeys((45, 93, 95, 111), "yes")
    rest = (1, 3, 13, 23, 35, 51, 83, 101)
    assert {n: measured_ludb(n).paced for n in rest} == dict.fromkeys(rest, "no evidence")


@pytest.mark.parametrize("vv_ms", [15.0, 20.0, 60.0])
@pytest.mark.parametrize("sampling_rate_hz", [500.0, 1000.0])
def test_two_ventricular_stimuli_are_found_and_move_the_onset_little(vv_ms: float, sampling_rate_hz: float) -> None:
    # A biventricular device stimulates twice; the second stimulus must not hide the first, nor lengthen the QRS.
    one = synthetic_ecg(
        kind="biventricular-paced", rng=np.random.default_rng(2), sampling_rate_hz=sampling_rate_hz, noise_mv=0.01
    )
    time_s = np.arange(one.record.signal_mv.shape[1]) / sampling_rate_hz
    second_s = tuple(stimulus + vv_ms / 1000.0 for stimulus in one.stimulus_s)
    spikes_mv = twelve_leads(0.8 * np.outer(STIMULUS_PATTERN, stimulus_pulses(time_s, second_s)))
    two = measure_ecg(replace(one.record, signal_mv=one.record.signal_mv + spikes_mv))
    assert two.paced == "yes"
    assert two.morphology == "paced"
    assert two.qrs_ms == pytest.approx(measure_ecg(one.record).qrs_ms, abs=12.0)
