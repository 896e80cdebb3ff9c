"""Where the ventricle ends at its valves: the plane of the valve points, and the lid that passes through them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.record.slices import FloatArray

#: With fewer points the lid is a plane.
_FEWEST_FOR_LID = 5
#: Length that scales the lid's coordinates: the radius of a valve [mm].
_RIM_RADIUS_MM = 30.0
#: How much the lid may pass beside points that contradict each other.
_LID_SMOOTHING = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class ValvePlane:
    """The closure of a ventricle.

    Attributes
    ----------
    centre_mm
        A point of the plane, shape (3,), LPS [mm].
    normal
        Unit vector away from the apex, shape (3,).
    rim_mm
        Points of the valves, shape (n, 3), LPS [mm].
    """

    centre_mm: FloatArray
    normal: FloatArray
    rim_mm: FloatArray

    def height_mm(self, points_mm: FloatArray) -> FloatArray:
        """Return heights over the plane, negative inside the ventricle [mm]."""
        return np.asarray((points_mm - self.centre_mm) @ self.normal)

    def on_plane_mm(self, points_mm: FloatArray) -> FloatArray:
        """Return coordinates of points dropped onto the plane, shape (..., 2) [mm]."""
        return np.asarray((points_mm - self.centre_mm) @ np.linalg.svd(self.normal[None, :])[2][1:].T)


def valve_plane(points_mm: FloatArray, apex_mm: FloatArray) -> ValvePlane:
    """Fit the plane through the points of the valves.

    Parameters
    ----------
    points_mm
        Shape (n, 3), LPS [mm].
    apex_mm
        Shape (3,), LPS [mm].

    Returns
    -------
    ValvePlane
        The least-squares plane; at right angles to the line from the apex when there are fewer than four points or
        they lie so close to a line that the plane tilts by more than 45 degrees.

    Raises
    ------
    MeasurementError
        Without points.
    """
    if not len(points_mm):
        raise MeasurementError("no point of the valve is known, so the base is open; give valve points")
    centre = points_mm.mean(axis=0)
    axis = (centre - apex_mm) / np.linalg.norm(centre - apex_mm)
    normal = axis
    if len(points_mm) >= 4:
        flat = np.linalg.svd(points_mm - centre)[2][2]
        flat = flat * np.sign(flat @ axis)
        normal = flat if float(flat @ axis) > np.cos(np.pi / 4.0) else axis
    return ValvePlane(centre_mm=centre, normal=normal, rim_mm=points_mm)


def distance_to_lid(plane: ValvePlane, origin_mm: FloatArray, rays_mm: FloatArray) -> FloatArray:
    """Return how often each ray must be laid end to end until it meets the lid; infinite for rays that never do.

    Parameters
    ----------
    origin_mm
        A point inside the ventricle, shape (3,).
    rays_mm
        Shape (n, 3), of any length.

    Notes
    -----
    The lid is a thin plate over the valve plane that passes (almost) through the points of the valves: with mitral and
    aortic points it rises over the outflow tract. With fewer than five points it is the plane.
    """
    towards = rays_mm @ plane.normal
    ahead = towards > 0.15 * np.linalg.norm(rays_mm, axis=1)
    found = np.full(len(rays_mm), np.inf)
    depth = -float(plane.height_mm(origin_mm))
    found[ahead] = depth / towards[ahead]
    if len(plane.rim_mm) < _FEWEST_FOR_LID:
        return found
    from scipy.interpolate import RBFInterpolator

    rim = plane.on_plane_mm(plane.rim_mm) / _RIM_RADIUS_MM
    try:
        lid = RBFInterpolator(
            rim, plane.height_mm(plane.rim_mm), kernel="thin_plate_spline", smoothing=_LID_SMOOTHING, degree=1
        )
    except np.linalg.LinAlgError:  # all points on one line
        return found
    low, high = 1.2 * rim.min(axis=0), 1.2 * rim.max(axis=0)
    length = found[ahead]
    for _ in range(12):  # the lid is flatter than the rays are steep, so this settles
        at = plane.on_plane_mm(origin_mm + rays_mm[ahead] * length[:, None]) / _RIM_RADIUS_MM
        length = 0.5 * length + 0.5 * np.maximum(depth + lid(np.clip(at, low, high)), 1.0) / towards[ahead]
    found[ahead] = length
    return found


def seen_through_valves(plane: ValvePlane, origin_mm: FloatArray, points_mm: FloatArray) -> NDArray[np.bool_]:
    """Return which points are seen through the valves: leaflets, and the curtain between two valves, are not wall.

    The rim is the convex hull of the valve points on the plane, drawn in by a tenth.
    """
    from scipy.spatial import Delaunay, QhullError

    nothing = np.zeros(len(points_mm), dtype=bool)
    rim = plane.on_plane_mm(plane.rim_mm)
    if len(rim) < 4:
        return nothing
    try:
        hull = Delaunay(rim.mean(axis=0) + 0.9 * (rim - rim.mean(axis=0)))
    except QhullError:  # all on one line
        return nothing
    towards = points_mm - origin_mm
    height = towards @ plane.normal
    ahead = height > 1e-6
    reach = -float(plane.height_mm(origin_mm)) / np.where(ahead, height, 1.0)
    crossing = plane.on_plane_mm(origin_mm + towards * reach[:, None])
    return np.asarray(ahead & (hull.find_simplex(crossing) >= 0))
