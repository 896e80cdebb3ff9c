"""The size of a heart in the words of a report: volumes, length, thickness of each wall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

from resynchro.errors import InputError

Preset = Literal["normal", "dilated"]

#: Allowed range of each size. Outside of it no adult heart was ever reported and the template would fold.
_ALLOWED: Mapping[str, tuple[float, float]] = {
    "lv_edv_ml": (40.0, 500.0),
    "lv_length_mm": (55.0, 140.0),
    "septal_wall_mm": (4.0, 25.0),
    "anterior_wall_mm": (3.0, 25.0),
    "lateral_wall_mm": (3.0, 25.0),
    "inferior_wall_mm": (3.0, 25.0),
    "apical_wall_mm": (2.0, 20.0),
    "rv_edv_ml": (40.0, 450.0),
    "rv_wall_mm": (2.0, 12.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateParameters:
    """Size of both ventricles at end diastole.

    Attributes
    ----------
    lv_edv_ml, rv_edv_ml
        Cavities up to the plane of the base [mL].
    lv_length_mm
        From the centre of the base to the endocardium of the apex [mm].
    septal_wall_mm, anterior_wall_mm, lateral_wall_mm, inferior_wall_mm
        Wall of the left ventricle at the base and in the middle [mm].
    apical_wall_mm
        Wall at the very apex [mm].
    rv_wall_mm
        Free wall of the right ventricle [mm].

    Raises
    ------
    InputError
        When a size lies outside of what adult hearts have, or length and volume contradict each other.
    """

    lv_edv_ml: float = 130.0
    lv_length_mm: float = 85.0
    septal_wall_mm: float = 9.0
    anterior_wall_mm: float = 8.0
    lateral_wall_mm: float = 8.0
    inferior_wall_mm: float = 8.0
    apical_wall_mm: float = 5.0
    rv_edv_ml: float = 130.0
    rv_wall_mm: float = 3.5

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            low, high = _ALLOWED[field.name]
            if not low <= value <= high:
                raise InputError(f"{field.name} must lie in [{low:g}, {high:g}], got {value:g}: check the unit")
        # A cylinder of this length: thinner than a pencil or wider than long are mistakes of unit or of pairing.
        mean_radius_mm = (1000.0 * self.lv_edv_ml / (3.1416 * self.lv_length_mm)) ** 0.5
        if not 0.12 <= mean_radius_mm / self.lv_length_mm <= 0.62:
            raise InputError(
                f"an LV of {self.lv_edv_ml:g} mL and {self.lv_length_mm:g} mm length would have a mean radius of "
                f"{mean_radius_mm:.0f} mm, allowed are 12 to 62 % of the length: check volume and length"
            )


#: Normal: adult LV end-diastolic volume 121 +- 31 mL on echocardiography (Addetia 2022,
#: doi:10.1016/j.echo.2021.11.005, as quoted by the CircAdapt framework), a little more on MRI. Dilated: a failing heart
#: of the size seen in CRT trials, longer and rounder with thin walls (a design choice, no patient).
PRESETS: Mapping[Preset, TemplateParameters] = {
    "normal": TemplateParameters(),
    "dilated": TemplateParameters(
        lv_edv_ml=250.0,
        lv_length_mm=100.0,
        septal_wall_mm=9.0,
        anterior_wall_mm=8.0,
        lateral_wall_mm=8.0,
        inferior_wall_mm=8.0,
        apical_wall_mm=5.0,
        rv_edv_ml=160.0,
        rv_wall_mm=3.5,
    ),
}
