"""Myocardial work against a vendor's export, its sensitivity and noise, and Simpson volumes against known solids.

Run: RESYNCHRO_SHARED_DATA=/path/to/data python validation/imaging/work/myocardial_work.py
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from resynchro.formats.strain_file import read_strain
from resynchro.imaging.echo.echo_volumes import simpson_biplane, simpson_monoplane
from resynchro.imaging.work.beat_pressure import BeatPressure
from resynchro.imaging.work.pressure_template import PHASES, estimated_pressure, ordered_events_s
from resynchro.imaging.work.work_measurement import WorkMeasurement, measure_work
from resynchro.imaging.work.work_uncertainty import WorkShift, work_sensitivity
from resynchro.record.strain import PressureTrace, StrainStudy

FloatArray = NDArray[np.float64]
SAMPLE = "strain/echopac/images/Sample_XML.xml"
_BESIDE_CHECKOUT = Path(__file__).resolve().parents[3] / "shared" / "data"


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(os.environ.get("RESYNCHRO_SHARED_DATA", _BESIDE_CHECKOUT))
    parser.add_argument("--data", type=Path, default=default, metavar="DIR", help="folder of the real data")
    file = parser.parse_args().data / SAMPLE
    if not file.exists():
        sys.exit(f"{file} is not there: give the folder of the real data with --data")
    study = read_strain([file])
    measured = measure_work(study)
    traces(measured, study)
    segment_table(measured)
    template(study)
    sensitivity(study)
    shapes(study)
    noise(study)
    solids()


def traces(measured: WorkMeasurement, study: StrainStudy) -> None:
    """Compare work at MVO with the exported work curves, and the curves over the whole beat."""
    rows = [one for one in measured.vendor if one.quantity == "work_trace_at_mvo_mmhg_pct"]
    ratios = np.array([one.ours / one.vendor for one in rows])
    wrong = measure_work(replace(study, kind="natural")).vendor
    as_natural = np.array([one.ours / one.vendor for one in wrong if one.quantity == "work_trace_at_mvo_mmhg_pct"])
    late = {shift: _trace_agreement(measured, study, shift) for shift in (0.0, 0.005)}
    print_table(
        ("what", "value"),
        [
            ("segments within 0.5 % of the exported work at MVO", f"{int((abs(ratios - 1) <= 0.005).sum())} of 18"),
            ("ratio ours / exported", f"{ratios.min():.4f} to {ratios.max():.4f}"),
            *(
                (
                    f"curve over the whole beat, exported times {1000 * shift:.0f} ms later: {what}",
                    f"{100 * value:.2f} %",
                )
                for shift, values in late.items()
                for what, value in zip(("largest difference", "RMS"), values, strict=True)
            ),
            ("ratio when the strain is taken for natural strain", f"{as_natural.min():.3f} to {as_natural.max():.3f}"),
        ],
        "Work curves",
    )


def _trace_agreement(measured: WorkMeasurement, study: StrainStudy, shift_s: float) -> tuple[float, float]:
    """Return largest and RMS difference of the work curves as shares of the segment's largest exported work."""
    differences = []
    for work in measured.views:
        for row, segment in enumerate(work.view.segments):
            time_s, exported = study.vendor_traces["work_mmhg_pct"][segment]
            inside = time_s + shift_s <= work.loops.time_s[-1]
            ours = np.interp(time_s[inside] + shift_s, work.loops.time_s, work.loops.work_mmhg_pct[row])
            differences.append((ours - exported[inside]) / exported.max())
    together = np.concatenate(differences)
    return float(np.abs(together).max()), float(np.sqrt((together**2).mean()))


def segment_table(measured: WorkMeasurement) -> None:
    """Compare with the vendor's segment table: slopes through the origin (ours over the vendor's) and r."""
    rows = []
    for quantity in (
        "work_index_mmhg_pct",
        "constructive_work_mmhg_pct",
        "positive_work_mmhg_pct",
        "negative_work_mmhg_pct",
        "wasted_work_mmhg_pct",
        "work_efficiency_pct",
    ):
        pairs = [
            (one.ours, one.vendor) for one in measured.vendor if one.quantity == quantity and one.place != "global"
        ]
        ours, vendor = np.array(pairs).T
        whole = next(one for one in measured.vendor if one.quantity == quantity and one.place == "global")
        rows.append(
            (
                quantity,
                f"{(ours @ vendor) / (vendor @ vendor):.3f}",
                f"{np.corrcoef(ours, vendor)[0, 1]:.4f}",
                f"{ours.mean():.1f} / {vendor.mean():.1f}",
                f"{whole.ours:.1f} / {whole.vendor:.1f}",
            )
        )
    print_table(("quantity", "slope", "r", "mean ours / vendor", "global ours / vendor"), rows, "Segment table")


def template(study: StrainStudy) -> None:
    """Compare the estimated with the exported pressure, from which the template was sampled."""
    assert study.pressure is not None and study.systolic_mmhg is not None
    rows = []
    for view in study.views:
        made = estimated_pressure(view.events, study.systolic_mmhg, view.rr_s)
        grid = np.arange(0.0, min(view.rr_s, study.pressure.time_s[-1]), 0.001)
        error = np.interp(grid, made.time_s, made.pressure_mmhg) - np.interp(
            grid, study.pressure.time_s, study.pressure.pressure_mmhg
        )
        rows.append(
            (view.name, f"{1000 * view.rr_s:.0f}", f"{np.sqrt((error**2).mean()):.2f}", f"{abs(error).max():.2f}")
        )
    print_table(("view", "RR ms", "RMS mmHg", "largest mmHg"), rows, "Pressure template")


def sensitivity(study: StrainStudy) -> None:
    """Print how the numbers move with pressure and valve times, windows fixed and moved."""
    base = measure_work(study, pressure="estimated")
    pressure = BeatPressure(systolic_mmhg=study.systolic_mmhg)
    fixed = work_sensitivity(study.views, pressure, kind=study.kind, model=study.model, windows="fixed")
    moved = work_sensitivity(study.views, pressure, kind=study.kind, model=study.model)

    def cells(shift: WorkShift) -> list[str]:
        gwi, gcw = (base.index(key).value or math.nan for key in ("gwi_mmhg_pct", "gcw_mmhg_pct"))
        d = shift.differences
        return [
            f"{100 * d['gwi_mmhg_pct'] / gwi:+.1f} %",
            f"{100 * d['gcw_mmhg_pct'] / gcw:+.1f} %",
            f"{d['gww_mmhg_pct']:+.0f}",
        ]

    rows = [(one.change, *cells(one), *cells(other)) for one, other in zip(fixed, moved, strict=True)]
    names = ("GWI", "GCW", "GWW")
    print_table(
        ("change", *(f"{n}, windows fixed" for n in names), *(f"{n}, moved" for n in names)), rows, "Sensitivity"
    )
    print_table(
        ("index", "value", "± inputs", "noise floor"),
        [
            (value.key, f"{value.value:.1f}", f"{base.uncertainty[value.key]:.1f}", f"{value.noise_floor:.1f}")
            for value in base.indices
            if value.value is not None and value.noise_floor is not None
        ],
        "Uncertainty of the sample, pressure estimated",
    )


def shapes(study: StrainStudy) -> None:
    """Replace parts of the estimated pressure by other shapes of the same valve times and cuff pressure."""
    assert study.systolic_mmhg is not None
    view, sbp = study.views[0], study.systolic_mmhg
    made = estimated_pressure(view.events, sbp, view.rr_s)
    t, p = made.time_s, made.pressure_mmhg
    share = np.arange(11) / 10
    chord = 0.72 + (0.55 - 0.72) * share
    filling = 0.085 * sbp

    def with_filling_pressure(mmhg: float) -> FloatArray:
        return np.asarray(mmhg + (p - filling) * (p.max() - mmhg) / (p.max() - filling))

    variants: dict[str, FloatArray] = {
        "template": p,
        "ejection a half-sine over its chord, 1.0 of cuff in the middle": _with_ejection(
            study, chord + (1.0 - 0.635) * np.sin(np.pi * share)
        ),
        "ejection square at the cuff pressure": _with_ejection(study, np.array([0.72, *[1.0] * 9, 0.55])),
        "scaled to the peak": p * sbp / p.max(),
        "filling pressure 20 mmHg": with_filling_pressure(20.0),
        "filling pressure 30 mmHg": with_filling_pressure(30.0),
    }
    rows = []
    base: WorkMeasurement | None = None
    for name, values in variants.items():
        trace = PressureTrace(time_s=t, pressure_mmhg=values, origin="measured")
        m = measure_work(study, pressure_trace=trace)
        base = base or m
        gwi, gcw, gww = (m.index(key).value or 0.0 for key in ("gwi_mmhg_pct", "gcw_mmhg_pct", "gww_mmhg_pct"))
        gwi0, gcw0 = (base.index(key).value or 1.0 for key in ("gwi_mmhg_pct", "gcw_mmhg_pct"))
        rows.append((name, f"{100 * (gwi / gwi0 - 1):+.1f} %", f"{100 * (gcw / gcw0 - 1):+.1f} %", f"{gww:.0f}"))
    print_table(("pressure", "GWI", "GCW", "GWW mmHg %"), rows, "Shape of the pressure")


def _with_ejection(study: StrainStudy, fractions: FloatArray) -> FloatArray:
    """Return the estimated pressure with other knots in ejection, at the times of the template's own curve."""
    view, sbp = study.views[0], study.systolic_mmhg or math.nan
    limits = (0.0, *ordered_events_s(view.events, view.rr_s).values(), view.rr_s)
    knots = {}
    for number, (relative, values) in enumerate(PHASES):
        used = fractions if number == 2 else values
        for q, fraction in zip(relative, used, strict=True):
            knots.setdefault(limits[number] + q * (limits[number + 1] - limits[number]), float(fraction))
    times = sorted(knots)
    grid = estimated_pressure(view.events, sbp, view.rr_s).time_s
    return np.asarray(PchipInterpolator(times, [knots[time] for time in times])(grid)) * sbp


def noise(study: StrainStudy) -> None:
    """Print what white strain noise does to the sample."""
    rows = []
    for sigma in (0.1, 0.25, 0.5, 1.0, 2.0):
        m = measure_work(study, noise_pct=sigma)
        assert m.noise is not None
        sd, floor = m.noise.standard_deviation, m.noise.without_waste
        rows.append(
            (
                f"{sigma:g} %",
                f"{sd['gwi_mmhg_pct']:.1f}",
                f"{sd['lateral_minus_septal_work_mmhg_pct']:.1f}",
                f"{floor['gww_mmhg_pct']:.0f}",
                f"{floor['gwe_pct']:.1f}",
                f"{floor['septal_wasted_ratio_pct']:.1f}",
            )
        )
    headings = (
        "noise per frame",
        "SD GWI",
        "SD lateral - septal",
        "GWW without waste",
        "GWE without waste",
        "septal ratio",
    )
    print_table(headings, rows, "Noise (mmHg % and %)")


def half_ellipse(radius_mm: float, length_mm: float, points: int) -> FloatArray:
    """Return the outline of a half ellipse, open at its base."""
    angle = np.linspace(math.pi, 0.0, points)
    return np.column_stack([radius_mm * np.cos(angle), -length_mm * np.sin(angle)])


def solids() -> None:
    """Compare Simpson with half ellipsoids, for few and many contour points, and with foreshortened and uneven ones."""
    rows = []
    for a, b, length in ((28.0, 28.0, 90.0), (35.0, 24.0, 100.0), (22.0, 30.0, 70.0)):
        true = 2.0 / 3.0 * math.pi * a * b * length / 1000.0
        errors = [
            simpson_biplane(half_ellipse(a, length, n), half_ellipse(b, length, n)).volume_ml / true - 1
            for n in (201, 41, 17)
        ]
        single = simpson_monoplane(half_ellipse(a, length, 201)).volume_ml / true - 1
        rows.append((f"{a:g} x {b:g} x {length:g}", f"{true:.1f}", *(f"{100 * e:+.2f} %" for e in (*errors, single))))
    headings = ("half axes mm", "true ml", "201 points", "41 points", "17 points", "monoplane 4CH")
    print_table(headings, rows, "Simpson on half ellipsoids")
    rows = []
    true = 2.0 / 3.0 * math.pi * 28.0 * 28.0 * 90.0 / 1000.0
    for share in (0.95, 0.9, 0.85, 0.8):
        one = simpson_biplane(half_ellipse(28.0, 90.0, 201), half_ellipse(28.0, 90.0 * share, 201))
        two = simpson_biplane(half_ellipse(28.0, 90.0 * share, 201), half_ellipse(28.0, 90.0 * share, 201))
        warned = "yes" if one.findings else "no"
        rows.append(
            (
                f"{share:g}",
                f"{100 * (one.volume_ml / true - 1):+.1f} %",
                warned,
                f"{100 * (two.volume_ml / true - 1):+.1f} %",
            )
        )
    print_table(("length seen", "one view short", "warned", "both views short"), rows, "Foreshortening")


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]], title: str) -> None:
    """Print a markdown table."""
    print(f"\n### {title}\n")
    print("| " + " | ".join(headings) + " |")
    print("|" + "---|" * len(headings))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")


if __name__ == "__main__":
    main()
