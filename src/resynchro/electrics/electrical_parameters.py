"""How fast each tissue of the heart conducts: defaults for a generic adult, with where they come from."""

from __future__ import annotations

from dataclasses import dataclass, fields

from resynchro.errors import InputError

#: Allowed range of each parameter.
_ALLOWED = {
    "v_fibre_m_per_s": (0.1, 2.0),
    "v_transverse_m_per_s": (0.05, 1.5),
    "v_lv_layer_m_per_s": (0.3, 5.0),
    "v_rv_layer_m_per_s": (0.3, 5.0),
    "septal_velocity_factor": (0.2, 4.0),
    "border_zone_factor": (0.05, 1.0),
    "junction_antegrade_ms": (0.0, 30.0),
    "lv_junction_retrograde_ms": (0.0, 100.0),
    "rv_junction_retrograde_ms": (0.0, 100.0),
    "basal_gap_mm": (0.0, 40.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectricalParameters:
    """Velocities and delays of both ventricles.

    Attributes
    ----------
    v_fibre_m_per_s, v_transverse_m_per_s
        Of muscle along and across its fibres [m/s]. Human ventricle along the fibre 0.65 m/s (Taggart P et al. J Mol
        Cell Cardiol 2000;32:621-630, doi:10.1006/jmcc.2000.1105, as quoted by the Cardiac-Digital-Twin code); 0.6 and
        0.25 are usual model values (design choice).
    v_lv_layer_m_per_s, v_rv_layer_m_per_s
        Of the fast endocardium, a sheet that stands for the Purkinje network [m/s]. Purkinje fibres conduct at 1.3 to
        3.5 m/s, nominal 2.2 (Maguy A et al. 2009, as quoted by the ecg-purkinje-npe code).
    septal_velocity_factor
        On the velocities of the septum; a fit to an ECG uses it for the crossing of the septum.
    border_zone_factor
        On the velocities of border zone; 0.3 to 0.6 is usual in models (design choice).
    junction_antegrade_ms
        From network to muscle [ms].
    lv_junction_retrograde_ms, rv_junction_retrograde_ms
        From muscle into either network [ms]. The right one was set on the template heart so that pacing at the RV apex
        prolongs RV activation against left bundle branch block as in patients, 46 +- 21 to 69 +- 17 ms (Eschalier et
        al., 24 patients, abstract); the left one is assumed alike.
    basal_gap_mm
        Bare band below the base that the network does not reach [mm] (design choice).
    """

    v_fibre_m_per_s: float = 0.6
    v_transverse_m_per_s: float = 0.25
    v_lv_layer_m_per_s: float = 2.2
    v_rv_layer_m_per_s: float = 2.2
    septal_velocity_factor: float = 1.0
    border_zone_factor: float = 0.5
    junction_antegrade_ms: float = 0.0
    lv_junction_retrograde_ms: float = 22.0
    rv_junction_retrograde_ms: float = 22.0
    basal_gap_mm: float = 8.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            low, high = _ALLOWED[field.name]
            if not low <= value <= high:
                raise InputError(f"{field.name} must lie in [{low:g}, {high:g}], got {value!r}: check the unit")
