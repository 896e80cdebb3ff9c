"""What the ECG would look like with electrodes in the wrong place: the main false alarm of a comparison.

Measured body-surface potential maps of displaced electrodes are not to be had, so two simple models stand in.
Both are linear and act on any stretch of signal. They are no ground truth: they are made to find out how far
a comparison may be trusted.
"""

from __future__ import annotations

import numpy as np

from resynchro.ecg.synthetic import twelve_leads
from resynchro.ecg.vectorcardiogram import FORWARD_DOWER, vectorcardiogram_inverse_dower
from resynchro.record.ecg import INDEPENDENT_ROWS, LEADS, FloatArray

#: Half axes of an elliptical adult chest [cm], and the heart's dipole in it (X left, Y inferior, Z posterior)
#: [cm] from its centre at the level of the fifth intercostal space.
CHEST_HALF_WIDTH_CM = 15.0
CHEST_HALF_DEPTH_CM = 10.5
DIPOLE_CM: FloatArray = np.array([2.0, 0.5, -4.0])
#: Electrodes V1 to V6 on that chest: place to the left of the midline, and height below the centre [cm]. V1
#: and V2 lie one intercostal space above the others; V6 lies in the midaxillary line, that is at the very
#: side.
ELECTRODE_LEFT_CM: tuple[float, ...] = (-2.5, 2.5, 5.0, 8.5, 12.0, 15.0)
ELECTRODE_DOWN_CM: tuple[float, ...] = (-1.5, -1.5, 0.0, 1.5, 1.5, 1.5)

_FIRST_CHEST_ROW = LEADS.index("V1")


def electrode_positions_cm(shift_left_cm: FloatArray, shift_down_cm: FloatArray) -> FloatArray:
    """Return the places of V1 to V6 on the elliptical chest.

    Parameters
    ----------
    shift_left_cm, shift_down_cm
        Shape (6,): displacement along the skin to the patient's left, and to the feet [cm].

    Returns
    -------
    ndarray
        Shape (6, 3), X left, Y inferior, Z posterior [cm].
    """
    angle = np.linspace(-np.pi, np.pi, 14401)  # 0 in front (negative Z), positive to the left
    x, z = CHEST_HALF_WIDTH_CM * np.sin(angle), -CHEST_HALF_DEPTH_CM * np.cos(angle)
    along_cm = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(z)))])
    standard = np.arcsin(np.asarray(ELECTRODE_LEFT_CM) / CHEST_HALF_WIDTH_CM)
    place_cm = np.interp(standard, angle, along_cm) + np.asarray(shift_left_cm, dtype=float)
    moved = np.interp(place_cm, along_cm, angle)
    down_cm = np.asarray(ELECTRODE_DOWN_CM) + np.asarray(shift_down_cm, dtype=float)
    return np.stack([CHEST_HALF_WIDTH_CM * np.sin(moved), down_cm, -CHEST_HALF_DEPTH_CM * np.cos(moved)], axis=1)


def chest_lead_vectors(shift_left_cm: FloatArray, shift_down_cm: FloatArray) -> FloatArray:
    """Return the lead vectors of displaced chest electrodes by the dipole model.

    Parameters
    ----------
    shift_left_cm, shift_down_cm
        Shape (6,): displacement along the skin [cm].

    Returns
    -------
    ndarray
        Shape (6, 3): what V1 to V6 see of a unit heart vector in X, Y, Z.

    Notes
    -----
    A dipole in a homogeneous conductor: the lead vector of an electrode at r is proportional to r / |r|³,
    counted from the dipole. The factor of each electrode is set so that the undisplaced vector is as long as
    Dower's; it stands for the torso's boundary. The reference electrode (Wilson's terminal) does not move.
    """
    zero = np.zeros(6)
    standard = _geometric_vectors(electrode_positions_cm(zero, zero))
    factor = np.linalg.norm(FORWARD_DOWER[2:], axis=1) / np.linalg.norm(standard, axis=1)
    moved = _geometric_vectors(electrode_positions_cm(shift_left_cm, shift_down_cm))
    vectors: FloatArray = factor[:, np.newaxis] * moved
    return vectors


def displaced_by_dipole(
    signal_mv: FloatArray, *, shift_left_cm: FloatArray | float = 0.0, shift_down_cm: FloatArray | float = 0.0
) -> FloatArray:
    """Move the chest electrodes of a recording by the dipole model.

    Parameters
    ----------
    signal_mv
        Shape (12, n), rows in `LEADS` order [mV].
    shift_left_cm, shift_down_cm
        Displacement along the skin to the patient's left and to the feet, one value or one for each of V1 to
        V6 [cm]. An intercostal space is about 2 cm.

    Returns
    -------
    ndarray
        Shape (12, n) [mV]; limb leads unchanged.

    Notes
    -----
    The heart vector is estimated with the inverse Dower matrix, and what the displaced lead vectors see of it
    beyond the standard ones is added to the recorded leads, so their non-dipolar part stays as it was.
    """
    zero = np.zeros(6)
    left = np.broadcast_to(np.asarray(shift_left_cm, dtype=float), 6)
    down = np.broadcast_to(np.asarray(shift_down_cm, dtype=float), 6)
    change = chest_lead_vectors(left, down) - chest_lead_vectors(zero, zero)
    moved = signal_mv.copy()
    moved[_FIRST_CHEST_ROW:] += change @ vectorcardiogram_inverse_dower(signal_mv)
    return moved


def displaced_by_neighbours(signal_mv: FloatArray, *, shift_left_cm: FloatArray | float) -> FloatArray:
    """Move the chest electrodes along the chest by interpolation between the recorded leads.

    Parameters
    ----------
    signal_mv
        Shape (12, n), rows in `LEADS` order [mV].
    shift_left_cm
        Displacement along the skin to the patient's left, one value or one for each of V1 to V6 [cm].

    Returns
    -------
    ndarray
        Shape (12, n) [mV]; limb leads unchanged. Beyond V1 and V6 the last slope is carried on.

    Notes
    -----
    Needs no idea of the heart, but knows no displacement up or down, and smooths what lies between two leads.
    """
    left = np.broadcast_to(np.asarray(shift_left_cm, dtype=float), 6)
    zero = np.zeros(6)
    positions = electrode_positions_cm(zero, zero)
    spacing_cm = np.linalg.norm(np.diff(positions, axis=0), axis=1)
    place_cm = np.concatenate([[0.0], np.cumsum(spacing_cm)])
    wanted_cm = place_cm + left
    chest = signal_mv[_FIRST_CHEST_ROW:]
    moved = signal_mv.copy()
    for k, at_cm in enumerate(wanted_cm):
        j = int(np.clip(np.searchsorted(place_cm, at_cm, side="right") - 1, 0, 4))
        share = (at_cm - place_cm[j]) / spacing_cm[j]
        moved[_FIRST_CHEST_ROW + k] = (1.0 - share) * chest[j] + share * chest[j + 1]
    return moved


def swapped_arms(signal_mv: FloatArray) -> FloatArray:
    """Exchange the electrodes of the two arms.

    Parameters
    ----------
    signal_mv
        Shape (12, n), rows in `LEADS` order [mV].

    Returns
    -------
    ndarray
        Shape (12, n) [mV]: lead I inverted, II and III, aVR and aVL exchanged; chest leads unchanged, since
        Wilson's terminal is the mean of the same three electrodes.
    """
    independent = signal_mv[list(INDEPENDENT_ROWS)].copy()
    independent[0] = -signal_mv[LEADS.index("I")]
    independent[1] = signal_mv[LEADS.index("III")]
    return twelve_leads(independent)


def _geometric_vectors(positions_cm: FloatArray) -> FloatArray:
    from_dipole = positions_cm - DIPOLE_CM
    distance = np.linalg.norm(from_dipole, axis=1, keepdims=True)
    vectors: FloatArray = from_dipole / distance**3
    return vectors
