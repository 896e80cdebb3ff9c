"""Bringing views of different beats to one time base."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.strain.segment_delay import segment_delays
from resynchro.imaging.strain.strain_curves import curves_from_study
from resynchro.imaging.strain.strain_kind import from_lagrangian, rezeroed, to_lagrangian
from resynchro.record.strain import CardiacEvents, StrainStudy, StrainView

FloatArray = NDArray[np.float64]


def _beat(phase: FloatArray) -> FloatArray:
    """Strain over the phase of the beat: 0 at 0, systole up to 0.5 [%]; smooth and periodic."""
    return -9.0 + 9.0 * np.cos(2.0 * np.pi * phase)


def _view(
    name: str,
    segments: tuple[int, ...],
    *,
    rr_s: float = 0.9,
    avc_s: float | None = 0.36,
    frames: int = 45,
    covered: float = 1.0,
) -> StrainView:
    """A view whose curves reach their trough at AVC (or at 40 % of RR), piecewise linear in time around it."""
    time_s = np.arange(round(frames * covered)) * (rr_s / frames)
    end_systole = 0.4 * rr_s if avc_s is None else avc_s
    phase = np.where(
        time_s < end_systole, 0.5 * time_s / end_systole, 0.5 + 0.5 * (time_s - end_systole) / (rr_s - end_systole)
    )
    events = CardiacEvents(avo_s=0.25 * end_systole, avc_s=avc_s, origin="read")
    strain = np.stack([_beat(phase)] * len(segments))
    return StrainView(name=name, segments=segments, time_s=time_s, strain_pct=strain, rr_s=rr_s, events=events)


def _study(*views: StrainView, **more: object) -> StrainStudy:
    values: dict[str, object] = {"model": "aha18", "strain_type": "longitudinal", **more}
    return StrainStudy(file="made", format="test", sha256="0", views=views, **values)  # type: ignore[arg-type]


def test_one_uniform_view_is_taken_as_it_is() -> None:
    view = _view("4CH", (3, 9))
    curves = curves_from_study(_study(view))
    np.testing.assert_allclose(curves.strain_pct, view.strain_pct, atol=1e-12)
    np.testing.assert_allclose(curves.time_s, view.time_s, atol=1e-15)
    assert curves.periodic and curves.rr_spread == 0.0
    assert not curves.strain_pct.flags.writeable


def test_a_sample_at_the_end_of_the_beat_is_the_next_start() -> None:
    view = _view("4CH", (3, 9))
    closed = replace(
        view,
        time_s=np.append(view.time_s, 0.9),
        strain_pct=np.concatenate([view.strain_pct, view.strain_pct[:, :1]], axis=1),
    )
    np.testing.assert_allclose(curves_from_study(_study(closed)).strain_pct, view.strain_pct, atol=1e-12)


def test_systole_and_diastole_are_scaled_each_by_the_avc_of_the_view() -> None:
    # RR 0.8 and 1.0 s, AVC 0.35 and 0.37: common RR 0.9, AVC 0.36. Both troughs come to lie there.
    views = (_view("4CH", (3, 9), rr_s=0.8, avc_s=0.35), _view("2CH", (4, 10), rr_s=1.0, avc_s=0.37))
    curves = curves_from_study(_study(*views))
    assert curves.rr_s == pytest.approx(0.9)
    assert curves.events.avc_s == pytest.approx(0.36)
    assert curves.events.avo_s == pytest.approx(0.09)  # a quarter of systole in either view
    assert curves.rr_spread == pytest.approx(0.2 / 0.9)
    assert {finding.code for finding in curves.findings} >= {"rr-spread"}
    # The same curve once brought together; 0.05 % is what the spline leaves at the corner in time.
    np.testing.assert_allclose(curves.strain_pct[0], curves.strain_pct[1], atol=0.05)
    delays = [delay.delay_ms for delay in segment_delays(curves)]
    assert np.ptp(np.array(delays, dtype=float)) < 0.5
    scaled = curves_from_study(_study(*views), rescale="rr")
    assert "scaled-over-beat" in {finding.code for finding in scaled.findings}
    # Over the whole beat the troughs lie at 0.9/0.8 0.35 = 394 ms (4CH: 3 and 9) and 0.9 0.37 = 333 ms (2CH: 4 and 10).
    assert scaled.segments == (3, 4, 9, 10)
    troughs = scaled.time_s[scaled.strain_pct.argmin(axis=1)]
    np.testing.assert_allclose(troughs, [0.394, 0.333, 0.394, 0.333], atol=0.011)  # half a frame


def test_a_missing_avc_scales_over_the_beat_and_says_so() -> None:
    curves = curves_from_study(_study(_view("4CH", (3,)), _view("2CH", (4,), rr_s=0.99, avc_s=None)))
    assert "scaled-over-beat" in {finding.code for finding in curves.findings}
    assert curves.events.avc_s == pytest.approx(0.36 * 0.945 / 0.9)


def test_given_events_replace_those_of_the_views() -> None:
    curves = curves_from_study(_study(_view("4CH", (3, 9))), events=CardiacEvents(avc_s=0.40, origin="given"))
    assert curves.events.avc_s == pytest.approx(0.40)
    assert curves.events.avo_s == pytest.approx(0.09)
    assert curves.events.origin == "given"
    with pytest.raises(MeasurementError, match="lies outside its beat"):
        curves_from_study(_study(_view("4CH", (3, 9))), events=CardiacEvents(avc_s=1.2, origin="given"))


def test_uneven_times_are_resampled_by_a_periodic_spline() -> None:
    view = _view("4CH", (3, 9), frames=60, avc_s=0.45)  # a plain cosine: AVC at half of RR
    uneven_s = view.time_s + 0.004 * np.sin(2.0 * np.pi * np.arange(60) / 60.0 * 3.0)
    moved = replace(view, time_s=uneven_s, strain_pct=np.stack([_beat(uneven_s / 0.9)] * 2))
    curves = curves_from_study(_study(moved))
    np.testing.assert_allclose(curves.strain_pct[0], _beat(curves.time_s / 0.9), atol=1e-3)


def test_a_beat_covered_in_part_is_not_periodic() -> None:
    curves = curves_from_study(_study(_view("SAX", (7, 8), covered=0.85)))
    assert not curves.periodic
    assert curves.noise_pct is None
    assert curves.time_s[-1] <= 0.85 * 0.9
    assert "coverage" in {finding.code for finding in curves.findings}
    with pytest.raises(MeasurementError, match="do not cover the whole beat"):
        segment_delays(curves)


def test_95_pct_of_the_beat_are_enough() -> None:
    view = _view("SAX", (7, 8), frames=60, covered=57 / 60, avc_s=0.45)
    curves = curves_from_study(_study(view))
    assert curves.periodic
    assert len(curves.time_s) == 60
    np.testing.assert_allclose(curves.strain_pct[0], _beat(np.arange(60) / 60.0), atol=0.02)


def test_a_segment_in_two_views_is_their_mean_with_a_finding() -> None:
    one, two = _view("4CH", (3, 9)), _view("APLAX", (9, 2))
    curves = curves_from_study(_study(one, replace(two, strain_pct=0.5 * two.strain_pct)))
    assert curves.segments == (2, 3, 9)
    row = curves.row(9)
    assert row is not None
    np.testing.assert_allclose(curves.strain_pct[row], 0.75 * one.strain_pct[0], atol=1e-9)
    finding = next(finding for finding in curves.findings if finding.code == "segment-twice")
    assert "4CH and APLAX" in finding.message and "9.0 %" in finding.message


def test_drift_is_found_but_noise_is_not_drift() -> None:
    view = _view("4CH", (3, 9))
    ramp = view.strain_pct + np.array([[4.0], [0.5]]) * view.time_s / 0.9
    found = curves_from_study(_study(replace(view, strain_pct=ramp))).findings
    assert "+3.9 % from where it began in segment 3" in next(f.message for f in found if f.code == "drift")
    rng = np.random.default_rng(0)
    noisy = replace(view, strain_pct=view.strain_pct + rng.normal(0.0, 1.0, view.strain_pct.shape))
    assert "drift" not in {finding.code for finding in curves_from_study(_study(noisy)).findings}


def test_noise_is_estimated_or_said_to_be_unknown() -> None:
    view = _view("4CH", tuple(range(1, 13)), avc_s=0.45)
    smooth = curves_from_study(_study(view))
    assert smooth.noise_pct is None
    message = next(finding.message for finding in smooth.findings if finding.code == "noise-unknown")
    assert message.startswith("noise unknown (smoothed export)")
    rng = np.random.default_rng(1)
    noisy = replace(view, strain_pct=view.strain_pct + rng.normal(0.0, 1.0, view.strain_pct.shape))
    noise = curves_from_study(_study(noisy)).noise_pct
    assert noise is not None
    assert np.median(noise) == pytest.approx(1.0, rel=0.15)


def test_what_cannot_be_used_is_refused() -> None:
    with pytest.raises(MeasurementError, match="no view"):
        curves_from_study(_study())
    with pytest.raises(MeasurementError, match="12 frames per beat are too few"):
        curves_from_study(_study(_view("4CH", (3, 9), frames=12)))
    view = _view("4CH", (3, 9))
    broken = view.strain_pct.copy()
    broken[0, 3] = np.nan
    with pytest.raises(MeasurementError, match="not numbers"):
        curves_from_study(_study(replace(view, strain_pct=broken)))


@settings(deadline=None, max_examples=50)
@given(strain=st.floats(-49.0, 90.0), kind=st.sampled_from(["lagrangian", "natural", "green-lagrange"]))
def test_kinds_turn_into_each_other_and_back(strain: float, kind: str) -> None:
    value = np.array([strain])
    there = from_lagrangian(value, kind)  # type: ignore[arg-type]
    assert to_lagrangian(there, kind) == pytest.approx(value, abs=1e-9)  # type: ignore[arg-type]


def test_kinds_by_hand() -> None:
    # L/L0 = 0.8: Lagrangian -20, natural 100 ln 0.8 = -22.314, Green-Lagrange 50 (0.64 - 1) = -18
    assert float(from_lagrangian(np.array(-20.0), "natural")) == pytest.approx(-22.3144, abs=1e-4)
    assert float(from_lagrangian(np.array(-20.0), "green-lagrange")) == pytest.approx(-18.0)
    with pytest.raises(MeasurementError, match="below -50"):
        to_lagrangian(np.array(-51.0), "green-lagrange")
    with pytest.raises(MeasurementError, match="above -100"):
        from_lagrangian(np.array(-100.0), "natural")
    # a file that starts 10 % stretched: L from 1.1 to 0.88 L0 is -20 % of its own start
    assert rezeroed(np.array([10.0, -12.0]), np.array(10.0)) == pytest.approx([0.0, -20.0])


def test_a_file_of_natural_strain_is_brought_to_lagrangian() -> None:
    view = _view("4CH", (3, 9))
    natural = replace(view, strain_pct=from_lagrangian(view.strain_pct, "natural"))
    curves = curves_from_study(_study(natural, kind="natural"))
    assert curves.kind == "lagrangian"
    np.testing.assert_allclose(curves.strain_pct, view.strain_pct, atol=1e-9)
