"""Cells and arrays of a VTK XML file of an unstructured grid (``.vtu``): text, base64 and raw, packed or not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.etree.ElementTree import Element

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
    MeshContent,
    arrays_of_cells,
    as_floats,
    cells_from_offsets,
    checked_count,
    checked_points,
)
from resynchro.formats.mesh_numbers import text_numbers
from resynchro.formats.safe_xml import children, parse_xml
from resynchro.formats.vtu_data import COMPRESSORS, PackedData
from resynchro.record.mesh_file import FloatArray

FORMAT: Final = "VTU"
_TYPES: Final = {
    "Int8": "i1",
    "UInt8": "u1",
    "Int16": "i2",
    "UInt16": "u2",
    "Int32": "i4",
    "UInt32": "u4",
    "Int64": "i8",
    "UInt64": "u8",
    "Float32": "f4",
    "Float64": "f8",
}
#: Long runs of characters between tags are numbers; they are taken out before the tags are parsed.
_LONG_TEXT: Final = re.compile(rb">([^<>]{200,})<")
_APPENDED: Final = re.compile(rb"<AppendedData[^<>]{0,200}>")
_MOST_PIECES: Final = 1000


@dataclass(slots=True)
class _Document:
    """A parsed file: the tags, and the numbers that were taken out."""

    root: Element
    texts: Sequence[bytes]
    appended: bytes
    appended_raw: bool
    packed: PackedData
    unpacked_bytes: int = 0


def read_vtu_mesh(content: bytes) -> MeshContent:
    """Read the tetrahedra, triangles and arrays of a VTU file.

    Parameters
    ----------
    content
        Bytes of a file of kind UnstructuredGrid; its pieces are joined.

    Raises
    ------
    InputError
        When the file is damaged, unpacks to more than `MOST_UNPACKED_BYTES`, or is another kind of VTK file.
    """
    document = _parsed(content)
    pieces = children(document.root, "UnstructuredGrid", "Piece")
    if not 1 <= len(pieces) <= _MOST_PIECES:
        raise InputError(f"holds {len(pieces)} pieces, allowed are 1 to {_MOST_PIECES}; the file is damaged")
    parts = [_piece(document, piece) for piece in pieces]
    return parts[0] if len(parts) == 1 else _joined(parts)


def _parsed(content: bytes) -> _Document:
    match = _APPENDED.search(content)
    appended, raw = b"", False
    if match:
        start = content.find(b"_", match.end(), match.end() + 1000)
        end = content.rfind(b"</AppendedData")
        if start < 0 or end < start:
            raise InputError("has appended data without beginning or end; the file was cut off")
        raw = b"raw" in match.group().lower()
        appended = content[start + 1 : end]
        content = content[: match.start()] + b"</VTKFile>"
    texts: list[bytes] = []

    def taken_out(found: re.Match[bytes]) -> bytes:
        texts.append(found.group(1))
        return b">@%d@<" % (len(texts) - 1)

    root = parse_xml(_LONG_TEXT.sub(taken_out, content), what=FORMAT)
    kind = root.attrib.get("type", "of no kind")
    if kind != "UnstructuredGrid":
        raise InputError(f"is a VTK XML file of {kind[:40]}; needed is an UnstructuredGrid (.vtu) of tetrahedra")
    compressor = root.attrib.get("compressor", "")
    if compressor not in COMPRESSORS:
        raise InputError(f"is packed by {compressor[:40]}, allowed are {', '.join(filter(None, COMPRESSORS))} or none")
    order = {"LittleEndian": "<", "BigEndian": ">"}.get(root.attrib.get("byte_order", "LittleEndian"))
    header = {"UInt32": "u4", "UInt64": "u8"}.get(root.attrib.get("header_type", "UInt32"))
    if order is None or header is None:
        raise InputError("has a byte_order or header_type that VTK does not know; the file is damaged")
    packed = PackedData(order=order, header=np.dtype(order + header), compressor=compressor)
    return _Document(root=root, texts=texts, appended=appended, appended_raw=raw, packed=packed)


def _piece(document: _Document, piece: Element) -> MeshContent:
    nodes = checked_count(_whole(piece, "NumberOfPoints"), MOST_NODES, "nodes")
    count = checked_count(_whole(piece, "NumberOfCells"), MOST_CELLS, "cells")
    places = children(piece, "Points", "DataArray")
    if len(places) != 1:
        raise InputError(f"has {len(places)} arrays of nodes in a piece, needed is one; the file is damaged")
    points = checked_points(_values(document, places[0], nodes, 3))
    named = {element.attrib.get("Name", ""): element for element in children(piece, "Cells", "DataArray")}
    if not {"connectivity", "offsets", "types"} <= set(named):
        raise InputError("lacks connectivity, offsets or types of cells; the file is damaged")
    ends = _integers(document, named["offsets"], count)
    kinds = _integers(document, named["types"], count)
    connectivity = _integers(document, named["connectivity"], int(ends[-1]) if count else 0)
    cells = cells_from_offsets(connectivity, ends, kinds, nodes)
    on_cells = _arrays(document, children(piece, "CellData", "DataArray"), count)
    on_tetrahedra, on_triangles = arrays_of_cells(on_cells, cells)
    return MeshContent(
        points=points,
        tetrahedra=cells.tetrahedra,
        triangles=cells.triangles,
        format=FORMAT,
        point_arrays=_arrays(document, children(piece, "PointData", "DataArray"), nodes),
        tetrahedron_arrays=on_tetrahedra,
        triangle_arrays=on_triangles,
        passed_over=cells.passed_over,
        straightened=cells.straightened,
    )


def _arrays(document: _Document, elements: Sequence[Element], count: int) -> dict[str, FloatArray]:
    if len(elements) > MOST_ARRAYS:
        raise InputError(f"holds {len(elements)} arrays, at most {MOST_ARRAYS} are read; leave arrays out")
    arrays: dict[str, FloatArray] = {}
    for number, element in enumerate(elements):
        components = _whole(element, "NumberOfComponents", 1) or 1
        if element.attrib.get("type") in _TYPES and 1 <= components <= MOST_COMPONENTS:
            name = element.attrib.get("Name") or f"array {number}"
            arrays[name] = as_floats(_values(document, element, count, components))
    return arrays


def _integers(document: _Document, element: Element, count: int) -> CellArray:
    values = _values(document, element, count, 1)
    if values.dtype.kind == "f":
        raise InputError(f"has {element.attrib.get('Name')} of cells that are no whole numbers; the file is damaged")
    return values.astype(np.int64)


def _values(document: _Document, element: Element, count: int, components: int) -> NDArray[Any]:
    """Return the numbers of one array, shape (count,) or (count, components)."""
    what = f"array {element.attrib.get('Name', 'without name')[:60]!r}"
    code = _TYPES.get(element.attrib.get("type", ""))
    if code is None:
        raise InputError(f"{what} is of type {element.attrib.get('type', '')[:40]!r}, allowed: {', '.join(_TYPES)}")
    size = checked_count(count, 30 * MOST_CELLS, f"values in {what}") * components
    document.unpacked_bytes += 8 * size
    if document.unpacked_bytes > MOST_UNPACKED_BYTES:
        raise InputError(f"unpacks to more than {MOST_UNPACKED_BYTES >> 20} MiB, the most read; leave arrays out")
    form = element.attrib.get("format", "ascii")
    dtype = np.dtype(document.packed.order + code)
    try:
        if form == "appended":
            offset = _whole(element, "offset")
            if not 0 <= offset <= len(document.appended):
                raise InputError(f"begins {offset} bytes into appended data of {len(document.appended)} bytes")
            part = memoryview(document.appended)[offset:]
            values = document.packed.numbers(part, dtype, size, base64=not document.appended_raw)
        elif form == "binary":
            text = b"".join(_text(document, element).split())
            values = document.packed.numbers(memoryview(text), dtype, size, base64=True)
        elif form == "ascii":
            values = text_numbers(_text(document, element), np.float64 if code[0] == "f" else np.int64, "numbers")
        else:
            raise InputError(f"is of format {form[:40]!r}, allowed are ascii, binary and appended")
    except InputError as error:
        raise InputError(f"{what}: {error}") from error
    if values.size != size:
        raise InputError(f"{what} holds {values.size} numbers, needed are {size}; the file is damaged or was cut off")
    return values if components == 1 else values.reshape(count, components)


def _text(document: _Document, element: Element) -> bytes:
    """Return the characters of an element itself, without those of elements inside it."""
    parts = [element.text or "", *(inner.tail or "" for inner in element)]
    pieces = []
    for part in parts:
        token = re.fullmatch(r"\s*@(\d{1,9})@\s*", part)
        taken_out = token is not None and int(token.group(1)) < len(document.texts)
        pieces.append(document.texts[int(token.group(1))] if token and taken_out else part.encode())
    return b" ".join(pieces)


def _whole(element: Element, name: str, default: int = -1) -> int:
    text = element.attrib.get(name, str(default)).strip()
    try:
        return int(text[:30])
    except ValueError as error:
        raise InputError(f"has {name} {text[:40]!r}, needed is a whole number; the file is damaged") from error


def _joined(parts: Sequence[MeshContent]) -> MeshContent:
    """Return several pieces as one mesh; arrays that are not in all pieces are left out."""
    starts = np.cumsum([0, *(len(part.points) for part in parts)])
    checked_count(int(starts[-1]), MOST_NODES, "nodes")
    passed_over: dict[str, int] = {}
    for part in parts:
        for kind, count in part.passed_over.items():
            passed_over[kind] = passed_over.get(kind, 0) + count
    return MeshContent(
        points=np.concatenate([part.points for part in parts]),
        tetrahedra=np.concatenate([part.tetrahedra + start for part, start in zip(parts, starts, strict=False)]),
        triangles=np.concatenate([part.triangles + start for part, start in zip(parts, starts, strict=False)]),
        format=FORMAT,
        point_arrays=_joined_arrays([part.point_arrays for part in parts]),
        tetrahedron_arrays=_joined_arrays([part.tetrahedron_arrays for part in parts]),
        triangle_arrays=_joined_arrays([part.triangle_arrays for part in parts]),
        passed_over=passed_over,
        straightened=sum(part.straightened for part in parts),
    )


def _joined_arrays(parts: Sequence[Any]) -> dict[str, FloatArray]:
    common = [name for name in parts[0] if all(name in part for part in parts)]
    return {
        name: np.concatenate([part[name] for part in parts])
        for name in common
        if len({part[name].shape[1:] for part in parts}) == 1
    }
