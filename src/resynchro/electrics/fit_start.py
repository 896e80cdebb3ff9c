"""Where to start a fit: thousands of cheap trials on pre-solved travel times, and the few that differ and fit best.

The arrival from every candidate root is solved once; a trial draws roots, releases, a common speed, pose and body from
the priors and takes the earliest arrival. The best trials that differ from each other start the exact search.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from resynchro.electrics.body_surface_ecg import qrs_mv
from resynchro.electrics.fit_data import MeasuredQrs, MisfitScale
from resynchro.electrics.fit_model import FitModel
from resynchro.electrics.superposition import superposed
from resynchro.electrics.travel_times import solve
from resynchro.errors import InputError

FloatArray = NDArray[np.float64]

#: Trials of a hypothesis, and how many poses of heart, body and electrodes they share.
TRIALS, POSES = 1500, 60
#: Scores of the candidate places of each root: the middle and one step each way along and around.
_PLACE_SCORES = ((0.0, 0.0), (1.2, 0.0), (-1.2, 0.0), (0.0, 1.2), (0.0, -1.2))
#: Velocities of the layers in the pre-solved media [scores]: LV and RV.
_MEDIA = ((0.0, 0.0), (1.2, 0.0), (-1.2, 0.0))
#: Trials are drawn this much wider or narrower than the prior; the exact search mends the rest.
_WIDTH = 1.0
#: Starts nearer than this to a better one are left out (root mean square over the scores that were drawn).
_APART = 0.5


def starts(
    model: FitModel, measured: MeasuredQrs, scale: MisfitScale, rng: np.random.Generator, *, count: int
) -> list[FloatArray]:
    """Return scores that are worth an exact search, the best first.

    Parameters
    ----------
    model
        One hypothesis.
    measured, scale
        What is to be fitted and how closely.
    rng
        Draws the trials.
    count
        How many starts.

    Returns
    -------
    list of ndarray
        The middle of the priors is always among them.
    """
    library = _library(model)
    drawn, weights = _poses(model, rng)
    whitened = scale.whitened(measured.signal_mv).ravel()
    found: list[tuple[float, FloatArray]] = []
    for _ in range(TRIALS):
        pose = int(rng.integers(len(drawn)))
        scores, times = _superposed_trial(model, library, drawn[pose], rng)
        signal = qrs_mv(times, weights[pose], start_ms=model.start_ms, end_ms=model.end_ms)
        made = scale.whitened(signal).ravel()
        amplitude = float(np.clip((made @ whitened) / (made @ made), 0.2, 5.0))
        row = model.row("amplitude")
        scores[row] += np.log(amplitude) / model.parameters[row].sd
        cost = 0.5 * float(((whitened - amplitude * made) ** 2).sum() + (scores**2).sum())
        found.append((cost, scores))
    return _distinct(found, count)


def _poses(model: FitModel, rng: np.random.Generator) -> tuple[list[FloatArray], list[FloatArray]]:
    """Draw poses, sizes and bodies with their node weights; those with an electrode inside the heart are left out."""
    drawn, weights = [np.zeros(len(model.parameters))], [model.leads_mv(np.zeros(len(model.parameters)))]
    for _ in range(POSES):
        scores = _trial(model, rng)
        try:
            made = model.leads_mv(scores)
        except InputError:
            continue
        drawn.append(scores)
        weights.append(made)
    return drawn, weights


def _library(model: FitModel) -> dict[tuple[int, int, int], FloatArray]:
    """Return the arrival from each candidate place of each root in each medium, released at 0."""
    fields = {}
    for medium, (root, _) in product(range(len(_MEDIA)), enumerate(model.hypothesis.roots)):
        for place, (along, around) in enumerate(_PLACE_SCORES):
            scores = _medium_scores(model, medium)
            _set(model, scores, "place_along", root, along)
            _set(model, scores, "place_around", root, around)
            given = model.medium_of(scores)
            sources, _, _ = model.sources(root, given, scores)
            fields[medium, root, place] = solve(given, sources).times_ms - model.release_ms(root, scores)
    return fields


def _superposed_trial(
    model: FitModel, library: dict[tuple[int, int, int], FloatArray], base: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draw roots, releases and a common speed; return the scores and the activation times."""
    medium = int(rng.integers(len(_MEDIA)))
    scores = base.copy()
    fixed = _medium_scores(model, medium)
    for acts in ("v_lv_layer", "v_rv_layer"):
        scores[model.row(acts)] = fixed[model.row(acts)]
    slower = float(np.exp(0.2 * rng.standard_normal()))
    for acts in ("v_fibre", "v_transverse", "v_lv_layer", "v_rv_layer"):
        row = model.row(acts)
        scores[row] -= np.log(slower) / model.parameters[row].sd
    for row, parameter in enumerate(model.parameters):
        if parameter.acts in ("onset", "lv_delay", "release"):
            scores[row] = rng.standard_normal()
    size = model.value("heart_size", scores, default=1.0)
    fields, releases = [], []
    for root in range(len(model.hypothesis.roots)):
        place = int(rng.integers(len(_PLACE_SCORES)))
        _set(model, scores, "place_along", root, _PLACE_SCORES[place][0])
        _set(model, scores, "place_around", root, _PLACE_SCORES[place][1])
        fields.append(library[medium, root, place])
        releases.append(model.release_ms(root, scores))
    times, _ = superposed(slower * size * np.stack(fields), releases)
    return scores, times


def _medium_scores(model: FitModel, medium: int) -> FloatArray:
    scores = np.zeros(len(model.parameters))
    scores[model.row("v_lv_layer")], scores[model.row("v_rv_layer")] = _MEDIA[medium]
    return scores


def _trial(model: FitModel, rng: np.random.Generator) -> FloatArray:
    """Draw pose, size, body and electrodes; everything else stays in the middle."""
    scores = np.zeros(len(model.parameters))
    for row, parameter in enumerate(model.parameters):
        if parameter.acts in ("shift", "turn", "heart_size", "body_size"):
            scores[row] = _WIDTH * rng.standard_normal()
    return scores


def _set(model: FitModel, scores: FloatArray, acts: str, index: int, score: float) -> None:
    if model.has(acts, index):
        scores[model.row(acts, index)] = score


def _distinct(found: list[tuple[float, FloatArray]], count: int) -> list[FloatArray]:
    """Return the best trials that differ, after the middle of the priors."""
    chosen = [np.zeros_like(found[0][1])]
    for _, scores in sorted(found, key=lambda pair: pair[0]):
        if len(chosen) >= count:
            break
        if all(np.sqrt(((scores - other) ** 2).mean()) > _APART for other in chosen):
            chosen.append(scores)
    return chosen
