"""The heart of a patient from contours: the template laid into the patient and fitted to the points."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from resynchro.heart.cavities import cavity_ml
from resynchro.heart.heart import GeometrySource, Heart
from resynchro.heart.mesh import FloatArray
from resynchro.heart.patient_fit import Displacement, SurfaceFit, nearest_places
from resynchro.heart.patient_frame import HeartFrame, heart_frame, rv_wall_mm, starting_sizes
from resynchro.heart.patient_points import POINT_SETS, PatientPoints, points_of_contours
from resynchro.heart.patient_sizes import KnownSizes
from resynchro.heart.patient_unfolding import tetrahedron_quality, unfolded_walls
from resynchro.heart.template import heart_of_template
from resynchro.heart.template_parameters import TemplateParameters
from resynchro.heart.template_shape import template_walls
from resynchro.heart.template_sheet import TemplateSheet, template_sheet
from resynchro.heart.wall_sheets import Topology, WallSheets, nodes_of, topology
from resynchro.record.finding import Finding
from resynchro.record.slices import ContourStack
from resynchro.record.veins import LvLandmarks

#: The fit itself always uses this sheet, so that the surfaces do not depend on the edge length [mm].
_FIT_EDGE_MM = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceResidual:
    """How near the fitted surface comes to the points.

    Attributes
    ----------
    points
        How many there were.
    rms_mm, median_mm, p95_mm
        Of the distances from the surface [mm].
    """

    points: int
    rms_mm: float
    median_mm: float
    p95_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedHeart:
    """A heart fitted to contours, and how well.

    Attributes
    ----------
    heart
        In the patient's own frame.
    residuals
        By surface (``lv_endo``, ``lv_outer``, ``rv_free``); a surface without points is absent.
    lv_edv_ml, rv_edv_ml
        Volumes of the cavities of the fitted heart up to flat lids over the rims [mL].
    worst_quality
        Smallest quality of a tetrahedron: 1 for a regular one, 0 for a flat one, negative when inverted.
    smoothness
        1 for the usual fit; larger when it had to be stiffened so that nothing folds.
    relaxed_share
        Share of the sheet whose displacement was evened out because elements were inverted there.
    """

    heart: Heart
    residuals: dict[str, SurfaceResidual]
    lv_edv_ml: float
    rv_edv_ml: float
    worst_quality: float
    smoothness: float
    relaxed_share: float


def heart_from_contours(
    contours: ContourStack,
    *,
    frame: int = 0,
    edge_mm: float = 2.0,
    known: KnownSizes | None = None,
    geometry_source: GeometrySource = "contours",
) -> FittedHeart:
    """Fit the template to a patient's contours.

    Parameters
    ----------
    contours
        Short-axis contours of the left ventricle in two slices at least; better with right ventricle, insertions,
        long-axis points, valves and apex. Contours drawn around the labels of a mask do, too.
    frame
        Which frame of the contours: end diastole.
    edge_mm
        As in `template_heart` [mm]. Node and element numbers are the template's of this edge length.
    known
        Sizes from reports, for what the contours do not show.
    geometry_source
        ``mask`` when the contours were drawn around labels.

    Returns
    -------
    FittedHeart
        Positions and landmarks lie in the patient's own frame (LPS).

    Raises
    ------
    InputError
        When the contours have no size of a heart in millimetres, or the walls fold whatever the smoothness.
    MeasurementError
        When the contours do not fix a left ventricle.
    """
    points = points_of_contours(contours, frame=frame)
    return heart_from_points(points, edge_mm=edge_mm, known=known, geometry_source=geometry_source)


def heart_from_points(
    points: PatientPoints,
    *,
    edge_mm: float = 2.0,
    known: KnownSizes | None = None,
    geometry_source: GeometrySource = "contours",
) -> FittedHeart:
    """Fit the template to points of the surfaces, as `heart_from_contours` does."""
    frame, notes = heart_frame(points)
    sizes, start_note = starting_sizes(points, frame, known or KnownSizes())
    notes += _missing(points, sizes, start_note)
    placed = _in_frame(points, frame)
    sheet, numbering = template_sheet(_FIT_EDGE_MM), topology(_FIT_EDGE_MM)
    start = _stretched(template_walls(sizes, sheet, numbering), frame.length_mm / sizes.lv_length_mm)
    fit = SurfaceFit(sheet, numbering, start, placed)
    target_sheet, target_numbering = template_sheet(edge_mm), topology(edge_mm)
    target_start = start
    if edge_mm != _FIT_EDGE_MM:
        walls = template_walls(sizes, target_sheet, target_numbering)
        target_start = _stretched(walls, frame.length_mm / sizes.lv_length_mm)
    displacement, walls, unfolded = unfolded_walls(
        fit, target_sheet, target_numbering, target_start, sizes.rv_wall_mm, frame
    )
    nodes = frame.back(nodes_of(target_numbering, walls))
    quality = tetrahedron_quality(nodes[target_numbering.tetrahedra])
    notes += unfolded.notes()
    heart = _heart(target_sheet, target_numbering, nodes, frame, points, geometry_source, notes)
    residuals = _residuals(displacement, sheet, numbering, start, placed)
    return FittedHeart(
        heart=heart,
        residuals=residuals,
        lv_edv_ml=cavity_ml(nodes, heart.mesh.lv_endocardium),
        rv_edv_ml=cavity_ml(nodes, heart.mesh.rv_endocardium),
        worst_quality=float(quality.min()),
        smoothness=unfolded.smoothness,
        relaxed_share=unfolded.relaxed_share,
    )


def _in_frame(points: PatientPoints, frame: HeartFrame) -> PatientPoints:
    moved = {name: frame.into(getattr(points, name)) for name in POINT_SETS}
    apex = None if points.apex_mm is None else frame.into(points.apex_mm)
    return replace(points, apex_mm=apex, **moved)


def _missing(points: PatientPoints, sizes: TemplateParameters, start: Finding) -> tuple[Finding, ...]:
    notes = []
    if len(points.lv_outer) < 20:
        message = (
            f"no outer contour of the left ventricle: its walls are {sizes.septal_wall_mm:.0f} mm (septum) and "
            f"{sizes.lateral_wall_mm:.0f} mm (lateral), known or assumed, not measured here"
        )
        notes.append(Finding(code="wall-assumed", message=message))
    if len(points.rv_free) + len(points.rv_either) < 20:
        message = (
            f"no contour of the right ventricle's free wall: the right ventricle is the template's, "
            f"{sizes.rv_edv_ml:.0f} mL, and follows the left one"
        )
        notes.append(Finding(code="rv-assumed", message=message))
    if rv_wall_mm(points) is None:
        message = f"the free wall of the right ventricle is {sizes.rv_wall_mm:.1f} mm thick by assumption"
        notes.append(Finding(code="rv-wall-assumed", message=message))
    return tuple(notes)


def _stretched(walls: WallSheets, factor: float) -> WallSheets:
    """Stretch along the long axis: where the length lies below what the template allows."""
    if abs(factor - 1.0) < 1e-9:
        return walls
    scale = np.array([1.0, 1.0, factor])
    return WallSheets(
        lv_inner=walls.lv_inner * scale,
        lv_outer=walls.lv_outer * scale,
        rv_inner=walls.rv_inner * scale,
        rv_outer=walls.rv_outer * scale,
    )


def _heart(
    sheet: TemplateSheet,
    numbering: Topology,
    nodes_mm: FloatArray,
    frame: HeartFrame,
    points: PatientPoints,
    source: GeometrySource,
    notes: tuple[Finding, ...],
) -> Heart:
    inner = np.flatnonzero((numbering.layer == 0.0) & ~numbering.rv)
    rim = inner[np.isin(numbering.column[inner], sheet.base_rim)]
    apex = inner[np.argmin(sheet.u[numbering.column[inner]])]
    line = np.flatnonzero((numbering.column == sheet.insertion[0, 0]) & (numbering.layer == 1.0) & ~numbering.rv)
    landmarks = LvLandmarks(
        base_mm=points.mitral.mean(axis=0) if len(points.mitral) else nodes_mm[rim].mean(axis=0),
        apex_mm=nodes_mm[apex].copy(),
        anterior_insertion_mm=nodes_mm[line[0]].copy(),
    )
    return heart_of_template(sheet, numbering, nodes_mm, landmarks, geometry_source=source, findings=notes)


def _residuals(
    displacement: Displacement, sheet: TemplateSheet, numbering: Topology, start: WallSheets, points: PatientPoints
) -> dict[str, SurfaceResidual]:
    inner, outer, free = displacement.at(sheet, numbering, start)
    right = outer.copy()
    right[numbering.septal_columns] = free
    septal = sheet.triangles[sheet.septal]
    surfaces = {
        "lv_endo": (inner, sheet.triangles, points.lv_endo),
        "lv_outer": (outer, sheet.triangles, points.lv_outer),
        "rv_free": (right, septal, points.rv_free),
    }
    found = {}
    for name, (surface, triangles, targets) in surfaces.items():
        if len(targets):
            distance = nearest_places(surface, triangles, targets)[2]
            found[name] = SurfaceResidual(
                points=len(targets),
                rms_mm=float(np.sqrt(np.mean(distance**2))),
                median_mm=float(np.median(distance)),
                p95_mm=float(np.quantile(distance, 0.95)),
            )
    return found
