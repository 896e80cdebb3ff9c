"""Is this a mesh that a heart can be computed on? Orientation, slivers, doubled nodes, pieces, faces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from resynchro.errors import InputError
from resynchro.heart.mesh import FloatArray, IndexArray
from resynchro.record.finding import Finding

FEWEST_TETRAHEDRA, MOST_TETRAHEDRA = 500, 5_000_000
MOST_NODES: Final = 2_000_000  # three of their numbers fit into 63 bits
#: Longest side of the box around both ventricles [mm].
HEART_EXTENT_MM: Final = (30.0, 400.0)
#: Quality 6 sqrt(2) V / (root mean square edge)^3: 1 for a regular tetrahedron, 0 for a flat one.
FLAT_QUALITY: Final = 1e-5
POOR_QUALITY: Final = 0.05
#: Pieces of no more than this share of the tetrahedra are dropped.
ISLAND_SHARE: Final = 1e-3
#: Nodes that round to the same place on a grid of this share of the longest side are one node.
_SAME_PLACE: Final = 1e-6
#: The four faces of a tetrahedron, seen from outside counter-clockwise where it is positively oriented.
_FACES: Final = np.array([(1, 2, 3), (0, 3, 2), (0, 1, 3), (0, 2, 1)])

CountArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedMesh:
    """A mesh of one piece, positively oriented, every node used, every face between at most two tetrahedra.

    Attributes
    ----------
    points_mm
        Shape (n, 3) [mm].
    tetrahedra
        Shape (m, 4), positively oriented.
    kept_nodes
        For every node its index in the given nodes, shape (n,): ``values[kept_nodes]`` restricts an array per node.
    kept_tetrahedra
        For every tetrahedron its index in the given ones, shape (m,).
    boundary
        Triangles of the boundary, shape (k, 3), normals out of the muscle.
    findings
        What was mended and what to know.
    """

    points_mm: FloatArray
    tetrahedra: IndexArray
    kept_nodes: CountArray
    kept_tetrahedra: CountArray
    boundary: IndexArray
    findings: tuple[Finding, ...] = ()


def check_tetrahedra(
    points_mm: ArrayLike,
    tetrahedra: ArrayLike,
    *,
    extent_range_mm: tuple[float, float] = HEART_EXTENT_MM,
    fewest: int = FEWEST_TETRAHEDRA,
) -> CheckedMesh:
    """Check a mesh of tetrahedra and mend what can be mended without changing the shape.

    Mended, with a finding: tetrahedra whose corners are listed in the mirrored order, nodes that lie on one another
    (merged), islands of at most 0.1 % of the tetrahedra (dropped), nodes that nothing uses (dropped).

    Parameters
    ----------
    points_mm
        Nodes, shape (n, 3) [mm].
    tetrahedra
        Indices of nodes, shape (m, 4).
    extent_range_mm
        Allowed length of the longest side of the box around the mesh [mm]; wider for blocks of tissue.
    fewest
        Least number of tetrahedra; smaller for tests on blocks.

    Returns
    -------
    CheckedMesh
        The mesh with where its nodes and tetrahedra came from.

    Raises
    ------
    InputError
        When coordinates are not finite, an index names no node, the mesh is too small, too large or not the size of a
        heart, tetrahedra are flat or overlap, a face belongs to more than two of them, or there are several pieces.

    Notes
    -----
    A tetrahedron of negative volume is either listed in mirrored order or turned inside out. After all are listed
    positively, two neighbours that lie on the same side of their common face overlap: that one is inside out.
    """
    points, cells = _checked_arrays(points_mm, tetrahedra, fewest)
    findings: list[Finding] = []
    _check_extent(points, cells, extent_range_mm)
    cells = _merged(points, cells, findings)
    cells = _oriented(points, cells, findings)
    first, second, boundary, codes = _faces(cells, len(points))
    kept = _one_piece(len(cells), first, second, findings)
    if len(kept) < len(cells):
        boundary = boundary[np.isin(codes // 4, kept)]
    _say_pinched_edges(boundary, len(points), findings)
    kept_nodes = _used(cells[kept], len(points))
    _say_unused(len(points) - len(_used(np.asarray(tetrahedra), len(points))), findings)
    place = np.zeros(len(points), dtype=np.int64)
    place[kept_nodes] = np.arange(len(kept_nodes))
    arrays = (
        np.ascontiguousarray(points[kept_nodes]),
        place[cells[kept]].astype(np.int32),
        kept_nodes.astype(np.int64),
        kept.astype(np.int64),
        place[boundary].astype(np.int32),
    )
    for array in arrays:
        array.setflags(write=False)
    return CheckedMesh(
        points_mm=arrays[0],
        tetrahedra=arrays[1],
        kept_nodes=arrays[2],
        kept_tetrahedra=arrays[3],
        boundary=arrays[4],
        findings=tuple(findings),
    )


def _checked_arrays(points_mm: ArrayLike, tetrahedra: ArrayLike, fewest: int) -> tuple[FloatArray, CountArray]:
    points = np.ascontiguousarray(points_mm, dtype=np.float64)
    given = np.asarray(tetrahedra)
    if points.ndim != 2 or points.shape[1] != 3:
        raise InputError(f"nodes have shape {points.shape}, needed is (n, 3)")
    if given.ndim != 2 or given.shape[1] != 4 or given.dtype.kind not in "iu":
        raise InputError(f"tetrahedra have shape {given.shape} of {given.dtype}, needed is (m, 4) of whole numbers")
    cells = given.astype(np.int64)
    if not fewest <= len(cells) <= MOST_TETRAHEDRA:
        raise InputError(
            f"the mesh has {len(cells)} tetrahedra, allowed are {fewest} to {MOST_TETRAHEDRA}; mesh the heart again "
            "with edges of 1 to 3 mm"
        )
    if len(points) > MOST_NODES:
        raise InputError(f"the mesh has {len(points)} nodes, allowed are up to {MOST_NODES}")
    if int(cells.min()) < 0 or int(cells.max()) >= len(points):
        raise InputError(
            f"tetrahedra name nodes {int(cells.min())} to {int(cells.max())}, there are nodes 0 to {len(points) - 1}"
        )
    finite = np.isfinite(points).all(axis=1)
    if not finite.all():
        raise InputError(
            f"{np.count_nonzero(~finite)} of {len(points)} nodes have coordinates that are not finite (the first is "
            f"node {int(np.argmin(finite))}); export the mesh again"
        )
    return points, cells


def _check_extent(points: FloatArray, cells: CountArray, extent_range_mm: tuple[float, float]) -> None:
    corners = points[_used(cells, len(points))]
    extent = float((corners.max(axis=0) - corners.min(axis=0)).max())
    low, high = extent_range_mm
    if low <= extent <= high:
        return
    units = {"metres": 1000.0, "centimetres": 10.0, "micrometres": 0.001}
    fitting = [name for name, factor in units.items() if low <= extent * factor <= high]
    hint = f"it looks like {' or '.join(fitting)}: convert it to mm" if fitting else "check its unit (mm)"
    raise InputError(f"the mesh is {extent:.4g} mm long, allowed are {low:g} to {high:g} mm; {hint}")


def _used(cells: NDArray[np.integer], nodes: int) -> CountArray:
    """Return the nodes that cells use, in growing order."""
    used = np.zeros(nodes, dtype=bool)
    used[cells] = True
    return np.flatnonzero(used)


def _merged(points: FloatArray, cells: CountArray, findings: list[Finding]) -> CountArray:
    """Return cells in which nodes of the same place are one node: the first of them."""
    used = _used(cells, len(points))
    places = points[used]
    low = places.min(axis=0)
    step = float((places.max(axis=0) - low).max()) * _SAME_PLACE
    grid = np.rint((places - low) / step).astype(np.int64)  # at most 1e6 + 1 steps, which is 20 bits
    key = (grid[:, 0] << 40) + (grid[:, 1] << 20) + grid[:, 2]
    order = np.argsort(key, kind="stable")  # stable: the first of each place is its lowest node
    ordered = key[order]
    new_place = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    if new_place.all():
        return cells
    first_of_place = used[order[new_place]]
    representative = np.arange(len(points))
    representative[used[order]] = first_of_place[np.cumsum(new_place) - 1]
    merged = representative[cells]
    message = (
        f"{len(used) - len(first_of_place)} nodes lie on top of others and were merged with them; a slit made of "
        "doubled nodes is closed by this."
    )
    findings.append(Finding(code="mesh-doubled-nodes", message=message))
    return merged


def _oriented(points: FloatArray, cells: CountArray, findings: list[Finding]) -> CountArray:
    """Return cells of positive volume; flat ones are an error."""
    corner = points[cells[:, 0]]
    a, b, c = (points[cells[:, index]] - corner for index in (1, 2, 3))
    six_volumes = (
        a[:, 0] * (b[:, 1] * c[:, 2] - b[:, 2] * c[:, 1])
        + a[:, 1] * (b[:, 2] * c[:, 0] - b[:, 0] * c[:, 2])
        + a[:, 2] * (b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0])
    )
    squares = sum(np.einsum("ij,ij->i", edge, edge) for edge in (a, b, c, b - a, c - a, c - b))
    mean_cubed = (np.asarray(squares) / 6.0) ** 1.5
    quality = np.sqrt(2.0) * np.abs(six_volumes) / np.where(mean_cubed > 0.0, mean_cubed, 1.0)
    flat = quality < FLAT_QUALITY
    if flat.any():
        raise InputError(
            f"{np.count_nonzero(flat)} of {len(cells)} tetrahedra are flat (the first is element "
            f"{int(np.argmax(flat))}, volume {six_volumes[int(np.argmax(flat))] / 6.0:.3g} mm3): its corners lie "
            "in one plane or coincide; optimise the mesh (gmsh -optimize, mmg3d) or mesh again"
        )
    poor = int(np.count_nonzero(quality < POOR_QUALITY))
    if poor:
        message = (
            f"{poor} of {len(cells)} tetrahedra are slivers (quality below {POOR_QUALITY:g}, lowest "
            f"{quality.min():.2g}); travel times near them are less exact."
        )
        findings.append(Finding(code="mesh-slivers", message=message))
    mirrored = six_volumes < 0.0
    if mirrored.any():
        cells = cells.copy()
        cells[mirrored] = cells[mirrored][:, [0, 1, 3, 2]]
        message = f"{np.count_nonzero(mirrored)} of {len(cells)} tetrahedra were listed in mirrored order and turned."
        findings.append(Finding(code="mesh-mirrored", message=message))
    return cells


def _faces(cells: CountArray, nodes: int) -> tuple[CountArray, CountArray, CountArray, CountArray]:
    """Return neighbours across faces (two arrays), the boundary, and 4 * cell + face of each boundary triangle."""
    faces = cells[:, _FACES].reshape(-1, 3)
    a, b, c = (np.ascontiguousarray(faces[:, corner]) for corner in range(3))
    low, high = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
    key = (low * nodes + (a + b + c - low - high)) * nodes + high
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    same = ordered[1:] == ordered[:-1]
    triple = same[1:] & same[:-1]
    if triple.any():
        face = faces[order[int(np.argmax(triple))]]
        raise InputError(
            f"{np.count_nonzero(triple)} faces belong to more than two tetrahedra (the first joins nodes "
            f"{', '.join(str(int(node)) for node in face)}); the mesh overlaps itself or holds tetrahedra twice: "
            "mesh again"
        )
    at = np.flatnonzero(same)
    one, other = order[at], order[at + 1]
    # Counter-clockwise from outside of one is clockwise from outside of its neighbour: an even permutation between
    # both means that they lie on the same side.
    overlapping = _even(faces[one], faces[other])
    if overlapping.any():
        raise InputError(
            f"{np.count_nonzero(overlapping)} pairs of tetrahedra overlap: they lie on the same side of their common "
            f"face (the first are elements {int(one[np.argmax(overlapping)]) // 4} and "
            f"{int(other[np.argmax(overlapping)]) // 4}); some are turned inside out: repair the mesh or mesh again"
        )
    alone = np.ones(len(order), dtype=bool)
    alone[at] = False
    alone[at + 1] = False
    codes = order[alone]
    return one // 4, other // 4, faces[codes], codes


def _even(one: CountArray, other: CountArray) -> NDArray[np.bool_]:
    """Tell where two lists of the same three nodes differ by an even permutation (a rotation)."""
    (a, b), (x, y, z) = one[:, :2].T, other.T
    return np.asarray(((a == x) & (b == y)) | ((a == y) & (b == z)) | ((a == z) & (b == x)))


def _one_piece(count: int, first: CountArray, second: CountArray, findings: list[Finding]) -> CountArray:
    """Return the tetrahedra of the one large piece that is joined through faces."""
    graph = coo_matrix((np.ones(len(first), dtype=np.int8), (first, second)), shape=(count, count))
    pieces, piece_of = connected_components(graph, directed=False)
    if pieces == 1:
        return np.arange(count)
    sizes = np.bincount(piece_of)
    largest = int(np.argmax(sizes))
    others = np.sort(np.delete(sizes, largest))[::-1]
    if others[0] > ISLAND_SHARE * count:
        listed = ", ".join(str(int(size)) for size in others[:5]) + (", ..." if len(others) > 5 else "")
        raise InputError(
            f"the mesh is in {pieces} pieces that share no face, of {int(sizes[largest])}, {listed} tetrahedra; "
            "join them, or save the ventricles alone"
        )
    message = f"{len(others)} islands with {int(others.sum())} tetrahedra together were dropped; they touch no face."
    findings.append(Finding(code="mesh-islands", message=message))
    return np.flatnonzero(piece_of == largest)


def _say_pinched_edges(boundary: CountArray, nodes: int, findings: list[Finding]) -> None:
    """Remark on edges of the boundary where more than two boundary triangles meet: walls that touch along a line."""
    one, other = boundary.T.reshape(-1), boundary[:, [1, 2, 0]].T.reshape(-1)
    keys = np.sort(np.minimum(one, other) * nodes + np.maximum(one, other))
    if len(keys) < 3:
        return
    pinched = len(np.unique(keys[2:][keys[2:] == keys[:-2]]))
    if pinched:
        message = (
            f"At {pinched} edges of the boundary more than two of its triangles meet: walls touch along a line there, "
            "and a front may pass."
        )
        findings.append(Finding(code="mesh-pinched-edges", message=message))


def _say_unused(unused: int, findings: list[Finding]) -> None:
    if unused:
        message = f"{unused} nodes belong to no tetrahedron and were dropped."
        findings.append(Finding(code="mesh-unused-nodes", message=message))
