"""Segments of the left ventricle: names, walls, neighbours, angles, conversions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resynchro.errors import InputError
from resynchro.record.segments import (
    FREE_WALL,
    SegmentModel,
    bullseye_centre,
    bullseye_ring,
    converted,
    display_arc_deg,
    level_of,
    neighbours,
    ring_steps_between,
    segment_at,
    segment_from_name,
    segment_name,
    segments_of,
    segments_of_wall,
    steps_between,
    territory_of,
    wall_of,
)

MODELS: tuple[SegmentModel, ...] = ("aha17", "aha16", "aha18")


@pytest.mark.parametrize("model", MODELS)
def test_names_angles_and_numbers_lead_back_to_each_other(model: SegmentModel) -> None:
    for segment in segments_of(model):
        assert segment_from_name(segment_name(segment, model), model) == segment
        assert segment_from_name(str(segment), model) == segment
        start, end = display_arc_deg(segment, model)
        for angle in (start + 0.01, (start + end) / 2, end - 0.01):
            assert segment_at(level_of(segment, model), angle, model=model) == segment


def test_display_angles_are_those_of_the_statement() -> None:
    # Cerqueira 2002: anterior insertion 120 deg between 1 and 2, inferior 240 deg between 3 and 4.
    expected = {1: (60, 120), 2: (120, 180), 3: (180, 240), 4: (240, 300), 5: (300, 360), 6: (0, 60)}
    for segment, arc in expected.items():
        assert display_arc_deg(segment) == arc
        assert display_arc_deg(segment + 6) == arc
    assert [display_arc_deg(segment) for segment in (13, 14, 15, 16)] == [(45, 135), (135, 225), (225, 315), (315, 405)]


def test_insertion_rule_halves_the_septum_and_quarters_the_free_wall() -> None:
    # Septum 80 deg wide: 2 = 120-160, 3 = 160-200; the free wall has four arcs of 70 deg from 200: 4, 5, 6, 1.
    def at(angle: float) -> int:
        return segment_at("basal", angle, rule="insertion", inferior_insertion_deg=200.0)

    assert [at(angle) for angle in (121, 159, 161, 199, 201, 269, 271, 339, 341, 409, 411, 479)] == [
        2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 1, 1,
    ]  # fmt: skip
    with pytest.raises(InputError, match="degrees apart"):
        segment_at("mid", 0.0, rule="insertion", inferior_insertion_deg=125.0)


def test_walls_and_territories_are_those_of_the_reference() -> None:
    assert segments_of_wall("septal") == (2, 3, 8, 9, 14)
    assert segments_of_wall("anterior") == (1, 7, 13)
    assert segments_of_wall("lateral") == (5, 6, 11, 12, 16)
    assert segments_of_wall("inferior") == (4, 10, 15)
    assert segments_of_wall("septal", "aha18") == (2, 3, 8, 9, 14, 15)
    assert [segment for segment in segments_of("aha17") if territory_of(segment) == "LAD"] == [1, 2, 7, 8, 13, 14, 17]
    assert [segment for segment in segments_of("aha17") if territory_of(segment) == "RCA"] == [3, 4, 9, 10, 15]
    assert [segment for segment in segments_of("aha17") if territory_of(segment) == "LCx"] == [5, 6, 11, 12, 16]
    assert all(wall_of(segment) != "septal" for segment in FREE_WALL)


@pytest.mark.parametrize("model", MODELS)
def test_neighbours_touch_both_ways(model: SegmentModel) -> None:
    touching = neighbours(model)
    for segment, others in touching.items():
        assert segment not in others
        assert all(segment in touching[other] for other in others)


def test_steps_by_hand() -> None:
    assert steps_between(5, 2) == 3  # half around the basal ring
    assert steps_between(12, 5) == 2  # 12-11-5 or 12-6-5
    assert steps_between(16, 17) == 1
    assert steps_between(16, 14) == 2
    assert ring_steps_between(7, 12) == 1
    assert ring_steps_between(13, 16) == 1
    assert ring_steps_between(13, 15) == 2
    assert ring_steps_between(5, 11) is None


@given(st.sampled_from(MODELS), st.data())
def test_steps_are_a_distance(model: SegmentModel, data: st.DataObject) -> None:
    one, other, third = (data.draw(st.sampled_from(segments_of(model))) for _ in range(3))
    assert steps_between(one, other, model) == steps_between(other, one, model)
    assert steps_between(one, third, model) <= steps_between(one, other, model) + steps_between(other, third, model)
    assert (steps_between(one, other, model) == 0) == (one == other)


def test_conversion_18_to_17_to_16_by_hand() -> None:
    values = {segment: float(segment) for segment in range(1, 19)}
    in17 = converted(values, "aha18", "aha17")
    assert in17[11] == 11.0
    # apical anterior 13; septal (14 + 15)/2; inferior 16; lateral (17 + 18)/2; apex (13 + ... + 18)/6
    assert [in17[segment] for segment in (13, 14, 15, 16, 17)] == [13.0, 14.5, 16.0, 17.5, 15.5]
    assert 17 not in converted(in17, "aha17", "aha16")
    del values[14]
    partly = converted(values, "aha18", "aha17")
    assert 14 not in partly and 17 not in partly and 16 in partly


def test_echo_names() -> None:
    assert segment_from_name("Basal Posterior") == 5
    assert segment_from_name("Mid Septal") == 9
    assert segment_from_name("LATERAL, apical") == 18
    assert segment_from_name("Apical Lateral", "aha17") == 16
    assert segment_from_name("Apex", "aha17") == 17
    for wrong in ("", "basal", "basal nowhere", "19", "0", "apex", "-3x"):
        with pytest.raises(InputError):
            segment_from_name(wrong)


@pytest.mark.parametrize("model", MODELS)
def test_bullseye_places_lie_inside_their_ring(model: SegmentModel) -> None:
    for segment in segments_of(model):
        x, y = bullseye_centre(segment, model)
        inner, outer = bullseye_ring(segment, model)
        assert inner <= (x * x + y * y) ** 0.5 + 1e-12 <= outer <= 1.0 + 1e-12
        assert (x < 0) == (wall_of(segment, model) == "septal") or wall_of(segment, model) in (
            "anterior",
            "inferior",
            None,
        )
