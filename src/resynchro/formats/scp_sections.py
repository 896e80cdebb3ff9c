"""The container of SCP-ECG: pointers, sections, checksums, and the sections that lay out the signal.

EN 1064:2005+A1:2007 (ISO 11073-91064:2009), clauses 5.2, 5.3, 5.6 and 5.7. All numbers are little endian.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from resynchro.errors import InputError
from resynchro.record.finding import Finding

_SECTION_HEADER = 16
_RECORD_HEADER = 6
#: Version 3 (EN 1064:2020) lays several sections out anew.
_FIRST_UNKNOWN_VERSION = 30
_LONGEST_LEAD = 1_000_000

#: Lead codes of the standard that matter here; a plain code wins over a derived one (61 and 31 up are plain
#: and derived III and I), -aVR (65) is turned round by the reader.
LEAD_NAMES: Mapping[int, str] = {
    **dict(zip(range(1, 9), ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"), strict=True)),
    16: "X",
    17: "Y",
    18: "Z",
    **dict(zip(range(61, 65), ("III", "aVR", "aVL", "aVF"), strict=True)),
    65: "aVR",
    **dict(zip(range(31, 39), ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"), strict=True)),
    **dict(zip(range(111, 115), ("III", "aVR", "aVL", "aVF"), strict=True)),
}
NEGATIVE_AVR = 65
_DERIVED_CODES = frozenset((*range(31, 39), *range(111, 115), NEGATIVE_AVR))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScpSections:
    """The sections of a file without their headers, by number, and what was wrong with the container."""

    payloads: Mapping[int, bytes]
    findings: tuple[Finding, ...]

    def payload(self, number: int) -> bytes:
        """Return one section without its header; empty when the file does not hold it."""
        return self.payloads.get(number, b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadDefinition:
    """One lead of section 3.

    Attributes
    ----------
    row
        Position of the lead in sections 5 and 6.
    first, last
        First and last sample, counted from 1, both inside.
    sign
        -1 for a lead that is stored upside down (-aVR), else 1.
    """

    name: str
    row: int
    first: int
    last: int
    sign: int = 1

    @property
    def n_samples(self) -> int:
        """Number of samples after decompression."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadLayout:
    """Section 3: the leads that we read, how many the file holds, and whether the reference beat was
    subtracted."""

    leads: tuple[LeadDefinition, ...]
    n_leads: int
    beat_subtracted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SubtractionZone:
    """A stretch from which a reference beat was subtracted; samples counted from 1."""

    beat_type: int
    first: int
    fiducial: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatZones:
    """Section 4.

    Attributes
    ----------
    beat_length_ms
        Length of the reference beat [ms]; 0 when the file says nothing.
    beat_fiducial
        Its fiducial point, counted from 1.
    protected
        First and last sample of every stretch that was neither filtered nor decimated.
    """

    beat_length_ms: int
    beat_fiducial: int
    subtractions: tuple[SubtractionZone, ...]
    protected: tuple[tuple[int, int], ...]


def has_scp_header(head: bytes) -> bool:
    """Tell from its first bytes whether a file is SCP-ECG.

    Section 0 holds the name of the format; recorders that leave it out still write a first pointer to section
    0.
    """
    if len(head) < _RECORD_HEADER + _SECTION_HEADER + 10:
        return False
    if head[16:22] == b"SCPECG":
        return True
    section, length = struct.unpack_from("<HI", head, 8)
    pointer = struct.unpack_from("<HII", head, _RECORD_HEADER + _SECTION_HEADER)
    return section == 0 and length >= _SECTION_HEADER + 120 and pointer == (0, length, _RECORD_HEADER + 1)


def split_sections(content: bytes) -> ScpSections:
    """Cut a file into its sections and check pointers and checksums.

    Parameters
    ----------
    content
        The whole file.

    Returns
    -------
    ScpSections
        Sections whose pointer leads nowhere are left out; that and wrong checksums are findings.

    Raises
    ------
    InputError
        When this is no SCP-ECG file or a version that is laid out differently.
    """
    if not has_scp_header(content):
        raise InputError("SCP-ECG: the file does not begin with section 0 (pointers); it is damaged or not SCP-ECG")
    version = content[_RECORD_HEADER + 9]
    if version >= _FIRST_UNKNOWN_VERSION:
        raise InputError(
            f"SCP-ECG: protocol version {version / 10:.1f}, versions below {_FIRST_UNKNOWN_VERSION / 10:.1f} "
            "are read; export the recording as SCP-ECG 2.x, HL7 aECG or DICOM"
        )
    stored_crc, record_length = struct.unpack_from("<HI", content)
    wrong: list[str] = []
    if record_length > len(content):
        wrong.append(f"the record should hold {record_length} bytes and holds {len(content)}")
    elif record_length > _RECORD_HEADER and not _crc_agrees(content[2:record_length], stored_crc):
        wrong.append("the checksum of the record is wrong")
    (pointers_length,) = struct.unpack_from("<I", content, _RECORD_HEADER + 4)
    n_pointers = (min(pointers_length, len(content) - _RECORD_HEADER) - _SECTION_HEADER) // 10
    payloads: dict[int, bytes] = {}
    for number in range(max(n_pointers, 0)):
        entry = _RECORD_HEADER + _SECTION_HEADER + 10 * number
        section, length, index = struct.unpack_from("<HII", content, entry)
        if section == 0 or length <= _SECTION_HEADER or index == 0 or section in payloads:
            continue
        whole = content[index - 1 : index - 1 + length]
        if len(whole) < length or struct.unpack_from("<H", whole, 2) != (section,):
            wrong.append(f"the pointer to section {section} leads nowhere")
            continue
        if not _crc_agrees(whole[2:], struct.unpack_from("<H", whole)[0]):
            wrong.append(f"the checksum of section {section} is wrong")
        payloads[section] = whole[_SECTION_HEADER:]
    return ScpSections(payloads=payloads, findings=_damage(wrong))


def _crc_agrees(data: bytes, stored: int) -> bool:
    """Compare CRC-CCITT (start 0xFFFF); 0xFFFF is written by recorders that do not compute it."""
    return stored in (0xFFFF, binascii.crc_hqx(data, 0xFFFF))


def _damage(wrong: list[str]) -> tuple[Finding, ...]:
    if not wrong:
        return ()
    shown = "; ".join(wrong[:4]) + (f"; and {len(wrong) - 4} more" if len(wrong) > 4 else "")
    message = f"SCP-ECG: {shown}: the file may have been changed or damaged; compare it with the original"
    return (Finding(code="checksum", message=message),)


def lead_layout(payload: bytes) -> LeadLayout:
    """Read section 3.

    Parameters
    ----------
    payload
        The section without its header.

    Returns
    -------
    LeadLayout
        Only the leads of the 12-lead ECG and Frank's X, Y, Z; one recorded and one derived lead of the same
        name: the recorded one.

    Raises
    ------
    InputError
        When the section is missing or cut off, or a lead's range makes no sense.
    """
    if len(payload) < 2:
        raise InputError("SCP-ECG: section 3 (lead definition) is missing; the file holds no readable signal")
    n_leads, flags = payload[0], payload[1]
    if len(payload) < 2 + 9 * n_leads:
        raise InputError(f"SCP-ECG section 3: {n_leads} leads are announced but the section is cut off")
    leads: dict[str, LeadDefinition] = {}
    derived: set[str] = set()
    for row in range(n_leads):
        first, last, code = struct.unpack_from("<IIB", payload, 2 + 9 * row)
        name = LEAD_NAMES.get(code)
        if name is None or (name in leads and (code in _DERIVED_CODES or name not in derived)):
            continue
        if not 1 <= first <= last or last - first >= _LONGEST_LEAD:
            raise InputError(
                f"SCP-ECG section 3: lead {name} runs from sample {first} to {last}; allowed are 1 to "
                f"{_LONGEST_LEAD} samples: the file is damaged"
            )
        leads[name] = LeadDefinition(name=name, row=row, first=first, last=last, sign=-1 if code == NEGATIVE_AVR else 1)
        (derived.add if code in _DERIVED_CODES else derived.discard)(name)
    return LeadLayout(leads=tuple(leads.values()), n_leads=n_leads, beat_subtracted=bool(flags & 1))


def beat_zones(payload: bytes) -> BeatZones:
    """Read section 4; an absent section has no zones and a reference beat of unknown length.

    Notes
    -----
    Versions 1.0 and 1.1 of the protocol write no protected stretches: the subtraction zones stand for them.
    """
    if len(payload) < 6:
        return BeatZones(beat_length_ms=0, beat_fiducial=0, subtractions=(), protected=())
    length_ms, fiducial, announced = struct.unpack_from("<HHH", payload)
    count = min(announced, (len(payload) - 6) // 14)
    zones = [struct.unpack_from("<HIII", payload, 6 + 14 * k) for k in range(count)]
    behind = 6 + 14 * count
    if len(payload) >= behind + 8 * count:
        protected = [struct.unpack_from("<II", payload, behind + 8 * k) for k in range(count)]
    else:
        protected = [(first, last) for _, first, _, last in zones]
    return BeatZones(
        beat_length_ms=length_ms,
        beat_fiducial=fiducial,
        subtractions=tuple(
            SubtractionZone(beat_type=beat_type, first=first, fiducial=mark, last=last)
            for beat_type, first, mark, last in zones
        ),
        protected=tuple((first, last) for first, last in protected if 1 <= first <= last),
    )
