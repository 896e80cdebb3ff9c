"""Regional volumes from contours: sectors of known circles, and the index they give."""

from __future__ import annotations

import numpy as np
import pytest

from resynchro.errors import MeasurementError
from resynchro.imaging.cine.placed_slices import PlacedSlice
from resynchro.imaging.cine.regional_cavity import cine_sdi, regional_volumes_ml
from resynchro.imaging.segment_geometry import ShortAxisFrame
from resynchro.record.slices import LvContours, SliceGeometry

FRAMES, SPACING_MM = 20, 8.0
LEVELS = ("basal", "mid", "apical")


def ring(number: int, level: str, radius_mm: np.ndarray, shift_mm: float = 0.0) -> PlacedSlice:
    """A slice whose cavity is a circle of 1 mm pixels with a radius per frame."""
    geometry = SliceGeometry(
        origin_mm=np.array([0.0, 0.0, -SPACING_MM * number]),
        column_direction=np.array([1.0, 0.0, 0.0]),
        row_direction=np.array([0.0, 1.0, 0.0]),
        row_spacing_mm=1.0,
        column_spacing_mm=1.0,
    )
    angle = np.linspace(0.0, 2.0 * np.pi, 720, endpoint=False)
    endo = tuple(
        np.column_stack([60.0 + shift_mm * t / FRAMES + r * np.sin(angle), 60.0 + r * np.cos(angle)])
        for t, r in enumerate(radius_mm)
    )
    frame = ShortAxisFrame(geometry=geometry, centre=np.array([60.0, 60.0]), anterior_rad=2.0, sense=1)
    contours = LvContours(geometry=geometry, endo=endo, epi=(None,) * len(endo))
    return PlacedSlice(index=number, contours=contours, level=level, frame=frame)  # type: ignore[arg-type]


def beating(late: float = 0.0) -> np.ndarray:
    return 25.0 - 6.0 * np.sin(np.pi * ((np.arange(FRAMES) / FRAMES - late) % 1.0)) ** 2


def test_sectors_of_a_circle_by_hand() -> None:
    # A circle of 25 mm at 8 mm spacing is pi 25^2 8 / 1000 = 15.71 ml: a sixth is 2.618, a quarter 3.927 ml.
    placed = [ring(number, level, np.full(FRAMES, 25.0)) for number, level in enumerate(LEVELS)]
    volumes = regional_volumes_ml(placed)
    np.testing.assert_allclose(volumes[:12], np.pi * 625 * 8 / 6000, rtol=1e-3)
    np.testing.assert_allclose(volumes[12:], np.pi * 625 * 8 / 4000, rtol=1e-3)


def test_a_heart_that_beats_as_one_is_synchronous_even_when_it_moves() -> None:
    placed = [ring(number, level, beating(), shift_mm=10.0) for number, level in enumerate(LEVELS)]
    found = cine_sdi(placed, 0.8)
    assert found.value == pytest.approx(0.0, abs=1e-6)
    assert found.n_segments == 16


def test_a_late_level_is_seen() -> None:
    # 6 + 6 segments at 50 % of the beat and 4 at 60 %: sample SD of those sixteen = 10 sqrt(12 4/(16 15)) = 4.47 %
    late = [ring(0, "basal", beating()), ring(1, "mid", beating()), ring(2, "apical", beating(0.1))]
    assert cine_sdi(late, None).value == pytest.approx(4.472, abs=0.05)


def test_contours_of_two_phases_only_give_no_index() -> None:
    two = [ring(number, level, np.array([25.0, 20.0])) for number, level in enumerate(LEVELS)]
    with pytest.raises(MeasurementError, match="every frame"):
        regional_volumes_ml(two)
    assert "every frame" in (cine_sdi(two, 0.8).absent or "")
    assert cine_sdi([], None).value is None
