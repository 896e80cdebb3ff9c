"""Drift of strain curves over the beat: what is left at the end of it, and taking it away on a straight line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from resynchro.formats.strain_view_checks import read_only
from resynchro.record.finding import Finding
from resynchro.record.strain import StrainStudy, StrainView

#: A curve that ends further than this from 0 has drifted [%].
_DRIFT_PCT = 1.0


def drift_pct(view: StrainView) -> float:
    """Return the mean strain of a view's segments in its last frame [%]: 0 for motion that returns."""
    return float(view.strain_pct[:, -1].mean())


def drift_findings(views: tuple[StrainView, ...]) -> tuple[Finding, ...]:
    """Say for each view whose curves do not return to 0 by how much."""
    return tuple(
        Finding(
            code="drift",
            message=f"view {view.name}: the curves end at {drift_pct(view):+.1f} % on average "
            f"(segments {view.strain_pct[:, -1].min():+.1f} to {view.strain_pct[:, -1].max():+.1f} %) and were not "
            "compensated for drift",
        )
        for view in views
        if float(np.abs(view.strain_pct[:, -1]).max()) > _DRIFT_PCT
    )


def drift_compensated(study: StrainStudy) -> StrainStudy:
    """Take away from every curve the straight line from 0 at its start to its last value at its end.

    Parameters
    ----------
    study
        Views whose curves cover the beat.

    Returns
    -------
    StrainStudy
        With a finding per view that names the largest correction. Systolic peaks change by about
        (time of peak/RR) times the drift.
    """
    views, findings = [], [finding for finding in study.findings if finding.code != "drift"]
    for view in study.views:
        last = view.strain_pct[:, -1:]
        along = (view.time_s - view.time_s[0]) / (view.time_s[-1] - view.time_s[0])
        views.append(replace(view, strain_pct=read_only(view.strain_pct - last * along)))
        findings.append(
            Finding(
                code="drift-compensated",
                message=f"view {view.name}: linear drift of up to {float(np.abs(last).max()):.1f} % over the beat "
                "was taken away",
            )
        )
    return replace(study, views=tuple(views), findings=tuple(findings))
