"""Labels do not overlap, stay inside, and lie on the outer side of what they name."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.pictures.label_placement import placed_labels

_BOUNDS = (-45.0, -35.0, 45.0, 35.0)
_PLACES = st.lists(st.tuples(st.floats(-25.0, 25.0), st.floats(-20.0, 20.0)), min_size=1, max_size=7)


def _boxes(middles: list[tuple[float, float]], size: tuple[float, float]) -> list[tuple[float, float, float, float]]:
    return [(x - size[0] / 2, y - size[1] / 2, x + size[0] / 2, y + size[1] / 2) for x, y in middles]


@given(_PLACES)
@settings(deadline=None, max_examples=40)
def test_up_to_seven_names_never_overlap_or_leave(anchors: list[tuple[float, float]]) -> None:
    boxes = _boxes(
        placed_labels(anchors, [(16.0, 2.8)] * len(anchors), bounds=_BOUNDS, away_from=(0.0, 0.0)), (16.0, 2.8)
    )
    for index, one in enumerate(boxes):
        assert one[0] >= -45.0 and one[1] >= -35.0 and one[2] <= 45.0 and one[3] <= 35.0
        for other in boxes[:index]:
            assert min(one[2], other[2]) <= max(one[0], other[0]) or min(one[3], other[3]) <= max(one[1], other[1])


def test_a_lone_label_lies_outwards_beside_its_place() -> None:
    (x, y), *_ = placed_labels([(20.0, 0.0)], [(10.0, 3.0)], bounds=_BOUNDS, away_from=(0.0, 0.0))
    assert (x, y) == (20.0 + 3.2 + 5.0, 0.0)  # nearest distance and half the width


def test_taken_room_is_left_free() -> None:
    (x, y), *_ = placed_labels(
        [(20.0, 0.0)], [(10.0, 3.0)], bounds=_BOUNDS, taken=[(22.0, -3.0, 45.0, 3.0)], away_from=(0.0, 0.0)
    )
    assert x + 5.0 <= 22.0 or abs(y) >= 4.5
