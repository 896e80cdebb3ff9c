"""Which version of the Strauss-Selvester score a patient's conduction asks for."""

from __future__ import annotations

from collections.abc import Sequence

from resynchro.ecg.lead_waves import LeadWaves
from resynchro.ecg.selvester_points import SelvesterType
from resynchro.record.ecg import Sex

#: QRS duration from which the version for left bundle branch block is used [ms].
LBBB_MIN_QRS_MS: dict[Sex, float] = {"male": 140.0, "female": 130.0}
RBBB_MIN_QRS_MS = 120.0
#: The programs' comment says "at least 100", their code "more than 100"; the code is followed [ms].
LAFB_ABOVE_QRS_MS = 100.0
#: Axis of left anterior fascicular block: from -45 over -90 to -179 [degrees].
LAFB_MAX_AXIS_DEG = -45.0
#: Left ventricular hypertrophy [mV].
SOKOLOW_MIN_MV = 3.5
LATERAL_R_MIN_MV = 2.6
CORNELL_ABOVE_MV: dict[Sex, float] = {"male": 2.8, "female": 2.0}


def selvester_type(
    waves: Sequence[LeadWaves], *, conduction: str, qrs_ms: float, axis_deg: float | None, sex: Sex | None
) -> tuple[SelvesterType, tuple[str, ...]]:
    """Choose the version of the score.

    Parameters
    ----------
    waves
        Waves of the leads, for the criteria of hypertrophy.
    conduction
        Morphology: ``lbbb``, ``rbbb``; anything else counts as neither.
    qrs_ms
        Global QRS duration [ms].
    axis_deg
        Frontal axis in (-180, 180] [degrees]; None when indeterminate.
    sex
        None when unknown: the limit between the sexes' limits is then named in a caveat.

    Returns
    -------
    The version, and what makes its choice doubtful.

    Notes
    -----
    Order: left bundle branch block, right bundle branch block with and without left anterior fascicular
    block, left anterior fascicular block, hypertrophy, none. Unverified against Strauss and Selvester 2009.
    """
    caveats: list[str] = []
    if axis_deg is None:
        caveats.append("The frontal axis is indeterminate: a left anterior fascicular block was not looked for.")
    fascicular = axis_deg is not None and axis_deg <= LAFB_MAX_AXIS_DEG
    if conduction == "lbbb":
        limit_ms = min(LBBB_MIN_QRS_MS.values()) if sex is None else LBBB_MIN_QRS_MS[sex]
        if qrs_ms >= limit_ms:
            if sex is None and qrs_ms < LBBB_MIN_QRS_MS["male"]:
                caveats.append("Sex unknown: in a man the version for left bundle branch block asks for 140 ms.")
            return "LBBB", tuple(caveats)
        caveats.append(
            f"Left bundle branch block by another definition, but the QRS of {qrs_ms:.0f} ms is shorter than"
            f" the {limit_ms:.0f} ms which this score asks for: its version for the block was not used."
        )
    if conduction == "rbbb" and qrs_ms >= RBBB_MIN_QRS_MS:
        return ("RBBB+LAFB" if fascicular else "RBBB"), tuple(caveats)
    if fascicular and qrs_ms > LAFB_ABOVE_QRS_MS:
        return "LAFB", tuple(caveats)
    if _hypertrophy(waves, sex):
        return "LVH", tuple(caveats)
    return "no confounder", tuple(caveats)


def _hypertrophy(waves: Sequence[LeadWaves], sex: Sex | None) -> bool:
    """Tell left ventricular hypertrophy by Sokolow-Lyon or Cornell; unknown sex by the men's limit."""
    size_mv = {
        lead.lead: {name: lead.amplitude_mv(name) for name in ("Q", "QS", "R", "R'", "S", "S'")} for lead in waves
    }

    def largest(lead: str, *names: str) -> float:
        return max((size_mv.get(lead, {}).get(name, 0.0) for name in names), default=0.0)

    lateral_mv = max(largest("V5", "R", "R'"), largest("V6", "R", "R'"))
    sokolow_mv = largest("V1", "S", "S'", "Q", "QS") + lateral_mv
    cornell_mv = largest("aVL", "R", "R'") + largest("V3", "S", "S'", "QS")
    return (
        sokolow_mv >= SOKOLOW_MIN_MV or lateral_mv >= LATERAL_R_MIN_MV or cornell_mv > CORNELL_ABOVE_MV[sex or "male"]
    )
