"""How all pictures look: colours, letters, millimetres, and the names of things in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from resynchro.ecg.conduction_verdict import Morphology

#: Colours that people with any common colour blindness tell apart.
#: Okabe M, Ito K. Color Universal Design, 2008, https://jfly.uni-koeln.de/color/.
BLUE, VERMILLION, GREEN, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9"
INK, GREY, LIGHT_GREY = "#1A1A1A", "#595959", "#B8B8B8"
#: The red of warnings: dark enough to be read in print on white.
WARNING_RED = "#B00020"

#: Type sizes [pt]; every picture is drawn at its true size, so nothing prints smaller than the least of them.
TITLE_PT, TEXT_PT, SMALL_PT = 10.0, 8.0, 6.5

POINTS_PER_MM = 72.0 / 25.4
RESEARCH_USE = "Resynchro · for research, not a medical device"

#: Shipped with matplotlib, so that letters are the same on every machine.
_FONT = "DejaVu Sans"
#: Letters on the pixel grid of a PNG run a little wider than their outlines.
_HINTING = 1.03
_RULES: dict[str, object] = {
    "font.family": _FONT,
    "font.size": TEXT_PT,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.unicode_minus": True,
    "axes.titlesize": TEXT_PT,
    "axes.labelsize": TEXT_PT,
    "xtick.labelsize": SMALL_PT + 0.5,
    "ytick.labelsize": SMALL_PT + 0.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.fontsize": SMALL_PT + 0.5,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    # Letters as outlines look the same in every browser; a fixed salt gives the same element names each time.
    "svg.fonttype": "path",
    "svg.hashsalt": "resynchro",
}

MORPHOLOGY_WORDS: dict[Morphology, str] = {
    "normal": "normal conduction",
    "lbbb": "LBBB",
    "incomplete_lbbb": "incomplete LBBB",
    "rbbb": "RBBB",
    "incomplete_rbbb": "incomplete RBBB",
    "ivcd": "nonspecific delay (IVCD)",
    "paced": "paced",
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw and render with the look of the house, whatever matplotlib settings the user has."""
    with matplotlib.style.context(["default", _RULES]):
        yield


def figure_mm(width_mm: float, height_mm: float) -> Figure:
    """Return an empty figure of a true size [mm], outside of pyplot."""
    return Figure(figsize=(width_mm / 25.4, height_mm / 25.4))


def axes_mm(figure: Figure, left_mm: float, bottom_mm: float, width_mm: float, height_mm: float) -> Axes:
    """Add axes at a place of the figure given in millimetres from its lower left corner."""
    page_width_mm, page_height_mm = size_mm(figure)
    return figure.add_axes(
        (
            left_mm / page_width_mm,
            bottom_mm / page_height_mm,
            width_mm / page_width_mm,
            height_mm / page_height_mm,
        )
    )


def page_axes(figure: Figure) -> Axes:
    """Add invisible axes over the whole figure whose coordinates are millimetres from the lower left corner."""
    width_mm, height_mm = size_mm(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0.0, width_mm)
    axes.set_ylim(0.0, height_mm)
    axes.set_axis_off()
    return axes


def size_mm(figure: Figure) -> tuple[float, float]:
    """Return width and height of a figure [mm]."""
    width_in, height_in = figure.get_size_inches()
    return float(width_in) * 25.4, float(height_in) * 25.4


@lru_cache(maxsize=4096)
def text_width_mm(text: str, size_pt: float, *, bold: bool = False) -> float:
    """Return the width of one line of text [mm]."""
    if not text.strip():
        return 0.0
    font = FontProperties(family=_FONT, weight="bold" if bold else "normal", size=size_pt)
    # From the advances of the letters: their outlines would say the same within a letter and take fifty times as long.
    width_pt, _, _ = text_to_path.get_text_width_height_descent(text, font, False)
    return float(width_pt) * _HINTING / POINTS_PER_MM


def shortened(text: str, width_mm: float, size_pt: float, *, bold: bool = False) -> str:
    """Return the text, cut with an ellipsis where it is wider than the space."""
    text = plain_line(text)
    if text_width_mm(text, size_pt, bold=bold) <= width_mm:
        return text
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if text_width_mm(text[:middle].rstrip() + "…", size_pt, bold=bold) <= width_mm:
            fits = middle
        else:
            too_long = middle
    return text[:fits].rstrip() + "…"


def wrapped(text: str, width_mm: float, size_pt: float, *, most_lines: int) -> list[str]:
    """Break a text into lines that fit the space; what does not fit the last line is cut with an ellipsis."""
    lines: list[str] = []
    words = plain_line(text).split()
    while words:
        count = 1
        while count < len(words) and text_width_mm(" ".join(words[: count + 1]), size_pt) <= width_mm:
            count += 1
        if len(lines) == most_lines - 1:
            count = len(words)
        lines.append(shortened(" ".join(words[:count]), width_mm, size_pt))
        words = words[count:]
    return lines


def plain_line(text: str) -> str:
    """Return text from outside as one harmless line: no control characters, no mathematics for matplotlib."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split()).replace("$", r"\$")


def number(value: float | None, unit: str, *, digits: int = 0) -> str:
    """Return a measured number with its unit, or a dash where there is none."""
    if value is None:
        return "–"
    text = f"{value:.{digits}f}".replace("-", "−")
    text = text.removeprefix("−") if float(f"{value:.{digits}f}") == 0.0 else text
    return text + ("°" if unit == "°" else f" {unit}")
