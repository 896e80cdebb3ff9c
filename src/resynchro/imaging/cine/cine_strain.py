"""Segmental circumferential and radial strain from cine slices, followed by our own tracker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from resynchro.errors import MeasurementError, ResynchroError
from resynchro.imaging.cine.placed_slices import PlacedSlice
from resynchro.imaging.motion.optical_flow import engine_disagreement_pct, track_slice_by_optical_flow
from resynchro.imaging.motion.polar_tracker import track_slice
from resynchro.imaging.motion.tracked_slice import TrackedSlice
from resynchro.imaging.segment_geometry import ShortAxisFrame, screen_angles_rad
from resynchro.record.finding import Finding
from resynchro.record.segment_map import SegmentMap
from resynchro.record.segments import ANTERIOR_INSERTION_DEG
from resynchro.record.slices import CineSlice, CineStack, FloatArray, SliceGeometry
from resynchro.record.strain import StrainStudy

#: Contours belong to an image slice when both lie this close along the normal [mm].
_SAME_PLACE_MM = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedRing:
    """One slice, tracked.

    Attributes
    ----------
    placed
        Its contours, level and directions.
    image
        Its frames.
    tracked
        The wall over time.
    disagreement_pct
        Root mean square difference of circumferential strain to the second engine per segment, shape (6 or 4,) [%];
        None without the check.
    check
        The same wall as the second engine follows it; None without the check.
    """

    placed: PlacedSlice
    image: CineSlice
    tracked: TrackedSlice
    disagreement_pct: FloatArray | None = None
    check: TrackedSlice | None = None


def image_of(placed: PlacedSlice, stack: CineStack) -> CineSlice | None:
    """Return the image slice that contours were drawn on: parallel and at the same place, or None."""
    geometry = placed.contours.geometry
    for image in stack.slices:
        parallel = abs(float(image.geometry.normal @ geometry.normal)) > 0.999
        apart = abs(float((image.geometry.origin_mm - geometry.origin_mm) @ geometry.normal))
        if parallel and apart < _SAME_PLACE_MM:
            return image
    return None


def polygon_in(polygon: FloatArray, drawn_on: SliceGeometry, image: SliceGeometry) -> FloatArray:
    """Return a polygon drawn in the pixels of one slice in the pixels of another one at the same place."""
    row, column = image.to_pixel(drawn_on.to_patient(polygon[:, 0], polygon[:, 1]))
    return np.column_stack([row, column])


def track_rings(
    slices: Sequence[PlacedSlice],
    stack: CineStack,
    *,
    ed_contour: int,
    ed_image: int,
    every_frame: bool,
    check_engine: bool = False,
) -> tuple[tuple[TrackedRing, ...], tuple[Finding, ...]]:
    """Track every slice that has a ring of wall.

    Parameters
    ----------
    slices
        From `placed_slices`.
    stack
        The cine.
    ed_contour, ed_image
        End-diastolic frame of the contours and of the images (the same when contours exist in every frame).
    every_frame
        Whether the contours hold every frame of the images: then they guide the tracker over time.
    check_engine
        Track with the second engine, too, and report how far both disagree.

    Returns
    -------
    tuple of TrackedRing, tuple of Finding

    Raises
    ------
    MeasurementError
        When no slice can be tracked; the message holds the reasons.
    """
    rings, reasons = [], []
    for item in slices:
        if item.level is None or item.level == "apex":
            continue
        try:
            rings.append(_ring(item, stack, ed_contour, ed_image, every_frame, check_engine))
        except ResynchroError as error:
            reasons.append(f"slice {item.index + 1}: {error}")
    if not rings:
        raise MeasurementError("; ".join(reasons) or "no slice shows a ring of wall with both contours")
    findings: tuple[Finding, ...] = ()
    if reasons:
        message = f"{len(reasons)} slices could not be tracked: {'; '.join(reasons)}"
        findings = (Finding(code="not-tracked", message=message),)
    return tuple(rings), findings


def _ring(
    item: PlacedSlice, stack: CineStack, ed_contour: int, ed_image: int, every_frame: bool, check_engine: bool
) -> TrackedRing:
    image = image_of(item, stack)
    if image is None:
        raise MeasurementError("no image slice lies where its contours were drawn")
    if image.rr_s is None or len(image.time_s) < 2:
        raise MeasurementError("a still image has no motion")
    drawn = item.contours
    endo, epi = drawn.endo[ed_contour], drawn.epi[ed_contour]
    if endo is None or epi is None:
        raise MeasurementError("both contours are needed at end-diastole")

    def moved(polygon: FloatArray | None) -> FloatArray | None:
        return None if polygon is None else polygon_in(polygon, drawn.geometry, image.geometry)

    over_time = ([moved(one) for one in drawn.endo], [moved(one) for one in drawn.epi]) if every_frame else None
    pixel = (image.geometry.row_spacing_mm, image.geometry.column_spacing_mm)
    start, outer = polygon_in(endo, drawn.geometry, image.geometry), polygon_in(epi, drawn.geometry, image.geometry)
    frame = _frame_in(item, image)
    tracked = track_slice(
        image.frames,
        pixel,
        start,
        outer,
        image.time_s,
        rr_s=image.rr_s,
        covers_cycle=image.covers_cycle,
        ed_frame=ed_image,
        contours_over_time=over_time,
        orientation=frame,
    )
    disagreement, check = None, None
    if check_engine:
        check = track_slice_by_optical_flow(
            image.frames,
            pixel,
            start,
            outer,
            image.time_s,
            rr_s=image.rr_s,
            covers_cycle=image.covers_cycle,
            ed_frame=ed_image,
            orientation=frame,
        )
        disagreement = engine_disagreement_pct(tracked, check, count=4 if item.level == "apical" else 6)
    return TrackedRing(placed=item, image=image, tracked=tracked, disagreement_pct=disagreement, check=check)


def peak_strain(study: StrainStudy) -> SegmentMap:
    """Return the largest shortening (circumferential) or thickening (radial) of each segment over the beat [%].

    Slices of one level are averaged, each at its own peak; timing belongs to the indices of the strain examination.
    """
    radial = study.strain_type == "radial"
    peaks: dict[int, list[float]] = {}
    for view in study.views:
        for segment, curve in zip(view.segments, view.strain_pct, strict=True):
            peaks.setdefault(segment, []).append(float(curve.max() if radial else curve.min()))
    return SegmentMap(
        name=f"peak {study.strain_type} strain",
        unit="%",
        method=study.engine,
        model=study.model,
        values={segment: float(np.mean(values)) for segment, values in sorted(peaks.items())},
    )


def _frame_in(item: PlacedSlice, image: CineSlice) -> ShortAxisFrame:
    """Return the directions of a slice in the pixels of the image, which may be stored turned or flipped."""
    frame = item.frame
    marks = np.stack([frame.centre, frame.point_at(ANTERIOR_INSERTION_DEG, 20.0), frame.point_at(130.0, 20.0)])
    centre, anterior, further = polygon_in(marks, item.contours.geometry, image.geometry)
    angles = screen_angles_rad(
        image.geometry, centre, np.array([anterior[0], further[0]]), np.array([anterior[1], further[1]])
    )
    turn = float((angles[1] - angles[0] + np.pi) % (2.0 * np.pi) - np.pi)
    return replace(
        frame, geometry=image.geometry, centre=centre, anterior_rad=float(angles[0]), sense=1 if turn > 0.0 else -1
    )
