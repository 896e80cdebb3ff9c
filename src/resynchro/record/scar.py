"""Scar of the left ventricle per segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from resynchro.record.finding import Finding
from resynchro.record.segments import SegmentModel


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentScar:
    """Scar in one segment.

    Attributes
    ----------
    transmurality_mean_pct, transmurality_max_pct
        Share of the wall thickness that is scar, averaged over the chords of the segment, and of its worst chord [%].
        The largest is None where the source gives one number per segment.
    area_pct
        Share of the segment's area that is scar [%], or None.
    low_pct, high_pct
        Smallest and largest mean transmurality among the threshold rules: their spread is the uncertainty.
    """

    transmurality_mean_pct: float
    transmurality_max_pct: float | None = None
    area_pct: float | None = None
    low_pct: float | None = None
    high_pct: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScarMap:
    """Scar of one examination.

    Attributes
    ----------
    segments
        Scar by segment; a segment without an entry was not measured, and `absent` says why.
    method
        Threshold rule, or ``"labels"``, or ``"as given"``.
    scar_present
        Verdict of the patient-level gate; None when nothing was there to decide it.
    scar_pct_lvm
        Scar volume over myocardial volume [%]; None for maps given per segment.
    by_rule_pct_lvm
        The same for every threshold rule, side by side.
    source
        File it came from.
    """

    model: SegmentModel
    segments: Mapping[int, SegmentScar]
    method: str
    source: str
    absent: Mapping[int, str] = field(default_factory=dict)
    scar_present: bool | None = None
    scar_pct_lvm: float | None = None
    by_rule_pct_lvm: Mapping[str, float] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
