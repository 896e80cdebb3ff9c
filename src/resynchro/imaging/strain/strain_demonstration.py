"""A made-up strain examination in left bundle branch block for the demonstration case: no patient, known delays.

Three apical views of slightly different beats at 57 to 61 frames per second, 18 segments, valve events, cuff
pressure and an inferior scar. The septum contracts early, unloaded and briefly and is stretched again before aortic
valve closure; the lateral wall is stretched first and shortens late.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from resynchro.imaging.strain.strain_phantom import angular_delays_ms, coupled_strain, shortening_course
from resynchro.record.segments import level_of, segments_of
from resynchro.record.strain import CardiacEvents, StrainStudy, StrainView

FloatArray = NDArray[np.float64]

#: Basal and mid inferior: beside the latest segment, not in it. Share of shortening lost.
DEMONSTRATION_SCAR: Final = {4: 0.75, 10: 0.7}
#: The beat on which the delays are prescribed; the views are this beat, warped.
DEMONSTRATION_RR_MS: Final = 890.0
_EVENTS_MS: Final = {"mvc": 52.0, "avo": 118.0, "avc": 428.0, "mvo": 545.0}
_LATEST_MS: Final = 140.0
#: Inferolateral, so that the mid inferolateral segment is the latest.
_LATEST_ANGLE_DEG: Final = -20.0
#: Mid-ventricular segments are a little later than basal, apical ones earlier [ms].
_LEVEL_DELAY_MS: Final = {"basal": -8.0, "mid": 0.0, "apical": -16.0, "apex": -16.0}
_LEVEL_PEAK: Final = {"basal": 0.9, "mid": 1.0, "apical": 0.95, "apex": 0.95}
#: Shortening on its own: early walls contract unloaded, faster and less [%], [ms].
_EARLY_PEAK_PCT, _LATE_PEAK_PCT = 7.0, 15.0
_EARLY_RISE_MS, _LATE_RISE_MS, _RELAXATION_MS = 160.0, 320.0, 210.0
_COUPLING: Final = 0.55
#: Share of shortening that is left for the atrium to undo, and when it does, before the end of the beat [ms].
_DIASTASIS: Final = 0.18
_ATRIAL_START_MS, _ATRIAL_END_MS = 170.0, 50.0
#: View, its segments (base to apex, then back), its beat [ms] and frame rate [per s].
_VIEWS: Final = (
    ("4CH", (3, 9, 15, 18, 12, 6), 894.0, 59.0),
    ("2CH", (4, 10, 16, 13, 7, 1), 871.0, 61.0),
    ("APLAX", (5, 11, 17, 14, 8, 2), 908.0, 57.0),
)
#: Noise of a smoothed export [%].
_NOISE_PCT: Final = 0.25


def demonstration_delays_ms() -> dict[int, float]:
    """Return the prescribed delay of each of the 18 segments on the reference beat [ms]; segment 11 is the latest."""
    around = angular_delays_ms(_LATEST_MS, latest_angle_deg=_LATEST_ANGLE_DEG, model="aha18")
    return {segment: delay + _LEVEL_DELAY_MS[level_of(segment, "aha18")] for segment, delay in around.items()}


def demonstration_strain_study(seed: int = 1) -> StrainStudy:
    """Make the strain examination of the demonstration case.

    Parameters
    ----------
    seed
        Of the noise; the same seed gives the same numbers.

    Returns
    -------
    StrainStudy
        Longitudinal strain, 18 segments, cuff pressure 118/72 mmHg. Each view's beat is the reference beat with
        systole and diastole stretched linearly to its own AVC and RR.
    """
    rng = np.random.default_rng(seed)
    views = []
    for name, segments, rr_ms, frames_per_s in _VIEWS:
        # Systole changes less than the beat: half of the relative change.
        systole = 0.5 + 0.5 * rr_ms / DEMONSTRATION_RR_MS
        events_ms = {valve: systole * at for valve, at in _EVENTS_MS.items() if valve != "mvo"}
        avc_ms, reference_ms = events_ms["avc"], _EVENTS_MS["avc"]
        diastole = (rr_ms - avc_ms) / (DEMONSTRATION_RR_MS - reference_ms)
        events_ms["mvo"] = avc_ms + diastole * (_EVENTS_MS["mvo"] - reference_ms)
        time_ms = np.append(np.arange(0.0, rr_ms - 0.5 * 1000.0 / frames_per_s, 1000.0 / frames_per_s), rr_ms)
        on_reference = np.where(
            time_ms <= avc_ms, time_ms * (reference_ms / avc_ms), reference_ms + (time_ms - avc_ms) / diastole
        )
        strain = _lbbb_strain_pct(on_reference)[[segment - 1 for segment in segments]]
        strain += _smooth_noise(rng, strain.shape)
        views.append(
            StrainView(
                name=name,
                segments=segments,
                time_s=_fixed(np.round(time_ms / 1000.0, 6)),
                strain_pct=_fixed(np.round(strain, 4) + 0.0),
                rr_s=rr_ms / 1000.0,
                events=CardiacEvents(
                    mvc_s=round(events_ms["mvc"]) / 1000.0,
                    avo_s=round(events_ms["avo"]) / 1000.0,
                    avc_s=round(events_ms["avc"]) / 1000.0,
                    mvo_s=round(events_ms["mvo"]) / 1000.0,
                    origin="demonstration",
                ),
            )
        )
    return StrainStudy(
        file="demonstration",
        format="demonstration",
        sha256="",
        views=tuple(views),
        model="aha18",
        strain_type="longitudinal",
        kind="lagrangian",
        modality="echo",
        engine="demonstration (made-up curves)",
        systolic_mmhg=118.0,
        diastolic_mmhg=72.0,
        heart_rate_bpm=67.0,
    )


def _lbbb_strain_pct(time_ms: FloatArray) -> FloatArray:
    """Return strain of segments 1 to 18 at times of the reference beat, shape (18, T) [%]."""
    delays = demonstration_delays_ms()
    shares = angular_delays_ms(1.0, latest_angle_deg=_LATEST_ANGLE_DEG, model="aha18")
    alone = []
    for segment in segments_of("aha18"):
        share = shares[segment]
        peak = (_EARLY_PEAK_PCT + (_LATE_PEAK_PCT - _EARLY_PEAK_PCT) * share) * _LEVEL_PEAK[level_of(segment, "aha18")]
        rise_ms = _EARLY_RISE_MS + (_LATE_RISE_MS - _EARLY_RISE_MS) * share
        since = time_ms - delays[segment]
        systolic = shortening_course(since, rise_ms=rise_ms, fall_ms=_RELAXATION_MS)
        # After relaxation a rest stays until the atrium fills the ventricle, at one time for all walls.
        begun = shortening_course(since, rise_ms=rise_ms, fall_ms=1e9)
        start = DEMONSTRATION_RR_MS - _ATRIAL_START_MS
        filling = np.clip((time_ms - start) / (_ATRIAL_START_MS - _ATRIAL_END_MS), 0.0, 1.0)
        rest = _DIASTASIS * begun * (0.5 + 0.5 * np.cos(np.pi * filling))
        course = rest + (1.0 - _DIASTASIS) * systolic
        alone.append(peak * (1.0 - DEMONSTRATION_SCAR.get(segment, 0.0)) * course)
    return coupled_strain(np.stack(alone), _COUPLING)


def _smooth_noise(rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    """Return noise as a vendor's smoothing leaves it: correlated over three frames, 0 at both ends of the beat."""
    white = rng.standard_normal(shape)
    smooth = (np.roll(white, 1, axis=1) + 2.0 * white + np.roll(white, -1, axis=1)) / np.sqrt(6.0)
    edge = np.minimum(1.0, np.arange(shape[1]) / 4.0)
    return np.asarray(_NOISE_PCT * smooth * edge * edge[::-1], dtype=np.float64)


def _fixed(values: NDArray[np.float64]) -> FloatArray:
    values = np.ascontiguousarray(values, dtype=np.float64)
    values.setflags(write=False)
    return values
