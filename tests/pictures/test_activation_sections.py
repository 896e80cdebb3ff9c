"""Sections through the heart: the plane's own points, areas against thickness, orientation, scar."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure

from resynchro.errors import InputError
from resynchro.heart.heart import RV_FREE_WALL, SEPTUM, Heart
from resynchro.heart.mesh import FloatArray
from resynchro.pictures.activation_sections import (
    activation_sections_figure,
    long_axis_section,
    section,
    short_axis_sections,
)


def test_a_linear_field_is_cut_exactly(template: Heart) -> None:
    axes = np.array([[0.6, 0.8, 0.0], [0.0, 0.0, 1.0], [0.8, -0.6, 0.0]])  # right x up = normal
    origin = template.mesh.points_mm.mean(axis=0)
    slope = np.array([0.3, -0.2, 0.5])
    cut = section(template, template.mesh.points_mm @ slope, origin, axes)
    # A point of the plane is the origin plus its two coordinates along right and up.
    places = origin + cut.points[:, :2] @ axes[:2]
    assert cut.values == pytest.approx(places @ slope, abs=1e-9)


def test_areas_of_all_sections_sum_to_the_volume(template: Heart) -> None:
    """Cavalieri: the areas of parallel sections, times their distance, are the volume of the muscle."""
    heights = template.mesh.points_mm[:, 2]
    step = 1.0
    planes = np.arange(heights.min() + 0.5 * step, heights.max(), step)
    axes = np.eye(3)
    total = 0.0
    for z in planes:
        cut = section(template, heights, np.array([0.0, 0.0, z]), axes)
        corner = cut.points[cut.triangles][:, :, :2]
        one, two = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
        total += step * 0.5 * np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]).sum()
    assert total == pytest.approx(template.mesh.volumes_mm3.sum(), rel=0.01)


def test_the_outline_is_closed(template: Heart) -> None:
    for _, cut in short_axis_sections(template, template.coordinates.apicobasal):
        ends = np.rint(cut.outline.reshape(-1, 2) * 1e6).astype(np.int64)
        _, count = np.unique(ends, axis=0, return_counts=True)
        assert (count % 2 == 0).all()  # every end of a piece meets another


def test_short_axes_lie_as_in_magnetic_resonance(template: Heart) -> None:
    depth = []
    for _, cut in short_axis_sections(template, template.coordinates.apicobasal):
        middle = cut.points[cut.triangles].mean(axis=1)
        wall = template.wall[cut.element]
        assert middle[wall == RV_FREE_WALL, 0].mean() < middle[wall == SEPTUM, 0].mean() < 0.0
        segment = template.segment[cut.element]
        anterior, inferior = np.isin(segment, (1, 7, 13)), np.isin(segment, (4, 10, 15))
        assert middle[anterior, 1].mean() > 10.0 and middle[inferior, 1].mean() < -10.0
        depth.append(float(cut.values.mean()))
    assert depth[0] > depth[1] > depth[2]  # base to apex
    long_axis = long_axis_section(template, template.coordinates.apicobasal)
    top = long_axis.points[:, 1] > 0.8 * long_axis.points[:, 1].max()
    assert long_axis.values[top].max() < 0.4  # the apex is up
    left = long_axis.points[long_axis.triangles].mean(axis=1)[template.wall[long_axis.element] == RV_FREE_WALL, 0]
    assert left.mean() < 0.0


def test_the_page_says_what_is_seen(template: Heart, spreading: FloatArray, texts: Callable[[Figure], str]) -> None:
    times = spreading.copy()
    times[template.mesh.tetrahedra[template.segment == 11]] = np.inf
    text = texts(activation_sections_figure(template, times, caption="a front"))
    for words in ("basal", "mid", "apical", "long axis", "anterior", "RV", "20 mm", "grey: not activated", "a front"):
        assert words in text


def test_a_plane_beside_the_heart_is_refused(template: Heart) -> None:
    with pytest.raises(InputError, match="does not meet the heart"):
        section(template, template.coordinates.apicobasal, np.array([0.0, 0.0, 500.0]), np.eye(3))
