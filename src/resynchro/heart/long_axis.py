"""The long axis of the left ventricle, and the angles around it at which the right ventricle inserts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.heart.mesh import FloatArray, HeartMesh
from resynchro.heart.septum import triangle_normals
from resynchro.record.segments import ANTERIOR_INSERTION_DEG, INFERIOR_INSERTION_DEG
from resynchro.record.veins import LvLandmarks

#: Insertions are measured at these depths of the long axis: below, the right ventricle narrows to its own apex.
_INSERTION_DEPTHS = (0.0, 0.45)
#: Of the arc between the insertions [deg]; outside of it the labels of the surfaces are wrong.
_SEPTAL_ARC = (50.0, 210.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LongAxis:
    """Long axis with the angles of the insertions.

    Attributes
    ----------
    landmarks
        Middle of the mitral ring, tip of the cavity, anterior insertion [mm].
    apex_node, outer_apex_node
        Node at the tip of the cavity, and on the epicardium where the axis leaves the muscle.
    lateral, anterior, apical
        Unit vectors, shape (3,): away from the middle of the septum, towards the anterior wall, from base to apex.
    insertions_deg
        Anterior and inferior, counter-clockwise from `lateral` seen from the apex [deg].
    """

    landmarks: LvLandmarks
    apex_node: int
    outer_apex_node: int
    lateral: FloatArray
    anterior: FloatArray
    apical: FloatArray
    insertions_deg: tuple[float, float]

    def depth(self, points_mm: FloatArray) -> FloatArray:
        """Return depth along the axis: 0 at the middle of the mitral ring, 1 at the tip of the cavity, shape (n,)."""
        length = float(np.linalg.norm(self.landmarks.apex_mm - self.landmarks.base_mm))
        return np.asarray((points_mm - self.landmarks.base_mm) @ self.apical / length)

    def angle_deg(self, points_mm: FloatArray) -> FloatArray:
        """Return the angle around the axis as it is, the middle of the septum at 180, shape (n,) [deg]."""
        offset = points_mm - self.landmarks.base_mm
        return np.asarray(np.degrees(np.arctan2(offset @ self.anterior, offset @ self.lateral)) % 360.0)

    def rotation_deg(self, points_mm: FloatArray) -> FloatArray:
        """Return the display angle: insertions at 120 and 240, in proportion between them, shape (n,) [deg]."""
        anterior, inferior = self.insertions_deg
        along = (self.angle_deg(points_mm) - anterior) % 360.0
        septum = inferior - anterior
        wanted = INFERIOR_INSERTION_DEG - ANTERIOR_INSERTION_DEG
        beyond = wanted + (along - septum) * (360.0 - wanted) / (360.0 - septum)
        return np.asarray((ANTERIOR_INSERTION_DEG + np.where(along < septum, along * wanted / septum, beyond)) % 360.0)


def ends_of_long_axis(mesh: HeartMesh) -> tuple[FloatArray, int, int]:
    """Return the middle of the mitral ring [mm], the node at the tip of the cavity, and the one under it outside.

    Parameters
    ----------
    mesh
        One or both ventricles.

    Returns
    -------
    tuple
        Point, shape (3,); node of the left endocardium farthest from the ring in the direction of its middle; node of
        the epicardium nearest to the line through both, beyond the tip.

    Raises
    ------
    MeasurementError
        When left endocardium and base do not share a ring, or there is no epicardium beyond the tip.
    """
    inside = np.unique(mesh.lv_endocardium)
    ring = np.intersect1d(inside, np.unique(mesh.base))
    if ring.size < 3:
        raise MeasurementError(f"left endocardium and base share {ring.size} nodes, a ring is needed: check the labels")
    base_mm = _ring_middle(mesh, ring)
    area = np.linalg.norm(triangle_normals(mesh.points_mm, mesh.lv_endocardium), axis=1)
    towards = np.average(mesh.points_mm[mesh.lv_endocardium].mean(axis=1), axis=0, weights=area) - base_mm
    tip = int(inside[np.argmax(mesh.points_mm[inside] @ towards)])
    along = mesh.points_mm[tip] - base_mm
    length = float(np.linalg.norm(along))
    outside = np.unique(mesh.epicardium)
    offset = mesh.points_mm[outside] - base_mm
    depth = offset @ along / length
    beyond = depth > length
    if not beyond.any():
        raise MeasurementError("no epicardium lies beyond the tip of the left cavity: check the labels of the surfaces")
    away = np.linalg.norm(offset - depth[:, None] * along / length, axis=1)
    return base_mm, tip, int(outside[beyond][np.argmin(away[beyond])])


def long_axis_of(mesh: HeartMesh, septal: NDArray[np.bool_]) -> LongAxis:
    """Find the long axis of the left ventricle and the insertions of the right one.

    Parameters
    ----------
    mesh
        Both ventricles.
    septal
        Which triangles of its right-ventricular endocardium belong to the septum.

    Returns
    -------
    LongAxis
        See there.

    Raises
    ------
    MeasurementError
        When the left endocardium does not meet the base, or no plausible insertions are found.
    """
    base_mm, apex_node, outer_apex_node = ends_of_long_axis(mesh)
    apex_mm = mesh.points_mm[apex_node]
    apical = (apex_mm - base_mm) / np.linalg.norm(apex_mm - base_mm)
    right_side = mesh.rv_endocardium[septal]
    area = np.linalg.norm(triangle_normals(mesh.points_mm, right_side), axis=1)
    to_septum = np.average(mesh.points_mm[right_side].mean(axis=1), axis=0, weights=area) - base_mm
    to_septum -= apical * float(to_septum @ apical)
    septum = to_septum / np.linalg.norm(to_septum)
    raw = LongAxis(
        landmarks=LvLandmarks(base_mm=base_mm, apex_mm=apex_mm, anterior_insertion_mm=apex_mm),
        apex_node=apex_node,
        outer_apex_node=outer_apex_node,
        lateral=-septum,
        anterior=np.cross(septum, apical),  # in hearts that are not mirrored
        apical=apical,
        insertions_deg=(ANTERIOR_INSERTION_DEG, INFERIOR_INSERTION_DEG),
    )
    return _with_insertions(mesh, septal, raw)


def _ring_middle(mesh: HeartMesh, ring: NDArray[np.integer]) -> FloatArray:
    """Middle of the ring between left endocardium and base: its edges by their length."""
    sides = np.sort(np.concatenate([mesh.lv_endocardium[:, pair] for pair in ([0, 1], [1, 2], [2, 0])]), axis=1)
    edges, count = np.unique(sides, axis=0, return_counts=True)
    rim = edges[(count == 1) & np.isin(edges, ring).all(axis=1)]
    if len(rim) < 3:
        return np.asarray(mesh.points_mm[ring].mean(axis=0))
    ends = mesh.points_mm[rim]
    return np.average(ends.mean(axis=1), axis=0, weights=np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1))


def _with_insertions(mesh: HeartMesh, septal: NDArray[np.bool_], raw: LongAxis) -> LongAxis:
    line = np.intersect1d(np.unique(mesh.rv_endocardium[septal]), np.unique(mesh.rv_endocardium[~septal]))
    points = mesh.points_mm[line]
    depth, angle = raw.depth(points), raw.angle_deg(points)
    high = (depth >= _INSERTION_DEPTHS[0]) & (depth <= _INSERTION_DEPTHS[1])
    front, back = high & (angle < 180.0), high & (angle >= 180.0)
    if front.sum() < 2 or back.sum() < 2:
        raise MeasurementError(
            f"the right ventricle inserts at {int(front.sum())} nodes in front and {int(back.sum())} behind in the "
            "basal half of the left one, at least 2 of each are needed: check the labels and the direction of the base"
        )
    anterior, inferior = float(np.median(angle[front])), float(np.median(angle[back]))
    if not _SEPTAL_ARC[0] <= inferior - anterior <= _SEPTAL_ARC[1]:
        raise MeasurementError(
            f"the septum spans {inferior - anterior:.0f} degrees, {_SEPTAL_ARC[0]:g} to {_SEPTAL_ARC[1]:g} are "
            "plausible: check the labels of the surfaces"
        )
    nearest = points[front][np.argmin(np.abs(angle[front] - anterior))]
    landmarks = LvLandmarks(
        base_mm=raw.landmarks.base_mm, apex_mm=raw.landmarks.apex_mm.copy(), anterior_insertion_mm=nearest.copy()
    )
    for point in (landmarks.base_mm, landmarks.apex_mm, landmarks.anterior_insertion_mm):
        point.setflags(write=False)
    return replace(raw, landmarks=landmarks, insertions_deg=(anterior, inferior))
