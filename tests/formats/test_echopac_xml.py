"""EchoPAC XML: the public export against numbers read in it by hand, and workbooks that try to trick the reader."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from resynchro.errors import InputError
from resynchro.formats.echopac_xml import is_echopac_xml, read_echopac_xml
from resynchro.formats.spreadsheet_xml import spreadsheet_sheets
from resynchro.formats.strain_file import read_strain
from resynchro.record.strain import CardiacEvents, StrainStudy

SAMPLE = "strain/echopac/images/Sample_XML.xml"
Cell = str | float | tuple[int, str | float]


def workbook(sheets: Mapping[str, Sequence[Sequence[Cell]]], *, row_index: Mapping[int, int] | None = None) -> bytes:
    """Write SpreadsheetML; a cell given as (column, value) carries ss:Index."""
    parts = [
        '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
    ]
    for name, rows in sheets.items():
        parts.append(f'<Worksheet ss:Name="{name}"><Table>')
        for number, row in enumerate(rows):
            index = (row_index or {}).get(number)
            parts.append("<Row>" if index is None else f'<Row ss:Index="{index}">')
            for cell in row:
                place, value = cell if isinstance(cell, tuple) else (None, cell)
                kind = "String" if isinstance(value, str) else "Number"
                at = "" if place is None else f' ss:Index="{place}"'
                parts.append(f'<Cell{at}><Data ss:Type="{kind}">{value}</Data></Cell>')
            parts.append("</Row>")
        parts.append("</Table></Worksheet>")
    return "".join([*parts, "</Workbook>"]).encode()


def traces(*names: str, frames: int = 11, rr_s: float = 0.9) -> list[list[Cell]]:
    """Return a sheet of half-sine strain, column k with a peak of -10 - k percent."""
    rows: list[list[Cell]] = [["Time", *names]]
    for frame in range(frames):
        shape = float(np.sin(np.pi * frame / (frames - 1))) if frame < frames - 1 else 0.0
        rows.append([rr_s * frame / (frames - 1), *(-(10.0 + k) * shape for k in range(len(names)))])
    return rows


GENERAL: list[list[Cell]] = [["ID", "X1"], ["Name", "DOE JANE"], ["HR", 66], ["BP", 120, 70], ["AVC", 370, "ms"]]
BASE = {"General": GENERAL, "Strain Traces - 4CH": traces("Basal Septal", "Basal Lateral")}


@pytest.fixture(scope="module")
def sample(shared_data: Callable[[str], Path]) -> StrainStudy:
    return read_strain([shared_data(SAMPLE)])


def test_views_segments_and_frames_of_the_sample(sample: StrainStudy) -> None:
    # Each sheet: rows minus its header; last row "Time" 1.04737, 1.00183, 0.999938 (read in the file).
    assert [(view.name, len(view.time_s), view.rr_s) for view in sample.views] == [
        ("2CH", 68, 1.04737),
        ("4CH", 64, 1.00183),
        ("APLAX", 54, 0.999938),
    ]
    assert sorted(segment for view in sample.views for segment in view.segments) == list(range(1, 19))
    assert (sample.model, sample.strain_type, sample.kind) == ("aha18", "longitudinal", "lagrangian")


@pytest.mark.parametrize(
    ("view", "row", "name", "value"),
    [
        # Rows of the file, counted from the header: sheet, row, column title -> segment, value as printed.
        (0, 6, 16, -3.1239),  # 2CH, 0.0937944 s, Apical Inferior
        (0, 1, 1, 0.2935),  # 2CH, 0.0156324 s, Basal Anterior
        (1, 5, 3, -1.9487),  # 4CH, 0.0795102 s, Basal Septal -> inferoseptal
        (1, 6, 18, -13.4134),  # 4CH, 0.0954123 s, Apical Lateral -> anterolateral
        (2, 5, 5, -1.8515),  # APLAX, 0.0943337 s, Basal Posterior -> inferolateral
        (2, 52, 8, -0.621),  # APLAX, 0.981071 s, Mid Anteroseptal
    ],
)
def test_values_stand_where_their_name_says(sample: StrainStudy, view: int, row: int, name: int, value: float) -> None:
    shown = sample.views[view]
    assert shown.strain_pct[shown.segments.index(name), row] == value


def test_events_pressure_and_cuff_of_the_sample(sample: StrainStudy) -> None:
    events = sample.views[0].events
    assert (events.mvc_s, events.avo_s, events.avc_s, events.mvo_s) == (0.049, 0.086, 0.377, 0.498)
    assert (sample.systolic_mmhg, sample.diastolic_mmhg, sample.heart_rate_bpm) == (113.0, 69.0, 53.0)
    assert sample.pressure is not None
    assert len(sample.pressure.time_s) == 145
    assert (sample.pressure.time_s[0], sample.pressure.pressure_mmhg[0]) == (-0.07, 16.33)
    assert (sample.pressure.time_s[-1], sample.pressure.pressure_mmhg[-1]) == (0.999938, 17.3066)


def test_vendor_numbers_stay_apart(sample: StrainStudy) -> None:
    work = sample.vendor_tables["work_index_mmhg_pct"]
    # Sheet Segments, row MW: Basal Posterior 1676, Apical Septal 2425; sheet General: GWI 2083, GWE 0.97, EF 0.73.
    assert (work["5"], work["15"], work["global"]) == (1676.0, 2425.0, 2083.0)
    assert sample.vendor_tables["work_efficiency_pct"]["global"] == pytest.approx(97.0)
    assert sample.vendor_tables["ejection_fraction_pct"]["global"] == pytest.approx(73.0)
    assert str(sample.vendor_tables["systolic_wasted_work_mmhg_pct"]["4"]) == "0.0"  # "-0" in the file
    traces_of = sample.vendor_traces["work_mmhg_pct"]
    assert sorted(traces_of) == list(range(1, 19))
    assert traces_of[4][:, 1].tolist() == [0.00499969, 2.46237]
    assert traces_of[4].shape == (2, 101)
    assert sample.vendor_traces["global_work_mmhg_pct"][0][:, -1].tolist() == [0.994938, 1939.09]


def test_contradicting_heart_rate_is_a_finding(sample: StrainStudy) -> None:
    (found,) = [finding for finding in sample.findings if finding.code == "rr-contradiction"]
    assert "53 per minute means an RR of 1132 ms" in found.message
    assert "2CH 1047, 4CH 1002, APLAX 1000 ms" in found.message


def test_name_and_number_of_the_patient_are_not_kept(sample: StrainStudy) -> None:
    assert "CARACAN" not in repr(sample)
    assert "ABC" not in repr(sample)


def test_given_events_and_beat_replace_those_of_the_file(shared_data: Callable[[str], Path]) -> None:
    study = read_strain([shared_data(SAMPLE)], events=CardiacEvents(avc_s=0.4), rr_s=1.0)
    assert study.views[0].events.avc_s == 0.4
    assert study.views[0].events.mvo_s == 0.498
    assert [view.rr_s for view in study.views] == [1.0, 1.0, 1.0]
    codes = {finding.code for finding in study.findings}
    assert {"event-replaced", "rr-given", "after-the-beat"} <= codes


def test_index_of_cells_and_rows_is_obeyed() -> None:
    sheets = spreadsheet_sheets(
        workbook({"A": [["Time", (4, "x"), "y"], [(2, 7.5)], [1.0]]}, row_index={1: 5, 2: 900_000}), what="test"
    )
    assert sheets["A"] == [{1: "Time", 4: "x", 5: "y"}, {2: "7.5"}, {1: "1.0"}]


def test_gaps_between_columns_do_not_shift_segments() -> None:
    rows = traces("Basal Septal", "Basal Lateral")
    gapped: list[list[Cell]] = [[row[0], (3, _plain(row[1])), (7, _plain(row[2]))] for row in rows]
    view = read_echopac_xml(workbook({**BASE, "Strain Traces - 4CH": gapped})).views[0]
    assert view.segments == (3, 6)
    assert view.strain_pct.min(axis=1).tolist() == pytest.approx([-10.0, -11.0])


def _plain(cell: Cell) -> str | float:
    return cell[1] if isinstance(cell, tuple) else cell


def test_an_empty_cell_loses_the_segment_not_the_file() -> None:
    rows = traces("Basal Septal", "Basal Lateral")
    rows[4] = [rows[4][0], (3, _plain(rows[4][2]))]
    study = read_echopac_xml(workbook({**BASE, "Strain Traces - 4CH": rows}))
    assert study.views[0].segments == (6,)
    assert any(finding.code == "segment-incomplete" for finding in study.findings)


def test_missing_segments_and_missing_events_are_findings() -> None:
    codes = {finding.code for finding in read_echopac_xml(workbook(BASE)).findings}
    assert {"segments-missing", "events-missing"} <= codes
    assert "rr-contradiction" not in codes  # 66 per minute and 0.9 s differ by 1 %


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"Strain Traces - 4CH": traces("Basal Septal", "Basal Septal")}, "Basal Septal is there twice"),
        ({"Strain Traces - 4CH": traces("Basal Septal", "Left Atrium")}, "names no segment"),
        ({"Strain Traces - 4CH": [["Time", "Basal Septal"]]}, "no rows below the header"),
        ({"Strain Traces - 4CH": [["Basal Septal", "Time"], [0.0, 0.0]]}, "first column must be Time"),
        ({"Strain Traces - 4CH": traces("Basal Septal", rr_s=900.0)}, "is it in ms?"),
        ({"General": [["AVC", 0.37, "s"]]}, "AVC is in 's', ms is needed"),
        ({"General": [["HR", 700]]}, "heart rate must lie in"),
        ({"General": [["BP", 1200, 70]]}, "cuff pressure must lie in"),
        ({"General": [["AVC", 950, "ms"]]}, "AVC must lie in"),
        ({"Pressure Trace": [["Time", "LVP"], [0.1, 10.0], [0.1, 11.0]]}, "times must grow"),
        ({"Pressure Trace": [["Time", "LVP"], [0.1, 10.0], [0.2, 9000.0]]}, "is it in mmHg?"),
        ({"Segments": [[(2, "Basal Septal"), "Basal Septal"], ["MW", 1, 2]]}, "is there twice"),
    ],
)
def test_wrong_workbooks_are_refused_in_words(changed: Mapping[str, Sequence[Sequence[Cell]]], words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_echopac_xml(workbook({**BASE, **changed}))
    assert words in str(caught.value)


def test_a_workbook_without_strain_is_told_apart() -> None:
    assert not is_echopac_xml(workbook({"Budget": [["a", 1]]}))
    with pytest.raises(InputError, match="no sheet 'Strain Traces"):
        read_echopac_xml(workbook({"General": GENERAL}))


@pytest.mark.parametrize("index", ["0", "1", "-3", "99999999999", "x", "1e3"])
def test_cell_numbers_that_do_not_grow_are_refused(index: str) -> None:
    content = workbook({**BASE, "A": [["a", (77, "b")]]}).replace(b'ss:Index="77"', f'ss:Index="{index}"'.encode())
    with pytest.raises(InputError, match="numbers grow up to"):
        read_echopac_xml(content)


def test_entities_are_refused() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE Workbook [<!ENTITY a "Strain Traces">]><Workbook>&a;</Workbook>'
    with pytest.raises(InputError, match="entities"):
        read_echopac_xml(bomb)


def test_mutated_workbooks_raise_input_errors_only(shared_data: Callable[[str], Path]) -> None:
    content = workbook(
        {
            **BASE,
            "Pressure Trace": [["Time", "LVP"], [-0.07, 16.0], [0.9, 17.0]],
            "Segments": [[(2, "Basal Septal")], ["MW", 5]],
        }
    )
    chance = random.Random(3)
    read = 0
    for _ in range(400):
        mutated = bytearray(content)
        for _ in range(chance.randint(1, 4)):
            mutated[chance.randrange(len(mutated))] = chance.choice(b'0123456789.-<>&"/ aZ\x00\xff')
        try:
            read_echopac_xml(bytes(mutated))
            read += 1
        except InputError:
            pass
    assert read > 20  # most mutations hit a number or a name; the fuzz must reach beyond the parser
