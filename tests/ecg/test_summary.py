"""The JSON line of one ECG: stable names, plain data, no NaN."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from resynchro.ecg.measurement import EcgMeasurement, measure_ecg
from resynchro.ecg.summary import QRS_CONVENTIONS, ecg_summary
from resynchro.ecg.synthetic import SyntheticEcg
from resynchro.record.ecg import LEADS

Measured = Callable[..., tuple[SyntheticEcg, EcgMeasurement]]
DEMANDED = {
    "file",
    "heart_rate_bpm",
    "paced",
    "qrs_onset_ms",
    "qrs_end_ms",
    "qrs_ms",
    "qrs_interval_ms",
    "qrs_area_uvs",
    "axis_deg",
    "morphology",
    "criteria",
    "selvester",
    "warnings",
}
MORPHOLOGIES = {"normal", "lbbb", "incomplete_lbbb", "rbbb", "incomplete_rbbb", "ivcd", "paced"}


@pytest.mark.parametrize("kind", ["normal", "lbbb", "rbbb", "ivcd", "rv-paced", "biventricular-paced"])
def test_every_name_is_there_and_plain(measured_synthetic: Measured, kind: str) -> None:
    summary = ecg_summary(measured_synthetic(kind)[1])
    assert set(summary) >= DEMANDED
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert summary["morphology"] in MORPHOLOGIES
    assert summary["paced"] in {"yes", "probable", "no evidence"}
    low, high = summary["qrs_interval_ms"]
    assert low < summary["qrs_ms"] < high
    assert summary["qrs_ms"] == pytest.approx(summary["qrs_end_ms"] - summary["qrs_onset_ms"], abs=0.15)
    assert set(summary["leads"]) == set(LEADS)


def test_values_are_those_of_the_measurement(measured_synthetic: Measured) -> None:
    _, m = measured_synthetic("lbbb")
    summary = ecg_summary(m)
    assert summary["qrs_ms"] == round(m.qrs_ms, 1)
    assert summary["axis_deg"] == round(m.axis_deg, 1)
    assert summary["qrs_area_uvs"] == round(m.qrs_area_uvs, 1)
    assert summary["measured_beats"].endswith("intrinsic")
    assert sum(len(form["times_s"]) for form in summary["beats"]) == sum(len(c.times_s) for c in m.clusters)
    derived = {lead for lead in LEADS if summary["leads"][lead]["derived"]}
    assert derived == {"III", "aVR", "aVL", "aVF"}


def test_criteria_name_their_outcome_lead_and_source(measured_synthetic: Measured) -> None:
    for definition in ecg_summary(measured_synthetic("lbbb")[1])["criteria"].values():
        assert definition["source"] and definition["title"]
        assert definition["outcome"] in {"met", "not met", "borderline", "not assessable"}
        for criterion in definition["criteria"]:
            assert criterion["outcome"] in {"met", "not met", "borderline", "not assessable"}
            assert criterion["sentence"]


def test_missing_values_are_none_with_a_reason(measured_synthetic: Measured) -> None:
    summary = ecg_summary(measured_synthetic("lbbb", rhythm="atrial fibrillation")[1])
    assert summary["pr_ms"] is None
    assert summary["absent"]["pr_ms"]
    ecg, _ = measured_synthetic("lbbb")
    untrusted = ecg_summary(measure_ecg(replace(ecg.record, voltages_trusted=False)))
    for name in ("axis_deg", "qrs_area_uvs", "qrs_area", "qrs_area_interval_uvs", "selvester"):
        assert untrusted[name] is None
    json.dumps(untrusted, allow_nan=False)


def test_a_dead_lead_brings_no_nan(measured_synthetic: Measured) -> None:
    ecg, _ = measured_synthetic("lbbb")
    signal_mv = ecg.record.signal_mv.copy()
    signal_mv[:6] = 0.0
    summary = ecg_summary(measure_ecg(replace(ecg.record, signal_mv=signal_mv)))
    json.dumps(summary, allow_nan=False)
    assert summary["axis_deg"] is None and summary["absent"]["axis_deg"]


@pytest.mark.parametrize("convention", ["manual", "recorder"])
def test_the_convention_is_named(measured_synthetic: Measured, convention: str) -> None:
    ecg, _ = measured_synthetic("lbbb")
    summary = ecg_summary(measure_ecg(ecg.record, qrs_convention=convention))
    assert summary["qrs_convention"] == QRS_CONVENTIONS[convention]


def test_stimulus_to_end_is_there_for_paced_beats_only(measured_synthetic: Measured) -> None:
    assert ecg_summary(measured_synthetic("lbbb")[1])["stimulus_to_qrs_end_ms"] is None
    paced = ecg_summary(measured_synthetic("rv-paced")[1])
    assert paced["stimulus_to_qrs_end_ms"] == pytest.approx(paced["qrs_ms"], abs=20.0)
