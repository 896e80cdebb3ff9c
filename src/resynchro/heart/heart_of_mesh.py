"""A heart from somebody else's biventricular mesh: surfaces, coordinates, segments and fibres where it has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resynchro.errors import InputError
from resynchro.heart.fibres import FibreField, rule_based_fibres
from resynchro.heart.heart import BORDER_ZONE, HEALTHY, LV_FREE_WALL, SCAR_CORE, Heart
from resynchro.heart.laplace import stiffness_matrix
from resynchro.heart.mesh import FloatArray, HeartMesh, SurfaceName
from resynchro.heart.mesh_check import CheckedMesh, check_tetrahedra
from resynchro.heart.standard_position import standard_heart_axes
from resynchro.heart.surfaces import labelled_surfaces, matched_surfaces
from resynchro.heart.ventricular_coordinates import VentricularPlaces, ventricular_coordinates
from resynchro.record.finding import Finding
from resynchro.record.veins import LvLandmarks

#: Axes of the given mesh. ``unknown``: the heart is turned into the usual position.
HeartAxes = Literal["lps", "ras", "unknown"]
#: Cosine between the heart's directions and the usual ones below which the axes of the mesh are doubted.
_UNUSUAL_COSINE = 0.3
#: Share of elements without a fibre from which on the given fibres are refused.
_MOST_MISSING = 0.2


def heart_of_mesh(
    points_mm: ArrayLike,
    tetrahedra: ArrayLike,
    *,
    surfaces: Mapping[SurfaceName, NDArray[np.integer]] | None = None,
    fibre: ArrayLike | None = None,
    tissue: ArrayLike | None = None,
    axes: HeartAxes = "lps",
    to_body: ArrayLike | None = None,
    endocardial_deg: float = 60.0,
    epicardial_deg: float = -60.0,
    findings: tuple[Finding, ...] = (),
) -> Heart:
    """Make a heart that can be paced from any biventricular mesh with an open base.

    Parameters
    ----------
    points_mm
        Nodes, shape (n, 3) [mm].
    tetrahedra
        Shape (m, 4).
    surfaces
        Triangles of the boundary by name, in numbers of the given nodes; at most one of the four may be left out, it
        is what remains. None: they are found by `labelled_surfaces`.
    fibre
        Directions per tetrahedron, shape (m, 3), or per node, shape (n, 3), of any length; None: by rule. Where one is
        zero, not finite, or missing, the rule's stands in.
    tissue
        Per tetrahedron, shape (m,): 0 healthy, 1 border zone, 2 scar core; None: healthy.
    axes
        ``lps`` or ``ras`` when the mesh lies as in the body, ``unknown`` to have it turned into the usual position.
    to_body
        Rotation from the mesh's axes to body axes (LPS), shape (3, 3): body = to_body @ mesh. Instead of `axes`.
    endocardial_deg, epicardial_deg
        Helix angles of the rule [deg].
    findings
        To travel with the heart, for example those of the file.

    Returns
    -------
    Heart
        In body axes, nodes that no tetrahedron uses left out. Veins are None.

    Raises
    ------
    InputError
        When the arrays do not fit together, the mesh is damaged or not of a heart's size, or fibres are missing widely.
    MeasurementError
        When surfaces, insertions or the long axis cannot be found.
    """
    given = len(np.asarray(points_mm)), len(np.asarray(tetrahedra))
    turn = None if axes == "unknown" and to_body is None else _rotation(axes, to_body)
    checked = check_tetrahedra(points_mm, tetrahedra)
    said = [*findings, *checked.findings]
    mesh = _mesh(checked, surfaces, given[0], said)
    stiffness = stiffness_matrix(mesh.points_mm, mesh.tetrahedra)
    places = ventricular_coordinates(mesh, stiffness=stiffness)
    rule = rule_based_fibres(mesh, endocardial_deg=endocardial_deg, epicardial_deg=epicardial_deg, stiffness=stiffness)
    direction, across = rule.fibre, rule.sheet_normal
    if fibre is not None:
        direction, across = _given_fibres(_restricted(fibre, checked, *given), rule, places, said)
    origin = np.zeros(3)
    if turn is None:
        turn, origin = _to_usual_position(places, said)
    else:
        _doubt_axes(places.heart_axes @ turn.T, said)
    return Heart(
        mesh=replace(mesh, points_mm=_frozen((mesh.points_mm - origin) @ turn.T)),
        coordinates=places.coordinates,
        wall=places.wall,
        segment=places.segment,
        fibre=_frozen(direction @ turn.T),
        sheet_normal=_frozen(across @ turn.T),
        tissue=_tissue(tissue, checked, given[1]),
        landmarks=_moved_landmarks(places.landmarks, turn, origin),
        geometry_source="mesh file",
        findings=tuple(said),
    )


def _moved_landmarks(landmarks: LvLandmarks, turn: FloatArray, origin: FloatArray) -> LvLandmarks:
    return LvLandmarks(
        base_mm=_frozen(turn @ (landmarks.base_mm - origin)),
        apex_mm=_frozen(turn @ (landmarks.apex_mm - origin)),
        anterior_insertion_mm=_frozen(turn @ (landmarks.anterior_insertion_mm - origin)),
    )


def _frozen(array: FloatArray) -> FloatArray:
    array = np.ascontiguousarray(array)
    array.setflags(write=False)
    return array


def _rotation(axes: HeartAxes, to_body: ArrayLike | None) -> FloatArray:
    """Return the rotation from the mesh's axes to body axes (LPS)."""
    if to_body is None:
        if axes not in ("lps", "ras"):
            raise InputError(f"axes {axes!r}: allowed are lps, ras, unknown")
        return np.diag([1.0, 1.0, 1.0] if axes == "lps" else [-1.0, -1.0, 1.0])
    turn = np.asarray(to_body, dtype=float)
    if turn.shape != (3, 3) or not np.allclose(turn @ turn.T, np.eye(3), atol=1e-6) or np.linalg.det(turn) < 0.0:
        raise InputError(
            "to_body must be a rotation, shape (3, 3): rows of unit length at right angles, determinant +1"
        )
    return turn


def _mesh(
    checked: CheckedMesh,
    surfaces: Mapping[SurfaceName, NDArray[np.integer]] | None,
    given_nodes: int,
    said: list[Finding],
) -> HeartMesh:
    if surfaces is None:
        parts = labelled_surfaces(checked.points_mm, checked.tetrahedra)
    else:
        number = np.full(given_nodes + 1, -1, dtype=np.int32)
        number[checked.kept_nodes] = np.arange(len(checked.kept_nodes))
        for name, triangles in surfaces.items():
            rows = np.asarray(triangles)
            if rows.ndim != 2 or rows.shape[1] != 3 or (rows.size and not 0 <= rows.min() <= rows.max() < given_nodes):
                raise InputError(f"{name} must be triangles of the {given_nodes} nodes, shape (k, 3)")
        parts = matched_surfaces(checked.boundary, {name: number[np.asarray(t)] for name, t in surfaces.items()})
    left_out = len(checked.boundary) - sum(len(triangles) for triangles in parts.values())
    if left_out:
        message = f"{left_out} triangles of the boundary line holes within the muscle; they belong to no surface."
        said.append(Finding(code="mesh-holes", message=message))
    for triangles in parts.values():
        triangles.setflags(write=False)
    return HeartMesh(points_mm=checked.points_mm, tetrahedra=checked.tetrahedra, **parts)


def _restricted(values: ArrayLike, checked: CheckedMesh, given_nodes: int, given_tetrahedra: int) -> FloatArray:
    """Return directions of the kept tetrahedra, from one per tetrahedron or one per node, shape (m, 3)."""
    vectors = np.asarray(values, dtype=float)
    if vectors.shape == (given_tetrahedra, 3):
        return vectors[checked.kept_tetrahedra]
    if vectors.shape != (given_nodes, 3):
        raise InputError(
            f"fibres have shape {vectors.shape}, allowed are ({given_tetrahedra}, 3) per tetrahedron and "
            f"({given_nodes}, 3) per node"
        )
    length = np.linalg.norm(vectors, axis=1)
    known = np.isfinite(length) & (length > 0.0)
    unit = np.where(known[:, None], vectors / np.where(known, length, 1.0)[:, None], 0.0)[checked.kept_nodes]
    # The mean of axes: the main direction of the mean of f f', since the sign of a fibre means nothing.
    dyads = np.einsum("ni,nj->nij", unit, unit)[checked.tetrahedra].mean(axis=1)
    weight, axis = np.linalg.eigh(dyads)
    return np.where(weight[:, 2:] > 0.0, axis[:, :, 2], 0.0)


def _given_fibres(
    values: FloatArray, rule: FibreField, places: VentricularPlaces, said: list[Finding]
) -> tuple[FloatArray, FloatArray]:
    """Return the given directions as unit vectors, the rule's where there are none, and the sheet normals to them."""
    length = np.linalg.norm(values, axis=1)
    known = np.isfinite(length) & (length > 1e-9)
    missing = int(np.sum(~known))
    if missing > _MOST_MISSING * len(values):
        raise InputError(
            f"{missing} of {len(values)} tetrahedra have no fibre direction (zero or not a number): leave the fibres "
            "out to get them by rule, or export them again"
        )
    if missing:
        said.append(
            Finding(
                code="fibres-by-rule",
                message=f"{missing} of {len(values)} tetrahedra have no fibre direction; the rule's stands in.",
            )
        )
    fibre = np.where(known[:, None], values / np.where(known, length, 1.0)[:, None], rule.fibre)
    across = rule.sheet_normal - fibre * np.einsum("ij,ij->i", rule.sheet_normal, fibre)[:, None]
    steep = np.linalg.norm(across, axis=1) < 0.1  # a fibre across the wall: any direction at right angles will do
    across[steep] = np.cross(fibre[steep], rule.longitudinal[steep])
    _doubt_handedness(fibre, rule, places, said)
    return fibre, across / np.linalg.norm(across, axis=1, keepdims=True)


def _doubt_handedness(fibre: FloatArray, rule: FibreField, places: VentricularPlaces, said: list[Finding]) -> None:
    """Remark on fibres that turn across the left ventricle's wall the other way than those of mammals."""
    around = np.cross(rule.longitudinal, rule.sheet_normal)
    sine, cosine = np.einsum("ij,ij->i", fibre, rule.longitudinal), np.einsum("ij,ij->i", fibre, around)
    helix = np.degrees(np.arctan2(sine * np.where(cosine < 0.0, -1.0, 1.0), np.abs(cosine)))
    free = places.wall == LV_FREE_WALL
    by_rule = rule.helix_deg
    inner, outer = free & (by_rule > 0.5 * by_rule.max()), free & (by_rule < 0.5 * by_rule.min())
    if not inner.any() or not outer.any():
        return
    inside, outside = float(np.median(helix[inner])), float(np.median(helix[outer]))
    if inside < -20.0 and outside > 20.0:
        said.append(
            Finding(
                code="fibres-handedness",
                message=(
                    f"The given fibres turn from {inside:.0f} degrees inside to {outside:+.0f} outside, the other way "
                    "round than in human hearts (+60 to -60); they were kept. Is the mesh mirrored, or the sign of "
                    "their rule another one?"
                ),
            )
        )


def _to_usual_position(places: VentricularPlaces, said: list[Finding]) -> tuple[FloatArray, FloatArray]:
    """Return the rotation that lays the heart's own axes on the usual ones, and the middle of its long axis."""
    said.append(
        Finding(
            code="heart-position-assumed",
            message="How the mesh lies in the body is not known: the heart was turned into the usual position.",
        )
    )
    turn = standard_heart_axes().T @ places.heart_axes
    return turn, 0.5 * (places.landmarks.base_mm + places.landmarks.apex_mm)


def _doubt_axes(heart_axes: FloatArray, said: list[Finding]) -> None:
    """Remark on a heart whose axes in the body differ grossly from the usual ones."""
    words = ("the apex", "the septum", "the anterior wall")
    cosines = np.einsum("ij,ij->i", heart_axes, standard_heart_axes())
    wrong = [
        f"{word} by {np.degrees(np.arccos(c)):.0f}"
        for word, c in zip(words, cosines, strict=True)
        if c < _UNUSUAL_COSINE
    ]
    if wrong:
        said.append(
            Finding(
                code="heart-axes-unusual",
                message=(
                    f"In the stated axes these point away from their usual direction: {', '.join(wrong)} degrees. "
                    "Check the axes (LPS or RAS) and whether the mesh is mirrored; otherwise let it be turned."
                ),
            )
        )


def _tissue(values: ArrayLike | None, checked: CheckedMesh, given_tetrahedra: int) -> NDArray[np.int8]:
    if values is None:
        tissue = np.full(len(checked.tetrahedra), HEALTHY, dtype=np.int8)
    else:
        given = np.asarray(values)
        if given.shape != (given_tetrahedra,) or not np.isin(given, (HEALTHY, BORDER_ZONE, SCAR_CORE)).all():
            raise InputError(f"tissue must hold 0, 1 or 2 for each of {given_tetrahedra} tetrahedra")
        tissue = given[checked.kept_tetrahedra].astype(np.int8)
    tissue.setflags(write=False)
    return tissue
