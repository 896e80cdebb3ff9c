"""Strain curves, bullseye of delays and data-quality page, for whole, partial and unusable examinations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from resynchro.imaging.strain.strain_measurement import StrainMeasurement, measure_strain
from resynchro.imaging.strain.strain_phantom import strain_phantom
from resynchro.pictures.figure_files import svg_text
from resynchro.pictures.strain_curves import delay_bullseye_figure, panel_segments, strain_curves_figure
from resynchro.pictures.strain_files import write_strain_pictures
from resynchro.pictures.strain_quality import strain_quality_figure
from resynchro.record.segments import SegmentModel
from resynchro.record.strain import CardiacEvents, StrainStudy, StrainType, StrainView

FIGURES = (strain_curves_figure, delay_bullseye_figure, strain_quality_figure)


def _measured(
    segments: range,
    *,
    model: SegmentModel = "aha16",
    strain_type: StrainType = "longitudinal",
    events: CardiacEvents | None = None,
    frames: int = 30,
    peak_pct: float = 18.0,
) -> StrainMeasurement:
    delays = {segment: 10.0 * segment for segment in segments}
    curves = strain_phantom(delays, model=model, peak_pct=peak_pct, strain_type=strain_type)
    view = StrainView(
        name="all",
        segments=curves.segments,
        time_s=curves.time_s[:frames],
        strain_pct=curves.strain_pct[:, :frames],
        rr_s=curves.rr_s,
        events=curves.events if events is None else events,
    )
    name = "a $name$ of <another> world.csv"
    return measure_strain(
        StrainStudy(file=name, format="test", sha256="0123456789", views=(view,), model=model, strain_type=strain_type)
    )


def _words(figure: Figure) -> str:
    return " ".join(text.get_text() for axes in figure.axes for text in axes.texts)


@pytest.mark.parametrize("draw", FIGURES)
@pytest.mark.parametrize(
    "measurement",
    [
        _measured(range(1, 19), model="aha18"),
        _measured(range(7, 13), strain_type="radial"),
        _measured(range(1, 17), events=CardiacEvents()),
        _measured(range(1, 17), frames=25),
        _measured(range(1, 17), peak_pct=0.5),
    ],
    ids=["echo", "one ring", "no events", "part of a beat", "nothing moves"],
)
def test_every_figure_is_drawn_for_every_examination(draw: object, measurement: StrainMeasurement) -> None:
    figure = draw(measurement)  # type: ignore[operator]
    assert "not a medical device" in _words(figure)
    assert svg_text(figure, title="t").startswith("<svg")


def test_valve_events_stand_in_every_panel() -> None:
    words = _words(strain_curves_figure(_measured(range(1, 17))))
    assert words.count("AVC") >= 6 and words.count("AVO") >= 6 and words.count("MVO") == 6
    without = _words(strain_curves_figure(_measured(range(1, 17), events=CardiacEvents())))
    assert "MVO" not in without
    assert "Valve events: none" in without


def test_the_bullseye_names_the_latest_segment_and_what_is_not_timed() -> None:
    assert "latest: apical lateral (16)" in _words(delay_bullseye_figure(_measured(range(1, 17))))
    assert "could not" in _words(strain_quality_figure(_measured(range(1, 17), frames=25)))


def test_each_segment_has_its_panel() -> None:
    eighteen, sixteen = _measured(range(1, 19), model="aha18").curves, _measured(range(1, 17)).curves
    assert panel_segments(5, eighteen) == (5, 11, 17)
    assert panel_segments(5, sixteen) == (5, 11)
    assert panel_segments(6, sixteen) == (6, 12, 16)
    for curves in (eighteen, sixteen):
        drawn = [segment for basal in range(1, 7) for segment in panel_segments(basal, curves)]
        assert sorted(drawn) == list(curves.segments)


def test_files_have_safe_names_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    measurement = _measured(range(1, 17))
    written = write_strain_pictures(measurement, tmp_path / "one")
    assert [path.name for path in written][:2] == [
        "a_name_of_another_world-01234567_strain.svg",
        "a_name_of_another_world-01234567_strain.png",
    ]
    assert len(written) == 6
    again = write_strain_pictures(measurement, tmp_path / "two")
    for one, two in zip(written, again, strict=True):
        assert one.read_bytes() == two.read_bytes()
    assert np.frombuffer(written[1].read_bytes()[:4], dtype=np.uint8)[1:].tobytes() == b"PNG"
