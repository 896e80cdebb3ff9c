"""Excel "XML Spreadsheet 2003" files: sheets of sparse rows.

Cells and rows may carry ``ss:Index`` (their own number from 1, leaving a gap), ``ss:MergeAcross`` and
``ss:Span``; only filled cells are kept, so that a gap of a million rows costs nothing.
"""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element

from resynchro.errors import InputError
from resynchro.formats.safe_xml import attribute_of, child, children, descendants, local_name, parse_xml, root_name

#: Filled cells of one row, column number (from 1) to text.
Row = dict[int, str]
#: Limits of the spreadsheet program that defined the format.
_MOST_ROWS: Final = 1_048_576
_MOST_COLUMNS: Final = 16_384
_MOST_SHEETS: Final = 256
_LONGEST_CELL: Final = 2_000


def is_spreadsheet_xml(content: bytes) -> bool:
    """Tell whether the first bytes of a file start a SpreadsheetML workbook."""
    return root_name(content[:4096]) == "Workbook"


def spreadsheet_sheets(content: bytes, *, what: str) -> dict[str, list[Row]]:
    """Read every sheet of a workbook.

    Parameters
    ----------
    content
        The bytes of the file.
    what
        Name of the format for the error message.

    Returns
    -------
    dict
        Sheet name to its rows that hold text, in order.

    Raises
    ------
    InputError
        When it is no such workbook, names a sheet twice, or a row or column number is out of range.
    """
    root = parse_xml(content, what=what)
    if local_name(root) != "Workbook":
        raise InputError(f"{what}: a workbook is needed, found <{local_name(root)}>; export as XML from the vendor")
    found: dict[str, list[Row]] = {}
    for sheet in children(root, "Worksheet"):
        name = attribute_of(sheet, "Name") or ""
        if name in found:
            raise InputError(f"{what}: the sheet {name[:60]!r} is there twice; export the file again")
        if len(found) >= _MOST_SHEETS:
            raise InputError(f"{what}: more than {_MOST_SHEETS} sheets; export one examination per file")
        found[name] = _rows(child(sheet, "Table"), f"{what}, sheet {name[:60]!r}")
    return found


def _rows(table: Element | None, what: str) -> list[Row]:
    rows: list[Row] = []
    number = 0
    for row in children(table, "Row"):
        number = _next_number(row, number, _MOST_ROWS, f"{what}: row")
        cells = _cells(row, f"{what}, row {number}")
        if cells:
            rows.append(cells)
        number += _count(row, "Span", f"{what}, row {number}")
    return rows


def _cells(row: Element, what: str) -> Row:
    cells: Row = {}
    number = 0
    for cell in children(row, "Cell"):
        number = _next_number(cell, number, _MOST_COLUMNS, f"{what}: column")
        text = "".join("".join(data.itertext()) for data in descendants(cell, "Data")).strip()
        if len(text) > _LONGEST_CELL:
            raise InputError(f"{what}: a cell holds {len(text)} characters, at most {_LONGEST_CELL} are read")
        if text:
            cells[number] = text
        number += _count(cell, "MergeAcross", what)
    return cells


def _next_number(element: Element, before: int, largest: int, what: str) -> int:
    """Return the element's own number; numbers only grow."""
    text = attribute_of(element, "Index")
    number = before + 1 if text is None else _whole(text)
    if number is None or not before < number <= largest:
        raise InputError(
            f"{what} number {(text or str(number))[:20]!r} after {before}: numbers grow up to {largest}; "
            "the file is damaged, export it again"
        )
    return number


def _count(element: Element, name: str, what: str) -> int:
    text = attribute_of(element, name)
    if text is None:
        return 0
    count = _whole(text)
    if count is None or count > _MOST_ROWS:
        raise InputError(f"{what}: {name} is {text[:20]!r}, a whole number is needed; export the file again")
    return count


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
