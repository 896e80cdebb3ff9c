"""Published cut-offs and normal values of the indices of this room, read from the tables ``published_*.csv``."""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib import resources

from resynchro.record.index_value import PublishedValue


@lru_cache(maxsize=1)
def all_published_values() -> tuple[PublishedValue, ...]:
    """Read every row of the tables.

    Returns
    -------
    tuple of PublishedValue
        In order of table and row. A row with ``verified`` = ``no`` comes from memory of a paper, or was read without a
        named source, and is shown as unverified.
    """
    rows: list[PublishedValue] = []
    tables = sorted(
        (entry for entry in resources.files("resynchro.imaging").iterdir() if entry.name.startswith("published_")),
        key=lambda entry: entry.name,
    )
    for table in tables:
        if table.name.endswith(".csv"):
            rows += [_value(row) for row in csv.DictReader(table.read_text(encoding="utf-8").splitlines())]
    return tuple(rows)


def published_values(index: str) -> tuple[PublishedValue, ...]:
    """Return the published values of one index, in the order of the tables."""
    return tuple(value for value in all_published_values() if value.index == index)


def _value(row: dict[str, str]) -> PublishedValue:
    return PublishedValue(
        index=row["index"],
        statement=row["statement"],
        role=row["role"],
        threshold=float(row["threshold"]) if row["threshold"] else None,
        comparison=row["comparison"] or None,
        unit=row["unit"],
        strain_type=row["strain_type"],
        modality=row["modality"],
        window=row["window"],
        population=row["population"],
        source=row["source"],
        verified={"yes": True, "no": False}[row["verified"]],
    )
