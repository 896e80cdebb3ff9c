"""What of a heart does not change during a fit: meshes, surfaces, the stiffness matrix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resynchro.electrics.eikonal_medium import Medium, medium
from resynchro.electrics.eikonal_mesh import TravelTimeMesh, travel_time_mesh
from resynchro.electrics.lead_field import IntracellularStiffness, intracellular_stiffness
from resynchro.electrics.movable_root import RootSurface, SurfaceOfRoots
from resynchro.electrics.source_ball import SourceBall, source_nodes
from resynchro.heart.heart import BORDER_ZONE, SCAR_CORE, SEPTUM, Heart

#: Velocity of the border zone against healthy muscle (reference range 0.3 to 0.6; design choice).
BORDER_ZONE_FACTOR = 0.5
#: The fast layers end this far below the base [mm] (design choice of the reference).
LAYER_FREE_BASE_MM = 8.0


class HeartOfFit:
    """What of a heart does not change during a fit: meshes, surfaces, the stiffness matrix.

    Parameters
    ----------
    heart
        With scar, if any, as tissue.
    """

    def __init__(self, heart: Heart) -> None:
        self.heart = heart
        mesh = heart.mesh
        conducting = heart.tissue != SCAR_CORE
        self.alive = np.zeros(len(mesh.points_mm), dtype=bool)
        self.alive[mesh.tetrahedra[conducting]] = True
        # No Purkinje network over a scar's core.
        lv, rv = (
            triangles[self.alive[triangles].all(axis=1)]
            for triangles in (_below_the_base(heart, mesh.lv_endocardium), _below_the_base(heart, mesh.rv_endocardium))
        )
        self.travel_mesh: TravelTimeMesh = travel_time_mesh(
            mesh.points_mm, mesh.tetrahedra, triangles=np.concatenate([lv, rv])
        )
        self.group = np.where(heart.wall == SEPTUM, 1, 0).astype(np.int32)
        self.layer = np.repeat([0, 1], [len(lv), len(rv)]).astype(np.int32)
        self.slowing = np.where(heart.tissue == BORDER_ZONE, BORDER_ZONE_FACTOR, 1.0)
        self.layer_nodes = {"lv": _marked(len(mesh.points_mm), lv), "rv": _marked(len(mesh.points_mm), rv)}
        self.stiffness: IntracellularStiffness = intracellular_stiffness(
            mesh, heart.fibre, conducting=None if conducting.all() else conducting
        )
        volumes = mesh.volumes_mm3
        self.centre_mm = np.asarray(
            (volumes[:, None] * mesh.points_mm[mesh.tetrahedra].mean(axis=1)).sum(axis=0) / volumes.sum()
        )
        self.medium: Medium = medium(
            self.travel_mesh,
            fibre=heart.fibre,
            v_fibre_m_per_s=0.6 * self.slowing,
            v_transverse_m_per_s=0.3 * self.slowing,
            conducting=conducting,
            v_triangle_m_per_s=np.full(len(self.layer), 1.7),
        )
        self.balls: dict[int, tuple[NDArray[np.int32], NDArray[np.int32]]] = {}
        self._surfaces: dict[str, SurfaceOfRoots] = {}
        self._single: dict[int, SourceBall] = {}

    def surface(self, name: RootSurface) -> SurfaceOfRoots:
        """Return a surface that roots lie on."""
        if name not in self._surfaces:
            self._surfaces[name] = SurfaceOfRoots(self.heart, name)
        return self._surfaces[name]

    def source(self, node: int) -> SourceBall:
        """Return a node as a source by itself."""
        if node not in self._single:
            self._single[node] = source_nodes(self.travel_mesh, [node])
        return self._single[node]


def _below_the_base(heart: Heart, triangles: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the triangles that lie more than `LAYER_FREE_BASE_MM` below the base."""
    axis = heart.landmarks.apex_mm - heart.landmarks.base_mm
    depth = (heart.mesh.points_mm - heart.landmarks.base_mm) @ (axis / np.linalg.norm(axis))
    return np.asarray(triangles[depth[triangles].mean(axis=1) > LAYER_FREE_BASE_MM])


def _marked(n: int, triangles: NDArray[np.int32]) -> NDArray[np.bool_]:
    mark = np.zeros(n, dtype=bool)
    mark[triangles] = True
    return mark
