"""The measured imaging of a case as plain data, for ``plan.json`` and for ``resynchro target --json``."""

from __future__ import annotations

from typing import Any

from resynchro.imaging.cine.cine_summary import cine_summary
from resynchro.imaging.scar.scar_summary import scar_summary
from resynchro.imaging.spect.phase_summary import phase_summary
from resynchro.imaging.strain.strain_summary import strain_summary
from resynchro.imaging.target.c_arm import views_of_segment
from resynchro.imaging.target.target_summary import concordance_summary, target_summary, veins_summary, views_summary
from resynchro.imaging.work.work_summary import work_summary
from resynchro.planning.measured_imaging import MeasuredImaging, MeasuredStrain
from resynchro.record.plain import plain
from resynchro.record.visit import Visit


def target_document(imaging: MeasuredImaging) -> dict[str, Any]:
    """Return the targets by every kind of timing, the veins, and the implanted lead against the target.

    Returns
    -------
    dict
        ``targets`` (the first with a ``target`` counts), ``veins``, ``concordance``, ``c_arm``; None without.
    """
    veins = imaging.veins
    target = imaging.target
    landmarks = None if veins is None or veins.coverage is None else veins.coverage.landmarks
    views = (
        None
        if target is None or target.segment is None or landmarks is None
        else views_summary(views_of_segment(target.segment, landmarks))
    )
    return {
        "targets": [
            {
                "timing": timed.label,
                "files": list(timed.files),
                "failure": timed.failure,
                "target": None if timed.target is None else target_summary(timed.target),
            }
            for timed in imaging.targets
        ],
        "veins": None
        if veins is None
        else {"file": veins.file, "failure": veins.failure}
        | ({} if veins.coverage is None else veins_summary(veins.coverage)),
        "concordance": None if imaging.concordance is None else concordance_summary(imaging.concordance),
        "c_arm": views,
    }


def imaging_document(imaging: MeasuredImaging) -> dict[str, Any]:
    """Return everything that imaging gave: the targets, and every examination with its own summary.

    Returns
    -------
    dict
        Examinations that could not be measured hold ``visit``, ``file`` and ``failure`` only.
    """
    return target_document(imaging) | {
        "strain": [_strain(item) for item in imaging.strain],
        "cine": [
            _examination(item.visit, item.file, item.failure)
            | ({} if item.measurement is None else {"cine": cine_summary(item.measurement)})
            for item in imaging.cine
        ],
        "phase": [
            _examination(item.visit, item.file, item.failure)
            | ({} if item.measurement is None else {"phase": phase_summary(item.measurement)})
            for item in imaging.phase
        ],
        "scar": None
        if imaging.scar is None
        else _examination(imaging.scar.visit, imaging.scar.file, imaging.scar.failure)
        | ({} if imaging.scar.measurement is None else {"scar": scar_summary(imaging.scar.measurement)}),
    }


def _examination(visit: Visit, file: str, failure: str | None) -> dict[str, Any]:
    return {"visit": visit.date.isoformat(), "role": visit.role, "file": file, "failure": failure}


def _strain(item: MeasuredStrain) -> dict[str, Any]:
    entry = _examination(item.visit, item.file, item.failure)
    if item.measurement is None:
        return entry
    return entry | {
        "strain": strain_summary(item.measurement),
        "dyssynchrony": plain(item.dyssynchrony),
        "work": None if item.work is None else work_summary(item.work),
        "work_failure": item.work_failure,
    }
