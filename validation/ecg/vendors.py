"""Read every vendor file of the data folder, put our measurements beside the vendor's, and check the fixed anchors.

    python validation/ecg/vendors.py [--data DIR]

Anchors: one ECG as SCP, DICOM and aECG; the Kors vectors and the QRS area of BRAVEHEART's example1; inverse Dower
against the pseudo-inverse of forward Dower; Kors and inverse Dower against the measured Frank leads of PTB s0010; the
stimuli of the AV-sequentially paced record.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom.data
import scipy.io
import scipy.signal
from shared_data import arguments, present, print_table

import resynchro
from resynchro.ecg.measurement import EcgMeasurement
from resynchro.ecg.qrs_area import qrs_area
from resynchro.ecg.vectorcardiogram import (
    INVERSE_DOWER_1988,
    vectorcardiogram_inverse_dower,
    vectorcardiogram_kors,
)
from resynchro.record.ecg import INDEPENDENT_LEADS, LEADS, EcgRecord

_FOLDERS = (
    "braveheart/*.xml",
    "ecgtoolkit/examples/*",
    "philips_sierra/examples/**/*.[xX][mM][lL]",
    "philips_sierra/pysierraecg/tests/**/*.[xX][mM][lL]",
    "fda_aecg/src/**/*.xml",
    "ecg-kit/recordings/*.xml",
    "wfdb_ptb/sample-data/*.hea",
)
#: BRAVEHEART example1: Kors vectors of samples 200 and 201 (counted from 1) [mV], and its QRS area [µVs].
_KORS_EXAMPLE1 = np.array([(-0.0810568, -0.0826672, 0.0287920), (-0.0825208, -0.0751032, 0.0243512)])
_AREA_EXAMPLE1_UVS = 37.79369
#: Forward Dower: each of the eight independent leads from X, Y, Z (G. Clifford's page).
_FORWARD_DOWER = {
    "V1": (-0.515, 0.157, -0.917),
    "V2": (0.044, 0.164, -1.387),
    "V3": (0.882, 0.098, -1.277),
    "V4": (1.213, 0.127, -0.601),
    "V5": (1.125, 0.127, -0.086),
    "V6": (0.831, 0.076, 0.230),
    "I": (0.632, -0.235, 0.059),
    "II": (0.235, 1.066, -0.132),
}


def files(data: Path) -> Iterator[Path]:
    """Yield every vendor file, and the 12-lead file that comes with pydicom."""
    for pattern in _FOLDERS:
        yield from sorted((data / "ecg").glob(pattern))
    yield Path(str(pydicom.data.get_testdata_file("waveform_ecg.dcm")))


def print_vendor_table(data: Path) -> None:
    """Print our measurements beside the vendor's, the files that are refused and why."""
    rows, refused, differences, seen = [], [], [], {}
    for path in files(data):
        try:
            record = resynchro.read_ecg(path)
            m = resynchro.measure_ecg(record)
        except resynchro.ResynchroError as error:
            refused.append((path.name, str(error).removeprefix(str(path))[:160].strip(": ")))
            continue
        vendor = record.vendor.measurements
        narrow = resynchro.measure_ecg(record, qrs_convention="recorder").qrs_ms
        # Files of one recording in several formats carry the same numbers of the vendor.
        numbers = tuple(vendor.get(name) for name in ("pr_ms", "qrs_ms", "qt_ms")) if vendor else path
        same = seen.setdefault(numbers, path)
        if "qrs_ms" in vendor and same == path:
            differences.append(m.qrs_ms - vendor["qrs_ms"])
        low, high = m.limits.duration_interval_ms
        rows.append(
            (
                path.name + ("" if same == path else f" (= {same.name})"),
                record.source.format,
                _pair(m.heart_rate_bpm, vendor.get("heart_rate_bpm")),
                _pair(m.pr_ms, vendor.get("pr_ms")),
                f"{m.qrs_ms:.0f} ({low:.0f} to {high:.0f})",
                f"{narrow:.0f}",
                f"**{vendor['qrs_ms']:.0f}**" if "qrs_ms" in vendor else "–",
                _pair(m.qt_ms, vendor.get("qt_ms")),
                f"{_pair(m.axis_deg, vendor.get('qrs_axis_deg'))} ({_amplitude_axis(m)})",
                m.morphology,
            )
        )
    headings = (
        "file",
        "format",
        "rate ours / vendor",
        "PR",
        "QRS ours (95 %)",
        "as recorders mark",
        "QRS vendor",
        "QT",
        "axis (by amplitude)",
        "morphology",
    )
    print_table(headings, rows, "Every vendor file")
    d = np.array(differences)
    print(
        f"\nQRS, manual convention minus vendor, {d.size} different recordings: median {np.median(d):+.0f}, "
        f"({', '.join(f'{v:+.0f}' for v in np.sort(d))} ms)"
    )
    print_table(("refused file", "reason"), refused, "Files that are refused")


def _pair(ours: float | None, vendors: float | None) -> str:
    return " / ".join("–" if v is None else f"{v:.0f}" for v in (ours, vendors))


def _amplitude_axis(m: EcgMeasurement) -> str:
    axis = m.axis_by_amplitude
    return "–" if axis is None or axis.axis_deg is None else f"{axis.axis_deg:.0f}"


def print_anchors(data: Path) -> None:
    """Print every check that has a fixed right answer."""
    rows = [*_one_ecg_in_three_formats(data), *_example1(data), *_dower(), *_frank(data), *_paced_record(data)]
    print_table(("check", "right answer", "found"), rows, "Anchors")


def _one_ecg_in_three_formats(data: Path) -> Iterator[tuple[str, str, str]]:
    folder = data / "ecg/ecgtoolkit/examples"
    scp, dicom, aecg = (resynchro.read_ecg(folder / f"Example.{suffix}").signal_mv for suffix in ("scp", "dcm", "xml"))
    for name, other in (("DICOM", dicom), ("aECG", aecg)):
        n = min(scp.shape[1], other.shape[1])
        worst = 1000.0 * np.abs(scp[:, :n] - other[:, :n]).max()
        yield (
            f"SCP against {name}, largest difference",
            "0.0 µV",
            f"{worst:.6f} µV over {scp.shape[1]} and {other.shape[1]} samples",
        )


def _example1(data: Path) -> Iterator[tuple[str, str, str]]:
    record = resynchro.read_ecg(data / "ecg/braveheart/example1.xml")
    kors = vectorcardiogram_kors(record.signal_mv)[:, 199:201].T
    yield "Kors vectors of example1, samples 200 and 201", "≤ 1e-7 mV", f"{np.abs(kors - _KORS_EXAMPLE1).max():.1e} mV"
    measurements = [resynchro.measure_ecg(record, qrs_convention=c) for c in ("manual", "recorder")]
    for name, m in zip(("manual (default)", "recorder"), measurements, strict=True):
        yield _area_row(f"measure_ecg, {name} convention, {m.qrs_ms:.0f} ms", m.qrs_area_uvs)
        before_p = None if m.area_before_p is None else m.area_before_p.magnitude_uvs
        if before_p is not None:
            yield _area_row(f"the same with zero before the P wave, {name}", before_p)
    vendor = record.vendor
    onset_ms, end_ms = vendor.measurements["qrs_onset_ms"], vendor.measurements["qrs_end_ms"]
    median = vectorcardiogram_kors(vendor.median_mv)
    for zero in ("qrs-onset", "none"):
        area = qrs_area(median, vendor.median_sampling_rate_hz, onset_ms, end_ms, zero=zero)
        yield _area_row(f"the recorder's own beat at its own marks, 96 ms, zero {zero}", area.magnitude_uvs)
    beat = measurements[1].beat
    limits = measurements[1].limits
    area = qrs_area(
        vectorcardiogram_kors(beat.signal_mv), beat.sampling_rate_hz, limits.onset_ms, limits.end_ms, zero="none"
    )
    yield _area_row("our beat, recorder convention, zero none", area.magnitude_uvs)


def _area_row(name: str, area_uvs: float) -> tuple[str, str, str]:
    off = 100.0 * (area_uvs / _AREA_EXAMPLE1_UVS - 1.0)
    return f"QRS area of example1: {name}", "37.79 µVs ± 5 %", f"{area_uvs:.2f} µVs ({off:+.1f} %)"


def _dower() -> Iterator[tuple[str, str, str]]:
    forward = np.array([_FORWARD_DOWER[lead] for lead in INDEPENDENT_LEADS])
    same = int((np.round(np.linalg.pinv(forward), 3) == np.round(INVERSE_DOWER_1988, 3)).sum())
    yield "inverse Dower against the pseudo-inverse of forward Dower", "24 of 24 entries at 3 decimals", f"{same} of 24"


def _frank(data: Path) -> Iterator[tuple[str, str, str]]:
    record = resynchro.read_ecg(present(data / "ecg/wfdb_ptb/sample-data") / "s0010_re.hea")
    for name, transform, known in (
        ("Kors", vectorcardiogram_kors, "0.982, 0.950, 0.726"),
        ("inverse Dower", vectorcardiogram_inverse_dower, "0.956, 0.976, 0.365"),
    ):
        computed = _without_wander(transform(record.signal_mv), record.sampling_rate_hz)
        measured = _without_wander(record.frank_mv, record.sampling_rate_hz)
        r = [np.corrcoef(ours, true)[0, 1] for ours, true in zip(computed, measured, strict=True)]
        yield f"PTB s0010, {name} against Frank X, Y, Z: correlation", known, ", ".join(f"{v:.3f}" for v in r)


def _without_wander(signal_mv: np.ndarray, rate_hz: float) -> np.ndarray:
    """Take off the baseline wander, which electrodes do not share: zero-phase high-pass at 0.5 Hz."""
    high = scipy.signal.butter(2, 0.5, "highpass", fs=rate_hz, output="sos")
    return scipy.signal.sosfiltfilt(high, signal_mv, axis=1)


def _paced_record(data: Path) -> Iterator[tuple[str, str, str]]:
    content = scipy.io.loadmat(data / "ecg/pacing_spike/10000301.mat")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "10000301.csv"
        header = ",".join(f"{lead} (uV)" for lead in LEADS)
        np.savetxt(path, content["ECG12Lead"], fmt="%d", delimiter=",", header=header, comments="")
        record: EcgRecord = resynchro.read_ecg(path, sampling_rate_hz=float(content["fs"][0, 0]))
    m = resynchro.measure_ecg(record)
    s = m.stimulation
    found = f"{len(s.atrial_s)} atrial, {len(s.ventricular_s)} ventricular, verdict {s.verdict}; QRS {m.qrs_ms:.0f} ms"
    yield (
        "AV-sequentially paced record: stimuli in 10 beats",
        "10 atrial; ventricular 7 found by the reference rule",
        found,
    )


def main() -> None:
    """Print the tables."""
    data = arguments(__doc__).parse_args().data
    present(data / "ecg")
    print_vendor_table(data)
    print_anchors(data)


if __name__ == "__main__":
    main()
