"""Tables: separators, units, the time column, and no silent guess."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from resynchro.errors import InputError
from resynchro.formats.csv_ecg import is_csv_ecg, read_csv_ecg, write_csv_ecg
from resynchro.record.ecg import LEADS, EcgRecord, FloatArray

Leads = dict[str, FloatArray]


def table(
    leads_mv: Leads,
    *,
    head: str = "# sampling_rate_hz: 500\n# unit: uV\n",
    names: str | None = None,
    separator: str = ",",
    factor: float = 1000.0,
    times: list[str] | None = None,
    decimals: int = 0,
) -> str:
    """Write a table by hand, apart from the writer under test."""
    columns = [[f"{factor * value:.{decimals}f}" for value in samples] for samples in leads_mv.values()]
    if times is not None:
        columns.insert(0, times)
    first = names if names is not None else separator.join(leads_mv)
    return head + first + "\n" + "\n".join(separator.join(row) for row in zip(*columns, strict=True)) + "\n"


def read(text: str | bytes, tmp_path: Path, **options: float) -> EcgRecord:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_csv_ecg(path, **options)


def assert_same(record: EcgRecord, leads_mv: Leads) -> None:
    np.testing.assert_allclose(record.signal_mv, np.stack([leads_mv[lead] for lead in LEADS]), atol=1e-9)


def test_the_documented_form(synthetic_leads_mv: Leads, tmp_path: Path) -> None:
    head = "# sampling_rate_hz: 500\n# unit: uV\n# sex: female\n# age_years: 64\n# low_pass_hz: 150\n"
    record = read(table(synthetic_leads_mv, head=head), tmp_path)
    assert_same(record, synthetic_leads_mv)
    assert (record.sampling_rate_hz, record.sex, record.age_years) == (500.0, "female", 64.0)
    assert record.filters.low_pass_hz == 150.0
    assert record.findings == ()


def test_eight_leads_in_any_order(synthetic_leads_mv: Leads, tmp_path: Path) -> None:
    eight = {lead: synthetic_leads_mv[lead] for lead in ("V6", "V1", "II", "V2", "I", "V5", "V4", "V3")}
    record = read(table(eight), tmp_path)
    assert_same(record, synthetic_leads_mv)
    assert record.derived_leads == {"III", "aVR", "aVL", "aVF"}


@pytest.mark.parametrize("name", ["{} [mV]", "{} (mV)", "{}_mV", "Lead {} [ mV ]"])
def test_units_in_the_names(synthetic_leads_mv: Leads, tmp_path: Path, name: str) -> None:
    names = ",".join(name.format(lead) for lead in synthetic_leads_mv)
    text = table(synthetic_leads_mv, head="# sampling_rate_hz: 500\n", names=names, factor=1.0, decimals=3)
    assert_same(read(text, tmp_path), synthetic_leads_mv)


def test_semicolons_with_decimal_commas(synthetic_leads_mv: Leads, tmp_path: Path) -> None:
    text = table(
        synthetic_leads_mv,
        head="# sampling_rate_hz: 500\n# unit: mV\n",
        separator=";",
        factor=1.0,
        decimals=3,
    )
    lines = text.split("\n")
    text = "\n".join(lines[:3] + [line.replace(".", ",") for line in lines[3:]])
    assert "0,0" in text
    assert_same(read(text, tmp_path), synthetic_leads_mv)


def test_tabs_windows_line_ends_and_utf16(synthetic_leads_mv: Leads, tmp_path: Path) -> None:
    text = table(synthetic_leads_mv, separator="\t").replace("\n", "\r\n")
    assert_same(read(text.encode("utf-16"), tmp_path), synthetic_leads_mv)
    assert_same(read(b"\xef\xbb\xbf" + text.encode(), tmp_path), synthetic_leads_mv)


@pytest.mark.parametrize(
    ("name", "step", "decimals"),
    [("time_s", 0.002, 3), ("t", 0.002, 3), ("time [ms]", 2.0, 0), ("t_ms", 2.0, 0)],
)
def test_the_time_column_gives_the_rate(
    synthetic_leads_mv: Leads, tmp_path: Path, name: str, step: float, decimals: int
) -> None:
    times = [f"{row * step:.{decimals}f}" for row in range(5000)]
    names = f"{name}," + ",".join(synthetic_leads_mv)
    record = read(table(synthetic_leads_mv, head="# unit: uV\n", names=names, times=times), tmp_path)
    assert record.sampling_rate_hz == 500.0
    assert_same(record, synthetic_leads_mv)


def test_times_rounded_to_milliseconds_are_even(synthetic_leads_mv: Leads, tmp_path: Path) -> None:
    times = [f"{row / 360.0:.3f}" for row in range(5000)]  # 360 Hz: steps of 2 and 3 ms
    names = "time_s," + ",".join(synthetic_leads_mv)
    record = read(table(synthetic_leads_mv, head="# unit: uV\n", names=names, times=times), tmp_path)
    assert record.sampling_rate_hz == 360.0


def test_a_gap_in_time_is_refused(synthetic_leads_mv: Leads, tmp_path: Path) -> None:
    times = [f"{row * 0.002 + (1.0 if row > 2500 else 0.0):.3f}" for row in range(5000)]
    names = "time_s," + ",".join(synthetic_leads_mv)
    with pytest.raises(InputError, match="not evenly spaced"):
        read(table(synthetic_leads_mv, head="# unit: uV\n", names=names, times=times), tmp_path)


def test_nothing_is_guessed_about_the_unit(synthetic_leads_mv: Leads, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unit of column I is not stated.*# unit: uV"):
        read(table(synthetic_leads_mv, head="# sampling_rate_hz: 500\n"), tmp_path)
    with pytest.raises(InputError, match="unit 'adu'"):
        read(table(synthetic_leads_mv, head="# sampling_rate_hz: 500\n# unit: adu\n"), tmp_path)


def test_the_factor_given_replaces_the_unit(synthetic_leads_mv: Leads, tmp_path: Path) -> None:
    # Values are whole microvolts; at 2.5 uV per count they mean 2.5 times as much.
    record = read(table(synthetic_leads_mv, head="# sampling_rate_hz: 500\n"), tmp_path, uv_per_count=2.5)
    np.testing.assert_allclose(record.lead_mv("V3"), 2.5 * synthetic_leads_mv["V3"], atol=1e-9)
    assert record.source.uv_per_count_overridden


def test_the_rate_must_come_from_somewhere(synthetic_leads_mv: Leads, tmp_path: Path) -> None:
    text = table(synthetic_leads_mv, head="# unit: uV\n")
    with pytest.raises(InputError, match=r"# sampling_rate_hz: 500.*time_s.*--sampling-rate-hz"):
        read(text, tmp_path)
    assert read(text, tmp_path, sampling_rate_hz=250.0).sampling_rate_hz == 250.0


def test_contradicting_rates_are_refused(synthetic_leads_mv: Leads, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"says 500 Hz, .* says 1000 Hz"):
        read(table(synthetic_leads_mv), tmp_path, sampling_rate_hz=1000.0)


def test_empty_cells_are_missing_samples(synthetic_leads_mv: Leads, tmp_path: Path) -> None:
    lines = table(synthetic_leads_mv).split("\n")
    for row in (100, 101):
        cells = lines[row].split(",")
        cells[0] = cells[1] = cells[-1] = ""
        lines[row] = ",".join(cells)
    record = read("\n".join(lines), tmp_path)
    (gap,) = record.findings
    assert (gap.code, gap.leads) == ("gaps-bridged", ("I", "II", "V6"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("I,II,III,aVR,aVL,aVF", "a,b,c,d,e,f", "needs V1 to V6 and at least two of"),
        ("I,II,III", "I,I,III", "column I is there twice"),
        ("# unit: uV", "# unit: uV\n# sex: unknown", "female or male"),
        ("# unit: uV", "# unit: uV\n# age_years: 640", r"age_years:' must hold a number in \[0, 120\]"),
        ("sampling_rate_hz: 500", "sampling_rate_hz: fast", "sampling_rate_hz"),
        ("# unit: uV", "# unit: uV\n# recorded_at: yesterday", "ISO date"),
        ("\n0,", "\nzero,", "no number"),
        ("\n0,", "\n0,0,", "rows of different length"),
        ("V5,V6", "V5", "names 11 columns, the rows below hold 12"),
    ],
)
def test_mistakes_are_named(synthetic_leads_mv: Leads, tmp_path: Path, old: str, new: str, message: str) -> None:
    text = table(synthetic_leads_mv)
    changed = text.replace(old, new, 1)
    assert changed != text
    with pytest.raises(InputError, match=message):
        read(changed, tmp_path)


def test_a_table_without_names_is_told_what_to_add(synthetic_leads_mv: Leads, tmp_path: Path) -> None:
    text = table(synthetic_leads_mv).split("\n", 3)[3]
    with pytest.raises(InputError, match=r"first row holds numbers.*I,II,V1"):
        read(text, tmp_path)


def test_what_passes_for_a_table() -> None:
    assert is_csv_ecg(b"# a comment\nI;II;V1;V2;V3;V4;V5;V6\n")
    assert not is_csv_ecg(b"Dear reader, this is a letter.\n")
    assert not is_csv_ecg(b"<xml a=',,,,,,,,,'/>")
    assert not is_csv_ecg(b"\x00\x01,,,,,,,,,,,,,,")


def test_a_written_record_reads_the_same(synthetic_leads_mv: Leads, tmp_path: Path) -> None:
    leads = {lead: samples for lead, samples in synthetic_leads_mv.items() if lead != "aVF"}
    write_csv_ecg(
        leads,
        tmp_path / "b.csv",
        sampling_rate_hz=500.0,
        sex="male",
        age_years=71.0,
        remark="Synthetic.\nNobody.",
    )
    first = read_csv_ecg(tmp_path / "b.csv")
    assert_same(first, synthetic_leads_mv)
    assert (first.sex, first.age_years, first.derived_leads) == ("male", 71.0, {"aVF"})
    write_csv_ecg(first, tmp_path / "c.csv")
    again = read_csv_ecg(tmp_path / "c.csv")
    np.testing.assert_array_equal(again.signal_mv, first.signal_mv)
    assert again.derived_leads == {"aVF"}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["b.csv", "c.csv"]  # nothing temporary is left


def test_writing_where_no_folder_can_be(synthetic_leads_mv: Leads, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InputError, match="cannot be written"):
        write_csv_ecg(synthetic_leads_mv, tmp_path / "file" / "a.csv", sampling_rate_hz=500.0)
    with pytest.raises(InputError, match="sampling rate"):
        write_csv_ecg(synthetic_leads_mv, tmp_path / "a.csv")
