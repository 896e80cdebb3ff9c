"""The measured beat of one ECG in twelve leads, with its QRS limits, the waves found and what was judged."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from resynchro.ecg.measurement import EcgMeasurement
from resynchro.record.ecg import LEADS

#: Columns of the usual print: I II III, aVR aVL aVF, V1-V3, V4-V6.
_PLACES = {lead: (i % 3, i // 3) for i, lead in enumerate(LEADS)}


def write_beat_picture(
    measurement: EcgMeasurement, path: Path, title: str, marks: Mapping[str, tuple[float, float]] | None = None
) -> None:
    """Write a PNG.

    Parameters
    ----------
    measurement
        What is shown.
    path
        File to write.
    title
        Shown above.
    marks
        Manual onset and end per lead [ms within the representative beat], drawn as grey ticks.
    """
    m, beat, limits = measurement, measurement.beat, measurement.limits
    figure = Figure(figsize=(13, 8), layout="constrained")
    axes = figure.subplots(3, 4)
    time_ms = np.arange(beat.signal_mv.shape[1]) * 1000.0 / beat.sampling_rate_hz
    shown = (time_ms > limits.onset_ms - 80) & (time_ms < limits.end_ms + 120)
    zero_ms = min((limits.onset_ms, *beat.stimulus_ms))
    for row, (lead, waves) in enumerate(zip(LEADS, m.waves, strict=True)):
        axis = axes[_PLACES[lead]]
        signal = beat.signal_mv[row]
        zero = np.median(signal[(time_ms > zero_ms - 20) & (time_ms <= zero_ms)])
        axis.axvspan(limits.onset_ms, limits.end_ms, color="#d0e0f0", lw=0)
        axis.axhline(0.0, color="0.8", lw=0.6)
        axis.plot(time_ms[shown], signal[shown] - zero, color="black", lw=1.0)
        for wave in waves.waves:
            axis.axvline(wave.peak_ms, color="tab:red", lw=0.5)
        for notch in waves.notches:
            axis.plot(notch.time_ms, 0.0, "v" if notch.kind == "notch" else "s", color="tab:orange", ms=5)
        for tick in (marks or {}).get(lead, ()):
            axis.axvline(tick, color="0.45", lw=1.0, ls=":")
        peak = "–" if waves.r_peak_time_ms is None else f"{waves.r_peak_time_ms:.0f}"
        axis.set_title(f"{lead}: {waves.label}, R peak {peak} ms", fontsize=9, loc="left")
        axis.tick_params(labelsize=7)
    axis_text = "indeterminate" if m.axis_deg is None else f"{m.axis_deg:.0f}°"
    low, high = limits.duration_interval_ms
    heading = (
        f"{title}\nmeasured {m.morphology}, QRS {m.qrs_ms:.0f} ({low:.0f} to {high:.0f}) ms, axis {axis_text}, "
        f"{beat.n_beats} {beat.kind} beats. {m.conduction.reason}"
    )
    figure.suptitle("\n".join(textwrap.fill(line, 150) for line in heading.split("\n")), fontsize=10, ha="left", x=0.01)
    figure.savefig(path, dpi=70)
