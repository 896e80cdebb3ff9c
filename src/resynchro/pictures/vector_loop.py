"""The QRS loop of the heart vector in three planes, with the vector of the QRS area."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from resynchro.ecg.measurement import EcgMeasurement
from resynchro.ecg.qrs_area import QrsArea
from resynchro.ecg.vectorcardiogram import VectorLoop
from resynchro.errors import MeasurementError
from resynchro.pictures.appearance import (
    BLUE,
    GREEN,
    GREY,
    INK,
    MORPHOLOGY_WORDS,
    ORANGE,
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
)
from resynchro.pictures.paper_heading import patient_in_words
from resynchro.record.ecg import FloatArray

WIDTH_MM, HEIGHT_MM = 190.0, 205.0
#: Time between the dots on the loop [ms].
DOT_STEP_MS = 10.0
_SIDE_MM, _LEFT_MM, _BOTTOM_MM, _STEP_MM = 74.0, 17.0, 22.0, 89.0

#: Title, rows of (X, Y, Z) that run across and up, whether up is turned round, and what the ends of the axes are.
_PLANES: dict[str, tuple[str, int, int, bool, str, str]] = {
    "frontal": (
        "Frontal plane, seen from the front",
        0,
        1,
        True,
        "right  ←  X [mV]  →  left",
        "inferior  ←  Y [mV]  →  superior",
    ),
    "sagittal": (
        "Sagittal plane, seen from the left",
        2,
        1,
        True,
        "anterior  ←  Z [mV]  →  posterior",
        "inferior  ←  Y [mV]  →  superior",
    ),
    "horizontal": (
        "Horizontal plane, front at the bottom",
        0,
        2,
        False,
        "right  ←  X [mV]  →  left",
        "anterior  ←  Z [mV]  →  posterior",
    ),
}
_COMPONENTS = (("X (left)", BLUE), ("Y (inferior)", VERMILLION), ("Z (posterior)", GREEN))


def vector_loop_figure(measurement: EcgMeasurement) -> Figure:
    """Draw the QRS loop of the measured beat.

    Parameters
    ----------
    measurement
        From `measure_ecg`, with voltages that can be trusted.

    Returns
    -------
    Figure
        190 mm wide: frontal, sagittal and horizontal plane at one scale, and X, Y, Z against time with the QRS area.

    Raises
    ------
    MeasurementError
        When the measurement has no loop because its voltages cannot be trusted.
    """
    if measurement.loop is None or measurement.area is None:
        raise MeasurementError(
            f"{measurement.record.source.file}: no vector loop can be drawn, since the leads contradict each other and "
            "voltages mean nothing; look at the recording's warnings"
        )
    loop, area = measurement.loop, measurement.area
    reach_mv = loop_reach_mv(loop)
    with house_style():
        figure = figure_mm(WIDTH_MM, HEIGHT_MM)
        page = page_axes(figure)
        title = shortened(patient_in_words(measurement), 178.0, TITLE_PT + 1.0, bold=True)
        page.text(6.0, HEIGHT_MM - 8.0, title, fontsize=TITLE_PT + 1.0, fontweight="bold", va="baseline")
        what = (
            f"QRS loop of the measured beat  ·  QRS {measurement.qrs_ms:.0f} ms  ·  "
            f"{MORPHOLOGY_WORDS[measurement.morphology]}"
        )
        page.text(6.0, HEIGHT_MM - 13.2, what, fontsize=TEXT_PT, va="baseline")
        for plane, column, row in (("frontal", 0, 1), ("sagittal", 1, 1), ("horizontal", 0, 0)):
            left_mm, bottom_mm = _LEFT_MM + column * _STEP_MM, _BOTTOM_MM + row * _STEP_MM
            axes = axes_mm(figure, left_mm, bottom_mm, _SIDE_MM, _SIDE_MM)
            draw_loop(axes, loop, area, plane, measurement.qrs_ms, reach_mv)
        traces = axes_mm(figure, _LEFT_MM + _STEP_MM, _BOTTOM_MM + 37.0, _SIDE_MM, _SIDE_MM - 37.0)
        draw_components(traces, loop)
        for k, line in enumerate(area_in_words(measurement)):
            weight = "bold" if k == 0 else "normal"
            y_mm = _BOTTOM_MM + 20.0 - 4.6 * k
            page.text(_LEFT_MM + _STEP_MM - 4.0, y_mm, line, fontsize=TEXT_PT, fontweight=weight, va="baseline")
        _draw_key(figure, page)
    return figure


def draw_loop(axes: Axes, loop: VectorLoop, area: QrsArea, plane: str, qrs_ms: float, reach_mv: FloatArray) -> None:
    """Draw the loop in one plane at equal scale.

    Parameters
    ----------
    axes
        Square axes.
    loop
        QRS loop.
    area
        QRS area, drawn as the mean vector: its components divided by the QRS duration [mV].
    plane
        ``frontal``, ``sagittal`` or ``horizontal``.
    qrs_ms
        QRS duration [ms].
    reach_mv
        Limits of X, Y and Z from `loop_reach_mv`, shape (3, 2) [mV].
    """
    title, across, up, turned, x_label, y_label = _PLANES[plane]
    x, y = loop.xyz_mv[across], loop.xyz_mv[up]
    axes.set_xlim(*reach_mv[across])
    axes.set_ylim(*(reach_mv[up][::-1] if turned else reach_mv[up]))
    axes.set_aspect("equal")
    axes.axhline(0.0, color=GREY, linewidth=0.4, zorder=1)
    axes.axvline(0.0, color=GREY, linewidth=0.4, zorder=1)
    axes.plot(x, y, color=BLUE, linewidth=1.0, zorder=3)
    dots_ms = np.arange(loop.time_ms[0], loop.time_ms[-1] + 1e-6, DOT_STEP_MS)
    axes.plot(
        np.interp(dots_ms, loop.time_ms, x),
        np.interp(dots_ms, loop.time_ms, y),
        linestyle="none",
        marker="o",
        markersize=2.4,
        color=BLUE,
        zorder=4,
    )
    _draw_directions(axes, x, y, float(reach_mv[0, 1] - reach_mv[0, 0]))
    axes.plot(x[0], y[0], marker="o", markersize=4.5, markerfacecolor="white", markeredgecolor=INK, zorder=6)
    components = (area.x_uvs, area.y_uvs, area.z_uvs)
    mean_mv = (components[across] / qrs_ms, components[up] / qrs_ms)
    axes.annotate(
        "",
        xy=mean_mv,
        xytext=(0.0, 0.0),
        arrowprops={
            "arrowstyle": "-|>,head_width=0.22,head_length=0.5",
            "color": VERMILLION,
            "linewidth": 1.8,
            "shrinkA": 0.0,
            "shrinkB": 0.0,
        },
        zorder=5,
    )
    axes.set_title(title, loc="left", fontweight="bold", pad=3.0)
    axes.set_xlabel(x_label, labelpad=1.5)
    axes.set_ylabel(y_label, labelpad=1.5)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6))
    axes.tick_params(pad=1.5)


def draw_components(axes: Axes, loop: VectorLoop) -> None:
    """Draw X, Y and Z against time, with the time of the largest vector."""
    time_ms = loop.time_ms - loop.time_ms[0]
    for (name, colour), values in zip(_COMPONENTS, loop.xyz_mv, strict=True):
        axes.plot(time_ms, values, color=colour, linewidth=1.0, label=name)
    axes.axhline(0.0, color=GREY, linewidth=0.4)
    axes.axvline(loop.largest_time_ms - loop.time_ms[0], color=ORANGE, linewidth=1.0, linestyle=(0, (4, 2)))
    axes.set_xlim(0.0, float(time_ms[-1]))
    axes.margins(y=0.08)
    axes.set_xlabel("ms from QRS onset", labelpad=1.5)
    axes.set_ylabel("mV", labelpad=1.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(pad=1.5)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=3,
        frameon=False,
        borderpad=0.0,
        handlelength=1.4,
        columnspacing=1.2,
    )


def loop_reach_mv(loop: VectorLoop) -> FloatArray:
    """Return limits of X, Y and Z of equal length, so that all planes have one scale; shape (3, 2) [mV].

    The loop and the origin lie inside.
    """
    low = np.minimum(0.0, loop.xyz_mv.min(axis=1))
    high = np.maximum(0.0, loop.xyz_mv.max(axis=1))
    half = 0.58 * max(float((high - low).max()), 0.1)
    reach_mv: FloatArray = np.stack([(low + high) / 2.0 - half, (low + high) / 2.0 + half], axis=1)
    return reach_mv


def area_in_words(measurement: EcgMeasurement) -> tuple[str, ...]:
    """Return the QRS area and the largest vector in a few short lines."""
    area, loop, interval = measurement.area, measurement.loop, measurement.area_interval
    if area is None or loop is None:
        return ("QRS area not measured",)
    spread = "" if interval is None else f" ({interval.low_uvs:.0f} to {interval.high_uvs:.0f})"
    parts = ", ".join(
        f"{name} {number(value, 'µVs', digits=1)}"
        for name, value in (("X", area.x_uvs), ("Y", area.y_uvs), ("Z", area.z_uvs))
    )
    return (
        f"QRS area {area.magnitude_uvs:.0f} µVs{spread}, Kors 1990",
        parts,
        f"azimuth {number(area.azimuth_deg, '°')}, elevation {number(area.elevation_deg, '°')}",
        f"largest vector {loop.largest_mv:.2f} mV at {loop.largest_time_ms - loop.time_ms[0]:.0f} ms,",
        f"azimuth {number(loop.azimuth_deg, '°')}, elevation {number(loop.elevation_deg, '°')}",
    )


def _draw_directions(axes: Axes, x: FloatArray, y: FloatArray, side_mv: float) -> None:
    """Draw three arrow heads along the loop; none on a loop too small to carry them."""
    path = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))))
    if path[-1] < 0.2 * side_mv:
        return
    for share in (0.2, 0.5, 0.8):
        k = int(np.clip(np.searchsorted(path, share * path[-1]), 1, path.size - 1))
        axes.annotate(
            "",
            xy=(x[k], y[k]),
            xytext=(x[k - 1], y[k - 1]),
            arrowprops={
                "arrowstyle": "-|>,head_width=0.24,head_length=0.5",
                "color": BLUE,
                "linewidth": 0.8,
                "shrinkA": 0.0,
                "shrinkB": 0.0,
            },
            zorder=4,
        )


def _draw_key(figure: Figure, page: Axes) -> None:
    figure.legend(
        handles=[
            Line2D([], [], color=BLUE, marker="o", markersize=2.4, label="loop, a dot each 10 ms from the QRS onset"),
            Line2D(
                [],
                [],
                linestyle="none",
                marker="o",
                markersize=4.5,
                markerfacecolor="white",
                markeredgecolor=INK,
                label="QRS onset",
            ),
            Line2D([], [], color=VERMILLION, linewidth=1.8, label="mean vector: QRS area ÷ QRS duration"),
            Line2D([], [], color=ORANGE, linewidth=1.0, linestyle=(0, (4, 2)), label="largest vector"),
        ],
        loc="lower left",
        bbox_to_anchor=(5.0 / WIDTH_MM, 7.0 / HEIGHT_MM),
        ncols=4,
        frameon=False,
        columnspacing=1.4,
        handlelength=1.8,
        borderpad=0.0,
        fontsize=SMALL_PT,
    )
    note = "Azimuth: from left (0°) to the back (90°). Elevation: from the feet (0°) to the head (180°)."
    page.text(6.0, 3.0, note, fontsize=SMALL_PT, color=GREY, va="baseline")
    page.text(WIDTH_MM - 4.0, 3.0, RESEARCH_USE, fontsize=SMALL_PT, color=GREY, ha="right", va="baseline")
