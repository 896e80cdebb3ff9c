"""Beats of one form put together: intrinsic, paced, ectopic and fusion beats apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from resynchro.ecg.representative import MEASUREMENT_RATE_HZ, BeatKind, RepresentativeBeat
from resynchro.ecg.stimuli import VENTRICULAR_WINDOW_S, Stimulation
from resynchro.record.ecg import INDEPENDENT_ROWS, FloatArray

#: The representative beat runs from this long before its fiducial point to this long after it [s].
BEFORE_S, AFTER_S = 0.40, 0.60
#: The part that is compared between beats: the QRS and its nearest surroundings [s].
_COMPARE_BEFORE_S, _COMPARE_AFTER_S = 0.12, 0.16
#: Beats are shifted by at most this much to fit each other [s].
_SHIFT_S = 0.04
#: Correlation over eight leads that makes two beats one form.
_SAME_FORM = 0.90
#: A beat that comes earlier than this share of the usual interval is premature.
_PREMATURE = 0.85
#: A fusion beat is a mixture of an intrinsic beat, shifted by at most this much [s], and a paced beat, but
#: for this share of its size.
_MIXTURE_SHIFT_S, _MIXTURE_RESIDUAL = 0.06, 0.30


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatCluster:
    """Beats of one form.

    Attributes
    ----------
    kind
        What they are taken for.
    times_s
        Fiducial times from the start of the record [s].
    representative
        Their median beat; the fiducial lies `BEFORE_S` after its first sample.
    aligned_mv
        The single aligned beats, shape (n_beats, 12, n_samples) [mV], for the spread between beats.
    """

    kind: BeatKind
    times_s: tuple[float, ...]
    representative: RepresentativeBeat
    aligned_mv: FloatArray


def cluster_beats(
    cleaned_mv: FloatArray, beats: NDArray[np.intp], onsets: NDArray[np.intp], stimulation: Stimulation
) -> tuple[BeatCluster, ...]:
    """Group the beats of a record by form.

    Parameters
    ----------
    cleaned_mv
        Shape (12, n_samples) [mV] at `MEASUREMENT_RATE_HZ`, stimuli blanked.
    beats
        Samples from `detect_beats`.
    onsets
        Their rough onsets, from `rough_onsets`.
    stimulation
        Stimulus times of the record.

    Returns
    -------
    tuple of BeatCluster
        The form to be measured first: the commonest paced form when at least half of the beats are paced,
        else the commonest form (in bigeminy the one that does not come early); the others follow by number of
        beats.

    Notes
    -----
    Beats are compared by their correlation over the eight independent leads, each scaled to the same size.
    Each beat joins the first form it resembles (r >= 0.90 after a shift of up to 40 ms), starting from the
    most typical beat.
    """
    rate = MEASUREMENT_RATE_HZ
    before, after = int(BEFORE_S * rate), int(AFTER_S * rate)
    padded = np.pad(cleaned_mv, ((0, 0), (before, after)), mode="edge")
    scale = np.percentile(np.abs(cleaned_mv), 99, axis=1, keepdims=True)
    scaled = padded[list(INDEPENDENT_ROWS)] / np.maximum(scale[list(INDEPENDENT_ROWS)], 0.02)
    groups = _grouped(scaled, beats + before, rate)
    paced = _paced_beats(onsets, stimulation, rate)
    premature = _premature_beats(beats)
    found = []
    for members, samples in groups:
        aligned = np.stack([padded[:, s - before : s + after] for s in samples])
        found.append(_cluster(aligned, members, samples - before, paced, premature, stimulation, rate))
    paced_share = sum(len(c.times_s) for c in found if c.kind == "paced") / max(1, beats.size)
    early_s = beats[sorted(premature)] / rate
    # In bigeminy every second beat is early, and there may be one more of them: the others come first.
    found.sort(
        key=lambda cluster: (
            paced_share >= 0.5 and cluster.kind != "paced",
            (1.5 if _mostly_in(cluster.times_s, early_s) else 0.0) - len(cluster.times_s),
        )
    )
    return _with_ectopic_and_fusion(tuple(found), early_s)


def _grouped(
    scaled: FloatArray, beats: NDArray[np.intp], rate: float
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Return (indices of beats, aligned samples) for each form."""
    shift = int(_SHIFT_S * rate)
    left, right = int(_COMPARE_BEFORE_S * rate), int(_COMPARE_AFTER_S * rate)
    usable = np.array(
        [i for i, s in enumerate(beats) if s - left - shift >= 0 and s + right + shift <= scaled.shape[1]],
        dtype=np.intp,
    )
    remaining = list(usable)
    groups: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
    while remaining:
        windows = np.stack([scaled[:, beats[i] - left : beats[i] + right] for i in remaining])
        template = windows[_most_typical(windows)]
        for _ in range(3):
            fits = [_best_shift(scaled, int(beats[i]), template, left, shift) for i in remaining]
            same = [k for k, (r, _) in enumerate(fits) if r >= _SAME_FORM]
            if not same:
                break
            template = np.median(
                [
                    scaled[:, s - left : s + right]
                    for s in (beats[remaining[k]] + fits[k][1] for k in same)
                    if s - left >= 0 and s + right <= scaled.shape[1]
                ],
                axis=0,
            )
        if not same:
            same = [_most_typical(windows)]
        members = np.array([remaining[k] for k in same], dtype=np.intp)
        samples = np.array([beats[remaining[k]] + fits[k][1] for k in same], dtype=np.intp)
        groups.append((members, samples))
        taken = set(members.tolist())
        remaining = [i for i in remaining if i not in taken]
    return groups


def _most_typical(windows: FloatArray) -> int:
    """Return the beat whose unshifted correlation with the others is highest in the median."""
    flat = windows.reshape(len(windows), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12)
    return int(np.argmax(np.median(flat @ flat.T, axis=1)))


def _best_shift(scaled: FloatArray, sample: int, template: FloatArray, left: int, shift: int) -> tuple[float, int]:
    """Return the highest correlation with a template and the shift that gives it."""
    width = template.shape[1]
    start = sample - left - shift
    if start < 0 or start + width + 2 * shift > scaled.shape[1]:
        return -1.0, 0
    area = scaled[:, start : start + width + 2 * shift]
    windows = np.lib.stride_tricks.sliding_window_view(area, width, axis=1)  # (leads, shifts, width)
    windows = windows - windows.mean(axis=2, keepdims=True)
    centred = template - template.mean(axis=1, keepdims=True)
    dot = np.einsum("lsw,lw->s", windows, centred)
    size = np.sqrt(np.einsum("lsw,lsw->s", windows, windows)) * np.linalg.norm(centred)
    r = dot / np.maximum(size, 1e-12)
    best = int(np.argmax(r))
    return float(r[best]), best - shift


def _cluster(
    aligned: FloatArray,
    members: NDArray[np.intp],
    samples: NDArray[np.intp],
    paced: dict[int, tuple[float, ...]],
    premature: frozenset[int],
    stimulation: Stimulation,
    rate: float,
) -> BeatCluster:
    """Make one cluster: its median beat, its noise, its stimuli."""
    median = np.median(aligned, axis=0)
    spread = np.median(np.abs(aligned - median), axis=0) * 1.4826 / np.sqrt(max(1, len(aligned)))
    noise = np.median(spread, axis=1) if len(aligned) >= 4 else np.full(12, 0.02)
    times = samples / rate
    stimuli = [tuple(t - fiducial for t in paced.get(int(i), ())) for i, fiducial in zip(members, times, strict=True)]
    with_stimulus = [s for s in stimuli if s]
    kind: BeatKind = "paced" if len(with_stimulus) >= 0.5 * len(members) else "intrinsic"
    stimulus_ms: tuple[float, ...] = ()
    if kind == "paced":
        first = float(np.median([s[0] for s in with_stimulus]))
        second = [s[1] for s in with_stimulus if len(s) > 1]
        stimulus_ms = ((BEFORE_S + first) * 1000.0,)
        if len(second) >= 0.5 * len(with_stimulus):
            stimulus_ms += ((BEFORE_S + float(np.median(second))) * 1000.0,)
    atrial = [t - f for f in times for t in stimulation.atrial_s if 0.0 < f - t < BEFORE_S]
    atrial_ms: tuple[float, ...] = ()
    if len(atrial) >= 0.5 * len(members):
        atrial_ms = ((BEFORE_S + float(np.median(atrial))) * 1000.0,)
    return BeatCluster(
        kind=kind,
        times_s=tuple(float(t) for t in times),
        representative=RepresentativeBeat(
            signal_mv=median,
            sampling_rate_hz=rate,
            kind=kind,
            n_beats=len(members),
            noise_mv=noise,
            stimulus_ms=stimulus_ms,
            atrial_stimulus_ms=atrial_ms,
        ),
        aligned_mv=aligned,
    )


def _paced_beats(onsets: NDArray[np.intp], stimulation: Stimulation, rate: float) -> dict[int, tuple[float, ...]]:
    """Return the ventricular stimuli of each beat that has one [s]."""
    low_s, high_s = VENTRICULAR_WINDOW_S
    found: dict[int, tuple[float, ...]] = {}
    for i, onset in enumerate(onsets):
        own = tuple(t for t in stimulation.ventricular_s if low_s - 0.02 <= onset / rate - t <= high_s + 0.02)
        if own:
            found[i] = own
    return found


def _premature_beats(beats: NDArray[np.intp]) -> frozenset[int]:
    """Return the beats that come early against the usual interval."""
    if beats.size < 4:
        return frozenset()
    intervals = np.diff(beats)
    # The mean, because in bigeminy the median is the short interval or the long one by chance.
    usual = max(float(np.median(intervals)), float(np.mean(intervals)))
    return frozenset(int(i) + 1 for i in np.flatnonzero(intervals < _PREMATURE * usual))


def _with_ectopic_and_fusion(clusters: tuple[BeatCluster, ...], early_s: FloatArray) -> tuple[BeatCluster, ...]:
    """Name the lesser forms: ectopic when early, fusion when between a paced and an intrinsic form."""
    largest_paced = next((c for c in clusters if c.kind == "paced"), None)
    largest_intrinsic = next((c for c in clusters if c.kind == "intrinsic"), None)
    named = []
    for rank, cluster in enumerate(clusters):
        kind = cluster.kind
        if cluster.kind == "intrinsic" and rank > 0 and cluster is not largest_intrinsic:
            kind = "ectopic" if _mostly_in(cluster.times_s, early_s) else "intrinsic"
        elif cluster.kind == "intrinsic" and rank > 0 and _mostly_in(cluster.times_s, early_s):
            kind = "ectopic"
        elif (
            cluster.kind == "paced"
            and cluster is not largest_paced
            and largest_paced is not None
            and largest_intrinsic is not None
            and _lies_between(cluster.representative, largest_intrinsic.representative, largest_paced.representative)
        ):
            kind = "fusion"
        named.append(cluster if kind == cluster.kind else _renamed(cluster, kind))
    return tuple(named)


def _mostly_in(times_s: tuple[float, ...], early_s: FloatArray) -> bool:
    """Tell whether more than half of the beats are among the premature ones."""
    hits = sum(bool(early_s.size) and bool(np.min(np.abs(early_s - t)) < 0.06) for t in times_s)
    return hits > 0.5 * len(times_s)


def _lies_between(beat: RepresentativeBeat, intrinsic: RepresentativeBeat, paced: RepresentativeBeat) -> bool:
    """Tell whether a beat is a mixture of an intrinsic and a paced beat (least squares over eight leads).

    The two stimulated beats are laid on each other by their stimuli; the intrinsic one where it fits best,
    because conduction may reach the ventricles at any time around the stimulus.
    """
    rows = list(INDEPENDENT_ROWS)
    start, stop = int(0.3 * MEASUREMENT_RATE_HZ), int(0.6 * MEASUREMENT_RATE_HZ)
    late = round((paced.stimulus_ms[0] - beat.stimulus_ms[0]) * MEASUREMENT_RATE_HZ / 1000.0)
    q = beat.signal_mv[rows, start:stop]
    b = np.roll(paced.signal_mv, -late, axis=1)[rows, start:stop]
    reach = int(_MIXTURE_SHIFT_S * MEASUREMENT_RATE_HZ)
    best_residual, best_share = np.inf, 0.0
    for shift in range(-reach, reach + 1):
        n = intrinsic.signal_mv[rows, start + shift : stop + shift]
        share = float(np.sum((q - n) * (b - n)) / max(float(np.sum((b - n) ** 2)), 1e-12))
        residual = float(np.linalg.norm(q - share * b - (1.0 - share) * n))
        if residual < best_residual:
            best_residual, best_share = residual, share
    return 0.1 < best_share < 0.9 and best_residual < _MIXTURE_RESIDUAL * float(np.linalg.norm(q))


def _renamed(cluster: BeatCluster, kind: BeatKind) -> BeatCluster:
    """Return a copy of another kind."""
    return replace(cluster, kind=kind, representative=replace(cluster.representative, kind=kind))
