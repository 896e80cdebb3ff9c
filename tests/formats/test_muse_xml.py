"""GE MUSE XML: files made here, GE's own where present, and damaged ones."""

from __future__ import annotations

import base64
import tracemalloc
import zlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.formats.muse_xml import is_muse_xml, read_muse_xml
from resynchro.record.ecg import INDEPENDENT_LEADS, LEADS

Counts = NDArray[np.int16]


def beats(n_samples: int = 1500) -> dict[str, Counts]:
    """Return distinct counts for the eight independent leads: a bump every 400 samples, scaled per lead."""
    bump = np.exp(-0.5 * ((np.arange(n_samples) % 400 - 200) / 6.0) ** 2)
    ramp = np.arange(n_samples) % 7
    return {
        lead: np.round(bump * 40 * (number + 1) + ramp).astype(np.int16)
        for number, lead in enumerate(INDEPENDENT_LEADS)
    }


def lead_data(lead: str, counts: Counts, *, gain: str = "4.88", crc: int | None = None, extra: str = "") -> str:
    content = counts.astype(counts.dtype.newbyteorder("<")).tobytes()
    checksum = zlib.crc32(content) if crc is None else crc
    return f"""<LeadData><LeadSampleCountTotal>{counts.size}</LeadSampleCountTotal>
      <LeadAmplitudeUnitsPerBit>{gain}</LeadAmplitudeUnitsPerBit>
      <LeadAmplitudeUnits>MICROVOLTS</LeadAmplitudeUnits><LeadID>{lead}</LeadID>
      <LeadSampleSize>{counts.dtype.itemsize}</LeadSampleSize><LeadDataCRC32>{checksum}</LeadDataCRC32>{extra}
      <WaveFormData>\n{base64.encodebytes(content).decode()}</WaveFormData></LeadData>"""


def waveform(kind: str, leads: str, *, exponent: str = "<SampleExponent>0</SampleExponent>") -> str:
    return f"""<Waveform><WaveformType>{kind}</WaveformType><SampleBase>500</SampleBase>{exponent}
      <HighPassFilter>16</HighPassFilter><LowPassFilter>150</LowPassFilter><ACFilter>NONE</ACFilter>
      {leads}</Waveform>"""


def muse(*waveforms: str, before: str = "") -> bytes:
    return (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<!DOCTYPE RestingECG SYSTEM "restecg.dtd">\n'
        f"<RestingECG>{before}{''.join(waveforms)}</RestingECG>"
    ).encode("latin-1")


def rhythm(counts: dict[str, Counts] | None = None, **options: str) -> str:
    return waveform("Rhythm", "".join(lead_data(lead, row) for lead, row in (counts or beats()).items()), **options)


DESCRIPTION = """
<PatientDemographics><PatientAge>73</PatientAge><AgeUnits>YEARS</AgeUnits><Gender>FEMALE</Gender>
</PatientDemographics>
<TestDemographics><AcquisitionDevice>MAC55</AcquisitionDevice><AcquisitionTime>15:21:27</AcquisitionTime>
<AcquisitionDate>11-20-2018</AcquisitionDate></TestDemographics>
<RestingECGMeasurements><VentricularRate>61</VentricularRate><PRInterval>0</PRInterval>
<QRSDuration>128</QRSDuration><QTInterval>459</QTInterval><QTCorrected>463</QTCorrected><RAxis>-66</RAxis>
<QOnset>251</QOnset><QOffset>315</QOffset><ECGSampleBase>500</ECGSampleBase></RestingECGMeasurements>
<OriginalRestingECGMeasurements><QRSDuration>130</QRSDuration><TAxis>83</TAxis></OriginalRestingECGMeasurements>
<Diagnosis><DiagnosisStatement><StmtText>Ventricular-paced</StmtText></DiagnosisStatement>
<DiagnosisStatement><StmtFlag>ENDSLINE</StmtFlag><StmtText>rhythm</StmtText></DiagnosisStatement>
<DiagnosisStatement><StmtText>Abnormal ECG</StmtText></DiagnosisStatement></Diagnosis>
<PaceSpikes><PaceSpike><Time>700</Time></PaceSpike><PaceSpike><Time>99999</Time></PaceSpike></PaceSpikes>
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes], Path]:
    def written(content: bytes) -> Path:
        path = tmp_path / "ecg.xml"
        path.write_bytes(content)
        return path

    return written


def test_eight_leads_become_twelve_in_millivolt(write: Callable[[bytes], Path]) -> None:
    counts = beats()
    record = read_muse_xml(write(muse(rhythm(counts))))
    assert record.sampling_rate_hz == 500.0
    for lead in INDEPENDENT_LEADS:
        np.testing.assert_allclose(record.lead_mv(lead), counts[lead] * 4.88e-3, rtol=1e-12)
    # Einthoven: III = II - I
    np.testing.assert_allclose(record.lead_mv("III"), record.lead_mv("II") - record.lead_mv("I"), atol=1e-12)
    assert record.derived_leads == {"III", "aVR", "aVL", "aVF"}
    assert record.source.format == "GE MUSE XML"
    assert record.source.uv_per_count == pytest.approx(4.88)


def test_what_the_file_says_besides_the_signal(write: Callable[[bytes], Path]) -> None:
    median = waveform("Median", "".join(lead_data(lead, row[:600]) for lead, row in beats().items()))
    record = read_muse_xml(write(muse(median, rhythm(), before=DESCRIPTION)))
    assert dict(record.vendor.measurements) == {
        "heart_rate_bpm": 61.0,
        "qrs_ms": 128.0,  # the confirmed value, not the 130 of the computer; PR 0 means "not measured"
        "qt_ms": 459.0,
        "qtc_ms": 463.0,
        "qrs_axis_deg": -66.0,
        "t_axis_deg": 83.0,
        "qrs_onset_ms": 502.0,  # sample 251 at 500 Hz
        "qrs_end_ms": 630.0,  # sample 315; 630 - 502 = 128
    }
    assert record.vendor.statements == ("Ventricular-paced rhythm", "Abnormal ECG")
    assert record.vendor.pace_marks_s == (0.7,)  # the one at 100 s lies outside the recording
    assert record.vendor.median_mv is not None
    assert record.vendor.median_mv.shape == (12, 600)
    assert record.vendor.median_sampling_rate_hz == 500.0
    assert (record.sex, record.age_years) == ("female", 73.0)
    assert record.source.recorded_at == datetime(2018, 11, 20, 15, 21, 27)
    assert record.source.device == "MAC55"
    assert record.filters.high_pass_hz == 0.16  # 16 hundredths of a hertz
    assert record.filters.low_pass_hz == 150.0
    assert record.filters.notch_hz is None


def test_age_follows_from_the_dates_where_it_is_not_stated(write: Callable[[bytes], Path]) -> None:
    born = DESCRIPTION.replace("<PatientAge>73</PatientAge>", "<DateofBirth>11-20-1948</DateofBirth>")
    record = read_muse_xml(write(muse(rhythm(), before=born)))
    assert record.age_years == pytest.approx(70.0, abs=0.01)


def test_the_exponent_of_the_sampling_rate_is_a_power_of_ten(write: Callable[[bytes], Path]) -> None:
    assert read_muse_xml(write(muse(rhythm(exponent="")))).sampling_rate_hz == 500.0
    tenfold = rhythm(exponent="<SampleExponent>1</SampleExponent>").replace(">500<", ">50<")
    assert read_muse_xml(write(muse(tenfold))).sampling_rate_hz == 500.0


def test_samples_of_four_bytes_and_extra_leads(write: Callable[[bytes], Path]) -> None:
    counts = {lead: row.astype(np.int32) for lead, row in beats().items()}
    leads = "".join(lead_data(lead, row) for lead, row in counts.items()) + lead_data("V4R", counts["I"])
    record = read_muse_xml(write(muse(waveform("Rhythm", leads))))
    np.testing.assert_allclose(record.lead_mv("V6"), counts["V6"] * 4.88e-3, rtol=1e-12)


def test_a_gain_given_by_the_user_replaces_the_files(write: Callable[[bytes], Path]) -> None:
    counts = beats()
    broken = "".join(lead_data(lead, row, gain="nonsense") for lead, row in counts.items())
    path = write(muse(waveform("Rhythm", broken)))
    with pytest.raises(InputError, match="uv-per-count"):
        read_muse_xml(path)
    record = read_muse_xml(path, uv_per_count=2.5)
    np.testing.assert_allclose(record.lead_mv("V3"), counts["V3"] * 2.5e-3, rtol=1e-12)
    assert record.source.uv_per_count_overridden


def test_changed_samples_are_noticed_by_their_checksum(write: Callable[[bytes], Path]) -> None:
    counts = beats()
    leads = "".join(lead_data(lead, row, crc=1 if lead == "V2" else None) for lead, row in counts.items())
    findings = {finding.code: finding for finding in read_muse_xml(write(muse(waveform("Rhythm", leads)))).findings}
    assert findings["checksum"].leads == ("V2",)
    assert "checksum" not in {finding.code for finding in read_muse_xml(write(muse(rhythm()))).findings}


def test_a_stated_time_offset_is_pointed_out(write: Callable[[bytes], Path]) -> None:
    offset = "<LeadTimeOffset>2500</LeadTimeOffset>"
    leads = "".join(lead_data(lead, row, extra=offset if lead == "V1" else "") for lead, row in beats().items())
    findings = read_muse_xml(write(muse(waveform("Rhythm", leads)))).findings
    assert [finding.leads for finding in findings if finding.code == "lead-time-offset"] == [("V1",)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (muse(), "no rhythm waveform"),
        (muse(waveform("Median", "")), "MEDIAN"),
        (muse(rhythm({lead: row for lead, row in beats().items() if lead != "V4"})), "V4"),
        (muse(rhythm()).replace(b"<SampleBase>500</SampleBase>", b""), "sampling rate"),
        (muse(rhythm()).replace(b">1500<", b">1501<"), "cut off"),
        (muse(rhythm()).replace(b"<LeadSampleSize>2", b"<LeadSampleSize>3"), "bytes"),
        (muse(rhythm()).replace(b"<WaveFormData>\n", b"<WaveFormData>\n$$"), "Base64"),
        (muse(rhythm()).replace(b"<LeadID>II<", b"<LeadID>I<"), "twice"),
        (b"<AnnotatedECG/>", "RestingECG"),
        (muse(rhythm())[:900], "XML"),
    ],
)
def test_unusable_files_are_refused_in_words(write: Callable[[bytes], Path], content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_muse_xml(write(content))


def test_a_damaged_median_beat_does_not_stop_the_recording(write: Callable[[bytes], Path]) -> None:
    record = read_muse_xml(write(muse(waveform("Median", lead_data("I", beats()["I"])), rhythm())))
    assert record.vendor.median_mv is None


def test_recognised_by_content() -> None:
    assert is_muse_xml(muse(rhythm())[:4096])
    assert not is_muse_xml(b'<?xml version="1.0"?><restingecgdata/>')
    assert not is_muse_xml(b"RestingECG")


def test_damaged_files_raise_nothing_but_input_errors(write: Callable[[bytes], Path]) -> None:
    """Bits, cuts, doubled and lost pieces, absurd numbers; memory stays near the size of the file."""
    rng = np.random.default_rng(20)
    content = muse(rhythm(), before=DESCRIPTION)
    read_muse_xml(write(content))  # libraries are imported before memory is counted
    tracemalloc.start()
    for _ in range(120):
        path = write(mutated(content, rng))
        try:
            record = read_muse_xml(path)
        except InputError:
            continue
        assert record.signal_mv.shape[0] == 12
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 128e6  # reading a file claims up to 64 MiB for a moment


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """Damage a file in one of six ways."""
    data = bytearray(content)
    start, end = sorted(int(value) for value in rng.integers(0, len(data), 2))
    kind = rng.integers(6)
    if kind == 0:
        for place in rng.integers(0, len(data), rng.integers(1, 30)):
            data[place] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        del data[end:]
    elif kind == 2:
        del data[start : min(end, start + 2000)]
    elif kind == 3:
        data[start:start] = data[start : min(end, start + 2000)]
    else:
        digits = [place for place in range(len(data)) if 48 <= data[place] <= 57]
        place = digits[int(rng.integers(len(digits)))]
        data[place : place + 1] = (b"99999999999999999999", b"-1", b"1e308", b"nan", b"0")[int(rng.integers(5))]
    return bytes(data)


# --- real files ---

#: Kors regression (J.A. Kors et al., Eur Heart J 1990; doi 10.1093/oxfordjournals.eurheartj.a059647).
KORS = np.array(
    [
        [0.38, -0.07, -0.13, 0.05, -0.01, 0.14, 0.06, 0.54],
        [-0.07, 0.93, 0.06, -0.02, -0.05, 0.06, -0.17, 0.13],
        [0.11, -0.23, -0.43, -0.06, -0.14, -0.20, -0.11, 0.31],
    ]
)


def test_example1_gives_the_kors_vectors_of_braveheart(shared_data: Callable[[str], Path]) -> None:
    record = read_muse_xml(shared_data("ecg/braveheart/example1.xml"))
    assert record.signal_mv.shape == (12, 5000)
    eight = record.signal_mv[[LEADS.index(lead) for lead in INDEPENDENT_LEADS]]
    vector_mv = KORS @ eight
    # BRAVEHEART's own test, samples 200 and 201 counted from 1.
    np.testing.assert_allclose(vector_mv[:, 199], (-0.0810568, -0.0826672, 0.0287920), atol=1e-7)
    np.testing.assert_allclose(vector_mv[:, 200], (-0.0825208, -0.0751032, 0.0243512), atol=1e-7)
    assert np.linalg.norm(vector_mv[:, 199]) == pytest.approx(0.119302347, abs=1e-9)


@pytest.mark.parametrize(
    ("file", "qrs_ms", "axis_deg", "onset_ms", "end_ms"),
    [("example1.xml", 96, 20, 432, 528), ("example4.xml", 128, -66, 502, 630)],
)
def test_examples_carry_the_marks_of_12sl(
    shared_data: Callable[[str], Path],
    file: str,
    qrs_ms: float,
    axis_deg: float,
    onset_ms: float,
    end_ms: float,
) -> None:
    record = read_muse_xml(shared_data(f"ecg/braveheart/{file}"))
    found = record.vendor.measurements
    # Samples 216-264 and 251-315 of the 500 Hz median beat.
    assert (found["qrs_ms"], found["qrs_axis_deg"]) == (qrs_ms, axis_deg)
    assert (found["qrs_onset_ms"], found["qrs_end_ms"]) == (onset_ms, end_ms)
    assert record.vendor.median_mv is not None
    assert record.vendor.median_mv.shape == (12, 600)
    assert "checksum" not in {finding.code for finding in record.findings}
