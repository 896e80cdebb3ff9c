"""Thickness of the wall along chords, and its thickening from end-diastole to end-systole, per segment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from resynchro.errors import MeasurementError
from resynchro.imaging.cine.placed_slices import PlacedSlice
from resynchro.imaging.mask_contours import polygon_centre, radii_mm
from resynchro.imaging.segment_geometry import segments_at_angles
from resynchro.record.segment_map import SegmentMap
from resynchro.record.segments import SegmentModel, segments_of
from resynchro.record.slices import FloatArray, SliceGeometry

#: Chords around the ring.
CHORDS = 100
#: A chord longer than this left the wall (it runs along an open or overlapping contour) [mm].
_LONGEST_MM = 40.0
#: Share of a segment's chords that must have wall.
_LEAST_CHORDS = 0.5
_METHOD = "centreline chords, same angular sector at both phases"


@dataclass(frozen=True, slots=True, kw_only=True)
class WallThickness:
    """Thickness per segment.

    Attributes
    ----------
    end_diastole, end_systole
        Mean length of the chords [mm].
    thickening
        100 (ES - ED)/ED [%].
    """

    end_diastole: SegmentMap
    end_systole: SegmentMap
    thickening: SegmentMap


def wall_chords_mm(endo: FloatArray, epi: FloatArray, geometry: SliceGeometry) -> tuple[FloatArray, FloatArray]:
    """Return the middle and the length of chords at right angles to the middle of the wall.

    Parameters
    ----------
    endo, epi
        Closed polygons, shape (n, 2) as (row, column).
    geometry
        Of the slice.

    Returns
    -------
    points, thickness_mm
        Shape (chords, 2) as (row, column), and (chords,) [mm]; 0 where there is no wall.

    Notes
    -----
    The middle line is half-way between the contours along rays from the centre; every chord stands at right angles to
    it and ends where it meets either contour (the centreline method, Sheehan FH, et al. Circulation 1986,
    doi:10.1161/01.CIR.74.2.293). Along rays an oblique wall would look too thick.
    """
    centre = polygon_centre(endo)
    angles = 2.0 * np.pi * np.arange(CHORDS) / CHORDS
    inner, outer = (radii_mm(polygon, centre, angles, geometry) for polygon in (endo, epi))
    middle = (inner + np.maximum(outer, inner)) / 2.0
    line = middle[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    along = np.roll(line, -2, axis=0) - np.roll(line, 2, axis=0)
    length = np.linalg.norm(along, axis=1)
    outward = np.column_stack([along[:, 1], -along[:, 0]]) / np.where(length > 0.0, length, 1.0)[:, None]
    spacing = np.array([geometry.column_spacing_mm, -geometry.row_spacing_mm])
    walls = [(polygon - centre)[:, ::-1] * spacing for polygon in (endo, epi)]
    in_mm, out_mm = (
        _nearest_crossing(line, sign * outward, wall) for sign, wall in ((-1.0, walls[0]), (1.0, walls[1]))
    )
    thickness = np.where((outer > inner) & np.isfinite(in_mm) & np.isfinite(out_mm), in_mm + out_mm, 0.0)
    thickness = np.where(thickness <= _LONGEST_MM, thickness, 0.0)
    return centre + line[:, ::-1] / spacing[::-1], thickness


def _nearest_crossing(start: FloatArray, direction: FloatArray, polygon: FloatArray) -> FloatArray:
    """Return how far along each ray the polygon is met first; infinite where it is not."""
    edge = np.roll(polygon, -1, axis=0) - polygon
    offset = polygon[None, :, :] - start[:, None, :]
    across = direction[:, None, 0] * edge[None, :, 1] - direction[:, None, 1] * edge[None, :, 0]
    safe = np.where(np.abs(across) < 1e-12, 1.0, across)
    far = (offset[..., 0] * edge[None, :, 1] - offset[..., 1] * edge[None, :, 0]) / safe
    share = (offset[..., 0] * direction[:, None, 1] - offset[..., 1] * direction[:, None, 0]) / safe
    hit = (np.abs(across) >= 1e-12) & (far >= -1e-9) & (share >= -1e-9) & (share <= 1.0 + 1e-9)
    return np.asarray(np.where(hit, far, np.inf).min(axis=1))


def wall_thickness(
    slices: Sequence[PlacedSlice], ed_frame: int, es_frame: int, *, model: SegmentModel = "aha17"
) -> WallThickness:
    """Measure wall thickness and thickening per segment.

    Parameters
    ----------
    slices
        From `placed_slices`.
    ed_frame, es_frame
        Frames of the contours.

    Returns
    -------
    WallThickness
        A segment counts when at least half of its chords have wall; several slices of a level are averaged over all
        their chords. Segments turn with the heart by some degrees between the phases: the same sector is not the same
        muscle.

    Raises
    ------
    MeasurementError
        When no slice has both contours at end-diastole.
    """
    diastole, absent_ed = _by_segment(slices, ed_frame, model)
    systole, absent_es = _by_segment(slices, es_frame, model)
    if not diastole:
        raise MeasurementError("no slice has endocardium and epicardium at end-diastole, so the wall has no thickness")
    both = sorted(set(diastole) & set(systole))
    thickening = {segment: 100.0 * (systole[segment] / diastole[segment] - 1.0) for segment in both}
    absent = {
        segment: absent_ed.get(segment) or absent_es[segment] for segment in segments_of(model) if segment not in both
    }
    return WallThickness(
        end_diastole=_map("wall thickness at end-diastole", "mm", diastole, absent_ed, model),
        end_systole=_map("wall thickness at end-systole", "mm", systole, absent_es, model),
        thickening=_map("wall thickening", "%", thickening, absent, model),
    )


def _map(name: str, unit: str, values: dict[int, float], absent: dict[int, str], model: SegmentModel) -> SegmentMap:
    return SegmentMap(name=name, unit=unit, method=_METHOD, model=model, values=values, absent=absent)


def _by_segment(
    slices: Sequence[PlacedSlice], frame: int, model: SegmentModel
) -> tuple[dict[int, float], dict[int, str]]:
    chords: dict[int, list[FloatArray]] = defaultdict(list)
    for item in slices:
        endo, epi = item.contours.endo[frame], item.contours.epi[frame]
        if endo is None or epi is None or item.level in (None, "apex"):
            continue
        points, thickness = wall_chords_mm(endo, epi, item.contours.geometry)
        angles = item.frame.display_angles_deg(points[:, 0], points[:, 1])
        numbers = segments_at_angles(angles, item.frame, item.level, model=model)
        for segment in np.unique(numbers):
            chords[int(segment)].append(thickness[numbers == segment])
    values, absent = {}, {}
    for segment in segments_of(model):
        length = np.concatenate(chords[segment]) if segment in chords else np.empty(0)
        wall = length[length > 0.0]
        if len(wall) and len(wall) >= _LEAST_CHORDS * len(length):
            values[segment] = float(wall.mean())
        elif model == "aha17" and segment == 17:
            absent[segment] = "the apex has no ring of wall in short-axis slices"
        else:
            absent[segment] = f"no wall is drawn there in frame {frame + 1}"
    return values, absent
