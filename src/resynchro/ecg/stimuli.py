"""Stimulus artefacts (pacing spikes): found, timed, blanked.

At 500 Hz a spike of half a millisecond may fall between two samples, and bipolar spikes hardly rise above
noise: published sensitivity at 500 Hz is 77.5 % (Luo, Computing in Cardiology 2008). The verdict is therefore
``yes``, ``probable`` or ``no evidence``, never "not paced".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from resynchro.record.ecg import FloatArray

StimulationVerdict = Literal["yes", "probable", "no evidence"]

#: A spike returns to where it came from within this time to either side [s].
_HALF_WIDTH_S = 0.006
#: Smallest height of a spike over its surroundings, root mean square over leads [mV].
_HEIGHT_MV = 0.04
_STRICT_HEIGHT_MV = 0.05
#: Smallest ratio of the spike's slope to the slopes around it.
_SLOPE_RATIO = 4.0
_STRICT_SLOPE_RATIO = 5.0
#: A stimulus comes out of quiet: the slope before it is at most this share of the record's typical QRS slope.
#: (Narrow, tall R waves have the steep upstroke of the same QRS before them.)
_QUIET_SHARE = 0.25
#: ... or at most this multiple of the record's median slope.
_QUIET_OVER_MEDIAN = 1.25
#: A neighbouring spike of at least this share of the height is a second stimulus.
_TWIN = 0.4
#: Cosine between the 12-lead patterns of two spikes of one channel.
_LIKE_SHAPE = 0.9
#: Two candidates closer than this are one [s].
_APART_S = 0.010
#: A ventricular stimulus lies this close before or after the rough onset of its QRS, an atrial one further
#: before [s].
VENTRICULAR_WINDOW_S = (-0.04, 0.07)
_ATRIAL_LEAD_S = 0.32
#: Median absolute deviation of the stimulus-to-QRS time that still counts as constant coupling [s]. Wider for
#: ventricular stimuli, because the rough onset of a fusion beat lies elsewhere than that of a paced beat.
_VENTRICULAR_COUPLING_S, _ATRIAL_COUPLING_S = 0.025, 0.010
#: Stimuli of one channel have like heights: the median absolute deviation is at most this share of the
#: median.
_LIKE_HEIGHT = 0.5
#: Share of the beats that must have a spike before them for ``yes`` and for ``probable``.
_SHARE_YES = 0.3
_SHARE_PROBABLE = 0.2
#: The recorded artefact lasts from shortly before to some time after its summit, polarisation tail included
#: [s].
_BLANK_BEFORE_S = 0.004
_BLANK_AFTER_S = 0.014
#: What lies between two edges closer than this is artefact too (square pulses, two leads of one device) [s].
_JOIN_S = 0.024


@dataclass(frozen=True, slots=True, kw_only=True)
class Stimulation:
    """Stimulus artefacts of one record.

    Attributes
    ----------
    verdict
        ``yes``, ``probable`` or ``no evidence`` of pacing.
    reason
        Why, in words.
    ventricular_s, atrial_s
        Times of stimuli taken as ventricular and as atrial, from the start of the record [s].
    """

    verdict: StimulationVerdict
    reason: str
    ventricular_s: tuple[float, ...] = ()
    atrial_s: tuple[float, ...] = ()

    @property
    def all_s(self) -> tuple[float, ...]:
        """Every stimulus in order of time [s]."""
        return tuple(sorted(self.ventricular_s + self.atrial_s))


@dataclass(frozen=True, slots=True)
class Spike:
    """One candidate for a stimulus artefact.

    Attributes
    ----------
    time_s
        From the start of the record [s].
    height_mv
        Height over the surroundings 6 ms to either side, root mean square over leads [mV].
    slope_ratio
        Steepest slope of the spike over the slopes around it.
    """

    time_s: float
    height_mv: float
    slope_ratio: float

    @property
    def is_strict(self) -> bool:
        """Tell whether the spike passes the strict limits too."""
        return self.height_mv >= _STRICT_HEIGHT_MV and self.slope_ratio >= _STRICT_SLOPE_RATIO


def find_spikes(signal_mv: FloatArray, sampling_rate_hz: float) -> tuple[Spike, ...]:
    """Find everything that looks like a stimulus artefact.

    Parameters
    ----------
    signal_mv
        Shape (12, n_samples) [mV], raw, at the recorder's own rate: filtering and resampling smear spikes.
    sampling_rate_hz
        [Hz].

    Returns
    -------
    tuple of Spike
        In order of time. Two passes: spikes that stand out by themselves, then weaker ones of the same
        12-lead shape.
    """
    half = max(1, round(_HALF_WIDTH_S * sampling_rate_hz))
    near, far = round(0.008 * sampling_rate_hz), round(0.030 * sampling_rate_hz)
    padded = np.pad(signal_mv, ((0, 0), (half, half)), mode="edge")
    shape = signal_mv - 0.5 * (padded[:, : -2 * half] + padded[:, 2 * half :])
    height = np.sqrt((shape**2).mean(axis=0))
    # Slopes per 2 ms whatever the rate, so that the thresholds hold.
    step = max(1, round(0.002 * sampling_rate_hz))
    slope = np.zeros_like(height)
    slope[step:] = np.sqrt(((signal_mv[:, step:] - signal_mv[:, :-step]) ** 2).mean(axis=0))
    # In a slow QRS that share may lie below the noise or the hum, which runs through the whole record.
    quiet = max(_QUIET_SHARE * np.percentile(slope, 97), _QUIET_OVER_MEDIAN * np.median(slope))
    summits = [
        int(sample)
        for sample in np.flatnonzero(height >= _HEIGHT_MV)
        if far + half <= sample <= height.size - far - half - 1
        and height[sample] >= height[sample - half : sample + half + 1].max()
        and np.median(slope[sample - far : sample - near + 1]) <= quiet
    ]
    standing_out: dict[int, float] = {}
    for sample in summits:
        # A second stimulus some ms away (biventricular pacing) must not count as restless surroundings.
        twins = [t for t in summits if near <= abs(t - sample) <= far + half and height[t] >= _TWIN * height[sample]]
        # A device has at most two ventricular leads: more neighbours are mains hum.
        around = _around(slope, sample, near, far, half, twins if len(twins) == 1 else [])
        ratio = float(slope[sample - half : sample + half + 1].max() / max(around, 1e-6))
        if ratio >= _SLOPE_RATIO:
            standing_out[sample] = ratio
    alike = _alike(shape, summits, tuple(standing_out))
    spikes = [
        Spike(sample / sampling_rate_hz, float(height[sample]), standing_out.get(sample, 1.0))
        for sample in sorted(set(alike) | set(standing_out))
    ]
    return _thinned(spikes)


def _around(slope: FloatArray, sample: int, near: int, far: int, half: int, twins: list[int]) -> float:
    """Return the larger 90th percentile of the slopes before and after a spike, twins left out."""
    larger = 0.0
    for start, stop in ((sample - far, sample - near + 1), (sample + near, sample + far + 1)):
        kept = [slope[k] for k in range(start, stop) if all(abs(k - twin) > half for twin in twins)]
        if kept:
            larger = max(larger, float(np.percentile(kept, 90)))
    return larger


def _alike(shape: FloatArray, summits: list[int], seeds: tuple[int, ...]) -> list[int]:
    """Return the summits whose 12-lead pattern equals that of a pattern seen in two or more seeds."""
    if len(seeds) < 2:
        return []
    unit = shape / np.maximum(np.linalg.norm(shape, axis=0), 1e-9)
    height = np.linalg.norm(shape, axis=0)
    likeness = unit[:, seeds].T @ unit[:, seeds]
    repeated = [seed for seed, row in zip(seeds, likeness, strict=True) if (row > _LIKE_SHAPE).sum() >= 2]
    return [
        sample
        for sample in summits
        if any(
            unit[:, sample] @ unit[:, seed] > _LIKE_SHAPE and 0.4 < height[sample] / height[seed] < 2.5
            for seed in repeated
        )
    ]


def _thinned(spikes: list[Spike]) -> tuple[Spike, ...]:
    """Keep the first of spikes that are closer than 10 ms: they are the edges of one artefact."""
    kept: list[Spike] = []
    for spike in spikes:
        if kept and spike.time_s - kept[-1].time_s < _APART_S:
            best = max(spike, kept[-1], key=lambda candidate: candidate.height_mv)
            kept[-1] = Spike(kept[-1].time_s, best.height_mv, max(spike.slope_ratio, kept[-1].slope_ratio))
        else:
            kept.append(spike)
    return tuple(kept)


def judge_stimulation(
    spikes: tuple[Spike, ...],
    onset_times_s: NDArray[np.float64],
    duration_s: float,
    vendor_pace_marks_s: tuple[float, ...] = (),
) -> Stimulation:
    """Decide whether the spikes are stimuli, and of which chamber, from their place before the beats.

    Parameters
    ----------
    spikes
        From `find_spikes`.
    onset_times_s
        Rough onset of each QRS [s], shape (n_beats,).
    duration_s
        Length of the record [s].
    vendor_pace_marks_s
        Marks that the recorder set itself [s]: hardware sees what 500 Hz cannot, so they decide.

    Returns
    -------
    Stimulation
        ``yes`` with three or more alike spikes in ten seconds at a constant time before the QRS (or vendor
        marks), ``probable`` with two, or with spikes that pass only the lenient limits, else ``no evidence``.
    """
    times_s = np.array([spike.time_s for spike in spikes])
    lead_s = _lead_of(times_s, onset_times_s)
    ventricular = _constant(spikes, lead_s, *VENTRICULAR_WINDOW_S, _VENTRICULAR_COUPLING_S)
    atrial = _constant(spikes, lead_s, VENTRICULAR_WINDOW_S[1], _ATRIAL_LEAD_S, _ATRIAL_COUPLING_S)
    marks = np.array(vendor_pace_marks_s, dtype=np.float64)
    if marks.size:
        mark_lead_s = _lead_of(marks, onset_times_s)
        low_s, high_s = VENTRICULAR_WINDOW_S
        ventricular_marks = marks[(mark_lead_s >= low_s) & (mark_lead_s <= high_s)]
        return Stimulation(
            verdict="yes",
            reason=f"the recorder set {marks.size} pace marks",
            ventricular_s=tuple(float(t) for t in ventricular_marks),
            atrial_s=tuple(float(t) for t in marks if t not in set(ventricular_marks)),
        )
    needed = max(2, round(3 * min(duration_s, 10.0) / 10.0))
    strict = [spike for spike in ventricular + atrial if spike.is_strict]
    # Beats count, not spikes: a square pulse has two edges and a biventricular device two stimuli.
    count = len(
        {int(np.searchsorted(onset_times_s, spike.time_s + VENTRICULAR_WINDOW_S[0])) for spike in ventricular + atrial}
    )
    found = {
        "ventricular_s": tuple(spike.time_s for spike in ventricular),
        "atrial_s": tuple(spike.time_s for spike in atrial),
    }
    what = f"spikes at a constant time before {count} of {onset_times_s.size} beats"
    share = count / max(1, onset_times_s.size)
    standing_out = sum(spike.slope_ratio >= _SLOPE_RATIO for spike in ventricular + atrial)
    if min(count, standing_out) >= needed and share >= _SHARE_YES:
        return Stimulation(verdict="yes", reason=what, **found)
    if len(strict) >= 2 and share >= _SHARE_PROBABLE:
        return Stimulation(verdict="probable", reason=what, **found)
    return Stimulation(
        verdict="no evidence",
        reason="no spikes at a constant time before the QRS; at this sampling rate that does not exclude pacing",
    )


def _lead_of(times_s: FloatArray, onset_times_s: FloatArray) -> FloatArray:
    """Return the time from each spike to the onset it belongs to [s]; infinite without one."""
    if onset_times_s.size == 0:
        return np.full(times_s.shape, np.inf)
    after = np.searchsorted(onset_times_s, times_s + VENTRICULAR_WINDOW_S[0])
    following = np.append(onset_times_s, np.inf)[after]
    return np.asarray(following - times_s)


def _constant(
    spikes: tuple[Spike, ...], lead_s: FloatArray, low_s: float, high_s: float, coupling_s: float
) -> tuple[Spike, ...]:
    """Return the spikes whose lead lies in a window, if they are coupled constantly and alike in height."""
    inside = [(spike, lead) for spike, lead in zip(spikes, lead_s, strict=True) if low_s < lead <= high_s]
    if len(inside) < 2:
        return ()
    leads = np.array([lead for _, lead in inside])
    heights = np.array([spike.height_mv for spike, _ in inside])
    kept = (np.abs(leads - np.median(leads)) <= 2.5 * coupling_s) & (heights >= 0.33 * np.median(heights))
    # Most spikes of the window elsewhere: noise, not a device.
    if kept.sum() < max(2, 0.5 * len(inside)):
        return ()
    spread = np.median(np.abs(leads[kept] - np.median(leads[kept])))
    unlike = np.median(np.abs(heights[kept] - np.median(heights[kept]))) / np.median(heights[kept])
    if spread > coupling_s or unlike > _LIKE_HEIGHT:
        return ()
    return tuple(spike for (spike, _), keep in zip(inside, kept, strict=True) if keep)


def blank_stimuli(signal_mv: FloatArray, sampling_rate_hz: float, times_s: tuple[float, ...]) -> FloatArray:
    """Replace stimulus artefacts by straight lines.

    Parameters
    ----------
    signal_mv
        Shape (12, n_samples) [mV], raw.
    sampling_rate_hz
        [Hz].
    times_s
        Stimuli [s].

    Returns
    -------
    FloatArray
        A copy with each artefact, from 4 ms before to 14 ms after its summit, interpolated linearly.
    """
    blanked = signal_mv.copy()
    samples = signal_mv.shape[1]
    hidden = np.zeros(samples, dtype=bool)
    for time_s in times_s:
        start = round((time_s - _BLANK_BEFORE_S) * sampling_rate_hz)
        stop = round((time_s + _BLANK_AFTER_S) * sampling_rate_hz)
        hidden[max(0, start) : max(0, stop + 1)] = True
    if not hidden.any() or hidden.all():
        return blanked
    hidden = ndimage.binary_closing(hidden, structure=np.ones(int(_JOIN_S * sampling_rate_hz), dtype=bool))
    index = np.arange(samples)
    for row in blanked:
        row[hidden] = np.interp(index[hidden], index[~hidden], row[~hidden])
    return blanked
