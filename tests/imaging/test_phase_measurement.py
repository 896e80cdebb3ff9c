"""Phase analysis of phantoms with known phases: samples, and slices stored in any orientation."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from resynchro.errors import InputError, MeasurementError
from resynchro.imaging.spect.lv_axis import find_lv_axis
from resynchro.imaging.spect.phase_measurement import PhaseMeasurement, measure_phase
from resynchro.imaging.spect.phase_summary import phase_indices, phase_summary
from resynchro.imaging.spect.polar_sampling import even_rays, map_radius, polar_counts, sample_segments
from resynchro.imaging.spect.slice_orientation import display_orientation
from resynchro.imaging.spect.spect_phantom import PhantomVentricle, sample_phantom, sample_places, spect_phantom
from resynchro.record.gated_spect import GatedSpect

#: A left bundle branch block: septum early, lateral wall late, the inferolateral wall latest [deg].
LBBB = {1: 0, 7: 0, 13: 0, 17: 0, 15: 0, 2: -30, 3: -30, 8: -30, 9: -30, 14: -30, 4: 10, 10: 10}
LBBB |= {5: 40, 11: 45, 6: 30, 12: 30, 16: 30}


@pytest.fixture(scope="module")
def lbbb() -> GatedSpect:
    """Return slices without noise, 16 gates, 29 slices of 40 x 40 pixels of 5 mm."""
    return spect_phantom({key: 150.0 + value for key, value in LBBB.items()}, pixel_mm=5.0, size=40)


@pytest.fixture(scope="module")
def measured(lbbb: GatedSpect) -> PhaseMeasurement:
    return measure_phase(lbbb)


def _errors(m: PhaseMeasurement, truth: Mapping[int, float]) -> dict[int, float]:
    """Return delay found less delay prescribed, both against the mean over the segments that have one."""
    keys = sorted(m.segments)
    weight = np.array([m.segments[key].samples for key in keys])
    true = np.array([truth[key] for key in keys], dtype=float)
    found = np.array([m.segments[key].delay_deg for key in keys])
    off = found - true
    return dict(zip(keys, off - np.average(off, weights=weight), strict=True))


def _codes(m: PhaseMeasurement) -> set[str]:
    """Return the codes of the warnings; without noise the highest harmonics are empty, which looks like smoothing."""
    return {finding.code for finding in m.warnings} - {"gates-smoothed"}


# ---------------------------------------------------------------- samples


def test_two_modes_sixty_degrees_apart() -> None:
    """Reference: PSD 30.8 +- 1, bandwidth 82 +- 4 (sqrt(30^2 + 6.75^2), 60 + 2 x 1.645 x 6.75)."""
    level, _ = sample_places()
    phase = np.where(np.arange(len(level)) % 2, 100.0, 160.0)
    found = [
        measure_phase(sample_phantom(phase, 0.15, noise=0.05, gates=16, rng=np.random.default_rng(seed))).unweighted
        for seed in range(3)
    ]
    assert np.mean([one.sd_deg for one in found]) == pytest.approx(30.8, abs=1.0)
    assert np.mean([one.bandwidth_deg for one in found]) == pytest.approx(82.0, abs=4.0)


def test_akinetic_samples_decide_the_unweighted_spread_and_not_the_weighted() -> None:
    """Reference: 20 % akinetic, PSD 37.6 and BW 187 unweighted, 13.5 weighted."""
    angle = sample_places()[1]
    amplitude = np.where(angle < np.percentile(angle, 20.0), 0.01, 0.10)
    found = [
        measure_phase(sample_phantom(90.0, amplitude, noise=0.05, gates=16, rng=np.random.default_rng(seed)))
        for seed in range(4)
    ]
    assert np.mean([one.unweighted.sd_deg for one in found]) == pytest.approx(37.6, rel=0.10)
    assert np.mean([one.unweighted.bandwidth_deg for one in found]) == pytest.approx(187.0, rel=0.10)
    assert max(one.weighted.sd_deg for one in found) <= 15.0
    assert all("at-the-noise-floor" in {finding.code for finding in one.warnings} for one in found)


def test_a_segment_that_hardly_moves_has_no_phase() -> None:
    segment = sample_segments(*sample_places())
    amplitude = np.where(segment == 5, 0.001, 0.10)
    m = measure_phase(sample_phantom(90.0, amplitude, noise=0.05, gates=16, rng=np.random.default_rng(1)))
    assert "hardly any thickening" in m.delay.absent[5] and 5 not in m.delay.values
    assert set(m.segments) == set(range(1, 18)) - {5}


def test_errors_of_segments_are_the_scatter_of_repeats() -> None:
    # 39 to 65 independent samples of A1 0.1, noise 0.05: 0.05/0.1 sqrt(2/16)/sqrt(42) = 1.56 deg.
    repeats = [
        measure_phase(sample_phantom(0.0, 0.1, noise=0.05, gates=16, rng=np.random.default_rng(seed)))
        for seed in range(25)
    ]
    scatter = np.std([[m.segments[key].delay_deg for key in range(1, 17)] for m in repeats], axis=0, ddof=1).mean()
    told = np.mean([[m.segments[key].error_deg for key in range(1, 17)] for m in repeats])
    assert scatter == pytest.approx(told, rel=0.15)
    assert repeats[0].segments[1].error_deg == pytest.approx(math.degrees(0.5 * math.sqrt(2 / 16 / 42)), rel=0.2)


def test_a_synchronous_ventricle_without_noise_has_no_spread_and_no_latest_segment() -> None:
    m = measure_phase(sample_phantom(123.0, 0.1, noise=0.0, gates=8, rng=np.random.default_rng(1)))
    assert (m.weighted.sd_deg, m.weighted.bandwidth_deg) == pytest.approx((0.0, 0.0), abs=1e-5)
    assert m.noise.floor_deg == pytest.approx(0.0, abs=1e-5)


def test_same_input_same_result_and_the_beat_gives_milliseconds() -> None:
    polar = sample_phantom(0.0, 0.1, noise=0.05, gates=8, rng=np.random.default_rng(1))
    one, other = measure_phase(polar, rr_ms=1200.0), measure_phase(polar, rr_ms=1200.0)
    assert phase_summary(one) == phase_summary(other)
    assert one.delay_ms is not None
    for key, value in one.delay.values.items():
        assert one.delay_ms.values[key] == pytest.approx(12.0 * value)  # 1 % of 1200 ms
    assert measure_phase(replace(polar, rr_s=None)).delay_ms is None


def test_gates_that_miss_the_end_of_the_beat_are_refused() -> None:
    polar = sample_phantom(0.0, 0.1, noise=0.05, gates=8, rng=np.random.default_rng(1))
    with pytest.raises(MeasurementError, match="cover 85 % of the beat"):
        measure_phase(replace(polar, coverage=0.85))
    with pytest.raises(MeasurementError, match="viability limit"):
        measure_phase(polar, viable_pct=95.0)


# ---------------------------------------------------------------- slices


def test_the_axis_is_found(lbbb: GatedSpect) -> None:
    axis = find_lv_axis(lbbb)
    # Drawn: centre of 40 pixels 19.5; valve plane 20 mm from the first edge: slice 3.5; apex 85 mm on: slice 20.5.
    assert axis.row == pytest.approx(np.full(27, 19.5), abs=0.15)
    assert axis.column == pytest.approx(np.full(27, 19.5), abs=0.15)
    assert axis.base_slice == pytest.approx(3.5, abs=0.5)
    assert axis.apex_slice == pytest.approx(20.5, abs=1.0)
    assert axis.radius_mm[10] == pytest.approx(28.0, abs=3.0)


def test_phases_of_the_segments_are_recovered(measured: PhaseMeasurement) -> None:
    """Blur mixes neighbours up to 45 degrees apart: delays come out some 10 % too small, in the right order."""
    errors = _errors(measured, LBBB)
    assert max(abs(value) for value in errors.values()) < 7.0
    assert math.sqrt(np.mean([value**2 for value in errors.values()])) < 3.5
    assert measured.latest == 11 and measured.latest_free_wall == 11
    true = [LBBB[key] for key in sorted(measured.segments)]
    found = [measured.segments[key].delay_deg for key in sorted(measured.segments)]
    assert np.corrcoef(true, found)[0, 1] > 0.998
    assert np.polyfit(true, found, 1)[0] == pytest.approx(0.9, abs=0.05)
    assert measured.noise.floor_deg < 1.0
    assert _codes(measured) == set()


def test_sixteen_and_eight_gates_agree(measured: PhaseMeasurement) -> None:
    eight = measure_phase(
        spect_phantom({key: 150.0 + value for key, value in LBBB.items()}, pixel_mm=5.0, size=40, gates=8)
    )
    for key, one in measured.segments.items():
        assert eight.segments[key].delay_deg == pytest.approx(one.delay_deg, abs=1.5)
    assert eight.weighted.sd_deg == pytest.approx(measured.weighted.sd_deg, abs=1.0)


@pytest.mark.parametrize(
    ("orientation", "reverse"),
    [
        ("AS", True),
        ("IS", False),
        ("AL", True),
        ("IL", False),
        ("SA", True),
        ("SI", False),
        ("LA", True),
        ("LI", False),
    ],
)
def test_delays_are_the_same_however_the_slices_are_stored(
    lbbb: GatedSpect, measured: PhaseMeasurement, orientation: str, reverse: bool
) -> None:
    """All flips and the transposition, told by name or by the geometry of the file, slices from either end."""
    counts = lbbb.counts
    assert lbbb.geometry is not None and lbbb.slice_step_mm is not None
    g, size = lbbb.geometry, counts.shape[2] - 1
    row, column, origin = g.row_direction, g.column_direction, g.origin_mm
    if orientation[0] in "SL":  # the top of the image is what was its left
        counts, row, column = counts.transpose(0, 1, 3, 2), column, row
    if orientation[0] in "IL":
        counts, row, origin = counts[:, :, ::-1], -row, origin + size * 5.0 * row
    if orientation[1] in "LI":
        counts, column, origin = counts[:, :, :, ::-1], -column, origin + size * 5.0 * column
    step, last = lbbb.slice_step_mm, counts.shape[1] - 1
    if reverse:
        counts, origin, step = counts[:, ::-1], origin + last * step, -step
    stored = replace(
        lbbb,
        counts=np.ascontiguousarray(counts),
        geometry=replace(g, row_direction=row, column_direction=column, origin_mm=origin),
        slice_step_mm=step,
        apex_end=None,
    )
    for given in (orientation, "patient"):
        m = measure_phase(stored, orientation=given)  # type: ignore[arg-type]
        assert _codes(m) == set()
        for key, one in measured.segments.items():
            assert m.segments[key].delay_deg == pytest.approx(one.delay_deg, abs=0.2), (given, key)
    if orientation != "AS":
        assert _codes(measure_phase(stored)) == {"orientation-contradicts"}


def test_a_scar_is_not_viable_and_the_septal_base_and_liver_do_not_move_the_axis() -> None:
    spect = spect_phantom(
        {key: 150.0 + value for key, value in LBBB.items()},
        uptake={5: 0.2, 11: 0.2, 16: 0.3},
        ventricle=PhantomVentricle(liver=1.3, septum_short_mm=12.0),
        pixel_mm=5.0,
        size=40,
        counts=60.0,
        filter_fwhm_mm=8.0,
        rng=np.random.default_rng(2),
    )
    m = measure_phase(spect)
    assert m.axis is not None
    assert (m.axis.row[10], m.axis.column[10]) == pytest.approx((19.5, 19.5), abs=0.6)
    assert {5, 11} <= set(m.delay.absent) and all("not viable" in m.delay.absent[key] for key in (5, 11))
    assert m.perfusion.values[11] < 50.0 < m.perfusion.values[8]
    assert m.latest in (6, 12)
    # Noise alone scatters a segment by 3 to 4 degrees here (error_deg), and blur mixes what lies beside the scar.
    assert max(abs(value) for value in _errors(m, LBBB).values()) < 12.0


def test_an_apical_scar_keeps_the_length_of_the_ventricle() -> None:
    spect = spect_phantom({}, uptake={17: 0.2, 13: 0.3, 14: 0.3, 15: 0.4, 16: 0.4}, pixel_mm=5.0, size=40)
    axis = find_lv_axis(spect)
    assert axis.apex_slice == pytest.approx(20.5, abs=2.0)
    assert [finding.code for finding in axis.findings] == ["apex-without-counts"]


def test_corrections_by_hand_are_taken(lbbb: GatedSpect) -> None:
    axis = find_lv_axis(lbbb, centre=(19.0, 20.0), base_slice=5.0, apex_slice=19.0)
    assert (axis.base_slice, axis.apex_slice) == (5.0, 19.0)
    turned = find_lv_axis(lbbb, apex_end="first")
    assert turned.base_slice > turned.apex_slice
    assert [finding.code for finding in turned.findings][:1] == ["apex-end-contradicts"]


def test_what_is_no_ventricle_is_refused(lbbb: GatedSpect) -> None:
    flat = replace(lbbb, counts=np.full_like(lbbb.counts, 10.0))
    with pytest.raises(MeasurementError, match="no ring of the left ventricle"):
        measure_phase(flat)
    with pytest.raises(MeasurementError, match="mm long"):
        measure_phase(lbbb, base_slice=15.0)
    with pytest.raises(MeasurementError, match="outside of the slices"):
        measure_phase(lbbb, centre=(99.0, 3.0))
    with pytest.raises(MeasurementError, match="no oblique slice geometry"):
        measure_phase(replace(lbbb, geometry=None, slice_step_mm=None), orientation="patient")
    with pytest.raises(InputError, match="random generator"):
        spect_phantom({}, counts=10.0)


def test_a_last_gate_with_fewer_counts_is_noticed(lbbb: GatedSpect) -> None:
    counts = lbbb.counts.copy()
    counts[-1] *= 0.8
    assert "gate-drop-off" in {finding.code for finding in measure_phase(replace(lbbb, counts=counts)).warnings}


def test_samples_cover_the_wall_evenly(lbbb: GatedSpect) -> None:
    rays = even_rays(85.0, lambda depth: np.full(np.shape(depth), 28.0))
    assert 760 <= len(rays.level) <= 840
    assert np.linalg.norm(rays.direction, axis=1) == pytest.approx(1.0)
    # The cylinder is 57 of 85 mm: 2 pi 28 57 of 2 pi 28 (57 + 28) mm2 of wall, a share of 0.671.
    assert (rays.direction[:, 0] == 0.0).mean() == pytest.approx(57.0 / 85.0, abs=0.03)
    assert map_radius(np.array([0.0, 0.94 / 3, 0.94, 1.0])) == pytest.approx([1.0, 0.75, 0.25, 0.0])
    axis = find_lv_axis(lbbb)
    polar = polar_counts(lbbb, axis, display_orientation(lbbb, "AS", towards_apex=1))
    assert len(np.unique(sample_segments(polar.level, polar.angle_deg))) == 17
    assert not polar.counts.flags.writeable


# ---------------------------------------------------------------- summary


def test_the_indices_carry_floor_variant_and_published_values(measured: PhaseMeasurement) -> None:
    indices = {index.key: index for index in phase_indices(measured)}
    sd = indices["phase_sd_deg"]
    assert sd.value == measured.weighted.sd_deg and sd.noise_floor == measured.noise.floor_deg
    assert sd.variant == "weighted by amplitude squared" and sd.n_segments == 17
    assert any(not value.verified for value in sd.published) and any(value.verified for value in sd.published)
    assert indices["phase_sd_unweighted_deg"].variant == "unweighted"
    # The vendors' skewness and kurtosis are another statistic: none of their cut-offs stands beside ours.
    for key in ("phase_skewness", "phase_kurtosis"):
        assert indices[key].published == () and "another statistic" in indices[key].notes[0]


def test_the_summary_is_plain_and_says_why_values_are_absent(lbbb: GatedSpect) -> None:
    m = measure_phase(replace(lbbb, rr_s=None), viable_pct=88.0)
    summary = json.loads(json.dumps(phase_summary(m), allow_nan=False))
    assert summary["rr_ms"] is None and len(summary["segments"]) == 17
    absent = [entry for entry in summary["segments"] if entry["delay_deg"] is None]
    assert all(entry["absent"] for entry in absent)
