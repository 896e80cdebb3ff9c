"""The public names: few, lazy, and the same as where they live."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib.metadata import version

import pytest

import resynchro

NAMES = (
    "InputError",
    "MeasurementError",
    "ResynchroError",
    "case_heart",
    "compare_ecg",
    "electrical_heart",
    "find_target",
    "fit_twin",
    "heart_from_contours",
    "heart_from_sizes",
    "heart_of_mesh",
    "make_plan",
    "measure_cine",
    "measure_ecg",
    "measure_phase",
    "measure_scar",
    "measure_strain",
    "measure_work",
    "read_case",
    "read_ecg",
    "read_gated_spect",
    "read_heart_mesh",
    "read_image_stacks",
    "read_label_stack",
    "read_strain",
    "read_veins",
    "simulate",
    "template_heart",
)


@pytest.mark.parametrize("name", NAMES)
def test_public_names_are_there_and_documented(name: str) -> None:
    assert name in resynchro.__all__ and name in dir(resynchro)
    assert inspect.getdoc(getattr(resynchro, name))


def test_every_public_name_is_listed_here() -> None:
    assert set(resynchro.__all__) == {*NAMES, "__version__"}


def test_other_names_are_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'measure_eeg'"):
        _ = resynchro.measure_eeg


def test_a_star_import_works() -> None:
    names: dict[str, object] = {}
    exec("from resynchro import *", names)
    assert set(NAMES) <= set(names)


def test_the_version_is_that_of_the_package() -> None:
    assert resynchro.__version__ == version("resynchro")


def test_the_import_is_quick_because_it_loads_nothing_heavy() -> None:
    code = "import sys, resynchro; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not set(loaded) & {"numpy", "scipy", "numba", "matplotlib", "pydicom", "wfdb", "pydantic", "click", "rich"}


def test_errors_have_one_base() -> None:
    assert issubclass(resynchro.InputError, resynchro.ResynchroError)
    assert issubclass(resynchro.MeasurementError, resynchro.ResynchroError)
    assert not issubclass(resynchro.MeasurementError, resynchro.InputError)
