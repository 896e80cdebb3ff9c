"""The electrodes of a bounded body as point electrodes in an unbounded conductor.

In a body the skin holds the current in: limb leads are several times larger than in an unbounded conductor and look in
other, more vertical directions; chest leads are about twice as large. Over the heart, the lead field of each electrode
is so smooth that one point electrode of other place and strength makes nearly the same field. Its derivatives by place
are then exact and cheap, which a fit needs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from resynchro.electrics.electrodes import ELECTRODES, Electrodes
from resynchro.electrics.torso import Torso
from resynchro.electrics.torso_lead_field import torso_lead_field
from resynchro.electrics.torso_mesh import torso_mesh
from resynchro.heart.mesh import FloatArray as MeshArray

FloatArray = NDArray[np.float64]

#: Nodes of the heart on which the fields are compared: enough for four unknowns.
_POINTS = 400
#: Length and strength by which an equivalent electrode may typically differ, as the scale of the search.
_SCALE = (50.0, 50.0, 50.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class EquivalentElectrodes:
    """Point electrodes in an unbounded conductor with the lead fields of a bounded body.

    Attributes
    ----------
    electrodes
        Where they lie. Those of the limbs lie outside of the body.
    gains
        Their strength, shape (9,).
    field_error
        What is missed of each field over the heart: root mean square over that of the field less its mean, shape (9,).
    """

    electrodes: Electrodes
    gains: FloatArray
    field_error: FloatArray

    def __post_init__(self) -> None:
        for name in ("gains", "field_error"):
            value = np.array(getattr(self, name), dtype=np.float64)
            value.setflags(write=False)
            object.__setattr__(self, name, value)


def unbounded_electrodes(electrodes: Electrodes) -> EquivalentElectrodes:
    """Take electrodes as they are, in an unbounded conductor."""
    n = len(ELECTRODES)
    return EquivalentElectrodes(electrodes=electrodes, gains=np.ones(n), field_error=np.zeros(n))


def equivalent_electrodes(torso: Torso, points_mm: MeshArray, *, edge_mm: float = 16.0) -> EquivalentElectrodes:
    """Find the point electrodes that stand for the electrodes on a body.

    Parameters
    ----------
    torso
        The body with its standard electrodes.
    points_mm
        Nodes of the heart, shape (n, 3), body axes [mm].
    edge_mm
        Edge length of the body's finite elements [mm].

    Returns
    -------
    EquivalentElectrodes

    Notes
    -----
    The body is homogeneous. Over the template heart the fields agree to 4 to 10 % (see `field_error`).
    """
    mesh = torso_mesh(torso, edge_mm=edge_mm)
    field = torso_lead_field(mesh, torso.electrodes())
    points = points_mm[:: max(1, len(points_mm) // _POINTS)]
    wanted = field.at(points)
    middle = points.mean(axis=0)
    found = [
        _equivalent(points - middle, wanted[:, e], position - middle, field.body_s_per_m)
        for e, position in enumerate(torso.electrodes().positions_mm)
    ]
    return EquivalentElectrodes(
        electrodes=Electrodes(positions_mm=np.array([place for place, _, _ in found]) + middle),
        gains=np.array([gain for _, gain, _ in found]),
        field_error=np.array([error for _, _, error in found]),
    )


def _equivalent(
    points: FloatArray, wanted: FloatArray, start: FloatArray, body_s_per_m: float
) -> tuple[FloatArray, float, float]:
    """Fit place and strength of one electrode to a field, up to a constant."""
    wanted = wanted - wanted.mean()

    def miss(unknown: FloatArray) -> FloatArray:
        made = np.exp(unknown[3]) / (4.0 * np.pi * body_s_per_m * np.linalg.norm(points - unknown[:3], axis=1))
        return np.asarray(made - made.mean() - wanted)

    found = least_squares(miss, np.r_[start, np.log(2.0)], x_scale=_SCALE, xtol=1e-6, ftol=1e-8)
    error = float(np.linalg.norm(found.fun) / np.linalg.norm(wanted))
    return found.x[:3], float(np.exp(found.x[3])), error
