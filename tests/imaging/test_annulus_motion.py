"""The beating annulus against the values that were fixed for it before it was written."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.imaging.motion.annulus_motion import (
    AnnulusMotion,
    AnnulusScar,
    annulus_state,
    shortening_course,
    true_segment_strains,
)
from resynchro.imaging.strain.cross_correlation import cross_correlation_delays

TIMES_MS = np.arange(30) * 30.0
#: Circumferential strain at 90, 180, 270, 360, 450 and 540 ms, and the frame of the peak [ms], of the default annulus.
TABLE = {
    8: ((-1.49, -8.05, -14.71, -16.76, -9.11, 1.03), 330),
    9: ((-0.37, -4.93, -11.59, -15.93, -13.48, -2.93), 390),
    10: ((0.13, -0.38, -5.34, -12.17, -16.58, -11.99), 450),
    11: ((0.13, 0.89, -2.65, -9.91, -16.18, -15.85), 510),
    12: ((0.13, -0.51, -6.00, -12.92, -16.49, -11.21), 450),
    7: ((-0.37, -5.15, -12.20, -16.26, -12.46, -2.19), 360),
}


def test_the_default_annulus_has_the_tabulated_strain() -> None:
    circumferential, radial = true_segment_strains(AnnulusMotion(), TIMES_MS)
    for segment, (values, peak_ms) in TABLE.items():
        row = circumferential[segment - 7]  # anterior, segment 7, first
        assert row[[3, 6, 9, 12, 15, 18]] == pytest.approx(values, abs=0.006)
        assert TIMES_MS[row.argmin()] == peak_ms
    assert radial.max(axis=1).min() > 37.5 and radial.max() < 39.1


def test_the_default_annulus_at_360_ms() -> None:
    motion = AnnulusMotion()
    assert motion.mid_mm == pytest.approx(30.830, abs=5e-4)  # sqrt((26^2 + 35^2)/2)
    state = annulus_state(motion, 360.0)
    assert state.mid_mm.mean() == pytest.approx(26.507, abs=1e-3)
    assert state.axial == pytest.approx(0.8948, abs=5e-5)
    angle = np.linspace(0.0, 2.0 * np.pi, 2000, endpoint=False)
    x, y = state.forward(np.full_like(angle, motion.endo_mm), angle).T
    area = 0.5 * abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))
    # 0.584 was read from an image; the polygon of the exact contour gives 0.586.
    assert area / (np.pi * 26.0**2) == pytest.approx(0.584, abs=0.003)


def test_delays_of_the_default_annulus() -> None:
    circumferential, _ = true_segment_strains(AnnulusMotion(), TIMES_MS)
    delay_ms = 1000.0 * cross_correlation_delays(circumferential, 0.9).delay_s
    assert delay_ms[[1, 2, 3, 4, 5, 0]] == pytest.approx((-78, -36, 44, 78, 37, -44), abs=0.6)


def test_a_synchronous_annulus_has_six_identical_curves() -> None:
    motion = AnnulusMotion(delay_ms=0.0, coupling=0.0)
    circumferential, _ = true_segment_strains(motion, TIMES_MS)
    assert np.ptp(circumferential, axis=0).max() < 1e-11
    # e = -p S: at 360 ms S = 1, so the mid-wall radius shrinks by 16 % exactly.
    assert circumferential[0, 12] == pytest.approx(-16.0, abs=1e-9)


def test_shortening_rises_and_falls_by_half_cosines() -> None:
    # 30 + 330/2 = 195 ms is half-way up, 360 + 220/2 = 470 ms half-way down.
    assert shortening_course(np.array([0.0, 30.0, 195.0, 360.0, 470.0, 580.0, 800.0])) == pytest.approx(
        [0.0, 0.0, 0.5, 1.0, 0.5, 0.0, 0.0], abs=1e-12
    )


@given(
    moment=st.floats(0.0, 900.0),
    late=st.floats(-180.0, 180.0),
    depth=st.floats(0.0, 1.0),
    seed=st.integers(0, 1000),
)
@settings(deadline=None, max_examples=15)
def test_the_inverse_undoes_the_motion_and_volume_is_kept(moment: float, late: float, depth: float, seed: int) -> None:
    motion = AnnulusMotion(late_deg=late, scar=AnnulusScar(centre_deg=40.0, width_deg=60.0, depth=depth))
    state = annulus_state(motion, moment)
    rng = np.random.default_rng(seed)
    radius = rng.uniform(motion.endo_mm, motion.epi_mm, 200)
    # In the middle between grid angles, where the linear table is exact for the derivative.
    angle = (rng.integers(0, 1440, 200) + 0.5) * 2.0 * np.pi / 1440
    squared, back = state.inverse(state.forward(radius, angle))
    assert np.abs(np.sqrt(squared) - radius).max() < 2e-13  # mm of 35: 1e-14 relative
    assert np.abs((back - angle + np.pi) % (2.0 * np.pi) - np.pi).max() < 1e-14

    step = 1e-4
    by_radius = (state.forward(radius + step, angle) - state.forward(radius - step, angle)) / (2.0 * step)
    by_angle = (state.forward(radius, angle + step) - state.forward(radius, angle - step)) / (2.0 * step)
    area = (by_radius[:, 0] * by_angle[:, 1] - by_radius[:, 1] * by_angle[:, 0]) / radius
    assert area * state.axial == pytest.approx(1.0, abs=1e-6)
