"""Checks on reading: every rule found on a disturbed recording, and silent on a clean one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from resynchro.formats.integrity import check_integrity
from resynchro.formats.lead_laws import lead_law_residuals, without_drift
from resynchro.formats.twelve_leads import order_leads
from resynchro.record.ecg import LEADS, EcgFilters, FloatArray
from resynchro.record.finding import Finding

RATE_HZ = 500.0


@pytest.fixture(scope="module")
def clean_mv(synthetic_leads_mv: dict[str, FloatArray]) -> FloatArray:
    """Twelve leads with P, QRS and T, Einthoven exact, 3 µV of noise in the independent leads."""
    leads = synthetic_leads_mv
    rng = np.random.default_rng(3)
    noisy = {
        lead: leads[lead] + 0.003 * rng.normal(size=5000) for lead in ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
    }
    return order_leads(noisy)


def codes(signal_mv: FloatArray, **options: object) -> set[str]:
    findings, _ = check_integrity(signal_mv, sampling_rate_hz=RATE_HZ, **options)  # type: ignore[arg-type]
    return {finding.code for finding in findings}


def changed(signal_mv: FloatArray, **rows: FloatArray) -> FloatArray:
    copy = signal_mv.copy()
    for lead, samples in rows.items():
        copy[LEADS.index(lead)] = samples
    return copy


def test_a_clean_recording_has_no_finding(clean_mv: FloatArray) -> None:
    assert check_integrity(clean_mv, sampling_rate_hz=RATE_HZ) == ((), True)


def test_rounding_to_five_microvolts_is_silent(clean_mv: FloatArray) -> None:
    rounded = np.round(clean_mv / 0.005) * 0.005
    assert codes(rounded) == set()


def test_the_residual_by_hand() -> None:
    # Without drift III = II - I. A sine of 0.1 mV added to III alone is the residual: RMS 0.1/sqrt(2) mV.
    times_s = np.arange(5000) / RATE_HZ
    one, two = np.sin(2 * np.pi * 10 * times_s), np.cos(2 * np.pi * 10 * times_s)
    disturbed = two - one + 0.1 * np.sin(2 * np.pi * 20 * times_s)
    (residual,) = lead_law_residuals({"I": one, "II": two, "III": disturbed}, sampling_rate_hz=RATE_HZ)
    assert residual.law == "I + III - II"
    assert residual.rms_mv == pytest.approx(0.1 / np.sqrt(2), rel=0.01)
    # The largest lead is III: RMS of sqrt(2) mV peak, 1 mV, plus the small sine: 1.0025 mV.
    assert residual.share == pytest.approx(0.0707 / 1.0025, rel=0.02)


def test_a_constant_offset_between_leads_is_no_residual(clean_mv: FloatArray) -> None:
    assert codes(changed(clean_mv, III=clean_mv[2] + 3.0)) == set()


def test_a_moderate_residual_warns_and_keeps_the_trust(clean_mv: FloatArray) -> None:
    rng = np.random.default_rng(4)
    disturbed = changed(clean_mv, III=clean_mv[2] + 0.010 * rng.normal(size=5000))
    findings, trusted = check_integrity(disturbed, sampling_rate_hz=RATE_HZ)
    assert [finding.code for finding in findings] == ["einthoven"]
    assert trusted


def test_separate_gains_break_the_trust_and_are_explained_by_the_counts(clean_mv: FloatArray) -> None:
    counts = {lead: np.round(1000.0 * row) for lead, row in zip(LEADS, clean_mv, strict=True)}
    normalised = np.stack([row / np.ptp(row) for row in counts.values()])
    findings, trusted = check_integrity(normalised, sampling_rate_hz=RATE_HZ, raw_counts=counts)
    assert not trusted
    by_code = {finding.code: finding for finding in findings}
    assert {"einthoven", "goldberger", "leads-normalised"} <= set(by_code)
    assert "--uv-per-count" in by_code["einthoven"].message
    # Without counts that obey the law there is nothing to recommend.
    findings, _ = check_integrity(normalised, sampling_rate_hz=RATE_HZ)
    assert "--uv-per-count" not in next(f for f in findings if f.code == "einthoven").message


def test_derived_leads_are_no_evidence(clean_mv: FloatArray) -> None:
    disturbed = changed(clean_mv, III=2.0 * clean_mv[2])
    assert "einthoven" in codes(disturbed)
    assert "einthoven" not in codes(disturbed, derived_leads=frozenset({"III"}))


def test_leads_normalised_to_unit_deviation_are_found_without_limb_lead_evidence(
    clean_mv: FloatArray,
) -> None:
    independent = {lead: clean_mv[LEADS.index(lead)] for lead in ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")}
    scaled = order_leads({lead: row / np.std(row) for lead, row in independent.items()})
    findings, trusted = check_integrity(
        scaled, sampling_rate_hz=RATE_HZ, derived_leads=frozenset({"III", "aVR", "aVL", "aVF"})
    )
    assert "leads-normalised" in {finding.code for finding in findings}
    assert not trusted


def test_a_flat_lead_is_named(clean_mv: FloatArray) -> None:
    findings, _ = check_integrity(changed(clean_mv, V4=np.full(5000, 0.2)), sampling_rate_hz=RATE_HZ)
    assert [finding.leads for finding in findings if finding.code == "flat-lead"] == [("V4",)]


def test_a_lead_that_drops_out_for_two_seconds_is_flat(clean_mv: FloatArray) -> None:
    row = clean_mv[7].copy()
    row[1000:2000] = row[1000]
    findings, _ = check_integrity(changed(clean_mv, V2=row), sampling_rate_hz=RATE_HZ)
    (flat,) = [finding for finding in findings if finding.code == "flat-lead"]
    assert flat.leads == ("V2",)
    assert "2.0 s" in flat.message


def test_clipping_is_found(clean_mv: FloatArray) -> None:
    clipped = changed(clean_mv, V4=np.minimum(clean_mv[9], 0.5))
    assert "clipped-lead" in codes(clipped)


@pytest.mark.parametrize("factor", [0.05, 30.0])
def test_an_implausible_gain_is_reported(clean_mv: FloatArray, factor: float) -> None:
    assert codes(factor * clean_mv) == {"implausible-gain"}


def test_exchanged_arm_electrodes(clean_mv: FloatArray) -> None:
    one, two, three, avr, avl, avf = clean_mv[:6]
    exchanged = changed(clean_mv, I=-one, II=three, III=two, aVR=avl, aVL=avr, aVF=avf)
    assert codes(exchanged) == {"arm-electrodes-exchanged"}


def test_dextrocardia_is_no_exchange(clean_mv: FloatArray) -> None:
    mirrored = changed(clean_mv, I=-clean_mv[0], II=clean_mv[2], III=clean_mv[1], aVR=clean_mv[4], aVL=clean_mv[3])
    mirrored[6:] = [
        -0.3 * clean_mv[11],
        -0.25 * clean_mv[11],
        *(-scale * clean_mv[11] for scale in (0.2, 0.17, 0.14, 0.1)),
    ]
    assert "arm-electrodes-exchanged" not in codes(mirrored)


def test_right_leg_electrode_on_the_right_arm(clean_mv: FloatArray) -> None:
    # Both ends of lead II lie on legs: II is zero, so III = -I, aVR = -I/2, aVL = I, aVF = -I/2.
    one = clean_mv[0]
    signal_mv = changed(clean_mv, I=one, II=0.0 * one, III=-one, aVR=-one / 2, aVL=one, aVF=-one / 2)
    assert "leg-electrode-exchanged" in codes(signal_mv)


@pytest.mark.parametrize(("first", "second"), [("V1", "V3"), ("V2", "V4"), ("V1", "V6")])
def test_exchanged_precordial_leads(clean_mv: FloatArray, first: str, second: str) -> None:
    rows = {first: clean_mv[LEADS.index(second)], second: clean_mv[LEADS.index(first)]}
    findings, _ = check_integrity(changed(clean_mv, **rows), sampling_rate_hz=RATE_HZ)
    (order,) = [finding for finding in findings if finding.code == "precordial-order"]
    assert order.leads == (first, second)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (EcgFilters(), set()),
        (EcgFilters(high_pass_hz=0.05, low_pass_hz=150.0), set()),
        (EcgFilters(high_pass_hz=0.5, low_pass_hz=150.0), {"filter-high-pass"}),
        (EcgFilters(high_pass_hz=0.05, low_pass_hz=40.0), {"filter-low-pass"}),
    ],
)
def test_filters_that_distort(clean_mv: FloatArray, filters: EcgFilters, expected: set[str]) -> None:
    assert codes(clean_mv, filters=filters) == expected


def test_the_running_mean_of_a_line_is_the_line() -> None:
    line = np.arange(2000.0)
    np.testing.assert_allclose(without_drift(line, RATE_HZ)[300:-300], 0.0, atol=1e-6)


def test_ludb_at_its_true_scale_gives_no_false_alarm(shared_data: Callable[[str], Path]) -> None:
    from resynchro.formats.wfdb_ecg import read_wfdb_ecg

    folder = shared_data("ecg/ludb/data")
    alarms: dict[str, tuple[Finding, ...]] = {}
    # LBBB, RBBB, IVCD, paced and biventricular paced records: the hard ones for the electrode rules.
    for number in (51, 83, 13, 23, 59, 45, 93, 95, 111, 1):
        record = read_wfdb_ecg(folder / f"{number}.hea", uv_per_count=1.0)
        if record.findings or not record.voltages_trusted:
            alarms[str(number)] = record.findings
    assert alarms == {}
