"""The door for electrocardiograms: one function that reads every format, told apart by content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Final

from resynchro.errors import InputError
from resynchro.formats.file_bytes import read_bytes
from resynchro.formats.wfdb_ecg import wfdb_header_beside
from resynchro.record.ecg import EcgRecord

UV_PER_COUNT_RANGE: Final = (0.001, 1000.0)
_HEAD_BYTES: Final = 4096

#: Name, module, "is it?" (given the first bytes) and reader. The order matters only for the last two, which
#: are plain text: a WFDB header could pass for a table.
_FORMATS: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("DICOM waveform", "dicom_ecg", "is_dicom_ecg", "read_dicom_ecg"),
    ("SCP-ECG", "scp_ecg", "is_scp_ecg", "read_scp_ecg"),
    ("EDF or BDF", "edf", "is_edf", "read_edf"),
    ("HL7 aECG", "hl7_aecg", "is_hl7_aecg", "read_hl7_aecg"),
    ("GE MUSE XML", "muse_xml", "is_muse_xml", "read_muse_xml"),
    ("Philips Sierra XML", "sierra_xml", "is_sierra_xml", "read_sierra_xml"),
    ("WFDB", "wfdb_ecg", "is_wfdb_header", "read_wfdb_ecg"),
    ("CSV", "csv_ecg", "is_csv_ecg", "read_csv_ecg"),
)
_WFDB: Final = next(entry for entry in _FORMATS if entry[0] == "WFDB")


def read_ecg(
    path: str | Path, *, uv_per_count: float | None = None, sampling_rate_hz: float | None = None
) -> EcgRecord:
    """Read a 12-lead ECG in any supported format and check it.

    The format is told by the content of the file, never by its name. Formats: DICOM waveform, SCP-ECG, EDF,
    BDF, HL7 aECG, GE MUSE XML, Philips Sierra XML, WFDB (header, signal file or record name) and CSV.

    Parameters
    ----------
    path
        The file.
    uv_per_count
        Microvolts per stored count [µV], in `UV_PER_COUNT_RANGE`, when the file's own gain is wrong; for all
        leads.
    sampling_rate_hz
        Sampling rate [Hz] of a CSV file that states none; refused for every other format, which all state it.

    Returns
    -------
    EcgRecord
        Twelve leads in millivolt with the findings of the integrity checks.

    Raises
    ------
    InputError
        When the file cannot be read; the message begins with the path.
    """
    low, high = UV_PER_COUNT_RANGE
    if uv_per_count is not None and not low <= uv_per_count <= high:
        raise InputError(f"microvolts per count must lie in [{low:g}, {high:g}], got {uv_per_count:g}")
    path = Path(path)
    name = "an ECG"
    try:
        header = wfdb_header_beside(path)
        name, module, _, reader = _format_of(path) if header is None else _WFDB
        options: dict[str, float | None] = {"uv_per_count": uv_per_count}
        if name == "CSV":
            options["sampling_rate_hz"] = sampling_rate_hz
        elif sampling_rate_hz is not None:
            raise InputError(f"is {name}, which states its own sampling rate; leave the sampling rate out")
        record: EcgRecord = _function(module, reader)(header or path, **options)
    except InputError as error:
        raise InputError(_with_path(path, f"{error}")) from error
    except Exception as error:
        # Readers meet files of unknown origin, libraries raise what they like; only InputError leaves here.
        raise InputError(
            f"{path}: could not be read as {name}: {type(error).__name__}: {error}; the file may be damaged "
            "or use a part of the format that is not supported: export it again, or in another format"
        ) from error
    return replace(record, source=replace(record.source, file=str(path)))


def _format_of(path: Path) -> tuple[str, str, str, str]:
    head = read_bytes(path)[:_HEAD_BYTES]
    for entry in _FORMATS:
        _, module, is_format, _ = entry
        if _function(module, is_format)(head):
            return entry
    names = ", ".join(name for name, *_ in _FORMATS)
    raise InputError(
        f"{path}: is none of the ECG formats that are read ({names}); export the recording in one of them. A "
        "signal file without a header of its own (.dat, .mat) needs its WFDB header beside it"
    )


def _function(module: str, name: str) -> Callable[..., EcgRecord]:
    """Import a reader only when it is needed: they bring pydicom, wfdb and XML parsers with them."""
    function: Callable[..., EcgRecord] = getattr(import_module(f"resynchro.formats.{module}"), name)
    return function


def _with_path(path: Path, message: str) -> str:
    return message if str(path) in message else f"{path}: {message}"
