"""Another group's heart: its 12-lead ECG from its own activation times, with our lead field."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from resynchro.electrics.body_surface_ecg import qrs_mv
from resynchro.electrics.electrodes import lead_matrix
from resynchro.electrics.lead_field import node_weights
from resynchro.electrics.tissue_conductivity import Conductivities


def test_crtdemo_ecg_from_its_own_activation(shared_data: Callable[[str], Path]) -> None:
    folder = shared_data("mesh/crtdemo/data/crtdemo")
    file = Path(__file__).resolve().parents[2] / "validation" / "electrics" / "crtdemo_files.py"
    spec = importlib.util.spec_from_file_location("crtdemo_files", file)
    assert spec is not None and spec.loader is not None
    files = importlib.util.module_from_spec(spec)
    sys.modules["crtdemo_files"] = files
    spec.loader.exec_module(files)
    demo = files.read_crtdemo(folder)
    # Its authors: 3.0 and 0.3 mS/cm inside the cells, upstroke tanh(t / 1 ms), the ECG from 5 ms before the first node,
    # Z = 1 / r, and the sum with + K Z: upside down and 10 * 4 pi * 0.2 times ours at a body of 0.2 S/m.
    conductivities = Conductivities(intracellular_fibre_s_per_m=0.3, intracellular_cross_s_per_m=0.03, body_s_per_m=0.2)
    weights = lead_matrix() @ node_weights(demo.mesh, demo.fibre, demo.electrodes, conductivities=conductivities)
    ours = qrs_mv(
        demo.times_ms - demo.times_ms.min(), weights, start_ms=-5.0, end_ms=200.0, upstroke_sd_ms=np.pi / (2 * 3**0.5)
    )
    theirs = -demo.ecg / (10.0 * 4.0 * np.pi * 0.2)
    correlation = [np.corrcoef(a, b)[0, 1] for a, b in zip(ours, theirs, strict=True)]
    assert min(correlation) > 0.999
    np.testing.assert_allclose(ours, theirs, atol=0.01 * np.abs(theirs).max())
