"""Judge ventricular conduction by every definition on the odd LUDB and the Challenge 2021 records, against labels.

    python validation/ecg/conduction.py [--data DIR] [--pictures DIR]

Prints how many records meet each definition, the clear cases, and every record whose headline differs from its label,
with the numbers that decided. ``--pictures`` writes one picture for each of these. Explanations stand in ``README.md``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import ludb
from beat_picture import write_beat_picture
from shared_data import arguments, present, print_table

import resynchro
from resynchro.ecg.measurement import EcgMeasurement
from resynchro.record.ecg import LEADS

#: SNOMED codes of the Challenge headers that speak of ventricular conduction, and the headline each stands for.
_SNOMED = {
    "59118001": ("RBBB", "rbbb"),
    "713427006": ("complete RBBB", "rbbb"),
    "713426002": ("incomplete RBBB", "incomplete_rbbb"),
    "164909002": ("LBBB", "lbbb"),
    "733534002": ("complete LBBB", "lbbb"),
    "251120003": ("incomplete LBBB", "incomplete_lbbb"),
    "698252002": ("nonspecific delay", "ivcd"),
    "10370003": ("paced", "paced"),
    "445118002": ("LAFB", "LAFB"),
}
#: Words of LUDB's labels in the order of precedence, and the headline each stands for.
_LUDB = (
    ("ventricular pacing", "paced"),
    ("Biventricular pacing", "paced"),
    ("Complete left bundle", "lbbb"),
    ("Incomplete left bundle", "incomplete_lbbb"),
    ("Complete right bundle", "rbbb"),
    ("Incomplete right bundle", "incomplete_rbbb"),
    ("intravintricular", "ivcd"),
)
_CLEAR = {51: "lbbb", 83: "lbbb", 23: "rbbb", 45: "paced", 93: "paced", 95: "paced", 111: "paced"}
_DEFINITIONS = (
    "lbbb_aha_2009",
    "lbbb_strauss_2011",
    "lbbb_strauss_2011_contiguous",
    "lbbb_esc_2013",
    "lbbb_madit_crt",
    "lbbb_esc_2021",
    "rbbb_aha_2009",
    "incomplete_rbbb_aha_2009",
    "incomplete_lbbb_aha_2009",
    "ivcd_aha_2009",
    "lafb",
    "lpfb",
)


@dataclass(frozen=True, slots=True)
class Labelled:
    """One measured record with its label, the headline that the label stands for, and whether it names LAFB."""

    name: str
    measurement: EcgMeasurement
    label: str
    expected: str
    lafb: bool
    reference_ms: float | None = None
    manual: dict[str, tuple[float, float]] | None = None

    def best(self, definition: str) -> str:
        """Return the outcome of one definition at best values."""
        found = self.measurement.conduction.definition(definition)
        return "absent" if found is None else found.best_estimate


def ludb_records(data: Path) -> Iterator[Labelled]:
    """Measure the odd LUDB records."""
    for number, reference in ludb.references(data).items():
        measurement = ludb.measured(data, number)
        label = " ".join(filter(None, (reference.conduction, reference.pacing)))
        expected = next((headline for words, headline in _LUDB if words in label), "normal")
        onset, end, _ = ludb.lead_medians(ludb.marks(data, number), measurement.clusters[0].times_s)
        manual = {lead: (onset[i], end[i]) for i, lead in enumerate(LEADS)}
        lafb = "Left anterior" in label
        name = f"LUDB {number}"
        yield Labelled(name, measurement, label, expected, lafb, reference.qrs_ms["R2"], manual)


def challenge_records(data: Path) -> Iterator[Labelled]:
    """Measure the records of the PhysioNet Challenge 2021, identical ones once."""
    seen: set[bytes] = set()
    for path in sorted(present(data / "ecg/torch_ecg_samples/sample-data/cinc2021").glob("*.hea")):
        record = resynchro.read_ecg(path)
        if record.signal_mv.tobytes() in seen:
            print(f"{path.stem}: the same samples as an earlier record, left out")
            continue
        seen.add(record.signal_mv.tobytes())
        codes = _codes(path)
        known = [_SNOMED[code] for code in codes if code in _SNOMED]
        expected = next((headline for _, headline in known if headline != "LAFB"), "normal")
        label = ", ".join(text for text, _ in known)
        measurement = resynchro.measure_ecg(record)
        yield Labelled(path.stem, measurement, label, expected, "LAFB" in label)


def _codes(header: Path) -> list[str]:
    lines = [line for line in header.read_text(errors="replace").splitlines() if line.startswith("# Dx:")]
    return lines[0].removeprefix("# Dx:").strip().split(",") if lines else []


def print_definitions(records: list[Labelled]) -> None:
    """Print how many records meet each definition, and which bundle branch blocks they are."""
    rows = []
    for key in _DEFINITIONS:
        met = [r for r in records if r.best(key) == "met"]
        borderline = sum(
            definition.outcome == "borderline"
            for r in records
            if (definition := r.measurement.conduction.definition(key)) is not None
        )
        listed = ", ".join(r.name for r in met) if len(met) <= 15 else f"{len(met)} records"
        rows.append((key, len(met), borderline, listed or "none"))
    print_table(
        ("definition", "met", "borderline within the uncertainty", "which"),
        rows,
        f"Definitions met ({len(records)} records)",
    )


def print_clear_cases(records: list[Labelled]) -> None:
    """Print the cases that must be right."""
    rows = []
    for number, expected in _CLEAR.items():
        r = next(r for r in records if r.name == f"LUDB {number}")
        met = [key for key in _DEFINITIONS if r.best(key) == "met"]
        right = "right" if r.measurement.morphology == expected else "**WRONG**"
        rows.append((r.name, r.label, r.measurement.morphology, right, ", ".join(met) or "not applied: paced"))
    print_table(("record", "label", "headline", "", "definitions met"), rows, "Clear cases")


def disagreements(records: list[Labelled]) -> list[Labelled]:
    """Return the records whose headline differs from the label, or whose hemiblock label is not confirmed."""
    return [r for r in records if r.measurement.morphology != r.expected or r.lafb != (r.best("lafb") == "met")]


def _deciding_numbers(r: Labelled) -> str:
    """Say which criteria of the expected definition fail."""
    definitions = {
        "rbbb": "rbbb_aha_2009",
        "incomplete_rbbb": "incomplete_rbbb_aha_2009",
        "incomplete_lbbb": "incomplete_lbbb_aha_2009",
        "lbbb": "lbbb_esc_2013",
        "ivcd": "ivcd_aha_2009",
    }
    keys = [definitions[r.expected]] if r.measurement.morphology != r.expected and r.expected in definitions else []
    if r.lafb and r.best("lafb") != "met":
        keys.append("lafb")
    failing = []
    for key in keys:
        definition = r.measurement.conduction.definition(key)
        if definition is not None:
            unmet = [c.key for c in definition.criteria if c.required and c.outcome in ("not met", "borderline")]
            failing.append(f"{key}: {', '.join(unmet) or definition.outcome}")
    return "; ".join(failing) or r.measurement.conduction.reason


def print_disagreements(records: list[Labelled]) -> None:
    """Print the table of disagreements and its summary."""
    differing = disagreements(records)
    rows = []
    for r in differing:
        m = r.measurement
        low, high = m.limits.duration_interval_ms
        reference = "–" if r.reference_ms is None else f"{r.reference_ms:.0f}"
        axis = "–" if m.axis_deg is None else f"{m.axis_deg:.0f}"
        v1 = m.waves[LEADS.index("V1")].label
        rows.append(
            (
                r.name,
                r.label or "none",
                m.morphology,
                f"{m.qrs_ms:.0f} ({low:.0f} to {high:.0f})",
                reference,
                axis,
                v1,
                _deciding_numbers(r),
            )
        )
    headings = ("record", "label", "headline", "QRS ms", "R2", "axis", "V1", "what decides")
    print_table(headings, rows, f"Disagreements ({len(differing)} of {len(records)})")
    pairs = Counter((r.expected, r.measurement.morphology) for r in records)
    print_table(
        ("label stands for", "headline", "records"),
        [(*pair, n) for pair, n in sorted(pairs.items())],
        "Labels and headlines",
    )


def main() -> None:
    """Judge, print, draw."""
    parser = arguments(__doc__)
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="write a picture of every disagreement")
    given = parser.parse_args()
    records = [*ludb_records(given.data), *challenge_records(given.data)]
    print_definitions(records)
    print_clear_cases(records)
    print_disagreements(records)
    if given.pictures:
        given.pictures.mkdir(parents=True, exist_ok=True)
        for r in disagreements(records):
            reference = "" if r.reference_ms is None else f", R2 {r.reference_ms:.0f} ms"
            title = f"{r.name}, label: {r.label or 'none'}{reference}"
            write_beat_picture(r.measurement, given.pictures / f"{r.name.replace(' ', '_')}.png", title, r.manual)


if __name__ == "__main__":
    main()
