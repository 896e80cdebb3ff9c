"""Regional volumes of the left ventricle from contours over the beat: each segment's slice of the cavity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from resynchro.errors import MeasurementError
from resynchro.imaging.cine.placed_slices import PlacedSlice
from resynchro.imaging.cine.slice_summation import usual_spacing_mm
from resynchro.imaging.mask_contours import polygon_centre, radii_mm
from resynchro.imaging.segment_geometry import segments_at_angles
from resynchro.imaging.strain.regional_volumes import absent_sdi_volume, sdi_volume
from resynchro.record.index_value import IndexValue
from resynchro.record.segments import segments_of
from resynchro.record.slices import FloatArray

_RAYS = 360
#: Fewer frames per beat hold no five harmonics.
_LEAST_FRAMES = 11


def regional_volumes_ml(placed: Sequence[PlacedSlice]) -> FloatArray:
    """Measure the volume of the cavity that belongs to each of the 16 segments in every frame.

    Parameters
    ----------
    placed
        Short-axis slices with their level and directions; contours of every frame.

    Returns
    -------
    ndarray, shape (16, T)
        Sector of the cavity around its centre of the frame, times the spacing of the slices [ml]. A slice that the
        base leaves during the beat counts nothing in the frames where it has no contour.

    Raises
    ------
    MeasurementError
        When slices have different numbers of frames, or fewer than 11.
    """
    rings = [item for item in placed if item.level not in (None, "apex")]
    counts = {len(item.contours.endo) for item in rings}
    if len(counts) != 1 or min(counts) < _LEAST_FRAMES:
        raise MeasurementError(
            f"regional volumes need contours in every frame of the beat, and at least {_LEAST_FRAMES} frames"
        )
    position = np.array([float(item.frame.geometry.origin_mm @ item.frame.geometry.normal) for item in rings])
    spacing_mm = usual_spacing_mm(np.sort(position)) if len(rings) > 1 else 10.0
    volumes = np.zeros((16, counts.pop()))
    display = (np.arange(_RAYS) + 0.5) * 360.0 / _RAYS
    for item in rings:
        assert item.level is not None  # by the choice of `rings`
        segment = segments_at_angles(display, item.frame, item.level, model="aha16")
        rays = item.frame.screen_rad(display)
        for frame, endo in enumerate(item.contours.endo):
            if endo is None:
                continue
            radius = radii_mm(endo, polygon_centre(endo), rays, item.frame.geometry)
            sector_ml = 0.5 * radius**2 * (2.0 * np.pi / _RAYS) * spacing_mm / 1000.0
            np.add.at(volumes[:, frame], segment.astype(int) - 1, sector_ml)
    return volumes


def cine_sdi(placed: Sequence[PlacedSlice], rr_s: float | None) -> IndexValue:
    """Compute the systolic dyssynchrony index of the regional volumes of a cine.

    Parameters
    ----------
    placed
        As for `regional_volumes_ml`.
    rr_s
        Mean beat of the slices [s]; None where unknown (the index is in % RR, so its value does not change).

    Returns
    -------
    IndexValue
        ``sdi_volume_pct``; absent with the reason where contours do not allow it. Slices of different beats are taken
        frame by frame, that is in shares of their own RR.
    """
    try:
        volumes = regional_volumes_ml(placed)
    except MeasurementError as error:
        return absent_sdi_volume(str(error))
    seen = [row for row in range(16) if bool((volumes[row] > 0.0).all())]
    if not seen:
        return absent_sdi_volume("no segment has cavity in every frame")
    return sdi_volume(volumes[seen], 1.0 if rr_s is None else rr_s, [segments_of("aha16")[row] for row in seen])
