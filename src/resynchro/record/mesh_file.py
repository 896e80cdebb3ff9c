"""A volume mesh of a heart as somebody else's file holds it: nothing repaired, only named, scaled and bounded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resynchro.record.finding import Finding

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int32]

#: Lengths a mesh file may be written in, as factor to millimetres.
LengthUnit = Literal["m", "cm", "mm", "um"]
MM_PER_UNIT: Mapping[LengthUnit, float] = {"m": 1000.0, "cm": 10.0, "mm": 1.0, "um": 0.001}
#: Directions of the file's axes. LPS: x to the patient's left, y to the back, z to the head (DICOM); RAS: right handed
#: with x to the right and y to the front (NIfTI).
MeshAxes = Literal["lps", "ras"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshFile:
    """What was read from one mesh file.

    Attributes
    ----------
    points_mm
        Nodes, shape (n, 3), in LPS [mm]. Nodes no tetrahedron uses are still here.
    tetrahedra
        Shape (m, 4), indices of nodes, in the order of the file; orientation as in the file.
    fibre
        Per tetrahedron, unit vectors, shape (m, 3); None where the file has none. Their sign means nothing.
    sheet
        Per tetrahedron, unit vectors of the second direction of a CARP ``.lon``, or of an array named as a sheet;
        None where the file has none.
    region
        Per tetrahedron, shape (m,), the file's own labels (CARP tag, gmsh physical group, an array named region, tag,
        label, material or class); None where there are none.
    region_names
        Name of a label where the file gives one (gmsh physical names).
    point_arrays, cell_arrays
        Every other numeric array by its name in the file, per node and per tetrahedron, float64, shape (n,) or (n, k);
        numbers as in the file: vectors in them are neither scaled nor turned.
    surfaces
        Triangles that the file holds beside the tetrahedra, shape (k, 3) each, by the name of their label, or
        ``triangles`` where they have no label.
    file, format, sha256
        Path as given, form as found (``VTK legacy 5.1``, ``VTU``, ``CARP``, ``gmsh 4.1``), digest of the bytes (of all
        parts in order for CARP and for fibres in a file of their own).
    unit
        Unit of length that was taken for the file.
    fibre_array, region_array
        Name of the array that fibres and labels came from.
    findings
        What the user should know about what was read.
    """

    points_mm: FloatArray
    tetrahedra: IndexArray
    fibre: FloatArray | None
    sheet: FloatArray | None
    region: NDArray[np.int64] | None
    file: str
    format: str
    sha256: str
    unit: LengthUnit
    region_names: Mapping[int, str] = field(default_factory=dict)
    point_arrays: Mapping[str, FloatArray] = field(default_factory=dict)
    cell_arrays: Mapping[str, FloatArray] = field(default_factory=dict)
    surfaces: Mapping[str, IndexArray] = field(default_factory=dict)
    fibre_array: str | None = None
    region_array: str | None = None
    findings: tuple[Finding, ...] = ()
