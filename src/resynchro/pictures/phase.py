"""Phase analysis on one page: histogram, polar maps of delay and perfusion sample by sample, delay per segment."""

from __future__ import annotations

import math
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from scipy.spatial import cKDTree

from resynchro.imaging.spect.phase_measurement import PhaseMeasurement
from resynchro.imaging.spect.polar_sampling import map_radius
from resynchro.pictures.appearance import (
    GREY,
    INK,
    LIGHT_GREY,
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
    number,
    page_axes,
    plain_line,
    shortened,
    wrapped,
)
from resynchro.pictures.bullseye import BullseyeScale, draw_bullseye, draw_colour_bar
from resynchro.record.segments import ANTERIOR_INSERTION_DEG, INFERIOR_INSERTION_DEG, bullseye_ring, display_arc_deg
from resynchro.record.slices import FloatArray

_WIDTH_MM, _HEIGHT_MM = 190.0, 178.0
#: Ends of the colours of delay, fixed so that two patients can be compared [deg of the beat]: a quarter of the beat.
_SPAN_DEG = 90.0
_BINS = 64
_GRID = 241
_WALLS = ((90.0, "anterior", 0), (180.0, "septum", 90), (270.0, "inferior", 0), (0.0, "lateral", -90))


def phase_figure(measurement: PhaseMeasurement) -> Figure:
    """Draw one phase analysis.

    Parameters
    ----------
    measurement
        From `measure_phase`.

    Returns
    -------
    Figure
        The noise floor stands beside every number; what is not viable is hatched.
    """
    m = measurement
    with house_style():
        figure = figure_mm(_WIDTH_MM, _HEIGHT_MM)
        page = page_axes(figure)
        name = shortened(Path(m.polar.file).name, 120.0, TITLE_PT, bold=True)
        page.text(8, 171, name, fontsize=TITLE_PT, fontweight="bold", va="center")
        page.text(182, 171, RESEARCH_USE, fontsize=SMALL_PT, color=GREY, ha="right", va="center")
        beat = "" if m.rr_s is None else f", RR {1e3 * m.rr_s:.0f} ms"
        head = f"Phase analysis of gated SPECT: {m.polar.gates} gates{beat}, {len(m.segment)} samples, "
        head += f"{m.viable_share_pct:.0f} % of them viable (uptake at least {m.viable_pct:.0f} %)"
        page.text(8, 165.5, head, fontsize=TEXT_PT, va="center")
        _histogram(axes_mm(figure, 16, 101, 74, 52), m)
        _numbers(page, m)
        _sample_map(axes_mm(figure, 6, 22, 58, 58), m, m.sample_delay_deg, _delay_scale(m), "Delay, sample by sample")
        _sample_map(axes_mm(figure, 66, 22, 58, 58), m, m.uptake, _uptake_scale(), "Perfusion, sample by sample")
        hatched = [segment for segment, value in m.perfusion.values.items() if value < m.viable_pct]
        draw_bullseye(
            axes_mm(figure, 126, 22, 58, 58),
            {segment: one.delay_deg for segment, one in m.segments.items()},
            model="aha17",
            scale=_delay_scale(m),
            hatched=hatched,
            outlined=m.latest,
            title="Delay per segment [°], latest outlined",
        )
        for left, scale in ((14, _delay_scale(m)), (74, _uptake_scale()), (134, _delay_scale(m))):
            draw_colour_bar(axes_mm(figure, left, 14.5, 42, 2.6), scale)
        _footer(page, m)
    return figure


def _delay_scale(m: PhaseMeasurement) -> BullseyeScale:
    beat = "" if m.rr_s is None else f" = {1e3 * m.rr_s / 4:.0f} ms"
    return BullseyeScale(
        label=f"delay [°]; 90° = 25 % RR{beat}",
        low=-_SPAN_DEG,
        high=_SPAN_DEG,
        signed=True,
        low_word="early",
        high_word="late",
    )


def _uptake_scale() -> BullseyeScale:
    return BullseyeScale(label="uptake [% of maximum]", low=0.0, high=100.0, colours="inferno")


def _histogram(axes: Axes, m: PhaseMeasurement) -> None:
    """Draw the histogram of delays, with what noise alone would give a synchronous ventricle."""
    viable = m.viable
    delay = m.sample_delay_deg[viable]
    power = m.phases.amplitude[viable] ** 2
    edges = np.linspace(-180.0, 180.0, _BINS + 1)
    share = np.histogram(delay, edges, weights=100.0 * power / power.sum())[0]
    plain_share = np.histogram(delay, edges, weights=np.full(len(delay), 100.0 / len(delay)))[0]
    axes.stairs(share, edges, fill=True, color=SKY, label="weighted by amplitude²")
    axes.stairs(plain_share, edges, color=INK, linewidth=0.8, label="unweighted")
    top = 1.15 * float(max(share.max(), plain_share.max()))
    at = np.linspace(-180.0, 180.0, 1441)
    bell = np.exp(-0.5 * (at / max(m.noise.floor_deg, 0.4)) ** 2) * top / 1.15
    label = f"noise alone: SD {m.noise.floor_deg:.1f}°\n(height to fit)"
    axes.plot(at, bell, color=VERMILLION, linewidth=1.0, linestyle=(0, (3, 1.5)), label=label)
    axes.set_xlim(-180.0, 180.0)
    axes.set_ylim(0.0, top)
    axes.set_xticks(range(-180, 181, 60))
    axes.set_xlabel("delay against the mean phase [° of the beat]")
    axes.set_ylabel("share of the viable wall [%]")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper right", frameon=False, fontsize=SMALL_PT, handlelength=1.6, borderaxespad=0.1)
    axes.set_title("Phase histogram", fontsize=TEXT_PT, fontweight="bold", loc="left")


def _numbers(page: Axes, m: PhaseMeasurement) -> None:
    """Write the statistics with their floors to the right of the histogram."""
    top, step = 153.0, 5.4
    for x, text in ((137, "weighted"), (157, "unweighted"), (182, "noise alone")):
        page.text(x, top, text, fontsize=SMALL_PT, color=GREY, ha="right", va="center")
    w, u, n = m.weighted, m.unweighted, m.noise
    rows = (
        ("phase SD", w.sd_deg, u.sd_deg, n.floor_deg, "°", 1),
        ("bandwidth, 95 %", w.bandwidth_deg, u.bandwidth_deg, n.bandwidth_floor_deg, "°", 0),
        ("entropy", w.entropy_pct, u.entropy_pct, n.weighted.entropy_pct, "%", 0),
        ("skewness", w.skewness, u.skewness, n.weighted.skewness, "", 2),
        ("kurtosis, excess", w.kurtosis, u.kurtosis, n.weighted.kurtosis, "", 2),
    )
    for position, (name, weighted, unweighted, floor, unit, digits) in enumerate(rows, start=1):
        y = top - step * position
        page.text(98, y, name, fontsize=TEXT_PT, va="center")
        for x, value, bold in ((137, weighted, True), (157, unweighted, False), (182, floor, False)):
            text = number(value, unit, digits=digits).rstrip()
            page.text(x, y, text, fontsize=TEXT_PT, ha="right", va="center", fontweight="bold" if bold else "normal")
    y = top - step * 6 - 1.5
    lines = [
        f"noise of a sample at one gate {n.noise_pct:.1f} %, peak-to-peak change {n.amplitude_pct:.0f} % of the counts",
        "“noise alone”: a synchronous ventricle with this noise, amplitude and number of gates, weighted",
        "skewness and kurtosis: moments of the delays; the vendors' are another statistic",
    ]
    if m.latest is not None:
        late = m.segments[m.latest]
        lines.insert(
            0,
            f"latest segment {m.latest}: {late.delay_deg:+.0f} ± {late.error_deg:.0f}° ({late.delay_deg / 3.6:+.1f} "
            "% RR)",
        )
    for line in lines:
        for part in wrapped(
            line.replace("-", "−") if line.startswith("latest") else line, 86.0, SMALL_PT, most_lines=2
        ):
            page.text(98, y, part, fontsize=SMALL_PT, va="center", color=INK)
            y -= 3.5


def _sample_map(axes: Axes, m: PhaseMeasurement, values: FloatArray, scale: BullseyeScale, title: str) -> None:
    """Colour every point of the bullseye like the nearest sample; hatch what is not viable; draw the segments."""
    angle, radius = np.radians(m.polar.angle_deg), map_radius(m.polar.level)
    places = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    side = np.linspace(-1.0, 1.0, _GRID)
    x, y = np.meshgrid(side, side)
    nearest = cKDTree(places).query(np.stack([x.ravel(), y.ravel()], axis=1))[1].reshape(x.shape)
    outside = np.hypot(x, y) > 1.0
    axes.set_aspect("equal")
    axes.set_axis_off()
    image = axes.imshow(
        np.ma.masked_array(values[nearest], outside),
        cmap=matplotlib.colormaps[scale.colours],
        vmin=scale.low,
        vmax=scale.high,
        origin="lower",
        extent=(-1.0, 1.0, -1.0, 1.0),
        interpolation="nearest",
    )
    image.set_clip_path(Circle((0.0, 0.0), 1.0, transform=axes.transData))
    axes.set_xlim(-1.22, 1.22)
    axes.set_ylim(-1.22, 1.22)
    dead = np.where(outside, 0.0, (~m.viable[nearest]).astype(float))
    if dead.any():
        with matplotlib.rc_context({"hatch.color": "white", "hatch.linewidth": 0.8}):
            axes.contourf(x, y, dead, levels=[0.5, 1.5], colors="none", hatches=["//////"])
        axes.contour(x, y, dead, levels=[0.5], colors=["white"], linewidths=[0.9])
    _borders(axes)
    axes.set_title(title, fontsize=TEXT_PT, fontweight="bold", pad=4.0)


def _borders(axes: Axes) -> None:
    """Draw the borders of the seventeen segments, the insertions and the names of the walls."""
    for radius in (0.25, 0.5, 0.75):
        axes.add_patch(Circle((0.0, 0.0), radius, facecolor="none", edgecolor="white", linewidth=0.7))
    axes.add_patch(Circle((0.0, 0.0), 1.0, facecolor="none", edgecolor=LIGHT_GREY, linewidth=0.7))
    for segment in range(1, 17):
        start = math.radians(display_arc_deg(segment)[0])
        inner, outer = bullseye_ring(segment)
        axes.plot(
            [inner * math.cos(start), outer * math.cos(start)],
            [inner * math.sin(start), outer * math.sin(start)],
            color="white",
            linewidth=0.7,
        )
    for degrees in (ANTERIOR_INSERTION_DEG, INFERIOR_INSERTION_DEG):
        along = np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])
        axes.plot(*np.outer(along, [1.01, 1.1]), color=INK, linewidth=1.6, solid_capstyle="butt")
        axes.text(1.17 * along[0], 1.17 * along[1], "RV", ha="center", va="center", fontsize=SMALL_PT - 1.0, color=GREY)
    for degrees, wall, turn in _WALLS:
        along = np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])
        axes.text(
            1.09 * along[0],
            1.09 * along[1],
            wall,
            ha="center",
            va="center",
            fontsize=SMALL_PT,
            color=GREY,
            rotation=turn,
        )


def _footer(page: Axes, m: PhaseMeasurement) -> None:
    y = 88.5
    for finding in m.warnings[:2]:
        for line in wrapped("! " + plain_line(finding.message), 174.0, SMALL_PT, most_lines=2):
            page.text(8, y, line, fontsize=SMALL_PT, color=WARNING_RED, va="center")
            y -= 3.4
    source = shortened(f"hatched: not viable. Samples: {m.polar.source}", 174.0, SMALL_PT)
    page.text(8, 3.5, source, fontsize=SMALL_PT, color=GREY, va="center")
