"""Remodelling between two visits by volume, and right-ventricular function, with published limits."""

from __future__ import annotations

from dataclasses import dataclass

from resynchro.errors import InputError
from resynchro.imaging.published_values import published_values
from resynchro.record.index_value import IndexValue

UNKNOWN = "unknown"
_EXACT = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitVolumes:
    """Left-ventricular volumes of one visit, and how they were got.

    Attributes
    ----------
    lvedv_ml, lvesv_ml, lvef_pct
        None where unknown.
    modality, software, method
        ``echo``, ``cmr`` ...; name of the software; ``Simpson biplane`` ...; ``unknown`` where not known.
    """

    lvedv_ml: float | None = None
    lvesv_ml: float | None = None
    lvef_pct: float | None = None
    modality: str = UNKNOWN
    software: str = UNKNOWN
    method: str = UNKNOWN


def volume_response(before: VisitVolumes, after: VisitVolumes) -> tuple[IndexValue, ...]:
    """Compare two visits: change of end-systolic volume in percent and of ejection fraction in points.

    Parameters
    ----------
    before, after
        Baseline and follow-up. Two visits measured with another modality, software or method are not compared.

    Returns
    -------
    tuple of IndexValue
        ``lvesv_change_pct`` (flag: at least 15 % smaller, PROSPECT), ``lvedv_change_pct``, ``lvef_change_points``
        (flag: at least 5 points higher). Absent with the reason where a value is missing or must not be compared.

    Notes
    -----
    Which definition of response is meant has to be said with every rate: definitions disagree in most patients.

    Examples
    --------
    >>> esv, edv, ef = volume_response(VisitVolumes(lvesv_ml=200.0), VisitVolumes(lvesv_ml=170.0))
    >>> esv.value, esv.flag, ef.absent
    (-15.0, True, 'needs the ejection fraction at both visits')
    """
    obstacle, notes = _comparable(before, after)
    return (
        _percent("lvesv_change_pct", "LVESV change", before.lvesv_ml, after.lvesv_ml, obstacle, notes),
        _percent("lvedv_change_pct", "LVEDV change", before.lvedv_ml, after.lvedv_ml, obstacle, notes),
        _points(before.lvef_pct, after.lvef_pct, obstacle, notes),
    )


def right_ventricle(
    *,
    tapse_mm: float | None = None,
    ed_area_cm2: float | None = None,
    es_area_cm2: float | None = None,
    s_prime_cm_per_s: float | None = None,
) -> tuple[IndexValue, ...]:
    """Judge the function of the right ventricle from what was measured by hand.

    Parameters
    ----------
    tapse_mm
        Tricuspid annular plane systolic excursion [mm].
    ed_area_cm2, es_area_cm2
        Areas in the right-ventricular view [cm^2].
    s_prime_cm_per_s
        Systolic velocity of the tricuspid annulus [cm/s].

    Returns
    -------
    tuple of IndexValue
        TAPSE, fractional area change ``(EDA - ESA)/EDA`` and S'. No flag is set: the published limits are unverified.

    Raises
    ------
    InputError
        For numbers in another unit, or an end-systolic area that is not the smaller one.
    """
    for name, value, low, high in (
        ("TAPSE [mm]", tapse_mm, 1.0, 60.0),
        ("end-diastolic area [cm2]", ed_area_cm2, 2.0, 150.0),
        ("end-systolic area [cm2]", es_area_cm2, 1.0, 150.0),
        ("S' [cm/s]", s_prime_cm_per_s, 0.5, 50.0),
    ):
        if value is not None and not low <= value <= high:
            raise InputError(f"{name} must lie in [{low:g}, {high:g}], got {value:g}: is it in another unit?")
    fac = None
    if ed_area_cm2 is not None and es_area_cm2 is not None:
        if es_area_cm2 >= ed_area_cm2:
            raise InputError(
                f"the end-systolic area ({es_area_cm2:g} cm2) must be smaller than the end-diastolic one "
                f"({ed_area_cm2:g} cm2): are they exchanged?"
            )
        fac = 100.0 * (ed_area_cm2 - es_area_cm2) / ed_area_cm2
    return (
        _given("tapse_mm", "TAPSE", "mm", tapse_mm, "not given"),
        _given("rv_fac_pct", "RV fractional area change", "%", fac, "needs both right-ventricular areas"),
        _given("rv_s_prime_cm_per_s", "RV S'", "cm/s", s_prime_cm_per_s, "not given"),
    )


def _comparable(before: VisitVolumes, after: VisitVolumes) -> tuple[str | None, tuple[str, ...]]:
    """Return why two visits must not be compared, or what is not known about it."""
    notes = []
    for name in ("modality", "software", "method"):
        one, other = getattr(before, name), getattr(after, name)
        if UNKNOWN in (one, other):
            notes.append(f"{name} is not known at both visits: the change counts only if it was the same")
        elif one.lower() != other.lower():
            return f"{name} differs ({one} before, {other} after): such volumes must not be compared", ()
    return None, tuple(notes)


def _percent(
    key: str, name: str, before: float | None, after: float | None, obstacle: str | None, notes: tuple[str, ...]
) -> IndexValue:
    absent = obstacle
    if before is None or after is None:
        absent = f"needs {name.split()[0]} at both visits"
    elif before <= 0.0 or after <= 0.0:
        absent = "volumes must be larger than 0 ml"
    value = None
    if absent is None and before is not None and after is not None:
        value = 100.0 * (after - before) / before
    return _change(key, name, "%", value, absent, notes)


def _points(before: float | None, after: float | None, obstacle: str | None, notes: tuple[str, ...]) -> IndexValue:
    absent = "needs the ejection fraction at both visits" if before is None or after is None else obstacle
    value = None if absent is not None or before is None or after is None else after - before
    return _change("lvef_change_points", "LVEF change", "points", value, absent, notes)


def _change(
    key: str, name: str, unit: str, value: float | None, absent: str | None, notes: tuple[str, ...]
) -> IndexValue:
    published = published_values(key)
    limit = next((one for one in published if one.role == "cutoff" and one.verified), None)
    flag = None
    if value is not None and limit is not None and limit.threshold is not None:
        beyond = limit.threshold - value if limit.comparison == "<=" else value - limit.threshold
        flag = beyond >= -_EXACT  # a change that is exactly the limit counts, whatever the rounding
    return IndexValue(
        key=key,
        name=name,
        unit=unit,
        value=value,
        flag=flag,
        absent=absent,
        window="baseline to follow-up",
        noise_note="the scatter of repeated measurements is not known",
        published=published,
        notes=notes if value is not None else (),
    )


def _given(key: str, name: str, unit: str, value: float | None, absent: str) -> IndexValue:
    return IndexValue(
        key=key,
        name=name,
        unit=unit,
        value=value,
        absent=absent if value is None else None,
        noise_note="the scatter of repeated measurements is not known",
        published=published_values(key),
    )
