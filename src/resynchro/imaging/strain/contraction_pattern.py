"""The signs of a left bundle branch block contraction: classical pattern (Risum) and regional strain pattern index."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.imaging.strain.septal_pattern import LATE_FROM_EJECTION, first_turn, trusted_avc
from resynchro.imaging.strain.smoothed_curves import least_sign_pct, smoothed
from resynchro.imaging.strain.strain_noise import NOISE_UNKNOWN
from resynchro.imaging.strain.synchronous_noise import synchronous_floor
from resynchro.imaging.strain.systolic_stretch import missing_events, published_of_type, wall_rows
from resynchro.record.index_value import IndexValue
from resynchro.record.segments import segment_name
from resynchro.record.strain import SegmentCurves

FloatArray = NDArray[np.float64]

#: Early- and late-activated wall of each apical view in left bundle branch block. The abstract of the source names no
#: walls; for the two-chamber view this is our choice.
VIEW_WALLS: dict[str, tuple[str, str]] = {
    "4CH": ("inferoseptal", "anterolateral"),
    "APLAX": ("anteroseptal", "inferolateral"),
    "2CH": ("inferior", "anterior"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractionSigns:
    """Signs of one segment in one beat.

    Attributes
    ----------
    early_shortening_pct
        Largest shortening between QRS onset and AVO, at least 0 [%].
    early_shortening
        It reaches the tolerance.
    early_stretch
        In the same time it is longer than at the start by the tolerance or more.
    early_peak
        The first peak of shortening lies before 70 % of ejection.
    late_peak
        The largest shortening of the beat comes after AVC and exceeds that at AVC by half the tolerance.
    """

    early_shortening_pct: float
    early_shortening: bool
    early_stretch: bool
    early_peak: bool
    late_peak: bool


def contraction_signs(
    time_s: FloatArray, shortening_pct: FloatArray, *, avo_s: float, avc_s: float, tolerance_pct: float
) -> ContractionSigns:
    """Read the signs of one low-passed curve.

    Parameters
    ----------
    time_s, shortening_pct
        Shape (M,), 0 at time 0, contraction negative [s, %].
    avo_s, avc_s
        Aortic valve opening and closure [s].
    tolerance_pct
        Deflection that counts [%].
    """
    early = shortening_pct[time_s <= avo_s + 1e-9]
    turn = first_turn(shortening_pct, tolerance_pct)
    lowest = int(np.argmin(shortening_pct))
    shortens = bool(shortening_pct[lowest] <= -tolerance_pct)
    peak = lowest if turn is None else turn
    at_avc = float(np.interp(avc_s, time_s, shortening_pct))
    post = time_s[lowest] > avc_s and at_avc - shortening_pct[lowest] >= 0.5 * tolerance_pct
    return ContractionSigns(
        early_shortening_pct=max(0.0, -float(early.min())),
        early_shortening=bool(early.min() <= -tolerance_pct),
        early_stretch=bool(early.max() >= tolerance_pct),
        early_peak=shortens and bool(time_s[peak] <= avo_s + LATE_FROM_EJECTION * (avc_s - avo_s)),
        late_peak=shortens and bool(post),
    )


def classical_contraction_index(curves: SegmentCurves) -> IndexValue:
    """Tell whether the classical LBBB contraction is there: early septal shortening against early lateral stretch.

    Parameters
    ----------
    curves
        AVO and a trusted AVC must be known, with basal or mid segments of the septal and the lateral wall.

    Returns
    -------
    IndexValue
        Key ``classical_lbbb_contraction``; `flag` is True when one septal segment shortens before AVO and peaks within
        the first 70 % of ejection, and one lateral segment is stretched before AVO and peaks after AVC.

    References
    ----------
    Risum N, et al. Am Heart J 2012;163:697-704 (definition, from memory); prevalence and outcome
    doi:10.1186/s12947-019-0160-4.
    """
    key, name = "classical_lbbb_contraction", "classical LBBB contraction (Risum)"
    reason = _missing(curves)
    septal, lateral = (wall_rows(curves, wall, ("basal", "mid")) for wall in ("septal", "lateral"))
    if not reason and not (septal and lateral):
        reason = "needs basal or mid segments of the septal and the lateral wall"
    if reason:
        return IndexValue(key=key, name=name, unit="", absent=reason)
    signs = _signs(curves)
    early = [row for row in septal if signs[row].early_shortening and signs[row].early_peak]
    late = [row for row in lateral if signs[row].early_stretch and signs[row].late_peak]
    used = tuple(curves.segments[row] for row in (*septal, *lateral))
    return IndexValue(
        key=key,
        name=name,
        unit="",
        flag=bool(early and late),
        window="whole beat, events AVO and AVC",
        variant=f"{curves.strain_type}, deflections from max(1 %, 2 sigma), early = until AVO",
        n_segments=len(used),
        segments=used,
        noise_note=_flag_floor(curves, septal, lateral),
        published=published_of_type(curves, key),
        notes=(
            f"Septal segments that shorten early and peak early: {_names(curves, early)}.",
            f"Lateral segments that are stretched early and peak after AVC: {_names(curves, late)}.",
        ),
    )


def strain_pattern_score(curves: SegmentCurves) -> IndexValue:
    """Return the regional strain pattern index (RSPI): four signs in each of three apical views, 0 to 12.

    Parameters
    ----------
    curves
        Longitudinal strain with the 12 basal and mid segments; AVO and a trusted AVC must be known.

    Returns
    -------
    IndexValue
        Key ``rspi``. One point each when the basal or the mid segment of the view's wall shows the sign: the early wall
        shortens before AVO, and by the tolerance more than the late wall (else every healthy heart would score); the
        late wall is stretched before AVO; the early wall peaks within the first 70 % of ejection; the late wall peaks
        after AVC.

    References
    ----------
    Int J Environ Res Public Health 2021;18:926, doi:10.3390/ijerph18030926.
    """
    key, name = "rspi", "regional strain pattern index (RSPI)"
    names = {segment_name(segment, curves.model): row for row, segment in enumerate(curves.segments)}
    reason = _missing(curves)
    if curves.strain_type != "longitudinal":
        reason = "is defined for longitudinal strain of the apical views"
    wanted = [f"{level} {wall}" for walls in VIEW_WALLS.values() for wall in walls for level in ("basal", "mid")]
    lost = [item for item in wanted if item not in names]
    if not reason and lost:
        reason = f"needs the 12 basal and mid segments; without {', '.join(lost)}"
    if reason:
        return IndexValue(key=key, name=name, unit="", absent=reason)
    signs = _signs(curves)
    least = least_sign_pct(curves)
    points = {view: _points(signs, least, names, *walls) for view, walls in VIEW_WALLS.items()}
    floor = synchronous_floor(curves, lambda strain: _scores(curves, strain, names), "points")
    return IndexValue(
        key=key,
        name=name,
        unit="",
        value=float(sum(points.values())),
        window="whole beat, events AVO and AVC",
        variant="longitudinal, deflections from max(1 %, 2 sigma), early = until AVO, 2CH: inferior early",
        n_segments=len(wanted),
        segments=tuple(sorted(curves.segments[names[item]] for item in wanted)),
        noise_floor=floor.mean,
        noise_note=floor.note,
        published=published_of_type(curves, key),
        notes=(
            "Points: " + ", ".join(f"{view} {count} of 4" for view, count in points.items()) + ".",
            "Which wall counts as early in the 2CH view (inferior) is our choice.",
        ),
    )


def _missing(curves: SegmentCurves) -> str:
    if curves.events.avo_s is None or curves.events.avc_s is None:
        return missing_events(curves, ("avo", "avc"))
    return "" if trusted_avc(curves.events) else f"needs a trusted AVC; this one is of origin {curves.events.origin!r}"


def _signs(curves: SegmentCurves, strain_pct: FloatArray | None = None) -> list[ContractionSigns]:
    """Return the signs of every segment; AVO and AVC are known here."""
    avo_s, avc_s = curves.events.avo_s or 0.0, curves.events.avc_s or 0.0
    curve = smoothed(curves, values_pct=strain_pct)
    return [
        contraction_signs(curve.time_s, row, avo_s=avo_s, avc_s=avc_s, tolerance_pct=float(least))
        for row, least in zip(curve.shortening_pct, least_sign_pct(curves), strict=True)
    ]


def _points(signs: list[ContractionSigns], least: FloatArray, names: dict[str, int], early: str, late: str) -> int:
    """Return the points of one view, 0 to 4."""
    early_rows, late_rows = ([names[f"{level} {wall}"] for level in ("basal", "mid")] for wall in (early, late))
    late_shortening = max(signs[row].early_shortening_pct for row in late_rows)
    ahead = [signs[row].early_shortening_pct - late_shortening >= least[row] for row in early_rows]
    return (
        any(ahead)
        + any(signs[row].early_stretch for row in late_rows)
        + any(signs[row].early_peak for row in early_rows)
        + any(signs[row].late_peak for row in late_rows)
    )


def _scores(curves: SegmentCurves, strain_pct: FloatArray, names: dict[str, int]) -> FloatArray:
    """Return the score of each repeat, shape (...) of strain (..., n, T)."""
    repeats = strain_pct.reshape(-1, *strain_pct.shape[-2:])
    scores = []
    for repeat in repeats:
        signs = _signs(curves, repeat)
        scores.append(sum(_points(signs, least_sign_pct(curves), names, *walls) for walls in VIEW_WALLS.values()))
    return np.asarray(scores, dtype=np.float64).reshape(strain_pct.shape[:-2])


def _flag_floor(curves: SegmentCurves, septal: list[int], lateral: list[int]) -> str:
    """Say how often synchronous curves with this noise show the flag."""
    if curves.noise_pct is None:
        return NOISE_UNKNOWN

    def flags(strain_pct: FloatArray) -> FloatArray:
        found = []
        for repeat in strain_pct.reshape(-1, *strain_pct.shape[-2:]):
            signs = _signs(curves, repeat)
            early = any(signs[row].early_shortening and signs[row].early_peak for row in septal)
            found.append(early and any(signs[row].early_stretch and signs[row].late_peak for row in lateral))
        return np.asarray(found, dtype=np.float64).reshape(strain_pct.shape[:-2])

    floor = synchronous_floor(curves, flags, "")
    return floor.note if floor.mean is None else f"present in {100 * floor.mean:.1f} % of synchronous repeats"


def _names(curves: SegmentCurves, rows: list[int]) -> str:
    return ", ".join(segment_name(curves.segments[row], curves.model) for row in rows) or "none"
