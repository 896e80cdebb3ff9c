"""A whole simulated 12-lead recording, as a recorder would have written it."""

from __future__ import annotations

import hashlib

import numpy as np

from resynchro.ecg.synthetic_disturbance import STIMULUS_PATTERN, recording_disturbance, stimulus_pulses
from resynchro.electrics.body_surface_ecg import twelve_leads_mv
from resynchro.electrics.simulated_beat import beat_mv
from resynchro.errors import InputError
from resynchro.heart.mesh import FloatArray
from resynchro.record.ecg import INDEPENDENT_ROWS, EcgRecord, EcgSource, Sex

#: Resolution of the signal [mV]; rounding makes the bytes the same on every machine.
RESOLUTION_MV = 0.001


def simulated_record(
    times_ms: FloatArray,
    independent_weights_mv: FloatArray,
    *,
    heart_rate_bpm: float = 70.0,
    duration_s: float = 10.0,
    sampling_rate_hz: float = 500.0,
    amplitude: float = 1.0,
    pr_ms: float | None = 160.0,
    stimulus_ms: tuple[float, ...] = (),
    stimulus_mv: float = 1.0,
    adapted_to_ms: FloatArray | None = None,
    noise_mv: float = 0.0,
    wander_mv: float = 0.0,
    rng: np.random.Generator | None = None,
    sex: Sex | None = None,
    name: str = "simulated",
) -> EcgRecord:
    """Make a 12-lead recording of an activation that repeats.

    Parameters
    ----------
    times_ms, independent_weights_mv, amplitude, pr_ms, adapted_to_ms
        As in `beat_mv`.
    heart_rate_bpm, duration_s, sampling_rate_hz
        Regular rate [1/min], length [s], samples per second [Hz].
    stimulus_ms, stimulus_mv
        Ventricular stimuli on the time axis of the activation [ms] and the height of their artefact [mV].
    noise_mv, wander_mv
        Standard deviation of muscle noise and amplitude of baseline wander in the eight independent leads [mV].
    rng
        Needed for noise or wander.
    sex
        Written into the record.
    name
        What the record calls its file.

    Returns
    -------
    EcgRecord
        Rounded to 1 uV.

    Raises
    ------
    InputError
        When noise is asked for without a generator, or a value is out of range.
    """
    _check(heart_rate_bpm, duration_s, sampling_rate_hz)
    if rng is None and (noise_mv > 0.0 or wander_mv > 0.0):
        raise InputError("noise needs a generator: give rng=numpy.random.default_rng(seed)")
    step_ms = 1000.0 / sampling_rate_hz
    interval = round(60.0 / heart_rate_bpm * sampling_rate_hz)
    before = round(0.45 * sampling_rate_hz)
    first_ms = float(np.floor(times_ms[np.isfinite(times_ms)].min())) if np.isfinite(times_ms).any() else 0.0
    start_ms = first_ms - before * step_ms
    beat = beat_mv(
        times_ms,
        independent_weights_mv,
        start_ms=start_ms,
        end_ms=start_ms + (before + max(interval, round(0.7 * sampling_rate_hz))) * step_ms,
        step_ms=step_ms,
        heart_rate_bpm=heart_rate_bpm,
        amplitude=amplitude,
        pr_ms=pr_ms,
        adapted_to_ms=adapted_to_ms,
    )
    samples = round(duration_s * sampling_rate_hz)
    signal_mv = np.zeros((12, samples))
    # From before the first sample to behind the last, so that no beat at an end lacks its neighbour's P or T wave.
    for begin in range(-interval, samples, interval):
        low, high = max(begin, 0), min(begin + beat.shape[1], samples)
        if high > low:
            signal_mv[:, low:high] += beat[:, low - begin : high - begin]
    time_s = np.arange(samples) / sampling_rate_hz
    begins = np.arange(0, samples, interval)
    stimuli_s = tuple((begin * step_ms + t - start_ms) / 1000.0 for begin in begins for t in sorted(stimulus_ms))
    disturbance = stimulus_mv * np.outer(STIMULUS_PATTERN, stimulus_pulses(time_s, stimuli_s))
    if rng is not None:
        disturbance += recording_disturbance(rng, time_s, noise_mv, wander_mv, 0.0, 50.0)
    signal_mv += twelve_leads_mv(disturbance)
    # Rounded in the independent leads: the laws of Einthoven and Goldberger hold to the last bit.
    independent = np.round(signal_mv[list(INDEPENDENT_ROWS)] / RESOLUTION_MV) * RESOLUTION_MV
    signal_mv = twelve_leads_mv(independent)
    digest = hashlib.sha256(signal_mv.tobytes()).hexdigest()
    return EcgRecord(
        signal_mv=signal_mv,
        sampling_rate_hz=sampling_rate_hz,
        source=EcgSource(file=name, format="simulated", sha256=digest),
        derived_leads=frozenset({"III", "aVR", "aVL", "aVF"}),
        sex=sex,
    )


def _check(heart_rate_bpm: float, duration_s: float, sampling_rate_hz: float) -> None:
    if not (30.0 <= heart_rate_bpm <= 180.0 and 1.5 <= duration_s <= 3600.0 and 200.0 <= sampling_rate_hz <= 4000.0):
        raise InputError(
            "heart rate, duration and sampling rate must lie in [30, 180] 1/min, [1.5, 3600] s and [200, 4000] Hz, got "
            f"{heart_rate_bpm:g}, {duration_s:g}, {sampling_rate_hz:g}"
        )
