"""Septal patterns on hand-made curves, and the trap of an aortic valve closure that is set too late."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from resynchro.imaging.strain.fourier import low_passed, upsampled
from resynchro.imaging.strain.septal_pattern import (
    first_turn,
    second_turn,
    septal_pattern,
    septal_pattern_index,
    trusted_avc,
)
from resynchro.imaging.strain.strain_phantom import strain_phantom
from resynchro.record.strain import CardiacEvents

AVO_S, AVC_S = 0.09, 0.40

#: Points (ms, %) of six septal curves of a beat of 900 ms.
HAND_MADE = {
    "normal": [(0, 0), (40, 0), (400, -16), (460, -14), (650, -1), (900, 0)],
    "double peak": [(0, 0), (130, -9), (210, -6), (340, -12), (450, -9), (650, -1), (900, 0)],
    "early, then stretched beyond its length": [(0, 0), (120, -8), (300, 2), (420, 1), (650, 0), (900, 0)],
    "early, then stretched to its length": [(0, 0), (130, -7), (240, -2.5), (360, -1), (450, -3), (650, 0), (900, 0)],
    "late stretch": [(0, 0), (340, -14), (420, -9), (520, -6), (700, -1), (900, 0)],
    "second peak shallower": [(0, 0), (130, -10), (210, -6), (330, -8.5), (450, -7), (650, -1), (900, 0)],
}
EXPECTED = ("normal", "LBBB-1", "LBBB-2", "LBBB-2", "LBBB-3", "unclassified")


def hand_made(name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a smooth curve through the points, low-passed to 6 harmonics and zero at time 0."""
    from scipy.interpolate import PchipInterpolator

    points = np.array(HAND_MADE[name], dtype=float)
    sampled = PchipInterpolator(points[:, 0], points[:, 1])(np.arange(45) * 20.0)
    curve = upsampled(low_passed(sampled, 6), 512)
    return np.arange(512) * 0.9 / 512, curve - curve[0]


@pytest.mark.parametrize(("name", "expected"), list(zip(HAND_MADE, EXPECTED, strict=True)))
def test_six_hand_made_curves(name: str, expected: str) -> None:
    time_s, curve = hand_made(name)
    assert septal_pattern(time_s, curve, avo_s=AVO_S, avc_s=AVC_S).pattern == expected


def test_shallower_second_peak_counts_when_lenient() -> None:
    time_s, curve = hand_made("second peak shallower")
    assert septal_pattern(time_s, curve, avo_s=AVO_S, avc_s=AVC_S, second_peak=0.5).pattern == "LBBB-1"


def test_late_stretch_is_no_second_peak_however_lenient() -> None:
    time_s, curve = hand_made("late stretch")
    assert septal_pattern(time_s, curve, avo_s=AVO_S, avc_s=AVC_S, second_peak=0.5).pattern == "LBBB-3"


def test_septum_that_never_shortens_is_not_called_normal() -> None:
    time_s = np.arange(512) * 0.9 / 512
    reading = septal_pattern(time_s, 5.0 * np.sin(np.pi * time_s / 0.9), avo_s=AVO_S, avc_s=AVC_S)
    assert reading.pattern == "unclassified"
    assert "shortens by less than" in reading.reason


def test_turns() -> None:
    # -2 is followed by a rebound of 0.5 only, -4 by one of 3.
    assert first_turn(np.array([0.0, -2, -1.5, -4, -1, -9]), 1.0) == 3
    assert first_turn(np.array([0.0, -2, -1.5, -4, -1, -9]), 0.4) == 1
    assert first_turn(np.array([0.0, 3, 1, 4]), 1.0) is None  # never shorter than at the start
    assert first_turn(-np.arange(9.0), 1.0) is None
    assert second_turn(np.array([-8.0, -5, -4, -6, -9]), 1.0) == -9.0
    assert second_turn(np.array([-8.0, -7.5, -9]), 1.0) is None


def test_avc_70_ms_too_late_makes_lbbb_3_of_synchronous_curves() -> None:
    curves = strain_phantom(dict.fromkeys(range(7, 13), 0.0), frames=60)
    from resynchro.imaging.strain.smoothed_curves import smoothed

    curve = smoothed(curves)
    right = [septal_pattern(curve.time_s, row, avo_s=0.09, avc_s=0.36).pattern for row in curve.shortening_pct]
    late = [septal_pattern(curve.time_s, row, avo_s=0.09, avc_s=0.43).pattern for row in curve.shortening_pct]
    assert set(right) == {"normal"}
    assert set(late) == {"LBBB-3"}
    # The index is not fooled: the free wall lengthens as well.
    wrong = dataclasses.replace(curves, events=dataclasses.replace(curves.events, avc_s=0.43))
    assert septal_pattern_index(curves).text == "normal"
    index = septal_pattern_index(wrong)
    assert index.text is None
    assert index.absent is not None
    assert "AVC is probably too late" in index.absent


def test_absent_without_a_trusted_avc() -> None:
    curves = strain_phantom(dict.fromkeys(range(7, 13), 0.0))
    unknown = dataclasses.replace(curves, events=CardiacEvents(avo_s=0.09, avc_s=0.36))
    absent = septal_pattern_index(unknown).absent
    assert absent is not None
    assert "trusted AVC" in absent
    assert septal_pattern_index(dataclasses.replace(curves, events=CardiacEvents())).absent == "needs AVO and AVC"
    assert not trusted_avc(CardiacEvents(avc_s=0.3, origin="estimated from the global curve"))
    assert trusted_avc(CardiacEvents(avc_s=0.3, origin="read from the file"))
    free_wall = strain_phantom(dict.fromkeys((10, 11), 0.0))
    assert septal_pattern_index(free_wall).absent == "no basal or mid septal segment is there"


def test_index_says_how_steady_the_class_is() -> None:
    events = CardiacEvents(mvc_s=0.04, avo_s=0.10, avc_s=0.40, origin="given")
    delays = {7: 30.0, 8: 0.0, 9: 0.0, 10: 60.0, 11: 120.0, 12: 90.0}
    curves = strain_phantom(delays, coupling=0.8, events=events, frames=60)
    assert septal_pattern_index(dataclasses.replace(curves, noise_pct=None)).noise_note.startswith("noise unknown")
    index = septal_pattern_index(dataclasses.replace(curves, noise_pct=np.full(6, 0.5)))
    assert index.text == "LBBB-3"  # the early septum is stretched late in ejection, while the lateral wall contracts
    assert index.segments == (8, 9)
    assert "same class in 100 %" in index.noise_note
