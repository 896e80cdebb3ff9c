"""What every reader of mesh files hands on, and the limits they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.record.mesh_file import FloatArray

CellArray = NDArray[np.int64]

#: A heart of 5 million tetrahedra in text form with fibres takes about 450 MB.
LARGEST_MESH_FILE_MIB: Final = 512
#: Both ventricles at an edge of 0.5 mm hold about 3 million tetrahedra and 0.6 million nodes.
MOST_NODES: Final = 2_000_000
MOST_CELLS: Final = 8_000_000
MOST_ARRAYS: Final = 200
MOST_COMPONENTS: Final = 16
#: All arrays of a file together, unpacked.
MOST_UNPACKED_BYTES: Final = 1024 * 1024 * 1024

#: VTK's numbers of the kinds of cells that are read, with their corners, and of those that are refused by name.
TETRAHEDRON, TRIANGLE = 10, 5
CORNERS: Final[Mapping[int, int]] = {TETRAHEDRON: 4, TRIANGLE: 3, 24: 4, 22: 3}
STRAIGHTENED: Final[Mapping[int, int]] = {24: TETRAHEDRON, 22: TRIANGLE}
#: Nodes of the kinds that are read, mid-edge nodes included.
NODES_OF_KIND: Final[Mapping[int, int]] = {TETRAHEDRON: 4, TRIANGLE: 3, 24: 10, 22: 6}
PASSED_OVER: Final[Mapping[int, str]] = {1: "points", 2: "points", 3: "lines", 4: "lines", 21: "lines"}
REFUSED: Final[Mapping[int, str]] = {
    11: "voxels",
    12: "hexahedra",
    13: "wedges",
    14: "pyramids",
    25: "hexahedra of second order",
    26: "wedges of second order",
    27: "pyramids of second order",
    29: "hexahedra",
    6: "triangle strips",
    7: "polygons",
    8: "pixels",
    9: "quadrilaterals",
    23: "quadrilaterals of second order",
    41: "convex point sets",
    42: "polyhedra",
    71: "Lagrange tetrahedra",
    78: "Bezier tetrahedra",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshContent:
    """A mesh in the numbers of its file, before units, axes and meaning.

    Attributes
    ----------
    points
        Shape (n, 3), in the file's unit.
    tetrahedra, triangles
        Shapes (m, 4) and (k, 3), indices from 0.
    point_arrays
        Per node, shape (n,) or (n, c).
    tetrahedron_arrays, triangle_arrays
        Per cell of that kind.
    format
        Form as found, with its version.
    title
        The file's line of remarks; empty where it has none.
    passed_over
        Count of cells that were left out, by kind.
    straightened
        Count of cells of second order, of which the corners were taken.
    names
        Name of a label by (array, label), where the file gives one.
    """

    points: FloatArray
    tetrahedra: CellArray
    triangles: CellArray
    format: str
    point_arrays: Mapping[str, FloatArray] = field(default_factory=dict)
    tetrahedron_arrays: Mapping[str, FloatArray] = field(default_factory=dict)
    triangle_arrays: Mapping[str, FloatArray] = field(default_factory=dict)
    title: str = ""
    passed_over: Mapping[str, int] = field(default_factory=dict)
    straightened: int = 0
    names: Mapping[tuple[int, int], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshCells:
    """Cells of several kinds taken apart: tetrahedra, triangles, and where they stood among all cells."""

    tetrahedra: CellArray
    triangles: CellArray
    tetrahedron_at: NDArray[np.int64]
    triangle_at: NDArray[np.int64]
    passed_over: Mapping[str, int]
    straightened: int


def read_mesh_bytes(path: Path) -> bytes:
    """Read a whole mesh file, at least 1 byte and at most `LARGEST_MESH_FILE_MIB` MiB.

    Raises
    ------
    InputError
        When the file is missing, a folder, empty, too large or cannot be opened.
    """
    largest = LARGEST_MESH_FILE_MIB * 1024 * 1024
    try:
        if not path.exists():
            raise InputError(f"{path}: there is no such file; check the path")
        if not path.is_file():
            raise InputError(f"{path}: is not a regular file; name the mesh file itself")
        size = path.stat().st_size
        if size > largest:
            raise InputError(
                f"{path}: the file is larger than {LARGEST_MESH_FILE_MIB} MiB, the most that is read; save it in "
                "binary form, or with longer edges (1 to 3 mm are enough here)"
            )
        with path.open("rb") as stream:
            content = stream.read(size + 1)  # asking for more would take as much memory at once
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        raise InputError(f"{path}: cannot be opened ({error}); check the path and its permissions") from error
    if not content:
        raise InputError(f"{path}: the file is empty (0 bytes); export the mesh again")
    return content


def checked_count(count: int, most: int, what: str) -> int:
    """Return a count that a file announces, if it lies within 0 and the most that is read.

    Raises
    ------
    InputError
        When it does not.
    """
    if not 0 <= count <= most:
        raise InputError(f"announces {count} {what}, allowed are 0 to {most}; the file is damaged or no heart")
    return count


def as_floats(values: NDArray[Any]) -> FloatArray:
    """Return numbers of any type as float64; damaged bytes may be NaNs that numpy warns of when it turns them."""
    with np.errstate(invalid="ignore"):
        return np.ascontiguousarray(values, dtype=np.float64)


def checked_points(values: NDArray[Any]) -> FloatArray:
    """Return nodes as float64, shape (n, 3), if there are some and all are finite.

    Raises
    ------
    InputError
        When there are none, too many, or some are not finite.
    """
    points = as_floats(values)
    if points.ndim != 2 or points.shape[1] != 3 or len(points) == 0:
        raise InputError(f"has nodes of shape {points.shape}, needed is (n, 3); the file is damaged")
    checked_count(len(points), MOST_NODES, "nodes")
    finite = np.isfinite(points).all(axis=1)
    if not finite.all():
        raise InputError(
            f"{np.count_nonzero(~finite)} of {len(points)} nodes are not finite numbers (the first is node "
            f"{int(np.argmin(finite))}); export the mesh again"
        )
    if float(np.abs(points).max()) > 1e9:
        raise InputError(f"a coordinate is {float(np.abs(points).max()):.3g}, no unit of length makes that a heart")
    return points


def cells_from_offsets(connectivity: CellArray, ends: CellArray, kinds: CellArray, nodes: int) -> MeshCells:
    """Take apart cells in VTK's form.

    Parameters
    ----------
    connectivity
        Nodes of all cells one after the other, shape (c,).
    ends
        Where each cell ends in `connectivity`, shape (k,).
    kinds
        VTK's number of the kind of each cell, shape (k,).
    nodes
        Number of nodes.

    Raises
    ------
    InputError
        When the arrays do not fit together, a cell has a wrong number of nodes or names one that does not exist, or
        there are cells of a kind that is not read.
    """
    if len(ends) != len(kinds):
        raise InputError(f"has {len(kinds)} kinds of cells for {len(ends)} cells; the file is damaged")
    checked_count(len(kinds), MOST_CELLS, "cells")
    starts = np.concatenate([np.zeros(1, dtype=np.int64), ends[:-1]]) if len(ends) else np.zeros(0, dtype=np.int64)
    if len(ends) and (np.any(ends < starts) or starts.min() < 0 or int(ends[-1]) > len(connectivity)):
        raise InputError("has cells whose offsets do not grow or lead beyond the list of nodes; the file is damaged")
    passed_over: dict[str, int] = {}
    found: dict[int, list[CellArray]] = {TETRAHEDRON: [], TRIANGLE: []}
    places: dict[int, list[CellArray]] = {TETRAHEDRON: [], TRIANGLE: []}
    straightened = 0
    for kind in (int(kind) for kind in np.unique(kinds)):
        chosen = np.flatnonzero(kinds == kind)
        if kind in PASSED_OVER:
            passed_over[PASSED_OVER[kind]] = passed_over.get(PASSED_OVER[kind], 0) + len(chosen)
            continue
        if kind not in CORNERS:
            word = REFUSED.get(kind, f"cells of VTK kind {kind}")
            raise InputError(
                f"holds {len(chosen)} {word}; only tetrahedra (and triangles as surfaces) are read: split the cells "
                "into tetrahedra first"
            )
        if np.any(ends[chosen] - starts[chosen] != NODES_OF_KIND[kind]):
            raise InputError(f"has cells of VTK kind {kind} without {NODES_OF_KIND[kind]} nodes; the file is damaged")
        simple = STRAIGHTENED.get(kind, kind)
        straightened += len(chosen) if kind in STRAIGHTENED else 0
        found[simple].append(connectivity[starts[chosen, None] + np.arange(CORNERS[kind])])
        places[simple].append(chosen)
    return MeshCells(
        tetrahedra=_joined(found[TETRAHEDRON], 4, nodes),
        triangles=_joined(found[TRIANGLE], 3, nodes),
        tetrahedron_at=np.concatenate([np.zeros(0, dtype=np.int64), *places[TETRAHEDRON]]),
        triangle_at=np.concatenate([np.zeros(0, dtype=np.int64), *places[TRIANGLE]]),
        passed_over=passed_over,
        straightened=straightened,
    )


def _joined(parts: list[CellArray], corners: int, nodes: int) -> CellArray:
    cells = np.concatenate([np.zeros((0, corners), dtype=np.int64), *parts])
    if len(cells) and (int(cells.min()) < 0 or int(cells.max()) >= nodes):
        raise InputError(
            f"has cells that name nodes from {int(cells.min())} to {int(cells.max())}, the file holds nodes 0 to "
            f"{nodes - 1}; it is damaged or was cut off"
        )
    return cells


def arrays_of_cells(
    arrays: Mapping[str, FloatArray], cells: MeshCells
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Return arrays per cell as arrays per tetrahedron and per triangle."""
    return (
        {name: values[cells.tetrahedron_at] for name, values in arrays.items()},
        {name: values[cells.triangle_at] for name, values in arrays.items()},
    )
