"""The target in one picture: bullseye of delay with scar and target, ranking with reasons, veins by segment."""

from __future__ import annotations

import textwrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from resynchro.imaging.target.target import Target, TargetSegment
from resynchro.imaging.target.target_exclusion import TRANSMURALITY_LIMIT_PCT
from resynchro.imaging.target.veins import VeinCoverage
from resynchro.pictures.appearance import (
    BLUE,
    GREY,
    INK,
    LIGHT_GREY,
    RESEARCH_USE,
    SMALL_PT,
    TEXT_PT,
    TITLE_PT,
    VERMILLION,
    axes_mm,
    figure_mm,
    house_style,
    page_axes,
    shortened,
    wrapped,
)
from resynchro.pictures.bullseye import delay_scale, draw_bullseye, draw_colour_bar
from resynchro.record.segments import APICAL_FREE_WALL, FREE_WALL

_WIDTH_MM, _HEIGHT_MM = 180.0, 118.0
#: Rows of the ranking: eight free-wall segments, and two apical ones where they are asked for.
_MOST_ROWS = 10


def target_figure(target: Target, *, veins: VeinCoverage | None = None, title: str = "") -> Figure:
    """Draw the target.

    Parameters
    ----------
    target
        From `find_target`.
    veins
        From `vein_coverage`; drawn as a matrix of branches and segments.
    title
        Whose heart it is.

    Returns
    -------
    Figure
        180 mm wide.
    """
    with house_style():
        figure = figure_mm(_WIDTH_MM, _HEIGHT_MM)
        page = page_axes(figure)
        page.text(4.0, _HEIGHT_MM - 5.0, title or "Target for the left-ventricular lead", fontsize=TITLE_PT,
                  fontweight="bold", va="center")  # fmt: skip
        for line, text in enumerate(wrapped(target.sentence, _WIDTH_MM - 8.0, TEXT_PT, most_lines=3)):
            page.text(4.0, _HEIGHT_MM - 11.0 - 4.2 * line, text, va="center")
        _bullseye(figure, target)
        _ranking(axes_mm(figure, 106.0, 49.0, 66.0, 44.0), target)
        _vein_matrix(axes_mm(figure, 106.0, 13.0, 66.0, 22.0), target, veins)
        foot = shortened(f"{target.timing}; {target.draws} draws, seed {target.seed}", 112.0, SMALL_PT)
        page.text(4.0, 3.0, foot, fontsize=SMALL_PT, color=GREY)
        page.text(_WIDTH_MM - 4.0, 3.0, RESEARCH_USE, fontsize=SMALL_PT, color=GREY, ha="right")
    return figure


def _bullseye(figure: Figure, target: Target) -> None:
    delays = {e.segment: e.delay_ms for e in target.segments if e.delay_ms is not None}
    share = {
        e.segment: f"{e.delay_pct_rr:+.1f}".replace("-", "−") for e in target.segments if e.delay_pct_rr is not None
    }
    scarred = [e.segment for e in target.segments if (e.transmurality_pct or 0.0) > TRANSMURALITY_LIMIT_PCT]
    scale = delay_scale(target.rr_s)
    draw_bullseye(
        axes_mm(figure, 3.0, 19.0, 78.0, 78.0),
        delays,
        model="aha17",
        scale=scale,
        second_line=share,
        hatched=scarred,
        outlined=target.segment,
        excluded=[e.segment for e in target.segments if e.exclusions],
    )
    draw_colour_bar(axes_mm(figure, 14.0, 15.0, 40.0, 2.6), scale)
    key = _key_axes(figure)
    key.text(0.0, 0.9, "outlined: target", color=VERMILLION, fontsize=SMALL_PT)
    key.text(0.0, 0.55, f"hatched: scar > {TRANSMURALITY_LIMIT_PCT:.0f} %", fontsize=SMALL_PT)
    key.text(0.0, 0.2, "dotted: no candidate", color=GREY, fontsize=SMALL_PT)
    key.text(0.0, -0.15, "small: % of RR", fontsize=SMALL_PT)


def _key_axes(figure: Figure) -> Axes:
    """Add invisible axes for the legend beside the colour bar."""
    axes = axes_mm(figure, 60.0, 8.0, 30.0, 10.0)
    axes.set_axis_off()
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, 1.0)
    return axes


def _ranking(axes: Axes, target: Target) -> None:
    """Draw the probability of being latest as bars, with delay and reason beside them."""
    rows = [e for e in target.segments if e.rank is not None][:_MOST_ROWS]
    rows += [e for e in target.segments if e.rank is None and _worth_a_row(e)][: _MOST_ROWS - len(rows)]
    axes.set_xlim(0.0, 100.0)
    axes.set_ylim(max(len(rows), 1) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [f"{e.segment} {_short(e.name)}" for e in rows], fontsize=SMALL_PT)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.set_xlabel("probability of being the latest that qualifies [%]", labelpad=1.0)
    axes.spines[["top", "right"]].set_visible(False)
    for place, entry in enumerate(rows):
        chosen = entry.segment == target.segment
        if entry.probability is not None:
            axes.barh(place, 100.0 * entry.probability, height=0.62, color=VERMILLION if chosen else BLUE)
        axes.text(
            max(2.0, 100.0 * (entry.probability or 0.0) + 2.0) if (entry.probability or 0.0) < 0.55 else 3.0,
            place,
            _row_words(entry),
            va="center",
            fontsize=SMALL_PT - 0.8,
            color="white" if (entry.probability or 0.0) >= 0.55 else (GREY if entry.exclusions else INK),
        )
    axes.set_title("Candidates, then the excluded of the free wall", fontsize=TEXT_PT, loc="left", pad=3.0)


def _worth_a_row(entry: TargetSegment) -> bool:
    return "septal" not in entry.exclusions and "apical" not in entry.exclusions


def _short(name: str) -> str:
    return name.replace("inferolateral", "inferolat.").replace("anterolateral", "anterolat.")


def _row_words(entry: TargetSegment) -> str:
    if entry.exclusions:
        return textwrap.shorten(entry.exclusions[0], 52, placeholder=" …")
    words = "" if entry.delay_ms is None else f"{entry.delay_ms:+.0f} ms".replace("-", "−")
    if entry.delay_low_ms is not None and entry.delay_high_ms is not None:
        words += f" ({entry.delay_low_ms:+.0f} to {entry.delay_high_ms:+.0f})".replace("-", "−")
    if entry.transmurality_pct:
        words += f", scar {entry.transmurality_pct:.0f} %"
    return words


def _vein_matrix(axes: Axes, target: Target, veins: VeinCoverage | None) -> None:
    """Draw which branch reaches which segment of the free wall, with the length in it [mm]."""
    axes.set_title("Veins by segment", fontsize=TEXT_PT, loc="left", pad=3.0)
    if veins is None:
        axes.set_axis_off()
        axes.text(0.0, 0.85, "Veins are unknown.", transform=axes.transAxes, va="top", color=GREY)
        return
    segments = sorted({*FREE_WALL, *APICAL_FREE_WALL})
    branches = list(dict.fromkeys(veins.branches))
    axes.set_xlim(-0.5, len(segments) - 0.5)
    axes.set_ylim(len(branches) - 0.5, -0.5)
    axes.set_xticks(range(len(segments)), [str(segment) for segment in segments])
    axes.set_yticks(range(len(branches)), branches, fontsize=SMALL_PT)
    axes.tick_params(length=0.0)
    for reach in veins.reaches:
        if reach.segment not in segments or not (reach.covered or (reach.length_mm or 0.0) > 0.5):
            continue
        x, y = segments.index(reach.segment), branches.index(reach.branch)
        if reach.covered:
            axes.add_patch(_cell(x, y, VERMILLION if reach.segment == target.segment else BLUE))
        text = "yes" if reach.length_mm is None else f"{reach.length_mm:.0f}"
        axes.text(x, y, text, ha="center", va="center", fontsize=SMALL_PT, color="white" if reach.covered else GREY)
    axes.set_xlabel(f"segment; mm of at least {veins.least_diameter_mm:g} mm width", labelpad=1.0)
    for spine in axes.spines.values():
        spine.set_color(LIGHT_GREY)


def _cell(x: int, y: int, colour: str) -> Rectangle:
    return Rectangle((x - 0.48, y - 0.44), 0.96, 0.88, facecolor=colour, edgecolor="none")
