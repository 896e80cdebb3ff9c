"""How far myocardial work moves with cuff pressure, valve times and strain noise, on this patient's own data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError, MeasurementError
from resynchro.imaging.work.beat_pressure import BeatPressure
from resynchro.imaging.work.myocardial_work import WorkLoops, WorkParts, work_increments, work_loops, work_parts
from resynchro.imaging.work.work_numbers import joined_parts, work_numbers
from resynchro.record.segments import SegmentModel
from resynchro.record.strain import CardiacEvents, EventName, StrainKind, StrainView

FloatArray = NDArray[np.float64]
#: ``moved``: a wrong valve time is wrong in the estimated pressure and in the windows. ``fixed``: the windows stay
#: where they were, except those that end at AVC.
Windows = Literal["moved", "fixed"]

#: What is changed and by how much: about what two readings of the same patient differ by (our choice).
SYSTOLIC_STEP_MMHG = 10.0
EVENT_STEP_S = 0.020
_CHANGED: tuple[EventName, ...] = ("avo", "avc", "mvc", "mvo")
#: Draws of the noise: the mean of a floor is then known to a twentieth of its scatter.
_DRAWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkShift:
    """What one changed input does to the numbers.

    Attributes
    ----------
    change
        In words: ``"AVC 20 ms earlier"``.
    source
        What was changed: ``systolic pressure``, ``mvc``, ``avo``, ``avc`` or ``mvo``.
    differences
        Key of the number to new minus old value, in its unit; empty when `absent`.
    absent
        Why it could not be computed, such as an MVC before the QRS; None when it could.
    """

    change: str
    source: str
    differences: Mapping[str, float]
    absent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkNoise:
    """What strain noise does to the numbers.

    Attributes
    ----------
    noise_pct
        Standard deviation of a frame, per segment [%].
    standard_deviation
        Key of the number to its standard deviation over the draws.
    without_waste
        Key of the number to its mean over the draws when every curve is replaced by the nearest one that wastes
        nothing: shortening only until AVC, lengthening only after it.
    """

    noise_pct: tuple[float, ...]
    standard_deviation: Mapping[str, float]
    without_waste: Mapping[str, float]


def work_sensitivity(
    views: Sequence[StrainView],
    pressure: BeatPressure,
    *,
    kind: StrainKind,
    model: SegmentModel,
    windows: Windows = "moved",
) -> tuple[WorkShift, ...]:
    """Change systolic pressure by 10 mmHg and every valve time by 20 ms, one at a time, and measure again.

    Parameters
    ----------
    views
        With the events they are measured with.
    pressure
        Where pressure comes from. A curve that a vendor made from valve times is stretched to the changed ones; one
        measured by a catheter stays and only the windows move.
    kind, model
        Of the study.
    windows
        ``moved`` moves pressure and windows; ``fixed`` only the estimated pressure (AVC moves both in either).

    Returns
    -------
    tuple of WorkShift
        Two for systolic pressure and two for each event.
    """
    base = _numbers(views, views, pressure, kind, model)
    shifts = []
    for step in (-SYSTOLIC_STEP_MMHG, SYSTOLIC_STEP_MMHG):
        name = f"systolic pressure {abs(step):.0f} mmHg {'lower' if step < 0 else 'higher'}"

        def changed_pressure(step: float = step) -> dict[str, float]:
            return _numbers(views, views, pressure.raised(step), kind, model)

        shifts.append(_shift(name, "systolic pressure", base, changed_pressure))
    for event in _CHANGED:
        for step in (-EVENT_STEP_S, EVENT_STEP_S):
            moved = tuple(replace(view, events=_moved(view.events, event, step)) for view in views)
            cut = moved if windows == "moved" or event == "avc" else views
            shaped = moved if pressure.follows_events else views
            name = f"{event.upper()} {abs(step) * 1000:.0f} ms {'earlier' if step < 0 else 'later'}"

            def changed_event(
                cut: Sequence[StrainView] = cut, shaped: Sequence[StrainView] = shaped
            ) -> dict[str, float]:
                return _numbers(cut, shaped, pressure, kind, model)

            shifts.append(_shift(name, event, base, changed_event))
    return tuple(shifts)


def combined_uncertainty(shifts: Sequence[WorkShift]) -> dict[str, float]:
    """Combine the larger shift of each source as the root of the sum of squares, in the unit of each number."""
    keys = {key for shift in shifts for key in shift.differences}
    combined = {}
    for key in sorted(keys):
        largest: dict[str, float] = {}
        for shift in shifts:
            if key in shift.differences:
                largest[shift.source] = max(largest.get(shift.source, 0.0), abs(shift.differences[key]))
        combined[key] = float(np.sqrt(sum(value**2 for value in largest.values())))
    return combined


def work_noise(
    views: Sequence[StrainView],
    loops: Sequence[WorkLoops],
    noise_pct: Sequence[FloatArray],
    *,
    model: SegmentModel,
    rng: np.random.Generator,
) -> WorkNoise:
    """Draw strain noise and measure again: on the curves as they are, and on curves that waste nothing.

    Parameters
    ----------
    views, loops
        The views and what was measured on them.
    noise_pct
        Standard deviation of white noise of a frame, one array of shape (segments,) per view [%].
    model
        Of the study.
    rng
        Source of the draws.

    Returns
    -------
    WorkNoise
    """
    noisy: list[WorkParts] = []
    wasteless: list[WorkParts] = []
    for view, loop, sigma in zip(views, loops, noise_pct, strict=True):
        draws = rng.standard_normal((_DRAWS, *view.strain_pct.shape)) * np.asarray(sigma)[:, None]
        noise = _on_grid(draws - draws[..., :1], view.time_s, loop.time_s)
        noisy.append(_parts(loop, loop.strain_pct + noise))
        wasteless.append(_parts(loop, _without_waste(loop) + noise))
    segments = [segment for view in views for segment in view.segments]
    spread = work_numbers(joined_parts(noisy), segments, model)
    floor = work_numbers(joined_parts(wasteless), segments, model)
    return WorkNoise(
        noise_pct=tuple(float(value) for sigma in noise_pct for value in sigma),
        standard_deviation={key: float(value.std(ddof=1)) for key, value in spread.items()},
        without_waste={key: float(value.mean()) for key, value in floor.items()},
    )


def _parts(loop: WorkLoops, strain_pct: FloatArray) -> WorkParts:
    events = loop.events
    assert events.mvc_s is not None and events.avc_s is not None and events.mvo_s is not None  # the loop was cut there
    steps = work_increments(strain_pct, loop.pressure_mmhg)
    return work_parts(steps, loop.time_s, events.mvc_s, events.avc_s, events.mvo_s)


def _without_waste(loop: WorkLoops) -> FloatArray:
    """Return the nearest curves that only shorten until AVC and only lengthen after it."""
    avc_s = loop.events.avc_s
    before = loop.time_s <= (0.0 if avc_s is None else avc_s) + 1e-9
    curves = loop.strain_pct.copy()
    for curve in curves:
        curve[before] = -_nearest_rising(-curve[before])
        curve[~before] = np.maximum(_nearest_rising(curve[~before]), curve[before][-1])
    return curves


def _nearest_rising(values: FloatArray) -> FloatArray:
    """Return the never falling curve nearest in least squares: neighbours out of order are averaged until none are.

    Ayer M, et al. Ann Math Stat 1955;26:641-647, doi:10.1214/aoms/1177728423.
    """
    means: list[float] = []
    counts: list[int] = []
    for value in values.tolist():
        means.append(value)
        counts.append(1)
        while len(means) > 1 and means[-2] > means[-1]:
            mean, count = means.pop(), counts.pop()
            means[-1] = (means[-1] * counts[-1] + mean * count) / (counts[-1] + count)
            counts[-1] += count
    return np.repeat(means, counts)


def _on_grid(values: FloatArray, time_s: FloatArray, grid_s: FloatArray) -> FloatArray:
    """Interpolate straight between frames, shape (..., T) to (..., G); beyond the frames the value stays."""
    right = np.clip(np.searchsorted(time_s, grid_s), 1, time_s.size - 1)
    share = np.clip((grid_s - time_s[right - 1]) / (time_s[right] - time_s[right - 1]), 0.0, 1.0)
    return np.asarray(values[..., right - 1] * (1.0 - share) + values[..., right] * share)


def _moved(events: CardiacEvents, name: EventName, by_s: float) -> CardiacEvents:
    time = events.at(name)
    if time is None:
        return events
    changed = {f"{name}_s": time + by_s}
    return replace(events, **changed)  # type: ignore[arg-type]


def _numbers(
    cut: Sequence[StrainView],
    shaped: Sequence[StrainView],
    pressure: BeatPressure,
    kind: StrainKind,
    model: SegmentModel,
) -> dict[str, float]:
    """Return the numbers with windows from one set of events and pressure from another."""
    parts = []
    for view, shape in zip(cut, shaped, strict=True):
        trace = pressure.in_beat(shape.events, shape.rr_s)
        parts.append(work_loops(view.time_s, view.strain_pct, trace, view.events, view.rr_s, kind=kind).parts)
    segments = [segment for view in cut for segment in view.segments]
    return {key: float(value) for key, value in work_numbers(joined_parts(parts), segments, model).items()}


def _shift(name: str, source: str, base: Mapping[str, float], changed: Callable[[], dict[str, float]]) -> WorkShift:
    try:
        numbers = changed()
    except (MeasurementError, InputError) as error:
        return WorkShift(change=name, source=source, differences={}, absent=str(error))
    return WorkShift(
        change=name,
        source=source,
        differences={key: numbers[key] - value for key, value in base.items() if key in numbers},
    )
