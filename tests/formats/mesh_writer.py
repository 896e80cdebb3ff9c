"""Mesh files written from their published forms, byte by byte, apart from the project's own writers."""

from __future__ import annotations

import base64
import itertools
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

#: Corners of the six tetrahedra of a cube, all positively oriented (Kuhn's cut along the diagonal).
_ORDERS = list(itertools.permutations(range(3)))


def block(cells: int, edge_mm: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return a cube of ``6 * cells**3`` tetrahedra with edges of ``edge_mm`` along the axes."""
    axis = np.arange(cells + 1)
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    low = points[(points < cells).all(axis=1)]
    parts = []
    for order in _ORDERS:
        steps = np.zeros((4, 3), dtype=np.int64)
        for step, direction in enumerate(order):
            steps[step + 1 :, direction] += 1
        place = low[:, None] + steps
        cell = (place[..., 0] * (cells + 1) + place[..., 1]) * (cells + 1) + place[..., 2]
        mirrored = np.linalg.det(steps[1:] - steps[0]) < 0
        parts.append(cell[:, [0, 1, 3, 2]] if mirrored else cell)
    return points * edge_mm, np.concatenate(parts).astype(np.int64)


def fibres(count: int) -> NDArray[np.float64]:
    """Return unit vectors that differ from one another."""
    angle = np.linspace(0.1, 3.0, count)
    return np.column_stack([np.cos(angle), np.sin(angle) * 0.8, np.sin(angle) * 0.6])


def _rows(values: NDArray[np.generic]) -> bytes:
    return "\n".join(" ".join(repr(value) for value in row) for row in np.atleast_2d(values).tolist()).encode()


def vtk_42(
    points: NDArray[np.float64],
    tetrahedra: NDArray[np.int64],
    *,
    binary: bool = False,
    triangles: NDArray[np.int64] | None = None,
    fibre: NDArray[np.float64] | None = None,
    region: NDArray[np.int64] | None = None,
    title: str = "a heart",
    point_field: tuple[str, NDArray[np.float64]] | None = None,
    kinds: NDArray[np.int64] | None = None,
) -> bytes:
    """Return a legacy VTK file of version 4.2: numbers as text, or big endian."""

    def numbers(values: NDArray[np.generic], code: str) -> bytes:
        return (values.astype(">" + code).tobytes() if binary else _rows(values)) + b"\n"

    surface = np.zeros((0, 3), dtype=np.int64) if triangles is None else triangles
    count = len(tetrahedra) + len(surface)
    size = 5 * len(tetrahedra) + 4 * len(surface)
    flat = np.concatenate([np.insert(tetrahedra, 0, 4, axis=1).ravel(), np.insert(surface, 0, 3, axis=1).ravel()])
    kind = np.array([10] * len(tetrahedra) + [5] * len(surface)) if kinds is None else kinds
    parts = [
        f"# vtk DataFile Version 4.2\n{title}\n{'BINARY' if binary else 'ASCII'}\nDATASET UNSTRUCTURED_GRID\n".encode(),
        f"POINTS {len(points)} double\n".encode() + numbers(points, "f8"),
        f"CELLS {count} {size}\n".encode() + numbers(flat, "i4"),
        f"CELL_TYPES {count}\n".encode() + numbers(kind, "i4"),
    ]
    if fibre is not None or region is not None:
        parts.append(f"CELL_DATA {count}\n".encode())
    if fibre is not None:
        parts.append(b"VECTORS fibre double\n" + numbers(np.vstack([fibre, np.ones((len(surface), 3))]), "f8"))
    if region is not None:
        parts.append(f"FIELD more 1\nelemTag 1 {count} int\n".encode() + numbers(region, "i4"))
    if point_field is not None:
        name, values = point_field
        width = 1 if values.ndim == 1 else values.shape[1]
        parts.append(f"POINT_DATA {len(points)}\nFIELD FieldData 1\n{name} {width} {len(points)} float\n".encode())
        parts.append(numbers(values, "f4"))
    return b"".join(parts)


def vtu(
    points: NDArray[np.float64],
    tetrahedra: NDArray[np.int64],
    *,
    fibre: NDArray[np.float64] | None = None,
    mode: str = "appended",
    packed: bool = True,
) -> bytes:
    """Return a VTU file with base64 numbers, inline or appended, in one block each."""
    arrays = [
        ("Points", "Float64", 3, points.astype("<f8").tobytes()),
        ("connectivity", "Int64", 1, tetrahedra.astype("<i8").tobytes()),
        ("offsets", "Int64", 1, (4 * np.arange(1, len(tetrahedra) + 1)).astype("<i8").tobytes()),
        ("types", "UInt8", 1, np.full(len(tetrahedra), 10, dtype="u1").tobytes()),
    ]
    if fibre is not None:
        arrays.append(("fibers", "Float64", 3, fibre.astype("<f8").tobytes()))
    appended, tags = b"", {}
    for name, kind, width, data in arrays:
        if packed:
            inside = zlib.compress(data)
            head = struct.pack("<4I", 1, len(data), len(data), len(inside))
            text = base64.b64encode(head) + base64.b64encode(inside)
        else:
            text = base64.b64encode(struct.pack("<I", len(data)) + data)
        tag = f'<DataArray type="{kind}" Name="{name}" NumberOfComponents="{width}" '
        if mode == "appended":
            tags[name] = (tag + f'format="appended" offset="{len(appended)}"/>\n').encode()
            appended += text
        else:
            tags[name] = (tag + 'format="binary">\n').encode() + text + b"\n</DataArray>\n"
    packing = 'compressor="vtkZLibDataCompressor"' if packed else ""
    end = b'<AppendedData encoding="base64">\n_' + appended + b"\n</AppendedData>\n" if mode == "appended" else b""
    return b"".join(
        (
            b'<?xml version="1.0"?>\n<VTKFile type="UnstructuredGrid" version="0.1" byte_order="LittleEndian" ',
            f'header_type="UInt32" {packing}>\n<UnstructuredGrid>\n'.encode(),
            f'<Piece NumberOfPoints="{len(points)}" NumberOfCells="{len(tetrahedra)}">\n'.encode(),
            b"<PointData/>\n<CellData>\n" + tags.get("fibers", b"") + b"</CellData>\n",
            b"<Points>\n" + tags["Points"] + b"</Points>\n",
            b"<Cells>\n" + tags["connectivity"] + tags["offsets"] + tags["types"] + b"</Cells>\n",
            b"</Piece>\n</UnstructuredGrid>\n" + end + b"</VTKFile>\n",
        )
    )


def msh_22(
    points: NDArray[np.float64],
    tetrahedra: NDArray[np.int64],
    triangles: NDArray[np.int64],
    fibre: NDArray[np.float64],
    *,
    first_node: int = 1,
    binary: bool = False,
) -> bytes:
    """Return a gmsh file of version 2.2: group 10 "LV wall", surface 5 "epi", fibres as element data."""
    first = len(triangles) + 1  # gmsh numbers surfaces before volumes
    parts = [b"$MeshFormat\n2.2 1 8\n" + struct.pack("<i", 1) if binary else b"$MeshFormat\n2.2 0 8"]
    parts.append(b"\n$EndMeshFormat\n$PhysicalNames\n2\n")
    parts.append(b'2 5 "epi"\n3 10 "LV wall"\n$EndPhysicalNames\n')
    parts.append(f"$Nodes\n{len(points)}\n".encode())
    if binary:
        parts += [struct.pack("<i3d", tag, *point) for tag, point in enumerate(points, start=first_node)]
    else:
        parts += [f"{tag} {x!r} {y!r} {z!r}\n".encode() for tag, (x, y, z) in enumerate(points.tolist(), first_node)]
    parts.append(f"\n$EndNodes\n$Elements\n{len(triangles) + len(tetrahedra)}\n".encode())
    for kind, group, cells, start in ((2, 5, triangles, 1), (4, 10, tetrahedra, first)):
        if binary:
            parts.append(struct.pack("<3i", kind, len(cells), 2))
        for tag, nodes in enumerate((cells + first_node).tolist(), start):
            row = [tag, group, 1, *nodes] if binary else [tag, kind, 2, group, 1, *nodes]
            parts.append(struct.pack(f"<{len(row)}i", *row) if binary else (" ".join(map(str, row)) + "\n").encode())
    parts.append(f'\n$EndElements\n$ElementData\n1\n"fibre"\n1\n0.0\n3\n0\n3\n{len(fibre)}\n'.encode())
    for tag, axis in enumerate(fibre.tolist(), first):
        row = f"{tag} {axis[0]!r} {axis[1]!r} {axis[2]!r}\n".encode()
        parts.append(struct.pack("<i3d", tag, *axis) if binary else row)
    return b"".join(parts) + b"\n$EndElementData\n"


def msh_41(points: NDArray[np.float64], tetrahedra: NDArray[np.int64]) -> bytes:
    """Return a gmsh file of version 4.1 in text, one volume of group 10, nodes in two blocks with gaps in numbers."""
    half = len(points) // 2
    tags = np.concatenate([np.arange(1, half + 1), np.arange(half, len(points)) + 101])
    blocks = []
    for part in (slice(0, half), slice(half, len(points))):
        lines = [f"3 1 0 {len(tags[part])}", *map(str, tags[part].tolist())]
        blocks.append("\n".join(lines + [" ".join(map(repr, point)) for point in points[part].tolist()]))
    rows = [f"{number} {' '.join(map(str, row))}" for number, row in enumerate(tags[tetrahedra].tolist(), 1)]
    count, last = len(tetrahedra), int(tags[-1])
    return (
        '$MeshFormat\n4.1 0 8\n$EndMeshFormat\n$PhysicalNames\n1\n3 10 "heart muscle"\n$EndPhysicalNames\n'
        "$Entities\n0 0 0 1\n1 0 0 0 60 60 60 1 10 0\n$EndEntities\n"
        f"$Nodes\n2 {len(points)} 1 {last}\n" + "\n".join(blocks) + "\n$EndNodes\n"
        f"$Elements\n1 {count} 1 {count}\n3 1 4 {count}\n" + "\n".join(rows) + "\n$EndElements\n"
    ).encode()
