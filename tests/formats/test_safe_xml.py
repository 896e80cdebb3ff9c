"""Safe XML: what is refused, what is read, and the searches."""

from __future__ import annotations

import pytest

from resynchro.errors import InputError
from resynchro.formats.safe_xml import (
    MAX_DEPTH,
    attribute_of,
    child,
    children,
    descendant,
    descendants,
    finite_number,
    head_text,
    local_name,
    number_of,
    parse_xml,
    root_name,
    text_of,
)

BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;">]>
<a>&y;</a>"""
EXTERNAL = b"""<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>"""
PARAMETER = b"""<!DOCTYPE a [<!ENTITY % x SYSTEM "http://localhost/x.dtd"> %x;]><a/>"""


@pytest.mark.parametrize("content", [BOMB, EXTERNAL, PARAMETER], ids=["bomb", "external", "parameter"])
def test_entities_are_refused(content: bytes) -> None:
    with pytest.raises(InputError, match="entities or external references"):
        parse_xml(content, what="test XML")


def test_plain_doctype_is_accepted_and_not_fetched() -> None:
    root = parse_xml(b'<?xml version="1.0"?><!DOCTYPE E SYSTEM "nowhere/restecg.dtd"><E><a>1</a></E>', what="x")
    assert text_of(root, "a") == "1"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00",
        b"   ",
        b"<a>",
        b"<a></b>",
        b"no xml",
        b"<a>&undefined;</a>",
        b'<?xml version="1.0" encoding="klingon"?><a/>',
        b'<?xml version="1.0" encoding="shift_jis"?><a>\x82</a>',
        b"\xff\xfe<\x00a",
        b"\xff\xfe\x00",
        b"<a>\xff\xff</a>",
    ],
)
def test_broken_documents_are_input_errors(content: bytes) -> None:
    with pytest.raises(InputError, match="test XML"):
        parse_xml(content, what="test XML")


def test_depth_is_bounded() -> None:
    def nested(levels: int) -> bytes:
        return b"<a>" * levels + b"</a>" * levels

    assert parse_xml(nested(MAX_DEPTH), what="x").tag == "a"
    with pytest.raises(InputError, match="nested deeper"):
        parse_xml(nested(MAX_DEPTH + 1), what="x")


def test_number_of_elements_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resynchro.formats.safe_xml.MAX_ELEMENTS", 10)
    assert len(parse_xml(b"<a>" + b"<b/>" * 9 + b"</a>", what="x")) == 9
    with pytest.raises(InputError, match="more than 10 elements"):
        parse_xml(b"<a>" + b"<b/>" * 10 + b"</a>", what="x")


def test_size_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resynchro.formats.safe_xml.MAX_XML_BYTES", 10)
    with pytest.raises(InputError, match="12 bytes, at most 10"):
        parse_xml(b"<a>12345</a>", what="x")


DECLARED = '<?xml version="1.0" encoding="{}"?>\n<a><b>Länge</b></a>'


@pytest.mark.parametrize(
    "content",
    [
        DECLARED.format("UTF-8").encode(),
        b"\xef\xbb\xbf" + DECLARED.format("UTF-8").encode(),
        DECLARED.format("ISO-8859-1").encode("latin-1"),
        DECLARED.format("windows-1252").encode("cp1252"),
        DECLARED.format("UTF-16").encode("utf-16"),
        DECLARED.format("UTF-16").encode("utf-16-le"),
        DECLARED.format("UTF-16").encode("utf-16-be"),
        b"\n" + DECLARED.format("UTF-8").encode() + b"\x00\x00",
        # the declaration is wrong: the bytes win
        DECLARED.format("UTF-16").encode(),
        DECLARED.format("UTF-8").encode("utf-16"),
    ],
)
def test_encodings(content: bytes) -> None:
    assert text_of(parse_xml(content, what="x"), "b") == "Länge"
    assert root_name(content[:4096]) == "a"


TREE = parse_xml(
    b"""<r xmlns="urn:x" xmlns:i="urn:i">
    <s/><s><n>  </n><n> 7.5 </n><v i:type="T" empty="">Failed</v></s><s><n>8</n></s></r>""",
    what="x",
)


def test_searches_ignore_namespaces() -> None:
    assert local_name(TREE) == "r"
    assert [local_name(found) for found in children(TREE, "s", "n")] == ["n", "n", "n"]
    assert child(TREE, "s", "absent") is None
    assert children(None, "s") == []
    # the first s has no n, and the first n has no text: the search goes on to the next
    assert text_of(TREE, "s", "n") == "7.5"
    assert number_of(TREE, "s", "n") == 7.5
    assert number_of(TREE, "s", "v") is None
    assert attribute_of(TREE, "type", "s", "v") == "T"
    assert attribute_of(TREE, "empty", "s", "v") is None
    assert len(list(descendants(TREE, "n"))) == 3
    assert descendant(TREE, "v") is child(TREE, "s", "v")
    assert descendant(None, "v") is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("1.5", 1.5), (" -2e3 ", -2000.0), ("nan", None), ("1e999", None), ("", None), (None, None)],
)
def test_finite_number(text: str | None, number: float | None) -> None:
    assert finite_number(text) == number


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b'<?xml version="1.0"?>\n<!-- <no/> -->\n<!DOCTYPE a [<!ELEMENT a ANY>]> <p:a x="1">', "a"),
        (b"<restingecgdata>", "restingecgdata"),
        (b"SCPECG", None),
        (b"", None),
        (b" " * 4096, None),
        (b"<!-- cut off", None),
    ],
)
def test_root_name(head: bytes, name: str | None) -> None:
    assert root_name(head) == name


def test_head_text_never_fails() -> None:
    assert head_text(b"\xff\xfe<\x00a\x00>") == "<a�"
    assert head_text(b"\x80\xff") == "\x80ÿ"
