"""Text tables of unknown origin: encoding, line ends, separator and decimal sign are told from the bytes."""

from __future__ import annotations

import codecs
import math
from typing import Final

from resynchro.errors import InputError

MOST_ROWS: Final = 200_000
MOST_CELLS_PER_ROW: Final = 5_000
MOST_CHARACTERS: Final = 40_000_000


def decoded(content: bytes) -> str | None:
    """Return the text of a file, or None when it is not text.

    UTF-8 and UTF-16 (with or without byte order mark) are told apart by the bytes; other text is Windows-1252
    or Latin-1. Line ends of any kind become newlines.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = content.decode("utf-16", errors="replace")
    elif b"\x00" in content[:400]:
        head = content[:400]
        order = "utf-16-le" if head[1::2].count(0) >= head[0::2].count(0) else "utf-16-be"
        if max(head[1::2].count(0), head[0::2].count(0)) < len(head) // 4:
            return None
        text = content.decode(order, errors="replace")
    else:
        try:
            text = content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
        except UnicodeDecodeError:
            text = content.decode("cp1252", errors="replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    head_text = text[:2000]
    strange = sum(1 for character in head_text if ord(character) < 32 and character not in "\n\t\f")
    return None if strange > len(head_text) // 100 else text.removeprefix("\ufeff")


def table_lines(content: bytes) -> list[str]:
    """Return the lines of a text file.

    Raises
    ------
    InputError
        When it is not text or holds more than `MOST_ROWS` lines.
    """
    text = decoded(content)
    if text is None:
        raise InputError("is not a text file; export the table as text")
    if len(text) > MOST_CHARACTERS or text.count("\n") > MOST_ROWS:
        raise InputError(f"holds more than {MOST_ROWS} lines, the most that is read; export one examination per file")
    return text.split("\n")


def separator_of(line: str) -> str:
    """Return what parts the columns of a line: tab, semicolon or comma, in that order of preference."""
    return next((sign for sign in ("\t", ";") if sign in line), ",")


def table_rows(content: bytes, *, most_rows: int = MOST_ROWS) -> list[list[str]]:
    """Return the cells of every line that is not blank, stripped; the first such line decides the separator.

    Raises
    ------
    InputError
        When it is no text or has too many rows or columns.
    """
    lines = [line for line in table_lines(content) if line.strip(" ,;\t")]
    if len(lines) > most_rows:
        raise InputError(f"holds {len(lines)} rows, at most {most_rows} are read")
    plain = next((line for line in lines if not line.lstrip().startswith("#")), "")
    return [cells(line, separator_of(plain)) for line in lines]


def cells(line: str, separator: str) -> list[str]:
    """Return the stripped cells of a line.

    Raises
    ------
    InputError
        When there are more than `MOST_CELLS_PER_ROW`.
    """
    if line.count(separator) >= MOST_CELLS_PER_ROW:
        raise InputError(f"a row holds more than {MOST_CELLS_PER_ROW} cells, the most that is read")
    return [cell.strip().strip('"').strip() for cell in line.split(separator)]


def cell_number(cell: str, *, decimal_comma: bool = False) -> float | None:
    """Return the finite number a cell holds, else None."""
    try:
        number = float(cell.replace(",", ".") if decimal_comma else cell)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
