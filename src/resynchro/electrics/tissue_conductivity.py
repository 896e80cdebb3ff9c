"""How well muscle and body conduct current, and the height of the upstroke."""

from __future__ import annotations

from dataclasses import dataclass, fields

from resynchro.errors import InputError

#: Height of the action potential's upstroke, from rest to plateau [mV]. Unverified; one amplitude factor of every fit
#: absorbs it.
UPSTROKE_MV = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Conductivities:
    """Conductivities that make an ECG out of an activation.

    Attributes
    ----------
    intracellular_fibre_s_per_m, intracellular_cross_s_per_m
        Of the inside of the cells, along and across the fibre [S/m]. The sources of the ECG are proportional to them.
    body_s_per_m
        Of the body around the sources, as one homogeneous conductor [S/m]. The ECG is inversely proportional to it.

    Notes
    -----
    The default pair are effective values for a body that is homogeneous, the heart included. In real muscle the field
    between the cells is itself anisotropic: a plane front makes a potential step of sigma_i / (sigma_i + sigma_e) times
    the upstroke, with the whole-heart values of Potse et al. (inside 0.3 and 0.03, outside 0.3 and 0.12 S/m) 0.5 along
    and 0.2 across the fibre. A homogeneous conductor makes the same steps with sigma_i of 0.5 and 0.2 times its own
    conductivity. Taking 0.3 and 0.03 S/m themselves there would make fronts along the fibre ten times as strong as
    fronts across it instead of two and a half times, and the transmural front of normal conduction would almost vanish
    from the ECG. All four values unverified here. The body, 0.2 S/m, is usual for a homogeneous torso; unverified. Only
    the ratio of fibre to cross changes the shape of the ECG.

    References
    ----------
    Potse M et al. IEEE Trans Biomed Eng 2006;53:2425-2435. doi:10.1109/TBME.2006.880875.
    """

    intracellular_fibre_s_per_m: float = 0.10
    intracellular_cross_s_per_m: float = 0.04
    body_s_per_m: float = 0.20

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0.0 < value < 10.0:
                raise InputError(f"{field.name} must lie in (0, 10) S/m, got {value:g}: is it in mS/cm?")
