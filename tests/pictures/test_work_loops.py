"""Pictures of myocardial work and of echo contours: what they say, also when something is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from resynchro.imaging.echo.echo_volume_measurement import measure_echo_volumes
from resynchro.imaging.work.work_measurement import WorkMeasurement, measure_work
from resynchro.pictures.echo_contours import echo_contours_figure, write_echo_contour_pictures
from resynchro.pictures.figure_files import svg_text
from resynchro.pictures.work_files import write_work_pictures
from resynchro.pictures.work_loops import segment_loops_figure, septal_lateral_figure, work_bullseye_figure
from resynchro.record.echo_contours import EchoContour, EchoContours
from resynchro.record.strain import CardiacEvents, StrainStudy, StrainView


def made(segments: tuple[int, ...]) -> WorkMeasurement:
    time_s = np.linspace(0.0, 0.9, 46)
    curve = -18.0 * np.sin(np.pi * np.clip(time_s / 0.8, 0.0, 1.0)) ** 2
    events = CardiacEvents(mvc_s=0.05, avo_s=0.1, avc_s=0.4, mvo_s=0.5, origin="given")
    strain = np.array([curve * (1.0 + 0.05 * row) for row in range(len(segments))])
    view = StrainView(name="4CH", segments=segments, time_s=time_s, strain_pct=strain, rr_s=0.9, events=events)
    return measure_work(
        StrainStudy(
            file="visit/strain.csv",
            format="made",
            sha256="0123456789abcdef",
            views=(view,),
            model="aha17",
            strain_type="longitudinal",
            systolic_mmhg=120.0,
        )
    )


@pytest.fixture(scope="module")
def both_walls() -> WorkMeasurement:
    return made((3, 9, 6, 12))


def test_septum_and_lateral_wall_with_their_numbers(
    both_walls: WorkMeasurement, texts: Callable[[Figure], str]
) -> None:
    words = texts(septal_lateral_figure(both_walls))
    value = both_walls.index("septal_work_mmhg_pct").value
    assert "Septum" in words and "Lateral wall" in words and f"{value:.0f} ±" in words
    assert "strain [%]" in words and "LV pressure [mmHg]" in words
    assert all(name in words for name in ("MVC", "AVO", "AVC", "MVO"))
    assert "estimated from cuff pressure" in words and "not a medical device" in words


def test_a_missing_wall_is_said_in_its_panel(texts: Callable[[Figure], str]) -> None:
    assert "no septal segment was measured" in texts(septal_lateral_figure(made((6, 12))))


def test_every_segment_has_a_panel(both_walls: WorkMeasurement, texts: Callable[[Figure], str]) -> None:
    words = texts(segment_loops_figure(both_walls))
    assert "3 basal inferoseptal" in words and "17 apex" in words
    assert words.count("no strain curve") == 13
    work = both_walls.segment(3)
    assert work is not None and f"{work.index_mmhg_pct:.0f} · " in words


def test_the_bullseye_shows_index_and_efficiency(both_walls: WorkMeasurement, texts: Callable[[Figure], str]) -> None:
    words = texts(work_bullseye_figure(both_walls))
    assert "work index [mmHg %]" in words and "work efficiency [%]" in words


def test_loops_of_both_walls_share_their_axes(both_walls: WorkMeasurement) -> None:
    panels = [axes for axes in septal_lateral_figure(both_walls).axes if axes.get_xlabel() == "strain [%]"]
    assert len(panels) == 2
    assert panels[0].get_xlim() == panels[1].get_xlim() and panels[0].get_ylim() == panels[1].get_ylim()


def test_the_same_work_gives_the_same_picture(both_walls: WorkMeasurement) -> None:
    one, other = (svg_text(work_bullseye_figure(both_walls), title="work") for _ in range(2))
    assert one == other


def test_names_of_work_pictures(both_walls: WorkMeasurement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resynchro.pictures.figure_files.png_bytes", lambda figure: b"PNG")
    monkeypatch.setattr("resynchro.pictures.figure_files.svg_text", lambda figure, title: title)
    written = write_work_pictures(both_walls, tmp_path)
    assert [path.name for path in written] == [
        f"strain-01234567_{what}.{ending}"
        for what in ("work_loops", "work_segments", "work_bullseye")
        for ending in ("svg", "png")
    ]
    assert written[0].read_text() == "Septal and lateral work: strain.csv"


def contours() -> EchoContours:
    angle = np.linspace(np.pi, 0.0, 31)
    outline = np.column_stack([28.0 * np.cos(angle), 90.0 - 90.0 * np.sin(angle)])
    parts = [EchoContour(view=view, phase="ED", points_mm=outline) for view in ("4CH", "RV")]
    parts.append(EchoContour(view="4CH", phase="ES", points_mm=outline * 0.8))
    return EchoContours(file="echo $1$.csv", sha256="fedcba9876543210", contours=tuple(parts))


def test_contours_are_drawn_with_discs_and_numbers(texts: Callable[[Figure], str], tmp_path: Path) -> None:
    volumes = measure_echo_volumes(contours())
    figure = echo_contours_figure(volumes)
    words = texts(figure)
    assert "4CH, length [mm]: ED 90, ES 72" in words and "RV, area [cm²]: ED" in words
    assert f"EDV {volumes.end_diastole.volume_ml:.0f} ml" in words  # type: ignore[union-attr]
    assert "takes every disc for a circle" in words
    panel = next(axes for axes in figure.axes if axes.get_xlabel() == "x [mm]")
    # contour, annulus and axis of two phases, and twice 20 discs
    assert len(panel.lines) == 2 * (3 + 20)
    written = write_echo_contour_pictures(volumes, tmp_path)
    assert [path.name for path in written] == [f"echo_1-fedcba98_contours.{ending}" for ending in ("svg", "png")]


def test_a_view_of_the_right_ventricle_alone_beside_others_is_drawn_too() -> None:
    both = contours()
    assert len(echo_contours_figure(measure_echo_volumes(replace(both, contours=both.contours[::-1]))).axes) == 3
