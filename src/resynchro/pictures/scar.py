"""Scar as pictures: slices to check by eye, the bullseye of transmurality, and the rules side by side."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from resynchro.imaging.mask_contours import outline
from resynchro.imaging.scar.remote_myocardium import SECTOR_DEG
from resynchro.imaging.scar.scar_measurement import ScarMeasurement, ScarSlice
from resynchro.imaging.scar.scar_slices import MaskedSlice
from resynchro.imaging.scar.scar_thresholds import RULE_WORDS, SCAR_RULES
from resynchro.imaging.scar.transmurality import VIABLE_PCT
from resynchro.pictures.appearance import (
    BLUE,
    GREEN,
    GREY,
    LIGHT_GREY,
    ORANGE,
    RESEARCH_USE,
    SKY,
    SMALL_PT,
    TEXT_PT,
    TITLE_PT,
    VERMILLION,
    WARNING_RED,
    axes_mm,
    figure_mm,
    house_style,
    page_axes,
    shortened,
    wrapped,
)
from resynchro.pictures.bullseye import draw_bullseye, draw_colour_bar, percent_scale
from resynchro.pictures.short_axis import draw_segment_borders
from resynchro.record.scar import ScarMap
from resynchro.record.segments import ANTERIOR_INSERTION_DEG, INFERIOR_INSERTION_DEG
from resynchro.record.slices import FloatArray

_CELL_MM, _GAP_MM, _MARGIN_MM = 42.0, 4.0, 8.0
_MOST_COLUMNS = 4
#: Free space around the heart in a slice's picture, as a share of its size.
_AROUND = 0.25


def scar_slices_figure(measurement: ScarMeasurement) -> Figure:
    """Draw every slice with its contours, scar, remote sector and insertions.

    Parameters
    ----------
    measurement
        From `measure_scar` or `scar_from_labels`; with slices.

    Returns
    -------
    Figure
    """
    slices = measurement.slices
    columns = min(_MOST_COLUMNS, max(1, len(slices)))
    rows = math.ceil(len(slices) / columns)
    width = max(2 * _MARGIN_MM + columns * _CELL_MM + (columns - 1) * _GAP_MM, 140.0)
    height = 24.0 + rows * (_CELL_MM + 6.0) + 18.0
    with house_style():
        figure = figure_mm(width, height)
        page = page_axes(figure)
        _heading(page, measurement, width, height)
        for place, item in enumerate(slices):
            row, column = divmod(place, columns)
            left = _MARGIN_MM + column * (_CELL_MM + _GAP_MM)
            bottom = height - 24.0 - (row + 1) * (_CELL_MM + 6.0) + 2.0
            _draw_slice(axes_mm(figure, left, bottom, _CELL_MM, _CELL_MM), item)
        _legend(page, measurement, width)
    return figure


def scar_bullseye_figure(scar: ScarMap) -> Figure:
    """Draw transmurality per segment; segments with more than half of their thickness scarred are hatched."""
    width, height = 96.0, 116.0
    with house_style():
        figure = figure_mm(width, height)
        page = page_axes(figure)
        axes = axes_mm(figure, 6.0, 24.0, 84.0, 76.0)
        values = {segment: item.transmurality_mean_pct for segment, item in scar.segments.items()}
        scale = percent_scale("mean transmurality of scar [%]")
        draw_bullseye(
            axes,
            values,
            model=scar.model,
            scale=scale,
            hatched=[segment for segment, value in values.items() if value > VIABLE_PCT],
            second_line={
                segment: f"{item.low_pct:.0f}–{item.high_pct:.0f}"
                for segment, item in scar.segments.items()
                if item.low_pct is not None and item.high_pct is not None
            },
        )
        draw_colour_bar(axes_mm(figure, 22.0, 16.0, 52.0, 3.0), scale)
        page.text(
            width / 2,
            height - 6.0,
            shortened(f"Scar per segment: {Path(scar.source).name}", width - 10.0, TITLE_PT, bold=True),
            fontsize=TITLE_PT,
            fontweight="bold",
            ha="center",
        )
        spread = any(item.low_pct is not None for item in scar.segments.values())
        notes = [f"{_method(scar)} · hatched: more than {VIABLE_PCT:.0f} %"]
        notes += ["small numbers: from the lowest to the highest of the rules"] if spread else []
        for line, text in enumerate(notes):
            page.text(width / 2, height - 10.5 - 3.2 * line, text, fontsize=SMALL_PT, color=GREY, ha="center")
        page.text(width - 4.0, 2.5, RESEARCH_USE, fontsize=SMALL_PT, color=GREY, ha="right")
    return figure


def scar_rules_figure(measurement: ScarMeasurement) -> Figure:
    """Draw the share of the wall that each rule calls scar: their spread is the uncertainty."""
    scar = measurement.scar_map
    rules = [rule for rule in SCAR_RULES if rule in scar.by_rule_pct_lvm or rule in measurement.refused]
    width, height = 165.0, 34.0 + 6.5 * len(rules)
    with house_style():
        figure = figure_mm(width, height)
        page = page_axes(figure)
        axes = axes_mm(figure, 92.0, 16.0, 65.0, 6.5 * len(rules))
        for place, rule in enumerate(reversed(rules)):
            value = scar.by_rule_pct_lvm.get(rule)
            used = rule == scar.method
            axes.text(
                -0.03,
                place,
                f"{rule}: {RULE_WORDS[rule]}",
                transform=axes.get_yaxis_transform(),
                ha="right",
                va="center",
                fontsize=SMALL_PT,
                fontweight="bold" if used else "normal",
            )
            if value is None:
                axes.text(1.0, place, "refused on these images", va="center", fontsize=SMALL_PT, color=GREY)
                continue
            axes.barh(place, value, height=0.6, color=VERMILLION if used else LIGHT_GREY)
            axes.text(value + 1.0, place, f"{value:.1f}", va="center", fontsize=SMALL_PT)
        largest = max(scar.by_rule_pct_lvm.values(), default=0.0)
        axes.set_xlim(0.0, max(20.0, 1.15 * largest))
        axes.set_ylim(-0.6, len(rules) - 0.4)
        axes.set_yticks([])
        axes.set_xlabel("scar [% of the wall], before the gate")
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        title = shortened(f"Scar by threshold rule: {Path(scar.source).name}", width - 12.0, TITLE_PT, bold=True)
        page.text(6.0, height - 7.0, title, fontsize=TITLE_PT, fontweight="bold")
        page.text(6.0, height - 12.0, shortened(_verdict(measurement), width - 12.0, TEXT_PT), fontsize=TEXT_PT)
        page.text(width - 4.0, 2.5, RESEARCH_USE, fontsize=SMALL_PT, color=GREY, ha="right")
    return figure


def _heading(page: Axes, measurement: ScarMeasurement, width: float, height: float) -> None:
    scar = measurement.scar_map
    name = shortened(f"Scar: {Path(scar.source).name}", width - 2 * _MARGIN_MM, TITLE_PT, bold=True)
    page.text(_MARGIN_MM, height - 7.0, name, fontsize=TITLE_PT, fontweight="bold")
    room = width - 2 * _MARGIN_MM
    page.text(_MARGIN_MM, height - 12.0, shortened(_verdict(measurement), room, TEXT_PT), fontsize=TEXT_PT)
    if scar.findings:
        more = f" (and {len(scar.findings) - 1} more)" if len(scar.findings) > 1 else ""
        lines = wrapped(f"Beware{more}: {scar.findings[-1].message}", room, SMALL_PT, most_lines=2)
        for line, text in enumerate(lines):
            page.text(_MARGIN_MM, height - 16.5 - 3.2 * line, text, fontsize=SMALL_PT, color=WARNING_RED)


def _verdict(measurement: ScarMeasurement) -> str:
    scar = measurement.scar_map
    share = "" if scar.scar_pct_lvm is None else f"{scar.scar_pct_lvm:.1f} % of the wall, "
    if scar.scar_present is False:
        return f"No scar found ({_method(scar)})"
    return f"Scar: {share}{_method(scar)}"


def _method(scar: ScarMap) -> str:
    if scar.method == "labels":
        return "from the labels"
    return f"rule {scar.method}" if scar.method in RULE_WORDS else f"method: {shortened(scar.method, 50.0, TEXT_PT)}"


def _draw_slice(axes: Axes, item: ScarSlice) -> None:
    """Draw one slice, cut out around the heart."""
    masked = item.masked
    heart = masked.wall | masked.cavity
    rows, columns = np.nonzero(heart)
    spacing = (masked.geometry.row_spacing_mm, masked.geometry.column_spacing_mm)
    middle = ((rows.min() + rows.max()) / 2.0, (columns.min() + columns.max()) / 2.0)
    half_mm = (0.5 + _AROUND) * max(np.ptp(rows) * spacing[0], np.ptp(columns) * spacing[1], 4.0 * max(spacing))
    if masked.image is None:
        axes.imshow(np.where(heart, 0.55, 0.25) + 0.3 * masked.cavity, cmap="gray", vmin=0.0, vmax=1.0)
    else:
        low, high = np.percentile(masked.image[heart], [0.5, 99.5])
        room = 0.35 * max(float(high - low), 1e-9)
        axes.imshow(masked.image, cmap="gray", vmin=float(low) - room, vmax=float(high) + room)
    if item.scar.any():
        overlay = np.where(item.scar, 1.0, np.nan)
        axes.imshow(np.ma.masked_invalid(overlay), cmap=ListedColormap([VERMILLION]), alpha=0.35, vmin=0.0, vmax=1.0)
    for mask, colour in ((masked.cavity, SKY), (heart, GREEN)):
        line = outline(mask)
        if line is not None:
            closed = np.vstack([line, line[:1]])
            axes.plot(closed[:, 1], closed[:, 0], color=colour, linewidth=0.8)
    if masked.frame is not None and masked.level is not None:
        away = np.hypot((rows - masked.centre[0]) * spacing[0], (columns - masked.centre[1]) * spacing[1])
        draw_segment_borders(axes, masked.frame, masked.level, float(away.max()))
    _marks(axes, item, half_mm)
    axes.set_xlim(middle[1] - half_mm / spacing[1], middle[1] + half_mm / spacing[1])
    axes.set_ylim(middle[0] + half_mm / spacing[0], middle[0] - half_mm / spacing[0])
    axes.set_aspect(spacing[0] / spacing[1])
    axes.set_xticks([])
    axes.set_yticks([])
    share = 100.0 * float((item.scar & masked.wall).sum()) / float(masked.wall.sum())
    level = masked.level or "outside of the levels"
    axes.set_title(f"slice {masked.number + 1}, {level}: {share:.0f} %", fontsize=SMALL_PT + 0.5, pad=2.0)


def _marks(axes: Axes, item: ScarSlice, half_mm: float) -> None:
    """Mark the remote sector and the insertions outside of the epicardium."""
    masked = item.masked
    if item.remote is not None:
        arc = item.remote.centre_deg + np.linspace(-SECTOR_DEG / 2.0, SECTOR_DEG / 2.0, 31)
        axes.plot(*_on_screen(masked, arc, 0.92 * half_mm), color=BLUE, linewidth=2.2, solid_capstyle="butt")
    if masked.frame is None:
        return
    known = masked.frame.inferior_insertion_deg != INFERIOR_INSERTION_DEG
    for display_deg, width, style in (
        (ANTERIOR_INSERTION_DEG, 2.2, "-"),
        (masked.frame.inferior_insertion_deg, 1.2, "-" if known else ":"),
    ):
        angle = float(np.degrees(masked.frame.screen_rad(np.asarray(display_deg))))
        both = np.array([angle, angle])
        radii = half_mm * np.array([0.68, 0.86])
        axes.plot(*_on_screen(masked, both, radii), color=ORANGE, linewidth=width, linestyle=style)


def _on_screen(
    masked: MaskedSlice, screen_deg: FloatArray, radius_mm: float | FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return columns and rows of points at angles [deg] and distances [mm] from the centre of the ventricle."""
    angle, centre = np.radians(screen_deg), masked.centre
    return (
        centre[1] + radius_mm * np.cos(angle) / masked.geometry.column_spacing_mm,
        centre[0] - radius_mm * np.sin(angle) / masked.geometry.row_spacing_mm,
    )


def _legend(page: Axes, measurement: ScarMeasurement, width: float) -> None:
    words = [("endocardium", SKY), ("epicardium", GREEN), ("scar", VERMILLION)]
    if any(item.remote is not None for item in measurement.slices):
        words.append(("remote sector", BLUE))
    if any(item.masked.frame is not None for item in measurement.slices):
        words.append(("insertions (thick: anterior)", ORANGE))
    left = _MARGIN_MM
    for text, colour in words:
        page.plot([left, left + 5.0], [14.5, 14.5], color=colour, linewidth=2.0)
        page.text(left + 6.0, 14.5, text, fontsize=SMALL_PT, va="center")
        left += 9.0 + 1.25 * len(text)
    for line, text in enumerate(
        wrapped(measurement.posterolateral.message, width - 2 * _MARGIN_MM, SMALL_PT, most_lines=2)
    ):
        page.text(_MARGIN_MM, 9.0 - 3.2 * line, text, fontsize=SMALL_PT, color=GREY)
    page.text(width - _MARGIN_MM, 2.0, RESEARCH_USE, fontsize=SMALL_PT, color=GREY, ha="right")
