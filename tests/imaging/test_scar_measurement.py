"""Scar of phantoms whose truth is known, of labels, and of masks that cannot be used."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from resynchro.errors import InputError, MeasurementError
from resynchro.imaging.scar.posterolateral_scar import posterolateral_scar
from resynchro.imaging.scar.scar_measurement import given_scar, measure_scar, scar_from_labels
from resynchro.imaging.scar.scar_phantom import PHANTOM_LABELS, ScarPatch, ScarPhantom, scar_phantom
from resynchro.imaging.scar.scar_summary import scar_summary
from resynchro.record.scar import ScarMap, SegmentScar
from resynchro.record.slices import (
    LABEL_CONVENTIONS,
    CineSlice,
    CineStack,
    LabelConvention,
    LabelSlice,
    LabelStack,
    SliceGeometry,
)

LATERAL = ScarPatch(centre_deg=330.0, width_deg=60.0, transmurality_pct=75.0)


@pytest.fixture(scope="module")
def infarct() -> ScarPhantom:
    return scar_phantom([LATERAL], rng=np.random.default_rng(1))


def _relabelled(phantom: ScarPhantom, change: Callable[[np.ndarray], np.ndarray]) -> LabelStack:
    slices = tuple(dataclasses.replace(item, labels=change(item.labels.copy())) for item in phantom.labels.slices)
    return dataclasses.replace(phantom.labels, slices=slices)


def _with_images(phantom: ScarPhantom, change: Callable[[int, np.ndarray], np.ndarray]) -> CineStack:
    slices = tuple(
        dataclasses.replace(item, frames=change(number, item.frames.astype(float)))
        for number, item in enumerate(phantom.images.slices)
    )
    return dataclasses.replace(phantom.images, slices=slices)


@pytest.mark.parametrize("rule", ["nsd5", "fwhm_remote", "otsu", "blood60", "fwhm_raw"])
def test_transmurality_and_extent_of_a_known_scar(infarct: ScarPhantom, rule: str) -> None:
    found = measure_scar(infarct.images, infarct.labels, rule=rule)  # type: ignore[arg-type]
    # 60 of 360 degrees, 75 % of the thickness from inside: ((r + 7.5)^2 - r^2) / ((r + 10)^2 - r^2) / 6, r 15 to 24 mm:
    # 11.6 to 11.9 % of the wall
    assert found.scar_map.scar_pct_lvm == pytest.approx(11.8, abs=0.8)
    for segment in (5, 11):
        # the insertions are read off the phantom's right ventricle 2 degrees off, so a thirtieth lies next door
        assert found.scar_map.segments[segment].transmurality_mean_pct == pytest.approx(75.0, abs=5.0)
        assert found.scar_map.segments[segment].transmurality_max_pct == pytest.approx(80.0, abs=12.0)
    for segment in (1, 2, 3, 6, 7, 8, 9, 12, 13, 14):
        assert found.scar_map.segments[segment].transmurality_mean_pct < 3.0
    # apical: 16 is 315 to 45 degrees, of which 45 are scar: 75 x 45 / 90
    assert found.scar_map.segments[16].transmurality_mean_pct == pytest.approx(37.5, abs=4.0)
    assert found.scar_map.scar_present and found.posterolateral.flag is True
    assert found.posterolateral.segments == (5, 11)
    assert 17 in found.scar_map.absent


def test_labels_alone_say_the_same(infarct: ScarPhantom) -> None:
    found = scar_from_labels(infarct.labels)
    assert found.scar_map.method == "labels" and found.gate is None
    assert found.scar_map.scar_pct_lvm == pytest.approx(11.8, abs=0.3)
    assert found.scar_map.segments[11].transmurality_mean_pct == pytest.approx(75.0, abs=4.0)
    assert sum(found.chord_classes_pct.values()) == pytest.approx(100.0)


@pytest.mark.parametrize("rotation", [0.0, 73.0, 201.0])
def test_turning_the_heart_changes_nothing(rotation: float) -> None:
    turned = scar_phantom([LATERAL], rng=np.random.default_rng(1), rotation_deg=rotation)
    found = measure_scar(turned.images, turned.labels).scar_map
    assert found.segments[11].transmurality_mean_pct == pytest.approx(74.0, abs=4.0)
    assert found.segments[8].transmurality_mean_pct < 1.0
    assert found.scar_pct_lvm == pytest.approx(11.8, abs=0.5)


@pytest.mark.parametrize(("gain", "offset"), [(3.0, 0.0), (0.01, 5.0), (700.0, -4000.0)])
def test_gain_and_offset_change_nothing_but_the_raw_rule(infarct: ScarPhantom, gain: float, offset: float) -> None:
    before = measure_scar(infarct.images, infarct.labels)
    after = measure_scar(_with_images(infarct, lambda _, image: gain * image + offset), infarct.labels)
    for rule in ("fwhm_remote", "otsu", "nsd5", "blood60", "fwhm_minmax", "gmm2"):
        assert after.scar_map.by_rule_pct_lvm[rule] == pytest.approx(before.scar_map.by_rule_pct_lvm[rule], abs=0.2)
    assert after.gate is not None and after.gate.present
    assert ("fwhm_raw" in after.refused) == (offset != 0.0)


def test_the_raw_rule_is_refused_when_asked_for_on_offset_data(infarct: ScarPhantom) -> None:
    moved = _with_images(infarct, lambda _, image: image + 500.0)
    with pytest.raises(InputError, match="fwhm_raw cannot be used: the background is not near zero"):
        measure_scar(moved, infarct.labels, rule="fwhm_raw")


def test_slices_stretched_one_by_one_are_brought_together(infarct: ScarPhantom) -> None:
    def stretched(number: int, image: np.ndarray) -> np.ndarray:
        high = image.max() * (1.0 + 0.2 * (number % 3))
        return np.rint(255.0 * (image - image.min()) / (high - image.min()))

    found = measure_scar(_with_images(infarct, stretched), infarct.labels)
    assert found.scales == "matched"
    assert "slices-matched" in {finding.code for finding in found.scar_map.findings}
    assert "fwhm_raw" in found.refused
    assert found.scar_map.scar_pct_lvm == pytest.approx(11.8, abs=0.8)


def test_a_slice_that_is_all_scar_is_seen_by_its_neighbours() -> None:
    patches = [
        ScarPatch(centre_deg=0.0, width_deg=360.0, transmurality_pct=100.0, slices=(0, 1)),
        ScarPatch(centre_deg=330.0, width_deg=60.0, transmurality_pct=100.0, slices=(2, 3)),
    ]
    phantom = scar_phantom(patches, rng=np.random.default_rng(2))
    together = measure_scar(phantom.images, phantom.labels)
    alone = measure_scar(phantom.images, phantom.labels, scales="each")
    assert [100.0 * item.scar.sum() / item.masked.wall.sum() for item in together.slices[:2]] == pytest.approx(
        [100.0, 100.0],
        abs=2.5,  # pixels on the epicardium mix with lung
    )
    assert alone.scar_map.scar_pct_lvm < 0.8 * together.scar_map.scar_pct_lvm  # type: ignore[operator]
    assert together.slices[0].remote is not None and together.slices[0].remote.borrowed


def test_a_healthy_ventricle_has_no_scar_whatever_the_rules_say() -> None:
    for noise in (0.04, 0.2, 0.3):
        phantom = scar_phantom([], rng=np.random.default_rng(3), noise_sd=noise, phase_sensitive=True)
        found = measure_scar(phantom.images, phantom.labels)
        assert found.scar_map.scar_present is False
        assert found.scar_map.scar_pct_lvm == 0.0
        assert "no-scar" in {finding.code for finding in found.scar_map.findings}


def test_a_dark_core_counts_as_scar() -> None:
    patch = ScarPatch(centre_deg=330.0, width_deg=60.0, transmurality_pct=100.0, obstructed=True)
    phantom = scar_phantom([patch], rng=np.random.default_rng(4))
    found = measure_scar(phantom.images, phantom.labels)
    # a transmural sixth of the wall
    assert found.scar_map.scar_pct_lvm == pytest.approx(100.0 / 6.0, abs=0.8)
    assert found.scar_map.segments[11].transmurality_mean_pct > 92.0


def test_a_manual_remote_sector_is_used(infarct: ScarPhantom) -> None:
    found = measure_scar(infarct.images, infarct.labels, remote_deg=180.0)
    assert all(item.remote is not None and item.remote.chosen == "manual" for item in found.slices)
    assert all(item.remote is not None and item.remote.centre_deg == 180.0 for item in found.slices)
    # a sector in the scar itself moves the threshold up: less is scar
    wrong = measure_scar(infarct.images, infarct.labels, remote_deg=330.0)
    assert wrong.scar_map.by_rule_pct_lvm["nsd2"] < found.scar_map.by_rule_pct_lvm["nsd2"]


def _without_rv(labels: np.ndarray) -> np.ndarray:
    return np.where(labels == 5, 0, labels).astype(np.uint8)


def test_without_right_ventricle_the_extent_stays_and_the_segments_are_absent(infarct: ScarPhantom) -> None:
    found = measure_scar(infarct.images, _relabelled(infarct, _without_rv))
    assert found.scar_map.segments == {}
    assert all("anterior" in reason for reason in found.scar_map.absent.values())
    assert found.scar_map.scar_pct_lvm == pytest.approx(11.8, abs=0.8)
    assert found.chord_classes_pct["0"] == pytest.approx(100.0 * 5 / 6, abs=2.0)
    assert found.posterolateral.flag is None


@pytest.mark.parametrize("insertion", [120.0, {3: (63.5 - 20.0 * np.sin(np.radians(120.0)), 53.5)}])
def test_a_given_insertion_brings_the_segments_back(infarct: ScarPhantom, insertion: object) -> None:
    labels = _relabelled(infarct, _without_rv)
    found = scar_from_labels(labels, anterior_insertion=insertion)  # type: ignore[arg-type]
    assert found.scar_map.segments[11].transmurality_mean_pct == pytest.approx(75.0, abs=4.0)
    assert found.scar_map.segments[10].transmurality_mean_pct < 3.0


@pytest.mark.parametrize(
    ("insertion", "words"),
    [(500.0, "degrees"), ({9: (10.0, 10.0)}, "slice 10"), ({2: (900.0, 10.0)}, "outside of slice 3")],
)
def test_impossible_insertions_are_refused(infarct: ScarPhantom, insertion: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        scar_from_labels(infarct.labels, anterior_insertion=insertion)  # type: ignore[arg-type]


def test_masks_without_cavity_or_wall_are_refused(infarct: ScarPhantom) -> None:
    with pytest.raises(InputError, match="no cavity"):
        measure_scar(infarct.images, _relabelled(infarct, lambda x: np.where(x == 1, 0, x).astype(np.uint8)))
    with pytest.raises(InputError, match="pixels of myocardium"):
        measure_scar(infarct.images, _relabelled(infarct, lambda x: np.where(x >= 2, 0, x).astype(np.uint8)))


def test_swapped_cavity_and_wall_are_refused(infarct: ScarPhantom) -> None:
    exchange = np.array([0, 2, 1, 1, 1, 5], dtype=np.uint8)
    swapped = _relabelled(infarct, lambda x: exchange[x])
    with pytest.raises(InputError, match="swapped"):
        measure_scar(infarct.images, swapped)


def test_swapped_scar_and_wall_raise_a_warning(infarct: ScarPhantom) -> None:
    swapped = dataclasses.replace(infarct.labels, convention=dataclasses.replace(PHANTOM_LABELS, myocardium=3, scar=2))
    found = scar_from_labels(swapped)
    assert "mostly-scar" in {finding.code for finding in found.scar_map.findings}


def test_labels_without_scar_cannot_be_read_as_scar(infarct: ScarPhantom) -> None:
    bare = dataclasses.replace(infarct.labels, convention=LABEL_CONVENTIONS["acdc"])
    with pytest.raises(InputError, match="has no scar"):
        scar_from_labels(bare)


def test_holes_and_gaps_in_the_wall_are_told_and_survived(infarct: ScarPhantom) -> None:
    def opened(labels: np.ndarray) -> np.ndarray:
        labels[:, 20:60, 60:68] = np.where(labels[:, 20:60, 60:68] == 2, 0, labels[:, 20:60, 60:68])
        return labels

    found = measure_scar(infarct.images, _relabelled(infarct, opened))
    assert "open-ring" in {finding.code for finding in found.scar_map.findings}
    assert found.scar_map.segments[11].transmurality_mean_pct == pytest.approx(75.0, abs=5.0)


def test_images_of_another_shape_place_or_time_are_refused(infarct: ScarPhantom) -> None:
    smaller = _with_images(infarct, lambda _, image: image[:, :100, :100])
    with pytest.raises(InputError, match="128 x 128 pixels, the image 100 x 100"):
        measure_scar(smaller, infarct.labels)
    moved = dataclasses.replace(
        infarct.images,
        slices=tuple(
            dataclasses.replace(
                item,
                geometry=dataclasses.replace(
                    item.geometry, origin_mm=item.geometry.origin_mm + np.array([0.0, 0.0, 300.0])
                ),
            )
            for item in infarct.images.slices
        ),
    )
    with pytest.raises(InputError, match="lies in the plane of no image"):
        measure_scar(moved, infarct.labels)
    cine = _with_images(infarct, lambda _, image: np.repeat(image, 3, axis=0))
    with pytest.raises(InputError, match="is this the cine"):
        measure_scar(cine, infarct.labels)
    with pytest.raises(InputError, match="no numbers"):
        measure_scar(_with_images(infarct, lambda _, image: np.full_like(image, np.nan)), infarct.labels)
    with pytest.raises(InputError, match="unknown rule"):
        measure_scar(infarct.images, infarct.labels, rule="magic")  # type: ignore[arg-type]


def test_a_constant_image_is_no_measurement(infarct: ScarPhantom) -> None:
    flat = _with_images(infarct, lambda _, image: np.full_like(image, 7.0))
    with pytest.raises((MeasurementError, InputError)):
        measure_scar(flat, infarct.labels)


def test_masks_on_some_slices_only_are_enough(infarct: ScarPhantom) -> None:
    some = dataclasses.replace(infarct.labels, slices=infarct.labels.slices[2:5])
    found = measure_scar(infarct.images, some)
    assert len(found.slices) == 3
    assert found.scar_map.scar_pct_lvm == pytest.approx(11.8, abs=0.8)


def test_the_summary_is_plain_data(infarct: ScarPhantom) -> None:
    for measurement in (measure_scar(infarct.images, infarct.labels), scar_from_labels(infarct.labels)):
        text = json.dumps(scar_summary(measurement), allow_nan=False)
        assert json.loads(text)["posterolateral"]["segments"] == [5, 11]


def _map(values: dict[int, tuple[float, float | None]]) -> ScarMap:
    return ScarMap(
        model="aha17",
        segments={
            segment: SegmentScar(transmurality_mean_pct=mean, transmurality_max_pct=largest)
            for segment, (mean, largest) in values.items()
        },
        method="as given",
        source="test",
    )


def test_posterolateral_scar_is_more_than_half_in_5_or_11() -> None:
    assert posterolateral_scar(_map({5: (50.0, None), 11: (50.0, None)})).flag is False
    found = posterolateral_scar(_map({5: (50.1, None), 11: (0.0, None), 10: (80.0, None)}))
    assert found.flag is True and found.segments == (5,) and found.neighbours == (10,)
    in_places = posterolateral_scar(_map({5: (30.0, 90.0), 11: (0.0, 0.0)}))
    assert in_places.flag is False and in_places.only_in_places == (5,)
    assert posterolateral_scar(_map({5: (0.0, None)})).flag is None
    assert posterolateral_scar(_map({5: (60.0, None)})).flag is True
    assert any(value.verified for value in found.published)
    assert given_scar(_map({5: (60.0, None)})).posterolateral.flag is True


def _emidec(folder: Path, case: str) -> tuple[CineStack, LabelStack]:
    from matplotlib.image import imread

    images, labels = [], []
    for number, file in enumerate(sorted((folder / "labels").glob(f"Case_{case}_*.png"))):
        geometry = SliceGeometry(
            origin_mm=np.array([0.0, 0.0, 10.0 * number]),
            column_direction=np.array([1.0, 0.0, 0.0]),
            row_direction=np.array([0.0, 1.0, 0.0]),
            row_spacing_mm=1.0,
            column_spacing_mm=1.0,
        )
        image, label = (
            np.rint(255.0 * np.atleast_3d(imread(folder / kind / file.name))[..., 0]) for kind in ("images", "labels")
        )
        images.append(
            CineSlice(
                geometry=geometry,
                frames=image.astype(np.float32)[None],
                time_s=np.zeros(1),
                rr_s=None,
                covers_cycle=True,
            )
        )
        labels.append(LabelSlice(geometry=geometry, labels=label.astype(np.uint8)[None]))
    meaning: LabelConvention = LABEL_CONVENTIONS["emidec"]
    return (
        CineStack(slices=tuple(images), plane="SAX", file=case, format="PNG", sha256=""),
        LabelStack(slices=tuple(labels), convention=meaning, file=case, sha256=""),
    )


@pytest.mark.parametrize("case", ["P005", "P009", "P021"])
def test_an_expert_agrees_on_real_images(shared_data: Callable[[str], Path], case: str) -> None:
    images, labels = _emidec(shared_data("mri/emidec_png"), case)
    ours, expert = measure_scar(images, labels), scar_from_labels(labels)
    assert ours.scales == "matched" and "fwhm_raw" in ours.refused
    assert ours.scar_map.scar_present
    both = sum(int((a.scar & b.scar).sum()) for a, b in zip(ours.slices, expert.slices, strict=True))
    total = sum(int(a.scar.sum()) + int(b.scar.sum()) for a, b in zip(ours.slices, expert.slices, strict=True))
    assert 2.0 * both / total > 0.75
