"""Scar from a segment map and from an image: volumes by hand, places, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.errors import MeasurementError
from resynchro.heart.heart import BORDER_ZONE, HEALTHY, RV_FREE_WALL, SCAR_CORE, Heart
from resynchro.heart.mesh import FloatArray
from resynchro.heart.scar import scar_share, with_scar, with_scar_elements
from resynchro.heart.scar_image import with_scar_labels
from resynchro.heart.template import template_heart
from resynchro.record.scar import ScarMap, SegmentScar
from resynchro.record.segments import SegmentModel
from resynchro.record.slices import LABEL_CONVENTIONS, LabelSlice, LabelStack, SliceGeometry


@lru_cache(maxsize=1)
def heart() -> Heart:
    return template_heart("normal", edge_mm=3.0)


def scar_map(
    transmurality: dict[int, float],
    area: float | None = None,
    model: SegmentModel = "aha17",
    present: bool | None = None,
) -> ScarMap:
    segments = {n: SegmentScar(transmurality_mean_pct=pct, area_pct=area) for n, pct in transmurality.items()}
    return ScarMap(model=model, segments=segments, method="as given", source="test", scar_present=present)


def middles(of: Heart) -> FloatArray:
    return np.asarray(of.mesh.points_mm[of.mesh.tetrahedra].mean(axis=1))


def core_share(scarred: Heart, segment: int) -> float:
    volume = scarred.mesh.volumes_mm3
    inside = scarred.segment == segment
    return float(volume[inside & (scarred.tissue == SCAR_CORE)].sum() / volume[inside].sum())


def depth(of: Heart) -> FloatArray:
    return np.asarray(of.coordinates.transmural[of.mesh.tetrahedra].mean(axis=1))


def test_core_fills_the_inner_wall_to_its_depth() -> None:
    scarred = with_scar(heart(), scar_map({5: 100.0, 11: 50.0, 4: 0.0}))
    assert core_share(scarred, 5) == 1.0
    inside = heart().segment == 11
    assert depth(heart())[inside & (scarred.tissue == SCAR_CORE)].max() < 0.5
    assert depth(heart())[inside & (scarred.tissue != SCAR_CORE)].min() >= 0.5
    # Half of the thickness of a wall that is curved outwards is a little less than half of its volume.
    assert 0.35 < core_share(scarred, 11) < 0.6
    assert set(np.unique(scarred.segment[scarred.tissue == SCAR_CORE])) == {5, 11}
    assert not (scarred.tissue[heart().wall == RV_FREE_WALL] == SCAR_CORE).any()


def test_the_border_zone_is_a_rim_of_its_width() -> None:
    scarred = with_scar(heart(), scar_map({11: 100.0}), border_mm=5.0)
    at, core = middles(heart()), scarred.tissue == SCAR_CORE
    for tissue, nearer in ((BORDER_ZONE, True), (HEALTHY, False)):
        some = np.flatnonzero(scarred.tissue == tissue)[::50]
        gap = np.array([np.linalg.norm(at[core] - at[one], axis=1).min() for one in some])
        assert (gap <= 5.0).all() if nearer else (gap > 5.0).all()
    assert not (with_scar(heart(), scar_map({11: 100.0}), border_mm=0.0).tissue == BORDER_ZONE).any()


def test_a_known_area_makes_the_scar_deeper_and_smaller() -> None:
    # Mean transmurality 30 % over 40 % of the area: 75 % deep where there is scar.
    scarred = with_scar(heart(), scar_map({10: 30.0}, area=40.0))
    inside = (heart().segment == 10) & (scarred.tissue == SCAR_CORE)
    assert 0.5 < depth(heart())[inside].max() < 0.75  # thirds of the wall, four middles each
    assert core_share(scarred, 10) == pytest.approx(0.3, abs=0.06)
    # Alone, it lies in the middle of its segment; beside a scarred segment it lies towards that.
    beside = with_scar(heart(), scar_map({10: 30.0, 11: 90.0}, area=40.0))
    other = middles(heart())[heart().segment == 11].mean(axis=0)
    near = middles(heart())[(heart().segment == 10) & (beside.tissue == SCAR_CORE)].mean(axis=0)
    assert np.linalg.norm(near - other) < np.linalg.norm(middles(heart())[inside].mean(axis=0) - other) - 3.0


def test_what_is_not_known_is_said() -> None:
    findings = [item.message for item in with_scar(heart(), scar_map({5: 40.0}, model="aha16")).findings]
    assert any("segments 1, 2, 3, 4, 6" in message and "17 is not known" in message for message in findings)
    assert any("assumed" in message for message in findings)


def test_a_map_of_a_heart_without_scar_changes_nothing() -> None:
    scarred = with_scar(heart(), scar_map(dict.fromkeys(range(1, 18), 12.0), present=False))
    assert (scarred.tissue == HEALTHY).all()
    assert "no scar" in scarred.findings[-1].message


@settings(max_examples=15, deadline=None)
@given(st.dictionaries(st.integers(1, 17), st.floats(0.0, 80.0), min_size=1), st.floats(0.0, 40.0))
def test_more_transmurality_is_never_less_core(transmurality: dict[int, float], more: float) -> None:
    less = with_scar(heart(), scar_map(transmurality), border_mm=0.0)
    deeper = {n: min(85.0, pct + more) if pct > 0.0 else 0.0 for n, pct in transmurality.items()}
    larger = with_scar(heart(), scar_map(deeper), border_mm=0.0)
    assert not ((less.tissue == SCAR_CORE) & (larger.tissue != SCAR_CORE)).any()
    assert scar_share(larger).core_pct >= scar_share(less).core_pct


def test_scar_over_everything_is_refused() -> None:
    with pytest.raises(MeasurementError, match="scar fills 100 % of the left ventricle"):
        with_scar(heart(), scar_map(dict.fromkeys(range(1, 18), 100.0)))
    with pytest.raises(MeasurementError, match="holds no segment"):
        with_scar(heart(), scar_map({}))
    with pytest.raises(MeasurementError, match=r"percentages must lie in \[0, 100\]"):
        with_scar(heart(), scar_map({3: 140.0}))
    with pytest.raises(MeasurementError, match="0 to 20 mm"):
        with_scar(heart(), scar_map({3: 50.0}), border_mm=50.0)


def test_elements_of_ones_own() -> None:
    core = np.zeros(len(heart().wall), dtype=bool)
    core[:50] = True
    assert (with_scar_elements(heart(), core).tissue == SCAR_CORE).sum() == 50
    with pytest.raises(MeasurementError, match="a mask of scar has shape"):
        with_scar_elements(heart(), core[:10])


def label_stack(scarred: Heart, shift_mm: float = 0.0) -> LabelStack:
    """Labels of a scarred heart in slices 4 mm apart at right angles to the body's axis, pixels of 2 mm."""
    at = middles(scarred)
    low, high = at.min(axis=0) - 6.0, at.max(axis=0) + 6.0
    from scipy.spatial import cKDTree

    tree = cKDTree(at)
    slices = []
    for z in np.arange(low[2], high[2], 4.0):
        geometry = SliceGeometry(
            origin_mm=np.array([low[0] + shift_mm, low[1], z]),
            column_direction=np.array([1.0, 0.0, 0.0]),
            row_direction=np.array([0.0, 1.0, 0.0]),
            row_spacing_mm=2.0,
            column_spacing_mm=2.0,
        )
        rows, columns = int((high[1] - low[1]) / 2.0), int((high[0] - low[0]) / 2.0)
        row, column = (grid.astype(float) for grid in np.mgrid[0:rows, 0:columns])
        gap, nearest = tree.query(geometry.to_patient(row, column) - [shift_mm, 0.0, 0.0])
        kind = np.where(scarred.tissue[nearest] == SCAR_CORE, 3, 2)
        slices.append(LabelSlice(geometry=geometry, labels=np.where(gap < 2.0, kind, 0).astype(np.uint8)[None]))
    return LabelStack(slices=tuple(slices), convention=LABEL_CONVENTIONS["emidec"], file="labels", sha256="")


def test_scar_of_an_image_in_the_same_frame_comes_back() -> None:
    truth = with_scar(heart(), scar_map({4: 100.0, 5: 100.0, 10: 100.0, 11: 100.0}), border_mm=0.0)
    found = with_scar_labels(heart(), label_stack(truth))
    there, back = truth.tissue == SCAR_CORE, found.tissue == SCAR_CORE
    dice = 2.0 * (there & back).sum() / (there.sum() + back.sum())
    assert dice > 0.9  # slices 4 mm apart
    assert (found.tissue == BORDER_ZONE).any()
    assert "of the labelled scar volume lies in the wall" in found.findings[-1].message


def test_an_image_in_another_frame_is_refused() -> None:
    truth = with_scar(heart(), scar_map({5: 100.0, 11: 100.0}), border_mm=0.0)
    with pytest.raises(MeasurementError, match="must share one frame"):
        with_scar_labels(heart(), label_stack(truth, shift_mm=150.0))
    stack = label_stack(replace(heart(), tissue=np.zeros_like(heart().tissue)))
    with pytest.raises(MeasurementError, match="no voxel is labelled as scar"):
        with_scar_labels(heart(), stack)
    with pytest.raises(MeasurementError, match="no number for scar"):
        with_scar_labels(heart(), replace(stack, convention=LABEL_CONVENTIONS["acdc"]))
