"""Strain, septal motion and studies from tracked points that were moved by hand."""

from __future__ import annotations

import numpy as np
import pytest

from resynchro.errors import MeasurementError
from resynchro.imaging.motion.tracked_slice import TrackedSlice
from resynchro.imaging.motion.tracked_strain import (
    ring_borders_deg,
    segment_strains,
    septal_displacement_mm,
    strain_study,
)
from resynchro.imaging.strain.strain_curves import curves_from_study

FRAMES = 20


def ring(course: np.ndarray, *, ed_frame: int = 0, periodic: bool = True, inward_mm: float = 0.0) -> TrackedSlice:
    """Return a ring whose radii are scaled by `course`, shape (T,) or (T, angles), thickness kept."""
    display = np.arange(120) * 3.0
    place = np.stack((-np.sin(np.radians(display)), np.cos(np.radians(display))), axis=-1)
    course = np.broadcast_to(course if course.ndim == 2 else course[:, None], (len(course), 120))
    levels = np.array([25.0, 27.5, 30.0, 32.5, 35.0])
    radius = 30.0 * course[:, None, :] + (levels - 30.0)[None, :, None]
    points = 100.0 + radius[..., None] * place
    septum = np.abs(display - 180.0) < 20.0
    points[1:, :, septum, 1] += inward_mm  # columns grow to the right: from the septum into the cavity
    return TrackedSlice(
        points_mm=points,
        single_frame_mid_mm=None,
        display_deg=display,
        centre_mm=np.array([100.0, 100.0]),
        time_s=np.arange(len(course)) * 0.9 / FRAMES,
        rr_s=0.9,
        periodic=periodic,
        ed_frame=ed_frame,
        inferior_insertion_deg=None,
        frame_cost=np.zeros(len(course)),
        engine="by hand",
    )


def cosine(depth: float) -> np.ndarray:
    return 1.0 - depth * 0.5 * (1.0 - np.cos(2.0 * np.pi * np.arange(FRAMES) / FRAMES))


def test_even_contraction_gives_its_own_strain() -> None:
    strains = segment_strains(ring(cosine(0.2)))
    assert strains.circumferential_pct.shape == (6, FRAMES)
    # Radius 30 -> 24 at half the beat: -20 % all round; thickness was kept: 0.
    assert strains.circumferential_pct[:, FRAMES // 2] == pytest.approx(-20.0, abs=1e-9)
    assert np.abs(strains.radial_pct).max() < 1e-9
    assert strains.scatter_pct is None and strains.noise_pct() is None


def test_a_segment_alone_shows_in_its_own_row() -> None:
    display = np.arange(120) * 3.0
    for segment, row in ((2, 1), (5, 4)):  # anteroseptal and inferolateral
        start = {2: 120.0, 5: 300.0}[segment]
        course = np.ones((FRAMES, 120))
        inside = (display > start + 9.0) & (display < start + 51.0)
        course[10, inside] = 1.1
        strain = segment_strains(ring(course)).circumferential_pct[:, 10]
        assert strain.argmax() == row and strain[row] > 5.0
        assert np.abs(np.delete(strain, row)).max() < 1e-9


def test_borders_between_the_insertions() -> None:
    # Septum 120 to 210 degrees: halves of 45, free wall in four arcs of 67.5.
    borders = ring_borders_deg(6, rule="insertion", inferior_insertion_deg=210.0)
    assert borders == pytest.approx([52.5, 120.0, 165.0, 210.0, 277.5, 345.0, 412.5])
    assert ring_borders_deg(6, rule="insertion") == pytest.approx(ring_borders_deg(6))
    with pytest.raises(MeasurementError, match="6 segments"):
        ring_borders_deg(5)
    with pytest.raises(MeasurementError, match="anterior one"):
        ring_borders_deg(6, rule="insertion", inferior_insertion_deg=125.0)
    with pytest.raises(MeasurementError, match="inferior insertion"):
        segment_strains(ring(cosine(0.2)), rule="insertion")


def test_the_lengths_of_any_six_arcs_make_the_ring() -> None:
    course = 1.0 - 0.1 * np.sin(np.radians(np.arange(120) * 6.0))[None, :] * np.linspace(0.0, 1.0, FRAMES)[:, None]
    tracked = ring(course)
    object.__setattr__(tracked, "inferior_insertion_deg", 221.0)
    rest = np.diff(ring_borders_deg(6, rule="insertion", inferior_insertion_deg=221.0)) / 360.0
    cut = segment_strains(tracked, rule="insertion").circumferential_pct
    whole = segment_strains(tracked).circumferential_pct.mean(axis=0)
    assert rest @ cut == pytest.approx(whole, abs=1e-9)


def test_a_study_of_three_levels_is_measured_like_any_other() -> None:
    slices = [
        ("basal", ring(cosine(0.2))),
        ("mid", ring(np.roll(cosine(0.1), 5), ed_frame=5)),
        ("apical", ring(cosine(0.3))),
    ]
    study = strain_study(slices)  # type: ignore[arg-type]
    assert [view.segments for view in study.views] == [tuple(range(1, 7)), tuple(range(7, 13)), tuple(range(13, 17))]
    assert study.modality == "cmr" and study.engine == "by hand" and study.model == "aha16"
    curves = curves_from_study(study)
    assert curves.periodic and curves.strain_pct[:, 0] == pytest.approx(0.0, abs=1e-9)
    # The mid slice was recorded with end-diastole in frame 5: from there it peaks at half the beat like the others.
    peaks = curves.strain_pct[:, FRAMES // 2]
    assert peaks == pytest.approx([-20.0] * 6 + [-10.0] * 6 + [-30.0] * 4, abs=1e-6)
    radial = strain_study(slices, strain_type="radial")  # type: ignore[arg-type]
    assert radial.strain_type == "radial" and np.abs(radial.views[0].strain_pct).max() < 1e-9


def test_what_a_study_cannot_be_made_of() -> None:
    slices = [("mid", ring(cosine(0.2)))]
    with pytest.raises(MeasurementError, match="longitudinal"):
        strain_study(slices, strain_type="longitudinal")  # type: ignore[arg-type]
    with pytest.raises(MeasurementError, match="no tracked slice"):
        strain_study([])
    with pytest.raises(MeasurementError, match="apical cap"):
        strain_study([("apex", ring(cosine(0.2)))])
    cut = ring(cosine(0.2)[:15], ed_frame=2, periodic=False)
    study = strain_study([("mid", cut)])
    assert len(study.views[0].time_s) == 13 and study.views[0].time_s[0] == 0.0
    assert [finding.code for finding in study.findings] == ["before-end-diastole"]


def test_the_septum_moves_inward_from_its_chord() -> None:
    inward = septal_displacement_mm(ring(np.ones(FRAMES), inward_mm=4.0))
    assert inward[0] == 0.0 and inward[1:] == pytest.approx(4.0)
    # The chord moves with an even contraction: middle and chord both scale about the centre.
    # wall point 30 -> 27, chord at 35 cos 60 = 17.5 -> (27 + 5) cos 60 = 16: inward by 3 - 1.5 = 1.5.
    course = np.ones(FRAMES)
    course[1:] = 0.9
    assert septal_displacement_mm(ring(course))[1:] == pytest.approx(1.5)


def test_a_tracked_septum_gives_its_flash_when_the_valves_are_known() -> None:
    import dataclasses

    from resynchro.imaging.strain.contour_signs import contour_sign_indices
    from resynchro.record.strain import CardiacEvents, StrainStudy, StrainView

    # 3 mm inwards at 60 ms, back outwards by 200 ms, in a beat of 800 ms; AVO 90, AVC 400 ms.
    time_s = np.arange(40) * 0.02
    inward = 3.0 * np.where(time_s < 0.2, np.sin(np.pi * time_s / 0.2) ** 2, 0.0)
    view = StrainView(
        name="SAX-PM",
        segments=(7, 8, 9, 10, 11, 12),
        time_s=time_s,
        strain_pct=np.zeros((6, 40)),
        rr_s=0.8,
        events=CardiacEvents(avo_s=0.09, avc_s=0.4, origin="given"),
        septal_inward_mm=inward,
    )
    study = StrainStudy(
        file="x", format="x", sha256="", views=(view,), model="aha16", strain_type="circumferential", modality="cmr"
    )
    flash = contour_sign_indices(study)[0]
    assert flash.flag is True and flash.value == pytest.approx(3.0, abs=0.2)
    assert flash.segments == (8, 9)
    without = dataclasses.replace(study, views=(dataclasses.replace(view, events=CardiacEvents()),))
    assert contour_sign_indices(without)[0].absent == "needs AVO and AVC"
    still = dataclasses.replace(study, views=(dataclasses.replace(view, septal_inward_mm=0.2 * inward),))
    assert contour_sign_indices(still)[0].flag is False
