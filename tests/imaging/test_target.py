"""The target: the latest viable segment of the free wall, its probability, and the reasons against the others."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from resynchro.errors import InputError, MeasurementError
from resynchro.imaging.target.segment_timing_draws import SegmentTiming, phase_timing, strain_timing
from resynchro.imaging.target.target import Target, find_target
from resynchro.imaging.target.veins import vein_coverage
from resynchro.record.scar import ScarMap, SegmentScar
from resynchro.record.segment_map import SegmentMap
from resynchro.record.segments import FREE_WALL, segments_of
from resynchro.record.strain import CardiacEvents, SegmentCurves
from resynchro.record.veins import VeinBranch, VeinTree

RR_S, FRAMES = 0.9, 30
#: Prescribed delays [ms]: the septum early, segment 11 latest, 5 and 12 next.
DELAYS_MS = {
    1: 20,
    2: 0,
    3: 10,
    4: 40,
    5: 70,
    6: 50,
    7: 20,
    8: 0,
    9: 10,
    10: 50,
    11: 90,
    12: 60,
    13: 10,
    14: 0,
    15: 30,
    16: 60,
}


def shape(time_ms: np.ndarray) -> np.ndarray:
    """Shortening of a segment: half-cosine up from 30 to 360 ms, half-cosine down to 610 ms."""
    up = (1.0 - np.cos(np.pi * (time_ms - 30.0) / 330.0)) / 2.0
    down = (1.0 + np.cos(np.pi * (time_ms - 360.0) / 250.0)) / 2.0
    return np.where((time_ms >= 30) & (time_ms < 360), up, np.where((time_ms >= 360) & (time_ms < 610), down, 0.0))


def curves(
    delays_ms: dict[int, float] | None = None,
    *,
    noise_pct: float = 0.0,
    peaks_pct: dict[int, float] | None = None,
    seed: int = 0,
    told_noise: float | None = 1.0,
    **changes: object,
) -> SegmentCurves:
    delays = DELAYS_MS if delays_ms is None else delays_ms
    time_s = np.arange(FRAMES) * RR_S / FRAMES
    strain = np.array(
        [-(peaks_pct or {}).get(s, 15.0) * shape((1000.0 * time_s - delay) % 900.0) for s, delay in delays.items()]
    )
    strain = strain + noise_pct * np.random.default_rng(seed).normal(size=strain.shape)
    found = SegmentCurves(
        time_s=time_s,
        rr_s=RR_S,
        segments=tuple(delays),
        model="aha17",
        strain_pct=strain - strain[:, :1],
        strain_type="circumferential",
        kind="lagrangian",
        events=CardiacEvents(),
        modality="cmr",
        engine="made here",
        noise_pct=None if told_noise is None else np.full(len(delays), told_noise),
        periodic=True,
    )
    return dataclasses.replace(found, **changes)  # type: ignore[arg-type]


def timing(**how: object) -> SegmentTiming:
    return strain_timing([curves(**how)], draws=200)  # type: ignore[arg-type]


def scar(**transmurality: float) -> ScarMap:
    return ScarMap(
        model="aha17",
        segments={int(key[1:]): SegmentScar(transmurality_mean_pct=value) for key, value in transmurality.items()},
        method="as given",
        source="made here",
    )


def test_the_latest_segment_of_the_free_wall_is_the_target() -> None:
    target = find_target(timing())
    assert (target.segment, target.verdict) == (11, "clear")
    first = target.of(11)
    assert first.rank == 1 and first.probability is not None and first.probability > 0.9
    # Delays count from the mean of all segments (prescribed mean 32.5 ms): 90 - 32.5, inflated by no coupling here.
    assert first.delay_ms == pytest.approx(57.5, abs=4.0)
    assert first.delay_pct_rr == pytest.approx((first.delay_ms or 0.0) / 9.0)
    assert first.delay_low_ms is not None and first.delay_low_ms < (first.delay_ms or 0.0) < (
        first.delay_high_ms or 0.0
    )
    assert sum(entry.probability or 0.0 for entry in target.segments) + target.none_share == pytest.approx(1.0)
    assert sorted(entry.segment for entry in target.segments) == list(segments_of("aha17"))


def test_every_segment_that_is_no_target_says_why() -> None:
    target = find_target(timing())
    for entry in target.segments:
        assert (entry.rank is None) == bool(entry.exclusions)
        assert (entry.probability is None) == (entry.rank is None)
    assert target.of(2).exclusions == ("septal",)
    assert target.of(15).exclusions == ("apical",)
    assert target.of(17).exclusions == ("apical", "not seen in any view or slice")
    assert {entry.segment for entry in target.segments if entry.rank} == set(FREE_WALL)
    assert find_target(timing(), include_apical=True).of(16).rank is not None


def test_scar_moves_the_target_to_the_next_segment() -> None:
    target = find_target(timing(), scar=scar(s11=80.0, s5=30.0))
    assert target.segment == 5
    assert target.of(11).exclusions == ("scar of 80 % of the wall (limit 50 %)",)
    assert find_target(timing(), scar=scar(s11=80.0), transmurality_limit_pct=90.0).segment == 11
    # a segment that the map does not hold is not taken for healthy
    assert "scar unknown" in target.of(10).flags and "scar unknown" not in target.of(5).flags


def test_the_spread_of_the_threshold_rules_is_part_of_the_probability() -> None:
    unsure = ScarMap(
        model="aha17",
        segments={11: SegmentScar(transmurality_mean_pct=45.0, low_pct=0.0, high_pct=100.0)},
        method="fwhm_remote",
        source="made here",
    )
    target = find_target(timing(), scar=unsure)
    # Normal around 45 with SD 100/4 = 25: P(> 50) = P(z > 0.2) = 0.42.
    assert target.of(11).excluded_share == pytest.approx(0.42, abs=0.08)
    assert target.of(11).probability == pytest.approx(0.58, abs=0.1)
    assert any("threshold rules" in flag for flag in target.of(11).flags)


def test_uptake_excludes_only_where_there_is_no_scar_map() -> None:
    uptake = SegmentMap(name="uptake", unit="%", method="made here", model="aha17", values={11: 30.0})
    assert "uptake 30 %" in find_target(timing(), perfusion=uptake).of(11).exclusions[0]
    assert find_target(timing(), perfusion=uptake, scar=scar(s11=10.0)).segment == 11


def test_a_segment_that_hardly_moves_or_runs_against_the_others_is_not_late() -> None:
    still = find_target(timing(peaks_pct={11: 1.0}))
    assert still.segment == 5
    assert "moves too little: 1.0 % circumferential" in still.of(11).exclusions[0]
    stretched = find_target(timing(peaks_pct={11: -15.0}))
    assert stretched.segment == 5
    assert still.of(11).delay_ms is None


def test_radial_strain_of_ten_percent_is_too_little() -> None:
    radial = curves(peaks_pct={11: -9.0} | {s: -30.0 for s in DELAYS_MS if s != 11}, strain_type="radial")
    target = find_target(strain_timing([radial], draws=100))
    assert "at least 10.0 % needed" in target.of(11).exclusions[0]


def test_no_segment_stands_out_when_all_are_alike() -> None:
    target = find_target(timing(delays_ms=dict.fromkeys(DELAYS_MS, 0.0), noise_pct=2.0, told_noise=2.0))
    assert target.segment is None
    assert target.verdict == "no segment stands out"
    assert target.leading is not None and target.sentence.startswith("No segment stands out")


def test_no_segment_qualifies_when_all_are_scarred() -> None:
    target = find_target(timing(), scar=scar(**{f"s{segment}": 90.0 for segment in FREE_WALL}))
    assert (target.segment, target.leading, target.verdict) == (None, None, "no segment qualifies")
    assert target.none_share == 1.0


def test_the_probability_is_as_often_right_as_it_says() -> None:
    # 40 rings with the noise that is told: mean top probability and share of right answers within 0.15 of each other.
    chance = np.random.default_rng(1)
    told, right = [], []
    for number in range(40):
        delays = {segment: float(chance.uniform(0.0, 80.0)) for segment in range(1, 13)}
        truth = max(FREE_WALL, key=lambda segment, known=delays: known[segment])
        noisy = curves(delays, noise_pct=2.0, told_noise=2.0, seed=number)
        target = find_target(strain_timing([noisy], draws=200, seed=number))
        assert target.leading is not None
        told.append(target.of(target.leading).probability or 0.0)
        right.append(target.leading == truth)
    assert np.mean(told) == pytest.approx(np.mean(right), abs=0.15)
    assert np.mean(right) > 0.6


def test_two_beats_that_disagree_share_the_probability() -> None:
    other = DELAYS_MS | {11: 60, 12: 90}
    target = find_target(strain_timing([curves(), curves(other)], draws=400))
    assert target.of(11).probability == pytest.approx(0.5, abs=0.1)
    assert target.of(12).probability == pytest.approx(0.5, abs=0.1)
    assert "2 sets of curves" in target.timing


def test_eighteen_segments_become_seventeen() -> None:
    delays = dict.fromkeys(range(1, 19), 10.0) | {5: 60.0, 11: 90.0, 17: 100.0, 18: 100.0}
    found = strain_timing([curves(delays, model="aha18")], draws=50)
    assert found.segments == tuple(range(1, 18))
    best = dict(zip(found.segments, found.best_ms, strict=True))
    assert best[16] > best[11] > best[5] > best[1]  # apical lateral holds the two apical lateral segments


def test_an_export_that_hides_its_noise_is_given_one_percent() -> None:
    found = find_target(timing(told_noise=None))
    assert "noise 1.0 % per frame (assumed" in found.timing


def test_same_seed_same_target() -> None:
    assert find_target(timing(), seed=3) == find_target(timing(), seed=3)


def test_curves_without_the_free_wall_or_without_the_whole_beat_are_refused() -> None:
    with pytest.raises(MeasurementError, match="free wall"):
        find_target(timing(delays_ms={2: 0.0, 3: 5.0, 8: 0.0, 9: 10.0}))
    with pytest.raises(MeasurementError, match="whole beat"):
        timing(periodic=False)
    with pytest.raises(MeasurementError, match="at least 3"):
        timing(delays_ms={5: 0.0, 11: 5.0})
    with pytest.raises(MeasurementError, match="no strain curves"):
        strain_timing([])
    with pytest.raises(MeasurementError, match="18 segments"):
        find_target(timing(), scar=dataclasses.replace(scar(s11=1.0), model="aha18"))


def table(**reaches: tuple[int, ...]) -> VeinTree:
    branches = tuple(VeinBranch(name=name, segments=segments) for name, segments in reaches.items())
    return VeinTree(branches=branches, file="made here", sha256="0")


def test_a_target_without_a_vein_names_the_best_segment_with_one() -> None:
    target: Target = find_target(timing(), veins=vein_coverage(table(anterior=(1, 7), posterior=(4, 5))))
    assert target.segment == 11
    assert target.reachable is not None
    assert (target.reachable.segment, target.reachable.instead_of, target.reachable.branches) == (5, 11, ("posterior",))
    assert [(item.branches, item.segment) for item in target.along_veins] == [(("anterior",), 1), (("posterior",), 5)]
    assert "No vein reaches it; the best segment with one is 5" in target.sentence
    reached = find_target(timing(), veins=vein_coverage(table(lateral=(11,))))
    assert reached.reachable is None and "Reached by: lateral" in reached.sentence


def test_an_excluded_segment_names_its_best_reachable_neighbour() -> None:
    target = find_target(timing(), scar=scar(s11=90.0), veins=vein_coverage(table(posterolateral=(5, 10))))
    (beside,) = target.beside_excluded
    assert (beside.instead_of, beside.segment) == (11, 5)


def test_phases_of_spect_give_a_target_too() -> None:
    phase = {segment: 3.6 * delay for segment, delay in DELAYS_MS.items()}  # 1 % of a beat of 1 s is 3.6 deg and 10 ms
    phase = {segment: value / 10.0 for segment, value in phase.items()}
    found = phase_timing(phase, dict.fromkeys(phase, 2.0), 1.0, words="phase")
    best = dict(zip(found.segments, found.best_ms, strict=True))
    assert best[11] - best[2] == pytest.approx(90.0, abs=1e-6)
    assert find_target(found).segment == 11
    gone = phase_timing(
        {s: phase[s] for s in (5, 6, 11)}, dict.fromkeys((5, 6, 11), 2.0), 1.0, words="p", absent={4: "no uptake"}
    )
    assert find_target(gone).of(4).exclusions == ("no uptake",)
    assert find_target(gone).of(10).exclusions == ("not seen in any view or slice",)
    # phases near the end of the beat are not taken for early ones
    turned = phase_timing({s: (p + 350.0) % 360.0 for s, p in phase.items()}, dict.fromkeys(phase, 2.0), 1.0, words="p")
    np.testing.assert_allclose(turned.best_ms, found.best_ms, atol=1e-6)


def test_a_lead_outside_of_the_model_is_an_input_error() -> None:
    from resynchro.imaging.target.lead_concordance import lead_concordance

    assert lead_concordance(11, 11).word == "concordant"
    assert lead_concordance(5, 11).word == "adjacent"
    far = lead_concordance(7, 11)
    assert (far.word, far.steps, far.ring_steps) == ("remote", 2, 2)
    assert "remote" in far.sentence
    with pytest.raises(InputError):
        lead_concordance(18, 11)


def test_a_source_that_cannot_time_a_segment_does_not_move_its_delay() -> None:
    alone = strain_timing([curves()], draws=50)
    weak = curves(peaks_pct={11: -15.0})  # segment 11 is stretched in the second beat: best match far away
    both = strain_timing([curves(), weak], draws=50)
    at = alone.segments.index(11)
    assert both.timed[at]
    # The mean curve of the second beat differs a little, so the delay may differ by that, not by half a beat.
    assert both.best_ms[at] == pytest.approx(alone.best_ms[at])
