"""The measured QRS that a twin is fitted to, and how far a good model may miss it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from resynchro.ecg.measurement import EcgMeasurement
from resynchro.errors import InputError, MeasurementError
from resynchro.record.ecg import INDEPENDENT_ROWS

FloatArray = NDArray[np.float64]

#: The window runs from this long before the QRS onset to this long after its end [ms].
BEFORE_MS, AFTER_MS = 10.0, 10.0
#: The zero level is the mean of this long before the window [ms].
_ZERO_MS = 16.0
#: Time over which model errors stay alike [ms] (Gaussian correlation; a design choice: errors of place and velocity
#: shift and stretch waves, so they live as long as a notch does).
DISCREPANCY_TIME_MS = 6.0
#: Standard deviation of what is left of the level at the end of the QRS after it was taken out (see `measured_qrs`), as
#: a part of the largest deflection of the lead (design choice).
ST_PART = 0.05
#: Part of the model error's variance that all leads share; the rest goes with the size of each lead. Small leads would
#: otherwise count for nothing, or for too much.
COMMON_PART = 0.05
#: White noise that is assumed at least [mV]: resolution and filters of recorders.
LEAST_NOISE_MV = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredQrs:
    """One QRS in the leads that carry all information.

    Attributes
    ----------
    signal_mv
        I, II, V1 to V6 at 1 kHz, shape (8, k) [mV]; zero before and after the QRS.
    start_ms
        Time of the first sample against the QRS onset [ms].
    qrs_ms
        QRS duration [ms].
    noise_mv
        Standard deviation of the noise of each lead, shape (8,) [mV].
    stimulus_ms
        Ventricular stimuli against the QRS onset [ms].
    st_level_mv
        Level at the end of the QRS that was taken out, shape (8,) [mV]; None when nothing was.
    """

    signal_mv: FloatArray
    start_ms: float
    qrs_ms: float
    noise_mv: FloatArray
    stimulus_ms: tuple[float, ...] = ()
    st_level_mv: FloatArray | None = None

    def __post_init__(self) -> None:
        signal_mv, noise_mv = np.array(self.signal_mv, dtype=np.float64), np.array(self.noise_mv, dtype=np.float64)
        if signal_mv.ndim != 2 or signal_mv.shape[0] != len(INDEPENDENT_ROWS) or signal_mv.shape[1] < 30:
            raise InputError(f"a measured QRS must have shape (8, 30 or more samples at 1 kHz), got {signal_mv.shape}")
        if not np.isfinite(signal_mv).all() or not np.isfinite(noise_mv).all() or noise_mv.shape != (8,):
            raise InputError("a measured QRS and its noise must be finite numbers [mV], noise of shape (8,)")
        if float(np.abs(signal_mv).max()) < 0.05:
            raise InputError("the measured QRS stays below 0.05 mV in every lead: is it in mV?")
        signal_mv.setflags(write=False)
        noise_mv.setflags(write=False)
        object.__setattr__(self, "signal_mv", signal_mv)
        object.__setattr__(self, "noise_mv", noise_mv)

    @property
    def end_ms(self) -> float:
        """Time of the last sample against the QRS onset [ms]."""
        return self.start_ms + float(self.signal_mv.shape[1]) - 1.0

    @property
    def times_ms(self) -> FloatArray:
        """Time of each sample against the QRS onset, shape (k,) [ms]."""
        return self.start_ms + np.arange(self.signal_mv.shape[1], dtype=np.float64)

    @property
    def within_qrs(self) -> NDArray[np.bool_]:
        """Samples between onset and end, shape (k,)."""
        return np.asarray((self.times_ms >= 0.0) & (self.times_ms <= self.qrs_ms))


def measured_qrs(measurement: EcgMeasurement) -> MeasuredQrs:
    """Cut the QRS of the representative beat out of a measured ECG.

    Parameters
    ----------
    measurement
        From `resynchro.ecg.measurement.measure_ecg`.

    Notes
    -----
    The model has no repolarisation. Muscle that activated early repolarises while late muscle still activates, which
    bends the end of the QRS towards the level of the ST segment: that level is taken out, see `st_course`.

    Raises
    ------
    MeasurementError
        When the voltages of the record cannot be trusted, or the beat is cut off.
    """
    if not measurement.record.voltages_trusted:
        raise MeasurementError(
            "the leads of this ECG contradict each other, so a twin cannot be fitted to it: look at the warnings of "
            "'resynchro ecg'"
        )
    beat, limits = measurement.beat, measurement.limits
    step_ms = 1000.0 / beat.sampling_rate_hz
    at_ms = step_ms * np.arange(beat.signal_mv.shape[1])
    wanted_ms = np.arange(-BEFORE_MS, np.ceil(limits.duration_ms) + AFTER_MS + 1.0)
    if limits.onset_ms - BEFORE_MS - _ZERO_MS < 0.0 or limits.onset_ms + wanted_ms[-1] > at_ms[-1]:
        raise MeasurementError("the representative beat is cut off at the QRS: look at the recording")
    leads = beat.signal_mv[list(INDEPENDENT_ROWS)]
    zero_end_ms = min([limits.onset_ms - 4.0, *(t - 4.0 for t in beat.stimulus_ms if t <= limits.onset_ms)])
    zero = (at_ms >= zero_end_ms - _ZERO_MS) & (at_ms <= zero_end_ms)
    if not zero.any():
        raise MeasurementError("there is no quiet level before the QRS: look at the recording")
    leads = leads - leads[:, zero].mean(axis=1, keepdims=True)
    signal = CubicSpline(at_ms, leads, axis=1)(limits.onset_ms + wanted_ms)
    level = signal[:, wanted_ms >= limits.duration_ms].mean(axis=1)
    return MeasuredQrs(
        signal_mv=signal - np.outer(level, st_course(wanted_ms, limits.duration_ms)),
        st_level_mv=level,
        start_ms=-BEFORE_MS,
        qrs_ms=limits.duration_ms,
        noise_mv=beat.noise_mv[list(INDEPENDENT_ROWS)],
        stimulus_ms=tuple(t - limits.onset_ms for t in beat.stimulus_ms),
    )


def st_course(times_ms: FloatArray, qrs_ms: float) -> FloatArray:
    """Return how the level of the ST segment grows during the QRS: a parabola from 0 at its onset to 1 at its end."""
    return np.asarray(np.clip(times_ms / qrs_ms, 0.0, 1.0) ** 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class MisfitScale:
    """What counts as a miss: correlated model error and white noise of each lead.

    Attributes
    ----------
    roots
        Lower Cholesky factor of the covariance of each lead, shape (8, k, k) [mV].
    whitening
        Their inverses.
    error_mv
        Standard deviation of the model's error in each lead, shape (8,) [mV].
    discrepancy
        Standard deviation of the model error as a part of the QRS (root mean square over all leads).
    effective_samples
        How many independent samples the correlated ones are worth, all leads together.
    """

    roots: FloatArray
    whitening: FloatArray
    error_mv: FloatArray
    discrepancy: float
    effective_samples: float

    def whitened(self, signal_mv: FloatArray) -> FloatArray:
        """Return signals in standard deviations, shape (8, k) or (p, 8, k)."""
        if signal_mv.ndim == 2:
            return np.asarray(np.matmul(self.whitening, signal_mv[:, :, None])[:, :, 0])
        return np.ascontiguousarray(np.matmul(self.whitening, signal_mv.transpose(1, 2, 0)).transpose(2, 0, 1))

    def drawn(self, rng: np.random.Generator) -> FloatArray:
        """Draw one error, shape (8, k) [mV]."""
        return np.asarray(np.matmul(self.roots, rng.standard_normal((*self.roots.shape[:2], 1)))[:, :, 0])


def misfit_scale(measured: MeasuredQrs, discrepancy: float, *, st_part: float = ST_PART) -> MisfitScale:
    """Say how far a good model may miss a QRS.

    Parameters
    ----------
    measured
        The QRS.
    discrepancy
        Standard deviation of the model's error over the root mean square of the QRS of each lead; half of it is taken
        from the lead itself, half from all leads.
    st_part
        See `ST_PART`; 0 for simulated QRS without repolarisation.

    Notes
    -----
    The covariance of a lead is noise^2 I + (discrepancy rms)^2 exp(-dt^2 / 2 tau^2) + (ST level)^2 s s', with s a
    parabola from 0 at the onset to 1 at the end: the level at the end is thus fitted too, and its uncertainty counts.
    """
    t, inside = measured.times_ms, measured.within_qrs
    rms = np.sqrt((measured.signal_mv[:, inside] ** 2).mean(axis=1))
    scale = discrepancy * np.sqrt((1.0 - COMMON_PART) * rms**2 + COMMON_PART * (rms**2).mean())
    alike = np.exp(-0.5 * ((t[:, None] - t[None, :]) / DISCREPANCY_TIME_MS) ** 2)
    ramp = st_course(t, measured.qrs_ms)
    level = st_part * np.abs(measured.signal_mv).max(axis=1)
    noise = np.maximum(measured.noise_mv, LEAST_NOISE_MV)
    covariance = (
        scale[:, None, None] ** 2 * alike
        + level[:, None, None] ** 2 * np.outer(ramp, ramp)
        + noise[:, None, None] ** 2 * np.eye(t.size)
    )
    roots = np.linalg.cholesky(covariance)
    correlation = alike * (scale**2).mean() + np.eye(t.size) * (noise**2).mean()
    correlation /= correlation[0, 0]
    effective = 8.0 * t.size**2 / float(correlation.sum())
    return MisfitScale(
        roots=roots,
        whitening=np.linalg.inv(roots),
        error_mv=scale,
        discrepancy=discrepancy,
        effective_samples=effective,
    )
