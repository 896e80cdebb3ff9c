"""A second opinion on the motion: dense optical flow by OpenCV, read at the same points of the wall.

An independent engine, less exact than the tracker. Where both disagree in a segment, neither should be trusted there.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resynchro.errors import InputError, MeasurementError
from resynchro.imaging.motion.polar_tracker import laid_frame, tracking_input, wall_depths
from resynchro.imaging.motion.tracked_slice import FLOW_ENGINE, TrackedSlice
from resynchro.imaging.motion.tracked_strain import segment_strains
from resynchro.imaging.segment_geometry import ShortAxisFrame
from resynchro.record.segments import AngleRule

FloatArray = NDArray[np.float64]
Polygon = NDArray[np.float64]

_UPSAMPLING = 2
#: Grey values between these percentiles of the whole cine are spread over 8 bits.
_DARK_PCT, _BRIGHT_PCT = 0.5, 99.5


def track_slice_by_optical_flow(
    frames: ArrayLike,
    pixel_mm: tuple[float, float],
    endo: Polygon,
    epi: Polygon,
    time_s: ArrayLike,
    *,
    rr_s: float,
    covers_cycle: bool = True,
    ed_frame: int = 0,
    orientation: ShortAxisFrame | None = None,
) -> TrackedSlice:
    """Follow the wall by dense inverse search flow from end-diastole to every frame.

    Parameters
    ----------
    frames, pixel_mm, endo, epi, time_s, rr_s, covers_cycle, ed_frame, orientation
        As for `resynchro.imaging.motion.polar_tracker.track_slice`; contours of other frames are not used.

    Returns
    -------
    TrackedSlice
        Same points as the tracker's. Images are upsampled twice first.

    Raises
    ------
    InputError
        Without OpenCV, or as for `track_slice`.

    References
    ----------
    Kroeger T, et al. ECCV 2016, doi:10.1007/978-3-319-46493-0_29.
    """
    cv2 = _opencv()
    images, times, pixel = tracking_input(frames, time_s, rr_s, pixel_mm, ed_frame)
    frame = laid_frame(endo, epi, pixel, orientation)
    rest = frame.points_mm(frame.radius_mm(wall_depths(frame)))
    # A pixel's centre at i lies at 2 i + 0.5 of the upsampled image.
    where = _UPSAMPLING * (rest / pixel) + (_UPSAMPLING - 1) / 2.0
    if where.min() < 0.0 or np.any(where.max(axis=(0, 1)) > _UPSAMPLING * np.array(images.shape[1:]) - 1.0):
        raise InputError("the contours reach outside the image: are they given as (row, column) in pixels?")
    low, high = np.percentile(images, (_DARK_PCT, _BRIGHT_PCT))
    if not high > low:
        raise InputError("the images are flat: nothing can be followed")
    scaled = np.clip((images - low) / (high - low) * 255.0, 0.0, 255.0).astype(np.uint8)
    size = (scaled.shape[2] * _UPSAMPLING, scaled.shape[1] * _UPSAMPLING)
    large = [cv2.resize(image, size, interpolation=cv2.INTER_CUBIC) for image in scaled]
    engine = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    points = np.empty((len(images), *rest.shape))
    cost = np.zeros(len(images))
    for index, image in enumerate(large):
        if index == ed_frame:
            points[index] = rest
            continue
        flow = engine.calc(large[ed_frame], image, None)
        moved = np.stack([_bilinear(flow[..., axis], where) for axis in (1, 0)], axis=-1)
        points[index] = rest + moved / _UPSAMPLING * pixel
    points.setflags(write=False)
    return TrackedSlice(
        points_mm=points,
        single_frame_mid_mm=None,
        display_deg=frame.display_deg,
        centre_mm=frame.centre_mm,
        time_s=times,
        rr_s=float(rr_s),
        periodic=covers_cycle,
        ed_frame=ed_frame,
        inferior_insertion_deg=None if orientation is None else orientation.inferior_insertion_deg,
        frame_cost=cost,
        engine=FLOW_ENGINE,
    )


def engine_disagreement_pct(
    tracked: TrackedSlice, check: TrackedSlice, *, count: int = 6, rule: AngleRule = "rigid60"
) -> FloatArray:
    """Return the root mean square difference of circumferential strain between two engines per segment.

    Parameters
    ----------
    tracked, check
        The same slice by both engines.

    Returns
    -------
    ndarray
        Shape (count,), anterior first [%].
    """
    if tracked.n_frames != check.n_frames:
        raise MeasurementError(f"{tracked.n_frames} and {check.n_frames} frames: both engines must see the same slice")
    one = segment_strains(tracked, count=count, rule=rule).circumferential_pct
    other = segment_strains(check, count=count, rule=rule).circumferential_pct
    return np.asarray(np.sqrt(np.mean((one - other) ** 2, axis=1)))


def _opencv() -> ModuleType:
    try:
        import cv2
    except ImportError:
        raise InputError(
            "the second engine needs OpenCV, which is not installed; install it with "
            "pip install 'resynchro[check]', or leave the check out"
        ) from None
    module: ModuleType = cv2
    return module


def _bilinear(values: NDArray[np.float32], where: FloatArray) -> FloatArray:
    from scipy.ndimage import map_coordinates

    return np.asarray(map_coordinates(values, (where[..., 0], where[..., 1]), order=1, mode="nearest"), dtype=float)
