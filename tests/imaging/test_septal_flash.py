"""Septal flash and apical rocking on contours that move as prescribed, and on four real loops."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.strain.apical_rocking import apex_knot, apical_rocking
from resynchro.imaging.strain.contour_signs import apical_rocking_of_view, contour_sign_indices, septal_flash_of_view
from resynchro.imaging.strain.septal_flash import displacement_along_normal, displacement_from_chord, septal_flash
from resynchro.record.strain import CardiacEvents, StrainStudy, StrainView

FloatArray = NDArray[np.float64]
TIME_S = np.arange(60) * 0.015
AVO_S, AVC_S = 0.10, 0.40
EVENTS = CardiacEvents(avo_s=AVO_S, avc_s=AVC_S, origin="given")
#: Base to apex along the septum, then back along the lateral wall.
FOUR_CHAMBER = (3, 9, 15, 18, 12, 6)


def wave(height: float, centre_s: float, width_s: float = 0.04) -> FloatArray:
    return np.asarray(height * np.exp(-0.5 * ((TIME_S - centre_s) / width_s) ** 2))


def apical_contour(flash_mm: FloatArray, swing_mm: FloatArray, shift_mm: FloatArray | None = None) -> FloatArray:
    """Return knots (T, 61, 2) of half an ellipse, septum on the left, apex at the top (small y).

    The septal wall bulges inward by `flash_mm` in its middle and not at its ends; all points swing to the left by
    `swing_mm` times their height over the base; `shift_mm` moves the heart.
    """
    turn = np.linspace(np.pi, 2.0 * np.pi, 61)  # left base, apex, right base
    knots = np.stack([25.0 * np.cos(turn), 80.0 + 70.0 * np.sin(turn)], axis=1)
    height = -np.sin(turn)
    along = np.linspace(0.0, 2.0, 61)
    bulge = np.where(along < 1.0, np.sin(np.pi * np.clip(along, 0.0, 1.0)) ** 2, 0.0)
    moved = np.repeat(knots[None], len(TIME_S), axis=0)
    moved[:, :, 0] += flash_mm[:, None] * bulge - swing_mm[:, None] * height
    return moved if shift_mm is None else moved + shift_mm[:, None, :]


def four_chamber(
    knots: FloatArray, events: CardiacEvents = EVENTS, segments: tuple[int, ...] = FOUR_CHAMBER
) -> StrainView:
    return StrainView(
        name="4CH",
        segments=segments,
        time_s=TIME_S,
        strain_pct=np.zeros((6, len(TIME_S))),
        rr_s=0.9,
        events=events,
        knots_mm=knots,
    )


def test_prescribed_flash() -> None:
    found = septal_flash(TIME_S, wave(3.0, 0.09) - wave(3.0, 0.09)[0], avo_s=AVO_S, avc_s=AVC_S)
    assert found.inward_mm == pytest.approx(2.76, abs=0.1)  # 3 mm less 0.24 mm already reached at time 0
    assert found.peak_s == pytest.approx(0.09, abs=0.015)
    assert found.rebound_share == pytest.approx(1.0, abs=0.15)
    assert found.noise_mm is None  # nothing lies above the harmonics
    assert septal_flash(TIME_S, 0.3 * wave(3.0, 0.09), avo_s=AVO_S, avc_s=AVC_S).flash is False  # below 1 mm
    assert found.flash is None


def test_flag_needs_rebound_and_two_sigma() -> None:
    clean = wave(3.0, 0.09)
    assert septal_flash(TIME_S, clean, avo_s=AVO_S, avc_s=AVC_S, noise_mm=0.5).flash is True
    assert septal_flash(TIME_S, clean, avo_s=AVO_S, avc_s=AVC_S, noise_mm=2.0).flash is False
    ejection = wave(6.0, 0.35, 0.10)  # normal septum: moves inward until the end of systole
    found = septal_flash(TIME_S, ejection, avo_s=AVO_S, avc_s=AVC_S, noise_mm=0.1)
    assert found.rebound_share < 0.5
    assert found.flash is False
    half = np.where(TIME_S < 0.09, wave(3.0, 0.09), 1.8 + wave(1.2, 0.09))  # springs back by 40 % only
    assert septal_flash(TIME_S, half, avo_s=AVO_S, avc_s=AVC_S, noise_mm=0.1, harmonics=None).flash is False


def test_noise_alone_seldom_makes_a_flash() -> None:
    generator = np.random.default_rng(8)
    flags = [
        septal_flash(TIME_S, 0.3 * generator.standard_normal(60), avo_s=AVO_S, avc_s=AVC_S).flash for _ in range(200)
    ]
    assert np.mean([flag is True for flag in flags]) < 0.05


def test_chord_takes_out_the_motion_of_the_heart() -> None:
    shift = np.stack([wave(5.0, 0.3, 0.1), wave(-3.0, 0.2, 0.1)], axis=1)
    angle = wave(0.2, 0.3, 0.1)
    turn = np.stack([np.stack([np.cos(angle), -np.sin(angle)], -1), np.stack([np.sin(angle), np.cos(angle)], -1)], -2)
    flash = wave(2.0, 0.09)
    point = np.stack([-20.0 + flash, np.zeros(60)], axis=1)
    chord = np.repeat(np.array([[[-15.0, 18.0], [-15.0, -18.0]]]), 60, axis=0)
    moved_point = np.einsum("tij,tj->ti", turn, point) + shift
    moved_chord = np.einsum("tij,tkj->tki", turn, chord) + shift[:, None]
    inward = displacement_from_chord(moved_point, moved_chord, np.zeros(2))
    np.testing.assert_allclose(inward, flash - flash[0], atol=1e-9)
    np.testing.assert_allclose(
        displacement_from_chord(moved_point, moved_chord[:, ::-1], np.zeros(2)), inward, atol=1e-9
    )
    assert np.abs(displacement_along_normal(moved_point, np.array([2.0, 0.0])) - inward).max() > 1.0
    with pytest.raises(MeasurementError, match="fall together"):
        displacement_from_chord(moved_point, np.zeros((60, 2, 2)), np.ones(2))
    with pytest.raises(MeasurementError, match="lies on the chord"):
        displacement_from_chord(point, chord, np.array([-15.0, 0.0]))


def test_prescribed_rocking() -> None:
    swing = wave(4.0, 0.12) - wave(7.0, 0.30, 0.05)  # 4 mm to the septum, then to 7 mm on the other side
    knots = apical_contour(np.zeros(60), swing, np.stack([wave(5.0, 0.3, 0.1)] * 2, axis=1))
    base = (knots[:, 0] + knots[:, -1]) / 2.0
    apex = knots[:, apex_knot(knots)]
    assert apex_knot(knots) == 30
    found = apical_rocking(TIME_S, base, apex, knots[0, 0], avo_s=AVO_S, avc_s=AVC_S, noise_mm=0.2)
    assert found.septal_mm == pytest.approx(4.0, abs=0.15)
    assert found.lateral_mm == pytest.approx(11.0, abs=0.3)
    assert found.rocking_mm == pytest.approx(15.0, abs=0.4)
    assert found.rocking is True
    mirrored = knots * np.array([-1.0, 1.0])
    base, apex = (mirrored[:, 0] + mirrored[:, -1]) / 2.0, mirrored[:, 30]
    same = apical_rocking(TIME_S, base, apex, mirrored[0, 0], avo_s=AVO_S, avc_s=AVC_S, noise_mm=0.2)
    assert same.rocking_mm == pytest.approx(found.rocking_mm)
    still = apical_rocking(TIME_S, base, base + np.array([0.0, -70.0]), mirrored[0, 0], avo_s=AVO_S, avc_s=AVC_S)
    assert (still.rocking_mm, still.rocking) == (0.0, False)


def test_view_gives_flash_and_rocking_with_their_notes() -> None:
    knots = apical_contour(wave(3.0, 0.10), np.zeros(60)) + 0.15 * np.random.default_rng(2).standard_normal((60, 61, 2))
    flash = septal_flash_of_view(four_chamber(knots), "aha18")
    assert flash.value == pytest.approx(2.7, abs=0.3)
    assert flash.flag is True
    assert flash.segments == (3, 9, 15)
    assert flash.noise_floor == pytest.approx(0.3, abs=0.1)
    assert "septal strain then 0.0 %" in flash.notes[0]
    assert any(value.verified and "45.2" in value.statement for value in flash.published)
    rocking = apical_rocking_of_view(four_chamber(knots), "aha18")
    assert rocking.flag is False
    # The same loop with the knots listed from the lateral base: the septum is then at the end.
    turned = septal_flash_of_view(four_chamber(knots[:, ::-1], segments=FOUR_CHAMBER[::-1]), "aha18")
    assert turned.value == pytest.approx(flash.value, abs=0.05)


def test_synchronous_view_has_neither() -> None:
    contraction = wave(5.0, 0.36, 0.1)
    knots = apical_contour(contraction, np.zeros(60)) + 0.15 * np.random.default_rng(2).standard_normal((60, 61, 2))
    study = StrainStudy(
        file="x", format="x", sha256="", views=(four_chamber(knots),), model="aha18", strain_type="longitudinal"
    )
    flash, rocking = contour_sign_indices(study)
    assert (flash.flag, rocking.flag) == (False, False)


def test_what_is_missing_is_absent_with_a_reason() -> None:
    knots = apical_contour(np.zeros(60), np.zeros(60))
    assert septal_flash_of_view(four_chamber(knots, CardiacEvents(avo_s=0.1)), "aha18").absent == "needs AVC"
    assert "contour points" in (contour_sign_indices(None)[0].absent or "")
    two_chamber = four_chamber(knots, segments=(4, 10, 16, 13, 7, 1))
    study = StrainStudy(
        file="x", format="x", sha256="", views=(two_chamber,), model="aha18", strain_type="longitudinal"
    )
    assert [index.absent for index in contour_sign_indices(study)] == [
        "no view with contour points shows the septum"
    ] * 2
    early_close = CardiacEvents(avo_s=0.1, avc_s=0.12)
    assert "AVC must follow" in (septal_flash_of_view(four_chamber(knots, early_close), "aha18").absent or "")
    with pytest.raises(MeasurementError, match="fall together"):
        apical_rocking(TIME_S, knots[:, 0], knots[:, 0], knots[0, 0], avo_s=AVO_S, avc_s=AVC_S)


EVENT_FRAMES = {  # from the table beside the loops; frames count from 1: QRS, MVC, AVO, AVC, MVO, next QRS
    "SUB_0014/SUB_0014_POST_SAX.CSV": "36,39,44,74,89,121",
    "SUB_0015/SUB_0015_POST_SAX.CSV": "31,34,38,65,74,105",
    "VOL_0001/VOL_0001_OFF_4CH.CSV": "13,14,17,28,31,44",
    "VOL_0002/VOL_0002_OFF_4CH.CSV": "27,29,33,53,57,109",
}


@pytest.mark.parametrize(
    ("name", "inward_mm", "flash"),
    list(zip(EVENT_FRAMES, (1.88, 1.29, 0.0, 0.0), (True, True, False, False), strict=True)),
)
def test_real_loops(
    name: str, inward_mm: float, flash: bool, shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    # Two patients in short axis and two volunteers in the four-chamber view. There is no second reading: this pins what
    # was found and looked at, it does not prove it.
    from resynchro.formats.strain_file import read_strain

    events = tmp_path / "events.csv"
    header = "qrs_on_frame,mvc_frame,avo_frame,avc_frame,mvo_frame,qrs_next_frame"
    events.write_text(f"{header}\n{EVENT_FRAMES[name]}\n")
    study = read_strain([shared_data(f"strain/echopac_fulltrace/Data/{name}")], events_file=events)
    found, rocking = contour_sign_indices(study)
    assert found.value == pytest.approx(inward_mm, abs=0.1)
    assert found.flag is flash
    assert rocking.flag is (None if "SAX" in name else False)
