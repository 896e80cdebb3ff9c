"""Volumes of the right ventricle over the beat from short-axis contours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from resynchro.errors import MeasurementError
from resynchro.imaging.cine.area_curves import area_curves
from resynchro.imaging.cine.slice_summation import summed_volume_ml, usual_spacing_mm
from resynchro.record.slices import ContourStack, FloatArray

#: Wider slices miss the inlet and the outlet of the right ventricle [mm].
_WIDEST_SPACING_MM = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RvVolumes:
    """Volumes and function of the right ventricle, by summation of slices.

    Attributes
    ----------
    cavity_ml
        Shape (T,) [ml].
    edv_ml, esv_ml
        Largest and smallest volume [ml]; the smallest is None with one frame.
    ejection_fraction_pct
        [%]; None with one frame.
    """

    cavity_ml: FloatArray
    edv_ml: float
    esv_ml: float | None
    ejection_fraction_pct: float | None


def rv_volumes(contours: ContourStack) -> RvVolumes:
    """Measure right-ventricular volumes by summation of slices.

    Parameters
    ----------
    contours
        With right-ventricular contours.

    Returns
    -------
    RvVolumes

    Raises
    ------
    MeasurementError
        When no right ventricle is drawn or in one slice only, or the slices are more than 12 mm apart.

    Notes
    -----
    The base of the right ventricle runs obliquely through the basal slices: what is drawn there decides. Its own
    largest and smallest volume count, which need not be at the left ventricle's frames. On one examination with
    slices 17.7 mm
    apart the sum was 77 % of a fitted model's at end-diastole and 61 % at end-systole, so such stacks are refused.
    """
    areas = area_curves(contours)
    drawn = areas.rv_mm2 > 0.0
    if drawn.any(axis=1).sum() < 2:
        raise MeasurementError("no right ventricle is drawn, or in one slice only")
    if usual_spacing_mm(areas.position_mm) > _WIDEST_SPACING_MM:
        raise MeasurementError(
            f"slices {usual_spacing_mm(areas.position_mm):.1f} mm apart, at most {_WIDEST_SPACING_MM:.0f} mm are "
            "allowed for the right ventricle, whose inlet and outlet lie between them"
        )
    usual = usual_spacing_mm(areas.position_mm)
    volume = np.array(
        [
            summed_volume_ml(areas.position_mm, areas.rv_mm2[:, frame], drawn[:, frame], usual)
            for frame in range(drawn.shape[1])
        ]
    )
    volume.setflags(write=False)
    largest, smallest = float(volume.max()), float(volume.min()) if len(volume) > 1 else None
    return RvVolumes(
        cavity_ml=volume,
        edv_ml=largest,
        esv_ml=smallest,
        ejection_fraction_pct=None if smallest is None else 100.0 * (1.0 - smallest / largest),
    )
