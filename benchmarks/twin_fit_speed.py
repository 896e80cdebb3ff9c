"""How long a fit of the twin takes, and what its parts cost.

    python benchmarks/twin_fit_speed.py [--edge 3.5] [--members 60]

Prints milliseconds of the model with and without derivatives at several edge lengths, and seconds of a whole fit with
its ensemble (target: less than 2 min on 2 cores). One thread is used.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from resynchro.electrics.equivalent_electrodes import equivalent_electrodes
from resynchro.electrics.fit_data import MeasuredQrs
from resynchro.electrics.fit_model import FitModel
from resynchro.electrics.fit_roots import hypotheses
from resynchro.electrics.heart_of_fit import HeartOfFit
from resynchro.electrics.torso import template_torso
from resynchro.electrics.twin_fit import fit_twin
from resynchro.heart.template import template_heart


def model_of(edge_mm: float) -> FitModel:
    """Return the model of a dilated heart with LBBB."""
    prepared = HeartOfFit(template_heart("dilated", edge_mm=edge_mm))
    electrodes = equivalent_electrodes(template_torso(prepared.centre_mm), prepared.heart.mesh.points_mm)
    return FitModel(prepared, hypotheses("lbbb")[1], electrodes, start_ms=-10.0, end_ms=190.0)


def milliseconds(model: FitModel, *, derivatives: bool, repeats: int = 20) -> float:
    """Return the median time of one evaluation [ms]."""
    scores = np.zeros(len(model.parameters))
    model.predict(scores, derivatives=derivatives)
    taken = []
    for _ in range(repeats):
        started = time.perf_counter()
        model.predict(scores, derivatives=derivatives)
        taken.append(1000.0 * (time.perf_counter() - started))
    return float(np.median(taken))


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edge", type=float, default=3.5)
    parser.add_argument("--members", type=int, default=60)
    given = parser.parse_args()
    print(
        "| edge mm | nodes | tetrahedra | parameters | QRS ms | QRS and all derivatives ms |\n|---|---|---|---|---|---|"
    )
    for edge_mm in (4.0, 3.5, 3.0, 2.0):
        model = model_of(edge_mm)
        mesh = model.heart.heart.mesh
        print(
            f"| {edge_mm:g} | {len(mesh.points_mm)} | {len(mesh.tetrahedra)} | {len(model.parameters)} | "
            f"{milliseconds(model, derivatives=False):.1f} | {milliseconds(model, derivatives=True):.1f} |",
            flush=True,
        )
    model = model_of(2.0)
    scores = 0.5 * np.random.default_rng(4).standard_normal(len(model.parameters))
    clean = model.predict(scores, derivatives=False)
    last = min(float(np.ceil(clean.times_ms.max())), 180.0)
    noisy = clean.qrs_mv + 0.025 * np.random.default_rng(5).standard_normal(clean.qrs_mv.shape)
    measured = MeasuredQrs(signal_mv=noisy, start_ms=-10.0, qrs_ms=last, noise_mv=np.full(8, 0.025))
    hearts = [template_heart(size, edge_mm=given.edge) for size in ("normal", "dilated")]
    for words, heart in (("heart known", hearts[1]), ("two template sizes", hearts)):
        started, cpu = time.perf_counter(), time.process_time()
        twin = fit_twin(heart, measured, rhythm="lbbb", members=given.members, st_part=0.0)
        print(
            f"\nfit with {given.members} members, {words}: {time.perf_counter() - started:.0f} s "
            f"({time.process_time() - cpu:.0f} s CPU), {twin.quality.reason}",
            flush=True,
        )


if __name__ == "__main__":
    main()
