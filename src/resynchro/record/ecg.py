"""The 12-lead electrocardiogram as it was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resynchro.record.finding import Finding

FloatArray = NDArray[np.float64]

LEADS: tuple[str, ...] = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
LIMB_LEADS: tuple[str, ...] = LEADS[:6]
PRECORDIAL_LEADS: tuple[str, ...] = LEADS[6:]
#: The leads that carry all the information of twelve (III and the augmented leads follow from I and II).
INDEPENDENT_LEADS: tuple[str, ...] = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
INDEPENDENT_ROWS: tuple[int, ...] = tuple(LEADS.index(lead) for lead in INDEPENDENT_LEADS)

Sex = Literal["female", "male"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EcgFilters:
    """Filters that the recorder says were already applied; None where it says nothing."""

    high_pass_hz: float | None = None
    low_pass_hz: float | None = None
    notch_hz: float | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorReading:
    """What the recorder itself measured and said, kept verbatim and apart from our own measurements.

    Attributes
    ----------
    measurements
        Numbers by our name with the unit as last token, as far as the file gives them: ``heart_rate_bpm``,
        ``pr_ms``, ``qrs_ms``, ``qt_ms``, ``qtc_ms``, ``p_axis_deg``, ``qrs_axis_deg``, ``t_axis_deg``,
        ``qrs_onset_ms``, ``qrs_end_ms`` (the last two within the vendor's representative beat).
    statements
        Interpretation statements, in the file's order and language.
    pace_marks_s
        Times of stimulus marks from the start of the record [s].
    median_mv
        The vendor's representative (median) beat, shape (12, n) [mV], rows in `LEADS` order; None without
        one.
    median_sampling_rate_hz
        Sampling rate of `median_mv` [Hz].
    """

    measurements: Mapping[str, float] = field(default_factory=dict)
    statements: tuple[str, ...] = ()
    pace_marks_s: tuple[float, ...] = ()
    median_mv: FloatArray | None = None
    median_sampling_rate_hz: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EcgSource:
    """Where a record came from.

    Attributes
    ----------
    file
        The path as the user gave it.
    format
        Plain name of the format, for example ``GE MUSE XML``.
    sha256
        Hexadecimal digest of the bytes that were read (for WFDB: header and signal files in order).
    uv_per_count
        Microvolts per count where one factor was used for all leads, else None.
    uv_per_count_overridden
        True when the user replaced the file's own gain.
    """

    file: str
    format: str
    sha256: str
    recorded_at: datetime | None = None
    device: str | None = None
    uv_per_count: float | None = None
    uv_per_count_overridden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EcgRecord:
    """A simultaneous 12-lead recording in millivolt.

    Attributes
    ----------
    signal_mv
        Shape (12, n_samples) [mV], float64, finite, read-only; rows in the order of `LEADS`.
    sampling_rate_hz
        Samples per second of `signal_mv` [Hz].
    derived_leads
        Limb leads that were not in the file and were computed from the others.
    frank_mv
        Measured Frank leads X (left), Y (inferior), Z (posterior positive), shape (3, n_samples) [mV], where
        the file holds them.
    findings
        What the checks on reading found: Einthoven and Goldberger residuals, flat or saturated leads and so
        on.
    voltages_trusted
        False when the leads contradict each other so much (Einthoven's law) that amplitudes, axis and areas
        mean nothing; times still do.
    sex, age_years
        As the file states them; None where it does not.
    """

    signal_mv: FloatArray
    sampling_rate_hz: float
    source: EcgSource
    derived_leads: frozenset[str] = frozenset()
    filters: EcgFilters = EcgFilters()
    vendor: VendorReading = VendorReading()
    frank_mv: FloatArray | None = None
    findings: tuple[Finding, ...] = ()
    voltages_trusted: bool = True
    sex: Sex | None = None
    age_years: float | None = None

    def __post_init__(self) -> None:
        if self.signal_mv.ndim != 2 or self.signal_mv.shape[0] != len(LEADS):
            raise ValueError(f"signal_mv must have shape (12, n_samples), got {self.signal_mv.shape}")
        self.signal_mv.setflags(write=False)
        if self.frank_mv is not None:
            self.frank_mv.setflags(write=False)

    @property
    def duration_s(self) -> float:
        """Length of the recording [s]."""
        return int(self.signal_mv.shape[1]) / self.sampling_rate_hz

    def lead_mv(self, lead: str) -> FloatArray:
        """Return one lead [mV], shape (n_samples,)."""
        lead_mv: FloatArray = self.signal_mv[LEADS.index(lead)]
        return lead_mv
