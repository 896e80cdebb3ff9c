"""The fusion fraction gives back known mixtures and admits what fits neither."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.ecg.fusion import fusion_fraction
from resynchro.ecg.similarity import compare_shapes
from resynchro.ecg.template import EcgTemplate, ecg_template

Make = Callable[..., EcgTemplate]


def mixture(paced: EcgTemplate, own: EcgTemplate, share: float, delay: int = 0) -> EcgTemplate:
    """share of the paced beat and the rest of the own beat, moved by whole samples."""
    signal = share * paced.zeroed_mv + (1 - share) * own.zeroed_mv
    beat = replace(paced.beat, signal_mv=np.roll(signal, delay, axis=1))
    return ecg_template("reference", beat, paced.limits, paced="yes")


@settings(max_examples=15, deadline=None)
@given(share=st.floats(0.0, 1.0), delay=st.integers(-4, 8))
def test_a_mixture_is_split_into_its_parts(make_template: Make, share: float, delay: int) -> None:
    paced, own = (make_template(state, noise_mv=0.0) for state in ("biventricular", "intrinsic"))
    found = fusion_fraction(mixture(paced, own, share, delay), paced, own)
    # The shift moves the zero level by up to 16 ms towards the P wave or into the QRS onset.
    assert found.paced_fraction == pytest.approx(share, abs=0.02)
    assert found.residual is not None and found.residual < 0.06
    assert found.shift_ms == pytest.approx(2.0 * delay, abs=0.5)


def test_what_is_neither_leaves_a_large_residual(make_template: Make) -> None:
    paced, own = make_template("biventricular"), make_template("intrinsic")
    found = fusion_fraction(make_template("lv-only"), paced, own)
    assert found.residual is not None and found.residual > 0.4
    assert found.uncertainty is not None and found.uncertainty > 0.1


def test_templates_too_alike_give_no_fraction(make_template: Make) -> None:
    own = make_template("intrinsic")
    found = fusion_fraction(own, make_template("intrinsic", seed=2), own)
    assert found.paced_fraction is None and found.reason is not None and "too alike" in found.reason


def test_similarity_is_one_for_the_same_beat_at_any_size_and_shift(make_template: Make) -> None:
    template = make_template("rv-only", noise_mv=0.0)
    beat = replace(template.beat, signal_mv=1.5 * np.roll(template.beat.signal_mv, 5, axis=1))
    found = compare_shapes(ecg_template("reference", beat, template.limits), template)
    assert found.correlation == pytest.approx(1.0, abs=1e-4)
    assert found.gain == pytest.approx(1.5, abs=1e-3)
    assert found.shift_ms == pytest.approx(10.0)
    # RMS difference of 1.5 x and x is half the RMS of x.
    assert found.relative_rms_difference == pytest.approx(0.5, abs=1e-3)
    upside_down = replace(template.beat, signal_mv=-template.beat.signal_mv)
    turned = compare_shapes(ecg_template("reference", upside_down, template.limits), template)
    assert turned.correlation < 0.5 and turned.lead_correlation["I"] is not None
