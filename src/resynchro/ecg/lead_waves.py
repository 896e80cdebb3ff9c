"""The waves of one lead: Q, R, S, R', S', their notches and slurs, the R-peak time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """One deflection between two crossings of the zero level, inside the QRS limits.

    Attributes
    ----------
    name
        ``Q``, ``R``, ``S``, ``R'``, ``S'`` or ``QS`` (only negative).
    onset_ms, peak_ms, end_ms
        Within the representative beat [ms].
    amplitude_mv
        Signed peak amplitude from the zero level before the QRS [mV].
    """

    name: str
    onset_ms: float
    peak_ms: float
    end_ms: float
    amplitude_mv: float

    @property
    def duration_ms(self) -> float:
        """Duration of the wave [ms]."""
        return self.end_ms - self.onset_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Notch:
    """A notch (the slope changes sign inside a wave) or a slur (the slope dips without changing sign).

    Attributes
    ----------
    kind
        ``notch`` or ``slur``.
    start_ms, time_ms, end_ms
        Begin, centre and end within the representative beat [ms].
    depth_mv
        Height between the local extremum and the lower neighbouring summit for a notch [mV]; 0 for a slur.
    """

    kind: Literal["notch", "slur"]
    start_ms: float
    time_ms: float
    end_ms: float
    depth_mv: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadWaves:
    """All waves of one lead.

    Attributes
    ----------
    lead
        Name of the lead.
    waves
        In order of time; empty for a lead without any wave above the noise floor.
    label
        Textbook label with lower case for small waves, for example ``rS``, ``qR``, ``rsR'``, ``QS``.
    notches
        Notches and slurs inside the waves, in order of time.
    r_peak_time_ms
        From the QRS onset to the last dominant R peak (intrinsicoid deflection) [ms]; None without an R wave.
    qrs_onset_ms, qrs_end_ms
        The limits inside which the waves were sought [ms within the representative beat].
    """

    lead: str
    waves: tuple[Wave, ...]
    label: str
    notches: tuple[Notch, ...]
    r_peak_time_ms: float | None
    qrs_onset_ms: float
    qrs_end_ms: float

    def wave(self, name: str) -> Wave | None:
        """Return the wave of that name, or None."""
        return next((wave for wave in self.waves if wave.name == name), None)

    def amplitude_mv(self, name: str) -> float:
        """Return the size of a wave as a positive number [mV]; 0 when the lead has none of that name."""
        wave = self.wave(name)
        return 0.0 if wave is None else abs(wave.amplitude_mv)

    def duration_ms(self, name: str) -> float:
        """Return the duration of a wave [ms]; 0 when the lead has none of that name."""
        wave = self.wave(name)
        return 0.0 if wave is None else wave.duration_ms
