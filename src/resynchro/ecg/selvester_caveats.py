"""What a reader must know about a Strauss-Selvester score before trusting it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from resynchro.ecg.lead_waves import LeadWaves
from resynchro.ecg.selvester_points import SelvesterType
from resynchro.record.ecg import Sex

#: First caveat of every score.
UNVERIFIED = (
    "Point table unverified against Strauss & Selvester 2009 and Loring 2011: taken over from two public programs."
)
_PERCENT = "The percentage is 3 % per point, not a measurement of scar: magnetic resonance is the reference."
#: Åkerlund et al. J Electrocardiol 2015;48:769-776, doi:10.1016/j.jelectrocard.2015.07.018.
#: Wieslander et al. J Electrocardiol 2018, pages 779-786. Both read as abstracts.
_LBBB_VALIDITY = (
    "In left bundle branch block the score tells scar poorly: the specificity of its criteria was 41-100 %,"
    " mean 90 %, in 99 patients without scar (Åkerlund 2015); area under the ROC curve was 0.60, R² 0.04"
    " against magnetic resonance in 325 patients (Wieslander 2018). Read the leads, not the percentage alone."
)
_LBBB_COUNT = (
    "The table for left bundle branch block holds 45 criteria where the literature counts 46: one is missing or merged."
)


def selvester_caveats(
    version: SelvesterType,
    *,
    points_by_box: Mapping[str, int],
    waves: Sequence[LeadWaves],
    sex: Sex | None,
    age_years: float | None,
    axis_deg: float | None,
    p_wave_mv: Mapping[str, float] | None,
    heart_rate_bpm: float | None,
) -> tuple[str, ...]:
    """Collect what a reader must know about a score.

    Parameters
    ----------
    version
        Version of the score.
    points_by_box
        Points given, by box.
    waves, sex, age_years, axis_deg, p_wave_mv, heart_rate_bpm
        As given to `resynchro.ecg.selvester.selvester_score`.

    Returns
    -------
    Sentences; the verification status of the table comes first.
    """
    caveats = [UNVERIFIED, _PERCENT]
    if version == "LBBB":
        caveats += [_LBBB_VALIDITY, _LBBB_COUNT]
    unknown = [name for name, value in (("sex", sex), ("age", age_years)) if value is None]
    if unknown:
        caveats.append(f"Limits not adjusted for {' and '.join(unknown)}: unknown. See the range of points.")
    if age_years is not None and age_years < 20.0:
        caveats.append("Adjusted as for 20 years, the lowest age of the score.")
    superior = points_by_box.get("I", 0) + points_by_box.get("aVL", 0)
    if axis_deg is not None and axis_deg >= 90.0 and superior:
        caveats.append(
            "Right axis deviation: the rule that then voids anterosuperior points was not applied, its leads"
            f" are not confirmed; I and aVL gave {superior} points here."
        )
    if any(points and box.endswith("posterior") for box, points in points_by_box.items()):
        caveats.append("Right ventricular hypertrophy, which voids points in V1 and V2, was not looked for.")
        if p_wave_mv is None:
            caveats.append("Nor was right-atrial overload, which voids the posterior points: no P waves were given.")
    if version == "LVH" and any(lead.lead in ("V1", "V2", "V3") and lead.wave("QS") is not None for lead in waves):
        caveats.append(
            "QS in V1-V3 with hypertrophy counts only beside other anterior points; it was not counted here."
        )
    if heart_rate_bpm is None:
        caveats.append("Heart rate unknown: the score is defined below 150/min.")
    return tuple(caveats)
