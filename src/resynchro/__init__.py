"""Resynchro: an open workbench for cardiac resynchronization therapy. For research, not a medical device."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resynchro.ecg.comparison import compare_ecg as compare_ecg
    from resynchro.ecg.measurement import measure_ecg as measure_ecg
    from resynchro.electrics.electrical_heart import electrical_heart as electrical_heart
    from resynchro.electrics.simulation import simulate as simulate
    from resynchro.electrics.twin_fit import fit_twin as fit_twin
    from resynchro.errors import InputError as InputError
    from resynchro.errors import MeasurementError as MeasurementError
    from resynchro.errors import ResynchroError as ResynchroError
    from resynchro.formats.case_folder import read_case as read_case
    from resynchro.formats.ecg_file import read_ecg as read_ecg
    from resynchro.formats.gated_spect_file import read_gated_spect as read_gated_spect
    from resynchro.formats.heart_mesh_file import read_heart_mesh as read_heart_mesh
    from resynchro.formats.image_stack import read_image_stacks as read_image_stacks
    from resynchro.formats.label_stack import read_label_stack as read_label_stack
    from resynchro.formats.strain_file import read_strain as read_strain
    from resynchro.formats.vein_file import read_veins as read_veins
    from resynchro.heart.heart_of_mesh import heart_of_mesh as heart_of_mesh
    from resynchro.heart.patient_contours import heart_from_contours as heart_from_contours
    from resynchro.heart.patient_sizes import heart_from_sizes as heart_from_sizes
    from resynchro.heart.template import template_heart as template_heart
    from resynchro.imaging.cine.cine_measurement import measure_cine as measure_cine
    from resynchro.imaging.scar.scar_measurement import measure_scar as measure_scar
    from resynchro.imaging.spect.phase_measurement import measure_phase as measure_phase
    from resynchro.imaging.strain.strain_measurement import measure_strain as measure_strain
    from resynchro.imaging.target.target import find_target as find_target
    from resynchro.imaging.work.work_measurement import measure_work as measure_work
    from resynchro.planning.case_heart import case_heart as case_heart
    from resynchro.planning.plan import make_plan as make_plan

__version__ = "0.1.0"

#: Public names and where they live; loaded on first use, so that `import resynchro` stays quick.
_PUBLIC = {
    "InputError": "resynchro.errors",
    "MeasurementError": "resynchro.errors",
    "ResynchroError": "resynchro.errors",
    "case_heart": "resynchro.planning.case_heart",
    "compare_ecg": "resynchro.ecg.comparison",
    "electrical_heart": "resynchro.electrics.electrical_heart",
    "find_target": "resynchro.imaging.target.target",
    "fit_twin": "resynchro.electrics.twin_fit",
    "heart_from_contours": "resynchro.heart.patient_contours",
    "heart_from_sizes": "resynchro.heart.patient_sizes",
    "heart_of_mesh": "resynchro.heart.heart_of_mesh",
    "make_plan": "resynchro.planning.plan",
    "measure_cine": "resynchro.imaging.cine.cine_measurement",
    "measure_ecg": "resynchro.ecg.measurement",
    "measure_phase": "resynchro.imaging.spect.phase_measurement",
    "measure_scar": "resynchro.imaging.scar.scar_measurement",
    "measure_strain": "resynchro.imaging.strain.strain_measurement",
    "measure_work": "resynchro.imaging.work.work_measurement",
    "read_case": "resynchro.formats.case_folder",
    "read_ecg": "resynchro.formats.ecg_file",
    "read_gated_spect": "resynchro.formats.gated_spect_file",
    "read_heart_mesh": "resynchro.formats.heart_mesh_file",
    "read_image_stacks": "resynchro.formats.image_stack",
    "read_label_stack": "resynchro.formats.label_stack",
    "read_strain": "resynchro.formats.strain_file",
    "read_veins": "resynchro.formats.vein_file",
    "simulate": "resynchro.electrics.simulation",
    "template_heart": "resynchro.heart.template",
}

__all__ = [*sorted(_PUBLIC), "__version__"]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'resynchro' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
