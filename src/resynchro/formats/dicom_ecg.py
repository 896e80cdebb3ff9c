"""DICOM waveforms with a 12-lead ECG: 12-lead, general, general 32-bit and ambulatory ECG objects."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final

from resynchro.errors import InputError
from resynchro.formats.dicom_annotations import dicom_vendor_reading
from resynchro.formats.dicom_content import FORMAT, day, moment, open_dicom, sequence, text
from resynchro.formats.dicom_groups import group_filters, multiplex_groups, representative_beat, rhythm_group
from resynchro.formats.file_bytes import read_bytes, sha256_of
from resynchro.formats.twelve_leads import twelve_leads
from resynchro.record.ecg import EcgRecord, EcgSource, Sex

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_ROOT_OF_UIDS: Final = b"1.2.840.10008."
_YEARS: Final = {"Y": 1.0, "M": 1 / 12, "W": 1 / 52.1775, "D": 1 / 365.25}


def is_dicom_ecg(head: bytes) -> bool:
    """Tell from the first bytes of a file whether it is DICOM.

    Parameters
    ----------
    head
        The first 4096 bytes.

    Returns
    -------
    bool
        True for any DICOM file, with or without preamble. Whether it holds an ECG or an image may stand far
        behind the head; `read_dicom_ecg` says so in clear words.
    """
    if head[128:132] == b"DICM":
        return True
    # Without preamble the file starts with an element of group 0002 or 0008 and soon names a DICOM UID.
    starts_so = head[:2] in (b"\x02\x00", b"\x08\x00") and head[3:4] == b"\x00"
    return starts_so and _ROOT_OF_UIDS in head


def read_dicom_ecg(path: Path, *, uv_per_count: float | None = None) -> EcgRecord:
    """Read the ECG of a DICOM waveform file.

    Parameters
    ----------
    path
        The file.
    uv_per_count
        Replaces sensitivity and baseline of the file [µV]; the vendor's median beat keeps the file's own.

    Returns
    -------
    EcgRecord
        The longest recording in millivolt; the median beat, measurements, stimulus marks and statements in
        `vendor`.

    Raises
    ------
    InputError
        When the file is no DICOM, holds no waveform (an image), is damaged or is no 12-lead recording.

    Notes
    -----
    Millivolt = (count x sensitivity x correction factor + baseline) x unit (DICOM PS3.3 C.10.9.1.4.3). Groups
    that were sampled at the same time are read as one.
    """
    content = read_bytes(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom remarks on every UID and text that bends the standard
        dataset = open_dicom(content)
        if not sequence(dataset, "WaveformSequence"):
            raise InputError(
                f"{FORMAT}: the file holds no readable waveform; it is {_kind(dataset)}. A 12-lead, general "
                "or ambulatory ECG object is needed"
            )
        groups = multiplex_groups(dataset)
        rhythm, findings = rhythm_group(groups)
        gains_uv = {
            None if channel.mv_per_count is None else round(1e3 * channel.mv_per_count, 12)
            for channel in rhythm.channels.values()
        }
        common_gain_uv = gains_uv.pop() if len(gains_uv) == 1 else None
        return twelve_leads(
            rhythm.leads_mv(uv_per_count=uv_per_count),
            sampling_rate_hz=rhythm.sampling_rate_hz,
            source=EcgSource(
                file=str(path),
                format=FORMAT,
                sha256=sha256_of(content),
                recorded_at=moment(dataset),
                device=_device(dataset),
                uv_per_count=common_gain_uv if uv_per_count is None else uv_per_count,
                uv_per_count_overridden=uv_per_count is not None,
            ),
            filters=group_filters(rhythm),
            vendor=dicom_vendor_reading(dataset, rhythm, representative_beat(groups)),
            sex=_sex(dataset),
            age_years=_age_years(dataset),
            raw_counts={lead: channel.counts for lead, channel in rhythm.channels.items()},
            findings=findings,
        )


def _kind(dataset: Dataset) -> str:
    """Name what the file is, for the error message."""
    from pydicom.uid import UID

    uid = text(dataset, "SOPClassUID")
    modality = text(dataset, "Modality")
    if uid is None and modality is None:
        return "of unknown kind (perhaps no DICOM, or damaged)"
    name = UID(uid).name if uid is not None else "object without a class"
    return f"{name[:80]} (modality {(modality or 'not stated')[:16]})"


def _device(dataset: Dataset) -> str | None:
    parts = (text(dataset, "Manufacturer"), text(dataset, "ManufacturerModelName"))
    return " ".join(part for part in parts if part and part.lower() != "unknown") or None


def _sex(dataset: Dataset) -> Sex | None:
    initial = (text(dataset, "PatientSex") or "").upper()
    return "female" if initial == "F" else "male" if initial == "M" else None


def _age_years(dataset: Dataset) -> float | None:
    """Return the age as stated, else from the dates of birth and recording."""
    stated = text(dataset, "PatientAge") or ""
    if stated[:-1].isdecimal() and stated[-1:].upper() in _YEARS and len(stated) <= 4:
        return int(stated[:-1]) * _YEARS[stated[-1:].upper()]
    born, recorded = day(text(dataset, "PatientBirthDate")), moment(dataset)
    if born is None or recorded is None or recorded < born:
        return None
    return (recorded - born).days / 365.25
