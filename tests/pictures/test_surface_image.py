"""Which triangle shows where, and lines of equal time over triangles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.pictures.activation_colours import activation_pixels, activation_scale, after_first, banded
from resynchro.pictures.isochrones import isochrones
from resynchro.pictures.surface_image import hatched_pixels, shade, surface_image

SQUARE = np.array([[0.0, 0.0, 0.0], [10.0, 0.0, 0.0], [10.0, 10.0, 0.0], [0.0, 10.0, 0.0]])
HALVES = np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32)


def test_two_triangles_cover_a_square_without_a_gap_and_interpolate() -> None:
    image = surface_image(SQUARE, HALVES, pixel=0.5)
    shown = image.triangle >= 0
    assert shown.sum() == 400  # 20 by 20 pixels
    x = image.at_nodes(HALVES, SQUARE[:, 0])[:20, :20]
    assert x == pytest.approx(np.broadcast_to(0.25 + 0.5 * np.arange(20), (20, 20)))


def test_the_nearer_triangle_hides_the_farther_one_in_any_order() -> None:
    places = np.concatenate([SQUARE[:3], SQUARE[:3] + np.array([0.0, 0.0, 2.0])])
    for near, triangles in ((1, [[0, 1, 2], [3, 4, 5]]), (0, [[3, 4, 5], [0, 1, 2]])):
        image = surface_image(places, np.array(triangles, dtype=np.int32), pixel=0.5)
        assert set(np.unique(image.triangle)) == {-1, near}
    behind, before = np.array([[8.0, 2.0, 0.5]]), np.array([[8.0, 2.0, 1.9]])
    assert not image.shows(behind, tolerance=1.0)[0] and image.shows(before, tolerance=1.0)[0]
    assert image.shows(np.array([[2.0, 8.0, -50.0]]), tolerance=0.0)[0]  # nothing lies there


@given(st.lists(st.tuples(st.floats(-9.0, 9.0), st.floats(-9.0, 9.0)), min_size=3, max_size=3))
@settings(deadline=None, max_examples=60)
def test_the_area_of_any_triangle_is_that_of_its_pixels(corners: list[tuple[float, float]]) -> None:
    places = np.column_stack([np.array(corners), np.zeros(3)])
    one, two = places[1] - places[0], places[2] - places[0]
    area = 0.5 * abs(one[0] * two[1] - one[1] * two[0])
    around = sum(np.linalg.norm(places[i] - places[i - 1]) for i in range(3))
    image = surface_image(places, np.array([[0, 1, 2]], dtype=np.int32), pixel=0.1)
    pixels = 0.01 * (image.triangle >= 0).sum()
    assert abs(pixels - area) <= 0.1 * around + 0.1  # at most about a pixel along the edge
    assert np.all(image.weights[image.triangle >= 0] > -1e-6)


def test_isochrones_of_a_plane_front_are_straight() -> None:
    times = 3.0 * SQUARE[:, 0]  # 0 to 30 ms over 10 mm: lines at 10/3 and 20/3 mm, each 10 mm long
    found = isochrones(SQUARE[:, :2], HALVES, times)
    assert sorted(set(found.level_ms.tolist())) == [10.0, 20.0]  # corners at 0 and 30 ms carry no line
    for level in (10.0, 20.0):
        mine = found.level_ms == level
        assert found.start[mine][:, 0] == pytest.approx(level / 3.0)
        assert found.end[mine][:, 0] == pytest.approx(level / 3.0)
        assert np.linalg.norm(found.end[mine] - found.start[mine], axis=1).sum() == pytest.approx(10.0)


@given(st.lists(st.floats(0.0, 200.0), min_size=3, max_size=3), st.floats(1.0, 50.0))
@settings(deadline=None, max_examples=60)
def test_the_ends_of_a_piece_have_the_time_of_its_line(times: list[float], step_ms: float) -> None:
    points, at = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.array(times)
    found = isochrones(points, np.array([[0, 1, 2]], dtype=np.int32), at, step_ms=step_ms)
    assert np.all((found.level_ms > at.min()) & (found.level_ms < at.max()))
    for ends in (found.start, found.end):
        value = at[0] + (at[1] - at[0]) * ends[:, 0] + (at[2] - at[0]) * ends[:, 1]
        assert value == pytest.approx(found.level_ms, abs=1e-6)


def test_triangles_that_are_not_reached_carry_no_line_and_are_grey() -> None:
    times = np.array([0.0, 30.0, np.inf, 30.0])
    assert len(isochrones(SQUARE[:, :2], HALVES, times).level_ms) == 0
    times = np.array([0.0, np.inf, 40.0, 40.0])
    image = surface_image(SQUARE, HALVES, pixel=0.1)
    pixels = activation_pixels(image, HALVES, np.zeros(2, dtype=np.int8), times, activation_scale(times))
    grey = pixels[10, 80]  # in the half that the infinite node belongs to
    assert grey[0] == grey[1] == grey[2] and grey[0] < 255
    assert len(set(pixels[80, 10].tolist())) > 1  # the other half has a colour


def test_colours_go_from_red_to_blue_in_bands_of_a_fixed_scale() -> None:
    scale = activation_scale(np.array([0.0, 87.0, np.inf]))
    assert (scale.low, scale.high) == (0.0, 120.0)  # steps of 60 ms, at least 120
    assert activation_scale(np.array([0.0, 158.0])).high == 180.0
    early, late = banded(np.array([2.0, 118.0]), scale)
    assert early[0] > 0.6 > early[2] and late[2] > 0.5 > late[0]
    inside, same, other = banded(np.array([41.0, 49.0, 51.0]), scale)
    assert inside.tolist() == same.tolist() != other.tolist()


def test_zero_is_the_first_activation_unless_told() -> None:
    times = np.array([30.0, 45.0, np.inf])
    assert after_first(times).tolist() == [0.0, 15.0, np.inf]
    assert after_first(times, 20.0).tolist() == [10.0, 25.0, np.inf]
    assert not np.isfinite(after_first(np.array([np.inf]))).any()


def test_light_comes_from_the_viewers_upper_left() -> None:
    left_up, right_down, away = shade(np.array([[-0.4, 0.4, 0.8], [0.7, -0.7, 0.1], [0.0, 0.0, -1.0]]))
    assert left_up > right_down >= away > 0.5


def test_hatching_covers_its_share() -> None:
    image = surface_image(SQUARE, HALVES, pixel=0.05)
    assert hatched_pixels(image, spacing=2.0, width=0.5).mean() == pytest.approx(0.25, abs=0.03)
