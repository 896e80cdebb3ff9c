"""Reading and judging one criterion of the Strauss-Selvester score."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from resynchro.ecg.selvester_measures import SelvesterMeasures
from resynchro.record.ecg import Sex


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One single criterion: a wave is present, or a measure stands in a relation to a limit."""

    name: str
    relation: Literal["present", ">=", "<="]
    threshold: float
    unit: str


@lru_cache(maxsize=256)
def parse_criterion(text: str) -> tuple[tuple[Condition, ...], ...]:
    """Read a criterion as alternatives of conditions that must hold together.

    Parameters
    ----------
    text
        In the notation of `resynchro.ecg.selvester_points`.

    Returns
    -------
    Alternatives, each a tuple of conditions.
    """
    return tuple(tuple(_condition(part) for part in alternative.split(" and ")) for alternative in text.split(" or "))


def _condition(text: str) -> Condition:
    found = re.fullmatch(r"(.+) (>=|<=) ([0-9.]+)(?: (ms|mV))?", text)
    if found is None:
        return Condition(name=text, relation="present", threshold=0.0, unit="")
    name, relation, threshold, unit = found.groups()
    return Condition(
        name=name, relation=">=" if relation == ">=" else "<=", threshold=float(threshold), unit=unit or ""
    )


def judge(
    condition: Condition, measures: SelvesterMeasures, sex: Sex | None, age_years: float | None
) -> tuple[bool, float | None, float | None]:
    """Tell whether a condition is met, with the measured value and the adjusted limit.

    Parameters
    ----------
    condition
        One single criterion.
    measures
        The lead it is asked of.
    sex, age_years
        Adjust the limit; None leaves it unadjusted.

    Returns
    -------
    Met or not; the value and the adjusted limit, both None for a criterion of presence. The value is None,
    and the criterion not met, where it has no meaning; infinite ratios are returned as None too.
    """
    if condition.relation == "present":
        return condition.name in measures.present, None, None
    table = {"ms": measures.duration_ms, "mV": measures.amplitude_mv, "": measures.ratio}[condition.unit]
    value = table[condition.name]
    threshold = condition.threshold * adjustment(condition.unit, sex, age_years)
    if value is None:
        return False, None, threshold
    # A limit reached to within rounding is reached: 0.9 x 50 ms against 45 ms.
    slack = 1e-9 * threshold
    met = value >= threshold - slack if condition.relation == ">=" else value <= threshold + slack
    return met, (value if math.isfinite(value) else None), threshold


def adjustment(unit: str, sex: Sex | None, age_years: float | None) -> float:
    """Return the factor on a limit for age and sex.

    Parameters
    ----------
    unit
        ``mV``, ``ms`` or empty for ratios, which are not adjusted.
    sex, age_years
        None adjusts nothing for it.

    Returns
    -------
    Factor: 1 for a man of 55 years.
    """
    female = 0.10 if sex == "female" else 0.0
    if unit == "mV":
        return 1.0 + (0.0 if age_years is None else (55.0 - max(age_years, 20.0)) / 100.0) - female
    return 1.0 - female if unit == "ms" else 1.0
