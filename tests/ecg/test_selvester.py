"""The Strauss-Selvester score: table totals, single criteria by hand, known faults of other programs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.ecg.lead_waves import LeadWaves, Notch, Wave
from resynchro.ecg.representative import QrsLimits, RepresentativeBeat
from resynchro.ecg.selvester import SelvesterScore, selvester_score
from resynchro.ecg.selvester_criterion import parse_criterion
from resynchro.ecg.selvester_measures import selvester_measures
from resynchro.ecg.selvester_points import SelvesterType, SelvesterVariant, selvester_rows
from resynchro.ecg.selvester_type import selvester_type
from resynchro.record.ecg import LEADS

SCORED = ("I", "II", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
VERSIONS: tuple[SelvesterType, ...] = ("no confounder", "LBBB", "RBBB", "LAFB", "RBBB+LAFB", "LVH")
ONSET_MS = 100.0
_SIGN = {"Q": -1.0, "R": 1.0, "S": -1.0, "R'": 1.0, "S'": -1.0, "QS": -1.0}

#: Size [mV] and duration [ms] of the waves of one lead, in order of time.
Shape = Mapping[str, tuple[float, float]]


def lead_waves(lead: str, shape: Shape, notches: tuple[Notch, ...] = ()) -> LeadWaves:
    waves, start = [], ONSET_MS
    for name, (size_mv, duration_ms) in shape.items():
        waves.append(
            Wave(
                name=name,
                onset_ms=start,
                peak_ms=start + duration_ms / 2.0,
                end_ms=start + duration_ms,
                amplitude_mv=_SIGN[name] * size_mv,
            )
        )
        start += duration_ms
    return LeadWaves(
        lead=lead,
        waves=tuple(waves),
        label="",
        notches=notches,
        r_peak_time_ms=None,
        qrs_onset_ms=ONSET_MS,
        qrs_end_ms=start,
    )


def flat_beat() -> RepresentativeBeat:
    return RepresentativeBeat(
        signal_mv=np.zeros((12, 300)),
        sampling_rate_hz=500.0,
        kind="intrinsic",
        n_beats=8,
        noise_mv=np.zeros(12),
    )


def qrs_limits(qrs_ms: float) -> QrsLimits:
    end_ms = ONSET_MS + qrs_ms
    return QrsLimits(
        onset_ms=ONSET_MS,
        end_ms=end_ms,
        onset_interval_ms=(ONSET_MS, ONSET_MS),
        end_interval_ms=(end_ms, end_ms),
        duration_interval_ms=(qrs_ms, qrs_ms),
        lead_onset_ms=np.full(12, ONSET_MS),
        lead_end_ms=np.full(12, end_ms),
    )


#: A lead without any point in every version but the ones tested by name: no Q, tall R, small S.
HEALTHY: dict[str, Shape] = {
    "I": {"R": (1.0, 50.0)},
    "II": {"R": (1.0, 50.0)},
    "aVL": {"R": (0.6, 50.0)},
    "aVF": {"R": (0.8, 50.0)},
    "V1": {"R": (0.15, 18.0), "S": (1.0, 50.0)},
    "V2": {"R": (0.25, 19.0), "S": (1.4, 50.0)},
    "V3": {"R": (0.9, 35.0), "S": (0.8, 40.0)},
    "V4": {"R": (1.4, 40.0), "S": (0.4, 30.0)},
    "V5": {"R": (1.3, 45.0), "S": (0.2, 30.0)},
    "V6": {"R": (1.1, 45.0), "S": (0.1, 20.0)},
}


def score(
    changes: Mapping[str, Shape] | None = None,
    *,
    notches: Mapping[str, tuple[Notch, ...]] | None = None,
    beat: RepresentativeBeat | None = None,
    qrs_ms: float = 90.0,
    **options: object,
) -> SelvesterScore:
    shapes = {**HEALTHY, **(changes or {})}
    given_options: dict[str, object] = {
        "sex": "male",
        "age_years": 55.0,
        "conduction": "normal",
        "axis_deg": 40.0,
        "paced": False,
        "heart_rate_bpm": 70.0,
        "p_wave_mv": {"V1": 0.05, "V2": 0.05, "aVF": 0.1},
        **options,
    }
    waves = [lead_waves(lead, shape, (notches or {}).get(lead, ())) for lead, shape in shapes.items()]
    return selvester_score(waves, beat=beat or flat_beat(), limits=qrs_limits(qrs_ms), **given_options)  # type: ignore[arg-type]


def box(result: SelvesterScore, name: str) -> int:
    return sum(row.points for row in result.lead_points if row.box == name)


def notch(time_ms: float) -> Notch:
    return Notch(
        kind="notch",
        start_ms=ONSET_MS + time_ms - 4.0,
        time_ms=ONSET_MS + time_ms,
        end_ms=ONSET_MS + time_ms + 4.0,
        depth_mv=0.1,
    )


def _maxima(version: SelvesterType) -> dict[str, int]:
    """Largest points per box, counted from the rows and not by the code under test."""
    best: dict[tuple[str, str], int] = {}
    for row in selvester_rows(version):
        best[row.box, row.group] = max(best.get((row.box, row.group), 0), row.points)
    return {name: sum(p for (b, _), p in best.items() if b == name) for name in dict.fromkeys(b for b, _ in best)}


def test_table_without_confounder_holds_32_points() -> None:
    # Published box maxima: I 2, II 2, aVL 2, aVF 5, V1 1 + 4, V2 1 + 4, V3 2, V4 3, V5 3, V6 3.
    assert list(_maxima("no confounder").values()) == [2, 2, 2, 5, 1, 4, 1, 4, 2, 3, 3, 3]
    assert sum(_maxima("no confounder").values()) == 32


def test_table_for_left_bundle_branch_block_holds_33_points_and_45_criteria() -> None:
    assert list(_maxima("LBBB").values()) == [3, 3, 4, 3, 6, 6, 4, 4]
    assert sum(_maxima("LBBB").values()) == 33
    # Every alternative of every row is one criterion of the form.
    assert sum(len(parse_criterion(row.criterion)) for row in selvester_rows("LBBB")) == 45


@pytest.mark.parametrize("version", VERSIONS)
def test_rows_are_readable_and_stand_together(version: SelvesterType) -> None:
    rows = selvester_rows(version)
    names = {"Q", "R", "S", "initial R", "notch", "R/Q", "R/S", "R/R'", "S/S'"}
    for row in rows:
        assert row.lead in LEADS
        for alternative in parse_criterion(row.criterion):
            for condition in alternative:
                assert condition.name in names
                assert condition.relation == "present" or condition.threshold > 0.0
                assert (condition.unit == "") == ("/" in condition.name or condition.relation == "present")
    keys = [key for key, _ in groupby(rows, key=lambda row: (row.box, row.group))]
    assert len(keys) == len(set(keys))


def test_the_maximum_can_be_reached() -> None:
    # QS everywhere in the limb leads and V3-V6: I 2, II 2, aVL 2, aVF 5, V3 2, V4 3, V5 3, V6 3 = 22.
    scar: dict[str, Shape] = {lead: {"QS": (1.0, 60.0)} for lead in ("I", "II", "aVL", "aVF", "V3", "V4", "V5", "V6")}
    # V1, V2: q of 0.05 mV (anterior 1 each), R of 60 ms with a small S (posterior 1 + 2 + 1 each) = 10.
    for lead in ("V1", "V2"):
        scar[lead] = {"Q": (0.05, 10.0), "R": (1.0, 60.0), "S": (0.05, 10.0)}
    result = score(scar)
    assert result.conduction_type == "no confounder"
    assert result.points == result.max_points == 32
    assert result.lv_scar_pct == 96.0


def test_a_healthy_heart_has_no_points() -> None:
    result = score()
    assert result.points == 0
    assert result.lv_scar_pct == 0.0
    assert result.applicable
    assert result.reason is None
    assert result.points_range is None
    assert not result.not_scored


@pytest.mark.parametrize(
    ("lead", "shape", "name", "points"),
    [
        ("I", {"Q": (0.1, 30.0), "R": (1.0, 50.0)}, "I", 1),
        ("I", {"Q": (0.1, 29.0), "R": (1.0, 50.0)}, "I", 0),
        ("I", {"Q": (0.5, 20.0), "R": (0.5, 50.0)}, "I", 1),  # R/Q = 1
        ("I", {"R": (0.2, 50.0)}, "I", 1),  # R 0.2 mV
        ("II", {"Q": (0.1, 40.0), "R": (1.0, 50.0)}, "II", 2),
        ("aVL", {"Q": (0.7, 30.0), "R": (0.6, 50.0)}, "aVL", 2),  # 30 ms and R/Q 0.86
        ("aVF", {"Q": (0.5, 45.0), "R": (0.8, 50.0)}, "aVF", 3),  # 40 ms: 2, R/Q 1.6: 1
        ("aVF", {"Q": (0.8, 50.0), "R": (0.8, 50.0)}, "aVF", 5),
        ("V1", {"QS": (1.0, 60.0)}, "V1 anterior", 1),
        ("V1", {"R": (0.7, 30.0), "S": (1.0, 50.0)}, "V1 posterior", 1),
        ("V1", {"R": (1.0, 40.0), "S": (1.0, 50.0)}, "V1 posterior", 3),  # R/S 1: 1, R 1.0 mV: 2
        ("V2", {"R": (0.1, 20.0), "S": (1.4, 50.0)}, "V2 anterior", 1),
        ("V2", {"R": (1.6, 30.0), "S": (1.3, 50.0)}, "V2 posterior", 1),  # 1.5 mV: 1, R/S 1.23: 0
        ("V3", {"R": (0.5, 20.0), "S": (0.8, 50.0)}, "V3", 1),
        ("V3", {"R": (0.5, 10.0), "S": (0.8, 50.0)}, "V3", 2),
        ("V4", {"R": (0.7, 30.0), "S": (1.4, 50.0)}, "V4", 2),  # R/S 0.5
        ("V4", {"R": (1.4, 30.0), "S": (1.4, 50.0)}, "V4", 1),
        ("V4", {"Q": (0.1, 20.0), "R": (1.4, 30.0)}, "V4", 1),
        ("V5", {"R": (1.2, 30.0), "S": (0.6, 50.0)}, "V5", 1),  # R/S 2
        ("V6", {"R": (0.6, 40.0)}, "V6", 1),
        ("V6", {"R": (1.2, 40.0), "S": (0.4, 30.0)}, "V6", 1),  # R/S 3
        # Laterally the larger of R and R', of S and S', counts: R 1.2 mV is no loss; R/S' 1.2/0.5 = 2.4 is.
        ("V6", {"R": (0.3, 20.0), "S": (0.1, 10.0), "R'": (1.2, 40.0)}, "V6", 0),
        ("V6", {"R": (1.2, 40.0), "S": (0.1, 10.0), "R'": (0.2, 10.0), "S'": (0.5, 30.0)}, "V6", 1),
        # In V1 to V3 the first R counts, here one of 0.1 mV in V2.
        ("V2", {"R": (0.1, 15.0), "S": (1.4, 50.0), "R'": (0.4, 20.0)}, "V2 anterior", 1),
    ],
)
def test_single_criteria_by_hand(lead: str, shape: Shape, name: str, points: int) -> None:
    result = score({lead: shape})
    assert box(result, name) == points
    assert result.points == points


def test_notch_counts_only_in_the_first_40_ms_and_slurs_never() -> None:
    assert box(score(notches={"V4": (notch(40.0),)}), "V4") == 1
    assert box(score(notches={"V4": (notch(42.0),)}), "V4") == 0
    slur = dataclasses.replace(notch(30.0), kind="slur", depth_mv=0.0)
    assert box(score(notches={"V4": (slur,)}), "V4") == 0


def test_absent_waves_give_no_ratio_points() -> None:
    # No Q: R/Q is infinite. No S: R/S is infinite in V4-V6, and without meaning in V1 and V2 by default.
    pure: dict[str, Shape] = {lead: {"R": (1.2, 35.0)} for lead in ("I", "II", "aVL", "aVF", "V3", "V4", "V5", "V6")}
    assert score(pure).points == 0
    pure_v1: dict[str, Shape] = {"V1": {"R": (0.5, 35.0)}}
    # V1 posterior: Q and S both at most 0.2 mV: 1; R 35 ms and 0.5 mV: 0.
    assert box(score(pure_v1), "V1 posterior") == 1
    assert box(score(pure_v1, variant=SelvesterVariant(pure_r_scores=True)), "V1 posterior") == 2


def test_variants_of_the_sources() -> None:
    v2: dict[str, Shape] = {"V2": {"R": (1.4, 30.0), "S": (1.2, 50.0)}}  # R/S 1.17
    assert box(score(v2), "V2 posterior") == 0
    assert box(score(v2, variant=SelvesterVariant(v2_r_over_s=1.0)), "V2 posterior") == 1
    # rsR' with a short r and no Q.
    v1: dict[str, Shape] = {"V1": {"R": (0.1, 15.0), "S": (0.5, 30.0), "R'": (0.8, 50.0)}}
    rbbb = {"conduction": "rbbb", "qrs_ms": 140.0}
    assert box(score(v1, **rbbb), "V1 anterior") == 0  # type: ignore[arg-type]
    joined = SelvesterVariant(rbbb_v1_joined_by="or")
    assert box(score(v1, variant=joined, **rbbb), "V1 anterior") == 1  # type: ignore[arg-type]


def test_adjustment_for_age_and_sex() -> None:
    # V6, R <= 0.6 mV. Man of 35: 0.6 * 1.20 = 0.72. Woman of 75: 0.6 * (1 - 0.20 - 0.10) = 0.42.
    def v6(r_mv: float, **person: object) -> int:
        return box(score({"V6": {"R": (r_mv, 40.0)}}, **person), "V6")  # type: ignore[arg-type]

    assert v6(0.71, age_years=35.0) == 1
    assert v6(0.73, age_years=35.0) == 0
    assert v6(0.41, age_years=75.0, sex="female") == 1
    assert v6(0.43, age_years=75.0, sex="female") == 0
    # Below 20 years as at 20: 0.6 * 1.35 = 0.81.
    assert v6(0.80, age_years=15.0) == 1
    assert v6(0.82, age_years=15.0) == 0
    # Durations: a woman's Q of 27 ms in I meets 0.9 * 30, whatever her age.
    q27: dict[str, Shape] = {"I": {"Q": (0.1, 27.0), "R": (1.0, 50.0)}}
    assert box(score(q27, sex="female", age_years=90.0), "I") == 1
    assert box(score(q27, sex="male", age_years=90.0), "I") == 0
    # The adjusted limit is shown.
    row = next(r for r in score(q27, sex="female").lead_points if r.box == "I" and r.points)
    assert (row.value, row.threshold, row.unit) == (27.0, pytest.approx(27.0), "ms")


def test_unknown_sex_and_age_give_a_range_and_a_caveat() -> None:
    # V6 R 0.5 mV: the limit is 0.6 unadjusted, 0.36 to 0.69 over sex and ages 30-80.
    result = score({"V6": {"R": (0.5, 40.0)}}, sex=None, age_years=None)
    assert result.points == 1
    assert result.points_range == (0, 1)
    assert any("sex and age" in caveat for caveat in result.caveats)


@settings(deadline=None, max_examples=30)
@given(age=st.floats(20.0, 90.0), size=st.floats(0.05, 2.0))
def test_scaling_amplitudes_equals_ageing_back(age: float, size: float) -> None:
    # A man of any age with amplitudes times (1 + (55 - age)/100) scores like one of 55: ratios do not scale.
    shapes: dict[str, Shape] = {
        lead: {"Q": (0.3 * size, 25.0), "R": (size, 35.0), "S": (0.6 * size, 30.0)} for lead in SCORED
    }
    factor = 1.0 + (55.0 - age) / 100.0
    scaled: dict[str, Shape] = {
        lead: {name: (factor * size_mv, ms) for name, (size_mv, ms) in shape.items()} for lead, shape in shapes.items()
    }
    common = {"conduction": "rbbb", "qrs_ms": 150.0}
    assert score(shapes, age_years=55.0, **common).points == score(scaled, age_years=age, **common).points  # type: ignore[arg-type]


def test_paced_and_fast_rhythms_are_refused() -> None:
    for options, word in (({"paced": True}, "paced"), ({"heart_rate_bpm": 150.0}, "150")):
        result = score(**options)  # type: ignore[arg-type]
        assert not result.applicable
        assert result.points is None
        assert result.lv_scar_pct is None
        assert result.reason is not None
        assert word in result.reason
    assert score(heart_rate_bpm=149.0).applicable


def test_every_score_says_that_its_table_is_unverified() -> None:
    for result in (score(), score(paced=True), score(conduction="lbbb", qrs_ms=160.0)):
        assert "unverified against Strauss & Selvester 2009 and Loring 2011" in result.caveats[0]
    assert any("Åkerlund 2015" in caveat for caveat in score(conduction="lbbb", qrs_ms=160.0).caveats)


@pytest.mark.parametrize(
    ("conduction", "qrs_ms", "axis_deg", "sex", "expected"),
    [
        ("lbbb", 140.0, 0.0, "male", "LBBB"),
        ("lbbb", 139.0, 0.0, "male", "no confounder"),
        ("lbbb", 130.0, 0.0, "female", "LBBB"),
        ("lbbb", 135.0, -60.0, "male", "LAFB"),
        ("rbbb", 140.0, -45.0, "male", "RBBB+LAFB"),
        ("rbbb", 140.0, -150.0, "male", "RBBB+LAFB"),
        ("rbbb", 140.0, -44.0, "male", "RBBB"),
        ("rbbb", 140.0, 180.0, "male", "RBBB"),
        ("normal", 101.0, -45.0, "male", "LAFB"),
        ("normal", 100.0, -45.0, "male", "no confounder"),
        ("normal", 101.0, None, "male", "no confounder"),
        ("ivcd", 130.0, 0.0, "male", "no confounder"),
    ],
)
def test_order_of_versions(conduction: str, qrs_ms: float, axis_deg: float | None, sex: str, expected: str) -> None:
    assert score(conduction=conduction, qrs_ms=qrs_ms, axis_deg=axis_deg, sex=sex).conduction_type == expected


@pytest.mark.parametrize(
    ("changes", "sex", "expected"),
    [
        ({"V1": {"S": (2.2, 50.0)}}, "male", True),  # Sokolow 2.2 + 1.3 = 3.5
        ({"V1": {"S": (2.1, 50.0)}}, "male", False),
        ({"V6": {"R": (2.6, 50.0)}}, "male", True),
        ({"aVL": {"R": (1.3, 50.0)}}, "male", False),  # Cornell 1.3 + 0.8 = 2.1
        ({"aVL": {"R": (1.3, 50.0)}}, "female", True),
    ],
)
def test_hypertrophy(changes: dict[str, Shape], sex: str, expected: bool) -> None:
    waves = [lead_waves(lead, shape) for lead, shape in {**HEALTHY, **changes}.items()]
    version, _ = selvester_type(waves, conduction="normal", qrs_ms=95.0, axis_deg=30.0, sex=sex)  # type: ignore[arg-type]
    assert (version == "LVH") is expected


def test_changed_boxes_of_the_other_versions() -> None:
    # aVL: a Q of 30-39 ms counts without confounder only.
    avl: dict[str, Shape] = {"aVL": {"Q": (0.1, 35.0), "R": (0.6, 50.0)}}
    assert box(score(avl), "aVL") == 1
    assert box(score(avl, qrs_ms=110.0, axis_deg=-60.0), "aVL") == 0
    # V1 with a Q before an R counts everywhere, a QS not in LAFB and LVH.
    qs: dict[str, Shape] = {"V1": {"QS": (1.0, 60.0)}}
    assert box(score(qs), "V1 anterior") == 1
    assert box(score(qs, qrs_ms=110.0, axis_deg=-60.0), "V1 anterior") == 0
    hypertrophy: dict[str, Shape] = {**qs, "V6": {"R": (2.7, 45.0)}}
    lvh = score(hypertrophy)
    assert lvh.conduction_type == "LVH"
    assert box(lvh, "V1 anterior") == 0
    assert any("QS in V1-V3" in caveat for caveat in lvh.caveats)
    # V5, V6 in LAFB: R/S limits 1.5 and 2 instead of 2 and 3 (public code wrote V5's change to V4).
    v56: dict[str, Shape] = {
        "V5": {"R": (1.2, 40.0), "S": (0.7, 40.0)},
        "V6": {"R": (1.2, 40.0), "S": (0.5, 40.0)},
    }
    assert (box(score(v56), "V5"), box(score(v56), "V6")) == (1, 1)
    lafb = score(v56, qrs_ms=110.0, axis_deg=-60.0)
    assert (box(lafb, "V5"), box(lafb, "V6"), box(lafb, "V4")) == (0, 0, 0)


def test_initial_r_in_right_bundle_branch_block() -> None:
    block = {"conduction": "rbbb", "qrs_ms": 150.0}
    # rsR': r of 50 ms counts 1, of 60 ms 2; the tall late R' never counts.
    for duration_ms, points in ((40.0, 0), (50.0, 1), (60.0, 2)):
        shape: Shape = {"R": (0.4, duration_ms), "S": (0.5, 30.0), "R'": (2.0, 60.0)}
        assert box(score({"V1": shape}, **block), "V1 posterior") == points  # type: ignore[arg-type]
    # Q of 50 ms in V1: 2. The 1-point row can be reached (a public program compares it with 50 ms): qR has no
    # initial R.
    assert box(score({"V1": {"Q": (0.2, 50.0), "R": (1.0, 60.0)}}, **block), "V1 anterior") == 2  # type: ignore[arg-type]
    assert box(score({"V1": {"Q": (0.2, 20.0), "R": (1.0, 60.0)}}, **block), "V1 anterior") == 1  # type: ignore[arg-type]
    # A smooth pure R hides the initial R: the boxes are named, not scored.
    smooth = score({"V1": {"R": (1.5, 110.0)}}, **block)  # type: ignore[arg-type]
    assert {"V1 anterior", "V1 posterior"} <= {skipped.box for skipped in smooth.not_scored}
    assert box(smooth, "V1 posterior") == 0


def test_right_atrial_overload_voids_the_posterior_points() -> None:
    posterior: dict[str, Shape] = {"V1": {"R": (1.2, 50.0), "S": (0.5, 30.0)}}
    assert box(score(posterior), "V1 posterior") == 3
    voided = score(posterior, p_wave_mv={"V1": 0.1})
    assert box(voided, "V1 posterior") == 0
    assert [skipped.box for skipped in voided.not_scored] == ["V1 posterior", "V2 posterior"]
    assert box(score(posterior, p_wave_mv={"aVF": 0.17}), "V1 posterior") == 3
    assert any("no P waves were given" in caveat for caveat in score(posterior, p_wave_mv=None).caveats)


# Left bundle branch block --------------------------------------------------------------------------------

BLOCK: dict[str, object] = {"conduction": "lbbb", "qrs_ms": 160.0}
#: Textbook block without scar: rS in V1 and V2, tall R laterally.
LBBB_SHAPES: dict[str, Shape] = {
    **HEALTHY,
    "I": {"R": (1.0, 150.0)},
    "aVL": {"R": (1.0, 150.0)},
    "V1": {"R": (0.1, 15.0), "S": (2.0, 120.0)},
    "V2": {"R": (0.2, 15.0), "S": (2.5, 120.0)},
    "V5": {"R": (1.5, 140.0)},
    "V6": {"R": (1.5, 140.0)},
}


def block_score(changes: Mapping[str, Shape] | None = None, **options: object) -> SelvesterScore:
    return score({**LBBB_SHAPES, **(changes or {})}, **{**BLOCK, **options})  # type: ignore[arg-type]


def test_textbook_block_has_no_points() -> None:
    # A public program gives points here: it never computes R/S in I, II, aVF and reads a low R in V1 as
    # scar.
    result = block_score()
    assert result.conduction_type == "LBBB"
    assert result.points == 0


@pytest.mark.parametrize(
    ("lead", "shape", "points"),
    [
        # A tall early R in V1, V2 is septal scar; a low one is not.
        ("V1", {"R": (0.3, 15.0), "S": (2.0, 100.0)}, 2),
        ("V1", {"R": (0.2, 15.0), "S": (2.0, 100.0)}, 1),
        ("V1", {"R": (0.1, 30.0), "S": (2.0, 100.0)}, 2),
        ("V1", {"QS": (2.0, 120.0)}, 0),
        ("V2", {"R": (0.35, 15.0), "S": (2.0, 100.0)}, 1),
        ("V2", {"R": (0.4, 15.0), "S": (2.0, 100.0)}, 2),
        # S/S' of two waves: V1 limits 1.25, 1.5, 2; V2 limits 1.5, 2, 2.5.
        ("V1", {"R": (0.1, 15.0), "S": (1.3, 50.0), "R'": (0.1, 10.0), "S'": (1.0, 50.0)}, 1),
        ("V1", {"R": (0.1, 15.0), "S": (2.0, 50.0), "R'": (0.1, 10.0), "S'": (1.0, 50.0)}, 3),
        ("V2", {"R": (0.2, 15.0), "S": (2.0, 50.0), "R'": (0.1, 10.0), "S'": (1.0, 50.0)}, 2),
        # Lateral leads: any q 1; low R 1; R/S <= 2: 1. A tall R gives nothing.
        ("V5", {"Q": (0.05, 10.0), "R": (1.5, 140.0)}, 1),
        ("V5", {"R": (0.5, 140.0)}, 1),
        ("V6", {"R": (1.2, 80.0), "S": (0.6, 60.0)}, 1),
        ("V6", {"Q": (0.05, 10.0), "R": (1.5, 140.0)}, 0),
        ("V6", {"R": (1.5, 60.0), "S": (0.1, 10.0), "R'": (0.7, 70.0)}, 2),  # R/R' 2.1
        ("I", {"Q": (0.05, 10.0), "R": (1.0, 140.0)}, 1),
        ("I", {"R": (1.0, 90.0), "S": (0.8, 60.0)}, 1),  # R/S 1.25
        ("I", {"R": (1.0, 90.0), "S": (1.0, 60.0)}, 2),
        ("II", {"Q": (0.1, 40.0), "R": (1.0, 90.0)}, 2),
        ("II", {"R": (0.5, 60.0), "S": (1.0, 80.0)}, 1),
        # aVL uses R/S as well as R/Q (the public program tests R/Q twice).
        ("aVL", {"R": (0.5, 60.0), "S": (1.0, 80.0)}, 2),
        ("aVL", {"R": (1.0, 60.0), "S": (1.0, 80.0)}, 1),
        ("aVF", {"Q": (0.1, 50.0), "R": (1.0, 90.0)}, 2),
    ],
)
def test_block_criteria_by_hand(lead: str, shape: Shape, points: int) -> None:
    result = block_score({lead: shape})
    assert result.points_by_lead()[lead] == points
    assert result.points == points


def test_early_notch_in_v1_and_v2_of_the_block() -> None:
    result = block_score(notches={"V1": (notch(30.0),), "V2": (notch(60.0),)})
    assert (result.points_by_lead()["V1"], result.points_by_lead()["V2"]) == (1, 0)


def test_two_summits_of_a_notched_wave_come_from_the_beat() -> None:
    # V1: W-shaped S with nadirs of -2.0 and -1.0 mV at 130 and 200 ms and a notch at -0.6 mV between, on
    # a level of +0.3 mV, which the wave's own amplitude (from zero) cancels. S/S' = 2: 3 points.
    beat = flat_beat()
    signal_mv = np.zeros((12, 300))
    time_ms = np.arange(300) * 2.0
    signal_mv[LEADS.index("V1")] = 0.3 + np.interp(
        time_ms, [115.0, 130.0, 165.0, 200.0, 235.0], [0.0, -2.0, -0.6, -1.0, 0.0]
    )
    beat = dataclasses.replace(beat, signal_mv=signal_mv)
    waves = LeadWaves(
        lead="V1",
        waves=(
            Wave(name="R", onset_ms=100.0, peak_ms=108.0, end_ms=115.0, amplitude_mv=0.1),
            Wave(name="S", onset_ms=115.0, peak_ms=130.0, end_ms=235.0, amplitude_mv=-2.0),
        ),
        label="rS",
        notches=(Notch(kind="notch", start_ms=150.0, time_ms=166.0, end_ms=180.0, depth_mv=0.4),),
        r_peak_time_ms=8.0,
        qrs_onset_ms=100.0,
        qrs_end_ms=240.0,
    )
    ratio = selvester_measures(waves, beat).ratio["S/S'"]
    assert ratio == pytest.approx(2.0, abs=1e-9)
    # Without the notch there is no second nadir.
    assert selvester_measures(dataclasses.replace(waves, notches=()), beat).ratio["S/S'"] is None


def test_infinite_ratios_never_reach_the_result() -> None:
    for result in (score(), block_score(), score(conduction="rbbb", qrs_ms=140.0)):
        for row in result.lead_points:
            assert row.value is None or math.isfinite(row.value)


def test_missing_and_flat_leads_are_named() -> None:
    waves = [lead_waves(lead, shape) for lead, shape in HEALTHY.items() if lead not in ("II", "V4")]
    waves.append(lead_waves("V4", {}))
    result = selvester_score(
        waves,
        beat=flat_beat(),
        limits=qrs_limits(90.0),
        sex="male",
        age_years=55.0,
        conduction="normal",
        axis_deg=40.0,
        paced=False,
        heart_rate_bpm=70.0,
    )
    assert [skipped.box for skipped in result.not_scored] == ["II", "V4"]
    assert result.points == 0


def test_right_axis_deviation_is_named_where_it_matters() -> None:
    shape: dict[str, Shape] = {"I": {"R": (0.2, 40.0), "S": (0.8, 50.0)}}
    assert any("Right axis deviation" in caveat for caveat in score(shape, axis_deg=110.0).caveats)
    assert not any("Right axis deviation" in caveat for caveat in score(axis_deg=110.0).caveats)
    assert not any("Right axis deviation" in caveat for caveat in score(shape, axis_deg=80.0).caveats)
