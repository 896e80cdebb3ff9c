"""Layered prisms cut to tetrahedra so that neighbours agree on every diagonal."""

from __future__ import annotations

import numpy as np

from resynchro.heart.mesh import IndexArray

# Vertices 0-2 are the bottom, 3-5 the top above them. Row i: the symmetries of the prism that bring vertex i to the
# place of vertex 0 and keep orientation.
_ROTATED = np.array(
    [
        (0, 1, 2, 3, 4, 5),
        (1, 2, 0, 4, 5, 3),
        (2, 0, 1, 5, 3, 4),
        (3, 5, 4, 0, 2, 1),
        (4, 3, 5, 1, 0, 2),
        (5, 4, 3, 2, 1, 0),
    ]
)


def tetrahedra_of_prisms(prisms: IndexArray) -> IndexArray:
    """Cut each prism into three tetrahedra; every quadrilateral is cut from its vertex of lowest number.

    Two prisms that share a side therefore cut it alike, and so does a surface that follows the same rule
    (`triangles_of_quads`). Dompierre J, et al. Proc 8th Int Meshing Roundtable 1999:195-204.

    Parameters
    ----------
    prisms
        Shape (p, 6): three nodes of the bottom, three of the top above them. Seen from the top, the bottom runs
        counter-clockwise.

    Returns
    -------
    IndexArray
        Shape (3 p, 4), positively oriented where the prisms are.
    """
    lowest = np.argmin(prisms, axis=1)
    turned = np.take_along_axis(prisms, _ROTATED[lowest], axis=1)
    v0, v1, v2, v3, v4, v5 = turned.T
    # Vertex 0 is the lowest: both sides that touch it are cut from it. Only the side 1-2-5-4 is left to decide.
    first = np.minimum(v1, v5) < np.minimum(v2, v4)
    one = np.where(first, v5, v4)
    cut = [
        np.stack([v0, v1, v2, one], axis=1),
        np.where(first[:, None], np.stack([v0, v1, v5, v4], axis=1), np.stack([v0, v4, v2, v5], axis=1)),
        np.stack([v0, v4, v5, v3], axis=1),
    ]
    return np.stack(cut, axis=1).reshape(-1, 4).astype(np.int32)


def triangles_of_quads(quads: IndexArray) -> IndexArray:
    """Cut each quadrilateral in two from its vertex of lowest number.

    Parameters
    ----------
    quads
        Shape (q, 4), vertices in order around it.

    Returns
    -------
    IndexArray
        Shape (2 q, 3), of the same orientation.
    """
    lowest = np.argmin(quads, axis=1)
    turned = np.take_along_axis(quads, (lowest[:, None] + np.arange(4)) % 4, axis=1)
    return np.concatenate([turned[:, [0, 1, 2]], turned[:, [0, 2, 3]]]).astype(np.int32)
