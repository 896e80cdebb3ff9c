"""The calibration pulse at the end of Philips recordings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from resynchro.formats.calibration_pulse import length_without_calibration
from resynchro.record.ecg import LEADS, FloatArray

RATE_HZ = 500.0


def leads_mv(tail_mv: FloatArray, *, noise_mv: float = 0.0) -> dict[str, FloatArray]:
    """Return 2 s of twelve different leads followed by the same tail in all of them."""
    rng = np.random.default_rng(3)
    wave = np.sin(np.arange(1000) / 40.0)
    rows = {}
    for number, lead in enumerate(LEADS):
        tail = tail_mv + rng.uniform(-noise_mv, noise_mv, tail_mv.size)
        rows[lead] = np.concatenate((wave * (number + 1) + 0.3, tail))
    return rows


def pulse(level_mv: float = 1.0, samples: int = 100) -> FloatArray:
    return np.concatenate((np.zeros(50), np.full(samples, level_mv), np.zeros(50)))


@pytest.mark.parametrize("noise_mv", [0.0, 0.01])
def test_the_pulse_is_found_with_and_without_noise(noise_mv: float) -> None:
    n_samples, findings = length_without_calibration(leads_mv(pulse(), noise_mv=noise_mv), sampling_rate_hz=RATE_HZ)
    assert n_samples == 1000
    assert findings[0].code == "calibration-pulse-removed"
    assert "0.40 s" in findings[0].message  # 200 samples


def test_a_wrong_gain_does_not_hide_the_pulse() -> None:
    assert length_without_calibration(leads_mv(pulse(2.0)), sampling_rate_hz=RATE_HZ)[0] == 1000


@pytest.mark.parametrize(
    "tail_mv",
    [
        np.zeros(300),  # leads switched off
        np.full(300, 1.0),  # a level without end
        pulse(samples=10),  # 20 ms: a spike
        pulse(-1.0),
        np.concatenate((pulse(), pulse(0.4))),  # not two levels
        np.linspace(0.0, 1.0, 200),  # a slope
    ],
)
def test_other_endings_are_kept(tail_mv: FloatArray) -> None:
    rows = leads_mv(tail_mv)
    assert length_without_calibration(rows, sampling_rate_hz=RATE_HZ) == (rows["I"].size, ())


def test_an_ordinary_recording_and_a_silent_one_are_kept() -> None:
    rows = leads_mv(np.zeros(0))
    assert length_without_calibration(rows, sampling_rate_hz=RATE_HZ) == (1000, ())
    silent = {lead: np.zeros(1000) for lead in LEADS}
    assert length_without_calibration(silent, sampling_rate_hz=RATE_HZ) == (1000, ())


def test_philips_conversion_to_hl7_carries_the_pulse_with_losses(
    shared_data: Callable[[str], Path],
) -> None:
    path = shared_data("ecg/philips_sierra/examples/xml/1_04/ad4d3d80-d165_1-04_converted.xml")
    text = path.read_text(encoding="utf-8")
    rhythm = text[text.index('code="RHYTHM"') :]
    rows = {}
    for lead in LEADS:
        start = rhythm.index("<digits>", rhythm.index(f'code="MDC_ECG_LEAD_{lead.upper()}"')) + len("<digits>")
        rows[lead] = np.array(rhythm[start : rhythm.index("</digits>", start)].split(), dtype=np.float64) * 5e-3
    assert length_without_calibration(rows, sampling_rate_hz=RATE_HZ)[0] == 5300
