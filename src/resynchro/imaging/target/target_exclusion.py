"""Why a segment is no target: septum, apex, scar, no uptake, too little motion, not timed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.target.segment_timing_draws import SegmentTiming
from resynchro.record.scar import ScarMap
from resynchro.record.segment_map import SegmentMap
from resynchro.record.segments import APICAL_FREE_WALL, segments_of, wall_of

#: Mean transmurality above which a segment is scar, and uptake below which it is not viable: ours. A posterolateral
#: scar of more than half the wall went with 14 against 81 % response (Bleeker).
TRANSMURALITY_LIMIT_PCT, UPTAKE_LIMIT_PCT = 50.0, 50.0


def fixed_exclusions(
    timing: SegmentTiming,
    scar: ScarMap | None,
    perfusion: SegmentMap | None,
    *,
    free_wall: Sequence[int],
    transmurality_limit_pct: float,
) -> dict[int, list[str]]:
    """Return the reasons against every segment of the 17-segment model, from the measured values themselves.

    Parameters
    ----------
    timing
        What was timed.
    scar, perfusion
        Maps of the 17-segment (or, without an apex, the 16-segment) model.
    free_wall
        Segments that may be targets.

    Raises
    ------
    MeasurementError
        For a map of the 18-segment model, whose apical numbers mean other places.
    """
    for what in (scar, perfusion):
        if what is not None and what.model == "aha18":
            raise MeasurementError(
                "the map of scar or uptake has 18 segments, the target has 17; convert it first "
                "(resynchro.record.segments.converted)"
            )
    row = {segment: index for index, segment in enumerate(timing.segments)}
    return {
        segment: _place(segment, free_wall)
        + _tissue(segment, scar, perfusion, transmurality_limit_pct)
        + _motion(segment, timing, row.get(segment))
        for segment in segments_of("aha17")
    }


def _place(segment: int, free_wall: Sequence[int]) -> list[str]:
    if segment in free_wall:
        return []
    if segment in APICAL_FREE_WALL:
        return ["apical"]
    wall = wall_of(segment)
    return ["septal" if wall == "septal" else "apical"]


def _tissue(
    segment: int, scar: ScarMap | None, perfusion: SegmentMap | None, transmurality_limit_pct: float
) -> list[str]:
    known = None if scar is None else scar.segments.get(segment)
    if known is not None:
        if known.transmurality_mean_pct > transmurality_limit_pct:
            return [f"scar of {known.transmurality_mean_pct:.0f} % of the wall (limit {transmurality_limit_pct:.0f} %)"]
        return []
    uptake = None if perfusion is None else perfusion.values.get(segment)
    if uptake is not None and uptake < UPTAKE_LIMIT_PCT:
        return [f"uptake {uptake:.0f} % of the maximum (at least {UPTAKE_LIMIT_PCT:.0f} % is viable)"]
    return []


def _motion(segment: int, timing: SegmentTiming, index: int | None) -> list[str]:
    if index is None:
        return [timing.absent.get(segment, "not seen in any view or slice")]
    reason = timing.reasons[index]
    return [] if not reason else [reason]


def scar_draws(
    scar: ScarMap | None, segments: Sequence[int], draws: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw the mean transmurality of each segment within the spread of the threshold rules.

    Returns
    -------
    ndarray, shape (draws, segments)
        Normal around the value of the rule that counts, a quarter of the range of all rules as standard deviation,
        within that range [%]: the rules at its ends (2 SD, Otsu) are known to call too much or too little. The one
        value where there is no range; 0 where scar is unknown.
    """
    table: Mapping[int, object] = {} if scar is None else scar.segments
    drawn = np.zeros((draws, len(segments)))
    for index, segment in enumerate(segments):
        if segment not in table or scar is None:
            continue
        known = scar.segments[segment]
        if known.low_pct is None or known.high_pct is None:
            drawn[:, index] = known.transmurality_mean_pct
        else:
            spread = (known.high_pct - known.low_pct) / 4.0
            values = known.transmurality_mean_pct + spread * rng.normal(size=draws)
            drawn[:, index] = np.clip(values, known.low_pct, known.high_pct)
    return drawn
