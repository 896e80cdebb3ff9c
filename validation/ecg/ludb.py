"""LUDB: the manual marks of a record, and the reference QRS limits that follow from them by each rule.

LUDB marks onset, peak and end of P, QRS and T in every lead, beat by beat. One global QRS needs a rule:

* E:  the earliest onset and latest end over leads in each beat; median over beats.
* M:  the median over beats in each lead; then the earliest onset and latest end over leads.
* R2: the same, but the second earliest and second latest lead (one stray lead cannot set it): the headline rule.
* R3: the same, third.

Voltages are read from the raw integers at 1 uV per count: through its headers every lead of LUDB is 1 mV high.
Durations under the four rules also stand in ``ludb_reference_odd.csv`` beside the data, made independently; the
headline errors use that file, onset and end separately (which it does not hold) use `reference_limits`.

    python validation/ecg/ludb.py [--data DIR]      # compares the rules computed here with the file
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import wfdb
from shared_data import arguments, present, print_table, reference_folder

import resynchro
from resynchro.ecg.clusters import BEFORE_S
from resynchro.ecg.measurement import EcgMeasurement

ODD_RECORDS = tuple(range(1, 200, 2))
VENTRICULARLY_PACED = (45, 93, 95, 111)
COMPLETE_LBBB = (51, 83)
#: Atrial fibrillation with aberrant beats: the file describes the normal ones, the commonest form here is aberrant.
OTHER_BEAT_FORM = 109
RATE_HZ = 500.0
_LEAD_FILES = ("i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6")
#: A mark belongs to a beat when its peak lies this close to the beat's fiducial point [samples].
_SAME_BEAT = 75


@dataclass(frozen=True, slots=True)
class Mark:
    """One marked wave of one lead [samples]; onset or end None where the annotator set none."""

    onset: int | None
    peak: int
    end: int | None


@dataclass(frozen=True, slots=True)
class Reference:
    """One line of ``ludb_reference_odd.csv``: durations [ms], axis [degrees], QRS area by Kors [uVs], labels."""

    qrs_ms: dict[str, float]
    axis_deg: float
    qrs_area_uvs: float
    rhythm: str
    conduction: str
    pacing: str

    @property
    def wide(self) -> bool:
        """Tell whether the QRS lasts 120 ms or more by R2."""
        return self.qrs_ms["R2"] >= 120.0


@dataclass(frozen=True, slots=True)
class ReferenceLimits:
    """Reference limits of one beat form by one rule [ms within the representative beat]."""

    onset_ms: float
    end_ms: float


def folder(data: Path) -> Path:
    """Return the folder that holds the records."""
    return present(data / "ecg" / "ludb" / "data")


def measured(data: Path, number: int) -> EcgMeasurement:
    """Read one record at its true voltage and measure it with the defaults."""
    return resynchro.measure_ecg(resynchro.read_ecg(folder(data) / f"{number}.hea", uv_per_count=1))


def references(data: Path) -> dict[int, Reference]:
    """Read the reference file."""
    with (reference_folder(data) / "ludb_reference_odd.csv").open(newline="") as file:
        return {
            int(row["record"]): Reference(
                qrs_ms={rule: float(row[f"qrsd_{rule}_ms"]) for rule in ("E", "M", "R2", "R3")},
                axis_deg=float(row["axis_area_deg"]),
                qrs_area_uvs=float(row["qrs_area_kors_uVs"]),
                rhythm=row["rhythm"].replace("|", "; "),
                conduction=" ".join(row["conduction"].split()).replace("|", "; "),
                pacing=" ".join(row["pacing"].split()).replace("|", "; "),
            )
            for row in csv.DictReader(file)
        }


def marks(data: Path, number: int, wave: str = "N") -> list[list[Mark]]:
    """Read the manual marks of one kind of wave (``N`` QRS, ``p``, ``t``): one list for each lead."""
    found = []
    for lead in _LEAD_FILES:
        annotation = wfdb.rdann(str(folder(data) / str(number)), lead)
        symbols, samples = annotation.symbol, annotation.sample
        of_lead = []
        for k, symbol in enumerate(symbols):
            if symbol == wave:
                onset = int(samples[k - 1]) if k and symbols[k - 1] == "(" else None
                end = int(samples[k + 1]) if k + 1 < len(symbols) and symbols[k + 1] == ")" else None
                of_lead.append(Mark(onset, int(samples[k]), end))
        found.append(of_lead)
    return found


def marked_beats(qrs_marks: Sequence[Sequence[Mark]]) -> np.ndarray:
    """Return the samples of the beats that at least half of the leads mark: medians over the leads' peaks."""
    peaks = np.sort(np.concatenate([[mark.peak for mark in lead] for lead in qrs_marks]))
    groups = np.split(peaks, np.flatnonzero(np.diff(peaks) > _SAME_BEAT) + 1)
    return np.array([np.median(group) for group in groups if len(group) >= 6])


def lead_medians(
    qrs_marks: Sequence[Sequence[Mark]], times_s: Sequence[float]
) -> tuple[np.ndarray, np.ndarray, float | None]:
    """Return the median onset and end per lead over the given beats, and the duration by rule E.

    Parameters
    ----------
    qrs_marks
        From `marks`.
    times_s
        Fiducial times of the beats of one form [s].

    Returns
    -------
    tuple
        Onsets and ends, shape (12,), [ms within the representative beat], NaN for a lead without marks; duration by
        rule E [ms].
    """
    beats = len(times_s)
    onset, end = np.full((12, beats), np.nan), np.full((12, beats), np.nan)
    for beat, time_s in enumerate(times_s):
        fiducial = time_s * RATE_HZ
        for lead, of_lead in enumerate(qrs_marks):
            near = [mark for mark in of_lead if abs(mark.peak - fiducial) < _SAME_BEAT]
            if not near:
                continue
            mark = min(near, key=lambda mark: abs(mark.peak - fiducial))
            if mark.onset is not None and mark.end is not None:
                onset[lead, beat] = (mark.onset - fiducial) * 1000.0 / RATE_HZ + BEFORE_S * 1000.0
                end[lead, beat] = (mark.end - fiducial) * 1000.0 / RATE_HZ + BEFORE_S * 1000.0
    seen = ~np.isnan(onset).all(axis=0)
    widest = np.nanmax(end[:, seen], axis=0) - np.nanmin(onset[:, seen], axis=0) if seen.any() else np.zeros(0)
    medians = [
        np.array([np.median(row[~np.isnan(row)]) if (~np.isnan(row)).any() else np.nan for row in values])
        for values in (onset, end)
    ]
    return medians[0], medians[1], float(np.median(widest)) if widest.size else None


def reference_limits(onset_ms: np.ndarray, end_ms: np.ndarray, rank: int = 2) -> ReferenceLimits:
    """Apply rule M (rank 1), R2 (rank 2) or R3 (rank 3) to the medians per lead."""
    return ReferenceLimits(
        onset_ms=float(np.sort(onset_ms[~np.isnan(onset_ms)])[rank - 1]),
        end_ms=float(np.sort(end_ms[~np.isnan(end_ms)])[-rank]),
    )


def main() -> None:
    """Compare the rules as computed here with the reference file."""
    data = arguments(__doc__).parse_args().data
    given, differences = references(data), {rule: [] for rule in ("E", "M", "R2", "R3")}
    for number in ODD_RECORDS:
        onset, end, by_beat = lead_medians(marks(data, number), measured(data, number).clusters[0].times_s)
        here = {"E": by_beat}
        for rank, rule in ((1, "M"), (2, "R2"), (3, "R3")):
            limits = reference_limits(onset, end, rank)
            here[rule] = limits.end_ms - limits.onset_ms
        for rule, values in differences.items():
            values.append((number, here[rule] - given[number].qrs_ms[rule]))
    rows = []
    for rule, values in differences.items():
        d = np.array([difference for _, difference in values])
        far = ", ".join(f"{number} ({difference:+.0f})" for number, difference in values if abs(difference) > 4)
        rows.append(
            (rule, f"{d.mean():+.2f}", f"{np.abs(d).mean():.2f}", f"{(np.abs(d) <= 2).mean():.0%}", far or "none")
        )
    print_table(
        ("rule", "mean difference ms", "mean absolute ms", "within 2 ms", "records off by more than 4 ms"),
        rows,
        "Reference durations computed here against ludb_reference_odd.csv",
    )


if __name__ == "__main__":
    main()
