"""The heart of one patient, or the template: mesh, coordinates, segments, fibres, tissue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resynchro.heart.mesh import FloatArray, HeartMesh
from resynchro.record.finding import Finding
from resynchro.record.veins import LvLandmarks, VeinTree

#: What an element belongs to. The septum lies between both endocardial surfaces.
LV_FREE_WALL, SEPTUM, RV_FREE_WALL = 0, 1, 2
#: Tissue of an element. A core does not conduct; a border zone conducts slowly.
HEALTHY, BORDER_ZONE, SCAR_CORE = 0, 1, 2
#: Where a geometry came from, best first.
GeometrySource = Literal["contours", "mask", "volumes", "template", "mesh file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VentricularCoordinates:
    """Where a node lies, in words that are the same for all hearts.

    Attributes
    ----------
    apicobasal
        0 at the apex, 1 at the base, shape (n,). In the RV free wall it follows the septum beside it.
    rotation_deg
        Display angle as in `resynchro.record.segments`, shape (n,): anterior insertion at 120, inferior at 240, lateral
        wall at 0 and 360. In the RV free wall it runs from 120 to 240 too: the angle of the septum across the cavity.
    transmural
        0 on the LV endocardium, 1 on the epicardium; in the septum 1 on its right side; in the RV free wall 0 on its
        endocardium, 1 on the epicardium; shape (n,).
    rv
        True for nodes of the RV free wall (not of the septum), shape (n,), bool.
    """

    apicobasal: FloatArray
    rotation_deg: FloatArray
    transmural: FloatArray
    rv: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heart:
    """A heart that can be paced.

    Attributes
    ----------
    mesh
        Nodes [mm] and tetrahedra in body axes (LPS).
    coordinates
        Per node.
    wall
        Per tetrahedron, shape (m,), int8: LV_FREE_WALL, SEPTUM or RV_FREE_WALL.
    segment
        Per tetrahedron, shape (m,), int8: 1 to 17 of the 17-segment model in the LV with septum, 0 in the RV free wall.
    fibre
        Per tetrahedron, unit vectors, shape (m, 3). Their sign means nothing.
    sheet_normal
        Per tetrahedron, unit vectors across the wall at right angles to the fibre, shape (m, 3).
    tissue
        Per tetrahedron, shape (m,), int8: HEALTHY, BORDER_ZONE or SCAR_CORE.
    landmarks
        Of the left ventricle, in the same frame.
    veins
        Branches of the coronary sinus on the epicardium; None where none are known and none were assumed.
    geometry_source
        What the shape was made from.
    findings
        What the user should know about the geometry.
    """

    mesh: HeartMesh
    coordinates: VentricularCoordinates
    wall: NDArray[np.int8]
    segment: NDArray[np.int8]
    fibre: FloatArray
    sheet_normal: FloatArray
    tissue: NDArray[np.int8]
    landmarks: LvLandmarks
    geometry_source: GeometrySource
    veins: VeinTree | None = None
    findings: tuple[Finding, ...] = ()
