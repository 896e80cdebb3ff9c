"""Measure the body-surface ECG: exact solutions, another group's ECG, the bounded torso, speed.

Run with the folder of the real data beside the checkout or in RESYNCHRO_SHARED_DATA; without it the comparison with
another group's heart is left out. Prints the tables of ``body_surface_ecg.md``.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import permutations
from pathlib import Path

import numpy as np
from crtdemo_files import CrtDemo, read_crtdemo
from scipy.special import ndtr

from resynchro.electrics.body_surface_ecg import qrs_gradient, qrs_mv, qrs_tangent, sample_times_ms, twelve_leads_mv
from resynchro.electrics.conduction import conduction
from resynchro.electrics.electrical_heart import electrical_heart
from resynchro.electrics.electrodes import Electrodes, lead_matrix
from resynchro.electrics.lead_field import (
    independent_lead_weights,
    intracellular_stiffness,
    node_weights,
    unbounded_lead_field_kohm,
    weight_derivatives,
)
from resynchro.electrics.programme import Programme
from resynchro.electrics.simulated_ecg import measured_qrs
from resynchro.electrics.simulation import simulate
from resynchro.electrics.tissue_conductivity import Conductivities
from resynchro.electrics.torso import heart_centre_mm, template_torso
from resynchro.electrics.torso_lead_field import torso_lead_field
from resynchro.electrics.torso_mesh import ball_mesh, torso_mesh
from resynchro.heart.mesh import HeartMesh
from resynchro.heart.template import template_heart
from resynchro.record.ecg import LEADS

_BESIDE_CHECKOUT = Path(__file__).resolve().parents[3] / "shared" / "data"
ISOTROPIC = Conductivities(intracellular_fibre_s_per_m=0.3, intracellular_cross_s_per_m=0.3, body_s_per_m=0.2)
#: Standard deviation of the logistic step tanh(t / 1 ms) that the authors of crtdemo use: pi / (2 sqrt(3)) ms.
CRTDEMO_UPSTROKE_SD_MS = 0.907


def table(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a markdown table."""
    print(f"\n### {title}\n\n| " + " | ".join(headings) + " |\n|" + "---|" * len(headings))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")


def block(size_mm: tuple[float, float, float], edge_mm: float) -> HeartMesh:
    """Return a block of muscle from (0, -b/2, -c/2) to (a, b/2, c/2), six tetrahedra to a cube."""
    counts = [round(length / edge_mm) for length in size_mm]
    axes = [np.linspace(0.0, length, count + 1) for length, count in zip(size_mm, counts, strict=True)]
    points_mm = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    points_mm[:, 1:] -= np.array(size_mm[1:]) / 2.0
    number = np.arange(len(points_mm)).reshape([count + 1 for count in counts])
    cells = []
    for order in permutations(range(3)):
        corner = np.zeros((4, 3), dtype=int)
        for step, axis in enumerate(order):
            corner[step + 1 :, axis] += 1
        if np.linalg.det(corner[1:] - corner[0]) < 0:
            corner[[1, 2]] = corner[[2, 1]]
        parts = [
            number[tuple(slice(s, n - 1 + s) for s, n in zip(at, number.shape, strict=True))].ravel() for at in corner
        ]
        cells.append(np.stack(parts, axis=1))
    none = np.zeros((0, 3), dtype=np.int32)
    tetrahedra = np.concatenate(cells).astype(np.int32)
    return HeartMesh(
        points_mm=points_mm, tetrahedra=tetrahedra, lv_endocardium=none, rv_endocardium=none, epicardium=none, base=none
    )


def along_x(mesh: HeartMesh) -> np.ndarray:
    """Return the x direction for each tetrahedron."""
    return np.tile([1.0, 0.0, 0.0], (len(mesh.tetrahedra), 1))


def electrodes_at(*positions_mm: tuple[float, float, float]) -> Electrodes:
    """Return nine electrodes, the last place repeated."""
    places = list(positions_mm) + [positions_mm[-1]] * (9 - len(positions_mm))
    return Electrodes(positions_mm=np.array(places))


def milliseconds(work: Callable[[], object], repeats: int = 15) -> float:
    """Return the median time of a piece of work [ms]."""
    work()
    taken = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        taken.append(1000.0 * (time.perf_counter() - begin))
    return float(np.median(taken))


def correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the correlation of each lead."""
    return np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(first, second, strict=True)])


def exact_fronts() -> None:
    """Compare a plane and a closed front with the exact fields."""
    rows = []
    for edge_mm in (2.0, 1.0):
        mesh = block((40.0, 30.0, 30.0), edge_mm)
        weights = node_weights(
            mesh, along_x(mesh), electrodes_at((60.0, 0.0, 0.0), (100.0, 0.0, 0.0)), conductivities=ISOTROPIC
        )
        signal = qrs_mv(
            mesh.points_mm[:, 0] / 0.5, weights, start_ms=36.0, end_ms=37.0, step_ms=0.5, upstroke_sd_ms=0.25
        )[:2, 0]
        for at_mm, exact, made in zip((60, 100), (5.4128, 1.54624), signal, strict=True):
            rows.append((edge_mm, at_mm, exact, f"{made:.5f}", f"{100.0 * (made / exact - 1.0):+.3f} %"))
    table(
        "Plane front at x = 18 mm (solid angle)",
        ("edge [mm]", "electrode at x [mm]", "exact [mV]", "computed [mV]", "error"),
        rows,
    )
    rows = []
    for edge_mm in (2.0, 1.0):
        mesh = block((40.0, 30.0, 30.0), edge_mm)
        weights = node_weights(
            mesh, along_x(mesh), electrodes_at((100.0, 0.0, 0.0), (60.0, 20.0, 10.0)), conductivities=ISOTROPIC
        )
        times_ms = np.linalg.norm(mesh.points_mm - [20.0, 0.0, 0.0], axis=1) / 0.5
        signal = np.abs(qrs_mv(times_ms, weights, start_ms=-5.0, end_ms=90.0)[:2])
        for place, lead in zip(("(100, 0, 0)", "(60, 20, 10)"), signal, strict=True):
            rows.append((edge_mm, place, f"{lead[:27].max():.1e}", f"{lead.max():.3f}"))
    table(
        "Closed spherical front (breaks through at 30 ms)",
        ("edge [mm]", "electrode [mm]", "largest before 22 ms [mV]", "largest after [mV]"),
        rows,
    )


def histogram() -> None:
    """Compare the histogram with the sum over nodes, and its derivatives with differences."""
    rng = np.random.default_rng(0)
    times_ms = np.sort(rng.uniform(5.0, 120.0, 20000))
    smooth = np.stack([np.cos(times_ms / (9.0 + 4.0 * k)) for k in range(8)])
    smooth -= smooth.mean(axis=1, keepdims=True)
    whole = np.round(times_ms)
    rows = []
    for name, at_ms, weights in (("smooth wave", times_ms, smooth), ("plane fronts filling whole bins", whole, smooth)):
        for step_ms, sd_ms in ((1.0, 1.5), (1.0, 1.0), (0.5, 1.5)):
            sample_ms = sample_times_ms(0.0, 140.0, step_ms=step_ms)
            exact = weights @ ndtr((sample_ms[None] - at_ms[:, None]) / sd_ms)
            made = qrs_mv(at_ms, weights, start_ms=0.0, end_ms=140.0, step_ms=step_ms, upstroke_sd_ms=sd_ms)
            rows.append((name, step_ms, sd_ms, f"{100.0 * np.abs(made - exact).max() / np.abs(exact).max():.4f} %"))
    table("Histogram against the sum over nodes", ("weights", "step [ms]", "sd [ms]", "largest error"), rows)

    window = {"start_ms": 0.0, "end_ms": 140.0}
    residual = rng.normal(size=(8, 141))
    direction = np.where(np.abs(times_ms % 1.0 - 0.5) < 0.49, rng.normal(size=times_ms.size), 0.0)
    step = 1e-3
    later, before = (qrs_mv(times_ms + s * direction, smooth, **window) for s in (step, -step))
    difference = float(((later - before) * residual).sum() / (2.0 * step))
    by_gradient = float(qrs_gradient(times_ms, smooth, residual, **window) @ direction)
    by_tangent = float((qrs_tangent(times_ms, smooth, direction[None], **window)[0] * residual).sum())
    table(
        "Derivatives of the QRS along a random direction",
        ("by differences", "gradient", "tangent", "relative error of the gradient"),
        [(f"{difference:.9g}", f"{by_gradient:.9g}", f"{by_tangent:.9g}", f"{abs(by_gradient / difference - 1):.1e}")],
    )


def crtdemo(demo: CrtDemo) -> None:
    """Make the ECG of another group's heart from its own activation and compare it with theirs."""
    rows = []
    made: dict[str, np.ndarray] = {}
    for name, along, across in (
        ("0.3 / 0.03 S/m, as its authors", 0.3, 0.03),
        ("0.1 / 0.04 S/m, our default", 0.1, 0.04),
    ):
        conductivities = Conductivities(
            intracellular_fibre_s_per_m=along, intracellular_cross_s_per_m=across, body_s_per_m=0.2
        )
        weights = lead_matrix() @ node_weights(demo.mesh, demo.fibre, demo.electrodes, conductivities=conductivities)
        first_ms = float(demo.times_ms.min())
        made[name] = qrs_mv(
            demo.times_ms - first_ms, weights, start_ms=-5.0, end_ms=200.0, upstroke_sd_ms=CRTDEMO_UPSTROKE_SD_MS
        )
        rows.append((name, *(f"{r:.5f}" for r in correlations(made[name], -demo.ecg))))
    table("crtdemo: correlation with its own 12-lead ECG, turned upside down", ("conductivities", *LEADS), rows)
    ours, theirs = next(iter(made.values())), -demo.ecg
    # Theirs: 1 / r without 1 / (4 pi sigma_b) and mS/cm for S/m.
    factor = 10.0 * 4.0 * np.pi * 0.2
    print(f"\nOurs times 10 x 4 pi x 0.2 over theirs: {float((ours * theirs).sum() / (theirs**2).sum()) * factor:.5f}")


def sphere() -> None:
    """Compare the bounded lead field with the exact one of an insulated ball."""
    radius_mm, sigma = 100.0, 0.2
    rng = np.random.default_rng(0)
    direction = rng.normal(size=(9, 3))
    electrodes = Electrodes(positions_mm=radius_mm * direction / np.linalg.norm(direction, axis=1)[:, None])
    points = rng.normal(size=(400, 3))
    points *= 60.0 * (rng.uniform(size=400) ** (1 / 3) / np.linalg.norm(points, axis=1))[:, None]
    distance = np.linalg.norm(points[:, None] - electrodes.positions_mm[None], axis=2)
    along = points @ (electrodes.positions_mm / radius_mm).T
    logarithm = np.log((radius_mm - along + distance) / (2.0 * radius_mm)) / radius_mm
    exact = (2.0 / distance - logarithm) / (4.0 * np.pi * sigma) @ lead_matrix().T
    rows, before = [], None
    for rings in (5, 7, 10, 14):
        field = torso_lead_field(ball_mesh(radius_mm, rings=rings), electrodes, body_s_per_m=sigma)
        error = float(np.linalg.norm(field.at(points) @ lead_matrix().T - exact) / np.linalg.norm(exact))
        order = "" if before is None else f"{np.log(before[1] / error) / np.log(rings / before[0]):.2f}"
        rows.append((f"{radius_mm / rings:.1f}", len(field.mesh.points_mm), f"{100.0 * error:.2f} %", order))
        before = (rings, error)
    table(
        "Insulated ball of 100 mm, points up to 60 mm from its centre", ("edge [mm]", "nodes", "error", "order"), rows
    )


def torso_against_unbounded() -> None:
    """Compare the ECG of the template heart in the torso with that in an unbounded conductor."""
    heart = template_heart("normal", edge_mm=2.5)
    points = heart.mesh.points_mm
    torso = template_torso(heart_centre_mm(heart.mesh), sex="male")
    electrodes = torso.electrodes()
    stiffness = intracellular_stiffness(heart.mesh, heart.fibre)
    fields = {"unbounded": unbounded_lead_field_kohm(points, electrodes)}
    for edge_mm in (16.0, 12.0, 8.0):
        begin = time.perf_counter()
        fields[f"torso {edge_mm:g} mm"] = torso_lead_field(torso_mesh(torso, edge_mm=edge_mm), electrodes).at(points)
        print(f"torso of {edge_mm:g} mm edges: {time.perf_counter() - begin:.1f} s")
    moved = electrodes.positions_mm.copy()
    v3 = electrodes.position_mm("V3") - torso.origin_mm
    moved[5] = torso.front_of_skin_mm(v3[0] + 8.0, v3[2] - 5.0)
    shifted = Electrodes(positions_mm=moved)
    coarse = torso_lead_field(torso_mesh(torso, edge_mm=12.0), electrodes)
    solved_again = torso_lead_field(torso_mesh(torso, edge_mm=12.0), shifted).at(points)
    electrical = electrical_heart(heart, torso=torso)
    rows, sizes = [], []
    for rhythm in ("normal", "lbbb", "rbbb"):
        times_ms = simulate(electrical, Programme(conduction=conduction(rhythm))).times_ms
        window = {"start_ms": float(np.floor(times_ms.min())) - 10.0, "end_ms": float(np.ceil(times_ms.max())) + 10.0}

        def leads(field: np.ndarray, times_ms: np.ndarray = times_ms, window: dict[str, float] = window) -> np.ndarray:
            weights = independent_lead_weights(stiffness.node_weights_mv(field))
            return twelve_leads_mv(qrs_mv(times_ms, weights, **window))

        signals = {name: leads(field) for name, field in fields.items()}
        reference = signals["torso 8 mm"]
        for name, signal in signals.items():
            if name != "torso 8 mm":
                rows.append((rhythm, name, *(f"{r:.3f}" for r in correlations(signal, reference))))
        sizes.append(
            (rhythm, *(f"{np.ptp(a) / np.ptp(b):.1f}" for a, b in zip(reference, signals["unbounded"], strict=True)))
        )
        v3_row = LEADS.index("V3")
        truth = leads(solved_again)[v3_row]
        stale, followed = leads(coarse.at(points))[v3_row], leads(coarse.at(points, moved=shifted))[v3_row]
        missed = [100.0 * np.linalg.norm(made - truth) / np.linalg.norm(truth) for made in (stale, followed)]
        print(f"{rhythm}: V3 moved by 9.5 mm changes by {missed[0]:.1f} %, the near field misses {missed[1]:.1f} %")
    table("Correlation with the torso of 8 mm edges", ("rhythm", "conductor", *LEADS), rows)
    table("Size of each lead in the torso over that in the unbounded conductor", ("rhythm", *LEADS), sizes)


def rhythms() -> None:
    """Show what the ECG code reads from template rhythms."""
    rows = []
    for preset in ("normal", "dilated"):
        electrical = electrical_heart(template_heart(preset, edge_mm=2.5))
        for rhythm in ("normal", "lbbb", "rbbb"):
            beat = simulate(electrical, Programme(conduction=conduction(rhythm)))
            measured = measured_qrs(beat.times_ms, electrical.weights_mv, sex="male")
            axis = "" if measured.axis_deg is None else f"{measured.axis_deg:.0f}"
            shapes = [f"{wave.label} {np.ptp(row):.1f}" for wave, row in zip(measured.waves, beat.qrs_mv, strict=True)]
            span = np.ptp(beat.times_ms[np.isfinite(beat.times_ms)])
            summary = (preset, rhythm, f"{span:.0f}", f"{measured.qrs_ms:.0f}", axis, f"{measured.area_uvs:.0f}")
            rows.append(
                (*summary, measured.morphology, *(shapes[LEADS.index(lead)] for lead in ("I", "II", "V1", "V6")))
            )
    headings = ("heart", "rhythm", "activation [ms]", "QRS [ms]", "axis [deg]", "area [uVs]", "read as")
    table("What our ECG code reads (peak to peak in mV)", (*headings, "I", "II", "V1", "V6"), rows)


def speed() -> None:
    """Time each step on one thread."""
    rows = []
    for edge_mm in (3.0, 2.0, 1.2):
        heart = template_heart("normal", edge_mm=edge_mm)
        points = heart.mesh.points_mm
        electrodes = template_torso(heart_centre_mm(heart.mesh)).electrodes()
        stiffness = intracellular_stiffness(heart.mesh, heart.fibre)
        field = unbounded_lead_field_kohm(points, electrodes)
        weights = independent_lead_weights(stiffness.node_weights_mv(field))
        times_ms = np.linalg.norm(points - points[0], axis=1)
        changes = np.random.default_rng(0).normal(size=(10, len(points)))
        window = {"start_ms": -10.0, "end_ms": 170.0}
        works: tuple[Callable[[], object], ...] = (
            partial(intracellular_stiffness, heart.mesh, heart.fibre),
            partial(unbounded_lead_field_kohm, points, electrodes),
            partial(stiffness.node_weights_mv, field),
            partial(weight_derivatives, stiffness, points, electrodes),
            partial(qrs_mv, times_ms, weights, **window),
            partial(qrs_gradient, times_ms, weights, np.ones((8, 181)), **window),
            partial(qrs_tangent, times_ms, weights, changes, **window),
            partial(measured_qrs, times_ms, weights),
        )
        rows.append(
            (edge_mm, len(points), len(heart.mesh.tetrahedra), *(f"{milliseconds(work):.2f}" for work in works))
        )
    headings = ("edge [mm]", "nodes", "tetrahedra", "assemble K", "field of 9 electrodes", "K Z", "dw/d electrodes")
    table(
        "Milliseconds on one thread",
        (*headings, "12-lead QRS", "gradient", "tangent of 10", "measured by the ECG code"),
        rows,
    )


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(os.environ.get("RESYNCHRO_SHARED_DATA", _BESIDE_CHECKOUT))
    parser.add_argument("--data", type=Path, default=default, metavar="DIR", help="folder of the real data")
    folder = parser.parse_args().data / "mesh" / "crtdemo" / "data" / "crtdemo"
    exact_fronts()
    histogram()
    if folder.exists():
        crtdemo(read_crtdemo(folder))
    else:
        print(f"\n{folder} is not there: the comparison with another group's heart is left out")
    sphere()
    torso_against_unbounded()
    rhythms()
    speed()


if __name__ == "__main__":
    main()
