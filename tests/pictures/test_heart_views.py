"""Views of the catheter laboratory: where left, right, front and head lie in each, and where the heart's parts do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resynchro.heart.heart import Heart
from resynchro.pictures.heart_views import STANDARD_VIEWS, c_arm_view

AP, RAO, LAO, POSTERIOR = STANDARD_VIEWS


def test_ap_is_seen_from_the_front() -> None:
    # The patient's left (x of LPS) lies to the right of the picture, the head up, the front (-y) towards the viewer.
    points = np.array([[10.0, 0.0, 0.0], [0.0, -10.0, 0.0], [0.0, 0.0, 10.0]])
    assert AP.projected(points).tolist() == [[10.0, 0.0, 0.0], [0.0, 0.0, 10.0], [0.0, 10.0, 0.0]]
    assert AP.end_letters == ("R", "L", "F", "H")


def test_rao_looks_from_the_right_front() -> None:
    # 30 degrees to the patient's right: the receptor stands at (-sin 30, -cos 30, 0).
    assert RAO.towards_viewer == pytest.approx([-0.5, -math.sqrt(0.75), 0.0])
    assert RAO.right == pytest.approx([math.sqrt(0.75), -0.5, 0.0])
    assert RAO.end_letters == ("RP", "LA", "F", "H")


def test_lao_looks_from_the_left_front() -> None:
    assert LAO.towards_viewer == pytest.approx([math.sin(math.radians(40.0)), -math.cos(math.radians(40.0)), 0.0])
    assert LAO.end_letters == ("RA", "LP", "F", "H")


def test_posterior_mirrors_left_and_right() -> None:
    assert POSTERIOR.end_letters == ("L", "R", "F", "H")
    assert POSTERIOR.towards_viewer == pytest.approx([0.0, 1.0, 0.0])


@given(lao_deg=st.floats(-180.0, 180.0), cranial_deg=st.floats(-45.0, 45.0))
@settings(deadline=None, max_examples=50)
def test_every_view_is_a_rotation(lao_deg: float, cranial_deg: float) -> None:
    view = c_arm_view("any", lao_deg=lao_deg, cranial_deg=cranial_deg)
    axes = np.stack([view.right, view.up, view.towards_viewer])
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1.0)  # no mirror: right x up points to the viewer
    assert view.up[2] > 0.0  # the head is up
    # Cranial: the receptor stands nearer to the head.
    assert math.copysign(1.0, view.towards_viewer[2]) == math.copysign(1.0, cranial_deg) or abs(cranial_deg) < 1e-9


def test_the_heart_lies_as_a_cardiologist_knows_it(template: Heart) -> None:
    points, right = template.mesh.points_mm, template.coordinates.rv
    rv, lv = points[right].mean(axis=0), points[~right].mean(axis=0)
    apex, base = template.landmarks.apex_mm, template.landmarks.base_mm
    across, up, near = AP.projected(rv - lv)
    assert across < 0.0 and near > 0.0  # AP: the RV in front, on the left of the picture
    across, up, _ = AP.projected(apex - base)
    assert across > 0.0 > up  # the apex to the lower right
    across, _, _ = LAO.projected(rv - lv)
    assert across < -20.0  # LAO 40: RV left, LV right, septum in between
    _, _, towards = LAO.projected(apex - base)
    assert towards > 0.7 * np.linalg.norm(apex - base)  # looking onto the apex, along the septum
    long_in_picture = np.linalg.norm(RAO.projected(apex - base)[:2])
    assert long_in_picture > 0.95 * np.linalg.norm(apex - base)  # RAO 30: the long axis in full
    _, _, near = POSTERIOR.projected(rv - lv)
    assert near < 0.0  # from behind the LV lies in front of the RV
