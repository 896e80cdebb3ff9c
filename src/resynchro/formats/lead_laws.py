"""The laws that tie the limb leads together: Einthoven's and Goldberger's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from resynchro.record.ecg import LEADS, FloatArray
from resynchro.record.finding import Finding

#: Each law as weights that sum to zero over simultaneous leads. The augmented leads are written in I and II,
#: so that they can be checked in files that hold no III.
_LAWS: Final[tuple[tuple[str, str, dict[str, float]], ...]] = (
    ("einthoven", "I + III - II", {"I": 1.0, "III": 1.0, "II": -1.0}),
    ("goldberger", "aVR + (I + II)/2", {"aVR": 1.0, "I": 0.5, "II": 0.5}),
    ("goldberger", "aVL - I + II/2", {"aVL": 1.0, "I": -1.0, "II": 0.5}),
    ("goldberger", "aVF - II + I/2", {"aVF": 1.0, "II": -1.0, "I": 0.5}),
)

#: A residual of this share of the limb leads makes amplitudes, axis and areas meaningless.
UNTRUSTED_SHARE: Final = 0.10
#: Rounding plus this much is silent: recorders filter each lead on its own before they round.
SILENT_RMS_MV: Final = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class LawResidual:
    """How far one law is missed.

    Attributes
    ----------
    code
        ``einthoven`` or ``goldberger``.
    law
        The sum that should be zero, for example ``I + III - II``.
    leads
        The leads of the law.
    largest_mv, rms_mv
        Largest and root mean square of the residual without its slow drift [mV].
    share
        `rms_mv` over the root mean square of the largest of the leads of the law [1].
    rounding_mv
        Root mean square that rounding of the stored numbers explains [mV].
    """

    code: str
    law: str
    leads: tuple[str, ...]
    largest_mv: float
    rms_mv: float
    share: float
    rounding_mv: float

    @property
    def silent(self) -> bool:
        """Whether rounding and lead-wise filtering explain the residual."""
        return self.rms_mv <= 2.0 * self.rounding_mv + SILENT_RMS_MV


def lead_law_residuals(leads: Mapping[str, FloatArray], *, sampling_rate_hz: float) -> tuple[LawResidual, ...]:
    """Compute the residual of every law whose leads are all there.

    Parameters
    ----------
    leads
        Recorded (not derived) leads, shape (n,) [mV or counts], by canonical name.
    sampling_rate_hz
        Sampling rate [Hz].

    Returns
    -------
    tuple of LawResidual
        In the order Einthoven, aVR, aVL, aVF; laws with an absent lead are left out.

    Notes
    -----
    Slow drift (a running mean over 1 s) is taken out first: a constant or wandering offset between leads
    harms no amplitude that is measured from the baseline of its own lead. The residual is compared with the
    largest lead of the law and not with II, because II is all but flat at an axis of -30 degrees.
    """
    residuals = []
    for code, law, weights in _LAWS:
        if any(lead not in leads for lead in weights):
            continue
        steady = {lead: without_drift(leads[lead], sampling_rate_hz) for lead in weights}
        residual = sum((weight * steady[lead] for lead, weight in weights.items()), np.zeros(1))
        rms = _rms(residual)
        largest_lead_rms = max(_rms(samples) for samples in steady.values())
        variance = sum((weight * _resolution(leads[lead])) ** 2 / 12.0 for lead, weight in weights.items())
        residuals.append(
            LawResidual(
                code=code,
                law=law,
                leads=tuple(lead for lead in LEADS if lead in weights),
                largest_mv=float(np.max(np.abs(residual))),
                rms_mv=rms,
                share=rms / largest_lead_rms if largest_lead_rms > 0.0 else 0.0,
                rounding_mv=float(np.sqrt(variance)),
            )
        )
    return tuple(residuals)


def lead_law_findings(
    leads_mv: Mapping[str, FloatArray],
    *,
    sampling_rate_hz: float,
    raw_counts: Mapping[str, FloatArray] | None = None,
) -> tuple[tuple[Finding, ...], bool]:
    """Say which laws are missed, whether the voltages can still be trusted, and what explains it.

    Parameters
    ----------
    leads_mv
        Recorded (not derived) leads, shape (n,) [mV], by canonical name.
    sampling_rate_hz
        Sampling rate [Hz].
    raw_counts
        Stored numbers before gain and offset, by canonical name.

    Returns
    -------
    findings : tuple of Finding
        At most one for Einthoven's law and one for Goldberger's.
    voltages_trusted : bool
        False when a residual exceeds `UNTRUSTED_SHARE` of the leads it is made of.

    Notes
    -----
    Separate wrong gains per lead are the most common cause in research data: LUDB 1.0.1 scales every lead to
    1 mV peak to peak in its headers, while its stored integers obey the laws exactly. The gain is not
    repaired here, because the true microvolts per count are not in the file.
    """
    missed = [
        residual for residual in lead_law_residuals(leads_mv, sampling_rate_hz=sampling_rate_hz) if not residual.silent
    ]
    trusted = all(residual.share <= UNTRUSTED_SHARE for residual in missed)
    explanation = ""
    if not trusted and raw_counts is not None:
        raw_residuals = lead_law_residuals(raw_counts, sampling_rate_hz=sampling_rate_hz)
        if raw_residuals and all(residual.share <= 0.01 for residual in raw_residuals):
            explanation = (
                "; the stored counts do agree, so the file gives each lead a wrong gain of its own: read it "
                "again with the true microvolts per count (--uv-per-count)"
            )
    findings = []
    for code in ("einthoven", "goldberger"):
        of_code = [residual for residual in missed if residual.code == code]
        if of_code:
            findings.append(_finding(max(of_code, key=lambda residual: residual.share), explanation))
            explanation = ""  # once is enough
    return tuple(findings), trusted


def without_drift(samples: FloatArray, sampling_rate_hz: float, *, window_s: float = 1.0) -> FloatArray:
    """Subtract the running mean.

    Parameters
    ----------
    samples
        Shape (..., n); any unit.
    sampling_rate_hz
        Sampling rate [Hz].
    window_s
        Width of the running mean [s]; the signal is continued by its end values.

    Returns
    -------
    FloatArray
        Same shape and unit.
    """
    half = max(1, int(window_s * sampling_rate_hz / 2.0))
    padded = np.concatenate(
        (
            np.repeat(samples[..., :1], half + 1, axis=-1),
            samples,
            np.repeat(samples[..., -1:], half, axis=-1),
        ),
        axis=-1,
    )
    sums = np.cumsum(padded, axis=-1)
    width = 2 * half + 1
    return np.asarray(samples - (sums[..., width:] - sums[..., :-width]) / width, dtype=np.float64)


def _finding(worst: LawResidual, explanation: str) -> Finding:
    size = (
        f"{worst.law} should be zero but is up to {1000.0 * worst.largest_mv:.0f} µV "
        f"(RMS {1000.0 * worst.rms_mv:.0f} µV, {100.0 * worst.share:.0f} % of the largest of these leads)"
    )
    if worst.share > UNTRUSTED_SHARE:
        verdict = "amplitudes, axis and areas mean nothing in this record; times still do" + explanation
    else:
        verdict = "amplitudes of the limb leads are uncertain by about that much"
    message = f"the leads contradict each other: {size}; {verdict}"
    return Finding(code=worst.code, message=message, leads=worst.leads)


def _rms(samples: FloatArray) -> float:
    return float(np.sqrt(np.mean(np.square(samples))))


def _resolution(samples: FloatArray) -> float:
    """Return the step between stored values: the smallest change, robust against interpolated samples."""
    steps = np.abs(np.diff(samples))
    steps = steps[steps > 0.0]
    return float(np.quantile(steps, 0.02)) if steps.size else 0.0
