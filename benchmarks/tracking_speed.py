"""Time the tracker on phantoms of 30 frames, with OpenCV's dense optical flow on the same slices in the same run.

    OMP_NUM_THREADS=1 python benchmarks/tracking_speed.py [--slices 5] [--seed 7]

The first slice compiles and is not counted. The flow gets the
same upsampled images and reads the same points; ratios are processor seconds.
"""

from __future__ import annotations

import argparse
import time

import cv2
import numpy as np

from resynchro.imaging.motion.annulus_image import AnnulusPhantom, annulus_frames
from resynchro.imaging.motion.annulus_suite import target_phantom
from resynchro.imaging.motion.optical_flow import track_slice_by_optical_flow
from resynchro.imaging.motion.polar_tracker import track_slice


def follow(engine: str, phantom: AnnulusPhantom, frames: np.ndarray) -> float:
    """Return the processor seconds of one engine on one slice."""
    pixel = (phantom.pixel_mm, phantom.pixel_mm)
    contours = [[phantom.contour_px(i, outer=outer) for i in range(phantom.frames)] for outer in (False, True)]
    endo, epi = contours[0][0], contours[1][0]
    times = phantom.time_ms / 1000.0
    started = time.process_time()
    if engine == "optical flow":
        track_slice_by_optical_flow(frames, pixel, endo, epi, times, rr_s=0.9)
    else:
        guides = None if engine == "image only" else (contours[0], contours[1])
        track_slice(frames, pixel, endo, epi, times, rr_s=0.9, contours_over_time=guides)
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=5)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    engines = ("image only", "hybrid", "optical flow")
    seconds: dict[str, list[float]] = {engine: [] for engine in engines}
    for number in range(given.slices + 1):
        rng = np.random.default_rng([given.seed, number])
        phantom = target_phantom(rng)
        frames = annulus_frames(phantom, rng)
        for engine in engines:
            used = follow(engine, phantom, frames)
            if number:
                seconds[engine].append(used)
    base = float(np.median(seconds["image only"]))
    print("| engine | processor s per slice of 30 frames | ratio to image only |\n|---|---|---|")
    for engine in engines:
        typical = float(np.median(seconds[engine]))
        print(f"| {engine} | {typical:.2f} | {typical / base:.2f} |")


if __name__ == "__main__":
    main()
