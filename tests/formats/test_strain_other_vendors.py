"""cvi42, Segment and TomTec: files written here after what is known of their layout, and damaged ones."""

from __future__ import annotations

import contextlib
import io
import random
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from resynchro.errors import InputError
from resynchro.formats.cvi42_strain import is_cvi42_strain, read_cvi42_strain
from resynchro.formats.mat5 import mat_variable
from resynchro.formats.segment_mat import is_segment_mat, read_segment_mat
from resynchro.formats.tomtec_strain import is_tomtec_strain, read_tomtec_strain
from resynchro.record.strain import StrainStudy

FRAMES = 25


def cvi42(kind: str = "Circumferential", segments: int = 16) -> str:
    """Write a report; segment s has the value -s/10 x frame."""
    lines = ["Patient Name\tDOE", "", f"Left Ventricle\tAHA Diagram Data - 2D Short Axis Results -  {kind} Strain (%)"]
    lines.append("AHA Segment\t" + "\t".join(f"{36 * frame}" for frame in range(FRAMES)))
    for segment in range(1, segments + 1):
        lines.append(f"{segment}\t" + "\t".join(f"{-0.1 * segment * frame:.3f}" for frame in range(FRAMES)))
    return "\n".join([*lines, "", "Global and ROI Diagram Data - 2D Short Axis Results", ""])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_cvi42_table_is_read(encoding: str) -> None:
    content = cvi42().encode(encoding)
    assert is_cvi42_strain(content)
    study = read_cvi42_strain(content, rr_s=0.9)
    (view,) = study.views
    assert (study.model, study.strain_type, study.modality) == ("aha16", "circumferential", "cmr")
    assert view.segments == tuple(range(1, 17))
    assert view.time_s[10] == pytest.approx(0.36)
    assert view.strain_pct[4, 10] == pytest.approx(-5.0)  # segment 5: -0.5 x 10
    assert {"format-untried", "kind-assumed"} <= {finding.code for finding in study.findings}
    assert "DOE" not in repr(study)


def test_cvi42_prefers_circumferential_and_names_what_it_left() -> None:
    study = read_cvi42_strain((cvi42("Radial") + cvi42()).encode(), rr_s=0.9)
    assert study.strain_type == "circumferential"
    assert any("Radial" in finding.message for finding in study.findings if finding.code == "tables-not-read")


@pytest.mark.parametrize(
    ("text", "rr_s", "words"),
    [
        (cvi42(), None, "holds no beat length"),
        (cvi42().replace("3\t-0.000", "3\t-0.000\t0.1"), 0.9, "segment 3 has 26 cells for 25 times"),
        (cvi42().replace("\n3\t", "\n2\t"), 0.9, "segment 2 is there twice"),
        (cvi42(segments=0), 0.9, "no segment rows"),
        (cvi42().replace("AHA Segment\t", "AHA Segment\n"), 0.4, None),
    ],
)
def test_wrong_cvi42_reports_are_refused(text: str, rr_s: float | None, words: str | None) -> None:
    if words is None:  # a beat of 0.4 s keeps 12 of the 25 frames
        assert len(read_cvi42_strain(text.encode(), rr_s=rr_s).views[0].time_s) == 12
        return
    with pytest.raises(InputError) as caught:
        read_cvi42_strain(text.encode(), rr_s=rr_s)
    assert words in str(caught.value)


def tomtec(separator: str = "\t") -> str:
    """Write 12 points; points 2k and 2k + 1 reach -10 (k + 1) percent half-way through the beat of 1 s."""
    equals = "=" if separator == "\t" else ","
    lines = [
        f"Bpm{equals}60",
        "",
        "FrameTime",
        separator.join(["40"] * 25),
        "",
        "StrainRate [1/s]",
        "9\t9",
        "",
        "Strain [%]",
    ]
    for point in range(12):
        peak = -10.0 * (point // 2 + 1)
        lines.append(separator.join(f"{peak * np.sin(np.pi * frame / 25):.4f}" for frame in range(25)))
    return "\n".join([*lines, "", "RadialStrain [%]", separator.join(["0"] * 25), ""])


@pytest.mark.parametrize("separator", ["\t", ","])
def test_tomtec_blocks_are_read(separator: str) -> None:
    content = tomtec(separator).encode()
    assert is_tomtec_strain(content)
    study = read_tomtec_strain(content, view="4CH")
    (view,) = study.views
    assert view.segments == (3, 9, 15, 18, 12, 6)
    assert view.rr_s == 1.0
    assert view.time_s[3] == pytest.approx(0.12)
    peaks = view.strain_pct[:, 12]
    assert peaks == pytest.approx([-10.0 * (k + 1) * np.sin(np.pi * 12 / 25) for k in range(6)], abs=1e-3)


@pytest.mark.parametrize(
    ("text", "view", "words"),
    [
        (tomtec(), None, "does not say its view"),
        (tomtec().replace("Bpm=60", "Bpm=6"), "4CH", "heart rate Bpm is 6"),
        (tomtec().replace("Bpm=60", ""), "4CH", "heart rate Bpm is missing"),
        (tomtec().replace("40\t40", "40", 1), "4CH", "no times for 25 frames"),
        (tomtec().replace("Strain [%]\n", "Strain [%]\n1\t2\n", 1), "4CH", "differ in length"),
    ],
)
def test_wrong_tomtec_files_are_refused(text: str, view: str | None, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_tomtec_strain(text.encode(), view=view)
    assert words in str(caught.value)


def segment_mat(compressed: bool = False, **changed: Any) -> bytes:
    """Write a setstruct with an anatomical stack and one with feature tracking in two slices."""
    frames = 30
    shape = np.sin(np.pi * np.arange(frames) / frames)
    circ = -shape[:, None, None] * np.array([10, 11, 12, 13, 14, 15.0])[None, :, None] * np.array([1.0, 0.5])
    point = {
        "X": [1.0],
        "Y": [1.0],
        "T": np.array([[4.0, 13.0]]),
        "Z": [1.0],
        "Label": np.array(["AVO", "AVC"], object),
    }
    stack: dict[str, Any] = {
        "ImageType": "Feature tracking",
        "ImageViewPlane": "Short-axis",
        "TimeVector": np.arange(frames) * 0.03,
        "HeartRate": 66.0,
        "Point": point,
        "StrainTagging": {"segmentcirc": circ, "saslices": np.array(["basal", "mid"], object)},
    }
    stack.update(changed)
    other = {
        **stack,
        "ImageType": "General",
        "StrainTagging": np.zeros((0, 0)),
        "Point": {**point, "T": [], "Label": []},
    }
    stacks = np.empty(2, dtype=object)
    stacks[:] = [other, stack]
    struct_array = np.zeros((1, 2), dtype=[(name, object) for name in stack])
    for number, one in enumerate(stacks):
        for name, value in one.items():
            struct_array[0, number][name] = value
    stream = io.BytesIO()
    savemat(stream, {"setstruct": struct_array}, do_compression=compressed)
    return stream.getvalue()


@pytest.mark.parametrize("compressed", [False, True])
def test_segment_files_are_read(compressed: bool) -> None:
    content = segment_mat(compressed)
    assert is_segment_mat(content)
    study = read_segment_mat(content)
    assert [view.name for view in study.views] == ["SAX basal", "SAX mid"]
    assert study.views[0].segments == (1, 2, 3, 4, 5, 6)
    assert study.views[1].segments == (7, 8, 9, 10, 11, 12)
    assert study.views[0].strain_pct[4, 15] == pytest.approx(-14.0)  # basal inferolateral at its peak
    assert study.views[1].strain_pct[4, 15] == pytest.approx(-7.0)
    assert study.views[0].rr_s == pytest.approx(60 / 66)
    # Frames 4 and 13, counted from 1, of 30 ms.
    assert study.views[0].events.avo_s == pytest.approx(0.09)
    assert study.views[0].events.avc_s == pytest.approx(0.36)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: segment_mat(ImageViewPlane="2CH"), "0 stacks with feature tracking"),
        (lambda: segment_mat(HeartRate=0.0), "no plausible heart rate"),
        (lambda: segment_mat(TimeVector=np.arange(29) * 0.03), "29 frames x 6 x slices is needed"),
        (lambda: segment_mat(StrainTagging={"saslices": "basal"}), "segmentcirc is missing"),
        (lambda: b"MATLAB 7.3 MAT-file, Platform: GLNXA64" + b" " * 200, "save it with the option -v7"),
        (lambda: segment_mat()[:130], "header of the MATLAB file is cut off"),
        (lambda: segment_mat()[:900], "cut off"),
        (lambda: segment_mat().replace(b"setstruct", b"setgtruct"), "no variable setstruct"),
    ],
)
def test_wrong_segment_files_are_refused(make: Callable[[], bytes], words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_segment_mat(make())
    assert words in str(caught.value)


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resynchro.formats.mat5.MOST_UNPACKED", 1024 * 1024)
    packed = zlib.compress(bytes(8 * 1024 * 1024), 9)
    content = segment_mat()[:128] + struct.pack("<II", 15, len(packed)) + packed
    with pytest.raises(InputError, match="unpacks to more than 1 MiB"):
        read_segment_mat(content)


def test_nested_cells_are_bounded() -> None:
    content = b""
    for depth in range(60):
        name = struct.pack("<HH", 1, 1) + b"v\0\0\0" if depth == 59 else struct.pack("<II", 1, 0)
        parts = struct.pack("<IIII", 6, 8, 1, 0) + struct.pack("<IIii", 5, 8, 1, 1) + name + content
        content = struct.pack("<II", 14, len(parts)) + parts
    with pytest.raises(InputError, match="nests deeper than 24 levels"):
        mat_variable(segment_mat()[:128] + content, "v")


@pytest.mark.parametrize("compressed", [False, True])
def test_the_mat_reader_agrees_with_scipy_on_whole_files(compressed: bool) -> None:
    values = {
        "numbers": np.arange(24.0).reshape(2, 3, 4),
        "bytes": np.array([[1, 200]], dtype=np.uint8),
        "text": "Short-axis \u00e4",
        "cell": np.array(["a", np.array([[1.5]])], dtype=object),
        "single": np.float32(0.1),
    }
    stream = io.BytesIO()
    savemat(stream, values, do_compression=compressed)
    content = stream.getvalue()
    assert np.array_equal(mat_variable(content, "numbers"), values["numbers"])
    assert mat_variable(content, "bytes").tolist() == [[1, 200]]
    assert mat_variable(content, "text") == "Short-axis \u00e4"
    assert mat_variable(content, "cell")[0] == "a"
    assert mat_variable(content, "cell")[1].tolist() == [[1.5]]
    assert mat_variable(content, "single")[0, 0] == np.float32(0.1)


@pytest.mark.parametrize(
    ("content", "reader"),
    [
        (cvi42().encode(), lambda content: read_cvi42_strain(content, rr_s=0.9)),
        (tomtec().encode(), lambda content: read_tomtec_strain(content, view="2CH")),
        (segment_mat(), read_segment_mat),
        (segment_mat(True), read_segment_mat),
    ],
    ids=["cvi42", "tomtec", "segment", "segment-compressed"],
)
def test_mutated_files_raise_input_errors_only(content: bytes, reader: Callable[[bytes], StrainStudy]) -> None:
    chance = random.Random(11)
    for _ in range(150):
        mutated = bytearray(content)
        for _ in range(chance.randint(1, 5)):
            mutated[chance.randrange(len(mutated))] = chance.randrange(256)
        with contextlib.suppress(InputError):
            assert all(np.isfinite(view.strain_pct).all() for view in reader(bytes(mutated)).views)
