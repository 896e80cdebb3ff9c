"""MATLAB 5 to 7.2 files, read without trust: numbers, text, cells and structures, nothing else.

The format is MathWorks' published "MAT-File Format" (level 5). Written here because the reader of scipy crashes the
whole program (segmentation fault) on damaged files.
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from resynchro.errors import InputError

#: What the compressed parts of a file may unpack to together.
MOST_UNPACKED: Final = 512 * 1024 * 1024
_MOST_PARTS: Final = 10_000
_MOST_ARRAYS: Final = 1_000_000
_DEEPEST: Final = 24
_COMPRESSED, _MATRIX, _INT8, _UINT8, _UINT16, _UTF8, _UTF16, _UTF32 = 15, 14, 1, 2, 4, 16, 17, 18
_STORED: Final = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
    16: "u1",
    17: "u2",
    18: "u4",
}
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMBERS: Final = range(6, 16)
_SEVEN_THREE: Final = (b"MATLAB 7.3", b"\x89HDF")


@dataclass(slots=True)
class _Reader:
    """The bytes of one part, their byte order, and how many arrays were read so far."""

    data: bytes
    order: Literal["<", ">"]
    arrays: int = 0


def is_mat(content: bytes) -> bool:
    """Tell whether a file is a MATLAB file (5 or 7.3)."""
    return content.startswith((b"MATLAB 5.0", *_SEVEN_THREE))


def mat_variable(content: bytes, name: str) -> Any:
    """Read one variable.

    Parameters
    ----------
    content
        The bytes of the file.
    name
        Name of the variable.

    Returns
    -------
    object
        Numbers as an array (first index fastest in the file, shape as in MATLAB), text as str, a cell array as a
        list, a structure array as a list of dictionaries with field names in lower case; None for anything else.
        Arrays of more than one column are listed column by column.

    Raises
    ------
    InputError
        For HDF5 (7.3) files, damaged ones, those that unpack to more than 512 MiB, and a missing variable.
    """
    if content.startswith(_SEVEN_THREE):
        raise InputError("the file is MATLAB 7.3 (HDF5), which is not read; save it with the option -v7")
    if len(content) < 136 or content[126:128] not in (b"IM", b"MI"):
        raise InputError("the header of the MATLAB file is cut off; copy the file again")
    order: Literal["<", ">"] = "<" if content[126:128] == b"IM" else ">"
    try:
        return _variable(content, order, name)
    except (struct.error, ValueError, OverflowError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(f"the MATLAB file is damaged ({type(error).__name__}: {error}); copy it again") from error


def _variable(content: bytes, order: Literal["<", ">"], name: str) -> Any:
    place, unpacked = 128, 0
    for _ in range(_MOST_PARTS):
        if place + 8 > len(content):
            raise InputError(f"the MATLAB file has no variable {name}; save it again")
        kind, size = struct.unpack_from(f"{order}II", content, place)
        start, place = place, place + 8 + size
        if place > len(content):
            raise InputError("the MATLAB file is cut off; copy it again")
        if kind == _COMPRESSED:
            part = _unpacked(content[start + 8 : place], MOST_UNPACKED - unpacked)
            unpacked += len(part)
            reader, start = _Reader(part, order), 0
        elif kind == _MATRIX:
            reader = _Reader(content, order)
        else:
            continue
        found, value = _matrix(reader, start, 0, name)
        if found == name:
            return value
    raise InputError(f"the MATLAB file holds more than {_MOST_PARTS} parts; save the variable alone")


def _unpacked(packed: bytes, most: int) -> bytes:
    inflate = zlib.decompressobj()
    data = inflate.decompress(packed, max(most, 1))
    if not inflate.eof:
        if inflate.unconsumed_tail:
            raise InputError(
                f"the MATLAB file unpacks to more than {MOST_UNPACKED // 1048576} MiB; save the variable alone"
            )
        raise InputError("a part of the MATLAB file is cut off; copy it again")
    return data


def _element(reader: _Reader, place: int) -> tuple[int, int, int, int]:
    """Return kind, place and size of the data of an element, and the place of the next."""
    first, size = struct.unpack_from(f"{reader.order}II", reader.data, place)
    if first >> 16:  # up to four bytes stand within the tag
        kind, size, start, following = first & 0xFFFF, first >> 16, place + 4, place + 8
        if size > 4:
            raise ValueError("a short element is longer than 4 bytes")
    else:
        kind, start = first, place + 8
        following = start + size + (-size % 8)
    if start + size > len(reader.data):
        raise ValueError("an element reaches beyond its part")
    return kind, start, size, following


def _numbers(reader: _Reader, place: int) -> tuple[Any, int]:
    """Return the numbers of an element as they are stored, and the place of the next element."""
    kind, start, size, following = _element(reader, place)
    if kind not in _STORED:
        raise ValueError(f"element kind {kind} where numbers are needed")
    stored = np.dtype(_STORED[kind]).newbyteorder(reader.order)
    return np.frombuffer(reader.data, dtype=stored, count=size // stored.itemsize, offset=start), following


def _letters(reader: _Reader, place: int) -> tuple[bytes, int]:
    """Return the bytes of an element that holds a name, and the place of the next element."""
    kind, start, size, following = _element(reader, place)
    if kind not in (_INT8, _UINT8, _UTF8):
        raise ValueError(f"element kind {kind} where a name is needed")
    return reader.data[start : start + size], following


def _matrix(reader: _Reader, place: int, depth: int, wanted: str | None = None) -> tuple[str, Any]:
    """Return name and value of an array; the value is skipped where another name is wanted."""
    reader.arrays += 1
    if depth > _DEEPEST or reader.arrays > _MOST_ARRAYS:
        raise InputError(
            f"the MATLAB file nests deeper than {_DEEPEST} levels or holds more than {_MOST_ARRAYS} arrays; "
            "save the variable alone"
        )
    kind, place, size, _ = _element(reader, place)
    if kind != _MATRIX:
        raise ValueError(f"element kind {kind} where an array is needed")
    if size == 0:
        return "", np.empty((0, 0))
    flags, place = _numbers(reader, place)
    dims, place = _numbers(reader, place)
    letters, place = _letters(reader, place)
    name = letters.decode("latin-1")
    if flags.dtype.kind not in "ui" or dims.dtype.kind not in "ui":
        raise ValueError("flags or dimensions of an array are no whole numbers")
    shape = tuple(int(length) for length in dims)
    count = math.prod(shape)
    if len(flags) < 1 or len(shape) < 2 or min(shape) < 0 or count > len(reader.data):
        raise ValueError(f"an array of shape {shape[:4]} cannot be in the file")
    if wanted is not None and name != wanted:
        return name, None
    kind = int(flags[0]) % 256
    if kind == _CELL:
        return name, _items(reader, place, count, depth)
    if kind == _STRUCT:
        return name, _structures(reader, place, count, depth)
    if kind == _CHAR:
        return name, _text(reader, place, shape)
    if kind in _NUMBERS:
        values, _ = _numbers(reader, place)
        return name, values.reshape(shape, order="F")
    return name, None


def _items(reader: _Reader, place: int, count: int, depth: int) -> list[Any]:
    items = []
    for _ in range(count):
        items.append(_matrix(reader, place, depth + 1)[1])
        place = _element(reader, place)[3]
    return items


def _structures(reader: _Reader, place: int, count: int, depth: int) -> list[dict[str, Any]]:
    lengths, place = _numbers(reader, place)
    packed, place = _letters(reader, place)
    if len(lengths) != 1 or not 1 <= lengths[0] <= 256:
        raise ValueError("the field names of a structure have no length")
    width = int(lengths[0])
    names = [
        packed[start : start + width].split(b"\x00", 1)[0].decode("latin-1").lower()
        for start in range(0, len(packed), width)
    ]
    if count * len(names) > len(reader.data):
        raise ValueError("a structure has more fields than the file has bytes")
    values = _items(reader, place, count * len(names), depth)
    return [
        dict(zip(names, values[number * len(names) : (number + 1) * len(names)], strict=True))
        for number in range(count)
    ]


def _text(reader: _Reader, place: int, shape: tuple[int, ...]) -> str:
    """Return text; the rows of a table of letters become lines."""
    kind, start, size, _ = _element(reader, place)
    order = "le" if reader.order == "<" else "be"
    coding = {_UTF8: "utf-8", _UTF16: f"utf-16-{order}", _UTF32: f"utf-32-{order}", _UINT16: f"utf-16-{order}"}
    text = reader.data[start : start + size].decode(coding.get(kind, "latin-1"), errors="replace")
    rows = shape[0]
    return text if rows <= 1 else "\n".join(text[row::rows] for row in range(rows))
