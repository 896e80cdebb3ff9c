"""The second engine: same points, its own opinion, and a clear word when it is not installed."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from resynchro.errors import InputError, MeasurementError
from resynchro.imaging.motion.annulus_image import AnnulusPhantom, annulus_frames
from resynchro.imaging.motion.annulus_motion import AnnulusMotion, true_segment_strains
from resynchro.imaging.motion.optical_flow import engine_disagreement_pct, track_slice_by_optical_flow
from resynchro.imaging.motion.polar_tracker import track_slice
from resynchro.imaging.motion.tracked_slice import TrackedSlice
from resynchro.imaging.motion.tracked_strain import segment_strains

SMALL = AnnulusPhantom(
    motion=AnnulusMotion(endo_mm=18.0, wall_mm=8.0, delay_ms=0.0), size_px=64, pixel_mm=1.6, frames=12, noise=0.02
)


def follow(engine: object, frames: np.ndarray) -> TrackedSlice:
    endo, epi = SMALL.contour_px(0, outer=False), SMALL.contour_px(0, outer=True)
    return engine(frames, (1.6, 1.6), endo, epi, SMALL.time_ms / 1000.0, rr_s=0.9)  # type: ignore[operator, no-any-return]


def test_without_opencv_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(InputError, match=r"resynchro\[check\]"):
        follow(track_slice_by_optical_flow, np.zeros((12, 64, 64)))


def test_it_follows_the_phantom_and_agrees_with_the_tracker() -> None:
    pytest.importorskip("cv2", reason="the second engine needs opencv-python-headless")
    frames = annulus_frames(SMALL, np.random.default_rng(5))
    truth, _ = true_segment_strains(SMALL.motion, SMALL.time_ms)
    check, tracked = follow(track_slice_by_optical_flow, frames), follow(track_slice, frames)
    error = segment_strains(check).circumferential_pct - truth
    assert np.sqrt(np.mean(error**2)) < 4.0 < np.sqrt(np.mean(truth**2))
    assert check.points_mm[0] == pytest.approx(tracked.points_mm[0])
    apart = engine_disagreement_pct(tracked, check)
    assert apart.shape == (6,) and 0.0 < apart.max() < 6.0
    assert engine_disagreement_pct(tracked, tracked) == pytest.approx(0.0)
    with pytest.raises(InputError, match="flat"):
        follow(track_slice_by_optical_flow, np.zeros_like(frames))


def test_different_slices_are_not_compared() -> None:
    frames = annulus_frames(SMALL, np.random.default_rng(5))
    whole = follow(track_slice, frames)
    endo, epi = SMALL.contour_px(0, outer=False), SMALL.contour_px(0, outer=True)
    part = track_slice(frames[:10], (1.6, 1.6), endo, epi, SMALL.time_ms[:10] / 1000.0, rr_s=0.9, covers_cycle=False)
    with pytest.raises(MeasurementError, match="same slice"):
        engine_disagreement_pct(whole, part)
