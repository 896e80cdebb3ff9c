"""A problem in a case folder, and the one error that carries all problems of a case."""

from __future__ import annotations

from dataclasses import dataclass

from resynchro.errors import InputError

#: Where a value stands in the case file: keys and list positions from the top.
Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseProblem:
    """One thing in a case file that cannot be used.

    Attributes
    ----------
    file
        Name of the case file, ``case.yaml``.
    line
        Line in that file, counted from 1.
    key
        Path of the key, list entries counted from 1: ``visits[2].lvesv_ml``; empty for the file as a
        whole.
    message
        What was found, what is allowed, what to do.
    """

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        """Return the problem as one line of text."""
        key = f" {self.key}:" if self.key else ""
        return f"{self.file}:{self.line}:{key} {self.message}"


class CaseError(InputError):
    """A case folder cannot be used; names every problem at once.

    Attributes
    ----------
    problems
        In order of their lines; at least one.
    """

    def __init__(self, folder: str, problems: tuple[CaseProblem, ...]) -> None:
        self.folder = folder
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"{count} in the case folder {folder}:", *map(str, problems)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """A problem while it is still known by its place instead of its line."""

    place: Place
    message: str


def place_text(place: Place) -> str:
    """Return a place as people write it: ``visits[2].lvesv_ml``, list entries counted from 1."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += f".{shown_key(part)}" if text else shown_key(part)
    return text


def shown_key(key: str) -> str:
    """Return a key from the file, safe and short enough for one line of a message."""
    return key if key.isprintable() and 0 < len(key) <= 60 else shown_value(key)


def shown_value(value: object) -> str:
    """Return a value from the file, safe and short enough for one line of a message."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a group of keys"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        text = ascii(value) if not value.isprintable() else f"'{value}'"
        return text if len(text) <= 60 else text[:57] + "...'"
    text = f"{value:.12g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
