"""Global strain, wall means, and the gathering of all indices."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from resynchro.imaging.published_values import all_published_values
from resynchro.imaging.strain.discoordination import discoordination_indices
from resynchro.imaging.strain.global_strain import global_curve, global_strain_indices
from resynchro.imaging.strain.strain_phantom import strain_phantom
from resynchro.imaging.strain.synchronous_noise import noisy_repeats
from resynchro.record.strain import CardiacEvents


def test_levels_weigh_six_six_five() -> None:
    # Basal 10, mid 15, apical 20: (6 10 + 6 15 + 5 20)/17 = 14.706 in every model.
    for model, apical in (("aha16", 4), ("aha17", 5), ("aha18", 6)):
        peaks = dict.fromkeys(range(1, 7), 10.0) | dict.fromkeys(range(7, 13), 15.0)
        peaks |= dict.fromkeys(range(13, 13 + apical), 20.0)
        curves = strain_phantom(dict.fromkeys(peaks, 0.0), peak_pct=peaks, model=model)  # type: ignore[arg-type]
        found = {index.key: index.value for index in global_strain_indices(curves)}
        assert found["gcs_peak_systolic_pct"] == pytest.approx(-250.0 / 17.0)
        # Septal segments 2 3 8 9 and one or two apical: mean of the wall's segments.
        share = {"aha16": 70 / 5, "aha17": 70 / 5, "aha18": 90 / 6}[model]
        assert found["septal_peak_systolic_pct"] == pytest.approx(-share)


def test_missing_level_is_named_and_its_weight_shared_out() -> None:
    curves = strain_phantom(dict.fromkeys(range(7, 13), 0.0))
    index = global_strain_indices(curves)[0]
    assert index.value == pytest.approx(-18.0)
    assert index.notes == ("Levels without a segment: basal, apical.",)
    assert global_curve(curves)[1].sum() == pytest.approx(1.0)


def test_systolic_peak_and_peak_of_the_beat_differ_when_late() -> None:
    curves = strain_phantom(dict.fromkeys(range(1, 19), 60.0), model="aha18", strain_type="longitudinal")
    found = {index.key: index for index in global_strain_indices(curves)}
    assert found["gls_peak_pct"].value == pytest.approx(-18.0)
    # At AVC (360 ms) the rise has run 270 of 330 ms: 18 (1 - cos(pi 270/330))/2 = 16.57.
    assert found["gls_peak_systolic_pct"].value == pytest.approx(-16.57, abs=0.01)
    assert found["gls_peak_systolic_pct"].window == "QRS onset to AVC (0 to 360 ms)"
    blind = dataclasses.replace(curves, events=CardiacEvents())
    assert global_strain_indices(blind)[0].absent == "needs AVC"
    assert global_strain_indices(blind)[1].value == pytest.approx(-18.0)


def test_segments_of_an_export_against_its_own_traces(shared_data: Callable[[str], Path]) -> None:
    # Peak systolic strain per segment against the smallest sample of the view's own trace before AVC. The vendor's
    # summary sheet is no reference: it differs from the vendor's own traces by up to 5 %.
    from resynchro.formats.strain_file import read_strain
    from resynchro.imaging.strain.strain_curves import curves_from_study

    study = read_strain([shared_data("strain/echopac/images/Sample_XML.xml")])
    found = dict(global_strain_indices(curves_from_study(study))[0].per_segment)
    own = {
        segment: float(view.strain_pct[row, view.time_s <= (view.events.avc_s or 0.0)].min())
        for view in study.views
        for row, segment in enumerate(view.segments)
    }
    assert found.keys() == own.keys()
    assert max(abs(found[segment] - own[segment]) for segment in own) < 0.3


def test_radial_strain_thickens() -> None:
    curves = strain_phantom(dict.fromkeys(range(7, 13), 0.0), peak_pct=40.0, strain_type="radial")
    assert global_strain_indices(curves)[0].value == pytest.approx(40.0)


def test_standard_error_is_that_of_simulation() -> None:
    curves = dataclasses.replace(strain_phantom(dict.fromkeys(range(1, 18), 0.0)), noise_pct=np.full(17, 1.5))
    index = global_strain_indices(curves)[0]
    draws = noisy_repeats(curves.strain_pct, np.full(17, 1.5), draws=2000)
    weights = global_curve(curves)[1]
    assert index.noise_floor == pytest.approx(float((weights @ draws)[:, 12].std(ddof=1)), rel=0.1)


def test_every_index_has_a_value_or_a_reason() -> None:
    phantoms = [
        strain_phantom(dict.fromkeys(range(1, 19), 0.0), model="aha18", strain_type="longitudinal"),
        strain_phantom(dict.fromkeys(range(1, 18), 0.0), noise_pct=1.0, rng=np.random.default_rng(0)),
        strain_phantom({9: 0.0}),
        dataclasses.replace(strain_phantom(dict.fromkeys(range(7, 13), 0.0)), events=CardiacEvents(), noise_pct=None),
    ]
    for curves in phantoms:
        indices = discoordination_indices(curves)
        keys = [index.key for index in indices]
        assert len(keys) == len(set(keys))
        for index in indices:
            given = [item for item in (index.value, index.flag, index.text) if item is not None]
            assert bool(given) != bool(index.absent), index.key
            assert index.value is None or np.isfinite(index.value)
            if given:
                assert index.window, index.key
                assert index.variant, index.key
                assert index.noise_note, index.key
                assert index.n_segments == len(index.segments) > 0


def test_synchronous_and_noise_free() -> None:
    curves = strain_phantom(dict.fromkeys(range(1, 18), 0.0))
    found = {index.key: index for index in discoordination_indices(curves)}
    for key in ("ssi_pct", "srs_sept_pct", "strain_delay_mean_pct", "post_systolic_index_pct"):
        assert found[key].value == pytest.approx(0.0, abs=0.05), key
    for key in ("cure", "cure_power1", "cure_modulus", "cure_svd", "cure_all", "cure_mean_cycle", "cure_mean_systole"):
        assert found[key].value == pytest.approx(1.0, abs=1e-9), key
    assert found["septal_pattern"].text == "normal"
    assert found["classical_lbbb_contraction"].flag is False


def test_permuting_segments_with_their_curves_changes_nothing() -> None:
    curves = strain_phantom({1: 10.0, 2: 0.0, 3: 5.0, 4: 60.0, 5: 120.0, 6: 90.0, 8: 0.0, 9: 3.0, 11: 110.0, 12: 80.0})
    order = np.random.default_rng(0).permutation(len(curves.segments))
    mixed = dataclasses.replace(
        curves,
        segments=tuple(curves.segments[row] for row in order),
        strain_pct=curves.strain_pct[order],
    )
    for one, other in zip(discoordination_indices(curves), discoordination_indices(mixed), strict=True):
        assert one.key == other.key
        assert (one.flag, one.text, one.absent) == (other.flag, other.text, other.absent)
        assert other.value == (None if one.value is None else pytest.approx(one.value, abs=1e-9)), one.key


def test_published_rows_say_where_they_are_from() -> None:
    for value in all_published_values():
        assert value.source
        assert value.verified or "from memory" in value.source or value.source
    keys = {value.index for value in all_published_values()}
    assert {"cure", "ssi_pct", "srs_sept_pct", "strain_delay_index_pct", "rspi", "classical_lbbb_contraction"} <= keys
