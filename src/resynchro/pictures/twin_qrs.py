"""The simulated QRS over the measured one, twelve leads on ECG paper, with how well they agree."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from resynchro.errors import InputError
from resynchro.pictures.appearance import (
    BLUE,
    GREY,
    INK,
    POINTS_PER_MM,
    RESEARCH_USE,
    SKY,
    SMALL_PT,
    TEXT_PT,
    TITLE_PT,
    figure_mm,
    house_style,
    page_axes,
    shortened,
    wrapped,
)
from resynchro.pictures.ecg_paper import draw_paper
from resynchro.pictures.paper_layout import COLUMNS, MM_PER_MV
from resynchro.record.ecg import INDEPENDENT_LEADS, LEADS, FloatArray

#: Paper speeds [mm/s]. QRS complexes are judged by shape at 50 or 100; 25 is the speed of a routine ECG.
SPEEDS_MM_PER_S = (25.0, 50.0, 100.0)
#: A lead whose RMS lies below this in both has no shape to compare, as in `resynchro.ecg.similarity` [mV].
_SMALLEST_RMS_MV = 0.03
_LEAST_WIDTH_MM, _LEAST_PITCH_MM, _GAP_MM, _CALIBRATION_MM = 190.0, 35.0, 5.0, 15.0
#: Room above each row for the name of the lead and its two numbers, and below it.
_NAME_MM, _CLEAR_MM = 8.5, 3.0
_FARTHEST_MM, _LINE_MM = 50.0, 4.0
_HEAD_MM, _FOOT_MM = 12.0, 13.0
_TRACE_PT = 0.26 * POINTS_PER_MM
_MEASURED_PT, _SIMULATED_PT = 1.5 * _TRACE_PT, 1.7 * _TRACE_PT


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadAgreement:
    """How well a simulated lead agrees with the measured one.

    Attributes
    ----------
    correlation
        Pearson's, over the samples shown: 1 the same shape at any size, 0 nothing in common, -1 upside down; None for
        a lead without a QRS in both.
    rms_error_mv
        Root mean square of the difference [mV].
    """

    correlation: float | None
    rms_error_mv: float


def lead_agreement(measured_mv: FloatArray, simulated_mv: FloatArray) -> LeadAgreement:
    """Compare one lead over the QRS, both from the level before it, shape (n,) each [mV]."""
    power = float(measured_mv @ measured_mv), float(simulated_mv @ simulated_mv)
    rms_error = float(np.sqrt(np.mean((measured_mv - simulated_mv) ** 2)))
    if max(power) / len(measured_mv) < _SMALLEST_RMS_MV**2 or min(power) == 0.0:
        return LeadAgreement(correlation=None, rms_error_mv=rms_error)
    one, other = measured_mv - measured_mv.mean(), simulated_mv - simulated_mv.mean()
    size = math.sqrt(float(one @ one) * float(other @ other))
    correlation = float(one @ other) / size if size > 0.0 else None
    return LeadAgreement(correlation=correlation, rms_error_mv=rms_error)


def twin_qrs_figure(
    time_ms: FloatArray,
    simulated_mv: FloatArray,
    measured_mv: FloatArray | None = None,
    *,
    qrs_ms: tuple[float, float] | None = None,
    band_mv: tuple[FloatArray, FloatArray] | None = None,
    band_words: str = "90 % of the ensemble",
    speed_mm_per_s: float = 100.0,
    title: str = "Simulated and measured QRS",
    caption: str = "",
    simulated_words: str = "simulated",
    measured_words: str = "measured",
) -> Figure:
    """Draw the QRS of twelve leads on ECG paper.

    Parameters
    ----------
    time_ms
        Shape (n,), rising, the same for all [ms].
    simulated_mv, measured_mv
        Shape (12, n), rows in the order of the twelve leads, from the level before the QRS [mV]; nothing measured for a
        picture of the simulation alone.
    qrs_ms
        Measured onset and end [ms]: shaded, and what correlation and error are taken over; by default all samples.
    band_mv
        Lower and upper edge of the ensemble, shape (12, n) each [mV].
    band_words
        What the band holds.
    speed_mm_per_s
        25, 50 or 100 [mm/s], at 10 mm/mV.
    title, caption
        What is shown; the caption may take two lines.
    simulated_words, measured_words
        For the legend.

    Returns
    -------
    Figure
        At true size, at least 190 mm wide, as high as the waves need.

    Raises
    ------
    InputError
        When shapes or the speed do not fit.
    """
    _check(time_ms, simulated_mv, measured_mv, band_mv, speed_mm_per_s)
    inside = np.ones(len(time_ms), dtype=bool)
    if qrs_ms is not None:
        inside = (time_ms >= qrs_ms[0]) & (time_ms <= qrs_ms[1])
        if inside.sum() < 2:
            raise InputError(
                f"the QRS from {qrs_ms[0]:g} to {qrs_ms[1]:g} ms lies outside of the samples "
                f"({time_ms[0]:g} to {time_ms[-1]:g} ms): check that both have the same zero"
            )
    curves = [simulated_mv, *([] if measured_mv is None else [measured_mv]), *(band_mv or ())]
    width_mm = (time_ms[-1] - time_ms[0]) * speed_mm_per_s / 1000.0
    pitch_mm = max(_LEAST_PITCH_MM, 5.0 * math.ceil((width_mm + _GAP_MM) / 5.0))
    grid_mm, baselines_mm = _rows(curves)
    paper_mm = _CALIBRATION_MM + 4.0 * pitch_mm
    agreement = {} if measured_mv is None else _agreement(measured_mv[:, inside], simulated_mv[:, inside])
    lines = wrapped(caption, paper_mm, TEXT_PT, most_lines=2) + ([_whole(agreement)] if agreement else [])
    page_mm = max(_LEAST_WIDTH_MM, paper_mm + 10.0), grid_mm + _HEAD_MM + _LINE_MM * len(lines) + _FOOT_MM
    left_mm = 0.5 * (page_mm[0] - paper_mm)
    with house_style():
        figure = figure_mm(*page_mm)
        axes = page_axes(figure)
        draw_paper(axes, left_mm, _FOOT_MM, paper_mm, grid_mm)
        for k, column in enumerate(COLUMNS):
            for row, lead in enumerate(column):
                origin = (left_mm + _CALIBRATION_MM + k * pitch_mm, _FOOT_MM + baselines_mm[row])
                index = LEADS.index(lead)
                x_mm = origin[0] + (time_ms - time_ms[0]) * speed_mm_per_s / 1000.0
                if qrs_ms is not None:
                    _shade(axes, x_mm[inside], _FOOT_MM, grid_mm, baselines_mm, row)
                edges = None if band_mv is None else (band_mv[0][index], band_mv[1][index])
                measured = None if measured_mv is None else measured_mv[index]
                _draw_lead(axes, x_mm, origin[1], simulated_mv[index], measured, edges)
                top_mm = origin[1] + _up_mm(curves, row)
                _write_lead(axes, origin[0], top_mm, lead, agreement.get(lead))
        for baseline_mm in baselines_mm:
            _draw_calibration(axes, left_mm + 2.0, _FOOT_MM + baseline_mm)
        _draw_head(axes, page_mm, left_mm, title, lines)
        _draw_foot(
            figure, axes, page_mm, left_mm, speed_mm_per_s,
            (simulated_words, None if measured_mv is None else measured_words, None if band_mv is None else band_words),
            qrs_ms is not None,
        )  # fmt: skip
    return figure


def _check(
    time_ms: FloatArray,
    simulated_mv: FloatArray,
    measured_mv: FloatArray | None,
    band_mv: tuple[FloatArray, FloatArray] | None,
    speed_mm_per_s: float,
) -> None:
    if speed_mm_per_s not in SPEEDS_MM_PER_S:
        raise InputError(f"the paper speed must be 25, 50 or 100 mm/s, got {speed_mm_per_s:g}")
    if time_ms.ndim != 1 or len(time_ms) < 2 or not (np.diff(time_ms) > 0.0).all():
        raise InputError("the times of the samples must be at least two and rise")
    if time_ms[-1] - time_ms[0] > 1000.0:
        raise InputError(f"a QRS is at most 1000 ms long here, got {time_ms[-1] - time_ms[0]:g}: cut it out first")
    for name, signal in (
        ("simulated", simulated_mv),
        ("measured", measured_mv),
        ("lower edge", None if band_mv is None else band_mv[0]),
        ("upper edge", None if band_mv is None else band_mv[1]),
    ):
        if signal is not None and (signal.shape != (12, len(time_ms)) or not np.isfinite(signal).all()):
            raise InputError(
                f"the {name} signal must be finite with shape (12, {len(time_ms)}), twelve leads at the given times; "
                f"got shape {signal.shape}"
            )


def _agreement(measured_mv: FloatArray, simulated_mv: FloatArray) -> dict[str, LeadAgreement]:
    return {lead: lead_agreement(measured_mv[k], simulated_mv[k]) for k, lead in enumerate(LEADS)}


def _up_mm(curves: list[FloatArray], row: int) -> float:
    return max(_extent_mm(curves, lead)[0] for lead in _leads_of(row)) + _NAME_MM


def _leads_of(row: int) -> list[int]:
    return [LEADS.index(column[row]) for column in COLUMNS]


def _extent_mm(curves: list[FloatArray], lead: int) -> tuple[float, float]:
    """Return height above and depth below the line [mm]."""
    high = max(float(curve[lead].max(initial=0.0)) for curve in curves) * MM_PER_MV
    low = -min(float(curve[lead].min(initial=0.0)) for curve in curves) * MM_PER_MV
    return min(high, _FARTHEST_MM), min(low, _FARTHEST_MM)


def _rows(curves: list[FloatArray]) -> tuple[float, tuple[float, float, float]]:
    """Return the height of the paper and the lines of the three rows, on lines of the grid."""
    ups = [_up_mm(curves, row) for row in range(3)]
    downs = [max(_extent_mm(curves, lead)[1] for lead in _leads_of(row)) + _CLEAR_MM for row in range(3)]
    third = math.ceil(downs[2])
    second = third + math.ceil(ups[2] + downs[1])
    first = second + math.ceil(ups[1] + downs[0])
    height = 5.0 * math.ceil((first + ups[0]) / 5.0)
    return height, (float(first), float(second), float(third))


def _shade(
    axes: Axes, x_mm: FloatArray, foot_mm: float, grid_mm: float, baselines_mm: tuple[float, float, float], row: int
) -> None:
    """Shade the measured QRS of a column once, over all rows."""
    if row:
        return
    axes.add_patch(
        Rectangle(
            (x_mm[0], foot_mm), x_mm[-1] - x_mm[0], grid_mm, facecolor=GREY, alpha=0.10, edgecolor="none", zorder=2
        )
    )


def _draw_lead(
    axes: Axes,
    x_mm: FloatArray,
    base_mm: float,
    simulated_mv: FloatArray,
    measured_mv: FloatArray | None,
    edges_mv: tuple[FloatArray, FloatArray] | None,
) -> None:
    def y_mm(mv: FloatArray) -> FloatArray:
        return np.asarray(base_mm + np.clip(mv * MM_PER_MV, -_FARTHEST_MM, _FARTHEST_MM))

    if edges_mv is not None:
        axes.fill_between(
            x_mm, y_mm(edges_mv[0]), y_mm(edges_mv[1]), facecolor=SKY, alpha=0.5, edgecolor="none", zorder=3
        )
    if measured_mv is not None:
        axes.plot(x_mm, y_mm(measured_mv), color=INK, linewidth=_MEASURED_PT, solid_joinstyle="round", zorder=4)
    axes.plot(x_mm, y_mm(simulated_mv), color=BLUE, linewidth=_SIMULATED_PT, solid_joinstyle="round", zorder=5)


def _write_lead(axes: Axes, x_mm: float, top_mm: float, lead: str, agreement: LeadAgreement | None) -> None:
    ground = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.5}
    axes.text(x_mm, top_mm - 0.8, lead, fontsize=TEXT_PT, fontweight="bold", va="top", zorder=7, bbox=ground)
    if agreement is None:
        return
    r = "–" if agreement.correlation is None else f"{agreement.correlation:.2f}".replace("-", "−")
    words = f"r {r}\nerror {agreement.rms_error_mv:.2f} mV"
    axes.text(x_mm + 9.0, top_mm - 0.8, words, fontsize=SMALL_PT, va="top", zorder=7, bbox=ground, linespacing=1.15)


def _draw_calibration(axes: Axes, left_mm: float, base_mm: float) -> None:
    """Draw the calibration: 1 mV high, 5 mm wide at any speed."""
    x = left_mm + np.array([0.0, 2.0, 2.0, 7.0, 7.0, 9.0])
    y = base_mm + MM_PER_MV * np.array([0.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    axes.plot(x, y, color=INK, linewidth=_TRACE_PT, solid_joinstyle="miter", zorder=4)


def _draw_head(axes: Axes, page_mm: tuple[float, float], left_mm: float, title: str, lines: list[str]) -> None:
    y_mm = page_mm[1] - 5.5
    text = shortened(title, page_mm[0] - 2.0 * left_mm - 55.0, TITLE_PT, bold=True)
    axes.text(left_mm, y_mm, text, fontsize=TITLE_PT, fontweight="bold", va="center")
    axes.text(page_mm[0] - left_mm, y_mm, RESEARCH_USE, fontsize=SMALL_PT, color=GREY, ha="right", va="center")
    for line, words in enumerate(lines):
        axes.text(left_mm, y_mm - 5.5 - _LINE_MM * line, words, fontsize=TEXT_PT, va="center")


def _whole(agreement: dict[str, LeadAgreement]) -> str:
    """Return the agreement of the eight independent leads in words."""
    independent = {lead: agreement[lead] for lead in INDEPENDENT_LEADS}
    known = {lead: one.correlation for lead, one in independent.items() if one.correlation is not None}
    error = math.sqrt(sum(one.rms_error_mv**2 for one in independent.values()) / len(independent))
    words = f"Over the QRS in I, II, V1 to V6: error (RMS) {error:.2f} mV"
    if known:
        least = min(known, key=lambda lead: known[lead])
        words += f", mean correlation {sum(known.values()) / len(known):.2f}, lowest {known[least]:.2f} in {least}"
    return words.replace("-0", "−0")


def _draw_foot(
    figure: Figure,
    axes: Axes,
    page_mm: tuple[float, float],
    left_mm: float,
    speed_mm_per_s: float,
    words: tuple[str, str | None, str | None],
    shaded: bool,
) -> None:
    simulated, measured, band = words
    handles: list[Line2D | Patch] = [Line2D([], [], color=BLUE, linewidth=_SIMULATED_PT, label=simulated)]
    if measured is not None:
        handles.insert(0, Line2D([], [], color=INK, linewidth=_MEASURED_PT, label=measured))
    if band is not None:
        handles.append(Patch(facecolor=SKY, alpha=0.5, edgecolor="none", label=band))
    if shaded:
        handles.append(Patch(facecolor=GREY, alpha=0.12, edgecolor="none", label="measured QRS"))
    figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(left_mm / page_mm[0], 5.5 / page_mm[1]), ncols=len(handles),
        frameon=False, handlelength=2.2, columnspacing=1.8, borderpad=0.0, fontsize=SMALL_PT + 0.5,
    )  # fmt: skip
    square_ms = 1000.0 / speed_mm_per_s
    note = f"{speed_mm_per_s:g} mm/s, 10 mm/mV; small square 1 mm = {square_ms:g} ms = 0.1 mV"
    axes.text(left_mm, 3.0, note, fontsize=SMALL_PT, color=GREY, va="center")
