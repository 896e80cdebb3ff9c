"""gmsh meshes (``.msh``, versions 2.2 and 4.1, text and binary): sections, names of groups, arrays."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.formats.gmsh_numbers import GmshNumbers, whole_numbers
from resynchro.formats.gmsh_sections import (
    read_cells_22,
    read_cells_41,
    read_groups_41,
    read_nodes_22,
    read_nodes_41,
)
from resynchro.formats.mesh_content import (
    MOST_ARRAYS,
    MOST_CELLS,
    MOST_COMPONENTS,
    MOST_UNPACKED_BYTES,
    CellArray,
    MeshContent,
    arrays_of_cells,
    cells_from_offsets,
    checked_count,
    checked_points,
)
from resynchro.record.mesh_file import FloatArray

_SECTION: Final = re.compile(rb"^[ \t]*\$([A-Za-z]+)[ \t]*\r?\n", re.MULTILINE)
_READ: Final = (b"MeshFormat", b"PhysicalNames", b"Entities", b"Nodes", b"Elements", b"NodeData", b"ElementData")
_MOST_SECTIONS: Final = 1000
_LONGEST_NAMES: Final = 1_000_000


def is_gmsh(head: bytes) -> bool:
    """Tell from the first bytes whether a file is a gmsh mesh; remarks may stand before its heading."""
    return re.search(rb"^\s*\$MeshFormat\b", head, re.MULTILINE) is not None


def read_gmsh(content: bytes) -> MeshContent:
    """Read the tetrahedra, triangles, groups and arrays of a gmsh file.

    Parameters
    ----------
    content
        Bytes of a file of version 2.0 to 2.2 or 4.1. Physical groups become the array ``region``, the numbers of
        geometric entities ``entity``.

    Raises
    ------
    InputError
        When the file is damaged, announces more than it holds, or is of another version.
    """
    at, sections = 0, 0
    found: dict[bytes, list[GmshNumbers]] = {name: [] for name in _READ}
    numbers = None
    while (match := _SECTION.search(content, at)) is not None:
        sections += 1
        if sections > _MOST_SECTIONS:
            raise InputError(f"holds more than {_MOST_SECTIONS} sections; the file is damaged")
        name = match.group(1)
        end = content.find(b"\n$End" + name, match.end() - 1)
        if end < 0:
            raise InputError(f"has a section ${name.decode()[:40]} without end; the file was cut off")
        if name == b"MeshFormat":
            numbers = _heading(content, match.end(), end)
        elif numbers is None:
            pass  # remarks before the heading
        elif name in found:
            found[name].append(GmshNumbers(content, match.end(), end, numbers.text, numbers.order, numbers.size_bytes))
        at = end + 5 + len(name)
    if numbers is None:
        raise InputError("has no $MeshFormat; the file is damaged")
    return _as_content(found, _version(content))


def _version(content: bytes) -> str:
    match = re.search(rb"\$MeshFormat\s+(\S+)", content)
    return match.group(1).decode("latin-1")[:10] if match else ""


def _heading(content: bytes, start: int, end: int) -> GmshNumbers:
    line, _, rest = content[start : end + 1].partition(b"\n")
    words = line.split()
    if len(words) != 3 or words[1] not in (b"0", b"1") or words[2] not in (b"4", b"8"):
        raise InputError(f"has the heading {line[:40]!r}, allowed is like '4.1 0 8'; the file is damaged")
    if words[0] not in (b"2", b"2.0", b"2.1", b"2.2", b"4.1"):
        raise InputError(f"is gmsh version {words[0].decode('latin-1')[:10]}, read are 2.2 and 4.1; save it as 4.1")
    order = "<"
    if words[1] == b"1":
        ones = {b"\x01\x00\x00\x00": "<", b"\x00\x00\x00\x01": ">"}
        if rest[:4] not in ones:
            raise InputError("is binary and does not say its byte order; the file is damaged")
        order = ones[rest[:4]]
    return GmshNumbers(content, start, end, words[1] == b"0", order, int(words[2]))


def _as_content(found: dict[bytes, list[GmshNumbers]], version: str) -> MeshContent:
    for name in (b"Nodes", b"Elements"):
        if len(found[name]) != 1:
            raise InputError(f"has {len(found[name])} sections ${name.decode()}, needed is one; the file is damaged")
    if version == "4.1":
        groups = read_groups_41(found[b"Entities"][0]) if found[b"Entities"] else {}
        nodes = read_nodes_41(found[b"Nodes"][0])
        cells = read_cells_41(found[b"Elements"][0], groups)
    else:
        nodes, cells = read_nodes_22(found[b"Nodes"][0]), read_cells_22(found[b"Elements"][0])
    points = checked_points(nodes.points)
    place = _places(nodes.tags, "node")
    split = cells_from_offsets(place(cells.connectivity), cells.ends, cells.kinds, len(points))
    on_cells: dict[str, FloatArray] = {"region": cells.groups.astype(np.float64)} if np.any(cells.groups) else {}
    on_cells["entity"] = cells.entities.astype(np.float64)
    on_cells |= _arrays(found[b"ElementData"], _places(cells.tags, "element"), len(cells.tags))
    on_tetrahedra, on_triangles = arrays_of_cells(on_cells, split)
    return MeshContent(
        points=points,
        tetrahedra=split.tetrahedra,
        triangles=split.triangles,
        format=f"gmsh {version}",
        point_arrays=_arrays(found[b"NodeData"], place, len(points)),
        tetrahedron_arrays=on_tetrahedra,
        triangle_arrays=on_triangles,
        passed_over=split.passed_over,
        straightened=split.straightened,
        names=_names(found[b"PhysicalNames"]),
    )


def _places(tags: CellArray, what: str) -> Callable[[CellArray], CellArray]:
    """Return the function that turns gmsh's numbers of nodes or elements, which may have gaps, into indices from 0."""
    order = np.argsort(tags, kind="stable")
    ordered = tags[order]
    if len(ordered) > 1 and np.any(ordered[1:] == ordered[:-1]):
        raise InputError(f"numbers a {what} twice; the file is damaged")

    def place(asked: CellArray) -> CellArray:
        if not len(asked):
            return asked
        at = np.minimum(np.searchsorted(ordered, asked), len(ordered) - 1)
        if not len(ordered) or np.any(ordered[at] != asked):
            raise InputError(f"names a {what} that is not in the file; it is damaged or was cut off")
        return order[at].astype(np.int64)

    return place


def _names(sections: list[GmshNumbers]) -> dict[tuple[int, int], str]:
    """Return the names of physical groups by (dimension, number)."""
    names: dict[tuple[int, int], str] = {}
    for section in sections:
        lines = section.rest()[:_LONGEST_NAMES].decode("utf-8", errors="replace").splitlines()[1:]
        for line in filter(str.strip, lines):
            try:
                dimension, number, name = shlex.split(line)
                names[int(dimension), int(number)] = name[:200]
            except ValueError as error:
                raise InputError(f"has a physical name {line[:60]!r} that cannot be understood") from error
    return names


def _arrays(sections: list[GmshNumbers], place: Callable[[CellArray], CellArray], count: int) -> dict[str, FloatArray]:
    """Return arrays of nodes or elements; NaN where the file gives no value."""
    arrays: dict[str, FloatArray] = {}
    if len(sections) > MOST_ARRAYS:
        raise InputError(f"holds {len(sections)} arrays, at most {MOST_ARRAYS} are read; leave arrays out")
    for section in sections:
        name = [section.line() for _ in range(_few(section))][:1]
        for _ in range(_few(section)):
            section.line()
        whole = [_integer(section.line()) for _ in range(_few(section))]
        if len(whole) < 3 or not 1 <= whole[1] <= MOST_COMPONENTS:
            raise InputError("has an array without number of components and values; the file is damaged")
        components, rows = whole[1], checked_count(whole[2], MOST_CELLS, "values")
        tags, values = _rows(section, rows, components)
        if 8 * count * components * (len(arrays) + 1) > MOST_UNPACKED_BYTES:
            raise InputError(f"unpacks to more than {MOST_UNPACKED_BYTES >> 20} MiB; leave arrays out")
        full = np.full((count, components), np.nan)
        full[place(tags)] = values
        arrays[(name or [""])[0].strip().strip('"') or f"array {len(arrays)}"] = full[:, 0] if components == 1 else full
    return arrays


def _rows(section: GmshNumbers, rows: int, components: int) -> tuple[CellArray, NDArray[Any]]:
    if section.text:
        table = section.floats((1 + components) * rows, "values").reshape(rows, 1 + components)
        return whole_numbers(table[:, 0], "numbers of values"), table[:, 1:]
    row = np.dtype([("tag", section.order + "i4"), ("values", section.order + "f8", (components,))])
    read = section.rows(rows, row, "values")
    return read["tag"].astype(np.int64), read["values"].reshape(rows, components)


def _few(section: GmshNumbers) -> int:
    return checked_count(_integer(section.line()), 100, "remarks of an array")


def _integer(line: str) -> int:
    try:
        return int(line[:30])
    except ValueError as error:
        raise InputError(f"has {line[:40]!r} where a whole number should be; the file is damaged") from error
