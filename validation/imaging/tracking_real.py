"""Tracking on the one public cine with contours in every frame: does the tracked wall stay in the drawn one?

Run: RESYNCHRO_SHARED_DATA=... python validation/imaging/tracking_real.py
The contours are a network's, and the hybrid sees them: its overlap is not independent. A healthy heart, 4 slices.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resynchro.formats.dicom_cine import read_dicom_stacks
from resynchro.formats.guide_points import read_guide_points
from resynchro.imaging.mask_contours import mask_from_polygon
from resynchro.imaging.motion.optical_flow import track_slice_by_optical_flow
from resynchro.imaging.motion.polar_frame import resampled
from resynchro.imaging.motion.polar_tracker import DEFAULT_SETTINGS, track_slice

FloatArray = NDArray[np.float64]
_DATA = Path(os.environ.get("RESYNCHRO_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
EXAMPLE = _DATA / "mri" / "biv-me" / "example"
ENGINES = {
    "no motion": None,
    "image only": {},
    "hybrid 0.005 (default)": {"contour_weight": 0.005},
    "hybrid 0.01": {"contour_weight": 0.01},
    "hybrid 0.03": {"contour_weight": 0.03},
    "optical flow": {},
}


def length(line: FloatArray) -> float:
    return float(np.linalg.norm(np.roll(line, -1, axis=0) - line, axis=1).sum())


def overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float(2.0 * (one & other).sum() / (one.sum() + other.sum()))


def main() -> None:
    stack = next(s for s in read_dicom_stacks(EXAMPLE / "dicoms" / "patient1") if s.plane == "SAX")
    rows: dict[str, list[list[float]]] = {name: [] for name in ENGINES}
    for drawn in read_guide_points(EXAMPLE / "guidepoints" / "default" / "patient1").slices:
        if any(polygon is None for polygon in (*drawn.endo, *drawn.epi)):
            continue
        image = min(
            stack.slices,
            key=lambda s: abs(float((s.geometry.origin_mm - drawn.geometry.origin_mm) @ drawn.geometry.normal)),
        )
        endo, epi = (
            [
                np.column_stack(image.geometry.to_pixel(drawn.geometry.to_patient(p[:, 0], p[:, 1])))
                for p in polygons
                if p is not None
            ]
            for polygons in (drawn.endo, drawn.epi)
        )
        pixel = np.array((image.geometry.row_spacing_mm, image.geometry.column_spacing_mm))
        systole = int(np.argmin([length(p) for p in endo]))
        for name, changes in ENGINES.items():
            started = time.process_time()
            points = np.stack([np.stack([resampled(p) for p in (endo[0], endo[0], epi[0])])] * len(endo)) * pixel
            if changes is not None:
                arguments = (image.frames, tuple(pixel), endo[0], epi[0], image.time_s)
                if name == "optical flow":
                    points = track_slice_by_optical_flow(*arguments, rr_s=image.rr_s).points_mm
                else:
                    points = track_slice(
                        *arguments,
                        rr_s=image.rr_s,
                        contours_over_time=(endo, epi) if changes else None,
                        settings=replace(DEFAULT_SETTINGS, **changes),
                    ).points_mm
            used = time.process_time() - started
            shape = image.frames.shape[1:]
            cavity, wall = [], []
            for frame in range(len(endo)):
                inner, outer, true_inner, true_outer = (
                    mask_from_polygon(p, shape)
                    for p in (points[frame, 0] / pixel, points[frame, -1] / pixel, endo[frame], epi[frame])
                )
                cavity.append(overlap(inner, true_inner))
                wall.append(overlap(outer & ~inner, true_outer & ~true_inner))
            middle = points[:, points.shape[1] // 2]
            strains = [100.0 * (length(p[systole]) / length(p[0]) - 1.0) for p in (middle, points[:, 0])]
            drawn_strain = 100.0 * (length(endo[systole]) / length(endo[0]) - 1.0)
            rows[name].append(
                [cavity[systole], wall[systole], np.mean(cavity), np.mean(wall), *strains, drawn_strain, used]
            )
    print(
        "| engine | cavity ES | wall ES | cavity | wall | GCS mid-wall [%] | GCS endo [%] | drawn endo [%] | CPU [s] |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, values in rows.items():
        mean = np.mean(values, axis=0)
        text = [f"{v:.3f}" for v in mean[:4]] + [f"{v:.1f}" for v in mean[4:7]] + [f"{mean[7]:.2f}"]
        print(f"| {name} | " + " | ".join(text) + " |")


if __name__ == "__main__":
    main()
