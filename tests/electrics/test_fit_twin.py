"""The fit as a whole: a synthetic patient is found again, nonsense is poor, the same call gives the same twin."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest

from resynchro.electrics import fit_start, twin_fit
from resynchro.electrics.equivalent_electrodes import EquivalentElectrodes, equivalent_electrodes
from resynchro.electrics.fit_data import MeasuredQrs
from resynchro.electrics.fit_model import FitModel
from resynchro.electrics.fit_roots import hypotheses
from resynchro.electrics.heart_of_fit import HeartOfFit
from resynchro.electrics.paced_twin import paced_twin, simulated_members
from resynchro.electrics.programme import Programme, Stimulus
from resynchro.electrics.simulation import simulate
from resynchro.electrics.torso import template_torso
from resynchro.electrics.twin import TwinFit, quantiles
from resynchro.electrics.twin_fit import fit_twin
from resynchro.electrics.twin_summary import twin_summary
from resynchro.heart.template import template_heart
from resynchro.record.ecg import INDEPENDENT_ROWS

NOISE_MV = 0.025


@pytest.fixture(scope="module")
def prepared() -> HeartOfFit:
    return HeartOfFit(template_heart("normal", edge_mm=4.0))


@pytest.fixture(scope="module", autouse=True)
def short_search() -> Iterator[None]:
    """Search less: the synthetic patient was made by the very same mesh."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit_start, "TRIALS", 200)
        patch.setattr(fit_start, "POSES", 10)
        patch.setattr(twin_fit, "JUMPS", 2)
        patch.setattr(twin_fit, "KEPT", 2)
        patch.setattr(twin_fit, "LAST_ITERATIONS", 12)
        yield


@pytest.fixture(scope="module")
def electrodes(prepared: HeartOfFit) -> EquivalentElectrodes:
    torso = template_torso(prepared.centre_mm)
    return equivalent_electrodes(torso, prepared.heart.mesh.points_mm, edge_mm=24.0)


@pytest.fixture(scope="module")
def patient(prepared: HeartOfFit, electrodes: EquivalentElectrodes) -> tuple[dict[str, float], MeasuredQrs, float]:
    """A patient with LBBB: true values, noisy QRS, true delay between the means of the ventricles."""
    model = FitModel(prepared, hypotheses("lbbb")[0], electrodes, start_ms=-10.0, end_ms=220.0)
    rng = np.random.default_rng(5)
    scores = 0.7 * rng.standard_normal(len(model.parameters))
    predicted = model.predict(scores, derivatives=False)
    last = float(np.ceil(predicted.times_ms.max()))
    signal = predicted.qrs_mv[:, : int(last) + 21]
    noisy = signal + NOISE_MV * rng.standard_normal(signal.shape)
    measured = MeasuredQrs(signal_mv=noisy, start_ms=-10.0, qrs_ms=last, noise_mv=np.full(8, NOISE_MV))
    values = dict(zip((p.name for p in model.parameters), model.values(scores), strict=True))
    return values, measured, float(np.ptp(predicted.times_ms))


@pytest.fixture(scope="module")
def twin(prepared: HeartOfFit, electrodes: EquivalentElectrodes, patient) -> TwinFit:  # type: ignore[no-untyped-def]
    return fit_twin(
        prepared.heart,
        patient[1],
        rhythm=hypotheses("lbbb")[:1],
        electrodes=electrodes,
        members=10,
        starts_wanted=4,
        seed=1,
        st_part=0.0,
    )


def test_synthetic_patient_is_found_again(twin: TwinFit, patient) -> None:  # type: ignore[no-untyped-def]
    values, _, total_ms = patient
    assert twin.quality.verdict == "good"
    assert twin.quality.mean_correlation > 0.95
    assert twin.indices["total_ms"].median == pytest.approx(total_ms, rel=0.10)
    # Ten members only: the interval may miss by a little, so truth must lie within one more width of it.
    for name in ("v_transverse_m_per_s", "v_rv_layer_m_per_s", "onset_ms"):
        found = twin.parameter(name)
        width = found.high - found.low
        assert found.low - width <= values[name] <= found.high + width, name


def test_data_narrow_what_they_tell_and_leave_the_rest(twin: TwinFit) -> None:
    assert twin.parameter("v_rv_layer_m_per_s").narrowed < 0.8
    # The left-right place of V6 hardly changes anything: its posterior stays near its prior.
    assert twin.parameter("v6_leftward_mm").narrowed > 0.4
    assert {p.identifiable for p in twin.parameters} >= {"yes", "no"}


def test_map_and_segments_are_those_of_the_members(twin: TwinFit) -> None:
    np.testing.assert_allclose(twin.mean_ms, twin.member_times_ms.astype(float).mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(twin.sd_ms, twin.member_times_ms.astype(float).std(axis=0), atol=1e-3)
    lateral, septal = twin.segments[12], twin.segments[9]
    assert lateral is not None and septal is not None
    assert lateral.median > septal.median + 20.0  # in LBBB the lateral wall comes last


def test_summary_is_plain_and_complete(twin: TwinFit) -> None:
    summary = twin_summary(twin)
    text = json.dumps(summary, allow_nan=False)
    assert len(summary["leads"]) == 12
    assert len(summary["segments"]) == 18
    assert "median" in text
    assert summary["parameters"][0]["source"]


def test_same_seed_same_twin_and_nonsense_is_poor(prepared: HeartOfFit, electrodes: EquivalentElectrodes) -> None:
    # Alternating spikes in every lead: no front makes them.
    t = np.arange(140)
    signal = np.array([np.sin(2.0 * np.pi * t / (9.0 + k)) * (1.0 if k % 2 else -0.5) for k in range(8)])
    signal[:, :10] = 0.0
    measured = MeasuredQrs(signal_mv=signal, start_ms=-10.0, qrs_ms=120.0, noise_mv=np.full(8, 0.01))

    def fitted() -> TwinFit:
        return fit_twin(
            prepared.heart,
            measured,
            rhythm=hypotheses("rv_paced")[:1],
            electrodes=electrodes,
            members=2,
            starts_wanted=3,
            seed=7,
        )

    first, second = fitted(), fitted()
    assert first.quality.verdict == "poor"
    assert "mean correlation" in first.quality.reason
    np.testing.assert_array_equal(first.members, second.members)
    np.testing.assert_array_equal(first.member_times_ms, second.member_times_ms)


def test_intervals_of_small_ensembles_hold_what_they_say() -> None:
    # 19 members: the 5 % quantile by (n + 1) p is the first, the 95 % quantile the last.
    median, low, high = quantiles(np.arange(1.0, 20.0))
    assert (median, low, high) == pytest.approx((10.0, 1.0, 19.0))


def test_a_fitted_twin_can_be_paced_and_makes_its_own_ecg_without_pacing(twin: TwinFit) -> None:
    electrical, own = paced_twin(twin)
    beat = simulate(electrical, Programme(conduction=own))
    since_first = beat.sample_ms - beat.times_ms.min()
    wanted = twin.measured.times_ms - twin.best_times_ms.min()
    for lead, row in enumerate(INDEPENDENT_ROWS):
        made = np.interp(wanted, since_first, beat.qrs_mv[row], left=0.0, right=0.0)
        # Roots move to the nearest node of a 4 mm mesh, and the network has nodes of its own.
        assert np.corrcoef(made, twin.best_mv[lead])[0, 1] > 0.93
    sites = (Stimulus(site="lv:lateral-mid"), Stimulus(site="rv:apex"))
    beats, estimates = simulated_members(twin, Programme(stimuli=sites, av_ms=60.0), members=(0, 1, 2))
    assert len(beats) == 3
    assert all(outcome.captured for each in beats for outcome in each.outcomes)
    paced = estimates["lv_ms"]
    assert paced.low <= paced.median <= paced.high
    # Two sites on opposite sides activate the left ventricle sooner than the blocked bundle does.
    assert paced.median < twin.indices["lv_ms"].median
