"""The bullseye: one number per segment of the left ventricle, apex in the middle, septum left, anterior up."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap, Normalize, to_rgba
from matplotlib.patches import Circle, Wedge

from resynchro.pictures.appearance import GREY, INK, LIGHT_GREY, SMALL_PT, TEXT_PT, VERMILLION
from resynchro.record.segments import (
    ANTERIOR_INSERTION_DEG,
    INFERIOR_INSERTION_DEG,
    SegmentModel,
    bullseye_centre,
    bullseye_ring,
    display_arc_deg,
    segments_of,
)

#: Colour of segments without a value.
_NO_VALUE = "#F2F2F2"
#: Text turns white on colours darker than this (relative luminance).
_DARK = 0.35
_WALLS = ((90.0, "anterior"), (180.0, "septum"), (270.0, "inferior"), (0.0, "lateral"))


@dataclass(frozen=True, slots=True, kw_only=True)
class BullseyeScale:
    """What the colours of a bullseye mean.

    Attributes
    ----------
    label
        Quantity and unit, written at the colour bar, for example ``"delay [ms]"``.
    low, high
        Values at the ends of the colours; values beyond take the colour of the end.
    colours
        Name of a matplotlib colour map, ordered in lightness, so that it also reads in grey.
    decimals, signed
        How values are written in the segments.
    low_word, high_word
        What the ends mean, for example ``early`` and ``late``.
    """

    label: str
    low: float
    high: float
    colours: str = "viridis"
    decimals: int = 0
    signed: bool = False
    low_word: str = ""
    high_word: str = ""


def delay_scale(rr_s: float | None, *, span_ms: float = 150.0) -> BullseyeScale:
    """Return the scale of delays: fixed from -span to +span [ms], with the beat they belong to [s] in the label.

    The scale does not follow the data, so that two patients can be compared by colour.
    """
    beat = "" if rr_s is None else f", RR {1000.0 * rr_s:.0f} ms"
    return BullseyeScale(
        label=f"delay [ms]{beat}",
        low=-span_ms,
        high=span_ms,
        signed=True,
        low_word="early",
        high_word="late",
    )


def strain_scale(label: str, *, shortening: bool = True) -> BullseyeScale:
    """Return the scale of peak strain [%]: -25 to 0 for shortening, 0 to 60 for thickening; pale means weak."""
    if shortening:
        return BullseyeScale(label=label, low=-25.0, high=0.0, colours="YlGnBu_r", low_word="strong", high_word="weak")
    return BullseyeScale(label=label, low=0.0, high=60.0, colours="YlGnBu", low_word="weak", high_word="strong")


def percent_scale(label: str, *, colours: str = "Greys") -> BullseyeScale:
    """Return a scale from 0 to 100 %, for transmurality, perfusion and probabilities."""
    return BullseyeScale(label=label, low=0.0, high=100.0, colours=colours)


def draw_bullseye(
    axes: Axes,
    values: Mapping[int, float],
    *,
    model: SegmentModel,
    scale: BullseyeScale,
    second_line: Mapping[int, str] | None = None,
    hatched: Collection[int] = (),
    outlined: int | None = None,
    excluded: Collection[int] = (),
    title: str | None = None,
) -> None:
    """Draw a bullseye into empty axes.

    Parameters
    ----------
    axes
        Made square and invisible; the bullseye takes x and y from -1.22 to 1.22.
    values
        Value by segment; segments without one stay pale with a dash.
    model, scale
        Segments and colours.
    second_line
        A short text below the value, by segment, for example the delay in % RR.
    hatched
        Segments with scar (or without viability): hatched over their colour.
    outlined
        The target: a thick outline.
    excluded
        Segments that are no candidates: their border is dotted and their letters are grey.
    title
        Above the bullseye.
    """
    axes.set_aspect("equal")
    axes.set_xlim(-1.22, 1.22)
    axes.set_ylim(-1.22, 1.22)
    axes.set_axis_off()
    colours = _colours(scale)
    border = LIGHT_GREY if scale.colours == "Greys" else "white"  # white borders vanish between pale segments
    for segment in segments_of(model):
        value = values.get(segment)
        face = _NO_VALUE if value is None else colours(_normalised(scale, value))
        _segment_patch(axes, segment, model, facecolor=face, edgecolor=border, linewidth=1.0)
        if segment in hatched:
            _segment_patch(
                axes, segment, model, facecolor="none", edgecolor=INK, linewidth=0.0, hatch="//////", zorder=2
            )
    for segment in excluded:
        _segment_patch(
            axes, segment, model, facecolor="none", edgecolor=GREY, linewidth=0.9, linestyle=(0, (1, 2)), zorder=3
        )
    if outlined is not None:
        _segment_patch(axes, outlined, model, facecolor="none", edgecolor=VERMILLION, linewidth=2.6, zorder=5)
    for segment in segments_of(model):
        _write(axes, segment, model, values.get(segment), scale, (second_line or {}).get(segment), segment in hatched)
    _landmarks(axes)
    if title:
        axes.set_title(title, fontsize=TEXT_PT, fontweight="bold", pad=4.0)


def draw_colour_bar(axes: Axes, scale: BullseyeScale) -> None:
    """Draw the colour bar of a scale into wide, low axes."""
    colours = _colours(scale)
    axes.imshow(
        [[index / 255.0 for index in range(256)]],
        cmap=colours,
        vmin=0.0,
        vmax=1.0,
        aspect="auto",
        extent=(scale.low, scale.high, 0.0, 1.0),
    )
    axes.set_yticks([])
    axes.set_xlabel(scale.label, labelpad=1.0)
    if scale.low_word:
        axes.text(0.01, 1.15, scale.low_word, transform=axes.transAxes, ha="left", va="bottom", fontsize=SMALL_PT)
        axes.text(0.99, 1.15, scale.high_word, transform=axes.transAxes, ha="right", va="bottom", fontsize=SMALL_PT)


def _colours(scale: BullseyeScale) -> Colormap:
    whole = matplotlib.colormaps[scale.colours]
    if scale.colours == "Greys":  # the darkest greys would hide the hatching
        return ListedColormap([whole(0.75 * index / 255.0) for index in range(256)])
    return whole


def _segment_patch(axes: Axes, segment: int, model: SegmentModel, **look: Any) -> None:
    inner, outer = bullseye_ring(segment, model)
    start, end = display_arc_deg(segment, model)
    if end - start >= 360.0:
        axes.add_patch(Circle((0.0, 0.0), outer, **look))
    else:
        axes.add_patch(Wedge((0.0, 0.0), outer, start, end, width=outer - inner, **look))


def _write(
    axes: Axes,
    segment: int,
    model: SegmentModel,
    value: float | None,
    scale: BullseyeScale,
    second_line: str | None,
    hatched: bool,
) -> None:
    x, y = bullseye_centre(segment, model)
    face = to_rgba(_NO_VALUE) if value is None else _colours(scale)(_normalised(scale, value))
    ink = "white" if _luminance(face) < _DARK else INK
    # letters on hatching need a ground of their own
    ground = {"facecolor": face, "edgecolor": "none", "pad": 0.8} if hatched else None
    sign = "+" if scale.signed else ""
    text = "–"
    if value is not None:
        rounded = round(value, scale.decimals)
        text = f"{rounded:{sign}.{scale.decimals}f}".replace("-", "−") if rounded else "0"
    size = _letter_size(axes) * (0.86 if model == "aha17" else 1.0)  # four rings leave less room than three
    if len(text) > 3:
        size *= 0.88
    look: dict[str, Any] = {"ha": "center", "va": "center", "color": ink, "zorder": 6}
    lift = 0.0 if second_line is None else 0.035
    axes.text(x, y + lift, text, fontsize=size, fontweight="bold", bbox=ground, **look)
    if second_line is not None:
        axes.text(x, y - 0.075, second_line, fontsize=0.66 * size, bbox=ground, **look)
    inner, outer = bullseye_ring(segment, model)
    if inner > 0.0:
        angle = math.radians(display_arc_deg(segment, model)[1] - (7.0 if outer > 0.6 else 13.0))
        radius = outer - 0.055
        axes.text(radius * math.cos(angle), radius * math.sin(angle), str(segment), fontsize=0.6 * size, **look)


def _normalised(scale: BullseyeScale, value: float) -> float:
    return float(Normalize(scale.low, scale.high, clip=True)(value))


def _letter_size(axes: Axes) -> float:
    """Return the size of the values [pt]: 7.5 in a bullseye 60 mm wide, in proportion in others."""
    figure = axes.get_figure(root=True)
    width_mm = 60.0 if figure is None else axes.get_position().width * figure.get_size_inches()[0] * 25.4
    return TEXT_PT * min(1.4, width_mm / 64.0)


def _luminance(colour: tuple[float, float, float, float]) -> float:
    red, green, blue, _ = colour
    return float(0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2)


def _landmarks(axes: Axes) -> None:
    """Mark the right-ventricular insertions and name the walls."""
    for degrees in (ANTERIOR_INSERTION_DEG, INFERIOR_INSERTION_DEG):
        angle = math.radians(degrees)
        axes.plot(
            [1.01 * math.cos(angle), 1.1 * math.cos(angle)],
            [1.01 * math.sin(angle), 1.1 * math.sin(angle)],
            color=INK,
            linewidth=1.6,
            solid_capstyle="butt",
        )
        axes.text(
            1.17 * math.cos(angle),
            1.17 * math.sin(angle),
            "RV",
            ha="center",
            va="center",
            fontsize=SMALL_PT - 1.0,
            color=GREY,
        )
    for degrees, wall in _WALLS:
        angle = math.radians(degrees)
        axes.text(
            1.09 * math.cos(angle),
            1.09 * math.sin(angle),
            wall,
            ha="center",
            va="center",
            fontsize=SMALL_PT,
            color=GREY,
            rotation={180.0: 90.0, 0.0: -90.0}.get(degrees, 0.0),
        )
    axes.add_patch(Circle((0.0, 0.0), 1.0, facecolor="none", edgecolor=LIGHT_GREY, linewidth=0.6, zorder=1))
