"""Hypotheses for a beat, leads at known sites, and hearts with scar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from resynchro.electrics.equivalent_electrodes import unbounded_electrodes
from resynchro.electrics.fit_model import FitModel
from resynchro.electrics.fit_rhythm import LEAD_SD_MM, with_leads
from resynchro.electrics.fit_roots import hypotheses
from resynchro.electrics.heart_of_fit import HeartOfFit
from resynchro.electrics.sites import site
from resynchro.electrics.torso import template_torso
from resynchro.errors import MeasurementError
from resynchro.heart.heart import SCAR_CORE, Heart
from resynchro.heart.template import template_heart


@pytest.fixture(scope="module")
def heart() -> Heart:
    return template_heart("normal", edge_mm=4.0)


def model_of(heart: Heart, hypothesis) -> FitModel:  # type: ignore[no-untyped-def]
    prepared = HeartOfFit(heart)
    electrodes = unbounded_electrodes(template_torso(prepared.centre_mm).electrodes())
    return FitModel(prepared, hypothesis, electrodes, start_ms=-20.0, end_ms=200.0)


def test_known_leads_replace_guesses(heart: Heart) -> None:
    leads = {"rv": "rv:apex", "lv": "lv:lateral-mid"}
    found = with_leads(hypotheses("biventricular"), heart, leads)
    assert len(found) == 1  # six guesses of where the leads lie become one
    assert {root.along_sd_mm for root in found[0].roots} == {LEAD_SD_MM}
    model = model_of(heart, found[0])
    for k, root in enumerate(found[0].roots):
        place = model.place(k, np.zeros(len(model.parameters)))
        wanted = site(heart, leads[root.ventricle]).position_mm
        assert np.linalg.norm(place.position_mm - wanted) < 4.0, root.name


def test_roots_of_the_conduction_system_stay_where_they_are(heart: Heart) -> None:
    assert with_leads(hypotheses("lbbb"), heart, {"rv": "rv:apex"}) == hypotheses("lbbb")


def test_scar_core_is_not_activated_and_makes_no_ecg(heart: Heart) -> None:
    tissue = heart.tissue.copy()
    tissue[heart.segment == 11] = SCAR_CORE
    model = model_of(replace(heart, tissue=tissue), hypotheses("lbbb")[0])
    predicted = model.predict(np.zeros(len(model.parameters)))
    inside = np.setdiff1d(
        np.unique(heart.mesh.tetrahedra[tissue == SCAR_CORE]), np.unique(heart.mesh.tetrahedra[tissue != SCAR_CORE])
    )
    assert inside.size
    assert np.isinf(predicted.times_ms[inside]).all()
    assert np.isfinite(predicted.qrs_mv).all()
    assert predicted.by_score is not None
    assert np.isfinite(predicted.by_score).all()


def test_scar_over_everything_is_refused(heart: Heart) -> None:
    tissue = np.full_like(heart.tissue, SCAR_CORE)
    tissue[heart.segment == 11] = 0
    with pytest.raises(MeasurementError, match="rv_free_wall conducts: the scar covers all of it"):
        model_of(replace(heart, tissue=tissue), hypotheses("lbbb")[0])
