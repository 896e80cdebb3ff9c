"""The surfaces of a heart that a picture can show, and how the light falls on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resynchro.heart.heart import Heart
from resynchro.heart.mesh import FloatArray, IndexArray
from resynchro.heart.surface_elements import elements_under
from resynchro.pictures.surface_image import SurfaceImage, shade

#: What is looked at: muscle from outside, or both cavities as mapping catheters show them.
Side = Literal["epicardium", "endocardium"]
#: Parts of a `HeartSurface`.
OUTER, CUT, CAVITY = 0, 1, 2
#: Less light falls into the cavities.
_CAVITY_LIGHT = 0.82


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartSurface:
    """Triangles that may show, with normals towards the side they are seen from.

    Attributes
    ----------
    triangles
        Shape (t, 3).
    element
        Tetrahedron under each, shape (t,).
    tissue
        Of that tetrahedron, shape (t,).
    part
        OUTER (epicardium, or shells of the cavities), CUT (at the base) or CAVITY, shape (t,).
    two_sided
        A shell shows its inner side where one looks into it.
    """

    triangles: IndexArray
    element: IndexArray
    tissue: NDArray[np.int8]
    part: NDArray[np.int8]
    two_sided: bool

    @property
    def outer_nodes(self) -> IndexArray:
        """Nodes of the outer part."""
        return np.unique(self.triangles[self.part == OUTER]).astype(np.int32)


def heart_surface(heart: Heart, side: Side) -> HeartSurface:
    """Return what shows of a heart from outside, or the inner surfaces of its cavities as shells."""
    mesh = heart.mesh
    parts: tuple[tuple[IndexArray, int], ...] = (
        (mesh.epicardium, OUTER),
        (mesh.base, CUT),
        (mesh.lv_endocardium, CAVITY),
        (mesh.rv_endocardium, CAVITY),
    )
    if side == "endocardium":
        parts = ((mesh.lv_endocardium[:, ::-1], OUTER), (mesh.rv_endocardium[:, ::-1], OUTER))
    triangles = np.concatenate([part for part, _ in parts])
    element = elements_under(mesh.tetrahedra, triangles)
    return HeartSurface(
        triangles=triangles,
        element=element,
        tissue=np.where(element >= 0, heart.tissue[element], 0).astype(np.int8),
        part=np.repeat([kind for _, kind in parts], [len(part) for part, _ in parts]).astype(np.int8),
        two_sided=side == "endocardium",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenSurface:
    """What shows of a surface in one view.

    Attributes
    ----------
    places
        Of all nodes in the picture: right, up, near, shape (n, 3) [mm of the picture].
    front
        Per triangle of the surface: turned to the viewer, shape (t,).
    visible
        Triangles that may show, shape (v,); `triangles` are their nodes.
    image
        Which of the visible triangles shows at every pixel.
    light
        Brightness of every pixel that shows one, in the order of ``image.triangle >= 0``.
    """

    places: FloatArray
    front: NDArray[np.bool_]
    visible: NDArray[np.int64]
    triangles: IndexArray
    image: SurfaceImage
    light: FloatArray


def light_on(
    image: SurfaceImage,
    places: FloatArray,
    triangles: IndexArray,
    front: NDArray[np.bool_],
    inner: NDArray[np.bool_],
) -> FloatArray:
    """Return the brightness of every pixel that shows something.

    Parameters
    ----------
    image
        Of these triangles.
    places, triangles
        Nodes in the picture, shape (n, 3), and what shows, shape (v, 3).
    front, inner
        Per triangle: turned to the viewer, and part of a cavity, shape (v,).
    """
    shown = image.triangle >= 0
    of_pixel = image.triangle[shown]
    towards = np.where(front, 1.0, -1.0)[of_pixel, None]
    light = shade(towards * image.at_nodes(triangles, _smooth_normals(places, triangles))[shown])
    return np.asarray(light * np.where(inner | ~front, _CAVITY_LIGHT, 1.0)[of_pixel])


def _smooth_normals(places: FloatArray, triangles: IndexArray) -> FloatArray:
    """Return unit normals at nodes, of the visible triangles around them weighted by area, shape (n, 3)."""
    corner = places[triangles]
    normals = np.repeat(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), 3, axis=0)
    summed = np.stack([np.bincount(triangles.ravel(), column, len(places)) for column in normals.T], axis=1)
    length = np.linalg.norm(summed, axis=1, keepdims=True)
    return np.asarray(summed / np.where(length > 0.0, length, 1.0))
