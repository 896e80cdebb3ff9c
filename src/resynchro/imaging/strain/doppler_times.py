"""Times read by hand from Doppler, tissue Doppler and M-mode recordings, which strain curves do not hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class DopplerTimes:
    """What a reader measured, all from QRS onset unless said otherwise; None or empty where not measured.

    Attributes
    ----------
    septal_peak_inward_ms, posterior_peak_inward_ms
        M-mode: greatest inward motion of the septum and of the posterior wall [ms].
    qrs_to_aortic_flow_ms, qrs_to_pulmonary_flow_ms
        Pulsed Doppler: onset of flow through the aortic and the pulmonary valve [ms].
    filling_time_ms, rr_ms
        Transmitral filling time, and the RR interval it was measured in [ms].
    lateral_contraction_end_ms, filling_onset_ms
        End of the lateral wall's contraction (M-mode) and start of left-ventricular filling (Doppler) [ms].
    ts_ms
        Tissue Doppler: time to peak systolic velocity inside ejection, by segment number of 1 to 12 [ms].
    ts_onset_ms
        Tissue Doppler: time to onset of systolic velocity, by segment [ms].
    ts_displacement_ms
        Tissue Doppler: time to peak systolic displacement, by segment [ms].
    dlc_count
        Basal segments with systolic motion in early diastole (delayed longitudinal contraction).
    """

    septal_peak_inward_ms: float | None = None
    posterior_peak_inward_ms: float | None = None
    qrs_to_aortic_flow_ms: float | None = None
    qrs_to_pulmonary_flow_ms: float | None = None
    filling_time_ms: float | None = None
    rr_ms: float | None = None
    lateral_contraction_end_ms: float | None = None
    filling_onset_ms: float | None = None
    ts_ms: Mapping[int, float] = field(default_factory=dict)
    ts_onset_ms: Mapping[int, float] = field(default_factory=dict)
    ts_displacement_ms: Mapping[int, float] = field(default_factory=dict)
    dlc_count: int | None = None
