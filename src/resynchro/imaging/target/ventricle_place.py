"""A point in space as a place in the left ventricle: depth along the long axis, display angle, segment."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from resynchro.errors import MeasurementError
from resynchro.record.segments import ANTERIOR_INSERTION_DEG, Level, display_arc_deg, level_of, segment_at
from resynchro.record.veins import FloatArray, LvLandmarks

#: Middle of a level along the long axis, from base (0) to apex (1).
_LEVEL_DEPTH = {"basal": 1 / 6, "mid": 1 / 2, "apical": 5 / 6, "apex": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class VentriclePlace:
    """Where one point lies.

    Attributes
    ----------
    depth
        Along the long axis: 0 at the base, 1 at the apex; beyond both ends outside of [0, 1].
    display_angle_deg
        Around it [deg].
    radius_mm
        Distance from the axis [mm].
    segment
        Of the 17-segment model; None above the base.
    """

    depth: float
    display_angle_deg: float
    radius_mm: float
    segment: int | None


def axes_of(landmarks: LvLandmarks) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """Return lateral, anterior and apical unit vectors, shape (3,) each, and the length of the long axis [mm].

    Raises
    ------
    MeasurementError
        When the points do not span a ventricle: an axis shorter than 30 mm or longer than 200 mm, or an insertion less
        than 5 mm from it.
    """
    axis = landmarks.apex_mm - landmarks.base_mm
    length = float(np.linalg.norm(axis))
    if not 30.0 <= length <= 200.0:
        raise MeasurementError(f"base and apex lie {length:.0f} mm apart, 30 to 200 are plausible; check the unit (mm)")
    apical = axis / length
    insertion = landmarks.anterior_insertion_mm - landmarks.base_mm
    insertion = insertion - apical * float(insertion @ apical)
    distance = float(np.linalg.norm(insertion))
    if distance < 5.0:
        raise MeasurementError(
            f"the anterior insertion lies {distance:.1f} mm from the long axis, at least 5 are needed to tell angles"
        )
    # The insertion lies at 120 degrees; lateral x anterior = apical (seen from the apex, counter-clockwise).
    to_insertion = insertion / distance
    across = np.cross(apical, to_insertion)
    turn = math.radians(-ANTERIOR_INSERTION_DEG)
    lateral = math.cos(turn) * to_insertion + math.sin(turn) * across
    return lateral, np.cross(apical, lateral), apical, length


def place_in_ventricle(point_mm: FloatArray, landmarks: LvLandmarks) -> VentriclePlace:
    """Return where a point lies in the left ventricle.

    Parameters
    ----------
    point_mm
        Shape (3,), LPS [mm].
    landmarks
        In the same frame.

    Returns
    -------
    VentriclePlace
        Levels are thirds of the long axis; past its end is the apex. Angles count in equal steps from the anterior
        insertion (``rigid60``).
    """
    lateral, anterior, apical, length = axes_of(landmarks)
    offset = np.asarray(point_mm, dtype=float) - landmarks.base_mm
    depth = float(offset @ apical) / length
    x, y = float(offset @ lateral), float(offset @ anterior)
    angle = math.degrees(math.atan2(y, x)) % 360.0
    return VentriclePlace(
        depth=depth,
        display_angle_deg=angle,
        radius_mm=math.hypot(x, y),
        segment=None if depth < 0.0 else segment_at(level_at_depth(depth), angle),
    )


def level_at_depth(depth: float) -> Level:
    """Return the level at a depth of 0 (base) to 1 (apex): thirds, past 1 the apex."""
    if depth >= 1.0:
        return "apex"
    levels: tuple[Level, ...] = ("basal", "mid", "apical")
    return levels[min(2, int(3.0 * max(0.0, depth)))]


def segment_place(segment: int) -> tuple[float, float]:
    """Return depth (0 base to 1 apex) and display angle [deg] of the middle of a segment of the 17-segment model."""
    start, end = display_arc_deg(segment)
    return _LEVEL_DEPTH[level_of(segment)], ((start + end) / 2.0) % 360.0


def outward_normal(segment: int, landmarks: LvLandmarks) -> FloatArray:
    """Return the unit vector from the long axis outwards through the middle of a segment, shape (3,), LPS.

    The taper of the wall towards the apex is left out; for the apex it is the long axis itself.
    """
    lateral, anterior, apical, _ = axes_of(landmarks)
    if level_of(segment) == "apex":
        return apical
    angle = math.radians(segment_place(segment)[1])
    return np.asarray(math.cos(angle) * lateral + math.sin(angle) * anterior)
