"""The grid of electrical dyssynchrony: quality (morphology) by quantity (QRS duration)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from resynchro.selection.guideline_flips import qrs_readings
from resynchro.selection.subgroup_effects import subgroup_effects

NO_BLOCK = "no complete block"
#: Rows of the grid.
QUALITIES: tuple[str, ...] = ("LBBB", "IVCD", "RBBB", "paced", NO_BLOCK)
#: Columns of the grid as (name, first, end) [ms]; the end belongs to the next column, so 129.5 ms lies below
#: 130.
BANDS: tuple[tuple[str, float, float], ...] = (
    ("< 120 ms", 0.0, 120.0),
    ("120-129 ms", 120.0, 130.0),
    ("130-149 ms", 130.0, 150.0),
    ("≥ 150 ms", 150.0, 400.0),
)
BAND_THRESHOLDS_MS = (120.0, 130.0, 150.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class GridCell:
    """One cell of the grid.

    Attributes
    ----------
    quality, band
        Row and column.
    is_patient
        True for the cell of the measured values.
    reached_by
        Why the patient might belong here instead: ``QRS interval``, ``QRS ±10 ms`` and ``LBBB definition``;
        empty where nothing leads here.
    effect_ids
        Rows of ``subgroup_effects.csv`` that speak of patients of this cell, or of some of them.
    """

    quality: str
    band: str
    is_patient: bool
    reached_by: tuple[str, ...]
    effect_ids: tuple[str, ...]


def dyssynchrony_quality(morphology: str | None, lbbb: bool | None, qrs_ms: float | None) -> str | None:
    """Return the row of the grid, or None where the morphology is not known.

    Parameters
    ----------
    morphology
        Label of the ECG.
    lbbb
        Is it LBBB by the definition used?
    qrs_ms
        QRS duration [ms]. Below 120 ms no definition of a complete bundle branch block holds.
    """
    if morphology == "paced":
        return "paced"
    if morphology is None and lbbb is None:
        return None
    if qrs_ms is not None and qrs_ms < 120.0:
        return "IVCD" if morphology == "ivcd" else NO_BLOCK
    if lbbb:
        return "LBBB"
    if morphology == "rbbb":
        return "RBBB"
    if morphology is None or lbbb is None:
        return None
    # Not LBBB by the definition used and not RBBB: at 120 ms or more the delay is nonspecific, whatever the
    # label.
    return NO_BLOCK if qrs_ms is None and morphology != "ivcd" else "IVCD"


def duration_band(qrs_ms: float) -> str:
    """Return the column of the grid for a QRS duration [ms]."""
    return next(name for name, first, _ in reversed(BANDS) if qrs_ms >= first)


def reached_cells(
    morphology: str | None,
    lbbb: bool | None,
    lbbb_by_definition: Mapping[str, bool | None],
    qrs_ms: float | None,
    qrs_interval_ms: tuple[float, float] | None,
) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the cells that the measurement's uncertainty or another definition of LBBB would lead to.

    Parameters
    ----------
    morphology, lbbb, lbbb_by_definition
        Label of the ECG, the answer used, and the answers of all definitions.
    qrs_ms, qrs_interval_ms
        QRS duration and its 95 % interval [ms].

    Returns
    -------
    dict
        (row, column) to the reasons, the cell of the measured values left out.
    """
    if qrs_ms is None:
        return {}
    answers: list[tuple[bool | None, tuple[str, ...]]] = [(lbbb, ())]
    if lbbb is not None and (not lbbb) in lbbb_by_definition.values():
        answers.append((not lbbb, ("LBBB definition",)))
    durations: list[tuple[float, tuple[str, ...]]] = [(qrs_ms, ())]
    for other_ms, _, by_interval in qrs_readings(qrs_ms, qrs_interval_ms, BAND_THRESHOLDS_MS):
        durations.append((other_ms, ("QRS interval" if by_interval else "QRS ±10 ms",)))
    here = dyssynchrony_quality(morphology, lbbb, qrs_ms), duration_band(qrs_ms)
    reached: dict[tuple[str, str], tuple[str, ...]] = {}
    for answer, by_definition in answers:
        for duration_ms, by_duration in durations:
            quality = dyssynchrony_quality(morphology, answer, duration_ms)
            if quality is not None and (quality, duration_band(duration_ms)) != here:
                reached.setdefault((quality, duration_band(duration_ms)), by_definition + by_duration)
    return reached


def grid_cells(
    patient: tuple[str | None, str | None], reached: Mapping[tuple[str, str], tuple[str, ...]]
) -> tuple[GridCell, ...]:
    """Return all cells row by row, with the rows of evidence that speak of each."""
    return tuple(
        GridCell(
            quality=quality,
            band=name,
            is_patient=(quality, name) == patient,
            reached_by=reached.get((quality, name), ()),
            effect_ids=tuple(
                effect.effect_id
                for effect in subgroup_effects()
                if effect.speaks_of(quality)
                and any(effect.covers_ms(ms) for ms in (first, (first + end) / 2, end - 0.1))
            ),
        )
        for quality in QUALITIES
        for name, first, end in BANDS
    )
