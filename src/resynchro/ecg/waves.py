"""Cut the QRS of every lead into its waves: Q, R, S, R', S', with their textbook label and R-peak time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from resynchro.ecg.lead_waves import LeadWaves, Notch, Wave
from resynchro.ecg.notches import find_notches
from resynchro.ecg.representative import QrsLimits, RepresentativeBeat
from resynchro.record.ecg import LEADS, FloatArray

#: A wave must exceed this multiple of the lead's noise, so that a q made of noise cannot void a criterion.
NOISE_FACTOR = 2.0
#: Window before the QRS onset whose median is the zero level [ms].
ZERO_WINDOW_MS = 20.0
#: A last wave that is still out at the QRS end counts only if it comes back from its peak by this share of
#: it: otherwise it is the shifted ST segment.
RETURN_SHARE = 0.25
#: An R' or a later summit of a notched R is dominant when it reaches this share of the tallest.
DOMINANT_SHARE = 0.5
#: A wave below this share of the lead's largest wave is written in lower case.
SMALL_SHARE = 0.5

_POSITIVE_NAMES = ("R", "R'", "R''", "R'''")
_NEGATIVE_NAMES = ("S", "S'", "S''", "S'''")


@dataclass(frozen=True, slots=True)
class _Run:
    """Samples first..last (inclusive) on one side of zero."""

    first: int
    last: int
    sign: int


def segment_waves(
    beat: RepresentativeBeat,
    limits: QrsLimits,
    *,
    minimum_wave_mv: float = 0.02,
    minimum_wave_ms: float = 6.0,
) -> tuple[LeadWaves, ...]:
    """Cut the QRS of all twelve leads into waves.

    Parameters
    ----------
    beat
        The representative beat.
    limits
        Its global QRS limits.
    minimum_wave_mv
        Least amplitude of a wave [mV]; raised to `NOISE_FACTOR` times the lead's noise.
    minimum_wave_ms
        Least duration of a wave [ms].

    Returns
    -------
    tuple of LeadWaves
        In the order of `LEADS`.

    Notes
    -----
    Zero is the median of the 20 ms before the QRS onset. A wave reaches from crossing to crossing of zero
    or to the QRS limits; the part of the first and last wave that stays within half the noise floor is left
    out, as the CSE working party leaves out isoelectric parts. Excursions below the floor are bridged, so a
    dip to the baseline leaves one notched wave. A shifted ST segment at the QRS end is not a wave. The
    minimum wave is unverified (recalled from the IEC/CSE rule).

    References
    ----------
    CSE Working Party. Recommendations for measurement standards in quantitative electrocardiography. Eur
    Heart J 1985;6:815.
    """
    return tuple(_segment_lead(beat, limits, row, minimum_wave_mv, minimum_wave_ms) for row in range(len(LEADS)))


def wave_floor_mv(noise_mv: float, minimum_wave_mv: float = 0.02) -> float:
    """Return the least amplitude that counts as a wave in a lead with this noise [mV]."""
    return max(minimum_wave_mv, NOISE_FACTOR * noise_mv)


def zeroed_lead(beat: RepresentativeBeat, limits: QrsLimits, row: int) -> FloatArray:
    """Return one lead measured from its zero level before the QRS [mV], shape (n_samples,)."""
    # A stimulus shortly before the onset leaves a blanked stretch and a tail: zero is taken before it.
    stimuli = [time_ms for time_ms in beat.stimulus_ms if time_ms <= limits.onset_ms]
    until_ms = min([*stimuli, limits.onset_ms])
    first = max(0, beat.sample(until_ms - ZERO_WINDOW_MS))
    window = beat.signal_mv[row, first : max(beat.sample(until_ms), first + 1)]
    deflection: FloatArray = beat.signal_mv[row] - float(np.median(window))
    return deflection


def r_peak_time_from_lead_onset_ms(lead_waves: LeadWaves, limits: QrsLimits) -> float | None:
    """Return the R-peak time counted from the lead's own QRS onset [ms].

    The isoelectric part between the global onset and the lead's own is excluded, as CSE asks. Falls back to
    the global onset where the lead has none of its own; None without an R wave.
    """
    if lead_waves.r_peak_time_ms is None:
        return None
    own_onset_ms = float(limits.lead_onset_ms[LEADS.index(lead_waves.lead)])
    isoelectric_ms = own_onset_ms - limits.onset_ms if np.isfinite(own_onset_ms) else 0.0
    # A lead's own onset may also lie before the global (second earliest) one: no isoelectric part then.
    return max(0.0, lead_waves.r_peak_time_ms - max(0.0, isoelectric_ms))


def _segment_lead(
    beat: RepresentativeBeat, limits: QrsLimits, row: int, minimum_wave_mv: float, minimum_wave_ms: float
) -> LeadWaves:
    deflection = zeroed_lead(beat, limits, row)
    noise_mv = float(beat.noise_mv[row])
    floor_mv = wave_floor_mv(noise_mv, minimum_wave_mv)
    step_ms = 1000.0 / beat.sampling_rate_hz
    first, last = beat.sample(limits.onset_ms), min(beat.sample(limits.end_ms), deflection.size - 1)
    runs = _significant_runs(deflection, first, last, floor_mv, minimum_wave_ms / step_ms)
    waves = _named(tuple(_wave(deflection, run, first, last, floor_mv, step_ms) for run in runs))
    notches = find_notches(deflection, waves, noise_mv=noise_mv, sampling_rate_hz=beat.sampling_rate_hz)
    peak_ms = _last_dominant_summit_ms(deflection, waves, notches, step_ms)
    return LeadWaves(
        lead=LEADS[row],
        waves=waves,
        label=_label(waves),
        notches=notches,
        r_peak_time_ms=None if peak_ms is None else peak_ms - limits.onset_ms,
        qrs_onset_ms=limits.onset_ms,
        qrs_end_ms=limits.end_ms,
    )


def _significant_runs(
    deflection: FloatArray, first: int, last: int, floor_mv: float, minimum_samples: float
) -> list[_Run]:
    """Return the runs above the noise floor, neighbours on the same side joined."""
    side = np.where(deflection[first : last + 1] >= 0.0, 1, -1)
    bounds = [0, *(np.flatnonzero(np.diff(side)) + 1).tolist(), side.size]
    kept: list[_Run] = []
    for begin, end in pairwise(bounds):
        run = _Run(first + begin, first + end - 1, int(side[begin]))
        height = run.sign * deflection[run.first : run.last + 1]
        if height.max() < floor_mv or end - begin < minimum_samples:
            continue
        is_open = run.last == last and kept
        if is_open and height.max() - height[-1] < max(floor_mv, RETURN_SHARE * height.max()):
            continue  # the ST segment, already on its way at the QRS end
        if kept and kept[-1].sign == run.sign:
            kept[-1] = _Run(kept[-1].first, run.last, run.sign)
        else:
            kept.append(run)
    return kept


def _wave(deflection: FloatArray, run: _Run, first: int, last: int, floor_mv: float, step_ms: float) -> Wave:
    height = run.sign * deflection[run.first : run.last + 1]
    peak = run.first + int(np.argmax(height))
    visible = run.first + np.flatnonzero(height >= floor_mv / 2.0)
    onset = float(visible[0]) if run.first == first else _crossing(deflection, run.first - 1)
    end = float(visible[-1]) if run.last == last else _crossing(deflection, run.last)
    return Wave(
        name="",
        onset_ms=onset * step_ms,
        peak_ms=peak * step_ms,
        end_ms=end * step_ms,
        amplitude_mv=float(deflection[peak]),
    )


def _crossing(deflection: FloatArray, before: int) -> float:
    """Return where the line between two samples on opposite sides meets zero [samples]."""
    left, right = float(deflection[before]), float(deflection[before + 1])
    return before + (left / (left - right) if left != right else 0.0)


def _named(waves: tuple[Wave, ...]) -> tuple[Wave, ...]:
    """Give the waves of one lead their names."""
    if len(waves) == 1 and waves[0].amplitude_mv < 0:
        names = ["QS"]
    else:
        positive, negative = iter(_POSITIVE_NAMES), iter(_NEGATIVE_NAMES)
        names = []
        for i, wave in enumerate(waves):
            if wave.amplitude_mv > 0:
                names.append(next(positive, "R+"))
            else:
                names.append("Q" if i == 0 else next(negative, "S+"))
    return tuple(
        Wave(
            name=name,
            onset_ms=wave.onset_ms,
            peak_ms=wave.peak_ms,
            end_ms=wave.end_ms,
            amplitude_mv=wave.amplitude_mv,
        )
        for name, wave in zip(names, waves, strict=True)
    )


def _label(waves: tuple[Wave, ...]) -> str:
    """Return the textbook label: waves below half of the lead's largest one in lower case."""
    if not waves:
        return ""
    largest = max(abs(wave.amplitude_mv) for wave in waves)
    return "".join(wave.name.lower() if abs(wave.amplitude_mv) < SMALL_SHARE * largest else wave.name for wave in waves)


def _last_dominant_summit_ms(
    deflection: FloatArray, waves: tuple[Wave, ...], notches: tuple[Notch, ...], step_ms: float
) -> float | None:
    """Return the time of the last dominant R summit, notched R waves included."""
    upright = [wave for wave in waves if wave.amplitude_mv > 0]
    if not upright:
        return None
    summits = [wave.peak_ms for wave in upright]
    for notch in notches:
        if notch.kind == "notch" and any(w.onset_ms <= notch.time_ms <= w.end_ms for w in upright):
            summits += [notch.start_ms, notch.end_ms]
    height = {time_ms: float(deflection[round(time_ms / step_ms)]) for time_ms in summits}
    tallest = max(height.values())
    return max(time_ms for time_ms, value in height.items() if value >= DOMINANT_SHARE * tallest)
