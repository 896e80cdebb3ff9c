"""One visit: what was recorded, measured and programmed on one day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from resynchro.record.device import Device
from resynchro.record.ecg import EcgRecord
from resynchro.record.gated_spect import GatedSpect, PolarCounts
from resynchro.record.patient import NyhaClass
from resynchro.record.scar import ScarMap
from resynchro.record.slices import CineStack, ContourStack, LabelStack
from resynchro.record.strain import CardiacEvents, StrainStudy
from resynchro.record.veins import VeinTree

VisitRole = Literal["baseline", "implant", "follow-up"]
#: How the ventricles were activated while an ECG was recorded, as the user says.
EcgKind = Literal["intrinsic", "biventricular", "rv-only", "lv-only", "his", "left-bundle-area", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitEcg:
    """One ECG of a visit.

    Attributes
    ----------
    file
        Path inside the case folder, with forward slashes.
    kind
        What paced the ventricles, as the case folder says; ``unknown`` where it says nothing.
    """

    record: EcgRecord
    file: str
    kind: EcgKind = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitStrain:
    """One strain examination of a visit; `file` is its path inside the case folder, several joined by " + "."""

    study: StrainStudy
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitScar:
    """One scar examination: a map given per segment, labels, or images with masks. One of the three is there.

    Attributes
    ----------
    image, labels
        Late-enhancement images with the labels of their wall, or labels alone that hold the scar itself.
    anterior_insertion_deg
        Where the right ventricle meets the septum in front, for labels without a right ventricle: angle on the screen,
        counter-clockwise from the right [deg].
    """

    file: str
    scar: ScarMap | None = None
    labels: LabelStack | None = None
    image: CineStack | None = None
    anterior_insertion_deg: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitCine:
    """One cine examination: its stacks of slices, with labels, contours and valve events where the case gives them.

    Attributes
    ----------
    check_engine
        Track with a second engine, too, and let its curves take part in the target.
    """

    file: str
    stacks: tuple[CineStack, ...]
    labels: LabelStack | None = None
    contours: ContourStack | None = None
    events: CardiacEvents | None = None
    check_engine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitSpect:
    """One gated perfusion examination."""

    file: str
    gated: GatedSpect | PolarCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitVeins:
    """The branches of the coronary sinus as one examination shows them."""

    file: str
    tree: VeinTree


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What is known from one day; None always means "not measured".

    Attributes
    ----------
    ecgs
        The ECGs in the order of the case folder; at an implant these are the patient's reference ECGs.
    strain, scar, cine, spect, veins
        Examinations by imaging, as read; nothing is measured yet.
    qrs_ms
        QRS duration as somebody read it [ms], shown beside our own measurement and never in its place.
    lvedv_ml, lvesv_ml
        Left-ventricular end-diastolic and end-systolic volume [ml].
    lvedd_mm
        Left-ventricular end-diastolic diameter [mm].
    la_volume_ml
        Largest left-atrial volume [ml].
    mlhfq_points
        Minnesota Living with Heart Failure Questionnaire, 0 (best) to 105.
    egfr_ml_per_min_1_73m2
        Estimated glomerular filtration rate [ml/min/1.73 m²].
    pvc_burden_pct
        Share of ventricular extrasystoles among all beats [%].
    """

    date: date
    role: VisitRole
    ecgs: tuple[VisitEcg, ...] = ()
    strain: tuple[VisitStrain, ...] = ()
    scar: tuple[VisitScar, ...] = ()
    cine: tuple[VisitCine, ...] = ()
    spect: tuple[VisitSpect, ...] = ()
    veins: tuple[VisitVeins, ...] = ()
    device: Device | None = None
    nyha: NyhaClass | None = None
    qrs_ms: float | None = None
    lvef_pct: float | None = None
    lvedv_ml: float | None = None
    lvesv_ml: float | None = None
    lvedd_mm: float | None = None
    la_volume_ml: float | None = None
    systolic_pressure_mmhg: float | None = None
    diastolic_pressure_mmhg: float | None = None
    six_minute_walk_m: float | None = None
    peak_vo2_ml_per_min_kg: float | None = None
    mlhfq_points: float | None = None
    nt_probnp_ng_per_l: float | None = None
    creatinine_umol_per_l: float | None = None
    egfr_ml_per_min_1_73m2: float | None = None
    haemoglobin_g_per_dl: float | None = None
    pvc_burden_pct: float | None = None

    @property
    def ecg(self) -> VisitEcg | None:
        """The ECG that stands for the visit: the intrinsic one, else one of unknown kind, else the first."""
        for kind in ("intrinsic", "unknown"):
            for ecg in self.ecgs:
                if ecg.kind == kind:
                    return ecg
        return self.ecgs[0] if self.ecgs else None

    def ecg_of_kind(self, kind: EcgKind) -> VisitEcg | None:
        """Return the first ECG of that kind, or None."""
        return next((ecg for ecg in self.ecgs if ecg.kind == kind), None)
