"""Strain of the left ventricle over one beat, per segment, as a vendor or our own tracker gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resynchro.record.finding import Finding
from resynchro.record.segments import SegmentModel

FloatArray = NDArray[np.float64]

#: Longitudinal and circumferential strain are negative in shortening, radial strain is positive in thickening.
StrainType = Literal["longitudinal", "circumferential", "radial"]
#: How a length became a strain: 100 (L/L0 - 1), 100 ln(L/L0) or 50 ((L/L0)^2 - 1).
StrainKind = Literal["lagrangian", "natural", "green-lagrange"]
Modality = Literal["echo", "cmr", "model", "unknown"]
EventName = Literal["mvc", "avo", "avc", "mvo"]
EVENT_WORDS: Mapping[EventName, str] = {
    "mvc": "mitral valve closure",
    "avo": "aortic valve opening",
    "avc": "aortic valve closure",
    "mvo": "mitral valve opening",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CardiacEvents:
    """Valve events of one beat, from QRS onset [s]; None where unknown, never guessed.

    Attributes
    ----------
    origin
        Where they are from: ``"read from the file"``, ``"given"``, ``"another view, rescaled"`` and the like.
    """

    mvc_s: float | None = None
    avo_s: float | None = None
    avc_s: float | None = None
    mvo_s: float | None = None
    origin: str = "unknown"

    def at(self, name: EventName) -> float | None:
        """Return one event by name [s]."""
        return {"mvc": self.mvc_s, "avo": self.avo_s, "avc": self.avc_s, "mvo": self.mvo_s}[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class StrainView:
    """The segments seen in one view (or slice), recorded in one beat.

    Attributes
    ----------
    name
        ``2CH``, ``4CH``, ``APLAX``, ``SAX-B``, ``SAX-PM``, ``SAX-AP``, or what the file says.
    segments
        Segment numbers of the study's model, one per row of `strain_pct`.
    time_s
        Shape (T,), increasing, 0 at QRS onset (echo) or at the end-diastolic frame [s].
    strain_pct
        Shape (segments, T), 0 at time 0 [%].
    rr_s
        Length of this view's own beat [s].
    events
        Valve events in this view's own beat.
    knots_mm
        Contour points over time, shape (T, knots, 2), x to the right and y away from the probe [mm], where
        the export holds them, else None.
    knots_closed
        True for a short-axis ring, False for an apical view.
    septal_inward_mm
        How far the middle of the septum lies inwards of where it was at time 0, from the chord between the insertions
        of the right ventricle, shape (T,) [mm], where a short-axis slice was tracked, else None.
    noise_pct
        Noise of one frame per segment, shape (segments,), where the engine knows its own [%]; None to estimate it.
    timing_noise_pct
        The white noise that scatters delays as much as this engine's slow errors do, shape (segments,) [%]; None where
        it is the same as the noise of a frame.
    """

    name: str
    segments: tuple[int, ...]
    time_s: FloatArray
    strain_pct: FloatArray
    rr_s: float
    events: CardiacEvents = field(default_factory=CardiacEvents)
    knots_mm: FloatArray | None = None
    knots_closed: bool = False
    septal_inward_mm: FloatArray | None = None
    noise_pct: FloatArray | None = None
    timing_noise_pct: FloatArray | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PressureTrace:
    """Left-ventricular pressure over one beat.

    Attributes
    ----------
    time_s, pressure_mmhg
        Shape (T,), time increasing, 0 at QRS onset; samples before 0 are allowed.
    origin
        ``"measured"``, ``"exported by the vendor"``, ``"estimated from cuff pressure and valve events"``.
    """

    time_s: FloatArray
    pressure_mmhg: FloatArray
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StrainStudy:
    """One strain examination as it was read: views of different beats, not yet brought together.

    Attributes
    ----------
    file, format, sha256
        Where it came from: the path as given (several joined by ``" + "``), the plain name of the format, and the
        digest of the bytes.
    engine
        Software that tracked the motion, as far as known; cut-offs do not transfer between engines.
    systolic_mmhg, diastolic_mmhg
        Cuff pressure in the file [mmHg].
    pressure
        Left-ventricular pressure in the file.
    vendor_tables
        The vendor's own summary numbers, kept apart from ours: quantity to segment (or ``"global"``) to value.
    vendor_traces
        The vendor's own derived curves by quantity and segment, for example ``work_mmhg_pct``: segment to
        array (2, T) of time [s] and value.
    """

    file: str
    format: str
    sha256: str
    views: tuple[StrainView, ...]
    model: SegmentModel
    strain_type: StrainType
    kind: StrainKind = "lagrangian"
    modality: Modality = "unknown"
    engine: str = "unknown"
    systolic_mmhg: float | None = None
    diastolic_mmhg: float | None = None
    heart_rate_bpm: float | None = None
    pressure: PressureTrace | None = None
    vendor_tables: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    vendor_traces: Mapping[str, Mapping[int, FloatArray]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentCurves:
    """Strain of all segments on one time base: what every index is computed from.

    Attributes
    ----------
    time_s
        Shape (T,), equally spaced from 0, last sample one step before `rr_s` when periodic [s].
    rr_s
        Length of the (common) beat [s].
    segments, model
        Segment of each row.
    strain_pct
        Shape (segments, T), read-only, finite, 0 at time 0 [%].
    noise_pct
        Noise of one frame per segment, shape (segments,) [%]; None when a smoothed export hides it.
    timing_noise_pct
        What scatters delays, where the errors of the engine last longer than a frame, shape (segments,) [%]; None where
        it is `noise_pct`.
    periodic
        True when the samples cover the whole beat and Fourier methods may be used.
    rr_spread
        (largest - smallest)/mean of the RR intervals of the views it was made from, 0 for one beat.
    """

    time_s: FloatArray
    rr_s: float
    segments: tuple[int, ...]
    model: SegmentModel
    strain_pct: FloatArray
    strain_type: StrainType
    kind: StrainKind
    events: CardiacEvents
    modality: Modality
    engine: str
    noise_pct: FloatArray | None
    periodic: bool
    timing_noise_pct: FloatArray | None = None
    rr_spread: float = 0.0
    source: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def frame_s(self) -> float:
        """Time between samples [s]."""
        return float(self.time_s[1] - self.time_s[0])

    @property
    def shortening(self) -> FloatArray:
        """Strain with the sign turned so that contraction is negative for every type, shape (segments, T) [%]."""
        return -self.strain_pct if self.strain_type == "radial" else self.strain_pct

    def row(self, segment: int) -> int | None:
        """Return the row of a segment, or None when it is missing."""
        return self.segments.index(segment) if segment in self.segments else None
