"""SCP-ECG (EN 1064, ISO 11073-91064), versions 1.x and 2.x: a complete reader of signals and findings.

Huffman coding with the default or the file's own tables, first and second differences, bimodal compression
and subtraction of the reference beat are all undone.

References
----------
EN 1064:2005+A1:2007, Health informatics, Standard communication protocol, Computer-assisted
electrocardiography; ISO 11073-91064:2009 has the same text.
"""

from __future__ import annotations

from pathlib import Path

from resynchro.errors import InputError
from resynchro.formats.file_bytes import read_bytes, sha256_of
from resynchro.formats.scp_header import ScpMeasurements, read_header, read_measurements, read_statements
from resynchro.formats.scp_huffman import huffman_tables
from resynchro.formats.scp_sections import (
    ScpSections,
    beat_zones,
    has_scp_header,
    lead_layout,
    split_sections,
)
from resynchro.formats.scp_signal import ScpSignal, coded_leads, decompress
from resynchro.formats.twelve_leads import order_leads, twelve_leads
from resynchro.record.ecg import EcgRecord, EcgSource, FloatArray, VendorReading
from resynchro.record.finding import Finding

FORMAT = "SCP-ECG"


def is_scp_ecg(head: bytes) -> bool:
    """Tell from the first bytes of a file whether it is SCP-ECG.

    Parameters
    ----------
    head
        The first 4096 bytes.

    Returns
    -------
    bool
        True when section 0 names the format or points to itself.
    """
    return has_scp_header(head)


def read_scp_ecg(path: Path, *, uv_per_count: float | None = None) -> EcgRecord:
    """Read an SCP-ECG file.

    Parameters
    ----------
    path
        The file.
    uv_per_count
        Microvolts per stored count, to replace the file's own amplitude multiplier [uV].

    Returns
    -------
    EcgRecord
        The stretch of time that all leads share, with the reference beat as the vendor's median beat.

    Raises
    ------
    InputError
        When the file is missing, is not SCP-ECG of version 1 or 2, is damaged where the signal is, or does
        not hold the leads of a 12-lead ECG at once.

    Notes
    -----
    Wrong checksums are a finding, not an error: several recorders write them wrong. Outside the protected
    stretches, bimodal compression has smoothed the signal for good; QRS complexes are inside them.
    """
    content = read_bytes(path)
    sections = split_sections(content)
    layout = lead_layout(_needed(sections, 3, "lead definition"))
    zones = beat_zones(sections.payload(4))
    tables = huffman_tables(sections.payload(2))
    rhythm = coded_leads(_needed(sections, 6, "rhythm data"), n_leads=layout.n_leads, section=6)
    beat = None
    if 5 in sections.payloads:
        beat = coded_leads(sections.payload(5), n_leads=layout.n_leads, section=5)
    signal = decompress(layout, zones, tables, beat, rhythm)
    header = read_header(sections.payload(1))
    vendor, beat_findings = _vendor(
        signal,
        read_measurements(sections.payload(7)),
        read_statements(sections.payload(8), header.encoding),
    )
    scale_uv = signal.nv_per_count / 1000.0 if uv_per_count is None else uv_per_count
    return twelve_leads(
        {lead: counts * scale_uv / 1000.0 for lead, counts in signal.rhythm_counts.items()},
        sampling_rate_hz=signal.sampling_rate_hz,
        source=EcgSource(
            file=str(path),
            format=FORMAT,
            sha256=sha256_of(content),
            recorded_at=header.recorded_at,
            device=header.device,
            uv_per_count=scale_uv,
            uv_per_count_overridden=uv_per_count is not None,
        ),
        filters=header.filters,
        vendor=vendor,
        sex=header.sex,
        age_years=header.age_years,
        raw_counts=signal.rhythm_counts,
        findings=(*sections.findings, *beat_findings, *_cut_finding(signal)),
    )


def _needed(sections: ScpSections, number: int, name: str) -> bytes:
    """Return a section without which there is no signal."""
    if number not in sections.payloads:
        why = "".join(f" ({finding.message})" for finding in sections.findings)
        raise InputError(
            f"SCP-ECG: section {number} ({name}) is missing{why}; the file holds no readable recording: "
            "export it with the rhythm signal"
        )
    return sections.payload(number)


def _vendor(
    signal: ScpSignal, measured: ScpMeasurements, statements: tuple[str, ...]
) -> tuple[VendorReading, tuple[Finding, ...]]:
    """Collect what the recorder found; its marks in the beat only where the beat itself is there."""
    median_mv: FloatArray | None = None
    findings: tuple[Finding, ...] = ()
    if signal.beat_mv:
        try:
            median_mv = order_leads(signal.beat_mv)
        except InputError as error:
            message = f"the vendor's reference beat is not shown: {error}"
            findings = (Finding(code="median-beat", message=message),)
    marks = measured.beat_marks_ms if median_mv is not None else {}
    # Stimuli are timed from the first sample of the record; our record begins where all leads have begun.
    skipped_s = (signal.first_sample - 1) / signal.sampling_rate_hz
    vendor = VendorReading(
        measurements={**measured.measurements, **marks},
        statements=statements,
        pace_marks_s=tuple(mark - skipped_s for mark in measured.pace_marks_s if mark >= skipped_s),
        median_mv=median_mv,
        median_sampling_rate_hz=signal.beat_sampling_rate_hz if median_mv is not None else None,
    )
    return vendor, findings


def _cut_finding(signal: ScpSignal) -> tuple[Finding, ...]:
    if not signal.cut_leads:
        return ()
    n_samples = next(iter(signal.rhythm_counts.values())).size
    message = (
        f"the leads cover different stretches of time; only the {n_samples / signal.sampling_rate_hz:.1f} s "
        "that all of them share were read"
    )
    return (Finding(code="leads-cut", message=message, leads=signal.cut_leads),)
