"""Images of the beating annulus: what stands where, and that a seed makes a picture."""

from __future__ import annotations

import numpy as np
import pytest

from resynchro.imaging.motion.annulus_image import AnnulusPhantom, annulus_frames
from resynchro.imaging.motion.annulus_motion import AnnulusMotion
from resynchro.imaging.motion.annulus_suite import SUITE_NAMES, suite_phantom, target_phantom


def phantom(**changes: object) -> AnnulusPhantom:
    return AnnulusPhantom(size_px=64, pixel_mm=2.0, frames=3, **changes)  # type: ignore[arg-type]


def test_tissues_stand_where_they_should() -> None:
    quiet = phantom(noise=0.0, texture=0.0)
    image = annulus_frames(quiet, np.random.default_rng(1))[0]

    def near(x_mm: float, y_mm: float) -> float:
        row, column = np.rint(quiet.to_pixel(np.array([x_mm, y_mm]))).astype(int)
        return float(image[row - 1 : row + 2, column - 1 : column + 2].mean())

    assert near(0.0, 0.0) == pytest.approx(0.90, abs=0.15)  # blood
    assert near(0.0, 30.5) == pytest.approx(0.35, abs=0.03)  # wall
    assert near(45.0, 0.0) == pytest.approx(0.12, abs=0.05)  # lung
    assert near(-50.0, 0.0) == pytest.approx(0.85, abs=0.15)  # right ventricle
    angle = np.radians(120.0)
    assert near(40.0 * np.cos(angle), 40.0 * np.sin(angle)) > 0.75  # fat at the anterior insertion
    angle = np.radians(40.0)
    assert near(20.0 * np.cos(angle), 20.0 * np.sin(angle)) == pytest.approx(0.35, abs=0.1)  # papillary muscle


def test_the_contours_lie_on_the_edges_of_the_blood() -> None:
    quiet = phantom(noise=0.0, texture=0.0, motion=AnnulusMotion(rotation_deg=0.0))
    frames = annulus_frames(quiet, np.random.default_rng(1))
    for frame in (0, 1):
        contour = quiet.contour_px(frame, outer=False)
        middle = contour.mean(axis=0)
        inside = np.rint(middle + 0.93 * (contour - middle)).astype(int)
        outside = np.rint(middle + 1.07 * (contour - middle)).astype(int)
        step = frames[frame][inside[:, 0], inside[:, 1]] - frames[frame][outside[:, 0], outside[:, 1]]
        assert np.median(step) > 0.3


def test_a_seed_is_a_picture() -> None:
    one, same, other = (annulus_frames(phantom(), np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert one.tobytes() == same.tobytes() and one.tobytes() != other.tobytes()


def test_the_suite_has_ten_members_and_the_targets_vary() -> None:
    assert len({suite_phantom(number) for number in range(len(SUITE_NAMES))}) == 10
    assert suite_phantom(1).motion.delay_ms == 0.0 and suite_phantom(8).noise == 0.072
    with pytest.raises(IndexError, match="0 to 9"):
        suite_phantom(10)
    rng = np.random.default_rng(0)
    drawn = [target_phantom(rng).motion for _ in range(20)]
    assert all(22.0 <= motion.endo_mm <= 34.0 and 10.0 <= motion.peak_pct <= 18.0 for motion in drawn)
    assert np.ptp([motion.late_deg for motion in drawn]) > 180.0
