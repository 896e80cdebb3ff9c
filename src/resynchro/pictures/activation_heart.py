"""Activation on the surface of the heart, seen as in the catheter laboratory, with lines of equal time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from resynchro.errors import InputError
from resynchro.heart.heart import BORDER_ZONE, SCAR_CORE, Heart
from resynchro.heart.mesh import FloatArray
from resynchro.pictures.activation_colours import (
    activation_pixels,
    activation_scale,
    after_first,
    draw_isochrone_bar,
)
from resynchro.pictures.appearance import (
    GREY,
    RESEARCH_USE,
    SMALL_PT,
    TEXT_PT,
    TITLE_PT,
    axes_mm,
    figure_mm,
    house_style,
    page_axes,
    shortened,
    wrapped,
)
from resynchro.pictures.bullseye import BullseyeScale
from resynchro.pictures.heart_panel import HeartPanel, draw_scale_bar, heart_panels, length_scale, panels_height_mm
from resynchro.pictures.heart_surface import HeartSurface, Side, heart_surface
from resynchro.pictures.heart_views import STANDARD_VIEWS, HeartView
from resynchro.pictures.isochrones import HEAVY_STEP_MS, STEP_MS
from resynchro.pictures.marked_site import MarkedSite, markers_in_words

WIDTH_MM = 190.0
FOOT_MM, _HEAD_MM = 21.0, 18.0
#: What the letters at the edges of a view mean.
LETTERS = "L, R patient's left, right; A, P front, back; H, F head, feet"


def activation_heart_figure(
    heart: Heart,
    times_ms: FloatArray,
    *,
    title: str = "Activation",
    caption: str = "",
    sites: Sequence[MarkedSite] = (),
    scale: BullseyeScale | None = None,
    step_ms: float = STEP_MS,
    zero_ms: float | None = None,
    side: Side = "epicardium",
    veins: bool = True,
    views: Sequence[HeartView] = STANDARD_VIEWS,
) -> Figure:
    """Draw the activation of a heart from several sides.

    Parameters
    ----------
    heart
        Mesh, tissue and veins.
    times_ms
        Activation of each node, shape (n,) [ms]; infinite where none arrives. Also their spread over an ensemble, with
        a scale that says so and `zero_ms` 0.
    title, caption
        What it shows; the caption may take two lines.
    sites
        Marked with their names.
    scale
        Colours; by default those of `activation_scale`. Give one scale to pictures that will be compared.
    step_ms
        Between isochrones [ms].
    zero_ms
        What the picture calls zero [ms]; the first activation by default.
    side
        ``epicardium``: the heart from outside, with the cavities where one looks in through the base.
        ``endocardium``: the inner surfaces of both cavities as shells, without the muscle, seen from outside.
    veins
        Draw the branches of the coronary sinus where the heart has them (from outside only).
    views
        Two to a row.

    Returns
    -------
    Figure
        190 mm wide. All views have one scale of length. Nodes without activation and scar core are hatched grey, the
        border zone is hatched over its colour.

    Raises
    ------
    InputError
        When the number of times is not that of the nodes.
    """
    checked_times(heart, times_ms)
    times = after_first(times_ms, zero_ms)
    scale = activation_scale(times) if scale is None else scale
    surface = heart_surface(heart, side)
    with_veins = veins and side == "epicardium" and heart.veins is not None
    used_mm = heart.mesh.points_mm[np.unique(surface.triangles)]
    height_mm = FOOT_MM + panels_height_mm(views) + _HEAD_MM
    with house_style():
        figure = figure_mm(WIDTH_MM, height_mm)
        page = page_axes(figure)
        draw_head(page, height_mm, title, caption)
        for panel in heart_panels(figure, views, used_mm, foot_mm=FOOT_MM):
            _draw_panel(panel, heart, surface, times, scale, step_ms, sites, with_veins)
        draw_isochrone_bar(axes_mm(figure, 8.0, 11.0, 68.0, 3.2), scale, step_ms)
        draw_scale_bar(page, 84.0, 12.5, length_scale(used_mm, views))
        draw_key(page, [LETTERS, *_key(heart, times, step_ms, tuple(sites), with_veins)])
    return figure


def checked_times(heart: Heart, times_ms: FloatArray) -> None:
    """Raise InputError unless there is one time per node, infinite where nothing arrives."""
    if np.shape(times_ms) != (len(heart.mesh.points_mm),):
        raise InputError(
            f"one time per node is needed: the mesh has {len(heart.mesh.points_mm)} nodes, the times have shape "
            f"{np.shape(times_ms)}"
        )
    if np.isnan(times_ms).any():
        raise InputError("a time is not a number; nodes that no front reaches have an infinite time")


def draw_head(page: Axes, height_mm: float, title: str, caption: str) -> None:
    """Write the title, what the picture must not be used for, and up to two lines of caption."""
    y_mm = height_mm - 5.5
    text = shortened(title, 125.0, TITLE_PT, bold=True)
    page.text(5.0, y_mm, text, fontsize=TITLE_PT, fontweight="bold", va="center")
    page.text(WIDTH_MM - 5.0, y_mm, RESEARCH_USE, fontsize=SMALL_PT, color=GREY, ha="right", va="center")
    for line, words in enumerate(wrapped(caption, WIDTH_MM - 10.0, TEXT_PT, most_lines=2)):
        page.text(5.0, y_mm - 5.3 - 4.0 * line, words, fontsize=TEXT_PT, va="center")


def draw_key(page: Axes, lines: Sequence[str]) -> None:
    """Write what signs mean, at the lower right, up to four lines."""
    for line, words in enumerate(lines[:4]):
        text = shortened(words, 84.0, SMALL_PT)
        page.text(WIDTH_MM - 5.0, 15.5 - 3.6 * line, text, fontsize=SMALL_PT, color=GREY, ha="right", va="center")


def veins_in_words(heart: Heart) -> str:
    """Return what the dark lines are, and whether they are the patient's."""
    source = "assumed, not imaged" if heart.veins is not None and heart.veins.file == "template" else "imaged"
    return f"dark lines: coronary veins, {source}"


def _draw_panel(
    panel: HeartPanel,
    heart: Heart,
    surface: HeartSurface,
    times: FloatArray,
    scale: BullseyeScale,
    step_ms: float,
    sites: Sequence[MarkedSite],
    with_veins: bool,
) -> None:
    seen = panel.seen(heart.mesh.points_mm, surface)
    tissue = surface.tissue[seen.visible]
    panel.paint(
        seen.image,
        activation_pixels(seen.image, seen.triangles, tissue, times, scale, step_ms=step_ms, light=seen.light),
    )
    panel.draw_isochrones(seen, seen.triangles[tissue != SCAR_CORE], times, step_ms)
    panel.draw_edges(seen, surface)
    taken = panel.write_view() + panel.write_ventricles(seen, heart)
    labels = panel.draw_veins(seen, heart) if with_veins else []
    labels += panel.draw_sites(seen, heart.mesh.points_mm[surface.outer_nodes], sites)
    panel.write_labels(labels, taken)


def _key(heart: Heart, times: FloatArray, step_ms: float, sites: tuple[MarkedSite, ...], with_veins: bool) -> list[str]:
    key = [f"lines every {step_ms:g} ms, heavy every {HEAVY_STEP_MS:g} ms"]
    if sites:
        key.append(f"{markers_in_words(sites)}; open: behind what is seen")
    core, border = bool((heart.tissue == SCAR_CORE).any()), bool((heart.tissue == BORDER_ZONE).any())
    signs = []
    if not np.isfinite(times).all():
        signs.append("grey: not activated or scar core" if core else "grey: not activated")
    elif core:
        signs.append("grey: scar core")
    if border:
        signs.append("hatched colour: border zone")
    if with_veins:
        signs.append(veins_in_words(heart))
    # Two signs fit one line; with three the isochrones, which explain themselves, give theirs up.
    lines = ["; ".join(signs[:2]), *signs[2:]] if signs else []
    return [*(key if len(key) + len(lines) <= 3 else key[1:]), *lines]
