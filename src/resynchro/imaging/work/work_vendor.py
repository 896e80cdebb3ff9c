"""The vendor's own work beside ours: compared number by number, never mixed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resynchro.record.strain import StrainStudy

if TYPE_CHECKING:
    from resynchro.imaging.work.work_measurement import ViewWork

#: Quantity in the vendor's tables, our name of the part of a segment's work, our key of the global number.
_QUANTITIES = (
    ("work_index_mmhg_pct", "index_mmhg_pct", "gwi_mmhg_pct"),
    ("constructive_work_mmhg_pct", "constructive_mmhg_pct", "gcw_mmhg_pct"),
    ("wasted_work_mmhg_pct", "wasted_mmhg_pct", "gww_mmhg_pct"),
    ("positive_work_mmhg_pct", "positive_mmhg_pct", "gpw_mmhg_pct"),
    ("negative_work_mmhg_pct", "negative_mmhg_pct", "gnw_mmhg_pct"),
    ("work_efficiency_pct", "efficiency_pct", "gwe_pct"),
)
TRACE = "work_mmhg_pct"


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorDifference:
    """One number of the vendor beside ours.

    Attributes
    ----------
    quantity
        Name in the vendor's table; ``work_trace_at_mvo_mmhg_pct`` for the value of the exported work curve at MVO.
    place
        Segment number as text, or ``global``.
    ours, vendor, difference
        In the unit at the end of the quantity's name; difference = ours - vendor.
    """

    quantity: str
    place: str
    ours: float
    vendor: float
    difference: float


def vendor_differences(
    study: StrainStudy, measured: Sequence[ViewWork], values: Mapping[str, float]
) -> tuple[VendorDifference, ...]:
    """Set the vendor's table and work curves beside ours.

    Parameters
    ----------
    study
        With `vendor_tables` and `vendor_traces`.
    measured
        Our work per view.
    values
        Our numbers by key.

    Returns
    -------
    tuple of VendorDifference
        Work curves first; empty when the file holds none of the vendor's.
    """
    found = [*_traces(study, measured)]
    for quantity, part, key in _QUANTITIES:
        table = study.vendor_tables.get(quantity, {})
        if "global" in table and key in values:
            found.append(_difference(quantity, "global", values[key], table["global"]))
        ours = {
            segment: float(getattr(work.loops.parts, part)[row])
            for work in measured
            for row, segment in enumerate(work.view.segments)
        }
        for segment in sorted(ours):
            if str(segment) in table and np.isfinite(ours[segment]):
                found.append(_difference(quantity, str(segment), ours[segment], table[str(segment)]))
    return tuple(found)


def _traces(study: StrainStudy, measured: Sequence[ViewWork]) -> list[VendorDifference]:
    traces = study.vendor_traces.get(TRACE, {})
    found = []
    for work in measured:
        mvo_s = work.loops.events.mvo_s
        if mvo_s is None:
            continue
        ours = work.loops.work_at(mvo_s)
        for row, segment in enumerate(work.view.segments):
            trace = traces.get(segment)
            if trace is not None and trace[0, 0] <= mvo_s <= trace[0, -1]:
                exported = float(np.interp(mvo_s, trace[0], trace[1]))
                found.append(_difference("work_trace_at_mvo_mmhg_pct", str(segment), float(ours[row]), exported))
    return sorted(found, key=lambda one: int(one.place))


def _difference(quantity: str, place: str, ours: float, vendor: float) -> VendorDifference:
    return VendorDifference(quantity=quantity, place=place, ours=ours, vendor=vendor, difference=ours - vendor)
