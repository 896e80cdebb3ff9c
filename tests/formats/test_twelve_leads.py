"""Lead names, derived leads, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.errors import InputError
from resynchro.formats.twelve_leads import canonical_lead, order_leads, twelve_leads
from resynchro.record.ecg import LEADS, LIMB_LEADS, PRECORDIAL_LEADS, EcgRecord, EcgSource, FloatArray

RATE_HZ = 500.0
SOURCE = EcgSource(file="a", format="test", sha256="0" * 64)


def some_leads(n_samples: int = 5000, seed: int = 1) -> dict[str, FloatArray]:
    """Random leads that obey Einthoven and Goldberger."""
    rng = np.random.default_rng(seed)
    leads = {lead: rng.normal(size=n_samples) for lead in ("I", "II", *PRECORDIAL_LEADS)}
    one, two = leads["I"], leads["II"]
    leads |= {"III": two - one, "aVR": -(one + two) / 2, "aVL": one - two / 2, "aVF": two - one / 2}
    return leads


def record_of(leads: dict[str, FloatArray], rate_hz: float = RATE_HZ) -> EcgRecord:
    return twelve_leads(leads, sampling_rate_hz=rate_hz, source=SOURCE)


@pytest.mark.parametrize(
    ("name", "lead"),
    [
        ("I", "I"),
        ("Lead I", "I"),
        ("LEAD II", "II"),
        ("ii", "II"),
        ("avr", "aVR"),
        ("aVL..", "aVL"),
        ("MDC_ECG_LEAD_AVF", "aVF"),
        ("MDC_ECG_LEAD_V3", "V3"),
        ("ECG V1", "V1"),
        ("EKG I", "I"),
        ("Lead aVR (Einthoven)", None),
        ("C4", "V4"),
        ("DIII", "III"),
        (" v6 ", "V6"),
        ("vx", "X"),
        ("Vz", "Z"),
        ("MLII", None),
        ("V7", None),
        ("V3R", None),
        ("V10", None),
        ("-aVR", None),
        ("Resp", None),
        ("", None),
        ("ECG", None),
    ],
)
def test_names_of_leads(name: str, lead: str | None) -> None:
    assert canonical_lead(name) == lead


@settings(deadline=None, max_examples=30)
@given(kept=st.sets(st.sampled_from(LIMB_LEADS), min_size=2), seed=st.integers(0, 1000))
def test_any_two_limb_leads_determine_all_six(kept: set[str], seed: int) -> None:
    truth = some_leads(n_samples=50, seed=seed)
    found = order_leads({lead: truth[lead] for lead in (*kept, *PRECORDIAL_LEADS)})
    np.testing.assert_allclose(found, np.stack([truth[lead] for lead in LEADS]), atol=1e-12)


def test_goldberger_by_hand() -> None:
    # I = 1, II = 3: III = 3 - 1 = 2; aVR = -(1 + 3)/2 = -2; aVL = (1 - 2)/2 = -0.5; aVF = (3 + 2)/2 = 2.5
    leads = {lead: np.zeros(1) for lead in PRECORDIAL_LEADS} | {"I": np.array([1.0]), "II": np.array([3.0])}
    assert order_leads(leads)[:6, 0].tolist() == [1.0, 3.0, 2.0, -2.0, -0.5, 2.5]


def test_derived_leads_are_marked_and_recorded_ones_kept() -> None:
    leads = some_leads()
    leads["III"] = leads["III"] + 0.5  # recorded, even though it contradicts the others
    del leads["aVF"]
    record = record_of(leads)
    assert record.derived_leads == {"aVF"}
    np.testing.assert_array_equal(record.lead_mv("III"), leads["III"])
    assert not record.signal_mv.flags.writeable


def test_spelling_and_order_in_the_file_do_not_matter() -> None:
    leads = some_leads()
    spelled = {f"MDC_ECG_LEAD_{lead.upper()}": leads[lead] for lead in reversed(LEADS)}
    np.testing.assert_array_equal(record_of(spelled).signal_mv, record_of(leads).signal_mv)


def test_other_channels_are_ignored_and_frank_leads_taken() -> None:
    rng = np.random.default_rng(5)
    frank = rng.normal(size=(3, 5000))
    extra = {"Resp": np.ones(7), "vx": frank[0], "vy": frank[1], "vz": frank[2]}
    record = record_of(some_leads() | extra)
    assert record.frank_mv is not None
    np.testing.assert_array_equal(record.frank_mv, frank)


def test_frank_leads_of_another_length_are_refused() -> None:
    with pytest.raises(InputError, match="Frank"):
        twelve_leads(some_leads(), sampling_rate_hz=RATE_HZ, source=SOURCE, frank_mv=np.zeros((3, 10)))


def test_a_lead_twice_is_refused_with_both_spellings() -> None:
    with pytest.raises(InputError, match=r"V1 is there twice \('V1' and 'ECG V1'\)"):
        record_of(some_leads() | {"ECG V1": np.zeros(5000)})


@pytest.mark.parametrize("missing", PRECORDIAL_LEADS)
def test_a_missing_precordial_lead_is_named(missing: str) -> None:
    leads = some_leads()
    del leads[missing]
    with pytest.raises(InputError, match=f"missing {missing}"):
        record_of(leads)


def test_one_limb_lead_is_not_enough() -> None:
    leads = {lead: samples for lead, samples in some_leads().items() if lead in ("II", *PRECORDIAL_LEADS)}
    with pytest.raises(InputError, match="only II of the limb leads"):
        record_of(leads)


def test_unequal_lengths_are_refused() -> None:
    leads = some_leads()
    leads["V5"] = leads["V5"][:-1]
    with pytest.raises(InputError, match=r"same number of samples.*V5 4999"):
        record_of(leads)


@pytest.mark.parametrize("rate_hz", [99.9, 32001.0, 0.0, -500.0, float("nan"), float("inf")])
def test_sampling_rates_out_of_range_are_refused(rate_hz: float) -> None:
    with pytest.raises(InputError, match="sampling rate"):
        record_of(some_leads(), rate_hz)


def test_the_shortest_record() -> None:
    # 1.5 s at 500 Hz are 750 samples
    assert record_of(some_leads(n_samples=750)).duration_s == 1.5
    with pytest.raises(InputError, match=r"1\.5 s are needed"):
        record_of(some_leads(n_samples=749))


def test_a_short_gap_is_bridged_and_reported() -> None:
    leads = some_leads()
    ramp = np.arange(5000.0) / 1000.0
    leads["V2"] = ramp.copy()
    leads["V2"][100:120] = np.nan  # 20 samples at 500 Hz: 40 ms
    record = record_of(leads)
    np.testing.assert_allclose(record.lead_mv("V2"), ramp, atol=1e-12)
    (gap,) = [finding for finding in record.findings if finding.code == "gaps-bridged"]
    assert gap.leads == ("V2",)
    assert "40 ms" in gap.message


def test_a_gap_at_the_end_is_counted() -> None:
    leads = some_leads()
    leads["V2"][-50:] = np.inf  # 50 samples: 100 ms
    (gap,) = [finding for finding in record_of(leads).findings if finding.code == "gaps-bridged"]
    assert "100 ms" in gap.message


def test_more_than_five_percent_missing_is_refused() -> None:
    leads = some_leads()
    leads["V2"][:251] = np.nan  # 251 of 5000 are 5.02 %
    with pytest.raises(InputError, match="of lead V2 is missing"):
        record_of(leads)
    leads["V2"][250] = 0.0  # exactly 5 %
    assert record_of(leads).findings


def test_a_limb_lead_without_any_sample_is_derived() -> None:
    leads = some_leads()
    truth = leads["aVL"].copy()
    leads["aVL"][:] = np.nan
    record = record_of(leads)
    assert record.derived_leads == {"aVL"}
    np.testing.assert_allclose(record.lead_mv("aVL"), truth, atol=1e-12)


def test_absurd_voltages_are_refused() -> None:
    leads = some_leads()
    leads["V3"][7] = 1e300
    with pytest.raises(InputError, match="V3 holds voltages beyond"):
        record_of(leads)
