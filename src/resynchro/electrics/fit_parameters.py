"""What a fit of the twin may change, what was known of it before, and where that knowledge comes from.

Every parameter has a normal prior, of its value or of its logarithm. The fit works with scores: 0 is the middle of
the prior, 1 one standard deviation above it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

#: What a parameter acts on.
Acts = Literal[
    "v_fibre",
    "v_transverse",
    "septal_velocity",
    "v_lv_layer",
    "v_rv_layer",
    "onset",
    "lv_delay",
    "release",
    "place_along",
    "place_around",
    "shift",
    "turn",
    "heart_size",
    "body_size",
    "limb",
    "strip_along",
    "strip_up",
    "amplitude",
    "chest_amplitude",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One unknown of the twin with its prior.

    Attributes
    ----------
    name
        Unique, the unit as last token.
    unit
        For people; empty for a factor.
    acts, index
        What it changes: which root, electrode or axis where there are several.
    middle
        Median of the prior, in the unit.
    sd
        Standard deviation of the prior: of the natural logarithm when `logarithmic`, else in the unit.
    logarithmic
        The logarithm is normal (velocities, sizes and factors, which cannot be negative).
    source
        Where the prior comes from.
    """

    name: str
    unit: str
    acts: Acts
    middle: float
    sd: float
    source: str
    index: int = 0
    logarithmic: bool = False

    def value(self, score: FloatArray | float) -> FloatArray:
        """Return the value in the unit of scores, any shape."""
        scaled = np.asarray(score, dtype=np.float64) * self.sd
        return np.asarray(self.middle * np.exp(scaled) if self.logarithmic else self.middle + scaled)

    def score(self, value: FloatArray | float) -> FloatArray:
        """Return the scores of values in the unit, any shape."""
        given = np.asarray(value, dtype=np.float64)
        return np.asarray((np.log(given / self.middle) if self.logarithmic else given - self.middle) / self.sd)


_CAMPS = "Taggart 2000 (fibre 0.65, sheet normal 0.48 m/s) and priors of the Cardiac-Digital-Twin code, second hand"
_LAYER = "dense endocardium 1.0-1.9 m/s (Cardiac-Digital-Twin code), Purkinje 1.3-3.5 m/s (Maguy 2009), second hand"
_CHOICE = "design choice"
_BURGER = "limb lead vectors differ between bodies (Burger); 50 mm at half a metre are 6 degrees or 10 %; design choice"
_AXIS = "8 degrees between people in the frontal plane (Sathananthan 2015), doubled for the unseen axes and breathing"


def velocity_parameters(*, v_lv_layer: tuple[float, float], v_rv_layer: tuple[float, float]) -> tuple[Parameter, ...]:
    """Return the conduction velocities.

    Parameters
    ----------
    v_lv_layer, v_rv_layer
        Median [m/s] and standard deviation of the logarithm of the fast endocardial layers; they hang on the rhythm.
    """
    return (
        Parameter(
            name="v_fibre_m_per_s", unit="m/s", acts="v_fibre", middle=0.60, sd=0.20, logarithmic=True, source=_CAMPS
        ),
        Parameter(
            name="v_transverse_m_per_s",
            unit="m/s",
            acts="v_transverse",
            middle=0.32,
            sd=0.25,
            logarithmic=True,
            source=_CAMPS,
        ),
        Parameter(
            name="septal_velocity_factor",
            unit="",
            acts="septal_velocity",
            middle=1.0,
            sd=0.25,
            logarithmic=True,
            source=f"{_CHOICE}: one third of LBBB patients cross the septum in near-normal time (Auricchio 2004)",
        ),
        Parameter(
            name="v_lv_layer_m_per_s",
            unit="m/s",
            acts="v_lv_layer",
            middle=v_lv_layer[0],
            sd=v_lv_layer[1],
            logarithmic=True,
            source=_LAYER,
        ),
        Parameter(
            name="v_rv_layer_m_per_s",
            unit="m/s",
            acts="v_rv_layer",
            middle=v_rv_layer[0],
            sd=v_rv_layer[1],
            logarithmic=True,
            source=_LAYER,
        ),
    )


def pose_parameters() -> tuple[Parameter, ...]:
    """Return how the heart lies in the body: shift to the left, back and head, turn about these axes."""
    shifts = (("left", 10.0), ("back", 10.0), ("head", 20.0))
    turns = tuple((axis, float(np.radians(18.0))) for axis in ("left", "back", "head"))
    return tuple(
        Parameter(name=f"heart_shift_{axis}_mm", unit="mm", acts="shift", index=k, middle=0.0, sd=sd, source=_CHOICE)
        for k, (axis, sd) in enumerate(shifts)
    ) + tuple(
        Parameter(name=f"heart_turn_{axis}_rad", unit="rad", acts="turn", index=k, middle=0.0, sd=sd, source=_AXIS)
        for k, (axis, sd) in enumerate(turns)
    )


def electrode_parameters(*, body_known: bool) -> tuple[Parameter, ...]:
    """Return where the electrodes are against where they should be, and how large the body is.

    Parameters
    ----------
    body_known
        Height and weight are the patient's: the size of the body is then better known.
    """
    body = Parameter(
        name="body_size_factor",
        unit="",
        acts="body_size",
        middle=1.0,
        sd=0.04 if body_known else 0.08,
        logarithmic=True,
        source=f"{_CHOICE}: spread of chest girth among adults",
    )
    placing = "precordial electrodes are misplaced by 10 mm and more in practice; design choice"
    directions: tuple[tuple[Acts, str], ...] = (("strip_along", "leftward"), ("strip_up", "headward"))
    strips = [
        Parameter(name=f"v{k}_{word}_mm", unit="mm", acts=acts, index=k - 1, middle=0.0, sd=10.0, source=placing)
        for k in range(1, 7)
        for acts, word in directions
    ]
    limbs = [
        Parameter(
            name=f"{name}_{axis}_mm", unit="mm", acts="limb", index=3 * k + a, middle=0.0, sd=50.0, source=_BURGER
        )
        for k, name in enumerate(("ra", "la", "ll"))
        for a, axis in enumerate(("left", "back", "head"))
    ]
    return (body, *limbs, *strips)


def size_parameters(*, heart_known: bool) -> tuple[Parameter, ...]:
    """Return how large the heart is against its mesh.

    Parameters
    ----------
    heart_known
        The geometry is the patient's, from images.
    """
    if heart_known:
        return ()
    return (
        Parameter(
            name="heart_size_factor",
            unit="",
            acts="heart_size",
            middle=1.0,
            sd=0.15,
            logarithmic=True,
            source=f"{_CHOICE}: LV volumes of one kind of heart differ by a factor of 1.5, lengths by its third root",
        ),
    )


def amplitude_parameters() -> tuple[Parameter, ...]:
    """Return the scale of the signals, which no physical model of a body this simple can know."""
    return (
        Parameter(
            name="amplitude_factor",
            unit="",
            acts="amplitude",
            middle=0.5,
            sd=0.4,
            logarithmic=True,
            source=f"{_CHOICE}: conductivities are known to a factor of about 1.5",
        ),
        Parameter(
            name="chest_amplitude_factor",
            unit="",
            acts="chest_amplitude",
            middle=1.0,
            sd=0.25,
            logarithmic=True,
            source=f"{_CHOICE}: chest leads against limb leads in a bounded body",
        ),
    )
