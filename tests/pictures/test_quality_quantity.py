"""The grid shows the patient's cell, what uncertainty may reach, and read numbers only."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from resynchro.pictures.appearance import size_mm
from resynchro.pictures.figure_files import svg_text
from resynchro.pictures.quality_quantity import (
    effect_in_short,
    effects_to_show,
    quality_quantity_figure,
)
from resynchro.selection.quality_quantity import QualityQuantity, place_quality_quantity
from resynchro.selection.subgroup_effects import subgroup_effects

Texts = Callable[[Figure], str]


def _borderline() -> QualityQuantity:
    answers = {"esc_2013": True, "strauss_2011": True, "aha_2009": False}
    return place_quality_quantity("lbbb", answers, 146.0, (138.0, 156.0), 100.0, (95.0, 131.0))


def test_patient_and_reached_cells_are_framed(texts: Texts) -> None:
    figure = quality_quantity_figure(_borderline())
    assert size_mm(figure)[0] == pytest.approx(180.0)
    words = texts(figure)
    assert words.count("this patient\n") == 1
    frames = [p for p in figure.axes[0].patches if isinstance(p, Rectangle) and p.get_facecolor()[3] == 0.0]
    solid = [p for p in frames if p.get_linestyle() in ("solid", "-")]
    reached = [cell for cell in _borderline().grid if cell.reached_by]
    assert len(solid) == 1
    assert len(frames) == 1 + len(reached)
    assert words.count("in reach: ") == len(reached) > 0


def test_area_stands_beside_all_three_cut_offs(texts: Texts) -> None:
    words = texts(quality_quantity_figure(_borderline()))
    for part in ("≥ 98: van Deursen 2015, n 81", "≥ 102: PMC6898809, n 380", "≥ 109: Ghossein 2021, n 1299"):
        assert part in words
    assert "this patient 100 µVs (95 to 131)" in words


@pytest.mark.parametrize("area_uvs", [0.0, 30.0, 159.0, 320.0])
def test_the_area_label_stays_on_the_page(area_uvs: float) -> None:
    placed = place_quality_quantity("rbbb", {}, 160.0, None, area_uvs, None)
    figure = quality_quantity_figure(placed)
    figure.draw_without_rendering()
    label = next(t for t in figure.axes[1].texts if t.get_text().startswith("this patient"))
    box = label.get_window_extent()
    assert box.x0 >= 0.0 and box.x1 <= figure.bbox.x1


def test_what_is_not_known_is_said(texts: Texts) -> None:
    words = texts(quality_quantity_figure(place_quality_quantity(None, {}, None, None, None, None)))
    assert "this patient" not in words
    assert "QRS area was not measured" in words


def test_cells_name_only_verified_numbers_with_an_interval() -> None:
    effects = list(subgroup_effects())
    chosen, left, unverified = effects_to_show(effects)
    assert chosen and all(e.low is not None and not e.unverified for e in chosen)
    ratios = sum(e.measure.startswith("ratio") for e in effects)
    assert len(chosen) + left + ratios == len(effects)
    assert unverified == sum(e.unverified and not e.measure.startswith("ratio") for e in effects) > 0


def test_an_effect_in_short() -> None:
    effect = next(e for e in subgroup_effects() if e.effect_id == "sipahi-2012-lbbb")
    assert effect_in_short(effect) == "Sipahi ’12 RR 0.64 (0.52–0.77)"


def test_no_cell_text_is_cut_or_leaves_its_cell() -> None:
    figure = quality_quantity_figure(_borderline())
    figure.draw_without_rendering()
    page = figure.axes[0]
    cells = [p.get_window_extent() for p in page.patches if isinstance(p, Rectangle) and p.get_facecolor()[3] > 0.0]
    assert len(cells) == 20
    for text in page.texts:
        box = text.get_window_extent()
        inside = [c for c in cells if c.x0 <= box.x0 <= c.x1 and c.y0 <= box.y0 <= c.y1]
        for cell in inside:
            assert box.x1 <= cell.x1 and box.y1 <= cell.y1 and not text.get_text().endswith("…"), text.get_text()


def test_the_same_placement_gives_the_same_bytes() -> None:
    first = svg_text(quality_quantity_figure(_borderline()), title="t")
    assert svg_text(quality_quantity_figure(_borderline()), title="t") == first
