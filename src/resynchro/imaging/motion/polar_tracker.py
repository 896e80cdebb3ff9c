"""The tracker: follows the wall of one short-axis slice through a cine, by image and, where given, by contours.

Every frame is compared with end-diastole in a polar frame laid into the wall (`polar_frame`); its displacement is a
smooth field of 66 coefficients (`polar_basis`) found by Gauss-Newton steps. First each frame for itself, both ways
round the beat; then all frames together, as slow courses over the beat and against the average of all frames in the
place of the tissue instead of the one end-diastolic frame with its noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resynchro.errors import InputError
from resynchro.imaging.motion.beat_basis import beat_basis
from resynchro.imaging.motion.contour_guidance import LEAST_FRAMES, ContourGuide, contour_guide
from resynchro.imaging.motion.frame_matching import FrameMatcher
from resynchro.imaging.motion.polar_basis import HARMONICS, PolarBasis, polar_basis, powers, smoothness_penalty
from resynchro.imaging.motion.polar_frame import PolarFrame, polar_frame
from resynchro.imaging.motion.tracked_slice import TrackedSlice
from resynchro.imaging.segment_geometry import ShortAxisFrame
from resynchro.record.finding import Finding

FloatArray = NDArray[np.float64]
Polygon = NDArray[np.float64]

ENGINE = "resynchro polar hybrid"
_LEAST_FRAMES = 4
#: Steps that change no coefficient by more end an iteration [mm].
_SMALL_MM = 1e-3
#: Keeps the equations solvable where the image says nothing.
_RIDGE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerSettings:
    """Settings of the tracker; the defaults were set on phantoms of other seeds than those that are reported.

    Attributes
    ----------
    strain_weight, area_weight
        Weights of the two penalties of `smoothness_penalty`.
    contour_weight
        Weight of the contours over time; 0.003 to 0.01 helps or does no harm.
    sigmas_px
        Gaussian smoothing of the images, coarse to fine [px].
    steps
        Gauss-Newton steps per frame at each smoothing.
    rounds, round_steps
        How often the reference is averaged anew, and Gauss-Newton steps of all frames together after each time;
        0 rounds leave the frame-by-frame result.
    beat_harmonics
        Harmonics of the beat a displacement may move with when all frames are fitted together; at most a third of the
        number of frames.
    """

    strain_weight: float = 0.2
    area_weight: float = 4.0
    contour_weight: float = 0.005
    sigmas_px: tuple[float, ...] = (1.5, 0.6)
    steps: int = 6
    rounds: int = 2
    round_steps: int = 2
    beat_harmonics: int = 8


DEFAULT_SETTINGS = TrackerSettings()


def track_slice(
    frames: ArrayLike,
    pixel_mm: tuple[float, float],
    endo: Polygon,
    epi: Polygon,
    time_s: ArrayLike,
    *,
    rr_s: float,
    covers_cycle: bool = True,
    ed_frame: int = 0,
    contours_over_time: tuple[Sequence[Polygon | None], Sequence[Polygon | None]] | None = None,
    orientation: ShortAxisFrame | None = None,
    settings: TrackerSettings = DEFAULT_SETTINGS,
) -> TrackedSlice:
    """Follow the wall of a short-axis slice over one beat.

    Parameters
    ----------
    frames
        Shape (T, rows, columns), any linear scale.
    pixel_mm
        Row and column spacing [mm].
    endo, epi
        Contours of the end-diastolic frame, shape (n, 2) as (row, column) [px].
    time_s
        Shape (T,), increasing [s].
    rr_s
        Length of the beat [s].
    covers_cycle
        False for prospective gating: then the motion is followed forwards and backwards from end-diastole without
        passing from the last frame to the first, and the courses need not be periodic.
    ed_frame
        The frame of the contours; displacement is zero there.
    contours_over_time
        Endo- and epicardial contours of every frame [px], None where a frame has none. They are smoothed over the beat
        and guide weakly.
    orientation
        Where display angles count from. None: the image is shown the usual way, seen from the apex with the anterior
        insertion at 120 degrees.

    Returns
    -------
    TrackedSlice
        5 levels by 120 angles of tissue points. Its middle level halves the area of the wall.

    Raises
    ------
    InputError
        For arrays that do not fit each other, fewer than 4 frames, contours that are no ring, or images without values.

    Notes
    -----
    Two-sided: in a periodic beat the frames of the first two thirds are reached forwards and those of the last two
    thirds backwards, and where both arrive the lower cost is kept, so errors do not pile up over the beat. About 0.5 s
    for 30 frames on one core. Through-plane motion is not seen: what leaves the slice is taken for what enters it.
    """
    images, times, pixel = tracking_input(frames, time_s, rr_s, pixel_mm, ed_frame)
    count = len(images)
    frame = laid_frame(endo, epi, pixel, orientation)
    # All that follows sees end-diastole first.
    order = (np.arange(count) + ed_frame) % count
    span = rr_s if covers_cycle else float(times[-1] - times[0])
    phase = (times - times[0]) / span
    basis = polar_basis(frame, HARMONICS)
    guide = None
    if contours_over_time is not None:
        guide = _guide(frame, contours_over_time, pixel, order, phase, covers_cycle, settings.contour_weight)
    matcher = FrameMatcher(images[order], pixel_mm, basis, settings.sigmas_px, guide)
    penalty = smoothness_penalty(basis, settings.strain_weight, settings.area_weight)
    alone = _frame_by_frame(matcher, penalty, settings, count, _chains(count, ed_frame, covers_cycle))
    fields, cost = _all_together(matcher, penalty, settings, alone, phase[order], covers_cycle)
    back = np.argsort(order)
    points = _points_mm(basis, fields[back])
    return TrackedSlice(
        points_mm=_sealed(points),
        single_frame_mid_mm=_sealed(_points_mm(basis, alone[back])[:, points.shape[1] // 2]),
        display_deg=_sealed(frame.display_deg),
        centre_mm=_sealed(frame.centre_mm),
        time_s=_sealed(times),
        rr_s=float(rr_s),
        periodic=covers_cycle,
        ed_frame=ed_frame,
        inferior_insertion_deg=None if orientation is None else orientation.inferior_insertion_deg,
        frame_cost=_sealed(cost[back]),
        engine=ENGINE if guide is not None else "resynchro polar, image only",
        findings=_UNUSED if contours_over_time is not None and guide is None else (),
    )


_UNUSED = (
    Finding(
        code="contours-unused",
        message=f"fewer than {LEAST_FRAMES} frames have both contours: they were not used, the images alone guided the "
        "tracking",
    ),
)


def _guide(
    frame: PolarFrame,
    contours_over_time: tuple[Sequence[Polygon | None], Sequence[Polygon | None]],
    pixel: FloatArray,
    order: NDArray[np.intp],
    phase: FloatArray,
    periodic: bool,
    weight: float,
) -> ContourGuide | None:
    """Return the guide by contours in the order of the frames that are tracked; None when too few have both."""
    endo_mm, epi_mm = ([None if c is None else np.asarray(c) * pixel for c in kind] for kind in contours_over_time)
    if not len(endo_mm) == len(epi_mm) == len(order):
        raise InputError(f"{len(endo_mm)} endo- and {len(epi_mm)} epicardial contours for {len(order)} frames")
    return contour_guide(
        frame,
        [endo_mm[i] for i in order],
        [epi_mm[i] for i in order],
        phase[order],
        periodic=periodic,
        pixel_mm=float(np.sqrt(pixel.prod())),
        weight=weight,
    )


def wall_depths(frame: PolarFrame) -> FloatArray:
    """Return the depths of the five tracked levels, shape (5, angles): -1, -0.5, halving the area, 0.5, 1."""
    ones = np.ones_like(frame.endo_mm)
    return np.stack((-ones, -0.5 * ones, frame.mid_depth, 0.5 * ones, ones))


def tracking_input(
    frames: ArrayLike, time_s: ArrayLike, rr_s: float, pixel_mm: tuple[float, float], ed_frame: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return images, times [s] and pixel spacing [mm] as arrays, or raise InputError when they do not fit."""
    images, times = np.asarray(frames, dtype=float), np.asarray(time_s, dtype=float)
    pixel = np.asarray(pixel_mm, dtype=float)
    if images.ndim != 3 or len(images) < _LEAST_FRAMES:
        raise InputError(
            f"tracking needs at least {_LEAST_FRAMES} frames as (frames, rows, columns), got shape {images.shape}"
        )
    if times.shape != (len(images),) or not np.all(np.diff(times) > 0.0):
        raise InputError(f"times must increase, one per frame: got {times.size} for {len(images)} frames")
    if not rr_s > times[-1] - times[0]:
        raise InputError(f"the frames span {times[-1] - times[0]:.3f} s but the beat is given as {rr_s:.3f} s")
    if pixel.shape != (2,) or not np.all(pixel > 0.0):
        raise InputError(f"pixel spacing must be two positive numbers (row, column) in mm, got {pixel_mm}")
    if not 0 <= ed_frame < len(images):
        raise InputError(f"the end-diastolic frame must lie in 0 to {len(images) - 1}, got {ed_frame}")
    if not np.isfinite(images).all():
        raise InputError("the images hold values that are not numbers; mask or replace them before tracking")
    return images, times, pixel


def laid_frame(endo: Polygon, epi: Polygon, pixel: FloatArray, orientation: ShortAxisFrame | None) -> PolarFrame:
    """Lay the polar frame into contours given in pixels."""
    endo_mm, epi_mm = (np.asarray(polygon, dtype=float) * pixel for polygon in (endo, epi))
    if orientation is None:
        return polar_frame(endo_mm, epi_mm)
    return polar_frame(endo_mm, epi_mm, anterior_rad=orientation.anterior_rad, sense=orientation.sense)


def _chains(count: int, ed_frame: int, periodic: bool) -> tuple[range, range]:
    """Return the frames after end-diastole, which is 0, in the order they are reached forwards and backwards."""
    if periodic:
        return range(1, int(np.ceil(2 * count / 3))), range(count - 1, count // 3, -1)
    return range(1, count - ed_frame), range(count - 1, count - 1 - ed_frame, -1)


def _frame_by_frame(
    matcher: FrameMatcher, penalty: FloatArray, settings: TrackerSettings, count: int, chains: tuple[range, range]
) -> FloatArray:
    """Match every frame from its neighbour's field; of two results the lower cost is kept. Shape (T, n)."""
    fields = np.zeros((count, len(penalty)))
    cost = np.full(count, np.inf)
    for chain in chains:
        field = np.zeros(len(penalty))
        for index in chain:
            field, here = _matched(matcher, penalty, settings, index, field)
            if here < cost[index]:
                fields[index], cost[index] = field, here
    return fields


def _matched(
    matcher: FrameMatcher, penalty: FloatArray, settings: TrackerSettings, index: int, field: FloatArray
) -> tuple[FloatArray, float]:
    cost = np.inf
    for level in range(len(settings.sigmas_px)):
        weight = None
        for _ in range(settings.steps):
            found = matcher.normal_equations(level, index, field, weight)
            weight = found.weight
            cost = found.cost + float(field @ penalty @ field)
            system = found.matrix + penalty
            system[np.diag_indices_from(system)] += _RIDGE
            step = np.linalg.solve(system, -(found.gradient + penalty @ field))
            field = field + step
            if float(np.abs(step).max()) < _SMALL_MM:
                break
    return field, cost


def _all_together(
    matcher: FrameMatcher,
    penalty: FloatArray,
    settings: TrackerSettings,
    alone: FloatArray,
    phase: FloatArray,
    periodic: bool,
) -> tuple[FloatArray, FloatArray]:
    """Fit all frames as slow courses over the beat, against the average of all frames; end-diastole is zero again."""
    from scipy.linalg import cho_factor, cho_solve

    count, size = alone.shape
    harmonics = min(settings.beat_harmonics, count // 3)
    course = beat_basis(phase, harmonics, periodic=periodic)
    courses = course.shape[1]
    pairs = (course[:, :, None] * course[:, None, :]).reshape(count, -1)
    slow = np.linalg.lstsq(course, alone, rcond=None)[0]
    weights: list[FloatArray | None] = [None] * count
    cost = np.zeros(count)
    for _ in range(settings.rounds):
        matcher.references[-1] = matcher.average_reference(course @ slow, weights)
        for _ in range(settings.round_steps):
            fields = course @ slow
            matrices, gradients = np.empty((count, size * size)), np.empty((count, size))
            for index in range(count):
                found = matcher.normal_equations(-1, index, fields[index], weights[index])
                weights[index], cost[index] = found.weight, found.cost
                matrices[index] = (found.matrix + penalty).ravel()
                gradients[index] = found.gradient + penalty @ fields[index]
            blocks = (pairs.T @ matrices).reshape(courses, courses, size, size)
            system = np.ascontiguousarray(blocks.transpose(0, 2, 1, 3)).reshape(courses * size, courses * size)
            system[np.diag_indices_from(system)] += _RIDGE
            step = cho_solve(cho_factor(system, overwrite_a=True), -(course.T @ gradients).ravel())
            slow = slow + step.reshape(courses, size)
    fields = course @ slow if settings.rounds else alone
    return fields - fields[0], cost


def _points_mm(basis: PolarBasis, fields: FloatArray) -> FloatArray:
    depths = wall_depths(basis.frame)
    rest, through = basis.frame.points_mm(basis.frame.radius_mm(depths)), powers(depths)
    return np.stack([rest + basis.displacement_mm(field, through) for field in fields])


def _sealed(values: FloatArray) -> FloatArray:
    sealed = np.array(values, dtype=float)
    sealed.setflags(write=False)
    return sealed
