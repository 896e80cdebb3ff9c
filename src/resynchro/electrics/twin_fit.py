"""The electrical twin of a patient: hearts whose simulated QRS is the measured one, and what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from resynchro.electrics.activation_indices import activation_indices, segment_activation
from resynchro.electrics.activation_weights import activation_weights
from resynchro.electrics.equivalent_electrodes import EquivalentElectrodes, equivalent_electrodes
from resynchro.electrics.fit_data import MeasuredQrs, MisfitScale, misfit_scale
from resynchro.electrics.fit_ensemble import Member, Mode, ensemble, mode_weights
from resynchro.electrics.fit_gauss_newton import most_probable
from resynchro.electrics.fit_model import FitModel
from resynchro.electrics.fit_quality import fit_quality
from resynchro.electrics.fit_roots import FitHypothesis, FitRhythm, hypotheses
from resynchro.electrics.fit_start import starts
from resynchro.electrics.heart_of_fit import HeartOfFit
from resynchro.electrics.torso import template_torso
from resynchro.electrics.twin import Estimate, TwinFit, estimate, fitted_parameter
from resynchro.errors import MeasurementError
from resynchro.heart.heart import Heart
from resynchro.record.ecg import Sex

FloatArray = NDArray[np.float64]
#: Called with what is being done, and how much of it is done (0 to 1).
Progress = Callable[[str, float], None]

#: Model error that the search starts with, and the range in which it is then estimated, as a part of the QRS.
FIRST_DISCREPANCY, DISCREPANCY_LIMITS = 0.20, (0.15, 0.60)
#: The first steps of each start allow for a larger error: they pass small valleys.
WIDE_DISCREPANCY = 0.40
#: Starts of the exact search over all hypotheses, its first few steps, how many go on, and for how long.
STARTS, FIRST_ITERATIONS, KEPT, LAST_ITERATIONS = 40, 7, 6, 25
#: Every heart and hypothesis gets at least so many.
LEAST_STARTS = 6
#: Jumps from the best twin, their size in posterior standard deviations, and the steps of the search after each.
JUMPS, JUMP_WIDTH, JUMP_ITERATIONS = 20, 1.5, 8
MEMBERS = 60


def fit_twin(
    heart: Heart | Sequence[Heart],
    measured: MeasuredQrs,
    *,
    rhythm: FitRhythm | Sequence[FitHypothesis],
    electrodes: EquivalentElectrodes | None = None,
    sex: Sex | None = None,
    height_cm: float | None = None,
    weight_kg: float | None = None,
    members: int = MEMBERS,
    starts_wanted: int | None = None,
    seed: int = 0,
    st_part: float | None = None,
    progress: Progress | None = None,
) -> TwinFit:
    """Fit the twin to a QRS.

    Parameters
    ----------
    heart
        The patient's, or several that it may be (template sizes).
    measured
        From `resynchro.electrics.fit_data.measured_qrs`.
    rhythm
        Kind of beat, or the hypotheses themselves.
    electrodes
        In the axes of the heart; None takes the standard ones on a body of this sex and size.
    sex, height_cm, weight_kg
        For the body; None takes the usual adult [cm, kg].
    members
        Size of the ensemble.
    starts_wanted
        Starts of the search over all hypotheses; None takes `STARTS`.
    seed
        Of everything random: the same call gives the same twin.
    st_part
        See `fit_data.ST_PART`; 0 for a QRS without repolarisation.
    progress
        Told what is being done.

    Returns
    -------
    TwinFit

    Raises
    ------
    MeasurementError
        When no hypothesis can be activated in this heart.
    """
    tell = progress if progress is not None else _silent
    rng = np.random.default_rng(seed)
    tried = hypotheses(rhythm) if isinstance(rhythm, str) else tuple(rhythm)
    hearts = [heart] if isinstance(heart, Heart) else list(heart)
    options = {} if st_part is None else {"st_part": st_part}
    scale = misfit_scale(measured, FIRST_DISCREPANCY, **options)
    tell("preparing hearts and electrodes", 0.0)
    models = _models(hearts, tried, measured, electrodes, sex=sex, height_cm=height_cm, weight_kg=weight_kg)
    modes = _searched(models, measured, scale, rng, tell, wanted=STARTS if starts_wanted is None else starts_wanted)
    discrepancy = estimated_discrepancy(modes[0], measured, scale)
    scale = misfit_scale(measured, discrepancy, **options)
    modes = _refined(modes, measured, scale, LAST_ITERATIONS, tell, "adapting to the size of the error")
    modes = _different(_hopped(modes, measured, scale, rng, tell))
    drawn = ensemble(
        modes, measured, scale, rng, members=members, progress=lambda done, of: tell("drawing twins", done / of)
    )
    return _collected(modes, drawn, measured, scale, seed)


def _silent(_what: str, _share: float) -> None:
    return None


def _models(
    hearts: Sequence[Heart],
    tried: Sequence[FitHypothesis],
    measured: MeasuredQrs,
    electrodes: EquivalentElectrodes | None,
    *,
    sex: Sex | None,
    height_cm: float | None,
    weight_kg: float | None,
) -> list[FitModel]:
    """Return a model for every heart and hypothesis that can be activated."""
    made, refused = [], []
    for heart in hearts:
        prepared = HeartOfFit(heart)
        around = electrodes
        if around is None:
            torso = template_torso(prepared.centre_mm, sex=sex, height_cm=height_cm, weight_kg=weight_kg)
            around = equivalent_electrodes(torso, heart.mesh.points_mm)
        for hypothesis in tried:
            try:
                made.append(
                    FitModel(
                        prepared,
                        hypothesis,
                        around,
                        start_ms=measured.start_ms,
                        end_ms=measured.end_ms,
                        heart_known=heart.geometry_source != "template",
                        body_known=electrodes is not None or (height_cm is not None and weight_kg is not None),
                    )
                )
            except MeasurementError as error:
                refused.append(f"{hypothesis.name}: {error}")
    if not made:
        raise MeasurementError(f"no hypothesis can be activated in this heart: {'; '.join(refused)}")
    return made


def _searched(
    models: Sequence[FitModel],
    measured: MeasuredQrs,
    scale: MisfitScale,
    rng: np.random.Generator,
    tell: Progress,
    *,
    wanted: int,
) -> list[Mode]:
    """Return the most probable twins found, the best first."""
    each = max(min(LEAST_STARTS, wanted), wanted // len(models))
    wide = misfit_scale(measured, WIDE_DISCREPANCY)
    first = []
    for number, model in enumerate(models):
        tell("looking for starts", number / len(models))
        for start in starts(model, measured, wide, rng, count=each):
            rough = most_probable(model, measured.signal_mv, wide, start, most_iterations=FIRST_ITERATIONS)
            point = most_probable(model, measured.signal_mv, scale, rough.scores, most_iterations=FIRST_ITERATIONS)
            first.append(Mode(model=model, point=point))
    first.sort(key=lambda mode: mode.point.cost)
    return _refined(first[:KEPT], measured, scale, LAST_ITERATIONS, tell, "searching the most probable twin")


def _refined(
    modes: Sequence[Mode], measured: MeasuredQrs, scale: MisfitScale, iterations: int, tell: Progress, words: str
) -> list[Mode]:
    refined = []
    for number, mode in enumerate(modes):
        tell(words, number / len(modes))
        point = most_probable(mode.model, measured.signal_mv, scale, mode.point.scores, most_iterations=iterations)
        refined.append(replace(mode, point=point))
    return sorted(refined, key=lambda mode: mode.point.cost)


def _hopped(
    modes: Sequence[Mode], measured: MeasuredQrs, scale: MisfitScale, rng: np.random.Generator, tell: Progress
) -> list[Mode]:
    """Jump away from the best twins in turn and search again: valleys beside a valley are often deeper."""
    found = list(modes)
    for jump in range(JUMPS):
        tell("looking beside the most probable twins", jump / JUMPS)
        ranked = sorted(found, key=lambda mode: mode.point.cost)
        # Every second jump starts from the best, the others from the next two.
        mode = ranked[0 if jump % 2 == 0 else min(1 + jump // 2 % 2, len(ranked) - 1)]
        root = np.linalg.cholesky(np.linalg.inv(mode.point.precision()))
        start = mode.point.scores + JUMP_WIDTH * (root @ rng.standard_normal(mode.point.scores.size))
        try:
            point = most_probable(mode.model, measured.signal_mv, scale, start, most_iterations=JUMP_ITERATIONS)
        except MeasurementError:
            continue
        found.append(replace(mode, point=point))
    found.sort(key=lambda mode: mode.point.cost)
    return _refined(found[:2], measured, scale, LAST_ITERATIONS, tell, "finishing the search") + found[2:]


def _different(modes: Sequence[Mode], *, apart: float = 0.1) -> list[Mode]:
    """Leave out modes that arrived at the same place as a better one."""
    kept: list[Mode] = []
    for mode in modes:
        if all(
            other.model is not mode.model or np.sqrt(((other.point.scores - mode.point.scores) ** 2).mean()) > apart
            for other in kept
        ):
            kept.append(mode)
    return kept


def estimated_discrepancy(mode: Mode, measured: MeasuredQrs, scale: MisfitScale) -> float:
    """Estimate the size of the model's error from what the most probable twin misses.

    Notes
    -----
    The residual is smaller than the error, as parameters follow it: its square is divided by the share of effective
    samples that the parameters leave free.
    """
    inside = measured.within_qrs
    residual = (measured.signal_mv - mode.point.prediction.qrs_mv)[:, inside]
    size = scale.error_mv / scale.discrepancy
    relative = ((residual**2).mean(axis=1) - measured.noise_mv**2) / size**2
    precision = mode.point.precision()
    spent = precision.shape[0] - float(np.trace(np.linalg.inv(precision)))
    free = max(0.25, 1.0 - spent / scale.effective_samples)
    low, high = DISCREPANCY_LIMITS
    return float(np.clip(np.sqrt(max(float(relative.mean()), 0.0) / free), low, high))


def _collected(
    modes: Sequence[Mode], drawn: Sequence[Member], measured: MeasuredQrs, scale: MisfitScale, seed: int
) -> TwinFit:
    weights = mode_weights(modes)
    by_model: dict[int, float] = {}
    for mode, weight in zip(modes, weights, strict=True):
        by_model[id(mode.model)] = by_model.get(id(mode.model), 0.0) + float(weight)
    chosen = max(range(len(modes)), key=lambda k: (by_model[id(modes[k].model)], -modes[k].point.cost))
    best, model = modes[chosen], modes[chosen].model
    used = [member for member in drawn if modes[member.mode].model is model]
    scores = np.stack([member.point.scores for member in used])
    times = np.stack([member.point.prediction.times_ms for member in used])
    reached = np.isfinite(times).all(axis=0)
    segments, indices = _derived(model, times)
    names = []
    for each in {id(mode.model): mode.model for mode in modes}.values():
        edv = f"heart {_heart_words(each)}, " if len({id(mode.model.heart) for mode in modes}) > 1 else ""
        names.append((edv + each.hypothesis.name, by_model[id(each)]))
    return TwinFit(
        heart=model.heart.heart,
        rhythm=model.hypothesis.rhythm,
        measured=measured,
        best_mv=best.point.prediction.qrs_mv,
        quality=fit_quality(measured, best.point.prediction.qrs_mv),
        best_times_ms=best.point.prediction.times_ms,
        parameters=tuple(fitted_parameter(p, scores[:, k]) for k, p in enumerate(model.parameters)),
        members=scores,
        member_times_ms=times.astype(np.float32),
        member_mv=np.stack([member.point.prediction.qrs_mv for member in used]).astype(np.float32),
        mean_ms=np.where(reached, np.where(reached, times, 0.0).mean(axis=0), np.inf),
        sd_ms=np.where(reached, times, 0.0).std(axis=0),
        segments=segments,
        indices=indices,
        hypotheses=tuple(sorted(names, key=lambda pair: -pair[1])),
        discrepancy=scale.discrepancy,
        effective_samples=scale.effective_samples,
        seed=seed,
        method=(
            f"Gauss-Newton from many starts chosen among pre-solved trials, {len(drawn)} members by randomised "
            "maximum likelihood"
        ),
        model=model,
        best_scores=best.point.scores,
    )


def _heart_words(model: FitModel) -> str:
    volume_ml = float(model.heart.heart.mesh.volumes_mm3.sum()) / 1000.0
    return f"of {volume_ml:.0f} mL muscle"


def _derived(model: FitModel, times: FloatArray) -> tuple[tuple[Estimate | None, ...], dict[str, Estimate]]:
    """Return segment means and derived numbers over the members."""
    weights = activation_weights(model.heart.heart)
    segments, indices = [], []
    for map_ms in times:
        segment, sums = segment_activation(map_ms, weights)
        numbers = activation_indices(map_ms, weights, sums)
        segments.append(segment.mean_ms - numbers.first_ms)
        indices.append(numbers)
    found = np.stack(segments)
    names = ("total_ms", "lv_ms", "rv_ms", "lv95_ms", "lv_dispersion_ms", "vv_ms", "epicardial_vv_ms")
    return (
        tuple(None if np.isnan(found[:, k]).any() else estimate(found[:, k]) for k in range(found.shape[1])),
        {name: estimate(np.array([getattr(numbers, name) for numbers in indices])) for name in names},
    )
