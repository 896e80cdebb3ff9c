"""SCP-ECG: files written by an independent writer come back exactly, real data agree, damage is refused."""

from __future__ import annotations

import importlib.util
import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.formats.hl7_aecg import read_hl7_aecg
from resynchro.formats.scp_bimodal import interpolated, stored_samples
from resynchro.formats.scp_ecg import is_scp_ecg, read_scp_ecg
from resynchro.formats.scp_huffman import decode_samples, default_table, huffman_tables, undo_differences
from resynchro.record.ecg import INDEPENDENT_LEADS, INDEPENDENT_ROWS, EcgRecord


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


w = _load("scp_writer")

Counts = NDArray[np.int64]
N = 1000  # samples: 2 s at 500 Hz
DEFAULT_TABLES = struct.pack("<H", 19999)
Build = Callable[..., EcgRecord]


@pytest.fixture
def read(tmp_path: Path) -> Build:
    """Write sections to a file and read it."""

    def build(payloads: Mapping[int, bytes], **options: Any) -> EcgRecord:
        path = tmp_path / "ecg.scp"
        path.write_bytes(w.scp_file(payloads))
        return read_scp_ecg(path, **options)

    return build


def ecg_counts(seed: int = 1, n: int = N) -> list[Counts]:
    """Eight leads of smooth noise with steep "QRS" jumps, as integers."""
    rng = np.random.default_rng(seed)
    leads = np.cumsum(rng.integers(-3, 4, (8, n)), axis=1)
    leads[:, 100::400] += rng.integers(-2000, 2000, (8, leads[:, 100::400].shape[1]))
    return [lead.astype(np.int64) for lead in leads]


def definition(n: int = N, **options: Any) -> bytes:
    result: bytes = w.lead_section([(lead, 1, n) for lead in INDEPENDENT_LEADS], **options)
    return result


def assert_counts(record: EcgRecord, leads: Sequence[Counts], nv: int = 2500) -> None:
    expected_mv = np.stack(leads) * (nv / 1000.0) / 1000.0
    np.testing.assert_array_equal(record.signal_mv[list(INDEPENDENT_ROWS)], expected_mv)


# --- Huffman codes


def test_default_code_by_hand() -> None:
    # 0 | 100 | 101 | 1100 | 1111111110 11111001 | 1111111111 0000000100000000, zeros to the end of the byte
    # 0, 1, -1, 2, -7 in 8 plain bits, 256 in 16 plain bits
    bits = "0100101110011111111101111100111111111110000000100000000"
    samples = decode_samples(w.packed(bits), (default_table(),), 6)
    assert samples.tolist() == [0, 1, -1, 2, -7, 256]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(-32768, 32767), max_size=40))
def test_default_code_round_trip(values: list[int]) -> None:
    assert decode_samples(w.default_coded(values), (default_table(),), len(values)).tolist() == values


def test_decoding_stops_at_the_end_of_the_data() -> None:
    # 8 announces 10 bits: a single byte of ones holds none of them whole.
    assert decode_samples(b"\xff", (default_table(),), 5).size == 0
    assert decode_samples(b"", (default_table(),), 5).size == 0
    assert decode_samples(b"\x01\x00\x02", (), 5).tolist() == [1]


#: 0 and 1 have codes, everything else 16 plain bits with a base value of 5 added.
OWN_TABLE = [("0", 0, 1, 0), ("10", 0, 1, 1), ("11", 16, 1, 5)]
#: "111" leads to table 2, where "1" leads back.
FIRST_OF_TWO = [("0", 0, 1, 0), ("10", 0, 1, -1), ("110", 16, 1, 0), ("111", 0, 0, 2)]
SECOND_OF_TWO = [("1", 0, 0, 1), ("0", 12, 1, 100)]


def own_coded(samples: Sequence[int]) -> bytes:
    codes = {0: "0", 1: "10"}
    text = (codes.get(int(v), f"11{(int(v) - 5) & 0xFFFF:016b}") for v in samples)
    return w.packed("".join(text))  # type: ignore[no-any-return]


def two_tables_coded(samples: Sequence[int]) -> bytes:
    """Values of -1900 to 2100 by a detour through table 2, except 0 and -1."""
    bits = ""
    for v in (int(value) for value in samples):
        if v in (0, -1):
            bits += "0" if v == 0 else "10"
        elif -1900 <= v <= 2100:
            bits += f"1110{(v - 100) & 0xFFF:012b}1"
        else:
            bits += f"110{v & 0xFFFF:016b}"
    return w.packed(bits)  # type: ignore[no-any-return]


def test_own_table_by_hand() -> None:
    tables = huffman_tables(w.huffman_section([OWN_TABLE]))
    # 10 | 0 | 11 0000000000000010 (2 + 5): 1, 0, 7
    assert decode_samples(w.packed("100110000000000000010"), tables, 3).tolist() == [1, 0, 7]


def test_tables_switch_by_hand() -> None:
    tables = huffman_tables(w.huffman_section([FIRST_OF_TWO, SECOND_OF_TWO]))
    # 10 | 111 | 0 000000000001 (1 + 100) | 0 111111111111 (-1 + 100) | 1 | 0 | 0...: -1, 101, 99, 0, 0
    bits = "1011100000000000010111111111111100"
    assert decode_samples(w.packed(bits), tables, 5).tolist() == [-1, 101, 99, 0, 0]


@pytest.mark.parametrize(
    ("section_2", "message"),
    [
        (w.huffman_section([[("0", 0, 1, 0), ("01", 0, 1, 1)]]), "one Huffman prefix begins another"),
        (w.huffman_section([[("0", 0, 0, 2)]]), "switches to a table that is not there"),
        (w.huffman_section([[("0", 60, 1, 0)]]), "60 value bits"),
        (w.huffman_section([[]]), "0 codes"),
        (struct.pack("<H", 9), "9 Huffman tables"),
        (w.huffman_section([OWN_TABLE])[:-1], "cut off"),
        (struct.pack("<HH", 1, 65535), "cut off"),
        (struct.pack("<HHBBBhI", 1, 1, 0, 0, 1, 0, 0), "0 prefix"),
    ],
)
def test_senseless_tables_are_refused(section_2: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        huffman_tables(section_2)


def test_differences_by_hand() -> None:
    # first: 5, +2, -10; second: 5, 7, then 7 + (7 - 5) + 1 = 10, 10 + (10 - 7) - 4 = 9
    assert undo_differences(np.array([5, 2, -10]), 1).tolist() == [5, 7, -3]
    assert undo_differences(np.array([5, 7, 1, -4]), 2).tolist() == [5, 7, 10, 9]
    assert undo_differences(np.array([5]), 2).tolist() == [5]
    # 30000 to -30000 is a step of -60000, stored in 16 bits as 5536
    assert undo_differences(np.array([30000, 5536]), 1).tolist() == [30000, -30000]


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize(
    ("section_2", "coder"),
    [
        (DEFAULT_TABLES, w.default_coded),
        (w.huffman_section([OWN_TABLE]), own_coded),
        (w.huffman_section([FIRST_OF_TWO, SECOND_OF_TWO]), two_tables_coded),
        (None, w.raw_coded),
    ],
    ids=["default", "own", "two", "plain"],
)
def test_lossless_round_trip(
    read: Build, order: int, section_2: bytes | None, coder: Callable[[Sequence[int]], bytes]
) -> None:
    leads = ecg_counts()
    leads[3][500:] = 32767  # steps over the whole range wrap around in the differences
    leads[3][700:] = -32768
    payloads = {
        3: definition(),
        6: w.signal_section(leads, nv=2500, interval_us=2000, order=order, coder=coder),
    }
    record = read(payloads if section_2 is None else {**payloads, 2: section_2})
    assert_counts(record, leads)
    assert record.sampling_rate_hz == 500.0
    assert record.source.format == "SCP-ECG"
    assert record.source.uv_per_count == 2.5
    assert record.derived_leads == {"III", "aVR", "aVL", "aVF"}
    assert not [finding for finding in record.findings if finding.code == "checksum"]


def test_gain_override(read: Build) -> None:
    leads = ecg_counts()
    payloads = {3: definition(), 6: w.signal_section(leads, nv=2500, interval_us=2000, coder=w.raw_coded)}
    record = read(payloads, uv_per_count=1.0)
    assert_counts(record, leads, nv=1000)
    assert record.source.uv_per_count_overridden


# --- reference beat, bimodal compression

#: Reference beat of 200 ms (100 samples at 500 Hz), its fiducial on sample 40 of it; three beats, of which
#: the second is of another type. Zone 1 begins before the reference beat does, zone 3 ends with the record.
ZONES = [(0, 101, 150, 205), (1, 401, 450, 500), (0, 930, 960, 1000)]


def reference_beat() -> list[Counts]:
    rng = np.random.default_rng(3)
    return [rng.integers(-400, 400, 100) for _ in INDEPENDENT_LEADS]


def subtracted(leads: Sequence[Counts], beats: Sequence[Counts], scale: int = 1) -> list[Counts]:
    """Subtract the beat sample by sample: its sample 40 (from 1) on the fiducial sample of the zone."""
    residual = [lead.copy() for lead in leads]
    for beat_type, first, fiducial, last in ZONES:
        if beat_type != 0:
            continue
        for number in range(first, last + 1):
            in_beat = number - fiducial + 40
            if 1 <= in_beat <= 100:
                for lead, beat in zip(residual, beats, strict=True):
                    lead[number - 1] -= scale * beat[in_beat - 1]
    return residual


@pytest.mark.parametrize(("beat_nv", "scale"), [(2500, 1), (5000, 2)])
def test_reference_beat_is_added_back(read: Build, beat_nv: int, scale: int) -> None:
    leads, beats = ecg_counts(), reference_beat()
    record = read(
        {
            2: DEFAULT_TABLES,
            3: definition(beat_subtracted=True),
            4: w.beat_section(200, 40, ZONES, None),
            5: w.signal_section(beats, nv=beat_nv, interval_us=2000, order=1),
            6: w.signal_section(subtracted(leads, beats, scale), nv=2500, interval_us=2000, order=2),
        }
    )
    assert_counts(record, leads)
    assert record.vendor.median_mv is not None
    assert record.vendor.median_sampling_rate_hz == 500.0
    np.testing.assert_allclose(
        record.vendor.median_mv[list(INDEPENDENT_ROWS)], np.stack(beats) * beat_nv / 1e6, atol=1e-12
    )


def test_beat_that_was_not_subtracted_is_not_added(read: Build) -> None:
    leads, beats = ecg_counts(), reference_beat()
    record = read(
        {
            2: DEFAULT_TABLES,
            3: definition(),
            4: w.beat_section(200, 40, ZONES, None),
            5: w.signal_section(beats, nv=2500, interval_us=2000),
            6: w.signal_section(leads, nv=2500, interval_us=2000),
        }
    )
    assert_counts(record, leads)


def test_missing_beat_is_refused(read: Build) -> None:
    with pytest.raises(InputError, match="section 5 does not hold it"):
        read(
            {
                2: DEFAULT_TABLES,
                3: definition(beat_subtracted=True),
                4: w.beat_section(200, 40, ZONES, None),
                6: w.signal_section(ecg_counts(), nv=2500, interval_us=2000),
            }
        )


def test_interpolation_by_hand() -> None:
    # factor 4: value k stands on sample 4 k + 2; before the first and behind the last the value stays
    assert interpolated(np.array([0.0, 4.0, 0.0]), 4).tolist() == [0, 0, 0, 1, 2, 3, 4, 3, 2, 1, 0, 0]
    assert interpolated(np.array([7.0]), 4).tolist() == [7, 7, 7, 7]
    assert interpolated(np.array([0.0, 2.0]), 2).tolist() == [0, 0, 1, 2]


#: The first stretch outside (1..100) and the last (909..1000) are whole groups of 4; the middle one
#: (206..402, 197 samples) leaves one sample over; zone 2 lies in zone 3's neighbourhood without a gap.
PROTECTED = [(101, 205), (403, 500), (501, 908)]


def decimation_is_lossless_on(leads: Sequence[Counts]) -> list[Counts]:
    """Replace what lies outside the protected stretches by straight lines between its decimated samples."""
    out = []
    for lead in leads:
        smooth = lead.copy()
        for first, last in [(1, 100), (206, 402), (909, 1000)]:
            groups = (last - first + 1) // 4
            # values in steps of 4 counts, so that interpolated quarters are whole counts
            knots = 4 * np.round(lead[first + 1 : first + 1 + 4 * groups : 4] / 4)
            smooth[first - 1 : first - 1 + 4 * groups] = np.interp(
                np.arange(4 * groups), 4 * np.arange(groups) + 2, knots
            )
        out.append(smooth)
    return out


@pytest.mark.parametrize("order", [0, 2])
def test_bimodal_round_trip(read: Build, order: int) -> None:
    leads = decimation_is_lossless_on(ecg_counts())
    stored = [w.decimated(lead, 1, PROTECTED, 4) for lead in leads]
    stretches = [(100, False), (105, True), (197, False), (98, True), (0, False), (408, True), (92, False)]
    assert stored_samples(stretches, 4) == 709
    # 100/4 + 105 + (196/4 + 1) + 98 + 408 + 92/4 = 25 + 105 + 50 + 98 + 408 + 23 = 709 samples remain of 1000
    assert stored[0].size == 709
    record = read(
        {
            2: DEFAULT_TABLES,
            3: definition(),
            4: w.beat_section(200, 40, ZONES, PROTECTED),
            5: w.signal_section(reference_beat(), nv=2500, interval_us=2000),
            6: w.signal_section(stored, nv=2500, interval_us=8000, order=order, bimodal=True),
        }
    )
    assert_counts(record, leads)
    assert record.sampling_rate_hz == 500.0


def test_bimodal_with_reference_beat(read: Build) -> None:
    beats = reference_beat()
    residual = decimation_is_lossless_on(ecg_counts())
    leads = [2 * lead - other for lead, other in zip(residual, subtracted(residual, beats), strict=True)]
    record = read(
        {
            2: DEFAULT_TABLES,
            3: definition(beat_subtracted=True),
            4: w.beat_section(200, 40, ZONES, PROTECTED),
            5: w.signal_section(beats, nv=2500, interval_us=2000, order=2),
            6: w.signal_section(
                [w.decimated(lead, 1, PROTECTED, 4) for lead in residual],
                nv=2500,
                interval_us=8000,
                order=2,
                bimodal=True,
            ),
        }
    )
    assert_counts(record, leads)


def test_protocol_1_protects_the_subtraction_zones(read: Build) -> None:
    zones = [(0, first, first + 10, last) for first, last in PROTECTED]
    leads = decimation_is_lossless_on(ecg_counts())
    record = read(
        {
            2: DEFAULT_TABLES,
            3: definition(),
            4: w.beat_section(200, 40, zones, None),
            5: w.signal_section(reference_beat(), nv=2500, interval_us=2000),
            6: w.signal_section(
                [w.decimated(lead, 1, PROTECTED, 4) for lead in leads],
                nv=2500,
                interval_us=8000,
                bimodal=True,
            ),
        }
    )
    assert_counts(record, leads)


def test_rhythm_decimated_as_a_whole(read: Build) -> None:
    # section 3 counts 1000 samples at 500 Hz, section 6 holds 500 at 250 Hz: they are read as they are
    coarse = ecg_counts(n=500)
    record = read(
        {
            2: DEFAULT_TABLES,
            3: definition(),
            4: w.beat_section(200, 40, [], None),
            5: w.signal_section(reference_beat(), nv=2500, interval_us=2000),
            6: w.signal_section(coarse, nv=2500, interval_us=4000),
        }
    )
    assert_counts(record, coarse)
    assert record.sampling_rate_hz == 250.0


def test_rhythm_slower_than_the_beat(read: Build) -> None:
    # section 3 counts samples of section 6: nothing was decimated
    leads = ecg_counts()
    record = read(
        {
            2: DEFAULT_TABLES,
            3: definition(),
            4: w.beat_section(200, 40, [], None),
            5: w.signal_section([np.repeat(beat, 2) for beat in reference_beat()], nv=2500, interval_us=1000),
            6: w.signal_section(leads, nv=2500, interval_us=2000),
        }
    )
    assert_counts(record, leads)
    assert record.sampling_rate_hz == 500.0
    assert record.vendor.median_sampling_rate_hz == 1000.0


# --- leads and header


def test_lead_codes(read: Build) -> None:
    leads = ecg_counts()
    i, ii = leads[0], leads[1]
    names = ["dI", *INDEPENDENT_LEADS[1:], "I", "III", "-aVR", "aVL", "aVF", "X"]
    stored = [i * 0 + 1, *leads[1:], i, ii - i, (i + ii) // 2, i - ii // 2, ii - i // 2, i]
    record = read(
        {
            3: w.lead_section([(name, 1, N) for name in names]),
            6: w.signal_section(stored, nv=2500, interval_us=2000, coder=w.raw_coded),
        }
    )
    # the recorded I wins over the computed one; -aVR is turned round
    assert_counts(record, leads)
    np.testing.assert_array_equal(record.lead_mv("aVR"), -((i + ii) // 2) * 2.5 / 1000.0)
    assert record.derived_leads == frozenset()


def test_leads_of_different_length_are_cut(read: Build) -> None:
    leads = ecg_counts()
    layout = [(lead, 1, N) for lead in INDEPENDENT_LEADS[:7]] + [("V6", 51, 950)]
    stored = [*leads[:7], leads[7][50:950]]
    record = read(
        {
            3: w.lead_section(layout),
            6: w.signal_section(stored, nv=2500, interval_us=2000, coder=w.raw_coded),
            7: w.measurement_section(spikes_ms=[50, 1100]),
        }
    )
    assert_counts(record, [lead[50:950] for lead in leads])
    (finding,) = (finding for finding in record.findings if finding.code == "leads-cut")
    assert "1.8 s" in finding.message
    # 50 samples of 2 ms were cut off, and with them the first spike
    assert record.vendor.pace_marks_s == (1.0,)


def test_leads_in_groups_are_refused(read: Build) -> None:
    layout = [(lead, 1 + N * (k // 4), N + N * (k // 4)) for k, lead in enumerate(INDEPENDENT_LEADS)]
    with pytest.raises(InputError, match="one group after the other"):
        read(
            {
                3: w.lead_section(layout),
                6: w.signal_section(ecg_counts(), nv=2500, interval_us=2000, coder=w.raw_coded),
            }
        )


def plain_file(**more: bytes) -> dict[int, bytes]:
    signal = w.signal_section(ecg_counts(), nv=2500, interval_us=2000, coder=w.raw_coded)
    return {3: definition(), 6: signal, **{int(key[1:]): payload for key, payload in more.items()}}


def test_header(read: Build) -> None:
    section_1 = w.tags(
        {
            14: w.device_tag(maker="Mörtara", language=1).replace("Mörtara".encode(), "Mörtara".encode("latin-1")),
            4: struct.pack("<HB", 18, 2),
            5: struct.pack("<HBB", 1953, 5, 8),
            8: b"\x02",
            25: struct.pack("<HBB", 2002, 11, 22),
            26: b"\x09\x0a\x1e",
            27: struct.pack("<H", 5),
            28: struct.pack("<H", 150),
            29: b"\x02",
        }
    )
    record = read(plain_file(_1=section_1))
    assert record.sex == "female"
    assert record.age_years == 1.5  # 18 months
    assert record.source.recorded_at == datetime(2002, 11, 22, 9, 10, 30)
    assert record.source.device == "Mörtara ELI250"
    assert (record.filters.high_pass_hz, record.filters.low_pass_hz) == (0.05, 150.0)
    assert record.filters.notch_hz == 50.0


def test_age_from_the_date_of_birth(read: Build) -> None:
    born, recorded = struct.pack("<HBB", 1953, 5, 8), struct.pack("<HBB", 2002, 11, 22)
    record = read(plain_file(_1=w.tags({5: born, 25: recorded, 4: struct.pack("<HB", 0, 0)})))
    # 8 May 1953 to 22 November 2002: 18095 days
    assert record.age_years == pytest.approx(18095 / 365.2425)
    assert read(plain_file(_1=w.tags({5: b"\0\0\0\0", 25: recorded, 8: b"\x09"}))).age_years is None


def test_measurements_and_statements(read: Build) -> None:
    beat = (286, 388, 434, 554, 854, 44, -61, 86)
    payloads = plain_file(
        _7=w.measurement_section(rr_ms=800, beats=[beat, beat], spikes_ms=[200, 29999, 1000], qtc_ms=443),
        _8=w.statement_section([b"Left bundle branch block", b"", b"Abnormal ECG"]),
    )
    vendor = read(payloads).vendor
    assert vendor.measurements == {
        "rr_ms": 800.0,
        "heart_rate_bpm": 75.0,
        "p_ms": 102.0,
        "pr_ms": 148.0,
        "qrs_ms": 120.0,
        "qt_ms": 420.0,
        "qtc_ms": 443.0,
        "p_axis_deg": 44.0,
        "qrs_axis_deg": -61.0,
        "t_axis_deg": 86.0,
    }
    assert vendor.statements == ("Left bundle branch block", "Abnormal ECG")
    assert vendor.pace_marks_s == (0.2, 1.0)


def test_missing_measurements_are_absent(read: Build) -> None:
    beat = (29999, 29999, 19999, 554, 29998, 29999, 29999, 29999)
    assert read(plain_file(_7=w.measurement_section(beats=[beat]))).vendor.measurements == {}
    assert read(plain_file(_7=w.measurement_section(rate_bpm=62))).vendor.measurements == {"heart_rate_bpm": 62.0}


# --- damage


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "ecg.scp"
    path.write_bytes(content)
    return path


def test_recognition() -> None:
    content = w.scp_file(plain_file())
    assert is_scp_ecg(content[:4096])
    assert is_scp_ecg(w.scp_file(plain_file(), named=False)[:4096])
    for other in (
        b"",
        b"SCPECG",
        b"<?xml version='1.0'?>",
        bytes(4096),
        content[:30],
        b"\x00" + content[:4096],
    ):
        assert not is_scp_ecg(other)


def test_wrong_checksum_is_a_finding(tmp_path: Path) -> None:
    content = bytearray(w.scp_file(plain_file()))
    content[-1] ^= 1
    record = read_scp_ecg(write(tmp_path, bytes(content)))
    (finding,) = (finding for finding in record.findings if finding.code == "checksum")
    assert "checksum of the record" in finding.message
    assert "section 6" in finding.message


def test_missing_parts_are_named(tmp_path: Path) -> None:
    for missing, message in ((3, "section 3"), (6, "section 6")):
        payloads = {number: payload for number, payload in plain_file().items() if number != missing}
        with pytest.raises(InputError, match=message):
            read_scp_ecg(write(tmp_path, w.scp_file(payloads)))


def test_version_3_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"protocol version 3\.0"):
        read_scp_ecg(write(tmp_path, w.scp_file(plain_file(), version=30)))


def test_cut_off_data_are_refused(tmp_path: Path) -> None:
    content = w.scp_file(plain_file())
    with pytest.raises(InputError, match="section 6"):
        read_scp_ecg(write(tmp_path, content[:-100]))
    short = {
        **plain_file(),
        6: w.signal_section([lead[:990] for lead in ecg_counts()], nv=1, interval_us=2000),
    }
    with pytest.raises(InputError, match=r"end after \d+ of 1000"):
        read_scp_ecg(write(tmp_path, w.scp_file(short)))


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (struct.pack("<HHBB", 0, 2000, 0, 0), "0 nV per count"),
        (struct.pack("<HHBB", 2500, 0, 0, 0), "0 us per sample"),
        (struct.pack("<HHBB", 2500, 2000, 3, 0), "order 3"),
    ],
)
def test_senseless_signal_heads_are_refused(tmp_path: Path, head: bytes, message: str) -> None:
    payloads = plain_file()
    with pytest.raises(InputError, match=message):
        read_scp_ecg(write(tmp_path, w.scp_file({**payloads, 6: head + payloads[6][6:]})))


def test_senseless_lead_range_is_refused(tmp_path: Path) -> None:
    payloads = {**plain_file(), 3: w.lead_section([(lead, 1, 4_000_000_000) for lead in INDEPENDENT_LEADS])}
    with pytest.raises(InputError, match="runs from sample 1 to 4000000000"):
        read_scp_ecg(write(tmp_path, w.scp_file(payloads)))


def test_mutated_files_raise_nothing_but_input_error(tmp_path: Path) -> None:
    rng = np.random.default_rng(20)
    leads = decimation_is_lossless_on(ecg_counts())
    whole = w.scp_file(
        {
            1: w.tags({14: w.device_tag(), 25: struct.pack("<HBB", 2002, 11, 22)}),
            2: w.huffman_section([FIRST_OF_TWO, SECOND_OF_TWO]),
            3: definition(beat_subtracted=True),
            4: w.beat_section(200, 40, ZONES, PROTECTED),
            5: w.signal_section(reference_beat(), nv=2500, interval_us=2000, order=1, coder=two_tables_coded),
            6: w.signal_section(
                [w.decimated(lead, 1, PROTECTED, 4) for lead in leads],
                nv=2500,
                interval_us=8000,
                order=2,
                bimodal=True,
                coder=two_tables_coded,
            ),
            7: w.measurement_section(rr_ms=800, spikes_ms=[200]),
            8: w.statement_section([b"Sinus rhythm"]),
        }
    )
    read_scp_ecg(write(tmp_path, whole))
    outcomes = {"read": 0, "refused": 0}
    for _ in range(150):
        content = bytearray(whole)
        # damage the layout more often than the bulk of the samples
        reach = len(content) if rng.random() < 0.3 else 800
        for _ in range(rng.integers(1, 5)):
            at = int(rng.integers(0, reach))
            kind = rng.integers(0, 4)
            if kind == 0 and at < len(content):
                content[at] ^= 1 << int(rng.integers(0, 8))
            elif kind == 1:
                content[at : at + 4] = b"\xff\xff\xff\xff"
            elif kind == 2:
                del content[at : at + int(rng.integers(1, 40))]
            else:
                content[at:at] = content[at : at + int(rng.integers(1, 40))]
        if rng.random() < 0.2:
            del content[int(rng.integers(0, len(content))) :]
        try:
            read_scp_ecg(write(tmp_path, bytes(content)))
            outcomes["read"] += 1
        except InputError:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 5  # the damage is neither harmless nor always fatal


# --- real data


def test_same_ecg_as_scp_and_aecg(shared_data: Callable[[str], Path]) -> None:
    """The C# ECG Toolkit's example is one ECG in two formats, bit for bit."""
    scp = read_scp_ecg(shared_data("ecg/ecgtoolkit/examples/Example.scp"))
    aecg = read_hl7_aecg(shared_data("ecg/ecgtoolkit/examples/Example.xml"))
    np.testing.assert_array_equal(scp.signal_mv, aecg.signal_mv)
    assert scp.vendor.median_mv is not None
    np.testing.assert_array_equal(scp.vendor.median_mv, aecg.vendor.median_mv)
    assert scp.signal_mv.shape == (12, 5000)
    assert scp.sampling_rate_hz == 500.0
    assert scp.derived_leads == frozenset()
    assert scp.voltages_trusted
    assert not [finding for finding in scp.findings if finding.code == "checksum"]
    for name in (
        "pr_ms",
        "qrs_ms",
        "qt_ms",
        "qtc_ms",
        "p_axis_deg",
        "qrs_axis_deg",
        "t_axis_deg",
        "qrs_onset_ms",
    ):
        assert scp.vendor.measurements[name] == aecg.vendor.measurements[name]
    assert scp.vendor.measurements["qrs_ms"] == 120.0
    assert (scp.sex, scp.source.recorded_at) == ("male", datetime(2002, 11, 22, 9, 10))
    assert scp.age_years == pytest.approx(49.54, abs=0.01)
