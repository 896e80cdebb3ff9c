"""Global QRS onset and end over twelve leads, each with an interval.

No single threshold finds the limits that cardiologists mark. Here several published ideas are asked side by
side: the joint slope of all leads falls below a share of its peak; the second, third, fourth and sixth lead
(of twelve) is reached or left. Each such *criterion* is late at the onset and early at the end by an amount
that was measured once against manual marks. The limit is the median of the criteria, each corrected by that
amount. Beats and leads, drawn again and again, give the interval, together with the disagreement between
readers that no signal can show.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resynchro.ecg.clusters import BEFORE_S, BeatCluster
from resynchro.ecg.drawn_beats import DrawnBeats
from resynchro.ecg.representative import QrsLimits
from resynchro.ecg.slope_limits import (
    LEAD_SHARES,
    MEAN_SHARES,
    RMS_SHARES,
    joint_limits,
    lead_limits,
    normalised_slopes,
)
from resynchro.errors import MeasurementError
from resynchro.record.ecg import FloatArray

#: Criteria on single leads: (rank of the lead among twelve, index of the share in `LEAD_SHARES`).
LEAD_CRITERIA: tuple[tuple[int, int], ...] = (
    (2, 1),
    (2, 2),
    (3, 0),
    (3, 1),
    (3, 2),
    (4, 0),
    (4, 1),
    (4, 2),
    (6, 0),
    (6, 1),
)
#: Names of all criteria, in the order of the lateness tables.
CRITERIA: tuple[str, ...] = (
    *(f"mean slope {share:.0%}" for share in MEAN_SHARES),
    *(f"rms slope {share:.0%}" for share in RMS_SHARES),
    *(f"lead {rank} of 12 at {LEAD_SHARES[share]:.0%}" for rank, share in LEAD_CRITERIA),
)
#: How late each criterion is at the onset and how early at the end: median difference from the manual marks
#: of the odd LUDB records under rule R2 [ms]. Recomputed by ``validation/ecg/calibrate_delineation.py``.
ONSET_LATENESS_MS = np.array(
    [7.9, 10.4, 13.0, 16.9, 9.6, 12.2, 15.1, 9.0, 12.2, 6.7, 10.4, 13.5, 7.8, 11.3, 14.9, 9.4, 13.4]
)
END_EARLINESS_MS = np.array(
    [4.1, 8.2, 12.5, 16.0, 7.4, 11.0, 14.8, 6.9, 11.0, 2.1, 8.3, 12.9, 4.1, 10.2, 14.9, 7.4, 14.1]
)
#: Paced beats fade slowly into the ST segment, and every criterion ends later than the marks do: mean 11 ms
#: in the four ventricularly paced odd LUDB records, shrunk towards none because they are only four [ms].
PACED_END_LATENESS_MS = 8.9
#: Where the QRS is under way when the stimulus artefact ends, its onset cannot be seen and is put so long after the
#: stimulus: median of the manual marks of the four ventricularly paced odd LUDB records (-2, 1, 10, 16 ms) [ms].
HIDDEN_ONSET_MS = 6.0
#: The same for the limits of one lead at 6 % of its peak slope, against the marks of that lead [ms].
LEAD_ONSET_LATENESS_MS, LEAD_END_EARLINESS_MS = 8.0, 5.0
#: Standard deviation of readers around the consensus, beyond what beats and leads show, for a QRS of up to 110 ms [ms]
#: (same records). It grows in proportion above that: wide QRS are where readers and every tool scatter most.
READER_ONSET_SD_MS, READER_END_SD_MS = 4.0, 6.0
_READER_QRS_MS = 110.0

#: Leads with less than this between their extremes have no measurable QRS [mV].
_SMALLEST_QRS_MV = 0.03
#: The blanked stimulus and its first tail cannot show the onset [ms after the stimulus].
_STIMULUS_SHADOW_MS = 12.0
#: Two stimuli closer than this leave no QRS to be seen between them [ms].
_TOUCHING_MS = 24.0
#: Limits outside these are no QRS [ms].
SHORTEST_QRS_MS, LONGEST_QRS_MS = 40.0, 350.0
_REPLICATES = 40

#: Whose marks the limits follow: ``manual`` those of cardiologists (LUDB, rule R2), ``recorder`` those that
#: electrocardiographs print.
QrsConvention = Literal["manual", "recorder"]
#: Recorders mark narrower: median 12 ms over 7 recordings of 4 vendors (see validation/ecg), half at either
#: end [ms].
RECORDER_INSET_MS = 6.0


def measure_limits(
    cluster: BeatCluster,
    *,
    rng: np.random.Generator,
    convention: QrsConvention = "manual",
    replicates: int = _REPLICATES,
) -> QrsLimits:
    """Measure the global QRS onset and end of a cluster of beats.

    Parameters
    ----------
    cluster
        Aligned beats and their median.
    rng
        Draws beats and leads for the interval.
    convention
        Whose marks the limits follow.
    replicates
        Number of draws; 0 leaves only the disagreement between readers in the interval.

    Returns
    -------
    QrsLimits
        Limits [ms within the representative beat] with 95 % intervals, and the limits of each lead.

    Raises
    ------
    MeasurementError
        When fewer than three leads have a QRS, or what is found is shorter than 40 or longer than 350 ms.

    Notes
    -----
    Against rule R2 (second earliest and second latest lead of the median manual marks) on LUDB; the measured
    errors are in ``validation/ecg/README.md``. Cardiologists of LUDB mark 5 to 10 ms wider than recorders do.
    Reference: Kalyakulina et al., IEEE Access 2020, doi:10.1109/ACCESS.2020.3029211.
    """
    beat = cluster.representative
    leads = _measurable(beat.signal_mv)
    if leads.size < 3:
        raise MeasurementError(
            f"QRS limits need at least 3 leads with a QRS of {_SMALLEST_QRS_MV} mV or more, "
            f"found {leads.size}: check the gain and the electrodes"
        )
    first_sample = _first_allowed(beat.stimulus_ms, beat.sampling_rate_hz)
    weights = np.ones(leads.size)
    onset_ms, end_ms, lead_first, lead_last = _consensus(
        beat.signal_mv[leads], beat.sampling_rate_hz, weights, first_sample
    )
    stimulus_ms = beat.stimulus_ms[0] if beat.stimulus_ms else None
    step_ms = 1000.0 / beat.sampling_rate_hz
    if stimulus_ms is not None:
        hidden = np.median(lead_first) <= first_sample + 2
        onset_ms = stimulus_ms + HIDDEN_ONSET_MS if hidden else max(onset_ms, stimulus_ms)
        end_ms -= PACED_END_LATENESS_MS
    if convention == "recorder":
        onset_ms, end_ms = onset_ms + RECORDER_INSET_MS, end_ms - RECORDER_INSET_MS
    if not SHORTEST_QRS_MS <= end_ms - onset_ms <= LONGEST_QRS_MS:
        raise MeasurementError(
            f"QRS duration must lie in [{SHORTEST_QRS_MS:.0f}, {LONGEST_QRS_MS:.0f}] ms, "
            f"got {end_ms - onset_ms:.0f}: look at the recording for noise or a wrong sampling rate"
        )
    draws = _draws(cluster.aligned_mv[:, leads], beat.sampling_rate_hz, first_sample, rng, replicates)
    onset_sd, end_sd = _spread(draws, end_ms - onset_ms)
    per_lead = np.full((2, 12), np.nan)
    per_lead[0, leads] = lead_first * step_ms - LEAD_ONSET_LATENESS_MS
    per_lead[1, leads] = lead_last * step_ms + LEAD_END_EARLINESS_MS
    return QrsLimits(
        onset_ms=onset_ms,
        end_ms=end_ms,
        onset_interval_ms=(onset_ms - 1.96 * onset_sd, onset_ms + 1.96 * onset_sd),
        end_interval_ms=(end_ms - 1.96 * end_sd, end_ms + 1.96 * end_sd),
        duration_interval_ms=_around(end_ms - onset_ms, 1.96 * float(np.hypot(onset_sd, end_sd))),
        lead_onset_ms=per_lead[0],
        lead_end_ms=per_lead[1],
        stimulus_to_end_ms=None if stimulus_ms is None else end_ms - stimulus_ms,
    )


def criteria_ms(
    signal_mv: FloatArray, sampling_rate_hz: float, weights: FloatArray, first_sample: int = 0
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Ask every criterion for onset and end, uncorrected.

    Parameters
    ----------
    signal_mv
        Median beat, shape (n_leads, n_samples) [mV], fiducial `BEFORE_S` after its start.
    sampling_rate_hz
        [Hz].
    weights
        How often each lead counts, shape (n_leads,), whole numbers.
    first_sample
        Slopes before it are ignored (stimulus).

    Returns
    -------
    tuple of FloatArray
        Onset and end by each of `CRITERIA` [ms], shape (17,); first and last sample per lead at 6 % of the
        lead's peak slope, shape (n_leads,).
    """
    fiducial = int(BEFORE_S * sampling_rate_hz)
    slopes = normalised_slopes(signal_mv, sampling_rate_hz, fiducial)
    slopes[:, :first_sample] = 0.0
    first, last = lead_limits(slopes, sampling_rate_hz, fiducial)
    joint_first, joint_last = joint_limits(slopes, weights, sampling_rate_hz, fiducial)
    counts = weights.astype(np.intp)
    ordered_first = np.sort(np.repeat(first, counts, axis=0), axis=0)
    ordered_last = np.sort(np.repeat(last, counts, axis=0), axis=0)[::-1]
    ranks = [(max(1, round(rank * len(ordered_first) / 12)) - 1, share) for rank, share in LEAD_CRITERIA]
    step_ms = 1000.0 / sampling_rate_hz
    onset = np.concatenate([joint_first, [ordered_first[rank, share] for rank, share in ranks]]) * step_ms
    end = np.concatenate([joint_last, [ordered_last[rank, share] for rank, share in ranks]]) * step_ms
    return onset, end, first[:, 1], last[:, 1]


def _consensus(
    signal_mv: FloatArray, sampling_rate_hz: float, weights: FloatArray, first_sample: int
) -> tuple[float, float, FloatArray, FloatArray]:
    """Return the median of the corrected criteria [ms], and first and last sample of each lead."""
    onset, end, first, last = criteria_ms(signal_mv, sampling_rate_hz, weights, first_sample)
    return (
        float(np.median(onset - ONSET_LATENESS_MS)),
        float(np.median(end + END_EARLINESS_MS)),
        first,
        last,
    )


def _draws(
    aligned_mv: FloatArray,
    sampling_rate_hz: float,
    first_sample: int,
    rng: np.random.Generator,
    replicates: int,
) -> FloatArray:
    """Measure again on beats and leads drawn with replacement; return onset and end [ms], shape (replicates, 2)."""
    beats, leads = aligned_mv.shape[:2]
    drawn = DrawnBeats(aligned_mv)
    limits = np.empty((replicates, 2))
    for replicate in range(replicates):
        median = drawn.median_mv(rng.multinomial(beats, np.full(beats, 1.0 / beats)))
        weights = rng.multinomial(leads, np.full(leads, 1.0 / leads)).astype(np.float64)
        limits[replicate] = _consensus(median, sampling_rate_hz, weights, first_sample)[:2]
    return limits


def _spread(draws_ms: FloatArray, duration_ms: float) -> tuple[float, float]:
    """Return standard deviations of onset and end: of the draws (robust) and of readers together."""
    growth = max(1.0, duration_ms / _READER_QRS_MS)
    onset_sd, end_sd = READER_ONSET_SD_MS * growth, READER_END_SD_MS * growth
    if len(draws_ms) < 2:
        return onset_sd, end_sd
    low, high = np.percentile(draws_ms, [16.0, 84.0], axis=0)
    drawn = 0.5 * (high - low)
    return float(np.hypot(drawn[0], onset_sd)), float(np.hypot(drawn[1], end_sd))


def _measurable(signal_mv: FloatArray) -> NDArray[np.intp]:
    """Return the rows whose QRS is large enough."""
    return np.flatnonzero(np.ptp(signal_mv, axis=1) >= _SMALLEST_QRS_MV)


def _first_allowed(stimulus_ms: tuple[float, ...], sampling_rate_hz: float) -> int:
    """Return the first sample of the QRS: behind the first artefact, or a pair that touches it."""
    if not stimulus_ms:
        return 0
    artefact_ms = max(t for t in stimulus_ms if t - stimulus_ms[0] <= _TOUCHING_MS)
    return int((artefact_ms + _STIMULUS_SHADOW_MS) * sampling_rate_hz / 1000.0)


def _around(value: float, half_width: float) -> tuple[float, float]:
    return value - half_width, value + half_width
