"""Strain curves made ready for indices that add up stretch: low-passed, zero at time 0, finely sampled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.imaging.strain.fourier import low_passed, upsampled
from resynchro.record.strain import CardiacEvents, SegmentCurves

FloatArray = NDArray[np.float64]

#: Our choice: a heart beat at rest holds little mechanics above six harmonics, and noise adds up in every frame.
HARMONICS = 6
#: Turns shallower than max(0.5 %, 2 sigma) are not counted as stretch. Our choice.
LEAST_TURN_PCT, TURN_SIGMAS = 0.5, 2.0
#: Signs and patterns need a deflection of max(1 %, 2 sigma). Our choice.
LEAST_SIGN_PCT, SIGN_SIGMAS = 1.0, 2.0
#: Samples of a finely sampled beat, about 2 ms apart; a number per beat, so that no result depends on the unit of time.
_SAMPLES = 512
#: A beat that ends further than this from its start would ring at time 0 when its harmonics are cut [%].
_LEAST_DRIFT_PCT, _DRIFT_SIGMAS = 1.0, 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SmoothedCurves:
    """Curves on the time base that an index works on; contraction is negative for every type of strain.

    Attributes
    ----------
    time_s
        Shape (M,), equally spaced from 0 [s].
    shortening_pct
        Shape (..., n, M): 0 at time 0, contraction negative [%].
    treatment
        What was done, in words.
    """

    time_s: FloatArray
    shortening_pct: FloatArray
    treatment: str

    def sample(self, at_s: float) -> int:
        """Return the sample nearest to a time."""
        step_s = float(self.time_s[1] - self.time_s[0])
        return int(np.clip(round(at_s / step_s), 0, len(self.time_s) - 1))


def smoothed(
    curves: SegmentCurves, *, harmonics: int | None = HARMONICS, values_pct: FloatArray | None = None
) -> SmoothedCurves:
    """Low-pass curves, sample them finely and set them to zero at time 0.

    Parameters
    ----------
    curves
        Their time base, sign and noise are used, and their strain unless `values_pct` is given.
    harmonics
        Harmonics of the beat that are kept; None leaves the curves as they are, sampled as they are.
    values_pct
        Shape (..., n, T): other strain on the same time base, for example noisy repeats [%].

    Returns
    -------
    SmoothedCurves
        Unfiltered, and saying so, when the curves do not cover the whole beat.

    Notes
    -----
    A beat that ends away from where it began is levelled by a straight line, low-passed, and the line is put back.
    """
    values = curves.strain_pct if values_pct is None else np.asarray(values_pct, dtype=np.float64)
    values = -values if curves.strain_type == "radial" else values
    if harmonics is None or not curves.periodic:
        why = "unfiltered" if harmonics is None else "unfiltered: the curves do not cover the whole beat"
        return SmoothedCurves(time_s=curves.time_s, shortening_pct=values - values[..., :1], treatment=why)
    count = values.shape[-1]
    fine = max(count, _SAMPLES)
    drift = _drift(values, curves.noise_pct)
    level = low_passed(values - drift[..., None] * (np.arange(count) / count), harmonics)
    smooth = upsampled(level, fine) + drift[..., None] * (np.arange(fine) / fine)
    return SmoothedCurves(
        time_s=np.arange(fine) * (curves.rr_s / fine),
        shortening_pct=smooth - smooth[..., :1],
        treatment=f"low-passed to {harmonics} harmonics",
    )


def least_turn_pct(curves: SegmentCurves) -> FloatArray:
    """Return the turn below which a minimum is not counted, max(0.5 %, 2 sigma), shape (n,) [%]."""
    return _at_least(curves, LEAST_TURN_PCT, TURN_SIGMAS)


def least_sign_pct(curves: SegmentCurves) -> FloatArray:
    """Return the deflection that a sign needs, max(1 %, 2 sigma), shape (n,) [%]."""
    return _at_least(curves, LEAST_SIGN_PCT, SIGN_SIGMAS)


def systole_words(events: CardiacEvents) -> str:
    """Return the window from QRS onset to AVC in words; AVC must be known."""
    end_s = events.avc_s
    return f"QRS onset to AVC (0 to {1000.0 * end_s:.0f} ms)" if end_s is not None else "QRS onset to AVC (unknown)"


def _at_least(curves: SegmentCurves, least_pct: float, sigmas: float) -> FloatArray:
    if curves.noise_pct is None:
        return np.full(len(curves.segments), least_pct)
    return np.maximum(least_pct, sigmas * curves.noise_pct)


def _drift(values: FloatArray, noise_pct: FloatArray | None) -> FloatArray:
    """Return how far each curve ends from its start, 0 where noise may explain it; shape (..., n)."""
    count = values.shape[-1]
    drift = (values[..., -1] - values[..., 0]) * count / (count - 1)
    least = _LEAST_DRIFT_PCT if noise_pct is None else np.maximum(_LEAST_DRIFT_PCT, _DRIFT_SIGMAS * noise_pct)
    return np.asarray(np.where(np.abs(drift) > least, drift, 0.0), dtype=np.float64)
