"""Quality and quantity of electrical dyssynchrony: the patient in the grid, and the QRS area beside its cut-offs."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from resynchro.pictures.appearance import (
    BLUE,
    GREY,
    INK,
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
from resynchro.selection.dyssynchrony_grid import BANDS, QUALITIES, GridCell
from resynchro.selection.quality_quantity import QualityQuantity
from resynchro.selection.subgroup_effects import SubgroupEffect, subgroup_effects

WIDTH_MM = 180.0
#: Lines of evidence in one cell; what is left out is counted in the last line.
MOST_LINES = 5
_HEAD_MM, _ROW_NAME_MM, _CELL_HEIGHT_MM, _BAND_NAME_MM = 17.0, 17.5, 22.5, 6.0
_AREA_MM, _AREA_WIDTH_MM, _KEY_MM = 44.0, WIDTH_MM - 12.0, 27.0
_CELL_WIDTH_MM = (WIDTH_MM - _ROW_NAME_MM - 1.0) / len(BANDS)
_GRID_BOTTOM_MM = _KEY_MM + _AREA_MM
_GRID_TOP_MM = _GRID_BOTTOM_MM + _CELL_HEIGHT_MM * len(QUALITIES)
HEIGHT_MM = _GRID_TOP_MM + _BAND_NAME_MM + _HEAD_MM

_CELL_PT = SMALL_PT - 0.5
_PATIENT_FILL, _REACHED_FILL = "#CFE6F5", "#F1F7FB"
#: Shape and colour both tell what an effect favours.
_FAVOURS: dict[str | None, tuple[str, str]] = {
    "CRT": ("▲", BLUE),
    "neither": ("■", GREY),
    "no CRT": ("▼", VERMILLION),
    None: ("□", GREY),
}
#: Most specific evidence first: rows on morphology and duration together, then on morphology, then on duration.
_SPECIFIC = ("both together", "morphology", "QRS duration", "neither")
_SHORT_REASON = {"QRS interval": "interval", "QRS ±10 ms": "±10 ms", "LBBB definition": "definition"}
_SHORT_STUDY = {
    "BUDAPEST-CRT Upgrade": "BUDAPEST",
    "Cleland, COMPANION and CARE-HF": "Cleland",
    "Stavrakis 2012": "Stavrakis",
}


def quality_quantity_figure(placed: QualityQuantity) -> Figure:
    """Draw the grid of dyssynchrony quality and quantity with the patient in it.

    Parameters
    ----------
    placed
        From `place_quality_quantity`.

    Returns
    -------
    Figure
        180 mm wide: morphology by QRS duration with the trials' subgroup effects in each cell, the patient's cell, the
        cells that the measurement's uncertainty may reach, and below the QRS area against its published cut-offs.

    Notes
    -----
    A cell names the most specific numbers that were read with an interval; numbers that were not verified are only
    counted. Numbers of one cell overlap in patients and must not be joined.
    """
    with house_style():
        figure = figure_mm(WIDTH_MM, HEIGHT_MM)
        page = page_axes(figure)
        title = "Electrical dyssynchrony: quality × quantity"
        page.text(1.0, HEIGHT_MM - 5.0, title, fontsize=TITLE_PT, fontweight="bold", va="baseline")
        for k, line in enumerate(wrapped(placed.summary, WIDTH_MM - 2.0, TEXT_PT, most_lines=2)):
            page.text(1.0, HEIGHT_MM - 9.8 - 3.8 * k, line, fontsize=TEXT_PT, va="baseline")
        draw_grid(page, placed)
        if placed.area and placed.qrs_area_uvs is not None:
            area = axes_mm(figure, 6.0, _KEY_MM + 10.0, _AREA_WIDTH_MM, _AREA_MM - 24.0)
            draw_area(area, placed)
        else:
            note = placed.area_note or "QRS area was not measured."
            page.text(1.0, _KEY_MM + 0.5 * _AREA_MM, note, fontsize=TEXT_PT, color=GREY, va="center")
        _draw_key(page, placed)
    return figure


def draw_grid(page: Axes, placed: QualityQuantity) -> None:
    """Draw the grid into page axes whose coordinates are millimetres."""
    effects = {effect.effect_id: effect for effect in subgroup_effects()}
    for column, (name, _, _) in enumerate(BANDS):
        page.text(
            _cell_left_mm(column) + 0.5 * _CELL_WIDTH_MM,
            _GRID_TOP_MM + 2.0,
            f"QRS {name}".replace("-", "–"),
            fontsize=TEXT_PT,
            fontweight="bold",
            ha="center",
            va="baseline",
        )
    for row, quality in enumerate(QUALITIES):
        y_mm = _GRID_TOP_MM - (row + 0.5) * _CELL_HEIGHT_MM
        lines = wrapped(quality, _ROW_NAME_MM - 2.0, TEXT_PT * 1.08, most_lines=3)
        page.text(1.0, y_mm, "\n".join(lines), fontsize=TEXT_PT, fontweight="bold", va="center")
    # The patient's frame is drawn last, so that no neighbour covers it.
    for cell in sorted(placed.grid, key=lambda cell: (cell.is_patient, bool(cell.reached_by))):
        _draw_cell(page, cell, [effects[effect_id] for effect_id in cell.effect_ids])


def draw_area(axes: Axes, placed: QualityQuantity) -> None:
    """Draw the QRS area with its interval on an axis beside the published cut-offs."""
    value = placed.qrs_area_uvs
    if value is None:
        return
    low, high = placed.qrs_area_interval_uvs or (value, value)
    cutoffs = sorted((p.cutoff for p in placed.area), key=lambda cutoff: cutoff.at_least_uvs)
    last = max(160.0, 1.12 * high, 1.3 * cutoffs[-1].at_least_uvs)
    axes.set_xlim(0.0, last)
    axes.set_ylim(0.0, 1.0)
    axes.set_yticks([])
    axes.spines[["left", "right", "top"]].set_visible(False)
    axes.set_xlabel("QRS area (Kors) [µVs]", labelpad=1.5)
    axes.tick_params(pad=1.5)
    for k, cutoff in enumerate(cutoffs):
        mark = " [unverified]" if cutoff.status == "unverified" else ""
        left = k == 0 and len(cutoffs) > 1
        # The further left, the higher, so that no name crosses a line.
        top = 0.98 + 0.24 * (len(cutoffs) - 1 - k)
        axes.plot((cutoff.at_least_uvs,) * 2, (0.0, top), color=INK, linewidth=0.9, clip_on=False, zorder=2)
        axes.annotate(
            f"≥ {cutoff.at_least_uvs:g}: {_short_source(cutoff.source)}, n {cutoff.n}{mark}",
            (cutoff.at_least_uvs, top),
            xytext=(-2.5 if left else 2.5, 0.0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="top",
            fontsize=SMALL_PT,
            annotation_clip=False,
        )
    axes.plot((low, high), (0.4, 0.4), color=BLUE, linewidth=4.0, alpha=0.45, solid_capstyle="butt", zorder=3)
    axes.plot(value, 0.4, marker="o", markersize=6.0, color=BLUE, zorder=4)
    spread = "" if placed.qrs_area_interval_uvs is None else f" ({low:.0f} to {high:.0f})"
    label = f"this patient {value:.0f} µVs{spread}"
    half = 0.5 * text_width_mm(label, TEXT_PT, bold=True) * last / _AREA_WIDTH_MM
    axes.text(
        min(max(value, half), last - half),
        0.27,
        label,
        ha="center",
        va="top",
        fontsize=TEXT_PT,
        fontweight="bold",
        color=BLUE,
        zorder=5,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.9, "pad": 0.4},
    )


def effect_in_short(effect: SubgroupEffect) -> str:
    """Return one effect in the few words that a cell holds, for example ``Sipahi ’12 RR 0.64 (0.52–0.77)``."""
    study = _SHORT_STUDY.get(effect.study, effect.study.split(" (")[0]).replace(" 20", " ’")
    measure = effect.measure.replace("adjusted ", "a")
    return f"{study} {measure} {effect.estimate:.2f} ({effect.low:.2f}–{effect.high:.2f})"


def effects_to_show(effects: list[SubgroupEffect]) -> tuple[list[SubgroupEffect], int, int]:
    """Choose the effects that a cell names.

    Returns
    -------
    (list of SubgroupEffect, int, int)
        Chosen ones, the most specific first and one of each study; how many more there are, and how many of those are
        unverified.
    """
    speaking = [e for e in effects if not e.measure.startswith("ratio")]
    complete = [e for e in speaking if e.favours is not None and not e.unverified]
    complete.sort(key=lambda e: _SPECIFIC.index(e.axis))
    chosen: list[SubgroupEffect] = []
    for effect in complete:
        if all((effect.study, effect.axis) != (other.study, other.axis) for other in chosen):
            chosen.append(effect)
    most = MOST_LINES if len(speaking) <= MOST_LINES else MOST_LINES - 1
    chosen = chosen[:most]
    left = [e for e in speaking if e not in chosen]
    return chosen, len(left), sum(e.unverified for e in left)


def _draw_cell(page: Axes, cell: GridCell, effects: list[SubgroupEffect]) -> None:
    column = [name for name, _, _ in BANDS].index(cell.band)
    left_mm = _cell_left_mm(column)
    bottom_mm = _GRID_TOP_MM - (QUALITIES.index(cell.quality) + 1) * _CELL_HEIGHT_MM
    fill = _PATIENT_FILL if cell.is_patient else _REACHED_FILL if cell.reached_by else "white"
    page.add_patch(
        Rectangle(
            (left_mm, bottom_mm),
            _CELL_WIDTH_MM,
            _CELL_HEIGHT_MM,
            facecolor=fill,
            edgecolor=GREY,
            linewidth=0.4,
            zorder=1,
        )
    )
    if cell.is_patient or cell.reached_by:
        inset_mm = 0.5
        page.add_patch(
            Rectangle(
                (left_mm + inset_mm, bottom_mm + inset_mm),
                _CELL_WIDTH_MM - 2 * inset_mm,
                _CELL_HEIGHT_MM - 2 * inset_mm,
                facecolor="none",
                edgecolor=BLUE,
                linewidth=1.8 if cell.is_patient else 1.0,
                linestyle="solid" if cell.is_patient else (0, (3, 2)),
                zorder=3,
            )
        )
    y_mm = bottom_mm + _CELL_HEIGHT_MM - 3.6
    reasons = ", ".join(_SHORT_REASON.get(reason, reason) for reason in cell.reached_by)
    heading = "this patient" if cell.is_patient else f"in reach: {reasons}"
    if cell.is_patient or cell.reached_by:
        heading = shortened(heading, _CELL_WIDTH_MM - 2.8, _CELL_PT, bold=True)
        page.text(
            left_mm + 1.6, y_mm, heading, fontsize=_CELL_PT, fontweight="bold", color=BLUE, va="baseline", zorder=4
        )
        y_mm -= 3.5
    chosen, left, unverified = effects_to_show(effects)
    for effect in chosen:
        mark, colour = _FAVOURS[effect.favours]
        text = shortened(effect_in_short(effect), _CELL_WIDTH_MM - 4.4, _CELL_PT)
        page.text(left_mm + 1.4, y_mm, mark, fontsize=_CELL_PT, color=colour, va="baseline", zorder=4)
        page.text(left_mm + 3.5, y_mm, text, fontsize=_CELL_PT, va="baseline", zorder=4)
        y_mm -= 3.3
    rest = "no trial subgroup" if not effects else ""
    if left:
        doubt = f" ({unverified} unverified)" if unverified else ""
        rest = f"+ {left} more{doubt}" if chosen else f"{left} in the table{doubt}"
    page.text(left_mm + 1.6, y_mm, rest, fontsize=_CELL_PT, color=GREY, va="baseline", zorder=4)


def _draw_key(page: Axes, placed: QualityQuantity) -> None:
    """Explain marks and measures, and say what must not be done with the numbers."""
    x_mm, y_mm = 1.0, _KEY_MM - 3.0
    for favours, words in (
        ("CRT", "favours CRT"),
        ("neither", "interval contains 1"),
        ("no CRT", "favours no CRT"),
    ):
        mark, colour = _FAVOURS[favours]
        page.text(x_mm, y_mm, mark, fontsize=SMALL_PT, color=colour, va="baseline")
        page.text(x_mm + 2.6, y_mm, words, fontsize=SMALL_PT, va="baseline")
        x_mm += 6.0 + text_width_mm(words, SMALL_PT)
    measures = "CRT against no CRT with 95 % interval: HR hazard, RR risk, OR odds ratio, a adjusted"
    page.text(x_mm, y_mm, measures, fontsize=SMALL_PT, color=GREY, va="baseline")
    y_mm -= 3.3
    reach = (
        "Dashed: in reach of the measurement (interval: 95 % interval of the QRS; ±10 ms) or of another definition "
        "of LBBB"
    )
    page.text(1.0, y_mm, reach, fontsize=SMALL_PT, color=GREY, va="baseline")
    for note in placed.notes:
        for line in wrapped(note, WIDTH_MM - 2.0, SMALL_PT, most_lines=2):
            y_mm -= 3.3
            page.text(1.0, y_mm, line, fontsize=SMALL_PT, color=GREY, va="baseline")
    page.text(WIDTH_MM - 1.0, 1.5, RESEARCH_USE, fontsize=SMALL_PT, color=GREY, ha="right", va="baseline")


def _cell_left_mm(column: int) -> float:
    return _ROW_NAME_MM + column * _CELL_WIDTH_MM


def _short_source(source: str) -> str:
    """Return author and year where the source has them, else its last word (a PubMed Central number)."""
    words = source.replace(",", " ").split()
    year = next((word for word in words if word.isdigit() and len(word) == 4), None)
    before = source.split(" et al.")[0]
    return f"{before} {year}" if year and " et al." in source else words[-1]


__all__ = ["draw_area", "draw_grid", "effect_in_short", "effects_to_show", "quality_quantity_figure"]
