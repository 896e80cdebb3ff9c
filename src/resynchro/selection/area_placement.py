"""The patient's QRS area against the published cut-offs."""

from __future__ import annotations

from dataclasses import dataclass

from resynchro.ecg.qrs_area_cutoffs import QRS_AREA_CUTOFFS, QrsAreaCutoff

AREA_CAVEAT = (
    "QRS area cut-offs come from cohorts in which everybody had CRT: they tell who did better with it, not "
    "how much CRT changed. They hold for an intrinsic QRS and for Kors or measured Frank leads only."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaPlacement:
    """The patient's QRS area against one published cut-off.

    Attributes
    ----------
    cutoff
        The cut-off with its population, effect and source.
    at_or_above
        At the measured value.
    borderline
        True when the interval of the measurement reaches over the cut-off.
    sentence
        The result in words.
    """

    cutoff: QrsAreaCutoff
    at_or_above: bool
    borderline: bool
    sentence: str


def place_area(
    area_uvs: float | None, interval_uvs: tuple[float, float] | None
) -> tuple[tuple[AreaPlacement, ...], str]:
    """Hold a QRS area against every published cut-off for the area before implantation.

    Parameters
    ----------
    area_uvs, interval_uvs
        QRS area and its interval [µVs].

    Returns
    -------
    (tuple of AreaPlacement, str)
        One per cut-off, and the reason when there is none.
    """
    if area_uvs is None:
        return (), "QRS area was not measured, so it cannot be held against the published cut-offs."
    baseline = [cutoff for cutoff in QRS_AREA_CUTOFFS if cutoff.quantity == "baseline"]
    return tuple(_place(cutoff, area_uvs, interval_uvs or (area_uvs, area_uvs)) for cutoff in baseline), ""


def _place(cutoff: QrsAreaCutoff, area_uvs: float, interval_uvs: tuple[float, float]) -> AreaPlacement:
    low, high = interval_uvs
    above = area_uvs >= cutoff.at_least_uvs
    borderline = low < cutoff.at_least_uvs <= high
    doubt = f"; the interval {low:.0f} to {high:.0f} µVs reaches over it" if borderline else ""
    unread = " [unverified]" if cutoff.status == "unverified" else ""
    return AreaPlacement(
        cutoff=cutoff,
        at_or_above=above,
        borderline=borderline,
        sentence=f"QRS area {area_uvs:.0f} µVs is {'at or above' if above else 'below'} "
        f"{cutoff.at_least_uvs:g} µVs{unread} ({cutoff.source}; n {cutoff.n}; {cutoff.population}; "
        f"{cutoff.effect}){doubt}.",
    )
