"""Time to peak and the indices made from it: tables of the noise floors, windows, exclusions, known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.errors import MeasurementError
from resynchro.imaging.strain.delay_indices import delay_indices, expected_range
from resynchro.imaging.strain.regional_volumes import sdi_volume
from resynchro.imaging.strain.segment_delay import segment_delays
from resynchro.imaging.strain.strain_phantom import shortening_course, strain_phantom
from resynchro.imaging.strain.time_to_peak import segment_peaks, times_to_peak, window_words
from resynchro.imaging.strain.timing_indices import NOT_TISSUE_DOPPLER, peak_indices
from resynchro.imaging.strain.timing_noise import synchronous_curves
from resynchro.record.index_value import IndexValue
from resynchro.record.strain import CardiacEvents, SegmentCurves

RR_S = 0.9
SIXTEEN = dict.fromkeys(range(1, 17), 0.0)


def _indices(curves: SegmentCurves) -> dict[str, IndexValue]:
    return {index.key: index for index in peak_indices(curves, np.random.default_rng(0))}


@pytest.mark.parametrize(
    ("peak_pct", "sigma_pct", "sd_ms", "range_ms"),
    [(18.0, 1.0, 12.5, 42.0), (18.0, 2.0, 24.1, 80.0), (8.0, 1.0, 26.2, 87.0), (8.0, 2.0, 41.7, 136.0)],
)
def test_noise_floors_of_the_reference_table(peak_pct: float, sigma_pct: float, sd_ms: float, range_ms: float) -> None:
    clean = -peak_pct * shortening_course(np.arange(30) * 30.0)
    draws = clean + np.random.default_rng(5).normal(0.0, sigma_pct, (500, 12, 30))
    times_ms = 1000.0 * times_to_peak(draws, RR_S)[0]
    assert times_ms.std(axis=-1, ddof=1).mean() == pytest.approx(sd_ms, rel=0.10)
    assert np.ptp(times_ms, axis=-1).mean() == pytest.approx(range_ms, rel=0.10)


@settings(deadline=None, max_examples=30)
@given(at_ms=st.floats(150.0, 700.0), frames=st.integers(20, 60), scale=st.floats(0.5, 20.0), offset=st.floats(-9, 9))
def test_a_cosine_peaks_where_it_does(at_ms: float, frames: int, scale: float, offset: float) -> None:
    curve = offset - scale * np.cos(2.0 * np.pi * (np.arange(frames) / frames - at_ms / 900.0))
    time_s, peak = times_to_peak(curve, RR_S)
    assert 1000.0 * float(time_s) == pytest.approx(at_ms, abs=0.01)
    assert float(peak) == pytest.approx(offset - scale, abs=1e-3 * scale)
    assert 1000.0 * float(times_to_peak(-curve, RR_S, maximum=True)[0]) == pytest.approx(at_ms, abs=0.01)


def test_a_window_keeps_later_peaks_out() -> None:
    curve = -np.cos(2.0 * np.pi * (np.arange(30) / 30 - 0.5))  # minimum at 450 ms
    time_s, _ = times_to_peak(curve, RR_S, limits_s=(0.09, 0.36))
    assert float(time_s) == pytest.approx(0.360, abs=1e-9)
    with pytest.raises(MeasurementError, match="too short"):
        times_to_peak(curve, RR_S, limits_s=(0.100, 0.101))


def test_windows_need_their_events() -> None:
    nothing = CardiacEvents()
    assert window_words("cycle", nothing, RR_S) == "QRS onset to the next QRS (0 to 900 ms)"
    assert window_words("systole", nothing, RR_S) == "needs AVC"
    assert window_words("ejection", nothing, RR_S) == "needs AVO and AVC"
    assert window_words("ejection", CardiacEvents(avo_s=0.09, avc_s=0.36), RR_S) == "AVO to AVC (90 to 360 ms)"
    with pytest.raises(MeasurementError, match="needs AVC"):
        segment_peaks(strain_phantom(SIXTEEN, events=nothing), "systole")


def test_weak_segments_are_excluded_with_the_reason() -> None:
    curves = strain_phantom(SIXTEEN, peak_pct={**dict.fromkeys(range(1, 17), 15.0), 5: 2.0})
    peaks = {peak.segment: peak for peak in segment_peaks(curves)}
    assert peaks[5].time_ms is None
    assert "contracts by 2.0 % only, less than 3.0 %" in str(peaks[5].reason)
    assert peaks[6].time_ms == pytest.approx(360.0, abs=6.0)  # six harmonics round the corner at 360 ms
    noisy = replace(curves, noise_pct=np.full(16, 6.0))  # 3 sigma = 18 %
    assert all(peak.time_ms is None for peak in segment_peaks(noisy))


def test_radial_strain_peaks_upwards() -> None:
    down, up = strain_phantom(SIXTEEN), strain_phantom(SIXTEEN, strain_type="radial")
    for one, other in zip(segment_peaks(down), segment_peaks(up), strict=True):
        assert other.time_ms == pytest.approx(one.time_ms)
        assert other.peak_pct == pytest.approx(-one.peak_pct)


@pytest.mark.parametrize("strain_type", ["longitudinal", "circumferential", "radial"])
def test_a_synchronous_ventricle_scores_nothing(strain_type: str) -> None:
    curves = strain_phantom(SIXTEEN, strain_type=strain_type)  # type: ignore[arg-type]
    found = _indices(curves)
    for key, index in found.items():
        assert index.value == pytest.approx(0.0, abs=1e-6), key
        assert index.noise_floor == pytest.approx(0.0, abs=1e-6), key
    assert ("radial_as_post_delay_ms" in found) == (strain_type == "radial")
    assert ("mechanical_dispersion_ms" in found) == (strain_type == "longitudinal")
    delays = segment_delays(curves)
    assert all(abs(delay.delay_ms or 0.0) < 1e-6 for delay in delays)
    for index in delay_indices(curves, delays, None):
        assert index.value == pytest.approx(0.0, abs=1e-6)


def test_prescribed_delays_come_back_by_hand() -> None:
    # Twelve segments, odd ones 0 and even ones 60 ms (2 frames: exact): SD = 30 sqrt(12/11) = 31.33, range 60;
    # segment 3 is early and 6 late: +60; 8 late, 11 early: -60.
    delays = {segment: 60.0 * (segment % 2 == 0) for segment in range(1, 13)}
    found = _indices(strain_phantom(delays, strain_type="longitudinal"))
    assert found["ts_sd_strain_ms"].value == pytest.approx(30.0 * np.sqrt(12.0 / 11.0), abs=0.01)
    assert found["ts_diff_12_strain_ms"].value == pytest.approx(60.0, abs=0.01)
    assert found["pvd_strain_ms"].value == pytest.approx(60.0, abs=0.01)
    assert found["ts_4_basal_strain_ms"].value == pytest.approx(60.0, abs=0.01)
    assert found["elsd_ms"].value == pytest.approx(60.0, abs=0.01)
    assert found["septal_to_lateral_delay_ms"].value == pytest.approx(60.0, abs=0.01)
    assert found["septal_to_posterior_delay_ms"].value == pytest.approx(-60.0, abs=0.01)
    radial = _indices(strain_phantom(delays, strain_type="radial"))
    assert radial["radial_as_post_delay_ms"].value == pytest.approx(-60.0, abs=0.01)
    assert NOT_TISSUE_DOPPLER in found["ts_sd_strain_ms"].notes
    assert found["ts_sd_strain_ms"].window == "QRS onset to the next QRS (0 to 900 ms)"
    assert found["ts_sd_strain_ms"].n_segments == 12


def test_too_few_segments_leave_an_index_absent() -> None:
    found = _indices(strain_phantom(dict.fromkeys(range(7, 13), 0.0)))  # one mid ring only
    assert found["ts_sd_strain_ms"].value is None
    assert "6 of at least 9 segments usable" in str(found["ts_sd_strain_ms"].absent)
    assert "basal anterior is missing" in str(found["ts_sd_strain_ms"].absent)
    assert found["septal_to_lateral_delay_ms"].absent is not None
    assert found["septal_to_posterior_delay_ms"].value == pytest.approx(0.0, abs=1e-6)


def test_the_floor_of_an_examination_is_that_of_the_table() -> None:
    # The same experiment as the table's, seen from one noisy examination of 12 segments.
    rng = np.random.default_rng(6)
    curves = strain_phantom(dict.fromkeys(range(1, 13), 0.0), peak_pct=18.0, noise_pct=1.0, rng=rng)
    floor = _indices(curves)["ts_sd_strain_ms"].noise_floor
    assert floor == pytest.approx(12.5, rel=0.15)  # the shape is estimated from one noisy draw
    spread = delay_indices(curves, segment_delays(curves), None)[0]
    assert spread.noise_floor == pytest.approx(3.2, rel=0.10)


def test_the_floor_does_not_see_true_delays() -> None:
    delays = {segment: 100.0 * (segment in (5, 6, 11, 12)) for segment in range(1, 13)}
    late = strain_phantom(delays)
    np.testing.assert_allclose(
        synchronous_curves(late).argmin(axis=1), synchronous_curves(late).argmin(axis=1)[0], atol=0
    )
    noisy = strain_phantom(delays, noise_pct=1.0, rng=np.random.default_rng(7))
    found = _indices(noisy)["ts_sd_strain_ms"]
    assert found.value is not None and found.noise_floor is not None
    assert found.value > 40.0 > 20.0 > found.noise_floor


def test_without_a_known_noise_there_is_no_floor() -> None:
    curves = replace(strain_phantom(SIXTEEN), noise_pct=None)
    for index in (*_indices(curves).values(), *delay_indices(curves, segment_delays(curves), None)):
        assert index.noise_floor is None
        assert "noise unknown" in index.noise_note


def test_expected_range_of_normal_numbers() -> None:
    assert expected_range(5) == pytest.approx(2.326, abs=1e-3)  # tables of quality control, d2
    assert expected_range(16) == pytest.approx(3.532, abs=1e-3)


def test_lateral_minus_septal_by_hand() -> None:
    delays = {segment: 80.0 * (segment in (5, 6, 11, 12, 16)) for segment in range(1, 17)}
    curves = strain_phantom(delays)
    wall = delay_indices(curves, segment_delays(curves), None)[2]
    assert wall.key == "xcorr_lateral_septal_ms"
    assert wall.value == pytest.approx(80.0, abs=0.2)
    assert wall.n_segments == 10


def _volumes(minimum_at: list[float]) -> np.ndarray:
    turn = 2.0 * np.pi * (np.arange(40)[None, :] / 40.0 - np.array(minimum_at)[:, None])
    return 10.0 - 3.0 * np.cos(turn)


def test_all_volumes_least_at_40_pct_of_rr_are_synchronous() -> None:
    """An open tool reports 20 here, because it counts 16 zeros among the times."""
    index = sdi_volume(_volumes([0.40] * 16), 1.0, range(1, 17))
    assert index.value == pytest.approx(0.0, abs=1e-6)
    assert [share for _, share in index.per_segment] == pytest.approx([40.0] * 16, abs=0.01)


def test_sdi_volume_by_hand_and_its_refusals() -> None:
    # eight at 35 %, eight at 45 %: sample SD = 5 sqrt(16/15) = 5.164 %
    index = sdi_volume(_volumes([0.35] * 8 + [0.45] * 8), 1.0, range(1, 17))
    assert index.value == pytest.approx(5.0 * np.sqrt(16.0 / 15.0), abs=0.01)
    still = _volumes([0.40] * 16)
    still[:6] = 10.0
    assert "10 of at least 12" in str(sdi_volume(still, 1.0, range(1, 17)).absent)
    with pytest.raises(MeasurementError, match="positive"):
        sdi_volume(-still, 1.0, range(1, 17))
    with pytest.raises(MeasurementError, match="as many rows"):
        sdi_volume(still, 1.0, range(1, 18))


@settings(deadline=None, max_examples=10)
@given(scale=st.floats(0.5, 2.0), seed=st.integers(0, 100))
def test_timing_does_not_depend_on_scale_and_order(scale: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    delays = {segment: float(delay) for segment, delay in zip(range(1, 17), rng.uniform(0, 100, 16), strict=True)}
    curves = strain_phantom(delays, strain_type="longitudinal")
    order = rng.permutation(16)
    other = replace(
        curves,
        strain_pct=scale * curves.strain_pct[order],
        segments=tuple(curves.segments[row] for row in order),
        noise_pct=np.zeros(16),
    )
    for one, two in zip(_indices(curves).values(), _indices(other).values(), strict=True):
        assert two.value == pytest.approx(one.value, abs=1e-6), one.key


def test_a_beat_that_does_not_close_is_not_timed() -> None:
    curves = strain_phantom(SIXTEEN, strain_type="longitudinal")
    drifting = curves.strain_pct.copy()
    drifting[4] += 30.0 * curves.time_s / RR_S  # segment 5 ends 29 % off, its excursion is 18 % + drift
    other = replace(curves, strain_pct=drifting)
    peaks = {peak.segment: peak for peak in segment_peaks(other)}
    delays = {delay.segment: delay for delay in segment_delays(other)}
    assert peaks[5].time_ms is None and delays[5].delay_ms is None
    assert str(peaks[5].reason) == str(delays[5].reason) == "ends +29.0 % from where it began: drift, not motion"
    # nor does it move the others: it is left out of the reference
    assert all(abs(delay.delay_ms or 0.0) < 1e-6 for segment, delay in delays.items() if segment != 5)
