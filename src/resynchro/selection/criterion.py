"""One criterion of a rule, held against one patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CriterionStatus = Literal["met", "not met", "borderline", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionCheck:
    """One criterion of one rule, held against one patient.

    Attributes
    ----------
    criterion
        What is asked for, for example ``QRS duration``.
    met
        True, False, or None where it cannot be said.
    status
        ``borderline`` where the measurement's interval, the definitions of LBBB or an open limit leave
        doubt; `met` then still tells the answer at the measured value, or None.
    value, limit
        The patient's value and the rule's limit in words, with units.
    missing
        Name of the fact that is needed and not known, else None.
    reason
        Why it is borderline or unknown; empty otherwise.
    """

    criterion: str
    met: bool | None
    status: CriterionStatus
    value: str
    limit: str
    missing: str | None = None
    reason: str = ""


def status_of(met: bool | None) -> CriterionStatus:
    """Return the status of an answer without doubt."""
    return "unknown" if met is None else "met" if met else "not met"


def unknown_check(criterion: str, limit: str, missing: str | None, reason: str = "not known") -> CriterionCheck:
    """Return the check of a criterion that cannot be decided."""
    return CriterionCheck(
        criterion=criterion,
        met=None,
        status="unknown",
        value="unknown",
        limit=limit,
        missing=missing,
        reason=reason,
    )
