"""Figures become files: the same bytes each time, true in millimetres, whole or not at all."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree

import matplotlib
import pytest
from matplotlib.figure import Figure
from PIL import Image

from resynchro.pictures.appearance import (
    axes_mm,
    figure_mm,
    house_style,
    number,
    shortened,
    size_mm,
    text_width_mm,
    wrapped,
)
from resynchro.pictures.figure_files import png_bytes, svg_text


def _figure() -> Figure:
    with house_style():
        figure = figure_mm(100.0, 60.0)
        axes = axes_mm(figure, 20.0, 15.0, 70.0, 40.0)
        axes.plot([0.0, 1.0, 2.0], [0.0, 1.0, 0.5], marker="o")
        axes.set_title("µVs – −3°")
    return figure


def test_the_same_figure_gives_the_same_bytes_whatever_the_users_settings() -> None:
    svg, png = svg_text(_figure(), title="t"), png_bytes(_figure())
    assert (svg_text(_figure(), title="t"), png_bytes(_figure())) == (svg, png)
    own = {"font.size": 31.0, "lines.linewidth": 9.0, "svg.fonttype": "none", "svg.hashsalt": "mine"}
    with matplotlib.rc_context(own):
        assert svg_text(_figure(), title="t") == svg
        assert png_bytes(_figure()) == png
        assert matplotlib.rcParams["font.size"] == 31.0  # the user's settings are as they were


def test_svg_is_one_element_of_true_size_without_date_or_outside_references() -> None:
    svg = svg_text(_figure(), title='Beats of <"A" & B>\x07')
    root = ElementTree.fromstring(svg)
    assert svg.startswith("<svg")
    assert (root.get("width"), root.get("height")) == ("100mm", "60mm")
    # 100 mm = 100 / 25.4 * 72 = 283.46 pt: one unit of the picture is one point.
    width, height = (float(value) for value in root.get("viewBox", "").split()[2:])
    assert (width, height) == (pytest.approx(283.46, abs=0.01), pytest.approx(170.08, abs=0.01))
    assert root[0].text == 'Beats of <"A" & B>'
    assert "<metadata" not in svg and "<!--" not in svg and "<text" not in svg
    links = [value for e in root.iter() for key, value in e.attrib.items() if key.endswith("href")]
    assert links and all(link.startswith("#") for link in links)
    names = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(names) == len(set(names))
    assert not any(name and name.startswith(("figure", "axes")) for name in names)


def test_png_declares_ten_dots_per_millimetre() -> None:
    image = Image.open(io.BytesIO(png_bytes(_figure())))
    assert image.size == (1000, 600)
    assert image.info["dpi"] == pytest.approx((254.0, 254.0), abs=0.01)
    assert "Software" not in image.info


def test_sizes_are_millimetres() -> None:
    assert size_mm(figure_mm(297.0, 210.0)) == pytest.approx((297.0, 210.0))


def test_texts_are_cut_and_broken_to_fit() -> None:
    cut = shortened("a rather long sentence about an electrocardiogram", 30.0, 8.0)
    assert cut.endswith("…") and text_width_mm(cut, 8.0) <= 30.0
    assert shortened("short", 30.0, 8.0) == "short"
    lines = wrapped("one two three four five six seven eight nine ten", 25.0, 8.0, most_lines=2)
    assert len(lines) == 2 and lines[1].endswith("…") and all(text_width_mm(x, 8.0) <= 25.0 for x in lines)
    assert wrapped("", 25.0, 8.0, most_lines=2) == []
    assert shortened("two\nlines\t$x$", 50.0, 8.0) == r"two lines \$x\$"


def test_numbers_carry_their_unit_and_a_true_minus() -> None:
    assert number(-47.3, "°") == "−47°"
    assert number(-0.2, "ms") == "0 ms"
    assert number(None, "ms") == "–"
    assert number(12.34, "µVs", digits=1) == "12.3 µVs"
