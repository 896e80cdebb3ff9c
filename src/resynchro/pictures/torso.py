"""The torso with heart and electrodes from the front, from the left and from above."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from resynchro.electrics.electrodes import ELECTRODES, Electrodes
from resynchro.electrics.torso import Torso
from resynchro.heart.mesh import FloatArray, HeartMesh
from resynchro.pictures.appearance import (
    BLUE,
    GREY,
    LIGHT_GREY,
    RESEARCH_USE,
    SMALL_PT,
    TEXT_PT,
    TITLE_PT,
    axes_mm,
    figure_mm,
    house_style,
    page_axes,
)

WIDTH_MM, HEIGHT_MM = 190.0, 122.0
#: Millimetres of paper per millimetre of body.
_SCALE = 0.142
_HEART_RGB, _SKIN_RGB = (0.80, 0.40, 0.37), (0.95, 0.92, 0.88)
#: Distance of the lines drawn across the body [mm].
_SECTION_STEP_MM = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """Which body axes (0 left, 1 back, 2 head) run across and up the paper, and which towards the viewer."""

    title: str
    across: int
    up: int
    towards: FloatArray
    ends: tuple[str, str, str]
    corner_mm: tuple[float, float]

    def on_paper(self, local_mm: FloatArray) -> FloatArray:
        return np.asarray(local_mm[..., [self.across, self.up]])


_FRONT = _View(
    title="From the front",
    across=0,
    up=2,
    towards=np.array([0.0, -1.0, 0.0]),
    ends=("right", "", "left"),
    corner_mm=(6.0, 15.0),
)
_LEFT = _View(
    title="From the left",
    across=1,
    up=2,
    towards=np.array([1.0, 0.0, 0.0]),
    ends=("front", "", "back"),
    corner_mm=(76.0, 15.0),
)
_ABOVE = _View(
    title="From above, front at the bottom",
    across=0,
    up=1,
    towards=np.array([0.0, 0.0, 1.0]),
    ends=("right", "front", "left"),
    corner_mm=(125.0, 60.0),
)


def torso_figure(torso: Torso, electrodes: Electrodes, mesh: HeartMesh) -> Figure:
    """Draw a torso with the heart and the electrodes from three sides.

    Parameters
    ----------
    torso
        The body surface.
    electrodes
        In the same axes.
    mesh
        The heart, in the same axes.

    Returns
    -------
    Figure
        190 by 122 mm, all views at one scale.
    """
    with house_style():
        figure = figure_mm(WIDTH_MM, HEIGHT_MM)
        page = page_axes(figure)
        page.text(10.0, HEIGHT_MM - 8.0, "Heart and electrodes in the torso", fontsize=TITLE_PT, weight="bold")
        size = f"chest {2.0 * torso.half_width_mm:.0f} mm wide, {2.0 * torso.half_depth_mm:.0f} mm deep"
        page.text(WIDTH_MM - 10.0, HEIGHT_MM - 8.0, size, fontsize=TEXT_PT, color=GREY, ha="right")
        page.text(10.0, 3.5, RESEARCH_USE, fontsize=SMALL_PT, color=GREY)
        for view in (_FRONT, _LEFT, _ABOVE):
            _draw_view(figure, view, torso, electrodes, mesh)
        handles = [
            Line2D([], [], marker="o", ls="", mfc=BLUE, mec="white", ms=4.5, label="electrode"),
            Line2D([], [], marker="s", ls="", mfc=_HEART_RGB, mec=_HEART_RGB, ms=5, label="both ventricles"),
            Line2D([], [], marker="", color=LIGHT_GREY, lw=0.6, label=f"every {_SECTION_STEP_MM:.0f} mm of height"),
        ]
        page.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.70, 0.36), frameon=False)
    return figure


def _draw_view(figure: Figure, view: _View, torso: Torso, electrodes: Electrodes, mesh: HeartMesh) -> None:
    outline = _outline_mm(view, torso)
    low, high = outline.min(axis=0) - 10.0, outline.max(axis=0) + 10.0
    wide, tall = (high - low) * _SCALE
    axes = axes_mm(figure, *view.corner_mm, wide, tall)
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])
    axes.set_axis_off()
    axes.set_title(view.title, fontsize=TEXT_PT, pad=4.0)
    axes.fill(*outline.T, facecolor=_SKIN_RGB, edgecolor=GREY, linewidth=0.8, zorder=0)
    if view.up == 2:
        axes.add_collection(LineCollection(_levels_mm(view, torso), colors=LIGHT_GREY, linewidths=0.5, zorder=0.5))
    _draw_heart(axes, view, mesh.points_mm - torso.origin_mm, mesh)
    _draw_electrodes(axes, view, electrodes.positions_mm - torso.origin_mm)
    below = -0.01 if view.up == 2 else -0.09
    at_side = axes.transAxes
    for text, where, align in zip(view.ends, (0.0, 0.5, 1.0), ("left", "center", "right"), strict=True):
        axes.text(where, below, text, transform=at_side, fontsize=SMALL_PT, color=GREY, va="top", ha=align)


def _outline_mm(view: _View, torso: Torso) -> FloatArray:
    """Return the outline of the body as seen, shape (k, 2) [mm]."""
    if view.up != 2:
        heights_mm = np.array([torso.electrodes().position_mm("V4")[2] - torso.origin_mm[2]])
        return view.on_paper(torso.sections_mm(heights_mm)[0] - torso.origin_mm)
    heights = np.linspace(torso.lowest_mm, torso.highest_mm, 120)
    half = torso.half_axes_mm(heights)[view.across]
    return np.concatenate([np.stack([half, heights], axis=1), np.stack([-half, heights], axis=1)[::-1]])


def _levels_mm(view: _View, torso: Torso) -> list[FloatArray]:
    """Return lines across the body, each of shape (2, 2) [mm]."""
    first, last = np.ceil(torso.lowest_mm / _SECTION_STEP_MM), np.floor(torso.highest_mm / _SECTION_STEP_MM)
    heights = _SECTION_STEP_MM * np.arange(first, last + 1.0)
    half = torso.half_axes_mm(heights)[view.across]
    return [np.array([(-h, z), (h, z)]) for h, z in zip(half, heights, strict=True)]


def _draw_heart(axes: Axes, view: _View, local_mm: FloatArray, mesh: HeartMesh) -> None:
    """Draw the epicardium and the base, far triangles first, lit from the viewer."""
    corner = local_mm[np.concatenate([mesh.epicardium, mesh.base])]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1), 1e-12)[:, None]
    light = 0.45 + 0.55 * np.abs(normal @ view.towards)
    order = np.argsort((corner @ view.towards).mean(axis=1))
    colours = np.clip(np.array(_HEART_RGB) * light[:, None] + 0.13, 0.0, 1.0)[order]
    axes.add_collection(
        PolyCollection(
            list(view.on_paper(corner)[order]), facecolors=colours, edgecolors=colours, linewidths=0.3, rasterized=True
        )
    )


def _draw_electrodes(axes: Axes, view: _View, local_mm: FloatArray) -> None:
    """Draw and name the electrodes; of two in one place the name of the nearer one to the viewer stays clear."""
    for name, point in zip(ELECTRODES, local_mm, strict=True):
        if view.up != 2 and not name.startswith("V"):
            continue
        x, y = view.on_paper(point)
        axes.plot(x, y, "o", ms=4.5, mfc=BLUE, mec="white", mew=0.5, zorder=5, clip_on=False)
        axes.annotate(
            name,
            (x, y),
            xytext=_label_place(view, name),
            textcoords="offset points",
            fontsize=SMALL_PT,
            color=BLUE,
            ha="center",
            va="center",
            zorder=6,
            annotation_clip=False,
        )


def _label_place(view: _View, name: str) -> tuple[float, float]:
    """Return where a name stands beside its electrode [points]."""
    if view is _ABOVE:
        return {"V5": (8.0, -4.0), "V6": (9.0, 0.0)}.get(name, (0.0, -7.0))
    if view is _LEFT:
        # Seen from the left V1 hides V2, and the right arm the left arm.
        beside = {"V1": (-8.0, 4.5), "V2": (8.5, 5.0), "V3": (-8.0, -1.0), "V4": (-3.0, -7.5), "V6": (0.0, 7.5)}
        return (beside | {"RA": (-9.0, 0.0), "LA": (9.0, 0.0)}).get(name, (6.0, -6.5))
    return {"V1": (-4.0, 7.5), "V2": (1.0, 7.5), "RA": (0.0, 7.5), "LA": (0.0, 7.5), "V6": (6.0, -7.5)}.get(
        name, (1.0, -7.5)
    )
