"""The synthetic ECG: its truth is exact, its leads obey the laws, its shapes are those of their kind."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.ecg.dipole_wave import HEART_VECTORS, SyntheticKind, bump
from resynchro.ecg.synthetic import SyntheticEcg, synthetic_ecg
from resynchro.errors import InputError

KINDS = get_args(SyntheticKind)
# Kors regression, typed here on its own from the reference (Kors 1990), so that the area is an outside check.
KORS = np.array(
    [
        [0.38, -0.07, -0.13, 0.05, -0.01, 0.14, 0.06, 0.54],
        [-0.07, 0.93, 0.06, -0.02, -0.05, 0.06, -0.17, 0.13],
        [0.11, -0.23, -0.43, -0.06, -0.14, -0.20, -0.11, 0.31],
    ]
)


def clean(kind: str, **options: object) -> SyntheticEcg:
    quiet: dict[str, object] = {"noise_mv": 0.0, "wander_mv": 0.0, "stimulus_mv": 0.0, "respiration_pct": 0.0}
    return synthetic_ecg(kind=kind, rng=np.random.default_rng(1), **{**quiet, **options})


def beat(ecg: SyntheticEcg, index: int = 2) -> np.ndarray:
    """One QRS, shape (12, n), from the last sample before its onset to the first after its end."""
    rate = ecg.record.sampling_rate_hz
    first = int(np.floor(ecg.qrs_onset_s[index] * rate))
    last = int(np.ceil(ecg.qrs_end_s[index] * rate))
    return ecg.record.signal_mv[:, first : last + 1]


def lead(ecg: SyntheticEcg, name: str) -> np.ndarray:
    names = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
    return beat(ecg)[names.index(name)]


def kors_area_uvs(ecg: SyntheticEcg) -> float:
    eight = beat(ecg)[[0, 1, 6, 7, 8, 9, 10, 11]]
    vector = KORS @ (eight - eight[:, :1])
    return float(np.linalg.norm(vector.sum(axis=1) * 1000.0 / ecg.record.sampling_rate_hz))


@pytest.mark.parametrize("kind", KINDS)
def test_qrs_begins_and_ends_where_it_says(kind: str) -> None:
    ecg = clean(kind, sampling_rate_hz=1000.0)
    rate = 1000.0
    for onset_s, end_s in zip(ecg.qrs_onset_s, ecg.qrs_end_s, strict=True):
        assert end_s - onset_s == pytest.approx(ecg.qrs_ms / 1000.0)
        before = ecg.record.signal_mv[:, int(onset_s * rate) - 10 : int(onset_s * rate) + 1]
        # Flat PR segment: nothing but rounding to 1 µV before the onset.
        assert np.ptp(before, axis=1).max() <= 0.0021
        # Steep within 6 ms of either limit: more than 5 µV per ms in some lead.
        start = int(np.ceil(onset_s * rate))
        stop = int(np.floor(end_s * rate))
        slope = np.abs(np.diff(ecg.record.signal_mv, axis=1)).max(axis=0)
        assert slope[start : start + 6].max() > 0.005
        assert slope[stop - 6 : stop].max() > 0.005
        # ... and slower than that just after the end, where only ST begins.
        assert slope[stop + 1 : stop + 7].max() < 0.005


@settings(max_examples=15, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    qrs_ms=st.floats(70.0, 220.0),
    rate=st.sampled_from([250.0, 500.0, 1000.0]),
    seed=st.integers(0, 1000),
)
def test_einthoven_and_goldberger_hold_with_all_disturbances(
    kind: SyntheticKind, qrs_ms: float, rate: float, seed: int
) -> None:
    ecg = synthetic_ecg(
        kind=kind, qrs_ms=qrs_ms, sampling_rate_hz=rate, duration_s=4.0, powerline_mv=0.05,
        noise_mv=0.05, wander_mv=0.3, rng=np.random.default_rng(seed),
    )  # fmt: skip
    i, ii, iii, avr, avl, avf = ecg.record.signal_mv[:6]
    np.testing.assert_allclose(i + iii, ii, atol=1e-12)
    np.testing.assert_allclose(avr + avl + avf, 0.0, atol=1e-12)
    np.testing.assert_allclose(avl, (i - iii) / 2, atol=1e-12)
    assert np.all(np.isfinite(ecg.record.signal_mv))


def test_same_seed_same_bytes_other_seed_other_bytes() -> None:
    one, two, three = (synthetic_ecg(kind="lbbb", rng=np.random.default_rng(s)) for s in (7, 7, 8))
    assert one.record.source.sha256 == two.record.source.sha256
    assert one.record.source.sha256 != three.record.source.sha256
    assert one.record.source.format == "synthetic"


def test_lbbb_looks_like_lbbb() -> None:
    ecg = clean("lbbb", qrs_ms=160.0)
    for name in ("V1", "V2"):  # rS
        assert 0.0 < lead(ecg, name).max() < 0.6 < -lead(ecg, name).min()
    for name in ("I", "aVL", "V5", "V6"):
        signal = lead(ecg, name)
        assert signal.min() > -0.03 * signal.max()  # no q, no S
        body = signal[len(signal) // 5 : -len(signal) // 5]
        turns = np.flatnonzero(np.diff(np.sign(np.diff(body))) > 0)
        assert turns.size >= 1, name  # a notch: a local minimum inside the R
    assert kors_area_uvs(ecg) > 100.0


def test_normal_looks_normal() -> None:
    ecg = clean("normal", qrs_ms=90.0)
    for name in ("V5", "V6"):
        signal = lead(ecg, name)
        assert signal[: len(signal) // 3].min() < -0.03  # septal q
        assert signal.max() > 0.7
    assert -lead(ecg, "V1").min() > lead(ecg, "V1").max() > 0.1
    assert 20.0 < kors_area_uvs(ecg) < 45.0


def test_rbbb_ends_to_the_right_and_forward() -> None:
    ecg = clean("rbbb")
    v1, i, v6 = lead(ecg, "V1"), lead(ecg, "I"), lead(ecg, "V6")
    half = len(v1) // 2
    assert v1[:half].max() > 0.1 and v1.min() < -0.1 and v1[half:].max() > v1[:half].max()  # rsR'
    assert i[half:].min() < -0.2 and v6[half:].min() < -0.3


def test_paced_kinds_have_their_signs_and_stimuli() -> None:
    right, both, left = (clean(kind) for kind in ("rv-paced", "biventricular-paced", "lv-paced"))
    assert lead(right, "V1").max() < 0.1 and lead(right, "I").max() > 0.5 and lead(right, "II").min() < -0.8
    assert lead(both, "V1").max() > -lead(both, "V1").min()
    assert -lead(both, "I").min() > 0.1
    assert lead(left, "V1").max() > 1.0 and lead(left, "I").min() < -0.5
    spiked = synthetic_ecg(kind="rv-paced", rng=np.random.default_rng(3), wander_mv=0.0, noise_mv=0.0)
    for stimulus_s, onset_s in zip(spiked.stimulus_s, spiked.qrs_onset_s, strict=False):
        assert onset_s - stimulus_s == pytest.approx(0.014)
        sample = round(stimulus_s * 500.0)
        jump = np.abs(np.diff(spiked.record.lead_mv("II")[sample - 2 : sample + 3])).max()
        assert jump > 0.2
    assert clean("lbbb").stimulus_s == ()


def test_ectopic_beats_are_premature_and_fibrillation_has_no_p() -> None:
    ecg = clean("lbbb", ectopic_every=4, duration_s=10.0)
    early = [i for i, kind in enumerate(ecg.beat_kinds) if kind == "ectopic"]
    assert early == [3, 7, 11]
    rr = np.diff(ecg.qrs_onset_s)
    assert rr[2] < 0.7 * rr[1] and rr[3] > 1.3 * rr[1]
    assert len(ecg.p_onset_s) == len(ecg.beat_kinds) - 3
    af = clean("lbbb", rhythm="atrial fibrillation", duration_s=30.0)
    assert af.pr_ms is None and af.p_onset_s.size == 0
    intervals = np.diff(af.qrs_onset_s)
    assert intervals.std() / intervals.mean() > 0.08
    assert np.diff(clean("lbbb", duration_s=30.0).qrs_onset_s).std() < 0.03


def test_bump_has_height_one_and_compact_support() -> None:
    t = np.linspace(-10.0, 110.0, 1201)
    y = bump(t, 0.0, 30.0, 100.0, 4.0)
    assert y.max() == pytest.approx(1.0) and t[y.argmax()] == pytest.approx(30.0)
    assert np.all(y[(t <= 0.0) | (t >= 100.0)] == 0.0)
    # Slope continuous at the limits: it tends to 0 there, although the bump is steep inside.
    slope = np.gradient(y, t)
    assert abs(slope[np.searchsorted(t, 0.1)]) < 0.5 * abs(slope).max()


def test_rotation_by_half_a_turn_about_z_mirrors_the_frontal_plane() -> None:
    # Around Z by 180°: X -> -X, Y -> -Y. With lead I = 0.632 X - 0.235 Y + 0.059 Z the X, Y part flips:
    # I(turned) = -I + 2 * 0.059 Z, and Z is at most about 1.5 mV, so the two lie within 0.2 mV of opposite.
    one, two = clean("lbbb"), clean("lbbb", rotation_deg=(0.0, 0.0, 180.0))
    assert np.abs(lead(one, "I") + lead(two, "I")).max() < 0.2
    assert lead(two, "I").min() < -0.4


@pytest.mark.parametrize(
    ("option", "value"), [("qrs_ms", 0.16), ("heart_rate_bpm", 500.0), ("pr_ms", 10.0), ("kind", "wide")]
)
def test_impossible_values_are_refused(option: str, value: object) -> None:
    options: dict[str, object] = {"kind": "lbbb", "rng": np.random.default_rng(0), option: value}
    with pytest.raises(InputError, match=r"must (lie|be)"):
        synthetic_ecg(**options)  # type: ignore[arg-type]


def test_every_loop_spans_the_whole_qrs() -> None:
    for kind, wave in HEART_VECTORS.items():
        assert min(b.start for b in wave.qrs) == 0.0, kind
        assert max(b.end for b in wave.qrs) == 1.0, kind
