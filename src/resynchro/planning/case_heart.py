"""The heart of a case: its shape, scar and veins from the best that the visits hold."""

from __future__ import annotations

from dataclasses import replace

from resynchro.errors import MeasurementError, ResynchroError
from resynchro.heart.heart import Heart
from resynchro.heart.patient_contours import heart_from_contours
from resynchro.heart.patient_sizes import KnownSizes, heart_from_sizes
from resynchro.heart.scar import with_scar
from resynchro.heart.scar_image import with_scar_labels
from resynchro.heart.vein_stations import with_veins
from resynchro.imaging.cine.lv_volumes import counted_volumes_ml, lv_volumes
from resynchro.imaging.mask_contours import contours_from_labels
from resynchro.planning.measured_imaging import measured_scar
from resynchro.record.case import Case
from resynchro.record.finding import Finding
from resynchro.record.visit import Visit, VisitCine, VisitScar


def case_heart(case: Case, *, edge_mm: float = 2.0) -> Heart:
    """Build the heart of a case.

    Parameters
    ----------
    case
        As read.
    edge_mm
        Distance of nodes along the walls [mm], see `resynchro.heart.template.template_heart`.

    Returns
    -------
    Heart
        Shape from the contours or masks of a cine, else from the volumes and diameters that the visits give, else the
        normal template; `Heart.geometry_source` says which. Scar of the last examination of it, from the image where
        it shares the frame of the heart, else per segment. Veins of the case, else the usual branches. Findings say
        what was assumed and what could not be used.

    Notes
    -----
    The shape is that before resynchronisation: visits of role follow-up come last.
    """
    known = _known_sizes(case)
    heart = None
    notes: list[Finding] = []
    for visit in _by_use(case):
        for cine in visit.cine:
            heart = heart or _from_cine(cine, known, edge_mm, notes)
    heart = heart or heart_from_sizes(known, edge_mm=edge_mm)
    heart = _with_case_scar(heart, case, notes)
    trees = [item.tree for visit in case.visits for item in visit.veins]
    heart = with_veins(heart, trees[-1] if trees else None)
    if not trees:
        message = "no veins in the case: the usual branches of the coronary sinus were assumed; real ones differ"
        notes.append(Finding(code="assumed-veins", message=message))
    elif heart.geometry_source in ("volumes", "template") and any(
        branch.points_mm is not None for branch in trees[-1].branches
    ):
        message = (
            "the veins are centrelines of an image, but the heart is a template that lies elsewhere: only branches "
            "that come near it have stations; add contours of the same examination"
        )
        notes.append(Finding(code="veins-elsewhere", message=message))
    return replace(heart, findings=heart.findings + tuple(notes))


def _by_use(case: Case) -> list[Visit]:
    """Visits in the order in which their images are asked for the shape: baseline first, follow-up last."""
    return sorted(case.visits, key=lambda visit: (visit.role == "follow-up", visit.role != "baseline"))


def _known_sizes(case: Case) -> KnownSizes:
    """Collect the sizes that the visits give, from the first visit that has each."""
    volumes = [visit.lvedv_ml for visit in _by_use(case) if visit.lvedv_ml is not None]
    diameters = [visit.lvedd_mm for visit in _by_use(case) if visit.lvedd_mm is not None]
    return KnownSizes(
        lv_edv_ml=volumes[0] if volumes else None,
        lv_diameter_mm=diameters[0] if diameters else None,
    )


def _from_cine(cine: VisitCine, known: KnownSizes, edge_mm: float, notes: list[Finding]) -> Heart | None:
    """Fit the heart to the contours or the labels of a cine; None with a finding where that is impossible."""
    try:
        if cine.contours is not None:
            frame = lv_volumes(cine.contours).ed_frame
            return heart_from_contours(cine.contours, frame=frame, edge_mm=edge_mm, known=known).heart
        if cine.labels is not None:
            frame = int(counted_volumes_ml(cine.labels, cine.labels.convention.cavity).argmax())
            contours = contours_from_labels(cine.labels, end_diastole=frame)
            fitted = heart_from_contours(contours, frame=frame, edge_mm=edge_mm, known=known, geometry_source="mask")
            return fitted.heart
    except ResynchroError as error:
        message = f"{cine.file}: the heart could not be fitted to it, sizes were used instead ({error})"
        notes.append(Finding(code="heart-not-fitted", message=message))
    return None


def _with_case_scar(heart: Heart, case: Case, notes: list[Finding]) -> Heart:
    examinations = [item for visit in case.visits for item in visit.scar]
    if not examinations:
        message = "no scar examination in the case: the heart was taken to have no scar"
        notes.append(Finding(code="scar-unknown", message=message))
        return heart
    item = examinations[-1]
    found = _scar_from_image(heart, item, notes)
    if found is not None:
        return found
    try:
        scar = measured_scar(item).scar_map
    except MeasurementError as error:
        message = f"{item.file}: scar could not be measured, the heart was taken to have none ({error})"
        notes.append(Finding(code="scar-not-measured", message=message))
        return heart
    if not scar.segments:
        message = f"{item.file}: the scar is not known by segment, the heart was taken to have none"
        notes.append(Finding(code="scar-not-placed", message=message))
        return heart
    return with_scar(heart, scar)


def _scar_from_image(heart: Heart, item: VisitScar, notes: list[Finding]) -> Heart | None:
    """Lay labelled scar into a heart that was fitted in image coordinates; None where there is none to lay."""
    if heart.geometry_source not in ("contours", "mask") or item.labels is None or item.labels.convention.scar is None:
        return None
    try:
        return with_scar_labels(heart, item.labels)
    except MeasurementError as error:
        message = f"{item.file}: the scar was placed by segment, not by its image ({error})"
        notes.append(Finding(code="scar-by-segment", message=message))
        return None
