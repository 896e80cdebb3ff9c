"""Pressure-strain loops: left-ventricular pressure over strain, septum against lateral wall, and every segment."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from resynchro.imaging.work.work_measurement import ViewWork, WorkMeasurement
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
    text_width_mm,
    wrapped,
)
from resynchro.pictures.bullseye import BullseyeScale, draw_bullseye, draw_colour_bar
from resynchro.record.segments import level_of, segment_name, segments_of, segments_of_wall
from resynchro.record.strain import EVENT_WORDS, EventName

FloatArray = NDArray[np.float64]

_EVENT_MARKS: tuple[tuple[EventName, str], ...] = (("mvc", "o"), ("avo", "^"), ("avc", "s"), ("mvo", "v"))
_OTHER_WALL = GREY
#: Fixed, so that two patients can be compared by colour: the upper end is above the published normal range.
_WORK_SCALE = BullseyeScale(
    label="work index [mmHg %]", low=-500.0, high=3000.0, colours="cividis", low_word="negative", high_word="strong"
)
_EFFICIENCY_SCALE = BullseyeScale(label="work efficiency [%]", low=50.0, high=100.0, colours="cividis")


def septal_lateral_figure(measurement: WorkMeasurement) -> Figure:
    """Draw the mean loop of the septum beside that of the lateral wall, with their numbers and the pressure curve.

    Parameters
    ----------
    measurement
        From `measure_work`.

    Returns
    -------
    Figure
        180 mm wide. Loops of single segments are thin, the mean loop of the wall thick, arrows show its direction.
        A wall without a segment has an empty panel that says so.
    """
    with house_style():
        figure = figure_mm(180.0, 138.0)
        page = page_axes(figure)
        _heading(page, measurement, "Septal and lateral work", 132.0)
        limits = _limits(measurement)
        for left, wall, colour in ((14.0, "septal", BLUE), (104.0, "lateral", VERMILLION)):
            axes = axes_mm(figure, left, 47.0, 70.0, 66.0)
            _wall_loops(axes, measurement, wall, colour, limits)
        _numbers_line(page, measurement)
        _foot(page, measurement, "± = systolic pressure wrong by 10 mmHg and every valve time by 20 ms.")
    return figure


def segment_loops_figure(measurement: WorkMeasurement) -> Figure:
    """Draw the loop of every segment as small multiples: walls in columns, base above apex, one scale for all.

    Parameters
    ----------
    measurement
        From `measure_work`.

    Returns
    -------
    Figure
        180 mm wide; segments without work are named and left empty.
    """
    with house_style():
        rows = _segment_rows(measurement)
        height_mm = 30.0 + 37.0 * len(rows)
        figure = figure_mm(180.0, height_mm)
        page = page_axes(figure)
        _heading(
            page,
            measurement,
            "Pressure-strain loops of all segments",
            height_mm - 6.0,
        )
        limits = _limits(measurement)
        reasons = dict(measurement.absent_segments)
        for row, segments in enumerate(rows):
            for column, segment in enumerate(segments):
                bottom = height_mm - 17.0 - 37.0 * (row + 1) + 5.0
                axes = axes_mm(figure, 12.0 + 28.2 * column, bottom, 24.5, 23.0)
                _small_loop(axes, measurement, segment, limits, reasons, first=column == 0)
                if row == len(rows) - 1:
                    axes.set_xlabel("strain [%]", fontsize=SMALL_PT, labelpad=1.0)
        page.text(173.0, 3.5, RESEARCH_USE, fontsize=SMALL_PT, color=GREY, ha="right", va="center")
        _legend(page, 9.0, 3.5)
    return figure


def work_bullseye_figure(measurement: WorkMeasurement) -> Figure:
    """Draw work index and work efficiency per segment as two bullseyes on fixed colours.

    Parameters
    ----------
    measurement
        From `measure_work`.

    Returns
    -------
    Figure
        180 mm wide.
    """
    with house_style():
        figure = figure_mm(180.0, 126.0)
        page = page_axes(figure)
        _heading(page, measurement, "Myocardial work per segment", 120.0)
        index = {work.segment: work.index_mmhg_pct for work in measurement.segments}
        efficiency = {
            work.segment: work.efficiency_pct for work in measurement.segments if work.efficiency_pct is not None
        }
        for left, values, scale, title in (
            (8.0, index, _WORK_SCALE, "work index"),
            (96.0, efficiency, _EFFICIENCY_SCALE, "work efficiency"),
        ):
            axes = axes_mm(figure, left, 28.0, 76.0, 72.0)
            draw_bullseye(axes, values, model=measurement.study.model, scale=scale, title=title)
            draw_colour_bar(axes_mm(figure, left + 13.0, 21.0, 50.0, 3.0), scale)
        _foot(page, measurement)
    return figure


def _wall_loops(
    axes: Axes, measurement: WorkMeasurement, wall: str, colour: str, limits: tuple[float, float, float]
) -> None:
    """Draw the loops of a wall's segments and their mean in the beat of the first view that shows the wall."""
    low, high, top = limits
    axes.set_xlim(low, high)
    axes.set_ylim(0.0, top)
    axes.set_xlabel("strain [%]")
    axes.set_ylabel("LV pressure [mmHg]")
    axes.set_title(f"{'Septum' if wall == 'septal' else 'Lateral wall'}", fontweight="bold", color=colour)
    axes.axvline(0.0, color=LIGHT_GREY, linewidth=0.6, zorder=0)
    wanted = segments_of_wall("septal" if wall == "septal" else "lateral", measurement.study.model)
    drawn = []
    for work in measurement.views:
        rows = [row for row, segment in enumerate(work.view.segments) if segment in wanted]
        for row in rows:
            axes.plot(*_loop(work, row), color=colour, linewidth=0.6, alpha=0.45)
        if rows:
            drawn.append((work, rows))
    if not drawn:
        axes.text(0.5, 0.5, f"no {wall} segment was measured", transform=axes.transAxes, ha="center", color=GREY)
        return
    work, rows = _reference(drawn)
    strain, pressure = _mean_loop(drawn, work)
    axes.plot(strain, pressure, color=colour, linewidth=2.0)
    _arrows(axes, strain, pressure, colour)
    _mark_events(axes, work, strain, pressure)


def _reference(drawn: list[tuple[ViewWork, list[int]]]) -> tuple[ViewWork, list[int]]:
    """Return the view with most segments of the wall, the first of them."""
    return max(drawn, key=lambda one: len(one[1]))


def _mean_loop(drawn: list[tuple[ViewWork, list[int]]], reference: ViewWork) -> tuple[FloatArray, FloatArray]:
    """Return the mean strain of a wall over its views, each stretched to the events of the reference view."""
    grid = reference.loops.time_s
    curves = []
    for work, rows in drawn:
        own, target = _landmarks(work), _landmarks(reference)
        shared = [name for name in own if name in target]
        times = np.interp(grid, [target[name] for name in shared], [own[name] for name in shared])
        curves += [np.interp(times, work.loops.time_s, work.loops.strain_pct[row]) for row in rows]
    return np.mean(curves, axis=0), reference.loops.pressure_mmhg


def _landmarks(work: ViewWork) -> dict[str, float]:
    events = {name: time for name in EVENT_WORDS if (time := work.view.events.at(name)) is not None}
    return {"start": -1e-9} | dict(sorted(events.items(), key=lambda item: item[1])) | {"end": work.view.rr_s}


def _loop(work: ViewWork, row: int) -> tuple[FloatArray, FloatArray]:
    return work.loops.strain_pct[row], work.loops.pressure_mmhg


def _arrows(axes: Axes, strain: FloatArray, pressure: FloatArray, colour: str, count: int = 4) -> None:
    """Put arrow heads at equal steps of the way along the loop, as it looks in the panel."""
    low, high = axes.get_xlim()
    top = axes.get_ylim()[1]
    steps = np.hypot(np.diff(strain) / (high - low), np.diff(pressure) / top)
    way = np.concatenate([[0.0], np.cumsum(steps)])
    for share in (np.arange(count) + 0.5) / count:
        at = min(int(np.searchsorted(way, share * way[-1])), strain.size - 2)
        ahead = min(at + max(2, strain.size // 100), strain.size - 1)
        axes.annotate(
            "",
            xy=(strain[ahead], pressure[ahead]),
            xytext=(strain[at], pressure[at]),
            arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.2, "mutation_scale": 9.0},
        )


def _mark_events(axes: Axes, work: ViewWork, strain: FloatArray, pressure: FloatArray, size: float = 4.5) -> None:
    for name, marker in _EVENT_MARKS:
        time = work.view.events.at(name)
        if time is None:
            continue
        x = float(np.interp(time, work.loops.time_s, strain))
        y = float(np.interp(time, work.loops.time_s, pressure))
        axes.plot([x], [y], marker, markersize=size, color="white", markeredgecolor=INK, markeredgewidth=0.8, zorder=5)


def _small_loop(
    axes: Axes,
    measurement: WorkMeasurement,
    segment: int,
    limits: tuple[float, float, float],
    reasons: dict[int, str],
    *,
    first: bool,
) -> None:
    low, high, top = limits
    axes.set_xlim(low, high)
    axes.set_ylim(0.0, top)
    if first:
        axes.set_ylabel("pressure [mmHg]", fontsize=SMALL_PT, labelpad=1.0)
    else:
        axes.set_yticklabels([])
    axes.tick_params(labelsize=SMALL_PT - 0.5)
    number = measurement.segment(segment)
    title = shortened(f"{segment} {segment_name(segment, measurement.study.model)}", 27.5, SMALL_PT)
    if number is not None:
        efficiency = "" if number.efficiency_pct is None else f" · {number.efficiency_pct:.0f} %"
        title += f"\n{number.index_mmhg_pct:.0f}{efficiency}".replace("-", "−")
    axes.set_title(title, fontsize=SMALL_PT, pad=2.0)
    axes.axvline(0.0, color=LIGHT_GREY, linewidth=0.5, zorder=0)
    work = next((one for one in measurement.views if segment in one.view.segments), None)
    if number is None or work is None:
        lines = wrapped(reasons.get(segment, "not measured"), 22.0, SMALL_PT - 1.0, most_lines=4)
        axes.text(
            0.5,
            0.5,
            "\n".join(lines),
            transform=axes.transAxes,
            ha="center",
            va="center",
            fontsize=SMALL_PT - 1.0,
            color=GREY,
        )
        return
    wall = "septal" if segment in segments_of_wall("septal", measurement.study.model) else "other"
    if segment in segments_of_wall("lateral", measurement.study.model):
        wall = "lateral"
    colour = {"septal": BLUE, "lateral": VERMILLION, "other": _OTHER_WALL}[wall]
    strain, pressure = _loop(work, work.view.segments.index(segment))
    axes.plot(strain, pressure, color=colour, linewidth=1.0)
    _arrows(axes, strain, pressure, colour, count=2)
    _mark_events(axes, work, strain, pressure, size=2.6)


def _segment_rows(measurement: WorkMeasurement) -> list[list[int]]:
    """Return the segments by level, base first; the apex of the 17-segment model joins the apical row."""
    model = measurement.study.model
    rows: dict[str, list[int]] = {}
    for segment in segments_of(model):
        level = level_of(segment, model)
        rows.setdefault("apical" if level == "apex" else level, []).append(segment)
    return list(rows.values())


def _limits(measurement: WorkMeasurement) -> tuple[float, float, float]:
    """Return one scale for all loops: strain from a round number below to one above, pressure from 0."""
    strain = np.concatenate([work.loops.strain_pct.ravel() for work in measurement.views])
    pressure = np.concatenate([work.loops.pressure_mmhg for work in measurement.views])
    low, high = 5.0 * np.floor(strain.min() / 5.0), 5.0 * np.ceil(max(strain.max(), 0.1) / 5.0)
    return float(low), float(high), float(20.0 * np.ceil((pressure.max() + 5.0) / 20.0))


def _heading(page: Axes, measurement: WorkMeasurement, title: str, at_mm: float) -> None:
    file = measurement.study.file.replace("\\", "/").rsplit("/", 1)[-1]
    page.text(7.0, at_mm, title, fontsize=TITLE_PT, fontweight="bold", va="center")
    left = 7.0 + text_width_mm(title, TITLE_PT, bold=True) + 4.0
    page.text(left, at_mm, shortened(file, 173.0 - left, TEXT_PT), fontsize=TEXT_PT, va="center", color=GREY)
    window = measurement.index("gwi_mmhg_pct").window
    lines = (
        f"{measurement.study.strain_type} Lagrangian strain; pressure {measurement.pressure_origin} "
        f"(systolic {measurement.systolic_mmhg:.0f} mmHg)",
        f"window {window}; numbers are work in mmHg % and efficiency in %",
    )
    for row, line in enumerate(lines):
        page.text(7.0, at_mm - 5.4 - 3.8 * row, shortened(line, 166.0, TEXT_PT), fontsize=TEXT_PT, va="center")


def _numbers_line(page: Axes, measurement: WorkMeasurement) -> None:
    """Write the numbers of either wall below its panel, and their difference in the middle."""
    for left, wall in ((14.0, "septal"), (104.0, "lateral")):
        entries = [
            ("work", f"{wall}_work_mmhg_pct"),
            ("wasted work", f"{wall}_wasted_work_mmhg_pct"),
            ("negative / positive work", f"{wall}_wasted_ratio_pct"),
        ]
        for row, (name, key) in enumerate(entries):
            page.text(left, 34.5 - 4.4 * row, name, fontsize=TEXT_PT, va="center")
            page.text(
                left + 70.0, 34.5 - 4.4 * row, _value(measurement, key), fontsize=TEXT_PT, va="center", ha="right"
            )
    text = f"lateral minus septal work {_value(measurement, 'lateral_minus_septal_work_mmhg_pct')}"
    page.text(90.0, 19.5, text, fontsize=TEXT_PT, va="center", ha="center", fontweight="bold")
    _legend(page, 52.0, 14.0)


def _value(measurement: WorkMeasurement, key: str) -> str:
    value = measurement.index(key)
    if value.value is None:
        return "–"
    digits = 0 if value.unit == "mmHg %" else 1
    text = f"{value.value:.{digits}f} ± {measurement.uncertainty.get(key, 0.0):.{digits}f} {value.unit}"
    return text.replace("-", "−")


def _legend(page: Axes, left_mm: float, at_mm: float) -> None:
    for column, (name, marker) in enumerate(_EVENT_MARKS):
        x = left_mm + 24.0 * column
        page.plot([x], [at_mm], marker, markersize=4.5, color="white", markeredgecolor=INK, markeredgewidth=0.8)
        page.text(x + 2.5, at_mm, name.upper(), fontsize=SMALL_PT, va="center")


def _foot(page: Axes, measurement: WorkMeasurement, first: str = "") -> None:
    words = first
    codes = {"pressure-estimated", "rr-spread"}
    words += "".join(
        f" {finding.message[:1].upper()}{finding.message[1:]}."
        for finding in measurement.findings
        if finding.code in codes
    )
    for row, line in enumerate(wrapped(words, 166.0, SMALL_PT, most_lines=2)):
        page.text(7.0, 8.0 - 2.9 * row, line, fontsize=SMALL_PT, color=GREY, va="center")
    page.text(173.0, 2.0, RESEARCH_USE, fontsize=SMALL_PT, color=GREY, ha="right", va="center")
