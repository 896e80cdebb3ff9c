"""Surfaces of a biventricular mesh: its boundary, and which part is endocardium, epicardium and base."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from resynchro.errors import InputError, MeasurementError
from resynchro.heart.lines_of_sight import OpenCavities, open_cavities
from resynchro.heart.mesh import SURFACES, FloatArray, IndexArray, SurfaceName
from resynchro.heart.septum import triangle_normals

#: Neighbouring triangles whose normals differ by more lie on two sides of an edge of the shape: a cut base [deg].
_SHARP_DEG = 40.0
#: A piece between sharp edges gets one label when this share of its area agrees.
_AGREEMENT = 0.8
#: A triangle of the base looks to where the cavities are open, within about 45 degrees.
_BASE_COSINE = 0.7
#: The smaller of the two ventricular cavities must hold so much of the larger one: smaller ones are pockets.
_SMALLEST_SHARE = 0.08
#: Share of the boundary's area up to which a part of its own is a hole in the muscle and not a closed cavity.
_LARGEST_HOLE = 0.02
#: A part of the base of its own, such as the ring of one valve, holds at least this share of it.
_SMALLEST_BASE_PART = 0.05
#: Walls whose thickness differs by less do not tell the ventricles apart; then the rounder cavity is the left one.
_CLEARLY_THICKER = 1.2
_LV, _RV, _EPICARDIUM, _BASE = range(4)


def boundary_triangles(tetrahedra: IndexArray) -> IndexArray:
    """Return the faces that belong to one tetrahedron only, normals out of the muscle.

    Parameters
    ----------
    tetrahedra
        Shape (m, 4), positively oriented.

    Returns
    -------
    ndarray
        Shape (k, 3).
    """
    corners = ((1, 2, 3), (0, 3, 2), (0, 1, 3), (0, 2, 1))
    faces = np.concatenate([tetrahedra[:, corner] for corner in corners])
    ordered = np.sort(faces, axis=1).astype(np.int64)
    size = int(tetrahedra.max()) + 1
    key = (ordered[:, 0] * size + ordered[:, 1]) * size + ordered[:, 2]
    _, first, count = np.unique(key, return_index=True, return_counts=True)
    return np.ascontiguousarray(faces[np.sort(first[count == 1])])


def neighbours_over_edges(triangles: IndexArray) -> IndexArray:
    """Return pairs of triangles that share an edge, shape (p, 2)."""
    sides = np.sort(np.concatenate([triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])]), axis=1).astype(np.int64)
    key = sides[:, 0] * (int(triangles.max()) + 1) + sides[:, 1]
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero(np.diff(key[order]) == 0)
    owner = np.tile(np.arange(len(triangles), dtype=np.int32), 3)[order]
    return np.column_stack([owner[same], owner[same + 1]])


def connected_parts(count: int, pairs: IndexArray) -> NDArray[np.int32]:
    """Return the number of the connected part that each of `count` things belongs to, by pairs that touch."""
    graph = sparse.csr_array((np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int32)


def labelled_surfaces(points_mm: FloatArray, tetrahedra: IndexArray) -> dict[SurfaceName, IndexArray]:
    """Find endocardia, epicardium and base of a biventricular mesh without labels.

    Parameters
    ----------
    points_mm
        Shape (n, 3) [mm], in any position.
    tetrahedra
        Shape (m, 4), positively oriented; both ventricles with an open base.

    Returns
    -------
    dict
        Triangles by name, normals out of the muscle.

    Raises
    ------
    MeasurementError
        When there are not two cavities with an open base; the message says what was found.

    Notes
    -----
    Small holes within the muscle belong to no surface. A triangle looks into a cavity when muscle blocks most ways out
    of the place in front of it. Pieces of the boundary between sharp edges get one label. The left ventricle is the one
    with the clearly thicker wall, else (less than 20 % difference) the one with the rounder cavity.
    """
    triangles = _outer_boundary(points_mm, boundary_triangles(tetrahedra))
    cavities = open_cavities(points_mm, tetrahedra)
    large = np.flatnonzero(cavities.volumes_ml >= _SMALLEST_SHARE * cavities.volumes_ml[:1].sum())
    if len(large) != 2:
        volumes = ", ".join(f"{volume:.0f}" for volume in cavities.volumes_ml[large]) or "none"
        raise MeasurementError(
            f"two ventricular cavities with an open base are needed, found {len(large)} (volumes in mL: {volumes}): "
            "cut atria and vessels off at the base, or give the surfaces by label"
        )
    label = _labels(points_mm, triangles, cavities)
    pairs = neighbours_over_edges(triangles)
    normals = triangle_normals(points_mm, triangles)
    label = _one_label_per_piece(label, pairs, normals)
    label = _largest_piece_only(label, pairs, np.linalg.norm(normals, axis=1))
    if _second_is_left(points_mm, triangles, label, cavities):
        label = np.choose(label, [_RV, _LV, _EPICARDIUM, _BASE])
    found: dict[SurfaceName, IndexArray] = {
        "lv_endocardium": triangles[label == _LV],
        "rv_endocardium": triangles[label == _RV],
        "epicardium": triangles[label == _EPICARDIUM],
        "base": triangles[label == _BASE],
    }
    for name, part in found.items():
        if len(part) == 0:
            raise MeasurementError(
                f"no triangle of the boundary was recognised as {name.replace('_', ' ')}: give the surfaces by label"
            )
    return found


def _outer_boundary(points_mm: FloatArray, triangles: IndexArray) -> IndexArray:
    """Return the one large connected part of the boundary; an open heart has no second one."""
    piece = connected_parts(len(triangles), neighbours_over_edges(triangles))
    area = np.bincount(piece, np.linalg.norm(triangle_normals(points_mm, triangles), axis=1))
    shares = np.sort(area)[::-1] / area.sum()
    if len(shares) > 1 and shares[1] > _LARGEST_HOLE:
        raise MeasurementError(
            f"the boundary of the mesh has {int(np.sum(shares > _LARGEST_HOLE))} separate parts: a cavity is closed, "
            "or the ventricles are not joined; cut the mesh open at the base"
        )
    return np.asarray(triangles[piece == np.argmax(area)])


def matched_surfaces(
    boundary: IndexArray, given: Mapping[SurfaceName, NDArray[np.integer]]
) -> dict[SurfaceName, IndexArray]:
    """Return the parts of a boundary that given triangles name.

    Parameters
    ----------
    boundary
        All triangles of the boundary, normals out of the muscle, shape (k, 3).
    given
        Triangles by name, in any orientation. One of the four names may be absent: it is what remains.

    Returns
    -------
    dict
        Triangles by name, oriented as the boundary.

    Raises
    ------
    InputError
        For unknown names, two absent ones, triangles that are not on the boundary or in two parts, or a boundary that
        is not covered.
    """
    unknown = sorted(set(given) - set(SURFACES))
    absent = [name for name in SURFACES if name not in given or len(given[name]) == 0]
    if unknown or len(absent) > 1:
        raise InputError(
            f"surfaces {', '.join(sorted(given)) or 'none'} were given, needed are {', '.join(SURFACES)}; "
            "one of them may be left out"
        )
    place = {tuple(row): number for number, row in enumerate(np.sort(boundary, axis=1).tolist())}
    label = np.full(len(boundary), -1, dtype=np.int64)
    for number, name in enumerate(SURFACES):
        rows = [] if name in absent else np.sort(np.asarray(given[name]), axis=1).tolist()
        at = np.array([place.get(tuple(row), -1) for row in rows], dtype=np.int64)
        if np.any(at < 0):
            raise InputError(
                f"{int(np.sum(at < 0))} of {len(at)} triangles of {name} are not on the boundary of the mesh"
            )
        if np.any(label[at] >= 0):
            raise InputError(f"{int(np.sum(label[at] >= 0))} triangles of {name} belong to another surface too")
        label[at] = number
    rest = label < 0
    if rest.any() and not absent:
        raise InputError(f"{int(rest.sum())} of {len(boundary)} triangles of the boundary belong to no given surface")
    if absent:
        if not rest.any():
            raise InputError(f"no triangles remain for {absent[0]}: give it")
        label[rest] = SURFACES.index(absent[0])
    return {name: boundary[label == number] for number, name in enumerate(SURFACES)}


def _labels(points_mm: FloatArray, triangles: IndexArray, cavities: OpenCavities) -> NDArray[np.int64]:
    """Label each triangle by what lies in front of it."""
    normals = triangle_normals(points_mm, triangles)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    middle = points_mm[triangles].mean(axis=1)
    label = np.full(len(triangles), _EPICARDIUM, dtype=np.int64)
    label[normals @ cavities.open_direction >= _BASE_COSINE] = _BASE
    inside = np.isin(cavities.part, (1, 2))
    voxels = np.argwhere(inside)
    where = cKDTree(cavities.corner_mm + voxels * cavities.voxel_mm)
    # 1.5 voxels in front of the surface: past voxels that hold a little muscle.
    found = where.query(middle + 1.5 * cavities.voxel_mm * normals)
    distance, nearest = np.asarray(found[0]), np.asarray(found[1])
    near = distance <= 1.0 * cavities.voxel_mm
    label[near] = np.where(cavities.part[tuple(voxels[nearest[near]].T)] == 1, _LV, _RV)
    return label


def _one_label_per_piece(label: NDArray[np.int64], pairs: IndexArray, normals: FloatArray) -> NDArray[np.int64]:
    """Give each piece between sharp edges its prevailing label, where one prevails."""
    area = np.linalg.norm(normals, axis=1)
    unit = normals / np.maximum(area, 1e-12)[:, None]
    smooth = np.einsum("ij,ij->i", unit[pairs[:, 0]], unit[pairs[:, 1]]) >= np.cos(np.radians(_SHARP_DEG))
    piece = connected_parts(len(label), pairs[smooth])
    votes = np.stack([np.bincount(piece, area * (label == name), piece.max() + 1) for name in range(4)], axis=1)
    clear = votes.max(axis=1) >= _AGREEMENT * votes.sum(axis=1)
    return np.where(clear[piece], votes.argmax(axis=1)[piece], label)


def _largest_piece_only(label: NDArray[np.int64], pairs: IndexArray, area: FloatArray) -> NDArray[np.int64]:
    """Give islands of a label that of their surroundings; the base may have several parts, each beside a cavity."""
    label = label.copy()
    both = np.concatenate([pairs, pairs[:, ::-1]])
    for _ in range(20):
        piece = connected_parts(len(label), pairs[label[pairs[:, 0]] == label[pairs[:, 1]]])
        size = np.bincount(piece, area)
        main = np.zeros(len(size), dtype=bool)
        for name in range(4):
            pieces = np.unique(piece[label == name])
            if len(pieces):
                main[pieces[np.argmax(size[pieces])]] = True
        rim = piece[both[(label[both[:, 0]] == _BASE) & (label[both[:, 1]] <= _RV), 0]]
        main[rim[size[rim] >= _SMALLEST_BASE_PART * area[label == _BASE].sum()]] = True
        if main[piece].all():
            break
        wrong = ~main[piece]
        touching = both[wrong[both[:, 0]] & ~wrong[both[:, 1]]]
        if len(touching) == 0:
            break
        label[touching[:, 0]] = label[touching[:, 1]]
    return label


def _second_is_left(
    points_mm: FloatArray, triangles: IndexArray, label: NDArray[np.int64], cavities: OpenCavities
) -> bool:
    """Tell whether the second cavity is the left ventricle's."""
    outer = cKDTree(points_mm[np.unique(triangles[label == _EPICARDIUM])])
    thickness, roundness = [], []
    for mine, other, part in ((_LV, _RV, 1), (_RV, _LV, 2)):
        nodes = np.unique(triangles[label == mine])
        across = cKDTree(points_mm[np.unique(triangles[label == other])])
        to_outer = np.asarray(outer.query(points_mm[nodes])[0])
        free = to_outer < np.asarray(across.query(points_mm[nodes])[0])  # not the septum
        if not free.any():
            raise MeasurementError("one cavity lies wholly within the other's wall: give the surfaces by label")
        thickness.append(float(np.median(to_outer[free])))
        voxels = np.argwhere(cavities.part == part).astype(float)
        spread = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(voxels.T)), 0.0))
        roundness.append(float(spread[0] / spread[1]))
    ratio = thickness[1] / thickness[0]
    if max(ratio, 1.0 / ratio) >= _CLEARLY_THICKER:
        return ratio > 1.0
    return roundness[1] > roundness[0]
