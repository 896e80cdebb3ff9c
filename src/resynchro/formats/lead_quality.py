"""Each lead by itself: flat, clipped, of implausible size, or normalised away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from resynchro.formats.lead_laws import without_drift
from resynchro.record.ecg import LEADS, FloatArray
from resynchro.record.finding import Finding

#: A whole lead that swings less than this [mV], and less than this share of the median lead, is flat.
FLAT_SWING_MV: Final = 0.02
FLAT_SHARE: Final = 0.2
#: A lead that keeps one exact value for so long was disconnected; between T and P wave filtered and
#: compressed leads stay on one value for up to some 0.3 s.
FLAT_RUN_S: Final = 1.0
#: A plateau at the largest or smallest value of a lead counts from this length; peaks of R and T waves stay
#: on one value for a few samples only.
CLIPPED_RUN_S: Final = 0.010
CLIPPED_RUN_SAMPLES: Final = 4
CLIPPED_RUNS: Final = 3
#: An extreme nearer to the median than this share of the whole swing is the resting level, not a rail.
CLIPPED_SHARE: Final = 0.2
#: Swing of a beat, median over twelve leads [mV]; true low voltage is below 0.5 mV in the limb leads only.
PLAUSIBLE_SWING_MV: Final = (0.15, 10.0)


def lead_quality_findings(
    leads_mv: Mapping[str, FloatArray], *, sampling_rate_hz: float
) -> tuple[tuple[Finding, ...], bool]:
    """Look at every lead by itself.

    Parameters
    ----------
    leads_mv
        Recorded (not derived) leads, shape (n,) [mV], by canonical name.
    sampling_rate_hz
        Sampling rate [Hz].

    Returns
    -------
    findings : tuple of Finding
        Codes ``flat-lead``, ``clipped-lead``, ``implausible-gain``, ``leads-normalised``.
    voltages_trusted : bool
        False when every lead was scaled to the same size.
    """
    leads = {lead: leads_mv[lead] for lead in LEADS if lead in leads_mv}
    signal_mv = np.stack(list(leads.values()))
    steady_mv = without_drift(signal_mv, sampling_rate_hz)
    flat, flat_finding = _flat(leads, steady_mv, sampling_rate_hz)
    normalised = _normalised(leads, flat)
    found = (
        flat_finding,
        _clipped({lead: samples for lead, samples in leads.items() if lead not in flat}, sampling_rate_hz),
        _implausible_gain(steady_mv, sampling_rate_hz),
        normalised,
    )
    return tuple(finding for finding in found if finding is not None), normalised is None


def _flat(
    leads: Mapping[str, FloatArray], steady_mv: FloatArray, sampling_rate_hz: float
) -> tuple[set[str], Finding | None]:
    flat: set[str] = set()
    descriptions = []
    low, high = np.quantile(steady_mv, (0.001, 0.999), axis=1)
    swings_mv = high - low
    flat_mv = min(FLAT_SWING_MV, FLAT_SHARE * float(np.median(swings_mv)))
    for lead, swing_mv in zip(leads, swings_mv.tolist(), strict=True):
        longest_s = float(np.max(_run_lengths(leads[lead]))) / sampling_rate_hz
        if swing_mv <= flat_mv:
            flat.add(lead)
            descriptions.append(f"{lead} swings by {1000 * swing_mv:.0f} µV only")
        elif longest_s >= FLAT_RUN_S:
            flat.add(lead)
            descriptions.append(f"{lead} keeps one value for {longest_s:.1f} s")
    if not flat:
        return flat, None
    message = f"flat leads: {', '.join(descriptions)}; an electrode was off: do not trust what is measured in them"
    return flat, Finding(code="flat-lead", message=message, leads=tuple(lead for lead in LEADS if lead in flat))


def _clipped(leads: Mapping[str, FloatArray], sampling_rate_hz: float) -> Finding | None:
    shortest = max(CLIPPED_RUN_SAMPLES, int(np.ceil(CLIPPED_RUN_S * sampling_rate_hz)))
    clipped = []
    for lead, samples in leads.items():
        for extreme in (float(np.max(samples)), float(np.min(samples))):
            if abs(extreme - float(np.median(samples))) < CLIPPED_SHARE * float(np.ptp(samples)):
                continue
            runs = _run_lengths(samples, of_value=extreme)
            if np.count_nonzero(runs >= shortest) >= CLIPPED_RUNS:
                clipped.append(lead)
                break
    if not clipped:
        return None
    return Finding(
        code="clipped-lead",
        message=(
            f"{', '.join(clipped)} stay on their largest or smallest value again and again: the amplifier or "
            "the file clipped them; amplitudes and areas are too small: record again with a larger range"
        ),
        leads=tuple(clipped),
    )


def _implausible_gain(steady_mv: FloatArray, sampling_rate_hz: float) -> Finding | None:
    """Judge the swing within 1.5 s (one beat at 40 per minute), median over windows and leads."""
    window = round(1.5 * sampling_rate_hz)
    pieces = steady_mv.shape[1] // window
    windows_mv = steady_mv[:, : pieces * window].reshape(len(steady_mv), pieces, window)
    swing_mv = float(np.median(np.ptp(windows_mv, axis=2)))
    low, high = PLAUSIBLE_SWING_MV
    if low <= swing_mv <= high:
        return None
    return Finding(
        code="implausible-gain",
        message=(
            f"a beat swings by {swing_mv:.3g} mV in the median lead, {low:g} to {high:g} mV are plausible: "
            "the gain or the unit in the file is probably wrong; state the true microvolts per count "
            "(--uv-per-count)"
        ),
    )


def _normalised(leads: Mapping[str, FloatArray], flat: set[str]) -> Finding | None:
    """Detect leads that were each scaled to the same swing or the same standard deviation.

    Research data are often shared so. In independent leads it cannot happen by chance: the swing varies by a
    factor of 2 to 10 over the leads of one ECG.
    """
    live = [samples for lead, samples in leads.items() if lead not in flat]
    if len(live) < 6:
        return None
    for name, sizes in (
        ("peak-to-peak swing", [float(np.ptp(samples)) for samples in live]),
        ("standard deviation", [float(np.std(samples)) for samples in live]),
    ):
        if max(sizes) - min(sizes) < 0.005 * max(sizes):
            return Finding(
                code="leads-normalised",
                message=(
                    f"all leads have the same {name} ({np.median(sizes):.3g} mV): each lead was scaled by "
                    "itself, so amplitudes, axis and areas mean nothing; times still do. Use the file "
                    "before normalisation, or state the true microvolts per count (--uv-per-count)"
                ),
                leads=tuple(leads),
            )
    return None


def _run_lengths(samples: FloatArray, *, of_value: float | None = None) -> NDArray[np.intp]:
    """Return the lengths of the stretches of equal samples, of one value or any; [0] when there is none."""
    starts = np.concatenate(([0], np.flatnonzero(np.diff(samples) != 0.0) + 1))
    lengths = np.diff(np.concatenate((starts, [samples.size])))
    if of_value is not None:
        lengths = lengths[samples[starts] == of_value]
    return lengths if lengths.size else np.zeros(1, dtype=np.intp)
