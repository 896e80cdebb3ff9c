"""The facts that rules ask for, taken from a patient of the case folder."""

from resynchro.record.device import Device
from resynchro.record.patient import Patient
from resynchro.selection.candidate import CandidateFacts, candidate_from_patient


def test_nothing_known_stays_unknown() -> None:
    assert candidate_from_patient(Patient()) == CandidateFacts()


def test_facts_of_patient_and_device_are_carried_over() -> None:
    patient = Patient(
        sex="female",
        nyha=2,
        rhythm="atrial-fibrillation",
        atrial_fibrillation="permanent",
        lvef_pct=33.0,
        av_block="complete",
        av_node_ablation="planned",
        pacing_indicated=False,
    )
    facts = candidate_from_patient(patient, Device(type="PM", rv_pacing_pct=88.0), nyha=3, lvef_pct=30.0)
    assert (facts.nyha, facts.lvef_pct) == (3, 30.0)  # the visit replaces the patient's values
    assert facts.af_permanent is True
    assert facts.high_degree_av_block is True
    assert (facts.existing_device, facts.rv_pacing_pct) == ("PM", 88.0)
    assert facts.new_or_replacement_device is None
    # A planned ablation of the AV junction is an indication for ventricular pacing.
    assert facts.ventricular_pacing_indicated is False
    assert facts.fact("ventricular_pacing_indicated") is True


def test_mobitz_block_is_not_high_degree_and_ablation_done_is() -> None:
    assert candidate_from_patient(Patient(av_block="mobitz-1")).high_degree_av_block is False
    assert candidate_from_patient(Patient(av_node_ablation="done")).high_degree_av_block is True


def test_a_patient_without_device_is_about_to_get_a_new_one() -> None:
    facts = candidate_from_patient(Patient(), Device(type="none"))
    assert facts.new_or_replacement_device is True
    assert facts.existing_device == "none"


def test_unknown_aetiology_is_not_an_answer() -> None:
    assert CandidateFacts(aetiology="unknown").fact("aetiology") is None
