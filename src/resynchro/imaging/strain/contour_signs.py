"""Septal flash and apical rocking of a strain examination, from the contour points that some exports hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.published_values import published_values
from resynchro.imaging.strain.apical_rocking import ApicalRocking, apex_knot, apical_rocking
from resynchro.imaging.strain.septal_flash import (
    MOTION_HARMONICS,
    SeptalFlash,
    displacement_along_normal,
    displacement_from_chord,
    septal_flash,
)
from resynchro.record.index_value import IndexValue
from resynchro.record.segments import SegmentModel, wall_of
from resynchro.record.strain import StrainStudy, StrainView

FloatArray = NDArray[np.float64]

#: Contours must cover this share of the beat to be low-passed.
_COVERAGE = 0.95
#: Early inward motion below this is not worth a share of rebound [mm].
_STILL_MM = 0.1
_NO_KNOTS = "needs contour points (a full-trace export) or wall points from cine"


#: Error of a point that our tracker follows: 0.3 to 0.4 mm in the noisy and rotated phantoms [mm].
TRACKED_NOISE_MM = 0.4


def contour_sign_indices(study: StrainStudy | None) -> tuple[IndexValue, ...]:
    """Return septal flash and apical rocking of every view that shows them.

    Parameters
    ----------
    study
        As read; only views with contour points or a tracked septum count. Events are those of the view's own beat.

    Returns
    -------
    tuple of IndexValue
        ``septal_flash_mm`` of the view that shows it most clearly (4CH, APLAX, short axis) and ``apical_rocking_mm`` of
        the four-chamber view, the other views in their notes; absent when no view has contour points.
    """
    views = [view for view in study.views if view.knots_mm is not None] if study is not None else []
    model: SegmentModel = study.model if study is not None else "aha18"
    flashes = [septal_flash_of_view(view, model) for view in views if _septal_run(view, model) is not None]
    tracked = [view for view in study.views if view.septal_inward_mm is not None] if study is not None else []
    flashes += [septal_flash_of_slice(view, model) for view in tracked]
    rockings = [
        apical_rocking_of_view(view, model)
        for view in views
        if not view.knots_closed and _septal_run(view, model) is not None
    ]
    absent = _NO_KNOTS if not (views or tracked) else "no view with contour points shows the septum"
    if not flashes:
        flashes = [IndexValue(key="septal_flash_mm", name="septal flash", unit="mm", absent=absent)]
    if not rockings:
        rockings = [IndexValue(key="apical_rocking_mm", name="apical rocking", unit="mm", absent=absent)]
    return (_clearest(flashes), _clearest(rockings))


def _clearest(found: list[IndexValue]) -> IndexValue:
    """Return the view that shows a sign most clearly; what the others show stands in its notes."""
    best = max(found, key=lambda index: (index.flag is True, index.value is not None, index.value or 0.0))
    others = [index for index in found if index is not best]
    words = tuple(
        f"{index.name}: {index.absent}."
        if index.value is None
        else f"{index.name}: {index.value:.1f} {index.unit}, {'present' if index.flag else 'not present'}."
        for index in others
    )
    return replace(best, notes=best.notes + words)


def septal_flash_of_view(view: StrainView, model: SegmentModel) -> IndexValue:
    """Return the septal flash along the wall normal of the mid-septal contour point, and from the septum's own chord.

    Parameters
    ----------
    view
        With contour points. They run along the wall in the order of `view.segments`, each segment an equal share; a
        ring does not repeat its first point.
    model
        Model of the segment numbers.
    """
    key, name, unit = "septal_flash_mm", f"septal flash, {view.name}", "mm"
    reason = _unusable(view)
    run = _septal_run(view, model)
    if reason or run is None:
        return IndexValue(key=key, name=name, unit=unit, absent=reason or "the view shows no septum")
    (time_s, knots), (start, end) = _one_beat(view), run
    middle = (start + end) // 2
    cavity = knots[0].mean(axis=0)
    tangent = knots[0, min(middle + 1, knots.shape[1] - 1)] - knots[0, max(middle - 1, 0)]
    inward = np.array([-tangent[1], tangent[0]])
    inward *= np.sign((cavity - knots[0, middle]) @ inward) or 1.0
    avo_s, avc_s = view.events.avo_s or 0.0, view.events.avc_s or 0.0
    try:
        flash = septal_flash(time_s, displacement_along_normal(knots[:, middle], inward), avo_s=avo_s, avc_s=avc_s)
        from_chord = septal_flash(
            time_s,
            displacement_from_chord(knots[:, middle], knots[:, [start, end]], cavity),
            avo_s=avo_s,
            avc_s=avc_s,
        )
    except MeasurementError as error:
        return IndexValue(key=key, name=name, unit=unit, absent=str(error))
    septal = [row for row, segment in enumerate(view.segments) if wall_of(segment, model) == "septal"]
    strain = float(np.interp(flash.peak_s, view.time_s, view.strain_pct[septal].mean(axis=0)))
    return _flash_value(key, name, flash, from_chord, view, tuple(view.segments[row] for row in septal), strain)


def septal_flash_of_slice(view: StrainView, model: SegmentModel) -> IndexValue:
    """Return the septal flash of a tracked short-axis slice, from the chord between the insertions.

    Parameters
    ----------
    view
        With `septal_inward_mm` over one beat, and valve events.
    model
        Model of the segment numbers.
    """
    key, name, unit = "septal_flash_mm", f"septal flash, {view.name}", "mm"
    lost = [valve.upper() for valve in ("avo", "avc") if getattr(view.events, f"{valve}_s") is None]
    if lost or view.septal_inward_mm is None:
        return IndexValue(key=key, name=name, unit=unit, absent=f"needs {' and '.join(lost)}" if lost else _NO_KNOTS)
    try:
        flash = septal_flash(
            view.time_s,
            view.septal_inward_mm,
            avo_s=view.events.avo_s or 0.0,
            avc_s=view.events.avc_s or 0.0,
            noise_mm=TRACKED_NOISE_MM,
        )
    except MeasurementError as error:
        return IndexValue(key=key, name=name, unit=unit, absent=str(error))
    septal = [row for row, segment in enumerate(view.segments) if wall_of(segment, model) == "septal"]
    strain = float(np.interp(flash.peak_s, view.time_s, view.strain_pct[septal].mean(axis=0)))
    avo_ms, avc_ms = 1000 * (view.events.avo_s or 0.0), 1000 * (view.events.avc_s or 0.0)
    return IndexValue(
        key=key,
        name=name,
        unit=unit,
        value=flash.inward_mm,
        flag=flash.flash,
        window=f"peak until AVO + 40 ms ({avo_ms + 40:.0f} ms), rebound until AVC ({avc_ms:.0f} ms)",
        variant=f"from the chord between the insertions, tracked; low-passed to {MOTION_HARMONICS} harmonics",
        n_segments=len(septal),
        segments=tuple(view.segments[row] for row in septal),
        noise_floor=2.0 * TRACKED_NOISE_MM,
        noise_note=f"two sigma of a tracked point ({TRACKED_NOISE_MM:g} mm)",
        published=published_values(key),
        notes=(
            f"From the chord between the insertions: {_flash_words(flash)}; septal strain then {strain:.1f} %.",
            "At least 50 % must be undone.",
            "Number and flag are our definition; by eye it is called not quantifiable.",
        ),
    )


def apical_rocking_of_view(view: StrainView, model: SegmentModel) -> IndexValue:
    """Return the apical rocking of an apical view with contour points.

    Parameters
    ----------
    view
        Open contour from base to base; the septal side is where `view.segments` begins or ends with septal segments.
    model
        Model of the segment numbers.
    """
    key, name, unit = "apical_rocking_mm", f"apical rocking, {view.name}", "mm"
    reason = _unusable(view)
    run = _septal_run(view, model)
    if reason or run is None:
        return IndexValue(key=key, name=name, unit=unit, absent=reason or "the view shows no septum")
    time_s, knots = _one_beat(view)
    base = (knots[:, 0] + knots[:, -1]) / 2.0
    septal_base = knots[0, 0] if run[0] == 0 else knots[0, -1]
    try:
        found = apical_rocking(
            time_s,
            base,
            knots[:, apex_knot(knots)],
            septal_base,
            avo_s=view.events.avo_s or 0.0,
            avc_s=view.events.avc_s or 0.0,
        )
    except MeasurementError as error:
        return IndexValue(key=key, name=name, unit=unit, absent=str(error))
    return _rocking_value(key, name, found, view)


def _flash_value(
    key: str,
    name: str,
    flash: SeptalFlash,
    from_chord: SeptalFlash,
    view: StrainView,
    segments: tuple[int, ...],
    strain_pct: float,
) -> IndexValue:
    avo_ms, avc_ms = 1000 * (view.events.avo_s or 0.0), 1000 * (view.events.avc_s or 0.0)
    return IndexValue(
        key=key,
        name=name,
        unit="mm",
        value=flash.inward_mm,
        flag=flash.flash,
        window=f"peak until AVO + 40 ms ({avo_ms + 40:.0f} ms), rebound until AVC ({avc_ms:.0f} ms)",
        variant=f"along the wall normal, whole-heart motion included; low-passed to {MOTION_HARMONICS} harmonics",
        n_segments=len(segments),
        segments=segments,
        noise_floor=None if flash.noise_mm is None else 2.0 * flash.noise_mm,
        noise_note=_noise_words(flash.noise_mm),
        published=published_values(key),
        notes=(
            f"Along the wall normal: {_flash_words(flash)}; septal strain then {strain_pct:.1f} %.",
            f"From the chord between the ends of the septum: {_flash_words(from_chord)}.",
            "At least 50 % must be undone.",
            "Number and flag are our definition; by eye it is called not quantifiable.",
        ),
    )


def _rocking_value(key: str, name: str, found: ApicalRocking, view: StrainView) -> IndexValue:
    avo_ms, avc_ms = 1000 * (view.events.avo_s or 0.0), 1000 * (view.events.avc_s or 0.0)
    return IndexValue(
        key=key,
        name=name,
        unit="mm",
        value=found.rocking_mm,
        flag=found.rocking,
        window=f"septal swing until AVO + 60 ms ({avo_ms + 60:.0f} ms), lateral swing until AVC ({avc_ms:.0f} ms)",
        variant="apex against the midpoint of the base, across the long axis of the first frame; "
        f"low-passed to {MOTION_HARMONICS} harmonics",
        n_segments=len(view.segments),
        segments=view.segments,
        noise_floor=None if found.noise_mm is None else 2.0 * found.noise_mm,
        noise_note=_noise_words(found.noise_mm),
        published=published_values(key),
        notes=(
            f"To the septum {found.septal_mm:.2f} mm at {1000 * found.peak_s:.0f} ms, then to the lateral wall "
            f"{found.lateral_mm:.2f} mm.",
            "Number and flag are our definition; by eye it is called not quantifiable.",
        ),
    )


def _flash_words(flash: SeptalFlash) -> str:
    if flash.inward_mm < _STILL_MM:
        return "no early inward motion"
    return (
        f"{flash.inward_mm:.2f} mm inward at {1000 * flash.peak_s:.0f} ms, {100 * flash.rebound_share:.0f} % of it "
        "undone before AVC"
    )


def _noise_words(noise_mm: float | None) -> str:
    if noise_mm is None:
        return (
            "noise unknown (too few frames, or contours smoothed in time): judge the number, no flag is set above 1 mm"
        )
    return (
        f"two sigma of one frame, sigma {noise_mm:.2f} mm from what lies above the harmonics: a lower bound; no flag "
        "below 1 mm"
    )


def _unusable(view: StrainView) -> str:
    """Return why a view cannot be used, or an empty string."""
    if view.knots_mm is None:
        return _NO_KNOTS
    lost = [name.upper() for name in ("avo", "avc") if getattr(view.events, f"{name}_s") is None]
    if lost:
        return f"needs {' and '.join(lost)}"
    frame_s = float(np.median(np.diff(view.time_s)))
    covered = (float(view.time_s[-1] - view.time_s[0]) + frame_s) / view.rr_s
    if covered < _COVERAGE:
        return f"the contours cover {100 * covered:.0f} % of the beat, 95 % are needed"
    return ""


def _septal_run(view: StrainView, model: SegmentModel) -> tuple[int, int] | None:
    """Return the first and last knot of the septum, or None when the view shows none or it lies in pieces."""
    if view.knots_mm is None:
        return None
    rows = [row for row, segment in enumerate(view.segments) if wall_of(segment, model) == "septal"]
    if not rows or rows[-1] - rows[0] + 1 != len(rows):
        return None
    knots, count = view.knots_mm.shape[1], len(view.segments)
    pieces = knots if view.knots_closed else knots - 1
    return round(rows[0] * pieces / count), min(round((rows[-1] + 1) * pieces / count), knots - 1)


def _one_beat(view: StrainView) -> tuple[FloatArray, FloatArray]:
    """Return times and knots without the frame at the end of the beat, which is the start of the next."""
    if view.knots_mm is None:
        raise MeasurementError(_NO_KNOTS)
    inside = view.time_s < view.rr_s - 0.5 * float(np.median(np.diff(view.time_s)))
    return view.time_s[inside], view.knots_mm[inside]
