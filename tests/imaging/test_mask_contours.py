"""Outlines of masks and what is read off polygons."""

from __future__ import annotations

import numpy as np
import pytest

from resynchro.imaging.mask_contours import (
    contours_from_labels,
    mask_from_polygon,
    outline,
    polygon_area_mm2,
    polygon_centre,
    radii_mm,
)
from resynchro.record.slices import LABEL_CONVENTIONS, LabelSlice, LabelStack, SliceGeometry

GEOMETRY = SliceGeometry(
    origin_mm=np.zeros(3),
    column_direction=np.array([1.0, 0.0, 0.0]),
    row_direction=np.array([0.0, 1.0, 0.0]),
    row_spacing_mm=1.5,
    column_spacing_mm=2.0,
)
SQUARE = np.array([[10.0, 20.0], [10.0, 30.0], [16.0, 30.0], [16.0, 20.0]])


def test_square_by_hand() -> None:
    # 6 rows x 1.5 mm by 10 columns x 2 mm = 9 x 20 = 180 mm²; centre (13, 25)
    assert polygon_area_mm2(SQUARE, GEOMETRY) == pytest.approx(180.0)
    np.testing.assert_allclose(polygon_centre(SQUARE), [13.0, 25.0])
    # right 5 columns = 10 mm, up 3 rows = 4.5 mm, and the corner direction reaches the corner
    corner = np.arctan2(4.5, 10.0)
    found = radii_mm(SQUARE, np.array([13.0, 25.0]), np.array([0.0, np.pi / 2, np.pi, corner]), GEOMETRY)
    np.testing.assert_allclose(found, [10.0, 4.5, 10.0, np.hypot(4.5, 10.0)])
    assert radii_mm(SQUARE, np.array([0.0, 0.0]), np.array([np.pi / 2]), GEOMETRY)[0] == 0.0


def test_mask_to_outline_and_back_is_the_same_mask() -> None:
    rows, columns = np.mgrid[:60, :60]
    mask = np.hypot(rows - 30.2, 1.3 * (columns - 28.7)) < 17.0
    polygon = outline(mask)
    assert polygon is not None
    np.testing.assert_array_equal(mask_from_polygon(polygon, mask.shape), mask)
    assert outline(np.zeros((4, 4), dtype=bool)) is None


def test_outline_of_a_mask_at_the_border_stays_whole() -> None:
    mask = np.zeros((8, 8), dtype=bool)
    mask[:3, :3] = True
    polygon = outline(mask)
    assert polygon is not None
    np.testing.assert_array_equal(mask_from_polygon(polygon, mask.shape), mask)


def test_contours_of_a_label_slice() -> None:
    rows, columns = np.mgrid[:80, :80]
    radius = np.hypot((rows - 40) * 1.5, (columns - 40) * 2.0)
    labels = np.where(radius < 25, 3, np.where(radius < 34, 2, 0)).astype(np.uint8)
    labels[(radius >= 34) & (columns < 30) & (np.abs(rows - 40) < 12)] = 1
    item = LabelSlice(geometry=GEOMETRY, labels=labels[None])
    contours = contours_from_labels(
        LabelStack(slices=(item,), convention=LABEL_CONVENTIONS["acdc"], file="x", sha256="0")
    ).slices[0]
    assert contours.endo[0] is not None and contours.epi[0] is not None
    assert polygon_area_mm2(contours.endo[0], GEOMETRY) == pytest.approx(np.pi * 25**2, rel=0.02)
    assert polygon_area_mm2(contours.epi[0], GEOMETRY) == pytest.approx(np.pi * 34**2, rel=0.02)
    anterior, inferior = contours.anterior_insertion, contours.inferior_insertion
    assert anterior is not None and inferior is not None
    assert anterior[0] < 40 < inferior[0] and max(anterior[1], inferior[1]) < 30  # both on the right ventricle's side
