"""Activation on the heart and as bullseyes: what is written, marked, hatched; the same bytes each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from resynchro.errors import InputError
from resynchro.heart.heart import BORDER_ZONE, SCAR_CORE, Heart
from resynchro.heart.mesh import FloatArray
from resynchro.pictures.activation_bullseye import (
    activation_bullseye_figure,
    bullseye_places,
    lv_layers,
    scarred_segments,
)
from resynchro.pictures.activation_colours import activation_scale
from resynchro.pictures.activation_heart import activation_heart_figure
from resynchro.pictures.figure_files import png_bytes, svg_text
from resynchro.pictures.heart_geometry import heart_geometry_figure
from resynchro.pictures.heart_surface import heart_surface
from resynchro.pictures.heart_views import STANDARD_VIEWS
from resynchro.pictures.marked_site import MarkedSite

Texts = Callable[[Figure], str]


def _scarred(heart: Heart, around_mm: FloatArray) -> Heart:
    away = np.linalg.norm(heart.mesh.points_mm[heart.mesh.tetrahedra].mean(axis=1) - around_mm, axis=1)
    tissue = np.where(away < 22.0, SCAR_CORE, np.where(away < 28.0, BORDER_ZONE, 0)).astype(np.int8)
    return replace(heart, tissue=tissue)


@pytest.fixture(scope="module")
def lateral_mm(template: Heart) -> FloatArray:
    branches = {} if template.veins is None else {branch.name: branch for branch in template.veins.branches}
    points = branches["lateral"].points_mm
    assert points is not None
    return np.asarray(points[len(points) // 2])


def test_the_page_names_views_directions_scale_and_signs(template: Heart, spreading: FloatArray, texts: Texts) -> None:
    text = texts(activation_heart_figure(template, spreading, title="LBBB", caption="a template heart"))
    for words in ("LBBB", "a template heart", "AP", "RAO 30°", "LAO 40°", "Posterior", "20 mm", "activation [ms]"):
        assert words in text
    assert "lines every 10 ms, heavy every 50 ms" in text and "for research" in text
    assert "assumed, not imaged" in text and "posterolateral" in text
    assert "grey" not in text and "star" not in text  # nothing is silent, nothing is marked


def _at(figure: Figure, axes_index: int, words: str) -> tuple[float, float]:
    found = [t for t in figure.axes[axes_index].texts if t.get_text() == words]
    return found[0].get_position()


def test_the_ventricles_lie_where_each_view_shows_them(template: Heart, spreading: FloatArray) -> None:
    figure = activation_heart_figure(template, spreading)
    # axes: the page, then the views in their order
    for view in (1, 3):  # AP, LAO: RV to the left of LV
        assert _at(figure, view, "RV")[0] < _at(figure, view, "LV")[0]
    assert _at(figure, 4, "RV")[0] > _at(figure, 4, "LV")[0]  # from behind the other way round


def test_sites_are_named_and_open_where_they_are_hidden(
    template: Heart, spreading: FloatArray, lateral_mm: FloatArray
) -> None:
    figure = activation_heart_figure(template, spreading, sites=[MarkedSite(name="LV lead", point_mm=lateral_mm)])
    written = [[t.get_text() for t in axes.texts if "LV lead" in t.get_text()] for axes in figure.axes[1:5]]
    assert written[0] == ["LV lead (behind)"]  # AP: the lateral wall lies behind
    assert written[3] == ["LV lead"]  # seen from behind
    key = "\n".join(t.get_text() for t in figure.findobj(Text))  # type: ignore[attr-defined]
    assert "star: stimulus; open: behind what is seen" in key


def test_labels_of_a_view_do_not_overlap(template: Heart, spreading: FloatArray, lateral_mm: FloatArray) -> None:
    sites = [MarkedSite(name=f"LV {k}", point_mm=lateral_mm + k, kind="electrode") for k in range(4)]
    figure = activation_heart_figure(template, spreading, sites=sites)
    renderer = FigureCanvasAgg(figure).get_renderer()
    for axes in figure.axes[1:5]:
        boxes = [text.get_window_extent(renderer) for text in axes.texts]
        for index, one in enumerate(boxes):
            for other in boxes[:index]:
                overlap = one.intersection(one, other)
                assert overlap is None or min(overlap.width, overlap.height) < 1.0


def test_scar_and_silent_tissue_are_grey_and_said(
    template: Heart, spreading: FloatArray, lateral_mm: FloatArray, texts: Texts
) -> None:
    heart = _scarred(template, lateral_mm)
    times = spreading.copy()
    inside = np.setdiff1d(heart.mesh.tetrahedra[heart.tissue == SCAR_CORE], heart.mesh.tetrahedra[heart.tissue == 0])
    times[inside] = np.inf
    figure = activation_heart_figure(heart, times)
    text = texts(figure)
    assert "grey: not activated or scar core; hatched colour: border zone" in text
    plain = activation_heart_figure(template, spreading)
    grey = [_grey_share(f) for f in (plain, figure)]
    assert grey[0] < 0.002 and grey[1] > 0.02
    hatched = activation_bullseye_figure(heart, times, {11: 100.0})
    assert set(scarred_segments(heart)) & {5, 6, 11, 12, 16}
    assert [patch for axes in hatched.axes for patch in axes.patches if patch.get_hatch()]


def _grey_share(figure: Figure) -> float:
    """Return the share of neutral grey among the painted pixels of the last view."""
    pixels = np.asarray(figure.axes[4].images[0].get_array()).astype(int)
    painted = pixels[(pixels < 250).any(axis=-1)]
    neutral = (np.ptp(painted, axis=1) <= 2) & (painted[:, 0] > 60)
    return float(neutral.mean())


def test_colours_of_the_heart_are_those_of_the_front(template: Heart) -> None:
    """All tissue at one time: every painted pixel has one hue, so nothing but light varies."""
    times = np.full(len(template.mesh.points_mm), 45.0)
    figure = activation_heart_figure(template, times, zero_ms=0.0, veins=False)
    pixels = np.asarray(figure.axes[1].images[0].get_array()).astype(float)
    painted = pixels[(pixels < 250).any(axis=-1)]
    expected = np.array(matplotlib.colormaps["RdYlBu"](45.0 / 120.0)[:3])
    share = painted / painted.max(axis=1, keepdims=True)
    assert np.abs(share - expected / expected.max()).max() < 0.02


def test_shells_show_both_cavities_without_veins(template: Heart, spreading: FloatArray, texts: Texts) -> None:
    surface = heart_surface(template, "endocardium")
    assert len(surface.triangles) == len(template.mesh.lv_endocardium) + len(template.mesh.rv_endocardium)
    text = texts(activation_heart_figure(template, spreading, side="endocardium", views=STANDARD_VIEWS[:2]))
    assert "veins" not in text and "LAO" not in text


def test_pictures_have_the_same_bytes_each_time(template: Heart, spreading: FloatArray) -> None:
    views = STANDARD_VIEWS[:1]
    one, other = (activation_heart_figure(template, spreading, views=views) for _ in range(2))
    assert png_bytes(one) == png_bytes(other)
    assert svg_text(one, title="a") == svg_text(other, title="a")


def test_times_that_do_not_fit_are_refused(template: Heart, spreading: FloatArray) -> None:
    with pytest.raises(InputError, match="one time per node"):
        activation_heart_figure(template, spreading[:-1])
    with pytest.raises(InputError, match="not a number"):
        activation_bullseye_figure(template, np.full_like(spreading, np.nan), {})


def test_a_heart_that_nothing_activates_is_drawn_grey(template: Heart, texts: Texts) -> None:
    times = np.full(len(template.mesh.points_mm), np.inf)
    assert "grey: not activated" in texts(activation_heart_figure(template, times, views=STANDARD_VIEWS[:1]))
    assert "–" in texts(activation_bullseye_figure(template, times, {}))


def test_bullseyes_count_from_the_same_zero(template: Heart, spreading: FloatArray, texts: Texts) -> None:
    # The first node is activated at 20 ms, so a segment at 95 ms stands at 75.
    figure = activation_bullseye_figure(
        template, spreading, {11: 95.0}, totals=[("total activation", "158 ms")], scale=activation_scale(spreading)
    )
    text = texts(figure)
    assert "75" in text.split("\n") and "total activation" in text and "158 ms" in text
    assert text.count("anterior") == 3 and "Endocardium" in text


def test_nodes_lie_in_the_bullseye_where_their_segment_is(template: Heart) -> None:
    middle = template.mesh.tetrahedra[np.isin(template.segment, (11, 12))]
    nodes = np.unique(middle).astype(np.int32)
    x, y = bullseye_places(template, nodes).T
    radius = np.hypot(x, y)
    assert np.median(radius) == pytest.approx(0.625, abs=0.05) and np.median(x) > 0.4  # mid ring, lateral: right
    apex = np.unique(template.mesh.tetrahedra[template.segment == 17]).astype(np.int32)
    assert np.median(np.hypot(*bullseye_places(template, apex).T)) < 0.25
    septal = np.unique(template.mesh.tetrahedra[np.isin(template.segment, (8, 9))]).astype(np.int32)
    assert np.median(bullseye_places(template, septal)[:, 0]) < -0.5


def test_the_outer_layer_holds_the_right_side_of_the_septum(template: Heart) -> None:
    inner, outer = lv_layers(template)
    assert len(inner) == len(template.mesh.lv_endocardium)
    assert not template.coordinates.rv[outer].all(axis=1).any()
    septum = np.isin(outer.view([("", outer.dtype)] * 3), template.mesh.rv_endocardium.view([("", outer.dtype)] * 3))
    assert 0.15 < septum.mean() < 0.5


def test_the_shape_of_a_heart_shows_its_segments(template: Heart, texts: Texts) -> None:
    text = texts(heart_geometry_figure(template, title="Heart")).split("\n")
    assert {"1", "7", "13", "17", "11", "5", "4", "RV"} <= set(text)
    assert "strokes: fibres under the epicardium" in text and "lateral" in text
