"""Tracking judged on phantoms with exact truth: the suite of ten, the target suite, the second engine beside ours.

Run: python validation/imaging/tracking.py [suite] [seeds] [target] [contours]   (all of them without a word)
About 6 minutes on one core. Everything is generated; OpenCV is needed for the second engine only.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from resynchro.imaging.motion.annulus_image import AnnulusPhantom, annulus_frames
from resynchro.imaging.motion.annulus_motion import annulus_state, true_segment_strains
from resynchro.imaging.motion.annulus_suite import SUITE_NAMES, suite_phantom, target_phantom
from resynchro.imaging.motion.optical_flow import track_slice_by_optical_flow
from resynchro.imaging.motion.polar_frame import fourier_matrix
from resynchro.imaging.motion.polar_tracker import DEFAULT_SETTINGS, track_slice
from resynchro.imaging.motion.tracked_slice import TrackedSlice
from resynchro.imaging.motion.tracked_strain import segment_strains
from resynchro.imaging.strain.cross_correlation import cross_correlation_delays
from resynchro.imaging.strain.systolic_stretch import systolic_stretch_index
from resynchro.imaging.strain.time_to_peak import times_to_peak
from resynchro.imaging.target.segment_timing_draws import strain_timing
from resynchro.record.strain import CardiacEvents, SegmentCurves

FloatArray = NDArray[np.float64]
SUITE_SEED, TARGET_SEED, TARGETS = 2026, 4711, 60
RR_S = 0.9
COLUMNS = ("Ecc RMSE", "Err RMSE", "peak MAE", "GCS err", "TTP MAE", "delay MAE", "point", "CPU")
UNITS = ("%", "%", "%", "%", "ms", "ms", "mm", "s")


@dataclass(frozen=True)
class Errors:
    row: FloatArray
    strain: FloatArray
    truth: FloatArray


def track(phantom: AnnulusPhantom, frames: NDArray[np.float32], engine: str, rng_seed: int = 0) -> TrackedSlice:
    """Track a phantom by one of the engines; the contours of hybrids have errors of 1 px (SD) in every frame."""
    pixel = (phantom.pixel_mm, phantom.pixel_mm)
    endo, epi = phantom.contour_px(0, outer=False), phantom.contour_px(0, outer=True)
    times = phantom.time_ms / 1000.0
    if engine == "optical flow":
        return track_slice_by_optical_flow(frames, pixel, endo, epi, times, rr_s=RR_S)
    if engine == "image only":
        return track_slice(frames, pixel, endo, epi, times, rr_s=RR_S)
    if engine == "frame by frame":
        settings = replace(DEFAULT_SETTINGS, rounds=0)
        return track_slice(frames, pixel, endo, epi, times, rr_s=RR_S, settings=settings)
    rng = np.random.default_rng(rng_seed)
    drawn = ([], [])
    for index in range(phantom.frames):
        for kind, outer in zip(drawn, (False, True), strict=True):
            kind.append(displaced(phantom.contour_px(index, outer=outer), rng))
    if engine == "hybrid, drawn end-diastole too":
        endo, epi = drawn[0][0], drawn[1][0]
    return track_slice(frames, pixel, endo, epi, times, rr_s=RR_S, contours_over_time=drawn)


def displaced(contour: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Move a contour in and out by 1 px (SD over angle and draws), smoothly over angle (harmonics 0 to 5)."""
    offset = contour - contour.mean(axis=0)
    radius = np.hypot(offset[:, 0], offset[:, 1])
    angle = np.arctan2(offset[:, 0], offset[:, 1])
    coefficients = rng.standard_normal(11) * np.r_[1.0, np.full(10, np.sqrt(2.0))] / np.sqrt(11.0)
    moved = radius + fourier_matrix(angle, 5) @ coefficients
    return contour.mean(axis=0) + offset * (moved / radius)[:, None]


def judge(phantom: AnnulusPhantom, frames: NDArray[np.float32], engine: str) -> Errors:
    """Compare one tracking with the truth."""
    start = time.process_time()
    tracked = track(phantom, frames, engine)
    cpu = time.process_time() - start
    strains = segment_strains(tracked)
    truth, radial = true_segment_strains(phantom.motion, phantom.time_ms)
    ecc = strains.circumferential_pct
    peak = [times_to_peak(curves, RR_S)[0] for curves in (ecc, truth)]
    delay = [cross_correlation_delays(curves, RR_S).delay_s for curves in (ecc, truth)]
    row = [
        np.sqrt(np.mean((ecc - truth) ** 2)),
        np.sqrt(np.mean((strains.radial_pct - radial) ** 2)),
        np.mean(np.abs(ecc.min(axis=1) - truth.min(axis=1))),
        abs(ecc.mean(axis=0).min() - truth.mean(axis=0).min()),
        1000.0 * np.mean(np.abs(peak[0] - peak[1])),
        1000.0 * np.mean(np.abs(delay[0] - delay[1])),
        point_error_mm(phantom, tracked),
        cpu,
    ]
    return Errors(row=np.array(row), strain=ecc, truth=truth)


def point_error_mm(phantom: AnnulusPhantom, tracked: TrackedSlice) -> float:
    """Return the mean distance of the tracked points from where that tissue is [mm]."""
    motion, middle = phantom.motion, (phantom.size_px - 1) / 2.0 * phantom.pixel_mm
    xy = np.stack((tracked.points_mm[..., 1] - middle, middle - tracked.points_mm[..., 0]), axis=-1)
    rest = xy[0]
    radius, angle = np.hypot(rest[..., 0], rest[..., 1]), np.arctan2(rest[..., 1], rest[..., 0])
    apart = [
        np.linalg.norm(annulus_state(motion, float(moment)).forward(radius, angle) - places, axis=-1).mean()
        for moment, places in zip(phantom.time_ms, xy, strict=True)
    ]
    return float(np.mean(apart))


def suite(seed: int, engines: tuple[str, ...], *, show: bool = True) -> dict[str, FloatArray]:
    """Judge engines on the ten phantoms."""
    rows: dict[str, list[FloatArray]] = {engine: [] for engine in engines}
    for number, name in enumerate(SUITE_NAMES):
        phantom = suite_phantom(number)
        frames = annulus_frames(phantom, np.random.default_rng([seed, number]))
        for engine in engines:
            rows[engine].append(judge(phantom, frames, engine).row)
            if show:
                print(f"| {number} {name} | {engine} | " + " | ".join(f"{v:.2f}" for v in rows[engine][-1]) + " |")
    for engine in engines:
        mean = np.mean(rows[engine], axis=0)
        print(f"| **mean, seed {seed}** | {engine} | " + " | ".join(f"{v:.2f}" for v in mean) + " |")
    return {engine: np.array(values) for engine, values in rows.items()}


def head() -> None:
    print("\n| phantom | engine | " + " | ".join(f"{c} [{u}]" for c, u in zip(COLUMNS, UNITS, strict=True)) + " |")
    print("|---" * (len(COLUMNS) + 2) + "|")


def curves_of(strain: FloatArray, noise: FloatArray | None) -> SegmentCurves:
    count = strain.shape[1]
    return SegmentCurves(
        time_s=np.arange(count) * RR_S / count,
        rr_s=RR_S,
        segments=(7, 8, 9, 10, 11, 12),
        model="aha17",
        strain_pct=strain,
        strain_type="circumferential",
        kind="lagrangian",
        events=CardiacEvents(avo_s=0.10, avc_s=0.43, origin="given"),
        modality="model",
        engine="phantom",
        noise_pct=noise,
        periodic=True,
    )


def target_suite() -> None:
    """Find the latest segment in phantoms with a graded delay."""
    engines = ["exact curves", "image only", "optical flow"]
    hit = {(e, rule): [] for e in engines for rule in ("delay", "peak")}
    tops, rights, uniform, spread = [], [], {e: [] for e in engines}, []
    stretch: dict[str, list[float]] = {e: [] for e in engines}
    for number in range(TARGETS):
        phantom = target_phantom(np.random.default_rng([TARGET_SEED, number]))
        frames = annulus_frames(phantom, np.random.default_rng([TARGET_SEED, number, 1]))
        late = int(((phantom.motion.late_deg - 60.0) % 360.0) // 60.0)
        for engine in list(engines):
            noise = None
            if engine == "exact curves":
                strain = true_segment_strains(phantom.motion, phantom.time_ms)[0]
            else:
                strains = segment_strains(track(phantom, frames, engine))
                strain, noise = strains.circumferential_pct, strains.timing_noise_pct()
            delay = cross_correlation_delays(strain, RR_S).delay_s
            for rule, value in (("delay", delay), ("peak", times_to_peak(strain, RR_S)[0])):
                steps = (int(np.argmax(value)) - late) % 6
                hit[engine, rule].append(min(steps, 6 - steps))
            uniform[engine].append(cure_of(strain))
            index = systolic_stretch_index(curves_of(strain, None), tolerance_pct=0.5)
            stretch[engine].append(0.0 if index.value is None else index.value)
            if engine == "image only":
                timing = strain_timing([curves_of(strain, noise)], seed=number)
                wins = np.bincount(timing.delay_ms.argmax(axis=1), minlength=6) / len(timing.delay_ms)
                tops.append(wins.max())
                rights.append(int(wins.argmax()) == late)
                spread.append(float(np.median(noise)))
    print(f"\ntarget suite, {TARGETS} phantoms")
    print("| engine | exact, delay | adjacent | exact, peak | adjacent | SSI | CURE |\n|---|---|---|---|---|---|---|")
    for engine in engines:
        shares = []
        for rule in ("delay", "peak"):
            steps = np.array(hit[engine, rule])
            shares += [f"{100 * np.mean(steps == 0):.0f} %", f"{100 * np.mean(steps <= 1):.0f} %"]
        print(
            f"| {engine} | "
            + " | ".join(shares)
            + f" | {np.mean(stretch[engine]):.2f} | {np.mean(uniform[engine]):.3f} |"
        )
    top, right = np.array(tops), np.array(rights)
    print(f"top probability {top.mean():.2f}, accuracy {right.mean():.2f}, timing noise {np.median(spread):.1f} %")
    for low, high in ((0.0, 0.6), (0.6, 0.8), (0.8, 1.01)):
        chosen = (top >= low) & (top < high)
        if chosen.any():
            said, was = top[chosen].mean(), right[chosen].mean()
            print(f"  top in [{low}, {high}): n {chosen.sum()}, mean {said:.2f}, right {was:.2f}")


def cure_of(strain: FloatArray) -> float:
    """CURE power2, mean over the frames from 60 to 600 ms."""
    count = strain.shape[1]
    kept = [i for i in range(count) if 60.0 <= 1000.0 * RR_S * i / count <= 600.0]
    harmonics = np.fft.fft(strain[:, kept], axis=0)
    even, first = np.abs(harmonics[0]) ** 2, np.abs(harmonics[1]) ** 2
    return float(np.mean(np.sqrt(even / (even + 2.0 * first))))


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["suite", "contours", "seeds", "target"]
    if "suite" in wanted:
        head()
        suite(SUITE_SEED, ("image only", "hybrid", "optical flow"))
    if "contours" in wanted:
        head()
        suite(SUITE_SEED, ("hybrid, drawn end-diastole too", "frame by frame"), show=False)
    if "seeds" in wanted:
        head()
        for other in (1, 2, 3):
            suite(other, ("image only", "hybrid"), show=False)
    if "target" in wanted:
        target_suite()
