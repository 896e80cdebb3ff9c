"""The signs of mechanical dyssynchrony, counted one by one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from resynchro.imaging.strain.mechanical_dyssynchrony import mechanical_dyssynchrony
from resynchro.record.index_value import IndexValue
from resynchro.record.strain import CardiacEvents, SegmentCurves

CURVES = SegmentCurves(
    time_s=np.arange(4) / 4,
    rr_s=1.0,
    segments=(1,),
    model="aha18",
    strain_pct=np.zeros((1, 4)),
    strain_type="longitudinal",
    kind="lagrangian",
    events=CardiacEvents(),
    modality="echo",
    engine="made here",
    noise_pct=None,
    periodic=True,
)
SSI = IndexValue(key="ssi_pct", name="systolic stretch index", unit="%", value=1.0, noise_floor=0.4)
SRS = IndexValue(key="srs_sept_4ch_pct", name="septal rebound stretch", unit="%", value=1.0, noise_floor=0.4)
PATTERN = IndexValue(key="septal_pattern", name="septal pattern", unit="", text="normal")
FLASH = IndexValue(key="septal_flash_mm", name="septal flash", unit="mm", value=3.0, flag=True)


def verdict(*indices: IndexValue, **changes: object) -> str:
    return mechanical_dyssynchrony(indices, dataclasses.replace(CURVES, **changes)).verdict  # type: ignore[arg-type]


def test_two_negative_signs_are_absence_and_one_is_not() -> None:
    assert verdict(SSI, SRS, PATTERN) == "absent"
    assert verdict(SSI) == "unclear"
    assert verdict() == "unclear"


def test_a_sign_that_needs_no_cutoff_is_enough_and_a_stretch_alone_is_not() -> None:
    assert verdict(SSI, SRS, dataclasses.replace(PATTERN, text="LBBB-2")) == "present"
    assert verdict(SSI, FLASH) == "present"
    high = dataclasses.replace(SSI, value=6.0)
    assert verdict(high, SRS, PATTERN) == "unclear"
    assert verdict(high, dataclasses.replace(SRS, value=5.0)) == "present"


def test_a_stretch_within_its_noise_is_no_sign() -> None:
    noisy = dataclasses.replace(SSI, value=4.0, noise_floor=2.5)
    found = mechanical_dyssynchrony([noisy], CURVES)
    assert found.signs[0].present is None and "not above noise" in found.signs[0].sentence


@pytest.mark.parametrize("changes", [{"strain_type": "circumferential"}, {"modality": "cmr"}])
def test_cutoffs_are_not_carried_to_other_strain(changes: dict[str, object]) -> None:
    high = dataclasses.replace(SSI, value=6.0), dataclasses.replace(SRS, value=6.0)
    assert verdict(*high, **changes) == "unclear"


def test_what_could_not_be_assessed_keeps_its_reason() -> None:
    absent = dataclasses.replace(SSI, value=None, absent="needs AVC")
    found = mechanical_dyssynchrony([absent, dataclasses.replace(PATTERN, text="unclassified")], CURVES)
    assert [sign.present for sign in found.signs] == [None, None]
    assert any("needs AVC" in sign.sentence for sign in found.signs)
