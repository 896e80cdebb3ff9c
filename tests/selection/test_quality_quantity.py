"""The grid of dyssynchrony quality and quantity, and the published effects in it."""

import csv
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.errors import InputError
from resynchro.selection.dyssynchrony_grid import BANDS, QUALITIES, duration_band, dyssynchrony_quality
from resynchro.selection.quality_quantity import CONFLICTS, QualityQuantity, place_quality_quantity
from resynchro.selection.subgroup_effects import subgroup_effects


def place(
    morphology: str | None = "lbbb",
    qrs_ms: float | None = 160.0,
    interval: tuple[float, float] | None = None,
    area_uvs: float | None = None,
    area_interval: tuple[float, float] | None = None,
    **definitions: bool | None,
) -> QualityQuantity:
    answers = {"ESC 2013": None if morphology in (None, "paced") else morphology == "lbbb", **definitions}
    return place_quality_quantity(morphology, answers, qrs_ms, interval, area_uvs, area_interval)


def ids(effects: tuple[Any, ...]) -> set[str]:
    return {effect.effect_id for effect in effects}


@pytest.mark.parametrize(
    ("morphology", "qrs_ms", "cell"),
    [
        ("lbbb", 160.0, ("LBBB", "≥ 150 ms")),
        ("lbbb", 149.5, ("LBBB", "130-149 ms")),
        ("lbbb", 129.5, ("LBBB", "120-129 ms")),
        ("lbbb", 118.0, ("no complete block", "< 120 ms")),  # no definition of LBBB holds below 120 ms
        ("rbbb", 150.0, ("RBBB", "≥ 150 ms")),
        ("ivcd", 118.0, ("IVCD", "< 120 ms")),
        ("ivcd", 130.0, ("IVCD", "130-149 ms")),
        ("normal", 90.0, ("no complete block", "< 120 ms")),
        ("paced", 110.0, ("paced", "< 120 ms")),
    ],
)
def test_the_cell_of_a_patient(morphology: str, qrs_ms: float, cell: tuple[str, str]) -> None:
    placed = place(morphology, qrs_ms)
    assert (placed.quality, placed.band) == cell
    assert [(c.quality, c.band) for c in placed.grid if c.is_patient] == [cell]
    assert len(placed.grid) == len(QUALITIES) * len(BANDS)


def test_wide_lbbb_shows_both_axes_and_never_a_product() -> None:
    placed = place("lbbb", 165.0)
    assert {"sipahi-2011-ge150", "sipahi-2012-lbbb", "stavrakis-2012-ge150"} <= ids(placed.effects)
    # 0.60 (QRS >= 150 ms) times 0.64 (LBBB) would be 0.384: such a number must not exist.
    assert all(e.estimate is None or abs(e.estimate - 0.384) > 0.005 for e in placed.effects)
    assert any("must not be multiplied" in note for note in placed.notes)


def test_effects_follow_the_duration_not_the_column() -> None:
    assert "raft-non-lbbb-lt160" in ids(place("ivcd", 155.0).effects)
    assert "raft-non-lbbb-ge160" in ids(place("ivcd", 155.0).effects_within_uncertainty)
    assert "raft-non-lbbb-ge160" in ids(place("ivcd", 160.0).effects)


def test_narrow_qrs_shows_harm_and_the_small_trials_that_disagree() -> None:
    placed = place("normal", 110.0)
    death = next(e for e in placed.effects if e.effect_id == "echocrt-death")
    assert (death.estimate, death.low, death.high, death.favours) == (1.81, 1.11, 2.93, "no CRT")
    assert CONFLICTS["narrow"] in placed.conflicts
    assert "sipahi-2012-lbbb" not in ids(placed.effects)


def test_conflicts_are_shown_where_they_matter() -> None:
    assert CONFLICTS["ivcd"] in place("ivcd", 150.0).conflicts
    assert CONFLICTS["ivcd"] not in place("lbbb", 150.0).conflicts
    assert CONFLICTS["cleland"] in place("lbbb", 150.0).conflicts
    assert CONFLICTS["area"] in place("lbbb", 150.0, area_uvs=120.0).conflicts


def test_a_paced_qrs_only_meets_the_upgrade_trial() -> None:
    assert {e.study for e in place("paced", 170.0).effects} == {"BUDAPEST-CRT Upgrade"}


def test_uncertainty_moves_the_patient_to_named_cells() -> None:
    placed = place("lbbb", 147.0, (143.0, 152.0), **{"AHA 2009": False})
    reached = {(c.quality, c.band): c.reached_by for c in placed.grid if c.reached_by}
    assert reached == {
        ("LBBB", "≥ 150 ms"): ("QRS interval",),
        ("IVCD", "130-149 ms"): ("LBBB definition",),
        ("IVCD", "≥ 150 ms"): ("LBBB definition", "QRS interval"),
    }
    assert len(placed.moves) == 3
    # 124 - 10 = 114 reaches below 120 ms, where LBBB ends; 124 + 10 = 134 reaches the next column.
    reached = {(c.quality, c.band): c.reached_by for c in place("lbbb", 124.0).grid if c.reached_by}
    assert reached == {
        ("no complete block", "< 120 ms"): ("QRS ±10 ms",),
        ("LBBB", "130-149 ms"): ("QRS ±10 ms",),
    }


def test_qrs_area_stands_beside_all_three_cutoffs() -> None:
    placed = place(area_uvs=105.0, area_interval=(99.0, 111.0))
    assert [(a.cutoff.at_least_uvs, a.at_or_above, a.borderline) for a in placed.area] == [
        (98.0, True, False),
        (102.0, True, True),
        (109.0, False, True),
    ]
    assert place().area == ()
    assert "not measured" in place().area_note


def test_unknown_values_give_no_cell() -> None:
    nothing = place(None, None)
    assert (nothing.quality, nothing.band, nothing.effects) == (None, None, ())
    assert not any(cell.is_patient for cell in nothing.grid)
    # An unknown morphology still meets the rows about any morphology.
    assert {e.axis for e in place(None, 160.0).effects} <= {"QRS duration", "neither"}


def test_an_interval_must_contain_its_value() -> None:
    with pytest.raises(InputError, match="QRS area must lie in its interval"):
        place(area_uvs=50.0, area_interval=(60.0, 70.0))


def test_unverified_numbers_are_marked_in_words() -> None:
    for effect in subgroup_effects():
        assert ("[unverified]" in effect.sentence) == effect.unverified
        assert effect.source
        assert set(effect.conflicts) <= set(CONFLICTS)


def test_intervals_contain_their_estimates() -> None:
    for effect in subgroup_effects():
        if effect.estimate is not None and effect.low is not None and effect.high is not None:
            assert effect.low <= effect.estimate <= effect.high


def test_interaction_ratios_are_those_of_the_printed_estimates() -> None:
    found = {effect.effect_id: effect.estimate for effect in subgroup_effects()}
    # 0.60 / 0.95 = 0.632; 0.64 / 0.97 = 0.660; 0.52 / 1.38 = 0.377
    assert found["sipahi-2011-interaction"] == pytest.approx(0.60 / 0.95, abs=0.0006)
    assert found["sipahi-2012-interaction"] == pytest.approx(0.64 / 0.97, abs=0.0006)
    assert found["raft-non-lbbb-interaction"] == pytest.approx(0.52 / 1.38, abs=0.0006)


def test_numbers_agree_with_the_trial_table(shared_data: Callable[[str], Path]) -> None:
    source = shared_data("README.md").parents[1] / "reference" / "trials.csv"
    if not source.exists():
        pytest.skip("the trial table is not present")
    with source.open(encoding="utf-8", newline="") as lines:
        printed = {(row["est"], row["ci_lo"], row["ci_hi"]) for row in csv.DictReader(lines) if row["ci_lo"]}
    known = {tuple(float(text) for text in row) for row in printed if all(_is_number(text) for text in row)}
    for effect in subgroup_effects():
        if effect.low is not None and effect.provenance != "D":
            assert (effect.estimate, effect.low, effect.high) in known, effect.effect_id


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace("-", "", 1).isdigit()


@settings(deadline=None, max_examples=60)
@given(
    morphology=st.sampled_from(["normal", "lbbb", "incomplete_lbbb", "rbbb", "incomplete_rbbb", "ivcd", "paced", None]),
    qrs_ms=st.floats(40.0, 350.0),
    spread_ms=st.floats(0.0, 40.0),
    strict=st.sampled_from([True, False, None]),
)
def test_any_measurement_finds_its_cell(
    morphology: str | None, qrs_ms: float, spread_ms: float, strict: bool | None
) -> None:
    placed = place(morphology, qrs_ms, (qrs_ms - spread_ms, qrs_ms + spread_ms), **{"Strauss 2011": strict})
    assert placed.band == duration_band(qrs_ms)
    assert placed.quality in (*QUALITIES, None)
    assert sum(cell.is_patient for cell in placed.grid) == (placed.quality is not None)
    assert not any(cell.is_patient and cell.reached_by for cell in placed.grid)
    assert all(effect.covers_ms(qrs_ms) for effect in placed.effects)
    assert not ids(placed.effects) & ids(placed.effects_within_uncertainty)
    json.dumps(asdict(placed))


def test_not_lbbb_and_not_rbbb_is_nonspecific_at_120_ms_or_more() -> None:
    assert dyssynchrony_quality("lbbb", False, 150.0) == "IVCD"
    assert dyssynchrony_quality("normal", False, 121.0) == "IVCD"
    assert dyssynchrony_quality("rbbb", False, 150.0) == "RBBB"
