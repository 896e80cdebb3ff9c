"""The lead field in a bounded torso: nine solutions on coarse tetrahedra, read off at the nodes of the heart.

div(sigma grad Z) = -(current at the electrode) + (the same current leaving evenly from the whole body), no current
through the skin. Leads are differences, in which the even outflow cancels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from resynchro.electrics.electrodes import Electrodes
from resynchro.electrics.heart_pose import HeartPose
from resynchro.electrics.lead_field import IntracellularStiffness
from resynchro.electrics.lead_field_kernels import conjugate_gradients
from resynchro.electrics.tissue_conductivity import UPSTROKE_MV
from resynchro.electrics.torso_mesh import TorsoMesh
from resynchro.errors import InputError, MeasurementError
from resynchro.heart.mesh import FloatArray

#: Conductivities of blood and of lungs [S/m] (unverified; usual in torso models).
BLOOD_S_PER_M, LUNGS_S_PER_M = 0.6, 0.05
#: A thousand times finer than the error of the coarse mesh.
_RELATIVE_RESIDUAL = 1e-6
_MOST_ITERATIONS = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class TorsoLeadField:
    """Potentials in a torso per unit current at each electrode.

    Attributes
    ----------
    mesh
        The torso.
    electrodes
        Moved onto the skin of the mesh.
    smooth_kohm
        At each node, what is left of the potential without the near field of each electrode, shape (n, 9) [kOhm].
    body_s_per_m
        Conductivity at the skin, in which the near field is taken [S/m].
    """

    mesh: TorsoMesh
    electrodes: Electrodes
    smooth_kohm: FloatArray
    body_s_per_m: float

    def at(self, points_mm: FloatArray, *, moved: Electrodes | None = None) -> FloatArray:
        """Return the lead field at points inside; for a heart that moved, ask again.

        Parameters
        ----------
        points_mm
            Shape (q, 3), body axes [mm].
        moved
            Electrodes a little elsewhere on the skin: their near field moves with them, the rest stays. For shifts of
            10 mm the error is about a seventh of the change (measured in ``validation/electrics/body_surface_ecg.md``).

        Returns
        -------
        ndarray
            Shape (q, 9) [kOhm].
        """
        element, weights = self.mesh.located(points_mm)
        smooth = np.einsum("qi,qie->qe", weights, self.smooth_kohm[self.mesh.tetrahedra[element]])
        positions_mm = (self.electrodes if moved is None else moved).positions_mm
        return np.asarray(smooth + _near_field_kohm(points_mm, positions_mm, self.body_s_per_m, self.mesh.edge_mm))

    def gradient_at(self, points_mm: FloatArray) -> FloatArray:
        """Return how the lead field changes with the point, shape (q, 9, 3) [kOhm/mm]: exact inside an element."""
        element, _ = self.mesh.located(points_mm)
        gradients, _ = self.mesh.gradients
        smooth = np.einsum("qid,qie->qed", gradients[element], self.smooth_kohm[self.mesh.tetrahedra[element]])
        away = points_mm[:, None] - self.electrodes.positions_mm[None]
        distance = np.linalg.norm(away, axis=2)
        share = np.where(distance > self.mesh.edge_mm, -1.0 / (2.0 * np.pi * self.body_s_per_m * distance**3), 0.0)
        return np.asarray(smooth + share[..., None] * away)


def torso_pose_derivatives(
    stiffness: IntracellularStiffness,
    points_mm: FloatArray,
    field: TorsoLeadField,
    pose: HeartPose,
    *,
    upstroke_mv: float = UPSTROKE_MV,
) -> FloatArray:
    """Return how the node weights in a torso change with the pose of the heart.

    Parameters
    ----------
    stiffness, points_mm
        Of the mesh where it was made; shape (n, 3) [mm].
    field
        Of the torso.
    pose
        Where the heart lies now: the weights are those of ``field.at(pose.placed(points_mm))``.
    upstroke_mv
        Height of the upstroke [mV].

    Returns
    -------
    ndarray
        Shape (6, 9, n): by the three coordinates of the shift [mV/mm], then of the rotation vector [mV/rad].
    """
    placed = pose.placed(points_mm)
    gradient = field.gradient_at(placed)
    changes = np.empty((6, *gradient.shape[:2]))
    for p, move in enumerate(pose.point_moves(placed)):
        changes[p] = np.einsum("qed,qd->qe", gradient, move)
    n = len(points_mm)
    by_pose = stiffness.node_weights_mv(changes.transpose(1, 0, 2).reshape(n, -1), upstroke_mv=upstroke_mv)
    return by_pose.reshape(6, -1, n)


def torso_lead_field(
    mesh: TorsoMesh,
    electrodes: Electrodes,
    *,
    body_s_per_m: float = 0.2,
    element_s_per_m: FloatArray | None = None,
) -> TorsoLeadField:
    """Solve for the lead field of nine electrodes on a torso.

    Parameters
    ----------
    mesh
        From `torso_mesh`.
    electrodes
        On the skin, or near it: each is moved to the nearest point of the mesh's surface.
    body_s_per_m
        Conductivity where nothing else is said, and at the skin [S/m].
    element_s_per_m
        Conductivity of each element, shape (m,) [S/m]; None for a homogeneous body.

    Returns
    -------
    TorsoLeadField

    Raises
    ------
    InputError
        When conductivities do not fit, or electrodes are far from the skin.

    Notes
    -----
    Linear elements. Near the electrode the potential is steeper than coarse elements can follow: the field of a point
    on a flat skin, 1 / (2 pi sigma r), is added exactly and only the rest is interpolated.
    """
    sigma = np.full(len(mesh.tetrahedra), body_s_per_m) if element_s_per_m is None else np.asarray(element_s_per_m)
    if sigma.shape != (len(mesh.tetrahedra),) or not (np.isfinite(sigma).all() and (sigma > 0.0).all()):
        raise InputError(f"conductivities must be positive, shape ({len(mesh.tetrahedra)},), got {sigma.shape}")
    gradients, volumes_mm3 = mesh.gradients
    n = len(mesh.points_mm)
    local = np.einsum("eid,ejd->eij", gradients, gradients) * (sigma * volumes_mm3)[:, None, None]
    rows, columns = np.repeat(mesh.tetrahedra, 4, axis=1).ravel(), np.tile(mesh.tetrahedra, (1, 4)).ravel()
    stiffness = sparse.csr_array(sparse.coo_array((local.ravel(), (rows, columns)), shape=(n, n)))
    outflow = np.bincount(mesh.tetrahedra.ravel(), np.repeat(volumes_mm3 / 4.0, 4), minlength=n) / volumes_mm3.sum()
    nodes, weights = mesh.on_skin(electrodes.positions_mm)
    on_skin = Electrodes(positions_mm=np.einsum("qi,qid->qd", weights, mesh.points_mm[nodes]))
    current = np.repeat(-outflow[:, None], len(nodes), axis=1)
    for e in range(len(nodes)):
        np.add.at(current[:, e], nodes[e], weights[e])
    field = _solved(stiffness, current)
    field -= outflow @ field
    near = _near_field_kohm(mesh.points_mm, on_skin.positions_mm, body_s_per_m, mesh.edge_mm)
    return TorsoLeadField(mesh=mesh, electrodes=on_skin, smooth_kohm=field - near, body_s_per_m=body_s_per_m)


def organ_conductivities(
    mesh: TorsoMesh,
    *,
    body_s_per_m: float = 0.2,
    blood: NDArray[np.bool_] | None = None,
    lungs: NDArray[np.bool_] | None = None,
) -> FloatArray:
    """Return the conductivity of each element with blood and lungs as given regions, shape (m,) [S/m]."""
    sigma = np.full(len(mesh.tetrahedra), body_s_per_m)
    if lungs is not None:
        sigma[lungs] = LUNGS_S_PER_M
    if blood is not None:
        sigma[blood] = BLOOD_S_PER_M
    return sigma


def _near_field_kohm(
    points_mm: FloatArray, electrodes_mm: FloatArray, body_s_per_m: float, radius_mm: float
) -> FloatArray:
    """Return 1 / (2 pi sigma r), held constant nearer than a radius, shape (q, 9) [kOhm]."""
    distance = np.linalg.norm(points_mm[:, None] - electrodes_mm[None], axis=2)
    return np.asarray(1.0 / (2.0 * np.pi * body_s_per_m * np.maximum(distance, radius_mm)))


def _solved(stiffness: sparse.csr_array, current: FloatArray) -> FloatArray:
    """Solve the singular systems K z = b, sum(b) = 0, one in each column of b."""
    field, converged = conjugate_gradients(
        stiffness.indptr.astype(np.int32),
        stiffness.indices.astype(np.int32),
        stiffness.data,
        current - current.mean(axis=0),
        _RELATIVE_RESIDUAL,
        _MOST_ITERATIONS,
    )
    if not converged:
        raise MeasurementError("the lead field of the torso did not converge: the mesh of the torso is broken")
    return np.asarray(field)
