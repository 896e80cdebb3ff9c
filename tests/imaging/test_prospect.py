"""PROSPECT's twelve: values by hand, what each needs, and that strain never stands in for tissue Doppler."""

from __future__ import annotations

import numpy as np
import pytest

from resynchro.imaging.published_values import published_values
from resynchro.imaging.strain.doppler_times import DopplerTimes
from resynchro.imaging.strain.prospect import PROSPECT_CAVEAT, prospect_twelve
from resynchro.imaging.strain.strain_summary import beyond, index_summary
from resynchro.record.index_value import IndexValue
from resynchro.record.strain import CardiacEvents

ORDER = (
    "spwmd_ms",
    "ivmd_ms",
    "lvft_rr_pct",
    "lpei_ms",
    "llwc",
    "ts_lateral_septal_ms",
    "ts_sd_ms",
    "pvd_ms",
    "dlc_count",
    "ts_displacement_ms",
    "ts_peak_basal_ms",
    "ts_onset_basal_ms",
)


def _twelve(doppler: DopplerTimes, events: CardiacEvents | None = None) -> dict[str, IndexValue]:
    return {index.key: index for index in prospect_twelve(doppler, 1.0, events or CardiacEvents())}


def test_twelve_in_the_order_of_the_study_and_all_absent_without_inputs() -> None:
    found = _twelve(DopplerTimes())
    assert tuple(found) == ORDER
    for index in found.values():
        assert index.value is None and index.flag is None
        assert str(index.absent).startswith("needs ")


def test_values_by_hand() -> None:
    # Ts 100, 120 ... 320 ms: SD of 12 equal steps of 20 = 20 sqrt(13) = 72.11; lateral (6) 200 - septal (3) 140 = 60;
    # range of the basal six 100.
    ts = {segment: 80.0 + 20.0 * segment for segment in range(1, 13)}
    found = _twelve(
        DopplerTimes(
            septal_peak_inward_ms=220.0,
            posterior_peak_inward_ms=370.0,
            qrs_to_aortic_flow_ms=150.0,
            qrs_to_pulmonary_flow_ms=105.0,
            filling_time_ms=380.0,
            rr_ms=1000.0,
            lateral_contraction_end_ms=560.0,
            filling_onset_ms=530.0,
            ts_ms=ts,
            ts_onset_ms={1: 80.0, 2: 90.0, 3: 70.0, 4: 130.0},
            ts_displacement_ms={3: 300.0, 6: 360.0, 9: 310.0, 12: 350.0},
            dlc_count=2,
        )
    )
    expected = {
        "spwmd_ms": 150.0,
        "ivmd_ms": 45.0,
        "lvft_rr_pct": 38.0,
        "lpei_ms": 150.0,
        "ts_lateral_septal_ms": 60.0,
        "ts_sd_ms": 20.0 * np.sqrt(13.0),
        "pvd_ms": 100.0,
        "dlc_count": 2.0,
        "ts_displacement_ms": 60.0,
        "ts_peak_basal_ms": 100.0,
        "ts_onset_basal_ms": 60.0,
    }
    for key, value in expected.items():
        assert found[key].value == pytest.approx(value), key
    assert found["llwc"].flag is True
    assert found["llwc"].notes == ("overlap 30 ms",)


def test_valve_events_stand_in_where_there_is_no_doppler_and_say_so() -> None:
    events = CardiacEvents(mvc_s=0.05, avo_s=0.145, avc_s=0.4, mvo_s=0.5, origin="given")
    found = _twelve(DopplerTimes(qrs_to_pulmonary_flow_ms=100.0), events)
    assert found["lpei_ms"].value == pytest.approx(145.0)
    assert "AVO in place of" in found["lpei_ms"].variant
    assert found["ivmd_ms"].value == pytest.approx(45.0)
    assert found["lvft_rr_pct"].value == pytest.approx(55.0)  # (1000 - 500 + 50)/1000
    assert "in place of the Doppler filling time" in found["lvft_rr_pct"].variant


def test_incomplete_tissue_doppler_is_absent_not_guessed() -> None:
    found = _twelve(DopplerTimes(ts_ms={3: 200.0, 6: 260.0}))
    assert found["ts_lateral_septal_ms"].value == pytest.approx(60.0)
    assert found["ts_sd_ms"].absent == "needs tissue Doppler: ts of 12 of the segments 1 to 12, got 2"


def test_cut_offs_and_their_provenance() -> None:
    verified = {key: [p.threshold for p in published_values(key) if p.verified] for key in ORDER}
    assert verified["spwmd_ms"] == [130.0]
    assert verified["ivmd_ms"] == [40.0]
    assert verified["lvft_rr_pct"] == [40.0]
    assert verified["lpei_ms"][0] == 140.0
    assert verified["ts_lateral_septal_ms"] == [60.0]
    assert 32.0 in verified["ts_sd_ms"] and 32.6 not in verified["ts_sd_ms"]
    assert verified["pvd_ms"] == []  # from memory only
    assert verified["dlc_count"] == [2.0]
    assert "0.62" in PROSPECT_CAVEAT and "18458170" in PROSPECT_CAVEAT


def test_an_unverified_cut_off_is_marked_and_never_compared() -> None:
    index = _twelve(DopplerTimes(ts_ms={segment: 100.0 * segment for segment in range(1, 13)}))["pvd_ms"]
    (published,) = index.published
    assert beyond(index, published) is None
    assert index_summary(index)["published"][0]["statement"].endswith("(unverified)")
    lateral = _twelve(DopplerTimes(ts_ms={3: 200.0, 6: 260.0}))["ts_lateral_septal_ms"]
    assert beyond(lateral, lateral.published[0]) is True
