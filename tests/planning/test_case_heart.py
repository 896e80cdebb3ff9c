"""The heart of a case: the best shape its visits hold, with scar and veins."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from resynchro.cli.demo import write_demonstration_case
from resynchro.formats.case_folder import read_case
from resynchro.formats.guide_points import read_guide_points
from resynchro.heart.cavities import cavity_ml
from resynchro.heart.heart import SCAR_CORE
from resynchro.heart.vein_stations import vein_stations
from resynchro.planning.case_heart import case_heart
from resynchro.record.case import Case
from resynchro.record.visit import VisitCine

EDGE_MM = 3.5


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("demonstration")
    write_demonstration_case(folder)
    return read_case(folder)


def _with_baseline(case: Case, **changes: object) -> Case:
    visits = tuple(
        dataclasses.replace(visit, **changes) if visit.role == "baseline" else visit  # type: ignore[arg-type]
        for visit in case.visits
    )
    return dataclasses.replace(case, visits=visits)


def test_without_images_the_shape_comes_from_the_volumes_and_says_so(case: Case) -> None:
    heart = case_heart(case, edge_mm=EDGE_MM)
    assert heart.geometry_source == "volumes"
    assert cavity_ml(heart.mesh.points_mm, heart.mesh.lv_endocardium) == pytest.approx(249.0, rel=0.01)
    assert "heart-from-sizes" in {finding.code for finding in heart.findings}


def test_scar_and_veins_of_the_case_are_in_the_heart(case: Case) -> None:
    heart = case_heart(case, edge_mm=EDGE_MM)
    volume = heart.mesh.volumes_mm3
    core = {
        segment: float(volume[(heart.segment == segment) & (heart.tissue == SCAR_CORE)].sum())
        / float(volume[heart.segment == segment].sum())
        for segment in (4, 10, 12)
    }
    # The case gives 75 and 70 % transmurality in segments 4 and 10, none in 12.
    # Whole elements are core or not, and the wall has few layers at this edge length.
    assert core[4] == pytest.approx(0.75, abs=0.15)
    assert core[10] == pytest.approx(0.70, abs=0.15)
    assert core[12] == 0.0
    assert {station.branch for station in vein_stations(heart)} == {"anterior", "anterolateral", "posterolateral"}


def test_what_the_case_lacks_is_assumed_and_said(case: Case) -> None:
    bare = _with_baseline(case, scar=(), veins=(), lvedv_ml=None, lvedd_mm=None)
    heart = case_heart(bare, edge_mm=EDGE_MM)
    assert heart.geometry_source == "template"
    assert {"assumed-veins", "scar-unknown"} <= {finding.code for finding in heart.findings}
    assert not (heart.tissue == SCAR_CORE).any()


def test_contours_of_a_patient_come_before_volumes(case: Case, shared_data: Callable[[str], Path]) -> None:
    folder = shared_data("mri/biv-me/example/guidepoints/default/patient1")
    contours = read_guide_points(folder)
    cine = VisitCine(file="cine", stacks=(), contours=contours)
    heart = case_heart(_with_baseline(case, cine=(cine,), lvedv_ml=None), edge_mm=EDGE_MM)
    assert heart.geometry_source == "contours"
    # The file's own fitted model has 179 mL with a flat lid at the valve points.
    assert cavity_ml(heart.mesh.points_mm, heart.mesh.lv_endocardium) == pytest.approx(179.0, rel=0.08)
    assert heart.mesh.volumes_mm3.min() > 0.0


def test_contours_that_fix_no_heart_leave_the_volumes_and_say_why(
    case: Case, shared_data: Callable[[str], Path]
) -> None:
    contours = read_guide_points(shared_data("mri/biv-me/example/guidepoints/default/patient1"))
    only_one = dataclasses.replace(contours, slices=contours.slices[:1], points_mm={}, base_points_mm=(), apex_mm=())
    heart = case_heart(
        _with_baseline(case, cine=(VisitCine(file="cine", stacks=(), contours=only_one),)), edge_mm=EDGE_MM
    )
    assert heart.geometry_source == "volumes"
    said = [finding.message for finding in heart.findings if finding.code == "heart-not-fitted"]
    assert said and "cine" in said[0]
    assert np.isfinite(heart.fibre).all()
