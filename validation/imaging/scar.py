"""Late enhancement: every threshold rule against an expert's labels, the gate, transmurality on phantoms.

The ten cases of EMIDEC (odd numbers below 22, with infarction) for which image and labels are at hand, as 8-bit
pictures without spacing; every slice was stretched by itself. No healthy heart with images is at hand: slices that the
expert called free of scar, and phantoms, stand in.

    python validation/imaging/scar.py [--data DIR]
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.image import imread

from resynchro.errors import InputError
from resynchro.imaging.scar import scar_rules
from resynchro.imaging.scar.scar_measurement import ScarMeasurement, measure_scar, scar_from_labels
from resynchro.imaging.scar.scar_phantom import ScarPatch, scar_phantom
from resynchro.imaging.scar.scar_thresholds import SCAR_RULES
from resynchro.record.slices import (
    LABEL_CONVENTIONS,
    CineSlice,
    CineStack,
    LabelSlice,
    LabelStack,
    SliceGeometry,
)

_BESIDE_CHECKOUT = Path(__file__).resolve().parents[3] / "shared" / "data"
Case = tuple[CineStack, LabelStack]


def grey(file: Path) -> np.ndarray:
    """Return the grey levels 0 to 255 of a picture."""
    return np.rint(255.0 * np.atleast_3d(imread(file))[..., 0])


def read_case(folder: Path, name: str) -> Case:
    """Return images and labels of one case; pixels count as 1 mm, slices as 10 mm apart."""
    images, labels = [], []
    for number, file in enumerate(sorted((folder / "labels").glob(f"Case_{name}_*.png"))):
        geometry = SliceGeometry(
            origin_mm=np.array([0.0, 0.0, 10.0 * number]),
            column_direction=np.array([1.0, 0.0, 0.0]),
            row_direction=np.array([0.0, 1.0, 0.0]),
            row_spacing_mm=1.0,
            column_spacing_mm=1.0,
        )
        frames = grey(folder / "images" / file.name).astype(np.float32)[None]
        images.append(CineSlice(geometry=geometry, frames=frames, time_s=np.zeros(1), rr_s=None, covers_cycle=True))
        labels.append(LabelSlice(geometry=geometry, labels=grey(file).astype(np.uint8)[None]))
    return (
        CineStack(slices=tuple(images), plane="SAX", file=name, format="PNG", sha256=""),
        LabelStack(slices=tuple(labels), convention=LABEL_CONVENTIONS["emidec"], file=name, sha256=""),
    )


def print_table(headings: list[str], rows: list[list[object]], title: str) -> None:
    """Print a markdown table."""
    print(f"\n### {title}\n\n| " + " | ".join(headings) + " |\n|" + "---|" * len(headings))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")


def agreement(cases: dict[str, Case], scales: str) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Return per rule: (own, expert) share of the wall per patient, Dice per patient, the shares per slice."""
    found: dict[str, tuple[list, list, list]] = {}
    for images, labels in cases.values():
        expert = scar_from_labels(labels)
        for rule in SCAR_RULES:
            if rule == "fwhm_raw":
                continue
            try:
                ours = measure_scar(images, labels, rule=rule, scales=scales)  # type: ignore[arg-type]
            except InputError as error:
                print(f"\n{labels.file}: {error}")
                continue
            shares, dices, slices = found.setdefault(rule, ([], [], []))
            shares.append((ours.scar_map.scar_pct_lvm, expert.scar_map.scar_pct_lvm))
            dices.append(dice(ours, expert))
            slices += [
                (100.0 * a.scar.sum() / a.masked.wall.sum(), 100.0 * b.scar.sum() / b.masked.wall.sum())
                for a, b in zip(ours.slices, expert.slices, strict=True)
            ]
    return {rule: tuple(np.array(part) for part in parts) for rule, parts in found.items()}  # type: ignore[misc]


def dice(one: ScarMeasurement, other: ScarMeasurement) -> float:
    """Return the overlap of two scars over all slices of a patient."""
    both = sum(int((a.scar & b.scar).sum()) for a, b in zip(one.slices, other.slices, strict=True))
    total = sum(int(a.scar.sum()) + int(b.scar.sum()) for a, b in zip(one.slices, other.slices, strict=True))
    return 2.0 * both / max(total, 1)


def print_agreement(cases: dict[str, Case], scales: str, title: str) -> None:
    """Print bias, SD, correlation and overlap of every rule."""
    rows = []
    for rule, (shares, dices, slices) in agreement(cases, scales).items():
        difference, by_slice = shares[:, 0] - shares[:, 1], slices[:, 0] - slices[:, 1]
        rows.append(
            [
                rule,
                f"{difference.mean():+.1f}",
                f"{difference.std(ddof=1):.1f}",
                f"{np.corrcoef(shares.T)[0, 1]:.2f}",
                f"{dices.mean():.2f}",
                f"{dices.min():.2f}",
                f"{by_slice.mean():+.1f}",
                f"{by_slice.std(ddof=1):.1f}",
                f"{np.corrcoef(slices.T)[0, 1]:.2f}",
            ]
        )
    headings = ["rule", "bias", "SD", "r", "Dice", "least Dice", "bias, slices", "SD, slices", "r, slices"]
    print_table(headings, rows, title)


def print_patients(cases: dict[str, Case]) -> None:
    """Print the default rule against the expert, patient by patient, with transmurality."""
    rows, sectors = [], []
    for name, (images, labels) in cases.items():
        # the insertion is not known: the angle only cuts the ring into six equal sectors, the same for both
        ours = measure_scar(images, labels, anterior_insertion=120.0)
        expert = scar_from_labels(labels, anterior_insertion=120.0)
        pairs = [
            (ours.scar_map.segments[k].transmurality_mean_pct, expert.scar_map.segments[k].transmurality_mean_pct)
            for k in ours.scar_map.segments
        ]
        sectors += pairs
        gate = ours.gate
        rows.append(
            [
                name,
                len(ours.slices),
                f"{expert.scar_map.scar_pct_lvm:.1f}",
                f"{ours.scar_map.scar_pct_lvm:.1f}",
                f"{dice(ours, expert):.2f}",
                f"{gate.island_pct:.1f}" if gate else "",
                ours.scales,
                "refused" if "fwhm_raw" in ours.refused else "GIVEN",
                f"{np.mean([abs(a - b) for a, b in pairs]):.1f}",
            ]
        )
    headings = ["case", "slices", "expert %", "fwhm_remote %", "Dice", "gate %", "scales", "fwhm_raw", "sector error %"]
    print_table(headings, rows, "Patient by patient, default rule")
    both = np.array(sectors)
    error = both[:, 0] - both[:, 1]
    agree = np.mean((both[:, 0] > 50.0) == (both[:, 1] > 50.0))
    print(
        f"\nTransmurality of {len(both)} sectors: bias {error.mean():+.1f}, SD {error.std(ddof=1):.1f}, mean error "
        f"{np.abs(error).mean():.1f} %, r {np.corrcoef(both.T)[0, 1]:.2f}; same side of 50 %: {100 * agree:.0f} %, of "
        f"{int((both[:, 1] > 50).sum())} transmural ones {int(((both > 50).all(axis=1)).sum())} found, "
        f"{int(((both[:, 0] > 50) & (both[:, 1] <= 50)).sum())} false"
    )


def print_islands(cases: dict[str, Case]) -> None:
    """Print what the smallest island that stays changes."""
    rows = []
    kept = scar_rules.LEAST_ISLAND
    for least in (0.0, 0.01, 0.02, 0.03):
        scar_rules.LEAST_ISLAND = least
        pairs = [(measure_scar(*case), scar_from_labels(case[1])) for case in cases.values()]
        shares = np.array([(a.scar_map.scar_pct_lvm, b.scar_map.scar_pct_lvm) for a, b in pairs])
        rows.append(
            [
                f"{100 * least:.0f}",
                f"{(shares[:, 0] - shares[:, 1]).mean():+.1f}",
                f"{np.corrcoef(shares.T)[0, 1]:.2f}",
                f"{np.mean([dice(a, b) for a, b in pairs]):.2f}",
            ]
        )
    scar_rules.LEAST_ISLAND = kept
    print_table(["islands below [% of the slice]", "bias", "r", "Dice"], rows, "Islands, default rule")


def print_free_slices(cases: dict[str, Case]) -> None:
    """Print gate and false scar in slices that the expert called free of scar, measured as patients of their own."""
    rows = []
    for name, (images, labels) in cases.items():
        free = [not item.scar.any() for item in scar_from_labels(labels).slices]
        shares = measure_scar(images, labels).gate
        pairs = [a + b for (a, x), (b, y) in pairwise(zip(shares.slices_pct, free, strict=True)) if x and y]  # type: ignore[union-attr]
        runs = [index for index, value in enumerate(free) if value]
        if not pairs:
            continue
        alone = measure_scar(
            dataclasses.replace(images, slices=tuple(images.slices[k] for k in runs)),
            dataclasses.replace(labels, slices=tuple(labels.slices[k] for k in runs)),
        )
        by_rule = alone.scar_map.by_rule_pct_lvm
        rows.append(
            [
                name,
                ", ".join(str(k + 1) for k in runs),
                f"{max(pairs):.1f}",
                f"{alone.gate.island_pct:.1f}",  # type: ignore[union-attr]
                "scar" if alone.scar_map.scar_present else "none",
                *(f"{by_rule[rule]:.0f}" for rule in ("nsd2", "nsd5", "fwhm_remote", "otsu", "blood60")),
            ]
        )
    headings = ["case", "free slices", "gate in the patient %", "gate alone %", "verdict alone"]
    headings += ["nsd2 %", "nsd5 %", "fwhm_remote %", "otsu %", "blood60 %"]
    print_table(headings, rows, "Slices without scar: gate, and false scar before the gate")


def print_phantoms() -> None:
    """Print healthy phantoms, the smallest scars that pass the gate, and transmurality."""
    rows = []
    for noise in (0.04, 0.1, 0.2, 0.3):
        results = [
            measure_scar(phantom.images, phantom.labels)
            for seed in range(5)
            for phantom in [scar_phantom(rng=np.random.default_rng(seed), noise_sd=noise, phase_sensitive=True)]
        ]
        rows.append(
            [
                f"{0.7 / noise:.1f}",
                f"{max(item.gate.island_pct for item in results):.1f}",  # type: ignore[union-attr]
                f"{sum(bool(item.scar_map.scar_present) for item in results)} of {len(results)}",
                *(
                    f"{np.mean([item.scar_map.by_rule_pct_lvm[rule] for item in results]):.1f}"
                    for rule in ("nsd2", "nsd5", "fwhm_remote", "otsu")
                ),
            ]
        )
    headings = ["blood-remote contrast / noise", "largest gate %", "called scar", "nsd2 %", "nsd5 %", "fwhm_remote %"]
    print_table([*headings, "otsu %"], rows, "Healthy phantoms (five each)")
    rows = []
    for depth in (25.0, 50.0, 75.0, 100.0):
        row: list[object] = [f"{depth:.0f}"]
        for width in (20.0, 40.0, 60.0):
            patch = ScarPatch(centre_deg=330.0, width_deg=width, transmurality_pct=depth, slices=(3, 4, 5))
            phantom = scar_phantom([patch], rng=np.random.default_rng(0), noise_sd=0.06)
            found = measure_scar(phantom.images, phantom.labels)
            truth = scar_from_labels(phantom.labels).scar_map.scar_pct_lvm
            verdict = "found" if found.scar_map.scar_present else "missed"
            row.append(f"{truth:.1f} %: {verdict} ({found.gate.island_pct:.1f})")  # type: ignore[union-attr]
        rows.append(row)
    print_table(["depth %", "20 degrees", "40 degrees", "60 degrees"], rows, "Scar in three of six slices: gate")
    rows = []
    for depth in (25.0, 50.0, 75.0, 100.0):
        errors, extents = [], []
        for seed in range(8):
            patch = ScarPatch(centre_deg=330.0, width_deg=60.0, transmurality_pct=depth)
            phantom = scar_phantom(
                [patch], rng=np.random.default_rng(seed), noise_sd=0.06, rotation_deg=45.0 * seed + 7
            )
            found = measure_scar(
                phantom.images, phantom.labels, anterior_insertion=127.0 + 45.0 * seed - 360.0
            ).scar_map
            if found.scar_present:
                errors += [found.segments[k].transmurality_mean_pct - depth for k in (5, 11)]
                extents.append(
                    (found.scar_pct_lvm or 0.0) - (scar_from_labels(phantom.labels).scar_map.scar_pct_lvm or 0.0)
                )
        rows.append(
            [
                f"{depth:.0f}",
                len(errors),
                f"{np.mean(errors):+.1f}",
                f"{np.max(np.abs(errors)):.1f}",
                f"{np.mean(extents):+.2f}",
            ]
            if errors
            else [f"{depth:.0f}", 0, "below the gate", "", ""]
        )
    headings = [
        "true depth %",
        "segments",
        "bias of the mean %",
        "largest error %",
        "bias of the extent, % of the wall",
    ]
    print_table(headings, rows, "Transmurality of segments 5 and 11, hearts turned in steps of 45 degrees")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(os.environ.get("RESYNCHRO_SHARED_DATA", _BESIDE_CHECKOUT))
    parser.add_argument("--data", type=Path, default=default, metavar="DIR", help="folder of the real data")
    folder = parser.parse_args().data / "mri" / "emidec_png"
    if not folder.exists():
        sys.exit(f"{folder} is not there: give the folder of the real data with --data")
    names = sorted({file.name[5:9] for file in (folder / "images").glob("Case_*.png")})
    cases = {name: read_case(folder, name) for name in names}
    print(f"{len(cases)} cases, {sum(len(labels.slices) for _, labels in cases.values())} slices")
    print_patients(cases)
    print_agreement(cases, "auto", "Rules, slices matched to one scale (the default for such pictures)")
    print_agreement(cases, "each", "Rules, every slice by itself")
    print_islands(cases)
    print_free_slices(cases)
    print_phantoms()


if __name__ == "__main__":
    main()
