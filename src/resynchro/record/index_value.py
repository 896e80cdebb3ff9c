"""One index with all that a reader needs to judge it: unit, window, variant, number of segments, noise floor."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedValue:
    """A published cut-off or normal value of an index.

    Attributes
    ----------
    index
        Key of the index it belongs to.
    statement
        The published value in words and with its comparison, for example ``">= 130 ms"`` or ``"14.2 +- 5.1 deg"``.
    role
        ``cutoff``, ``normal`` or ``observed``.
    threshold, comparison
        The number and ``>``, ``>=``, ``<`` or ``<=`` of a cut-off; None for the other roles. In the unit of the index.
    strain_type, modality, window, population
        What it was measured on; empty where the source does not say. A cut-off does not transfer to another.
    source
        Where it was read (DOI, PMID, or the name of the table).
    verified
        False for numbers from memory of a paper, or read without a named source: shown as unverified, never a test.
    """

    index: str
    statement: str
    role: str
    threshold: float | None
    comparison: str | None
    unit: str
    strain_type: str
    modality: str
    window: str
    population: str
    source: str
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexValue:
    """The value of one index, or the reason why there is none.

    Attributes
    ----------
    key
        Stable name for programs, for example ``ts_sd_ms`` (the unit is the last token).
    name
        Name for people, for example ``"Ts-SD (Yu)"``.
    value
        None when it cannot be computed; then `absent` says why.
    flag
        For signs that are present or not; None otherwise.
    text
        For classes, such as the strain pattern; None otherwise.
    unit
        ``ms``, ``% RR``, ``%``, ``mmHg %``; empty for pure numbers.
    window
        Time window in words, for example ``"QRS onset to AVC (0 to 377 ms)"``.
    reference_event
        What times count from; ``"QRS onset"`` unless said otherwise.
    variant
        Which of several published definitions.
    n_segments
        Number of segments that entered.
    segments
        Their numbers.
    noise_floor
        What synchronous (or flat) data of this noise, length and amplitude give, in the unit of the value; None where
        unknown or where there is none, then `noise_note` says which.
    per_segment
        (segment, value) pairs behind the number, where there are such.
    published
        Published values of the index. Whether they apply to this modality and engine is for the reader.
    notes
        What a reader must know, sentence by sentence.
    """

    key: str
    name: str
    unit: str
    value: float | None = None
    flag: bool | None = None
    text: str | None = None
    absent: str | None = None
    window: str = ""
    reference_event: str = "QRS onset"
    variant: str = ""
    n_segments: int = 0
    segments: tuple[int, ...] = ()
    noise_floor: float | None = None
    noise_note: str = ""
    per_segment: tuple[tuple[int, float], ...] = ()
    published: tuple[PublishedValue, ...] = ()
    notes: tuple[str, ...] = ()
