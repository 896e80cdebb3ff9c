"""Harmonics of periodic curves."""

from __future__ import annotations

import numpy as np
import pytest

from resynchro.errors import MeasurementError
from resynchro.imaging.strain.fourier import low_passed, mean_square_slope, upsampled


def _wave(count: int, *harmonics: tuple[int, float, float]) -> np.ndarray:
    turn = 2.0 * np.pi * np.arange(count) / count
    return sum(size * np.cos(number * turn - phase) for number, size, phase in harmonics)


@pytest.mark.parametrize("count", [30, 31])
def test_a_low_pass_keeps_what_it_should_and_nothing_else(count: int) -> None:
    slow = 2.0 + _wave(count, (1, 3.0, 0.4), (5, 0.7, 1.0))
    np.testing.assert_allclose(low_passed(slow + _wave(count, (6, 1.0, 0.2), (14, 0.5, 0.0)), 5), slow, atol=1e-12)


@pytest.mark.parametrize(("given", "wanted"), [(30, 900), (31, 900), (30, 31), (30, 30), (16, 32)])
def test_finer_samples_are_the_same_waves(given: int, wanted: int) -> None:
    parts = ((0, -4.0, 0.0), (1, 3.0, 0.4), (5, 0.7, 1.0), (7, 0.2, 2.0))
    np.testing.assert_allclose(upsampled(_wave(given, *parts), wanted), _wave(wanted, *parts), atol=1e-12)


def test_the_highest_frequency_of_an_even_number_of_samples_keeps_its_height() -> None:
    # cos(2 pi 4 t) sampled at 8 points per beat, then at 16: still +1, 0, -1, 0 ...
    np.testing.assert_allclose(upsampled(_wave(8, (4, 1.0, 0.0)), 16), _wave(16, (4, 1.0, 0.0)), atol=1e-12)


def test_mean_square_slope_is_that_of_the_formula() -> None:
    # E = 3 cos(w t) + 0.5 cos(2 w t), RR 0.9 s: mean slope^2 = (3 w)^2/2 + (0.5 2 w)^2/2, w = 2 pi/0.9; a third
    # harmonic beyond the limit does not count.
    omega = 2.0 * np.pi / 0.9
    curve = _wave(30, (1, 3.0, 0.3), (2, 0.5, 1.0), (3, 9.0, 0.0))
    assert mean_square_slope(curve, 0.9, 2) == pytest.approx(((3 * omega) ** 2 + (0.5 * 2 * omega) ** 2) / 2)


def test_too_few_samples_or_harmonics_are_refused() -> None:
    with pytest.raises(MeasurementError, match="at least 4"):
        low_passed(np.zeros(3), 1)
    with pytest.raises(MeasurementError, match="at least 1"):
        low_passed(np.zeros(30), 0)
    with pytest.raises(MeasurementError, match="fewer than the 30 given"):
        upsampled(np.zeros(30), 20)
