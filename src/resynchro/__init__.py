"""Resynchro: an open workbench for cardiac resynchronization therapy. For research, not a medical device."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resynchro.ecg.comparison import compare_ecg as compare_ecg
    from resynchro.ecg.measurement import measure_ecg as measure_ecg
    from resynchro.errors import InputError as InputError
    from resynchro.errors import MeasurementError as MeasurementError
    from resynchro.errors import ResynchroError as ResynchroError
    from resynchro.formats.case_folder import read_case as read_case
    from resynchro.formats.ecg_file import read_ecg as read_ecg
    from resynchro.planning.plan import make_plan as make_plan

__version__ = "0.1.0"

#: Public names and where they live; loaded on first use, so that `import resynchro` stays quick.
_PUBLIC = {
    "InputError": "resynchro.errors",
    "MeasurementError": "resynchro.errors",
    "ResynchroError": "resynchro.errors",
    "compare_ecg": "resynchro.ecg.comparison",
    "make_plan": "resynchro.planning.plan",
    "measure_ecg": "resynchro.ecg.measurement",
    "read_case": "resynchro.formats.case_folder",
    "read_ecg": "resynchro.formats.ecg_file",
}

__all__ = [*sorted(_PUBLIC), "__version__"]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'resynchro' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
