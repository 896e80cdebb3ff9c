"""How alike two QRS complexes are, lead by lead, after the best alignment in time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from resynchro.ecg.template import EcgTemplate
from resynchro.record.ecg import INDEPENDENT_LEADS, INDEPENDENT_ROWS, LIMB_LEADS, FloatArray

#: Largest shift tried in the alignment [ms]: a stimulus that stays in the signal can pull the onset of a
#: paced QRS this far.
LARGEST_SHIFT_MS = 40.0
#: Piece before the onset and after the later end that belongs to the compared window [ms].
MARGIN_MS = 10.0
#: Step of the compared window [ms] and of the fine alignment [ms].
STEP_MS = 1.0
FINE_STEP_MS = 0.25
#: A lead whose RMS lies below this in both beats has no shape to compare [mV].
SMALLEST_LEAD_RMS_MV = 0.03

_INDEPENDENT = list(INDEPENDENT_ROWS)
_LIMB = slice(0, len(LIMB_LEADS))
_CHEST = slice(len(LIMB_LEADS), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Similarity:
    """Likeness of a follow-up QRS and a template QRS.

    Attributes
    ----------
    label, name
        Of the template.
    shift_ms
        Shift of the follow-up beyond the alignment by QRS onset that gave the largest correlation [ms];
        positive when the follow-up had to be moved earlier.
    correlation
        Over I, II, V1 to V6 one after the other. Correlations count from the level before the QRS (the mean
        is not removed), so 1 means the same shape at any size, 0 nothing in common, -1 upside down.
    limb_correlation
        The same over the six limb leads, which do not feel the place of the chest electrodes. Six leads and
        not two, since together they weigh every direction of the frontal plane alike.
    precordial_correlation
        The same over V1 to V6.
    lead_correlation
        Per lead of I, II, V1 to V6; None for a lead without a QRS in both beats.
    rms_difference_mv
        Root mean square of the difference over the eight leads [mV].
    relative_rms_difference
        The same divided by the RMS of the template.
    gain
        Size of the follow-up relative to the template (least squares).
    """

    label: str
    name: str
    shift_ms: float
    correlation: float
    limb_correlation: float
    precordial_correlation: float
    lead_correlation: Mapping[str, float | None]
    rms_difference_mv: float
    relative_rms_difference: float
    gain: float


def compare_shapes(follow_up: EcgTemplate, template: EcgTemplate) -> Similarity:
    """Align a follow-up QRS with a template QRS and measure how alike they are.

    Parameters
    ----------
    follow_up, template
        The two beats.

    Returns
    -------
    Similarity
        At the shift with the largest eight-lead correlation.

    Raises
    ------
    MeasurementError
        When a beat holds nothing before its QRS.
    """
    time_ms = common_window_ms(follow_up, template)
    wanted = qrs_at(template, time_ms)
    shift_ms = best_shift_ms(follow_up, wanted, time_ms)
    found = qrs_at(follow_up, time_ms + shift_ms)
    found8, wanted8 = found[_INDEPENDENT], wanted[_INDEPENDENT]
    difference = found8 - wanted8
    return Similarity(
        label=template.label,
        name=template.name,
        shift_ms=shift_ms,
        correlation=_cosine(found8, wanted8),
        limb_correlation=_cosine(found[_LIMB], wanted[_LIMB]),
        precordial_correlation=_cosine(found[_CHEST], wanted[_CHEST]),
        lead_correlation={lead: _lead_correlation(found8[i], wanted8[i]) for i, lead in enumerate(INDEPENDENT_LEADS)},
        rms_difference_mv=_rms(difference),
        relative_rms_difference=_rms(difference) / max(_rms(wanted8), 1e-9),
        gain=float((found8 * wanted8).sum() / max((wanted8**2).sum(), 1e-12)),
    )


def common_window_ms(*templates: EcgTemplate) -> FloatArray:
    """Return times from the QRS onset that cover the longest of several QRS, shape (n,) [ms]."""
    longest_ms = max(template.qrs_ms for template in templates)
    return np.arange(-MARGIN_MS, longest_ms + MARGIN_MS + STEP_MS / 2, STEP_MS)


def qrs_at(template: EcgTemplate, time_ms: FloatArray) -> FloatArray:
    """Return a beat at given times from its QRS onset.

    Parameters
    ----------
    template
        The beat.
    time_ms
        Shape (n,), from the QRS onset [ms]; times beyond the beat take its first or last sample.

    Returns
    -------
    ndarray
        Shape (12, n) [mV], zero before the QRS.
    """
    signal_mv = template.zeroed_mv
    sample_ms = np.arange(signal_mv.shape[1]) * 1000.0 / template.beat.sampling_rate_hz
    within = np.clip(time_ms + template.limits.onset_ms, 0.0, sample_ms[-1])
    values: FloatArray = CubicSpline(sample_ms, signal_mv, axis=1)(within)
    return values


def shifted_qrs(follow_up: EcgTemplate, time_ms: FloatArray) -> Iterator[tuple[float, FloatArray]]:
    """Yield every allowed shift of a follow-up QRS with the shifted QRS.

    Parameters
    ----------
    follow_up
        The beat to be moved.
    time_ms
        Shape (n,), equally spaced by `STEP_MS`, from the QRS onset [ms].

    Yields
    ------
    tuple
        Shift in [-`LARGEST_SHIFT_MS`, `LARGEST_SHIFT_MS`] [ms] and the QRS in I, II, V1 to V6, shape (8, n)
        [mV].
    """
    span = np.arange(time_ms[0] - LARGEST_SHIFT_MS, time_ms[-1] + LARGEST_SHIFT_MS + FINE_STEP_MS / 2, FINE_STEP_MS)
    fine = qrs_at(follow_up, span)[_INDEPENDENT]
    stride = round(STEP_MS / FINE_STEP_MS)
    reach = (time_ms.size - 1) * stride + 1
    for i in range(round(2 * LARGEST_SHIFT_MS / FINE_STEP_MS) + 1):
        yield i * FINE_STEP_MS - LARGEST_SHIFT_MS, fine[:, i : i + reach : stride]


def best_shift_ms(follow_up: EcgTemplate, wanted_mv: FloatArray, time_ms: FloatArray) -> float:
    """Return the shift of the follow-up that gives the largest eight-lead correlation [ms].

    Parameters
    ----------
    follow_up
        The beat to be moved.
    wanted_mv
        Shape (12, n) [mV]: the QRS it is moved onto.
    time_ms
        Shape (n,): times of `wanted_mv` from its QRS onset [ms].
    """
    wanted8 = wanted_mv[_INDEPENDENT]
    return max(shifted_qrs(follow_up, time_ms), key=lambda shifted: _cosine(shifted[1], wanted8))[0]


def _lead_correlation(found: FloatArray, wanted: FloatArray) -> float | None:
    if max(_rms(found), _rms(wanted)) < SMALLEST_LEAD_RMS_MV:
        return None
    return _cosine(found, wanted)


def _cosine(a: FloatArray, b: FloatArray) -> float:
    size = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return 0.0 if size == 0.0 else float((a * b).sum()) / size


def _rms(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(values**2)))
