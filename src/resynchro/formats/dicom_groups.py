"""The multiplex groups of a DICOM waveform: the recording, and the representative beat beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.formats.dicom_channels import Channel, ecg_channels
from resynchro.formats.dicom_content import FORMAT, data_bytes, is_little_endian, number, sequence, text
from resynchro.record.ecg import LIMB_LEADS, PRECORDIAL_LEADS, EcgFilters, FloatArray
from resynchro.record.finding import Finding

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_SAMPLE_TYPES: Final = {"SB": "i1", "UB": "u1", "SS": "i2", "US": "u2", "SL": "i4", "UL": "u4"}
_MOST_CHANNELS: Final = 512
#: A derived group up to this length is a representative beat, not a recording [s].
LONGEST_BEAT_S: Final = 2.5
_BEAT_LABEL: Final = re.compile(r"\b(MEDIAN|AVERAGE|MEAN|TEMPLATE|REPRESENTATIVE)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiplexGroup:
    """Leads that were sampled together.

    Attributes
    ----------
    numbers
        Positions in the file, counted from 1 as annotations do; several when simultaneous groups were joined.
    label, derived
        As the file states them.
    sampling_rate_hz
        Of all channels [Hz].
    start_ms
        Offset from the start of the acquisition [ms].
    n_samples
        Of every channel.
    channels
        By lead name; only ECG leads.
    findings
        What was odd on decoding.
    """

    numbers: tuple[int, ...]
    label: str
    derived: bool
    sampling_rate_hz: float
    start_ms: float
    n_samples: int
    channels: dict[str, Channel]
    findings: tuple[Finding, ...]

    @property
    def duration_s(self) -> float:
        """Length [s]."""
        return self.n_samples / self.sampling_rate_hz

    @property
    def is_beat(self) -> bool:
        """Whether the group holds a representative beat and no recording."""
        short = self.duration_s <= LONGEST_BEAT_S
        return short and (self.derived or _BEAT_LABEL.search(self.label) is not None)

    @property
    def is_complete(self) -> bool:
        """Whether the group holds what twelve leads can be computed from."""
        limb = sum(lead in self.channels for lead in LIMB_LEADS)
        return limb >= 2 and all(lead in self.channels for lead in PRECORDIAL_LEADS)

    def leads_mv(self, *, uv_per_count: float | None = None) -> dict[str, FloatArray]:
        """Return the leads in millivolt, shape (n_samples,) each.

        Parameters
        ----------
        uv_per_count
            Replaces the gain and the baseline of the file [µV].

        Raises
        ------
        InputError
            When a lead has no gain in volts and none is given.
        """
        leads: dict[str, FloatArray] = {}
        for lead, channel in self.channels.items():
            if uv_per_count is not None:
                leads[lead] = channel.counts * (uv_per_count / 1e3)
            elif channel.mv_per_count is not None:
                leads[lead] = channel.counts * channel.mv_per_count + channel.baseline_mv
            else:
                raise InputError(
                    f"{FORMAT}: lead {lead} states no sensitivity in volts; state the microvolts per count "
                    "(--uv-per-count)"
                )
        return leads


def multiplex_groups(dataset: Dataset) -> list[MultiplexGroup]:
    """Decode every multiplex group that holds ECG leads.

    Parameters
    ----------
    dataset
        A data set with a waveform sequence.

    Returns
    -------
    list of MultiplexGroup
        In the file's order, at least one.

    Raises
    ------
    InputError
        When no group can be decoded; the message gives the first reasons.
    """
    groups: list[MultiplexGroup] = []
    reasons: list[str] = []
    little_endian = is_little_endian(dataset)
    for position, item in enumerate(sequence(dataset, "WaveformSequence"), start=1):
        try:
            groups.append(_group(item, position, little_endian=little_endian))
        except InputError as error:
            reasons.append(str(error))
    if not groups:
        raise InputError(f"{FORMAT}: no waveform can be read: {'; '.join(reasons[:4]) or 'there is none'}")
    return groups


def rhythm_group(groups: Sequence[MultiplexGroup]) -> tuple[MultiplexGroup, tuple[Finding, ...]]:
    """Choose the recording to be measured: the longest original one with all leads, the first of equals.

    Parameters
    ----------
    groups
        As from `multiplex_groups`.

    Returns
    -------
    MultiplexGroup
        Groups that were recorded at the same time count as one.
    tuple of Finding
        From decoding, and when there were several recordings to choose from or only a derived one.

    Raises
    ------
    InputError
        When the leads were recorded one after another, or no recording is in the file.
    """
    recordings = _joined([group for group in groups if not group.is_beat])
    if not recordings:
        raise InputError(
            f"{FORMAT}: the file holds only a representative beat of {groups[0].duration_s:.2f} s; export "
            "the whole recording"
        )
    complete = [group for group in recordings if group.is_complete]
    if not complete:
        steps = len({group.start_ms for group in recordings})
        if steps > 1:
            raise InputError(
                f"{FORMAT}: the leads were recorded one after another (in {steps} steps), which cannot be "
                "measured as one ECG; export the simultaneous recording"
            )
        return max(recordings, key=lambda group: len(group.channels)), ()
    originals = [group for group in complete if not group.derived]
    chosen = max(originals or complete, key=lambda group: group.duration_s)
    findings = list(chosen.findings)
    if not originals:
        message = "the file holds only a derived signal, not the original one; amplitudes may be altered"
        findings.append(Finding(code="derived-signal", message=message))
    if len(originals) > 1:
        lengths = ", ".join(f"{group.duration_s:.1f} s" for group in originals[:8])
        message = (
            f"the file holds {len(originals)} recordings ({lengths}); the longest, number "
            f"{originals.index(chosen) + 1}, was read"
        )
        findings.append(Finding(code="several-recordings", message=message))
    return chosen, tuple(findings)


def representative_beat(groups: Sequence[MultiplexGroup]) -> MultiplexGroup | None:
    """Return the first representative beat with all leads, or None.

    Parameters
    ----------
    groups
        As from `multiplex_groups`.
    """
    beats = _joined([group for group in groups if group.is_beat])
    return next((beat for beat in beats if beat.is_complete), None)


def group_filters(group: MultiplexGroup) -> EcgFilters:
    """Return the filters of a group: those of its first lead that states any.

    Parameters
    ----------
    group
        The recording.
    """
    stated = [channel.filters for channel in group.channels.values() if channel.filters != EcgFilters()]
    if not stated:
        return EcgFilters()
    if any(filters != stated[0] for filters in stated):
        return replace(stated[0], description="the leads state different filters; these are of the first")
    return stated[0]


def _joined(groups: Sequence[MultiplexGroup]) -> list[MultiplexGroup]:
    """Join incomplete groups that were sampled together; of a lead that is there twice the first stays."""
    joined: list[MultiplexGroup] = []
    for group in groups:
        partner = next((other for other in joined if _sampled_together(other, group)), None)
        if partner is None:
            joined.append(group)
        else:
            joined[joined.index(partner)] = replace(
                partner,
                numbers=partner.numbers + group.numbers,
                channels=group.channels | partner.channels,
                findings=partner.findings + group.findings,
            )
    return joined


def _sampled_together(one: MultiplexGroup, other: MultiplexGroup) -> bool:
    """Tell whether two groups are parts of one recording; two complete ones are recordings of their own."""
    return (
        not (one.is_complete or other.is_complete)
        and one.sampling_rate_hz == other.sampling_rate_hz
        and one.n_samples == other.n_samples
        and one.start_ms == other.start_ms
        and one.derived == other.derived
    )


def _group(item: Dataset, position: int, *, little_endian: bool) -> MultiplexGroup:
    where = f"group {position}"
    rate_hz = number(item, "SamplingFrequency") or 0.0
    if not 0 < rate_hz < 1e6:
        raise InputError(f"{where} states no usable sampling frequency ({rate_hz:g} Hz)")
    table, findings = _table(item, where, little_endian=little_endian)
    channels, lead_findings = ecg_channels(item, table, sampling_rate_hz=rate_hz)
    if not channels:
        raise InputError(f"{where} holds no ECG lead")
    return MultiplexGroup(
        numbers=(position,),
        label=text(item, "MultiplexGroupLabel") or "",
        derived=(text(item, "WaveformOriginality") or "").upper() == "DERIVED",
        sampling_rate_hz=rate_hz,
        start_ms=number(item, "MultiplexGroupTimeOffset") or 0.0,
        n_samples=table.shape[0],
        channels=channels,
        findings=(*findings, *lead_findings),
    )


def _table(item: Dataset, where: str, *, little_endian: bool) -> tuple[NDArray[np.integer[Any]], tuple[Finding, ...]]:
    """Return the stored numbers, shape (n_samples, n_channels): never more than the file has data for."""
    n_channels = number(item, "NumberOfWaveformChannels") or 0.0
    if not 1 <= n_channels <= _MOST_CHANNELS:
        raise InputError(f"{where} announces {n_channels:g} channels; 1 to {_MOST_CHANNELS} are read")
    kind = (text(item, "WaveformSampleInterpretation") or "").upper()
    if kind not in _SAMPLE_TYPES:
        raise InputError(f"{where} has samples of kind {kind[:10]!r}; read are {', '.join(_SAMPLE_TYPES)}")
    dtype = np.dtype(_SAMPLE_TYPES[kind]).newbyteorder("<" if little_endian else ">")
    bits = number(item, "WaveformBitsAllocated")
    if bits is not None and bits != 8 * dtype.itemsize:
        raise InputError(f"{where} allocates {bits:g} bits where samples of kind {kind} take {8 * dtype.itemsize}")
    content = data_bytes(item, "WaveformData")
    available = len(content) // (int(n_channels) * dtype.itemsize)
    announced = number(item, "NumberOfWaveformSamples") or 0.0
    n_samples = int(min(available, announced)) if announced >= 1 else available
    if n_samples < 1:
        raise InputError(f"{where} holds no samples ({len(content)} bytes for {n_channels:g} channels)")
    findings: tuple[Finding, ...] = ()
    if announced > available:
        message = f"the file announces {announced:g} samples per lead and holds {available}; it may be cut off"
        findings = (Finding(code="cut-off", message=message),)
    table = np.frombuffer(content, dtype=dtype, count=n_samples * int(n_channels))
    return table.reshape(n_samples, int(n_channels)), findings
