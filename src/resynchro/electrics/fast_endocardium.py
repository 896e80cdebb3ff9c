"""The fast endocardium: a sheet of Purkinje network over the muscle, entered and left through junctions.

The sheet has nodes of its own over those of the endocardium. From sheet to muscle a junction takes the antegrade delay,
from muscle into the sheet the retrograde one. One medium so serves beats that start in the network and beats that
start in muscle: superposition holds among all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.electrics.eikonal_mesh import IndexArray, TravelTimeMesh, travel_time_mesh
from resynchro.heart.heart import Heart
from resynchro.heart.mesh import FloatArray
from resynchro.heart.surface_elements import elements_under
from resynchro.heart.ventricular_place import depth_and_rotation


@dataclass(frozen=True, slots=True, kw_only=True)
class FastEndocardium:
    """Muscle and sheet as one travel-time mesh.

    Attributes
    ----------
    mesh
        The heart's nodes first, in their own numbers, then the nodes of the sheet.
    node_count
        Number of the heart's own nodes.
    layer_node
        Node of the sheet over each node of the heart, -1 where there is none, shape (n,).
    triangle_element
        Tetrahedron under each triangle of the sheet, shape (t,).
    in_rv
        Triangles of the right sheet (septal side and free wall), shape (t,); the others are left.
    junctions
        Number of junctions: the first cables lead from sheet to muscle, as many after them back.
    junction_in_rv
        Junctions of the right sheet, shape (junctions,).
    """

    mesh: TravelTimeMesh
    node_count: int
    layer_node: IndexArray
    triangle_element: IndexArray
    in_rv: NDArray[np.bool_]
    junctions: int
    junction_in_rv: NDArray[np.bool_]


def fast_endocardium(heart: Heart, *, basal_gap_mm: float) -> FastEndocardium:
    """Lay a sheet over both endocardial surfaces.

    Parameters
    ----------
    heart
        With landmarks.
    basal_gap_mm
        Height of the band below the base that stays bare: the network ends before the valves [mm].
    """
    mesh = heart.mesh
    n = len(mesh.points_mm)
    depth, _ = depth_and_rotation(mesh.points_mm, heart.landmarks)
    below_mm = depth * float(np.linalg.norm(heart.landmarks.apex_mm - heart.landmarks.base_mm))
    left, right = (
        triangles[below_mm[triangles].mean(axis=1) > basal_gap_mm]
        for triangles in (mesh.lv_endocardium, mesh.rv_endocardium)
    )
    left_nodes, right_nodes = np.unique(left), np.unique(right)
    covered = np.concatenate([left_nodes, right_nodes])
    copies = n + np.arange(covered.size, dtype=np.int32)
    left_copy, right_copy = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    left_copy[left_nodes], right_copy[right_nodes] = copies[: left_nodes.size], copies[left_nodes.size :]
    antegrade, retrograde = np.stack([copies, covered], axis=1), np.stack([covered, copies], axis=1)
    layer_node = np.where(left_copy >= 0, left_copy, right_copy)
    layer_node.setflags(write=False)
    return FastEndocardium(
        mesh=travel_time_mesh(
            np.concatenate([mesh.points_mm, mesh.points_mm[covered]]),
            mesh.tetrahedra,
            triangles=np.concatenate([left_copy[left], right_copy[right]]),
            cables=np.concatenate([antegrade, retrograde]),
        ),
        node_count=n,
        layer_node=layer_node,
        triangle_element=elements_under(mesh.tetrahedra, np.concatenate([left, right])),
        in_rv=np.arange(len(left) + len(right)) >= len(left),
        junctions=covered.size,
        junction_in_rv=np.arange(covered.size) >= left_nodes.size,
    )


def wall_thickness_mm(heart: Heart, node: int) -> float:
    """Return how far a node of a surface lies from the nearest node of another surface [mm]."""
    mesh = heart.mesh
    own = [np.unique(triangles) for triangles in (mesh.lv_endocardium, mesh.rv_endocardium, mesh.epicardium)]
    others = np.concatenate([nodes for nodes in own if not np.any(nodes == node)] or [np.empty(0, np.int32)])
    if not others.size:
        return float("inf")
    offset: FloatArray = mesh.points_mm[others] - mesh.points_mm[node]
    return float(np.linalg.norm(offset, axis=1).min())
