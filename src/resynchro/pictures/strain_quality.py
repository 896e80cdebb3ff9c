"""The data-quality page of a strain examination: what the data carry, and how sure each segment's delay is."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from resynchro.imaging.strain.cross_correlation import LEAST_RHO
from resynchro.imaging.strain.strain_measurement import StrainMeasurement
from resynchro.imaging.strain.strain_quality import Verdict
from resynchro.pictures.appearance import (
    BLUE,
    GREEN,
    GREY,
    INK,
    LIGHT_GREY,
    ORANGE,
    SMALL_PT,
    TEXT_PT,
    VERMILLION,
    axes_mm,
    figure_mm,
    house_style,
    page_axes,
    shortened,
)
from resynchro.pictures.strain_curves import foot, heading

_WIDTH_MM = 180.0
#: Marks that differ in form too.
_MARKS: dict[Verdict, tuple[str, str]] = {"good": ("o", GREEN), "caution": ("^", ORANGE), "poor": ("X", VERMILLION)}


def strain_quality_figure(measurement: StrainMeasurement) -> Figure:
    """Draw the data-quality page.

    Parameters
    ----------
    measurement
        From `measure_strain`.

    Returns
    -------
    Figure
        180 mm wide. Above, one line per property with its verdict (circle good, triangle caution, cross poor) and what
        follows from it; below, delay with 95 % interval and correlation of every segment.
    """
    with house_style():
        items = measurement.quality
        height = 102.0 + 5.6 * len(items)
        figure = figure_mm(_WIDTH_MM, height)
        page = page_axes(figure)
        heading(page, measurement, "Data quality", height - 6.0)
        for index, item in enumerate(items):
            y = height - 20.5 - 5.6 * index
            marker, colour = _MARKS[item.verdict]
            page.plot(9.5, y, marker, color=colour, markersize=5.0)
            page.text(14.0, y, item.name, fontsize=TEXT_PT, fontweight="bold", va="center")
            page.text(51.0, y, shortened(item.value, 68.0, TEXT_PT), fontsize=TEXT_PT, va="center")
            page.text(121.0, y, shortened(item.meaning, 53.0, SMALL_PT), fontsize=SMALL_PT, color=GREY, va="center")
        _delays(axes_mm(figure, 16.0, 44.0, 157.0, 26.0), measurement)
        _correlations(axes_mm(figure, 16.0, 20.0, 157.0, 18.0), measurement)
        foot(page, measurement)
    return figure


def _delays(axes: Axes, measurement: StrainMeasurement) -> None:
    """Draw each usable delay with its 95 % interval."""
    axes.axhline(0.0, color=LIGHT_GREY, linewidth=0.6, zorder=0)
    axes.set_ylabel("delay [ms]")
    _segment_axis(axes, measurement, labels=False)
    largest = 20.0
    for place, delay in enumerate(measurement.delays):
        if delay.delay_ms is None:
            continue
        half = 0.0 if delay.se_ms is None else 1.96 * delay.se_ms
        axes.errorbar(place, delay.delay_ms, yerr=half or None, fmt="o", color=BLUE, markersize=3.5, capsize=2.0)
        largest = max(largest, abs(delay.delay_ms) + half)
    axes.set_ylim(-1.15 * largest, 1.15 * largest)
    words = "bars: 95 % interval from the noise of a frame, a lower bound"
    if measurement.curves.noise_pct is None:
        words = "noise unknown, so no intervals"
    if not measurement.delays:
        words = "delays could not be measured"
    axes.text(1.0, 1.04, words, transform=axes.transAxes, fontsize=SMALL_PT, color=GREY, ha="right", va="bottom")
    axes.text(
        0.0, 1.04, "Delay of the segments", transform=axes.transAxes, fontsize=TEXT_PT, fontweight="bold", va="bottom"
    )


def _correlations(axes: Axes, measurement: StrainMeasurement) -> None:
    """Draw the correlation of each segment with the mean curve beside the limit of use."""
    _segment_axis(axes, measurement, labels=True)
    axes.set_ylim(0.0, 1.08)
    axes.set_yticks([0.0, 0.5, 1.0])
    axes.set_ylabel("correlation")
    axes.axhline(LEAST_RHO, color=INK, linewidth=0.7, linestyle="--", zorder=3)
    for place, delay in enumerate(measurement.delays):
        colour = BLUE if delay.valid else VERMILLION
        axes.bar(place, max(delay.rho, 0.0), width=0.62, color=colour, alpha=1.0 if delay.valid else 0.55)
        if not delay.valid:
            axes.text(
                place,
                min(max(delay.rho, 0.0) + 0.04, 0.86),
                "×",
                ha="center",
                va="bottom",
                fontsize=TEXT_PT,
                color=VERMILLION,
            )
    axes.set_xlabel("segment (× not used for timing; dashed: least correlation)", fontsize=SMALL_PT + 0.5)


def _segment_axis(axes: Axes, measurement: StrainMeasurement, *, labels: bool) -> None:
    segments = measurement.curves.segments
    axes.set_xlim(-0.6, len(segments) - 0.4)
    axes.set_xticks(np.arange(len(segments)))
    axes.set_xticklabels([str(segment) for segment in segments] if labels else [])
