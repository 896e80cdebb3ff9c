"""Points of a patient's heart surfaces in one frame, gathered from contours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from scipy.spatial import cKDTree

from resynchro.errors import MeasurementError
from resynchro.heart.mesh import FloatArray
from resynchro.record.slices import ContourStack, LvContours

#: Points of the RV outline this close to the LV's outer contour lie on the septum [mm].
_SEPTAL_MM = 3.0
#: Longer gaps between points of a contour are no wall: it is open, or points of two were put in one order [mm].
_GAP_MM = 12.0
#: Contours finer than this add nothing [mm].
_THINNED_MM = 1.5


#: The arrays of points in `PatientPoints`.
POINT_SETS = (
    "lv_endo",
    "lv_outer",
    "rv_free",
    "rv_either",
    "rv_outer",
    "mitral",
    "aortic",
    "tricuspid",
    "pulmonary",
    "anterior_insertions",
    "inferior_insertions",
    "slice_centres",
)


def _no_points() -> FloatArray:
    return np.empty((0, 3))


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientPoints:
    """What is known of the surfaces, LPS [mm]; arrays of shape (n, 3), empty where nothing is known.

    Attributes
    ----------
    lv_endo
        Endocardium of the left ventricle.
    lv_outer
        Outer side of its wall: epicardium and the right side of the septum.
    rv_free
        Endocardium of the right ventricle's free wall.
    rv_either
        Right-ventricular endocardium of which nobody said whether it is septum or free wall.
    rv_outer
        Epicardium of the right ventricle.
    mitral, aortic, tricuspid, pulmonary
        Points of the valves' rims.
    anterior_insertions, inferior_insertions
        Where the right ventricle meets the septum.
    apex_mm
        Endocardial apex, shape (3,), or None.
    slice_centres, slice_areas_mm2
        Middle and area of the endocardial contour of each short-axis slice [mm2].
    """

    lv_endo: FloatArray
    lv_outer: FloatArray = field(default_factory=_no_points)
    rv_free: FloatArray = field(default_factory=_no_points)
    rv_either: FloatArray = field(default_factory=_no_points)
    rv_outer: FloatArray = field(default_factory=_no_points)
    mitral: FloatArray = field(default_factory=_no_points)
    aortic: FloatArray = field(default_factory=_no_points)
    tricuspid: FloatArray = field(default_factory=_no_points)
    pulmonary: FloatArray = field(default_factory=_no_points)
    anterior_insertions: FloatArray = field(default_factory=_no_points)
    inferior_insertions: FloatArray = field(default_factory=_no_points)
    apex_mm: FloatArray | None = None
    slice_centres: FloatArray = field(default_factory=_no_points)
    slice_areas_mm2: FloatArray = field(default_factory=lambda: np.empty(0))


def points_of_contours(contours: ContourStack, *, frame: int = 0) -> PatientPoints:
    """Gather the points of one frame of a contour stack.

    Parameters
    ----------
    contours
        Short-axis contours, long-axis points and valves, as far as they are there.
    frame
        Which of the frames of the contours; end diastole is usually the first.

    Raises
    ------
    MeasurementError
        When the frame is not there or no endocardium of the left ventricle is drawn in it.
    """
    count = max((len(item.endo) for item in contours.slices), default=0)
    if not 0 <= frame < max(count, 1):
        raise MeasurementError(f"{contours.file}: frame {frame} has no contours; there are frames 0 to {count - 1}")
    endo = [(item, polygon) for item in contours.slices if (polygon := _at(item.endo, frame)) is not None]
    outer = [(item, polygon) for item in contours.slices if (polygon := _at(item.epi, frame)) is not None]
    right = [(item, polygon) for item in contours.slices if (polygon := _at(item.rv, frame)) is not None]
    long_endo, long_outer, long_right = (
        _long_axis(contours, name, frame) for name in ("long_axis_endo", "long_axis_epi", "long_axis_rv")
    )
    lv_endo = _joined([_dense(*pair) for pair in endo] + [long_endo])
    if not len(lv_endo):
        raise MeasurementError(
            f"{contours.file}: no endocardium of the left ventricle is drawn in frame {frame}; a heart cannot be made "
            "from the right ventricle alone"
        )
    lv_outer = _joined([_dense(*pair) for pair in outer] + [long_outer])
    rv = _joined([_dense(*pair) for pair in right] + [long_right])
    far = cKDTree(lv_outer).query(rv)[0] > _SEPTAL_MM if len(lv_outer) and len(rv) else np.zeros(len(rv), dtype=bool)
    return PatientPoints(
        lv_endo=lv_endo,
        lv_outer=lv_outer,
        rv_free=rv[far],
        rv_either=rv if not len(lv_outer) else _no_points(),
        rv_outer=_long_axis(contours, "rv_epicardium", frame),
        mitral=_points(contours.base_points_mm, frame),
        aortic=_long_axis(contours, "aortic_valve", frame),
        tricuspid=_long_axis(contours, "tricuspid_valve", frame),
        pulmonary=_long_axis(contours, "pulmonary_valve", frame),
        anterior_insertions=_insertions((item, item.anterior_insertion) for item in contours.slices),
        inferior_insertions=_insertions((item, item.inferior_insertion) for item in contours.slices),
        apex_mm=contours.apex_mm[frame] if frame < len(contours.apex_mm) else None,
        slice_centres=_joined([_dense(*pair).mean(axis=0)[None] for pair in endo]),
        slice_areas_mm2=np.array([_area_mm2(item.geometry.to_patient(p[:, 0], p[:, 1])) for item, p in endo]),
    )


def _at(polygons: tuple[FloatArray | None, ...], frame: int) -> FloatArray | None:
    polygon = polygons[frame] if frame < len(polygons) else None
    return polygon if polygon is not None and len(polygon) >= 3 else None


def _points(frames: tuple[FloatArray, ...], frame: int) -> FloatArray:
    return np.asarray(frames[frame], dtype=float).reshape(-1, 3) if frame < len(frames) else _no_points()


def _long_axis(contours: ContourStack, name: str, frame: int) -> FloatArray:
    return _points(contours.points_mm.get(name, ()), frame)


def _joined(parts: list[FloatArray]) -> FloatArray:
    return np.concatenate([*parts, _no_points()])


def _dense(item: LvContours, polygon: FloatArray) -> FloatArray:
    """Return points about 1.5 mm apart along a polygon, LPS [mm]; wide gaps of an open contour stay empty."""
    corners = item.geometry.to_patient(polygon[:, 0], polygon[:, 1])
    closed = np.concatenate([corners, corners[:1]])
    step = np.linalg.norm(np.diff(closed, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(step)])
    places = np.linspace(0.0, along[-1], max(8, round(along[-1] / _THINNED_MM)), endpoint=False)
    bridged = step[np.clip(np.searchsorted(along, places, side="right") - 1, 0, len(step) - 1)] <= _GAP_MM
    points = np.stack([np.interp(places, along, column) for column in closed.T], axis=1)
    return points[bridged] if bridged.sum() >= 3 else corners


def _area_mm2(polygon_mm: FloatArray) -> float:
    spokes = polygon_mm - polygon_mm.mean(axis=0)
    return 0.5 * float(np.linalg.norm(np.cross(spokes, np.roll(spokes, -1, axis=0)).sum(axis=0)))


def _insertions(found: Iterable[tuple[LvContours, FloatArray | None]]) -> FloatArray:
    placed = [item.geometry.to_patient(point[:1], point[1:]) for item, point in found if point is not None]
    return _joined([np.reshape(point, (1, 3)) for point in placed])
