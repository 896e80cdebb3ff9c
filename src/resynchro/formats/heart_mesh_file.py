"""Reading a heart as tetrahedra from other people's files: VTK, VTU, CARP and gmsh."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from resynchro.errors import InputError
from resynchro.formats.carp_mesh import CARP_ENDINGS, carp_parts, read_carp, read_carp_fibres
from resynchro.formats.file_bytes import sha256_of
from resynchro.formats.gmsh_mesh import is_gmsh, read_gmsh
from resynchro.formats.mesh_content import MeshContent, read_mesh_bytes
from resynchro.formats.mesh_fibres import fibre_array_name, sheet_array_name, unit_fibres
from resynchro.formats.safe_xml import root_name
from resynchro.formats.vtk_mesh import read_vtk_mesh
from resynchro.formats.vtu_mesh import read_vtu_mesh
from resynchro.record.finding import Finding
from resynchro.record.mesh_file import MM_PER_UNIT, FloatArray, IndexArray, LengthUnit, MeshAxes, MeshFile

#: The longest side of the box around both ventricles [mm]. Without a given unit, one must bring the file into the
#: first range; with a given unit the second one bounds what is accepted at all (blocks of tissue, whole torsos).
PLAUSIBLE_EXTENT_MM: Final = (40.0, 300.0)
POSSIBLE_EXTENT_MM: Final = (2.0, 2000.0)
#: Labels of elements, by the name of their array.
_REGION_WORDS: Final = (
    *("region", "regions", "elemtag", "elementtag", "elemtags", "tag", "tags", "gmsh:physical", "label", "labels"),
    *("material", "materials", "cellentityids", "class", "zone", "id"),
)
_MOST_LABELS: Final = 1000

_Array = TypeVar("_Array", bound=NDArray[Any])


def read_heart_mesh(
    file: str | Path,
    *,
    unit: LengthUnit | None = None,
    axes: MeshAxes | None = None,
    fibre_array: str | None = None,
    fibre_file: str | Path | None = None,
    with_fibres: bool = True,
) -> MeshFile:
    """Read the tetrahedra of a heart, with fibres and labels where the file has them.

    Parameters
    ----------
    file
        VTK legacy (2.0 to 5.1, text or binary), VTU (text, base64 or raw, zlib or lzma), gmsh 2.2 or 4.1 (text or
        binary), or any part of a CARP mesh (``.pts``, ``.elem``, ``.lon``, or their common name), told by its bytes.
    unit
        Unit of length of the file. Without it CARP is in micrometres by definition, and every other file is in
        millimetres if that makes it as large as a heart; if it does not, reading stops and asks for the unit.
    axes
        ``lps`` or ``ras``; without it what the file's remark says (``SPACE=RAS``), else ``lps``. RAS points, fibres
        and sheets are turned to LPS.
    fibre_array
        Name of the array to take fibres from; without it, one whose name says fibre.
    fibre_file
        Fibres in a file of their own: CARP ``.lon``, or a VTK or VTU file with as many nodes or tetrahedra.
    with_fibres
        False passes over all fibres, so that a rule can give them.

    Returns
    -------
    MeshFile
        Nodes [mm], tetrahedra, fibres and labels per tetrahedron, other arrays, surfaces and findings. Topology is not
        judged here: see `resynchro.heart.mesh_check`.

    Raises
    ------
    InputError
        When the file cannot be read, is too large, holds no tetrahedra or cells of other kinds that fill space, its
        size is not that of a heart, or its fibres are missing where they were asked for or have no length.
    """
    path = Path(file)
    try:
        content, digest = _content(path)
        if fibre_file is not None and with_fibres:
            content, more = _with_fibres_of(content, Path(fibre_file))
            digest = sha256_of((digest + more).encode())
            fibre_array = fibre_array or fibre_array_name(content)
        if not len(content.tetrahedra):
            raise InputError(_no_tetrahedra(content))
        return _as_mesh(str(file), digest, content, unit, axes, fibre_array, with_fibres)
    except InputError as error:
        raise InputError(_named(path, error)) from error
    except MemoryError as error:
        raise InputError(f"{file}: does not fit into memory; save the mesh with longer edges") from error


def _named(path: Path, error: InputError) -> str:
    return str(error) if str(error).startswith(str(path)) else f"{path}: {error}"


def _content(path: Path) -> tuple[MeshContent, str]:
    """Return the mesh in the file's own numbers and the digest of the bytes it was read from."""
    if path.suffix.lower() in CARP_ENDINGS or carp_parts(path):
        return read_carp(path)
    data = read_mesh_bytes(path)
    return _from_bytes(data), sha256_of(data)


def _from_bytes(data: bytes) -> MeshContent:
    head = data[:4096]
    if head.lstrip().lower().startswith(b"# vtk datafile"):
        return read_vtk_mesh(data)
    if is_gmsh(head):
        return read_gmsh(data)
    if root_name(head) == "VTKFile":
        return read_vtu_mesh(data)
    raise InputError(_unknown(head))


def _unknown(head: bytes) -> str:
    kinds = {b"ply": "a PLY surface", b"solid": "an STL surface", b"\x89HDF": "an HDF5 file", b"PK": "a ZIP archive"}
    kinds |= {b"OFF": "an OFF surface", b"\x1f\x8b": "a gzip file", b"# Blender": "an OBJ surface"}
    word = next((word for start, word in kinds.items() if head.startswith(start)), "of no known form")
    if b"\nv " in head and b"\x00" not in head:
        word = "an OBJ surface"
    return (
        f"is {word}; a volume mesh of tetrahedra is needed: VTK legacy, VTU, gmsh 2.2 or 4.1, or CARP (.pts with .elem)"
    )


def _no_tetrahedra(content: MeshContent) -> str:
    there = f"{len(content.triangles)} triangles" if len(content.triangles) else f"{len(content.points)} nodes only"
    return f"holds no tetrahedra ({there}); fill the surface with tetrahedra first (gmsh, TetGen, ftetwild)"


def _with_fibres_of(content: MeshContent, path: Path) -> tuple[MeshContent, str]:
    """Return the mesh with the fibres of another file of as many nodes or tetrahedra, and that file's digest."""
    nodes, cells = len(content.points), len(content.tetrahedra)
    try:
        data = read_mesh_bytes(path)
        if path.suffix.lower() == ".lon":
            arrays = read_carp_fibres(data, cells)
            return replace(content, tetrahedron_arrays={**content.tetrahedron_arrays, **arrays}), sha256_of(data)
        other = _from_bytes(data)
        name = fibre_array_name(other)
        if name is None:
            raise InputError("has no array whose name says fibre; rename it to fibre")
        on_cells = name in other.tetrahedron_arrays
        values = (other.tetrahedron_arrays if on_cells else other.point_arrays)[name]
        if len(values) != (cells if on_cells else nodes):
            raise InputError(
                f"array {name!r} holds {len(values)} fibres, the mesh has {nodes} nodes and {cells} tetrahedra"
            )
        # Exporters write nodes and cells in different orders: a fibre belongs to a place, not to a number.
        if on_cells:
            centres, wanted = (mesh.points[mesh.tetrahedra].mean(axis=1) for mesh in (other, content))
            values = values[_same_places(centres, wanted)]
        else:
            values = values[_same_places(other.points, content.points)]
    except InputError as error:
        raise InputError(_named(path, error)) from error
    if on_cells:
        return replace(content, tetrahedron_arrays={**content.tetrahedron_arrays, name: values}), sha256_of(data)
    return replace(content, point_arrays={**content.point_arrays, name: values}), sha256_of(data)


def _same_places(given: FloatArray, wanted: FloatArray) -> NDArray[np.intp]:
    """Return which given point lies at each wanted place."""
    extent = float(np.ptp(wanted, axis=0).max())
    distance, index = cKDTree(given).query(wanted)
    if float(np.max(distance)) > 1e-4 * extent or len(np.unique(index)) != len(wanted):
        raise InputError(
            f"its nodes lie elsewhere than those of the mesh (up to {float(np.max(distance)):.3g} apart at a size of "
            f"{extent:.3g}); give fibres on the same mesh, in the same unit"
        )
    return np.asarray(index)


def _as_mesh(
    file: str,
    digest: str,
    content: MeshContent,
    unit: LengthUnit | None,
    axes: MeshAxes | None,
    fibre_array: str | None,
    with_fibres: bool,
) -> MeshFile:
    findings: list[Finding] = []
    taken = _unit(content, unit, findings)
    flip = _flip(content.title, axes, findings)
    fibre_name = (fibre_array or fibre_array_name(content)) if with_fibres else None
    sheet_name = sheet_array_name(content) if fibre_name is not None else None
    fibre = None if fibre_name is None else unit_fibres(content, fibre_name, "fibre", findings)
    sheet = None if sheet_name is None else _sheet(content, sheet_name, findings)
    region_name = _region_name(content)
    _say_what_was_left_out(content, findings)
    used = {fibre_name, sheet_name if sheet is not None else None, region_name}
    return MeshFile(
        points_mm=_frozen(content.points * (MM_PER_UNIT[taken] * flip)),
        tetrahedra=_frozen(content.tetrahedra.astype(np.int32)),
        fibre=None if fibre is None else _frozen(fibre * flip),
        sheet=None if sheet is None else _frozen(sheet * flip),
        region=None if region_name is None else _frozen(content.tetrahedron_arrays[region_name].astype(np.int64)),
        region_names={label: name for (dimension, label), name in content.names.items() if dimension == 3},
        point_arrays={name: _frozen(values) for name, values in content.point_arrays.items() if name not in used},
        cell_arrays={name: _frozen(values) for name, values in content.tetrahedron_arrays.items() if name not in used},
        surfaces=_surfaces(content),
        file=file,
        format=content.format,
        sha256=digest,
        unit=taken,
        fibre_array=fibre_name,
        region_array=region_name,
        findings=tuple(findings),
    )


def _frozen(array: _Array) -> _Array:
    array.setflags(write=False)
    return array


def _sheet(content: MeshContent, name: str, findings: list[Finding]) -> FloatArray | None:
    """Return sheet directions; where they are of no use they are left out, fibres alone are enough."""
    try:
        return unit_fibres(content, name, "sheet", findings)
    except InputError as error:
        findings.append(Finding(code="sheet-left-out", message=f"Sheet directions were left out: {error}."))
        return None


def _unit(content: MeshContent, unit: LengthUnit | None, findings: list[Finding]) -> LengthUnit:
    """Return the unit of length: the given one, CARP's own, or millimetres where they make a heart."""
    corners = content.points[np.unique(content.tetrahedra)]
    extent = float((corners.max(axis=0) - corners.min(axis=0)).max())
    if unit is not None and unit not in MM_PER_UNIT:
        raise InputError(f"unit is {unit!r}, allowed are {', '.join(MM_PER_UNIT)}")
    taken: LengthUnit = unit or ("um" if content.format == "CARP" else "mm")
    low, high = PLAUSIBLE_EXTENT_MM
    extent_mm = extent * MM_PER_UNIT[taken]
    if low <= extent_mm <= high:
        return taken
    fitting = [name for name, factor in MM_PER_UNIT.items() if low <= extent * factor <= high]
    hint = f"it would be a heart in {' or '.join(fitting)}: pass --unit {fitting[0]}" if fitting else "check the export"
    if unit is None:
        raise InputError(
            f"the mesh is {extent:.6g} long in the file's numbers; in {taken} that is {extent_mm:.6g} mm, a heart is "
            f"{low:.0f} to {high:.0f} mm; {hint}" + ("" if fitting else ", or pass --unit to say what it is in")
        )
    least, most = POSSIBLE_EXTENT_MM
    if not least <= extent_mm <= most:
        raise InputError(f"the mesh is {extent_mm:.6g} mm long in {unit}, allowed are {least:g} to {most:g} mm; {hint}")
    message = f"The mesh is {extent_mm:.6g} mm long in the given unit ({unit}); a heart is {low:.0f} to {high:.0f} mm."
    findings.append(Finding(code="mesh-size", message=message))
    return taken


def _flip(title: str, axes: MeshAxes | None, findings: list[Finding]) -> FloatArray:
    """Return the signs that turn the file's axes to LPS."""
    if axes is not None and axes not in ("lps", "ras"):
        raise InputError(f"axes are {axes!r}, allowed are lps (DICOM) and ras (NIfTI)")
    said = "ras" if "SPACE=RAS" in title.upper().replace(" ", "") else None
    if axes is not None and said is not None and axes != said:
        message = f"The file says its axes are {said.upper()}; {axes.upper()} was given and taken."
        findings.append(Finding(code="mesh-axes", message=message))
    return np.array([-1.0, -1.0, 1.0]) if (axes or said) == "ras" else np.ones(3)


def _region_name(content: MeshContent) -> str | None:
    """Return the name of the array of labels per tetrahedron: whole numbers, not too many different ones."""
    by_word = {name.lower().replace("_", "").replace(" ", ""): name for name in content.tetrahedron_arrays}
    for word in _REGION_WORDS:
        name = by_word.get(word)
        values = None if name is None else content.tetrahedron_arrays[name]
        if values is None or values.ndim != 1 or not np.isfinite(values).all() or np.abs(values).max() > 2**53:
            continue
        if np.array_equal(values, np.rint(values)) and len(np.unique(values)) <= _MOST_LABELS:
            return name
    return None


def _surfaces(content: MeshContent) -> dict[str, IndexArray]:
    """Return triangles by the name of their label."""
    triangles = _frozen(content.triangles.astype(np.int32))
    if not len(triangles):
        return {}
    on_triangles = replace(content, tetrahedron_arrays=content.triangle_arrays)
    name = _region_name(on_triangles)
    if name is None:
        return {"triangles": triangles}
    labels = content.triangle_arrays[name].astype(np.int64)
    surfaces: dict[str, IndexArray] = {}
    for label in (int(label) for label in np.unique(labels)):
        surfaces[content.names.get((2, label), f"label {label}")] = _frozen(triangles[labels == label])
    return surfaces


def _say_what_was_left_out(content: MeshContent, findings: list[Finding]) -> None:
    for kind, count in content.passed_over.items():
        message = f"{count} cells that are {kind} were passed over; only tetrahedra and triangles are read."
        findings.append(Finding(code="mesh-cells-passed-over", message=message))
    if content.straightened:
        message = f"{content.straightened} cells are of second order; their corners were taken, other nodes left out."
        findings.append(Finding(code="mesh-second-order", message=message))
