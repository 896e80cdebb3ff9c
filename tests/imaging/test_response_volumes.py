"""Remodelling between two visits, and the right ventricle."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resynchro.errors import InputError
from resynchro.imaging.echo.response_volumes import VisitVolumes, right_ventricle, volume_response

SAME = {"modality": "echo", "software": "A", "method": "Simpson biplane"}


@pytest.mark.parametrize(("after_ml", "responded"), [(170.0, True), (169.0, True), (170.1, False), (230.0, False)])
def test_fifteen_percent_of_end_systolic_volume_with_the_limit_itself(after_ml: float, responded: bool) -> None:
    change, _, _ = volume_response(VisitVolumes(lvesv_ml=200.0, **SAME), VisitVolumes(lvesv_ml=after_ml, **SAME))
    assert change.value == pytest.approx((after_ml - 200.0) / 2.0)
    assert change.flag is responded and change.notes == ()


@pytest.mark.parametrize(("after_pct", "responded"), [(30.0, True), (29.9, False), (20.0, False)])
def test_five_points_of_ejection_fraction_with_the_limit_itself(after_pct: float, responded: bool) -> None:
    change = volume_response(VisitVolumes(lvef_pct=25.0), VisitVolumes(lvef_pct=after_pct))[2]
    assert change.value == pytest.approx(after_pct - 25.0) and change.flag is responded


@given(st.floats(20.0, 500.0))
def test_exactly_the_limit_counts_for_every_baseline(before_ml: float) -> None:
    change = volume_response(VisitVolumes(lvesv_ml=before_ml), VisitVolumes(lvesv_ml=before_ml * 0.85))[0]
    assert change.flag is True


def test_what_is_unknown_is_said_and_what_differs_is_not_compared() -> None:
    unknown = volume_response(VisitVolumes(lvesv_ml=200.0), VisitVolumes(lvesv_ml=150.0))[0]
    assert unknown.value == -25.0 and len(unknown.notes) == 3
    before = VisitVolumes(lvesv_ml=200.0, lvef_pct=25.0, **SAME)
    after = VisitVolumes(lvesv_ml=150.0, lvef_pct=35.0, **(SAME | {"modality": "cmr"}))
    for change in (volume_response(before, after)[0], volume_response(before, after)[2]):
        assert change.value is None and change.flag is None
        assert change.absent == "modality differs (echo before, cmr after): such volumes must not be compared"


def test_missing_values_have_a_reason() -> None:
    esv, edv, ef = volume_response(VisitVolumes(lvesv_ml=200.0), VisitVolumes())
    assert (esv.absent, edv.absent, ef.absent) == (
        "needs LVESV at both visits",
        "needs LVEDV at both visits",
        "needs the ejection fraction at both visits",
    )


def test_right_ventricle_by_hand() -> None:
    tapse, fac, s_prime = right_ventricle(tapse_mm=14.0, ed_area_cm2=24.0, es_area_cm2=18.0)
    assert (tapse.value, fac.value, s_prime.value) == (14.0, 25.0, None)
    # Limits from memory are shown as unverified and decide nothing.
    assert tapse.flag is None and [one.verified for one in tapse.published + fac.published] == [False, False]


@pytest.mark.parametrize(
    "wrong",
    [
        {"tapse_mm": 0.017},
        {"ed_area_cm2": 2400.0},
        {"s_prime_cm_per_s": 95.0},
        {"ed_area_cm2": 9.0, "es_area_cm2": 12.0},
    ],
)
def test_other_units_and_exchanged_areas_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError):
        right_ventricle(**wrong)
