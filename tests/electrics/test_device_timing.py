"""What a device does: scheduling, inhibition, trigger, capture, pseudo-fusion, recruitment. Times by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from resynchro.electrics.conduction import conduction
from resynchro.electrics.device_timing import device_beat
from resynchro.electrics.electrical_heart import ElectricalHeart, electrical_heart
from resynchro.electrics.programme import Programme, Stimulus
from resynchro.electrics.simulation import simulate
from resynchro.errors import InputError
from resynchro.heart.heart import HEALTHY, SCAR_CORE
from resynchro.heart.template import template_heart

RV, LV = Stimulus(site="rv:apex"), Stimulus(site="lv:lateral-mid")
BIV = Programme(stimuli=(RV, LV), pr_ms=200.0, av_ms=100.0)


@pytest.fixture(scope="module")
def electrical() -> ElectricalHeart:
    return electrical_heart(template_heart(edge_mm=4.0), conductor="unbounded")


@pytest.mark.parametrize(
    ("vv_ms", "rv_ms", "lv_ms"), [(0.0, 100.0, 100.0), (-20.0, 120.0, 100.0), (30.0, 100.0, 130.0)]
)
def test_vv_delays_the_later_channel(electrical: ElectricalHeart, vv_ms: float, rv_ms: float, lv_ms: float) -> None:
    # t_RV = AV + max(0, -VV), t_LV = AV + max(0, VV).
    rv, lv = device_beat(electrical, replace(BIV, vv_ms=vv_ms)).outcomes
    assert (rv.scheduled_ms, lv.scheduled_ms) == (rv_ms, lv_ms)


def test_vv_means_nothing_with_one_channel(electrical: ElectricalHeart) -> None:
    alone = device_beat(electrical, replace(BIV, stimuli=(LV,), vv_ms=40.0)).outcomes[0]
    assert alone.scheduled_ms == 100.0


def test_atrial_event_shifts_the_schedule_and_conduction() -> None:
    sensed = Programme(av_ms=120.0, atrial_sensing_ms=25.0, pr_ms=180.0, pr_paced_extra_ms=40.0, atrial_capture_ms=15.0)
    assert sensed.first_stimulus_ms == 145.0  # sensed 25 ms late, then the AV delay
    assert sensed.intrinsic_ms == 180.0
    paced = replace(sensed, atrial="paced")
    assert paced.first_stimulus_ms == 105.0  # the atrium activates 15 ms after its stimulus, at time 0
    assert paced.intrinsic_ms == 220.0


def test_release_is_stimulus_latency_and_exit_delay(electrical: ElectricalHeart) -> None:
    # Usual latency: half of 29 ms on the epicardium of the LV (15), of 15 ms at the RV apex (7.5).
    slow = replace(LV, latency_ms=40.0, exit_delay_ms=12.0, offset_ms=8.0)
    rv, lv = device_beat(electrical, replace(BIV, stimuli=(RV, slow))).outcomes
    assert rv.release_ms == 107.5
    assert lv.scheduled_ms == 108.0
    assert lv.release_ms == 108.0 + 40.0 + 12.0
    assert device_beat(electrical, BIV).outcomes[1].release_ms == 115.0


@pytest.mark.parametrize("stimuli", [(RV, LV), (LV,)])
def test_sensing_before_the_stimulus_inhibits_every_channel(
    electrical: ElectricalHeart, stimuli: tuple[Stimulus, ...]
) -> None:
    sensed_ms = device_beat(electrical, replace(BIV, stimuli=stimuli)).sensed_ms
    assert sensed_ms is not None and sensed_ms > 200.0
    late = simulate(electrical, replace(BIV, stimuli=stimuli, av_ms=sensed_ms))
    assert late.inhibited
    assert not any(outcome.delivered or outcome.captured for outcome in late.outcomes)
    assert late.intrinsic_share == 1.0
    intrinsic = simulate(electrical, replace(BIV, stimuli=()))
    assert np.array_equal(late.times_ms, intrinsic.times_ms)
    just = simulate(electrical, replace(BIV, stimuli=stimuli, av_ms=sensed_ms - 0.1))
    assert not just.inhibited and all(outcome.delivered for outcome in just.outcomes)


def test_sensing_triggers_where_that_is_programmed(electrical: ElectricalHeart) -> None:
    beat = device_beat(electrical, replace(BIV, stimuli=(LV,), av_ms=300.0, trigger_ms=10.0))
    assert beat.sensed_ms is not None
    assert beat.outcomes[0].scheduled_ms == pytest.approx(beat.sensed_ms + 10.0)
    assert beat.outcomes[0].captured  # the late lateral wall of LBBB is still to be had


def test_a_stimulus_into_activated_muscle_is_pseudo_fusion(electrical: ElectricalHeart) -> None:
    # The RV electrode is due at 240 ms; conduction enters the RV at 150 ms and has passed it.
    beat = simulate(electrical, replace(BIV, vv_ms=-140.0, pr_ms=150.0, sensing=("lv:lateral-mid",)))
    rv, lv = beat.outcomes
    assert lv.captured and rv.delivered
    assert not rv.captured and rv.pseudo_fusion
    assert rv.others_arrive_ms is not None and rv.release_ms is not None and rv.others_arrive_ms < rv.release_ms
    without = simulate(electrical, replace(BIV, stimuli=(LV,), pr_ms=150.0, sensing=("lv:lateral-mid",)))
    node = electrical.site("rv:apex").node
    assert beat.times_ms[node] == without.times_ms[node]


def test_fusion_share_grows_with_the_av_delay(electrical: ElectricalHeart) -> None:
    shares = [
        simulate(electrical, replace(BIV, stimuli=(LV,), av_ms=av_ms)).intrinsic_share for av_ms in (40.0, 120.0, 180.0)
    ]
    assert 0.0 <= shares[0] < shares[1] < shares[2] < 1.0


def test_av_block_leaves_only_the_stimulus(electrical: ElectricalHeart) -> None:
    blocked = Programme(conduction=conduction("av-block"), stimuli=(RV,), av_ms=400.0)
    beat = simulate(electrical, blocked)
    assert beat.sensed_ms is None and not beat.inhibited
    assert beat.intrinsic_share == 0.0
    with pytest.raises(InputError, match="nothing activates"):
        simulate(electrical, replace(blocked, stimuli=()))


def test_a_site_in_scar_does_not_capture() -> None:
    heart = template_heart(edge_mm=4.0)
    scarred = replace(heart, tissue=np.where(heart.segment == 11, SCAR_CORE, HEALTHY).astype(np.int8))
    electrical = electrical_heart(scarred, conductor="unbounded")
    beat = simulate(electrical, replace(BIV, stimuli=(RV, Stimulus(site="lv:segment:11"))))
    lv = beat.outcomes[1]
    assert lv.delivered and not lv.captured and not lv.pseudo_fusion
    assert lv.reason is not None and "scar" in lv.reason
    assert np.isnan(beat.segments.mean_ms[11]) and beat.segments.reached_pct[11] == 0.0


def test_anodal_capture_adds_a_front_at_the_anode(electrical: ElectricalHeart) -> None:
    plain = simulate(electrical, replace(BIV, stimuli=(LV,), pr_ms=400.0))
    anodal = simulate(electrical, replace(BIV, stimuli=(replace(LV, anode="rv:septum"),), pr_ms=400.0))
    node = electrical.site("rv:septum").node
    assert anodal.times_ms[node] == pytest.approx(100.0 + 7.5, abs=8.0)  # the site lies within half an edge of the node
    assert anodal.times_ms[node] < plain.times_ms[node]


def test_selective_his_pacing_is_the_intrinsic_beat_moved(electrical: ElectricalHeart) -> None:
    # First early site at the stimulus + HV: 60 + 45 = 105 ms, against PR 185.
    normal = simulate(electrical, Programme(conduction=conduction("normal"), pr_ms=185.0))
    his = simulate(
        electrical,
        Programme(conduction=conduction("av-block"), stimuli=(Stimulus(site="his", capture="selective"),), av_ms=60.0),
    )
    assert np.allclose(his.times_ms - 105.0, normal.times_ms - 185.0, atol=1e-3)


def test_his_pacing_without_correction_leaves_the_block(electrical: ElectricalHeart) -> None:
    programme = Programme(
        conduction=conduction("lbbb"),
        stimuli=(Stimulus(site="his", capture="selective"),),
        av_ms=60.0,
        his_corrects=False,
    )
    blocked, corrected = simulate(electrical, programme), simulate(electrical, replace(programme, his_corrects=True))
    assert blocked.indices.total_ms > 120.0 > corrected.indices.total_ms


def test_left_bundle_pacing_recruits_the_left_network(electrical: ElectricalHeart) -> None:
    lbbb = simulate(electrical, Programme(conduction=conduction("lbbb")))
    programme = Programme(conduction=conduction("lbbb"), pr_ms=400.0, stimuli=(Stimulus(site="lbb"),), av_ms=60.0)
    non_selective = simulate(electrical, programme)
    selective = simulate(electrical, replace(programme, stimuli=(Stimulus(site="lbb", capture="selective"),)))
    back = simulate(electrical, replace(programme, retrograde_ms=60.0))
    assert non_selective.indices.lv95_ms < 0.7 * lbbb.indices.lv95_ms
    assert non_selective.indices.vv_ms < 0.0 < lbbb.indices.vv_ms
    # Selective capture leaves out the muscle of the septum around the lead: nothing before potential to ventricle.
    assert selective.indices.first_ms == 60.0 + 25.0
    assert 60.0 + 7.5 <= non_selective.indices.first_ms < 60.0 + 7.5 + 8.0
    assert back.indices.total_ms < non_selective.indices.total_ms


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Programme(av_ms=-1.0),
        lambda: Programme(vv_ms=500.0),
        lambda: Programme(pr_ms=5.0),
        lambda: Stimulus(site="rv:apex", offset_ms=-3.0),
        lambda: Stimulus(site="rv:apex", capture="selective"),
        lambda: conduction("lbbbb"),  # type: ignore[arg-type]
        lambda: conduction("normal", early_ms={"nowhere": 3.0}),
        lambda: conduction("normal", layer_factor=0.0),
    ],
)
def test_impossible_programmes_are_refused(wrong: object) -> None:
    with pytest.raises(InputError):
        wrong()  # type: ignore[operator]
