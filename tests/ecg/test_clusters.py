"""Beats of one form put together: sinus, ectopic, paced and fusion beats apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from resynchro.ecg.beats import detect_beats, rough_onsets
from resynchro.ecg.cleaning import clean
from resynchro.ecg.clusters import BEFORE_S, cluster_beats
from resynchro.ecg.measurement import EcgMeasurement, measure_ecg
from resynchro.ecg.stimuli import Stimulation
from resynchro.ecg.synthetic import SyntheticEcg, synthetic_ecg
from resynchro.record.ecg import EcgRecord

Measured = Callable[..., tuple[SyntheticEcg, EcgMeasurement]]


def made(kind: str, seed: int = 1, **options: object) -> SyntheticEcg:
    return synthetic_ecg(kind=kind, rng=np.random.default_rng(seed), **options)


def joined(*parts: np.ndarray) -> EcgRecord:
    return replace(made("normal").record, signal_mv=np.concatenate(parts, axis=1))


def counts(measurement: EcgMeasurement, least: int = 2) -> list[tuple[str, int]]:
    """Kind and number of beats of each form; beats cut by the ends of a record stand alone and are left out."""
    return [(c.kind, len(c.times_s)) for c in measurement.clusters if len(c.times_s) >= least]


@pytest.mark.parametrize("kind", ["normal", "lbbb", "rbbb"])
@pytest.mark.parametrize("every", [3, 4, 5])
def test_premature_beats_are_apart_from_sinus_beats(measured_synthetic: Measured, kind: str, every: int) -> None:
    ecg, measurement = measured_synthetic(kind, ectopic_every=every, duration_s=12.0)
    ectopic = [onset for onset, name in zip(ecg.qrs_onset_s, ecg.beat_kinds, strict=True) if name == "ectopic"]
    assert [c.kind for c in measurement.clusters][:2] == ["intrinsic", "ectopic"]
    times_s = np.array([t for c in measurement.clusters if c.kind == "ectopic" for t in c.times_s])
    assert len(times_s) == len(ectopic)
    assert all(0.0 < np.min(np.abs(times_s - onset)) < 0.2 for onset in ectopic)
    # The measured beat is the sinus beat.
    _, undisturbed = measured_synthetic(kind)
    assert measurement.qrs_ms == pytest.approx(undisturbed.qrs_ms, abs=6.0)


def test_in_bigeminy_the_sinus_beat_is_measured(measured_synthetic: Measured) -> None:
    _, measurement = measured_synthetic("normal", ectopic_every=2)
    assert [c.kind for c in measurement.clusters][:2] == ["intrinsic", "ectopic"]
    assert measurement.qrs_ms < 130.0
    assert "several-beat-forms" in {finding.code for finding in measurement.warnings}


@pytest.mark.parametrize(
    ("paced_samples", "intrinsic_samples", "first"),
    [(5000, 2500, "paced"), (2500, 5000, "intrinsic"), (2500, 2500, "paced")],
)
def test_paced_beats_come_first_when_half_of_the_beats_are_paced(
    paced_samples: int, intrinsic_samples: int, first: str
) -> None:
    paced, intrinsic = made("rv-paced").record, made("normal").record
    record = joined(paced.signal_mv[:, :paced_samples], intrinsic.signal_mv[:, :intrinsic_samples])
    measurement = measure_ecg(record)
    assert measurement.paced == "yes"
    assert {kind for kind, _ in counts(measurement)} == {"paced", "intrinsic"}
    assert measurement.clusters[0].kind == measurement.beat.kind == first
    boundary_s = paced_samples / 500.0
    for cluster in measurement.clusters:
        if len(cluster.times_s) > 1:
            assert all((t < boundary_s) == (cluster.kind == "paced") for t in cluster.times_s)
    # What is said about the beat belongs to the beat, not to the record.
    assert (measurement.morphology == "paced") == (first == "paced")
    assert (measurement.limits.stimulus_to_end_ms is not None) == (first == "paced")


@pytest.mark.parametrize("share", [0.4, 0.5, 0.6])
def test_a_mixture_of_intrinsic_and_paced_beats_is_fusion(share: float) -> None:
    # The same seed gives the same times of beats; the stimulus keeps its height in the mixture.
    paced, intrinsic = made("rv-paced").record.signal_mv, made("normal").record.signal_mv
    mixture = share * made("rv-paced", stimulus_mv=1.0 / share).record.signal_mv + (1.0 - share) * intrinsic
    measurement = measure_ecg(joined(paced, intrinsic[:, :2500], mixture[:, :2500]))
    found = counts(measurement)
    assert found[0][0] == "paced"
    fused = [cluster for cluster in measurement.clusters if cluster.kind == "fusion"]
    assert len(fused) == 1
    assert all(t > 15.0 for t in fused[0].times_s)
    assert len(fused[0].times_s) >= 5


def test_another_paced_form_is_no_fusion() -> None:
    # Loss of left ventricular capture in the middle of a record: RV-paced beats are no mixture of the others.
    biventricular, rv, intrinsic = (made(kind).record.signal_mv for kind in ("biventricular-paced", "rv-paced", "rbbb"))
    measurement = measure_ecg(joined(biventricular, rv[:, :2500], intrinsic[:, :2500]))
    assert [kind for kind, _ in counts(measurement)].count("paced") == 2
    assert "fusion" not in {cluster.kind for cluster in measurement.clusters}


def test_one_form_is_one_cluster(measured_synthetic: Measured) -> None:
    for kind in ("normal", "lbbb", "rbbb", "rv-paced"):
        ecg, measurement = measured_synthetic(kind)
        assert len(counts(measurement)) == 1
        assert len(measurement.clusters[0].times_s) >= len(ecg.qrs_onset_s) - 1


def test_the_representative_is_the_median_of_its_beats(measured_synthetic: Measured) -> None:
    ecg, measurement = measured_synthetic("lbbb")
    cluster = measurement.clusters[0]
    beat = cluster.representative
    assert np.array_equal(beat.signal_mv, np.median(cluster.aligned_mv, axis=0))
    assert beat.n_beats == len(cluster.aligned_mv) == len(cluster.times_s)
    assert beat.signal_mv.shape == (12, 500)
    # The fiducial lies BEFORE_S after the first sample: the true onset falls on the same place in every beat.
    starts_s = np.array(cluster.times_s) - BEFORE_S
    onset_ms = [
        1000.0 * (ecg.qrs_onset_s - start)[np.abs(ecg.qrs_onset_s - start - 0.35).argmin()] for start in starts_s
    ]
    assert np.std(onset_ms) < 4.0


def test_the_stimulus_lies_where_it_is_in_the_beat(measured_synthetic: Measured) -> None:
    ecg, measurement = measured_synthetic("rv-paced")
    cluster = measurement.clusters[0]
    (stimulus_ms,) = cluster.representative.stimulus_ms
    starts_s = np.array(cluster.times_s) - BEFORE_S
    in_beat_ms = [1000.0 * (t - start) for start in starts_s for t in ecg.stimulus_s if 0.0 < t - start < 0.5]
    assert stimulus_ms == pytest.approx(np.median(in_beat_ms), abs=3.0)


def test_more_noise_more_noise_of_the_beat(measured_synthetic: Measured) -> None:
    noise_mv = [measured_synthetic("normal", noise_mv=n)[1].beat.noise_mv.mean() for n in (0.01, 0.02, 0.05)]
    assert noise_mv[0] < noise_mv[1] < noise_mv[2]


def test_no_beats_give_no_clusters() -> None:
    nothing = np.zeros(0, dtype=np.intp)
    stimulation = Stimulation(verdict="no evidence", reason="")
    assert cluster_beats(np.zeros((12, 5000)), nothing, nothing, stimulation) == ()


def test_clusters_do_not_depend_on_gains() -> None:
    signal_mv = clean(made("lbbb", ectopic_every=4).record.signal_mv, 500.0)
    gains = np.random.default_rng(0).uniform(0.3, 3.0, (12, 1))
    stimulation = Stimulation(verdict="no evidence", reason="")
    found = []
    for leads_mv in (signal_mv, gains * signal_mv):
        beats = detect_beats(leads_mv, 500.0)
        onsets = rough_onsets(leads_mv, 500.0, beats)
        found.append([c.times_s for c in cluster_beats(leads_mv, beats, onsets, stimulation)])
    assert found[0] == found[1]
