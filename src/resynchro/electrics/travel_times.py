"""Travel times of the activation front from its sources through the heart: the anisotropic eikonal equation.

``sqrt(grad T . D grad T) = 1`` on tetrahedra, with faster surface elements and cables on the same nodes. A mesh
(`travel_time_mesh`) is prepared once; a `medium` puts velocities on it; sources (`source_ball`, `source_nodes`) start
the activation at their release times; `solve` returns the arrival at every node.

Examples
--------
>>> import numpy as np
>>> points = np.array([[0, 0, 0], [6, 0, 0], [0, 6, 0], [0, 0, 6]], dtype=float)
>>> mesh = travel_time_mesh(points, np.array([[0, 1, 2, 3]]))
>>> muscle = medium(mesh, fibre=[[1, 0, 0]], v_fibre_m_per_s=0.6, v_transverse_m_per_s=0.3)
>>> solve(muscle, [(source_ball(mesh, muscle, 0), 5.0)]).times_ms.tolist()
[5.0, 15.0, 25.0, 25.0]
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from resynchro.electrics.eikonal_gradient import Directions, TravelTimeGradient, adjoint, tangent
from resynchro.electrics.eikonal_march import Layout, march, march_each, new_labels
from resynchro.electrics.eikonal_medium import Medium, medium, with_velocities
from resynchro.electrics.eikonal_mesh import FloatArray, IndexArray, TravelTimeMesh, frozen, travel_time_mesh
from resynchro.electrics.eikonal_times import ArrivalTree, TravelTimes
from resynchro.electrics.source_ball import SourceBall, retimed, source_ball, source_nodes
from resynchro.errors import InputError

__all__ = [
    "ArrivalTree",
    "Directions",
    "Medium",
    "SourceBall",
    "TravelTimeGradient",
    "TravelTimeMesh",
    "TravelTimes",
    "adjoint",
    "medium",
    "retimed",
    "solve",
    "solve_each",
    "source_ball",
    "source_nodes",
    "tangent",
    "travel_time_mesh",
    "with_velocities",
]


def solve(given: Medium, sources: Sequence[tuple[SourceBall, float]], *, keep_tree: bool = False) -> TravelTimes:
    """Solve for the arrival times of the activation that all sources make together.

    Parameters
    ----------
    given
        The medium.
    sources
        Balls with their release times [ms].
    keep_tree
        Keep the simplex that set each label, for `adjoint` and `tangent`.

    Returns
    -------
    TravelTimes
        Arrival at every node [ms], inf where the activation never comes (scar core, isolated parts).

    Raises
    ------
    InputError
        No source, or a release time that is not finite.

    Notes
    -----
    First order in the edge length; late by 1 to 3 % at 2 mm, see docs/activation.md. A source whose release is later
    than the arrival from elsewhere at its place has no effect.

    References
    ----------
    Sethian JA, Vladimirsky A (2000). PNAS 97:5699-5703. doi:10.1073/pnas.090060097
    """
    if not sources:
        raise InputError("an activation needs at least one source, got none")
    mesh = given.mesh
    balls = [ball for ball, _ in sources]
    releases = np.array([release for _, release in sources], dtype=np.float64)
    if not np.isfinite(releases).all():
        raise InputError(f"release times must be finite, got {releases.tolist()}: leave out sources that do not fire")
    starts, nodes, times = _entries(mesh, balls, releases)
    labels = new_labels(mesh.node_count, keep_tree)
    order = np.empty(mesh.node_count, np.int32)
    reached = march(_layout(given), labels, nodes, times, order)
    arrival = frozen(labels.times[mesh.node_rank])
    if not keep_tree:
        return TravelTimes(medium=given, balls=tuple(balls), times_ms=arrival, tree=None)
    winner = labels.winner
    in_tetrahedra = (winner >= 0) & (winner < mesh.tetrahedra.shape[0])
    winner[in_tetrahedra] = mesh.tetrahedron_order[winner[in_tetrahedra]]
    tree = ArrivalTree(
        order=frozen(mesh.node_order[order[:reached]]),
        parents=frozen(mesh.node_order[labels.parents[mesh.node_rank]]),
        weights=frozen(labels.weights[mesh.node_rank]),
        winner=frozen(winner[mesh.node_rank]),
        entry_starts=frozen(starts),
    )
    return TravelTimes(medium=given, balls=tuple(balls), times_ms=arrival, tree=tree)


def solve_each(given: Medium, balls: Sequence[SourceBall]) -> NDArray[np.float32]:
    """Solve for every source by itself, sources in parallel on all threads Numba has.

    Parameters
    ----------
    given
        The medium.
    balls
        The sources, each released at 0.

    Returns
    -------
    ndarray
        Arrival at every node from every source, shape (s, n), float32 [ms]; inf where never reached. `superposed`
        combines them.

    Raises
    ------
    InputError
        No source.
    """
    if not balls:
        raise InputError("pre-solving needs at least one source, got none")
    mesh = given.mesh
    starts, nodes, times = _entries(mesh, balls, np.zeros(len(balls)))
    fields = np.empty((len(balls), mesh.node_count), np.float32)
    march_each(_layout(given), starts, nodes, times, mesh.node_order, fields)
    fields.setflags(write=False)
    return fields


def _entries(
    mesh: TravelTimeMesh, balls: Sequence[SourceBall], releases: FloatArray
) -> tuple[IndexArray, IndexArray, FloatArray]:
    """Return where each ball starts in the list of all entries, and the entries' inside nodes and times."""
    starts = np.zeros(len(balls) + 1, np.int32)
    np.cumsum([ball.nodes.size for ball in balls], out=starts[1:])
    nodes = mesh.node_rank[np.concatenate([ball.nodes for ball in balls])]
    times = np.concatenate([ball.times_ms + release for ball, release in zip(balls, releases, strict=True)])
    return starts, nodes, times


def _layout(given: Medium) -> Layout:
    mesh = given.mesh
    return Layout(
        cells=mesh.tetrahedra_inside,
        cell_starts=mesh.tetrahedron_starts,
        cell_corners=mesh.tetrahedron_corners,
        squares=given.tetrahedron_squares_ms2,
        surface=mesh.triangles_inside,
        surface_starts=mesh.triangle_starts,
        surface_corners=mesh.triangle_corners,
        surface_squares=given.triangle_squares_ms2,
        cable_starts=mesh.cable_starts,
        cable_numbers=mesh.cable_numbers,
        cable_heads=mesh.cable_heads,
        cable_ms=given.cable_ms,
    )
