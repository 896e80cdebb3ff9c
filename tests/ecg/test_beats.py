"""Finding beats: every one once, at any rate, in twelve leads or few."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.ecg.beats import beat_energy, detect_beats, rough_onsets
from resynchro.ecg.cleaning import clean
from resynchro.ecg.stimuli import blank_stimuli
from resynchro.ecg.synthetic import SyntheticEcg, synthetic_ecg

RATE_HZ = 500.0


def made(kind: str = "normal", seed: int = 1, **options: object) -> SyntheticEcg:
    return synthetic_ecg(kind=kind, rng=np.random.default_rng(seed), **options)


def cleaned(ecg: SyntheticEcg) -> np.ndarray:
    """The measurement path with all true stimuli blanked."""
    return clean(blank_stimuli(ecg.record.signal_mv, RATE_HZ, ecg.stimulus_s), RATE_HZ)


def assert_each_beat_once(ecg: SyntheticEcg, beats: np.ndarray) -> None:
    """Every QRS that lies whole in the record holds one detection; no other lies between the first and the last."""
    times_s = beats / RATE_HZ
    held = [
        int(((times_s >= onset - 0.02) & (times_s <= end + 0.02)).sum())
        for onset, end in zip(ecg.qrs_onset_s, ecg.qrs_end_s, strict=True)
    ]
    assert held == [1] * len(held)
    inside = (times_s >= ecg.qrs_onset_s[0] - 0.02) & (times_s <= ecg.qrs_end_s[-1] + 0.02)
    assert int(inside.sum()) == len(held)


@pytest.mark.parametrize("kind", ["normal", "lbbb", "rbbb", "rv-paced", "biventricular-paced"])
@pytest.mark.parametrize("heart_rate_bpm", [35.0, 50.0, 75.0, 110.0, 150.0, 180.0])
def test_every_beat_at_any_rate(kind: str, heart_rate_bpm: float) -> None:
    ecg = made(kind, heart_rate_bpm=heart_rate_bpm)
    assert_each_beat_once(ecg, detect_beats(cleaned(ecg), RATE_HZ))


@pytest.mark.parametrize(
    "options",
    [
        {"rhythm": "atrial fibrillation"},
        {"rhythm": "atrial fibrillation", "heart_rate_bpm": 120.0},
        {"ectopic_every": 4},
        {"ectopic_every": 2},
        {"amplitude": 0.15},
        {"noise_mv": 0.05},
        {"wander_mv": 1.0},
        {"powerline_mv": 0.2},
        {"respiration_pct": 30.0},
        {"pr_ms": 320.0},
    ],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_beat_in_any_condition(options: dict[str, object], seed: int) -> None:
    ecg = made(seed=seed, **options)
    assert_each_beat_once(ecg, detect_beats(cleaned(ecg), RATE_HZ))


@pytest.mark.parametrize("heart_rate_bpm", [35.0, 70.0, 110.0])
def test_a_p_wave_beside_a_slow_qrs_is_no_beat(heart_rate_bpm: float) -> None:
    # The slopes of this P wave reach half of those of a left ventricular paced QRS, its size a sixth.
    ecg = made("lv-paced", qrs_ms=185.0, heart_rate_bpm=heart_rate_bpm)
    assert_each_beat_once(ecg, detect_beats(cleaned(ecg), RATE_HZ))


@pytest.mark.parametrize("kind", ["rv-paced", "lv-paced", "biventricular-paced"])
def test_wide_slow_beats_are_found_among_narrow_steep_ones(kind: str) -> None:
    # Intermittent pacing: a fifth to a third of the slopes of the narrow beats that make the other half.
    wide, narrow = made(kind), made("normal")
    blanked_mv = blank_stimuli(wide.record.signal_mv, RATE_HZ, wide.stimulus_s)
    signal_mv = np.concatenate([blanked_mv[:, :2500], narrow.record.signal_mv[:, :2500]], axis=1)
    times_s = detect_beats(clean(signal_mv, RATE_HZ), RATE_HZ) / RATE_HZ
    true_s = np.concatenate(
        [wide.qrs_onset_s[wide.qrs_onset_s < 5.0], 5.0 + narrow.qrs_onset_s[narrow.qrs_onset_s < 5.0]]
    )
    hits = (times_s > true_s[:, None]) & (times_s < true_s[:, None] + 0.2)
    # The last wide beat is cut in two where the records meet.
    assert (hits.sum(axis=1) == 1)[true_s < 4.7].all() and (hits.sum(axis=1) == 1)[true_s > 5.0].all()
    assert hits.any(axis=0).all()


@pytest.mark.parametrize("dead", [[0], [6, 7, 8], [0, 1, 2, 3, 4, 5]])
def test_dead_leads_do_not_matter(dead: list[int]) -> None:
    ecg = made("lbbb")
    signal_mv = ecg.record.signal_mv.copy()
    signal_mv[dead] = 0.25
    assert_each_beat_once(ecg, detect_beats(clean(signal_mv, RATE_HZ), RATE_HZ))


def test_a_burst_of_noise_does_not_hide_the_other_beats() -> None:
    ecg = made()
    signal_mv = ecg.record.signal_mv.copy()
    rng = np.random.default_rng(3)
    signal_mv[:, 2000:2500] += rng.normal(0.0, 2.0, (12, 500))
    times_s = detect_beats(clean(signal_mv, RATE_HZ), RATE_HZ) / RATE_HZ
    outside = [onset for onset in ecg.qrs_onset_s if not 3.7 < onset < 5.2]
    assert all(np.abs(times_s - onset - 0.045).min() < 0.06 for onset in outside)


@pytest.mark.parametrize("level_mv", [0.0, 2.0])
def test_a_flat_record_has_no_beats(level_mv: float) -> None:
    flat_mv = clean(np.full((12, 5000), level_mv), RATE_HZ)
    assert beat_energy(flat_mv, RATE_HZ).max() == 0.0
    assert detect_beats(flat_mv, RATE_HZ).size == 0


@settings(max_examples=10, deadline=None)
@given(gains=st.lists(st.floats(0.05, 20.0), min_size=12, max_size=12), seed=st.integers(0, 50))
def test_wrong_gains_change_nothing(gains: list[float], seed: int) -> None:
    # Every lead counts the same, whatever its gain (as long as a small lead is no smaller than the limit for P waves).
    ecg = made("lbbb", seed)
    signal_mv = cleaned(ecg)
    energy = beat_energy(signal_mv, RATE_HZ)
    assert np.allclose(beat_energy(np.array(gains)[:, None] * signal_mv, RATE_HZ), energy, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kind", ["normal", "lbbb", "rbbb", "rv-paced", "biventricular-paced"])
def test_rough_onsets_lie_near_the_onsets(kind: str) -> None:
    ecg = made(kind)
    signal_mv = cleaned(ecg)
    beats = detect_beats(signal_mv, RATE_HZ)
    onsets_s = rough_onsets(signal_mv, RATE_HZ, beats) / RATE_HZ
    assert onsets_s.size == beats.size
    nearest_s = np.abs(onsets_s[:, None] - ecg.qrs_onset_s).min(axis=0)
    assert nearest_s.max() < 0.04


def test_no_beats_have_no_onsets() -> None:
    assert rough_onsets(np.zeros((12, 5000)), RATE_HZ, np.zeros(0, dtype=np.intp)).size == 0


@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_sensitivity_and_predictive_value_on_ludb(shared_data: Callable[[str], Path]) -> None:
    """Acceptance bars: sensitivity at least 99.9 %, positive predictive value at least 99.6 %."""
    import wfdb

    found = missed = invented = 0
    for number in range(1, 200, 2):
        path = shared_data(f"ecg/ludb/data/{number}.hea").with_suffix("")
        signal_mv = wfdb.rdrecord(str(path), physical=False).d_signal.T / 1000.0
        beats = detect_beats(clean(signal_mv, RATE_HZ), RATE_HZ)
        marks = _marked_beats(path)
        # The first and the last cycle of a record are not marked.
        beats = beats[(beats >= marks[0] - 60) & (beats <= marks[-1] + 60)]
        near = np.abs(marks[:, None] - beats) <= 75
        found += int(near.any(axis=1).sum())
        missed += int((~near.any(axis=1)).sum())
        invented += int((~near.any(axis=0)).sum())
    assert found + missed > 850
    assert found / (found + missed) >= 0.999
    assert found / (found + invented) >= 0.996


def _marked_beats(path: Path) -> np.ndarray:
    """Samples of the beats that are marked in at least half of the leads."""
    import wfdb

    leads = ("i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6")
    marks: list[int] = []
    for lead in leads:
        annotation = wfdb.rdann(str(path), lead)
        marks += [s for s, symbol in zip(annotation.sample, annotation.symbol, strict=True) if symbol == "N"]
    groups: list[list[int]] = []
    for mark in sorted(marks):
        if groups and mark - groups[-1][-1] < 60:
            groups[-1].append(mark)
        else:
            groups.append([mark])
    return np.array([np.median(group) for group in groups if len(group) >= 6])
