"""Volumes of the left ventricle over the beat from contours, by each method that the contours allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.cine.area_curves import AreaCurves, area_curves
from resynchro.imaging.cine.end_diastole import end_diastole, end_systole
from resynchro.imaging.cine.slice_summation import summed_volume_ml, usual_spacing_mm, volume_between_ml
from resynchro.imaging.cine.valve_plane import valve_plane
from resynchro.imaging.cine.ventricle_surface import enclosed_volume_ml, fitted_surface
from resynchro.record.finding import Finding
from resynchro.record.slices import ContourStack, FloatArray, LabelStack

#: Density of myocardium [g/ml].
MYOCARDIUM_G_PER_ML = 1.05
VolumeMethod = Literal["surface", "base and apex", "slices"]
#: In order of preference, with what each one means.
METHOD_WORDS: dict[VolumeMethod, str] = {
    "surface": "smooth surface through short- and long-axis contours, closed by a lid through the valve points, scaled "
    "to the short-axis areas",
    "base and apex": "frusta between the slices, a cylinder to the valve plane, a paraboloid to the apex",
    "slices": "sum of areas times slice distances; base and apex are where the contours end",
}
#: Voxels longer than this many times their width make counting them too coarse.
_ANISOTROPY = 3.0
#: Two ways to count the same masks should agree to this share.
_AGREEMENT = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeCurve:
    """Volumes over the beat by one method.

    Attributes
    ----------
    method
        See `METHOD_WORDS`.
    cavity_ml
        Shape (T,) [ml].
    wall_ml
        Volume of the wall, shape (T,) [ml]; None where epicardial contours are missing.
    residual_mm
        Root mean square distance of contour points from the fitted surface, mean over frames [mm]; None without one.
    """

    method: VolumeMethod
    cavity_ml: FloatArray
    wall_ml: FloatArray | None
    residual_mm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LvVolumes:
    """Volumes and function of the left ventricle.

    Attributes
    ----------
    curves
        One per method that the contours allow, the recommended one first.
    ed_frame, es_frame
        Frames of the largest and smallest volume of the recommended curve; the same when there is one frame only.
    papillary
        What was done with the papillary muscles, in words.
    """

    curves: tuple[VolumeCurve, ...]
    ed_frame: int
    es_frame: int
    papillary: str
    findings: tuple[Finding, ...] = ()

    @property
    def edv_ml(self) -> float:
        """End-diastolic volume [ml]."""
        return float(self.curves[0].cavity_ml[self.ed_frame])

    @property
    def esv_ml(self) -> float | None:
        """End-systolic volume [ml]; None with one frame."""
        return None if self.es_frame == self.ed_frame else float(self.curves[0].cavity_ml[self.es_frame])

    @property
    def stroke_volume_ml(self) -> float | None:
        """Stroke volume [ml]; None with one frame."""
        return None if self.esv_ml is None else self.edv_ml - self.esv_ml

    @property
    def ejection_fraction_pct(self) -> float | None:
        """Ejection fraction [%]; None with one frame."""
        return None if self.esv_ml is None or self.edv_ml <= 0.0 else 100.0 * (1.0 - self.esv_ml / self.edv_ml)

    @property
    def mass_g(self) -> float | None:
        """Mass of the wall at end-diastole [g]; None without epicardial contours."""
        wall = self.curves[0].wall_ml
        return None if wall is None else MYOCARDIUM_G_PER_ML * float(wall[self.ed_frame])


def lv_volumes(contours: ContourStack) -> LvVolumes:
    """Measure left-ventricular volumes over the beat.

    Parameters
    ----------
    contours
        Short-axis contours; with valve points and apex (and long-axis contours) also the methods that use them.

    Returns
    -------
    LvVolumes

    Raises
    ------
    MeasurementError
        When no cavity is drawn, or a single slice is all there is.

    Notes
    -----
    A slice counts when at least half of its circumference has wall. Frames are compared as they are: end-diastole is
    the frame of the largest volume wherever it stands.
    """
    areas = area_curves(contours)
    if len(areas.position_mm) < 2:
        raise MeasurementError("one slice has no volume; contours of at least two parallel slices are needed")
    curves = [curve for curve in (_surface(contours), _between(contours, areas)) if curve is not None]
    curves.append(_slices(areas))
    volume = curves[0].cavity_ml
    in_mass = any(item.papillary_in_mass for item in contours.slices)
    return LvVolumes(
        curves=tuple(curves),
        ed_frame=end_diastole(volume),
        es_frame=end_systole(volume) if len(volume) > 1 else end_diastole(volume),
        papillary="papillary muscles count as wall" if in_mass else "papillary muscles count as blood, as drawn",
        findings=_findings(areas, curves),
    )


def _slices(areas: AreaCurves) -> VolumeCurve:
    usual = usual_spacing_mm(areas.position_mm)
    frames = range(areas.cavity_mm2.shape[1])
    counts = areas.counts
    cavity = [summed_volume_ml(areas.position_mm, areas.cavity_mm2[:, t], counts[:, t], usual) for t in frames]
    # Past the apex of the cavity there is wall alone; past the base a slice counts for neither.
    wall = (areas.outer_mm2 > 0.0) & (counts | (areas.cavity_mm2 == 0.0))
    outer = [
        summed_volume_ml(areas.position_mm, (areas.outer_mm2 - areas.cavity_mm2)[:, t], wall[:, t], usual)
        for t in frames
    ]
    return VolumeCurve(method="slices", cavity_ml=_fixed(cavity), wall_ml=_fixed(outer) if wall.any() else None)


def _between(contours: ContourStack, areas: AreaCurves) -> VolumeCurve | None:
    """Integrate from the valve plane to the apex; None when either is unknown in any frame."""
    frames = areas.cavity_mm2.shape[1]
    if len(contours.base_points_mm) != frames or len(contours.apex_mm) != frames:
        return None
    normal = contours.slices[0].geometry.normal
    cavity, wall = [], []
    for frame in range(frames):
        apex, base = contours.apex_mm[frame], contours.base_points_mm[frame]
        if apex is None or not len(base):
            return None
        towards = normal * np.sign(float((apex - base.mean(axis=0)) @ normal))
        depth = areas.position_mm * float(normal @ towards) - float(base.mean(axis=0) @ towards)
        length = float((apex - base.mean(axis=0)) @ towards)
        counts = areas.counts[:, frame]
        cavity.append(volume_between_ml(depth[counts], areas.cavity_mm2[counts, frame], length))
        drawn = counts & (areas.outer_mm2[:, frame] > 0.0)
        outer = volume_between_ml(
            depth[drawn], areas.outer_mm2[drawn, frame], length + _apical_wall_mm(contours, frame)
        )
        wall.append(outer - volume_between_ml(depth[drawn], areas.cavity_mm2[drawn, frame], length))
    whole = _fixed(wall) if areas.outer_mm2.any() else None
    return VolumeCurve(method="base and apex", cavity_ml=_fixed(cavity), wall_ml=whole)


def _apical_wall_mm(contours: ContourStack, frame: int) -> float:
    """Return the thickness of the wall at the apex from long-axis points [mm]; 0 when unknown."""
    endo, epi = (contours.points_mm.get(f"long_axis_{wall}") for wall in ("endo", "epi"))
    apex = contours.apex_mm[frame]
    if endo is None or epi is None or apex is None or not len(endo[frame]) or not len(epi[frame]):
        return 0.0
    base = contours.base_points_mm[frame].mean(axis=0)
    towards = (apex - base) / np.linalg.norm(apex - base)
    return max(0.0, float((epi[frame] @ towards).max() - (endo[frame] @ towards).max()))


def _surface(contours: ContourStack) -> VolumeCurve | None:
    """Fit a surface in every frame; None without long-axis contours, valve points or apex in any frame."""
    long_axis = contours.points_mm.get("long_axis_endo", ())
    frames = len(contours.slices[0].endo)
    known = (len(long_axis), len(contours.base_points_mm), len(contours.apex_mm))
    if any(count != frames for count in known):
        return None
    aortic = contours.points_mm.get("aortic_valve", (np.empty((0, 3)),) * frames)
    outer_axis = contours.points_mm.get("long_axis_epi", ())
    cavity, wall, residual = [], [], []
    for frame in range(frames):
        apex, base = contours.apex_mm[frame], contours.base_points_mm[frame]
        if apex is None or len(base) < 2 or len(long_axis[frame]) < 10:
            return None
        plane = valve_plane(np.concatenate([base, aortic[frame]]), apex)
        inner = fitted_surface(_points(contours, "endo", frame), long_axis[frame], plane, apex)
        cavity.append(enclosed_volume_ml(inner, plane))
        residual.append(inner.residual_mm)
        if len(outer_axis) == frames and len(outer_axis[frame]) >= 10:
            outer = fitted_surface(_points(contours, "epi", frame), outer_axis[frame], plane, apex)
            wall.append(enclosed_volume_ml(outer, plane) - cavity[-1])
    return VolumeCurve(
        method="surface",
        cavity_ml=_fixed(cavity),
        wall_ml=_fixed(wall) if len(wall) == frames else None,
        residual_mm=float(np.mean(residual)),
    )


def _points(contours: ContourStack, which: Literal["endo", "epi"], frame: int) -> list[FloatArray]:
    drawn = [(item.geometry, (item.endo if which == "endo" else item.epi)[frame]) for item in contours.slices]
    return [geometry.to_patient(polygon[:, 0], polygon[:, 1]) for geometry, polygon in drawn if polygon is not None]


def _fixed(values: list[float]) -> FloatArray:
    array = np.array(values)
    array.setflags(write=False)
    return array


def _findings(areas: AreaCurves, curves: list[VolumeCurve]) -> tuple[Finding, ...]:
    findings = []
    spacing = usual_spacing_mm(areas.position_mm)
    if curves[0].method == "slices" and spacing > 10.0:
        message = (
            f"slices are {spacing:.1f} mm apart and neither base nor apex is known: volumes err by about "
            f"{0.48 * spacing:.0f} % (standard deviation); add long-axis contours and valve points"
        )
        findings.append(Finding(code="coarse-slices", message=message))
    refused = (areas.cavity_mm2 > 0.0) & ~areas.counts
    if refused.any():
        listed = ", ".join(str(index + 1) for index in np.flatnonzero(refused.any(axis=1)))
        message = f"slices {listed} have wall around less than half of the cavity in some frames; left out there"
        findings.append(Finding(code="open-base", message=message))
    for frame in np.flatnonzero(np.array([_hole(counts) for counts in areas.counts.T]))[:1]:
        message = f"a slice between others has no contour (first in frame {frame + 1}); the gap was bridged"
        findings.append(Finding(code="missing-contour", message=message))
    return tuple(findings)


def _hole(counts: NDArray[np.bool_]) -> bool:
    there = np.flatnonzero(counts)
    return bool(len(there)) and int(there[-1] - there[0] + 1) != len(there)


def counted_volumes_ml(labels: LabelStack, number: int) -> FloatArray:
    """Count the voxels of a label times the volume of a voxel.

    Parameters
    ----------
    labels
        Masks.
    number
        The label.

    Returns
    -------
    ndarray, shape (T,)
        [ml]; a voxel is as high as the usual distance of the slices along their normal (the determinant of the affine).
    """
    geometries = [item.geometry for item in labels.slices]
    height = usual_spacing_mm(np.array([float(one.origin_mm @ geometries[0].normal) for one in geometries]))
    counted = [(item.labels == number).sum(axis=(1, 2)) * item.geometry.pixel_area_mm2 for item in labels.slices]
    return np.asarray(np.sum(counted, axis=0) * height / 1000.0, dtype=float)


def mask_findings(labels: LabelStack, volumes: LvVolumes) -> tuple[Finding, ...]:
    """Compare volumes with counted voxels, and warn of voxels much longer than wide."""
    findings = []
    geometry = labels.slices[0].geometry
    height = usual_spacing_mm(np.array([float(item.geometry.origin_mm @ geometry.normal) for item in labels.slices]))
    ratio = height / max(geometry.row_spacing_mm, geometry.column_spacing_mm)
    if ratio > _ANISOTROPY:
        message = f"voxels are {ratio:.1f} times longer than wide: volumes depend on where base and apex fall"
        findings.append(Finding(code="anisotropic-voxels", message=message))
    counted = float(counted_volumes_ml(labels, labels.convention.cavity)[volumes.ed_frame])
    summed = float(volumes.curves[-1].cavity_ml[volumes.ed_frame])
    if summed > 0.0 and abs(counted / summed - 1.0) > _AGREEMENT:
        message = (
            f"counting voxels gives {counted:.0f} ml at end-diastole, summing the contours {summed:.0f} ml: slices at "
            "the base without enough wall, islands in the masks, or uneven spacing"
        )
        findings.append(Finding(code="counts-disagree", message=message))
    return tuple(findings)
