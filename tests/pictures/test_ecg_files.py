"""The pictures of a recording get names that no other recording takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from resynchro.ecg.measurement import EcgMeasurement
from resynchro.errors import InputError
from resynchro.pictures.ecg_files import write_ecg_pictures
from resynchro.pictures.figure_files import picture_name


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


def test_recordings_of_one_name_do_not_overwrite_each_other() -> None:
    first, second = (picture_name("ecg", sha256=digits * 32, otherwise="ecg") for digits in ("00", "ff"))
    assert (first, second) == ("ecg-00000000", "ecg-ffffffff")


@pytest.mark.parametrize(
    ("file", "name"),
    [("../../..", "ecg"), ("x/…", "ecg"), ("a b$c/d e.dcm", "d_e"), ("n" * 300 + ".xml", "n" * 80), (".xml", "xml")],
)
def test_names_are_safe(file: str, name: str) -> None:
    assert picture_name(Path(file).stem, sha256="ab" * 32, otherwise="ecg") == f"{name}-abababab"
    assert picture_name(Path(file).stem, sha256="", otherwise="ecg") == name


def test_untrusted_voltages_have_no_loop(untrusted: EcgMeasurement, tmp_path: Path) -> None:
    assert not any("_loop" in path.name for path in write_ecg_pictures(untrusted, tmp_path))


def test_a_folder_that_cannot_be_made_is_an_input_error(lbbb: EcgMeasurement, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_ecg_pictures(lbbb, tmp_path / "file")
