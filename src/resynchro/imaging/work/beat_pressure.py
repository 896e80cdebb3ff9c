"""Where the left-ventricular pressure of a beat comes from, and what it is in the beat of each view."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from resynchro.errors import MeasurementError
from resynchro.imaging.work.pressure_template import PressureScale, estimated_pressure, ordered_events_s
from resynchro.record.strain import CardiacEvents, PressureTrace


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatPressure:
    """The pressure of one patient: a curve that is carried into every view's beat, or the template for each of them.

    Attributes
    ----------
    systolic_mmhg, scale
        For the template; unused when there is a curve.
    trace, trace_events, trace_rr_s
        A measured or exported curve with the events and the length of its own beat; None for the template.
    """

    systolic_mmhg: float | None = None
    scale: PressureScale = "sbp"
    trace: PressureTrace | None = None
    trace_events: CardiacEvents | None = None
    trace_rr_s: float | None = None

    @property
    def follows_events(self) -> bool:
        """Whether other valve times would have given another pressure: not so for a catheter."""
        return self.trace is None or self.trace.origin != "measured"

    def in_beat(self, events: CardiacEvents, rr_s: float) -> PressureTrace:
        """Return the pressure in a beat with these events and of this length [s].

        Raises
        ------
        MeasurementError
            When events are missing or out of order, or neither curve nor cuff pressure is known.
        """
        if self.trace is not None:
            if self.trace_events is None or self.trace_rr_s is None:
                return self.trace
            return pressure_in_beat(self.trace, self.trace_events, self.trace_rr_s, events, rr_s)
        if self.systolic_mmhg is None:
            raise MeasurementError(
                "needs the systolic cuff pressure (for an estimated pressure) or a measured pressure curve: give one"
            )
        return estimated_pressure(events, self.systolic_mmhg, rr_s, scale=self.scale)

    def raised(self, by_mmhg: float) -> BeatPressure:
        """Return the pressure scaled so that its systolic value is higher by so much [mmHg]."""
        if self.trace is not None:
            peak = float(self.trace.pressure_mmhg.max())
            scaled = self.trace.pressure_mmhg * (peak + by_mmhg) / peak
            return replace(self, trace=replace(self.trace, pressure_mmhg=scaled))
        if self.systolic_mmhg is None:
            return self
        return replace(self, systolic_mmhg=self.systolic_mmhg + by_mmhg)


def pressure_in_beat(
    pressure: PressureTrace, events: CardiacEvents, rr_s: float, into: CardiacEvents, into_rr_s: float
) -> PressureTrace:
    """Carry a pressure curve into another beat by stretching time piecewise linearly between valve events.

    Parameters
    ----------
    pressure
        In the beat that `events` and `rr_s` describe.
    events, rr_s
        Of the pressure curve [s].
    into, into_rr_s
        Of the beat it is wanted in [s].

    Returns
    -------
    PressureTrace
        The same pressures at moved times; equal events change nothing up to MVO, and what lies before QRS onset
        stays. An event that only one of the beats knows is no landmark.

    Raises
    ------
    MeasurementError
        When events are out of order.
    """
    own, other = ordered_events_s(events, rr_s, ()), ordered_events_s(into, into_rr_s, ())
    shared = [name for name in own if name in other]
    source = (0.0, *(own[name] for name in shared), rr_s)
    target = (0.0, *(other[name] for name in shared), into_rr_s)
    if source == target:
        return pressure
    times = np.where(pressure.time_s > rr_s, pressure.time_s - rr_s + into_rr_s, pressure.time_s)
    inside = (pressure.time_s >= 0.0) & (pressure.time_s <= rr_s)
    times[inside] = np.interp(pressure.time_s[inside], source, target)
    # A phase that vanishes in the other beat leaves several samples at one time: the last of them goes on.
    keep = np.concatenate([np.diff(times) > 0.0, [True]])
    moved, kept = times[keep], pressure.pressure_mmhg[keep]
    for array in (moved, kept):
        array.setflags(write=False)
    return replace(pressure, time_s=moved, pressure_mmhg=kept)
