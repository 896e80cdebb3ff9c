"""Segments in short-axis slices: the same whatever way the image is stored."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from resynchro.errors import MeasurementError
from resynchro.imaging.segment_geometry import (
    apex_direction,
    circumference_share,
    insertions_from_labels,
    mask_centre,
    segments_of_pixels,
    short_axis_frames,
    slice_levels,
    wall_mask,
)
from resynchro.record.segments import segment_at
from resynchro.record.slices import LABEL_CONVENTIONS, FloatArray, SliceGeometry

ACDC = LABEL_CONVENTIONS["acdc"]
PIXEL_MM, SLICE_MM, SIZE, SLICES = 2.0, 8.0, 64, 8
APEX = np.array([0.62, -0.51, -0.6]) / math.sqrt(0.62**2 + 0.51**2 + 0.6**2)
_SIDE = np.array([0.6, 0.6, 0.2]) - APEX * float(np.array([0.6, 0.6, 0.2]) @ APEX)
LATERAL = _SIDE / np.linalg.norm(_SIDE)
#: Seen from the apex, lateral right and anterior up: lateral x anterior points to the viewer, that is to the apex.
ANTERIOR = np.cross(APEX, LATERAL)


def heart() -> np.ndarray:
    """Labels [lateral, anterior, base to apex]: a cone of a left ventricle with a right one on the septal side."""
    across = np.arange(SIZE) * PIXEL_MM - 63.0
    x, y = np.meshgrid(across, across, indexing="ij")
    labels = np.zeros((SIZE, SIZE, SLICES), dtype=np.uint8)
    for k in range(SLICES):
        endo = 28.0 - 2.0 * k
        radius = np.hypot(x, y)
        right = (np.hypot((x + 45.0) / 25.0, (y - 4.0) / (0.9 * endo)) < 1.0) & (radius >= endo + 9.0)
        labels[..., k] = np.where(radius < endo, 3, np.where(radius < endo + 9.0, 2, np.where(right, 1, 0)))
    labels[..., -1][labels[..., -1] == 1] = 0  # the last slice has no right ventricle
    return labels


def numbered(labels: np.ndarray, affine: FloatArray, slice_axis: int, rule: str = "rigid60") -> np.ndarray:
    """Number the wall of a volume whose slices are cut along one of its axes."""
    others = [axis for axis in range(3) if axis != slice_axis]
    slices = np.moveaxis(labels, slice_axis, 0)
    geometries = [
        SliceGeometry(
            origin_mm=affine[:3, 3] + affine[:3, slice_axis] * k,
            row_direction=affine[:3, others[0]] / PIXEL_MM,
            column_direction=affine[:3, others[1]] / PIXEL_MM,
            row_spacing_mm=PIXEL_MM,
            column_spacing_mm=PIXEL_MM,
        )
        for k in range(SLICES)
    ]
    apex = apex_direction(geometries, [float((item == 3).sum()) for item in slices])
    np.testing.assert_allclose(apex, APEX, atol=1e-12)
    insertions = [insertions_from_labels(item, ACDC, g, apex) for item, g in zip(slices, geometries, strict=True)]
    frames = short_axis_frames(geometries, [mask_centre(item == 3) for item in slices], insertions, apex)
    ringed = [circumference_share(item, ACDC, g) > 0.5 for item, g in zip(slices, geometries, strict=True)]
    levels = slice_levels(geometries, ringed, ringed, apex)
    found = [
        segments_of_pixels(wall_mask(item, ACDC), frame, level, rule=rule)
        for item, frame, level in zip(slices, frames, levels, strict=True)
        if level is not None
    ]
    return np.moveaxis(np.stack(found), 0, slice_axis)


@pytest.mark.parametrize("rule", ["rigid60", "insertion"])
def test_segments_are_the_same_under_all_48_ways_of_storing_a_volume(rule: str) -> None:
    labels = heart()
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = LATERAL * PIXEL_MM, ANTERIOR * PIXEL_MM, APEX * SLICE_MM
    expected = numbered(labels, affine, 2, rule)
    assert set(np.unique(expected)) == set(range(17))
    for order in itertools.permutations(range(3)):
        for flips in itertools.product((False, True), repeat=3):
            stored, matrix = labels.transpose(order), affine[:, [*order, 3]].copy()
            for axis, flipped in enumerate(flips):
                if flipped:
                    matrix[:3, 3] += matrix[:3, axis] * (stored.shape[axis] - 1)
                    matrix[:3, axis] *= -1.0
                    stored = np.flip(stored, axis)
            found = numbered(stored, matrix, order.index(2), rule)
            for axis, flipped in enumerate(flips):
                if flipped:
                    found = np.flip(found, axis)
            np.testing.assert_array_equal(found.transpose(np.argsort(order)), expected)


def test_segments_lie_where_anatomy_has_them() -> None:
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = LATERAL * PIXEL_MM, ANTERIOR * PIXEL_MM, APEX * SLICE_MM
    found = numbered(heart(), affine, 2)
    middle = SIZE // 2
    rim = int(32.0 / PIXEL_MM)  # inside the wall of the basal slice: endo 28, epi 37 mm
    assert found[middle + rim, middle, 0] in (5, 6)  # lateral
    assert found[middle - rim, middle, 0] in (2, 3)  # septal
    assert found[middle, middle + rim, 0] == 1  # anterior
    assert found[middle, middle - rim, 0] == 4  # inferior
    assert found[middle + 12, middle, 4] in (11, 12)  # mid level: endo 20, epi 29 mm
    assert found[middle + 10, middle, 6] == 16  # apical level: endo 16, epi 25 mm


def plane(number: int) -> SliceGeometry:
    return SliceGeometry(
        origin_mm=np.array([0.0, 0.0, -10.0 * number]),
        column_direction=np.array([1.0, 0.0, 0.0]),
        row_direction=np.array([0.0, 1.0, 0.0]),
        row_spacing_mm=1.0,
        column_spacing_mm=2.0,
    )


def test_angles_count_from_the_anterior_insertion_in_millimetres() -> None:
    # Rows to the back, columns to the left, normal to the head; apex to the feet: the slice is seen from the feet, so
    # counter-clockwise on the screen is counter-clockwise from the apex. The anterior insertion at 10 mm left and 10 mm
    # up on the screen lies at 135 deg there and at 120 by definition: every display angle is the screen's minus 15.
    centre = np.array([50.0, 50.0])
    (frame,) = short_axis_frames([plane(0)], [centre], [(np.array([40.0, 45.0]), None)], np.array([0.0, 0.0, -1.0]))
    assert frame.sense == 1
    np.testing.assert_allclose(frame.display_angles_deg([50.0, 40.0], [60.0, 50.0]), [345.0, 75.0])
    row, column = frame.point_at(345.0, 20.0)
    np.testing.assert_allclose([row, column], [50.0, 60.0], atol=1e-12)
    (mirrored,) = short_axis_frames([plane(0)], [centre], [(np.array([40.0, 45.0]), None)], np.array([0.0, 0.0, 1.0]))
    np.testing.assert_allclose(mirrored.display_angles_deg([50.0, 40.0], [60.0, 50.0]), [255.0, 165.0])


def test_a_slice_without_right_ventricle_borrows_from_the_nearest() -> None:
    centre, pair = np.array([50.0, 50.0]), (np.array([40.0, 45.0]), np.array([60.0, 45.0]))
    frames = short_axis_frames([plane(k) for k in range(3)], [centre] * 3, [pair, None, None], np.array([0, 0, -1.0]))
    assert [frame.borrowed for frame in frames] == [False, True, True]
    assert "slice 1" in frames[2].origin
    assert frames[2].inferior_insertion_deg == pytest.approx(210.0)  # 135 to 225 deg on the screen: 90 apart
    with pytest.raises(MeasurementError, match="right ventricle"):
        short_axis_frames([plane(0)], [centre], [None], np.array([0, 0, -1.0]))


def test_levels_are_thirds_of_the_slices_with_a_full_ring() -> None:
    down = np.array([0.0, 0.0, -1.0])
    ringed = [False, True, True, True, True, True, True, False, False]
    walled = [True] * 8 + [False]
    assert slice_levels([plane(k) for k in range(9)], ringed, walled, down) == (
        None, "basal", "basal", "mid", "mid", "apical", "apical", "apex", None,
    )  # fmt: skip
    assert slice_levels([plane(k) for k in range(3)], [True] * 3, [True] * 3, -down) == ("apical", "mid", "basal")
    assert slice_levels([plane(0)], [False], [True], down) == (None,)


def test_one_slice_takes_the_usual_side_of_the_apex() -> None:
    assert apex_direction([plane(0)], [100.0])[2] == -1.0


def test_the_apex_has_no_segment_in_the_16_segment_model() -> None:
    frame = short_axis_frames([plane(0)], [np.zeros(2)], [(np.array([-9.0, -5.0]), None)], np.array([0, 0, -1.0]))[0]
    assert not segments_of_pixels(np.ones((4, 4), dtype=bool), frame, "apex", model="aha16").any()
    assert (segments_of_pixels(np.ones((4, 4), dtype=bool), frame, "apex") == 17).all()
    assert segment_at("apex", 10.0) == 17
