"""Places for the labels of marked points, so that no two overlap."""

from __future__ import annotations

import math
from collections.abc import Sequence

#: Directions and distances that are tried, in the unit of the picture.
_DIRECTIONS = 24
_DISTANCES_MM = (3.2, 5.0, 7.5, 10.5, 14.0, 18.0, 23.0, 29.0)

#: Left, bottom, right, top.
Box = tuple[float, float, float, float]


def placed_labels(
    anchors: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    *,
    bounds: Box,
    taken: Sequence[Box] = (),
    away_from: tuple[float, float],
) -> list[tuple[float, float]]:
    """Return the middle of each label.

    Parameters
    ----------
    anchors
        What is labelled, (x, y) [mm].
    sizes
        Width and height of each label [mm].
    bounds
        Labels stay within.
    taken
        Boxes that labels keep free of, such as other letters.
    away_from
        Labels prefer the far side of their anchor as seen from here.

    Returns
    -------
    list of tuple
        In the order given. The nearest free place counts, outwards before inwards; a label without any free place gets
        the one that is covered least.
    """
    boxes = [*taken, *((x - 1.0, y - 1.0, x + 1.0, y + 1.0) for x, y in anchors)]
    places: list[tuple[float, float]] = []
    for (x, y), size in zip(anchors, sizes, strict=True):
        outwards = math.atan2(y - away_from[1], x - away_from[0])
        best, least = (x, y), math.inf
        for distance in _DISTANCES_MM:
            for turn in range(_DIRECTIONS):
                # 0, +1, -1, +2, -2 ... steps from the outward direction
                step = (turn + 1) // 2 * (1 if turn % 2 else -1)
                angle = outwards + step * 2.0 * math.pi / _DIRECTIONS
                middle = (
                    x + math.cos(angle) * (distance + 0.5 * size[0]),
                    y + math.sin(angle) * (distance + 0.5 * size[1]),
                )
                box = _around(middle, size)
                covered = sum(_overlap(box, other) for other in boxes) + 4.0 * _outside(box, bounds)
                # A longer leader or one across the heart is a lesser evil than any overlap.
                cost = covered * 1e3 + distance + 0.8 * abs(step)
                if cost < least:
                    best, least = middle, cost
        places.append(best)
        boxes.append(_around(best, (size[0] + 0.8, size[1] + 0.6)))
    return places


def _around(middle: tuple[float, float], size: tuple[float, float]) -> Box:
    return (
        middle[0] - 0.5 * size[0],
        middle[1] - 0.5 * size[1],
        middle[0] + 0.5 * size[0],
        middle[1] + 0.5 * size[1],
    )


def _overlap(one: Box, other: Box) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0.0) * max(height, 0.0)


def _outside(box: Box, bounds: Box) -> float:
    return (
        max(bounds[0] - box[0], 0.0)
        + max(bounds[1] - box[1], 0.0)
        + max(box[2] - bounds[2], 0.0)
        + max(box[3] - bounds[3], 0.0)
    )
