"""Heart meshes: files of every form come back as they were written; wrong, damaged and hostile ones are refused."""

from __future__ import annotations

import importlib.util
import struct
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from resynchro.errors import InputError
from resynchro.formats.heart_export import write_carp
from resynchro.formats.heart_mesh_file import read_heart_mesh


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


w = _load("mesh_writer")

#: 3 x 3 x 3 cubes of 20 mm: a block of 60 mm with 162 tetrahedra.
POINTS, TETS = w.block(3, 20.0)
FIBRE = w.fibres(len(TETS))
REGION = np.arange(len(TETS)) % 3
#: Two triangles of the face z = 0: nodes 0, 16, 4 and 0, 4, 20 exist in a grid of 4 x 4 x 4.
TRIANGLES = np.array([[0, 16, 4], [16, 20, 4]])


def refused(path: Path, *words: str, **options: object) -> None:
    with pytest.raises(InputError) as caught:
        read_heart_mesh(path, **options)  # type: ignore[arg-type]
    for word in (*words, path.name):
        assert word in str(caught.value), str(caught.value)


def saved(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("binary", [False, True])
def test_legacy_vtk_comes_back(tmp_path: Path, binary: bool) -> None:
    region = np.concatenate([REGION, [7, 8]])
    file = saved(
        tmp_path / "a.vtk", w.vtk_42(POINTS, TETS, binary=binary, triangles=TRIANGLES, fibre=FIBRE, region=region)
    )
    mesh = read_heart_mesh(file)
    assert mesh.format == "VTK legacy 4.2" and mesh.unit == "mm" and mesh.file == str(file)
    np.testing.assert_array_equal(mesh.points_mm, POINTS)
    np.testing.assert_array_equal(mesh.tetrahedra, TETS)
    np.testing.assert_allclose(mesh.fibre, FIBRE / np.linalg.norm(FIBRE, axis=1)[:, None], atol=1e-12)
    np.testing.assert_array_equal(mesh.region, REGION)
    assert mesh.region_array == "elemTag" and mesh.fibre_array == "fibre"
    np.testing.assert_array_equal(mesh.surfaces["label 7"], TRIANGLES[:1])
    np.testing.assert_array_equal(mesh.surfaces["label 8"], TRIANGLES[1:])
    assert not mesh.points_mm.flags.writeable and not mesh.tetrahedra.flags.writeable
    assert mesh.fibre is not None and not mesh.fibre.flags.writeable


def test_cells_in_turn_of_kinds_keep_their_arrays(tmp_path: Path) -> None:
    # Three cells: a tetrahedron, a triangle, a tetrahedron; the values 5 and 6 belong to the tetrahedra.
    points = 60.0 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]])
    text = "# vtk DataFile Version 3.0\nx\nASCII\nDATASET UNSTRUCTURED_GRID\nPOINTS 5 float\n"
    text += "\n".join(" ".join(map(str, point)) for point in points.tolist())
    text += "\n\nCELLS 3 14\n4 0 1 2 3\n3 0 1 2\n4 1 2 3 4\n\nCELL_TYPES 3\n10\n5\n10\n"
    text += "CELL_DATA 3\nSCALARS activation float 1\nLOOKUP_TABLE default\n5 9 6\n"
    mesh = read_heart_mesh(saved(tmp_path / "mixed.vtk", text.encode()))
    np.testing.assert_array_equal(mesh.tetrahedra, [[0, 1, 2, 3], [1, 2, 3, 4]])
    np.testing.assert_array_equal(mesh.cell_arrays["activation"], [5.0, 6.0])


@pytest.mark.parametrize("mode", ["appended", "inline"])
@pytest.mark.parametrize("packed", [False, True])
def test_vtu_comes_back(tmp_path: Path, mode: str, packed: bool) -> None:
    mesh = read_heart_mesh(saved(tmp_path / "a.vtu", w.vtu(POINTS, TETS, fibre=FIBRE, mode=mode, packed=packed)))
    np.testing.assert_array_equal(mesh.points_mm, POINTS)
    np.testing.assert_array_equal(mesh.tetrahedra, TETS)
    np.testing.assert_allclose(mesh.fibre, FIBRE / np.linalg.norm(FIBRE, axis=1)[:, None], atol=1e-12)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("first_node", [1, 1000])
def test_gmsh_22_comes_back_with_names(tmp_path: Path, binary: bool, first_node: int) -> None:
    content = w.msh_22(POINTS, TETS, TRIANGLES, FIBRE, first_node=first_node, binary=binary)
    mesh = read_heart_mesh(saved(tmp_path / "a.msh", content))
    assert mesh.format == "gmsh 2.2" and mesh.region_names == {10: "LV wall"}
    np.testing.assert_array_equal(mesh.points_mm, POINTS)
    np.testing.assert_array_equal(mesh.tetrahedra, TETS)
    np.testing.assert_array_equal(mesh.surfaces["epi"], TRIANGLES)
    # The element data give only tetrahedra, which gmsh numbers behind the triangles.
    np.testing.assert_allclose(mesh.fibre, FIBRE / np.linalg.norm(FIBRE, axis=1)[:, None], atol=1e-12)


def test_gmsh_41_with_gaps_between_numbers_of_nodes(tmp_path: Path) -> None:
    mesh = read_heart_mesh(saved(tmp_path / "a.msh", w.msh_41(POINTS, TETS)))
    assert mesh.format == "gmsh 4.1" and mesh.region_names == {10: "heart muscle"}
    np.testing.assert_array_equal(mesh.points_mm, POINTS)
    np.testing.assert_array_equal(mesh.tetrahedra, TETS)
    np.testing.assert_array_equal(mesh.region, np.full(len(TETS), 10))


@pytest.mark.parametrize("named", ["heart", "heart.pts", "heart.elem", "heart.lon"])
def test_carp_by_any_of_its_parts(tmp_path: Path, named: str) -> None:
    sheet = np.cross(FIBRE, np.array([0.0, 0.0, 1.0])) + np.array([0.0, 0.0, 0.1])
    write_carp(tmp_path / "heart", POINTS, TETS, fibre=FIBRE, sheet=sheet, region=REGION)
    mesh = read_heart_mesh(tmp_path / named)
    assert mesh.unit == "um" and mesh.format == "CARP"
    np.testing.assert_allclose(mesh.points_mm, POINTS, atol=1e-6)
    np.testing.assert_array_equal(mesh.tetrahedra, TETS)
    np.testing.assert_array_equal(mesh.region, REGION)
    np.testing.assert_allclose(mesh.fibre, FIBRE / np.linalg.norm(FIBRE, axis=1)[:, None], atol=1e-5)
    assert mesh.sheet is not None


def test_fibre_of_old_carp_without_heading(tmp_path: Path) -> None:
    write_carp(tmp_path / "heart", POINTS, TETS)
    (tmp_path / "heart.lon").write_text("\n".join(" ".join(map(str, row)) for row in FIBRE.tolist()) + "\n")
    mesh = read_heart_mesh(tmp_path / "heart.pts")
    np.testing.assert_allclose(mesh.fibre, FIBRE / np.linalg.norm(FIBRE, axis=1)[:, None], atol=1e-12)


def test_fibres_at_nodes_are_averaged_as_axes(tmp_path: Path) -> None:
    # All fibres lie along (1, 1, 0), every second one with the other sign: a mean of vectors would be nothing.
    axis = np.tile([1.0, 1.0, 0.0], (len(POINTS), 1)) * np.where(np.arange(len(POINTS)) % 2, -1.0, 1.0)[:, None]
    mesh = read_heart_mesh(saved(tmp_path / "a.vtk", w.vtk_42(POINTS, TETS, point_field=("Fibers", axis))))
    assert mesh.fibre is not None
    np.testing.assert_allclose(np.abs(mesh.fibre @ [0.5**0.5, 0.5**0.5, 0.0]), 1.0, atol=1e-6)
    assert [finding.code for finding in mesh.findings] == ["fibre-from-nodes"]


def test_fibres_in_a_file_of_their_own(tmp_path: Path) -> None:
    body = saved(tmp_path / "body.vtk", w.vtk_42(POINTS, TETS))
    text = f"# vtk DataFile Version 3.0\nx\nASCII\nDATASET POLYDATA\nPOINTS {len(POINTS)} float\n"
    text += "\n".join(" ".join(map(str, point)) for point in POINTS.tolist())
    text += f"\nPOINT_DATA {len(POINTS)}\nVECTORS f0 float\n" + "0 0 2\n" * len(POINTS)
    mesh = read_heart_mesh(body, fibre_file=saved(tmp_path / "fibres.vtk", text.encode()))
    np.testing.assert_allclose(mesh.fibre, np.tile([0.0, 0.0, 1.0], (len(TETS), 1)), atol=1e-12)
    assert mesh.sha256 != read_heart_mesh(body).sha256
    short = saved(tmp_path / "short.vtk", w.vtk_42(*w.block(2, 30.0), fibre=w.fibres(48)))
    refused(body, "48 fibres", "162 tetrahedra", fibre_file=short)


def test_a_fibre_of_zero_length_is_mended_when_rare_and_refused_when_not(tmp_path: Path) -> None:
    fibre = FIBRE.copy()
    fibre[17] = 0.0
    mesh = read_heart_mesh(saved(tmp_path / "one.vtk", w.vtk_42(POINTS, TETS, fibre=fibre)))
    assert [finding.code for finding in mesh.findings] == ["fibre-zero-length"] and "1 tet" in mesh.findings[0].message
    assert mesh.fibre is not None and abs(float(np.linalg.norm(mesh.fibre[17])) - 1.0) < 1e-12
    fibre[:40] = 0.0
    many = saved(tmp_path / "many.vtk", w.vtk_42(POINTS, TETS, fibre=fibre))
    refused(many, "40 of 162 tetrahedra have a fibre of zero length")
    assert read_heart_mesh(many, with_fibres=False).fibre is None
    fibre[:] = np.nan
    refused(saved(tmp_path / "nan.vtk", w.vtk_42(POINTS, TETS, binary=True, fibre=fibre)), "162 of 162")


def test_asked_for_fibres_that_are_not_there(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.vtk", w.vtk_42(POINTS, TETS, fibre=FIBRE, region=REGION))
    refused(file, "no array 'helix'", "fibre, elemTag", fibre_array="helix")
    refused(file, "three components", fibre_array="elemTag")


@pytest.mark.parametrize(
    ("factor", "unit"), [(0.001, "m"), (0.1, "cm"), (1000.0, "um")], ids=["metres", "centimetres", "micrometres"]
)
def test_other_units_are_asked_for_and_then_taken(tmp_path: Path, factor: float, unit: str) -> None:
    file = saved(tmp_path / "a.vtk", w.vtk_42(POINTS * factor, TETS))
    refused(file, f"--unit {unit}")
    mesh = read_heart_mesh(file, unit=unit)  # type: ignore[arg-type]
    np.testing.assert_allclose(mesh.points_mm, POINTS, rtol=1e-12)
    assert mesh.unit == unit


def test_a_size_that_no_unit_explains(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.vtk", w.vtk_42(POINTS * 10.0, TETS))  # 600 mm, 6 m or 0.6 mm
    refused(file, "600 long", "check the export")
    mesh = read_heart_mesh(file, unit="mm")
    assert [finding.code for finding in mesh.findings] == ["mesh-size"]
    refused(file, "600000 mm", unit="m")
    refused(file, "allowed are m, cm, mm, um", unit="inch")


def test_ras_is_turned_to_lps_with_its_fibres(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.vtk", w.vtk_42(POINTS, TETS, fibre=FIBRE, title="3D Slicer SPACE=RAS"))
    plain = read_heart_mesh(file, axes="lps")
    turned = read_heart_mesh(file)
    assert plain.fibre is not None and turned.fibre is not None
    np.testing.assert_array_equal(turned.points_mm, plain.points_mm * [-1, -1, 1])
    np.testing.assert_array_equal(turned.fibre, plain.fibre * [-1, -1, 1])
    assert [finding.code for finding in plain.findings] == ["mesh-axes"]
    refused(file, "allowed are lps", axes="xyz")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"ply\nformat ascii 1.0\n", "PLY surface"),
        (b"solid heart\nfacet normal 0 0 0\n", "STL surface"),
        (b"\x80\x04\x95pickle", "of no known form"),
        (b"mtllib a.mtl\nv 0 0 0\nv 1 0 0\n", "OBJ surface"),
        (b'<?xml version="1.0"?><VTKFile type="PolyData"></VTKFile>', "of PolyData"),
        (b"<svg></svg>", "of no known form"),
        (b"# vtk DataFile Version 3.0\nx\nASCII\nDATASET STRUCTURED_POINTS\nDIMENSIONS 9 9 9\n", "STRUCTURED_POINTS"),
        (b"$MeshFormat\n4 0 8\n$EndMeshFormat\n", "version 4"),
        (b"", "empty"),
    ],
)
def test_files_of_another_kind_are_named(tmp_path: Path, content: bytes, words: str) -> None:
    refused(saved(tmp_path / "file", content), words)


def test_a_surface_has_no_tetrahedra(tmp_path: Path) -> None:
    none = np.zeros((0, 4), dtype=np.int64)
    refused(saved(tmp_path / "a.vtk", w.vtk_42(POINTS, none, triangles=TRIANGLES)), "no tetrahedra (2 triangles)")


def test_cells_of_other_kinds_are_refused_by_name(tmp_path: Path) -> None:
    kinds = np.full(len(TETS), 10)
    kinds[3] = 9  # a quadrilateral has four nodes too
    refused(saved(tmp_path / "a.vtk", w.vtk_42(POINTS, TETS, kinds=kinds)), "1 quadrilaterals", "split")
    hexahedron = "# vtk DataFile Version 3.0\nx\nASCII\nDATASET UNSTRUCTURED_GRID\nPOINTS 8 float\n" + "0 0 60\n" * 8
    hexahedron += "CELLS 1 9\n8 0 1 2 3 4 5 6 7\nCELL_TYPES 1\n12\n"
    refused(saved(tmp_path / "b.vtk", hexahedron.encode()), "1 hexahedra")


def test_announced_counts_beyond_the_file_cost_nothing(tmp_path: Path) -> None:
    import tracemalloc

    heading = b"# vtk DataFile Version 3.0\nx\nBINARY\nDATASET UNSTRUCTURED_GRID\n"
    legacy = w.vtk_42(POINTS, TETS, binary=True)
    packed = w.vtu(POINTS, TETS)
    gmsh = w.msh_22(POINTS, TETS, TRIANGLES, FIBRE)
    bombs = {
        "points.vtk": heading + b"POINTS 1000000000000 double\n",
        "many.vtk": heading + b"POINTS 1999999 double\n" + bytes(100),
        "cells.vtk": legacy.replace(b"CELLS 162 810", b"CELLS 7999999 39999999"),
        "kinds.vtk": legacy.replace(b"CELL_TYPES 162", b"CELL_TYPES 7999999"),
        "grid.vtk": b"# vtk DataFile Version 3.0\nx\nASCII\nDATASET STRUCTURED_POINTS\nDIMENSIONS 99999 99999 99999\n",
        "points.vtu": packed.replace(b'NumberOfPoints="64"', b'NumberOfPoints="1999999"'),
        "cells.vtu": packed.replace(b'NumberOfCells="162"', b'NumberOfCells="7999999"'),
        "nodes.msh": gmsh.replace(b"$Nodes\n64", b"$Nodes\n1999999"),
        "elements.msh": gmsh.replace(b"$Elements\n164", b"$Elements\n7999999"),
        "data.msh": gmsh.replace(b"\n3\n162\n", b"\n3\n7999999\n"),
    }
    tracemalloc.start()
    try:
        for name, content in bombs.items():
            assert content not in (legacy, packed, gmsh), name
            refused(saved(tmp_path / name, content))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 20_000_000  # all files are below 100 kB


def test_packed_numbers_unpack_to_no_more_than_announced(tmp_path: Path) -> None:
    import base64
    import zlib

    # 200 MB of zeros in 200 kB; the nodes of the piece need 64 * 24 = 1536 bytes.
    bomb = zlib.compress(bytes(200_000_000), 9)
    for announced in (1536, 200_000_000):
        head = struct.pack("<4I", 1, announced, announced, len(bomb))
        text = base64.b64encode(head) + base64.b64encode(bomb)
        plain = w.vtu(POINTS, TETS, mode="inline")
        start = plain.index(b"<Points>")
        begin = plain.index(b'"binary">\n', start) + 10
        content = plain[:begin] + text + plain[plain.index(b"\n</DataArray>", begin) :]
        refused(saved(tmp_path / "a.vtu", content), "array 'Points'")


def test_xml_entities_are_not_read(tmp_path: Path) -> None:
    content = b'<?xml version="1.0"?><!DOCTYPE VTKFile [<!ENTITY a "b">]><VTKFile type="UnstructuredGrid">&a;</VTKFile>'
    refused(saved(tmp_path / "a.vtu", content), "entities")


def test_coordinates_that_are_not_finite(tmp_path: Path) -> None:
    points = POINTS.copy()
    points[5, 1] = np.nan
    for binary in (False, True):
        refused(saved(tmp_path / "a.vtk", w.vtk_42(points, TETS, binary=binary)), "1 of 64 nodes", "node 5")


def test_indices_of_nodes_that_do_not_exist(tmp_path: Path) -> None:
    cells = TETS.copy()
    cells[7, 2] = 64
    refused(saved(tmp_path / "a.vtk", w.vtk_42(POINTS, cells)), "to 64", "nodes 0 to 63")
    write_carp(tmp_path / "heart", POINTS, TETS)
    (tmp_path / "heart.elem").write_text("1\nTt 0 1 2 64 1\n")
    refused(tmp_path / "heart.elem", "to 64")


def test_parts_of_carp_that_do_not_fit(tmp_path: Path) -> None:
    write_carp(tmp_path / "heart", POINTS, TETS, fibre=FIBRE)
    (tmp_path / "heart.lon").write_text("1\n1 0 0\n")
    refused(tmp_path / "heart.elem", "holds 3 numbers", "162 elements")
    (tmp_path / "heart.lon").unlink()
    (tmp_path / "heart.elem").write_text("1\nHx 0 1 2 3 4 5 6 7 1\n")
    refused(tmp_path / "heart.elem", "1 hexahedra")
    (tmp_path / "heart.pts").unlink()
    refused(tmp_path / "heart.elem", ".pts and .elem")


def test_fibres_belong_to_places_not_to_numbers(tmp_path: Path) -> None:
    body = saved(tmp_path / "body.vtk", w.vtk_42(POINTS, TETS))
    field = POINTS + np.array([1.0, 2.0, 3.0])
    order = np.random.default_rng(3).permutation(len(POINTS))
    number = np.empty(len(POINTS), dtype=int)
    number[order] = np.arange(len(POINTS))
    other = saved(tmp_path / "f.vtk", w.vtk_42(POINTS[order], number[TETS], point_field=("f0", field[order])))
    same = saved(tmp_path / "g.vtk", w.vtk_42(POINTS, TETS, point_field=("f0", field)))
    shuffled, straight = read_heart_mesh(body, fibre_file=other).fibre, read_heart_mesh(body, fibre_file=same).fibre
    assert shuffled is not None and straight is not None
    np.testing.assert_allclose(np.abs((shuffled * straight).sum(axis=1)), 1.0, atol=1e-6)
    moved = saved(tmp_path / "h.vtk", w.vtk_42(POINTS + 5.0, TETS, point_field=("f0", field)))
    refused(body, "lie elsewhere", fibre_file=moved)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    refused(tmp_path / "none.vtk", "no such file")
    refused(tmp_path, "not a regular file")
    with pytest.raises(InputError, match=r"no such file|cannot be opened"):
        read_heart_mesh(tmp_path / "a\x00b.vtk")


def test_original_demonstration_heart(shared_data: Callable[[str], Path]) -> None:
    folder = shared_data("mesh/crtdemo/data/crtdemo")
    mesh = read_heart_mesh(folder / "crtdemo_mesh_oriented.vtk", fibre_file=folder / "crtdemo_f0_oriented.vtk")
    assert (len(mesh.points_mm), len(mesh.tetrahedra)) == (4569, 17866)
    assert mesh.format == "VTK legacy 5.1" and mesh.fibre_array == "fiber" and mesh.fibre is not None
    other = read_heart_mesh(folder / "nb" / "True_endo.vtu")
    np.testing.assert_array_equal(other.tetrahedra, mesh.tetrahedra)
    np.testing.assert_allclose(other.points_mm, mesh.points_mm, atol=1e-4)
    # The header of the file says RangeMin 62.89 and RangeMax 207.55.
    assert other.point_arrays["activation"].min() == pytest.approx(62.890915, abs=1e-5)
    assert other.point_arrays["activation"].max() == pytest.approx(207.554138, abs=1e-5)


def test_original_eikonal_box(shared_data: Callable[[str], Path]) -> None:
    box = read_heart_mesh(shared_data("activation/fim_eikonal/example/box.vtu"))
    assert (len(box.points_mm), len(box.tetrahedra)) == (35937, 196608)
    # The header says that the longest position vector is 443.405 and both angles run from 0 to pi.
    assert np.linalg.norm(box.points_mm, axis=1).max() == pytest.approx(443.405, abs=1e-3)
    assert box.cell_arrays["Phi"].max() == pytest.approx(np.pi, abs=1e-6)


@pytest.mark.parametrize("name", ["geo1/heart.vtp", "geo2/heart_epi.ply"])
def test_original_surfaces_are_refused(shared_data: Callable[[str], Path], name: str) -> None:
    refused(shared_data("mesh/cobiveco/examples/" + name), "tetrahedra")
