"""The tetrahedra of both ventricles and the surfaces that bound them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int32]

#: The four parts of the boundary. ``rv_endocardium`` holds the septum's right side and the free wall's inner side.
SurfaceName = Literal["lv_endocardium", "rv_endocardium", "epicardium", "base"]
SURFACES: tuple[SurfaceName, ...] = ("lv_endocardium", "rv_endocardium", "epicardium", "base")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartMesh:
    """Both ventricles as tetrahedra, in body axes.

    Attributes
    ----------
    points_mm
        Nodes, shape (n, 3) [mm]. Axes point to the patient's left, back and head (LPS), like those of images.
    tetrahedra
        Shape (m, 4), positively oriented: (p1 - p0) x (p2 - p0) . (p3 - p0) > 0.
    lv_endocardium, rv_endocardium, epicardium, base
        Triangles of the boundary, shape (k, 3) each, normals out of the muscle.
    """

    points_mm: FloatArray
    tetrahedra: IndexArray
    lv_endocardium: IndexArray
    rv_endocardium: IndexArray
    epicardium: IndexArray
    base: IndexArray

    @property
    def surfaces(self) -> dict[SurfaceName, IndexArray]:
        """The four parts of the boundary by name."""
        return {name: getattr(self, name) for name in SURFACES}

    @property
    def volumes_mm3(self) -> FloatArray:
        """Volume of each tetrahedron, shape (m,) [mm3]."""
        corner = self.points_mm[self.tetrahedra]
        edges = corner[:, 1:] - corner[:, :1]
        return np.asarray(np.einsum("ij,ij->i", np.cross(edges[:, 0], edges[:, 1]), edges[:, 2]) / 6.0)

    @property
    def mean_edge_mm(self) -> float:
        """Mean length of all different edges [mm]."""
        pairs = np.array([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)])
        edges = np.sort(self.tetrahedra[:, pairs].reshape(-1, 2), axis=1).astype(np.int64)
        one, other = np.divmod(np.unique(edges[:, 0] * len(self.points_mm) + edges[:, 1]), len(self.points_mm))
        return float(np.linalg.norm(self.points_mm[one] - self.points_mm[other], axis=1).mean())
