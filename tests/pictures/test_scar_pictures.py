"""Pictures of scar: drawn from what there is, deterministic, nothing outside of the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from resynchro.imaging.scar.scar_measurement import ScarMeasurement, given_scar, measure_scar, scar_from_labels
from resynchro.imaging.scar.scar_phantom import ScarPatch, scar_phantom
from resynchro.pictures.figure_files import png_bytes
from resynchro.pictures.scar import scar_bullseye_figure, scar_rules_figure, scar_slices_figure
from resynchro.pictures.scar_files import write_scar_pictures
from resynchro.record.scar import ScarMap, SegmentScar


@pytest.fixture(scope="module")
def measurement() -> ScarMeasurement:
    patch = ScarPatch(centre_deg=330.0, width_deg=60.0, transmurality_pct=75.0)
    phantom = scar_phantom([patch], rng=np.random.default_rng(1), size=96, slice_count=5)
    return measure_scar(phantom.images, phantom.labels)


def _texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for axes in figure.axes for text in [*axes.texts, axes.title])


def test_slices_name_their_share_and_the_posterolateral_scar(measurement: ScarMeasurement) -> None:
    text = _texts(scar_slices_figure(measurement))
    assert "slice 1, apical: 12 %" in text and "slice 5, basal" in text
    assert "transmural posterolateral scar" in text and "remote sector" in text


def test_bullseye_and_rules_show_numbers(measurement: ScarMeasurement) -> None:
    assert "from the lowest to the highest of the rules" in _texts(scar_bullseye_figure(measurement.scar_map))
    text = _texts(scar_rules_figure(measurement))
    assert "fwhm_remote" in text and "gmm2" in text


def _outside(figure: Figure) -> list[str]:
    """Return the texts that reach over the edge of the page."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from resynchro.pictures.appearance import house_style

    with house_style():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        width, height = canvas.get_width_height()
        found = []
        for axes in figure.axes:
            for text in [*axes.texts, axes.title]:
                box = text.get_window_extent(canvas.get_renderer())
                if text.get_text().strip() and (box.x0 < 0 or box.y0 < 0 or box.x1 > width or box.y1 > height):
                    found.append(text.get_text())
    return found


def test_nothing_is_cut_off(measurement: ScarMeasurement) -> None:
    for figure in (
        scar_slices_figure(measurement),
        scar_bullseye_figure(measurement.scar_map),
        scar_rules_figure(measurement),
    ):
        assert _outside(figure) == []


def test_files_follow_what_there_is(measurement: ScarMeasurement, tmp_path: Path) -> None:
    assert len(write_scar_pictures(measurement, tmp_path / "all", name="a b/c")) == 5
    table = given_scar(
        ScarMap(
            model="aha18", segments={18: SegmentScar(transmurality_mean_pct=80.0)}, method="as given", source="x.csv"
        )
    )
    assert [path.name for path in write_scar_pictures(table, tmp_path / "table", name="t")] == [
        "t_scar_bullseye.svg",
        "t_scar_bullseye.png",
    ]
    phantom = scar_phantom([], rng=np.random.default_rng(0), size=96, slice_count=1)
    assert write_scar_pictures(scar_from_labels(phantom.labels), tmp_path / "labels", name="l")


def test_the_same_measurement_gives_the_same_bytes(measurement: ScarMeasurement) -> None:
    assert png_bytes(scar_rules_figure(measurement), dpi=60) == png_bytes(scar_rules_figure(measurement), dpi=60)
