"""The rule table: complete, unchanged against its source, and every limit readable."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from resynchro.selection.candidate import FACT_NAMES
from resynchro.selection.guideline_facts import FACT_TERM
from resynchro.selection.guideline_rules import READINGS, guideline_rules, read_rule_table
from resynchro.selection.limits import limits_in_words, number_in_words, parse_limits, within_limits

NORMALISED = {
    "on_rhythm",
    "on_morphology",
    "on_qrs_ms",
    "on_lvef_pct",
    "lvef_open_at_pct",
    "on_nyha",
    "on_facts",
}
NORMALISED |= {"therapy", "direction", "rank", "superseded_by", "note"}


def test_no_row_of_the_source_table_is_lost_or_altered(shared_data: Callable[[str], Path]) -> None:
    source = shared_data("README.md").parents[1] / "reference" / "guideline_table.csv"
    if not source.exists():
        pytest.skip("the source table of the guideline rules is not present")
    with source.open(encoding="utf-8", newline="") as lines:
        expected = list(csv.DictReader(lines))
    found = [{key: text for key, text in row.items() if key not in NORMALISED} for row in read_rule_table()]
    assert found[:-1] == expected
    assert len(expected) == 87


def test_the_table_has_87_guideline_rows_and_one_of_the_background_text() -> None:
    rules = guideline_rules()
    assert len(rules) == 88
    assert len({rule.rule_id for rule in rules}) == 88
    assert rules[-1].rule_id == "BACKGROUND-1"
    # The review prints "QRS > 120 ms" (strict), NYHA III-IV, in spite of optimal therapy; no class, no level.
    assert (rules[-1].on_qrs_ms, rules[-1].on_lvef_pct, rules[-1].on_nyha) == (">120", "<=35", "3;4a;4b")
    assert rules[-1].level == ""


def test_every_rule_carries_class_year_source_and_reading() -> None:
    for rule in guideline_rules():
        assert rule.recommendation_class
        assert rule.year[:4].isdigit()
        assert rule.source
        assert rule.reading == READINGS[rule.source_status]
        assert rule.unverified == (rule.source_status == "memory-verify")
        assert rule.direction in ("for", "against", "other")
        assert (rule.rank == 0) == (rule.direction == "against")


def test_every_limit_and_condition_can_be_read() -> None:
    for rule in guideline_rules():
        for text in filter(None, (rule.on_qrs_ms, rule.on_lvef_pct)):
            assert len(parse_limits(text)) == len(text.split(" & "))
        assert rule.on_rhythm in ("any", "sinus", "af", "af_permanent")
        assert rule.on_morphology in ("any", "LBBB", "non-LBBB", "not-RBBB", "paced")
        assert set(filter(None, rule.on_nyha.split(";"))) <= {"1", "2", "3", "4a", "4b"}
        for term in filter(None, rule.on_facts.replace(" | ", "; ").split("; ")):
            found = FACT_TERM.fullmatch(term)
            assert found is not None
            assert found["name"] in FACT_NAMES


def test_normalised_limits_agree_with_the_printed_integers() -> None:
    # Closed integers: 149 reads "< 150", 35 reads "<= 35", a lower LVEF limit of 36 reads "> 35".
    for row in read_rule_table():
        low, high = row["qrs_lo_ms"], row["qrs_hi_ms"]
        for qrs_ms in range(90, 220):
            inside = (not low or qrs_ms >= int(low)) and (not high or qrs_ms <= int(high))
            if row["rule_id"] != "BACKGROUND-1":
                assert within_limits(row["on_qrs_ms"], qrs_ms) == inside if row["on_qrs_ms"] else inside
        low, high = row["lvef_lo"], row["lvef_hi"]
        for lvef_pct in range(5, 90):
            inside = (not low or lvef_pct >= int(low)) and (not high or lvef_pct <= int(high))
            assert within_limits(row["on_lvef_pct"], lvef_pct) == inside if row["on_lvef_pct"] else inside


@pytest.mark.parametrize(("qrs_ms", "below", "above"), [(129.5, True, False), (130.0, False, True)])
def test_no_qrs_falls_between_two_rows(qrs_ms: float, below: bool, above: bool) -> None:
    assert within_limits("<130", qrs_ms) is below
    assert within_limits(">=130 & <150", qrs_ms) is above


def test_limits_in_words() -> None:
    assert limits_in_words(">=130 & <150", "ms") == "≥ 130 and < 150 ms"
    assert limits_in_words("<=35", "%") == "≤ 35 %"


def test_an_unverified_row_says_so_in_words() -> None:
    rule = next(rule for rule in guideline_rules() if rule.rule_id == "ESC-4")
    assert rule.unverified
    assert "unverified" in rule.reading


@pytest.mark.parametrize(
    ("value", "words"), [(129.98, "129.9"), (130.0, "130"), (35.3, "35.3"), (147.25, "147.2"), (-3.0, "-3")]
)
def test_a_shown_value_stays_on_its_side_of_a_limit(value: float, words: str) -> None:
    assert number_in_words(value) == words
