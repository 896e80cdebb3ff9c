"""Checks that every recording passes on reading: do the leads obey the laws of the 12-lead ECG?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from resynchro.formats.electrode_placement import electrode_placement_findings
from resynchro.formats.lead_laws import lead_law_findings
from resynchro.formats.lead_quality import lead_quality_findings
from resynchro.record.ecg import LEADS, EcgFilters, FloatArray
from resynchro.record.finding import Finding

#: A high-pass filter from here on, applied by a recorder in real time, takes away QRS area (13 % at 0.5 Hz,
#: single pole, measured on LUDB).
HIGH_PASS_LIMIT_HZ: Final = 0.5
#: Below this a low-pass filter rounds off notches and the ends of the QRS (Kligfield 2007 asks for 150 Hz in
#: adults, doi:10.1161/CIRCULATIONAHA.106.180200).
LOW_PASS_LIMIT_HZ: Final = 100.0


def check_integrity(
    signal_mv: FloatArray,
    *,
    sampling_rate_hz: float,
    derived_leads: frozenset[str] = frozenset(),
    filters: EcgFilters | None = None,
    raw_counts: Mapping[str, FloatArray] | None = None,
) -> tuple[tuple[Finding, ...], bool]:
    """Check a 12-lead recording for everything that would falsify a measurement.

    Parameters
    ----------
    signal_mv
        Shape (12, n) [mV], rows in `LEADS` order, finite, at least 1.5 s.
    sampling_rate_hz
        Sampling rate [Hz].
    derived_leads
        Leads computed from others; they obey the lead laws by construction, so they are no evidence.
    filters
        Filters stated by the file.
    raw_counts
        Stored numbers before gain and offset, by canonical lead name; they may explain a contradiction.

    Returns
    -------
    findings : tuple of Finding
        Empty for a clean recording.
    voltages_trusted : bool
        False when the leads contradict each other or were each scaled to the same size: amplitudes, axis and
        areas then mean nothing, times still do.
    """
    recorded = {lead: row for lead, row in zip(LEADS, signal_mv, strict=True) if lead not in derived_leads}
    law_findings, laws_hold = lead_law_findings(recorded, sampling_rate_hz=sampling_rate_hz, raw_counts=raw_counts)
    quality_findings, sizes_differ = lead_quality_findings(recorded, sampling_rate_hz=sampling_rate_hz)
    placement = electrode_placement_findings(signal_mv, sampling_rate_hz=sampling_rate_hz)
    findings = (*law_findings, *quality_findings, *placement, *_filter_findings(filters))
    return findings, laws_hold and sizes_differ


def _filter_findings(filters: EcgFilters | None) -> tuple[Finding, ...]:
    if filters is None:
        return ()
    findings = []
    if filters.high_pass_hz is not None and filters.high_pass_hz >= HIGH_PASS_LIMIT_HZ:
        findings.append(
            Finding(
                code="filter-high-pass",
                message=(
                    f"the recorder applied a high-pass filter at {filters.high_pass_hz:g} Hz (monitor mode): "
                    "unless it kept the phase, QRS area reads about 13 % too low or worse and the ST "
                    "segment is distorted; record at 0.05 Hz (diagnostic mode)"
                ),
            )
        )
    if filters.low_pass_hz is not None and filters.low_pass_hz < LOW_PASS_LIMIT_HZ:
        findings.append(
            Finding(
                code="filter-low-pass",
                message=(
                    f"the recorder applied a low-pass filter at {filters.low_pass_hz:g} Hz: notches are "
                    "rounded off and R waves too small; record with 150 Hz"
                ),
            )
        )
    return tuple(findings)
