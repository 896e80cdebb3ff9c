"""One simulated beat in twelve leads: P wave, QRS of the activation, and a T wave by a stated rule."""

from __future__ import annotations

import numpy as np

from resynchro.ecg.dipole_wave import P_WAVE, loop
from resynchro.ecg.vectorcardiogram import FORWARD_DOWER
from resynchro.electrics.body_surface_ecg import UPSTROKE_SD_MS, qrs_mv, sample_times_ms, twelve_leads_mv
from resynchro.heart.mesh import FloatArray

#: Mean duration of the action potential at 60 beats a minute [ms]; it shortens with the square root of the interval.
ACTION_POTENTIAL_MS = 290.0
#: Muscle that activates later repolarises sooner: what an action potential shortens per millisecond of later
#: activation (a design choice, for T waves of usual size; measured in people: about 1.3, unverified, Franz MR
#: et al. Circulation 1987;75:379-386, doi:10.1161/01.CIR.75.2.379).
SHORTENING = 1.7
#: Standard deviation of the smoothed step of repolarisation [ms] (design choice).
REPOLARISATION_SD_MS = 36.0
#: Activations narrower than this are taken for the heart's own, to which its action potentials are adapted [ms].
_OWN_ACTIVATION_MS = 110.0


def beat_mv(
    times_ms: FloatArray,
    independent_weights_mv: FloatArray,
    *,
    start_ms: float,
    end_ms: float,
    step_ms: float = 2.0,
    heart_rate_bpm: float = 70.0,
    amplitude: float = 1.0,
    pr_ms: float | None = None,
    adapted_to_ms: FloatArray | None = None,
) -> FloatArray:
    """Compute one whole beat, with T wave and if wanted P wave.

    Parameters
    ----------
    times_ms
        Activation times, shape (n,) [ms].
    independent_weights_mv
        Node weights of I, II, V1 to V6, shape (8, n) [mV].
    start_ms, end_ms, step_ms
        Samples on the time axis of the activation [ms].
    heart_rate_bpm
        Sets the duration of the action potentials [1/min].
    amplitude
        Factor on QRS and T.
    pr_ms
        From P onset to the first activation [ms]; None for no P wave.
    adapted_to_ms
        Activation that the action potentials are adapted to, shape (n,) [ms]: the heart's usual one. None takes the
        activation itself where it is narrow (110 ms), and action potentials of equal length where it is wide.

    Returns
    -------
    ndarray
        Shape (12, k) [mV].

    Notes
    -----
    The T wave follows one stated rule and is there to be looked at and measured around, not to be believed: muscle
    repolarises one action potential after its activation; action potentials shorten by 1.7 ms for each millisecond of
    later usual activation. Usual activation gives an upright (concordant) T, a new wide one a discordant T. The P wave
    is a drawing, the same for all.
    """
    window = {"start_ms": start_ms, "end_ms": end_ms, "step_ms": step_ms}
    sd_ms = max(UPSTROKE_SD_MS, 0.5 * step_ms)
    independent = qrs_mv(times_ms, independent_weights_mv, upstroke_sd_ms=sd_ms, **window)
    recovery_ms = _recovery_times_ms(times_ms, heart_rate_bpm, adapted_to_ms)
    independent -= qrs_mv(recovery_ms, independent_weights_mv, upstroke_sd_ms=REPOLARISATION_SD_MS, **window)
    independent *= amplitude
    if pr_ms is not None:
        first_ms = float(times_ms[np.isfinite(times_ms)].min())
        since_p_ms = sample_times_ms(start_ms, end_ms, step_ms=step_ms) - first_ms + pr_ms
        independent += np.asarray(FORWARD_DOWER) @ loop(since_p_ms, P_WAVE, min(105.0, pr_ms - 15.0))
    return twelve_leads_mv(independent)


def _recovery_times_ms(times_ms: FloatArray, heart_rate_bpm: float, adapted_to_ms: FloatArray | None) -> FloatArray:
    """Return when each node repolarises [ms]; inf where it is never activated."""
    reached = np.isfinite(times_ms)
    duration_ms = np.full(times_ms.shape, ACTION_POTENTIAL_MS * np.sqrt(60.0 / heart_rate_bpm))
    usual = adapted_to_ms
    if usual is None and np.ptp(times_ms[reached]) < _OWN_ACTIVATION_MS:
        usual = times_ms
    if usual is not None:
        known = np.isfinite(usual)
        duration_ms[known] -= SHORTENING * (usual[known] - usual[known].mean())
    return np.where(reached, times_ms + duration_ms, np.inf)
