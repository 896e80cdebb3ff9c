"""One view of a heart: outline, isochrones, veins, sites, and letters that say where what is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from resynchro.heart.heart import Heart
from resynchro.heart.mesh import FloatArray, IndexArray
from resynchro.pictures.appearance import GREY, INK, SMALL_PT, TEXT_PT, axes_mm, plain_line, text_width_mm
from resynchro.pictures.heart_surface import CAVITY, HeartSurface, SeenSurface, light_on
from resynchro.pictures.heart_views import HeartView
from resynchro.pictures.isochrones import is_heavy, isochrones
from resynchro.pictures.label_placement import Box, placed_labels
from resynchro.pictures.marked_site import MARKERS, MarkedSite
from resynchro.pictures.surface_image import SurfaceImage, surface_image

PANEL_WIDTH_MM, PANEL_HEIGHT_MM, PANEL_GAP_MM = 90.0, 70.0, 3.0
#: Room around the heart within a panel for letters and labels.
_MARGIN_MM = (11.0, 7.0)
_PIXEL_MM = 0.1
_VEIN, _OUTLINE = "#1F2E57", "#303030"
#: Lines and sites this far behind the pixel they fall on still show: pixels are not points [mm].
_LINE_TOLERANCE_MM, _SITE_TOLERANCE_MM = 1.5, 3.0
#: A site deeper than this under the surface is drawn as behind it [mm].
_SITE_DEPTH_MM = 8.0
#: A vein shorter than this in the picture gets no name [mm]; a ventricle that fills less than this share neither.
_NAMED_VEIN_MM, _NAMED_SHARE = 8.0, 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A name and what it names, in millimetres of the picture."""

    text: str
    anchor: tuple[float, float]
    bold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartPanel:
    """Axes in millimetres of the picture around the middle of the heart in one view.

    Attributes
    ----------
    axes, view
        Where, and from where.
    middle_mm
        Of the heart in the projection, shape (3,).
    mm_per_mm
        Millimetres of the picture per millimetre of the heart.
    """

    axes: Axes
    view: HeartView
    middle_mm: FloatArray
    mm_per_mm: float

    def places(self, points_mm: FloatArray) -> FloatArray:
        """Return points of the body in the picture: right, up, near, shape (n, 3) [mm of the picture]."""
        return np.asarray((self.view.projected(points_mm) - self.middle_mm) * self.mm_per_mm)

    def seen(self, points_mm: FloatArray, surface: HeartSurface) -> SeenSurface:
        """Return what shows of a surface."""
        places = self.places(points_mm)
        corner = places[surface.triangles]
        one, two = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
        front = np.asarray(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0] > 0.0)
        visible = np.arange(len(front)) if surface.two_sided else np.flatnonzero(front)
        triangles = surface.triangles[visible]
        image = surface_image(places, triangles, pixel=_PIXEL_MM, margin=0.5)
        light = light_on(image, places, triangles, front[visible], surface.part[visible] == CAVITY)
        return SeenSurface(places=places, front=front, visible=visible, triangles=triangles, image=image, light=light)

    def paint(self, image: SurfaceImage, pixels: NDArray[np.uint8]) -> None:
        """Lay pixels over the panel."""
        limits = self.axes.get_xlim(), self.axes.get_ylim()
        self.axes.imshow(
            pixels, extent=image.extent, origin="lower", aspect="auto", interpolation="antialiased", zorder=1
        )
        self.axes.set_xlim(limits[0])
        self.axes.set_ylim(limits[1])

    def draw_isochrones(self, seen: SeenSurface, triangles: IndexArray, times_ms: FloatArray, step_ms: float) -> None:
        """Draw the lines of equal time on visible triangles, as far as they are not hidden."""
        found = isochrones(seen.places, triangles, times_ms, step_ms=step_ms)
        shows = seen.image.shows(0.5 * (found.start + found.end), tolerance=_LINE_TOLERANCE_MM * self.mm_per_mm)
        heavy = is_heavy(found.level_ms)
        for mask, width in ((shows & ~heavy, 0.4), (shows & heavy, 1.0)):
            pieces = np.stack([found.start[mask, :2], found.end[mask, :2]], axis=1)
            self.axes.add_collection(LineCollection(list(pieces), colors=INK, linewidths=width, zorder=2))

    def draw_edges(self, seen: SeenSurface, surface: HeartSurface) -> None:
        """Draw where the surface turns away from the viewer, where it ends, and where one part meets another."""
        edges = np.sort(surface.triangles[:, [(0, 1), (1, 2), (2, 0)]].reshape(-1, 2), axis=1).astype(np.int64)
        code = edges[:, 0] * len(seen.places) + edges[:, 1]
        order = np.argsort(code, kind="stable")
        starts = np.flatnonzero(np.diff(code[order], prepend=-1))
        count = np.diff(starts, append=len(code))
        one, other = order[starts] // 3, order[starts + np.minimum(count, 2) - 1] // 3
        front = seen.front
        turns = (count == 2) & (front[one] != front[other])
        ends = (count == 1) & (front[one] | surface.two_sided)
        meets = front[one] & front[other] & (surface.part[one] != surface.part[other])
        line = seen.places[edges[order[starts[turns | ends | meets]]]]
        shows = seen.image.shows(line.mean(axis=1), tolerance=2.0 * _LINE_TOLERANCE_MM * self.mm_per_mm)
        self.axes.add_collection(
            LineCollection(list(line[shows][:, :, :2]), colors=_OUTLINE, linewidths=0.6, capstyle="round", zorder=3)
        )

    def write_view(self) -> list[Box]:
        """Write the name of the view and what lies at its edges; return the boxes these take."""
        across, high = 0.5 * PANEL_WIDTH_MM, 0.5 * PANEL_HEIGHT_MM
        self.axes.text(
            1.0 - across, high - 1.0, self.view.name, fontsize=TEXT_PT + 1.0, fontweight="bold", va="top", ha="left"
        )
        taken: list[Box] = [(-across, high - 6.0, 22.0 - across, high)]
        left, right, down, up = self.view.end_letters
        for letters, x, y in (
            (left, 3.0 - across, 0.0),
            (right, across - 3.0, 0.0),
            (down, 0.0, 2.0 - high),
            (up, 0.0, high - 2.0),
        ):
            self.axes.text(x, y, letters, fontsize=TEXT_PT, color=GREY, ha="center", va="center")
            taken.append((x - 2.6, y - 2.0, x + 2.6, y + 2.0))
        return taken

    def write_ventricles(self, seen: SeenSurface, heart: Heart) -> list[Box]:
        """Write LV and RV where enough of them shows; return the boxes these take."""
        taken: list[Box] = []
        image = seen.image
        rows, columns = np.nonzero(image.triangle >= 0)
        right = np.asarray(heart.coordinates.rv[seen.triangles].all(axis=1))[image.triangle[rows, columns]]
        for name, mask in (("RV", right), ("LV", ~right)):
            if mask.mean() < _NAMED_SHARE:
                continue
            x = image.left + image.pixel * float(np.median(columns[mask]))
            y = image.bottom + image.pixel * float(np.median(rows[mask]))
            self.axes.text(
                x, y, name, fontsize=TEXT_PT, fontweight="bold", color=INK, ha="center", va="center", zorder=7,
                path_effects=[withStroke(linewidth=2.2, foreground="white", alpha=0.8)],
            )  # fmt: skip
            taken.append((x - 3.0, y - 2.0, x + 3.0, y + 2.0))
        return taken

    def draw_veins(self, seen: SeenSurface, heart: Heart) -> list[Label]:
        """Draw the branches of the coronary sinus as far as they show; return their names."""
        labels: list[Label] = []
        for branch in () if heart.veins is None else heart.veins.branches:
            if branch.points_mm is None or len(branch.points_mm) < 2:
                continue
            places = self.places(branch.points_mm)
            middle = 0.5 * (places[1:] + places[:-1])
            shows = seen.image.shows(middle, tolerance=_SITE_TOLERANCE_MM * self.mm_per_mm)
            pieces = np.stack([places[:-1, :2], places[1:, :2]], axis=1)[shows]
            for colour, width, order in (("white", 2.6, 4), (_VEIN, 1.3, 5)):
                self.axes.add_collection(
                    LineCollection(list(pieces), colors=colour, linewidths=width, capstyle="round", zorder=order)
                )
            if np.linalg.norm(pieces[:, 1] - pieces[:, 0], axis=1).sum() >= _NAMED_VEIN_MM:
                x, y = middle[np.flatnonzero(shows)[-1], :2].tolist()
                labels.append(Label(text=plain_line(branch.name).replace("-", " "), anchor=(x, y)))
        return labels

    def draw_sites(self, seen: SeenSurface, outer_mm: FloatArray, sites: Sequence[MarkedSite]) -> list[Label]:
        """Draw the markers, open where hidden; return their names. `outer_mm` are the points of the outer surface."""
        labels = []
        for site in sites:
            point = np.asarray(site.point_mm, dtype=np.float64)
            x, y, _ = self.places(point[None])[0].tolist()
            shows = self._is_seen(seen.image, point, outer_mm)
            marker, size = MARKERS[site.kind]
            self.axes.plot(
                x, y, marker=marker, markersize=size, markerfacecolor=INK if shows else "none",
                markeredgecolor="white" if shows else INK, markeredgewidth=0.7, linestyle="none", zorder=8,
            )  # fmt: skip
            labels.append(Label(text=plain_line(site.name) + ("" if shows else " (behind)"), anchor=(x, y), bold=True))
        return labels

    def _is_seen(self, image: SurfaceImage, point_mm: FloatArray, outer_mm: FloatArray) -> bool:
        """Tell whether the surface nearest to a place shows, and the place lies within a wall's thickness of it."""
        distance = np.linalg.norm(outer_mm - point_mm, axis=1)
        nearest = int(np.argmin(distance))
        place = self.places(outer_mm[nearest][None])
        return bool(
            distance[nearest] <= _SITE_DEPTH_MM and image.shows(place, tolerance=_SITE_TOLERANCE_MM * self.mm_per_mm)[0]
        )

    def write_labels(self, labels: Sequence[Label], taken: Sequence[Box]) -> None:
        """Write labels where they do not overlap, with a line to what they name."""
        ordered = sorted(labels, key=lambda label: not label.bold)  # sites first: they matter most
        across, high = 0.5 * PANEL_WIDTH_MM - 0.5, 0.5 * PANEL_HEIGHT_MM - 0.5
        sizes = [(text_width_mm(label.text, SMALL_PT, bold=label.bold) + 0.6, 2.8) for label in ordered]
        middles = placed_labels(
            [label.anchor for label in ordered],
            sizes,
            bounds=(-across, -high, across, high),
            taken=taken,
            away_from=(0.0, 0.0),
        )
        for label, (x, y), (width, height) in zip(ordered, middles, sizes, strict=True):
            end_x = min(max(label.anchor[0], x - 0.5 * width), x + 0.5 * width)
            end_y = min(max(label.anchor[1], y - 0.5 * height), y + 0.5 * height)
            self.axes.plot((label.anchor[0], end_x), (label.anchor[1], end_y), color=INK, linewidth=0.5, zorder=6)
            self.axes.text(
                x, y, label.text, fontsize=SMALL_PT, fontweight="bold" if label.bold else "normal", color=INK,
                ha="center", va="center_baseline", zorder=9,
                path_effects=[withStroke(linewidth=2.4, foreground="white")],
            )  # fmt: skip


def heart_panels(
    figure: Figure, views: Sequence[HeartView], points_mm: FloatArray, *, foot_mm: float
) -> Iterator[HeartPanel]:
    """Yield a panel for each view, two to a row, all at one scale of length.

    Parameters
    ----------
    figure
        `panels_height_mm` high above the foot.
    views
        From the upper left.
    points_mm
        What must fit in, shape (n, 3).
    foot_mm
        Room below the panels.
    """
    mm_per_mm = length_scale(points_mm, views)
    rows = (len(views) + 1) // 2
    for index, view in enumerate(views):
        left_mm = 3.0 + (index % 2) * (PANEL_WIDTH_MM + PANEL_GAP_MM)
        bottom_mm = foot_mm + (rows - 1 - index // 2) * (PANEL_HEIGHT_MM + PANEL_GAP_MM)
        axes = axes_mm(figure, left_mm, bottom_mm, PANEL_WIDTH_MM, PANEL_HEIGHT_MM)
        axes.set_xlim(-0.5 * PANEL_WIDTH_MM, 0.5 * PANEL_WIDTH_MM)
        axes.set_ylim(-0.5 * PANEL_HEIGHT_MM, 0.5 * PANEL_HEIGHT_MM)
        axes.set_axis_off()
        projected = view.projected(points_mm)
        middle = 0.5 * (projected.min(axis=0) + projected.max(axis=0))
        yield HeartPanel(axes=axes, view=view, middle_mm=middle, mm_per_mm=mm_per_mm)


def panels_height_mm(views: Sequence[HeartView]) -> float:
    """Return the height that the panels of these views take [mm]."""
    return ((len(views) + 1) // 2) * (PANEL_HEIGHT_MM + PANEL_GAP_MM)


def length_scale(points_mm: FloatArray, views: Sequence[HeartView]) -> float:
    """Return millimetres of the picture per millimetre of the heart, for the view that needs most room."""
    fits = [1.0]
    for view in views:
        size = np.ptp(view.projected(points_mm)[:, :2], axis=0)
        fits.append((PANEL_WIDTH_MM - 2.0 * _MARGIN_MM[0]) / float(size[0]))
        fits.append((PANEL_HEIGHT_MM - 2.0 * _MARGIN_MM[1]) / float(size[1]))
    return min(fits)


def draw_scale_bar(page: Axes, left_mm: float, y_mm: float, mm_per_mm: float) -> None:
    """Draw the length of 20 mm of the heart into axes in millimetres."""
    width_mm = 20.0 * mm_per_mm
    page.plot((left_mm, left_mm + width_mm), (y_mm, y_mm), color=INK, linewidth=1.6, solid_capstyle="butt")
    page.text(left_mm + 0.5 * width_mm, y_mm - 3.3, "20 mm", fontsize=SMALL_PT, ha="center", va="center")
