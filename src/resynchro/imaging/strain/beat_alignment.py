"""Bring beats of different length to one time base: systole and diastole scale differently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.record.finding import Finding
from resynchro.record.strain import CardiacEvents, EventName, StrainView

FloatArray = NDArray[np.float64]
#: ``auto``: by AVC where every view has one, else over the whole beat. ``rr``: over the whole beat.
Rescale = Literal["auto", "rr"]
#: Our limit beyond which times from different beats are hardly comparable, rescaled or not.
LARGEST_RR_SPREAD = 0.15
_EVENTS: tuple[EventName, ...] = ("mvc", "avo", "avc", "mvo")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonBeat:
    """The beat that all views are brought to.

    Attributes
    ----------
    rr_s
        Mean of the RR intervals [s].
    rr_spread
        (largest - smallest)/mean of the RR intervals.
    events
        Valve events on the common time base [s].
    end_systole_s
        AVC of each view, in the order of the views, when systole and diastole are scaled apart; else None [s].
    findings
        What was done, where it matters.
    """

    rr_s: float
    rr_spread: float
    events: CardiacEvents
    end_systole_s: tuple[float, ...] | None
    findings: tuple[Finding, ...]


def common_beat(views: Sequence[StrainView], *, rescale: Rescale = "auto") -> CommonBeat:
    """Choose the common beat of several views.

    Parameters
    ----------
    views
        At least one.
    rescale
        See `Rescale`.

    Returns
    -------
    CommonBeat
        RR and AVC are the means over the views; other events are mapped from each view and averaged.

    Raises
    ------
    MeasurementError
        When an AVC lies outside its beat.
    """
    lengths = np.array([view.rr_s for view in views])
    rr_s = float(lengths.mean())
    spread = float(np.ptp(lengths) / rr_s)
    for view in views:
        avc = view.events.avc_s
        if avc is not None and not 0.0 < avc < view.rr_s:
            raise MeasurementError(
                f"{view.name}: AVC at {1000 * avc:.0f} ms lies outside its beat of {1000 * view.rr_s:.0f} ms; "
                "check the events and the RR interval"
            )
    known = tuple(view.events.avc_s for view in views if view.events.avc_s is not None)
    by_events = rescale == "auto" and len(known) == len(views)
    end_systole = known if by_events else None
    beat = CommonBeat(rr_s=rr_s, rr_spread=spread, events=CardiacEvents(), end_systole_s=end_systole, findings=())
    return replace(beat, events=_common_events(views, beat), findings=_findings(views, spread, by_events))


def common_time(time_s: FloatArray, view: StrainView, beat: CommonBeat, index: int) -> FloatArray:
    """Map times of one view to the common beat.

    Parameters
    ----------
    time_s
        Any shape, in the view's own beat [s].
    view, index
        The view and its place among the views.
    beat
        From `common_beat`.

    Returns
    -------
    FloatArray
        Same shape: ``[0, ES_k] -> [0, ES]`` and ``[ES_k, RR_k] -> [ES, RR]``, each linearly; without AVC
        ``[0, RR_k] -> [0, RR]`` [s]. Beyond the beat the last slope goes on.
    """
    times = np.asarray(time_s, dtype=np.float64)
    if beat.end_systole_s is None:
        return times * (beat.rr_s / view.rr_s)
    own, common = beat.end_systole_s[index], float(np.mean(beat.end_systole_s))
    systole = times * (common / own)
    diastole = common + (times - own) * ((beat.rr_s - common) / (view.rr_s - own))
    return np.where(times <= own, systole, diastole)


def _common_events(views: Sequence[StrainView], beat: CommonBeat) -> CardiacEvents:
    found: dict[EventName, float | None] = {}
    for name in _EVENTS:
        mapped = [
            float(common_time(np.array(at), view, beat, index))
            for index, view in enumerate(views)
            if (at := view.events.at(name)) is not None
        ]
        found[name] = float(np.mean(mapped)) if mapped else None
    origins = {view.events.origin for view in views if any(view.events.at(name) is not None for name in _EVENTS)}
    return CardiacEvents(
        mvc_s=found["mvc"],
        avo_s=found["avo"],
        avc_s=found["avc"],
        mvo_s=found["mvo"],
        origin=" and ".join(sorted(origins)) if origins else "unknown",
    )


def _findings(views: Sequence[StrainView], spread: float, by_events: bool) -> tuple[Finding, ...]:
    if len(views) < 2:
        return ()
    lengths = ", ".join(f"{view.name} {1000 * view.rr_s:.0f}" for view in views)
    findings = []
    if spread > LARGEST_RR_SPREAD:
        findings.append(
            Finding(
                code="rr-spread",
                message=f"the RR intervals of the views differ by {100 * spread:.0f} % ({lengths} ms), more than "
                f"{100 * LARGEST_RR_SPREAD:.0f} %: times across views are weak even after rescaling",
            )
        )
    if not by_events and spread > 0.005:
        findings.append(
            Finding(
                code="scaled-over-beat",
                message=f"beats of {lengths} ms were scaled over the whole beat, not systole and diastole each: "
                "that needs an AVC of every view",
            )
        )
    return tuple(findings)
