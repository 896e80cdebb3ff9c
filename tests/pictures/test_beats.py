"""The representative beat: limits, waves and single beats stand where they were measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from resynchro.ecg.measurement import EcgMeasurement
from resynchro.pictures.appearance import size_mm
from resynchro.pictures.beats import MOST_SINGLE_BEATS, beats_figure, butterfly_figure
from resynchro.pictures.figure_files import svg_text
from resynchro.pictures.paper_heading import UNTRUSTED_NOTE
from resynchro.record.ecg import LEADS

Texts = Callable[[Figure], str]


def test_one_panel_for_each_lead_with_its_waves(lbbb: EcgMeasurement) -> None:
    figure = beats_figure(lbbb)
    assert size_mm(figure) == pytest.approx((190.0, 216.0))
    panels = figure.axes[1:]
    names = [lead + ("*" if lead in lbbb.record.derived_leads else "") for lead in LEADS]
    assert [panel.get_title(loc="left") for panel in panels] == names
    for panel, waves in zip(panels, lbbb.waves, strict=True):
        assert waves.label in panel.get_title(loc="right")
        placed = {(text.get_text(), round(float(text.xy[0]), 3)) for text in panel.texts}  # type: ignore[attr-defined]
        expected = {(wave.name, round(wave.peak_ms - lbbb.limits.onset_ms, 3)) for wave in waves.waves}
        assert placed == expected


def test_limits_are_lines_at_zero_and_at_the_duration(lbbb: EcgMeasurement) -> None:
    for panel in beats_figure(lbbb).axes[1:]:
        upright = [
            float(line.get_xdata()[0])  # type: ignore[index]
            for line in panel.get_lines()
            if len(line.get_xdata()) == 2 and line.get_color() == "#0072B2"  # type: ignore[arg-type]
        ]
        assert sorted(upright) == pytest.approx([0.0, lbbb.qrs_ms])


def test_at_most_twelve_single_beats_lie_beneath(measured: Callable[..., EcgMeasurement]) -> None:
    long = measured("lbbb", 24.0)
    assert len(long.clusters[0].times_s) > MOST_SINGLE_BEATS
    beneath = beats_figure(long).axes[1].get_lines()[0]
    assert int(np.isnan(np.asarray(beneath.get_ydata(), dtype=float)).sum()) == MOST_SINGLE_BEATS


def test_butterfly_shows_twelve_leads_at_true_voltage_with_p_and_t(lbbb: EcgMeasurement, texts: Texts) -> None:
    figure = butterfly_figure(lbbb)
    axes = figure.axes[1]
    curves = [line for line in axes.get_lines() if len(line.get_xdata()) == lbbb.beat.signal_mv.shape[1]]  # type: ignore[arg-type]
    assert len(curves) == 12
    for curve, lead_mv in zip(curves, lbbb.beat.signal_mv, strict=True):
        assert np.ptp(np.asarray(curve.get_ydata(), dtype=float)) == pytest.approx(np.ptp(lead_mv))
    words = texts(figure)
    assert lbbb.pr_ms is not None and lbbb.qt_ms is not None
    assert f"P onset −{lbbb.pr_ms:.0f} ms" in words
    assert f"T end {lbbb.qt_ms:.0f} ms" in words


def test_missing_p_and_t_are_left_out(lbbb: EcgMeasurement, texts: Texts) -> None:
    nothing = replace(lbbb.p_and_t, p_onset_ms=None, p_end_ms=None, p_reason="none", t_end_ms=None, t_reason="none")
    words = texts(butterfly_figure(replace(lbbb, p_and_t=nothing)))
    assert "P onset" not in words and "T end" not in words and "QRS end" in words


def test_a_lead_without_own_limits_or_waves_is_drawn(lbbb: EcgMeasurement, texts: Texts) -> None:
    none = np.full(12, np.nan)
    limits = replace(lbbb.limits, lead_onset_ms=none, lead_end_ms=none)
    waves = tuple(replace(w, waves=(), notches=(), label="", r_peak_time_ms=None) for w in lbbb.waves)
    assert "no wave" in texts(beats_figure(replace(lbbb, limits=limits, waves=waves)))


def test_stimuli_and_untrusted_voltages_are_told(
    measured: Callable[..., EcgMeasurement], untrusted: EcgMeasurement, texts: Texts
) -> None:
    assert "stimulus" in texts(beats_figure(measured("rv-paced")))
    assert "stimulus" not in texts(beats_figure(untrusted))
    assert UNTRUSTED_NOTE.split(":")[0] in texts(beats_figure(untrusted))
    assert UNTRUSTED_NOTE.split(":")[0] in texts(butterfly_figure(untrusted))


def test_the_same_beat_gives_the_same_bytes(lbbb: EcgMeasurement) -> None:
    assert svg_text(beats_figure(lbbb), title="t") == svg_text(beats_figure(lbbb), title="t")
