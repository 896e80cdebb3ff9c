"""The strain phantom has exactly the delays it was asked for, and the demonstration looks like its disease."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.errors import InputError
from resynchro.imaging.strain.strain_curves import curves_from_study
from resynchro.imaging.strain.strain_demonstration import (
    DEMONSTRATION_SCAR,
    demonstration_delays_ms,
    demonstration_strain_study,
)
from resynchro.imaging.strain.strain_phantom import angular_delays_ms, coupled_strain, shortening_course, strain_phantom


def test_course_of_the_canonical_beat() -> None:
    # Onset 30, peak 30 + 330 = 360, end 360 + 250 = 610 ms; half height in the middle of rise and fall.
    course = shortening_course(np.array([0.0, 30.0, 195.0, 360.0, 485.0, 610.0, 900.0]))
    assert course == pytest.approx([0.0, 0.0, 0.5, 1.0, 0.5, 0.0, 0.0])


def test_synchronous_segments_are_one_curve() -> None:
    curves = strain_phantom(dict.fromkeys(range(1, 13), 0.0))
    assert curves.strain_pct.shape == (12, 30)
    assert np.ptp(curves.strain_pct, axis=0).max() == 0.0
    assert curves.strain_pct.min() == pytest.approx(-18.0)  # 360 ms is frame 12 of 30 ms
    assert curves.strain_pct[0, 12] == pytest.approx(-18.0)
    assert (curves.rr_s, curves.periodic) == (0.9, True)


@settings(max_examples=30, deadline=None)
@given(st.integers(-4, 9))
def test_a_delay_of_whole_frames_moves_the_samples(frames: int) -> None:
    curves = strain_phantom({1: 0.0, 2: 30.0 * frames})
    moved = np.roll(curves.strain_pct[0], frames)
    assert curves.strain_pct[1] == pytest.approx(moved - moved[0], abs=1e-12)


def test_coupling_stretches_what_is_late_and_leaves_the_mean() -> None:
    free = strain_phantom({8: 0.0, 11: 120.0})
    bound = strain_phantom({8: 0.0, 11: 120.0}, coupling=0.8)
    assert bound.strain_pct.mean(axis=0) == pytest.approx(free.strain_pct.mean(axis=0))
    assert free.strain_pct[1].max() == 0.0
    assert bound.strain_pct[1].max() > 1.0
    # Two segments, q1 = 10, q2 = 0, c = 0.4: -(1.4 x 10 - 0.4 x 5) = -12 and 0.4 x 5 = 2.
    assert coupled_strain(np.array([[10.0], [0.0]]), 0.4).ravel().tolist() == pytest.approx([-12.0, 2.0])


def test_scar_noise_and_sign() -> None:
    rng = np.random.default_rng(2)
    curves = strain_phantom({1: 0.0, 2: 0.0}, scar={2: 0.75}, strain_type="radial", peak_pct={1: 40.0, 2: 40.0})
    assert curves.strain_pct.max(axis=1) == pytest.approx([40.0, 10.0])
    noisy = strain_phantom({1: 0.0}, frames=2000, noise_pct=1.5, rng=rng)
    still = strain_phantom({1: 0.0}, frames=2000)
    assert (noisy.strain_pct - still.strain_pct).std() == pytest.approx(1.5, rel=0.05)
    assert noisy.noise_pct is not None
    assert noisy.noise_pct.tolist() == [1.5]


def test_delays_around_the_ventricle() -> None:
    delays = angular_delays_ms(120.0, latest_angle_deg=-30.0)
    # Middle of 5 and 11 is 330 = -30 degrees: the latest; of 2 and 8 is 150 degrees: opposite.
    assert (delays[5], delays[11]) == pytest.approx((120.0, 120.0))
    assert (delays[2], delays[8]) == pytest.approx((0.0, 0.0))
    assert delays[6] == pytest.approx(120.0 * 0.75)  # 60 degrees away: (1 + 0.5)/2
    assert delays[17] == 60.0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"noise_pct": 1.0}, "needs a source"),
        ({"frames": 3}, "4 frames"),
        ({"scar": {1: 1.5}}, r"must lie in \[0, 1\]"),
    ],
)
def test_impossible_phantoms_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        strain_phantom({1: 0.0}, **options)  # type: ignore[arg-type]


def test_the_demonstration_is_the_same_every_time() -> None:
    one, other = demonstration_strain_study(), demonstration_strain_study()
    for view, again in zip(one.views, other.views, strict=True):
        assert view.strain_pct.tobytes() == again.strain_pct.tobytes()
    assert one.views[0].strain_pct.tobytes() != demonstration_strain_study(2).views[0].strain_pct.tobytes()


def test_the_demonstration_looks_like_left_bundle_branch_block() -> None:
    curves = curves_from_study(demonstration_strain_study())
    avo, avc = curves.events.avo_s, curves.events.avc_s
    assert avo is not None
    assert avc is not None
    assert len(curves.segments) == 18
    assert curves.periodic
    assert 0.02 < curves.rr_spread < 0.06
    before_avc = curves.time_s <= avc
    septum, lateral = curves.strain_pct[curves.row(8)], curves.strain_pct[curves.row(11)]
    # Septum: shortest early in ejection, stretched by more than half of it before aortic valve closure.
    first = int(septum[before_avc].argmin())
    assert avo < curves.time_s[first] < avo + 0.15
    assert septum[before_avc][-1] - septum[first] > 0.5 * -septum[first]
    # Lateral wall: stretched first, shortest after aortic valve closure.
    assert lateral[curves.time_s <= avo].max() > 0.2
    assert curves.time_s[int(lateral.argmin())] > avc
    assert -10.0 < curves.strain_pct.mean(axis=0).min() < -5.0


def test_the_scar_of_the_demonstration_is_not_its_latest_segment() -> None:
    delays = demonstration_delays_ms()
    assert max(delays, key=lambda segment: delays[segment]) == 11
    assert set(DEMONSTRATION_SCAR) == {4, 10}
    study = demonstration_strain_study()
    for view in study.views:
        for segment, curve in zip(view.segments, view.strain_pct, strict=True):
            assert (-curve.min() < 5.0) == (segment in DEMONSTRATION_SCAR)
