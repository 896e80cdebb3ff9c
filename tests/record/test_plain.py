"""Results as plain data: whatever goes in, JSON can hold what comes out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.record.plain import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    axis_deg: float | None
    leads: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    inner: Inner
    values_mv: np.ndarray


def test_dataclasses_become_dictionaries() -> None:
    result = plain(Outer(inner=Inner(axis_deg=None, leads=("I", "V6")), values_mv=np.array([[1.0, np.nan]])))
    assert result == {"inner": {"axis_deg": None, "leads": ["I", "V6"]}, "values_mv": [[1.0, None]]}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), np.float64("nan")])
def test_what_is_no_number_becomes_none(value: float) -> None:
    assert plain(value) is None
    assert plain({"a": [value]}) == {"a": [None]}


def test_six_significant_digits_are_kept() -> None:
    assert plain(123.456789) == 123.457
    assert plain(0.000123456789) == 0.000123457
    assert plain(np.float64(165.99999999)) == 166.0
    # Whole numbers are no measurements: they are kept as they are.
    assert plain(123456789) == 123456789
    assert plain(np.int64(123456789)) == 123456789


def test_types_are_those_of_json() -> None:
    assert plain(np.bool_(True)) is True
    assert plain(True) is True
    assert type(plain(np.int32(3))) is int
    assert plain(date(2026, 3, 2)) == "2026-03-02"
    assert plain(datetime(2026, 3, 2, 9, 30)) == "2026-03-02T09:30:00"
    assert plain(frozenset({"V6", "I"})) == ["I", "V6"]
    assert plain({1: "a"}) == {"1": "a"}


def test_sets_come_in_the_same_order_every_time() -> None:
    assert plain({"aVL", "I", "V5", "V6"}) == ["I", "V5", "V6", "aVL"]


@pytest.mark.parametrize("value", [object(), 1j, b"bytes", Inner])
def test_what_has_no_plain_form_is_an_error(value: object) -> None:
    with pytest.raises(TypeError, match="has no plain form"):
        plain(value)


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=50, deadline=None)
@given(value=NESTED)
def test_everything_plain_is_valid_json_and_stays_the_same(value: object) -> None:
    once = plain(value)
    assert json.loads(json.dumps(once, allow_nan=False)) == once
    assert plain(once) == once
