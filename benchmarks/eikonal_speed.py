"""Time travel times on cubes of 51 k, 250 k and 1 M tetrahedra, with fim-python and edge-Dijkstra in the same run.

    python benchmarks/eikonal_speed.py [--python PEER_ENVIRONMENT/bin/python] [--pictures DIR] [--repeats 5]

The cube has sides of 60 mm, velocities of 0.6 and 0.3 m/s and its source in the middle. One thread everywhere; the
least of the repeats counts. Processor seconds stand beside wall seconds, as other work on the machine lengthens only
the latter. fim-python (AGPL, so never part of this project) runs in an environment of its own
(`python3 -m venv peers && peers/bin/pip install fim-python==1.2.2`), once per mesh, and not on the largest unless
``--peer-largest`` is given. Ratios are a peer's processor seconds over ours.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np  # noqa: E402
from scipy.sparse import coo_array  # noqa: E402
from scipy.sparse.csgraph import dijkstra  # noqa: E402

from resynchro.electrics.superposition import superposed  # noqa: E402
from resynchro.electrics.travel_times import (  # noqa: E402
    Directions,
    adjoint,
    medium,
    solve,
    solve_each,
    source_ball,
    tangent,
    travel_time_mesh,
    with_velocities,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "validation" / "electrics"))
from block_meshes import jittered_cube, unique_edges  # noqa: E402

_SIZES = {"51 k": 21, "250 k": 34, "1 M": 54}

_PEER = """
import json, sys, time
import numpy as np
from fimpy.solver import FIMPY
job = np.load(sys.argv[1])
wall, cpu = time.perf_counter(), time.process_time()
solver = FIMPY.create_fim_solver(job["points"], job["cells"], job["tensors"], device="cpu")
ready = time.perf_counter(), time.process_time()
times = solver.comp_fim(job["nodes"], job["starts"])
done = time.perf_counter(), time.process_time()
np.save(sys.argv[2], times)
print(json.dumps({"setup": [ready[0] - wall, ready[1] - cpu], "solve": [done[0] - ready[0], done[1] - ready[1]]}))
"""


def least_seconds(work: Callable[[], object], repeats: int) -> np.ndarray:
    """Return the least wall and processor seconds of a piece of work; the first run compiles and does not count."""
    work()
    seconds = []
    for _ in range(repeats):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        seconds.append((time.perf_counter() - wall, time.process_time() - processor))
    return np.array(seconds).min(axis=0)


def peer_seconds(python: Path, **job: np.ndarray) -> tuple[dict[str, list[float]], np.ndarray]:
    """Return the seconds of fim-python and its times."""
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "job.npz", **job)
        command = [str(python), "-c", _PEER, f"{folder}/job.npz", f"{folder}/times.npy"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return json.loads(done.stdout.splitlines()[-1]), np.load(f"{folder}/times.npy")


def time_mesh(per_side: int, repeats: int, python: Path | None) -> dict[str, object]:
    """Time everything on one cube."""
    points, cells, centre = jittered_cube(per_side)
    fibre = np.tile([1.0, 0.0, 0.0], (len(cells), 1))
    exact = np.sqrt((points[:, 0] - 30.0) ** 2 / 0.36 + ((points[:, 1:] - 30.0) ** 2).sum(axis=1) / 0.09)
    mesh = travel_time_mesh(points, cells)
    speeds = {"v_fibre_m_per_s": 0.6, "v_transverse_m_per_s": 0.3}
    block = medium(mesh, fibre=fibre, **speeds)
    ball = source_ball(mesh, block, centre)
    found = solve(block, [(ball, 0.0)], keep_tree=True)
    slope = np.ones(len(points))
    eight = Directions(log_v_fibre=np.ones((8, 1)), log_v_transverse=np.ones((8, 1)), release_ms=np.ones((8, 1)))
    fields = np.stack([found.times_ms.astype(np.float32)] * 3)
    edges = unique_edges(cells)
    step = points[edges[:, 0]] - points[edges[:, 1]]
    length = np.sqrt((step[:, 0] / 0.6) ** 2 + (step[:, 1:] ** 2).sum(axis=1) / 0.09)
    graph = coo_array((length, (edges[:, 0], edges[:, 1])), shape=(len(points),) * 2).tocsr()
    work: dict[str, Callable[[], object]] = {
        "mesh": lambda: travel_time_mesh(points, cells),
        "medium": lambda: medium(mesh, fibre=fibre, **speeds),
        "other velocities": lambda: with_velocities(block, v_fibre_m_per_s=0.6),
        "source ball": lambda: source_ball(mesh, block, centre),
        "one site": lambda: solve(block, [(ball, 0.0)]),
        "one site with its tree": lambda: solve(block, [(ball, 0.0)], keep_tree=True),
        "adjoint": lambda: adjoint(found, slope),
        "tangent, 8 directions": lambda: tangent(found, eight),
        "superposition of 3 sites": lambda: superposed(fields, [0.0, 10.0, 20.0]),
        "edge-Dijkstra (SciPy)": lambda: dijkstra(graph, directed=False, indices=centre),
    }
    seconds = {name: least_seconds(task, repeats) for name, task in work.items()}
    mean = exact.mean()
    errors = {
        "one site": np.abs(found.times_ms - exact).mean() / mean,
        "edge-Dijkstra (SciPy)": np.abs(dijkstra(graph, directed=False, indices=centre) - exact).mean() / mean,
    }
    if python is not None:
        tensors = np.tile(np.diag([0.36, 0.09, 0.09]), (len(cells), 1, 1))
        # The same ball, so that the errors compare.
        taken, times = peer_seconds(
            python, points=points, cells=cells, tensors=tensors, nodes=ball.nodes, starts=ball.times_ms
        )
        seconds["fim-python, set-up"] = np.array(taken["setup"])
        seconds["fim-python, one site"] = np.array(taken["solve"])
        errors["fim-python, one site"] = np.abs(times - exact).mean() / mean
    return {"nodes": len(points), "cells": len(cells), "seconds": seconds, "errors": errors}


def time_sites(per_side: int, repeats: int) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers of sites and the processor seconds of pre-solving them all."""
    points, cells, _ = jittered_cube(per_side)
    fibre = np.tile([1.0, 0.0, 0.0], (len(cells), 1))
    mesh = travel_time_mesh(points, cells)
    block = medium(mesh, fibre=fibre, v_fibre_m_per_s=0.6, v_transverse_m_per_s=0.3)
    rng = np.random.default_rng(3)
    balls = [source_ball(mesh, block, int(node)) for node in rng.choice(len(points), 16, replace=False)]
    counts = np.array([1, 2, 4, 8, 16])
    return counts, np.array([least_seconds(lambda n=n: solve_each(block, balls[:n]), repeats)[1] for n in counts])


def draw(folder: Path, results: dict[str, dict], sites: tuple[np.ndarray, np.ndarray]) -> None:
    """Draw seconds over tetrahedra and over sites."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    marks = {
        "one site": ("Resynchro", "o", "#1b6ca8"),
        "edge-Dijkstra (SciPy)": ("edge-Dijkstra (SciPy): 6 to 8 % too late", "s", "#8a8a8a"),
        "fim-python, one site": ("fim-python, solve only", "^", "#c1440e"),
    }
    for name, (label, mark, colour) in marks.items():
        pairs = [(r["cells"], r["seconds"][name][1]) for r in results.values() if name in r["seconds"]]
        if pairs:
            left.loglog(*zip(*pairs, strict=True), marker=mark, color=colour, label=label)
    left.set(xlabel="tetrahedra", ylabel="processor time for one site [s]", title="Scaling with the mesh")
    left.set_ylim(top=1000.0)  # room for the legend
    left.legend(frameon=False, loc="upper left")
    counts, seconds = sites
    right.plot(counts, seconds, "o-", color="#1b6ca8")
    right.set(xlabel="sites pre-solved", ylabel="processor time [s]", title="Scaling with sites, 51 k tetrahedra")
    right.set_xlim(0, None)
    right.set_ylim(0, None)
    for axes in (left, right):
        axes.grid(True, which="major", alpha=0.3)
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "eikonal_speed.png", dpi=120)


def main() -> None:
    """Time everything, print the tables and draw the scaling."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, help="Python of the peer's environment; without it no fim-python")
    parser.add_argument("--peer-largest", action="store_true", help="run fim-python on the largest mesh, too")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="draw the scaling into this folder")
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    results = {}
    for name, per_side in _SIZES.items():
        python = given.python if name != "1 M" or given.peer_largest else None
        results[name] = time_mesh(per_side, given.repeats, python)
    sizes = " | ".join(f"{r['cells']:,} tetrahedra" for r in results.values())
    print(f"| wall / processor ms | {sizes} |\n|---|" + "---|" * len(results))
    for name in dict.fromkeys(task for r in results.values() for task in r["seconds"]):
        cells = []
        for r in results.values():
            taken = r["seconds"].get(name)
            if taken is None:
                cells.append("not run")
                continue
            text = f"{1e3 * taken[0]:.4g} / {1e3 * taken[1]:.4g}"
            if name in r["errors"]:
                text += f" (x {taken[1] / r['seconds']['one site'][1]:.3g}; error {100 * r['errors'][name]:.2f} %)"
            cells.append(text)
        print(f"| {name} | " + " | ".join(cells) + " |")
    sites = time_sites(_SIZES["51 k"], given.repeats)
    pairs = ", ".join(f"{n}: {1e3 * s:.0f} ms" for n, s in zip(*sites, strict=True))
    print(f"\nSites pre-solved on one thread, 51 k tetrahedra, processor time: {pairs}")
    print(f"load after: {os.getloadavg()[0]:.1f}")
    if given.pictures is not None:
        draw(given.pictures, results, sites)


if __name__ == "__main__":
    main()
