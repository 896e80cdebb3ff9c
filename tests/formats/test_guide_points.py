"""Guide points: clouds of labelled points become contours in slices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resynchro.errors import InputError
from resynchro.formats.guide_points import read_guide_points
from resynchro.formats.point_curves import closed_from_arcs
from resynchro.imaging.mask_contours import polygon_area_mm2

_HEAD = "x\ty\tz\tcontour type\tsliceID\tweight\ttime frame\n"


def write_points(folder: Path, *, frames: int = 2, stamp: int | None = None) -> Path:
    """Write circles of 20 and 28 mm in three axial slices 10 mm apart, apex below; 1 mm pixels from (-60, -60, z)."""
    folder.mkdir(parents=True, exist_ok=True)
    info = "".join(
        f"uid{n}\tsliceID: \t{n}\tImagePositionPatient\t-60\t-60\t{-10 * n}\t"
        "ImageOrientationPatient\t1\t0\t0\t0\t1\t0\tPixelSpacing\t1\t1\n"
        for n in range(3)
    )
    (folder / "SliceInfoFile.txt").write_text(info)
    rng = np.random.default_rng(0)
    for frame in range(frames):
        rows = []
        for n in range(3):
            for kind, radius in (("SAX_LV_ENDOCARDIAL", 20 - 2 * frame), ("SAX_LV_EPICARDIAL", 28)):
                for angle in rng.permutation(np.linspace(0, 2 * np.pi, 40, endpoint=False)):
                    rows.append((radius * np.cos(angle), radius * np.sin(angle), -10.0 * n, kind, n))
            for x, y in ((-20, -19.6), (-20, 19.6)):  # on the epicardium, right of the patient, front and back
                rows.append((x, y, -10.0 * n, "RV_INSERT", n))
            for y in np.linspace(-19, 19, 12):
                rows.append((-np.sqrt(28**2 - y**2), y, -10.0 * n, "SAX_RV_SEPTUM", n))
                rows.append((-np.sqrt(28**2 - y**2) - 15 * np.cos(y / 19 * 1.4), y, -10.0 * n, "SAX_RV_FREEWALL", n))
        rows += [(15, 0, 5, "MITRAL_VALVE", 0), (-15, 0, 5, "MITRAL_VALVE", 0), (0, 0, -60, "APEX_POINT", 0)]
        lines = [
            f"{x:.4f}\t{y:.4f}\t{z:.4f}\t{kind}\t{n}\t1.0\t{frame if stamp is None else stamp}\n"
            for x, y, z, kind, n in rows
        ]
        (folder / f"GPFile_{frame:03d}.txt").write_text(_HEAD + "".join(lines))
    return folder


def test_points_become_contours(tmp_path: Path) -> None:
    stack = read_guide_points(write_points(tmp_path))
    assert len(stack.slices) == 3 and stack.frame_numbers == (0, 1) and stack.findings == ()
    item = stack.slices[0]
    # A polygon of 40 points on a circle has 0.9959 of its area.
    assert polygon_area_mm2(item.endo[0], item.geometry) == pytest.approx(0.9959 * np.pi * 400, rel=1e-3)
    assert polygon_area_mm2(item.endo[1], item.geometry) == pytest.approx(0.9959 * np.pi * 18**2, rel=1e-3)
    np.testing.assert_allclose(stack.apex_mm[0], [0, 0, -60])
    assert stack.base_points_mm[0].shape == (2, 3)


def test_the_anterior_insertion_is_the_front_one(tmp_path: Path) -> None:
    """LPS: the front has the smaller y; pixel rows count y from -60."""
    stack = read_guide_points(write_points(tmp_path))
    for item in stack.slices:
        np.testing.assert_allclose(item.anterior_insertion, [60 - 19.6, 40.0], atol=1e-6)
        np.testing.assert_allclose(item.inferior_insertion, [60 + 19.6, 40.0], atol=1e-6)


def test_without_marks_the_ends_of_the_septum_are_the_insertions(tmp_path: Path) -> None:
    write_points(tmp_path)
    for file in tmp_path.glob("GP*"):
        file.write_text("".join(line for line in file.read_text().splitlines(True) if "RV_INSERT" not in line))
    stack = read_guide_points(tmp_path)
    np.testing.assert_allclose(stack.slices[0].anterior_insertion[0], 60 - 19, atol=1e-6)


def test_stamps_of_another_frame_are_a_finding_and_copies_are_left_out(tmp_path: Path) -> None:
    stack = read_guide_points(write_points(tmp_path / "a", stamp=7))
    assert {finding.code for finding in stack.findings} == {"frame-stamps"}
    write_points(tmp_path / "b")
    first, second = tmp_path / "b" / "GPFile_000.txt", tmp_path / "b" / "GPFile_001.txt"
    first.write_text(first.read_text() + second.read_text())
    both = read_guide_points(tmp_path / "b")
    assert both.findings == ()
    assert len(both.slices[0].endo[0]) == 40


def test_arcs_meet_at_their_ends() -> None:
    angle = np.linspace(-1.2, 1.2, 30)
    septum = np.column_stack([np.cos(angle), np.sin(angle)]) * 10
    free = np.column_stack([18 * np.cos(angle * 0.9) - 3, 11 * np.sin(angle)])
    rng = np.random.default_rng(3)
    polygon = closed_from_arcs(rng.permutation(free), rng.permutation(septum))
    assert polygon is not None
    steps = np.linalg.norm(np.diff(np.vstack([polygon, polygon[:1]]), axis=0), axis=1)
    assert steps.max() < 6.0  # no jump across


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("SliceInfoFile.txt", lambda text: text.replace("PixelSpacing", "Spacing"), "lacks"),
        ("SliceInfoFile.txt", lambda text: text.replace("\t-60\t", "\tx\t"), "number is needed"),
        ("SliceInfoFile.txt", lambda text: text.replace("-20\tImage", "30\tImage"), "plane of their slice"),
        ("SliceInfoFile.txt", lambda text: "\n".join(text.splitlines()[:2]), "missing in"),
        ("GPFile_000.txt", lambda text: text.replace("\t1.0\t", "\t"), "columns"),
        ("GPFile_000.txt", lambda text: text.replace("SAX_LV", "SAX"), "no short-axis contour"),
        ("GPFile_000.txt", lambda text: text.replace("20.0000", "nan"), "no numbers"),
    ],
)
def test_damage_is_an_input_error(tmp_path: Path, file: str, change, message: str) -> None:
    write_points(tmp_path, frames=1)
    (tmp_path / file).write_text(change((tmp_path / file).read_text()))
    with pytest.raises(InputError, match=message):
        read_guide_points(tmp_path)


def test_what_is_no_folder_of_points(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        read_guide_points(tmp_path / "absent")
    with pytest.raises(InputError, match="holds 0 files"):
        read_guide_points(tmp_path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_mutated_files_end_in_an_input_error_or_contours(tmp_path: Path, seed: int) -> None:
    write_points(tmp_path, frames=1)
    rng = np.random.default_rng(seed)
    file = tmp_path / ("GPFile_000.txt" if seed % 2 else "SliceInfoFile.txt")
    content = bytearray(file.read_bytes())
    for place in rng.integers(0, len(content), size=3):
        content[place] = int(rng.integers(0, 256))
    file.write_bytes(bytes(content))
    try:
        stack = read_guide_points(tmp_path)
    except InputError:
        return
    assert all(np.isfinite(line).all() for item in stack.slices for line in (*item.endo, *item.epi) if line is not None)


def test_biv_me_example(shared_data) -> None:
    stack = read_guide_points(shared_data("mri/biv-me/example/guidepoints/default/patient1"))
    assert len(stack.slices) == 5 and stack.frame_numbers == tuple(range(25))
    # Every file stamps the three-chamber view with frame 1.
    assert {finding.code for finding in stack.findings} == {"frame-stamps"}
    for item in stack.slices:
        assert item.anterior_insertion is not None
        front, back = (
            item.geometry.to_patient(point[0], point[1]) for point in (item.anterior_insertion, item.inferior_insertion)
        )
        assert front[1] < back[1] and front[2] > back[2]  # further to the front and higher
