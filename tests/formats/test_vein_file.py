"""Veins from files: every form, and what is wrong with them."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from resynchro.errors import InputError
from resynchro.formats.vein_file import read_veins

CENTRELINES = """\
# frame: ras
# base_mm: 0 0 0
# apex_mm: 1 2 -90
# anterior_insertion_mm: 0, 30, -10
branch,x_mm,y_mm,z_mm,diameter_mm
lateral,40,1,-10,3.5
lateral,41,2,-20,3.0
posterior,30,-20,-10,4
posterior,30,-21,-30,2
"""
VTK = """\
# vtk DataFile Version 4.2
centrelines SPACE=RAS
ASCII
DATASET POLYDATA
POINTS 4 float
0 0 0 1 0 0
1 2 0 1 2 5
LINES 2 7
3 0 1 2
2 2 3
POINT_DATA 4
FIELD FieldData 1
Radius 1 4 double
1 1.5 2 2.5
"""


def file(folder: Path, text: str | bytes, name: str = "veins.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_centrelines_come_into_lps(tmp_path: Path) -> None:
    tree = read_veins(file(tmp_path, CENTRELINES))
    lateral, posterior = tree.branches
    assert (lateral.name, posterior.name) == ("lateral", "posterior")
    assert lateral.points_mm is not None and lateral.diameters_mm is not None
    np.testing.assert_array_equal(lateral.points_mm, [[-40, -1, -10], [-41, -2, -20]])
    np.testing.assert_array_equal(lateral.diameters_mm, [3.5, 3.0])
    assert tree.landmarks is not None
    np.testing.assert_array_equal(tree.landmarks.apex_mm, [-1, -2, -90])
    assert len(tree.sha256) == 64


def test_a_table_and_a_drawing(tmp_path: Path) -> None:
    table = read_veins(file(tmp_path, "branch,segments\nlateral,11 5;12\nposterior,basal-inferior\n"))
    assert [branch.segments for branch in table.branches] == [(5, 11, 12), (4,)]
    drawing = read_veins(file(tmp_path, "branch,radius,angle_deg\nx,0.9,330\nx,0.5,340\n"))
    assert drawing.branches[0].bullseye is not None
    np.testing.assert_array_equal(drawing.branches[0].bullseye, [[0.9, 330], [0.5, 340]])


def test_a_vtk_file_of_lines(tmp_path: Path) -> None:
    tree = read_veins(file(tmp_path, VTK, "v.vtk"))
    first, second = tree.branches
    assert first.points_mm is not None and second.diameters_mm is not None
    np.testing.assert_array_equal(first.points_mm, [[0, 0, 0], [-1, 0, 0], [-1, -2, 0]])
    np.testing.assert_array_equal(second.diameters_mm, [4.0, 5.0])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("a,b\n1,2\n", "allowed are"),
        ("# frame: xyz\nbranch,segments\na,1\n", "lps"),
        ("# colour: red\nbranch,segments\na,1\n", "unknown key"),
        ("# base_mm: 0 0 0\nbranch,segments\na,1\n", "all three"),
        ("# base_mm: 0 0\n# apex_mm: 0 0 0\n# anterior_insertion_mm: 0 0 0\nbranch,segments\na,1\n", "three numbers"),
        ("branch,segments\n", "no branch"),
        ("branch,segments\na,18\n", "17"),
        ("branch,segments\na,\n", "no segments"),
        ("branch,segments\na,1\na,2\n", "twice"),
        ("branch,radius,angle_deg\na,2,0\na,0.5,0\n", "radius"),
        ("branch,radius,angle_deg\na,0.5,0\n", "one point"),
        ("branch,x_mm,y_mm,z_mm\na,0,0,0\na,0,0,0\n", "no length"),
        ("branch,x_mm,y_mm,z_mm\na,0,0,0\na,0,0,90000\n", "check the unit"),
        ("branch,x_mm,y_mm,z_mm\na,0,0,nan\na,0,0,1\n", "not finite"),
        ("branch,x_mm,y_mm,z_mm\na,0,0,1,5\na,0,0,1\n", "cells"),
        ('branch,x_mm,y_mm,z_mm\na,0,"0,5",1\na,0,0,1\n', "no number"),
        ("branch,x_mm,y_mm,z_mm,diameter_mm\na,0,0,0,400\na,0,0,1,1\n", "diameters"),
        (b"\xff\xfe\x00\xd8", "UTF-8"),
        (VTK.replace("ASCII", "BINARY"), "legacy VTK"),
        (VTK.replace("2 2 3", "2 2 9"), "do not exist"),
        (VTK.replace("LINES", "POLYGONS"), "LINES"),
        (VTK.replace("POINTS 4", "POINTS 400"), "cut off"),
        (VTK.replace("POINTS 4", "POINTS 99999999999"), "points"),
        (VTK.replace("1 2 5", "1 2 nan"), "not finite"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str | bytes, says: str) -> None:
    path = file(tmp_path, text)
    with pytest.raises(InputError, match=says) as caught:
        read_veins(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("good", [CENTRELINES, VTK], ids=["csv", "vtk"])
def test_300_mutations_raise_nothing_but_an_input_error(tmp_path: Path, good: str) -> None:
    chance = random.Random(5)
    refused = 0
    for _ in range(300):
        data = bytearray(good.encode())
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data))
            if chance.random() < 0.5:
                data[at] = chance.randrange(256)
            else:
                del data[at : at + chance.randint(1, 12)]
        try:
            tree = read_veins(file(tmp_path, bytes(data)))
        except InputError:
            refused += 1
        else:
            assert all(np.isfinite(b.points_mm).all() for b in tree.branches if b.points_mm is not None)
    assert 30 < refused < 300
