"""The keys of `case.yaml`, each with its allowed values; files and contradictions are looked at elsewhere."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from resynchro.formats.case_value import Choice, Day, Flag, Pseudonym, Quantity, Slip, Text
from resynchro.record.device import ConductionSystemSite, DeviceType, RvSite, Vein
from resynchro.record.ecg import Sex
from resynchro.record.patient import (
    Aetiology,
    AtrialFibrillation,
    AvBlock,
    AvNodeAblation,
    NyhaClass,
    Rhythm,
)
from resynchro.record.visit import EcgKind, VisitRole


def _quantity(low: float, high: float, unit: str, *slips: Slip) -> BeforeValidator:
    return BeforeValidator(Quantity(low, high, unit, slips))


def _choice(words: Any, *, required: bool = False, **instead: str) -> BeforeValidator:
    spellings = {key.replace("_", "-"): word for key, word in instead.items()}
    return BeforeValidator(Choice(get_args(words), spellings, required))


def _as_list(value: object) -> object:
    """A single entry may stand without the brackets of a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _as_ecg(value: object) -> object:
    """An ECG may be written as its file alone."""
    return {"file": value} if isinstance(value, str) else value


def _as_file(value: object) -> object:
    """An examination may be written as its file or folder alone."""
    return {"file": value} if isinstance(value, str) else value


def _as_text(value: object) -> object:
    """A segment may be written as its number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else Text()(value)


def _as_group(value: object) -> object:
    """A group whose keys are all commented out stands in the file as nothing."""
    return {} if value is None else value


_SECONDS = Slip(0.02, 0.4, "seconds", 1000)
_LITRES = Slip(0.004, 1, "litres", 1000)

YesNo = Annotated[bool | None, BeforeValidator(Flag())]
Line = Annotated[str, BeforeValidator(Text())]
Lines = Annotated[list[Line], BeforeValidator(_as_list), Field(max_length=100)]
Percent = Annotated[float | None, BeforeValidator(Quantity(0, 100, "%"))]
LvefPct = Annotated[float | None, _quantity(5, 80, "%", Slip(0.05, 0.8, "a fraction", 100))]
Nyha = Annotated[NyhaClass | None, BeforeValidator(Quantity(1, 4, whole=True))]
AvDelay = Annotated[float | None, _quantity(20, 400, "ms", _SECONDS)]
EventTime = Annotated[float | None, _quantity(0, 1500, "ms")]


class Group(BaseModel):
    """Keys that stand together; any other key is a problem."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PatientKeys(Group):
    """The keys under ``patient``."""

    sex: Annotated[Sex | None, _choice(Sex, f="female", w="female", woman="female", m="male", man="male")] = None
    age_years: Annotated[
        float | None,
        _quantity(0, 120, "years", Slip(1880, 2100, "a year of birth; write the age at the first visit")),
    ] = None
    height_cm: Annotated[
        float | None,
        _quantity(40, 250, "cm", Slip(0.4, 2.5, "metres", 100), Slip(400, 2500, "millimetres", 0.1)),
    ] = None
    weight_kg: Annotated[float | None, _quantity(2, 400, "kg", Slip(2000, 400_000, "grams", 0.001))] = None
    aetiology: Annotated[
        Aetiology | None,
        _choice(
            Aetiology,
            ischemic="ischaemic",
            icm="ischaemic",
            non_ischemic="non-ischaemic",
            nonischemic="non-ischaemic",
            nonischaemic="non-ischaemic",
            dilated="non-ischaemic",
            dcm="non-ischaemic",
        ),
    ] = None
    nyha: Nyha = None
    nyha_ambulatory: YesNo = None
    rhythm: Annotated[
        Rhythm | None,
        _choice(Rhythm, sr="sinus", sinus_rhythm="sinus", af="atrial-fibrillation", afib="atrial-fibrillation"),
    ] = None
    atrial_fibrillation: Annotated[AtrialFibrillation | None, _choice(AtrialFibrillation)] = None
    lvef_pct: LvefPct = None
    optimal_medical_therapy: YesNo = None
    drugs: Lines = []
    av_block: Annotated[
        AvBlock | None,
        _choice(AvBlock, third_degree="complete", wenckebach="mobitz-1", advanced="high-degree"),
    ] = None
    av_node_ablation: Annotated[AvNodeAblation | None, _choice(AvNodeAblation)] = None
    pacing_indicated: YesNo = None
    expected_ventricular_pacing_pct: Percent = None
    full_biventricular_pacing_expected: YesNo = None
    icd_indicated: YesNo = None
    life_expectancy_below_1_year: YesNo = None
    coronary_sinus_lead_failed: YesNo = None
    biventricular_pacing_ineffective: YesNo = None
    previous_heart_failure_hospitalisation: YesNo = None
    previous_bypass_surgery: YesNo = None
    diabetes: YesNo = None


class EcgKeys(Group):
    """The keys of one ECG of a visit."""

    file: Line
    pacing: Annotated[
        EcgKind | None,
        _choice(
            EcgKind,
            biv="biventricular",
            rv="rv-only",
            lv="lv-only",
            lbbap="left-bundle-area",
            native="intrinsic",
        ),
    ] = None
    uv_per_count: Annotated[
        float | None,
        _quantity(0.001, 1000, "µV", Slip(1e-6, 0.0009, "millivolts or volts; write microvolts")),
    ] = None
    sampling_rate_hz: Annotated[float | None, _quantity(50, 50_000, "Hz", Slip(0.1, 49, "kilohertz", 1000))] = None


class LvLeadKeys(Group):
    """The keys under ``lv_lead``."""

    segment: Annotated[int | None, BeforeValidator(Quantity(1, 17, whole=True))] = None
    vein: Annotated[Vein | None, _choice(Vein)] = None


class RvLeadKeys(Group):
    """The keys under ``rv_lead``."""

    site: Annotated[RvSite | None, _choice(RvSite, rvot="outflow-tract")] = None


class DeviceKeys(Group):
    """The keys under ``device``."""

    type: Annotated[DeviceType, _choice(DeviceType, required=True, pacemaker="PM", crtp="CRT-P", crtd="CRT-D")]
    lv_lead: LvLeadKeys | None = None
    rv_lead: RvLeadKeys | None = None
    conduction_system_lead: Annotated[
        ConductionSystemSite | None, _choice(ConductionSystemSite, lbbap="left-bundle-area", hbp="his")
    ] = None
    av_sensed_ms: AvDelay = None
    av_paced_ms: AvDelay = None
    vv_ms: Annotated[float | None, _quantity(-150, 150, "ms")] = None
    biv_pacing_pct: Percent = None
    rv_pacing_pct: Percent = None


class StrainKeys(Group):
    """The keys of one strain examination: one file, or the files of its views."""

    file: Line | None = None
    files: Lines = []
    view: Line | None = None
    colours: dict[Line, Annotated[str, BeforeValidator(_as_text)]] = {}
    events_file: Line | None = None
    rr_ms: Annotated[float | None, _quantity(250, 3000, "ms", Slip(0.25, 3, "seconds", 1000))] = None
    mvc_ms: EventTime = None
    avo_ms: EventTime = None
    avc_ms: EventTime = None
    mvo_ms: EventTime = None


class ScarKeys(Group):
    """The keys of one scar examination: a table per segment, labels, or images with their mask."""

    file: Line
    mask: Line | None = None
    label_map: Line | None = None
    anterior_insertion_deg: Annotated[float | None, _quantity(-360, 360, "deg")] = None


class CineKeys(Group):
    """The keys of one cine examination: images, with labels or contours that belong to them."""

    file: Line
    labels: Line | None = None
    label_map: Line | None = None
    guide_points: Line | None = None
    check_engine: YesNo = None
    mvc_ms: EventTime = None
    avo_ms: EventTime = None
    avc_ms: EventTime = None
    mvo_ms: EventTime = None


class FileKeys(Group):
    """The key of an examination that is one file."""

    file: Line


class VisitKeys(Group):
    """The keys of one visit."""

    date: Annotated[date, BeforeValidator(Day())]
    role: Annotated[
        VisitRole,
        _choice(VisitRole, required=True, followup="follow-up", pre="baseline", implantation="implant"),
    ]
    ecg: Annotated[
        list[Annotated[EcgKeys, BeforeValidator(_as_ecg)]], BeforeValidator(_as_list), Field(max_length=20)
    ] = []
    strain: Annotated[
        list[Annotated[StrainKeys, BeforeValidator(_as_file)]], BeforeValidator(_as_list), Field(max_length=20)
    ] = []
    scar: Annotated[
        list[Annotated[ScarKeys, BeforeValidator(_as_file)]], BeforeValidator(_as_list), Field(max_length=5)
    ] = []
    cine: Annotated[
        list[Annotated[CineKeys, BeforeValidator(_as_file)]], BeforeValidator(_as_list), Field(max_length=5)
    ] = []
    spect: Annotated[
        list[Annotated[FileKeys, BeforeValidator(_as_file)]], BeforeValidator(_as_list), Field(max_length=5)
    ] = []
    veins: Annotated[
        list[Annotated[FileKeys, BeforeValidator(_as_file)]], BeforeValidator(_as_list), Field(max_length=1)
    ] = []
    device: DeviceKeys | None = None
    nyha: Nyha = None
    qrs_ms: Annotated[float | None, _quantity(40, 350, "ms", Slip(0.04, 0.35, "seconds", 1000))] = None
    lvef_pct: LvefPct = None
    lvedv_ml: Annotated[float | None, _quantity(20, 1000, "ml", _LITRES)] = None
    lvesv_ml: Annotated[float | None, _quantity(5, 900, "ml", _LITRES)] = None
    lvedd_mm: Annotated[float | None, _quantity(20, 120, "mm", Slip(2, 12, "centimetres", 10))] = None
    la_volume_ml: Annotated[float | None, _quantity(5, 600, "ml", _LITRES)] = None
    systolic_pressure_mmhg: Annotated[float | None, _quantity(50, 300, "mmHg", Slip(6, 40, "kilopascal", 7.50062))] = (
        None
    )
    diastolic_pressure_mmhg: Annotated[
        float | None, _quantity(20, 200, "mmHg", Slip(2.6, 19.9, "kilopascal", 7.50062))
    ] = None
    six_minute_walk_m: Annotated[float | None, _quantity(0, 1000, "m", Slip(1001, 3300, "feet", 0.3048))] = None
    peak_vo2_ml_per_min_kg: Annotated[
        float | None, _quantity(2, 90, "ml/min/kg", Slip(200, 6000, "ml/min; divide by the weight in kg"))
    ] = None
    mlhfq_points: Annotated[float | None, _quantity(0, 105, "points")] = None
    nt_probnp_ng_per_l: Annotated[float | None, _quantity(1, 100_000, "ng/l")] = None
    creatinine_umol_per_l: Annotated[float | None, _quantity(20, 2000, "µmol/l", Slip(0.2, 15, "mg/dl", 88.42))] = None
    egfr_ml_per_min_1_73m2: Annotated[float | None, _quantity(1, 200, "ml/min/1.73 m²")] = None
    haemoglobin_g_per_dl: Annotated[float | None, _quantity(3, 25, "g/dl", Slip(30, 250, "g/l", 0.1))] = None
    pvc_burden_pct: Percent = None


class CaseKeys(Group):
    """The keys at the top of the file."""

    id: Annotated[str, BeforeValidator(Pseudonym())]
    patient: Annotated[PatientKeys, BeforeValidator(_as_group)] = PatientKeys()
    visits: Annotated[list[VisitKeys], Field(min_length=1, max_length=500)]


#: Where each group of keys stands, list positions left out.
GROUPS: dict[tuple[str, ...], type[Group]] = {
    (): CaseKeys,
    ("patient",): PatientKeys,
    ("visits",): VisitKeys,
    ("visits", "ecg"): EcgKeys,
    ("visits", "strain"): StrainKeys,
    ("visits", "scar"): ScarKeys,
    ("visits", "cine"): CineKeys,
    ("visits", "spect"): FileKeys,
    ("visits", "veins"): FileKeys,
    ("visits", "device"): DeviceKeys,
    ("visits", "device", "lv_lead"): LvLeadKeys,
    ("visits", "device", "rv_lead"): RvLeadKeys,
}
