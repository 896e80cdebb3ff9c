"""Short-axis pictures: what is drawn where, and the same bytes every time."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from resynchro.errors import MeasurementError
from resynchro.imaging.cine.cine_measurement import measure_cine
from resynchro.pictures.figure_files import png_bytes
from resynchro.pictures.short_axis import ShownSlice, cine_slices, short_axis_figure, volume_figure


def _ring() -> ModuleType:
    file = Path(__file__).parents[1] / "imaging" / "test_cine_measurement.py"
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def measured():
    """Measure the ring at two phases: quick, because nothing is tracked."""
    stack, labels = _ring().phantom()
    from dataclasses import replace

    two = replace(labels, slices=tuple(replace(item, labels=item.labels[[0, 4]]) for item in labels.slices))
    return replace(measure_cine(stack, two), contours=measure_cine(None, two).contours), stack


def test_slices_run_from_base_to_apex_at_both_phases(measured) -> None:
    from dataclasses import replace

    measurement, _ = measured
    named = replace(measurement, contours=replace(measurement.contours, frame_numbers=(0, 4)))
    rows = cine_slices(named)
    assert [len(row) for row in rows] == [3, 3]
    assert rows[0][0].title == "slice 3 basal, ED (frame 1)" and rows[1][-1].title == "slice 1 apical, ES (frame 5)"
    assert rows[0][0].insertions[0] is not None and rows[1][0].insertions[0] is None
    figure = short_axis_figure(rows, title="ring")
    drawn = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert {str(segment) for segment in range(1, 17)} <= drawn
    assert png_bytes(figure, dpi=60) == png_bytes(short_axis_figure(rows, title="ring"), dpi=60)


def test_images_alone_are_shown_without_contours(measured) -> None:
    _, stack = measured
    rows = cine_slices(measure_cine(stack))
    assert [len(row) for row in rows] == [3] and rows[0][0].endo is None
    assert short_axis_figure(rows, title="images") is not None


def test_an_overlay_colours_its_pixels(measured) -> None:
    _, stack = measured
    item = stack.slices[0]
    mask = np.zeros(item.frames.shape[1:], bool)
    mask[20:30, 20:30] = True
    shown = ShownSlice(image=item.frames[0], geometry=item.geometry, title="scar", overlay=mask)
    figure = short_axis_figure([[shown]], title="scar")
    overlay = figure.axes[1].images[1].get_array()
    assert np.array_equal(overlay[..., 3] > 0, mask)


def test_many_slices_break_into_rows(measured) -> None:
    _, stack = measured
    shown = ShownSlice(image=stack.slices[0].frames[0], geometry=stack.slices[0].geometry, title="s")
    figure = short_axis_figure([[shown] * 8], title="eight")
    assert len(figure.axes) == 9
    with pytest.raises(MeasurementError, match="no slice"):
        short_axis_figure([], title="none")


def test_the_volume_curve_names_both_phases(measured) -> None:
    measurement, stack = measured
    texts = [text.get_text() for text in volume_figure(measurement).axes[0].texts]
    assert texts[0].startswith("ED 30 ml") and texts[1].startswith("ES 15 ml")
    with pytest.raises(MeasurementError, match="one frame"):
        volume_figure(measure_cine(stack))
