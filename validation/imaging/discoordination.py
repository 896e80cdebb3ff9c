"""Discoordination and septal signs against known answers, noise, phantoms and real files; prints the tables.

    python validation/imaging/strain/discoordination.py

Real data are looked for in ``$RESYNCHRO_SHARED_DATA`` or in ``../shared/data`` beside the checkout; without them the
last two tables are left out. About 20 seconds.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from resynchro.imaging.motion.annulus_motion import AnnulusMotion, true_segment_strains
from resynchro.imaging.motion.annulus_suite import target_phantom
from resynchro.imaging.strain.contraction_pattern import strain_pattern_score
from resynchro.imaging.strain.cure import uniformity_ratio
from resynchro.imaging.strain.discoordination import discoordination_indices
from resynchro.imaging.strain.fourier import low_passed, upsampled
from resynchro.imaging.strain.septal_flash import septal_flash
from resynchro.imaging.strain.septal_pattern import septal_pattern, septal_pattern_index
from resynchro.imaging.strain.smoothed_curves import smoothed
from resynchro.imaging.strain.strain_delay_index import wasted_shortening
from resynchro.imaging.strain.strain_phantom import shortening_course, strain_phantom
from resynchro.imaging.strain.systolic_stretch import pre_stretch, rebound_stretch, systolic_stretch_index
from resynchro.record.strain import CardiacEvents, SegmentCurves

FloatArray = NDArray[np.float64]
DATA = Path(os.environ.get("RESYNCHRO_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
DRAWS = 3000

RINGS = {
    "six times -18": [-18.0] * 6,
    "cosine": list(np.cos(2 * np.pi * np.arange(6) / 6)),
    "+10 on three, -10 on three": [10.0] * 3 + [-10.0] * 3,
    "two +4, four -12": [4.0] * 2 + [-12.0] * 4,
    "two 0, four -15": [0.0] * 2 + [-15.0] * 4,
    "one 0, five -18": [0.0] + [-18.0] * 5,
    "alternating -5, -15": [-5.0, -15.0] * 3,
    "alternating +10, -10": [10.0, -10.0] * 3,
}
SEPTAL_CURVES = {
    "normal": [(0, 0), (40, 0), (400, -16), (460, -14), (650, -1), (900, 0)],
    "double peak": [(0, 0), (130, -9), (210, -6), (340, -12), (450, -9), (650, -1), (900, 0)],
    "early, stretched beyond": [(0, 0), (120, -8), (300, 2), (420, 1), (650, 0), (900, 0)],
    "early, stretched to length": [(0, 0), (130, -7), (240, -2.5), (360, -1), (450, -3), (650, 0), (900, 0)],
    "late stretch": [(0, 0), (340, -14), (420, -9), (520, -6), (700, -1), (900, 0)],
    "second peak shallower": [(0, 0), (130, -10), (210, -6), (330, -8.5), (450, -7), (650, -1), (900, 0)],
}
LOOPS = {  # from the table beside the loops, frames from 1: QRS, MVC, AVO, AVC, MVO, next QRS
    "SUB_0014/SUB_0014_POST_SAX.CSV": "36,39,44,74,89,121",
    "SUB_0015/SUB_0015_POST_SAX.CSV": "31,34,38,65,74,105",
    "VOL_0001/VOL_0001_OFF_4CH.CSV": "13,14,17,28,31,44",
    "VOL_0002/VOL_0002_OFF_4CH.CSV": "27,29,33,53,57,109",
}
FRAME_COLUMNS = "qrs_on_frame,mvc_frame,avo_frame,avc_frame,mvo_frame,qrs_next_frame"


def heading(text: str) -> None:
    """Print a heading."""
    print(f"\n## {text}\n")


def uniformity() -> None:
    """Print CURE of single rings and what time treatment does to synchronous noise."""
    heading("CURE of single rings")
    variants = ("power2", "power1", "modulus", "svd", "all")
    print("| ring | " + " | ".join(variants) + " |\n|---|" + "---|" * len(variants))
    for name, ring in RINGS.items():
        values = [float(uniformity_ratio([np.array(ring)[:, None]], variant=variant)) for variant in variants]  # type: ignore[arg-type]
        print(f"| {name} | " + " | ".join("absent" if np.isnan(v) else f"{v:.3f}" for v in values) + " |")
    heading("CURE of a synchronous ring with noise (power2)")
    print("| peak, sigma | mean over cycle | mean over 120-480 ms | pooled |\n|---|---|---|---|")
    time_ms = np.arange(30) * 30.0
    inside = (time_ms >= 120) & (time_ms <= 480)
    generator = np.random.default_rng(1)
    for peak, sigma in ((18, 1), (8, 1), (8, 2)):
        strain = -peak * shortening_course(time_ms) + sigma * generator.standard_normal((DRAWS, 6, 30))
        cycle = uniformity_ratio([strain], over_time="mean").mean()
        window = uniformity_ratio([strain[..., inside]], over_time="mean").mean()
        print(f"| -{peak} %, {sigma} % | {cycle:.3f} | {window:.3f} | {uniformity_ratio([strain]).mean():.3f} |")


def stretch_floor(noise: FloatArray, peak: float, harmonics: int | None, sigma: float = 1.0) -> FloatArray:
    """Return SSI of synchronous canonical curves, shape (draws,); noise has shape (draws, 4, T)."""
    frames = noise.shape[-1]
    curves = strain_phantom(dict.fromkeys((8, 9, 11, 12), 0.0), frames=frames, peak_pct=peak)
    curves = dataclasses.replace(curves, noise_pct=np.full(4, sigma))
    strain = -peak * shortening_course(np.arange(frames) * 900.0 / frames) + noise
    curve = smoothed(curves, harmonics=harmonics, values_pct=strain)
    avo, avc = curve.sample(0.09), curve.sample(0.36)
    pre = pre_stretch(curve.shortening_pct[:, :2], avo).mean(axis=-1)
    return np.asarray(pre + rebound_stretch(curve.shortening_pct[:, 2:], avo, avc).mean(axis=-1))


def stretch() -> None:
    """Print the floors of SSI and of the strain delay index."""
    heading("SSI of synchronous curves, tolerance 0: mean (95th percentile) [%]")
    print("| T, peak | raw | H = 6 | H = 6, noise smoothed over 1 frame | over 2 frames |\n|---|---|---|---|---|")
    generator = np.random.default_rng(2)
    for frames, peak in ((30, 18.0), (30, 8.0), (60, 18.0), (60, 8.0)):
        white = generator.standard_normal((DRAWS, 4, frames))
        columns = [stretch_floor(white, peak, None), stretch_floor(white, peak, 6)]
        for width in (1.0, 2.0):
            smooth = gaussian_filter1d(white, width, axis=-1, mode="wrap")
            columns.append(stretch_floor(smooth / smooth.std(), peak, 6))
        cells = " | ".join(f"{v.mean():.2f} ({np.percentile(v, 95):.2f})" for v in columns)
        print(f"| {frames}, -{peak:.0f} % | {cells} |")
    heading("Strain delay index of 16 synchronous curves, 1 % noise [%]")
    print("| T, peak | raw | H = 6 |\n|---|---|---|")
    for frames, peak in ((30, 18.0), (30, 8.0), (60, 18.0), (60, 8.0)):
        curves = strain_phantom(dict.fromkeys(range(1, 17), 0.0), model="aha16", frames=frames, peak_pct=peak)
        curves = dataclasses.replace(curves, noise_pct=np.ones(16))
        strain = -peak * shortening_course(np.arange(frames) * 900.0 / frames)
        strain = strain + generator.standard_normal((DRAWS // 3, 16, frames))
        raw = wasted_shortening(strain, round(0.4 * frames)).sum(axis=-1).mean()
        curve = smoothed(curves, values_pct=strain)
        filtered = wasted_shortening(curve.shortening_pct, curve.sample(0.36)).sum(axis=-1).mean()
        print(f"| {frames}, -{peak:.0f} % | {raw:.1f} | {filtered:.1f} |")


def patterns() -> None:
    """Print the septal patterns of the hand-made curves and what a wrong AVC does."""
    heading("Septal patterns of hand-made curves (AVO 90, AVC 400 ms)")
    print("| curve | strict | lenient |\n|---|---|---|")
    time_s = np.arange(512) * 0.9 / 512
    for name, points in SEPTAL_CURVES.items():
        at = np.array(points, dtype=float)
        curve = upsampled(low_passed(PchipInterpolator(at[:, 0], at[:, 1])(np.arange(45) * 20.0), 6), 512)
        found = [
            septal_pattern(time_s, curve - curve[0], avo_s=0.09, avc_s=0.40, second_peak=share).pattern
            for share in (1.0, 0.5)
        ]
        print(f"| {name} | {found[0]} | {found[1]} |")
    heading("Synchronous phantom, AVC (true: 360 ms) set wrongly")
    print("| AVC [ms] | patterns of the six curves | the index |\n|---|---|---|")
    curves = strain_phantom(dict.fromkeys(range(7, 13), 0.0), frames=60)
    curve = smoothed(curves)
    for avc_ms in (290, 330, 360, 390, 410, 430):
        rows = [
            septal_pattern(curve.time_s, row, avo_s=0.09, avc_s=avc_ms / 1000).pattern for row in curve.shortening_pct
        ]
        wrong = dataclasses.replace(curves, events=dataclasses.replace(curves.events, avc_s=avc_ms / 1000))
        index = septal_pattern_index(wrong)
        print(f"| {avc_ms} | {', '.join(sorted(set(rows)))} | {index.text or 'absent: ' + str(index.absent)[:60]} |")
    heading("False signs in synchronous curves with noise")
    generator = np.random.default_rng(3)
    base = strain_phantom(dict.fromkeys(range(1, 19), 0.0), model="aha18", frames=60, strain_type="longitudinal")
    print("| sigma | LBBB pattern | RSPI mean |\n|---|---|---|")
    for sigma in (0.5, 1.0, 2.0):
        wrong_patterns, scores = 0, []
        for _ in range(60):
            noise = sigma * generator.standard_normal(base.strain_pct.shape)
            noise -= noise[:, :1]
            # The noise that is added is not told apart again from the curves: floors are left out to save time.
            noisy = dataclasses.replace(base, strain_pct=base.strain_pct + noise, noise_pct=np.full(18, sigma))
            quiet = dataclasses.replace(noisy, noise_pct=None)
            wrong_patterns += (septal_pattern_index(quiet).text or "").startswith("LBBB")
            scores.append(strain_pattern_score(quiet).value or 0.0)
        print(f"| {sigma} % (tolerances as for unknown noise) | {wrong_patterns} of 60 | {np.mean(scores):.2f} |")
    flags = [
        septal_flash(np.arange(60) * 0.015, sigma * generator.standard_normal(60), avo_s=0.1, avc_s=0.4).flash is True
        for sigma in (0.3, 0.5, 1.0)
        for _ in range(500)
    ]
    shares = np.array(flags).reshape(3, 500).mean(axis=1)
    print(f"\nSeptal flash flagged in displacement noise of 0.3, 0.5, 1.0 mm: {100 * shares} %")


def annulus_curves(motion: AnnulusMotion, events: CardiacEvents) -> SegmentCurves:
    """Return the true circumferential strain of the analytic annulus as curves of a mid-ventricular ring."""
    time_ms = np.arange(30) * 30.0
    strain, _ = true_segment_strains(motion, time_ms)
    base = strain_phantom(dict.fromkeys(range(7, 13), 0.0))
    return dataclasses.replace(base, strain_pct=strain, events=events, noise_pct=None)


def annulus() -> None:
    """Print the indices of the exact strain of the analytic annulus."""
    heading("Exact strain of the analytic annulus (AVO 100, AVC 430 ms; synchronous 360 ms)")
    late = CardiacEvents(avo_s=0.10, avc_s=0.43, origin="given")
    early = CardiacEvents(avo_s=0.10, avc_s=0.36, origin="given")
    cases = (
        ("synchronous", AnnulusMotion(peak_pct=20.0, delay_ms=0.0, coupling=0.0), early),
        ("left bundle branch block", AnnulusMotion(), late),
    )
    print(
        "| phantom | SSI [%] | SPS | SRS | CURE 60-600 ms | pooled | svd | pattern |\n|---|---|---|---|---|---|---|---|"
    )
    inside = slice(2, 21)
    for name, motion, events in cases:
        curves = annulus_curves(motion, events)
        found = {index.key: index for index in discoordination_indices(curves)}
        ssi, per = found["ssi_pct"].value, dict(found["ssi_pct"].per_segment)
        window = float(uniformity_ratio([curves.strain_pct[:, inside]], over_time="mean"))
        pattern = found["septal_pattern"].text or "absent: " + str(found["septal_pattern"].absent)[:40]
        print(
            f"| {name} | {ssi:.2f} | {(per[11] + per[12]) / 2:.2f} | {(per[8] + per[9]) / 2:.2f} | {window:.3f} | "
            f"{found['cure'].value:.3f} | {found['cure_svd'].value:.3f} | {pattern} |"
        )
    generator = np.random.default_rng(4)
    motions = [target_phantom(generator).motion for _ in range(24)]
    lateral = [dataclasses.replace(motion, late_deg=AnnulusMotion().late_deg) for motion in motions]
    print()
    for name, chosen in (("late angle anywhere", motions), ("late angle lateral", lateral)):
        rings = [annulus_curves(motion, late) for motion in chosen]
        ssi_values = [systolic_stretch_index(curves).value or 0.0 for curves in rings]
        cure_values = [float(uniformity_ratio([c.strain_pct[:, inside]], over_time="mean")) for c in rings]
        print(f"24 target phantoms, {name}: SSI mean {np.mean(ssi_values):.1f} %, CURE mean {np.mean(cure_values):.2f}")


def export() -> None:
    """Print the indices of the EchoPAC export."""
    path = DATA / "strain/echopac/images/Sample_XML.xml"
    if not path.exists():
        return
    from resynchro.formats.strain_file import read_strain
    from resynchro.imaging.strain.strain_curves import curves_from_study

    study = read_strain([path])
    heading("EchoPAC export (longitudinal, 18 segments)")
    print("| index | value | noise floor |\n|---|---|---|")
    for index in discoordination_indices(curves_from_study(study), study):
        value = index.absent and f"absent: {index.absent}"
        value = value or (index.text or (f"{index.value:.3g} {index.unit}" if index.value is not None else index.flag))
        print(f"| {index.key} | {value} | {'' if index.noise_floor is None else f'{index.noise_floor:.3g}'} |")


def loops() -> None:
    """Print septal flash, apical rocking and the stretch indices of the four full-trace loops."""
    folder = DATA / "strain/echopac_fulltrace/Data"
    if not folder.exists():
        return
    from resynchro.formats.strain_file import read_strain
    from resynchro.imaging.strain.strain_curves import curves_from_study

    heading("Full-trace contours")
    print("| loop | index | value | flag or class | floor | notes |\n|---|---|---|---|---|---|")
    shown = ("septal_flash_mm", "apical_rocking_mm", "ssi_pct", "srs_sept_pct", "septal_pattern", "cure")
    with tempfile.TemporaryDirectory() as scratch:
        for name, frames in LOOPS.items():
            events = Path(scratch) / "events.csv"
            events.write_text(f"{FRAME_COLUMNS}\n{frames}\n", encoding="utf-8")
            study = read_strain([folder / name], events_file=events)
            for index in discoordination_indices(curves_from_study(study), study):
                if index.key not in shown or index.absent:
                    continue
                value = "" if index.value is None else f"{index.value:.2f} {index.unit}"
                sign = index.text or ("" if index.flag is None else index.flag)
                floor = "" if index.noise_floor is None else f"{index.noise_floor:.2f}"
                notes = " ".join(index.notes[:2]) if index.unit == "mm" else ""
                print(f"| {Path(name).stem} | {index.key} | {value} | {sign} | {floor} | {notes} |")


if __name__ == "__main__":
    uniformity()
    stretch()
    patterns()
    annulus()
    export()
    loops()
