"""EDF, EDF+ and BDF: counts to millivolts, header damage, annotations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from resynchro.errors import InputError
from resynchro.formats.edf import is_edf, read_edf
from resynchro.formats.edf_annotations import annotations_of
from resynchro.record.ecg import LEADS, EcgRecord, FloatArray

Leads = dict[str, FloatArray]
WriteEdf = Callable[..., bytes]


@pytest.fixture
def edf_bytes(fuzz_readers: ModuleType) -> WriteEdf:
    written: WriteEdf = fuzz_readers.edf_bytes
    return written


def read(content: bytes, tmp_path: Path, **options: float) -> EcgRecord:
    path = tmp_path / "a.bin"
    path.write_bytes(content)
    return read_edf(path, **options)


def replaced(content: bytes, start: int, text: str, size: int) -> bytes:
    return content[:start] + text.encode().ljust(size)[:size] + content[start + size :]


@pytest.mark.parametrize(("unit", "bits"), [("uV", 16), ("mV", 16), ("V", 16), ("uV", 24)])
def test_voltages_come_back_exactly(
    synthetic_leads_mv: Leads, edf_bytes: WriteEdf, tmp_path: Path, unit: str, bits: int
) -> None:
    record = read(edf_bytes(synthetic_leads_mv, unit=unit, bits=bits), tmp_path)
    expected = np.stack([synthetic_leads_mv[lead] for lead in LEADS])
    np.testing.assert_allclose(record.signal_mv, expected, atol=1e-6)
    assert record.sampling_rate_hz == 500.0
    assert record.source.format == ("BDF" if bits == 24 else "EDF")
    assert record.findings == ()


def test_the_scale_by_hand(synthetic_leads_mv: Leads, edf_bytes: WriteEdf, tmp_path: Path) -> None:
    # Physical range changed to -3200..3200 uV for the digital range -32000..32000: 0.1 uV per count.
    content = edf_bytes(synthetic_leads_mv)
    start = 256 + 12 * (16 + 80 + 8)
    for lead in range(12):
        content = replaced(content, start + 8 * lead, "-3200", 8)
        content = replaced(content, start + 96 + 8 * lead, "3200", 8)
    record = read(content, tmp_path)
    np.testing.assert_allclose(record.lead_mv("II"), 0.1 * synthetic_leads_mv["II"], atol=1e-9)
    # The user's factor is applied to the stored counts (1 count was 1 uV) whatever the header says.
    record = read(content, tmp_path, uv_per_count=2.0)
    np.testing.assert_allclose(record.lead_mv("II"), 2.0 * synthetic_leads_mv["II"], atol=1e-9)
    assert record.source.uv_per_count_overridden


def test_the_header_is_read(synthetic_leads_mv: Leads, edf_bytes: WriteEdf, tmp_path: Path) -> None:
    record = read(edf_bytes(synthetic_leads_mv, patient="MCH-1 F 03-MAR-1962 X"), tmp_path)
    assert record.sex == "female"
    assert record.age_years == 63.0  # born on 3 March 1962, recorded on 2 March 2026: the day before turning 64
    assert record.source.recorded_at == datetime(2026, 3, 2, 10, 20, 30)
    assert (record.filters.high_pass_hz, record.filters.low_pass_hz, record.filters.notch_hz) == (
        0.05,
        150.0,
        50.0,
    )


def test_a_removed_date_is_none(synthetic_leads_mv: Leads, edf_bytes: WriteEdf, tmp_path: Path) -> None:
    content = edf_bytes(synthetic_leads_mv, date="01.01.85").replace(b"10.20.30", b"00.00.00")
    record = read(content, tmp_path)
    assert record.source.recorded_at is None
    assert record.age_years is None


def test_labels_in_other_spellings(synthetic_leads_mv: Leads, edf_bytes: WriteEdf, tmp_path: Path) -> None:
    spelled = {f"ECG {lead}": samples for lead, samples in synthetic_leads_mv.items() if lead != "III"}
    record = read(edf_bytes(spelled), tmp_path)
    assert record.derived_leads == {"III"}
    np.testing.assert_allclose(record.lead_mv("III"), synthetic_leads_mv["III"], atol=1e-9)


def test_annotations_by_hand() -> None:
    block = b"+12\x14\x14\x00+12.5\x150.002\x14Pace\x14Second\x14\x00garbage\x00\x00"
    assert [(note.onset_s, note.text) for note in annotations_of(block)] == [
        (12.0, ""),
        (12.5, "Pace"),
        (12.5, "Second"),
    ]


def test_pace_marks_and_remarks(synthetic_leads_mv: Leads, edf_bytes: WriteEdf, tmp_path: Path) -> None:
    blocks = [b"+%d\x14\x14\x00" % second for second in range(10)]
    blocks[2] += b"+2.25\x14Pacemaker spike\x14\x00"
    blocks[4] += b"+4.5\x14Patient moved\x14\x00"
    record = read(edf_bytes(synthetic_leads_mv, reserved="EDF+C", annotations=blocks), tmp_path)
    assert record.vendor.pace_marks_s == (2.25,)
    assert record.vendor.statements == ("Patient moved",)


def test_discontinuous_recordings(synthetic_leads_mv: Leads, edf_bytes: WriteEdf, tmp_path: Path) -> None:
    starts = list(range(10))
    blocks = [b"+%d\x14\x14\x00" % second for second in starts]
    contiguous = edf_bytes(synthetic_leads_mv, reserved="EDF+D", annotations=blocks)
    assert read(contiguous, tmp_path).duration_s == 10.0
    blocks[5:] = [b"+%d\x14\x14\x00" % (second + 3) for second in starts[5:]]
    with pytest.raises(InputError, match="gaps between its records"):
        read(edf_bytes(synthetic_leads_mv, reserved="EDF+D", annotations=blocks), tmp_path)


def test_an_unknown_number_of_records_is_counted(
    synthetic_leads_mv: Leads, edf_bytes: WriteEdf, tmp_path: Path
) -> None:
    assert read(replaced(edf_bytes(synthetic_leads_mv), 236, "-1", 8), tmp_path).duration_s == 10.0


@pytest.mark.parametrize(
    ("start", "text", "size", "message"),
    [
        (236, "11", 8, "states 11 data records, the file holds 10"),
        (236, "x", 8, "number of data records"),
        (244, "0", 8, "duration of a data record"),
        (252, "0", 4, "number of signals"),
        (252, "9999", 4, "number of signals"),
        (252, "13", 4, "header must take 3584 bytes"),
        (184, "1e308", 8, "header size"),
        (256 + 12 * 96, "mmHg", 8, "has the unit 'mmHg'"),
        (256 + 12 * 96, "", 8, "has the unit ''"),
        (256 + 12 * 104, "nan", 8, "physical min of 'I'"),
        (256 + 12 * 120, "32000", 8, "neither may be empty"),
        (256 + 12 * 216, "0", 8, "samples per record of 'I'"),
        (256 + 16, "I", 16, "twice"),
    ],
)
def test_damaged_headers_are_named(
    synthetic_leads_mv: Leads,
    edf_bytes: WriteEdf,
    tmp_path: Path,
    start: int,
    text: str,
    size: int,
    message: str,
) -> None:
    with pytest.raises(InputError, match=message):
        read(replaced(edf_bytes(synthetic_leads_mv), start, text, size), tmp_path)


def test_a_file_that_was_cut_off(synthetic_leads_mv: Leads, edf_bytes: WriteEdf, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds 9; it was cut off"):
        read(edf_bytes(synthetic_leads_mv)[:-2], tmp_path)


def test_a_recording_without_ecg_leads(synthetic_leads_mv: Leads, edf_bytes: WriteEdf, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no lead of the 12-lead ECG.*EEG Fp1"):
        read(edf_bytes({"EEG Fp1": synthetic_leads_mv["I"]}), tmp_path)


def test_the_magic_bytes() -> None:
    assert not is_edf(b"0       ")
    assert not is_edf(b"1".ljust(300))
