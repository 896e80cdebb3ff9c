"""The representative beat: one clean 12-lead beat for each kind of beat in a recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from resynchro.record.ecg import LEADS, FloatArray

#: Sampling rate of the measurement path and of every representative beat [Hz].
MEASUREMENT_RATE_HZ = 500.0

BeatKind = Literal["intrinsic", "paced", "ectopic", "fusion"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepresentativeBeat:
    """Median of the aligned beats of one cluster.

    Attributes
    ----------
    signal_mv
        Shape (12, n_samples) [mV], rows in `LEADS` order, on the zero-phase measurement path, stimulus
        artefacts blanked. Sample i lies at i / sampling_rate_hz; all times "within the representative beat"
        count from sample 0.
    sampling_rate_hz
        Always `MEASUREMENT_RATE_HZ` [Hz].
    kind
        What the beats of the cluster are taken for.
    n_beats
        Number of beats in the median.
    noise_mv
        Shape (12,) [mV]: standard deviation of the isoelectric part of the median, per lead.
    stimulus_ms
        Ventricular stimuli within the beat, earliest first [ms]; empty when none was found.
    atrial_stimulus_ms
        Atrial stimuli within the beat [ms].
    """

    signal_mv: FloatArray
    sampling_rate_hz: float
    kind: BeatKind
    n_beats: int
    noise_mv: FloatArray
    stimulus_ms: tuple[float, ...] = ()
    atrial_stimulus_ms: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        self.signal_mv.setflags(write=False)
        self.noise_mv.setflags(write=False)

    def lead_mv(self, lead: str) -> FloatArray:
        """Return one lead [mV], shape (n_samples,)."""
        lead_mv: FloatArray = self.signal_mv[LEADS.index(lead)]
        return lead_mv

    def sample(self, time_ms: float) -> int:
        """Return the sample nearest to a time within the beat."""
        return round(time_ms * self.sampling_rate_hz / 1000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class QrsLimits:
    """Global QRS onset and end over twelve leads, within the representative beat.

    Attributes
    ----------
    onset_ms, end_ms
        Global limits [ms from sample 0 of the representative beat].
    onset_interval_ms, end_interval_ms, duration_interval_ms
        95 % intervals (low, high) from the spread over leads and beats [ms].
    lead_onset_ms, lead_end_ms
        Limits per lead, shape (12,), in `LEADS` order [ms]; NaN for a lead without a measurable QRS.
    stimulus_to_end_ms
        From the first ventricular stimulus to the QRS end for paced beats [ms], else None.
    """

    onset_ms: float
    end_ms: float
    onset_interval_ms: tuple[float, float]
    end_interval_ms: tuple[float, float]
    duration_interval_ms: tuple[float, float]
    lead_onset_ms: FloatArray
    lead_end_ms: FloatArray
    stimulus_to_end_ms: float | None = None

    @property
    def duration_ms(self) -> float:
        """QRS duration [ms]."""
        return self.end_ms - self.onset_ms
