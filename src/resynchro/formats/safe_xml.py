"""XML from vendors, parsed without trust and searched without namespaces.

Entities, external references and absurd nesting are refused; a plain ``<!DOCTYPE ...>`` (GE MUSE writes one)
is accepted and never fetched. Vendors change namespaces between versions, so every search here compares local
names.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from resynchro.errors import InputError

#: A 12-lead ECG at 1000 Hz for an hour is some 200 MB of text; clinical records stay below this by far.
MAX_XML_BYTES = 64 * 1024 * 1024
#: The deepest of the known ECG formats (HL7 aECG) nests about 20 levels.
MAX_DEPTH = 100
MAX_ELEMENTS = 300_000

_BEFORE_ROOT = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE)
_ROOT = re.compile(r"<([^\s/>!?<]+)")
_CLAIMS_WIDE = re.compile(rb"encoding\s*=\s*[\"'](?:utf-?16|ucs-?2|unicode)", re.IGNORECASE)


def parse_xml(content: bytes, *, what: str) -> Element:
    """Parse a whole XML document that may be hostile or broken.

    UTF-8, UTF-16 (with or without byte order mark), ISO-8859-1 and the single-byte encodings that Python
    knows are read. Where the declaration contradicts the bytes (``encoding="UTF-16"`` in a file that was
    saved again as UTF-8, and the reverse) the bytes win.

    Parameters
    ----------
    content
        The bytes of the file.
    what
        Name of the format for the error message, for example ``"GE MUSE XML"``.

    Returns
    -------
    Element
        The root element.

    Raises
    ------
    InputError
        If the document is not well formed, is too large or too deep, or declares entities or external
        references.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    if len(content) > MAX_XML_BYTES:
        raise InputError(
            f"{what}: the XML holds {len(content)} bytes, at most {MAX_XML_BYTES} are read; export a shorter recording"
        )
    try:
        document, encoding = _physical_encoding(content)
        parser = DefusedXMLParser(
            target=_BoundedTreeBuilder(what), encoding=encoding, forbid_dtd=False, forbid_entities=True
        )
        parser.feed(document)
        root = parser.close()
    except DefusedXmlException as error:
        raise InputError(
            f"{what}: the XML declares entities or external references ({type(error).__name__}), "
            "which are never read; export the recording again from the device"
        ) from error
    except (ParseError, ValueError, LookupError, OverflowError) as error:
        raise InputError(f"{what}: not readable as XML ({error}); the file may be damaged or cut off") from error
    if not isinstance(root, Element):
        raise InputError(f"{what}: the XML holds no element; the file may be damaged or cut off")
    return root


def root_name(head: bytes) -> str | None:
    """Return the local name of the root element, read from the first bytes of a file without parsing it.

    Parameters
    ----------
    head
        First bytes of the file (4096 are plenty), in UTF-8, UTF-16 or a single-byte encoding.

    Returns
    -------
    str or None
        For example ``"RestingECG"``; None when the bytes do not start an XML document.
    """
    text, position = head_text(head), 0
    while before := _BEFORE_ROOT.match(text, position):
        position = before.end()
    root = _ROOT.match(text, position)
    return root.group(1).rpartition(":")[2] if root else None


def head_text(head: bytes) -> str:
    """Decode the first bytes of a file far enough to look for words in them; never fails."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head.decode("utf-16", errors="replace").removeprefix("\ufeff")
    if head[:2] == b"<\x00":
        return head.decode("utf-16-le", errors="replace")
    if head[:2] == b"\x00<":
        return head.decode("utf-16-be", errors="replace")
    return head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def local_name(element: Element) -> str:
    """Return the element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def children(element: Element | None, *path: str) -> list[Element]:
    """Return every element reached by a path of local names, in document order.

    ``children(series, "component", "sequenceSet")`` gives all sequence sets of all components. An empty list
    where nothing matches or where `element` is None.
    """
    found = [] if element is None else [element]
    for name in path:
        found = [inner for outer in found for inner in outer if local_name(inner) == name]
    return found


def child(element: Element | None, *path: str) -> Element | None:
    """Return the first element reached by a path of local names, or None."""
    return next(iter(children(element, *path)), None)


def descendants(element: Element | None, name: str) -> Iterator[Element]:
    """Yield every element below (and including) `element` with a local name, in document order."""
    if element is not None:
        yield from (inner for inner in element.iter() if local_name(inner) == name)


def descendant(element: Element | None, name: str) -> Element | None:
    """Return the first element below `element` with a local name, or None."""
    return next(descendants(element, name), None)


def text_of(element: Element | None, *path: str) -> str | None:
    """Return the stripped text at the end of a path; None where the element is missing or empty.

    Of several matches the first one with text counts.
    """
    texts = ((found.text or "").strip() for found in children(element, *path))
    return next((text for text in texts if text), None)


def number_of(element: Element | None, *path: str) -> float | None:
    """Return the text at the end of a path as a finite number; None where it is missing or no number."""
    return finite_number(text_of(element, *path))


def attribute_of(element: Element | None, name: str, *path: str) -> str | None:
    """Return an attribute by its local name at the end of a path; None where it is missing or empty.

    Of several matches the first one that has the attribute counts. ``attribute_of(value, "type")`` also finds
    ``xsi:type``.
    """
    for found in children(element, *path):
        for key, value in found.attrib.items():
            if key.rpartition("}")[2] == name and value.strip():
                return value.strip()
    return None


def finite_number(text: str | None) -> float | None:
    """Return a finite number written in a file, or None (``""``, ``"Failed"``, ``"nan"``, ``None``)."""
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _physical_encoding(content: bytes) -> tuple[bytes, str | None]:
    """Return the bytes to parse and the encoding to force on them (None: as the declaration says)."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16").rstrip("\x00").encode(), "utf-8"
    if content[:2] in (b"<\x00", b"\x00<"):
        order = "utf-16-le" if content[:1] == b"<" else "utf-16-be"
        return content.decode(order).rstrip("\x00").encode(), "utf-8"
    if content[:3] == b"\xef\xbb\xbf":
        return content[3:].rstrip(b"\x00"), "utf-8"
    document = content.strip(b" \t\r\n\x00")
    declaration = document[: document.find(b"?>", 0, 200) + 2]
    return document, "utf-8" if _CLAIMS_WIDE.search(declaration) else None


class _BoundedTreeBuilder(TreeBuilder):
    """Build the tree and stop as soon as it grows beyond what an ECG file can need."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self._what = what
        self._depth = 0
        self._elements = 0

    def start(self, tag: Any, attrs: Any, /) -> Element:
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise InputError(
                f"{self._what}: the XML is nested deeper than {MAX_DEPTH} levels or holds more than "
                f"{MAX_ELEMENTS} elements; no ECG export does"
            )
        return super().start(tag, attrs)

    def end(self, tag: Any, /) -> Element:
        self._depth -= 1
        return super().end(tag)
