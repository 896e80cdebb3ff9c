"""Coarse tetrahedra of the template torso: discs of equal triangles, fitted to each section and stacked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

from resynchro.electrics.torso import Torso
from resynchro.errors import InputError
from resynchro.heart.laplace import shape_gradients
from resynchro.heart.mesh import FloatArray, IndexArray
from resynchro.heart.prisms import tetrahedra_of_prisms

_CANDIDATES = 24


@dataclass(frozen=True, kw_only=True)
class TorsoMesh:
    """A body as tetrahedra.

    Attributes
    ----------
    points_mm
        Shape (n, 3), body axes [mm].
    tetrahedra
        Shape (m, 4), positively oriented.
    skin
        Triangles of the whole boundary, shape (k, 3).
    edge_mm
        Wanted edge length [mm].
    """

    points_mm: FloatArray
    tetrahedra: IndexArray
    skin: IndexArray
    edge_mm: float

    @cached_property
    def _centre_tree(self) -> cKDTree:
        return cKDTree(self.points_mm[self.tetrahedra].mean(axis=1))

    @cached_property
    def gradients(self) -> tuple[FloatArray, FloatArray]:
        """Gradients of the shape functions, shape (m, 4, 3) [1/mm], and volumes, shape (m,) [mm3]."""
        return shape_gradients(self.points_mm, self.tetrahedra)

    def located(self, points_mm: FloatArray) -> tuple[IndexArray, FloatArray]:
        """Find the tetrahedron of each point and the weights of its four nodes.

        Parameters
        ----------
        points_mm
            Shape (q, 3) [mm].

        Returns
        -------
        tuple
            Element, shape (q,), and weights that sum to 1, shape (q, 4).

        Raises
        ------
        InputError
            When a point lies outside the body.
        """
        gradients, _ = self.gradients
        _, candidates = self._centre_tree.query(points_mm, k=min(_CANDIDATES, len(self.tetrahedra)))
        best = np.zeros(len(points_mm), dtype=np.int32)
        weights = np.full((len(points_mm), 4), -np.inf)
        left = np.arange(len(points_mm))
        for rank in range(np.shape(candidates)[1]):
            element = np.asarray(candidates)[left, rank]
            away = points_mm[left] - self.points_mm[self.tetrahedra[element, 0]]
            share = np.einsum("qid,qd->qi", gradients[element], away)
            share[:, 0] += 1.0
            better = share.min(axis=1) > weights[left].min(axis=1)
            best[left[better]] = element[better]
            weights[left[better]] = share[better]
            left = left[weights[left].min(axis=1) < -1e-9]
            if left.size == 0:
                break
        # A point between the flat faces of a round body may lie a little outside.
        if weights.min() < -0.2:
            outside = int((weights.min(axis=1) < -0.2).sum())
            raise InputError(f"{outside} points lie outside the torso: check body size and position of the heart")
        return best, weights

    def on_skin(self, points_mm: FloatArray) -> tuple[IndexArray, FloatArray]:
        """Find the skin triangle nearest to each point and the weights of its three nodes, shapes (q, 3) and (q, 3)."""
        corner = self.points_mm[self.skin]
        nodes = np.empty((len(points_mm), 3), dtype=np.int32)
        weights = np.empty((len(points_mm), 3))
        for q, point in enumerate(points_mm):
            near = np.argsort(((corner.mean(axis=1) - point) ** 2).sum(axis=1))[:_CANDIDATES]
            shares = _nearest_in_triangles(point, corner[near])
            distance = np.linalg.norm(np.einsum("ti,tid->td", shares, corner[near]) - point, axis=1)
            found = int(np.argmin(distance))
            if distance[found] > 3.0 * self.edge_mm:
                raise InputError(
                    f"an electrode lies {distance[found]:.0f} mm off the skin: give electrodes of this torso"
                )
            nodes[q], weights[q] = self.skin[near[found]], shares[found]
        return nodes, weights


def torso_mesh(torso: Torso, *, edge_mm: float = 12.0) -> TorsoMesh:
    """Fill a torso with tetrahedra.

    Parameters
    ----------
    torso
        The body.
    edge_mm
        Wanted edge length in the chest, 6 to 30 [mm].

    Returns
    -------
    TorsoMesh
    """
    if not 6.0 <= edge_mm <= 30.0:
        raise InputError(f"edge length of the torso must lie in [6, 30] mm, got {edge_mm:g}")
    rings = max(4, round(0.93 * torso.half_width_mm / edge_mm))
    layers = max(4, round((torso.highest_mm - torso.lowest_mm) / edge_mm))
    heights = np.linspace(torso.lowest_mm, torso.highest_mm, layers + 1)
    disc, triangles = disc_of_triangles(rings)
    return _stacked(torso.filled_sections_mm(heights, disc), triangles, edge_mm)


def ball_mesh(radius_mm: float, *, rings: int) -> TorsoMesh:
    """Fill a ball with tetrahedra, for comparison with exact solutions: a disc in every height, turned to a ball."""
    disc, triangles = disc_of_triangles(rings)
    heights = np.linspace(-1.0, 1.0, 2 * rings + 1)
    # Cylinder to ball: each point keeps its direction, its largest of radius and height becomes its distance.
    points = np.empty((heights.size, len(disc), 3))
    points[..., :2] = disc
    points[..., 2] = heights[:, None]
    radial, axial = np.linalg.norm(points[..., :2], axis=-1), np.abs(points[..., 2])
    length = np.linalg.norm(points, axis=-1)
    points *= (np.maximum(radial, axial) / np.maximum(length, 1e-12))[..., None]
    return _stacked(radius_mm * points, triangles, radius_mm / rings)


def disc_of_triangles(rings: int) -> tuple[FloatArray, IndexArray]:
    """Return nodes in the unit disc, shape (n, 2), and almost equal triangles: ring k holds 6 k nodes."""
    nodes = [np.zeros((1, 2))]
    for k in range(1, rings + 1):
        angle = 2.0 * np.pi * np.arange(6 * k) / (6 * k)
        nodes.append(k / rings * np.stack([np.cos(angle), np.sin(angle)], axis=1))
    triangles = []
    for k in range(1, rings + 1):
        inner, outer = 1 + 3 * (k - 1) * (k - 2), 1 + 3 * k * (k - 1)
        for sector in range(6):
            for i in range(k):
                a = outer + sector * k + i
                b = outer + (sector * k + i + 1) % (6 * k)
                c = 0 if k == 1 else inner + (sector * (k - 1) + i) % (6 * (k - 1))
                triangles.append((a, b, c))
                if i > 0:
                    before = inner + (sector * (k - 1) + i - 1) % (6 * (k - 1))
                    triangles.append((a, c, before))
    return np.concatenate(nodes), np.array(triangles, dtype=np.int32)


def _stacked(sections_mm: FloatArray, triangles: IndexArray, edge_mm: float) -> TorsoMesh:
    """Join sections, shape (layers, n, 3), to tetrahedra, and collect the boundary."""
    layers, per_layer = sections_mm.shape[:2]
    below = (np.arange(layers - 1) * per_layer)[:, None, None] + triangles[None]
    prisms = np.concatenate([below, below + per_layer], axis=2).reshape(-1, 6).astype(np.int32)
    points_mm = sections_mm.reshape(-1, 3)
    tetrahedra = tetrahedra_of_prisms(prisms)
    skin = boundary_triangles(tetrahedra)
    return TorsoMesh(points_mm=points_mm, tetrahedra=tetrahedra, skin=skin, edge_mm=edge_mm)


def boundary_triangles(tetrahedra: IndexArray) -> IndexArray:
    """Return the faces that belong to one tetrahedron only, seen from outside counter-clockwise, shape (k, 3)."""
    faces = tetrahedra[:, [(1, 2, 3), (0, 3, 2), (0, 1, 3), (0, 2, 1)]].reshape(-1, 3)
    low, middle, high = np.sort(faces, axis=1).astype(np.int64).T
    n = int(faces.max()) + 1
    _, first, count = np.unique((low * n + middle) * n + high, return_index=True, return_counts=True)
    return np.ascontiguousarray(faces[np.sort(first[count == 1])])


def _nearest_in_triangles(point: FloatArray, corner: FloatArray) -> FloatArray:
    """Return the weights of the nearest point in each triangle, shape (t, 3); clipped, so approximate at edges."""
    a, b = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    away = point - corner[:, 0]
    aa, ab, bb = (np.einsum("td,td->t", u, v) for u, v in ((a, a), (a, b), (b, b)))
    pa, pb = np.einsum("td,td->t", away, a), np.einsum("td,td->t", away, b)
    determinant = aa * bb - ab * ab
    second, third = (bb * pa - ab * pb) / determinant, (aa * pb - ab * pa) / determinant
    shares = np.clip(np.stack([1.0 - second - third, second, third], axis=1), 0.0, None)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))
