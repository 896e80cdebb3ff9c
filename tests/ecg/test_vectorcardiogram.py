"""The vectorcardiogram: matrices against printed values and measured Frank leads, the loop, the angles."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfiltfilt

from resynchro.ecg.vectorcardiogram import (
    FORWARD_DOWER,
    INVERSE_DOWER_1988,
    KORS_1990,
    angle_between_deg,
    direction_deg,
    vector_loop,
    vectorcardiogram,
    vectorcardiogram_inverse_dower,
    vectorcardiogram_kors,
)
from resynchro.errors import MeasurementError
from resynchro.record.ecg import LEADS


def test_inverse_dower_is_the_pseudo_inverse_of_the_lead_vectors() -> None:
    # Moore-Penrose inverse of Dower's published lead vectors, all 24 entries at the three printed decimals.
    np.testing.assert_allclose(np.linalg.pinv(FORWARD_DOWER), INVERSE_DOWER_1988, atol=5.01e-4)


def test_row_sums_of_both_matrices() -> None:
    # Added by hand from the printed tables.
    np.testing.assert_allclose(KORS_1990.sum(axis=1), [0.96, 0.87, -0.75], atol=1e-12)
    np.testing.assert_allclose(INVERSE_DOWER_1988.sum(axis=1), [0.686, 0.659, -0.561], atol=1e-12)


def test_the_transforms_are_not_interchangeable() -> None:
    # Kors after forward Dower: diagonal 0.970, 1.005, 0.894, largest other entry -0.378.
    both = KORS_1990 @ FORWARD_DOWER
    np.testing.assert_allclose(np.diag(both), [0.970, 1.005, 0.894], atol=5e-4)
    assert np.abs(both - np.diag(np.diag(both))).max() == pytest.approx(0.378, abs=5e-4)


@pytest.mark.parametrize(
    ("transform", "first_column"),
    [(vectorcardiogram_kors, (0.54, 0.13, 0.31)), (vectorcardiogram_inverse_dower, (0.194, 0.048, 0.108))],
)
def test_one_lead_gives_its_column(
    transform: Callable[[np.ndarray], np.ndarray], first_column: tuple[float, ...]
) -> None:
    signal_mv = np.zeros((12, 2))
    signal_mv[LEADS.index("V6"), 1] = 1.0
    vcg_mv = transform(signal_mv)
    np.testing.assert_array_equal(vcg_mv[:, 0], 0.0)
    np.testing.assert_allclose(vcg_mv[:, 1], first_column)


def test_dependent_leads_are_not_used() -> None:
    signal_mv = np.zeros((12, 3))
    signal_mv[2:6] = 7.0
    np.testing.assert_array_equal(vectorcardiogram(signal_mv), 0.0)


def test_eight_leads_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(12, n\)"):
        vectorcardiogram_kors(np.zeros((8, 10)))


def test_direction_of_the_axes() -> None:
    # Azimuth from the left, positive to the back; elevation from the feet.
    assert direction_deg(1.0, 0.0, 0.0) == (0.0, pytest.approx(90.0))
    assert direction_deg(0.0, 0.0, 2.0) == (pytest.approx(90.0), pytest.approx(90.0))
    assert direction_deg(0.0, 3.0, 0.0) == (None, 0.0)
    assert direction_deg(0.0, -3.0, 0.0) == (None, 180.0)
    assert direction_deg(-1.0, 0.0, -0.0) == (180.0, pytest.approx(90.0))
    assert direction_deg(0.0, 0.0, 0.0) == (None, None)


def test_printed_components_of_braveheart_give_its_printed_angles() -> None:
    # BRAVEHEART's own golden numbers for example1: X 32.67885, Y 15.63138, Z 10.77570.
    azimuth_deg, elevation_deg = direction_deg(32.67885, 15.63138, 10.77570)
    assert azimuth_deg == pytest.approx(18.2497, abs=1e-4)
    assert elevation_deg == pytest.approx(65.5690, abs=1e-4)
    assert math.hypot(32.67885, 15.63138, 10.77570) == pytest.approx(37.79369, abs=1e-5)


_number = st.floats(-5.0, 5.0).map(lambda value: round(value, 3))


@settings(deadline=None, max_examples=50)
@given(x=_number, y=_number, z=_number, scale=st.floats(0.01, 100.0))
def test_direction_returns_the_vector(x: float, y: float, z: float, scale: float) -> None:
    azimuth_deg, elevation_deg = direction_deg(scale * x, scale * y, scale * z)
    size = math.hypot(x, y, z)
    if elevation_deg is None:
        assert size == 0.0
        return
    azimuth, elevation = math.radians(azimuth_deg or 0.0), math.radians(elevation_deg)
    horizontal = size * math.sin(elevation)
    back = (horizontal * math.cos(azimuth), size * math.cos(elevation), horizontal * math.sin(azimuth))
    np.testing.assert_allclose(back, (x, y, z), atol=1e-6 * size)


def test_angle_between_vectors() -> None:
    assert angle_between_deg(np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 4.0])) == pytest.approx(90.0)
    assert angle_between_deg(np.array([1.0, 1.0, 0.0]), np.array([-2.0, -2.0, 0.0])) == pytest.approx(180.0)
    # 1e-6 rad: an arc cosine would return 0 or noise here.
    tiny = angle_between_deg(np.array([1.0, 0.0, 0.0]), np.array([1.0, 1e-6, 0.0]))
    assert tiny == pytest.approx(math.degrees(1e-6), rel=1e-6)
    assert angle_between_deg(np.zeros(3), np.ones(3)) is None


def test_loop_starts_from_its_zero_level() -> None:
    # 500 Hz; a vector of 3 mV to the left and 4 mV to the back at 24 ms, on an offset of 1 mV in every lead.
    vcg_mv = np.ones((3, 50))
    vcg_mv[:, 12] += (3.0, 0.0, 4.0)
    loop = vector_loop(vcg_mv, 500.0, onset_ms=20.0, end_ms=40.0, zero_mv=np.ones(3))
    assert loop.xyz_mv.shape == (3, 11)
    assert (loop.time_ms[0], loop.time_ms[-1]) == (20.0, 40.0)
    assert loop.largest_mv == 5.0
    assert loop.largest_time_ms == 24.0
    # atan2(4, 3) = 53.13 degrees behind left, horizontal.
    assert loop.azimuth_deg == pytest.approx(53.1301, abs=1e-4)
    assert loop.elevation_deg == pytest.approx(90.0)
    with pytest.raises(ValueError, match="read-only"):
        loop.xyz_mv[0, 0] = 1.0


def test_loop_without_samples_is_refused() -> None:
    with pytest.raises(MeasurementError, match="three samples"):
        vector_loop(np.zeros((3, 50)), 500.0, onset_ms=20.0, end_ms=22.0, zero_mv=np.zeros(3))


def test_kors_reproduces_the_samples_of_braveheart(shared_data: Callable[[str], Path]) -> None:
    from resynchro.formats.ecg_file import read_ecg

    record = read_ecg(shared_data("ecg/braveheart/example1.xml"))
    vcg_mv = vectorcardiogram_kors(record.signal_mv)
    # Samples 200 and 201 counted from one.
    np.testing.assert_allclose(vcg_mv[:, 199], (-0.0810568, -0.0826672, 0.0287920), atol=1e-7)
    np.testing.assert_allclose(vcg_mv[:, 200], (-0.0825208, -0.0751032, 0.0243512), atol=1e-7)
    assert np.linalg.norm(vcg_mv[:, 199]) == pytest.approx(0.119302347, abs=1e-7)


def test_against_measured_frank_leads(shared_data: Callable[[str], Path]) -> None:
    wfdb = pytest.importorskip("wfdb")
    header = shared_data("ecg/wfdb_ptb/sample-data/s0010_re.hea")
    record = wfdb.rdrecord(str(header.with_suffix("")))
    column = {name.lower(): index for index, name in enumerate(record.sig_name)}
    signal_mv = np.array([record.p_signal[:, column[lead.lower()]] for lead in LEADS])
    frank_mv = np.array([record.p_signal[:, column[f"v{axis}"]] for axis in "xyz"])
    # Baseline wander has its own direction and would dominate the correlation over 38 s.
    high_pass = butter(2, 0.5, "highpass", fs=record.fs, output="sos")
    signal_mv, frank_mv = sosfiltfilt(high_pass, signal_mv, axis=1), sosfiltfilt(high_pass, frank_mv, axis=1)

    def correlations(vcg_mv: np.ndarray) -> list[float]:
        return [float(np.corrcoef(ours, measured)[0, 1]) for ours, measured in zip(vcg_mv, frank_mv, strict=True)]

    # Reference values for this record; Dower's Z fails on it, which is why Kors is the default.
    np.testing.assert_allclose(correlations(vectorcardiogram_kors(signal_mv)), (0.982, 0.950, 0.726), atol=2e-3)
    np.testing.assert_allclose(
        correlations(vectorcardiogram_inverse_dower(signal_mv)), (0.956, 0.976, 0.365), atol=2e-3
    )
