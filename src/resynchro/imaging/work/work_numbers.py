"""Myocardial work of the whole ventricle and of its walls, from the work of the segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from resynchro.imaging.work.myocardial_work import WorkParts
from resynchro.record.segments import SegmentModel, Wall, segments_of_wall

FloatArray = NDArray[np.float64]

#: Name for people and unit of every number, in the order they are shown.
WORK_NUMBERS: Mapping[str, tuple[str, str]] = {
    "gwi_mmhg_pct": ("global work index (GWI)", "mmHg %"),
    "gcw_mmhg_pct": ("global constructive work (GCW)", "mmHg %"),
    "gww_mmhg_pct": ("global wasted work (GWW)", "mmHg %"),
    "gpw_mmhg_pct": ("global positive work", "mmHg %"),
    "gnw_mmhg_pct": ("global negative work", "mmHg %"),
    "gwe_pct": ("global work efficiency (GWE)", "%"),
    "gwe_from_sums_pct": ("global work efficiency from sums", "%"),
    "septal_work_mmhg_pct": ("septal work", "mmHg %"),
    "lateral_work_mmhg_pct": ("lateral work", "mmHg %"),
    "lateral_minus_septal_work_mmhg_pct": ("lateral minus septal work", "mmHg %"),
    "septal_wasted_work_mmhg_pct": ("septal wasted work", "mmHg %"),
    "lateral_wasted_work_mmhg_pct": ("lateral wasted work", "mmHg %"),
    "septal_wasted_ratio_pct": ("septal wasted-work ratio", "%"),
    "lateral_wasted_ratio_pct": ("lateral wasted-work ratio", "%"),
}
WORK_VARIANTS: Mapping[str, str] = {
    "gwi_mmhg_pct": "mean of the segments",
    "gcw_mmhg_pct": "mean of the segments",
    "gww_mmhg_pct": "mean of the segments",
    "gpw_mmhg_pct": "mean of the segments",
    "gnw_mmhg_pct": "mean of the segments",
    "gwe_pct": "mean of the efficiencies of the segments",
    "gwe_from_sums_pct": "constructive over constructive and wasted work, summed over the segments",
    "septal_work_mmhg_pct": "mean work index of the septal segments",
    "lateral_work_mmhg_pct": "mean work index of the lateral segments",
    "lateral_minus_septal_work_mmhg_pct": "difference of the mean work indices (after Aalen 2020)",
    "septal_wasted_work_mmhg_pct": "mean of the septal segments",
    "lateral_wasted_work_mmhg_pct": "mean of the lateral segments",
    "septal_wasted_ratio_pct": "negative over positive work, summed over the septal segments (after Vecera 2016)",
    "lateral_wasted_ratio_pct": "negative over positive work, summed over the lateral segments (after Vecera 2016)",
}


def wall_of_number(key: str) -> tuple[Wall, ...]:
    """Return the walls a number is computed from; empty for all segments."""
    if key.startswith("lateral_minus_septal"):
        return ("lateral", "septal")
    return ("septal",) if key.startswith("septal") else ("lateral",) if key.startswith("lateral") else ()


def segments_of_number(key: str, segments: Sequence[int], model: SegmentModel) -> tuple[int, ...]:
    """Return which of the measured segments enter a number."""
    walls = wall_of_number(key)
    wanted = {segment for wall in walls for segment in segments_of_wall(wall, model)}
    return tuple(segment for segment in segments if not walls or segment in wanted)


def work_numbers(parts: WorkParts, segments: Sequence[int], model: SegmentModel) -> dict[str, FloatArray]:
    """Compute the numbers of the ventricle and of its walls.

    Parameters
    ----------
    parts
        Arrays of shape (..., segments).
    segments, model
        Segment of each column.

    Returns
    -------
    dict
        Key of `WORK_NUMBERS` to array of shape (...). A number of a wall without a measured segment, or with nothing
        to divide by, is not in it.

    Notes
    -----
    Every segment counts the same, as the vendor's global numbers do as far as known.
    """
    index, wasted = parts.index_mmhg_pct, parts.wasted_mmhg_pct
    constructive = parts.constructive_mmhg_pct
    numbers = {
        "gwi_mmhg_pct": index.mean(axis=-1),
        "gcw_mmhg_pct": constructive.mean(axis=-1),
        "gww_mmhg_pct": wasted.mean(axis=-1),
        "gpw_mmhg_pct": parts.positive_mmhg_pct.mean(axis=-1),
        "gnw_mmhg_pct": parts.negative_mmhg_pct.mean(axis=-1),
    }
    total = constructive + wasted
    if np.all(total > 0.0):
        numbers["gwe_pct"] = 100.0 * (constructive / total).mean(axis=-1)
    if np.all(total.sum(axis=-1) > 0.0):
        numbers["gwe_from_sums_pct"] = 100.0 * constructive.sum(axis=-1) / total.sum(axis=-1)
    for wall in ("septal", "lateral"):
        columns = [n for n, segment in enumerate(segments) if segment in segments_of_wall(wall, model)]
        if not columns:
            continue
        numbers[f"{wall}_work_mmhg_pct"] = index[..., columns].mean(axis=-1)
        numbers[f"{wall}_wasted_work_mmhg_pct"] = wasted[..., columns].mean(axis=-1)
        positive = parts.positive_mmhg_pct[..., columns].sum(axis=-1)
        if np.all(positive > 0.0):
            negative = parts.negative_mmhg_pct[..., columns].sum(axis=-1)
            numbers[f"{wall}_wasted_ratio_pct"] = 100.0 * negative / positive
    if {"septal_work_mmhg_pct", "lateral_work_mmhg_pct"} <= numbers.keys():
        numbers["lateral_minus_septal_work_mmhg_pct"] = (
            numbers["lateral_work_mmhg_pct"] - numbers["septal_work_mmhg_pct"]
        )
    return numbers


def joined_parts(parts: Sequence[WorkParts]) -> WorkParts:
    """Put the segments of several views side by side."""

    def joined(name: str) -> FloatArray:
        return np.concatenate([getattr(part, name) for part in parts], axis=-1)

    return WorkParts(
        index_mmhg_pct=joined("index_mmhg_pct"),
        constructive_mmhg_pct=joined("constructive_mmhg_pct"),
        wasted_mmhg_pct=joined("wasted_mmhg_pct"),
        positive_mmhg_pct=joined("positive_mmhg_pct"),
        negative_mmhg_pct=joined("negative_mmhg_pct"),
    )
