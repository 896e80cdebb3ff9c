"""From short-axis slices to the polar map: samples spread evenly over a cylinder with a hemisphere for the apex."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from resynchro.errors import MeasurementError
from resynchro.imaging.spect.lv_axis import LvAxis
from resynchro.imaging.spect.slice_orientation import DisplayOrientation
from resynchro.record.gated_spect import BoolArray, GatedSpect, IntArray, PolarCounts
from resynchro.record.segments import Level, segment_at
from resynchro.record.slices import FloatArray

#: Samples that the wall is divided into; the field's programs use 600 and more.
SAMPLES = 800
#: The apical cap begins where the cavity ends: half a wall (5 mm) before the middle of the wall at the tip, in a
#: ventricle 85 mm long. What lies before it is cut in thirds.
CAP_LEVEL = 0.94
#: How far from the wall of the summed image the brightest point of a gate is looked for [mm]: the wall moves.
_REACH_MM = 8.0
_RAY_STEP_MM = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WallRays:
    """Rays on which the wall is looked for.

    Attributes
    ----------
    origin_mm, direction
        Start on the axis and unit vector, shape (samples, 3), in millimetres along (to the apex, anterior, lateral)
        with the valve plane at 0.
    expected_mm
        Where the middle of the wall is expected on the ray, shape (samples,) [mm].
    level, angle_deg
        Place along the axis (0 valve plane to 1 apex) and display angle [deg], shape (samples,).
    """

    origin_mm: FloatArray
    direction: FloatArray
    expected_mm: FloatArray
    level: FloatArray
    angle_deg: FloatArray


def level_at(level: float) -> Level:
    """Return basal, mid, apical or apex for a place along the axis, 0 at the valve plane to 1 at the tip.

    Examples
    --------
    >>> [level_at(place) for place in (0.1, 0.5, 0.9, 0.97)]
    ['basal', 'mid', 'apical', 'apex']
    """
    if level >= CAP_LEVEL:
        return "apex"
    third = int(3.0 * level / CAP_LEVEL)
    return ("basal", "mid", "apical")[min(third, 2)]


def sample_segments(level: FloatArray, angle_deg: FloatArray) -> IntArray:
    """Return the segment of the 17-segment model of every sample, shape (samples,)."""
    return np.array(
        [segment_at(level_at(float(place)), float(angle)) for place, angle in zip(level, angle_deg, strict=True)]
    )


def map_radius(level: FloatArray) -> FloatArray:
    """Return the radius in a bullseye of radius 1 of places along the axis: each level of segments fills its ring."""
    third = CAP_LEVEL / 3.0
    return np.interp(level, [0.0, third, 2.0 * third, CAP_LEVEL, 1.0], [1.0, 0.75, 0.5, 0.25, 0.0])


def polar_counts(spect: GatedSpect, axis: LvAxis, orientation: DisplayOrientation) -> PolarCounts:
    """Sample the counts of the wall at every gate.

    Parameters
    ----------
    spect, axis, orientation
        The slices, and what `find_lv_axis` and `display_orientation` made of them.

    Returns
    -------
    PolarCounts
        About `SAMPLES` samples of equal area. Along each ray the brightest point of the summed image is the wall; in
        each gate the brightest point within 8 mm of it counts.

    Raises
    ------
    MeasurementError
        When the wall leaves the slices on more than a tenth of the rays.

    Notes
    -----
    Maximal-count sampling with a cylindrical body and a hemispherical apex is how polar maps of perfusion are commonly
    made; the even spacing and the search are ours. The brightest point follows the thickness of the wall by the
    partial-volume effect only while the wall is thinner than the resolution.
    """
    rays = wall_rays(spect, axis)
    radii = np.arange(0.0, 1.7 * float(rays.expected_mm.max()) + _REACH_MM, _RAY_STEP_MM)
    along = rays.origin_mm[:, None, :] + rays.direction[:, None, :] * radii[None, :, None]
    place = _indices(spect, axis, orientation, along)
    inside = _inside(place, spect.counts.shape[1:])
    summed = np.where(inside, _sampled(spect.counts.mean(axis=0, dtype=np.float64), place), 0.0)
    wall_mm = _wall(summed, radii, rays)
    reached = inside[np.arange(len(wall_mm)), np.rint(wall_mm / _RAY_STEP_MM).astype(int)]
    if reached.mean() < 0.9:
        raise MeasurementError(
            f"the wall leaves the slices on {100 * (1 - reached.mean()):.0f} % of the rays; give the centre "
            "(--centre) or the limits of the ventricle (--base-slice, --apex-slice)"
        )
    near = np.abs(radii[None, :] - wall_mm[:, None]) <= _REACH_MM
    counts = np.stack(
        [
            np.where(near & inside, _sampled(np.asarray(gate, dtype=np.float64), place), 0.0).max(axis=1)
            for gate in spect.counts
        ],
        axis=1,
    )
    counts, level, angle_deg = counts[reached], rays.level[reached], rays.angle_deg[reached]
    for array in (counts, level, angle_deg):
        array.setflags(write=False)
    return PolarCounts(
        counts=counts,
        level=level,
        angle_deg=angle_deg,
        file=spect.file,
        format=spect.format,
        sha256=spect.sha256,
        source=f"brightest points on {len(level)} rays; {orientation.source}",
        rr_s=spect.rr_s,
        coverage=spect.coverage,
        findings=(*spect.findings, *axis.findings, *orientation.findings),
    )


def wall_rays(spect: GatedSpect, axis: LvAxis) -> WallRays:
    """Spread rays evenly over the wall of a ventricle that was found in slices."""
    length_mm = abs(axis.apex_slice - axis.base_slice) * spect.slice_spacing_mm
    sense = 1.0 if axis.apex_slice > axis.base_slice else -1.0
    slices = np.arange(len(axis.radius_mm), dtype=float)

    def radius_at(depth_mm: FloatArray) -> FloatArray:
        return np.interp(axis.base_slice + sense * depth_mm / spect.slice_spacing_mm, slices, axis.radius_mm)

    return even_rays(length_mm, radius_at)


def even_rays(length_mm: float, radius_at: Callable[[FloatArray], FloatArray]) -> WallRays:
    """Spread about `SAMPLES` rays evenly over a wall: rings along a cylinder, then over a hemisphere.

    Parameters
    ----------
    length_mm
        From the valve plane to the middle of the wall at the apex [mm].
    radius_at
        Radius of the middle of the wall [mm] at depths below the valve plane [mm].

    Returns
    -------
    WallRays
        Every ring has as many samples as its circumference asks for, so that all stand for the same area.
    """
    cap_mm = min(float(np.median(radius_at(np.linspace(0.35, 0.65, 7) * length_mm))), 0.5 * length_mm)
    body_mm = length_mm - cap_mm
    area = 2.0 * math.pi * (float(radius_at(np.linspace(0.0, body_mm, 9)).mean()) * body_mm + cap_mm**2)
    step_mm = math.sqrt(area / SAMPLES)
    wall_mm = body_mm + 0.5 * math.pi * cap_mm
    n_rings = max(8, round(wall_mm / step_mm))
    rows = []
    for ring in range(n_rings):
        arc_mm = (ring + 0.5) * wall_mm / n_rings
        bend = max(0.0, arc_mm - body_mm) / cap_mm
        depth_mm = min(arc_mm, body_mm)
        expected = float(radius_at(np.array(depth_mm))) if bend == 0.0 else cap_mm
        n_angles = max(4, round(2.0 * math.pi * expected * math.cos(bend) / step_mm))
        level = min((depth_mm + cap_mm * math.sin(bend)) / length_mm, 1.0)
        for position in range(n_angles):
            angle = 2.0 * math.pi * (position + 0.5 * (ring % 2)) / n_angles  # neighbouring rings are staggered
            direction = (math.sin(bend), math.cos(bend) * math.sin(angle), math.cos(bend) * math.cos(angle))
            rows.append((depth_mm, *direction, expected, level, math.degrees(angle)))
    table = np.array(rows)
    origin = np.zeros((len(table), 3))
    origin[:, 0] = table[:, 0]
    return WallRays(
        origin_mm=origin,
        direction=table[:, 1:4],
        expected_mm=table[:, 4],
        level=table[:, 5],
        angle_deg=table[:, 6] % 360.0,
    )


def _indices(spect: GatedSpect, axis: LvAxis, orientation: DisplayOrientation, along_mm: FloatArray) -> FloatArray:
    """Return (slice, row, column) of points given along (apex, anterior, lateral), shape (3, ...)."""
    sense = 1.0 if axis.apex_slice > axis.base_slice else -1.0
    slice_index = axis.base_slice + sense * along_mm[..., 0] / spect.slice_spacing_mm
    row0, column0 = axis.centre_at(slice_index)
    anterior, lateral = (np.radians(orientation.screen_deg(np.array(angle))) for angle in (90.0, 0.0))
    up = along_mm[..., 1] * np.sin(anterior) + along_mm[..., 2] * np.sin(lateral)
    right = along_mm[..., 1] * np.cos(anterior) + along_mm[..., 2] * np.cos(lateral)
    return np.stack([slice_index, row0 - up / spect.row_spacing_mm, column0 + right / spect.column_spacing_mm])


def _inside(place: FloatArray, shape: tuple[int, ...]) -> BoolArray:
    limits = np.array(shape, dtype=float).reshape(3, *([1] * (place.ndim - 1)))
    return np.asarray(((place >= -0.5) & (place <= limits - 0.5)).all(axis=0))


def _sampled(volume: FloatArray, place: FloatArray) -> FloatArray:
    return np.asarray(ndimage.map_coordinates(volume, place, order=1, mode="nearest"))


def _wall(summed: FloatArray, radii_mm: FloatArray, rays: WallRays) -> FloatArray:
    """Return where the middle of the wall lies on every ray [mm].

    The brightest point, weighted towards the expected radius so that the liver or the opposite wall do not win; where a
    defect leaves nothing bright, neighbours decide through a median over the nearest rays.
    """
    window = np.exp(-0.5 * ((radii_mm[None, :] - rays.expected_mm[:, None]) / (0.35 * rays.expected_mm[:, None])) ** 2)
    place = (summed * window).argmax(axis=1)
    found = radii_mm[place]
    ends = rays.origin_mm + rays.direction * rays.expected_mm[:, None]
    nearest = cKDTree(ends).query(ends, k=9)[1]
    typical = np.median((found / rays.expected_mm)[nearest], axis=1) * rays.expected_mm
    near = np.abs(radii_mm[None, :] - typical[:, None]) <= 6.0
    return np.asarray(radii_mm[np.where(near, summed, -1.0).argmax(axis=1)])
