"""Displaced electrodes: the models leave alone what they must and move what is known to move."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.ecg.electrode_shift import (
    chest_lead_vectors,
    displaced_by_dipole,
    displaced_by_neighbours,
    electrode_positions_cm,
    swapped_arms,
)
from resynchro.ecg.synthetic import synthetic_ecg, twelve_leads
from resynchro.ecg.vectorcardiogram import FORWARD_DOWER

ZERO = np.zeros(6)


def qrs(kind: str = "normal") -> np.ndarray:
    ecg = synthetic_ecg(
        kind=kind, rng=np.random.default_rng(1), noise_mv=0.0, wander_mv=0.0, stimulus_mv=0.0
    )  # fmt: skip
    first, last = (round(t[2] * 500.0) for t in (ecg.qrs_onset_s, ecg.qrs_end_s))
    return ecg.record.signal_mv[:, first - 5 : last + 5].copy()


@settings(max_examples=20, deadline=None)
@given(left=st.floats(-4, 4), down=st.floats(-4, 4), seed=st.integers(0, 99))
def test_limb_leads_never_move_and_the_model_is_linear(left: float, down: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = (twelve_leads(rng.normal(size=(8, 20))) for _ in range(2))
    moved = [displaced_by_dipole(x, shift_left_cm=left, shift_down_cm=down) for x in (a, b, a + 2 * b)]
    np.testing.assert_array_equal(moved[0][:6], a[:6])
    np.testing.assert_allclose(moved[2], moved[0] + 2 * moved[1], atol=1e-12)


def test_no_displacement_changes_nothing() -> None:
    signal = qrs()
    np.testing.assert_allclose(displaced_by_dipole(signal), signal, atol=1e-12)
    np.testing.assert_allclose(displaced_by_neighbours(signal, shift_left_cm=0.0), signal, atol=1e-12)
    np.testing.assert_allclose(swapped_arms(swapped_arms(signal)), signal, atol=1e-12)


def test_geometry_agrees_with_dower_measured_lead_vectors() -> None:
    # Dower's vectors were measured on a torso model; the ellipse knows nothing of them but their length.
    ours, dower = chest_lead_vectors(ZERO, ZERO), FORWARD_DOWER[2:]
    cosines = (ours * dower).sum(axis=1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(dower, axis=1)
    assert np.degrees(np.arccos(cosines)).max() < 27.0
    assert np.degrees(np.arccos(cosines[2:])).max() < 13.0


def test_positions_stay_on_the_chest_and_move_by_the_given_distance() -> None:
    at = electrode_positions_cm(ZERO, ZERO)
    moved = electrode_positions_cm(np.full(6, 0.5), ZERO)
    for points in (at, moved):
        np.testing.assert_allclose((points[:, 0] / 15.0) ** 2 + (points[:, 2] / 10.5) ** 2, 1.0, atol=1e-4)
    # Half a centimetre along the skin is almost half a centimetre straight.
    np.testing.assert_allclose(np.linalg.norm(moved - at, axis=1), 0.5, atol=0.01)
    assert at[5] == pytest.approx([15.0, 1.5, 0.0], abs=0.02)


def test_v2_to_v4_feel_displacement_most_and_v6_least() -> None:
    # Kania 2014 (doi:10.1007/s11517-013-1115-9), 60 patients, interpolated maps: V2 most sensitive, then V3,
    # V1, V4; V5 and V6 change in size only. Mean correlation over four directions of 2 cm.
    signal = qrs("normal")
    r = np.zeros(6)
    for left, down in ((2, 0), (-2, 0), (0, 2), (0, -2)):
        moved = displaced_by_dipole(signal, shift_left_cm=left, shift_down_cm=down)
        r += [np.corrcoef(signal[6 + k], moved[6 + k])[0, 1] / 4 for k in range(6)]
    assert {int(np.argsort(r)[0]), int(np.argsort(r)[1])} == {1, 2}
    assert r[4] > 0.98 and r[5] > 0.98
    assert r.argmax() == 5


def test_neighbour_model_moves_v2_onto_v3() -> None:
    signal = qrs()
    at = electrode_positions_cm(ZERO, ZERO)
    step = float(np.linalg.norm(at[2] - at[1]))
    moved = displaced_by_neighbours(signal, shift_left_cm=np.array([0, step, 0, 0, 0, 0]))
    np.testing.assert_allclose(moved[7], signal[8], atol=1e-12)
    np.testing.assert_allclose(moved[8:], signal[8:], atol=1e-12)


def test_swapped_arms_by_hand() -> None:
    # I = 1, II = 3 gives III = 2, aVR = -2, aVL = -0.5, aVF = 2.5.
    # Exchanged: I' = -1, II' = III = 2, III' = II = 3, aVR' = aVL = -0.5, aVL' = aVR = -2, aVF' = 2.5.
    signal = twelve_leads(np.array([[1.0], [3.0], [7.0], [6.0], [5.0], [4.0], [3.0], [2.0]]))
    np.testing.assert_allclose(swapped_arms(signal)[:, 0], [-1, 2, 3, -0.5, -2, 2.5, 7, 6, 5, 4, 3, 2], atol=1e-12)
