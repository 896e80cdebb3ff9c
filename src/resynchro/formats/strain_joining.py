"""Several files of one strain examination, one per view, as one study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from resynchro.errors import InputError
from resynchro.record.finding import Finding
from resynchro.record.segments import segment_name
from resynchro.record.strain import StrainStudy, StrainView


def joined_strain(studies: Sequence[StrainStudy]) -> StrainStudy:
    """Join what was read from several files of one examination.

    Parameters
    ----------
    studies
        One or more with the same type and kind of strain and the same segment model.

    Returns
    -------
    StrainStudy
        All views; cuff pressure, heart rate and pressure trace of the first file that has them.

    Raises
    ------
    InputError
        When types, kinds or models differ, or a view comes twice.
    """
    if not studies:
        raise InputError("no strain study to join; name at least one file")
    first = studies[0]
    for other in studies[1:]:
        for what in ("strain_type", "kind", "model"):
            one, two = getattr(first, what), getattr(other, what)
            if one != two:
                raise InputError(
                    f"{other.file}: {what} is {two}, but {one} in {first.file}; files of one examination must agree, "
                    "read them apart"
                )
    findings = [finding for study in studies for finding in study.findings]
    for what in ("engine", "modality", "systolic_mmhg", "diastolic_mmhg", "heart_rate_bpm"):
        values = list(dict.fromkeys(value for study in studies if (value := getattr(study, what)) is not None))
        if len(values) > 1:
            listed = ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)
            findings.append(
                Finding(code="files-disagree", message=f"{what} differs between the files: {listed}; the first is used")
            )
    pressures = [study.pressure for study in studies if study.pressure is not None]
    if len(pressures) > 1:
        raise InputError(
            f"{len(pressures)} files hold a pressure trace, one examination has one; leave the other files out"
        )
    views = tuple(view for study in studies for view in study.views)
    findings += _across_views(views, first)
    return replace(
        first,
        file=" + ".join(study.file for study in studies),
        format=" + ".join(dict.fromkeys(study.format for study in studies)),
        sha256=" + ".join(study.sha256 for study in studies),
        views=views,
        systolic_mmhg=_first(studies, "systolic_mmhg"),
        diastolic_mmhg=_first(studies, "diastolic_mmhg"),
        heart_rate_bpm=_first(studies, "heart_rate_bpm"),
        pressure=pressures[0] if pressures else None,
        vendor_tables={name: table for study in reversed(studies) for name, table in study.vendor_tables.items()},
        vendor_traces={name: traces for study in reversed(studies) for name, traces in study.vendor_traces.items()},
        findings=tuple(dict.fromkeys(findings)),
    )


def _across_views(views: Sequence[StrainView], study: StrainStudy) -> list[Finding]:
    """Refuse a view that comes twice; remark on segments that two views show."""
    owner: dict[int, str] = {}
    names: set[str] = set()
    findings = []
    for view in views:
        if view.name in names:
            raise InputError(
                f"view {view.name} is there twice; one recording per view makes an examination, leave the other out"
            )
        names.add(view.name)
        for segment in view.segments:
            if segment in owner:
                findings.append(
                    Finding(
                        code="segment-twice",
                        message=f"segment {segment} ({segment_name(segment, study.model)}) is in view {owner[segment]} "
                        f"and in view {view.name}; both curves are kept",
                    )
                )
            owner.setdefault(segment, view.name)
    return findings


def _first(studies: Sequence[StrainStudy], what: str) -> float | None:
    return next((value for study in studies if (value := getattr(study, what)) is not None), None)
