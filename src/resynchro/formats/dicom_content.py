"""Opening a DICOM file that may be hostile or broken, and reading its elements without surprises.

pydicom converts elements when they are first looked at and raises errors of many kinds on damaged ones,
without a common base (struct.error, its own BytesLengthException, ArithmeticError, RecursionError and more).
Every look at a data set goes through this module: what cannot be read is None (or empty), never an exception.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterable
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Final

from resynchro.errors import InputError
from resynchro.formats.file_bytes import LARGEST_FILE_MIB

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

FORMAT: Final = "DICOM"

_DEFLATED: Final = b"1.2.840.10008.1.2.1.99"


def open_dicom(content: bytes) -> Dataset:
    """Parse a DICOM file.

    Parameters
    ----------
    content
        The bytes of the file, with or without preamble.

    Returns
    -------
    pydicom.dataset.Dataset
        The data set; elements are converted when looked at.

    Raises
    ------
    InputError
        When the structure is damaged, or a deflated data set expands beyond the largest file that is read.
    """
    import pydicom

    try:
        # pydicom inflates without a limit, so a deflated data set is inflated here.
        if _DEFLATED in content:
            return _deflated(content)
        return pydicom.dcmread(BytesIO(content), force=True)
    except InputError:
        raise
    except Exception as error:  # see the head of this file
        raise InputError(f"{FORMAT}: the file is damaged or cut off ({str(error)[:200]})") from error


def _deflated(content: bytes) -> Dataset:
    from pydicom.filereader import read_dataset

    stream = BytesIO(content)
    stream.seek(132 if content[128:132] == b"DICM" else 0)
    meta = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag.group != 2)
    if text(meta, "TransferSyntaxUID") != _DEFLATED.decode():
        raise InputError(
            f"{FORMAT}: the transfer syntax is unclear (the deflated one is named, but not in its place); "
            "save the file again, uncompressed"
        )
    most_bytes = LARGEST_FILE_MIB * 1024 * 1024
    inflate = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    plain = inflate.decompress(content[stream.tell() :], most_bytes)
    if inflate.unconsumed_tail:
        raise InputError(
            f"{FORMAT}: the deflated data set is larger than {LARGEST_FILE_MIB} MiB, the most that is read"
        )
    return read_dataset(BytesIO(plain), False, True)


def is_little_endian(dataset: Dataset) -> bool:
    """Return whether the numbers of a data set are stored little-endian (all but one old transfer syntax)."""
    return dataset.original_encoding[1] is not False


def text(dataset: Dataset, keyword: str) -> str | None:
    """Return an element as stripped text; None where it is missing, empty or damaged."""
    found = _value(dataset, keyword)
    stripped = str(found).strip("\x00 \t\r\n") if found is not None else ""
    return stripped or None


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return an element as a finite number; None where it is missing or none."""
    numbers = number_list(dataset, keyword)
    return numbers[0] if numbers else None


def number_list(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """Return all values of an element as finite numbers; empty where one of them is none."""
    found = _value(dataset, keyword)
    if found is None or isinstance(found, bytes):
        return ()
    items = list(found) if isinstance(found, Iterable) and not isinstance(found, str) else [found]
    try:
        numbers = tuple(float(str(item)) for item in items)
    except (ArithmeticError, TypeError, ValueError):
        return ()
    return numbers if all(math.isfinite(value) for value in numbers) else ()


def data_bytes(dataset: Dataset, keyword: str) -> bytes:
    """Return an element of bytes; empty where it is missing or of another kind."""
    found = _value(dataset, keyword)
    return found if isinstance(found, bytes) else b""


def sequence(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence; empty where it is missing or damaged."""
    from pydicom.dataset import Dataset as PydicomDataset

    found = _value(dataset, keyword)
    try:
        return [item for item in found or () if isinstance(item, PydicomDataset)]  # type: ignore[attr-defined]
    except TypeError:
        return []


def moment(dataset: Dataset) -> datetime | None:
    """Return when the data were acquired (local time of the recorder), or None where that is not stated."""
    candidates = [text(dataset, "AcquisitionDateTime")]
    for kind in ("Acquisition", "Content", "Study"):
        date = text(dataset, f"{kind}Date")
        candidates.append(None if date is None else date + (text(dataset, f"{kind}Time") or ""))
    return next((found for candidate in candidates if (found := day(candidate)) is not None), None)


def day(stated: str | None) -> datetime | None:
    """Return a DICOM date or date and time (fractions and time zone left out); None where it is neither."""
    digits = re.split(r"[.+-]", stated or "", maxsplit=1)[0].strip()
    for style, length in (("%Y%m%d%H%M%S", 14), ("%Y%m%d%H%M", 12), ("%Y%m%d", 8)):
        if len(digits) == length and digits.isdecimal():
            try:
                return datetime.strptime(digits, style)
            except ValueError:
                return None
    return None


def _value(dataset: Dataset, keyword: str) -> object:
    try:
        return dataset[keyword].value if keyword in dataset else None
    except Exception:  # see the head of this file
        return None
