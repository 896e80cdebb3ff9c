"""Tables of echo contours and of pressure: what is read, what is refused, and damaged bytes."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from resynchro.errors import InputError
from resynchro.formats.echo_contours import read_echo_contours
from resynchro.formats.pressure_csv import read_pressure_csv

ROWS = [f"{10 * np.cos(a):.3f},{-90 * np.sin(a):.3f}" for a in np.linspace(np.pi, 0, 9)]
CONTOURS = "# software: our workstation 2.1\nview,phase,x_mm,y_mm\n" + "".join(
    f"{view},{phase},{row}\n" for view, phase in (("4CH", "ED"), ("a2c", "es"), ("RV", "ED")) for row in ROWS
)
PRESSURE = "# catheter\ntime_ms,pressure_mmhg\n" + "".join(
    f"{t},{10 + 100 * np.sin(np.pi * t / 1000):.2f}\n" for t in range(0, 1001, 20)
)


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_contours_are_read_by_view_and_phase(tmp_path: Path) -> None:
    found = read_echo_contours(written(tmp_path, CONTOURS))
    assert found.software == "our workstation 2.1"
    assert [(one.view, one.phase, one.points_mm.shape) for one in found.contours] == [
        ("4CH", "ED", (9, 2)),
        ("2CH", "ES", (9, 2)),
        ("RV", "ED", (9, 2)),
    ]
    assert found.of("4CH", "ED").points_mm[0] == pytest.approx([-10.0, 0.0])  # type: ignore[union-attr]
    assert found.of("4CH", "ES") is None
    assert not found.contours[0].points_mm.flags.writeable


def test_order_of_columns_semicolons_and_line_ends_do_not_matter(tmp_path: Path) -> None:
    rows = [row.split(",") for row in CONTOURS.splitlines()[1:]]
    other = "\r\n".join(";".join((row[3], row[0], row[2], row[1])) for row in rows)
    found = read_echo_contours(written(tmp_path, other))
    assert found.software == "unknown"
    assert np.array_equal(
        found.contours[0].points_mm, read_echo_contours(written(tmp_path, CONTOURS)).contours[0].points_mm
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("x,y\n1,2\n", "missing: view, phase"),
        ("view,phase,x_mm,y_mm\n", "no points"),
        ("view,phase,x_mm,y_mm\n4CH,ED,1,2\n", "1 different points"),
        (CONTOURS.replace("4CH,ED", "3CH,ED"), "'3CH' is not one of 4CH, 2CH, RV"),
        (CONTOURS.replace("4CH,ED", "4CH,mid"), "'mid' is not one of ED, ES"),
        (CONTOURS.replace("-10.000", "ten"), "a coordinate must be a number"),
        (CONTOURS.replace("-10.000", "-10000"), "is it in millimetres"),
        (CONTOURS + "4CH,ED,1,2\n", "begins again"),
        ("view,phase,x_mm,y_mm\n" + "".join(f"4CH,ED,{row}\n" for row in [*ROWS, ROWS[0]]), "leave it open"),
        ("view,phase,x_mm,y_mm\n4CH,ED,1\n", "has 3 cells"),
    ],
)
def test_wrong_contours_are_refused_with_the_reason(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as refused:
        read_echo_contours(written(tmp_path, content))
    assert "table.csv" in str(refused.value)


def test_pressure_is_read_in_seconds(tmp_path: Path) -> None:
    trace = read_pressure_csv(written(tmp_path, PRESSURE))
    assert trace.origin == "measured" and trace.time_s[-1] == 1.0
    assert trace.pressure_mmhg.max() == pytest.approx(110.0)
    seconds = PRESSURE.replace("time_ms", "time_s").replace("pressure_mmhg", "lv_pressure_mmhg")
    with pytest.raises(InputError, match="one beat only"):
        read_pressure_csv(written(tmp_path, seconds))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("time_s,volume_ml\n0,1\n", "needs the columns time_s"),
        ("\n".join(PRESSURE.splitlines()[:10]), "8 rows"),
        (PRESSURE.replace("\n20,", "\n0,"), "must increase"),
        (PRESSURE.replace("110.00", "x"), "holds no number"),
        ("time_s,pressure_mmhg\n" + "".join(f"{t / 50},{1 + t / 10}\n" for t in range(50)), "another unit"),
    ],
)
def test_wrong_pressure_is_refused_with_the_reason(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_pressure_csv(written(tmp_path, content))


def test_damaged_bytes_raise_nothing_but_input_error(tmp_path: Path) -> None:
    chance = random.Random(5)
    for reader, text in ((read_echo_contours, CONTOURS), (read_pressure_csv, PRESSURE)):
        refused = 0
        for _ in range(150):
            content = bytearray(text.encode())
            for _ in range(chance.randint(1, 8)):
                kind, at = chance.randint(0, 2), chance.randrange(len(content))
                if kind == 0:
                    content[at] = chance.randrange(256)
                elif kind == 1:
                    del content[at : at + chance.randint(1, 40)]
                else:
                    content[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 20)))
            try:
                reader(written(tmp_path, bytes(content)))
            except InputError:
                refused += 1
        assert refused > 20
