"""The target for the left-ventricular lead: the latest viable segment of the free wall, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.target.segment_timing_draws import SegmentTiming
from resynchro.imaging.target.target_exclusion import (
    TRANSMURALITY_LIMIT_PCT,
    UPTAKE_LIMIT_PCT,
    fixed_exclusions,
    scar_draws,
)
from resynchro.imaging.target.veins import VeinCoverage
from resynchro.record.scar import ScarMap
from resynchro.record.segment_map import SegmentMap
from resynchro.record.segments import APICAL_FREE_WALL, FREE_WALL, neighbours, segment_name, segments_of

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Verdict = Literal["clear", "likely", "no segment stands out", "no segment qualifies"]

#: A top probability above the first was right in 97 % of simulated rings at 2 % noise, 86 % at 4 %; below the second
#: nothing stands out.
CLEAR_PROBABILITY, LEAST_PROBABILITY = 0.8, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSegment:
    """One segment of the 17-segment model with what speaks for and against it.

    Attributes
    ----------
    rank
        1 for the target; by probability, then delay, among the candidates; None for excluded segments.
    probability
        Share of draws in which it is the latest of the segments that qualify; None when never a candidate.
    delay_ms, delay_pct_rr
        Against the mean of the segments; later is positive. None when it could not be timed.
    delay_low_ms, delay_high_ms
        95 % interval over the draws that time it; None where none does.
    excluded_share
        Share of draws in which it did not qualify.
    transmurality_pct
        Mean transmurality of scar; None when unknown.
    exclusions
        Why it is no target; empty for candidates.
    flags
        What weighs against a candidate without excluding it.
    veins
        Branches that reach it; empty when none does or veins are unknown.
    """

    segment: int
    name: str
    rank: int | None
    probability: float | None
    delay_ms: float | None
    delay_pct_rr: float | None
    delay_low_ms: float | None
    delay_high_ms: float | None
    excluded_share: float
    transmurality_pct: float | None
    exclusions: tuple[str, ...]
    flags: tuple[str, ...]
    veins: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachableSegment:
    """A segment that a vein reaches, in place of one that is not to be had.

    Attributes
    ----------
    instead_of
        The target without a vein, an excluded segment, or None for the best place along a vein.
    """

    segment: int
    probability: float
    delay_ms: float
    branches: tuple[str, ...]
    instead_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the left-ventricular lead should go, as far as images tell.

    Attributes
    ----------
    segment
        The target; None when no segment stands out or none qualifies.
    verdict
        ``clear`` (probability above 0.8), ``likely`` (0.5 to 0.8), or one of the two refusals.
    sentence
        The answer in words.
    leading
        The most probable segment even when it does not stand out; None when none qualifies.
    segments
        All 17, candidates by rank first.
    none_share
        Share of draws in which no segment qualified.
    reachable
        The best segment with a vein, when the leading one has none; None otherwise or without veins.
    along_veins
        The best place along every branch.
    beside_excluded
        For excluded free-wall segments the best neighbour that a vein reaches.
    timing
        What was timed, in words: strain type, engine, number of beats, noise.
    draws, seed
        Of the bootstrap.
    """

    segment: int | None
    verdict: Verdict
    sentence: str
    leading: int | None
    segments: tuple[TargetSegment, ...]
    none_share: float
    reachable: ReachableSegment | None
    along_veins: tuple[ReachableSegment, ...]
    beside_excluded: tuple[ReachableSegment, ...]
    timing: str
    rr_s: float | None
    draws: int
    seed: int
    transmurality_limit_pct: float
    notes: tuple[str, ...]

    def of(self, segment: int) -> TargetSegment:
        """Return the entry of one segment."""
        return next(entry for entry in self.segments if entry.segment == segment)


def find_target(
    timing: SegmentTiming,
    *,
    scar: ScarMap | None = None,
    perfusion: SegmentMap | None = None,
    veins: VeinCoverage | None = None,
    include_apical: bool = False,
    transmurality_limit_pct: float = TRANSMURALITY_LIMIT_PCT,
    seed: int = 0,
) -> Target:
    """Find the latest viable segment of the free wall.

    Parameters
    ----------
    timing
        Delays of every draw, from `strain_timing` or `phase_timing`.
    scar
        Transmurality per segment; with the spread of the threshold rules where there is one.
    perfusion
        Uptake per segment [% of the maximum]; asked only where there is no scar map.
    veins
        From `vein_coverage`.
    include_apical
        Count segments 15 and 16 among the candidates; apical leads did worse in one trial and the evidence conflicts.
    transmurality_limit_pct
        Segments with a larger mean transmurality are excluded [%].
    seed
        Of the draws of transmurality within its spread.

    Returns
    -------
    Target
        "No segment stands out" and "no segment qualifies" are answers.

    Raises
    ------
    MeasurementError
        When a map is not in the 17-segment model or no segment of the free wall was timed.

    Notes
    -----
    Our rule: candidates are the free-wall segments that branches of the coronary sinus can reach (1, 4 to 7, 10 to
    12); excluded are segments of more than 50 % mean transmurality, else of less than 50 % uptake, with too little
    motion, or with a curve that does not follow the others (correlation below 0.7). The rest is ranked by the
    probability of being latest over all draws. After TARGET (Khan 2012, doi:10.1016/j.jacc.2011.12.030), which
    ranked by time to peak.
    """
    rng = np.random.default_rng(seed)
    row = {segment: index for index, segment in enumerate(timing.segments)}
    free_wall = tuple(sorted(FREE_WALL + (APICAL_FREE_WALL if include_apical else ())))
    if not any(segment in row for segment in free_wall):
        raise MeasurementError(
            "no segment of the free wall was timed (1, 4 to 7, 10 to 12); add the views or slices that show it"
        )
    fixed = fixed_exclusions(
        timing, scar, perfusion, free_wall=free_wall, transmurality_limit_pct=transmurality_limit_pct
    )
    candidates = tuple(segment for segment in free_wall if not fixed.get(segment))
    usable = timing.usable.copy()
    scarred = scar_draws(scar, timing.segments, len(usable), rng) > transmurality_limit_pct
    usable &= ~scarred
    open_to = np.array([segment in candidates for segment in timing.segments])
    probability, none_share = _probabilities(timing.delay_ms, usable & open_to)
    entries = _entries(timing, fixed, probability, usable, scar, perfusion, veins, candidates)
    leading = next((entry for entry in entries if entry.rank == 1 and (entry.probability or 0.0) > 0.0), None)
    verdict = _verdict(leading, none_share)
    chosen = leading if verdict in ("clear", "likely") else None
    along = _along_veins(entries, veins)
    reachable = _instead_of(leading, along, veins)
    return Target(
        segment=None if chosen is None else chosen.segment,
        verdict=verdict,
        sentence=_sentence(verdict, entries, leading, none_share, veins, reachable, timing),
        leading=None if leading is None else leading.segment,
        segments=entries,
        none_share=none_share,
        reachable=reachable,
        along_veins=along,
        beside_excluded=_beside_excluded(entries, veins, free_wall),
        timing=timing.words,
        rr_s=timing.rr_s,
        draws=len(timing.delay_ms),
        seed=seed,
        transmurality_limit_pct=transmurality_limit_pct,
        notes=timing.notes + _notes(scar, perfusion, veins),
    )


def _probabilities(delay_ms: FloatArray, usable: BoolArray) -> tuple[FloatArray, float]:
    """Return how often each segment is the latest usable one, and how often none is usable."""
    any_left = usable.any(axis=1)
    latest = np.where(usable, delay_ms, -np.inf).argmax(axis=1)
    counts = np.bincount(latest[any_left], minlength=usable.shape[1])
    return counts / len(usable), float(1.0 - any_left.mean())


def _entries(
    timing: SegmentTiming,
    fixed: Mapping[int, Sequence[str]],
    probability: FloatArray,
    usable: BoolArray,
    scar: ScarMap | None,
    perfusion: SegmentMap | None,
    veins: VeinCoverage | None,
    candidates: Sequence[int],
) -> tuple[TargetSegment, ...]:
    row = {segment: index for index, segment in enumerate(timing.segments)}
    order = sorted(
        candidates, key=lambda s: (-probability[row[s]], -timing.best_ms[row[s]], s)
    )  # candidates were timed, or they would be excluded
    rank = {segment: place + 1 for place, segment in enumerate(order)}
    entries = []
    for segment in (*order, *(s for s in segments_of("aha17") if s not in rank)):
        index = row.get(segment)
        timed = index is not None and bool(timing.timed[index])
        known = None if scar is None else scar.segments.get(segment)
        low = high = None
        if timed and index is not None and timing.usable[:, index].any():
            drawn = timing.delay_ms[timing.usable[:, index], index]
            low, high = (float(q) for q in np.quantile(drawn, (0.025, 0.975)))
        entries.append(
            TargetSegment(
                segment=segment,
                name=segment_name(segment),
                rank=rank.get(segment),
                probability=float(probability[row[segment]]) if segment in rank else None,
                delay_ms=float(timing.best_ms[index]) if timed and index is not None else None,
                delay_pct_rr=_pct_rr(timing, index) if timed else None,
                delay_low_ms=low,
                delay_high_ms=high,
                excluded_share=1.0 if index is None else float(1.0 - usable[:, index].mean()),
                transmurality_pct=None if known is None else known.transmurality_mean_pct,
                exclusions=tuple(fixed.get(segment, ())),
                flags=_flags(segment, timing, scar, perfusion, veins, usable, index) if segment in rank else (),
                veins=() if veins is None else veins.branches_to(segment),
            )
        )
    return tuple(entries)


def _pct_rr(timing: SegmentTiming, index: int | None) -> float | None:
    if timing.rr_s is None or index is None:
        return None
    return float(timing.best_ms[index]) / (10.0 * timing.rr_s)


def _flags(
    segment: int,
    timing: SegmentTiming,
    scar: ScarMap | None,
    perfusion: SegmentMap | None,
    veins: VeinCoverage | None,
    usable: BoolArray,
    index: int | None,
) -> tuple[str, ...]:
    flags = []
    known = None if scar is None else scar.segments.get(segment)
    if known is not None and known.transmurality_max_pct is not None and known.transmurality_max_pct > 50.0:
        flags.append(f"scar reaches {known.transmurality_max_pct:.0f} % of the wall at its worst chord")
    if known is not None and known.high_pct is not None and known.high_pct > TRANSMURALITY_LIMIT_PCT:
        flags.append(
            f"some threshold rules put its scar above {TRANSMURALITY_LIMIT_PCT:.0f} % ({known.high_pct:.0f} %)"
        )
    if known is None and (perfusion is None or segment not in perfusion.values):
        flags.append("scar unknown")
    if segment in APICAL_FREE_WALL:
        flags.append("apical: worse outcome in one trial (unverified), the evidence conflicts")
    if veins is not None and not veins.branches_to(segment):
        near = veins.nearest(segment)
        way = "" if near is None else f"; the nearest is {near.branch}, {near.distance_mm:.0f} mm from its middle"
        flags.append(f"no vein reaches it{way}")
    if index is not None and float(usable[:, index].mean()) < 0.8:
        flags.append(f"does not qualify in {100.0 * (1.0 - float(usable[:, index].mean())):.0f} % of the draws")
    return tuple(flags)


def _verdict(leading: TargetSegment | None, none_share: float) -> Verdict:
    if leading is None or leading.probability is None or none_share > 0.5:
        return "no segment qualifies"
    if leading.probability > CLEAR_PROBABILITY:
        return "clear"
    return "likely" if leading.probability >= LEAST_PROBABILITY else "no segment stands out"


def _sentence(
    verdict: Verdict,
    entries: Sequence[TargetSegment],
    leading: TargetSegment | None,
    none_share: float,
    veins: VeinCoverage | None,
    reachable: ReachableSegment | None,
    timing: SegmentTiming,
) -> str:
    if leading is None or verdict == "no segment qualifies":
        return (
            "No segment of the free wall qualifies: "
            + (f"in {100.0 * none_share:.0f} % of the draws " if 0.0 < none_share < 1.0 else "")
            + "every one is scarred, moves too little or does not follow the others."
        )
    second = next((entry for entry in entries if entry.rank == 2 and entry.probability), None)
    after = (
        "" if second is None else f"; next is segment {second.segment} ({second.name}), {_share(second.probability)}"
    )
    delay = f"{leading.delay_ms:+.0f} ms" + (
        "" if leading.delay_pct_rr is None else f" ({leading.delay_pct_rr:+.1f} % RR)"
    )
    if verdict == "no segment stands out":
        text = (
            f"No segment stands out: segment {leading.segment} ({leading.name}) is the latest in only "
            f"{_share(leading.probability)} of the draws{after}."
        )
    else:
        text = (
            f"Segment {leading.segment} ({leading.name}) is the latest viable one, {delay} against the mean, "
            f"in {_share(leading.probability)} of the draws ({verdict}){after}."
        )
    if veins is not None and leading.veins:
        text += f" Reached by: {', '.join(leading.veins)}."
    elif reachable is not None:
        text += (
            f" No vein reaches it; the best segment with one is {reachable.segment} "
            f"({segment_name(reachable.segment)}), {reachable.delay_ms:+.0f} ms, by {', '.join(reachable.branches)}."
        )
    elif veins is not None:
        text += " No vein reaches it or any other candidate."
    return text


def _share(probability: float | None) -> str:
    share = probability or 0.0
    return "over 99 %" if share > 0.995 else f"{100.0 * share:.0f} %"


def _along_veins(entries: Sequence[TargetSegment], veins: VeinCoverage | None) -> tuple[ReachableSegment, ...]:
    if veins is None:
        return ()
    found = []
    for branch in dict.fromkeys(veins.branches):
        reached = [e for e in entries if e.rank is not None and branch in e.veins and e.delay_ms is not None]
        if reached:
            best = min(reached, key=lambda entry: entry.rank or 0)
            found.append(
                ReachableSegment(
                    segment=best.segment,
                    probability=best.probability or 0.0,
                    delay_ms=best.delay_ms or 0.0,
                    branches=(branch,),
                )
            )
    return tuple(found)


def _instead_of(
    leading: TargetSegment | None, along: Sequence[ReachableSegment], veins: VeinCoverage | None
) -> ReachableSegment | None:
    """Return the best segment with a vein when the leading one has none."""
    if leading is None or veins is None or leading.veins or not along:
        return None
    best = max(along, key=lambda item: (item.probability, item.delay_ms))
    return replace(best, branches=veins.branches_to(best.segment), instead_of=leading.segment)


def _beside_excluded(
    entries: Sequence[TargetSegment], veins: VeinCoverage | None, free_wall: Sequence[int]
) -> tuple[ReachableSegment, ...]:
    if veins is None:
        return ()
    by_segment = {entry.segment: entry for entry in entries}
    found = []
    for entry in entries:
        if entry.segment not in free_wall or not entry.exclusions:
            continue
        beside = [
            by_segment[other]
            for other in neighbours("aha17")[entry.segment]
            if by_segment[other].rank is not None and by_segment[other].veins
        ]
        if beside:
            best = min(beside, key=lambda item: item.rank or 0)
            found.append(
                ReachableSegment(
                    segment=best.segment,
                    probability=best.probability or 0.0,
                    delay_ms=best.delay_ms or 0.0,
                    branches=best.veins,
                    instead_of=entry.segment,
                )
            )
    return tuple(found)


def _notes(scar: ScarMap | None, perfusion: SegmentMap | None, veins: VeinCoverage | None) -> tuple[str, ...]:
    notes = []
    if scar is None and perfusion is None:
        notes.append(
            "Scar is unknown: a lead on scar does harm (cardiovascular death HR 6.34, PMC3141552); add a scar map."
        )
    elif scar is None:
        notes.append(f"Viability is judged by uptake (at least {UPTAKE_LIMIT_PCT:.0f} % of the maximum), not by scar.")
    if veins is None:
        notes.append("Veins are unknown: about 15 % of patients cannot be reached near the target.")
    else:
        notes += list(veins.notes)
    notes.append("The delay is mechanical: coupling between segments inflates it; it is not an activation time.")
    return tuple(notes)
