"""No tetrahedron of a fitted heart is inverted: displacements are evened out where walls fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from resynchro.errors import InputError
from resynchro.heart.mesh import FloatArray
from resynchro.heart.patient_fit import Displacement, SurfaceFit
from resynchro.heart.patient_frame import HeartFrame
from resynchro.heart.template_shape import rv_wall_directions
from resynchro.heart.template_sheet import TemplateSheet
from resynchro.heart.wall_sheets import Topology, WallSheets, nodes_of
from resynchro.record.finding import Finding

#: Smoothness is multiplied by this where evening out does not help, so many times.
_STIFFER, _MOST_TRIES = 4.0, 5
#: Rounds of evening out; every few rounds the neighbourhood grows by one ring of triangles.
_ROUNDS, _GROW_EVERY = 60, 6
#: Elements below this quality are evened out, too.
_LEAST_QUALITY = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfolding:
    """What it took to have no inverted tetrahedron.

    Attributes
    ----------
    smoothness
        Factor before the smoothness of the fit, 1 when the usual one did.
    relaxed_share
        Share of the sheet's columns whose displacement was evened out.
    """

    smoothness: float
    relaxed_share: float

    def notes(self) -> tuple[Finding, ...]:
        """Say it."""
        notes = []
        if self.smoothness > 1.0:
            message = f"the fit was made {self.smoothness:.0f} times smoother than usual so that no wall folds"
            notes.append(Finding(code="fit-stiffened", message=message))
        if self.relaxed_share > 0.0:
            message = (
                f"over {100.0 * self.relaxed_share:.1f} % of the wall the fit was evened out because elements would be "
                "inverted there; contours have less say in that place"
            )
            notes.append(Finding(code="fit-relaxed", message=message))
        return tuple(notes)


def unfolded_walls(
    fit: SurfaceFit,
    sheet: TemplateSheet,
    numbering: Topology,
    start: WallSheets,
    rv_wall_mm: float,
    frame: HeartFrame,
) -> tuple[Displacement, WallSheets, Unfolding]:
    """Return the fitted walls over a sheet, without inverted tetrahedra.

    Parameters
    ----------
    fit
        The least squares.
    sheet, numbering, start
        Of the wanted edge length, and the shape that the fit started from.
    rv_wall_mm
        Thickness of the RV free wall [mm].
    frame
        Where the heart lies.

    Raises
    ------
    InputError
        When elements stay inverted however smooth the fit.
    """
    smoothness = 1.0
    for _ in range(_MOST_TRIES):
        displacement = fit.solved(smoothness)
        surfaces = displacement.at(sheet, numbering, start)
        walls, share = _evened_out(surfaces, sheet, numbering, start, rv_wall_mm, frame)
        if walls is not None:
            return displacement, walls, Unfolding(smoothness=smoothness, relaxed_share=share)
        smoothness *= _STIFFER
    raise InputError(
        "the walls of the fitted heart fold however smooth the fit: contours of different slices contradict each other "
        "or walls cross; check them"
    )


def _evened_out(
    surfaces: tuple[FloatArray, FloatArray, FloatArray],
    sheet: TemplateSheet,
    numbering: Topology,
    start: WallSheets,
    rv_wall_mm: float,
    frame: HeartFrame,
) -> tuple[WallSheets | None, float]:
    """Replace displacements around bad elements by the mean of their neighbours' until all elements are sound."""
    columns = numbering.septal_columns
    inner, outer = surfaces[0] - start.lv_inner, surfaces[1] - start.lv_outer
    right = outer.copy()
    right[columns] = surfaces[2] - start.rv_inner
    mean = _neighbour_mean(sheet)
    moved = np.zeros(len(sheet.u), dtype=bool)
    for turn in range(_ROUNDS):
        moved_walls = (start.lv_inner + inner, start.lv_outer + outer, start.rv_inner + right[columns])
        walls = _with_rv_wall(moved_walls, sheet, numbering, rv_wall_mm, mean, moved, turn)
        nodes = frame.back(nodes_of(numbering, walls))
        quality = tetrahedron_quality(nodes[numbering.tetrahedra])
        bad = quality < _LEAST_QUALITY
        if not bad.any() or (turn > _ROUNDS // 2 and quality.min() > 0.0):
            return walls, float(moved.mean())
        around = np.zeros(len(sheet.u), dtype=bool)
        around[numbering.column[numbering.tetrahedra[bad]]] = True
        if around.mean() > 0.2:
            return None, 0.0
        for _ in range(2 + turn // _GROW_EVERY):
            around |= mean @ around.astype(float) > 0.0
        moved |= around
        for field in (inner, outer, right):
            field[around] = 0.5 * field[around] + 0.5 * (mean @ field)[around]
        right[sheet.insertion[0]] = outer[sheet.insertion[0]]
    return None, 0.0


def _neighbour_mean(sheet: TemplateSheet) -> sparse.csr_array:
    triangles = sheet.triangles
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    edges = np.unique(np.concatenate([edges, edges[:, ::-1]]), axis=0)
    degree = np.bincount(edges[:, 0], minlength=len(sheet.u))
    weight = 1.0 / degree[edges[:, 0]]
    return sparse.csr_array(sparse.coo_array((weight, (edges[:, 0], edges[:, 1])), shape=(len(sheet.u),) * 2))


def _with_rv_wall(
    surfaces: tuple[FloatArray, FloatArray, FloatArray],
    sheet: TemplateSheet,
    numbering: Topology,
    rv_wall_mm: float,
    mean: sparse.csr_array,
    moved: NDArray[np.bool_],
    turns: int,
) -> WallSheets:
    """Add the epicardium of the RV free wall; where the wall was evened out its directions are, too.

    On the line of insertion the wall runs along the LV's outer side, from the first to the last row of the insertion.
    """
    inner, outer, free = surfaces
    columns = numbering.septal_columns
    across = np.zeros_like(outer)
    across[columns] = rv_wall_mm * rv_wall_directions(sheet, numbering, outer, free, rv_wall_mm)
    across[sheet.insertion[0]] = outer[sheet.insertion[-1]] - outer[sheet.insertion[0]]
    soft = np.zeros(len(outer), dtype=bool)
    soft[columns] = moved[columns]
    within = np.zeros(len(outer))
    within[columns], within[sheet.insertion[0]] = 1.0, 1.0
    share = np.maximum(mean @ within, 1e-9)[:, None]
    for _ in range(turns if soft.any() else 0):
        across[soft] = 0.5 * across[soft] + 0.5 * ((mean @ (within[:, None] * across)) / share)[soft]
    return WallSheets(lv_inner=inner, lv_outer=outer, rv_inner=free, rv_outer=free + across[columns])


def tetrahedron_quality(corner: FloatArray) -> NDArray[np.float64]:
    """Return the quality of tetrahedra: 12 (3 V)^(2/3) over the sum of the squared edges, with the sign of V.

    1 for a regular one, 0 for a flat one (Liu A, Joe B. BIT 1994;34:268, doi:10.1007/BF01955874).

    Parameters
    ----------
    corner
        Shape (m, 4, 3).
    """
    edge = corner[:, 1:] - corner[:, :1]
    six_volumes = np.einsum("ij,ij->i", np.cross(edge[:, 0], edge[:, 1]), edge[:, 2])
    squares = np.zeros(len(corner))
    for one, other in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)):
        squares += ((corner[:, one] - corner[:, other]) ** 2).sum(axis=1)
    return np.asarray(np.sign(six_volumes) * 12.0 * (0.5 * np.abs(six_volumes)) ** (2.0 / 3.0) / squares)
