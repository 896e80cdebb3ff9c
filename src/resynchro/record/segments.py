"""The segments of the left ventricle: the 17-, 16- and 18-segment models in names, walls, neighbours and angles.

Everything that speaks of a place in the left ventricle speaks in these numbers. Cerqueira MD, et al. Circulation
2002;105:539-542, doi:10.1161/hc0402.102975, unless a comment says otherwise.

Display angles run counter-clockwise from the right (lateral wall) as seen from the apex, septum left, anterior up:
the anterior right-ventricular insertion lies at 120 degrees, the inferior one at 240 degrees.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal

from resynchro.errors import InputError

SegmentModel = Literal["aha17", "aha16", "aha18"]
Level = Literal["basal", "mid", "apical", "apex"]
Wall = Literal["septal", "anterior", "lateral", "inferior"]
#: ``rigid60``: equal steps from the anterior insertion. ``insertion``: the septum is the arc between both insertions,
#: halved, and the free wall is cut in four equal arcs.
AngleRule = Literal["rigid60", "insertion"]

SEGMENT_COUNT: Mapping[SegmentModel, int] = {"aha17": 17, "aha16": 16, "aha18": 18}
ANTERIOR_INSERTION_DEG, INFERIOR_INSERTION_DEG = 120.0, 240.0

_SIX = ("anterior", "anteroseptal", "inferoseptal", "inferior", "inferolateral", "anterolateral")
_FOUR = ("anterior", "septal", "inferior", "lateral")
_TERRITORY = {  # Cerqueira 2002; coronary anatomy varies
    "LAD": (1, 2, 7, 8, 13, 14, 17),
    "RCA": (3, 4, 9, 10, 15),
    "LCx": (5, 6, 11, 12, 16),
}
#: Share of the whole left ventricle that a level stands for in a mean over segments.
LEVEL_WEIGHT: Mapping[Level, float] = {"basal": 6 / 17, "mid": 6 / 17, "apical": 5 / 17}
#: Segments of the free wall that branches of the coronary sinus reach; 15 and 16 lie apical.
FREE_WALL: tuple[int, ...] = (1, 4, 5, 6, 7, 10, 11, 12)
APICAL_FREE_WALL: tuple[int, ...] = (15, 16)
#: Borders between neighbours across levels (rings are added below).
_COLUMNS = ((1, 7), (2, 8), (3, 9), (4, 10), (5, 11), (6, 12), (7, 13), (8, 14), (9, 14), (10, 15), (11, 16), (12, 16))
_RINGS = ((1, 2, 3, 4, 5, 6), (7, 8, 9, 10, 11, 12), (13, 14, 15, 16))
#: How vendors of echo call walls. "Posterior" and plain "lateral" and "septal" follow the naming of one vendor's
#: three apical views as we know it; no document of the vendor was read for it.
_SYNONYM = {
    "posterior": "inferolateral",
    "posterolateral": "inferolateral",
    "lateral": "anterolateral",
    "septal": "inferoseptal",
    "septum": "inferoseptal",
    "anteroseptum": "anteroseptal",
    "inferoseptum": "inferoseptal",
    "antseptal": "anteroseptal",
    "antsept": "anteroseptal",
    "infseptal": "inferoseptal",
    "ant": "anterior",
    "inf": "inferior",
    "lat": "anterolateral",
    "sept": "inferoseptal",
    "post": "inferolateral",
}
_LEVEL_WORD = {
    "basal": "basal",
    "bas": "basal",
    "base": "basal",
    "mid": "mid",
    "midventricular": "mid",
    "medial": "mid",
    "middle": "mid",
    "apical": "apical",
    "api": "apical",
    "ap": "apical",
    "apex": "apex",
}


def segments_of(model: SegmentModel) -> tuple[int, ...]:
    """Return the segment numbers of a model.

    Examples
    --------
    >>> segments_of("aha16")[-1], segments_of("aha18")[-1]
    (16, 18)
    """
    return tuple(range(1, SEGMENT_COUNT[model] + 1))


def checked_segment(segment: int, model: SegmentModel) -> int:
    """Return the segment, or raise InputError when the model has none of that number."""
    if not 1 <= segment <= SEGMENT_COUNT[model]:
        raise InputError(f"segment {segment}: the {SEGMENT_COUNT[model]}-segment model has 1 to {SEGMENT_COUNT[model]}")
    return segment


def level_of(segment: int, model: SegmentModel = "aha17") -> Level:
    """Return the level of a segment: basal, mid, apical, or the apex (segment 17 of 17).

    Examples
    --------
    >>> level_of(11), level_of(17), level_of(17, "aha18")
    ('mid', 'apex', 'apical')
    """
    checked_segment(segment, model)
    if segment <= 6:
        return "basal"
    if segment <= 12:
        return "mid"
    return "apex" if model == "aha17" and segment == 17 else "apical"


def segment_name(segment: int, model: SegmentModel = "aha17") -> str:
    """Return the name of a segment.

    Examples
    --------
    >>> segment_name(5), segment_name(14), segment_name(15, "aha18")
    ('basal inferolateral', 'apical septal', 'apical inferoseptal')
    """
    level = level_of(segment, model)
    if level == "apex":
        return "apex"
    if level == "apical" and model != "aha18":
        return f"apical {_FOUR[segment - 13]}"
    return f"{level} {_SIX[(segment - 1) % 6]}"


def wall_of(segment: int, model: SegmentModel = "aha17") -> Wall | None:
    """Return the wall a segment is counted to in comparisons of walls; the apex belongs to none.

    The lateral wall holds the antero- and inferolateral segments (wall grouping published in Open Heart).

    Examples
    --------
    >>> wall_of(5), wall_of(14), wall_of(17) is None
    ('lateral', 'septal', True)
    """
    name = segment_name(segment, model)
    if name == "apex":
        return None
    for word, wall in (("sept", "septal"), ("lateral", "lateral"), ("anterior", "anterior"), ("inferior", "inferior")):
        if word in name:
            return wall  # type: ignore[return-value]
    raise AssertionError(name)  # every name holds one of the words


def segments_of_wall(wall: Wall, model: SegmentModel = "aha17", levels: Iterable[Level] = ()) -> tuple[int, ...]:
    """Return the segments of a wall, at some levels only when `levels` names them.

    Examples
    --------
    >>> segments_of_wall("lateral"), segments_of_wall("septal", levels=("mid",))
    ((5, 6, 11, 12, 16), (8, 9))
    """
    wanted = tuple(levels)
    return tuple(
        segment
        for segment in segments_of(model)
        if wall_of(segment, model) == wall and (not wanted or level_of(segment, model) in wanted)
    )


def territory_of(segment: int) -> str:
    """Return the coronary artery that usually supplies a segment of the 17-segment model: LAD, RCA or LCx."""
    checked_segment(segment, "aha17")
    return next(artery for artery, segments in _TERRITORY.items() if segment in segments)


@lru_cache(maxsize=8)
def neighbours(model: SegmentModel = "aha17") -> Mapping[int, frozenset[int]]:
    """Return which segments touch: along the ring, along the column, and the apex with its ring.

    Parameters
    ----------
    model
        In the 18-segment model every level has six and column follows column.

    Returns
    -------
    Mapping
        Segment to the set of its neighbours; symmetric.
    """
    rings = (*_RINGS[:2], tuple(range(13, 19))) if model == "aha18" else _RINGS
    pairs: list[tuple[int, int]] = [pair for ring in rings for pair in zip(ring, ring[1:] + ring[:1], strict=True)]
    if model == "aha18":
        pairs += [(segment, segment + 6) for segment in range(1, 13)]
    else:
        pairs += _COLUMNS
    if model == "aha17":
        pairs += [(17, segment) for segment in _RINGS[2]]
    touching: dict[int, set[int]] = {segment: set() for segment in segments_of(model)}
    for one, other in pairs:
        touching[one].add(other)
        touching[other].add(one)
    return {segment: frozenset(others) for segment, others in touching.items()}


def steps_between(one: int, other: int, model: SegmentModel = "aha17") -> int:
    """Count the borders crossed on the shortest way from one segment to another.

    Examples
    --------
    >>> steps_between(11, 11), steps_between(11, 5), steps_between(11, 8)
    (0, 1, 3)
    """
    checked_segment(one, model)
    checked_segment(other, model)
    touching = neighbours(model)
    distance = {one: 0}
    queue = deque([one])
    while queue:
        segment = queue.popleft()
        if segment == other:
            return distance[segment]
        for following in touching[segment]:
            if following not in distance:
                distance[following] = distance[segment] + 1
                queue.append(following)
    raise AssertionError("the graph of segments is connected")


def ring_steps_between(one: int, other: int, model: SegmentModel = "aha17") -> int | None:
    """Count the borders crossed along the ring of one level; None between levels, the apex included."""
    level = level_of(one, model)
    if level_of(other, model) != level:
        return None
    count = _segments_at(level, model)
    apart = abs(one - other)
    return min(apart, count - apart)


def _segments_at(level: Level, model: SegmentModel) -> int:
    if level == "apex":
        return 1
    return 4 if level == "apical" and model != "aha18" else 6


def display_arc_deg(segment: int, model: SegmentModel = "aha17") -> tuple[float, float]:
    """Return where a segment begins and ends in the bullseye, counter-clockwise [deg].

    Returns
    -------
    tuple
        Start in [0, 360) and end, larger than the start; the apex is (0, 360).

    Examples
    --------
    >>> display_arc_deg(2), display_arc_deg(6), display_arc_deg(16)
    ((120.0, 180.0), (0.0, 60.0), (315.0, 405.0))
    """
    level = level_of(segment, model)
    if level == "apex":
        return 0.0, 360.0
    count = _segments_at(level, model)
    first = {6: 1, 12: 7}.get(segment - (segment - 1) % 6 + 5, 13)
    start = (60.0 if count == 6 else 45.0) + (segment - first) * 360.0 / count
    return start % 360.0, start % 360.0 + 360.0 / count


#: Radii between apex, apical, mid and basal ring in a bullseye of radius 1. Without an apex the apical ring reaches
#: the middle and is wider, so that its letters have room.
_RADII: Mapping[bool, Mapping[Level, tuple[float, float]]] = {
    True: {"apex": (0.0, 0.25), "apical": (0.25, 0.5), "mid": (0.5, 0.75), "basal": (0.75, 1.0)},
    False: {"apical": (0.0, 0.42), "mid": (0.42, 0.72), "basal": (0.72, 1.0)},
}


def bullseye_ring(segment: int, model: SegmentModel = "aha17") -> tuple[float, float]:
    """Return the inner and outer radius of a segment in a bullseye of radius 1."""
    return _RADII[model == "aha17"][level_of(segment, model)]


def bullseye_centre(segment: int, model: SegmentModel = "aha17") -> tuple[float, float]:
    """Return the middle of a segment as (x, y) in a bullseye of radius 1; x grows to the lateral wall, y anterior."""
    if level_of(segment, model) == "apex":
        return 0.0, 0.0
    inner, outer = bullseye_ring(segment, model)
    start, end = display_arc_deg(segment, model)
    angle = math.radians((start + end) / 2.0)
    radius = (inner + outer) / 2.0 if inner > 0.0 else 0.64 * outer  # a sector has more room far from its tip
    return radius * math.cos(angle), radius * math.sin(angle)


def segment_at(
    level: Level,
    display_angle_deg: float,
    *,
    model: SegmentModel = "aha17",
    rule: AngleRule = "rigid60",
    inferior_insertion_deg: float = INFERIOR_INSERTION_DEG,
) -> int:
    """Return the segment at a level and an angle.

    Parameters
    ----------
    level
        The apex has one segment in the 17-segment model and none in the others.
    display_angle_deg
        Counter-clockwise from the lateral wall, scaled so that the anterior insertion lies at 120 [deg].
    rule
        ``rigid60`` ignores the inferior insertion; ``insertion`` halves the septum between the insertions and
        cuts the free wall in four equal arcs (at the apical level of four segments both are ``rigid60``).
    inferior_insertion_deg
        Where the inferior insertion was found; 240 by definition of the model [deg].

    Raises
    ------
    InputError
        For the apex in a model without one, or insertions less than 20 or more than 300 degrees apart.
    """
    if level == "apex":
        if model != "aha17":
            raise InputError("the apex is segment 17 of the 17-segment model only; use that model or leave it out")
        return 17
    angle = (display_angle_deg - ANTERIOR_INSERTION_DEG) % 360.0
    if level == "apical" and model != "aha18":
        return 13 + int(((display_angle_deg - 45.0) % 360.0) // 90.0)
    if rule == "insertion":
        septum = (inferior_insertion_deg - ANTERIOR_INSERTION_DEG) % 360.0
        if not 20.0 <= septum <= 300.0:
            raise InputError(
                f"the insertions are {septum:.0f} degrees apart, allowed are 20 to 300: check which is the anterior one"
            )
        free = (360.0 - septum) / 4.0
        sector = int(angle // (septum / 2.0)) if angle < septum else 2 + min(3, int((angle - septum) // free))
    else:
        sector = int(angle // 60.0)
    first = {"basal": 1, "mid": 7, "apical": 13}[level]
    return first + (sector + 1) % 6


def converted(values: Mapping[int, float], model: SegmentModel, to: SegmentModel) -> dict[int, float]:
    """Convert values per segment from one model to another; segments without all their sources are left out.

    Parameters
    ----------
    values
        Value by segment of `model`.
    to
        18 to 17: apical septal = mean of apical antero- and inferoseptal, apical lateral = mean of the two apical
        lateral segments, apex = mean of the six apical ones (needs all six). 17 to 16 drops the apex. To more
        segments than there are, the one value stands for both halves; the apex of a 16-segment map stays absent.

    Returns
    -------
    dict
        Value by segment of `to`. Only for quantities that may be averaged (strain, transmurality), not for counts.
    """
    if model == to:
        return dict(values)
    found = {segment: values[segment] for segment in range(1, 13) if segment in values}
    sources: dict[int, tuple[int, ...]]
    if model == "aha18":
        sources = {13: (13,), 14: (14, 15), 15: (16,), 16: (17, 18)}
        if to == "aha17":
            sources[17] = tuple(range(13, 19))
    elif to == "aha18":
        sources = {13: (13,), 14: (14,), 15: (14,), 16: (15,), 17: (16,), 18: (16,)}
    else:
        sources = {segment: (segment,) for segment in range(13, 17)}
    for segment, parts in sources.items():
        if all(part in values for part in parts):
            found[segment] = math.fsum(values[part] for part in parts) / len(parts)
    return found


def segment_from_name(text: str, model: SegmentModel = "aha18") -> int:
    """Return the segment that a name or number means.

    Parameters
    ----------
    text
        ``"Basal Posterior"``, ``"mid anteroseptal"``, ``"11"``, ``"Apex"``; letters of any case, level and wall in any
        order. Echo names are understood: posterior is inferolateral; lateral and septal alone are antero-
        lateral and inferoseptal at levels of six (naming by apical view, from memory of the vendor's convention).

    Raises
    ------
    InputError
        When it names no segment of the model.
    """
    words = re.findall(r"[a-z]+|\d+", text.lower())
    if len(words) == 1 and words[0].isdigit():
        return checked_segment(int(words[0]), model)
    joined = "".join(words)
    for level_word in sorted(_LEVEL_WORD, key=len, reverse=True):
        if joined.startswith(level_word) or joined.endswith(level_word):
            level = _LEVEL_WORD[level_word]
            wall = joined[len(level_word) :] if joined.startswith(level_word) else joined[: -len(level_word)]
            found = _segment_of_words(level, wall, model)
            if found is not None:
                return found
    raise InputError(
        f"{text!r} names no segment of the {SEGMENT_COUNT[model]}-segment model; "
        f"allowed are numbers 1 to {SEGMENT_COUNT[model]} or names like {segment_name(11, model)!r}"
    )


def _segment_of_words(level: str, wall: str, model: SegmentModel) -> int | None:
    if level == "apex" or (level == "apical" and wall in ("", "cap")):
        return 17 if model == "aha17" and wall in ("", "cap") else None
    wall = wall.removesuffix("wall")
    if level == "apical" and model != "aha18":
        four = {"septum": "septal", "lat": "lateral", "sept": "septal", "ant": "anterior", "inf": "inferior"}.get(
            wall, wall
        )
        return 13 + _FOUR.index(four) if four in _FOUR else None
    six = _SYNONYM.get(wall, wall)
    if six not in _SIX:
        return None
    return {"basal": 1, "mid": 7, "apical": 13}[level] + _SIX.index(six)
