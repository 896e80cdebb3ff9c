"""The Strauss-Selvester QRS score: scar estimated from the 12-lead ECG, with its points per lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from resynchro.ecg.lead_waves import LeadWaves
from resynchro.ecg.representative import QrsLimits, RepresentativeBeat
from resynchro.ecg.selvester_caveats import UNVERIFIED, selvester_caveats
from resynchro.ecg.selvester_criterion import judge, parse_criterion
from resynchro.ecg.selvester_measures import SelvesterMeasures, selvester_measures
from resynchro.ecg.selvester_points import SelvesterRow, SelvesterType, SelvesterVariant, selvester_rows
from resynchro.ecg.selvester_type import selvester_type
from resynchro.record.ecg import Sex

LV_SCAR_PCT_PER_POINT = 3.0
#: The score is not defined at this rate or above [1/min].
MAX_HEART_RATE_BPM = 150.0
#: P waves from which right-atrial overload voids the posterior points [mV].
RIGHT_ATRIAL_P_MV: Mapping[str, float] = {"V1": 0.1, "V2": 0.1, "aVF": 0.175}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadPoints:
    """Points of one group of criteria.

    Attributes
    ----------
    box, lead
        Box of the form (``V1 posterior``) and its lead.
    criterion
        The best criterion that is met, else the easiest one of the group, with unadjusted limits.
    value, threshold, unit
        What was measured and the limit adjusted for age and sex, of the alternative that decided; None for
        criteria of presence, and None as value of a ratio over an absent wave. Unit ``ms``, ``mV`` or
        empty.
    points, max_points
        Given and possible.
    """

    box: str
    lead: str
    criterion: str
    value: float | None
    threshold: float | None
    unit: str
    points: int
    max_points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotScored:
    """A box that could not be judged, and why. It counts no points."""

    box: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SelvesterScore:
    """Strauss-Selvester score.

    Attributes
    ----------
    applicable, reason
        Whether the score is defined for this ECG, and if not why. The fields below are then None or empty.
    conduction_type
        Version of the score.
    points
        Sum of the points.
    points_range
        Smallest and largest sum over both sexes and ages 30 to 80 where sex or age is unknown; None when
        known.
    max_points
        Points which the version's table holds.
    lv_scar_pct
        3 % of the left ventricle per point [%].
    lead_points
        One row per group of criteria that could be judged, with or without points.
    not_scored
        Boxes that could not be judged.
    caveats
        What a reader must know, always with the table's verification status first.
    """

    applicable: bool
    reason: str | None
    conduction_type: SelvesterType | None
    points: int | None
    points_range: tuple[int, int] | None
    max_points: int | None
    lv_scar_pct: float | None
    lead_points: tuple[LeadPoints, ...]
    not_scored: tuple[NotScored, ...]
    caveats: tuple[str, ...]

    def points_by_lead(self) -> dict[str, int]:
        """Return the points of each lead that was judged."""
        return _points_by(self.lead_points, "lead")


def selvester_score(
    waves: Sequence[LeadWaves],
    *,
    beat: RepresentativeBeat,
    limits: QrsLimits,
    sex: Sex | None,
    age_years: float | None,
    conduction: str,
    axis_deg: float | None,
    paced: bool,
    heart_rate_bpm: float | None,
    p_wave_mv: Mapping[str, float] | None = None,
    variant: SelvesterVariant | None = None,
) -> SelvesterScore:
    """Score the scar of the left ventricle from the waves of the 12-lead ECG.

    Parameters
    ----------
    waves
        Waves per lead; leads the score does not use are passed over, missing ones reported.
    beat, limits
        The representative beat the waves were found in and its QRS limits.
    sex, age_years
        None when unknown: the limits are then not adjusted for it, and `SelvesterScore.points_range` tells
        how far that moves the sum.
    conduction
        Morphology (``lbbb``, ``rbbb``, ...), see `resynchro.ecg.selvester_type.selvester_type`.
    axis_deg
        Frontal axis [degrees]; None when indeterminate.
    paced, heart_rate_bpm
        Pacing and rates from 150/min on exclude the ECG [1/min]; rate None when unknown.
    p_wave_mv
        Positive P amplitudes of V1, V2 and aVF, as far as known [mV]; None when none is.
    variant
        How conflicts between the sources are settled.

    Returns
    -------
    The score; not applicable with a reason for paced and fast rhythms.

    Notes
    -----
    Unverified against the papers, and of poor accuracy in left bundle branch block: show the points per
    lead and the caveats. Limits: amplitudes x (1 + (55 - age)/100 - 0.10 in women), ages from 20; durations
    x 0.9 in women; ratios unchanged.

    References
    ----------
    Strauss DG, Selvester RH. J Electrocardiol 2009;42:85. doi:10.1016/j.jelectrocard.2008.07.011.
    Loring Z et al. J Electrocardiol 2011;44:544-554. doi:10.1016/j.jelectrocard.2011.06.008.
    Åkerlund S et al. J Electrocardiol 2015;48:769-776. doi:10.1016/j.jelectrocard.2015.07.018.
    """
    refused = _refusal(paced, heart_rate_bpm)
    if refused is not None:
        return _not_applicable(refused)
    variant = variant or SelvesterVariant()
    version, type_caveats = selvester_type(
        waves, conduction=conduction, qrs_ms=limits.duration_ms, axis_deg=axis_deg, sex=sex
    )
    rows = selvester_rows(version, variant)
    pure_r = variant.pure_r_scores
    measures = {lead.lead: selvester_measures(lead, beat, pure_r_scores=pure_r) for lead in waves if lead.waves}
    not_scored = _not_scored(rows, measures, p_wave_mv)
    rows = tuple(row for row in rows if row.box not in {skipped.box for skipped in not_scored})
    lead_points = _lead_points(rows, measures, sex, age_years)
    points = sum(row.points for row in lead_points)
    caveats = selvester_caveats(
        version,
        points_by_box=_points_by(lead_points, "box"),
        waves=waves,
        sex=sex,
        age_years=age_years,
        axis_deg=axis_deg,
        p_wave_mv=p_wave_mv,
        heart_rate_bpm=heart_rate_bpm,
    )
    return SelvesterScore(
        applicable=True,
        reason=None,
        conduction_type=version,
        points=points,
        points_range=_points_range(rows, measures, sex, age_years),
        max_points=_max_points(selvester_rows(version, variant)),
        lv_scar_pct=points * LV_SCAR_PCT_PER_POINT,
        lead_points=lead_points,
        not_scored=not_scored,
        caveats=caveats + type_caveats,
    )


def _lead_points(
    rows: Sequence[SelvesterRow],
    measures: Mapping[str, SelvesterMeasures],
    sex: Sex | None,
    age_years: float | None,
) -> tuple[LeadPoints, ...]:
    """Give each group of criteria the points of its best met row."""
    result = []
    for (box, _), group in groupby(rows, key=lambda row: (row.box, row.group)):
        ranked = sorted(group, key=lambda row: row.points, reverse=True)
        for row in ranked:
            judged = [
                [judge(condition, measures[row.lead], sex, age_years) for condition in alternative]
                for alternative in parse_criterion(row.criterion)
            ]
            met = [index for index, alternative in enumerate(judged) if all(verdict[0] for verdict in alternative)]
            if met or row is ranked[-1]:
                chosen = met[0] if met else 0
                _, value, threshold = judged[chosen][0]
                result.append(
                    LeadPoints(
                        box=box,
                        lead=row.lead,
                        criterion=row.criterion,
                        value=value,
                        threshold=threshold,
                        unit=parse_criterion(row.criterion)[chosen][0].unit,
                        points=row.points if met else 0,
                        max_points=ranked[0].points,
                    )
                )
                break
    return tuple(result)


def _points_by(lead_points: Sequence[LeadPoints], key: Literal["box", "lead"]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in lead_points:
        name = row.box if key == "box" else row.lead
        sums[name] = sums.get(name, 0) + row.points
    return sums


def _max_points(rows: Sequence[SelvesterRow]) -> int:
    return sum(max(row.points for row in group) for _, group in groupby(rows, key=lambda row: (row.box, row.group)))


def _points_range(
    rows: Sequence[SelvesterRow],
    measures: Mapping[str, SelvesterMeasures],
    sex: Sex | None,
    age_years: float | None,
) -> tuple[int, int] | None:
    """Return the extreme sums over what is unknown of sex and age."""
    if sex is not None and age_years is not None:
        return None
    sexes: tuple[Sex, ...] = ("female", "male") if sex is None else (sex,)
    ages = tuple(float(age) for age in range(30, 81, 5)) if age_years is None else (age_years,)
    sums = [sum(row.points for row in _lead_points(rows, measures, s, age)) for s in sexes for age in ages]
    return min(sums), max(sums)


def _refusal(paced: bool, heart_rate_bpm: float | None) -> str | None:
    if paced:
        return "paced rhythm: the score is defined for intrinsic conduction only"
    if heart_rate_bpm is not None and heart_rate_bpm >= MAX_HEART_RATE_BPM:
        return f"heart rate {heart_rate_bpm:.0f}/min: the score is defined below {MAX_HEART_RATE_BPM:.0f}/min"
    return None


def _not_applicable(reason: str) -> SelvesterScore:
    return SelvesterScore(
        applicable=False,
        reason=reason,
        conduction_type=None,
        points=None,
        points_range=None,
        max_points=None,
        lv_scar_pct=None,
        lead_points=(),
        not_scored=(),
        caveats=(UNVERIFIED,),
    )


def _not_scored(
    rows: Sequence[SelvesterRow],
    measures: Mapping[str, SelvesterMeasures],
    p_wave_mv: Mapping[str, float] | None,
) -> tuple[NotScored, ...]:
    """Find the boxes that cannot be judged."""
    overload = [
        f"{lead} {p_wave_mv[lead]:.2f} mV"
        for lead, limit_mv in RIGHT_ATRIAL_P_MV.items()
        if p_wave_mv is not None and p_wave_mv.get(lead, 0.0) >= limit_mv
    ]
    skipped = []
    for box, group in groupby(rows, key=lambda row: row.box):
        criteria = list(group)
        lead = criteria[0].lead
        if lead not in measures:
            skipped.append(NotScored(box=box, reason=f"no QRS wave was found in lead {lead}"))
        elif box.endswith("posterior") and overload:
            reason = f"right-atrial overload (P in {', '.join(overload)}) voids the posterior points"
            skipped.append(NotScored(box=box, reason=reason))
        elif measures[lead].amplitude_mv["initial R"] is None and any("initial R" in row.criterion for row in criteria):
            reason = f"the initial R of lead {lead} cannot be told from the terminal R of the block"
            skipped.append(NotScored(box=box, reason=reason))
    return tuple(skipped)
