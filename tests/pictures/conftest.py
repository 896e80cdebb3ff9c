"""Measured synthetic ECGs shared by the tests of the pictures; measuring takes a while, so once per session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from resynchro.ecg.measurement import EcgMeasurement, measure_ecg
from resynchro.ecg.synthetic import SyntheticKind, synthetic_ecg
from resynchro.heart.heart import Heart
from resynchro.heart.mesh import FloatArray
from resynchro.heart.template import template_heart
from resynchro.heart.vein_stations import with_veins


@pytest.fixture(scope="session")
def measured() -> Callable[..., EcgMeasurement]:
    """Return a function that measures a synthetic ECG of a kind and a length."""

    @lru_cache
    def measure(kind: SyntheticKind, duration_s: float = 10.0, ectopic_every: int = 0) -> EcgMeasurement:
        rng = np.random.default_rng(3)
        ecg = synthetic_ecg(kind=kind, rng=rng, duration_s=duration_s, ectopic_every=ectopic_every)
        return measure_ecg(ecg.record, sex="female", age_years=64.0)

    return measure


@pytest.fixture(scope="session")
def lbbb(measured: Callable[..., EcgMeasurement]) -> EcgMeasurement:
    """Return a measured synthetic LBBB."""
    return measured("lbbb")


@pytest.fixture(scope="session")
def untrusted(lbbb: EcgMeasurement) -> EcgMeasurement:
    """Return the same recording as if its leads contradicted each other."""
    return measure_ecg(replace(lbbb.record, voltages_trusted=False))


@pytest.fixture(scope="session")
def texts() -> Callable[[Figure], str]:
    """Return a function that gives everything that is written in a figure."""
    return lambda figure: "\n".join(text.get_text() for text in figure.findobj(Text))  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def template() -> Heart:
    """Return a coarse template heart with the template's veins."""
    return with_veins(template_heart("normal", edge_mm=4.0))


@pytest.fixture(scope="session")
def spreading(template: Heart) -> FloatArray:
    """Return times of a front that runs straight from the RV's side to the LV's at 0.7 m/s, first node at 20 ms."""
    along = template.mesh.points_mm @ np.array([0.8, 0.6, 0.0])
    return np.asarray(20.0 + (along - along.min()) / 0.7)
