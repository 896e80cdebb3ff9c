"""The vector loop points where the heart points: left to the right of the picture, feet down, back up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from resynchro.ecg.measurement import EcgMeasurement
from resynchro.errors import MeasurementError
from resynchro.pictures.figure_files import svg_text
from resynchro.pictures.vector_loop import loop_reach_mv, vector_loop_figure


def _planes(measurement: EcgMeasurement) -> dict[str, tuple[Figure, int]]:
    figure = vector_loop_figure(measurement)
    figure.draw_without_rendering()
    return {name: (figure, k) for k, name in enumerate(("frontal", "sagittal", "horizontal"), start=1)}


@pytest.mark.parametrize(
    ("plane", "right", "up"),
    [
        # (rows X, Y, Z and sign): frontal: left of the patient to the right, head up (Y counts to the feet).
        ("frontal", (0, 1.0), (1, -1.0)),
        # Seen from the left the back lies to the right.
        ("sagittal", (2, 1.0), (1, -1.0)),
        # Front at the bottom: the back (Z positive) is up.
        ("horizontal", (0, 1.0), (2, 1.0)),
    ],
)
def test_planes_are_turned_as_usual_and_have_one_scale(
    lbbb: EcgMeasurement, plane: str, right: tuple[int, float], up: tuple[int, float]
) -> None:
    figure, k = _planes(lbbb)[plane]
    axes = figure.axes[k]
    assert lbbb.loop is not None
    curve = next(line for line in axes.get_lines() if len(line.get_xdata()) == lbbb.loop.time_ms.size)  # type: ignore[arg-type]
    assert np.asarray(curve.get_xdata()) == pytest.approx(lbbb.loop.xyz_mv[right[0]])
    assert np.asarray(curve.get_ydata()) == pytest.approx(lbbb.loop.xyz_mv[up[0]])
    origin, step_right, step_up = axes.transData.transform([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)])
    assert np.sign(step_right[0] - origin[0]) == right[1]
    assert np.sign(step_up[1] - origin[1]) == up[1]
    assert abs(step_right[0] - origin[0]) == pytest.approx(abs(step_up[1] - origin[1]), rel=1e-3)
    # One scale in all three planes: 74 mm hold the same span everywhere.
    assert np.ptp(axes.get_xlim()) == pytest.approx(np.ptp(axes.get_ylim()))
    assert np.ptp(axes.get_xlim()) == pytest.approx(np.ptp(loop_reach_mv(lbbb.loop)[0]))


def test_the_arrow_is_the_area_divided_by_the_duration(lbbb: EcgMeasurement) -> None:
    figure, k = _planes(lbbb)["frontal"]
    assert lbbb.area is not None
    arrows = [text for text in figure.axes[k].texts if isinstance(text, Annotation)]
    # µVs = mV x ms, so µVs / ms is mV.
    expected = (lbbb.area.x_uvs / lbbb.qrs_ms, lbbb.area.y_uvs / lbbb.qrs_ms)
    assert any(arrow.xy == pytest.approx(expected) for arrow in arrows)


def test_area_and_directions_are_written(lbbb: EcgMeasurement, texts: Callable[[Figure], str]) -> None:
    words = texts(vector_loop_figure(lbbb))
    assert lbbb.area is not None and lbbb.area.azimuth_deg is not None
    assert f"QRS area {lbbb.area.magnitude_uvs:.0f} µVs" in words
    assert f"azimuth {lbbb.area.azimuth_deg:.0f}°".replace("-", "−") in words
    for part in ("right  ←  X [mV]  →  left", "inferior  ←  Y [mV]  →  superior", "anterior  ←  Z [mV]  →  posterior"):
        assert part in words


def test_a_vector_without_direction_is_a_dash(lbbb: EcgMeasurement, texts: Callable[[Figure], str]) -> None:
    assert lbbb.area is not None
    area = replace(lbbb.area, x_uvs=0.0, y_uvs=0.0, z_uvs=0.0, magnitude_uvs=0.0, azimuth_deg=None, elevation_deg=None)
    assert "azimuth –, elevation –" in texts(vector_loop_figure(replace(lbbb, area=area)))


def test_untrusted_voltages_have_no_loop(untrusted: EcgMeasurement) -> None:
    with pytest.raises(MeasurementError, match="no vector loop"):
        vector_loop_figure(untrusted)


def test_the_same_loop_gives_the_same_bytes(lbbb: EcgMeasurement) -> None:
    assert svg_text(vector_loop_figure(lbbb), title="t") == svg_text(vector_loop_figure(lbbb), title="t")
