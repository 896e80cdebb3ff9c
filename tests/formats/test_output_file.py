"""Files are written as a whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from resynchro.errors import InputError
from resynchro.formats.output_file import write_file


@pytest.mark.parametrize("content", ["µVs\nzwei\r\n", b"\x00\xff", ""])
def test_content_arrives_byte_for_byte(tmp_path: Path, content: str | bytes) -> None:
    path = write_file(tmp_path / "plan.json", content)
    assert path.read_bytes() == (content.encode("utf-8") if isinstance(content, str) else content)


def test_the_folder_is_made(tmp_path: Path) -> None:
    assert write_file(tmp_path / "a" / "b" / "plan.json", "x").read_text() == "x"


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    write_file(path, "old and longer")
    write_file(str(path), "new")
    assert path.read_text() == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["plan.json"]


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_others_may_read_the_file(tmp_path: Path) -> None:
    assert write_file(tmp_path / "plan.json", "x").stat().st_mode & 0o777 == 0o644


def test_a_folder_in_the_place_of_the_file_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "plan.json").mkdir()
    with pytest.raises(InputError, match=r"plan\.json: cannot be written"):
        write_file(tmp_path / "plan.json", "x")
    assert [entry.name for entry in tmp_path.iterdir()] == ["plan.json"]


def test_a_file_in_the_place_of_the_folder_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "plan").write_text("a file")
    with pytest.raises(InputError, match="check the folder and its permissions"):
        write_file(tmp_path / "plan" / "plan.json", "x")
    assert (tmp_path / "plan").read_text() == "a file"


def test_a_name_that_cannot_be_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        write_file(tmp_path / "a\0b", "x")


def test_what_stood_there_stays_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_file(tmp_path / "plan.json", "old")

    def full(descriptor: int, *_: object, **__: object) -> object:
        os.close(descriptor)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("resynchro.formats.output_file.os.fdopen", full)
    with pytest.raises(InputError, match="No space left on device"):
        write_file(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["plan.json"]
