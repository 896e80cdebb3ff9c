"""Areas of the contours of all slices over the beat, and which slices count at the base."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.mask_contours import polygon_area_mm2, polygon_centre, radii_mm
from resynchro.record.slices import ContourStack, FloatArray, LvContours

#: A basal slice counts when wall surrounds at least this share of the cavity (SCMR practice).
LEAST_WALL_SHARE = 0.5
#: Wall thinner than this is a gap [mm].
_LEAST_WALL_MM = 1.0
_RAYS = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaCurves:
    """Areas of the contours.

    Attributes
    ----------
    position_mm
        Slices along their normal, increasing, shape (slices,) [mm].
    cavity_mm2, outer_mm2, rv_mm2
        Area inside endocardium, epicardium and right ventricle, shape (slices, T), 0 where there is no contour [mm²].
    wall_share
        Share of the circumference of the cavity that has wall, shape (slices, T); 1 where no epicardium was drawn.
    """

    position_mm: FloatArray
    cavity_mm2: FloatArray
    outer_mm2: FloatArray
    rv_mm2: FloatArray
    wall_share: FloatArray

    @property
    def counts(self) -> NDArray[np.bool_]:
        """Which slices count for the cavity, shape (slices, T)."""
        return np.asarray((self.cavity_mm2 > 0.0) & (self.wall_share >= LEAST_WALL_SHARE))


def area_curves(contours: ContourStack) -> AreaCurves:
    """Measure the areas of all contours.

    Parameters
    ----------
    contours
        Short-axis contours of one or several frames.

    Returns
    -------
    AreaCurves

    Raises
    ------
    MeasurementError
        When the stack is empty or not in order, slices differ in their number of frames, or no endocardium is drawn.
    """
    slices = contours.slices
    frames = {len(item.endo) for item in slices} | {len(item.epi) for item in slices}
    if len(frames) != 1 or frames == {0}:
        raise MeasurementError(f"slices with {sorted(frames)} frames of contours; all need the same number, at least 1")
    count = frames.pop()
    normal = slices[0].geometry.normal
    position = np.array([float(item.geometry.origin_mm @ normal) for item in slices])
    if np.any(np.diff(position) < 0.0):
        raise MeasurementError("the slices are not in order of position along their normal; sort them")
    cavity, outer, rv, share = (np.zeros((len(slices), count)) for _ in range(4))
    for index, item in enumerate(slices):
        for frame in range(count):
            endo, epi = item.endo[frame], item.epi[frame]
            right = item.rv[frame] if item.rv else None
            cavity[index, frame] = 0.0 if endo is None else polygon_area_mm2(endo, item.geometry)
            outer[index, frame] = 0.0 if epi is None else polygon_area_mm2(epi, item.geometry)
            rv[index, frame] = 0.0 if right is None else polygon_area_mm2(right, item.geometry)
            share[index, frame] = wall_share(item, frame)
    if not cavity.any():
        raise MeasurementError("no contour of the left-ventricular cavity is there; draw the endocardium")
    for array in (cavity, outer, rv, share):
        array.setflags(write=False)
    return AreaCurves(
        position_mm=position,
        cavity_mm2=cavity,
        outer_mm2=outer,
        rv_mm2=rv,
        wall_share=share,
    )


def wall_share(item: LvContours, frame: int) -> float:
    """Return the share of the circumference with wall of at least 1 mm, 0 to 1; 1 when one contour is missing.

    Without an epicardium (or without a cavity) nothing can be said, and the slice is not refused for it.
    """
    endo, epi = item.endo[frame], item.epi[frame]
    if endo is None or epi is None:
        return 1.0
    angles = 2.0 * np.pi * (np.arange(_RAYS) + 0.5) / _RAYS
    centre = polygon_centre(endo)
    thickness = radii_mm(epi, centre, angles, item.geometry) - radii_mm(endo, centre, angles, item.geometry)
    return float(np.mean(thickness >= _LEAST_WALL_MM))
