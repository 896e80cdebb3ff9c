"""Activation through the wall: short-axis sections at three levels and one section along the long axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.heart.heart import BORDER_ZONE, SCAR_CORE, Heart
from resynchro.heart.mesh import FloatArray, IndexArray
from resynchro.pictures.activation_colours import activation_pixels, activation_scale, after_first, draw_isochrone_bar
from resynchro.pictures.activation_heart import WIDTH_MM, checked_times, draw_head, draw_key
from resynchro.pictures.appearance import GREY, INK, SMALL_PT, TEXT_PT, axes_mm, figure_mm, house_style, page_axes
from resynchro.pictures.bullseye import BullseyeScale
from resynchro.pictures.heart_panel import draw_scale_bar
from resynchro.pictures.isochrones import HEAVY_STEP_MS, STEP_MS, is_heavy, isochrones
from resynchro.pictures.surface_image import surface_image

#: Depth of the short-axis sections along the long axis, 0 at the base and 1 at the apex: the middles of the thirds.
LEVELS: tuple[tuple[str, float], ...] = (("basal", 1 / 6), ("mid", 1 / 2), ("apical", 5 / 6))
_PANEL_MM, _MARGIN_MM, _PIXEL_MM = 44.0, 4.5, 0.1
_HEIGHT_MM, _FOOT_MM = 90.0, 22.0
#: No point of a heart lies this far from a plane through it, so that 0 is the only multiple among the heights [mm].
_BEYOND_MM = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A cut through the tetrahedra.

    Attributes
    ----------
    points
        Shape (k, 3): right, up in the section, and 0 [mm].
    triangles
        Shape (t, 3).
    element
        Tetrahedron that each triangle lies in, shape (t,).
    values
        Of the nodes, at the points, shape (k,).
    outline
        Where the plane cuts the surface of the muscle: right and up of both ends, shape (o, 2, 2) [mm].
    """

    points: FloatArray
    triangles: IndexArray
    element: NDArray[np.int64]
    values: FloatArray
    outline: FloatArray


def activation_sections_figure(
    heart: Heart,
    times_ms: FloatArray,
    *,
    title: str = "Activation through the wall",
    caption: str = "",
    scale: BullseyeScale | None = None,
    step_ms: float = STEP_MS,
    zero_ms: float | None = None,
) -> Figure:
    """Draw the activation in three short-axis sections and one along the long axis.

    Parameters
    ----------
    heart
        Mesh, landmarks, tissue.
    times_ms
        Activation of each node, shape (n,) [ms]; infinite where none arrives.
    title, caption
        What it shows; the caption may take two lines.
    scale, step_ms, zero_ms
        As in `activation_heart_figure`.

    Returns
    -------
    Figure
        190 mm wide. Short axes are seen from the apex, anterior up and the septum on the left, as in magnetic resonance
        and in the bullseye; the long axis lies with the apex up, the middle of the septum on the left and the lateral
        wall on the right (four-chamber view). All sections share one scale of length.

    Raises
    ------
    InputError
        When the number of times is not that of the nodes.
    """
    checked_times(heart, times_ms)
    times = after_first(times_ms, zero_ms)
    scale = activation_scale(times) if scale is None else scale
    sections = [*short_axis_sections(heart, times), ("long axis", long_axis_section(heart, times))]
    largest = max(float(np.ptp(section.points[:, :2], axis=0).max()) for _, section in sections)
    mm_per_mm = min(1.0, (_PANEL_MM - 2.0 * _MARGIN_MM) / largest)
    with house_style():
        figure = figure_mm(WIDTH_MM, _HEIGHT_MM)
        page = page_axes(figure)
        draw_head(page, _HEIGHT_MM, title, caption)
        for index, (name, section) in enumerate(sections):
            axes = axes_mm(figure, 4.0 + index * (_PANEL_MM + 2.0), _FOOT_MM, _PANEL_MM, _PANEL_MM)
            ends = ("apex", "base") if name == "long axis" else ("anterior", "inferior")
            _draw_section(axes, heart, section, scale, step_ms, mm_per_mm, (name, *ends))
        draw_isochrone_bar(axes_mm(figure, 8.0, 11.0, 68.0, 3.2), scale, step_ms)
        draw_scale_bar(page, 84.0, 12.5, mm_per_mm)
        key = [f"lines every {step_ms:g} ms, heavy every {HEAVY_STEP_MS:g} ms"]
        if not np.isfinite(times).all() or (heart.tissue == SCAR_CORE).any():
            key.append("grey: not activated or scar core")
        if (heart.tissue == BORDER_ZONE).any():
            key.append("hatched colour: border zone")
        draw_key(page, key)
    return figure


def short_axis_sections(heart: Heart, values: FloatArray) -> list[tuple[str, Section]]:
    """Return the sections at the middles of the basal, mid and apical third, seen from the apex."""
    right, up, apical = _axes(heart)
    found = []
    for name, depth in LEVELS:
        origin = heart.landmarks.base_mm + depth * (heart.landmarks.apex_mm - heart.landmarks.base_mm)
        found.append((name, section(heart, values, origin, np.stack([right, up, apical]))))
    return found


def long_axis_section(heart: Heart, values: FloatArray) -> Section:
    """Return the section through the long axis, the middle of the septum and the lateral wall, apex up."""
    right, up, apical = _axes(heart)
    origin = 0.5 * (heart.landmarks.base_mm + heart.landmarks.apex_mm)
    return section(heart, values, origin, np.stack([right, apical, -up]))


def _axes(heart: Heart) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the directions to the lateral wall, to the anterior wall, and from base to apex."""
    marks = heart.landmarks
    apical = (marks.apex_mm - marks.base_mm) / np.linalg.norm(marks.apex_mm - marks.base_mm)
    insertion = marks.anterior_insertion_mm - marks.base_mm
    insertion = insertion - apical * float(insertion @ apical)
    insertion /= np.linalg.norm(insertion)
    # The anterior insertion lies at 120 degrees, the lateral wall at 0, counter-clockwise seen from the apex.
    across = np.cross(apical, insertion)
    turn = np.radians(120.0)
    lateral = np.cos(turn) * insertion - np.sin(turn) * across
    return lateral, np.cross(apical, lateral), apical


def section(heart: Heart, values: FloatArray, origin_mm: FloatArray, axes: FloatArray) -> Section:
    """Cut the tetrahedra with a plane.

    Parameters
    ----------
    heart
        Its mesh is cut.
    values
        Per node, shape (n,); linear within each tetrahedron, infinite next to an infinite node.
    origin_mm
        A point of the plane, the origin of the picture, shape (3,) [mm].
    axes
        Rows: right and up in the picture, and the normal of the plane, shape (3, 3), unit vectors at right angles.

    Raises
    ------
    InputError
        When the plane misses the heart.
    """
    mesh = heart.mesh
    height = (mesh.points_mm - origin_mm) @ axes[2]
    # A node in the plane counts as just above it, so that every cut is a triangle or a quadrilateral.
    height = np.where(np.abs(height) < 1e-9, 1e-9, height)
    above = height[mesh.tetrahedra] > 0.0
    cut = np.flatnonzero(above.any(axis=1) & ~above.all(axis=1))
    if not len(cut):
        raise InputError("the plane of the section does not meet the heart: check landmarks and mesh")
    corners, found, owner = [], [], []
    pattern = above[cut] @ (1 << np.arange(4))
    for code in np.unique(pattern):
        members = cut[pattern == code]
        for edges in _triangles_of_cut(int(code)):
            ends = mesh.tetrahedra[members][:, np.array(edges)]  # (k, 3 corners, 2 ends)
            low, high = height[ends[..., 0]], height[ends[..., 1]]
            share = low / (low - high)
            start, end = mesh.points_mm[ends[..., 0]], mesh.points_mm[ends[..., 1]]
            corners.append(start + share[..., None] * (end - start))
            found.append(_between(values[ends], share))
            owner.append(members)
    flat = (np.concatenate(corners).reshape(-1, 3) - origin_mm) @ axes[:2].T
    return Section(
        points=np.column_stack([flat, np.zeros(len(flat))]),
        triangles=np.arange(len(flat), dtype=np.int32).reshape(-1, 3),
        element=np.concatenate(owner),
        values=np.concatenate(found).reshape(-1),
        outline=_outline(heart, height, origin_mm, axes),
    )


def _outline(heart: Heart, height: FloatArray, origin_mm: FloatArray, axes: FloatArray) -> FloatArray:
    """Return where the surface lies in the plane: the line of the height 0 over its triangles."""
    boundary = np.concatenate(list(heart.mesh.surfaces.values()))
    line = isochrones(heart.mesh.points_mm, boundary, height, step_ms=_BEYOND_MM)
    ends = np.stack([line.start, line.end], axis=1)
    return np.asarray((ends - origin_mm) @ axes[:2].T)


def _between(at_ends: FloatArray, share: FloatArray) -> FloatArray:
    """Return values between both ends of edges, infinite where either is."""
    finite = np.asarray(np.isfinite(at_ends).all(axis=-1))
    start, end = np.moveaxis(np.where(finite[..., None], at_ends, 0.0), -1, 0)
    return np.where(finite, start + share * (end - start), np.inf)


def _triangles_of_cut(code: int) -> list[tuple[tuple[int, int], ...]]:
    """Return the triangles of a cut, each as three edges of the tetrahedron; bit k of the code: node k lies above."""
    above = [node for node in range(4) if code >> node & 1]
    below = [node for node in range(4) if not code >> node & 1]
    if len(above) == 2:  # a quadrilateral, in order around it
        (a, b), (c, d) = above, below
        return [((a, c), (a, d), (b, d)), ((a, c), (b, d), (b, c))]
    (lone,), others = (above, below) if len(above) == 1 else (below, above)
    return [tuple((lone, other) for other in others)]


def _draw_section(
    axes: Axes,
    heart: Heart,
    drawn: Section,
    scale: BullseyeScale,
    step_ms: float,
    mm_per_mm: float,
    names: tuple[str, str, str],
) -> None:
    """Draw one section with its name, what lies above and below, and the outline of the muscle."""
    half = 0.5 * _PANEL_MM
    axes.set_axis_off()
    middle = 0.5 * (drawn.points.min(axis=0) + drawn.points.max(axis=0))
    places = (drawn.points - middle) * mm_per_mm
    tissue = heart.tissue[drawn.element]
    image = surface_image(places, drawn.triangles, pixel=_PIXEL_MM, margin=0.5)
    pixels = activation_pixels(image, drawn.triangles, tissue, drawn.values, scale, step_ms=step_ms)
    axes.imshow(pixels, extent=image.extent, origin="lower", aspect="auto", interpolation="antialiased", zorder=1)
    axes.set_xlim(-half, half)
    axes.set_ylim(-half, half)
    lines = isochrones(places[:, :2], drawn.triangles[tissue != SCAR_CORE], drawn.values, step_ms=step_ms)
    heavy = is_heavy(lines.level_ms)
    for mask, width in ((~heavy, 0.4), (heavy, 1.0)):
        pieces = np.stack([lines.start[mask], lines.end[mask]], axis=1)
        axes.add_collection(LineCollection(list(pieces), colors=INK, linewidths=width, zorder=2))
    outline = (drawn.outline - middle[:2]) * mm_per_mm
    axes.add_collection(LineCollection(list(outline), colors=INK, linewidths=0.6, capstyle="round", zorder=3))
    name, above, below = names
    axes.set_title(name, fontsize=TEXT_PT, fontweight="bold", pad=3.0)
    axes.text(0.0, half - 1.2, above, fontsize=SMALL_PT, color=GREY, ha="center", va="center")
    axes.text(0.0, 1.2 - half, below, fontsize=SMALL_PT, color=GREY, ha="center", va="center")
    axes.text(2.0 - half, 0.0, "RV", fontsize=SMALL_PT, color=GREY, ha="center", va="center", rotation=90)
    axes.text(half - 2.0, 0.0, "lateral", fontsize=SMALL_PT, color=GREY, ha="center", va="center", rotation=-90)
