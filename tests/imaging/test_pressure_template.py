"""Estimated pressure: the knots where they belong, nothing invented; carried to another beat."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from resynchro.errors import InputError, MeasurementError
from resynchro.imaging.work.beat_pressure import BeatPressure, pressure_in_beat
from resynchro.imaging.work.pressure_template import ESTIMATED, TEMPLATE_PEAK, estimated_pressure, millisecond_grid
from resynchro.record.strain import CardiacEvents, PressureTrace

EVENTS = CardiacEvents(mvc_s=0.05, avo_s=0.10, avc_s=0.40, mvo_s=0.50)


def at(trace: PressureTrace, time_s: float) -> float:
    return float(np.interp(time_s, trace.time_s, trace.pressure_mmhg))


def test_the_pressure_at_every_event_is_its_fraction_of_the_cuff_pressure() -> None:
    trace = estimated_pressure(EVENTS, 120.0, 1.0)
    # 0.15, 0.25, 0.72, 0.55, 0.085 and again 0.15 of 120 mmHg.
    for time_s, mmhg in ((0.0, 18.0), (0.05, 30.0), (0.10, 86.4), (0.40, 66.0), (0.50, 10.2), (1.0, 18.0)):
        assert at(trace, time_s) == pytest.approx(mmhg, abs=1e-9)
    # The tenth 0.6 of ejection (280 ms) is the peak, 1.015 of the cuff pressure.
    assert at(trace, 0.28) == pytest.approx(121.8)
    assert trace.pressure_mmhg.max() == pytest.approx(120.0 * TEMPLATE_PEAK) == pytest.approx(121.8)
    assert trace.origin == ESTIMATED
    assert not trace.pressure_mmhg.flags.writeable


def test_scale_peak_puts_the_peak_at_the_cuff_pressure() -> None:
    by_cuff, by_peak = (estimated_pressure(EVENTS, 120.0, 1.0, scale=scale) for scale in ("sbp", "peak"))
    assert by_peak.pressure_mmhg.max() == pytest.approx(120.0)
    # 1/1.015 = -1.5 % at every time
    assert np.allclose(by_peak.pressure_mmhg / by_cuff.pressure_mmhg, 1 / 1.015)


def test_between_knots_the_pressure_neither_overshoots_nor_leaves_its_phase() -> None:
    trace = estimated_pressure(EVENTS, 100.0, 0.9)
    rise = (trace.time_s >= 0.05) & (trace.time_s <= 0.28)
    fall = (trace.time_s >= 0.28) & (trace.time_s <= 0.50)
    assert np.all(np.diff(trace.pressure_mmhg[rise]) > 0)
    assert np.all(np.diff(trace.pressure_mmhg[fall]) < 0)


def test_mitral_closure_at_qrs_onset_takes_the_first_phase_away() -> None:
    trace = estimated_pressure(CardiacEvents(mvc_s=0.0, avo_s=0.06, avc_s=0.4, mvo_s=0.5), 100.0, 1.0)
    assert trace.pressure_mmhg[0] == pytest.approx(25.0)
    assert np.all(np.diff(trace.pressure_mmhg[trace.time_s <= 0.06]) > 0)


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (CardiacEvents(mvc_s=0.05, avc_s=0.4, mvo_s=0.5), r"needs AVO \(aortic valve opening\)"),
        (CardiacEvents(avc_s=0.4), "MVC .* and AVO .* and MVO"),
        (CardiacEvents(mvc_s=0.1, avo_s=0.1, avc_s=0.4, mvo_s=0.5), "MVC 100, AVO 100"),
        (CardiacEvents(mvc_s=0.05, avo_s=0.1, avc_s=0.4, mvo_s=1.0), "MVO 1000 and RR 1000"),
        (CardiacEvents(mvc_s=-0.01, avo_s=0.1, avc_s=0.4, mvo_s=0.5), "MVC -10"),
    ],
)
def test_what_is_missing_or_out_of_order_is_named_and_nothing_is_invented(events: CardiacEvents, words: str) -> None:
    with pytest.raises(MeasurementError, match=words):
        estimated_pressure(events, 120.0, 1.0)


@pytest.mark.parametrize("systolic_mmhg", [16.0, 1200.0, float("nan")])
def test_a_cuff_pressure_in_another_unit_is_refused(systolic_mmhg: float) -> None:
    with pytest.raises(InputError, match="systolic pressure must lie in"):
        estimated_pressure(EVENTS, systolic_mmhg, 1.0)


def test_the_grid_holds_every_millisecond_and_every_mark_once() -> None:
    grid = millisecond_grid(0.0, 0.0105, (0.0030000000001, 0.0042))
    assert grid.size == 11 + 2  # 0 to 10 ms, 4.2 ms, and the end; 3 ms is there already
    assert 0.0042 in grid and grid[-1] == 0.0105
    assert np.all(np.diff(grid) > 1e-9)


def triangle() -> PressureTrace:
    """Pressure that rises by 1 mmHg per ms up to AVC at 400 ms and falls after it."""
    time_s = np.arange(-100, 1001) / 1000.0
    return PressureTrace(time_s=time_s, pressure_mmhg=100.0 - np.abs(time_s - 0.4) * 100.0, origin="measured")


def test_equal_events_leave_a_curve_alone() -> None:
    assert pressure_in_beat(triangle(), EVENTS, 1.0, EVENTS, 1.0) is not None
    moved = pressure_in_beat(triangle(), EVENTS, 1.0, EVENTS, 0.8)
    for time_s in (-0.05, 0.0, 0.2, 0.4, 0.5):
        assert at(moved, time_s) == pytest.approx(at(triangle(), time_s))
    assert at(moved, 0.8) == pytest.approx(at(triangle(), 1.0))  # the end of filling moves with the beat


def test_events_of_another_beat_stretch_the_curve_between_them() -> None:
    later = CardiacEvents(mvc_s=0.05, avo_s=0.10, avc_s=0.30, mvo_s=0.40)
    moved = pressure_in_beat(triangle(), EVENTS, 1.0, later, 0.9)
    # Half way from AVO to AVC: 250 ms in the one beat, 200 ms in the other.
    assert at(moved, 0.20) == pytest.approx(at(triangle(), 0.25))
    assert at(moved, 0.30) == pytest.approx(100.0)
    assert at(moved, 0.35) == pytest.approx(at(triangle(), 0.45))


def test_an_event_that_one_beat_does_not_know_is_no_landmark() -> None:
    without = CardiacEvents(mvc_s=0.05, avc_s=0.30, mvo_s=0.40)
    moved = pressure_in_beat(triangle(), EVENTS, 1.0, without, 0.9)
    # From MVC to AVC in one piece: 175 ms is the middle of 50 to 300 ms, 225 ms that of 50 to 400 ms.
    assert at(moved, 0.175) == pytest.approx(at(triangle(), 0.225))


def test_a_higher_systolic_pressure_scales_curve_and_template_alike() -> None:
    curve = BeatPressure(trace=triangle()).raised(10.0)
    assert curve.trace is not None and curve.trace.pressure_mmhg.max() == pytest.approx(110.0)
    assert BeatPressure(systolic_mmhg=120.0).raised(-10.0).systolic_mmhg == 110.0


def test_the_template_is_within_its_error_of_the_exported_curve(shared_data: Callable[[str], Path]) -> None:
    """Root mean square at most 1.5 mmHg against the one export; the template was sampled from it."""
    from resynchro.formats.strain_file import read_strain

    study = read_strain([shared_data("strain/echopac/images/Sample_XML.xml")])
    assert study.pressure is not None and study.systolic_mmhg is not None
    template = estimated_pressure(study.views[0].events, study.systolic_mmhg, study.views[0].rr_s)
    inside = study.pressure.time_s >= 0
    error = (
        np.interp(study.pressure.time_s[inside], template.time_s, template.pressure_mmhg)
        - study.pressure.pressure_mmhg[inside]
    )
    assert np.sqrt(np.mean(error**2)) <= 1.5
    assert np.abs(error).max() <= 2.5
