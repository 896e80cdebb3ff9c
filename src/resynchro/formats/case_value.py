"""The kinds of value in a case file: quantities with their allowed range, choices, flags, dates, texts.

Each is a callable that takes what stands in the file and returns the value, or raises `PydanticCustomError`
with a message that says what was found, what is allowed and what to do.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from pydantic_core import PydanticCustomError

from resynchro.formats.case_problem import shown_value


def refusal(message: str) -> PydanticCustomError:
    """Return the error that refuses a value with this message."""
    return PydanticCustomError("case", "{message}", {"message": message})


@dataclass(frozen=True, slots=True)
class Slip:
    """A frequent slip of the unit.

    Attributes
    ----------
    low, high
        Range of numbers in which the slip is likely, both outside the allowed range of the quantity.
    looks_like
        What such a number looks like.
    factor
        Multiply by this to get the right unit; None when no factor does.
    """

    low: float
    high: float
    looks_like: str
    factor: float | None = None


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a closed range.

    Attributes
    ----------
    low, high
        Smallest and largest allowed value: wider than what is seen in patients with heart failure, narrow
        enough that a wrong unit falls outside.
    unit
        As printed in messages; empty for a plain number.
    whole
        True when only whole numbers are allowed.
    """

    low: float
    high: float
    unit: str = ""
    slips: tuple[Slip, ...] = ()
    whole: bool = False

    @property
    def allowed(self) -> str:
        """The allowed range in words."""
        unit = f" [{self.unit}]" if self.unit else ""
        return f"{self.low:g} to {self.high:g}{unit}"

    def __call__(self, value: object) -> float | int | None:
        """Return the number, or None for nothing."""
        if value is None:
            return None
        found = f"found {shown_value(value)}, allowed {self.allowed}"
        if isinstance(value, str):
            raise refusal(found + _number_hint(value))
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise refusal(f"{found}: write one number")
        if not self.low <= value <= self.high:
            raise refusal(found + self._slip_hint(value))
        if self.whole:
            if value != int(value):
                raise refusal(f"{found}: write a whole number")
            return int(value)
        return float(value)

    def _slip_hint(self, value: float) -> str:
        for slip in self.slips:
            if not slip.low <= value <= slip.high:
                continue
            if slip.factor is None:
                return f": looks like {slip.looks_like}"
            if self.low <= value * slip.factor <= self.high:
                return f": looks like {slip.looks_like}; write {value * slip.factor:.4g}"
        return f": check the number and its unit ({self.unit})" if self.unit else ": check the number"


_NUMBER_WITH_UNIT = re.compile(r"\s*(-?[0-9]{1,9}(?:\.[0-9]{1,9})?)\s*[^0-9.,:\s-][^0-9]{0,20}")
_DECIMAL_COMMA = re.compile(r"\s*(-?[0-9]{1,9}),([0-9]{1,9})\s*")
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4}


def _number_hint(text: str) -> str:
    """Return what to write in place of a text that should be a number."""
    try:
        return f": write the number without quotes: {float(text):g}"
    except ValueError:
        pass
    if comma := _DECIMAL_COMMA.fullmatch(text):
        return f": write a decimal point: {comma[1]}.{comma[2]}"
    if unit := _NUMBER_WITH_UNIT.fullmatch(text):
        return f": write the number alone: {unit[1]}"
    if text.strip().upper() in _ROMAN:
        return f": write {_ROMAN[text.strip().upper()]}"
    return ": write one number"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words.

    Attributes
    ----------
    words
        The allowed words.
    instead
        Other words that people write, in lower case, with the allowed word that they mean.
    required
        True when nothing is no answer.
    """

    words: tuple[str, ...]
    instead: Mapping[str, str] = field(default_factory=dict)
    required: bool = False

    @property
    def allowed(self) -> str:
        """The allowed words, separated by commas."""
        return ", ".join(self.words)

    def __call__(self, value: object) -> str | None:
        """Return the word, or None for nothing."""
        if (value is None and not self.required) or (isinstance(value, str) and value in self.words):
            return value
        raise refusal(f"found {shown_value(value)}, allowed {self.allowed}{self._hint(value)}")

    def _hint(self, value: object) -> str:
        if isinstance(value, bool):  # `no` is a truth value in YAML
            meant = "none" if value is False and "none" in self.words else None
        else:
            key = re.sub(r"[\s_]+", "-", str(value)[:100].strip().lower())
            spellings = {**self.instead, **{word.lower(): word for word in self.words}}
            near = difflib.get_close_matches(key, spellings, n=1, cutoff=0.7)
            meant = spellings[near[0]] if near else None
        return f": did you mean {meant}?" if meant else ": write one of these words"


@dataclass(frozen=True, slots=True)
class Flag:
    """A yes-or-no question."""

    allowed = "true or false"

    def __call__(self, value: object) -> bool | None:
        """Return the answer, or None for nothing."""
        if value is None or isinstance(value, bool):
            return value
        raise refusal(f"found {shown_value(value)}, allowed {self.allowed}: remove the line if it is not known")


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text."""

    longest: int = 200

    @property
    def allowed(self) -> str:
        """The allowed length in words."""
        return f"text of 1 to {self.longest} characters"

    def __call__(self, value: object) -> str:
        """Return the text."""
        if not isinstance(value, str):
            raise refusal(f"found {shown_value(value)}, allowed {self.allowed}: write it in quotes")
        if not 0 < len(value) <= self.longest or not value.isprintable():
            raise refusal(f"found {shown_value(value)}, allowed {self.allowed} on one line")
        return value


_PSEUDONYM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """The name of a case."""

    allowed = "letters, digits, '.', '_' and '-', at most 64, a letter or digit first"

    def __call__(self, value: object) -> str:
        """Return the name; a whole number is taken as its digits."""
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if isinstance(text, str) and _PSEUDONYM.fullmatch(text):
            return text
        hint = "" if isinstance(text, str) else ": write it in quotes"
        raise refusal(f"found {shown_value(value)}, allowed {self.allowed}{hint}")


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar."""

    allowed = "a day as YYYY-MM-DD"

    def __call__(self, value: object) -> date:
        """Return the day."""
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        found = f"found {shown_value(value)}, allowed {self.allowed}"
        if not isinstance(value, str):
            raise refusal(f"{found}, for example 2026-03-02")
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            start = re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?=[T ])", value)
            hint = f": write the day alone: {start[0]}" if start else ", for example 2026-03-02"
            raise refusal(found + hint)
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise refusal(f"{found}: there is no such day in the calendar") from None
