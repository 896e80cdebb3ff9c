"""Branches of the coronary sinus on the epicardium."""

from __future__ import annotations

import numpy as np
import pytest

from resynchro.heart.heart import Heart
from resynchro.heart.template import template_heart
from resynchro.heart.vein_stations import FARTHEST_MM, STATION_STEP_MM, vein_stations, with_veins
from resynchro.record.segments import wall_of
from resynchro.record.veins import VeinBranch, VeinTree


@pytest.fixture(scope="module")
def heart() -> Heart:
    return template_heart("normal", edge_mm=3.0)


def _tree(*branches: VeinBranch) -> VeinTree:
    return VeinTree(branches=branches, file="veins.csv", sha256="")


def test_the_usual_branches_drain_the_walls_they_are_named_after(heart: Heart) -> None:
    stations = vein_stations(with_veins(heart))
    walls = {name: {wall_of(s.segment) for s in stations if s.branch == name} for name in {s.branch for s in stations}}
    assert walls["anterior"] == {"anterior"}
    assert walls["lateral"] == walls["posterolateral"] == walls["anterolateral"] == {"lateral"}
    assert walls["posterior"] == walls["middle-cardiac"] == {"inferior"}


def test_stations_lie_on_the_epicardium_of_the_left_ventricle_one_step_apart(heart: Heart) -> None:
    stations = [s for s in vein_stations(with_veins(heart)) if s.branch == "lateral"]
    free = np.setdiff1d(heart.mesh.epicardium, np.flatnonzero(heart.coordinates.rv))
    assert all(s.node in free for s in stations)
    gaps = np.linalg.norm(np.diff([s.position_mm for s in stations], axis=0), axis=1)
    # Stations move to the nearest node, at most about one edge.
    assert gaps == pytest.approx(STATION_STEP_MM, abs=5.0)
    assert [s.number for s in stations] == list(range(1, len(stations) + 1))


def test_a_branch_known_by_segments_or_on_the_bullseye_runs_through_them(heart: Heart) -> None:
    known = with_veins(
        heart,
        _tree(
            VeinBranch(name="by segments", segments=(5, 11)),
            VeinBranch(name="by bullseye", bullseye=np.array([[0.9, 345.0], [0.4, 15.0]])),
        ),
    )
    stations = vein_stations(known)
    assert {s.segment for s in stations if s.branch == "by segments"} - {16} == {5, 11}
    assert {s.segment for s in stations if s.branch == "by bullseye"} <= {5, 6, 11, 12}


def test_centrelines_of_the_patient_stay_where_they_are_and_far_ones_have_no_stations(heart: Heart) -> None:
    on_heart = with_veins(heart).veins
    assert on_heart is not None and on_heart.branches[3].points_mm is not None
    line = on_heart.branches[3].points_mm
    near = with_veins(heart, _tree(VeinBranch(name="own", points_mm=line + 4.0)))
    assert near.veins is not None and near.veins.branches[0].points_mm is not None
    assert np.array_equal(near.veins.branches[0].points_mm, line + 4.0)
    assert vein_stations(near)
    assert all(s.distance_mm <= FARTHEST_MM for s in vein_stations(near))
    assert vein_stations(with_veins(heart, _tree(VeinBranch(name="lost", points_mm=line + 200.0)))) == ()


def test_a_heart_without_veins_has_no_stations(heart: Heart) -> None:
    assert vein_stations(heart) == ()
