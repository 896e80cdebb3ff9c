"""Writing meshes, surfaces and sites for ParaView, 3D Slicer, openCARP and tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resynchro.errors import InputError
from resynchro.formats.output_file import write_file
from resynchro.formats.vtk_xml import cell_group, checked_numbers, data_array, data_arrays, vtk_file

_TETRAHEDRON: Final = 10


def write_vtu(
    path: str | Path,
    points_mm: ArrayLike,
    tetrahedra: ArrayLike,
    point_arrays: Mapping[str, ArrayLike] | None = None,
    cell_arrays: Mapping[str, ArrayLike] | None = None,
    field_arrays: Mapping[str, ArrayLike] | None = None,
) -> Path:
    """Write a volume mesh with its arrays as VTU.

    Parameters
    ----------
    path
        File to write, in one step; conventionally ``.vtu``.
    points_mm
        Shape (n, 3), LPS [mm], which is also what 3D Slicer takes for VTK files that it writes itself.
    tetrahedra
        Shape (m, 4), indices of nodes.
    point_arrays, cell_arrays
        By name with the unit as its last word (``activation_ms``), shape (n,) or (n, k) per node, (m,) or (m, k) per
        tetrahedron. Whole numbers and truth values stay whole numbers. Infinite values (nodes that no front reaches)
        are written as NaN, which ParaView leaves out of its colour scale.
    field_arrays
        Of the whole data set, shape (k,) or (k, c).

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        When shapes do not fit, an index names no node, or the file cannot be written.
    """
    points = _points(points_mm)
    cells = _cells(tetrahedra, 4, len(points), "tetrahedra")
    piece = b"".join(
        (
            b'<Piece NumberOfPoints="%d" NumberOfCells="%d">\n' % (len(points), len(cells)),
            data_arrays("PointData", point_arrays, len(points)),
            data_arrays("CellData", cell_arrays, len(cells)),
            b"<Points>\n" + data_array("Points", points) + b"</Points>\n<Cells>\n",
            data_array("connectivity", cells.reshape(-1)),
            data_array("offsets", np.arange(1, len(cells) + 1, dtype=np.int64) * 4),
            data_array("types", np.full(len(cells), _TETRAHEDRON, dtype=np.uint8)),
            b"</Cells>\n</Piece>\n",
        )
    )
    return write_file(path, vtk_file("UnstructuredGrid", piece, field_arrays))


def write_vtp(
    path: str | Path,
    points_mm: ArrayLike,
    *,
    triangles: ArrayLike | None = None,
    lines: Sequence[ArrayLike] | None = None,
    point_arrays: Mapping[str, ArrayLike] | None = None,
    cell_arrays: Mapping[str, ArrayLike] | None = None,
    field_arrays: Mapping[str, ArrayLike] | None = None,
) -> Path:
    """Write a surface, lines or bare points as VTP.

    Parameters
    ----------
    path
        File to write; conventionally ``.vtp``.
    points_mm
        Shape (n, 3), LPS [mm].
    triangles
        Shape (k, 3), indices of nodes.
    lines
        Each a sequence of nodes: vein branches, isochrones.
    point_arrays, cell_arrays, field_arrays
        As for `write_vtu`; cells count lines first, then triangles (the order of VTK). With neither, every node is
        written as a vertex and cell arrays belong to these.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        When shapes do not fit, an index names no node, or the file cannot be written.
    """
    points = _points(points_mm)
    polys = _cells(np.zeros((0, 3), dtype=np.int64) if triangles is None else triangles, 3, len(points), "triangles")
    runs = [_line(line, len(points)) for line in lines or ()]
    bare = not len(polys) and not runs
    verts = np.arange(len(points) if bare else 0, dtype=np.int64)
    ends = np.cumsum(np.array([len(run) for run in runs], dtype=np.int64))
    count = len(verts) + len(runs) + len(polys)
    piece = b"".join(
        (
            b'<Piece NumberOfPoints="%d" NumberOfVerts="%d" NumberOfLines="%d" NumberOfStrips="0" NumberOfPolys="%d">\n'
            % (len(points), len(verts), len(runs), len(polys)),
            data_arrays("PointData", point_arrays, len(points)),
            data_arrays("CellData", cell_arrays, count),
            b"<Points>\n" + data_array("Points", points) + b"</Points>\n",
            cell_group("Verts", verts, verts + 1),
            cell_group("Lines", np.concatenate([np.zeros(0, dtype=np.int64), *runs]), ends),
            cell_group("Polys", polys.reshape(-1), np.arange(1, len(polys) + 1, dtype=np.int64) * 3),
            b"</Piece>\n",
        )
    )
    return write_file(path, vtk_file("PolyData", piece, field_arrays))


def write_stl(path: str | Path, points_mm: ArrayLike, triangles: ArrayLike) -> Path:
    """Write a surface as binary STL, in LPS [mm]; STL itself knows neither units nor axes, so its remark says both.

    Parameters
    ----------
    path
        File to write.
    points_mm
        Shape (n, 3).
    triangles
        Shape (k, 3), normals by the right hand.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        When shapes do not fit, an index names no node, or the file cannot be written.
    """
    points = _points(points_mm)
    corners = points[_cells(triangles, 3, len(points), "triangles")]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    row = np.dtype([("normal", "<f4", (3,)), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    table = np.zeros(len(corners), dtype=row)
    table["normal"] = normals / np.where(length > 0.0, length, 1.0)
    table["corners"] = corners
    remark = b"binary STL by Resynchro; mm; SPACE=LPS".ljust(80)
    return write_file(path, remark + np.array([len(table)], dtype="<u4").tobytes() + table.tobytes())


def write_carp(
    stem: str | Path,
    points_mm: ArrayLike,
    tetrahedra: ArrayLike,
    *,
    fibre: ArrayLike | None = None,
    sheet: ArrayLike | None = None,
    region: ArrayLike | None = None,
) -> tuple[Path, ...]:
    """Write a mesh for openCARP: ``.pts`` in micrometres, ``.elem`` and, with fibres, ``.lon``.

    Parameters
    ----------
    stem
        Path without ending.
    points_mm, tetrahedra
        Shapes (n, 3) [mm] and (m, 4).
    fibre, sheet
        Per tetrahedron, shape (m, 3); a sheet needs a fibre.
    region
        Whole number per tetrahedron, shape (m,); 0 where none are given.

    Returns
    -------
    tuple of Path
        The files, each written in one step.

    Raises
    ------
    InputError
        When shapes do not fit, an index names no node, or a file cannot be written.
    """
    points = _points(points_mm)
    cells = _cells(tetrahedra, 4, len(points), "tetrahedra")
    labels = checked_numbers("region", np.zeros(len(cells), dtype=np.int64) if region is None else region, len(cells))
    if labels.ndim != 1 or labels.dtype.kind == "f":
        raise InputError("region must hold one whole number per tetrahedron")
    if sheet is not None and fibre is None:
        raise InputError("a sheet direction needs a fibre direction beside it; give both")
    stem = Path(stem)
    table = np.column_stack([cells, labels])
    written = [
        write_file(stem.with_name(stem.name + ".pts"), _text(f"{len(points)}", points * 1000.0, "%.4f %.4f %.4f")),
        write_file(stem.with_name(stem.name + ".elem"), _text(f"{len(cells)}", table, "Tt %d %d %d %d %d")),
    ]
    directions = [
        checked_numbers(name, axis, len(cells))
        for name, axis in (("fibre", fibre), ("sheet", sheet))
        if axis is not None
    ]
    if directions:
        if any(axis.shape != (len(cells), 3) for axis in directions):
            raise InputError("fibre and sheet must have shape (m, 3), one row per tetrahedron")
        row = " ".join(["%.6f"] * (3 * len(directions)))
        written.append(
            write_file(stem.with_name(stem.name + ".lon"), _text(f"{len(directions)}", np.hstack(directions), row))
        )
    return tuple(written)


def write_sites_csv(path: str | Path, sites: Sequence[Mapping[str, str | float | int | None]]) -> Path:
    """Write a table of sites, one row each.

    Parameters
    ----------
    path
        File to write, UTF-8, commas, decimal points.
    sites
        Column by name with the unit as its last word: ``name``, ``x_mm``, ``y_mm``, ``z_mm``, ``segment``,
        ``activation_ms``. The first row fixes the columns; None and numbers that are not finite leave their cell empty.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        When there are no sites, a row has other columns, or the file cannot be written.
    """
    if not sites:
        raise InputError("there are no sites to write; give at least one")
    columns = list(sites[0])
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    for number, site in enumerate(sites, start=1):
        if set(site) != set(columns):
            raise InputError(f"site {number} has the columns {', '.join(site)}, the first has {', '.join(columns)}")
        writer.writerow([_cell(site[column]) for column in columns])
    return write_file(path, stream.getvalue())


def _cell(value: str | float | int | None) -> str:
    if value is None or (isinstance(value, float | np.floating) and not np.isfinite(value)):
        return ""
    if isinstance(value, float | np.floating):
        return f"{float(value):.6g}"
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") and isinstance(value, str) else text  # no formulas


def _points(points_mm: ArrayLike) -> NDArray[np.float64]:
    points = np.ascontiguousarray(points_mm, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 3 or not len(points) or not np.isfinite(points).all():
        raise InputError(f"nodes must be finite numbers of shape (n, 3), got shape {points.shape}")
    return points


def _cells(cells: ArrayLike, corners: int, nodes: int, what: str) -> NDArray[np.int64]:
    given = np.asarray(cells)
    if given.ndim != 2 or given.shape[1] != corners or (given.size and given.dtype.kind not in "iu"):
        raise InputError(f"{what} must be whole numbers of shape (m, {corners}), got {given.dtype} {given.shape}")
    indices = np.ascontiguousarray(given, dtype=np.int64)
    if indices.size and (int(indices.min()) < 0 or int(indices.max()) >= nodes):
        raise InputError(f"{what} name nodes {int(indices.min())} to {int(indices.max())}; there are 0 to {nodes - 1}")
    return indices


def _line(line: ArrayLike, nodes: int) -> NDArray[np.int64]:
    run = np.asarray(line)
    return _cells(run.reshape(-1, 1), 1, nodes, "lines").reshape(-1)


def _text(head: str, table: NDArray[Any], row: str) -> str:
    """Return a table as lines of text below a first line; one format operation, which is fast."""
    flat = tuple(table.reshape(-1).tolist())
    return head + "\n" + ((row + "\n") * len(table)) % flat
