"""Hearts from a patient's images and from sizes; prints the tables of ``patient_heart.md``.

Run with RESYNCHRO_SHARED_DATA set to the folder of the public data; about two minutes. Parts whose data are absent are
left out. Times are processor times of one thread.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import meshio
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from resynchro.errors import ResynchroError
from resynchro.formats.guide_points import read_guide_points
from resynchro.formats.label_stack import read_label_stack
from resynchro.heart.cavities import cavity_ml
from resynchro.heart.patient_contours import FittedHeart, heart_from_contours, heart_from_points
from resynchro.heart.patient_points import PatientPoints, points_of_contours
from resynchro.heart.patient_sizes import KnownSizes, filled_sizes, heart_from_sizes
from resynchro.imaging.mask_contours import contours_from_labels, mask_from_polygon
from resynchro.record.slices import LABEL_CONVENTIONS, ContourStack, LabelSlice, LabelStack

DATA = Path(os.environ.get("RESYNCHRO_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
BIVME = DATA / "mri/biv-me"
PATIENTS = {
    "A": "example/guidepoints/default/patient1",
    "B": "tests/test_data/patient_1_gpdata",
    "C": "tests/test_data/patient_2_gpdata",
}
MASK = BIVME / "tests/test_data/contouring_data/patient1/segmentations/SAX/SAX_3d_1.nii.gz"
Points = NDArray[np.float64]
Triangles = NDArray[np.int64]


def vtk_surface(path: Path) -> tuple[Points, Triangles]:
    """Read points and triangles of a VTK 5.1 text file of polygons."""
    words = path.read_text().split()
    at = words.index("POINTS")
    count = int(words[at + 1])
    points = np.array(words[at + 3 : at + 3 + 3 * count], dtype=float).reshape(-1, 3)
    at = words.index("CONNECTIVITY") + 2
    end = next((i for i in range(at, len(words)) if not words[i].isdigit()), len(words))
    numbers = np.array(words[at:end], dtype=np.int64)
    return points, numbers.reshape(-1, 3)


def samples(points: Points, triangles: Triangles, parts: int) -> Points:
    """Points spread over every triangle."""
    corner = points[triangles]
    found = [
        corner[:, 0] * i / parts + corner[:, 1] * j / parts + corner[:, 2] * (parts - i - j) / parts
        for i in range(parts + 1)
        for j in range(parts + 1 - i)
    ]
    return np.concatenate(found)


def open_edges(triangles: Triangles) -> Triangles:
    """Edges of one triangle only, in its direction."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    _, first, count = np.unique(np.sort(edges, axis=1), axis=0, return_index=True, return_counts=True)
    return edges[first[count == 1]]


def lidded_ml(points: Points, triangles: Triangles) -> float:
    """Volume of a surface whose every hole is closed by a fan around the middle of its rim."""
    origin = points.mean(axis=0)
    at = points - origin
    corner = at[triangles]
    volume = np.einsum("ij,ij->i", np.cross(corner[:, 0], corner[:, 1]), corner[:, 2]).sum()
    following = {int(a): int(b) for a, b in open_edges(triangles)}
    while following:
        start = next(iter(following))
        loop = [start]
        while (nxt := following.pop(loop[-1])) != start:
            loop.append(nxt)
        middle = at[loop].mean(axis=0)
        for a, b in zip(loop, loop[1:] + loop[:1], strict=True):
            volume -= np.dot(np.cross(at[a], at[b]), middle)
    return abs(float(volume)) / 6000.0


def distance_row(fitted: FittedHeart, name: str, points: Points, triangles: Triangles) -> str:
    mesh = fitted.heart.mesh
    ours = samples(mesh.points_mm, mesh.surfaces[name], 3)  # type: ignore[index]
    theirs = samples(points, triangles, 6)
    there, back = cKDTree(theirs).query(ours)[0], cKDTree(ours).query(theirs)[0]
    return (
        f"{name}: ours to theirs mean {there.mean():.2f}, 95 % {np.quantile(there, 0.95):.2f} mm; theirs to ours mean "
        f"{back.mean():.2f}, median {np.median(back):.2f}, 95 % {np.quantile(back, 0.95):.2f} mm"
    )


def said(name: str, make: Callable[[float], FittedHeart]) -> FittedHeart | None:
    """Fit at 3 and 2 mm and print one row each."""
    fitted = None
    for edge_mm in (3.0, 2.0):
        try:
            make(edge_mm) if edge_mm == 3.0 else None  # the first call compiles and fills caches
            start = time.process_time()
            fitted = make(edge_mm)
            spent = time.process_time() - start
        except ResynchroError as error:
            print(f"{name:24s} {edge_mm:g} mm: {type(error).__name__}: {error}")
            continue
        residuals = ", ".join(
            f"{key} {value.median_mm:.2f}/{value.rms_mm:.2f}" for key, value in fitted.residuals.items()
        )
        print(
            f"{name:24s} {edge_mm:g} mm: LV {fitted.lv_edv_ml:.1f} RV {fitted.rv_edv_ml:.1f} mL; "
            f"median/RMS {residuals} mm; "
            f"inverted {int((fitted.heart.mesh.volumes_mm3 <= 0).sum())}, worst quality {fitted.worst_quality:.3f}; "
            f"stiffness {fitted.smoothness:g}, evened out {100 * fitted.relaxed_share:.1f} %; {spent:.1f} s",
            flush=True,
        )
    return fitted


def short_axis_only(contours: ContourStack) -> ContourStack:
    return replace(contours, base_points_mm=(), apex_mm=(), points_mm={})


def without_right(contours: ContourStack) -> ContourStack:
    kept = {name: points for name, points in contours.points_mm.items() if name in ("long_axis_endo", "long_axis_epi")}
    return replace(contours, points_mm=kept, slices=tuple(replace(item, rv=()) for item in contours.slices))


def guide_points() -> None:
    print("\n-- guide points")
    for name, folder in PATIENTS.items():
        if not (BIVME / folder).is_dir():
            continue
        contours = read_guide_points(BIVME / folder)
        fitted = said(f"patient {name}", lambda edge, c=contours: heart_from_contours(c, edge_mm=edge))  # type: ignore[misc]
        if fitted is not None:
            compared_with_nodes(fitted, name)
        if name == "A":
            if fitted is not None:
                compared_with_model(fitted)
            for label, reduced in (("A, short axis only", short_axis_only), ("A, no right ventricle", without_right)):
                fewer = reduced(contours)
                print(f"    areas of the slices times their distance: {summed_ml(fewer):.1f} mL")
                said(label, lambda edge, c=fewer: heart_from_contours(c, edge_mm=edge))  # type: ignore[misc]


def nodes_of_model(name: str) -> dict[str, Points] | None:
    """Nodes of the reference model of a patient: its control points times the subdivision matrix of biv-me."""
    from scipy.io import loadmat

    path = {
        "B": "tests/test_data/patient_1_gpdata/reference_model/patient_1_gpdata_model_frame_000.txt",
        "C": "tests/test_data/patient_2_gpdata/reference_model/patient_2_gpdata_model_frame_001.txt",
    }.get(name)
    matrix = DATA / "mesh/biv-me-model/src/model/subdivision_matrix_sparse.mat"
    if path is None or not matrix.exists():
        return None
    subdivision = next(value for key, value in loadmat(matrix).items() if not key.startswith("__"))
    control = np.loadtxt(BIVME / path, delimiter=",", skiprows=1)[:, :3]
    nodes = subdivision @ control
    # Order of the nodes by surface: LV endocardium, septum, RV free wall, epicardium, valves.
    return {"lv_endocardium": nodes[:1500], "rv_endocardium": nodes[1500:3224]}


def compared_with_nodes(fitted: FittedHeart, name: str) -> None:
    nodes = nodes_of_model(name) or {}
    for surface, theirs in nodes.items():
        mesh = fitted.heart.mesh
        ours = samples(mesh.points_mm, mesh.surfaces[surface], 3)  # type: ignore[index]
        back = cKDTree(ours).query(theirs)[0]
        print(f"    {surface}: nodes of their model to ours mean {back.mean():.2f}, median {np.median(back):.2f} mm")


def compared_with_model(fitted: FittedHeart) -> None:
    folder = BIVME / "example/fitted-models/default/patient1/vtk"
    if not folder.is_dir():
        return
    for name, theirs in (("lv_endocardium", "LV_ENDOCARDIAL"), ("rv_endocardium", "RV_ENDOCARDIAL")):
        points, triangles = vtk_surface(folder / f"patient1_{theirs}_000.vtk")
        if name == "lv_endocardium":
            volume = lidded_ml(points, triangles)
        print("   ", distance_row(fitted, name, points, triangles))
        if name == "lv_endocardium":
            ours = fitted.lv_edv_ml
            print(f"    LV volume {ours:.1f} against {volume:.1f} mL: {100 * (ours / volume - 1):+.1f} %")


def summed_ml(contours: ContourStack) -> float:
    """Areas of the slices times their distance."""
    points = points_of_contours(contours)
    centres = points.slice_centres
    spacing = float(np.median(np.linalg.norm(np.diff(centres, axis=0), axis=1)))
    return float(points.slice_areas_mm2.sum()) * spacing / 1000.0


def drawn(contours: ContourStack) -> LabelStack:
    """The short-axis contours of one frame as labels in their own pixels."""
    found = []
    for item in contours.slices:
        rows = int(max(polygon[:, 0].max() for polygon in (*item.epi[:1], *item.rv[:1]) if polygon is not None)) + 5
        columns = int(max(polygon[:, 1].max() for polygon in (*item.epi[:1], *item.rv[:1]) if polygon is not None)) + 5
        labels = np.zeros((rows, columns), dtype=np.uint8)
        for polygon, number in ((item.rv[0] if item.rv else None, 3), (item.epi[0], 2), (item.endo[0], 1)):
            if polygon is not None:
                labels[mask_from_polygon(polygon, labels.shape)] = number
        found.append(LabelSlice(geometry=item.geometry, labels=labels[None]))
    return LabelStack(slices=tuple(found), convention=LABEL_CONVENTIONS["biv-me"], file="drawn", sha256="")


def masks() -> None:
    print("\n-- masks")
    for name in ("A", "C"):
        folder = BIVME / PATIENTS[name]
        if folder.is_dir():
            contours = contours_from_labels(drawn(read_guide_points(folder)))
            print(f"    areas of the slices times their distance: {summed_ml(contours):.1f} mL")
            said(
                f"mask of {name}",
                lambda edge, c=contours: heart_from_contours(c, edge_mm=edge, geometry_source="mask"),  # type: ignore[misc]
            )
    if MASK.exists():
        phases = contours_from_labels(read_label_stack(MASK, "biv-me"))
        said("SAX_3d_1.nii.gz", lambda edge: heart_from_contours(phases, edge_mm=edge, geometry_source="mask"))


def cobiveco() -> None:
    print("\n-- surfaces of Cobiveco geo2")
    folder = DATA / "mesh/cobiveco/examples/geo2"
    if not folder.is_dir():
        return
    surface = {}
    for name in ("heart_endo_lv", "heart_endo_rv", "heart_epi"):
        mesh = meshio.read(folder / f"{name}.ply")
        surface[name] = (mesh.points.astype(float), mesh.cells_dict["triangle"].astype(np.int64))
    scale = 1.0 if np.ptp(surface["heart_epi"][0], axis=0).max() > 1.0 else 1000.0
    left, right, outer = (points * scale for points, _ in surface.values())
    rim = np.unique(open_edges(surface["heart_endo_lv"][1]))
    apex = left[np.argmax(np.linalg.norm(left - left[rim].mean(axis=0), axis=1))]
    of_left = cKDTree(left).query(outer)[0] < cKDTree(right).query(outer)[0]
    right_rim = np.unique(open_edges(surface["heart_endo_rv"][1]))
    points = PatientPoints(
        lv_endo=left,
        lv_outer=outer[of_left],
        rv_either=right,
        rv_outer=outer[~of_left],
        mitral=left[rim],
        tricuspid=right[right_rim],
        apex_mm=apex,
    )
    fitted = said("geo2", lambda edge: heart_from_points(points, edge_mm=edge))
    if fitted is not None:
        for name, (at, triangles) in zip(
            ("lv_endocardium", "rv_endocardium", "epicardium"), surface.values(), strict=True
        ):
            print("   ", distance_row(fitted, name, at * scale, triangles))


def sizes(count: int) -> None:
    print("\n-- sizes alone")
    for known in (KnownSizes(lv_edv_ml=179.0), KnownSizes(lv_diameter_mm=68.0), KnownSizes()):
        start = time.process_time()
        heart = heart_from_sizes(known, edge_mm=2.0)
        spent = time.process_time() - start
        at = heart.mesh.points_mm
        left, right = (cavity_ml(at, side) for side in (heart.mesh.lv_endocardium, heart.mesh.rv_endocardium))
        print(f"LV {left:.1f} RV {right:.1f} mL, {spent:.1f} s: ", end="")
        print(heart.findings[0].message)
    rng = np.random.default_rng(4)
    made, refused, worst, messages = 0, 0, np.inf, set()
    for _ in range(count):
        edv = rng.uniform(40.0, 500.0)
        walls = dict(
            zip(
                ("septal_wall_mm", "anterior_wall_mm", "lateral_wall_mm", "inferior_wall_mm"),
                rng.uniform(4.0, 25.0, 4),
                strict=True,
            )
        )
        length = float(
            np.clip(filled_sizes(KnownSizes(lv_edv_ml=edv))[0].lv_length_mm * rng.uniform(0.8, 1.25), 55, 140)
        )
        try:
            known = KnownSizes(
                lv_edv_ml=edv,
                lv_length_mm=length,
                rv_edv_ml=rng.uniform(40.0, 450.0),
                apical_wall_mm=rng.uniform(2.0, 20.0),
                rv_wall_mm=rng.uniform(2.0, 12.0),
                **walls,
            )
            for edge_mm in (3.0, 2.0):
                heart = heart_from_sizes(known, edge_mm=edge_mm)
                worst = min(worst, float(heart.mesh.volumes_mm3.min()))
            made += 1
        except ResynchroError as error:
            refused += 1
            messages.add(str(error)[:90])
    print(
        f"random sizes: {made} hearts at 3 and 2 mm, smallest tetrahedron {worst:.4f} mm3; {refused} refused:",
        *sorted(messages),
        sep="\n    ",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--random", type=int, default=40, help="how many random sets of sizes")
    count = parser.parse_args().random
    guide_points()
    masks()
    cobiveco()
    sizes(count)


if __name__ == "__main__":
    main()
