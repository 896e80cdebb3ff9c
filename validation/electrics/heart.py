"""Fibres, coordinates, walls and surfaces of the heart; prints the tables of ``heart.md``.

Run with RESYNCHRO_SHARED_DATA set to the folder of the public data; about two minutes. Without the data the parts that
need none are printed. Times are processor times of one thread.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay, cKDTree

from resynchro.formats.heart_mesh_file import read_heart_mesh
from resynchro.heart.fibres import apex_to_base, neighbour_alignment, rule_based_fibres
from resynchro.heart.heart import LV_FREE_WALL, RV_FREE_WALL, SEPTUM, Heart
from resynchro.heart.heart_of_mesh import heart_of_mesh
from resynchro.heart.laplace import element_gradients, laplace_solution, shape_gradients, stiffness_matrix
from resynchro.heart.mesh import SURFACES, HeartMesh
from resynchro.heart.septum import septal_triangles
from resynchro.heart.surfaces import boundary_triangles, connected_parts, labelled_surfaces
from resynchro.heart.template import template_heart
from resynchro.heart.ventricular_coordinates import ventricular_coordinates

DATA = Path(os.environ.get("RESYNCHRO_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
CRTDEMO = DATA / "mesh/crtdemo/data/crtdemo"
COBIVECO = DATA / "mesh/cobiveco/examples/geo2"
Array = NDArray[np.float64]

# ---------------------------------------------------------------- a half sphere with known fibres


def half_sphere(around: int, meridian: int, layers: int) -> HeartMesh:
    """Thick half sphere between 20 and 30 mm, apex down, base at z = 0."""
    kuhn = ((0, 1, 3, 7), (0, 5, 1, 7), (0, 3, 2, 7), (0, 2, 6, 7), (0, 4, 5, 7), (0, 6, 4, 7))
    i, j, k = (a.ravel() for a in np.meshgrid(np.arange(around), np.arange(meridian), np.arange(layers), indexing="ij"))
    corners = []
    for c in range(8):
        turn, row, layer = (i + (c & 1)) % around, j + (c >> 1 & 1), k + (c >> 2 & 1)
        corners.append(np.where(row == 0, 0, 1 + turn * meridian + row - 1) * (layers + 1) + layer)
    corner = np.stack(corners, axis=1)
    cells = np.concatenate([corner[:, list(tetrahedron)] for tetrahedron in kuhn]).astype(np.int32)
    cells = cells[[len(set(cell)) == 4 for cell in cells.tolist()]]
    column, layer = np.divmod(np.arange((1 + around * meridian) * (layers + 1)), layers + 1)
    turn, row = np.divmod(np.maximum(column - 1, 0), meridian)
    polar = np.where(column == 0, 0.0, np.pi / 2 * (row + 1) / meridian)
    angle, radius = 2 * np.pi * turn / around, 20 + 10 * layer / layers
    way = np.stack([np.sin(polar) * np.cos(angle), np.sin(polar) * np.sin(angle), -np.cos(polar)], axis=1)
    points = radius[:, None] * way
    inverted = np.linalg.det(points[cells[:, 1:]] - points[cells[:, :1]]) < 0
    cells[inverted] = cells[inverted][:, [0, 1, 3, 2]]
    triangles = boundary_triangles(cells)
    inside, outside = (layer[triangles] == 0).all(axis=1), (layer[triangles] == layers).all(axis=1)
    return HeartMesh(
        points_mm=points,
        tetrahedra=cells,
        lv_endocardium=triangles[inside],
        rv_endocardium=triangles[:0],
        epicardium=triangles[outside],
        base=triangles[~inside & ~outside],
    )


def exact_half_sphere() -> None:
    print("\n## Half sphere 20 to 30 mm, exact solution; more than 10 mm from the axis")
    print(
        "| layers | tetrahedra | angle to the exact fibre, median / 99th percentile / largest [deg] | helix, largest |"
    )
    for around, meridian, layers in ((30, 10, 4), (60, 20, 8), (90, 30, 12)):
        mesh = half_sphere(around, meridian, layers)
        field = rule_based_fibres(mesh)
        at = mesh.points_mm[mesh.tetrahedra].mean(axis=1)
        radius, off_axis = np.linalg.norm(at, axis=1), np.hypot(at[:, 0], at[:, 1])
        degrees = -60 + 120 * (1 / radius - 1 / 30) / (1 / 20 - 1 / 30)
        around_axis = np.stack([-at[:, 1], at[:, 0], 0 * radius], axis=1) / off_axis[:, None]
        upward = np.cross(at / radius[:, None], around_axis)
        turned = np.radians(degrees)[:, None]
        truth = np.cos(turned) * around_axis + np.sin(turned) * upward
        body = off_axis > 10
        off = angles(truth, field.fibre)[body]
        helix = np.abs(field.helix_deg - degrees)[body].max()
        cells = f"{np.median(off):.2f} / {np.percentile(off, 99):.2f} / {off.max():.2f}"
        print(f"| {layers} | {len(at)} | {cells} | {helix:.2f} |")


def angles(one: Array, other: Array) -> Array:
    return np.asarray(np.degrees(np.arccos(np.clip(np.abs(np.einsum("ij,ij->i", one, other)), 0, 1))))


# ---------------------------------------------------------------- continuity


def simple_rule(mesh: HeartMesh) -> Array:
    """The rule with one transmural field for both ventricles (0 inside, 1 outside and on the right of the septum)."""
    matrix = stiffness_matrix(mesh.points_mm, mesh.tetrahedra)
    gradients, _ = shape_gradients(mesh.points_mm, mesh.tetrahedra)
    septal = septal_triangles(mesh, matrix)
    one = np.union1d(np.unique(mesh.epicardium), np.unique(mesh.rv_endocardium[septal]))
    zero = np.setdiff1d(np.union1d(np.unique(mesh.lv_endocardium), np.unique(mesh.rv_endocardium[~septal])), one)
    nodes = np.concatenate([zero, one])
    across_field = laplace_solution(matrix, nodes, np.repeat([0.0, 1.0], [len(zero), len(one)]))
    across = element_gradients(gradients, mesh.tetrahedra, across_field)
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-12)
    upward = element_gradients(gradients, mesh.tetrahedra, apex_to_base(mesh, matrix))
    upward -= across * np.einsum("ij,ij->i", upward, across)[:, None]
    upward /= np.maximum(np.linalg.norm(upward, axis=1, keepdims=True), 1e-12)
    angle = np.radians(60 - 120 * across_field[mesh.tetrahedra].mean(axis=1))[:, None]
    return np.asarray(np.cos(angle) * np.cross(upward, across) + np.sin(angle) * upward)


def body_of(heart: Heart, points: Array) -> NDArray[np.bool_]:
    """Outside of 10 mm around the axis below the tip of the cavity and 15 mm above it."""
    up = heart.landmarks.base_mm - heart.landmarks.apex_mm
    up = up / np.linalg.norm(up)
    offset = points - heart.landmarks.apex_mm
    return np.asarray((np.linalg.norm(np.cross(offset, up), axis=1) > 10) | (offset @ up > 15))


def continuity_rows(name: str, heart: Heart, fibre: Array) -> None:
    mesh = heart.mesh
    pairs, cosine = neighbour_alignment(mesh.tetrahedra, fibre)
    between = mesh.points_mm[mesh.tetrahedra].mean(axis=1)[pairs].mean(axis=1)
    septal = septal_triangles(mesh, stiffness_matrix(mesh.points_mm, mesh.tetrahedra))
    line = np.intersect1d(np.unique(mesh.rv_endocardium[septal]), np.unique(mesh.rv_endocardium[~septal]))
    near = cKDTree(mesh.points_mm[line]).query(between)[0] < 5.0
    body = body_of(heart, between)
    septum = (heart.wall[pairs] == SEPTUM).all(axis=1)
    for where, chosen in (
        ("all", body | True),
        ("without apex", body),
        ("septum", body & septum),
        ("insertion, 5 mm", body & near),
    ):
        c = cosine[chosen]
        print(
            f"| {name} | {where} | {len(c)} | {np.median(c):.4f} | {np.percentile(c, 1):.3f} | "
            f"{np.percentile(c, 0.1):.3f} | {c.min():.3f} |"
        )


def continuity() -> None:
    print("\n## |f.f'| between tetrahedra that share a face")
    print("| mesh, rule | where | pairs | median | 1st percentile | 0.1th | lowest |")
    for edge_mm in (3.0, 2.0, 1.2):
        heart = template_heart(edge_mm=edge_mm)
        continuity_rows(f"template {edge_mm:g} mm, ours", heart, heart.fibre)
        if edge_mm == 2.0:
            continuity_rows("template 2 mm, simple rule", heart, simple_rule(heart.mesh))
    continuity_rows("dilated 2 mm, ours", *(lambda h: (h, h.fibre))(template_heart("dilated", edge_mm=2.0)))


def helix_at_surfaces() -> None:
    print("\n## Helix angle of tetrahedra with a face on a surface, template 2 mm: 5th, 50th, 95th percentile [deg]")
    heart = template_heart(edge_mm=2.0)
    mesh, field = heart.mesh, rule_based_fibres(heart.mesh)
    for name, triangles, wall in (
        ("LV endocardium, free wall", mesh.lv_endocardium, LV_FREE_WALL),
        ("LV endocardium, septum", mesh.lv_endocardium, SEPTUM),
        ("right side of the septum", mesh.rv_endocardium, SEPTUM),
        ("LV epicardium", mesh.epicardium, LV_FREE_WALL),
        ("RV endocardium, free wall", mesh.rv_endocardium, RV_FREE_WALL),
        ("RV epicardium", mesh.epicardium, RV_FREE_WALL),
    ):
        on = np.zeros(len(mesh.points_mm), dtype=bool)
        on[np.unique(triangles)] = True
        chosen = (on[mesh.tetrahedra].sum(axis=1) == 3) & (heart.wall == wall)
        print(f"| {name} | {' / '.join(f'{p:+.0f}' for p in np.percentile(field.helix_deg[chosen], [5, 50, 95]))} |")


# ---------------------------------------------------------------- speed


def speed() -> None:
    print("\n## Processor time, one thread [s]")
    print(
        "| mesh | nodes | tetrahedra | assemble | fibres (10 solves) | coordinates, walls, segments | find surfaces |"
    )
    for edge_mm in (3.0, 2.2, 1.2):
        mesh = template_heart(edge_mm=edge_mm).mesh
        best = [np.inf] * 4
        for _ in range(3):
            began = time.process_time()
            matrix = stiffness_matrix(mesh.points_mm, mesh.tetrahedra)
            after = [time.process_time()]
            rule_based_fibres(mesh, stiffness=matrix)
            after.append(time.process_time())
            ventricular_coordinates(mesh, stiffness=matrix)
            after.append(time.process_time())
            labelled_surfaces(mesh.points_mm, mesh.tetrahedra)
            after.append(time.process_time())
            best = [min(b, s) for b, s in zip(best, np.diff([began, *after]), strict=True)]
        print(
            f"| {edge_mm:g} mm | {len(mesh.points_mm)} | {len(mesh.tetrahedra)} | "
            + " | ".join(f"{seconds:.2f}" for seconds in best)
            + " |"
        )


# ---------------------------------------------------------------- coordinates


def coordinates() -> None:
    print("\n## Coordinates from the surfaces against those the template was built from")
    print("| heart | wall | apicobasal: median / 95th / largest | transmural | rotation above 0.1 [deg] |")
    for size, edge_mm in (("normal", 3.0), ("normal", 2.0), ("dilated", 2.0)):
        heart = template_heart(size, edge_mm=edge_mm)  # type: ignore[arg-type]
        found = ventricular_coordinates(heart.mesh)
        one, other = heart.coordinates, found.coordinates
        clear = one.apicobasal > 0.1
        turn = np.abs((other.rotation_deg - one.rotation_deg + 180) % 360 - 180)
        for wall, chosen in (("LV and septum", ~one.rv & ~other.rv), ("RV free wall", one.rv & other.rv)):
            cells = [
                np.abs(other.apicobasal - one.apicobasal)[chosen],
                np.abs(other.transmural - one.transmural)[chosen],
                turn[chosen & clear],
            ]
            print(f"| {size} {edge_mm:g} mm | {wall} | " + " | ".join(three(cell) for cell in cells) + " |")
        volume = heart.mesh.volumes_mm3
        same_wall = volume[found.wall == heart.wall].sum() / volume.sum()
        same_segment = volume[found.segment == heart.segment].sum() / volume.sum()
        print(
            f"| | volume with the same wall {100 * same_wall:.1f} %, segment {100 * same_segment:.1f} %; insertions "
            f"{found.insertions_deg[0]:.1f} and {found.insertions_deg[1]:.1f} deg | | | |"
        )


def three(values: Array) -> str:
    return f"{np.median(values):.3f} / {np.percentile(values, 95):.3f} / {values.max():.3f}"


# ---------------------------------------------------------------- surfaces without labels


def surfaces() -> None:
    print("\n## Surfaces found without labels: triangles with another label than the true one")
    rng = np.random.default_rng(0)
    for name, mesh in (
        ("normal 3 mm", template_heart(edge_mm=3.0).mesh),
        ("normal 2 mm", template_heart(edge_mm=2.0).mesh),
        ("dilated 3 mm", template_heart("dilated", edge_mm=3.0).mesh),
    ):
        wrong = 0
        for _ in range(10):
            turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
            found = labelled_surfaces(mesh.points_mm @ (turn * np.sign(np.linalg.det(turn))), mesh.tetrahedra)
            for part in SURFACES:
                truth = {tuple(row) for row in np.sort(mesh.surfaces[part], axis=1).tolist()}
                wrong += len(truth - {tuple(row) for row in np.sort(found[part], axis=1).tolist()})
        print(f"| {name} | {wrong} in 10 random positions |")


# ---------------------------------------------------------------- other people's hearts


def crtdemo_fibres(points: Array) -> Array:
    """Directions at nodes. Their file lists the nodes in another order: matched by position."""
    data = (CRTDEMO / "crtdemo_f0_oriented.vtk").read_bytes()

    def floats(mark: bytes) -> Array:
        start = data.index(mark) + len(mark)
        return np.frombuffer(data[start : start + 12 * len(points)], ">f4").reshape(-1, 3).astype(float)

    distance, nearest = cKDTree(floats(b"POINTS 4569 float\n")).query(points)
    assert distance.max() < 1e-3
    return floats(b"VECTORS fiber float\n")[nearest]


def crtdemo() -> None:
    print("\n## crtdemo: 4569 nodes, 17866 tetrahedra, edges of 4.8 mm")
    file = read_heart_mesh(CRTDEMO / "crtdemo_mesh_oriented.vtk")
    theirs = heart_of_mesh(file.points_mm, file.tetrahedra, fibre=crtdemo_fibres(file.points_mm))
    for finding in theirs.findings:
        print(f"- {finding.code}: {finding.message}")
    mesh = theirs.mesh
    at = mesh.points_mm[mesh.tetrahedra].mean(axis=1)
    body = body_of(theirs, at)
    print("| rule | LV free wall, median / 90th [deg] | septum | RV free wall | all |")
    for inner, outer in ((60.0, -60.0), (-60.0, 60.0)):
        off = angles(rule_based_fibres(mesh, endocardial_deg=inner, epicardial_deg=outer).fibre, theirs.fibre)
        cells = [off[body & (theirs.wall == wall)] for wall in (LV_FREE_WALL, SEPTUM, RV_FREE_WALL)] + [off[body]]
        print(
            f"| {inner:+.0f} to {outer:+.0f} | "
            + " | ".join(f"{np.median(c):.1f} / {np.percentile(c, 90):.1f}" for c in cells)
            + " |"
        )
    print("| mesh, rule | where | pairs | median | 1st percentile | 0.1th | lowest |")
    continuity_rows("crtdemo, theirs", theirs, theirs.fibre)
    continuity_rows("crtdemo, ours", theirs, rule_based_fibres(mesh).fibre)
    say_regions(theirs)


def say_regions(heart: Heart) -> None:
    volume = heart.mesh.volumes_mm3 / 1000.0
    places = ventricular_coordinates(heart.mesh)
    print(
        "walls LV / septum / RV [mL]: "
        + " / ".join(f"{volume[heart.wall == wall].sum():.0f}" for wall in (LV_FREE_WALL, SEPTUM, RV_FREE_WALL))
        + f"; insertions {places.insertions_deg[0]:.0f} and {places.insertions_deg[1]:.0f} deg; segments 1 to 17 [mL]: "
        + " ".join(f"{volume[heart.segment == segment].sum():.1f}" for segment in range(1, 18))
    )


def ply(name: str) -> tuple[Array, NDArray[np.int64]]:
    """Nodes and triangles of a binary PLY with float coordinates."""
    data = (COBIVECO / f"heart_{name}.ply").read_bytes()
    head, body = data.split(b"end_header\n", 1)
    nodes, faces = (int(head.split(b"element " + word)[1].split()[0]) for word in (b"vertex", b"face"))
    points = np.frombuffer(body[: 12 * nodes], "<f4").reshape(-1, 3).astype(float)
    rows = np.frombuffer(body[12 * nodes :], np.dtype([("n", "u1"), ("v", "<i4", 3)]), count=faces)
    return points, rows["v"].astype(np.int64)


def cobiveco() -> None:
    """A patient's surfaces filled crudely with tetrahedra: holes and dents of the filling are part of the trial."""
    print("\n## cobiveco geo2 (a patient, surfaces only), filled with tetrahedra of 3 mm by Delaunay's rule")
    points, triangles, label = [], [], []
    for number, name in enumerate(("endo_lv", "endo_rv", "epi", "base")):
        nodes, faces = ply(name)
        triangles.append(faces + sum(len(p) for p in points))
        points.append(nodes)
        label += [number] * len(faces)
    cells, corners = filled(np.concatenate(points), np.concatenate(triangles))
    heart = heart_of_mesh(corners, cells, axes="unknown")
    found = labelled_surfaces(heart.mesh.points_mm, heart.mesh.tetrahedra)
    plain = heart_of_mesh(corners, cells)
    true = np.array(label)
    surface = np.concatenate(points)[np.concatenate(triangles)].mean(axis=1)
    for number, name in enumerate(SURFACES):
        middle = plain.mesh.points_mm[found[name]].mean(axis=1)
        agree = true[cKDTree(surface).query(middle)[1]] == number
        print(f"| {name} | {len(middle)} triangles | {100 * agree.mean():.1f} % as the patient's nearest triangle |")
    print("| mesh, rule | where | pairs | median | 1st percentile | 0.1th | lowest |")
    continuity_rows("cobiveco geo2, ours", heart, heart.fibre)
    say_regions(heart)


def filled(points: Array, triangles: NDArray[np.int64], edge_mm: float = 3.0) -> tuple[NDArray[np.int64], Array]:
    corner = points[triangles]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    middle = corner.mean(axis=1)
    normal *= np.sign(np.einsum("ij,ij->i", middle, normal).sum())
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    tree = cKDTree(middle)

    def depth(places: Array) -> Array:
        near = tree.query(places, k=4)[1]
        return np.asarray(-np.einsum("nkj,nkj->nk", places[:, None] - middle[near], normal[near]).mean(axis=1))

    rng = np.random.default_rng(0)
    points = np.unique(np.round(points, 4), axis=0)
    keep, nodes = np.ones(len(points), dtype=bool), cKDTree(points)
    for number in rng.permutation(len(points)):
        if keep[number]:
            keep[nodes.query_ball_point(points[number], 0.75 * edge_mm)] = False
            keep[number] = True
    axes = [np.arange(low, high, edge_mm) for low, high in zip(points.min(0), points.max(0), strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    grid = grid + rng.normal(scale=0.1 * edge_mm, size=grid.shape)
    grid = grid[depth(grid) > 0.35 * edge_mm]
    grid = grid[cKDTree(points[keep]).query(grid)[0] > 0.6 * edge_mm]
    corners = np.concatenate([points[keep], grid])
    cells = Delaunay(corners).simplices
    cells = cells[depth(corners[cells].mean(axis=1)) > 0]
    at = corners[cells]
    longest = np.max([np.linalg.norm(at[:, a] - at[:, b], axis=1) for a in range(4) for b in range(a)], axis=0)
    volume = np.abs(np.linalg.det(at[:, 1:] - at[:, :1])) / 6
    cells = cells[(longest < 3.2 * edge_mm) & (volume > 1e-3 * longest**3)]
    pairs, _ = neighbour_alignment(cells.astype(np.int32), np.zeros((len(cells), 3)))
    part = connected_parts(len(cells), pairs)
    return cells[part == np.bincount(part).argmax()], corners


def main() -> None:
    exact_half_sphere()
    continuity()
    helix_at_surfaces()
    coordinates()
    surfaces()
    speed()
    if CRTDEMO.exists():
        crtdemo()
    if COBIVECO.exists():
        cobiveco()


if __name__ == "__main__":
    main()
