"""How well the twin is recovered: virtual patients with known truth, and real ECGs of LUDB.

    python validation/electrics/twin_fit.py virtual [--patients 50] [--first 0] [--anatomy known|template]
    python validation/electrics/twin_fit.py real [--records 51 83 ...] [--data DIR]

A virtual patient is drawn from the priors of the fit: anatomy, velocities, roots, releases, pose, body, electrodes,
amplitudes. Its QRS is made on a mesh of 2 mm, with noise of 0.025 mV, and fitted on a mesh of 4 mm.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "ecg"))
from shared_data import arguments, present, print_table

import resynchro
from resynchro.electrics.activation_indices import activation_indices, segment_activation
from resynchro.electrics.activation_weights import activation_weights
from resynchro.electrics.equivalent_electrodes import equivalent_electrodes
from resynchro.electrics.fit_data import MeasuredQrs, measured_qrs
from resynchro.electrics.fit_model import FitModel
from resynchro.electrics.fit_roots import hypotheses
from resynchro.electrics.heart_of_fit import HeartOfFit
from resynchro.electrics.torso import template_torso
from resynchro.electrics.twin import TwinFit
from resynchro.electrics.twin_fit import fit_twin
from resynchro.errors import InputError
from resynchro.heart.heart import Heart
from resynchro.heart.template import template_heart
from resynchro.heart.template_parameters import PRESETS, TemplateParameters

NOISE_MV = 0.025
TRUE_EDGE_MM, FIT_EDGE_MM = 2.0, 3.5
#: Kinds of beat of the virtual patients, in turn.
RHYTHMS = ("lbbb", "normal", "lbbb", "rv_paced", "lbbb", "rbbb", "lbbb", "normal", "rv_paced", "biventricular")
#: Real records: those looked at while the model was made, and those held back until it was done.
USED = {51: "lbbb", 83: "lbbb"}
HELD_BACK = {23: "rbbb", 45: "rv_paced", 95: "rv_paced", 111: "rv_paced", 93: "biventricular"}
NARROW = (1, 3, 15, 21, 25)
INDEPENDENT = [0, 1, 6, 7, 8, 9, 10, 11]


def drawn_size(rng: np.random.Generator) -> TemplateParameters:
    """Draw an adult LV of 90 to 350 mL with walls of 7 to 11 mm."""
    volume = float(np.clip(180.0 * np.exp(0.35 * rng.standard_normal()), 90.0, 350.0))
    length = 85.0 * (volume / 130.0) ** 0.28 * float(np.exp(0.04 * rng.standard_normal()))
    wall = float(np.clip(8.5 + 0.8 * rng.standard_normal(), 7.0, 11.0))
    return replace(
        PRESETS["normal"],
        lv_edv_ml=volume,
        lv_length_mm=length,
        septal_wall_mm=wall + 0.5,
        anterior_wall_mm=wall,
        lateral_wall_mm=wall,
        inferior_wall_mm=wall,
        rv_edv_ml=float(np.clip(0.75 * volume, 80.0, 200.0)),
    )


def virtual_patient(number: int) -> tuple[TemplateParameters, str, FitModel, np.ndarray, MeasuredQrs, np.ndarray]:
    """Return size, kind of beat, true model, true scores, noisy QRS and true activation of a virtual patient."""
    rng = np.random.default_rng([20, number])
    rhythm = RHYTHMS[number % len(RHYTHMS)]
    size = drawn_size(rng)
    prepared = HeartOfFit(known(template_heart(size, edge_mm=TRUE_EDGE_MM)))
    torso = template_torso(prepared.centre_mm)
    electrodes = equivalent_electrodes(torso, prepared.heart.mesh.points_mm)
    tried = hypotheses(rhythm)
    hypothesis = tried[int(rng.integers(len(tried)))]
    while True:
        model = FitModel(prepared, hypothesis, electrodes, start_ms=-10.0, end_ms=400.0, heart_known=True)
        scores = rng.standard_normal(len(model.parameters))
        try:
            times = model.predict(scores, derivatives=False).times_ms
        except InputError:
            continue
        last = float(np.ceil(times[np.isfinite(times)].max()))
        model = FitModel(prepared, hypothesis, electrodes, start_ms=-10.0, end_ms=last + 10.0, heart_known=True)
        clean = model.predict(scores, derivatives=False).qrs_mv
        break
    noisy = clean + NOISE_MV * rng.standard_normal(clean.shape)
    measured = MeasuredQrs(signal_mv=noisy, start_ms=-10.0, qrs_ms=last, noise_mv=np.full(8, NOISE_MV))
    return size, rhythm, model, scores, measured, times


def known(heart: Heart) -> Heart:
    """Return a heart whose geometry counts as the patient's."""
    return replace(heart, geometry_source="volumes")


def virtual(first: int, patients: int, anatomy: str, members: int, save: Path | None) -> None:
    """Fit virtual patients and print coverage, errors and what is not identified."""
    hits: dict[str, list[tuple[bool, float, float, float]]] = {}
    qualities = []
    for number in range(first, first + patients):
        started = time.process_time()
        size, rhythm, model, scores, measured, times = virtual_patient(number)
        if anatomy == "known":
            heart: Heart | list[Heart] = known(template_heart(size, edge_mm=FIT_EDGE_MM))
        else:
            heart = [template_heart(preset, edge_mm=FIT_EDGE_MM) for preset in ("normal", "dilated")]
        twin = fit_twin(heart, measured, rhythm=rhythm, members=members, seed=number, st_part=0.0)
        true_values = dict(zip((p.name for p in model.parameters), model.values(scores), strict=True))
        for parameter in twin.parameters:
            truth = true_values.get(parameter.name)
            if truth is not None:
                log = parameter.prior_low > 0.0 and parameter.unit in ("m/s", "")
                error = np.log(parameter.median / truth) if log else parameter.median - truth
                hits.setdefault(parameter.name, []).append(
                    (bool(parameter.low <= truth <= parameter.high), float(error), parameter.narrowed, float(truth))
                )
        for name, value in true_indices(model.heart.heart, times).items():
            found = twin.indices[name]
            hits.setdefault(name, []).append(
                (bool(found.low <= value <= found.high), found.median - value, float("nan"), value)
            )
        qualities.append(twin.quality)
        seconds = time.process_time() - started
        inside = np.mean([entries[-1][0] for entries in hits.values() if entries])
        print(
            f"{number} {rhythm} {twin.quality.verdict} r {twin.quality.mean_correlation:.3f} error "
            f"{twin.quality.relative_error:.3f} model error {twin.discrepancy:.3f} covered {inside:.2f}, "
            f"{seconds:.0f} s CPU",
            flush=True,
        )
    if save is not None:
        save.write_text(json.dumps({"hits": hits, "qualities": [(q.verdict, q.mean_correlation) for q in qualities]}))
    report_virtual(hits, [(q.verdict, q.mean_correlation) for q in qualities])


def true_indices(heart: Heart, times: np.ndarray) -> dict[str, float]:
    """Return the derived numbers of the truth."""
    weights = activation_weights(heart)
    _, sums = segment_activation(times, weights)
    numbers = activation_indices(times, weights, sums)
    return {name: getattr(numbers, name) for name in ("total_ms", "lv_ms", "lv95_ms", "vv_ms", "epicardial_vv_ms")}


def report_virtual(hits: dict[str, list[tuple[bool, float, float, float]]], qualities: list) -> None:
    """Print one line per parameter and one for groups of them."""
    rows = []
    for name, entries in hits.items():
        inside, error, narrowed, _ = (np.array(column, dtype=float) for column in zip(*entries, strict=True))
        rows.append(
            (
                name,
                len(entries),
                f"{100 * inside.mean():.0f}",
                f"{np.median(error):+.3g}",
                f"{np.median(np.abs(error)):.3g}",
                f"{np.sqrt((error**2).mean()):.3g}",
                "" if np.isnan(narrowed).all() else f"{np.median(narrowed):.2f}",
            )
        )
    print_table(
        ("what", "n", "covered %", "median error", "median |error|", "RMS error", "posterior/prior width"), rows
    )
    derived = ("total_ms", "lv_ms", "lv95_ms", "vv_ms", "epicardial_vv_ms")
    groups = {
        "velocities": [n for n in hits if "m_per_s" in n or n == "septal_velocity_factor"],
        "times": [n for n in hits if n.endswith("release_ms") or n == "onset_ms"],
        "places": [n for n in hits if n.endswith(("basal_mm", "around_mm"))],
        "pose, body, electrodes, amplitudes": [
            n
            for n in hits
            if ("_mm" in n or "_rad" in n or "factor" in n)
            and not n.endswith(("basal_mm", "around_mm"))
            and n != "septal_velocity_factor"
        ],
        "derived numbers": [n for n in hits if n in derived],
    }
    rows = [
        (word, sum(len(hits[n]) for n in names), f"{100 * np.mean([e[0] for n in names for e in hits[n]]):.1f}")
        for word, names in groups.items()
        if names
    ]
    everything = [e[0] for n, entries in hits.items() if n not in derived for e in entries]
    rows.append(("all parameters", len(everything), f"{100 * np.mean(everything):.1f}"))
    print_table(("group", "n", "covered %"), rows, "Coverage of 90 % intervals")
    good = sum(verdict == "good" for verdict, _ in qualities)
    print(f"\n{good} of {len(qualities)} fits good; median r {np.median([r for _, r in qualities]):.4f}")


def joined(files: list[Path]) -> None:
    """Print the tables of several saved parts together."""
    hits: dict[str, list[tuple[bool, float, float, float]]] = {}
    qualities = []
    for file in files:
        part = json.loads(file.read_text())
        qualities += part["qualities"]
        for name, entries in part["hits"].items():
            hits.setdefault(name, []).extend(tuple(entry) for entry in entries)
    report_virtual(hits, qualities)


def real(data: Path, numbers: list[int], members: int) -> None:
    """Fit real ECGs on the generic torso and print correlations."""
    kinds = USED | HELD_BACK | dict.fromkeys(NARROW, "normal")
    folder = present(data / "ecg" / "ludb" / "data")
    hearts = [template_heart(size, edge_mm=FIT_EDGE_MM) for size in ("normal", "dilated")]
    rows = []
    for number in numbers or list(kinds):
        measurement = resynchro.measure_ecg(resynchro.read_ecg(folder / f"{number}.hea", uv_per_count=1))
        started = time.process_time()
        twin: TwinFit = fit_twin(
            hearts, measured_qrs(measurement), rhythm=kinds[number], sex=measurement.sex, members=members
        )
        quality, delay = twin.quality, twin.indices["vv_ms"]
        rows.append(
            (
                number,
                kinds[number],
                "used" if number in USED else "held back",
                f"{measurement.qrs_ms:.0f}",
                *(f"{quality.correlation[k]:.2f}" for k in INDEPENDENT),
                f"{quality.mean_correlation:.3f}",
                f"{quality.relative_error:.2f}",
                quality.verdict,
                f"{twin.indices['total_ms'].median:.0f}",
                f"{delay.median:.0f} ({delay.low:.0f} to {delay.high:.0f})",
                f"{time.process_time() - started:.0f}",
            )
        )
        print(*rows[-1], flush=True)
    print_table(
        (
            "record", "beat", "", "QRS ms", "I", "II", "V1", "V2", "V3", "V4", "V5", "V6", "mean r", "error",
            "verdict", "total ms", "LV-RV ms", "CPU s",
        ),
        rows,
    )  # fmt: skip


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("part", choices=("virtual", "real", "join"))
    parser.add_argument("--patients", type=int, default=50)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--anatomy", choices=("known", "template"), default="known")
    parser.add_argument("--members", type=int, default=40)
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the raw results of this part, for join")
    parser.add_argument("--files", type=Path, nargs="*", default=[], help="saved parts")
    parser.add_argument("--records", type=int, nargs="*", default=[])
    given = parser.parse_args()
    if given.part == "virtual":
        virtual(given.first, given.patients, given.anatomy, given.members, given.save)
    elif given.part == "join":
        joined(given.files)
    else:
        real(given.data, given.records, given.members)
