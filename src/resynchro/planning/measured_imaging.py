"""The imaging of a case, measured: strain, work, cine, scar, phase, veins, and the target they give together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from resynchro.errors import ResynchroError
from resynchro.imaging.cine.cine_measurement import CineMeasurement, measure_cine
from resynchro.imaging.scar.scar_measurement import ScarMeasurement, given_scar, measure_scar, scar_from_labels
from resynchro.imaging.spect.phase_measurement import PhaseMeasurement, measure_phase
from resynchro.imaging.strain.mechanical_dyssynchrony import MechanicalDyssynchrony, mechanical_dyssynchrony
from resynchro.imaging.strain.strain_measurement import StrainMeasurement, measure_strain
from resynchro.imaging.target.lead_concordance import LeadConcordance, lead_concordance
from resynchro.imaging.target.segment_timing_draws import SegmentTiming, phase_timing, strain_timing
from resynchro.imaging.target.target import Target, find_target
from resynchro.imaging.target.target_exclusion import TRANSMURALITY_LIMIT_PCT
from resynchro.imaging.target.veins import VeinCoverage, vein_coverage
from resynchro.imaging.work.work_measurement import WorkMeasurement, measure_work
from resynchro.record.case import Case
from resynchro.record.finding import Finding
from resynchro.record.scar import ScarMap
from resynchro.record.strain import CardiacEvents, SegmentCurves
from resynchro.record.visit import Visit, VisitCine, VisitScar, VisitSpect, VisitStrain, VisitVeins

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredStrain:
    """One strain examination of a visit, or the strain that our tracker found in its cine.

    Attributes
    ----------
    measurement
        None where it could not be measured; then `failure` says why.
    dyssynchrony
        What its signs say together.
    work
        Myocardial work; None where it could not be computed, then `work_failure` says why.
    """

    visit: Visit
    file: str
    measurement: StrainMeasurement | None
    failure: str | None
    dyssynchrony: MechanicalDyssynchrony | None = None
    work: WorkMeasurement | None = None
    work_failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredScar:
    """The scar examination that counts."""

    visit: Visit
    file: str
    measurement: ScarMeasurement | None
    failure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredCine:
    """One cine examination of a visit; `events` as the case gives them."""

    visit: Visit
    file: str
    measurement: CineMeasurement | None
    failure: str | None
    events: CardiacEvents | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredPhase:
    """One gated perfusion examination of a visit."""

    visit: Visit
    file: str
    measurement: PhaseMeasurement | None
    failure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredVeins:
    """The examination of the veins that counts."""

    visit: Visit
    file: str
    coverage: VeinCoverage | None
    failure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedTarget:
    """The target by one kind of timing.

    Attributes
    ----------
    label
        ``circumferential strain``, ``longitudinal strain``, ``SPECT phase`` and the like.
    files
        What it rests on.
    """

    label: str
    files: tuple[str, ...]
    target: Target | None
    failure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredImaging:
    """All imaging of a case.

    Attributes
    ----------
    targets
        One per kind of timing; the first with a result counts.
    concordance
        The implanted lead held against the target; None without either.
    """

    strain: tuple[MeasuredStrain, ...]
    cine: tuple[MeasuredCine, ...]
    phase: tuple[MeasuredPhase, ...]
    scar: MeasuredScar | None
    veins: MeasuredVeins | None
    targets: tuple[TimedTarget, ...]
    concordance: LeadConcordance | None
    findings: tuple[Finding, ...]

    @property
    def target(self) -> Target | None:
        """The target that counts."""
        return next((timed.target for timed in self.targets if timed.target is not None), None)

    @property
    def selection_strain(self) -> MeasuredStrain | None:
        """The strain examination that selection rests on: the first of a visit before the implant that was measured."""
        return next(
            (item for item in self.strain if item.measurement is not None and item.visit.role != "follow-up"), None
        )

    @property
    def is_empty(self) -> bool:
        """Whether the case holds no imaging at all."""
        return not (self.strain or self.cine or self.phase or self.scar or self.veins)


def measure_imaging(
    case: Case,
    *,
    seed: int,
    include_apical: bool = False,
    transmurality_limit_pct: float = TRANSMURALITY_LIMIT_PCT,
) -> MeasuredImaging:
    """Measure every examination by imaging of a case and find the target.

    Parameters
    ----------
    case
        As read.
    seed
        Of every draw; each examination has a generator of its own.
    include_apical, transmurality_limit_pct
        As for `resynchro.imaging.target.target.find_target`.

    Returns
    -------
    MeasuredImaging
        What cannot be measured keeps its reason. Scar and veins are taken from the last visit that has them, timing
        from visits before follow-up.
    """
    cine = tuple(_cine(visit, item) for visit in case.visits for item in visit.cine)
    strain = tuple(_strain(visit, item, seed) for visit in case.visits for item in visit.strain)
    strain += tuple(strain_item for item in cine for strain_item in _cine_strain(item, seed))
    phase = tuple(_phase(visit, item) for visit in case.visits for item in visit.spect)
    scar = _scar(case)
    veins = _veins(case)
    find = partial(
        find_target,
        scar=_segment_scar(scar),
        perfusion=next((item.measurement.perfusion for item in phase if item.measurement is not None), None),
        veins=None if veins is None else veins.coverage,
        include_apical=include_apical,
        transmurality_limit_pct=transmurality_limit_pct,
        seed=seed,
    )
    targets = _targets(strain, phase, find, seed)
    target = next((timed.target for timed in targets if timed.target is not None), None)
    return MeasuredImaging(
        strain=strain,
        cine=cine,
        phase=phase,
        scar=scar,
        veins=veins,
        targets=targets,
        concordance=_concordance(case, target),
        findings=_findings(strain, cine, phase, scar),
    )


def _tried(measure: Callable[[], Result]) -> tuple[Result | None, str | None]:
    """Return what was measured, or the reason why it could not be."""
    try:
        return measure(), None
    except ResynchroError as error:
        return None, str(error)


def _strain(visit: Visit, item: VisitStrain, seed: int, events: CardiacEvents | None = None) -> MeasuredStrain:
    rng = np.random.default_rng
    found, failure = _tried(lambda: measure_strain(item.study, events=events, rng=rng(seed)))
    if found is None:
        return MeasuredStrain(visit=visit, file=item.file, measurement=None, failure=failure)
    work, work_failure = _tried(
        lambda: measure_work(item.study, systolic_mmhg=visit.systolic_pressure_mmhg, events=events, rng=rng(seed))
    )
    return MeasuredStrain(
        visit=visit,
        file=item.file,
        measurement=found,
        failure=None,
        dyssynchrony=mechanical_dyssynchrony(found.indices, found.curves),
        work=work,
        work_failure=work_failure,
    )


def _cine(visit: Visit, item: VisitCine) -> MeasuredCine:
    stack = next((stack for stack in item.stacks if stack.plane == "SAX"), None)
    contours = item.labels if item.labels is not None else item.contours
    found, failure = _tried(partial(measure_cine, stack, contours, check_engine=item.check_engine))
    return MeasuredCine(visit=visit, file=item.file, measurement=found, failure=failure, events=item.events)


def _cine_strain(item: MeasuredCine, seed: int) -> list[MeasuredStrain]:
    """Measure the strain that the engines found in a cine: circumferential and radial, ours first."""
    if item.measurement is None:
        return []
    studies = [study for study in (item.measurement.circumferential, item.measurement.radial) if study is not None]
    named = [VisitStrain(study=study, file=f"{item.file} ({study.strain_type}, tracked)") for study in studies]
    named += [
        VisitStrain(study=study, file=f"{item.file} ({study.strain_type}, {study.engine})")
        for study in item.measurement.checks
    ]
    return [_strain(item.visit, strain, seed, item.events) for strain in named]


def _phase(visit: Visit, item: VisitSpect) -> MeasuredPhase:
    found, failure = _tried(lambda: measure_phase(item.gated))
    return MeasuredPhase(visit=visit, file=item.file, measurement=found, failure=failure)


def _scar(case: Case) -> MeasuredScar | None:
    with_scar = [(visit, visit.scar[0]) for visit in case.visits if visit.scar]
    if not with_scar:
        return None
    visit, item = with_scar[-1]
    found, failure = _tried(lambda: measured_scar(item))
    return MeasuredScar(visit=visit, file=item.file, measurement=found, failure=failure)


def measured_scar(item: VisitScar) -> ScarMeasurement:
    """Return the scar of one examination, from whichever of map, labels or images it holds."""
    if item.scar is not None:
        return given_scar(item.scar)
    assert item.labels is not None  # the reader of the case gives one of the three
    if item.image is None:
        return scar_from_labels(item.labels, anterior_insertion=item.anterior_insertion_deg)
    return measure_scar(item.image, item.labels, anterior_insertion=item.anterior_insertion_deg)


def _veins(case: Case) -> MeasuredVeins | None:
    with_veins = [(visit, item) for visit in case.visits for item in visit.veins]
    if not with_veins:
        return None
    visit, item = with_veins[-1]
    found, failure = _tried(lambda: _covered(item))
    return MeasuredVeins(visit=visit, file=item.file, coverage=found, failure=failure)


def _covered(item: VisitVeins) -> VeinCoverage:
    return vein_coverage(item.tree)


def _segment_scar(scar: MeasuredScar | None) -> ScarMap | None:
    """Return the scar per segment; None where it could not be told by segment."""
    if scar is None or scar.measurement is None or not scar.measurement.scar_map.segments:
        return None
    return scar.measurement.scar_map


def _targets(
    strain: Sequence[MeasuredStrain], phase: Sequence[MeasuredPhase], find: Callable[[SegmentTiming], Target], seed: int
) -> tuple[TimedTarget, ...]:
    """Find the target by every kind of timing; kinds are never mixed."""
    kinds: dict[str, list[tuple[str, SegmentCurves]]] = {}
    for item in strain:
        if item.measurement is not None and item.visit.role != "follow-up":
            curves = item.measurement.curves
            kinds.setdefault(curves.strain_type, []).append((item.file, curves))
    found = []
    for kind, sources in kinds.items():
        files = tuple(file for file, _ in sources)
        target, failure = _tried(partial(_strain_target, [curves for _, curves in sources], find, seed))
        found.append(TimedTarget(label=f"{kind} strain", files=files, target=target, failure=failure))
    for item_phase in phase:
        if item_phase.measurement is not None and item_phase.visit.role != "follow-up":
            target, failure = _tried(partial(_phase_target, item_phase.measurement, find, seed))
            found.append(TimedTarget(label="SPECT phase", files=(item_phase.file,), target=target, failure=failure))
    return tuple(found)


def _strain_target(curves: Sequence[SegmentCurves], find: Callable[[SegmentTiming], Target], seed: int) -> Target:
    return find(strain_timing(curves, seed=seed))


def _phase_target(measured: PhaseMeasurement, find: Callable[[SegmentTiming], Target], seed: int) -> Target:
    return find(_phase_timing(measured, seed))


def _phase_timing(measured: PhaseMeasurement, seed: int) -> SegmentTiming:
    return phase_timing(
        {segment: phase.delay_deg for segment, phase in measured.segments.items()},
        {segment: phase.error_deg for segment, phase in measured.segments.items()},
        measured.rr_s,
        words="phase of gated SPECT (first harmonic of the counts)",
        absent=measured.delay.absent,
        seed=seed,
    )


def _concordance(case: Case, target: Target | None) -> LeadConcordance | None:
    """Hold the last known place of the left-ventricular lead against the target."""
    if target is None or target.segment is None:
        return None
    leads = [visit.device.lv_lead for visit in case.visits if visit.device is not None and visit.device.lv_lead]
    placed = [lead.segment for lead in leads if lead.segment is not None]
    return lead_concordance(placed[-1], target.segment) if placed else None


def _findings(
    strain: Sequence[MeasuredStrain],
    cine: Sequence[MeasuredCine],
    phase: Sequence[MeasuredPhase],
    scar: MeasuredScar | None,
) -> tuple[Finding, ...]:
    """Collect what a reader must know of every examination, with its file."""
    found: list[Finding] = []
    for item in strain:
        if item.measurement is not None:
            found += [_of(item.file, finding) for finding in item.measurement.findings]
    for item_cine in cine:
        if item_cine.measurement is not None:
            found += [_of(item_cine.file, finding) for finding in item_cine.measurement.findings]
    for item_phase in phase:
        if item_phase.measurement is not None:
            found += [_of(item_phase.file, finding) for finding in item_phase.measurement.warnings]
    if scar is not None and scar.measurement is not None:
        found += [_of(scar.file, finding) for finding in scar.measurement.scar_map.findings]
    return tuple(found)


def _of(file: str, finding: Finding) -> Finding:
    return Finding(code=finding.code, message=f"{file}: {finding.message}", leads=finding.leads)
