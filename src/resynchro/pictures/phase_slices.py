"""Short-axis perfusion slices with the ventricle that was found, for checking by eye."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from resynchro.errors import MeasurementError
from resynchro.imaging.spect.lv_axis import LvAxis
from resynchro.imaging.spect.phase_measurement import PhaseMeasurement
from resynchro.imaging.spect.polar_sampling import CAP_LEVEL
from resynchro.imaging.spect.slice_orientation import display_orientation
from resynchro.pictures.appearance import (
    GREY,
    RESEARCH_USE,
    SKY,
    SMALL_PT,
    TEXT_PT,
    TITLE_PT,
    axes_mm,
    figure_mm,
    house_style,
    page_axes,
    shortened,
)
from resynchro.record.gated_spect import GatedSpect, SliceOrientation

_WIDTH_MM, _HEIGHT_MM = 190.0, 118.0
#: Slices shown, as places along the axis (0 valve plane to 1 apex).
_LEVELS = (0.05, 0.2, 0.38, 0.55, 0.72, 0.88)
_HALF_FIELD_MM = 65.0


def phase_slices_figure(measurement: PhaseMeasurement, orientation: SliceOrientation = "AS") -> Figure:
    """Draw the summed slices with centre, ring of the wall and segment borders, and two cuts along the axis.

    Parameters
    ----------
    measurement
        From `measure_phase` of slices.
    orientation
        As given to `measure_phase`.

    Raises
    ------
    MeasurementError
        When the measurement came from samples, which have no slices.
    """
    spect, axis = measurement.spect, measurement.axis
    if spect is None or axis is None:
        raise MeasurementError("samples of a polar map have no slices to draw")
    with house_style():
        figure = figure_mm(_WIDTH_MM, _HEIGHT_MM)
        page = page_axes(figure)
        name = shortened(Path(spect.file).name, 120.0, TITLE_PT, bold=True)
        page.text(8, 111, name, fontsize=TITLE_PT, fontweight="bold", va="center")
        page.text(182, 111, RESEARCH_USE, fontsize=SMALL_PT, color=GREY, ha="right", va="center")
        page.text(
            8,
            105.5,
            "Counts summed over the gates, as stored; found: axis (cross), middle of the wall (ring), borders of "
            "segments",
            fontsize=TEXT_PT,
            va="center",
        )
        image = spect.counts.mean(axis=0, dtype=np.float64)
        top = float(np.percentile(image, 99.8))
        for position, level in enumerate(_LEVELS):
            index = axis.base_slice + level * (axis.apex_slice - axis.base_slice)
            panel = axes_mm(figure, 7 + 30 * position, 67, 28, 28)
            _short_axis(
                panel, spect, axis, image, int(np.clip(round(index), 0, len(image) - 1)), level, top, orientation
            )
        _long_axis(axes_mm(figure, 16, 12, 74, 46), spect, axis, image, top, vertical=True)
        _long_axis(axes_mm(figure, 108, 12, 74, 46), spect, axis, image, top, vertical=False)
    return figure


def _short_axis(
    axes: Axes,
    spect: GatedSpect,
    axis: LvAxis,
    image: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    index: int,
    level: float,
    top: float,
    orientation: SliceOrientation,
) -> None:
    dr, dc = spect.row_spacing_mm, spect.column_spacing_mm
    row, column = float(axis.row[index]), float(axis.column[index])
    extent = (-0.5 - column, image.shape[2] - 0.5 - column, image.shape[1] - 0.5 - row, -0.5 - row)
    axes.imshow(
        image[index],
        cmap="inferno",
        vmin=0.0,
        vmax=top,
        extent=(extent[0] * dc, extent[1] * dc, extent[2] * dr, extent[3] * dr),
    )
    radius = float(axis.radius_mm[index])
    around = np.linspace(0.0, 2.0 * np.pi, 73)
    axes.plot(radius * np.cos(around), radius * np.sin(around), color=SKY, linewidth=0.8)
    axes.plot(0.0, 0.0, "+", color=SKY, markersize=4, markeredgewidth=0.8)
    towards_apex = 1 if axis.apex_slice > axis.base_slice else -1
    display = display_orientation(spect, orientation, towards_apex=towards_apex)
    borders = (45.0, 135.0, 225.0, 315.0) if level > 2.0 * CAP_LEVEL / 3.0 else tuple(range(0, 360, 60))
    for border in borders:
        screen = math.radians(float(display.screen_deg(np.array(float(border)))))
        for_rv = border in (120, 240)
        axes.plot(
            [1.25 * radius * math.cos(screen), 1.6 * radius * math.cos(screen)],
            [-1.25 * radius * math.sin(screen), -1.6 * radius * math.sin(screen)],
            color="white" if for_rv else SKY,
            linewidth=1.6 if for_rv else 0.7,
        )
    axes.set_xlim(-_HALF_FIELD_MM, _HALF_FIELD_MM)
    axes.set_ylim(_HALF_FIELD_MM, -_HALF_FIELD_MM)
    axes.set_facecolor("black")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(f"slice {index}", fontsize=SMALL_PT + 0.5, pad=2.0)


def _long_axis(
    axes: Axes,
    spect: GatedSpect,
    axis: LvAxis,
    image: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    top: float,
    *,
    vertical: bool,
) -> None:
    """Draw the cut along rows (vertical) or columns through the axis, slices running to the right."""
    middle = (axis.base_slice + axis.apex_slice) / 2.0
    row, column = (float(value) for value in axis.centre_at(np.array(middle)))
    cut = (
        image[:, :, int(np.clip(round(column), 0, image.shape[2] - 1))]
        if vertical
        else image[:, int(np.clip(round(row), 0, image.shape[1] - 1))]
    )
    centre, step = (row, spect.row_spacing_mm) if vertical else (column, spect.column_spacing_mm)
    across = ((cut.shape[1] - 0.5 - centre) * step, (-0.5 - centre) * step)
    axes.imshow(cut.T, cmap="inferno", vmin=0.0, vmax=top, extent=(-0.5, len(image) - 0.5, *across), aspect="auto")
    slices = np.arange(len(image), dtype=float)
    line = ((axis.row if vertical else axis.column) - centre) * step
    axes.plot(slices, line, color=SKY, linewidth=0.8)
    for at, word in ((axis.base_slice, "valve plane"), (axis.apex_slice, "apex")):
        axes.axvline(at, color=SKY, linewidth=0.9, linestyle=(0, (3, 2)))
        axes.text(at, -0.93 * _HALF_FIELD_MM, f" {word}", color="white", fontsize=SMALL_PT, va="top")
    axes.set_ylim(_HALF_FIELD_MM, -_HALF_FIELD_MM)
    axes.set_facecolor("black")
    axes.set_xlabel("slice")
    axes.set_ylabel(("down" if vertical else "right") + " in the slice [mm]")
