"""Myocardial work: what the left-ventricular pressure and the strain of a segment do to each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.strain.strain_kind import to_lagrangian
from resynchro.imaging.work.pressure_template import millisecond_grid, ordered_events_s
from resynchro.record.strain import CardiacEvents, EventName, PressureTrace, StrainKind

FloatArray = NDArray[np.float64]
#: The events that cut the beat into windows; AVO only shapes an estimated pressure.
WINDOW_EVENTS: tuple[EventName, ...] = ("mvc", "avc", "mvo")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkParts:
    """Work of several segments over one beat, each array of shape (..., segments).

    Attributes
    ----------
    index_mmhg_pct
        Work from MVC to MVO, ``positive - negative`` [mmHg %].
    constructive_mmhg_pct
        Work of shortening from MVC to AVC and of lengthening from AVC to MVO [mmHg %].
    wasted_mmhg_pct
        Work of lengthening from MVC to AVC and of shortening from AVC to MVO, as a positive number [mmHg %].
    positive_mmhg_pct, negative_mmhg_pct
        Work of shortening and of lengthening from MVC to MVO, both as positive numbers [mmHg %].
    """

    index_mmhg_pct: FloatArray
    constructive_mmhg_pct: FloatArray
    wasted_mmhg_pct: FloatArray
    positive_mmhg_pct: FloatArray
    negative_mmhg_pct: FloatArray

    @property
    def efficiency_pct(self) -> FloatArray:
        """Constructive share of constructive and wasted work [%]; 0/0 of a segment without work is not a number."""
        total = self.constructive_mmhg_pct + self.wasted_mmhg_pct
        with np.errstate(invalid="ignore"):
            return np.asarray(100.0 * self.constructive_mmhg_pct / np.where(total > 0.0, total, np.nan))


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkLoops:
    """Pressure, strain and cumulated work of the segments of one view on a grid of one millisecond.

    Attributes
    ----------
    time_s, pressure_mmhg
        Shape (G,); the events are among the times.
    strain_pct
        Lagrangian strain, shape (segments, G) [%].
    work_mmhg_pct
        Work done since the first time, shape (segments, G) [mmHg %].
    events
        The events the parts were cut at.
    parts
        Numbers per segment, shape (segments,).
    """

    time_s: FloatArray
    pressure_mmhg: FloatArray
    strain_pct: FloatArray
    work_mmhg_pct: FloatArray
    events: CardiacEvents
    parts: WorkParts

    def work_at(self, time_s: float) -> FloatArray:
        """Return the work done until a time, shape (segments,) [mmHg %]."""
        return np.array([np.interp(time_s, self.time_s, row) for row in self.work_mmhg_pct])


def work_increments(strain_pct: FloatArray, pressure_mmhg: FloatArray) -> FloatArray:
    """Return the work of every step, ``-P dE`` with the mean pressure of the step (trapezoid).

    Parameters
    ----------
    strain_pct
        Lagrangian strain, shape (..., G) [%].
    pressure_mmhg
        At the same times, shape (G,) [mmHg].

    Returns
    -------
    FloatArray
        Shape (..., G - 1) [mmHg %]; shortening against pressure is positive.
    """
    middle = (pressure_mmhg[1:] + pressure_mmhg[:-1]) / 2.0
    return np.asarray(-middle * np.diff(strain_pct, axis=-1))


def work_parts(increments: FloatArray, time_s: FloatArray, mvc_s: float, avc_s: float, mvo_s: float) -> WorkParts:
    """Sum the steps of work by direction and by phase.

    Parameters
    ----------
    increments
        From `work_increments`, shape (..., G - 1) [mmHg %].
    time_s
        Shape (G,), with the three events among the times [s].
    mvc_s, avc_s, mvo_s
        Valve events [s].

    Returns
    -------
    WorkParts
        Arrays of shape (...).
    """
    middle = (time_s[1:] + time_s[:-1]) / 2.0
    systole = increments[..., (middle > mvc_s) & (middle < avc_s)]
    relaxation = increments[..., (middle > avc_s) & (middle < mvo_s)]
    systole_up, systole_down = _split(systole)
    relaxation_up, relaxation_down = _split(relaxation)
    return WorkParts(
        index_mmhg_pct=systole.sum(axis=-1) + relaxation.sum(axis=-1),
        constructive_mmhg_pct=systole_up + relaxation_down,
        wasted_mmhg_pct=systole_down + relaxation_up,
        positive_mmhg_pct=systole_up + relaxation_up,
        negative_mmhg_pct=systole_down + relaxation_down,
    )


def work_loops(
    time_s: FloatArray,
    strain_pct: FloatArray,
    pressure: PressureTrace,
    events: CardiacEvents,
    rr_s: float,
    *,
    kind: StrainKind = "lagrangian",
) -> WorkLoops:
    """Integrate the work of the segments of one view in its own beat.

    Parameters
    ----------
    time_s
        Shape (T,), 0 at QRS onset [s].
    strain_pct
        Shape (segments, T); between frames it is taken as straight [%].
    pressure
        In the same beat, 0 at QRS onset.
    events
        MVC, AVC and MVO of this beat at least [s].
    rr_s
        Length of the beat [s].
    kind
        Of the strain; work is defined with Lagrangian strain and other kinds are converted.

    Returns
    -------
    WorkLoops
        From QRS onset to the end of the strain or of the pressure, whichever comes first.

    Raises
    ------
    MeasurementError
        When an event is missing or out of order, or strain or pressure do not cover MVC to MVO.

    Notes
    -----
    Russell K, et al. Eur Heart J 2012;33:724-733, doi:10.1093/eurheartj/ehs016. With the longitudinal strain of a
    whole wall the unit mmHg % stands for work per volume of muscle only up to the unknown wall stress: pressure is
    not stress, and thin or dilated walls bear more of it.
    """
    marks = ordered_events_s(events, rr_s, WINDOW_EVENTS)
    start = max(0.0, float(pressure.time_s[0]))  # before the first frame strain is 0 by definition
    end = min(float(time_s[-1]), float(pressure.time_s[-1]))
    if start > marks["mvc"] or end < marks["mvo"]:
        raise MeasurementError(
            f"strain and pressure together cover {start * 1000:.0f} to {end * 1000:.0f} ms; work needs "
            f"MVC to MVO ({marks['mvc'] * 1000:.0f} to {marks['mvo'] * 1000:.0f} ms)"
        )
    grid = millisecond_grid(start, end, tuple(marks.values()))
    curves = to_lagrangian(strain_pct, kind)
    strain = np.array([np.interp(grid, time_s, row) for row in curves]).reshape(len(curves), grid.size)
    pressure_mmhg = np.interp(grid, pressure.time_s, pressure.pressure_mmhg)
    steps = work_increments(strain, pressure_mmhg)
    work = np.concatenate([np.zeros((len(strain), 1)), np.cumsum(steps, axis=-1)], axis=-1)
    for array in (grid, pressure_mmhg, strain, work):
        array.setflags(write=False)
    return WorkLoops(
        time_s=grid,
        pressure_mmhg=pressure_mmhg,
        strain_pct=strain,
        work_mmhg_pct=work,
        events=events,
        parts=work_parts(steps, grid, marks["mvc"], marks["avc"], marks["mvo"]),
    )


def _split(steps: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the sums of the steps above zero and, as positive numbers, of those below."""
    return np.clip(steps, 0.0, None).sum(axis=-1), -np.clip(steps, None, 0.0).sum(axis=-1)
