"""Where a patient's heart lies and how large it is, from points of its surfaces: the start of a fit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from resynchro.errors import InputError, MeasurementError
from resynchro.heart.mesh import FloatArray
from resynchro.heart.patient_points import PatientPoints
from resynchro.heart.patient_sizes import KnownSizes, filled_sizes
from resynchro.heart.standard_position import standard_heart_axes
from resynchro.heart.template_parameters import TemplateParameters
from resynchro.record.finding import Finding

#: Lengths of an adult LV from the valve to the apex, with room [mm]; beyond them the unit is wrong.
_LENGTH_MM = (40.0, 170.0)
#: Half-axis of the template's cavity over its length.
_HALF_AXIS = 1.0 / (1.0 - math.cos(0.57 * math.pi))
#: Allowed sizes of the starting shape; the fit goes on from there.
_START_WALL_MM, _START_EDV_ML, _START_RV_ML = (5.0, 16.0), (45.0, 480.0), (60.0, 380.0)
#: Share of the LV's length that contours must span where its ends were not marked.
_LEAST_COVER = 0.4
#: Thickness of the RV free wall that contours may give [mm].
_RV_WALL_MM = (2.0, 8.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartFrame:
    """The template's axes in the patient.

    Attributes
    ----------
    apex_mm, base_mm
        Endocardial apex and centre of the base, shape (3,), LPS [mm].
    axes
        Rows: to the lateral wall, to the anterior wall, from apex to base; unit length, left-handed like the
        template's, shape (3, 3).
    """

    apex_mm: FloatArray
    base_mm: FloatArray
    axes: FloatArray

    @property
    def length_mm(self) -> float:
        """Distance from apex to base [mm]."""
        return float(np.linalg.norm(self.base_mm - self.apex_mm))

    def into(self, points_mm: FloatArray) -> FloatArray:
        """Return LPS points in the template's axes, the apex at 0 [mm]."""
        return np.asarray((points_mm - self.apex_mm) @ self.axes.T)

    def back(self, points_mm: FloatArray) -> FloatArray:
        """Return points given in the template's axes in LPS [mm]."""
        return np.asarray(points_mm @ self.axes + self.apex_mm)


def heart_frame(points: PatientPoints) -> tuple[HeartFrame, tuple[Finding, ...]]:
    """Find long axis and turn of a heart.

    Parameters
    ----------
    points
        Of one frame.

    Returns
    -------
    tuple
        The frame, and findings about what had to be assumed.

    Raises
    ------
    InputError
        When the length is none of a heart in millimetres.
    MeasurementError
        When apex and base can be found neither from points nor from two slices.
    """
    notes: list[Finding] = []
    extent = float(np.linalg.norm(np.ptp(points.lv_endo, axis=0)))
    if not 30.0 <= extent <= 300.0:
        raise InputError(
            f"the endocardium of the left ventricle measures {extent:.3g} mm across, allowed are 30 to 300: are the "
            "contours in metres or centimetres?"
        )
    down = _downwards(points)
    base = _base(points, down, notes)
    apex = points.apex_mm if points.apex_mm is not None else _apex(points, base, down, notes)
    length = float(np.linalg.norm(base - apex))
    if not _LENGTH_MM[0] <= length <= _LENGTH_MM[1]:
        raise InputError(
            f"apex and base lie {length:.3g} mm apart, allowed are {_LENGTH_MM[0]:.0f} to {_LENGTH_MM[1]:.0f}: check "
            "the unit, and whether apex and valve belong to this heart"
        )
    up = (base - apex) / length
    _check_cover(points, up, length)
    septal = _septal_direction(points, apex, up, notes)
    anterior = np.cross(up, septal)
    return HeartFrame(apex_mm=apex, base_mm=base, axes=np.stack([-septal, anterior, up])), tuple(notes)


def _check_cover(points: PatientPoints, up: FloatArray, length_mm: float) -> None:
    """Refuse slices that show too little of the ventricle to say where its ends are."""
    covered = float(np.ptp(points.lv_endo @ up))
    if covered < _LEAST_COVER * length_mm and (points.apex_mm is None or not len(points.mitral)):
        raise MeasurementError(
            f"the contours span {covered:.0f} mm of a left ventricle that would be {length_mm:.0f} mm long; without "
            f"apex and mitral valve they must span {100.0 * _LEAST_COVER:.0f} %: are the images slices, or phases "
            "of one slice?"
        )


def _downwards(points: PatientPoints) -> FloatArray:
    """Return the rough direction from base to apex: valve to apex, or along the stack to the smaller slices."""
    centres, areas = points.slice_centres, points.slice_areas_mm2
    if len(points.mitral) and points.apex_mm is not None:
        way = points.apex_mm - points.mitral.mean(axis=0)
    elif len(points.mitral):
        way = points.lv_endo.mean(axis=0) - points.mitral.mean(axis=0)
    elif points.apex_mm is not None:
        way = points.apex_mm - points.lv_endo.mean(axis=0)
    elif len(centres) >= 2:
        way = centres[-1] - centres[0]
        trend = float(np.polyfit(centres @ (way / np.linalg.norm(way)), areas, 1)[0])
        way = -way if trend > 0.0 else way
    else:
        raise MeasurementError(
            "a single slice without valve and apex does not fix a left ventricle: two slices at least, or mitral valve "
            "and apex, are needed"
        )
    return np.asarray(way / np.linalg.norm(way))


def _base(points: PatientPoints, down: FloatArray, notes: list[Finding]) -> FloatArray:
    if len(points.mitral):
        return np.asarray(points.mitral.mean(axis=0))
    centres = points.slice_centres
    if len(centres) < 2:
        raise MeasurementError("no point of the mitral valve and fewer than two slices: the base is not known")
    height = -centres @ down
    top = int(np.argmax(height))
    half = 0.5 * _spacing_mm(height)
    message = (
        f"no point of the mitral valve is known: the base is taken {half:.1f} mm (half a slice) above the top slice"
    )
    notes.append(Finding(code="base-assumed", message=message))
    return np.asarray(centres[top] - half * down)


def _spacing_mm(height_mm: FloatArray) -> float:
    return float(np.median(np.diff(np.sort(height_mm))))


def _apex(points: PatientPoints, base_mm: FloatArray, down: FloatArray, notes: list[Finding]) -> FloatArray:
    """Return the tip of the cavity where nobody marked it.

    Sections of an ellipsoid of half-axis a have the areas A = A_max (1 - (1 - z / a)^2) at the height z over its tip:
    slices of less than the largest area give a and the tip.
    """
    centres, areas = points.slice_centres, points.slice_areas_mm2
    drawn = float((points.lv_endo @ down).max())
    if len(centres) >= 2:
        depth = centres @ down
        lowest = int(np.argmax(depth))
        root = np.sqrt(1.0 - np.clip(areas / areas.max(), 0.0, 1.0))
        below = depth >= depth[int(np.argmax(areas))]
        if below.sum() >= 2 and np.ptp(root[below]) > 0.05:
            half_axis = float(np.clip(np.polyfit(root[below], depth[below], 1)[0], 30.0, 130.0))
        else:
            half_axis = _HALF_AXIS * 85.0
        tip = float(depth[lowest] + half_axis * (1.0 - root[lowest]))
        apex = centres[lowest] + (tip - depth[lowest]) * down
        if drawn > tip:
            apex = apex + (drawn - tip) * down
    else:
        far = points.lv_endo[int(np.argmax(points.lv_endo @ down))]
        apex = base_mm + float((far - base_mm) @ down) * down
    message = "no apex was marked: it was found from the lowest contours" + (
        " by continuing the areas of the slices as an ellipsoid" if len(centres) >= 2 else ""
    )
    notes.append(Finding(code="apex-assumed", message=message))
    return np.asarray(apex)


def _septal_direction(points: PatientPoints, apex: FloatArray, up: FloatArray, notes: list[Finding]) -> FloatArray:
    """Return the unit vector from the long axis to the middle of the septum."""

    def across(found: FloatArray) -> FloatArray:
        offset = found - apex
        offset = offset - np.outer(offset @ up, up)
        offset = offset / np.maximum(np.linalg.norm(offset, axis=1, keepdims=True), 1e-9)
        total = offset.mean(axis=0)
        return np.asarray(total / np.linalg.norm(total))

    if len(points.anterior_insertions) and len(points.inferior_insertions):
        front, back = across(points.anterior_insertions), across(points.inferior_insertions)
        middle = front + back
        # Counter-clockwise from the apex come the anterior insertion, the septum and the inferior insertion.
        if float(np.linalg.norm(middle)) > 0.2:
            return np.asarray(middle / np.linalg.norm(middle))
    right = np.concatenate([points.rv_free, points.rv_either, points.tricuspid])
    if len(right) >= 3:
        message = "no insertion of the right ventricle is known: the septum is taken to face the middle of its contours"
        notes.append(Finding(code="insertions-assumed", message=message))
        return across(right)
    message = (
        "neither insertions nor contours of the right ventricle are known: how the heart is turned about its long axis "
        "is the usual way, not the patient's"
    )
    notes.append(Finding(code="turn-assumed", message=message))
    septal = standard_heart_axes()[1]
    septal = septal - (septal @ up) * up
    return np.asarray(septal / np.linalg.norm(septal))


def starting_sizes(points: PatientPoints, frame: HeartFrame, known: KnownSizes) -> tuple[TemplateParameters, Finding]:
    """Return the sizes of the template that the fit starts from, and a finding that says what they are.

    Parameters
    ----------
    known
        Sizes from reports, used for what no contour shows (walls, right ventricle).

    Notes
    -----
    The diameter is the median of those of the ellipsoids of this length through each endocardial point, the thickness
    of a wall the median distance of outer points of its quarter from that ellipsoid, the volume of the right
    ventricle in the proportion of the areas of its outlines to those of the left.
    """
    length = frame.length_mm
    inner = frame.into(points.lv_endo)
    radius = _equator_mm(inner, length)
    volume = (radius * radius * math.pi * length) * (1.0 / _HALF_AXIS) * (1.0 - 1.0 / (3.0 * _HALF_AXIS)) / 1000.0
    sizes = {name: getattr(known, name) for name in ("rv_edv_ml", "rv_wall_mm", "apical_wall_mm")}
    sizes |= _walls_mm(frame.into(points.lv_outer), radius, length, known)
    if sizes["rv_wall_mm"] is None:
        sizes["rv_wall_mm"] = rv_wall_mm(points)
    if sizes["rv_edv_ml"] is None and len(points.rv_free) >= 20:
        sizes["rv_edv_ml"] = volume * _rv_ratio(frame.into(points.rv_free), radius, length)
    if sizes["rv_edv_ml"] is not None:
        sizes["rv_edv_ml"] = float(np.clip(sizes["rv_edv_ml"], *_START_RV_ML))
    start = KnownSizes(lv_edv_ml=float(np.clip(volume, *_START_EDV_ML)), lv_length_mm=max(length, 55.0), **sizes)
    return filled_sizes(start)


def rv_wall_mm(points: PatientPoints) -> float | None:
    """Return the thickness of the RV free wall as drawn, the median distance of both its contours [mm], or None."""
    inner = np.concatenate([points.rv_free, points.rv_either])
    if len(inner) < 20 or len(points.rv_outer) < 20:
        return None
    # Most points of the outer contour have a point of the inner one beside them; the others are farther.
    gap = cKDTree(points.rv_outer).query(inner)[0]
    return float(np.clip(np.median(gap), *_RV_WALL_MM))


def _profile(height_mm: FloatArray, length_mm: float) -> FloatArray:
    """Radius of the template's endocardium over that of its widest place, at heights over the apex."""
    part = np.clip(height_mm / (_HALF_AXIS * length_mm), 0.02, 1.2)
    return np.sqrt(1.0 - (1.0 - part) ** 2)


def _equator_mm(inner: FloatArray, length_mm: float) -> float:
    within = (inner[:, 2] > 0.15 * length_mm) & (inner[:, 2] < length_mm)
    if within.sum() < 10:
        raise MeasurementError("too few points of the endocardium lie between apex and base to measure its width")
    radius = np.hypot(inner[within, 0], inner[within, 1]) / _profile(inner[within, 2], length_mm)
    return float(np.median(radius))


def _walls_mm(outer: FloatArray, radius_mm: float, length_mm: float, known: KnownSizes) -> dict[str, float | None]:
    """Return the thickness of each wall as its contours show it, else as it is known."""
    quarter = {"lateral_wall_mm": 0.0, "anterior_wall_mm": 90.0, "septal_wall_mm": 180.0, "inferior_wall_mm": 270.0}
    within = (outer[:, 2] > 0.3 * length_mm) & (outer[:, 2] < length_mm)
    outer = outer[within]
    thickness = np.hypot(outer[:, 0], outer[:, 1]) - radius_mm * _profile(outer[:, 2], length_mm)
    angle = np.degrees(np.arctan2(outer[:, 1], outer[:, 0]))
    found: dict[str, float | None] = {}
    for name, centre in quarter.items():
        of_wall = np.abs((angle - centre + 180.0) % 360.0 - 180.0) < 45.0
        seen = float(np.clip(np.median(thickness[of_wall]), *_START_WALL_MM)) if of_wall.sum() >= 5 else None
        found[name] = seen if seen is not None else getattr(known, name)
    return found


def _rv_ratio(free: FloatArray, radius_mm: float, length_mm: float) -> float:
    """Return the volume of the right ventricle over that of the left, judged by how far its free wall stands off."""
    within = (free[:, 2] > 0.4 * length_mm) & (free[:, 2] < length_mm)
    if within.sum() < 5:
        return 1.0
    # In the normal template, whose ventricles have one volume, the free wall lies this far from the LV's axis.
    reach = float(np.quantile(np.hypot(free[within, 0], free[within, 1]), 0.9))
    return float(np.clip((reach / radius_mm - 1.2) / 1.35, 0.4, 2.5))
