"""The shape of a heart: segments, veins, and the fibres of its outer layer, from the standard views."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from resynchro.heart.heart import SCAR_CORE, Heart
from resynchro.heart.mesh import FloatArray
from resynchro.pictures.activation_heart import (
    FOOT_MM,
    LETTERS,
    WIDTH_MM,
    draw_head,
    draw_key,
    veins_in_words,
)
from resynchro.pictures.appearance import INK, SMALL_PT, figure_mm, house_style, page_axes
from resynchro.pictures.heart_panel import HeartPanel, draw_scale_bar, heart_panels, length_scale, panels_height_mm
from resynchro.pictures.heart_surface import CUT, OUTER, HeartSurface, SeenSurface, heart_surface
from resynchro.pictures.heart_views import STANDARD_VIEWS, HeartView
from resynchro.pictures.label_placement import Box
from resynchro.pictures.marked_site import MarkedSite, markers_in_words
from resynchro.pictures.surface_image import hatched_pixels
from resynchro.record.segments import level_of, segments_of, wall_of

_HEAD_MM = 18.0
#: Colour of each wall, paler from base to apex.
_WALL_COLOURS = {
    "anterior": "#E69F00",
    "septal": "#56B4E9",
    "inferior": "#009E73",
    "lateral": "#CC79A7",
    None: "#F0E442",
}
_PALER = {"basal": 0.0, "mid": 0.35, "apical": 0.6, "apex": 0.3}
_RV_COLOUR, _CUT_COLOUR = "#D9D2C5", "#B59A8C"
#: One fibre stroke in each square of this side, this long [mm of the picture].
_STROKE_GRID_MM, _STROKE_MM = 2.4, 2.2
_LEAST_PIXELS = 900


def heart_geometry_figure(
    heart: Heart,
    *,
    title: str = "Heart",
    caption: str = "",
    sites: Sequence[MarkedSite] = (),
    fibres: bool = True,
    views: Sequence[HeartView] = STANDARD_VIEWS,
) -> Figure:
    """Draw the segments of a heart with its veins and the fibres of the outer layer.

    Parameters
    ----------
    heart
        Any heart.
    title, caption
        What it shows; the caption may take two lines.
    sites
        Marked with their names.
    fibres
        Draw the fibres under the epicardium as strokes.
    views
        Two to a row.

    Returns
    -------
    Figure
        190 mm wide: walls by colour, levels by lightness, scar core hatched.
    """
    surface = heart_surface(heart, "epicardium")
    used_mm = heart.mesh.points_mm[np.unique(surface.triangles)]
    height_mm = FOOT_MM + panels_height_mm(views) + _HEAD_MM
    with house_style():
        figure = figure_mm(WIDTH_MM, height_mm)
        page = page_axes(figure)
        draw_head(page, height_mm, title, caption)
        for panel in heart_panels(figure, views, used_mm, foot_mm=FOOT_MM):
            seen = panel.seen(heart.mesh.points_mm, surface)
            panel.paint(seen.image, _segment_pixels(seen, surface, heart))
            panel.draw_edges(seen, surface)
            if fibres:
                _draw_fibres(panel, seen, surface, heart)
            taken = panel.write_view() + _write_segments(panel, seen, surface, heart)
            labels = panel.draw_veins(seen, heart)
            labels += panel.draw_sites(seen, heart.mesh.points_mm[surface.outer_nodes], sites)
            panel.write_labels(labels, taken)
        draw_scale_bar(page, 8.0, 12.5, length_scale(used_mm, views))
        _draw_walls(page)
        key = [LETTERS, "numbers: the 17 segments; each wall grows paler towards the apex"]
        signs = ["strokes: fibres under the epicardium"] if fibres else []
        if sites:
            signs.append(markers_in_words(tuple(sites)))
        if (heart.tissue == SCAR_CORE).any():
            signs.append("hatched: scar core")
        key += ["; ".join(signs)] if signs else []
        key += [veins_in_words(heart)] if heart.veins is not None else []
        draw_key(page, key)
    return figure


def _draw_walls(page: Axes) -> None:
    """Name the colours of the walls in two columns."""
    names = {wall or "apex": colour for wall, colour in _WALL_COLOURS.items()} | {"RV free wall": _RV_COLOUR}
    for index, (name, colour) in enumerate(names.items()):
        left_mm, y_mm = 36.0 + 24.0 * (index // 3), 14.6 - 4.2 * (index % 3)
        page.add_patch(Rectangle((left_mm, y_mm - 1.3), 3.2, 2.6, facecolor=colour, edgecolor="none"))
        page.text(left_mm + 4.4, y_mm, name, fontsize=SMALL_PT, va="center_baseline")


def _segment_of(seen: SeenSurface, surface: HeartSurface, heart: Heart) -> NDArray[np.int64]:
    """Return the segment of every visible triangle, 0 on the RV free wall, -1 on the cut base."""
    segment = heart.segment[surface.element[seen.visible]].astype(np.int64)
    return np.where(surface.part[seen.visible] == CUT, -1, segment)


def _segment_pixels(seen: SeenSurface, surface: HeartSurface, heart: Heart) -> NDArray[np.uint8]:
    table = np.array([to_rgb(_CUT_COLOUR), to_rgb(_RV_COLOUR), *(_colour(segment) for segment in segments_of("aha17"))])
    shown = seen.image.triangle >= 0
    of_pixel = seen.image.triangle[shown]
    colours = table[_segment_of(seen, surface, heart)[of_pixel] + 1]
    core = surface.tissue[seen.visible][of_pixel] == SCAR_CORE
    colours[core & hatched_pixels(seen.image, spacing=1.6, width=0.3)[shown]] = 0.35
    pixels = np.full((*shown.shape, 3), 255, dtype=np.uint8)
    pixels[shown] = np.rint(255.0 * np.clip(colours * seen.light[:, None], 0.0, 1.0)).astype(np.uint8)
    return pixels


def _colour(segment: int) -> tuple[float, float, float]:
    red, green, blue = to_rgb(_WALL_COLOURS[wall_of(segment)])
    paler = _PALER[level_of(segment)]
    # Segments of one wall that lie side by side differ a little, so that their border shows.
    shade = 0.9 if segment in (3, 6, 9, 12) else 1.0
    return tuple(shade * (value + paler * (1.0 - value)) for value in (red, green, blue))  # type: ignore[return-value]


def _draw_fibres(panel: HeartPanel, seen: SeenSurface, surface: HeartSurface, heart: Heart) -> None:
    """Draw a stroke along the fibre under one triangle of each square of the picture."""
    outer = np.flatnonzero(surface.part[seen.visible] == OUTER)
    middle = seen.places[seen.triangles[outer]].mean(axis=1)
    shows = seen.image.shows(middle, tolerance=1.0)
    outer, middle = outer[shows], middle[shows]
    cell = np.floor(middle[:, :2] / _STROKE_GRID_MM).astype(np.int64)
    _, first = np.unique(cell, axis=0, return_index=True)
    fibre: FloatArray = heart.fibre[surface.element[seen.visible[outer[first]]]]
    along = panel.view.projected(fibre)[:, :2] * 0.5 * _STROKE_MM
    strokes = np.stack([middle[first, :2] - along, middle[first, :2] + along], axis=1)
    panel.axes.add_collection(LineCollection(list(strokes), colors=INK, linewidths=0.35, alpha=0.7, zorder=2))


def _write_segments(panel: HeartPanel, seen: SeenSurface, surface: HeartSurface, heart: Heart) -> list[Box]:
    """Write the number of every segment, and RV, where enough of it shows from outside; return the boxes."""
    image = seen.image
    rows, columns = np.nonzero(image.triangle >= 0)
    of_pixel = image.triangle[rows, columns]
    segment = _segment_of(seen, surface, heart)[of_pixel]
    outside = surface.part[seen.visible][of_pixel] == OUTER
    taken: list[Box] = []
    for number in (0, *segments_of("aha17")):
        here = outside & (segment == number)
        if here.sum() < _LEAST_PIXELS:
            continue
        x = image.left + image.pixel * float(np.median(columns[here]))
        y = image.bottom + image.pixel * float(np.median(rows[here]))
        panel.axes.text(
            x, y, str(number) if number else "RV", fontsize=SMALL_PT + 0.5, fontweight="bold", color=INK, ha="center",
            va="center", zorder=7, path_effects=[withStroke(linewidth=2.0, foreground="white", alpha=0.8)],
        )  # fmt: skip
        taken.append((x - 2.4, y - 1.8, x + 2.4, y + 1.8))
    return taken
