"""The measured QRS of a fit, what counts as a miss, agreement, priors."""

from __future__ import annotations

import numpy as np
import pytest

from resynchro.electrics.fit_data import MeasuredQrs, misfit_scale, st_course
from resynchro.electrics.fit_parameters import amplitude_parameters, velocity_parameters
from resynchro.electrics.fit_quality import fit_quality
from resynchro.electrics.fit_roots import RHYTHMS, hypotheses, root_parameters
from resynchro.errors import InputError


def bump(amplitude: float = 1.0) -> MeasuredQrs:
    t = np.arange(-10.0, 111.0)
    wave = np.exp(-0.5 * ((t - 50.0) / 15.0) ** 2)
    signal = amplitude * np.outer([1.0, 0.5, -1.0, -1.5, 0.8, 1.2, 1.0, 0.7], wave)
    return MeasuredQrs(signal_mv=signal, start_ms=-10.0, qrs_ms=100.0, noise_mv=np.full(8, 0.01))


def test_whitened_draws_are_white() -> None:
    scale = misfit_scale(bump(), 0.2)
    rng = np.random.default_rng(0)
    white = np.stack([scale.whitened(scale.drawn(rng)) for _ in range(60)])
    # 60 x 8 x 121 values: the standard deviation of their standard deviation is 1 / sqrt(2 n) = 0.003.
    assert white.std() == pytest.approx(1.0, abs=0.015)
    assert abs((white[..., :-1] * white[..., 1:]).mean()) < 0.02


def test_whitening_of_a_batch_is_that_of_each() -> None:
    scale = misfit_scale(bump(), 0.1)
    batch = np.random.default_rng(1).standard_normal((3, 8, 121))
    np.testing.assert_allclose(scale.whitened(batch)[2], scale.whitened(batch[2]), rtol=1e-10)


def test_correlated_errors_count_as_few_samples() -> None:
    # Gaussian correlation of 6 ms: one sample every 6 sqrt(2 pi) = 15 ms, 121 ms / 15 ms x 8 leads = 64, and a few more
    # for the ends.
    assert 60.0 < misfit_scale(bump(), 0.2).effective_samples < 80.0


def test_error_of_a_lead_follows_its_size() -> None:
    scale = misfit_scale(bump(), 0.2)
    assert scale.error_mv[3] > 2.0 * scale.error_mv[1]
    np.testing.assert_allclose(misfit_scale(bump(2.0), 0.2).error_mv, 2.0 * scale.error_mv)


def test_level_of_the_st_segment_grows_from_onset_to_end() -> None:
    np.testing.assert_allclose(st_course(np.array([-5.0, 0.0, 50.0, 100.0, 120.0]), 100.0), [0.0, 0.0, 0.25, 1.0, 1.0])


@pytest.mark.parametrize(
    ("signal", "message"),
    [
        (np.zeros((8, 100)), "below 0.05 mV"),
        (np.ones((12, 100)), "shape"),
        (np.full((8, 100), np.nan), "finite"),
        (np.ones((8, 5)), "shape"),
    ],
)
def test_a_qrs_that_is_none_is_refused(signal: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        MeasuredQrs(signal_mv=signal, start_ms=-10.0, qrs_ms=80.0, noise_mv=np.zeros(8))


def test_agreement_of_equal_and_of_opposite_signals() -> None:
    measured = bump()
    same = fit_quality(measured, measured.signal_mv)
    assert same.verdict == "good"
    assert same.mean_correlation == pytest.approx(1.0)
    assert same.relative_error == 0.0
    opposite = fit_quality(measured, -measured.signal_mv)
    # Error of -x against x: twice x, so 200 %.
    assert opposite.relative_error == pytest.approx(2.0)
    assert opposite.verdict == "poor"
    assert "correlation below 0.50 in I" in opposite.reason


def test_one_missed_lead_makes_a_fit_poor() -> None:
    measured = bump()
    made = measured.signal_mv.copy()
    made[2] *= -1.0
    quality = fit_quality(measured, made)
    assert quality.verdict == "poor"
    assert "V1 (-1.00)" in quality.reason


def test_scores_and_values_are_inverse() -> None:
    for parameter in (*velocity_parameters(v_lv_layer=(1.0, 0.5), v_rv_layer=(2.0, 0.3)), *amplitude_parameters()):
        scores = np.array([-2.0, 0.0, 1.5])
        np.testing.assert_allclose(parameter.score(parameter.value(scores)), scores, atol=1e-12)
        assert parameter.value(0.0) == pytest.approx(parameter.middle)
        assert (parameter.value(scores) > 0.0).all()


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_every_hypothesis_has_sourced_and_distinct_parameters(rhythm: str) -> None:
    for hypothesis in hypotheses(rhythm):  # type: ignore[arg-type]
        parameters = root_parameters(hypothesis)
        assert len({p.name for p in parameters}) == len(parameters)
        assert all(p.source and p.sd > 0.0 for p in parameters)
        chambers = {root.ventricle for root in hypothesis.roots}
        assert (hypothesis.lv_delay is not None) == (chambers == {"lv", "rv"})


def test_unknown_rhythm_is_refused() -> None:
    with pytest.raises(InputError, match="no rhythm 'flutter'"):
        hypotheses("flutter")  # type: ignore[arg-type]
