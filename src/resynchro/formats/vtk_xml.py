"""Pieces of VTK XML files to be written: arrays, groups of cells, the file around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resynchro.errors import InputError
from resynchro.formats.vtu_data import zlib_base64

_XML_TYPES: Final = {"f8": "Float64", "f4": "Float32", "i8": "Int64", "i4": "Int32", "u1": "UInt8"}


def checked_numbers(name: str, values: ArrayLike, count: int) -> NDArray[Any]:
    """Return an array as it is written: floats with NaN for what is not finite, whole numbers, truth values as 0 and 1.

    Raises
    ------
    InputError
        When it does not hold numbers for `count` rows.
    """
    array = np.asarray(values)
    if array.ndim not in (1, 2) or len(array) != count or array.dtype.kind not in "fiub":
        raise InputError(f"array {name!r} must hold numbers for {count} rows, got {array.dtype} of shape {array.shape}")
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    if array.dtype.kind == "f":
        return np.where(np.isfinite(array), array, np.nan).astype(
            np.float32 if array.dtype.itemsize < 8 else np.float64
        )
    return array.astype(np.int64 if array.dtype.itemsize > 4 or array.dtype.kind == "u" else np.int32)


def data_arrays(tag: str, arrays: Mapping[str, ArrayLike] | None, count: int) -> bytes:
    """Return a group of arrays with `count` rows each, for example ``PointData``."""
    inside = b"".join(data_array(name, checked_numbers(name, values, count)) for name, values in (arrays or {}).items())
    return f"<{tag}>\n".encode() + inside + f"</{tag}>\n".encode()


def cell_group(tag: str, connectivity: NDArray[np.int64], ends: NDArray[np.int64]) -> bytes:
    """Return the cells of one kind of a surface, for example ``Polys``."""
    inside = data_array("connectivity", connectivity) + data_array("offsets", ends)
    return f"<{tag}>\n".encode() + inside + f"</{tag}>\n".encode()


def data_array(name: str, values: NDArray[Any], more: str = "") -> bytes:
    """Return one array, packed."""
    kind = _XML_TYPES[values.dtype.str[1:]]
    components = f' NumberOfComponents="{values.shape[1]}"' if values.ndim == 2 else ""
    head = f'<DataArray type="{kind}" Name={quoteattr(name)}{components}{more} format="binary">\n'
    return head.encode() + zlib_base64(values) + b"\n</DataArray>\n"


def vtk_file(kind: str, piece: bytes, field_arrays: Mapping[str, ArrayLike] | None) -> bytes:
    """Return a whole file of one piece; `field_arrays` belong to the data set as a whole."""
    fields = b""
    for name, values in (field_arrays or {}).items():
        array = np.atleast_1d(np.asarray(values))
        fields += data_array(name, checked_numbers(name, array, len(array)), f' NumberOfTuples="{len(array)}"')
    head = (
        f'<?xml version="1.0"?>\n<VTKFile type="{kind}" version="1.0" byte_order="LittleEndian" header_type="UInt64" '
        f'compressor="vtkZLibDataCompressor">\n<{kind}>\n'
    )
    inside = b"<FieldData>\n" + fields + b"</FieldData>\n" if fields else b""
    return head.encode() + inside + piece + f"</{kind}>\n</VTKFile>\n".encode()
