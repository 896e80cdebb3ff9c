"""The frontal axis: directions by hand, classes, indeterminate vectors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.ecg.axis import (
    axis_class,
    axis_difference_deg,
    frontal_axis_from_amplitudes,
    frontal_axis_from_areas,
    wrapped_deg,
)
from resynchro.ecg.representative import QrsLimits, RepresentativeBeat
from resynchro.record.ecg import LEADS

LIMITS = QrsLimits(
    onset_ms=100.0,
    end_ms=200.0,
    onset_interval_ms=(95.0, 105.0),
    end_interval_ms=(195.0, 205.0),
    duration_interval_ms=(92.0, 108.0),
    lead_onset_ms=np.full(12, 100.0),
    lead_end_ms=np.full(12, 200.0),
)


def _beat(**lead_mv: np.ndarray) -> RepresentativeBeat:
    signal_mv = np.zeros((12, 200))
    for lead, values in lead_mv.items():
        signal_mv[LEADS.index(lead)] = values
    return RepresentativeBeat(
        signal_mv=signal_mv, sampling_rate_hz=500.0, kind="intrinsic", n_beats=8, noise_mv=np.zeros(12)
    )


def _wave(height_mv: float, start_ms: float = 100.0, end_ms: float = 200.0) -> np.ndarray:
    time_ms = np.arange(200) * 2.0
    inside = (time_ms >= start_ms) & (time_ms <= end_ms)
    return np.where(inside, height_mv * np.sin(np.pi * (time_ms - start_ms) / (end_ms - start_ms)), 0.0)


@pytest.mark.parametrize("axis_deg", [-150.0, -66.0, -31.0, 0.0, 20.0, 60.0, 91.0, 119.0, 179.0])
def test_both_methods_find_the_direction_of_a_fixed_dipole(axis_deg: float) -> None:
    # A frontal vector of 1 mV at angle a gives I = cos a and aVF = (√3/2) sin a (Einthoven's triangle).
    angle = math.radians(axis_deg)
    beat = _beat(I=_wave(math.cos(angle)), aVF=_wave(math.sqrt(3.0) / 2.0 * math.sin(angle)))
    for measured in (frontal_axis_from_areas(beat, LIMITS), frontal_axis_from_amplitudes(beat, LIMITS)):
        assert measured.axis_deg is not None
        assert axis_difference_deg(axis_deg, measured.axis_deg) == pytest.approx(0.0, abs=1e-9)
        assert measured.reason is None
        assert measured.axis_class == axis_class(axis_deg)


def test_areas_and_amplitudes_weigh_a_narrow_spike_differently() -> None:
    # I: broad wave of +0.5 mV over 80 ms (0.5*80*2/π = 25.5) and a narrow S of -0.5 mV over 20 ms (-6.4),
    # aVF: 0.3 mV over 100 ms (19.1). Amplitudes in I cancel: 90°. Areas: atan2(1.1547 * 19.1, 19.1) = 49.1°.
    lead_i = _wave(0.5, 100.0, 180.0) + _wave(-0.5, 180.0, 200.0)
    beat = _beat(I=lead_i, aVF=_wave(0.3))
    assert frontal_axis_from_areas(beat, LIMITS).axis_deg == pytest.approx(49.1, abs=0.3)
    assert frontal_axis_from_amplitudes(beat, LIMITS).axis_deg == pytest.approx(90.0, abs=0.5)


def test_a_baseline_offset_does_not_turn_the_axis() -> None:
    beat = _beat(I=_wave(0.5) + 0.3, aVF=_wave(0.2) - 0.4)
    expected = math.degrees(math.atan2(2.0 / math.sqrt(3.0) * 0.2, 0.5))
    assert frontal_axis_from_areas(beat, LIMITS).axis_deg == pytest.approx(expected)
    assert frontal_axis_from_amplitudes(beat, LIMITS).axis_deg == pytest.approx(expected)


def test_small_net_values_are_indeterminate_with_a_reason() -> None:
    # Equal positive and negative halves in both leads.
    biphasic = _wave(0.8, 100.0, 150.0) + _wave(-0.8, 150.0, 200.0)
    beat = _beat(I=biphasic, aVF=-biphasic)
    for measured in (frontal_axis_from_areas(beat, LIMITS), frontal_axis_from_amplitudes(beat, LIMITS)):
        assert measured.axis_deg is None
        assert measured.axis_class is None
        assert measured.reason is not None
        assert "no reliable direction" in measured.reason


@pytest.mark.parametrize(
    ("axis_deg", "name"),
    [
        (-30.0, "normal"),
        (90.0, "normal"),
        (-30.1, "moderate left axis deviation"),
        (-44.9, "moderate left axis deviation"),
        (-45.0, "marked left axis deviation"),
        (-90.0, "marked left axis deviation"),
        (-90.1, "extreme axis deviation"),
        (-179.9, "extreme axis deviation"),
        (90.1, "moderate right axis deviation"),
        (120.0, "moderate right axis deviation"),
        (120.1, "marked right axis deviation"),
        (180.0, "marked right axis deviation"),
        (270.0, "marked left axis deviation"),
    ],
)
def test_axis_classes(axis_deg: float, name: str) -> None:
    assert axis_class(axis_deg) == name


def test_differences_take_the_short_way() -> None:
    assert axis_difference_deg(170.0, -170.0) == pytest.approx(20.0)
    assert axis_difference_deg(-170.0, 170.0) == pytest.approx(-20.0)
    assert axis_difference_deg(-60.0, 30.0) == pytest.approx(90.0)
    assert axis_difference_deg(0.0, 180.0) == axis_difference_deg(0.0, -180.0) == 180.0


@settings(deadline=None, max_examples=50)
@given(st.floats(-2000.0, 2000.0))
def test_wrapped_angles_stay_equal(angle_deg: float) -> None:
    wrapped = wrapped_deg(angle_deg)
    assert -180.0 < wrapped <= 180.0
    assert math.cos(math.radians(wrapped)) == pytest.approx(math.cos(math.radians(angle_deg)), abs=1e-9)
    assert math.sin(math.radians(wrapped)) == pytest.approx(math.sin(math.radians(angle_deg)), abs=1e-9)
