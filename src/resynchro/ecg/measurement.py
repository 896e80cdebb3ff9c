"""Everything that one 12-lead recording tells: the pipeline from the record to the judged beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.ecg.axis import FrontalAxis, frontal_axis_from_amplitudes, frontal_axis_from_areas
from resynchro.ecg.beats import detect_beats, rough_onsets
from resynchro.ecg.cleaning import clean, resample_to
from resynchro.ecg.clusters import BeatCluster, cluster_beats
from resynchro.ecg.conduction import judge_conduction
from resynchro.ecg.conduction_verdict import ConductionVerdict, Morphology
from resynchro.ecg.delineation import QrsConvention, measure_limits
from resynchro.ecg.lead_waves import LeadWaves
from resynchro.ecg.measurement_findings import measurement_findings
from resynchro.ecg.p_and_t import PAndT, measure_p_and_t
from resynchro.ecg.qrs_area import ZERO_WINDOW_MS, QrsArea, QrsAreaInterval, qrs_area, qrs_area_interval, zero_level_mv
from resynchro.ecg.representative import MEASUREMENT_RATE_HZ, QrsLimits, RepresentativeBeat
from resynchro.ecg.selvester import SelvesterScore, selvester_score
from resynchro.ecg.stimuli import (
    Stimulation,
    StimulationVerdict,
    blank_stimuli,
    find_spikes,
    judge_stimulation,
)
from resynchro.ecg.vectorcardiogram import VectorLoop, vector_loop, vectorcardiogram_kors
from resynchro.ecg.waves import segment_waves
from resynchro.errors import MeasurementError
from resynchro.record.ecg import LEADS, EcgRecord, FloatArray, Sex
from resynchro.record.finding import Finding

#: Shorter recordings hold no whole beat for sure [s].
SHORTEST_RECORD_S = 1.0
#: Among so many beats at least two are alike, or they are none.
_ENOUGH_BEATS = 4
_UNTRUSTED = "the leads contradict each other, so voltages mean nothing (see the warnings)"


@dataclass(frozen=True, slots=True, kw_only=True)
class EcgMeasurement:
    """The measured and judged ECG.

    Attributes
    ----------
    record
        What was measured, unchanged.
    heart_rate_bpm
        From the mean interval between all beats [1/min]; None with fewer than two beats.
    stimulation
        Stimulus artefacts of the whole record.
    clusters
        Beats by form; the first one is the one that was measured.
    limits, waves, p_and_t
        Global QRS limits, waves of each lead, P and T of the measured representative beat.
    pr_ms, qt_ms
        [ms]; None with the reason in `absent`.
    axis, axis_by_amplitude
        Frontal QRS axis from net areas (primary) and from net amplitudes; None when voltages cannot be
        trusted.
    area, area_interval, loop
        QRS area by Kors, its range, and the QRS loop; None when voltages cannot be trusted.
    area_before_p
        QRS area with the level before the P wave as zero, as software without a zero at the QRS onset gives it; None
        without a P wave too.
    conduction
        Morphology by every definition.
    selvester
        Strauss-Selvester score; None when voltages cannot be trusted.
    qrs_convention
        Whose marks the QRS limits follow.
    sex, age_years
        What definitions and score were judged with.
    warnings
        Findings on reading and on measuring.
    absent
        (name, reason) of every value that could not be computed.
    """

    record: EcgRecord
    heart_rate_bpm: float | None
    stimulation: Stimulation
    clusters: tuple[BeatCluster, ...]
    limits: QrsLimits
    waves: tuple[LeadWaves, ...]
    p_and_t: PAndT
    pr_ms: float | None
    qt_ms: float | None
    axis: FrontalAxis | None
    axis_by_amplitude: FrontalAxis | None
    area: QrsArea | None
    area_interval: QrsAreaInterval | None
    area_before_p: QrsArea | None
    loop: VectorLoop | None
    conduction: ConductionVerdict
    selvester: SelvesterScore | None
    qrs_convention: QrsConvention
    sex: Sex | None
    age_years: float | None
    warnings: tuple[Finding, ...]
    absent: tuple[tuple[str, str], ...]

    @property
    def beat(self) -> RepresentativeBeat:
        """The representative beat that was measured."""
        return self.clusters[0].representative

    @property
    def paced(self) -> StimulationVerdict:
        """Evidence of pacing in the record: ``yes``, ``probable`` or ``no evidence``."""
        return self.stimulation.verdict

    @property
    def qrs_ms(self) -> float:
        """Global QRS duration [ms]."""
        return self.limits.duration_ms

    @property
    def morphology(self) -> Morphology:
        """Headline morphology of the measured beat."""
        return self.conduction.morphology

    @property
    def axis_deg(self) -> float | None:
        """Frontal QRS axis [degrees]."""
        return None if self.axis is None else self.axis.axis_deg

    @property
    def qrs_area_uvs(self) -> float | None:
        """QRS area by Kors [µVs]."""
        return None if self.area is None else self.area.magnitude_uvs


def measure_ecg(
    record: EcgRecord,
    *,
    sex: Sex | None = None,
    age_years: float | None = None,
    qrs_convention: QrsConvention = "manual",
    rng: np.random.Generator | None = None,
) -> EcgMeasurement:
    """Measure and judge a 12-lead ECG.

    Parameters
    ----------
    record
        From `resynchro.read_ecg`.
    sex, age_years
        Override what the file says; needed by Strauss's definition and the Selvester score.
    qrs_convention
        Whose marks the QRS limits follow: ``manual`` (cardiologists of LUDB) or ``recorder`` (12 ms
        narrower).
    rng
        Draws beats and leads for the intervals. None takes a generator of fixed seed, so that the same
        recording always gives the same result.

    Returns
    -------
    EcgMeasurement

    Raises
    ------
    MeasurementError
        When no beats are found or no lead shows a QRS.

    Notes
    -----
    The raw record stays as it is. Times are measured at 500 Hz; a record of another rate is resampled for
    measuring. Validity and measured errors: ``docs/ecg.md`` and ``validation/ecg/README.md``.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    sex = record.sex if sex is None else sex
    age_years = record.age_years if age_years is None else age_years
    stimulation, clusters = _beats_of(record)
    beat = clusters[0].representative
    limits = measure_limits(clusters[0], rng=rng, convention=qrs_convention)
    waves = segment_waves(beat, limits)
    rr_ms = _median_interval_ms(clusters)
    heart_rate_bpm = _heart_rate_bpm(clusters)
    p_and_t = measure_p_and_t(beat, limits, rr_ms)
    beat_paced: StimulationVerdict = stimulation.verdict if beat.kind in ("paced", "fusion") else "no evidence"
    voltages = _voltages(beat, limits, p_and_t) if record.voltages_trusted else _Voltages()
    axis_deg = None if voltages.axis is None else voltages.axis.axis_deg
    conduction = judge_conduction(waves, limits, beat=beat, sex=sex, axis_deg=axis_deg, paced=beat_paced)
    selvester = None
    if record.voltages_trusted:
        selvester = selvester_score(
            waves,
            beat=beat,
            limits=limits,
            sex=sex,
            age_years=age_years,
            conduction=conduction.morphology,
            axis_deg=axis_deg,
            paced=beat_paced == "yes",
            heart_rate_bpm=heart_rate_bpm,
            p_wave_mv=_upright_p_mv(p_and_t),
        )
    pr_ms = None if p_and_t.p_onset_ms is None or beat_paced == "yes" else limits.onset_ms - p_and_t.p_onset_ms
    return EcgMeasurement(
        record=record,
        heart_rate_bpm=heart_rate_bpm,
        stimulation=stimulation,
        clusters=clusters,
        limits=limits,
        waves=waves,
        p_and_t=p_and_t,
        pr_ms=pr_ms,
        qt_ms=None if p_and_t.t_end_ms is None else p_and_t.t_end_ms - limits.onset_ms,
        axis=voltages.axis,
        axis_by_amplitude=voltages.axis_by_amplitude,
        area=voltages.area,
        area_interval=voltages.area_interval,
        area_before_p=voltages.area_before_p,
        loop=voltages.loop,
        conduction=conduction,
        selvester=selvester,
        qrs_convention=qrs_convention,
        sex=sex,
        age_years=age_years,
        warnings=record.findings + measurement_findings(record, clusters, limits, rr_ms),
        absent=_absent(record, p_and_t, voltages.axis, rr_ms, beat_paced),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Voltages:
    """What hangs on true voltages; nothing of it where they cannot be trusted."""

    axis: FrontalAxis | None = None
    axis_by_amplitude: FrontalAxis | None = None
    area: QrsArea | None = None
    area_interval: QrsAreaInterval | None = None
    area_before_p: QrsArea | None = None
    loop: VectorLoop | None = None


def _voltages(beat: RepresentativeBeat, limits: QrsLimits, p_and_t: PAndT) -> _Voltages:
    """Measure axis, vectorcardiogram and QRS area; the zero level ends before a stimulus."""
    rate, onset_ms, end_ms = beat.sampling_rate_hz, limits.onset_ms, limits.end_ms
    until_ms = min([t for t in beat.stimulus_ms if t <= onset_ms], default=None)
    vcg_mv = vectorcardiogram_kors(beat.signal_mv)
    zero_mv = zero_level_mv(vcg_mv, rate, onset_ms, until_ms=until_ms)
    area_before_p = None
    if p_and_t.p_onset_ms is not None and p_and_t.p_onset_ms > ZERO_WINDOW_MS:
        area_before_p = qrs_area(vcg_mv, rate, onset_ms, end_ms, zero_until_ms=p_and_t.p_onset_ms)
    return _Voltages(
        axis=frontal_axis_from_areas(beat, limits, zero_until_ms=until_ms),
        axis_by_amplitude=frontal_axis_from_amplitudes(beat, limits, zero_until_ms=until_ms),
        area=qrs_area(vcg_mv, rate, onset_ms, end_ms, zero_until_ms=until_ms),
        area_interval=qrs_area_interval(beat.signal_mv, rate, limits, zero_until_ms=until_ms),
        area_before_p=area_before_p,
        loop=vector_loop(vcg_mv, rate, onset_ms=onset_ms, end_ms=end_ms, zero_mv=zero_mv),
    )


def _beats_of(record: EcgRecord) -> tuple[Stimulation, tuple[BeatCluster, ...]]:
    """Find stimuli and beats, blank the stimuli, group the beats."""
    if record.duration_s < SHORTEST_RECORD_S:
        raise MeasurementError(
            f"{record.source.file} lasts {record.duration_s:.2f} s, at least {SHORTEST_RECORD_S:g} s are needed: "
            "look at the sampling rate, or give a longer recording"
        )
    spikes = find_spikes(record.signal_mv, record.sampling_rate_hz)
    marks_s = record.vendor.pace_marks_s
    blanked_s = tuple(sorted({spike.time_s for spike in spikes} | set(marks_s)))
    cleaned_mv, beats, onsets = _blanked_beats(record, blanked_s)
    stimulation = judge_stimulation(spikes, onsets / MEASUREMENT_RATE_HZ, record.duration_s, marks_s)
    if stimulation.all_s != blanked_s:
        # Spikes that were judged to be none go back in: a narrow R wave must not be blanked.
        cleaned_mv, beats, onsets = _blanked_beats(record, stimulation.all_s)
    clusters = cluster_beats(cleaned_mv, beats, onsets, stimulation)
    if not clusters:
        raise MeasurementError(
            f"no heart beats were found in {record.source.file} ({record.duration_s:.1f} s): at least one "
            "whole beat, 0.16 s away from both ends, is needed; look at the recording"
        )
    if len(beats) >= _ENOUGH_BEATS and max(len(cluster.times_s) for cluster in clusters) == 1:
        raise MeasurementError(
            f"no two of the {len(beats)} deflections found in {record.source.file} are alike: this looks like noise, "
            "not like a heart beating; look at the recording"
        )
    return stimulation, clusters


def _blanked_beats(
    record: EcgRecord, blanked_s: tuple[float, ...]
) -> tuple[FloatArray, NDArray[np.intp], NDArray[np.intp]]:
    """Return the measurement path with stimuli blanked, the beats in it and their rough onsets."""
    blanked_mv = blank_stimuli(record.signal_mv, record.sampling_rate_hz, blanked_s)
    cleaned_mv = clean(resample_to(blanked_mv, record.sampling_rate_hz), MEASUREMENT_RATE_HZ)
    beats = detect_beats(cleaned_mv, MEASUREMENT_RATE_HZ)
    return cleaned_mv, beats, rough_onsets(cleaned_mv, MEASUREMENT_RATE_HZ, beats)


def _median_interval_ms(clusters: tuple[BeatCluster, ...]) -> float | None:
    times_s = np.sort(np.concatenate([cluster.times_s for cluster in clusters]))
    return None if times_s.size < 2 else float(np.median(np.diff(times_s)) * 1000.0)


def _heart_rate_bpm(clusters: tuple[BeatCluster, ...]) -> float | None:
    """Return beats per time: in bigeminy and in fibrillation the median interval would mislead."""
    times_s = np.sort(np.concatenate([cluster.times_s for cluster in clusters]))
    return None if times_s.size < 2 else float(60.0 * (times_s.size - 1) / (times_s[-1] - times_s[0]))


def _upright_p_mv(p_and_t: PAndT) -> dict[str, float] | None:
    if p_and_t.p_amplitude_mv is None:
        return None
    return {lead: max(0.0, float(p_and_t.p_amplitude_mv[LEADS.index(lead)])) for lead in ("V1", "V2", "aVF")}


def _absent(
    record: EcgRecord,
    p_and_t: PAndT,
    axis: FrontalAxis | None,
    rr_ms: float | None,
    beat_paced: StimulationVerdict,
) -> tuple[tuple[str, str], ...]:
    absent = []
    if rr_ms is None:
        absent.append(("heart_rate_bpm", "fewer than two beats"))
    if p_and_t.p_reason is not None:
        absent.append(("pr_ms", p_and_t.p_reason))
    elif beat_paced == "yes":
        absent.append(("pr_ms", "the ventricles are paced"))
    if p_and_t.t_reason is not None:
        absent.append(("qt_ms", p_and_t.t_reason))
    if not record.voltages_trusted:
        absent += [(name, _UNTRUSTED) for name in ("axis_deg", "qrs_area_uvs", "selvester")]
    elif axis is not None and axis.reason is not None:
        absent.append(("axis_deg", axis.reason))
    return tuple(absent)
