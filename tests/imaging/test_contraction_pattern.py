"""Classical LBBB contraction and the regional strain pattern index."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from resynchro.imaging.strain.contraction_pattern import (
    classical_contraction_index,
    contraction_signs,
    strain_pattern_score,
)
from resynchro.imaging.strain.strain_phantom import strain_phantom
from resynchro.record.segments import segment_name, wall_of
from resynchro.record.strain import CardiacEvents, SegmentCurves

EVENTS = CardiacEvents(mvc_s=0.04, avo_s=0.10, avc_s=0.40, mvo_s=0.50, origin="given")
TIME_S = np.arange(60) * 0.015


def bump(depth_pct: float, centre_s: float, width_s: float) -> NDArray[np.float64]:
    """Return a smooth deflection, 0 at time 0 to better than 0.1 %."""
    return np.asarray(depth_pct * np.exp(-0.5 * ((TIME_S - centre_s) / width_s) ** 2))


EARLY_WALL = bump(-9.0, 0.13, 0.045) + bump(-2.0, 0.35, 0.08)
LATE_WALL = bump(4.0, 0.10, 0.035) + bump(-16.0, 0.47, 0.09)


def study(early: tuple[str, ...], late: tuple[str, ...]) -> SegmentCurves:
    """Return 18 segments; those whose name holds a word contract early or late, the others synchronously."""
    curves = strain_phantom(dict.fromkeys(range(1, 19), 0.0), model="aha18", frames=60, strain_type="longitudinal")
    strain = np.array(curves.strain_pct)
    for row, segment in enumerate(curves.segments):
        wall = segment_name(segment, "aha18").split()[1]
        if wall in early or wall in late:
            strain[row] = EARLY_WALL if wall in early else LATE_WALL
    return dataclasses.replace(curves, strain_pct=strain - strain[:, :1], events=EVENTS, noise_pct=np.full(18, 0.3))


def test_signs_of_an_early_and_a_late_wall() -> None:
    early = contraction_signs(TIME_S, EARLY_WALL - EARLY_WALL[0], avo_s=0.10, avc_s=0.40, tolerance_pct=1.0)
    late = contraction_signs(TIME_S, LATE_WALL - LATE_WALL[0], avo_s=0.10, avc_s=0.40, tolerance_pct=1.0)
    assert (early.early_shortening, early.early_stretch, early.early_peak, early.late_peak) == (
        True,
        False,
        True,
        False,
    )
    assert (late.early_shortening, late.early_stretch, late.early_peak, late.late_peak) == (False, True, False, True)


def test_peak_hardly_deeper_than_at_avc_is_not_late() -> None:
    curve = bump(-15.0, 0.415, 0.12)  # peaks 15 ms after AVC, 0.1 % deeper than there
    signs = contraction_signs(TIME_S, curve - curve[0], avo_s=0.10, avc_s=0.40, tolerance_pct=1.0)
    assert not signs.late_peak


def test_classical_contraction_needs_both_walls() -> None:
    both = study(("inferoseptal",), ("anterolateral",))
    assert classical_contraction_index(both).flag is True
    assert "basal inferoseptal, mid inferoseptal" in classical_contraction_index(both).notes[0]
    assert classical_contraction_index(study(("inferoseptal",), ())).flag is False
    assert classical_contraction_index(study((), ("anterolateral",))).flag is False
    assert classical_contraction_index(study((), ())).flag is False
    assert "present in 0.0 %" in classical_contraction_index(study((), ())).noise_note


def test_score_counts_four_signs_per_view() -> None:
    assert strain_pattern_score(study((), ())).value == 0.0
    four_chamber = strain_pattern_score(study(("inferoseptal",), ("anterolateral",)))
    assert four_chamber.value == 4.0
    assert "4CH 4 of 4, APLAX 0 of 4, 2CH 0 of 4" in four_chamber.notes[0]
    # Late walls alone give pre-stretch and late peak, and by contrast make the other wall the earlier one.
    late_only = strain_pattern_score(study((), ("inferolateral",)))
    assert late_only.value == 3.0
    every = strain_pattern_score(
        study(("inferoseptal", "anteroseptal", "inferior"), ("anterolateral", "inferolateral", "anterior"))
    )
    assert every.value == 12.0
    assert every.n_segments == 12
    assert [value.threshold for value in every.published if value.role == "cutoff"] == [7.0]


def test_what_is_missing_is_absent_with_a_reason() -> None:
    curves = study((), ())
    assert "trusted AVC" in (
        classical_contraction_index(
            dataclasses.replace(curves, events=dataclasses.replace(EVENTS, origin="unknown"))
        ).absent
        or ""
    )
    assert strain_pattern_score(dataclasses.replace(curves, events=CardiacEvents())).absent == "needs AVO and AVC"
    circumferential = dataclasses.replace(curves, strain_type="circumferential")
    assert "longitudinal" in (strain_pattern_score(circumferential).absent or "")
    kept = [row for row, segment in enumerate(curves.segments) if wall_of(segment, "aha18") != "inferior"]
    fewer = dataclasses.replace(
        curves,
        segments=tuple(curves.segments[row] for row in kept),
        strain_pct=curves.strain_pct[kept],
        noise_pct=np.full(len(kept), 0.3),
    )
    assert "without basal inferior, mid inferior" in (strain_pattern_score(fewer).absent or "")
    septum = dataclasses.replace(curves, segments=(8, 9), strain_pct=curves.strain_pct[7:9], noise_pct=None)
    assert "lateral wall" in (classical_contraction_index(septum).absent or "")
