"""Veins, places in the ventricle and C-arm views, on a ventricle whose long axis runs straight down."""

from __future__ import annotations

import math

import numpy as np
import pytest

from resynchro.errors import MeasurementError
from resynchro.imaging.target.c_arm import view_along, views_of_segment
from resynchro.imaging.target.veins import vein_coverage
from resynchro.imaging.target.ventricle_place import axes_of, outward_normal, place_in_ventricle, segment_place
from resynchro.record.segments import segments_of
from resynchro.record.veins import LvLandmarks, VeinBranch, VeinTree

#: Base at the origin, apex 90 mm towards the feet, the anterior insertion 30 mm straight ahead (LPS: y is the back).
LANDMARKS = LvLandmarks(
    base_mm=np.zeros(3), apex_mm=np.array([0.0, 0.0, -90.0]), anterior_insertion_mm=np.array([0.0, -30.0, -10.0])
)


def along(angle_deg: float, radius_mm: float, depth_mm: float) -> np.ndarray:
    lateral, anterior, apical, _ = axes_of(LANDMARKS)
    angle = math.radians(angle_deg)
    return radius_mm * (math.cos(angle) * lateral + math.sin(angle) * anterior) + depth_mm * apical


def test_the_insertion_lies_at_120_degrees_and_left_is_lateral() -> None:
    place = place_in_ventricle(np.array([0.0, -40.0, -20.0]), LANDMARKS)
    assert place.display_angle_deg == pytest.approx(120.0)
    assert (place.depth, place.radius_mm) == (pytest.approx(20 / 90), pytest.approx(40.0))
    # Seen from the feet with the front up, the patient's left is on the right of the screen: 90 deg clockwise of the
    # front, so the left lies at 30 deg and the right at 210 deg.
    assert place_in_ventricle(np.array([40.0, 0.0, -45.0]), LANDMARKS).display_angle_deg == pytest.approx(30.0)
    assert place_in_ventricle(np.array([-40.0, 0.0, -45.0]), LANDMARKS).display_angle_deg == pytest.approx(210.0)


@pytest.mark.parametrize("segment", segments_of("aha17"))
def test_the_middle_of_a_segment_lies_in_it(segment: int) -> None:
    depth, angle = segment_place(segment)
    assert place_in_ventricle(along(angle, 35.0, 90.0 * depth), LANDMARKS).segment == segment


def test_points_above_the_base_have_no_segment() -> None:
    assert place_in_ventricle(np.array([0.0, -40.0, 5.0]), LANDMARKS).segment is None


def test_landmarks_that_span_no_ventricle_are_refused() -> None:
    near = LvLandmarks(
        base_mm=np.zeros(3), apex_mm=np.array([0, 0, -9.0]), anterior_insertion_mm=np.array([0, -3.0, 0])
    )
    with pytest.raises(MeasurementError, match="check the unit"):
        axes_of(near)
    on_axis = LvLandmarks(
        base_mm=np.zeros(3), apex_mm=np.array([0, 0, -90.0]), anterior_insertion_mm=np.array([0, -1.0, -20.0])
    )
    with pytest.raises(MeasurementError, match="anterior insertion"):
        axes_of(on_axis)


def branch(angle_deg: float, start_mm: float, end_mm: float, name: str = "lateral", **more: object) -> VeinBranch:
    points = np.array([along(angle_deg, 36.0, depth) for depth in np.linspace(start_mm, end_mm, 31)])
    return VeinBranch(name=name, points_mm=points, **more)  # type: ignore[arg-type]


def tree(*branches: VeinBranch, landmarks: LvLandmarks | None = LANDMARKS) -> VeinTree:
    return VeinTree(branches=branches, file="made here", sha256="0", landmarks=landmarks)


def test_length_within_each_segment_by_hand() -> None:
    # Down the middle of the inferolateral wall (330 deg) from 10 to 50 mm: thirds end at 30 and 60 mm, so 20 mm in
    # segment 5 and 20 mm in segment 11.
    found = vein_coverage(tree(branch(330.0, 10.0, 50.0)))
    assert found.segments_of_branch("lateral") == (5, 11)
    lengths = {reach.segment: reach.length_mm for reach in found.reaches if reach.length_mm}
    assert lengths == {5: pytest.approx(20.0, abs=0.5), 11: pytest.approx(20.0, abs=0.5)}
    assert found.branches_to(11) == ("lateral",)
    near = found.nearest(12)
    assert near is not None and near.distance_mm == pytest.approx(math.radians(60) * 36.0, abs=0.5)  # one wall away


def test_thin_parts_do_not_count() -> None:
    thinning = np.linspace(3.0, 0.0, 31)  # 1.5 mm half-way, at 30 mm: only segment 5 is left
    found = vein_coverage(tree(branch(330.0, 10.0, 50.0, diameters_mm=thinning)))
    assert found.segments_of_branch("lateral") == (5,)
    assert vein_coverage(tree(branch(330.0, 10.0, 50.0)), least_length_mm=25.0).segments_of_branch("lateral") == ()


def test_a_whole_branch_above_the_base_reaches_nothing() -> None:
    found = vein_coverage(tree(branch(330.0, -20.0, -5.0)))
    assert found.segments_of_branch("lateral") == ()


def test_centrelines_need_landmarks() -> None:
    with pytest.raises(MeasurementError, match="base_mm, apex_mm"):
        vein_coverage(tree(branch(330.0, 10.0, 50.0), landmarks=None))
    assert vein_coverage(tree(branch(330.0, 10.0, 50.0), landmarks=None), landmarks=LANDMARKS).branches == ("lateral",)


def test_drawings_and_tables() -> None:
    drawn = VeinBranch(name="drawn", bullseye=np.array([[0.95, 330.0], [0.6, 330.0]]))
    listed = VeinBranch(name="listed", segments=(4, 10))
    found = vein_coverage(tree(drawn, listed, landmarks=None))
    assert found.segments_of_branch("drawn") == (5, 11)
    assert found.segments_of_branch("listed") == (4, 10)
    assert found.nearest(11) is not None and "drawn on a bullseye" in found.notes[0]


def test_a_drawing_across_zero_degrees_takes_the_short_way() -> None:
    drawn = VeinBranch(name="drawn", bullseye=np.array([[0.9, 350.0], [0.9, 20.0]]))
    assert vein_coverage(tree(drawn, landmarks=None)).segments_of_branch("drawn") == (5, 6)


def test_views_by_hand() -> None:
    # d = (sin a cos b, -cos a cos b, sin b): the left front at 45 deg and 30 deg to the head
    a, b = math.radians(45), math.radians(30)
    view = view_along(np.array([math.sin(a) * math.cos(b), -math.cos(a) * math.cos(b), math.sin(b)]))
    assert (view.lao_deg, view.cranial_deg) == (pytest.approx(45.0), pytest.approx(30.0))
    assert view_along(np.array([-1.0, -1.0, -1.0])).name == "RAO 45 / caudal 35"


@pytest.mark.parametrize("segment", segments_of("aha17"))
def test_face_and_profile_are_perpendicular_and_the_detector_is_in_front(segment: int) -> None:
    def direction(lao: float, cranial: float) -> np.ndarray:
        a, b = math.radians(lao), math.radians(cranial)
        return np.array([math.sin(a) * math.cos(b), -math.cos(a) * math.cos(b), math.sin(b)])

    face, profile = views_of_segment(segment, LANDMARKS)
    to_face, to_profile = direction(face.lao_deg, face.cranial_deg), direction(profile.lao_deg, profile.cranial_deg)
    assert abs(float(to_face @ outward_normal(segment, LANDMARKS))) == pytest.approx(1.0)
    assert float(to_face @ to_profile) == pytest.approx(0.0, abs=1e-9)
    assert to_face[1] <= 1e-9 and to_profile[1] <= 1e-9
