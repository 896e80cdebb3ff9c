"""Nodes, elements and entities of gmsh files, versions 2.2 and 4.1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.gmsh_numbers import GmshNumbers, whole_numbers
from resynchro.formats.mesh_content import MOST_CELLS, MOST_NODES, CellArray, checked_count
from resynchro.record.mesh_file import FloatArray

#: gmsh's number of a kind of element: VTK's number of it, and its nodes. Others are refused by their gmsh number.
_KINDS: Final[Mapping[int, tuple[int, int]]] = {
    1: (3, 2),
    2: (5, 3),
    3: (9, 4),
    4: (10, 4),
    5: (12, 8),
    6: (13, 6),
    7: (14, 5),
    8: (21, 3),
    9: (22, 6),
    11: (24, 10),
    15: (1, 1),
    16: (23, 8),
    17: (25, 20),
    18: (26, 15),
    19: (27, 13),
    12: (29, 27),
}
_MOST_BLOCKS: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GmshNodes:
    """Nodes, shape (n, 3), and gmsh's number of each."""

    points: FloatArray
    tags: CellArray


@dataclass(frozen=True, slots=True, kw_only=True)
class GmshCells:
    """Elements of all kinds one after the other, as VTK writes them, with gmsh's own numbers of nodes.

    Attributes
    ----------
    connectivity, ends, kinds
        Nodes by gmsh's numbers, where each element ends, VTK's number of its kind.
    tags, groups, entities
        gmsh's number, physical group (0: none) and geometric entity of each element.
    """

    connectivity: CellArray
    ends: CellArray
    kinds: CellArray
    tags: CellArray
    groups: CellArray
    entities: CellArray


def read_nodes_22(section: GmshNumbers) -> GmshNodes:
    """Read the nodes of version 2: number, x, y, z."""
    count = _count_line(section, MOST_NODES, "nodes")
    if section.text:
        table = section.floats(4 * count, "nodes").reshape(count, 4)
        return GmshNodes(points=table[:, 1:], tags=whole_numbers(table[:, 0], "numbers of nodes"))
    row = np.dtype([("tag", section.order + "i4"), ("at", section.order + "f8", (3,))])
    rows = section.rows(count, row, "nodes")
    return GmshNodes(points=rows["at"].astype(np.float64), tags=rows["tag"].astype(np.int64))


def read_nodes_41(section: GmshNumbers) -> GmshNodes:
    """Read the nodes of version 4.1, which stand in blocks, one per geometric entity."""
    blocks, count = (int(value) for value in section.sizes(4, "heading of the nodes")[:2])
    checked_count(blocks, _MOST_BLOCKS, "blocks of nodes")
    checked_count(count, MOST_NODES, "nodes")
    points, tags, seen = [np.zeros((0, 3))], [np.zeros(0, dtype=np.int64)], 0
    for _ in range(blocks):
        dimension, _, parametric = (int(value) for value in section.integers(3, "heading of a block of nodes"))
        here = int(section.sizes(1, "heading of a block of nodes")[0])
        seen += here
        if seen > count or not 0 <= dimension <= 3 or parametric not in (0, 1) or here < 0:
            raise InputError("has blocks of nodes that contradict their heading; the file is damaged")
        width = 3 + (dimension if parametric else 0)
        tags.append(section.sizes(here, "numbers of nodes"))
        points.append(section.floats(width * here, "nodes").reshape(here, width)[:, :3])
    if seen != count:
        raise InputError(f"announces {count} nodes and holds {seen}; the file is damaged or was cut off")
    return GmshNodes(points=np.concatenate(points), tags=np.concatenate(tags))


def read_groups_41(section: GmshNumbers) -> dict[tuple[int, int], int]:
    """Return the first physical group of every entity, by (dimension, entity); entities without are left out."""
    groups: dict[tuple[int, int], int] = {}
    counts = section.sizes(4, "heading of the entities")
    for dimension, count in enumerate(checked_count(int(count), _MOST_BLOCKS, "entities") for count in counts):
        for _ in range(count):
            tag = int(section.integers(1, "entities")[0])
            section.floats(3 if dimension == 0 else 6, "entities")
            physical = section.integers(int(section.sizes(1, "entities")[0]), "entities")
            if len(physical):
                groups[dimension, tag] = int(physical[0])
            if dimension > 0:
                section.integers(int(section.sizes(1, "entities")[0]), "entities")
    return groups


def read_cells_41(section: GmshNumbers, groups: Mapping[tuple[int, int], int]) -> GmshCells:
    """Read the elements of version 4.1, which stand in blocks of one kind and one entity."""
    blocks, count = (int(value) for value in section.sizes(4, "heading of the elements")[:2])
    checked_count(blocks, _MOST_BLOCKS, "blocks of elements")
    checked_count(count, MOST_CELLS, "elements")
    parts, seen = [], 0
    for _ in range(blocks):
        dimension, entity, gmsh_kind = (int(value) for value in section.integers(3, "heading of a block of elements"))
        here = int(section.sizes(1, "heading of a block of elements")[0])
        kind, nodes = _kind(gmsh_kind)
        seen += here
        if here < 0 or seen > count:
            raise InputError("has blocks of elements that contradict their heading; the file is damaged")
        table = section.sizes(here * (1 + nodes), "elements").reshape(here, 1 + nodes)
        parts.append(_block(table[:, 0], table[:, 1:], kind, groups.get((dimension, entity), 0), entity))
    if seen != count:
        raise InputError(f"announces {count} elements and holds {seen}; the file is damaged or was cut off")
    return _cells(parts)


def read_cells_22(section: GmshNumbers) -> GmshCells:
    """Read the elements of version 2: number, kind, number of labels, labels, nodes."""
    count = _count_line(section, MOST_CELLS, "elements")
    return _cells_22_text(section, count) if section.text else _cells_22_binary(section, count)


def _cells_22_binary(section: GmshNumbers, count: int) -> GmshCells:
    parts, seen = [], 0
    while seen < count:
        gmsh_kind, here, labels = (int(value) for value in section.integers(3, "heading of a block of elements"))
        kind, nodes = _kind(gmsh_kind)
        if not 1 <= here <= count - seen or not 0 <= labels <= 1000:
            raise InputError("has blocks of elements that contradict their heading; the file is damaged")
        width = 1 + labels + nodes
        table = section.integers(here * width, "elements").reshape(here, width)
        seen += here
        group = table[:, 1] if labels > 0 else np.zeros(here, dtype=np.int64)
        entity = table[:, 2] if labels > 1 else np.zeros(here, dtype=np.int64)
        parts.append((table[:, 0], table[:, 1 + labels :], np.full(here, kind, dtype=np.int64), group, entity))
    return _cells(parts)


def _cells_22_text(section: GmshNumbers, count: int) -> GmshCells:
    flat = section.integers(_left(section), "elements")
    view, at = flat.data, 0
    rows: dict[tuple[int, int], list[int]] = {}
    for index in range(count):
        if at + 3 > len(flat):
            raise InputError(f"announces {count} elements and holds {index}; the file was cut off")
        gmsh_kind, labels = view[at + 1], view[at + 2]
        if gmsh_kind not in _KINDS or not 0 <= labels <= 1000:
            _kind(gmsh_kind)
            raise InputError(f"has an element with {labels} labels; the file is damaged")
        rows.setdefault((gmsh_kind, labels), []).append(at)
        at += 3 + labels + _KINDS[gmsh_kind][1]
    if at != len(flat):
        raise InputError(f"announces {count} elements and does not end behind them; the file is damaged")
    parts = []
    for (gmsh_kind, labels), starts in rows.items():
        kind, nodes = _kind(gmsh_kind)
        table = flat[np.array(starts)[:, None] + np.arange(3 + labels + nodes)]
        none = np.zeros(len(table), dtype=np.int64)
        group, entity = table[:, 3] if labels > 0 else none, table[:, 4] if labels > 1 else none
        parts.append((table[:, 0], table[:, 3 + labels :], np.full(len(table), kind, dtype=np.int64), group, entity))
    return _cells(parts)


def _left(section: GmshNumbers) -> int:
    section.floats(0, "elements")
    return 0 if section.parsed is None else len(section.parsed) - section.parsed_at


_Part = tuple[CellArray, CellArray, CellArray, CellArray, CellArray]


def _block(tags: CellArray, nodes: CellArray, kind: int, group: int, entity: int) -> _Part:
    full = np.ones(len(tags), dtype=np.int64)
    return tags, nodes, kind * full, group * full, entity * full


def _cells(parts: list[_Part]) -> GmshCells:
    none = np.zeros(0, dtype=np.int64)
    widths = [np.full(len(part[1]), part[1].shape[1], dtype=np.int64) for part in parts]
    return GmshCells(
        connectivity=np.concatenate([none, *(part[1].reshape(-1) for part in parts)]),
        ends=np.cumsum(np.concatenate([none, *widths])),
        kinds=np.concatenate([none, *(part[2] for part in parts)]),
        tags=np.concatenate([none, *(part[0] for part in parts)]),
        groups=np.concatenate([none, *(part[3] for part in parts)]),
        entities=np.concatenate([none, *(part[4] for part in parts)]),
    )


def _kind(gmsh_kind: int) -> tuple[int, int]:
    if gmsh_kind not in _KINDS:
        raise InputError(
            f"holds elements of gmsh kind {gmsh_kind}; only tetrahedra (4) and triangles (2) are read: save the mesh "
            "with elements of first order"
        )
    return _KINDS[gmsh_kind]


def _count_line(section: GmshNumbers, most: int, what: str) -> int:
    line = section.line()
    try:
        return checked_count(int(line[:30]), most, what)
    except ValueError as error:
        raise InputError(f"has {line[:40]!r} where the number of {what} should be; the file is damaged") from error
