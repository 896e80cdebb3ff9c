"""How the values of a case fit together: what contradicts itself is a problem, what is odd is a finding.

The checks look at the plain values of the case file and only at those that are right by themselves, so that
one wrong value never hides another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from resynchro.formats.case_problem import Flaw, Place
from resynchro.record.case import Case
from resynchro.record.finding import Finding

#: Digital ECGs and biventricular pacing are younger than this.
EARLIEST_DAY = date(1980, 1, 1)
#: LVEF by another method than the volumes may differ; beyond this many points one of them is probably wrong.
LVEF_DISAGREEMENT_PCT = 12.0
#: Days between the date in a recording and the date of its visit that need no remark.
ECG_DATE_DAYS = 7
AGE_DISAGREEMENT_YEARS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RightValues:
    """The values of a case file that are right by themselves."""

    tree: object
    wrong: frozenset[Place]

    def at(self, *place: str | int) -> Any:
        """Return the value at a place; None when it is absent or wrong."""
        value: Any = self.tree
        for depth, part in enumerate(place):
            if place[:depth] in self.wrong:
                return None
            if isinstance(part, int):
                value = value[part] if isinstance(value, list) and part < len(value) else None
            else:
                value = value.get(part) if isinstance(value, dict) else None
        return None if place in self.wrong else value

    def count(self, *place: str | int) -> int:
        """Return the number of entries of a list; 0 when there is none."""
        value = self.at(*place)
        return len(value) if isinstance(value, list) else 0

    def day(self, visit: int) -> date | None:
        """Return the date of a visit."""
        value = self.at("visits", visit, "date")
        return date.fromisoformat(value) if isinstance(value, str) else value


def contradictions(values: RightValues, today: date) -> list[Flaw]:
    """List what cannot be true together.

    Parameters
    ----------
    values
        The values that are right by themselves.
    today
        No visit may be later.

    Returns
    -------
    list of Flaw
        Empty when everything fits.
    """
    checks: tuple[Callable[[], Iterator[Flaw]], ...] = (
        lambda: _patient(values),
        lambda: _dates(values, today),
        lambda: _roles(values),
        lambda: _measurements(values),
        lambda: _devices(values),
    )
    return [flaw for check in checks for flaw in check()]


def _patient(values: RightValues) -> Iterator[Flaw]:
    if values.at("patient", "rhythm") == "sinus" and values.at("patient", "atrial_fibrillation") == "permanent":
        yield Flaw(
            place=("patient", "atrial_fibrillation"),
            message="found permanent with rhythm sinus, which exclude each other: correct one of them",
        )
    classes = [values.at("patient", "nyha")]
    classes += [values.at("visits", index, "nyha") for index in range(values.count("visits"))]
    known = [nyha for nyha in classes if nyha is not None]
    if values.at("patient", "nyha_ambulatory") is not None and known and 4 not in known:
        yield Flaw(
            place=("patient", "nyha_ambulatory"),
            message=f"found with nyha {known[0]}, allowed with nyha 4 only: remove it or correct nyha",
        )


def _dates(values: RightValues, today: date) -> Iterator[Flaw]:
    days = [(index, day) for index in range(values.count("visits")) if (day := values.day(index)) is not None]
    for index, day in days:
        if not EARLIEST_DAY <= day <= today:
            when = "in the future" if day > today else "too early for this therapy"
            yield Flaw(
                place=("visits", index, "date"),
                message=f"found {day}, allowed {EARLIEST_DAY} to {today} (today): {when}; correct the date",
            )
    sound = [(index, day) for index, day in days if EARLIEST_DAY <= day <= today]
    for (earlier, first), (later, second) in pairwise(sound):
        if second < first:
            yield Flaw(
                place=("visits", later, "date"),
                message=f"found {second} after {first} of visits[{earlier + 1}]: "
                "list the visits in order of their dates",
            )


def _roles(values: RightValues) -> Iterator[Flaw]:
    visits = range(values.count("visits"))
    roles = [(index, values.at("visits", index, "role"), values.day(index)) for index in visits]
    implants = [(day, index) for index, role, day in roles if role == "implant" and day is not None]
    if not implants:
        return
    first, implant = min(implants)
    for index, role, day in roles:
        if role == "baseline" and day is not None and (day, index) > (first, implant):
            yield Flaw(
                place=("visits", index, "role"),
                message=f"found baseline on {day}, after the implant of {first} (visits[{implant + 1}]): "
                "write follow-up, or correct the date",
            )
        if role == "follow-up" and day is not None and day < first:
            yield Flaw(
                place=("visits", index, "role"),
                message=f"found follow-up on {day}, before the implant of {first} (visits[{implant + 1}]): "
                "write baseline, or correct the date",
            )


def _measurements(values: RightValues) -> Iterator[Flaw]:
    pairs = (
        ("lvesv_ml", "lvedv_ml", "ml", "the end-systolic volume must be the smaller one"),
        (
            "diastolic_pressure_mmhg",
            "systolic_pressure_mmhg",
            "mmHg",
            "diastolic pressure must be the lower one",
        ),
    )
    for index in range(values.count("visits")):
        for smaller, larger, unit, reason in pairs:
            low, high = values.at("visits", index, smaller), values.at("visits", index, larger)
            if low is not None and high is not None and low >= high:
                yield Flaw(
                    place=("visits", index, smaller),
                    message=f"found {low:g}, allowed less than {larger} {high:g} [{unit}]: {reason}; "
                    "are the two swapped?",
                )


def _devices(values: RightValues) -> Iterator[Flaw]:
    for index in range(values.count("visits")):
        place: Place = ("visits", index, "device")
        kind = values.at(*place, "type")
        keys = values.at(*place)
        given = [key for key in keys if keys[key] is not None] if isinstance(keys, dict) else []
        for key in given:
            if kind == "none" and key != "type":
                message = "found with type none: a patient without a device has none; remove it or name the device"
            elif kind in ("PM", "ICD") and key in ("lv_lead", "vv_ms", "biv_pacing_pct"):
                message = f"found with type {kind}, which has no left-ventricular lead: write CRT-P or remove it"
            else:
                continue
            yield Flaw(place=(*place, key), message=message)


def oddities(case: Case) -> tuple[Finding, ...]:
    """List what does not fit together but can be true.

    Parameters
    ----------
    case
        A case without problems.

    Returns
    -------
    tuple of Finding
        Codes ``lvef-volumes``, ``pacing-fraction``, ``ecg-date``, ``ecg-sex``, ``ecg-age`` and ``ecg-twice``.
    """
    found = [*_odd_measurements(case), *_odd_ecg_headers(case), *_ecgs_given_twice(case)]
    return tuple(Finding(code=code, message=message) for code, message in found)


def _odd_measurements(case: Case) -> Iterator[tuple[str, str]]:
    for number, visit in enumerate(case.visits, start=1):
        lvef = visit.lvef_pct
        if lvef is None and visit is case.baseline:
            lvef = case.patient.lvef_pct
        if lvef is not None and visit.lvedv_ml is not None and visit.lvesv_ml is not None:
            by_volumes = 100.0 * (visit.lvedv_ml - visit.lvesv_ml) / visit.lvedv_ml
            if abs(by_volumes - lvef) > LVEF_DISAGREEMENT_PCT:
                yield (
                    "lvef-volumes",
                    f"visits[{number}] of {visit.date}: LVEF {lvef:g} %, but {by_volumes:.0f} % by volumes; "
                    "check which of them is right",
                )
        biv = None if visit.device is None else visit.device.biv_pacing_pct
        if biv is not None and 0.0 < biv <= 1.0:
            yield (
                "pacing-fraction",
                f"visits[{number}] of {visit.date}: biventricular pacing of {biv:g} %; "
                f"if a fraction was meant, write {100 * biv:g}",
            )


def _odd_ecg_headers(case: Case) -> Iterator[tuple[str, str]]:
    years_zero = case.visits[0].date
    for visit in case.visits:
        for ecg in visit.ecgs:
            recorded = ecg.record.source.recorded_at
            if recorded is not None and abs((recorded.date() - visit.date).days) > ECG_DATE_DAYS:
                yield (
                    "ecg-date",
                    f"{ecg.file} says it was recorded on {recorded.date()}, its visit was on {visit.date}; "
                    "check that it is the right recording (pseudonymised files may carry shifted dates)",
                )
            sex, age_years = ecg.record.sex, ecg.record.age_years
            if sex is not None and case.patient.sex is not None and sex != case.patient.sex:
                yield (
                    "ecg-sex",
                    f"{ecg.file} says {sex}, the case says {case.patient.sex}; check that it is the right patient",
                )
            if age_years is not None and case.patient.age_years is not None:
                expected_years = case.patient.age_years + (visit.date - years_zero).days / 365.25
                if abs(age_years - expected_years) > AGE_DISAGREEMENT_YEARS:
                    yield (
                        "ecg-age",
                        f"{ecg.file} says {age_years:g} years, by the case it is {expected_years:.0f}; "
                        "check that it is the right patient",
                    )


def _ecgs_given_twice(case: Case) -> Iterator[tuple[str, str]]:
    seen: dict[str, str] = {}
    for number, visit in enumerate(case.visits, start=1):
        for ecg in visit.ecgs:
            here = f"{ecg.file} (visits[{number}])"
            first = seen.setdefault(ecg.record.source.sha256, here)
            if first != here:
                yield (
                    "ecg-twice",
                    f"{here} is the same recording as {first}; a comparison of the two says nothing",
                )
