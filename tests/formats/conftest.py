"""Synthetic recordings for the tests of the readers."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from resynchro.formats.twelve_leads import order_leads
from resynchro.record.ecg import LEADS, FloatArray


@pytest.fixture(scope="session")
def fuzz_readers() -> ModuleType:
    """Return the script that makes and mutates recordings, so that script and tests share one EDF writer."""
    path = Path(__file__).resolve().parents[2] / "validation" / "ecg" / "fuzz_readers.py"
    spec = importlib.util.spec_from_file_location("fuzz_readers", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz_readers"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def synthetic_leads_mv(fuzz_readers: ModuleType) -> dict[str, FloatArray]:
    """Return twelve leads with P, QRS and T, 10 s at 500 Hz, in whole microvolts [mV]."""
    leads: dict[str, FloatArray] = fuzz_readers.synthetic_leads_mv()
    # Even counts in I and II give whole counts in the augmented leads.
    counts = {lead: 2.0 * (500.0 * leads[lead]).round() for lead in ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")}
    return dict(zip(LEADS, order_leads(counts) / 1000.0, strict=True))
