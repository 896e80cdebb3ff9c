"""Writing a file as a whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from resynchro.errors import InputError


def write_file(path: str | Path, content: str | bytes) -> Path:
    """Write a file in one step: to a new file beside it, then moved into place.

    Parameters
    ----------
    path
        File to write; its folder is made when it does not exist, a file there is replaced.
    content
        Text (written as UTF-8 with newlines as they are) or bytes.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        When it cannot be written; nothing half-written is left, and what stood there stays.
    """
    path = Path(path)
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            part.chmod(0o644)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: cannot be written ({error}); check the folder and its permissions, or give another one"
        ) from error
    return path
