"""Limits of a table in evaluable form, such as ``>=130 & <150``."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from functools import lru_cache

Limits = tuple[tuple[str, float], ...]

COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
SIGNS = {">=": "≥", "<=": "≤", ">": ">", "<": "<"}


@lru_cache(maxsize=256)
def parse_limits(text: str) -> Limits:
    """Parse limits such as ``>=130 & <150`` into (sign, number) pairs."""
    pairs = (re.fullmatch(r"(>=|<=|>|<)([\d.]+)", part) for part in text.split(" & "))
    return tuple((found[1], float(found[2])) for found in pairs if found)


def limits_in_words(text: str, unit: str) -> str:
    """Return limits as a reader expects them, for example ``≥ 130 and < 150 ms``."""
    return " and ".join(f"{SIGNS[sign]} {limit:g}" for sign, limit in parse_limits(text)) + f" {unit}"


def within_limits(text: str, value: float) -> bool:
    """Tell whether a value satisfies all limits of a text such as ``>=130 & <150``."""
    return all(COMPARE[sign](value, limit) for sign, limit in parse_limits(text))


def number_in_words(value: float) -> str:
    """Return a measured value with at most one decimal, cut off (not rounded) so that it stays on its side.

    >>> number_in_words(129.98), number_in_words(147.0)
    ('129.9', '147')
    """
    # The small term undoes binary noise: 35.3 * 10 is 352.99999999999994.
    return f"{math.floor(value * 10.0 + 1e-6) / 10.0:.1f}".removesuffix(".0")
