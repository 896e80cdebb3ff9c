"""Blocks of numbers in VTK XML files: base64 or raw, packed by zlib or lzma or not at all; reading and writing."""

from __future__ import annotations

import base64 as base64_coding
import binascii
import lzma
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError

COMPRESSORS: Final = ("", "vtkZLibDataCompressor", "vtkLZMADataCompressor")
#: VTK packs 32 KiB a block, so that this many hold 32 GiB.
_MOST_BLOCKS: Final = 1_000_000
_MOST_LZMA_BYTES: Final = 128 * 1024 * 1024
_BLOCK_BYTES: Final = 32768


@dataclass(frozen=True, slots=True)
class PackedData:
    """How the numbers of one file are packed: byte order (``<`` or ``>``), type of lengths, compressor."""

    order: str
    header: np.dtype[Any]
    compressor: str

    def numbers(self, data: memoryview, dtype: np.dtype[Any], size: int, *, base64: bool) -> NDArray[Any]:
        """Return the numbers of the array that begins where `data` begins.

        Parameters
        ----------
        data
            Characters (base64) or bytes; what stands behind the array is not looked at.
        dtype, size
            Type and number of the numbers: no more bytes than these need are ever unpacked.
        base64
            Whether `data` are characters.

        Raises
        ------
        InputError
            When the lengths contradict each other, or the data end early or do not unpack.
        """
        needed = size * dtype.itemsize
        try:
            unpacked = self._packed(data, needed, base64) if self.compressor else self._plain(data, needed, base64)
        except (binascii.Error, zlib.error, lzma.LZMAError, ValueError, EOFError) as error:
            raise InputError(f"does not unpack ({error}); the file is damaged or was cut off") from error
        if len(unpacked) != needed:
            raise InputError(f"holds {len(unpacked)} bytes, needed are {needed}; the file is damaged or was cut off")
        return np.frombuffer(unpacked, dtype=dtype)

    def _plain(self, data: memoryview, needed: int, base64: bool) -> bytes:
        width = self.header.itemsize
        if not base64:
            self._announced(bytes(data[:width]), needed)
            return bytes(data[width : width + needed])
        first = bytes(data[: _characters(width)])
        self._announced(_decoded(first)[:width], needed)
        if first.endswith(b"="):  # the length was written as a word of its own
            return _decoded(bytes(data[len(first) : len(first) + _characters(needed)]))
        return _decoded(bytes(data[: _characters(width + needed)]))[width:]

    def _announced(self, header: bytes, needed: int) -> None:
        if len(header) < self.header.itemsize:
            raise InputError("ends before its length; the file was cut off")
        announced = int(np.frombuffer(header, dtype=self.header, count=1)[0])
        if announced != needed:
            raise InputError(f"announces {announced} bytes, needed are {needed}; the file is damaged")

    def _packed(self, data: memoryview, needed: int, base64: bool) -> bytes:
        width = self.header.itemsize
        first = self._lengths(data, 1, base64)
        blocks = int(first[0])
        if not 0 <= blocks <= _MOST_BLOCKS:
            raise InputError(f"announces {blocks} blocks, allowed are 0 to {_MOST_BLOCKS}; the file is damaged")
        if blocks == 0:
            return b""
        header = self._lengths(data, 3 + blocks, base64)
        full, last, sizes = int(header[1]), int(header[2]), header[3:].astype(np.int64)
        lengths = [full] * (blocks - 1) + [last or full]
        if full < 0 or last < 0 or sum(lengths) != needed or int(sizes.min()) < 0:
            raise InputError(f"announces {sum(lengths)} bytes unpacked, needed are {needed}; the file is damaged")
        start = _characters(width * len(header)) if base64 else width * len(header)
        ends = np.cumsum(sizes)
        length = int(ends[-1])
        if length > len(data):
            raise InputError(f"announces {length} packed bytes and holds {len(data)}; the file was cut off")
        body = data[start : start + (_characters(length) if base64 else length)]
        packed = memoryview(_decoded(bytes(body)) if base64 else bytes(body))
        parts = []
        for begin, end, size in zip(ends - sizes, ends, lengths, strict=True):
            parts.append(self._unpacked(packed[int(begin) : int(end)], size))
        return b"".join(parts)

    def _lengths(self, data: memoryview, count: int, base64: bool) -> NDArray[Any]:
        width = count * self.header.itemsize
        raw = _decoded(bytes(data[: _characters(width)])) if base64 else bytes(data[:width])
        if len(raw) < width:
            raise InputError("ends before its lengths; the file was cut off")
        return np.frombuffer(raw, dtype=self.header, count=count)

    def _unpacked(self, block: memoryview, size: int) -> bytes:
        """Return one block unpacked, never more than a byte beyond the announced size."""
        if self.compressor == "vtkZLibDataCompressor":
            found = zlib.decompressobj().decompress(block, size + 1)
        else:
            found = lzma.LZMADecompressor(memlimit=_MOST_LZMA_BYTES).decompress(bytes(block), size + 1)
        if len(found) != size:
            raise InputError(f"has a block that unpacks to other than the announced {size} bytes; the file is damaged")
        return found


def _characters(count: int) -> int:
    """Return how many base64 characters hold so many bytes."""
    return 4 * ((count + 2) // 3)


def _decoded(characters: bytes) -> bytes:
    return base64_coding.b64decode(characters[: len(characters) // 4 * 4], validate=True)


def zlib_base64(values: NDArray[Any]) -> bytes:
    """Return an array as VTK XML files hold it: little endian, zlib blocks, base64, lengths as UInt64."""
    data = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<")).tobytes()
    blocks: Sequence[bytes] = [data[start : start + _BLOCK_BYTES] for start in range(0, len(data), _BLOCK_BYTES)]
    packed = [zlib.compress(block, 4) for block in blocks]
    last = len(data) % _BLOCK_BYTES
    header = np.array([len(blocks), _BLOCK_BYTES, last, *(len(block) for block in packed)], dtype="<u8")
    return base64_coding.b64encode(header.tobytes()) + base64_coding.b64encode(b"".join(packed))
