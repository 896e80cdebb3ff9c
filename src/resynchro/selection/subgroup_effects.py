"""What subgroups of trials say, one published number per row, read from ``subgroup_effects.csv``."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal, cast

from resynchro.selection.limits import limits_in_words, within_limits

Provenance = Literal["P", "P2", "D", "U"]
#: How well a number was read, in words.
PROVENANCE_WORDS: dict[str, str] = {
    "P": "read in the publication or its abstract",
    "P2": "read in a secondary source",
    "D": "derived from published numbers",
    "U": "unverified",
}
#: Measures that compare events with and without CRT, so that 1 means no effect.
_RATIOS = ("HR", "RR", "OR", "adjusted HR", "adjusted OR")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubgroupEffect:
    """One published effect of CRT in a group of patients.

    Attributes
    ----------
    axis
        What divides the groups: ``morphology``, ``QRS duration``, ``both together`` or ``neither``.
    on_morphology, on_qrs_ms
        The patients it speaks of; ``any`` means any intrinsic (not paced) QRS. Limits as in ``>=120 & <150``.
    outcome, measure, estimate, low, high, interval
        What was compared: CRT against no CRT unless the note says otherwise; `low` and `high` end the 95 %
        interval. None where no number, or no interval, was read.
    favours
        ``CRT`` or ``no CRT`` when the interval leaves 1, ``neither`` when it contains 1, None without an
        interval or for other measures.
    identifiers
        How well PMID and DOI were read.
    provenance, provenance_words, unverified
        How well the number was read; unverified numbers are shown as such and decide nothing.
    conflicts
        Keys of the disagreements it takes part in.
    sentence
        The row in words.
    """

    effect_id: str
    study: str
    year: int | None
    design: str
    axis: str
    on_morphology: tuple[str, ...]
    on_qrs_ms: str
    outcome: str
    measure: str
    estimate: float | None
    low: float | None
    high: float | None
    p: str
    patients: int | None
    population: str
    source: str
    pmid: str | None
    doi: str | None
    identifiers: str
    provenance: Provenance
    provenance_words: str
    unverified: bool
    favours: str | None
    conflicts: tuple[str, ...]
    note: str
    sentence: str

    def speaks_of(self, quality: str | None) -> bool:
        """Tell whether the row speaks of a morphology; of an unknown one only rows on any morphology do."""
        if quality == "paced":
            return "paced" in self.on_morphology
        return "any" in self.on_morphology or quality in self.on_morphology

    def covers_ms(self, qrs_ms: float) -> bool:
        """Tell whether the row speaks of a QRS duration [ms]."""
        return within_limits(self.on_qrs_ms, qrs_ms)


@lru_cache(maxsize=1)
def subgroup_effects() -> tuple[SubgroupEffect, ...]:
    """Return all rows of ``subgroup_effects.csv`` in the order of the table."""
    table = resources.files("resynchro.selection").joinpath("subgroup_effects.csv")
    return tuple(_effect(row) for row in csv.DictReader(table.read_text(encoding="utf-8").splitlines()))


def _number(text: str) -> float | None:
    return float(text) if text else None


def _effect(row: dict[str, str]) -> SubgroupEffect:
    low, high = _number(row["low"]), _number(row["high"])
    favours = None
    if row["measure"] in _RATIOS and low is not None and high is not None:
        favours = "CRT" if high < 1.0 else "no CRT" if low > 1.0 else "neither"
    return SubgroupEffect(
        effect_id=row["effect_id"],
        study=row["study"],
        year=int(row["year"]) if row["year"] else None,
        design=row["design"],
        axis=row["axis"],
        on_morphology=tuple(row["on_morphology"].split(";")),
        on_qrs_ms=row["on_qrs_ms"],
        outcome=row["outcome"],
        measure=row["measure"],
        estimate=_number(row["estimate"]),
        low=low,
        high=high,
        p=row["p"],
        patients=int(row["patients"]) if row["patients"] else None,
        population=row["population"],
        source=row["source"],
        pmid=row["pmid"] or None,
        doi=row["doi"] or None,
        identifiers=row["identifiers"],
        provenance=cast(Provenance, row["provenance"]),
        provenance_words=PROVENANCE_WORDS[row["provenance"]],
        unverified=row["provenance"] == "U",
        favours=favours,
        conflicts=tuple(filter(None, row["conflicts"].split(";"))),
        note=row["note"],
        sentence=_sentence(row),
    )


def _sentence(row: dict[str, str]) -> str:
    """Put one row into words, numbers as printed in the table."""
    names = {
        "any": "any intrinsic morphology",
        "IVCD;RBBB": "non-LBBB",
        "LBBB;IVCD;RBBB": "LBBB and non-LBBB",
    }
    who = names.get(row["on_morphology"], row["on_morphology"])
    group = f"{who}, QRS {limits_in_words(row['on_qrs_ms'], 'ms')}"
    number = ""
    if row["estimate"]:
        interval = f" ({row['low']} to {row['high']})" if row["low"] else " (no interval read)"
        number = f", {row['measure']} {row['estimate']}{interval}"
    note = f" {row['note']}." if row["note"] else ""
    mark = " [unverified]" if row["provenance"] == "U" else ""
    return f"{row['study']}{mark}: {group}: {row['outcome']}{number}.{note}"
