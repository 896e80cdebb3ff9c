"""The numbers of myocardial work with window, variant, noise floor and published values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from resynchro.imaging.published_values import published_values
from resynchro.imaging.work.work_numbers import WORK_NUMBERS, WORK_VARIANTS, segments_of_number, wall_of_number
from resynchro.imaging.work.work_uncertainty import WorkNoise
from resynchro.record.index_value import IndexValue
from resynchro.record.strain import StrainStudy, StrainView

#: Numbers that noise raises (or, for efficiency, lowers) even where nothing is wasted: their floor is that level.
_FLOOR_WITHOUT_WASTE = (
    "gww_mmhg_pct",
    "gwe_pct",
    "gwe_from_sums_pct",
    "septal_wasted_work_mmhg_pct",
    "lateral_wasted_work_mmhg_pct",
    "septal_wasted_ratio_pct",
    "lateral_wasted_ratio_pct",
)


def work_index_values(
    values: Mapping[str, float],
    segments: Sequence[int],
    views: Sequence[StrainView],
    study: StrainStudy,
    uncertainty: Mapping[str, float],
    noise: WorkNoise | None,
    noise_note: str,
) -> tuple[IndexValue, ...]:
    """Put every number of `WORK_NUMBERS` into an IndexValue, those that could not be computed with their reason."""
    window = work_window(views)
    found = []
    for key, (name, unit) in WORK_NUMBERS.items():
        value = values.get(key)
        entered = segments_of_number(key, segments, study.model) if value is not None else ()
        floor, note = _floor(key, noise, noise_note)
        found.append(
            IndexValue(
                key=key,
                name=name,
                unit=unit,
                value=value,
                absent=None if value is not None else _absent(key, segments, study),
                window=window,
                variant=WORK_VARIANTS[key],
                n_segments=len(entered),
                segments=entered,
                noise_floor=floor,
                noise_note=note,
                published=published_values(key),
                notes=_notes(key, unit, uncertainty, study) if value is not None else (),
            )
        )
    return tuple(found)


def work_window(views: Sequence[StrainView]) -> str:
    """Return the window in words, with times where all views share them."""
    pairs = {(view.events.mvc_s, view.events.mvo_s) for view in views}
    if len(pairs) == 1:
        mvc_s, mvo_s = pairs.pop()
        if mvc_s is not None and mvo_s is not None:
            return f"MVC to MVO ({mvc_s * 1000:.0f} to {mvo_s * 1000:.0f} ms)"
    return "MVC to MVO of each view's own beat"


def _floor(key: str, noise: WorkNoise | None, note: str) -> tuple[float | None, str]:
    if noise is None:
        return None, note
    if key in _FLOOR_WITHOUT_WASTE:
        return noise.without_waste.get(key), f"mean of the nearest curves that waste nothing, with {note}"
    return noise.standard_deviation.get(key), f"standard deviation from {note}"


def _absent(key: str, segments: Sequence[int], study: StrainStudy) -> str:
    for wall in wall_of_number(key):
        if not segments_of_number(f"{wall}_work", segments, study.model):
            return f"no {wall} segment was measured"
    return "no segment did any work: nothing to divide by"


def _notes(key: str, unit: str, uncertainty: Mapping[str, float], study: StrainStudy) -> tuple[str, ...]:
    notes = []
    if key in uncertainty:
        digits = 1 if uncertainty[key] < 10.0 else 0
        notes.append(
            f"± {uncertainty[key]:.{digits}f} {unit} if systolic pressure is wrong by 10 mmHg and each valve time by "
            "20 ms (root of the sum of squares, our choice)"
        )
    if study.strain_type != "longitudinal":
        notes.append(f"from {study.strain_type} strain; published values are from longitudinal strain")
    return tuple(notes)
