"""WFDB: gains, hostile headers, comments of three data bases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from resynchro.errors import InputError
from resynchro.formats.ecg_file import read_ecg
from resynchro.formats.wfdb_ecg import is_wfdb_header, read_wfdb_ecg, wfdb_header_beside
from resynchro.record.ecg import LEADS, FloatArray

Leads = dict[str, FloatArray]


def write_record(
    folder: Path,
    leads_mv: Leads,
    *,
    gain: str = "1000(0)/mV",
    comments: str = "",
    name: str = "rec",
    counts_per_mv: float = 1000.0,
) -> Path:
    """Write a format 16 record by hand and return its header."""
    counts = np.round(counts_per_mv * np.stack(list(leads_mv.values()), axis=1)).astype("<i2")
    (folder / f"{name}.dat").write_bytes(counts.tobytes())
    lines = [f"{name} {len(leads_mv)} 500 {len(counts)}"]
    for column, lead in enumerate(leads_mv):
        checksum = int(np.sum(counts[:, column], dtype=np.int64).astype(np.int16))
        lines.append(f"{name}.dat 16 {gain} 16 0 {counts[0, column]} {checksum} 0 {lead}")
    header = folder / f"{name}.hea"
    header.write_text("\n".join(lines) + "\n" + comments)
    return header


def edited(header: Path, old: str, new: str, count: int = -1) -> Path:
    text = header.read_text()
    assert old in text
    header.write_text(text.replace(old, new, count))
    return header


@pytest.mark.parametrize(
    ("gain", "counts_per_mv"),
    [
        ("1000(0)/mV", 1000.0),
        ("200", 200.0),
        ("1(0)/uV", 1000.0),
        ("2000000/V", 2000.0),
        ("1000.0(0)/mv", 1000.0),
    ],
)
def test_gains_and_units(synthetic_leads_mv: Leads, tmp_path: Path, gain: str, counts_per_mv: float) -> None:
    header = write_record(tmp_path, synthetic_leads_mv, gain=gain, counts_per_mv=counts_per_mv)
    record = read_wfdb_ecg(header)
    expected = np.stack([synthetic_leads_mv[lead] for lead in LEADS])
    np.testing.assert_allclose(record.signal_mv, expected, atol=0.51 / counts_per_mv)
    assert record.source.uv_per_count == pytest.approx(1000.0 / counts_per_mv)


def test_the_baseline_is_subtracted(synthetic_leads_mv: Leads, tmp_path: Path) -> None:
    # stored 1000 * mV, baseline 500 counts at 1000 counts per mV: everything is read 0.5 mV lower
    header = write_record(tmp_path, synthetic_leads_mv, gain="1000(500)/mV")
    np.testing.assert_allclose(read_wfdb_ecg(header).lead_mv("V2"), synthetic_leads_mv["V2"] - 0.5, atol=1e-9)


def test_a_gain_of_zero_is_assumed_and_said(synthetic_leads_mv: Leads, tmp_path: Path) -> None:
    header = write_record(tmp_path, synthetic_leads_mv, gain="0", counts_per_mv=200.0)
    record = read_wfdb_ecg(header)
    assert [finding.code for finding in record.findings] == ["gain-assumed"]
    np.testing.assert_allclose(record.lead_mv("V2"), synthetic_leads_mv["V2"], atol=0.0026)


def test_separate_gains_are_found_and_overridden(synthetic_leads_mv: Leads, tmp_path: Path) -> None:
    header = write_record(tmp_path, synthetic_leads_mv)
    text = header.read_text()
    for samples in synthetic_leads_mv.values():  # as LUDB 1.0.1: each lead 1 mV peak to peak
        text = text.replace(" 1000(0)/mV", f" {1000.0 * np.ptp(samples):.0f}(0)/mV", 1)
    header.write_text(text)
    wrong = read_wfdb_ecg(header)
    assert not wrong.voltages_trusted
    assert any("--uv-per-count" in finding.message for finding in wrong.findings)
    right = read_wfdb_ecg(header, uv_per_count=1.0)
    assert right.voltages_trusted
    assert right.findings == ()
    np.testing.assert_allclose(right.lead_mv("III"), synthetic_leads_mv["III"], atol=1e-9)


def test_invalid_samples_are_missing(synthetic_leads_mv: Leads, tmp_path: Path) -> None:
    header = write_record(tmp_path, synthetic_leads_mv)
    counts = np.frombuffer((tmp_path / "rec.dat").read_bytes(), dtype="<i2").reshape(-1, 12).copy()
    counts[700:710, 7] = -32768
    (tmp_path / "rec.dat").write_bytes(counts.tobytes())
    codes = {finding.code: finding.leads for finding in read_wfdb_ecg(header).findings}
    assert codes == {"gaps-bridged": ("V2",), "checksum": ("V2",)}


@pytest.mark.parametrize(
    ("comments", "sex", "age", "statements"),
    [
        (
            "#<age>: 51\n#<sex>: F\n#<diagnoses>:\n#Rhythm: Sinus rhythm.\n",
            "female",
            51.0,
            ("Rhythm: Sinus rhythm.",),
        ),
        (
            "# Age: 61\n# Sex: Male\n# Dx: 426783006,164909002\n# Rx: Unknown\n",
            "male",
            61.0,
            ("426783006", "164909002"),
        ),
        (
            "# age: 81\n# sex: female\n# Reason for admission: Myocardial infarction\n# Smoker: n/a\n",
            "female",
            81.0,
            ("Reason for admission: Myocardial infarction",),
        ),
        ("# Age: NaN\n# Sex: Unknown\n", None, None, ()),
    ],
)
def test_comments(
    synthetic_leads_mv: Leads,
    tmp_path: Path,
    comments: str,
    sex: str | None,
    age: float | None,
    statements: tuple[str, ...],
) -> None:
    record = read_wfdb_ecg(write_record(tmp_path, synthetic_leads_mv, comments=comments))
    assert (record.sex, record.age_years, record.vendor.statements) == (sex, age, statements)


@pytest.mark.parametrize("name", ["../rec.dat", "/etc/passwd", "sub/rec.dat", "http://x/rec.dat", "~", ".."])
def test_signal_files_elsewhere_are_refused(synthetic_leads_mv: Leads, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "case"
    folder.mkdir()
    header = write_record(folder, synthetic_leads_mv)
    (tmp_path / "rec.dat").write_bytes((folder / "rec.dat").read_bytes())
    with pytest.raises(InputError):
        read_ecg(edited(header, "rec.dat 16", f"{name} 16"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rec 12 500 5000", "rec 12 500 5001", "states 5001 x 12"),
        ("rec 12 500 5000", "rec 12 500 99999999999", "was cut off"),
        ("rec 12 500 5000", "rec 99 500 5000", "signals"),
        ("rec 12 500 5000", "rec/3 12 500 5000", "segments"),
        ("rec.dat 16 ", "rec.dat 516 ", "format 516"),
        ("rec.dat 16 ", "gone.dat 16 ", "gone.dat: there is no such file"),
        ("1000(0)/mV", "1000(0)/mmHg", "unit 'mmHg'"),
        ("rec 12 500 5000", "rec 12 50 5000", "sampling rate"),
        (" V1\n", " V2\n", "twice"),
    ],
)
def test_headers_that_lie_are_refused(
    synthetic_leads_mv: Leads, tmp_path: Path, old: str, new: str, message: str
) -> None:
    header = edited(write_record(tmp_path, synthetic_leads_mv), old, new)
    with pytest.raises(InputError, match=message):
        read_ecg(header)


def test_what_passes_for_a_header() -> None:
    assert is_wfdb_header(b"# first a comment\n51 12 500 5000\n51.dat 16 2933(1)/mV 0 0 1800 5556 0 i\n")
    assert not is_wfdb_header(b"1 2 500 5000\n2 3 500 5000\n")  # a table of numbers
    assert not is_wfdb_header(b"I,II,III\n1,2,3\n")
    assert not is_wfdb_header(b"")


def test_the_header_beside(synthetic_leads_mv: Leads, tmp_path: Path) -> None:
    header = write_record(tmp_path, synthetic_leads_mv)
    assert wfdb_header_beside(tmp_path / "rec.dat") == header
    assert wfdb_header_beside(tmp_path / "rec") == header
    (tmp_path / "rec.csv").write_text("a table of the same stem that the header does not name")
    assert wfdb_header_beside(tmp_path / "rec.csv") is None
    assert wfdb_header_beside(header) is None


def test_ludb_through_headers_and_at_true_scale(shared_data: Callable[[str], Path]) -> None:
    header = shared_data("ecg/ludb/data/51.hea")
    wrong = read_ecg(header)
    assert not wrong.voltages_trusted
    right = read_ecg(header, uv_per_count=1.0)
    assert (right.voltages_trusted, right.findings) == (True, ())
    assert (right.sex, right.age_years) == ("male", 75.0)
    # Reference: S in V1 2.63 mV and R in I 2.10 mV (from the manual marks of the same record).
    assert -float(np.min(right.lead_mv("V1"))) == pytest.approx(2.63, abs=0.6)
    assert float(np.max(right.lead_mv("I"))) == pytest.approx(2.10, abs=0.5)


def test_ptb_brings_frank_leads(shared_data: Callable[[str], Path]) -> None:
    record = read_ecg(shared_data("ecg/wfdb_ptb/sample-data/s0010_re.dat"))
    assert record.frank_mv is not None
    assert record.frank_mv.shape == (3, 38400)
    # First samples in the header: vx -3, vy 120, vz -18 counts at 2000 counts per mV.
    np.testing.assert_allclose(record.frank_mv[:, 0], [-0.0015, 0.06, -0.009], atol=1e-12)
    assert (record.sampling_rate_hz, record.age_years, record.sex) == (1000.0, 81.0, "female")
    assert record.findings == ()


def test_all_challenge_records_read(shared_data: Callable[[str], Path]) -> None:
    folder = shared_data("ecg/torch_ecg_samples/sample-data/cinc2021")
    headers = sorted(folder.glob("*.hea"))
    assert len(headers) == 50
    findings = {}
    for header in headers:
        record = read_wfdb_ecg(header)
        assert record.voltages_trusted
        if record.findings:
            findings[header.stem] = [(finding.code, finding.leads) for finding in record.findings]
    # Two records of the Chapman-Shaoxing part hold zeros in V2, V4 and V6.
    flat = [("flat-lead", ("V2", "V4", "V6"))]
    assert findings == {"JS20004": flat, "JS20008": flat}
