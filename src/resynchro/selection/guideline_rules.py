"""Guideline rules as data: one row per recommendation, read from ``guideline_rules.csv``."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal, cast

Direction = Literal["for", "against", "other"]

#: How well the source of a row was read, in words. A row "from memory" must never be shown without this
#: remark.
READINGS: dict[str, str] = {
    "sourced": "read in the source",
    "sourced-secondary": "read in a secondary source",
    "corroborated (secondary)": "limits or class found in secondary sources, level unverified",
    "memory-verify": "unverified: not yet checked against the document",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidelineRule:
    """One recommendation.

    Attributes
    ----------
    guideline
        Name of the document, identifiers included.
    short_name
        Name of the document without identifiers, for sentences.
    year
        As printed; ``2010s`` for the statement of the background text.
    recommendation_class, level
        As printed in the document's own scale (I or 1, strong, recommended option, and so on).
    source_status, reading, source
        How well the source was read (key and words), and the source itself.
    unverified, level_unverified
        True where the whole row, or only its level, has not been checked against any source.
    on_rhythm, on_morphology, on_qrs_ms, on_lvef_pct, on_nyha, on_facts
        The criteria in evaluable form; empty or ``any`` where the row sets none. QRS and LVEF limits carry
        their comparison signs, so that 149.5 ms or 35.5 % cannot fall between two rows.
    lvef_open_at_pct
        The one LVEF at which the table and the printed criterion disagree [%], else None.
    therapy, direction
        What the row speaks of, and whether it is for CRT, against CRT or about something else (a
        defibrillator, conduction system pacing, follow-up).
    rank
        Order of strength inside one document: 1 strongest, 3 weakest, 0 against.
    superseded_by
        The later document that replaced this one; empty where none is known.
    note
        How free text of the table was read, where that is not plain.
    """

    rule_id: str
    guideline: str
    short_name: str
    year: str
    recommendation_class: str
    level: str
    source_status: str
    reading: str
    source: str
    unverified: bool
    level_unverified: bool
    on_rhythm: str
    on_morphology: str
    on_qrs_ms: str
    on_lvef_pct: str
    lvef_open_at_pct: float | None
    on_nyha: str
    on_facts: str
    therapy: str
    direction: Direction
    rank: int
    superseded_by: str
    note: str


def read_rule_table() -> list[dict[str, str]]:
    """Read the rows of the rule table as text, the columns of the source table among them unchanged."""
    table = resources.files("resynchro.selection").joinpath("guideline_rules.csv")
    return list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))


@lru_cache(maxsize=1)
def guideline_rules() -> tuple[GuidelineRule, ...]:
    """Return all guideline rules in the order of the table.

    Returns
    -------
    tuple of GuidelineRule
        One per row of ``guideline_rules.csv``.
    """
    return tuple(_rule(row) for row in read_rule_table())


def _rule(row: dict[str, str]) -> GuidelineRule:
    status = row["source_status"]
    return GuidelineRule(
        rule_id=row["rule_id"],
        guideline=row["guideline"],
        short_name=row["guideline"].split(" (doi")[0].split(" (2014)")[0].split(" (practice")[0],
        year=row["year"],
        recommendation_class=row["class"],
        level=row["level"],
        source_status=status,
        reading=READINGS[status],
        source=row["source"],
        unverified=status == "memory-verify",
        level_unverified=status in ("memory-verify", "corroborated (secondary)"),
        on_rhythm=row["on_rhythm"],
        on_morphology=row["on_morphology"],
        on_qrs_ms=row["on_qrs_ms"],
        on_lvef_pct=row["on_lvef_pct"],
        lvef_open_at_pct=float(row["lvef_open_at_pct"]) if row["lvef_open_at_pct"] else None,
        on_nyha=row["on_nyha"],
        on_facts=row["on_facts"],
        therapy=row["therapy"],
        direction=cast(Direction, row["direction"]),
        rank=int(row["rank"]),
        superseded_by=row["superseded_by"],
        note=row["note"],
    )
