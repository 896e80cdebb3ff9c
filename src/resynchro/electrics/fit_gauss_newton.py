"""The most probable twin near a start: regularised least squares with exact derivatives (Levenberg and Marquardt)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.electrics.fit_data import MisfitScale
from resynchro.electrics.fit_model import FitModel, Prediction
from resynchro.errors import InputError, MeasurementError

FloatArray = NDArray[np.float64]

#: No score moves by more than this in one step: the model is not linear further away.
LONGEST_STEP = 1.0
#: A step that lowers the cost by less than this ends the search (cost counts in half squared standard deviations).
SMALLEST_GAIN = 0.05
_FIRST_DAMPING, _LARGEST_DAMPING = 1e-2, 1e4


@dataclass(frozen=True, slots=True, kw_only=True)
class FitPoint:
    """Where a search ended.

    Attributes
    ----------
    scores
        Shape (p,).
    cost
        Half the sum of squared whitened misses and of squared scores (against `towards`).
    prediction
        The model there, with derivatives.
    by_score
        Whitened derivative, shape (p, 8 k).
    iterations
        Steps taken.
    """

    scores: FloatArray
    cost: float
    prediction: Prediction
    by_score: FloatArray
    iterations: int

    def precision(self) -> FloatArray:
        """Return the inverse of the posterior covariance of the scores there (Gauss-Newton), shape (p, p)."""
        return np.asarray(self.by_score @ self.by_score.T + np.eye(self.scores.size))


def most_probable(
    model: FitModel,
    target_mv: FloatArray,
    scale: MisfitScale,
    start: FloatArray,
    *,
    towards: FloatArray | None = None,
    most_iterations: int = 15,
) -> FitPoint:
    """Search the scores that fit best from a start.

    Parameters
    ----------
    model
        The twin.
    target_mv
        QRS to be fitted, shape (8, k) [mV].
    scale
        What counts as a miss.
    start
        First scores, shape (p,).
    towards
        Scores the prior pulls to, shape (p,); None for 0. Members of an ensemble have their own.
    most_iterations
        Stop after so many steps.
    """
    prior = np.zeros(start.size) if towards is None else towards
    here = _point(model, target_mv, scale, start, prior, 0)
    if here is None:
        raise MeasurementError("the fit cannot start here: an electrode lies inside the heart")
    damping = _FIRST_DAMPING
    taken = 0
    while taken < most_iterations and damping < _LARGEST_DAMPING:
        taken += 1
        miss = scale.whitened(target_mv - here.prediction.qrs_mv).ravel()
        slope = here.by_score @ miss + (prior - here.scores)
        curvature = here.precision()
        step = np.linalg.solve(curvature + damping * np.diag(np.diag(curvature)), slope)
        step *= min(1.0, LONGEST_STEP / float(np.abs(step).max() + 1e-12))
        tried = here.scores + step
        there = _point(model, target_mv, scale, tried, prior, taken)
        if there is not None and there.cost < here.cost:
            gain, here = here.cost - there.cost, there
            damping = max(damping / 5.0, 1e-6)
            if gain < SMALLEST_GAIN:
                break
        else:
            if slope @ step < SMALLEST_GAIN:
                break
            damping *= 8.0
    return here


def _point(
    model: FitModel,
    target_mv: FloatArray,
    scale: MisfitScale,
    scores: FloatArray,
    prior: FloatArray,
    iterations: int,
) -> FitPoint | None:
    """Evaluate the model; None where it says nothing: an electrode inside the heart, a velocity that no tissue has."""
    try:
        prediction = model.predict(scores)
    except InputError:
        return None
    miss = scale.whitened(target_mv - prediction.qrs_mv)
    assert prediction.by_score is not None  # it was asked for
    return FitPoint(
        scores=scores,
        cost=0.5 * float((miss**2).sum() + ((scores - prior) ** 2).sum()),
        prediction=prediction,
        by_score=scale.whitened(prediction.by_score).reshape(scores.size, -1),
        iterations=iterations,
    )
