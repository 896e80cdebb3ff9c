"""Where everything lies on ECG paper: which seconds, which row, how high, so that leads do not overprint."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import signal

from resynchro.ecg.clusters import BEFORE_S, BeatCluster
from resynchro.ecg.measurement import EcgMeasurement
from resynchro.record.ecg import LEADS, EcgRecord, FloatArray

MM_PER_S, MM_PER_MV = 25.0, 10.0
COLUMN_S, STRIP_S = 2.5, 10.0
COLUMN_MM, STRIP_MM = COLUMN_S * MM_PER_S, STRIP_S * MM_PER_S
#: Room for the calibration pulse before the leads.
CALIBRATION_MM = 15.0
#: Leads of the columns, top to bottom; then the rhythm strip.
COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("I", "II", "III"),
    ("aVR", "aVL", "aVF"),
    ("V1", "V2", "V3"),
    ("V4", "V5", "V6"),
)
STRIP_LEAD = "II"

#: Recommended bandwidth of a diagnostic display. Kligfield et al. Circulation 2007;115:1306-1324.
DISPLAY_HIGH_PASS_HZ, DISPLAY_LOW_PASS_HZ = 0.05, 150.0

#: Nothing is drawn further from its line than this: more is no heart but a wrong gain.
_FARTHEST_MM = 50.0
#: Least distance of neighbouring lines, and between the waves of neighbouring rows.
_LEAST_GAP_MM, _CLEAR_MM = 25.0, 2.0
#: What stimulus artefacts may stand out beyond the waves of their segment before they are cut.
_SPIKE_MM = 5.0
#: Signal this close to a stimulus does not count for the height of a row [s].
_NEAR_STIMULUS_S = 0.02
_LABEL_HEIGHT_MM = 3.4
#: Room above the strip for stimulus marks, below it for the letters of beats.
_MARKS_MM = 4.0
_KIND_LETTER = {"intrinsic": "I", "paced": "P", "ectopic": "E", "fusion": "F"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One lead in one column, or the rhythm strip, in millimetres from the start of its line.

    Attributes
    ----------
    lead, label, row
        Name, printed name (derived leads carry an asterisk) and row from the top; row 3 is the rhythm strip.
    start_s
        Time of its first sample in the record [s].
    left_mm
        From the end of the calibration room.
    x_mm, y_mm
        Shape (n,): the curve, `y_mm` from the row's zero line.
    up_mm, down_mm
        Height above and depth below the zero line that the segment needs, its name included.
    label_y_mm
        Foot of the name above the zero line.
    is_cut
        True when something was cut at the edge.
    """

    lead: str
    label: str
    row: int
    start_s: float
    left_mm: float
    x_mm: FloatArray
    y_mm: FloatArray
    up_mm: float
    down_mm: float
    label_y_mm: float
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QrsBand:
    """The measured QRS limits on one beat; column None is the strip. Only one band of the strip has a label."""

    column: int | None
    left_mm: float
    width_mm: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatMark:
    """Letters of a beat of another form than the measured one, for example ``E2``."""

    x_mm: float
    letters: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperLayout:
    """Everything on the paper; heights count from the foot of the grid, lengths from the calibration room's end.

    Attributes
    ----------
    start_s, column_starts_s
        First second of the strip and of each column in the record [s].
    grid_height_mm, baselines_mm
        Height of the grid, and the zero lines of the four rows.
    columns_bottom_mm, strip_up_mm
        Where the bands of the columns end; height of the strip above its line with the marks.
    segments, bands, beat_marks, ventricular_mm, atrial_mm
        What is drawn.
    forms
        (letters, words) of the other forms of beats that are marked.
    """

    start_s: float
    column_starts_s: tuple[float, ...]
    grid_height_mm: float
    baselines_mm: tuple[float, float, float, float]
    columns_bottom_mm: float
    strip_up_mm: float
    segments: tuple[Segment, ...]
    bands: tuple[QrsBand, ...]
    beat_marks: tuple[BeatMark, ...]
    ventricular_mm: tuple[float, ...]
    atrial_mm: tuple[float, ...]
    forms: tuple[tuple[str, str], ...]


def paper_layout(measurement: EcgMeasurement, least_height_mm: float) -> PaperLayout:
    """Lay a measured ECG out on paper.

    Parameters
    ----------
    measurement
        From `measure_ecg`.
    least_height_mm
        Least height of the grid, a multiple of 5 [mm].

    Returns
    -------
    PaperLayout
    """
    record = measurement.record
    shown_mv = displayed_mv(record)
    start_s = _busiest_start_s(measurement.clusters[0], record.duration_s)
    shown_s = min(STRIP_S, record.duration_s - start_s)
    spread_s = min(COLUMN_S, max(0.0, shown_s - COLUMN_S) / 3.0)
    starts_s = tuple(start_s + k * spread_s for k in range(4))
    stimuli_s = measurement.stimulation.all_s
    segments = [
        _segment(record, shown_mv, lead, row, starts_s[k], COLUMN_S, k * COLUMN_MM, stimuli_s)
        for k, column in enumerate(COLUMNS)
        for row, lead in enumerate(column)
    ]
    strip = _segment(record, shown_mv, STRIP_LEAD, 3, start_s, STRIP_S, 0.0, stimuli_s)
    height_mm, baselines_mm = _placed_rows(segments, strip, least_height_mm)
    strip_up_mm = strip.up_mm + _MARKS_MM
    forms = tuple(
        (_letters(k, cluster), f"{len(cluster.times_s)} {cluster.kind}")
        for k, cluster in enumerate(measurement.clusters)
        if k > 0
    )
    return PaperLayout(
        start_s=start_s,
        column_starts_s=starts_s,
        grid_height_mm=height_mm,
        baselines_mm=baselines_mm,
        columns_bottom_mm=baselines_mm[3] + strip_up_mm,
        strip_up_mm=strip_up_mm,
        segments=(*segments, strip),
        bands=_bands(measurement, start_s, starts_s),
        beat_marks=tuple(
            BeatMark(x_mm=(t - start_s) * MM_PER_S, letters=_letters(k, cluster))
            for k, cluster in enumerate(measurement.clusters)
            for t in cluster.times_s
            if k > 0 and 0.0 <= t - start_s <= shown_s
        ),
        ventricular_mm=tuple((t - start_s) * MM_PER_S for t in measurement.stimulation.ventricular_s),
        atrial_mm=tuple((t - start_s) * MM_PER_S for t in measurement.stimulation.atrial_s),
        forms=forms,
    )


def displayed_mv(record: EcgRecord) -> FloatArray:
    """Return the recording as it is displayed: its offset and slow drift taken away, nothing measured changed.

    Parameters
    ----------
    record
        Any record.

    Returns
    -------
    FloatArray
        Shape (12, n_samples) [mV] at the record's own rate, zero-phase.
    """
    shown_mv = record.signal_mv - np.median(record.signal_mv, axis=1, keepdims=True)
    rate_hz, samples = record.sampling_rate_hz, shown_mv.shape[1]
    pad = min(samples - 1, int(10.0 * rate_hz))
    high = signal.butter(1, DISPLAY_HIGH_PASS_HZ, "highpass", fs=rate_hz, output="sos")
    shown_mv = signal.sosfiltfilt(high, shown_mv, axis=1, padlen=pad)
    if rate_hz > 2.2 * DISPLAY_LOW_PASS_HZ:
        low = signal.butter(2, DISPLAY_LOW_PASS_HZ, "lowpass", fs=rate_hz, output="sos")
        shown_mv = signal.sosfiltfilt(low, shown_mv, axis=1, padlen=pad)
    return np.asarray(shown_mv, dtype=np.float64)


def _busiest_start_s(measured: BeatCluster, duration_s: float) -> float:
    """Return the whole second from which ten seconds hold most beats of the measured form."""
    if duration_s <= STRIP_S:
        return 0.0
    times_s = np.array(measured.times_s)
    starts = np.arange(0.0, math.floor(duration_s - STRIP_S) + 1.0)
    inside = [int(((times_s >= start) & (times_s <= start + STRIP_S)).sum()) for start in starts]
    return float(starts[int(np.argmax(inside))])


def _segment(
    record: EcgRecord,
    shown_mv: FloatArray,
    lead: str,
    row: int,
    start_s: float,
    length_s: float,
    left_mm: float,
    stimuli_s: tuple[float, ...],
) -> Segment:
    rate_hz = record.sampling_rate_hz
    first, last = math.ceil(start_s * rate_hz - 1e-6), math.floor((start_s + length_s) * rate_hz + 1e-6)
    time_s = np.arange(first, min(last + 1, shown_mv.shape[1])) / rate_hz
    y_mm = shown_mv[LEADS.index(lead), first : last + 1] * MM_PER_MV
    y_mm = y_mm - np.median(y_mm)  # each piece on its line: what is left of the drift needs no room
    counts = np.ones(time_s.size, dtype=bool)
    for stimulus_s in stimuli_s:
        counts &= np.abs(time_s - stimulus_s) > _NEAR_STIMULUS_S
    waves_mm = y_mm[counts] if counts.any() else y_mm
    up_mm = float(np.clip(waves_mm.max(initial=0.0), 0.0, _FARTHEST_MM))
    down_mm = float(np.clip(-waves_mm.min(initial=0.0), 0.0, _FARTHEST_MM))
    highest_mm = min(up_mm + _SPIKE_MM, _FARTHEST_MM)
    lowest_mm = -min(down_mm + _SPIKE_MM, _FARTHEST_MM)
    x_mm = (time_s - start_s) * MM_PER_S
    below_label = np.clip(y_mm[x_mm <= 10.0], lowest_mm, highest_mm)
    label_y_mm = max(4.0, float(below_label.max(initial=0.0)) + 1.2)
    return Segment(
        lead=lead,
        label=lead + ("*" if lead in record.derived_leads else ""),
        row=row,
        start_s=start_s,
        left_mm=left_mm,
        x_mm=x_mm,
        y_mm=np.clip(y_mm, lowest_mm, highest_mm),
        up_mm=max(up_mm, label_y_mm + _LABEL_HEIGHT_MM),
        down_mm=down_mm,
        label_y_mm=label_y_mm,
        is_cut=bool(((y_mm > highest_mm) | (y_mm < lowest_mm)).any()),
    )


def _placed_rows(
    segments: list[Segment], strip: Segment, least_height_mm: float
) -> tuple[float, tuple[float, float, float, float]]:
    """Return the height of the grid and the zero lines, on lines of the grid and with the spare room spread."""
    rows = [[s for s in segments if s.row == row] for row in range(3)]
    needs = [max(s.up_mm for s in rows[0]) + 1.0]
    for above, below in pairwise(rows):
        needs.append(max(a.down_mm + b.up_mm for a, b in zip(above, below, strict=True)) + _CLEAR_MM)
    strip_up_mm = [_up_between_mm(strip, s.left_mm, s.left_mm + COLUMN_MM) for s in rows[2]]
    downs_mm = [s.down_mm for s in rows[2]]
    marks_mm = strip.up_mm + _MARKS_MM + 5.0  # the stimulus marks stand in one line
    needs.append(max(marks_mm, *(d + u + _CLEAR_MM for d, u in zip(downs_mm, strip_up_mm, strict=True))))
    needs.append(strip.down_mm + _MARKS_MM + 1.0)
    least = (10.0, _LEAST_GAP_MM, _LEAST_GAP_MM, _LEAST_GAP_MM, 10.0)
    gaps_mm = [float(math.ceil(max(need, floor))) for need, floor in zip(needs, least, strict=True)]
    while sum(gaps_mm) < least_height_mm or sum(gaps_mm) % 5.0:
        # The gap with the least to spare grows first.
        spare = [gap - need for gap, need in zip(gaps_mm, needs, strict=True)]
        gaps_mm[int(np.argmin(spare))] += 1.0
    height_mm = sum(gaps_mm)
    lines = height_mm - np.cumsum(gaps_mm)[:4]
    return height_mm, (float(lines[0]), float(lines[1]), float(lines[2]), float(lines[3]))


def _up_between_mm(strip: Segment, first_mm: float, last_mm: float) -> float:
    """Return the height of a part of the strip, its name and marks included [mm]."""
    part = strip.y_mm[(strip.x_mm >= first_mm) & (strip.x_mm <= last_mm)]
    name_mm = strip.label_y_mm + _LABEL_HEIGHT_MM if first_mm < 10.0 else 0.0
    return max(float(part.max(initial=0.0)), name_mm) + _MARKS_MM


def _bands(measurement: EcgMeasurement, start_s: float, starts_s: tuple[float, ...]) -> tuple[QrsBand, ...]:
    """Return the QRS limits on the first whole measured beat of each column and on all of the strip."""
    limits, times_s = measurement.limits, measurement.clusters[0].times_s
    width_mm = limits.duration_ms / 1000.0 * MM_PER_S
    onsets_s = [t - BEFORE_S + limits.onset_ms / 1000.0 for t in times_s]
    end_s = measurement.record.duration_s
    bands = []
    for column, column_start_s in enumerate(starts_s):
        within = _within(onsets_s, limits.duration_ms, column_start_s, min(column_start_s + COLUMN_S, end_s))
        for onset_s in within[:1]:
            left_mm = column * COLUMN_MM + (onset_s - column_start_s) * MM_PER_S
            bands.append(QrsBand(column=column, left_mm=left_mm, width_mm=width_mm, label=""))
    for k, onset_s in enumerate(_within(onsets_s, limits.duration_ms, start_s, min(start_s + STRIP_S, end_s))):
        label = f"QRS {limits.duration_ms:.0f} ms" if k == 0 else ""
        left_mm = (onset_s - start_s) * MM_PER_S
        bands.append(QrsBand(column=None, left_mm=left_mm, width_mm=width_mm, label=label))
    return tuple(bands)


def _within(onsets_s: list[float], duration_ms: float, first_s: float, last_s: float) -> list[float]:
    return [t for t in onsets_s if t >= first_s and t + duration_ms / 1000.0 <= last_s]


def _letters(form: int, cluster: BeatCluster) -> str:
    return f"{_KIND_LETTER[cluster.kind]}{form + 1}"
