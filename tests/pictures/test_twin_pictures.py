"""Simulated over measured QRS, posteriors, correlations of parameters."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.figure import Figure

from resynchro.errors import InputError
from resynchro.pictures.appearance import size_mm
from resynchro.pictures.figure_files import png_bytes
from resynchro.pictures.posterior import (
    DrawnPosterior,
    correlations,
    interval,
    parameter_correlation_figure,
    posterior_figure,
)
from resynchro.pictures.twin_qrs import lead_agreement, twin_qrs_figure
from resynchro.record.ecg import LEADS

TIME_MS = np.arange(-20.0, 201.0)
WAVE = np.exp(-(((TIME_MS - 60.0) / 25.0) ** 2))
SIMULATED = np.outer(np.linspace(-1.0, 1.5, 12), WAVE)
Texts = Callable[[Figure], str]


def test_agreement_of_one_lead() -> None:
    one = np.array([0.0, 1.0, 0.0, -1.0])
    assert lead_agreement(one, 2.0 * one).correlation == pytest.approx(1.0)  # size does not matter
    assert lead_agreement(one, 2.0 * one).rms_error_mv == pytest.approx(np.sqrt(0.5))  # two of four differ by 1
    assert lead_agreement(one, -one).correlation == pytest.approx(-1.0)
    assert lead_agreement(0.01 * one, 0.02 * one).correlation is None  # no QRS in either


def test_every_lead_has_its_numbers(texts: Texts) -> None:
    measured = SIMULATED * 1.1
    band = (SIMULATED - 0.1, SIMULATED + 0.1)
    text = texts(twin_qrs_figure(TIME_MS, SIMULATED, measured, qrs_ms=(0.0, 120.0), band_mv=band, caption="caught"))
    lines = text.split("\n")
    assert all(lead in lines for lead in LEADS)
    assert text.count("r 1.00") >= 10 and "100 mm/s, 10 mm/mV; small square 1 mm = 10 ms = 0.1 mV" in lines
    # V6: the error is a tenth of a wave of 1.5 mV; its RMS over 0 to 120 ms by the sum over the samples.
    inside = (TIME_MS >= 0.0) & (TIME_MS <= 120.0)
    assert f"error {0.1 * np.sqrt(np.mean(SIMULATED[11, inside] ** 2)):.2f} mV" in text
    assert "measured QRS" in lines and "90 % of the ensemble" in lines and "caught" in lines


def test_waves_are_true_in_millimetres() -> None:
    figure = twin_qrs_figure(TIME_MS, SIMULATED, speed_mm_per_s=50.0)
    curves = [line for line in figure.axes[0].lines if len(np.asarray(line.get_xdata())) == len(TIME_MS)]
    assert len(curves) == 12
    v6 = curves[11]
    assert np.ptp(np.asarray(v6.get_ydata())) == pytest.approx(15.0, abs=0.01)  # 1.5 mV
    assert np.ptp(np.asarray(v6.get_xdata())) == pytest.approx(11.0)  # 220 ms at 50 mm/s
    width_mm, _ = size_mm(figure)
    assert figure.axes[0].get_xlim() == pytest.approx((0.0, width_mm))


def test_rows_do_not_overprint() -> None:
    tall = np.tile(np.where(np.abs(TIME_MS - 60.0) < 20.0, 3.0, -2.0), (12, 1))
    figure = twin_qrs_figure(TIME_MS, tall)
    heights = [np.asarray(line.get_ydata()) for line in figure.axes[0].lines if len(line.get_xdata()) == len(TIME_MS)]  # type: ignore[arg-type]
    for above, below in pairwise(heights[:3]):  # I over II over III
        assert above.min() > below.max()


def test_what_cannot_be_drawn_is_said() -> None:
    with pytest.raises(InputError, match="25, 50 or 100"):
        twin_qrs_figure(TIME_MS, SIMULATED, speed_mm_per_s=30.0)
    with pytest.raises(InputError, match="twelve leads"):
        twin_qrs_figure(TIME_MS, SIMULATED[:8])
    with pytest.raises(InputError, match="same zero"):
        twin_qrs_figure(TIME_MS, SIMULATED, qrs_ms=(900.0, 1000.0))
    with pytest.raises(InputError, match="finite"):
        twin_qrs_figure(TIME_MS, np.full_like(SIMULATED, np.nan))


def test_interval_holds_its_share() -> None:
    # 100 members 0.5, 1.5 ... 99.5: their middles split the weight evenly, so 90 % lie between 5 and 95.
    assert interval(np.arange(100) + 0.5) == pytest.approx((5.0, 50.0, 95.0))
    # Nearly all weight on one member
    assert interval(np.array([1.0, 2.0, 3.0]), np.array([1e-9, 1.0, 1e-9]))[1] == pytest.approx(2.0)
    assert interval(np.array([4.0]))[0] == 4.0


def _posteriors(count: int = 50) -> list[DrawnPosterior]:
    rng = np.random.default_rng(5)
    delay = rng.normal(60.0, 3.0, count)
    return [
        DrawnPosterior(name="LV–RV delay", unit="ms", samples=delay, prior=rng.normal(50.0, 30.0, 500), truth=61.0),
        DrawnPosterior(name="velocity across fibres", unit="m/s", samples=0.3 - 0.002 * (delay - 60.0)),
        DrawnPosterior(name="velocity of the endocardium", unit="m/s", samples=rng.normal(2.0, 0.4, count),
                       identifiable=False),
        DrawnPosterior(name="a constant", unit="", samples=np.full(count, 1.0)),
    ]  # fmt: skip


def test_posteriors_carry_numbers_units_and_what_is_not_identifiable(texts: Texts) -> None:
    text = texts(posterior_figure(_posteriors()))
    low, middle, high = interval(_posteriors()[0].samples)
    assert f"{middle:.1f} ({low:.1f} to {high:.1f}) ms" in text
    assert text.count("not identifiable") == 1 and "1, does not vary" in text
    assert "grey: before the ECG (prior)" in text and "triangle: true value" in text


def test_correlations_by_hand_and_in_the_matrix(texts: Texts) -> None:
    found = correlations(_posteriors())
    assert found[0, 1] == pytest.approx(-1.0)  # one falls in a straight line with the other
    assert np.isnan(found[0, 3])  # a constant has no correlation
    weighted = DrawnPosterior(name="x", unit="", samples=np.array([0.0, 1.0, 9.0]), weights=np.array([1.0, 1.0, 0.0]))
    other = DrawnPosterior(name="y", unit="", samples=np.array([0.0, 1.0, -9.0]))
    assert correlations([weighted, other])[0, 1] == pytest.approx(1.0)  # the third member has no weight
    text = texts(parameter_correlation_figure(_posteriors()))
    assert "−1.00" in text and text.count("–\n") + text.count("\n–") >= 3


def test_posteriors_that_cannot_be_drawn_are_refused() -> None:
    with pytest.raises(InputError, match="at least one"):
        posterior_figure([])
    with pytest.raises(InputError, match="finite"):
        posterior_figure([DrawnPosterior(name="x", unit="", samples=np.array([np.nan]))])
    with pytest.raises(InputError, match="one weight per sample"):
        posterior_figure([DrawnPosterior(name="x", unit="", samples=np.ones(3), weights=np.ones(2))])
    with pytest.raises(InputError, match="same members"):
        parameter_correlation_figure([*_posteriors()[:1], *_posteriors(20)[:1]])


def test_the_same_bytes_each_time() -> None:
    assert png_bytes(posterior_figure(_posteriors())) == png_bytes(posterior_figure(_posteriors()))
