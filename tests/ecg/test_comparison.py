"""Verdicts of the comparison: named states are found, displaced electrodes are not taken for lost capture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.ecg.comparison import changes_between, compare_ecg
from resynchro.ecg.electrode_shift import displaced_by_dipole, displaced_by_neighbours, swapped_arms
from resynchro.ecg.measurement import measure_ecg
from resynchro.ecg.synthetic import synthetic_ecg
from resynchro.ecg.template import EcgTemplate, ecg_template, template_from_measurement
from resynchro.errors import InputError
from resynchro.formats.ecg_file import read_ecg

Make = Callable[..., EcgTemplate]


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        ("biventricular", "unchanged"),
        ("rv-only", "loss of LV capture likely"),
        ("lv-only", "loss of RV capture likely"),
        ("intrinsic", "unpaced"),
    ],
)
def test_every_state_is_recognised(
    make_template: Make, four_references: list[EcgTemplate], state: str, verdict: str
) -> None:
    found = compare_ecg(make_template(state, seed=77), four_references)
    assert found.verdict == verdict
    assert found.baseline == "biventricular"
    assert found.nearest.label == state
    assert found.reasons and str(round(found.nearest.correlation, 2)) in found.reasons[0]
    assert {c.name for c in found.changes} >= {"QRS duration", "frontal axis", "QRS area"}


def test_intrinsic_qrs_with_stimuli_is_pseudofusion(make_template: Make, four_references: list[EcgTemplate]) -> None:
    assert compare_ecg(make_template("intrinsic", paced="yes", seed=5), four_references).verdict == "pseudofusion"


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_fusion_lies_between_paced_and_intrinsic(
    make_template: Make, four_references: list[EcgTemplate], share: float
) -> None:
    paced, own = make_template("biventricular", seed=50), make_template("intrinsic", seed=51)
    signal = share * paced.zeroed_mv + (1 - share) * own.zeroed_mv
    beat = replace(paced.beat, signal_mv=signal)
    found = compare_ecg(ecg_template("reference", beat, paced.limits, paced="yes"), four_references)
    assert found.verdict == "fusion"
    assert found.fusion is not None and found.fusion.paced_fraction == pytest.approx(share, abs=0.1)


def test_one_reference_is_enough_for_the_rules(make_template: Make) -> None:
    reference = [make_template("biventricular")]
    assert compare_ecg(make_template("biventricular", seed=3), reference).verdict == "unchanged"
    lost = compare_ecg(make_template("rv-only", seed=3), reference)
    assert lost.verdict == "loss of LV capture likely"
    assert lost.ganiere is not None and lost.ganiere.change == "loss of LV capture"
    assert any("Ammann" in reason for reason in lost.reasons)
    silent = compare_ecg(make_template("rv-only", seed=3, paced="no evidence"), reference)
    assert silent.verdict == "changed, cause open"
    assert any("does not exclude pacing" in reason for reason in silent.reasons)


def test_unlabelled_pair_without_pacing(make_template: Make) -> None:
    reference = [make_template("intrinsic", label="reference")]
    same = compare_ecg(make_template("intrinsic", seed=9), reference)
    assert same.verdict == "unchanged" and same.ammann is None and same.ganiere is None
    assert compare_ecg(make_template("rv-only", seed=9), reference).verdict == "changed, cause open"


@settings(max_examples=25, deadline=None)
@given(
    left=st.floats(-2, 2),
    down=st.floats(-2, 2),
    state=st.sampled_from(["biventricular", "rv-only", "lv-only"]),
    seed=st.integers(0, 50),
)
def test_two_centimetres_of_displacement_are_not_lost_capture(
    make_template: Make, four_references: list[EcgTemplate], left: float, down: float, state: str, seed: int
) -> None:
    moved = make_template(
        state, seed=seed, change=lambda x: displaced_by_dipole(x, shift_left_cm=left, shift_down_cm=down)
    )
    found = compare_ecg(moved, [r for r in four_references if r.label == state])
    assert found.verdict in ("unchanged", "changed, cause open", "not assessable")
    assert "loss" not in found.verdict


def test_displacement_is_named_when_only_the_chest_leads_change(make_template: Make) -> None:
    shifted = make_template("lv-only", seed=4, change=lambda x: displaced_by_neighbours(x, shift_left_cm=4.0))
    found = compare_ecg(shifted, [make_template("lv-only", label="reference")])
    assert found.electrode_displacement_possible
    assert found.nearest.limb_correlation > 0.99 > 0.9 > found.nearest.precordial_correlation
    assert any("displace" in reason for reason in found.reasons)


def test_swapped_arms_are_named(make_template: Make, four_references: list[EcgTemplate]) -> None:
    for state in ("biventricular", "rv-only", "intrinsic"):
        found = compare_ecg(make_template(state, seed=6, change=swapped_arms), four_references)
        assert found.verdict == "not assessable", state
        assert "arm electrodes look swapped" in found.reasons[0]


def test_references_that_look_alike_are_not_told_apart(make_template: Make) -> None:
    references = [
        make_template("biventricular", label="biventricular"),
        make_template("biventricular", label="rv-only", seed=2),
    ]
    found = compare_ecg(make_template("biventricular", seed=3), references)
    assert found.verdict == "not assessable" and "too alike" in found.reasons[0]


def test_noise_and_contradicting_leads_are_not_assessed(make_template: Make) -> None:
    reference = [make_template("biventricular")]
    noisy = make_template("biventricular", noise_mv=1.0)
    assert compare_ecg(noisy, reference).verdict == "not assessable"
    untrusted = replace(make_template("biventricular"), voltages_trusted=False)
    found = compare_ecg(untrusted, reference)
    assert found.verdict == "not assessable" and "Einthoven" in found.reasons[0]


def test_changes_by_hand(make_template: Make) -> None:
    a = make_template("rv-only")
    b = replace(
        a,
        limits=replace(a.limits, end_ms=a.limits.end_ms + 30.0),
        axis_deg=None if a.axis_deg is None else a.axis_deg + 40.0,
        area=replace(a.area, x_uvs=a.area.x_uvs + 30.0, y_uvs=a.area.y_uvs + 40.0),
    )
    changes = {change.name: change for change in changes_between(a, b)}
    assert changes["QRS duration"].change == pytest.approx(30.0)
    # Half-widths of 8 ms each give 11.3 ms, less than the floor of 15.
    assert changes["QRS duration"].noise == 15.0 and changes["QRS duration"].is_beyond_noise
    assert changes["frontal axis"].change == pytest.approx(40.0)
    assert changes["area vector"].change == pytest.approx(50.0)  # 3-4-5 triangle
    same = {change.name: change for change in changes_between(a, a)}
    assert not any(change.is_beyond_noise for change in same.values())


def test_references_must_be_there_and_distinct(make_template: Make) -> None:
    one = make_template("biventricular")
    with pytest.raises(InputError, match="No reference"):
        compare_ecg(one, [])
    with pytest.raises(InputError, match="one of each label"):
        compare_ecg(one, [one, one])


def test_through_the_whole_measurement() -> None:
    """Record, measure, compare: the way the command goes."""
    records = {
        state: synthetic_ecg(kind=kind, rng=np.random.default_rng(seed)).record
        for seed, (state, kind) in enumerate(
            {"biventricular": "biventricular-paced", "rv-only": "rv-paced", "intrinsic": "lbbb"}.items()
        )
    }
    references = [
        template_from_measurement(measure_ecg(record), label=state)  # type: ignore[arg-type]
        for state, record in records.items()
    ]
    again = synthetic_ecg(kind="rv-paced", rng=np.random.default_rng(99)).record
    follow_up = template_from_measurement(measure_ecg(again), label="reference")
    assert compare_ecg(follow_up, references).verdict == "loss of LV capture likely"
    with pytest.raises(InputError, match="beat cluster 9"):
        template_from_measurement(measure_ecg(again), cluster=9)


def test_paced_and_intrinsic_beats_of_one_recording(shared_data: Callable[[str], Path]) -> None:
    """LUDB 95 changes between paced and intrinsic beats: a loss of capture inside one recording."""
    measurement = measure_ecg(read_ecg(shared_data("ecg/ludb/data") / "95.hea", uv_per_count=1.0))
    big = [k for k, cluster in enumerate(measurement.clusters) if len(cluster.times_s) >= 4]
    first, second = (template_from_measurement(measurement, cluster=k) for k in big[:2])
    found = compare_ecg(second, [first])
    assert found.verdict == "changed, cause open"
    assert found.nearest.correlation < 0.8
    own = compare_ecg(second, [replace(first, label="biventricular"), replace(second, label="intrinsic")])
    assert own.verdict in ("unpaced", "pseudofusion")


@pytest.mark.parametrize("number", [1, 51, 23, 13])
def test_two_halves_of_a_real_record_are_unchanged(shared_data: Callable[[str], Path], number: int) -> None:
    record = read_ecg(shared_data("ecg/ludb/data") / f"{number}.hea", uv_per_count=1.0)
    halves = [
        template_from_measurement(measure_ecg(replace(record, signal_mv=np.ascontiguousarray(part))))
        for part in np.array_split(record.signal_mv, 2, axis=1)
    ]
    found = compare_ecg(halves[1], [halves[0]])
    assert found.verdict == "unchanged"
    assert found.nearest.correlation > 0.95
