"""Gated SPECT against phantoms with known phases: prints the tables of spect.md.

Run with ``python validation/imaging/spect.py``; it needs no data. A seed may follow.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy import ndimage

from resynchro.errors import MeasurementError
from resynchro.imaging.spect.lv_axis import find_lv_axis
from resynchro.imaging.spect.phase_measurement import PhaseMeasurement, measure_phase
from resynchro.imaging.spect.spect_phantom import PhantomVentricle, sample_phantom, sample_places, spect_phantom
from resynchro.record.gated_spect import GatedSpect
from resynchro.record.segments import display_arc_deg, level_of, steps_between

#: Gates, peak-to-peak amplitude, noise, then phase SD, bandwidth, weighted SD and closed form of the reference table.
FLOORS = (
    (16, 0.20, 0.05, 10.3, 40.0, 10.0, 10.1),
    (16, 0.10, 0.05, 22.3, 86.0, 19.4, 20.3),
    (16, 0.10, 0.10, 50.0, 211.0, 37.4, 40.5),
    (8, 0.20, 0.05, 14.9, 58.0, 13.9, 14.3),
    (8, 0.10, 0.05, 34.9, 136.0, 26.9, 28.6),
)
LBBB = {1: 0, 7: 0, 13: 0, 17: 0, 15: 0, 2: -30, 3: -30, 8: -30, 9: -30, 14: -30, 4: 10, 10: 10}
LBBB |= {5: 40, 11: 45, 6: 30, 12: 30, 16: 30}


def main(seed: int) -> None:
    """Print all tables."""
    floors(seed)
    modes_and_akinesia(seed)
    clean_phantoms()
    count_levels(seed)
    harmonics(seed)
    axes(seed)
    latest_segments(seed)


def floors(seed: int) -> None:
    """Synchronous samples, 20 repeats: what they score, and what the floor says from the data alone."""
    print("\nNoise floor, synchronous, mean of 20 repeats (reference)")
    print(
        "gates  p-p  noise |  PSD          BW          weighted PSD  closed form | floor told: PSD BW weighted closed"
    )
    for gates, swing, noise, *reference in FLOORS:
        rows = []
        for repeat in range(20):
            rng = np.random.default_rng([seed, gates, repeat])
            m = measure_phase(sample_phantom(80.0, swing / 2, noise=noise, gates=gates, rng=rng))
            n = m.noise
            rows.append(
                [
                    *(m.unweighted.sd_deg, m.unweighted.bandwidth_deg, m.weighted.sd_deg),
                    *(n.unweighted.sd_deg, n.unweighted.bandwidth_deg, n.weighted.sd_deg, n.closed_form_deg or np.nan),
                ]
            )
        sd, bw, heavy, *told = np.mean(rows, axis=0)
        exact = math.degrees(math.sqrt(2 / gates) * noise / (swing / 2))
        print(
            f"{gates:4d} {100 * swing:4.0f}% {100 * noise:4.0f}% | {sd:5.1f} ({reference[0]:5.1f})  {bw:5.0f} "
            f"({reference[1]:3.0f})  {heavy:5.1f} ({reference[2]:4.1f})  {exact:5.1f} ({reference[3]:4.1f})  | "
            f"{told[0]:5.1f} {told[1]:5.0f} {told[2]:5.1f} {told[3]:5.1f}"
        )


def modes_and_akinesia(seed: int) -> None:
    """The two acceptance cases made of samples."""
    level, angle = sample_places()
    phase = np.where(np.arange(len(level)) % 2, 100.0, 160.0)
    amplitude = np.where(angle < np.percentile(angle, 20.0), 0.01, 0.10)
    two, dead = [], []
    for repeat in range(20):
        rng = np.random.default_rng([seed, 50, repeat])
        m = measure_phase(sample_phantom(phase, 0.15, noise=0.05, gates=16, rng=rng))
        two.append([m.unweighted.sd_deg, m.unweighted.bandwidth_deg, m.weighted.sd_deg])
        m = measure_phase(sample_phantom(90.0, amplitude, noise=0.05, gates=16, rng=rng))
        dead.append([m.unweighted.sd_deg, m.unweighted.bandwidth_deg, m.weighted.sd_deg])
    print(
        "\nTwo modes 60 deg apart (30.8 +- 1, 82 +- 4): PSD {:.1f}, BW {:.0f}; weighted {:.1f}".format(*np.mean(two, 0))
    )
    print("20 % akinetic (37.6, 187, weighted 13.5 <= 15): {:.1f}, {:.0f}, weighted {:.1f}".format(*np.mean(dead, 0)))
    print(f"  largest weighted PSD of 20 akinetic repeats: {np.max(dead, axis=0)[2]:.1f}")


def clean_phantoms() -> None:
    """Slices without noise: error per segment, and how much blur draws phases together."""
    print("\nSlices without noise, LBBB pattern (-30 to 45 deg): recovered against prescribed")
    cases: dict[str, dict[str, object]] = {
        "4 mm, 16 gates": {},
        "4 mm, 8 gates": {"gates": 8},
        "6.4 mm, 8 gates": {"gates": 8, "pixel_mm": 6.4, "size": 32},
        "resolution 8 mm": {"fwhm_mm": 8.0},
        "resolution 18 mm": {"fwhm_mm": 18.0},
        "small heart (radius 20, length 65)": {"ventricle": PhantomVentricle(radius_mm=20.0, length_mm=65.0)},
        "dilated (radius 40, length 110)": {"ventricle": PhantomVentricle(radius_mm=40.0, length_mm=110.0)},
        "wall does not move": {"ventricle": PhantomVentricle(motion_mm=0.0)},
        "scar 5, 11, 16": {"uptake": {5: 0.2, 11: 0.2, 16: 0.3}},
        "thickening 15 %": {"thickening": 0.15},
    }
    for name, given in cases.items():
        m = measure_phase(spect_phantom(_at(LBBB), **given))  # type: ignore[arg-type]
        rms, worst, slope = _errors(m, LBBB)
        print(
            f"  {name:36s} RMS {rms:4.1f}  worst {worst:4.1f} deg  slope {slope:.2f}  segments {len(m.segments):2d}  "
            f"latest {m.latest}  PSD {m.weighted.sd_deg:.1f}"
        )


def count_levels(seed: int) -> None:
    """Noise: a synchronous ventricle against its floor, and errors of segments against their scatter."""
    print("\nSlices with Poisson noise and a 9 mm filter, the same counts in all at 8 and 16 gates; 6 repeats")
    print("counts gates | noise | PSD of a synchronous one, floor | BW, floor | scatter of segments, error told | LBBB")
    for counts in (200.0, 100.0, 50.0, 25.0):
        for gates in (8, 16):
            same = {"gates": gates, "counts": counts * 8 / gates, "filter_fwhm_mm": 9.0}
            rows, delays, told, late = [], [], [], []
            for repeat in range(6):
                rng = np.random.default_rng([seed, int(counts), gates, repeat])
                m = measure_phase(spect_phantom({}, thickening=0.3, rng=rng, **same))  # type: ignore[arg-type]
                n = m.noise
                rows.append(
                    [n.noise_pct, m.weighted.sd_deg, n.floor_deg, m.weighted.bandwidth_deg, n.bandwidth_floor_deg]
                )
                delays.append([m.segments[key].delay_deg if key in m.segments else np.nan for key in range(1, 18)])
                told += [one.error_deg for one in m.segments.values()]
                m = measure_phase(spect_phantom(_at(LBBB), rng=rng, **same))  # type: ignore[arg-type]
                late.append(m.latest)
            mean = np.mean(rows, axis=0)
            scatter = float(np.sqrt(np.nanmean(np.nanvar(delays, axis=0, ddof=1))))
            print(
                f"{counts:5.0f} {gates:4d}  | {mean[0]:4.1f}% | {mean[1]:5.1f} {mean[2]:5.1f} | {mean[3]:4.0f} "
                f"{mean[4]:4.0f} | {scatter:4.1f} {np.sqrt(np.mean(np.square(told))):4.1f} | latest {late}"
            )


def harmonics(seed: int) -> None:
    """Onset by one, two and three harmonics: noise that each takes up."""
    print("\nSynchronous samples, 16 gates, 20 % peak to peak, 5 % noise: weighted PSD and floor told by harmonics")
    for number in (1, 2, 3):
        rows = []
        for repeat in range(8):
            rng = np.random.default_rng([seed, 60, repeat])
            m = measure_phase(
                sample_phantom(80.0, 0.1, noise=0.05, gates=16, rng=rng),
                harmonics=number,  # type: ignore[arg-type]
            )
            rows.append([m.weighted.sd_deg, m.noise.floor_deg])
        print(f"  {number}: {np.mean(rows, axis=0)[0]:.1f}, floor {np.mean(rows, axis=0)[1]:.1f}")


def axes(seed: int) -> None:
    """Axis of displaced, tilted, scarred ventricles with noise, liver and short septum."""
    rng = np.random.default_rng([seed, 70])
    centre, base, apex, lost = [], [], [], 0
    for _ in range(20):
        shape = PhantomVentricle(
            radius_mm=rng.uniform(20, 38),
            length_mm=rng.uniform(70, 105),
            wall_mm=rng.uniform(7, 11),
            liver=rng.uniform(0, 1.5),
            septum_short_mm=rng.uniform(0, 15),
        )
        scar = {int(key): float(rng.uniform(0.2, 0.5)) for key in rng.choice(17, 4, replace=False) + 1}
        spect = spect_phantom(
            {}, uptake=scar, ventricle=shape, counts=60.0, filter_fwhm_mm=9.0, pixel_mm=5.0, size=48, gates=8, rng=rng
        )
        shift, tilt = rng.uniform(-4, 4, 2), np.tan(np.radians(rng.uniform(-8, 8, 2)))
        spect = _displaced(spect, shift, tilt)
        try:
            axis = find_lv_axis(spect)
        except MeasurementError as error:
            lost += 1
            print("  lost:", error)
            continue
        middle = 20.0 / 5.0 - 0.5 + 0.5 * shape.length_mm / 5.0
        row, column = (float(value) for value in axis.centre_at(np.array(middle)))
        half = (spect.counts.shape[1] - 1) / 2
        true = 23.5 + shift + tilt * (middle - half)
        centre.append(5.0 * math.hypot(row - true[0], column - true[1]))
        base.append(5.0 * (axis.base_slice - 3.5))
        apex.append(5.0 * (axis.apex_slice - (3.5 + shape.length_mm / 5.0)))
    print(f"\nAxis, 20 displaced, tilted ventricles with 4 scarred segments, liver, short septum, noise; lost {lost}")
    for name, values in (("centre [mm]", centre), ("valve plane [mm], + towards the apex", base), ("apex [mm]", apex)):
        print(
            f"  {name:38s} mean {np.mean(values):4.1f} SD {np.std(values, ddof=1):4.1f}  max {np.abs(values).max():.1f}"
        )


def latest_segments(seed: int) -> None:
    """The latest segment of a smooth pattern: exact and adjacent, with noise."""
    rng = np.random.default_rng([seed, 80])
    print("\nLatest segment, 24 phantoms each: delay 40 deg x cos(angle - latest), larger at the base; 8 gates")
    for counts in (None, 100.0, 50.0):
        steps = []
        for _ in range(24):
            late = rng.uniform(0.0, 360.0)
            truth = {key: _pattern(key, late) for key in range(1, 18)}
            m = measure_phase(
                spect_phantom(
                    _at(truth),
                    gates=8,
                    pixel_mm=5.0,
                    size=40,
                    counts=counts,
                    filter_fwhm_mm=9.0 if counts else 0.0,
                    rng=rng,
                )
            )
            best = max(truth, key=lambda key: truth[key])
            steps.append(99 if m.latest is None else steps_between(m.latest, best))
        shares = [100 * np.mean([step <= most for step in steps]) for most in (0, 1)]
        words = "no noise" if counts is None else f"{counts:.0f} counts"
        print(f"  {words:10s} exact {shares[0]:.0f} %, exact or adjacent {shares[1]:.0f} %")


def _pattern(segment: int, late_deg: float) -> float:
    if segment == 17:
        return 0.0
    start, end = display_arc_deg(segment)
    level = {"basal": 1.0, "mid": 0.9, "apical": 0.6}[level_of(segment)]
    return 40.0 * level * math.cos(math.radians((start + end) / 2.0 - late_deg))


def _at(pattern: Mapping[int, float]) -> dict[int, float]:
    return {key: 150.0 + value for key, value in pattern.items()}


def _errors(m: PhaseMeasurement, truth: Mapping[int, float]) -> tuple[float, float, float]:
    """Return RMS and worst error [deg] after the common shift, and the slope of found over prescribed."""
    keys = sorted(m.segments)
    true = np.array([truth[key] for key in keys], dtype=float)
    found = np.array([m.segments[key].delay_deg for key in keys])
    off = found - true
    off -= off.mean()
    return float(np.sqrt(np.mean(off**2))), float(np.abs(off).max()), float(np.polyfit(true, found, 1)[0])


def _displaced(spect: GatedSpect, shift: np.ndarray, tilt: np.ndarray) -> GatedSpect:
    """Shift the slices in-plane, more from slice to slice: a ventricle off the middle and not quite reoriented."""
    counts = np.array(spect.counts)
    half = (counts.shape[1] - 1) / 2
    for index in range(counts.shape[1]):
        for gate in range(counts.shape[0]):
            moved = ndimage.shift(counts[gate, index], shift + tilt * (index - half), order=1, mode="nearest")
            counts[gate, index] = moved
    return replace(spect, counts=counts)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
