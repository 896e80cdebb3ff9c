"""Recompute the constants of ``resynchro.ecg.delineation`` from the odd LUDB records; judge them on held-out records.

    python validation/ecg/calibrate_delineation.py [--data DIR] [--split [--repeats 20]]

Each criterion of the delineator is late at the QRS onset and early at the end. Its constant is the trimmed mean (10 %
off either side) of criterion minus manual mark by rule R2, over the odd records without the four ventricularly paced
ones and without record 109, where the reference file describes another beat form.

With ``--split`` the records are split again: into ten parts (and, harsher, into two halves), constants from the other
parts, errors on the part left out, repeated with new splits. Durations are then judged against the reference file.
What this cannot undo: which criteria are asked, their shares and holds were chosen while looking at all odd records.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import ludb
import numpy as np
from scipy.stats import trim_mean
from shared_data import arguments, print_table

from resynchro.ecg import delineation

_LEFT_OUT = (*ludb.VENTRICULARLY_PACED, ludb.OTHER_BEAT_FORM)
_TRIM = 0.10


@dataclass(frozen=True, slots=True)
class Uncorrected:
    """Criteria and references of all records: arrays over records in the order of `ludb.ODD_RECORDS` [ms]."""

    onset_ms: np.ndarray
    end_ms: np.ndarray
    stimulus_ms: np.ndarray
    reference_onset_ms: np.ndarray
    reference_end_ms: np.ndarray
    given_qrs_ms: np.ndarray
    lead_onset_lateness_ms: np.ndarray
    lead_end_earliness_ms: np.ndarray

    @property
    def calibrating(self) -> np.ndarray:
        """Records that set the constants."""
        return ~np.isin(ludb.ODD_RECORDS, _LEFT_OUT)

    @property
    def paced(self) -> np.ndarray:
        """Records that set the constant for paced beats."""
        return np.isin(ludb.ODD_RECORDS, ludb.VENTRICULARLY_PACED)


def uncorrected(data: Path) -> Uncorrected:
    """Ask every criterion on the measured beat of every odd record."""
    given, rows = ludb.references(data), []
    for number in ludb.ODD_RECORDS:
        cluster = ludb.measured(data, number).clusters[0]
        beat = cluster.representative
        onset_marks, end_marks, _ = ludb.lead_medians(ludb.marks(data, number), cluster.times_s)
        limits = ludb.reference_limits(onset_marks, end_marks)
        first_sample = delineation._first_allowed(beat.stimulus_ms, beat.sampling_rate_hz)
        onset, end, first, last = delineation.criteria_ms(
            beat.signal_mv, beat.sampling_rate_hz, np.ones(12), first_sample
        )
        step_ms = 1000.0 / beat.sampling_rate_hz
        rows.append(
            (
                onset,
                end,
                beat.stimulus_ms[0] if beat.stimulus_ms else -np.inf,
                limits.onset_ms,
                limits.end_ms,
                given[number].qrs_ms["R2"],
                first * step_ms - onset_marks,
                end_marks - last * step_ms,
            )
        )
    return Uncorrected(*(np.array(column) for column in zip(*rows, strict=True)))


def constants(all_records: Uncorrected, used: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return lateness at the onset, earliness at the end and lateness of the paced end [ms] from the records used."""
    u, plain, paced = all_records, used & all_records.calibrating, used & all_records.paced
    lateness = trim_mean((u.onset_ms - u.reference_onset_ms[:, None])[plain], _TRIM, axis=0)
    earliness = trim_mean((u.reference_end_ms[:, None] - u.end_ms)[plain], _TRIM, axis=0)
    if not paced.any():
        return lateness, earliness, 0.0
    late = np.median(u.end_ms[paced] + earliness, axis=1) - u.reference_end_ms[paced]
    # The mean of so few records is shrunk towards none: n / (n + 1) of it is kept.
    return lateness, earliness, float(late.sum() / (late.size + 1))


def durations(all_records: Uncorrected, lateness: np.ndarray, earliness: np.ndarray, paced_ms: float) -> np.ndarray:
    """Return the QRS duration of every record with the given constants [ms], as `measure_limits` does."""
    u = all_records
    onset = np.maximum(np.median(u.onset_ms - lateness, axis=1), u.stimulus_ms)
    end = np.median(u.end_ms + earliness, axis=1) - np.where(np.isfinite(u.stimulus_ms), paced_ms, 0.0)
    return end - onset


def held_out(all_records: Uncorrected, parts: int, rng: np.random.Generator) -> np.ndarray:
    """Return the duration of every record [ms] with constants from the parts that do not hold it."""
    part = np.empty(len(ludb.ODD_RECORDS), dtype=int)
    for group in (all_records.paced, ~all_records.paced):  # paced records spread evenly over the parts
        members = rng.permutation(np.flatnonzero(group))
        part[members] = np.arange(members.size) % parts
    measured = np.empty(part.size)
    for k in range(parts):
        measured[part == k] = durations(all_records, *constants(all_records, part != k))[part == k]
    return measured


def scores(measured_ms: np.ndarray, reference_ms: np.ndarray, paced: np.ndarray) -> np.ndarray:
    """Return bias, SD, MAE, % off by > 20 ms, SD of the wide, MAE of the paced, wrong side of 120, 130, 150 ms."""
    error = measured_ms - reference_ms
    crossed = [((measured_ms >= limit) != (reference_ms >= limit)).sum() for limit in (120, 130, 150)]
    return np.array(
        [
            error.mean(),
            error.std(ddof=1),
            np.abs(error).mean(),
            100.0 * (np.abs(error) > 20).mean(),
            error[reference_ms >= 120].std(ddof=1),
            np.abs(error[paced]).mean(),
            *crossed,
        ]
    )


def _print_constants(all_records: Uncorrected) -> None:
    lateness, earliness, paced_ms = constants(all_records, np.ones(len(ludb.ODD_RECORDS), dtype=bool))
    for name, value in (("ONSET_LATENESS_MS", lateness), ("END_EARLINESS_MS", earliness)):
        print(f"{name} = np.array(\n    [{', '.join(f'{v:.1f}' for v in value)}]\n)")
        print(f"# largest difference from the code: {np.abs(value - getattr(delineation, name)).max():.2f} ms")
    plain = all_records.calibrating
    lead = (
        np.nanmedian(all_records.lead_onset_lateness_ms[plain]),
        np.nanmedian(all_records.lead_end_earliness_ms[plain]),
    )
    in_code = (delineation.LEAD_ONSET_LATENESS_MS, delineation.LEAD_END_EARLINESS_MS)
    print(f"LEAD_ONSET_LATENESS_MS, LEAD_END_EARLINESS_MS = {lead[0]:.1f}, {lead[1]:.1f}  # in the code: {in_code}")
    print(f"PACED_END_LATENESS_MS = {paced_ms:.1f}  # in the code: {delineation.PACED_END_LATENESS_MS}")


def _print_split(all_records: Uncorrected, repeats: int) -> None:
    rng = np.random.default_rng(0)
    u, everything = all_records, np.ones(len(ludb.ODD_RECORDS), dtype=bool)
    runs = {"all records (set and judged on the same)": durations(u, *constants(u, everything))[None]}
    for name, parts in (("10 parts, held out", 10), ("2 halves, held out", 2)):
        runs[f"{name}, {repeats} times"] = np.array([held_out(u, parts, rng) for _ in range(repeats)])
    rows = []
    for name, run in runs.items():
        s = np.array([scores(measured, u.given_qrs_ms, u.paced) for measured in run])
        mean, worst = s.mean(axis=0), np.abs(s).max(axis=0)
        rows.append((name, f"{mean[0]:+.1f}", *(f"{v:.1f}" for v in mean[1:])))
        if len(run) > 1:
            rows.append(("worst of the repeats", *(f"{v:.1f}" for v in worst)))
    print_table(
        ("constants from", "bias ms", "SD", "MAE", "> 20 ms %", "wide SD", "paced MAE", "wrong side 120", "130", "150"),
        rows,
        "QRS duration against R2, odd LUDB records",
    )


def main() -> None:
    """Print the constants, or the errors on held-out records."""
    parser = arguments(__doc__)
    parser.add_argument("--split", action="store_true", help="judge on held-out records instead")
    parser.add_argument("--repeats", type=int, default=20)
    given = parser.parse_args()
    all_records = uncorrected(given.data)
    if given.split:
        _print_split(all_records, given.repeats)
    else:
        _print_constants(all_records)


if __name__ == "__main__":
    main()
