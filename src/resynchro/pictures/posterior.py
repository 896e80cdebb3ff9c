"""What the fit learned: each parameter before and after the ECG, and which of them trade off."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import gaussian_kde

from resynchro.errors import InputError
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
    WARNING_RED,
    axes_mm,
    figure_mm,
    house_style,
    page_axes,
    plain_line,
    shortened,
    text_width_mm,
    wrapped,
)
from resynchro.record.ecg import FloatArray

_WIDTH_MM = 190.0
_COLUMNS, _PANEL_MM, _STEP_MM = 3, (52.0, 20.0), (61.0, 38.0)
_HEAD_MM, _FOOT_MM = 17.0, 13.0
#: Correlations from here on are written heavy: the two parameters are known only together.
STRONG_CORRELATION = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnPosterior:
    """One parameter, ready to be drawn.

    Attributes
    ----------
    name, unit
        As written, for example ``velocity along fibres`` and ``m/s``.
    samples
        Members of the ensemble, shape (k,), in this unit.
    weights
        Of the members, shape (k,); equal when None.
    prior
        Samples of the prior, shape (p,), in this unit; None where there is none to draw.
    identifiable
        False when the ECG does not tell it: marked in words.
    truth
        Known value of a virtual patient.
    """

    name: str
    unit: str
    samples: FloatArray
    weights: FloatArray | None = None
    prior: FloatArray | None = None
    identifiable: bool = True
    truth: float | None = None


def posterior_figure(
    parameters: Sequence[DrawnPosterior], *, title: str = "What the ECG tells", caption: str = ""
) -> Figure:
    """Draw prior and posterior of every parameter.

    Parameters
    ----------
    parameters
        Three to a row.
    title, caption
        What is shown; the caption may take two lines.

    Returns
    -------
    Figure
        190 mm wide. Densities are smoothed (Gaussian kernels, Scott's rule) and scaled to the same height; the line
        below is the interval that holds 90 % of the posterior, the mark on it the median.

    Raises
    ------
    InputError
        Without parameters or samples, or with samples that are not finite.
    """
    _check(parameters)
    rows = math.ceil(len(parameters) / _COLUMNS)
    height_mm = _HEAD_MM + rows * _STEP_MM[1] + _FOOT_MM
    with house_style():
        figure = figure_mm(_WIDTH_MM, height_mm)
        page = page_axes(figure)
        _draw_head(page, height_mm, title, caption)
        for index, parameter in enumerate(parameters):
            left_mm = 6.0 + (index % _COLUMNS) * _STEP_MM[0]
            bottom_mm = _FOOT_MM + (rows - 1 - index // _COLUMNS) * _STEP_MM[1] + 5.0
            axes = axes_mm(figure, left_mm, bottom_mm, *_PANEL_MM)
            _draw_parameter(page, axes, parameter, left_mm, bottom_mm)
        words = "grey: before the ECG (prior); blue: after it (posterior); line: 90 % interval; dot: median"
        if any(parameter.truth is not None for parameter in parameters):
            words += "; triangle: true value"
        page.text(6.0, 4.0, words, fontsize=SMALL_PT, color=GREY, va="center")
    return figure


def parameter_correlation_figure(
    parameters: Sequence[DrawnPosterior], *, title: str = "Parameters that trade off", caption: str = ""
) -> Figure:
    """Draw the correlations of the parameters over the ensemble.

    Parameters
    ----------
    parameters
        With the same members in the same order; weights of the first count.
    title, caption
        What is shown; the caption may take two lines.

    Returns
    -------
    Figure
        As wide as it needs. Correlations of at least 0.8 are written heavy; a parameter that does not vary has none.

    Raises
    ------
    InputError
        With fewer than two parameters, or ensembles of different sizes.
    """
    _check(parameters)
    if len(parameters) < 2 or len({len(parameter.samples) for parameter in parameters}) != 1:
        raise InputError("correlations need at least two parameters with the same members of one ensemble")
    found = correlations(parameters)
    names = [shortened(parameter.name, 45.0, SMALL_PT + 0.5) for parameter in parameters]
    longest_mm = max(text_width_mm(name, SMALL_PT + 0.5) for name in names) + 2.0
    cell_mm = 9.5
    side_mm = cell_mm * len(names)
    width_mm = max(120.0, 8.0 + longest_mm + side_mm + 28.0)
    height_mm = 20.0 + side_mm + longest_mm * 0.75 + 8.0
    with house_style():
        figure = figure_mm(width_mm, height_mm)
        page = page_axes(figure)
        text = shortened(title, width_mm - 62.0, TITLE_PT, bold=True)
        page.text(6.0, height_mm - 5.5, text, fontsize=TITLE_PT, fontweight="bold", va="center")
        page.text(width_mm - 4.0, height_mm - 5.5, RESEARCH_USE, fontsize=SMALL_PT, color=GREY, ha="right", va="center")
        for line, words in enumerate(wrapped(caption, width_mm - 12.0, TEXT_PT, most_lines=2)):
            page.text(6.0, height_mm - 10.5 - 4.0 * line, words, fontsize=TEXT_PT, va="center")
        left_mm, bottom_mm = 6.0 + longest_mm, height_mm - 19.0 - side_mm
        axes = axes_mm(figure, left_mm, bottom_mm, side_mm, side_mm)
        _draw_matrix(axes, found, names)
        bar = axes_mm(figure, left_mm + side_mm + 6.0, bottom_mm + 0.5 * side_mm - 20.0, 3.0, 40.0)
        _draw_correlation_bar(bar)
    return figure


def correlations(parameters: Sequence[DrawnPosterior]) -> FloatArray:
    """Return weighted correlations over the ensemble, shape (k, k); NaN for parameters that do not vary."""
    samples = np.stack([parameter.samples for parameter in parameters])
    weights = _weights(parameters[0])
    centred = samples - (samples @ weights)[:, None]
    covariance = (centred * weights) @ centred.T
    spread = np.sqrt(np.diag(covariance))
    varies = spread > 1e-12 * np.maximum(1.0, np.abs(samples).max(axis=1))
    scale = np.where(varies, spread, np.nan)
    return np.asarray(np.clip(covariance / np.outer(scale, scale), -1.0, 1.0))


def interval(samples: FloatArray, weights: FloatArray | None = None, *, share: float = 0.9) -> tuple[float, ...]:
    """Return lower end, median and upper end of the middle part that holds a share of the weight."""
    order = np.argsort(samples, kind="stable")
    weight = np.full(len(samples), 1.0 / len(samples)) if weights is None else weights / weights.sum()
    # Every member stands for the middle of its share of the weight.
    place = np.cumsum(weight[order]) - 0.5 * weight[order]
    ends = (0.5 - 0.5 * share, 0.5, 0.5 + 0.5 * share)
    return tuple(float(value) for value in np.interp(ends, place, samples[order]))


def _check(parameters: Sequence[DrawnPosterior]) -> None:
    if not parameters:
        raise InputError("there are no parameters to draw; give at least one")
    for parameter in parameters:
        for what, values in (
            ("samples", parameter.samples),
            ("prior", parameter.prior),
            ("weights", parameter.weights),
        ):
            if values is not None and (np.ndim(values) != 1 or not len(values) or not np.isfinite(values).all()):
                raise InputError(f"{parameter.name}: the {what} must be a row of finite numbers")
        weights = parameter.weights
        if weights is not None and (
            len(weights) != len(parameter.samples) or (weights < 0.0).any() or weights.sum() <= 0
        ):
            raise InputError(f"{parameter.name}: there must be one weight per sample, none negative, not all zero")


def _weights(parameter: DrawnPosterior) -> FloatArray:
    if parameter.weights is None:
        return np.full(len(parameter.samples), 1.0 / len(parameter.samples))
    return np.asarray(parameter.weights / parameter.weights.sum())


def _draw_head(page: Axes, height_mm: float, title: str, caption: str) -> None:
    text = shortened(title, 125.0, TITLE_PT, bold=True)
    page.text(6.0, height_mm - 5.5, text, fontsize=TITLE_PT, fontweight="bold", va="center")
    page.text(_WIDTH_MM - 5.0, height_mm - 5.5, RESEARCH_USE, fontsize=SMALL_PT, color=GREY, ha="right", va="center")
    for line, words in enumerate(wrapped(caption, _WIDTH_MM - 12.0, TEXT_PT, most_lines=2)):
        page.text(6.0, height_mm - 10.5 - 4.0 * line, words, fontsize=TEXT_PT, va="center")


def _draw_parameter(page: Axes, axes: Axes, parameter: DrawnPosterior, left_mm: float, bottom_mm: float) -> None:
    low, middle, high = interval(parameter.samples, parameter.weights)
    spread = [parameter.samples, *([] if parameter.prior is None else [parameter.prior])]
    edges = [interval(values, None, share=0.99) for values in spread]
    left, right = min(edge[0] for edge in edges), max(edge[2] for edge in edges)
    if parameter.truth is not None:
        left, right = min(left, parameter.truth), max(right, parameter.truth)
    room = 0.08 * (right - left) or max(abs(middle), 1.0) * 0.05
    at = np.linspace(left - room, right + room, 240)
    if parameter.prior is not None:
        axes.fill_between(at, _density(parameter.prior, None, at), color=LIGHT_GREY, alpha=0.7, linewidth=0.0, zorder=1)
    density = _density(parameter.samples, parameter.weights, at)
    axes.fill_between(at, density, color=BLUE, alpha=0.35, linewidth=0.0, zorder=2)
    axes.plot(at, density, color=BLUE, linewidth=1.0, zorder=3)
    axes.plot((low, high), (-0.12, -0.12), color=BLUE, linewidth=2.2, solid_capstyle="butt", zorder=4)
    axes.plot(middle, -0.12, marker="o", markersize=4.0, color=INK, linestyle="none", zorder=5)
    if parameter.truth is not None:
        axes.plot(parameter.truth, -0.12, marker="^", markersize=5.5, color=VERMILLION, linestyle="none", zorder=6,
                  markeredgecolor="white", markeredgewidth=0.5)  # fmt: skip
    axes.set_xlim(at[0], at[-1])
    axes.set_ylim(-0.26, 1.08 if parameter.identifiable else 1.38)
    axes.set_yticks([])
    axes.spines[["left", "right", "top"]].set_visible(False)
    axes.locator_params(axis="x", nbins=5)
    axes.tick_params(pad=1.5)
    unit = f" {plain_line(parameter.unit)}" if parameter.unit else ""
    size_pt = TEXT_PT if text_width_mm(plain_line(parameter.name), TEXT_PT, bold=True) <= _PANEL_MM[0] else SMALL_PT
    name = shortened(parameter.name, _PANEL_MM[0] + 4.0, size_pt, bold=True)
    page.text(left_mm, bottom_mm + _PANEL_MM[1] + 6.0, name, fontsize=size_pt, fontweight="bold", va="center")
    digits = _digits(high - low)
    words = f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f}){unit}".replace("-", "−")
    if high == low:
        words = f"{middle:g}{unit}, does not vary".replace("-", "−")
    page.text(left_mm, bottom_mm + _PANEL_MM[1] + 2.2, words, fontsize=SMALL_PT + 0.5, va="center")
    if not parameter.identifiable:
        axes.text(
            1.0, 1.0, "not identifiable", transform=axes.transAxes, fontsize=SMALL_PT + 0.5, fontweight="bold",
            color=WARNING_RED, ha="right", va="top", zorder=7,
        )  # fmt: skip


def _density(samples: FloatArray, weights: FloatArray | None, at: FloatArray) -> FloatArray:
    """Return a smooth density with the height 1; a spike for samples that do not vary."""
    if np.ptp(samples) <= 1e-9 * max(1.0, float(np.abs(samples).max())) or len(samples) < 3:
        width = (at[-1] - at[0]) / 120.0
        return np.asarray(np.exp(-0.5 * ((at[:, None] - samples) / width) ** 2).max(axis=1))
    density = gaussian_kde(samples, weights=weights)(at)
    return np.asarray(density / max(float(density.max()), 1e-300))


def _digits(width: float) -> int:
    """Return how many digits show an interval of this width with two places of meaning."""
    return 0 if width <= 0.0 else int(np.clip(1 - math.floor(math.log10(width)), 0, 4))


def _draw_matrix(axes: Axes, found: FloatArray, names: list[str]) -> None:
    count = len(names)
    lower = np.tril(np.ones((count, count), dtype=bool), -1)
    axes.imshow(np.where(lower, found, np.nan), cmap="RdBu_r", vmin=-1.0, vmax=1.0, interpolation="nearest")
    for row in range(count):
        for column in range(row):
            value = found[row, column]
            dark = np.isfinite(value) and abs(value) > 0.65
            heavy = np.isfinite(value) and abs(value) >= STRONG_CORRELATION
            text = "–" if not np.isfinite(value) else f"{round(value, 2) + 0.0:.2f}".replace("-", "−")
            axes.text(
                column, row, text, ha="center", va="center", fontsize=SMALL_PT, color="white" if dark else INK,
                fontweight="bold" if heavy else "normal",
            )  # fmt: skip
    axes.set_xlim(-0.5, count - 1.5)
    axes.set_ylim(count - 0.5, 0.5)
    axes.set_xticks(range(count - 1), names[:-1], rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(1, count), names[1:])
    axes.tick_params(length=0.0, pad=2.0)
    axes.spines[:].set_visible(False)


def _draw_correlation_bar(axes: Axes) -> None:
    axes.imshow(
        np.linspace(1.0, -1.0, 128)[:, None], cmap="RdBu_r", vmin=-1.0, vmax=1.0, aspect="auto", extent=(0, 1, -1, 1)
    )
    axes.set_xticks([])
    axes.set_yticks([-1.0, 0.0, 1.0], ["−1", "0", "1"])
    axes.yaxis.tick_right()
    axes.set_title("correlation", fontsize=SMALL_PT, pad=6.0)
