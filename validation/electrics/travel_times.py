"""Check travel times: exact solutions, derivatives, superposition, and two public activation maps.

    python validation/electrics/travel_times.py [--data DIR] [--only cube plane ball ...] [--quick]

Sections: cube, plane, turning, invariants, adjoint, superposition, box, crtdemo, slab. ``--quick`` leaves the largest
meshes out. Everything random is seeded. The public maps are looked for in the folder of the real data.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import meshio
import numpy as np
from block_meshes import (
    jittered_block,
    jittered_cube,
    mean_edge_mm,
    mean_ratio,
    outer_faces,
    turning_fibres,
    unique_edges,
)
from label_correcting import corrected_times
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from resynchro.electrics.superposition import superposed
from resynchro.electrics.travel_times import (
    Directions,
    Medium,
    TravelTimes,
    adjoint,
    medium,
    retimed,
    solve,
    solve_each,
    source_ball,
    source_nodes,
    tangent,
    travel_time_mesh,
    with_velocities,
)

_DATA = Path(os.environ.get("RESYNCHRO_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
_SIZES = {"51 k": 21, "250 k": 34, "1 M": 54}


def table(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    print(f"\n### {title}\n\n| " + " | ".join(headings) + " |\n|" + "---|" * len(headings))
    for row in rows:
        print("| " + " | ".join(f"{value:.4g}" if isinstance(value, float) else str(value) for value in row) + " |")
    sys.stdout.flush()


def metric_distance(steps: np.ndarray, v_fibre: float, v_transverse: float) -> np.ndarray:
    """Return the exact travel time along vectors when fibres run along x."""
    return np.sqrt((steps[:, 0] / v_fibre) ** 2 + (steps[:, 1] ** 2 + steps[:, 2] ** 2) / v_transverse**2)


def straight(points: np.ndarray, cells: np.ndarray, v_fibre: float = 0.6, v_transverse: float = 0.3) -> Medium:
    fibre = np.tile([1.0, 0.0, 0.0], (cells.shape[0], 1))
    mesh = travel_time_mesh(points, cells)
    return medium(mesh, fibre=fibre, v_fibre_m_per_s=v_fibre, v_transverse_m_per_s=v_transverse)


def check_cube(sizes: dict[str, int], _: Path) -> None:
    """Point source at the centre of a homogeneous cube, 0.6/0.3 m/s, with several balls; distances along edges."""
    quality, rows = [], []
    for name, per_side in sizes.items():
        points, cells, centre = jittered_cube(per_side)
        h, ratio = mean_edge_mm(points, cells), mean_ratio(points, cells)
        quality.append((name, len(points), len(cells), h, ratio.min(), np.percentile(ratio, 1), np.median(ratio)))
        block = straight(points, cells)
        exact = metric_distance(points - points[centre], 0.6, 0.3)
        for label, radius in (
            ("none", 0.0), ("3 h, at most 6 mm", min(3.0 * h, 6.0)), ("6 mm (default)", None), ("8 mm", 8.0),
            ("12 mm", 12.0),
        ):  # fmt: skip
            ball = source_ball(block.mesh, block, centre, radius_mm=radius)
            error = solve(block, [(ball, 0.0)]).times_ms - exact
            rows.append((
                name, label, ball.nodes.size, np.abs(error).mean(), np.abs(error).max(),
                100.0 * np.abs(error).mean() / exact.mean(), 100.0 * error.mean() / exact.mean(), exact.mean(),
            ))  # fmt: skip
        edges = unique_edges(cells)
        length = metric_distance(points[edges[:, 0]] - points[edges[:, 1]], 0.6, 0.3)
        graph = coo_array((length, (edges[:, 0], edges[:, 1])), shape=(len(points),) * 2).tocsr()
        error = dijkstra(graph, directed=False, indices=centre) - exact
        rows.append((
            name, "Dijkstra along edges", 1, np.abs(error).mean(), np.abs(error).max(),
            100.0 * np.abs(error).mean() / exact.mean(), 100.0 * error.mean() / exact.mean(), exact.mean(),
        ))  # fmt: skip
    headings = ("mesh", "nodes", "tetrahedra", "h [mm]", "mean ratio: least", "1 %", "median")
    table("Cubes of 60 mm", headings, quality)
    headings = ("mesh", "ball", "nodes in it", "L1 [ms]", "Linf [ms]", "L1 [%]", "bias [%]", "mean time [ms]")
    table("Point source, 0.6/0.3 m/s", headings, rows)
    orders = []
    for label in dict.fromkeys(row[1] for row in rows):
        errors = [row[3] for row in rows if row[1] == label]
        steps = [row[3] for row in quality]
        pairs = zip(errors, errors[1:], steps, steps[1:], strict=False)
        orders.append((label, *(np.log(a / b) / np.log(g / h) for a, b, g, h in pairs)))
    names = list(sizes)
    between = [f"{a} to {b}" for a, b in pairwise(names)]
    table("Order of convergence of L1", ("ball", *between), orders)
    rows = []
    points, cells, centre = jittered_cube(sizes["51 k"])
    for v_transverse in (0.6, 0.3, 0.25, 0.2, 0.15):
        block = straight(points, cells, 0.6, v_transverse)
        ball = source_ball(block.mesh, block, centre)
        times = solve(block, [(ball, 0.0)]).times_ms
        exact = metric_distance(points - points[centre], 0.6, v_transverse)
        iterated, _ = corrected_times(block, times, ball.nodes)
        rows.append((
            0.6 / v_transverse, 100.0 * np.abs(times - exact).mean() / exact.mean(),
            100.0 * np.abs(iterated - exact).mean() / exact.mean(), (times - iterated).max(),
        ))  # fmt: skip
    headings = ("anisotropy", "L1 [%]", "L1 without causality test, iterated [%]", "largest difference [ms]")
    table("What the causality test costs, 51 k", headings, rows)


def check_plane(sizes: dict[str, int], _: Path) -> None:
    """Plane fronts: oblique to the fibres, given on three sides (exact), and from one side with slanted fibres."""
    rows = []
    for name, per_side in sizes.items():
        points, cells, _centre = jittered_cube(per_side)
        block = straight(points, cells)
        direction = np.array([2.0, 3.0, 1.0]) / np.sqrt(14.0)
        plane = points @ (direction / np.sqrt((0.6 * direction[0]) ** 2 + 0.09 * (direction[1:] ** 2).sum()))
        start = np.flatnonzero((points == 0.0).any(axis=1))
        oblique = solve(block, [(source_nodes(block.mesh, start, plane[start]), 0.0)]).times_ms - plane
        fibre = np.tile([np.cos(0.5), np.sin(0.5), 0.0], (len(cells), 1))
        slanted = medium(block.mesh, fibre=fibre, v_fibre_m_per_s=0.6, v_transverse_m_per_s=0.3)
        v = np.sqrt(0.36 * np.cos(0.5) ** 2 + 0.09 * np.sin(0.5) ** 2)
        times = solve(slanted, [(source_nodes(slanted.mesh, np.flatnonzero(points[:, 0] == 0.0)), 0.0)]).times_ms
        # The ray to a node leaves the side x = 0 at y - x (D e_x)_y / (D e_x)_x: inside, the front is plane.
        ray = np.array([0.09 + 0.27 * np.cos(0.5) ** 2, 0.27 * np.cos(0.5) * np.sin(0.5)])
        inside = points[:, 1] - points[:, 0] * ray[1] / ray[0] >= 0.0
        error = (times - points[:, 0] / v)[inside]
        rows.append((
            name, np.abs(oblique).mean(), np.abs(oblique).max(), np.abs(error).mean(), np.abs(error).max(),
            100.0 * np.abs(error).mean() / (points[inside, 0] / v).mean(),
        ))  # fmt: skip
    headings = ("mesh", "oblique: L1 [ms]", "Linf [ms]", "slanted fibres: L1 [ms]", "Linf [ms]", "L1 [%]")
    table("Plane fronts, 0.6/0.3 m/s", headings, rows)


def check_turning(sizes: dict[str, int], _: Path) -> None:
    """Fibres that turn by 120 degrees through a wall of 10 mm, balls of several sizes, against a fine mesh."""
    sides = (30.0, 30.0, 10.0)
    rows = []
    for h in (2.0, 1.0):
        points, cells = jittered_block(sides, h, seed=4)
        source = int(np.argmin(np.linalg.norm(points - [15.0, 15.0, 5.0], axis=1)))
        fine, fine_cells = jittered_block(sides, 0.45 if len(sizes) > 2 else 0.7, seed=5, extra=points[np.newaxis][0])
        fine, kept = np.unique(fine.round(9), axis=0, return_inverse=True)
        truth_mesh = travel_time_mesh(fine, kept[fine_cells].astype(np.int32))
        where = cKDTree(fine).query(points)[1]
        best = medium(
            truth_mesh, fibre=turning_fibres(fine, truth_mesh.tetrahedra, 10.0), v_fibre_m_per_s=0.6,
            v_transverse_m_per_s=0.3,
        )  # fmt: skip
        truth = solve(best, [(source_ball(truth_mesh, best, int(where[source]), radius_mm=2.0), 0.0)]).times_ms[where]
        block = medium(
            travel_time_mesh(points, cells), fibre=turning_fibres(points, cells, 10.0), v_fibre_m_per_s=0.6,
            v_transverse_m_per_s=0.3,
        )  # fmt: skip
        for radius in (0.0, 3.0, 6.0):
            ball = source_ball(block.mesh, block, source, radius_mm=radius)
            error = solve(block, [(ball, 0.0)]).times_ms - truth
            inside = ball.times_ms - truth[ball.nodes]
            rows.append((h, radius, inside.min(), inside.max(), np.abs(error).mean(), error.mean()))
    headings = ("h [mm]", "ball [mm]", "ball values early [ms]", "late [ms]", "L1 of the field [ms]", "bias [ms]")
    table("120 degrees in 10 mm, 0.6/0.3 m/s, against a fine mesh", headings, rows)


def check_invariants(sizes: dict[str, int], _: Path) -> None:
    """Stored simplices, order, shift by the release time, monotony."""
    rows = []
    for name in ("51 k", "250 k"):
        points, cells, centre = jittered_cube(sizes[name])
        mesh = travel_time_mesh(points, cells)
        block = medium(mesh, fibre=turning_fibres(points, cells, 60.0), v_fibre_m_per_s=0.6, v_transverse_m_per_s=0.3)
        ball = source_ball(mesh, block, centre)
        found = solve(block, [(ball, 0.0)], keep_tree=True)
        tree, times = found.tree, found.times_ms
        assert tree is not None
        by_element = np.flatnonzero(tree.winner >= 0)
        parents, weights = tree.parents[by_element], tree.weights[by_element]
        step = points[by_element] - np.einsum("ik,ikx->ix", weights, points[parents])
        along = np.einsum("ix,ix->i", step, block.fibre[tree.winner[by_element]]) ** 2
        last = np.sqrt(along / 0.36 + ((step**2).sum(axis=1) - along) / 0.09)
        residual = np.abs(times[by_element] - (weights * times[parents]).sum(axis=1) - last).max()
        rank = np.argsort(tree.order)
        later = (rank[parents] >= rank[by_element][:, None]).sum()
        shifted = solve(block, [(ball, 100.0)]).times_ms - 100.0
        other = source_ball(mesh, block, 0)
        more = solve(block, [(ball, 0.0), (other, 20.0)]).times_ms - times
        changes = [more]
        for fibre_factor, both_factor in ((1.05, 1.0), (1.10, 1.0), (1.0, 1.10)):
            faster = with_velocities(
                block, v_fibre_m_per_s=0.6 * fibre_factor * both_factor, v_transverse_m_per_s=0.3 * both_factor
            )
            changes.append(solve(faster, [(retimed(ball, faster), 0.0)]).times_ms - times)
        rows.append((
            name, residual, later, tree.order.size / len(points), float(np.diff(times[tree.order]).min()),
            np.abs(shifted - times).max(),
            *(f"{max(change.max(), 0.0):.2g} ms at {(change > 1e-9).sum()} nodes" for change in changes),
        ))  # fmt: skip
    headings = (
        "mesh", "residual of stored simplices [ms]", "parents not before child", "pops / nodes",
        "least step in order [ms]", "shift by 100 ms: error [ms]", "later with one more source",
        "later with v_f +5 %", "v_f +10 %", "both +10 %",
    )  # fmt: skip
    table("Invariants, fibres turning by 120 degrees", headings, rows)


def adjoint_setting(per_side: int) -> tuple[Callable[..., TravelTimes], np.ndarray, np.ndarray]:
    """Return a function that solves with one parameter changed, and the groups of tissue and of the fast floor."""
    points, cells, _ = jittered_cube(per_side)
    middle = points[cells].mean(axis=1)
    floor = outer_faces(points, cells, 2, 0.0)
    near, far = (int(np.argmin(np.linalg.norm(points - place, axis=1))) for place in ([9, 9, 9], [50, 50, 50]))
    mesh = travel_time_mesh(points, cells, triangles=floor, cables=np.array([[near, far], [far, near]]))
    group = (middle[:, 0] > 20.0).astype(int) + (middle[:, 0] > 40.0)
    layer = (points[floor].mean(axis=1)[:, 1] > 30.0).astype(int)
    base = medium(
        mesh, fibre=turning_fibres(points, cells, 60.0), v_fibre_m_per_s=0.6 + 0.02 * group, v_transverse_m_per_s=0.3,
        v_triangle_m_per_s=1.5 + 0.2 * layer, cable_ms=[5.0, 6.0],
    )  # fmt: skip
    where = ([5, 30, 5], [55, 20, 40])
    balls = [source_ball(mesh, base, int(np.argmin(np.linalg.norm(points - place, axis=1)))) for place in where]

    def times(parameter: str = "", which: int = 0, change: float = 0.0) -> TravelTimes:
        by = {name: np.ones(1) for name in ("log_v_fibre", "log_v_transverse", "log_v_triangle")}
        if parameter in by:
            by[parameter] = np.exp(change * ((layer if parameter == "log_v_triangle" else group) == which))
        changed = with_velocities(
            base, v_fibre_m_per_s=base.v_fibre_m_per_s * by["log_v_fibre"],
            v_transverse_m_per_s=base.v_transverse_m_per_s * by["log_v_transverse"],
            v_triangle_m_per_s=base.v_triangle_m_per_s * by["log_v_triangle"],
            cable_ms=base.cable_ms + change * (parameter == "cable_ms") * (np.arange(2) == which),
        )  # fmt: skip
        release = np.array([0.0, 7.0]) + change * (parameter == "release_ms") * (np.arange(2) == which)
        sources = [(retimed(ball, changed), float(when)) for ball, when in zip(balls, release, strict=True)]
        return solve(changed, sources, keep_tree=True)

    return times, group, layer


def check_adjoint(sizes: dict[str, int], _: Path) -> None:
    """Adjoint against central differences, every kind of parameter; tangent against the adjoint."""
    rows = []
    for name in ("51 k", "250 k"):
        times, group, layer = adjoint_setting(sizes[name])
        centre = times()
        rng = np.random.default_rng(5)
        # Smooth weights, as those of a lead: J = sum(w T^2) / 2 / n.
        weights = np.sin(centre.medium.mesh.points_mm @ rng.normal(size=3) / 10.0) / centre.times_ms.size
        found = adjoint(centre, weights * centre.times_ms, group=group, triangle_group=layer)
        parameters = [
            *(("log_v_fibre", k) for k in range(3)), *(("log_v_transverse", k) for k in range(3)),
            *(("log_v_triangle", k) for k in range(2)), ("cable_ms", 0), *(("release_ms", k) for k in range(2)),
        ]  # fmt: skip
        for parameter, which in parameters:
            errors = []
            exact = float(getattr(found, parameter)[which])
            for step in (1e-4, 1e-5, 1e-6):
                more, less = (times(parameter, which, sign * step).times_ms for sign in (1.0, -1.0))
                difference = 0.5 * (weights * (more - less) * (more + less)).sum() / (2.0 * step)
                errors.append(abs(exact - difference) / abs(difference))
            rows.append((name, f"{parameter} {which}", exact, *(f"{error:.1e}" for error in errors)))
        directions = Directions(
            log_v_fibre=rng.normal(size=(8, 3)), log_v_transverse=rng.normal(size=(8, 3)), group=group,
            log_v_triangle=rng.normal(size=(8, 2)), triangle_group=layer, cable_ms=rng.normal(size=(8, 2)),
            release_ms=rng.normal(size=(8, 2)),
        )  # fmt: skip
        names = ("log_v_fibre", "log_v_transverse", "log_v_triangle", "cable_ms", "release_ms")
        expected = sum(getattr(directions, part) @ getattr(found, part) for part in names)
        forward = tangent(centre, directions) @ (weights * centre.times_ms)
        rows.append((name, "tangent, 8 directions", "", f"{np.abs(forward / expected - 1.0).max():.1e}", "", ""))
    headings = ("mesh", "parameter", "adjoint", "relative difference, step 1e-4", "1e-5", "1e-6")
    table("Adjoint against central differences", headings, rows)


def check_superposition(sizes: dict[str, int], _: Path) -> None:
    """200 random configurations of 2 to 4 of 20 sites, delays up to 60 ms: min-plus against direct solutions."""
    from resynchro.heart.template import template_heart

    rows = []
    for size, edge_mm in (("normal", 3.0), ("normal", 2.0), ("dilated", 2.0)):
        heart = template_heart(size, edge_mm=edge_mm)
        tetrahedra = heart.mesh.tetrahedra
        volumes = heart.mesh.volumes_mm3
        mesh = travel_time_mesh(heart.mesh.points_mm, tetrahedra, triangles=heart.mesh.rv_endocardium)
        block = medium(mesh, fibre=heart.fibre, v_fibre_m_per_s=0.6, v_transverse_m_per_s=0.25, v_triangle_m_per_s=2.0)
        rng = np.random.default_rng(2026)
        balls = [source_ball(mesh, block, int(node)) for node in rng.choice(mesh.node_count, 20, replace=False)]
        fields = solve_each(block, balls)
        differences, segments = [], []
        for _round in range(200):
            chosen = rng.choice(20, int(rng.integers(2, 5)), replace=False)
            delays = np.full(20, np.inf)
            delays[chosen] = rng.uniform(0.0, 60.0, chosen.size)
            direct = solve(block, [(balls[k], float(delays[k])) for k in chosen]).times_ms
            off = superposed(fields, delays)[0] - direct
            differences.append(off.astype(np.float32))
            of_cell = off[tetrahedra].mean(axis=1) * volumes
            sums = np.bincount(heart.segment, weights=of_cell) / np.bincount(heart.segment, weights=volumes)
            segments.append(np.abs(sums).max())
        size_of = np.abs(differences)
        rows.append((
            f"{size}, {edge_mm:g} mm", len(tetrahedra), float(size_of.mean()), float(np.percentile(size_of, 99)),
            float(size_of.max()), float(np.min(differences)), float(np.mean(segments)), float(np.max(segments)),
        ))  # fmt: skip
    headings = (
        "heart", "tetrahedra", "mean [ms]", "99th percentile [ms]", "largest [ms]", "earliest [ms]",
        "worst segment mean: mean [ms]", "largest [ms]",
    )  # fmt: skip
    table("Superposition against direct solutions, 200 configurations", headings, rows)


def check_box(_: dict[str, int], data: Path) -> None:
    """KIT's box: 196,608 tetrahedra of a regular grid, times of an independent GPU solver."""
    folder = data / "activation" / "fim_eikonal" / "example"
    if not folder.exists():
        sys.exit(f"{folder} is not there: give the folder of the real data with --data")
    box, theirs = meshio.read(folder / "box.vtu"), meshio.read(folder / "result.vtu")
    phi, theta = (np.asarray(box.cell_data[name][0], dtype=float) for name in ("Phi", "Theta"))
    fibre = np.stack([np.cos(phi) * np.sin(theta), np.sin(phi) * np.sin(theta), np.cos(theta)], axis=1)
    mesh = travel_time_mesh(box.points, box.cells[0].data)
    block = medium(mesh, fibre=fibre, v_fibre_m_per_s=3.0, v_transverse_m_per_s=1.0)
    rows = []
    for number, line in enumerate((folder / "seeds.txt").read_text().splitlines(), start=1):
        seeds = np.array(line.split(), dtype=int)
        given = theirs.point_data[f"seed{number}"]
        times = solve(block, [(source_nodes(mesh, seeds), 0.0)]).times_ms
        iterated, rounds = corrected_times(block, times, seeds)
        off, iterated_off = times - given, iterated - given
        rows.append((
            number, seeds.size, float(given.max()), float(np.median(np.abs(off))),
            float(np.percentile(np.abs(off), 95)), float(off.mean()), float(np.median(np.abs(iterated_off))),
            float(np.percentile(np.abs(iterated_off), 95)), rounds,
        ))  # fmt: skip
    headings = (
        "seeds", "nodes", "largest time", "median difference", "95th percentile", "mean", "without causality: median",
        "95th percentile", "rounds",
    )  # fmt: skip
    table("Box of KIT, anisotropy 3", headings, rows)


def check_crtdemo(_: dict[str, int], data: Path) -> None:
    """Heart of the crtdemo set: the authors' Purkinje ends with their times, and their activation of the muscle."""
    folder = data / "mesh" / "crtdemo" / "data" / "crtdemo"
    if not folder.exists():
        sys.exit(f"{folder} is not there: give the folder of the real data with --data")
    given = meshio.read(folder / "nb" / "True_endo.vtu")
    points, cells = given.points.astype(float), given.cells[0].data
    fibre = crtdemo_fibres(folder / "crtdemo_f0_oriented.vtk", points)[cells].mean(axis=1)
    ends, end_times = [], []
    for side in ("LV", "RV"):
        tree = meshio.read(folder / "nb" / f"True_{side}tree.vtu")
        lone = np.flatnonzero(np.bincount(tree.cells[0].data.ravel()) == 1)
        lone = lone[lone != 0]  # node 0 is the root
        ends.append(tree.points[lone].astype(float))
        end_times.append(tree.point_data["activation"][lone])
    junctions, starts = np.concatenate(ends), np.concatenate(end_times)
    owner = np.array([nearest_cell(points, cells, place) for place in junctions])
    mesh = travel_time_mesh(points, cells)
    rows = []
    for v_fibre, v_transverse, note in (
        (np.sqrt(0.75), np.sqrt(0.12), "the authors' default"),
        (0.95 * np.sqrt(0.75), np.sqrt(0.12), "v_fibre 5 % lower"),
        (np.sqrt(0.75), 0.95 * np.sqrt(0.12), "v_transverse 5 % lower"),
    ):
        block = medium(mesh, fibre=fibre, v_fibre_m_per_s=v_fibre, v_transverse_m_per_s=v_transverse)
        steps = points[cells[owner]] - junctions[:, None]
        along = np.einsum("kix,kx->ki", steps, block.fibre[owner]) ** 2
        square = (steps**2).sum(axis=2)
        first = starts[:, None] + np.sqrt(along / v_fibre**2 + (square - along) / v_transverse**2)
        times = solve(block, [(source_nodes(mesh, cells[owner].ravel(), first.ravel()), 0.0)]).times_ms
        off = times - given.point_data["activation"]
        rows.append((
            note, v_fibre, v_transverse, float(np.median(np.abs(off))), float(np.percentile(np.abs(off), 95)),
            float(np.abs(off).max()), float(off.mean()), float(np.ptp(given.point_data["activation"])),
        ))  # fmt: skip
    headings = (
        "velocities", "v_fibre [m/s]", "v_transverse [m/s]", "median difference [ms]", "95th percentile [ms]",
        "largest [ms]", "mean [ms]", "range of times [ms]",
    )  # fmt: skip
    table(f"crtdemo heart, {len(cells)} tetrahedra, {len(junctions)} Purkinje ends", headings, rows)


def crtdemo_fibres(path: Path, points: np.ndarray) -> np.ndarray:
    """Return the fibre at each point: a legacy VTK file of points and one vector each, without cells."""
    raw = path.read_bytes()
    count = len(points)

    def block(mark: bytes) -> np.ndarray:
        start = raw.index(mark) + len(mark)
        return np.frombuffer(raw[start : start + 12 * count], ">f4").reshape(-1, 3).astype(float)

    return block(b"VECTORS fiber float\n")[cKDTree(block(b"POINTS %d float\n" % count)).query(points)[1]]


def nearest_cell(points: np.ndarray, cells: np.ndarray, place: np.ndarray) -> int:
    """Return the tetrahedron that holds a place, or nearly: the one whose least barycentric coordinate is largest."""
    near = np.argsort(((points[cells].mean(axis=1) - place) ** 2).sum(axis=1))[:60]
    corner = points[cells[near]]
    edges = np.swapaxes(corner[:, 1:] - corner[:, :1], 1, 2)
    part = np.linalg.solve(edges, (place - corner[:, 0])[..., None])[..., 0]
    least = np.minimum(part.min(axis=1), 1.0 - part.sum(axis=1))
    return int(near[np.argmax(least)])


def check_slab(sizes: dict[str, int], _: Path) -> None:
    """The slab of Niederer et al. 2011 in its eikonal reading: times from a stimulated corner cube, exact."""
    rows = []
    sides = (20.0, 7.0, 3.0)
    for edge_mm in (0.5, 0.2) if len(sizes) > 2 else (0.5,):
        points, cells = jittered_block(sides, edge_mm, seed=9)
        for v_fibre, v_transverse in ((0.6, 0.3), (0.6, 0.25)):
            block = straight(points, cells, v_fibre, v_transverse)
            cube = np.flatnonzero((points <= 1.5 + 1e-9).all(axis=1))
            outside = np.maximum(points - 1.5, 0.0)
            exact = metric_distance(outside, v_fibre, v_transverse)
            # Nodes of the elements that the cube's faces cut start with their exact time, as the cube has sharp sides.
            rim = np.setdiff1d(np.flatnonzero((points <= 1.5 + edge_mm).all(axis=1)), cube)
            nodes = np.concatenate([cube, rim])
            times = solve(block, [(source_nodes(block.mesh, nodes, exact[nodes]), 0.0)]).times_ms
            far = int(np.argmin(((points - sides) ** 2).sum(axis=1)))
            formula = np.sqrt((18.5 / v_fibre) ** 2 + (5.5 / v_transverse) ** 2 + (1.5 / v_transverse) ** 2)
            error = times - exact
            rows.append((
                edge_mm, len(cells), f"{v_fibre}/{v_transverse}", float(times[far]), float(formula),
                float(np.abs(error).mean()), float(error.max()), 100.0 * float(np.abs(error).mean() / exact.mean()),
            ))  # fmt: skip
    headings = (
        "edge [mm]", "tetrahedra", "v [m/s]", "far corner [ms]", "formula [ms]", "L1 [ms]", "Linf [ms]", "L1 [%]",
    )  # fmt: skip
    table("Slab of 20 x 7 x 3 mm from a corner cube of 1.5 mm", headings, rows)


def main() -> None:
    """Run the sections that were asked for."""
    sections = {
        "cube": check_cube, "plane": check_plane, "turning": check_turning, "invariants": check_invariants,
        "adjoint": check_adjoint, "superposition": check_superposition, "box": check_box, "crtdemo": check_crtdemo,
        "slab": check_slab,
    }  # fmt: skip
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=_DATA, metavar="DIR", help="folder of the real data")
    parser.add_argument("--only", nargs="+", choices=sorted(sections), default=list(sections))
    parser.add_argument("--quick", action="store_true", help="leave the largest meshes out")
    given = parser.parse_args()
    sizes = dict(list(_SIZES.items())[: 2 if given.quick else 3])
    for name in given.only:
        started = time.process_time()
        sections[name](sizes, given.data)
        print(f"\n({name}: {time.process_time() - started:.0f} s of processor time)")


if __name__ == "__main__":
    main()
