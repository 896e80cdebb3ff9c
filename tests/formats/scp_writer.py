"""A small SCP-ECG writer for the tests, from the standard's text and independent of the reader.

Bits are written as text ("100") and joined, so that every code can be compared with the standard by eye.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
LEAD_CODES = {"I": 1, "II": 2, "V1": 3, "V2": 4, "V3": 5, "V4": 6, "V5": 7, "V6": 8, "III": 61, "aVR": 62}
NAMES = {0: b"SCPECG"}
END = b"\xff\x00\x00"
LEAD_CODES |= {"aVL": 63, "aVF": 64, "-aVR": 65, "dI": 31, "X": 16}


def default_code(value: int) -> str:
    """One sample in the default table of EN 1064 annex C."""
    if value == 0:
        return "0"
    if abs(value) <= 8:
        return "1" * abs(value) + "0" + ("1" if value < 0 else "0")
    if -128 <= value <= 127:
        return "1111111110" + f"{value & 0xFF:08b}"
    return "1111111111" + f"{value & 0xFFFF:016b}"


def packed(bits: str) -> bytes:
    """Bits to bytes, most significant first, filled up with zeros to whole bytes."""
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[k : k + 8], 2) for k in range(0, len(bits), 8))


def default_coded(samples: Sequence[int]) -> bytes:
    return packed("".join(default_code(int(value)) for value in samples))


def raw_coded(samples: Sequence[int]) -> bytes:
    return np.asarray(samples, dtype="<i2").tobytes()


def differences(samples: Counts, order: int) -> Counts:
    """Differences as the standard stores them: the first sample(s) as they are; 16 bits, wrapped around."""
    out = samples.copy()
    if order == 1:
        out[1:] = samples[1:] - samples[:-1]
    if order == 2:
        out[2:] = samples[2:] - 2 * samples[1:-1] + samples[:-2]
    return (out + 0x8000) % 0x10000 - 0x8000


def decimated(samples: Counts, first: int, protected: Sequence[tuple[int, int]], factor: int) -> Counts:
    """Bimodal compression without the low-pass: of each whole group outside, the sample in its middle."""
    stored: list[int] = []
    position = first
    for begin, end in [*protected, (first + samples.size, first + samples.size - 1)]:
        outside = samples[position - first : begin - first]
        whole = outside.size // factor * factor
        stored += [int(value) for value in outside[:whole].reshape(-1, factor)[:, factor // 2]]
        stored += [int(value) for value in outside[whole:]]
        stored += [int(value) for value in samples[begin - first : end - first + 1]]
        position = end + 1
    return np.array(stored, dtype=np.int64)


def section(number: int, payload: bytes, *, version: int = 20) -> bytes:
    payload += bytes(len(payload) % 2)
    body = struct.pack("<HIBB6s", number, len(payload) + 16, version, version, NAMES.get(number, b""))
    return struct.pack("<H", binascii.crc_hqx(body + payload, 0xFFFF)) + body + payload


def scp_file(payloads: Mapping[int, bytes], *, version: int = 20, named: bool = True) -> bytes:
    """A whole file from section payloads; sections 1 to 11 that are not given are empty."""
    pointers, body = [], b""
    length_0 = 16 + 10 * 12
    for number in range(1, 12):
        if number in payloads:
            written = section(number, payloads[number], version=version)
            pointers.append((number, len(written), 6 + length_0 + len(body) + 1))
            body += written
        else:
            pointers.append((number, 0, 0))
    table = b"".join(struct.pack("<HII", *entry) for entry in [(0, length_0, 7), *pointers])
    head = section(0, table, version=version)
    if not named:
        head = head[:10] + bytes(6) + head[16:]
    record = struct.pack("<I", 6 + len(head) + len(body)) + head + body
    return struct.pack("<H", binascii.crc_hqx(record, 0xFFFF)) + record


def tags(fields: Mapping[int, bytes]) -> bytes:
    """Section 1."""
    return b"".join(struct.pack("<BH", tag, len(text)) + text for tag, text in fields.items()) + END


def device_tag(*, model: str = "ELI250", maker: str = "Mortara", language: int = 0) -> bytes:
    """Tag 14 of section 1."""
    head = struct.pack("<HHHBB6sBBBBB16xB", 0, 0, 0, 0, 255, model.encode(), 20, 0xD0, language, 0, 1, 1)
    return head + b"1\x00serial\x00system\x00scp\x00" + maker.encode() + b"\x00"


def huffman_section(tables: Sequence[Sequence[tuple[str, int, int, int]]]) -> bytes:
    """Section 2 from tables of (prefix bits as text, number of value bits, 1 for a sample, base value)."""
    out = struct.pack("<H", len(tables))
    for table in tables:
        out += struct.pack("<H", len(table))
        for prefix, value_bits, is_sample, base in table:
            out += struct.pack("<BBBhI", len(prefix), len(prefix) + value_bits, is_sample, base, int(prefix[::-1], 2))
    return out


def lead_section(leads: Sequence[tuple[str, int, int]], *, beat_subtracted: bool = False) -> bytes:
    """Section 3 from (name, first sample, last sample)."""
    flags = (1 if beat_subtracted else 0) | 4 | min(len(leads), 31) << 3
    out = struct.pack("<BB", len(leads), flags)
    return out + b"".join(struct.pack("<IIB", first, last, LEAD_CODES[name]) for name, first, last in leads)


def beat_section(
    length_ms: int,
    fiducial: int,
    zones: Sequence[tuple[int, int, int, int]],
    protected: Sequence[tuple[int, int]] | None,
) -> bytes:
    """Section 4 from zones (type, first, fiducial, last) and protected stretches."""
    out = struct.pack("<HHH", length_ms, fiducial, len(zones))
    out += b"".join(struct.pack("<HIII", *zone) for zone in zones)
    return out + b"".join(struct.pack("<II", *pair) for pair in protected or ())


def signal_section(
    leads: Sequence[Counts],
    *,
    nv: int,
    interval_us: int,
    order: int = 0,
    bimodal: bool = False,
    coder: Callable[[Sequence[int]], bytes] = default_coded,
) -> bytes:
    """Section 5 or 6 from what is to be stored of every lead."""
    data = [coder(differences(np.asarray(lead, dtype=np.int64), order)) for lead in leads]
    out = struct.pack("<HHBB", nv, interval_us, order, int(bimodal))
    return out + struct.pack(f"<{len(data)}H", *(len(one) for one in data)) + b"".join(data)


def measurement_section(
    *,
    rr_ms: int = 29999,
    beats: Sequence[tuple[int, ...]] = (),
    spikes_ms: Sequence[int] = (),
    rate_bpm: int = 29999,
    qtc_ms: int = 29999,
) -> bytes:
    """Section 7; a beat is (P on, P end, QRS on, QRS end, T end, P axis, QRS axis, T axis)."""
    out = struct.pack("<BBHH", len(beats), len(spikes_ms), rr_ms, 29999)
    out += b"".join(struct.pack("<5H3h", *beat) for beat in beats)
    out += b"".join(struct.pack("<Hh", time, 500) for time in spikes_ms)
    out += b"".join(struct.pack("<BBHH", 1, 1, 1, 500) for _ in spikes_ms)
    return out + struct.pack("<H2B", 2, 0, 0) + struct.pack("<HHHBH", rate_bpm, 29999, qtc_ms, 0, 0)


def statement_section(statements: Sequence[bytes]) -> bytes:
    """Section 8."""
    out = struct.pack("<BHBBBBBB", 1, 2002, 11, 22, 9, 10, 0, len(statements))
    for number, text in enumerate(statements, start=1):
        out += struct.pack("<BH", number, len(text) + 1) + text + b"\x00"
    return out
