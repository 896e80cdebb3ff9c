"""Volumes, propagated contours and sorting of cine MRI against public data; prints the tables of ``cine.md``.

Run with RESYNCHRO_SHARED_DATA set to the folder of the public data (see the README of the data); about a minute.
With a folder as argument the short-axis pictures of the patient are written there.
"""

from __future__ import annotations

import os
import re
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resynchro.formats.guide_points import read_guide_points
from resynchro.formats.image_stack import read_image_stacks
from resynchro.imaging.cine.cine_measurement import measure_cine
from resynchro.imaging.cine.cine_strain import image_of
from resynchro.imaging.cine.end_diastole import phases_told_apart
from resynchro.imaging.cine.lv_volumes import lv_volumes
from resynchro.imaging.cine.placed_slices import PlacedSlice, placed_slices
from resynchro.imaging.cine.valve_plane import valve_plane
from resynchro.imaging.cine.ventricle_surface import enclosed_volume_ml, fitted_surface
from resynchro.imaging.mask_contours import mask_from_polygon
from resynchro.imaging.motion.polar_tracker import track_slice
from resynchro.imaging.motion.tracked_slice import TrackedSlice
from resynchro.imaging.motion.tracked_strain import segment_strains
from resynchro.record.slices import CineStack, ContourStack

DATA = Path(os.environ.get("RESYNCHRO_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
EXAMPLE = DATA / "mri/biv-me/example"
Array = NDArray[np.float64]
Faces = NDArray[np.int64]

# ---------------------------------------------------------------- the fitted model


def read_surface(file: Path) -> tuple[Array, Faces]:
    """Read points and triangles of a legacy VTK file."""
    words = file.read_text().split()
    at = words.index("POINTS")
    count = int(words[at + 1])
    points = np.array(words[at + 3 : at + 3 + 3 * count], float).reshape(-1, 3)
    at = words.index("CONNECTIVITY")
    cells = words.index("POLYGONS")
    corners = np.array(words[at + 2 : at + 2 + int(words[cells + 2])], int)
    return points, corners.reshape(-1, 3)


def closed_volume_ml(points: Array, faces: Faces) -> float:
    """Return the volume inside a surface whose openings are closed flat, each by a fan around its middle [ml]."""
    corners = points[faces]
    volume = float(np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))) / 6.0
    for rim in openings(faces):
        ring = points[rim]
        middle = np.broadcast_to(ring.mean(axis=0), ring.shape)
        volume -= float(np.einsum("ij,ij->", middle, np.cross(ring, np.roll(ring, -1, axis=0)))) / 6.0
    return abs(volume) / 1000.0


def openings(faces: Faces) -> list[list[int]]:
    """Return the rims of a surface as rings of points."""
    edges = {(int(a), int(b)) for face in faces for a, b in zip(face, np.roll(face, -1), strict=True)}
    after = {a: b for a, b in edges if (b, a) not in edges}
    rims = []
    while after:
        start, here = after.popitem()
        rim = [start]
        while here != start:
            rim.append(here)
            here = after.pop(here)
        rims.append(rim)
    return rims


def model_volumes_ml() -> Array:
    """Return left- and right-ventricular volume of the fitted model per frame, shape (25, 2) [ml]."""
    folder = EXAMPLE / "fitted-models/default/patient1/vtk"
    return np.array(
        [
            [closed_volume_ml(*read_surface(folder / f"patient1_{wall}_{frame:03d}.vtk")) for wall in walls]
            for frame in range(25)
            for walls in (("LV_ENDOCARDIAL", "RV_ENDOCARDIAL"),)
        ]
    )


def other_models_ml() -> dict[str, tuple[float, ...]]:
    """Return the volumes of the two other patients' fitted models, evaluated from their control points [ml]."""
    from scipy.io import loadmat
    from scipy.spatial import cKDTree

    matrix = loadmat(DATA / "mesh/biv-me-model/src/model/subdivision_matrix_sparse.mat")["S"]

    def vertices(file: Path) -> Array:
        rows = [line.replace(" ", "").split(",")[:3] for line in file.read_text().splitlines()]
        numbers = [row for row in rows if len(row) == 3 and re.match(r"-?\d", row[0])]
        return np.asarray(matrix @ np.array(numbers, float))

    known = vertices(EXAMPLE / "fitted-models/default/patient1/patient1_model_frame_024.txt")
    points, faces = read_surface(EXAMPLE / "fitted-models/default/patient1/vtk/patient1_LV_ENDOCARDIAL_024.vtk")
    faces = cKDTree(known).query(points)[1][faces]
    found = {}
    for patient in ("patient_1", "patient_2"):
        files = sorted((DATA / f"mri/biv-me/tests/test_data/{patient}_gpdata/reference_model").glob("*frame*.txt"))
        found[patient] = tuple(closed_volume_ml(vertices(file), faces) for file in files)
    return found


# ---------------------------------------------------------------- volumes


def variants_ml(contours: ContourStack) -> Array:
    """Return volumes without the lid (a plane) and without the scale of the short-axis areas, shape (T, 4) [ml]."""
    rows = []
    for frame, apex in enumerate(contours.apex_mm):
        assert apex is not None
        aortic = contours.points_mm.get("aortic_valve", (np.empty((0, 3)),) * len(contours.apex_mm))[frame]
        lid = valve_plane(np.concatenate([contours.base_points_mm[frame], aortic]), apex)
        flat = replace(lid, rim_mm=lid.rim_mm[:3])
        short = [
            item.geometry.to_patient(*polygon.T)
            for item in contours.slices
            if (polygon := item.endo[frame]) is not None
        ]
        surface = fitted_surface(short, contours.points_mm["long_axis_endo"][frame], lid, apex)
        plain = replace(surface, area_ratio=np.array([[0.0], [1.0]]))
        rows.append([enclosed_volume_ml(one, end) for one in (plain, surface) for end in (flat, lid)])
    return np.array(rows)


def print_volumes(contours: ContourStack) -> None:
    model = model_volumes_ml()
    volumes = lv_volumes(contours)
    columns = {curve.method: curve.cavity_ml for curve in volumes.curves}
    for number, name in enumerate(("surface, plane, no scale", "surface, lid, no scale", "surface, plane, scale")):
        columns[name] = variants_ml(contours)[:, number]
    print("\nVolumes of the biv-me example against the fitted model (flat closure) [ml]")
    print(f"{'':28} ED     ES     EF %   error ED %  error ES %  RMS over the beat %")
    print(f"{'fitted model':28} {model[:, 0].max():6.1f} {model[:, 0].min():6.1f} {_ef(model[:, 0]):6.1f}")
    for name, curve in columns.items():
        ed, es = curve.max() / model[:, 0].max() - 1.0, curve.min() / model[:, 0].min() - 1.0
        rms = np.sqrt(np.mean((curve / model[:, 0] - 1.0) ** 2))
        print(
            f"{name:28} {curve.max():6.1f} {curve.min():6.1f} {_ef(curve):6.1f} {100 * ed:+10.1f} {100 * es:+11.1f} "
            f"{100 * rms:12.1f}"
        )
    theirs = f"{model[:, 0].argmax()}, {model[:, 0].argmin()}"
    print(f"frames of ED and ES: ours {volumes.ed_frame}, {volumes.es_frame}; model {theirs}")
    print("ours  ", " ".join(f"{value:.0f}" for value in volumes.curves[0].cavity_ml))
    print("model ", " ".join(f"{value:.0f}" for value in model[:, 0]))
    print(f"mass {volumes.mass_g:.0f} g at ED; residual of the surface {volumes.curves[0].residual_mm:.1f} mm")


def _ef(curve: Array) -> float:
    return float(100.0 * (1.0 - curve.min() / curve.max()))


def print_other_patients() -> None:
    print("\nTwo other patients of biv-me, two frames each [ml]: ours, model, error")
    for patient, models in other_models_ml().items():
        volumes = lv_volumes(read_guide_points(DATA / f"mri/biv-me/tests/test_data/{patient}_gpdata"))
        for frame, (ours, model) in enumerate(zip(volumes.curves[0].cavity_ml, models, strict=True)):
            print(f"{patient} frame {frame}: {ours:6.1f} {model:6.1f} {100 * (ours / model - 1):+5.1f} %")


def print_analytic() -> None:
    """Fit ventricles of known volume: half ellipsoids, tapered and with an oval section, noise and shifted slices."""
    rng = np.random.default_rng(1)
    print("\nVentricles of known volume, 40 draws each: mean and SD of the error [%]")
    for spacing in (8.0, 17.7):
        for noise, shift in ((0.0, 0.0), (1.0, 1.5)):
            errors = [_analytic_error(rng, spacing, noise, shift) for _ in range(40)]
            print(
                f"spacing {spacing:4.1f} mm, contour noise {noise:.0f} mm, breath-hold shifts {shift:.1f} mm: "
                f"{100 * np.mean(errors):+.1f} ± {100 * np.std(errors, ddof=1):.1f}, worst "
                f"{100 * np.max(np.abs(errors)):.1f}"
            )


def _analytic_error(rng: np.random.Generator, spacing: float, noise: float, shift: float) -> float:
    length, radius = rng.uniform(75.0, 110.0), rng.uniform(18.0, 36.0)
    taper, oval = rng.uniform(0.0, 0.25), rng.uniform(0.0, 0.1)

    def profile(z: Array) -> Array:
        narrowing = 1.0 - taper * np.clip(z / length - 0.7, 0.0, None) / 0.3
        return np.asarray(radius * np.sqrt(np.clip(1.0 - (1.0 - z / length) ** 2, 0.0, None)) * narrowing)

    angle = 2.0 * np.pi * np.arange(60) / 60
    short = []
    for z in np.arange(rng.uniform(0.0, spacing), 0.9 * length, spacing):
        r = profile(np.array(z)) * (1.0 + oval * np.cos(2.0 * angle)) + rng.normal(0.0, noise, 60)
        ring = np.column_stack([r * np.cos(angle), r * np.sin(angle), np.full(60, z)])
        ring[:, :2] += rng.normal(0.0, shift, 2)
        short.append(ring)
    z = np.linspace(0.3, length, 35)
    views, valves = [], []
    for turn in (0.3, 1.35, 2.4):
        moved = rng.normal(0.0, shift) * np.array([np.cos(turn), np.sin(turn), 0.0])
        for side in (turn, turn + np.pi):
            r = profile(z) * (1.0 + oval * np.cos(2.0 * side)) + rng.normal(0.0, noise, 35)
            views.append(np.column_stack([r * np.cos(side), r * np.sin(side), z]) + moved)
            valves.append(views[-1][-1])
    apex = np.zeros(3)
    plane = valve_plane(np.array(valves), apex)
    found = enclosed_volume_ml(fitted_surface(short, np.concatenate(views), plane, apex), plane)
    fine = np.linspace(0.0, length, 4000)
    truth = float(np.trapezoid(np.pi * profile(fine) ** 2 * (1.0 + oval**2 / 2.0), fine)) / 1000.0
    return found / truth - 1.0


# ---------------------------------------------------------------- propagated contours


def dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    total = int(one.sum() + other.sum())
    return 2.0 * int((one & other).sum()) / total if total else 1.0


def propagated(tracked: TrackedSlice, frame: int, shape: tuple[int, int], pixel: Array) -> tuple[Array, Array]:
    """Return masks of cavity and wall of the tracked points in a frame."""
    inner, outer = (mask_from_polygon(tracked.points_mm[frame, level] / pixel, shape) for level in (0, -1))
    return inner, outer & ~inner


def print_dice(contours: ContourStack, stack: CineStack) -> None:
    volumes = lv_volumes(contours)
    ed, es = volumes.ed_frame, volumes.es_frame
    placed, _ = placed_slices(contours, ed)
    rows: dict[str, dict[str, list[float]]] = {}
    for guided, name in ((None, "no tracking"), (False, "polar image only"), (True, "polar + all-frame contours")):
        found: dict[str, list[float]] = defaultdict(list)
        for item in placed:
            _one_slice(item, stack, guided, (ed, es), found)
        rows[name] = found
    print(
        "\nDice of contours propagated from end-diastole, biv-me example, frames where the reference has both contours"
    )
    print(f"{'':28} ES endo  ES myo   mean endo  mean myo  GCS at ES %   (five slices; base has no reference at ES)")
    for name, found in rows.items():
        print(
            f"{name:28} {np.mean(found['es endo']):.2f}     {np.mean(found['es myo']):.2f}     "
            f"{np.mean(found['endo']):.3f}      {np.mean(found['myo']):.3f}     {np.mean(found['gcs']):+.1f}"
        )
    print(
        f"contour-based global circumferential strain of the endocardium at ES: {_contour_gcs(placed, ed, es):+.1f} %"
    )


def _one_slice(
    item: PlacedSlice, stack: CineStack, guided: bool | None, ed_es: tuple[int, int], found: dict[str, list[float]]
) -> None:
    image = image_of(item, stack)
    ed, es = ed_es
    endo, epi = item.contours.endo, item.contours.epi
    if image is None or image.rr_s is None or endo[ed] is None or epi[ed] is None:
        return
    pixel = np.array([image.geometry.row_spacing_mm, image.geometry.column_spacing_mm])
    shape = image.frames.shape[1:]
    tracked = track_slice(
        image.frames,
        (float(pixel[0]), float(pixel[1])),
        endo[ed],
        epi[ed],
        image.time_s,
        rr_s=image.rr_s,
        ed_frame=ed,
        contours_over_time=(endo, epi) if guided else None,
        orientation=item.frame,
    )
    strain = segment_strains(tracked, count=4 if item.level == "apical" else 6).circumferential_pct
    for frame in range(len(image.time_s)):
        inner, outer = endo[frame], epi[frame]
        if inner is None or outer is None:
            continue
        cavity = mask_from_polygon(inner, shape)
        wall = mask_from_polygon(outer, shape) & ~cavity
        ours = propagated(tracked, ed if guided is None else frame, shape, pixel)
        pair = dice(cavity, ours[0]), dice(wall, ours[1])
        found["endo"].append(pair[0])
        found["myo"].append(pair[1])
        if frame == es:
            found["es endo"].append(pair[0])
            found["es myo"].append(pair[1])
            found["gcs"].append(0.0 if guided is None else float(strain[:, frame].mean()))


def _contour_gcs(placed: tuple[PlacedSlice, ...], ed: int, es: int) -> float:
    """Return the mean change of the mid-wall circumference of the reference contours [%]."""
    changes = []
    for item in placed:
        lengths = []
        for frame in (ed, es):
            endo, epi = item.contours.endo[frame], item.contours.epi[frame]
            if endo is None or epi is None:
                break
            # Radius of the line that halves the area of the wall.
            areas = [_area(polygon) for polygon in (endo, epi)]
            lengths.append(np.sqrt(np.mean(areas)))
        if len(lengths) == 2:
            changes.append(100.0 * (lengths[1] / lengths[0] - 1.0))
    return float(np.mean(changes))


def _area(polygon: Array) -> float:
    after = np.roll(polygon, -1, axis=0)
    return abs(float(np.sum(polygon[:, 0] * after[:, 1] - after[:, 0] * polygon[:, 1]))) / 2.0


# ---------------------------------------------------------------- Sunnybrook


def print_sunnybrook() -> None:
    """Sort the slices of 45 patients by their instance numbers and tell end-diastole from end-systole."""
    from matplotlib.image import imread

    areas: dict[str, dict[int, float]] = defaultdict(dict)
    for file in (DATA / "mri/sunnybrook_png/Data").rglob("Labels/**/*.png"):
        match = re.match(r"(SC-[A-Z-]+\d+)-IM-\d+-(\d+)", file.name)
        if match:
            areas[match[1]][int(match[2])] = float((imread(file)[..., 0] > 0.5).sum())
    told, usual, per_slice, slices = 0, 0, [], 0
    odd = []
    for patient, masks in sorted(areas.items()):
        phases: dict[int, dict[int, float]] = defaultdict(dict)
        for instance, area in masks.items():
            place, phase = divmod(instance - 1, 20)  # 20 phases per slice
            phases[phase][place] = area
        ed, es = phases_told_apart(phases)
        told += len(phases) == 2
        late = ed >= 16 or ed <= 1
        usual += late and 3 <= es <= 11
        if not (late and 3 <= es <= 11):
            odd.append(f"{patient} (ED {ed}, ES {es} of 20)")
        shared = set(phases[ed]) & set(phases[es])
        per_slice += [phases[ed][place] > phases[es][place] for place in shared]
        slices += len(set(phases[ed]) | set(phases[es]))
    print(f"\nSunnybrook: {len(areas)} patients, {sum(map(len, areas.values()))} masks, {slices} slices")
    print(f"exactly two phases found in {told} of {len(areas)}; ED near the R wave and ES in systole in {usual}")
    print(f"not so: {', '.join(odd) or 'none'}")
    print(f"the end-diastolic area is the larger one in {sum(per_slice)} of {len(per_slice)} slices")


def main() -> None:
    contours = read_guide_points(EXAMPLE / "guidepoints/default/patient1")
    stack = read_image_stacks(EXAMPLE / "dicoms/patient1")[0]
    print_volumes(contours)
    print_other_patients()
    print_analytic()
    print_dice(contours, stack)
    print_sunnybrook()
    if len(sys.argv) > 1:
        from resynchro.pictures.cine_files import write_cine_pictures

        for file in write_cine_pictures(measure_cine(stack, contours), Path(sys.argv[1]), name="biv-me"):
            print(file)


if __name__ == "__main__":
    main()
