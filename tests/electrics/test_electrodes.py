"""The twelve leads from nine electrode potentials."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from resynchro.electrics.electrodes import (
    ELECTRODES,
    Electrodes,
    independent_lead_matrix,
    lead_completion,
    lead_matrix,
)
from resynchro.errors import InputError
from resynchro.record.ecg import LEADS


@given(arrays(np.float64, (9,), elements=st.floats(-5.0, 5.0)))
@settings(deadline=None, max_examples=30)
def test_leads_obey_einthoven_and_goldberger(potential_mv: np.ndarray) -> None:
    lead = dict(zip(LEADS, lead_matrix() @ potential_mv, strict=True))
    assert lead["I"] + lead["III"] == pytest.approx(lead["II"], abs=1e-12)
    assert lead["aVR"] + lead["aVL"] + lead["aVF"] == pytest.approx(0.0, abs=1e-12)
    shifted = lead_matrix() @ (potential_mv + 3.0)
    np.testing.assert_allclose(shifted, list(lead.values()), atol=1e-12)


def test_leads_by_hand() -> None:
    # RA -0.2, LA 0.4, LL 0.7 mV: I 0.6, II 0.9, III 0.3, aVR -0.2 - 1.1/2 = -0.75; Wilson 0.9/3 = 0.3, V2 1.3 - 0.3.
    potential_mv = np.array([-0.2, 0.4, 0.7, 0.0, 1.3, 0.0, 0.0, 0.0, 0.0])
    lead = dict(zip(LEADS, lead_matrix() @ potential_mv, strict=True))
    assert lead["I"] == pytest.approx(0.6)
    assert lead["II"] == pytest.approx(0.9)
    assert lead["III"] == pytest.approx(0.3)
    assert lead["aVR"] == pytest.approx(-0.75)
    assert lead["V2"] == pytest.approx(1.0)


def test_eight_leads_complete_to_twelve() -> None:
    np.testing.assert_allclose(lead_completion() @ independent_lead_matrix(), lead_matrix(), atol=1e-15)


def test_positions_by_name_and_moved() -> None:
    given_mm = {name: (float(i), 0.0, 1.0) for i, name in enumerate(ELECTRODES)}
    electrodes = Electrodes.from_mapping(given_mm)
    np.testing.assert_array_equal(electrodes.position_mm("V1"), [3.0, 0.0, 1.0])
    np.testing.assert_array_equal(electrodes.moved(np.array([1.0, 2.0, 3.0])).position_mm("RA"), [1.0, 2.0, 4.0])
    with pytest.raises(ValueError, match="read-only"):
        electrodes.positions_mm[0, 0] = 1.0


@pytest.mark.parametrize("missing", ["RA", "V6"])
def test_missing_electrode_is_named(missing: str) -> None:
    given_mm = {name: (0.0, 0.0, 0.0) for name in ELECTRODES if name != missing}
    with pytest.raises(InputError, match=f"missing: {missing}"):
        Electrodes.from_mapping(given_mm)


def test_positions_must_be_nine_finite_points() -> None:
    with pytest.raises(InputError, match="shape"):
        Electrodes(positions_mm=np.zeros((8, 3)))
    with pytest.raises(InputError, match="finite"):
        Electrodes(positions_mm=np.full((9, 3), np.nan))
