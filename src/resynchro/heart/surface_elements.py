"""Which tetrahedron lies under each triangle of a surface."""

from __future__ import annotations

import numpy as np

from resynchro.heart.mesh import IndexArray

_FACES = ((0, 2, 1), (0, 1, 3), (1, 2, 3), (0, 3, 2))


def elements_under(tetrahedra: IndexArray, triangles: IndexArray) -> IndexArray:
    """Return the tetrahedron that has each triangle as a face.

    Parameters
    ----------
    tetrahedra
        Shape (m, 4).
    triangles
        Shape (k, 3), of the boundary, in any order of nodes.

    Returns
    -------
    ndarray
        Shape (k,), int32; -1 for a triangle that is no face of any tetrahedron. Of the two at an inner face the one
        with the lower number.
    """
    size = int(max(tetrahedra.max(initial=0), triangles.max(initial=0))) + 1
    wanted = _codes(triangles, size)
    touched = np.zeros(size, dtype=bool)
    touched[triangles] = True
    near = np.flatnonzero(touched[tetrahedra].sum(axis=1) >= 3)
    faces = tetrahedra[near][:, np.array(_FACES)].reshape(-1, 3)
    codes = _codes(faces, size)
    order = np.argsort(codes, kind="stable")
    at = np.searchsorted(codes[order], wanted)
    at = np.minimum(at, max(len(codes) - 1, 0))
    found = np.full(len(triangles), -1, dtype=np.int32)
    if len(codes):
        hit = codes[order[at]] == wanted
        found[hit] = near[order[at[hit]] // len(_FACES)]
    return found


def _codes(triangles: IndexArray, size: int) -> np.ndarray:
    nodes = np.sort(triangles, axis=1).astype(np.int64)
    return np.asarray((nodes[:, 0] * size + nodes[:, 1]) * size + nodes[:, 2])
