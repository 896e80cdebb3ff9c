"""Short-axis slices with contours, segments and insertions, for checking by eye, and the volume over the beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.cine.cine_measurement import CineMeasurement
from resynchro.imaging.cine.cine_strain import image_of, polygon_in
from resynchro.imaging.cine.lv_volumes import VolumeCurve
from resynchro.imaging.segment_geometry import ShortAxisFrame
from resynchro.pictures.appearance import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RESEARCH_USE,
    SKY,
    SMALL_PT,
    TEXT_PT,
    TITLE_PT,
    VERMILLION,
    axes_mm,
    figure_mm,
    house_style,
    page_axes,
    shortened,
)
from resynchro.record.segments import Level, display_arc_deg
from resynchro.record.slices import FloatArray, SliceGeometry

_PANEL_MM, _GAP_MM, _MARGIN_MM, _HEAD_MM, _FOOT_MM = 44.0, 2.0, 6.0, 14.0, 12.0
_MOST_COLUMNS = 6
#: Half the side of what is shown around the ventricle [mm].
_REACH_MM = 62.0
_METHOD_STYLE = {"surface": (BLUE, "-"), "base and apex": (ORANGE, "--"), "slices": (GREY, ":")}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSlice:
    """One short-axis image with what is drawn on it.

    Attributes
    ----------
    image
        Shape (rows, columns).
    geometry
        Of the image.
    title
        Above the panel.
    endo, epi, rv
        Polygons in pixels of the image, (row, column); None where there is none.
    frame, level
        Directions and level for the segment borders; without either no segments are drawn.
    insertions
        Anterior and inferior insertion, (row, column), or None.
    overlay
        Mask to be shown in colour (scar), shape of the image, or None.
    """

    image: NDArray[np.floating]
    geometry: SliceGeometry
    title: str
    endo: FloatArray | None = None
    epi: FloatArray | None = None
    rv: FloatArray | None = None
    frame: ShortAxisFrame | None = None
    level: Level | None = None
    insertions: tuple[FloatArray | None, FloatArray | None] = (None, None)
    overlay: NDArray[np.bool_] | None = None


def short_axis_figure(slices: Sequence[Sequence[ShownSlice]], *, title: str, note: str = "") -> Figure:
    """Draw short-axis images in rows.

    Parameters
    ----------
    slices
        Rows of panels, for example one row at end-diastole and one at end-systole; rows longer than six are broken.
    title
        Above all.
    note
        Below all.

    Returns
    -------
    Figure
        Panels are true to the ratio of pixels and show 124 mm around the ventricle.

    Raises
    ------
    MeasurementError
        Without any slice.
    """
    if not slices or not any(slices):
        raise MeasurementError("no slice is there to be shown")
    rows = [
        row[start : start + _MOST_COLUMNS]
        for start in range(0, max(map(len, slices)), _MOST_COLUMNS)
        for row in slices
        if row[start : start + _MOST_COLUMNS]
    ]
    columns = max(map(len, rows))
    width = max(2 * _MARGIN_MM + columns * (_PANEL_MM + _GAP_MM) - _GAP_MM, 130.0)
    row_mm = _PANEL_MM + 5.0
    height = _HEAD_MM + len(rows) * row_mm + _FOOT_MM
    with house_style():
        figure = figure_mm(width, height)
        page = page_axes(figure)
        page.text(
            _MARGIN_MM,
            height - 6.0,
            shortened(title, width - 2 * _MARGIN_MM, TITLE_PT),
            size=TITLE_PT,
            weight="bold",
            va="center",
        )
        page.text(
            _MARGIN_MM, 7.5, shortened(note, width - 2 * _MARGIN_MM, SMALL_PT), size=SMALL_PT, color=GREY, va="center"
        )
        page.text(_MARGIN_MM, 3.5, RESEARCH_USE, size=SMALL_PT, color=GREY, va="center")
        for row_number, row in enumerate(rows):
            bottom = height - _HEAD_MM - (row_number + 1) * row_mm + 2.0
            for column, shown in enumerate(row):
                left = _MARGIN_MM + column * (_PANEL_MM + _GAP_MM)
                draw_short_axis(axes_mm(figure, left, bottom, _PANEL_MM, _PANEL_MM), shown)
                page.text(left, bottom + _PANEL_MM + 1.5, shown.title, size=SMALL_PT + 0.5, va="center")
    return figure


def draw_short_axis(axes: Axes, shown: ShownSlice) -> None:
    """Draw one slice with its contours, segment borders and numbers, insertions and overlay."""
    geometry = shown.geometry
    low, high = np.percentile(shown.image, (1.0, 99.5))
    extent = (-0.5, shown.image.shape[1] - 0.5, shown.image.shape[0] - 0.5, -0.5)
    axes.imshow(shown.image, cmap="gray", vmin=low, vmax=max(high, low + 1e-6), extent=extent, interpolation="bilinear")
    if shown.overlay is not None:
        colour = np.zeros((*shown.overlay.shape, 4))
        colour[shown.overlay] = (0.84, 0.37, 0.0, 0.6)
        axes.imshow(colour, extent=extent, interpolation="nearest")
    for polygon, line in ((shown.endo, VERMILLION), (shown.epi, GREEN), (shown.rv, SKY)):
        if polygon is not None:
            closed = np.vstack([polygon, polygon[:1]])
            axes.plot(closed[:, 1], closed[:, 0], color=line, linewidth=0.9)
    _draw_segments(axes, shown)
    for point, marker in zip(shown.insertions, ("^", "v"), strict=True):
        if point is not None:
            axes.plot(
                point[1], point[0], marker, color=ORANGE, markersize=3.5, markeredgecolor="black", markeredgewidth=0.4
            )
    centre = _middle(shown)
    rows, columns = _REACH_MM / geometry.row_spacing_mm, _REACH_MM / geometry.column_spacing_mm
    axes.set_xlim(centre[1] - columns, centre[1] + columns)
    axes.set_ylim(centre[0] + rows, centre[0] - rows)
    axes.set_aspect(geometry.row_spacing_mm / geometry.column_spacing_mm)
    axes.set_facecolor("black")
    axes.set_xticks([])
    axes.set_yticks([])


def _middle(shown: ShownSlice) -> FloatArray:
    if shown.frame is not None:
        return shown.frame.centre
    polygon = shown.epi if shown.epi is not None else shown.endo
    return np.asarray(shown.image.shape) / 2.0 if polygon is None else polygon.mean(axis=0)


def _draw_segments(axes: Axes, shown: ShownSlice) -> None:
    if shown.frame is None or shown.level is None or shown.epi is None:
        return
    draw_segment_borders(axes, shown.frame, shown.level, float(np.max(_distance_mm(shown.epi, shown))))


def draw_segment_borders(axes: Axes, frame: ShortAxisFrame, level: Level, radius_mm: float) -> None:
    """Draw borders and numbers of the segments of one slice, in equal steps from the anterior insertion.

    Parameters
    ----------
    axes
        In pixels of the slice.
    frame, level
        Directions and level; the apex has no borders.
    radius_mm
        Largest distance of the epicardium from the centre [mm].
    """
    if level == "apex":
        return
    first, count = {"basal": (1, 6), "mid": (7, 6), "apical": (13, 4)}[level]
    reach = radius_mm + 2.0
    for segment in range(first, first + count):
        start, end = display_arc_deg(segment)
        border = np.stack([frame.point_at(start, radius) for radius in (0.35 * reach, reach)])
        axes.plot(border[:, 1], border[:, 0], color="white", linewidth=0.6)
        place = frame.point_at((start + end) / 2.0, reach + 5.0)
        text = axes.text(place[1], place[0], str(segment), color="white", size=SMALL_PT, ha="center", va="center")
        text.set_path_effects([withStroke(linewidth=1.2, foreground="black")])


def _distance_mm(polygon: FloatArray, shown: ShownSlice) -> FloatArray:
    spacing = (shown.geometry.row_spacing_mm, shown.geometry.column_spacing_mm)
    return np.asarray(np.linalg.norm((polygon - _middle(shown)) * spacing, axis=1))


def cine_slices(measurement: CineMeasurement) -> tuple[tuple[ShownSlice, ...], ...]:
    """Return the slices of a measured cine at end-diastole and end-systole, from base to apex as far as known.

    Without contours all slices of the stack at the first frame.
    """
    stack = measurement.stack
    if stack is None:
        return ()
    if measurement.volumes is None or not measurement.placed:
        return (
            tuple(
                ShownSlice(image=item.frames[0], geometry=item.geometry, title=f"slice {number}, frame 1")
                for number, item in enumerate(stack.slices, 1)
            ),
        )
    volumes = measurement.volumes
    phases = [("ED", volumes.ed_frame), ("ES", volumes.es_frame)]
    if volumes.es_frame == volumes.ed_frame:
        phases = phases[:1]
    depth = {"basal": 0, "mid": 1, "apical": 2, "apex": 3}
    levels = [depth[item.level] for item in measurement.placed if item.level is not None]
    placed = measurement.placed[::-1] if levels and levels[0] > levels[-1] else measurement.placed
    rows = []
    for phase, frame in phases:
        row = []
        for item in placed:
            image = image_of(item, stack)
            number = _image_frame(measurement, frame)
            if image is None or number is None:
                continue
            polygons = {
                name: polygon_in(polygon, item.contours.geometry, image.geometry)
                for name, over_time in (
                    ("endo", item.contours.endo),
                    ("epi", item.contours.epi),
                    ("rv", item.contours.rv),
                )
                if over_time and (polygon := over_time[frame]) is not None
            }
            same = image.geometry.to_pixel(item.contours.geometry.origin_mm)
            aligned = abs(same[0]) < 0.01 and abs(same[1]) < 0.01
            insertions = (item.contours.anterior_insertion, item.contours.inferior_insertion)
            row.append(
                ShownSlice(
                    image=image.frames[number],
                    geometry=image.geometry,
                    title=f"slice {item.index + 1} {item.level or ''}, {phase} (frame {number + 1})",
                    frame=item.frame if aligned else None,
                    level=item.level,
                    insertions=insertions if aligned and phase == "ED" else (None, None),
                    endo=polygons.get("endo"),
                    epi=polygons.get("epi"),
                    rv=polygons.get("rv"),
                )
            )
        rows.append(tuple(row))
    return tuple(rows)


def _image_frame(measurement: CineMeasurement, frame: int) -> int | None:
    """Return the frame of the images that a frame of the contours belongs to."""
    assert measurement.stack is not None and measurement.contours is not None  # by the caller
    frames, drawn = len(measurement.stack.slices[0].time_s), len(measurement.contours.slices[0].endo)
    if frames == drawn:
        return frame
    numbers = measurement.contours.frame_numbers
    return numbers[frame] if frame < len(numbers) and numbers[frame] < frames else None


def volume_figure(measurement: CineMeasurement) -> Figure:
    """Draw the volume over the beat by every method, with end-diastole and end-systole.

    Raises
    ------
    MeasurementError
        Without volumes over time.
    """
    volumes = measurement.volumes
    if volumes is None or len(volumes.curves[0].cavity_ml) < 2:
        raise MeasurementError("volumes of one frame make no curve")
    frames = len(volumes.curves[0].cavity_ml)
    time = _time_ms(measurement, frames)
    with house_style():
        figure = figure_mm(130.0, 80.0)
        axes = axes_mm(figure, 16.0, 18.0, 106.0, 50.0)
        for curve in volumes.curves:
            _draw_curve(axes, curve, time)
        shown = volumes.curves[0].cavity_ml
        for frame, name in ((volumes.ed_frame, "ED"), (volumes.es_frame, "ES")):
            axes.plot(time[frame], shown[frame], "o", color=BLUE, markersize=4)
            axes.annotate(
                f"{name} {shown[frame]:.0f} ml",
                (time[frame], shown[frame]),
                xytext=(0, 7 if name == "ES" else 6),
                textcoords="offset points",
                ha="center" if 0.1 < time[frame] / max(time[-1], 1e-9) < 0.9 else "right" if frame else "left",
                size=SMALL_PT + 0.5,
            )
        top = max(float(curve.cavity_ml.max()) for curve in volumes.curves)
        axes.set_ylim(0.0, 1.18 * top)
        axes.set_xlabel("time after the R wave (ms)" if measurement.stack is not None else "frame")
        axes.set_ylabel("volume of the left ventricle (ml)")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="lower left", ncols=3)
        page = page_axes(figure)
        ef = volumes.ejection_fraction_pct
        page.text(
            6.0,
            75.0,
            f"Volume over the beat, EF {ef:.0f} %" if ef is not None else "Volume over the beat",
            size=TEXT_PT + 1,
            weight="bold",
            va="center",
        )
        page.text(6.0, 3.5, f"{volumes.papillary} · {RESEARCH_USE}", size=SMALL_PT, color=GREY, va="center")
    return figure


def _draw_curve(axes: Axes, curve: VolumeCurve, time: FloatArray) -> None:
    colour, style = _METHOD_STYLE[curve.method]
    axes.plot(time, curve.cavity_ml, color=colour, linestyle=style, linewidth=1.2, label=curve.method)


def _time_ms(measurement: CineMeasurement, frames: int) -> FloatArray:
    """Return times of the frames [ms]; frame numbers where images and contours differ in number."""
    stack = measurement.stack
    if stack is None or len(stack.slices[0].time_s) != frames:
        return np.arange(1.0, frames + 1.0)
    return np.asarray(1000.0 * np.mean([item.time_s for item in stack.slices], axis=0))
