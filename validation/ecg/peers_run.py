"""Run NeuroKit2 and BioSPPy on a job file: called by ``peers.py`` and by the benchmark, in the peers' own environment.

    PEER_PYTHON peers_run.py JOB.npz > result.json

The job holds ``signals``, shape (n_records, 12, n_samples) [mV], and ``rate`` [Hz]. Every tool detects and delineates
each lead on its own, as a user would call it. For each tool the result holds its version, the seconds for all records
(wall and processor), and for every record and lead the R peaks, QRS onsets and QRS ends [samples]; None where the tool
raised an exception. Nothing of Resynchro is imported here.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version

import numpy as np

Found = tuple[np.ndarray, np.ndarray, np.ndarray]


def neurokit(signal: np.ndarray, rate: float, method: str) -> Found:
    """Return R peaks, QRS onsets and QRS ends by NeuroKit2's own chain for one lead."""
    import neurokit2 as nk

    cleaned = nk.ecg_clean(signal, sampling_rate=rate)
    _, found = nk.ecg_peaks(cleaned, sampling_rate=rate)
    peaks = np.asarray(found["ECG_R_Peaks"])
    _, waves = nk.ecg_delineate(cleaned, peaks, sampling_rate=rate, method=method)
    return peaks, waves["ECG_R_Onsets"], waves["ECG_R_Offsets"]


def neurokit_dwt(signal: np.ndarray, rate: float) -> Found:
    """NeuroKit2 with its default delineator."""
    return neurokit(signal, rate, "dwt")


def neurokit_prominence(signal: np.ndarray, rate: float) -> Found:
    """NeuroKit2 with the delineator that finds QRS limits best on LUDB."""
    return neurokit(signal, rate, "prominence")


def biosppy(signal: np.ndarray, rate: float) -> Found:
    """Return R peaks, Q starts and S ends by BioSPPy for one lead."""
    from biosppy.signals import ecg

    processed = ecg.ecg(signal=signal, sampling_rate=rate, show=False)
    starts = ecg.getQPositions(ecg_proc=processed, show=False)["Q_start_positions"]
    ends = ecg.getSPositions(ecg_proc=processed, show=False)["S_end_positions"]
    return processed["rpeaks"], starts, ends


TOOLS: dict[str, tuple[str, Callable[[np.ndarray, float], Found]]] = {
    "NeuroKit2 dwt (default)": ("neurokit2", neurokit_dwt),
    "NeuroKit2 prominence": ("neurokit2", neurokit_prominence),
    "BioSPPy": ("biosppy", biosppy),
}


def _plain(samples: np.ndarray) -> list[int]:
    values = np.asarray(samples, dtype=float)
    return [int(v) for v in values[np.isfinite(values)]]


def main() -> None:
    """Run every tool on every lead of every record."""
    warnings.simplefilter("ignore")
    with np.load(sys.argv[1]) as job:
        signals, rate = job["signals"], float(job["rate"])
    result = {}
    for name, (package, tool) in TOOLS.items():
        try:  # imports and first-call compilation stay out of the time
            tool(signals[0, 1], rate)
        except Exception as error:
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
        records = []
        started, started_cpu = time.perf_counter(), time.process_time()
        for record in signals:
            leads: list[list[list[int]] | None] = []
            for lead in record:
                try:
                    leads.append([_plain(samples) for samples in tool(lead, rate)])
                except Exception:  # whatever a tool raises counts as "nothing found in this lead"
                    leads.append(None)
            records.append(leads)
        result[name] = {
            "version": version(package),
            "seconds": time.perf_counter() - started,
            "cpu_seconds": time.process_time() - started_cpu,
            "records": records,
        }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
