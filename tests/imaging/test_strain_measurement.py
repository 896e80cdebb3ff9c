"""The whole strain measurement: indices together, quality, plain data, and a real export."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from resynchro.imaging.published_values import published_values
from resynchro.imaging.strain.strain_measurement import StrainMeasurement, measure_strain
from resynchro.imaging.strain.strain_phantom import strain_phantom
from resynchro.imaging.strain.strain_summary import beyond, strain_summary
from resynchro.record.strain import CardiacEvents, StrainStudy, StrainView

_TDI = "made from strain peaks, not from tissue Doppler velocities"


def _study(
    delays_ms: dict[int, float], *, noise_pct: float = 1.0, scar: dict[int, float] | None = None, rr_ms: float = 900.0
) -> StrainStudy:
    curves = strain_phantom(
        delays_ms,
        model="aha16",
        noise_pct=noise_pct,
        scar=scar,
        rr_ms=rr_ms,
        rng=np.random.default_rng(0) if noise_pct else None,
        strain_type="longitudinal",
    )
    view = StrainView(
        name="all",
        segments=curves.segments,
        time_s=curves.time_s,
        strain_pct=curves.strain_pct,
        rr_s=curves.rr_s,
        events=curves.events,
    )
    return StrainStudy(
        file="phantom.csv", format="test", sha256="0", views=(view,), model="aha16", strain_type="longitudinal"
    )


LATE_LATERAL = {segment: 90.0 * (segment in (5, 6, 11, 12, 16)) for segment in range(1, 17)}


@pytest.fixture(scope="module")
def late() -> StrainMeasurement:
    return measure_strain(_study(LATE_LATERAL, scar={4: 0.95}))


def test_delays_and_the_scar(late: StrainMeasurement) -> None:
    delays = {delay.segment: delay for delay in late.delays}
    assert delays[4].delay_ms is None and "moves by" in str(delays[4].reason)
    lateral = [delays[segment].delay_ms for segment in (5, 6, 11, 12, 16)]
    rest = [delay.delay_ms for segment, delay in delays.items() if segment not in (4, 5, 6, 11, 12, 16)]
    # 16 curves, each with a standard error of about 3 ms
    assert np.mean(np.array(lateral, float)) - np.mean(np.array(rest, float)) == pytest.approx(90.0, abs=5.0)
    earliest = min(delay.from_earliest_ms for delay in late.delays if delay.from_earliest_ms is not None)
    assert earliest == 0.0
    five = delays[5]
    assert five.delay_ms is not None and five.delay_pct_rr is not None
    assert five.delay_pct_rr == pytest.approx(five.delay_ms / 9.0)


def test_every_index_says_why_or_how_much(late: StrainMeasurement) -> None:
    keys = [index.key for index in (*late.indices, *late.prospect)]
    assert len(keys) == len(set(keys))
    for index in (*late.indices, *late.prospect):
        known = index.value is not None or index.flag is not None or index.text is not None
        assert known != (index.absent is not None), index.key
        if index.value is not None:
            assert np.isfinite(index.value), index.key
    for key in ("xcorr_delay_sd_ms", "ts_sd_strain_ms", "mechanical_dispersion_ms", "ssi_pct", "sdi_volume_pct"):
        assert late.index(key) is not None, key
    assert late.index("no such index") is None


def test_strain_peaks_are_never_held_against_tissue_doppler(late: StrainMeasurement) -> None:
    index = late.index("ts_sd_strain_ms")
    assert index is not None and index.value is not None and index.value > 34.4
    assert any(note.startswith(_TDI) for note in index.notes)
    assert index.published == published_values("ts_sd_ms")
    assert all(published.modality == "tissue Doppler" for published in index.published)
    assert all(beyond(index, published) is None for published in index.published)


def test_the_same_file_gives_the_same_numbers() -> None:
    study = _study(LATE_LATERAL)
    one, two = (json.dumps(strain_summary(measure_strain(study))) for _ in range(2))
    assert one == two


def test_the_plain_data(late: StrainMeasurement) -> None:
    summary = json.loads(json.dumps(strain_summary(late), allow_nan=False))
    assert summary["rr_ms"] == 900.0
    assert summary["events_ms"] == {"mvc": 40.0, "avo": 90.0, "avc": 360.0, "mvo": 450.0}
    assert summary["segments"]["4"]["delay_ms"] is None
    assert "moves by" in summary["segments"]["4"]["delay_absent"]
    assert summary["segments"]["5"]["name"] == "basal inferolateral"
    assert summary["indices"]["sdi_volume_pct"]["absent"].startswith("needs regional volume curves")
    assert len(summary["prospect"]["parameters"]) == 12
    assert "0.62" in summary["prospect"]["caveat"]
    assert [item["key"] for item in summary["quality"]] == [
        "events",
        "rr_spread",
        "frame_rate",
        "coverage",
        "drift",
        "noise",
        "segments",
        "amplitude",
        "usable_segments",
    ]


def test_quality_names_what_is_wrong(late: StrainMeasurement) -> None:
    quality = {item.key: item for item in late.quality}
    assert quality["amplitude"].value == "segment 4" and quality["amplitude"].verdict == "caution"
    assert quality["usable_segments"].value == "15 of 16; not 4"
    assert quality["events"].verdict == "good"
    study = _study(LATE_LATERAL)
    view = replace(study.views[0], events=CardiacEvents())
    other = replace(view, name="other", rr_s=1.1, time_s=view.time_s * 1.1 / 0.9)
    quality = {item.key: item for item in measure_strain(replace(study, views=(view, other))).quality}
    assert quality["events"].verdict == "poor" and "no mitral valve closure" in quality["events"].value
    assert quality["rr_spread"].verdict == "poor" and "20.0 % (900 to 1100 ms, 2 beats)" in quality["rr_spread"].value


def test_a_gated_series_that_stops_early_is_measured_without_timing() -> None:
    study = _study(LATE_LATERAL, noise_pct=0.0)
    view = study.views[0]
    short = replace(view, time_s=view.time_s[:25], strain_pct=view.strain_pct[:, :25])
    measurement = measure_strain(replace(study, views=(short,)))
    assert measurement.delays == () and measurement.peaks == ()
    index = measurement.index("xcorr_delay_sd_ms")
    assert index is not None and "do not cover the whole beat" in str(index.absent)
    assert {item.key: item.verdict for item in measurement.quality}["coverage"] == "poor"


def test_a_ventricle_that_does_not_move_is_absent_everywhere() -> None:
    study = _study(dict.fromkeys(range(1, 17), 0.0), noise_pct=0.0, scar=dict.fromkeys(range(1, 17), 1.0))
    measurement = measure_strain(study)
    assert measurement.delays == ()
    for key in ("xcorr_delay_sd_ms", "ts_sd_strain_ms", "elsd_ms"):
        index = measurement.index(key)
        assert index is not None and index.value is None and index.absent, key


def test_a_real_export(shared_data: Callable[[str], Path]) -> None:
    from resynchro.formats.strain_file import read_strain

    study = read_strain([shared_data("strain/echopac/images/Sample_XML.xml")])
    measurement = measure_strain(study)
    curves = measurement.curves
    assert curves.model == "aha18" and len(curves.segments) == 18 and curves.periodic
    # views of 1047, 1002 and 1000 ms with one AVC of 377 ms: systole keeps its length
    assert 1000.0 * curves.rr_s == pytest.approx((1047.37 + 1001.83 + 999.938) / 3.0, abs=0.01)
    assert curves.events.avc_s == pytest.approx(0.377)
    assert curves.rr_spread == pytest.approx(0.0467, abs=1e-3)
    assert all(delay.valid for delay in measurement.delays)
    # the peak of every segment against the extreme sample of the file, which is 16 to 19 ms coarse
    peaks = {peak.segment: peak for peak in measurement.peaks}
    for view in study.views:
        for row, segment in enumerate(view.segments):
            peak = peaks[segment]
            assert peak.peak_pct == pytest.approx(float(view.strain_pct[row].min()), abs=1.0), segment
            assert peak.time_ms is not None
    dispersion = measurement.index("mechanical_dispersion_ms")
    assert dispersion is not None and dispersion.n_segments == 18
