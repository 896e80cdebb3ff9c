"""The patient: the clinical facts that do not come out of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from resynchro.record.ecg import Sex

Aetiology = Literal["ischaemic", "non-ischaemic", "unknown"]
NyhaClass = Literal[1, 2, 3, 4]
Rhythm = Literal["sinus", "atrial-fibrillation", "paced", "other"]
AtrialFibrillation = Literal["paroxysmal", "persistent", "permanent"]
AvBlock = Literal["none", "first-degree", "mobitz-1", "mobitz-2", "high-degree", "complete"]
AvNodeAblation = Literal["none", "planned", "done"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """One patient as the case folder describes them; None always means "not known", never "no".

    Attributes
    ----------
    age_years
        Age at the first visit [years].
    height_cm, weight_kg
        Body size, for indexed volumes [cm], [kg].
    nyha
        New York Heart Association class 1 to 4. A class written at a visit holds for that visit instead.
    nyha_ambulatory
        For class 4: can the patient be treated out of hospital ("ambulatory class IV")?
    rhythm
        Rhythm of the atria at the baseline visit. ``paced``: the atrium is paced; ventricular pacing
        is looked for on the ECG.
    atrial_fibrillation
        Kind of atrial fibrillation, also when the rhythm is sinus at the moment.
    lvef_pct
        Left-ventricular ejection fraction [%]. A value written at a visit holds for that visit instead.
    optimal_medical_therapy
        Has the patient had optimal (guideline-directed) medical therapy for at least three months?
    av_block
        Highest degree of atrioventricular block; ``high-degree`` is advanced second degree.
    pacing_indicated
        Is there an indication for ventricular pacing apart from heart failure?
    expected_ventricular_pacing_pct
        Share of beats expected to be paced in the ventricle with the planned device [%].
    full_biventricular_pacing_expected
        In atrial fibrillation: is there a way to near 100 % pacing (rate control or AV-node ablation)?
    icd_indicated
        Is the patient a candidate for a defibrillator?
    life_expectancy_below_1_year
        Is meaningful survival beyond one year not expected?
    coronary_sinus_lead_failed
        Did an attempt at a coronary sinus lead fail?
    biventricular_pacing_ineffective
        Can effective resynchronisation not be reached with biventricular pacing (anatomy or function)?
    """

    sex: Sex | None = None
    age_years: float | None = None
    height_cm: float | None = None
    weight_kg: float | None = None
    aetiology: Aetiology | None = None
    nyha: NyhaClass | None = None
    nyha_ambulatory: bool | None = None
    rhythm: Rhythm | None = None
    atrial_fibrillation: AtrialFibrillation | None = None
    lvef_pct: float | None = None
    optimal_medical_therapy: bool | None = None
    drugs: tuple[str, ...] = ()
    av_block: AvBlock | None = None
    av_node_ablation: AvNodeAblation | None = None
    pacing_indicated: bool | None = None
    expected_ventricular_pacing_pct: float | None = None
    full_biventricular_pacing_expected: bool | None = None
    icd_indicated: bool | None = None
    life_expectancy_below_1_year: bool | None = None
    coronary_sinus_lead_failed: bool | None = None
    biventricular_pacing_ineffective: bool | None = None
    previous_heart_failure_hospitalisation: bool | None = None
    previous_bypass_surgery: bool | None = None
    diabetes: bool | None = None
