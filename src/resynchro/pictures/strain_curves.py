"""Strain curves of the six walls with valve events, pre-stretch, rebound and peaks; and the delays as a bullseye."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from resynchro.imaging.strain.cross_correlation import HARMONICS
from resynchro.imaging.strain.fourier import low_passed, upsampled
from resynchro.imaging.strain.strain_measurement import StrainMeasurement
from resynchro.pictures.appearance import (
    BLUE,
    GREEN,
    GREY,
    INK,
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
from resynchro.pictures.bullseye import delay_scale, draw_bullseye, draw_colour_bar
from resynchro.record.segments import level_of, segment_name
from resynchro.record.strain import EventName, SegmentCurves

FloatArray = NDArray[np.float64]

_WIDTH_MM = 180.0
#: Walls as they follow around the ventricle; the number is the basal segment.
_WALLS = (
    (2, "anteroseptal"),
    (1, "anterior"),
    (6, "anterolateral"),
    (3, "inferoseptal"),
    (4, "inferior"),
    (5, "inferolateral"),
)
#: Apical segments of models with four: the wall whose panel they are drawn in.
_APICAL_OF_FOUR = {1: 13, 3: 14, 4: 15, 6: 16}
_LEVEL_COLOUR = {"basal": BLUE, "mid": GREEN, "apical": VERMILLION}
_PRE_STRETCH, _REBOUND = ORANGE, SKY
_FINE = 500


def strain_curves_figure(measurement: StrainMeasurement) -> Figure:
    """Draw the strain curves of each wall.

    Parameters
    ----------
    measurement
        From `measure_strain`.

    Returns
    -------
    Figure
        180 mm wide, six panels. Dots are the frames, lines the low-passed curves (six harmonics). AVC is a line in
        every panel, AVO and MVO are dashed where known. Filled: stretch before AVO (pre-stretch) and, up to AVC, after
        a segment had begun to shorten (rebound). Triangles mark the peaks; beside the panel's name stand their times.
    """
    with house_style():
        height = 148.0
        figure = figure_mm(_WIDTH_MM, height)
        page = page_axes(figure)
        heading(page, measurement, "Strain curves", height - 6.0)
        low, high = _limits(measurement.curves)
        for index, (basal, wall) in enumerate(_WALLS):
            row, column = divmod(index, 3)
            axes = axes_mm(figure, 14.0 + 56.0 * column, 83.0 - 57.0 * row, 50.0, 43.0)
            axes.set_ylim(low, high)
            _wall_panel(axes, measurement, basal, wall)
            if column == 0:
                axes.set_ylabel(f"{measurement.curves.strain_type} strain [%]")
            else:
                axes.set_yticklabels([])
            if row == 1:
                axes.set_xlabel("time from QRS onset [ms]")
        _legend(figure, measurement)
        foot(page, measurement)
    return figure


def delay_bullseye_figure(measurement: StrainMeasurement) -> Figure:
    """Draw the cross-correlation delays as a bullseye in ms and % RR, with what is not timed and why beside it.

    Parameters
    ----------
    measurement
        From `measure_strain`.

    Returns
    -------
    Figure
        180 mm wide. The colours run from 150 ms early to 150 ms late against the mean curve, the same for everybody.
    """
    with house_style():
        height = 125.0
        figure = figure_mm(_WIDTH_MM, height)
        page = page_axes(figure)
        heading(page, measurement, "Delay of the segments", height - 6.0)
        curves = measurement.curves
        delays = {d.segment: d.delay_ms for d in measurement.delays if d.delay_ms is not None}
        shares = {
            d.segment: f"{d.delay_pct_rr:+.1f} %".replace("-", "−")
            for d in measurement.delays
            if d.delay_pct_rr is not None
        }
        scale = delay_scale(curves.rr_s)
        draw_bullseye(
            axes_mm(figure, 8.0, 29.0, 80.0, 78.0), delays, model=curves.model, scale=scale, second_line=shares
        )
        page.text(48.0, 106.5, "ms; below in % of RR", fontsize=SMALL_PT, color=GREY, ha="center", va="center")
        draw_colour_bar(axes_mm(figure, 18.0, 20.0, 60.0, 3.0), scale)
        _delay_words(page, measurement)
        foot(page, measurement)
    return figure


def heading(page: Axes, measurement: StrainMeasurement, title: str, top_mm: float) -> None:
    """Write title, file and the facts of the beat at the head of a page."""
    curves = measurement.curves
    file = " + ".join(Path(part).name for part in measurement.study.file.split(" + "))
    page.text(7.0, top_mm, title, fontsize=TITLE_PT, fontweight="bold", va="center")
    page.text(173.0, top_mm, shortened(file, 100.0, TEXT_PT), fontsize=TEXT_PT, color=GREY, ha="right", va="center")
    spread = f", spread {100 * curves.rr_spread:.1f} %" if len(measurement.study.views) > 1 else ""
    facts = (
        f"{curves.strain_type} strain, {curves.modality}, engine {curves.engine} · {len(curves.segments)} segments "
        f"· RR {1000 * curves.rr_s:.0f} ms{spread} · {len(curves.time_s)} frames"
    )
    page.text(7.0, top_mm - 5.5, shortened(facts, 166.0, TEXT_PT), fontsize=TEXT_PT, va="center")
    page.plot([7.0, 173.0], [top_mm - 9.0, top_mm - 9.0], color=LIGHT_GREY, linewidth=0.6)


def foot(page: Axes, measurement: StrainMeasurement) -> None:
    """Write the warnings of the data and the line on research use at the foot of a page."""
    bad = [item for item in measurement.quality if item.verdict != "good" and item.meaning]
    text = "; ".join(f"{item.name}: {item.value}" for item in sorted(bad, key=lambda item: item.verdict != "poor"))
    if text:
        page.text(
            7.0, 7.0, shortened(f"Check: {text}", 166.0, SMALL_PT), fontsize=SMALL_PT, color=WARNING_RED, va="center"
        )
    page.text(7.0, 3.2, RESEARCH_USE, fontsize=SMALL_PT, color=GREY, va="center")


def panel_segments(basal: int, curves: SegmentCurves) -> tuple[int, ...]:
    """Return the segments of a wall from base to apex that are there."""
    apical = basal + 12 if curves.model == "aha18" else _APICAL_OF_FOUR.get(basal)
    column = [basal, basal + 6] + ([] if apical is None else [apical])
    return tuple(segment for segment in column if segment in curves.segments)


def _limits(curves: SegmentCurves) -> tuple[float, float]:
    low, high = float(curves.strain_pct.min()), float(curves.strain_pct.max())
    room = 0.06 * (high - low) + 0.5
    return low - room, high + room


def _fine_curves(curves: SegmentCurves) -> tuple[FloatArray, FloatArray]:
    """Return time [ms] and the curves to draw as lines: low-passed when periodic, else as they are."""
    if not curves.periodic:
        return 1000.0 * curves.time_s, curves.strain_pct
    samples = max(_FINE, len(curves.time_s))
    fine = upsampled(low_passed(curves.strain_pct, HARMONICS), samples)
    return np.arange(samples, dtype=np.float64) * (1000.0 * curves.rr_s / samples), fine


def _wall_panel(axes: Axes, measurement: StrainMeasurement, basal: int, wall: str) -> None:
    curves = measurement.curves
    rr_ms = 1000.0 * curves.rr_s
    axes.set_xlim(0.0, rr_ms)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.axhline(0.0, color=LIGHT_GREY, linewidth=0.6, zorder=0)
    _events(axes, curves)
    segments = panel_segments(basal, curves)
    axes.text(0.0, 1.025, wall, transform=axes.transAxes, fontsize=TEXT_PT, fontweight="bold", va="bottom")
    if not segments:
        axes.text(0.5, 0.45, "no segment", transform=axes.transAxes, ha="center", color=GREY)
        return
    time_ms, fine = _fine_curves(curves)
    peaks = {peak.segment: peak for peak in measurement.peaks}
    times = []
    for segment in segments:
        row = curves.segments.index(segment)
        colour = _LEVEL_COLOUR[level_of(segment, curves.model)]
        _stretch(axes, curves, time_ms, fine[row])
        axes.plot(1000.0 * curves.time_s, curves.strain_pct[row], ".", color=colour, markersize=1.6, alpha=0.55)
        axes.plot(time_ms, fine[row], color=colour, linewidth=1.2)
        peak = peaks.get(segment)
        at = None if peak is None else peak.time_ms
        if at is not None:
            up = curves.strain_type == "radial"
            depth = float(np.interp(at, time_ms, fine[row]))
            axes.plot(at, depth, "v" if up else "^", color=colour, markersize=4.5, markeredgecolor="white", zorder=5)
        times.append((colour, "–" if at is None else f"{at:.0f}"))
    _peak_times(axes, times)


def _peak_times(axes: Axes, times: list[tuple[str, str]]) -> None:
    """Write the times to peak at the upper right of a panel, in the colours of the curves."""
    axes.text(1.0, 1.03, "ms", transform=axes.transAxes, fontsize=SMALL_PT, color=GREY, ha="right", va="bottom")
    for place, (colour, text) in enumerate(reversed(times)):
        axes.text(
            0.92 - 0.115 * place,
            1.03,
            text,
            transform=axes.transAxes,
            fontsize=SMALL_PT,
            color=colour,
            fontweight="bold",
            ha="right",
            va="bottom",
        )


def _events(axes: Axes, curves: SegmentCurves) -> None:
    names: tuple[EventName, ...] = ("avo", "avc", "mvo")
    for name in names:
        at = curves.events.at(name)
        if at is None:
            continue
        solid = name == "avc"
        axes.axvline(
            1000.0 * at,
            color=INK if solid else GREY,
            linewidth=0.9 if solid else 0.6,
            linestyle="-" if solid else "--",
            zorder=1,
        )
        axes.text(
            1000.0 * at + 6.0,
            0.985,
            name.upper(),
            transform=axes.get_xaxis_transform(),
            fontsize=SMALL_PT - 1.0,
            color=INK if solid else GREY,
            va="top",
            rotation=90.0,
        )


def _stretch(axes: Axes, curves: SegmentCurves, time_ms: FloatArray, strain: FloatArray) -> None:
    """Fill what the curve lies above its smallest value so far: pre-stretch up to AVO, rebound from then up to AVC."""
    avo, avc = curves.events.avo_s, curves.events.avc_s
    if avc is None:
        return
    sign = -1.0 if curves.strain_type == "radial" else 1.0
    shortest = sign * np.minimum.accumulate(sign * strain)
    stretched = sign * (strain - shortest) > 0.0
    before = time_ms <= (1000.0 * avo if avo is not None else 0.0)
    shortened_once = np.minimum.accumulate(sign * strain) < -0.5
    pre = stretched & before & ~shortened_once
    rebound = stretched & ~pre & shortened_once & (time_ms <= 1000.0 * avc)
    for where, colour in ((pre, _PRE_STRETCH), (rebound, _REBOUND)):
        axes.fill_between(time_ms, shortest, strain, where=where, color=colour, alpha=0.55, linewidth=0.0, zorder=1)


def _legend(figure: Figure, measurement: StrainMeasurement) -> None:
    page = figure.axes[0]
    place = 10.0
    for level, colour in _LEVEL_COLOUR.items():
        page.plot([place, place + 5.0], [12.0, 12.0], color=colour, linewidth=1.4)
        page.text(place + 6.5, 12.0, level, fontsize=SMALL_PT, va="center")
        place += 17.0
    for colour, words, width in (
        (_PRE_STRETCH, "stretch before shortening, to AVO", 50.0),
        (_REBOUND, "rebound, to AVC", 28.0),
    ):
        page.fill_between([place, place + 5.0], 11.0, 13.0, color=colour, alpha=0.55, linewidth=0.0)
        page.text(place + 6.5, 12.0, words, fontsize=SMALL_PT, va="center")
        place += width
    page.plot(place + 2.5, 12.0, "v" if measurement.curves.strain_type == "radial" else "^", color=GREY, markersize=4.5)
    page.text(place + 5.5, 12.0, "peak (time above)", fontsize=SMALL_PT, va="center")


def _delay_words(page: Axes, measurement: StrainMeasurement) -> None:
    """Write the numbers beside the bullseye: latest and earliest, spread with its floor, and what is not timed."""
    lines: list[tuple[str, str]] = []
    valid = sorted((d for d in measurement.delays if d.delay_ms is not None), key=lambda d: -(d.delay_ms or 0.0))
    for words, delay in (("latest", valid[0]), ("earliest", valid[-1])) if len(valid) > 1 else ():
        error = "" if delay.se_ms is None else f" ± {max(delay.se_ms, 0.1):.1f}"
        lines.append(
            (
                f"{words}: {segment_name(delay.segment, measurement.curves.model)} ({delay.segment})",
                f"{delay.delay_ms:+.0f}{error} ms ({delay.delay_pct_rr:+.1f} % RR), correlation {delay.rho:.2f}",
            )
        )
    for key in ("xcorr_delay_sd_ms", "xcorr_delay_range_ms", "xcorr_lateral_septal_ms"):
        index = measurement.index(key)
        if index is None:
            continue
        floor = "noise floor unknown" if index.noise_floor is None else f"noise floor {index.noise_floor:.1f} ms"
        lines.append((index.name, index.absent or f"{index.value:.0f} ms, {floor}, {index.n_segments} segments"))
    left = [delay for delay in measurement.delays if not delay.valid]
    for delay in left[:4]:
        lines.append((f"not timed: {segment_name(delay.segment, measurement.curves.model)}", str(delay.reason)))
    if len(left) > 4:
        lines.append(("not timed:", f"{len(left) - 4} more segments"))
    y = 104.0
    for title, text in lines:
        page.text(96.0, y, shortened(title, 77.0, TEXT_PT, bold=True), fontsize=TEXT_PT, fontweight="bold", va="center")
        y -= 4.0
        for line in wrapped(text.replace("-", "−") if text[:1] in "+-" else text, 77.0, TEXT_PT, most_lines=2):
            page.text(96.0, y, line, fontsize=TEXT_PT, va="center")
            y -= 3.8
        y -= 1.6
    note = "Later than the mean curve is positive. A mechanical delay, not an activation time."
    for line in wrapped(note, 77.0, SMALL_PT, most_lines=2):
        page.text(96.0, y, line, fontsize=SMALL_PT, color=GREY, va="center")
        y -= 3.2
