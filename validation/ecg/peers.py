"""NeuroKit2 and BioSPPy beside Resynchro: the same odd LUDB records, the same reference, one table.

    python validation/ecg/peers.py --python PEER_ENVIRONMENT/bin/python [--data DIR]

The peers run in an environment of their own (``benchmarks/peers_requirements.txt``): each lead is detected and
delineated by itself with their own calls. As none of them joins leads, medians over the beats are taken in each lead
and then the earliest and latest lead, or the second, third or fourth from either end. Shown are the plain rule, the
third lead, and the rule with the least mean absolute error on these very records, which favours the peers.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ludb
import numpy as np
from shared_data import arguments, print_table

import resynchro

_RANKS = {1: "earliest/latest", 2: "2nd", 3: "3rd", 4: "4th"}
_LEAD_II = 1
#: A tool's beat belongs to a marked beat within this [samples]; its limits lie within this of its R peak [samples].
_SAME_BEAT, _REACH = 75, 150


def run_peers(python: Path, signals: np.ndarray, rate_hz: float) -> dict[str, Any]:
    """Run ``peers_run.py`` in another environment and return what it found."""
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder) / "job.npz"
        np.savez(job, signals=signals, rate=rate_hz)
        script = Path(__file__).with_name("peers_run.py")
        done = subprocess.run([str(python), str(script), str(job)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def global_duration_ms(leads: Sequence[Any], fiducials: np.ndarray, rank: int) -> float | None:
    """Join the leads of a tool: median over beats per lead, then the rank-th earliest onset and latest end [ms]."""
    onsets, ends = [], []
    for lead in leads:
        if lead is None or not lead[0]:
            continue
        peaks, starts, stops = (np.array(samples, dtype=float) for samples in lead)
        before, after = [], []
        for fiducial in fiducials:
            peak = peaks[np.argmin(np.abs(peaks - fiducial))]
            if abs(peak - fiducial) > _SAME_BEAT:
                continue
            near = starts[(starts <= peak) & (starts > peak - _REACH)]
            before += [near.max() - fiducial] if near.size else []
            near = stops[(stops >= peak) & (stops < peak + _REACH)]
            after += [near.min() - fiducial] if near.size else []
        onsets += [float(np.median(before))] if before else []
        ends += [float(np.median(after))] if after else []
    if min(len(onsets), len(ends)) < rank:
        return None
    return (sorted(ends)[-rank] - sorted(onsets)[rank - 1]) * 1000.0 / ludb.RATE_HZ


def beats_found(found: np.ndarray, marked: np.ndarray) -> tuple[int, int, int]:
    """Count marked beats, marked beats found, and beats found within the marked span (tolerance 150 ms)."""
    inside = found[(found >= marked[0] - _SAME_BEAT) & (found <= marked[-1] + _SAME_BEAT)]
    hits = sum(bool(np.abs(inside - m).min(initial=1e9) <= _SAME_BEAT) for m in marked)
    return marked.size, hits, inside.size


def error_row(name: str, rule: str, ours: np.ndarray, r2: np.ndarray, numbers: np.ndarray) -> tuple[str, ...]:
    """Return one line of the table; NaN counts as nothing found."""
    seen = ~np.isnan(ours)
    error = (ours - r2)[seen]
    wide, paced = r2[seen] >= 120, np.isin(numbers[seen], ludb.VENTRICULARLY_PACED)
    crossed = [str(int(((ours[seen] >= t) != (r2[seen] >= t)).sum())) for t in (120, 130, 150)]
    return (
        name,
        rule,
        str(int(seen.sum())),
        f"{error.mean():+.1f} ± {error.std(ddof=1):.1f}",
        f"{np.abs(error).mean():.1f}",
        f"{(np.abs(error) <= 10).mean():.0%}",
        f"{(np.abs(error) > 20).mean():.0%}",
        f"{error[wide].mean():+.1f} ± {error[wide].std(ddof=1):.1f}",
        f"{np.abs(error[paced]).mean():.1f}",
        "/".join(crossed),
    )


def main() -> None:
    """Measure with everything, judge with one ruler."""
    parser = arguments(__doc__)
    parser.add_argument("--python", type=Path, required=True, help="Python of the peers' environment")
    given = parser.parse_args()
    references, numbers = ludb.references(given.data), np.array(ludb.ODD_RECORDS)
    r2 = np.array([references[n].qrs_ms["R2"] for n in numbers])
    ecgs = [resynchro.read_ecg(ludb.folder(given.data) / f"{n}.hea", uv_per_count=1) for n in numbers]
    measured = [resynchro.measure_ecg(ecg) for ecg in ecgs]
    fiducials = [np.array(m.clusters[0].times_s) * ludb.RATE_HZ for m in measured]
    marked = [ludb.marked_beats(ludb.marks(given.data, n)) for n in numbers]
    peers = run_peers(given.python, np.stack([ecg.signal_mv for ecg in ecgs]), ludb.RATE_HZ)

    rows = [error_row("**Resynchro**", "own", np.array([m.qrs_ms for m in measured]), r2, numbers)]
    all_found = [np.sort(np.concatenate([c.times_s for c in m.clusters])) * ludb.RATE_HZ for m in measured]
    counts = {"**Resynchro**, 12 leads": [beats_found(f, k) for f, k in zip(all_found, marked, strict=True)]}
    for name, peer in peers.items():
        by_rank = {}
        for rank in _RANKS:
            values = [global_duration_ms(leads, f, rank) for leads, f in zip(peer["records"], fiducials, strict=True)]
            by_rank[rank] = np.array([np.nan if v is None else v for v in values])
        best = min(_RANKS, key=lambda rank: np.nanmean(np.abs(by_rank[rank] - r2)))
        label = f"{name} {peer['version']}"
        rows += [error_row(label, _RANKS[rank], by_rank[rank], r2, numbers) for rank in sorted({1, 3, best})]
        lead_ii = [np.array([] if leads[_LEAD_II] is None else leads[_LEAD_II][0]) for leads in peer["records"]]
        counts[f"{label}, lead II"] = [beats_found(f, k) for f, k in zip(lead_ii, marked, strict=True)]
        failed = sum(lead is None for leads in peer["records"] for lead in leads)
        print(f"{label}: {failed} of {12 * len(numbers)} lead records raised an exception")
    headings = (
        "tool",
        "rule over leads",
        "n",
        "bias ± SD ms",
        "MAE",
        "within 10",
        "> 20",
        "wide",
        "paced MAE",
        "wrong side 120/130/150",
    )
    print_table(headings, rows, "QRS duration against R2, odd LUDB records")
    rows = []
    for name, of_records in counts.items():
        beats, hits, inside = np.sum(of_records, axis=0)
        rows.append((name, beats, f"{hits / beats:.2%}", f"{hits / inside:.2%}"))
    print_table(
        ("beats", "marked", "sensitivity", "positive predictive value"), rows, "Beat detection in the marked span"
    )


if __name__ == "__main__":
    main()
