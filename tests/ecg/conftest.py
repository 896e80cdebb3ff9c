"""Fixtures of the ecg room: templates of synthetic beats with known limits, measured synthetic and real ECGs."""

from __future__ import annotations

import csv
import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from resynchro.ecg.measurement import EcgMeasurement, measure_ecg
from resynchro.ecg.representative import QrsLimits, RepresentativeBeat
from resynchro.ecg.synthetic import SyntheticEcg, synthetic_ecg
from resynchro.ecg.template import EcgTemplate, PacedEvidence, TemplateLabel, ecg_template

KINDS = {
    "biventricular": "biventricular-paced",
    "rv-only": "rv-paced",
    "lv-only": "lv-paced",
    "intrinsic": "lbbb",
}
QRS_MS = {"biventricular": 140.0, "rv-only": 175.0, "lv-only": 185.0, "intrinsic": 160.0}


def known_limits(onset_ms: float, qrs_ms: float) -> QrsLimits:
    return QrsLimits(
        onset_ms=onset_ms,
        end_ms=onset_ms + qrs_ms,
        onset_interval_ms=(onset_ms - 4, onset_ms + 4),
        end_interval_ms=(onset_ms + qrs_ms - 5, onset_ms + qrs_ms + 5),
        duration_interval_ms=(qrs_ms - 8, qrs_ms + 8),
        lead_onset_ms=np.full(12, onset_ms),
        lead_end_ms=np.full(12, onset_ms + qrs_ms),
    )


def synthetic_template(
    state: str,
    *,
    label: TemplateLabel = "reference",
    seed: int = 1,
    qrs_ms: float | None = None,
    noise_mv: float = 0.01,
    paced: PacedEvidence | None = None,
    change: Callable[[np.ndarray], np.ndarray] | None = None,
    **options: object,
) -> EcgTemplate:
    """One beat of a synthetic ECG in a state of stimulation, with its true limits.

    `change` acts on the 12-lead signal before the beats are averaged (electrode displacement, gains).
    """
    qrs_ms = QRS_MS[state] if qrs_ms is None else qrs_ms
    ecg = synthetic_ecg(
        kind=KINDS[state], qrs_ms=qrs_ms, rng=np.random.default_rng(seed),
        noise_mv=noise_mv, wander_mv=0.0, stimulus_mv=0.0, **options,
    )  # fmt: skip
    signal = ecg.record.signal_mv if change is None else change(ecg.record.signal_mv)
    starts = [round((onset_s - 0.2) * 500.0) for onset_s in ecg.qrs_onset_s[1:-1]]
    beat = np.median([signal[:, start : start + 300] for start in starts], axis=0)
    if paced is None:
        paced = "no evidence" if state == "intrinsic" else "yes"
    return ecg_template(
        label,
        RepresentativeBeat(
            signal_mv=beat,
            sampling_rate_hz=500.0,
            kind="intrinsic" if state == "intrinsic" else "paced",
            n_beats=len(starts),
            noise_mv=beat[:, 85:98].std(axis=1),
        ),
        known_limits(200.0, qrs_ms),
        name=f"{state} seed {seed}",
        paced=paced,
    )


@pytest.fixture(scope="session")
def make_template() -> Callable[..., EcgTemplate]:
    """Return the maker of templates."""
    return synthetic_template


@pytest.fixture(scope="session")
def four_references() -> list[EcgTemplate]:
    """Return biventricular, RV-only, LV-only and intrinsic references of one synthetic patient."""
    return [synthetic_template(state, label=state, seed=i) for i, state in enumerate(KINDS)]


@pytest.fixture(scope="session")
def measured_synthetic() -> Callable[..., tuple[SyntheticEcg, EcgMeasurement]]:
    """Return a function that makes a synthetic ECG and measures it, each once in a session."""

    @functools.cache
    def measured(kind: str, *, seed: int = 1, **options: object) -> tuple[SyntheticEcg, EcgMeasurement]:
        ecg = synthetic_ecg(kind=kind, rng=np.random.default_rng(seed), **options)
        return ecg, measure_ecg(ecg.record)

    return measured


@pytest.fixture(scope="session")
def measured_ludb(shared_data: Callable[[str], Path]) -> Callable[[int], EcgMeasurement]:
    """Return a function that measures a LUDB record at its true scale (1 µV per count), each once in a session."""
    from resynchro.formats.wfdb_ecg import read_wfdb_ecg

    @functools.cache
    def measured(number: int) -> EcgMeasurement:
        assert number % 2 == 1, "even LUDB records are kept apart for the final score"
        return measure_ecg(read_wfdb_ecg(shared_data(f"ecg/ludb/data/{number}.hea"), uv_per_count=1))

    return measured


@pytest.fixture(scope="session")
def ludb_reference_ms(shared_data: Callable[[str], Path]) -> dict[int, float]:
    """Return the QRS duration by rule R2 of each odd LUDB record [ms]."""
    with shared_data("../reference/ludb_reference_odd.csv").open(encoding="utf-8", newline="") as file:
        return {int(row["record"]): float(row["qrsd_R2_ms"]) for row in csv.DictReader(file)}
