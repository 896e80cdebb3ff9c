"""Where points lie along and around the long axis of the left ventricle."""

from __future__ import annotations

import numpy as np

from resynchro.heart.mesh import FloatArray
from resynchro.record.segments import ANTERIOR_INSERTION_DEG
from resynchro.record.veins import LvLandmarks


def depth_and_rotation(points_mm: FloatArray, landmarks: LvLandmarks) -> tuple[FloatArray, FloatArray]:
    """Return depth along and display angle around the long axis.

    Parameters
    ----------
    points_mm
        Shape (n, 3), in the frame of the landmarks [mm].
    landmarks
        Base, apex and anterior insertion.

    Returns
    -------
    depth, rotation_deg
        0 at the base, 1 at the apex, beyond both ends outside of [0, 1]; anterior insertion at 120, counter-clockwise
        seen from the apex [deg]; shape (n,) each.
    """
    axis = landmarks.apex_mm - landmarks.base_mm
    length = float(np.linalg.norm(axis))
    apical = axis / length
    to_insertion = landmarks.anterior_insertion_mm - landmarks.base_mm
    to_insertion = to_insertion - apical * float(to_insertion @ apical)
    to_insertion = to_insertion / np.linalg.norm(to_insertion)
    across = np.cross(apical, to_insertion)
    offset = points_mm - landmarks.base_mm
    rotation_deg = ANTERIOR_INSERTION_DEG + np.degrees(np.arctan2(offset @ across, offset @ to_insertion))
    return np.asarray(offset @ apical / length), np.asarray(rotation_deg % 360.0)
