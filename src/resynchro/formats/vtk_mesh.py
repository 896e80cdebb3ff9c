"""Cells and arrays of a legacy VTK file (``.vtk``, versions 2.0 to 5.1, text and binary)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.formats.mesh_content import (
    MOST_ARRAYS,
    MOST_CELLS,
    MOST_COMPONENTS,
    MOST_NODES,
    MOST_UNPACKED_BYTES,
    CellArray,
    MeshCells,
    MeshContent,
    arrays_of_cells,
    as_floats,
    cells_from_offsets,
    checked_count,
    checked_points,
)
from resynchro.formats.mesh_numbers import binary_numbers, text_numbers
from resynchro.record.mesh_file import FloatArray

#: Binary numbers are big endian. A vtkIdType is written with four bytes, an unsigned long with eight.
_TYPES: Final[dict[str, str]] = {
    "unsigned_char": "u1",
    "char": "i1",
    "unsigned_short": "u2",
    "short": "i2",
    "unsigned_int": "u4",
    "int": "i4",
    "unsigned_long": "u8",
    "long": "i8",
    "float": "f4",
    "double": "f8",
    "vtkidtype": "i4",
    "signed_char": "i1",
    "vtktypeint8": "i1",
    "vtktypeint16": "i2",
    "vtktypeint32": "i4",
    "vtktypeint64": "i8",
    "vtktypeuint8": "u1",
    "vtktypeuint16": "u2",
    "vtktypeuint32": "u4",
    "vtktypeuint64": "u8",
    "long_long": "i8",
    "unsigned_long_long": "u8",
    "vtktypefloat32": "f4",
    "vtktypefloat64": "f8",
}
_KEYWORDS: Final = (
    "DATASET|POINTS|CELLS|CELL_TYPES|OFFSETS|CONNECTIVITY|METADATA|POINT_DATA|CELL_DATA|FIELD|SCALARS|LOOKUP_TABLE|"
    "COLOR_SCALARS|VECTORS|NORMALS|TENSORS|TENSORS6|TEXTURE_COORDINATES|GLOBAL_IDS|PEDIGREE_IDS|EDGE_FLAGS|VERTICES|"
    "LINES|POLYGONS|TRIANGLE_STRIPS"
)
#: Where a run of numbers in text ends: at a line that begins with a keyword or announces an array of a field.
_NEXT: Final = re.compile(
    rf"^[ \t]*(?:(?:{_KEYWORDS})\b|\S+[ \t]+\d+[ \t]+\d+[ \t]+(?:{'|'.join(_TYPES)}|string|bit)[ \t]*\r?$)".encode(),
    re.MULTILINE | re.IGNORECASE,
)
_COMPONENTS: Final = {
    "VECTORS": 3,
    "NORMALS": 3,
    "TENSORS": 9,
    "TENSORS6": 6,
    "GLOBAL_IDS": 1,
    "PEDIGREE_IDS": 1,
    "EDGE_FLAGS": 1,
}
_GRIDS: Final = ("UNSTRUCTURED_GRID", "POLYDATA")
_LONGEST_LINE: Final = 4096
_SOMETHING: Final = re.compile(rb"\S")
_MOST_SECTIONS: Final = 10_000
_MOST_WORDS: Final = 100_000


@dataclass(slots=True)
class _Reading:
    """A place in the file, and what was found up to there."""

    content: bytes
    at: int
    text: bool
    points: FloatArray | None = None
    connectivity: CellArray | None = None
    ends: CellArray | None = None
    kinds: CellArray | None = None
    polygons: tuple[CellArray, CellArray] | None = None
    where: str = "field"  # to what the next arrays belong: field, point or cell
    count: int = 0  # of tuples in them
    arrays: dict[str, dict[str, FloatArray]] = field(default_factory=lambda: {"point": {}, "cell": {}})
    unpacked_bytes: int = 0

    def raw_line(self) -> str | None:
        """Return the next line, or None at the end."""
        if self.at >= len(self.content):
            return None
        end = self.content.find(b"\n", self.at)
        end = len(self.content) if end < 0 else end
        if end - self.at > _LONGEST_LINE:
            raise InputError("has bytes where a line of text should be; the file is damaged or was cut off")
        line = self.content[self.at : end].decode("latin-1").strip()
        self.at = end + 1
        return line

    def words(self) -> list[str] | None:
        """Return the words of the next line that is not blank, or None at the end."""
        following = _SOMETHING.search(self.content, self.at)
        if following is None:
            return None
        self.at = following.start()
        line = self.raw_line()
        return None if line is None else line.split()

    def numbers(self, count: int, kind: str, what: str) -> NDArray[Any]:
        """Return the next numbers and move behind them."""
        code = _TYPES.get(kind.lower())
        if code is None:
            raise InputError(f"has {what} of type {kind[:40]!r}, allowed are {', '.join(_TYPES)}")
        if not self.text:
            values = binary_numbers(self.content, self.at, count, np.dtype(">" + code), what)
            self.at += values.nbytes
            return values
        after = _NEXT.search(self.content, self.at)
        end = after.start() if after else len(self.content)
        values = text_numbers(self.content[self.at : end], np.float64 if code[0] == "f" else np.int64, what)
        if values.size != count:
            raise InputError(f"announces {count} numbers for the {what} and holds {values.size}; the file is damaged")
        self.at = end
        return values

    def pass_over_words(self, count: int, what: str) -> None:
        """Move behind an array of words: lines in text; in binary the two highest bits say how long a length is."""
        for _ in range(checked_count(count, _MOST_WORDS, "words in an array")):
            if self.at >= len(self.content):
                raise InputError(f"{what} announces more words than there are; the file was cut off")
            if self.text:
                self.raw_line()
                continue
            width = 8 >> (self.content[self.at] >> 6)
            length = int.from_bytes(self.content[self.at : self.at + width], "big") & ((1 << (8 * width - 2)) - 1)
            self.at += width + length


def read_vtk_mesh(content: bytes) -> MeshContent:
    """Read the tetrahedra, triangles and arrays of a legacy VTK file.

    Parameters
    ----------
    content
        Bytes of an UNSTRUCTURED_GRID, or of POLYDATA (nodes, triangles and arrays per node only).

    Raises
    ------
    InputError
        When the file is damaged, announces more than it holds, or is another kind of data set.
    """
    lines = content[:_LONGEST_LINE].split(b"\n", 3)
    if len(lines) < 4:
        raise InputError("is a VTK file without content; export the mesh again")
    version = lines[0].decode("latin-1").split()[-1]
    form = lines[2].decode("latin-1").strip().upper()
    if form not in ("ASCII", "BINARY"):
        raise InputError(f"is a VTK file of form {form[:40]!r}, allowed are ASCII and BINARY; the file is damaged")
    reading = _Reading(content=content, at=sum(len(line) + 1 for line in lines[:3]), text=form == "ASCII")
    sections = 0
    while (words := reading.words()) is not None:
        sections += 1
        if sections > _MOST_SECTIONS:
            raise InputError(f"holds more than {_MOST_SECTIONS} sections; the file is damaged")
        try:
            _section(reading, words)
        except (IndexError, ValueError, OverflowError) as error:
            raise InputError(f"the line {' '.join(words)[:60]!r} cannot be understood; the file is damaged") from error
    return _as_content(reading, f"VTK legacy {version[:10]}", lines[1].decode("latin-1").strip())


def _section(reading: _Reading, words: list[str]) -> None:
    word = words[0].upper()
    if word == "DATASET":
        if words[1].upper() not in _GRIDS:
            raise InputError(f"holds a data set of kind {words[1][:40]}; needed is an UNSTRUCTURED_GRID of tetrahedra")
    elif word == "POINTS":
        count = checked_count(int(words[1]), MOST_NODES, "nodes")
        reading.points = checked_points(reading.numbers(3 * count, words[2], "nodes").reshape(count, 3))
    elif word == "CELLS":
        reading.connectivity, reading.ends = _cells(reading, int(words[1]), int(words[2]))
    elif word == "CELL_TYPES":
        count = checked_count(int(words[1]), MOST_CELLS, "cells")
        reading.kinds = reading.numbers(count, "int", "kinds of cells").astype(np.int64)
    elif word in ("VERTICES", "LINES", "POLYGONS", "TRIANGLE_STRIPS"):
        cells = _cells(reading, int(words[1]), int(words[2]))
        reading.polygons = cells if word == "POLYGONS" else reading.polygons
    elif word in ("POINT_DATA", "CELL_DATA"):
        reading.where, reading.count = word.split("_")[0].lower(), checked_count(int(words[1]), MOST_CELLS, "values")
    elif word == "METADATA":
        while reading.raw_line():
            pass
    else:
        _attribute(reading, word, words)


def _cells(reading: _Reading, count: int, size: int) -> tuple[CellArray, CellArray]:
    """Return the nodes of all cells and where each cell ends, in the form of version 5 or of those before."""
    checked_count(count, MOST_CELLS + 1, "cells")
    checked_count(size, 30 * MOST_CELLS, "nodes of cells")
    if reading.content[reading.at : reading.at + 40].lstrip().upper().startswith(b"OFFSETS"):
        words = reading.words() or []
        offsets = reading.numbers(count, words[1], "offsets of cells").astype(np.int64)
        words = reading.words() or []
        if words[:1] != ["CONNECTIVITY"]:
            raise InputError("has OFFSETS of cells without CONNECTIVITY; the file is damaged")
        connectivity = reading.numbers(size, words[1], "nodes of cells").astype(np.int64)
        if len(offsets) and int(offsets[0]) != 0:
            raise InputError("has cells whose first offset is not 0; the file is damaged")
        return connectivity, offsets[1:]
    flat = reading.numbers(size, "int", "nodes of cells").astype(np.int64)
    return _without_counts(flat, count)


def _without_counts(flat: CellArray, count: int) -> tuple[CellArray, CellArray]:
    """Return nodes and ends of cells that are written as: number of nodes, nodes, number of nodes, nodes, ..."""
    empty = np.zeros(0, dtype=np.int64)
    if count == 0:
        return empty, empty
    width = int(flat[0]) + 1 if len(flat) else 0
    if width > 1 and len(flat) == count * width and np.all(flat[::width] == width - 1):
        ends = np.arange(1, count + 1, dtype=np.int64) * (width - 1)
        return flat.reshape(count, width)[:, 1:].reshape(-1), ends
    view, at, starts = flat.data, 0, []  # kinds alternate: one after the other
    for _ in range(count):
        if at >= len(flat) or not 0 <= view[at] <= len(flat):
            raise InputError("has cells that lead beyond their list; the file is damaged or was cut off")
        starts.append(at)
        at += 1 + view[at]
    if at != len(flat):
        raise InputError("has cells that do not fill their list; the file is damaged or was cut off")
    keep = np.ones(len(flat), dtype=bool)
    keep[starts] = False
    return flat[keep], np.cumsum(flat[starts])


def _attribute(reading: _Reading, word: str, words: list[str]) -> None:
    if word == "SCALARS":
        components = int(words[3]) if len(words) > 3 else 1
        after = reading.content[reading.at : reading.at + 40].lstrip()
        if after.upper().startswith(b"LOOKUP_TABLE"):
            reading.words()
        _array(reading, words[1], components, reading.count, words[2])
    elif word in _COMPONENTS:
        _array(reading, words[1], _COMPONENTS[word], reading.count, words[2])
    elif word == "TEXTURE_COORDINATES":
        _array(reading, words[1], int(words[2]), reading.count, words[3])
    elif word == "COLOR_SCALARS":
        _array(reading, words[1], int(words[2]), reading.count, "float" if reading.text else "unsigned_char")
    elif word == "LOOKUP_TABLE":
        size = checked_count(int(words[2]), 65536, "colours")
        reading.numbers(4 * size, "float" if reading.text else "unsigned_char", "colours")
    elif word == "FIELD":
        for _ in range(checked_count(int(words[2]), MOST_ARRAYS, "arrays in one field")):
            header = reading.words()
            while header is not None and header[0].upper() == "METADATA":
                _section(reading, header)
                header = reading.words()
            if header is None:
                raise InputError("announces more arrays than it holds; the file was cut off")
            _array(reading, header[0], int(header[1]), int(header[2]), header[3])
    else:
        raise InputError(f"has a section {' '.join(words)[:40]!r} that no VTK file has; it is damaged")


def _array(reading: _Reading, name: str, components: int, tuples: int, kind: str) -> None:
    """Read one array and keep it when it belongs to nodes or cells and is of numbers."""
    what = f"array {name[:60]!r}"
    if not 0 <= components <= 1024 or not 0 <= tuples <= 8 * MOST_CELLS:
        raise InputError(f"{what} announces {tuples} times {components} numbers; the file is damaged")
    if kind.lower() == "string":
        reading.pass_over_words(tuples * components, what)
        return
    if kind.lower() == "bit":
        bits = tuples * components
        reading.numbers(bits if reading.text else (bits + 7) // 8, "unsigned_char", what)
        return
    values = reading.numbers(tuples * components, kind, what)
    if reading.where == "field" or not 1 <= components <= MOST_COMPONENTS:
        return
    if tuples != reading.count:
        raise InputError(f"{what} holds {tuples} values for {reading.count} {reading.where}s; the file is damaged")
    reading.unpacked_bytes += 8 * values.size
    kept = reading.arrays[reading.where]
    if reading.unpacked_bytes > MOST_UNPACKED_BYTES or len(kept) >= MOST_ARRAYS:
        raise InputError(f"holds more than {MOST_ARRAYS} arrays or {MOST_UNPACKED_BYTES >> 20} MiB; leave arrays out")
    numbers = as_floats(values)
    kept[unquote(name)] = numbers if components == 1 else numbers.reshape(tuples, components)


def _as_content(reading: _Reading, form: str, title: str) -> MeshContent:
    if reading.points is None:
        raise InputError("has no POINTS; the file is damaged or was cut off")
    nodes = len(reading.points)
    for name, values in reading.arrays["point"].items():
        if len(values) != nodes:
            raise InputError(f"array {name!r} holds {len(values)} values for {nodes} nodes; the file is damaged")
    if reading.connectivity is None or reading.ends is None:
        return _surface(reading, form, title)
    if reading.kinds is None:
        raise InputError("has CELLS without CELL_TYPES; the file is damaged or was cut off")
    cells = cells_from_offsets(reading.connectivity, reading.ends, reading.kinds, nodes)
    for name, values in reading.arrays["cell"].items():
        if len(values) != len(reading.kinds):
            raise InputError(f"array {name!r} holds {len(values)} values for {len(reading.kinds)} cells")
    return _with_cells(reading, cells, form, title)


def _with_cells(reading: _Reading, cells: MeshCells, form: str, title: str) -> MeshContent:
    on_tetrahedra, on_triangles = arrays_of_cells(reading.arrays["cell"], cells)
    return MeshContent(
        points=reading.points if reading.points is not None else np.zeros((0, 3)),
        tetrahedra=cells.tetrahedra,
        triangles=cells.triangles,
        format=form,
        point_arrays=reading.arrays["point"],
        tetrahedron_arrays=on_tetrahedra,
        triangle_arrays=on_triangles,
        title=title,
        passed_over=cells.passed_over,
        straightened=cells.straightened,
    )


def _surface(reading: _Reading, form: str, title: str) -> MeshContent:
    """Return POLYDATA or bare nodes: no tetrahedra, but perhaps arrays per node."""
    reading.arrays["cell"] = {}
    connectivity, ends = reading.polygons or (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    corners = np.diff(ends, prepend=0)
    kinds = np.where(corners == 3, 5, 7)
    if np.any(kinds == 7):
        raise InputError(f"holds {np.count_nonzero(kinds == 7)} polygons that are no triangles, and no tetrahedra")
    nodes = len(reading.points) if reading.points is not None else 0
    return _with_cells(reading, cells_from_offsets(connectivity, ends, kinds, nodes), form, title)
