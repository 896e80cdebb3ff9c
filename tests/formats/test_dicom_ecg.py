"""DICOM waveforms: objects made here with pydicom, real ones where present, and damaged ones."""

from __future__ import annotations

import tracemalloc
import zlib
from collections.abc import Callable, Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from resynchro.errors import InputError
from resynchro.formats.dicom_ecg import is_dicom_ecg, read_dicom_ecg
from resynchro.record.ecg import INDEPENDENT_LEADS, LEADS

Counts = NDArray[np.integer[Any]]

TWELVE_LEAD_ECG = UID("1.2.840.10008.5.1.4.1.1.9.1.1")
CT_IMAGE = UID("1.2.840.10008.5.1.4.1.1.2")
MDC_CODES = {
    **{lead: f"2:{number}" for number, lead in enumerate(("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"), 1)},
    **{lead: f"2:{number}" for number, lead in enumerate(("III", "aVR", "aVL", "aVF"), 61)},
}


def coded(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def counts_of(leads: Sequence[str], n_samples: int = 1000) -> dict[str, Counts]:
    """Return counts with a bump every 400 samples that obey Einthoven and Goldberger."""
    bump = np.exp(-0.5 * ((np.arange(n_samples) % 400 - 200) / 6.0) ** 2)
    rows = {lead: np.round(bump * 40 * (k + 2)) + np.arange(n_samples) % (k + 2) for k, lead in enumerate(LEADS)}
    one, two = rows["I"] * 2, rows["II"] * 2
    rows |= {
        "I": one,
        "II": two,
        "III": two - one,
        "aVR": -(one + two) / 2,
        "aVL": one - two / 2,
        "aVF": two - one / 2,
    }
    return {lead: rows[lead].astype(np.int64) for lead in leads}


def channel(lead: str, **changes: Any) -> Dataset:
    item = Dataset()
    item.ChannelSourceSequence = [coded(MDC_CODES[lead], "MDC", f"Lead {lead}")]
    item.ChannelSensitivity = "2.5"
    item.ChannelSensitivityUnitsSequence = [coded("uV", "UCUM", "microvolt")]
    item.ChannelSensitivityCorrectionFactor = "1"
    item.ChannelBaseline = "0"
    item.ChannelSampleSkew = "0"
    item.WaveformBitsStored = 16
    item.FilterLowFrequency, item.FilterHighFrequency, item.NotchFilterFrequency = "0.05", "150", "0"
    for keyword, value in changes.items():
        if value is None:
            delattr(item, keyword)
        else:
            setattr(item, keyword, value)
    return item


def group(rows: dict[str, Counts], *, dtype: str = "<i2", kind: str = "SS", **changes: Any) -> Dataset:
    item = Dataset()
    item.MultiplexGroupTimeOffset = "0"
    item.WaveformOriginality = "ORIGINAL"
    item.NumberOfWaveformChannels = len(rows)
    item.NumberOfWaveformSamples = len(next(iter(rows.values())))
    item.SamplingFrequency = "500"
    item.MultiplexGroupLabel = "RHYTHM"
    item.WaveformBitsAllocated = 8 * np.dtype(dtype).itemsize
    item.WaveformSampleInterpretation = kind
    item.ChannelDefinitionSequence = [channel(lead) for lead in rows]
    item.WaveformData = np.stack(list(rows.values()), axis=1).astype(dtype).tobytes()
    for keyword, value in changes.items():
        setattr(item, keyword, value)
    return item


def note(concept: Dataset | None = None, **values: Any) -> Dataset:
    item = Dataset()
    if concept is not None:
        item.ConceptNameCodeSequence = [concept]
    item.ReferencedWaveformChannels = values.pop("channels", [1, 0])
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def ecg(groups: Sequence[Dataset], notes: Sequence[Dataset] = (), **changes: Any) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID = TWELVE_LEAD_ECG
    dataset.SOPInstanceUID = "1.2.3.4"
    dataset.Modality = "ECG"
    dataset.Manufacturer, dataset.ManufacturerModelName = "Maker", "Model 1"
    dataset.AcquisitionDateTime = "20130125105919.5"
    dataset.PatientSex, dataset.PatientAge = "F", "042Y"
    dataset.WaveformSequence = list(groups)
    if notes:
        dataset.WaveformAnnotationSequence = list(notes)
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    return dataset


def stored(dataset: Dataset, syntax: UID = ExplicitVRLittleEndian, *, preamble: bool = True) -> bytes:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    target = BytesIO()
    if preamble:
        dataset.file_meta = meta
        pydicom.dcmwrite(target, dataset, enforce_file_format=True)
        del dataset.file_meta
    else:
        pydicom.dcmwrite(target, dataset, implicit_vr=syntax.is_implicit_VR, little_endian=True)
    return target.getvalue()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Dataset | bytes], Path]:
    def written(content: Dataset | bytes) -> Path:
        path = tmp_path / "ecg.dcm"
        path.write_bytes(content if isinstance(content, bytes) else stored(content))
        return path

    return written


Write = Callable[[Dataset | bytes], Path]


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_twelve_leads_in_millivolt(write: Write, syntax: UID) -> None:
    rows = counts_of(LEADS)
    content = stored(ecg([group(rows)]), syntax)
    assert is_dicom_ecg(content[:4096])
    record = read_dicom_ecg(write(content))
    for lead in LEADS:
        np.testing.assert_allclose(record.lead_mv(lead), rows[lead] * 2.5e-3, rtol=1e-12)
    assert record.sampling_rate_hz == 500.0
    assert record.derived_leads == frozenset()
    assert record.source.uv_per_count == 2.5
    assert record.source.device == "Maker Model 1"
    assert record.source.recorded_at == datetime(2013, 1, 25, 10, 59, 19)
    assert (record.sex, record.age_years) == ("female", 42.0)
    assert (record.filters.high_pass_hz, record.filters.low_pass_hz) == (0.05, 150.0)
    assert record.filters.notch_hz is None  # 0 means none


def test_big_endian(write: Write) -> None:
    rows = counts_of(LEADS)
    dataset = ecg([group(rows, dtype=">i2")])
    record = read_dicom_ecg(write(stored(dataset, ExplicitVRBigEndian)))
    np.testing.assert_allclose(record.lead_mv("V4"), rows["V4"] * 2.5e-3, rtol=1e-12)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_a_file_without_preamble(write: Write, syntax: UID) -> None:
    rows = counts_of(LEADS)
    content = stored(ecg([group(rows)]), syntax, preamble=False)
    assert content[128:132] != b"DICM"
    assert is_dicom_ecg(content[:4096])
    np.testing.assert_allclose(read_dicom_ecg(write(content)).lead_mv("II"), rows["II"] * 2.5e-3, rtol=1e-12)


@pytest.mark.parametrize(
    ("dtype", "kind", "baseline"),
    [
        ("<i4", "SL", 0),
        ("<u4", "UL", 0),
        ("<u2", "US", 5000),
        ("<i2", "SS", 0),
        ("<i1", "SB", 0),
        ("<u1", "UB", 128),
    ],
)
def test_sample_kinds(write: Write, dtype: str, kind: str, baseline: int) -> None:
    rows = {lead: row // (20 if dtype.endswith("1") else 1) for lead, row in counts_of(INDEPENDENT_LEADS).items()}
    shifted = {lead: row + baseline for lead, row in rows.items()}
    item = group(shifted, dtype=dtype, kind=kind)
    for definition in item.ChannelDefinitionSequence:
        definition.ChannelBaseline = str(-2.5 * baseline)  # in the unit of the sensitivity
    record = read_dicom_ecg(write(ecg([item])))
    np.testing.assert_allclose(record.lead_mv("V2"), rows["V2"] * 2.5e-3, atol=1e-9)
    assert record.derived_leads == {"III", "aVR", "aVL", "aVF"}


def test_twelve_significant_bits_without_their_sign_extended(write: Write) -> None:
    rows = counts_of(INDEPENDENT_LEADS)
    rows = {lead: np.clip(row - 100, -2000, 2000) for lead, row in rows.items()}
    item = group({lead: row & 0xFFF for lead, row in rows.items()})
    for definition in item.ChannelDefinitionSequence:
        definition.WaveformBitsStored = 12
    record = read_dicom_ecg(write(ecg([item])))
    np.testing.assert_allclose(record.lead_mv("V1"), rows["V1"] * 2.5e-3, rtol=1e-12)


def test_sensitivity_unit_and_correction(write: Write) -> None:
    rows = counts_of(INDEPENDENT_LEADS)
    item = group(rows)
    for definition in item.ChannelDefinitionSequence:
        definition.ChannelSensitivity = "0.002"
        definition.ChannelSensitivityUnitsSequence = [coded("mV", "UCUM", "millivolt")]
        definition.ChannelSensitivityCorrectionFactor = "1.25"
        definition.ChannelBaseline = "0.1"
    record = read_dicom_ecg(write(ecg([item])))
    # count x 0.002 mV x 1.25 + 0.1 mV
    np.testing.assert_allclose(record.lead_mv("V5"), rows["V5"] * 2.5e-3 + 0.1, rtol=1e-12)
    replaced = read_dicom_ecg(write(ecg([item])), uv_per_count=5.0)
    np.testing.assert_allclose(replaced.lead_mv("V5"), rows["V5"] * 5e-3, rtol=1e-12)
    assert replaced.source.uv_per_count_overridden


def test_leads_are_known_by_code_then_by_name(write: Write) -> None:
    rows = counts_of(INDEPENDENT_LEADS)
    item = group(rows)
    scp_numbers = {lead: number for number, lead in enumerate(INDEPENDENT_LEADS, 1)}
    for definition, lead in zip(item.ChannelDefinitionSequence, rows, strict=True):
        definition.ChannelSourceSequence = [coded(f"5.6.3-9-{scp_numbers[lead]}", "SCPECG", "anything")]
    item.ChannelDefinitionSequence[0].ChannelSourceSequence = [coded("x", "99LOCAL", "Lead I (Einthoven)")]
    item.ChannelDefinitionSequence[1].ChannelSourceSequence = [coded("MDC_ECG_LEAD_II", "MDC", "")]
    item.ChannelDefinitionSequence[7].ChannelSourceSequence = []
    item.ChannelDefinitionSequence[7].ChannelLabel = "V6"
    record = read_dicom_ecg(write(ecg([item])))
    for lead in INDEPENDENT_LEADS:
        np.testing.assert_allclose(record.lead_mv(lead), rows[lead] * 2.5e-3, rtol=1e-12)


def test_a_right_sided_lead_is_not_taken_for_its_name(write: Write) -> None:
    item = group(counts_of(LEADS))
    item.ChannelDefinitionSequence[8].ChannelSourceSequence = [coded("2:11", "MDC", "V3")]  # V3R by its code
    with pytest.raises(InputError, match="missing V3"):
        read_dicom_ecg(write(ecg([item])))


def test_frank_leads_are_kept(write: Write) -> None:
    rows = counts_of(LEADS) | {lead: counts_of(["V1"])["V1"] * k for k, lead in enumerate("XYZ", 1)}
    item = group({lead: rows[lead] for lead in LEADS})
    item.WaveformData = np.stack(list(rows.values()), axis=1).astype("<i2").tobytes()
    item.NumberOfWaveformChannels = 15
    for code in ("2:16", "2:17", "2:18"):
        extra = channel("I")
        extra.ChannelSourceSequence = [coded(code, "MDC", "Frank lead")]
        item.ChannelDefinitionSequence.append(extra)
    record = read_dicom_ecg(write(ecg([item])))
    assert record.frank_mv is not None
    np.testing.assert_allclose(record.frank_mv[2], rows["Z"] * 2.5e-3, rtol=1e-12)


def test_padding_and_blank_samples_are_missing_samples(write: Write) -> None:
    rows = counts_of(INDEPENDENT_LEADS)
    marked = {lead: row.copy() for lead, row in rows.items()}
    marked["V1"][300:305] = -20000
    for row in marked.values():
        row[-1] = -32768
    record = read_dicom_ecg(write(ecg([group(marked, WaveformPaddingValue=np.int16(-20000).tobytes())])))
    assert np.abs(record.signal_mv).max() < 5.0
    assert "gaps-bridged" in {finding.code for finding in record.findings}
    # A padding value of zero is not believed: zero is an ordinary sample.
    plain = read_dicom_ecg(write(ecg([group(rows, WaveformPaddingValue=b"\x00\x00")])))
    assert "gaps-bridged" not in {finding.code for finding in plain.findings}


def test_skew_between_channels_is_undone_by_whole_samples(write: Write) -> None:
    rows = counts_of(INDEPENDENT_LEADS)
    late = dict(rows)
    # V6 is sampled 3 samples later: its sample k shows the moment k + 3.
    late["V6"] = np.concatenate((rows["V6"][3:], rows["V6"][-1:].repeat(3)))
    item = group(late)
    item.ChannelDefinitionSequence[7].ChannelSampleSkew = "3"
    record = read_dicom_ecg(write(ecg([item])))
    np.testing.assert_allclose(record.lead_mv("V6")[3:], rows["V6"][3:] * 2.5e-3, rtol=1e-12)
    assert [finding.leads for finding in record.findings if finding.code == "channel-skew"] == [("V6",)]


def test_beat_measurements_marks_and_statements(write: Write) -> None:
    beat = group(counts_of(LEADS, 500), WaveformOriginality="DERIVED", MultiplexGroupLabel="MEDIAN BEAT")
    ms = [coded("ms", "UCUM", "millisecond")]
    notes = [
        note(
            coded("2:16156", "MDC", "QRS duration global"),
            NumericValue="120",
            MeasurementUnitsCodeSequence=ms,
        ),
        note(coded("5.13.5-7", "SCPECG", "PR Interval"), NumericValue="148"),
        note(coded("5.13.5-9", "SCPECG", "QRS Duration"), NumericValue="99", channels=[1, 3]),  # of one lead only
        note(coded("x", "99LOCAL", "Vent. Rate"), NumericValue="60"),  # unknown name
        note(coded("5.10.2.1-3", "SCPECG", "RR Interval"), NumericValue="1000"),
        note(coded("5.10.3-13", "SCPECG", "QRS Axis"), NumericValue="0"),
        # Marks on the recording, then those of the beat: its bump lies at sample 201, counted from 1.
        note(coded("5.10.3-3", "SCPECG", "QRS onset"), ReferencedSamplePositions=580, AnnotationGroupNumber=1),
        note(coded("5.10.3-4", "SCPECG", "QRS offset"), ReferencedSamplePositions=590, AnnotationGroupNumber=1),
        note(coded("5.10.3-3", "SCPECG", "QRS onset"), ReferencedSamplePositions=181, AnnotationGroupNumber=2),
        note(coded("5.10.3-4", "SCPECG", "QRS offset"), ReferencedSamplePositions=221, AnnotationGroupNumber=2),
        note(coded("10:5120", "MDC", "ventricular pace spike"), ReferencedSamplePositions=[101, 501]),
        note(coded("y", "99LOCAL", "Pacer spike"), ReferencedTimeOffsets=["1500"]),
        note(coded("10:5120", "MDC", "spike of the beat"), ReferencedSamplePositions=151, channels=[2, 0]),
        note(UnformattedTextValue="SINUS RHYTHM"),
        note(UnformattedTextValue="LEFT BUNDLE BRANCH BLOCK "),
    ]
    record = read_dicom_ecg(write(ecg([group(counts_of(LEADS)), beat], notes)))
    assert dict(record.vendor.measurements) == {
        "qrs_ms": 120.0,
        "pr_ms": 148.0,
        "rr_ms": 1000.0,
        "heart_rate_bpm": 60.0,  # 60000 / 1000
        "qrs_axis_deg": 0.0,
        "qrs_onset_ms": 360.0,  # sample 181 is the 180th after the first, at 500 Hz
        "qrs_end_ms": 440.0,
    }
    assert record.vendor.statements == ("SINUS RHYTHM", "LEFT BUNDLE BRANCH BLOCK")
    assert record.vendor.pace_marks_s == (0.2, 1.0, 1.5)  # (101-1)/500, (501-1)/500, 1500 ms
    assert record.vendor.median_mv is not None
    assert record.vendor.median_mv.shape == (12, 500)
    assert record.vendor.median_sampling_rate_hz == 500.0


def test_of_several_recordings_the_longest_is_read(write: Write) -> None:
    record = read_dicom_ecg(write(ecg([group(counts_of(LEADS, 900)), group(counts_of(LEADS, 1100))])))
    assert record.signal_mv.shape == (12, 1100)
    messages = [finding.message for finding in record.findings if finding.code == "several-recordings"]
    assert "1.8 s, 2.2 s" in messages[0]


def test_simultaneous_groups_are_one_recording(write: Write) -> None:
    rows = counts_of(LEADS)
    limb = group({lead: rows[lead] for lead in LEADS[:6]})
    chest = group({lead: rows[lead] for lead in LEADS[6:]})
    record = read_dicom_ecg(write(ecg([limb, chest])))
    np.testing.assert_allclose(record.lead_mv("V6"), rows["V6"] * 2.5e-3, rtol=1e-12)
    chest.MultiplexGroupTimeOffset = "2500"
    with pytest.raises(InputError, match="one after another"):
        read_dicom_ecg(write(ecg([limb, chest])))


def test_a_file_cut_off_within_its_samples_says_so(write: Write) -> None:
    record = read_dicom_ecg(write(ecg([group(counts_of(LEADS), NumberOfWaveformSamples=4_000_000_000)])))
    assert record.signal_mv.shape == (12, 1000)
    assert "cut-off" in {finding.code for finding in record.findings}


def broken(**changes: Any) -> Dataset:
    return ecg([group(counts_of(LEADS), **changes)])


def no_sensitivity() -> Dataset:
    item = group(counts_of(LEADS))
    for definition in item.ChannelDefinitionSequence:
        del definition.ChannelSensitivity
    return ecg([item])


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (ecg([], SOPClassUID=CT_IMAGE, Modality="CT"), r"CT Image Storage \(modality CT\)"),
        (broken(WaveformSampleInterpretation="MB"), "kind 'MB'"),
        (broken(NumberOfWaveformChannels=0), "channels"),
        (broken(NumberOfWaveformChannels=60000), "channels"),
        (broken(SamplingFrequency="0"), "sampling frequency"),
        (broken(WaveformBitsAllocated=8), "allocates 8 bits"),
        (broken(WaveformData=b""), "no samples"),
        (broken(ChannelDefinitionSequence=[]), "no ECG lead"),
        (broken(WaveformOriginality="DERIVED"), "representative beat"),
        (no_sensitivity(), "uv-per-count"),
    ],
)
def test_unusable_files_are_refused_in_words(write: Write, dataset: Dataset, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_dicom_ecg(write(dataset))


def test_no_dicom_at_all_is_refused(write: Write) -> None:
    assert not is_dicom_ecg(b"\x08\x00" + bytes(4000))
    assert not is_dicom_ecg(b"I am no DICOM")
    with pytest.raises(InputError, match=r"no readable waveform|damaged"):
        read_dicom_ecg(write(b"I am no DICOM, and longer than a preamble. " * 20))


def test_a_deflated_bomb_is_stopped(write: Write) -> None:
    plain = stored(ecg([group(counts_of(LEADS))]), DeflatedExplicitVRLittleEndian)
    head = plain[: plain.index(b"1.2.840.10008.1.2.1.99") + 22]
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = b"".join(deflate.compress(bytes(1 << 20)) for _ in range(80)) + deflate.flush()
    assert len(bomb) < 200_000
    # Only the meta information up to the transfer syntax stays; its length is corrected.
    length = (len(head) - 144).to_bytes(4, "little")
    with pytest.raises(InputError, match="larger than"):
        read_dicom_ecg(write(head[:140] + length + head[144:] + bomb))


def test_damaged_files_raise_nothing_but_input_errors(write: Write) -> None:
    """Bits, cuts, doubled and lost pieces, numbers at their limits; memory stays bounded."""
    rng = np.random.default_rng(23)
    notes = [
        note(UnformattedTextValue="A"),
        note(coded("5.10.3-3", "SCPECG", "on"), ReferencedSamplePositions=9),
    ]
    content = stored(ecg([group(counts_of(LEADS)), group(counts_of(LEADS, 600))], notes))
    read_dicom_ecg(write(content))  # libraries are imported before memory is counted
    for number in range(150):
        if number == 130:  # counting memory is slow
            tracemalloc.start()
        try:
            record = read_dicom_ecg(write(mutated(content, rng)))
        except InputError:
            continue
        assert record.signal_mv.shape[0] == 12
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 128e6  # reading a file claims up to 64 MiB for a moment


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """Damage a file in one of six ways; half of them in the header, where the meaning is."""
    data = bytearray(content)
    far = len(data) if rng.integers(2) else 3000
    start, end = sorted(int(value) for value in rng.integers(132, far, 2))
    kind = rng.integers(6)
    if kind == 0:
        for place in rng.integers(0, far, rng.integers(1, 30)):
            data[place] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        del data[end:]
    elif kind == 2:
        del data[start : min(end, start + 500)]
    elif kind == 3:
        data[start:start] = data[start : min(end, start + 500)]
    else:
        data[start : start + 4] = (b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\xff\xff\xff\x7f")[int(rng.integers(3))]
    return bytes(data)


# --- real files ---


def test_example_of_the_ecg_toolkit(shared_data: Callable[[str], Path]) -> None:
    record = read_dicom_ecg(shared_data("ecg/ecgtoolkit/examples/Example.dcm"))
    assert record.signal_mv.shape == (12, 5000)
    assert record.voltages_trusted
    found = record.vendor.measurements
    assert [found[name] for name in ("pr_ms", "qrs_ms", "qt_ms", "qtc_ms")] == [148, 120, 420, 443]
    assert [found[name] for name in ("p_axis_deg", "qrs_axis_deg", "t_axis_deg")] == [44, -61, 86]
    # Samples 217 to 277 of the beat at 500 Hz: (217 - 1) / 0.5 = 432 ms, 120 ms long.
    assert (found["qrs_onset_ms"], found["qrs_end_ms"]) == (432, 552)
    assert record.vendor.median_mv is not None
    assert record.vendor.median_mv.shape == (12, 599)  # the 600th sample is marked as missing
    assert np.abs(record.vendor.median_mv).max() < 3.0


def test_example_that_ships_with_pydicom() -> None:
    from pydicom.data import get_testdata_file

    path = get_testdata_file("waveform_ecg.dcm")
    if not isinstance(path, str):
        pytest.skip("this pydicom ships no waveform")
    record = read_dicom_ecg(Path(path))
    dataset = pydicom.dcmread(path)
    expected_uv = dataset.waveform_array(0).T
    np.testing.assert_allclose(record.signal_mv, expected_uv / 1e3, atol=1e-12)  # its leads are in our order
    assert record.sampling_rate_hz == 1000.0
    found = record.vendor.measurements
    assert [found[name] for name in ("pr_ms", "qrs_ms", "qt_ms", "qrs_axis_deg")] == [161, 75, 368, 52]
    assert (found["qrs_onset_ms"], found["qrs_end_ms"]) == (459, 534)
    assert (record.filters.high_pass_hz, record.filters.low_pass_hz) == (0.05, 300.0)
    assert record.vendor.statements == ("RITMO SINUSALE", "ECG NORMALE")
