"""A follow-up QRS laid over the reference QRS in twelve leads, with the verdict."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from resynchro.ecg.comparison import Change, EcgComparison
from resynchro.ecg.similarity import Similarity
from resynchro.ecg.template import EcgTemplate
from resynchro.errors import InputError
from resynchro.pictures.appearance import (
    BLUE,
    GREY,
    INK,
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
    wrapped,
)
from resynchro.pictures.beat_panel import time_from_onset_ms
from resynchro.record.ecg import LEADS, FloatArray

WIDTH_MM, HEIGHT_MM = 190.0, 234.0
#: The panels show the longer QRS and this much before and after it [ms].
MARGIN_MS = (50.0, 90.0)
_PANEL_WIDTH_MM, _PANEL_HEIGHT_MM = 52.0, 36.0
_PANEL_STEP_X_MM, _PANEL_STEP_Y_MM = 60.5, 43.0
_LEFT_MM, _PANELS_BOTTOM_MM = 15.0, 21.0
#: Verdicts that leave resynchronisation as it was.
_CALM = ("unchanged",)
#: The shift that fits best says nothing when even then the beats are as unlike as this.
LEAST_CORRELATION_TO_ALIGN = 0.5
_UNIT = {"degree": "°"}


def comparison_figure(comparison: EcgComparison, reference: EcgTemplate, follow_up: EcgTemplate) -> Figure:
    """Draw a follow-up QRS over a reference QRS.

    Parameters
    ----------
    comparison
        From `compare_ecg`.
    reference, follow_up
        The two beats; the reference must be one that was compared.

    Returns
    -------
    Figure
        190 mm wide: verdict with its reasons, the changes beside what measurement alone explains, and twelve panels
        with both beats aligned as they were compared, at one voltage scale for both. Beats too unlike for that
        (correlation below 0.5) are aligned by their QRS onsets.

    Raises
    ------
    InputError
        When the comparison does not hold the reference.
    """
    likeness = next((s for s in comparison.similarities if s.label == reference.label), None)
    if likeness is None:
        known = ", ".join(s.label for s in comparison.similarities)
        raise InputError(f"the reference {reference.label!r} was not compared; compared were {known}")
    with house_style():
        figure = figure_mm(WIDTH_MM, HEIGHT_MM)
        page = page_axes(figure)
        _draw_verdict(page, comparison, follow_up, reference, likeness)
        for k, lead in enumerate(LEADS):
            left_mm = _LEFT_MM + (k % 3) * _PANEL_STEP_X_MM
            bottom_mm = _PANELS_BOTTOM_MM + (3 - k // 3) * _PANEL_STEP_Y_MM
            axes = axes_mm(figure, left_mm, bottom_mm, _PANEL_WIDTH_MM, _PANEL_HEIGHT_MM)
            draw_lead_overlay(axes, follow_up, reference, lead, likeness)
            if k // 3 == 3:
                axes.set_xlabel("ms from QRS onset of the reference", labelpad=1.5)
            else:
                axes.tick_params(labelbottom=False)
            if k % 3 == 0:
                axes.set_ylabel("mV")
                axes.yaxis.set_label_coords(-0.17, 0.5)
        _draw_key(figure, page, follow_up, reference, alignment_ms(likeness))
    return figure


def draw_lead_overlay(
    axes: Axes, follow_up: EcgTemplate, reference: EcgTemplate, lead: str, likeness: Similarity
) -> None:
    """Draw one lead of both beats.

    Parameters
    ----------
    axes
        Where; the horizontal axis becomes milliseconds from the reference's QRS onset.
    follow_up, reference
        The two beats.
    lead
        Name of the lead.
    likeness
        Of the two beats: its shift aligns them, its correlation stands above the panel.
    """
    row = LEADS.index(lead)
    last_ms = max(follow_up.qrs_ms, reference.qrs_ms) + MARGIN_MS[1]
    shown: list[FloatArray] = []
    for template, colour, style, shift_ms in (
        (reference, BLUE, "solid", 0.0),
        (follow_up, VERMILLION, (0, (5, 1.5)), alignment_ms(likeness)),
    ):
        time_ms = time_from_onset_ms(template.beat, template.limits) - shift_ms
        lead_mv = template.zeroed_mv[row]
        inside = (time_ms >= -MARGIN_MS[0]) & (time_ms <= last_ms)
        axes.axvspan(-shift_ms, template.qrs_ms - shift_ms, ymin=0.0, ymax=0.035, facecolor=colour, alpha=0.5, zorder=1)
        axes.plot(time_ms[inside], lead_mv[inside], color=colour, linestyle=style, linewidth=1.1, zorder=3)
        shown.append(lead_mv[inside])
    low = min(float(mv.min(initial=0.0)) for mv in shown)
    high = max(float(mv.max(initial=0.0)) for mv in shown)
    room = max(0.12 * (high - low), 0.1)
    axes.axhline(0.0, color=GREY, linewidth=0.4, zorder=1)
    axes.set_ylim(low - 1.5 * room, high + room)
    axes.set_xlim(-MARGIN_MS[0], last_ms)
    axes.set_title(lead, loc="left", fontweight="bold", pad=2.0)
    r = likeness.lead_correlation.get(lead)
    if r is not None:
        axes.set_title(f"r {r:.2f}".replace("-", "−"), loc="right", fontsize=SMALL_PT, color=GREY, pad=2.0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(pad=1.5)
    axes.locator_params(axis="y", nbins=5)


def alignment_ms(likeness: Similarity) -> float:
    """Return by how much the follow-up is drawn earlier than by its QRS onset [ms]."""
    return likeness.shift_ms if likeness.correlation >= LEAST_CORRELATION_TO_ALIGN else 0.0


def change_in_words(change: Change) -> str:
    """Return one change beside what measurement alone explains."""
    unit = _UNIT.get(change.unit, change.unit)
    if change.change is None:
        return f"{change.name}: not known"
    verdict = "beyond" if change.is_beyond_noise else "within"
    sign = "+" if change.reference is not None and change.change >= 0.0 else ""
    return (
        f"{change.name} {sign}{number(change.change, unit)} ({verdict} the {number(change.noise, unit)} of measurement)"
    )


def _draw_verdict(
    page: Axes, comparison: EcgComparison, follow_up: EcgTemplate, reference: EcgTemplate, likeness: Similarity
) -> None:
    colour = INK if comparison.verdict in _CALM else WARNING_RED
    y_mm = HEIGHT_MM - 8.0
    heading = f"Verdict: {comparison.verdict}"
    page.text(6.0, y_mm, heading, fontsize=TITLE_PT + 2.0, fontweight="bold", color=colour, va="baseline")
    for reason in comparison.reasons[:2]:
        for line in wrapped(reason, WIDTH_MM - 12.0, TEXT_PT, most_lines=2):
            y_mm -= 4.2
            page.text(6.0, y_mm, line, fontsize=TEXT_PT, va="baseline")
    numbers = [change_in_words(change) for change in comparison.changes if change.name != "area vector angle"]
    alike = (
        f"correlation with the reference {likeness.correlation:.2f} (limb {likeness.limb_correlation:.2f}, chest "
        f"{likeness.precordial_correlation:.2f})"
    ).replace("-0", "−0")
    y_mm -= 1.2
    since = f"changes from the {comparison.baseline} recording: "
    for line in wrapped(f"{alike}  ·  {since}{'  ·  '.join(numbers)}", WIDTH_MM - 12.0, SMALL_PT, most_lines=3):
        y_mm -= 3.5
        page.text(6.0, y_mm, line, fontsize=SMALL_PT, color=GREY, va="baseline")
    if not (follow_up.voltages_trusted and reference.voltages_trusted):
        note = "VOLTAGES NOT TRUSTED in one of the recordings: shapes must not be compared"
        page.text(6.0, y_mm - 4.5, note, fontsize=TEXT_PT, fontweight="bold", color=WARNING_RED, va="baseline")


def _draw_key(figure: Figure, page: Axes, follow_up: EcgTemplate, reference: EcgTemplate, shift_ms: float) -> None:
    def words(role: str, template: EcgTemplate) -> str:
        name = shortened(Path(template.name).name, 38.0, SMALL_PT)
        return f"{role}: {name}, QRS {template.qrs_ms:.0f} ms"

    figure.legend(
        handles=[
            Line2D([], [], color=BLUE, linewidth=1.1, label=words(f"reference ({reference.label})", reference)),
            Line2D(
                [], [], color=VERMILLION, linewidth=1.1, linestyle=(0, (5, 1.5)), label=words("follow-up", follow_up)
            ),
        ],
        loc="lower left",
        bbox_to_anchor=(5.0 / WIDTH_MM, 5.0 / HEIGHT_MM),
        ncols=2,
        frameon=False,
        handlelength=2.6,
        columnspacing=2.0,
        borderpad=0.0,
        fontsize=SMALL_PT,
    )
    moved = f"follow-up moved by {number(-shift_ms, 'ms')} for the best fit"
    aligned = moved if shift_ms else "aligned by QRS onset"
    note = f"Bars at the foot: QRS limits; {aligned}. Voltage scales differ between leads."
    page.text(6.0, 2.4, note, fontsize=SMALL_PT, color=GREY, va="baseline")
    page.text(WIDTH_MM - 4.0, 2.4, RESEARCH_USE, fontsize=SMALL_PT, color=GREY, ha="right", va="baseline")
