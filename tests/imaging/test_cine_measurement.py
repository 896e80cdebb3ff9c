"""One cine as a whole: images and masks of a beating ring, what is measured, and why the rest is absent."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from resynchro.errors import MeasurementError
from resynchro.imaging.cine.area_curves import area_curves
from resynchro.imaging.cine.cine_measurement import CineMeasurement, measure_cine
from resynchro.imaging.cine.cine_strain import peak_strain
from resynchro.imaging.cine.cine_summary import cine_summary
from resynchro.imaging.mask_contours import contours_from_labels
from resynchro.record.slices import (
    LABEL_CONVENTIONS,
    CineSlice,
    CineStack,
    LabelSlice,
    LabelStack,
    SliceGeometry,
)

FRAMES, SLICES, SIZE = 10, 3, 64
#: Contraction 0 at frame 0, 1 at frame 4.
CONTRACTION = np.clip(np.sin(np.pi * np.arange(FRAMES) / 8.0), 0.0, 1.0)


def geometry(number: int) -> SliceGeometry:
    return SliceGeometry(
        origin_mm=np.array([-54.0, -54.0, 8.0 * number]),
        column_direction=np.array([1.0, 0.0, 0.0]),
        row_direction=np.array([0.0, 1.0, 0.0]),
        row_spacing_mm=1.5,
        column_spacing_mm=1.5,
    )


def radii_mm(number: int, contraction: float) -> tuple[float, float]:
    """Return inner and outer radius [mm]; the area of the wall is kept."""
    inner = 22.0 - 2.0 * (SLICES - 1 - number)
    wall_area = (inner + 9.0) ** 2 - inner**2
    now = inner * (1.0 - 0.3 * contraction)
    return now, float(np.sqrt(now**2 + wall_area))


def phantom() -> tuple[CineStack, LabelStack]:
    """Return a cine and its ACDC masks: a ring that contracts, textured in the tissue's own coordinates."""
    y, x = 1.5 * (np.mgrid[:SIZE, :SIZE] - SIZE / 2.0)
    away, angle = np.hypot(x, y), np.arctan2(y, x)
    slices, labels = [], []
    for number in range(SLICES):
        frames, masks = [], []
        rest_inner, _ = radii_mm(number, 0.0)
        for contraction in CONTRACTION:
            inner, outer = radii_mm(number, float(contraction))
            rest = np.sqrt(np.maximum(away**2 - inner**2 + rest_inner**2, 0.0))
            wall = (away >= inner) & (away < outer)
            blood = 1.0 / (1.0 + np.exp((away - inner) / 0.8))
            texture = 60.0 * np.sin(3.0 * angle) * np.cos(0.9 * rest) + 40.0 * np.cos(5.0 * angle)
            right = (np.hypot(x + 40.0, y) < 16.0) & (away >= outer)
            image = 200.0 + texture * wall + 600.0 * blood + 500.0 * right + 250.0 * (away >= outer) * ~right
            mask = np.zeros((SIZE, SIZE), np.uint8)
            mask[right], mask[wall], mask[away < inner] = 1, 2, 3
            frames.append(image.astype(np.float32))
            masks.append(mask)
        rr_s = 0.8 + 0.01 * number
        slices.append(
            CineSlice(
                geometry=geometry(number),
                frames=np.stack(frames),
                time_s=rr_s * np.arange(FRAMES) / FRAMES,
                rr_s=rr_s,
                covers_cycle=True,
            )
        )
        labels.append(LabelSlice(geometry=geometry(number), labels=np.stack(masks)))
    stack = CineStack(slices=tuple(slices), plane="SAX", file="cine", format="phantom", sha256="0" * 64)
    masks_stack = LabelStack(slices=tuple(labels), convention=LABEL_CONVENTIONS["acdc"], file="masks", sha256="1" * 64)
    return stack, masks_stack


@pytest.fixture(scope="module")
def measured() -> CineMeasurement:
    stack, labels = phantom()
    return measure_cine(stack, labels)


def test_volumes_of_the_ring(measured: CineMeasurement) -> None:
    # Inner radii 18, 20, 22 mm at end-diastole, three slices of 8 mm: pi (324 + 400 + 484) x 8 = 30.4 ml;
    # all shrink to 0.7: ESV = 0.49 EDV, EF 51 %.
    assert measured.volumes is not None
    assert measured.volumes.edv_ml == pytest.approx(30.4, rel=0.02)
    assert (measured.volumes.ed_frame, measured.volumes.es_frame) == (0, 4)
    assert measured.volumes.ejection_fraction_pct == pytest.approx(51.0, abs=1.0)
    assert measured.counted_ml is not None and measured.counted_ml[0] == pytest.approx(30.4, rel=0.02)
    # Wall: pi ((r + 9)² - r²) x 8 over the slices = pi (405 + 441 + 477) x 8 = 33.3 ml, 34.9 g.
    assert measured.volumes.mass_g == pytest.approx(34.9, rel=0.03)


def test_thickness_and_strain_of_the_ring(measured: CineMeasurement) -> None:
    assert measured.thickness is not None and measured.circumferential is not None and measured.radial is not None
    # Mid slice 2 (inner 20): ED 9 mm, ES sqrt(14² + 441) - 14 = 11.24 mm: thickening 25 %.
    # Masks of 1.5 mm pixels know the radius to about a quarter of a pixel on either side.
    assert measured.thickness.end_diastole.values[10] == pytest.approx(9.0, abs=0.6)
    mid = [measured.thickness.thickening.values[segment] for segment in range(7, 13)]
    np.testing.assert_allclose(mid, 25.0, atol=8.0)
    strain = peak_strain(measured.circumferential).values
    assert sorted(strain) == list(range(1, 17))
    # The line that halves the wall: from sqrt((20² + 29²)/2) = 24.9 to sqrt((14² + 25.2²)/2) = 20.4 mm, -18 %.
    np.testing.assert_allclose([strain[segment] for segment in range(7, 13)], -18.0, atol=3.0)
    assert len(measured.rings) == SLICES and not measured.absent


def test_levels_run_from_base_to_apex(measured: CineMeasurement) -> None:
    assert [item.level for item in measured.placed] == ["apical", "mid", "basal"]


def test_the_summary_is_plain_data(measured: CineMeasurement) -> None:
    summary = cine_summary(measured)
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert summary["lvef_pct"] == pytest.approx(51.0, abs=1.0)
    assert summary["ed_frame"] == 1 and summary["es_frame"] == 5
    assert summary["rr_range_ms"] == [800.0, 820.0] and len(summary["slices"]) == SLICES
    assert len(summary["circumferential_strain"]["views"]) == SLICES
    assert summary["wall_thickness_ed_mm"]["absent"] == {"17": "the apex has no ring of wall in short-axis slices"}


def test_images_alone_say_what_is_needed() -> None:
    stack, _ = phantom()
    measurement = measure_cine(stack)
    assert set(measurement.absent) == {"lv", "rv", "thickness", "strain"}
    assert all("contours or masks" in reason for reason in measurement.absent.values())
    summary = cine_summary(measurement)
    assert summary["lv_edv_ml"] is None and summary["slices"][0]["frames"] == FRAMES
    with pytest.raises(MeasurementError, match="neither"):
        measure_cine(None)


def test_masks_alone_give_volumes_and_no_strain() -> None:
    _, labels = phantom()
    measurement = measure_cine(None, labels)
    assert measurement.volumes is not None and "needs the cine images" in measurement.absent["strain"]
    assert cine_summary(measurement)["format"] == "contours only"


def test_masks_without_right_ventricle_give_volumes_and_reasons() -> None:
    stack, labels = phantom()
    bare = tuple(replace(item, labels=np.where(item.labels == 1, 0, item.labels)) for item in labels.slices)
    measurement = measure_cine(stack, replace(labels, slices=bare))
    assert measurement.volumes is not None
    assert "right ventricle" in measurement.absent["rv"] and "septum" in measurement.absent["strain"]
    assert measurement.thickness is None


def test_two_phases_need_their_frames_for_strain() -> None:
    stack, labels = phantom()
    two = replace(labels, slices=tuple(replace(item, labels=item.labels[[4, 0]]) for item in labels.slices))
    measurement = measure_cine(stack, two)
    assert measurement.volumes is not None and measurement.volumes.ed_frame == 1
    assert "without saying which" in measurement.absent["strain"]
    named = measure_cine(stack, two, contour_frames=(4, 0))
    assert named.circumferential is not None and "image only" in named.circumferential.engine
    with pytest.raises(MeasurementError, match="3 frames are named"):
        measure_cine(stack, two, contour_frames=(1, 2, 3))


def test_one_phase_has_no_ejection_fraction() -> None:
    _, labels = phantom()
    one = replace(labels, slices=tuple(replace(item, labels=item.labels[:1]) for item in labels.slices))
    measurement = measure_cine(None, one)
    assert measurement.volumes is not None and measurement.volumes.esv_ml is None
    assert {"esv", "thickening"} <= set(measurement.absent)
    assert cine_summary(measurement)["wall_thickening_pct"] is None


def test_contours_of_another_place_are_refused() -> None:
    stack, labels = phantom()
    moved = tuple(
        replace(item, geometry=replace(item.geometry, origin_mm=item.geometry.origin_mm + np.array([0, 0, 500.0])))
        for item in labels.slices
    )
    measurement = measure_cine(stack, replace(labels, slices=moved))
    assert "no image slice lies where" in measurement.absent["strain"]


def test_masks_in_another_order_of_pixels_track_the_same(measured: CineMeasurement) -> None:
    """Masks stored upside down, with the geometry to match, lie on the same tissue."""
    stack, labels = phantom()
    flipped = tuple(
        replace(
            item,
            labels=item.labels[:, ::-1],
            geometry=replace(
                item.geometry,
                origin_mm=item.geometry.origin_mm + np.array([0.0, 1.5 * (SIZE - 1), 0.0]),
                row_direction=-item.geometry.row_direction,
            ),
        )
        for item in labels.slices
    )
    with pytest.raises(MeasurementError, match="order of position"):  # the normal has turned, too
        area_curves(contours_from_labels(replace(labels, slices=flipped)))
    again = measure_cine(stack, replace(labels, slices=flipped[::-1]))
    assert measured.circumferential is not None and again.circumferential is not None
    one, other = peak_strain(measured.circumferential).values, peak_strain(again.circumferential).values
    assert set(one) == set(other)
    np.testing.assert_allclose([one[s] for s in one], [other[s] for s in one], atol=0.7)


def test_slices_of_very_different_beats_are_said() -> None:
    stack, _ = phantom()
    slow = replace(stack.slices[0], rr_s=1.2, time_s=1.5 * stack.slices[0].time_s)
    measurement = measure_cine(replace(stack, slices=(slow, *stack.slices[1:])))
    assert "rr-spread" in {finding.code for finding in measurement.findings}
