"""The representative beat: the QRS of every lead with its limits and waves, and all leads in one overlay."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import blended_transform_factory

from resynchro.ecg.measurement import EcgMeasurement
from resynchro.ecg.waves import zeroed_lead
from resynchro.pictures.appearance import (
    BLUE,
    GREEN,
    GREY,
    INK,
    LIGHT_GREY,
    MORPHOLOGY_WORDS,
    RESEARCH_USE,
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
    shortened,
)
from resynchro.pictures.beat_panel import (
    draw_lead_qrs,
    draw_limits,
    draw_stimuli,
    plain_frame,
    time_from_onset_ms,
)
from resynchro.pictures.paper_heading import UNTRUSTED_NOTE, patient_in_words
from resynchro.record.ecg import LEADS, LIMB_LEADS, FloatArray

WIDTH_MM, HEIGHT_MM, BUTTERFLY_HEIGHT_MM = 190.0, 216.0, 110.0
#: At most this many single beats are drawn beneath the representative one, spread over the recording.
MOST_SINGLE_BEATS = 12

_PANEL_WIDTH_MM, _PANEL_HEIGHT_MM = 52.0, 36.0
_PANEL_STEP_X_MM, _PANEL_STEP_Y_MM = 60.5, 44.0
_LEFT_MM, _PANELS_BOTTOM_MM = 15.0, 22.0


def beats_figure(measurement: EcgMeasurement) -> Figure:
    """Draw the QRS of every lead of the representative beat that was measured.

    Parameters
    ----------
    measurement
        From `measure_ecg`.

    Returns
    -------
    Figure
        190 mm wide: one panel for each lead with the single beats beneath, the global limits with their intervals, the
        lead's own limits, wave names, notches, slurs and stimuli.
    """
    limits, beat = measurement.limits, measurement.beat
    with house_style():
        figure = figure_mm(WIDTH_MM, HEIGHT_MM)
        page = page_axes(figure)
        _draw_title(page, measurement, HEIGHT_MM)
        for k, waves in enumerate(measurement.waves):
            left_mm = _LEFT_MM + (k % 3) * _PANEL_STEP_X_MM
            bottom_mm = _PANELS_BOTTOM_MM + (3 - k // 3) * _PANEL_STEP_Y_MM
            axes = axes_mm(figure, left_mm, bottom_mm, _PANEL_WIDTH_MM, _PANEL_HEIGHT_MM)
            single_mv = _single_beats(measurement, k)
            derived = waves.lead in measurement.record.derived_leads
            draw_lead_qrs(axes, beat, limits, waves, single_mv, derived=derived)
            if k // 3 == 3:
                axes.set_xlabel("ms from QRS onset", labelpad=1.5)
            else:
                axes.tick_params(labelbottom=False)
            if k % 3 == 0:
                axes.set_ylabel("mV")
                axes.yaxis.set_label_coords(-0.17, 0.5)
        _draw_key(figure, page, measurement)
    return figure


def butterfly_figure(measurement: EcgMeasurement) -> Figure:
    """Draw all leads of the representative beat over each other.

    Parameters
    ----------
    measurement
        From `measure_ecg`.

    Returns
    -------
    Figure
        190 mm wide: twelve leads at true voltage from before the P wave to behind the T wave, with P onset, the QRS
        limits and their intervals, T end and stimuli.
    """
    with house_style():
        figure = figure_mm(WIDTH_MM, BUTTERFLY_HEIGHT_MM)
        page = page_axes(figure)
        _draw_title(page, measurement, BUTTERFLY_HEIGHT_MM)
        draw_overlay(axes_mm(figure, _LEFT_MM, 16.0, 173.0, BUTTERFLY_HEIGHT_MM - 36.0), measurement)
        page.text(WIDTH_MM - 4.0, 2.2, RESEARCH_USE, fontsize=SMALL_PT, color=GREY, ha="right", va="baseline")
    return figure


def draw_overlay(axes: Axes, measurement: EcgMeasurement) -> None:
    """Draw all leads of the representative beat over each other at true voltage, with every limit."""
    beat, limits = measurement.beat, measurement.limits
    time_ms = time_from_onset_ms(beat, limits)
    for row, lead in enumerate(LEADS):
        colour = BLUE if lead in LIMB_LEADS else VERMILLION
        axes.plot(time_ms, zeroed_lead(beat, limits, row), color=colour, linewidth=0.7, zorder=3)
    axes.set_xlim(float(time_ms[0]), float(time_ms[-1]))
    axes.margins(y=0.12)
    draw_limits(axes, limits)
    pt = measurement.p_and_t
    marks = [("QRS end", limits.end_ms, "left"), ("QRS onset", limits.onset_ms, "right")]
    if pt.p_onset_ms is not None:
        marks.append(("P onset", pt.p_onset_ms, "right"))
    if pt.t_end_ms is not None:
        marks.append(("T end", pt.t_end_ms, "left"))
    across = blended_transform_factory(axes.transData, axes.transAxes)
    for name, at_ms, side in marks:
        x = at_ms - limits.onset_ms
        if not name.startswith("QRS"):
            axes.axvline(x, color=GREEN, linewidth=0.9, linestyle=(0, (4, 2)), zorder=2)
        axes.annotate(
            name if name == "QRS onset" else f"{name} {number(x, 'ms')}",
            (x, 0.97),
            xycoords=across,
            xytext=(2.0, 0.0) if side == "left" else (-5.0, 0.0),
            textcoords="offset points",
            ha=side,
            va="top",
            fontsize=SMALL_PT,
            color=GREEN if not name.startswith("QRS") else BLUE,
        )
    draw_stimuli(axes, beat, limits)
    axes.set_ylabel("mV", labelpad=1.5)
    axes.set_xlabel("ms from QRS onset", labelpad=1.5)
    axes.legend(
        handles=[
            Line2D([], [], color=BLUE, linewidth=1.0, label="limb leads"),
            Line2D([], [], color=VERMILLION, linewidth=1.0, label="chest leads"),
        ],
        loc="lower right",
        frameon=False,
        borderaxespad=0.2,
    )
    plain_frame(axes)


def _single_beats(measurement: EcgMeasurement, row: int) -> FloatArray:
    """Return single beats of one lead, each from its own level before the QRS, shape (n, n_samples) [mV]."""
    beat, limits = measurement.beat, measurement.limits
    aligned_mv = measurement.clusters[0].aligned_mv[:, row, :]
    chosen = np.unique(np.linspace(0, len(aligned_mv) - 1, min(len(aligned_mv), MOST_SINGLE_BEATS)).round().astype(int))
    until_ms = min([*(t for t in beat.stimulus_ms if t <= limits.onset_ms), limits.onset_ms])
    first = max(0, beat.sample(until_ms - 20.0))
    level_mv = np.median(aligned_mv[chosen, first : max(beat.sample(until_ms), first + 1)], axis=1, keepdims=True)
    single_mv: FloatArray = aligned_mv[chosen] - level_mv
    return single_mv


def _draw_title(page: Axes, measurement: EcgMeasurement, top_mm: float) -> None:
    limits, beat = measurement.limits, measurement.beat
    low, high = limits.duration_interval_ms
    title = shortened(patient_in_words(measurement), 178.0, TITLE_PT + 1.0, bold=True)
    page.text(6.0, top_mm - 7.5, title, fontsize=TITLE_PT + 1.0, fontweight="bold", va="baseline")
    what = (
        f"Median of {beat.n_beats} {beat.kind} beats  ·  QRS {limits.duration_ms:.0f} ms ({low:.0f} to {high:.0f})  ·  "
        f"{MORPHOLOGY_WORDS[measurement.morphology]}  ·  QRS onset {limits.onset_ms:.0f} ms into the beat"
    )
    page.text(6.0, top_mm - 12.6, shortened(what, 178.0, TEXT_PT), fontsize=TEXT_PT, va="baseline")
    if not measurement.record.voltages_trusted:
        page.text(
            6.0,
            top_mm - 16.6,
            shortened(UNTRUSTED_NOTE, 178.0, TEXT_PT - 0.5, bold=True),
            fontsize=TEXT_PT - 0.5,
            fontweight="bold",
            color=WARNING_RED,
            va="baseline",
        )


def _draw_key(figure: Figure, page: Axes, measurement: EcgMeasurement) -> None:
    n_single = min(len(measurement.clusters[0].times_s), MOST_SINGLE_BEATS)
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=BLUE, linewidth=0.9, label="global QRS limit"),
        Patch(facecolor=BLUE, alpha=0.2, label="its 95 % interval"),
        Line2D([], [], color=VERMILLION, linewidth=1.4, label="limit of this lead"),
        Line2D([], [], color=LIGHT_GREY, linewidth=0.8, label=f"single beats ({n_single})"),
        _marker("o", "notch"),
        _marker("D", "slur"),
    ]
    if measurement.beat.stimulus_ms or measurement.beat.atrial_stimulus_ms:
        handles.append(Line2D([], [], linestyle="none", marker="v", markersize=4.5, color=INK, label="stimulus"))
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(5.0 / WIDTH_MM, 4.5 / HEIGHT_MM),
        ncols=len(handles),
        frameon=False,
        columnspacing=1.4,
        handlelength=1.6,
        handletextpad=0.5,
        borderpad=0.0,
        fontsize=SMALL_PT,
    )
    note = "Voltage scales differ between panels"
    if measurement.record.derived_leads:
        note += "  ·  * computed from the other limb leads"
    page.text(6.0, 2.2, note, fontsize=SMALL_PT, color=GREY, va="baseline")
    page.text(WIDTH_MM - 4.0, 2.2, RESEARCH_USE, fontsize=SMALL_PT, color=GREY, ha="right", va="baseline")


def _marker(marker: str, label: str) -> Line2D:
    return Line2D(
        [],
        [],
        linestyle="none",
        marker=marker,
        markersize=3.6,
        markerfacecolor="white",
        markeredgecolor=VERMILLION,
        label=label,
    )
