"""One number per segment of the left ventricle, with what is missing and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from resynchro.record.segments import SegmentModel


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentMap:
    """A quantity per segment.

    Attributes
    ----------
    name, unit, method
        What it is, its unit, and how it was measured (author and year, or the name of our method).
    values
        Value by segment; a segment without a value is absent here.
    absent
        Reason by segment for those that could not be measured.
    """

    name: str
    unit: str
    method: str
    model: SegmentModel
    values: Mapping[int, float]
    absent: Mapping[int, str] = field(default_factory=dict)
