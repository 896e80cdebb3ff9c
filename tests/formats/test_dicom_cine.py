"""Cine MRI as DICOM: put together by place and time, and everything that is missing said or refused."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit, JPEGLSLossless, RLELossless

from resynchro.errors import InputError
from resynchro.formats.image_stack import read_image_stacks
from resynchro.record.plain import plain


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


w = _load("cine_writer")


def _codes(stack) -> set[str]:
    return {finding.code for finding in stack.findings}


@pytest.mark.parametrize("one_series", [True, False])
def test_slices_are_found_by_position_whatever_series_and_file_names_say(tmp_path: Path, one_series: bool) -> None:
    (stack,) = read_image_stacks(w.write_cine(tmp_path, one_series=one_series))
    assert stack.plane == "SAX" and len(stack.slices) == 4 and stack.findings == ()
    for number, item in enumerate(stack.slices):
        np.testing.assert_array_equal(item.frames, w.disc_frames(seed=number).astype(np.float32))
        np.testing.assert_allclose(item.geometry.origin_mm, w.ORIGIN + 8.0 * number * w.NORMAL, atol=1e-3)
    # RR is the number of frames times the median step, slice by slice
    assert [round(1000 * item.rr_s) for item in stack.slices] == [800, 820, 790, 810]
    assert all(item.covers_cycle for item in stack.slices)


def test_geometry_places_pixels_as_dicom_says(tmp_path: Path) -> None:
    (stack,) = read_image_stacks(w.write_cine(tmp_path))
    # PixelSpacing is row spacing, column spacing: row 2 is 3 mm along the second direction, column 4 is 5 mm along the
    # first one.
    place = stack.slices[0].geometry.to_patient(np.array(2.0), np.array(4.0))
    np.testing.assert_allclose(place, w.ORIGIN + 2 * 1.5 * w.ROW + 4 * 1.25 * w.COLUMN, atol=1e-3)


def test_reversed_normal_still_orders_along_the_normal(tmp_path: Path) -> None:
    (stack,) = read_image_stacks(w.write_cine(tmp_path, ImageOrientationPatient=[*(-w.COLUMN), *w.ROW]))
    along = [float(item.geometry.origin_mm @ stack.slices[0].geometry.normal) for item in stack.slices]
    assert along == sorted(along)


def test_rounded_positions_and_directions_are_the_same(tmp_path: Path) -> None:
    w.write_cine(tmp_path)
    pixels = w.disc_frames(9)[8]
    w.write_frame(
        tmp_path / "late",
        pixels,
        SeriesInstanceUID="1.2.3.1",
        ImagePositionPatient=[float(v) + 0.0004 for v in w.ORIGIN],
        ImageOrientationPatient=[*(w.COLUMN + 0.0002), *w.ROW],
        TriggerTime="799",
        InstanceNumber=9,
    )
    stacks = read_image_stacks(tmp_path)
    assert len(stacks) == 1
    assert "unequal-frame-counts" in _codes(stacks[0]) and len(stacks[0].slices) == 3


def test_prospective_gating_is_not_periodic(tmp_path: Path) -> None:
    (stack,) = read_image_stacks(w.write_cine(tmp_path, coverage=0.85))
    assert "part-of-cycle" in _codes(stack)
    assert not any(item.covers_cycle for item in stack.slices)
    assert stack.slices[0].rr_s == pytest.approx(0.8)  # the scanner's interval, not the span of the frames


def test_frames_longer_than_the_stated_interval_are_said(tmp_path: Path) -> None:
    (stack,) = read_image_stacks(w.write_cine(tmp_path, NominalInterval=600))
    assert "rr-mismatch" in _codes(stack)


def test_heart_rate_stands_in_for_the_interval(tmp_path: Path) -> None:
    (stack,) = read_image_stacks(w.write_cine(tmp_path, coverage=0.8, leave_out=("NominalInterval",), HeartRate=75))
    assert stack.slices[0].rr_s == pytest.approx(0.8)  # 60000/75 = 800 ms
    (stack,) = read_image_stacks(w.write_cine(tmp_path / "none", leave_out=("NominalInterval",)))
    assert "rr-unchecked" in _codes(stack)


def test_without_times_the_instance_number_orders_and_the_interval_spreads(tmp_path: Path) -> None:
    (stack,) = read_image_stacks(w.write_cine(tmp_path, leave_out=("TriggerTime",)))
    assert "times-assumed" in _codes(stack)
    np.testing.assert_array_equal(stack.slices[0].frames, w.disc_frames(seed=0).astype(np.float32))
    np.testing.assert_allclose(stack.slices[0].time_s, 0.1 * np.arange(8))  # 800 ms in 8 frames


def test_without_any_time_the_interval_must_be_given(tmp_path: Path) -> None:
    w.write_cine(tmp_path, leave_out=("TriggerTime", "NominalInterval"))
    with pytest.raises(InputError, match="--rr-ms"):
        read_image_stacks(tmp_path)
    assert read_image_stacks(tmp_path, rr_ms=900.0)[0].slices[0].rr_s == pytest.approx(0.9)
    with pytest.raises(InputError, match="seconds"):
        read_image_stacks(tmp_path, rr_ms=0.9)


def test_a_missing_slice_and_a_missing_file_are_said(tmp_path: Path) -> None:
    w.write_cine(tmp_path, slices=5)
    for file in tmp_path.iterdir():
        import pydicom

        position = pydicom.dcmread(file).ImagePositionPatient
        if np.allclose(position, w.ORIGIN + 2 * 8.0 * w.NORMAL, atol=0.01):
            file.unlink()
    (stack,) = read_image_stacks(tmp_path)
    assert len(stack.slices) == 4 and "slice-gap" in _codes(stack)
    next(tmp_path.iterdir()).unlink()
    (stack,) = read_image_stacks(tmp_path)
    assert len(stack.slices) == 3 and "unequal-frame-counts" in _codes(stack)


def test_a_slice_acquired_twice_uses_the_last_one(tmp_path: Path) -> None:
    w.write_cine(tmp_path, AcquisitionTime="100000")
    pixels = w.disc_frames(8, seed=99)
    for frame in range(8):
        w.write_frame(
            tmp_path / f"again{frame}",
            pixels[frame],
            SeriesInstanceUID="1.2.3.77",
            ImagePositionPatient=[float(v) for v in w.ORIGIN],
            TriggerTime=str(100.0 * frame),
            InstanceNumber=frame + 1,
            NominalInterval=800,
            AcquisitionTime="110000",
        )
    (stack,) = read_image_stacks(tmp_path)
    assert "repeated-slice" in _codes(stack)
    np.testing.assert_array_equal(stack.slices[0].frames, pixels.astype(np.float32))


def test_long_axis_and_still_images_are_stacks_of_their_own(tmp_path: Path) -> None:
    w.write_cine(tmp_path)
    for frame in range(8):
        w.write_frame(
            tmp_path / f"lax{frame}",
            w.disc_frames()[frame],
            SeriesInstanceUID="1.2.4",
            ImagePositionPatient=[0.0, 0.0, 0.0],
            ImageOrientationPatient=[0, 1, 0, 0, 0, -1],
            TriggerTime=str(100.0 * frame),
            NominalInterval=800,
        )
    for number in range(3):
        w.write_frame(
            tmp_path / f"lge{number}",
            w.disc_frames()[0],
            SeriesInstanceUID="1.2.5",
            InversionTime=300,
            ImagePositionPatient=[float(v) for v in w.ORIGIN + 8.0 * number * w.NORMAL],
        )
    stacks = read_image_stacks(tmp_path)
    assert [(stack.plane, len(stack.slices), len(stack.slices[0].time_s)) for stack in stacks] == [
        ("SAX", 4, 8),
        ("SAX", 3, 1),
        ("LAX", 1, 8),
    ]
    assert stacks[1].slices[0].rr_s is None


def test_enhanced_multi_frame_is_read_like_single_files(tmp_path: Path) -> None:
    (stack,) = read_image_stacks(w.write_enhanced(tmp_path / "enhanced.dcm"))
    assert len(stack.slices) == 3 and stack.findings == ()
    for number, item in enumerate(stack.slices):
        np.testing.assert_array_equal(item.frames, w.disc_frames(seed=number).astype(np.float32))
        assert item.rr_s == pytest.approx(0.8)


@pytest.mark.parametrize("keyword", ["PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient"])
def test_what_is_missing_is_named(tmp_path: Path, keyword: str) -> None:
    with pytest.raises(InputError, match=keyword):
        read_image_stacks(w.write_cine(tmp_path, slices=1, leave_out=(keyword,)))


def test_an_old_multi_frame_file_is_refused_with_the_reason(tmp_path: Path) -> None:
    file = w.write_frame(tmp_path / "old.dcm", w.disc_frames(), NumberOfFrames=8, leave_out=("PixelSpacing",))
    with pytest.raises(InputError, match="8 frames but states the place of 0"):
        read_image_stacks(file)


def test_rescaling_and_signed_pixels(tmp_path: Path) -> None:
    pixels = w.disc_frames()[0]
    file = w.write_frame(
        tmp_path / "one", pixels, ImagePositionPatient=[0.0, 0.0, 0.0], RescaleSlope="2", RescaleIntercept="-10"
    )
    np.testing.assert_allclose(read_image_stacks(file)[0].slices[0].frames[0], 2.0 * pixels - 10.0)


def test_identifiers_of_the_patient_do_not_pass(tmp_path: Path) -> None:
    (stack,) = read_image_stacks(w.write_cine(tmp_path))
    shown = json.dumps(plain({"findings": stack.findings, "names": [item.name for item in stack.slices]})) + repr(
        stack.sha256
    )
    assert "Secret" not in shown and "4711" not in shown


# ---------------------------------------------------------------- hostile and broken files


def test_a_claimed_size_is_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    file = w.write_frame(
        tmp_path / "bomb", w.disc_frames()[0], Rows=65535, Columns=65535, ImagePositionPatient=[0, 0, 0]
    )
    with pytest.raises(InputError, match="more than the"):
        read_image_stacks(file)


def test_a_compressed_frame_of_another_size_is_not_decoded(tmp_path: Path) -> None:
    # A JPEG head that claims 60000 x 60000 pixels behind a data set that states 32 x 40.
    head = b"\xff\xd8\xff\xc0\x00\x0b\x08" + (60000).to_bytes(2, "big") * 2 + b"\x01\x01\x11\x00\xff\xd9"
    for syntax in (JPEGBaseline8Bit, JPEGLSLossless):
        file = w.write_frame(
            tmp_path / f"bomb{syntax[-2:]}",
            w.disc_frames()[0],
            TransferSyntaxUID=syntax,
            ImagePositionPatient=[0, 0, 0],
            PixelData=encapsulate([head]),
        )
        with pytest.raises(InputError, match=r"60000 x 60000|no decoder"):
            read_image_stacks(file)


def test_run_length_encoding_is_read_and_damage_refused(tmp_path: Path) -> None:
    import pydicom

    file = w.write_frame(tmp_path / "rle", w.disc_frames()[0], ImagePositionPatient=[0, 0, 0])
    dataset = pydicom.dcmread(file)
    dataset.compress(RLELossless)
    dataset.save_as(file)
    np.testing.assert_array_equal(read_image_stacks(file)[0].slices[0].frames[0], w.disc_frames()[0])
    dataset.PixelData = encapsulate([b"\x81\xff" * 20_000])  # would swell to 2.5 MB
    dataset.save_as(file)
    with pytest.raises(InputError, match="not unpacked"):
        read_image_stacks(file)
    dataset.PixelData = encapsulate([b"\0" * 80])
    dataset.save_as(file)
    with pytest.raises(InputError, match="damaged"):
        read_image_stacks(file)


def test_a_screenshot_is_no_image(tmp_path: Path) -> None:
    file = w.write_frame(
        tmp_path / "shot",
        w.disc_frames()[0],
        SamplesPerPixel=3,
        PhotometricInterpretation="RGB",
        ImagePositionPatient=[0, 0, 0],
    )
    with pytest.raises(InputError, match="greyscale"):
        read_image_stacks(file)


def test_too_few_bytes(tmp_path: Path) -> None:
    file = w.write_frame(tmp_path / "cut", w.disc_frames()[0], PixelData=b"\0" * 100, ImagePositionPatient=[0, 0, 0])
    with pytest.raises(InputError, match="cut off"):
        read_image_stacks(file)


def test_some_bad_files_are_a_stated_loss(tmp_path: Path) -> None:
    w.write_cine(tmp_path)
    (tmp_path / "notes.txt").write_text("not an image")
    w.write_frame(tmp_path / "bad", w.disc_frames()[0], leave_out=("PixelSpacing",), ImagePositionPatient=[0, 0, 0])
    (stack,) = read_image_stacks(tmp_path)
    assert {"unreadable-images", "other-files"} <= _codes(stack) and len(stack.slices) == 4


def test_nothing_usable(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_image_stacks(tmp_path / "absent")
    (tmp_path / "notes.txt").write_text("not an image")
    with pytest.raises(InputError, match="no DICOM file"):
        read_image_stacks(tmp_path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_mutated_files_end_in_an_input_error_or_an_image(tmp_path: Path, seed: int) -> None:
    source = tmp_path / "source.dcm"
    if not source.exists():
        w.write_enhanced(source, slices=1, frames=3)
    content = bytearray(source.read_bytes())
    rng = np.random.default_rng(seed)
    head = len(content) - 3 * 32 * 40 * 2
    for place in rng.integers(0, head, size=int(rng.integers(1, 6))):
        content[place] = int(rng.integers(0, 256))
    if seed % 5 == 0:
        content = content[: int(rng.integers(1, len(content)))]
    file = tmp_path / "mutated.dcm"
    file.write_bytes(bytes(content))
    try:
        stacks = read_image_stacks(file)
    except InputError:
        return
    assert all(np.all(np.isfinite(item.frames)) for stack in stacks for item in stack.slices)


# ---------------------------------------------------------------- real data


def test_biv_me_patient(shared_data) -> None:
    stacks = read_image_stacks(shared_data("mri/biv-me/example/dicoms/patient1"))
    assert [(stack.plane, len(stack.slices)) for stack in stacks] == [("SAX", 6), ("LAX", 1)]
    spacing = np.diff([float(s.geometry.origin_mm @ stacks[0].slices[0].geometry.normal) for s in stacks[0].slices])
    np.testing.assert_allclose(spacing, 17.7, atol=0.05)
    # T x median step of TriggerTime equals NominalInterval of each file: 776 to 863 ms
    assert sorted(round(1000 * s.rr_s) for s in stacks[0].slices) == [776, 814, 829, 831, 860, 863]
    assert all(s.covers_cycle and s.frames.shape == (25, 208, 256) for s in stacks[0].slices)
