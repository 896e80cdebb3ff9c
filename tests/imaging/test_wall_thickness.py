"""Thickness along chords, thickening per segment, and which frame is end-diastole."""

from __future__ import annotations

import numpy as np
import pytest

from resynchro.errors import MeasurementError
from resynchro.imaging.cine.end_diastole import end_diastole, end_systole, from_end_diastole, phases_told_apart
from resynchro.imaging.cine.placed_slices import placed_slices
from resynchro.imaging.cine.wall_thickness import wall_chords_mm, wall_thickness
from resynchro.record.slices import ContourStack, LvContours, SliceGeometry


def geometry(z: float = 0.0, row: float = 1.0, column: float = 1.0) -> SliceGeometry:
    return SliceGeometry(
        origin_mm=np.array([-64.0, -64.0, z]),
        column_direction=np.array([1.0, 0.0, 0.0]),
        row_direction=np.array([0.0, 1.0, 0.0]),
        row_spacing_mm=row,
        column_spacing_mm=column,
    )


def outline(radius, count: int = 720, shift: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    angle = 2.0 * np.pi * np.arange(count) / count
    radius = np.broadcast_to(radius, count)
    return np.column_stack([64.0 + radius * np.sin(angle) + shift[0], 64.0 + radius * np.cos(angle) + shift[1]])


def test_a_ring_has_its_thickness_everywhere() -> None:
    _, thickness = wall_chords_mm(outline(20.0), outline(28.0), geometry())
    np.testing.assert_allclose(thickness, 8.0, atol=0.02)


def test_pixels_need_not_be_square() -> None:
    endo, epi = outline(20.0), outline(28.0)
    for polygon in (endo, epi):
        polygon[:, 0] /= 2.0  # rows of 2 mm
    _, thickness = wall_chords_mm(endo, epi, geometry(row=2.0))
    np.testing.assert_allclose(thickness, 8.0, atol=0.02)


def test_an_eccentric_wall_is_thin_on_one_side() -> None:
    """Endocardium shifted by 3 mm to the right: 8 - 3 mm there, 8 + 3 mm on the left."""
    points, thickness = wall_chords_mm(outline(20.0, shift=(0.0, 3.0)), outline(28.0), geometry())
    assert thickness[np.argmax(points[:, 1])] == pytest.approx(5.0, abs=0.05)
    assert thickness[np.argmin(points[:, 1])] == pytest.approx(11.0, abs=0.05)


def test_chords_are_shorter_than_rays_where_the_wall_is_oblique() -> None:
    """Ellipses 6 mm apart at right angles: rays overestimate, chords stay near 6 mm."""
    angle = 2.0 * np.pi * np.arange(720) / 720
    inner = np.column_stack([64.0 + 15.0 * np.sin(angle), 64.0 + 30.0 * np.cos(angle)])
    normal = np.column_stack([np.sin(angle) / 15.0, np.cos(angle) / 30.0])
    outer = inner + 6.0 * normal / np.linalg.norm(normal, axis=1)[:, None]
    _, thickness = wall_chords_mm(inner, outer, geometry())
    np.testing.assert_allclose(thickness, 6.0, atol=0.15)


def test_no_wall_has_no_thickness() -> None:
    angle = 2.0 * np.pi * np.arange(720) / 720
    points, thickness = wall_chords_mm(outline(20.0), outline(np.where(angle < np.pi, 28.0, 20.0)), geometry())
    assert np.all(thickness[points[:, 0] < 60.0] == 0.0)
    assert np.all(thickness[points[:, 0] > 70.0] > 5.0)


def stack(thin_segment: bool = False) -> ContourStack:
    """Return three slices seen from below (z up, so the stored image is seen from the feet: apex at small z)."""
    angle = 2.0 * np.pi * np.arange(720) / 720
    slices = []
    for z, size in ((0.0, 0.8), (10.0, 0.95), (20.0, 1.0)):
        ed, es = size * 20.0, size * 15.0
        epi_es = np.full(720, es + 11.2)
        if thin_segment:  # no thickening to the right of the image, which is lateral
            epi_es[np.cos(angle) > np.cos(np.radians(35.0))] = es + 8.0
        slices.append(
            LvContours(
                geometry=geometry(z),
                endo=(outline(ed), outline(es)),
                epi=(outline(ed + 8.0), outline(epi_es)),
                # Front (rows near 0) and back of the septum, at 120 and 240 degrees of the display.
                anterior_insertion=np.array([64.0 - 24.2, 64.0 - 14.0]),
                inferior_insertion=np.array([64.0 + 24.2, 64.0 - 14.0]),
            )
        )
    return ContourStack(slices=tuple(slices), file="", sha256="")


def test_thickening_per_segment() -> None:
    placed, findings = placed_slices(stack(), 0)
    assert [item.level for item in placed] == ["apical", "mid", "basal"] and findings == ()
    found = wall_thickness(placed, 0, 1)
    assert sorted(found.thickening.values) == list(range(1, 17)) and list(found.thickening.absent) == [17]
    # 100 (11.2 - 8)/8 = 40 %
    np.testing.assert_allclose(list(found.end_diastole.values.values()), 8.0, atol=0.05)
    np.testing.assert_allclose(list(found.thickening.values.values()), 40.0, atol=0.7)


def test_an_akinetic_wall_is_found_in_its_segments() -> None:
    """Seen from the feet with the front up, the right of the image is the patient's left: lateral."""
    placed, _ = placed_slices(stack(thin_segment=True), 0)
    values = wall_thickness(placed, 0, 1).thickening.values
    assert values[16] < 15.0  # the apical lateral segment spans 90 degrees, 70 of them without thickening
    assert max(values[5], values[6], values[11], values[12]) < 30.0
    assert min(values[2], values[3], values[8], values[9], values[14]) > 38.0


def test_without_contours_there_is_a_reason() -> None:
    placed, _ = placed_slices(stack(), 0)
    with pytest.raises(MeasurementError, match="no contour"):
        from dataclasses import replace

        bare = stack()
        placed_slices(replace(bare, slices=tuple(replace(s, endo=(None,), epi=(None,)) for s in bare.slices)), 0)
    with pytest.raises(MeasurementError, match="thickness"):
        wall_thickness([item for item in placed if item.level == "none"], 0, 1)


# ---------------------------------------------------------------- end-diastole


def test_frames_of_the_extremes_and_wrapping() -> None:
    volume = np.array([140.0, 90.0, 60.0, 80.0, 150.0])
    assert (end_diastole(volume), end_systole(volume)) == (4, 2)
    assert from_end_diastole(volume, 4).tolist() == [150.0, 140.0, 90.0, 60.0, 80.0]


def test_phases_are_told_apart_over_shared_slices() -> None:
    """The apical slice is empty at end-systole (phase 7) and must not count: 30 + 20 against 18 + 9."""
    assert phases_told_apart({7: {1: 18.0, 2: 9.0}, 18: {1: 30.0, 2: 20.0, 3: 5.0}}) == (18, 7)
    with pytest.raises(MeasurementError, match="two"):
        phases_told_apart({7: {1: 18.0}})
    with pytest.raises(MeasurementError, match="no slice"):
        phases_told_apart({7: {1: 18.0}, 18: {2: 18.0}})
    with pytest.raises(MeasurementError, match="same area"):
        phases_told_apart({7: {1: 18.0}, 18: {1: 18.0}})
