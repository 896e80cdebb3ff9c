"""A target as plain data."""

from __future__ import annotations

from typing import Any

from resynchro.imaging.target.c_arm import CArmView
from resynchro.imaging.target.lead_concordance import LeadConcordance
from resynchro.imaging.target.target import Target
from resynchro.imaging.target.veins import VeinCoverage
from resynchro.record.plain import plain


def target_summary(target: Target) -> dict[str, Any]:
    """Return a target as plain data for JSON, keys as in ``docs/target.md``."""
    data: dict[str, Any] = plain(target)
    return data


def veins_summary(coverage: VeinCoverage) -> dict[str, Any]:
    """Return the matrix of veins and segments as plain data: only reached or partly reached segments are listed."""
    return {
        "least_diameter_mm": coverage.least_diameter_mm,
        "least_length_mm": coverage.least_length_mm,
        "branches": [
            {
                "name": branch,
                "segments": list(coverage.segments_of_branch(branch)),
                "lengths_mm": {
                    str(reach.segment): plain(reach.length_mm)
                    for reach in coverage.reaches
                    if reach.branch == branch and reach.length_mm
                },
            }
            for branch in dict.fromkeys(coverage.branches)
        ],
        "notes": list(coverage.notes),
    }


def concordance_summary(concordance: LeadConcordance) -> dict[str, Any]:
    """Return the place of a lead against the target as plain data."""
    data: dict[str, Any] = plain(concordance)
    return data


def views_summary(views: tuple[CArmView, CArmView]) -> dict[str, Any]:
    """Return the C-arm views of the target: en face and in profile."""
    return {"en_face": plain(views[0]), "profile": plain(views[1])}
