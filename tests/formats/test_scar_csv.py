"""Tables of scar per segment: what is read, what is refused, and that bytes of any kind do no harm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from resynchro.errors import InputError
from resynchro.formats.scar_csv import is_scar_csv, read_scar_csv, write_scar_csv
from resynchro.record.scar import ScarMap, SegmentScar

TABLE = """# model: aha17
# method: 5 SD, drawn by hand
# scar_pct_lvm: 12.5
segment,transmurality_mean_pct,transmurality_max_pct,low_pct,high_pct
1,0,0,,
5,62.5,100,40,75
mid inferolateral,55,,,
12,,,,
"""


def _file(folder: Path, text: str | bytes) -> Path:
    path = folder / "scar.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_table_is_read(tmp_path: Path) -> None:
    scar = read_scar_csv(_file(tmp_path, TABLE))
    assert scar.model == "aha17" and scar.method == "5 SD, drawn by hand" and scar.scar_pct_lvm == 12.5
    assert scar.segments[5] == SegmentScar(
        transmurality_mean_pct=62.5, transmurality_max_pct=100.0, low_pct=40.0, high_pct=75.0
    )
    assert scar.segments[11].transmurality_mean_pct == 55.0 and scar.segments[11].transmurality_max_pct is None
    assert scar.absent[12] == "left empty in the table" and scar.absent[17] == "not in the table"
    assert scar.scar_present is True
    assert is_scar_csv(TABLE.encode()) and not is_scar_csv(b"a,b\n1,2\n")


@pytest.mark.parametrize("separator", [";", "\t"])
def test_decimal_commas_and_other_separators(tmp_path: Path, separator: str) -> None:
    text = f"segment{separator}transmurality_mean_pct\n5{separator}62,5 %\n6{separator}0\n"
    scar = read_scar_csv(_file(tmp_path, text))
    assert scar.segments[5].transmurality_mean_pct == 62.5
    assert scar.method == "as given"


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    scar = ScarMap(
        model="aha16",
        segments={
            3: SegmentScar(transmurality_mean_pct=12.25, area_pct=9.0),
            16: SegmentScar(transmurality_mean_pct=0.0),
        },
        method="fwhm_remote",
        source="x",
        scar_present=True,
        scar_pct_lvm=3.5,
    )
    back = read_scar_csv(write_scar_csv(scar, tmp_path / "out.csv"))
    assert (back.model, back.segments, back.method) == (scar.model, scar.segments, scar.method)
    assert (back.scar_present, back.scar_pct_lvm) == (True, 3.5)


def test_no_scar_and_fractions_are_told_apart(tmp_path: Path) -> None:
    rows = "segment,transmurality_mean_pct\n5,0\n11,0\n"
    assert read_scar_csv(_file(tmp_path, rows)).scar_present is False
    assert read_scar_csv(_file(tmp_path, rows)).findings == ()
    fractions = read_scar_csv(_file(tmp_path, "segment,transmurality_mean_pct,mood\n5,0.6,good\n"))
    assert {finding.code for finding in fractions.findings} == {"fractions", "unknown-columns"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("segment,transmurality\n5,10\n", "transmurality_mean_pct is missing"),
        ("segment,transmurality_mean_pct\n", "holds no table"),
        ("segment,transmurality_mean_pct\n5,10\n5,20\n", "segment 5 is there twice"),
        ("segment,transmurality_mean_pct\n18,10\n", "1 to 17"),
        ("segment,transmurality_mean_pct\nliver,10\n", "names no segment"),
        ("segment,transmurality_mean_pct\n5,110\n", "percentage in"),
        ("segment,transmurality_mean_pct\n5,-1\n", "percentage in"),
        ("segment,transmurality_mean_pct\n5,much\n", "percentage in"),
        ("segment,transmurality_mean_pct\n5,nan\n", "percentage in"),
        ("segment,transmurality_mean_pct\n5,\n", "no segment has"),
        ("segment,segment,transmurality_mean_pct\n5,5,1\n", "is there twice"),
        ("segment,transmurality_mean_pct,transmurality_max_pct\n5,60,20\n", "below the mean"),
        ("segment,transmurality_mean_pct,low_pct,high_pct\n5,60,70,20\n", "above high_pct"),
        ("# model: aha42\nsegment,transmurality_mean_pct\n5,60\n", "'# model:' must hold"),
        ("# scar_present: perhaps\nsegment,transmurality_mean_pct\n5,60\n", "yes or no"),
        ("# scar_pct_lvm: a lot\nsegment,transmurality_mean_pct\n5,60\n", "percentage in"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read_scar_csv(_file(tmp_path, text))
    assert "scar.csv" in str(caught.value)


def test_mutated_bytes_give_a_map_or_an_input_error(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    for _ in range(300):
        content = bytearray(TABLE.encode())
        for _ in range(int(rng.integers(1, 12))):
            kind, at = rng.integers(3), int(rng.integers(len(content)))
            if kind == 0:
                content[at] = int(rng.integers(256))
            elif kind == 1:
                del content[at : at + int(rng.integers(1, 9))]
            else:
                content[at:at] = bytes(rng.integers(0, 256, 5).astype(np.uint8))
        try:
            scar = read_scar_csv(_file(tmp_path, bytes(content)))
        except InputError:
            continue
        assert all(0.0 <= values.transmurality_mean_pct <= 100.0 for values in scar.segments.values())
