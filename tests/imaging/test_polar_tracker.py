"""The tracker on small phantoms with exact truth, and on motions that must give no strain at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.imaging.motion.annulus_image import AnnulusPhantom, annulus_frames
from resynchro.imaging.motion.annulus_motion import AnnulusMotion, true_segment_strains
from resynchro.imaging.motion.polar_tracker import DEFAULT_SETTINGS, track_slice
from resynchro.imaging.motion.tracked_slice import TrackedSlice
from resynchro.imaging.motion.tracked_strain import segment_strains
from resynchro.imaging.segment_geometry import ShortAxisFrame
from resynchro.record.slices import SliceGeometry

SMALL = AnnulusPhantom(motion=AnnulusMotion(endo_mm=18.0, wall_mm=8.0), size_px=64, pixel_mm=1.6, frames=12, noise=0.02)


@pytest.fixture(scope="module")
def frames() -> NDArray[np.float32]:
    return annulus_frames(SMALL, np.random.default_rng(5))


@pytest.fixture(scope="module")
def tracked(frames: NDArray[np.float32]) -> TrackedSlice:
    return follow(frames)


def follow(frames: NDArray[np.float32], phantom: AnnulusPhantom = SMALL, **changes: object) -> TrackedSlice:
    given: dict[str, object] = {
        "pixel_mm": (phantom.pixel_mm, phantom.pixel_mm),
        "endo": phantom.contour_px(0, outer=False),
        "epi": phantom.contour_px(0, outer=True),
        "time_s": phantom.time_ms / 1000.0,
        "rr_s": 0.9,
    }
    given.update(changes)
    return track_slice(frames, **given)  # type: ignore[arg-type]


def ecc(result: TrackedSlice) -> NDArray[np.float64]:
    return segment_strains(result).circumferential_pct


def rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(values**2)))


def test_the_delayed_phantom_is_followed(tracked: TrackedSlice) -> None:
    truth, radial = true_segment_strains(SMALL.motion, SMALL.time_ms)
    strains = segment_strains(tracked)
    # The same phantom without any motion found would err by rms(truth) = 8 %.
    assert rms(truth) > 6.0
    assert rms(strains.circumferential_pct - truth) < 1.5
    assert rms(strains.radial_pct - radial) < 5.0
    assert tracked.points_mm.shape == (12, 5, 120, 2) and not tracked.points_mm.flags.writeable
    assert tracked.engine == "resynchro polar, image only"
    assert np.all(tracked.frame_cost >= 0.0) and tracked.frame_cost.max() < 0.2


def test_the_synchronous_phantom_stays_synchronous() -> None:
    phantom = replace(SMALL, motion=replace(SMALL.motion, delay_ms=0.0, coupling=0.0))
    strain = ecc(follow(annulus_frames(phantom, np.random.default_rng(6)), phantom))
    truth, _ = true_segment_strains(phantom.motion, phantom.time_ms)
    assert rms(strain - truth) < 1.2
    assert np.ptp(strain, axis=0).max() < 4.0 and truth.min() < -14.0


def test_a_shifted_and_turned_picture_has_no_strain() -> None:
    """Rigid motion of one picture, without noise of its own."""
    from scipy.ndimage import rotate, shift

    still = annulus_frames(replace(SMALL, frames=4, noise=0.0), np.random.default_rng(7))[0].astype(float)
    course = 0.5 * (1.0 - np.cos(2.0 * np.pi * np.arange(12) / 12.0))
    moves = course[:, None] * np.array([3.0, -2.0, 4.0])  # down [px], to the right [px], counter-clockwise [deg]
    moved = np.stack(
        [
            shift(rotate(still, turn, reshape=False, order=3, mode="nearest"), (down, right), order=3, mode="nearest")
            for down, right, turn in moves
        ]
    )
    result = follow(moved)
    strains = segment_strains(result)
    assert np.abs(strains.circumferential_pct).max() < 0.8
    assert np.abs(strains.radial_pct).max() < 2.5
    centre = result.points_mm.mean(axis=(1, 2))
    assert centre - centre[0] == pytest.approx(1.6 * moves[:, :2], abs=0.15)


def test_a_still_picture_stays_still(frames: NDArray[np.float32]) -> None:
    result = follow(np.repeat(frames[:1], 6, axis=0), time_s=np.arange(6) * 0.15)
    assert np.abs(result.points_mm - result.points_mm[0]).max() < 1e-6


def test_a_turned_and_mirrored_image_gives_the_same_strain(frames: NDArray[np.float32], tracked: TrackedSlice) -> None:
    """Anatomy, not the screen, decides: quarter turns and flips of the image with its insertions change nothing."""
    last = SMALL.size_px - 1
    geometry = SliceGeometry(
        origin_mm=np.zeros(3),
        column_direction=np.array([1.0, 0.0, 0.0]),
        row_direction=np.array([0.0, 1.0, 0.0]),
        row_spacing_mm=1.6,
        column_spacing_mm=1.6,
    )
    endo, epi = SMALL.contour_px(0, outer=False), SMALL.contour_px(0, outer=True)
    # np.rot90 turns the picture counter-clockwise: (row, column) -> (last - column, row), angles grow by 90 degrees.
    turned = [np.stack((last - c[:, 1], c[:, 0]), axis=-1) for c in (endo, epi)]
    mirrored = [np.stack((c[:, 0], last - c[:, 1]), axis=-1) for c in (endo, epi)]
    for image, contours, anterior, sense in (
        (np.rot90(frames, axes=(1, 2)), turned, 210.0, 1),
        (frames[:, :, ::-1], mirrored, 60.0, -1),
    ):
        orientation = ShortAxisFrame(
            geometry=geometry, centre=np.zeros(2), anterior_rad=np.radians(anterior), sense=sense
        )
        result = follow(np.ascontiguousarray(image), endo=contours[0], epi=contours[1], orientation=orientation)
        assert np.abs(ecc(result) - ecc(tracked)).max() < 0.02
        assert result.inferior_insertion_deg == 240.0


def test_pixels_need_not_be_square(frames: NDArray[np.float32], tracked: TrackedSlice) -> None:
    """Rows of half the spacing hold the same picture: contours in pixels stretch with them, millimetres stay."""
    from scipy.ndimage import map_coordinates

    rows, columns = np.meshgrid((np.arange(128) - 0.5) / 2.0, np.arange(64), indexing="ij")
    fine = np.stack(
        [map_coordinates(frame.astype(float), (rows, columns), order=3, mode="nearest") for frame in frames]
    )
    stretch = [SMALL.contour_px(0, outer=outer) * (2.0, 1.0) + (0.5, 0.0) for outer in (False, True)]
    result = follow(fine, pixel_mm=(0.8, 1.6), endo=stretch[0], epi=stretch[1])
    assert rms(ecc(result) - ecc(tracked)) < 0.3


def test_the_beat_may_start_anywhere(frames: NDArray[np.float32], tracked: TrackedSlice) -> None:
    rolled = follow(np.roll(frames, 4, axis=0), ed_frame=4)
    assert ecc(rolled)[:, np.r_[4:12, 0:4]] == pytest.approx(ecc(tracked), abs=1e-6)
    assert np.abs(ecc(rolled)[:, 4]).max() < 1e-9


def test_a_beat_that_is_cut_short_is_followed_without_closing_it(frames: NDArray[np.float32]) -> None:
    truth, _ = true_segment_strains(SMALL.motion, SMALL.time_ms)
    part = follow(frames[:8], time_s=SMALL.time_ms[:8] / 1000.0, covers_cycle=False)
    assert not part.periodic and rms(ecc(part) - truth[:, :8]) < 1.8
    # From the middle: backwards to the first frame and forwards to the last one.
    middle = [SMALL.contour_px(3, outer=outer) for outer in (False, True)]
    both = follow(
        frames[:8], time_s=SMALL.time_ms[:8] / 1000.0, covers_cycle=False, ed_frame=3, endo=middle[0], epi=middle[1]
    )
    expected = 100.0 * ((1.0 + truth[:, :8] / 100.0) / (1.0 + truth[:, 3:4] / 100.0) - 1.0)
    assert rms(ecc(both) - expected) < 2.5


def test_contours_guide_where_the_image_says_nothing(frames: NDArray[np.float32]) -> None:
    """Heavy noise: exact contours with much weight hold the area of the cavity, which the image alone loses."""
    rng = np.random.default_rng(8)
    noisy = frames + rng.normal(scale=0.3, size=frames.shape).astype(np.float32)
    endo, epi = ([SMALL.contour_px(i, outer=outer) for i in range(SMALL.frames)] for outer in (False, True))
    truth = np.array([area(contour) for contour in endo])
    guided = follow(noisy, contours_over_time=(endo, epi), settings=replace(DEFAULT_SETTINGS, contour_weight=3.0))
    assert guided.engine == "resynchro polar hybrid" and not guided.findings
    errors = [
        rms(np.array([area(points) for points in result.points_mm[:, 0] / 1.6]) / truth - 1.0)
        for result in (guided, follow(noisy))
    ]
    assert errors[0] < 0.03 < errors[1]


def area(polygon: NDArray[np.float64]) -> float:
    row, column = polygon.T
    return 0.5 * abs(float(np.sum(row * np.roll(column, -1) - column * np.roll(row, -1))))


def test_a_wild_contour_does_no_harm_and_too_few_are_left_out(
    frames: NDArray[np.float32], tracked: TrackedSlice
) -> None:
    endo = [SMALL.contour_px(i, outer=False) for i in range(SMALL.frames)]
    epi = [SMALL.contour_px(i, outer=True) for i in range(SMALL.frames)]
    truth, _ = true_segment_strains(SMALL.motion, SMALL.time_ms)
    wild = list(endo)
    wild[5] = SMALL.contour_px(0, outer=False) + 6.0
    assert rms(ecc(follow(frames, contours_over_time=(wild, epi))) - truth) < 1.5
    few = follow(frames, contours_over_time=([*endo[:3], *[None] * 9], epi))
    assert [finding.code for finding in few.findings] == ["contours-unused"]
    assert ecc(few) == pytest.approx(ecc(tracked))


def test_the_same_input_gives_the_same_bytes(frames: NDArray[np.float32], tracked: TrackedSlice) -> None:
    assert follow(frames).points_mm.tobytes() == tracked.points_mm.tobytes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time_s": np.arange(12)[::-1] * 0.075}, "must increase"),
        ({"time_s": np.arange(11) * 0.075}, "one per frame"),
        ({"rr_s": 0.5}, "the beat is given"),
        ({"pixel_mm": (1.6, 0.0)}, "positive"),
        ({"ed_frame": 12}, "0 to 11"),
        ({"endo": SMALL.contour_px(0, outer=False) + 60.0, "epi": SMALL.contour_px(0, outer=True) + 60.0}, "image"),
        ({"contours_over_time": ([None] * 3, [None] * 3)}, "for 12 frames"),
    ],
)
def test_input_that_does_not_fit(frames: NDArray[np.float32], changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        follow(frames, **changes)


def test_images_that_cannot_be_followed(frames: NDArray[np.float32]) -> None:
    with pytest.raises(InputError, match="at least 4 frames"):
        follow(frames[:3], time_s=SMALL.time_ms[:3] / 1000.0)
    broken = frames.copy()
    broken[3, 0, 0] = np.nan
    with pytest.raises(InputError, match="not numbers"):
        follow(broken)
    with pytest.raises(InputError, match="flat"):
        follow(np.zeros_like(frames))
