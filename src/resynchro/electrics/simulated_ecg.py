"""The QRS of an activation map, measured as a representative beat of a real ECG is measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from resynchro.ecg.axis import frontal_axis_from_areas
from resynchro.ecg.clusters import AFTER_S, BEFORE_S, BeatCluster
from resynchro.ecg.conduction import judge_conduction
from resynchro.ecg.conduction_verdict import ConductionVerdict, Morphology
from resynchro.ecg.delineation import measure_limits
from resynchro.ecg.lead_waves import LeadWaves
from resynchro.ecg.qrs_area import qrs_area
from resynchro.ecg.representative import MEASUREMENT_RATE_HZ, QrsLimits, RepresentativeBeat
from resynchro.ecg.vectorcardiogram import vectorcardiogram_kors
from resynchro.ecg.waves import segment_waves
from resynchro.electrics.simulated_beat import beat_mv
from resynchro.errors import InputError
from resynchro.heart.mesh import FloatArray
from resynchro.record.ecg import Sex

#: Noise that the ECG code is told of: the resolution of a recorder [mV].
_NOISE_MV = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedQrs:
    """A simulated QRS as the ECG code measures it.

    Attributes
    ----------
    qrs_ms
        QRS duration [ms].
    onset_ms, end_ms
        On the time axis of the activation [ms].
    axis_deg
        Frontal axis from areas [degree]; None where the limb leads are flat.
    area_uvs
        Three-dimensional QRS area by Kors' vectorcardiogram [uVs].
    conduction
        Verdict of every definition.
    waves
        Of each lead, in the order of the twelve leads.
    limits, beat
        Within the beat, whose sample 0 lies at `beat_start_ms`.
    beat_start_ms
        On the time axis of the activation [ms].
    """

    qrs_ms: float
    onset_ms: float
    end_ms: float
    axis_deg: float | None
    area_uvs: float
    conduction: ConductionVerdict
    waves: tuple[LeadWaves, ...]
    limits: QrsLimits
    beat: RepresentativeBeat
    beat_start_ms: float

    @property
    def morphology(self) -> Morphology:
        """Best estimate of the kind of ventricular conduction."""
        return self.conduction.morphology


def measured_qrs(
    times_ms: FloatArray,
    independent_weights_mv: FloatArray,
    *,
    sex: Sex | None = None,
    amplitude: float = 1.0,
    stimulus_ms: tuple[float, ...] = (),
    adapted_to_ms: FloatArray | None = None,
) -> SimulatedQrs:
    """Measure the QRS of an activation map as a representative beat of a real ECG is measured.

    Parameters
    ----------
    times_ms, independent_weights_mv, amplitude, adapted_to_ms
        As in `beat_mv`.
    sex
        For Strauss's definition of LBBB.
    stimulus_ms
        Ventricular stimuli on the time axis of the activation [ms]; empty for an intrinsic beat.

    Returns
    -------
    SimulatedQrs

    Raises
    ------
    MeasurementError
        When the ECG code finds no QRS between 40 and 350 ms.
    """
    reached_ms = times_ms[np.isfinite(times_ms)]
    if reached_ms.size == 0:
        raise InputError("no node of the heart is activated: give at least one source in conducting muscle")
    middle_ms = 2.0 * np.round(0.25 * float(reached_ms.min() + np.percentile(reached_ms, 99.0)))
    start_ms = float(middle_ms - 1000.0 * BEFORE_S)
    end_ms = float(middle_ms + 1000.0 * AFTER_S - 2.0)
    signal_mv = beat_mv(
        times_ms,
        independent_weights_mv,
        start_ms=start_ms,
        end_ms=end_ms,
        step_ms=1000.0 / MEASUREMENT_RATE_HZ,
        amplitude=amplitude,
        adapted_to_ms=adapted_to_ms,
    )
    beat = RepresentativeBeat(
        signal_mv=signal_mv,
        sampling_rate_hz=MEASUREMENT_RATE_HZ,
        kind="paced" if stimulus_ms else "intrinsic",
        n_beats=1,
        noise_mv=np.full(12, _NOISE_MV),
        stimulus_ms=tuple(t - start_ms for t in sorted(stimulus_ms)),
    )
    cluster = BeatCluster(kind=beat.kind, times_s=(0.0,), representative=beat, aligned_mv=signal_mv[None])
    limits = measure_limits(cluster, rng=np.random.default_rng(0), replicates=0)
    waves = segment_waves(beat, limits)
    axis = frontal_axis_from_areas(beat, limits)
    area = qrs_area(vectorcardiogram_kors(signal_mv), MEASUREMENT_RATE_HZ, limits.onset_ms, limits.end_ms)
    conduction = judge_conduction(
        waves, limits, beat=beat, sex=sex, axis_deg=axis.axis_deg, paced="yes" if stimulus_ms else "no evidence"
    )
    return SimulatedQrs(
        qrs_ms=limits.duration_ms,
        onset_ms=limits.onset_ms + start_ms,
        end_ms=limits.end_ms + start_ms,
        axis_deg=axis.axis_deg,
        area_uvs=area.magnitude_uvs,
        conduction=conduction,
        waves=tuple(waves),
        limits=limits,
        beat=beat,
        beat_start_ms=start_ms,
    )
