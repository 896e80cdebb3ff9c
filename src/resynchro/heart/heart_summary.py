"""What to know about a heart before anything is computed on it: size, walls, fibres, quality of the mesh."""

from __future__ import annotations

from typing import Any

import numpy as np

from resynchro.heart.cavities import HeartSize, heart_size
from resynchro.heart.fibres import neighbour_alignment
from resynchro.heart.heart import LV_FREE_WALL, Heart
from resynchro.heart.mesh import FloatArray
from resynchro.heart.mesh_check import POOR_QUALITY
from resynchro.heart.scar import scar_share
from resynchro.heart.vein_stations import vein_stations
from resynchro.record.segments import Wall, level_of, segment_name, segments_of, segments_of_wall

_WALLS: tuple[Wall, ...] = ("septal", "anterior", "lateral", "inferior")
#: Neighbours whose fibres differ by more than this break the continuity [deg].
_STEEP_DEG = 60.0
#: Layers of the wall whose fibres are summed up.
_LAYERS = 5


def heart_summary(heart: Heart) -> dict[str, Any]:
    """Return everything `resynchro heart inspect` says about a heart, as plain values.

    Parameters
    ----------
    heart
        Any heart.

    Returns
    -------
    dict
        Volumes [mL], masses [g], lengths [mm], angles [deg], shares [%]; None where something cannot be said.

    Raises
    ------
    MeasurementError
        When the endocardium of a ventricle is missing or its edge is no closed line.
    """
    size = heart_size(heart)
    return {
        "geometry_source": heart.geometry_source,
        "lv_cavity_ml": round(size.lv_cavity_ml, 1),
        "rv_cavity_ml": round(size.rv_cavity_ml, 1),
        "lv_mass_g": round(size.lv_mass_g, 1),
        "rv_mass_g": round(size.rv_mass_g, 1),
        "septal_share_pct": round(100.0 * size.septum_mass_g / size.lv_mass_g, 1),
        "lv_length_mm": round(size.lv_length_mm, 1),
        "walls_mm": _walls(size),
        "segments": [
            {
                "segment": number,
                "name": segment_name(number),
                "volume_ml": _rounded(size.segment_ml.get(number), 2),
                "wall_mm": _rounded(size.segment_wall_mm.get(number), 1),
            }
            for number in segments_of("aha17")
        ],
        "position": _position(heart),
        "mesh": mesh_summary(heart),
        "fibres": fibre_summary(heart),
        "tissue": {
            "core_pct": round(scar_share(heart).core_pct, 1),
            "border_pct": round(scar_share(heart).border_pct, 1),
        },
        "coordinates": ["apicobasal", "rotation_deg", "transmural", "rv"],
        "veins": _veins(heart),
        "findings": [{"code": finding.code, "message": finding.message} for finding in heart.findings],
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _walls(size: HeartSize) -> dict[str, float | None]:
    """Return the mean thickness of each wall at the basal and mid levels, of the apex, and of the RV free wall."""
    found: dict[str, float | None] = {}
    for wall in _WALLS:
        known = [
            size.segment_wall_mm[segment]
            for segment in segments_of_wall(wall)
            if level_of(segment) in ("basal", "mid") and segment in size.segment_wall_mm
        ]
        found[wall] = round(sum(known) / len(known), 1) if known else None
    found["apex"] = _rounded(size.segment_wall_mm.get(17), 1)
    found["rv"] = _rounded(size.rv_wall_mm, 1)
    return found


def _position(heart: Heart) -> dict[str, Any]:
    """Return where the heart lies and how its long axis points, body axes (left, back, head)."""
    axis = heart.landmarks.apex_mm - heart.landmarks.base_mm
    axis = axis / np.linalg.norm(axis)
    centre = 0.5 * (heart.landmarks.apex_mm + heart.landmarks.base_mm)
    return {
        "centre_mm": [round(float(value), 1) + 0.0 for value in centre],  # no "-0.0"
        "long_axis": [round(float(value), 3) for value in axis],
        "frontal_axis_deg": round(float(np.degrees(np.arctan2(-axis[2], axis[0]))), 1),
    }


def mesh_summary(heart: Heart) -> dict[str, Any]:
    """Return number, edge lengths and quality of the tetrahedra.

    Notes
    -----
    Quality is 6 sqrt(2) V / (root mean square edge)^3: 1 for a regular tetrahedron, 0 for a flat one.
    """
    mesh = heart.mesh
    pairs = np.array([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)])
    ends = mesh.points_mm[mesh.tetrahedra[:, pairs]]
    length = np.linalg.norm(ends[:, :, 0] - ends[:, :, 1], axis=2)
    quality = 6.0 * np.sqrt(2.0) * mesh.volumes_mm3 / np.sqrt((length**2).mean(axis=1)) ** 3
    nodes = np.sort(mesh.tetrahedra[:, pairs].reshape(-1, 2), axis=1).astype(np.int64)
    _, once = np.unique(nodes[:, 0] * len(mesh.points_mm) + nodes[:, 1], return_index=True)
    edges = length.reshape(-1)[once]
    return {
        "nodes": len(mesh.points_mm),
        "tetrahedra": len(mesh.tetrahedra),
        "triangles": {name: len(triangles) for name, triangles in mesh.surfaces.items()},
        "edge_mm": {
            "mean": round(float(edges.mean()), 2),
            "shortest": round(float(edges.min()), 2),
            "median": round(float(np.median(edges)), 2),
            "longest": round(float(edges.max()), 2),
        },
        "quality": {
            "worst": round(float(quality.min()), 3),
            "first_percentile": round(float(np.quantile(quality, 0.01)), 3),
            "median": round(float(np.median(quality)), 3),
            "poor": int((quality < POOR_QUALITY).sum()),
        },
        "inverted": int((mesh.volumes_mm3 <= 0.0).sum()),
    }


def helix_deg(heart: Heart) -> FloatArray:
    """Return the helix angle of the fibre of every tetrahedron, shape (m,) [deg].

    Between the fibre and the direction around the left ventricle's long axis, in the plane of the wall, from -90 to 90;
    positive where a fibre that runs counter-clockwise seen from the apex climbs to the base.
    """
    axis = heart.landmarks.base_mm - heart.landmarks.apex_mm
    upward = axis - heart.sheet_normal * (heart.sheet_normal @ axis)[:, None]
    upward /= np.maximum(np.linalg.norm(upward, axis=1, keepdims=True), 1e-12)
    around = np.cross(upward, heart.sheet_normal)
    climb = np.einsum("ij,ij->i", heart.fibre, upward)
    along = np.einsum("ij,ij->i", heart.fibre, around)
    return np.asarray(np.degrees(np.arctan2(np.where(along < 0.0, -climb, climb), np.abs(along))))


def fibre_summary(heart: Heart) -> dict[str, Any]:
    """Return helix angles of the LV free wall inside and outside, and how often fibres break between neighbours.

    The angles are those at both sides of the straight line through the mean angles of five layers. Fibres are axes: the
    mean of a layer is taken of doubled angles, and the layers follow one another by the shorter turn.
    """
    depth = heart.coordinates.transmural[heart.mesh.tetrahedra].mean(axis=1)
    inner = outer = None
    free = heart.wall == LV_FREE_WALL
    layer = np.minimum((depth * _LAYERS).astype(int), _LAYERS - 1)
    helix = np.radians(helix_deg(heart))
    known = [number for number in range(_LAYERS) if (free & (layer == number)).any()]
    if len(known) > 1:
        members = [free & (layer == number) for number in known]
        mean = [np.angle(np.exp(2j * helix[one]).mean()) for one in members]
        slope, start = np.polyfit([depth[one].mean() for one in members], 0.5 * np.degrees(np.unwrap(mean)), 1)
        inner, outer = round(float(start), 1), round(float(start + slope), 1)
    _, alignment = neighbour_alignment(heart.mesh.tetrahedra, heart.fibre)
    steep = alignment < np.cos(np.radians(_STEEP_DEG))
    return {
        "inner_helix_deg": inner,
        "outer_helix_deg": outer,
        "steep_neighbours_pct": round(100.0 * float(steep.mean()), 2) if len(alignment) else None,
    }


def _veins(heart: Heart) -> list[dict[str, Any]]:
    stations = vein_stations(heart)
    branches = () if heart.veins is None else heart.veins.branches
    return [
        {
            "branch": branch.name,
            "source": "assumed" if heart.veins is not None and heart.veins.file == "template" else "patient",
            "stations": [station.segment for station in stations if station.branch == branch.name],
        }
        for branch in branches
    ]
