"""A heart from reported sizes: what is known is kept, what is missing follows the stated rules."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.errors import InputError
from resynchro.heart.cavities import cavity_ml
from resynchro.heart.patient_sizes import KnownSizes, filled_sizes, heart_from_sizes
from resynchro.heart.template import template_heart
from resynchro.heart.template_parameters import PRESETS


def test_known_sizes_are_kept_and_volumes_come_out() -> None:
    heart = heart_from_sizes(KnownSizes(lv_edv_ml=210.0, rv_edv_ml=170.0, lv_length_mm=95.0), edge_mm=4.0)
    assert heart.geometry_source == "volumes"
    assert cavity_ml(heart.mesh.points_mm, heart.mesh.lv_endocardium) == pytest.approx(210.0, rel=2e-3)
    assert np.linalg.norm(heart.landmarks.base_mm - heart.landmarks.apex_mm) == pytest.approx(95.0)
    assert heart.mesh.volumes_mm3.min() > 0.0
    message = heart.findings[0].message
    assert "known were LV end-diastolic volume 210 mL, LV length 95 mm, RV end-diastolic volume 170 mL" in message
    assert "lateral wall 8 mm" in message.split("assumed")[1]


def test_nothing_known_is_the_template() -> None:
    heart = heart_from_sizes(KnownSizes(), edge_mm=4.0)
    assert heart.geometry_source == "template"
    np.testing.assert_array_equal(heart.mesh.points_mm, template_heart("normal", edge_mm=4.0).mesh.points_mm)


def test_missing_sizes_run_through_both_presets() -> None:
    for preset in PRESETS.values():
        sizes, _ = filled_sizes(KnownSizes(lv_edv_ml=preset.lv_edv_ml))
        assert sizes.lv_length_mm == pytest.approx(preset.lv_length_mm)
        assert sizes.rv_edv_ml == pytest.approx(preset.rv_edv_ml)


def test_a_diameter_gives_the_volume() -> None:
    # An ellipsoid of half-axis a cut at k a over its tip, k = 1 - cos(102.6 deg) = 1.21814: pi r^2 L (k - k^2/3), and
    # (1.21814 - 0.49462) = 0.72352 is the share of the cylinder. D 50 mm, L 90 mm: 0.72352 * pi * 625 * 90 = 127.86 mL.
    sizes, finding = filled_sizes(KnownSizes(lv_diameter_mm=50.0, lv_length_mm=90.0))
    assert sizes.lv_edv_ml == pytest.approx(127.86, abs=0.02)
    assert "from diameter and length" in finding.message
    # Without length: the volume whose own length, by the rule, gives this diameter back.
    sizes, _ = filled_sizes(KnownSizes(lv_diameter_mm=65.0))
    assert sizes.lv_edv_ml == pytest.approx(0.72352 * math.pi * 65.0**2 / 4000.0 * sizes.lv_length_mm, rel=1e-4)


def test_unknown_walls_are_thick_like_the_known_ones() -> None:
    sizes, finding = filled_sizes(KnownSizes(septal_wall_mm=13.5))
    assert sizes.lateral_wall_mm == pytest.approx(8.0 * 1.5)  # 13.5 / 9 = 1.5
    assert "template times 1.50" in finding.message


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (KnownSizes(lv_edv_ml=0.18), "check the unit"),
        (KnownSizes(lv_diameter_mm=5.5), "lv_diameter_mm must lie in"),
        (KnownSizes(lv_edv_ml=400.0, lv_length_mm=60.0), "check volume and length"),
    ],
)
def test_sizes_of_no_heart_are_refused(known: KnownSizes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        heart_from_sizes(known, edge_mm=4.0)


@settings(max_examples=12, deadline=None)
@given(
    edv=st.floats(40.0, 450.0),
    roundness=st.floats(0.85, 1.2),
    walls=st.tuples(st.floats(4.0, 20.0), st.floats(3.0, 20.0), st.floats(3.0, 20.0)),
    rv=st.one_of(st.none(), st.floats(40.0, 400.0)),
)
def test_any_sizes_give_a_sound_heart_or_an_error(
    edv: float, roundness: float, walls: tuple[float, float, float], rv: float | None
) -> None:
    try:
        length = filled_sizes(KnownSizes(lv_edv_ml=edv))[0].lv_length_mm * roundness
        heart = heart_from_sizes(
            KnownSizes(
                lv_edv_ml=edv,
                lv_length_mm=length,
                septal_wall_mm=walls[0],
                lateral_wall_mm=walls[1],
                inferior_wall_mm=walls[2],
                rv_edv_ml=rv,
            ),
            edge_mm=4.0,
        )
    except InputError as error:
        assert "check" in str(error)
        return
    assert heart.mesh.volumes_mm3.min() > 0.0
    assert cavity_ml(heart.mesh.points_mm, heart.mesh.lv_endocardium) == pytest.approx(edv, rel=5e-3)
