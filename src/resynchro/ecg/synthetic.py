"""A synthetic 12-lead ECG whose QRS limits are known exactly.

A dipole wave: a heart vector that is a sum of bumps with compact support (`resynchro.ecg.dipole_wave`),
projected to eight leads by Dower's matrix, with a non-dipolar part in the chest leads; the other four leads
follow from Einthoven and Goldberger. It makes the demonstration case and feeds tests; it is no heart model.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from resynchro.ecg.dipole_wave import HEART_VECTORS, P_WAVE, SyntheticKind, bump, loop
from resynchro.ecg.representative import BeatKind
from resynchro.ecg.synthetic_disturbance import (
    STIMULUS_PATTERN,
    fibrillatory_waves,
    recording_disturbance,
    stimulus_pulses,
)
from resynchro.ecg.vectorcardiogram import FORWARD_DOWER
from resynchro.errors import InputError
from resynchro.record.ecg import EcgRecord, EcgSource, FloatArray

PACED_KINDS: frozenset[str] = frozenset({"rv-paced", "lv-paced", "biventricular-paced"})

#: From the stimulus to the first deflection [ms]. A capturing lead in healthy muscle needs 10 to 20 ms.
STIMULUS_TO_ONSET_MS = 14.0
#: Resolution of the signal [mV]; rounding makes the bytes the same on every machine.
RESOLUTION_MV = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticEcg:
    """A synthetic record with its truth.

    Attributes
    ----------
    record
        The 12-lead record.
    qrs_onset_s, qrs_end_s
        True limits of every QRS that lies whole in the record, shape (n_beats,), from its start [s].
    p_onset_s
        True P onsets of the beats that have a P wave, from the start of the record [s].
    t_end_s
        True ends of T, one per beat, from the start of the record [s]; may lie beyond the end of the record.
    qrs_ms
        True QRS duration of the dominant beats [ms].
    pr_ms
        True PR interval [ms]; None in atrial fibrillation.
    beat_kinds
        ``intrinsic``, ``paced`` or ``ectopic``, one per beat.
    stimulus_s
        Ventricular stimuli, from the start of the record [s]; empty for intrinsic kinds.
    """

    record: EcgRecord
    qrs_onset_s: FloatArray
    qrs_end_s: FloatArray
    p_onset_s: FloatArray
    t_end_s: FloatArray
    qrs_ms: float
    pr_ms: float | None
    beat_kinds: tuple[BeatKind, ...]
    stimulus_s: tuple[float, ...]


def synthetic_ecg(
    *,
    kind: SyntheticKind,
    rng: np.random.Generator,
    qrs_ms: float | None = None,
    heart_rate_bpm: float = 70.0,
    pr_ms: float = 160.0,
    rhythm: Literal["sinus", "atrial fibrillation"] = "sinus",
    duration_s: float = 10.0,
    sampling_rate_hz: float = 500.0,
    noise_mv: float = 0.01,
    wander_mv: float = 0.05,
    powerline_mv: float = 0.0,
    powerline_hz: float = 50.0,
    respiration_pct: float = 3.0,
    stimulus_mv: float = 1.0,
    ectopic_every: int = 0,
    rotation_deg: tuple[float, float, float] = (0.0, 0.0, 0.0),
    amplitude: float = 1.0,
) -> SyntheticEcg:
    """Make a synthetic 12-lead ECG with known QRS limits.

    Parameters
    ----------
    kind
        Ventricular activation: ``normal``, ``lbbb``, ``rbbb``, ``ivcd``, ``rv-paced``, ``lv-paced``,
        ``biventricular-paced`` or ``ectopic``.
    rng
        Source of noise, of the phases of the wander and of the small irregularity of the rhythm.
    qrs_ms
        QRS duration [ms]; None takes the usual one of the kind.
    heart_rate_bpm
        Mean ventricular rate [1/min].
    pr_ms
        From P onset to QRS onset [ms].
    rhythm
        ``sinus``, or ``atrial fibrillation``: no P waves, fibrillatory waves, irregular.
    duration_s, sampling_rate_hz
        Length [s] and samples per second [Hz].
    noise_mv
        Standard deviation of the muscle-like noise in each of the eight independent leads [mV].
    wander_mv
        Amplitude of the baseline wander (0.1 to 0.4 Hz) [mV].
    powerline_mv, powerline_hz
        Amplitude and frequency of the mains hum [mV, Hz].
    respiration_pct
        Amplitude modulation of all waves with breathing (15/min) [%].
    stimulus_mv
        Height of the stimulus artefact of paced kinds [mV]; 0 leaves it out (as bipolar pacing often looks).
    ectopic_every
        Every n-th beat is a premature ventricular beat; 0 for none.
    rotation_deg
        Turns of the heart about the X, Y and Z axis, in this order [degree]: another patient or posture.
    amplitude
        Factor on the heart vector.

    Returns
    -------
    SyntheticEcg
        The record and its truth. Einthoven's and Goldberger's laws hold to rounding of the last bit.

    Raises
    ------
    InputError
        When a value lies outside its range.

    Notes
    -----
    The eight independent leads are Dower's projection of the heart vector plus a non-dipolar part of less
    than one millivolt in V1 to V6. Amplitudes are typical, not measured.

    References
    ----------
    Dower GE. Comp Cardiol 1980; matrix as used by Edenbrandt L, Pahlm O. J Electrocardiol 1988;21:361.
    https://doi.org/10.1016/0022-0736(88)90113-6
    """
    if kind not in get_args(SyntheticKind):
        raise InputError(f"kind must be one of {', '.join(get_args(SyntheticKind))}, got {kind!r}")
    qrs_ms = HEART_VECTORS[kind].usual_qrs_ms if qrs_ms is None else qrs_ms
    _check_ranges(qrs_ms, heart_rate_bpm, pr_ms, duration_s, sampling_rate_hz)

    time_s = np.arange(round(duration_s * sampling_rate_hz)) / sampling_rate_hz
    fibrillating = rhythm == "atrial fibrillation"
    onsets_s, premature = _rhythm(rng, heart_rate_bpm, duration_s, fibrillating, ectopic_every)
    beat_kinds = tuple[SyntheticKind, ...]("ectopic" if early else kind for early in premature)
    widths_ms = np.where(premature, HEART_VECTORS["ectopic"].usual_qrs_ms, qrs_ms)
    rr_s = np.append(np.diff(onsets_s), 60.0 / heart_rate_bpm)
    qt_ms = np.array([_qt_ms(width, rr) for width, rr in zip(widths_ms, rr_s, strict=True)])
    breath = 1.0 + respiration_pct / 100.0 * np.sin(2 * np.pi * 0.25 * onsets_s)
    has_p = ~premature & (not fibrillating)
    turn = amplitude * _rotation(rotation_deg)

    leads = recording_disturbance(rng, time_s, noise_mv, wander_mv, powerline_mv, powerline_hz)
    for i, onset_s in enumerate(onsets_s):
        pr = pr_ms if has_p[i] else None
        since_onset_ms = 1000.0 * (time_s - onset_s)
        leads += breath[i] * _beat(since_onset_ms, beat_kinds[i], widths_ms[i], qt_ms[i], pr, turn)
    if fibrillating:
        leads += fibrillatory_waves(rng, time_s)
    stimulus_s = _stimuli(kind, onsets_s[~premature], duration_s)
    leads += stimulus_mv * np.outer(STIMULUS_PATTERN, stimulus_pulses(time_s, stimulus_s))

    whole = onsets_s + widths_ms / 1000.0 <= time_s[-1]
    usual: BeatKind = "paced" if kind in PACED_KINDS else "intrinsic"
    return SyntheticEcg(
        record=_record(leads, sampling_rate_hz, kind),
        qrs_onset_s=onsets_s[whole],
        qrs_end_s=(onsets_s + widths_ms / 1000.0)[whole],
        p_onset_s=onsets_s[whole & has_p] - pr_ms / 1000.0,
        t_end_s=(onsets_s + qt_ms / 1000.0)[whole],
        qrs_ms=qrs_ms,
        pr_ms=None if fibrillating else pr_ms,
        beat_kinds=tuple("ectopic" if early else usual for early in premature[whole]),
        stimulus_s=stimulus_s,
    )


def twelve_leads(independent_mv: FloatArray) -> FloatArray:
    """Complete I, II, V1 to V6 to twelve leads by Einthoven's and Goldberger's laws.

    Parameters
    ----------
    independent_mv
        Shape (8, n), rows in `INDEPENDENT_LEADS` order [mV].

    Returns
    -------
    ndarray
        Shape (12, n), rows in `LEADS` order [mV].
    """
    i, ii = independent_mv[0], independent_mv[1]
    limb = np.stack([i, ii, ii - i, -(i + ii) / 2.0, i - ii / 2.0, ii - i / 2.0])
    return np.concatenate([limb, independent_mv[2:]])


def _check_ranges(
    qrs_ms: float, heart_rate_bpm: float, pr_ms: float, duration_s: float, sampling_rate_hz: float
) -> None:
    limits = {
        "QRS duration [ms]": (qrs_ms, 50.0, 300.0),
        "heart rate [1/min]": (heart_rate_bpm, 30.0, 180.0),
        "PR interval [ms]": (pr_ms, 80.0, 400.0),
        "duration [s]": (duration_s, 2.0, 3600.0),
        "sampling rate [Hz]": (sampling_rate_hz, 200.0, 10000.0),
    }
    for name, (value, low, high) in limits.items():
        if not low <= value <= high:
            raise InputError(f"{name} must lie in [{low:g}, {high:g}], got {value:g}")


def _stimuli(kind: SyntheticKind, onsets_s: FloatArray, duration_s: float) -> tuple[float, ...]:
    """Return the stimuli of the captured beats [s]."""
    if kind not in PACED_KINDS:
        return ()
    stimuli_s = onsets_s - STIMULUS_TO_ONSET_MS / 1000.0
    return tuple(float(t) for t in stimuli_s if t < duration_s)


def _qt_ms(qrs_ms: float, rr_s: float) -> float:
    """Return the QT interval [ms]: Bazett around 390 ms, longer with a wide QRS, never into the next beat."""
    return float(max(min(390.0 * np.sqrt(rr_s) + 0.6 * (qrs_ms - 90.0), 720.0 * rr_s), qrs_ms + 120.0))


def _rhythm(
    rng: np.random.Generator, rate_bpm: float, duration_s: float, fibrillating: bool, ectopic_every: int
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return QRS onsets [s] and which of them are premature."""
    mean_s = 60.0 / rate_bpm
    spread = 0.18 if fibrillating else 0.01
    onset_s, onsets, premature = 0.45, [0.45], [False]
    while onset_s < duration_s:
        early = ectopic_every > 0 and len(onsets) % ectopic_every == ectopic_every - 1
        regular = float(np.clip(rng.normal(1.0, spread), 0.65, 1.6))
        # A premature beat is followed by a full compensatory pause.
        onset_s += mean_s * (0.62 if early else 1.38 if premature[-1] else regular)
        onsets.append(onset_s)
        premature.append(early)
    return np.asarray(onsets), np.asarray(premature, dtype=bool)


def _rotation(rotation_deg: tuple[float, float, float]) -> FloatArray:
    """Return the rotation matrix, shape (3, 3): about X first, then Y, then Z."""
    matrix = np.eye(3)
    for axis, angle in enumerate(np.deg2rad(rotation_deg)):
        j, k = (axis + 1) % 3, (axis + 2) % 3
        turn = np.eye(3)
        turn[j, j] = turn[k, k] = np.cos(angle)
        turn[j, k], turn[k, j] = -np.sin(angle), np.sin(angle)
        matrix = turn @ matrix
    return matrix


def _beat(
    time_ms: FloatArray,
    kind: SyntheticKind,
    qrs_ms: float,
    qt_ms: float,
    pr_ms: float | None,
    turn: FloatArray,
) -> FloatArray:
    """Return one beat in eight leads, shape (8, n) [mV]; time counts from the QRS onset."""
    wave = HEART_VECTORS[kind]
    vector = turn @ (loop(time_ms, wave.qrs, qrs_ms) + loop(time_ms - qrs_ms, wave.st_t, qt_ms - qrs_ms))
    if pr_ms is not None:
        vector = vector + loop(time_ms + pr_ms, P_WAVE, min(105.0, pr_ms - 15.0))
    leads = FORWARD_DOWER @ vector
    for i, peak_mv in enumerate(wave.near_field_mv):
        # The near field of a chest lead is what lies under it, which activates later from V1 to V6.
        summit_ms = (0.30 + 0.07 * i) * qrs_ms
        leads[2 + i] += peak_mv * bump(time_ms, 0.0, summit_ms, qrs_ms, 9.0)
    return leads


def _record(leads: FloatArray, sampling_rate_hz: float, kind: str) -> EcgRecord:
    signal_mv = twelve_leads(np.round(leads / RESOLUTION_MV) * RESOLUTION_MV)
    digest = hashlib.sha256(signal_mv.tobytes()).hexdigest()
    return EcgRecord(
        signal_mv=signal_mv,
        sampling_rate_hz=sampling_rate_hz,
        source=EcgSource(file=f"synthetic {kind}", format="synthetic", sha256=digest),
        derived_leads=frozenset({"III", "aVR", "aVL", "aVF"}),
    )
