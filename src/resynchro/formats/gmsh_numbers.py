"""The numbers of one section of a gmsh file, taken one after the other, from text or from bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.formats.mesh_numbers import binary_numbers, text_numbers


@dataclass(slots=True)
class GmshNumbers:
    """A place in one section.

    Attributes
    ----------
    content, at, end
        Bytes of the file, the place, and the end of the section.
    text
        Whether numbers are text.
    order
        ``<`` or ``>``, of numbers as bytes.
    size_bytes
        Bytes of the numbers that count things (4 or 8).
    """

    content: bytes
    at: int
    end: int
    text: bool
    order: str
    size_bytes: int
    parsed: NDArray[np.float64] | None = None
    parsed_at: int = 0

    def line(self) -> str:
        """Return the next line of text."""
        stop = self.content.find(b"\n", self.at, self.end)
        stop = self.end if stop < 0 else stop
        if self.at >= self.end or stop - self.at > 4096:
            raise InputError("has a section that ends before its last line; the file is damaged or was cut off")
        line = self.content[self.at : stop].decode("utf-8", errors="replace").strip()
        self.at = stop + 1
        return line

    def rest(self) -> bytes:
        """Return what is left of the section."""
        return self.content[self.at : self.end]

    def floats(self, count: int, what: str) -> NDArray[np.float64]:
        """Return the next numbers as floats (text: of any kind; bytes: doubles)."""
        if not self.text:
            return self._bytes(count, "f8", what).astype(np.float64)
        if self.parsed is None:  # 53 bits hold every number of a node or an element
            self.parsed = text_numbers(self.rest(), np.float64, what)
        values = self.parsed[self.parsed_at : self.parsed_at + max(count, 0)]
        if count < 0 or len(values) < count:
            raise InputError(f"announces {count} numbers for the {what} and holds {len(values)}; it may be cut off")
        self.parsed_at += count
        return values

    def integers(self, count: int, what: str) -> NDArray[np.int64]:
        """Return the next numbers of type int."""
        if not self.text:
            return self._bytes(count, "i4", what).astype(np.int64)
        return whole_numbers(self.floats(count, what), what)

    def sizes(self, count: int, what: str) -> NDArray[np.int64]:
        """Return the next numbers of the type that counts things."""
        if not self.text:
            values = self._bytes(count, f"u{self.size_bytes}", what)
            if values.size and int(values.max()) > 2**53:
                raise InputError(f"has a number beyond 2^53 among the {what}; the file is damaged")
            return values.astype(np.int64)
        return whole_numbers(self.floats(count, what), what)

    def rows(self, count: int, dtype: np.dtype[Any], what: str) -> NDArray[Any]:
        """Return the next rows of mixed numbers, from bytes."""
        values = binary_numbers(self.content, self.at, count, dtype, what)
        self.at += values.nbytes
        return values

    def _bytes(self, count: int, code: str, what: str) -> NDArray[Any]:
        return self.rows(count, np.dtype(self.order + code), what)


def whole_numbers(values: NDArray[np.float64], what: str) -> NDArray[np.int64]:
    """Return floats as whole numbers.

    Raises
    ------
    InputError
        When some are not whole, not finite or beyond 2^53.
    """
    if not np.all(np.abs(values) <= 2.0**53) or np.any(values != np.rint(values)):
        raise InputError(f"has numbers among the {what} that are not whole; the file is damaged")
    return values.astype(np.int64)
