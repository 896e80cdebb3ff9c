"""Activation as bullseyes: the mean of each segment, and endo- and epicardium node by node with isochrones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from resynchro.electrics.activation_indices import ActivationIndices
from resynchro.heart.heart import RV_FREE_WALL, SCAR_CORE, Heart
from resynchro.heart.mesh import FloatArray, IndexArray
from resynchro.heart.surface_elements import elements_under
from resynchro.pictures.activation_colours import activation_pixels, activation_scale, after_first, draw_isochrone_bar
from resynchro.pictures.activation_heart import checked_times, draw_head
from resynchro.pictures.appearance import (
    GREY,
    INK,
    LIGHT_GREY,
    SMALL_PT,
    TEXT_PT,
    axes_mm,
    figure_mm,
    house_style,
    number,
    page_axes,
    plain_line,
    shortened,
    text_width_mm,
)
from resynchro.pictures.bullseye import BullseyeScale, draw_bullseye
from resynchro.pictures.isochrones import HEAVY_STEP_MS, STEP_MS, is_heavy, isochrones
from resynchro.pictures.label_placement import placed_labels
from resynchro.pictures.marked_site import MARKERS, MarkedSite
from resynchro.pictures.surface_image import surface_image
from resynchro.record.segments import (
    ANTERIOR_INSERTION_DEG,
    INFERIOR_INSERTION_DEG,
    Level,
    bullseye_ring,
    display_arc_deg,
    level_of,
)

_WIDTH_MM, _HEIGHT_MM = 190.0, 108.0
_MAP_MM = 60.0
_PIXEL_PER_MM = 10.0
_LEVELS: tuple[Level, ...] = ("apex", "apical", "mid", "basal")
_WALLS = ((90.0, "anterior", 0), (180.0, "septum", 90), (270.0, "inferior", 0), (0.0, "lateral", -90))
#: Where the free wall of the right ventricle covers the outer side.
_NO_SURFACE = "#EDEDED"
#: A segment is hatched when more than this share of it is scar core.
_SCAR_SHARE = 0.5


def activation_bullseye_figure(
    heart: Heart,
    times_ms: FloatArray,
    segment_ms: Mapping[int, float],
    *,
    totals: Sequence[tuple[str, str]] = (),
    title: str = "Activation",
    caption: str = "",
    sites: Sequence[MarkedSite] = (),
    scale: BullseyeScale | None = None,
    step_ms: float = STEP_MS,
    zero_ms: float | None = None,
) -> Figure:
    """Draw the activation of the left ventricle as three bullseyes.

    Parameters
    ----------
    heart
        Mesh, coordinates, segments, tissue.
    times_ms
        Activation of each node, shape (n,) [ms]; infinite where none arrives.
    segment_ms
        Mean activation by segment of the 17-segment model, on the clock of `times_ms` [ms]; a segment that is not
        activated has none.
    totals
        Name and value of each number below, for example ``("total activation", "158 ms")``.
    title, caption
        What it shows; the caption may take two lines.
    sites
        Those in the wall of the left ventricle are marked on the nearer of both maps.
    scale, step_ms, zero_ms
        As in `activation_heart_figure`; the same scale makes both pictures comparable.

    Returns
    -------
    Figure
        190 mm wide. The outer map shows the epicardium, and in the septum its right side. The rings of both maps are
        the mean borders of the segments of this heart.

    Raises
    ------
    InputError
        When the number of times is not that of the nodes.
    """
    checked_times(heart, times_ms)
    times = after_first(times_ms, zero_ms)
    shift_ms = _shift(times_ms, times)
    scale = activation_scale(times) if scale is None else scale
    with house_style():
        figure = figure_mm(_WIDTH_MM, _HEIGHT_MM)
        page = page_axes(figure)
        draw_head(page, _HEIGHT_MM, title, caption)
        draw_bullseye(
            axes_mm(figure, 2.0, 27.0, _MAP_MM, _MAP_MM),
            {segment: value - shift_ms for segment, value in segment_ms.items() if math.isfinite(value)},
            model="aha17",
            scale=scale,
            hatched=scarred_segments(heart),
            title="Mean of each segment [ms]",
        )
        inner, outer = lv_layers(heart)
        marked = _sites_by_layer(heart, inner, outer, sites)
        for left_mm, triangles, mine, name in (
            (65.0, inner, marked[0], "Endocardium"),
            (128.0, outer, marked[1], "Epicardium and right side of septum"),
        ):
            axes = axes_mm(figure, left_mm, 27.0, _MAP_MM, _MAP_MM)
            _draw_map(axes, heart, triangles, times, scale, step_ms, mine)
            axes.set_title(name, fontsize=TEXT_PT, fontweight="bold", pad=4.0)
        draw_isochrone_bar(axes_mm(figure, 8.0, 13.0, 68.0, 3.2), scale, step_ms)
        _draw_totals(page, totals)
        key = f"lines every {step_ms:g} ms, heavy every {HEAVY_STEP_MS:g} ms; pale band: where the RV wall is inserted"
        if (heart.tissue == SCAR_CORE).any():
            key += "; hatched: scar core, in segments where it is more than half"
        page.text(5.0, 2.8, key, fontsize=SMALL_PT, color=GREY, va="center")
    return figure


def _shift(given_ms: FloatArray, shown_ms: FloatArray) -> float:
    finite = np.flatnonzero(np.isfinite(shown_ms))
    return float(given_ms[finite[0]] - shown_ms[finite[0]]) if finite.size else 0.0


def scarred_segments(heart: Heart) -> tuple[int, ...]:
    """Return the segments of which more than half is scar core."""
    volume = heart.mesh.volumes_mm3
    whole = np.bincount(heart.segment, weights=volume, minlength=18)
    core = np.bincount(heart.segment, weights=volume * (heart.tissue == SCAR_CORE), minlength=18)
    return tuple(int(segment) for segment in np.flatnonzero(core > _SCAR_SHARE * np.maximum(whole, 1e-9)) if segment)


def lv_layers(heart: Heart) -> tuple[IndexArray, IndexArray]:
    """Return the triangles of the LV's endocardium, and of its epicardium with the right side of the septum."""
    mesh = heart.mesh
    outer = np.concatenate([mesh.epicardium, mesh.rv_endocardium])
    under = elements_under(mesh.tetrahedra, outer)
    left = (under >= 0) & (heart.wall[under] != RV_FREE_WALL)
    return mesh.lv_endocardium, outer[left]


def bullseye_places(heart: Heart, nodes: IndexArray | slice = slice(None)) -> FloatArray:
    """Return where nodes lie in a bullseye of radius 1: lateral to the right, anterior up, shape (k, 2).

    Between apex and base the radius follows the apicobasal coordinate so that the rings of the segments lie at the mean
    height of their borders in this heart.
    """
    radius = np.interp(heart.coordinates.apicobasal[nodes], *_ring_heights(heart))
    angle = np.radians(heart.coordinates.rotation_deg[nodes])
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _ring_heights(heart: Heart) -> tuple[FloatArray, FloatArray]:
    """Return apicobasal coordinates and the radii they are drawn at."""
    left = heart.segment > 0
    height = heart.coordinates.apicobasal[heart.mesh.tetrahedra[left]].mean(axis=1)
    order = np.argsort(height, kind="stable")
    filled = np.cumsum(heart.mesh.volumes_mm3[left][order])
    place = {segment: _LEVELS.index(level_of(segment)) for segment in range(1, 18)}
    level = np.array([-1, *(place[segment] for segment in range(1, 18))])[heart.segment[left]]
    share = np.cumsum(np.bincount(level, weights=heart.mesh.volumes_mm3[left], minlength=4))[:3] / filled[-1]
    borders = height[order][np.searchsorted(filled, share * filled[-1]).clip(0, len(filled) - 1)]
    radii = [bullseye_ring(segment)[1] for segment in (17, 13, 7)]
    heights = np.maximum.accumulate([0.0, *(borders + 1e-6 * np.arange(1, 4)), 1.0])
    return np.asarray(heights), np.array([0.0, *radii, 1.0])


def _draw_map(
    axes: Axes,
    heart: Heart,
    triangles: IndexArray,
    times: FloatArray,
    scale: BullseyeScale,
    step_ms: float,
    sites: Sequence[tuple[MarkedSite, tuple[float, float]]],
) -> None:
    """Draw one layer into square axes from -1.22 to 1.22."""
    mm = _MAP_MM / 2.44
    flat = bullseye_places(heart)
    places = np.concatenate([mm * flat, np.zeros((len(flat), 1))], axis=1)
    tissue = heart.tissue[np.maximum(elements_under(heart.mesh.tetrahedra, triangles), 0)]
    image = surface_image(places, triangles, pixel=1.0 / _PIXEL_PER_MM, margin=0.5)
    pixels = activation_pixels(image, triangles, tissue, times, scale, step_ms=step_ms)
    left, right, bottom, top = (edge / mm for edge in image.extent)
    pixels = np.dstack([pixels, np.where(image.triangle >= 0, 255, 0).astype(np.uint8)])
    axes.imshow(pixels, extent=(left, right, bottom, top), origin="lower", interpolation="antialiased", zorder=1)
    axes.set_aspect("equal")
    axes.set_xlim(-1.22, 1.22)
    axes.set_ylim(-1.22, 1.22)
    axes.set_axis_off()
    found = isochrones(flat, triangles[tissue != SCAR_CORE], times, step_ms=step_ms)
    heavy = is_heavy(found.level_ms)
    for mask, width in ((~heavy, 0.4), (heavy, 1.0)):
        pieces = np.stack([found.start[mask], found.end[mask]], axis=1)
        axes.add_collection(LineCollection(list(pieces), colors=INK, linewidths=width, zorder=2))
    axes.add_patch(Circle((0.0, 0.0), 1.0, facecolor=_NO_SURFACE, edgecolor="none", zorder=0))
    _draw_borders(axes)
    _draw_sites(axes, sites)


def _draw_borders(axes: Axes) -> None:
    """Draw the borders of the segments, the insertions of the right ventricle and the names of the walls."""
    look = {"edgecolor": "white", "facecolor": "none", "linewidth": 0.9, "alpha": 0.9, "zorder": 3}
    for segment in (17, 13, 7):
        axes.add_patch(Circle((0.0, 0.0), bullseye_ring(segment)[1], **look))
    axes.add_patch(Circle((0.0, 0.0), 1.0, facecolor="none", edgecolor=LIGHT_GREY, linewidth=0.7, zorder=3))
    for segment in range(1, 17):
        along = _direction(display_arc_deg(segment)[0])
        axes.plot(*np.outer(along, bullseye_ring(segment)), color="white", linewidth=0.9, alpha=0.9, zorder=3)
    for degrees in (ANTERIOR_INSERTION_DEG, INFERIOR_INSERTION_DEG):
        along = _direction(degrees)
        axes.plot(*np.outer(along, [1.01, 1.1]), color=INK, linewidth=1.6, solid_capstyle="butt")
        axes.text(1.17 * along[0], 1.17 * along[1], "RV", ha="center", va="center", fontsize=SMALL_PT - 1.0, color=GREY)
    for degrees, wall, turn in _WALLS:
        x, y = (1.09 * _direction(degrees)).tolist()
        axes.text(x, y, wall, ha="center", va="center", fontsize=SMALL_PT, color=GREY, rotation=turn)


def _direction(degrees: float) -> NDArray[np.float64]:
    return np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])


def _sites_by_layer(
    heart: Heart, inner: IndexArray, outer: IndexArray, sites: Sequence[MarkedSite]
) -> tuple[list[tuple[MarkedSite, tuple[float, float]]], list[tuple[MarkedSite, tuple[float, float]]]]:
    """Return the sites of either map with their places; those of the RV free wall belong to neither."""
    layers = (np.unique(inner), np.unique(outer))
    found: tuple[list[tuple[MarkedSite, tuple[float, float]]], ...] = ([], [])
    for site in sites:
        away = np.linalg.norm(heart.mesh.points_mm - site.point_mm, axis=1)
        if heart.coordinates.rv[np.argmin(away)]:
            continue
        nearest = [int(nodes[np.argmin(away[nodes])]) for nodes in layers]
        layer = int(np.argmin([away[node] for node in nearest]))
        x, y = bullseye_places(heart, np.array([nearest[layer]], dtype=np.int32))[0]
        found[layer].append((site, (float(x), float(y))))
    return found[0], found[1]


def _draw_sites(axes: Axes, sites: Sequence[tuple[MarkedSite, tuple[float, float]]]) -> None:
    mm = _MAP_MM / 2.44
    names = [plain_line(site.name) for site, _ in sites]
    sizes = [(text_width_mm(name, SMALL_PT, bold=True) + 0.6, 2.8) for name in names]
    middles = placed_labels(
        [(x * mm, y * mm) for _, (x, y) in sites],
        sizes,
        bounds=(-1.02 * mm, -1.02 * mm, 1.02 * mm, 1.02 * mm),
        away_from=(0.0, 0.0),
    )
    for (site, (x, y)), name, middle in zip(sites, names, middles, strict=True):
        marker, size = MARKERS[site.kind]
        axes.plot(
            x, y, marker=marker, markersize=size, markerfacecolor=INK, markeredgecolor="white", markeredgewidth=0.7,
            linestyle="none", zorder=8,
        )  # fmt: skip
        axes.text(
            middle[0] / mm, middle[1] / mm, name, fontsize=SMALL_PT, fontweight="bold", ha="center",
            va="center_baseline", zorder=9, path_effects=[withStroke(linewidth=2.4, foreground="white")],
        )  # fmt: skip


def _draw_totals(page: Axes, totals: Sequence[tuple[str, str]]) -> None:
    """Write numbers in two columns to the right of the colour bar."""
    rows = max(1, math.ceil(len(totals) / 2))
    for index, (name, value) in enumerate(totals):
        left_mm, y_mm = 84.0 + 53.0 * (index // rows), 20.0 - 4.0 * (index % rows)
        page.text(left_mm, y_mm, shortened(name, 34.0, SMALL_PT + 0.5), fontsize=SMALL_PT + 0.5, va="center")
        page.text(
            left_mm + 49.0, y_mm, plain_line(value), fontsize=SMALL_PT + 0.5, fontweight="bold", ha="right", va="center"
        )


def activation_totals(indices: ActivationIndices) -> tuple[tuple[str, str], ...]:
    """Return the numbers of an activation with their names, as `activation_bullseye_figure` takes them."""
    values = (
        ("total activation", indices.total_ms),
        ("LV with septum", indices.lv_ms),
        ("RV free wall", indices.rv_ms),
        ("95 % of the LV after", indices.lv95_ms),
        ("LV dispersion (SD)", indices.lv_dispersion_ms),
        ("LV mean − RV mean", indices.vv_ms),
        ("same, epicardium only", indices.epicardial_vv_ms),
        ("free wall − septum", indices.lv_free_wall_mean_ms - indices.septum_mean_ms),
    )
    return tuple((name, number(value if math.isfinite(value) else None, "ms")) for name, value in values)
