"""The four surfaces between which a heart of the template's topology is filled with tetrahedra."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from resynchro.heart.mesh import FloatArray, HeartMesh, IndexArray
from resynchro.heart.prisms import tetrahedra_of_prisms
from resynchro.heart.template_sheet import TemplateSheet


@dataclass(frozen=True, slots=True, kw_only=True)
class WallSheets:
    """Where the columns of a `TemplateSheet` begin and end, in any one frame [mm].

    Attributes
    ----------
    lv_inner, lv_outer
        Endocardium of the left ventricle and the outer side of its wall (epicardium, or the septum's right side),
        shape (c, 3).
    rv_inner, rv_outer
        Endocardium and epicardium of the right ventricle's free wall above the septal columns
        (`septal_columns`), shape (s, 3).
    """

    lv_inner: FloatArray
    lv_outer: FloatArray
    rv_inner: FloatArray
    rv_outer: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """Numbering of nodes and elements; it depends on the sheet alone.

    Attributes
    ----------
    tetrahedra
        Shape (m, 4).
    lv_endocardium, rv_endocardium, epicardium, base
        Triangles with normals out of the muscle.
    column, layer
        Column of the sheet and height in the wall (0 inner, 1 outer) of each node, shape (n,).
    rv
        True for nodes of the RV free wall, shape (n,).
    septal, rv_free_wall
        True for tetrahedra of the septum (under the cavity of the right ventricle) and of the RV free wall, shape (m,).
    septal_columns
        Columns over which the right ventricle's free wall has nodes of its own, shape (s,).
    """

    tetrahedra: IndexArray
    lv_endocardium: IndexArray
    rv_endocardium: IndexArray
    epicardium: IndexArray
    base: IndexArray
    column: IndexArray
    layer: FloatArray
    rv: NDArray[np.bool_]
    septal: NDArray[np.bool_]
    rv_free_wall: NDArray[np.bool_]
    septal_columns: IndexArray


def _layered(bottom: IndexArray, numbers: IndexArray) -> IndexArray:
    """Prisms over triangles: ``numbers[column, layer]`` are the nodes."""
    layers = numbers.shape[1] - 1
    prisms = [np.concatenate([numbers[bottom, layer], numbers[bottom, layer + 1]], axis=1) for layer in range(layers)]
    return np.stack(prisms, axis=1).reshape(-1, 6)


@lru_cache(maxsize=4)
def topology(sheet_edge_mm: float) -> Topology:
    """Number nodes, tetrahedra and boundary triangles of the sheet of one edge length."""
    from resynchro.heart.template_sheet import template_sheet

    return _topology(template_sheet(sheet_edge_mm))


def _topology(sheet: TemplateSheet) -> Topology:
    columns = len(sheet.u)
    lv = np.arange(columns * (sheet.lv_layers + 1), dtype=np.int32).reshape(columns, -1)
    septal_columns = np.setdiff1d(np.unique(sheet.triangles[sheet.septal]), sheet.insertion[0]).astype(np.int32)
    rv = np.full((columns, sheet.rv_layers + 1), -1, dtype=np.int32)
    rv[septal_columns] = lv.size + np.arange(len(septal_columns) * (sheet.rv_layers + 1)).reshape(
        -1, sheet.rv_layers + 1
    )
    rv[sheet.insertion[0]] = lv[sheet.insertion.T, -1]
    over_septum = sheet.triangles[sheet.septal]
    lv_tetrahedra = tetrahedra_of_prisms(_layered(sheet.triangles, lv))
    rv_tetrahedra = tetrahedra_of_prisms(_layered(over_septum, rv))
    under_septum = np.repeat(sheet.septal, 3 * sheet.lv_layers)
    strip = np.isin(sheet.triangles, sheet.insertion).all(axis=1) & ~sheet.septal
    # Outside of the septum and not under the inserted RV wall the outer side is epicardium.
    bare = ~sheet.septal & ~_between_rows(sheet, strip)
    tetrahedra = np.concatenate([lv_tetrahedra, rv_tetrahedra])
    lv_endocardium = lv[sheet.triangles, 0][:, ::-1]
    rv_endocardium = np.concatenate([lv[over_septum, -1], rv[over_septum, 0][:, ::-1]])
    epicardium = np.concatenate([lv[sheet.triangles[bare], -1], rv[over_septum, -1]])
    walls = np.concatenate([lv_endocardium, rv_endocardium, epicardium])
    n_nodes = lv.size + len(septal_columns) * (sheet.rv_layers + 1)
    column = np.empty(n_nodes, dtype=np.int32)
    layer = np.empty(n_nodes)
    column[lv] = np.arange(columns, dtype=np.int32)[:, None]
    layer[lv] = np.linspace(0.0, 1.0, sheet.lv_layers + 1)
    column[rv[septal_columns]] = septal_columns[:, None]
    layer[rv[septal_columns]] = np.linspace(0.0, 1.0, sheet.rv_layers + 1)
    return Topology(
        tetrahedra=tetrahedra,
        lv_endocardium=lv_endocardium,
        rv_endocardium=rv_endocardium,
        epicardium=epicardium,
        base=_rest_of_boundary(tetrahedra, walls),
        column=column,
        layer=layer,
        rv=np.arange(n_nodes) >= lv.size,
        septal=np.concatenate([under_septum, np.zeros(len(rv_tetrahedra), dtype=bool)]),
        rv_free_wall=np.arange(len(tetrahedra)) >= len(lv_tetrahedra),
        septal_columns=septal_columns,
    )


def _between_rows(sheet: TemplateSheet, candidates: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which triangles lie in the strip between first and last row of the insertion."""
    row = np.full(len(sheet.u), -1)
    for index, columns in enumerate(sheet.insertion):
        row[columns] = index
    of_triangle = row[sheet.triangles]
    return np.asarray(candidates & (of_triangle.max(axis=1) - of_triangle.min(axis=1) == 1))


def _rest_of_boundary(tetrahedra: IndexArray, known: IndexArray) -> IndexArray:
    """Return the boundary triangles that are not among the known ones, normals outwards."""
    faces = tetrahedra[:, [(0, 2, 1), (0, 1, 3), (1, 2, 3), (0, 3, 2)]].reshape(-1, 3)
    key = np.sort(faces, axis=1).astype(np.int64)
    n = int(tetrahedra.max()) + 1
    code = (key[:, 0] * n + key[:, 1]) * n + key[:, 2]
    _, first, count = np.unique(code, return_index=True, return_counts=True)
    single = first[count == 1]
    known_key = np.sort(known, axis=1).astype(np.int64)
    known_code = (known_key[:, 0] * n + known_key[:, 1]) * n + known_key[:, 2]
    return np.ascontiguousarray(faces[single[~np.isin(code[single], known_code)]], dtype=np.int32)


def nodes_of(topology: Topology, sheets: WallSheets) -> FloatArray:
    """Place every node between the inner and outer side of its wall, shape (n, 3) [mm]."""
    layer = topology.layer[:, None]
    points = np.empty((len(topology.column), 3))
    lv = ~topology.rv
    column = topology.column[lv]
    points[lv] = (1.0 - layer[lv]) * sheets.lv_inner[column] + layer[lv] * sheets.lv_outer[column]
    position = np.full(int(topology.column.max()) + 1, -1)
    position[topology.septal_columns] = np.arange(len(topology.septal_columns))
    at = position[topology.column[topology.rv]]
    points[topology.rv] = (1.0 - layer[topology.rv]) * sheets.rv_inner[at] + layer[topology.rv] * sheets.rv_outer[at]
    return points


def mesh_of(topology: Topology, sheets: WallSheets) -> HeartMesh:
    """Fill the walls between four surfaces with the tetrahedra of the template."""
    return HeartMesh(
        points_mm=nodes_of(topology, sheets),
        tetrahedra=topology.tetrahedra,
        lv_endocardium=topology.lv_endocardium,
        rv_endocardium=topology.rv_endocardium,
        epicardium=topology.epicardium,
        base=topology.base,
    )
