"""Work of a whole examination: pressure, events, walls, uncertainty, noise, and the vendor's numbers beside ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from resynchro.errors import InputError, MeasurementError
from resynchro.imaging.work.beat_pressure import BeatPressure
from resynchro.imaging.work.work_measurement import measure_work
from resynchro.imaging.work.work_numbers import WORK_NUMBERS
from resynchro.imaging.work.work_summary import work_summary
from resynchro.imaging.work.work_uncertainty import WorkShift, combined_uncertainty, work_noise, work_sensitivity
from resynchro.record.strain import CardiacEvents, PressureTrace, StrainStudy, StrainView

EVENTS = CardiacEvents(mvc_s=0.05, avo_s=0.1, avc_s=0.4, mvo_s=0.5, origin="given")
SAMPLE = "strain/echopac/images/Sample_XML.xml"


def flat_pressure(mmhg: float = 100.0, origin: str = "measured") -> PressureTrace:
    return PressureTrace(time_s=np.array([0.0, 1.0]), pressure_mmhg=np.array([mmhg, mmhg]), origin=origin)


def shortening(peak_pct: float, *, peak_s: float = 0.4, frames: int = 101) -> np.ndarray:
    """Strain that falls straight to its peak and returns straight to 0 at 1 s."""
    time_s = np.linspace(0.0, 1.0, frames)
    return np.where(time_s <= peak_s, peak_pct * time_s / peak_s, peak_pct * (1.0 - time_s) / (1.0 - peak_s))


def study_of(
    septal_pct: float = -10.0,
    lateral_pct: float = -20.0,
    *,
    events: CardiacEvents = EVENTS,
    pressure: PressureTrace | None = None,
    systolic_mmhg: float | None = None,
    peak_s: float = 0.4,
) -> StrainStudy:
    """Two views of one beat of 1 s: septum (3, 9) with lateral wall (6, 12), and inferolateral wall (5, 11)."""
    time_s = np.linspace(0.0, 1.0, 101)
    curves = [shortening(peak, peak_s=peak_s) for peak in (septal_pct, septal_pct, lateral_pct, lateral_pct)]
    four = StrainView(
        name="4CH", segments=(3, 9, 6, 12), time_s=time_s, strain_pct=np.array(curves), rr_s=1.0, events=events
    )
    third = StrainView(
        name="APLAX", segments=(5, 11), time_s=time_s, strain_pct=np.array(curves[2:]), rr_s=1.0, events=events
    )
    return StrainStudy(
        file="made.csv",
        format="made",
        sha256="00",
        views=(four, third),
        model="aha17",
        strain_type="longitudinal",
        modality="echo",
        systolic_mmhg=systolic_mmhg,
        pressure=pressure,
    )


def test_walls_and_globals_by_hand() -> None:
    m = measure_work(study_of(pressure=flat_pressure()))
    # At 100 mmHg from MVC (50 ms) to AVC (400 ms): 7/8 of the peak is shortened; until MVO 1/6 of it lengthens again.
    septal, lateral = 10.0 * (7 / 8 - 1 / 6) * 100.0, 20.0 * (7 / 8 - 1 / 6) * 100.0
    assert m.index("septal_work_mmhg_pct").value == pytest.approx(septal)
    assert m.index("lateral_work_mmhg_pct").value == pytest.approx(lateral)
    assert m.index("lateral_minus_septal_work_mmhg_pct").value == pytest.approx(lateral - septal)
    assert m.index("gwi_mmhg_pct").value == pytest.approx((2 * septal + 4 * lateral) / 6)
    assert m.index("gww_mmhg_pct").value == pytest.approx(0.0, abs=1e-6)
    assert m.index("gwe_pct").value == pytest.approx(100.0)
    assert m.index("lateral_work_mmhg_pct").segments == (6, 12, 5, 11)
    assert m.index("gwi_mmhg_pct").window == "MVC to MVO (50 to 500 ms)"
    assert [work.segment for work in m.segments] == [3, 5, 6, 9, 11, 12]
    assert dict(m.absent_segments)[1] == "no strain curve"


def test_pressure_is_taken_where_there_is_one_and_said_which() -> None:
    curve = study_of(pressure=flat_pressure(), systolic_mmhg=120.0)
    assert measure_work(curve).pressure_origin == "measured"
    assert measure_work(curve, pressure="estimated").pressure_origin.startswith("estimated")
    assert measure_work(study_of(systolic_mmhg=120.0)).systolic_mmhg == 120.0
    given = measure_work(study_of(systolic_mmhg=120.0), pressure_trace=flat_pressure(90.0))
    assert (given.pressure_origin, given.systolic_mmhg) == ("measured", 90.0)
    assert measure_work(study_of(systolic_mmhg=120.0), systolic_mmhg=140.0).systolic_mmhg == 140.0
    with pytest.raises(MeasurementError, match="holds no pressure curve"):
        measure_work(study_of(systolic_mmhg=120.0), pressure="measured")
    with pytest.raises(MeasurementError, match="needs the systolic cuff pressure or a pressure curve"):
        measure_work(study_of())


def test_events_are_never_invented() -> None:
    some = CardiacEvents(avc_s=0.4, mvo_s=0.5)
    with pytest.raises(MeasurementError, match=r"no segment's work can be computed.*MVC \(mitral valve closure\)"):
        measure_work(study_of(events=some, pressure=flat_pressure()))
    # A measured pressure needs no AVO, an estimated one does.
    no_avo = replace(EVENTS, avo_s=None)
    assert measure_work(study_of(events=no_avo, pressure=flat_pressure())).segments
    with pytest.raises(MeasurementError, match="AVO"):
        measure_work(study_of(events=no_avo, systolic_mmhg=120.0))
    given = measure_work(study_of(events=some, systolic_mmhg=120.0), events=CardiacEvents(mvc_s=0.05, avo_s=0.1))
    assert given.views[0].view.events.mvc_s == 0.05 and given.views[0].view.events.avc_s == 0.4


def test_a_view_without_events_is_left_out_with_the_reason() -> None:
    whole = study_of(systolic_mmhg=120.0)
    views = (whole.views[0], replace(whole.views[1], events=replace(EVENTS, mvo_s=None)))
    m = measure_work(replace(whole, views=views))
    assert [work.segment for work in m.segments] == [3, 6, 9, 12]
    assert "MVO" in dict(m.absent_segments)[5]
    assert work_summary(m)["absent"]["segment_5"] == dict(m.absent_segments)[5]


def test_a_view_with_other_events_gets_the_measured_pressure_in_its_own_beat() -> None:
    """Septal view at twice the length with the same curves and stretched events: the same work."""
    time_s = np.linspace(0.0, 1.0, 101)
    curve = PressureTrace(time_s=time_s, pressure_mmhg=100.0 * np.sin(np.pi * time_s) + 10.0, origin="measured")
    one = study_of(pressure=curve)
    slow_events = CardiacEvents(mvc_s=0.1, avo_s=0.2, avc_s=0.8, mvo_s=1.0)
    slow = replace(one.views[1], time_s=one.views[1].time_s * 2.0, rr_s=2.0, events=slow_events)
    other = measure_work(replace(one, views=(one.views[0], slow)))
    base = measure_work(one)
    assert other.segment(5).index_mmhg_pct == pytest.approx(base.segment(5).index_mmhg_pct, rel=1e-3)  # type: ignore[union-attr]
    assert [finding.code for finding in other.findings] == ["rr-spread"]


def test_a_segment_seen_twice_is_taken_from_the_first_view() -> None:
    whole = study_of(pressure=flat_pressure())
    again = replace(whole.views[1], name="2CH", segments=(5, 10))
    m = measure_work(replace(whole, views=(*whole.views, again)))
    assert m.segment(5).view == "APLAX" and m.segment(10).view == "2CH"  # type: ignore[union-attr]
    assert "segment-in-two-views" in [finding.code for finding in m.findings]


def test_radial_strain_and_impossible_noise_are_refused() -> None:
    with pytest.raises(MeasurementError, match="radial"):
        measure_work(replace(study_of(pressure=flat_pressure()), strain_type="radial"))
    with pytest.raises(InputError, match="strain noise"):
        measure_work(study_of(pressure=flat_pressure()), noise_pct=-1.0)


def test_missing_walls_are_absent_with_the_reason() -> None:
    whole = study_of(pressure=flat_pressure())
    m = measure_work(replace(whole, views=(whole.views[1],)))
    value = m.index("lateral_minus_septal_work_mmhg_pct")
    assert (value.value, value.absent) == (None, "no septal segment was measured")
    assert value.n_segments == 0


# ---------------------------------------------------------------- uncertainty


def test_systolic_pressure_changes_work_in_proportion() -> None:
    m = measure_work(study_of(systolic_mmhg=125.0))
    up = next(shift for shift in m.sensitivity if shift.change == "systolic pressure 10 mmHg higher")
    gwi = m.index("gwi_mmhg_pct").value
    assert gwi is not None
    assert up.differences["gwi_mmhg_pct"] == pytest.approx(gwi * 10.0 / 125.0)
    assert up.differences["gwe_pct"] == pytest.approx(0.0, abs=1e-9)


def test_closing_the_aortic_valve_earlier_wastes_what_is_shortened_after_it() -> None:
    # The peak lies 20 ms after AVC. At 100 mmHg and -20 % in 420 ms, 20 ms more are 100 * 20 * 20/420 mmHg %.
    m = measure_work(study_of(-20.0, -20.0, pressure=flat_pressure(), peak_s=0.42))
    earlier = next(shift for shift in m.sensitivity if shift.change == "AVC 20 ms earlier")
    assert m.index("gww_mmhg_pct").value == pytest.approx(100.0 * 20.0 * 20 / 420, rel=0.02)
    assert earlier.differences["gww_mmhg_pct"] == pytest.approx(100.0 * 20.0 * 20 / 420, rel=0.02)
    assert earlier.differences["gwi_mmhg_pct"] == pytest.approx(0.0, abs=1e-6)


def test_a_catheter_does_not_follow_the_events_but_the_curve_of_a_vendor_does() -> None:
    time_s = np.linspace(0.0, 1.0, 101)
    values = 100.0 * np.sin(np.pi * time_s) + 10.0
    shifts = {}
    for origin in ("measured", "exported by the vendor"):
        curve = PressureTrace(time_s=time_s, pressure_mmhg=values, origin=origin)
        m = measure_work(study_of(pressure=curve))
        shifts[origin] = {shift.change: shift.differences["gwi_mmhg_pct"] for shift in m.sensitivity}
    assert shifts["measured"]["AVO 20 ms earlier"] == 0.0
    assert shifts["exported by the vendor"]["AVO 20 ms earlier"] > 1.0


def test_a_change_that_cannot_be_is_said() -> None:
    early = CardiacEvents(mvc_s=0.01, avo_s=0.1, avc_s=0.4, mvo_s=0.5)
    m = measure_work(study_of(events=early, systolic_mmhg=120.0))
    shift = next(shift for shift in m.sensitivity if shift.change == "MVC 20 ms earlier")
    assert shift.differences == {} and shift.absent is not None and "MVC -10" in shift.absent


def test_sources_are_combined_as_squares_of_their_larger_shift() -> None:
    shifts = (
        WorkShift(change="a", source="avo", differences={"x": 3.0}),
        WorkShift(change="b", source="avo", differences={"x": -2.0}),
        WorkShift(change="c", source="avc", differences={"x": -4.0}),
        WorkShift(change="d", source="mvc", differences={}, absent="no"),
    )
    assert combined_uncertainty(shifts) == {"x": 5.0}


# ---------------------------------------------------------------- noise


def test_the_scatter_of_the_index_agrees_with_its_closed_form() -> None:
    """At constant pressure P the index is P (E(MVC) - E(MVO)); events on frames make it sqrt(2) sigma P per segment."""
    events = CardiacEvents(mvc_s=0.1, avo_s=0.2, avc_s=0.4, mvo_s=0.5)
    m = measure_work(study_of(events=events, pressure=flat_pressure()), noise_pct=1.0)
    assert m.noise is not None
    sd = np.sqrt(2.0) * 100.0
    # 200 draws know a standard deviation to 5 %; global: mean of 6 segments, difference: 4 lateral and 2 septal.
    assert m.noise.standard_deviation["gwi_mmhg_pct"] == pytest.approx(sd / np.sqrt(6.0), rel=0.2)
    expected = sd * np.sqrt(1 / 4 + 1 / 2)
    assert m.noise.standard_deviation["lateral_minus_septal_work_mmhg_pct"] == pytest.approx(expected, rel=0.2)


def test_noise_alone_makes_wasted_work_and_its_floor_says_how_much() -> None:
    quiet = measure_work(study_of(pressure=flat_pressure()), noise_pct=0.0)
    noisy = measure_work(study_of(pressure=flat_pressure()), noise_pct=1.0)
    assert quiet.index("gww_mmhg_pct").noise_floor == pytest.approx(0.0, abs=1e-6)
    assert quiet.index("gwe_pct").noise_floor == pytest.approx(100.0)
    floor = noisy.index("gww_mmhg_pct").noise_floor
    assert floor is not None and floor > 100.0
    assert "white strain noise of 1 % per frame, as given" in noisy.index("gww_mmhg_pct").noise_note


def test_the_floor_of_waste_is_found_on_curves_that_waste_nothing() -> None:
    wasteful = measure_work(study_of(8.0, -20.0, pressure=flat_pressure()), noise_pct=0.0)
    value = wasteful.index("gww_mmhg_pct")
    assert value.value is not None and value.value > 100.0
    assert value.noise_floor == pytest.approx(0.0, abs=1e-6)


def test_the_nearest_rising_curve_by_hand() -> None:
    from resynchro.imaging.work.work_uncertainty import _nearest_rising

    # 3 and 1 are out of order and meet at 2; 5, 4 and 0 at 3.
    found = _nearest_rising(np.array([1.0, 3.0, 1.0, 5.0, 4.0, 0.0, 7.0]))
    assert found == pytest.approx([1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 7.0])


def test_the_same_generator_gives_the_same_noise() -> None:
    m = measure_work(study_of(pressure=flat_pressure()))
    views, loops = [work.view for work in m.views], [work.loops for work in m.views]
    sigma = [np.full(len(view.segments), 0.5) for view in views]
    one, other, third = (
        work_noise(views, loops, sigma, model="aha17", rng=np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert one == other and one != third


# ---------------------------------------------------------------- summary and vendor


def test_the_summary_is_strict_json_with_every_number() -> None:
    summary = work_summary(measure_work(study_of(systolic_mmhg=120.0)))
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert set(summary["indices"]) == set(WORK_NUMBERS)
    assert summary["indices"]["gcw_mmhg_pct"]["published"][2]["threshold"] == 1057
    assert all(
        one["verified"] is False for one in summary["indices"]["lateral_minus_septal_work_mmhg_pct"]["published"]
    )
    assert [finding["code"] for finding in summary["warnings"]] == ["pressure-estimated"]


def test_the_vendor_stands_beside_ours_and_is_never_mixed() -> None:
    plain = study_of(pressure=flat_pressure())
    table = {"work_index_mmhg_pct": {"3": 500.0, "global": 1000.0}, "work_efficiency_pct": {"3": 90.0}}
    trace = np.array([[0.0, 1.0], [0.0, 1000.0]])
    m = measure_work(replace(plain, vendor_tables=table, vendor_traces={"work_mmhg_pct": {5: trace}}))
    assert [value.value for value in m.indices] == [value.value for value in measure_work(plain).indices]
    rows = {(one.quantity, one.place): one for one in m.vendor}
    assert set(rows) == {
        ("work_trace_at_mvo_mmhg_pct", "5"),
        ("work_index_mmhg_pct", "global"),
        ("work_index_mmhg_pct", "3"),
        ("work_efficiency_pct", "3"),
    }
    assert rows["work_trace_at_mvo_mmhg_pct", "5"].vendor == 500.0  # half way
    assert rows["work_efficiency_pct", "3"].difference == pytest.approx(10.0)
    assert measure_work(plain).vendor == ()


@pytest.fixture(scope="module")
def sample(shared_data: Callable[[str], Path]) -> StrainStudy:
    from resynchro.formats.strain_file import read_strain

    return read_strain([shared_data(SAMPLE)])


def test_work_traces_of_the_export_are_reproduced(sample: StrainStudy) -> None:
    """18 of 18 segments within 0.5 % of the exported work at MVO, with the exported strain and pressure."""
    rows = [one for one in measure_work(sample).vendor if one.quantity == "work_trace_at_mvo_mmhg_pct"]
    assert len(rows) == 18
    assert max(abs(one.ours / one.vendor - 1.0) for one in rows) <= 0.005


def test_work_curves_of_the_export_agree_over_the_whole_beat(sample: StrainStudy) -> None:
    """Exported values at 0, 5, 15, 25 ... ms are those at the end of 10 ms steps: 5 ms later the curves are one."""
    for work in measure_work(sample).views:
        for row, segment in enumerate(work.view.segments):
            time_s, exported = sample.vendor_traces["work_mmhg_pct"][segment]
            inside = time_s + 0.005 <= work.loops.time_s[-1]
            ours = np.interp(time_s[inside] + 0.005, work.loops.time_s, work.loops.work_mmhg_pct[row])
            assert np.abs(ours - exported[inside]).max() <= 0.01 * exported.max()


def test_natural_strain_would_not_reproduce_them(sample: StrainStudy) -> None:
    """Taking the exported strain for natural strain (which it is not) moves work by many percent: the test can fail."""
    rows = measure_work(replace(sample, kind="natural")).vendor
    ratios = [one.ours / one.vendor for one in rows if one.quantity == "work_trace_at_mvo_mmhg_pct"]
    assert min(abs(ratio - 1.0) for ratio in ratios) > 0.02


@pytest.mark.parametrize("quantity", ["work_index_mmhg_pct", "constructive_work_mmhg_pct", "positive_work_mmhg_pct"])
def test_the_segment_table_of_the_export_agrees(sample: StrainStudy, quantity: str) -> None:
    rows = [one for one in measure_work(sample).vendor if one.quantity == quantity and one.place != "global"]
    ours, vendor = np.array([one.ours for one in rows]), np.array([one.vendor for one in rows])
    assert len(rows) == 18
    assert np.corrcoef(ours, vendor)[0, 1] >= 0.998
    assert 0.97 <= (ours @ vendor) / (vendor @ vendor) <= 1.05


def test_global_numbers_of_the_export(sample: StrainStudy) -> None:
    m = measure_work(sample)
    for key, expected, tolerance in (
        ("gwi_mmhg_pct", 2118.0, 1.0),
        ("gww_mmhg_pct", 61.0, 1.0),
        ("gwe_from_sums_pct", 97.5, 0.15),
    ):
        assert m.index(key).value == pytest.approx(expected, abs=tolerance)
    # The whole-cycle integral is not the index: 10 % lower.
    whole = np.mean(np.concatenate([work.loops.work_mmhg_pct[:, -1] for work in m.views]))
    assert whole / 2118.0 == pytest.approx(0.90, abs=0.02)


def test_the_sensitivity_of_the_export(sample: StrainStudy) -> None:
    """Against the published table of this template: GWI and GCW in percent within 0.2 points, GWW within 1 mmHg %."""
    table = {
        "systolic pressure 10 mmHg higher": (8.8, 8.9, 6),
        "AVO 20 ms earlier": (4.1, 3.8, 0),
        "AVO 20 ms later": (-4.7, -4.2, 1),
        "MVC 20 ms earlier": (1.1, 1.0, 0),
        "MVC 20 ms later": (-2.2, -2.0, 0),
        "AVC 20 ms earlier": (1.0, 0.5, -25),
        "AVC 20 ms later": (-1.4, -0.4, 25),
        "MVO 20 ms earlier": (0.4, -0.4, 0),
        "MVO 20 ms later": (-0.5, 0.5, 1),
    }
    base = measure_work(sample, pressure="estimated")
    gwi, gcw = base.index("gwi_mmhg_pct").value, base.index("gcw_mmhg_pct").value
    assert gwi is not None and gcw is not None
    shifts = work_sensitivity(
        sample.views,
        BeatPressure(systolic_mmhg=sample.systolic_mmhg),
        kind=sample.kind,
        model=sample.model,
        windows="fixed",
    )
    found = {shift.change: shift.differences for shift in shifts}
    for change, (percent_gwi, percent_gcw, wasted) in table.items():
        assert 100.0 * found[change]["gwi_mmhg_pct"] / gwi == pytest.approx(percent_gwi, abs=0.2), change
        assert 100.0 * found[change]["gcw_mmhg_pct"] / gcw == pytest.approx(percent_gcw, abs=0.2), change
        assert found[change]["gww_mmhg_pct"] == pytest.approx(wasted, abs=1.0), change
