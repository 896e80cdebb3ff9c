"""Finding beats in twelve leads at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from resynchro.record.ecg import INDEPENDENT_ROWS, FloatArray

#: QRS slopes live here; P and T waves below, muscle noise above.
_BAND_HZ = (5.0, 30.0)
#: A lead whose steep slopes lie below this is dead [mV per sample]: what is left is rounding.
_DEAD_SLOPE_MV = 1e-6
#: Length of the moving mean that joins the slopes of one QRS [s].
_JOIN_S = 0.10
#: Two beats cannot be closer than this [s].
REFRACTORY_S = 0.25
#: Threshold as a share of the typical beat's energy, and of what of it stands above the floor.
_THRESHOLD, _THRESHOLD_OVER_FLOOR = 0.35, 0.25
#: A wide paced beat or extrasystole among narrow beats has a fifth of their slopes but about their size.
#: Below the threshold a peak counts with this share of the energy (above the floor) and of the size, so far
#: from other beats that it is no T wave [s]. On the odd LUDB records T and P waves stay below half of the
#: size, or are nearer.
_SLOW_THRESHOLD, _SLOW_SIZE_SHARE, _T_REACH_S = 0.15, 0.45, 0.36
#: A P wave beside a slow QRS can pass the threshold on slopes alone. What is smaller than this share of a
#: neighbour within this time [s] is no beat of its own; on the odd LUDB records no marked beat comes near it.
_SMALL_SHARE, _NEIGHBOUR_S = 0.25, 0.40
#: The size of a beat is read this far to either side of its middle [s].
_SIZE_REACH_S = 0.08


def beat_energy(signal_mv: FloatArray, sampling_rate_hz: float) -> FloatArray:
    """Return one curve that is high in every QRS, from all independent leads with equal weight.

    Parameters
    ----------
    signal_mv
        Shape (12, n_samples) [mV], cleaned.
    sampling_rate_hz
        [Hz].

    Returns
    -------
    FloatArray
        Shape (n_samples,), without unit: each lead's slope is divided by its own 98th percentile, so that a
        tall V2 cannot hide a small beat of another form.
    """
    band = signal.butter(2, _BAND_HZ, "bandpass", fs=sampling_rate_hz, output="sos")
    filtered = signal.sosfiltfilt(band, signal_mv[list(INDEPENDENT_ROWS)], axis=1)
    slope = np.abs(np.gradient(filtered, axis=1))
    scale = np.percentile(slope, 98, axis=1, keepdims=True)
    living = scale[:, 0] > _DEAD_SLOPE_MV
    if not living.any():
        return np.zeros(signal_mv.shape[1])
    slope = np.minimum(slope[living] / scale[living], 3.0).mean(axis=0)
    return ndimage.uniform_filter1d(slope, max(1, int(_JOIN_S * sampling_rate_hz)))


def detect_beats(signal_mv: FloatArray, sampling_rate_hz: float) -> NDArray[np.intp]:
    """Find the beats: one sample near the middle of each QRS.

    Parameters
    ----------
    signal_mv
        Shape (12, n_samples) [mV], cleaned and without stimulus artefacts.
    sampling_rate_hz
        [Hz].

    Returns
    -------
    ndarray of int
        Samples in rising order; empty when nothing looks like a beat.

    Notes
    -----
    Multi-lead detection is what lifts sensitivity: on LUDB single-lead detectors miss 1 to 23 % of the beats.
    """
    energy = beat_energy(signal_mv, sampling_rate_hz)
    distance = max(1, int(REFRACTORY_S * sampling_rate_hz))
    # The typical height is the median over one-second windows of their maximum: a burst of noise cannot set
    # it.
    window = int(sampling_rate_hz * 1.5)
    maxima = [energy[start : start + window].max() for start in range(0, max(1, energy.size - window // 2), window)]
    typical = float(np.median(maxima)) if maxima else 0.0
    if typical <= 0.0:
        return np.zeros(0, dtype=np.intp)
    # Noise lifts the whole curve: the threshold stands above its floor, too. Not by the full share: in a
    # clean record that would lose ventricular extrasystoles, whose slopes are a third of those of sinus
    # beats.
    floor = min(float(np.percentile(energy, 20)), 0.9 * typical)
    over_floor = floor + _THRESHOLD_OVER_FLOOR * (typical - floor)
    steep, _ = signal.find_peaks(energy, height=max(_THRESHOLD * typical, over_floor), distance=distance)
    slow, _ = signal.find_peaks(energy, height=floor + _SLOW_THRESHOLD * (typical - floor), distance=distance)
    large = _large_and_alone(signal_mv, sampling_rate_hz, slow, steep)
    peaks = np.union1d(steep, large).astype(np.intp)
    return _without_small_neighbours(signal_mv, sampling_rate_hz, peaks)


def _large_and_alone(
    signal_mv: FloatArray, sampling_rate_hz: float, slow: NDArray[np.intp], steep: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Keep the peaks that are about as large as the steep beats and far from them: wide beats among narrow ones."""
    if not steep.size:
        return slow[:0]
    usual = float(np.median(_sizes(signal_mv, sampling_rate_hz, steep)))
    large = _sizes(signal_mv, sampling_rate_hz, slow) >= _SLOW_SIZE_SHARE * usual
    alone = np.abs(slow[:, None] - steep).min(axis=1) > _T_REACH_S * sampling_rate_hz
    kept: NDArray[np.intp] = slow[large & alone]
    return kept


def _sizes(signal_mv: FloatArray, sampling_rate_hz: float, peaks: NDArray[np.intp]) -> FloatArray:
    """Return the height from trough to summit around each peak, root mean square over leads [mV]."""
    reach = int(_SIZE_REACH_S * sampling_rate_hz)
    extents = [np.ptp(signal_mv[:, max(0, peak - reach) : peak + reach + 1], axis=1) for peak in peaks]
    return np.array([np.sqrt((extent**2).mean()) for extent in extents])


def _without_small_neighbours(
    signal_mv: FloatArray, sampling_rate_hz: float, peaks: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Leave out what is far smaller than a neighbour: its P wave."""
    sizes = _sizes(signal_mv, sampling_rate_hz, peaks)
    near = np.abs(peaks[:, None] - peaks) <= _NEIGHBOUR_S * sampling_rate_hz
    largest = np.where(near, sizes, 0.0).max(axis=1, initial=0.0)
    kept: NDArray[np.intp] = peaks[sizes >= _SMALL_SHARE * largest]
    return kept


def rough_onsets(signal_mv: FloatArray, sampling_rate_hz: float, beats: NDArray[np.intp]) -> NDArray[np.intp]:
    """Find roughly where each QRS begins, to tell ventricular from atrial stimuli.

    Parameters
    ----------
    signal_mv
        Shape (12, n_samples) [mV], cleaned and without stimulus artefacts.
    sampling_rate_hz
        [Hz].
    beats
        Samples from `detect_beats`.

    Returns
    -------
    ndarray of int
        For each beat the sample, at most 0.2 s before it, where the joint slope last rose above 6 % of
        its peak.
    """
    slope = np.abs(np.gradient(ndimage.gaussian_filter1d(signal_mv, 0.004 * sampling_rate_hz, axis=1), axis=1))
    # What a lead does between beats is noise: only what stands above it counts, so that a noisy lead cannot
    # decide.
    noise = 2.0 * np.median(slope, axis=1, keepdims=True)
    size = np.percentile(slope, 99, axis=1, keepdims=True)
    standing_out = np.maximum(slope - noise, 0.0) / np.maximum(size, 1e-9)
    joint = ndimage.uniform_filter1d(standing_out.mean(axis=0), max(1, int(0.016 * sampling_rate_hz)))
    reach = int(0.2 * sampling_rate_hz)
    onsets = []
    for beat in beats:
        start = max(0, int(beat) - reach)
        around = joint[start : int(beat) + reach // 2]
        level = 0.06 * around.max()
        quiet = ndimage.binary_opening(
            joint[start : int(beat) + 1] < level, np.ones(int(0.024 * sampling_rate_hz), dtype=bool)
        )
        last_quiet = np.flatnonzero(quiet)
        onsets.append(start + (int(last_quiet[-1]) + 1 if last_quiet.size else 0))
    return np.array(onsets, dtype=np.intp)
