"""The files that a case names: inside the folder, there, and regular."""

from __future__ import annotations

import difflib
import os
import re
from itertools import islice
from pathlib import Path

from resynchro.formats.case_problem import shown_value

#: Names that are looked at for a suggestion; a folder of a cine study can hold thousands.
_NAMES_LOOKED_AT = 2000


def inside_folder(folder: Path, name: str) -> tuple[Path | None, str]:
    """Find a file or folder that a case names, without ever leaving the case folder.

    Parameters
    ----------
    folder
        The case folder.
    name
        What the case file says.

    Returns
    -------
    tuple
        The path below `folder` and an empty text, or None and the reason why it cannot be used.
    """
    found = f"found {shown_value(name)}"
    if name.startswith(("/", "\\", "~")) or re.match(r"[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]+://", name):
        return (
            None,
            f"{found}, allowed is a path inside the case folder: copy the file there and name it, "
            "for example ecg/baseline.xml",
        )
    if "\\" in name:
        return (
            None,
            f"{found}, allowed are forward slashes only: write {shown_value(name.replace(chr(92), '/'))}",
        )
    if ".." in name.split("/"):
        return None, f"{found}, which leaves the case folder: copy the file into it and name the copy"
    path = folder / name
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            return None, f"{found}, a link that leaves the case folder: copy the file itself into it"
        if not path.exists():
            return None, f"{found}, but there is no such file in the case folder{_nearest(folder, path)}"
        if not (path.is_file() or path.is_dir()):
            return None, f"{found}, which is neither a file nor a folder: name a regular file"
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name too long, no permission
        return None, f"{found}, which cannot be opened: check the name, its links and permissions"
    return path, ""


def single_file(folder: Path, name: str) -> tuple[Path | None, str]:
    """Find a regular file that a case names; as `inside_folder`, but refuses folders."""
    path, reason = inside_folder(folder, name)
    if path is not None and path.is_dir():
        return None, f"found {shown_value(name)}, which is a folder: name the file in it"
    return path, reason


def _nearest(folder: Path, path: Path) -> str:
    """Return the name that was probably meant, or what the place holds."""
    parent = path.parent
    if not parent.is_dir():
        return f": there is no folder {shown_value(parent.relative_to(folder).as_posix())} either"
    with os.scandir(parent) as entries:
        names = sorted(entry.name for entry in islice(entries, _NAMES_LOOKED_AT) if entry.name.isprintable())
    place = "" if parent == folder else parent.relative_to(folder).as_posix() + "/"
    by_stem = [name for name in names if path.name in (name, Path(name).stem)]
    headers = [name for name in by_stem if name.endswith(".hea")]  # a WFDB record is named by its header
    by_case = [name for name in names if name.lower() == path.name.lower()]
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.6)
    for candidates in (headers, by_stem, by_case, close):
        if candidates:
            return f": did you mean {shown_value(place + candidates[0])}?"
    if not names:
        return f": the folder {shown_value(place)} is empty; copy the file into it and write its name here"
    return ": copy it there or correct the name"
