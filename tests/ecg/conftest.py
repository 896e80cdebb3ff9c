"""Fixtures of the ecg room: templates of synthetic beats with known limits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from resynchro.ecg.representative import QrsLimits, RepresentativeBeat
from resynchro.ecg.synthetic import synthetic_ecg
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
