"""Huffman codes of SCP-ECG: the standard's default table, the file's own tables, and their decoder.

A code structure is a prefix (found in the bit stream, most significant bit first), an optional number of
plain bits after it that hold a signed value, and a base value that is added. A structure can also mean "go on
with table k" instead of a sample. EN 1064:2005+A1:2007, clause 5.5 and annex C.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError

IntArray = NDArray[np.int64]

#: Number in section 2 that stands for the default table.
DEFAULT_TABLE = 19999
_MAX_TABLES = 8
_MAX_CODES = 4096
_MAX_PREFIX_BITS = 32
_MAX_VALUE_BITS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class HuffmanCode:
    """One code structure.

    Attributes
    ----------
    prefix
        The prefix as a number whose most significant of `prefix_bits` bits comes first in the stream.
    value_bits
        Plain bits after the prefix, a two's complement number that is added to `base_value`.
    switch_to
        Number of the table (counted from 1) with which decoding goes on, or 0 for a sample.
    """

    prefix: int
    prefix_bits: int
    value_bits: int = 0
    base_value: int = 0
    switch_to: int = 0


class HuffmanTable:
    """A prefix-free code, arranged for decoding many bit positions at once.

    Raises
    ------
    InputError
        When no code is given, a length is out of range or one prefix begins another.
    """

    def __init__(self, codes: list[HuffmanCode]) -> None:
        if not 0 < len(codes) <= _MAX_CODES:
            raise InputError(
                f"SCP-ECG section 2: a Huffman table holds {len(codes)} codes, allowed are 1 to {_MAX_CODES}"
            )
        for code in codes:
            if not (1 <= code.prefix_bits <= _MAX_PREFIX_BITS and 0 <= code.value_bits <= _MAX_VALUE_BITS):
                raise InputError(
                    f"SCP-ECG section 2: a Huffman code has {code.prefix_bits} prefix and {code.value_bits} "
                    f"value bits, allowed are 1 to {_MAX_PREFIX_BITS} and 0 to {_MAX_VALUE_BITS}; the file "
                    "is damaged"
                )
        # Left-aligned in 32 bits, each prefix owns one interval of numbers; prefix-free means no overlap.
        ordered = sorted(codes, key=lambda code: code.prefix << (32 - code.prefix_bits))
        self._starts = np.array([code.prefix << (32 - code.prefix_bits) for code in ordered], dtype=np.int64)
        self._spans = np.array([1 << (32 - code.prefix_bits) for code in ordered], dtype=np.int64)
        if np.any(self._starts[:-1] + self._spans[:-1] > self._starts[1:]):
            raise InputError("SCP-ECG section 2: one Huffman prefix begins another; the file is damaged")
        self._prefix_bits = np.array([code.prefix_bits for code in ordered], dtype=np.int64)
        self._value_bits = np.array([code.value_bits for code in ordered], dtype=np.int64)
        self._base_values = np.array([code.base_value for code in ordered], dtype=np.int64)
        self._switch_to = np.array([code.switch_to for code in ordered], dtype=np.int64)

    def match(self, windows: IntArray) -> IntArray:
        """Find the code that begins at each bit position.

        Parameters
        ----------
        windows
            Shape (n,): the 32 bits from each position on.

        Returns
        -------
        IntArray
            Shape (n,): index of the code, -1 where none fits.
        """
        index = np.searchsorted(self._starts, windows, side="right") - 1
        fits = (index >= 0) & (windows - self._starts[index] < self._spans[index])
        return np.where(fits, index, -1)

    def steps(self, match: IntArray) -> IntArray:
        """Return the bits that the code at each position takes, 0 where none fits."""
        taken: IntArray = np.where(match >= 0, (self._prefix_bits + self._value_bits)[match], 0)
        return taken

    def switches(self, match: IntArray) -> IntArray:
        """Return the table (from 1) to which the code at each position switches, 0 for none."""
        target: IntArray = np.where(match >= 0, self._switch_to[match], 0)
        return target

    def values(self, match: IntArray, positions: IntArray, windows: IntArray) -> IntArray:
        """Return the samples of the codes at the given positions, shape (n_positions,)."""
        code = match[positions]
        value_bits = self._value_bits[code]
        after = np.minimum(positions + self._prefix_bits[code], windows.size - 1)
        plain = windows[after] >> (32 - value_bits)
        sign = np.where(value_bits > 0, np.left_shift(1, np.maximum(value_bits - 1, 0)), 0)
        samples: IntArray = self._base_values[code] + (plain ^ sign) - sign
        return samples


@cache
def default_table() -> HuffmanTable:
    """Return the default table of EN 1064 annex C.

    0 is ``0``; +-n (1 to 8) is n ones, a zero and a sign bit; nine ones and a zero announce 8 plain bits, ten
    ones 16 plain bits.
    """
    codes = [HuffmanCode(prefix=0, prefix_bits=1)]
    for size in range(1, 9):
        ones_zero = ((1 << size) - 1) << 1
        codes.append(HuffmanCode(prefix=ones_zero << 1, prefix_bits=size + 2, base_value=size))
        codes.append(HuffmanCode(prefix=(ones_zero << 1) | 1, prefix_bits=size + 2, base_value=-size))
    codes.append(HuffmanCode(prefix=0b1111111110, prefix_bits=10, value_bits=8))
    codes.append(HuffmanCode(prefix=0b1111111111, prefix_bits=10, value_bits=16))
    return HuffmanTable(codes)


def huffman_tables(payload: bytes) -> tuple[HuffmanTable, ...]:
    """Read section 2.

    Parameters
    ----------
    payload
        The section without its 16-byte header; empty when the file has no section 2.

    Returns
    -------
    tuple of HuffmanTable
        Empty when samples are stored as plain 16-bit numbers.

    Raises
    ------
    InputError
        When the tables are cut off or make no sense.
    """
    if len(payload) < 2:
        return ()
    (count,) = struct.unpack_from("<H", payload)
    if count == DEFAULT_TABLE:
        return (default_table(),)
    if count > _MAX_TABLES:
        raise InputError(
            f"SCP-ECG section 2: {count} Huffman tables, allowed are 0 to {_MAX_TABLES} or {DEFAULT_TABLE} "
            "for the default table; the file is damaged"
        )
    tables = []
    offset = 2
    for _ in range(count):
        codes, offset = _codes(payload, offset)
        tables.append(HuffmanTable(codes))
    for table in tables:
        if np.any(table._switch_to > count):
            raise InputError("SCP-ECG section 2: a Huffman code switches to a table that is not there")
    return tuple(tables)


def _codes(payload: bytes, offset: int) -> tuple[list[HuffmanCode], int]:
    """Read the code structures of one table and the offset behind them."""
    if offset + 2 > len(payload):
        raise InputError("SCP-ECG section 2: the Huffman tables are cut off; the file is damaged")
    (n_codes,) = struct.unpack_from("<H", payload, offset)
    offset += 2
    if offset + 9 * n_codes > len(payload):
        raise InputError("SCP-ECG section 2: the Huffman tables are cut off; the file is damaged")
    codes = []
    for _ in range(n_codes):
        prefix_bits, all_bits, is_sample, base_value, stored = struct.unpack_from("<BBBhI", payload, offset)
        offset += 9
        codes.append(
            HuffmanCode(
                prefix=_reversed_bits(stored, min(prefix_bits, _MAX_PREFIX_BITS)),
                prefix_bits=prefix_bits,
                value_bits=max(all_bits - prefix_bits, 0) if is_sample else 0,
                base_value=base_value if is_sample else 0,
                switch_to=0 if is_sample else max(base_value, 1),
            )
        )
    return codes, offset


def _reversed_bits(stored: int, count: int) -> int:
    """Turn a prefix around: the file stores the first bit of the stream as the least significant one."""
    return int(f"{stored & ((1 << count) - 1):0{count}b}"[::-1], 2) if count else 0


def decode_samples(data: bytes, tables: tuple[HuffmanTable, ...], count: int) -> IntArray:
    """Decode the numbers stored for one lead.

    Parameters
    ----------
    data
        The lead's bytes.
    tables
        From `huffman_tables`; empty for plain little-endian 16-bit numbers. Every lead starts with the first
        one.
    count
        Number of samples wanted.

    Returns
    -------
    IntArray
        At most `count` samples; fewer when the data end before or hold a bit pattern that is no code.
    """
    if not data or count <= 0:
        return np.zeros(0, dtype=np.int64)
    if not tables:
        whole = min(count, len(data) // 2)
        return np.frombuffer(data, dtype="<i2", count=whole).astype(np.int64)
    windows = _windows(data)
    matches = [table.match(windows[:-1]) for table in tables]
    states = _path(tables, matches, count)
    table_numbers, positions = np.divmod(states, windows.size)
    samples = np.zeros(states.size, dtype=np.int64)
    for number, table in enumerate(tables):
        mine = table_numbers == number
        samples[mine] = table.values(matches[number], positions[mine], windows)
    return samples


def _path(tables: tuple[HuffmanTable, ...], matches: list[IntArray], count: int) -> IntArray:
    """Follow the codes from the first bit on, by doubling instead of one by one.

    A state is (table, bit position), numbered table * (n_bits + 1) + position; one more state is the end.
    With the state after 2^k codes known for every state, the first 2^k states of the path give the next 2^k.

    Returns
    -------
    IntArray
        The states of at most `count` samples, in order.
    """
    n_bits = matches[0].size
    end = len(tables) * (n_bits + 1)
    follow = np.full(end + 1, end, dtype=np.int64)
    is_sample = np.zeros(end + 1, dtype=np.bool_)
    for number, (table, match) in enumerate(zip(tables, matches, strict=True)):
        steps, switches = table.steps(match), table.switches(match)
        behind = np.arange(n_bits) + steps
        fits = (steps > 0) & (behind <= n_bits)
        next_table = np.where(switches > 0, switches - 1, number)
        here = slice(number * (n_bits + 1), number * (n_bits + 1) + n_bits)
        follow[here] = np.where(fits, next_table * (n_bits + 1) + behind, end)
        is_sample[here] = fits & (switches == 0)
    path = np.zeros(1, dtype=np.int64)
    while path[-1] != end and np.count_nonzero(is_sample[path]) < count:
        path = np.concatenate((path, follow[path]))
        follow = follow[follow]
    states: IntArray = path[is_sample[path]][:count]
    return states


def _windows(data: bytes) -> IntArray:
    """Return the 32 bits from every bit position on, zeros behind the end; shape (8 * len(data) + 1,)."""
    padded = np.frombuffer(data + bytes(6), dtype=np.uint8).astype(np.int64)
    # 40 bits from every byte on hold the 32 bits from each of its 8 bit positions on.
    forty = np.zeros(len(data) + 1, dtype=np.int64)
    for k in range(5):
        forty |= padded[k : k + len(data) + 1] << (32 - 8 * k)
    shifts = np.arange(8, 0, -1)
    return ((forty[:, None] >> shifts) & 0xFFFFFFFF).ravel()[: 8 * len(data) + 1]


def undo_differences(stored: IntArray, order: int) -> IntArray:
    """Restore samples from their first or second differences.

    Parameters
    ----------
    stored
        Shape (n,): the samples themselves (order 0); the first sample and first differences (1); the first
        two samples and second differences (2).
    order
        0, 1 or 2.

    Returns
    -------
    IntArray
        Shape (n,), in the range of 16-bit numbers.

    Notes
    -----
    SCP-ECG samples are 16-bit numbers, while differences of large steps are not and reach the file wrapped
    around; wrapping the sum around in the same way restores the sample exactly.
    """
    samples = stored.copy()
    if order == 2 and samples.size > 1:
        samples[1] -= samples[0]
        samples[1:] = np.cumsum(samples[1:])
    if order > 0:
        samples = np.cumsum(samples)
    return ((samples + 0x8000) & 0xFFFF) - 0x8000
