"""CARP meshes (openCARP): nodes in ``.pts``, elements in ``.elem``, fibres in ``.lon``, text, micrometres."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.file_bytes import sha256_of
from resynchro.formats.mesh_content import (
    MOST_CELLS,
    MOST_NODES,
    CellArray,
    MeshContent,
    checked_count,
    checked_points,
    read_mesh_bytes,
)
from resynchro.formats.mesh_numbers import text_numbers
from resynchro.record.mesh_file import FloatArray

CARP_ENDINGS: Final = (".pts", ".elem", ".lon")
_PASSED_OVER: Final = {b"Ln": "lines", b"Cx": "lines"}
_REFUSED: Final = {b"Hx": "hexahedra", b"Pr": "prisms", b"Py": "pyramids", b"Oc": "octahedra", b"Qd": "quadrilaterals"}


def carp_parts(path: Path) -> dict[str, Path]:
    """Return the parts of a CARP mesh named by one of them or by their common name: ``.pts`` and ``.elem`` at least.

    An empty mapping where there are none.
    """
    stem = path.with_suffix("") if path.suffix.lower() in CARP_ENDINGS else path
    try:
        found = {ending: stem.with_name(stem.name + ending) for ending in CARP_ENDINGS}
        found = {ending: part for ending, part in found.items() if part.is_file()}
    except (OSError, ValueError):
        return {}
    return found if ".pts" in found and ".elem" in found else {}


def read_carp(path: Path) -> tuple[MeshContent, str]:
    """Read a CARP mesh from its parts.

    Parameters
    ----------
    path
        Any of ``.pts``, ``.elem`` and ``.lon``, or their common name. ``.lon`` may be missing.

    Returns
    -------
    tuple
        The mesh (labels as array ``region``, fibres as ``fibre`` and ``sheet``) and the digest of all parts.

    Raises
    ------
    InputError
        When a part is missing or damaged, or there are elements other than tetrahedra, triangles and lines.
    """
    parts = carp_parts(path)
    if not parts:
        raise InputError("a CARP mesh needs .pts and .elem of the same name in one folder; put them together")
    data = {ending: read_mesh_bytes(part) for ending, part in parts.items()}
    try:
        points = _points(data[".pts"])
    except InputError as error:
        raise InputError(f"{parts['.pts'].name}: {error}") from error
    try:
        tetrahedra, region, triangles, labels, passed_over, places, count = _elements(data[".elem"], len(points))
    except InputError as error:
        raise InputError(f"{parts['.elem'].name}: {error}") from error
    arrays: dict[str, FloatArray] = {}
    if ".lon" in data:
        try:
            arrays = {name: values[places] for name, values in read_carp_fibres(data[".lon"], count).items()}
        except InputError as error:
            raise InputError(f"{parts['.lon'].name}: {error}") from error
    return MeshContent(
        points=points,
        tetrahedra=tetrahedra,
        triangles=triangles,
        format="CARP",
        tetrahedron_arrays={"region": region, **arrays},
        triangle_arrays={"region": labels},
        passed_over=passed_over,
    ), sha256_of(*(data[ending] for ending in CARP_ENDINGS if ending in data))


def read_carp_fibres(data: bytes, elements: int) -> dict[str, FloatArray]:
    """Return fibres (and sheets) per element of a ``.lon`` file.

    Its first line says how many directions follow per element (1 or 2); old files have none and three numbers a line.

    Raises
    ------
    InputError
        When there are not as many directions as elements.
    """
    head, _, rest = data.partition(b"\n")
    directions = 1
    if len(head.split()) == 1:
        directions = int(text_numbers(head, np.int64, "directions per element")[0])
        if directions not in (1, 2):
            raise InputError(f"has {directions} directions per element, allowed are 1 and 2")
        data = rest
    values = text_numbers(data, np.float64, "directions")
    if values.size != 3 * directions * elements:
        raise InputError(
            f"holds {values.size} numbers, needed are {3 * directions} for each of {elements} elements; it belongs to "
            "another mesh or was cut off"
        )
    table = values.reshape(elements, 3 * directions)
    return {"fibre": table[:, :3].copy()} | ({"sheet": table[:, 3:].copy()} if directions == 2 else {})


def _points(data: bytes) -> FloatArray:
    head, _, rest = data.partition(b"\n")
    count = checked_count(_announced(head), MOST_NODES, "nodes")
    values = text_numbers(rest, np.float64, "nodes")
    if values.size != 3 * count:
        raise InputError(f"holds {values.size} numbers, needed are 3 for each of {count} nodes; it may be cut off")
    return checked_points(values.reshape(count, 3))


def _announced(head: bytes) -> int:
    numbers = text_numbers(head, np.int64, "count in the first line")
    if numbers.size != 1:
        raise InputError(f"the first line is {head[:40]!r}, needed is one count; is this a CARP mesh?")
    return int(numbers[0])


def _elements(
    data: bytes, nodes: int
) -> tuple[CellArray, FloatArray, CellArray, FloatArray, dict[str, int], CellArray, int]:
    """Return tetrahedra with labels, triangles with labels, counts left out, places of tetrahedra, all elements."""
    head, _, rest = data.partition(b"\n")
    count = checked_count(_announced(head), MOST_CELLS, "elements")
    if rest.count(b"\n") > 2 * MOST_CELLS:
        raise InputError(f"holds more than {2 * MOST_CELLS} lines, the most that is read")
    lines = [line for line in rest.split(b"\n") if line.strip()]
    if len(lines) != count:
        raise InputError(f"announces {count} elements and holds {len(lines)} lines; it may be cut off")
    kinds = np.array([line.lstrip()[:2] for line in lines], dtype="S2")
    passed_over: dict[str, int] = {}
    for kind in (bytes(kind) for kind in np.unique(kinds)):
        number = int(np.count_nonzero(kinds == kind))
        if kind in _PASSED_OVER:
            passed_over[_PASSED_OVER[kind]] = passed_over.get(_PASSED_OVER[kind], 0) + number
        elif kind not in (b"Tt", b"Tr"):
            word = _REFUSED.get(kind, f"elements of kind {kind!r}")
            raise InputError(f"holds {number} {word}; only tetrahedra (Tt) are read: split the elements first")
    places = np.flatnonzero(kinds == b"Tt").astype(np.int64)
    tetrahedra, region = _cells(lines, places, 4, nodes)
    triangles, labels = _cells(lines, np.flatnonzero(kinds == b"Tr").astype(np.int64), 3, nodes)
    return tetrahedra, region, triangles, labels, passed_over, places, count


def _cells(lines: list[bytes], places: CellArray, corners: int, nodes: int) -> tuple[CellArray, FloatArray]:
    """Return the cells of one kind, shape (m, corners), and their labels (0 where the lines have none)."""
    if not len(places):
        return np.zeros((0, corners), dtype=np.int64), np.zeros(0)
    values = text_numbers(b" ".join(lines[place].lstrip()[2:] for place in places), np.int64, "elements")
    if values.size not in (corners * len(places), (corners + 1) * len(places)):
        raise InputError(
            f"has {values.size} numbers in {len(places)} elements of {corners} nodes; needed are nodes and one label"
        )
    table = values.reshape(len(places), -1)
    cells = np.ascontiguousarray(table[:, :corners])
    if int(cells.min()) < 0 or int(cells.max()) >= nodes:
        raise InputError(
            f"names nodes from {int(cells.min())} to {int(cells.max())}, there are nodes 0 to {nodes - 1}; the parts "
            "do not belong together"
        )
    return cells, table[:, corners].astype(np.float64) if table.shape[1] > corners else np.zeros(len(places))
