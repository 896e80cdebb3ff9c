"""Work of loops whose area is known by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.work.myocardial_work import WorkLoops, work_loops
from resynchro.imaging.work.work_numbers import WORK_NUMBERS, joined_parts, segments_of_number, work_numbers
from resynchro.record.strain import CardiacEvents, PressureTrace

FloatArray = NDArray[np.float64]

EVENTS = CardiacEvents(mvc_s=0.1, avo_s=0.15, avc_s=0.4, mvo_s=0.5)


def pressure(*knots: tuple[float, float]) -> PressureTrace:
    times, values = np.array(knots).T
    return PressureTrace(time_s=times, pressure_mmhg=values, origin="measured")


def measured(curve: FloatArray, trace: PressureTrace, times: FloatArray | None = None) -> WorkLoops:
    grid = np.linspace(0.0, 1.0, curve.shape[-1]) if times is None else times
    return work_loops(grid, np.atleast_2d(curve), trace, EVENTS, 1.0)


#: A rectangle in the pressure-strain plane: up at 0 %, shortening to -20 % at 100 mmHg, down, back at 10 mmHg.
RECTANGLE_TIMES = np.array([0.0, 0.1, 0.15, 0.35, 0.40, 0.50, 0.55, 0.95, 1.0])
RECTANGLE_STRAIN = np.array([0.0, 0.0, 0.0, -20.0, -20.0, -20.0, -20.0, 0.0, 0.0])
RECTANGLE_PRESSURE = pressure((0.0, 10.0), (0.1, 10.0), (0.15, 100.0), (0.35, 100.0), (0.4, 10.0), (1.0, 10.0))


def test_a_rectangle_does_the_work_of_its_sides() -> None:
    loops = measured(RECTANGLE_STRAIN, RECTANGLE_PRESSURE, RECTANGLE_TIMES)
    parts = loops.parts
    # Only the shortening of 20 % at 100 mmHg lies between MVC and MVO: 2000 mmHg %, all of it constructive.
    assert parts.index_mmhg_pct[0] == pytest.approx(2000.0)
    assert parts.constructive_mmhg_pct[0] == pytest.approx(2000.0)
    assert parts.wasted_mmhg_pct[0] == pytest.approx(0.0, abs=1e-9)
    assert parts.efficiency_pct[0] == pytest.approx(100.0)
    # The whole beat encloses the area of the rectangle, 20 % x 90 mmHg.
    assert loops.work_mmhg_pct[0, -1] == pytest.approx(1800.0)


def test_lengthening_in_systole_and_shortening_after_it_are_wasted() -> None:
    # At 100 mmHg throughout: stretched by 5 % until 250 ms, shortened by 15 % until AVC, shortened by 2 % and
    # lengthened by 4 % before MVO.
    times = np.array([0.0, 0.1, 0.25, 0.4, 0.45, 0.5, 1.0])
    strain = np.array([0.0, 0.0, 5.0, -10.0, -12.0, -8.0, 0.0])
    parts = measured(strain, pressure((0.0, 100.0), (1.0, 100.0)), times).parts
    assert parts.positive_mmhg_pct[0] == pytest.approx(1500.0 + 200.0)
    assert parts.negative_mmhg_pct[0] == pytest.approx(500.0 + 400.0)
    assert parts.constructive_mmhg_pct[0] == pytest.approx(1500.0 + 400.0)
    assert parts.wasted_mmhg_pct[0] == pytest.approx(500.0 + 200.0)
    assert parts.index_mmhg_pct[0] == pytest.approx(800.0)
    assert parts.efficiency_pct[0] == pytest.approx(100.0 * 1900.0 / 2600.0)


def test_pressure_that_grows_with_shortening_gives_the_integral() -> None:
    # P = 50 + 5 s mmHg while the segment shortens by s from 0 to 20 %: integral of P ds = 50 * 20 + 5 * 200 = 2000.
    times = np.array([0.0, 0.1, 0.4, 0.5, 1.0])
    strain = np.array([0.0, 0.0, -20.0, -20.0, 0.0])
    trace = pressure((0.0, 50.0), (0.1, 50.0), (0.4, 150.0), (1.0, 150.0))
    assert measured(strain, trace, times).parts.index_mmhg_pct[0] == pytest.approx(2000.0)


def test_windows_end_at_the_events_even_between_milliseconds() -> None:
    events = CardiacEvents(mvc_s=0.1, avo_s=0.15, avc_s=0.25025, mvo_s=0.3)
    times, strain = np.array([0.0, 0.2, 0.3, 1.0]), np.array([[0.0, 0.0, -10.0, 0.0]])
    loops = work_loops(times, strain, pressure((0.0, 100.0), (1.0, 100.0)), events, 1.0)
    # 10 % in 100 ms: by 250.25 ms 5.025 % have been shortened, the rest is wasted.
    assert loops.parts.constructive_mmhg_pct[0] == pytest.approx(502.5)
    assert loops.parts.wasted_mmhg_pct[0] == pytest.approx(497.5)


def test_natural_and_green_lagrange_strain_are_converted_first() -> None:
    natural = 100.0 * np.log1p(RECTANGLE_STRAIN / 100.0)
    green = 50.0 * ((1.0 + RECTANGLE_STRAIN / 100.0) ** 2 - 1.0)
    for curve, kind in ((natural, "natural"), (green, "green-lagrange")):
        loops = work_loops(RECTANGLE_TIMES, curve[None], RECTANGLE_PRESSURE, EVENTS, 1.0, kind=kind)  # type: ignore[arg-type]
        assert loops.parts.index_mmhg_pct[0] == pytest.approx(2000.0)


curves = st.lists(st.floats(-30.0, 10.0), min_size=8, max_size=30).map(lambda values: np.array([0.0, *values]))


@settings(deadline=None, max_examples=40)
@given(curves)
def test_the_parts_add_up(curve: FloatArray) -> None:
    trace = pressure((0.0, 12.0), (0.2, 120.0), (0.4, 90.0), (0.5, 8.0), (1.0, 15.0))
    loops = measured(curve, trace)
    parts = loops.parts
    assert parts.index_mmhg_pct == pytest.approx(parts.positive_mmhg_pct - parts.negative_mmhg_pct, abs=1e-6)
    both = parts.constructive_mmhg_pct + parts.wasted_mmhg_pct
    assert both == pytest.approx(parts.positive_mmhg_pct + parts.negative_mmhg_pct, abs=1e-6)
    between = loops.work_at(0.5) - loops.work_at(0.1)
    assert parts.index_mmhg_pct == pytest.approx(between, abs=1e-6)


@settings(deadline=None, max_examples=25)
@given(curves, st.sampled_from([0.5, 2.0, 3.0]))
def test_the_pace_of_time_does_not_change_work(curve: FloatArray, factor: float) -> None:
    """A beat that takes twice as long with the same curves does the same work (up to the 1 ms grid)."""
    times = np.linspace(0.0, 1.0, curve.size)
    trace = pressure((0.0, 12.0), (0.2, 120.0), (0.4, 90.0), (0.5, 8.0), (1.0, 15.0))
    slow = PressureTrace(time_s=trace.time_s * factor, pressure_mmhg=trace.pressure_mmhg, origin="measured")
    events = CardiacEvents(mvc_s=0.1 * factor, avo_s=0.15 * factor, avc_s=0.4 * factor, mvo_s=0.5 * factor)
    one = work_loops(times, curve[None], trace, EVENTS, 1.0).parts
    other = work_loops(times * factor, curve[None], slow, events, factor).parts
    size = 120.0 * float(np.abs(np.diff(curve)).sum())
    assert other.index_mmhg_pct == pytest.approx(one.index_mmhg_pct, abs=0.01 * size + 1e-6)
    assert other.wasted_mmhg_pct == pytest.approx(one.wasted_mmhg_pct, abs=0.01 * size + 1e-6)


@settings(deadline=None, max_examples=25)
@given(curves, st.floats(0.2, 3.0))
def test_work_is_proportional_to_pressure_and_to_strain(curve: FloatArray, factor: float) -> None:
    trace = pressure((0.0, 12.0), (0.2, 120.0), (0.4, 90.0), (0.5, 8.0), (1.0, 15.0))
    base = measured(curve, trace).parts
    for other in (
        measured(factor * curve, trace),
        measured(curve, replace(trace, pressure_mmhg=factor * trace.pressure_mmhg)),
    ):
        assert other.parts.index_mmhg_pct == pytest.approx(factor * base.index_mmhg_pct, rel=1e-9, abs=1e-6)
        assert other.parts.wasted_mmhg_pct == pytest.approx(factor * base.wasted_mmhg_pct, rel=1e-9, abs=1e-6)


def test_curves_that_do_not_reach_mvo_are_refused() -> None:
    with pytest.raises(MeasurementError, match=r"cover 0 to 450 ms; work needs MVC to MVO \(100 to 500 ms\)"):
        measured(RECTANGLE_STRAIN, pressure((0.0, 10.0), (0.45, 90.0)), RECTANGLE_TIMES)
    with pytest.raises(MeasurementError, match="cover 120 to"):
        measured(RECTANGLE_STRAIN, pressure((0.12, 10.0), (1.0, 90.0)), RECTANGLE_TIMES)


def test_missing_events_are_named() -> None:
    with pytest.raises(MeasurementError, match=r"MVO \(mitral valve opening\)"):
        work_loops(
            RECTANGLE_TIMES, RECTANGLE_STRAIN[None], RECTANGLE_PRESSURE, CardiacEvents(mvc_s=0.1, avc_s=0.4), 1.0
        )


def walls() -> WorkLoops:
    """Segments 2 and 3 (septum) and 5 (lateral) at 100 mmHg: shortened, stretched and strongly shortened in systole."""
    times = np.array([0.0, 0.1, 0.4, 0.5, 1.0])
    strain = np.array([[0.0, 0, -10, -10, 0], [0.0, 0, 4, 4, 0], [0.0, 0, -20, -20, 0]])
    return work_loops(times, strain, pressure((0.0, 100.0), (1.0, 100.0)), EVENTS, 1.0)


def test_numbers_of_the_walls_by_hand() -> None:
    numbers = {key: float(value) for key, value in work_numbers(walls().parts, (2, 3, 5), "aha17").items()}
    assert numbers["gwi_mmhg_pct"] == pytest.approx((1000 - 400 + 2000) / 3)
    assert numbers["gcw_mmhg_pct"] == pytest.approx(1000.0)
    assert numbers["gww_mmhg_pct"] == pytest.approx(400 / 3)
    assert numbers["gwe_pct"] == pytest.approx((100 + 0 + 100) / 3)
    assert numbers["gwe_from_sums_pct"] == pytest.approx(100 * 3000 / 3400)
    assert numbers["septal_work_mmhg_pct"] == pytest.approx(300.0)
    assert numbers["lateral_minus_septal_work_mmhg_pct"] == pytest.approx(1700.0)
    assert numbers["septal_wasted_ratio_pct"] == pytest.approx(40.0)  # 400 over 1000
    assert numbers["lateral_wasted_ratio_pct"] == pytest.approx(0.0)
    assert set(numbers) == set(WORK_NUMBERS)


def test_numbers_without_a_wall_or_without_work_are_not_there() -> None:
    only = replace(walls()).parts
    septum = work_numbers(joined_parts([only]), (2, 3, 8), "aha17")
    assert not any(key.startswith("lateral") for key in septum)
    still = work_loops(
        np.array([0.0, 0.5, 1.0]), np.zeros((1, 3)), pressure((0.0, 100.0), (1.0, 100.0)), EVENTS, 1.0
    ).parts
    numbers = work_numbers(still, (5,), "aha17")
    assert float(numbers["gwi_mmhg_pct"]) == 0.0
    assert "gwe_pct" not in numbers and "lateral_wasted_ratio_pct" not in numbers


def test_the_segments_of_a_number() -> None:
    assert segments_of_number("septal_work_mmhg_pct", (1, 2, 3, 5, 14), "aha17") == (2, 3, 14)
    assert segments_of_number("lateral_minus_septal_work_mmhg_pct", (1, 2, 5), "aha17") == (2, 5)
    assert segments_of_number("gwi_mmhg_pct", (1, 2, 5), "aha17") == (1, 2, 5)
