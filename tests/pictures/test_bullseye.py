"""The bullseye and the target picture: what they say is in them, and letters stay inside."""

from __future__ import annotations

import pytest
from matplotlib.colors import to_hex

from resynchro.imaging.target.segment_timing_draws import phase_timing
from resynchro.imaging.target.target import find_target
from resynchro.imaging.target.veins import vein_coverage
from resynchro.pictures.appearance import VERMILLION, axes_mm, figure_mm, house_style
from resynchro.pictures.bullseye import delay_scale, draw_bullseye, draw_colour_bar, percent_scale, strain_scale
from resynchro.pictures.figure_files import png_bytes, svg_text
from resynchro.pictures.target import target_figure
from resynchro.record.segments import SegmentModel, segments_of
from resynchro.record.veins import VeinBranch, VeinTree


@pytest.mark.parametrize("model", ["aha17", "aha16", "aha18"])
def test_every_segment_is_numbered_and_written(model: SegmentModel) -> None:
    with house_style():
        axes = axes_mm(figure_mm(70, 70), 2, 2, 66, 66)
        values = {segment: 100.0 + segment for segment in segments_of(model) if segment != 4}
        draw_bullseye(axes, values, model=model, scale=delay_scale(0.9), hatched=(3,), outlined=5, excluded=(1,))
    texts = [text.get_text() for text in axes.texts]
    assert all(f"+{100 + segment}" in texts for segment in values)
    assert "–" in texts  # the segment without a value
    assert {"septum", "lateral", "anterior", "inferior"} < set(texts) and texts.count("RV") == 2
    x = {text.get_text(): text.get_position()[0] for text in axes.texts}
    assert x["septum"] < x["+102"] < 0 < x["+106"] < x["lateral"]  # septum left
    assert any(to_hex(patch.get_edgecolor()) == VERMILLION.lower() for patch in axes.patches)


def test_colours_are_ordered_from_early_to_late_in_lightness_too() -> None:
    with house_style():
        axes = axes_mm(figure_mm(70, 70), 2, 2, 66, 66)
        values = {segment: -150.0 + 20.0 * segment for segment in range(1, 17)}
        draw_bullseye(axes, values, model="aha16", scale=delay_scale(None))
    light = [0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b, _ in (p.get_facecolor() for p in axes.patches[:16])]
    assert light == sorted(light)


def test_scales_do_not_follow_the_data() -> None:
    assert (delay_scale(0.8).low, delay_scale(0.8).high) == (-150.0, 150.0)
    assert "RR 800 ms" in delay_scale(0.8).label
    assert (strain_scale("x").low, strain_scale("x", shortening=False).high) == (-25.0, 60.0)
    with house_style():
        figure = figure_mm(60, 20)
        draw_colour_bar(axes_mm(figure, 5, 8, 50, 4), percent_scale("scar [%]"))
    assert figure.axes[0].get_xlabel() == "scar [%]"


@pytest.mark.parametrize("with_veins", [True, False])
def test_the_target_picture(with_veins: bool) -> None:
    phase = {segment: 2.0 * segment for segment in range(1, 17)}
    veins = None
    if with_veins:
        tree = VeinTree(branches=(VeinBranch(name="lateral", segments=(11, 12)),), file="x", sha256="0")
        veins = vein_coverage(tree)
    timing = phase_timing(phase, dict.fromkeys(phase, 3.0), 0.8, words="made here")
    target = find_target(timing, veins=veins)
    figure = target_figure(target, veins=veins, title="C-1")
    texts = " ".join(text.get_text() for axes in figure.axes for text in axes.texts)
    assert "research" in texts and "C-1" in texts
    assert ("Veins are unknown" in texts) != with_veins
    assert svg_text(figure, title="x") == svg_text(target_figure(target, veins=veins, title="C-1"), title="x")
    assert png_bytes(figure, dpi=60)[:4] == b"\x89PNG"
