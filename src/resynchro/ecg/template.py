"""A beat of known stimulation, kept to compare later recordings with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from resynchro.ecg.axis import frontal_axis
from resynchro.ecg.delineation import measure_limits
from resynchro.ecg.lead_waves import LeadWaves
from resynchro.ecg.measurement import EcgMeasurement
from resynchro.ecg.qrs_area import QrsArea, qrs_area, zero_level_mv
from resynchro.ecg.representative import QrsLimits, RepresentativeBeat
from resynchro.ecg.vectorcardiogram import vectorcardiogram_kors
from resynchro.ecg.waves import segment_waves
from resynchro.errors import InputError
from resynchro.record.ecg import LEADS, LIMB_LEADS, FloatArray

#: What was stimulated when the beat was recorded. ``reference``: as programmed, not known in detail.
TemplateLabel = Literal["intrinsic", "biventricular", "rv-only", "lv-only", "reference"]
PacedEvidence = Literal["yes", "probable", "no evidence"]

_LIMB_ROWS = tuple(LEADS.index(lead) for lead in LIMB_LEADS)


@dataclass(frozen=True, slots=True, kw_only=True)
class EcgTemplate:
    """One representative beat with what was measured on it.

    Attributes
    ----------
    label
        What was stimulated.
    name
        Where the beat came from, for messages: usually the file.
    beat, limits, waves
        The beat, its global QRS limits and the waves of its twelve leads.
    axis_deg
        Frontal QRS axis [degree]; None when indeterminate.
    area
        QRS area and its components by Kors.
    paced
        Whether stimuli were seen; ``no evidence`` never means "not paced".
    voltages_trusted
        False when the leads contradict each other, so that amplitudes mean nothing.
    """

    label: TemplateLabel
    name: str
    beat: RepresentativeBeat
    limits: QrsLimits
    waves: tuple[LeadWaves, ...]
    axis_deg: float | None
    area: QrsArea
    paced: PacedEvidence
    voltages_trusted: bool = True

    @property
    def qrs_ms(self) -> float:
        """Global QRS duration [ms]."""
        return self.limits.duration_ms

    @property
    def limb_qrs_ms(self) -> float:
        """QRS duration in the limb leads [ms]: second-earliest onset to second-latest end of the six leads.

        The second of each, so that one outlying lead cannot set it; the global duration when fewer than four
        limb leads have limits.
        """
        onset_ms = np.sort(self.limits.lead_onset_ms[list(_LIMB_ROWS)])
        end_ms = np.sort(self.limits.lead_end_ms[list(_LIMB_ROWS)])
        onset_ms, end_ms = onset_ms[np.isfinite(onset_ms)], end_ms[np.isfinite(end_ms)]
        if min(onset_ms.size, end_ms.size) < 4:
            return self.qrs_ms
        return float(end_ms[-2] - onset_ms[1])

    @property
    def area_vector_uvs(self) -> FloatArray:
        """Components X, Y, Z of the QRS area, shape (3,) [µVs]."""
        return np.array([self.area.x_uvs, self.area.y_uvs, self.area.z_uvs])

    @property
    def zeroed_mv(self) -> FloatArray:
        """The beat counted from its level before the QRS, shape (12, n) [mV]."""
        level_mv = zero_level_mv(
            self.beat.signal_mv,
            self.beat.sampling_rate_hz,
            self.limits.onset_ms,
            until_ms=_first_stimulus_ms(self.beat, self.limits),
        )
        zeroed: FloatArray = self.beat.signal_mv - level_mv[:, np.newaxis]
        return zeroed

    def lead_waves(self, lead: str) -> LeadWaves:
        """Return the waves of one lead."""
        return next(waves for waves in self.waves if waves.lead == lead)


def ecg_template(
    label: TemplateLabel,
    beat: RepresentativeBeat,
    limits: QrsLimits,
    *,
    name: str | None = None,
    paced: PacedEvidence | None = None,
    waves: tuple[LeadWaves, ...] | None = None,
    voltages_trusted: bool = True,
) -> EcgTemplate:
    """Measure a representative beat so that others can be compared with it.

    Parameters
    ----------
    label
        What was stimulated when it was recorded.
    beat, limits
        The beat and its global QRS limits.
    name
        Where it came from; the label when None.
    paced
        Evidence of stimulation; None takes ``yes`` when the beat carries ventricular stimuli, else
        ``no evidence``.
    waves
        Waves already measured on this beat; None measures them here.
    voltages_trusted
        False when the record's leads contradict each other.

    Returns
    -------
    EcgTemplate
        The template.

    Raises
    ------
    MeasurementError
        When the limits leave the beat.
    """
    stimulus_ms = _first_stimulus_ms(beat, limits)
    area = qrs_area(
        vectorcardiogram_kors(beat.signal_mv),
        beat.sampling_rate_hz,
        limits.onset_ms,
        limits.end_ms,
        zero_until_ms=stimulus_ms,
    )
    return EcgTemplate(
        label=label,
        name=label if name is None else name,
        beat=beat,
        limits=limits,
        waves=segment_waves(beat, limits) if waves is None else waves,
        axis_deg=frontal_axis(beat, limits, zero_until_ms=stimulus_ms).axis_deg,
        area=area,
        paced=paced if paced is not None else "yes" if beat.stimulus_ms else "no evidence",
        voltages_trusted=voltages_trusted,
    )


def template_from_measurement(
    measurement: EcgMeasurement,
    *,
    label: TemplateLabel = "reference",
    cluster: int = 0,
    paced: PacedEvidence | None = None,
    name: str | None = None,
) -> EcgTemplate:
    """Make a template of one kind of beat of a measured ECG.

    Parameters
    ----------
    measurement
        From `resynchro.measure_ecg`.
    label
        What was stimulated.
    cluster
        Which of the measurement's beat clusters; 0 is the one that was measured.
    paced
        What the user knows of the stimulation, above the evidence in the recording.
    name
        Name for messages; None takes the file.

    Returns
    -------
    EcgTemplate
        The template. Evidence of pacing counts only for a cluster that is paced or fused.

    Raises
    ------
    InputError
        When the recording has no such cluster.
    MeasurementError
        When the cluster's QRS cannot be delineated.
    """
    if not 0 <= cluster < len(measurement.clusters):
        raise InputError(
            f"beat cluster {cluster} was asked for, {measurement.record.source.file} has "
            f"{len(measurement.clusters)}, counted from 0"
        )
    chosen = measurement.clusters[cluster]
    beat = chosen.representative
    if cluster == 0:
        limits, waves = measurement.limits, measurement.waves
    else:
        limits = measure_limits(chosen, rng=np.random.default_rng(0))
        waves = segment_waves(beat, limits)
    seen = measurement.paced if beat.kind in ("paced", "fusion") else "no evidence"
    return ecg_template(
        label,
        beat,
        limits,
        name=measurement.record.source.file if name is None else name,
        paced=seen if paced is None else paced,
        waves=waves,
        voltages_trusted=measurement.record.voltages_trusted,
    )


def _first_stimulus_ms(beat: RepresentativeBeat, limits: QrsLimits) -> float | None:
    """Return the first ventricular stimulus that lies shortly before the QRS onset [ms], if any."""
    near = [t for t in beat.stimulus_ms if 0.0 < limits.onset_ms - t < 60.0 and t >= 20.0]
    return min(near, default=None)
