"""Measure every odd LUDB record with the defaults and judge the results by manual marks.

    python validation/ecg/qrs_limits.py [--data DIR]

QRS durations are judged against ``ludb_reference_odd.csv`` (rule R2, and M), onset and end against the same rule
computed from the marks of the measured beats. Nothing is fitted here, but the constants of the delineator were set on
these records: the held-out errors are those of ``calibrate_delineation.py --split``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ludb
import numpy as np
from shared_data import arguments, print_table

from resynchro.ecg.clusters import BEFORE_S
from resynchro.ecg.measurement import EcgMeasurement

#: A detected beat is right when a marked one lies this close [s] (the tolerance of AAMI EC57).
_MATCH_S = 0.15


@dataclass(frozen=True, slots=True)
class Judged:
    """One record: what was measured and what the marks say [ms]."""

    number: int
    measurement: EcgMeasurement
    reference: ludb.Reference
    limits: ludb.ReferenceLimits

    @property
    def error_ms(self) -> float:
        """QRS duration minus R2 of the reference file."""
        return self.measurement.qrs_ms - self.reference.qrs_ms["R2"]


def judged(data: Path, number: int, reference: ludb.Reference) -> Judged:
    """Measure one record and read its marks."""
    measurement = ludb.measured(data, number)
    onset, end, _ = ludb.lead_medians(ludb.marks(data, number), measurement.clusters[0].times_s)
    return Judged(number, measurement, reference, ludb.reference_limits(onset, end))


def print_durations(records: Sequence[Judged]) -> None:
    """Print errors of QRS duration by group."""
    number = np.array([r.number for r in records])
    r2 = np.array([r.reference.qrs_ms["R2"] for r in records])
    m = np.array([r.reference.qrs_ms["M"] for r in records])
    ours = np.array([r.measurement.qrs_ms for r in records])
    paced, lbbb = np.isin(number, ludb.VENTRICULARLY_PACED), np.isin(number, ludb.COMPLETE_LBBB)
    groups = (
        ("all, R2", r2, np.full(r2.size, True)),
        ("narrow < 120 ms, R2", r2, r2 < 120),
        ("wide ≥ 120 ms, R2", r2, r2 >= 120),
        ("wide, not paced, R2", r2, (r2 >= 120) & ~paced),
        ("ventricularly paced (45, 93, 95, 111), R2", r2, paced),
        ("complete LBBB (51, 83), R2", r2, lbbb),
        ("all, M", m, np.full(r2.size, True)),
        ("all but 109, R2", r2, number != ludb.OTHER_BEAT_FORM),
    )
    rows = []
    for name, reference, chosen in groups:
        e = (ours - reference)[chosen]
        within, far = (np.abs(e) <= 10).mean(), (np.abs(e) > 20).mean()
        rows.append(
            (
                name,
                e.size,
                f"{e.mean():+.1f}",
                f"{e.std(ddof=1):.1f}",
                f"{np.abs(e).mean():.1f}",
                f"{within:.0%}",
                f"{far:.1%}",
            )
        )
    print_table(("QRS duration", "n", "bias ms", "SD", "MAE", "within 10", "> 20"), rows, "QRS duration")


def print_limits(records: Sequence[Judged]) -> None:
    """Print errors of onset and end, coverage of the intervals, records on the wrong side of a limit."""
    kept = [r for r in records if r.number != ludb.OTHER_BEAT_FORM]
    rows = []
    for name, pick in (("all but 109", kept), ("wide ≥ 120 ms", [r for r in kept if r.reference.wide])):
        onset = np.array([r.measurement.limits.onset_ms - r.limits.onset_ms for r in pick])
        end = np.array([r.measurement.limits.end_ms - r.limits.end_ms for r in pick])
        rows.append(
            (name, f"{onset.mean():+.1f} ± {onset.std(ddof=1):.1f}", f"{end.mean():+.1f} ± {end.std(ddof=1):.1f}")
        )
    print_table(("against R2 of the measured beats", "onset ms", "end ms"), rows, "Onset and end")

    def covered(of: Sequence[Judged]) -> str:
        hits = [r.measurement.limits.duration_interval_ms for r in of]
        share = np.mean([low <= r.reference.qrs_ms["R2"] <= high for r, (low, high) in zip(of, hits, strict=True)])
        return f"{share:.0%} (median half width {np.median([(high - low) / 2 for low, high in hits]):.0f} ms)"

    wide = [r for r in records if r.reference.wide]
    print(f"\n95 % interval of the duration holds R2: all {covered(records)}, wide {covered(wide)}")
    rows = []
    for limit in (120, 130, 150):
        wrong = [r for r in records if (r.measurement.qrs_ms >= limit) != (r.reference.qrs_ms["R2"] >= limit)]
        listed = ", ".join(f"{r.number} ({r.measurement.qrs_ms:.0f} for {r.reference.qrs_ms['R2']:.0f})" for r in wrong)
        inside = sum(low < limit <= high for low, high in (r.measurement.limits.duration_interval_ms for r in wrong))
        rows.append((f"{limit} ms", len(wrong), inside, listed))
    print_table(
        ("limit", "wrong side", "of these limit inside our interval", "records (ours for R2)"),
        rows,
        "Wrong side of a limit",
    )
    worst = sorted(records, key=lambda r: -abs(r.error_ms))[:10]
    print_table(
        ("record", "ours (95 %) ms", "R2", "M", "onset off", "end off", "labels"),
        [
            (
                r.number,
                _with_interval(r.measurement),
                f"{r.reference.qrs_ms['R2']:.0f}",
                f"{r.reference.qrs_ms['M']:.0f}",
                f"{r.measurement.limits.onset_ms - r.limits.onset_ms:+.0f}",
                f"{r.measurement.limits.end_ms - r.limits.end_ms:+.0f}",
                " ".join(filter(None, (r.reference.conduction, r.reference.pacing))) or r.reference.rhythm,
            )
            for r in worst
        ],
        "The ten largest errors",
    )


def _with_interval(m: EcgMeasurement) -> str:
    low, high = m.limits.duration_interval_ms
    return f"{m.qrs_ms:.0f} ({low:.0f} to {high:.0f})"


def print_beats(data: Path, records: Sequence[Judged]) -> None:
    """Print sensitivity and positive predictive value of the beats within the marked span."""
    hits = misses = extra = 0
    where = []
    for r in records:
        marked_s = ludb.marked_beats(ludb.marks(data, r.number)) / ludb.RATE_HZ
        found_s = np.sort(np.concatenate([cluster.times_s for cluster in r.measurement.clusters]))
        found_s = found_s[(found_s >= marked_s[0] - _MATCH_S) & (found_s <= marked_s[-1] + _MATCH_S)]
        missed = [t for t in marked_s if np.abs(found_s - t).min(initial=9.0) > _MATCH_S]
        surplus = len(found_s) - (len(marked_s) - len(missed))
        hits, misses, extra = hits + len(marked_s) - len(missed), misses + len(missed), extra + surplus
        if missed or surplus:
            where.append(f"{r.number} ({len(missed)} missed, {surplus} extra)")
    print(
        f"\nBeats: {hits + misses} marked; sensitivity {hits / (hits + misses):.2%}, positive predictive value "
        f"{hits / (hits + extra):.2%} ({misses} missed, {extra} extra: {', '.join(where) or 'none'})"
    )


def print_p_and_t(data: Path, records: Sequence[Judged]) -> None:
    """Print errors of PR and QT against the manual P onsets and T ends, and whether P waves were found at all."""
    pr, qt, qt_latest, counts = [], [], [], Counter()
    for r in records:
        m, times_s = r.measurement, r.measurement.clusters[0].times_s
        p_ms = _median_by_lead(ludb.marks(data, r.number, "p"), times_s, "onset", (60.0, 380.0))
        t_ms = _median_by_lead(ludb.marks(data, r.number, "t"), times_s, "end", (500.0, 1000.0))
        has_p = len(p_ms) >= 6
        counts[has_p, m.p_and_t.p_onset_ms is not None] += 1
        if has_p and m.pr_ms is not None:
            pr.append(m.pr_ms - (r.limits.onset_ms - np.median(p_ms)))
        if len(t_ms) >= 6 and m.qt_ms is not None:
            qt.append(m.qt_ms - (np.median(t_ms) - r.limits.onset_ms))
            qt_latest.append(m.qt_ms - (np.sort(t_ms)[-2] - r.limits.onset_ms))
    rows = [
        (name, len(e), f"{np.mean(e):+.1f}", f"{np.std(e, ddof=1):.1f}", f"{np.median(np.abs(e)):.1f}")
        for name, e in (
            ("PR, median P onset over leads", pr),
            ("QT, median T end over leads", qt),
            ("QT, second latest T end", qt_latest),
        )
    ]
    print_table(("interval", "n", "bias ms", "SD", "median |error|"), rows, "PR and QT")
    print(
        f"\nP wave marked and found {counts[True, True]}, marked and not found {counts[True, False]}, "
        f"not marked but found {counts[False, True]}, neither {counts[False, False]}"
    )


def _median_by_lead(
    wave_marks: Sequence[Sequence[ludb.Mark]], times_s: Sequence[float], side: str, window_ms: tuple[float, float]
) -> list[float]:
    """Return the median of onset or end for each lead that marks at least half of the beats [ms within the beat]."""
    medians = []
    for of_lead in wave_marks:
        near = []
        for mark in of_lead:
            sample = getattr(mark, side)
            if sample is None:
                continue
            times_ms = [(sample / ludb.RATE_HZ - t + BEFORE_S) * 1000.0 for t in times_s]
            near += [t for t in times_ms if window_ms[0] < t < window_ms[1]]
        if len(near) >= 0.5 * len(times_s):
            medians.append(float(np.median(near)))
    return medians


def print_others(records: Sequence[Judged]) -> None:
    """Print stimulus verdicts, and axis and QRS area against the reference file."""
    verdicts: Counter[tuple[str, str]] = Counter()
    for r in records:
        pacing = (
            "ventricular"
            if "ventric" in r.reference.pacing
            else "label of a pacemaker"
            if r.reference.pacing
            else "none"
        )
        verdicts[pacing, r.measurement.paced] += 1
    labels = sorted({label for label, _ in verdicts}, reverse=True)
    answers = ("yes", "probable", "no evidence")
    print_table(
        ("pacing label", *answers), [(label, *(verdicts[label, a] for a in answers)) for label in labels], "Stimuli"
    )
    kept = [r for r in records if r.number != ludb.OTHER_BEAT_FORM]
    area = np.array([r.measurement.qrs_area_uvs - r.reference.qrs_area_uvs for r in kept])
    axis = np.array([_axis_difference(r) for r in kept if r.measurement.axis_deg is not None])
    far_area = ", ".join(f"{r.number} ({d:+.1f})" for r, d in zip(kept, area, strict=True) if abs(d) > 5) or "none"
    far_axis = ", ".join(
        f"{r.number} ({_axis_difference(r):+.0f}°)"
        for r in kept
        if r.measurement.axis_deg is not None and abs(_axis_difference(r)) > 10
    )
    rows = [
        (
            "QRS area by Kors, µVs",
            area.size,
            f"{area.mean():+.2f}",
            f"{area.std(ddof=1):.2f}",
            f"beyond 5 µVs: {far_area}",
        ),
        (
            "axis from areas, °",
            axis.size,
            f"{axis.mean():+.2f}",
            f"{axis.std(ddof=1):.2f}",
            f"beyond 10°: {far_axis or 'none'}",
        ),
    ]
    print_table(("against the reference file, without 109", "n", "mean", "SD", "far off"), rows, "QRS area and axis")


def _axis_difference(r: Judged) -> float:
    return (r.measurement.axis_deg - r.reference.axis_deg + 180.0) % 360.0 - 180.0


def main() -> None:
    """Measure, judge, print."""
    data = arguments(__doc__).parse_args().data
    given = ludb.references(data)
    records = [judged(data, number, given[number]) for number in ludb.ODD_RECORDS]
    print(f"LUDB, {len(records)} odd records, 1 µV per count")
    print_durations(records)
    print_limits(records)
    print_beats(data, records)
    print_p_and_t(data, records)
    print_others(records)


if __name__ == "__main__":
    main()
