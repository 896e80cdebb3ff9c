"""Simpson's method of discs on solids of known volume, and what it refuses."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.echo.echo_volume_measurement import echo_volumes_summary, measure_echo_volumes
from resynchro.imaging.echo.echo_volumes import (
    area_cm2,
    cut_into_discs,
    ejection_fraction_pct,
    simpson_biplane,
    simpson_monoplane,
)
from resynchro.record.echo_contours import EchoContour, EchoContours

FloatArray = NDArray[np.float64]


def half_ellipse(radius_mm: float, length_mm: float, points: int = 201) -> FloatArray:
    """Outline of a half ellipse, open at the base, apex down."""
    angle = np.linspace(math.pi, 0.0, points)
    return np.column_stack([radius_mm * np.cos(angle), -length_mm * np.sin(angle)])


def moved(contour: FloatArray, angle: float, shift: tuple[float, float] = (31.0, -7.0)) -> FloatArray:
    cos, sin = math.cos(angle), math.sin(angle)
    return contour @ np.array([[cos, sin], [-sin, cos]]) + shift


@pytest.mark.parametrize(("a", "b", "length"), [(28.0, 28.0, 90.0), (35.0, 24.0, 100.0), (20.0, 30.0, 60.0)])
def test_half_ellipsoids_have_their_analytic_volume(a: float, b: float, length: float) -> None:
    # V = 2/3 pi a b L; the middle-line rule of 20 discs is 1/(8 * 20^2) = 0.03 % too large.
    volume = simpson_biplane(half_ellipse(a, length), half_ellipse(b, length))
    assert volume.volume_ml == pytest.approx(2.0 / 3.0 * math.pi * a * b * length / 1000.0, rel=1e-3)
    assert volume.length_mm == pytest.approx(length)
    assert volume.findings == () and volume.method == "Simpson biplane"


def test_a_cone_and_a_cylinder_like_box() -> None:
    # Cone of radius 30 and height 90 mm: pi/3 r^2 h = 84.8 ml, from a triangle with points along its sides.
    side = np.linspace(0.0, 1.0, 10)[:, None]
    left = np.array([[-30.0, 0.0]]) * (1 - side) + np.array([[0.0, -90.0]]) * side
    cone = np.concatenate([left, (left * [-1.0, 1.0])[::-1][1:]])
    assert simpson_monoplane(cone).volume_ml == pytest.approx(math.pi / 3.0 * 900.0 * 90.0 / 1000.0, rel=1e-3)
    # Ten discs of a cone are cruder than twenty: the middle line misses 1/(4 n^2) of it.
    ten = simpson_monoplane(cone, discs=10).volume_ml
    assert ten == pytest.approx(84.823 * (1 - 1 / 400), abs=0.01)


@settings(deadline=None, max_examples=30)
@given(st.floats(-math.pi, math.pi), st.booleans(), st.booleans())
def test_place_direction_and_order_of_the_contour_do_not_matter(angle: float, mirrored: bool, backwards: bool) -> None:
    contour = half_ellipse(25.0, 85.0)
    other = moved(contour * ([-1.0, 1.0] if mirrored else [1.0, 1.0]), angle)
    other = other[::-1] if backwards else other
    assert simpson_monoplane(other).volume_ml == pytest.approx(simpson_monoplane(contour).volume_ml, rel=1e-6)


@settings(deadline=None, max_examples=20)
@given(st.floats(0.5, 1.8))
def test_volume_grows_with_the_cube_of_size(factor: float) -> None:
    contour = half_ellipse(25.0, 85.0)
    assert simpson_monoplane(contour * factor).volume_ml == pytest.approx(
        simpson_monoplane(contour).volume_ml * factor**3, rel=1e-9
    )


def test_the_longer_axis_counts_and_a_foreshortened_view_is_said() -> None:
    fine = simpson_biplane(half_ellipse(28.0, 90.0), half_ellipse(28.0, 82.0))
    short = simpson_biplane(half_ellipse(28.0, 90.0), half_ellipse(28.0, 80.0))
    assert fine.findings == () and fine.length_difference_pct == pytest.approx(100 * 8 / 90)
    assert short.findings[0].code == "lengths-differ" and "11 %" in short.findings[0].message
    assert short.length_mm == pytest.approx(90.0)


def test_discs_are_measured_across_the_axis_from_annulus_to_apex() -> None:
    discs = cut_into_discs(moved(half_ellipse(30.0, 90.0), 0.7))
    heights = (np.arange(20) + 0.5) / 20
    assert discs.diameters_mm == pytest.approx(60.0 * np.sqrt(1 - heights**2), rel=2e-3)
    axis = discs.axis_mm[1] - discs.axis_mm[0]
    spans = discs.ends_mm[:, 1] - discs.ends_mm[:, 0]
    assert np.abs(spans @ axis).max() < 1e-9 * 90.0 * 60.0


def test_what_is_no_ventricle_is_refused() -> None:
    contour = half_ellipse(28.0, 90.0)
    for wrong, words in (
        (contour / 1000.0, "is the contour in millimetres"),
        (contour * 10.0, "is the contour in millimetres"),
        (contour[:3], "at least 5 points"),
        (np.where(contour > 27.9, np.nan, contour), "at least 5 points"),
        (np.roll(contour, 100, axis=0), "begin at the annulus"),
        (np.concatenate([contour, contour[:1]]), "closed"),
        (np.random.default_rng(1).permutation(contour), "crosses itself"),
    ):
        with pytest.raises(MeasurementError, match=words):
            simpson_monoplane(wrong)


def test_ejection_fraction() -> None:
    assert ejection_fraction_pct(180.0, 120.0) == pytest.approx(100.0 / 3.0)
    with pytest.raises(MeasurementError, match="are ED and ES exchanged"):
        ejection_fraction_pct(120.0, 180.0)


def test_area() -> None:
    # Half a circle of 20 mm: pi 4 / 2 = 6.28 cm2.
    assert area_cm2(half_ellipse(20.0, 20.0)) == pytest.approx(2.0 * math.pi, rel=1e-3)


# ---------------------------------------------------------------- an examination


def examination(*parts: tuple[str, str, float, float], software: str = "A") -> EchoContours:
    contours = tuple(
        EchoContour(view=view, phase=phase, points_mm=half_ellipse(radius, length))  # type: ignore[arg-type]
        for view, phase, radius, length in parts
    )
    return EchoContours(file="one.csv", sha256="00", software=software, contours=contours)


BOTH = (("4CH", "ED", 30.0, 90.0), ("4CH", "ES", 24.0, 84.0), ("2CH", "ED", 30.0, 90.0), ("2CH", "ES", 24.0, 84.0))


def test_an_examination_gives_volumes_and_ejection_fraction() -> None:
    volumes = measure_echo_volumes(examination(*BOTH), tapse_mm=15.0)
    # EF = 1 - (24/30)^2 84/90
    assert volumes.lvef_pct == pytest.approx(100.0 * (1.0 - 0.64 * 84 / 90), rel=1e-3)
    summary = echo_volumes_summary(volumes)
    assert summary["edv_ml"] == pytest.approx(169.7, abs=0.2) and summary["ed_method"] == "Simpson biplane"
    assert summary["indices"]["tapse_mm"]["value"] == 15.0
    assert summary["indices"]["tapse_mm"]["flag"] is None
    assert summary["indices"]["tapse_mm"]["published"][0]["verified"] is False
    assert summary["absent"]["rv_fac_pct"] == "needs both right-ventricular areas"


def test_one_view_is_named_and_never_mixed_with_two() -> None:
    one = measure_echo_volumes(examination(*BOTH[:2]))
    assert one.end_diastole is not None and one.end_diastole.method == "Simpson monoplane 4CH"
    assert {finding.code for finding in one.findings} == {"one-view"}
    mixed = measure_echo_volumes(examination(*BOTH[:3]))
    assert mixed.lvef_pct is None and "draw the same views in both" in dict(mixed.absent)["lvef_pct"]


def test_missing_phases_are_absent_with_the_reason() -> None:
    volumes = measure_echo_volumes(examination(BOTH[0]))
    assert volumes.end_systole is None and dict(volumes.absent)["esv_ml"] == "no contour of the left ventricle at ES"
    with pytest.raises(MeasurementError, match="holds no contour 4CH or 2CH"):
        measure_echo_volumes(examination(("RV", "ED", 18.0, 70.0)))


def test_right_ventricular_areas_come_from_contours_or_by_hand() -> None:
    rv = (("RV", "ED", 20.0, 70.0), ("RV", "ES", 15.0, 70.0))
    drawn = {one.key: one for one in measure_echo_volumes(examination(*BOTH, *rv)).right_ventricle}
    assert drawn["rv_fac_pct"].value == pytest.approx(25.0)
    given = measure_echo_volumes(examination(*BOTH, *rv), rv_ed_area_cm2=20.0, rv_es_area_cm2=10.0).right_ventricle
    assert {one.key: one.value for one in given}["rv_fac_pct"] == pytest.approx(50.0)


def test_two_visits_are_compared_only_with_the_same_software_and_method() -> None:
    before = measure_echo_volumes(examination(*BOTH))
    smaller = tuple((view, phase, radius, length * 0.8) for view, phase, radius, length in BOTH)
    after = measure_echo_volumes(examination(*smaller), baseline=before)
    changes = {one.key: one for one in after.response}
    assert changes["lvesv_change_pct"].value == pytest.approx(-20.0, rel=1e-6) and changes["lvesv_change_pct"].flag
    assert changes["lvef_change_points"].flag is False
    other = measure_echo_volumes(examination(*smaller, software="B"), baseline=before)
    assert all(one.value is None and "software differs" in str(one.absent) for one in other.response)
    one_view = measure_echo_volumes(replace(examination(*smaller[:2])), baseline=before)
    assert "method differs" in str(one_view.response[0].absent)
