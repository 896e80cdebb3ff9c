"""Quality and quantity of electrical dyssynchrony: the patient's cell, and what the trials say about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from resynchro.errors import InputError
from resynchro.selection.area_placement import AREA_CAVEAT, AreaPlacement, place_area
from resynchro.selection.dyssynchrony_grid import (
    BAND_THRESHOLDS_MS,
    GridCell,
    duration_band,
    dyssynchrony_quality,
    grid_cells,
    reached_cells,
)
from resynchro.selection.guideline_flips import QRS_TOLERANCE_MS, qrs_readings
from resynchro.selection.lbbb_definition import choose_lbbb
from resynchro.selection.limits import number_in_words
from resynchro.selection.subgroup_effects import SubgroupEffect, subgroup_effects

#: Disagreements between sources, shown whenever one of their rows speaks of the patient.
CONFLICTS: dict[str, str] = {
    "cleland": "Does morphology matter beside duration? Sipahi 2012 finds that it does (LBBB RR 0.64, "
    "non-LBBB 0.97). Cleland 2013 (individual data of 5 trials) finds QRS duration to be the only modifier, "
    "its effect certain from about 140 ms. The pool of COMPANION CRT-P and CARE-HF finds neither duration "
    "nor morphology to matter within the enrolled range.",
    "ivcd": "Nonspecific delay: Friedman 2023 (individual data of 8 trials, 1024 patients) concludes that "
    "these patients benefit; Sipahi 2012 found RR 1.19 (0.87 to 1.63), RAFT HR 1.08 (0.71 to 1.65).",
    "rbbb": "RBBB: Friedman 2023 concludes that there is no benefit; Sipahi 2012 (RR 0.91), RAFT (HR 0.98) "
    "and CARE-HF (HR 0.81) leave it open; the few events of REVERSE gave HR 0.083 (0.01 to 0.69).",
    "non-lbbb": "Non-LBBB: RAFT found benefit at 160 ms or more (HR 0.52, 0.29 to 0.96) and none below (HR "
    "1.38, 0.88 to 2.14); the long-term follow-up of MADIT-CRT found more deaths (HR 1.57, 1.03 to 2.39).",
    "narrow": "Narrow QRS: EchoCRT, the largest trial, found more deaths with CRT (HR 1.81, 1.11 to 2.93), "
    "LESSER-EARTH a shorter walk; the small RESPOND (Foley) and NARROW-CRT (unverified) trials found "
    "functional gains, RethinQ no gain in peak oxygen uptake.",
    "area": "QRS area: the published cut-offs differ (98, 102 and 109 µVs), found in different populations; "
    "there is no agreed limit.",
}
NO_PRODUCT = (
    "Effects by duration and by morphology must not be multiplied: the two go together (78 % of the "
    "patients in pooled individual data had LBBB), so a product would count the same benefit twice. No "
    "pooled number is made here."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityQuantity:
    """A patient in the grid of dyssynchrony quality and quantity.

    Attributes
    ----------
    quality, band
        The patient's row and column; None where the morphology or the duration is not known.
    qrs_ms, qrs_interval_ms, qrs_area_uvs, qrs_area_interval_uvs
        The measurements used [ms], [µVs].
    lbbb_definition
        The definition of LBBB the row rests on.
    effects
        What the trials say for this morphology at this duration, one published number each, never joined.
    effects_within_uncertainty
        Rows that speak of this patient only at another duration (the measured interval or ±10 ms).
    area, area_note
        The QRS area against the published cut-offs, or why not.
    grid
        All cells, row by row.
    conflicts
        Disagreements between the sources that speak of this patient.
    moves
        What the uncertainty of the measurement, or another definition of LBBB, would move, in words.
    notes
        How to read the effects.
    summary
        The place in one sentence.
    """

    quality: str | None
    band: str | None
    qrs_ms: float | None
    qrs_interval_ms: tuple[float, float] | None
    qrs_area_uvs: float | None
    qrs_area_interval_uvs: tuple[float, float] | None
    lbbb_definition: str | None
    effects: tuple[SubgroupEffect, ...]
    effects_within_uncertainty: tuple[SubgroupEffect, ...]
    area: tuple[AreaPlacement, ...]
    area_note: str
    grid: tuple[GridCell, ...]
    conflicts: tuple[str, ...]
    moves: tuple[str, ...]
    notes: tuple[str, ...]
    summary: str


def place_quality_quantity(
    morphology: str | None,
    lbbb_by_definition: Mapping[str, bool | None],
    qrs_ms: float | None,
    qrs_interval_ms: tuple[float, float] | None,
    qrs_area_uvs: float | None,
    qrs_area_interval_uvs: tuple[float, float] | None,
    *,
    definition: str | None = None,
) -> QualityQuantity:
    """Place a patient in the grid of dyssynchrony quality and quantity.

    Parameters
    ----------
    morphology
        Label of the ECG (``normal``, ``lbbb``, ``incomplete_lbbb``, ``rbbb``, ``incomplete_rbbb``, ``ivcd``,
        ``paced``), or None.
    lbbb_by_definition
        Answer of each definition of LBBB by its name; None where not assessable.
    qrs_ms, qrs_interval_ms
        QRS duration and its 95 % interval [ms].
    qrs_area_uvs, qrs_area_interval_uvs
        QRS area (Kors or measured Frank leads) and its interval [µVs].
    definition
        Definition of LBBB to rest on; None chooses as `evaluate_guidelines` does.

    Returns
    -------
    QualityQuantity
        The cell, the published effects that speak of it, the QRS area against its cut-offs, and what the
        uncertainty would move.

    Raises
    ------
    InputError
        When an interval does not contain its value, or `definition` is unknown.

    Notes
    -----
    Published numbers are listed one by one with source and interval. Nothing is pooled, and a ratio by QRS
    duration is never multiplied with one by morphology.

    References
    ----------
    The source of each number stands in its row.
    """
    _check_interval("QRS duration", "ms", qrs_ms, qrs_interval_ms)
    _check_interval("QRS area", "µVs", qrs_area_uvs, qrs_area_interval_uvs)
    lbbb, used = choose_lbbb(lbbb_by_definition, definition, morphology)
    quality = dyssynchrony_quality(morphology, lbbb, qrs_ms)
    band = None if qrs_ms is None else duration_band(qrs_ms)
    reached = reached_cells(morphology, lbbb, lbbb_by_definition, qrs_ms, qrs_interval_ms)
    effects = () if qrs_ms is None else _effects_at(quality, qrs_ms)
    area, area_note = place_area(qrs_area_uvs, qrs_area_interval_uvs)
    keys = dict.fromkeys(key for effect in effects for key in effect.conflicts)
    return QualityQuantity(
        quality=quality,
        band=band,
        qrs_ms=qrs_ms,
        qrs_interval_ms=qrs_interval_ms,
        qrs_area_uvs=qrs_area_uvs,
        qrs_area_interval_uvs=qrs_area_interval_uvs,
        lbbb_definition=used,
        effects=effects,
        effects_within_uncertainty=_effects_nearby(morphology, lbbb, qrs_ms, qrs_interval_ms, effects),
        area=area,
        area_note=area_note,
        grid=grid_cells((quality, band), reached),
        conflicts=tuple(CONFLICTS[key] for key in keys) + ((CONFLICTS["area"],) if area else ()),
        moves=_moves(reached, area),
        notes=(NO_PRODUCT, AREA_CAVEAT) if area else (NO_PRODUCT,),
        summary=_summary(quality, qrs_ms, qrs_interval_ms, used, area),
    )


def _check_interval(name: str, unit: str, value: float | None, interval: tuple[float, float] | None) -> None:
    if value is not None and interval is not None and not interval[0] <= value <= interval[1]:
        low, high = interval
        raise InputError(f"{name} must lie in its interval, got {value:g} and {low:g} to {high:g} {unit}")


def _effects_at(quality: str | None, qrs_ms: float) -> tuple[SubgroupEffect, ...]:
    return tuple(e for e in subgroup_effects() if e.speaks_of(quality) and e.covers_ms(qrs_ms))


def _effects_nearby(
    morphology: str | None,
    lbbb: bool | None,
    qrs_ms: float | None,
    interval_ms: tuple[float, float] | None,
    here: tuple[SubgroupEffect, ...],
) -> tuple[SubgroupEffect, ...]:
    """Return the rows that hold somewhere within the uncertainty but not at the measured duration."""
    if qrs_ms is None:
        return ()
    low, high = interval_ms or (qrs_ms, qrs_ms)
    ends = (min(low, qrs_ms - QRS_TOLERANCE_MS), max(high, qrs_ms + QRS_TOLERANCE_MS))
    between = [ms for ms, _, _ in qrs_readings(qrs_ms, interval_ms, BAND_THRESHOLDS_MS)]
    found = {
        effect.effect_id
        for ms in (*ends, *between)
        for effect in _effects_at(dyssynchrony_quality(morphology, lbbb, ms), ms)
    }
    found -= {effect.effect_id for effect in here}
    return tuple(effect for effect in subgroup_effects() if effect.effect_id in found)


def _moves(reached: Mapping[tuple[str, str], tuple[str, ...]], area: tuple[AreaPlacement, ...]) -> tuple[str, ...]:
    moves = [
        f"Within reach ({' and '.join(reasons)}): {quality}, QRS {band}."
        for (quality, band), reasons in reached.items()
    ]
    moves += [
        f"The interval of the QRS area reaches over the cut-off of {placed.cutoff.at_least_uvs:g} µVs."
        for placed in area
        if placed.borderline
    ]
    return tuple(moves)


def _summary(
    quality: str | None,
    qrs_ms: float | None,
    interval_ms: tuple[float, float] | None,
    definition: str | None,
    area: tuple[AreaPlacement, ...],
) -> str:
    by = f" by {definition}" if quality in ("LBBB", "IVCD") and definition else ""
    first = f"Quality: {quality}" if quality else "Quality: not known"
    if quality == "LBBB":
        first += by
    elif quality and by:
        first += f" (no LBBB{by})"
    if qrs_ms is None:
        second = "quantity: QRS duration not known"
    else:
        spread = ""
        if interval_ms is not None:
            spread = f" ({number_in_words(interval_ms[0])} to {number_in_words(interval_ms[1])})"
        second = f"quantity: QRS {number_in_words(qrs_ms)} ms{spread}, column {duration_band(qrs_ms)}"
    above = sum(placed.at_or_above for placed in area)
    third = f"; QRS area at or above {above} of {len(area)} published cut-offs" if area else ""
    return f"{first}; {second}{third}."
