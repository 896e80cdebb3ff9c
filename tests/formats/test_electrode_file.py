"""Positions of electrodes: names, frames, and tables that cannot be right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from resynchro.errors import InputError
from resynchro.formats.electrode_file import read_electrode_positions

PLACES = {
    "RA": (-180, -20, 210),
    "LA": (190, -20, 210),
    "LL": (90, 10, -330),
    "V1": (-25, -120, 20),
    "V2": (25, -120, 20),
    "V3": (60, -115, 0),
    "V4": (95, -105, -25),
    "V5": (130, -60, -25),
    "V6": (150, 0, -25),
}


def table(places: dict[str, tuple[float, ...]], *, before: str = "", header: str = "name,x_mm,y_mm,z_mm") -> str:
    return before + "\n".join([header, *(f"{name},{x},{y},{z}" for name, (x, y, z) in places.items())]) + "\n"


def read(tmp_path: Path, text: str) -> dict[str, np.ndarray]:
    (tmp_path / "e.csv").write_text(text)
    return read_electrode_positions(tmp_path / "e.csv")


def test_positions_come_back_by_their_names(tmp_path: Path) -> None:
    found = read(tmp_path, table(PLACES))
    assert list(found) == list(PLACES)
    np.testing.assert_array_equal(found["V4"], [95.0, -105.0, -25.0])
    assert not found["V4"].flags.writeable


def test_other_names_and_ras_axes(tmp_path: Path) -> None:
    renamed = {name.replace("V", "C").replace("RA", "r"): place for name, place in PLACES.items()}
    found = read(tmp_path, table(renamed, before="# from the torso scan\n# frame: RAS\n"))
    assert set(found) == set(PLACES)
    np.testing.assert_array_equal(found["RA"], [180.0, 20.0, 210.0])  # x and y change their signs


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (table({name: place for name, place in PLACES.items() if name != "V5"}), "lacks V5"),
        (table(PLACES) + "V5,1,2,3\n", "V5 stands twice"),
        (table(PLACES).replace("95,-105,-25", "95,-105"), "row 7 has 3 cells"),
        (table(PLACES).replace("95,-105,-25", "95,left,-25"), r"row 7 \(V4\)"),
        (table(PLACES).replace("95,-105,-25", "95,nan,-25"), r"row 7 \(V4\)"),
        (table(PLACES).replace("95,-105,-25", "95,9e9,-25"), r"row 7 \(V4\)"),
        (table({name: tuple(0.1 * x for x in place) for name, place in PLACES.items()}), "in mm"),
        (table({name: tuple(0.001 * x for x in place) for name, place in PLACES.items()}), "in mm"),
        (table(PLACES, header="name,x,y,z"), "the header is"),
        (table(PLACES, before="# frame: scanner\n"), "allowed are lps"),
        ("# nothing\n", "the header is"),
        (table(PLACES) + "".join(f"E{number},{number},0,0\n" for number in range(300)), "more than 300"),
    ],
)
def test_tables_that_cannot_be_right(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(tmp_path, text)
