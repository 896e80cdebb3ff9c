"""How far the comparison of ECGs may be trusted when electrodes move, and when capture is really lost.

Prints the tables of docs/compare-ecg.md. Run from the project:

    python validation/ecg/electrode_shift.py [--patients 40] [--ludb-records 100]

The first half (5 s) of each LUDB record is the reference, the second half the follow-up; the follow-up's raw
signal is displaced and measured anew. LUDB stands beside the project (RESYNCHRO_SHARED_DATA).
"""

from __future__ import annotations

import argparse
import os
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from resynchro.ecg.comparison import EcgComparison, compare_ecg
from resynchro.ecg.dipole_wave import SyntheticKind
from resynchro.ecg.electrode_shift import displaced_by_dipole, displaced_by_neighbours, swapped_arms
from resynchro.ecg.measurement import measure_ecg
from resynchro.ecg.synthetic import synthetic_ecg, twelve_leads
from resynchro.ecg.template import EcgTemplate, TemplateLabel, template_from_measurement
from resynchro.errors import MeasurementError
from resynchro.formats.ecg_file import read_ecg
from resynchro.record.ecg import INDEPENDENT_ROWS, EcgRecord, FloatArray

Displacement = Callable[[FloatArray, np.random.Generator], FloatArray]

DATA = Path(os.environ.get("RESYNCHRO_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
V1_V2 = np.array([1.0, 1.0, 0.0, 0.0, 0.0, 0.0])
KINDS: dict[TemplateLabel, SyntheticKind] = {
    "biventricular": "biventricular-paced",
    "rv-only": "rv-paced",
    "lv-only": "lv-paced",
    "intrinsic": "lbbb",
}
QRS_MS: dict[TemplateLabel, float] = {"biventricular": 140, "rv-only": 175, "lv-only": 185, "intrinsic": 160}


def displacements() -> dict[str, Displacement]:
    """Return the displacements tried, by name."""
    tried: dict[str, Displacement] = {"none": lambda x, rng: x}
    for cm in (1.0, 2.0, 3.0, 4.0):
        tried[f"all {cm:.0f} cm up"] = lambda x, rng, cm=cm: displaced_by_dipole(x, shift_down_cm=-cm)
        tried[f"all {cm:.0f} cm down"] = lambda x, rng, cm=cm: displaced_by_dipole(x, shift_down_cm=cm)
    for cm in (2.0, 4.0):
        tried[f"V1, V2 {cm:.0f} cm up"] = lambda x, rng, cm=cm: displaced_by_dipole(x, shift_down_cm=-cm * V1_V2)
    for cm in (2.0,):
        tried[f"all {cm:.0f} cm left"] = lambda x, rng, cm=cm: displaced_by_dipole(x, shift_left_cm=cm)
        tried[f"all {cm:.0f} cm right"] = lambda x, rng, cm=cm: displaced_by_dipole(x, shift_left_cm=-cm)
        tried[f"all {cm:.0f} cm left (neighbours)"] = lambda x, rng, cm=cm: displaced_by_neighbours(x, shift_left_cm=cm)
        tried[f"all {cm:.0f} cm right (neighbours)"] = lambda x, rng, cm=cm: displaced_by_neighbours(
            x, shift_left_cm=-cm
        )
    for cm in (1.0, 2.0):
        tried[f"each at random, SD {cm:.0f} cm"] = lambda x, rng, cm=cm: displaced_by_dipole(
            x, shift_left_cm=rng.normal(0, cm, 6), shift_down_cm=rng.normal(0, cm, 6)
        )
    tried["arm electrodes swapped"] = lambda x, rng: swapped_arms(x)
    return tried


def template_of(record: EcgRecord, label: TemplateLabel, paced: str | None = None) -> EcgTemplate:
    """Measure a record and take its measured beat as template."""
    return template_from_measurement(measure_ecg(record), label=label, paced=paced)  # type: ignore[arg-type]


def with_signal(record: EcgRecord, signal_mv: FloatArray) -> EcgRecord:
    """Return the record with another signal."""
    return replace(record, signal_mv=np.ascontiguousarray(signal_mv))


def ludb_halves(limit: int) -> list[tuple[str, EcgTemplate, EcgRecord]]:
    """Return name, first half as template and second half as record, of each LUDB record."""
    folder = DATA / "ecg" / "ludb" / "data"
    halves = []
    for header in sorted(folder.glob("*.hea"), key=lambda p: int(p.stem))[:limit]:
        record = read_ecg(header, uv_per_count=1.0)
        middle = record.signal_mv.shape[1] // 2
        first, second = record.signal_mv[:, :middle], record.signal_mv[:, middle:]
        try:
            halves.append(
                (
                    header.stem,
                    template_of(with_signal(record, first), "reference"),
                    with_signal(record, second),
                )
            )
        except MeasurementError as error:
            print(f"LUDB {header.stem} left out: {error}")
    return halves


def ludb_specificity(limit: int) -> None:
    """Print the verdicts on LUDB halves, by displacement."""
    halves = ludb_halves(limit)
    rng = np.random.default_rng(2)
    print(f"\nLUDB, {len(halves)} records: second half of the same recording, displaced\n")
    print("| displacement | unchanged | displacement noted | other verdicts | limb r p5 | chest r p5 |")
    print("|---|---|---|---|---|---|")
    for name, displace in displacements().items():
        verdicts: Counter[str] = Counter()
        noted, correlations, odd = 0, [], []
        for record_name, reference, record in halves:
            try:
                follow_up = template_of(with_signal(record, displace(record.signal_mv, rng)), "reference")
            except MeasurementError:
                verdicts["not measured"] += 1
                continue
            found = compare_ecg(follow_up, [reference])
            verdicts[found.verdict] += 1
            noted += found.verdict == "unchanged" and found.electrode_displacement_possible
            correlations.append((found.nearest.limb_correlation, found.nearest.precordial_correlation))
            if found.verdict != "unchanged":
                odd.append(record_name)
        low = np.percentile(correlations, 5, axis=0)
        others = "; ".join(f"{v} {n}" for v, n in verdicts.most_common() if v != "unchanged")
        print(
            f"| {name} | {verdicts['unchanged']} | {noted} | {others} | {low[0]:.3f} | {low[1]:.3f} |"
            + (f" <!-- {' '.join(odd)} -->" if len(odd) <= 12 else "")
        )


def synthetic_patient(rng: np.random.Generator, mimicry: float) -> Callable[[TemplateLabel, int, float], EcgRecord]:
    """Return a maker of records of one synthetic patient.

    `mimicry` mixes the RV-only QRS into the biventricular one: 0 for clearly different complexes, towards 1
    for a left ventricular lead that changes little.
    """
    turn, size, wider_ms = rng.normal(0.0, 12.0, 3), float(np.exp(rng.normal(0.0, 0.2))), rng.normal(0.0, 8.0)

    def make(label: TemplateLabel, seed: int, posture_deg: float) -> EcgRecord:
        day = np.random.default_rng(seed)
        options = {
            "rotation_deg": tuple(turn + day.normal(0.0, posture_deg, 3)),
            "amplitude": size * float(np.exp(day.normal(0.0, 0.08))),
            "stimulus_mv": 1.0,
        }
        duration_ms = QRS_MS[label] + wider_ms + (0.0 if posture_deg == 0.0 else day.normal(0.0, 5.0))
        record = synthetic_ecg(kind=KINDS[label], qrs_ms=duration_ms, rng=np.random.default_rng(seed), **options).record
        if label == "biventricular" and mimicry > 0.0:
            # Same seed, so the same beats at the same times: a mixture of signals is a mixture of beats.
            wide_ms = (1.0 - mimicry) * duration_ms + mimicry * (QRS_MS["rv-only"] + wider_ms)
            part = synthetic_ecg(kind="rv-paced", qrs_ms=wide_ms, rng=np.random.default_rng(seed), **options).record
            mixed = (1.0 - mimicry) * record.signal_mv + mimicry * part.signal_mv
            return with_signal(record, twelve_leads(mixed[list(INDEPENDENT_ROWS)]))
        return record

    return make


def synthetic_tables(n_patients: int, mimicry: float) -> None:
    """Print the verdicts on synthetic patients, displaced and with capture lost."""
    tables: dict[str, dict[tuple[str, TemplateLabel], Counter[str]]] = {
        "all four references": defaultdict(Counter),
        "biventricular reference only": defaultdict(Counter),
    }
    tried = {
        name: displace
        for name, displace in displacements().items()
        if name in ("none", "all 2 cm up", "V1, V2 2 cm up", "all 2 cm left", "all 4 cm up")
        or name.startswith(("each", "arm"))
    }
    for patient in range(n_patients):
        rng = np.random.default_rng([7, patient])
        make = synthetic_patient(rng, mimicry)
        references = [template_of(make(label, 100 * patient + i, 0.0), label) for i, label in enumerate(KINDS)]
        for i, label in enumerate(KINDS):
            record = make(label, 100 * patient + 50 + i, 5.0)
            for name, displace in tried.items():
                follow_up = template_of(with_signal(record, displace(record.signal_mv, rng)), "reference")
                four = compare_ecg(follow_up, references)
                one = compare_ecg(follow_up, references[:1])
                tables["all four references"][name, label][four.verdict] += 1
                tables["biventricular reference only"][name, label][one.verdict] += 1
    for title, table in tables.items():
        print(f"\nSynthetic, {n_patients} patients, mimicry {mimicry:g}, {title}\n")
        print("| displacement | true state of the follow-up | verdicts |")
        print("|---|---|---|")
        for (name, label), verdicts in table.items():
            print(f"| {name} | {label} | " + "; ".join(f"{v} {n}" for v, n in verdicts.most_common()) + " |")


def ludb_clusters() -> None:
    """Print what the comparison says of the paced and intrinsic beats inside LUDB 45 and 95."""
    print("\nLUDB records with two kinds of beats: every cluster against the first\n")
    for number in (45, 95):
        measurement = measure_ecg(read_ecg(DATA / "ecg" / "ludb" / "data" / f"{number}.hea", uv_per_count=1.0))
        templates = []
        for k, cluster in enumerate(measurement.clusters):
            print(f"LUDB {number} cluster {k}: {len(cluster.times_s)} beats, {cluster.kind}")
            if len(cluster.times_s) >= 2:
                try:
                    templates.append(template_from_measurement(measurement, cluster=k, name=f"{number}/{k}"))
                except MeasurementError as error:
                    print(f"  not measured: {error}")
        for template in templates[1:]:
            describe(compare_ecg(template, [templates[0]]), f"{template.name} against {templates[0].name}")


def describe(found: EcgComparison, title: str) -> None:
    """Print one comparison."""
    print(f"  {title}: {found.verdict}; " + "; ".join(found.reasons))
    print(
        "   ",
        ", ".join(f"{c.name} {c.change:+.0f} ± {c.noise:.0f} {c.unit}" for c in found.changes if c.change is not None),
    )


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=40)
    parser.add_argument("--ludb-records", type=int, default=100)
    arguments = parser.parse_args()
    if arguments.ludb_records == 0:
        print("LUDB left out")
    elif (DATA / "ecg" / "ludb").exists():
        ludb_specificity(arguments.ludb_records)
        ludb_clusters()
    else:
        print("LUDB is not present: set RESYNCHRO_SHARED_DATA")
    for mimicry in (0.0, 0.5, 0.7):
        synthetic_tables(arguments.patients, mimicry)


if __name__ == "__main__":
    main()
