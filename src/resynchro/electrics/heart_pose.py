"""A heart shifted and turned in the body: for the ECG the same as electrodes moved the other way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from resynchro.electrics.electrodes import Electrodes
from resynchro.errors import InputError
from resynchro.heart.mesh import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartPose:
    """How the heart lies in the body, against where its mesh has it.

    A point x of the mesh lies at centre + R (x - centre) + shift.

    Attributes
    ----------
    shift_mm
        Shape (3,), body axes (left, back, head) [mm].
    turn_rad
        Rotation vector, shape (3,): its direction is the axis, its length the angle [rad].
    centre_mm
        What the heart turns about, shape (3,) [mm].
    """

    shift_mm: FloatArray
    turn_rad: FloatArray
    centre_mm: FloatArray

    def __post_init__(self) -> None:
        for name in ("shift_mm", "turn_rad", "centre_mm"):
            value = np.array(getattr(self, name), dtype=np.float64)
            if value.shape != (3,) or not np.isfinite(value).all():
                raise InputError(f"{name} must be three finite numbers, got {value}")
            value.setflags(write=False)
            object.__setattr__(self, name, value)

    @property
    def rotation(self) -> FloatArray:
        """Rotation matrix R, shape (3, 3)."""
        return rotation_matrix(self.turn_rad)

    def placed(self, points_mm: FloatArray) -> FloatArray:
        """Return points of the mesh where they lie in the body, shape (n, 3) [mm]."""
        return np.asarray((points_mm - self.centre_mm) @ self.rotation.T + self.centre_mm + self.shift_mm)

    def point_moves(self, placed_mm: FloatArray) -> FloatArray:
        """Return how placed points move with the shift and the rotation vector, shape (6, n, 3) [mm/mm, mm/rad]."""
        around = placed_mm - self.centre_mm - self.shift_mm
        left = _left_jacobian(self.turn_rad)
        moves = np.empty((6, *placed_mm.shape))
        for axis in range(3):
            moves[axis] = np.eye(3)[axis]
            moves[3 + axis] = np.cross(left[:, axis], around)
        return moves

    def electrodes_seen_from_heart(self, electrodes: Electrodes) -> Electrodes:
        """Return the electrodes in the axes of the unmoved mesh."""
        seen = (electrodes.positions_mm - self.centre_mm - self.shift_mm) @ self.rotation + self.centre_mm
        return Electrodes(positions_mm=seen)


def pose_derivatives(by_electrode: FloatArray, electrodes: Electrodes, pose: HeartPose) -> FloatArray:
    """Return how the weights of each electrode change with the pose of the heart.

    Parameters
    ----------
    by_electrode
        From `lead_field.weight_derivatives` at ``pose.electrodes_seen_from_heart(electrodes)``, shape (9, 3, n).
    electrodes
        In the body.
    pose
        Of the heart.

    Returns
    -------
    ndarray
        Shape (6, 9, n): by the three coordinates of the shift [mV/mm], then of the rotation vector [mV/rad].
    """
    rotation = pose.rotation
    around = electrodes.positions_mm - pose.centre_mm - pose.shift_mm
    # seen = R^T around; d(R v) = -(R v) x (J d turn), so d(R^T around) = R^T (around x (J d turn)).
    left = _left_jacobian(pose.turn_rad)
    moves = np.empty((6, electrodes.positions_mm.shape[0], 3))
    for axis in range(3):
        moves[axis] = -rotation[axis]
        moves[3 + axis] = np.cross(around, left[:, axis]) @ rotation
    return np.asarray(np.einsum("ped,edn->pen", moves, by_electrode))


def rotation_matrix(turn_rad: FloatArray) -> FloatArray:
    """Return the rotation of a rotation vector, shape (3, 3) (Rodrigues' formula)."""
    angle = float(np.linalg.norm(turn_rad))
    cross = _cross_matrix(turn_rad)
    # Series where the quotients lose their digits.
    first = np.sinc(angle / np.pi)
    second = 0.5 * np.sinc(angle / (2.0 * np.pi)) ** 2
    return np.asarray(np.eye(3) + first * cross + second * (cross @ cross))


def _left_jacobian(turn_rad: FloatArray) -> FloatArray:
    """Return J with R(turn + d) = R(J d) R(turn) to first order, shape (3, 3)."""
    angle = float(np.linalg.norm(turn_rad))
    cross = _cross_matrix(turn_rad)
    second = 0.5 * np.sinc(angle / (2.0 * np.pi)) ** 2
    third = 1.0 / 6.0 - angle**2 / 120.0 if angle < 1e-3 else (angle - np.sin(angle)) / angle**3
    return np.asarray(np.eye(3) + second * cross + third * (cross @ cross))


def _cross_matrix(vector: FloatArray) -> FloatArray:
    x, y, z = vector
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
