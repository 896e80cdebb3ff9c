"""Transmurality along chords on rings whose scar is known."""

from __future__ import annotations

import numpy as np
import pytest

from resynchro.errors import InputError
from resynchro.imaging.scar.transmurality import (
    chord_scar_pct,
    class_shares_pct,
    transmurality_class,
    wall_chords,
)
from resynchro.record.slices import SliceGeometry


def _geometry(row_mm: float = 1.0, column_mm: float = 1.0) -> SliceGeometry:
    return SliceGeometry(
        origin_mm=np.zeros(3),
        column_direction=np.array([1.0, 0.0, 0.0]),
        row_direction=np.array([0.0, 1.0, 0.0]),
        row_spacing_mm=row_mm,
        column_spacing_mm=column_mm,
    )


def _ring(inner: float, outer: float, size: int = 160, *, shift: float = 0.0) -> tuple[np.ndarray, ...]:
    """Return radius, angle, wall and cavity of a ring; the cavity may lie off the centre."""
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2.0
    radius, angle = np.hypot(rows, columns), np.degrees(np.arctan2(-rows, columns)) % 360.0
    cavity = np.hypot(rows, columns - shift) <= inner
    return radius, angle, (radius <= outer) & ~cavity, cavity


@pytest.mark.parametrize("depth_pct", [25.0, 50.0, 75.0, 100.0])
def test_scar_of_equal_depth_all_around(depth_pct: float) -> None:
    radius, _, wall, cavity = _ring(30.0, 60.0)
    scar = wall & (radius <= 30.0 + 30.0 * depth_pct / 100.0)
    chords = wall_chords(wall, cavity, _geometry())
    assert chords is not None and not chords.radial
    assert len(chords.inner) >= 60
    share = chord_scar_pct(chords, scar, wall)
    # half a pixel at either end of 30 pixels is 3.3 %
    assert share.mean() == pytest.approx(depth_pct, abs=1.5)
    assert np.abs(share - depth_pct).max() < 7.0


def test_a_sector_of_scar_covers_its_share_of_chords() -> None:
    _, angle, wall, cavity = _ring(30.0, 60.0)
    scar = wall & (angle >= 40.0) & (angle < 130.0)
    chords = wall_chords(wall, cavity, _geometry())
    assert chords is not None
    share = chord_scar_pct(chords, scar, wall)
    assert (share > 50.0).mean() == pytest.approx(90.0 / 360.0, abs=0.02)


def test_rectangular_pixels_do_not_matter() -> None:
    # the same ring stored with columns half as wide: every second column stays
    radius, _, wall, cavity = _ring(30.0, 60.0)
    scar = wall & (radius <= 45.0)
    thin = [mask[:, ::2] for mask in (wall, cavity, scar)]
    chords = wall_chords(thin[0], thin[1], _geometry(1.0, 2.0))
    assert chords is not None
    assert chord_scar_pct(chords, thin[2], thin[0]).mean() == pytest.approx(50.0, abs=2.0)


def test_chords_do_not_cross_in_an_uneven_wall() -> None:
    _, _, wall, cavity = _ring(22.0, 60.0, shift=30.0)
    chords = wall_chords(wall, cavity, _geometry())
    assert chords is not None

    def side(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
        return (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])

    a, b, c, d = chords.inner[:, None], chords.outer[:, None], chords.inner[None], chords.outer[None]
    assert not ((side(a, b, c) * side(a, b, d) < 0) & (side(c, d, a) * side(c, d, b) < 0)).any()


def test_an_open_ring_has_chords_only_where_there_is_wall() -> None:
    _, angle, wall, cavity = _ring(30.0, 60.0)
    gap = (angle >= 90.0) & (angle < 180.0)
    opened = wall & ~gap
    chords = wall_chords(opened, cavity, _geometry())
    assert chords is not None
    share = chord_scar_pct(chords, opened, opened)
    assert np.nanmin(share) == pytest.approx(100.0)
    # chords of a closed ring: 120
    assert 75 <= int(np.isfinite(share).sum()) <= 105


def test_no_cavity_no_chords_and_too_few_chords_are_refused() -> None:
    _, _, wall, cavity = _ring(30.0, 60.0)
    assert wall_chords(wall, np.zeros_like(cavity), _geometry()) is None
    with pytest.raises(InputError, match="at least 60"):
        wall_chords(wall, cavity, _geometry(), count=12)


def test_classes_at_their_borders() -> None:
    found = [transmurality_class(value) for value in (0.0, 1.0, 25.0, 25.5, 50.0, 51.0, 75.0, 76.0, 100.0)]
    assert found == ["0", "1-25", "1-25", "26-50", "26-50", "51-75", "51-75", "76-100", "76-100"]
    shares = class_shares_pct(np.array([0.0, 10.0, 60.0, 60.0]))
    assert shares == {"0": 25.0, "1-25": 25.0, "26-50": 0.0, "51-75": 50.0, "76-100": 0.0}
