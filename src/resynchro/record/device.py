"""The implanted device: its leads and how it is programmed at a visit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: ``none`` says that there is no device; PM and ICD have no left-ventricular lead, CRT-P and CRT-D have one;
#: CSP paces the conduction system instead.
DeviceType = Literal["none", "PM", "ICD", "CRT-P", "CRT-D", "CSP"]
Vein = Literal["anterior", "anterolateral", "lateral", "posterolateral", "posterior", "middle-cardiac", "other"]
RvSite = Literal["apex", "septum", "outflow-tract", "other"]
ConductionSystemSite = Literal["his", "left-bundle-area"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LvLead:
    """Where the left-ventricular lead lies.

    Attributes
    ----------
    segment
        AHA segment 1 to 17 of the pacing electrode (Cerqueira 2002, doi:10.1161/hc0402.102975).
    vein
        Branch of the coronary sinus that holds the lead.
    """

    segment: int | None = None
    vein: Vein | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RvLead:
    """Where the right-ventricular lead lies."""

    site: RvSite | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """The device as found or left at one visit.

    Attributes
    ----------
    av_sensed_ms, av_paced_ms
        From the sensed (paced) atrial event to the first ventricular stimulus [ms].
    vv_ms
        Left minus right ventricular stimulus time [ms]: negative means left ventricle first.
    biv_pacing_pct, rv_pacing_pct
        The device's counters since the last visit: share of beats paced in both ventricles, and in the right
        one alone [%].
    """

    type: DeviceType
    lv_lead: LvLead | None = None
    rv_lead: RvLead | None = None
    conduction_system_lead: ConductionSystemSite | None = None
    av_sensed_ms: float | None = None
    av_paced_ms: float | None = None
    vv_ms: float | None = None
    biv_pacing_pct: float | None = None
    rv_pacing_pct: float | None = None
