"""The candidate: the clinical facts that guideline rules ask for."""

from __future__ import annotations

from dataclasses import dataclass

from resynchro.record.device import Device, DeviceType
from resynchro.record.ecg import Sex
from resynchro.record.patient import Aetiology, AvBlock, NyhaClass, Patient, Rhythm

#: How each fact is called in a sentence.
FACT_NAMES: dict[str, str] = {
    "sex": "sex",
    "aetiology": "aetiology",
    "optimal_medical_therapy": "optimal medical therapy",
    "ventricular_pacing_indicated": "indication for ventricular pacing",
    "high_degree_av_block": "high-degree AV block",
    "expected_rv_pacing_pct": "expected ventricular pacing",
    "avj_ablation_planned": "AV junction ablation",
    "full_biv_pacing_achievable": "a way to near 100 % biventricular pacing",
    "existing_device": "existing device",
    "new_or_replacement_device": "new or replacement device planned",
    "rv_pacing_pct": "right-ventricular pacing so far",
    "rv_pacing_unavoidable": "right-ventricular pacing that cannot be reduced",
    "biv_pacing_pct": "biventricular pacing so far",
    "biv_loss_from_conducted_af": "loss of biventricular pacing from conducted atrial fibrillation",
    "life_expectancy_under_1y": "life expectancy below one year",
    "cs_lead_failed": "failed coronary sinus lead",
    "biv_crt_not_achievable": "biventricular resynchronisation not effective",
    "icd_candidate": "candidate for a defibrillator",
    "high_sudden_death_risk": "high risk of sudden death",
    "lbbb_chronic": "left bundle branch block known to be chronic",
    "lvef_pct": "LVEF",
    "crt_indicated": "CRT indicated by another row of the same guideline",
    "crt_criteria_met_but_for_rhythm": "a CRT row of the same guideline fits apart from the rhythm",
}
_HIGH_DEGREE: frozenset[AvBlock] = frozenset({"high-degree", "complete"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateFacts:
    """What guideline rules ask about a patient; None always means "not known", never "no".

    Attributes
    ----------
    rhythm, af_permanent
        The atrial rhythm, and whether atrial fibrillation is permanent.
    nyha, nyha_iv_ambulatory
        New York Heart Association class 1 to 4; for class 4, whether the patient is ambulatory.
    lvef_pct
        Left-ventricular ejection fraction [%].
    ventricular_pacing_indicated
        Is there an indication for ventricular pacing apart from heart failure? A planned or performed AV
        junction ablation counts as one.
    high_degree_av_block
        Advanced second-degree or complete AV block.
    expected_rv_pacing_pct
        Share of beats expected to need ventricular pacing with the planned device [%].
    avj_ablation_planned
        AV junction ablation planned or already done.
    full_biv_pacing_achievable
        In atrial fibrillation: is there a way to near 100 % pacing (rate control, ablation)?
    rv_pacing_pct, biv_pacing_pct
        Counters of the existing device [%].
    biv_loss_from_conducted_af
        Is biventricular pacing lost because atrial fibrillation is conducted?
    """

    sex: Sex | None = None
    age_years: float | None = None
    rhythm: Rhythm | None = None
    af_permanent: bool | None = None
    nyha: NyhaClass | None = None
    nyha_iv_ambulatory: bool | None = None
    lvef_pct: float | None = None
    aetiology: Aetiology | None = None
    optimal_medical_therapy: bool | None = None
    ventricular_pacing_indicated: bool | None = None
    high_degree_av_block: bool | None = None
    expected_rv_pacing_pct: float | None = None
    avj_ablation_planned: bool | None = None
    full_biv_pacing_achievable: bool | None = None
    existing_device: DeviceType | None = None
    new_or_replacement_device: bool | None = None
    rv_pacing_pct: float | None = None
    rv_pacing_unavoidable: bool | None = None
    biv_pacing_pct: float | None = None
    biv_loss_from_conducted_af: bool | None = None
    life_expectancy_under_1y: bool | None = None
    cs_lead_failed: bool | None = None
    biv_crt_not_achievable: bool | None = None
    icd_candidate: bool | None = None
    high_sudden_death_risk: bool | None = None
    lbbb_chronic: bool | None = None

    def fact(self, name: str) -> bool | float | str | None:
        """Return one fact by its field name, with what follows from the others.

        A planned or performed AV junction ablation is an indication for ventricular pacing; "unknown" is
        None.
        """
        if name == "ventricular_pacing_indicated" and self.avj_ablation_planned:
            return True
        value: bool | float | str | None = getattr(self, name)
        return None if value == "unknown" else value


def candidate_from_patient(
    patient: Patient,
    device: Device | None = None,
    *,
    nyha: NyhaClass | None = None,
    lvef_pct: float | None = None,
) -> CandidateFacts:
    """Collect the facts that guideline rules ask for from a patient and the device found at baseline.

    Parameters
    ----------
    patient
        The patient of the case folder.
    device
        The device that the patient came with; None where nothing is said about one.
    nyha, lvef_pct
        Values of the visit where they replace those of the patient; `lvef_pct` in [%].

    Returns
    -------
    CandidateFacts
        Facts the case folder has no key for stay None: `biv_loss_from_conducted_af`, `rv_pacing_unavoidable`,
        `high_sudden_death_risk`, `lbbb_chronic`.

    Notes
    -----
    `new_or_replacement_device` is true for a patient known to have no device, because the question is then
    about a new one; with a device it stays unknown. AV-node ablation that is done counts as high-degree AV
    block.
    """
    ablation = patient.av_node_ablation
    block = None if patient.av_block is None else patient.av_block in _HIGH_DEGREE
    permanent = None if patient.atrial_fibrillation is None else patient.atrial_fibrillation == "permanent"
    return CandidateFacts(
        sex=patient.sex,
        age_years=patient.age_years,
        rhythm=patient.rhythm,
        af_permanent=permanent,
        nyha=patient.nyha if nyha is None else nyha,
        nyha_iv_ambulatory=patient.nyha_ambulatory,
        lvef_pct=patient.lvef_pct if lvef_pct is None else lvef_pct,
        aetiology=patient.aetiology,
        optimal_medical_therapy=patient.optimal_medical_therapy,
        ventricular_pacing_indicated=patient.pacing_indicated,
        high_degree_av_block=True if ablation == "done" else block,
        expected_rv_pacing_pct=patient.expected_ventricular_pacing_pct,
        avj_ablation_planned=None if ablation is None else ablation != "none",
        full_biv_pacing_achievable=patient.full_biventricular_pacing_expected,
        existing_device=None if device is None else device.type,
        new_or_replacement_device=True if device is not None and device.type == "none" else None,
        rv_pacing_pct=None if device is None else device.rv_pacing_pct,
        biv_pacing_pct=None if device is None else device.biv_pacing_pct,
        life_expectancy_under_1y=patient.life_expectancy_below_1_year,
        cs_lead_failed=patient.coronary_sinus_lead_failed,
        biv_crt_not_achievable=patient.biventricular_pacing_ineffective,
        icd_candidate=patient.icd_indicated,
    )
