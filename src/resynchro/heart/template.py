"""The template heart: both ventricles of any adult size, always with the same nodes."""

from __future__ import annotations

import numpy as np

from resynchro.errors import InputError
from resynchro.heart.element_segments import segments_at
from resynchro.heart.fibres import rule_based_fibres
from resynchro.heart.heart import (
    HEALTHY,
    LV_FREE_WALL,
    RV_FREE_WALL,
    SEPTUM,
    GeometrySource,
    Heart,
    VentricularCoordinates,
)
from resynchro.heart.mesh import FloatArray, HeartMesh
from resynchro.heart.standard_position import standard_heart_axes
from resynchro.heart.template_parameters import PRESETS, Preset, TemplateParameters
from resynchro.heart.template_shape import template_walls
from resynchro.heart.template_sheet import TemplateSheet, template_sheet
from resynchro.heart.ventricular_place import depth_and_rotation
from resynchro.heart.wall_sheets import Topology, mesh_of, topology
from resynchro.record.finding import Finding
from resynchro.record.veins import LvLandmarks


def template_heart(
    size: Preset | TemplateParameters = "normal",
    *,
    edge_mm: float = 2.0,
    endocardial_deg: float = 60.0,
    epicardial_deg: float = -60.0,
) -> Heart:
    """Build the template heart in the usual position in the body.

    Parameters
    ----------
    size
        ``normal``, ``dilated``, or sizes of one's own.
    edge_mm
        Distance of nodes along the walls of the normal heart, 0.9 to 4 [mm]. It fixes the topology: hearts of one edge
        length share node and element numbers whatever their size, so larger hearts have longer edges. Diagonals make
        the mean edge about 1.2 times as long.
    endocardial_deg, epicardial_deg
        Helix angle of the fibres on both sides of the LV wall [deg].

    Returns
    -------
    Heart
        The middle of the LV's long axis lies in the origin. Nothing is random: the same call gives the same arrays.

    Raises
    ------
    InputError
        For an unknown preset, an edge length out of range, or sizes that do not fit together.
    """
    if isinstance(size, str):
        if size not in PRESETS:
            raise InputError(f"no preset {size!r}: choose {' or '.join(PRESETS)}")
        size = PRESETS[size]
    sheet, numbering = template_sheet(edge_mm), topology(edge_mm)
    mesh = mesh_of(numbering, template_walls(size, sheet, numbering))
    long_axis, septal, anterior = standard_heart_axes()
    middle = np.array([0.0, 0.0, 0.5 * size.lv_length_mm])
    to_body = np.stack([-septal, anterior, -long_axis])
    landmarks = LvLandmarks(
        base_mm=(np.array([0.0, 0.0, size.lv_length_mm]) - middle) @ to_body,
        apex_mm=(np.zeros(3) - middle) @ to_body,
        anterior_insertion_mm=_anterior_insertion(sheet, numbering, (mesh.points_mm - middle) @ to_body),
    )
    return heart_of_template(
        sheet,
        numbering,
        (mesh.points_mm - middle) @ to_body,
        landmarks,
        geometry_source="template",
        endocardial_deg=endocardial_deg,
        epicardial_deg=epicardial_deg,
    )


def _anterior_insertion(sheet: TemplateSheet, numbering: Topology, points_mm: FloatArray) -> FloatArray:
    """Where the RV meets the septum in front at the base, on the outer side of the LV wall."""
    column = sheet.insertion[0, 0]
    return np.asarray(points_mm[np.flatnonzero((numbering.column == column) & (numbering.layer == 1.0))[0]])


def heart_of_template(
    sheet: TemplateSheet,
    numbering: Topology,
    points_mm: FloatArray,
    landmarks: LvLandmarks,
    *,
    geometry_source: GeometrySource,
    endocardial_deg: float = 60.0,
    epicardial_deg: float = -60.0,
    findings: tuple[Finding, ...] = (),
) -> Heart:
    """Give coordinates, segments and fibres to a heart whose nodes are the template's, moved.

    Parameters
    ----------
    sheet, numbering
        Of the edge length the nodes were made with.
    points_mm
        Shape (n, 3), body axes (LPS).
    landmarks
        In the same frame.
    geometry_source
        What the positions come from.
    findings
        To travel with the heart.
    """
    points = np.ascontiguousarray(points_mm)
    points.setflags(write=False)
    mesh = HeartMesh(
        points_mm=points,
        tetrahedra=numbering.tetrahedra,
        lv_endocardium=numbering.lv_endocardium,
        rv_endocardium=numbering.rv_endocardium,
        epicardium=numbering.epicardium,
        base=numbering.base,
    )
    wall = np.full(len(mesh.tetrahedra), LV_FREE_WALL, dtype=np.int8)
    wall[numbering.septal], wall[numbering.rv_free_wall] = SEPTUM, RV_FREE_WALL
    coordinates = VentricularCoordinates(
        apicobasal=sheet.u[numbering.column],
        rotation_deg=sheet.rotation_deg[numbering.column],
        transmural=numbering.layer,
        rv=numbering.rv,
    )
    depth, rotation_deg = depth_and_rotation(points[mesh.tetrahedra].mean(axis=1), landmarks)
    segment = np.where(wall == RV_FREE_WALL, 0, segments_at(depth, rotation_deg)).astype(np.int8)
    fibres = rule_based_fibres(mesh, endocardial_deg=endocardial_deg, epicardial_deg=epicardial_deg)
    return Heart(
        mesh=mesh,
        coordinates=coordinates,
        wall=wall,
        segment=segment,
        fibre=fibres.fibre,
        sheet_normal=fibres.sheet_normal,
        tissue=np.full(len(wall), HEALTHY, dtype=np.int8),
        landmarks=landmarks,
        geometry_source=geometry_source,
        findings=findings,
    )
