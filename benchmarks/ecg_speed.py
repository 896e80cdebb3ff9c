"""Time `resynchro ecg` on the 100 odd LUDB records, and NeuroKit2 and BioSPPy on the same signals in the same run.

    python benchmarks/ecg_speed.py --python PEER_ENVIRONMENT/bin/python [--data DIR] [--repeats 3] [--peer-records 20]

Resynchro is timed as users run it: the command with ``--json``, files read and checked, everything measured and
judged. Start-up (imports, compiled searches from their cache) is what remains of a run on one record. The peers get
the samples in memory and detect and delineate QRS limits in twelve leads, nothing more: their time is a lower bound.
Everything runs on one core. Processor seconds stand beside wall seconds, as other work on the machine lengthens only
the latter. Ratios are the peer's processor seconds per record over ours.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import resynchro

_ROOT = Path(__file__).resolve().parents[1]
_PEERS_RUN = _ROOT / "validation" / "ecg" / "peers_run.py"
_DATA = Path(os.environ.get("RESYNCHRO_SHARED_DATA", _ROOT.parent / "shared" / "data"))
_ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def command_seconds(files: list[Path]) -> np.ndarray:
    """Run ``resynchro ecg --json`` on files and return the wall and processor seconds it took."""
    program = str(Path(sys.executable).with_name("resynchro"))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(
        [program, "ecg", "--json", "--uv-per-count", "1", *map(str, files)],
        env={**os.environ, **_ONE_CORE},
        capture_output=True,
        text=True,
        check=True,
    )
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if len(done.stdout.splitlines()) != len(files):
        sys.exit(f"expected {len(files)} lines, got {len(done.stdout.splitlines())}")
    return np.array([wall, after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime])


def peer_seconds(python: Path, files: list[Path]) -> dict[str, np.ndarray]:
    """Return the wall and processor seconds per record of every peer."""
    signals = np.stack([resynchro.read_ecg(file, uv_per_count=1).signal_mv for file in files])
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder) / "job.npz"
        np.savez(job, signals=signals, rate=500.0)
        command = [str(python), str(_PEERS_RUN), str(job)]
        done = subprocess.run(command, env={**os.environ, **_ONE_CORE}, check=True, capture_output=True, text=True)
    result = json.loads(done.stdout.splitlines()[-1])
    return {
        f"{name} {peer['version']}": np.array([peer["seconds"], peer["cpu_seconds"]]) / len(files)
        for name, peer in result.items()
    }


def main() -> None:
    """Time everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=_DATA, metavar="DIR")
    parser.add_argument("--python", type=Path, help="Python of the peers' environment; without it no ratios")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peer-records", type=int, default=20)
    given = parser.parse_args()
    files = [given.data / "ecg" / "ludb" / "data" / f"{number}.hea" for number in range(1, 200, 2)]
    if not files[0].exists():
        sys.exit(f"{files[0]} is not there: give the folder of the real data with --data")
    command_seconds(files[:1])  # compiles once
    one = np.median([command_seconds(files[:1]) for _ in range(given.repeats)], axis=0)
    every = np.median([command_seconds(files) for _ in range(given.repeats)], axis=0)
    ours = (every - one) / (len(files) - 1)
    start_up = one - ours
    load = os.getloadavg()[0]
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f}\n")
    print("| tool | wall s per record | processor s per record | ratio to Resynchro |\n|---|---|---|---|")
    print(f"| `resynchro ecg --json` after start-up | {ours[0]:.3f} | {ours[1]:.3f} | 1 |")
    if given.python:
        for name, seconds in peer_seconds(given.python, files[: given.peer_records]).items():
            ratio = seconds[1] / ours[1]
            print(f"| {name}, QRS limits in 12 leads | {seconds[0]:.3f} | {seconds[1]:.3f} | {ratio:.1f} |")
    print(f"\nStart-up of the command: {start_up[0]:.2f} s wall, {start_up[1]:.2f} s processor")


if __name__ == "__main__":
    main()
