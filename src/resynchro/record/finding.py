"""A remark that travels with a result: something a reader must know before trusting a number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One warning about a recording or a result.

    Attributes
    ----------
    code
        Short stable key for programs, for example ``einthoven`` or ``flat-lead``.
    message
        The sentence shown to people: what was found, what it means, what to do.
    leads
        Names of the leads concerned; empty when the finding is about the whole record.
    """

    code: str
    message: str
    leads: tuple[str, ...] = ()
