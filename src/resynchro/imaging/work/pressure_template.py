"""Left-ventricular pressure over one beat, estimated from cuff pressure and valve events."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError, MeasurementError
from resynchro.record.strain import EVENT_WORDS, CardiacEvents, EventName, PressureTrace

FloatArray = NDArray[np.float64]
PressureScale = Literal["sbp", "peak"]

#: Cuff pressures outside of it are typing errors or another unit (kPa, cmH2O) [mmHg].
SYSTOLIC_RANGE_MMHG = (50.0, 300.0)
ESTIMATED = "estimated from cuff pressure and valve events"
_STEP_S = 0.001
EVENT_ORDER: tuple[EventName, ...] = ("mvc", "avo", "avc", "mvo")
_SHAPE_TENTHS = tuple(tenth / 10.0 for tenth in range(11))
_SHAPE_FIFTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)

#: Phase after phase from QRS onset to QRS onset: relative time in the phase, and fraction of the cuff systolic
#: pressure. Sampled from the pressure curve of one export of one vendor (EchoPAC); the idea of one normalised curve
#: stretched to the valve times is Russell K, et al. Eur Heart J 2012;33:724-733, doi:10.1093/eurheartj/ehs016.
PHASES: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = (
    ((0.0, 0.5, 1.0), (0.15, 0.16, 0.25)),
    (_SHAPE_FIFTHS, (0.25, 0.35, 0.475, 0.60, 0.685, 0.72)),
    (_SHAPE_TENTHS, (0.72, 0.815, 0.88, 0.94, 0.98, 1.01, 1.015, 0.985, 0.91, 0.76, 0.55)),
    (_SHAPE_TENTHS, (0.55, 0.47, 0.395, 0.325, 0.265, 0.215, 0.175, 0.14, 0.115, 0.10, 0.085)),
    (_SHAPE_FIFTHS, (0.085, 0.087, 0.102, 0.119, 0.136, 0.15)),
)
TEMPLATE_PEAK = max(max(fractions) for _, fractions in PHASES)


def estimated_pressure(
    events: CardiacEvents, systolic_mmhg: float, rr_s: float, *, scale: PressureScale = "sbp"
) -> PressureTrace:
    """Estimate left-ventricular pressure over one beat from cuff pressure and the four valve events.

    Parameters
    ----------
    events
        All four, 0 <= MVC < AVO < AVC < MVO < RR, from QRS onset [s].
    systolic_mmhg
        Systolic pressure by cuff [mmHg].
    rr_s
        Length of the beat [s].
    scale
        ``sbp``: the template times the cuff pressure, whose peak is 1.015 of it as in the export it was sampled from;
        ``peak``: scaled so that the peak equals the cuff pressure.

    Returns
    -------
    PressureTrace
        One sample per millisecond and at every event, from 0 to `rr_s`.

    Raises
    ------
    MeasurementError
        When an event is missing, named in the message, or the events are out of order: nothing is invented.
    InputError
        For a cuff pressure outside 50 to 300 mmHg.

    Notes
    -----
    One file gave the template. In aortic stenosis and outflow obstruction cuff pressure is not left-ventricular
    pressure. In left bundle branch block the isovolumic phases are long and the shape is extrapolated. Between knots
    the curve is a monotone cubic (Fritsch FN, Carlson RE. SIAM J Numer Anal 1980;17:238-246, doi:10.1137/0717021).

    Examples
    --------
    >>> events = CardiacEvents(mvc_s=0.05, avo_s=0.09, avc_s=0.38, mvo_s=0.5)
    >>> trace = estimated_pressure(events, 120.0, 0.9)
    >>> round(float(trace.pressure_mmhg.max()), 1), float(trace.pressure_mmhg[0])
    (121.8, 18.0)
    """
    from scipy.interpolate import PchipInterpolator

    low, high = SYSTOLIC_RANGE_MMHG
    if not low <= systolic_mmhg <= high:
        raise InputError(
            f"systolic pressure must lie in [{low:g}, {high:g}] mmHg, got {systolic_mmhg:g}: is it in another unit?"
        )
    limits = (0.0, *ordered_events_s(events, rr_s).values(), rr_s)
    times: list[float] = []
    fractions: list[float] = []
    for (relative, values), start, end in zip(PHASES, limits[:-1], limits[1:], strict=True):
        for q, fraction in zip(relative, values, strict=True):
            knot = start + q * (end - start)
            if not times or knot > times[-1]:  # phases share their end knots; a first phase of no length vanishes
                times.append(knot)
                fractions.append(fraction)
    factor = systolic_mmhg / (TEMPLATE_PEAK if scale == "peak" else 1.0)
    if limits[1] == 0.0:
        fractions[0] = PHASES[1][1][0]
    grid = millisecond_grid(0.0, rr_s, limits)
    pressure = np.asarray(PchipInterpolator(times, fractions)(grid), dtype=np.float64) * factor
    for array in (grid, pressure):
        array.setflags(write=False)
    return PressureTrace(time_s=grid, pressure_mmhg=pressure, origin=ESTIMATED)


def ordered_events_s(
    events: CardiacEvents, rr_s: float, needed: Collection[EventName] = EVENT_ORDER
) -> dict[EventName, float]:
    """Return the valve events that are known, in their order, or say what is missing or out of order.

    Parameters
    ----------
    events
        From QRS onset [s].
    rr_s
        Length of the beat [s].
    needed
        Events without which the measurement cannot be made.

    Returns
    -------
    dict
        Event to time [s].

    Raises
    ------
    MeasurementError
        When a needed event is unknown, or those known are not 0 <= MVC < AVO < AVC < MVO < RR.
    """
    missing = missing_events(events, needed)
    if missing:
        raise MeasurementError(
            f"needs {' and '.join(missing)}: give the time from QRS onset; a valve time is never guessed"
        )
    known = {name: time for name in EVENT_ORDER if (time := events.at(name)) is not None}
    times = (*known.values(), rr_s)
    if times[0] < 0.0 or any(later <= earlier for earlier, later in pairwise(times)):
        found = ", ".join(f"{name.upper()} {time * 1000:.0f}" for name, time in known.items())
        raise MeasurementError(
            f"valve events must be 0 <= MVC < AVO < AVC < MVO < RR, got {found} and RR {rr_s * 1000:.0f} ms: "
            "correct them or leave them out"
        )
    return known


def missing_events(events: CardiacEvents, needed: Collection[EventName] = EVENT_ORDER) -> tuple[str, ...]:
    """Return which of the needed valve events are unknown, in words.

    Examples
    --------
    >>> missing_events(CardiacEvents(avc_s=0.38, mvo_s=0.5))
    ('MVC (mitral valve closure)', 'AVO (aortic valve opening)')
    """
    unknown = [name for name in EVENT_ORDER if name in needed and events.at(name) is None]
    return tuple(f"{name.upper()} ({EVENT_WORDS[name]})" for name in unknown)


def millisecond_grid(start_s: float, end_s: float, marks_s: tuple[float, ...] = ()) -> FloatArray:
    """Return times every millisecond from start to end, and the marks between them, increasing [s]."""
    count = int(np.floor((end_s - start_s) / _STEP_S + 1e-9))
    grid = start_s + np.arange(count + 1) * _STEP_S
    inside = [mark for mark in (start_s, *marks_s, end_s) if start_s <= mark <= end_s]
    merged = np.unique(np.concatenate([grid, inside]))
    # Two times closer than a nanosecond are one time that rounding split; the mark is kept.
    apart = np.concatenate([[True], np.diff(merged) > 1e-9])
    return np.asarray(merged[apart], dtype=np.float64)
