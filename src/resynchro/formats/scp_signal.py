"""The signals of SCP-ECG: reference beat (section 5) and rhythm (section 6), decompressed.

Four steps can lie between the stored bits and the voltage, undone here in this order: Huffman code,
differences, decimation outside the protected stretches ("bimodal compression"), subtraction of the reference
beat. EN 1064:2005+A1:2007, clauses 5.8, 5.9 and annex C.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.scp_bimodal import (
    bimodal_restored,
    interpolated,
    stored_samples,
    stretches_of,
)
from resynchro.formats.scp_huffman import HuffmanTable, IntArray, decode_samples, undo_differences
from resynchro.formats.scp_sections import BeatZones, LeadDefinition, LeadLayout
from resynchro.record.ecg import FloatArray

#: 500 Hz to 125 Hz is the decimation of the standard; 2 is the other one in use.
_LARGEST_DECIMATION = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedLeads:
    """Section 5 or 6 before decoding.

    Attributes
    ----------
    nv_per_count
        Amplitude value multiplier [nV].
    interval_us
        Time between two samples [us].
    differences
        Order of the stored differences, 0 to 2.
    bimodal
        True when samples outside the protected stretches are decimated (section 6 only).
    data
        The bytes of each lead, in the order of section 3.
    """

    nv_per_count: int
    interval_us: int
    differences: int
    bimodal: bool
    data: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScpSignal:
    """Decompressed signals.

    Attributes
    ----------
    rhythm_counts
        By lead name, shape (n,), in counts of `nv_per_count`; all leads over the same samples.
    first_sample
        Number of the first sample in the record's own count (from 1).
    beat_mv
        Reference beat by lead name, shape (n,) [mV]; empty without one.
    cut_leads
        Names of the leads that were longer than the stretch common to all.
    """

    rhythm_counts: dict[str, FloatArray]
    nv_per_count: int
    sampling_rate_hz: float
    first_sample: int
    beat_mv: dict[str, FloatArray]
    beat_sampling_rate_hz: float | None
    cut_leads: tuple[str, ...]


def coded_leads(payload: bytes, *, n_leads: int, section: int) -> CodedLeads:
    """Read the head of section 5 or 6 and cut its data by lead.

    Parameters
    ----------
    payload
        The section without its header.
    n_leads
        Number of leads in section 3.
    section
        5 or 6, for messages.

    Returns
    -------
    CodedLeads
        The head of the section and the bytes of each lead.

    Raises
    ------
    InputError
        When the section is cut off or states no amplitude or time unit.
    """
    head = 6 + 2 * n_leads
    if len(payload) < head:
        raise InputError(f"SCP-ECG section {section}: cut off before the data of its {n_leads} leads begin")
    nv_per_count, interval_us, differences, bimodal = struct.unpack_from("<HHBB", payload)
    if nv_per_count == 0 or interval_us == 0:
        raise InputError(
            f"SCP-ECG section {section}: {nv_per_count} nV per count and {interval_us} us per sample, both "
            "must be above 0; the file is damaged"
        )
    if differences > 2:
        raise InputError(f"SCP-ECG section {section}: differences of order {differences}, allowed are 0, 1 and 2")
    lengths = struct.unpack_from(f"<{n_leads}H", payload, 6)
    ends = np.cumsum((head, *lengths))
    if ends[-1] > len(payload):
        raise InputError(
            f"SCP-ECG section {section}: the leads should fill {ends[-1] - head} bytes, "
            f"{len(payload) - head} are there; the file is cut off"
        )
    data = tuple(payload[start:end] for start, end in pairwise(ends))
    return CodedLeads(
        nv_per_count=nv_per_count,
        interval_us=interval_us,
        differences=differences,
        bimodal=bool(bimodal) and section == 6,
        data=data,
    )


def decompress(
    layout: LeadLayout,
    zones: BeatZones,
    tables: tuple[HuffmanTable, ...],
    beat: CodedLeads | None,
    rhythm: CodedLeads,
) -> ScpSignal:
    """Restore the rhythm signal, and the reference beat where there is one.

    Parameters
    ----------
    layout, zones, tables
        Sections 3, 4 and 2.
    beat, rhythm
        Sections 5 (None without one) and 6.

    Returns
    -------
    ScpSignal
        The part of the rhythm that all leads have in common.

    Raises
    ------
    InputError
        When data end early, the decimation makes no sense, what was subtracted is missing, or the leads were
        recorded one group after the other.
    """
    factor = _decimation(beat, rhythm)
    if layout.beat_subtracted and beat is None and any(zone.beat_type == 0 for zone in zones.subtractions):
        raise InputError(
            "SCP-ECG: a reference beat was subtracted from the rhythm but section 5 does not hold it; export "
            "the recording again"
        )
    beat_counts = {} if beat is None else _beat_counts(layout, zones, tables, beat)
    needs_fine_samples = rhythm.bimodal or (layout.beat_subtracted and bool(zones.subtractions))
    restored: dict[str, FloatArray] = {}
    grids: set[str] = set()
    for lead in layout.leads:
        samples, grid = _rhythm_lead(lead, zones, tables, rhythm, factor)
        if grid == "coarse" and needs_fine_samples:
            samples, grid = interpolated(samples, factor), "fine"
        if layout.beat_subtracted and beat is not None and lead.name in beat_counts:
            if grid == "direct" and beat.interval_us != rhythm.interval_us:
                raise InputError(
                    f"SCP-ECG: the reference beat has {beat.interval_us} us per sample, the rhythm from "
                    f"which it was subtracted {rhythm.interval_us} us; both must agree or be a whole multiple"
                )
            scale = beat.nv_per_count / rhythm.nv_per_count
            _add_beat(samples, beat_counts[lead.name] * scale, lead, zones)
        restored[lead.name] = lead.sign * samples
        grids.add(grid)
    if len(grids) > 1 or (grids == {"coarse"} and len({lead.first for lead in layout.leads}) > 1):
        raise InputError("SCP-ECG: the leads have different sampling intervals; export the recording again")
    rhythm_counts, first_sample, cut_leads = _common_stretch(layout, restored)
    interval_us = beat.interval_us if beat is not None and grids == {"fine"} else rhythm.interval_us
    return ScpSignal(
        rhythm_counts=rhythm_counts,
        nv_per_count=rhythm.nv_per_count,
        sampling_rate_hz=1e6 / interval_us,
        first_sample=first_sample,
        beat_mv={} if beat is None else {lead: v * beat.nv_per_count / 1e6 for lead, v in beat_counts.items()},
        beat_sampling_rate_hz=None if beat is None else 1e6 / beat.interval_us,
        cut_leads=cut_leads,
    )


def _decimation(beat: CodedLeads | None, rhythm: CodedLeads) -> int:
    """Return the whole number of protected samples per decimated sample (1 where nothing is decimated).

    Section 5 states the time between protected samples, section 6 that between decimated ones.
    """
    if beat is None or rhythm.interval_us <= beat.interval_us:
        return 1
    factor = round(rhythm.interval_us / beat.interval_us)
    if abs(factor * beat.interval_us - rhythm.interval_us) > factor or factor > _LARGEST_DECIMATION:
        if not rhythm.bimodal:
            return 1
        raise InputError(
            f"SCP-ECG: decimation from {beat.interval_us} to {rhythm.interval_us} us per sample, allowed is "
            f"a whole factor of at most {_LARGEST_DECIMATION}; the file is damaged"
        )
    return factor


def _beat_counts(
    layout: LeadLayout, zones: BeatZones, tables: tuple[HuffmanTable, ...], beat: CodedLeads
) -> dict[str, FloatArray]:
    """Decode the reference beat of every lead that we read; a lead without data has none."""
    wanted = zones.beat_length_ms * 1000 // beat.interval_us
    if wanted == 0:
        return {}
    counts: dict[str, FloatArray] = {}
    for lead in layout.leads:
        if not beat.data[lead.row]:
            continue
        stored = decode_samples(beat.data[lead.row], tables, wanted)
        if stored.size < wanted:
            if layout.beat_subtracted:
                _data_end_early("reference beat", lead, stored.size, wanted)
            continue
        counts[lead.name] = undo_differences(stored, beat.differences).astype(np.float64)
    return counts


def _rhythm_lead(
    lead: LeadDefinition,
    zones: BeatZones,
    tables: tuple[HuffmanTable, ...],
    rhythm: CodedLeads,
    factor: int,
) -> tuple[FloatArray, str]:
    """Decode one lead and tell its time grid.

    ``fine``: one sample for each sample of section 3, at the interval of section 5; ``coarse``: one for each
    `factor` of them, at the interval of section 6; ``direct``: section 3 counts samples of section 6.
    """
    data = rhythm.data[lead.row]
    if rhythm.bimodal and factor > 1:
        stretches = stretches_of(lead, zones.protected)
        wanted = stored_samples(stretches, factor)
        stored = _differences_undone(data, tables, rhythm, wanted)
        if stored.size < wanted:
            _data_end_early("rhythm", lead, stored.size, wanted)
        return bimodal_restored(stored, stretches, factor), "fine"
    # Recorders differ in what section 3 counts, so the number of samples that are there decides.
    stored = _differences_undone(data, tables, rhythm, lead.n_samples)
    if stored.size == lead.n_samples:
        return stored, "direct"
    wanted = lead.n_samples // factor
    if factor == 1 or stored.size < wanted:
        _data_end_early("rhythm", lead, stored.size, lead.n_samples)
    return stored[:wanted], "coarse"


def _differences_undone(data: bytes, tables: tuple[HuffmanTable, ...], rhythm: CodedLeads, wanted: int) -> FloatArray:
    stored: IntArray = decode_samples(data, tables, wanted)
    return undo_differences(stored, rhythm.differences).astype(np.float64)


def _add_beat(samples: FloatArray, beat: FloatArray, lead: LeadDefinition, zones: BeatZones) -> None:
    """Add the reference beat back, in place, wherever a beat of type 0 was subtracted.

    The fiducial point of the reference beat lies on the fiducial point of the zone.
    """
    for zone in zones.subtractions:
        if zone.beat_type != 0:
            continue
        begin = zone.fiducial - zones.beat_fiducial + 1  # sample on which the reference beat begins
        first = max(zone.first, lead.first, begin)
        last = min(zone.last, lead.first + samples.size - 1, begin + beat.size - 1)
        if first <= last:
            samples[first - lead.first : last - lead.first + 1] += beat[first - begin : last - begin + 1]


def _common_stretch(
    layout: LeadLayout, restored: dict[str, FloatArray]
) -> tuple[dict[str, FloatArray], int, tuple[str, ...]]:
    """Cut all leads to the samples that they have in common."""
    if not layout.leads:
        return {}, 1, ()
    firsts = {lead.name: lead.first for lead in layout.leads}
    first = max(firsts.values())
    last = min(firsts[name] + samples.size - 1 for name, samples in restored.items())
    if first > last:
        raise InputError(
            "SCP-ECG: the leads were recorded one group after the other and share no stretch of time; a "
            "12-lead measurement needs them at once: export the simultaneous recording"
        )
    cut = tuple(name for name, samples in restored.items() if samples.size > last - first + 1)
    common = {name: samples[first - firsts[name] : last - firsts[name] + 1] for name, samples in restored.items()}
    return common, first, cut


def _data_end_early(what: str, lead: LeadDefinition, found: int, wanted: int) -> None:
    raise InputError(
        f"SCP-ECG: the {what} data of lead {lead.name} end after {found} of {wanted} samples or hold a "
        "pattern that is no code; the file is damaged"
    )
