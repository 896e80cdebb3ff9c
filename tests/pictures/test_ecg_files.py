"""The pictures of a recording get names that no other recording takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from resynchro.ecg.measurement import EcgMeasurement
from resynchro.errors import InputError
from resynchro.pictures.ecg_files import picture_name, write_ecg_pictures


def _of(measurement: EcgMeasurement, file: str, sha256: str) -> EcgMeasurement:
    source = replace(measurement.record.source, file=file, sha256=sha256)
    return replace(measurement, record=replace(measurement.record, source=source))


def test_all_pictures_are_written_as_svg_and_png(lbbb: EcgMeasurement, tmp_path: Path) -> None:
    one = _of(lbbb, "visit1/ecg.xml", "0123456789abcdef")
    written = write_ecg_pictures(one, tmp_path / "pictures")
    assert [path.name for path in written] == [
        f"ecg-01234567_{what}.{ending}" for what in ("ecg", "beats", "butterfly", "loop") for ending in ("svg", "png")
    ]
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == sorted(path.name for path in written)
    for path in written:
        assert path.read_bytes().startswith(b"<svg" if path.suffix == ".svg" else b"\x89PNG")


def test_recordings_of_one_name_do_not_overwrite_each_other(lbbb: EcgMeasurement) -> None:
    first, second = _of(lbbb, "a/ecg.xml", "00" * 32), _of(lbbb, "b/ecg.xml", "ff" * 32)
    assert picture_name(first) != picture_name(second)
    assert picture_name(first) == picture_name(_of(lbbb, "elsewhere/ecg.xml", "00" * 32))


@pytest.mark.parametrize(
    ("file", "name"),
    [("../../..", "ecg"), ("x/…", "ecg"), ("a b$c/d e.dcm", "d_e"), ("n" * 300 + ".xml", "n" * 80), (".xml", "xml")],
)
def test_names_are_safe(lbbb: EcgMeasurement, file: str, name: str) -> None:
    assert picture_name(_of(lbbb, file, "ab" * 32)) == f"{name}-abababab"


def test_untrusted_voltages_have_no_loop(untrusted: EcgMeasurement, tmp_path: Path) -> None:
    assert not any("_loop" in path.name for path in write_ecg_pictures(untrusted, tmp_path))


def test_a_folder_that_cannot_be_made_is_an_input_error(lbbb: EcgMeasurement, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_ecg_pictures(lbbb, tmp_path / "file")
