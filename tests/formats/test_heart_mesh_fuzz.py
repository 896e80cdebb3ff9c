"""Damaged mesh files of every form: read or refused with an InputError, never anything else, and quickly."""

from __future__ import annotations

import importlib.util
import re
import warnings
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from resynchro.errors import InputError
from resynchro.formats.electrode_file import read_electrode_positions
from resynchro.formats.heart_export import write_carp
from resynchro.formats.heart_mesh_file import read_heart_mesh


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


w = _load("mesh_writer")

#: 2 x 2 x 2 cubes of 30 mm, 48 tetrahedra: small files, so that a change rarely hits only a coordinate.
POINTS, TETS = w.block(2, 30.0)
FIBRE = w.fibres(len(TETS))
TRIANGLES = np.array([[0, 9, 3], [9, 12, 3]])
_WORDS = (b"1000000000000", b"-1", b"99999999", b"0", b"nan", b"1e400", b"18446744073709551615", b"")
_BYTES = (b"\xff" * 8, b"\x00" * 8, b"\x7f" + b"\xff" * 7, b"<!--", b"\n$End", b"\nMETADATA\n")


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the content with one kind of damage."""
    data = bytearray(content)
    at = int(rng.integers(len(data)))
    kind = int(rng.integers(6))
    if kind == 0:
        for place in rng.integers(0, len(data), rng.integers(1, 20)):
            data[place] = int(rng.integers(256))
    elif kind == 1:
        del data[at:]
    elif kind == 2:
        del data[at : at + int(rng.integers(1, 200))]
    elif kind == 3:
        data[at:at] = _BYTES[int(rng.integers(len(_BYTES)))]
    elif kind == 4:
        data[at : at + 8] = _BYTES[int(rng.integers(3))]
    else:  # a number in words, those of the headings most of all
        numbers = list(re.finditer(rb"\d+", content))
        found = numbers[min(len(numbers) - 1, int(rng.exponential(15.0)))]
        data[found.start() : found.end()] = _WORDS[int(rng.integers(len(_WORDS)))]
    return bytes(data)


FILES = {
    "text.vtk": w.vtk_42(POINTS, TETS, triangles=TRIANGLES, fibre=FIBRE, region=np.arange(50)),
    "binary.vtk": w.vtk_42(POINTS, TETS, binary=True, triangles=TRIANGLES, fibre=FIBRE, region=np.arange(50)),
    "appended.vtu": w.vtu(POINTS, TETS, fibre=FIBRE),
    "inline.vtu": w.vtu(POINTS, TETS, fibre=FIBRE, mode="inline"),
    "plain.vtu": w.vtu(POINTS, TETS, fibre=FIBRE, packed=False),
    "text22.msh": w.msh_22(POINTS, TETS, TRIANGLES, FIBRE),
    "binary22.msh": w.msh_22(POINTS, TETS, TRIANGLES, FIBRE, binary=True),
    "text41.msh": w.msh_41(POINTS, TETS),
}


@pytest.mark.parametrize("name", FILES)
def test_damaged_files_are_read_or_refused(tmp_path: Path, name: str) -> None:
    rng = np.random.default_rng(len(name))
    path = tmp_path / name
    path.write_bytes(FILES[name])
    assert len(read_heart_mesh(path).tetrahedra) == 48
    refused = 0
    for _ in range(100):
        path.write_bytes(mutated(FILES[name], rng))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                mesh = read_heart_mesh(path)
            except InputError as error:
                refused += 1
                assert name in str(error) and str(error).isprintable()
            else:  # what is read can be used
                assert np.isfinite(mesh.points_mm).all() and mesh.tetrahedra.max() < len(mesh.points_mm)
    assert refused > 20


@pytest.mark.parametrize("part", [".pts", ".elem", ".lon"])
def test_damaged_carp_is_read_or_refused(tmp_path: Path, part: str) -> None:
    rng = np.random.default_rng(3)
    write_carp(tmp_path / "heart", POINTS, TETS, fibre=FIBRE, region=np.arange(48))
    whole = (tmp_path / f"heart{part}").read_bytes()
    refused = 0
    for _ in range(60):
        (tmp_path / f"heart{part}").write_bytes(mutated(whole, rng))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                mesh = read_heart_mesh(tmp_path / "heart")
            except InputError as error:
                refused += 1
                assert str(error).isprintable()
            else:
                assert np.isfinite(mesh.points_mm).all() and mesh.tetrahedra.max() < len(mesh.points_mm)
    assert refused > 10


def test_damaged_tables_of_electrodes_are_read_or_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    places = [
        (name, 60.0 * number, -80.0, 20.0)
        for number, name in enumerate(["RA", "LA", "LL", "V1", "V2", "V3", "V4", "V5", "V6"])
    ]
    rows = ["name,x_mm,y_mm,z_mm", *(",".join(map(str, place)) for place in places)]
    whole = "\n".join(rows).encode()
    path = tmp_path / "electrodes.csv"
    path.write_bytes(whole)
    assert len(read_electrode_positions(path)) == 9
    for _ in range(200):
        path.write_bytes(mutated(whole, rng))
        try:
            found = read_electrode_positions(path)
        except InputError as error:
            assert str(error).isprintable()
        else:
            assert all(np.isfinite(place).all() for place in found.values())
