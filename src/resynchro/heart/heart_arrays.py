"""A heart as named arrays, the way other programs store it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resynchro.heart.heart import Heart
from resynchro.heart.mesh import SURFACES, IndexArray

Arrays = dict[str, NDArray[np.float64] | NDArray[np.int8] | NDArray[np.bool_]]


def node_arrays(heart: Heart) -> Arrays:
    """Return what a heart knows of each node, by name with the unit last, shape (n,) each."""
    coordinates = heart.coordinates
    return {
        "apicobasal": coordinates.apicobasal,
        "rotation_deg": coordinates.rotation_deg,
        "transmural": coordinates.transmural,
        "rv_free_wall": coordinates.rv,
    }


def element_arrays(heart: Heart) -> Arrays:
    """Return what a heart knows of each tetrahedron, shape (m,) or (m, 3) each.

    ``fibre`` and ``sheet_normal`` are unit vectors in LPS; ``segment`` is 1 to 17, 0 in the RV free wall; ``wall`` is
    0 in the LV free wall, 1 in the septum, 2 in the RV free wall; ``tissue`` is 0 healthy, 1 border zone, 2 scar core.
    """
    return {
        "fibre": heart.fibre,
        "sheet_normal": heart.sheet_normal,
        "segment": heart.segment,
        "wall": heart.wall,
        "tissue": heart.tissue,
    }


def surface_arrays(heart: Heart) -> tuple[IndexArray, NDArray[np.int8]]:
    """Return all triangles of the boundary, normals out of the muscle, and which surface each belongs to.

    Returns
    -------
    tuple
        Triangles, shape (k, 3), and their surface, shape (k,), int8: 0 left endocardium, 1 right endocardium,
        2 epicardium, 3 base. Together they are closed.
    """
    parts = [heart.mesh.surfaces[name] for name in SURFACES]
    number = np.repeat(np.arange(len(parts), dtype=np.int8), [len(part) for part in parts])
    return np.concatenate(parts), number
