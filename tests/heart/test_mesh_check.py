"""What a mesh may not be, and what is mended: each fault is made by hand in a block of tetrahedra."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.heart.mesh_check import CheckedMesh, check_tetrahedra

Points, Cells = NDArray[np.float64], NDArray[np.int64]


def block(cells: int = 5, edge_mm: float = 12.0) -> tuple[Points, Cells]:
    """Return a cube of ``6 * cells**3`` positively oriented tetrahedra."""
    axis = np.arange(cells + 1)
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    low = points[(points < cells).all(axis=1)]
    parts = []
    for order in itertools.permutations(range(3)):
        steps = np.zeros((4, 3), dtype=np.int64)
        for step, direction in enumerate(order):
            steps[step + 1 :, direction] += 1
        place = low[:, None] + steps
        cell = (place[..., 0] * (cells + 1) + place[..., 1]) * (cells + 1) + place[..., 2]
        parts.append(cell[:, [0, 1, 3, 2]] if np.linalg.det(steps[1:] - steps[0]) < 0 else cell)
    return points * edge_mm, np.concatenate(parts).astype(np.int64)


POINTS, TETS = block()  # 60 mm, 750 tetrahedra


def volumes(mesh: CheckedMesh) -> Points:
    corner = mesh.points_mm[mesh.tetrahedra]
    edges = corner[:, 1:] - corner[:, :1]
    return np.asarray(np.linalg.det(edges) / 6.0)


def codes(mesh: CheckedMesh) -> list[str]:
    return [finding.code for finding in mesh.findings]


def test_a_good_mesh_passes_as_it_is() -> None:
    mesh = check_tetrahedra(POINTS, TETS)
    assert codes(mesh) == []
    np.testing.assert_array_equal(mesh.points_mm, POINTS)
    np.testing.assert_array_equal(mesh.tetrahedra, TETS)
    # 6 sides of 5 x 5 squares, two triangles each.
    assert len(mesh.boundary) == 300
    assert not mesh.points_mm.flags.writeable and not mesh.boundary.flags.writeable


def test_normals_of_the_boundary_point_outwards() -> None:
    mesh = check_tetrahedra(POINTS, TETS)
    corner = mesh.points_mm[mesh.boundary]
    # Divergence theorem: the sum of x . n dA / 3 over an outward boundary is the volume, 60^3.
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]) / 2.0
    assert np.einsum("ij,ij->", corner.mean(axis=1), normal) / 3.0 == pytest.approx(60.0**3)


def test_mirrored_order_is_turned() -> None:
    cells = TETS.copy()
    cells[10:40] = cells[10:40][:, [1, 0, 2, 3]]
    mesh = check_tetrahedra(POINTS, cells)
    assert codes(mesh) == ["mesh-mirrored"] and "30 of 750" in mesh.findings[0].message
    assert volumes(mesh).min() > 0.0
    assert volumes(mesh).sum() == pytest.approx(60.0**3)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_neither_order_nor_numbering_matters(seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = rng.permutation(len(POINTS))
    points = np.empty_like(POINTS)
    points[names] = POINTS
    cells = rng.permuted(names[TETS][rng.permutation(len(TETS))], axis=1)
    mesh = check_tetrahedra(points, cells)
    assert volumes(mesh).min() > 0.0 and len(mesh.boundary) == 300
    assert set(codes(mesh)) <= {"mesh-mirrored"}


def test_a_node_pushed_through_its_neighbours_is_an_error() -> None:
    points = POINTS.copy()
    middle = int(np.flatnonzero((POINTS == 24.0).all(axis=1))[0])
    points[middle] += [30.0, 3.0, 2.0]  # two and a half edges to the side
    with pytest.raises(InputError, match="overlap: they lie on the same side"):
        check_tetrahedra(points, TETS)


def test_flat_tetrahedra_are_an_error() -> None:
    cells = TETS.copy()
    cells[3, 2] = cells[3, 1]
    with pytest.raises(InputError, match=r"1 of 750 tetrahedra are flat \(the first is element 3,"):
        check_tetrahedra(POINTS, cells)
    points = POINTS.copy()
    points[:, 2] = 0.0
    with pytest.raises(InputError, match="750 of 750 tetrahedra are flat"):
        check_tetrahedra(points, TETS)


def test_slivers_are_said() -> None:
    mesh = check_tetrahedra(POINTS * [1.0, 1.0, 0.01], TETS)
    assert codes(mesh) == ["mesh-slivers"] and "750 of 750" in mesh.findings[0].message


def test_doubled_nodes_are_merged() -> None:
    # The upper half gets nodes of its own in the plane between: 36 doubled nodes, two pieces.
    upper = (POINTS[TETS].mean(axis=1)[:, 2]) > 24.0
    twin = np.arange(len(POINTS))
    plane = np.flatnonzero(POINTS[:, 2] == 24.0)
    twin[plane] = len(POINTS) + np.arange(len(plane))
    points = np.vstack([POINTS, POINTS[plane] + 1e-6])
    cells = TETS.copy()
    cells[upper] = twin[cells[upper]]
    mesh = check_tetrahedra(points, cells)
    assert codes(mesh) == ["mesh-doubled-nodes"] and mesh.findings[0].message.startswith("36 nodes")
    assert len(mesh.points_mm) == len(POINTS) and len(mesh.boundary) == 300


def test_nodes_that_nothing_uses_are_dropped_wherever_they_lie() -> None:
    points = np.vstack([[[9e6, 0.0, 0.0]], POINTS, [[0.0, 0.0, 0.0]]])
    mesh = check_tetrahedra(points, TETS + 1)
    assert codes(mesh) == ["mesh-unused-nodes"] and mesh.findings[0].message.startswith("2 nodes")
    np.testing.assert_array_equal(mesh.kept_nodes, np.arange(1, len(POINTS) + 1))
    np.testing.assert_array_equal(points[mesh.kept_nodes][mesh.tetrahedra], POINTS[TETS])


def test_a_tetrahedron_twice_is_an_error() -> None:
    inside = int(np.argmin(np.linalg.norm(POINTS[TETS].mean(axis=1) - 30.0, axis=1)))
    with pytest.raises(InputError, match="faces belong to more than two tetrahedra"):
        check_tetrahedra(POINTS, np.vstack([TETS, TETS[inside : inside + 1]]))


def test_a_third_tetrahedron_on_a_face_is_an_error() -> None:
    inside = int(np.argmin(np.linalg.norm(POINTS[TETS].mean(axis=1) - 30.0, axis=1)))
    points = np.vstack([POINTS, POINTS[TETS[inside]].mean(axis=0)])
    extra = [[*TETS[inside, :3], len(POINTS)]]
    with pytest.raises(InputError, match="1 faces belong to more than two"):
        check_tetrahedra(points, np.vstack([TETS, extra]))


def test_two_pieces_are_an_error_that_names_their_sizes() -> None:
    small = TETS[POINTS[TETS].mean(axis=1)[:, 2] < 24.0]  # two of five layers: 300
    points = np.vstack([POINTS, POINTS + np.array([100.0, 0.0, 0.0])])
    with pytest.raises(InputError, match="2 pieces that share no face, of 750, 300 tetrahedra"):
        check_tetrahedra(points, np.vstack([TETS, small + len(POINTS)]))


def test_tiny_islands_are_dropped() -> None:
    points, cells = block(6, 10.0)  # 1296 tetrahedra: one is 0.08 %
    far = points[cells[0]] + [100.0, 0.0, 0.0]
    mesh = check_tetrahedra(np.vstack([points, far]), np.vstack([np.arange(4) + len(points), cells]))
    assert codes(mesh) == ["mesh-islands"]
    np.testing.assert_array_equal(mesh.kept_tetrahedra, np.arange(1, len(cells) + 1))
    np.testing.assert_array_equal(mesh.kept_nodes, np.arange(len(points)))
    np.testing.assert_array_equal(mesh.tetrahedra, cells)
    assert len(mesh.boundary) == 432  # 6 sides of 36 squares


def test_blocks_that_touch_in_an_edge_only_are_two_pieces() -> None:
    points = np.vstack([POINTS, POINTS + np.array([60.0, 60.0, 0.0])])
    with pytest.raises(InputError, match="2 pieces that share no face, of 750, 750"):
        check_tetrahedra(points, np.vstack([TETS, TETS + len(POINTS)]))


def test_walls_that_touch_along_a_line_are_said() -> None:
    # Two cubes that meet in one edge are taken out: the two beside them then touch along that edge of 12 mm only.
    place = (POINTS[TETS].mean(axis=1) // 12.0).astype(int)
    gone = (place == [2, 3, 2]).all(axis=1) | (place == [3, 2, 2]).all(axis=1)
    assert gone.sum() == 12
    mesh = check_tetrahedra(POINTS, TETS[~gone])
    assert codes(mesh) == ["mesh-pinched-edges"] and "At 1 edges" in mesh.findings[0].message


@pytest.mark.parametrize(
    ("factor", "word"), [(1e-3, "metres"), (0.1, "centimetres"), (1e3, "micrometres"), (20.0, "check its unit")]
)
def test_other_units_are_recognised(factor: float, word: str) -> None:
    with pytest.raises(InputError, match=f"allowed are 30 to 400 mm; .*{word}"):
        check_tetrahedra(POINTS * factor, TETS)


def test_tiny_and_huge_meshes_are_errors() -> None:
    with pytest.raises(InputError, match="has 499 tetrahedra, allowed are 500"):
        check_tetrahedra(POINTS, TETS[:499])
    with pytest.raises(InputError, match="has 5000001 tetrahedra"):
        check_tetrahedra(POINTS, np.broadcast_to(TETS[:1], (5_000_001, 4)))


def test_arrays_that_are_no_mesh() -> None:
    points = POINTS.copy()
    points[7, 0] = np.nan
    for arguments, words in [
        ((points, TETS), "1 of 216 nodes have coordinates that are not finite .the first is node 7"),
        ((POINTS[:, :2], TETS), r"nodes have shape \(216, 2\)"),
        ((POINTS, TETS[:, :3]), r"tetrahedra have shape \(750, 3\)"),
        ((POINTS, TETS.astype(float)), "of float64"),
        ((POINTS, TETS - 1), "name nodes -1 to 214"),
        ((POINTS, TETS + 1), "name nodes 1 to 216"),
    ]:
        with pytest.raises(InputError, match=words):
            check_tetrahedra(*arguments)
