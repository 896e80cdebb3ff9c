"""Each kind of value of a case file: what it takes, what it refuses and with which advice."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from resynchro.formats.case_schema import GROUPS
from resynchro.formats.case_value import Choice, Day, Flag, Pseudonym, Quantity, Slip, Text

LVEF = Quantity(5, 80, "%", (Slip(0.05, 0.8, "a fraction", 100),))


def refused(kind: Any, value: object) -> str:
    with pytest.raises(ValueError) as caught:
        kind(value)
    return str(caught.value)


def test_a_quantity_takes_its_closed_range():
    assert [LVEF(5), LVEF(27.5), LVEF(80), LVEF(None)] == [5.0, 27.5, 80.0, None]


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        (0.27, ": looks like a fraction; write 27"),
        (4.99, ": check the number and its unit (%)"),
        (81, ": check the number and its unit (%)"),
        ("27", ": write the number without quotes: 27"),
        ("27 %", ": write the number alone: 27"),
        ("27,5", ": write a decimal point: 27.5"),
        ("about 27", ": write one number"),
        (True, ": write one number"),
        ([27], ": write one number"),
    ],
)
def test_a_quantity_says_what_to_write(value, advice):
    message = refused(LVEF, value)
    assert message.startswith("found ")
    assert message.endswith(", allowed 5 to 80 [%]" + advice)


def test_a_whole_number_and_its_roman_form():
    nyha = Quantity(1, 4, whole=True)
    assert nyha(3.0) == 3
    assert isinstance(nyha(3.0), int)
    assert refused(nyha, 2.5).endswith("write a whole number")
    assert refused(nyha, "iii").endswith("write 3")


def test_a_slip_never_advises_what_is_not_allowed():
    height = Quantity(40, 250, "cm", (Slip(0.1, 2.5, "metres", 100),))
    assert refused(height, 1.75).endswith("looks like metres; write 175")
    assert refused(height, 0.2).endswith("check the number and its unit (cm)")  # 20 cm is not allowed either


@pytest.mark.parametrize(
    ("value", "meant"),
    [("Sinus", "sinus"), ("SR", "sinus"), ("atrial fibrillation", "atrial-fibrillation"), ("sinsu", "sinus")],
)
def test_a_choice_guesses_what_was_meant(value, meant):
    rhythm = Choice(("sinus", "atrial-fibrillation", "other"), {"sr": "sinus"})
    assert refused(rhythm, value).endswith(f"did you mean {meant}?")


def test_a_choice_without_a_guess_and_a_required_one():
    rhythm = Choice(("sinus", "other"), required=True)
    assert refused(rhythm, None) == "found nothing, allowed sinus, other: write one of these words"
    assert refused(rhythm, {"a": 1}).startswith("found a group of keys, allowed sinus, other")
    assert Choice(("none", "PM"))(None) is None
    assert refused(Choice(("none", "PM")), False).endswith("did you mean none?")


def test_flags_texts_names_and_days():
    assert Flag()(False) is False
    assert "true or false" in refused(Flag(), "ja")
    assert Text()("bisoprolol") == "bisoprolol"
    assert "on one line" in refused(Text(), "a\nb")
    assert "in quotes" in refused(Text(), 5)
    assert Pseudonym()(1234) == "1234"
    assert "letters, digits" in refused(Pseudonym(), "../x")
    assert "in quotes" in refused(Pseudonym(), 1.5)
    assert Day()("2026-03-02") == Day()(date(2026, 3, 2)) == date(2026, 3, 2)
    assert "no such day" in refused(Day(), "2026-02-30")
    assert refused(Day(), "2026-03-02T10:00:00").endswith("write the day alone: 2026-03-02")
    assert "YYYY-MM-DD" in refused(Day(), "2.3.2026")
    assert "YYYY-MM-DD" in refused(Day(), datetime(2026, 3, 2, 10))


def test_long_and_hostile_values_are_shown_short_and_safe():
    message = refused(Choice(("sinus",)), "\x1b[31m" + "x" * 10_000)
    assert len(message) < 150
    assert message.isprintable()


def quantities() -> list[tuple[str, Quantity]]:
    return [
        (f"{group.__name__}.{name}", validator.func)
        for group in GROUPS.values()
        for name, field in group.model_fields.items()
        for validator in field.metadata
        if isinstance(getattr(validator, "func", None), Quantity)
    ]


@pytest.mark.parametrize(("name", "quantity"), quantities())
def test_no_slip_lies_inside_the_allowed_range(name, quantity):
    # A slip inside the range could never be caught; one that advises nothing allowed would be useless.
    for slip in quantity.slips:
        assert slip.high < quantity.low or slip.low > quantity.high, name
        if slip.factor is not None:
            assert slip.low * slip.factor <= quantity.high, name
            assert slip.high * slip.factor >= quantity.low, name
