"""One beat, from the programme to activation, QRS and derived numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.ecg.vectorcardiogram import KORS_1990
from resynchro.electrics.activation_indices import (
    ActivationIndices,
    SegmentActivation,
    activation_indices,
    segment_activation,
)
from resynchro.electrics.activation_weights import superpose_rows
from resynchro.electrics.body_surface_ecg import qrs_mv, qrs_window_ms, sample_times_ms, twelve_leads_mv
from resynchro.electrics.device_timing import Release, StimulusOutcome, device_beat
from resynchro.electrics.electrical_heart import ElectricalHeart
from resynchro.electrics.programme import Programme
from resynchro.electrics.simulated_ecg import SimulatedQrs, measured_qrs
from resynchro.errors import InputError
from resynchro.heart.mesh import FloatArray
from resynchro.record.ecg import Sex

#: A simulated QRS begins and ends where the root mean square of the leads passes this share of its largest value.
QRS_SHARE = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """One simulated beat. All times count from the activation of the right atrium.

    Attributes
    ----------
    programme
        What was simulated.
    releases
        Sources, intrinsic ones first.
    outcomes
        What became of each stimulus.
    sensed_ms
        When the device sees intrinsic activation [ms]; None when it never would.
    inhibited
        True when that inhibits pacing: the beat is intrinsic.
    times_ms
        Activation of each node, shape (n,) [ms]; inf where never.
    winner
        Number of the release whose front arrives first, shape (n,), int16; -1 where none does.
    intrinsic_share
        Share of the conducting volume that intrinsic conduction activates: the fusion fraction, 0 to 1.
    segments
        Activation of each segment.
    indices
        Derived numbers.
    qrs_mv
        Twelve leads, shape (12, k) [mV], one sample each millisecond.
    qrs_start_ms
        Time of the first sample [ms].
    qrs_onset_ms, qrs_end_ms
        Limits of the QRS by a share of 3 % of the largest root mean square of the leads [ms]. Limits by the rules that
        measure real ECGs: `measured`.
    """

    programme: Programme
    releases: tuple[Release, ...]
    outcomes: tuple[StimulusOutcome, ...]
    sensed_ms: float | None
    inhibited: bool
    times_ms: FloatArray
    winner: NDArray[np.int16]
    intrinsic_share: float
    segments: SegmentActivation
    indices: ActivationIndices
    qrs_mv: FloatArray
    qrs_start_ms: float
    qrs_onset_ms: float
    qrs_end_ms: float

    @property
    def sample_ms(self) -> FloatArray:
        """Times of the samples of the QRS, shape (k,) [ms]."""
        return sample_times_ms(self.qrs_start_ms, self.qrs_start_ms + self.qrs_mv.shape[1] - 1.0)

    @property
    def qrs_ms(self) -> float:
        """Duration of the QRS by the 3 % rule [ms]."""
        return self.qrs_end_ms - self.qrs_onset_ms

    @property
    def vectorcardiogram_mv(self) -> FloatArray:
        """Frank leads by Kors' regression, shape (3, k): X left, Y inferior, Z posterior [mV]."""
        return KORS_1990 @ self.qrs_mv[[0, 1, 6, 7, 8, 9, 10, 11]]

    @property
    def qrs_area_uvs(self) -> float:
        """Three-dimensional QRS area: length of the summed vector [uVs]."""
        return float(np.linalg.norm(self.vectorcardiogram_mv.sum(axis=1)))

    @property
    def axis_deg(self) -> float | None:
        """Frontal axis from the net areas of I and aVF [degree]; None where both vanish."""
        across, down = float(self.qrs_mv[0].sum()), 2.0 / math.sqrt(3.0) * float(self.qrs_mv[5].sum())
        return None if math.hypot(across, down) < 1e-9 else math.degrees(math.atan2(down, across))


def simulate(electrical: ElectricalHeart, programme: Programme) -> Simulation:
    """Simulate one beat.

    Parameters
    ----------
    electrical
        From `resynchro.electrics.electrical_heart.electrical_heart`. Fields not solved yet are solved now and kept.
    programme
        Conduction, leads and delays.

    Returns
    -------
    Simulation

    Raises
    ------
    InputError
        An unknown site, or nothing that activates the ventricles.

    Notes
    -----
    With all fields solved a beat costs about two milliseconds at 2 mm. The eikonal model has no refractoriness beyond
    one beat and no repolarisation.
    """
    beat = device_beat(electrical, programme)
    if not beat.releases:
        raise InputError(
            "nothing activates the ventricles: no intrinsic conduction and no stimulus that captures; add a site or "
            "another conduction"
        )
    n = electrical.node_count
    times, winner = np.empty(n), np.empty(n, np.int16)
    delays = np.array([release.release_ms for release in beat.releases])
    superpose_rows(beat.fields, beat.rows, delays, times, winner)
    weights = electrical.activation
    segments, sums = segment_activation(times, weights)
    intrinsic = sum(release.kind == "intrinsic" for release in beat.releases)
    by_conduction = float(weights.all_mm3 @ ((winner >= 0) & (winner < intrinsic)))
    by_stimuli = float(weights.all_mm3 @ (winner >= intrinsic))
    start_ms, end_ms = qrs_window_ms(times)
    leads = twelve_leads_mv(qrs_mv(times, electrical.weights_mv, start_ms=start_ms, end_ms=end_ms))
    onset, end = _qrs_limits(leads)
    for array in (times, winner, leads):
        array.setflags(write=False)
    return Simulation(
        programme=programme,
        releases=beat.releases,
        outcomes=beat.outcomes,
        sensed_ms=beat.sensed_ms,
        inhibited=beat.inhibited,
        times_ms=times,
        winner=winner,
        intrinsic_share=by_conduction / (by_conduction + by_stimuli),
        segments=segments,
        indices=activation_indices(times, weights, sums),
        qrs_mv=leads,
        qrs_start_ms=start_ms,
        qrs_onset_ms=start_ms + onset,
        qrs_end_ms=start_ms + end,
    )


def measured(electrical: ElectricalHeart, simulation: Simulation, *, sex: Sex | None = None) -> SimulatedQrs:
    """Measure a simulated beat by the code that measures real ECGs.

    Parameters
    ----------
    electrical, simulation
        The heart and the beat.
    sex
        For Strauss's definition of LBBB.

    Returns
    -------
    SimulatedQrs
        Duration, axis, area and morphology. A beat with a delivered stimulus counts as paced.
    """
    stimuli = tuple(outcome.scheduled_ms for outcome in simulation.outcomes if outcome.delivered)
    return measured_qrs(simulation.times_ms, electrical.weights_mv, sex=sex, stimulus_ms=stimuli)


def qlv_ms(electrical: ElectricalHeart, simulation: Simulation, site: str) -> float | None:
    """Return the time from the simulated QRS onset to the activation at a site; None where it is never activated.

    On an intrinsic beat at the site of the LV lead this is QLV (Gold MR et al. Eur Heart J 2011;32:2516-2524,
    doi:10.1093/eurheartj/ehr329).
    """
    time_ms = float(simulation.times_ms[electrical.site(site).node])
    return time_ms - simulation.qrs_onset_ms if math.isfinite(time_ms) else None


def _qrs_limits(leads_mv: FloatArray) -> tuple[int, int]:
    """Return the first and the last sample above the share of the largest root mean square."""
    square = np.einsum("lk,lk->k", leads_mv, leads_mv)
    above = np.flatnonzero(square > QRS_SHARE**2 * square.max())
    return int(above[0]), int(above[-1])
