"""Cavities of an open shape: the places outside of the muscle from which most lines of sight end at muscle."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from resynchro.heart.mesh import FloatArray, IndexArray

#: Of the 26 directions to neighbouring voxels, so many must be blocked inside of a cavity. In the plane of a flat base
#: 17 are; outside, in the groove between both ventricles, up to 15 (template and crtdemo hearts).
BLOCKED_INSIDE = 16
#: Voxels across the longest side of the heart: 2 mm for a heart of 120 mm.
_VOXELS_ACROSS = 60
_DIRECTIONS = tuple(step for step in itertools.product((-1, 0, 1), repeat=3) if any(step))


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCavities:
    """Voxels around a heart.

    Attributes
    ----------
    part
        Number of the cavity a voxel belongs to, largest first from 1; 0 outside and in the muscle; shape (x, y, z).
    volumes_ml
        Of the cavities [mL].
    open_direction
        Unit vector towards which the two largest cavities are open, shape (3,).
    corner_mm
        Centre of the first voxel, shape (3,) [mm].
    voxel_mm
        Side of a voxel [mm].
    """

    part: NDArray[np.int32]
    volumes_ml: FloatArray
    open_direction: FloatArray
    corner_mm: FloatArray
    voxel_mm: float


def open_cavities(points_mm: FloatArray, tetrahedra: IndexArray) -> OpenCavities:
    """Find the cavities that muscle surrounds on most sides.

    Parameters
    ----------
    points_mm
        Shape (n, 3) [mm].
    tetrahedra
        Shape (m, 4).

    Returns
    -------
    OpenCavities
        May hold none.
    """
    low, high = points_mm.min(axis=0), points_mm.max(axis=0)
    voxel_mm = float((high - low).max()) / _VOXELS_ACROSS
    corner = low - 2.0 * voxel_mm
    shape = tuple(int(size) for size in np.ceil((high - low) / voxel_mm).astype(int) + 5)
    muscle = _muscle_voxels(points_mm, tetrahedra, corner, voxel_mm, shape)
    blocked = np.zeros(shape, dtype=np.int8)
    way_out = np.zeros((*shape, 3), dtype=np.float32)
    for step in _DIRECTIONS:
        closed = _blocked_along(muscle, step)
        blocked += closed
        way_out[~closed] += np.array(step, dtype=np.float32) / np.float32(np.linalg.norm(step))
    blocked[muscle] = 0
    part, count = ndimage.label(blocked >= BLOCKED_INSIDE)
    voxels = np.bincount(part.ravel(), minlength=count + 1)[1:]
    order = np.argsort(-voxels, kind="stable")
    rank = np.zeros(count + 1, dtype=np.int32)
    rank[1 + order] = np.arange(1, count + 1)
    part = rank[part]
    out = way_out[(part == 1) | (part == 2)].sum(axis=0).astype(float)
    length = float(np.linalg.norm(out))
    return OpenCavities(
        part=part,
        volumes_ml=np.asarray(voxels[order] * voxel_mm**3 / 1000.0, dtype=np.float64),
        open_direction=out / length if length > 0.0 else out,
        corner_mm=corner,
        voxel_mm=voxel_mm,
    )


def _muscle_voxels(
    points_mm: FloatArray, tetrahedra: IndexArray, corner: FloatArray, voxel_mm: float, shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Mark every voxel that a point of a fine lattice in a tetrahedron falls into."""
    corners = points_mm[tetrahedra]
    longest = np.linalg.norm(corners[:, [0, 0, 0, 1, 1, 2]] - corners[:, [1, 2, 3, 2, 3, 3]], axis=2).max(axis=1)
    steps = np.maximum(1, np.ceil(1.5 * longest / voxel_mm).astype(int))
    muscle = np.zeros(shape, dtype=bool)
    for count in np.unique(steps):
        lattice = [c for c in itertools.product(range(count + 1), repeat=3) if sum(c) <= count]
        weights = np.array([(*c, count - sum(c)) for c in lattice], dtype=float) / count
        chosen = corners[steps == count]
        for weight in weights:  # one lattice point of all tetrahedra at a time keeps the memory small
            place = np.rint((np.tensordot(chosen, weight, axes=([1], [0])) - corner) / voxel_mm).astype(np.intp)
            muscle[tuple(place.T)] = True
    return muscle


def _blocked_along(muscle: NDArray[np.bool_], step: tuple[int, ...]) -> NDArray[np.bool_]:
    """Tell from which voxels the straight way in one direction meets muscle."""
    axis = next(k for k in range(3) if step[k])
    ahead, closed = np.moveaxis(muscle, axis, 0), np.zeros_like(muscle)
    view = np.moveaxis(closed, axis, 0)
    across = [step[k] for k in range(3) if k != axis]
    layers = range(view.shape[0] - 2, -1, -1) if step[axis] > 0 else range(1, view.shape[0])
    for layer in layers:
        following = layer + step[axis]
        view[layer] = _moved(ahead[following] | view[following], across)
    return closed


def _moved(plane: NDArray[np.bool_], step: list[int]) -> NDArray[np.bool_]:
    """Return the plane such that each place holds what lay one step ahead; nothing comes in at the border."""
    result = np.zeros_like(plane)
    source = tuple(slice(max(s, 0), plane.shape[k] + min(s, 0)) for k, s in enumerate(step))
    target = tuple(slice(max(-s, 0), plane.shape[k] + min(-s, 0)) for k, s in enumerate(step))
    result[target] = plane[source]
    return result
