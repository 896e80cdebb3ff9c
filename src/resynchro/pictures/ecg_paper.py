"""The 12-lead ECG on true paper: 25 mm/s, 10 mm/mV, small squares of 1 mm = 40 ms = 0.1 mV."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from resynchro.ecg.measurement import EcgMeasurement
from resynchro.pictures.appearance import (
    BLUE,
    GREY,
    INK,
    POINTS_PER_MM,
    SMALL_PT,
    TEXT_PT,
    figure_mm,
    house_style,
    page_axes,
)
from resynchro.pictures.paper_heading import draw_footing, draw_heading
from resynchro.pictures.paper_layout import (
    CALIBRATION_MM,
    COLUMN_MM,
    COLUMN_S,
    MM_PER_MV,
    MM_PER_S,
    STRIP_LEAD,
    STRIP_MM,
    PaperLayout,
    Segment,
    paper_layout,
)

PAGE_WIDTH_MM = 297.0
GRID_WIDTH_MM = 270.0
#: Least height of the grid; the page grows where tall waves need more room.
LEAST_GRID_HEIGHT_MM = 165.0
HEADING_MM, FOOTING_MM = 31.0, 14.0

_GRID_LEFT_MM = (PAGE_WIDTH_MM - GRID_WIDTH_MM) / 2.0
_MINOR, _MAJOR, _PAPER = "#F3C6BE", "#E29A8F", "#FFFBFA"


def ecg_paper_figure(measurement: EcgMeasurement) -> Figure:
    """Draw a measured ECG as a paper printout with its QRS limits.

    Parameters
    ----------
    measurement
        From `measure_ecg`.

    Returns
    -------
    Figure
        A4 landscape at true size (taller when waves of more than about 2 mV need more room): 12 leads in 3 rows of
        4 columns of 2.5 s, and 10 s of lead II. One beat per column and every measured beat of the strip are shaded
        between the measured limits; beats of other forms carry a letter.

    Notes
    -----
    Shown is the recording itself, filtered only for display (0.05 to 150 Hz, forwards and backwards), not the
    measurement path. Of a longer recording the ten seconds with most measured beats are shown; of a shorter one the
    columns overlap in time.
    """
    layout = paper_layout(measurement, LEAST_GRID_HEIGHT_MM)
    height_mm = FOOTING_MM + layout.grid_height_mm + HEADING_MM
    with house_style():
        figure = figure_mm(PAGE_WIDTH_MM, height_mm)
        axes = page_axes(figure)
        draw_paper(axes, _GRID_LEFT_MM, FOOTING_MM, GRID_WIDTH_MM, layout.grid_height_mm)
        _draw_bands(axes, layout)
        for segment in layout.segments:
            _draw_segment(axes, layout, segment)
        for row_y_mm in layout.baselines_mm:
            _draw_calibration(axes, FOOTING_MM + row_y_mm)
        _draw_beat_marks(axes, layout)
        _draw_stimuli(axes, layout)
        draw_heading(axes, measurement, _GRID_LEFT_MM, height_mm, GRID_WIDTH_MM)
        draw_footing(axes, measurement, layout, _GRID_LEFT_MM, FOOTING_MM, GRID_WIDTH_MM)
    return figure


def draw_paper(axes: Axes, left_mm: float, bottom_mm: float, width_mm: float, height_mm: float) -> None:
    """Draw ECG paper into axes whose coordinates are millimetres: lines every 1 mm, heavier ones every 5 mm."""
    right_mm, top_mm = left_mm + width_mm, bottom_mm + height_mm
    axes.add_patch(Rectangle((left_mm, bottom_mm), width_mm, height_mm, facecolor=_PAPER, edgecolor="none", zorder=0))
    for step_mm, colour, line_mm in ((1.0, _MINOR, 0.10), (5.0, _MAJOR, 0.22)):
        upright = [
            [(x, x, np.nan), (bottom_mm, top_mm, np.nan)]
            for x in left_mm + np.arange(0.0, width_mm + 0.5, step_mm)
            if step_mm > 1.0 or round(x - left_mm) % 5
        ]
        level = [
            [(left_mm, right_mm, np.nan), (y, y, np.nan)]
            for y in bottom_mm + np.arange(0.0, height_mm + 0.5, step_mm)
            if step_mm > 1.0 or round(y - bottom_mm) % 5
        ]
        lines = np.array(upright + level)
        axes.plot(
            lines[:, 0].ravel()[:-1],
            lines[:, 1].ravel()[:-1],
            color=colour,
            linewidth=line_mm * POINTS_PER_MM,
            solid_capstyle="butt",
            zorder=1,
            snap=False,
            gid="grid-1-mm" if step_mm == 1.0 else "grid-5-mm",
        )


def _draw_segment(axes: Axes, layout: PaperLayout, segment: Segment) -> None:
    """Draw one lead in its column with its name."""
    left_mm = _GRID_LEFT_MM + CALIBRATION_MM + segment.left_mm
    base_mm = FOOTING_MM + layout.baselines_mm[segment.row]
    axes.plot(
        left_mm + segment.x_mm,
        base_mm + segment.y_mm,
        color=INK,
        linewidth=0.26 * POINTS_PER_MM,
        solid_joinstyle="round",
        zorder=4,
    )
    if segment.left_mm > 0.0:
        axes.plot((left_mm, left_mm), (base_mm - 2.5, base_mm + 2.5), color=INK, linewidth=0.5, zorder=4)
    axes.text(
        left_mm + 1.0,
        base_mm + segment.label_y_mm,
        segment.label,
        fontsize=TEXT_PT,
        fontweight="bold",
        va="bottom",
        zorder=6,
        bbox={"facecolor": _PAPER, "edgecolor": "none", "alpha": 0.75, "pad": 0.6},
    )


def _draw_calibration(axes: Axes, base_mm: float) -> None:
    """Draw the calibration pulse: 1 mV for 200 ms."""
    start_mm, width_mm, height_mm = _GRID_LEFT_MM + 3.0, 0.2 * MM_PER_S, 1.0 * MM_PER_MV
    x = start_mm + np.array([0.0, 2.0, 2.0, 2.0 + width_mm, 2.0 + width_mm, 4.0 + width_mm])
    y = base_mm + np.array([0.0, 0.0, height_mm, height_mm, 0.0, 0.0])
    axes.plot(x, y, color=INK, linewidth=0.26 * POINTS_PER_MM, solid_joinstyle="miter", zorder=4)


def _draw_bands(axes: Axes, layout: PaperLayout) -> None:
    """Shade the measured QRS limits: one beat in each column over its three rows, every measured beat in the strip."""
    strip_top_mm = FOOTING_MM + layout.baselines_mm[3] + layout.strip_up_mm
    for band in layout.bands:
        in_strip = band.column is None
        bottom_mm = FOOTING_MM if in_strip else FOOTING_MM + layout.columns_bottom_mm
        top_mm = strip_top_mm if in_strip else FOOTING_MM + layout.grid_height_mm
        left_mm = _GRID_LEFT_MM + CALIBRATION_MM + band.left_mm
        axes.add_patch(
            Rectangle(
                (left_mm, bottom_mm),
                band.width_mm,
                top_mm - bottom_mm,
                facecolor=BLUE,
                alpha=0.26 if band.label else 0.13,
                edgecolor="none",
                zorder=2,
            )
        )
        if band.label:
            axes.text(
                left_mm + band.width_mm + 0.6,
                top_mm - 0.6 if not in_strip else bottom_mm + 0.6,
                band.label,
                fontsize=SMALL_PT,
                color=BLUE,
                ha="left",
                va="top" if not in_strip else "bottom",
                zorder=6,
                bbox={"facecolor": _PAPER, "edgecolor": "none", "alpha": 0.75, "pad": 0.4},
            )


def _draw_beat_marks(axes: Axes, layout: PaperLayout) -> None:
    """Write the letter of every beat of another form under the strip."""
    for mark in layout.beat_marks:
        axes.text(
            _GRID_LEFT_MM + CALIBRATION_MM + mark.x_mm,
            FOOTING_MM + 1.0,
            mark.letters,
            fontsize=SMALL_PT,
            fontweight="bold",
            color=INK,
            ha="center",
            va="bottom",
            zorder=6,
            bbox={"facecolor": "white", "edgecolor": GREY, "linewidth": 0.4, "pad": 0.8},
        )


def _draw_stimuli(axes: Axes, layout: PaperLayout) -> None:
    """Mark stimuli above the strip: filled ventricular, open atrial."""
    y_mm = FOOTING_MM + layout.baselines_mm[3] + layout.strip_up_mm - 1.2
    for times_mm, face in ((layout.ventricular_mm, BLUE), (layout.atrial_mm, "white")):
        inside = [x for x in times_mm if 0.0 <= x <= STRIP_MM]
        axes.plot(
            _GRID_LEFT_MM + CALIBRATION_MM + np.array(inside),
            np.full(len(inside), y_mm),
            linestyle="none",
            marker="v",
            markersize=4.0,
            markerfacecolor=face,
            markeredgecolor=BLUE,
            markeredgewidth=0.7,
            zorder=5,
        )


__all__ = ["COLUMN_MM", "COLUMN_S", "STRIP_LEAD", "draw_paper", "ecg_paper_figure"]
