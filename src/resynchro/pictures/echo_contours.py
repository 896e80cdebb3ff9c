"""Echo contours with their long axis and discs, to be checked by eye."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from resynchro.imaging.echo.echo_volume_measurement import EchoVolumes
from resynchro.imaging.echo.echo_volumes import area_cm2, cut_into_discs
from resynchro.pictures.appearance import (
    BLUE,
    GREY,
    LIGHT_GREY,
    RESEARCH_USE,
    SMALL_PT,
    TEXT_PT,
    TITLE_PT,
    VERMILLION,
    axes_mm,
    figure_mm,
    house_style,
    number,
    page_axes,
    shortened,
    text_width_mm,
    wrapped,
)
from resynchro.pictures.figure_files import write_figures
from resynchro.record.echo_contours import ContourPhase, EchoContour

_PHASES: tuple[tuple[ContourPhase, str], ...] = (("ED", BLUE), ("ES", VERMILLION))
_MARGIN_MM = 6.0


def echo_contours_figure(volumes: EchoVolumes) -> Figure:
    """Draw the contours of every view at both phases with annulus, long axis and discs.

    Parameters
    ----------
    volumes
        From `measure_echo_volumes`.

    Returns
    -------
    Figure
        180 mm wide, one panel per view with the base up as in the coordinates of the file; axes in mm.
    """
    views = list(dict.fromkeys(contour.view for contour in volumes.contours.contours))
    with house_style():
        figure = figure_mm(180.0, 118.0)
        page = page_axes(figure)
        title = "Echo contours"
        page.text(7.0, 112.0, title, fontsize=TITLE_PT, fontweight="bold", va="center")
        left = 7.0 + text_width_mm(title, TITLE_PT, bold=True) + 4.0
        file = volumes.contours.file.replace("\\", "/").rsplit("/", 1)[-1]
        page.text(left, 112.0, shortened(file, 170.0 - left, TEXT_PT), fontsize=TEXT_PT, va="center", color=GREY)
        page.text(7.0, 106.5, _words(volumes), fontsize=TEXT_PT, va="center")
        width = 166.0 / len(views)
        for column, view in enumerate(views):
            axes = axes_mm(figure, 17.0 + column * width, 21.0, width - 14.0, 76.0)
            found = [
                (one, colour) for phase, colour in _PHASES if (one := volumes.contours.of(view, phase)) is not None
            ]
            _draw_view(axes, view, found, first=column == 0)
        warnings = " ".join(f"{finding.message[:1].upper()}{finding.message[1:]}." for finding in volumes.findings)
        for row, line in enumerate(wrapped(warnings, 166.0, SMALL_PT, most_lines=2) if warnings else ()):
            page.text(7.0, 8.0 - 2.9 * row, line, fontsize=SMALL_PT, color=GREY, va="center")
        page.text(173.0, 2.0, RESEARCH_USE, fontsize=SMALL_PT, color=GREY, ha="right", va="center")
    return figure


def write_echo_contour_pictures(volumes: EchoVolumes, folder: Path) -> tuple[Path, ...]:
    """Write the contours as SVG and PNG, named after the file and its SHA-256.

    Raises
    ------
    InputError
        When the folder cannot be made or written to.
    """
    file = Path(volumes.contours.file)
    figures = [("contours", f"Echo contours: {file.name}", echo_contours_figure(volumes))]
    return write_figures(figures, folder, stem=file.stem, sha256=volumes.contours.sha256, otherwise="contours")


def _words(volumes: EchoVolumes) -> str:
    diastole, systole = volumes.end_diastole, volumes.end_systole
    parts = [
        f"EDV {number(None if diastole is None else diastole.volume_ml, 'ml')}",
        f"ESV {number(None if systole is None else systole.volume_ml, 'ml')}",
        f"EF {number(volumes.lvef_pct, '%')}",
    ]
    methods = dict.fromkeys(one.method for one in (diastole, systole) if one is not None)
    return ", ".join(parts) + f"   ({', '.join(methods)})"


def _draw_view(axes: Axes, view: str, found: list[tuple[EchoContour, str]], *, first: bool) -> None:
    """Draw both phases of one view; discs of the left ventricle only, for the right one the closed outline."""
    axes.set_aspect("equal", adjustable="box")
    labels = []
    for contour, colour in found:
        points = contour.points_mm
        axes.plot(*points.T, color=colour, linewidth=1.4)
        axes.plot(*points[[0, -1]].T, color=colour, linewidth=0.9, linestyle=(0, (2, 2)))
        if view == "RV":
            labels.append(f"{contour.phase} {area_cm2(points):.1f}")
            continue
        discs = cut_into_discs(points)
        for ends in discs.ends_mm:
            axes.plot(*ends.T, color=colour, linewidth=0.4, alpha=0.6)
        axes.plot(*discs.axis_mm.T, color=colour, linewidth=0.8)
        labels.append(f"{contour.phase} {discs.length_mm:.0f}")
    everything = np.concatenate([contour.points_mm for contour, _ in found])
    low, high = everything.min(axis=0) - _MARGIN_MM, everything.max(axis=0) + _MARGIN_MM
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])
    axes.grid(color=LIGHT_GREY, linewidth=0.3, alpha=0.6)
    what = "area [cm²]" if view == "RV" else "length [mm]"
    axes.set_title(f"{view}, {what}: {', '.join(labels)}", fontsize=SMALL_PT + 0.5)
    axes.set_xlabel("x [mm]")
    if first:
        axes.set_ylabel("y [mm]")
