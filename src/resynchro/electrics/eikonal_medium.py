"""A conducting medium: what every element of a travel-time mesh conducts, as squared edge lengths in milliseconds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from resynchro.electrics.eikonal_mesh import FloatArray, TravelTimeMesh, frozen
from resynchro.errors import InputError

BoolArray = NDArray[np.bool_]

#: Myocardium and the Purkinje network conduct at 0.2 to 4 m/s; beyond these limits the unit is wrong.
VELOCITY_LIMITS_M_PER_S = (0.02, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """Velocities on every element, with the squared metric edge lengths made of them.

    Attributes
    ----------
    mesh
        The mesh.
    fibre
        Unit vectors along the fibres, shape (m, 3).
    v_fibre_m_per_s, v_transverse_m_per_s
        Conduction velocity along and across the fibres, shape (m,) [m/s].
    conducting
        False where tissue does not conduct (scar core, block), shape (m,).
    v_triangle_m_per_s
        Velocity in the surface elements, 0 where the fast layer is off, shape (t,) [m/s].
    cable_ms
        Travel time along each cable, shape (c,) [ms].
    tetrahedron_squares_ms2
        (x_i - x_j)' G (x_i - x_j) of the six edges, 0 in elements that do not conduct, in the mesh's inside order of
        tetrahedra, shape (m, 6) [ms2].
    triangle_squares_ms2
        The same for the surface elements, shape (t, 3) [ms2].
    """

    mesh: TravelTimeMesh
    fibre: FloatArray
    v_fibre_m_per_s: FloatArray
    v_transverse_m_per_s: FloatArray
    conducting: BoolArray
    v_triangle_m_per_s: FloatArray
    cable_ms: FloatArray
    tetrahedron_squares_ms2: FloatArray
    triangle_squares_ms2: FloatArray


def medium(
    mesh: TravelTimeMesh,
    *,
    fibre: ArrayLike,
    v_fibre_m_per_s: ArrayLike,
    v_transverse_m_per_s: ArrayLike,
    conducting: ArrayLike | None = None,
    v_triangle_m_per_s: ArrayLike | None = None,
    cable_ms: ArrayLike | None = None,
) -> Medium:
    """Put velocities on a mesh.

    Parameters
    ----------
    mesh
        From `travel_time_mesh`.
    fibre
        Fibre direction of each tetrahedron, shape (m, 3); any length but zero, the sign does not matter.
    v_fibre_m_per_s, v_transverse_m_per_s
        Velocities along and across the fibres, one number or shape (m,) [m/s].
    conducting
        False for elements that do not conduct, such as a scar's core or a line of block, shape (m,). Default: all do.
    v_triangle_m_per_s
        Velocity in the surface elements, one number or shape (t,) [m/s]; 0 switches the layer off there. Default: off.
    cable_ms
        Travel time along each directed cable, a junction's delay included, shape (c,) [ms].

    Raises
    ------
    InputError
        Fibres of zero length, velocities outside 0.02-10 m/s, shapes that do not fit, values that are not finite.

    Notes
    -----
    The slowness metric of an element with fibre f is G = I / v_t^2 + (1 / v_f^2 - 1 / v_t^2) f f'.
    """
    count = mesh.tetrahedra.shape[0]
    direction = np.array(fibre, dtype=np.float64)
    if direction.shape != (count, 3):
        raise InputError(f"fibres must have shape ({count}, 3), one per tetrahedron, got {direction.shape}")
    length = np.sqrt(np.einsum("ij,ij->i", direction, direction))
    wrong = ~(np.isfinite(length) & (length > 1e-12))
    if wrong.any():
        raise InputError(
            f"{int(wrong.sum())} of {count} fibres have no length or are not finite, the first in tetrahedron "
            f"{int(np.argmax(wrong))}: give every tetrahedron a direction"
        )
    direction /= length[:, np.newaxis]
    made = Medium(
        mesh=mesh,
        fibre=frozen(direction),
        v_fibre_m_per_s=_per_element(v_fibre_m_per_s, count, "v_fibre_m_per_s"),
        v_transverse_m_per_s=_per_element(v_transverse_m_per_s, count, "v_transverse_m_per_s"),
        conducting=_checked_conducting(conducting, count),
        v_triangle_m_per_s=_checked_layer(v_triangle_m_per_s, mesh.triangles.shape[0]),
        cable_ms=_checked_cables(cable_ms, mesh.cables.shape[0]),
        tetrahedron_squares_ms2=np.empty((0, 6)),
        triangle_squares_ms2=np.empty((0, 3)),
    )
    return _measured(made)


def with_velocities(
    given: Medium,
    *,
    v_fibre_m_per_s: ArrayLike | None = None,
    v_transverse_m_per_s: ArrayLike | None = None,
    v_triangle_m_per_s: ArrayLike | None = None,
    cable_ms: ArrayLike | None = None,
) -> Medium:
    """Return the medium with other velocities and everything else kept.

    Parameters
    ----------
    given
        The medium to start from.
    v_fibre_m_per_s, v_transverse_m_per_s, v_triangle_m_per_s, cable_ms
        As in `medium`; None keeps what is there.

    Raises
    ------
    InputError
        As `medium` does.
    """
    count = given.mesh.tetrahedra.shape[0]
    return _measured(
        replace(
            given,
            v_fibre_m_per_s=given.v_fibre_m_per_s
            if v_fibre_m_per_s is None
            else _per_element(v_fibre_m_per_s, count, "v_fibre_m_per_s"),
            v_transverse_m_per_s=given.v_transverse_m_per_s
            if v_transverse_m_per_s is None
            else _per_element(v_transverse_m_per_s, count, "v_transverse_m_per_s"),
            v_triangle_m_per_s=given.v_triangle_m_per_s
            if v_triangle_m_per_s is None
            else _checked_layer(v_triangle_m_per_s, given.mesh.triangles.shape[0]),
            cable_ms=given.cable_ms if cable_ms is None else _checked_cables(cable_ms, given.mesh.cables.shape[0]),
        )
    )


def _measured(given: Medium) -> Medium:
    mesh = given.mesh
    squares = _tetrahedron_squares(
        mesh.points_mm,
        mesh.tetrahedra,
        mesh.tetrahedron_order,
        given.fibre,
        given.v_fibre_m_per_s,
        given.v_transverse_m_per_s,
        given.conducting,
    )
    surface = _triangle_squares(mesh.points_mm, mesh.triangles, given.v_triangle_m_per_s)
    return replace(given, tetrahedron_squares_ms2=frozen(squares), triangle_squares_ms2=frozen(surface))


def _full(values: ArrayLike, count: int, name: str) -> FloatArray:
    given = np.asarray(values, dtype=np.float64)
    if given.shape not in ((), (count,)):
        raise InputError(f"{name} must be one number or have shape ({count},), got {given.shape}")
    return np.array(np.broadcast_to(given, (count,)))


def _per_element(values: ArrayLike, count: int, name: str) -> FloatArray:
    full = _full(values, count, name)
    low, high = VELOCITY_LIMITS_M_PER_S
    wrong = ~((full >= low) & (full <= high))
    if wrong.any():
        raise InputError(
            f"{name} must lie in [{low:g}, {high:g}] m/s, got {full[np.argmax(wrong)]:g} in {int(wrong.sum())} of "
            f"{count} elements: is it in m/s (0.6 m/s = 60 cm/s = 0.6 mm/ms)?"
        )
    return frozen(full)


def _checked_layer(values: ArrayLike | None, count: int) -> FloatArray:
    full = _full(0.0 if values is None else values, count, "v_triangle_m_per_s")
    low, high = VELOCITY_LIMITS_M_PER_S
    wrong = ~((full == 0.0) | ((full >= low) & (full <= high)))
    if wrong.any():
        raise InputError(
            f"v_triangle_m_per_s must be 0 (no fast layer) or lie in [{low:g}, {high:g}] m/s, "
            f"got {full[np.argmax(wrong)]:g} in {int(wrong.sum())} of {count} triangles: is it in m/s?"
        )
    return frozen(full)


def _checked_conducting(values: ArrayLike | None, count: int) -> BoolArray:
    given = np.ones(count, np.bool_) if values is None else np.asarray(values)
    if given.shape != (count,) or given.dtype != np.bool_:
        raise InputError(f"conducting must be true or false for each of {count} tetrahedra, got {given.shape}")
    return frozen(given.copy())


def _checked_cables(values: ArrayLike | None, count: int) -> FloatArray:
    if values is None and count:
        raise InputError(f"the mesh has {count} cables: give their travel times as cable_ms")
    full = _full(0.0 if values is None else values, count, "cable_ms")
    if not (np.isfinite(full) & (full >= 0.0)).all():
        raise InputError("cable_ms must be finite and not negative: give every cable its travel time in ms")
    return frozen(full)


@njit(cache=True)
def _tetrahedron_squares(
    points: FloatArray,
    cells: NDArray[np.int32],
    order: NDArray[np.int32],
    fibre: FloatArray,
    v_fibre: FloatArray,
    v_transverse: FloatArray,
    conducting: BoolArray,
) -> FloatArray:
    squares = np.zeros((cells.shape[0], 6))
    for inside in range(cells.shape[0]):
        e = order[inside]
        if not conducting[e]:
            continue
        across = 1.0 / (v_transverse[e] * v_transverse[e])
        along = 1.0 / (v_fibre[e] * v_fibre[e]) - across
        edge = 0
        for a in range(3):
            for b in range(a + 1, 4):
                x = points[cells[e, b], 0] - points[cells[e, a], 0]
                y = points[cells[e, b], 1] - points[cells[e, a], 1]
                z = points[cells[e, b], 2] - points[cells[e, a], 2]
                part = x * fibre[e, 0] + y * fibre[e, 1] + z * fibre[e, 2]
                squares[inside, edge] = across * (x * x + y * y + z * z) + along * part * part
                edge += 1
    return squares


@njit(cache=True)
def _triangle_squares(points: FloatArray, cells: NDArray[np.int32], velocity: FloatArray) -> FloatArray:
    squares = np.zeros((cells.shape[0], 3))
    for e in range(cells.shape[0]):
        if velocity[e] == 0.0:
            continue
        edge = 0
        for a in range(2):
            for b in range(a + 1, 3):
                square = 0.0
                for axis in range(3):
                    step = points[cells[e, b], axis] - points[cells[e, a], axis]
                    square += step * step
                squares[e, edge] = square / (velocity[e] * velocity[e])
                edge += 1
    return squares
