"""Places where a heart can be paced or sensed, by name: walls, levels, veins, leads of the right side, or a point.

Names are the same for every heart; coordinates carry them to the nodes of this one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from resynchro.errors import InputError
from resynchro.heart.element_segments import segments_at
from resynchro.heart.heart import SCAR_CORE, SEPTUM, Heart
from resynchro.heart.mesh import FloatArray, IndexArray
from resynchro.heart.vein_stations import vein_stations
from resynchro.heart.ventricular_place import depth_and_rotation
from resynchro.record.segments import level_of, segment_name, wall_of

SiteLayer = Literal["lv epicardium", "lv endocardium", "rv endocardium", "rv epicardium"]

#: Display angle of the middle of each wall of the left ventricle [deg]; lateral lies between the two lateral segments.
WALL_DEG = {
    "anterior": 90.0,
    "anterolateral": 30.0,
    "lateral": 0.0,
    "inferolateral": 330.0,
    "posterolateral": 330.0,
    "inferior": 270.0,
    "posterior": 270.0,
}
#: Depth of the middle of each level along the long axis, 0 at the base and 1 at the apex (thirds, Cerqueira 2002).
LEVEL_DEPTH = {"basal": 1.0 / 6.0, "mid": 0.5, "apical": 5.0 / 6.0}
#: Places with one name: surface, depth and display angle. The septal lead lies in the middle of the right side; the
#: outflow lead high and in front; the bundle of His under the membranous septum at the base; the left-bundle lead about
#: 20 mm below it (implant technique of Huang W et al. Heart Rhythm 2019;16:1791-1796, doi:10.1016/j.hrthm.2019.06.016:
#: 1 to 1.5 cm from the His site towards the apex); the left septal lead beside it, deeper in the ventricle.
_PLACES: dict[str, tuple[SiteLayer, float, float]] = {
    "rv:septum": ("rv endocardium", 0.45, 180.0),
    "rv:outflow": ("rv endocardium", 0.06, 135.0),
    "his": ("rv endocardium", 0.04, 165.0),
    "lbb": ("lv endocardium", 0.25, 170.0),
    "lv:septal-left": ("lv endocardium", 0.40, 175.0),
}
_HELP = (
    "lv:WALL-LEVEL and lv:endo:WALL-LEVEL (WALL anterior, anterolateral, lateral, inferolateral or posterolateral, "
    "inferior or posterior; LEVEL basal, mid or apical), lv:segment:1 to 17, lv:vein:BRANCH:STATION, lv:septal-left, "
    "rv:apex, rv:septum, rv:outflow, his, lbb, xyz:X,Y,Z (left, back, head, in mm)"
)
#: A point farther from the surface than this lies in another place or another frame [mm].
FARTHEST_MM = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One place for an electrode.

    Attributes
    ----------
    name
        As given.
    node
        Node of the heart's mesh nearest to it.
    segment
        1 to 17; 0 in the free wall of the right ventricle.
    layer
        Surface it lies on. The right side of the septum is ``rv endocardium``.
    position_mm
        Shape (3,), body axes (LPS). Places named by wall and level lie between nodes, so that they are the same at
        every edge length; the others on a node.
    exclusion
        Why a stimulus cannot capture here (scar core); None where it can. A site in scar is never moved.
    """

    name: str
    node: int
    segment: int
    layer: SiteLayer
    position_mm: FloatArray
    exclusion: str | None = None


def site(heart: Heart, name: str) -> Site:
    """Find the node of a named site.

    Parameters
    ----------
    heart
        Any heart with coordinates and landmarks.
    name
        ``lv:lateral-mid`` (epicardium), ``lv:endo:lateral-mid``, ``lv:septal-left``, ``lv:vein:lateral:2`` (station
        from the base), ``lv:segment:11``, ``rv:apex``, ``rv:septum``, ``rv:outflow``, ``his``, ``lbb``, or
        ``xyz:10,20,30`` (nearest node of a surface).

    Returns
    -------
    Site

    Raises
    ------
    InputError
        For a name that is none, a vein this heart does not have, or a point far from the heart.

    Notes
    -----
    ``lv:segment`` of the septum lies on its left side, of the free wall on the epicardium, at the middle of the
    segment's surface.
    """
    return SiteFinder(heart).site(name)


def sites(heart: Heart) -> tuple[Site, ...]:
    """List every named site of a heart: walls, endocardium, segments, veins, right side, conduction system."""
    finder = SiteFinder(heart)
    walls = [wall for wall in WALL_DEG if wall not in ("posterolateral", "posterior")]
    names = [f"lv:{wall}-{level}" for wall in walls for level in LEVEL_DEPTH]
    names += [f"lv:endo:{wall}-{level}" for wall in walls for level in LEVEL_DEPTH]
    names += [f"lv:segment:{segment}" for segment in range(1, 18)]
    names += [f"lv:vein:{station.branch}:{station.number}" for station in finder.stations]
    names += ["lv:septal-left", "lbb", "his", "rv:apex", "rv:septum", "rv:outflow"]
    return tuple(finder.site(name) for name in names)


class SiteFinder:
    """Finds sites of one heart; keeps what all of them need."""

    def __init__(self, heart: Heart) -> None:
        self._heart = heart
        mesh = heart.mesh
        self._points = mesh.points_mm
        self._depth, self._rotation = depth_and_rotation(mesh.points_mm, heart.landmarks)
        self._length = float(np.linalg.norm(heart.landmarks.apex_mm - heart.landmarks.base_mm))
        self._lv_endocardium = np.unique(mesh.lv_endocardium)
        self._rv_endocardium = np.unique(mesh.rv_endocardium)
        epicardium = np.setdiff1d(np.unique(mesh.epicardium), self._rv_endocardium)
        self._lv_epicardium = epicardium[~heart.coordinates.rv[epicardium]]
        self._rv_epicardium = epicardium[heart.coordinates.rv[epicardium]]
        self._septum = np.zeros(len(self._points), dtype=np.bool_)
        self._septum[mesh.tetrahedra[heart.wall == SEPTUM]] = True
        self.excluded = excluded_nodes(heart)
        self.stations = vein_stations(heart)

    def site(self, name: str) -> Site:
        """Find one site, see `site`."""
        word = name.strip().lower()
        if word.startswith("xyz:"):
            return self._at_point(name, word[4:])
        if word == "rv:apex":
            septal = self._rv_endocardium[~self._heart.coordinates.rv[self._rv_endocardium]]
            return self._record(name, int(septal[np.argmax(self._depth[septal])]), "rv endocardium")
        if word in _PLACES:
            layer, depth, rotation_deg = _PLACES[word]
            return self._at_place(name, layer, self.septal_side(layer), depth, rotation_deg)
        if match := re.fullmatch(r"lv:segment:(\d+)", word):
            return self._in_segment(name, int(match[1]))
        if match := re.fullmatch(r"lv:vein:(.+):(\d+)", word):
            return self._in_vein(name, match[1], int(match[2]))
        match = re.fullmatch(r"lv:(endo:)?([a-z]+)-(basal|mid|apical)", word)
        if match and match[2] in WALL_DEG:
            nodes = self._free_endocardium() if match[1] else self._lv_epicardium
            inner: SiteLayer = "lv endocardium" if match[1] else "lv epicardium"
            return self._at_place(name, inner, nodes, LEVEL_DEPTH[match[3]], WALL_DEG[match[2]])
        raise InputError(f"{name!r} names no site; allowed are {_HELP}")

    def septal_side(self, layer: SiteLayer) -> IndexArray:
        """Return the nodes of the septum on its left (``lv endocardium``) or right side."""
        if layer == "lv endocardium":
            return self._lv_endocardium[self._septum[self._lv_endocardium]]
        return self._rv_endocardium[~self._heart.coordinates.rv[self._rv_endocardium]]

    def free_rv_endocardium(self) -> IndexArray:
        """Return the nodes inside of the free wall of the right ventricle."""
        return self._rv_endocardium[self._heart.coordinates.rv[self._rv_endocardium]]

    def lv_endocardium(self) -> IndexArray:
        """Return the nodes of the endocardium of the left ventricle, septum included."""
        return self._lv_endocardium

    def nearest(self, nodes: IndexArray, depth: float, rotation_deg: float) -> int:
        """Return which of the nodes lies nearest to a depth (0 base, 1 apex) and a display angle [deg].

        Distance is measured along the surface of a cylinder of a typical radius, so that a degree at the apex counts
        as much as one at the base: names are directions.
        """
        radius_mm = 0.3 * self._length
        turn = np.radians((self._rotation[nodes] - rotation_deg + 180.0) % 360.0 - 180.0)
        along = (self._depth[nodes] - depth) * self._length
        return int(nodes[np.argmin(along**2 + (radius_mm * turn) ** 2)])

    def _at_place(self, name: str, layer: SiteLayer, nodes: IndexArray, depth: float, rotation_deg: float) -> Site:
        """Return the site at a depth and an angle, between the nodes of its surface."""
        node = self.nearest(nodes, depth, rotation_deg)
        mesh = self._heart.mesh
        surface = {
            "lv epicardium": mesh.epicardium,
            "lv endocardium": mesh.lv_endocardium,
            "rv endocardium": mesh.rv_endocardium,
            "rv epicardium": mesh.epicardium,
        }[layer]
        around = surface[(surface == node).any(axis=1)]
        turn = np.radians((self._rotation[around] - rotation_deg + 180.0) % 360.0 - 180.0)
        plane = np.stack([(self._depth[around] - depth) * self._length, 0.3 * self._length * turn], axis=2)
        # Barycentric coordinates of the wanted place (the origin); the triangle that holds it has none below 0.
        first, second = plane[:, 1] - plane[:, 0], plane[:, 2] - plane[:, 0]
        area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
        safe = np.where(np.abs(area) > 1e-9, area, 1e-9)
        along = (plane[:, 0, 1] * second[:, 0] - plane[:, 0, 0] * second[:, 1]) / safe
        across = (first[:, 1] * plane[:, 0, 0] - first[:, 0] * plane[:, 0, 1]) / safe
        shares = np.stack([1.0 - along - across, along, across], axis=1)
        best = int(np.argmax(shares.min(axis=1)))
        share = np.clip(shares[best], 0.0, None)
        point = share @ self._points[around[best]] / share.sum()
        return self._record(name, node, layer, point)

    def _free_endocardium(self) -> IndexArray:
        return self._lv_endocardium[~self._septum[self._lv_endocardium]]

    def _in_segment(self, name: str, segment: int) -> Site:
        if not 1 <= segment <= 17:
            raise InputError(f"{name!r}: segments are 1 to 17, got {segment}")
        septal = wall_of(segment) == "septal"
        nodes = self._lv_endocardium if septal else self._lv_epicardium
        inside = nodes[segments_at(self._depth[nodes], self._rotation[nodes]) == segment]
        if level_of(segment) == "apex":
            inside = self._lv_epicardium[self._depth[self._lv_epicardium] >= 1.0]
        if not inside.size:
            raise InputError(f"{name!r}: this heart has no surface in segment {segment} ({segment_name(segment)})")
        points = self._points[inside]
        middle = np.argmin(np.linalg.norm(points - points.mean(axis=0), axis=1))
        return self._record(name, int(inside[middle]), "lv endocardium" if septal else "lv epicardium")

    def _in_vein(self, name: str, branch: str, number: int) -> Site:
        for station in self.stations:
            if station.branch.lower() == branch and station.number == number:
                return self._record(name, station.node, "lv epicardium")
        known = ", ".join(f"{each.branch}:{each.number}" for each in self.stations)
        raise InputError(f"{name!r}: this heart has no such vein station; it has {known or 'no veins'}")

    def _at_point(self, name: str, text: str) -> Site:
        numbers = re.fullmatch(r"\s*(-?[\d.]+)\s*,\s*(-?[\d.]+)\s*,\s*(-?[\d.]+)\s*", text)
        try:
            point = np.array([float(number) for number in numbers.groups()] if numbers else [])
        except ValueError:
            point = np.array([])
        if point.size != 3:
            raise InputError(f"{name!r}: a point is xyz:X,Y,Z with three numbers in mm (left, back, head)")
        surfaces: tuple[tuple[SiteLayer, IndexArray], ...] = (
            ("lv epicardium", self._lv_epicardium),
            ("lv endocardium", self._lv_endocardium),
            ("rv endocardium", self._rv_endocardium),
            ("rv epicardium", self._rv_epicardium),
        )
        best, node, layer = np.inf, -1, surfaces[0][0]
        for each, nodes in surfaces:
            distance = np.linalg.norm(self._points[nodes] - point, axis=1)
            if distance.min() < best:
                best, node, layer = float(distance.min()), int(nodes[np.argmin(distance)]), each
        if best > FARTHEST_MM:
            raise InputError(
                f"{name!r} lies {best:.0f} mm from the heart, at most {FARTHEST_MM:g} mm are allowed: is it in the "
                "heart's frame, in mm, left-back-head?"
            )
        return self._record(name, node, layer)

    def _record(self, name: str, node: int, layer: SiteLayer, point_mm: FloatArray | None = None) -> Site:
        in_rv = bool(self._heart.coordinates.rv[node])
        place = np.array([self._depth[node]]), np.array([self._rotation[node]])
        position = np.array(self._points[node] if point_mm is None else point_mm)
        position.setflags(write=False)
        return Site(
            name=name,
            node=node,
            segment=0 if in_rv else int(segments_at(*place)[0]),
            layer=layer,
            position_mm=position,
            exclusion="the site lies in scar that does not conduct: a stimulus does not capture"
            if self.excluded[node]
            else None,
        )


def excluded_nodes(heart: Heart) -> NDArray[np.bool_]:
    """Return which nodes no activation can reach: inside scar core, or on islands that scar core cuts off.

    Parameters
    ----------
    heart
        With the tissue of its elements.

    Returns
    -------
    ndarray
        Shape (n,), bool.

    Raises
    ------
    InputError
        When scar covers everything.
    """
    conducting = heart.mesh.tetrahedra[heart.tissue != SCAR_CORE]
    if not conducting.size:
        raise InputError("the whole heart is scar core: nothing can be activated; check the scar map")
    n = len(heart.mesh.points_mm)
    if len(conducting) == len(heart.mesh.tetrahedra):
        excluded = np.ones(n, dtype=np.bool_)
        excluded[conducting] = False
        return excluded
    links = np.concatenate([conducting[:, [0, corner]] for corner in (1, 2, 3)])
    graph = coo_matrix((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    largest = np.argmax(np.bincount(label[np.unique(conducting)]))
    return np.asarray(label != largest)
