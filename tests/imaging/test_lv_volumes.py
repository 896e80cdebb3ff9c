"""Volumes: half ellipsoids whose volume is known, by every method and at every spacing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.errors import MeasurementError
from resynchro.formats.guide_points import read_guide_points
from resynchro.imaging.cine.lv_volumes import counted_volumes_ml, lv_volumes, mask_findings
from resynchro.imaging.cine.rv_volumes import rv_volumes
from resynchro.imaging.cine.slice_summation import slice_heights_mm, summed_volume_ml, volume_between_ml
from resynchro.record.slices import (
    LABEL_CONVENTIONS,
    ContourStack,
    LabelSlice,
    LabelStack,
    LvContours,
    SliceGeometry,
)

LENGTH, RADIUS = 90.0, 28.0
#: 2/3 pi a² b of the half ellipsoid: 147.8 ml.
VOLUME_ML = 2.0 / 3.0 * np.pi * RADIUS**2 * LENGTH / 1000.0


def geometry(z: float) -> SliceGeometry:
    return SliceGeometry(
        origin_mm=np.array([-64.0, -64.0, z]),
        column_direction=np.array([1.0, 0.0, 0.0]),
        row_direction=np.array([0.0, 1.0, 0.0]),
        row_spacing_mm=1.0,
        column_spacing_mm=1.0,
    )


def circle(radius: float, count: int = 90) -> np.ndarray:
    angle = 2.0 * np.pi * np.arange(count) / count
    # A polygon on a circle is smaller than it: scaled to the circle's area.
    radius /= np.sqrt(np.sinc(2.0 / count))
    return np.column_stack([64.0 + radius * np.sin(angle), 64.0 + radius * np.cos(angle)])


def half_ellipsoid(
    spacing: float, offset: float, *, scales: tuple[float, ...] = (1.0,), wall: float = 8.0
) -> ContourStack:
    """Return contours of a half ellipsoid, base at z = 0, apex at -90 mm times each frame's scale."""
    slices = []
    for z in np.arange(-offset, -LENGTH - wall, -spacing)[::-1]:

        def at(length: float, radius: float, z: float = z) -> np.ndarray | None:
            share = 1.0 - (z / length) ** 2
            return circle(radius * np.sqrt(share)) if share > 0.01 else None

        slices.append(
            LvContours(
                geometry=geometry(float(z)),
                endo=tuple(at(LENGTH * s, RADIUS * s) for s in scales),
                epi=tuple(at(LENGTH * s + wall, RADIUS * s + wall) for s in scales),
            )
        )
    return ContourStack(slices=tuple(slices), file="", sha256="")


def with_long_axis(stack: ContourStack, scales: tuple[float, ...] = (1.0,), wall: float = 8.0) -> ContourStack:
    """Add three long-axis images, valve points and the apex."""

    def curve(length: float, radius: float) -> np.ndarray:
        z = np.linspace(-length, 0.0, 40)
        r = radius * np.sqrt(np.maximum(0.0, 1.0 - (z / length) ** 2))
        angles = np.radians([0, 60, 120, 180, 240, 300])
        return np.concatenate([np.column_stack([r * np.cos(a), r * np.sin(a), z]) for a in angles])

    angles = np.radians([0, 60, 120, 180, 240, 300])
    base = tuple(
        np.column_stack([RADIUS * s * np.cos(angles), RADIUS * s * np.sin(angles), 0 * angles]) for s in scales
    )
    return replace(
        stack,
        base_points_mm=base,
        apex_mm=tuple(np.array([0.0, 0.0, -LENGTH * s]) for s in scales),
        points_mm={
            "long_axis_endo": tuple(curve(LENGTH * s, RADIUS * s) for s in scales),
            "long_axis_epi": tuple(curve(LENGTH * s + wall, RADIUS * s + wall) for s in scales),
        },
    )


def test_heights_come_from_positions() -> None:
    # 0, 6, 16: the middle slice stands for 3 + 5, the outer ones for half of it and half of the usual 8.
    assert slice_heights_mm(np.array([0.0, 6.0, 16.0]), 8.0).tolist() == [7.0, 8.0, 9.0]
    assert summed_volume_ml(np.array([0.0, 10.0]), np.array([300.0, 500.0]), np.array([True, True]), 10.0) == 8.0
    # A slice that does not count is bridged: 300 and 500 mm² 20 mm apart, 10 + 5 mm each.
    counts = np.array([True, False, True])
    assert summed_volume_ml(np.array([0.0, 10.0, 20.0]), np.array([300.0, 9.0, 500.0]), counts, 10.0) == 12.0


@pytest.mark.parametrize(("spacing", "published_sd_pct"), [(6.0, 2.9), (8.0, 3.8), (10.0, 4.8), (17.7, 8.3)])
def test_scatter_of_the_sum_over_random_offsets(spacing: float, published_sd_pct: float) -> None:
    """The table of the reference: SD of the error of a half ellipsoid of 90 x 28 mm."""
    rng = np.random.default_rng(0)
    errors, known = [], []
    for offset in rng.uniform(0.0, spacing, 2000):
        depth = np.arange(offset, LENGTH, spacing)
        area = np.pi * RADIUS**2 * (1.0 - (depth / LENGTH) ** 2)
        errors.append(summed_volume_ml(depth, area, np.ones(len(depth), bool), spacing) / VOLUME_ML - 1.0)
        known.append(volume_between_ml(depth, area, LENGTH) / VOLUME_ML - 1.0)
    assert 100 * np.std(errors, ddof=1) == pytest.approx(published_sd_pct, abs=0.25)
    assert abs(100 * np.mean(known)) < 2.0  # base and apex known: below 2 % at every spacing


@settings(max_examples=15, deadline=None)
@given(spacing=st.sampled_from([6.0, 8.0, 10.0, 17.7]), place=st.floats(0.05, 0.95))
def test_surface_of_the_half_ellipsoid(spacing: float, place: float) -> None:
    volumes = lv_volumes(with_long_axis(half_ellipsoid(spacing, place * spacing)))
    assert [curve.method for curve in volumes.curves] == ["surface", "base and apex", "slices"]
    assert volumes.edv_ml == pytest.approx(VOLUME_ML, rel=0.01)
    # Wall: half ellipsoid of 98 x 36 mm less the cavity, 266.0 - 147.8 = 118.2 ml, 124.1 g.
    assert volumes.mass_g == pytest.approx(1.05 * (2 / 3 * np.pi * 36**2 * 98 / 1000 - VOLUME_ML), rel=0.03)


def test_surface_does_not_move_with_the_patient() -> None:
    """Turned and shifted in space the volume is the same: no direction of the scanner is preferred."""
    stack = with_long_axis(half_ellipsoid(10.0, 4.0))
    turn = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))

    def moved(points: np.ndarray) -> np.ndarray:
        return points @ turn.T + np.array([12.0, -40.0, 77.0])

    slices = tuple(
        replace(
            item,
            geometry=replace(
                item.geometry,
                origin_mm=moved(item.geometry.origin_mm),
                column_direction=turn @ item.geometry.column_direction,
                row_direction=turn @ item.geometry.row_direction,
            ),
        )
        for item in stack.slices
    )
    turned = replace(
        stack,
        slices=slices,
        base_points_mm=tuple(moved(points) for points in stack.base_points_mm),
        apex_mm=tuple(moved(points) for points in stack.apex_mm),
        points_mm={name: tuple(moved(p) for p in points) for name, points in stack.points_mm.items()},
    )
    for one, other in zip(lv_volumes(stack).curves, lv_volumes(turned).curves, strict=True):
        # The transverse axes of the fit turn with the patient, so its penalty and weights differ a little.
        np.testing.assert_allclose(one.cavity_ml, other.cavity_ml, rtol=2e-3)


def test_breath_holds_do_not_change_the_volume_much() -> None:
    rng = np.random.default_rng(11)
    stack = with_long_axis(half_ellipsoid(10.0, 4.0))
    slices = []
    for item in stack.slices:
        shift = rng.normal(0.0, 1.5, 2)
        slices.append(
            replace(
                item,
                endo=tuple(None if p is None else p + shift for p in item.endo),
                epi=tuple(None if p is None else p + shift for p in item.epi),
            )
        )
    assert lv_volumes(replace(stack, slices=tuple(slices))).edv_ml == pytest.approx(VOLUME_ML, rel=0.03)


def test_a_basal_slice_cut_by_the_valve_does_not_shrink_the_ventricle() -> None:
    stack = with_long_axis(half_ellipsoid(10.0, 8.0))
    cut = circle(10.0) + 12.0
    slices = (*stack.slices[:-1], replace(stack.slices[-1], endo=(cut,), epi=(circle(36.0),)))
    assert lv_volumes(replace(stack, slices=slices)).edv_ml == pytest.approx(VOLUME_ML, rel=0.03)


def test_ejection_fraction_and_frames() -> None:
    # Scale 0.7 in every direction: ESV = 0.343 EDV, EF 65.7 %. End-diastole is frame 1, not 0.
    scales = (0.95, 1.0, 0.8, 0.7, 0.85)
    volumes = lv_volumes(with_long_axis(half_ellipsoid(8.0, 3.0, scales=scales), scales))
    assert (volumes.ed_frame, volumes.es_frame) == (1, 3)
    assert volumes.ejection_fraction_pct == pytest.approx(65.7, abs=1.0)
    assert volumes.stroke_volume_ml == pytest.approx(0.657 * VOLUME_ML, rel=0.02)


def test_short_axis_alone_warns_when_coarse() -> None:
    volumes = lv_volumes(half_ellipsoid(17.7, 5.0))
    assert [curve.method for curve in volumes.curves] == ["slices"]
    assert "coarse-slices" in {finding.code for finding in volumes.findings}
    assert volumes.esv_ml is None and volumes.ejection_fraction_pct is None
    assert lv_volumes(half_ellipsoid(8.0, 4.0)).edv_ml == pytest.approx(VOLUME_ML, rel=0.05)


def test_a_basal_slice_counts_with_half_of_its_wall() -> None:
    stack = half_ellipsoid(8.0, 4.0)
    base = stack.slices[-1]
    angle = 2.0 * np.pi * np.arange(90) / 90

    def open_wall(degrees: float) -> ContourStack:
        radius = np.where(np.degrees(angle) < degrees, 36.0, 27.9)
        epi = np.column_stack([64.0 + radius * np.sin(angle), 64.0 + radius * np.cos(angle)])
        return replace(stack, slices=(*stack.slices[:-1], replace(base, endo=(circle(28.0),), epi=(epi,))))

    whole, most, little = lv_volumes(stack), lv_volumes(open_wall(200.0)), lv_volumes(open_wall(150.0))
    assert most.edv_ml == pytest.approx(whole.edv_ml, rel=0.01)
    assert little.edv_ml < 0.9 * whole.edv_ml
    assert "open-base" in {finding.code for finding in little.findings}


def test_nothing_to_measure() -> None:
    stack = half_ellipsoid(8.0, 4.0)
    with pytest.raises(MeasurementError, match="one slice"):
        lv_volumes(replace(stack, slices=stack.slices[4:5]))
    empty = tuple(replace(item, endo=(None,)) for item in stack.slices)
    with pytest.raises(MeasurementError, match="no contour"):
        lv_volumes(replace(stack, slices=empty))


def test_voxels_counted() -> None:
    labels = np.zeros((1, 128, 128), np.uint8)
    labels[0, 40:60, 40:65] = 3  # 20 x 25 pixels of 1 mm², three slices of 8 mm: 12 ml
    labels[0, 30:40, 40:65] = 2
    stack = LabelStack(
        slices=tuple(LabelSlice(geometry=geometry(8.0 * n), labels=labels) for n in range(3)),
        convention=LABEL_CONVENTIONS["acdc"],
        file="",
        sha256="",
    )
    assert counted_volumes_ml(stack, 3).tolist() == [12.0]
    volumes = lv_volumes(half_ellipsoid(8.0, 4.0))
    assert {finding.code for finding in mask_findings(stack, volumes)} == {"anisotropic-voxels", "counts-disagree"}


def test_right_ventricle_by_summation() -> None:
    stack = half_ellipsoid(10.0, 5.0, scales=(1.0, 0.9))
    with pytest.raises(MeasurementError, match="no right ventricle"):
        rv_volumes(stack)
    drawn = tuple(replace(item, rv=(circle(20.0), circle(15.0))) for item in stack.slices[2:6])
    found = rv_volumes(replace(stack, slices=drawn))
    # Four slices of 10 mm: pi 400 x 40 mm = 50.3 ml; EF = 1 - (15/20)² = 43.75 %.
    assert found.edv_ml == pytest.approx(50.27, rel=1e-3)
    assert found.ejection_fraction_pct == pytest.approx(43.75, abs=0.05)
    wide = half_ellipsoid(17.7, 5.0)
    with pytest.raises(MeasurementError, match="at most 12 mm"):
        rv_volumes(replace(wide, slices=tuple(replace(item, rv=(circle(20.0),)) for item in wide.slices)))


def test_biv_me_patient_against_the_fitted_model(shared_data) -> None:
    """The fitted model has 179.0 ml at end-diastole (frame 24) and 72.0 ml at end-systole; allowed are 5 %."""
    volumes = lv_volumes(read_guide_points(shared_data("mri/biv-me/example/guidepoints/default/patient1")))
    assert volumes.ed_frame == 24 and volumes.es_frame in (9, 10)
    assert volumes.edv_ml == pytest.approx(179.0, rel=0.05)
    assert volumes.esv_ml == pytest.approx(72.0, rel=0.05)
