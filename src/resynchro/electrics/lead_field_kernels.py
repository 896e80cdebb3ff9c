"""Loops behind the node weights: the stiffness of edges, its product with a lead field, fields of point currents."""

from __future__ import annotations

import numpy as np
from numba import njit

from resynchro.heart.mesh import FloatArray, IndexArray

#: The six edges of a tetrahedron.
EDGES = np.array([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)])
EDGES.setflags(write=False)


@njit(cache=True)
def edge_stiffness(
    points_mm: FloatArray, tetrahedra: IndexArray, fibre: FloatArray, along: float, across: float
) -> tuple[FloatArray, int]:
    """Return grad(N_i) . sigma grad(N_j) times the volume for the six edges of each tetrahedron; how many have none."""
    m = tetrahedra.shape[0]
    value = np.empty((m, 6))
    gradient = np.empty((4, 3))
    edge = np.empty((3, 3))
    inverted = 0
    for e in range(m):
        for k in range(3):
            for axis in range(3):
                edge[k, axis] = points_mm[tetrahedra[e, k + 1], axis] - points_mm[tetrahedra[e, 0], axis]
        for k in range(3):
            a, b = (k + 1) % 3, (k + 2) % 3
            for axis in range(3):
                p, q = (axis + 1) % 3, (axis + 2) % 3
                gradient[k + 1, axis] = edge[a, p] * edge[b, q] - edge[a, q] * edge[b, p]
        six_volumes = edge[0, 0] * gradient[1, 0] + edge[0, 1] * gradient[1, 1] + edge[0, 2] * gradient[1, 2]
        if six_volumes <= 0.0:
            inverted += 1
            continue
        for axis in range(3):
            gradient[0, axis] = -(gradient[1, axis] + gradient[2, axis] + gradient[3, axis])
        # The gradients still lack the factor 1 / (6 V): together with the volume 1 / (36 V2) * V = 1 / (36 V).
        scale = 1.0 / (6.0 * six_volumes)
        at = 0
        for i in range(3):
            along_i = gradient[i, 0] * fibre[e, 0] + gradient[i, 1] * fibre[e, 1] + gradient[i, 2] * fibre[e, 2]
            for j in range(i + 1, 4):
                along_j = gradient[j, 0] * fibre[e, 0] + gradient[j, 1] * fibre[e, 1] + gradient[j, 2] * fibre[e, 2]
                both = 0.0
                for axis in range(3):
                    both += gradient[i, axis] * gradient[j, axis]
                value[e, at] = scale * (across * both + (along - across) * along_i * along_j)
                at += 1
    return value, inverted


@njit(cache=True)
def times_minus_stiffness(
    row_start: IndexArray, column: IndexArray, value_ms: FloatArray, field: FloatArray, factor: float
) -> FloatArray:
    n, leads = field.shape
    product = np.zeros((n, leads))
    for i in range(n):
        for at in range(row_start[i], row_start[i + 1]):
            j, value = column[at], -factor * value_ms[at]
            for lead in range(leads):
                product[i, lead] += value * field[j, lead]
    return product


@njit(cache=True)
def point_currents(points_mm: FloatArray, electrodes_mm: FloatArray, body_s_per_m: float) -> tuple[FloatArray, float]:
    """Return 1 / (4 pi sigma r) at each point for each electrode, shape (n, 9) [kOhm], and the least distance [mm]."""
    n, electrodes = points_mm.shape[0], electrodes_mm.shape[0]
    field = np.empty((n, electrodes))
    nearest = np.inf
    strength = 1.0 / (4.0 * np.pi * body_s_per_m)
    for i in range(n):
        for e in range(electrodes):
            x = points_mm[i, 0] - electrodes_mm[e, 0]
            y = points_mm[i, 1] - electrodes_mm[e, 1]
            z = points_mm[i, 2] - electrodes_mm[e, 2]
            distance = np.sqrt(x * x + y * y + z * z)
            nearest = min(nearest, distance)
            field[i, e] = strength / max(distance, 1e-9)
    return field, nearest


@njit(cache=True)
def point_current_gradients(
    points_mm: FloatArray, electrodes_mm: FloatArray, body_s_per_m: float
) -> tuple[FloatArray, float]:
    """Return d(1 / (4 pi sigma r)) / d(electrode position), shape (n, electrodes, 3)."""
    n, electrodes = points_mm.shape[0], electrodes_mm.shape[0]
    gradient = np.empty((n, electrodes, 3))
    nearest = np.inf
    strength = 1.0 / (4.0 * np.pi * body_s_per_m)
    for i in range(n):
        for e in range(electrodes):
            x = points_mm[i, 0] - electrodes_mm[e, 0]
            y = points_mm[i, 1] - electrodes_mm[e, 1]
            z = points_mm[i, 2] - electrodes_mm[e, 2]
            distance = max(np.sqrt(x * x + y * y + z * z), 1e-9)
            nearest = min(nearest, distance)
            share = strength / distance**3
            gradient[i, e, 0] = share * x
            gradient[i, e, 1] = share * y
            gradient[i, e, 2] = share * z
    return gradient, nearest


@njit(cache=True)
def conjugate_gradients(
    row_start: IndexArray,
    column: IndexArray,
    value: FloatArray,
    right_side: FloatArray,
    relative_residual: float,
    most_iterations: int,
) -> tuple[FloatArray, bool]:
    """Solve one symmetric system for several right sides, shape (n, k), side by side: the matrix is read once for all.

    The diagonal is the preconditioner.
    """
    n, systems = right_side.shape
    inverse = np.empty(n)
    for i in range(n):
        for at in range(row_start[i], row_start[i + 1]):
            if column[at] == i:
                inverse[i] = 1.0 / value[at]
    solution, residual = np.zeros((n, systems)), right_side.copy()
    direction, along = np.empty((n, systems)), np.empty((n, systems))
    size, wanted = np.zeros(systems), np.zeros(systems)
    for i in range(n):
        for s in range(systems):
            direction[i, s] = inverse[i] * residual[i, s]
            size[s] += residual[i, s] * direction[i, s]
            wanted[s] += residual[i, s] * residual[i, s]
    wanted *= relative_residual * relative_residual
    curvature, later, left = np.empty(systems), np.empty(systems), np.empty(systems)
    for _ in range(most_iterations):
        curvature[:] = 0.0
        for i in range(n):
            for s in range(systems):
                along[i, s] = 0.0
            for at in range(row_start[i], row_start[i + 1]):
                j, entry = column[at], value[at]
                for s in range(systems):
                    along[i, s] += entry * direction[j, s]
            for s in range(systems):
                curvature[s] += direction[i, s] * along[i, s]
        later[:] = 0.0
        left[:] = 0.0
        step = size / curvature
        for i in range(n):
            for s in range(systems):
                solution[i, s] += step[s] * direction[i, s]
                residual[i, s] -= step[s] * along[i, s]
                square = residual[i, s] * residual[i, s]
                left[s] += square
                later[s] += inverse[i] * square
        if (left <= wanted).all():
            return solution, True
        share = later / size
        for i in range(n):
            for s in range(systems):
                direction[i, s] = inverse[i] * residual[i, s] + share[s] * direction[i, s]
        size[:] = later
    return solution, False
