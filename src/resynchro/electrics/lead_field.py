"""What each node of the heart adds to each electrode when it activates: node weights from the lead field.

The potential of electrode l is phi_l(t) = - int sigma_i grad(V_m) . grad(Z_l) dx over the muscle, with Z_l the
potential of a unit current at the electrode. With linear elements and V_m = sum_i N_i U(t - T_i) this is
phi_l(t) = sum_i w_li U(t - T_i), w_l = -K(sigma_i) Z_l, K_ij = int grad(N_i) . sigma_i grad(N_j) dx.
K does not change when the heart or an electrode moves: it is assembled once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, dia_array

from resynchro.electrics.electrodes import Electrodes, independent_lead_matrix
from resynchro.electrics.lead_field_kernels import (
    EDGES,
    edge_stiffness,
    point_current_gradients,
    point_currents,
    times_minus_stiffness,
)
from resynchro.electrics.tissue_conductivity import UPSTROKE_MV, Conductivities
from resynchro.errors import InputError
from resynchro.heart.mesh import FloatArray, HeartMesh, IndexArray

#: An electrode nearer to the muscle than this lies inside the chest: the field of a point current is meaningless there.
NEAREST_ELECTRODE_MM = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IntracellularStiffness:
    """The matrix K(sigma_i) of a heart, as compressed rows.

    Attributes
    ----------
    row_start, column, value_ms
        Compressed rows of the symmetric (n, n) matrix; values in S/m times mm, that is in mS.
    """

    row_start: IndexArray
    column: IndexArray
    value_ms: FloatArray

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return int(self.row_start.size) - 1

    def node_weights_mv(self, lead_field_kohm: FloatArray, *, upstroke_mv: float = UPSTROKE_MV) -> FloatArray:
        """Return what each node adds to each lead when it activates.

        Parameters
        ----------
        lead_field_kohm
            Potential at each node per unit current at each electrode (or lead), shape (n, l) [kOhm].
        upstroke_mv
            Height of the upstroke [mV].

        Returns
        -------
        ndarray
            Shape (l, n) [mV], a view of an (n, l) array; each row sums to zero.
        """
        field = np.ascontiguousarray(lead_field_kohm, dtype=np.float64)
        if field.ndim != 2 or field.shape[0] != self.n_nodes:
            raise InputError(f"the lead field must have shape ({self.n_nodes}, leads), got {field.shape}")
        weights: FloatArray = times_minus_stiffness(self.row_start, self.column, self.value_ms, field, upstroke_mv)
        return weights.T


def intracellular_stiffness(
    mesh: HeartMesh,
    fibre: FloatArray,
    *,
    conductivities: Conductivities | None = None,
    conducting: NDArray[np.bool_] | None = None,
) -> IntracellularStiffness:
    """Assemble K(sigma_i) with linear elements.

    Parameters
    ----------
    mesh
        The muscle.
    fibre
        Unit vector along the fibre of each tetrahedron, shape (m, 3).
    conductivities
        None takes the defaults.
    conducting
        False for elements that make no ECG (scar core), shape (m,); None for all. A node that has no conducting element
        weighs nothing.

    Returns
    -------
    IntracellularStiffness

    Raises
    ------
    InputError
        When shapes do not fit or nothing conducts.
    """
    conductivities = Conductivities() if conductivities is None else conductivities
    n_elements = mesh.tetrahedra.shape[0]
    if fibre.shape != (n_elements, 3):
        raise InputError(f"fibre must have shape ({n_elements}, 3), one direction per tetrahedron, got {fibre.shape}")
    used = np.ones(n_elements, dtype=bool) if conducting is None else np.asarray(conducting, dtype=bool)
    if used.shape != (n_elements,):
        raise InputError(f"conducting must have shape ({n_elements},), got {used.shape}")
    if not used.any():
        raise InputError("no element conducts: there is no ECG; leave some muscle outside the scar core")
    along, across = conductivities.intracellular_fibre_s_per_m, conductivities.intracellular_cross_s_per_m
    tetrahedra = mesh.tetrahedra[used]
    between_ms, inverted = edge_stiffness(
        np.ascontiguousarray(mesh.points_mm), tetrahedra, np.ascontiguousarray(fibre[used]), along, across
    )
    if inverted:
        raise InputError(f"{inverted} tetrahedra have no volume or are inverted: check the mesh when it is read")
    n = mesh.points_mm.shape[0]
    ends = tetrahedra[:, EDGES]
    rows, columns = ends.min(axis=2).ravel(), ends.max(axis=2).ravel()
    above = coo_array((between_ms.ravel(), (rows, columns)), shape=(n, n)).tocsr()
    matrix = (above + above.T).tocsr()
    # Each row sums to zero, so that equal potentials drive no current.
    matrix = (matrix - dia_array((matrix.sum(axis=1)[None], [0]), shape=(n, n))).tocsr()
    return IntracellularStiffness(
        row_start=matrix.indptr.astype(np.int32), column=matrix.indices.astype(np.int32), value_ms=matrix.data
    )


def unbounded_lead_field_kohm(
    points_mm: FloatArray, electrodes: Electrodes, *, body_s_per_m: float = 0.2
) -> FloatArray:
    """Return the potential of a unit current at each electrode in an unbounded homogeneous conductor.

    Parameters
    ----------
    points_mm
        Where, shape (n, 3), body axes [mm].
    electrodes
        Nine electrodes in the same axes.
    body_s_per_m
        Conductivity of the body [S/m].

    Returns
    -------
    ndarray
        1 / (4 pi sigma_b r), shape (n, 9) [kOhm].

    Raises
    ------
    InputError
        When an electrode lies in or almost in the muscle.
    """
    field, nearest = point_currents(np.ascontiguousarray(points_mm), electrodes.positions_mm, body_s_per_m)
    _require_outside(float(nearest))
    return np.asarray(field)


def node_weights(
    mesh: HeartMesh,
    fibre: FloatArray,
    electrodes: Electrodes,
    *,
    conductivities: Conductivities | None = None,
    conducting: NDArray[np.bool_] | None = None,
    upstroke_mv: float = UPSTROKE_MV,
) -> FloatArray:
    """Return what each node adds to each electrode when it activates, in an unbounded conductor.

    Parameters
    ----------
    mesh, fibre, conductivities, conducting
        As in `intracellular_stiffness`; whoever moves the heart or the electrodes keeps that matrix instead.
    electrodes
        In the axes of the mesh.
    upstroke_mv
        Height of the upstroke [mV].

    Returns
    -------
    ndarray
        Shape (9, n) [mV].
    """
    conductivities = Conductivities() if conductivities is None else conductivities
    stiffness = intracellular_stiffness(mesh, fibre, conductivities=conductivities, conducting=conducting)
    field = unbounded_lead_field_kohm(mesh.points_mm, electrodes, body_s_per_m=conductivities.body_s_per_m)
    return stiffness.node_weights_mv(field, upstroke_mv=upstroke_mv)


def independent_lead_weights(electrode_weights_mv: FloatArray) -> FloatArray:
    """Return the node weights of I, II, V1 to V6 from those of the nine electrodes.

    Parameters
    ----------
    electrode_weights_mv
        Shape (9, n) [mV].

    Returns
    -------
    ndarray
        Shape (8, n) [mV], a view of a contiguous (n, 8) array: the layout that `qrs_mv` reads fastest.
    """
    return np.ascontiguousarray(electrode_weights_mv.T @ independent_lead_matrix().T).T


def heart_vector_weights(
    stiffness: IntracellularStiffness, points_mm: FloatArray, *, upstroke_mv: float = UPSTROKE_MV
) -> FloatArray:
    """Return what each node adds to the heart vector (the dipole moment of all sources) when it activates.

    Parameters
    ----------
    stiffness, points_mm
        Of the same mesh; shape (n, 3) [mm].
    upstroke_mv
        Height of the upstroke [mV].

    Returns
    -------
    ndarray
        Shape (3, n) [uA m]: X left, Y inferior, Z posterior, the axes of the Frank leads.
    """
    # mS times mm times mV is 1e-3 * 1e-3 * 1e-3 A m = 1e-3 uA m.
    frank = np.stack([points_mm[:, 0], -points_mm[:, 2], points_mm[:, 1]], axis=1) * 1e-3
    return stiffness.node_weights_mv(frank - frank.mean(axis=0), upstroke_mv=upstroke_mv)


def weight_derivatives(
    stiffness: IntracellularStiffness,
    points_mm: FloatArray,
    electrodes: Electrodes,
    *,
    body_s_per_m: float = 0.2,
    upstroke_mv: float = UPSTROKE_MV,
) -> FloatArray:
    """Return how the unbounded node weights change when electrodes move.

    Parameters
    ----------
    stiffness, points_mm
        Of the same mesh; shape (n, 3) [mm].
    electrodes
        Where they lie now.
    body_s_per_m, upstroke_mv
        As in `node_weights`.

    Returns
    -------
    ndarray
        Shape (9, 3, n) [mV/mm]: by the coordinates of each electrode. Only an electrode's own weights depend on it.

    Notes
    -----
    A heart that shifts by d is, for the weights, electrodes that all shift by -d; see `heart_pose.pose_derivatives`.
    """
    field, nearest = point_current_gradients(np.ascontiguousarray(points_mm), electrodes.positions_mm, body_s_per_m)
    _require_outside(float(nearest))
    n = points_mm.shape[0]
    derivatives = stiffness.node_weights_mv(field.reshape(n, 27), upstroke_mv=upstroke_mv)
    return derivatives.reshape(9, 3, n)


def _require_outside(nearest_mm: float) -> None:
    if nearest_mm < NEAREST_ELECTRODE_MM:
        raise InputError(
            f"an electrode lies {nearest_mm:.1f} mm from a node of the heart, at least {NEAREST_ELECTRODE_MM:g} mm are "
            "needed: are heart and electrodes in the same axes?"
        )
