"""The model of the fit: its derivatives against differences, and its invariances."""

from __future__ import annotations

import numpy as np
import pytest

from resynchro.electrics.equivalent_electrodes import equivalent_electrodes, unbounded_electrodes
from resynchro.electrics.fit_model import FitModel
from resynchro.electrics.fit_roots import FitRhythm, hypotheses
from resynchro.electrics.heart_of_fit import HeartOfFit
from resynchro.electrics.torso import template_torso
from resynchro.heart.template import template_heart


@pytest.fixture(scope="module")
def prepared() -> HeartOfFit:
    return HeartOfFit(template_heart("normal", edge_mm=4.0))


@pytest.mark.parametrize("rhythm", ["lbbb", "normal", "biventricular"])
def test_every_derivative_equals_differences(prepared: HeartOfFit, rhythm: FitRhythm) -> None:
    # The signal is piecewise smooth: nodes that cross the border of a bin within the step leave an error of its size,
    # so the step is small (1e-6 standard deviations) and the bound 1e-4.
    electrodes = unbounded_electrodes(template_torso(prepared.centre_mm).electrodes())
    model = FitModel(prepared, hypotheses(rhythm)[-1], electrodes, start_ms=-20.0, end_ms=200.0)
    scores = 0.4 * np.random.default_rng(3).standard_normal(len(model.parameters))
    derivatives = model.predict(scores).by_score
    assert derivatives is not None
    kinds = set()
    for row, parameter in enumerate(model.parameters):
        step = np.zeros(len(scores))
        step[row] = 1e-6
        above = model.predict(scores + step, derivatives=False).qrs_mv
        below = model.predict(scores - step, derivatives=False).qrs_mv
        difference = (above - below) / 2e-6
        miss = np.linalg.norm(difference - derivatives[row]) / np.linalg.norm(difference)
        assert miss < 1e-4, f"{parameter.name}: {miss:.1e}"
        kinds.add(parameter.acts)
    assert {"v_fibre", "septal_velocity", "place_along", "turn", "heart_size", "limb", "strip_up"} <= kinds


def test_onset_shifts_all_times_and_nothing_else(prepared: HeartOfFit) -> None:
    electrodes = unbounded_electrodes(template_torso(prepared.centre_mm).electrodes())
    model = FitModel(prepared, hypotheses("lbbb")[0], electrodes, start_ms=-20.0, end_ms=200.0)
    scores = np.zeros(len(model.parameters))
    before = model.predict(scores, derivatives=False).times_ms
    scores[model.row("onset")] = 1.5
    # 1.5 standard deviations of 6 ms are 9 ms.
    np.testing.assert_allclose(model.predict(scores, derivatives=False).times_ms - before, 9.0, atol=1e-9)


def test_a_larger_heart_is_slower_in_proportion(prepared: HeartOfFit) -> None:
    electrodes = unbounded_electrodes(template_torso(prepared.centre_mm).electrodes())
    model = FitModel(prepared, hypotheses("lbbb")[0], electrodes, start_ms=-20.0, end_ms=200.0)
    scores = np.zeros(len(model.parameters))
    before = model.predict(scores, derivatives=False).times_ms
    row = model.row("heart_size")
    scores[row] = model.parameters[row].score(1.2)
    after = model.predict(scores, derivatives=False).times_ms
    np.testing.assert_allclose(np.ptp(after), 1.2 * np.ptp(before), rtol=1e-9)


def test_velocities_of_the_layer_count_only_where_it_lies(prepared: HeartOfFit) -> None:
    electrodes = unbounded_electrodes(template_torso(prepared.centre_mm).electrodes())
    model = FitModel(prepared, hypotheses("lbbb")[0], electrodes, start_ms=-20.0, end_ms=200.0)
    slow, fast = np.zeros(len(model.parameters)), np.zeros(len(model.parameters))
    fast[model.row("v_lv_layer")] = 2.0
    earlier = model.predict(slow, derivatives=False).times_ms - model.predict(fast, derivatives=False).times_ms
    assert earlier.min() > -0.3  # label setting is monotone but for rare switches of 0.3 ms
    rv_inside = prepared.heart.coordinates.rv & (prepared.heart.coordinates.transmural < 0.1)
    assert np.median(earlier[rv_inside]) < 0.5
    lateral = (prepared.heart.segment == 12) | (prepared.heart.segment == 11)
    assert np.median(earlier[np.unique(prepared.heart.mesh.tetrahedra[lateral])]) > 5.0


def test_equivalent_electrodes_make_the_field_of_the_body(prepared: HeartOfFit) -> None:
    points = prepared.heart.mesh.points_mm
    found = equivalent_electrodes(template_torso(prepared.centre_mm), points, edge_mm=24.0)
    assert found.field_error.max() < 0.15
    # The skin holds the current in: every electrode is stronger than in an unbounded conductor, by about 2 at the chest
    # (the field of a point on an insulated plane is twice that in free space).
    assert (found.gains > 1.5).all()
    np.testing.assert_allclose(found.gains[3:6], 2.1, atol=0.5)
