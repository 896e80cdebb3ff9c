"""The bytes of a file the user named: read once, with a size limit and plain words when it does not work."""

from __future__ import annotations

import hashlib
from pathlib import Path

from resynchro.errors import InputError

#: Largest file that is read. A 12-lead recording of 10 s takes 0.1 to 0.5 MB, so this leaves room for
#: half-hour recordings at 1 kHz and still bounds the memory that a file of unknown origin can claim.
LARGEST_FILE_MIB = 64


def read_bytes(path: Path) -> bytes:
    """Read a whole file.

    Parameters
    ----------
    path
        File to read.

    Returns
    -------
    bytes
        Its content, at least one and at most `LARGEST_FILE_MIB` MiB.

    Raises
    ------
    InputError
        When the file is missing, a folder, empty, larger than `LARGEST_FILE_MIB` MiB or cannot be opened.
    """
    largest = LARGEST_FILE_MIB * 1024 * 1024
    try:
        if not path.exists():
            raise InputError(f"{path}: there is no such file; check the path")
        if path.is_dir():
            raise InputError(f"{path}: is a folder, a file is needed; name the recording inside it")
        if not path.is_file():
            raise InputError(f"{path}: is not a regular file (a device or a pipe); copy it to a file first")
        with path.open("rb") as stream:
            # A little more than the file says it holds: asking for the limit would take that much memory every time.
            content = stream.read(min(path.stat().st_size, largest) + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        raise InputError(f"{path}: cannot be opened ({error}); check the path and its permissions") from error
    if not content:
        raise InputError(f"{path}: the file is empty (0 bytes); export the recording again")
    if len(content) > largest:
        raise InputError(
            f"{path}: the file is larger than {LARGEST_FILE_MIB} MiB, the most that is read; cut out the "
            "part of the recording to be measured and save it as a file of its own"
        )
    return content


def sha256_of(*contents: bytes) -> str:
    """Compute the SHA-256 digest of one or several contents in order, as hexadecimal text.

    Parameters
    ----------
    contents
        For WFDB header and signal files in order; for all other formats the one file.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for content in contents:
        digest.update(content)
    return digest.hexdigest()
