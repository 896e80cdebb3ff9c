"""What a fit of the twin gives: parameters, activation and agreement, each with what the ECG leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.electrics.fit_data import MeasuredQrs
from resynchro.electrics.fit_model import FitModel
from resynchro.electrics.fit_parameters import Parameter
from resynchro.electrics.fit_quality import FitQuality
from resynchro.electrics.fit_roots import FitRhythm
from resynchro.errors import InputError
from resynchro.heart.heart import Heart

FloatArray = NDArray[np.float64]

#: Share of the posterior that intervals hold.
INTERVAL = 0.90
_Z90 = 1.6448536269514722
#: Posterior over prior standard deviation: below the first a parameter is identified, above the second it is not.
IDENTIFIED_BELOW, UNKNOWN_ABOVE = 0.5, 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedParameter:
    """What the fit says about one unknown.

    Attributes
    ----------
    name, unit, source
        Of the parameter, and where its prior comes from.
    prior_median, prior_low, prior_high
        Median and 90 % interval before the ECG.
    median, low, high
        Median and 90 % interval of the ensemble.
    narrowed
        Standard deviation of the ensemble over that of the prior, both in the scale of the prior.
    identifiable, why
        ``yes``, ``partly`` or ``no``, with the reason.
    """

    name: str
    unit: str
    source: str
    prior_median: float
    prior_low: float
    prior_high: float
    median: float
    low: float
    high: float
    narrowed: float
    identifiable: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Median and 90 % interval over the ensemble."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinFit:
    """A fitted twin.

    Attributes
    ----------
    heart
        The heart of the most probable hypothesis, to which activation maps belong.
    measured
        What was fitted.
    best_mv
        QRS of the most probable twin, I, II, V1 to V6, shape (8, k) [mV].
    quality
        Of that QRS.
    best_times_ms
        Its activation of every node against the measured QRS onset, shape (n,) [ms].
    parameters
        Of the most probable hypothesis.
    members
        Scores of the members of that hypothesis in the order of `parameters`, shape (m, p).
    member_times_ms
        Activation of every node in every member, shape (m, n), float32 [ms].
    member_mv
        Their QRS, shape (m, 8, k), float32 [mV].
    mean_ms, sd_ms
        Activation of every node over the members, shape (n,) [ms]; inf and 0 where never activated.
    segments
        Mean activation of the RV free wall (0) and segments 1 to 17 after the first activation [ms]; None where not
        activated.
    indices
        Derived numbers of `resynchro.electrics.activation_indices`, after the first activation [ms].
    hypotheses
        Name and probability of what was tried.
    discrepancy
        Standard deviation of the model's error as a part of the QRS, estimated from the residual.
    effective_samples
        Independent samples the data are worth.
    seed, method
        How it was made.
    model
        Makes twins from scores.
    best_scores
        Of the most probable twin, shape (p,).
    """

    heart: Heart
    rhythm: FitRhythm
    measured: MeasuredQrs
    best_mv: FloatArray
    quality: FitQuality
    best_times_ms: FloatArray
    parameters: tuple[FittedParameter, ...]
    members: FloatArray
    member_times_ms: NDArray[np.float32]
    member_mv: NDArray[np.float32]
    mean_ms: FloatArray
    sd_ms: FloatArray
    segments: tuple[Estimate | None, ...]
    indices: Mapping[str, Estimate]
    hypotheses: tuple[tuple[str, float], ...]
    discrepancy: float
    effective_samples: float
    seed: int
    method: str
    model: FitModel
    best_scores: FloatArray

    def parameter(self, name: str) -> FittedParameter:
        """Return one parameter by name."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise InputError(f"no parameter {name!r}: there are {', '.join(p.name for p in self.parameters)}")


def fitted_parameter(parameter: Parameter, scores: FloatArray) -> FittedParameter:
    """Say what the members' scores of one parameter mean, shape (m,)."""
    median, low, high = (float(v) for v in parameter.value(quantiles(scores)))
    prior = parameter.value(np.array([0.0, -_Z90, _Z90]))
    narrowed = float(scores.std(ddof=1)) if scores.size > 1 else 0.0
    if narrowed < IDENTIFIED_BELOW:
        identifiable, why = "yes", f"the ECG narrows the prior to {100 * narrowed:.0f} % of its width"
    elif narrowed < UNKNOWN_ABOVE:
        identifiable, why = "partly", f"{100 * narrowed:.0f} % of the prior's width remain"
    else:
        identifiable, why = "no", f"{100 * narrowed:.0f} % of the prior's width remain: the value is the prior's"
    return FittedParameter(
        name=parameter.name,
        unit=parameter.unit,
        source=parameter.source,
        prior_median=float(prior[0]),
        prior_low=float(prior[1]),
        prior_high=float(prior[2]),
        median=median,
        low=low,
        high=high,
        narrowed=narrowed,
        identifiable=identifiable,
        why=why,
    )


def estimate(values: FloatArray) -> Estimate:
    """Return median and 90 % interval of values."""
    median, low, high = quantiles(values)
    return Estimate(median=float(median), low=float(low), high=float(high))


def quantiles(values: FloatArray) -> FloatArray:
    """Return median, lower and upper end of the interval over the members, shape (3,).

    Notes
    -----
    Of n members, the k-th lies below a further one with probability k / (n + 1): quantiles between members by that
    rule (Weibull) hold what they say for small ensembles too, those of linear interpolation too little.
    """
    outside = 0.5 * (1.0 - INTERVAL)
    return np.asarray(np.quantile(values, [0.5, outside, 1.0 - outside], method="weibull"))
