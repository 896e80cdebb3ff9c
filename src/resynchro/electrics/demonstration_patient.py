"""The synthetic patient of the demonstration: a dilated heart with an inferior scar and left bundle branch block.

Everything about it is known, so what the program finds can be held against the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from resynchro.electrics.conduction import Rhythm, conduction
from resynchro.electrics.electrical_heart import ElectricalHeart, electrical_heart
from resynchro.electrics.electrical_parameters import ElectricalParameters
from resynchro.electrics.programme import Programme, Stimulus
from resynchro.electrics.simulated_recording import simulated_record
from resynchro.electrics.simulation import simulate
from resynchro.heart.patient_sizes import KnownSizes, heart_from_sizes
from resynchro.heart.scar import with_scar
from resynchro.heart.vein_stations import with_veins
from resynchro.record.ecg import EcgRecord
from resynchro.record.scar import ScarMap, SegmentScar
from resynchro.record.segments import segments_of

#: Sizes of the heart, and transmurality of the scar per segment [%]; 0 in all others.
LV_EDV_ML = 249.0
SCAR_PCT: Mapping[int, float] = {4: 75.0, 10: 70.0, 5: 20.0, 15: 30.0}
#: Velocities of this patient: close to the defaults, not equal to them.
PARAMETERS = ElectricalParameters(v_fibre_m_per_s=0.66, v_transverse_m_per_s=0.29, v_rv_layer_m_per_s=2.0)
#: The left bundle is blocked, its network is entered through the septum.
CONDUCTION: Rhythm = "lbbb-distal-intact"
PR_MS = 178.0
AV_MS, SHORT_AV_MS, VV_MS = 120.0, 60.0, -20.0
RV_SITE, LV_SITE = "rv:apex", "lv:vein:posterolateral:2"
_NOISE_MV, _WANDER_MV = 0.012, 0.03

#: What paces in each recording, the AV delay [ms], and the heart rate [1/min]. The two references with one lead are
#: recorded with a short AV delay, so that nothing fuses with intrinsic conduction.
PACING: Mapping[str, tuple[tuple[str, ...], float, float]] = {
    "intrinsic": ((), AV_MS, 72.0),
    "biventricular": ((LV_SITE, RV_SITE), AV_MS, 74.0),
    "rv-only": ((RV_SITE,), SHORT_AV_MS, 76.0),
    "lv-only": ((LV_SITE,), SHORT_AV_MS, 75.0),
    "lv-capture-lost": ((RV_SITE,), AV_MS, 70.0),
}


def demonstration_scar() -> ScarMap:
    """Return the scar of the patient."""
    return ScarMap(
        model="aha17",
        segments={
            segment: SegmentScar(transmurality_mean_pct=SCAR_PCT.get(segment, 0.0)) for segment in segments_of("aha17")
        },
        method="synthetic",
        source="demonstration",
    )


@lru_cache(maxsize=1)
def demonstration_heart() -> ElectricalHeart:
    """Return the patient's heart, ready to be paced."""
    heart = heart_from_sizes(KnownSizes(lv_edv_ml=LV_EDV_ML), edge_mm=3.0)
    return electrical_heart(with_veins(with_scar(heart, demonstration_scar())), parameters=PARAMETERS)


def demonstration_programme(recording: str) -> Programme:
    """Return what activates the heart in a recording of `PACING`."""
    sites, av_ms, _ = PACING[recording]
    return Programme(
        conduction=conduction(CONDUCTION),
        pr_ms=PR_MS,
        stimuli=tuple(Stimulus(site=site) for site in sites),
        av_ms=av_ms,
        vv_ms=VV_MS,
    )


def demonstration_record(recording: str) -> EcgRecord:
    """Return a 12-lead recording of the patient, the same bytes every time.

    Parameters
    ----------
    recording
        A key of `PACING`.
    """
    sites, av_ms, heart_rate_bpm = PACING[recording]
    electrical = demonstration_heart()
    beat = simulate(electrical, demonstration_programme(recording))
    return simulated_record(
        beat.times_ms,
        electrical.weights_mv,
        heart_rate_bpm=heart_rate_bpm,
        # The recording counts from the first ventricular activation: a P wave so long before it.
        pr_ms=PR_MS if not sites else av_ms + 25.0,
        stimulus_ms=tuple(outcome.scheduled_ms for outcome in beat.outcomes if outcome.delivered),
        noise_mv=_NOISE_MV,
        wander_mv=_WANDER_MV,
        rng=np.random.default_rng(20260302 + list(PACING).index(recording)),
        sex="female",
        name=f"demonstration, {recording}",
    )
