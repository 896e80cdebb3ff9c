"""Written meshes, surfaces and tables come back: through the project's reader, through meshio, and byte by byte."""

from __future__ import annotations

import base64
import importlib.util
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from resynchro.errors import InputError
from resynchro.formats.heart_export import write_carp, write_sites_csv, write_stl, write_vtp, write_vtu
from resynchro.formats.heart_mesh_file import read_heart_mesh


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


w = _load("mesh_writer")
POINTS, TETS = w.block(3, 20.0)
FIBRE = w.fibres(len(TETS)) / np.linalg.norm(w.fibres(len(TETS)), axis=1)[:, None]
TIMES = np.linspace(0.0, 150.0, len(POINTS))
TRIANGLES = np.array([[0, 16, 4], [16, 20, 4]])


def arrays_of(file: Path) -> dict[str, np.ndarray]:
    """Return every array of a written VTK XML file, unpacked by hand as the format prescribes."""
    kinds = {"Float64": "<f8", "Float32": "<f4", "Int64": "<i8", "Int32": "<i4", "UInt8": "u1"}
    found = {}
    root = ET.parse(file).getroot()
    assert root.attrib["byte_order"] == "LittleEndian" and root.attrib["header_type"] == "UInt64"
    for group in ("PointData", "CellData", "Points", "Verts", "Lines", "Polys", "Cells", "FieldData"):
        for element in (inner for outer in root.iter(group) for inner in outer):
            text = (element.text or "").strip()
            blocks = int(np.frombuffer(base64.b64decode(text[:12])[:8], "<u8")[0])
            characters = 4 * ((8 * (3 + blocks) + 2) // 3)
            header = np.frombuffer(base64.b64decode(text[:characters]), "<u8")
            assert header[1] == 32768
            data, parts, at = base64.b64decode(text[characters:]), [], 0
            for size in header[3:]:
                parts.append(zlib.decompress(data[at : at + int(size)]))
                at += int(size)
            if blocks:
                assert len(parts[-1]) % 32768 == header[2]
            values = np.frombuffer(b"".join(parts), kinds[element.attrib["type"]])
            width = int(element.attrib.get("NumberOfComponents", 1))
            found[f"{group}/{element.attrib['Name']}"] = values.reshape(-1, width) if width > 1 else values
    return found


def test_vtu_comes_back_through_the_reader(tmp_path: Path) -> None:
    segment = np.arange(len(TETS), dtype=np.int8) % 17 + 1
    file = write_vtu(
        tmp_path / "heart.vtu", POINTS, TETS, {"activation_ms": TIMES}, {"fibre": FIBRE, "segment": segment}
    )
    mesh = read_heart_mesh(file)
    np.testing.assert_array_equal(mesh.points_mm, POINTS)
    np.testing.assert_array_equal(mesh.tetrahedra, TETS)
    np.testing.assert_array_equal(mesh.point_arrays["activation_ms"], TIMES)
    np.testing.assert_array_equal(mesh.cell_arrays["segment"], segment)
    np.testing.assert_allclose(mesh.fibre, FIBRE, atol=1e-15)


def test_vtu_comes_back_through_meshio(tmp_path: Path) -> None:
    meshio = pytest.importorskip("meshio")
    points, cells = w.block(12, 5.0)  # several blocks of 32 KiB
    file = write_vtu(tmp_path / "heart.vtu", points, cells, {"t": points[:, 0]}, {"c": points[cells].mean(axis=1)})
    mesh = meshio.read(file)
    np.testing.assert_array_equal(mesh.points, points)
    np.testing.assert_array_equal(mesh.cells_dict["tetra"], cells)
    np.testing.assert_array_equal(mesh.point_data["t"], points[:, 0])
    np.testing.assert_array_equal(mesh.cell_data["c"][0], points[cells].mean(axis=1))


@pytest.mark.parametrize("form", ["vtk", "vtk42", "vtu"])
@pytest.mark.parametrize("binary", [True, False])
def test_files_of_meshio_are_read(tmp_path: Path, form: str, binary: bool) -> None:
    meshio = pytest.importorskip("meshio")
    cells = [("tetra", TETS), ("triangle", TRIANGLES)]
    data = {"fibre": [FIBRE, np.ones((2, 3))], "region": [np.arange(len(TETS)) % 3, np.array([8, 9])]}
    mesh = meshio.Mesh(POINTS, cells, point_data={"activation": TIMES}, cell_data=data)
    meshio.write(tmp_path / f"a.{form[:3]}", mesh, file_format=form, binary=binary)
    read = read_heart_mesh(tmp_path / f"a.{form[:3]}")
    np.testing.assert_array_equal(read.tetrahedra, TETS)
    np.testing.assert_allclose(read.points_mm, POINTS, rtol=1e-11)
    np.testing.assert_allclose(read.fibre, FIBRE, atol=1e-11)
    np.testing.assert_array_equal(read.region, np.arange(len(TETS)) % 3)
    np.testing.assert_array_equal(read.surfaces["label 9"], TRIANGLES[1:])


def test_what_no_front_reaches_is_written_as_nan(tmp_path: Path) -> None:
    times = np.where(np.arange(len(POINTS)) < 3, np.inf, TIMES)
    mesh = read_heart_mesh(write_vtu(tmp_path / "a.vtu", POINTS, TETS, {"activation_ms": times}))
    assert np.isnan(mesh.point_arrays["activation_ms"][:3]).all()
    assert np.isfinite(mesh.point_arrays["activation_ms"][3:]).all()


def test_vtp_of_triangles_and_lines_byte_by_byte(tmp_path: Path) -> None:
    file = write_vtp(
        tmp_path / "a.vtp",
        POINTS,
        triangles=TRIANGLES,
        lines=[[0, 1, 2], [5, 6]],
        point_arrays={"activation_ms": TIMES},
        cell_arrays={"label": np.array([1, 2, 3, 3])},
        field_arrays={"total_activation_ms": np.array([150.0])},
    )
    piece = next(ET.parse(file).getroot().iter("Piece")).attrib
    assert piece == {
        "NumberOfPoints": "64",
        "NumberOfVerts": "0",
        "NumberOfLines": "2",
        "NumberOfStrips": "0",
        "NumberOfPolys": "2",
    }
    found = arrays_of(file)
    np.testing.assert_array_equal(found["Points/Points"], POINTS)
    np.testing.assert_array_equal(found["Lines/connectivity"], [0, 1, 2, 5, 6])
    np.testing.assert_array_equal(found["Lines/offsets"], [3, 5])
    np.testing.assert_array_equal(found["Polys/connectivity"], TRIANGLES.ravel())
    np.testing.assert_array_equal(found["Polys/offsets"], [3, 6])
    np.testing.assert_array_equal(found["CellData/label"], [1, 2, 3, 3])
    np.testing.assert_array_equal(found["PointData/activation_ms"], TIMES)
    np.testing.assert_array_equal(found["FieldData/total_activation_ms"], [150.0])


def test_vtp_of_bare_points_has_a_vertex_each(tmp_path: Path) -> None:
    found = arrays_of(write_vtp(tmp_path / "a.vtp", POINTS[:5], cell_arrays={"site": np.arange(5)}))
    np.testing.assert_array_equal(found["Verts/connectivity"], np.arange(5))
    assert found["Polys/connectivity"].size == 0


def test_blocks_that_just_fill(tmp_path: Path) -> None:
    # 4096 float64 are one full block of 32768 bytes: the length of the last block is then written as 0.
    points = np.column_stack([np.arange(4096.0), np.zeros(4096), np.zeros(4096)])
    found = arrays_of(write_vtp(tmp_path / "a.vtp", points, point_arrays={"x": points[:, 0]}))
    np.testing.assert_array_equal(found["PointData/x"], points[:, 0])


def test_stl_byte_by_byte(tmp_path: Path) -> None:
    points = np.array([[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    content = write_stl(tmp_path / "a.stl", points, np.array([[0, 1, 2]])).read_bytes()
    assert len(content) == 80 + 4 + 50 and not content.startswith(b"solid") and b"SPACE=LPS" in content[:80]
    assert int.from_bytes(content[80:84], "little") == 1
    # Counter-clockwise seen from above: the normal points up.
    np.testing.assert_array_equal(np.frombuffer(content[84:132], "<f4"), [0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0])


def test_carp_is_text_in_micrometres(tmp_path: Path) -> None:
    points = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.25]])
    files = write_carp(tmp_path / "a", points, np.array([[0, 1, 2, 3]]), fibre=[[0.6, 0.8, 0.0]], region=[4])
    assert [file.name for file in files] == ["a.pts", "a.elem", "a.lon"]
    assert files[0].read_text().splitlines()[::4] == ["4", "0.0000 0.0000 1250.0000"]
    assert files[1].read_text() == "1\nTt 0 1 2 3 4\n"
    assert files[2].read_text() == "1\n0.600000 0.800000 0.000000\n"


def test_table_of_sites(tmp_path: Path) -> None:
    sites = [
        {"name": "lateral, mid", "x_mm": 12.3456789, "segment": 12, "activation_ms": np.float64(88.5)},
        {"name": "=1+1", "x_mm": 0.0, "segment": None, "activation_ms": float("inf")},
    ]
    text = write_sites_csv(tmp_path / "sites.csv", sites).read_text()
    assert text == 'name,x_mm,segment,activation_ms\n"lateral, mid",12.3457,12,88.5\n\'=1+1,0,,\n'
    with pytest.raises(InputError, match="site 2 has the columns"):
        write_sites_csv(tmp_path / "sites.csv", [sites[0], {"name": "x"}])
    with pytest.raises(InputError, match="no sites"):
        write_sites_csv(tmp_path / "sites.csv", [])


def test_what_does_not_fit_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    file = tmp_path / "a.vtu"
    for arguments, words in [
        ((POINTS, TETS + 1), "name nodes"),
        ((POINTS, TETS.astype(float)), "whole numbers"),
        ((POINTS[:, :2], TETS), "shape"),
        ((POINTS * np.nan, TETS), "finite"),
        ((POINTS, TETS, {"t": TIMES[1:]}), "'t' must hold numbers for 64 rows"),
        ((POINTS, TETS, {}, {"words": np.array(["a"] * len(TETS))}), "must hold numbers"),
    ]:
        with pytest.raises(InputError, match=words):
            write_vtu(file, *arguments)
    with pytest.raises(InputError, match="a sheet"):
        write_carp(tmp_path / "a", POINTS, TETS, sheet=FIBRE)
    with pytest.raises(InputError, match="cannot be written"):
        write_stl("/dev/null/a.stl", POINTS, TRIANGLES)
    assert list(tmp_path.iterdir()) == []


def test_the_same_arrays_give_the_same_bytes(tmp_path: Path) -> None:
    one = write_vtu(tmp_path / "a.vtu", POINTS, TETS, {'<t> & "u"': TIMES}).read_bytes()
    assert one == write_vtu(tmp_path / "b.vtu", POINTS, TETS, {'<t> & "u"': TIMES}).read_bytes()
    assert '<t> & "u"' in read_heart_mesh(tmp_path / "a.vtu").point_arrays
