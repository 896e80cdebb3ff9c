"""The door: told by content, clear when unknown, nothing but InputError."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from resynchro.errors import InputError
from resynchro.formats import csv_ecg
from resynchro.formats.ecg_file import read_ecg
from resynchro.record.ecg import FloatArray

Leads = dict[str, FloatArray]


def test_the_name_does_not_matter(synthetic_leads_mv: Leads, fuzz_readers: ModuleType, tmp_path: Path) -> None:
    edf = tmp_path / "looks_like.xml"
    edf.write_bytes(fuzz_readers.edf_bytes(synthetic_leads_mv))
    assert read_ecg(edf).source.format == "EDF"
    table = tmp_path / "looks_like.edf"
    table.write_bytes(fuzz_readers.csv_bytes(synthetic_leads_mv))
    record = read_ecg(str(table))
    assert record.source.format == "CSV"
    assert record.source.file == str(table)


def test_an_unknown_file_lists_what_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7 " + bytes(range(256)) * 20)
    with pytest.raises(InputError, match=r"a\.pdf: is none of the ECG formats.*DICOM.*SCP.*MUSE.*WFDB.*CSV"):
        read_ecg(tmp_path / "a.pdf")


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_ecg(tmp_path / "none.xml")
    with pytest.raises(InputError, match="is a folder"):
        read_ecg(tmp_path)


@pytest.mark.parametrize("factor", [0.0, -1.0, 1e-9, 1001.0, float("nan")])
def test_an_absurd_factor_is_refused(tmp_path: Path, factor: float) -> None:
    with pytest.raises(InputError, match=r"microvolts per count must lie in \[0\.001, 1000\]"):
        read_ecg(tmp_path / "a", uv_per_count=factor)


def test_a_sampling_rate_is_for_tables_only(
    synthetic_leads_mv: Leads, fuzz_readers: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(fuzz_readers.edf_bytes(synthetic_leads_mv))
    with pytest.raises(InputError, match="states its own sampling rate"):
        read_ecg(tmp_path / "a", sampling_rate_hz=500.0)


def test_an_unforeseen_exception_becomes_an_input_error(
    synthetic_leads_mv: Leads, fuzz_readers: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(csv_ecg, "read_csv_ecg", broken)
    (tmp_path / "a").write_bytes(fuzz_readers.csv_bytes(synthetic_leads_mv))
    with pytest.raises(InputError, match="could not be read as CSV: ZeroDivisionError: by zero") as caught:
        read_ecg(tmp_path / "a")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_every_message_begins_with_the_path(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("I,II,V1,V2,V3,V4,V5,V6\n1,2,3,4,5,6,7,8\n")
    with pytest.raises(InputError) as caught:
        read_ecg(tmp_path / "a.csv")
    assert str(caught.value).startswith(str(tmp_path / "a.csv"))


def test_heavy_libraries_stay_out_until_they_are_needed() -> None:
    script = (
        "import sys, resynchro.formats.ecg_file\n"
        "heavy = ('wfdb', 'pandas', 'pydicom', 'scipy.signal', 'matplotlib')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_format_is_told_apart(shared_data: Callable[[str], Path]) -> None:
    expected = {
        "ecgtoolkit/examples/Example.dcm": "DICOM",
        "ecgtoolkit/examples/Example.scp": "SCP",
        "ecgtoolkit/examples/Example.xml": "aECG",
        "braveheart/example1.xml": "MUSE",
        "philips_sierra/examples/xml/1_04_01/2020-5-18_15-48-11.xml": "Philips",
        "wfdb_ptb/sample-data/s0010_re.hea": "WFDB",
    }
    for name, part in expected.items():
        assert part in read_ecg(shared_data(f"ecg/{name}")).source.format


def test_one_ecg_in_three_formats_is_the_same(shared_data: Callable[[str], Path]) -> None:
    dicom, scp, aecg = (
        read_ecg(shared_data(f"ecg/ecgtoolkit/examples/Example.{ending}")) for ending in ("dcm", "scp", "xml")
    )
    # The independent leads; the others may be recorded in one format and derived in another.
    rows = [0, 1, *range(6, 12)]
    np.testing.assert_allclose(scp.signal_mv[rows], dicom.signal_mv[rows], rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(aecg.signal_mv[rows], dicom.signal_mv[rows], rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("reader", ["EDF", "CSV"])
def test_mutated_files_end_in_a_record_or_an_input_error(fuzz_readers: ModuleType, tmp_path: Path, reader: str) -> None:
    originals = fuzz_readers.recordings(reader, None)
    outcomes: Counter[str] = Counter()
    for index in range(60):
        files = fuzz_readers.mutated_recording(originals, (7, index))
        outcome, detail = fuzz_readers.read_once(files, tmp_path)
        outcomes[outcome] += 1
        assert outcome in ("read", "input-error", "caught"), f"mutation {index}: {detail}"
    # The mutations must be neither harmless nor so rough that only the first check is met.
    assert outcomes["read"] >= 3
    assert outcomes["input-error"] >= 3
