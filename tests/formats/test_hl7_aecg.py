"""HL7 annotated ECG: waveforms in every unit, annotations, choice of the recording, damage, real files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.formats.hl7_aecg import is_hl7_aecg, read_hl7_aecg
from resynchro.formats.hl7_annotations import hl7_datetime
from resynchro.record.ecg import INDEPENDENT_LEADS, INDEPENDENT_ROWS, EcgRecord

N = 1000
Counts = NDArray[np.int64]
Read = Callable[..., EcgRecord]


def counts(seed: int = 1, n: int = N) -> dict[str, Counts]:
    rng = np.random.default_rng(seed)
    return {f"MDC_ECG_LEAD_{lead}": np.cumsum(rng.integers(-3, 4, n)) for lead in INDEPENDENT_LEADS}


def time_sequence(increment: str = "0.002", unit: str = "s", head: str = "20021122091000.000") -> str:
    return (
        '<component><sequence><code code="TIME_ABSOLUTE"/><value xsi:type="GLIST_TS">'
        f'<head value="{head}"/><increment value="{increment}" unit="{unit}"/></value></sequence></component>'
    )


def lead_sequence(code: str, samples: Sequence[object], scale: str = "2.5", unit: str = "uV", origin: str = "0") -> str:
    return (
        f'<component><sequence><code code="{code}"/><value xsi:type="SLIST_PQ">'
        f'<origin value="{origin}" unit="{unit}"/><scale value="{scale}" unit="{unit}"/>'
        f"<digits>{' '.join(str(sample) for sample in samples)}</digits></value></sequence></component>"
    )


def sequence_set(leads: Mapping[str, Counts], time: str | None = None, **options: str) -> str:
    sequences = "".join(lead_sequence(code, list(samples), **options) for code, samples in leads.items())
    time = time_sequence() if time is None else time
    return f"<component><sequenceSet>{time}{sequences}</sequenceSet></component>"


def series(*sets: str, code: str = "RHYTHM", inside: str = "") -> str:
    return (
        f'<component><series><code code="{code}"/>'
        '<effectiveTime><low value="20021122091000"/></effectiveTime>'
        "<author><seriesAuthor><manufacturedSeriesDevice><manufacturerModelName>ELI250</manufacturerModelName>"
        "</manufacturedSeriesDevice><manufacturerOrganization><name>Mortara</name></manufacturerOrganization>"
        f"</seriesAuthor></author>{''.join(sets)}{inside}</series></component>"
    )


def aecg(*parts: str, subject: str = "") -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><AnnotatedECG xmlns="urn:hl7-org:v3" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><effectiveTime><center value="20021122"/>'
        f"</effectiveTime><componentOf>{subject}</componentOf>{''.join(parts)}</AnnotatedECG>"
    ).encode()


def annotation(code: str, value: str = "", inside: str = "") -> str:
    return f'<component><annotation><code code="{code}"/>{value}{inside}</annotation></component>'


def quantity(number: str, unit: str) -> str:
    return f'<value xsi:type="PQ" value="{number}" unit="{unit}"/>'


def coded(code: str) -> str:
    return f'<value xsi:type="CE" code="{code}"/>'


def region(code: str, value: str = "") -> str:
    return (
        f'<support><supportingROI><component><boundary><code code="{code}"/>{value}</boundary></component>'
        "</supportingROI></support>"
    )


def annotation_set(*annotations: str) -> str:
    return f"<subjectOf><annotationSet>{''.join(annotations)}</annotationSet></subjectOf>"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write a document to a file and read it."""

    def build(content: bytes, **options: Any) -> EcgRecord:
        path = tmp_path / "ecg.xml"
        path.write_bytes(content)
        return read_hl7_aecg(path, **options)

    return build


def assert_mv(record: EcgRecord, leads: Mapping[str, Counts], factor: float) -> None:
    expected = np.stack(list(leads.values())) * factor
    np.testing.assert_allclose(record.signal_mv[list(INDEPENDENT_ROWS)], expected, rtol=1e-14, atol=1e-15)


# --- waveforms


@pytest.mark.parametrize(
    ("scale", "unit", "mv"),
    [("2.5", "uV", 2.5e-3), ("0.0025", "mV", 2.5e-3), ("4880", "nV", 4.88e-3), ("1e-6", "V", 1e-3)],
)
def test_units_of_the_scale(read: Read, scale: str, unit: str, mv: float) -> None:
    record = read(aecg(series(sequence_set(counts(), scale=scale, unit=unit))))
    assert_mv(record, counts(), mv)
    assert record.source.uv_per_count == pytest.approx(mv * 1000)
    assert record.derived_leads == {"III", "aVR", "aVL", "aVF"}
    assert record.source.device == "Mortara ELI250"
    assert record.source.recorded_at == datetime(2002, 11, 22, 9, 10)


@pytest.mark.parametrize(
    ("increment", "unit", "hz"), [("0.002", "s", 500.0), ("1", "ms", 1000.0), ("4000", "us", 250.0)]
)
def test_units_of_the_increment(read: Read, increment: str, unit: str, hz: float) -> None:
    document = aecg(series(sequence_set(counts(n=2000), time=time_sequence(increment, unit))))
    assert read(document).sampling_rate_hz == hz


def test_origin_is_added(read: Read) -> None:
    record = read(aecg(series(sequence_set(counts(), scale="2", origin="-500"))))
    np.testing.assert_allclose(record.lead_mv("I"), counts()["MDC_ECG_LEAD_I"] * 0.002 - 0.5)


def test_gain_override_replaces_scale_and_origin(read: Read) -> None:
    plain = sequence_set(counts(), origin="-500").replace('unit="uV"', "")
    with pytest.raises(InputError, match=r"scale of lead I is no voltage \(2\.5 None\)"):
        read(aecg(series(plain)))
    record = read(aecg(series(plain)), uv_per_count=4.88)
    assert_mv(record, counts(), 4.88e-3)
    assert record.source.uv_per_count_overridden


def test_spellings_of_limb_leads(read: Read) -> None:
    leads = counts()
    i, ii = leads["MDC_ECG_LEAD_I"], leads["MDC_ECG_LEAD_II"]
    leads |= {"MDC_ECG_LEAD_dIII": ii - i, "MDC_ECG_LEAD_AUGMENTED_VR": i, "MDC_ECG_LEAD_aVL": ii}
    leads |= {"MDC_ECG_LEAD_AVF": i + 1, "MDC_ECG_LEAD_V3R": i, "MDC_PRESS_BLD": i}
    record = read(aecg(series(sequence_set(leads))))
    assert record.derived_leads == frozenset()
    for lead, expected in (("III", ii - i), ("aVR", i), ("aVL", ii), ("aVF", i + 1)):
        np.testing.assert_allclose(record.lead_mv(lead), expected * 0.0025)


def test_missing_samples_are_bridged(read: Read) -> None:
    text = sequence_set(counts())
    first = counts()["MDC_ECG_LEAD_I"]
    text = text.replace(" ".join(map(str, first)), " ".join([*map(str, first[:500]), "NaN", *map(str, first[501:])]))
    assert [finding.code for finding in read(aecg(series(text))).findings if "gap" in finding.code]


def test_longest_complete_recording_is_read(read: Read) -> None:
    short, long = counts(2, 900), counts(3, 1200)
    limb_only = {code: np.arange(3000) for code in ("MDC_ECG_LEAD_I", "MDC_ECG_LEAD_II")}
    record = read(aecg(series(sequence_set(short), sequence_set(limb_only)), series(sequence_set(long))))
    assert_mv(record, long, 0.0025)
    (finding,) = (finding for finding in record.findings if finding.code == "several-recordings")
    assert "3 rhythm recordings, 2 of them with 12 leads" in finding.message


def test_leads_in_groups_are_refused(read: Read) -> None:
    leads = list(counts().items())
    with pytest.raises(InputError, match=r"none of 2 rhythm recordings.*leads found: I, II, V1, V2; V3, V4, V5, V6"):
        read(aecg(series(sequence_set(dict(leads[:4])), sequence_set(dict(leads[4:])))))


# --- representative beat and annotations


def derived(content: str) -> str:
    return f'<derivation><derivedSeries><code code="REPRESENTATIVE_BEAT"/>{content}</derivedSeries></derivation>'


RELATIVE = (
    '<component><sequence><code code="TIME_RELATIVE"/><value xsi:type="GLIST_PQ">'
    '<head value="-0.1" unit="s"/><increment value="1" unit="ms"/></value></sequence></component>'
)
QRS = annotation(
    "MDC_ECG_WAVC",
    coded("MDC_ECG_WAVC_QRSWAVE"),
    region("TIME_RELATIVE", '<value><low value="334" unit="ms"/><high value="0.454" unit="s"/></value>'),
)


def test_representative_beat(read: Read) -> None:
    beat = counts(4, 600)
    marks = annotation_set(QRS, annotation("MDC_ECG_TIME_PD_QRS", quantity("120", "ms")))
    of_a_beat = annotation("MDC_ECG_BEAT", "", annotation("MDC_ECG_TIME_PD_QRS", quantity("90", "ms")))
    document = series(
        sequence_set(counts()),
        inside=derived(sequence_set(beat, time=RELATIVE) + marks) + annotation_set(of_a_beat),
    )
    vendor = read(aecg(document)).vendor
    assert vendor.median_mv is not None
    np.testing.assert_allclose(vendor.median_mv[list(INDEPENDENT_ROWS)], np.stack(list(beat.values())) * 0.0025)
    assert vendor.median_sampling_rate_hz == 1000.0
    # the beat's own measurement wins; its marks count from its first sample, 100 ms before time 0
    assert vendor.measurements == {"qrs_ms": 120.0, "qrs_onset_ms": 434.0, "qrs_end_ms": 554.0}


def test_incomplete_beat_is_a_finding(read: Read) -> None:
    lone = {"MDC_ECG_LEAD_II": np.arange(600)}
    record = read(aecg(series(sequence_set(counts()), inside=derived(sequence_set(lone)))))
    assert record.vendor.median_mv is None
    assert "median-beat" in [finding.code for finding in record.findings]


def test_measurements(read: Read) -> None:
    beats = [
        annotation("MDC_ECG_BEAT", "", annotation("MDC_ECG_TIME_PD_QT", quantity(value, "s")))
        for value in ("0.400", "0.440", "0.410")
    ]
    of_one_lead = annotation("MDC_ECG_TIME_PD_QT", quantity("999", "ms"), region("MDC_ECG_LEAD_II"))
    further = [
        annotation("MDC_ECG_TIME_PD_RR", quantity("800", "ms")),
        annotation("MDC_ECG_ANGLE_QRS_FRONT", quantity("-61", "deg")),
        annotation("MDC_ECG_TIME_PD_QTc", quantity("443", "ms")),
        annotation("MDC_ECG_TIME_PD_PR", quantity("unknown", "ms")),
        annotation("MDC_ECG_TIME_PD_P", quantity("0", "ms")),
    ]
    marks = annotation_set(*beats, of_one_lead, *further)
    vendor = read(aecg(series(sequence_set(counts()), inside=marks))).vendor
    # QT: median of 400, 440, 410
    assert vendor.measurements == pytest.approx(
        {"qt_ms": 410.0, "rr_ms": 800.0, "qrs_axis_deg": -61.0, "qtc_ms": 443.0, "heart_rate_bpm": 75.0}
    )


def test_statements_and_pace_marks(read: Read) -> None:
    spike = annotation(
        "MDC_ECG_WAVC",
        coded("MDC_ECG_WAVC_PACE_SPIKE"),
        region("TIME_ABSOLUTE", '<value><low value="20021122091001.250"/></value>'),
    )
    text = annotation(
        "MDC_ECG_INTERPRETATION",
        "",
        annotation("MDC_ECG_INTERPRETATION_STATEMENT", '<value xsi:type="ST"> Left bundle\n branch block </value>'),
    )
    rhythm = annotation("MDC_ECG_RHY", '<value xsi:type="CE" code="X" displayName="Paced"/>')
    marks = annotation_set(spike, text, rhythm)
    vendor = read(aecg(series(sequence_set(counts()), inside=marks))).vendor
    assert vendor.pace_marks_s == (1.25,)
    assert vendor.statements == ("Left bundle branch block", "Paced")


def test_filters(read: Read) -> None:
    def variable(kind: str, detail: str, value: str) -> str:
        prefix = "MDC_ECG_CTL_VBL_ATTR_FILTER_"
        return (
            f'<controlVariable><controlVariable><code code="{prefix}{kind}"/><component><controlVariable>'
            f'<code code="{prefix}{detail}"/>{value}</controlVariable></component>'
            "</controlVariable></controlVariable>"
        )

    inside = (
        variable("LOW_PASS", "CUTOFF_FREQ", quantity("150", "Hz"))
        + variable("HIGH_PASS", "CUTOFF_FREQ", quantity("0.05", "Hz"))
        + variable("NOTCH", "NOTCH_FREQ", quantity("50", "Hz"))
        + variable("NOTCH", "DESCRIPTION", '<value xsi:type="ST">Adaptive</value>')
    )
    filters = read(aecg(series(sequence_set(counts()), inside=inside))).filters
    assert (filters.high_pass_hz, filters.low_pass_hz, filters.notch_hz) == (0.05, 150.0, 50.0)
    assert filters.description == "notch: Adaptive"


def test_patient(read: Read) -> None:
    rhythm = series(sequence_set(counts()))
    person = '<administrativeGenderCode code="F"/><birthTime value="{}"/>'
    record = read(aecg(rhythm, subject=person.format("19530508")))
    # 8 May 1953, 0:00, to 22 November 2002, 9:10: 18095 days and 9 hours 10 minutes
    assert record.age_years == pytest.approx((18095 + (9 + 1 / 6) / 24) / 365.2425)
    assert record.sex == "female"
    reported = '<relatedObservation><code code="21612-7"/><value value="46" unit="a"/></relatedObservation>'
    assert read(aecg(rhythm, reported)).age_years == 46.0
    assert read(aecg(rhythm, subject=person.format("unknown"))).age_years is None


@pytest.mark.parametrize(
    ("stamp", "moment"),
    [
        ("20021122091000.250+0100", datetime(2002, 11, 22, 9, 10, 0, 250000)),
        ("20021122", datetime(2002, 11, 22)),
        ("2002", datetime(2002, 1, 1)),
        ("20021322", None),
        ("00000101", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_time_stamps(stamp: str | None, moment: datetime | None) -> None:
    assert hl7_datetime(stamp) == moment


# --- damage


def test_recognition() -> None:
    assert is_hl7_aecg(aecg())
    assert is_hl7_aecg(aecg().decode().replace("UTF-8", "UTF-16").encode("utf-16"))
    for other in (b"", b"<RestingECG/>", b"SCPECG", b"<?xml version='1.0'?><!-- AnnotatedECG -->"):
        assert not is_hl7_aecg(other)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<other/>", "root element AnnotatedECG, found 'other'"),
        (aecg(), "holds no series"),
        (aecg(series()), "no rhythm waveform"),
        (aecg(series(sequence_set(counts()), code="REPRESENTATIVE_BEAT")), "no rhythm waveform"),
        (aecg(series(sequence_set(counts(), time=""))), "no time between samples"),
        (aecg(series(sequence_set(counts(), time=time_sequence("0")))), "no time between samples"),
        (aecg(series(sequence_set(counts(), scale="0"))), "scale of lead I is no voltage"),
        (aecg(series(sequence_set(counts(), unit="mmHg"))), "scale of lead I is no voltage"),
        (aecg(series(sequence_set({code: np.array([]) for code in counts()}))), "lead I has no samples"),
        (aecg(series(sequence_set(counts()))).replace(b"<digits>", b"<digits>x "), "not all numbers"),
        (aecg(series(sequence_set(counts()))).replace(b"<digits>", b"<digits>1e300 "), "digits beyond"),
        (aecg(series(sequence_set(counts() | {"I": np.arange(N)}))), "lead I is there twice"),
        (aecg(series(sequence_set(counts(n=13)))), "at least 1.5 s"),
    ],
)
def test_unusable_files_say_what_is_missing(read: Read, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(content)


def test_mutated_files_raise_nothing_but_input_error(read: Read) -> None:
    rng = np.random.default_rng(21)
    inside = derived(sequence_set(counts(5, 20), time=RELATIVE) + annotation_set(QRS)) + annotation_set(
        annotation("MDC_ECG_TIME_PD_QRS", quantity("120", "ms"))
    )
    whole = aecg(series(sequence_set(counts(6, 400), time=time_sequence("4", "ms")), inside=inside))
    read(whole)
    numbers = [match.span() for match in re.finditer(rb'(?<=[" >])-?[\d.]+(?=[" <])', whole)]
    odd = [b"1e999", b"nan", b"-1", b"0", b"99999999999999999999", b"", b"x", b"5e-324", b"20021122"]
    outcomes = {"read": 0, "refused": 0}
    for number in range(150):
        content = bytearray(whole)
        at = int(rng.integers(0, len(whole)))
        if number % 3 == 0:
            content[at] ^= 1 << int(rng.integers(0, 8))
        elif number % 3 == 1:
            for choice in sorted(rng.integers(0, len(numbers), 6), reverse=True):
                begin, end = numbers[choice]
                content[begin:end] = odd[int(rng.integers(0, len(odd)))]
        else:
            other = int(rng.integers(0, len(whole)))
            content[at : at + 200] = whole[other : other + 200]
        try:
            read(bytes(content))
            outcomes["read"] += 1
        except InputError:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 5  # the damage is neither harmless nor always fatal


# --- real data


@pytest.mark.parametrize(
    "file",
    [
        "ecg/ecgtoolkit/examples/Example.xml",
        "ecg/fda_aecg/src/aecg/data/hl7/2003-12 Schema/example/Example aECG.xml",
        "ecg/fda_aecg/src/aecg/data/ectd_example/FDA000003/0000/m5/datasets/Test/misc/aecg/subject1_0.xml",
        "ecg/ecg-kit/recordings/ecg_hl7.xml",
    ],
)
def test_published_example(shared_data: Callable[[str], Path], file: str) -> None:
    """HL7's published example, in four places; values as its text states them."""
    record = read_hl7_aecg(shared_data(file))
    assert record.signal_mv.shape == (12, 5000)
    assert record.sampling_rate_hz == 500.0
    # lead I begins with the digits -2 -2 -2 -2 -3, one digit is 2.5 uV
    np.testing.assert_allclose(record.lead_mv("I")[:5], [-0.005, -0.005, -0.005, -0.005, -0.0075])
    assert record.voltages_trusted
    assert record.vendor.measurements["qrs_ms"] == 120.0
    assert record.vendor.measurements["qrs_axis_deg"] == -61.0
    assert record.vendor.measurements["qrs_onset_ms"] == 434.0
    assert record.vendor.median_mv is not None and record.vendor.median_mv.shape == (12, 599)
    assert record.vendor.statements == ("Sinus Rhythm",)
    assert (record.filters.low_pass_hz, record.filters.notch_hz) == (150.0, 60.0)
    assert record.sex == "male"


@pytest.mark.parametrize(
    ("file", "message"), [("empty.xml", "holds no series"), ("minimum_aecg.xml", "leads found: II")]
)
def test_files_without_an_ecg(shared_data: Callable[[str], Path], file: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_hl7_aecg(shared_data(f"ecg/fda_aecg/src/aecg/data/examples/{file}"))
