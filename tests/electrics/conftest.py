"""Meshes shared by the tests of travel times."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.spatial import Delaunay

Block = tuple[np.ndarray, np.ndarray, int]


@pytest.fixture(scope="session")
def jittered_cube() -> Callable[..., Block]:
    """Return a function that makes an unstructured cube: points [mm], tetrahedra, and the node at its centre."""

    def make(per_side: int, side_mm: float = 60.0, seed: int = 1) -> Block:
        grid = np.linspace(0.0, side_mm, per_side)
        step = side_mm / (per_side - 1)
        points = np.stack(np.meshgrid(grid, grid, grid, indexing="ij"), -1).reshape(-1, 3)
        shift = np.random.default_rng(seed).uniform(-0.3, 0.3, points.shape) * step
        shift[(points <= 0.0) | (points >= side_mm)] = 0.0
        points = points + shift
        centre = int(np.argmin(np.linalg.norm(points - side_mm / 2.0, axis=1)))
        points[centre] = side_mm / 2.0
        cells = Delaunay(points).simplices.astype(np.int32)
        edges = points[cells[:, 1:]] - points[cells[:, :1]]
        return points, cells[np.abs(np.linalg.det(edges)) > 6e-4 * step**3], centre

    return make
