"""The QRS that an activation of the heart makes in the leads, and its derivatives.

V_l(t) = sum_i w_li U(t - T_i), U a smoothed step: computed by a histogram of the activation times T_i, weighted with
the node weights of each lead, and one convolution. See `resynchro.electrics.lead_field` for the weights.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import ndtr

from resynchro.electrics import qrs_kernels
from resynchro.electrics.electrodes import lead_completion
from resynchro.errors import InputError
from resynchro.heart.mesh import FloatArray

#: Standard deviation of the smoothed step [ms]; the measured upstroke of ventricular muscle lasts 1 to 2 ms.
UPSTROKE_SD_MS = 1.5
#: The step is exactly 0 or 1 to rounding beyond this many standard deviations.
_REACH_SD = 8.0


def qrs_window_ms(times_ms: FloatArray, *, upstroke_sd_ms: float = UPSTROKE_SD_MS) -> tuple[float, float]:
    """Return whole milliseconds that enclose the QRS of an activation map.

    Parameters
    ----------
    times_ms
        Activation times, any shape [ms]; unreached nodes are inf.
    upstroke_sd_ms
        Of the smoothed step [ms].

    Returns
    -------
    tuple
        Start and end [ms], six standard deviations before the first and after the last upstroke.

    Raises
    ------
    InputError
        When no node is ever activated.
    """
    reached = times_ms[np.isfinite(times_ms)]
    if reached.size == 0:
        raise InputError("no node of the heart is activated: give at least one source in conducting muscle")
    reach_ms = 6.0 * upstroke_sd_ms
    return float(np.floor(reached.min() - reach_ms)), float(np.ceil(reached.max() + reach_ms))


def sample_times_ms(start_ms: float, end_ms: float, *, step_ms: float = 1.0) -> FloatArray:
    """Return the sample times from start to end, both included [ms]."""
    return np.asarray(start_ms + step_ms * np.arange(_n_samples(start_ms, end_ms, step_ms)), dtype=np.float64)


def qrs_mv(
    times_ms: FloatArray,
    weights_mv: FloatArray,
    *,
    start_ms: float,
    end_ms: float,
    step_ms: float = 1.0,
    upstroke_sd_ms: float = UPSTROKE_SD_MS,
) -> FloatArray:
    """Compute the signal of each lead from activation times.

    Parameters
    ----------
    times_ms
        Activation time of each node, shape (n,), or (b, n) for a batch of maps [ms]. A node that is never activated
        (inf) stays at rest and adds nothing.
    weights_mv
        Node weights of each lead, shape (l, n) [mV].
    start_ms, end_ms
        First and last sample [ms]. Nodes activated before count as activated.
    step_ms
        Distance of samples [ms], also the width of a bin.
    upstroke_sd_ms
        Standard deviation of the smoothed step [ms]; at least half a step.

    Returns
    -------
    ndarray
        Shape (l, k), or (b, l, k) for a batch [mV]; samples at `sample_times_ms`.

    Raises
    ------
    InputError
        When shapes do not fit, times are not numbers, or the step is too narrow for the sampling.

    Notes
    -----
    Sharing a weight between two bins widens the step by the variance step^2 / 6, which is taken off the step.
    """
    weights, step, samples = _prepared(weights_mv, start_ms, end_ms, step_ms, upstroke_sd_ms)
    times = _checked_times(times_ms, weights.shape[0])
    if times.ndim == 1:
        signal = np.empty((weights.shape[1], samples))
        qrs_kernels.qrs_of_times(times, weights, float(start_ms), float(step_ms), step, signal)
        return signal
    signals = np.empty((times.shape[0], weights.shape[1], samples))
    qrs_kernels.qrs_of_batch(times, weights, float(start_ms), float(step_ms), step, signals)
    return signals


def twelve_leads_mv(independent_mv: FloatArray) -> FloatArray:
    """Complete I, II, V1 to V6, shape (..., 8, k), to the twelve leads, shape (..., 12, k) [mV]."""
    return np.asarray(lead_completion() @ independent_mv)


def qrs_gradient(
    times_ms: FloatArray,
    weights_mv: FloatArray,
    residual: FloatArray,
    *,
    start_ms: float,
    end_ms: float,
    step_ms: float = 1.0,
    upstroke_sd_ms: float = UPSTROKE_SD_MS,
) -> FloatArray:
    """Compute how a misfit changes with the activation time of each node.

    Parameters
    ----------
    times_ms, weights_mv, start_ms, end_ms, step_ms, upstroke_sd_ms
        As in `qrs_mv`, for one map.
    residual
        dJ/dV of each sample, shape (l, k); for J = 1/2 sum (V - observed)^2 it is V - observed.

    Returns
    -------
    ndarray
        dJ/dT, shape (n,); 0 for unreached nodes and for nodes outside the window.

    Notes
    -----
    Exact for the signal as `qrs_mv` computes it, which is linear in T within each bin.
    """
    weights, step, samples = _prepared(weights_mv, start_ms, end_ms, step_ms, upstroke_sd_ms)
    times = _checked_times(times_ms, weights.shape[0])
    if times.ndim != 1 or residual.shape != (weights.shape[1], samples):
        raise InputError(f"residual must have shape ({weights.shape[1]}, {samples}), got {residual.shape}")
    gradient = np.empty(times.size)
    r = np.ascontiguousarray(residual, dtype=np.float64)
    qrs_kernels.gradient_by_times(times, weights, r, float(start_ms), float(step_ms), step, gradient)
    return gradient


def qrs_tangent(
    times_ms: FloatArray,
    weights_mv: FloatArray,
    changes_ms: FloatArray,
    *,
    start_ms: float,
    end_ms: float,
    step_ms: float = 1.0,
    upstroke_sd_ms: float = UPSTROKE_SD_MS,
) -> FloatArray:
    """Compute how the signal changes along given changes of the activation times.

    Parameters
    ----------
    times_ms, weights_mv, start_ms, end_ms, step_ms, upstroke_sd_ms
        As in `qrs_mv`, for one map.
    changes_ms
        dT/dparameter of each node, shape (p, n) [ms per unit of the parameter]; what it holds for unreached nodes does
        not matter.

    Returns
    -------
    ndarray
        dV/dparameter, shape (p, l, k) [mV per unit of the parameter].
    """
    weights, step, samples = _prepared(weights_mv, start_ms, end_ms, step_ms, upstroke_sd_ms)
    times = _checked_times(times_ms, weights.shape[0])
    changes = np.ascontiguousarray(changes_ms, dtype=np.float64)
    if times.ndim != 1 or changes.ndim != 2 or changes.shape[1] != times.size:
        raise InputError(f"changes must have shape (parameters, {times.size}), got {changes.shape}")
    tangents = np.empty((changes.shape[0], weights.shape[1], samples))
    qrs_kernels.tangent_by_times(times, weights, changes, float(start_ms), float(step_ms), step, tangents)
    return tangents


def _n_samples(start_ms: float, end_ms: float, step_ms: float) -> int:
    if not (np.isfinite(start_ms) and np.isfinite(end_ms) and step_ms > 0.0 and end_ms > start_ms):
        raise InputError(f"the window must run forwards, got {start_ms:g} to {end_ms:g} ms in steps of {step_ms:g} ms")
    samples = int(np.floor((end_ms - start_ms) / step_ms + 1e-9)) + 1
    if samples > 100_000:
        raise InputError(f"the window holds {samples} samples, at most 100000 are allowed: are the times in ms?")
    return samples


def _prepared(
    weights_mv: FloatArray, start_ms: float, end_ms: float, step_ms: float, upstroke_sd_ms: float
) -> tuple[FloatArray, FloatArray, int]:
    """Return weights as a contiguous (n, l) array, the sampled step and the number of samples."""
    if weights_mv.ndim != 2:
        raise InputError(f"weights must have shape (leads, nodes), got {weights_mv.shape}")
    samples = _n_samples(start_ms, end_ms, step_ms)
    return np.ascontiguousarray(weights_mv.T, dtype=np.float64), _sampled_step(step_ms, upstroke_sd_ms), samples


@lru_cache(maxsize=32)
def _sampled_step(step_ms: float, upstroke_sd_ms: float) -> FloatArray:
    """Return the smoothed step at whole bins from its middle, odd length."""
    if upstroke_sd_ms < 0.5 * step_ms:
        raise InputError(
            f"the upstroke's standard deviation must be at least half a step ({0.5 * step_ms:g} ms), got "
            f"{upstroke_sd_ms:g} ms: take smaller steps"
        )
    sd_ms = np.sqrt(upstroke_sd_ms**2 - step_ms**2 / 6.0)
    pad = int(np.ceil(_REACH_SD * sd_ms / step_ms))
    step: FloatArray = ndtr(step_ms * np.arange(-pad, pad + 1) / sd_ms)
    step.setflags(write=False)
    return step


def _checked_times(times_ms: FloatArray, nodes: int) -> FloatArray:
    times = np.ascontiguousarray(times_ms, dtype=np.float64)
    if times.ndim not in (1, 2) or times.shape[-1] != nodes:
        raise InputError(f"times must have shape ({nodes},) or (maps, {nodes}), got {times.shape}")
    if np.isnan(times).any():
        raise InputError("activation times must be numbers, or inf where a node is never activated; got NaN")
    return times
