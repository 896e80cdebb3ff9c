"""The strain pattern of the septum: normal, or one of the three of left bundle branch block (LBBB-1, -2, -3)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resynchro.imaging.strain.smoothed_curves import least_sign_pct, smoothed, systole_words
from resynchro.imaging.strain.strain_noise import NOISE_UNKNOWN
from resynchro.imaging.strain.synchronous_noise import DRAWS, noisy_repeats
from resynchro.imaging.strain.systolic_stretch import missing_events, published_of_type, wall_rows
from resynchro.record.index_value import IndexValue
from resynchro.record.segments import segment_name
from resynchro.record.strain import CardiacEvents, SegmentCurves

FloatArray = NDArray[np.float64]
SeptalPattern = Literal["normal", "LBBB-1", "LBBB-2", "LBBB-3", "unclassified"]

PATTERN_WORDS: dict[SeptalPattern, str] = {
    "normal": "shortens until aortic valve closure",
    "LBBB-1": "double-peaked systolic shortening",
    "LBBB-2": "early pre-ejection shortening, then predominant stretch",
    "LBBB-3": "pseudonormal shortening with late-systolic stretch",
    "unclassified": "fits none of the patterns",
}
#: Our margins: the early peak may fall up to 60 ms after AVO; a late one lies in the last 30 % of ejection.
EARLY_AFTER_AVO_S, LATE_FROM_EJECTION = 0.060, 0.70
#: Origins of events that are no measurement of this beat.
_UNTRUSTED = ("unknown", "assumed", "estimated", "guess")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeptalReading:
    """What the septal curve does: the pattern, the reason, and the first peak that is followed by a rebound."""

    pattern: SeptalPattern
    reason: str
    first_peak_s: float | None = None
    first_peak_pct: float | None = None


def first_turn(shortening_pct: FloatArray, tolerance_pct: float) -> int | None:
    """Return the sample of the first minimum at least `tolerance_pct` deep that is followed by as large a rebound.

    Examples
    --------
    >>> first_turn(np.array([0, -2, -1.5, -4, -1.0, -9]), 1.0)
    3
    """
    lowest = np.minimum.accumulate(shortening_pct)
    turned = (shortening_pct - lowest >= tolerance_pct) & (lowest <= -tolerance_pct)
    if not turned.any():
        return None
    return int(np.argmin(shortening_pct[: int(turned.argmax()) + 1]))


def second_turn(after_pct: FloatArray, tolerance_pct: float) -> float | None:
    """Return the depth of the second shortening after a first peak, or None when there is none.

    Parameters
    ----------
    after_pct
        Shape (M,), from the first peak to AVC [%].
    tolerance_pct
        The rebound and the shortening that follows it must each reach this [%].

    Examples
    --------
    >>> second_turn(np.array([-8.0, -5, -4, -6, -9.0]), 1.0), second_turn(np.array([-8.0, -5, -4.5]), 1.0)
    (-9.0, None)
    """
    highest = np.maximum.accumulate(after_pct)
    again = (highest - after_pct[0] >= tolerance_pct) & (highest - after_pct >= tolerance_pct)
    return float(after_pct[int(again.argmax()) :].min()) if again.any() else None


def septal_pattern(
    time_s: FloatArray,
    shortening_pct: FloatArray,
    *,
    avo_s: float,
    avc_s: float,
    tolerance_pct: float = 1.0,
    second_peak: float = 1.0,
) -> SeptalReading:
    """Classify one septal curve; the algorithm is ours, the patterns are those of Leenders.

    Parameters
    ----------
    time_s, shortening_pct
        Shape (M,): low-passed curve, 0 at time 0, contraction negative [s, %].
    avo_s, avc_s
        Aortic valve opening and closure [s].
    tolerance_pct
        Least depth and least rebound that count [%].
    second_peak
        LBBB-1 needs a second peak of at least this share of the first: 1 strict, 0.5 lenient.

    Returns
    -------
    SeptalReading
        In this order: no first peak with a rebound before AVC is normal (unclassified when the septum does not shorten
        at all); early peak with a rebound over half of it that is still there at AVC is LBBB-2; a second peak is
        LBBB-1; a first peak in the last 30 % of ejection is LBBB-3; the rest is unclassified.

    References
    ----------
    Leenders GE, et al. Circ Heart Fail 2012;5:87-96 (patterns, from memory).
    """
    end = int(np.searchsorted(time_s, avc_s + 1e-9, side="right"))
    curve, times = shortening_pct[:end], time_s[:end]
    turn = first_turn(curve, tolerance_pct)
    if turn is None:
        if curve.min() > -tolerance_pct:
            reason = f"the septum shortens by less than {tolerance_pct:.2g} % before AVC"
            return SeptalReading(pattern="unclassified", reason=reason)
        return SeptalReading(pattern="normal", reason="no rebound of the septum before AVC")
    depth, peak_s = float(curve[turn]), float(times[turn])
    stretch = float(np.clip(np.diff(curve[turn:]), 0.0, None).sum())
    first = f"first peak {depth:.1f} % at {1000 * peak_s:.0f} ms, then {stretch:.1f} % of stretch"

    def read(pattern: SeptalPattern, why: str) -> SeptalReading:
        return SeptalReading(pattern=pattern, reason=f"{first}; {why}", first_peak_s=peak_s, first_peak_pct=depth)

    if peak_s <= avo_s + EARLY_AFTER_AVO_S and stretch > -0.5 * depth and curve[-1] > 0.5 * depth:
        return read("LBBB-2", f"{curve[-1]:.1f} % at AVC")
    second = second_turn(curve[turn:], tolerance_pct)
    if second is not None and second <= second_peak * depth:
        return read("LBBB-1", f"second peak {second:.1f} %")
    if peak_s >= avo_s + LATE_FROM_EJECTION * (avc_s - avo_s):
        return read("LBBB-3", "the peak lies in the last 30 % of ejection")
    return read("unclassified", "no second peak" if second is None else f"second peak {second:.1f} %, too shallow")


def trusted_avc(events: CardiacEvents) -> bool:
    """Tell whether AVC is known and is a measurement, not a guess."""
    return events.avc_s is not None and not any(word in events.origin.lower() for word in _UNTRUSTED)


def septal_pattern_index(curves: SegmentCurves, *, second_peak: float = 1.0) -> IndexValue:
    """Return the pattern of the mean curve of the basal and mid septal segments.

    Parameters
    ----------
    curves
        AVO and a trusted AVC must be known: 70 ms too late, AVC turns a synchronous heart into LBBB-3.
    second_peak
        See `septal_pattern`.

    Returns
    -------
    IndexValue
        Key ``septal_pattern``; `text` holds the class. Absent without AVO, without an AVC whose origin is stated, or
        when the other walls lengthen again before AVC too: then AVC is taken for too late.
    """
    key, name = "septal_pattern", "septal strain pattern (Leenders)"
    avo_s, avc_s = curves.events.avo_s, curves.events.avc_s
    if avo_s is None or avc_s is None:
        return IndexValue(key=key, name=name, unit="", absent=missing_events(curves, ("avo", "avc")))
    if not trusted_avc(curves.events):
        reason = f"needs a trusted AVC; this one is of origin {curves.events.origin!r}"
        return IndexValue(key=key, name=name, unit="", absent=reason)
    rows = wall_rows(curves, "septal", ("basal", "mid"))
    if not rows:
        return IndexValue(key=key, name=name, unit="", absent="no basal or mid septal segment is there")
    tolerance = float(np.max(least_sign_pct(curves)[rows]))
    curve = smoothed(curves)

    def classify(shortening_pct: FloatArray) -> SeptalReading:
        return septal_pattern(
            curve.time_s,
            shortening_pct,
            avo_s=avo_s,
            avc_s=avc_s,
            tolerance_pct=tolerance,
            second_peak=second_peak,
        )

    reading = classify(curve.shortening_pct[rows].mean(axis=0))
    if reading.pattern == "LBBB-3" and _free_wall_rebounds(curves, tolerance):
        reason = (
            f"the free wall lengthens again before AVC ({1000 * avc_s:.0f} ms) as the septum does: AVC is probably too "
            "late, and the pattern would be LBBB-3 for that alone; check AVC"
        )
        return IndexValue(key=key, name=name, unit="", absent=reason)
    segments = tuple(curves.segments[row] for row in rows)
    alone = [
        f"{segment_name(curves.segments[row], curves.model)} {classify(curve.shortening_pct[row]).pattern}"
        for row in rows
    ]
    return IndexValue(
        key=key,
        name=name,
        unit="",
        text=reading.pattern,
        window=systole_words(curves.events),
        variant=f"mean of the basal and mid septal segments, {curves.strain_type}, {curve.treatment}, turns from "
        f"{tolerance:.2g} %, second peak at least {second_peak:.2g} of the first",
        n_segments=len(rows),
        segments=segments,
        noise_note=_steadiness(curves, rows, reading.pattern, classify),
        published=published_of_type(curves, key),
        notes=(
            f"{PATTERN_WORDS[reading.pattern].capitalize()}: {reading.reason}.",
            f"Segments alone: {', '.join(alone)}.",
            "The patterns are published, the algorithm is ours.",
        ),
    )


def _free_wall_rebounds(curves: SegmentCurves, tolerance_pct: float) -> bool:
    """Tell whether the mean curve of all other segments turns and rebounds before AVC."""
    septal = set(wall_rows(curves, "septal", ("basal", "mid", "apical")))
    rows = [row for row in range(len(curves.segments)) if row not in septal]
    if not rows or curves.events.avc_s is None:
        return False
    curve = smoothed(curves)
    mean = curve.shortening_pct[rows].mean(axis=0)
    return first_turn(mean[: curve.sample(curves.events.avc_s) + 1], tolerance_pct) is not None


def _steadiness(curves: SegmentCurves, rows: list[int], pattern: SeptalPattern, classify: object) -> str:
    """Say how often the curve with its own noise added again keeps its class."""
    if curves.noise_pct is None:
        return NOISE_UNKNOWN
    base = smoothed(curves)
    sampled = np.stack([np.interp(curves.time_s, base.time_s, row) for row in base.shortening_pct])
    sampled = -sampled if curves.strain_type == "radial" else sampled
    repeats = smoothed(curves, values_pct=noisy_repeats(sampled, curves.noise_pct)).shortening_pct[:, rows].mean(axis=1)
    counts = Counter(classify(repeat).pattern for repeat in repeats)  # type: ignore[operator]
    others = ", ".join(f"{name} {100 * count / DRAWS:.0f} %" for name, count in counts.most_common() if name != pattern)
    return f"same class in {100 * counts[pattern] / DRAWS:.0f} % of {DRAWS} repeats with the noise added again" + (
        f" ({others})" if others else ""
    )
