"""Write one small mesh in every form that VTK and gmsh know. For an environment of its own: ``pip install vtk gmsh``.

    python validation/electrics/mesh_files_of_vtk_and_gmsh.py DIR

Neither program is a part of this project (gmsh is GPL) and nothing of them is needed to use it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import gmsh
import numpy as np
import vtk
from vtk.util.numpy_support import numpy_to_vtk


def write_with_gmsh(folder: Path) -> tuple[Any, Any, Any]:
    """Write two joined boxes of 40 x 30 x 80 mm with groups, fibres and times; return nodes, tetrahedra, fibres."""
    gmsh.initialize()
    gmsh.option.setNumber("General.Terminal", 0)
    gmsh.model.occ.addBox(0, 0, 0, 40, 30, 80)
    gmsh.model.occ.addBox(40, 0, 0, 40, 30, 80)
    gmsh.model.occ.fragment([(3, 1)], [(3, 2)])
    gmsh.model.occ.synchronize()
    for number, (_, volume) in enumerate(gmsh.model.getEntities(3)):
        gmsh.model.addPhysicalGroup(3, [volume], 10 + number, name=f"wall {number}")
    gmsh.model.addPhysicalGroup(2, [tag for _, tag in gmsh.model.getEntities(2)], 5, name="all faces")
    gmsh.option.setNumber("Mesh.MeshSizeMax", 9)
    gmsh.model.mesh.generate(3)
    tags, nodes = gmsh.model.mesh.getElementsByType(4)
    node_tags, flat, _ = gmsh.model.mesh.getNodes()
    points = flat.reshape(-1, 3)
    cells = np.searchsorted(node_tags, nodes.reshape(-1, 4), sorter=np.argsort(node_tags))
    cells = np.argsort(node_tags)[cells]
    fibre = points[cells].mean(axis=1)
    fibre /= np.linalg.norm(fibre, axis=1)[:, None]
    model = gmsh.model.getCurrent()
    views = [gmsh.view.add("fibre"), gmsh.view.add("activation")]
    gmsh.view.addModelData(views[0], 0, model, "ElementData", list(tags), fibre.tolist())
    gmsh.view.addModelData(views[1], 0, model, "NodeData", list(node_tags), points[:, :1].tolist())
    gmsh.option.setNumber("PostProcessing.SaveMesh", 0)
    for version in (2.2, 4.1):
        for binary in (0, 1):
            gmsh.option.setNumber("Mesh.MshFileVersion", version)
            gmsh.option.setNumber("Mesh.Binary", binary)
            file = str(folder / f"gmsh_{version}_{'binary' if binary else 'text'}.msh")
            gmsh.write(file)
            for view in views:
                gmsh.view.write(view, file, append=True)
    gmsh.model.mesh.setOrder(2)
    gmsh.write(str(folder / "gmsh_second_order.msh"))
    return points, cells, fibre


def grid_of(points: Any, cells: Any, fibre: Any) -> Any:
    """Return a VTK grid with two triangles and a line more, arrays of five types and a field of words."""
    grid = vtk.vtkUnstructuredGrid()
    places = vtk.vtkPoints()
    places.SetData(numpy_to_vtk(points, deep=1))
    grid.SetPoints(places)
    for cell in cells:
        grid.InsertNextCell(vtk.VTK_TETRA, 4, cell)
    for triangle in (cells[0][:3], cells[1][:3]):
        grid.InsertNextCell(vtk.VTK_TRIANGLE, 3, triangle)
    grid.InsertNextCell(vtk.VTK_LINE, 2, (0, 1))
    count = grid.GetNumberOfCells()
    axes = np.zeros((count, 3))
    axes[: len(fibre)] = fibre
    for name, values in (
        ("fibre", axes),
        ("elemTag", (np.arange(count) % 4).astype(np.int32)),
        ("a byte", (np.arange(count) % 4).astype(np.uint8)),
        ("single", np.arange(count, dtype=np.float32)),
    ):
        array = numpy_to_vtk(values, deep=1)
        array.SetName(name)
        grid.GetCellData().AddArray(array)
    numbers = vtk.vtkIdTypeArray()
    numbers.SetName("ids")
    for number in range(count):
        numbers.InsertNextValue(number)
    grid.GetCellData().AddArray(numbers)
    words = vtk.vtkStringArray()
    words.SetName("words")
    for word in ("one", "two words", ""):
        words.InsertNextValue(word)
    grid.GetFieldData().AddArray(words)
    return grid


def write_with_vtk(folder: Path, grid: Any) -> None:
    legacy = vtk.vtkUnstructuredGridWriter()
    legacy.SetInputData(grid)
    for version in (42, 51):
        for mode, word in ((1, "text"), (2, "binary")):
            legacy.SetFileVersion(version)
            legacy.SetFileType(mode)
            legacy.SetFileName(str(folder / f"vtk_{version}_{word}.vtk"))
            legacy.Write()
    for mode, word in ((0, "text"), (1, "inline"), (2, "base64"), (3, "raw")):
        for compressor in ("None", "ZLib", "LZMA", "LZ4"):
            for bits in ("UInt32", "UInt64"):
                for order in ("LittleEndian", "BigEndian"):
                    writer = vtk.vtkXMLUnstructuredGridWriter()
                    writer.SetInputData(grid)
                    writer.SetDataMode(min(mode, 2))
                    writer.SetEncodeAppendedData(mode == 2)
                    getattr(writer, f"SetHeaderTypeTo{bits}")()
                    getattr(writer, f"SetByteOrderTo{order}")()
                    getattr(writer, f"SetCompressorTypeTo{compressor}")()
                    writer.SetFileName(str(folder / f"vtk_{word}_{compressor}_{bits}_{order}.vtu"))
                    writer.Write()


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    mesh = write_with_gmsh(target)
    write_with_vtk(target, grid_of(*mesh))
    np.savez(target / "truth.npz", points=mesh[0], cells=mesh[1], fibre=mesh[2])
