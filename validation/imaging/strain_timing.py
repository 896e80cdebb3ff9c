"""Timing of strain curves against what must come out: shifts, noise floors, closed forms, real exports.

Run: python validation/imaging/strain_timing.py [--data DIR]
About 20 seconds on one core. Everything but the last two tables is generated with fixed seeds.
"""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import ResynchroError
from resynchro.formats.strain_file import read_strain
from resynchro.imaging.strain.cross_correlation import cross_correlation_delays, delay_standard_errors
from resynchro.imaging.strain.regional_volumes import sdi_volume
from resynchro.imaging.strain.segment_delay import segment_delays
from resynchro.imaging.strain.strain_measurement import measure_strain
from resynchro.imaging.strain.strain_noise import noise_per_frame
from resynchro.imaging.strain.strain_phantom import shortening_course, strain_phantom
from resynchro.imaging.strain.time_to_peak import times_to_peak
from resynchro.imaging.strain.timing_indices import peak_indices
from resynchro.record.segments import display_arc_deg
from resynchro.record.strain import StrainStudy

FloatArray = NDArray[np.float64]
RR_S, DRAWS = 0.9, 1500
SIX_TIMES = tuple(range(1, 13))
#: Of the reference document: SD of time to peak by argmin, with H = 5; range by argmin, with H = 5; SD of delays [ms].
TABLE = {
    (18.0, 1.0): (24.8, 12.5, 76.0, 42.0, 3.2),
    (18.0, 2.0): (34.1, 24.1, 108.0, 80.0, 6.3),
    (8.0, 1.0): (36.3, 26.2, 116.0, 87.0, 7.1),
    (8.0, 2.0): (51.3, 41.7, 168.0, 136.0, 14.1),
}


def canonical(frames: int, peak_pct: float, shift_ms: float = 0.0) -> FloatArray:
    """Return the curve of the noise floors, shape (frames,) [%]."""
    time_ms = np.arange(frames) * (1000.0 * RR_S / frames)
    return np.asarray(-peak_pct * shortening_course(np.mod(time_ms - shift_ms, 1000.0 * RR_S)))


def noise_floors() -> None:
    rows = []
    for (peak, sigma), (argmin_ms, sd_ms, argrange_ms, range_ms, xcorr_ms) in TABLE.items():
        draws = canonical(30, peak) + np.random.default_rng(1).normal(0.0, sigma, (DRAWS, 12, 30))
        raw = draws.argmin(axis=-1) * (1000.0 * RR_S / 30)
        fine = 1000.0 * times_to_peak(draws, RR_S)[0]
        delays = 1000.0 * cross_correlation_delays(draws, RR_S).delay_s
        predicted = 1000.0 * float(
            delay_standard_errors(canonical(30, peak), RR_S, np.array(sigma), reference_curves=12)
        )
        rows.append(
            (
                f"-{peak:g} %, {sigma:g} %",
                f"{_sd(raw):.1f} ({argmin_ms})",
                f"{_sd(fine):.1f} ({sd_ms})",
                f"{_range(raw):.0f} ({argrange_ms:.0f})",
                f"{_range(fine):.0f} ({range_ms:.0f})",
                f"{_sd(delays):.2f} ({xcorr_ms})",
                f"{predicted:.2f}",
            )
        )
    print_table(
        ("peak, noise", "SD argmin", "SD H = 5", "range argmin", "range H = 5", "SD delay", "closed form"),
        rows,
        "Noise floors of 12 synchronous segments [ms], in brackets the reference",
    )


def coloured_noise() -> None:
    rows = []
    for frames, width, reference in ((30, 0.0, 7.0), (60, 0.0, 5.1), (30, 1.0, 12.6), (30, 2.0, 16.2)):
        noise = np.random.default_rng(2).normal(0.0, 1.0, (DRAWS, 12, frames))
        if width:
            steps = np.minimum(np.arange(frames), frames - np.arange(frames))
            kernel = np.exp(-0.5 * (steps / width) ** 2)
            kernel /= np.sqrt((kernel**2).sum())
            noise = np.fft.irfft(np.fft.rfft(noise, axis=-1) * np.fft.rfft(kernel), n=frames, axis=-1)
        curves = canonical(frames, 8.0) + noise
        sd_ms = _sd(1000.0 * cross_correlation_delays(curves, RR_S).delay_s)
        seen = noise_per_frame(curves)
        rows.append(
            (frames, width or "white", f"{sd_ms:.1f}", reference, "–" if seen is None else f"{seen.mean():.2f}")
        )
    print_table(
        ("frames", "width [frames]", "SD delay [ms]", "reference", "noise that the estimate sees [%]"),
        rows,
        "Noise of 1 % that is correlated from frame to frame (Gaussian), peak -8 %",
    )


def shifts() -> None:
    rows = []
    for shift in (10.0, 47.0, 90.0, -35.0):
        curves = np.stack([canonical(30, 18.0)] * 11 + [canonical(30, 18.0, shift)])
        delays = 1000.0 * cross_correlation_delays(curves, RR_S).delay_s
        peaks = 1000.0 * times_to_peak(curves, RR_S)[0]
        rows.append((shift, f"{delays[11] - delays[0]:.3f}", f"{peaks[11] - peaks[0]:.2f}"))
    print_table(("shift [ms]", "delay found", "time to peak found"), rows, "Pure shifts, 30 frames")


def coupling() -> None:
    """Delays of the annulus phantom: 0 at the anteroseptum to 126 ms inferolateral, in the middle of each segment."""
    delays = {}
    for segment in range(7, 13):
        start, end = display_arc_deg(segment, "aha17")
        delays[segment] = 63.0 * (1.0 + math.cos(math.radians((start + end) / 2.0 - 330.0)))
    rows = []
    for strength, reference in ((0.0, 1.0), (0.4, 1.25), (0.8, 1.49)):
        curves = strain_phantom(delays, coupling=strength, peak_pct=16.0, fall_ms=220.0)
        found = np.array([delay.delay_ms for delay in segment_delays(curves)], dtype=np.float64)
        given = np.array([delays[segment] for segment in curves.segments])
        same = bool((np.diff(given[np.argsort(found)]) >= -0.5).all())  # some are prescribed alike
        rows.append((strength, f"{np.ptp(found) / np.ptp(given):.2f}", reference, "yes" if same else "no"))
    print_table(("coupling", "spread found / prescribed", "reference", "same order"), rows, "Coupled segments")


def single_numbers() -> None:
    rng = np.random.default_rng(3)
    sigma = noise_per_frame(canonical(30, 18.0) + rng.normal(0.0, 1.0, (5000, 30)))
    ring = np.concatenate(
        [np.broadcast_to(canonical(30, 18.0), (3000, 11, 30)), rng.normal(0.0, 5.0, (3000, 1, 30))], axis=1
    )
    rho = cross_correlation_delays(ring, RR_S, counted=np.array([True] * 11 + [False])).rho[:, 11]
    turn = 2.0 * np.pi * (np.arange(40) / 40.0 - 0.40)
    volumes = np.tile(10.0 - 3.0 * np.cos(turn), (16, 1))
    padded = math.sqrt(40.0**2 / 4.0)
    synchronous = strain_phantom(dict.fromkeys(range(1, 17), 0.0), strain_type="longitudinal")
    zero = max(abs(index.value or 0.0) for index in peak_indices(synchronous, rng))
    print_table(
        ("what", "found", "must be"),
        (
            ("noise seen in white noise of 1 %", f"{0.0 if sigma is None else sigma.mean():.3f} %", "0.98 %"),
            ("correlation of pure noise, median", f"{np.median(rho):.2f}", "0.39"),
            ("correlation of pure noise, 95th percentile", f"{np.quantile(rho, 0.95):.2f}", "0.68"),
            ("SDI-volume, 16 minima at 40 % RR", f"{sdi_volume(volumes, 1.0, range(1, 17)).value:.6f} %", "0 %"),
            ("the same by the list padded with zeros", f"{padded:.1f} %", "20.0 % (that tool's answer)"),
            ("largest time-to-peak index, synchronous, no noise", f"{zero:.2g} ms", "0 ms"),
        ),
        "Single numbers",
    )


def own_floor() -> None:
    """The floor printed beside an index, made from one noisy examination, against the truth over many."""
    rows = []
    for peak, sigma, truth in ((18.0, 1.0, 12.5), (8.0, 1.0, 26.2), (8.0, 2.0, 41.7)):
        floors, closed = [], []
        for seed in range(20):
            curves = strain_phantom(
                dict.fromkeys(SIX_TIMES, 0.0), peak_pct=peak, noise_pct=sigma, rng=np.random.default_rng(seed)
            )
            index = next(i for i in peak_indices(curves, np.random.default_rng(seed)) if i.key == "ts_sd_strain_ms")
            floors.append(np.nan if index.noise_floor is None else index.noise_floor)
            errors = [delay.se_ms for delay in segment_delays(curves) if delay.se_ms is not None]
            closed.append(float(np.sqrt(np.mean(np.square(errors)))))
        rows.append(
            (
                f"-{peak:g} %, {sigma:g} %",
                f"{np.nanmean(floors):.1f} ± {np.nanstd(floors, ddof=1):.1f}",
                truth,
                f"{np.mean(closed):.2f} ± {np.std(closed, ddof=1):.2f}",
                TABLE[(peak, sigma)][4],
            )
        )
    print_table(
        ("peak, noise", "floor of SD of time to peak", "reference", "floor of SD of delay", "reference"),
        rows,
        "Floors made from one noisy examination each (20 of them), mean ± SD [ms]",
    )


def exports(data: Path) -> None:
    files = [data / "strain/echopac/images/Sample_XML.xml"]
    files += sorted((data / "strain/echopac_fulltrace/Data").glob("*/*.CSV"))
    rows, quality = [], []
    for file in files:
        if not file.exists():
            print(f"\n{file.name} is not there: left out")
            continue
        for compensated in (False, True):
            try:
                study = read_strain([file], compensate_drift=compensated)
                measured = measure_strain(study)
            except ResynchroError as error:
                print(f"\n{file.name}: {error}")
                continue
            name = f"{file.stem}{', drift taken away' if compensated else ''}"
            rows.append((name, *_against_frames(study, measured.peaks)))
            values = {item.key: item.value for item in measured.quality}
            spread = measured.index("xcorr_delay_sd_ms")
            shown = "–" if spread is None or spread.value is None else f"{spread.value:.1f}"
            quality.append((name, values["drift"], values["noise"], values["usable_segments"], shown))
    print_table(
        ("export", "segments", "timed", "mean difference [ms]", "SD [ms]", "largest [ms]", "frame [ms]"),
        rows,
        "Time to peak against the extreme frame of the file",
    )
    print_table(("export", "largest drift", "noise", "usable for timing", "SD of delays [ms]"), quality, "Data quality")


def _against_frames(study: StrainStudy, peaks: Iterable[object]) -> tuple[object, ...]:
    """Compare times to peak with the extreme frame of each view, in the view's own time (one beat or nearly equal)."""
    found = {peak.segment: peak.time_ms for peak in peaks}  # type: ignore[attr-defined]
    differences, frames = [], []
    for view in study.views:
        frames.append(1000.0 * float(np.median(np.diff(view.time_s))))
        for row, segment in enumerate(view.segments):
            if found.get(segment) is not None:
                differences.append(found[segment] - 1000.0 * float(view.time_s[view.strain_pct[row].argmin()]))
    values = np.array(differences)
    return (
        len(found),
        len(values),
        f"{values.mean():.1f}",
        f"{values.std(ddof=1):.1f}",
        f"{np.abs(values).max():.0f}",
        f"{np.mean(frames):.1f}",
    )


def _sd(values_ms: FloatArray) -> float:
    return float(values_ms.std(axis=-1, ddof=1).mean())


def _range(values_ms: FloatArray) -> float:
    return float(np.ptp(values_ms, axis=-1).mean())


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]], title: str) -> None:
    print(f"\n### {title}\n")
    print("| " + " | ".join(headings) + " |")
    print("|" + "---|" * len(headings))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")


def main() -> None:
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(os.environ.get("RESYNCHRO_SHARED_DATA", beside))
    parser.add_argument("--data", type=Path, default=default, metavar="DIR", help="folder of the real data")
    data = parser.parse_args().data
    noise_floors()
    coloured_noise()
    shifts()
    coupling()
    single_numbers()
    own_floor()
    exports(data)


if __name__ == "__main__":
    main()
