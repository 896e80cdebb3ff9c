"""Bytes of a file: what is refused and in which words."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from resynchro.errors import InputError
from resynchro.formats import file_bytes
from resynchro.formats.file_bytes import read_bytes, sha256_of


def test_reads_the_whole_file(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\x00\x01two")
    assert read_bytes(tmp_path / "a.bin") == b"\x00\x01two"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.xml: there is no such file"):
        read_bytes(tmp_path / "nowhere.xml")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        read_bytes(tmp_path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.bin").touch()
    with pytest.raises(InputError, match="empty"):
        read_bytes(tmp_path / "a.bin")


def test_a_file_above_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_bytes, "LARGEST_FILE_MIB", 1)
    (tmp_path / "a.bin").write_bytes(bytes(1024 * 1024 + 1))
    with pytest.raises(InputError, match="larger than 1 MiB"):
        read_bytes(tmp_path / "a.bin")
    (tmp_path / "b.bin").write_bytes(bytes(1024 * 1024))
    assert len(read_bytes(tmp_path / "b.bin")) == 1024 * 1024


def test_a_path_with_a_nul_character_is_an_input_error() -> None:
    with pytest.raises(InputError):
        read_bytes(Path("a\x00b"))


def test_a_name_too_long_for_the_file_system_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_bytes(tmp_path / ("a" * 5000))


def test_the_digest_of_several_contents_is_that_of_their_sequence() -> None:
    assert sha256_of(b"head", b"body") == hashlib.sha256(b"headbody").hexdigest()
