"""The comparison picture lays the two beats over each other as they were compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from resynchro.ecg.comparison import compare_ecg
from resynchro.ecg.measurement import EcgMeasurement
from resynchro.ecg.template import template_from_measurement
from resynchro.errors import InputError
from resynchro.pictures.comparison import alignment_ms, change_in_words, comparison_figure
from resynchro.pictures.figure_files import svg_text

Measured = Callable[..., EcgMeasurement]


def test_unlike_beats_are_aligned_by_onset_and_the_verdict_is_written(
    measured: Measured, texts: Callable[[Figure], str]
) -> None:
    reference = template_from_measurement(measured("biventricular-paced"), label="biventricular")
    follow_up = template_from_measurement(measured("rv-paced"))
    comparison = compare_ecg(follow_up, [reference])
    figure = comparison_figure(comparison, reference, follow_up)
    words = texts(figure)
    assert f"Verdict: {comparison.verdict}" in words
    assert comparison.nearest.correlation < 0.5
    assert "aligned by QRS onset" in words
    assert "reference (biventricular)" in words and "follow-up" in words
    assert [axes.get_title(loc="left") for axes in figure.axes[1:]][:3] == ["I", "II", "III"]


def test_like_beats_are_moved_by_the_best_shift(measured: Measured) -> None:
    reference = template_from_measurement(measured("lbbb"))
    late = replace(
        reference,
        limits=replace(
            reference.limits, onset_ms=reference.limits.onset_ms - 8.0, end_ms=reference.limits.end_ms - 8.0
        ),
    )
    comparison = compare_ecg(late, [reference])
    # The onset was put 8 ms too early, so the beat has to be moved 8 ms earlier to fit.
    assert alignment_ms(comparison.nearest) == pytest.approx(8.0, abs=0.5)
    axes = comparison_figure(comparison, reference, late).axes[1]
    first, second = (line for line in axes.get_lines() if len(line.get_xdata()) > 10)  # type: ignore[arg-type]
    x = np.asarray(first.get_xdata(), dtype=float)
    again = np.interp(x, np.asarray(second.get_xdata(), dtype=float), np.asarray(second.get_ydata(), dtype=float))
    assert again == pytest.approx(np.asarray(first.get_ydata(), dtype=float), abs=0.05)


def test_changes_stand_beside_what_measurement_explains(measured: Measured) -> None:
    reference = template_from_measurement(measured("lbbb"))
    comparison = compare_ecg(reference, [reference])
    duration = next(change for change in comparison.changes if change.name == "QRS duration")
    assert change_in_words(duration) == f"QRS duration +0 ms (within the {duration.noise:.0f} ms of measurement)"
    assert change_in_words(replace(duration, change=None)) == "QRS duration: not known"
    away = replace(duration, change=-60.0)
    assert change_in_words(away).startswith("QRS duration −60 ms (beyond the ")


def test_untrusted_voltages_are_told(measured: Measured, texts: Callable[[Figure], str]) -> None:
    reference = template_from_measurement(measured("lbbb"))
    doubtful = replace(reference, voltages_trusted=False)
    comparison = compare_ecg(doubtful, [reference])
    assert "VOLTAGES NOT TRUSTED" in texts(comparison_figure(comparison, reference, doubtful))


def test_a_reference_that_was_not_compared_is_refused(measured: Measured) -> None:
    reference = template_from_measurement(measured("lbbb"))
    comparison = compare_ecg(reference, [reference])
    with pytest.raises(InputError, match="was not compared"):
        comparison_figure(comparison, replace(reference, label="rv-only"), reference)


def test_the_same_comparison_gives_the_same_bytes(measured: Measured) -> None:
    reference = template_from_measurement(measured("lbbb"))
    comparison = compare_ecg(reference, [reference])
    one, two = (svg_text(comparison_figure(comparison, reference, reference), title="t") for _ in range(2))
    assert one == two
