"""YAML with line numbers, from files that nobody vouches for."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.formats.yaml_lines import YamlError, load_yaml_lines


def problems(text: str) -> tuple[tuple[int, str], ...]:
    with pytest.raises(YamlError) as caught:
        load_yaml_lines(text)
    return caught.value.problems


def test_values_and_lines():
    document = load_yaml_lines("a: 1\nb:\n  - x\n  - {c: 2.5,\n     d: true}\ne: 2026-03-02\nf:\n")
    assert document.value == {
        "a": 1,
        "b": ["x", {"c": 2.5, "d": True}],
        "e": date(2026, 3, 2),
        "f": None,
    }
    assert document.line(("b", 0)) == 3
    assert document.line(("b", 1, "c")) == 4
    assert document.line(("b", 1, "d")) == 5
    assert document.line(("b", 1, "not there")) == 4  # the entry that should hold it
    assert document.line(("f",)) == 7


@pytest.mark.parametrize(
    "text", ["0007", "1:30", "1_000", "0x1F", "2026-02-30", ".nan", ".inf", "9" * 5000, "1e999999"]
)
def test_what_yaml_makes_ambiguous_stays_text(text):
    assert load_yaml_lines(f"a: {text}").value == {"a": text}


def test_a_short_form_shows_the_place_that_is_in_the_file():
    document = load_yaml_lines("ecg: x\nfull: [{file: x}, y]\ngroup: {file: z}")
    assert document.place_in_file(("ecg", 0, "file")) == ("ecg",)
    assert document.place_in_file(("full", 0, "file")) == ("full", 0, "file")
    assert document.place_in_file(("full", 1, "file")) == ("full", 1)
    assert document.place_in_file(("group", 0, "file")) == ("group", "file")
    assert document.place_in_file(("group", 0, "missing")) == ("group", "missing")


def test_duplicate_keys_name_both_lines_and_all_of_them():
    assert problems("a: 1\nb: {c: 1,\n c: 2}\na: 3\n") == (
        (3, "c stands here and in line 2 already: keep one of them"),
        (4, "a stands here and in line 1 already: keep one of them"),
    )


BOMB = "a: &a [x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)},*{chr(97 + i)}]\n" for i in range(20)
)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (BOMB, 1, "anchors"),
        ("a: 1\n<<: *b\n", 2, "anchors"),
        ("a: 1\nb: !!python/object/apply:os.system [ls]\n", 2, "tags"),
        ("a: 1\nb: [1, 2\nc: 3\n", 3, "not YAML"),
        ("a: 1\n---\nb: 2\n", 2, "not YAML"),
        ("a: \x07\n", 1, "character"),
        ('a: "\\UFFFFFFFF"\n', 1, "not YAML"),
        ("", 1, "empty"),
        ("# only a comment\n", 1, "empty"),
        ("a: " + "[" * 30 + "]" * 30, 1, "levels"),
        ("- 1\n" * 25_000, 20_000, "values"),
        ("? [a, b]\n: 1\n", 1, "one word"),
    ],
)
def test_what_is_refused(text, line, says):
    ((found_line, message),) = problems(text)
    assert found_line == line
    assert says in message


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab:-?#&*![]{}|>'\"%@`,\n \t\\0129.xUeE~=<é\x00\ud800"), max_size=60))
def test_any_text_is_read_or_refused_in_words(text):
    try:
        load_yaml_lines(text)
    except YamlError as error:
        assert error.problems
