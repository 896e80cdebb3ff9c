"""XLI, the compression of Philips Sierra ECG files: LZW with 10-bit codes over second differences.

A compressed record is a row of chunks, one per lead. A chunk starts with 8 bytes, little-endian: length of
the packed bytes (int32), a code without known use (int16), the start value of the prediction (int16). The
packed bytes are LZW codes of 10 bits, most significant bit first. Unpacked, the first half holds the high
bytes and the second half the low bytes of one int16 per sample: the first two samples as they are, then
corrections d to the straight line through the two samples before, used one sample later and stored plus 64:

    x[i] = 2 x[i-1] - x[i-2] - c[i],    c[2] = start value,    c[i] = d[i-1] - 64

The layout is public knowledge from the sierra-ecg-tools project (https://github.com/sixlettervariables/sierra-ecg-tools).
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError

CODE_BITS: Final = 10
#: The largest code with a meaning; the all-ones code ends a chunk.
LAST_CODE: Final = (1 << CODE_BITS) - 2
#: Added to every stored correction.
CORRECTION_BIAS: Final = 64

_CHUNK_HEADER: Final = struct.Struct("<ihh")


def unpack_xli(packed: bytes, *, n_leads: int, most_samples: int) -> list[NDArray[np.int16]]:
    """Unpack the leads of a compressed record.

    Parameters
    ----------
    packed
        The chunks, as they follow from the Base64 text.
    n_leads
        Number of leads to unpack; further chunks are left alone.
    most_samples
        Largest allowed number of samples in a lead; bounds the memory that a damaged file can claim.

    Returns
    -------
    list of numpy.ndarray
        `n_leads` arrays of counts as stored, int16.

    Raises
    ------
    InputError
        When chunks are missing, cut off or damaged, or a lead is longer than `most_samples`.
    """
    leads: list[NDArray[np.int16]] = []
    offset = 0
    for number in range(1, n_leads + 1):
        if len(packed) - offset < _CHUNK_HEADER.size:
            raise InputError(
                f"the compressed signal holds {number - 1} leads where {n_leads} are announced; the file may be cut off"
            )
        size, _, start = _CHUNK_HEADER.unpack_from(packed, offset)
        offset += _CHUNK_HEADER.size
        if not 0 < size <= len(packed) - offset:
            raise InputError(
                f"the compressed signal of lead number {number} announces {size} bytes where "
                f"{len(packed) - offset} are left; the file may be damaged or cut off"
            )
        plain = expand_lzw(packed[offset : offset + size], most_bytes=2 * most_samples)
        leads.append(undo_prediction(plain, start=start))
        offset += size
    return leads


def expand_lzw(packed: bytes, *, most_bytes: int) -> bytes:
    """Expand LZW codes of 10 bits.

    Parameters
    ----------
    packed
        Codes, most significant bit first; the last bits that make no whole code are ignored.
    most_bytes
        Largest allowed length of the result.

    Returns
    -------
    bytes
        The expanded bytes.

    Raises
    ------
    InputError
        When a code refers to an entry that does not exist yet, or the result would exceed `most_bytes`.

    Notes
    -----
    Codes below 256 are single bytes; each code read adds one entry until `LAST_CODE`, after which the
    dictionary stays as it is (it is never cleared).
    """
    bits = np.unpackbits(np.frombuffer(packed, dtype=np.uint8))
    rows = bits[: bits.size // CODE_BITS * CODE_BITS].reshape(-1, CODE_BITS)
    codes: list[int] = (rows @ (1 << np.arange(CODE_BITS - 1, -1, -1))).tolist()
    entries = [bytes((value,)) for value in range(256)]
    expanded: list[bytes] = []
    length = 0
    previous = b""
    for code in codes:
        if code > LAST_CODE:
            break
        if code < len(entries):
            entry = entries[code]
        elif code == len(entries) and previous:
            entry = previous + previous[:1]
        else:
            raise InputError(
                f"the compressed signal refers to entry {code} of a dictionary of {len(entries)}; the file is damaged"
            )
        if previous and len(entries) <= LAST_CODE:
            entries.append(previous + entry[:1])
        length += len(entry)
        if length > most_bytes:
            raise InputError(
                f"the compressed signal expands to more than {most_bytes} bytes per lead, more than its "
                "stated duration needs; the file is damaged"
            )
        expanded.append(entry)
        previous = entry
    return b"".join(expanded)


def undo_prediction(plain: bytes, *, start: int) -> NDArray[np.int16]:
    """Turn the expanded bytes of one lead into counts.

    Parameters
    ----------
    plain
        High bytes of all samples, then low bytes of all samples.
    start
        First correction, from the chunk header.

    Returns
    -------
    numpy.ndarray
        Counts, int16, one per pair of bytes. Arithmetic is modulo 2**16, as in the recorder.
    """
    n_samples = (len(plain) + 1) // 2
    halves = np.frombuffer(plain.ljust(2 * n_samples, b"\x00"), dtype=np.uint8).reshape(2, n_samples)
    stored = (halves[0].astype(np.int64) << 8 | halves[1]).astype(np.uint16).view(np.int16).astype(np.int64)
    if n_samples < 3:
        short: NDArray[np.int16] = stored.astype(np.int16)
        return short
    # The recursion says: second difference = -correction. Two cumulative sums undo it without a loop.
    second = np.concatenate(([-start], CORRECTION_BIAS - stored[2:-1]))
    slopes = (stored[1] - stored[0]) + np.cumsum(second)
    counts = np.concatenate((stored[:2], stored[1] + np.cumsum(slopes)))
    wrapped: NDArray[np.int16] = counts.astype(np.int16)  # modulo 2**16
    return wrapped
