"""Systolic stretch: the hand example, the noise floors, and what the index may not depend on."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from resynchro.imaging.strain.rebound_stretch import septal_rebound, septal_rebound_indices
from resynchro.imaging.strain.smoothed_curves import smoothed
from resynchro.imaging.strain.strain_phantom import shortening_course, strain_phantom
from resynchro.imaging.strain.systolic_stretch import pre_stretch, rebound_stretch, systolic_stretch_index
from resynchro.record.strain import CardiacEvents, SegmentCurves, StrainType

#: 20 ms apart, AVO at sample 4, AVC at sample 12.
ANTEROLATERAL = [0, 0.5, 1.5, 2, 2, 1, -1, -3, -5, -7, -9, -11, -13]  # SPS 0.5 + 1 + 0.5 = 2.0
INFEROLATERAL = [0, 1, 0.5, 1, 1, 0, -2, -4, -6, -8, -10, -12, -14]  # SPS 1 + 0.5 = 1.5
ANTEROSEPTAL = [0, -1, -3, -5, -4, -3, -1, -1.5, -3, -4, -5, -5.5, -6]  # SRS from -5: 1 + 1 + 2 = 4.0
INFEROSEPTAL = [0, 0.5, -1, -2, -2.5, -4, -3, -2, -3.5, -5, -6, -6.5, -7]  # SRS from -4: 1 + 1 = 2.0

LBBB_DELAYS_MS = {7: 30.0, 8: 0.0, 9: 0.0, 10: 60.0, 11: 120.0, 12: 90.0}
LBBB_EVENTS = CardiacEvents(mvc_s=0.04, avo_s=0.10, avc_s=0.43, mvo_s=0.50, origin="given")


def hand_curves(strain_type: StrainType = "longitudinal") -> SegmentCurves:
    strain = np.array([ANTEROSEPTAL, INFEROSEPTAL, INFEROLATERAL, ANTEROLATERAL])
    return SegmentCurves(
        time_s=np.arange(13) * 0.02,
        rr_s=0.9,
        segments=(8, 9, 11, 12),
        model="aha17",
        strain_pct=-strain if strain_type == "radial" else strain,
        strain_type=strain_type,
        kind="lagrangian",
        events=CardiacEvents(avo_s=0.08, avc_s=0.24, origin="given"),
        modality="echo",
        engine="by hand",
        noise_pct=None,
        periodic=False,
    )


@pytest.mark.parametrize("strain_type", ["longitudinal", "circumferential", "radial"])
def test_hand_example(strain_type: StrainType) -> None:
    # SPS (2.0 + 1.5)/2 = 1.75, SRS (4.0 + 2.0)/2 = 3.00.
    index = systolic_stretch_index(hand_curves(strain_type), harmonics=None, tolerance_pct=0.0)
    assert index.value == 4.75
    assert dict(index.per_segment) == {12: 2.0, 11: 1.5, 8: 4.0, 9: 2.0}
    assert index.noise_note == "noise unknown (smoothed export)"


def test_time_unit_does_not_matter() -> None:
    ring = strain_phantom(LBBB_DELAYS_MS, coupling=0.4, events=LBBB_EVENTS)
    events = CardiacEvents(avo_s=100.0, avc_s=430.0, origin="given")
    in_ms = dataclasses.replace(ring, time_s=ring.time_s * 1000.0, rr_s=900.0, events=events)
    for harmonics in (6, None):
        one = systolic_stretch_index(ring, harmonics=harmonics).value
        assert one is not None
        assert one > 3.0
        assert systolic_stretch_index(in_ms, harmonics=harmonics).value == pytest.approx(one, abs=1e-9)


def test_avc_sample_is_included() -> None:
    curve = np.array([0.0, -2.0, -1.0, 1.0])
    assert float(rebound_stretch(curve, 1, 3)) == 3.0
    assert float(rebound_stretch(curve, 1, 2)) == 1.0


def test_no_rebound_without_shortening_before_avo_or_without_a_minimum() -> None:
    late = np.array([0.0, 1.0, 1.0, -2.0, -1.0, 0.0])
    assert float(rebound_stretch(late, 2, 5)) == 0.0
    assert float(rebound_stretch(late, 3, 5)) == 2.0
    assert float(rebound_stretch(-np.arange(6.0), 2, 5)) == 0.0
    shallow = np.array([0.0, -0.4, -0.1, -3.0, -1.0])
    assert float(rebound_stretch(shallow, 2, 4)) == pytest.approx(0.3 + 2.0)
    assert float(rebound_stretch(shallow, 2, 4, 0.5)) == 2.0


def test_kernels_take_many_draws_at_once() -> None:
    draws = np.random.default_rng(1).standard_normal((5, 3, 20)).cumsum(axis=-1)
    together = rebound_stretch(draws, 6, 15, np.array([0.0, 0.5, 1.0]))
    for draw in range(5):
        for row, tolerance in enumerate((0.0, 0.5, 1.0)):
            assert float(rebound_stretch(draws[draw, row], 6, 15, tolerance)) == pytest.approx(together[draw, row])
            assert float(pre_stretch(draws[draw, row], 6)) == pytest.approx(pre_stretch(draws, 6)[draw, row])


@pytest.mark.parametrize(
    ("frames", "peak", "raw", "filtered"),
    [
        (30, 18.0, (2.4, 4.3), (0.4, 1.0)),
        (30, 8.0, (4.0, 6.7), (0.7, 1.6)),
        (60, 18.0, (8.6, 11.9), (0.2, 0.6)),
        (60, 8.0, (11.6, 15.7), (0.4, 0.9)),
    ],
)
def test_noise_floor(frames: int, peak: float, raw: tuple[float, float], filtered: tuple[float, float]) -> None:
    # Synchronous canonical curves, 1 % noise, AVO 90 and AVC 360 ms, no tolerance: mean and 95th percentile, within
    # 10 %. Half a unit of the last printed digit is allowed on top.
    curves = strain_phantom(dict.fromkeys((8, 9, 11, 12), 0.0), frames=frames, peak_pct=peak)
    curves = dataclasses.replace(curves, noise_pct=np.ones(4))
    time_ms = np.arange(frames) * 900.0 / frames
    noisy = -peak * shortening_course(time_ms) + np.random.default_rng(5).standard_normal((1500, 4, frames))
    for harmonics, expected in ((None, raw), (6, filtered)):
        curve = smoothed(curves, harmonics=harmonics, values_pct=noisy)
        avo, avc = curve.sample(0.09), curve.sample(0.36)
        index = pre_stretch(curve.shortening_pct[:, :2], avo).mean(axis=-1)
        index = index + rebound_stretch(curve.shortening_pct[:, 2:], avo, avc).mean(axis=-1)
        assert float(index.mean()) == pytest.approx(expected[0], abs=0.1 * expected[0] + 0.05)
        assert float(np.percentile(index, 95)) == pytest.approx(expected[1], abs=0.1 * expected[1] + 0.05)


def test_the_printed_floor_is_that_of_the_table() -> None:
    curves = strain_phantom(dict.fromkeys(range(7, 13), 0.0))
    curves = dataclasses.replace(curves, noise_pct=np.ones(6))
    filtered = systolic_stretch_index(curves)
    raw = systolic_stretch_index(curves, harmonics=None, tolerance_pct=0.0)
    assert filtered.noise_floor == pytest.approx(0.4, abs=0.1)
    assert raw.noise_floor == pytest.approx(2.4, abs=0.3)
    assert "200 repeats" in filtered.noise_note
    assert filtered == systolic_stretch_index(curves)  # same seed, same floor


def test_synchronous_without_noise_is_zero() -> None:
    curves = strain_phantom(dict.fromkeys(range(7, 13), 0.0))
    assert systolic_stretch_index(curves, harmonics=None, tolerance_pct=0.0).value == 0.0
    # The half cosines of the phantom have corners; cutting harmonics rounds them by 0.02 %.
    assert systolic_stretch_index(curves).value == pytest.approx(0.0, abs=0.03)


def test_drift_does_not_ring_into_pre_stretch() -> None:
    curves = strain_phantom(dict.fromkeys(range(7, 13), 0.0))
    for drift in (4.0, -4.0):
        drifting = dataclasses.replace(curves, strain_pct=curves.strain_pct + drift * curves.time_s / curves.rr_s)
        smooth = smoothed(drifting).shortening_pct
        at = np.array([np.interp(drifting.time_s, smoothed(drifting).time_s, row) for row in smooth])
        assert np.abs(at - drifting.strain_pct).max() < 0.3


def test_lbbb_stretches_and_synchrony_does_not() -> None:
    sick = systolic_stretch_index(strain_phantom(LBBB_DELAYS_MS, coupling=0.4, events=LBBB_EVENTS))
    assert sick.value is not None
    assert sick.value > 3.0
    assert sick.segments == (11, 12, 8, 9)
    assert [value.verified for value in sick.published] == []  # no cut-off for circumferential strain


def test_cut_offs_follow_the_type_of_strain() -> None:
    longitudinal = systolic_stretch_index(hand_curves(), harmonics=None)
    radial = systolic_stretch_index(hand_curves("radial"), harmonics=None)
    assert [(value.threshold, value.verified) for value in longitudinal.published] == [(3.1, True)]
    assert [(value.threshold, value.verified) for value in radial.published] == [(9.7, False)]


def test_rebound_of_the_mid_and_of_the_four_chamber_septum() -> None:
    curves = hand_curves()
    mid = septal_rebound(curves, harmonics=None)
    view = septal_rebound(curves, four_chamber=True, harmonics=None)
    assert (mid.value, mid.segments) == (3.0, (8, 9))
    assert (view.value, view.segments) == (2.0, (9,))
    assert len(septal_rebound_indices(hand_curves("radial"))) == 1


def test_what_is_missing_is_absent_with_a_reason() -> None:
    curves = hand_curves()
    blind = dataclasses.replace(curves, events=CardiacEvents(avc_s=0.24))
    assert systolic_stretch_index(blind).absent == "needs AVO"
    assert septal_rebound(dataclasses.replace(curves, events=CardiacEvents())).absent == "needs AVO and AVC"
    septum = dataclasses.replace(curves, segments=(8, 9), strain_pct=curves.strain_pct[:2])
    absent = systolic_stretch_index(septum).absent
    assert absent is not None
    assert "lateral" in absent
    one = dataclasses.replace(curves, segments=(9, 12), strain_pct=curves.strain_pct[[1, 3]])
    index = systolic_stretch_index(one, harmonics=None, tolerance_pct=0.0)
    assert index.value == 4.0
    assert any("Without mid anteroseptal, mid inferolateral" in note for note in index.notes)
    assert "whole beat" in systolic_stretch_index(curves).variant  # not periodic: unfiltered, and it says so
