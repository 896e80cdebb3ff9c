"""Unstructured blocks of tissue for checks and timings: Delaunay tetrahedra of a jittered grid."""

from __future__ import annotations

import numpy as np
from scipy.spatial import Delaunay


def jittered_block(
    sides_mm: tuple[float, float, float], edge_mm: float, seed: int = 1, extra: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return points [mm] and tetrahedra: a grid moved by up to 0.3 of a step, but not off the sides.

    ``extra`` points are added to the grid. Slivers are left out: they have less than 1/600 of a grid cell.
    """
    counts = [max(round(side / edge_mm), 1) + 1 for side in sides_mm]
    axes = [np.linspace(0.0, side, count) for side, count in zip(sides_mm, counts, strict=True)]
    step = np.array([axis[1] for axis in axes])
    points = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
    shift = np.random.default_rng(seed).uniform(-0.3, 0.3, points.shape) * step
    shift[(points <= 1e-9) | (points >= np.array(sides_mm) - 1e-9)] = 0.0
    points = points + shift
    if extra is not None:
        points = np.concatenate([points, extra])
    cells = Delaunay(points).simplices.astype(np.int32)
    edges = points[cells[:, 1:]] - points[cells[:, :1]]
    return points, cells[np.abs(np.linalg.det(edges)) > 1e-2 * step.prod()]


def jittered_cube(per_side: int, side_mm: float = 60.0, seed: int = 1) -> tuple[np.ndarray, np.ndarray, int]:
    """Return a cube with so many nodes a side, and the node that was moved to its centre."""
    points, _ = jittered_block((side_mm,) * 3, side_mm / (per_side - 1), seed)
    centre = int(np.argmin(np.linalg.norm(points - side_mm / 2.0, axis=1)))
    points[centre] = side_mm / 2.0
    cells = Delaunay(points).simplices.astype(np.int32)
    edges = points[cells[:, 1:]] - points[cells[:, :1]]
    return points, cells[np.abs(np.linalg.det(edges)) > 1e-2 * (side_mm / (per_side - 1)) ** 3], centre


def unique_edges(cells: np.ndarray) -> np.ndarray:
    """Return all different edges, shape (k, 2)."""
    pairs = np.array([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)])
    return np.unique(np.sort(cells[:, pairs].reshape(-1, 2), axis=1), axis=0)


def mean_edge_mm(points: np.ndarray, cells: np.ndarray) -> float:
    """Return the mean length of all different edges [mm]."""
    edges = unique_edges(cells)
    return float(np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1).mean())


def mean_ratio(points: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Return the quality 12 (3 V)^(2/3) / sum of squared edges: 1 for the regular tetrahedron, 0 for a flat one."""
    corner = points[cells]
    volume = np.abs(np.linalg.det(corner[:, 1:] - corner[:, :1])) / 6.0
    pairs = np.array([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)])
    squares = ((corner[:, pairs[:, 0]] - corner[:, pairs[:, 1]]) ** 2).sum(axis=(1, 2))
    return np.asarray(12.0 * (3.0 * volume) ** (2.0 / 3.0) / squares)


def outer_faces(points: np.ndarray, cells: np.ndarray, axis: int, at_mm: float) -> np.ndarray:
    """Return the triangles that lie in a plane at right angles to an axis."""
    faces = np.concatenate([np.delete(cells, k, axis=1) for k in range(4)])
    return np.ascontiguousarray(faces[(np.abs(points[faces][:, :, axis] - at_mm) < 1e-9).all(axis=1)])


def turning_fibres(points: np.ndarray, cells: np.ndarray, height_mm: float) -> np.ndarray:
    """Return fibres that turn from +60 to -60 degrees between z = 0 and the height."""
    angle = np.radians(60.0 - 120.0 * points[cells].mean(axis=1)[:, 2] / height_mm)
    return np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=1)
