"""Branches of the coronary sinus on the epicardium, and the stations along them where a lead can lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator
from scipy.spatial import cKDTree

from resynchro.heart.element_segments import segments_at
from resynchro.heart.heart import Heart
from resynchro.heart.mesh import FloatArray, IndexArray
from resynchro.heart.ventricular_place import depth_and_rotation
from resynchro.record.segments import Level, display_arc_deg, level_of
from resynchro.record.veins import VeinBranch, VeinTree

#: Display angle at the base and towards the apex [deg], and how far down the branch is seen (1 base, 0 apex). Branches
#: named by the wall they drain, in the order of the coronary sinus from the posterior to the anterior groove; angles
#: are the middle of the wall in the 17-segment model, the two interventricular veins lie beside the insertions.
_TEMPLATE_BRANCHES: Mapping[str, tuple[float, float, float]] = {
    "middle-cardiac": (250.0, 254.0, 0.30),
    "posterior": (285.0, 282.0, 0.35),
    "posterolateral": (322.0, 318.0, 0.35),
    "lateral": (352.0, 350.0, 0.35),
    "anterolateral": (38.0, 34.0, 0.35),
    "anterior": (106.0, 104.0, 0.30),
}
#: The coronary sinus runs just below the base.
_SINUS = 0.97
#: Middle of a level, from apex (0) to base (1).
_LEVEL_HEIGHT: Mapping[Level, float] = {"basal": 5 / 6, "mid": 1 / 2, "apical": 1 / 6, "apex": 0.0}
#: Distance of stations along a branch [mm]; the electrodes of quadripolar leads lie 8 to 21 mm apart.
STATION_STEP_MM = 15.0
#: Centrelines farther from the epicardium than this do not belong to this heart [mm].
FARTHEST_MM = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VeinStation:
    """One place for an electrode.

    Attributes
    ----------
    branch
        Name of the branch.
    number
        From 1 at the base outwards.
    node
        Node of the epicardium nearest to it.
    segment
        Of the 17-segment model.
    position_mm
        Of the node, shape (3,), body axes.
    distance_mm
        From the given centreline to the node [mm]; the template's lie on it.
    """

    branch: str
    number: int
    node: int
    segment: int
    position_mm: FloatArray
    distance_mm: float


def epicardial_points(heart: Heart, apicobasal: FloatArray, rotation_deg: FloatArray) -> FloatArray:
    """Return points of the LV's free epicardium at coordinates of the heart.

    Parameters
    ----------
    heart
        Any heart with coordinates.
    apicobasal, rotation_deg
        Shape (k,); 0 apex to 1 base, display angle [deg].

    Returns
    -------
    ndarray
        Shape (k, 3), body axes [mm]; linear between the nodes, the nearest node beyond them.
    """
    node = _free_epicardium(heart)
    u, angle = heart.coordinates.apicobasal[node], np.radians(heart.coordinates.rotation_deg[node])
    plane = np.column_stack([u * np.cos(angle), u * np.sin(angle)])
    wanted = np.radians(rotation_deg)
    at = np.column_stack([apicobasal * np.cos(wanted), apicobasal * np.sin(wanted)])
    points = LinearNDInterpolator(plane, heart.mesh.points_mm[node])(at)
    nearest = NearestNDInterpolator(plane, heart.mesh.points_mm[node])(at)
    return np.asarray(np.where(np.isfinite(points), points, nearest))


def template_veins(heart: Heart) -> VeinTree:
    """Return the usual branches of the coronary sinus on a heart whose own were not imaged.

    Real anatomy varies: a lateral or posterolateral branch is missing in many patients. A plan that rests on these
    branches must say so.
    """
    branches = []
    for name, (at_base_deg, at_apex_deg, end) in _TEMPLATE_BRANCHES.items():
        u = np.linspace(_SINUS, end, 25)
        turn = (at_apex_deg - at_base_deg + 180.0) % 360.0 - 180.0
        points = epicardial_points(heart, u, at_base_deg + turn * (_SINUS - u) / (_SINUS - end))
        branches.append(VeinBranch(name=name, points_mm=points))
    return VeinTree(branches=tuple(branches), file="template", sha256="", landmarks=heart.landmarks)


def with_veins(heart: Heart, veins: VeinTree | None = None) -> Heart:
    """Return the heart with the patient's branches, or with the template's where the patient's are not known.

    Parameters
    ----------
    heart
        Any heart with coordinates.
    veins
        Of the patient. Centrelines must be in the heart's frame to be used as they are; points on a bullseye are laid
        on the epicardium; a branch known by its segments alone runs through their middles.
    """
    if veins is None:
        return replace(heart, veins=template_veins(heart))
    return replace(heart, veins=replace(veins, branches=tuple(_on_epicardium(heart, each) for each in veins.branches)))


def vein_stations(heart: Heart, *, step_mm: float = STATION_STEP_MM) -> tuple[VeinStation, ...]:
    """Return the stations of every branch, base first; none for a heart without veins or branches far from it.

    Parameters
    ----------
    heart
        With `Heart.veins`.
    step_mm
        Distance along the branch [mm]; the first station lies one step from its start.
    """
    if heart.veins is None:
        return ()
    node = _free_epicardium(heart)
    tree = cKDTree(heart.mesh.points_mm[node])
    stations = []
    for branch in heart.veins.branches:
        if branch.points_mm is None or len(branch.points_mm) < 2:
            continue
        length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(branch.points_mm, axis=0), axis=1))])
        at = np.arange(step_mm, length[-1] + 1e-9, step_mm)
        points = np.column_stack([np.interp(at, length, branch.points_mm[:, axis]) for axis in range(3)])
        if not len(points):
            continue
        distance, nearest = (np.asarray(found) for found in tree.query(points))
        place = heart.mesh.points_mm[node[nearest]]
        segments = segments_at(*depth_and_rotation(place, heart.landmarks))
        for index in np.flatnonzero(distance <= FARTHEST_MM):
            stations.append(
                VeinStation(
                    branch=branch.name,
                    number=int(index) + 1,
                    node=int(node[nearest[index]]),
                    segment=int(segments[index]),
                    position_mm=place[index],
                    distance_mm=float(distance[index]),
                )
            )
    return tuple(stations)


def _free_epicardium(heart: Heart) -> IndexArray:
    """Nodes of the epicardium that belong to the left ventricle."""
    node = np.unique(heart.mesh.epicardium)
    return np.asarray(node[~heart.coordinates.rv[node]])


def _middle_deg(segment: int) -> float:
    """Display angle of the middle of a segment [deg]; any for the apex."""
    start, end = (0.0, 0.0) if level_of(segment) == "apex" else display_arc_deg(segment)
    return 0.5 * (start + end)


def _on_epicardium(heart: Heart, branch: VeinBranch) -> VeinBranch:
    """Give a branch a centreline on this heart where it has none."""
    if branch.points_mm is not None:
        return branch
    if branch.bullseye is not None:
        drawn = branch.bullseye
    elif branch.segments:
        # From the base towards the apex, through the middle of each segment, half a level beyond the first and last.
        middle = np.array([(_LEVEL_HEIGHT[level_of(each)], _middle_deg(each)) for each in branch.segments])
        middle = middle[np.argsort(-middle[:, 0], kind="stable")]
        half_level = np.array([[1 / 6, 0.0]])
        drawn = np.concatenate([middle[:1] + half_level, middle, middle[-1:] - half_level])
    else:
        return branch
    angle = np.degrees(np.unwrap(np.radians(drawn[:, 1])))
    part = np.linspace(0.0, 1.0, 25) * (len(drawn) - 1)
    u = np.interp(part, np.arange(len(drawn)), drawn[:, 0])
    return replace(
        branch, points_mm=epicardial_points(heart, np.clip(u, 0.05, 1.0), np.interp(part, np.arange(len(drawn)), angle))
    )
