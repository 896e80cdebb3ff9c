"""What disturbs a recording: noise, baseline wander, mains hum, fibrillatory waves, stimulus artefacts."""

from __future__ import annotations

import numpy as np

from resynchro.record.ecg import INDEPENDENT_LEADS, FloatArray

#: How a unipolar stimulus between the lead tip and the can shows in I, II, V1 to V6 (relative).
STIMULUS_PATTERN: FloatArray = np.array([-0.45, -0.9, 0.35, 0.25, -0.2, -0.6, -0.7, -0.6])


def fibrillatory_waves(rng: np.random.Generator, time_s: FloatArray) -> FloatArray:
    """Return fibrillatory waves in eight leads, shape (8, n) [mV]: 5 to 7 Hz, largest in V1."""
    phase = 2 * np.pi * np.cumsum(rng.normal(6.0, 1.0, time_s.size).clip(4.5, 8.0)) * (time_s[1] - time_s[0])
    wave = 0.04 * (np.sin(phase) + 0.4 * np.sin(2 * phase + 0.7))
    return np.outer([0.2, 0.8, 1.3, 0.6, 0.3, 0.2, 0.2, 0.2], wave)


def stimulus_pulses(time_s: FloatArray, stimulus_s: tuple[float, ...]) -> FloatArray:
    """Return stimulus artefacts of height 1, shape (n,): pulses of 1 ms with a short after-potential."""
    signal = np.zeros(time_s.size)
    width_ms = max(1.0, 1000.0 * (time_s[1] - time_s[0]))
    for t in stimulus_s:
        since_ms = 1000.0 * (time_s - t)
        signal += np.clip(1.0 - np.abs(since_ms) / width_ms, 0.0, None)
        tail = since_ms > width_ms
        signal[tail] -= 0.06 * np.exp(-(since_ms[tail] - width_ms) / 2.0)
    return signal


def recording_disturbance(
    rng: np.random.Generator,
    time_s: FloatArray,
    noise_mv: float,
    wander_mv: float,
    powerline_mv: float,
    powerline_hz: float,
) -> FloatArray:
    """Return noise, wander and hum of eight leads, shape (8, n) [mV]."""
    n_leads = len(INDEPENDENT_LEADS)
    white = rng.standard_normal((n_leads, time_s.size + 2))
    # A three-point mean of white noise: muscle noise falls off towards the high frequencies.
    muscle = (white[:, :-2] + white[:, 1:-1] + white[:, 2:]) / np.sqrt(3.0)
    disturbance: FloatArray = noise_mv * muscle
    for frequency_hz in (0.11, 0.25, 0.37):
        phase = rng.uniform(0.0, 2 * np.pi, (n_leads, 1))
        share = rng.uniform(0.2, 0.5, (n_leads, 1))
        disturbance += wander_mv * share * np.sin(2 * np.pi * frequency_hz * time_s + phase)
    phase = rng.uniform(0.0, 2 * np.pi, (n_leads, 1))
    disturbance += powerline_mv * np.sin(2 * np.pi * powerline_hz * time_s + phase)
    return disturbance
