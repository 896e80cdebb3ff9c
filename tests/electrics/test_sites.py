"""Named sites: on the right surface, in the right segment, the same place in hearts of any size, honest about scar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from resynchro.electrics.sites import excluded_nodes, site, sites
from resynchro.errors import InputError
from resynchro.heart.heart import HEALTHY, SCAR_CORE, Heart
from resynchro.heart.template import template_heart
from resynchro.heart.vein_stations import vein_stations, with_veins


@pytest.fixture(scope="module")
def heart() -> Heart:
    return with_veins(template_heart(edge_mm=4.0))


@pytest.mark.parametrize(
    ("name", "segments"),
    [
        ("lv:anterior-basal", {1}),
        ("lv:inferior-mid", {10}),
        ("lv:posterior-mid", {10}),
        ("lv:anterolateral-mid", {12}),
        ("lv:posterolateral-basal", {5}),
        ("lv:lateral-mid", {11, 12}),  # the middle of the lateral wall is the border of both lateral segments
        ("lv:lateral-apical", {16}),
        ("lv:endo:anterior-mid", {7}),
        ("lv:segment:11", {11}),
        ("lv:segment:8", {8}),
        ("lv:segment:17", {17}),
        ("lv:septal-left", {8, 9}),
        ("lbb", {2, 3}),
        ("his", {2, 3}),
    ],
)
def test_names_lead_to_their_segments(heart: Heart, name: str, segments: set[int]) -> None:
    assert site(heart, name).segment in segments


def test_sites_lie_on_the_surface_they_name(heart: Heart) -> None:
    mesh = heart.mesh
    nodes = {
        "lv epicardium": set(mesh.epicardium.ravel().tolist()),
        "lv endocardium": set(mesh.lv_endocardium.ravel().tolist()),
        "rv endocardium": set(mesh.rv_endocardium.ravel().tolist()),
    }
    found = sites(heart)
    assert len({each.name for each in found}) == len(found)
    assert all(each.node in nodes[each.layer] for each in found)
    assert all(np.linalg.norm(each.position_mm - mesh.points_mm[each.node]) < 4.0 for each in found)


def test_named_places_hardly_depend_on_the_edge_length(heart: Heart) -> None:
    finer = template_heart(edge_mm=2.5)
    for name in ("lv:lateral-mid", "lv:endo:anterior-mid", "rv:septum", "lbb", "rv:outflow", "his"):
        assert np.linalg.norm(site(heart, name).position_mm - site(finer, name).position_mm) < 0.8


def test_rv_sites_lie_where_their_names_say(heart: Heart) -> None:
    axis = heart.landmarks.apex_mm - heart.landmarks.base_mm
    depth = {
        name: float((site(heart, name).position_mm - heart.landmarks.base_mm) @ axis / (axis @ axis))
        for name in ("rv:apex", "rv:septum", "rv:outflow", "his")
    }
    assert depth["rv:apex"] > 0.8 > depth["rv:septum"] > 0.3 > depth["rv:outflow"]
    assert depth["his"] < 0.15
    # The outflow tract lies in front of and above the middle of the septum (body axes: back and head positive).
    step = site(heart, "rv:outflow").position_mm - site(heart, "rv:septum").position_mm
    assert step[2] > 0.0


def test_the_same_name_is_the_same_place_in_a_larger_heart(heart: Heart) -> None:
    dilated = template_heart("dilated", edge_mm=4.0)
    for name in ("lv:lateral-mid", "rv:septum", "lbb"):
        assert site(dilated, name).segment == site(heart, name).segment
        one, other = (h.coordinates.rotation_deg[site(h, name).node] * np.pi / 180.0 for h in (heart, dilated))
        assert np.cos(one - other) > np.cos(np.radians(12.0))  # within about a node


def test_vein_stations_are_sites(heart: Heart) -> None:
    station = next(each for each in vein_stations(heart) if each.branch == "lateral" and each.number == 2)
    assert site(heart, "lv:vein:lateral:2").node == station.node
    assert site(heart, "LV:Vein:Lateral:2").node == station.node


def test_a_point_is_snapped_to_the_surface(heart: Heart) -> None:
    lateral = site(heart, "lv:lateral-mid")
    x, y, z = heart.mesh.points_mm[lateral.node] + 0.2
    snapped = site(heart, f"xyz:{x},{y},{z}")
    assert snapped.node == lateral.node
    assert np.array_equal(snapped.position_mm, heart.mesh.points_mm[snapped.node])


@pytest.mark.parametrize(
    "name",
    [
        "",
        "lv",
        "lv:lateral",
        "lv:sideways-mid",
        "lv:lateral-mid-basal",
        "rv:lateral",
        "xyz:1,2",
        "xyz:a,b,c",
        "xyz:..,1,2",
    ],
)
def test_bad_names_list_what_is_allowed(heart: Heart, name: str) -> None:
    with pytest.raises(InputError, match=r"allowed|three numbers"):
        site(heart, name)


@pytest.mark.parametrize(
    "name", ["lv:segment:0", "lv:segment:18", "lv:vein:lateral:99", "lv:vein:none:1", "xyz:300,0,0"]
)
def test_places_this_heart_does_not_have(heart: Heart, name: str) -> None:
    with pytest.raises(InputError):
        site(heart, name)


def test_a_site_in_scar_is_excluded_and_not_moved(heart: Heart) -> None:
    scarred = replace(heart, tissue=np.where(heart.segment == 11, SCAR_CORE, HEALTHY).astype(np.int8))
    before, after = site(heart, "lv:segment:11"), site(scarred, "lv:segment:11")
    assert before.exclusion is None
    assert after.node == before.node
    assert after.exclusion is not None and "scar" in after.exclusion
    assert site(scarred, "lv:anterior-mid").exclusion is None


def test_islands_inside_scar_are_excluded(heart: Heart) -> None:
    tissue = np.where(heart.segment == 11, SCAR_CORE, HEALTHY).astype(np.int8)
    inside = np.flatnonzero(tissue == SCAR_CORE)
    # An element of the core all of whose neighbours are core comes alive again.
    outer = np.unique(heart.mesh.tetrahedra[tissue != SCAR_CORE])
    island = next(e for e in inside if not np.isin(heart.mesh.tetrahedra[e], outer).any())
    tissue[island] = HEALTHY
    excluded = excluded_nodes(replace(heart, tissue=tissue))
    assert excluded[heart.mesh.tetrahedra[island]].all()
    assert not excluded[outer].any()


def test_scar_over_everything_is_refused(heart: Heart) -> None:
    with pytest.raises(InputError, match="whole heart"):
        excluded_nodes(replace(heart, tissue=np.full_like(heart.tissue, SCAR_CORE)))
