"""Volumes and ejection fraction of one echo examination from its contours, and how they changed since another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from resynchro.errors import MeasurementError
from resynchro.imaging.echo.echo_volumes import (
    DiscVolume,
    area_cm2,
    ejection_fraction_pct,
    simpson_biplane,
    simpson_monoplane,
)
from resynchro.imaging.echo.response_volumes import VisitVolumes, right_ventricle, volume_response
from resynchro.record.echo_contours import ContourPhase, EchoContours
from resynchro.record.finding import Finding
from resynchro.record.index_value import IndexValue
from resynchro.record.plain import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoVolumes:
    """Volumes of one examination.

    Attributes
    ----------
    contours
        What was measured.
    end_diastole, end_systole
        None where there is no contour of the left ventricle in that phase.
    lvef_pct
        Only from volumes of one method [%].
    right_ventricle
        TAPSE, fractional area change, S'.
    response
        Changes since the baseline examination; empty without one.
    findings
        Warnings.
    absent
        (name, reason) of what could not be computed.
    """

    contours: EchoContours
    end_diastole: DiscVolume | None
    end_systole: DiscVolume | None
    lvef_pct: float | None
    right_ventricle: tuple[IndexValue, ...]
    response: tuple[IndexValue, ...]
    findings: tuple[Finding, ...]
    absent: tuple[tuple[str, str], ...]

    @property
    def visit(self) -> VisitVolumes:
        """What a comparison with another visit needs."""
        methods = {one.method for one in (self.end_diastole, self.end_systole) if one is not None}
        return VisitVolumes(
            lvedv_ml=None if self.end_diastole is None else self.end_diastole.volume_ml,
            lvesv_ml=None if self.end_systole is None else self.end_systole.volume_ml,
            lvef_pct=self.lvef_pct,
            modality="echo",
            software=self.contours.software,
            method=methods.pop() if len(methods) == 1 else "unknown",
        )


def measure_echo_volumes(
    contours: EchoContours,
    *,
    baseline: EchoVolumes | None = None,
    tapse_mm: float | None = None,
    rv_ed_area_cm2: float | None = None,
    rv_es_area_cm2: float | None = None,
    s_prime_cm_per_s: float | None = None,
) -> EchoVolumes:
    """Compute volumes by Simpson, biplane where both views are drawn, and judge the right ventricle.

    Parameters
    ----------
    contours
        From `read_echo_contours`.
    baseline
        An earlier examination to compare with.
    tapse_mm, rv_ed_area_cm2, rv_es_area_cm2, s_prime_cm_per_s
        Of the right ventricle, measured by hand; given areas replace those of contours.

    Returns
    -------
    EchoVolumes

    Raises
    ------
    MeasurementError
        When there is no contour of a left ventricle, or end-diastole is not larger than end-systole.
    InputError
        For numbers of the right ventricle that cannot be.
    """
    absent: list[tuple[str, str]] = []
    volumes = {phase: _volume(contours, phase) for phase in ("ED", "ES")}
    diastole, systole = volumes["ED"], volumes["ES"]
    if diastole is None and systole is None:
        raise MeasurementError(f"{contours.file}: holds no contour 4CH or 2CH: at least one view at ED or ES is needed")
    for name, volume in (("edv_ml", diastole), ("esv_ml", systole)):
        if volume is None:
            absent.append((name, f"no contour of the left ventricle at {name[:2].upper()}"))
    lvef_pct = None
    if diastole is None or systole is None:
        absent.append(("lvef_pct", "needs contours at ED and ES"))
    elif diastole.method != systole.method:
        absent.append(("lvef_pct", f"ED is {diastole.method}, ES is {systole.method}: draw the same views in both"))
    else:
        lvef_pct = ejection_fraction_pct(diastole.volume_ml, systole.volume_ml)
    areas = (
        rv_ed_area_cm2 if rv_ed_area_cm2 is not None else _rv_area(contours, "ED"),
        rv_es_area_cm2 if rv_es_area_cm2 is not None else _rv_area(contours, "ES"),
    )
    measured = EchoVolumes(
        contours=contours,
        end_diastole=diastole,
        end_systole=systole,
        lvef_pct=lvef_pct,
        right_ventricle=right_ventricle(
            tapse_mm=tapse_mm, ed_area_cm2=areas[0], es_area_cm2=areas[1], s_prime_cm_per_s=s_prime_cm_per_s
        ),
        response=(),
        findings=_findings(diastole, systole),
        absent=tuple(absent),
    )
    if baseline is None:
        return measured
    return replace(measured, response=volume_response(baseline.visit, measured.visit))


def echo_volumes_summary(volumes: EchoVolumes) -> dict[str, Any]:
    """Collect the results as plain data with stable names: the JSON line of ``resynchro volumes``."""
    diastole, systole = volumes.end_diastole, volumes.end_systole
    indices = (*volumes.right_ventricle, *volumes.response)
    return {
        "file": volumes.contours.file,
        "sha256": volumes.contours.sha256,
        "software": volumes.contours.software,
        "edv_ml": None if diastole is None else round(diastole.volume_ml, 1),
        "esv_ml": None if systole is None else round(systole.volume_ml, 1),
        "stroke_volume_ml": None
        if diastole is None or systole is None or volumes.lvef_pct is None
        else round(diastole.volume_ml - systole.volume_ml, 1),
        "lvef_pct": None if volumes.lvef_pct is None else round(volumes.lvef_pct, 1),
        "ed_method": None if diastole is None else diastole.method,
        "es_method": None if systole is None else systole.method,
        "ed_length_mm": None if diastole is None else round(diastole.length_mm, 1),
        "es_length_mm": None if systole is None else round(systole.length_mm, 1),
        "indices": {
            one.key: {
                "name": one.name,
                "value": None if one.value is None else round(one.value, 1),
                "unit": one.unit,
                "flag": one.flag,
                "published": [plain(published) for published in one.published],
                "notes": list(one.notes),
            }
            for one in indices
        },
        "warnings": [plain(finding) for finding in volumes.findings],
        "absent": dict(volumes.absent) | {one.key: one.absent for one in indices if one.absent is not None},
    }


def _volume(contours: EchoContours, phase: ContourPhase) -> DiscVolume | None:
    four, two = contours.of("4CH", phase), contours.of("2CH", phase)
    try:
        if four is not None and two is not None:
            return simpson_biplane(four.points_mm, two.points_mm)
        one = four if four is not None else two
        return None if one is None else simpson_monoplane(one.points_mm, view=one.view)
    except MeasurementError as error:
        raise MeasurementError(f"{contours.file}, {phase}: {error}") from error


def _rv_area(contours: EchoContours, phase: ContourPhase) -> float | None:
    contour = contours.of("RV", phase)
    return None if contour is None else area_cm2(contour.points_mm)


def _findings(diastole: DiscVolume | None, systole: DiscVolume | None) -> tuple[Finding, ...]:
    findings = []
    for phase, volume in (("end-diastole", diastole), ("end-systole", systole)):
        for finding in () if volume is None else volume.findings:
            findings.append(Finding(code=finding.code, message=f"{phase}: {finding.message}"))
        if volume is not None and "monoplane" in volume.method:
            findings.append(
                Finding(
                    code="one-view",
                    message=f"{phase}: {volume.method} takes every disc for a circle; in hearts of uneven shape, "
                    "after infarction above all, it can be far off",
                )
            )
    return tuple(findings)
