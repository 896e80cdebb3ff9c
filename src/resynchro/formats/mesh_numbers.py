"""Numbers in mesh files, as text or as bytes: never more than the bytes at hand can hold."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError


def text_numbers(text: bytes, dtype: type[np.generic], what: str) -> NDArray[Any]:
    """Return all numbers of a text, parted by white space.

    Parameters
    ----------
    text
        ``b"1 2.5 3\\n4"``; may be blank.
    dtype
        ``np.int64`` or ``np.float64``.
    what
        For the message.

    Raises
    ------
    InputError
        When there is anything else in it.
    """
    if not text.strip():  # numpy reads a blank text as one number in some versions
        return np.zeros(0, dtype=dtype)
    if b"\x00" in text:
        raise InputError(f"has bytes that are no text among the {what}; the file is damaged")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # numpy below 2.3 warns and returns what it understood
            return np.fromstring(text, dtype=dtype, sep=" ")
    except (ValueError, DeprecationWarning) as error:
        raise InputError(f"has words where numbers should be among the {what}; the file is damaged") from error


def binary_numbers(content: bytes, start: int, count: int, dtype: np.dtype[Any], what: str) -> NDArray[Any]:
    """Return numbers that stand as bytes in a content; a view, nothing is copied.

    Raises
    ------
    InputError
        When the content ends before the last one.
    """
    if count < 0 or start < 0 or count * dtype.itemsize > len(content) - start:
        raise InputError(
            f"announces {count} numbers of {dtype.itemsize} bytes for the {what} and holds "
            f"{max(0, len(content) - start)} bytes there; the file is damaged or was cut off"
        )
    return np.frombuffer(content, dtype=dtype, count=count, offset=start)
